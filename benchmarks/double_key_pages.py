"""Draws pages dense with labelled identifiers and wears them down, the same way for the same seed.

Everything on them is invented. Fonts are those that reportlab carries, so the pages are
the same on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import reportlab
from PIL import Image, ImageDraw, ImageFont

Grey = npt.NDArray[np.uint8]
Matrix = npt.NDArray[Any]
DPI = 300
WIDTH_PX, HEIGHT_PX = round(8.5 * DPI), 11 * DPI
ROWS = 20
FACES = {
    "sans": "Vera.ttf",
    "sans bold": "VeraBd.ttf",
    "typewriter": "com_____.pfb",
    "typewriter bold": "cob_____.pfb",
    "serif": "_er_____.pfb",
    "grotesque": "_a______.pfb",
}
FIRST_NAMES = [
    "Ada",
    "Agnes",
    "Alma",
    "Anton",
    "Bertil",
    "Bonnie",
    "Carla",
    "Cecil",
    "Clara",
    "Clement",
    "Cora",
    "Dale",
    "Della",
    "Dorrit",
    "Edgar",
    "Effie",
    "Elmer",
    "Enid",
    "Esther",
    "Felix",
    "Flora",
    "Gail",
    "Gilda",
    "Gus",
    "Hattie",
    "Hiram",
    "Ida",
    "Ilse",
    "Inez",
    "Ira",
    "Iris",
    "Ivy",
    "Jonas",
    "Juno",
    "Karl",
    "Lavinia",
    "Leif",
    "Lottie",
    "Lyle",
    "Mabel",
    "Mavis",
    "Merle",
    "Milo",
    "Minna",
    "Nell",
    "Nils",
    "Olga",
    "Opal",
    "Orson",
    "Otis",
    "Pearl",
    "Perry",
    "Quentin",
    "Roscoe",
    "Rufus",
    "Sybil",
    "Thora",
    "Tilly",
    "Ulla",
    "Una",
    "Vera",
    "Viola",
    "Wilma",
    "Winnie",
    "Zelda",
]
LAST_NAMES = [
    "Abbott",
    "Ashby",
    "Barlow",
    "Bexley",
    "Birch",
    "Blackwood",
    "Bramble",
    "Burdock",
    "Calloway",
    "Castle",
    "Chilcott",
    "Crane",
    "Dabney",
    "Darrow",
    "Dunmore",
    "Easterby",
    "Ellwood",
    "Fairfax",
    "Fennimore",
    "Finch",
    "Garrick",
    "Glossop",
    "Greave",
    "Hallam",
    "Hawthorne",
    "Heron",
    "Holloway",
    "Ingram",
    "Jessop",
    "Kestrel",
    "Kilbride",
    "Lark",
    "Lindqvist",
    "Lockhart",
    "Marsh",
    "McAdoo",
    "Merriweather",
    "Mossop",
    "Nettle",
    "Norwood",
    "O'Dell",
    "Oakes",
    "Pemberton",
    "Plover",
    "Quill",
    "Ravenscroft",
    "Rooke",
    "Sallow",
    "Selwyn",
    "Sorrel",
    "Tandy",
    "Thistle",
    "Thornbury",
    "Umber",
    "Vance",
    "Wakefield",
    "Whitlock",
    "Wren",
    "Yarrow",
    "Zimmer",
]
SYLLABLES = [
    "ba",
    "ber",
    "cor",
    "dan",
    "del",
    "e",
    "far",
    "gan",
    "gri",
    "hol",
    "il",
    "jen",
    "kel",
    "la",
    "lin",
    "mar",
    "mo",
    "na",
    "nor",
    "o",
    "pa",
    "quin",
    "ri",
    "ro",
    "sa",
    "sel",
    "ta",
    "tor",
    "u",
    "vi",
    "wen",
]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
LABELS = {
    "mrn": ("MRN:", "MRN", "Med Rec No:", "Chart #:", "Medical Record Number:", "Hosp. No.", "Patient ID:"),
    "birth date": ("DOB:", "DOB", "Date of Birth:", "Birth Date:", "D.O.B.", "Born:", "Birthdate"),
    "name": ("Patient:", "Patient Name:", "NAME:", "Name", "Pt. Name:", "PATIENT"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Datum:
    kind: str
    """mrn, birth date or name."""
    style: str
    text: str = field(repr=False)
    box: tuple[float, float, float, float]
    """Left, top, right, bottom of the place for the value; pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    pixels: Grey = field(repr=False)
    dpi: int
    is_bilevel: bool
    data: tuple[Datum, ...]


@cache
def face(name: str, size_px: int) -> Any:
    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / FACES[name]), size_px)


def draw_sheet(seed: int, least_points: int = 8, columns: int = 1) -> Sheet:
    """A clean 300-dpi page of 20 or 40 identifiers in one typeface, each in a style of its own."""
    chance = random.Random(seed)
    paper = Image.new("L", (WIDTH_PX, HEIGHT_PX), 255)
    draw = ImageDraw.Draw(paper)
    letters = chance.choice(tuple(FACES))
    points = max(least_points, chance.choice((8, 9, 10, 11, 12)))
    data = []
    for row in range(ROWS):
        for column in range(columns):
            left = 0.6 * DPI + column * 3.75 * DPI
            top = 0.5 * DPI + row * 0.5 * DPI
            data.append(_draw_datum(draw, chance, (left, top), face(letters, round(points * DPI / 72))))
    return Sheet(pixels=np.asarray(paper).copy(), dpi=DPI, is_bilevel=False, data=tuple(data))


def _draw_datum(draw: Any, chance: random.Random, corner: tuple[float, float], letters: Any) -> Datum:
    kind = chance.choice(("mrn", "mrn", "birth date", "birth date", "name"))
    style = chance.choice(("beside", "beside", "boxed", "tight box", "underlined", "bare"))
    text = {"mrn": mrn, "birth date": birth_date, "name": person}[kind](chance)
    label = chance.choice(LABELS[kind])
    left, top = corner
    high = letters.size * 1.25
    if style in ("boxed", "tight box"):
        small = letters.font_variant(size=max(18, round(letters.size * 0.62)))
        rim = 14 if style == "boxed" else 5
        draw.text((left + 4, top), label.rstrip(":"), font=small, fill=0)
        at = left + rim, top + small.size * 1.15
        width = draw.textlength(text, font=letters)
        draw.rectangle((left, top - 5, left + width + 2 * rim, at[1] + high + 2), outline=0, width=3)
    else:
        if style != "bare":
            draw.text((left, top + 20), label, font=letters, fill=0)
        gap = draw.textlength(label, font=letters) + 0.7 * letters.size if style != "bare" else 0
        at = left + gap, top + 20.0
        width = draw.textlength(text, font=letters)
        if style == "underlined":
            line = at[1] + letters.size * 1.12
            draw.line((at[0] - 6, line, at[0] + width + 30, line), fill=0, width=3)
    draw.text(at, text, font=letters, fill=0)
    place = (at[0] - 0.25 * letters.size, at[1] - 4, at[0] + width + 0.25 * letters.size, at[1] + high)
    return Datum(kind=kind, style=style, text=text, box=place)


def mrn(chance: random.Random) -> str:
    digits = "".join(chance.choice("0123456789") for _ in range(chance.choice((6, 7, 7, 8, 9))))
    shape = chance.randrange(6)
    if shape == 0:
        return f"{digits[:-6]}{'-' if len(digits) > 6 else ''}{digits[-6:-4]}-{digits[-4:-2]}-{digits[-2:]}"
    if shape == 1:
        return chance.choice(("M", "H", "A", "MR", "E")) + digits
    if shape == 2:
        return f"00{digits}"
    return digits


def birth_date(chance: random.Random) -> str:
    year, month, day = chance.randrange(1912, 2013), chance.randrange(1, 13), chance.randrange(1, 29)
    name = MONTHS[month - 1]
    return chance.choice(
        (
            f"{month:02d}/{day:02d}/{year}",
            f"{month:02d}/{day:02d}/{year}",
            f"{month}/{day}/{year}",
            f"{month}/{day}/{year % 100:02d}",
            f"{month:02d}-{day:02d}-{year}",
            f"{year}-{month:02d}-{day:02d}",
            f"{day:02d}-{name[:3].upper()}-{year}",
            f"{name} {day}, {year}",
            f"{name[:3]} {day}, {year}",
            f"{day:02d}.{month:02d}.{year}",
        )
    )


def person(chance: random.Random) -> str:
    last = chance.choice(LAST_NAMES) if chance.random() < 0.7 else _made_up(chance)
    first = chance.choice(FIRST_NAMES) if chance.random() < 0.7 else _made_up(chance)
    initial = f" {chance.choice('ABCDEFGHJKLMNPRSTW')}" if chance.random() < 0.3 else ""
    whole = chance.choice(
        (f"{last}, {first}{initial}", f"{last}, {first}{initial}", f"{first}{initial} {last}")
    )
    return whole.upper() if chance.random() < 0.5 else whole


def _made_up(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.choice((2, 3, 3)))).capitalize()


# --- wear ----------------------------------------------------------------------------------
def clean(sheet: Sheet, _: int) -> Sheet:
    return sheet


def light(sheet: Sheet, seed: int) -> Sheet:
    """An office scan: a little crooked, soft and noisy."""
    chance = random.Random(seed)
    turned = _turned(sheet, chance.uniform(-0.8, 0.8))
    return _with_noise(_blurred(turned, 0.9), 6, seed)


def heavy(sheet: Sheet, seed: int) -> Sheet:
    """Faded, stained, crooked, at 200 dpi."""
    chance = random.Random(seed)
    worn = _scaled(_turned(sheet, chance.uniform(-2.5, 2.5)), 200)
    page = worn.pixels.astype(np.float32)
    height, width = page.shape
    page = 70 + page * (165 / 255)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(4):
        spot = np.hypot(xs - chance.uniform(0, width), ys - chance.uniform(0, height))
        page -= chance.uniform(15, 45) * np.exp(-np.square(spot / chance.uniform(120, 420)))
    stained = replace(worn, pixels=np.clip(page, 0, 255).astype(np.uint8))
    return _with_noise(_blurred(stained, 0.8), 14, seed)


def coarse(sheet: Sheet, seed: int) -> Sheet:
    """110 dpi through a strong JPEG."""
    small = _with_noise(_scaled(sheet, 110), 4, seed)
    _, data = cv2.imencode(".jpg", small.pixels, [cv2.IMWRITE_JPEG_QUALITY, 40])
    return replace(small, pixels=np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8))


def fax(sheet: Sheet, seed: int) -> Sheet:
    """1-bit at 200 dpi, crooked, strokes broken and grown by noise before the threshold."""
    chance = random.Random(seed)
    worn = _with_noise(_blurred(_scaled(_turned(sheet, chance.uniform(-1, 1)), 200), 0.7), 24, seed)
    return _bilevel(worn, chance.choice((120, 140, 160)))


def photocopy(sheet: Sheet, seed: int) -> Sheet:
    """Copied twice: strokes thick and closed, or thin and broken; pepper; 1-bit at 300 dpi."""
    chance = random.Random(seed)
    grain = np.ones((2, 2), np.uint8)
    page = cv2.erode(sheet.pixels, grain) if chance.random() < 0.5 else cv2.dilate(sheet.pixels, grain)
    worn = _with_noise(_blurred(replace(sheet, pixels=np.asarray(page, np.uint8)), 1.6), 20, seed)
    copy = _bilevel(worn, chance.choice((110, 150, 175)))
    specks = np.random.default_rng(seed)
    pixels = copy.pixels.copy()
    pixels[specks.integers(0, pixels.shape[0], 4000), specks.integers(0, pixels.shape[1], 4000)] = 0
    return replace(copy, pixels=pixels)


def dot_matrix(sheet: Sheet, seed: int) -> Sheet:
    """Printed in dots, some pins weak; wants print of 12 points, whose digits are then nine dots high."""
    chance = random.Random(seed)
    step = 4
    grid = cv2.resize(sheet.pixels, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA).astype(
        np.float32
    )
    ink = (grid < 185).astype(np.float32)
    ink *= np.random.default_rng(seed).uniform(0.6, 1.0, ink.shape)
    page = np.zeros_like(sheet.pixels, np.float32)
    page[step // 2 :: step, step // 2 :: step][: ink.shape[0], : ink.shape[1]] = ink[
        : len(range(step // 2, page.shape[0], step)), : len(range(step // 2, page.shape[1], step))
    ]
    dots = cv2.GaussianBlur(page, (0, 0), 1.7) * 16
    pixels = (245 - 215 * np.clip(dots, 0, 1)).astype(np.uint8)
    return _with_noise(_turned(replace(sheet, pixels=pixels), chance.uniform(-0.5, 0.5)), 8, seed)


LEAST_POINTS = {"dot matrix": 12}
"""No printer made letters of six dots: smaller print sampled at that pitch is nobody's to read."""
WEAR: dict[str, Callable[[Sheet, int], Sheet]] = {
    "clean": clean,
    "light": light,
    "heavy": heavy,
    "coarse": coarse,
    "fax": fax,
    "photocopy": photocopy,
    "dot matrix": dot_matrix,
}


def _mapped(sheet: Sheet, pixels: Any, matrix: Matrix, dpi: int) -> Sheet:
    return replace(
        sheet,
        pixels=np.asarray(pixels, np.uint8),
        dpi=dpi,
        data=tuple(replace(datum, box=_map_box(datum.box, matrix)) for datum in sheet.data),
    )


def _map_box(box: tuple[float, float, float, float], matrix: Matrix) -> tuple[float, float, float, float]:
    """The box of the same size around the mapped middle."""
    middle = matrix @ np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 1.0])
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    half_width, half_height = (box[2] - box[0]) / 2 * scale, (box[3] - box[1]) / 2 * scale
    x, y = float(middle[0]), float(middle[1])
    return x - half_width, y - half_height, x + half_width, y + half_height


def _turned(sheet: Sheet, degrees: float) -> Sheet:
    height, width = sheet.pixels.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    return _mapped(
        sheet, cv2.warpAffine(sheet.pixels, matrix, (width, height), borderValue=255), matrix, sheet.dpi
    )


def _scaled(sheet: Sheet, dpi: int) -> Sheet:
    scale = dpi / sheet.dpi
    matrix = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    small = cv2.resize(sheet.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return _mapped(sheet, small, matrix, dpi)


def _blurred(sheet: Sheet, sigma_px: float) -> Sheet:
    return replace(sheet, pixels=np.asarray(cv2.GaussianBlur(sheet.pixels, (0, 0), sigma_px), np.uint8))


def _with_noise(sheet: Sheet, strength: float, seed: int) -> Sheet:
    noise = np.random.default_rng(seed).normal(0, strength, sheet.pixels.shape)
    return replace(sheet, pixels=np.clip(sheet.pixels + noise, 0, 255).astype(np.uint8))


def _bilevel(sheet: Sheet, level: int) -> Sheet:
    return replace(sheet, pixels=np.where(sheet.pixels < level, 0, 255).astype(np.uint8), is_bilevel=True)
