"""Scans that the stubbed reader reads like any of its own, and whose pages can also be looked at."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence

_POINTS_PER_PX = 72 / 200
_LETTER_PX, _LINE_PX, _LEFT_PX, _TOP_PX, _BOX_PX = 18, 60, 100, 100, 32
"""Where `stub.reading_of` says the words stand, on a letter page at 200 dpi."""


def drawable_pdf(pages: Sequence[str]) -> bytes:
    """A PDF with these texts on its pages, and in the note that the stubbed reader looks for."""
    from reportlab.pdfgen.canvas import Canvas

    into = io.BytesIO()
    canvas = Canvas(into, pagesize=(612, 792), pageCompression=0, invariant=1)
    canvas.setSubject("stub-pages:" + base64.b64encode(json.dumps(list(pages)).encode()).decode() + ";")
    for text in pages:
        # A letter of Courier is six tenths of its size wide.
        canvas.setFont("Courier", _LETTER_PX * _POINTS_PER_PX / 0.6)
        for line_no, line in enumerate(text.splitlines(), start=1):
            base_px = _TOP_PX + _LINE_PX * line_no + _BOX_PX - 8
            canvas.drawString(_LEFT_PX * _POINTS_PER_PX, 792 - base_px * _POINTS_PER_PX, line)
        canvas.showPage()
    canvas.save()
    return into.getvalue()
