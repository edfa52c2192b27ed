"""Typeahead over the roster: who a clerk may mean by what is typed so far, and why.

`suggest` asks the index in steps from strict to loose (roster_suggest_query), judges everybody it
names against the person's record (roster_suggest_fit), and stops as soon as enough are found, for
no later step finds anybody who fits better. Promises: every step is capped, so that one letter
costs no more than a name; what is shown was compared with the person as stored, never with the
index; where only some people may be named, nobody else is looked at (roster_suggest_within).
Leaves out: how the index is kept (roster_suggest_index) and who may look (the caller).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from rapidfuzz.distance import Indel
from sqlalchemy import Connection, Select, and_, bindparam, select

from scanindex.match import fold
from scanindex.model import Patient, PatientId, Suggestion
from scanindex.nicknames import forms_of
from scanindex.store import roster_rows
from scanindex.store import roster_statements as queries
from scanindex.store.roster_suggest_fit import Alike, Rank, suggestion
from scanindex.store.roster_suggest_index import LONGEST_LISTED, matching
from scanindex.store.roster_suggest_query import begun_steps, exact_steps, loose_steps
from scanindex.store.roster_suggest_terms import Ask, Term, any_of
from scanindex.store.roster_suggest_typed import Reading, readings_of
from scanindex.store.roster_suggest_within import Listed
from scanindex.store.roster_tables import roster_names, roster_patients, roster_words

_MOST_LOOKED_AT, _MOST_IN_ORDER = 120, 40
"""People judged per step; of those who come in the order of the alphabet."""
_MOST_SUGGESTIONS = 500
_LONGEST_SECONDS = 0.5
"""After this no further step is begun: something is better than everything later."""
_SOUNDS_LOOKED_AT, _SOUNDS_TAKEN, _SHORTEST_SOUND, _LEAST_LIKENESS = 400, 24, 3, 0.5
_LEAST_OF_SAME_SOUND = 0.35

_NAME = roster_names.c
_NUMBERS = select(_NAME.person_no).limit(bindparam("most"))
_LAST, _FIRST = _NAME.last_key == bindparam("one"), _NAME.first_key == bindparam("one")
_LAST_BEGUN = and_(_NAME.last_key >= bindparam("one"), _NAME.last_key < bindparam("end_one"))
_FIRST_BEGUN = and_(_NAME.first_key >= bindparam("one"), _NAME.first_key < bindparam("end_one"))
_OTHER_BEGUN = and_(_NAME.first_key >= bindparam("two"), _NAME.first_key < bindparam("end_two"))
_BY_LAST = (_NAME.last_key, _NAME.first_key)
_NAME_EXACT = (_NUMBERS.where(_LAST).order_by(*_BY_LAST), _NUMBERS.where(_FIRST))
_NAME_BEGUN = (_NUMBERS.where(_LAST_BEGUN).order_by(*_BY_LAST), _NUMBERS.where(_FIRST_BEGUN))
"""Last names before first names, in the order of the alphabet, which puts short ones first."""
_TWO_NAMES = _NUMBERS.where(_LAST, _OTHER_BEGUN).order_by(*_BY_LAST)
_SOUNDING = (
    select(roster_words.c.word, roster_words.c.sound)
    .where(roster_words.c.sound >= bindparam("low"), roster_words.c.sound < bindparam("high"))
    .order_by(roster_words.c.sound, roster_words.c.word)
    .limit(_SOUNDS_LOOKED_AT)
)
_MOST_WORDS = 40
_BEGUN_WORDS = (
    select(roster_words.c.word)
    .where(roster_words.c.word >= bindparam("low"), roster_words.c.word < bindparam("high"))
    .limit(_MOST_WORDS)
)
_PEOPLE = queries.people().where(
    roster_patients.c.person_no.in_(bindparam("numbers", expanding=True)),
    roster_patients.c.linked_to.is_(None),
)


def suggest(
    connection: Connection,
    text: str,
    limit: int,
    *,
    by_index: bool,
    is_strict: bool = False,
    within: Collection[PatientId] | None = None,
) -> Sequence[Suggestion]:
    """The best suggestions for a text, best first.

    is_strict: only whom everything typed fits exactly or as a beginning.
    by_index: `roster_suggest_index.has_index` of this database. within: nobody else plays a part.
    """
    limit = max(0, min(limit, _MOST_SUGGESTIONS))
    found: dict[str, tuple[Rank, Suggestion]] = {}
    readings = readings_of(text) if limit else ()
    listed = Listed(connection, within) if within is not None and readings else None
    search = _Search(connection, by_index, limit, listed)
    for reading in readings:
        search.take(search.strict(reading), reading, Alike(), found)
    if not is_strict:
        for reading in readings:
            if len(found) < limit and not reading.is_joined:
                alike = search.alike(reading)
                search.take(search.loose(reading, alike), reading, alike, found)
    return tuple(one for _, one in sorted(found.values(), key=lambda pair: pair[0])[:limit])


class _Search:
    """The database's side of one question."""

    def __init__(self, connection: Connection, by_index: bool, limit: int, listed: Listed | None) -> None:
        self._connection = connection
        self._by_index = by_index
        self._limit = limit
        self._listed = listed
        self._known: dict[str, Ask] = {}
        self._until = time.monotonic() + _LONGEST_SECONDS

    def take(
        self,
        steps: Iterator[Sequence[int]],
        reading: Reading,
        alike: Alike,
        found: dict[str, tuple[Rank, Suggestion]],
    ) -> None:
        """Judge the people of one step after the other until enough fit; keeps each one's best rank."""
        seen: set[int] = set()
        count = 0
        for numbers in steps:
            new = [number for number in dict.fromkeys(numbers) if number not in seen]
            seen.update(new)
            for patient in self._people(new):
                if ranked := suggestion(patient, reading, alike):
                    count += 1
                    known = found.get(patient.patient_id)
                    if known is None or ranked[0] < known[0]:
                        found[patient.patient_id] = ranked
            if count >= self._limit or time.monotonic() > self._until:
                return

    def strict(self, reading: Reading) -> Iterator[Sequence[int]]:
        """Exact first, then beginnings; of plain names those that stand in order in an index first."""
        keys = [fold.name_key(part.joined) for part in reading.parts]
        is_plain = len(keys) <= 2 and all(keys) and reading.has_only_names and self._listed is None
        is_one, is_two = is_plain and len(keys) == 1, is_plain and len(keys) == 2
        pairs = [(keys[0], keys[-1]), (keys[-1], keys[0])]
        return chain(
            (self._named(query, keys[0]) for query in _NAME_EXACT if is_one),
            self._all_matching(exact_steps(reading), reading),
            (self._named(query, keys[0]) for query in _NAME_BEGUN if is_one),
            (self._named(_TWO_NAMES, *pair) for pair in pairs if is_two),
            self._all_matching(begun_steps(reading), reading),
        )

    def loose(self, reading: Reading, alike: Alike) -> Iterator[Sequence[int]]:
        return self._all_matching(loose_steps(reading, alike), reading)

    def alike(self, reading: Reading) -> Alike:
        """What the words of a reading may stand for."""
        typed = {part.joined for part in reading.parts if len(part.joined) > 1}
        typed |= {word for part in reading.parts for word in part.words if len(word) > 1}
        return Alike(
            nicknames={word: forms for word in typed if (forms := frozenset(forms_of(word)))},
            sounds={word: words for word in typed if (words := self._sounding(word))},
        )

    def _all_matching(self, asks: Iterable[Ask], reading: Reading) -> Iterator[Sequence[int]]:
        first = reading.parts[0].joined if reading.parts else ""
        return (self._matching(ask, first) for ask in asks)

    def _matching(self, ask: Ask, typed_first: str) -> Sequence[int]:
        if self._listed is not None:
            return self._listed.matching(ask, typed_first, max(self._limit, _MOST_LOOKED_AT))
        if self._by_index:
            ask = self._spelt_out(ask)
        return matching(self._connection, ask, max(self._limit, _MOST_LOOKED_AT), by_index=self._by_index)

    def _spelt_out(self, ask: Ask) -> Ask:
        """Long beginnings of words as the few words they begin: the index has no list of those."""
        if isinstance(ask, Term):
            is_long = ask.is_beginning and len(ask.text) > LONGEST_LISTED and ask.text.isalpha()
            return self._begun(ask) if is_long else ask
        return type(ask)(tuple(self._spelt_out(part) for part in ask.parts))

    def _begun(self, beginning: Term) -> Ask:
        known = self._known.get(beginning.text)
        if known is None:
            wanted = {"low": beginning.text, "high": beginning.text + queries.AFTER_ALL}
            words = self._connection.execute(_BEGUN_WORDS, wanted).scalars().all()
            known = any_of(*map(Term, words or [beginning.text])) if len(words) < _MOST_WORDS else beginning
            self._known[beginning.text] = known
        return known

    def _named(self, query: Select[Any], one: str, two: str = "") -> Sequence[int]:
        ends = {"end_one": one + queries.AFTER_ALL, "end_two": two + queries.AFTER_ALL}
        wanted = {"one": one, "two": two, "most": max(2 * self._limit, _MOST_IN_ORDER)} | ends
        return self._connection.execute(query, wanted).scalars().all()

    def _people(self, numbers: Sequence[int]) -> Iterator[Patient]:
        if numbers:
            for r in self._connection.execute(_PEOPLE, {"numbers": numbers}):
                yield roster_rows.patient_of(r.patient_id, r.is_provisional, r.body)

    def _sounding(self, word: str) -> frozenset[str]:
        """Words of the roster that sound like this one, or begin so, most similar first."""
        if len(word) < _SHORTEST_SOUND or not word.isascii():
            return frozenset()
        # Metaphone drops a W before Y; the last letter of a word in the making may be half of a
        # sound ("SMYT" of "SMYTH").
        whole = {fold.sound_key(word), fold.sound_key(word.replace("Y", "I"))}
        begun_keys = {fold.sound_key(word[:-1])} if len(word) > _SHORTEST_SOUND else set()
        likeness: dict[str, float] = {}
        for key in sorted((whole | begun_keys) - {""}):
            for other, sound in self._words_sounding(key):
                is_same = sound in whole
                begun = other if is_same else other[: len(word) + 1]
                alike = Indel.normalized_similarity(word, begun)
                if alike >= (_LEAST_OF_SAME_SOUND if is_same else _LEAST_LIKENESS):
                    likeness[other] = max(alike + is_same, likeness.get(other, 0.0))
        best = sorted(likeness, key=lambda other: (-likeness[other], other))
        return frozenset(best[:_SOUNDS_TAKEN])

    def _words_sounding(self, key: str) -> Iterable[Any]:
        """Words with their sounds, of those that begin with this sound."""
        if self._listed is not None:
            return self._listed.sounding(key)
        wanted = {"low": key, "high": key + queries.AFTER_ALL}
        return self._connection.execute(_SOUNDING, wanted)
