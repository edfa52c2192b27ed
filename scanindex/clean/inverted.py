"""White print on dark bars becomes dark on white; layout analysis takes bars for pictures."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from scanindex.clean.page import Grey, reduced

DARK = 120
BRIGHT = 170
LARGEST_INCHES_HIGH = 1.2
LEAST_INCHES = (0.3, 0.11)
"""Width and height of the smallest box that holds a readable word."""
SMALL_INCHES = 0.6
FULL, LEAST_FILL = 0.75, 0.7
"""Share of the box that is dark once its print is bridged."""
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
        if not is_box or area < LEAST_FILL * width * height or inches_wide < 1.2 * inches_high:
            continue
        rows, columns = _dark_part(
            page,
            slice(top * factor, (top + height) * factor),
            slice(left * factor, (left + width) * factor),
            2 * factor,
        )
        is_doubtful = inches_wide < SMALL_INCHES or area < FULL * width * height
        if not _holds_bright_print(page[rows, columns], dpi, is_doubtful):
            continue
        if cleaned is page:
            cleaned = page.copy()
            steps.append("inverted")
        cleaned[rows, columns] = 255 - cleaned[rows, columns]
    return cleaned


def _dark_part(page: Grey, rows: slice, columns: slice, most_px: int) -> tuple[slice, slice]:
    """The box without the bright rim of at most so many pixels that working small left around it."""
    dark = page[rows, columns] < DARK
    return _trimmed(rows, dark.mean(axis=1), most_px), _trimmed(columns, dark.mean(axis=0), most_px)


def _trimmed(part: slice, darkness: npt.NDArray[np.float64], most_px: int) -> slice:
    dark = np.flatnonzero(darkness > 0.5)
    if not len(dark):
        return part
    first, behind = min(int(dark[0]), most_px), min(len(darkness) - 1 - int(dark[-1]), most_px)
    return slice(part.start + first, min(part.stop, part.start + len(darkness)) - behind)


def _holds_bright_print(box: Grey, dpi: float, is_doubtful: bool) -> bool:
    bright = (box > BRIGHT).astype(np.uint8)
    if not 0.02 < float(bright.mean()) < 0.5:
        return False
    if not is_doubtful:
        return True
    # It may be a blot or a bold letter: a box is dark all round, with
    # letters inside.
    rim = max(1, round(0.012 * dpi))
    inner = 1 - bright[rim : 2 * rim, rim:-rim], 1 - bright[-2 * rim : -rim, rim:-rim]
    sides = 1 - bright[rim:-rim, rim : 2 * rim], 1 - bright[rim:-rim, -2 * rim : -rim]
    if any(float(side.mean()) < LEAST_RIM for side in (*inner, *sides) if side.size):
        return False
    _, _, stats, _ = cv2.connectedComponentsWithStats(bright[rim:-rim, rim:-rim], connectivity=8)
    heights = stats[1:, cv2.CC_STAT_HEIGHT]
    return int(((heights >= 0.04 * dpi) & (heights <= 0.9 * box.shape[0])).sum()) >= 2
