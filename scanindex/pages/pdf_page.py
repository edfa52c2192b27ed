"""One page of a PDF: its own pixels where it is a picture, else a drawing, plus real text.

Worker-only.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from scanindex.errors import CorruptFile, ScanindexError
from scanindex.model import OtherText, PageRaster
from scanindex.pages import pdf_picture, pdf_render, pdf_text
from scanindex.pages.grey import Grey, Picture, fitted, plausible_dpi, squared
from scanindex.pages.guard import NOTE_REDUCED
from scanindex.pages.pdf_content import has_drawn_annotations, only_picture
from scanindex.pages.pdf_inspect import page_problems
from scanindex.pages.pdf_open import PageFrame, open_pdfium, open_qpdf, page_frame
from scanindex.settings import PagesSettings

_UNKNOWN_FRAME = PageFrame(0.0, 0.0, 612.0, 792.0, rotation_degrees=0, user_unit=1.0)
_LEAST_PICTURE_DPI = 40.0
"""A coarser picture stretched over a page is a background, not a scan."""


def rasterise(path: Path, scan_page_no: int, settings: PagesSettings) -> PageRaster:
    """See `pages.rasterise`."""
    with ExitStack() as stack:
        page = _qpdf_page(stack, path, scan_page_no)
        if page is None:
            return _rendered(path, scan_page_no, None, settings)
        raster = _own_picture(path, scan_page_no, page, settings)
        return raster or _rendered(path, scan_page_no, page, settings)


def _qpdf_page(stack: ExitStack, path: Path, scan_page_no: int) -> Any:
    """The page's dictionary, None where qpdf has no such page but another reader may."""
    try:
        pdf = stack.enter_context(open_qpdf(path))
        return pdf.pages[scan_page_no - 1].obj
    except (CorruptFile, IndexError, RuntimeError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _own_picture(path: Path, scan_page_no: int, page: Any, settings: PagesSettings) -> PageRaster | None:
    placed = only_picture(page)
    if placed is None:
        return None
    frame = page_frame(page)
    try:
        picture = pdf_picture.decode(placed.image, path, scan_page_no - 1, settings.max_pixels)
    except pdf_picture.NotHere:
        return None
    height, width = picture.pixels.shape
    picture = replace(
        picture,
        dpi_x=width / (placed.width_points * frame.user_unit / 72),
        dpi_y=height / (placed.height_points * frame.user_unit / 72),
    )
    if min(picture.dpi_x or 0, picture.dpi_y or 0) < _LEAST_PICTURE_DPI:
        return None
    layer = pdf_text.TextLayer(others=_hidden_text(path, scan_page_no) if placed.has_text else ())
    return _raster(scan_page_no, picture, frame, settings, layer)


def _hidden_text(path: Path, scan_page_no: int) -> tuple[OtherText, ...]:
    try:
        with open_pdfium(path) as document:
            return pdf_text.other_text(document[scan_page_no - 1], pdf_text.IS_OCR)
    except (ScanindexError, IndexError, RuntimeError):
        return ()


def _raster(
    scan_page_no: int,
    picture: Picture,
    frame: PageFrame,
    settings: PagesSettings,
    layer: pdf_text.TextLayer,
) -> PageRaster:
    picture = fitted(squared(picture), settings.max_pixels)
    return PageRaster(
        scan_page_no=scan_page_no,
        pixels=np.ascontiguousarray(picture.pixels),
        dpi=plausible_dpi(picture.dpi_x, max(picture.pixels.shape)),
        is_bilevel=picture.is_bilevel,
        rotation_degrees=frame.rotation_degrees,
        text_layer=layer.words,
        other_texts=layer.others,
        problems=picture.problems,
        may_have_colour=picture.may_have_colour,
    )


def _rendered(path: Path, scan_page_no: int, page: Any, settings: PagesSettings) -> PageRaster:
    frame = page_frame(page) if page is not None else _UNKNOWN_FRAME
    problems = tuple(dict.fromkeys(page_problems(page, settings, set()))) if page is not None else ()
    dpi = pdf_render.affordable_dpi(frame, settings.render_dpi, settings.max_pixels)
    if dpi < settings.render_dpi:
        problems = (*problems, NOTE_REDUCED)
    try:
        pixels, layer = _by_pdfium(path, scan_page_no, page, frame, dpi)
    except CorruptFile:
        pixels, layer = pdf_render.by_poppler(path, scan_page_no, frame, dpi), pdf_text.TextLayer()
    picture = Picture(pixels=pixels, dpi_x=dpi, dpi_y=dpi, problems=problems)
    return _raster(scan_page_no, picture, frame, settings, layer)


def _by_pdfium(
    path: Path, scan_page_no: int, page: Any, frame: PageFrame, dpi: float
) -> tuple[Grey, pdf_text.TextLayer]:
    with open_pdfium(path, with_forms=True) as document:
        try:
            drawn = document[scan_page_no - 1]
        except (IndexError, RuntimeError) as error:
            raise CorruptFile(f"no page {scan_page_no}") from error
        drawn.set_rotation(0)
        pixels = pdf_render.by_pdfium(drawn, frame, dpi)
        is_covered = page is None or has_drawn_annotations(page)
        return pixels, pdf_text.text_layer(drawn, frame, pixels, is_covered=is_covered)
