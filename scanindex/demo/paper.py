"""A page as marks on paper, and drawing it: as pixels or into a PDF.

Positions are points on a letter page, origin top-left, text by its baseline.
Fonts are those that reportlab brings along, so that every machine draws alike.
"""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH, HEIGHT = 612.0, 792.0
FONT_FILES = {"sans": "Vera.ttf", "bold": "VeraBd.ttf", "italic": "VeraIt.ttf", "mono": "com_____.pfb"}
_PDF_FONTS = {"sans": "Helvetica", "bold": "Helvetica-Bold", "italic": "Helvetica-Oblique", "mono": "Courier"}


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float
    text: str = field(repr=False)
    size: float
    font: str


@dataclass(frozen=True, slots=True)
class Rule:
    left: float
    top: float
    right: float
    bottom: float
    width: float = 0.8


class Page:
    """Collects marks from top to bottom; `y` is where the next line of text stands."""

    def __init__(self, font: str = "sans", size: float = 10.5, left: float = 60, right: float = 552) -> None:
        self.font, self.size, self.left, self.right = font, size, left, right
        self.y = 60.0
        self.marks: list[Text | Rule] = []

    def put(self, x: float, text: str, *, size: float | None = None, font: str | None = None) -> None:
        """Text at the current height, which stays."""
        self.marks.append(Text(x, self.y, text, size or self.size, font or self.font))

    def line(
        self, text: str = "", *, size: float | None = None, font: str | None = None, x: float | None = None
    ) -> None:
        if text:
            self.put(self.left if x is None else x, text, size=size, font=font)
        self.y += 1.45 * (size or self.size)

    def centre(self, text: str, *, size: float | None = None, font: str | None = None) -> None:
        wide = width_of(text, size or self.size, font or self.font)
        self.line(text, size=size, font=font, x=(WIDTH - wide) / 2)

    def paragraph(self, text: str, *, font: str | None = None) -> None:
        """Wrapped between the margins, with a little space after it."""
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if width_of(longer, self.size, font or self.font) > self.right - self.left:
                self.line(line, font=font)
                longer = word
            line = longer
        self.line(line, font=font)
        self.y += 0.5 * self.size

    def section(self, title: str, text: str) -> None:
        self.line(title, font="mono" if self.font == "mono" else "bold")
        self.paragraph(text)

    def columns(self, places: tuple[float, ...], *texts: str, font: str | None = None) -> None:
        for x, text in zip(places, texts, strict=True):
            self.put(x, text, font=font)
        self.line()

    def rule(self, width: float = 0.8) -> None:
        at = self.y - 0.7 * self.size
        self.marks.append(Rule(self.left, at, self.right, at, width))
        self.y += 0.9 * self.size

    def box(self, left: float, top: float, right: float, bottom: float) -> None:
        edges = ((left, top, right, top), (left, bottom, right, bottom), (left, top, left, bottom))
        self.marks += [Rule(*edge) for edge in (*edges, (right, top, right, bottom))]

    @property
    def text(self) -> str:
        """What stands there, line by line from the top."""
        lines: dict[float, list[Text]] = {}
        for mark in self.marks:
            if isinstance(mark, Text):
                lines.setdefault(mark.y, []).append(mark)
        return "\n".join(" ".join(m.text for m in sorted(ms, key=_x)) for _, ms in sorted(lines.items()))


def _x(mark: Text) -> float:
    return mark.x


def font_path(font: str) -> Path:
    import reportlab

    return Path(reportlab.__file__).parent / "fonts" / FONT_FILES[font]


@functools.cache
def _font(font: str, size_px: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font_path(font)), size_px)


def width_of(text: str, size: float, font: str) -> float:
    """Points."""
    return float(_font(font, 100).getlength(text)) * size / 100


def draw(page: Page, dpi: float) -> Image:
    """Grey pixels, black on white."""
    from PIL import Image, ImageDraw

    scale = dpi / 72
    image = Image.new("L", (round(WIDTH * scale), round(HEIGHT * scale)), 255)
    pen = ImageDraw.Draw(image)
    for mark in page.marks:
        if isinstance(mark, Text):
            font = _font(mark.font, round(mark.size * scale))
            pen.text((mark.x * scale, mark.y * scale), mark.text, fill=20, font=font, anchor="ls")
        else:
            corners = [mark.left * scale, mark.top * scale, mark.right * scale, mark.bottom * scale]
            pen.line(corners, fill=40, width=max(1, round(mark.width * scale)))
    return image


def write_pdf(pages: list[Page]) -> bytes:
    """A born-digital PDF of the same marks."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    for page in pages:
        for mark in page.marks:
            if isinstance(mark, Text):
                canvas.setFont(_PDF_FONTS[mark.font], mark.size)
                canvas.drawString(mark.x, HEIGHT - mark.y, mark.text)
            else:
                canvas.setLineWidth(mark.width)
                canvas.line(mark.left, HEIGHT - mark.top, mark.right, HEIGHT - mark.bottom)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
