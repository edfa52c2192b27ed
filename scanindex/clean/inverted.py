"""White print on dark bars becomes dark on white; layout analysis takes bars for pictures."""

from __future__ import annotations

import cv2
import numpy as np

from scanindex.clean.page import Grey, reduced

DARK = 120
BRIGHT = 170
LARGEST_INCHES_HIGH = 1.2
LEAST_INCHES = (0.3, 0.11)
"""Width and height of the smallest box that holds a readable word."""
LEAST_RIM = 0.9
"""Share of the box's outline that is dark; the outline of a large letter is not."""


def turn_inverted_regions(page: Grey, dpi: float, steps: list[str]) -> Grey:
    """`page` with its dark boxes inverted; the same array where there is none."""
    small, factor = reduced(page, dpi)
    dark = (small < DARK).astype(np.uint8)
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((2, 4), np.uint8))
    closed = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((3, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    cleaned = page
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        inches_wide, inches_high = width * factor / dpi, height * factor / dpi
        is_box = inches_wide >= LEAST_INCHES[0] and LEAST_INCHES[1] <= inches_high <= LARGEST_INCHES_HIGH
        if not is_box or area < 0.75 * width * height or inches_wide < 1.2 * inches_high:
            continue
        rows = slice(top * factor, (top + height) * factor)
        columns = slice(left * factor, (left + width) * factor)
        if not _holds_bright_print(page[rows, columns], dpi, is_small=inches_wide < 0.6):
            continue
        if cleaned is page:
            cleaned = page.copy()
            steps.append("inverted")
        cleaned[rows, columns] = 255 - cleaned[rows, columns]
    return cleaned


def _holds_bright_print(box: Grey, dpi: float, is_small: bool) -> bool:
    bright = (box > BRIGHT).astype(np.uint8)
    if not 0.02 < float(bright.mean()) < 0.5:
        return False
    if not is_small:
        return True
    # A small dark box may be a blot or a bold letter: it must be dark all round, with
    # letters inside.
    rim = max(1, round(0.012 * dpi))
    inner = 1 - bright[rim : 2 * rim, rim:-rim], 1 - bright[-2 * rim : -rim, rim:-rim]
    sides = 1 - bright[rim:-rim, rim : 2 * rim], 1 - bright[rim:-rim, -2 * rim : -rim]
    if any(float(side.mean()) < LEAST_RIM for side in (*inner, *sides) if side.size):
        return False
    _, _, stats, _ = cv2.connectedComponentsWithStats(bright[rim:-rim, rim:-rim], connectivity=8)
    heights = stats[1:, cv2.CC_STAT_HEIGHT]
    return int(((heights >= 0.04 * dpi) & (heights <= 0.9 * box.shape[0])).sum()) >= 2
