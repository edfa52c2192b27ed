"""How well a page was read, from what can be measured without a dictionary. Worker-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from scanindex.model import Box, Word

SURE = 0.7
UNSURE = 0.4
CALIBRATION = 1.02
"""Fitted: mean confidence of a page that was read without a fault is 0.98."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Components of the reading pixels that have the size of letters."""

    boxes: npt.NDArray[np.int32] = field(repr=False)
    """n x 4: left, top, right, bottom."""

    @property
    def count(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one reading of a page amounts to."""

    letters: int
    sure_letters: int
    """Letters and digits in words of two or more that were read with confidence."""
    confidence: float
    """Mean over words, weighted by length."""
    coverage: float
    """Share of letter-sized ink that lies in a word read with some confidence."""

    @property
    def sure_share(self) -> float:
        return self.sure_letters / self.letters if self.letters else 0.0

    @property
    def legibility(self) -> float:
        """Expected share of the page's words that were read right, 0..1.

        What was covered times how sure it was; within 0.05 of the true share on average
        over clean, faded, blurred, coarse and faxed pages and noisy forms.
        """
        return round(min(1.0, CALIBRATION * self.confidence * self.coverage), 3)

    @property
    def is_poor(self) -> bool:
        """Worth another turn, layout or reader."""
        return self.sure_share < 0.6 or self.coverage < 0.6


def find_glyphs(pixels: Any, dpi: float) -> Glyphs:
    """Letter-sized dark components of grey or bilevel `pixels`."""
    paper = float(np.percentile(pixels[::4, ::4], 80))
    ink = (pixels < max(60.0, paper - 60.0)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    left, top, width, height, area = (stats[1:, column] for column in range(5))
    keep = (height >= 0.035 * dpi) & (height <= 0.4 * dpi) & (width >= 0.008 * dpi) & (width <= 0.6 * dpi)
    keep &= area >= 0.0004 * dpi * dpi
    boxes = np.stack([left, top, left + width, top + height], axis=1)[keep]
    return Glyphs(boxes=boxes.astype(np.int32))


def weigh(words: Sequence[Word], glyphs: Glyphs, shape: tuple[int, ...]) -> Look:
    """Boxes of `words` and `glyphs` are both pixels of one image of this shape."""
    letters = sure = 0
    weighted = 0.0
    for word in words:
        length = sum(character.isalnum() for character in word.text)
        confidence = 1.0 if word.confidence is None else word.confidence
        letters += length
        weighted += length * confidence
        if length >= 2 and confidence >= SURE:
            sure += length
    return Look(
        letters=letters,
        sure_letters=sure,
        confidence=weighted / letters if letters else 0.0,
        coverage=_coverage([w.box for w in words if (w.confidence or 1.0) >= UNSURE], glyphs, shape),
    )


def uncovered(boxes: Sequence[Box], glyphs: Glyphs, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """For each glyph: does its middle lie in none of the boxes?"""
    covered = np.zeros(shape[:2], bool)
    for box in boxes:
        covered[box.top_px : box.bottom_px, box.left_px : box.right_px] = True
    middle_x = (glyphs.boxes[:, 0] + glyphs.boxes[:, 2]) // 2
    middle_y = (glyphs.boxes[:, 1] + glyphs.boxes[:, 3]) // 2
    return np.asarray(~covered[middle_y, middle_x], np.bool_)


def _coverage(boxes: Sequence[Box], glyphs: Glyphs, shape: tuple[int, ...]) -> float:
    if not glyphs.count:
        return 1.0
    return 1.0 - float(uncovered(boxes, glyphs, shape).mean())
