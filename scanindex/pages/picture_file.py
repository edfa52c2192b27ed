"""Pages of picture files: TIFF, JPEG, PNG, BMP, WebP, JPEG 2000, HEIC, GIF.

Every frame is a page, except in JPEG and PNG, whose further pictures are
previews or animation. Worker-only.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scanindex.errors import CorruptFile, NoPages, UnknownFormat
from scanindex.model import PageRaster, ScanInfo
from scanindex.pages import g4, glued, guard, jpeg
from scanindex.pages.grey import Grey, Picture, fitted, grey_of, plausible_dpi, squared
from scanindex.pages.pillow import Opened, pillow_open
from scanindex.settings import PagesSettings
from scanindex.sniff import BMP, GIF, HEIC, JP2, JPEG, PNG, TIFF, WEBP, is_whole
from scanindex.tiff_layout import tiff_layout

FORMATS = {
    TIFF: ("TIFF",),
    JPEG: ("JPEG", "MPO"),
    PNG: ("PNG",),
    BMP: ("BMP", "DIB"),
    WEBP: ("WEBP",),
    JP2: ("JPEG2000",),
    GIF: ("GIF",),
}
_ONE_PAGE = frozenset((JPEG, PNG, BMP, JP2))
_COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _STRIP_OFFSETS, _ORIENTATION = 259, 262, 266, 273, 274
_ROWS_PER_STRIP, _STRIP_COUNTS = 278, 279
_G4 = 4
_TALKATIVE = frozenset((2, 3, 4, 6, 7))
"""Compressions (CCITT, JPEG) whose damage libtiff only warns of."""
_HEADERS_BYTES = 1 << 16
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
TURN_OF_ORIENTATION = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
"""Clockwise turn after an un-mirroring left to right (TIFF 6.0 Orientation, Exif 2.32 4.6.4)."""
MIRRORED = frozenset((2, 4, 5, 7))
_REDUCIBLE = frozenset(("L", "RGB", "CMYK", "YCbCr"))
_GREY_MODES = frozenset(("1", "L", "P"))


# --- inspect ------------------------------------------------------------------
def inspect(path: Path, media_type: str, settings: PagesSettings) -> ScanInfo:
    """See `pages.inspect`."""
    if media_type == HEIC:
        count, problems = _inspect_heic(path, settings)
    elif media_type in FORMATS:
        count, problems = _inspect_pillow(path, media_type, settings)
    else:
        raise UnknownFormat(media_type)
    if glued.hides_more(path, media_type):
        problems = (*problems, glued.GLUED_FILES)
    return ScanInfo(media_type=media_type, page_count=count, problems=tuple(dict.fromkeys(problems)))


def _inspect_pillow(path: Path, media_type: str, settings: PagesSettings) -> tuple[int, tuple[str, ...]]:
    problems: tuple[str, ...] = ()
    limit = None
    if media_type == TIFF:
        limit, problems = _tiff_pages(path)
        guard.check_page_count(limit, settings.max_pages)
    else:
        problems = _damage(path, media_type)
    with pillow_open(path, FORMATS[media_type]) as opened:
        count = 1 if media_type in _ONE_PAGE else _frame_count(opened.image, settings, limit)
        for number in range(count):
            if count > 1:
                seek(opened.image, number)
            grey = opened.image.mode in _GREY_MODES or media_type == JPEG
            guard.check_dimensions(*opened.image.size, settings.max_pixels, is_grey=grey)
    return count, problems


def _tiff_pages(path: Path) -> tuple[int, tuple[str, ...]]:
    """Directories that have pixels, and what is wrong with where they say these are."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        layout = tiff_layout(stream, size)
    problems = []
    if layout.is_cut or any(page.overhang_bytes(size) for page in layout.pages):
        problems.append(guard.TRUNCATED_IMAGE)
    if layout.has_loop:
        problems.append("page_chain_loop")
    if not layout.pages:
        raise CorruptFile("no image directory")
    return len(layout.pages), tuple(problems)


def _damage(path: Path, media_type: str) -> tuple[str, ...]:
    """What the structure alone shows: the end is missing, or a checksum of PNG does not fit."""
    if media_type == JPEG:
        return (guard.TRUNCATED_IMAGE,) if jpeg.is_cut(path.read_bytes()) else ()
    with path.open("rb") as stream:
        if not is_whole(stream, path.stat().st_size):
            return (guard.TRUNCATED_IMAGE,)
    if media_type == PNG and not _png_checksums_fit(path.read_bytes()):
        return (guard.DAMAGED_IMAGE,)
    if media_type in (WEBP, JP2):
        data = path.read_bytes()
        # Lossless WebP is not arithmetic-coded: white paper makes long runs of zeros there.
        if b"VP8L" not in data[:_HEADERS_BYTES] and guard.has_hole(data):
            return (guard.DAMAGED_IMAGE,)
    return ()


def _png_checksums_fit(data: bytes) -> bool:
    """Pillow lets wrong checksums of picture data pass (PNG 5.3)."""
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return False
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at = end + 4
    return False


def _frame_count(image: Image.Image, settings: PagesSettings, limit: int | None) -> int:
    """Frames Pillow reaches; never walks beyond the allowed number of pages."""
    if limit is not None:
        return limit
    count = int(getattr(image, "n_frames", 1))
    if count < 1:
        raise NoPages
    guard.check_page_count(count, settings.max_pages)
    return count


def seek(image: Image.Image, number: int) -> None:
    try:
        image.seek(number)
    except (EOFError, ValueError, SyntaxError, KeyError, TypeError) as error:
        raise CorruptFile(f"frame {number + 1}") from error


def _inspect_heic(path: Path, settings: PagesSettings) -> tuple[int, tuple[str, ...]]:
    heif = open_heic(path)
    guard.check_page_count(len(heif), settings.max_pages)
    for number in range(len(heif)):
        width, height = heif[number].size
        guard.check_dimensions(width, height, settings.max_pixels, is_grey=False)
    return len(heif), _damage(path, HEIC)


def open_heic(path: Path) -> Any:
    import pi_heif

    try:
        heif = pi_heif.open_heif(path, convert_hdr_to_8bit=True)
    except (ValueError, RuntimeError, SyntaxError, EOFError, IndexError) as error:
        raise CorruptFile("HEIF container") from error
    if len(heif) == 0:
        raise NoPages
    return heif


# --- rasterise ----------------------------------------------------------------
def rasterise(path: Path, media_type: str, scan_page_no: int, settings: PagesSettings) -> PageRaster:
    """See `pages.rasterise`."""
    if media_type == HEIC:
        picture, orientation = _read_heic(path, scan_page_no, settings), 1
    elif media_type == JPEG:
        picture, orientation = _read_jpeg(path, scan_page_no, settings)
    elif media_type in FORMATS:
        picture, orientation = _read_pillow(path, media_type, scan_page_no, settings)
    else:
        raise UnknownFormat(media_type)
    if orientation in MIRRORED and media_type != TIFF:
        picture = replace(picture, pixels=picture.pixels[:, ::-1])
    picture = fitted(squared(picture), settings.max_pixels)
    return PageRaster(
        scan_page_no=scan_page_no,
        pixels=np.ascontiguousarray(picture.pixels),
        dpi=plausible_dpi(picture.dpi_x, max(picture.pixels.shape)),
        is_bilevel=picture.is_bilevel,
        rotation_degrees=TURN_OF_ORIENTATION[orientation],
        problems=picture.problems,
        may_have_colour=picture.may_have_colour,
    )


def _read_jpeg(path: Path, scan_page_no: int, settings: PagesSettings) -> tuple[Picture, int]:
    if scan_page_no != 1:
        raise CorruptFile(f"no page {scan_page_no}")
    data = path.read_bytes()
    with pillow_open(path, FORMATS[JPEG]) as opened:
        orientation, (dpi_x, dpi_y) = orientation_of(opened.image), dpi_of(opened.image)
        full_width = opened.image.width
    pixels, problems = jpeg.decode(data, settings.max_pixels)
    shrink = pixels.shape[1] / full_width
    return (
        Picture(
            pixels=pixels,
            dpi_x=dpi_x and dpi_x * shrink,
            dpi_y=dpi_y and dpi_y * shrink,
            problems=problems if shrink > 0.9 else (*problems, guard.NOTE_REDUCED),
            may_have_colour=(jpeg.frame_header(data) or (0, 0, 3))[2] != 1,
        ),
        orientation,
    )


def _read_pillow(
    path: Path, media_type: str, scan_page_no: int, settings: PagesSettings
) -> tuple[Picture, int]:
    with pillow_open(path, FORMATS[media_type]) as opened:
        image = opened.image
        if scan_page_no > 1:
            seek(image, scan_page_no - 1)
        guard.check_dimensions(*image.size, settings.max_pixels, is_grey=image.mode in _GREY_MODES)
        is_grey = image.mode in ("1", "L") or image.mode.startswith(("I", "F"))
        orientation, (dpi_x, dpi_y) = orientation_of(image), dpi_of(image)
        notes: tuple[str, ...] = ()
        is_inverted_deep = _photometric(image) == 0 and image.mode.startswith(("I", "F"))
        if media_type == JP2:
            shrink = _reduce_jp2(image, settings.max_pixels)
            dpi_x, dpi_y = dpi_x and dpi_x * shrink, dpi_y and dpi_y * shrink
            notes = (guard.NOTE_REDUCED,) if shrink < 1 else ()
        pixels, is_bilevel, factor, problems = _pixels(opened, settings.max_pixels)
        if factor > 1:
            dpi_x, dpi_y = dpi_x and dpi_x / factor, dpi_y and dpi_y / factor
            notes = (guard.NOTE_REDUCED,)
        if media_type == TIFF and not problems:
            problems = _code_problems(path, scan_page_no, image, pixels)
        if media_type in (PNG, WEBP, JP2) and not problems:
            problems = _damage(path, media_type)
    problems = (*problems, *notes)
    if is_inverted_deep:
        pixels = 255 - pixels
    if media_type == TIFF:
        # Pillow turns TIFF pixels upright while loading; turn them back to the archived frame.
        pixels = np.rot90(pixels, k=TURN_OF_ORIENTATION[orientation] // 90)
    return (
        Picture(
            pixels=pixels,
            dpi_x=dpi_x,
            dpi_y=dpi_y,
            is_bilevel=is_bilevel,
            problems=problems,
            may_have_colour=not is_grey,
        ),
        orientation,
    )


def _code_problems(path: Path, scan_page_no: int, image: Image.Image, pixels: Grey) -> tuple[str, ...]:
    """Damage in CCITT and JPEG data that the decoder covered up."""
    if getattr(image, "tag_v2", {}).get(_COMPRESSION) not in _TALKATIVE:
        return ()
    if _has_short_g4_strip(path, image, pixels):
        return (guard.TRUNCATED_IMAGE,)
    return g4.file_problems(path, scan_page_no)


def _has_short_g4_strip(path: Path, image: Image.Image, pixels: Grey) -> bool:
    """Whether the rows of a G4 strip go on after its data ended (they decode to white)."""
    tags = getattr(image, "tag_v2", {})
    offsets, counts = tags.get(_STRIP_OFFSETS), tags.get(_STRIP_COUNTS)
    if tags.get(_COMPRESSION) != _G4 or not offsets or not counts or orientation_of(image) != 1:
        return False
    rows = int(tags.get(_ROWS_PER_STRIP) or pixels.shape[0])
    white_level = 0 if _photometric(image) == 1 else 255
    with path.open("rb") as stream:
        for number, (offset, count) in enumerate(zip(offsets, counts, strict=False)):
            stream.seek(offset)
            data = stream.read(count)
            if tags.get(_FILL_ORDER) == 2:
                data = data.translate(_REVERSED_BITS)
            strip = (pixels[number * rows : (number + 1) * rows] == white_level).astype(np.uint8)
            if strip.size and g4.is_short(data, g4.trailing_white_rows(strip)):
                return True
    return False


def _pixels(opened: Opened, max_pixels: int) -> tuple[Grey, bool, int, tuple[str, ...]]:
    """Grey pixels, whether they are bilevel, by what whole factor they were reduced, problems.

    Huge pictures are averaged down while still as Pillow holds them: each further copy
    at full size would not fit a decoder's memory.
    """
    problems = opened.load()
    image = opened.image
    factor = math.isqrt(image.width * image.height // max_pixels)
    if factor < 2 or image.mode not in _REDUCIBLE or "transparency" in image.info:
        pixels, is_bilevel = grey_of(image)
        return pixels, is_bilevel, 1, problems
    pixels, _ = grey_of(image.reduce(factor))
    return pixels, False, factor, problems


def _reduce_jp2(image: Image.Image, max_pixels: int) -> float:
    """Let the wavelet decoder leave out its finest levels where the page is too large; the factor."""
    width, height = image.size
    levels = 0
    while (width >> levels) * (height >> levels) > max_pixels and levels < 5:
        levels += 1
    if levels:
        image.reduce = levels  # type: ignore[assignment, method-assign]
    return float(0.5**levels)


def _read_heic(path: Path, scan_page_no: int, settings: PagesSettings) -> Picture:
    heif = open_heic(path)
    if not 1 <= scan_page_no <= len(heif):
        raise CorruptFile(f"no page {scan_page_no}")
    frame = heif[scan_page_no - 1]
    width, height = frame.size
    guard.check_dimensions(width, height, settings.max_pixels, is_grey=False)
    try:
        image = frame.to_pillow()
        pixels, is_bilevel = grey_of(image)
    except (ValueError, RuntimeError, OSError, EOFError) as error:
        raise CorruptFile("HEIF picture") from error
    return Picture(pixels=pixels, is_bilevel=is_bilevel)


def orientation_of(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError):
        return 1
    return value if isinstance(value, int) and value in TURN_OF_ORIENTATION else 1


def _photometric(image: Image.Image) -> int | None:
    tags = getattr(image, "tag_v2", None)
    value = tags.get(_PHOTOMETRIC) if tags is not None else None
    return value if isinstance(value, int) else None


def dpi_of(image: Image.Image) -> tuple[float | None, float | None]:
    """Dots per inch across and down; None where the file does not say in a known unit.

    Without a unit TIFF numbers still tell the shape of a pixel, and the numbers
    of fax modes (ITU-T T.4: 204 x 98, 204 x 196) mean what they say.
    """
    value: Any = image.info.get("dpi") or image.info.get("resolution")
    try:
        x, y = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None, None
    if not (0 < x < 1e6 and 0 < y < 1e6):
        return None, None
    return x, y
