"""One page as a list of things to draw, in points from the top left corner.

A `Sheet` collects texts, lines and boxes; `paint` draws it with Pillow, `born` with
reportlab. Every text is kept with its place, so that truth (`Sheet.texts`) and the
check for cut or overlapping print (`Sheet.faults`) come from what is really drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.charts.fonts import Fonts

LETTER = (612.0, 792.0)
A4 = (595.0, 842.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A text with what it states: `value` is the truth in plain form, `role` says whose it is."""

    text: str
    field: str
    value: str
    role: str = "patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A patch on the page: origin in points, degrees clockwise."""

    x: float
    y: float
    degrees: float

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """From the patch's points to the page's."""
        c, s = math.cos(math.radians(self.degrees)), math.sin(math.radians(self.degrees))
        return self.x + x * c - y * s, self.y + x * s + y * c


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One drawn line of text; `x`, `y` its left end on the baseline."""

    x: float
    y: float
    text: str
    font: str
    size: float
    width: float
    kind: str
    ink: int
    mark: Mark | None
    turn: Turn | None
    matrix: bool
    over: bool

    def box(self, *, on_patch: bool = False) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in points, on the page or on the patch the text is part of."""
        high, low = self.y - 0.72 * self.size, self.y + 0.2 * self.size
        corners = [(self.x, high), (self.x + self.width, high), (self.x, low), (self.x + self.width, low)]
        if self.turn is not None and not on_patch:
            corners = [self.turn.apply(*corner) for corner in corners]
        return (
            min(x for x, _ in corners),
            min(y for _, y in corners),
            max(x for x, _ in corners),
            max(y for _, y in corners),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line through points, or a box (`fill` is a grey or None)."""

    points: tuple[tuple[float, float], ...]
    width: float
    ink: int
    fill: int | None = None
    turn: Turn | None = None


@dataclass(slots=True)
class Sheet:
    """A page being written. Layouts call `put`, `line`, `box`, `prose`, `patch`."""

    fonts: Fonts
    size: tuple[float, float] = LETTER
    font: str = "arial"
    points: float = 10.0
    items: list[Text | Stroke] = field(default_factory=list)
    _turn: Turn | None = None

    def put(
        self,
        x: float,
        y: float,
        what: str | Mark,
        *,
        font: str | None = None,
        size: float | None = None,
        width: float | None = None,
        align: str = "l",
        kind: str = "print",
        ink: int = 0,
        matrix: bool = False,
        over: bool = False,
    ) -> float:
        """Writes one line with its baseline at `y`; shrinks it to `width`; gives the x after it.

        `over` marks what may lie on other print (stamps)."""
        mark = what if isinstance(what, Mark) else None
        text = mark.text if mark is not None else str(what)
        if not text:
            return x
        font, size = font or self.font, size or self.points
        long = self.fonts.width(font, text, size)
        if width is not None and long > width:
            size, long = size * width / long, width
        left = x - (long if align == "r" else long / 2 if align == "c" else 0)
        self.items.append(
            Text(
                x=left,
                y=y,
                text=text,
                font=font,
                size=size,
                width=long,
                kind=kind,
                ink=ink,
                mark=mark,
                turn=self._turn,
                matrix=matrix,
                over=over,
            )
        )
        return left + long

    def run(self, x: float, y: float, *parts: str | Mark, gap: float = 1.5, **style: Any) -> float:
        """Several texts one after the other on one line."""
        for part in parts:
            x = self.put(x, y, part, **style) + gap
        return x

    def line(self, x1: float, y1: float, x2: float, y2: float, width: float = 0.7, ink: int = 0) -> None:
        """A rule."""
        self.items.append(Stroke(points=((x1, y1), (x2, y2)), width=width, ink=ink, turn=self._turn))

    def curve(self, points: list[tuple[float, float]], width: float = 0.8, ink: int = 0) -> None:
        """A line through many points."""
        self.items.append(Stroke(points=tuple(points), width=width, ink=ink, turn=self._turn))

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        width: float = 0.7,
        ink: int = 0,
        fill: int | None = None,
    ) -> None:
        """A rectangle; `width` 0 draws no border."""
        corners = ((x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y))
        self.items.append(Stroke(points=corners, width=width, ink=ink, fill=fill, turn=self._turn))

    def cell(
        self, x: float, y: float, w: float, h: float, caption: str, what: str | Mark = "", **style: Any
    ) -> None:
        """A form box with a small caption in its corner and an entry below."""
        caption_font, caption_size = style.pop("caption_font", None), style.pop("caption_size", 6.0)
        self.box(x, y, w, h)
        self.put(x + 2.5, y + caption_size + 1, caption, size=caption_size, font=caption_font, width=w - 5)
        if isinstance(what, Mark) or what:
            self.put(x + 5, y + h - 4.5, what, width=w - 8, **style)

    def prose(
        self,
        x: float,
        y: float,
        w: float,
        text: str,
        *,
        lead: float = 1.25,
        bottom: float = 745.0,
        **style: Any,
    ) -> tuple[float, str]:
        """Writes a paragraph of width `w`; gives the next baseline and what found no room above `bottom`."""
        font, size = style.get("font") or self.font, style.get("size") or self.points
        words, row = text.split(), ""
        while words:
            trial = f"{row} {words[0]}".strip()
            if row and self.fonts.width(font, trial, size) > w:
                self.put(x, y, row, **style)
                y, row = y + size * lead, ""
                if y > bottom:
                    return y, " ".join(words)
            else:
                row, words = trial, words[1:]
        self.put(x, y, row, **style)
        return y + size * lead, ""

    @contextmanager
    def patch(self, x: float, y: float, degrees: float) -> Iterator[None]:
        """What is drawn inside lies on a patch with its origin at `x`, `y`, turned clockwise."""
        self._turn = Turn(x=x, y=y, degrees=degrees)
        try:
            yield
        finally:
            self._turn = None

    def texts(self) -> list[Text]:
        """All texts in the order they were written."""
        return [item for item in self.items if isinstance(item, Text)]

    def faults(self) -> list[str]:
        """Texts that leave the page or lie on each other: what a person could not read."""
        width, height = self.size
        found, seen = [], self.texts()
        for text in seen:
            left, top, right, bottom = text.box()
            if left < 4 or top < 4 or right > width - 4 or bottom > height - 3:
                found.append(f"cut: {text.text!r}")
        for n, one in enumerate(seen):
            for other in seen[n + 1 :]:
                same = one.turn is other.turn
                if not (one.over or other.over) and _overlap(
                    one.box(on_patch=same), other.box(on_patch=same)
                ):
                    found.append(f"overlap: {one.text!r} / {other.text!r}")
        return found

    def restyled(self, **values: Any) -> Sheet:
        """The same page with other kinds, for example all of it as `label` print."""
        texts = [replace(item, **values) if isinstance(item, Text) else item for item in self.items]
        return replace(self, items=texts)


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return wide > 2 and high > 1.6
