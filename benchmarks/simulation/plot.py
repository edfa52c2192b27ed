"""A small SVG of coverage against the misfile bound. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.simulation.tally import Row

WIDE, HIGH = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 60
COLOURS = ("#1b5e9b", "#b5471b", "#3d7a3a")
Point = tuple[float, float]


def plot(curves: Mapping[str, Sequence[tuple[float, Row]]], threshold: float) -> str:
    """Curves by name, each (threshold of the posterior, what it files): a mark each, that in force ringed.

    Across: the share misfiled of what is filed, its 95 % upper bound, on a logarithmic scale. Up: the share
    filed rightly of the papers that name a patient by two identifiers.
    """
    drawn = {
        name: [(t, row.bound, row.coverage) for t, row in points if row.filed]
        for name, points in curves.items()
    }
    every = [p for points in drawn.values() for p in points]
    if not every:
        raise ValueError("nothing was filed at any threshold")
    low = 10 ** math.floor(math.log10(min(bound for _, bound, _ in every)))
    high = 10 ** math.ceil(math.log10(max(bound for _, bound, _ in every)) + 1e-9)
    top = max(cover for *_, cover in every)
    parts = [*_frame(low, high, top)]
    for number, (name, points) in enumerate(drawn.items()):
        places = [_place(bound, cover, low, high, top) for _, bound, cover in points]
        parts += _curve(name, places, COLOURS[number % len(COLOURS)], number)
        ringed = min(
            range(len(points)), key=lambda at: abs(math.log(1 - points[at][0]) - math.log(1 - threshold))
        )
        x, y = places[ringed]
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="none" stroke="#222" stroke-width="1.5"/>'
        )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" font-family="sans-serif" '
        'font-size="12" role="img">'
        "<title>Coverage against the bound of misfiles as the threshold of the posterior moves</title>"
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>'
    )
    return "\n".join((head, *parts, "</svg>", ""))


def _place(bound: float, cover: float, low: float, high: float, top: float) -> Point:
    across = (math.log10(bound) - math.log10(low)) / (math.log10(high) - math.log10(low))
    ceiling = _ceiling(top)
    return (
        LEFT + across * (WIDE - LEFT - RIGHT),
        HIGH - BOTTOM - cover / ceiling * (HIGH - TOP - BOTTOM),
    )


def _ceiling(top: float) -> float:
    return min(1.0, math.ceil(top * 10 + 1e-9) / 10) or 0.1


def _frame(low: float, high: float, top: float) -> Iterator[str]:
    right, bottom = WIDE - RIGHT, HIGH - BOTTOM
    bound = low
    while bound <= high * 1.001:
        x, _ = _place(bound, 0.0, low, high, top)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{100 * bound:g} %</text>'
        bound *= 10
    for tenth in range(round(_ceiling(top) * 10) + 1):
        _, y = _place(low, tenth / 10, low, high, top)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>'
    middle = (LEFT + right) / 2
    across, up = "misfiled, at most (95 %), of what is filed", "filed rightly, of papers with two identifiers"
    yield f'<text x="{middle}" y="{HIGH - 14}" text-anchor="middle">{across}</text>'
    yield f'<text x="{LEFT}" y="{TOP - 16}">{up}</text>'


def _curve(name: str, places: Sequence[Point], colour: str, number: int) -> Iterator[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
    y = TOP + 20 + 22 * number
    yield f'<circle cx="{WIDE - RIGHT + 20}" cy="{y - 4}" r="4" fill="{colour}"/>'
    yield f'<text x="{WIDE - RIGHT + 30}" y="{y}">{name} roster</text>'
    if not number:
        x = WIDE - RIGHT + 20
        yield f'<circle cx="{x}" cy="{TOP + 84}" r="6" fill="none" stroke="#222" stroke-width="1.5"/>'
        yield f'<text x="{x + 10}" y="{TOP + 88}">threshold in force</text>'
