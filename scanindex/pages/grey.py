"""Decoded pictures of any colour mode to uint8 grey with white paper, at a sane size.

Grey is luma (ITU-R BT.601 weights): dark and coloured ink stays dark, yellow and
pink highlighter stays light, so that print under it can be read. A side that is nearly
empty in luma is given by its darkest channel instead: a note in yellow pen or a pink
stamp alone on a side would be taken for an empty one. Worker-only: imports numpy and
Pillow at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scanindex.errors import CorruptFile
from scanindex.pages.guard import NOTE_NON_SQUARE, NOTE_REDUCED

Grey = NDArray[np.uint8]

_LEAST_DPI, _MOST_DPI = 50.0, 1200.0
_SCREEN_DPI, _LONGEST_SCREEN_INCHES = 100.0, 17.5
_SQUARE_TOLERANCE = 1.02
_DARK, _NEARLY_EMPTY = 40, 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Grey pixels and what is known of their resolution."""

    pixels: Grey
    dpi_x: float | None = None
    dpi_y: float | None = None
    is_bilevel: bool = False
    problems: tuple[str, ...] = ()
    may_have_colour: bool = True


def grey_of(image: Image.Image) -> tuple[Grey, bool]:
    """Pixels of a loaded Pillow image, and whether it has only black and white ones."""
    mode = image.mode
    if mode == "1":
        return np.asarray(image.convert("L")), True
    if mode.startswith("I") or mode == "F":
        return deep_to_grey(np.asarray(image)), False
    if mode == "LAB":
        return np.asarray(image.getchannel("L")), False
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = on_white(image)
    pixels = np.asarray(image if image.mode == "L" else image.convert("L"))
    if image.mode != "L" and is_nearly_empty(pixels):
        return darkest_channel(np.asarray(image.convert("RGB"))), False
    return pixels, is_two_level(pixels)


def is_nearly_empty(pixels: Grey) -> bool:
    """Hardly anything dark stands within the margins; looked at on a sixteenth of the pixels."""
    rows, columns = (side // 10 for side in pixels.shape)
    inside = pixels[rows : pixels.shape[0] - rows : 4, columns : pixels.shape[1] - columns : 4]
    if not inside.size:
        return False
    paper = float(np.percentile(inside, 80))
    return float((inside < paper - _DARK).mean()) < _NEARLY_EMPTY


def darkest_channel(colours: NDArray[np.uint8]) -> Grey:
    """Of each pixel (height x width x 3) the channel that its ink takes most light from."""
    return np.ascontiguousarray(colours.min(axis=2))


def on_white(image: Image.Image) -> Image.Image:
    coloured = image.convert("RGBA")
    paper = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
    paper.alpha_composite(coloured)
    return paper.convert("RGB")


def deep_to_grey(samples: NDArray[np.generic]) -> Grey:
    """Samples of more than 8 bits (integers or floats) to 8 bits by their format's full scale.

    A file does not always say how many of its 16 bits it uses: values that all
    stay within 12 bits count as 12-bit, and floats as 0..1 where they do.
    """
    if samples.ndim != 2:
        raise CorruptFile("picture of unknown shape")
    values = np.nan_to_num(samples.astype(np.float32, copy=False))
    top = float(values.max(initial=0.0))
    if samples.dtype.kind == "f" and top <= 1.0:
        full = 1.0
    else:
        full = next((f for f in (255.0, 4095.0, 65_535.0) if top <= f), top)
    grey: Grey = np.clip(values * (255.0 / full) + 0.5, 0, 255).astype(np.uint8)
    return grey


def is_two_level(pixels: Grey) -> bool:
    """Whether all pixels are pure black or white, as after thresholding in a scanner."""
    step = max(1, pixels.shape[0] // 64)
    if _has_grey(pixels[::step]):
        return False
    return not any(_has_grey(pixels[top : top + step]) for top in range(0, pixels.shape[0], step))


def _has_grey(pixels: Grey) -> bool:
    return bool(((pixels != 0) & (pixels != 255)).any())


def plausible_dpi(dpi: float | None, long_side_px: int) -> float | None:
    """`dpi` where it can be that of a scanned page, else None.

    72 and 96 are what cameras and editors write who do not know: believed only
    where the paper would not be larger than tabloid.
    """
    if dpi is None or not _LEAST_DPI <= dpi <= _MOST_DPI:
        return None
    if dpi <= _SCREEN_DPI and long_side_px / dpi > _LONGEST_SCREEN_INCHES:
        return None
    return round(dpi, 2)


def squared(picture: Picture) -> Picture:
    """Stretch the coarser axis so that pixels are square (fax: 204 x 98 dots per inch)."""
    x, y = picture.dpi_x, picture.dpi_y
    if not x or not y or max(x, y) / min(x, y) <= _SQUARE_TOLERANCE or max(x, y) / min(x, y) > 4.0:
        return picture
    import cv2

    height, width = picture.pixels.shape
    size = (width, round(height * x / y)) if x > y else (round(width * y / x), height)
    pixels = cv2.resize(picture.pixels, size, interpolation=cv2.INTER_LINEAR)
    fine = max(x, y)
    return replace(
        picture,
        pixels=np.asarray(pixels, np.uint8),
        dpi_x=fine,
        dpi_y=fine,
        problems=(*picture.problems, NOTE_NON_SQUARE),
    )


def fitted(picture: Picture, max_pixels: int) -> Picture:
    """Scale down, averaging areas, to `max_pixels`."""
    height, width = picture.pixels.shape
    if height * width <= max_pixels:
        return picture
    import cv2

    scale = (max_pixels / (height * width)) ** 0.5
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    pixels = cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA)
    return replace(
        picture,
        pixels=np.asarray(pixels, np.uint8),
        dpi_x=picture.dpi_x and picture.dpi_x * scale,
        dpi_y=picture.dpi_y and picture.dpi_y * scale,
        is_bilevel=False,
        problems=(*picture.problems, NOTE_REDUCED),
    )
