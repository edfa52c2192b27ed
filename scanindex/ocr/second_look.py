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
from typing import Any

import cv2
import numpy as np

from scanindex.clean import CleanPage
from scanindex.model import Word
from scanindex.ocr.ctc import LineText
from scanindex.ocr.engines import LineReader, PageReader
from scanindex.ocr.legibility import Look
from scanindex.ocr.merge import into_lines, renumber
from scanindex.ocr.stretches import Stretch, doubtful_lines, doubtful_words, is_sure
from scanindex.ocr.textlines import cut
from scanindex.ocr.two_readings import settle

DETECTOR_SIDE_PX = 736
THOROUGH_SIDE_PX = 1_280
LINES_AT_A_TIME = 40
LEAST_SECONDS = 2.0
DOUBT_FOR_WORDS = 0.02
"""Share of the page's letters that were read unsurely or not at all."""
UNREAD_FOR_PAGE = 0.025
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
        kept, stretches = doubtful_words(words)
    else:
        side_px = THOROUGH_SIDE_PX if amount is Amount.ALL else DETECTOR_SIDE_PX
        lines = reader.find_lines(pixels, side_px)
        kept, stretches = doubtful_lines(words, lines, read_all=amount is Amount.ALL)
    settled = list(_read(stretches, pixels, reader, seconds_left))
    added = [word for word in settled if word.line_no == 0]
    placed = [word for word in settled if word.line_no != 0]
    return _in_order([*kept, *placed], added)


def _for_second_reader(page: CleanPage, picture: Any) -> Any:
    """The cleaned pixels; of a coarse page those that were only enlarged and levelled, since
    the second reader is not disturbed by grain, and a filter takes the letters with it."""
    is_filtered = bool({"median", "faint", "background"} & set(page.steps))
    is_of_page = picture.shape[:2] == (page.height_px, page.width_px)
    if not is_of_page or not is_filtered or "enlarged" not in page.steps:
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


def _read(
    stretches: Sequence[Stretch], pixels: Any, reader: PageReader, seconds_left: Callable[[], float]
) -> Iterator[Word]:
    for start in range(0, len(stretches), LINES_AT_A_TIME):
        batch = stretches[start : start + LINES_AT_A_TIME]
        if seconds_left() < LEAST_SECONDS:
            yield from (word for stretch in batch for word in stretch.words)
            continue
        texts = reader.read_spans([cut(pixels, stretch.line) for stretch in batch])
        for stretch, text in zip(batch, texts, strict=True):
            yield from _settled(stretch, text, reader.name)


def _settled(stretch: Stretch, text: LineText, engine: str) -> list[Word]:
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
