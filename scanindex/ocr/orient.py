"""Finds the turn that makes a page upright, only for pages that read poorly as they are.

Text lines make the projection across them jagged: that tells the axis. Which way
along it is told by reading one dense band in both directions and comparing what was
read with confidence. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from scanindex.clean import CleanPage
from scanindex.ocr.engines import LayoutEngine
from scanindex.ocr.tesseract import Layout

BAND_INCHES = 1.4
SPARSE_INK_ROWS = 0.25
STRONG_AXIS = 1.6


def axis_ratio(page: Any, dpi: float) -> float:
    """Above 1: lines of text run across the page; below 1: they run up and down."""
    factor = max(1, round(dpi / 75.0))
    small = cv2.resize(page, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    threshold = min(200, int(np.percentile(small[::3, ::3], 80)) - 40)
    dark = (small < threshold).astype(np.uint8)
    # Long rules of tables and grids say nothing about the direction of letters.
    long_run = 45
    rules = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, long_run), np.uint8))
    rules |= cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((long_run, 1), np.uint8))
    text = cv2.subtract(dark, cv2.dilate(rules, np.ones((3, 3), np.uint8))).astype(np.float64)
    return (_jaggedness(text) + 1e-9) / (_jaggedness(text.T) + 1e-9)


def _jaggedness(ink: Any) -> float:
    """Contrast between neighbouring rows, averaged over strips so that columns don't mix."""
    strips = np.array_split(ink, 6, axis=1)
    return float(sum(np.abs(np.diff(strip.sum(axis=1))).sum() for strip in strips))


def best_turn(
    turns: tuple[int, ...],
    prepare: Callable[[int], CleanPage],
    engine: LayoutEngine,
    seconds_left: Callable[[], float],
) -> tuple[int, float]:
    """The turn of `turns` whose densest band reads best, and by how many sure letters.

    The second value is the lead over the runner-up; 0 where nothing could be read.
    """
    scores = []
    for turn in turns:
        page = prepare(turn)
        band = densest_band(page.pixels, page.dpi)
        words = engine.read(band, page.dpi, seconds_left(), Layout.BLOCK)
        scores.append(sum(_evidence(word.text, word.confidence or 0.0) for word in words))
    order = sorted(range(len(turns)), key=lambda index: -scores[index])
    lead = scores[order[0]] - (scores[order[1]] if len(order) > 1 else 0.0)
    return turns[order[0]], lead


def _evidence(text: str, confidence: float) -> float:
    length = sum(character.isalnum() for character in text)
    return length * max(0.0, confidence - 0.5) if length >= 2 else 0.0


def densest_band(pixels: Any, dpi: float) -> Any:
    """The rows of the page with most ink; all of the page where it holds little."""
    height = round(BAND_INCHES * dpi)
    if pixels.shape[0] <= height * 1.5:
        return pixels
    rows = (pixels[:, ::2] < 128).mean(axis=1)
    inked = rows > 0.01
    if inked.mean() < SPARSE_INK_ROWS:
        used = np.flatnonzero(inked)
        if len(used) == 0:
            return pixels
        return pixels[max(0, used[0] - 20) : used[-1] + 20]
    # Solid rules and pictures are dense too: cap what one row can give.
    sums = np.convolve(np.minimum(rows, 0.15), np.ones(height), mode="valid")
    start = int(np.argmax(sums))
    return pixels[start : start + height]
