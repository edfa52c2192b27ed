"""Places of a page that hold print which no sure word covers, and reading them one by one.

A place is a run of letters that stand together: a word, or some words of a line. A
reader that failed on it among others often reads it alone, softened or smaller.
Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from scanindex.clean import CleanPage
from scanindex.errors import WorkerLost
from scanindex.model import Box, Word
from scanindex.ocr.engines import LayoutEngine
from scanindex.ocr.legibility import Glyphs, uncovered

LARGEST_INCHES = 0.25
LEAST_INCHES = 0.04
RIM_INCHES = 0.03
FRAME_PX = 12
"""Paper around a crop; without it Tesseract loses letters at the edge."""
VIEWS = ((1.0, 1.0), (0.75, 0.0))
"""Scale, and Gaussian blur before it in pixels: each mends what another spoils."""


def places_in_doubt(page: CleanPage, glyphs: Glyphs, sure: Sequence[Box]) -> list[Box]:
    """Runs of letters in none of the boxes, in pixels of the cleaned page, the longest first."""
    left = glyphs.boxes[uncovered(sure, glyphs, page.pixels.shape)]
    left = left[(left[:, 3] - left[:, 1]) < LARGEST_INCHES * page.dpi]
    runs: list[list[int]] = []
    for glyph in sorted(left.tolist()):
        home = next((run for run in runs if _continues(run, glyph)), None)
        if home is None:
            runs.append([*glyph, 1])
            continue
        home[:] = [
            home[0],
            min(home[1], glyph[1]),
            max(home[2], glyph[2]),
            max(home[3], glyph[3]),
            home[4] + 1,
        ]
    runs = [run for run in runs if run[3] - run[1] >= LEAST_INCHES * page.dpi]
    runs.sort(key=lambda run: -run[4])
    return [Box(left_px=a, top_px=b, right_px=c, bottom_px=d) for a, b, c, d, _ in runs]


def _continues(run: Sequence[int], glyph: Sequence[int]) -> bool:
    """On the same line, no farther than a space."""
    _, top, right, bottom, _ = run
    heights = glyph[3] - glyph[1], bottom - top
    shared = min(glyph[3], bottom) - max(glyph[1], top)
    is_level = shared > 0.4 * min(heights) and max(heights) < 3 * min(heights) + 4
    return is_level and glyph[0] - right < max(heights)


def read_places(
    places: Sequence[Box], page: CleanPage, engine: LayoutEngine, seconds_left: Callable[[], float]
) -> list[Word]:
    """Words of each place, from the view of it whose weakest word is the surest."""
    try:
        views = [_read(places, page, engine, *view, seconds_left()) for view in VIEWS]
    except WorkerLost:
        return []
    return [word for seen in zip(*views, strict=True) for word in max(seen, key=_weakest)]


def _weakest(words: Sequence[Word]) -> float:
    return min((word.confidence or 0.0 for word in words), default=0.0)


def _read(
    places: Sequence[Box],
    page: CleanPage,
    engine: LayoutEngine,
    scale: float,
    softness_px: float,
    seconds: float,
) -> list[tuple[Word, ...]]:
    """Of each place, its words on the page."""
    paper = int(np.percentile(page.pixels[::5, ::5], 80))
    rim = max(3, round(RIM_INCHES * page.dpi))
    corners = [(max(0, place.left_px - rim), max(0, place.top_px - rim)) for place in places]
    crops = []
    for (left, top), place in zip(corners, places, strict=True):
        crop: Any = page.pixels[top : place.bottom_px + rim, left : place.right_px + rim]
        if softness_px:
            crop = cv2.GaussianBlur(crop, (0, 0), softness_px)
        if scale != 1.0:
            crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        crops.append(np.pad(crop, FRAME_PX, constant_values=paper))
    size = page.pixels.shape[1], page.pixels.shape[0]
    return [
        tuple(replace(word, box=moved(word.box, scale, corner, size, FRAME_PX)) for word in words)
        for corner, words in zip(corners, engine.read_each(crops, page.dpi * scale, seconds), strict=True)
    ]


def moved(box: Box, scale: float, corner: tuple[int, int], size: tuple[int, int], frame_px: int = 0) -> Box:
    """`box` of a part of the page, which was scaled and then framed, on the whole page.

    corner: left and top of the part; size: width and height of the page; all in its pixels.
    """
    left = min(max(0, int((box.left_px - frame_px) / scale) + corner[0]), size[0] - 1)
    top = min(max(0, int((box.top_px - frame_px) / scale) + corner[1]), size[1] - 1)
    right, bottom = (box.right_px - frame_px) / scale, (box.bottom_px - frame_px) / scale
    return Box(
        left_px=left,
        top_px=top,
        right_px=min(size[0], max(left + 1, round(right) + corner[0])),
        bottom_px=min(size[1], max(top + 1, round(bottom) + corner[1])),
    )
