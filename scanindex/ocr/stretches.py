"""Which stretches of a page's lines are in doubt, and the words of the first reader in each.

Two ways: around the doubtful words as the first reader boxed them, or in the lines that a
detector found, less the words in them that are sure. Every word of the first reader either
stands, or lies in one stretch; only what is unsure and outside every line of the detector
is dropped. Pure geometry. Worker-only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from scanindex.model import Box, Word
from scanindex.ocr.textlines import TextLine

SURE = 0.9
"""Tesseract's words above it are right in 19 of 20 cases, below in fewer than 8 of 10."""
SURE_LETTER = 0.85
LEAST_FREE = 0.6
"""For words where the detector sees no text."""
WIDE_GAP_HEIGHTS = 2.0
"""Of a line, that no word of the first reader covers."""
SHORT_HEIGHTS = 1.5
"""A sure word no longer than that is read along with its doubtful neighbours."""
LEAST_STRETCH_HEIGHTS = 0.5
RIM_HEIGHTS = 0.2
TELLING = 0.7
LEAST_HEIGHT_SHARE = 0.55
"""Of the detector's line: where the words in it are lower than that they are scraps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a line to be read, and what the first reader saw in it."""

    line: TextLine
    words: list[Word] = field(repr=False)


def is_sure(word: Word) -> bool:
    length = sum(character.isalnum() for character in word.text)
    return (word.confidence or 0.0) >= (SURE if length != 1 else SURE_LETTER)


def doubtful_words(words: Sequence[Word]) -> tuple[list[Word], list[Stretch]]:
    """Neighbouring doubtful words of a line are read together."""
    kept: list[Word] = []
    runs: list[list[Word]] = []
    before: Word | None = None
    for word in words:
        if is_sure(word) or not any(character.isalnum() for character in word.text):
            kept.append(word)
            before = None
            continue
        if before is not None and before.line_no == word.line_no and _are_close(before, word):
            runs[-1].append(word)
        else:
            runs.append([word])
        before = word
    return kept, [Stretch(line=_line_around(run), words=run) for run in runs]


def _are_close(one: Word, two: Word) -> bool:
    height = one.box.bottom_px - one.box.top_px
    return -height < two.box.left_px - one.box.right_px < WIDE_GAP_HEIGHTS * height


def _line_around(words: Sequence[Word]) -> TextLine:
    """With a rim of paper, so that the letters at the edge are whole."""
    boxes = [word.box for word in words]
    top, bottom, rim = _height_of(boxes)
    left, right = min(box.left_px for box in boxes) - rim, max(box.right_px for box in boxes) + rim
    return _upright_line(left, top, right, bottom)


def _tightened(line: TextLine, words: Sequence[Word]) -> TextLine:
    """As high as the words in it: the detector's boxes take in rules and the lines next to it."""
    telling = [word.box for word in words if len(word.text) > 1 and (word.confidence or 0.0) >= TELLING]
    tilt = abs(float(line.corners[1][1] - line.corners[0][1]))
    if not telling or tilt > 0.15 * line.height_px:
        return line
    top, bottom, _ = _height_of(telling)
    if not LEAST_HEIGHT_SHARE * line.height_px < bottom - top < line.height_px:
        return line
    return _upright_line(line.box.left_px, top, line.box.right_px, bottom)


def _height_of(boxes: Sequence[Box]) -> tuple[int, int, int]:
    """Top and bottom with a rim of paper, and the rim."""
    top, bottom = min(box.top_px for box in boxes), max(box.bottom_px for box in boxes)
    rim = max(2, round(RIM_HEIGHTS * (bottom - top)))
    return max(0, top - rim), bottom + rim, rim


def _upright_line(left: int, top: int, right: int, bottom: int) -> TextLine:
    left = max(0, left)
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return TextLine(corners=np.asarray(corners, np.float32))


def doubtful_lines(
    words: Sequence[Word], lines: Sequence[TextLine], read_all: bool
) -> tuple[list[Word], list[Stretch]]:
    """Words that stand, and the parts of `lines` to be read with the other words in them."""
    inside, kept = _by_line(words, lines)
    stretches: list[Stretch] = []
    for found, own in zip(lines, inside, strict=True):
        line = _tightened(found, own)
        if read_all or line.runs_down:
            stretches.append(Stretch(line=line, words=own))
            continue
        standing, parts = _parts_in_doubt(line, own)
        kept.extend(standing)
        stretches.extend(parts)
    return kept, stretches


def _by_line(words: Sequence[Word], lines: Sequence[TextLine]) -> tuple[list[list[Word]], list[Word]]:
    """The words in each line, and those in none that are sure enough to stand alone."""
    inside: list[list[Word]] = [[] for _ in lines]
    free: list[Word] = []
    boxes = [line.box for line in lines]
    for word in words:
        x, y = _middle(word.box)
        homes = [(abs(y - _middle(box)[1]), place) for place, box in enumerate(boxes) if _contains(box, x, y)]
        if homes:
            inside[min(homes)[1]].append(word)
        elif (word.confidence or 0.0) >= LEAST_FREE:
            free.append(word)
    return inside, free


def _parts_in_doubt(line: TextLine, words: Sequence[Word]) -> tuple[list[Word], list[Stretch]]:
    box, height = line.box, line.height_px
    sure = [word for word in words if is_sure(word) and _width(word) > SHORT_HEIGHTS * height]
    rest = [word for word in words if word not in sure]
    parts: list[Stretch] = []
    for left, right in _gaps(box, [word.box for word in sure]):
        own = [word for word in rest if left <= _middle(word.box)[0] < right]
        rest = [word for word in rest if word not in own]
        doubtful = [word for word in own if not is_sure(word)]
        width = right - left
        is_unread = not own and width > (WIDE_GAP_HEIGHTS if sure else LEAST_STRETCH_HEIGHTS) * height
        if not doubtful and not is_unread and not _has_wide_gap(left, right, own, height):
            sure.extend(own)
            continue
        parts.append(Stretch(line=_stretch_of(line, left, right), words=own))
    return [*sure, *rest], parts


def _has_wide_gap(left: float, right: float, words: Sequence[Word], height: float) -> bool:
    edges = [left, *(edge for word in words for edge in (word.box.left_px, word.box.right_px)), right]
    edges.sort()
    return any(edges[at + 1] - edges[at] > WIDE_GAP_HEIGHTS * height for at in range(0, len(edges) - 1, 2))


def _gaps(box: Box, sure: Sequence[Box]) -> Iterator[tuple[float, float]]:
    """What of the line's width no sure word takes."""
    left = float(box.left_px)
    for word in sorted(sure, key=lambda item: item.left_px):
        if word.left_px > left:
            yield left, float(word.left_px)
        left = max(left, float(word.right_px))
    if box.right_px > left:
        yield left, float(box.right_px)


def _stretch_of(line: TextLine, left: float, right: float) -> TextLine:
    box = line.box
    width = max(1, box.right_px - box.left_px)
    if left <= box.left_px and right >= box.right_px:
        return line
    top_left, top_right, bottom_right, bottom_left = line.corners
    one, two = (left - box.left_px) / width, (right - box.left_px) / width
    top, bottom = top_right - top_left, bottom_right - bottom_left
    corners = [top_left + one * top, top_left + two * top, bottom_left + two * bottom]
    return TextLine(corners=np.asarray([*corners, bottom_left + one * bottom], np.float32))


def _middle(box: Box) -> tuple[float, float]:
    return (box.left_px + box.right_px) / 2, (box.top_px + box.bottom_px) / 2


def _width(word: Word) -> int:
    return word.box.right_px - word.box.left_px


def _contains(box: Box, x: float, y: float) -> bool:
    return box.left_px <= x < box.right_px and box.top_px <= y < box.bottom_px
