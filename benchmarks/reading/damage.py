"""What scanners, copiers and fax lines do to a page. Fixed and seeded: tuned on by nobody.

Each damage takes a drawn page (grey uint8, 600 dpi, 0 = black) and a numpy generator and
returns the pixels that arrive, their horizontal and vertical dpi, and the affine map from
drawn to arrived positions, so that truth boxes stay exact. Orders of magnitude follow what
scans of old charts show; faxes follow ITU-T T.4 (1,728 dots a line, 204 dpi across, 98 or
196 lines an inch).

The figures below are part of the benchmark: change one and no older result compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.reading.sheet import DRAWN_DPI

if TYPE_CHECKING:
    Pixels = np.ndarray[Any, Any]

VERSION = 1
FAX_DOTS = 1728


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    pixels: Pixels = field(repr=False)
    dpi: tuple[float, float]
    is_bilevel: bool
    matrix: Pixels = field(repr=False)
    """2 x 3, drawn to arrived positions."""

    def box(self, corners: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """The upright rectangle around a drawn box after the damage."""
        left, top, right, bottom = corners
        points = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]])
        moved = points @ self.matrix.T
        low, high = np.floor(moved.min(axis=0)), np.ceil(moved.max(axis=0))
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def clean(page: Pixels, rng: np.random.Generator) -> Scan:
    """A good scanner on good paper: 300 dpi grey, straight, a trace of grain."""
    grey, matrix = _laid_in(page, rng.uniform(-0.15, 0.15), (300, 300))
    grey = 6 + grey * (238 / 255)
    return _grey_scan(_grain(grey, rng, 2.0), matrix)


def light(page: Pixels, rng: np.random.Generator) -> Scan:
    """An ordinary scan: up to 1 degree crooked, soft, uneven by a few greys, JPEG."""
    grey, matrix = _laid_in(page, rng.uniform(-1.0, 1.0), (300, 300))
    grey = _blurred(grey, rng.uniform(0.5, 0.9))
    grey = 20 + grey * (218 / 255) - 14 * _slope(grey.shape, rng)
    return _grey_scan(_jpeg(_grain(grey, rng, 5.0), 75), matrix)


def heavy(page: Pixels, rng: np.random.Generator) -> Scan:
    """Old paper scanned badly: crooked to 3 degrees, faded unevenly, stained, dim to one side, blurred."""
    degrees = rng.uniform(1.0, 3.0) * rng.choice((-1, 1))
    grey, matrix = _laid_in(page, degrees, (300, 300))
    ink = (255 - grey) / 255 * (0.48 + 0.42 * _clouds(grey.shape, rng, 220))
    ink = _blurred(ink, rng.uniform(1.0, 1.6))
    paper = 226 - 30 * _slope(grey.shape, rng) - 10 * _clouds(grey.shape, rng, 60)
    paper -= _stains(grey.shape, rng)
    grey = _grain(paper * (1 - ink), rng, 12.0)
    return _grey_scan(_jpeg(_salt_and_pepper(grey, rng, 0.0025), 50), matrix)


def photocopy(page: Pixels, rng: np.random.Generator) -> Scan:
    """A copy of a copy: letters filled in here and eaten there, dirt, dark edge, punch holes."""
    grey, matrix = _laid_in(page, rng.uniform(-2.0, 2.0), (300, 300))
    grey = _blurred(grey, 1.7) + 26 * (_clouds(grey.shape, rng, 90) - 0.5)
    toner = 1 / (1 + np.exp((grey - 172 + 50 * (_clouds(grey.shape, rng, 500) - 0.5)) / 9))
    toner = np.maximum(toner, _dirt(grey.shape, rng))
    toner = np.maximum(toner, _copier_edges(grey.shape, rng))
    grey = _blurred((244 - 216 * toner).astype(np.float32), 0.6)
    return _grey_scan(_jpeg(_grain(grey, rng, 6.0), 70), matrix)


def fax(page: Pixels, rng: np.random.Generator) -> Scan:
    """Fine mode, 204 x 196 dpi, one bit."""
    return _faxed(page, rng, 196)


def fax_low(page: Pixels, rng: np.random.Generator) -> Scan:
    """Standard mode, 204 x 98 dpi: half the lines."""
    return _faxed(page, rng, 98)


def _faxed(page: Pixels, rng: np.random.Generator, lines_per_inch: int) -> Scan:
    grey, matrix = _laid_in(page, rng.uniform(-1.0, 1.0), (204, lines_per_inch))
    # A fax line is a hair narrower than letter paper.
    cut = (grey.shape[1] - FAX_DOTS) // 2
    grey = grey[:, cut : cut + FAX_DOTS]
    matrix[0, 2] -= cut
    grey = _grain(grey + 60 * (_clouds(grey.shape, rng, 40) - 0.5), rng, 26.0)
    black = grey < 140
    black ^= rng.random(black.shape) < 0.003
    for row in rng.integers(1, black.shape[0], 4):
        # A line lost on the way shows the one before it again.
        black[row] = black[row - 1]
    pixels = np.where(black, 0, 255).astype(np.uint8)
    return Scan(pixels=pixels, dpi=(204.0, float(lines_per_inch)), is_bilevel=True, matrix=matrix)


def _laid_in(page: Pixels, degrees: float, dpi: tuple[float, float]) -> tuple[Pixels, Pixels]:
    """Turned clockwise about its middle and scaled to `dpi`, with the map; corners show white paper."""
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    turned = cv2.warpAffine(page, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    across, down = dpi[0] / DRAWN_DPI, dpi[1] / DRAWN_DPI
    size = round(width * across), round(height * down)
    small = np.asarray(cv2.resize(turned, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    return small, np.diag([across, down]) @ turn


def _grey_scan(grey: Pixels, matrix: Pixels) -> Scan:
    pixels = np.clip(grey, 0, 255).astype(np.uint8)
    return Scan(pixels=pixels, dpi=(300.0, 300.0), is_bilevel=False, matrix=matrix)


def _grain(grey: Pixels, rng: np.random.Generator, sigma: float) -> Pixels:
    return np.asarray(grey + sigma * rng.standard_normal(grey.shape, dtype=np.float32))


def _blurred(grey: Pixels, sigma_px: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma_px))


def _slope(shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    """Light falling off to one side, 0..1."""
    angle = rng.uniform(0, 2 * np.pi)
    down, across = np.linspace(-1, 1, shape[0])[:, None], np.linspace(-1, 1, shape[1])[None, :]
    fall = down * np.sin(angle) + across * np.cos(angle)
    return np.asarray((fall - fall.min()) / (fall.max() - fall.min()), dtype=np.float32)


def _clouds(shape: tuple[int, ...], rng: np.random.Generator, size_px: int) -> Pixels:
    """Smooth random field, 0..1, with features of about that size."""
    small = rng.random((shape[0] // size_px + 3, shape[1] // size_px + 3), dtype=np.float32)
    return np.asarray(cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)).clip(0, 1)


def _stains(shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    """Blots and cup rings: how much darker the paper is."""
    dark = np.zeros(shape[:2], np.float32)
    for _ in range(rng.integers(2, 6)):
        blot = np.zeros(shape[:2], np.float32)
        at = int(rng.integers(0, shape[1])), int(rng.integers(0, shape[0]))
        axes = int(rng.integers(90, 420)), int(rng.integers(90, 420))
        is_ring = rng.random() < 0.4
        thickness = int(rng.integers(12, 30)) if is_ring else -1
        cv2.ellipse(blot, at, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, thickness)
        dark += rng.uniform(15, 45) * cv2.blur(blot, (31, 31))
    return dark


def _salt_and_pepper(grey: Pixels, rng: np.random.Generator, share: float) -> Pixels:
    where = rng.random(grey.shape, dtype=np.float32)
    return np.where(where < share / 2, 30, np.where(where > 1 - share / 2, 245, grey)).astype(np.float32)


def _dirt(shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    dots = np.zeros(shape[:2], np.uint8)
    for _ in range(rng.integers(250, 700)):
        at = int(rng.integers(0, shape[1])), int(rng.integers(0, shape[0]))
        cv2.circle(dots, at, int(rng.integers(1, 4)), 255, -1)
    for _ in range(rng.integers(0, 3)):
        x = int(rng.integers(0, shape[1]))
        cv2.line(dots, (x, 0), (x + int(rng.integers(-9, 10)), shape[0]), 255, int(rng.integers(1, 3)))
    return dots.astype(np.float32) / 255


def _copier_edges(shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    """A black band where the lid stood open, and the holes of a binder."""
    dark = np.zeros(shape[:2], np.float32)
    band = int(rng.integers(20, 90))
    dark[:, :band] = 1.0 if rng.random() < 0.5 else 0.0
    dark[-int(rng.integers(8, 40)) :, :] = 1.0
    for share_down in (0.12, 0.5, 0.88):
        cv2.circle(dark, (110, int(share_down * shape[0])), 42, 1.0, -1)
    return _blurred(dark, 3)


def _jpeg(grey: Pixels, quality: int) -> Pixels:
    pixels = np.clip(grey, 0, 255).astype(np.uint8)
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("page could not be encoded")
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.float32)


DAMAGES: dict[str, Callable[[Pixels, np.random.Generator], Scan]] = {
    "clean": clean,
    "light": light,
    "heavy": heavy,
    "photocopy": photocopy,
    "fax": fax,
    "fax_low": fax_low,
}
