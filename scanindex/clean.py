"""Makes a page easier to read, each step only where the page needs it.

Promises: the cleaned pixels are for reading only (the archived picture keeps its
own); every step is gated by something measured on this page and is named in
`CleanPage.steps`; boxes found on the cleaned pixels can be mapped back to the
upright page image. Never binarises: Tesseract's own threshold beats ours on grey
pages. Leaves out rule-line removal and adaptive thresholds, which lost more words
than they won. Imported by OCR worker processes only, hence the heavy imports.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from scanindex.model import Box, PageRaster
from scanindex.settings import OcrSettings

Grey = npt.NDArray[np.uint8]

LEAST_DPI = 150.0
"""Grey pages below this are enlarged; above, Tesseract loses nothing."""
LARGEST_READING_PX = 6_000
"""Longest side handed to an engine: bounds time and memory on odd pages."""
SKEW_LIMIT_DEGREES = 8.0
LEAST_SKEW_DEGREES = 0.3
CLEAR_PEAK = 1.2
INK_LEVEL = 128
FAINT_DEPTH = 64.0
"""Grey levels below the paper at which faint marks count as black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMeasures:
    """What can be told from pixels alone, before any reading."""

    contrast: float
    """95th minus 5th percentile of grey, widened to the ink; 0..1."""
    ink_share: float
    """Share of dark pixels, 0..1."""
    background_spread: float
    """How unevenly the paper is lit or stained; 0..1."""
    skew_degrees: float
    """Clockwise turn that would level the lines."""
    speck_share: float
    """Isolated specks per connected component, 0..1."""


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


def prepare(
    raster: PageRaster, rotation_degrees: int, settings: OcrSettings, is_faint: bool = False
) -> CleanPage:
    """Pixels for reading of the page turned clockwise by `rotation_degrees`.

    is_faint: nothing on the page is clearly dark (pencil, third carbon, bleed-through).
    Idempotent, no I/O. The raster is not changed.
    """
    page = upright(raster.pixels, rotation_degrees)
    dpi = likely_dpi(raster)
    steps: list[str] = []
    flat, spread = whiten_scanner_edges(page, dpi), 0.0
    if flat is not page:
        steps.append("edges")
    if not raster.is_bilevel:
        flat, spread = _flatten(flat, dpi, steps)
    flat = _turn_inverted_regions(flat, dpi, steps)
    if is_faint and not raster.is_bilevel:
        flat = _darken_faint(flat)
        steps.append("faint")
    flat, speck_share = _despeckle(flat, dpi, raster.is_bilevel, steps)
    scale = reading_scale(dpi, raster.is_bilevel, max(page.shape), settings.reading_dpi)
    skew = skew_degrees(flat, dpi)
    pixels, matrix = _scale_and_level(flat, scale, skew, steps)
    return CleanPage(
        pixels=pixels,
        dpi=dpi * scale,
        matrix=matrix,
        width_px=page.shape[1],
        height_px=page.shape[0],
        measures=PageMeasures(
            contrast=contrast(page),
            ink_share=float(np.mean(flat < INK_LEVEL)),
            background_spread=spread,
            skew_degrees=skew,
            speck_share=speck_share,
        ),
        steps=tuple(steps),
    )


def reading_scale(dpi: float, is_bilevel: bool, long_side_px: int, reading_dpi: int) -> float:
    """Factor from page pixels to reading pixels."""
    scale = 1.0
    if (dpi < LEAST_DPI and not is_bilevel) or dpi > reading_dpi * 1.2:
        scale = reading_dpi / dpi
    return min(scale, LARGEST_READING_PX / long_side_px)


def _darken_faint(page: Grey) -> Grey:
    """Faint marks become black, and what is much darker becomes paper.

    Tesseract's one threshold per page otherwise falls between punch holes and the rest.
    """
    paper = float(_paper_level(page))
    grey = cv2.GaussianBlur(cv2.medianBlur(page, 3), (0, 0), 0.7).astype(np.float32)
    stretched = np.clip((grey - (paper - FAINT_DEPTH)) * (255.0 / FAINT_DEPTH), 0, 255).astype(np.uint8)
    solid = (page < paper - 2 * FAINT_DEPTH).astype(np.uint8)
    stretched[cv2.dilate(solid, np.ones((9, 9), np.uint8)).astype(bool)] = 255
    return np.asarray(stretched, np.uint8)


def contrast(page: Grey) -> float:
    """Paper minus ink, 0..1: ink is so scarce on a page that the 5th percentile would be paper."""
    sample = page[::3, ::3]
    paper = float(np.percentile(sample, 90))
    ink = float(np.percentile(sample, 1))
    return (paper - ink) / 255.0


def whiten_scanner_edges(page: Grey, dpi: float) -> Grey:
    """Paints dark scanner borders white; returns the same array where there is none.

    A border is solid (nothing written is thicker than 1/16 inch in both directions)
    and hangs together with the edge of the picture.
    """
    factor = max(1, round(dpi / 50.0))
    small = cv2.resize(page, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    dark = (small < 110).astype(np.uint8)
    if not _edge_is_dark(dark):
        return page
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8), borderValue=1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    height, width = solid.shape
    wanted = np.zeros(count, bool)
    for label in range(1, count):
        left, top, box_width, box_height, area = stats[label]
        touches = left == 0 or top == 0 or left + box_width == width or top + box_height == height
        is_strip = box_width > 0.25 * width or box_height > 0.25 * height
        wanted[label] = touches and is_strip and area < 0.5 * height * width
    if not wanted.any():
        return page
    mask = cv2.dilate(wanted[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    # Dilation takes the ragged rim with it, but only where it is dark.
    mask = cv2.resize(mask, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_NEAREST)
    cleaned = page.copy()
    cleaned[mask.astype(bool)] = _paper_level(page)
    return cleaned


def _edge_is_dark(dark: Grey) -> bool:
    edges = (dark[0], dark[-1], dark[:, 0], dark[:, -1])
    return any(float(edge.mean()) > 0.12 for edge in edges)


def _paper_level(page: Grey) -> int:
    return int(np.percentile(page[::5, ::5], 80))


def _flatten(page: Grey, dpi: float, steps: list[str]) -> tuple[Grey, float]:
    """Divides by the paper's own brightness where that varies; returns the spread measured."""
    factor = max(1, round(dpi / 50.0))
    small = cv2.resize(page, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 21)
    low, high = np.percentile(paper, (5, 95))
    spread = float(high - low) / 255.0
    if spread < 0.10 and high > 190:
        return page, spread
    steps.append("background")
    full = cv2.resize(paper, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(page, np.maximum(full, 40), scale=250), np.uint8), spread


def _turn_inverted_regions(page: Grey, dpi: float, steps: list[str]) -> Grey:
    """White print on dark bars becomes dark on white; layout analysis takes bars for pictures."""
    factor = max(1, round(dpi / 50.0))
    small = cv2.resize(page, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    dark = (small < 120).astype(np.uint8)
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((2, 4), np.uint8))
    closed = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((3, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    cleaned = page
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        if not (width >= 30 and 5 <= height <= 60 and area > 0.75 * width * height):
            continue
        region = (
            slice(top * factor, (top + height) * factor),
            slice(left * factor, (left + width) * factor),
        )
        if not 0.02 < float(np.mean(page[region] > 170)) < 0.5:
            continue
        if cleaned is page:
            cleaned = page.copy()
            steps.append("inverted")
        cleaned[region] = 255 - cleaned[region]
    return cleaned


def _despeckle(page: Grey, dpi: float, is_bilevel: bool, steps: list[str]) -> tuple[Grey, float]:
    """Removes pepper where there is much of it; returns the share of specks among components."""
    ink = (page < INK_LEVEL).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not len(areas):
        return page, 0.0
    largest_speck_px = max(2, round((dpi / 100.0) ** 2))
    is_speck = areas <= largest_speck_px
    share = float(is_speck.mean())
    if share < 0.4 or int(is_speck.sum()) < 200:
        return page, share
    if not is_bilevel:
        steps.append("median")
        return np.asarray(cv2.medianBlur(page, 3), np.uint8), share
    steps.append("despeckle")
    cleaned = page.copy()
    cleaned[np.concatenate(([False], is_speck))[labels]] = 255
    return cleaned, share


def skew_degrees(page: Grey, dpi: float) -> float:
    """Clockwise turn in degrees that levels the text lines, by projection profiles."""
    factor = max(1, round(dpi / 100.0))
    small = cv2.resize(page, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    threshold = min(200, int(np.percentile(small[::3, ::3], 90)) - 50)
    rows, columns = np.nonzero(small < threshold)
    if len(rows) < 200:
        return 0.0
    if len(rows) > 40_000:
        keep = np.linspace(0, len(rows) - 1, 40_000).astype(np.int64)
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
        rows = np.bincount((turned - turned.min()).astype(np.int64)).astype(np.float64)
        scores.append(float(np.square(np.diff(rows)).sum()) * (1.0 - 0.002 * abs(angle)))
    best = int(np.argmax(scores))
    # Noise and pictures are about as jagged at every angle: they give no direction.
    return float(degrees[best]) if scores[best] >= clear_peak * float(np.median(scores)) else 0.0


def _scale_and_level(
    page: Grey, scale: float, skew: float, steps: list[str]
) -> tuple[Grey, tuple[float, float, float, float, float, float]]:
    """One resampling for both; returns the way back to the page."""
    if scale != 1.0:
        steps.append("enlarged" if scale > 1 else "reduced")
    scaled: Any = page
    if scale < 1.0:
        scaled = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    elif scale > 1.0:
        scaled = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    height, width = scaled.shape
    x_scale, y_scale = page.shape[1] / width, page.shape[0] / height
    if abs(skew) < LEAST_SKEW_DEGREES:
        return scaled, (x_scale, 0.0, 0.0, 0.0, y_scale, 0.0)
    steps.append("deskew")
    # OpenCV counts positive angles counter-clockwise.
    forward = cv2.getRotationMatrix2D((width / 2, height / 2), -skew, 1.0)
    levelled = cv2.warpAffine(
        scaled, forward, (width, height), flags=cv2.INTER_LINEAR, borderValue=_paper_level(scaled)
    )
    (a, b, c), (d, e, f) = cv2.invertAffineTransform(forward).tolist()
    matrix = (a * x_scale, b * x_scale, c * x_scale, d * y_scale, e * y_scale, f * y_scale)
    return np.asarray(levelled, np.uint8), matrix
