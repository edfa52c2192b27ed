"""What a clerk typed, taken apart: names, numbers, dates, in every way that makes sense. Pure.

Promises: any text of any length gives at most a handful of readings of at most twelve parts each,
in time that does not grow with the text; nothing in it has a special meaning (no wildcards, no
operators). Leaves out: what of it anybody in the roster fits (roster_suggest_fit).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scanindex.match import fold
from scanindex.store.roster_suggest_dates import Birth, births_of, phrases_in
from scanindex.store.roster_suggest_terms import words_of

_LONGEST_TEXT, _MOST_PARTS, _LONGEST_NUMBER = 200, 12, 40
_BREAKS = re.compile(r"[\s,;:|()\[\]{}\"*]+")
_LABELS = {"MRN", "DOB", "BORN", "NO", "NR"}
"""Words that stand before a number or date and say what it is."""
_SPELT_LETTERS = 4
"""Letters that a number of several words may hold besides its digits."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing typed, with everything it may be."""

    typed: str = field(repr=False)
    words: tuple[str, ...] = field(default=(), repr=False)
    """Of a name: its words, folded."""
    number: str = field(default="", repr=False)
    """Letters and digits of an identifier or a piece of one, zeros kept."""
    births: tuple[Birth, ...] = field(default=(), repr=False)

    @property
    def joined(self) -> str:
        return "".join(self.words)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take the text apart; each part must fit."""

    parts: tuple[Part, ...]
    is_joined: bool = False
    """Two words taken for one ("mc donald"): only if the roster writes it so."""

    @property
    def has_only_names(self) -> bool:
        return all(part.words for part in self.parts)


def readings_of(text: str, today_year: int | None = None) -> tuple[Reading, ...]:
    """The ways to read a typed text, likeliest first; none where nothing in it can be looked up."""
    year = today_year or datetime.now(UTC).year
    line = " ".join(_plain(text).split())
    found: list[Reading] = []
    phrase = max(phrases_in(line, year), key=lambda p: (p.end - p.start, -p.start), default=None)
    if phrase:
        typed = line[phrase.start : phrase.end].strip(" ,.-/")
        dated = Part(typed, number=_number(typed), births=phrase.births)
        before, after = _parts(line[: phrase.start], year), _parts(line[phrase.end :], year)
        found.append(_reading([*before, dated, *after]))
    plain = _parts(line, year)
    found.append(_reading(plain))
    if len(plain) > 1 and (number := _number(line, _SPELT_LETTERS)):
        found.append(Reading((Part(line, number=number),)))
    if len(plain) in (2, 3) and all(part.words for part in plain):
        for start in range(len(plain) - 1):
            one, two = plain[start : start + 2]
            both = Part(f"{one.typed} {two.typed}", words=(one.joined + two.joined,))
            found.append(Reading((*plain[:start], both, *plain[start + 2 :]), is_joined=True))
    return tuple(reading for reading in dict.fromkeys(found) if reading.parts)


def _plain(text: str) -> str:
    """Upper case, every script's digits as ours; no longer than what anybody types."""
    folded = unicodedata.normalize("NFKC", text[:_LONGEST_TEXT])[:_LONGEST_TEXT].upper()
    if folded.isascii():
        return folded
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)


def _reading(parts: list[Part]) -> Reading:
    if any(part.number or part.births for part in parts):
        parts = [part for part in parts if part.typed not in _LABELS]
    return Reading(tuple(parts[:_MOST_PARTS]))


def _parts(line: str, year: int) -> list[Part]:
    parts = (_part(token, year) for token in _BREAKS.split(line)[: 4 * _MOST_PARTS])
    return [part for part in parts if part.words or part.number][:_MOST_PARTS]


def _part(token: str, year: int) -> Part:
    if not any(c.isdigit() for c in token):
        return Part(token, words=words_of(token))
    bare = token.strip(".-/#'")
    births = births_of(bare, year) if bare.isdecimal() and bare.isascii() else ()
    return Part(bare, number=_number(token), births=births)


def _number(text: str, letters_at_most: int = _LONGEST_NUMBER) -> str:
    """The text as an identifier or a piece of one; "" if it has no digit or too many letters."""
    number = fold.identifier_text(text)
    digits = sum(c.isdigit() for c in number)
    is_one = digits and len(number) - digits <= letters_at_most and len(number) <= _LONGEST_NUMBER
    return number if is_one else ""
