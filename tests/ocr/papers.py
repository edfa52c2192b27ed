"""Draws small invented chart pages and wears them down, the same way for the same seed.

Fonts are the Vera family that reportlab ships, so a machine without any will do.
Nothing here is about a real person.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import reportlab
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from scanindex.model import PageRaster

Grey = npt.NDArray[np.uint8]
WIDTH_INCHES, HEIGHT_INCHES = 8.5, 11.0

PROSE = (
    "The patient came walking and in good spirits, two weeks after the operation on the left knee. "
    "The wound is dry and closed. There is a little swelling above the kneecap, without warmth or redness. "
    "Bending reaches one hundred degrees, stretching is complete. She takes paracetamol in the evening only "
    "and sleeps through the night. The stairs are still hard work. We agreed on therapy twice a week "
    "and a further visit in one month. The plan was explained and she had no questions. Her daughter will "
    "drive her home. Work in the garden has to wait until the muscle of the thigh has come back. "
)


@cache
def font(size_px: int, name: str = "Vera.ttf") -> Any:
    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / name), size_px)


def blank_paper(dpi: int = 200) -> Image.Image:
    return Image.new("L", (round(WIDTH_INCHES * dpi), round(HEIGHT_INCHES * dpi)), 255)


def blank_paper_pixels(dpi: int = 200) -> Grey:
    return np.asarray(blank_paper(dpi)).copy()


def chart_page(seed: int = 1, dpi: int = 200, paragraphs: int = 3) -> tuple[Grey, list[str]]:
    """A typed note with a letterhead, labelled fields and prose; and its words in order."""
    chance = random.Random(seed)
    paper = blank_paper(dpi)
    draw = ImageDraw.Draw(paper)
    words: list[str] = []

    def put(x_inches: float, y_inches: float, text: str, points: float, bold: bool = False) -> None:
        face = font(round(points * dpi / 72), "VeraBd.ttf" if bold else "Vera.ttf")
        draw.text((x_inches * dpi, y_inches * dpi), text, font=face, fill=0)
        words.extend(text.split())

    put(2.2, 0.7, "Harbour Hill General Hospital", 15, bold=True)
    put(3.2, 1.1, "CLINIC NOTE", 12, bold=True)
    put(0.9, 1.7, f"Patient: {chance.choice(['Quill', 'Marsh', 'Tandy'])}, Rosalind", 10.5)
    put(5.0, 1.7, f"MRN: {chance.randrange(1_000_000, 9_999_999)}", 10.5)
    birth_date = f"{chance.randrange(1, 13):02d}/{chance.randrange(10, 29)}/19{chance.randrange(30, 80)}"
    put(0.9, 2.0, f"Birth Date: {birth_date}", 10.5)
    put(5.0, 2.0, "Visit: 04/17/1996", 10.5)
    draw.line((0.9 * dpi, 2.35 * dpi, 7.6 * dpi, 2.35 * dpi), fill=0, width=max(1, dpi // 100))
    y_inches = 2.6
    for _ in range(paragraphs):
        sentences = PROSE.split(". ")
        start = chance.randrange(4)
        for line in wrap(". ".join(sentences[start : start + 5]) + ".", 78):
            put(0.9, y_inches, line, 10.5)
            y_inches += 0.22
        y_inches += 0.2
    return np.asarray(paper).copy(), words


def lines_page(lines: list[str], dpi: int = 200, points: float = 11, top_inches: float = 1.0) -> Grey:
    """Plain lines of text on a letter page."""
    paper = blank_paper(dpi)
    draw = ImageDraw.Draw(paper)
    face = font(round(points * dpi / 72))
    for number, line in enumerate(lines):
        draw.text((dpi, (top_inches + number * points / 72 * 1.6) * dpi), line, font=face, fill=0)
    return np.asarray(paper).copy()


def wrap(text: str, most: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= most:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


# --- wear ----------------------------------------------------------------------
def turned(page: Grey, clockwise_degrees: int) -> Grey:
    return np.ascontiguousarray(np.rot90(page, -(clockwise_degrees // 90)))


def crooked(page: Grey, clockwise_degrees: float, paper: int = 255) -> Grey:
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise_degrees, 1.0)
    return np.asarray(cv2.warpAffine(page, matrix, (width, height), borderValue=paper), np.uint8)


def noisy(page: Grey, strength: float, seed: int = 1) -> Grey:
    noise = np.random.default_rng(seed).normal(0, strength, page.shape)
    return np.clip(page + noise, 0, 255).astype(np.uint8)


def faded(page: Grey, paper: int, ink: int) -> Grey:
    return (ink + page.astype(np.float32) / 255 * (paper - ink)).astype(np.uint8)


def stained(page: Grey, seed: int = 1) -> Grey:
    """Uneven light and a large brown ring."""
    height, width = page.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1.0 - 0.35 * xs / width
    ring = np.hypot(xs - width * 0.4, ys - height * 0.5)
    light -= 0.18 * (np.abs(ring - width * 0.2) < width * 0.03)
    return noisy(np.clip(page * light, 0, 255).astype(np.uint8), 4, seed)


def peppered(page: Grey, specks: int, seed: int = 1) -> Grey:
    chance = np.random.default_rng(seed)
    worn = page.copy()
    worn[chance.integers(0, page.shape[0], specks), chance.integers(0, page.shape[1], specks)] = 0
    return worn


def bilevel(page: Grey, level: int = 140) -> Grey:
    return np.where(page < level, 0, 255).astype(np.uint8)


def faxed(page: Grey, seed: int = 1) -> Grey:
    """1-bit, after blur and noise: thin strokes break, thick ones grow."""
    soft = cv2.GaussianBlur(page, (0, 0), 0.8)
    return bilevel(noisy(np.asarray(soft, np.uint8), 22, seed), 150)


def holed(page: Grey, dpi: int = 200) -> Grey:
    """Three punch holes at the left edge, seen dark by the scanner."""
    worn = page.copy()
    for share in (0.13, 0.5, 0.87):
        cv2.circle(worn, (round(0.4 * dpi), round(share * page.shape[0])), round(0.14 * dpi), 10, -1)
    return worn


def bordered(page: Grey, dpi: int = 200) -> Grey:
    """Black scanner bed at the left and below, a little slanted."""
    worn = page.copy()
    height, width = page.shape
    left = np.array([[0, 0], [0.25 * dpi, 0], [0.12 * dpi, height], [0, height]])
    below = np.array([[0, height - 0.1 * dpi], [width, height - 0.2 * dpi], [width, height], [0, height]])
    cv2.fillPoly(worn, [left.astype(np.int32), below.astype(np.int32)], 8)
    return worn


def shining_through(page: Grey, other_side: Grey, darkest: int = 205) -> Grey:
    """The other side's print, mirrored and faint."""
    ghost = cv2.GaussianBlur(np.ascontiguousarray(other_side[:, ::-1]), (0, 0), 1.5)
    return np.minimum(page, faded(np.asarray(ghost, np.uint8), 255, darkest))


# --- sheets --------------------------------------------------------------------
def code_page(value: str, symbology: str = "Code128", lines: list[str] | None = None, dpi: int = 200) -> Grey:
    page = lines_page(lines or [], dpi, points=14, top_inches=1.2)
    code = zxingcpp.create_barcode(value, getattr(zxingcpp.BarcodeFormat, symbology))
    module_px = max(2, round(0.015 * dpi))
    picture = np.asarray(code.to_image(scale=module_px, add_quiet_zones=False))
    if picture.shape[0] < 0.3 * dpi:
        picture = np.repeat(picture, int(0.6 * dpi / picture.shape[0]), axis=0)
    top, left = round(4.5 * dpi), round(2.0 * dpi)
    page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return page


def patch_t(dpi: int = 200, length_inches: float = 2.5) -> Grey:
    """Bars level: narrow, wide, narrow, wide, with narrow spaces."""
    rows = []
    for number, inches in enumerate((0.08, 0.08, 0.20, 0.08, 0.08, 0.08, 0.20)):
        rows += [0 if number % 2 == 0 else 255] * round(inches * dpi)
    return np.repeat(np.array(rows, np.uint8)[:, None], round(length_inches * dpi), axis=1)


def patch_page(dpi: int = 200, lines: list[str] | None = None) -> Grey:
    page = lines_page(lines if lines is not None else ["Separator sheet"], dpi, points=16, top_inches=4.0)
    bars = patch_t(dpi)
    top, left = round(0.5 * dpi), round(3.0 * dpi)
    page[top : top + bars.shape[0], left : left + bars.shape[1]] = bars
    return page


def heart_trace(dpi: int = 200) -> Grey:
    """Millimetre paper with a trace: full of regular lines, but no code."""
    page = np.asarray(blank_paper(dpi)).copy()
    step = dpi / 25.4
    for number in range(int(page.shape[0] / step)):
        page[round(number * step)] = 120 if number % 5 == 0 else 200
    for number in range(int(page.shape[1] / step)):
        page[:, round(number * step)] = 120 if number % 5 == 0 else 200
    xs = np.arange(page.shape[1])
    for row in range(1, 5):
        beat = np.exp(-(((xs % (0.9 * dpi)) - 0.3 * dpi) ** 2) / (0.0006 * dpi * dpi)) * dpi * 0.7
        ys = (row * 2.2 * dpi - beat).astype(np.int32)
        cv2.polylines(page, [np.stack([xs, ys], axis=1).astype(np.int32)], False, 0, 2)
    return page


def raster(page: Grey, dpi: float | None = 200, is_bilevel: bool = False, turn: int = 0) -> PageRaster:
    return PageRaster(scan_page_no=1, pixels=page, dpi=dpi, is_bilevel=is_bilevel, rotation_degrees=turn)
