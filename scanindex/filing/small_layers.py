"""One page's pixels as layers: sharp ink over soft paper, some twentieth of the bytes of a scan.

Ink is a 1-bit mask at full resolution, coloured by a very coarse picture of its
own; paper - tint, stains, highlighter, photographs, and specks too small for the
mask - is a coarse JPEG. This is the mixed raster content model (ITU-T T.44) drawn
by explicit masking (ISO 32000-1, 8.9.6.3). Worker-only: imports numpy, OpenCV and
Pillow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import cv2
import numpy as np
from PIL import Image

from scanindex.filing import pdfa_recode
from scanindex.filing.picture import PagePicture, Picture, full_page

RENDITION = "small:layers"
PAPER_DPI, INK_DPI = 75.0, 50.0
PAPER_QUALITY, INK_QUALITY = 40, 40
MASK_DPI, CROWDED_DPI = 300.0, 240.0
"""Coarser pages get a finer mask than their own pixels: the grey of an edge says where
it runs between them, which one bit of their size would lose."""
MASK_BYTES = 42_000
_COLOUR_SPREAD, _COLOUR_SHARE = 40, 0.0005
_INK_RANGE = (140, 215)
"""Where ink may begin, in levels of paper made evenly white."""
_PAPER_INCHES = 0.15
"""Wider than any stroke, narrower than a shadow."""
_SMOOTHING_PX = 0.7
"""Evens ragged edges, which cost most of the mask's bytes."""
_SPECK_PX = 5
"""At 300 dpi; smaller marks are left to the paper."""
_CORE_LEVELS = 12

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def layered(image: Image.Image, dpi: float, width_pt: float, height_pt: float) -> PagePicture:
    """Paper and ink of a page; `image` (mode L or RGB) shows it whole at `dpi`."""
    pixels = np.asarray(image)
    grey = cast(Pixels, pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    if pixels.ndim == 3 and not _has_colour(pixels):
        pixels = grey
    even = cast(Pixels, cv2.GaussianBlur(_evened(grey, dpi), (0, 0), _SMOOTHING_PX))
    covered = _without_specks(even < _ink_level(even), dpi)
    paper = _coarse(pixels, ~_grown(covered), PAPER_DPI / dpi)
    page = full_page(_jpeg(paper, PAPER_QUALITY), width_pt, height_pt, RENDITION)
    stencil = _stencil(even, dpi)
    if stencil is None:
        return page
    colours = _coarse(pixels, _cores(covered, grey), INK_DPI / dpi)
    picture = replace(_jpeg(colours, INK_QUALITY), mask=stencil)
    over = full_page(picture, width_pt, height_pt, RENDITION)
    return replace(page, placements=(*page.placements, *over.placements))


def _stencil(even: Pixels, dpi: float) -> Picture | None:
    """The mask at about `MASK_DPI`, a step coarser where a crowded page makes it large."""
    for wanted in (MASK_DPI, CROWDED_DPI):
        ink = _ink(even, dpi, wanted if not wanted * 0.85 < dpi < wanted * 1.15 else dpi)
        if not ink.any():
            return None
        made = pdfa_recode.group4_of(Image.fromarray(~ink))
        if len(made.data) <= MASK_BYTES:
            break
    return replace(made, colour=None, is_stencil=True)


def _ink(even: Pixels, dpi: float, mask_dpi: float) -> Mask:
    if mask_dpi != dpi:
        kind = cv2.INTER_AREA if mask_dpi < dpi else cv2.INTER_CUBIC
        even = cast(Pixels, cv2.resize(even, None, fx=mask_dpi / dpi, fy=mask_dpi / dpi, interpolation=kind))
    return _without_specks(even < _ink_level(even), mask_dpi)


def _has_colour(pixels: Pixels) -> bool:
    small = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    spread = small.max(axis=2).astype(np.int16) - small.min(axis=2)
    return bool((spread > _COLOUR_SPREAD).mean() > _COLOUR_SHARE)


def _evened(grey: Pixels, dpi: float) -> Pixels:
    """The page as if its paper were white everywhere."""
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    side = max(3, round(_PAPER_INCHES * dpi / 4) | 1)
    paper = cv2.dilate(small, np.ones((side, side), np.uint8))
    paper = cv2.medianBlur(paper, min(side * 2 + 1, 255))
    wide = cv2.resize(paper, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)
    return cast(Pixels, cv2.divide(grey, np.maximum(wide, 1), scale=255))


def _ink_level(even: Pixels) -> float:
    """Otsu's level over what is not plain paper, kept within reason.

    Over the whole page the paper's noise would outvote the little ink there is.
    """
    counts = np.bincount(even.ravel(), minlength=256)
    darker = even[even < _INK_RANGE[1]]
    if darker.size < 64 or counts.sum() == 0:
        return float(_INK_RANGE[0])
    level, _ = cv2.threshold(even[even < 250].reshape(1, -1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(min(max(level, _INK_RANGE[0]), _INK_RANGE[1]))


def _without_specks(ink: Mask, dpi: float) -> Mask:
    least = round(_SPECK_PX * (dpi / 300) ** 2)
    if least < 2:
        return ink
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= least
    keep[0] = False
    return cast(Mask, keep[labels])


def _grown(ink: Mask) -> Mask:
    """With the blurred rim, which is neither ink nor paper."""
    return cast(Mask, cv2.dilate(ink.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)


def _cores(ink: Mask, grey: Pixels) -> Mask:
    """Ink as dark as it gets nearby: away from the rim, which in thin strokes is nearly all."""
    darkest = cv2.erode(grey, np.ones((9, 9), np.uint8))
    return cast(Mask, ink & (grey.astype(np.int16) <= darkest.astype(np.int16) + _CORE_LEVELS))


def _coarse(pixels: Pixels, counted: Mask, scale: float) -> Pixels:
    """Shrunk picture of the counted pixels alone; the rest is filled from around them."""
    scale = min(scale, 1.0)
    size = tuple(max(1, round(side * scale)) for side in (pixels.shape[1], pixels.shape[0]))
    weights = cv2.resize(counted.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    shown = pixels * (counted if pixels.ndim == 2 else counted[..., None])
    sums = cv2.resize(shown.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return _filled(sums, weights)


def _filled(sums: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> Pixels:
    """Weighted means; cells without weight take the mean of ever wider surroundings."""
    known = weights > 1e-3
    if not known.any():
        return np.full(sums.shape, 255, np.uint8)
    result = np.zeros_like(sums)
    empty = np.ones(weights.shape, bool)
    side = 1
    while empty.any():
        reach = min(side, 2 * max(weights.shape) + 1)
        near = cv2.boxFilter(weights, -1, (reach, reach), normalize=False, borderType=cv2.BORDER_CONSTANT)
        total = cv2.boxFilter(sums, -1, (reach, reach), normalize=False, borderType=cv2.BORDER_CONSTANT)
        now = empty & (near > 1e-3)
        scale = near[now] if sums.ndim == 2 else near[now][:, None]
        result[now] = total[now] / scale
        empty &= ~now
        side = side * 2 + 1
    return cast(Pixels, np.clip(result + 0.5, 0, 255).astype(np.uint8))


def _jpeg(pixels: Pixels, quality: int) -> Picture:
    return pdfa_recode.lossy(Image.fromarray(pixels), quality)
