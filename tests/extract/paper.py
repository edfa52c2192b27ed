"""Invented pages as readings: text set on a grid, words with boxes as an engine gives them.

Two or more spaces in a row keep their width, so columns and boxes of a form can be
drawn in plain text. One character is `CELL` pixels wide, one line `LINE` high.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from scanindex.model import Barcode, Box, PageKind, PageQuality, PageReading, TextSource, Word

CELL, LINE, HEIGHT = 18, 40, 26
WIDTH_PX, HEIGHT_PX = 1700, 2200


def page(
    text: str,
    *,
    number: int = 1,
    top: int = 80,
    kind: PageKind = PageKind.CONTENT,
    barcodes: Sequence[Barcode] = (),
    skew_degrees: float = 0.0,
    second: Mapping[str, str] | None = None,
    confidence: float = 0.95,
    title_lines: Sequence[int] = (),
    height_px: int = HEIGHT_PX,
) -> PageReading:
    """A page with these lines; `title_lines` are set twice as tall, `second` is what reader two saw."""
    words: list[Word] = []
    slope = math.tan(math.radians(skew_degrees))
    for line_no, line in enumerate(text.strip("\n").splitlines(), 1):
        for match in re.finditer(r"\S+", line):
            left = 100 + CELL * match.start()
            shift = round(slope * left)
            tall = HEIGHT if line_no - 1 in title_lines else 0
            words.append(
                Word(
                    text=match[0],
                    box=Box(
                        left_px=left,
                        top_px=top + LINE * line_no + shift - tall // 2,
                        right_px=left + CELL * len(match[0]) - 4,
                        bottom_px=top + LINE * line_no + HEIGHT + shift + tall // 2,
                    ),
                    confidence=confidence,
                    engine="tesseract 5.3",
                    line_no=line_no,
                    second_text=(second or {}).get(match[0]),
                )
            )
    return PageReading(
        scan_page_no=number,
        kind=kind,
        width_px=WIDTH_PX,
        height_px=height_px,
        dpi=200.0,
        rotation_degrees=0,
        words=tuple(words),
        barcodes=tuple(barcodes),
        quality=PageQuality(dpi=200.0, skew_degrees=0.0, contrast=0.9, ink_share=0.05, legibility=0.9),
        text_source=TextSource.OCR if words else TextSource.NONE,
        engines=("tesseract 5.3",),
    )
