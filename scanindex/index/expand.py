"""Words to search keys: the one place that says what counts as the same word.

Promises: accents and case never matter; a printed word with punctuation inside
("03/12/1987", "O'Neil", "x-ray", "500mg") is found as typed, without the
punctuation, and by its parts. No stop words: phrases stay exact. Leaves out
stemming and synonyms (those belong to query expansion).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

MAX_TOKEN_CHARACTERS = 40
"""Longer runs are OCR noise; both page and query words are cut here."""
MAX_PARTS = 12
MAX_JOINED_PARTS = 4

_RUN = re.compile(r"[^\W_]+")
_NUMBER_AND_LETTERS = re.compile(r"(\d+)(\D+)|(\D+)(\d+)")


def fold(text: str) -> str:
    """Lower case without accents; ligatures and full-width forms resolved."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=65_536)
def parts(word: str) -> tuple[str, ...]:
    """The runs of letters and digits of one printed word, in order.

    A run that is one number and one group of letters counts as two ("500mg",
    "A1234"); more mixed runs are more likely misread than compound.
    """
    found: list[str] = []
    for run in _RUN.findall(fold(word)):
        split = _NUMBER_AND_LETTERS.fullmatch(run)
        found.extend([g for g in split.groups() if g] if split else [run])
    return tuple(p[:MAX_TOKEN_CHARACTERS] for p in found[:MAX_PARTS])


@lru_cache(maxsize=65_536)
def word_tokens(word: str) -> tuple[str, ...]:
    """All keys under which one printed word is found: parts and their joins."""
    pieces = parts(word)
    if len(pieces) <= 1:
        return pieces
    joins = [
        "".join(pieces[start : start + size])
        for size in range(1, MAX_JOINED_PARTS + 1)
        for start in range(len(pieces) - size + 1)
    ]
    return tuple(dict.fromkeys(j[:MAX_TOKEN_CHARACTERS] for j in (*joins, "".join(pieces))))


def joined(word: str) -> str:
    """The key of a word as a whole, punctuation ignored; "" where it has none."""
    return "".join(parts(word))[:MAX_TOKEN_CHARACTERS]


def numbered(words: Iterable[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The keys of each printed word that has any, numbered from 0: specks do not part a phrase."""
    return enumerate(tokens for word in words if (tokens := word_tokens(word)))


def page_tokens(words: Iterable[str]) -> dict[str, list[int]]:
    """Key to the ascending numbers (see `numbered`) of the words that carry it."""
    found: dict[str, list[int]] = {}
    for number, tokens in numbered(words):
        for token in tokens:
            found.setdefault(token, []).append(number)
    return found


def exact(text: str) -> str:
    """A path or code as one key; names that are no text (undecodable bytes) keep their shape."""
    return text.strip().lower().encode("utf-8", "replace").decode("utf-8")


def label_tokens(text: str | None) -> list[str]:
    """Keys of a name, type code, provider or facility; each once."""
    return list(dict.fromkeys(t for word in (text or "").split() for t in word_tokens(word)))


def mrn_keys(mrn: str) -> list[str]:
    """The number without punctuation, and that without leading zeros."""
    key = joined(mrn)
    return list(dict.fromkeys(k for k in (key, key.lstrip("0")) if k))


def glob_matches(pieces: tuple[str, ...], token: str) -> bool:
    """Does the token read as these pieces with anything between? Linear, unlike a regex."""
    first, last = pieces[0], pieces[-1]
    if len(token) < len(first) + len(last) or not (token.startswith(first) and token.endswith(last)):
        return False
    at, end = len(first), len(token) - len(last)
    for piece in pieces[1:-1]:
        at = token.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True
