"""Documents, readings and originals for the tests of filing; all people invented."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from scanindex import filing
from scanindex.model import (
    Box,
    Decision,
    Document,
    DocumentFields,
    DocumentId,
    DocumentState,
    Identifier,
    Outcome,
    PageKind,
    PageQuality,
    PageReading,
    Patient,
    PatientId,
    PersonName,
    Preset,
    Scan,
    ScanId,
    ScanState,
    TextSource,
    Word,
)
from scanindex.settings import FilingSettings

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DPI = 100.0
WIDTH, HEIGHT = 425, 550
"""Half a letter page at 100 dpi: small, but with room for words."""


def decision() -> Decision:
    return Decision(
        outcome=Outcome.AUTO,
        patient_id=PatientId("p-1"),
        candidates=(),
        reasons=("Medical record number and birth date agree.",),
        rule="gate.mrn_and_birth_date",
        policy_version="1",
        roster_version=3,
        decided_by="machine",
    )


def document(pages: Sequence[int] = (1,), **changes: Any) -> Document:
    values: dict[str, Any] = {
        "document_id": DocumentId("qx2k7abcdefghijklmno"),
        "version": 1,
        "scan_id": ScanId("ab" * 32),
        "pages": tuple(pages),
        "state": DocumentState.FILED,
        "document_type": "progress_note",
        "service_date": "1994-06-21",
        "patient_id": PatientId("p-1"),
        "fields": DocumentFields(name="QUILLFEATHER, ODA", mrn="0047110"),
        "decision": decision(),
        "created_at": NOW,
    }
    return Document(**(values | changes))


def patient(**changes: Any) -> Patient:
    values: dict[str, Any] = {
        "patient_id": PatientId("p-1"),
        "names": (PersonName(last="QUILLFEATHER", first="ODA", middle="M"),),
        "birth_date": "1931-11-02",
        "identifiers": (Identifier(authority="local", type="mrn", value="0047110"),),
    }
    return Patient(**(values | changes))


def scan(**changes: Any) -> Scan:
    values: dict[str, Any] = {
        "scan_id": ScanId("ab" * 32),
        "size_bytes": 1234,
        "media_type": "image/png",
        "name": "SCAN0001.PNG",
        "preset": Preset(),
        "state": ScanState.DECIDED,
        "page_count": 1,
        "received_at": NOW,
    }
    return Scan(**(values | changes))


def word(text: str, left: int, top: int, right: int, bottom: int, line_no: int = 1) -> Word:
    box = Box(left_px=left, top_px=top, right_px=right, bottom_px=bottom)
    return Word(text=text, box=box, confidence=0.9, engine="test 1", line_no=line_no)


WORDS = (
    word("Oda", 40, 50, 80, 70),
    word("Quillfeather", 90, 50, 220, 70),
    word("J", 230, 50, 240, 70),
    word("reports", 40, 90, 110, 110, line_no=2),
    word("dizziness.", 120, 90, 210, 110, line_no=2),
)


def reading(scan_page_no: int = 1, **changes: Any) -> PageReading:
    values: dict[str, Any] = {
        "scan_page_no": scan_page_no,
        "kind": PageKind.CONTENT,
        "width_px": WIDTH,
        "height_px": HEIGHT,
        "dpi": DPI,
        "rotation_degrees": 0,
        "words": WORDS,
        "quality": PageQuality(dpi=DPI, skew_degrees=0.0, contrast=0.9, ink_share=0.05, legibility=0.9),
        "text_source": TextSource.OCR,
        "engines": ("test 1",),
    }
    return PageReading(**(values | changes))


def sheet(mode: str = "L", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """A page that is the same in no two orientations: text, a frame, a wedge top left."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, size[0] - 10, size[1] - 10), outline=(20, 20, 20), width=3)
    draw.polygon(((15, 15), (120, 15), (15, 60)), fill=(200, 30, 30))
    font = ImageFont.load_default(size=18)
    for row, line in enumerate(("Oda Quillfeather J", "reports dizziness.", "Plan: rest, fluids.")):
        draw.text((40, 100 + 40 * row), line, fill=(0, 0, 90), font=font)
    for step in range(60):
        level = 255 - step * 4
        draw.rectangle((60 + step * 4, 400, 63 + step * 4, 440), fill=(level, level, 255 - level // 2))
    if mode == "1":
        return image.convert("L").point(lambda level: 255 if level > 128 else 0).convert("1")
    return image if mode == "RGB" else image.convert(mode)


def saved(path: Path, image: Image.Image, kind: str, **options: Any) -> Path:
    """Write a picture file; returns its path."""
    options.setdefault("dpi", (DPI, DPI))
    image.save(path, kind, **options)
    return path


def jpeg_bytes(image: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", **({"quality": 80} | options))
    return stream.getvalue()


def assembled(
    original: Path, media_type: str, target: Path, readings: Sequence[PageReading] | None = None
) -> tuple[Path, tuple[str, ...]]:
    """Assemble and verify; the PDF and how its pages were made."""
    readings = readings if readings is not None else [reading()]
    target.mkdir(exist_ok=True)
    pages = [r.scan_page_no for r in readings]
    renditions = filing.assemble(original, media_type, document(pages), readings, FilingSettings(), target)
    filing.verify(target, len(pages), any(r.words for r in readings))
    return target / "document.pdf", renditions


def picture_in(pdf_path: Path, page_no: int = 1) -> Image.Image:
    """The only picture of a page, decoded by another library than the one that wrote it."""
    import pypdfium2
    import pypdfium2.raw as raw

    pdf = pypdfium2.PdfDocument(pdf_path)
    page = pdf[page_no - 1]
    found = list(page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,)))
    assert len(found) == 1
    image: Image.Image = found[0].get_bitmap().to_pil()
    return image


def shown(pdf_path: Path, page_no: int = 1, dpi: float = DPI) -> Image.Image:
    """The page as a person sees it, turned upright by /Rotate."""
    import pypdfium2

    page = pypdfium2.PdfDocument(pdf_path)[page_no - 1]
    image: Image.Image = page.render(scale=dpi / 72).to_pil().convert("RGB")
    return image


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean difference of grey levels; infinite for different sizes."""
    import numpy as np

    if first.size != second.size:
        return float("inf")
    a, b = (np.asarray(image.convert("L"), dtype=np.int16) for image in (first, second))
    return float(np.abs(a - b).mean())
