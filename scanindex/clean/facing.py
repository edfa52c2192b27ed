"""Tells two facing pages in one scan from a landscape page, and where they part."""

from __future__ import annotations

import cv2
import numpy as np

from scanindex.clean.level import skew_degrees
from scanindex.clean.page import Grey, reduced

LEAST_RATIO = 1.2
"""Two pages side by side are wider than high: letter 1.55, A4 1.41, half sheets 1.29."""
MIDDLE = (0.42, 0.58)
LEAST_GAP_INCHES = 0.45
LEAST_SKEW_APART = 0.6
SHADOW_DEPTH = 25
LEAST_INK_SHARE = 0.15
"""Of all ink, that each half must hold: an empty facing page is no page to read."""
MOST_ALIKE = 0.5
"""Correlation of the halves' rows from which they are one table."""


def find_gutter(page: Grey, dpi: float) -> int | None:
    """The column, in pixels, where two facing pages part; None where the scan is one page.

    page: upright and not levelled, since the halves may lie differently. No print may
    cross the gutter; then the shadow of the fold, or halves that are crooked in
    different ways, or rows that do not continue across make it two pages. A table
    with an empty middle column has rows that do.
    """
    height, width = page.shape
    if width < LEAST_RATIO * height:
        return None
    small, factor = reduced(page, dpi, 75.0)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((5, 5), np.uint8)), 15)
    ink = cv2.subtract(paper, small) > 45
    fold = _fold(small)
    gap = _gap(ink, fold)
    if gap is None:
        return None
    middle = (gap[0] + gap[1]) // 2
    left, right = ink[:, : gap[0]], ink[:, gap[1] :]
    share = float(left.sum()) / max(1, int(left.sum() + right.sum()))
    if not LEAST_INK_SHARE < share < 1 - LEAST_INK_SHARE:
        return None
    if fold is not None or _is_apart(page, middle * factor, dpi):
        return (fold if fold is not None else middle) * factor
    wide = (gap[1] - gap[0]) * factor / dpi >= LEAST_GAP_INCHES
    return middle * factor if wide and _alike(left, right) < MOST_ALIKE else None


def _fold(small: Grey) -> int | None:
    """The column of a shadow or line that runs from top to bottom near the middle."""
    height, width = small.shape
    first, last = round(MIDDLE[0] * width), round(MIDDLE[1] * width)
    # The brightest of each column's nearly darkest pixels: print is dark in places only.
    level = np.percentile(small[height // 20 : -height // 20 or None], 90, axis=0).astype(np.float32)
    around = np.median(level[max(0, first - (last - first)) : last + (last - first)])
    column = first + int(np.argmin(level[first:last]))
    return column if around - float(level[column]) >= SHADOW_DEPTH else None


def _gap(ink: np.ndarray[tuple[int, int], np.dtype[np.bool_]], fold: int | None) -> tuple[int, int] | None:
    """First and last column of the widest strip near the middle that no print crosses."""
    height, width = ink.shape
    first, last = round(MIDDLE[0] * width), round(MIDDLE[1] * width)
    # A speck or a hair in the gutter is no print.
    free = ink[:, first:last].sum(axis=0) <= max(1, height // 300)
    if fold is not None:
        reach = max(2, width // 60)
        free[max(0, fold - first - reach) : fold - first + reach] = True
    best, start = (0, 0), None
    for column, is_free in enumerate([*free.tolist(), False]):
        if is_free and start is None:
            start = column
        elif not is_free and start is not None:
            best = max(best, (start, column), key=lambda strip: strip[1] - strip[0])
            start = None
    if best[1] - best[0] < max(4, width // 90):
        return None
    return first + best[0], first + best[1]


def _is_apart(page: Grey, middle: int, dpi: float) -> bool:
    """The halves are crooked in different ways."""
    left, right = (skew_degrees(half, dpi) for half in (page[:, :middle], page[:, middle:]))
    return abs(left - right) >= LEAST_SKEW_APART


def _alike(
    left: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
    right: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
) -> float:
    """Correlation of the halves' inked rows."""
    rows = np.stack([left.mean(axis=1), right.mean(axis=1)])
    # A head line over one half only must not drown the rest.
    rows = np.minimum(rows, np.percentile(rows, 95, axis=1, keepdims=True))
    if not rows.std(axis=1).all():
        return 0.0
    return float(np.corrcoef(rows)[0, 1])
