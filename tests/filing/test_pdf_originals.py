"""PDF originals: scans keep their coded images, everything else is rendered and says why."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from scanindex.filing.pdfa_recode import group4_of
from tests.filing import paper

PDF = "application/pdf"
PAGE = "q 306 0 0 396 0 0 cm /Im Do Q"


def _pdf(path: Path, content: str, change: Callable[[pikepdf.Pdf, Any, Any], None] | None = None) -> Path:
    """A one-page PDF with the test sheet as /Im (JPEG); `change` gets pdf, page and image."""
    pdf = pikepdf.new()
    sheet = paper.sheet("RGB")
    image = pdf.make_stream(paper.jpeg_bytes(sheet))
    image.Type, image.Subtype = Name.XObject, Name.Image
    image.Width, image.Height, image.BitsPerComponent = sheet.width, sheet.height, 8
    image.ColorSpace, image.Filter = Name.DeviceRGB, Name.DCTDecode
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, 306, 396]),
        Resources=Dictionary(XObject=Dictionary(Im=image)),
        Contents=pdf.make_stream(content.encode()),
    )
    pdf.pages.append(pikepdf.Page(page))
    if change:
        change(pdf, pdf.pages[0].obj, image)
    pdf.save(path, compress_streams=False)
    return path


def _made(tmp_path: Path, content: str = PAGE, change: Any = None, **reading: Any) -> tuple[Path, str]:
    original = _pdf(tmp_path / "o.pdf", content, change)
    pdf, renditions = paper.assembled(original, PDF, tmp_path / "out", [paper.reading(**reading)])
    return pdf, renditions[0]


def _images(pdf_path: Path) -> list[bytes]:
    with pikepdf.open(pdf_path) as pdf:
        return [bytes(image.read_raw_bytes()) for image in pdf.pages[0].Resources.XObject.values()]


def test_a_scanned_page_keeps_its_jpeg(tmp_path: Path) -> None:
    """Byte for byte."""
    pdf, rendition = _made(tmp_path)
    assert rendition == "pass:jpeg"
    assert _images(pdf) == [paper.jpeg_bytes(paper.sheet("RGB"))]


@pytest.mark.parametrize(
    "content",
    [
        f"{PAGE} BT 3 Tr /F1 12 Tf 10 10 Td (old words) Tj ET",
        f"q 0 0 306 396 re W n {PAGE} Q",
        f"1 1 1 rg 0 0 306 396 re f {PAGE}",
        "/Artifact BMC q 306 0 0 396 0 0 cm /Im Do Q EMC",
    ],
    ids=["hidden text", "clip to the page", "white paper", "marked content"],
)
def test_what_shows_nothing_does_not_stop_it(tmp_path: Path, content: str) -> None:
    """Old OCR layers, whole-page clips, white backgrounds and marks."""
    assert _made(tmp_path, content)[1] == "pass:jpeg"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"{PAGE} BT /F1 12 Tf 10 10 Td (seen) Tj ET", "text"),
        (f"{PAGE} 10 10 m 200 200 l S", "drawing"),
        (f"{PAGE} 0 0 0 rg 10 10 50 50 re f", "drawing"),
        (f"q 0 0 100 100 re W n {PAGE} Q", "clipping"),
        ("BT /F1 12 Tf 10 10 Td (only text) Tj ET", "text"),
        ("", "no_image"),
    ],
)
def test_what_shows_is_rendered(tmp_path: Path, content: str, why: str) -> None:
    """The reason stands in the record."""
    assert _made(tmp_path, content)[1] == f"render:{why}"


def test_a_stamp_over_the_scan_survives(tmp_path: Path) -> None:
    """An annotation is part of what the clerk saw."""

    def stamp(pdf: pikepdf.Pdf, page: Any, _: Any) -> None:
        look = pdf.make_stream(b"1 0 0 rg 0 0 100 100 re f")
        look.Type, look.Subtype, look.BBox = Name.XObject, Name.Form, Array([0, 0, 100, 100])
        place, looks = Array([150, 200, 250, 300]), Dictionary(N=look)
        page.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Stamp, F=4, Rect=place, AP=looks)])

    pdf, rendition = _made(tmp_path, change=stamp)
    assert rendition == "render:annotations"
    red, green, _ = paper.shown(pdf).getpixel((280, 200))  # type: ignore[misc]
    assert red > 250 > 5 > green


def test_a_hidden_ocr_layer_in_a_form_does_not_stop_it(tmp_path: Path) -> None:
    """As common OCR programs graft it."""

    def graft(pdf: pikepdf.Pdf, page: Any, _: Any) -> None:
        form = pdf.make_stream(b"BT 3 Tr /F1 9 Tf 10 10 Td (old) Tj ET")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 306, 396])
        page.Resources.XObject.Fm = form

    assert _made(tmp_path, f"{PAGE} q /Fm Do Q", graft)[1] == "pass:jpeg"


def test_strips_of_images_stay_as_they_are(tmp_path: Path) -> None:
    """Many scanners write a page as bands; each keeps its bytes and its place."""

    def second(pdf: pikepdf.Pdf, page: Any, image: Any) -> None:
        page.Resources.XObject.Two = image

    content = "q 306 0 0 198 0 198 cm /Im Do Q q 306 0 0 198 0 0 cm /Two Do Q"
    original = _pdf(tmp_path / "o.pdf", content, second)
    pdf, renditions = paper.assembled(original, PDF, tmp_path / "out")
    assert renditions == ("pass:jpeg",)
    assert paper.difference(paper.shown(pdf), paper.shown(original)) < 1


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_cropped_turned_page_shows_the_same(tmp_path: Path, turn: int) -> None:
    """Crop boxes off the origin, user units and /Rotate all at once."""

    def crop(_: pikepdf.Pdf, page: Any, __: Any) -> None:
        page.MediaBox, page.CropBox = Array([-50, -20, 400, 500]), Array([10, 20, 290, 380])
        page.Rotate, page.UserUnit = turn, 2

    original = _pdf(tmp_path / "o.pdf", PAGE, crop)
    pdf, renditions = paper.assembled(original, PDF, tmp_path / "out", [paper.reading(rotation_degrees=turn)])
    before, after = paper.shown(original, dpi=100), paper.shown(pdf, dpi=100)
    assert renditions == ("pass:jpeg",)
    # pdfium ignores /UserUnit; the written page states its true size instead.
    assert paper.difference(after.resize(before.size), before) < 4
    with pikepdf.open(pdf) as opened:
        assert [float(v) for v in opened.pages[0].MediaBox] == [0, 0, 560, 720]


def test_colours_beyond_srgb_are_rendered(tmp_path: Path) -> None:
    """CMYK has no place under an sRGB output intent."""

    def cmyk(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        image.write(paper.jpeg_bytes(paper.sheet("RGB").convert("CMYK")), filter=Name.DCTDecode)
        image.ColorSpace = Name.DeviceCMYK

    assert _made(tmp_path, change=cmyk)[1] == "render:colour"


def test_soft_masks_are_rendered(tmp_path: Path) -> None:
    """No transparency in the archive."""

    def mask(pdf: pikepdf.Pdf, _: Any, image: Any) -> None:
        soft = pdf.make_stream(zlib.compress(bytes([128]) * 100))
        soft.Type, soft.Subtype, soft.Filter = Name.XObject, Name.Image, Name.FlateDecode
        soft.Width, soft.Height, soft.BitsPerComponent, soft.ColorSpace = 10, 10, 8, Name.DeviceGray
        image.SMask = soft

    assert _made(tmp_path, change=mask)[1] == "render:transparency"


def _set_samples(image: Any, data: bytes, size: tuple[int, int], bits: int, space: Any) -> None:
    image.write(data, filter=Name.FlateDecode)
    image.Width, image.Height, image.BitsPerComponent = *size, bits
    if space is None:
        del image.ColorSpace
    else:
        image.ColorSpace = space


def test_an_inverted_stencil_keeps_its_meaning(tmp_path: Path) -> None:
    """/ImageMask with /Decode [1 0], as fax gateways write it."""
    sheet = paper.sheet("1")

    def stencil(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        _set_samples(image, zlib.compress(sheet.tobytes()), sheet.size, 1, None)
        image.ImageMask, image.Decode = True, Array([0, 1])

    original = _pdf(tmp_path / "o.pdf", PAGE, stencil)
    pdf, renditions = paper.assembled(original, PDF, tmp_path / "out")
    assert renditions == ("pass:flate",)
    assert paper.difference(paper.shown(pdf), paper.shown(original)) < 1


def test_a_palette_and_a_colour_key_mask_are_kept(tmp_path: Path) -> None:
    """Indexed over DeviceRGB, with one colour unpainted."""

    def palette(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        samples = zlib.compress(bytes([0b0001_1011] * 100))
        lookup = pikepdf.String(bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]))
        _set_samples(image, samples, (20, 20), 2, Array([Name.Indexed, Name.DeviceRGB, 3, lookup]))
        image.Mask = Array([0, 0])

    original = _pdf(tmp_path / "o.pdf", PAGE, palette)
    pdf, renditions = paper.assembled(original, PDF, tmp_path / "out")
    assert renditions == ("pass:flate",)
    assert paper.difference(paper.shown(pdf), paper.shown(original)) < 1


def test_wrapping_filters_are_taken_off(tmp_path: Path) -> None:
    """ASCII around a JPEG goes, the JPEG stays."""

    def ascii_wrapped(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        data = paper.jpeg_bytes(paper.sheet("RGB"))
        image.write(data.hex().encode() + b">", filter=Array([Name.ASCIIHexDecode, Name.DCTDecode]))

    pdf, rendition = _made(tmp_path, change=ascii_wrapped)
    assert rendition == "pass:jpeg"
    assert _images(pdf) == [paper.jpeg_bytes(paper.sheet("RGB"))]


def test_lzw_is_replaced_by_flate(tmp_path: Path) -> None:
    """LZW may not stand in PDF/A; the samples stay the same."""
    sheet = paper.sheet("L", (64, 48))

    def lzw(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        image.write(_lzw(sheet.tobytes()), filter=Name.LZWDecode)
        image.Width, image.Height, image.ColorSpace = *sheet.size, Name.DeviceGray

    pdf, rendition = _made(tmp_path, change=lzw)
    assert rendition == "recode:flate"
    assert paper.difference(paper.picture_in(pdf), sheet) == 0


def _lzw(data: bytes) -> bytes:
    """Valid LZW that never needs more than 9 bits: the table is cleared in good time."""
    codes: list[int] = []
    for start in range(0, len(data), 200):
        codes += [256, *data[start : start + 200]]
    bits = "".join(f"{code:09b}" for code in [*codes, 257])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def test_jbig2_passes_with_its_globals(tmp_path: Path) -> None:
    """As many office scanners write it."""
    sheet = paper.sheet("1")
    comment, coded = _jbig2(sheet)

    def jbig2(pdf: pikepdf.Pdf, _: Any, image: Any) -> None:
        shared = pdf.make_stream(comment)
        image.write(coded, filter=Name.JBIG2Decode, decode_parms=Dictionary(JBIG2Globals=shared))
        image.BitsPerComponent, image.ColorSpace = 1, Name.DeviceGray

    pdf, rendition = _made(tmp_path, change=jbig2)
    assert rendition == "pass:jbig2"
    assert _images(pdf) == [coded]
    assert paper.difference(paper.picture_in(pdf), sheet) == 0


def _jbig2(sheet: Image.Image) -> tuple[bytes, bytes]:
    """A shared comment; page information and a generic region coded as Group 4.

    ITU-T T.88, 7.2 (headers), 7.4.6, 7.4.8 and 7.4.15.
    """
    coded = group4_of(sheet).data
    page_info = struct.pack(">IIIIBH", sheet.width, sheet.height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", sheet.width, sheet.height, 0, 0, 0, 1) + coded

    def segment(number: int, kind: int, page: int, data: bytes) -> bytes:
        return struct.pack(">IBBBI", number, kind, 0, page, len(data)) + data

    comment = struct.pack(">I", 0x20000000) + b"made\0by hand\0\0"
    return segment(0, 62, 0, comment), segment(1, 48, 1, page_info) + segment(2, 38, 1, region)


def test_raw_samples_are_deflated(tmp_path: Path) -> None:
    """No filter at all: coded again without loss."""

    def raw(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        sheet = paper.sheet("L")
        image.write(sheet.tobytes())
        image.Width, image.Height, image.ColorSpace = *sheet.size, Name.DeviceGray

    pdf, rendition = _made(tmp_path, change=raw)
    assert rendition == "recode:flate"
    assert paper.difference(paper.picture_in(pdf), paper.sheet("L")) == 0


def test_a_truncated_jpeg_inside_is_rendered(tmp_path: Path) -> None:
    """Readers differ on what a broken stream shows, so it is not passed on."""

    def cut(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        data = paper.jpeg_bytes(paper.sheet("RGB"))
        image.write(data[: len(data) // 2], filter=Name.DCTDecode)

    assert _made(tmp_path, change=cut)[1] == "render:codec"


def test_active_content_does_not_come_along(tmp_path: Path) -> None:
    """Scripts, actions, attachments and metadata of the original stay in the original."""

    def active(pdf: pikepdf.Pdf, page: Any, image: Any) -> None:
        script = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        pdf.Root.OpenAction, page.AA = script, Dictionary(O=script)
        pdf.attachments["a.txt"] = b"attached"
        image.Metadata = pdf.make_stream(b"<x>camera</x>")
        pdf.docinfo.Title = pikepdf.String("QUILLFEATHER ODA")

    pdf, rendition = _made(tmp_path, change=active)
    assert rendition == "pass:jpeg"
    with pikepdf.open(pdf) as opened:
        everything = b"".join(bytes(o.unparse()) for o in opened.objects)
    for gone in (b"JavaScript", b"OpenAction", b"EmbeddedFile", b"QUILLFEATHER", b"/AA"):
        assert gone not in everything


def test_a_scan_that_repeats_one_image_stores_it_once(tmp_path: Path) -> None:
    """Pages that share an object still do."""
    original = _pdf(tmp_path / "o.pdf", PAGE)
    with pikepdf.open(original, allow_overwriting_input=True) as pdf:
        for _ in range(9):
            pdf.pages.append(pdf.pages[0])
        pdf.save(original)
    readings = [paper.reading(no) for no in range(1, 11)]
    pdf_path, _ = paper.assembled(original, PDF, tmp_path / "out", readings)
    assert pdf_path.stat().st_size < 1.3 * original.stat().st_size + 20_000


def test_a_broken_cross_reference_does_not_lose_the_page(tmp_path: Path) -> None:
    """Repaired on opening; the image is still passed."""
    original = _pdf(tmp_path / "o.pdf", PAGE)
    data = original.read_bytes()
    original.write_bytes(data.replace(b"startxref", b"startxxxx"))
    _, renditions = paper.assembled(original, PDF, tmp_path / "out")
    assert renditions == ("pass:jpeg",)


def test_a_form_that_paints_itself_ends(tmp_path: Path) -> None:
    """Recursion in hostile files is bounded."""

    def loop(pdf: pikepdf.Pdf, page: Any, _: Any) -> None:
        form = pdf.make_stream(b"/Fm Do")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 306, 396])
        form.Resources = Dictionary(XObject=Dictionary(Fm=form))
        page.Resources.XObject.Fm = form

    assert _made(tmp_path, f"{PAGE} /Fm Do", loop)[1] == "render:form"


def test_pages_are_taken_in_the_document_s_order(tmp_path: Path) -> None:
    """A document may hold pages 3 and 1 of a scan."""
    pdf = pikepdf.new()
    for width in (100, 200, 300):
        pdf.add_blank_page(page_size=(width, 400))
    pdf.save(tmp_path / "o.pdf")
    readings = [paper.reading(3, words=()), paper.reading(1, words=())]
    made, renditions = paper.assembled(tmp_path / "o.pdf", PDF, tmp_path / "out", readings)
    with pikepdf.open(made) as opened:
        assert [float(page.MediaBox[2]) for page in opened.pages] == [300, 100]
    assert renditions == ("render:no_image", "render:no_image")


def test_renderings_of_text_are_small_and_readable(tmp_path: Path) -> None:
    """A born-digital page: a 1-bit stencil at 400 dpi, no larger than the page it came from needs."""
    original = _pdf(tmp_path / "o.pdf", "BT /F1 14 Tf 20 300 Td (Plan: rest and fluids) Tj ET")
    pdf, _ = paper.assembled(original, PDF, tmp_path / "out")
    with pikepdf.open(pdf) as opened:
        image = opened.pages[0].Resources.XObject["/P1"]
        assert (int(image.Width), int(image.BitsPerComponent)) == (1700, 1)
        assert len(image.read_raw_bytes()) < 4_000
    assert paper.difference(paper.shown(pdf), paper.shown(original)) < 1


def test_drawn_colours_are_kept_exactly(tmp_path: Path) -> None:
    """Each colour of a drawn page is a stencil of its own, painted in that colour."""
    content = "1 0 0 rg 20 20 100 100 re f 0 0 1 rg 150 20 100 100 re f 0 g 20 300 200 2 re f"
    original = _pdf(tmp_path / "o.pdf", content)
    pdf, renditions = paper.assembled(original, PDF, tmp_path / "out", [paper.reading(words=())])
    assert renditions == ("render:drawing",)
    seen = paper.shown(pdf)
    assert [seen.getpixel(at) for at in ((90, 450), (280, 450), (300, 300))] == [
        (255, 0, 0), (0, 0, 255), (255, 255, 255)
    ]  # fmt: skip


def test_a_page_with_an_image_under_its_text_is_smoothed(tmp_path: Path) -> None:
    """Sampling an image anew without smoothing would tear its strokes."""
    pdf, rendition = _made(tmp_path, f"{PAGE} BT /F1 12 Tf 10 10 Td (seen) Tj ET")
    with pikepdf.open(pdf) as opened:
        image = opened.pages[0].Resources.XObject["/P1"]
        assert rendition == "render:text" and "/ImageMask" not in image


def test_photographs_are_rendered_as_jpeg(tmp_path: Path) -> None:
    """Many colours: the stated quality, not megabytes of Flate."""
    noise = Image.effect_noise((425, 550), 80).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, "JPEG", quality=50)

    def photo(_: pikepdf.Pdf, __: Any, image: Any) -> None:
        image.write(buffer.getvalue(), filter=Name.DCTDecode)

    pdf, rendition = _made(tmp_path, f"{PAGE} 0 0 m 9 9 l S", photo)
    assert rendition == "render:drawing"
    with pikepdf.open(pdf) as opened:
        assert opened.pages[0].Resources.XObject["/P1"].Filter == Name.DCTDecode
