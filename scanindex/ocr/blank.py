"""Tells empty sides from sides with something on them. Worker-only.

Losing a page with text is the sin; keeping an empty one costs a keystroke. So only
what is certainly no writing is taken away (scanner edges, punch holes, staples,
specks, lines right across), and any mark the size of a stamp or a word keeps the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

WORKING_DPI = 100.0
STRONG_CONTRAST = 70
"""Ink this much darker than the paper may be writing; bleed-through stays below."""
FAINT_CONTRAST = 28
PLENTY = 60
"""That many marks need no second look: the side is used."""
SPECK_INCHES = 0.07
"""Smaller than a capital of 7 points."""
NEIGHBOUR_INCHES = 0.3
FEW_SPECKS = 12
MOST_STAPLES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What on the page may be writing, by how dark it is."""

    strong: int
    """Clearly dark marks that are no furniture of paper or scanner."""
    faint: int
    """Marks that only stand out a little: pencil, carbon, or the other side."""
    faint_inches: float
    """Extent of the largest faint mark."""
    is_faint_scattered: bool
    """The faint marks stand alone, as noise does and writing does not."""

    @property
    def is_empty(self) -> bool:
        return self.strong == 0 and self.faint == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A connected component; all in inches, edges being distances from the page's edges."""

    left: float
    top: float
    width: float
    height: float
    edges: tuple[float, float, float, float]
    """Free space left, above, right and below of it."""
    points: Any
    """n x 2, x and y."""

    @property
    def extent(self) -> float:
        return max(self.width, self.height)

    @property
    def fill(self) -> float:
        return len(self.points) / max(1.0, self.width * self.height * WORKING_DPI * WORKING_DPI)


def find_marks(page: Any, dpi: float) -> Marks:
    """Marks on an edge-cleaned page (see `scanindex.clean.whiten_scanner_edges`)."""
    scale = min(1.0, WORKING_DPI / dpi)
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((3, 3), np.uint8)), 31)
    depth = cv2.subtract(paper, small)
    strong = _writing(depth >= STRONG_CONTRAST, dpi * scale)
    faint = _writing(cv2.medianBlur(depth, 3) >= FAINT_CONTRAST, dpi * scale)
    return Marks(
        strong=len(strong),
        faint=max(0, len(faint) - len(strong)),
        faint_inches=round(max((mark.extent for mark in faint), default=0.0), 2),
        is_faint_scattered=_is_scattered(faint),
    )


def _is_scattered(marks: Sequence[_Mark]) -> bool:
    if len(marks) > PLENTY:
        return False
    return sum(_has_neighbour(mark, marks, 0.2) for mark in marks) <= 0.3 * len(marks)


def _writing(dark: Any, dpi: float) -> list[_Mark]:
    """Marks that may be writing; unspecified ones, uncounted, where there are plenty."""
    rim = max(1, round(0.1 * dpi))
    inner = dark.astype(np.uint8)
    inner[:rim] = inner[-rim:] = 0
    inner[:, :rim] = inner[:, -rim:] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(inner, connectivity=8)
    sizes = np.maximum(stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT])
    candidates = np.flatnonzero((stats[1:, cv2.CC_STAT_AREA] >= 4) & (sizes >= 0.04 * dpi)) + 1
    if len(candidates) > 4 * PLENTY:
        return [_mark(labels, stats[candidates[int(np.argmax(sizes[candidates - 1]))]], 0, dpi)] * len(
            candidates
        )
    marks = [_mark(labels, stats[label], int(label), dpi) for label in candidates]
    marks = [mark for mark in marks if not _is_furniture(mark)]
    marks = _without_streaks(marks, dark.shape[0] / dpi, dark.shape[1] / dpi)
    staples = [mark for mark in marks if _is_staple(mark)]
    if len(staples) <= MOST_STAPLES:
        marks = [mark for mark in marks if not _is_staple(mark)]
    return _without_rims(_without_specks(marks))


def _mark(labels: Any, stat: Any, label: int, dpi: float) -> _Mark:
    left, top, width, height = (int(value) for value in stat[:4])
    page_height, page_width = labels.shape
    ys, xs = np.nonzero(labels[top : top + height, left : left + width] == label)
    return _Mark(
        left=left / dpi,
        top=top / dpi,
        width=width / dpi,
        height=height / dpi,
        edges=(
            left / dpi,
            top / dpi,
            (page_width - left - width) / dpi,
            (page_height - top - height) / dpi,
        ),
        points=np.stack([xs + left, ys + top], axis=1).astype(np.float32) / dpi,
    )


def _is_furniture(mark: _Mark) -> bool:
    """Punch hole, fold, streak or rest of a scanner edge, from its own shape and place."""
    near_edge = min(mark.edges) < 0.75
    is_round = 0.6 < mark.width / mark.height < 1.6
    is_cut = min(mark.edges) < 0.15
    is_hole = near_edge and 0.12 <= mark.extent <= 0.45 and mark.fill > 0.6 and (is_round or is_cut)
    is_line = (mark.extent > 0.8 and _thickness(mark) < 0.05) or (
        mark.extent > 1.5 and _thickness(mark) < 0.1
    )
    return is_hole or is_line or (mark.extent > 1.5 and _hugs_edge(mark))


def _hugs_edge(mark: _Mark) -> bool:
    """The rest of a slanted scanner edge, all of it close to the edges of the picture."""
    xs, ys = mark.points[:, 0], mark.points[:, 1]
    right, bottom = mark.left + mark.width + mark.edges[2], mark.top + mark.height + mark.edges[3]
    off = np.minimum(np.minimum(xs, ys), np.minimum(right - xs, bottom - ys))
    return float(np.percentile(off, 95)) < 0.45


def _thickness(mark: _Mark) -> float:
    """Short side of the smallest rectangle, turned as need be, around the mark."""
    (_, (width, height), _) = cv2.minAreaRect(mark.points)
    return float(min(width, height))


def _is_staple(mark: _Mark) -> bool:
    """A short straight stroke in a corner."""
    across, along = min(mark.edges[0], mark.edges[2]), min(mark.edges[1], mark.edges[3])
    return across < 0.9 and along < 0.9 and 0.22 < mark.extent < 0.7 and _thickness(mark) < 0.05


def _without_streaks(marks: list[_Mark], page_height: float, page_width: float) -> list[_Mark]:
    """Drops the pieces of broken scanner streaks (upright) and folds (level)."""
    upright = [(mark.left + mark.width / 2, mark.width, mark.top) for mark in marks]
    marks = _without_rows(marks, upright, 0.4 * page_height)
    level = [(mark.top + mark.height / 2, mark.height, mark.left) for mark in marks]
    return _without_rows(marks, level, 0.4 * page_width)


def _without_rows(
    marks: list[_Mark], places: list[tuple[float, float, float]], least_span: float
) -> list[_Mark]:
    """places: middle and size across the row, position along it, of each mark.

    Print never stays that thin over such a length: some letter is taller.
    """
    if len(marks) < 4:
        return marks
    middles, sizes, along = (np.array(column) for column in zip(*places, strict=True))
    dropped = np.zeros(len(marks), bool)
    for middle in middles:
        row = np.abs(middles - middle) < 0.06
        if row.sum() >= 4 and sizes[row].max() < 0.05 and np.ptp(along[row]) > least_span:
            dropped |= row
    return [mark for mark, is_dropped in zip(marks, dropped.tolist(), strict=True) if not is_dropped]


def _without_specks(marks: list[_Mark]) -> list[_Mark]:
    """Drops specks, if few, that stand alone: letters and digits have neighbours or size."""
    specks = [mark for mark in marks if mark.extent < SPECK_INCHES]
    if len(specks) > FEW_SPECKS:
        return marks
    return [mark for mark in marks if mark.extent >= SPECK_INCHES or _has_neighbour(mark, marks)]


def _has_neighbour(mark: _Mark, marks: Sequence[_Mark], inches: float = NEIGHBOUR_INCHES) -> bool:
    return any(
        other is not mark and abs(other.left - mark.left) < inches and abs(other.top - mark.top) < inches
        for other in marks
    )


def _without_rims(marks: list[_Mark]) -> list[_Mark]:
    """Drops arcs of punch-hole rims and of cups, if nothing else is on the page."""
    if 0 < len(marks) <= 12 and all(_is_rim(mark) for mark in marks):
        return []
    return marks


def _is_rim(mark: _Mark) -> bool:
    """Thin, and on a true circle: of a punch hole's size near an edge, or of a cup's."""
    if len(mark.points) < 5:
        return False
    xs, ys = mark.points[:, 0], mark.points[:, 1]
    system = np.stack([xs, ys, np.ones_like(xs)], axis=1)
    (a, b, c), *_ = np.linalg.lstsq(system, xs * xs + ys * ys, rcond=None)
    radius = float(np.sqrt(max(0.0, c + a * a / 4 + b * b / 4)))
    off = np.abs(np.hypot(xs - a / 2, ys - b / 2) - radius)
    scatter = float(np.sqrt(np.mean(off * off)))
    if min(mark.edges) < 0.75 and mark.extent < 0.42:
        return 0.09 < radius < 0.22 and scatter < 0.014
    return 0.4 < radius < 3.0 and scatter < 0.02 and mark.extent > max(0.4, 0.7 * radius)
