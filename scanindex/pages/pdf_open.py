"""Opening a PDF with either reader, and the few facts about a page that both need. Worker-only."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium_c

from scanindex.errors import CorruptFile, EncryptedFile

_MAX_DEPTH = 64
_LETTER = (0.0, 0.0, 612.0, 792.0)
_LARGEST_SIDE_POINTS = 200_000.0


@contextmanager
def open_qpdf(path: Path) -> Iterator[pikepdf.Pdf]:
    """Raises EncryptedFile where a password is needed, CorruptFile where qpdf finds no PDF."""
    try:
        pdf = pikepdf.open(path, suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise EncryptedFile from error
    except pikepdf.PdfError as error:
        if "encrypt" in str(error).lower():
            raise EncryptedFile("unsupported encryption") from error
        raise CorruptFile("qpdf cannot open it") from error
    with pdf:
        yield pdf


@contextmanager
def open_pdfium(path: Path, *, with_forms: bool = False) -> Iterator[Any]:
    """A pypdfium2 document; form fields are drawn only `with_forms`."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
            raise EncryptedFile from error
        raise CorruptFile("pdfium cannot open it") from error
    try:
        if with_forms:
            document.init_forms()
        yield document
    finally:
        document.close()


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What of the page is shown: the crop box in points, turn and unit."""

    left: float
    bottom: float
    right: float
    top: float
    rotation_degrees: int
    user_unit: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


def page_frame(page: Any) -> PageFrame:
    """Crop box within the media box (ISO 32000-2 14.11.2), with inheritance; never without area."""
    media = _box(inherited(page, "/MediaBox")) or _LETTER
    crop = _box(inherited(page, "/CropBox")) or media
    box = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    if box[2] - box[0] <= 0 or box[3] - box[1] <= 0:
        box = media
    return PageFrame(*box, rotation_degrees=_rotation(page), user_unit=_user_unit(page))


def inherited(page: Any, key: str) -> Any:
    """A page attribute, looked up through its parents; None if nobody has it or the tree is sick."""
    node = page
    for _ in range(_MAX_DEPTH):
        if not isinstance(node, pikepdf.Dictionary):
            return None
        value = node.get(key)
        if value is not None:
            return value
        node = node.get("/Parent")
    return None


def _box(value: Any) -> tuple[float, float, float, float] | None:
    if not isinstance(value, pikepdf.Array) or len(value) != 4:
        return None
    try:
        a, b, c, d = (float(x) for x in value)
    except (TypeError, ValueError):
        return None
    left, right, bottom, top = min(a, c), max(a, c), min(b, d), max(b, d)
    sides = (right - left, top - bottom)
    return (left, bottom, right, top) if min(sides) > 0 and max(sides) < _LARGEST_SIDE_POINTS else None


def _rotation(page: Any) -> int:
    value = number(inherited(page, "/Rotate"))
    turn = int(value) % 360 if value is not None else 0
    return turn if turn % 90 == 0 else 0


def _user_unit(page: Any) -> float:
    value = number(page.get("/UserUnit"))
    return value if value is not None and 0.01 <= value <= 100 else 1.0


def number(value: Any) -> float | None:
    """A PDF number as float, None for anything else."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def names_of(value: Any) -> list[str]:
    """A name or an array of names as strings (filters)."""
    if isinstance(value, pikepdf.Name):
        return [str(value)]
    if isinstance(value, pikepdf.Array):
        return [str(x) for x in value if isinstance(x, pikepdf.Name)]
    return []


@dataclass(frozen=True, slots=True)
class Inflated:
    """How far a Flate stream goes: bytes that come out (at most the limit), and how it ended."""

    data: bytes
    is_complete: bool
    is_wrong: bool


def inflate(raw: bytes, limit_bytes: int) -> Inflated:
    """Decompress at most `limit_bytes`; a bomb costs no more than that.

    Where the end is reached the checksum must fit, if there is one: writers that
    drop it lose no content.
    """
    engine = zlib.decompressobj(-15)
    parts: list[bytes] = []
    size, checksum = 0, 1
    pending = raw[2:]
    try:
        while pending and size < limit_bytes and not engine.eof:
            parts.append(engine.decompress(pending, min(1 << 20, limit_bytes - size)))
            size += len(parts[-1])
            checksum = zlib.adler32(parts[-1], checksum)
            pending = engine.unconsumed_tail
    except zlib.error:
        return Inflated(b"".join(parts), False, True)
    written = engine.unused_data[:4]
    is_wrong = engine.eof and len(written) == 4 and int.from_bytes(written, "big") != checksum
    return Inflated(b"".join(parts), engine.eof or size >= limit_bytes, is_wrong)
