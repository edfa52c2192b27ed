"""The second look at a page: where the first reading is in doubt, the second reader reads too.

Promises: a page that was read well costs nothing here; a page with some doubtful words has
those read again; only a page with much doubt earns the detector, which finds what the first
reader never saw and shows what was no text at all. Words come back in reading order, each
with the engine that read it. No second reader, or effort `fast`: the words come back as they
are. Worker-only.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from scanindex.clean import CleanPage
from scanindex.model import Box, Word
from scanindex.ocr.ctc import LineText
from scanindex.ocr.engines import LineReader, PageReader
from scanindex.ocr.legibility import Look
from scanindex.ocr.merge import into_lines, renumber
from scanindex.ocr.textlines import TextLine, cut
from scanindex.ocr.two_readings import settle

SURE = 0.9
"""Tesseract's words above it are right in 19 of 20 cases, below in fewer than 8 of 10."""
SURE_LETTER = 0.85
LEAST_FREE = 0.6
"""For words where the detector sees no text."""
DETECTOR_SIDE_PX = 736
THOROUGH_SIDE_PX = 1_280
WIDE_GAP_HEIGHTS = 2.0
"""Of a line, that no word of the first reader covers."""
SHORT_HEIGHTS = 1.5
"""A sure word no longer than that is read along with its doubtful neighbours."""
LEAST_STRETCH_HEIGHTS = 0.5
RIM_HEIGHTS = 0.2
TELLING = 0.7
LEAST_HEIGHT_SHARE = 0.55
"""Of the detector's line: where the words in it are lower than that they are scraps."""
LINES_AT_A_TIME = 40
LEAST_SECONDS = 2.0
DOUBT_FOR_WORDS = 0.02
"""Share of the page's letters that were read unsurely or not at all."""
UNREAD_FOR_PAGE = 0.02
"""Share of letter-like print in no word: only the detector can tell whether it is text."""
UNSURE_FOR_PAGE = 0.3


class Amount(enum.Enum):
    NOTHING = enum.auto()
    WORDS = enum.auto()
    """The doubtful words of the first reading."""
    PAGE = enum.auto()
    """Wherever the detector sees text without a sure word."""
    ALL = enum.auto()
    """Every line that the detector finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """A part of a line to be read, and what the first reader saw in it."""

    line: TextLine
    words: list[Word] = field(repr=False)


def improve(
    words: Sequence[Word],
    page: CleanPage,
    look: Look,
    reader: LineReader | None,
    effort: str,
    seconds_left: Callable[[], float],
    picture: Any = None,
) -> tuple[Word, ...]:
    """`words` of the first reading made better by the second reader.

    Boxes are pixels of the cleaned page, before and after. effort: `ocr.effort`.
    picture: the upright page image, grey; without it the cleaned pixels must do.
    Stops early, with what it has, when fewer than LEAST_SECONDS are left.
    """
    amount = how_much(words, look, effort)
    if amount is Amount.NOTHING or not isinstance(reader, PageReader) or seconds_left() < LEAST_SECONDS:
        return tuple(words)
    pixels = page.pixels if picture is None else _for_second_reader(page, picture)
    if amount is Amount.WORDS:
        kept, stretches = _doubtful_words(words)
    else:
        side_px = THOROUGH_SIDE_PX if amount is Amount.ALL else DETECTOR_SIDE_PX
        lines = reader.find_lines(pixels, side_px)
        kept, stretches = _doubtful_lines(words, lines, read_all=amount is Amount.ALL)
    settled = list(_read(stretches, pixels, reader, seconds_left))
    added = [word for word in settled if word.line_no == 0]
    placed = [word for word in settled if word.line_no != 0]
    return _in_order([*kept, *placed], added)


def _for_second_reader(page: CleanPage, picture: Any) -> Any:
    """The cleaned pixels; of a coarse page those that were only enlarged and levelled, since
    the second reader is not disturbed by grain, and a filter takes the letters with it."""
    if "enlarged" not in page.steps or not {"median", "faint", "background"} & set(page.steps):
        return page.pixels
    height, width = page.pixels.shape
    back = np.asarray(page.matrix, np.float64).reshape(2, 3)
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_CUBIC
    return cv2.warpAffine(picture, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def how_much(words: Sequence[Word], look: Look, effort: str) -> Amount:
    """What the page has earned."""
    if effort == "fast":
        return Amount.NOTHING
    if effort == "thorough":
        return Amount.ALL
    unsure = unsure_share(words)
    if 1.0 - look.coverage >= UNREAD_FOR_PAGE or unsure >= UNSURE_FOR_PAGE:
        return Amount.PAGE
    doubt = 1.0 - (1.0 - unsure) * look.coverage
    return Amount.WORDS if doubt >= DOUBT_FOR_WORDS else Amount.NOTHING


def unsure_share(words: Sequence[Word]) -> float:
    """Share of the letters read that stand in doubtful words; 1 where nothing was read."""
    lengths = [(sum(c.isalnum() for c in word.text), is_sure(word)) for word in words]
    letters = sum(length for length, _ in lengths)
    return sum(length for length, sure in lengths if not sure) / letters if letters else 1.0


def is_sure(word: Word) -> bool:
    length = sum(character.isalnum() for character in word.text)
    return (word.confidence or 0.0) >= (SURE if length != 1 else SURE_LETTER)


def _doubtful_words(words: Sequence[Word]) -> tuple[list[Word], list[_Stretch]]:
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
    return kept, [_Stretch(line=_line_around(run), words=run) for run in runs]


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


def _doubtful_lines(
    words: Sequence[Word], lines: Sequence[TextLine], read_all: bool
) -> tuple[list[Word], list[_Stretch]]:
    """Words that stand, and the parts of `lines` to be read with the other words in them."""
    inside, kept = _by_line(words, lines)
    stretches: list[_Stretch] = []
    for found, own in zip(lines, inside, strict=True):
        line = _tightened(found, own)
        if read_all or line.runs_down:
            stretches.append(_Stretch(line=line, words=own))
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


def _parts_in_doubt(line: TextLine, words: Sequence[Word]) -> tuple[list[Word], list[_Stretch]]:
    box, height = line.box, line.height_px
    sure = [word for word in words if is_sure(word) and _width(word) > SHORT_HEIGHTS * height]
    rest = [word for word in words if word not in sure]
    parts: list[_Stretch] = []
    for left, right in _gaps(box, [word.box for word in sure]):
        own = [word for word in rest if left <= _middle(word.box)[0] < right]
        rest = [word for word in rest if word not in own]
        doubtful = [word for word in own if not is_sure(word)]
        width = right - left
        is_unread = not own and width > (WIDE_GAP_HEIGHTS if sure else LEAST_STRETCH_HEIGHTS) * height
        if not doubtful and not is_unread and not _has_wide_gap(left, right, own, height):
            sure.extend(own)
            continue
        parts.append(_Stretch(line=_stretch_of(line, left, right), words=own))
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


def _read(
    stretches: Sequence[_Stretch], pixels: Any, reader: PageReader, seconds_left: Callable[[], float]
) -> Iterator[Word]:
    for start in range(0, len(stretches), LINES_AT_A_TIME):
        batch = stretches[start : start + LINES_AT_A_TIME]
        if seconds_left() < LEAST_SECONDS:
            yield from (word for stretch in batch for word in stretch.words)
            continue
        texts = reader.read_spans([cut(pixels, stretch.line) for stretch in batch])
        for stretch, text in zip(batch, texts, strict=True):
            yield from _settled(stretch, text, reader.name)


def _settled(stretch: _Stretch, text: LineText, engine: str) -> list[Word]:
    seen = [
        Word(
            text=span.text,
            box=stretch.line.part(span.left_share, span.right_share),
            confidence=round(span.confidence, 4),
            engine=engine,
            line_no=_line_no(stretch.words),
        )
        for span in text.spans
    ]
    return settle(stretch.words, seen, stretch.line.runs_down)


def _line_no(words: Sequence[Word]) -> int:
    """The one that most of the words have; 0 for none."""
    numbers = [word.line_no for word in words]
    return max(set(numbers), key=lambda number: (numbers.count(number), -number), default=0)


def _in_order(kept: Sequence[Word], added: Sequence[Word]) -> tuple[Word, ...]:
    if added:
        return into_lines(kept, added)
    lines: dict[int, list[Word]] = {}
    for word in kept:
        lines.setdefault(word.line_no, []).append(word)
    return renumber(sorted(lines[number], key=lambda item: item.box.left_px) for number in sorted(lines))


def _middle(box: Box) -> tuple[float, float]:
    return (box.left_px + box.right_px) / 2, (box.top_px + box.bottom_px) / 2


def _width(word: Word) -> int:
    return word.box.right_px - word.box.left_px


def _contains(box: Box, x: float, y: float) -> bool:
    return box.left_px <= x < box.right_px and box.top_px <= y < box.bottom_px


__all__ = ["Amount", "how_much", "improve", "is_sure", "unsure_share"]
