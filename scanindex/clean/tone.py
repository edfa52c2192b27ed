"""Evens out paper, darkens faint print, and measures how print stands out from it."""

from __future__ import annotations

import cv2
import numpy as np

from scanindex.clean.page import Grey, paper_level, reduced

FAINT_DEPTH = 64.0
"""Grey levels below the paper at which faint marks count as black."""
LEAST_DEPTH = 18
"""Grey levels below the paper around it from which a pixel may be print."""
LEAST_INK_PX = 50
GRAINY = 0.2
"""Grain against the print's depth, from which print drowns in it."""
FAR_INCHES = 0.009
"""Width of a Gaussian that leaves nothing of 10-point print, whose strokes are twice as wide."""


def flatten(page: Grey, dpi: float, steps: list[str]) -> tuple[Grey, float]:
    """Divides by the paper's own brightness where that varies; returns the spread measured."""
    small, _ = reduced(page, dpi)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 21)
    low, high = np.percentile(paper, (5, 95))
    spread = float(high - low) / 255.0
    if spread < 0.10 and high > 190:
        return page, spread
    steps.append("background")
    full = cv2.resize(paper, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(page, np.maximum(full, 40), scale=250), np.uint8), spread


def grain(page: Grey) -> float:
    """Standard deviation of what varies from pixel to pixel, in grey levels."""
    bands = [page[top : top + 64] for top in range(0, page.shape[0], 320)]
    off = [np.abs(band[2:-2, ::3].astype(np.int16) - cv2.medianBlur(band, 5)[2:-2, ::3]) for band in bands]
    values = np.concatenate([part.ravel() for part in off])
    # Of a normal distribution, from its median absolute deviation.
    return 1.4826 * float(np.median(values)) if len(values) else 0.0


def clear_grain(page: Grey, grain_levels: float, contrast_share: float) -> Grey:
    """Grainy paper becomes white and faded print black, for pages whose print hardly
    stands out from the grain. On these Tesseract otherwise reads nothing at all."""
    # In grain, a high percentile is brighter than the paper.
    paper = float(np.median(page[::5, ::5]))
    white = paper - 0.5 * grain_levels
    # The measured contrast is that of the darkest print, grain included.
    black = min(paper - 0.6 * 255.0 * contrast_share, white - 10.0)
    soft = cv2.GaussianBlur(page, (0, 0), 1.0).astype(np.float32)
    return np.asarray(np.clip((soft - black) * (255.0 / (white - black)), 0, 255).astype(np.uint8), np.uint8)


def darken_faint(page: Grey) -> Grey:
    """Faint marks become black, and what is much darker becomes paper.

    Tesseract's one threshold per page otherwise falls between punch holes and the rest.
    """
    paper = float(paper_level(page))
    grey = cv2.GaussianBlur(cv2.medianBlur(page, 3), (0, 0), 0.7).astype(np.float32)
    stretched = np.clip((grey - (paper - FAINT_DEPTH)) * (255.0 / FAINT_DEPTH), 0, 255).astype(np.uint8)
    solid = (page < paper - 2 * FAINT_DEPTH).astype(np.uint8)
    stretched[cv2.dilate(solid, np.ones((9, 9), np.uint8)).astype(bool)] = 255
    return np.asarray(stretched, np.uint8)


def contrast(page: Grey, dpi: float) -> float:
    """How much darker than the paper around it the darkest tenth of the print is, 0..1.

    Ink is so scarce on most pages, and paper so uneven on others, that percentiles of
    the whole picture would tell the paper from itself.
    """
    small, _ = reduced(page, dpi, 100.0)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((3, 3), np.uint8)), 31)
    depth = cv2.subtract(paper, small)
    # Half of the depths are grain: what stands out far above them is print.
    grain = float(np.percentile(depth[::3, ::3], 70))
    ink = depth[depth > LEAST_DEPTH + 2 * grain]
    return round(float(np.percentile(ink, 90)) / 255.0, 3) if len(ink) >= LEAST_INK_PX else 0.0


def blur(page: Grey, dpi: float) -> float | None:
    """How wide the edges of the print are against its strokes: 0 = crisp, 1 = as wide.

    The steepest slope across an edge of height h that was blurred with a Gaussian of
    width s is h / (s * sqrt(2 pi)); the slopes of the steepest tenth of the ink's
    neighbourhood give s. None where there is too little ink.
    """
    height, width = page.shape
    if min(height, width) < 16:
        return None
    # The mean of three rows: upright strokes run through all of them, grain does not.
    rows = cv2.blur(page[height // 5 : -height // 5], (1, 3))[:: max(3, height // 300)]
    across = np.abs(rows[:, 1:].astype(np.int16) - rows[:, :-1]).astype(np.uint8)
    reach = max(3, round(0.05 * dpi))
    paper = cv2.dilate(rows, np.ones((1, reach), np.uint8))
    depth = cv2.subtract(paper, cv2.erode(rows, np.ones((1, reach // 2 + 1), np.uint8)))[:, 1:]
    inked = depth > max(30, 0.5 * float(np.percentile(depth, 98)))
    if int(inked.sum()) < 500:
        return None
    slope = across[inked].astype(np.float32) / depth[inked]
    steepest = float(np.percentile(slope, 90))
    sigma_px = 1.0 / (max(steepest, 1e-3) * 2.5066)
    return round(float(min(1.0, max(0.0, sigma_px - 0.4) / (FAR_INCHES * dpi))), 3)
