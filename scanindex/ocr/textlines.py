"""Lines of text as a detector sees them: from its map of odds to boxes, and cut out for reading.

The detector (differentiable binarization, Liao et al. 2020) marks a shrunken core of each
line; what is returned here is the whole line again. Worker-only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from scanindex.model import Box

TEXT_ODDS = 0.3
LEAST_MEAN_ODDS = 0.5
GROWTH = 1.6
"""The core's area over its rim, times this, is how far each edge moves outwards."""
LEAST_CORE_PX = 3
MOST_LINES = 1_500
UPRIGHT_RATIO = 1.5
"""A line this much higher than wide runs downwards."""
LEVEL_PX = 1.5
TIGHTER = 0.12
"""Share of a line's height, above and below, that is rim and no letter."""

Corners = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line of text on a page, or a part of it that stands alone."""

    corners: Corners = field(repr=False)
    """4 x 2, pixels of the page, in reading direction: top left, top right, bottom right,
    bottom left of the line itself, however it stands on the page."""

    @property
    def width_px(self) -> float:
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))

    @property
    def height_px(self) -> float:
        return float(np.linalg.norm(self.corners[3] - self.corners[0]))

    @property
    def box(self) -> Box:
        return _around(self.corners)

    @property
    def runs_down(self) -> bool:
        along = np.abs(self.corners[1] - self.corners[0])
        return bool(along[1] > along[0])

    def part(self, left_share: float, right_share: float) -> Box:
        """The box of a stretch of the line, without the rim that the detector leaves."""
        top_left, top_right, _, bottom_left = self.corners
        along, across = top_right - top_left, bottom_left - top_left
        shares = ((left_share, TIGHTER), (right_share, TIGHTER), (right_share, 1 - TIGHTER))
        points = [top_left + x * along + y * across for x, y in (*shares, (left_share, 1 - TIGHTER))]
        return _around(np.asarray(points, np.float32))


def _around(points: Corners) -> Box:
    left, top = np.floor(np.maximum(points.min(axis=0), 0)).astype(int).tolist()
    right, bottom = np.ceil(points.max(axis=0)).astype(int).tolist()
    return Box(left_px=left, top_px=top, right_px=max(right, left + 1), bottom_px=max(bottom, top + 1))


def lines_of_map(odds: Any, shape: tuple[int, ...]) -> list[TextLine]:
    """Lines in a detector's map (float32, height x width), in pixels of a page of `shape`."""
    height, width = odds.shape
    scale = np.asarray([shape[1] / width, shape[0] / height], np.float32)
    is_text = cv2.dilate((odds > TEXT_ODDS).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(is_text, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    lines = []
    for contour in contours[:MOST_LINES]:
        (x, y), (core_width, core_height), angle = cv2.minAreaRect(contour)
        if min(core_width, core_height) < LEAST_CORE_PX:
            continue
        if _mean_odds(odds, cv2.boxPoints(((x, y), (core_width, core_height), angle))) < LEAST_MEAN_ODDS:
            continue
        outwards = GROWTH * core_width * core_height / (core_width + core_height)
        grown = cv2.boxPoints(((x, y), (core_width + outwards, core_height + outwards), angle))
        lines.append(TextLine(corners=_in_reading_direction(grown * scale)))
    return lines


def _mean_odds(odds: Any, corners: Any) -> float:
    height, width = odds.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (width - 1, height - 1))
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(odds[top : bottom + 1, left : right + 1], mask)[0])


def _in_reading_direction(corners: Any) -> Corners:
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    top_left, bottom_left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    top_right, bottom_right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    ordered = np.asarray([top_left, top_right, bottom_right, bottom_left], np.float32)
    if np.linalg.norm(top_left - bottom_left) > UPRIGHT_RATIO * np.linalg.norm(top_left - top_right):
        # Text that runs downwards has its own top on the right.
        ordered = ordered[[1, 2, 3, 0]]
    return ordered


def cut(page: Any, line: TextLine) -> Any:
    """The line's pixels, level and left to right."""
    box, corners = line.box, line.corners
    width, height = max(2, round(line.width_px)), max(2, round(line.height_px))
    if not line.runs_down and abs(float(corners[1][1] - corners[0][1])) < LEVEL_PX:
        crop = page[box.top_px : box.bottom_px, box.left_px : box.right_px]
        if min(crop.shape) >= 2:
            return np.ascontiguousarray(crop)
    goal = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, goal)
    return cv2.warpPerspective(
        page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def in_reading_order(lines: Sequence[TextLine]) -> list[TextLine]:
    """By height, and from left to right where they stand side by side."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda item: _middle(item.box)):
        if rows and _middle(line.box) - _middle(rows[-1][0].box) < 0.5 * rows[-1][0].height_px:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda item: item.box.left_px)]


def _middle(box: Box) -> float:
    return (box.top_px + box.bottom_px) / 2
