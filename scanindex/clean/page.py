"""A page as the reader sees it, and the way back to the page as it lies in the archive."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from scanindex.model import Box, PageRaster

Grey = npt.NDArray[np.uint8]

SMALL_DPI = 50.0
"""At this resolution print melts into lines and solid shapes stay: borders, bars, holes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMeasures:
    """What can be told from pixels alone, before any reading."""

    contrast: float
    """How much darker than the paper around it the print is; 0..1."""
    ink_share: float
    """Share of dark pixels, 0..1."""
    background_spread: float
    """How unevenly the paper is lit or stained; 0..1."""
    skew_degrees: float
    """Clockwise turn that would level the lines."""
    speck_share: float
    """Isolated specks per connected component, 0..1."""
    blur: float | None
    """0 = crisp, 1 = edges as wide as strokes; None for 1-bit pages, which have no edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanPage:
    pixels: Grey = field(repr=False)
    dpi: float
    """Of these pixels; an estimate where the archived picture names none."""
    matrix: tuple[float, float, float, float, float, float]
    """(a, b, c, d, e, f): x_page = a*x + b*y + c, y_page = d*x + e*y + f, from a point
    of the cleaned pixels to one of the upright page image."""
    width_px: int
    """Of the upright page image."""
    height_px: int
    measures: PageMeasures
    steps: tuple[str, ...]

    def box_on_page(self, box: Box) -> Box:
        """The upright rectangle on the page image that covers `box` of the cleaned pixels."""
        a, b, c, d, e, f = self.matrix
        middle_x, middle_y = (box.left_px + box.right_px) / 2, (box.top_px + box.bottom_px) / 2
        scale = math.hypot(a, d)
        half_width = (box.right_px - box.left_px) / 2 * scale
        half_height = (box.bottom_px - box.top_px) / 2 * scale
        # Only the middle is turned: covering the turned corners would make the boxes of
        # long words on a crooked page reach into the lines above and below.
        slant = abs(d) * (box.right_px - box.left_px) / 2 * 0.5
        x, y = a * middle_x + b * middle_y + c, d * middle_x + e * middle_y + f
        left = min(max(0, math.floor(x - half_width)), self.width_px - 1)
        top = min(max(0, math.floor(y - half_height - slant)), self.height_px - 1)
        return Box(
            left_px=left,
            top_px=top,
            right_px=min(max(left + 1, math.ceil(x + half_width)), self.width_px),
            bottom_px=min(max(top + 1, math.ceil(y + half_height + slant)), self.height_px),
        )


def upright(pixels: Any, rotation_degrees: int) -> Grey:
    """`pixels` turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.ascontiguousarray(np.rot90(pixels, -(rotation_degrees // 90) % 4))


def likely_dpi(raster: PageRaster) -> float:
    """The raster's own dpi where it makes a believable sheet, else a guess from a letter page."""
    height, width = raster.pixels.shape
    long_side, short_side = max(height, width), max(1, min(height, width))
    if raster.dpi and 1.0 <= long_side / raster.dpi <= 20.0:
        return float(raster.dpi)
    # A till receipt or a card is no letter page: let the short side speak then.
    inches = long_side / 11.0 if long_side / short_side < 2.2 else short_side / 3.2
    return float(min(max(inches, 70.0), 1200.0))


def paper_level(page: Grey) -> int:
    """Grey of most of the paper."""
    return int(np.percentile(page[::5, ::5], 80))


def reduced(page: Grey, dpi: float, to_dpi: float = SMALL_DPI) -> tuple[Grey, int]:
    """The page at about `to_dpi`, and by how many pixels each of its pixels was reduced."""
    factor = max(1, round(dpi / to_dpi))
    if factor == 1:
        return page, 1
    small = cv2.resize(page, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), factor
