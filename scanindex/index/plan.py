"""What a query means, for any engine that keeps keys per page.

`build` turns the syntax tree into a plan over (field, key) pairs. Everything
that needs to know what an index holds (stars, other spellings, synonyms) comes
from a `Words`, so that a finished plan is made of plain keys and engines only
evaluate. A permission filter is one more member of the outermost `AllOf`
(`restricted`). Pure.

Fields: `text` (keys with word numbers), `about` (keys of patient, type,
provider, facility: plain words find them too), and one per query field.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from scanindex.index import expand, names, query, query_dates
from scanindex.index.snippet import Wanted
from scanindex.index.spans import DaySpan
from scanindex.model import PatientId, SearchScope

MAX_JOINED_VARIANTS_OF = 4
"""Phrases up to this many parts are looked for in every way of writing them together."""
MAX_PAIR_JOINED_PARTS = 12
"""Up to this many with one pair written together; longer ones only as typed."""
MAX_PHRASE_SPELLINGS = 60
"""Other spellings of one word inside a phrase."""
MANY_PATIENTS = 64
"""From so many on a list of patients is one set (`Within`), not a key each."""

TEXT, ABOUT = "text", "about"
Key = tuple[str, str]
"""Field and key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Pages with any of these keys; the empty one fits no page."""

    any_of: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """Pages of documents filed under one of many patients; finds what `Keys` of all of them would."""

    patient_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Consecutive:
    """Pages where these stand on consecutive words; each slot names alternatives, all of `text`."""

    slots: tuple[tuple[Key, ...], ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Pages where both stand 1 to `distance` words apart, in either order; all of `text`."""

    left: tuple[Key, ...]
    right: tuple[Key, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class Days:
    """Pages whose date lies wholly inside one of the spans."""

    field: str
    spans: tuple[DaySpan, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Pages that fit all of `wanted` (never empty) and none of `unwanted`."""

    wanted: tuple[Plan, ...]
    unwanted: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    choices: tuple[Plan, ...]


Plan = Keys | Within | Consecutive | Near | Days | AllOf | AnyOf


class OutOfTime(Exception):
    """The deadline passed; what was found so far stands."""


class Watch:
    """Deadline of one search."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self.ran_out = False
        """Set by whoever left something out for lack of time."""

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._until

    def check(self) -> None:
        if self.is_over:
            raise OutOfTime


class Words(Protocol):
    """What counts as a word of the query, given what an index holds."""

    def spellings(self, token: str) -> Iterable[str]:
        """Other text keys that stand for this one."""

    def fuzzy(self, token: str, edits: int) -> Iterable[str]:
        """Text keys up to so many letters away."""

    def matching(self, field: str, pieces: tuple[str, ...]) -> Iterable[str]:
        """Keys of a field that read as these pieces with anything between."""

    def other_ways(self, words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        """Other ways of saying these consecutive keys (synonyms)."""


class AsTyped:
    """`Words` of nobody: only what was typed counts, and stars stand for nothing."""

    def spellings(self, token: str) -> Iterable[str]:
        return ()

    def fuzzy(self, token: str, edits: int) -> Iterable[str]:
        return ()

    def matching(self, field: str, pieces: tuple[str, ...]) -> Iterable[str]:
        return ()

    def other_ways(self, words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        return ()


def build(node: query.Node, words: Words) -> Plan:
    """The plan of a syntax tree."""
    match node:
        case query.Word(text):
            return _with_other_ways((text,), _word(text, words), words)
        case query.Phrase(text):
            return _phrase(text.split(), words)
        case query.Wild(pieces):
            return Keys(_globbed((TEXT, ABOUT), pieces, words))
        case query.Fuzzy(text, edits):
            return _fuzzy(text, edits, words)
        case query.Near(left, right, distance):
            return Near(_operand(left, words), _operand(right, words), distance)
        case query.FieldValue():
            return _field(node, words)
        case query.Either(choices):
            return AnyOf(tuple(build(c, words) for c in choices))
        case query.Both(wanted, unwanted):
            # What is left out is never widened: a look-alike must not hide a page.
            left_out = tuple(build(u, _Unwidened(words)) for u in unwanted)
            return AllOf(tuple(_all_of(wanted, words)), left_out)


def restricted(plan: Plan, scope: SearchScope) -> Plan:
    """The plan inside what the asker may see; the one place where that is added.

    The same rule as `access_model.Access.sees`, and nothing of what is hidden.
    """
    inside = among(scope)
    return AllOf((plan, *inside.wanted), inside.unwanted) if inside.wanted or inside.unwanted else plan


def among(scope: SearchScope) -> AllOf:
    """What the asker may see at all; with nothing wanted: everything that is not unwanted."""
    wanted: list[Plan] = []
    unwanted: list[Plan] = []
    if scope.patient_ids is not None:
        wanted.append(_filed_under(scope.patient_ids | scope.opened))
    if scope.without_sensitivity:
        closed = Keys(tuple(("sensitivity", expand.joined(s)) for s in sorted(scope.without_sensitivity)))
        unwanted.append(AllOf((closed,), (_filed_under(scope.opened),)) if scope.opened else closed)
    if scope.hidden:
        unwanted.append(Keys(tuple(("document_id", d) for d in sorted(scope.hidden))))
    return AllOf(tuple(wanted), tuple(unwanted))


def _filed_under(patient_ids: frozenset[PatientId]) -> Plan:
    if len(patient_ids) >= MANY_PATIENTS:
        return Within(frozenset(patient_ids))
    return Keys(tuple(("patient_id", p) for p in sorted(patient_ids)))


@dataclass(frozen=True, slots=True)
class _Unwidened:
    """Stars and `~` as asked for; no other spellings, no synonyms."""

    words: Words

    def spellings(self, token: str) -> Iterable[str]:
        return ()

    def fuzzy(self, token: str, edits: int) -> Iterable[str]:
        return self.words.fuzzy(token, edits)

    def matching(self, field: str, pieces: tuple[str, ...]) -> Iterable[str]:
        return self.words.matching(field, pieces)

    def other_ways(self, words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        return ()


MAX_SAYING_WORDS = 5
MIN_DATE_DIGITS = 5
MAX_DATE_WORDS = 3


def _all_of(nodes: Sequence[query.Node], words: Words) -> Iterator[Plan]:
    """Words next to each other are tried together first: a synonym or a date may be of several."""
    at = 0
    while at < len(nodes):
        size = _run_of_words(nodes, at)
        for length in range(min(size, MAX_SAYING_WORDS), 1, -1):
            texts = tuple(n.text for n in nodes[at : at + length] if isinstance(n, query.Word))
            ways = tuple(words.other_ways(tuple(map(expand.joined, texts))))
            born = _full_date(" ".join(texts)) if length <= MAX_DATE_WORDS else ()
            if ways or born:
                typed = AllOf(tuple(build(n, words) for n in nodes[at : at + length]))
                meant = (Days("dob", born),) if born else ()
                yield AnyOf((typed, *(_said(way) for way in ways), *meant))
                at += length
                break
        else:
            yield build(nodes[at], words)
            at += 1


def _run_of_words(nodes: Sequence[query.Node], at: int) -> int:
    end = at
    while end < len(nodes) and isinstance(nodes[end], query.Word):
        end += 1
    return end - at


def _with_other_ways(texts: tuple[str, ...], typed: Plan, words: Words) -> Plan:
    ways = tuple(words.other_ways(tuple(map(expand.joined, texts))))
    return AnyOf((typed, *(_said(way) for way in ways))) if ways else typed


def _said(way: tuple[str, ...]) -> Plan:
    """A synonym is searched in the text only, as it is."""
    return _sequence(way, AsTyped())


def _slot(token: str, words: Words) -> tuple[Key, ...]:
    others = list(words.spellings(token))[:MAX_PHRASE_SPELLINGS]
    return tuple((TEXT, t) for t in dict.fromkeys((token, *others)))


def _operand(item: query.Word | query.Wild | query.Fuzzy, words: Words) -> tuple[Key, ...]:
    """What may stand on one side of near/."""
    match item:
        case query.Word(text):
            return _slot(expand.joined(text), words)
        case query.Wild(pieces):
            return _globbed((TEXT,), pieces, words)
        case query.Fuzzy(text, edits):
            return tuple(key for key in _fuzzy(text, edits, words).any_of if key[0] == TEXT)


def _word(text: str, words: Words, *, about: bool = True) -> Plan:
    whole = expand.joined(text)
    spelled = tuple((TEXT, t) for t in dict.fromkeys((whole, *words.spellings(whole))))
    choices: list[Plan] = [Keys((*spelled, (ABOUT, whole)) if about else spelled)]
    pieces = expand.parts(text)
    if len(pieces) > 1:
        choices.append(_sequence(pieces, words))
    if len(pieces) > 1 and about:
        choices.append(AllOf(tuple(Keys(((ABOUT, p),)) for p in pieces)))
    if about and (born := _full_date(text)):
        choices.append(Days("dob", born))
    return AnyOf(tuple(choices)) if len(choices) > 1 else choices[0]


def _full_date(text: str) -> tuple[DaySpan, ...]:
    """A whole date typed as a plain word may be somebody's birth date."""
    return query_dates.readings(text) if sum(map(str.isdigit, text)) >= MIN_DATE_DIGITS else ()


def _fuzzy(text: str, edits: int, words: Words) -> Keys:
    token = expand.joined(text)
    near = dict.fromkeys((token, *words.fuzzy(token, edits)))
    return Keys((*((TEXT, t) for t in near), (ABOUT, token)))


def _phrase(typed: Sequence[str], words: Words, *, about: bool = True) -> Plan:
    pieces = [expand.parts(w) for w in typed]
    pieces = [p for p in pieces if p]
    if len(pieces) == 1:
        return _word("-".join(pieces[0]), words, about=about)
    apart = [p for word in pieces for p in word]
    together = [expand.joined("-".join(word)) for word in pieces]
    typed_so = dict.fromkeys((tuple(apart), tuple(together)))
    others = dict.fromkeys(v for v in _joined_variants(apart) if v not in typed_so)
    # Misread or written together, not both: the plan stays small.
    sequences = [*(_sequence(v, words) for v in typed_so), *(_sequence(v, AsTyped()) for v in others)]
    return AnyOf(tuple(sequences))


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


def _sequence(tokens: Sequence[str], words: Words) -> Plan:
    slots = tuple(_slot(t, words) for t in tokens)
    return Keys(slots[0]) if len(slots) == 1 else Consecutive(slots)


# --- fields ---------------------------------------------------------------------
def _field(node: query.FieldValue, words: Words) -> Plan:
    if node.days:
        return Days(node.name, node.days)
    if isinstance(node.item, query.Wild):
        fields = ("name", "mrn") if node.name == "patient" else (node.name,)
        return Keys(_globbed(fields, node.item.pieces, words))
    if isinstance(node.item, query.Fuzzy):
        return Keys(
            tuple(key for key in _fuzzy(node.item.text, node.item.edits, words).any_of if key[0] == TEXT)
        )
    text = node.item.text
    if node.name == "mrn":
        return _mrn(text)
    if node.name == "source":
        return AnyOf((Keys((("source", expand.exact(text)),)), _labels("source", text)))
    if node.name in ("name", "patient"):
        found = _labels("name", text) if isinstance(node.item, query.Phrase) else _names(text)
        return AnyOf((found, _mrn(text))) if node.name == "patient" else found
    if node.name == TEXT:
        return _in_text(node.item, words)
    if node.codes:
        return AnyOf(
            (_labels(node.name, text), Keys(tuple((node.name, expand.joined(c)) for c in node.codes)))
        )
    return _labels(node.name, text)


def _in_text(item: query.Word | query.Phrase, words: Words) -> Plan:
    """Like a plain word or phrase, but what is known about the document does not count."""
    if isinstance(item, query.Phrase):
        return _phrase(item.text.split(), words, about=False)
    return _word(item.text, words, about=False)


def _globbed(fields: Iterable[str], pieces: tuple[str, ...], words: Words) -> tuple[Key, ...]:
    return tuple((field, key) for field in fields for key in words.matching(field, pieces))


def _mrn(text: str) -> Plan:
    return Keys(tuple(("mrn", key) for key in expand.mrn_keys(text)))


def _names(text: str) -> Plan:
    """Every word as written, as a nickname, or as something that sounds alike."""
    found: list[Plan] = []
    for word in text.split():
        if not expand.parts(word):
            continue
        keys = names.query_keys(word)
        alike = (*(("name", k) for k in keys.nicknames), *(("sound", k) for k in keys.sounds))
        # Only what is known about a document counts for its rank: so names as written come first.
        written = AllOf((_label("name", word), _label(ABOUT, word)))
        found.append(AnyOf((written, Keys(alike))) if alike else written)
    return AllOf(tuple(found)) if found else Keys(())


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
Leafs = Keys | Consecutive | Near


def positive(plan: Plan) -> Iterator[Leafs]:
    """The members of a plan that a page was found for."""
    match plan:
        case AllOf(wanted, _):
            for member in wanted:
                yield from positive(member)
        case AnyOf(choices):
            for member in choices:
                yield from positive(member)
        case Days() | Within():
            return
        case _:
            yield plan


def wanted(plan: Plan) -> Wanted:
    """What to mark on a page that fits."""
    members = list(positive(plan))
    plain = [key for m in members if isinstance(m, Keys) for key in m.any_of]
    slots = [s for m in members if isinstance(m, Near) for s in (m.left, m.right)]
    return Wanted(
        tokens=_of(plain, TEXT) | _of([key for slot in slots for key in slot], TEXT),
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
        match member:
            case Keys(any_of):
                found |= dict.fromkeys(any_of)
            case Consecutive(slots):
                found |= dict.fromkeys(key for slot in slots for key in slot)
            case Near(left, right, _):
                found |= dict.fromkeys((*left, *right))
    return tuple(key for key in found if key[0] in (TEXT, ABOUT))
