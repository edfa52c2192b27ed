"""Draws invented sides of paper for the glass benchmark: empty, sparse, full, separator sheets.

Everything comes from a seed and from fonts that reportlab ships. Grey pictures,
uint8, 0 = black, letter size at the dpi asked for. Leaves out what the scanner
and the copier do to them (see `wear`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2
import reportlab
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from scanindex import sheets

Grey = npt.NDArray[np.uint8]
Maker = Callable[[np.random.Generator, int], Grey]

WIDTH_INCHES, HEIGHT_INCHES = 8.5, 11.0
_PROSE = (
    "Seen on the ward this morning and much brighter. Slept well, ate half of breakfast, no fever since "
    "Tuesday. Chest clear on the left, a few crackles at the right base. The drain gave forty millilitres "
    "overnight and may come out tomorrow. Blood count and salts were sent. Walks to the window with a "
    "stick. The daughter was told about the plan and agrees. Continue the tablets by mouth, stop the drip, "
    "weigh daily. Review by the surgeon on Thursday and home after that if the stairs go well. "
)
_WORDS = ("Refused", "Noted", "Deceased", "See back", "OK", "Done 4/7", "N/A", "Void", "Initial", "BP 120")
_STAMPS = ("RECEIVED", "COPY", "SCANNED", "FILED", "CONFIDENTIAL", "FAXED", "VERIFIED")


def blank(dpi: int) -> Grey:
    return np.full((round(HEIGHT_INCHES * dpi), round(WIDTH_INCHES * dpi)), 255, np.uint8)


@functools.cache
def _font(size_px: int, name: str = "Vera.ttf") -> Any:
    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / name), size_px)


def _put(
    page: Grey, dpi: int, x: float, y: float, text: str, points: float, ink: int = 20, bold: bool = False
) -> None:
    """Print at x, y inches from the top left corner."""
    top, bottom = max(0, round(y * dpi) - 2), round(y * dpi + points * dpi / 72 * 1.6) + 2
    picture = Image.fromarray(page[top:bottom])
    face = _font(max(6, round(points * dpi / 72)), "VeraBd.ttf" if bold else "Vera.ttf")
    ImageDraw.Draw(picture).text((x * dpi, y * dpi - top), text, font=face, fill=ink)
    page[top:bottom] = np.asarray(picture)


def _pick(chance: np.random.Generator, values: tuple[str, ...]) -> str:
    return str(values[int(chance.integers(len(values)))])


# --- sparse sides: little on them, all of it wanted --------------------------------
def _stroke(chance: np.random.Generator, dpi: int, width: float, height: float) -> npt.NDArray[np.int32]:
    """A running hand: loops along a line, points in pixels from its left end."""
    steps = np.linspace(0, 1, 160)
    loops = chance.uniform(4, 9)
    phase = chance.uniform(0, 6)
    x = steps * width + 0.1 * width / loops * np.sin(2 * np.pi * loops * steps + phase)
    turns = 2 * np.pi * loops * steps
    y = height * (0.5 * np.sin(turns) + 0.35 * np.sin(turns * 0.37 + phase))
    return np.stack([x * dpi, y * dpi], axis=1).astype(np.int32)


def _written(chance: np.random.Generator, dpi: int, ink: int, inches: float) -> Grey:
    page = blank(dpi)
    left, top = chance.uniform(0.8, 7.2 - inches), chance.uniform(0.8, 10)
    line = _stroke(chance, dpi, inches, chance.uniform(0.12, 0.35))
    line += np.array([left * dpi, top * dpi], np.int32)
    cv2.polylines(page, [line], False, ink, max(1, round(chance.uniform(0.008, 0.016) * dpi)), cv2.LINE_AA)
    return page


def signature(chance: np.random.Generator, dpi: int) -> Grey:
    return _written(chance, dpi, int(chance.integers(20, 110)), chance.uniform(1.0, 2.5))


def initials(chance: np.random.Generator, dpi: int) -> Grey:
    return _written(chance, dpi, int(chance.integers(20, 110)), chance.uniform(0.25, 0.5))


def pencil(chance: np.random.Generator, dpi: int) -> Grey:
    """About as faint as the other side shines through."""
    page = _written(chance, dpi, int(chance.integers(150, 195)), chance.uniform(1.5, 3.5))
    return np.minimum(page, _written(chance, dpi, int(chance.integers(150, 195)), chance.uniform(1.5, 3.5)))


def stamp(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    x, y, ink = chance.uniform(1, 5), chance.uniform(1, 9.3), int(chance.integers(40, 135))
    _put(page, dpi, x + 0.1, y + 0.07, _pick(chance, _STAMPS), 16, ink, bold=True)
    corners = (round(x * dpi), round(y * dpi)), (round((x + 2.1) * dpi), round((y + 0.4) * dpi))
    cv2.rectangle(page, *corners, ink, max(1, dpi // 60))
    return _turned(page, chance.uniform(-12, 12))


def page_number(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    _put(page, dpi, chance.uniform(3.6, 6.5), chance.uniform(10.1, 10.4), f"{chance.integers(2, 40)}", 9)
    _put(page, dpi, chance.uniform(0.8, 1.5), chance.uniform(0.6, 1.2), "Continued overleaf", 9)
    return page


def only_number(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    _put(page, dpi, chance.uniform(3.6, 6.5), chance.uniform(10.1, 10.4), f"Page {chance.integers(2, 40)}", 8)
    return page


def one_word(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    x, y = chance.uniform(0.6, 6), chance.uniform(0.4, 10)
    _put(page, dpi, x, y, _pick(chance, _WORDS), chance.uniform(7, 14), int(chance.integers(10, 110)))
    return page


def third_carbon(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    for line in range(int(chance.integers(1, 4))):
        text = " ".join(_PROSE.split()[line * 7 : line * 7 + 6])
        _put(page, dpi, 1.0, 1.5 + 0.25 * line, text, 11, int(chance.integers(150, 190)))
    return page


def tick(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    at = np.array([chance.uniform(1, 7), chance.uniform(1, 10)])
    points = (at + np.array([[0, 0], [0.12, 0.15], [0.4, -0.3]])) * dpi
    ink, width = int(chance.integers(20, 100)), max(2, dpi // 80)
    cv2.polylines(page, [points.astype(np.int32)], False, ink, width, cv2.LINE_AA)
    return page


def label(chance: np.random.Generator, dpi: int) -> Grey:
    """A pasted patient label, in a corner near the edge."""
    page = blank(dpi)
    x, y = chance.uniform(0.3, 5.4), float(chance.choice([0.3, 9.6]))
    number = f"MRN {chance.integers(10**6, 10**7)}"
    for row, text in enumerate(("MARLOWE, INGRID", "DOB 02/11/1948  F", number)):
        _put(page, dpi, x, y + 0.18 * row, text, 8.5)
    return page


def empty_form(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    _put(page, dpi, 2.2, 0.7, "Nursing Observation Chart", 14, bold=True)
    left, right, rows = 0.8, 7.7, int(chance.integers(8, 26))
    for row in range(rows):
        y = round((1.6 + row * 8.5 / rows) * dpi)
        cv2.line(page, (round(left * dpi), y), (round(right * dpi), y), 60, max(1, dpi // 150))
    for x in np.linspace(left, right, int(chance.integers(3, 8))):
        cv2.line(page, (round(x * dpi), round(1.6 * dpi)), (round(x * dpi), y), 60, max(1, dpi // 150))
    return page


def ruled(chance: np.random.Generator, dpi: int) -> Grey:
    """Note paper with lines and nothing else: still printed matter."""
    page = blank(dpi)
    pitch, ink = chance.uniform(0.25, 0.4), int(chance.integers(60, 150))
    for y in np.arange(1.2, 10.4, pitch):
        at = round(y * dpi)
        cv2.line(page, (round(0.5 * dpi), at), (round(8.0 * dpi), at), ink, max(1, dpi // 150))
    return page


def trace(chance: np.random.Generator, dpi: int) -> Grey:
    """A heart trace on paper whose grid did not copy."""
    page = blank(dpi)
    xs = np.arange(round(0.5 * dpi), round(8 * dpi))
    beat = np.exp(-(((xs % (0.9 * dpi)) - 0.3 * dpi) ** 2) / (0.0006 * dpi * dpi))
    beat *= dpi * chance.uniform(0.3, 0.9)
    for row in range(int(chance.integers(1, 4))):
        line = np.stack([xs, (2 + 2.5 * row) * dpi - beat], axis=1)
        cv2.polylines(page, [line.astype(np.int32)], False, 40, max(1, dpi // 150), cv2.LINE_AA)
    return page


SPARSE: dict[str, Maker] = {
    "signature": signature,
    "initials": initials,
    "pencil": pencil,
    "stamp": stamp,
    "page number and two words": page_number,
    "page number": only_number,
    "one word": one_word,
    "third carbon": third_carbon,
    "tick": tick,
    "label": label,
    "empty form": empty_form,
    "ruled paper": ruled,
    "trace": trace,
}


# --- full sides ----------------------------------------------------------------------
def note(chance: np.random.Generator, dpi: int) -> Grey:
    page = blank(dpi)
    _put(page, dpi, 2.4, 0.6, "Fenwick Valley Hospital", 15, bold=True)
    _put(page, dpi, 0.9, 1.2, f"Patient: Marlowe, Ingrid    MRN: {chance.integers(10**6, 10**7)}", 10.5)
    prose = _PROSE.split()
    start = int(chance.integers(len(prose)))
    words = (prose[start:] + prose) * 4
    for line in range(int(chance.integers(4, 34))):
        _put(page, dpi, 0.9, 1.8 + 0.23 * line, " ".join(words[line * 11 : line * 11 + 11]), 10)
    return page


def table(chance: np.random.Generator, dpi: int) -> Grey:
    page = empty_form(chance, dpi)
    for row in range(20):
        for column in range(6):
            _put(page, dpi, 0.9 + 1.15 * column, 1.75 + 0.4 * row, f"{chance.integers(10, 999)}", 9)
    return page


def coded_note(chance: np.random.Generator, dpi: int) -> Grey:
    """A chart page that carries a code, as labels and form numbers do."""
    page = note(chance, dpi)
    symbology = _pick(chance, ("Code128", "Code39", "QRCode", "DataMatrix"))
    picture = _code(f"{chance.integers(10**6, 10**7)}", symbology, 0.012, dpi, 0.35)
    top, left = round(0.5 * dpi), round(5.6 * dpi)
    picture = picture[: round(1.2 * dpi), : page.shape[1] - left]
    page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return page


def fax_cover(chance: np.random.Generator, dpi: int) -> Grey:
    """Names a person and carries the sending machine's code: content, though it is called a cover sheet."""
    page = blank(dpi)
    _put(page, dpi, 1.0, 1.0, "FAX COVER SHEET", 22, bold=True)
    lines = ("To: Medical Records", "From: Dr. Ostrander", "Re: Ingrid Marlowe", "Pages: 4")
    for row, text in enumerate(lines):
        _put(page, dpi, 1.0, 2.0 + 0.4 * row, text, 13)
    picture = _code(f"FX{chance.integers(10**6, 10**7)}", "Code128", 0.013, dpi, 0.4)
    page[8 * dpi : 8 * dpi + picture.shape[0], dpi : dpi + picture.shape[1]] = picture
    return page


def bars(chance: np.random.Generator, dpi: int) -> Grey:
    """A bar chart with a scale: thick bars side by side under a line of words."""
    page = note(chance, dpi)
    page[5 * dpi :] = 255
    for number in range(int(chance.integers(3, 9))):
        left, width = 1.2 + 0.3 * number, chance.uniform(0.08, 0.2)
        top = chance.uniform(5.5, 8)
        page[round(top * dpi) : round(9.5 * dpi), round(left * dpi) : round((left + width) * dpi)] = 30
    return page


def photograph(chance: np.random.Generator, dpi: int) -> Grey:
    page = note(chance, dpi)
    ground = chance.normal(0, 1, (24, 20))
    picture = cv2.resize(ground, (6 * dpi, 6 * dpi), interpolation=cv2.INTER_CUBIC)
    page[4 * dpi : 10 * dpi, dpi : 7 * dpi] = np.clip(110 + 50 * picture, 0, 255).astype(np.uint8)
    return page


def heart_chart(chance: np.random.Generator, dpi: int) -> Grey:
    page = trace(chance, dpi)
    step = dpi / 25.4
    for number in range(int(page.shape[0] / step)):
        page[round(number * step)] = np.minimum(page[round(number * step)], 120 if number % 5 == 0 else 205)
    for number in range(int(page.shape[1] / step)):
        column = round(number * step)
        page[:, column] = np.minimum(page[:, column], 120 if number % 5 == 0 else 205)
    _put(page, dpi, 0.8, 0.5, "Rate 72  PR 160  QRS 92", 10)
    return page


FULL: dict[str, Maker] = {
    "note": note,
    "table": table,
    "coded note": coded_note,
    "fax cover": fax_cover,
    "bar chart": bars,
    "photograph": photograph,
    "heart chart": heart_chart,
}


# --- separator sheets ------------------------------------------------------------------
def _code(value: str, symbology: str, module_inches: float, dpi: int, height_inches: float) -> Grey:
    """The symbol with its quiet zone, drawn fine and reduced, as a printer and a scanner would."""
    code = zxingcpp.create_barcode(value, getattr(zxingcpp.BarcodeFormat, symbology))
    modules = np.asarray(code.to_image(scale=1, add_quiet_zones=False), np.uint8)
    if symbology in ("Code128", "Code39"):
        modules = np.repeat(modules[:1], max(1, round(height_inches / module_inches)), axis=0)
    modules = np.pad(modules, 8, constant_values=255)
    size = tuple(round(side * module_inches * dpi) for side in modules.shape[::-1])
    fine = np.kron(modules, np.ones((8, 8), np.uint8))
    return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.uint8)


@functools.cache
def _sheet_pdf(kind: str, number: int) -> bytes:
    types = (None, "progress_note", "operative_report")
    return sheets.separator_sheets(1, "Fenwick Valley", document_type=types[number % 3], paper=kind)


def own_sheet(chance: np.random.Generator, dpi: int) -> Grey:
    data = _sheet_pdf(_pick(chance, ("letter", "a4")), int(chance.integers(3)))
    document = pypdfium2.PdfDocument(data)
    pixels = document[0].render(scale=dpi / 72, grayscale=True).to_numpy()
    document.close()
    return np.array(pixels.reshape(pixels.shape[:2]), np.uint8)


def patch_sheet(chance: np.random.Generator, dpi: int) -> Grey:
    """Patch T alone, as other makers' sheets have it, in any of their places."""
    page = blank(dpi)
    _put(page, dpi, 2.0, 5.0, _pick(chance, ("SEPARATOR", "PATCH T", "Do not remove", "")), 30, bold=True)
    rows: list[int] = []
    for number, inches in enumerate((0.08, 0.08, 0.20, 0.08, 0.08, 0.08, 0.20)):
        rows += [0 if number % 2 == 0 else 255] * round(inches * dpi * 4)
    fine = np.array(rows, np.uint8)[:, None]
    column = cv2.resize(fine, (1, round(len(rows) / 4)), interpolation=cv2.INTER_AREA)
    mark = np.repeat(column, round(chance.uniform(2, 5) * dpi), axis=1)
    top, left = round(chance.uniform(0.3, 1.0) * dpi), round(chance.uniform(0.5, 3.0) * dpi)
    page[top : top + mark.shape[0], left : left + mark.shape[1]] = mark
    return page


def qr_sheet(chance: np.random.Generator, dpi: int) -> Grey:
    return _code_sheet(dpi, _code("SEPARATOR", "QRCode", 0.03, dpi, 0), chance)


def code128_sheet(chance: np.random.Generator, dpi: int) -> Grey:
    return _code_sheet(dpi, _code("DOCSEP", "Code128", 0.02, dpi, 0.8), chance)


def _code_sheet(dpi: int, picture: Grey, chance: np.random.Generator) -> Grey:
    page = blank(dpi)
    _put(page, dpi, 1.5, 1.5, "NEXT DOCUMENT", 26, bold=True)
    top, left = round(chance.uniform(3, 7) * dpi), round(chance.uniform(0.7, 3.5) * dpi)
    page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return page


SHEETS: dict[str, Maker] = {
    "own sheet": own_sheet,
    "Patch T": patch_sheet,
    "QR code": qr_sheet,
    "Code 128": code128_sheet,
}


def _turned(page: Grey, clockwise_degrees: float) -> Grey:
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise_degrees, 1.0)
    return np.asarray(cv2.warpAffine(page, matrix, (width, height), borderValue=255), np.uint8)
