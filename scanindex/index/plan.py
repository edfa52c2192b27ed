"""What a query means, for any engine that keeps keys per page.

`build` turns the syntax tree into a plan over (field, key) pairs; `evaluate`
runs a plan on one leaf (a part of an index) with sets of page numbers, so the
boolean work is done in C, the total is exact, and a permission filter is one
more member of the outermost `AllOf` (`restricted`). Engines supply `Leaf`.

Fields: `text` (keys with word numbers), `about` (keys of patient, type,
provider, facility: plain words find them too), and one per query field.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from scanindex.index import expand, query
from scanindex.index.snippet import Wanted
from scanindex.index.spans import DaySpan

MAX_WILD_WORDS = 200
"""Words a `*` may stand for in one leaf; the most frequent are taken."""
MAX_JOINED_VARIANTS_OF = 4
"""Phrases up to this many parts are looked for in every way of writing them together."""
MAX_PAIR_JOINED_PARTS = 12
"""Up to this many with one pair written together; longer ones only as typed."""

TEXT, ABOUT = "text", "about"
Key = tuple[str, str]
"""Field and key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Pages with any of these keys."""

    any_of: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Consecutive:
    """Pages where these stand on consecutive words."""

    slots: tuple[tuple[Key, ...], ...]


@dataclass(frozen=True, slots=True)
class Glob:
    fields: tuple[str, ...]
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """Pages whose date lies wholly inside one of the spans."""

    field: str
    spans: tuple[DaySpan, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    wanted: tuple[Plan, ...]
    unwanted: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    choices: tuple[Plan, ...]


Plan = Keys | Consecutive | Glob | Days | AllOf | AnyOf
Variants = Callable[[str], Iterable[str]]
"""Other spellings of a text key that this index holds."""


class Leaf(Protocol):
    """One part of an index; page numbers count within it."""

    def frequency(self, key: Key) -> int: ...
    def pages(self, key: Key, within: set[int] | None) -> set[int]: ...
    def positions(self, key: Key, pages: Sequence[int]) -> dict[int, list[int]]: ...
    def keys_from(self, field: str, prefix: str) -> Iterator[str]: ...
    def days(self, field: str) -> Sequence[tuple[int, int]]: ...


class OutOfTime(Exception):
    """The deadline passed; what was found so far stands."""


class Watch:
    """Deadline and remarks of one search."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self.wild_was_capped = False

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._until

    def check(self) -> None:
        if self.is_over:
            raise OutOfTime


# --- tree to plan -------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Speller:
    """How text keys are widened: not at all, or by other spellings."""

    variants: Variants | None = None

    def text(self, token: str) -> tuple[Key, ...]:
        others = self.variants(token) if self.variants else ()
        return tuple((TEXT, t) for t in dict.fromkeys((token, *others)))


EXACT = Speller()


def build(node: query.Node, speller: Speller = EXACT) -> Plan:
    match node:
        case query.Word(text):
            return _word(text, speller)
        case query.Phrase(text):
            return _phrase(text.split(), speller)
        case query.Wild(pieces):
            return Glob((TEXT, ABOUT), pieces)
        case query.FieldValue():
            return _field(node)
        case query.Either(choices):
            return AnyOf(tuple(build(c, speller) for c in choices))
        case query.Both(wanted, unwanted):
            # What is left out is never widened: a look-alike must not hide a page.
            return AllOf(tuple(build(w, speller) for w in wanted), tuple(build(u) for u in unwanted))


def restricted(plan: Plan, patient_ids: Iterable[str] | None) -> Plan:
    """The plan inside what the asker may see; the one place where that is added."""
    if patient_ids is None:
        return plan
    return AllOf((plan, Keys(tuple(("patient_id", p) for p in sorted(set(patient_ids))))))


def _word(text: str, speller: Speller) -> Plan:
    whole = expand.joined(text)
    plain = Keys((*speller.text(whole), (ABOUT, whole)))
    pieces = expand.parts(text)
    if len(pieces) == 1:
        return plain
    apart = AllOf(tuple(Keys(((ABOUT, p),)) for p in pieces))
    return AnyOf((plain, _sequence(pieces, speller), apart))


def _phrase(words: Sequence[str], speller: Speller) -> Plan:
    pieces = [expand.parts(w) for w in words]
    pieces = [p for p in pieces if p]
    if len(pieces) == 1:
        return _word("-".join(pieces[0]), speller)
    apart = [p for word in pieces for p in word]
    together = [expand.joined("-".join(word)) for word in pieces]
    variants = {tuple(apart): None, tuple(together): None}
    variants |= dict.fromkeys(_joined_variants(apart))
    return AnyOf(tuple(_sequence(v, speller) for v in variants))


def _joined_variants(pieces: list[str]) -> Iterator[tuple[str, ...]]:
    """The same words with some written together ("x ray film" as "xray film")."""
    if len(pieces) > MAX_PAIR_JOINED_PARTS:
        return
    if len(pieces) > MAX_JOINED_VARIANTS_OF:
        for n in range(len(pieces) - 1):
            yield (*pieces[:n], pieces[n] + pieces[n + 1], *pieces[n + 2 :])
        return
    for mask in range(1, 1 << (len(pieces) - 1)):
        out = [pieces[0]]
        for n, piece in enumerate(pieces[1:]):
            if mask >> n & 1:
                out[-1] += piece
            else:
                out.append(piece)
        yield tuple(out)


def _sequence(tokens: Sequence[str], speller: Speller) -> Plan:
    slots = tuple(speller.text(t) for t in tokens)
    return Keys(slots[0]) if len(slots) == 1 else Consecutive(slots)


def _field(node: query.FieldValue) -> Plan:
    if node.days:
        return Days(node.name, node.days)
    if isinstance(node.item, query.Wild):
        fields = ("name", "mrn") if node.name == "patient" else (node.name,)
        return Glob(fields, node.item.pieces)
    text = node.item.text
    if node.name == "mrn":
        return _mrn(text)
    if node.name == "source":
        return AnyOf((Keys((("source", expand.exact(text)),)), _labels("source", text)))
    if node.name == "patient":
        return AnyOf((_labels("name", text), _mrn(text)))
    return _labels(node.name, text)


def _mrn(text: str) -> Plan:
    return Keys(tuple(("mrn", key) for key in expand.mrn_keys(text)))


def _labels(field: str, text: str) -> Plan:
    """Every word of the value, in any order; each as a whole or in its parts."""
    words = [w for w in text.split() if expand.parts(w)]
    return AllOf(tuple(_label(field, w) for w in words)) if words else Keys(())


def _label(field: str, word: str) -> Plan:
    whole = Keys(((field, expand.joined(word)),))
    pieces = expand.parts(word)
    if len(pieces) == 1:
        return whole
    return AnyOf((whole, AllOf(tuple(Keys(((field, p),)) for p in pieces))))


# --- what to mark and to score ------------------------------------------------
def positive(plan: Plan) -> Iterator[Keys | Consecutive | Glob]:
    """The members of a plan that a page was found for."""
    match plan:
        case AllOf(wanted, _):
            for member in wanted:
                yield from positive(member)
        case AnyOf(choices):
            for member in choices:
                yield from positive(member)
        case Days():
            return
        case _:
            yield plan


def wanted(plan: Plan) -> Wanted:
    members = list(positive(plan))
    plain = [key for m in members if isinstance(m, Keys) for key in m.any_of]
    return Wanted(
        tokens=_of(plain, TEXT),
        globs=tuple(m.pieces for m in members if isinstance(m, Glob) and TEXT in m.fields),
        sequences=tuple(
            tuple(_of(slot, TEXT) for slot in m.slots) for m in members if isinstance(m, Consecutive)
        ),
    )


def _of(keys: Iterable[Key], field: str) -> frozenset[str]:
    return frozenset(token for f, token in keys if f == field)


def scored_keys(plan: Plan) -> tuple[Key, ...]:
    """Keys whose weight on a page counts for its rank."""
    found: dict[Key, None] = {}
    for member in positive(plan):
        if isinstance(member, Keys):
            found |= dict.fromkeys(member.any_of)
        elif isinstance(member, Consecutive):
            found |= dict.fromkeys(key for slot in member.slots for key in slot)
    return tuple(key for key in found if key[0] in (TEXT, ABOUT))


# --- plan to pages --------------------------------------------------------------
def evaluate(plan: Plan, leaf: Leaf, watch: Watch, within: set[int] | None = None) -> set[int]:
    """Page numbers of the leaf that fit, among `within`. Raises OutOfTime."""
    watch.check()
    if within is not None and not within:
        return set()
    match plan:
        case Keys(any_of):
            return set().union(*(leaf.pages(key, within) for key in any_of))
        case Consecutive(slots):
            return _evaluate_sequence(slots, leaf, watch, within)
        case Glob(fields, pieces):
            keys = [(f, k) for f in fields for k in _expand(f, pieces, leaf, watch)]
            return set().union(*(leaf.pages(key, within) for key in keys))
        case Days(field, spans):
            return _evaluate_days(spans, leaf.days(field), within)
        case AnyOf(choices):
            return set().union(*(evaluate(c, leaf, watch, within) for c in choices))
        case AllOf(wanted, unwanted):
            return _evaluate_all(wanted, unwanted, leaf, watch, within)


def _evaluate_all(
    wanted: Sequence[Plan], unwanted: Sequence[Plan], leaf: Leaf, watch: Watch, within: set[int] | None
) -> set[int]:
    for member in sorted(wanted, key=lambda m: _cost(m, leaf)):
        within = evaluate(member, leaf, watch, within)
    found = within if within is not None else set()
    for member in unwanted:
        found = found - evaluate(member, leaf, watch, found)
    return found


def _cost(plan: Plan, leaf: Leaf) -> int:
    """About how many pages it yields; the rarest member goes first."""
    match plan:
        case Keys(any_of):
            return sum(leaf.frequency(key) for key in any_of)
        case Consecutive(slots):
            # Above its rarest word: reading positions pays off last among equals.
            return min(sum(leaf.frequency(key) for key in slot) for slot in slots) * 2
        case AllOf(wanted, _):
            return min((_cost(m, leaf) for m in wanted), default=0)
        case AnyOf(choices):
            return sum(_cost(c, leaf) for c in choices)
        case Days():
            return 1 << 30
        case _:
            return 1 << 20


def _evaluate_sequence(
    slots: Sequence[Sequence[Key]], leaf: Leaf, watch: Watch, within: set[int] | None
) -> set[int]:
    for slot in sorted(slots, key=lambda s: sum(leaf.frequency(key) for key in s)):
        within = set().union(*(leaf.pages(key, within) for key in slot))
        if not within:
            return set()
    pages = sorted(within or ())
    starts: dict[int, set[int]] = {page: set() for page in pages}
    for offset, slot in enumerate(slots):
        watch.check()
        here: dict[int, set[int]] = {}
        for key in slot:
            for page, numbers in leaf.positions(key, pages).items():
                here.setdefault(page, set()).update(n - offset for n in numbers)
        starts = {p: (here[p] & starts[p] if offset else here[p]) for p in pages if p in here}
        pages = [p for p in pages if starts.get(p)]
    return set(pages)


def _evaluate_days(
    spans: Sequence[DaySpan], days: Sequence[tuple[int, int]], within: set[int] | None
) -> set[int]:
    if within is not None:
        return {p for p in within if days[p][1] and any(s.holds(*days[p]) for s in spans)}
    found: set[int] = set()
    for span in spans:
        low, high = max(1, span.first), span.last
        found.update(p for p, (first, last) in enumerate(days) if low <= first and last <= high)
    return found


def _expand(field: str, pieces: tuple[str, ...], leaf: Leaf, watch: Watch) -> list[str]:
    keys = []
    for n, key in enumerate(leaf.keys_from(field, pieces[0])):
        if n % 1024 == 0:
            watch.check()
        if expand.glob_matches(pieces, key):
            keys.append(key)
    if len(keys) <= MAX_WILD_WORDS:
        return keys
    watch.wild_was_capped = True
    return sorted(keys, key=lambda k: (-leaf.frequency((field, k)), k))[:MAX_WILD_WORDS]
