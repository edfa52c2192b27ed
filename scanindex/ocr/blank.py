"""Tells empty sides from sides with something on them. Worker-only.

Losing a page with text is the sin; keeping an empty one costs a keystroke. So only
what is certainly no writing is taken away (scanner edges, punch holes, specks, a
thin line right across), and any mark the size of a stamp or a word keeps the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

WORKING_DPI = 100.0
STRONG_CONTRAST = 70
"""Ink this much darker than the paper may be writing; bleed-through stays below."""
FAINT_CONTRAST = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Components of the page that may be writing, by how dark they are."""

    strong: int
    """Number of marks of letter size or more, clearly dark."""
    strong_px: int
    """Dark pixels of those, at 100 dpi."""
    faint: int
    """Marks that only stand out against the paper: pencil, carbon, or bleed-through."""

    @property
    def is_empty(self) -> bool:
        return self.strong == 0 and self.faint < 3


def find_marks(page: Any, dpi: float) -> Marks:
    """Marks on an edge-cleaned page (see `scanindex.clean.whiten_scanner_edges`)."""
    scale = min(1.0, WORKING_DPI / dpi)
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small_dpi = dpi * scale
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((3, 3), np.uint8)), _odd(small_dpi * 0.3))
    depth = cv2.subtract(paper, cv2.medianBlur(small, 3) if dpi * scale >= 90 else small)
    strong, strong_px = _count(depth >= STRONG_CONTRAST, small_dpi)
    faint, _ = _count(depth >= FAINT_CONTRAST, small_dpi)
    return Marks(strong=strong, strong_px=strong_px, faint=max(0, faint - strong))


def _odd(value: float) -> int:
    return max(3, round(value) // 2 * 2 + 1)


def _count(dark: Any, dpi: float) -> tuple[int, int]:
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    height, width = dark.shape
    number = pixels = 0
    for (left, top, box_width, box_height, area), _centre in zip(
        stats[1:].tolist(), centres[1:].tolist(), strict=True
    ):
        if area < 4 or max(box_width, box_height) < 0.03 * dpi:
            continue
        if _is_furniture(left, top, box_width, box_height, area, width, height, dpi):
            continue
        number += 1
        pixels += area
    return number, pixels


def _is_furniture(
    left: int, top: int, box_width: int, box_height: int, area: int, width: int, height: int, dpi: float
) -> bool:
    """Punch hole, staple, fold, scanner streak, or the very edge of the sheet."""
    margin = 0.1 * dpi
    right, bottom = left + box_width, top + box_height
    in_rim = right <= margin or bottom <= margin or left >= width - margin or top >= height - margin
    near = 0.9 * dpi
    near_edge = left < near or top < near or right > width - near or bottom > height - near
    round_size = 0.15 * dpi <= max(box_width, box_height) <= 0.45 * dpi
    is_hole = near_edge and round_size and min(box_width, box_height) > 0.1 * dpi and (
        area > 0.6 * box_width * box_height or _is_ring(box_width, box_height)
    )
    is_line = max(box_width, box_height) > 2.0 * dpi and min(box_width, box_height) < 0.08 * dpi
    return in_rim or is_hole or is_line


def _is_ring(box_width: int, box_height: int) -> bool:
    return 0.6 < box_width / box_height < 1.6
