"""Finds Patch T, the bar pattern of separator sheets, by the lengths of runs. Worker-only.

Patch T is four bars, narrow wide narrow wide: bars of .08 and .20 inch, spaces of
.08 inch, .80 inch in all, at least .75 inch long (Kodak A-61599 and A-61670, "Patch
code specifications"). Read upside down it is Patch 3 (wide narrow wide narrow), so
both directions count as T here. Distances between like edges are compared, since
copying and faxing grow bars at the cost of spaces but leave those alone.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from scanindex.model import Barcode, Box

NARROW, WIDE = 0.1, 0.25
"""Widths as shares of the whole pattern."""
WORKING_DPI = 100.0
SCALE_RANGE = (0.6, 1.35)
"""Reduced and enlarged copies that still count."""
LEAST_LENGTH_INCHES = 0.5
LARGEST_DRIFT = 0.14
"""Sideways drift per line of a crooked sheet: tangent of 8 degrees."""
EDGE_TOLERANCE = 0.045


def _like_edges(bars: tuple[float, float, float, float]) -> Any:
    """The six distances between like edges: bar + space, then space + bar."""
    return np.array([bar + NARROW for bar in bars[:3]] + [NARROW + bar for bar in bars[1:]])


_PATTERNS = (_like_edges((NARROW, WIDE, NARROW, WIDE)), _like_edges((WIDE, NARROW, WIDE, NARROW)))


def find_patch_t(page: Any, dpi: float) -> tuple[Barcode, ...]:
    """Every Patch T on the page, bars level or upright, up to 8 degrees askew."""
    scale = min(1.0, WORKING_DPI / dpi)
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    paper = float(np.percentile(small[::4, ::4], 80))
    dark = small < max(60.0, paper * 0.6)
    small_dpi = dpi * scale
    found = [(box, False) for box in _find_along_rows(dark, small_dpi)]
    found += [(box, True) for box in _find_along_rows(np.ascontiguousarray(dark.T), small_dpi)]
    return tuple(
        Barcode(symbology="PatchT", value="T", box=_page_box(box, turned, 1 / scale)) for box, turned in found
    )


def _page_box(box: tuple[int, int, int, int], is_turned: bool, factor: float) -> Box:
    left, top, right, bottom = (round(value * factor) for value in box)
    if is_turned:
        left, top, right, bottom = top, left, bottom, right
    return Box(left_px=left, top_px=top, right_px=right, bottom_px=bottom)


def _find_along_rows(dark: Any, dpi: float) -> list[tuple[int, int, int, int]]:
    """Boxes of patterns whose bars stand upright in `dark`."""
    step = max(1, round(dpi / 30))
    tracks: list[list[tuple[int, int, int]]] = []
    for y in range(0, dark.shape[0], step):
        for left, right in _matches(dark[y], dpi):
            _add_to_track(tracks, (y, left, right), dpi, step)
    least_lines = LEAST_LENGTH_INCHES * dpi / step
    return [
        (min(line[1] for line in track), track[0][0], max(line[2] for line in track), track[-1][0] + step)
        for track in tracks
        if len(track) >= least_lines * 0.7 and track[-1][0] - track[0][0] >= LEAST_LENGTH_INCHES * dpi
    ]


def _add_to_track(
    tracks: list[list[tuple[int, int, int]]], line: tuple[int, int, int], dpi: float, step: int
) -> None:
    y, left, right = line
    for track in tracks:
        last_y, last_left, last_right = track[-1]
        gap = y - last_y
        slack = 0.04 * dpi + LARGEST_DRIFT * gap
        if 0 < gap <= 5 * step and abs(left - last_left) <= slack and abs(right - last_right) <= slack:
            track.append(line)
            return
    tracks.append([line])


def _matches(row: Any, dpi: float) -> list[tuple[int, int]]:
    """Left and right of each run of four bars in one row of pixels that fits the pattern."""
    edges = np.flatnonzero(np.diff(row.astype(np.int8)))
    if row[0]:
        edges = edges[1:]
    if len(edges) < 8:
        return []
    # Starts of bars are at even places; eight edges make four bars and three spaces.
    starts = np.arange(0, len(edges) - 7, 2)
    windows = edges[starts[:, None] + np.arange(8)]
    runs = np.diff(windows, axis=1).astype(np.float64)
    totals = runs.sum(axis=1)
    is_sized = (totals > SCALE_RANGE[0] * 0.8 * dpi) & (totals < SCALE_RANGE[1] * 0.8 * dpi)
    if not is_sized.any():
        return []
    shares = runs / totals[:, None]
    like = np.concatenate([shares[:, 0:6:2] + shares[:, 1:6:2], shares[:, 1:6:2] + shares[:, 2:7:2]], axis=1)
    fits = np.zeros(len(starts), bool)
    for pattern in _PATTERNS:
        fits |= (np.abs(like - pattern) < EDGE_TOLERANCE).all(axis=1)
    fits &= is_sized & (shares.min(axis=1) > 0.03)
    return [
        (int(edges[start]) + 1, int(edges[start + 7]) + 1)
        for start, fit in zip(starts.tolist(), fits.tolist(), strict=True)
        if fit and _is_quiet(edges, start, dpi)
    ]


def _is_quiet(edges: Any, start: int, dpi: float) -> bool:
    """White on both sides: inside a barcode or a grid more bars would follow at once."""
    quiet = 0.12 * dpi
    before = edges[start] - edges[start - 1] if start > 0 else quiet
    after = edges[start + 8] - edges[start + 7] if start + 8 < len(edges) else quiet
    return bool(before >= quiet and after >= quiet)
