"""Tells empty sides from sides with something on them. Worker-only.

Losing a page with text is the sin; keeping an empty one costs a keystroke. So only
what is certainly no writing is taken away (`furniture`: scanner edges, punch holes,
staples, dust, lines right across), and any mark the size of a stamp or a word keeps
the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from scanindex.ocr.dots import TRAIL_INCHES, dots_together, ruled_lines
from scanindex.ocr.furniture import Mark, groups, without_furniture

WORKING_DPI = 100.0
STRONG_CONTRAST = 70
"""Ink this much darker than the paper may be writing; bleed-through stays below."""
FAINT_CONTRAST = 28
PLENTY = 60
"""That many letters need no second look: the side is used."""
PLENTY_WORDS = 120
LETTER_INCHES = 0.07
MOST_MARKS = 400
RIM_INCHES = 0.1
SOLID_INCHES = 0.06
"""Thicker both ways than the strokes of print that stands near an edge."""
FRAME_INCHES = 0.8
"""How far a bed, a torn corner or a copier's frame reaches in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What on the page may be writing, by how dark it is."""

    strong: int
    """Clearly dark marks that are no furniture of paper or scanner."""
    faint: int
    """Marks that only stand out a little: pencil, carbon, or the other side. Looked for only
    where there is no strong one."""
    faint_inches: float
    """Extent of the largest faint mark."""
    is_faint_scattered: bool
    """The faint marks stand alone, as noise does and writing does not."""

    @property
    def is_empty(self) -> bool:
        return self.strong == 0 and self.faint == 0


def find_marks(page: Any, dpi: float, is_bilevel: bool = False) -> Marks:
    """Marks on an edge-cleaned page (see `scanindex.clean.whiten_scanner_edges`).

    is_bilevel: the picture was thresholded, which breaks what is faint into dots.
    """
    scale = min(1.0, WORKING_DPI / dpi)
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if (words := _words_at_a_glance(small, dpi * scale)) > PLENTY_WORDS:
        return Marks(strong=words, faint=0, faint_inches=0.0, is_faint_scattered=False)
    paper = _paper(small)
    depth = cv2.subtract(paper, small)
    depth[_solid_edges(small, float(np.median(paper)), dpi * scale)] = 0
    strong = _writing(depth, STRONG_CONTRAST, dpi * scale)
    if strong:
        return Marks(strong=len(strong), faint=0, faint_inches=0.0, is_faint_scattered=False)
    # Bits have no noise to smooth away, and smoothing would take the thin lines they keep.
    smooth = depth if is_bilevel else cv2.medianBlur(depth, 3)
    faint = _writing(smooth, FAINT_CONTRAST, dpi * scale)
    hidden = ruled_lines(depth, dpi * scale, is_bilevel)
    if is_bilevel:
        hidden += dots_together(depth, dpi * scale)
    largest = max((mark.extent for mark in faint), default=0.0)
    return Marks(
        strong=0,
        faint=len(faint) + hidden,
        faint_inches=round(max(largest, TRAIL_INCHES if hidden else 0.0), 2),
        is_faint_scattered=not hidden and _is_scattered(faint),
    )


def _words_at_a_glance(small: Any, dpi: float) -> int:
    """Dark pieces about the size of words, on a quarter of the pixels: most sides need no more."""
    half = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    dark = (half < float(np.percentile(half[::2, ::2], 80)) - STRONG_CONTRAST).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    is_word = (sides.min(axis=1) >= 2) & (sides.max(axis=1) >= 0.06 * dpi / 2)
    return int((is_word & (sides.max(axis=1) < dpi)).sum())


def _paper(small: Any) -> Any:
    """Brightness of the paper itself everywhere; half size is enough for what varies slowly."""
    bright = cv2.dilate(small, np.ones((3, 3), np.uint8))
    half = cv2.resize(bright, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(half, 31)
    # A white scanner bed beside tinted paper would make the paper look like a dark mark.
    most = min(255, int(np.percentile(half, 80)) + 12)
    full = cv2.resize(np.minimum(paper, np.uint8(most)), small.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return full


def _solid_edges(small: Any, paper: float, dpi: float) -> Any:
    """Where the scanner bed, a torn corner or a copier's frame is: solid, at the edge of the picture."""
    # Half size is enough for what is that thick.
    half = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    dark = (half < 0.55 * paper).astype(np.uint8)
    zone = round(FRAME_INCHES * dpi / 2)
    is_frame = np.ones(half.shape, bool)
    is_frame[zone:-zone, zone:-zone] = False
    size = max(2, round(SOLID_INCHES * dpi / 2))
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((size, size), np.uint8), borderValue=1)
    if not solid[is_frame].any():
        return np.zeros(small.shape, bool)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    height, width = half.shape
    inside = np.bincount(labels[is_frame], minlength=count)
    boxes = stats[:, :4]
    touches = (boxes[:, 0] == 0) | (boxes[:, 1] == 0)
    touches |= (boxes[:, 0] + boxes[:, 2] == width) | (boxes[:, 1] + boxes[:, 3] == height)
    is_long = (boxes[:, 2] > 0.25 * width) | (boxes[:, 3] > 0.25 * height)
    # All of it near the edges: a dark picture or a bar across the page is not.
    wanted = (touches | is_long) & (inside > 0.97 * stats[:, cv2.CC_STAT_AREA])
    wanted[0] = False
    mask = cv2.dilate(wanted[labels].astype(np.uint8), np.ones((2 * size + 1, 2 * size + 1), np.uint8))
    return cv2.resize(mask, small.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)


def _is_scattered(marks: Sequence[Mark]) -> bool:
    if len(marks) > PLENTY:
        return False
    return sum(len(group) for group in groups(marks, 0.2) if len(group) > 1) <= 0.3 * len(marks)


def _writing(depth: Any, contrast: int, dpi: float) -> list[Mark]:
    """Marks that may be writing; unspecified ones where there are plenty."""
    dark = (depth >= contrast).astype(np.uint8)
    rim = max(1, round(RIM_INCHES * dpi))
    dark[:rim] = dark[-rim:] = 0
    dark[:, :rim] = dark[:, -rim:] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    sizes = np.maximum(stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT])
    is_candidate = (stats[1:, cv2.CC_STAT_AREA] >= 4) & (sizes >= 0.04 * dpi)
    candidates = np.flatnonzero(is_candidate) + 1
    # Letters, not specks: a side full of dust still deserves the look.
    letters = np.flatnonzero(is_candidate & (sizes >= LETTER_INCHES * dpi) & (sizes < dpi)) + 1
    if len(letters) > 4 * PLENTY or len(candidates) > MOST_MARKS:
        largest = candidates[int(np.argmax(sizes[candidates - 1]))]
        return [_mark(labels, stats[largest], int(largest), dpi)] * len(candidates)
    return without_furniture([_mark(labels, stats[label], int(label), dpi) for label in candidates])


def _mark(labels: Any, stat: Any, label: int, dpi: float) -> Mark:
    left, top, width, height, area = (int(value) for value in stat)
    page_height, page_width = labels.shape
    ys, xs = np.nonzero(labels[top : top + height, left : left + width] == label)
    return Mark(
        left=left / dpi,
        top=top / dpi,
        width=width / dpi,
        height=height / dpi,
        edges=(
            left / dpi,
            top / dpi,
            (page_width - left - width) / dpi,
            (page_height - top - height) / dpi,
        ),
        fill=area / (width * height),
        points=np.stack([xs + left, ys + top], axis=1).astype(np.float32) / dpi,
    )
