"""What paper, copier, scanner and fax do to a side: fixed before anything was tuned on it.

Two kinds. *Traces* are what an empty side still shows (holes, staples, dust, the
other side). *Channels* are the ways to a picture, each with its own dpi and
number of grey levels. All take a generator, so that a seed gives the same picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.glass.paper import Grey, note

Trace = Callable[[Grey, np.random.Generator, int], Grey]


# --- traces ----------------------------------------------------------------------------
def holes(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """Two to four in a row along the left or top edge: black bed, or a grey backing with a rim."""
    worn = page.copy()
    count, is_top = int(chance.integers(2, 5)), chance.random() < 0.3
    radius, off = round(chance.uniform(0.11, 0.16) * dpi), chance.uniform(0.25, 0.5) * dpi
    tone = int(chance.choice([5, 60, 150, 215]))
    for share in np.linspace(0.12, 0.88, count):
        along = share * (worn.shape[1] if is_top else worn.shape[0])
        centre = (round(along), round(off)) if is_top else (round(off), round(along))
        cv2.circle(worn, centre, radius, tone, -1, cv2.LINE_AA)
        if tone > 100:
            start = chance.uniform(0, 360)
            shade, width = tone // 2, max(1, dpi // 150)
            cv2.ellipse(worn, centre, (radius, radius), start, 0, 200, shade, width, cv2.LINE_AA)
    return worn


def bleed(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """The other side, mirrored and soft."""
    behind = cv2.GaussianBlur(np.ascontiguousarray(note(chance, dpi)[:, ::-1]), (0, 0), dpi / 150)
    darkest = chance.uniform(185, 235)
    ghost = darkest + behind.astype(np.float32) / 255 * (255 - darkest)
    return np.asarray(np.minimum(page, ghost.astype(np.uint8)), np.uint8)


def staple(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """In the corner, with the shadow it throws."""
    worn = page.copy()
    x, y, angle = chance.uniform(0.2, 0.6) * dpi, chance.uniform(0.2, 0.6) * dpi, chance.uniform(0.2, 1.2)
    end = (round(x + 0.45 * dpi * np.cos(angle)), round(y + 0.45 * dpi * np.sin(angle)))
    shade = max(1, round(0.01 * dpi))
    below = (round(x) + shade, round(y) + shade), (end[0] + shade, end[1] + shade)
    cv2.line(worn, *below, 170, shade * 2, cv2.LINE_AA)
    wire = max(1, round(0.018 * dpi))
    cv2.line(worn, (round(x), round(y)), end, int(chance.integers(0, 90)), wire, cv2.LINE_AA)
    return worn


def staple_holes(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    worn = page.copy()
    x, y = chance.uniform(0.2, 0.6) * dpi, chance.uniform(0.2, 0.6) * dpi
    for shift in (0.0, 0.42):
        centre = (round(x + shift * dpi), round(y + shift * 0.5 * dpi))
        cv2.circle(worn, centre, max(1, round(0.012 * dpi)), 40, -1, cv2.LINE_AA)
    return worn


def dust(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """Specks, and a few short hairs."""
    worn = page.copy()
    for _ in range(int(chance.integers(5, 60))):
        centre = (int(chance.integers(worn.shape[1])), int(chance.integers(worn.shape[0])))
        radius = max(0, round(chance.uniform(0.0, 0.009) * dpi))
        cv2.circle(worn, centre, radius, int(chance.integers(0, 160)), -1)
    return worn


def streak(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """A dirty sensor: a thin upright line all the way, whole or broken."""
    worn = page.copy()
    for _ in range(int(chance.integers(1, 3))):
        x, width = int(chance.integers(worn.shape[1] - 4)), int(chance.integers(1, 3))
        line = np.full(worn.shape[0], int(chance.integers(20, 180)), np.int32)
        if chance.random() < 0.5:
            line[np.repeat(chance.random(worn.shape[0] // 20 + 1) < 0.4, 20)[: len(line)]] = 255
        worn[:, x : x + width] = np.minimum(worn[:, x : x + width], line[:, None]).astype(np.uint8)
    return worn


def fold(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """The crease of a letter: a line that throws a soft shadow to one side."""
    height, width = page.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    off = (ys - height * chance.uniform(0.3, 0.7) + chance.uniform(-0.01, 0.01) * xs) / dpi
    shade = 1 - chance.uniform(0.05, 0.2) * np.exp(-np.maximum(off, 0) / 0.08) * (off >= 0)
    shade -= chance.uniform(0.1, 0.5) * (np.abs(off) < 0.008)
    return np.asarray(np.clip(page * shade, 0, 255), np.uint8)


def border(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """The black bed beside a slanted sheet, on one to three sides."""
    worn = page.copy()
    height, width = worn.shape
    for side in chance.permutation(4)[: int(chance.integers(1, 4))]:
        one, other = chance.uniform(0.02, 0.35, 2) * dpi
        outlines = (
            [[0, 0], [one, 0], [other, height], [0, height]],
            [[width, 0], [width - one, 0], [width - other, height], [width, height]],
            [[0, 0], [0, one], [width, other], [width, 0]],
            [[0, height], [0, height - one], [width, height - other], [width, height]],
        )
        cv2.fillPoly(worn, [np.array(outlines[int(side)]).astype(np.int32)], int(chance.integers(0, 60)))
    return worn


def torn_corner(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    worn = page.copy()
    one, other = chance.uniform(0.2, 0.9, 2) * dpi
    corner = np.array([[0, 0], [one, 0], [0, other]]).astype(np.int32)
    cv2.fillPoly(worn, [corner], int(chance.integers(0, 70)))
    return worn


def ring(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """A cup stood there."""
    worn = page.copy()
    centre = (round(chance.uniform(2, 6.5) * dpi), round(chance.uniform(2, 9) * dpi))
    radius, start = round(chance.uniform(1.2, 1.7) * dpi), chance.uniform(0, 360)
    tone, width = int(chance.integers(150, 230)), max(1, round(chance.uniform(0.02, 0.06) * dpi))
    cv2.ellipse(worn, centre, (radius, radius), start, 0, chance.uniform(120, 360), tone, width, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(worn, (0, 0), dpi / 100), np.uint8)


def shadow(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """Light that falls off towards one edge, as near the spine of a book."""
    xs = np.linspace(0, 1, page.shape[1], dtype=np.float32)
    reach, depth = chance.uniform(0.03, 0.3), chance.uniform(0.1, 0.5)
    shade = 1 - depth * np.exp(-xs / reach)
    if chance.random() < 0.5:
        shade = shade[::-1]
    return np.asarray(np.clip(page * shade[None, :], 0, 255), np.uint8)


def tinted(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """Grey or coloured stock, with fibres."""
    tone = chance.uniform(150, 245)
    fibres = cv2.resize(chance.normal(0, 1, (page.shape[0] // 3, page.shape[1] // 3)), page.shape[::-1])
    return np.asarray(np.clip(page * (tone / 255) + fibres * chance.uniform(1, 5), 0, 255), np.uint8)


TRACES: dict[str, Trace] = {
    "holes": holes,
    "bleed": bleed,
    "staple": staple,
    "staple holes": staple_holes,
    "dust": dust,
    "streak": streak,
    "fold": fold,
    "border": border,
    "torn corner": torn_corner,
    "ring": ring,
    "shadow": shadow,
    "tinted": tinted,
}


# --- channels --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way from paper to picture."""

    dpi: int
    is_bilevel: bool
    apply: Callable[[Grey, np.random.Generator, int], Grey]


def crooked(page: Grey, clockwise_degrees: float, paper: int = 255) -> Grey:
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise_degrees, 1.0)
    return np.asarray(cv2.warpAffine(page, matrix, (width, height), borderValue=paper), np.uint8)


def _noisy(page: Grey, chance: np.random.Generator, strength: float) -> Grey:
    return np.clip(page + chance.normal(0, strength, page.shape), 0, 255).astype(np.uint8)


def _jpeg(page: Grey, quality: int) -> Grey:
    _, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def clean(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    return crooked(page, chance.uniform(-0.3, 0.3))


def grey(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    soft = cv2.GaussianBlur(crooked(page, chance.uniform(-2, 2)), (0, 0), dpi / 300)
    return _jpeg(_noisy(np.asarray(soft, np.uint8), chance, 4), 75)


def poor_grey(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    soft = cv2.GaussianBlur(crooked(page, chance.uniform(-4, 4)), (0, 0), dpi / 180)
    faded = 225 - (255 - soft.astype(np.float32)) * 0.72
    return _jpeg(_noisy(faded.astype(np.uint8), chance, 9), 45)


def photocopy(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """A copy of a copy: softer, harder in tone, a little smaller, with its own specks."""
    worn = page
    for _ in range(2):
        soft = cv2.GaussianBlur(crooked(worn, chance.uniform(-1.5, 1.5)), (0, 0), dpi / 200)
        worn = np.clip((soft.astype(np.float32) - 70) * 1.5, 0, 255).astype(np.uint8)
        worn = dust(_noisy(worn, chance, 6), chance, dpi)
    small = cv2.resize(worn, None, fx=0.94, fy=0.94, interpolation=cv2.INTER_AREA)
    framed = np.full_like(page, 250)
    top, left = (page.shape[0] - small.shape[0]) // 2, (page.shape[1] - small.shape[1]) // 2
    framed[top : top + small.shape[0], left : left + small.shape[1]] = small
    return framed


def thresholded(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    soft = cv2.GaussianBlur(crooked(page, chance.uniform(-2, 2)), (0, 0), dpi / 300)
    noisy = _noisy(np.asarray(soft, np.uint8), chance, 8)
    return np.where(noisy < chance.uniform(130, 170), 0, 255).astype(np.uint8)


def fax(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """Fine mode, 204 x 196, with a line lost here and there."""
    soft = cv2.GaussianBlur(crooked(page, chance.uniform(-3, 3)), (0, 0), dpi / 220)
    bits = np.where(_noisy(np.asarray(soft, np.uint8), chance, 18) < 145, 0, 255).astype(np.uint8)
    for row in chance.integers(1, page.shape[0], int(chance.integers(0, 12))):
        bits[row] = bits[row - 1]
    return bits


def coarse_fax(page: Grey, chance: np.random.Generator, dpi: int) -> Grey:
    """Standard mode, 204 x 98, stretched to square pixels as a decoder does."""
    low = cv2.resize(page, (page.shape[1], page.shape[0] // 2), interpolation=cv2.INTER_AREA)
    bits = fax(np.asarray(low, np.uint8), chance, dpi)
    wide = cv2.resize(bits, page.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, np.uint8)


CHANNELS: dict[str, Channel] = {
    "clean 200": Channel(dpi=200, is_bilevel=False, apply=clean),
    "clean 300": Channel(dpi=300, is_bilevel=False, apply=clean),
    "grey 200": Channel(dpi=200, is_bilevel=False, apply=grey),
    "grey 150": Channel(dpi=150, is_bilevel=False, apply=grey),
    "poor grey 200": Channel(dpi=200, is_bilevel=False, apply=poor_grey),
    "photocopy 200": Channel(dpi=200, is_bilevel=False, apply=photocopy),
    "1-bit 300": Channel(dpi=300, is_bilevel=True, apply=thresholded),
    "fax 204": Channel(dpi=204, is_bilevel=True, apply=fax),
    "coarse fax 204": Channel(dpi=204, is_bilevel=True, apply=coarse_fax),
}
