"""The invisible words of a page as PDF operators: pure geometry.

Each word stands in its box, so that selecting it covers what one sees; words of
a line share one size and a straight baseline and have blanks between them, so
that copying and text extraction give words and lines. Coordinates of words are
those of the upright page; the matrix turns them into the frame before /Rotate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from scanindex.filing.picture import Matrix
from scanindex.model import PageReading, Word

FONT_NAME = "/Words"
GLYPH_WIDTH_EM = 0.5
DESCENT_EM = 0.2
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_DROPPED = frozenset((0xFEFF, 0xFFFE, 0xFFFF))
_MIN_SIZE_PT = 0.5
_MAX_STRAY = 0.6
"""A word further from its line's baseline than this share of the size keeps its own."""
_MAX_GROWTH = 1.6


@dataclass(frozen=True, slots=True)
class _Run:
    """A word as placed: left and right edge, lower edge and size, in points of the upright page."""

    text: str
    left_pt: float
    right_pt: float
    bottom_pt: float
    size_pt: float


def text_operators(reading: PageReading, width_pt: float, height_pt: float) -> bytes:
    """Content stream part that writes the words; empty if there are none.

    width_pt, height_pt: the page before /Rotate.
    """
    turn = reading.rotation_degrees % 360
    upright = (height_pt, width_pt) if turn % 180 else (width_pt, height_pt)
    lines = list(_lines(reading, *upright))
    if not lines:
        return b""
    matrix = " ".join(_number(value) for value in upright_matrix(turn, width_pt, height_pt))
    parts = [f"q {matrix} cm BT 3 Tr"]
    size = 0.0
    for line in lines:
        for run, following in zip(line, [*line[1:], None], strict=True):
            if run.size_pt != size:
                size = run.size_pt
                parts.append(f"{FONT_NAME} {_number(size)} Tf")
            parts.append(_shown(run, following))
    parts.append("ET Q")
    return "\n".join(parts).encode("ascii")


def upright_matrix(rotation_degrees: int, width_pt: float, height_pt: float) -> Matrix:
    """From the upright page (origin bottom left) to the page before a clockwise /Rotate."""
    return {
        0: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        90: (0.0, 1.0, -1.0, 0.0, width_pt, 0.0),
        180: (-1.0, 0.0, 0.0, -1.0, width_pt, height_pt),
        270: (0.0, -1.0, 1.0, 0.0, 0.0, height_pt),
    }[rotation_degrees]


def cids(text: str) -> str:
    """The text as character codes the font knows: one UTF-16 unit each, no controls."""
    kept = []
    for character in text:
        code = ord(character)
        if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in _DROPPED:
            continue
        kept.append(character if code <= 0xFFFF else _REPLACEMENT)
    return "".join(kept)


def _lines(reading: PageReading, width_pt: float, height_pt: float) -> Iterator[list[_Run]]:
    if reading.width_px <= 0 or reading.height_px <= 0:
        return
    across, down = width_pt / reading.width_px, height_pt / reading.height_px
    for _, group in groupby(reading.words, key=lambda word: word.line_no):
        words = [word for word in group if cids(word.text).strip() and _has_area(word)]
        if words:
            yield [_run(word, edge, size, across, down, height_pt) for word, edge, size in _levelled(words)]


def _has_area(word: Word) -> bool:
    return word.box.right_px > word.box.left_px and word.box.bottom_px > word.box.top_px


def _levelled(words: Sequence[Word]) -> Iterator[tuple[Word, float, float]]:
    """Lower edge and height in pixels of each word, evened out along its line."""
    heights = sorted(word.box.bottom_px - word.box.top_px for word in words)
    size = float(heights[(3 * len(heights)) // 4 if len(heights) > 2 else -1])
    slope, level = _baseline(words)
    for word in words:
        own = float(word.box.bottom_px - word.box.top_px)
        bottom = level + slope * _middle(word)
        is_stray = abs(bottom - word.box.bottom_px) > _MAX_STRAY * size or own > _MAX_GROWTH * size
        yield (word, float(word.box.bottom_px), own) if is_stray else (word, bottom, size)


def _baseline(words: Sequence[Word]) -> tuple[float, float]:
    """Slope and level of the lower edges: least squares, level by the median."""
    if len(words) < 3:
        return 0.0, float(max(word.box.bottom_px for word in words))
    places = [_middle(word) for word in words]
    edges = [float(word.box.bottom_px) for word in words]
    centre, mean = sum(places) / len(places), sum(edges) / len(edges)
    spread = sum((place - centre) ** 2 for place in places)
    slope = 0.0
    if spread > 0:
        slope = sum((p - centre) * (e - mean) for p, e in zip(places, edges, strict=True)) / spread
    return slope, median(edge - slope * place for place, edge in zip(places, edges, strict=True))


def _middle(word: Word) -> float:
    return (word.box.left_px + word.box.right_px) / 2


def _run(word: Word, bottom_px: float, size_px: float, across: float, down: float, height_pt: float) -> _Run:
    return _Run(
        text=cids(word.text),
        left_pt=word.box.left_px * across,
        right_pt=word.box.right_px * across,
        bottom_pt=height_pt - bottom_px * down,
        size_pt=round(max(size_px * down, _MIN_SIZE_PT), 2),
    )


def _shown(run: _Run, following: _Run | None) -> str:
    baseline = run.bottom_pt + DESCENT_EM * run.size_pt
    stretch = _stretch(run.right_pt - run.left_pt, len(run.text), run.size_pt)
    code = run.text.encode("utf-16-be").hex()
    shown = f"1 0 0 1 {_number(run.left_pt)} {_number(baseline)} Tm {_number(stretch)} Tz <{code}> Tj"
    if following is None:
        return shown
    gap = following.left_pt - run.right_pt
    return f"{shown} {_number(_stretch(max(gap, 0.1 * run.size_pt), 1, run.size_pt))} Tz <0020> Tj"


def _stretch(width_pt: float, characters: int, size_pt: float) -> float:
    """Tz in per cent that makes the characters just as wide."""
    return 100.0 * width_pt / (characters * GLYPH_WIDTH_EM * size_pt)


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
