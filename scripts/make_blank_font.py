"""Make scanindex/filing/blank.ttf: one glyph without area that stands for every character.

Invisible text needs an embedded font in PDF/A (ISO 19005-2, 6.2.11.4). Glyph 0
(.notdef) must not be shown, so every character maps to glyph 1, half an em wide.
Its outline is a line there and back: it paints nothing, but gives the glyph a
height and width, without which readers leave out words of one letter and
highlight nothing. Run it from the root of the repository; equal
runs give equal bytes.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

UNITS_PER_EM = 1000
WIDTH = 500
ASCENT, DESCENT = 700, -150
TARGET = Path("scanindex/filing/blank.ttf")


def main() -> None:
    builder = FontBuilder(UNITS_PER_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", "blank"])
    builder.setupCharacterMap({0x20: "blank"})
    pen = TTGlyphPen(None)
    pen.moveTo((0, DESCENT))
    pen.lineTo((WIDTH // 2, (ASCENT + DESCENT) // 2))
    pen.lineTo((WIDTH, ASCENT))
    pen.closePath()
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "blank": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (WIDTH, 0), "blank": (WIDTH, 0)})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": "Scanindex Blank", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT, usWinAscent=ASCENT, usWinDescent=-DESCENT)
    builder.setupPost()
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    builder.save(TARGET)


if __name__ == "__main__":
    main()
