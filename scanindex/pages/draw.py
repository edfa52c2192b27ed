"""A page as people see it on a screen: small, in colour where it has any, quickly.

Unlike `rasterise`, which serves reading and looks for damage, this decodes no more than
the wanted size needs (JPEG at an eighth, a PDF page at its pixels). Same frame: the
picture lies as `PageRaster.pixels` does, so boxes carry over as fractions. Worker-only.

Fax and clean drawn pages become PNG of 16 greys: half the bytes of a JPEG and no ghosts around letters;
everything else JPEG: WebP would save a third of the bytes and take 15 to 40 times as long.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scanindex.errors import CorruptFile, ScanindexError
from scanindex.model import PageRaster
from scanindex.pages import guard, jpeg, pdf_page, picture_file
from scanindex.pages.grey import on_white
from scanindex.pages.pdf_content import only_picture
from scanindex.pages.pdf_open import open_pdfium, open_qpdf, page_frame
from scanindex.pages.pdf_stream import ImageFacts, image_facts, parameter, peeled
from scanindex.pages.pillow import pillow_open
from scanindex.settings import PagesSettings
from scanindex.sniff import HEIC, JP2, JPEG, PDF, TIFF

Pixels = NDArray[np.uint8]
"""height x width (grey) or height x width x 3 (blue, green, red)."""

_JPEG_QUALITY = 75
_GREYS = 16
_PNG_LEVEL = 1
_CLEAN_SHARE = 0.6
"""Of pure white: more than that no camera or grey scanner leaves, but a program that draws does."""
_COLOUR, _COLOURED_SHARE = 40, 0.0005
"""Channels further apart than scanners tint paper, on more pixels than specks take."""
_REDUCED = {
    1: (cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR),
    2: (cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_COLOR_2),
    4: (cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_COLOR_4),
    8: (cv2.IMREAD_REDUCED_GRAYSCALE_8, cv2.IMREAD_REDUCED_COLOR_8),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    pixels: Pixels = field(repr=False)
    is_bilevel: bool
    rotation_degrees: int
    """Clockwise turn that the file asks for; not applied."""


class _OtherWay(Exception):
    """The quick way does not fit this page."""


def draw(path: Path, media_type: str, scan_page_no: int, settings: PagesSettings, long_side_px: int) -> Drawn:
    """Page `scan_page_no` (1-based), its longer side at most about `long_side_px`.

    Raises the same errors as `pages.rasterise`.
    """
    with guard.input_errors():
        guard.refuse_empty(path)
        try:
            if media_type == PDF:
                drawn = _pdf(path, scan_page_no, settings, long_side_px)
            elif media_type == JPEG:
                drawn = _jpeg_file(path, scan_page_no, settings, long_side_px)
            elif media_type == HEIC:
                drawn = _heic(path, scan_page_no, settings)
            else:
                drawn = _picture(path, media_type, scan_page_no, settings, long_side_px)
            return Drawn(
                pixels=_without_tint(shrunk(drawn.pixels, long_side_px)),
                is_bilevel=drawn.is_bilevel,
                rotation_degrees=drawn.rotation_degrees,
            )
        except _OtherWay:
            return of_raster(_rasterised(path, media_type, scan_page_no, settings))


def of_raster(raster: PageRaster) -> Drawn:
    return Drawn(
        pixels=raster.pixels, is_bilevel=raster.is_bilevel, rotation_degrees=raster.rotation_degrees % 360
    )


def encoded(drawn: Drawn, turn: int | None) -> bytes:
    """PNG or JPEG, turned clockwise by `turn` (None: as the file asks)."""
    pixels = drawn.pixels
    turn = drawn.rotation_degrees if turn is None else turn
    pixels = np.ascontiguousarray(np.rot90(pixels, k=-(turn // 90)))
    if drawn.is_bilevel and pixels.ndim == 2:
        return _png(pixels)
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise CorruptFile("the page cannot be drawn")
    made = bytes(data)
    if pixels.ndim == 2 and float((pixels == 255).mean()) > _CLEAN_SHARE:
        made = min(made, _png(pixels), key=len)
    return made


def shrunk(pixels: Pixels, long_side_px: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _png(grey: Pixels) -> bytes:
    table = np.round(np.arange(256) * ((_GREYS - 1) / 255)).astype(np.uint8)
    height, width = grey.shape
    picture = Image.frombytes("P", (width, height), table[grey].tobytes())
    picture.putpalette([level * 255 // (_GREYS - 1) for level in range(_GREYS) for _ in range(3)])
    stream = io.BytesIO()
    picture.save(stream, "PNG", bits=4, compress_level=_PNG_LEVEL)
    return stream.getvalue()


def _without_tint(pixels: Pixels) -> Pixels:
    """Grey where there is no colour to speak of."""
    if pixels.ndim == 2:
        return pixels
    blue, green, red = cv2.split(np.ascontiguousarray(pixels[::2, ::2]))
    far = cv2.max(cv2.absdiff(blue, red), cv2.max(cv2.absdiff(blue, green), cv2.absdiff(green, red)))
    if float((far > _COLOUR).mean()) > _COLOURED_SHARE:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)


def _rasterised(path: Path, media_type: str, scan_page_no: int, settings: PagesSettings) -> PageRaster:
    if media_type == PDF:
        return pdf_page.rasterise(path, scan_page_no, settings)
    return picture_file.rasterise(path, media_type, scan_page_no, settings)


# --- PDF ------------------------------------------------------------------------
def _pdf(path: Path, scan_page_no: int, settings: PagesSettings, long_side_px: int) -> Drawn:
    """The page's only picture where it is a plain JPEG, else a drawing at its pixels."""
    try:
        with open_qpdf(path) as pdf:
            page = pdf.pages[scan_page_no - 1].obj
            frame = page_frame(page)
            placed = only_picture(page)
            facts = image_facts(placed.image) if placed is not None else None
            data = _plain_jpeg(placed.image, facts) if placed is not None and facts is not None else None
    except (ScanindexError, IndexError, RuntimeError, ValueError, TypeError, KeyError, AttributeError):
        raise _OtherWay from None
    if data is not None:
        pixels = _jpeg_pixels(data, settings, long_side_px)
    else:
        pixels = _by_pdfium(path, scan_page_no, long_side_px / max(frame.width, frame.height))
    is_bilevel = facts is not None and facts.components == 1 and facts.bits == 1
    return Drawn(pixels=pixels, is_bilevel=is_bilevel, rotation_degrees=frame.rotation_degrees)


def _plain_jpeg(image: Any, facts: ImageFacts) -> bytes | None:
    """Its bytes, where what a JPEG reader sees is what the PDF means."""
    if facts.filters[-1:] != ("/DCTDecode",) or facts.colour not in _PLAIN_COLOURS:
        return None
    if image.get("/Decode") is not None or parameter(facts, "/ColorTransform", -1) >= 0:
        return None
    data = peeled(image, facts.filters)
    header = jpeg.frame_header(data)
    return data if header == (facts.width, facts.height, facts.components) else None


_PLAIN_COLOURS = frozenset(("/DeviceGray", "/G", "/DeviceRGB", "/RGB", "/CalGray", "/CalRGB", "/ICCBased"))


def _by_pdfium(path: Path, scan_page_no: int, scale: float) -> Pixels:
    try:
        with open_pdfium(path, with_forms=True) as document:
            page = document[scan_page_no - 1]
            page.set_rotation(0)
            bitmap = page.render(scale=scale, draw_annots=True, may_draw_forms=True)
            pixels = np.array(bitmap.to_numpy()[:, :, :3], np.uint8)
    except (ScanindexError, IndexError, RuntimeError, ValueError):
        raise _OtherWay from None  # poppler may still draw it
    return pixels


# --- picture files ----------------------------------------------------------------
def _jpeg_file(path: Path, scan_page_no: int, settings: PagesSettings, long_side_px: int) -> Drawn:
    if scan_page_no != 1:
        raise CorruptFile(f"no page {scan_page_no}")
    with pillow_open(path, picture_file.FORMATS[JPEG]) as opened:
        orientation, dpi = picture_file.orientation_of(opened.image), picture_file.dpi_of(opened.image)
    pixels = _squared(_jpeg_pixels(path.read_bytes(), settings, long_side_px), dpi)
    return _as_archived(pixels, orientation, JPEG, is_bilevel=False)


def _jpeg_pixels(data: bytes, settings: PagesSettings, long_side_px: int) -> Pixels:
    """Reduced while it is decoded, to no less than the wanted size."""
    header = jpeg.frame_header(data)
    if header is None or header[2] not in (1, 3):
        raise _OtherWay
    guard.check_dimensions(header[0], header[1], settings.max_pixels, is_grey=header[2] == 1)
    longest = max(header[:2])
    factor = next((f for f in (8, 4, 2) if longest // f >= long_side_px), 1)
    mode = _REDUCED[factor][header[2] == 3] | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    if pixels is None or pixels.size == 0:
        raise _OtherWay
    return np.asarray(pixels, np.uint8)


def _heic(path: Path, scan_page_no: int, settings: PagesSettings) -> Drawn:
    heif = picture_file.open_heic(path)
    if not 1 <= scan_page_no <= len(heif):
        raise CorruptFile(f"no page {scan_page_no}")
    width, height = heif[scan_page_no - 1].size
    guard.check_dimensions(width, height, settings.max_pixels, is_grey=False)
    return _as_archived(_pixels_of(heif[scan_page_no - 1].to_pillow()), 1, HEIC, is_bilevel=False)


def _picture(
    path: Path, media_type: str, scan_page_no: int, settings: PagesSettings, long_side_px: int
) -> Drawn:
    if media_type not in picture_file.FORMATS:
        raise _OtherWay
    with pillow_open(path, picture_file.FORMATS[media_type]) as opened:
        image = opened.image
        if scan_page_no > 1:
            picture_file.seek(image, scan_page_no - 1)
        is_grey = image.mode in ("1", "L", "P")
        guard.check_dimensions(*image.size, settings.max_pixels, is_grey=is_grey)
        orientation, dpi = picture_file.orientation_of(image), picture_file.dpi_of(image)
        if image.mode.startswith(("I", "F")) or image.mode == "LAB":
            raise _OtherWay
        if media_type == JP2:
            _leave_out_detail(image, long_side_px)
        opened.load()
        is_bilevel = image.mode == "1"
        pixels = _pixels_of(opened.image)
    return _as_archived(_squared(pixels, dpi), orientation, media_type, is_bilevel=is_bilevel)


def _leave_out_detail(image: Image.Image, long_side_px: int) -> None:
    """Have the wavelet decoder stop at the level that is large enough."""
    levels = 0
    while max(image.size) >> (levels + 1) >= long_side_px and levels < 5:
        levels += 1
    if levels:
        image.reduce = levels  # type: ignore[assignment, method-assign]


def _pixels_of(image: Image.Image) -> Pixels:
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = on_white(image)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"), np.uint8)
    return np.asarray(image.convert("RGB"), np.uint8)[:, :, ::-1]


def _as_archived(pixels: Pixels, orientation: int, media_type: str, *, is_bilevel: bool) -> Drawn:
    """Un-mirrored, and as stored: Pillow turns TIFF upright while loading."""
    turn = picture_file.TURN_OF_ORIENTATION[orientation]
    if media_type == TIFF:
        pixels = np.rot90(pixels, k=turn // 90)
    elif orientation in picture_file.MIRRORED:
        pixels = pixels[:, ::-1]
    return Drawn(pixels=np.ascontiguousarray(pixels), is_bilevel=is_bilevel, rotation_degrees=turn)


def _squared(pixels: Pixels, dpi: tuple[float | None, float | None]) -> Pixels:
    """Fax rows lie wider apart than its dots; the same rule as `grey.squared`."""
    x, y = dpi
    if not x or not y or not 1.02 < max(x, y) / min(x, y) <= 4.0:
        return pixels
    height, width = pixels.shape[:2]
    size = (width, round(height * x / y)) if x > y else (round(width * y / x), height)
    return np.asarray(
        cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_LINEAR), np.uint8
    )
