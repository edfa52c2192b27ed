"""Plans as Tantivy queries.

`Compiler.fits` gives a query that finds the pages of a plan and scores nothing;
`Compiler.ranked` finds the same and scores each page by the plan's text keys
(Okapi BM25 as Tantivy has it: k1 1.2, b .75) and half as much by its label keys,
every key once, whichever part of the plan it came from. Keys that the index does
not hold are left out first; alternatives on the places of a phrase are multiplied
out while they are few, and become regular expressions beyond.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tantivy
from tantivy import Occur, Query

from scanindex.index import plan
from scanindex.index.plan import Key, Plan, Watch

LABEL_WEIGHT = 0.5
MAX_PHRASES = 48
"""Phrases that one sequence with alternatives may be multiplied out to."""
MAX_PATTERN_CHARACTERS = 400
"""Tantivy allows a pattern 1,000 states; a character is one to four bytes, or two with its escape."""
MANY_KEYS = 32
"""From so many on a set of keys is one query; it scores nothing."""

Slot = Sequence[Key]


class Compiler:
    """Queries for one searcher."""

    def __init__(
        self,
        schema: tantivy.Schema,
        searcher: tantivy.Searcher,
        size: int,
        watch: Watch,
        among: plan.AllOf | None = None,
    ) -> None:
        """among: rarity is that among these pages; the mean length of pages stays that of all."""
        self._schema = schema
        self._searcher = searcher
        self._size = size
        self._watch = watch
        self._among = among
        self._inside: tuple[Query, int] | None = None
        self._frequencies: dict[Key, int] = {}
        self._lists: dict[frozenset[str], Query] = {}

    def frequency(self, key: Key) -> int:
        if key not in self._frequencies:
            self._frequencies[key] = self._searcher.doc_freq(*key)
        return self._frequencies[key]

    # --- finding ------------------------------------------------------------------
    def fits(self, wanted: Plan) -> Query:
        """Raises OutOfTime."""
        self._watch.check()
        match wanted:
            case plan.Keys(any_of):
                return self._keys(any_of)
            case plan.Within(patient_ids):
                return self._of_patients(patient_ids)
            case plan.Consecutive(slots):
                return self._consecutive(slots)
            case plan.Near(left, right, distance):
                return self._near(left, right, distance)
            case plan.Days(field, spans):
                return _any([self._days(field, span.first, span.last) for span in spans])
            case plan.AnyOf(choices):
                return _any([self.fits(choice) for choice in choices])
            case plan.AllOf(members, unwanted):
                return _all(
                    [self.fits(member) for member in members], [self.fits(member) for member in unwanted]
                )
        raise TypeError(f"an engine cannot evaluate {type(wanted).__name__}")

    def _keys(self, keys: Sequence[Key]) -> Query:
        by_field: dict[str, list[str]] = {}
        for field, text in dict.fromkeys(keys):
            by_field.setdefault(field, []).append(text)
        found: list[Query] = []
        for field, texts in by_field.items():
            if len(texts) >= MANY_KEYS:
                found.append(Query.term_set_query(self._schema, field, texts))
            else:
                found += [self._term((field, text)) for text in texts if self.frequency((field, text))]
        return _any(found)

    def _of_patients(self, patient_ids: frozenset[str]) -> Query:
        """Handed over once: several searches are made for one answer."""
        if patient_ids not in self._lists:
            self._lists[patient_ids] = Query.term_set_query(self._schema, "patient_id", sorted(patient_ids))
        return self._lists[patient_ids]

    def _term(self, key: Key, record: str = "basic") -> Query:
        return Query.term_query(self._schema, key[0], key[1], record)

    def _days(self, field: str, first: int, last: int) -> Query:
        # An unknown day is 0 and never fits.
        low, high = max(1, first), max(1, last)
        number = tantivy.FieldType.Unsigned
        begins = Query.range_query(self._schema, f"{field}_first", number, low, high)
        ends = Query.range_query(self._schema, f"{field}_last", number, low, high)
        return _all([begins, ends])

    # --- word order -----------------------------------------------------------------
    def _held(self, slot: Slot) -> list[str]:
        return [text for field, text in dict.fromkeys(slot) if self.frequency((field, text))]

    def _consecutive(self, slots: Sequence[Slot]) -> Query:
        held = [self._held(slot) for slot in slots]
        if not all(held):
            return Query.empty_query()
        if len(held) == 1:
            return self._keys(tuple(slots[0]))
        return self._phrases(held, range(len(held)), 0)

    def _near(self, left: Slot, right: Slot, distance: int) -> Query:
        """Tantivy's slop is the difference, either way, from the place that a word should have.

        So differences 1..d are those within (d - 1) / 2 of (d + 1) / 2; for an even d it takes two.
        """
        first, second = self._held(left), self._held(right)
        if not first or not second or distance < 1:
            return Query.empty_query()
        slop = (distance - 1) // 2
        places = {slop + 1, distance - slop}
        return _any(
            [
                self._phrases(pair, (0, place), slop)
                for pair in ([first, second], [second, first])
                for place in sorted(places)
            ]
        )

    def _phrases(self, slots: Sequence[Sequence[str]], places: Sequence[int], slop: int) -> Query:
        self._watch.check()
        if math.prod(len(slot) for slot in slots) <= MAX_PHRASES:
            return _any([self._phrase(words, places, slop) for words in itertools.product(*slots)])
        patterns = [list(_patterns(slot)) for slot in slots]
        return _any([self._pattern(words, places, slop) for words in itertools.product(*patterns)])

    def _phrase(self, words: Sequence[str], places: Sequence[int], slop: int) -> Query:
        placed: list[str | tuple[int, str]] = list(zip(places, words, strict=True))
        return Query.phrase_query(self._schema, plan.TEXT, placed, slop)

    def _pattern(self, words: Sequence[str], places: Sequence[int], slop: int) -> Query:
        placed: list[str | tuple[int, str]] = list(zip(places, words, strict=True))
        return Query.regex_phrase_query(self._schema, plan.TEXT, placed, slop)

    # --- ranking ----------------------------------------------------------------------
    def ranked(self, wanted: Plan) -> Query:
        """Raises OutOfTime."""
        scored = {key: None for key in plan.scored_keys(wanted) if self.frequency(key)}
        must: list[Query] = []
        must_not: list[Query] = []
        for member, is_wanted in _members(wanted):
            if not is_wanted:
                must_not.append(self.fits(member))
            elif isinstance(member, plan.Keys) and self._scores_itself(member, scored):
                must.append(_any([self._scored(key) for key in member.any_of if self.frequency(key)]))
                for key in member.any_of:
                    scored.pop(key, None)
            else:
                must.append(Query.const_score_query(self.fits(member), 0.0))
        if not scored:
            return _all(must, must_not)
        also = [self._scored(key) for key in scored]
        return Query.boolean_query(
            [(Occur.Must, query) for query in must]
            + [(Occur.MustNot, query) for query in must_not]
            + [(Occur.Should, query) for query in also]
        )

    def counts(self, wanted: Plan) -> bool:
        """Is there anything that ranks pages?"""
        return any(self.frequency(key) for key in plan.scored_keys(wanted))

    def _scores_itself(self, member: plan.Keys, scored: dict[Key, None]) -> bool:
        """Its keys all count and none was counted before: finding and scoring are one."""
        held = [key for key in member.any_of if self.frequency(key)]
        return bool(held) and len(set(held)) == len(held) and all(key in scored for key in held)

    def _scored(self, key: Key) -> Query:
        if key[0] != plan.TEXT:
            return Query.const_score_query(self._term(key), LABEL_WEIGHT * self._rarity_inside(key))
        found = self._term(key, "freq")
        if self._among is None:
            return found
        return Query.boost_query(found, self._rarity_inside(key) / self._rarity(key))

    def _rarity(self, key: Key) -> float:
        holding = self.frequency(key)
        return _rarity(holding, max(holding, self._size))

    def _rarity_inside(self, key: Key) -> float:
        if self._among is None:
            return self._rarity(key)
        if self._inside is None:
            some = [self.fits(member) for member in self._among.wanted] or [Query.all_query()]
            inside = _all(some, [self.fits(member) for member in self._among.unwanted])
            self._inside = inside, self._count(inside)
        pages, size = self._inside
        return _rarity(self._count(_all([self._term(key), pages])), size)

    def _count(self, query: Query) -> int:
        self._watch.check()
        # As in tantivy_reader: its stub does not know that results carry a count.
        found: Any = self._searcher.search(Query.const_score_query(query, 0.0), 1, True)
        return found.count or 0


def _rarity(holding: int, size: int) -> float:
    return math.log(1 + (size - holding + 0.5) / (holding + 0.5))


def _members(wanted: Plan) -> Iterator[tuple[Plan, bool]]:
    """The parts that a page must (True) and must not fit; nested `AllOf` taken apart."""
    if not isinstance(wanted, plan.AllOf):
        yield wanted, True
        return
    for member in wanted.wanted:
        yield from _members(member)
    for member in wanted.unwanted:
        yield member, False


def _any(queries: Sequence[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _all(wanted: Sequence[Query], unwanted: Sequence[Query] = ()) -> Query:
    if len(wanted) == 1 and not unwanted:
        return wanted[0]
    # No page fits "nothing wanted", however little is unwanted: as in every engine.
    if not wanted:
        return Query.empty_query()
    return Query.boolean_query(
        [(Occur.Must, query) for query in wanted] + [(Occur.MustNot, query) for query in unwanted]
    )


def _patterns(texts: Iterable[str]) -> Iterator[str]:
    """Regular expressions that match exactly these texts, each within Tantivy's bound."""
    batch: list[str] = []
    room = MAX_PATTERN_CHARACTERS
    for text in texts:
        escaped = re.escape(text)
        cost = len(escaped.encode()) + 1
        if batch and cost > room:
            yield f"({'|'.join(batch)})"
            batch, room = [], MAX_PATTERN_CHARACTERS
        batch.append(escaped)
        room -= cost
    if batch:
        yield f"({'|'.join(batch)})"
