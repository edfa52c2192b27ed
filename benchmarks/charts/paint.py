"""Draws a `Sheet`: as a grey Pillow picture (`paint`) or as a page of a born-digital PDF (`born`)."""

from __future__ import annotations

import io
from typing import Any

from benchmarks.charts.fonts import Fonts
from benchmarks.charts.sheet import Sheet, Stroke, Text


def paint(sheet: Sheet, dpi: int) -> Any:
    """A Pillow picture in grey, `dpi` pixels to the inch, ink on white."""
    from PIL import Image, ImageDraw

    scale = dpi / 72
    page = Image.new("L", (round(sheet.size[0] * scale), round(sheet.size[1] * scale)), 255)
    pen = ImageDraw.Draw(page)
    for item in sheet.items:
        if isinstance(item, Stroke):
            _stroke(pen, item, scale)
        elif item.turn is not None or item.matrix:
            _paste_text(page, sheet.fonts, item, scale)
        else:
            font = sheet.fonts.at(item.font, max(6, round(item.size * scale)))
            pen.text((item.x * scale, item.y * scale), item.text, fill=item.ink, font=font, anchor="ls")
    return page


def _stroke(pen: Any, item: Stroke, scale: float) -> None:
    points = [item.turn.apply(*point) if item.turn else point for point in item.points]
    pixels = [(x * scale, y * scale) for x, y in points]
    if item.fill is not None:
        pen.polygon(pixels, fill=item.fill)
    if item.width:
        pen.line(pixels, fill=item.ink, width=max(1, round(item.width * scale)), joint="curve")


def _paste_text(page: Any, fonts: Fonts, item: Text, scale: float) -> None:
    from PIL import Image, ImageDraw

    size = max(6, round(item.size * scale))
    room = (round(item.width * scale) + 2 * size, 3 * size)
    small = Image.new("L", room, 0)
    ImageDraw.Draw(small).text(
        (size, 2 * size), item.text, fill=255, font=fonts.at(item.font, size), anchor="ls"
    )
    if item.matrix:
        small = _pins(small, size)
    x, y = item.turn.apply(item.x, item.y) if item.turn else (item.x, item.y)
    if item.turn is not None:
        # The baseline's start is the fixed point of the turn: it is put in the middle of a square.
        side = 2 * max(room) + 2
        square = Image.new("L", (side, side), 0)
        square.paste(small, (side // 2 - size, side // 2 - 2 * size))
        small = square.rotate(-item.turn.degrees, resample=Image.Resampling.BICUBIC)
        at = (round(x * scale) - side // 2, round(y * scale) - side // 2)
    else:
        at = (round(x * scale) - size, round(y * scale) - 2 * size)
    ink = Image.new("L", small.size, item.ink)
    page.paste(ink, at, small)


def _pins(mask: Any, size: int) -> Any:
    """Breaks strokes into the dots of a needle printer, about eleven to the height of a capital."""
    from PIL import Image, ImageDraw

    pitch = max(2.0, size / 15)
    cells = (max(1, round(mask.width / pitch)), max(1, round(mask.height / pitch)))
    coarse = mask.resize(cells, Image.Resampling.BOX).load()
    dots = Image.new("L", (mask.width * 2, mask.height * 2), 0)
    pen, radius = ImageDraw.Draw(dots), pitch * 1.06
    for row in range(cells[1]):
        for column in range(cells[0]):
            if coarse[column, row] > 95:
                x, y = (column + 0.5) * mask.width / cells[0] * 2, (row + 0.5) * mask.height / cells[1] * 2
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return dots.resize(mask.size, Image.Resampling.BOX)


def born(sheets: list[Sheet]) -> bytes:
    """A PDF whose pages hold text, without time stamp or random id."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=sheets[0].size, invariant=1)
    for sheet in sheets:
        canvas.setPageSize(sheet.size)
        for item in sheet.items:
            canvas.saveState()
            (_born_stroke if isinstance(item, Stroke) else _born_text)(canvas, sheet, item)
            canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _born_stroke(canvas: Any, sheet: Sheet, item: Any) -> None:
    points = [item.turn.apply(*point) if item.turn else point for point in item.points]
    path = canvas.beginPath()
    path.moveTo(points[0][0], sheet.size[1] - points[0][1])
    for x, y in points[1:]:
        path.lineTo(x, sheet.size[1] - y)
    canvas.setLineWidth(item.width)
    canvas.setStrokeGray(item.ink / 255)
    canvas.setFillGray((item.fill or 0) / 255)
    canvas.drawPath(path, stroke=int(item.width > 0), fill=int(item.fill is not None))


def _born_text(canvas: Any, sheet: Sheet, item: Any) -> None:
    x, y = item.turn.apply(item.x, item.y) if item.turn else (item.x, item.y)
    canvas.translate(x, sheet.size[1] - y)
    if item.turn is not None:
        canvas.rotate(-item.turn.degrees)
    canvas.setFillGray(item.ink / 255)
    name = _embedded(sheet.fonts, item.font)
    natural = canvas.stringWidth(item.text, name, item.size)
    canvas.setFont(name, item.size * min(1.0, item.width / natural if natural else 1.0))
    canvas.drawString(0, 0, item.text)


def _embedded(fonts: Fonts, role: str) -> str:
    """The font's name for reportlab; of OpenType outlines, which it cannot embed, a standard one."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    path = fonts.path(role)
    if path.suffix != ".ttf":
        bold = "-Bold" if role.endswith("-bold") else ""
        serif = role.split("-")[0] in {"schoolbook", "bookman", "palatino"}
        mono = role.split("-")[0] in {"prime", "nimbus"}
        return f"Courier{bold}" if mono else f"Times-{bold[1:] or 'Roman'}" if serif else f"Helvetica{bold}"
    if path.stem not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(path.stem, str(path)))
    return path.stem
