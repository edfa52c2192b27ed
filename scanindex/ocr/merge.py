"""Joins two readings of one page into one list of words in reading order. Worker-only."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import replace

from scanindex.model import Box, Word

OVERLAP = 0.4
LEAST_CONFIDENCE = 0.4
LEAST_LONE_CONFIDENCE = 0.75
"""For a word of one letter, which lines and specks look like."""
SURER_BY = 0.05


def merge(first: Sequence[Word], second: Sequence[Word]) -> tuple[Word, ...]:
    """`first` plus the words of `second` that it lacks or that replace one it was less sure of."""
    kept = list(first)
    added: list[Word] = []
    for word in second:
        if not _is_likely(word):
            continue
        rivals = [index for index, other in enumerate(kept) if _overlap(word.box, other.box) > OVERLAP]
        if not rivals:
            added.append(word)
        elif len(rivals) == 1 and _is_surer(word, kept[rivals[0]]):
            kept[rivals[0]] = replace(word, line_no=kept[rivals[0]].line_no)
    return into_lines(kept, added)


def _is_likely(word: Word) -> bool:
    length = sum(character.isalnum() for character in word.text)
    least = LEAST_CONFIDENCE if length > 1 else LEAST_LONE_CONFIDENCE
    return length > 0 and (word.confidence or 0.0) > least


def _is_surer(word: Word, other: Word) -> bool:
    return (word.confidence or 0.0) > (other.confidence or 0.0) + SURER_BY and len(word.text) >= len(
        other.text
    )


def into_lines(kept: Sequence[Word], added: Sequence[Word]) -> tuple[Word, ...]:
    """Puts `added` into the lines of `kept` that they stand in, or into new ones by height."""
    lines: dict[int, list[Word]] = {}
    for word in kept:
        lines.setdefault(word.line_no, []).append(word)
    ordered = [lines[number] for number in sorted(lines)]
    for word in sorted(added, key=lambda item: (item.box.top_px, item.box.left_px)):
        home = next((line for line in ordered if _stands_in(word, line)), None)
        if home is None:
            ordered.insert(_place_for(word, ordered), [word])
        else:
            home.append(word)
    return renumber(sorted(line, key=lambda item: item.box.left_px) for line in ordered)


def renumber(lines: Iterable[Sequence[Word]]) -> tuple[Word, ...]:
    """Words of all lines with line_no counting from 1."""
    return tuple(
        word if word.line_no == number else replace(word, line_no=number)
        for number, line in enumerate(lines, start=1)
        for word in line
    )


def _stands_in(word: Word, line: Sequence[Word]) -> bool:
    """Beside a word of the line, at its height and within a few letters' distance."""
    for other in line:
        height = min(other.box.bottom_px - other.box.top_px, word.box.bottom_px - word.box.top_px)
        shared = min(other.box.bottom_px, word.box.bottom_px) - max(other.box.top_px, word.box.top_px)
        gap = max(other.box.left_px, word.box.left_px) - min(other.box.right_px, word.box.right_px)
        if shared > 0.5 * height and gap < 3 * height:
            return True
    return False


def _place_for(word: Word, ordered: Sequence[Sequence[Word]]) -> int:
    """After the last line that lies wholly above the word."""
    place = 0
    for index, line in enumerate(ordered):
        if statistics.mean(item.box.bottom_px for item in line) <= word.box.top_px + 2:
            place = index + 1
    return place


def _overlap(one: Box, other: Box) -> float:
    """Shared area over the smaller box."""
    width = min(one.right_px, other.right_px) - max(one.left_px, other.left_px)
    height = min(one.bottom_px, other.bottom_px) - max(one.top_px, other.top_px)
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min(_area(one), _area(other))
    return width * height / smaller if smaller else 0.0


def _area(box: Box) -> int:
    return (box.right_px - box.left_px) * (box.bottom_px - box.top_px)
