"""Words that search takes for rightly spelt: the shipped list and the site's own.

Promises: shipped words come with a frequency class (0 rare .. 21: about log2 of a
count), loaded at first use in well under a second; a word that a prefix such as
"non" or "peri" makes from a listed one counts as well; near words are found by
scanning one sorted list in C. The site's file holds one word a line; "#" starts
a remark. Sources and permissions of the shipped list: LEXICON-NOTICE.txt.
Leaves out names and numbers: they are never "wrong".
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path

from scanindex.index import expand

SITE_CLASS = 10
"""Frequency class of a site's own word: worth suggesting before most others."""
LEAST_RIVAL_CLASS = 2
"""Rarer words explain no misreading: there are too many of them."""
MAX_SITE_BYTES = 4_000_000
_PREFIXES = (
    "non", "pre", "post", "sub", "peri", "intra", "infra", "supra", "trans", "retro", "hemi", "inter", "anti",
    "hyper", "hypo", "micro", "extra", "endo", "over", "under", "para", "multi",
)  # fmt: skip
_THREE_FROM = 8
_LEAST_STEM = 5
_STEM_CLASS = 6
"""A stem must be at least this frequent to vouch for a word with a prefix."""


class Lexicon:
    """Words with their frequency classes."""

    def __init__(self, classes: dict[str, int]) -> None:
        self._classes = classes
        self._by_length: dict[int, tuple[str, ...]] = {}
        self._by_end: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._classes)

    @property
    def classes(self) -> Mapping[str, int]:
        return self._classes

    def holds(self, token: str) -> bool:
        """Is it a word, listed or made by a prefix from a frequent listed one?"""
        return token in self._classes or self._has_stem(token)

    def frequency_class(self, token: str) -> int:
        """0 for what is not listed."""
        return self._classes.get(token, 0)

    def of_length(self, length: int) -> tuple[str, ...]:
        """The listed words of so many letters, most frequent first."""
        if not self._by_length:
            grouped: dict[int, list[str]] = {}
            for word in sorted(self._classes, key=self._classes.__getitem__, reverse=True):
                grouped.setdefault(len(word), []).append(word)
            self._by_length = {n: tuple(words) for n, words in grouped.items()}
        return self._by_length.get(length, ())

    def near(self, token: str, edits: int) -> list[str]:
        """Listed words that differ from the token by at most `edits` edits, itself left out."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        found: list[str] = []
        for length in range(max(1, len(token) - edits), len(token) + edits + 1):
            words = self.of_length(length)
            hits = process.extract(token, words, scorer=OSA.distance, score_cutoff=edits, limit=None)
            found += [word for word, _, _ in hits if word != token]
        return found

    def rivals(self, token: str, edits: int) -> list[str]:
        """Listed words of class LEAST_RIVAL_CLASS on, within `edits` of the token, that begin or end
        with the same two letters (three, from eight letters on); all but for errors at both ends."""
        from rapidfuzz import process
        from rapidfuzz.distance import Levenshtein

        if not self._by_end:
            self._by_end = self._grouped_by_ends()
        words: list[str] = []
        for length in range(max(2, len(token) - edits), len(token) + edits + 1):
            for end in _ends(token, length):
                words += self._by_end.get(end, ())
        hits = process.extract(token, words, scorer=Levenshtein.distance, score_cutoff=edits, limit=None)
        return list(dict.fromkeys(word for word, _, _ in hits if word != token))

    def _grouped_by_ends(self) -> dict[str, list[str]]:
        grouped: dict[str, list[str]] = {}
        for word, grade in self._classes.items():
            if grade >= LEAST_RIVAL_CLASS:
                for end in _ends(word, len(word)):
                    grouped.setdefault(end, []).append(word)
        return grouped

    def _has_stem(self, token: str) -> bool:
        return token.startswith(_PREFIXES) and any(
            token.startswith(prefix)
            and len(token) - len(prefix) >= _LEAST_STEM
            and self._classes.get(token[len(prefix) :], 0) >= _STEM_CLASS
            for prefix in _PREFIXES
        )


def _ends(token: str, length: int) -> tuple[str, str]:
    """Groups of words of a length that begin, and that end, like the token."""
    letters = 2 if length < _THREE_FROM else 3
    return f"{length}{token[:letters]}", f"{length}<{token[-letters:]}"


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """The list that comes with the product; the same object every time."""
    return Lexicon(_shipped_classes())


def with_site_words(words: Iterable[str]) -> Lexicon:
    """The shipped list and these."""
    own = dict.fromkeys((token for word in words for token in expand.word_tokens(word)), SITE_CLASS)
    shared = _shipped_classes() if own else {}
    return Lexicon(shared | {w: max(c, shared.get(w, 0)) for w, c in own.items()}) if own else shipped()


def site_words(path: Path) -> list[str]:
    """Words of the site's file; none where there is no file. Undecodable bytes are passed over."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SITE_BYTES).decode("utf-8-sig", "ignore")
    except FileNotFoundError:
        return []
    return [word for line in text.splitlines() for word in line.split("#", 1)[0].split()]


def _shipped_classes() -> dict[str, int]:
    packed = resources.files("scanindex.index").joinpath("lexicon.xz").read_bytes()
    found: dict[str, int] = {}
    for line in lzma.decompress(packed).decode("ascii").splitlines():
        grade, _, words = line.partition(" ")
        found.update(dict.fromkeys(words.split(" "), int(grade)))
    return found
