"""Content that left no mark on its own: lines thinner than a pixel, dots in company. Pure; worker-only.

Asked only about sides that would else count as empty. Ruled paper is printed matter;
a thresholding scanner or a fax turns pencil and third carbons into dots, each of
which could be dust. Works on depth: grey levels below the paper, about 100 dpi.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from scanindex.ocr.furniture import LEAST_RULES

DOT_CONTRAST = 20
LEAST_DOTS = 9
TRAIL_INCHES = 1.0
RULE_DEPTH = 6.0
"""Grey levels over a strip that a faint line stands out by; noise of a poor scan stays below 2."""
RULE_DEPTH_BITS = 2.0
ROW_INCHES = 0.05
"""Less than print is high."""
MOST_DISPERSION = 1.8
_RIM_INCHES = 0.2


def ruled_lines(depth: Any, dpi: float, is_bilevel: bool) -> int:
    """Lines too thin and faint to be marks, at even distances: ruled paper; 0 where there are none.

    Means over narrow strips, so that noise goes and a little slant does not smear a line.
    """
    wide = round((1.0 if is_bilevel else 0.4) * dpi)
    least = RULE_DEPTH_BITS if is_bilevel else RULE_DEPTH
    most = 0
    for rows in (depth, depth.T):
        found = []
        for share in (0.2, 0.35, 0.5, 0.65, 0.8):
            left = round(share * rows.shape[1]) - wide // 2
            profile = rows[:, left : left + wide].mean(axis=1, dtype=np.float32)
            found.append(_even_peaks(profile, least, (0.07 if is_bilevel else 0.05) * dpi, dpi))
        # A line runs through them all; print and noise do not repeat from strip to strip.
        most = max(most, sorted(found)[2])
    return most


def _even_peaks(profile: Any, least: float, widest: float, dpi: float) -> int:
    """Peaks of a profile narrower than lines of print (which shine through just as evenly) whose
    distances are one length or a few times that; 0 for under five."""
    above = (profile > float(np.median(profile)) + least).astype(np.uint8)
    # What a slant or a gap parted by a pixel or two is one peak.
    above = cv2.morphologyEx(above[:, None], cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8))[:, 0]
    edges = np.flatnonzero(np.diff(np.concatenate(([0], above.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    middles = ((starts + ends) / 2)[ends - starts <= widest]
    if len(middles) < LEAST_RULES:
        return 0
    gaps = np.diff(middles)
    pitch = float(np.median(gaps))
    steps = gaps / pitch
    is_even = (np.abs(steps - np.round(steps)) < 0.15) & (steps > 0.5) & (steps < 4.5)
    return len(middles) if pitch > 0.12 * dpi and float(is_even.mean()) > 0.75 else 0


def dots_together(depth: Any, dpi: float) -> int:
    """Dots that keep company, more than chance puts anywhere on this page; 0 for none.

    Thresholding leaves of a pencil's line only dots, each too small to be a mark.
    """
    dots, lines = _without_dotted_lines(_specks(depth, dpi), depth.shape, dpi)
    if lines >= LEAST_RULES:
        return lines
    if len(dots) < LEAST_DOTS:
        return 0
    counts = np.zeros(depth.shape, np.float32)
    np.add.at(counts, (dots[:, 1], dots[:, 0]), 1)
    return _trail(dots, counts, dpi) or _clustered(dots, counts, dpi)


def _specks(depth: Any, dpi: float) -> Any:
    """n x 2, x and y of specks that stand away from larger marks and from the edges."""
    dark = (depth >= DOT_CONTRAST).astype(np.uint8)
    rim = max(1, round(_RIM_INCHES * dpi))
    dark[:rim] = dark[-rim:] = 0
    dark[:, :rim] = dark[:, -rim:] = 0
    _, labels, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=8)
    is_large = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= 0.1 * dpi
    is_large[0] = False
    reach = 2 * round(0.12 * dpi) + 1
    near_large = cv2.dilate(is_large[labels].astype(np.uint8), np.ones((reach, reach), np.uint8))
    dots = centres[1:][~is_large[1:]].astype(int)
    return dots[near_large[dots[:, 1], dots[:, 0]] == 0]


def _without_dotted_lines(dots: Any, shape: tuple[int, int], dpi: float) -> tuple[Any, int]:
    """Dots without those that stand in rows across the page, and the number of such rows.

    Left of a streak or a fold; five and more are ruled paper.
    """
    rows = 0
    for axis in (0, 1):
        span = shape[1 - axis]
        for _ in range(LEAST_RULES):
            row = _fullest_row(dots, axis, dpi)
            by_chance = len(dots) * ROW_INCHES * dpi / shape[axis]
            if len(row) < 2 * LEAST_DOTS + 2 * by_chance or np.ptp(dots[row, axis]) < 0.4 * span:
                break
            dots = np.delete(dots, row, axis=0)
            rows += 1
    return dots, rows


def _fullest_row(dots: Any, axis: int, dpi: float) -> Any:
    """Numbers of the dots in the straight band, nearly along `axis`, that holds most."""
    best = np.zeros(0, np.int64)
    if len(dots) < 2 * LEAST_DOTS:
        return best
    width = ROW_INCHES * dpi
    for slope in np.arange(-0.08, 0.081, 0.005):
        across = dots[:, 1 - axis] - slope * dots[:, axis]
        bins = np.floor((across - across.min()) / (width / 2)).astype(np.int64)
        counts = np.bincount(bins, minlength=2)
        pairs = counts[:-1] + counts[1:]
        at = int(np.argmax(pairs))
        if pairs[at] > len(best):
            best = np.flatnonzero((bins == at) | (bins == at + 1))
    return best


def _trail(dots: Any, counts: Any, dpi: float) -> int:
    """Dots in the fullest window of a word's size, if far more than the page's usual."""
    window = (round(TRAIL_INCHES * dpi), round(TRAIL_INCHES * dpi / 2))
    around = cv2.boxFilter(counts, -1, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
    usual = len(dots) * window[0] * window[1] / counts.size
    y, x = np.unravel_index(int(np.argmax(around)), around.shape)
    if around[y, x] < LEAST_DOTS + usual + 6 * math.sqrt(usual):
        return 0
    group = dots[(np.abs(dots - (x, y)) <= (window[0] / 2, window[1] / 2)).all(axis=1)]
    # What is left of a streak or a fold stands in one row.
    return len(group) if np.ptp(group, axis=0).min() >= 0.03 * dpi else 0


def _clustered(dots: Any, counts: Any, dpi: float) -> int:
    """All dots, if they are spread less evenly than chance would: variance over mean of the counts
    in half-inch cells, which chance keeps near one."""
    cell = round(0.5 * dpi)
    rows, columns = counts.shape[0] // cell, counts.shape[1] // cell
    cells = counts[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell).sum(axis=(1, 3))
    dispersion = float(cells.var()) / max(float(cells.mean()), 1e-6)
    return len(dots) if len(dots) >= 2 * LEAST_DOTS and dispersion > MOST_DISPERSION else 0
