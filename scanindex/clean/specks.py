"""Removes pepper where there is much of it."""

from __future__ import annotations

import cv2
import numpy as np

from scanindex.clean.page import Grey

INK_LEVEL = 128
MANY = 200
"""Specks a page must have for any to be removed."""
MUCH = 0.4
"""Share of specks among a page's components from which it is pepper, not full stops."""


def despeckle(page: Grey, dpi: float, is_bilevel: bool, steps: list[str]) -> tuple[Grey, float]:
    """`page` without its pepper, and the share of specks among its components."""
    share, count = speck_share(page, dpi)
    if share < MUCH or count < MANY:
        return page, share
    if not is_bilevel:
        steps.append("median")
        return np.asarray(cv2.medianBlur(page, 3), np.uint8), share
    steps.append("despeckle")
    ink = (page < INK_LEVEL).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    is_speck = stats[:, cv2.CC_STAT_AREA] <= _largest_speck_px(dpi)
    is_speck[0] = False
    cleaned = page.copy()
    cleaned[is_speck[labels]] = 255
    return cleaned, share


def speck_share(page: Grey, dpi: float) -> tuple[float, int]:
    """Share of components that are specks, and about how many the page has.

    Measured on every other band of an inch: pepper is spread over the page.
    """
    band = max(32, round(dpi))
    specks = components = 0
    for top in range(0, page.shape[0], 2 * band):
        ink = (page[top : top + band] < INK_LEVEL).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_16U)
        areas = stats[1:, cv2.CC_STAT_AREA]
        components += len(areas)
        specks += int((areas <= _largest_speck_px(dpi)).sum())
    return (specks / components if components else 0.0), 2 * specks


def _largest_speck_px(dpi: float) -> int:
    return max(2, round((dpi / 100.0) ** 2))
