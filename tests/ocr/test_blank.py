"""Empty sides are found, and nothing that bears writing is ever taken for one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scanindex.clean import whiten_scanner_edges
from scanindex.model import PageKind, PageReading
from scanindex.ocr import open_engines, read_page
from scanindex.ocr.blank import find_marks
from scanindex.settings import OcrSettings
from tests.ocr import papers

EMPTY = np.asarray(papers.blank_paper())


def is_empty(page: papers.Grey) -> bool:
    return find_marks(whiten_scanner_edges(page, 200), 200).is_empty


def with_staple() -> papers.Grey:
    page = papers.holed(EMPTY)
    cv2.line(page, (60, 50), (110, 95), 0, 5)
    return page


def with_broken_streak() -> papers.Grey:
    page = EMPTY.copy()
    page[::3, 800:802] = 40
    page[300:340, 800:802] = 255
    return page


def with_fold() -> papers.Grey:
    page = EMPTY.copy()
    page[1100:1103] = 150
    return page


def with_hole_rims() -> papers.Grey:
    page = EMPTY.copy()
    for top in (300, 1100, 1900):
        cv2.ellipse(page, (80, top), (28, 28), 0, 20, 160, 0, 2)
    return page


def with_torn_corner() -> papers.Grey:
    page = EMPTY.copy()
    cv2.fillPoly(page, [np.array([[0, 0], [150, 0], [0, 120]], np.int32)], 20)
    return page


def with_copier_frame() -> papers.Grey:
    """The black bed of the first copy, a little inside the second."""
    page = EMPTY.copy()
    page[60:100, 60:1640] = 0
    page[60:2140, 60:90] = 0
    return page


def with_slanted_fold() -> papers.Grey:
    """Crooked, soft on one side, and broken by a thresholding scanner."""
    page = EMPTY.copy()
    cv2.line(page, (0, 1000), (1699, 1050), 90, 3)
    page[:, 400:430] = page[:, 900:990] = 255
    return page


def with_cup_ring() -> papers.Grey:
    page = EMPTY.copy()
    for start in (0, 40, 95, 150):
        cv2.ellipse(page, (900, 1200), (290, 290), start, 0, 28, 120, 6)
    return page


def with_dust() -> papers.Grey:
    page = EMPTY.copy()
    chance = np.random.default_rng(3)
    for x, y in zip(chance.integers(0, 1700, 50), chance.integers(0, 2200, 50), strict=True):
        cv2.circle(page, (int(x), int(y)), 3, 30, -1)
    return page


def with_staple_and_shadow() -> papers.Grey:
    page = EMPTY.copy()
    cv2.line(page, (64, 56), (154, 96), 170, 6)
    cv2.line(page, (60, 50), (150, 90), 30, 4)
    return page


EMPTY_SIDES = {
    "white": EMPTY,
    "grey paper": np.full_like(EMPTY, 180),
    "punch holes": papers.holed(EMPTY),
    "scanner edges": papers.bordered(papers.holed(EMPTY)),
    "crooked": papers.crooked(papers.bordered(EMPTY), 1.5, 8),
    "pepper": papers.peppered(EMPTY, 2000),
    "rough paper": papers.noisy(papers.faded(EMPTY, 225, 40), 12),
    "staple": with_staple(),
    "streak": with_broken_streak(),
    "fold": with_fold(),
    "hole rims": with_hole_rims(),
    "torn corner": with_torn_corner(),
    "copier frame": with_copier_frame(),
    "slanted fold": with_slanted_fold(),
    "cup ring": with_cup_ring(),
    "dust": with_dust(),
    "staple with its shadow": with_staple_and_shadow(),
}


@pytest.mark.parametrize("page", EMPTY_SIDES.values(), ids=EMPTY_SIDES.keys())
def test_an_empty_side_is_empty(page: papers.Grey) -> None:
    """Whatever paper and scanner leave on it."""
    assert is_empty(page)


def scrawl(grey: int, width: int) -> papers.Grey:
    page = EMPTY.copy()
    xs = np.arange(60)
    points = np.stack([300 + xs * 6, 1000 + 30 * np.sin(xs / 4) + 12 * np.sin(xs * 1.3)], axis=1)
    cv2.polylines(page, [points.astype(np.int32)], False, grey, width)
    return page


def stamp() -> papers.Grey:
    page = EMPTY.copy()
    cv2.rectangle(page, (700, 900), (1000, 1000), 60, 3)
    return page


def ruled_paper() -> papers.Grey:
    page = EMPTY.copy()
    for top in range(240, 2000, 64):
        page[top : top + 2, 80:1620] = 60
    return page


def one_line_to_sign_on() -> papers.Grey:
    page = EMPTY.copy()
    page[1500:1503, 500:1100] = 20
    return page


def word_beside_a_fold() -> papers.Grey:
    page = with_slanted_fold()
    word = papers.lines_page(["OK"], top_inches=6.0)
    return np.minimum(page, word)


USED_SIDES = {
    "one typed line": papers.lines_page(["Seen and discussed."]),
    "one word": papers.lines_page(["Refused"]),
    "two letters": papers.lines_page(["OK"]),
    "an initial": papers.lines_page(["J."], points=14),
    "small print": papers.lines_page(["no change"], points=6),
    "footer": papers.lines_page(["Form 1234-A"], points=7, top_inches=10.6),
    "close to the top edge": papers.lines_page(["Page 2 of 2"], top_inches=0.2),
    "third carbon": papers.faded(papers.lines_page(["Seen and discussed."]), 240, 195),
    "among holes and edges": papers.bordered(papers.holed(papers.lines_page(["Refused"]))),
    "pen": scrawl(90, 3),
    "pencil": scrawl(170, 2),
    "stamp": stamp(),
    "heart trace": papers.heart_trace(),
    "ruled paper": ruled_paper(),
    "a line to sign on": one_line_to_sign_on(),
    "word beside a fold": word_beside_a_fold(),
    "word beside a cup ring": np.minimum(with_cup_ring(), papers.lines_page(["OK"])),
    "word in the dust": np.minimum(with_dust(), papers.lines_page(["OK"], points=8)),
}


@pytest.mark.parametrize("page", USED_SIDES.values(), ids=USED_SIDES.keys())
@pytest.mark.parametrize("is_bilevel", [False, True])
def test_a_used_side_is_not_empty(page: papers.Grey, is_bilevel: bool) -> None:
    """Any mark the size of a word keeps the page."""
    assert not is_empty(papers.bilevel(page, 200) if is_bilevel else page)


def test_the_dots_that_thresholding_leaves_of_a_pencil_line_are_seen() -> None:
    """Each is too small to be a mark, but together they run along a line."""
    chance = np.random.default_rng(5)
    line = (scrawl(0, 1) == 0) & (chance.random(EMPTY.shape) < 0.25)
    page = np.where(line, 0, 255).astype(np.uint8)

    assert not find_marks(page, 200, is_bilevel=True).is_empty


def test_a_hairline_of_a_thresholded_scan_is_seen() -> None:
    """One pixel wide at 300 dpi: smoothing would wipe it out."""
    page = papers.blank_paper_pixels(300)
    xs = np.arange(80)
    points = np.stack([900 + xs * 6, 1500 + 45 * np.sin(xs / 5)], axis=1).astype(np.int32)
    cv2.polylines(page, [points], False, 0, 1)

    assert not find_marks(page, 300, is_bilevel=True).is_empty


def test_pepper_of_a_thresholded_empty_side_is_no_trail() -> None:
    """Dots that lie anywhere."""
    assert find_marks(papers.peppered(EMPTY, 1500), 200, is_bilevel=True).is_empty


def test_faint_ruled_paper_is_not_empty() -> None:
    """Its lines are thinner than the test's pixels."""
    page = EMPTY.copy()
    for top in range(240, 2000, 64):
        page[top, 80:1620] = 190

    assert not find_marks(papers.noisy(page, 3), 200).is_empty


def test_the_other_side_shining_through_is_blank() -> None:
    """Faint print that makes sense only from behind belongs to the other side."""
    settings = OcrSettings(second_reader=False)
    page = papers.shining_through(papers.faded(EMPTY, 245, 20), papers.chart_page(2, paragraphs=1)[0], 205)
    reading = read_page(papers.raster(papers.noisy(page, 3)), settings, open_engines(settings))
    assert (reading.kind, reading.words) == (PageKind.BLANK, ())


def test_faint_print_of_this_side_is_content() -> None:
    """As faint, but not mirrored: it is kept and read."""
    settings = OcrSettings(second_reader=False)
    page, _ = papers.chart_page(2, paragraphs=1)
    raster = papers.raster(papers.noisy(papers.faded(page, 245, 195), 3))
    reading = read_page(raster, settings, open_engines(settings))
    assert reading.kind is PageKind.CONTENT
    assert "Rosalind" in reading.text


def read(pixels: papers.Grey, *problems: str) -> PageReading:
    settings = OcrSettings(second_reader=False)
    raster = replace(papers.raster(pixels), problems=problems)
    return read_page(raster, settings, open_engines(settings))


def test_a_white_page_of_a_damaged_picture_is_not_blank() -> None:
    """Decoders draw white where the data are lost: a person must look."""
    assert read(EMPTY, "truncated_image").kind is PageKind.CONTENT
    assert read(EMPTY, "note:reduced").kind is PageKind.BLANK


def test_a_faint_page_of_a_damaged_picture_is_not_blank() -> None:
    """Nor where only the other side shines through."""
    page = papers.shining_through(papers.faded(EMPTY, 245, 20), papers.chart_page(2, paragraphs=1)[0], 205)

    assert read(papers.noisy(page, 3), "damaged_image").kind is PageKind.CONTENT


def test_a_page_too_large_to_be_read_is_not_blank() -> None:
    """Scaled down to 50 dots an inch, writing is dust."""
    settings = OcrSettings(second_reader=False)
    raster = replace(papers.raster(EMPTY), dpi=50.0, problems=("note:reduced",))

    assert read_page(raster, settings, open_engines(settings)).kind is PageKind.CONTENT


def test_a_black_picture_is_not_blank() -> None:
    """The lamp failed or the lid was open: the paper may have said anything."""
    reading = read(np.zeros_like(EMPTY))

    assert (reading.kind, reading.problems) == (PageKind.CONTENT, ("no_text",))
