"""Picture files become PDF/A pages without losing a pixel where none need be lost."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, TiffImagePlugin

from scanindex.errors import VerifyFailed
from scanindex.model import PageKind
from tests.filing import paper

TIFF, JPEG, PNG = "image/tiff", "image/jpeg", "image/png"


def _raw(pdf_path: Path) -> tuple[bytes, pikepdf.Object]:
    with pikepdf.open(pdf_path) as pdf:
        image = pdf.pages[0].Resources.XObject["/P1"]
        return bytes(image.read_raw_bytes()), image.Filter


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_is_kept_byte_for_byte(tmp_path: Path, mode: str) -> None:
    """The DCT data in the PDF is the file itself."""
    original = paper.saved(tmp_path / "o.jpg", paper.sheet(mode), "JPEG", quality=70)
    pdf, renditions = paper.assembled(original, JPEG, tmp_path / "out")
    assert renditions == ("pass:jpeg",)
    assert _raw(pdf)[0] == original.read_bytes()


def test_a_cmyk_jpeg_becomes_rgb(tmp_path: Path) -> None:
    """PDF/A with an sRGB intent takes no CMYK; the page still looks the same."""
    sheet = paper.sheet("RGB")
    original = paper.saved(tmp_path / "o.jpg", sheet.convert("CMYK"), "JPEG", quality=90)
    pdf, renditions = paper.assembled(original, JPEG, tmp_path / "out")
    assert renditions == ("recode:jpeg",)
    assert paper.difference(paper.shown(pdf), sheet) < 6


def test_a_truncated_jpeg_is_coded_again_and_opens(tmp_path: Path) -> None:
    """What is left of it is shown; nothing broken goes into the archive's PDF."""
    data = paper.jpeg_bytes(paper.sheet("RGB"))
    original = tmp_path / "o.jpg"
    original.write_bytes(data[: len(data) // 2])
    _, renditions = paper.assembled(original, JPEG, tmp_path / "out")
    assert renditions == ("recode:jpeg",)


def test_a_page_that_failed_becomes_an_empty_sheet(tmp_path: Path) -> None:
    """A document of readable and unreadable pages can still be filed, and says so."""
    original = tmp_path / "o.jpg"
    original.write_bytes(b"\xff\xd8\xff\xe0 nothing else")
    failed = paper.reading(words=(), width_px=0, height_px=0, dpi=None, kind=PageKind.FAILED)
    _, renditions = paper.assembled(original, JPEG, tmp_path / "out", [failed])
    assert renditions == ("render:unreadable",)


def test_a_page_that_was_read_is_never_filed_without_its_picture(tmp_path: Path) -> None:
    """The reader saw something here: an empty sheet would lose it in silence."""
    original = tmp_path / "o.jpg"
    original.write_bytes(b"\xff\xd8\xff\xe0 nothing else")
    with pytest.raises(VerifyFailed):
        paper.assembled(original, JPEG, tmp_path / "out")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_every_stored_orientation_is_shown_upright(tmp_path: Path, orientation: int, kind: str) -> None:
    """Pixels are never turned: /Rotate and a mirroring matrix make the page upright."""
    upright = paper.sheet("L")
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    original = paper.saved(tmp_path / "o", stored, kind, exif=exif)
    turn = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}.get(orientation, 0)
    reading = paper.reading(rotation_degrees=turn)
    pdf, _ = paper.assembled(original, f"image/{kind.lower()}", tmp_path / "out", [reading])
    assert paper.difference(paper.shown(pdf), upright) < 4


@pytest.mark.parametrize("compression", ["group4", "group3", "tiff_lzw", "packbits", "raw"])
def test_one_bit_tiffs_keep_every_pixel(tmp_path: Path, compression: str) -> None:
    """Whatever the coding, black stays black and each pixel is what it was."""
    sheet = paper.sheet("1")
    original = paper.saved(tmp_path / "o.tif", sheet, "TIFF", compression=compression)
    pdf, renditions = paper.assembled(original, TIFF, tmp_path / "out")
    assert renditions[0].split(":")[1] in ("ccitt", "g4", "flate")
    assert paper.difference(paper.picture_in(pdf), sheet) == 0


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("fill_order", [1, 2])
def test_a_single_group4_strip_passes(tmp_path: Path, photometric: int, fill_order: int) -> None:
    """Both polarities and both bit orders; the coded bytes are only re-ordered, never decoded."""
    sheet = paper.sheet("1")
    original = tmp_path / "o.tif"
    original.write_bytes(_group4_tiff(sheet, photometric, fill_order))
    pdf, renditions = paper.assembled(original, TIFF, tmp_path / "out")
    assert renditions == ("pass:ccitt",)
    assert paper.difference(paper.picture_in(pdf), sheet) == 0


def _group4_tiff(sheet: Image.Image, photometric: int, fill_order: int) -> bytes:
    """A fax TIFF written by hand: one strip, the given polarity and bit order."""
    coded = io.BytesIO()
    # libtiff calls 0 bits white: for WhiteIsZero the picture must be inverted before coding.
    source = sheet if photometric == 1 else sheet.point(lambda level: 255 - level)
    source.save(coded, "TIFF", compression="group4", strip_size=1 << 30)
    with Image.open(coded) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        offset, count = image.tag_v2[273][0], image.tag_v2[279][0]
    data = coded.getvalue()[offset : offset + count]
    if fill_order == 2:
        data = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    entries = [
        (256, 4, sheet.width), (257, 4, sheet.height), (258, 3, 1), (259, 3, 4), (262, 3, photometric),
        (266, 3, fill_order), (273, 4, 8), (277, 3, 1), (278, 4, sheet.height), (279, 4, len(data)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + directory + bytes(4)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_grey_and_colour_tiffs_keep_every_pixel(tmp_path: Path, mode: str, compression: str) -> None:
    """Recoded as Flate, without loss."""
    sheet = paper.sheet(mode)
    original = paper.saved(tmp_path / "o.tif", sheet, "TIFF", compression=compression)
    pdf, renditions = paper.assembled(original, TIFF, tmp_path / "out")
    assert renditions == ("recode:flate",)
    assert paper.difference(paper.picture_in(pdf), sheet) == 0


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_strips_of_a_tiff_are_joined_without_decoding(tmp_path: Path, mode: str) -> None:
    """Many small JPEGs become one that decodes to the very same pixels."""
    original = paper.saved(
        tmp_path / "o.tif", paper.sheet(mode), "TIFF", compression="jpeg", quality=75, strip_size=8_000
    )
    with Image.open(original) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        assert len(image.tag_v2[273]) > 3
        pixels = image.copy()
    pdf, renditions = paper.assembled(original, TIFF, tmp_path / "out")
    assert renditions == ("pass:jpeg",)
    joined = Image.open(io.BytesIO(_raw(pdf)[0]))
    assert paper.difference(joined, pixels) == 0
    assert paper.difference(paper.shown(pdf), pixels) < 4


def test_every_page_of_a_tiff_is_reached(tmp_path: Path) -> None:
    """Frames of different kinds, taken in the document's order, not the file's."""
    original = tmp_path / "o.tif"
    first, second = paper.sheet("1"), paper.sheet("L", (300, 400))
    first.save(original, "TIFF", compression="tiff_lzw", save_all=True, append_images=[second])
    readings = [paper.reading(2, words=(), width_px=300, height_px=400), paper.reading(1)]
    pdf, _ = paper.assembled(original, TIFF, tmp_path / "out", readings)
    assert paper.picture_in(pdf, 1).size == (300, 400)
    assert paper.difference(paper.picture_in(pdf, 2), first) == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_plain_png_is_kept_as_it_is(tmp_path: Path, mode: str) -> None:
    """Its compressed data stand in the PDF unchanged, palette and all."""
    sheet = paper.sheet(mode)
    original = paper.saved(tmp_path / "o.png", sheet, "PNG")
    pdf, renditions = paper.assembled(original, PNG, tmp_path / "out")
    assert renditions == ("pass:png",)
    assert _raw(pdf)[0] in original.read_bytes()
    assert paper.difference(paper.picture_in(pdf).convert("RGB"), sheet.convert("RGB")) <= 1


def test_transparency_becomes_white_paper(tmp_path: Path) -> None:
    """PDF/A pages of scans carry no transparency."""
    image = Image.new("RGBA", (paper.WIDTH, paper.HEIGHT), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (50, 50, 100, 100))
    original = paper.saved(tmp_path / "o.png", image, "PNG")
    pdf, renditions = paper.assembled(original, PNG, tmp_path / "out")
    flat = paper.picture_in(pdf).convert("L")
    assert renditions[0].startswith("recode:")
    assert (flat.getpixel((10, 10)), flat.getpixel((70, 70))) == (255, 0)


def test_sixteen_bit_grey_becomes_eight(tmp_path: Path) -> None:
    """By its full scale: white paper stays white."""
    values = np.full((100, 100), 65_535, np.uint16)
    values[:, :50] = 32_768
    image = Image.fromarray(values)
    original = paper.saved(tmp_path / "o.png", image, "PNG")
    pdf, _ = paper.assembled(original, PNG, tmp_path / "out")
    grey = paper.picture_in(pdf).convert("L")
    assert (grey.getpixel((10, 10)), grey.getpixel((90, 90))) == (128, 255)


def test_a_damaged_png_is_decoded_as_far_as_it_goes(tmp_path: Path) -> None:
    """Data that do not unpack to what the header says are never passed on."""
    data = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG").read_bytes()
    (tmp_path / "o.png").write_bytes(data[: len(data) * 2 // 3])
    _, renditions = paper.assembled(tmp_path / "o.png", PNG, tmp_path / "out")
    assert renditions[0].startswith("recode:")


@pytest.mark.parametrize(
    ("kind", "media_type", "options", "expected"),
    [
        ("JPEG2000", "image/jp2", {"irreversible": False}, "pass:jpx"),
        ("WEBP", "image/webp", {"lossless": True}, "recode:flate"),
        ("WEBP", "image/webp", {"quality": 80}, "recode:jpeg"),
        ("BMP", "image/bmp", {}, "recode:flate"),
        ("GIF", "image/gif", {}, "recode:flate"),
    ],
)
def test_other_formats(
    tmp_path: Path, kind: str, media_type: str, options: dict[str, object], expected: str
) -> None:
    """Lossless sources stay lossless; lossy ones become JPEG where PDF/A has no place for them."""
    sheet = paper.sheet("RGB")
    original = tmp_path / "o"
    sheet.save(original, kind, **options)
    pdf, renditions = paper.assembled(original, media_type, tmp_path / "out")
    assert renditions == (expected,)
    assert paper.difference(paper.shown(pdf), sheet) < 4


def test_a_bare_jpeg2000_codestream_is_wrapped(tmp_path: Path) -> None:
    """PDF takes only the boxed form; the codestream inside is untouched."""
    original = tmp_path / "o.j2k"
    paper.sheet("L").save(original, "JPEG2000", no_jp2=True)
    pdf, renditions = paper.assembled(original, "image/jp2", tmp_path / "out")
    assert renditions == ("pass:jpx",)
    assert _raw(pdf)[0].endswith(original.read_bytes())
    assert paper.difference(paper.picture_in(pdf), paper.sheet("L")) < 3


def test_the_page_has_the_paper_s_size(tmp_path: Path) -> None:
    """From pixels and dpi of the reading; without a dpi it is fitted into a letter sheet."""
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    with_dpi, _ = paper.assembled(original, PNG, tmp_path / "a")
    without, _ = paper.assembled(original, PNG, tmp_path / "b", [paper.reading(dpi=None)])
    with pikepdf.open(with_dpi) as first, pikepdf.open(without) as second:
        assert [float(v) for v in first.pages[0].MediaBox] == [0, 0, 306, 396]
        assert [float(v) for v in second.pages[0].MediaBox] == [0, 0, 612, 792]


def test_size_stays_near_the_original(tmp_path: Path) -> None:
    """At most 1.3 times the bytes plus 20 kB a page where coded data pass."""
    for name, image, kind, media_type, options in (
        ("a.tif", paper.sheet("1", (1700, 2200)), "TIFF", TIFF, {"compression": "group4"}),
        ("b.jpg", paper.sheet("RGB", (1700, 2200)), "JPEG", JPEG, {"quality": 75}),
        ("c.png", paper.sheet("L", (1700, 2200)), "PNG", PNG, {}),
    ):
        original = paper.saved(tmp_path / name, image, kind, **options)
        pdf, _ = paper.assembled(original, media_type, tmp_path / f"{name}.out")
        assert pdf.stat().st_size <= 1.3 * original.stat().st_size + 20_000


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    """So that a document assembled again after a crash is the same document."""
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    first, _ = paper.assembled(original, PNG, tmp_path / "a")
    second, _ = paper.assembled(original, PNG, tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
