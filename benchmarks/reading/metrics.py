"""What a reading got right: words, characters, identifiers.

Pure functions on text. Words are compared as a bag per page (no order), case folded,
with punctuation stripped from their ends; counts are summed over pages before any
ratio is taken (micro average), so long pages weigh more than short ones.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    _Row = np.ndarray[Any, np.dtype[np.int32]]

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCount:
    """Words that agree, words of the truth, words of the reading."""

    hits: int = 0
    truth: int = 0
    read: int = 0

    def __add__(self, other: WordCount) -> WordCount:
        return WordCount(
            hits=self.hits + other.hits, truth=self.truth + other.truth, read=self.read + other.read
        )

    @property
    def recall(self) -> float:
        return self.hits / self.truth if self.truth else 0.0

    @property
    def precision(self) -> float:
        return self.hits / self.read if self.read else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.hits / (self.truth + self.read) if self.truth + self.read else 0.0


def tokens(text: str) -> Counter[str]:
    """The words of a text as they are compared; what is punctuation only is no word."""
    return Counter(bare for word in text.split() if (bare := _EDGES.sub("", word.casefold())))


def count_words(truth: str, read: str) -> WordCount:
    wanted, got = tokens(truth), tokens(read)
    return WordCount(hits=(wanted & got).total(), truth=wanted.total(), read=got.total())


@dataclass(frozen=True, slots=True, kw_only=True)
class CharCount:
    """Edits that the truth's segments need, and their characters (spaces left out)."""

    edits: int = 0
    chars: int = 0

    def __add__(self, other: CharCount) -> CharCount:
        return CharCount(edits=self.edits + other.edits, chars=self.chars + other.chars)

    @property
    def rate(self) -> float:
        return self.edits / self.chars if self.chars else 0.0


def count_edits(segments: Iterable[str], read: str) -> CharCount:
    """Order-free character error: each segment against the part of the page nearest to it.

    Case counts, spaces do not. A segment costs at most its own length.
    """
    page = "".join(read.split())
    total = CharCount()
    for segment in segments:
        pattern = "".join(segment.split())
        total += CharCount(edits=edits_within(pattern, page), chars=len(pattern))
    return total


def edits_within(pattern: str, text: str) -> int:
    """Least edit distance between `pattern` and any part of `text` (Sellers 1980)."""
    if pattern in text:
        return 0
    if not text:
        return len(pattern)
    import numpy as np

    letters, places = _encoded(text)
    row: _Row = np.zeros(len(text) + 1, dtype=np.int32)
    for letter in pattern:
        # Best without skipping letters of the text; skipping then spreads to the right.
        step = np.empty_like(row)
        step[0] = row[0] + 1
        np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)), out=step[1:])
        row = np.minimum.accumulate(step - places) + places
    return int(row.min())


@functools.lru_cache(maxsize=4)
def _encoded(text: str) -> tuple[_Row, _Row]:
    import numpy as np

    return np.array([ord(c) for c in text], dtype=np.int32), np.arange(len(text) + 1, dtype=np.int32)


def stands_in(value: str, read: str) -> bool:
    """The value was read exactly: every letter and digit, not as part of a longer run.

    Case counts not, nor do spaces where the value has a space or punctuation.
    """
    parts = re.findall(r"\w+|[^\w\s]", value)
    if not parts:
        return False
    pattern = r"\s*".join(re.escape(part) for part in parts)
    return re.search(rf"(?<!\w){pattern}(?!\w)", read, re.IGNORECASE) is not None


def share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
