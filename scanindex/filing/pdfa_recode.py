"""Pixels to coded pictures: without loss, or as JPEG where the source was lossy.

Worker-only: imports Pillow and numpy at module level.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from PIL import Image, ImageChops, TiffImagePlugin

from scanindex.filing import pdfa_jpeg, pdfa_png
from scanindex.filing.picture import DEVICE_GREY, Picture

_PAPER = 255
_TWELVE_BITS = 4096
_COLOUR_DIFFERENCE = 12
"""Two channels of a grey pixel may differ this much after lossy coding."""
_DEVICE_LEVELS = 16
_PALETTE_SIZE = 256
_DRAWN_COLOURS = 16
_MAIN_COLOURS = 4
_MAIN_SHARE = 0.9
"""A drawn page has this share of its pixels in its four commonest colours."""


def flattened(image: Image.Image) -> Image.Image:
    """The same picture in mode 1, L, P or RGB: alpha on white paper, 8 bits, no CMYK."""
    mode = image.mode
    if mode in ("1", "L", "RGB") and "transparency" not in image.info:
        return image
    if mode == "P" and "transparency" not in image.info:
        return image if image.palette and image.palette.mode == "RGB" else image.convert("RGB")
    if mode.startswith("I") or mode == "F":
        return _eight_bits(image)
    if mode in ("LA", "La", "PA", "RGBA", "RGBa", "RGBX", "P", "1", "L", "RGB"):
        return _on_white(image)
    if mode == "LAB":
        return _from_lab(image)
    return image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    if image.mode == "RGBX":
        return rgba.convert("RGB")
    paper = Image.new("RGBA", rgba.size, (_PAPER, _PAPER, _PAPER, _PAPER))
    return Image.alpha_composite(paper, rgba).convert("RGB")


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return cast(Image.Image, converted)


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit (or 12 in 16, 32, float) grey to 8 bits by its own full scale."""
    values = np.asarray(image, dtype=np.float64)
    top = float(values.max(initial=0.0))
    full = 1.0 if top <= 1.0 else 255.0 if top < 256 else 4095.0 if top < _TWELVE_BITS else 65535.0
    scaled = np.clip(values * (255.0 / max(full, top)), 0, 255)
    return Image.fromarray(np.round(scaled).astype(np.uint8))


def simplest(image: Image.Image) -> Image.Image:
    """Exactly the same picture in the mode with the fewest bits (1, L, P or RGB)."""
    image = flattened(image)
    if image.mode == "P":
        return image
    if image.mode == "RGB":
        pixels = np.asarray(image)
        red = pixels[..., 0]
        if not (np.array_equal(red, pixels[..., 1]) and np.array_equal(red, pixels[..., 2])):
            return image
        image = Image.fromarray(np.ascontiguousarray(red))
    if image.mode == "L":
        counts = image.histogram()
        if sum(counts[1:255]) == 0:
            return image.point([0] * 128 + [255] * 128, "1")
    return image


def lossless(image: Image.Image) -> Picture:
    """Flate with PNG predictors, or CCITT Group 4 where 1-bit and smaller."""
    image = simplest(image)
    flate = _png(image)
    if image.mode != "1":
        return flate
    group4 = group4_of(image)
    return group4 if len(group4.data) <= len(flate.data) else flate


def group4_of(image: Image.Image) -> Picture:
    """A mode 1 picture as one CCITT Group 4 strip (ITU-T T.6)."""
    stream = io.BytesIO()
    # Inverted, because Pillow calls 0 black and the coder is made for mostly-0 rows.
    ImageChops.invert(image).save(stream, "TIFF", compression="group4", strip_size=1 << 30)
    stream.seek(0)
    with Image.open(stream, formats=["TIFF"]) as coded:
        tags = cast(TiffImagePlugin.TiffImageFile, coded).tag_v2
        offsets, counts = tags[273], tags[279]
    if len(offsets) != 1:
        raise ValueError("the coder made more than one strip")
    data = stream.getvalue()[offsets[0] : offsets[0] + counts[0]]
    return ccitt(data, image.width, image.height, is_black_1=False)


def ccitt(data: bytes, width_px: int, height_px: int, *, is_black_1: bool) -> Picture:
    """Group 4 data as it stands in one TIFF strip.

    is_black_1: the coder called black what is white, as TIFF's BlackIsZero does.
    """
    parms: dict[str, int | bool] = {"K": -1, "Columns": width_px, "Rows": height_px}
    if is_black_1:
        parms["BlackIs1"] = True
    return Picture(
        data=data,
        width_px=width_px,
        height_px=height_px,
        bits=1,
        colour=DEVICE_GREY,
        codec="CCITTFaxDecode",
        parms=parms,
    )


def lossy(image: Image.Image, quality: int) -> Picture:
    """JPEG at the stated quality; grey stays grey."""
    image = flattened(image)
    if image.mode in ("1", "P"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, optimize=True)
    return _known(pdfa_jpeg.picture_of(stream.getvalue()))


def rendered(image: Image.Image, quality: int) -> Picture:
    """A rendering: JPEG, or 16 levels a channel without further loss where that is smaller.

    The second only for drawn pages (a few colours make up nearly all of it),
    where text comes out small and sharp; a photograph would show steps.
    """
    image = flattened(image)
    if image.mode == "RGB" and _is_grey(image):
        image = image.convert("L")
    exact = simplest(image) if image.mode == "L" else image
    if exact.mode == "1":
        return lossless(exact)
    few = _few_greys(image) if image.mode == "L" else _few_colours(image)
    jpeg = lossy(image, quality)
    return few if few and len(few.data) <= len(jpeg.data) else jpeg


def drawn(image: Image.Image) -> list[tuple[Picture, tuple[float, float, float]]] | None:
    """A picture of few plain colours, exactly: a stencil for each but the white paper.

    Pages of text and lines rendered without smoothing are such; Group 4 takes a
    third of what their smoothed rendering needs. None for pictures with more colours
    and other modes than RGB.
    """
    import cv2

    found = image.getcolors(_DRAWN_COLOURS) if image.mode == "RGB" else None
    if found is None:
        return None
    pixels = np.asarray(image)
    layers = []
    for _, colour in found:
        red, green, blue = cast(tuple[int, int, int], colour)
        if (red, green, blue) != (_PAPER, _PAPER, _PAPER):
            there = cv2.inRange(pixels, np.array(colour), np.array(colour))
            stencil = replace(group4_of(Image.fromarray(there == 0)), colour=None, is_stencil=True)
            layers.append((stencil, (red / 255, green / 255, blue / 255)))
    return layers


def _few_colours(image: Image.Image) -> Picture | None:
    """A palette of at most 256 colours; None for pictures with more."""
    coarse = image.point([_coarse(level) for level in range(256)] * 3)
    colours = coarse.getcolors(_PALETTE_SIZE)
    if colours is None or not _is_drawn([count for count, _ in colours]):
        return None
    palette = [value for _, colour in colours for value in cast(tuple[int, ...], colour)]
    pattern = Image.new("P", (1, 1))
    pattern.putpalette(palette)
    return _png(coarse.quantize(palette=pattern, dither=Image.Dither.NONE))


def _is_drawn(counts: Sequence[int]) -> bool:
    return sum(sorted(counts)[-_MAIN_COLOURS:]) >= _MAIN_SHARE * sum(counts)


def _coarse(level: int) -> int:
    step = 255 / (_DEVICE_LEVELS - 1)
    return round(round(level / step) * step)


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = image.split()  # channel by channel: ten times quicker than along the last axis
    between = [ImageChops.difference(*pair) for pair in ((red, green), (green, blue), (red, blue))]
    return all(cast(tuple[int, int], one.getextrema())[1] <= _COLOUR_DIFFERENCE for one in between)


def _few_greys(image: Image.Image) -> Picture | None:
    """4 bits a pixel, evenly spaced, so that DeviceGray needs no palette; None for photographs."""
    levels = (np.asarray(image).astype(np.uint16) * (_DEVICE_LEVELS - 1) + 127) // 255
    if not _is_drawn(np.bincount(levels.ravel(), minlength=_DEVICE_LEVELS).tolist()):
        return None
    height, width = levels.shape
    if width % 2:
        levels = np.pad(levels, ((0, 0), (0, 1)))
    packed = ((levels[:, 0::2] << 4) | levels[:, 1::2]).astype(np.uint8)
    up = packed.copy()
    up[1:] -= packed[:-1]
    rows = np.concatenate([np.full((height, 1), 2, np.uint8), up], axis=1)
    data = zlib.compress(rows.tobytes(), 6)
    parms = {"Predictor": 15, "Colors": 1, "BitsPerComponent": 4, "Columns": width}
    return Picture(
        data=data,
        width_px=width,
        height_px=height,
        bits=4,
        colour=DEVICE_GREY,
        codec="FlateDecode",
        parms=parms,
    )


def _png(image: Image.Image) -> Picture:
    stream = io.BytesIO()
    save: Any = image.save
    save(stream, "PNG", compress_level=6)
    return _known(pdfa_png.picture_of(stream.getvalue()))


def _known(picture: Picture | None) -> Picture:
    if picture is None:
        raise ValueError("a picture of our own making is not as expected")
    return picture
