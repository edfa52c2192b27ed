"""Cuts lines out of a page for the second reader: whole letters, level, no neighbours. Worker-only."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from scanindex.model import Box, Word

RIM_HEIGHTS = 0.22
WHITE_HEIGHTS = 0.4
"""As much white beside a word ends it; letters of one word stand closer."""
GROWTH_HEIGHTS = 2.5
RULE_SHARE = 0.9
LEAST_SLOPE = 0.004
LEAST_CONTRAST = 40.0


def union(boxes: Sequence[Box]) -> Box:
    return Box(
        left_px=min(box.left_px for box in boxes),
        top_px=min(box.top_px for box in boxes),
        right_px=max(box.right_px for box in boxes),
        bottom_px=max(box.bottom_px for box in boxes),
    )


def page_slope(words: Sequence[Word]) -> float:
    """Pixels down per pixel right of the page's lines; 0 where too few long lines tell."""
    lines: dict[int, list[Box]] = {}
    for word in words:
        lines.setdefault(word.line_no, []).append(word.box)
    slopes = []
    for boxes in lines.values():
        one, two = boxes[0], boxes[-1]
        run = two.left_px - one.left_px
        if run > 8 * (one.bottom_px - one.top_px):
            slopes.append((two.bottom_px + two.top_px - one.bottom_px - one.top_px) / 2 / run)
    slope = statistics.median(slopes) if len(slopes) >= 4 else 0.0
    return slope if LEAST_SLOPE < abs(slope) < math.tan(math.radians(8)) else 0.0


def crop_line(page: Any, box: Box, slope: float = 0.0, limits: tuple[int, int] | None = None) -> Any:
    """The line piece with a rim of paper, so that edge letters are whole.

    page: uint8 grey. slope: of the page's lines; the piece is levelled by it.
    limits: where the words left and right of it end and begin; the rim reaches half-way.
    """
    height = box.bottom_px - box.top_px
    rim = max(2, round(RIM_HEIGHTS * height))
    left, right = box.left_px - 2 * rim, box.right_px + 2 * rim
    if limits is not None:
        left, right = (
            max(left, (limits[0] + box.left_px) // 2),
            min(right, (limits[1] + box.right_px + 1) // 2),
        )
    crop = _cut(page, box, rim, (max(0, left), min(page.shape[1], right)), slope)
    paper = int(np.percentile(crop, 90)) if crop.size else 255
    return cv2.copyMakeBorder(crop, 2, 2, 6, 6, cv2.BORDER_CONSTANT, value=paper)


def _cut(page: Any, box: Box, rim: int, sides: tuple[int, int], slope: float) -> Any:
    left, right = sides
    top, bottom = max(0, box.top_px - rim), min(page.shape[0], box.bottom_px + rim)
    if abs(slope) * (right - left) < 2.0:
        return np.ascontiguousarray(page[top:bottom, left:right])
    middle_x, middle_y = (left + right) / 2, (box.top_px + box.bottom_px) / 2
    # The union of boxes on a slope is higher than the line itself.
    line_height = max(0.5 * (bottom - top), (bottom - top) - abs(slope) * (right - left))
    width, height = right - left, round(line_height)
    matrix = np.array(
        [[1.0, 0.0, left], [slope, 1.0, middle_y - height / 2 - slope * (middle_x - left)]], np.float32
    )
    return cv2.warpAffine(
        page, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def grown(page: Any, box: Box, left_limit: int, right_limit: int) -> Box:
    """`box` widened to the white on both sides, since a reader's box may cut the first or last
    letter off: then both readers would see, and agree on, the same truncated number.

    Never beyond the limits (the neighbouring words), nor over an upright rule.
    """
    height = max(1, box.bottom_px - box.top_px)
    reach = round(GROWTH_HEIGHTS * height)
    left, right = (
        max(0, left_limit, box.left_px - reach),
        min(page.shape[1], right_limit, box.right_px + reach),
    )
    rim = max(2, round(RIM_HEIGHTS * height))
    strip = page[max(0, box.top_px - rim) : box.bottom_px + rim, left:right]
    if strip.size == 0:
        return box
    ink = _ink(strip)
    white = max(2, round(WHITE_HEIGHTS * height))
    inner = ink[rim:-rim] if ink.shape[0] > 2 * rim + 2 else ink
    columns = (inner.sum(axis=0) >= 2) & (ink.mean(axis=0) < RULE_SHARE)
    start = _edge(columns[: box.left_px - left][::-1], white) if box.left_px > left else 0
    end = _edge(columns[box.right_px - left :], white) if box.right_px < right else 0
    return Box(
        left_px=box.left_px - start, top_px=box.top_px, right_px=box.right_px + end, bottom_px=box.bottom_px
    )


def _edge(columns: Any, white: int) -> int:
    """Columns outwards until `white` of them in a row are empty."""
    last = empty = 0
    for number, has_ink in enumerate(columns, start=1):
        if has_ink:
            last, empty = number, 0
        else:
            empty += 1
            if empty >= white:
                break
    return last


def ink_box(page: Any, box: Box) -> Box | None:
    """Where letters seem to stand inside `box`; None where there are fewer than three."""
    strip = page[box.top_px : box.bottom_px, box.left_px : box.right_px]
    if strip.size == 0 or min(strip.shape) < 6:
        return None
    height = strip.shape[0]
    _, _, stats, _ = cv2.connectedComponentsWithStats(_ink(strip).astype(np.uint8), connectivity=8)
    left, top, width, tall = (stats[1:, column] for column in range(4))
    keep = (tall >= 0.25 * height) & (tall <= 0.98 * height) & (width <= 2.5 * height) & (width >= 2)
    keep &= (top > 0) | (tall < 0.9 * height)
    if int(keep.sum()) < 3:
        return None
    return Box(
        left_px=box.left_px + int(left[keep].min()),
        top_px=box.top_px + int(top[keep].min()),
        right_px=box.left_px + int((left + width)[keep].max()),
        bottom_px=box.top_px + int((top + tall)[keep].max()),
    )


def _ink(strip: Any) -> Any:
    paper, darkest = float(np.percentile(strip, 85)), float(np.percentile(strip, 1))
    if paper - darkest < LEAST_CONTRAST:
        return np.zeros(strip.shape, bool)
    return strip < darkest + 0.45 * (paper - darkest)
