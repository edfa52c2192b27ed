"""Picture files: every format, colour mode and orientation ends as the same grey page."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanindex.errors import CorruptFile, EmptyFile, OversizeFile, ScanindexError, UnknownFormat
from scanindex.pages import g4
from scanindex.settings import PagesSettings
from tests.pages.conftest import Odd
from tests.pages.look import damage, distance, inspected, raster_of, upright
from tests.pages.make_odd_files import HEIGHT, LINES, MAKERS, WIDTH, damaged, letter

LOSSLESS = 0.2
"""Grey levels of mean difference that rounding and JPEG at quality 90 leave."""
THRESHOLDED = 1.0
COLOURED = 2.0
"""Stamp and highlighter of the coloured page count as difference."""


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("tiff_uncompressed.tif", LOSSLESS),
        ("tiff_packbits.tif", LOSSLESS),
        ("tiff_deflate.tif", LOSSLESS),
        ("tiff_16_bit.tif", LOSSLESS),
        ("tiff_16_bit_white_is_zero.tif", LOSSLESS),
        ("tiff_12_bit.tif", LOSSLESS),
        ("tiff_12_bit_in_16.tif", LOSSLESS),
        ("tiff_4_bit.tif", LOSSLESS),
        ("tiff_float.tif", LOSSLESS),
        ("tiff_alpha.tif", LOSSLESS),
        ("tiff_lzw_rgb.tif", COLOURED),
        ("tiff_jpeg_ycbcr.tif", COLOURED),
        ("tiff_cmyk.tif", COLOURED),
        ("tiff_lab.tif", COLOURED),
        ("tiff_palette.tif", COLOURED),
        ("jpeg_colour.jpg", COLOURED),
        ("jpeg_cmyk.jpg", COLOURED),
        ("jpeg_progressive.jpg", LOSSLESS),
        ("jpeg_no_unit.jpg", LOSSLESS),
        ("jpeg_trailing_junk.jpg", LOSSLESS),
        ("png_16_bit.png", LOSSLESS),
        ("png_alpha.png", LOSSLESS),
        ("png_palette_transparent.png", LOSSLESS),
        ("png_colour.png", COLOURED),
        ("bmp_24_bit.bmp", COLOURED),
        ("webp_lossless.webp", LOSSLESS),
        ("webp_lossy.webp", COLOURED),
        ("jp2_grey.jp2", LOSSLESS),
        ("jp2_codestream.j2k", COLOURED),
    ],
)
def test_grey_and_colour_modes_show_the_page(odd: Odd, name: str, most: float) -> None:
    """Black ink on white paper whatever the file's way of saying so, and no damage reported."""
    raster = raster_of(odd(name))
    assert raster.pixels.dtype == np.uint8
    assert raster.pixels.shape == (HEIGHT, WIDTH)
    assert distance(raster.pixels) < most
    assert not raster.is_bilevel
    assert raster.problems == () == inspected(odd(name)).problems


@pytest.mark.parametrize(
    "name",
    [
        "tiff_g4_one_strip.tif",
        "tiff_g4_strips.tif",
        "tiff_g4_fill_order_2.tif",
        "tiff_big.tif",
        "tiff_g3.tif",
        "png_1_bit.png",
        "bmp_1_bit.bmp",
    ],
)
def test_one_bit_pages_are_bilevel(odd: Odd, name: str) -> None:
    raster = raster_of(odd(name))
    assert raster.is_bilevel
    assert distance(raster.pixels) < THRESHOLDED
    assert set(np.unique(raster.pixels)) == {0, 255}
    assert raster.problems == ()


def test_photometric_interpretation_is_obeyed(odd: Odd) -> None:
    """The same codes under "black is zero" are a negative: not corrected behind the file's back."""
    negative = raster_of(odd("tiff_g4_black_is_zero.tif"))
    assert distance(255 - negative.pixels) < THRESHOLDED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_becomes_a_turn(odd: Odd, orientation: int) -> None:
    """The stored frame stays (mirrors are undone); turning by rotation_degrees makes it upright."""
    raster = raster_of(odd(f"jpeg_exif_{orientation}.jpg"))
    assert raster.rotation_degrees == {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}[orientation]
    assert distance(upright(raster)) < LOSSLESS


@pytest.mark.parametrize(("name", "turn"), [("tiff_turned_6.tif", 90), ("tiff_mirrored_5.tif", 270)])
def test_tiff_orientation_leaves_the_stored_frame(odd: Odd, name: str, turn: int) -> None:
    raster = raster_of(odd(name))
    assert raster.pixels.shape == (WIDTH, HEIGHT)
    assert raster.rotation_degrees == turn
    assert distance(upright(raster)) < LOSSLESS


def test_coloured_ink_stays_and_highlighter_goes_light(odd: Odd) -> None:
    pixels = raster_of(odd("png_colour.png")).pixels
    assert pixels[740, 502] < 110, "red stamp"
    assert pixels[240, 490] > 200, "yellow marker"


@pytest.mark.parametrize(
    ("name", "dpi"),
    [
        ("tiff_g4_one_strip.tif", 100.0),
        ("tiff_unit_cm.tif", 200.66),
        ("tiff_unit_none.tif", None),
        ("jpeg_no_unit.jpg", None),
        ("png_1_bit.png", 100.0),
    ],
)
def test_resolution_only_where_the_file_knows_it(odd: Odd, name: str, dpi: float | None) -> None:
    assert raster_of(odd(name)).dpi == (pytest.approx(dpi, abs=0.1) if dpi else None)


@pytest.mark.parametrize("dpi", [(72, 72), (96, 96), (1, 1), (30_000, 30_000)])
def test_resolutions_of_those_who_do_not_know_are_not_believed(tmp_path: Path, dpi: tuple[int, int]) -> None:
    """72 dpi on 3,400 pixels would be a sheet of 47 inches."""
    path = tmp_path / "phone.jpg"
    letter().resize((2600, 3400)).save(path, "JPEG", dpi=dpi)
    assert raster_of(path).dpi is None


@pytest.mark.parametrize("name", ["tiff_fax_204_98.tif", "jpeg_fax_shape.jpg"])
def test_non_square_pixels_are_squared(odd: Odd, name: str) -> None:
    raster = raster_of(odd(name))
    assert raster.pixels.shape == (round(HEIGHT * 204 / 98), WIDTH)
    assert raster.dpi == 204.0
    assert "note:non_square" in raster.problems
    assert not damage(raster.problems)


def test_each_tiff_page_is_its_own(odd: Odd) -> None:
    """Three pages of different modes in one file, in order."""
    path = odd("tiff_three_pages.tif")
    assert inspected(path).page_count == 3
    assert [raster_of(path, n).is_bilevel for n in (1, 2, 3)] == [True, False, False]
    assert distance(raster_of(path, 2).pixels) < LOSSLESS < distance(raster_of(path, 3).pixels) < COLOURED


@pytest.mark.parametrize("name", ["gif_two_frames.gif", "webp_two_frames.webp"])
def test_frames_are_pages(odd: Odd, name: str) -> None:
    path = odd(name)
    assert inspected(path).page_count == 2
    assert distance(raster_of(path, 1).pixels) < LOSSLESS
    assert distance(np.rot90(raster_of(path, 2).pixels, 2)) < LOSSLESS


def test_heic_is_read(odd: Odd) -> None:
    raster = raster_of(odd("heic_grey.heic"))
    expected = np.asarray(letter(), int)[: raster.pixels.shape[0], : raster.pixels.shape[1]]
    assert raster.pixels.shape == (272, 848)
    assert np.abs(raster.pixels.astype(int) - expected).mean() < 0.5  # video levels, 16 to 235
    assert inspected(odd("heic_grey.heic")).page_count == 1


def test_a_page_beyond_the_last_is_refused(odd: Odd) -> None:
    for name in ("tiff_three_pages.tif", "jpeg_colour.jpg", "heic_grey.heic", "gif_two_frames.gif"):
        with pytest.raises(CorruptFile):
            raster_of(odd(name), 9)


# --- damage -------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "jpeg_cut_third.jpg",
        "png_cut_third.png",
        "bmp_cut_third.bmp",
        "gif_cut_third.gif",
        "jp2_cut_third.jp2",
    ],
)
def test_cut_pictures_give_what_they_have_and_say_so(odd: Odd, name: str) -> None:
    assert damage(inspected(odd(name)).problems) == {"truncated_image"}
    raster = raster_of(odd(name))
    assert "truncated_image" in raster.problems
    assert raster.pixels.size > 0


def test_a_cut_jpeg_shows_its_upper_part(odd: Odd) -> None:
    pixels = raster_of(odd("jpeg_cut_third.jpg")).pixels
    assert np.abs(pixels[:140].astype(int) - np.asarray(letter(), int)[:140]).mean() < LOSSLESS


def test_a_cut_heic_is_counted_but_its_page_fails(odd: Odd) -> None:
    """The decoder gives nothing of it; the page is still accounted for."""
    assert inspected(odd("heic_cut_third.heic")).page_count == 1
    assert "truncated_image" in inspected(odd("heic_cut_third.heic")).problems
    with pytest.raises(CorruptFile):
        raster_of(odd("heic_cut_third.heic"))


@pytest.mark.parametrize(
    "name",
    ["jpeg_zero_block.jpg", "png_zero_block.png", "tiff_g4_zero_block.tif", "tiff_jpeg_zero_block.tif"],
)
def test_zeroed_blocks_are_noticed(odd: Odd, name: str) -> None:
    """Readers show such pages without a word."""
    assert damage(raster_of(odd(name)).problems)


def test_a_g4_strip_that_ends_early_is_noticed(odd: Odd) -> None:
    """The decoder fills up with white: only the codes tell."""
    assert raster_of(odd("tiff_cut_strip.tif")).problems == ("truncated_image",)


def test_codes_that_closed_before_what_follows_them_are_whole() -> None:
    """Some scanner programs copy the TIFF directory into the PDF along with the strip."""
    end_of_block = (0x001001).to_bytes(3, "big")
    assert not g4.is_short(b"\x26\xa1" + end_of_block + b"\x01\x03\x00\x28" * 60, 500)
    assert g4.is_short(b"\x26\xa1" + b"\x01\x03\x00\x28" * 60, 500)


def test_pixels_beyond_the_end_of_a_tiff_are_noticed(odd: Odd) -> None:
    assert inspected(odd("tiff_strip_beyond_end.tif")).problems == ("truncated_image",)
    assert damage(raster_of(odd("tiff_strip_beyond_end.tif")).problems)
    assert inspected(odd("tiff_directory_beyond_end.tif")).problems == ("truncated_image",)


def test_a_loop_of_tiff_pages_ends(odd: Odd) -> None:
    info = inspected(odd("tiff_loop.tif"))
    assert (info.page_count, info.problems) == (2, ("page_chain_loop",))


@pytest.mark.parametrize("name", ["tiff_bomb.tif", "png_bomb.png", "jpeg_huge_header.jpg"])
def test_absurd_dimensions_are_refused_before_decoding(odd: Odd, name: str) -> None:
    with pytest.raises(OversizeFile):
        inspected(odd(name))
    with pytest.raises(OversizeFile):
        raster_of(odd(name))


def test_too_many_pages_are_refused(odd: Odd) -> None:
    few = PagesSettings(max_pages=1)
    for name in ("tiff_three_pages.tif", "gif_two_frames.gif", "webp_two_frames.webp"):
        with pytest.raises(OversizeFile):
            inspected(odd(name), few)


@pytest.mark.parametrize(
    "name", ["jpeg_colour.jpg", "tiff_g4_one_strip.tif", "jp2_grey.jp2", "png_colour.png"]
)
def test_large_pages_are_scaled_down_for_reading(odd: Odd, name: str) -> None:
    """Not refused: resolution falls with the size, and the raster says so."""
    small = PagesSettings(max_pixels=WIDTH * HEIGHT // 2)
    raster = raster_of(odd(name), settings=small)
    assert raster.pixels.size <= small.max_pixels
    assert distance(cv2_enlarged(raster.pixels)) < 8
    assert raster.dpi is None or raster.dpi == pytest.approx(100 * raster.pixels.shape[1] / WIDTH, rel=0.01)
    assert not raster.is_bilevel
    assert "note:reduced" in raster.problems


def cv2_enlarged(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def test_not_a_picture(odd: Odd) -> None:
    with pytest.raises(UnknownFormat):
        inspected(odd("text.tif"))
    with pytest.raises(CorruptFile):
        inspected(odd("garbage.tif"))
    with pytest.raises(EmptyFile):
        inspected(odd("empty.pdf"))


def test_postscript_never_reaches_a_reader(tmp_path: Path) -> None:
    """Pillow would start Ghostscript for it, were the format not pinned."""
    path = tmp_path / "page.tif"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n{} loop\n%%EOF\n")
    with pytest.raises(UnknownFormat):
        inspected(path)
    with pytest.raises(CorruptFile):
        from scanindex import pages

        pages.rasterise(path, "image/tiff", 1, PagesSettings())


def test_the_folder_is_made_the_same_each_time() -> None:
    for name in ("tiff_g4_strips.tif", "pdf_glued.pdf", "heic_grey.heic", "gif_two_frames.gif"):
        assert MAKERS[name]() == MAKERS[name]()
    assert len(MAKERS) >= 60
    assert len(LINES) == 8
    assert io.BytesIO(MAKERS["png_1_bit.png"]()).read(4) == b"\x89PNG"


# --- two files in one ---------------------------------------------------------
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("jpeg_colour.jpg", "jpeg_progressive.jpg"),
        ("jpeg_colour.jpg", "pdf_grey_jpeg.pdf"),
        ("png_colour.png", "png_1_bit.png"),
        ("png_colour.png", "tiff_g3.tif"),
        ("gif_two_frames.gif", "gif_two_frames.gif"),
        ("tiff_g4_strips.tif", "tiff_packbits.tif"),
        ("tiff_g4_strips.tif", "pdf_grey_jpeg.pdf"),
        ("bmp_24_bit.bmp", "pdf_grey_jpeg.pdf"),
    ],
)
def test_a_second_file_behind_a_picture_is_noticed(tmp_path: Path, first: str, second: str) -> None:
    """Every reader shows the first one only: the second would be lost."""
    path = tmp_path / first
    path.write_bytes(MAKERS[first]() + MAKERS[second]())

    assert "glued_files" in inspected(path).problems


def test_a_pdf_in_the_comment_of_a_jpeg_is_noticed(tmp_path: Path) -> None:
    """Such a file is either, as its reader likes."""
    picture, inner = MAKERS["jpeg_colour.jpg"](), MAKERS["pdf_no_media_box.pdf"]()
    comment = b"\xff\xfe" + (len(inner) + 2).to_bytes(2, "big") + inner
    (tmp_path / "both.jpg").write_bytes(picture[:2] + comment + picture[2:])

    assert "glued_files" in inspected(tmp_path / "both.jpg").problems


@pytest.mark.parametrize("name", sorted(n for n in MAKERS if not n.startswith("pdf") and n[-3:] != "pdf"))
def test_no_single_picture_counts_as_two(odd: Odd, name: str) -> None:
    """Camera notes, thumbnails and what writers leave between pages are no second file."""
    assert "glued_files" not in damage_told(odd(name))


def damage_told(path: Path) -> tuple[str, ...]:
    try:
        return inspected(path).problems
    except ScanindexError:
        return ()


def test_previews_that_the_header_announces_are_no_second_file(tmp_path: Path) -> None:
    """Cameras append them (multi-picture format)."""
    path = tmp_path / "camera.jpg"
    letter().save(path, "MPO", save_all=True, append_images=[letter().resize((85, 110))])

    assert inspected(path).problems == ()


# --- holes that decoders draw over -----------------------------------------------
@pytest.mark.parametrize("name", ["jp2_grey.jp2", "jp2_codestream.j2k", "webp_lossy.webp"])
def test_a_lost_sector_in_arithmetic_codes_is_noticed(tmp_path: Path, name: str) -> None:
    """JPEG 2000 and lossy WebP have no checksum, and their decoders never complain."""
    data = MAKERS[name]()
    (tmp_path / name).write_bytes(damaged(data, len(data) // 2, 512))

    assert "damaged_image" in inspected(tmp_path / name).problems
    assert "damaged_image" in raster_of(tmp_path / name).problems


def test_a_webp_whose_end_never_came_is_noticed(tmp_path: Path) -> None:
    """Its size was reserved, its last third are zeros."""
    data = MAKERS["webp_lossy.webp"]()
    (tmp_path / "a.webp").write_bytes(damaged(data, len(data) * 2 // 3, len(data) - len(data) * 2 // 3))

    assert "damaged_image" in inspected(tmp_path / "a.webp").problems


@pytest.mark.parametrize("kind", ["JPEG2000", "WEBP"])
def test_white_paper_has_no_hole(tmp_path: Path, kind: str) -> None:
    """The longest run of zeros that an empty page makes is far from a sector's."""
    path = tmp_path / "white"
    Image.new("L", (1700, 2200), 255).save(path, kind)

    assert inspected(path).problems == ()


# --- huge pages -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "shrink"),
    [("png_colour.png", 2), ("tiff_lzw_rgb.tif", 2), ("tiff_deflate.tif", 2), ("tiff_cmyk.tif", 2)],
)
def test_pages_of_four_times_the_pixels_are_read_at_half_the_size(odd: Odd, name: str, shrink: int) -> None:
    """The limit is 100 million pixels: 20,000 x 20,000 are read, in colour too."""
    settings = PagesSettings(max_pixels=WIDTH * HEIGHT // (shrink * shrink))
    raster = raster_of(odd(name), settings=settings)
    assert raster.pixels.shape == (HEIGHT // shrink, WIDTH // shrink)
    assert raster.dpi in (None, pytest.approx(100 / shrink, abs=0.1))
    assert "note:reduced" in raster.problems
    assert distance(cv2_enlarged(raster.pixels)) < 8
    assert not damage(inspected(odd(name), settings).problems)
