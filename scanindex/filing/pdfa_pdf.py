"""Pages of PDF originals: their images as they are, or else a rendering.

A page that shows nothing but images (one, or many strips and layers) keeps
them, coded bytes and all. Everything else - drawn text, lines, annotations,
transparency, hidden layers, colours beyond sRGB - is rendered, because PDF/A
conformity of received content cannot be promised; what made it necessary is
recorded. Frame: the crop box before /Rotate. Worker-only.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pikepdf
from PIL import Image

from scanindex.errors import CorruptFile
from scanindex.filing import pdfa_recode
from scanindex.filing.pdfa_image import NotPassable, PictureReader
from scanindex.filing.pdfa_scan import Placed, placed_images
from scanindex.filing.picture import PagePicture, Placement, full_page
from scanindex.model import PageReading
from scanindex.settings import FilingSettings

RENDER_DPI = 300
DRAWN_DPI = 400
"""Unsmoothed renderings are made finer, unless that takes more than `DRAWN_BYTES`."""
DRAWN_BYTES = 45_000
_UNSMOOTHED = {"no_smoothtext": True, "no_smoothimage": True, "no_smoothpath": True}
MAX_RENDER_DPI = 600
_POPPLER_SECONDS = 60
MAX_RENDER_PIXELS = 100_000_000
_POINTS_PER_INCH = 72.0
_MIN_SIDE_PT, _MAX_SIDE_PT = 3.0, 14_400.0
"""ISO 32000-1, Annex C.2."""
_LETTER_PT = (0.0, 0.0, 612.0, 792.0)
_INVISIBLE_ANNOTATIONS = frozenset(("/Link", "/Popup"))
_HIDDEN, _NO_VIEW = 2, 32
_MALFORMED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, zlib.error)
"""What reading wrongly typed objects raises: the page is rendered then."""
_CODEC_NAMES = {
    "CCITTFaxDecode": "ccitt",
    "DCTDecode": "jpeg",
    "JPXDecode": "jpx",
    "JBIG2Decode": "jbig2",
    "FlateDecode": "flate",
}


class PdfSource:
    """An original that is a PDF, seen by two readers: pikepdf for objects, pdfium for rendering."""

    def __init__(self, path: Path, settings: FilingSettings) -> None:
        self._path = path
        self._quality = settings.jpeg_quality
        self._rendering: Any = None
        try:
            self._pdf: pikepdf.Pdf | None = pikepdf.open(path)
        except pikepdf.PdfError:
            self._pdf = None

    def __enter__(self) -> PdfSource:
        return self

    def __exit__(self, *_: object) -> None:
        if self._rendering is not None:
            self._rendering.close()
        if self._pdf is not None:
            self._pdf.close()

    def page(self, scan_page_no: int, reading: PageReading) -> PagePicture:
        """Raises CorruptFile where no reader can show the page."""
        try:
            return self._images_of(scan_page_no)
        except NotPassable as reason:
            return self._rendered(scan_page_no, reason.code, reason.dpi)
        except (pikepdf.PdfError, *_MALFORMED):
            return self._rendered(scan_page_no, "broken", None)

    def _images_of(self, scan_page_no: int) -> PagePicture:
        if self._pdf is None or not 1 <= scan_page_no <= len(self._pdf.pages):
            raise NotPassable("broken")
        page = self._pdf.pages[scan_page_no - 1]
        if _has_visible_annotations(page):
            raise NotPassable("annotations")
        left, bottom, right, top = _visible_box(page)
        unit = float(page.obj.get("/UserUnit", 1))
        images = placed_images(page)
        reader = PictureReader()
        try:
            placements = tuple(_placement(image, reader, left, bottom, unit) for image in images)
        except NotPassable as reason:
            raise NotPassable(reason.code, _finest_dpi(images, unit)) from reason
        codecs = {_CODEC_NAMES[p.picture.codec] for p in placements}
        how = "recode" if reader.has_recoded else "pass"
        codec = codecs.pop() if len(codecs) == 1 else "mixed"
        width_pt, height_pt = (right - left) * unit, (top - bottom) * unit
        if not all(_MIN_SIDE_PT <= side <= _MAX_SIDE_PT for side in (width_pt, height_pt)):
            raise NotPassable("page_size")
        return PagePicture(
            width_pt=width_pt, height_pt=height_pt, placements=placements, rendition=f"{how}:{codec}"
        )

    def _rendered(self, scan_page_no: int, why: str, dpi: float | None) -> PagePicture:
        if drawn := self._drawn(scan_page_no, f"render:{why}"):
            return drawn
        wanted = min(max(dpi or RENDER_DPI, RENDER_DPI), MAX_RENDER_DPI)
        image, width_pt, height_pt = self._render(scan_page_no, wanted)
        picture = pdfa_recode.rendered(image, self._quality)
        return full_page(picture, width_pt, height_pt, f"render:{why}")

    def _drawn(self, scan_page_no: int, rendition: str) -> PagePicture | None:
        """A page of text and lines in few plain colours, unsmoothed; None for any other."""
        if self._has_images(scan_page_no):
            return None  # an image must not be sampled anew without smoothing
        fine = self._stencils(scan_page_no, DRAWN_DPI, rendition)
        if fine is None or sum(len(p.picture.data) for p in fine.placements) <= DRAWN_BYTES:
            return fine
        return self._stencils(scan_page_no, RENDER_DPI, rendition)

    def _stencils(self, scan_page_no: int, dpi: float, rendition: str) -> PagePicture | None:
        image, width_pt, height_pt = self._render(scan_page_no, dpi, is_smooth=False)
        layers = pdfa_recode.drawn(image)
        if not layers:
            return None
        matrix = (width_pt, 0.0, 0.0, height_pt, 0.0, 0.0)
        placements = tuple(Placement(picture=stencil, matrix=matrix, fill=fill) for stencil, fill in layers)
        return PagePicture(width_pt=width_pt, height_pt=height_pt, placements=placements, rendition=rendition)

    def _has_images(self, scan_page_no: int) -> bool:
        """Also where pdfium cannot tell."""
        import pypdfium2
        import pypdfium2.raw as raw

        try:
            page = self._opened()[scan_page_no - 1]
            found = any(True for _ in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,)))
            page.close()
        except (pypdfium2.PdfiumError, LookupError, ValueError):
            return True
        return found

    def _opened(self) -> Any:
        import pypdfium2

        if self._rendering is None:
            self._rendering = pypdfium2.PdfDocument(self._path)
            self._rendering.init_forms()
        return self._rendering

    def _render(
        self, scan_page_no: int, dpi: float, *, is_smooth: bool = True
    ) -> tuple[Image.Image, float, float]:
        import pypdfium2

        try:
            page = self._opened()[scan_page_no - 1]
            page.set_rotation(0)
            width_pt, height_pt = _within(*page.get_size())
            scale = _scale(width_pt, height_pt, dpi)
            rough = {} if is_smooth else _UNSMOOTHED
            image = page.render(scale=scale, may_draw_forms=True, **rough).to_pil().convert("RGB")
            page.close()
        except (pypdfium2.PdfiumError, LookupError, ValueError) as error:
            return self._render_by_poppler(scan_page_no, dpi, error)
        return image, width_pt, height_pt

    def _render_by_poppler(
        self, scan_page_no: int, dpi: float, reason: Exception
    ) -> tuple[Image.Image, float, float]:
        """Second opinion. Poppler turns the page by /Rotate; it is turned back."""
        import pdf2image
        from pdf2image.exceptions import PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError

        try:
            images = pdf2image.convert_from_path(
                self._path,
                dpi=int(dpi),
                first_page=scan_page_no,
                last_page=scan_page_no,
                use_cropbox=True,
                timeout=_POPPLER_SECONDS,
            )
        except (PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError, *_MALFORMED) as error:
            raise CorruptFile(f"page {scan_page_no}") from error
        if not images:
            raise CorruptFile(f"page {scan_page_no}") from reason
        turn = 0
        if self._pdf is not None and scan_page_no <= len(self._pdf.pages):
            turn = int(self._pdf.pages[scan_page_no - 1].get("/Rotate", 0)) % 360
        image = images[0].rotate(turn, expand=True) if turn else images[0]
        return image, *_within(image.width / dpi * _POINTS_PER_INCH, image.height / dpi * _POINTS_PER_INCH)


def _placement(image: Placed, reader: PictureReader, left: float, bottom: float, unit: float) -> Placement:
    a, b, c, d, e, f = image.matrix
    matrix = (a * unit, b * unit, c * unit, d * unit, (e - left) * unit, (f - bottom) * unit)
    picture = reader.read(image.xobject)
    return Placement(picture=picture, matrix=matrix, fill=image.fill if picture.is_stencil else None)


def _finest_dpi(images: tuple[Placed, ...], unit: float) -> float | None:
    """Resolution of the finest image, so that rendering loses nothing it need not lose."""
    found = []
    for image in images:
        a, b = image.matrix[:2]
        width_inches = (a * a + b * b) ** 0.5 * unit / _POINTS_PER_INCH
        if width_inches > 0:
            found.append(float(image.xobject.get("/Width", 0)) / width_inches)
    return max(found, default=None)


def _has_visible_annotations(page: pikepdf.Page) -> bool:
    annotations = page.obj.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return False
    for annotation in annotations.as_list():
        if not isinstance(annotation, pikepdf.Dictionary):
            continue
        flags = int(annotation.get("/F", 0))
        if str(annotation.get("/Subtype", "")) in _INVISIBLE_ANNOTATIONS or flags & (_HIDDEN | _NO_VIEW):
            continue
        return True
    return False


def _visible_box(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """Crop box inside media box, in user space; ISO 32000-1, 14.11.2."""
    media = _box(page, "/MediaBox") or _LETTER_PT
    crop = _box(page, "/CropBox") or media
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    if right - left <= 0 or top - bottom <= 0:
        return media
    return left, bottom, right, top


def _box(page: pikepdf.Page, name: str) -> tuple[float, float, float, float] | None:
    node: Any = page.obj
    for _ in range(50):
        if name in node:
            x0, y0, x1, y1 = (float(value) for value in node[name])
            return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    return None


def _within(width_pt: float, height_pt: float) -> tuple[float, float]:
    """Scaled into what a PDF page may measure."""
    scale = min(1.0, _MAX_SIDE_PT / max(width_pt, height_pt, 1.0))
    return max(width_pt * scale, _MIN_SIDE_PT), max(height_pt * scale, _MIN_SIDE_PT)


def _scale(width_pt: float, height_pt: float, dpi: float) -> float:
    scale = dpi / _POINTS_PER_INCH
    pixels = width_pt * height_pt * scale * scale
    return scale if pixels <= MAX_RENDER_PIXELS else scale * float((MAX_RENDER_PIXELS / pixels) ** 0.5)
