"""A page of a filed document as a picture, with places marked. Worker-only: decodes received pictures.

Draws document.pdf, so it shows what was filed, upright. The marks are laid over like a
yellow pen: white paper turns yellow, print stays black. The picture carries no metadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanindex.errors import CorruptFile, transient

LONG_SIDE_PX = 2_000
"""Enough to read small print; bounds memory whatever size the page claims to be."""
_PEN = (255, 232, 64)
_MARGIN_PX = 3

Place = tuple[float, float, float, float]
"""left, top, right, bottom as fractions of the page's width and height."""


def draw(pdf: Path, page_no: int, places: Sequence[Place], target: Path) -> tuple[int, int]:
    """Write page `page_no` (1-based) as PNG to `target`; returns its width and height in pixels.

    Raises CorruptFile where there is no such page or it cannot be drawn, TransientError.
    """
    import pypdfium2
    from PIL import Image, ImageChops

    try:
        document = pypdfium2.PdfDocument(pdf)
        page = document[page_no - 1]
        scale = LONG_SIDE_PX / max(1.0, *page.get_size())
        picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        page.close()
        document.close()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise CorruptFile(f"page {page_no} of the filed document cannot be drawn") from error
    for place in places:
        area = _area(place, picture.size)
        pen = Image.new("RGB", (area[2] - area[0], area[3] - area[1]), _PEN)
        picture.paste(ImageChops.multiply(picture.crop(area), pen), area)
    try:
        picture.save(target, "PNG")
    except OSError as error:
        raise transient(error) from error
    return int(picture.width), int(picture.height)


def _area(place: Place, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The place in pixels with a margin, inside the picture and never empty."""
    width, height = size
    left = max(0, min(width - 1, int(place[0] * width) - _MARGIN_PX))
    top = max(0, min(height - 1, int(place[1] * height) - _MARGIN_PX))
    right = max(left + 1, min(width, round(place[2] * width) + _MARGIN_PX))
    bottom = max(top + 1, min(height, round(place[3] * height) + _MARGIN_PX))
    return left, top, right, bottom
