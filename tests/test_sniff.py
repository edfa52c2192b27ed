"""Types by the bytes, wholeness by structure, clutter by name."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from scanindex import sniff
from tests.pages.make_odd_files import HEIGHT, MAKERS, WIDTH, saved, tags, tiff

WHOLE = {
    "tiff_g4_one_strip.tif": "image/tiff",
    "tiff_g4_strips.tif": "image/tiff",
    "tiff_big.tif": "image/tiff",
    "tiff_three_pages.tif": "image/tiff",
    "tiff_jpeg_ycbcr.tif": "image/tiff",
    "jpeg_colour.jpg": "image/jpeg",
    "jpeg_progressive.jpg": "image/jpeg",
    "jpeg_trailing_junk.jpg": "image/jpeg",
    "png_1_bit.png": "image/png",
    "png_palette_transparent.png": "image/png",
    "bmp_1_bit.bmp": "image/bmp",
    "bmp_24_bit.bmp": "image/bmp",
    "webp_lossy.webp": "image/webp",
    "webp_two_frames.webp": "image/webp",
    "gif_two_frames.gif": "image/gif",
    "jp2_grey.jp2": "image/jp2",
    "jp2_codestream.j2k": "image/jp2",
    "heic_grey.heic": "image/heic",
    "pdf_grey_jpeg.pdf": "application/pdf",
    "pdf_born_digital.pdf": "application/pdf",
    "pdf_incremental.pdf": "application/pdf",
    "pdf_leading_junk.pdf": "application/pdf",
}


def type_of(data: bytes) -> str | None:
    return sniff.media_type(io.BytesIO(data))


def is_whole(data: bytes) -> bool:
    return sniff.is_whole(io.BytesIO(data), len(data))


@pytest.mark.parametrize(("name", "expected"), WHOLE.items())
def test_known_formats_are_told_and_whole(name: str, expected: str) -> None:
    data = MAKERS[name]()
    assert type_of(data) == expected
    assert is_whole(data)


@pytest.mark.parametrize("name", [n for n in WHOLE if n != "jpeg_trailing_junk.jpg"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_cut_files_are_not_whole(name: str, share: float) -> None:
    """As a copy looks that is still going on."""
    data = MAKERS[name]()
    assert not is_whole(data[: max(12, int(len(data) * share))])


@pytest.mark.parametrize("name", [n for n in WHOLE if not n.startswith(("bmp", "webp", "jpeg_trailing"))])
def test_preallocated_files_are_not_whole(name: str) -> None:
    """Full size from the start, zeros where the rest will come."""
    data = MAKERS[name]()
    half = len(data) // 2
    assert not is_whole(data[:half] + bytes(len(data) - half))


def test_a_tail_that_came_first_is_not_enough() -> None:
    """Some copies write the end first: the end mark is there, the table it points to is not."""
    data = MAKERS["pdf_grey_jpeg.pdf"]()
    assert not is_whole(data[:100] + bytes(len(data) - 130) + data[-30:])


def test_a_sick_but_complete_file_is_whole() -> None:
    """Waiting would not heal it; the page stage says what is wrong."""
    for name in ("tiff_loop.tif", "pdf_xref_broken.pdf", "pdf_glued.pdf", "pdf_user_password.pdf"):
        assert is_whole(MAKERS[name]())


def test_white_pages_are_not_taken_for_missing_ones() -> None:
    """Raw pixels of empty paper are zeros where the file says that zero is white."""
    blank = bytes((WIDTH + 7) // 8 * HEIGHT)
    assert is_whole(tiff([(tags(1, 1, 0), (blank,))]))
    assert not is_whole(tiff([(tags(1, 1, 1), (blank,))]))
    for compression in ("tiff_adobe_deflate", "packbits", "group4", "tiff_lzw"):
        assert is_whole(saved(Image.new("1", (1700, 2200), 0), "TIFF", compression=compression)), compression


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 5000,
        b"hello",
        b"/tmp/other.png\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"PK\x03\x04" + bytes(100),
        b"BM" + b"\xff" * 100,
        b"RIFF\0\0\0\0WAVE",
        b"\0\0\0\x20ftypavif\0\0\0\0mif1avif",
        b"\0\0\0\x20ftypisom\0\0\0\0isommp42",
        b" " * 2000 + b"%PDF-1.4",
    ],
)
def test_everything_else_is_unknown_and_whole(data: bytes) -> None:
    assert type_of(data) is None
    assert is_whole(data)


def test_garbage_behind_a_known_head_never_raises() -> None:
    """Random bytes, cuts and flips of every format: an answer each time."""
    source = random.Random(5)
    for name in WHOLE:
        data = bytearray(MAKERS[name]()[:6000])
        for _ in range(30):
            broken = bytearray(data[: source.randrange(4, len(data))])
            for _ in range(source.randrange(20)):
                broken[source.randrange(len(broken))] = source.randrange(256)
            assert type_of(bytes(broken)) in {*WHOLE.values(), None}
            assert is_whole(bytes(broken)) in (True, False)


def test_loops_and_huge_counts_end() -> None:
    """A directory that points at itself, one with 65,535 entries, a PNG of empty chunks."""
    assert is_whole(b"II*\0\x08\0\0\0\0\0\x08\0\0\0" + bytes(20)) is False
    assert is_whole(b"II*\0\x08\0\0\0\xff\xff" + b"\x01" * 3000) is False
    assert is_whole(b"\x89PNG\r\n\x1a\n" + (b"\0\0\0\0aaaa" + bytes(4)) * 3000) is False


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "Thumbs.db",
        "THUMBS.DB",
        "desktop.ini",
        "~$letter.docx",
        ".~lock.scan.pdf#",
        "._scan.pdf",
        "scan.pdf.part",
        "scan.partial",
        "scan.tmp",
        "SCAN.TMP",
        "scan.pdf.crdownload",
        "scan.pdf.filepart",
        ".nfs0000a1",
        ".smbdelete12",
        ".fuse_hidden01",
        "@eaDir",
        ".stfolder",
        ".hidden.pdf",
        "preset.toml",
        "README.md",
    ],
)
def test_clutter(name: str) -> None:
    assert sniff.is_clutter(name)


@pytest.mark.parametrize(
    "name",
    ["SCAN0001.PDF", "part 2.pdf", "tmp.pdf", "~smith.pdf", "a.part.pdf", "-rf.tif", "\udcff.tif", "scan"],
)
def test_scans_are_not_clutter(name: str) -> None:
    assert not sniff.is_clutter(name)


def test_a_palette_may_begin_with_white() -> None:
    """Zeros at the end of raw palette pixels are paper, not space that was reserved."""
    page = Image.new("P", (600, 800), 0)
    page.putpalette([255, 255, 255, 0, 0, 0])
    data = saved(page, "TIFF")

    assert sniff.is_whole(io.BytesIO(data), len(data))
