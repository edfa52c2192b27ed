"""The steps of cleaning in their order."""

from __future__ import annotations

import numpy as np

from scanindex.clean.edges import whiten_holes, whiten_scanner_edges
from scanindex.clean.inverted import turn_inverted_regions
from scanindex.clean.level import levelled, reading_scale, scaled, skew_degrees
from scanindex.clean.page import CleanPage, Grey, PageMeasures, likely_dpi, upright
from scanindex.clean.specks import INK_LEVEL, despeckle
from scanindex.clean.tone import GRAINY, blur, clear_grain, contrast, darken_faint, flatten, grain
from scanindex.model import PageRaster
from scanindex.settings import OcrSettings


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
    scale = reading_scale(dpi, raster.is_bilevel, max(page.shape), settings.reading_dpi)
    # A dense grey page is reduced first, so that every other step sees fewer pixels; the
    # specks of a 1-bit page are only known while they are black.
    is_reduced_first = scale < 1.0 and not raster.is_bilevel
    start, start_dpi = (scaled(page, scale, steps), dpi * scale) if is_reduced_first else (page, dpi)
    flat = _without_furniture(start, start_dpi, steps)
    flat, spread = (flat, 0.0) if raster.is_bilevel else flatten(flat, start_dpi, steps)
    print_contrast = contrast(start, start_dpi)
    if not raster.is_bilevel:
        flat = _stand_out(flat, print_contrast, is_faint, steps)
    flat = turn_inverted_regions(flat, start_dpi, steps)
    flat, specks = despeckle(flat, start_dpi, raster.is_bilevel, steps)
    skew = skew_degrees(flat, start_dpi)
    ink_share = float(np.count_nonzero(flat[::2] < INK_LEVEL)) / flat[::2].size
    pixels, (a, b, c, d, e, f) = levelled(
        flat if is_reduced_first else scaled(flat, scale, steps), skew, steps
    )
    x_scale, y_scale = page.shape[1] / pixels.shape[1], page.shape[0] / pixels.shape[0]
    return CleanPage(
        pixels=pixels,
        dpi=dpi * scale,
        matrix=(a * x_scale, b * x_scale, c * x_scale, d * y_scale, e * y_scale, f * y_scale),
        width_px=page.shape[1],
        height_px=page.shape[0],
        measures=PageMeasures(
            contrast=print_contrast,
            ink_share=ink_share,
            background_spread=spread,
            skew_degrees=skew,
            speck_share=specks,
            blur=None if raster.is_bilevel else blur(page, dpi),
        ),
        steps=tuple(steps),
    )


def _stand_out(page: Grey, print_contrast: float, is_faint: bool, steps: list[str]) -> Grey:
    """Print that is faint, or no darker than the paper's grain, made black on white."""
    grain_levels = grain(page)
    if print_contrast and grain_levels > GRAINY * 255.0 * print_contrast:
        steps.append("grain")
        return clear_grain(page, grain_levels, print_contrast)
    if is_faint:
        steps.append("faint")
        return darken_faint(page)
    return page


def _without_furniture(page: Grey, dpi: float, steps: list[str]) -> Grey:
    """Without scanner borders and punch holes."""
    bare = whiten_scanner_edges(page, dpi)
    if bare is not page:
        steps.append("edges")
    whole = whiten_holes(bare, dpi)
    if whole is not bare:
        steps.append("holes")
    return whole
