"""What paper and scanner leave on an empty side: holes, staples, folds, streaks, rings, edges, dust.

Works on marks: connected dark pieces with their points, all in inches. Each rule
takes away only what its own shape and place give away for certain; no rule looks
at how much else is on the page. Pure; worker-only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

MOST_STAPLES = 2
LEAST_RULES = 5
"""That many even lines are ruled paper, which somebody printed."""
_CORNER_INCHES = 0.95
_HOLE_ZONE_INCHES = 0.85
_THIN_INCHES = 0.05
"""Print is never that thin over a length: some letter of 6 points or more is taller."""
_MOST_ENDS = 40
_LEAST_SPAN = 0.4
"""Share of the page that a streak or a fold crosses."""
_DUST_INCHES = 0.055
_SPECK_INCHES = 0.07
"""Smaller than a capital of 7 points."""
_NEAR_INCHES = 0.12
_ALONE_INCHES = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A connected component; inches, edges being the free space left, above, right and below."""

    left: float
    top: float
    width: float
    height: float
    edges: tuple[float, float, float, float]
    fill: float
    """Share of its upright box that is dark."""
    points: Any
    """n x 2, x and y."""

    @property
    def extent(self) -> float:
        return max(self.width, self.height)

    @property
    def page(self) -> tuple[float, float]:
        """Width and height of the page."""
        return self.left + self.width + self.edges[2], self.top + self.height + self.edges[3]


def without_furniture(marks: Sequence[Mark]) -> list[Mark]:
    """The marks that may be writing."""
    kept = [mark for mark in marks if not (_is_hole(mark) or _is_edge(mark))]
    kept = _without_lines(kept)
    kept = _without_staples(kept)
    kept = _without_rims(kept)
    kept = _without_ring(kept)
    return _without_dust(kept)


# --- solid things at the edges ----------------------------------------------------------
def _is_hole(mark: Mark) -> bool:
    """A disc, or the part of one that the edge leaves; its tone may have been screened."""
    if min(mark.edges) > 0.75 or not 0.12 <= mark.extent <= 0.45:
        return False
    is_round = 0.6 < mark.width / mark.height < 1.6
    if (mark.fill > 0.6 and is_round) or (mark.fill > 0.45 and min(mark.edges) < 0.15):
        return True
    hull = float(cv2.contourArea(cv2.convexHull(mark.points)))
    roundness = hull / (mark.width * mark.height * np.pi / 4)
    return mark.fill > 0.35 and 0.85 < mark.width / mark.height < 1.18 and 0.85 < roundness < 1.07


def _is_edge(mark: Mark) -> bool:
    """The rest of a slanted scanner edge, all of it close to the edges of the picture."""
    if mark.extent < 1.0:
        return False
    (width, height), (xs, ys) = mark.page, mark.points.T
    off = np.minimum(np.minimum(xs, ys), np.minimum(width - xs, height - ys))
    return float(np.percentile(off, 95)) < 0.45


# --- lines right across -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Line:
    """Marks that cross the page in one row."""

    axis: int
    """0 level, 1 upright."""
    middle: float
    """Place across the axis, inches."""
    members: tuple[Mark, ...]


def _without_lines(marks: list[Mark]) -> list[Mark]:
    """Drops streaks and folds, whole or in pieces, unless they are the lines of ruled paper."""
    lines = [line for axis in (0, 1) for line in _rows(marks, axis)]
    rest = _without(marks, (mark for line in lines for mark in line.members))
    whole = [mark for mark in rest if _crosses(mark)]
    lines += [_line(_axis_of(mark), (mark,)) for mark in whole]
    return marks if _is_ruling(lines) else _without(rest, whole)


def _without(marks: Iterable[Mark], gone: Iterable[Mark]) -> list[Mark]:
    ids = {id(mark) for mark in gone}
    return [mark for mark in marks if id(mark) not in ids]


def _line(axis: int, members: tuple[Mark, ...]) -> _Line:
    across = np.concatenate([mark.points[:, 1 - axis] for mark in members])
    return _Line(axis, float(np.median(across)), members)


def _axis_of(mark: Mark) -> int:
    """0 for a level mark, 1 for an upright one."""
    return 0 if mark.width >= mark.height else 1


def _crosses(mark: Mark) -> bool:
    """One thin straight piece over most of the page."""
    axis = _axis_of(mark)
    along, across = mark.points[:, axis], mark.points[:, 1 - axis]
    if mark.extent < 0.6 * mark.page[axis]:
        return False
    slope, start = np.polyfit(along, across, 1)
    off = np.abs(across - slope * along - start)
    area = mark.fill * mark.width * mark.height
    # A heart trace is as thin and straight, but for its beats.
    is_straight = np.percentile(off, 95) < 0.07 and off.max() < 0.15
    return bool(abs(slope) < 0.12 and is_straight and area < 0.09 * mark.extent)


def _is_ruling(lines: Sequence[_Line]) -> bool:
    """Several lines at even distances: printed, not dirt."""
    for axis in (0, 1):
        middles = sorted(line.middle for line in lines if line.axis == axis)
        gaps = np.array([gap for gap in np.diff(middles) if gap > 0.08])
        if len(gaps) + 1 >= LEAST_RULES and (np.abs(gaps / np.median(gaps) - 1) < 0.2).mean() > 0.6:
            return True
    return False


def _rows(marks: Sequence[Mark], axis: int) -> list[_Line]:
    """Thin pieces in a row that together cross the page along `axis`."""
    thin = [mark for mark in marks if _is_thin(mark, axis)]
    if len(thin) < 2:
        return []
    starts = np.array([mark.points[mark.points[:, axis].argmin()] for mark in thin])
    ends = np.array([mark.points[mark.points[:, axis].argmax()] for mark in thin])
    sizes = np.array([_along(mark, axis) for mark in thin]) + 0.01
    least = _LEAST_SPAN * thin[0].page[axis]
    free = np.ones(len(thin), bool)
    found = []
    for first in np.argsort(starts[:, axis])[:_MOST_ENDS].tolist():
        for last in np.argsort(-ends[:, axis])[:_MOST_ENDS].tolist():
            span = ends[last, axis] - starts[first, axis]
            if span < least or not (free[first] and free[last]):
                continue
            slope = (ends[last, 1 - axis] - starts[first, 1 - axis]) / span
            row = _near_line(starts, ends, starts[first], slope, axis) & free
            covered = sizes[row].sum() / span
            if abs(slope) < 0.12 and covered > _least_cover(int(row.sum())):
                found.append(_line(axis, tuple(thin[number] for number in np.flatnonzero(row))))
                free &= ~row
    return found


def _is_thin(mark: Mark, axis: int) -> bool:
    """Thin across the row, allowing for its slant."""
    across, along = _across(mark, axis), _along(mark, axis)
    if across < _THIN_INCHES:
        return True
    if across > _THIN_INCHES + 0.1 * along or along < 0.3:
        return False
    xs, ys = mark.points.astype(np.float64)[:, [axis, 1 - axis]].T
    slope, start = np.polyfit(xs, ys, 1)
    return float(np.abs(ys - slope * xs - start).max()) < _THIN_INCHES


def _least_cover(pieces: int) -> float:
    """Few pieces must be long to be a line; many in a row are one by being many."""
    return 0.5 if pieces < 3 else 0.25 if pieces < 10 else 0.15


def _near_line(starts: Any, ends: Any, origin: Any, slope: float, axis: int) -> Any:
    gaps = [
        np.abs(points[:, 1 - axis] - origin[1 - axis] - slope * (points[:, axis] - origin[axis]))
        for points in (starts, ends)
    ]
    return np.maximum(gaps[0], gaps[1]) < 0.05


def _along(mark: Mark, axis: int) -> float:
    return mark.width if axis == 0 else mark.height


def _across(mark: Mark, axis: int) -> float:
    return mark.height if axis == 0 else mark.width


# --- staples, rims, rings -----------------------------------------------------------------
def _without_staples(marks: list[Mark]) -> list[Mark]:
    staples = [mark for mark in marks if _is_staple(mark)]
    return _without(marks, staples) if len(staples) <= MOST_STAPLES else marks


def _is_staple(mark: Mark) -> bool:
    """A straight stroke of a staple's length in a corner, with the shadow it throws."""
    across, along = min(mark.edges[0], mark.edges[2]), min(mark.edges[1], mark.edges[3])
    if across > _CORNER_INCHES or along > _CORNER_INCHES:
        return False
    (_, sides, _) = cv2.minAreaRect(mark.points)
    return 0.3 < max(sides) < 0.66 and min(sides) < 0.085


def _without_rims(marks: list[Mark]) -> list[Mark]:
    """Drops what is left of a punch hole: pieces close together on one small circle, and in it."""
    zone = [mark for mark in marks if mark.extent < 0.42 and min(mark.edges) < _HOLE_ZONE_INCHES]
    gone: list[Mark] = []
    for group in groups(zone, 0.25):
        rim = [mark for mark in group if mark.extent >= 0.08] or group
        circle = _circle(np.concatenate([mark.points for mark in rim]))
        if circle is not None and 0.08 < circle[0] < 0.22 and circle[1] < 0.018:
            radius, _, x, y = circle
            gone += [mark for mark in group if _reach(mark, x, y) < radius + 0.05]
    return _without(marks, gone)


def _reach(mark: Mark, x: float, y: float) -> float:
    return float(np.hypot(mark.points[:, 0] - x, mark.points[:, 1] - y).max())


def _without_ring(marks: list[Mark]) -> list[Mark]:
    """Drops the ring of a cup: a good part of one true circle, in one piece or many."""
    if not marks:
        return marks
    points = np.concatenate([mark.points for mark in marks])
    circle = _ring(points[np.linspace(0, len(points) - 1, min(len(points), 500)).astype(int)])
    if circle is None:
        return marks
    radius, _, x, y = circle
    on = [mark for mark in marks if _lies_on(mark, x, y, radius)]
    if not on:
        return marks
    directions = np.concatenate([np.arctan2(m.points[:, 1] - y, m.points[:, 0] - x) for m in on])
    if np.unique(np.floor(directions * 18 / np.pi)).size < 0.25 * 36:
        return marks
    return _without(marks, on)


def _ring(points: Any) -> tuple[float, float, float, float] | None:
    """The circle of a cup's size that most points lie on, by trying triples (the same ones each time)."""
    chance = np.random.default_rng(1)
    best, most = None, 24
    for triple in chance.integers(0, len(points), (150, 3)):
        circle = _circle(np.repeat(points[triple], 2, axis=0))
        if circle is None or not 0.4 < circle[0] < 3.0:
            continue
        off = np.abs(np.hypot(points[:, 0] - circle[2], points[:, 1] - circle[3]) - circle[0])
        near = off < 0.04
        if int(near.sum()) > most:
            best, most = points[near], int(near.sum())
    found = None if best is None else _circle(best)
    return found if found is not None and found[0] > 0.4 else None


def _lies_on(mark: Mark, x: float, y: float, radius: float) -> bool:
    off = np.abs(np.hypot(mark.points[:, 0] - x, mark.points[:, 1] - y) - radius)
    return float(np.percentile(off, 95)) < 0.06


def _circle(points: Any) -> tuple[float, float, float, float] | None:
    """Radius, scatter about it, and centre of the best circle, by algebraic least squares (Kasa)."""
    if len(points) < 5:
        return None
    xs, ys = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    system = np.stack([xs, ys, np.ones_like(xs)], axis=1)
    (a, b, c), *_ = np.linalg.lstsq(system, xs * xs + ys * ys, rcond=None)
    radius = float(np.sqrt(max(0.0, c + a * a / 4 + b * b / 4)))
    off = np.hypot(xs - a / 2, ys - b / 2) - radius
    return radius, float(np.sqrt(np.mean(off * off))), float(a / 2), float(b / 2)


# --- dust -----------------------------------------------------------------------------------
def _without_dust(marks: list[Mark]) -> list[Mark]:
    """Drops specks that stand alone or by twos: letters and digits have neighbours or size."""
    gone: list[Mark] = []
    for group in groups(marks, _NEAR_INCHES):
        if len(group) <= 2 and all(mark.extent < _DUST_INCHES for mark in group):
            gone += group
    for group in groups(marks, _ALONE_INCHES):
        if len(group) == 1 and group[0].extent < _SPECK_INCHES:
            gone += group
    return _without(marks, gone)


def groups(marks: Sequence[Mark], reach: float) -> Iterable[list[Mark]]:
    """Marks whose boxes, directly or through others, are no further apart than `reach` inches."""
    if not marks:
        return []
    boxes = np.array([(m.left, m.top, m.left + m.width, m.top + m.height) for m in marks])
    gap = np.maximum(boxes[:, None, :2] - boxes[None, :, 2:], boxes[None, :, :2] - boxes[:, None, 2:])
    near = (gap <= reach).all(axis=2)
    return _connected(marks, lambda number: np.flatnonzero(near[number]).tolist())


def _connected(marks: Sequence[Mark], near: Callable[[int], list[int]]) -> list[list[Mark]]:
    unseen, found = set(range(len(marks))), []
    while unseen:
        queue, group = [unseen.pop()], []
        while queue:
            number = queue.pop()
            group.append(marks[number])
            fresh = unseen.intersection(near(number))
            unseen -= fresh
            queue.extend(fresh)
        found.append(group)
    return found
