"""Which words of a page are hits, and a short piece of text around them.

Works on the stored text of the few pages that are shown, so it costs nothing
while searching. Word numbers are 0-based and count `text.split()`, like the
words of the page reading. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanindex.index.expand import word_tokens

SNIPPET_WORDS = 28
LEAD_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to mark; built from the positive part of a query."""

    tokens: frozenset[str] = frozenset()
    sequences: tuple[tuple[frozenset[str], ...], ...] = ()
    """Words that must stand beside each other in this order."""


def hit_words(
    words: Sequence[str], wanted: Wanted, looked_at: dict[str, bool] | None = None
) -> tuple[int, ...]:
    """Ascending 0-based numbers of the words to mark.

    looked_at: printed words and whether any of the wanted keys is theirs; kept by the caller for
    many pages of one search.
    """
    every = wanted.tokens.union(*(slot for sequence in wanted.sequences for slot in sequence))
    known = {} if looked_at is None else looked_at
    for word in set(words).difference(known):
        known[word] = not every.isdisjoint(word_tokens(word))
    held = {n: word_tokens(word) for n, word in enumerate(words) if known[word]}
    hits = {n for n, keys in held.items() if not wanted.tokens.isdisjoint(keys)}
    for sequence in wanted.sequences:
        hits.update(_sequence_hits(words, held, sequence))
    return tuple(sorted(hits))


def _sequence_hits(
    words: Sequence[str], held: Mapping[int, Sequence[str]], sequence: Sequence[frozenset[str]]
) -> set[int]:
    """Words beside each other; marks without a letter or digit in between do not part them."""
    found: set[int] = set()
    for start, keys in held.items():
        run, at = [start], start
        if sequence[0].isdisjoint(keys):
            continue
        for slot in sequence[1:]:
            at += 1
            while at < len(words) and at not in held and not word_tokens(words[at]):
                at += 1
            if slot.isdisjoint(held.get(at, ())):
                break
            run.append(at)
        else:
            found.update(run)
    return found


def snippet(words: Sequence[str], hits: Sequence[int], size: int = SNIPPET_WORDS) -> str:
    """About `size` words where hits stand densest, hits between "[" and "]"."""
    start = _best_start(len(words), hits, size)
    end = min(len(words), start + size)
    marked = frozenset(hits)
    shown = [f"[{words[n]}]" if n in marked else words[n] for n in range(start, end)]
    return ("… " if start else "") + " ".join(shown) + (" …" if end < len(words) else "")


def _best_start(count: int, hits: Sequence[int], size: int) -> int:
    if not hits:
        return 0
    best, best_score, low = hits[0], 0, 0
    for high, hit in enumerate(hits):
        while hit - hits[low] >= size - LEAD_WORDS:
            low += 1
        if high - low + 1 > best_score:
            best, best_score = hits[low], high - low + 1
    return max(0, min(best - LEAD_WORDS, count - size))
