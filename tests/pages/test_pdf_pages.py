"""PDF pages: own pixels where the page is a picture, a drawing elsewhere, real text only."""

from __future__ import annotations

import numpy as np
import pypdfium2
import pytest

from scanindex.errors import CorruptFile, EncryptedFile, OversizeFile
from scanindex.model import PageRaster
from scanindex.pages.pdf_text import reads_like_language
from scanindex.settings import PagesSettings
from tests.pages.conftest import Odd
from tests.pages.look import damage, distance, raster_of, upright
from tests.pages.make_odd_files import HEIGHT, LINES, WIDTH

LOSSLESS = 0.2
RENDERED = (3300, 2550)
"""A letter page at the default 300 dpi."""


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("pdf_grey_jpeg.pdf", LOSSLESS),
        ("pdf_rgb_jpeg.pdf", 2.0),
        ("pdf_cmyk_jpeg_adobe.pdf", 2.5),
        ("pdf_jpeg_in_flate.pdf", LOSSLESS),
        ("pdf_flate.pdf", LOSSLESS),
        ("pdf_flate_predictor.pdf", LOSSLESS),
        ("pdf_inverted_decode.pdf", LOSSLESS),
        ("pdf_16_bit.pdf", LOSSLESS),
        ("pdf_indexed_4_bit.pdf", LOSSLESS),
        ("pdf_jpx.pdf", LOSSLESS),
        ("pdf_in_form.pdf", LOSSLESS),
        ("pdf_link.pdf", LOSSLESS),
        ("pdf_hidden_ocr.pdf", LOSSLESS),
        ("pdf_text_under_image.pdf", LOSSLESS),
        ("pdf_leading_junk.pdf", LOSSLESS),
        ("pdf_owner_password.pdf", LOSSLESS),
        ("pdf_user_unit.pdf", LOSSLESS),
    ],
)
def test_a_page_that_is_a_picture_gives_its_own_pixels(odd: Odd, name: str, most: float) -> None:
    """At its own size and true resolution, not drawn at 300 dpi; its hidden text is not trusted."""
    raster = raster_of(odd(name))
    assert raster.pixels.shape == (HEIGHT, WIDTH)
    assert raster.dpi == pytest.approx(100, abs=0.2)
    assert distance(raster.pixels) < most
    assert raster.text_layer is None
    assert not raster.is_bilevel
    assert not damage(raster.problems)


@pytest.mark.parametrize(
    "name", ["pdf_g4.pdf", "pdf_g4_black_is_1.pdf", "pdf_g4_mask.pdf", "pdf_g3.pdf", "pdf_jbig2.pdf"]
)
def test_fax_codecs_give_their_own_pixels(odd: Odd, name: str) -> None:
    raster = raster_of(odd(name))
    assert raster.pixels.shape == (HEIGHT, WIDTH)
    assert raster.is_bilevel
    assert distance(raster.pixels) < 1.0
    assert raster.problems == ()


@pytest.mark.parametrize(
    "name",
    [
        "pdf_grey_jpeg.pdf",
        "pdf_flate_predictor.pdf",
        "pdf_g4.pdf",
        "pdf_g4_mask.pdf",
        "pdf_jpx.pdf",
        "pdf_16_bit.pdf",
    ],
)
def test_own_pixels_equal_what_pdfium_decodes(odd: Odd, name: str) -> None:
    """The lossless way and an independent renderer at the same size agree to the grey level."""
    document = pypdfium2.PdfDocument(odd(name))
    drawn = document[0].render(scale=WIDTH / 612 * (1 - 1e-7), grayscale=True, no_smoothimage=True).to_numpy()
    assert np.abs(raster_of(odd(name)).pixels.astype(int) - drawn.reshape(HEIGHT, WIDTH)).max() <= 1
    document.close()


def test_fax_pages_get_square_pixels(odd: Odd) -> None:
    raster = raster_of(odd("pdf_fax_204_98.pdf"))
    assert raster.pixels.shape == (pytest.approx(HEIGHT * 204 / 98, abs=3), WIDTH)
    assert raster.dpi == pytest.approx(204, abs=0.2)
    assert raster.problems == ("note:non_square",)
    assert raster.is_bilevel


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("pdf_flipped.pdf", 0.5),
        ("pdf_two_strips.pdf", 1.0),
        ("pdf_g4_mask_blue.pdf", 1.5),
        ("pdf_soft_mask.pdf", 3.0),
        ("pdf_clipped.pdf", 1.0),
        ("pdf_text_over_image.pdf", 1.0),
    ],
)
def test_anything_more_than_a_picture_is_drawn(odd: Odd, name: str, most: float) -> None:
    raster = raster_of(odd(name))
    assert raster.pixels.shape == RENDERED
    assert raster.dpi == 300
    assert distance(raster.pixels) < most
    assert raster.text_layer is None


@pytest.mark.parametrize("name", ["pdf_stamp.pdf", "pdf_form_field.pdf"])
def test_stamps_and_form_fields_are_not_lost(odd: Odd, name: str) -> None:
    """The black rectangle of the annotation stands on the raster."""
    pixels = raster_of(odd(name)).pixels
    scale = 300 / 72
    area = pixels[
        round((792 - 138) * scale) : round((792 - 102) * scale), round(402 * scale) : round(498 * scale)
    ]
    assert area.max() < 60


def test_text_typed_over_a_scan_is_on_the_raster(odd: Odd) -> None:
    line = raster_of(odd("pdf_text_over_image.pdf")).pixels[
        round((792 - 212) / 72 * 300) : round((792 - 198) / 72 * 300)
    ]
    assert (line < 100).sum() > 500


def test_inherited_turn_and_crop(odd: Odd) -> None:
    """Both come from the parent; the raster stays as stored, the turn is reported."""
    raster = raster_of(odd("pdf_crop_and_turn_inherited.pdf"))
    assert raster.rotation_degrees == 270
    assert raster.pixels.shape == (HEIGHT, WIDTH)
    assert distance(raster.pixels) < LOSSLESS


def test_user_unit_counts(odd: Odd) -> None:
    raster = raster_of(odd("pdf_user_unit_drawn.pdf"))
    assert raster.pixels.shape == RENDERED
    assert raster.dpi == 300


def test_huge_pages_are_drawn_smaller(odd: Odd) -> None:
    settings = PagesSettings(max_pixels=4_000_000)
    raster = raster_of(odd("pdf_huge_page.pdf"), settings=settings)
    assert 3_500_000 < raster.pixels.size <= settings.max_pixels
    assert "note:reduced" in raster.problems


@pytest.mark.parametrize(
    "name", ["pdf_no_media_box.pdf", "pdf_tree_loop.pdf", "pdf_tree_deep.pdf", "pdf_count_lies.pdf"]
)
def test_sick_page_trees_still_give_their_page(odd: Odd, name: str) -> None:
    raster = raster_of(odd(name))
    scale = 300 / 72
    assert raster.pixels[round((792 - 200) * scale), round(200 * scale)] == 0
    assert raster.pixels.shape == RENDERED


# --- damage -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("pdf_cut_jpeg.pdf", "truncated_image"),
        ("pdf_damaged_jpeg.pdf", "damaged_image"),
        ("pdf_damaged_g4.pdf", "damaged_image"),
        ("pdf_damaged_flate.pdf", "damaged_image"),
        ("pdf_damaged_content.pdf", "damaged_content"),
        ("pdf_damaged_font.pdf", "damaged_font"),
        ("pdf_cut_flate.pdf", "truncated_image"),
        ("pdf_cut_g4.pdf", "truncated_image"),
        ("pdf_cut_jpx.pdf", "truncated_image"),
        ("pdf_jbig2_cut.pdf", "truncated_image"),
        ("pdf_missing_content.pdf", "damaged_content"),
    ],
)
def test_damaged_pages_are_marked(odd: Odd, name: str, code: str) -> None:
    """Renderers show all of these without complaint."""
    assert damage(raster_of(odd(name)).problems) == {code}


def test_absurd_pictures_are_refused(odd: Odd) -> None:
    with pytest.raises(OversizeFile):
        raster_of(odd("pdf_bomb_image.pdf"))


def test_unreadable_pages_raise_documented_errors(odd: Odd) -> None:
    with pytest.raises(EncryptedFile):
        raster_of(odd("pdf_user_password.pdf"))
    with pytest.raises(CorruptFile):
        raster_of(odd("pdf_header_only.pdf"))
    with pytest.raises(CorruptFile):
        raster_of(odd("pdf_grey_jpeg.pdf"), 2)


# --- text ---------------------------------------------------------------------
def lines_of(raster: PageRaster) -> list[str]:
    assert raster.text_layer is not None
    lines: dict[int, list[str]] = {}
    for word in raster.text_layer:
        lines.setdefault(word.line_no, []).append(word.text)
    return [" ".join(words) for _, words in sorted(lines.items())]


@pytest.mark.parametrize("name", ["pdf_born_digital.pdf", "pdf_logo.pdf", "pdf_born_digital_turned.pdf"])
def test_born_digital_text_is_taken_in_reading_order(odd: Odd, name: str) -> None:
    raster = raster_of(odd(name))
    assert lines_of(raster) == list(LINES)
    assert raster.text_layer is not None
    assert {(w.engine, w.confidence) for w in raster.text_layer} == {("text_layer", None)}
    assert [w.line_no for w in raster.text_layer] == sorted(w.line_no for w in raster.text_layer)


@pytest.mark.parametrize("name", ["pdf_born_digital.pdf", "pdf_born_digital_turned.pdf"])
def test_word_boxes_lie_on_the_upright_page(odd: Odd, name: str) -> None:
    """Each box, after the page's turn, frames ink on all sides and nothing else stands outside."""
    raster = raster_of(odd(name))
    page = upright(raster).copy()
    assert raster.text_layer is not None
    for word in raster.text_layer:
        box = word.box
        assert 0 <= box.left_px < box.right_px <= page.shape[1]
        assert 0 <= box.top_px < box.bottom_px <= page.shape[0]
        assert page[box.top_px : box.bottom_px, box.left_px : box.right_px].min() < 100
    for word in raster.text_layer:
        box = word.box
        page[max(0, box.top_px - 3) : box.bottom_px + 3, max(0, box.left_px - 3) : box.right_px + 3] = 255
    assert page.min() > 200


@pytest.mark.parametrize(
    "name",
    [
        "pdf_text_private_use.pdf",
        "pdf_text_shuffled.pdf",
        "pdf_text_white.pdf",
        "pdf_text_hidden_on_empty.pdf",
        "pdf_text_mostly_curves.pdf",
        "pdf_mixed.pdf",
        "pdf_hidden_ocr.pdf",
        "pdf_text_under_image.pdf",
        "pdf_stamp.pdf",
    ],
)
def test_text_that_does_not_tell_the_whole_page_is_not_trusted(odd: Odd, name: str) -> None:
    assert raster_of(odd(name)).text_layer is None


def test_language_check_knows_names_tables_and_nonsense() -> None:
    shuffled = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
    assert reads_like_language(
        "Sodium 139 mmol/L Potassium 4.1 mmol/L Chloride 101 Creatinine 0.9 mg/dL Glucose 98"
    )
    assert reads_like_language("12/03 140/85 72 98.6\n12/04 138/80 70 98.4")
    assert not reads_like_language(" ".join(LINES).lower().translate(shuffled))
    assert not reads_like_language("".join(LINES).replace(" ", ""))
    assert not reads_like_language('"7+%-')


# --- texts that were not chosen -------------------------------------------------
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pdf_hidden_ocr.pdf", "layer_is_ocr"),
        ("pdf_text_under_image.pdf", "layer_is_ocr"),
        ("pdf_text_private_use.pdf", "layer_garbage"),
        ("pdf_text_shuffled.pdf", "layer_garbage"),
        ("pdf_text_hidden_on_empty.pdf", "layer_is_ocr"),
        ("pdf_text_white.pdf", "layer_unseen"),
        ("pdf_text_mostly_curves.pdf", "layer_partial"),
        ("pdf_mixed.pdf", "layer_partial"),
    ],
)
def test_a_layer_that_is_not_trusted_is_kept_with_the_reason(odd: Odd, name: str, reason: str) -> None:
    """The page is read from its pixels, but nothing that came with the file is thrown away."""
    others = raster_of(odd(name)).other_texts
    assert [(other.source, other.reason) for other in others] == [("text_layer", reason)]
    assert others[0].text


def test_a_trusted_layer_is_no_other_text(odd: Odd) -> None:
    assert raster_of(odd("pdf_born_digital.pdf")).other_texts == ()


def test_a_page_without_a_layer_has_no_other_text(odd: Odd) -> None:
    assert raster_of(odd("pdf_grey_jpeg.pdf")).other_texts == ()
