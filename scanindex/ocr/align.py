"""Splits a second reading of a line over the words that the first reader saw in it.

Pure text work. Promises: no letter or digit of the second reading is dropped; each stands
against some word (where it may dispute it) or is given back as seen by the second reader only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from scanindex.agreement import characters


@dataclass(slots=True)
class Pair:
    """Words of the line and, as places in the second reading, the tokens in their place.

    No word: the second reader saw the tokens where the first reader saw nothing. No token:
    the second reader saw nothing there.
    """

    words: range
    tokens: range


def align(words: Sequence[str], tokens: Sequence[str]) -> tuple[Pair, ...]:
    """`tokens` split over `words`, in their order; as few of both to a pair as fit.

    tokens: what spaces separate in the second reading, each with a letter or digit.
    """
    one = [(c, number) for number, word in enumerate(words) for c in characters(word)]
    two = [(c, number) for number, token in enumerate(tokens) for c in characters(token)]
    return tuple(_filled(_linked(_edges(one, two)), len(words), len(tokens)))


def _edges(one: Sequence[tuple[str, int]], two: Sequence[tuple[str, int]]) -> set[tuple[int, int]]:
    """(word, token) pairs that share a character place, equal or replaced."""
    edges: set[tuple[int, int]] = set()
    text_one, text_two = "".join(c for c, _ in one), "".join(c for c, _ in two)
    for step in Levenshtein.opcodes(text_one, text_two):
        if step.tag in ("equal", "replace"):
            places = zip(
                range(step.src_start, step.src_end), range(step.dest_start, step.dest_end), strict=True
            )
            edges.update((one[a][1], two[b][1]) for a, b in places)
    return edges


def _linked(edges: set[tuple[int, int]]) -> list[Pair]:
    """Runs of words and tokens that hang together, in order."""
    pairs: list[Pair] = []
    for word, token in sorted(edges):
        last = pairs[-1] if pairs else None
        if last and (word < last.words.stop or token < last.tokens.stop):
            last.words = range(last.words.start, max(last.words.stop, word + 1))
            last.tokens = range(last.tokens.start, max(last.tokens.stop, token + 1))
        else:
            pairs.append(Pair(range(word, word + 1), range(token, token + 1)))
    return pairs


def _filled(pairs: Sequence[Pair], words: int, tokens: int) -> Iterator[Pair]:
    """`pairs` with what lies between them: skipped words with skipped tokens make a pair."""
    word = token = 0
    for pair in (*pairs, Pair(range(words, words), range(tokens, tokens))):
        if word < pair.words.start or token < pair.tokens.start:
            yield Pair(range(word, pair.words.start), range(token, pair.tokens.start))
        if len(pair.words) or len(pair.tokens):
            yield pair
        word, token = pair.words.stop, pair.tokens.stop
