"""Finds how crooked the lines are; levels and scales the page in one resampling."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from scanindex.clean.page import Grey, paper_level, reduced

LEAST_DPI = 150.0
"""Grey pages below this are enlarged; above, Tesseract loses nothing."""
LARGEST_READING_PX = 6_000
"""Longest side handed to an engine: bounds time and memory on odd pages."""
SKEW_LIMIT_DEGREES = 8.0
LEAST_SKEW_DEGREES = 0.3
CLEAR_PEAK = 1.2
MOST_POINTS = 40_000

Matrix = tuple[float, float, float, float, float, float]


def reading_scale(dpi: float, is_bilevel: bool, long_side_px: int, reading_dpi: int) -> float:
    """Factor from page pixels to reading pixels."""
    scale = 1.0
    if (dpi < LEAST_DPI and not is_bilevel) or dpi > reading_dpi * 1.2:
        scale = reading_dpi / dpi
    return min(scale, LARGEST_READING_PX / long_side_px)


def skew_degrees(page: Grey, dpi: float) -> float:
    """Clockwise turn in degrees that levels the text lines, by projection profiles."""
    small, _ = reduced(page, dpi, 100.0)
    threshold = min(200, int(np.percentile(small[::3, ::3], 90)) - 50)
    rows, columns = np.nonzero(small < threshold)
    if len(rows) < 200:
        return 0.0
    if len(rows) > MOST_POINTS:
        keep = np.linspace(0, len(rows) - 1, MOST_POINTS).astype(np.int64)
        rows, columns = rows[keep], columns[keep]
    xs, ys = columns.astype(np.float32), rows.astype(np.float32)
    best = _best_angle(xs, ys, np.arange(-SKEW_LIMIT_DEGREES, SKEW_LIMIT_DEGREES + 0.01, 0.5), CLEAR_PEAK)
    best = _best_angle(xs, ys, np.arange(best - 0.5, best + 0.51, 0.1), 1.0)
    return round(float(best), 3)


def _best_angle(xs: Any, ys: Any, degrees: Any, clear_peak: float) -> float:
    """The clockwise turn with the sharpest rows; ties go to the smallest."""
    scores = []
    for angle in degrees:
        turned = ys + xs * np.float32(math.tan(math.radians(angle)))
        rows = np.bincount((turned - turned.min()).astype(np.int32)).astype(np.float64)
        scores.append(float(np.square(np.diff(rows)).sum()) * (1.0 - 0.002 * abs(angle)))
    best = int(np.argmax(scores))
    # Noise and pictures are about as jagged at every angle: they give no direction.
    return float(degrees[best]) if scores[best] >= clear_peak * float(np.median(scores)) else 0.0


def scaled(page: Grey, scale: float, steps: list[str]) -> Grey:
    """`page` enlarged or reduced."""
    if scale == 1.0:
        return page
    steps.append("enlarged" if scale > 1 else "reduced")
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def levelled(page: Grey, skew: float, steps: list[str]) -> tuple[Grey, Matrix]:
    """`page` turned about its middle, with the way back to where it came from."""
    if abs(skew) < LEAST_SKEW_DEGREES:
        return page, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    steps.append("deskew")
    height, width = page.shape
    # OpenCV counts positive angles counter-clockwise.
    forward = cv2.getRotationMatrix2D((width / 2, height / 2), -skew, 1.0)
    turned = cv2.warpAffine(
        page, forward, (width, height), flags=cv2.INTER_LINEAR, borderValue=paper_level(page)
    )
    (a, b, c), (d, e, f) = cv2.invertAffineTransform(forward).tolist()
    return np.asarray(turned, np.uint8), (a, b, c, d, e, f)
