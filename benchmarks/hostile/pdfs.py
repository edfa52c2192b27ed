"""PDFs: whose they seem to be, odd shapes, and bombs."""

# mypy: disable-error-code="no-redef"
from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from benchmarks.hostile.register import ANN, BOB, OWNED, append, chart, file, image_pdf, saved
from scanindex.demo import people
from tests.pages import make_odd_files as odd


# --- PDF: who is it ----------------------------------------------------------------------------
def _typed(person: people.Person, mode: int) -> bytes:
    lines = (
        f"Patient Name: {person.last_first}",
        f"MRN: {person.mrn}",
        f"Date of Birth: {person.born:%m/%d/%Y}",
    )
    return odd.FULL_PAGE + b"\n" + odd.text_operators(lines, mode=mode, top=300)


@file("image_of_one_hidden_text_of_another.pdf", ANN)
def _() -> bytes:
    pdf = image_pdf(chart())
    pdf.pages[0].obj.Contents = pdf.make_stream(_typed(BOB, 3))
    return odd.written(pdf)


@file("image_of_one_typed_text_of_another.pdf")
def _() -> bytes:
    """Both are visible: nobody can say whose page it is."""
    pdf = image_pdf(chart())
    pdf.pages[0].obj.Contents = pdf.make_stream(_typed(BOB, 0))
    return odd.written(pdf)


@file("metadata_names_another.pdf", ANN)
def _() -> bytes:
    pdf = image_pdf(chart())
    pdf.docinfo["/Title"] = f"{BOB.last_first} MRN {BOB.mrn}"
    return odd.written(pdf)


@file(f"named_for_{BOB.last}_{BOB.mrn}.pdf", ANN)
def _() -> bytes:
    """The name of a file is no evidence."""
    pdf = image_pdf(chart())
    pdf.docinfo["/Title"] = "scan"
    return odd.written(pdf)


@file("two_people.pdf")
def _() -> bytes:
    pdf = image_pdf(chart(ANN))
    append(pdf, image_pdf(chart(BOB)))
    return odd.written(pdf)


OWNED["two_people.pdf"] = (f"{ANN.mrn} {BOB.mrn}", False)


@file("layer_switched_off.pdf")
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
    file(f"rotate_{_degrees}.pdf", ANN)(_turned(_degrees))


@file("pages_of_many_sizes.pdf", ANN)
def _() -> bytes:
    pdf = image_pdf(chart())
    for size in ((200, 100), (3000, 300), (1700, 1100)):
        append(pdf, image_pdf(Image.new("L", size, 255)))
    append(pdf, image_pdf(chart(), UserUnit=2))
    return odd.written(pdf)


@file("landscape.pdf", ANN)
def _() -> bytes:
    wide = Image.new("L", (1650, 1275), 255)
    wide.paste(chart().crop((0, 0, 1275, 1275)), (150, 0))
    return odd.written(image_pdf(wide))


@file("negative_media_box.pdf")
def _() -> bytes:
    return odd.text_page(odd.text_operators(), page_entries={"/MediaBox": Array([612, 792, 0, 0])})


@file("media_box_a_billion.pdf")
def _() -> bytes:
    return odd.text_page(odd.text_operators(), page_entries={"/MediaBox": Array([0, 0, 10**9, 10**9])})


@file("media_box_thin.pdf")
def _() -> bytes:
    return odd.text_page(odd.text_operators(), page_entries={"/MediaBox": Array([0, 0, 100_000, 1])})


@file("media_box_nonsense.pdf")
def _() -> bytes:
    return odd.text_page(
        odd.text_operators(), page_entries={"/MediaBox": Array([Name.A, 0, pikepdf.String("x"), 5])}
    )


@file("user_unit_huge.pdf")
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


@file("form_draws_itself.pdf")
def _() -> bytes:
    return _with_forms([b"/F0 Do 10 10 50 50 re f"])


@file("forms_draw_each_other.pdf")
def _() -> bytes:
    return _with_forms([b"/F1 Do", b"/F0 Do 10 10 50 50 re f"])


@file("forms_ten_to_the_twelfth.pdf")
def _() -> bytes:
    """A billion laughs: each form draws the next one ten times."""
    return _with_forms([f"/F{i + 1} Do ".encode() * 10 for i in range(12)] + [b"10 10 50 50 re f"])


@file("tiling_finest.pdf")
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


@file("shading_slow.pdf")
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


@file("content_of_strokes.pdf")
def _() -> bytes:
    return _content_bomb(b"0 0 m 612 792 l S ", 60)


@file("content_of_saves.pdf")
def _() -> bytes:
    return _content_bomb(b"q ", 60)


@file("content_of_images.pdf")
def _() -> bytes:
    return _content_bomb(odd.FULL_PAGE + b" ", 2)


@file("content_in_a_hundred_thousand_pieces.pdf")
def _() -> bytes:
    pdf = odd.grey_jpeg_pdf()
    piece = pdf.make_stream(odd.FULL_PAGE)
    pdf.pages[0].obj.Contents = Array([piece] * 100_000)
    return odd.written(pdf)


@file("filters_thirty_deep.pdf")
def _() -> bytes:
    data = odd.grey_bytes()
    for _ in range(30):
        data = zlib.compress(data)
    filters = {"/Filter": Array([Name.FlateDecode] * 30)}
    return odd.written(odd.one_image(data, {**odd.GREY8, **filters}))


@file("filters_bomb_in_bomb.pdf")
def _() -> bytes:
    data = zlib.compress(zlib.compress(bytes(1 << 30), 9), 9)
    filters = {"/Filter": Array([Name.FlateDecode] * 2), "/Width": 32768, "/Height": 32768}
    return odd.written(odd.one_image(data, {**odd.GREY8, **filters}))


@file("run_length_bomb.pdf")
def _() -> bytes:
    entries = {**odd.GREY8, "/Filter": Name.RunLengthDecode, "/Width": 20_000, "/Height": 20_000}
    return odd.written(odd.one_image(b"\x81\xff" * (20_000 * 20_000 // 128) + b"\x80", entries))


@file("objects_three_hundred_thousand.pdf")
def _() -> bytes:
    bodies = {1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"}
    bodies |= {3: odd._LEAF, 9: odd._DOT}
    return odd.raw_pdf(bodies | {number: "<< /A [0 0 0] >>" for number in range(10, 300_000)})


def one_leaf(extra: str, catalog: str = "") -> bytes:
    return odd.raw_pdf(
        {
            1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: odd._LEAF.replace(">>", f"{extra} >>"),
            9: odd._DOT,
        }
    )


@file("arrays_nested_deep.pdf")
def _() -> bytes:
    return one_leaf("/X " + "[" * 200_000 + "]" * 200_000)


@file("page_tree_twenty_thousand_deep.pdf")
def _() -> bytes:
    depth = 20_000
    objects = {1: "<< /Type /Catalog /Pages 20 0 R >>", 9: odd._DOT}
    for level in range(depth):
        parent = f"/Parent {19 + level} 0 R " if level else ""
        objects[20 + level] = f"<< /Type /Pages {parent}/Kids [{21 + level} 0 R] /Count 1 >>"
    objects[20 + depth] = odd._LEAF.replace("2 0 R", f"{19 + depth} 0 R", 1)
    return odd.raw_pdf(objects)


@file("pages_five_thousand.pdf")
def _() -> bytes:
    kids = " ".join(f"{100 + i} 0 R" for i in range(5000))
    objects = {1: "<< /Type /Catalog /Pages 2 0 R >>", 2: f"<< /Type /Pages /Kids [{kids}] /Count 5000 >>"}
    return odd.raw_pdf(objects | {9: odd._DOT} | {100 + i: odd._LEAF for i in range(5000)})


@file("pages_promised_two_thousand_million.pdf")
def _() -> bytes:
    return odd.MAKERS["pdf_count_lies.pdf"]().replace(b"/Count 50", b"/Count 2000000000")


@file("annotations_fifty_thousand.pdf")
def _() -> bytes:
    link = "<< /Type /Annot /Subtype /Square /Rect [0 0 50 50] >>"
    return one_leaf(f"/Annots [{(link + ' ') * 50_000}]")


@file("parent_loop.pdf")
def _() -> bytes:
    return odd.raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 2 0 R >>",
            3: odd._LEAF.replace("/MediaBox [0 0 612 792] ", ""),
            9: odd._DOT,
        }
    )


@file("xref_previous_is_itself.pdf")
def _() -> bytes:
    data = odd.pages_pdf(1)
    at = int(data[data.rindex(b"startxref") + 9 : data.rindex(b"%%EOF")])
    return re.sub(rb"trailer\s*<<", b"trailer << /Prev %d" % at, data)


@file("length_refers_to_itself.pdf")
def _() -> bytes:
    return odd.raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: odd._LEAF,
            9: "<< /Length 9 0 R >>\nstream\n100 100 200 200 re f\n\nendstream",
        }
    )


@file("type_3_font_draws_itself.pdf")
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


def jpx_header(width: int, height: int) -> bytes:
    """A codestream whose size marker promises much and whose data end there (ISO/IEC 15444-1 A.5.1)."""
    data = bytearray(saved(odd.letter(), "JPEG2000", no_jp2=True))
    at = data.index(b"\xff\x51") + 6
    struct.pack_into(">IIIIIIII", data, at, width, height, 0, 0, width, height, 0, 0)
    return bytes(data)


@file("jpx_bomb.pdf", damaged=True)
def _() -> bytes:
    return odd.written(odd.one_image(jpx_header(60_000, 60_000), {**odd.GREY8, "/Filter": Name.JPXDecode}))


@file("jpx_lies_about_size.pdf", damaged=True)
def _() -> bytes:
    return odd.written(odd.one_image(jpx_header(9_000, 9_000), {**odd.GREY8, "/Filter": Name.JPXDecode}))


@file("jbig2_bomb.pdf", damaged=True)
def _() -> bytes:
    data = bytearray(odd.jbig2_page())
    struct.pack_into(">II", data, 11, 2**31 - 1, 2**31 - 1)
    entries = {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 1, "/Filter": Name.JBIG2Decode}
    return odd.written(odd.one_image(bytes(data), entries))


@file("jbig2_garbage.pdf", damaged=True)
def _() -> bytes:
    entries = {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 1, "/Filter": Name.JBIG2Decode}
    return odd.written(odd.one_image(random.Random(5).randbytes(3000), entries))


@file("ccitt_columns_lie.pdf", damaged=True)
def _() -> bytes:
    entries = odd.g4_entries()
    entries["/DecodeParms"] = Dictionary(K=-1, Columns=2**31 - 1, Rows=2**31 - 1)
    return odd.written(odd.one_image(odd.g4_strips(odd.HEIGHT)[0], entries))
