"""What the tests of pages ask of a raster."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from scanindex import pages, sniff
from scanindex.model import PageRaster, ScanInfo
from scanindex.settings import PagesSettings
from tests.pages.make_odd_files import HEIGHT, WIDTH, letter

SETTINGS = PagesSettings()


def type_of(path: Path) -> str:
    with path.open("rb") as stream:
        return sniff.media_type(stream) or ""


def inspected(path: Path, settings: PagesSettings = SETTINGS) -> ScanInfo:
    return pages.inspect(path, type_of(path), settings)


def raster_of(path: Path, scan_page_no: int = 1, settings: PagesSettings = SETTINGS) -> PageRaster:
    return pages.rasterise(path, type_of(path), scan_page_no, settings)


def upright(raster: PageRaster) -> np.ndarray:
    return np.rot90(raster.pixels, -raster.rotation_degrees // 90)


def distance(pixels: np.ndarray) -> float:
    """Mean difference from the letter in grey levels, at the letter's size."""
    if pixels.shape != (HEIGHT, WIDTH):
        pixels = cv2.resize(np.ascontiguousarray(pixels), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return float(np.abs(pixels.astype(int) - np.asarray(letter(), int)).mean())


def damage(problems: tuple[str, ...]) -> set[str]:
    """Problems that force review."""
    return {problem for problem in problems if not problem.startswith("note:")}
