"""Which odd words of an index are misreadings of one searched word, and which are words of their own.

A noisy channel with three checks. A trusted word that explains the odd word clearly better takes it,
and so does an odd word that recurs in the archive itself: a name or brand that no list has. And the
right readings of the searched word bound its misread ones, nearest first: a word that stands on two
pages has hardly been misread on twenty, and hardly beyond recognition.

Promises: pure but for the keys it asks for; words come in the order of likelihood. `frequency` (pages
that hold the searched word as typed) may be unknown: then the last two checks are left out. Counts of
odd words may be cut off at a few a write (`row.DICTIONARY_POSTINGS`), so `pages_of` is asked for those
that matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from scanindex.index import misreading
from scanindex.index.lexicon import Lexicon

_LARGEST_CLASS = 21
_MOST_RIVAL_EDITS = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """How far a misreading may be from the word; set on real misreadings."""

    share: float = 0.45
    """Weighted edits a letter may carry."""
    most: float = 5.0
    rare_share: tuple[float, float] = (0.36, 0.04)
    """The same for a rare word: where no page has it as typed, and for each doubling of pages + 1."""
    unlisted_share: tuple[float, float] = (0.12, 0.07)
    """The same for a word that no list has: names resemble each other more than words do."""
    prior_step: float = 0.06
    """Edits that one doubling of a word's frequency is worth."""
    searched_class: int = 8
    """A searched word counts as at least so frequent."""
    margin: tuple[float, float, float] = (0.5, 0.1, 1.0)
    """Edits by which another word may be nearer before it wins: where no page has the searched word as
    typed, for each doubling of pages + 1, and at most. What an archive has often, it has misread often."""
    rare_class: int = 6
    """Short words at most so frequent get entries too: they are more often misread than meant."""
    rare_length: int = 7
    recurring: int = 2
    """An odd word on so many pages is rather a word that no list has,"""
    recurring_share: float = 0.2
    """and on so large a share of the pages with the searched word,"""
    recurring_limit: float = 0.9
    """unless it is so near."""
    archive_step: float = 0.12
    """Edits that one doubling of pages is worth between two words of this archive."""
    broken_pages: int = 2
    """A piece of a broken word may stand on so many pages,"""
    broken_share: float = 0.3
    """or on this share of the pages with the searched word."""
    misread_pages: int = 3
    """Pages that the odd words taken for one word may have,"""
    misread_share: float = 0.7
    """and more by this share of the pages with the word as typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The keys an odd word stands under (itself, or pieces of a broken one), and on how many pages."""

    keys: Mapping[str, int]

    @property
    def pages(self) -> int:
        return max(self.keys.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One searched word among the odd words of an index."""

    token: str
    frequency: int | None
    words: Lexicon
    rules: Rules
    pages_of: Callable[[str], int]
    """How many pages have this word; what is listed may be counted less far."""

    def keys(self, listed: Mapping[str, Listed], recurring: Mapping[str, int]) -> Iterator[str]:
        """Keys to search besides the token, likeliest first; one may come twice.

        `recurring`: odd words that begin or end like the token and stand on several pages.
        """
        left = self._misread_pages
        for cost, seen in self._near(listed):
            if self._is_beaten(seen, cost) or self._is_of_the_archive(seen, cost, recurring):
                continue
            for key, pages in sorted(listed[seen].keys.items()):
                if self.frequency is not None:
                    pages = max(pages, self.pages_of(key))
                    if key != seen and pages > self._broken_pages:
                        continue
                    if key == seen and cost > self.rules.recurring_limit and pages >= self._recurring:
                        continue
                left -= pages
                if left < 0:
                    return
                yield key

    def _near(self, listed: Mapping[str, Listed]) -> list[tuple[float, str]]:
        limit, usual = self._limit, self.rules.recurring_limit
        most = self._recurring
        costs = sorted((misreading.cost(self.token, seen, limit), seen) for seen in listed)
        return [
            (cost, seen)
            for cost, seen in costs
            if cost <= limit and (cost <= usual or listed[seen].pages < most)
        ]

    @property
    def _limit(self) -> float:
        share = self.rules.share
        if self.frequency is not None:
            known = self.words.frequency_class(self.token)
            least, step = self.rules.rare_share if known else self.rules.unlisted_share
            share = min(share, least + step * math.log2(1 + self.frequency))
        return min(self.rules.most, max(1.0, len(self.token) * share))

    @property
    def _margin(self) -> float:
        least, step, most = self.rules.margin
        return min(most, least + step * math.log2(1 + (self.frequency or 0)))

    @property
    def _misread_pages(self) -> float:
        if self.frequency is None:
            return math.inf
        return self.rules.misread_pages + self.rules.misread_share * self.frequency

    @property
    def _recurring(self) -> float:
        return max(self.rules.recurring, self.rules.recurring_share * (self.frequency or 0))

    @property
    def _broken_pages(self) -> float:
        return max(self.rules.broken_pages, self.rules.broken_share * (self.frequency or 0))

    def _is_beaten(self, seen: str, cost: float) -> bool:
        """Does a trusted word explain it clearly better?"""
        step, grade = self.rules.prior_step, self.words.frequency_class
        best = cost - max(grade(self.token), self.rules.searched_class) * step - self._margin
        if seen != self.token and -grade(seen) * step < best and self.words.holds(seen):
            return True
        most = best + _LARGEST_CLASS * step
        for rival in self.words.rivals(seen, min(_MOST_RIVAL_EDITS, int(most))) if most > 0 else ():
            least = best + grade(rival) * step
            if rival != self.token and least > 0 and misreading.cost(rival, seen, least) < least:
                return True
        return False

    def _is_of_the_archive(self, seen: str, cost: float, recurring: Mapping[str, int]) -> bool:
        """Does an odd word that recurs here explain it better?"""
        if self.frequency is None or not recurring:
            return False
        step = self.rules.archive_step
        best = cost - math.log2(1 + self.frequency) * step
        most = best + math.log2(1 + max(self.frequency, *recurring.values())) * step
        for rival in _near(seen, recurring, min(_MOST_RIVAL_EDITS, int(2 * most))) if most > 0 else ():
            if rival == seen:
                continue
            least = best + math.log2(1 + max(recurring[rival], self.pages_of(rival))) * step
            if least > 0 and misreading.cost(rival, seen, least) < least:
                return True
        return False


def _near(seen: str, words: Mapping[str, int], edits: int) -> list[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    hits = process.extract(seen, list(words), scorer=Levenshtein.distance, score_cutoff=edits, limit=None)
    return [word for word, _, _ in hits]
