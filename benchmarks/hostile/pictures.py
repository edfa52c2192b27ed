"""Pictures: bombs, lies and odd shapes."""

# mypy: disable-error-code="no-redef"
from __future__ import annotations

import random
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks.hostile.pdfs import jpx_header
from benchmarks.hostile.register import ANN, DPI, WHOLE, bits, chart, file, saved
from tests.pages import make_odd_files as odd


# --- pictures ----------------------------------------------------------------------------------
def tiny_page(width: int = 8, height: int = 8) -> tuple[dict[int, Any], tuple[bytes, ...]]:
    sides = {256: (4, (width,)), 257: (4, (height,)), 278: (4, (height,))}
    return {**odd.tags(8, 1, 1), **sides}, (bytes([255]) * (64),)


@file("tiff_three_thousand_pages.tif")
def _() -> bytes:
    return odd.tiff([tiny_page()] * 3000)


@file("tiff_a_hundred_tiny_pages.tif")
def _() -> bytes:
    return odd.tiff([tiny_page()] * 100)


@file("tiff_loop_of_charts.tif", damaged=True)
def _() -> bytes:
    page = ({**odd.tags(1, 4, 0)}, odd.g4_strips(odd.HEIGHT))
    return odd.tiff([page] * 3, loop=True)


@file("tiff_no_strips.tif", damaged=True)
def _() -> bytes:
    return odd.tiff([(odd.tags(1, 4, 0), ())])


@file("tiff_samples_65535.tif", damaged=True)
def _() -> bytes:
    return odd.tiff([({**odd.tags(8, 1, 1), 277: (3, (65535,))}, (odd.grey_bytes(),))])


@file("tiff_deflate_bomb.tif", damaged=True)
def _() -> bytes:
    side = 19_000
    sides = {256: (4, (side,)), 257: (4, (side,)), 278: (4, (side,))}
    return odd.tiff([({**odd.tags(8, 8, 1), **sides}, (zlib.compress(bytes(side * side), 9),))])


@file("tiff_rgb_deflate_bomb.tif", damaged=True)
def _() -> bytes:
    side = 14_000
    sides = {256: (4, (side,)), 257: (4, (side,)), 278: (4, (side,)), 277: (3, (3,))}
    tags = {**odd.tags(8, 8, 2), **sides, 258: (3, (8, 8, 8))}
    return odd.tiff([(tags, (zlib.compress(bytes(side * side * 3), 9),))])


@file("tiff_white_first_page_big.tif")
def _() -> bytes:
    """A strip count of a million in a directory of a small file."""
    return odd.tiff([({**odd.tags(8, 1, 1, rows=1), 257: (4, (2**31,))}, (odd.grey_bytes(),))])


@file("gif_without_end.gif", damaged=True)
def _() -> bytes:
    data = saved(odd.letter(), "GIF", save_all=True, append_images=[odd.letter().rotate(180)] * 3)
    return data[:-1]


@file("gif_a_thousand_frames.gif")
def _() -> bytes:
    frames = [Image.new("L", (40, 40), i % 256) for i in range(2500)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


@file("gif_huge_screen.gif")
def _() -> bytes:
    data = bytearray(saved(odd.letter(), "GIF"))
    struct.pack_into("<HH", data, 6, 65535, 65535)
    return bytes(data)


@file("webp_bomb.webp")
def _() -> bytes:
    return saved(Image.new("L", (16_383, 16_383), 255), "WEBP", lossless=True, quality=0, method=0)


@file("jp2_bomb.j2k", damaged=True)
def _() -> bytes:
    return jpx_header(60_000, 60_000)


@file("bmp_huge_header.bmp", damaged=True)
def _() -> bytes:
    data = bytearray(saved(odd.letter(), "BMP"))
    struct.pack_into("<ii", data, 18, 2**31 - 1, 2**31 - 1)
    return bytes(data)


@file("bmp_top_down.bmp")
def _() -> bytes:
    data = bytearray(saved(odd.letter(), "BMP"))
    struct.pack_into("<i", data, 22, -odd.HEIGHT)
    return bytes(data)


@file("png_text_bomb.png", ANN)
def _() -> bytes:
    data = WHOLE["chart.png"]()
    return data[:33] + odd._png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(200 << 20), 9)) + data[33:]


@file("png_profile_bomb.png", ANN)
def _() -> bytes:
    data = WHOLE["chart.png"]()
    return data[:33] + odd._png_chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(200 << 20), 9)) + data[33:]


@file("png_animated.png")
def _() -> bytes:
    frames = [odd.letter(), odd.letter().rotate(180)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


@file("one_pixel.png")
def _() -> bytes:
    return saved(Image.new("L", (1, 1), 0), "PNG")


@file("one_pixel.tif")
def _() -> bytes:
    return saved(Image.new("1", (1, 1), 1), "TIFF", compression="group4")


@file("one_pixel_high.png")
def _() -> bytes:
    return saved(Image.new("L", (20_000, 1), 255), "PNG")


@file("thin_strip.jpg")
def _() -> bytes:
    return saved(Image.new("L", (20, 20_000), 128), "JPEG")


@file("square_of_20000.jpg", ANN)
def _() -> bytes:
    big = Image.new("L", (20_000, 20_000), 255)
    big.paste(chart(), (3000, 3000))
    return saved(big, "JPEG", quality=50)


@file("square_of_20000_bits.tif", ANN)
def _() -> bytes:
    big = Image.new("1", (20_000, 20_000), 1)
    big.paste(bits(), (3000, 3000))
    return saved(big, "TIFF", compression="group4", dpi=(2400, 2400))


@file("noise_of_6000.png")
def _() -> bytes:
    noise = np.random.default_rng(1).integers(0, 2, (6000, 6000), np.uint8) * 255
    return saved(Image.fromarray(noise).convert("1"), "PNG")


@file("letters_everywhere.png", ANN)
def _() -> bytes:
    """Five thousand lines of tiny text: the longest read there is."""
    cell = chart(ANN, 72).crop((40, 40, 560, 500))
    page = Image.new("L", (5200, 6900), 255)
    for left in range(0, 5200, 520):
        for top in range(0, 6900, 460):
            page.paste(cell, (left, top))
    return saved(page, "PNG", dpi=(600, 600))


@file("dots_2400_dpi.tif", ANN)
def _() -> bytes:
    wide = chart(ANN, 300).resize((10_200, 13_200))
    return saved(wide.convert("1"), "TIFF", compression="group4", dpi=(2400, 2400))


@file("dots_72_dpi.jpg", ANN)
def _() -> bytes:
    return saved(chart(ANN, 72), "JPEG", quality=90, dpi=(72, 72))


@file("dots_lie.jpg", ANN)
def _() -> bytes:
    return saved(chart(), "JPEG", quality=90, dpi=(1, 65_535))


@file("white_on_black.tif", ANN)
def _() -> bytes:
    return saved(ImageOps.invert(chart()), "TIFF", compression="tiff_lzw", dpi=(DPI, DPI))


@file("mirrored.jpg", ANN)
def _() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 2
    return saved(ImageOps.mirror(chart()), "JPEG", quality=90, dpi=(DPI, DPI), exif=exif)


@file("mirrored_untold.jpg", ANN)
def _() -> bytes:
    return saved(ImageOps.mirror(chart()), "JPEG", quality=90, dpi=(DPI, DPI))


@file("all_black.png")
def _() -> bytes:
    return saved(Image.new("L", (1700, 2200), 0), "PNG")


@file("exif_garbage.jpg", ANN)
def _() -> bytes:
    return saved(
        chart(), "JPEG", quality=90, dpi=(DPI, DPI), exif=b"Exif\0\0II*\0" + random.Random(3).randbytes(500)
    )
