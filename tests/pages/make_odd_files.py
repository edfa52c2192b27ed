"""A folder of odd and hostile files, made the same way each time.

    python -m tests.pages.make_odd_files FOLDER

Every maker returns bytes; `MAKERS` maps a file name to it. The page shown is
always the same invented letter (`letter()`), so that tests can compare pixels.
"""

from __future__ import annotations

import io
import random
import struct
import sys
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

from tests.pages.make_heic import heic

DPI = 100
WIDTH, HEIGHT = 850, 1100
LINES = (
    "Harbour Lane Family Practice",
    "Letter to the referring physician",
    "Thank you for asking us to see this pleasant retired teacher, who",
    "reports shortness of breath on stairs since the end of last winter.",
    "The chest is clear and there is no swelling at either ankle today.",
    "We suggest an exercise test and will write again with the result.",
    "Until then please continue the tablets at the present dose.",
    "Signed for the clinic by the doctor on duty",
)
MAKERS: dict[str, Callable[[], bytes]] = {}


def _file(name: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        MAKERS[name] = make
        return make

    return register


def make(folder: Path) -> None:
    """Write every file into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, maker in MAKERS.items():
        (folder / name).write_bytes(maker())


# --- the page -----------------------------------------------------------------
@cache
def letter() -> Image.Image:
    """Grey page, 850 x 1100 at 100 dpi; top left corner marked so that turns show."""
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(20)
    for number, line in enumerate(LINES):
        draw.text((80, 120 + 60 * number), line, fill=0, font=font)
    draw.rectangle((20, 20, 70, 50), fill=0)
    return page


@cache
def bilevel() -> Image.Image:
    return letter().point(lambda v: 255 if v > 128 else 0).convert("1", dither=Image.Dither.NONE)


@cache
def coloured() -> Image.Image:
    """The letter with a red stamp and a yellow highlighter stroke."""
    page = letter().convert("RGB")
    draw = ImageDraw.Draw(page)
    draw.rectangle((500, 700, 700, 780), outline=(200, 0, 0), width=6)
    marker = Image.new("RGB", page.size, (255, 255, 255))
    ImageDraw.Draw(marker).rectangle((80, 235, 500, 265), fill=(255, 255, 0))
    return Image.fromarray(np.minimum(np.asarray(page), np.asarray(marker)))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    # A copy: Pillow keeps encoder settings on the image, and pages are cached.
    image.copy().save(out, kind, **options)
    return out.getvalue()


def jpeg(image: Image.Image, **options: Any) -> bytes:
    return saved(image, "JPEG", quality=90, dpi=(DPI, DPI), **options)


@cache
def g4_strips(rows: int) -> tuple[bytes, ...]:
    """G4 data of the page in strips of so many rows; ink is what the codes call black."""
    strips = []
    for top in range(0, HEIGHT, rows):
        # Pillow writes PhotometricInterpretation 1 and codes white pixels as black runs.
        part = ImageChops.invert(bilevel().crop((0, top, WIDTH, min(HEIGHT, top + rows))))
        data = saved(part, "TIFF", compression="group4", tiffinfo={278: rows})
        with Image.open(io.BytesIO(data)) as opened:
            at, count = opened.tag_v2[273][0], opened.tag_v2[279][0]  # type: ignore[attr-defined]
        strips.append(data[at : at + count])
    return tuple(strips)


# --- TIFF by hand ---------------------------------------------------------------
def tiff(
    pages: list[tuple[dict[int, tuple[int, tuple[int, ...]]], tuple[bytes, ...]]],
    *,
    next_of_last: int = 0,
    loop: bool = False,
    big: bool = False,
) -> bytes:
    """A little-endian TIFF from tags {tag: (type, values)} and strips; offsets are filled in."""
    out = bytearray(b"II+\0\x08\0\0\0" + bytes(8) if big else b"II*\0" + bytes(4))
    link, first = (8, 0) if big else (4, 0)
    for tags, strips in pages:
        offsets = []
        for strip in strips:
            offsets.append(len(out))
            out += strip + bytes(len(strip) % 2)
        entries = {**tags, 273: (4, tuple(offsets)), 279: (4, tuple(len(s) for s in strips)), **_forced(tags)}
        at = _directory(out, entries, big)
        struct.pack_into("<Q" if big else "<I", out, link, at)
        first = first or at
        link = len(out) - (8 if big else 4)
    struct.pack_into("<Q" if big else "<I", out, link, first if loop else next_of_last)
    return bytes(out)


def _forced(tags: dict[int, tuple[int, tuple[int, ...]]]) -> dict[int, tuple[int, tuple[int, ...]]]:
    return {tag: tags[tag] for tag in (273, 279) if tag in tags}


def _directory(out: bytearray, entries: dict[int, tuple[int, tuple[int, ...]]], big: bool) -> int:
    codes = {3: "H", 4: "I", 5: "II"}
    records = []
    for tag, (kind, values) in sorted(entries.items()):
        raw = b"".join(struct.pack("<" + codes[kind][0], v) for v in values)
        count = len(values) // len(codes[kind])
        room = 8 if big else 4
        if len(raw) > room:
            where = len(out)
            out += raw + bytes(len(raw) % 2)
            raw = struct.pack("<Q" if big else "<I", where)
        records.append(struct.pack("<HHQ" if big else "<HHI", tag, kind, count) + raw.ljust(room, b"\0"))
    at = len(out)
    out += struct.pack("<Q" if big else "<H", len(records)) + b"".join(records) + bytes(8 if big else 4)
    return at


def tags(bits: int, compression: int, photometric: int, rows: int = HEIGHT, **more: Any) -> dict[int, Any]:
    dpi = more.get("dpi", (DPI, DPI))
    return {
        256: (4, (WIDTH,)),
        257: (4, (HEIGHT,)),
        258: (3, (bits,)),
        259: (3, (compression,)),
        262: (3, (photometric,)),
        277: (3, (1,)),
        278: (4, (rows,)),
        282: (5, (dpi[0], 1)),
        283: (5, (dpi[1], 1)),
        296: (3, (more.get("unit", 2),)),
        **more.get("extra", {}),
    }


def reversed_bits(data: bytes) -> bytes:
    return bytes(int(f"{b:08b}"[::-1], 2) for b in data)


def grey16() -> np.ndarray:
    return np.asarray(letter(), np.uint16) * 257


@_file("tiff_g4_one_strip.tif")
def _() -> bytes:
    return saved(bilevel(), "TIFF", compression="group4", dpi=(DPI, DPI))


@_file("tiff_g4_strips.tif")
def _() -> bytes:
    return tiff([(tags(1, 4, 0, 200), g4_strips(200))])


@_file("tiff_g4_black_is_zero.tif")
def _() -> bytes:
    """PhotometricInterpretation 1: the same codes show a negative page."""
    return tiff([(tags(1, 4, 1), g4_strips(HEIGHT))])


@_file("tiff_g4_fill_order_2.tif")
def _() -> bytes:
    strips = tuple(reversed_bits(s) for s in g4_strips(HEIGHT))
    return tiff([(tags(1, 4, 0, extra={266: (3, (2,))}), strips)])


@_file("tiff_big.tif")
def _() -> bytes:
    return tiff([(tags(1, 4, 0), g4_strips(HEIGHT))], big=True)


@_file("tiff_g3.tif")
def _() -> bytes:
    return saved(bilevel(), "TIFF", compression="group3", dpi=(DPI, DPI))


@_file("tiff_fax_204_98.tif")
def _() -> bytes:
    return tiff([(tags(1, 4, 0, dpi=(204, 98)), g4_strips(HEIGHT))])


@_file("tiff_unit_cm.tif")
def _() -> bytes:
    return tiff([(tags(1, 4, 0, dpi=(79, 79), unit=3), g4_strips(HEIGHT))])


@_file("tiff_unit_none.tif")
def _() -> bytes:
    return tiff([(tags(1, 4, 0, dpi=(1, 1), unit=1), g4_strips(HEIGHT))])


@_file("tiff_uncompressed.tif")
def _() -> bytes:
    return saved(letter(), "TIFF", dpi=(DPI, DPI))


@_file("tiff_lzw_rgb.tif")
def _() -> bytes:
    return saved(coloured(), "TIFF", compression="tiff_lzw", dpi=(DPI, DPI))


@_file("tiff_packbits.tif")
def _() -> bytes:
    return saved(letter(), "TIFF", compression="packbits", dpi=(DPI, DPI))


@_file("tiff_deflate.tif")
def _() -> bytes:
    return saved(letter(), "TIFF", compression="tiff_adobe_deflate", dpi=(DPI, DPI))


@_file("tiff_jpeg_ycbcr.tif")
def _() -> bytes:
    return saved(coloured(), "TIFF", compression="jpeg", quality=90, dpi=(DPI, DPI))


@_file("tiff_cmyk.tif")
def _() -> bytes:
    return saved(coloured().convert("CMYK"), "TIFF", compression="tiff_lzw", dpi=(DPI, DPI))


@_file("tiff_lab.tif")
def _() -> bytes:
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(coloured(), rgb, lab, outputMode="LAB")
    assert image is not None
    return saved(image, "TIFF", dpi=(DPI, DPI))


@_file("tiff_16_bit.tif")
def _() -> bytes:
    return tiff([(tags(16, 1, 1), (grey16().tobytes(),))])


@_file("tiff_16_bit_white_is_zero.tif")
def _() -> bytes:
    return tiff([(tags(16, 1, 0), ((65535 - grey16()).tobytes(),))])


@_file("tiff_12_bit_in_16.tif")
def _() -> bytes:
    return tiff([(tags(16, 1, 1), ((grey16() >> 4).tobytes(),))])


@_file("tiff_12_bit.tif")
def _() -> bytes:
    values = (np.asarray(letter(), np.uint16) * 16 + 15).reshape(-1, 2)
    packed = np.empty((len(values), 3), np.uint8)
    packed[:, 0] = values[:, 0] >> 4
    packed[:, 1] = (values[:, 0] & 15) << 4 | values[:, 1] >> 8
    packed[:, 2] = values[:, 1] & 255
    return tiff([(tags(12, 1, 1), (packed.tobytes(),))])


@_file("tiff_4_bit.tif")
def _() -> bytes:
    values = np.asarray(letter(), np.uint8) >> 4
    return tiff([(tags(4, 1, 1), ((values[:, ::2] << 4 | values[:, 1::2]).tobytes(),))])


@_file("tiff_float.tif")
def _() -> bytes:
    values = np.asarray(letter(), np.float32) / 255
    return saved(Image.fromarray(values), "TIFF", dpi=(DPI, DPI))


@_file("tiff_palette.tif")
def _() -> bytes:
    return saved(coloured().quantize(16), "TIFF", dpi=(DPI, DPI))


@_file("tiff_alpha.tif")
def _() -> bytes:
    return saved(ink_on_nothing(), "TIFF", dpi=(DPI, DPI))


def ink_on_nothing() -> Image.Image:
    """Black ink, transparent elsewhere (whose colour is black as well)."""
    page = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    page.putalpha(letter().point(lambda v: 255 - v))
    return page


@_file("tiff_turned_6.tif")
def _() -> bytes:
    stored = letter().transpose(Image.Transpose.ROTATE_90)
    return saved(stored, "TIFF", dpi=(DPI, DPI), tiffinfo={274: 6})


@_file("tiff_mirrored_5.tif")
def _() -> bytes:
    stored = letter().transpose(Image.Transpose.TRANSPOSE)
    return saved(stored, "TIFF", compression="tiff_lzw", dpi=(DPI, DPI), tiffinfo={274: 5})


@_file("tiff_three_pages.tif")
def _() -> bytes:
    pages = [page.copy() for page in (bilevel(), letter(), coloured())]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], dpi=(DPI, DPI))
    return out.getvalue()


@_file("tiff_loop.tif")
def _() -> bytes:
    page = (tags(1, 4, 0), g4_strips(HEIGHT))
    return tiff([page, page], loop=True)


@_file("tiff_strip_beyond_end.tif")
def _() -> bytes:
    strips = g4_strips(200)
    counts = (*tuple(len(s) for s in strips[:-1]), 900000)
    return tiff([(tags(1, 4, 0, 200, extra={279: (4, counts)}), strips)])


@_file("tiff_directory_beyond_end.tif")
def _() -> bytes:
    return tiff([(tags(1, 4, 0), g4_strips(HEIGHT))], next_of_last=9_000_000)


@_file("tiff_cut_strip.tif")
def _() -> bytes:
    """A G4 strip that ends in the middle of the page."""
    return tiff([(tags(1, 4, 0), (g4_strips(HEIGHT)[0][:1500],))])


@_file("tiff_bomb.tif")
def _() -> bytes:
    huge = {256: (4, (90_000,)), 257: (4, (90_000,)), 278: (4, (90_000,))}
    return tiff([({**tags(1, 4, 0), **huge}, g4_strips(HEIGHT))])


@_file("tiff_cut_third.tif")
def _() -> bytes:
    data = MAKERS["tiff_three_pages.tif"]()
    return data[: len(data) // 3]


@_file("text.tif")
def _() -> bytes:
    return b"/etc/hostname\n/tmp/other.png\n"


@_file("garbage.tif")
def _() -> bytes:
    return b"II*\0" + random.Random(7).randbytes(4000)


# --- other pictures -----------------------------------------------------------
STORED_FOR_ORIENTATION = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _jpeg_turned(orientation: int) -> Callable[[], bytes]:
    def make_it() -> bytes:
        how = STORED_FOR_ORIENTATION[orientation]
        stored = letter() if how is None else letter().transpose(how)
        exif = Image.Exif()
        exif[0x0112] = orientation
        return jpeg(stored, exif=exif)

    return make_it


for _number in STORED_FOR_ORIENTATION:
    MAKERS[f"jpeg_exif_{_number}.jpg"] = _jpeg_turned(_number)


@_file("jpeg_colour.jpg")
def _() -> bytes:
    return jpeg(coloured())


@_file("jpeg_progressive.jpg")
def _() -> bytes:
    return jpeg(letter(), progressive=True)


@_file("jpeg_cmyk.jpg")
def _() -> bytes:
    return jpeg(coloured().convert("CMYK"))


@_file("jpeg_no_unit.jpg")
def _() -> bytes:
    return saved(letter(), "JPEG", quality=90)


@_file("jpeg_fax_shape.jpg")
def _() -> bytes:
    return saved(letter(), "JPEG", quality=90, dpi=(204, 98))


@_file("jpeg_cut_third.jpg")
def _() -> bytes:
    data = jpeg(letter())
    return data[: len(data) // 3]


@_file("jpeg_zero_block.jpg")
def _() -> bytes:
    data = bytearray(jpeg(letter()))
    third = len(data) // 3
    data[third : third + 2048] = bytes(2048)
    return bytes(data)


@_file("jpeg_trailing_junk.jpg")
def _() -> bytes:
    return jpeg(letter()) + b"SEFT" + bytes(300) + b"camera notes"


@_file("jpeg_huge_header.jpg")
def _() -> bytes:
    data = bytearray(jpeg(letter()))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    return bytes(data)


@_file("png_1_bit.png")
def _() -> bytes:
    return saved(bilevel(), "PNG", dpi=(DPI, DPI))


@_file("png_16_bit.png")
def _() -> bytes:
    return saved(Image.fromarray(grey16()), "PNG", dpi=(DPI, DPI))


@_file("png_palette_transparent.png")
def _() -> bytes:
    image = letter().quantize(16)
    dark = min(range(16), key=lambda i: image.getpalette()[3 * i])  # type: ignore[index]
    light = max(range(16), key=lambda i: image.getpalette()[3 * i])  # type: ignore[index]
    assert dark != light
    return saved(image, "PNG", transparency=light)


@_file("png_alpha.png")
def _() -> bytes:
    return saved(ink_on_nothing(), "PNG")


@_file("png_colour.png")
def _() -> bytes:
    return saved(coloured(), "PNG", dpi=(DPI, DPI))


@_file("png_cut_third.png")
def _() -> bytes:
    data = saved(Image.effect_noise((600, 800), 60), "PNG")
    return data[: len(data) // 3]


def damaged(data: bytes, at: int, count: int = 256) -> bytes:
    """With a run of zeros, as a bad sector leaves it."""
    return data[:at] + bytes(count) + data[at + count :]


@_file("png_zero_block.png")
def _() -> bytes:
    data = saved(letter(), "PNG")
    return damaged(data, len(data) // 2)


@_file("tiff_g4_zero_block.tif")
def _() -> bytes:
    data = MAKERS["tiff_g4_one_strip.tif"]()
    return damaged(data, len(data) // 2)


@_file("tiff_jpeg_zero_block.tif")
def _() -> bytes:
    data = saved(letter(), "TIFF", compression="jpeg", quality=90)
    return damaged(data, 8000, 700)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@_file("png_bomb.png")
def _() -> bytes:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(7501) * 2000)
    chunks = _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", body) + _png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@_file("bmp_1_bit.bmp")
def _() -> bytes:
    return saved(bilevel(), "BMP", dpi=(DPI, DPI))


@_file("bmp_24_bit.bmp")
def _() -> bytes:
    return saved(coloured(), "BMP", dpi=(DPI, DPI))


@_file("bmp_cut_third.bmp")
def _() -> bytes:
    data = saved(letter(), "BMP", dpi=(DPI, DPI))
    return data[: len(data) // 3]


@_file("webp_lossless.webp")
def _() -> bytes:
    return saved(letter(), "WEBP", lossless=True, method=0)


@_file("webp_lossy.webp")
def _() -> bytes:
    return saved(coloured(), "WEBP", quality=90, method=0)


@_file("webp_two_frames.webp")
def _() -> bytes:
    turned = letter().transpose(Image.Transpose.ROTATE_180)
    return saved(letter(), "WEBP", save_all=True, append_images=[turned], lossless=True, method=0)


@_file("gif_two_frames.gif")
def _() -> bytes:
    turned = letter().transpose(Image.Transpose.ROTATE_180)
    return saved(letter(), "GIF", save_all=True, append_images=[turned])


@_file("gif_cut_third.gif")
def _() -> bytes:
    data = saved(letter(), "GIF")
    return data[: len(data) // 3]


@_file("jp2_grey.jp2")
def _() -> bytes:
    return saved(letter(), "JPEG2000")


@_file("jp2_codestream.j2k")
def _() -> bytes:
    return saved(coloured(), "JPEG2000", no_jp2=True)


@_file("jp2_cut_third.jp2")
def _() -> bytes:
    data = saved(letter(), "JPEG2000")
    return data[: len(data) // 3]


@_file("heic_grey.heic")
def _() -> bytes:
    return heic(np.asarray(letter())[: HEIGHT // 16 * 16 // 4, : WIDTH // 16 * 16])


@_file("heic_cut_third.heic")
def _() -> bytes:
    data = MAKERS["heic_grey.heic"]()
    return data[: len(data) // 3]


@_file("empty.pdf")
def _() -> bytes:
    return b""


# --- PDF ------------------------------------------------------------------------
def written(pdf: pikepdf.Pdf, **options: Any) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=not options.get("encryption"), **options)
    return out.getvalue()


FULL_PAGE = b"q 612 0 0 792 0 0 cm /Im0 Do Q"


def one_image(
    data: bytes,
    entries: dict[str, Any],
    content: bytes = FULL_PAGE,
    page_entries: dict[str, Any] | None = None,
) -> pikepdf.Pdf:
    """A letter page with one image XObject Im0, drawn by `content`."""
    pdf = pikepdf.Pdf.new()
    add_page(pdf, image_stream(pdf, data, entries), content, page_entries)
    return pdf


def image_stream(pdf: pikepdf.Pdf, data: bytes, entries: dict[str, Any]) -> Any:
    stream = Stream(pdf, data)
    stream.update({"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": WIDTH, "/Height": HEIGHT})
    stream.update(entries)
    return pdf.make_indirect(stream)


def add_page(
    pdf: pikepdf.Pdf, image: Any, content: bytes, page_entries: dict[str, Any] | None = None, font: Any = None
) -> Any:
    resources = Dictionary(XObject=Dictionary(Im0=image))
    resources.Font = Dictionary(F0=font if font is not None else helvetica())
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, 612, 792]),
        Resources=resources,
        Contents=pdf.make_stream(content),
    )
    page.update(page_entries or {})
    pdf.pages.append(pikepdf.Page(page))
    return pdf.pages[-1].obj


def helvetica(**more: Any) -> Any:
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type1,
        BaseFont=Name.Helvetica,
        Encoding=Name.WinAnsiEncoding,
        **more,
    )


GREY8 = {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 8}
RGB8 = {"/ColorSpace": Name.DeviceRGB, "/BitsPerComponent": 8}
DCT = {"/Filter": Name.DCTDecode}
FLATE = {"/Filter": Name.FlateDecode}


def grey_jpeg_pdf(content: bytes = FULL_PAGE, page_entries: dict[str, Any] | None = None) -> pikepdf.Pdf:
    return one_image(jpeg(letter()), {**GREY8, **DCT}, content, page_entries)


def grey_bytes() -> bytes:
    return letter().tobytes()


def g4_entries(**more: Any) -> dict[str, Any]:
    parameters = Dictionary(K=-1, Columns=WIDTH, Rows=HEIGHT, **more)
    return {
        "/ColorSpace": Name.DeviceGray,
        "/BitsPerComponent": 1,
        "/Filter": Name.CCITTFaxDecode,
        "/DecodeParms": parameters,
    }


@_file("pdf_grey_jpeg.pdf")
def _() -> bytes:
    return written(grey_jpeg_pdf())


@_file("pdf_rgb_jpeg.pdf")
def _() -> bytes:
    return written(one_image(jpeg(coloured()), {**RGB8, **DCT}))


@_file("pdf_cmyk_jpeg_adobe.pdf")
def _() -> bytes:
    entries = {
        "/ColorSpace": Name.DeviceCMYK,
        "/BitsPerComponent": 8,
        "/Decode": Array([1, 0] * 4),
        **DCT,
    }
    return written(one_image(jpeg(coloured().convert("CMYK")), entries))


@_file("pdf_jpeg_in_flate.pdf")
def _() -> bytes:
    filters = {"/Filter": Array([Name.FlateDecode, Name.DCTDecode])}
    return written(one_image(zlib.compress(jpeg(letter())), {**GREY8, **filters}))


@_file("pdf_flate.pdf")
def _() -> bytes:
    return written(one_image(zlib.compress(grey_bytes()), {**GREY8, **FLATE}))


@_file("pdf_flate_predictor.pdf")
def _() -> bytes:
    rows = np.asarray(letter(), np.uint8)
    up = rows.copy()
    up[1:] -= rows[:-1]
    tagged = np.concatenate([np.full((HEIGHT, 1), 2, np.uint8), up], axis=1)
    parameters = {"/DecodeParms": Dictionary(Predictor=15, Colors=1, BitsPerComponent=8, Columns=WIDTH)}
    return written(one_image(zlib.compress(tagged.tobytes()), {**GREY8, **FLATE, **parameters}))


@_file("pdf_inverted_decode.pdf")
def _() -> bytes:
    data = bytes(255 - v for v in grey_bytes())
    return written(one_image(zlib.compress(data), {**GREY8, **FLATE, "/Decode": Array([1, 0])}))


@_file("pdf_16_bit.pdf")
def _() -> bytes:
    data = zlib.compress(grey16().astype(">u2").tobytes())
    return written(one_image(data, {**GREY8, **FLATE, "/BitsPerComponent": 16}))


@_file("pdf_indexed_4_bit.pdf")
def _() -> bytes:
    values = np.asarray(letter(), np.uint8) >> 4
    table = b"".join(bytes([level * 17] * 3) for level in range(16))
    space = Array([Name.Indexed, Name.DeviceRGB, 15, pikepdf.String(table)])
    data = zlib.compress((values[:, ::2] << 4 | values[:, 1::2]).tobytes())
    return written(one_image(data, {**FLATE, "/ColorSpace": space, "/BitsPerComponent": 4}))


@_file("pdf_g4.pdf")
def _() -> bytes:
    return written(one_image(g4_strips(HEIGHT)[0], g4_entries()))


@_file("pdf_g4_black_is_1.pdf")
def _() -> bytes:
    entries = {**g4_entries(BlackIs1=True), "/Decode": Array([1, 0])}
    return written(one_image(g4_strips(HEIGHT)[0], entries))


@_file("pdf_g4_mask.pdf")
def _() -> bytes:
    entries = g4_entries()
    del entries["/ColorSpace"]
    return written(one_image(g4_strips(HEIGHT)[0], {**entries, "/ImageMask": True}))


@_file("pdf_g4_mask_blue.pdf")
def _() -> bytes:
    entries = g4_entries()
    del entries["/ColorSpace"]
    content = b"q 0 0 1 rg 612 0 0 792 0 0 cm /Im0 Do Q"
    return written(one_image(g4_strips(HEIGHT)[0], {**entries, "/ImageMask": True}, content))


@_file("pdf_fax_204_98.pdf")
def _() -> bytes:
    content = f"q {WIDTH * 72 / 204:.3f} 0 0 {HEIGHT * 72 / 98:.3f} 0 0 cm /Im0 Do Q".encode()
    box = {"/MediaBox": Array([0, 0, round(WIDTH * 72 / 204), round(HEIGHT * 72 / 98)])}
    return written(one_image(g4_strips(HEIGHT)[0], g4_entries(), content, box))


@_file("pdf_g3.pdf")
def _() -> bytes:
    data = saved(ImageChops.invert(bilevel()), "TIFF", compression="group3", tiffinfo={278: HEIGHT})
    with Image.open(io.BytesIO(data)) as opened:
        at, count = opened.tag_v2[273][0], opened.tag_v2[279][0]  # type: ignore[attr-defined]
    entries = g4_entries()
    entries["/DecodeParms"] = Dictionary(K=0, Columns=WIDTH, Rows=HEIGHT, EndOfLine=True)
    return written(one_image(data[at : at + count], entries))


@_file("pdf_jpx.pdf")
def _() -> bytes:
    return written(one_image(saved(letter(), "JPEG2000"), {**GREY8, "/Filter": Name.JPXDecode}))


def jbig2_page() -> bytes:
    """Page information and one generic region in MMR coding (ITU-T T.88 7.4.8, 7.4.6)."""
    page = struct.pack(">IIIIBH", WIDTH, HEIGHT, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", WIDTH, HEIGHT, 0, 0, 0) + b"\x01" + g4_strips(HEIGHT)[0]
    segments = b""
    for number, kind, data in ((0, 48, page), (1, 38, region)):
        segments += struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data
    return segments


@_file("pdf_jbig2.pdf")
def _() -> bytes:
    entries = {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 1, "/Filter": Name.JBIG2Decode}
    return written(one_image(jbig2_page(), entries))


@_file("pdf_jbig2_cut.pdf")
def _() -> bytes:
    entries = {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 1, "/Filter": Name.JBIG2Decode}
    return written(one_image(jbig2_page()[:2000], entries))


@_file("pdf_in_form.pdf")
def _() -> bytes:
    """The picture wrapped in a form XObject, as some archiving tools write it."""
    pdf = pikepdf.Pdf.new()
    image = image_stream(pdf, jpeg(letter()), {**GREY8, **DCT})
    form = Stream(pdf, b"q 612 0 0 792 0 0 cm /Im1 Do Q")
    form.update(
        {
            "/Type": Name.XObject,
            "/Subtype": Name.Form,
            "/BBox": Array([0, 0, 612, 792]),
            "/Resources": Dictionary(XObject=Dictionary(Im1=image)),
        }
    )
    add_page(pdf, pdf.make_indirect(form), b"/Im0 Do")
    return written(pdf)


@_file("pdf_flipped.pdf")
def _() -> bytes:
    """Stored upside down and drawn with a negative height: looks right, is not the stored frame."""
    stored = letter().transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return written(one_image(jpeg(stored), {**GREY8, **DCT}, b"q 612 0 0 -792 0 792 cm /Im0 Do Q"))


@_file("pdf_clipped.pdf")
def _() -> bytes:
    content = b"q 0 396 612 396 re W n 612 0 0 792 0 0 cm /Im0 Do Q"
    return written(grey_jpeg_pdf(content))


@_file("pdf_two_strips.pdf")
def _() -> bytes:
    pdf = pikepdf.Pdf.new()
    half = HEIGHT // 2
    parts = [letter().crop((0, 0, WIDTH, half)), letter().crop((0, half, WIDTH, HEIGHT))]
    images = [image_stream(pdf, jpeg(p), {**GREY8, **DCT, "/Height": half}) for p in parts]
    content = b"q 612 0 0 396 0 396 cm /Im0 Do Q q 612 0 0 396 0 0 cm /Im1 Do Q"
    page = add_page(pdf, images[0], content)
    page.Resources.XObject.Im1 = images[1]
    return written(pdf)


@_file("pdf_soft_mask.pdf")
def _() -> bytes:
    pdf = pikepdf.Pdf.new()
    mask = image_stream(pdf, zlib.compress(bytes([128]) * (WIDTH * HEIGHT)), {**GREY8, **FLATE})
    image = image_stream(pdf, jpeg(letter()), {**GREY8, **DCT, "/SMask": mask})
    add_page(pdf, image, FULL_PAGE)
    return written(pdf)


def stamp(pdf: pikepdf.Pdf, subtype: Any) -> Any:
    appearance = Stream(pdf, b"0 0 0 rg 0 0 100 40 re f")
    appearance.update({"/Type": Name.XObject, "/Subtype": Name.Form, "/BBox": Array([0, 0, 100, 40])})
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=subtype,
            Rect=Array([400, 100, 500, 140]),
            F=4,
            AP=Dictionary(N=pdf.make_indirect(appearance)),
        )
    )


@_file("pdf_stamp.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    pdf.pages[0].obj.Annots = Array([stamp(pdf, Name.Stamp)])
    return written(pdf)


@_file("pdf_form_field.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    widget = stamp(pdf, Name.Widget)
    widget.update({"/FT": Name.Tx, "/T": pikepdf.String("field")})
    pdf.pages[0].obj.Annots = Array([widget])
    pdf.Root.AcroForm = Dictionary(Fields=Array([widget]))
    return written(pdf)


@_file("pdf_link.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 50, 50]), Border=Array([0, 0, 0]))
    pdf.pages[0].obj.Annots = Array([link])
    return written(pdf)


def text_operators(lines: tuple[str, ...] = LINES, mode: int = 0, left: int = 58, top: int = 690) -> bytes:
    parts = [f"BT /F0 14 Tf {mode} Tr"]
    for number, line in enumerate(lines):
        parts.append(f"1 0 0 1 {left} {top - 43 * number} Tm ({line}) Tj")
    return "\n".join([*parts, "ET"]).encode()


@_file("pdf_hidden_ocr.pdf")
def _() -> bytes:
    return written(grey_jpeg_pdf(FULL_PAGE + b"\n" + text_operators(mode=3)))


@_file("pdf_text_under_image.pdf")
def _() -> bytes:
    return written(grey_jpeg_pdf(text_operators() + b"\n" + FULL_PAGE))


@_file("pdf_text_over_image.pdf")
def _() -> bytes:
    """A visible line typed onto the scan: must not get lost."""
    return written(
        grey_jpeg_pdf(FULL_PAGE + b"\n" + text_operators(("Late entry typed over the scan",), top=200))
    )


def text_page(content: bytes, font: Any = None, page_entries: dict[str, Any] | None = None) -> bytes:
    pdf = pikepdf.Pdf.new()
    image = image_stream(
        pdf, jpeg(letter().resize((85, 110))), {**GREY8, **DCT, "/Width": 85, "/Height": 110}
    )
    add_page(pdf, image, content, page_entries, font)
    return written(pdf)


@_file("pdf_born_digital.pdf")
def _() -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(612, 792), invariant=1)
    page.setFont("Times-Roman", 14)
    for number, line in enumerate(LINES):
        page.drawString(58, 690 - 43 * number, line)
    page.showPage()
    page.save()
    return out.getvalue()


@_file("pdf_damaged_font.pdf")
def _() -> bytes:
    """An embedded font (reportlab's own Vera) with a hole in it."""
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(612, 792), invariant=1)
    page.setFont("Vera", 14)
    for number, line in enumerate(LINES):
        page.drawString(58, 690 - 43 * number, line)
    page.save()
    with pikepdf.open(io.BytesIO(out.getvalue())) as pdf:
        for item in pdf.objects:
            if isinstance(item, Stream) and "/Length1" in item:
                raw = zlib.compress(item.read_bytes())
                item.write(damaged(raw, len(raw) // 2), filter=Name.FlateDecode)
        return written(pdf)


@_file("pdf_born_digital_turned.pdf")
def _() -> bytes:
    """Landscape text on a portrait page that /Rotate 90 makes upright, crop box off the origin."""
    content = ["BT /F0 14 Tf"]
    for number, line in enumerate(LINES):
        content.append(f"0 1 -1 0 {150 + 40 * number} 120 Tm ({line}) Tj")
    entries = {"/Rotate": 90, "/MediaBox": Array([0, 0, 712, 892]), "/CropBox": Array([50, 60, 662, 852])}
    return text_page("\n".join([*content, "ET"]).encode(), page_entries=entries)


def _cmap(table: dict[int, int]) -> bytes:
    lines = [f"<{code:02X}> <{to:04X}>" for code, to in sorted(table.items())]
    body = "\n".join(
        f"{len(lines[i : i + 90])} beginbfchar\n" + "\n".join(lines[i : i + 90]) + "\nendbfchar"
        for i in range(0, len(lines), 90)
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange\n" + body + "\nendcmap end end"
    ).encode()


def _mapped(table: dict[int, int]) -> bytes:
    pdf = pikepdf.Pdf.new()
    font = helvetica()
    font.ToUnicode = pdf.make_stream(_cmap(table))
    image = image_stream(pdf, jpeg(letter()), {**GREY8, **DCT})
    add_page(pdf, image, text_operators(), font=font)
    return written(pdf)


@_file("pdf_text_private_use.pdf")
def _() -> bytes:
    return _mapped({code: 0xE000 + code for code in range(33, 127)})


@_file("pdf_text_shuffled.pdf")
def _() -> bytes:
    letters = list(range(97, 123))
    turned = letters[13:] + letters[:13]
    return _mapped(dict(zip(letters, turned, strict=True)))


@_file("pdf_text_white.pdf")
def _() -> bytes:
    return text_page(b"1 g\n" + text_operators() + b"\n0 g 100 100 50 50 re f")


@_file("pdf_text_hidden_on_empty.pdf")
def _() -> bytes:
    return text_page(text_operators(mode=3))


@_file("pdf_text_mostly_curves.pdf")
def _() -> bytes:
    """One line of real text; the rest of the letters are filled shapes."""
    random_source = random.Random(3)
    shapes = []
    for row in range(20):
        for column in range(50):
            x, y = 60 + column * 10, 600 - row * 24
            w, h = random_source.randint(3, 7), random_source.randint(6, 10)
            shapes.append(f"{x} {y} {w} {h} re f")
    return text_page("\n".join(shapes).encode() + b"\n" + text_operators(LINES[:1]))


@_file("pdf_mixed.pdf")
def _() -> bytes:
    """Real text above a pasted picture of a quarter page."""
    return text_page(text_operators(LINES[:4]) + b"\nq 400 0 0 300 100 100 cm /Im0 Do Q")


@_file("pdf_logo.pdf")
def _() -> bytes:
    """Real text with a small logo."""
    return text_page(text_operators() + b"\nq 60 0 0 60 500 720 cm /Im0 Do Q")


@_file("pdf_user_password.pdf")
def _() -> bytes:
    return written(grey_jpeg_pdf(), encryption=pikepdf.Encryption(user="open", owner="own", R=6))


@_file("pdf_owner_password.pdf")
def _() -> bytes:
    return written(grey_jpeg_pdf(), encryption=pikepdf.Encryption(user="", owner="own", R=4))


def pages_pdf(count: int) -> bytes:
    pdf = pikepdf.Pdf.new()
    image = image_stream(pdf, jpeg(letter()), {**GREY8, **DCT})
    for _ in range(count):
        add_page(pdf, image, FULL_PAGE)
    return written(pdf, object_stream_mode=pikepdf.ObjectStreamMode.disable)


@_file("pdf_glued.pdf")
def _() -> bytes:
    return pages_pdf(2) + pages_pdf(3)


@_file("pdf_glued_first_cut.pdf")
def _() -> bytes:
    """The first one lost its end mark before the second was appended."""
    first = pages_pdf(2)
    return first[: first.rindex(b"%%EOF")] + pages_pdf(3)


@_file("pdf_incremental.pdf")
def _() -> bytes:
    """Two update sections: three trailers, one document."""
    data = pages_pdf(2)
    for _ in range(2):
        previous = int(data[data.rindex(b"startxref") + 9 : data.rindex(b"%%EOF")])
        root = data[data.rindex(b"/Root") : data.rindex(b"/Root") + 12].split()[1]
        at = len(data)
        added = b"90 0 obj\n<< /Note (later) >>\nendobj\n"
        table = b"xref\n90 1\n%010d 00000 n \n" % at
        trailer = b"trailer\n<< /Size 91 /Root %s 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
            root,
            previous,
            at + len(added),
        )
        data += added + table + trailer
    return data


@_file("pdf_attachment.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    pdf.attachments["inner.pdf"] = pikepdf.AttachedFileSpec(pdf, pages_pdf(1))  # type: ignore[call-arg]
    return written(pdf, compress_streams=False)


@_file("pdf_portfolio.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    pdf.attachments["inner.pdf"] = pikepdf.AttachedFileSpec(pdf, pages_pdf(1))  # type: ignore[call-arg]
    pdf.Root.Collection = Dictionary(Type=Name.Collection, View=Name.D)
    return written(pdf)


@_file("pdf_javascript.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    return written(pdf)


@_file("pdf_xref_broken.pdf")
def _() -> bytes:
    data = pages_pdf(2)
    at = data.rindex(b"startxref")
    return data[:at] + b"startxref\n17\n%%EOF\n"


@_file("pdf_leading_junk.pdf")
def _() -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + pages_pdf(2)


@_file("pdf_cut_third.pdf")
def _() -> bytes:
    data = pages_pdf(3)
    return data[: len(data) // 3]


@_file("pdf_no_end_mark.pdf")
def _() -> bytes:
    data = pages_pdf(2)
    return data[: data.rindex(b"startxref")]


@_file("pdf_no_pages.pdf")
def _() -> bytes:
    return raw_pdf({1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [] /Count 0 >>"})


def raw_pdf(objects: dict[int, str]) -> bytes:
    """A PDF from object bodies, with a right cross-reference table; object 1 is the catalog."""
    out = bytearray(b"%PDF-1.4\n")
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table, top = len(out), max(objects) + 1
    out += f"xref\n0 {top}\n0000000000 65535 f \n".encode()
    for number in range(1, top):
        out += f"{places[number]:010d} 00000 n \n".encode() if number in places else b"0000000000 65535 f \n"
    out += f"trailer\n<< /Size {top} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


_LEAF = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 9 0 R >>"
_DOT = "<< /Length 21 >>\nstream\n100 100 200 200 re f\n\nendstream"


@_file("pdf_tree_loop.pdf")
def _() -> bytes:
    return raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>",
            3: _LEAF,
            9: _DOT,
        }
    )


@_file("pdf_tree_deep.pdf")
def _() -> bytes:
    objects = {1: "<< /Type /Catalog /Pages 20 0 R >>", 9: _DOT}
    depth = 400
    for level in range(depth):
        parent = f"/Parent {19 + level} 0 R " if level else ""
        objects[20 + level] = f"<< /Type /Pages {parent}/Kids [{21 + level} 0 R] /Count 1 >>"
    objects[20 + depth] = _LEAF.replace("2 0 R", f"{19 + depth} 0 R", 1)
    return raw_pdf(objects)


@_file("pdf_page_twice.pdf")
def _() -> bytes:
    return raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R 3 0 R 3 0 R] /Count 3 >>",
            3: _LEAF,
            9: _DOT,
        }
    )


@_file("pdf_count_lies.pdf")
def _() -> bytes:
    return raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 50 >>",
            3: _LEAF,
            9: _DOT,
        }
    )


@_file("pdf_no_media_box.pdf")
def _() -> bytes:
    return raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: _LEAF.replace("/MediaBox [0 0 612 792] ", ""),
            9: _DOT,
        }
    )


@_file("pdf_missing_content.pdf")
def _() -> bytes:
    return raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: _LEAF.replace("9 0 R", "99 0 R"),
            9: _DOT,
        }
    )


@_file("pdf_crop_and_turn_inherited.pdf")
def _() -> bytes:
    """/Rotate 270 and a crop box off the origin, both from the parent; the image fills the crop box."""
    pdf = grey_jpeg_pdf(b"q 612 0 0 792 40 -30 cm /Im0 Do Q")
    page = pdf.pages[0].obj
    del page.MediaBox
    parent = pdf.Root.Pages
    parent.MediaBox = Array([0, -100, 800, 900])
    parent.CropBox = Array([40, -30, 652, 762])
    parent.Rotate = 270
    return written(pdf)


@_file("pdf_user_unit.pdf")
def _() -> bytes:
    """Drawn at half size with a unit of 2/72 inch."""
    entries = {"/UserUnit": 2, "/MediaBox": Array([0, 0, 306, 396])}
    return written(grey_jpeg_pdf(b"q 306 0 0 396 0 0 cm /Im0 Do Q", entries))


@_file("pdf_user_unit_drawn.pdf")
def _() -> bytes:
    entries = {"/UserUnit": 2, "/MediaBox": Array([0, 0, 306, 396])}
    return text_page(b"50 50 100 100 re f", page_entries=entries)


@_file("pdf_huge_page.pdf")
def _() -> bytes:
    return text_page(b"50 50 100 100 re f", page_entries={"/MediaBox": Array([0, 0, 14400, 14400])})


@_file("pdf_bomb_image.pdf")
def _() -> bytes:
    huge = {"/Width": 90_000, "/Height": 90_000}
    return written(one_image(zlib.compress(bytes(1 << 20)), {**GREY8, **FLATE, **huge}))


@_file("pdf_bomb_content.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    blanks = zlib.compress(b" " * (200 << 20), 9)
    pdf.pages[0].obj.Contents = Stream(pdf, blanks, Dictionary(Filter=Name.FlateDecode))
    return written(pdf)


@_file("pdf_cut_jpeg.pdf")
def _() -> bytes:
    data = jpeg(letter())
    return written(one_image(data[: len(data) // 3], {**GREY8, **DCT}))


@_file("pdf_damaged_jpeg.pdf")
def _() -> bytes:
    return written(one_image(MAKERS["jpeg_zero_block.jpg"](), {**GREY8, **DCT}))


@_file("pdf_cut_flate.pdf")
def _() -> bytes:
    return written(one_image(zlib.compress(grey_bytes()[: WIDTH * 300]), {**GREY8, **FLATE}))


@_file("pdf_cut_g4.pdf")
def _() -> bytes:
    return written(one_image(g4_strips(HEIGHT)[0][:1500], g4_entries()))


@_file("pdf_damaged_g4.pdf")
def _() -> bytes:
    data = g4_strips(HEIGHT)[0]
    return written(one_image(damaged(data, len(data) // 2), g4_entries()))


@_file("pdf_damaged_flate.pdf")
def _() -> bytes:
    data = zlib.compress(grey_bytes())
    return written(one_image(damaged(data, len(data) // 2), {**GREY8, **FLATE}))


@_file("pdf_damaged_content.pdf")
def _() -> bytes:
    pdf = grey_jpeg_pdf()
    data = zlib.compress(FULL_PAGE + b"\n" + text_operators(mode=3))
    pdf.pages[0].obj.Contents = Stream(pdf, damaged(data, len(data) // 2, 20), Dictionary(FLATE))
    return written(pdf)


@_file("pdf_cut_jpx.pdf")
def _() -> bytes:
    data = saved(letter(), "JPEG2000")
    return written(one_image(data[: len(data) // 3], {**GREY8, "/Filter": Name.JPXDecode}))


@_file("pdf_header_only.pdf")
def _() -> bytes:
    return b"%PDF-1.7\n" + random.Random(11).randbytes(3000)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
