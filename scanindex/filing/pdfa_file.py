"""Pages of picture files (TIFF, JPEG, PNG, BMP, WebP, JPEG 2000, HEIC, GIF) as PDF pictures.

Coded bytes pass where PDF/A-2b takes them; else they are coded again without
loss, or as JPEG where the file itself is lossy. The frame is that of the
archived pixels, un-mirrored left to right where the file says so: turning is
left to /Rotate. Worker-only: imports Pillow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from scanindex.errors import CorruptFile, UnknownFormat
from scanindex.filing import pdfa_jp2, pdfa_jpeg, pdfa_png, pdfa_recode, pdfa_tiff
from scanindex.filing.picture import PagePicture, Picture, full_page, mirrored
from scanindex.model import PageReading
from scanindex.settings import FilingSettings

FORMATS = {
    "image/tiff": ("TIFF",),
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/bmp": ("BMP", "DIB"),
    "image/webp": ("WEBP",),
    "image/jp2": ("JPEG2000",),
    "image/gif": ("GIF",),
}
HEIC = "image/heic"
_ORIENTATION = 0x0112
_TURN = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
"""Clockwise, after un-mirroring left to right (TIFF 6.0, Orientation)."""
_MIRRORED = frozenset((2, 4, 5, 7))
_DECODER_ERRORS = (
    SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError, RuntimeError,
)  # fmt: skip
_LETTER_INCHES = (8.5, 11.0)
_POINTS_PER_INCH = 72.0
_PASSERS = {
    "image/jpeg": (pdfa_jpeg.picture_of, "jpeg"),
    "image/png": (pdfa_png.picture_of, "png"),
    "image/jp2": (pdfa_jp2.picture_of, "jpx"),
}
"""Formats whose whole file may be a PDF stream."""


class FileSource:
    """An original that is a picture file; `page` may be called for any of its pages."""

    def __init__(self, path: Path, media_type: str, settings: FilingSettings) -> None:
        if media_type != HEIC and media_type not in FORMATS:
            raise UnknownFormat(media_type)
        self._path = path
        self._media_type = media_type
        self._quality = settings.jpeg_quality

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def page(self, scan_page_no: int, reading: PageReading) -> PagePicture:
        """Raises CorruptFile where the page cannot be decoded at all."""
        try:
            picture, rendition, is_mirrored = self._picture(scan_page_no)
        except (OSError, *_DECODER_ERRORS) as error:
            _pass_on(error)
            raise CorruptFile(f"page {scan_page_no}") from error
        page = full_page(picture, *page_size_pt(picture, reading), rendition)
        return mirrored(page) if is_mirrored else page

    def _picture(self, scan_page_no: int) -> tuple[Picture, str, bool]:
        if self._media_type == HEIC:
            return pdfa_recode.lossy(_heic(self._path, scan_page_no), self._quality), "recode:jpeg", False
        with _opened(self._path, FORMATS[self._media_type]) as image:
            if scan_page_no > 1:
                _seek(image, scan_page_no - 1)
            orientation = _orientation(image)
            is_mirrored = orientation in _MIRRORED
            if passed := self._passed(image):
                return *passed, is_mirrored
            is_lossy = _is_lossy(self._path, self._media_type, image)
            turned = _load(image)
            if self._media_type == "image/tiff" and orientation in _TURN:
                # Pillow turned it upright (and un-mirrored it) while loading; turn it back.
                turned = turned.rotate(_TURN[orientation], expand=True)
            is_mirrored = is_mirrored and self._media_type != "image/tiff"
            if is_lossy:
                return pdfa_recode.lossy(turned, self._quality), "recode:jpeg", is_mirrored
            picture = pdfa_recode.lossless(turned)
            return picture, f"recode:{'g4' if picture.codec == 'CCITTFaxDecode' else 'flate'}", is_mirrored

    def _passed(self, image: Image.Image) -> tuple[Picture, str] | None:
        if self._media_type == "image/tiff":
            return pdfa_tiff.passed(image, self._path)
        if self._media_type in _PASSERS:
            passer, codec = _PASSERS[self._media_type]
            picture = passer(self._path.read_bytes())
            return (picture, f"pass:{codec}") if picture else None
        return None


def page_size_pt(picture: Picture, reading: PageReading) -> tuple[float, float]:
    """Width and height in points before /Rotate, from the reading's pixels and dpi.

    Without a dpi the page is fitted into US letter, because a picture that
    does not state its size is most often a photographed or exported sheet.
    """
    width, height = reading.width_px, reading.height_px
    if reading.rotation_degrees % 180:
        width, height = height, width
    if width <= 0 or height <= 0:
        width, height = picture.width_px, picture.height_px
    if reading.dpi and reading.dpi > 0:
        scale = _POINTS_PER_INCH / reading.dpi
    else:
        short, long = (inches * _POINTS_PER_INCH for inches in _LETTER_INCHES)
        scale = min(long / max(width, height), short / min(width, height))
    return width * scale, height * scale


def _is_lossy(path: Path, media_type: str, image: Image.Image) -> bool:
    if media_type in ("image/jpeg", "image/jp2"):
        return True
    if media_type == "image/webp":
        with path.open("rb") as stream:
            return b"VP8L" not in stream.read(64)
    return media_type == "image/tiff" and pdfa_tiff.is_jpeg(image)


@contextmanager
def _opened(path: Path, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """This format only; the size limit was judged from headers before (pages)."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    truncated, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        # A stream, not a path: Pillow maps raw TIFFs that it opened by path with the
        # sides of turned pictures exchanged (seen with 13.0).
        with path.open("rb") as stream:
            try:
                image: Any = Image.open(stream, formats=list(formats))
            except (OSError, *_DECODER_ERRORS) as error:
                _pass_on(error)
                raise CorruptFile("picture header") from error
            with image:
                yield image
    finally:
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = limit, truncated


def _pass_on(error: Exception) -> None:
    """Errors of the system are not the file's fault."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


def _load(image: Image.Image) -> Image.Image:
    try:
        image.load()
    except (OSError, *_DECODER_ERRORS) as error:
        _pass_on(error)
        raise CorruptFile("picture data") from error
    return image


def _seek(image: Image.Image, number: int) -> None:
    try:
        image.seek(number)
    except (OSError, *_DECODER_ERRORS) as error:
        _pass_on(error)
        raise CorruptFile(f"frame {number + 1}") from error


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (OSError, *_DECODER_ERRORS):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _heic(path: Path, scan_page_no: int) -> Image.Image:
    import pi_heif

    try:
        heif = pi_heif.open_heif(path, convert_hdr_to_8bit=True)
        image: Image.Image = heif[scan_page_no - 1].to_pillow()
    except (OSError, *_DECODER_ERRORS) as error:
        _pass_on(error)
        raise CorruptFile("HEIF picture") from error
    return image
