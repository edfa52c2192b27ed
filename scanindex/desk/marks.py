"""Where two texts differ, as ranges of characters to be marked on the screen. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

_ALIKE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Characters start..end (exclusive, 0-based) of a text; never empty."""

    start: int
    end: int


def marks(text: str, other: str) -> tuple[Mark, ...]:
    """What of `text` differs from `other`, letter case aside; where something is missing, its neighbour.

    Texts that have little in common are marked whole: single letters that happen to agree would mislead.
    """
    one, two = _folded(text), _folded(other)
    if not text or not other or one == two:
        return ()
    if Levenshtein.normalized_similarity(one, two) < _ALIKE:
        return (Mark(start=0, end=len(text)),)
    found = []
    for step in Levenshtein.opcodes(one, two):
        if step.tag == "equal":
            continue
        start, end = step.src_start, step.src_end
        if start == end:
            start = min(start, len(text) - 1)
            end = start + 1
        found.append((start, end))
    return _joined(found)


def union(several: Iterable[tuple[Mark, ...]]) -> tuple[Mark, ...]:
    """All of them, overlapping ones as one."""
    return _joined([(mark.start, mark.end) for marks_of in several for mark in marks_of])


def _joined(ranges: list[tuple[int, int]]) -> tuple[Mark, ...]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(Mark(start=start, end=end) for start, end in joined)


def _folded(text: str) -> str:
    """Of the same length, so that places carry over."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
