"""A filed document as a multi-page TIFF, for receivers that import nothing else. Worker-only.

Sources: TIFF 6.0; ITU-T T.6 (Group 4); TIFF Technical Note 2 (JPEG). Promises: every page, in order,
upright, at the resolution of its own picture, which the file says; pages that are black and white
stay so, pixel by pixel (Group 4); grey and colour become JPEG; pages without a picture are drawn and
kept without loss (LZW). Equal documents give equal files. Memory is that of one page. Leaves out
the words: a TIFF has no text layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scanindex.errors import CorruptFile, transient

DRAWN_DPI = 300.0
"""Of pages that hold no picture."""
MIN_DPI, MAX_DPI = 72.0, 600.0
MOST_PIXELS = 60_000_000
"""A larger page is drawn coarser."""
JPEG_QUALITY = 85
_POINTS_PER_INCH = 72.0
_BLACK_BELOW = 128
_MOST_BETWEEN = 0.02
"""Share of pixels neither black nor white above which a page is none of two tones, whatever its picture
says: it has coloured ones, or there is more on the page."""
_COLOUR_DIFFERENCE = 24


def write(pdf: Path, target: Path, first: int = 1, last: int | None = None) -> int:
    """Pages `first` to `last` (1-based; None: to the end) of `pdf` into `target`, from its beginning if
    `first` is 1, else behind what is there. How many. Raises CorruptFile, TransientError."""
    import pypdfium2
    from PIL import TiffImagePlugin

    count, is_new = 0, first == 1
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError:
        raise CorruptFile("the filed document cannot be opened") from None
    try:
        with (
            target.open("w+b" if is_new else "r+b") as stream,
            TiffImagePlugin.AppendingTiffWriter(stream, is_new) as writer,
        ):
            for image, compression, dpi in _pages(document, first, last):
                more = {"quality": JPEG_QUALITY} if compression == "jpeg" else {}
                image.save(writer, format="TIFF", compression=compression, dpi=(dpi, dpi), **more)
                writer.newFrame()
                count += 1
    except pypdfium2.PdfiumError:
        raise CorruptFile(f"page {first + count} of the filed document cannot be drawn") from None
    except OSError as error:
        raise transient(error) from error
    finally:
        document.close()
    return count


def _pages(document: Any, first: int, last: int | None) -> Iterator[tuple[Any, str, float]]:
    """Picture, compression and dots an inch of each page."""
    for number in range(first - 1, min(last or len(document), len(document))):
        page = document[number]
        try:
            yield _page(page)
        finally:
            page.close()


def _page(page: Any) -> tuple[Any, str, float]:
    finest, depths = _pictures(page)
    inches = [side / _POINTS_PER_INCH for side in page.get_size()]
    most = math.sqrt(MOST_PIXELS / max(inches[0] * inches[1], 1e-6))
    dpi = min(max(finest or DRAWN_DPI, MIN_DPI), MAX_DPI, most)
    # The sides are rounded up to whole pixels: a hair less, or rounding errors add a row.
    scale = dpi / _POINTS_PER_INCH * (1 - 1e-6)
    if depths == {1}:
        grey = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil().convert("L")
        if _is_two_toned(grey):
            black = grey.point(lambda value: 255 if value >= _BLACK_BELOW else 0)
            return black.convert("1", dither=0), "group4", dpi
    drawn = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    if not depths:
        return (drawn if _has_colour(drawn) else drawn.convert("L")), "tiff_lzw", dpi
    return drawn.convert("YCbCr" if _has_colour(drawn) else "L"), "jpeg", dpi


def _pictures(page: Any) -> tuple[float, set[int]]:
    """The finest resolution of the page's pictures (0.0: there are none), and their bits a pixel."""
    import pypdfium2.raw as pdfium

    finest, depths = 0.0, set()
    for one in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=4):
        width_px, height_px = one.get_px_size()
        a, b, c, d, _, _ = one.get_matrix().get()
        wide, high = math.hypot(a, b) / _POINTS_PER_INCH, math.hypot(c, d) / _POINTS_PER_INCH
        if wide > 0 and high > 0:
            finest = max(finest, width_px / wide, height_px / high)
        depths.add(int(one.get_metadata().bits_per_pixel))
    return finest, depths


def _is_two_toned(grey: Any) -> bool:
    counts = grey.histogram()
    return bool(sum(counts[64:192]) <= _MOST_BETWEEN * sum(counts))


def _has_colour(drawn: Any) -> bool:
    """Looked at small: single pixels at the edges of letters are no colour."""
    from PIL import ImageChops

    small = drawn.copy()
    small.thumbnail((600, 600))
    red, green, blue = small.split()
    differences = (ImageChops.difference(red, green), ImageChops.difference(green, blue))
    return any(sum(one.histogram()[_COLOUR_DIFFERENCE:]) > 0 for one in differences)
