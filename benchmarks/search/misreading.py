"""What a scanner makes of a printed word: confused, lost, added, split and joined characters.

The table has the shape that counts of real OCR output have: few pairs are frequent
(e/c, l/1/i, rn/m, o/0, h/b, n/u), many are rare, a word is misread in a few favourite
ways and in a long tail of single ones, and characters also vanish, appear and break the
word. Pairs counted on real output (clean word to its misreadings) can be laid over it.
Imports nothing of the product.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

FAVOURITES = 6
"""Ways in which one word is misread again and again."""
FAVOURITE_SHARE = 0.7

# What is seen, what is read, how often in a thousand single errors.
_PAIRS: tuple[tuple[str, str, int], ...] = (
    ("e", "c", 60), ("c", "e", 40), ("l", "1", 25), ("l", "i", 35), ("i", "l", 40), ("i", "1", 12),
    ("1", "l", 25), ("I", "l", 25), ("l", "I", 25), ("rn", "m", 40), ("m", "rn", 25), ("o", "0", 8),
    ("0", "o", 14), ("O", "0", 14), ("0", "O", 14), ("h", "b", 25), ("b", "h", 18), ("n", "u", 22),
    ("u", "n", 18), ("a", "o", 22), ("o", "a", 12), ("a", "s", 8), ("s", "a", 6), ("t", "f", 14),
    ("f", "t", 14), ("t", "l", 12), ("l", "t", 12), ("i", "t", 6), ("cl", "d", 14), ("d", "cl", 12),
    ("li", "h", 8), ("ri", "n", 14), ("n", "ri", 8), ("in", "m", 8), ("ii", "u", 6), ("u", "ii", 5),
    ("vv", "w", 3), ("w", "vv", 8), ("v", "y", 8), ("y", "v", 10), ("g", "q", 10), ("q", "g", 4),
    ("g", "9", 5), ("s", "5", 6), ("5", "S", 16), ("S", "5", 8), ("8", "B", 10), ("B", "8", 6),
    ("6", "b", 5), ("3", "8", 6), ("7", "1", 4), ("2", "Z", 5), ("z", "2", 4), ("D", "O", 6),
    ("fi", "h", 6), ("ti", "h", 5), ("r", "t", 6), ("t", "r", 5), ("r", "i", 6), ("e", "o", 14),
    ("o", "e", 10), ("h", "li", 6), ("k", "lc", 3), ("nn", "m", 4), ("P", "F", 4), ("F", "P", 4),
    ("E", "F", 4), ("R", "K", 3), ("M", "N", 4), ("H", "N", 3),
)  # fmt: skip
_OTHER = (("lost", 9), ("added", 5), ("split", 5), ("mark", 6), ("any", 6), ("pair", 69))
"""Kinds of single errors in a hundred."""
_MARKS = ".,'-~_:;|*"
_LETTERS = "etaoinshrdlcumwfgypbvk"
_KIND_NAMES = [name for name, _ in _OTHER]
_KIND_SUMS = list(accumulate(share for _, share in _OTHER))

Learned = Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]]
"""Clean word to its misreadings and their running counts."""


def learned(path: Path) -> Learned:
    """Pairs from JSON: `{clean: [misread, ...]}` or `{clean: {misread: count}}`."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    found = {}
    for clean, misread in raw.items():
        counts = misread if isinstance(misread, dict) else dict.fromkeys(misread, 1)
        ways = {way: count for way, count in counts.items() if way != clean}
        if ways:
            found[clean] = (tuple(ways), tuple(accumulate(float(count) for count in ways.values())))
    return found


class Misreader:
    """Misreads words; the favourites of a word do not depend on what was asked before."""

    def __init__(self, seed: int, pairs: Learned | None = None) -> None:
        self._seed = seed
        self._pairs = pairs or {}
        self._favourites: dict[str, tuple[str, ...]] = {}

    def misread(self, word: str, errors: int, rng: random.Random) -> str:
        """The word with about `errors` wrong characters; may hold a blank, never empty."""
        if word in self._pairs:
            ways, sums = self._pairs[word]
            return rng.choices(ways, cum_weights=sums)[0]
        if errors == 1 and rng.random() < FAVOURITE_SHARE:
            ways = self._of(word)
            # The first of n is taken n times as often as the last.
            return ways[min(rng.randrange(len(ways)), rng.randrange(len(ways)))]
        for _ in range(errors):
            word = _one_error(word, rng)
        return word

    def _of(self, word: str) -> tuple[str, ...]:
        if word not in self._favourites:
            rng = random.Random(f"{self._seed}/{word}")
            self._favourites[word] = tuple(_one_error(word, rng) for _ in range(FAVOURITES))
        return self._favourites[word]


def spoil(words: Sequence[str], rate: float, misreader: Misreader, rng: random.Random) -> list[str]:
    """The words as read at this character error rate."""
    characters = sum(map(len, words))
    expected = characters * rate
    errors = int(expected) + (rng.random() < expected % 1)
    hits: dict[int, int] = {}
    for _ in range(errors):
        at = int(rng.random() * len(words))
        hits[at] = hits.get(at, 0) + 1
    read = list(words)
    for at, count in hits.items():
        read[at] = misreader.misread(read[at], count, rng)
    return read


def _one_error(word: str, rng: random.Random) -> str:
    kind = rng.choices(_KIND_NAMES, cum_weights=_KIND_SUMS)[0]
    if kind == "pair":
        options = [(seen, read, share) for seen, read, share in _PAIRS if seen in word]
        if options:
            seen, read, _ = rng.choices(options, weights=[share for _, _, share in options])[0]
            places = [n for n in range(len(word)) if word.startswith(seen, n)]
            at = rng.choice(places)
            return word[:at] + read + word[at + len(seen) :]
        kind = "any"
    at = rng.randrange(len(word))
    if kind == "lost" and len(word) > 1:
        return word[:at] + word[at + 1 :]
    if kind == "added":
        return word[:at] + rng.choice(_LETTERS) + word[at:]
    if kind == "split" and at > 0:
        return word[:at] + " " + word[at:]
    if kind == "mark":
        return word[:at] + rng.choice(_MARKS) + word[at:]
    return word[:at] + rng.choice(_LETTERS) + word[at + 1 :]
