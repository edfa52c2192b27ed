"""The register of layouts and small parts that several of them draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.charts.case import Case
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.sheet import Mark, Sheet

Draw = Callable[[Case, Fonts], list[Sheet]]
Style = dict[str, Any]
"""Keywords of `Sheet.put` that several entries share."""
Row = tuple[str, str | Mark]
"""A caption and its entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One author's form: how it is drawn, what it is, who it can be about."""

    name: str
    family: str
    doc_type: str
    draw: Draw
    ages: tuple[int, int] = (19, 88)
    sex: str = ""
    years: tuple[int, int] = (1974, 2014)
    can_be_born: bool = False
    """Also made as a born-digital PDF."""
    is_by_hand: bool = False
    """The patient's identifiers are written by hand."""
    is_outside: bool = False
    """Always of another hospital, with its own number."""


class Register(dict[str, Layout]):
    """Layouts by name."""

    def add(self, family: str, doc_type: str, **options: object) -> Callable[[Draw], Draw]:
        """Decorator: the function's name is the layout's."""

        def keep(draw: Draw) -> Draw:
            name = draw.__name__
            self[name] = Layout(name=name, family=family, doc_type=doc_type, draw=draw, **options)  # type: ignore[arg-type]
            return draw

        return keep


LAYOUTS = Register()


def label(
    sheet: Sheet,
    x: float,
    y: float,
    degrees: float,
    rows: list[tuple[str | Mark, ...]],
    *,
    font: str,
    size: float = 9.0,
    w: float = 200,
    border: bool = True,
) -> None:
    """A sticker or imprint: rows of texts, turned; its texts count as `label` print."""
    with sheet.patch(x, y, degrees):
        if border:
            sheet.box(0, 0, w, size * 1.45 * len(rows) + 7, width=0.5, ink=120, fill=255)
        for n, row in enumerate(rows):
            at = 6.0
            for part in row:
                at = (
                    sheet.put(at, size * 1.3 + n * size * 1.42, part, font=font, size=size, kind="label")
                    + size * 0.7
                )


def wave(sheet: Sheet, x: float, y: float, w: float, high: float, beats: int) -> None:
    """A heart tracing."""
    points = []
    for n in range(int(w)):
        phase = (n * beats / w) % 1
        spike = high if 0.40 < phase < 0.44 else -high * 0.3 if 0.44 < phase < 0.47 else 0.0
        bump = high * 0.18 * math.exp(-((phase - 0.7) ** 2) / 0.004) + high * 0.1 * math.exp(
            -((phase - 0.22) ** 2) / 0.002
        )
        points.append((x + n, y - spike - bump))
    sheet.curve(points, width=0.8)


def barcode(sheet: Sheet, x: float, y: float, w: float, h: float, text: str) -> None:
    """Bars that say nothing (a form number in no real code)."""
    seed = sum(map(ord, text))
    at = x
    while at < x + w:
        seed = (seed * 1103515245 + 12345) % 2**31
        bar = 0.7 + seed // 65536 % 3 * 0.7
        sheet.box(at, y, bar, h, width=0, fill=0)
        at += bar + 0.8 + seed // 4096 % 3 * 0.7
