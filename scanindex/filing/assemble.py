"""Original bytes and readings to document.pdf. Worker-only: opens received bytes.

Promises: a page for each page of the document, in order. A page that could not
be read either becomes an empty sheet and says so; one that was read but cannot
be shown stops the filing, so that no picture is lost in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from scanindex.errors import CorruptFile, VerifyFailed, transient
from scanindex.filing import paths
from scanindex.filing.picture import PagePicture
from scanindex.filing.staging import in_page_order
from scanindex.model import Document, PageKind, PageReading
from scanindex.settings import FilingSettings

_POINTS_PER_INCH = 72.0
_LETTER_PT = (612.0, 792.0)
_MAX_SIDE_PT = 14_400.0


class _Source(Protocol):
    def page(self, scan_page_no: int, reading: PageReading) -> PagePicture: ...
    def __enter__(self) -> _Source: ...
    def __exit__(self, *_: object) -> None: ...


def assemble(
    original: Path,
    media_type: str,
    document: Document,
    readings: Sequence[PageReading],
    settings: FilingSettings,
    staged: Path,
) -> tuple[str, ...]:
    """Write `staged/document.pdf`; returns how each page was made (see archive-format.md).

    With `settings.small_rendition` document-small.pdf as well.

    readings: one per page of the document, any order. Raises VerifyFailed if one
    is missing or a page that was read cannot be shown, UnknownFormat, TransientError.
    """
    from scanindex.filing.pdfa_write import PdfaWriter

    ordered = in_page_order(document, readings)
    writer = PdfaWriter(title_of(document), document.created_at)
    pages = []
    try:
        with _source(original, media_type, settings) as source:
            for reading in ordered:
                page = _page(source, reading)
                writer.add(page, reading)
                pages.append((page, reading))
        writer.save(staged / paths.DOCUMENT_PDF)
        if settings.small_rendition:
            _write_small(document, pages, staged)
    except OSError as error:
        raise transient(error) from error
    return tuple(page.rendition for page, _ in pages)


def _write_small(document: Document, pages: Sequence[tuple[PagePicture, PageReading]], staged: Path) -> None:
    from scanindex.filing import small

    target = staged / paths.DOCUMENT_SMALL
    small.write(staged / paths.DOCUMENT_PDF, pages, title_of(document), document.created_at, target)


def title_of(document: Document) -> str:
    """Type and date only: metadata travels further than the page."""
    kind = (document.document_type or "document").replace("_", " ")
    return f"{kind} {document.service_date}" if document.service_date else kind


def _source(original: Path, media_type: str, settings: FilingSettings) -> _Source:
    if media_type == "application/pdf":
        from scanindex.filing.pdfa_pdf import PdfSource

        return PdfSource(original, settings)
    from scanindex.filing.pdfa_file import FileSource

    return FileSource(original, media_type, settings)


def _page(source: _Source, reading: PageReading) -> PagePicture:
    try:
        return source.page(reading.scan_page_no, reading)
    except CorruptFile as error:
        if reading.kind is not PageKind.FAILED:
            raise VerifyFailed(f"page {reading.scan_page_no} was read but cannot be shown") from error
        width, height = _empty_size(reading)
        return PagePicture(width_pt=width, height_pt=height, placements=(), rendition="render:unreadable")


def _empty_size(reading: PageReading) -> tuple[float, float]:
    if not reading.dpi or reading.width_px <= 0 or reading.height_px <= 0:
        return _LETTER_PT
    scale = _POINTS_PER_INCH / reading.dpi
    width = min(reading.width_px * scale, _MAX_SIDE_PT)
    height = min(reading.height_px * scale, _MAX_SIDE_PT)
    return (height, width) if reading.rotation_degrees % 180 else (width, height)
