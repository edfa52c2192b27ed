"""A drawn page that knows every word it bears, and where.

Positions are points on a letter page, origin top-left, text by its baseline. Fonts
are those that reportlab brings along (Arial-, Times-, Courier-like and Vera), so that
every machine draws alike. Drawn at 600 dpi; damage comes after (see `damage`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 612.0, 792.0
DRAWN_DPI = 600
INK = 15
RIBBON_PX = 2
"""Typewriters print broader strokes than the fonts made after them have."""
_FILES = {
    "sans": ("_a______.pfb", "_ab_____.pfb"),
    "serif": ("_er_____.pfb", "_eb_____.pfb"),
    "typewriter": ("com_____.pfb", "cob_____.pfb"),
    "wide": ("Vera.ttf", "VeraBd.ttf"),
}
FAMILIES = tuple(_FILES)


@dataclass(frozen=True, slots=True)
class Run:
    """Words printed in one go; `x` is where the first begins."""

    x: float
    y: float
    text: str = field(repr=False)
    size: float
    is_bold: bool


@dataclass(frozen=True, slots=True)
class Rule:
    left: float
    top: float
    right: float
    bottom: float
    width: float = 0.8


class Sheet:
    """Collects runs and rules from top to bottom; `y` is the baseline of the next line."""

    def __init__(self, family: str, size: float, left: float = 60, right: float = 552) -> None:
        self.family, self.size, self.left, self.right = family, size, left, right
        self.y = 62.0
        self.runs: list[Run] = []
        self.rules: list[Rule] = []

    def put(self, x: float, text: str, *, size: float | None = None, bold: bool = False) -> float:
        """Text at the current height, which stays; returns where it ends."""
        size = size or self.size
        self.runs.append(Run(x, self.y, text, size, bold))
        return x + self.width(text, size, bold)

    def line(
        self, text: str = "", *, x: float | None = None, size: float | None = None, bold: bool = False
    ) -> None:
        if text:
            self.put(self.left if x is None else x, text, size=size, bold=bold)
        self.feed(size=size)

    def feed(self, lines: float = 1.0, *, size: float | None = None) -> None:
        self.y += 1.4 * lines * (size or self.size)

    def centre(self, text: str, *, size: float | None = None, bold: bool = False) -> None:
        wide = self.width(text, size or self.size, bold)
        self.line(text, x=(WIDTH - wide) / 2, size=size, bold=bold)

    def pair(self, x: float, label: str, value: str, *, gap: float = 6) -> None:
        """A label and, apart from it, its value, at the current height."""
        self.put(self.put(x, label, bold=True) + gap, value)

    def paragraph(self, text: str, *, indent: float = 0) -> None:
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if self.width(longer, self.size, False) > self.right - self.left - indent:
                self.line(line, x=self.left + indent)
                longer = word
            line = longer
        self.line(line, x=self.left + indent)
        self.feed(0.4)

    def columns(self, places: tuple[float, ...], cells: tuple[str, ...], *, bold: bool = False) -> None:
        for x, cell in zip(places, cells, strict=True):
            if cell:
                self.put(x, cell, bold=bold)
        self.feed()

    def rule(self, width: float = 0.8) -> None:
        at = self.y - 0.8 * self.size
        self.rules.append(Rule(self.left, at, self.right, at, width))
        self.feed(0.5)

    def box(self, left: float, top: float, right: float, bottom: float, width: float = 0.8) -> None:
        self.rules += [
            Rule(left, top, right, top, width),
            Rule(left, bottom, right, bottom, width),
            Rule(left, top, left, bottom, width),
            Rule(right, top, right, bottom, width),
        ]

    @property
    def is_full(self) -> bool:
        return self.y > HEIGHT - 70

    def width(self, text: str, size: float, bold: bool) -> float:
        """Points."""
        return float(_font(self.family, bold, 200).getlength(text)) * size / 200


def segments(sheet: Sheet) -> tuple[str, ...]:
    return tuple(run.text for run in sheet.runs)


@functools.lru_cache(maxsize=64)
def _font(family: str, bold: bool, size_px: int) -> Any:
    import reportlab
    from PIL import ImageFont

    name = _FILES[family][bold]
    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / name), size_px)


def draw(sheet: Sheet) -> tuple[Any, list[tuple[str, tuple[float, float, float, float]]]]:
    """Grey pixels at 600 dpi (uint8, height x width), and every word with its box in them."""
    import numpy as np
    from PIL import Image, ImageDraw

    scale = DRAWN_DPI / 72
    image = Image.new("L", (round(WIDTH * scale), round(HEIGHT * scale)), 255)
    pen = ImageDraw.Draw(image)
    for rule in sheet.rules:
        corners = [scale * at for at in (rule.left, rule.top, rule.right, rule.bottom)]
        pen.line(corners, fill=INK, width=max(1, round(rule.width * scale)))
    words = []
    for run in sheet.runs:
        font = _font(sheet.family, run.is_bold, round(run.size * scale))
        at = run.x * scale, run.y * scale
        stroke = RIBBON_PX if sheet.family == "typewriter" else 0
        pen.text(at, run.text, fill=INK, font=font, anchor="ls", stroke_width=stroke)
        words += _boxes(run.text, at, font)
    return np.asarray(image), words


def _boxes(
    text: str, at: tuple[float, float], font: Any
) -> list[tuple[str, tuple[float, float, float, float]]]:
    found, place = [], 0
    for word in text.split():
        place = text.index(word, place)
        start = at[0] + font.getlength(text[:place])
        left, top, right, bottom = font.getbbox(word, anchor="ls")
        found.append((word, (start + left, at[1] + top, start + right, at[1] + bottom)))
        place += len(word)
    return found
