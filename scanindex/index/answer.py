"""From a parsed query and the parts of an index to ranked hits; any engine.

Exact first; when that finds fewer than FEW_HITS pages, spellings that a scanner
confuses are added, then those one or two letters away, and the result says so.
Exact pages always stand before look-alikes. Bounded in time: what was found
when time runs out is returned and marked as incomplete.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from scanindex.index import expand, plan, query
from scanindex.index.snippet import Wanted, hit_words, snippet
from scanindex.model import DocumentId, PatientId, SearchHit

FEW_HITS = 3
MAX_SPELLINGS = 50
FUZZY_FROM_CHARACTERS = 5
TWO_EDITS_FROM_CHARACTERS = 9

_B, _K1 = 0.75, 1.2
_ABOUT_WEIGHT = 0.5

Ranked = tuple[bool, float, int, int, int]
"""Is a look-alike, -score, -service day, leaf number, page: ascending is best first."""


class Leaf(plan.Leaf, Protocol):
    """What ranking needs of a part of an index, beyond evaluating."""

    @property
    def size(self) -> int:
        """Pages held, deleted ones that are not merged away yet included."""

    @property
    def deleted(self) -> Collection[int]: ...
    def weights(self, key: plan.Key, pages: set[int]) -> Iterator[tuple[int, float]]: ...
    def length(self, page: int) -> int: ...
    def total_length(self) -> int: ...
    def words(self) -> Sequence[str]:
        """Text keys of letters only."""

    def look_alikes(self, key: str) -> Iterator[str]:
        """Text keys that have this look-alike key but are not it."""

    def stored(self, page: int) -> dict[str, Any]: ...


@dataclass(slots=True)
class _Found:
    """Pages that fit, per leaf, and whether time ran out."""

    pages: list[set[int]]
    is_partial: bool = False
    is_widened: bool = False

    @property
    def total(self) -> int:
        return sum(len(p) for p in self.pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    hits: tuple[SearchHit, ...]
    total: int
    notes: tuple[str, ...]


def answer(
    node: query.Node,
    leaves: Sequence[Leaf],
    *,
    limit: int,
    offset: int,
    patient_ids: Collection[PatientId] | None,
    seconds: float,
) -> Answer:
    """The pages `offset` to `offset + limit` of the ranking, and how many fit."""
    watch = plan.Watch(seconds)
    planned = plan.restricted(plan.build(node), patient_ids)
    exact = _find(planned, leaves, watch)
    planned, found = _widened(node, planned, exact, leaves, patient_ids, watch)
    ranked = heapq.nsmallest(offset + limit, _ranked(planned, leaves, found, exact))
    wanted = plan.wanted(planned)
    return Answer(
        hits=tuple(_hit(leaves[leaf], page, -score, wanted) for _, score, _, leaf, page in ranked[offset:]),
        total=found.total,
        notes=tuple(_notes(watch, found, seconds)),
    )


def _notes(watch: plan.Watch, found: _Found, seconds: float) -> Iterator[str]:
    if found.is_widened:
        yield "includes look-alikes"
    if watch.wild_was_capped:
        yield f"* stands for too many words: only the {plan.MAX_WILD_WORDS} most frequent count"
    if found.is_partial:
        yield f"stopped after {seconds:g} seconds: results are incomplete"


def _widened(
    node: query.Node,
    planned: plan.Plan,
    exact: _Found,
    leaves: Sequence[Leaf],
    patient_ids: Collection[PatientId] | None,
    watch: plan.Watch,
) -> tuple[plan.Plan, _Found]:
    """Confused letters first, then edit distance, as long as hits are few."""
    found = exact
    for spellings in (_look_alikes, _near_words):
        if found.total >= FEW_HITS or found.is_partial:
            break
        speller = plan.Speller(variants=_cached(spellings, leaves, watch))
        wider = plan.restricted(plan.build(node, speller), patient_ids)
        more = _find(wider, leaves, watch) if wider != planned else found
        late = found.is_partial or more.is_partial or watch.is_over
        if more.total > found.total:
            planned, found = wider, replace(more, is_widened=True)
        found.is_partial = late
    return planned, found


def _find(planned: plan.Plan, leaves: Sequence[Leaf], watch: plan.Watch) -> _Found:
    found = _Found([])
    for leaf in leaves:
        try:
            found.pages.append(plan.evaluate(planned, leaf, watch).difference(leaf.deleted))
        except plan.OutOfTime:
            found.is_partial = True
            break
    return found


def _ranked(planned: plan.Plan, leaves: Sequence[Leaf], found: _Found, exact: _Found) -> Iterator[Ranked]:
    size = sum(leaf.size for leaf in leaves)
    mean = max(1.0, sum(leaf.total_length() for leaf in leaves) / max(1, size))
    keys = [(key, _rarity(key, leaves, size)) for key in plan.scored_keys(planned)]
    for number, (leaf, pages) in enumerate(zip(leaves, found.pages, strict=False)):
        certain = exact.pages[number] if number < len(exact.pages) else set()
        days = leaf.days("date") if pages else ()
        for page, score in _scores(leaf, pages, keys, mean).items():
            yield page not in certain, -score, -days[page][0], number, page


def _rarity(key: plan.Key, leaves: Sequence[Leaf], size: int) -> float:
    holding = sum(leaf.frequency(key) for leaf in leaves)
    return math.log(1 + (size - holding + 0.5) / (holding + 0.5))


def _scores(
    leaf: Leaf, pages: set[int], keys: Sequence[tuple[plan.Key, float]], mean: float
) -> dict[int, float]:
    """Okapi BM25 over the text; labels count less and without lengths."""
    scores = dict.fromkeys(pages, 0.0)
    for key, rarity in keys:
        if key[0] != plan.TEXT:
            for page, _weight in leaf.weights(key, pages):
                scores[page] += rarity * _ABOUT_WEIGHT
            continue
        for page, weight in leaf.weights(key, pages):
            norm = _K1 * (1 - _B + _B * leaf.length(page) / mean)
            scores[page] += rarity * weight * (_K1 + 1) / (weight + norm)
    return scores


def _hit(leaf: Leaf, page: int, score: float, wanted: Wanted) -> SearchHit:
    stored = leaf.stored(page)
    words = stored.get("text", "").split()
    numbers = hit_words(words, wanted)
    return SearchHit(
        document_id=DocumentId(stored["document_id"]),
        version=stored["version"],
        page_no=stored["page_no"],
        score=score,
        snippet=snippet(words, numbers),
        word_numbers=numbers,
    )


Spellings = Callable[[str, Sequence[Leaf], plan.Watch], list[str]]


def _cached(spellings: Spellings, leaves: Sequence[Leaf], watch: plan.Watch) -> plan.Variants:
    known: dict[str, list[str]] = {}

    def variants(token: str) -> list[str]:
        if token not in known:
            known[token] = spellings(token, leaves, watch)
        return known[token]

    return variants


def _look_alikes(token: str, leaves: Sequence[Leaf], watch: plan.Watch) -> list[str]:
    """Words of the index that differ from the token only in letters that scanners confuse."""
    key = expand.look_alike(token)
    if not key:
        return []
    found = dict.fromkeys([key])
    for leaf in leaves:
        found |= dict.fromkeys(leaf.look_alikes(key))
    return list(found)[:MAX_SPELLINGS]


def _near_words(token: str, leaves: Sequence[Leaf], watch: plan.Watch) -> list[str]:
    """Look-alikes and words one slip (two in long words) away; numbers have no other spelling."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    alike = _look_alikes(token, leaves, watch)
    if len(token) < FUZZY_FROM_CHARACTERS or not token.isalpha():
        return alike
    edits = 2 if len(token) >= TWO_EDITS_FROM_CHARACTERS else 1
    found: dict[str, int] = {}
    for leaf in leaves:
        if watch.is_over:
            break
        near = process.extract(
            token, leaf.words(), scorer=Levenshtein.distance, score_cutoff=edits, limit=MAX_SPELLINGS
        )
        found |= {word: int(distance) for word, distance, _ in near}
    near_first = sorted(found, key=lambda w: (found[w], w))[:MAX_SPELLINGS]
    return list(dict.fromkeys([*alike, *near_first]))
