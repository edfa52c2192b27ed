"""Which way up a page is, for pages that read poorly as they are. Worker-only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scanindex.clean import CleanPage
from scanindex.model import Word
from scanindex.ocr.engines import LayoutEngine
from scanindex.ocr.tesseract import Layout

BAND_INCHES = 1.4
SPARSE_INK_ROWS = 0.25


def downward_share(words: Sequence[Word]) -> float:
    """Share of letters in words that are clearly taller than wide: their lines run downwards."""
    letters = downward = 0
    for word in words:
        length = sum(character.isalnum() for character in word.text)
        if length < 3 or (word.confidence or 0.0) < 0.5:
            continue
        letters += length
        width, height = word.box.right_px - word.box.left_px, word.box.bottom_px - word.box.top_px
        downward += length if height > 1.3 * width else 0
    return downward / letters if letters else 0.0


def best_turn(
    turns: tuple[int, ...],
    prepare: Callable[[int], CleanPage],
    engine: LayoutEngine,
    seconds_left: Callable[[], float],
) -> tuple[int, float]:
    """The turn of `turns` whose densest band reads best, and how much was read there."""
    scores = []
    for turn in turns:
        page = prepare(turn)
        band = densest_band(page.pixels, page.dpi)
        words = engine.read(band, page.dpi, seconds_left(), Layout.BLOCK)
        scores.append(sum(_evidence(word.text, word.confidence or 0.0) for word in words))
    best = max(range(len(turns)), key=lambda index: scores[index])
    return turns[best], scores[best]


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
