"""document-small.pdf: the same pages and words in a fraction of the bytes. Worker-only.

For sending and for reading on slow lines; never instead of document.pdf, which
keeps the scan's own pixels. Promises: PDF/A-2b, every page, every word. Pages that
are 1-bit or small already pass through; the rest becomes layers (small_layers).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pypdfium2

from scanindex.errors import VerifyFailed
from scanindex.filing import small_layers
from scanindex.filing.pdfa_write import PdfaWriter
from scanindex.filing.picture import PagePicture, Picture
from scanindex.model import PageReading

SMALL_BYTES = 40_000
"""Pages of no more coded bytes are taken as they are."""
MIN_DPI, MAX_DPI = 100.0, 300.0
MAX_PIXELS = 25_000_000
_MIN_SIDE_PX = 64
_POINTS_PER_INCH = 72.0


def write(
    document_pdf: Path,
    pages: Sequence[tuple[PagePicture, PageReading]],
    title: str,
    moment: datetime,
    target: Path,
) -> None:
    """pages: what `document_pdf` was made of, in its order. Raises VerifyFailed where it cannot be shown."""
    writer = PdfaWriter(title, moment)
    try:
        shown = pypdfium2.PdfDocument(document_pdf)
        try:
            for number, (page, reading) in enumerate(pages):
                writer.add(_small(page, shown, number), reading)
        finally:
            shown.close()
    except pypdfium2.PdfiumError as error:
        raise VerifyFailed("the assembled PDF cannot be shown") from error
    writer.save(target)


def _small(page: PagePicture, shown: Any, number: int) -> PagePicture:
    pictures = _pictures(page)
    size = sum(len(picture.data) for picture in pictures)
    if size <= SMALL_BYTES or all(picture.bits == 1 for picture in pictures):
        return page
    dpi = _dpi(page)
    if min(page.width_pt, page.height_pt) * dpi < _MIN_SIDE_PX * _POINTS_PER_INCH:
        return page
    leaf = shown[number]
    leaf.set_rotation(0)
    image = leaf.render(scale=dpi / _POINTS_PER_INCH).to_pil().convert("RGB")
    leaf.close()
    made = small_layers.layered(image, dpi, page.width_pt, page.height_pt)
    return made if sum(len(picture.data) for picture in _pictures(made)) < size else page


def _pictures(page: PagePicture) -> list[Picture]:
    found = [placement.picture for placement in page.placements]
    return found + [picture.mask for picture in found if picture.mask is not None]


def _dpi(page: PagePicture) -> float:
    """The finest picture's own resolution, within reason."""
    finest = MIN_DPI
    for placement in page.placements:
        a, b = placement.matrix[:2]
        inches = math.hypot(a, b) / _POINTS_PER_INCH
        if inches > 0:
            finest = max(finest, placement.picture.width_px / inches)
    area = page.width_pt * page.height_pt / _POINTS_PER_INCH**2
    return min(finest, MAX_DPI, math.sqrt(MAX_PIXELS / area))
