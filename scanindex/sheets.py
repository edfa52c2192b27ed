"""Sheets to print and put into the stack: separators, patient covers, batch sheets.

Each sheet is one letter or A4 page: its code (sheetcode) as a large QR code in
two opposite corners and, where it fits, as a Code 128 in the middle; what it is
in words; an arrow to the top. Separator sheets also carry Patch T in both
reading directions, so that scanners that split by themselves understand them;
patient and batch sheets do not, because such scanners may swallow the sheet.
Everything is black on white and coarse enough for a photocopy and for a fax in
standard mode (ITU-T T.4: 204 x 98 dots per inch).

Promises: the same input gives the same bytes. Left out: reading sheets (ocr,
documents). reportlab is imported inside the functions.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanindex.errors import UsageError
from scanindex.model import Batch, Patient
from scanindex.sheetcode import SheetCode, encode

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

PAPERS = {"letter": (612.0, 792.0), "a4": (595.0, 842.0)}
"""Points."""
MAX_SHEETS = 1_000
_INCH = 72.0
_MARGIN = 0.5 * _INCH
_QR_SIDE = 2.3 * _INCH
_QR_QUIET_MODULES = 4
"""ISO/IEC 18004, 9.1."""
_LEAST_BAR = 0.0125 * _INCH
"""Narrowest Code 128 module drawn: 2.5 dots of a fax."""
_PATCH_T = (0.08, 0.20, 0.08, 0.20)
"""Bar widths in inches; spaces are .08 (Kodak A-61599)."""
_PATCH_LENGTH = 2.5 * _INCH


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    title: str
    subtitle: str
    lines: tuple[str, ...] = field(repr=False)
    code: str = field(repr=False)
    has_patch: bool = False
    site_name: str = ""


def separator_sheets(
    count: int, site_name: str = "", *, document_type: str | None = None, paper: str = "letter"
) -> bytes:
    """A PDF of equal separator sheets. Raises UsageError for a silly count or paper."""
    if not 1 <= count <= MAX_SHEETS:
        raise UsageError(f"between 1 and {MAX_SHEETS} sheets can be printed at once, not {count}")
    sheet = _Sheet(
        title="SEPARATOR",
        subtitle="A new document starts after this sheet.",
        lines=_type_line(document_type),
        code=encode(SheetCode(kind="separator", document_type=document_type or "")),
        has_patch=True,
        site_name=site_name,
    )
    return _pdf([sheet] * count, paper)


def patient_sheets(
    patients: Sequence[Patient],
    document_type: str | None = None,
    *,
    site_name: str = "",
    paper: str = "letter",
) -> bytes:
    """A cover sheet for each patient: what follows it, up to the next sheet, is theirs.

    Raises UsageError for a patient without an MRN, and for none or too many patients.
    """
    if not 1 <= len(patients) <= MAX_SHEETS:
        raise UsageError(f"between 1 and {MAX_SHEETS} sheets can be printed at once, not {len(patients)}")
    return _pdf([_patient_sheet(patient, document_type, site_name) for patient in patients], paper)


def batch_sheet(batch: Batch, *, site_name: str = "", paper: str = "letter") -> bytes:
    """The sheet that goes on top of a box or run."""
    expected = "unknown" if batch.sheets_expected is None else str(batch.sheets_expected)
    lines = [("Label", batch.label), ("Location", batch.location), ("Sheets expected", expected)]
    sheet = _Sheet(
        title="BATCH",
        subtitle="First sheet of a box or run.",
        lines=tuple(f"{name}: {value}" for name, value in lines if value),
        code=encode(SheetCode(kind="batch", batch_id=batch.batch_id)),
        site_name=site_name,
    )
    return _pdf([sheet], paper)


def _patient_sheet(patient: Patient, document_type: str | None, site_name: str) -> _Sheet:
    identifier = next((i for i in patient.identifiers if i.type == "mrn"), None)
    if identifier is None:
        raise UsageError(f"patient {patient.patient_id} has no MRN; a cover sheet must carry one")
    code = SheetCode(
        kind="patient",
        mrn=identifier.value,
        authority=identifier.authority,
        birth_date=patient.birth_date or "",
        document_type=document_type or "",
    )
    return _Sheet(
        title="PATIENT",
        subtitle="What follows, up to the next sheet of this kind, belongs to:",
        lines=(
            patient.display_name,
            f"Born: {patient.birth_date or 'unknown'}",
            f"MRN: {identifier.value}",
            *_type_line(document_type),
        ),
        code=encode(code),
        site_name=site_name,
    )


def _type_line(document_type: str | None) -> tuple[str, ...]:
    return (f"Type: {document_type.replace('_', ' ')}",) if document_type else ()


# --- drawing: points, origin at the bottom left -----------------------------------------
def _pdf(sheets: Iterable[_Sheet], paper: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    if paper not in PAPERS:
        raise UsageError(f"paper is one of {', '.join(PAPERS)}")
    _register_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=PAPERS[paper], invariant=1)
    canvas.setTitle("scanindex sheets")
    modules: dict[str, list[list[bool]]] = {}
    for sheet in sheets:
        if sheet.code not in modules:
            modules[sheet.code] = _qr_modules(sheet.code)
        _draw(canvas, sheet, modules[sheet.code], PAPERS[paper])
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _register_fonts() -> None:
    """Vera comes with reportlab, so that sheets look alike on every machine."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name, file in (("SixSans", "Vera.ttf"), ("SixBold", "VeraBd.ttf")):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, file))


def _draw(canvas: Canvas, sheet: _Sheet, modules: list[list[bool]], size: tuple[float, float]) -> None:
    width, height = size
    right, top = width - _MARGIN, height - _MARGIN
    _draw_qr(canvas, modules, _MARGIN, top - _QR_SIDE)
    _draw_qr(canvas, modules, right - _QR_SIDE, _MARGIN)
    _draw_arrow(canvas, right - 0.35 * _INCH, top - 2.2 * _INCH)
    _draw_words(canvas, sheet, width, top - _QR_SIDE - 0.8 * _INCH)
    _draw_code128(canvas, sheet.code, width / 2, _MARGIN + _QR_SIDE + 0.35 * _INCH, width - 2 * _MARGIN)
    if sheet.has_patch:
        _draw_patch(canvas, right - _PATCH_LENGTH, top, down=True)
        _draw_patch(canvas, _MARGIN, _MARGIN, down=False)


def _draw_words(canvas: Canvas, sheet: _Sheet, width: float, y: float) -> None:
    middle, usable = width / 2, width - 2 * _MARGIN
    rows = [("SixBold", 54.0, sheet.title), ("SixSans", 15.0, sheet.subtitle)]
    rows += [("SixBold", 21.0, line) for line in sheet.lines]
    rows += [("SixSans", 11.0, sheet.site_name)] if sheet.site_name else []
    for row_no, (font, points, text) in enumerate(rows):
        y -= 1.5 * points if row_no else 0.0
        text = _printable(text, font)
        fitting = points * min(1.0, usable / max(1.0, canvas.stringWidth(text, font, points)))
        canvas.setFont(font, fitting)
        canvas.drawCentredString(middle, y, text)
    canvas.setFont("SixSans", 7)
    canvas.drawRightString(width - _MARGIN - _QR_SIDE - 6, _MARGIN + 2, "printed by scanindex")


def _printable(text: str, font: str) -> str:
    """Characters that the font lacks lose their accent, or become "?"."""
    from reportlab.pdfbase import pdfmetrics

    known = pdfmetrics.getFont(font).face.charToGlyph

    def one(character: str) -> str:
        if ord(character) in known:
            return character
        base = unicodedata.normalize("NFKD", character)[0]
        return base if ord(base) in known else "?"

    return "".join(one(character) for character in text)


def _draw_arrow(canvas: Canvas, x: float, y: float) -> None:
    """Points to the top edge, so that a person sees how the sheet goes in."""
    path = canvas.beginPath()
    path.moveTo(x, y + 0.75 * _INCH)
    for dx, dy in ((0.28, 0.4), (0.1, 0.4), (0.1, 0.0), (-0.1, 0.0), (-0.1, 0.4), (-0.28, 0.4)):
        path.lineTo(x + dx * _INCH, y + dy * _INCH)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.setFont("SixBold", 12)
    canvas.drawCentredString(x, y - 14, "TOP")


def _draw_patch(canvas: Canvas, x: float, y: float, *, down: bool) -> None:
    """Patch T read from its outer edge inwards; `y` is that edge."""
    at = 0.0
    for bar in _PATCH_T:
        bottom = y - (at + bar) * _INCH if down else y + at * _INCH
        canvas.rect(x, bottom, _PATCH_LENGTH, bar * _INCH, stroke=0, fill=1)
        at += bar + 0.08


def _qr_modules(text: str) -> list[list[bool]]:
    """Rows of the QR symbol without quiet zone; level H survives 30 % damage."""
    from reportlab.graphics.barcode.qrencoder import QRAlphaNum, QRCode, QRErrorCorrectLevel

    symbol = QRCode(None, QRErrorCorrectLevel.H)
    symbol.addData(QRAlphaNum(text))
    symbol.make()
    return [[bool(dark) for dark in row] for row in symbol.modules]


def _draw_qr(canvas: Canvas, modules: list[list[bool]], x: float, y: float) -> None:
    """The symbol with its quiet zone inside a square of `_QR_SIDE`."""
    side = _QR_SIDE / (len(modules) + 2 * _QR_QUIET_MODULES)
    top = y + _QR_SIDE - _QR_QUIET_MODULES * side
    path = canvas.beginPath()
    for row_no, row in enumerate(modules):
        for start, length in _dark_runs(row):
            left = x + (_QR_QUIET_MODULES + start) * side
            path.rect(left, top - (row_no + 1) * side, length * side, side)
    canvas.drawPath(path, stroke=0, fill=1)


def _dark_runs(row: Sequence[bool]) -> Iterable[tuple[int, int]]:
    start = None
    for at, dark in enumerate([*row, False]):
        if dark and start is None:
            start = at
        elif not dark and start is not None:
            yield start, at - start
            start = None


def _draw_code128(canvas: Canvas, text: str, middle: float, y: float, usable: float) -> None:
    """The same code once more, for hand-held readers; left out where its bars would be too fine."""
    from reportlab.graphics.barcode.code128 import Code128

    def symbol(bar_width: float) -> Any:
        return Code128(text, barWidth=bar_width, barHeight=0.7 * _INCH, quiet=0, humanReadable=0)

    at_one_point = symbol(1.0).width
    bar_width = min(0.02 * _INCH, usable / (at_one_point + 20.0))
    canvas.setFont("SixSans", 9)
    canvas.drawCentredString(middle, y - 13, text)
    if bar_width >= _LEAST_BAR:
        drawn = symbol(bar_width)
        drawn.drawOn(canvas, middle - drawn.width / 2, y)
