"""Drawing a PDF page: pdfium first, poppler where pdfium refuses. Worker-only.

Both draw annotations and form fields, so no stamp is lost. The picture lies in
the unturned crop box; /Rotate is taken out again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scanindex.errors import CorruptFile
from scanindex.pages.grey import Grey, darkest_channel, grey_of, is_nearly_empty
from scanindex.pages.pdf_open import PageFrame

_POPPLER_SECONDS = 60


def affordable_dpi(frame: PageFrame, render_dpi: float, max_pixels: int) -> float:
    """`render_dpi`, or less where the page would exceed `max_pixels`."""
    inches = (frame.width * frame.user_unit / 72, frame.height * frame.user_unit / 72)
    return float(min(render_dpi, (max_pixels * 0.99 / (inches[0] * inches[1])) ** 0.5))


def by_pdfium(page: Any, frame: PageFrame, dpi: float) -> Grey:
    """`page` is an open pypdfium2 page whose rotation was set to 0. Raises CorruptFile."""
    scale = (
        dpi * frame.user_unit / 72 * (1 - 1e-7)
    )  # pypdfium2 rounds sizes up: 3300.0000001 px would be 3301
    try:
        bitmap = page.render(scale=scale, grayscale=True, draw_annots=True, may_draw_forms=True)
        pixels = bitmap.to_numpy()
        grey = np.array(pixels.reshape(pixels.shape[:2]), np.uint8)
        if is_nearly_empty(grey):
            coloured = page.render(scale=scale, draw_annots=True, may_draw_forms=True).to_numpy()
            grey = darkest_channel(coloured[:, :, :3])
    except (ValueError, RuntimeError) as error:
        raise CorruptFile("pdfium cannot draw the page") from error
    return grey


def by_poppler(path: Path, scan_page_no: int, frame: PageFrame, dpi: float) -> Grey:
    """Raises CorruptFile."""
    from pdf2image import convert_from_path
    from pdf2image.exceptions import PDFInfoNotInstalledError

    width = max(1, round(frame.width * frame.user_unit / 72 * dpi))
    height = max(1, round(frame.height * frame.user_unit / 72 * dpi))
    if frame.rotation_degrees in (90, 270):
        width, height = height, width
    try:
        images = convert_from_path(
            str(path),
            first_page=scan_page_no,
            last_page=scan_page_no,
            use_cropbox=True,
            size=(width, height),
            timeout=_POPPLER_SECONDS,
        )
    except PDFInfoNotInstalledError as error:
        raise CorruptFile("pdfium cannot draw the page and poppler is not installed") from error
    except Exception as error:
        raise CorruptFile("no reader can draw the page") from error
    if len(images) != 1:
        raise CorruptFile(f"no page {scan_page_no}")
    upright, _ = grey_of(images[0])
    return np.ascontiguousarray(np.rot90(upright, k=frame.rotation_degrees // 90))
