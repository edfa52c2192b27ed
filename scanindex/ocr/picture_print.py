"""A fingerprint of a cleaned page's picture, by which the same paper scanned twice is found. Worker-only.

Difference hash: the ink, reduced to 17 x 16 cells, each cell compared with its right neighbour
(256 bits), and the same on 9 x 8 cells (64 bits) in front, for looking up. Taken from where the
ink is, so that margins, paper size and the scanner's bed do not matter; pages must be upright and
levelled before. Two to three milliseconds on a letter page at 200 dpi.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

INK_SHARE = 0.55
"""Of the paper's brightness: darker is ink."""
TRIM_SHARE = 0.004
"""Of all ink that may lie outside the frame: specks, a hole, the rim of a copy."""
LEAST_INK_CELLS = 40
_STEP = 4


def picture_print(pixels: Any, extra_turn: int = 0) -> str:
    """Hexadecimal: 16 digits of the coarse print, 64 of the fine one; "" where there is next to no ink.

    pixels: uint8, height x width, 0 = black, cleaned and levelled; extra_turn: clockwise, in degrees.
    """
    small = cv2.resize(pixels, None, fx=1 / _STEP, fy=1 / _STEP, interpolation=cv2.INTER_AREA)
    paper = float(np.percentile(small[::4, ::4], 80))
    ink = np.clip(paper * 0.92 - small.astype(np.float32), 0, None)
    ink = np.rot90(ink, -(extra_turn // 90) % 4)
    frame = _frame(ink)
    if frame is None:
        return ""
    return _bits(frame, 9, 8) + _bits(frame, 17, 16)


def _frame(ink: Any) -> Any:
    """The part of the page that holds the ink."""
    if np.count_nonzero(ink > 20) < LEAST_INK_CELLS:
        return None
    (top, bottom), (left, right) = (_range(ink.sum(axis=axis)) for axis in (1, 0))
    if bottom - top < 32 or right - left < 32:
        return None
    return np.ascontiguousarray(ink[top:bottom, left:right])


def _range(profile: Any) -> tuple[int, int]:
    share = np.cumsum(profile) / max(float(profile.sum()), 1.0)
    first, last = np.searchsorted(share, (TRIM_SHARE, 1 - TRIM_SHARE))
    return int(first), int(last) + 1


def _bits(ink: Any, width: int, height: int) -> str:
    cells = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    packed = np.packbits(cells[:, 1:] > cells[:, :-1])
    return bytes(packed.tobytes()).hex()
