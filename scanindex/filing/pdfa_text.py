"""The invisible words of a page as PDF operators: pure geometry.

Each word stands in its box, so that selecting it covers what one sees. Words of
a line share one size, about that of the printed type, and stand on one baseline,
level each for itself where the line leans (poppler cuts a word whose letters
climb); a blank follows each word. So viewers and extractors that judge by size,
baseline and gaps give words and lines. Coordinates of words are
those of the upright page; the matrix turns them into the frame before /Rotate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from scanindex.filing.picture import Matrix
from scanindex.model import PageReading

FONT_NAME = "/Words"
GLYPH_WIDTH_EM = 0.5
ASCENT_EM, DESCENT_EM = 0.7, 0.15
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_DROPPED = frozenset((0xFEFF, 0xFFFE, 0xFFFF))
_MIN_SIZE_PT = 0.5
_CAP_EM, _X_EM, _TAIL_EM = 0.7, 0.5, 0.2
"""How far capitals, small letters and tails reach from the baseline in common type."""
_LOW = frozenset("aceimnorsuvwxzgpqyµαεικνοπρστυωгаеиклмнопртуфхцчшщъыьэюя~+=<>:;*«»“”\"'‘’^-–—")
_TAILED = frozenset("gjpqyçþµβγζημξρφχψцщруф,;()[]{}|/\\@$§¶_")
_MIN_SPAN_EM = 8.0
"""Lines shorter than this say too little about how they lean."""
_MAX_LEAN = 0.15
_MAX_STRAY_EM = 0.5
"""A word further from its line's baseline keeps its own."""
_MAX_GROWTH = 1.6
_APART_EM = 0.35
"""Strings further apart in height than this are not sorted into one line."""
_WORD_GAP_EM = 0.62
_MAX_SPACED = 1.5
_CLEARANCE = 0.95
"""Share of the distance to the line above that a line may fill."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word on the upright page in points, origin bottom left."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class _Baseline:
    """Height of the line where x is 0, rise per point, and size of the type."""

    level: float
    lean: float
    size: float

    def at(self, x: float) -> float:
        return self.level + self.lean * x


@dataclass(frozen=True, slots=True)
class _Run:
    text: str
    left: float
    right: float
    baseline: float
    size: float


def text_operators(reading: PageReading, width_pt: float, height_pt: float) -> bytes:
    """Content stream part that writes the words; empty if there are none.

    width_pt, height_pt: the page before /Rotate.
    """
    turn = reading.rotation_degrees % 360
    upright = (height_pt, width_pt) if turn % 180 else (width_pt, height_pt)
    lines = _lines(reading, *upright)
    if not lines:
        return b""
    matrix = " ".join(_number(value) for value in upright_matrix(turn, width_pt, height_pt))
    parts = [f"q {matrix} cm BT 3 Tr"]
    size = 0.0
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        for run in line:
            if run.size != size:
                size = run.size
                parts.append(f"{FONT_NAME} {_number(size)} Tf")
            parts.append(_shown(run, is_last=run is line[-1]))
        parts.append(_end_of_line(line[-1], following[0] if following else None))
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


def _lines(reading: PageReading, width_pt: float, height_pt: float) -> list[list[_Run]]:
    lines = list(_placed(reading, width_pt, height_pt))
    if not lines:
        return []
    lean = _page_lean(lines)
    bases = _apart(lines, [_baseline(line, lean) for line in lines])
    return [[_run(word, base) for word in line] for line, base in zip(lines, bases, strict=True)]


def _placed(reading: PageReading, width_pt: float, height_pt: float) -> Iterator[list[_Placed]]:
    """Lines of words that have text and area."""
    if reading.width_px <= 0 or reading.height_px <= 0:
        return
    across, down = width_pt / reading.width_px, height_pt / reading.height_px
    for _, group in groupby(reading.words, key=lambda word: word.line_no):
        line = []
        for word in group:
            box, text = word.box, cids(word.text).strip()
            if text and box.right_px > box.left_px and box.bottom_px > box.top_px:
                left, right = box.left_px * across, box.right_px * across
                bottom, top = height_pt - box.bottom_px * down, height_pt - box.top_px * down
                line.append(_Placed(text, left, right, bottom, top))
        if line:
            yield line


def _reach(text: str) -> tuple[float, float]:
    """How far the letters go up and down from the baseline, in em."""
    up = _CAP_EM if any(letter not in _LOW for letter in text) else _X_EM
    return up, _TAIL_EM if any(letter in _TAILED for letter in text) else 0.0


def _page_lean(lines: Sequence[Sequence[_Placed]]) -> float:
    """Rise per point of the longer lines, the middle one by length."""
    found = sorted((_fit(line)[1], line[-1].right - line[0].left) for line in lines if _is_long(line))
    reached, half = 0.0, sum(span for _, span in found) / 2
    for lean, span in found:
        reached += span
        if reached >= half:
            return lean if abs(lean) <= _MAX_LEAN else 0.0
    return 0.0


def _is_long(line: Sequence[_Placed]) -> bool:
    height = median(word.top - word.bottom for word in line)
    return len(line) > 2 and line[-1].middle - line[0].middle > _MIN_SPAN_EM * height


def _fit(line: Sequence[_Placed]) -> tuple[float, float]:
    """Level and lean of the baseline by least squares, tails allowed for."""
    places = [word.middle for word in line]
    edges = [word.bottom + _tail(word) for word in line]
    centre, mean = sum(places) / len(places), sum(edges) / len(edges)
    spread = sum((place - centre) ** 2 for place in places)
    if spread <= 0:
        return mean, 0.0
    lean = sum((p - centre) * (e - mean) for p, e in zip(places, edges, strict=True)) / spread
    return mean - lean * centre, lean


def _tail(word: _Placed) -> float:
    up, down = _reach(word.text)
    return (word.top - word.bottom) * down / (up + down)


def _baseline(line: Sequence[_Placed], page_lean: float) -> _Baseline:
    lean = _fit(line)[1] if _is_long(line) else page_lean
    if abs(lean - page_lean) > _MAX_LEAN / 5:
        lean = page_lean
    sizes, levels = [], []
    for word in line:
        up, down = _reach(word.text)
        leaning = abs(lean) * (word.right - word.left)
        height = max(word.top - word.bottom - leaning, (word.top - word.bottom) / 4)
        sizes.append(height / (up + down))
        levels.append(word.bottom + leaning / 2 + height * down / (up + down) - lean * word.middle)
    size = max(median(sizes), _MIN_SIZE_PT)
    return _Baseline(median(levels), lean, max(size, _spaced(line, size)))


def _spaced(line: Sequence[_Placed], size: float) -> float:
    """Size at which the usual gap of the line is no column's gap, for poppler 0.7 em.

    Typewriters stand as wide apart as their letters are tall.
    """
    if len(line) < 3:
        return size
    wanted = median(after.left - word.right for word, after in pairwise(line)) / _WORD_GAP_EM
    return wanted if wanted <= _MAX_SPACED * size else size


def _apart(lines: Sequence[Sequence[_Placed]], bases: Sequence[_Baseline]) -> list[_Baseline]:
    """Sizes cut so that no line reaches into the one before it, which readers would take for one line."""
    kept = list(bases[:1])
    for (above, line), (base_above, base) in zip(pairwise(lines), pairwise(bases), strict=True):
        size = base.size
        left = max(above[0].left, line[0].left)
        if left < min(above[-1].right, line[-1].right):
            pitch = base_above.at(left) - base.at(left)
            if pitch > _MAX_STRAY_EM * size:
                size = min(size, _CLEARANCE * pitch / (ASCENT_EM + DESCENT_EM))
        kept.append(_Baseline(base.level, base.lean, size))
    return kept


def _run(word: _Placed, base: _Baseline) -> _Run:
    """On the line's baseline; by itself where it stands or is too unlike its line."""
    up, down = _reach(word.text)
    own = (word.top - word.bottom) / (up + down)
    level = base.at(word.middle)
    leaning = abs(base.lean) * (word.right - word.left) / 2
    is_stray = abs(level - word.bottom - _tail(word) - leaning) > _MAX_STRAY_EM * base.size
    if is_stray or own > _MAX_GROWTH * (base.size + leaning):
        return _Run(word.text, word.left, word.right, word.bottom + down * own, _size(own))
    return _Run(word.text, word.left, word.right, level, _size(base.size))


def _size(points: float) -> float:
    return round(max(points, _MIN_SIZE_PT), 1)


def _shown(run: _Run, *, is_last: bool) -> str:
    """The word stretched to its width and, inside a line, a blank in the same string."""
    stretch = 100.0 * (run.right - run.left) / (len(run.text) * GLYPH_WIDTH_EM * run.size)
    code = (run.text if is_last else run.text + " ").encode("utf-16-be").hex()
    return f"1 0 0 1 {_number(run.left)} {_number(run.baseline)} Tm {_number(stretch)} Tz <{code}> Tj"


def _end_of_line(last: _Run, following: _Run | None) -> str:
    """A blank by itself, clear of the next line's height.

    pdfium sorts strings of about one height by their place across, and takes what
    follows a longer string for the same line while the two overlap in height. On a
    leaning page the next line begins at the height where this one ended; a string
    of one character between them, raised if need be, ends the line for it.
    """
    baseline = last.baseline
    if following and abs(following.baseline - baseline) < _APART_EM * last.size:
        baseline += 2 * _APART_EM * last.size
    return f"1 0 0 1 {_number(last.right)} {_number(baseline)} Tm <0020> Tj"


def _number(value: float) -> str:
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
