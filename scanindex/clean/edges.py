"""Takes away what is dark and no print: the scanner's bed around the sheet, punch holes."""

from __future__ import annotations

import cv2
import numpy as np

from scanindex.clean.page import Grey, paper_level, reduced

DARK = 110
HOLE_INCHES = (0.14, 0.48)
HOLE_MARGIN_INCHES = 0.8
"""Holes are punched no farther from the nearest edge than that."""
DISC_FILL = (0.66, 0.92)
"""Share of its box that a disc covers is 0.785."""


def whiten_scanner_edges(page: Grey, dpi: float) -> Grey:
    """Paints dark scanner borders white; returns the same array where there is none.

    A border is solid (nothing written is thicker than 1/16 inch in both directions)
    and hangs together with the edge of the picture.
    """
    small, _ = reduced(page, dpi)
    dark = (small < DARK).astype(np.uint8)
    if not _edge_is_dark(dark):
        return page
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8), borderValue=1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    height, width = solid.shape
    wanted = np.zeros(count, bool)
    for label in range(1, count):
        left, top, box_width, box_height, area = stats[label]
        touches = left == 0 or top == 0 or left + box_width == width or top + box_height == height
        is_strip = box_width > 0.25 * width or box_height > 0.25 * height
        wanted[label] = touches and is_strip and area < 0.5 * height * width
    if not wanted.any():
        return page
    mask = cv2.dilate(wanted[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    # Dilation takes the ragged rim with it, but only where it is dark.
    mask = cv2.resize(mask, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_NEAREST)
    cleaned = page.copy()
    cleaned[mask.astype(bool)] = paper_level(page)
    return cleaned


def _edge_is_dark(dark: Grey) -> bool:
    edges = (dark[0], dark[-1], dark[:, 0], dark[:, -1])
    return any(float(edge.mean()) > 0.12 for edge in edges)


def whiten_holes(page: Grey, dpi: float) -> Grey:
    """Paints punch holes white; returns the same array where there is none.

    A hole is a dark disc of a punch's size near an edge, with paper all round. Readers
    take holes for letters, and layout analysis takes a column of them for text.
    """
    small, factor = reduced(page, dpi)
    dark = (small < DARK).astype(np.uint8)
    margin = round(HOLE_MARGIN_INCHES * dpi / factor)
    if dark.shape[0] <= 2 * margin or dark.shape[1] <= 2 * margin:
        return page
    dark[margin:-margin, margin:-margin] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    cleaned = page
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        inches = min(width, height) * factor / dpi, max(width, height) * factor / dpi
        if inches[0] < HOLE_INCHES[0] or inches[1] > HOLE_INCHES[1] or inches[1] > 1.3 * inches[0]:
            continue
        if not DISC_FILL[0] < area / (width * height) < DISC_FILL[1]:
            continue
        if not _is_disc(labels[top : top + height, left : left + width] == label):
            continue
        if cleaned is page:
            cleaned = page.copy()
        rim = 2
        rows = slice(max(0, top - rim) * factor, (top + height + rim) * factor)
        columns = slice(max(0, left - rim) * factor, (left + width + rim) * factor)
        cleaned[rows, columns] = paper_level(page)
    return cleaned


def _is_disc(shape: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> bool:
    """Filled where a disc in this box is, empty in the corners."""
    height, width = shape.shape
    y, x = np.ogrid[:height, :width]
    away = np.hypot((y + 0.5) / height - 0.5, (x + 0.5) / width - 0.5)
    return bool(shape[away < 0.42].mean() > 0.9 and shape[away > 0.6].mean() < 0.35)
