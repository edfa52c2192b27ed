"""Evaluating plans on an index made of parts ("leaves") with numpy.

Each leaf holds some thousand pages; a plan becomes a boolean mask over them, so
that AND, OR and NOT are single operations, totals are exact, and a rare word or
a patient ends the work on a leaf at once. An engine supplies `Leaf`. Imports
numpy: only engines import this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from scanindex.index import plan, row
from scanindex.index.plan import Key, Plan, Watch
from scanindex.index.reader import FACETS, Count, PageRef
from scanindex.model import SearchOrder

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]

_B, _K1 = 0.75, 1.2
_ABOUT_WEIGHT = 0.5
PLACE_BITS = 17
"""A place is page << 17 | word number: words of two pages are never near each other."""
_UNDATED_LAST = 1 << 30
_SPARSE = 64
"""Fewer candidates than one in so many postings: asked for one by one instead of read whole."""


class Leaf(Protocol):
    """One part of an index; page numbers count within it."""

    @property
    def key(self) -> str:
        """The same for the same files."""

    @property
    def size(self) -> int:
        """Pages held, deleted ones that are not merged away yet included."""

    @property
    def live(self) -> Mask:
        """Which pages are not deleted."""

    @property
    def live_pages(self) -> int:
        """How many are not deleted."""

    @property
    def rows(self) -> npt.NDArray[Any]:
        """`row.PAGE_ROW` per page."""

    @property
    def documents(self) -> Numbers:
        """Number of the document each page belongs to, ascending within the leaf."""

    def frequency(self, key: Key) -> int: ...
    def postings(self, key: Key) -> tuple[Numbers, Numbers]:
        """Ascending page numbers that hold the key, and how often."""

    def among(self, key: Key, pages: Numbers) -> tuple[Numbers, Numbers]:
        """The same for those of a few ascending `pages`."""

    def places(self, key: Key, pages: Numbers) -> Numbers:
        """Ascending places (int64) of the key on these ascending pages."""

    def keys_from(self, field: str, prefix: str) -> Sequence[tuple[str, int]]: ...
    def facet(self, name: str) -> tuple[Sequence[str], Numbers]:
        """The leaf's values and for each page the number of its value; "" is none."""

    def stored(self, page: int) -> dict[str, Any]: ...


# --- plan to masks ----------------------------------------------------------------
def evaluate(node: Plan, leaf: Leaf, watch: Watch, within: Mask | None = None) -> Mask:
    """Which pages of the leaf fit, among `within`. Raises OutOfTime."""
    watch.check()
    match node:
        case plan.Keys(any_of):
            return _any_key(any_of, leaf, within)
        case plan.Within(patient_ids):
            return _of_patients(patient_ids, leaf, within)
        case plan.Consecutive(slots):
            return _consecutive(slots, leaf, watch, within)
        case plan.Near(left, right, distance):
            return _near(left, right, distance, leaf, within)
        case plan.Days(field, spans):
            return _days(field, spans, leaf, within)
        case plan.AnyOf(choices):
            found = np.zeros(leaf.size, bool)
            for choice in choices:
                found |= evaluate(choice, leaf, watch, within)
            return found
        case plan.AllOf(wanted, unwanted):
            return _all(wanted, unwanted, leaf, watch, within)


def _any_key(keys: Sequence[Key], leaf: Leaf, within: Mask | None) -> Mask:
    found = np.zeros(leaf.size, bool)
    few = _few(within)
    for key in keys:
        frequency = leaf.frequency(key)
        if not frequency:
            continue
        sparse = few is not None and len(few) * _SPARSE < frequency
        found[leaf.among(key, few)[0] if sparse and few is not None else leaf.postings(key)[0]] = True
    return found if within is None else found & within


def _of_patients(patient_ids: frozenset[str], leaf: Leaf, within: Mask | None) -> Mask:
    """By the column of patients: a look-up for each of thousands would cost more than the search."""
    values, numbers = leaf.facet("patient")
    chosen = np.fromiter((value in patient_ids for value in values), bool, len(values))
    found: Mask = chosen[numbers]
    return found if within is None else found & within


def _few(within: Mask | None) -> Numbers | None:
    return None if within is None else np.flatnonzero(within)


def _all(
    wanted: Sequence[Plan], unwanted: Sequence[Plan], leaf: Leaf, watch: Watch, within: Mask | None
) -> Mask:
    for member in sorted(wanted, key=lambda m: cost(m, leaf)):
        within = evaluate(member, leaf, watch, within)
        if not within.any():
            return within
    found = np.zeros(leaf.size, bool) if within is None else within
    for member in unwanted:
        found = found & ~evaluate(member, leaf, watch, found)
    return found


def cost(node: Plan, leaf: Leaf) -> int:
    """About how many pages it yields; the rarest member goes first."""
    match node:
        case plan.Keys(any_of):
            return sum(leaf.frequency(key) for key in any_of)
        case plan.Consecutive(slots):
            # Above its rarest word: reading places pays off last among equals.
            return min(sum(leaf.frequency(key) for key in slot) for slot in slots) * 2
        case plan.Near(left, right, _):
            return min(sum(leaf.frequency(key) for key in slot) for slot in (left, right)) * 2
        case plan.AllOf(wanted, _):
            return min((cost(m, leaf) for m in wanted), default=0)
        case plan.AnyOf(choices):
            return sum(cost(c, leaf) for c in choices)
        case plan.Days() | plan.Within():
            return leaf.size


def _candidates(slots: Sequence[Sequence[Key]], leaf: Leaf, within: Mask | None) -> Numbers:
    """Pages that hold something of every slot."""
    for slot in sorted(slots, key=lambda s: sum(leaf.frequency(key) for key in s)):
        within = _any_key(slot, leaf, within)
        if not within.any():
            break
    assert within is not None
    return np.flatnonzero(within)


def _places(slot: Sequence[Key], leaf: Leaf, pages: Numbers) -> Numbers:
    found = [leaf.places(key, pages) for key in slot if leaf.frequency(key)]
    if len(found) == 1:
        return found[0]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _mask_of(places: Numbers, leaf: Leaf) -> Mask:
    found = np.zeros(leaf.size, bool)
    found[places >> PLACE_BITS] = True
    return found


def _consecutive(slots: Sequence[Sequence[Key]], leaf: Leaf, watch: Watch, within: Mask | None) -> Mask:
    # The rarest slot first: the others are looked up only on the pages that are left.
    order = sorted(range(len(slots)), key=lambda n: sum(leaf.frequency(key) for key in slots[n]))
    pages = np.flatnonzero(_any_key(slots[order[0]], leaf, within))
    starts: Numbers | None = None
    for offset in order:
        watch.check()
        if not len(pages):
            return np.zeros(leaf.size, bool)
        here = _places(slots[offset], leaf, pages) - offset
        starts = here if starts is None else starts[_is_in(starts, here)]
        pages = np.unique(starts >> PLACE_BITS)
    assert starts is not None
    return _mask_of(starts, leaf)


def _is_in(places: Numbers, among: Numbers) -> Mask:
    """Both ascending and without doubles."""
    if not len(among):
        return np.zeros(len(places), bool)
    at = np.searchsorted(among, places)
    at[at == len(among)] = 0
    return np.asarray(among[at] == places)


def _near(left: Sequence[Key], right: Sequence[Key], distance: int, leaf: Leaf, within: Mask | None) -> Mask:
    pages = _candidates((left, right), leaf, within)
    if not len(pages):
        return np.zeros(leaf.size, bool)
    here, there = _places(left, leaf, pages), _places(right, leaf, pages)
    around = np.searchsorted(there, here + distance, "right") - np.searchsorted(
        there, here - distance, "left"
    )
    return _mask_of(here[around - _is_in(here, there) > 0], leaf)


def _days(field: str, spans: Sequence[Any], leaf: Leaf, within: Mask | None) -> Mask:
    first, last = leaf.rows[f"{field}_first"], leaf.rows[f"{field}_last"]
    found = np.zeros(leaf.size, bool)
    for span in spans:
        found |= (first >= max(1, span.first)) & (last <= span.last) & (last > 0)
    return found if within is None else found & within


# --- all leaves together -------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Columns:
    """The matching pages of all leaves, one entry each."""

    leaf: Numbers
    page: Numbers
    score: Numbers
    day: Numbers
    order_key: Numbers
    page_no: Numbers


class LeafMatches:
    """`reader.Matches` over leaves."""

    def __init__(
        self, reader: LeafReader, node: Plan, masks: Sequence[Mask], among: Sequence[Mask] | None
    ) -> None:
        self._reader = reader
        self._node = node
        self._masks = masks
        self._among = among

    def count(self) -> Count:
        return Count(
            pages=sum(int(mask.sum()) for mask in self._masks),
            documents=sum(
                len(_documents(leaf, mask))
                for leaf, mask in zip(self._reader.leaves, self._masks, strict=True)
            ),
        )

    def top(self, limit: int, order: SearchOrder) -> Sequence[PageRef]:
        found = self._columns
        chosen = np.arange(len(found.page))
        if order is SearchOrder.RELEVANCE and len(chosen) > limit > 0:
            # Only pages that can be among the first need sorting.
            bar = -np.partition(-found.score, limit - 1)[limit - 1]
            chosen = np.flatnonzero(found.score >= bar)
        return self._refs(found, chosen[np.lexsort(self._sort_keys(found, chosen, order))][:limit])

    @staticmethod
    def _sort_keys(found: _Columns, chosen: Numbers, order: SearchOrder) -> tuple[Numbers, ...]:
        """For numpy: the last one counts most."""
        day = -found.day[chosen]
        if order is SearchOrder.OLDEST:
            day = np.where(day == 0, _UNDATED_LAST, -day)
        keys = (found.page_no[chosen], found.order_key[chosen], day)
        return (*keys, -found.score[chosen]) if order is SearchOrder.RELEVANCE else keys

    def pages_of(self, refs: Sequence[PageRef]) -> Sequence[PageRef]:
        found = self._columns
        wanted = np.zeros(len(found.page), bool)
        for leaf, pages in _by_leaf(refs).items():
            documents = self._reader.leaves[leaf].documents
            here = np.flatnonzero(found.leaf == leaf)
            wanted[here[np.isin(documents[found.page[here]], documents[pages])]] = True
        chosen = np.flatnonzero(wanted)
        return self._refs(found, chosen[np.lexsort(self._sort_keys(found, chosen, SearchOrder.RELEVANCE))])

    def facets(self, limit: int) -> dict[str, list[tuple[str, int]]]:
        return {name: self._facet(name, limit) for name in FACETS}

    def _facet(self, name: str, limit: int) -> list[tuple[str, int]]:
        totals: dict[str, int] = {}
        for leaf, mask in zip(self._reader.leaves, self._masks, strict=True):
            pages = _documents(leaf, mask)
            if not len(pages):
                continue
            values, numbers = leaf.facet(name)
            counts = np.bincount(numbers[pages], minlength=len(values))
            for number in np.flatnonzero(counts).tolist():
                if value := values[number]:
                    totals[value] = totals.get(value, 0) + int(counts[number])
        return sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:limit]

    @cached_property
    def _columns(self) -> _Columns:
        parts = []
        scored = self._reader.scorer(plan.scored_keys(self._node), self._among)
        for number, (leaf, mask) in enumerate(zip(self._reader.leaves, self._masks, strict=True)):
            pages = np.flatnonzero(mask)
            if len(pages):
                rows = leaf.rows
                parts.append(
                    (
                        np.full(len(pages), number),
                        pages,
                        scored(leaf, pages),
                        rows["date_first"][pages].astype(np.int64),
                        rows["order_key"][pages],
                        rows["page_no"][pages],
                    )
                )
        if not parts:
            nothing = np.zeros(0, np.int64)
            return _Columns(*(nothing,) * 6)
        return _Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _refs(self, found: _Columns, numbers: Numbers) -> list[PageRef]:
        places = zip(found.leaf[numbers].tolist(), found.page[numbers].tolist(), strict=True)
        return [
            self._reader.ref(leaf, page, float(found.score[n]), int(found.day[n]))
            for (leaf, page), n in zip(places, numbers.tolist(), strict=True)
        ]


def _by_leaf(refs: Sequence[PageRef]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for ref in refs:
        leaf, page = ref.handle
        found.setdefault(leaf, []).append(page)
    return found


def _documents(leaf: Leaf, mask: Mask) -> Numbers:
    """One page (the first that fits) of each document that fits."""
    pages = np.flatnonzero(mask)
    if not len(pages):
        return pages
    belongs = leaf.documents[pages]
    return pages[np.concatenate(([True], belongs[1:] != belongs[:-1]))]


class LeafReader:
    """`reader.Reader` over leaves."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = leaves
        self._stored: dict[tuple[int, int], dict[str, Any]] = {}
        self._counted: tuple[plan.AllOf, Sequence[Mask]] | None = None

    @cached_property
    def size(self) -> int:
        return sum(leaf.size for leaf in self.leaves)

    def frequency(self, key: Key) -> int:
        return sum(leaf.frequency(key) for leaf in self.leaves)

    def keys_from(self, field: str, prefix: str, limit: int) -> list[tuple[str, int]]:
        found = [item for leaf in self.leaves for item in leaf.keys_from(field, prefix)]
        if len(self.leaves) > 1:
            found.sort()
            found = [(k, sum(n for _, n in same)) for k, same in groupby(found, key=lambda item: item[0])]
        if len(found) > limit:
            found = sorted(found, key=lambda item: (-item[1], item[0]))[:limit]
        return found

    def find(self, node: Plan, watch: Watch, among: plan.AllOf | None = None) -> LeafMatches:
        """What the leaves hold that could be evaluated in time; the watch knows of the others."""
        masks = []
        for leaf in self.leaves:
            try:
                masks.append(evaluate(node, leaf, watch) & leaf.live)
            except plan.OutOfTime:
                watch.ran_out = True
                masks.append(np.zeros(leaf.size, bool))
        return LeafMatches(self, node, masks, None if among is None else self._pages_among(among))

    def _pages_among(self, among: plan.AllOf) -> Sequence[Mask]:
        """Counted once a state: a page of results asks for the same several times."""
        if self._counted is None or self._counted[0] != among:
            without_end = Watch(math.inf)
            self._counted = among, [evaluate(among, leaf, without_end, leaf.live) for leaf in self.leaves]
        return self._counted[1]

    def ref(self, leaf: int, page: int, score: float, day: int) -> PageRef:
        """A page of a leaf as others name it; what is stored of it is read once a search."""
        if (leaf, page) not in self._stored:
            self._stored[leaf, page] = self.leaves[leaf].stored(page)
        stored = self._stored[leaf, page]
        return PageRef(
            document_id=stored["document_id"],
            version=stored["version"],
            page_no=stored["page_no"],
            score=score,
            day=day,
            handle=(leaf, page),
        )

    def text(self, ref: PageRef) -> str:
        return str(self._stored[ref.handle]["text"])

    def scorer(
        self, keys: Sequence[Key], among: Sequence[Mask] | None = None
    ) -> Callable[[Leaf, Numbers], Numbers]:
        """Okapi BM25 over the text; labels count less and without lengths.

        among: the pages of each leaf by which lengths and frequencies are judged.
        """
        counted = among or [np.ones(leaf.size, bool) for leaf in self.leaves]
        size = sum(int(mask.sum()) for mask in counted)
        held = list(zip(self.leaves, counted, strict=True))
        mean = max(1.0, sum(float(leaf.rows["length"][mask].sum()) for leaf, mask in held) / max(1, size))
        frequencies = {key: _frequency(key, held) if among else self.frequency(key) for key in keys}
        rarities = {key: _rarity(n, size) for key, n in frequencies.items() if n}

        def scores(leaf: Leaf, pages: Numbers) -> Numbers:
            found = np.zeros(leaf.size)
            norm = _K1 * (1 - _B + _B * leaf.rows["length"] / mean)
            for key, rarity in rarities.items():
                frequency = leaf.frequency(key)
                if not frequency:
                    continue
                sparse = len(pages) * _SPARSE < frequency
                ids, counts = leaf.among(key, pages) if sparse else leaf.postings(key)
                if key[0] == plan.TEXT:
                    found[ids] += rarity * counts * (_K1 + 1) / (counts + norm[ids])
                else:
                    found[ids] += rarity * _ABOUT_WEIGHT
            return np.asarray(found[pages])

        return scores


def _frequency(key: Key, held: Sequence[tuple[Leaf, Mask]]) -> int:
    return sum(int(mask[leaf.postings(key)[0]].sum()) for leaf, mask in held if leaf.frequency(key))


def _rarity(holding: int, size: int) -> float:
    return math.log(1 + (max(size, holding) - holding + 0.5) / (holding + 0.5))


PAGE_ROW = np.dtype([(name, f">{kind}") for name, kind in row.PAGE_ROW])
"""`row.PAGE_ROW` as numpy reads it."""
