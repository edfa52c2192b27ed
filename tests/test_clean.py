"""Cleaning: each step only where it is needed, and boxes find their way back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanindex.clean import likely_dpi, prepare, reading_scale, skew_degrees, whiten_scanner_edges
from scanindex.model import Box
from scanindex.settings import OcrSettings
from tests.ocr import papers

SETTINGS = OcrSettings()


def test_a_good_page_is_left_alone() -> None:
    """No step runs on a clean, straight page of 200 dpi: none is free of harm."""
    page, _ = papers.chart_page()
    cleaned = prepare(papers.raster(page), 0, SETTINGS)
    assert cleaned.steps == ()
    assert np.array_equal(cleaned.pixels, page)


def test_the_raster_is_not_changed() -> None:
    """The archived picture keeps its pixels whatever reading needs."""
    page = papers.bordered(papers.crooked(papers.stained(papers.chart_page()[0]), 2))
    before = page.copy()
    prepare(papers.raster(page), 90, SETTINGS)
    assert np.array_equal(page, before)


@pytest.mark.parametrize(
    ("dpi", "is_bilevel", "reading_dpi"),
    [(100, False, 200), (149, False, 200), (150, False, 150), (200, True, 200), (300, False, 200),
     (300, True, 200), (600, True, 200), (100, True, 100)],
)  # fmt: skip
def test_resolution_for_reading(dpi: float, is_bilevel: bool, reading_dpi: float) -> None:
    """Grey pages below 150 dpi grow, dense ones shrink, and 1-bit pages never grow."""
    assert dpi * reading_scale(dpi, is_bilevel, 1000, 200) == pytest.approx(reading_dpi)


def test_reading_pixels_are_bounded() -> None:
    """A wall chart does not take a worker's memory."""
    assert 20_000 * reading_scale(200, False, 20_000, 200) <= 6_000


@pytest.mark.parametrize("degrees", [-5.0, -1.3, 0.6, 3.0])
def test_levels_a_crooked_page(degrees: float) -> None:
    """The measured turn undoes the crookedness to a quarter of a degree."""
    page = papers.crooked(papers.chart_page()[0], degrees)
    assert skew_degrees(page, 200) == pytest.approx(-degrees, abs=0.25)
    cleaned = prepare(papers.raster(page), 0, SETTINGS)
    assert "deskew" in cleaned.steps
    assert abs(skew_degrees(cleaned.pixels, 200)) < 0.3


@pytest.mark.parametrize(("dpi", "degrees"), [(200, 0.0), (100, 0.0), (300, 0.0), (100, -3.0)])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_boxes_map_back_to_the_upright_page(dpi: int, degrees: float, turn: int) -> None:
    """A mark found on the cleaned pixels is where it is on the upright page image."""
    page = papers.lines_page(["The wound is dry and closed."] * 30, dpi)
    page[round(9.5 * dpi) : round(9.7 * dpi), round(5 * dpi) : round(5.6 * dpi)] = 0
    upright = papers.crooked(page, degrees)
    cleaned = prepare(papers.raster(papers.turned(upright, (360 - turn) % 360), dpi), turn, SETTINGS)
    # The block is the only thing low on the page.
    low = cleaned.pixels[round(9.0 * cleaned.dpi) :]
    rows, columns = np.nonzero(low < 100)
    box = cleaned.box_on_page(
        Box(
            left_px=int(columns.min()),
            top_px=int(rows.min()) + round(9.0 * cleaned.dpi),
            right_px=int(columns.max()) + 1,
            bottom_px=int(rows.max()) + 1 + round(9.0 * cleaned.dpi),
        )
    )
    rows, columns = np.nonzero(upright[round(8.9 * dpi) :] < 100)
    found = (box.left_px + box.right_px) / 2, (box.top_px + box.bottom_px) / 2
    meant = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2 + round(8.9 * dpi)
    assert found == pytest.approx(meant, abs=0.03 * dpi)
    assert (cleaned.width_px, cleaned.height_px) == (upright.shape[1], upright.shape[0])


def test_mapped_boxes_stay_on_the_page() -> None:
    """Even a box at the very corner of a levelled page."""
    cleaned = prepare(papers.raster(papers.crooked(papers.chart_page()[0], 5)), 0, SETTINGS)
    height, width = cleaned.pixels.shape
    for left, top in ((0, 0), (width - 4, 0), (0, height - 4), (width - 4, height - 4)):
        box = cleaned.box_on_page(Box(left_px=left, top_px=top, right_px=left + 4, bottom_px=top + 4))
        assert 0 <= box.left_px < box.right_px <= cleaned.width_px
        assert 0 <= box.top_px < box.bottom_px <= cleaned.height_px


def test_evens_out_a_stained_background() -> None:
    """Half-dark paper becomes white paper, and the print stays dark."""
    cleaned = prepare(papers.raster(papers.stained(papers.chart_page()[0])), 0, SETTINGS)
    assert "background" in cleaned.steps
    assert np.percentile(cleaned.pixels, 20) > 225
    assert np.percentile(cleaned.pixels, 1) < 110


def test_black_scanner_edges_become_paper() -> None:
    """The slanted black bed goes, the text beside it stays."""
    page, _ = papers.chart_page()
    cleaned = whiten_scanner_edges(papers.bordered(page), 200)
    assert cleaned[:, :20].min() > 200
    inside = (slice(200, -200), slice(120, -20))
    assert np.array_equal(cleaned[inside], page[inside])


def test_white_print_on_black_bars_is_turned_round() -> None:
    """A heading in a black bar would pass for a picture."""
    page = papers.lines_page(["The wound is dry and closed."] * 5, top_inches=3)
    bar = 255 - papers.lines_page(["ALLERGIES AND WARNINGS"], top_inches=1.0)[190:250, 180:900]
    page[190:250, 180:900] = bar
    cleaned = prepare(papers.raster(page), 0, SETTINGS)
    assert "inverted" in cleaned.steps
    assert cleaned.pixels[205:240, 190:890].mean() > 180


def test_pepper_is_removed_from_a_fax() -> None:
    """Thousands of single dots go; letters keep every dot of theirs."""
    page = papers.bilevel(papers.chart_page()[0])
    cleaned = prepare(papers.raster(papers.peppered(page, 6000), is_bilevel=True), 0, SETTINGS)
    assert "despeckle" in cleaned.steps
    assert int((cleaned.pixels < 128).sum()) == pytest.approx(int((page < 128).sum()), rel=0.02)


@pytest.mark.parametrize(
    ("shape", "dpi", "likely"),
    [((2200, 1700), 200, 200), ((2200, 1700), None, 200), ((2200, 1700), 72, 200), ((1100, 850), None, 100)],
)
def test_unbelievable_resolution_is_replaced(
    shape: tuple[int, int], dpi: float | None, likely: float
) -> None:
    """A page of 30 inches is a camera's or a scanner's wrong note, not a page."""
    assert likely_dpi(papers.raster(np.full(shape, 255, np.uint8), dpi)) == pytest.approx(likely)


def test_punch_holes_become_paper() -> None:
    """Discs at the edge go; print beside them and round letters stay."""
    page, _ = papers.chart_page()
    cleaned = prepare(papers.raster(papers.holed(page)), 0, SETTINGS)
    assert "holes" in cleaned.steps
    assert np.array_equal(cleaned.pixels[:, 160:], page[:, 160:])
    assert cleaned.pixels[:, :160].min() > 200


def test_a_large_round_letter_is_no_hole() -> None:
    """Neither a ring, as large as a hole and at the margin, nor a stamp in the middle."""
    page, _ = papers.chart_page()
    cv2.circle(page, (80, 1100), 28, 0, 9)
    cv2.circle(page, (850, 2050), 28, 0, -1)
    assert "holes" not in prepare(papers.raster(page), 0, SETTINGS).steps


def test_a_small_dark_box_with_a_word_is_turned_round() -> None:
    """One word in white, half an inch wide."""
    page = papers.lines_page(["The wound is dry and closed."] * 5, top_inches=3)
    word = 255 - papers.lines_page(["STAT"], top_inches=1.0, points=12)[192:240, 185:305]
    page[192:240, 1185:1305] = word
    cleaned = prepare(papers.raster(page), 0, SETTINGS)
    assert "inverted" in cleaned.steps
    assert cleaned.pixels[198:234, 1190:1300].mean() > 150


def test_a_bold_mark_is_not_turned_round() -> None:
    """A blot or a fat letter has no dark box around bright letters."""
    page = papers.lines_page(["The wound is dry and closed."] * 5, top_inches=3)
    page[200:240, 1000:1100] = 0
    page[212:228, 1060:1100] = 255
    assert "inverted" not in prepare(papers.raster(page), 0, SETTINGS).steps


@pytest.mark.parametrize(("noise", "ink"), [(35, 140), (18, 165)])
def test_print_that_drowns_in_grain_is_brought_out(noise: int, ink: int) -> None:
    """Faded print on grainy paper becomes dark on white, lines and all."""
    page, _ = papers.chart_page(4)
    cleaned = prepare(papers.raster(papers.noisy(papers.faded(page, 200, ink), noise)), 0, SETTINGS)
    assert "grain" in cleaned.steps
    assert cleaned.pixels[page < 60].mean() < 130
    assert cleaned.pixels[page > 250].mean() > 235


def test_blur_rises_with_softness_alone() -> None:
    """0 for crisp print, near 1 where strokes melt, and grain does not hide it."""
    page, _ = papers.chart_page(4, dpi=300)
    soft = [
        np.asarray(cv2.GaussianBlur(page, (0, 0), sigma_px), np.uint8) for sigma_px in (0.6, 1.5, 3.0, 6.0)
    ]
    measured = [prepare(papers.raster(one, 300), 0, SETTINGS).measures.blur for one in soft]
    assert all(value is not None for value in measured)
    assert measured == sorted(measured, key=lambda value: value or 0.0)
    assert measured[0] is not None and measured[0] < 0.25
    assert measured[-1] is not None and measured[-1] > 0.8
    grainy = prepare(papers.raster(papers.noisy(soft[2], 6), 300), 0, SETTINGS).measures.blur
    assert grainy == pytest.approx(measured[2], abs=0.2)


def test_bilevel_pages_have_no_blur() -> None:
    """Two greys have no soft edges to measure."""
    page = papers.bilevel(papers.chart_page()[0])
    assert prepare(papers.raster(page, is_bilevel=True), 0, SETTINGS).measures.blur is None


@pytest.mark.parametrize("lines", [3, 40])
def test_contrast_is_that_of_the_print(lines: int) -> None:
    """However little print there is, and whatever the paper's grey."""
    page = papers.lines_page(["The wound is dry and closed."] * lines)
    strong = prepare(papers.raster(page), 0, SETTINGS).measures.contrast
    faint = prepare(papers.raster(papers.faded(page, 220, 160)), 0, SETTINGS).measures.contrast
    assert strong > 0.8
    assert faint == pytest.approx(60 / 255, abs=0.06)


def test_tiny_pictures_are_no_trouble() -> None:
    """One pixel is a page too, as far as nothing fails."""
    for shape in ((1, 1), (3, 40), (17, 2), (40, 3)):
        cleaned = prepare(papers.raster(np.full(shape, 90, np.uint8), 200), 0, SETTINGS)
        assert cleaned.pixels.size
