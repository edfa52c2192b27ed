"""What searches of single words find on noisy pages, against what was printed there."""

from __future__ import annotations

import bisect
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.recall.noise import NoisyPage
from scanindex.index import expand, misreading
from scanindex.index.spelling import Spelling

MODES = ("exact", "fold", "alike")
LEAST_LETTERS = 4
Find = Callable[[str, str], set[int]]
"""Searched word and mode to the numbers of the pages found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    pages: int
    words: int
    """Different words searched."""
    recall: Mapping[str, float]
    """Per mode: of all (word, page) that were printed, the share found."""
    precision: Mapping[str, float]
    mean_precision: Mapping[str, float]
    """The mean over words, each counting alike."""
    recall_pages: Mapping[str, Sequence[tuple[int, int]]]
    """Of each word: pages rightly found, pages it was printed on."""
    precision_pages: Mapping[str, Sequence[tuple[int, int]]]
    """Of each word: pages rightly found, pages found."""
    seconds: Mapping[str, float]
    """Mean time of a search, processor."""


class DictIndex:
    """Pages by key in plain dictionaries: what the rules do without an engine."""

    def __init__(self, pages: Iterable[Sequence[str]], spelling: Spelling) -> None:
        self._spelling = spelling
        self._pages: dict[str, set[int]] = defaultdict(set)
        self._entries: list[tuple[str, int]] = []
        self.listed = 0
        entries: list[str] = []
        for number, words in enumerate(pages):
            for word in words:
                for token in expand.word_tokens(word):
                    self._pages[token].add(number)
            entries += spelling.page_entries(words)
        self.post(entries)

    def post(self, entries: Iterable[str]) -> None:
        """Takes these entries instead of those of the pages."""
        self._entries = sorted(Counter(entries).items())

    @property
    def entries(self) -> int:
        return len(self._entries)

    def keys_from(self, prefix: str) -> list[tuple[str, int]]:
        low = bisect.bisect_left(self._entries, (prefix, 0))
        high = bisect.bisect_left(self._entries, (prefix + "\x7f", 0))
        self.listed += high - low
        return self._entries[low:high]

    def find(self, word: str, mode: str) -> set[int]:
        found = set(self._pages.get(word, ()))
        if mode == "exact":
            return found
        others = self._spelling.look_alikes(word, self.keys_from, frequency=len(found))
        if mode == "fold":
            shape = misreading.shape(word)
            others = [other for other in others if misreading.shape(other) == shape]
        return found.union(*(self._pages.get(other, set()) for other in others))


def score(
    pages: Sequence[NoisyPage], find: Find, *, words: int, modes: Sequence[str] = MODES, seed: int = 1
) -> Score:
    """`words` different words of letters, chosen by chance from all that were printed."""
    printed: dict[str, set[int]] = defaultdict(set)
    for number, page in enumerate(pages):
        for word in page.printed:
            for token in expand.parts(word):
                if token.isalpha() and len(token) >= LEAST_LETTERS:
                    printed[token].add(number)
    chosen = sorted(printed)
    random.Random(seed).shuffle(chosen)
    del chosen[words:]
    tallies = {mode: _tally(chosen, printed, find, mode) for mode in modes}
    return Score(
        pages=len(pages),
        words=len(chosen),
        recall={mode: _share((right, of) for right, of, _ in t.counts) for mode, t in tallies.items()},
        precision={mode: _share((right, of) for right, _, of in t.counts) for mode, t in tallies.items()},
        mean_precision={mode: t.mean_precision for mode, t in tallies.items()},
        recall_pages={mode: [(right, of) for right, of, _ in t.counts] for mode, t in tallies.items()},
        precision_pages={mode: [(right, of) for right, _, of in t.counts] for mode, t in tallies.items()},
        seconds={mode: t.seconds for mode, t in tallies.items()},
    )


class _Tally(NamedTuple):
    counts: list[tuple[int, int, int]]
    """Of each word: pages rightly found, printed, found."""
    seconds: float

    @property
    def mean_precision(self) -> float:
        shares = [right / shown for right, _, shown in self.counts if shown]
        return sum(shares) / len(shares)


def _share(counts: Iterable[tuple[int, int]]) -> float:
    rights, wholes = zip(*counts, strict=True)
    return float(sum(rights) / sum(wholes))


def _tally(chosen: Sequence[str], printed: Mapping[str, set[int]], find: Find, mode: str) -> _Tally:
    counts = []
    began = time.process_time()
    for word in chosen:
        found = find(word, mode)
        counts.append((len(found & printed[word]), len(printed[word]), len(found)))
    return _Tally(counts, (time.process_time() - began) / len(chosen))
