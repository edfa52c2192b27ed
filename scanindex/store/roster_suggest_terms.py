"""A person as the words by which a typeahead finds them, and a typed expression over such words. Pure.

Promises: `terms_of` gives everything a clerk may type of a person as blank-separated tokens that
any full-text index takes as they are: the single words of all names (upper case, no accents, any
script), the birth date as YYYYMMDD and MMDD, and every three characters in a row of every
identifier, its ends included, as one letter of a private Unicode plane each (one letter, so that
they cost next to nothing in an index of beginnings). Leaves out: how words sound and nicknames,
which are looked up when somebody asks (roster_suggest_query).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from scanindex.match import fold
from scanindex.model import Patient, PersonName

START, END = "^", "$"
_NUMBER_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" + START + END
_CODE = {letter: number for number, letter in enumerate(_NUMBER_LETTERS, start=1)}
_PLANE, _BASE = 0xF0000, len(_NUMBER_LETTERS) + 1
_LONGEST_NUMBER, _LONGEST_WORD, _MOST_WORDS = 64, 40, 60


@lru_cache(maxsize=50_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a name, folded: "O'Brien-Śmith" is O, BRIEN, SMITH. Letters of every script count."""
    folded = text.upper() if text.isascii() else _unaccented(text)
    letters = "".join(c if c.isalpha() else " " for c in folded)
    return tuple(word[:_LONGEST_WORD] for word in letters.split())


def _unaccented(text: str) -> str:
    """As `fold.ascii_upper` where it keeps a letter; other scripts lose their marks only."""
    out: list[str] = []
    for letter in text.upper():
        plain = fold.ascii_upper(letter)
        if plain:
            out.append(plain)
        else:
            out.extend(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
    return "".join(out)


@lru_cache(maxsize=50_000)
def spellings_of(text: str) -> tuple[str, ...]:
    """The words of one part of a name and, of several, all in one: O'BRIEN is OBRIEN too."""
    words = words_of(text)
    if len(words) < 2:
        return words
    return (*words, "".join(words)[:_LONGEST_WORD])


def name_parts_of(name: PersonName) -> tuple[tuple[str, str], ...]:
    """(which part, as written), those first by which people are called."""
    return (
        ("last_name", name.last),
        ("first_name", name.first),
        ("middle_name", name.middle),
        ("suffix", name.suffix),
    )


def name_words(patient: Patient) -> list[str]:
    """All words of all names, each once."""
    seen: dict[str, None] = {}
    for name in patient.names:
        for _, text in name_parts_of(name):
            if text:
                seen.update(dict.fromkeys(spellings_of(text)))
    return list(seen)[:_MOST_WORDS]


@lru_cache(maxsize=50_000)
def symbol(letters: str) -> str:
    """One to three characters of a number as one letter."""
    code = 0
    for letter in letters:
        code = code * _BASE + _CODE[letter]
    return chr(_PLANE + code)


def is_first_symbol(text: str) -> bool:
    """Whether a term says how a number begins by one character only."""
    return len(text) == 1 and _PLANE < ord(text) < _PLANE + _BASE * _BASE


def number_symbols(key: str) -> Iterator[str]:
    """What can be asked of a number: its first, its first two, every three in a row, its last two."""
    text = f"{START}{key[:_LONGEST_NUMBER]}{END}"
    yield symbol(text[:2])
    for start in range(len(text) - 2):
        yield symbol(text[start : start + 3])


def birth_words(birth_date: str | None) -> tuple[str, ...]:
    """ "1931-07-09" is 19310709 and 0709; a part of a date is what there is of it."""
    if not birth_date:
        return ()
    compact = birth_date.replace("-", "")
    return (compact, compact[4:]) if len(compact) == 8 else (compact,)


def number_key(value: str) -> str:
    """A number as it is compared: letters and digits, without leading zeros."""
    if value.isascii() and value.isdigit():
        return value.lstrip("0") or value[:1]
    return fold.identifier_key(value)


def terms_of(patient: Patient, words: list[str] | None = None) -> str:
    """The tokens of a person between blanks, one before the first and after the last.

    words: `name_words` of the person, where the caller has them.
    """
    found = dict.fromkeys(name_words(patient) if words is None else words)
    found.update(dict.fromkeys(birth_words(patient.birth_date)))
    for identifier in patient.identifiers:
        if key := number_key(identifier.value):
            found.update(dict.fromkeys(number_symbols(key)))
    return f" {' '.join(found)} "


# --- what is asked of them -----------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Term:
    text: str
    is_beginning: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Ask, ...]


Ask = Term | AllOf | AnyOf


def all_of(*parts: Ask) -> Ask:
    return parts[0] if len(parts) == 1 else AllOf(parts)


def any_of(*parts: Ask) -> Ask:
    """Each alternative once."""
    kept = tuple(dict.fromkeys(parts))
    return kept[0] if len(kept) == 1 else AnyOf(kept)
