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
    for row, left, right in _matches(dark[::step], dpi):
        _add_to_track(tracks, (row * step, left, right), dpi, step)
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


def _matches(rows: Any, dpi: float) -> list[tuple[int, int, int]]:
    """Row number, left and right of each run of four bars that fits the pattern, row by row."""
    is_edge = rows[:, 1:] != rows[:, :-1]
    row_nos, columns = np.nonzero(is_edge)
    if len(row_nos) < 8:
        return []
    # All edges of all rows in one line; eight edges of one row make four bars and three spaces.
    starts = np.arange(len(row_nos) - 7)
    totals = columns[7:] - columns[:-7]
    is_sized = (totals > SCALE_RANGE[0] * 0.8 * dpi) & (totals < SCALE_RANGE[1] * 0.8 * dpi)
    is_bar = rows[row_nos[:-7], columns[:-7] + 1]
    starts = starts[is_sized & is_bar & (row_nos[7:] == row_nos[:-7])]
    if not len(starts):
        return []
    runs = np.diff(columns[starts[:, None] + np.arange(8)], axis=1).astype(np.float64)
    shares = runs / runs.sum(axis=1)[:, None]
    like = np.concatenate([shares[:, 0:6:2] + shares[:, 1:6:2], shares[:, 1:6:2] + shares[:, 2:7:2]], axis=1)
    fits = np.zeros(len(starts), bool)
    for pattern in _PATTERNS:
        fits |= (np.abs(like - pattern) < EDGE_TOLERANCE).all(axis=1)
    fits &= shares.min(axis=1) > 0.03
    return [
        (int(row_nos[start]), int(columns[start]) + 1, int(columns[start + 7]) + 1)
        for start in starts[fits].tolist()
        if _is_quiet(row_nos, columns, start, dpi)
    ]


def _is_quiet(row_nos: Any, columns: Any, start: int, dpi: float) -> bool:
    """White on both sides: inside a barcode or a grid more bars would follow at once."""
    quiet = 0.12 * dpi
    before, after = start - 1, start + 8
    # What a row begins with may be the scanner's border.
    has_before = before > 0 and row_nos[before - 1] == row_nos[start]
    if has_before and columns[start] - columns[before] < quiet:
        return False
    has_after = after < len(columns) and row_nos[after] == row_nos[start]
    return not (has_after and columns[after] - columns[after - 1] < quiet)
