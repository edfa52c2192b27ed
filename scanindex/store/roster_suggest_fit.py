"""Whether a person fits what was typed, how well, and where. Pure.

Promises: a suggestion only for somebody whom every typed part fits, each part of a name another
word of the person's names; an order in which exact comes before beginning, beginning before a piece
of a number, that before nickname, and nickname before sound. Leaves out: finding the people to
look at (roster_suggest_query).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from rapidfuzz.distance import Indel

from scanindex.model import Patient, Suggestion, SuggestionFit, SuggestionReason
from scanindex.store.roster_suggest_dates import Birth
from scanindex.store.roster_suggest_terms import name_parts_of, number_key, words_of
from scanindex.store.roster_suggest_typed import Part, Reading

_LETTERS = re.compile(r"[^\W\d_]+")
_GROUP = {
    SuggestionFit.EXACT: 0,
    SuggestionFit.BEGINNING: 1,
    SuggestionFit.ENDING: 2,
    SuggestionFit.INSIDE: 3,
    SuggestionFit.NICKNAME: 4,
    SuggestionFit.SOUND: 5,
}
_SHORTEST_ENDING, _SHORTEST_INSIDE = 2, 3
Rank = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """Words that stand for a typed one, by typed word."""

    nicknames: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sounds: Mapping[str, frozenset[str]] = field(default_factory=dict)


class _Word(NamedTuple):
    """A word of a name and where it stands."""

    word: str
    datum: str
    use: str
    value: str
    start: int
    end: int
    penalty: int


class _Fits(NamedTuple):
    """One way in which a typed part fits; less is better, field by field."""

    group: int
    penalty: int
    unlike: float
    left_over: int
    reason: SuggestionReason


def suggestion(patient: Patient, reading: Reading, alike: Alike) -> tuple[Rank, Suggestion] | None:
    """The person as a suggestion with its rank (less is better), or None if a part does not fit."""
    words = _words(patient)
    chosen = _fits(patient, words, reading.parts, alike)
    if chosen is None and any(len(part.words) > 1 for part in reading.parts):
        single = [p for part in reading.parts for p in _singled(part)]
        chosen = _fits(patient, words, single, alike)
    if chosen is None:
        return None
    worst = max(chosen, key=lambda fits: fits.group)
    rank = (
        worst.group,
        sum(fits.group for fits in chosen),
        sum(fits.penalty for fits in chosen),
        sum(fits.unlike for fits in chosen),
        sum(fits.left_over for fits in chosen),
        patient.display_name.upper(),
        patient.birth_date or "",
        patient.patient_id,
    )
    reasons = tuple(fits.reason for fits in chosen)
    return rank, Suggestion(patient=patient, reasons=reasons, fit=worst.reason.fit)


def _singled(part: Part) -> list[Part]:
    return [Part(word, words=(word,)) for word in part.words] if len(part.words) > 1 else [part]


def _fits(
    patient: Patient, words: Sequence[_Word], parts: Sequence[Part], alike: Alike
) -> list[_Fits] | None:
    """The best fit of each part; every part of a name takes a word of its own."""
    options: list[list[tuple[_Fits, int]]] = []
    for part in parts:
        if part.words:
            found = [(f, n) for n, w in enumerate(words) if (f := _name_fit(part, w, alike))]
        else:
            fits = [*_number_fits(part, patient), *_birth_fits(part, patient)]
            found = [(f, -1) for f in fits]
        if not found:
            return None
        options.append(sorted(found, key=lambda option: option[0][:4]))
    return _assigned(options)


def _assigned(options: Sequence[Sequence[tuple[_Fits, int]]]) -> list[_Fits] | None:
    """One option per part so that no word is taken twice (Kuhn's augmenting paths, best first)."""
    taken: dict[int, int] = {}
    chosen: dict[int, _Fits] = {}

    def place(part: int, seen: set[int]) -> bool:
        for fits, word in options[part]:
            if word < 0:
                chosen[part] = fits
                return True
            if word in seen:
                continue
            seen.add(word)
            if word not in taken or place(taken[word], seen):
                taken[word], chosen[part] = part, fits
                return True
        return False

    if not all(place(part, set()) for part in range(len(options))):
        return None
    return [chosen[part] for part in range(len(options))]


# --- names ---------------------------------------------------------------------------
def _words(patient: Patient) -> list[_Word]:
    found: list[_Word] = []
    seen: set[tuple[str, str]] = set()
    for name in patient.names:
        is_other = name.use != "official"
        for penalty, (datum, text) in enumerate(name_parts_of(name)):
            for word, start, end in _placed(text) if text else ():
                if (datum, word) not in seen:
                    seen.add((datum, word))
                    found.append(_Word(word, datum, name.use, text, start, end, penalty + 3 * is_other))
    return found


@lru_cache(maxsize=20_000)
def _placed(text: str) -> tuple[tuple[str, int, int], ...]:
    """The words of a part of a name with their places; several also as one word."""
    words = words_of(text)
    runs = [match.span() for match in _LETTERS.finditer(text)]
    if len(runs) != len(words):
        runs = [(0, len(text))] * len(words)
    placed = [(word, start, end) for word, (start, end) in zip(words, runs, strict=True)]
    if len(words) > 1:
        placed.append(("".join(words), runs[0][0], runs[-1][1]))
    return tuple(placed)


def _name_fit(part: Part, word: _Word, alike: Alike) -> _Fits | None:
    typed = part.joined
    left_over, unlike, end = 0, 0.0, word.end
    if word.word == typed and len(typed) > 1:
        fit = SuggestionFit.EXACT
    elif word.word.startswith(typed):
        fit = SuggestionFit.BEGINNING
        left_over = len(word.word) - len(typed)
        end = _end_of(word, len(typed))
    elif word.word in alike.nicknames.get(typed, ()):
        fit = SuggestionFit.NICKNAME
    elif word.word in alike.sounds.get(typed, ()):
        fit = SuggestionFit.SOUND
        unlike = round(Indel.normalized_distance(typed, word.word), 2)
    else:
        return None
    reason = SuggestionReason(
        typed=part.typed, datum=word.datum, use=word.use, value=word.value, fit=fit, start=word.start, end=end
    )
    return _Fits(_GROUP[fit], word.penalty, unlike, left_over, reason)


def _end_of(word: _Word, letters: int) -> int:
    """Where so many letters from the start of a word end."""
    for place in range(word.start, word.end):
        letters -= word.value[place].isalpha()
        if letters <= 0:
            return place + 1
    return word.end


# --- numbers and dates ------------------------------------------------------------------
def _number_fits(part: Part, patient: Patient) -> list[_Fits]:
    if not part.number:
        return []
    typed, key_typed = part.number, number_key(part.number)
    found = []
    for identifier in patient.identifiers:
        key = number_key(identifier.value)
        if key == key_typed:
            fit, start, size = SuggestionFit.EXACT, 0, len(key)
        elif key.startswith(key_typed):
            fit, start, size = SuggestionFit.BEGINNING, 0, len(key_typed)
        elif key.endswith(typed) and len(typed) >= _SHORTEST_ENDING:
            fit, start, size = SuggestionFit.ENDING, len(key) - len(typed), len(typed)
        elif (place := key.find(typed)) >= 0 and len(typed) >= _SHORTEST_INSIDE:
            fit, start, size = SuggestionFit.INSIDE, place, len(typed)
        else:
            continue
        first, end = _span(identifier.value, key, start, size)
        reason = SuggestionReason(
            typed=part.typed,
            datum="number",
            use=identifier.type,
            value=identifier.value,
            fit=fit,
            start=first,
            end=end,
        )
        found.append(_Fits(_GROUP[fit], int(identifier.type != "mrn"), 0.0, len(key) - size, reason))
    return found


def _span(value: str, key: str, start: int, size: int) -> tuple[int, int]:
    """Where a piece of the key stands in the number as written."""
    places = [place for place, c in enumerate(value) if c.isascii() and c.isalnum()]
    before = len(places) - len(key)
    if before < 0:
        return 0, len(value)
    return places[before + start], places[before + start + size - 1] + 1


def _birth_fits(part: Part, patient: Patient) -> list[_Fits]:
    born = patient.birth_date
    if not born or not part.births:
        return []
    compact = born.replace("-", "")
    found = []
    for birth in part.births:
        if compact[:4].startswith(birth.year) and compact[4:].startswith(birth.month_day):
            fit = SuggestionFit.EXACT if birth.is_whole else SuggestionFit.BEGINNING
            start, end = _date_span(birth, len(born))
            reason = SuggestionReason(
                typed=part.typed, datum="birth_date", use="", value=born, fit=fit, start=start, end=end
            )
            left_over = 8 - len(birth.year) - len(birth.month_day)
            found.append(_Fits(_GROUP[fit], 0, 0.0, left_over, reason))
    return found


def _date_span(birth: Birth, size: int) -> tuple[int, int]:
    part = len(birth.month_day)
    end = 5 + part + (part > 2) if part else len(birth.year)
    return (0 if birth.year else 5), min(size, end)
