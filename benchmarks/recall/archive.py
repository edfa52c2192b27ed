"""Read pages among very many others: an index of odd words as large as an archive's.

The others are invented text with people's names and words that hardly another page has, misread by the
table of `benchmarks.search.misreading`, most of them little (`benchmarks.search.corpus`, LEVELS). Pages are
kept of the words that a search may show only; so the index of tens of thousands of pages fits in memory.
"""

from __future__ import annotations

import bisect
import random
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from benchmarks.recall.score import LEAST_LETTERS
from benchmarks.recall.text import Writer
from benchmarks.search.corpus import LEVELS
from benchmarks.search.misreading import Misreader, spoil
from benchmarks.search.wording import wording
from benchmarks.simulation.people import SURNAMES
from scanindex.index import expand
from scanindex.index.spelling import Spelling

Page = tuple[Sequence[str], Sequence[str]]
"""The words printed and the words read."""
_PEOPLE, _RARE = 2, 2


def others(lexicon: Mapping[str, int], pages: int, seed: int) -> Iterator[Page]:
    """So many pages of the archive around."""
    rng, writer, stock = random.Random(seed), Writer(lexicon, seed, seed), wording(seed)
    misreader = Misreader(seed)
    for _ in range(pages):
        rare = rng.choices(stock.tail, cum_weights=stock.tail_sums, k=_RARE)
        printed = [*rng.choices(SURNAMES, k=_PEOPLE), *rare, *writer.page()]
        _, low, high = rng.choices(LEVELS, weights=[share for share, _, _ in LEVELS])[0]
        yield printed, " ".join(spoil(printed, rng.uniform(low, high), misreader, rng)).split()


class Archive:
    """Pages by key, and where the words to be searched are printed."""

    def __init__(self, spelling: Spelling, searched: Collection[str], most_counted: int | None) -> None:
        """`most_counted`: an entry's pages are counted so far, as where all is one write."""
        self._spelling = spelling
        self._most = most_counted
        self._searched = frozenset(searched)
        self._pages: dict[str, array[int]] = defaultdict(lambda: array("l"))
        self.printed: dict[str, set[int]] = defaultdict(set)
        self._posted: Counter[str] = Counter()
        self._entries: list[str] = []
        self.pages = 0

    def add(self, page: Page) -> None:
        printed, read = page
        for token in {token for word in printed for token in expand.parts(word)}:
            if token in self._searched:
                self.printed[token].add(self.pages)
        for token in {token for word in read for token in expand.word_tokens(word)}:
            if token in self._searched or self._spelling.is_odd(token):
                self._pages[token].append(self.pages)
        self._posted.update(self._spelling.page_entries(read))
        self.pages += 1

    def post(self, entries: Collection[str]) -> None:
        """Entries of words that stand on no page here: they only fill the dictionary."""
        self._posted.update(entries)

    def close(self) -> None:
        self._entries = sorted(self._posted)

    @property
    def entries(self) -> int:
        return len(self._entries)

    def keys_from(self, prefix: str) -> list[tuple[str, int]]:
        low = bisect.bisect_left(self._entries, prefix)
        high = bisect.bisect_left(self._entries, prefix + "\x7f")
        most, posted = self._most, self._posted
        return [(e, posted[e] if most is None else min(posted[e], most)) for e in self._entries[low:high]]

    def _pages_of(self, word: str) -> int:
        return len(self._pages.get(word, ()))

    def find(self, word: str, mode: str) -> set[int]:
        found = set(self._pages.get(word, ()))
        if mode == "exact":
            return found
        others = self._spelling.look_alikes(
            word, self.keys_from, frequency=len(found), pages_of=self._pages_of
        )
        return found.union(*(self._pages.get(other, ()) for other in others))


def chosen(pages: Sequence[Page], words: int, seed: int = 1) -> list[str]:
    """`words` different words of letters, by chance from all that were printed on these pages."""
    printed = {t for words, _ in pages for word in words for t in expand.parts(word)}
    found = sorted(token for token in printed if token.isalpha() and len(token) >= LEAST_LETTERS)
    random.Random(seed).shuffle(found)
    return found[:words]


def tally(
    archive: Archive, words: Sequence[str], mode: str, among: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Recall on the first `among` pages and on all; precision on all; processor time a word."""
    wanted = right = shown = front = front_right = 0
    means, times = [], []
    for word in words:
        began = clock()
        found = archive.find(word, mode)
        times.append(clock() - began)
        there = archive.printed[word]
        hits = found & there
        wanted, right, shown = wanted + len(there), right + len(hits), shown + len(found)
        front += sum(page < among for page in there)
        front_right += sum(page < among for page in hits)
        if found:
            means.append(len(hits) / len(found))
    times.sort()
    return {
        "recall here": front_right / front,
        "recall": right / wanted,
        "precision": right / shown,
        "mean precision": sum(means) / len(means),
        "ms p50": times[len(times) // 2] * 1e3,
        "ms p95": times[int(len(times) * 0.95)] * 1e3,
    }
