"""Makes new child processes quick: imported by the fork server, and by nothing else.

A decoder lives for one file. What a library does once per process (imports, tables,
plug-ins, its own start-up) would be done again for every one of them; the fork server
does it here, on two small pages of our own making, and its children inherit it.
It opens no received bytes, ever. Promises: importing it never fails and starts no
thread (a process with threads must not be forked).
"""

from __future__ import annotations

import contextlib
import gc
import io
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from scanindex.model import (
    Box,
    Decision,
    Document,
    DocumentFields,
    DocumentId,
    DocumentState,
    Outcome,
    PageKind,
    PageQuality,
    PageReading,
    ScanId,
    TextSource,
    Word,
)
from scanindex.settings import FilingSettings, PagesSettings

_WIDTH_PX, _HEIGHT_PX, _DPI = 120, 160, 100
_TIFF, _JPEG, _PDF = "image/tiff", "image/jpeg", "application/pdf"


def exercise() -> None:
    """Open, read and file two tiny scans, in a folder that is gone afterwards."""
    import cv2

    from scanindex import filing, pages
    from scanindex.pages import draw

    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="scanindex-warm-") as scratch:
        folder = Path(scratch)
        limits, style = PagesSettings(), FilingSettings()
        document, readings = _document()
        for number, (media_type, data) in enumerate(_pictures()):
            picture = folder / f"{number}.picture"
            picture.write_bytes(data)
            pages.inspect(picture, media_type, limits)
            pages.rasterise(picture, media_type, 1, limits)
            draw.encoded(draw.draw(picture, media_type, 1, limits, _WIDTH_PX), 0)
            filing.assemble(picture, media_type, document, readings, style, folder)
            filing.verify(folder, 1, True)
            made = (folder / "document.pdf").rename(folder / f"{number}.pdf")
            pages.inspect(made, _PDF, limits)
            pages.rasterise(made, _PDF, 1, limits)
            draw.encoded(draw.draw(made, _PDF, 1, limits, _WIDTH_PX), 0)
        filing.assemble(made, _PDF, document, readings, style, folder)


def _pictures() -> list[tuple[str, bytes]]:
    from PIL import Image

    Image.init()
    grey = Image.linear_gradient("L").resize((_WIDTH_PX, _HEIGHT_PX))
    made = []
    for media_type, name, mode, options in (
        (_TIFF, "TIFF", "1", {"compression": "group4"}),
        (_JPEG, "JPEG", "L", {"quality": 80}),
    ):
        stream = io.BytesIO()
        grey.convert(mode).save(stream, name, dpi=(_DPI, _DPI), **options)
        made.append((media_type, stream.getvalue()))
    return made


def _document() -> tuple[Document, tuple[PageReading, ...]]:
    """Of nobody: one page with one word."""
    box = Box(left_px=10, top_px=10, right_px=60, bottom_px=24)
    word = Word(text="warm", box=box, confidence=1.0, engine="none", line_no=1)
    quality = PageQuality(dpi=_DPI, skew_degrees=0.0, contrast=1.0, ink_share=0.0, legibility=None)
    reading = PageReading(
        scan_page_no=1,
        kind=PageKind.CONTENT,
        width_px=_WIDTH_PX,
        height_px=_HEIGHT_PX,
        dpi=_DPI,
        rotation_degrees=0,
        words=(word,),
        quality=quality,
        text_source=TextSource.OCR,
        engines=(),
    )
    decision = Decision(
        outcome=Outcome.REVIEW,
        patient_id=None,
        candidates=(),
        reasons=(),
        rule="none",
        policy_version="0",
        roster_version=0,
        decided_by="machine",
    )
    document = Document(
        document_id=DocumentId("warm"),
        version=1,
        scan_id=ScanId("0" * 64),
        pages=(1,),
        state=DocumentState.PROPOSED,
        document_type=None,
        service_date=None,
        patient_id=None,
        fields=DocumentFields(),
        decision=decision,
        created_at=datetime(2000, 1, 1, tzinfo=UTC),
    )
    return document, (reading,)


def settle() -> None:
    """Take all objects made so far out of the garbage collector's rounds.

    A round in a child would touch, and so copy, every page of memory that it shares
    with the fork server.
    """
    gc.collect()
    gc.freeze()


with contextlib.suppress(Exception):  # slower children are all that a failure here costs
    exercise()
settle()
