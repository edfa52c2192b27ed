"""Words with boxes -> rows, cells and columns, the geometry that label rules need.

Boxes arrive in the upright page's pixels and may still be skewed by some degrees,
which over a page's width is more than a line of print; the slope is measured on
the page's own lines and taken out here. Promises rows from top to bottom, tokens
from left to right. Knows nothing of labels or values.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scanindex.model import Box, Word

CELL_GAP_HEIGHTS = 1.3
CELL_GAP_LETTERS = 2.2
"""White space wider than this many text heights *and* letters separates two cells of a
row; the letters matter for typewriter faces, whose spaces are wide."""

_GLUED = (
    re.compile(r"^([A-Za-z][A-Za-z.'/()&-]*[:#]+)(\S+)$"),
    # "00B:09/05/36": a label whose letters were read as digits.
    re.compile(r"^((?=[^:]*[A-Za-z])[A-Za-z0-9]{2,5}:)(\S+)$"),
    # "DOB07/24/1915", "MRN0048213": nothing between label and value.
    re.compile(r"^([A-Za-z][A-Za-z0]{2,8})(\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})$"),
    re.compile(r"^(MRN|MR#)(\d{5,})$"),
    # "Name(Last,": the hint that stands close to its label.
    re.compile(r"^([A-Za-z']{2,})(\([A-Za-z/,.]{2,}\W*)$"),
)
_NOISE = re.compile(r"^[\W_]+$")
_MARK = re.compile(r"[:;#=]\W*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One word, or one half of a word such as "DOB:1/2/50" that carries label and value."""

    text: str = field(repr=False)
    key: str = field(repr=False)
    """Letters and digits only, upper case."""
    word: Word = field(repr=False)
    left: float
    right: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def is_marked(self) -> bool:
        """Ends like a label: colon (or a semicolon, how readers see faint colons), number sign."""
        return bool(_MARK.search(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    tokens: tuple[Token, ...] = field(repr=False)
    height: float
    middle: float
    letter_width: float

    @property
    def text(self) -> str:
        return " ".join(t.text for t in self.tokens)

    def cell_starts(self) -> tuple[int, ...]:
        """Index of the first token of each cell."""
        wide = max(CELL_GAP_HEIGHTS * self.height, CELL_GAP_LETTERS * self.letter_width)
        pairs = itertools.pairwise(self.tokens)
        return (0, *(i for i, (a, b) in enumerate(pairs, 1) if b.left - a.right > wide))

    def cells(self) -> tuple[tuple[Token, ...], ...]:
        starts = (*self.cell_starts(), len(self.tokens))
        return tuple(self.tokens[a:b] for a, b in itertools.pairwise(starts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    rows: tuple[Row, ...] = field(repr=False)
    width_px: int
    height_px: int
    text_height: float
    """Median height of a word, pixels."""


def key_of(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())


def lay_out(words: Sequence[Word], width_px: int, height_px: int) -> Layout:
    """Rows of the page. Words that are only specks or rules are dropped."""
    slope = _slope(words)
    lines: dict[int, list[Token]] = {}
    for word in words:
        lines.setdefault(word.line_no, []).extend(_tokens(word, slope))
    atoms = [tokens for tokens in lines.values() if tokens]
    heights = [t.height for tokens in atoms for t in tokens if t.key]
    rows = [_row(tokens) for tokens in _merge(atoms)]
    rows.sort(key=lambda row: row.middle)
    return Layout(
        rows=tuple(rows),
        width_px=width_px,
        height_px=height_px,
        text_height=statistics.median(heights) if heights else 1.0,
    )


def bounding_box(tokens: Iterable[Token]) -> Box:
    """Smallest upright box around the words of the tokens, in page pixels."""
    boxes = [t.word.box for t in tokens]
    return Box(
        left_px=min(b.left_px for b in boxes),
        top_px=min(b.top_px for b in boxes),
        right_px=max(b.right_px for b in boxes),
        bottom_px=max(b.bottom_px for b in boxes),
    )


def _slope(words: Sequence[Word]) -> float:
    """Rise of the text lines, pixels down per pixel right; 0 where too few lines tell."""
    lines: dict[int, list[Word]] = {}
    for word in words:
        lines.setdefault(word.line_no, []).append(word)
    slopes = [
        (b.box.bottom_px + b.box.top_px - a.box.bottom_px - a.box.top_px)
        / 2
        / (b.box.left_px - a.box.left_px)
        for a, b in ((line[0], line[-1]) for line in lines.values())
        if b.box.left_px - a.box.left_px > 8 * (a.box.bottom_px - a.box.top_px) > 0
    ]
    slope = statistics.median(slopes) if len(slopes) >= 3 else 0.0
    return slope if abs(slope) < math.tan(math.radians(8)) else 0.0


def _tokens(word: Word, slope: float) -> list[Token]:
    box = word.box
    shift = slope * (box.left_px + box.right_px) / 2
    parts = [word.text]
    if glued := next((m for pattern in _GLUED if (m := pattern.match(word.text))), None):
        parts = [glued[1], glued[2]]
    if _NOISE.match(word.text) and not re.search(r"[][:#&/,()-]", word.text):
        return []
    tokens, left, width = [], float(box.left_px), (box.right_px - box.left_px) / max(1, len(word.text))
    for part in parts:
        right = left + width * len(part)
        tokens.append(
            Token(
                text=part,
                key=key_of(part),
                word=word,
                left=left,
                right=right,
                top=box.top_px - shift,
                bottom=box.bottom_px - shift,
            )
        )
        left = right
    return tokens


def _row(tokens: list[Token]) -> Row:
    tokens.sort(key=lambda t: t.left)
    return Row(
        tokens=tuple(tokens),
        height=statistics.median(t.height for t in tokens),
        middle=statistics.median(t.middle for t in tokens),
        letter_width=statistics.median((t.right - t.left) / max(1, len(t.text)) for t in tokens),
    )


def _merge(lines: list[list[Token]]) -> list[list[Token]]:
    """Join the engine's lines that stand side by side (columns) into whole rows."""
    rows: list[list[Token]] = []
    for line in sorted(lines, key=lambda tokens: statistics.median(t.middle for t in tokens)):
        home = next((row for row in reversed(rows[-6:]) if _side_by_side(row, line)), None)
        if home is None:
            rows.append(list(line))
        else:
            home.extend(line)
    return rows


def _side_by_side(row: list[Token], line: list[Token]) -> bool:
    apart = abs(statistics.median(t.middle for t in row) - statistics.median(t.middle for t in line))
    height = min(statistics.median(t.height for t in row), statistics.median(t.height for t in line))
    if apart > 0.5 * height:
        return False
    return not any(a.left < b.right - 1 and b.left < a.right - 1 for a in row for b in line)
