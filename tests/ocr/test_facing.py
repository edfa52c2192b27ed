"""Two facing pages in one scan, told from landscape pages and read one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from scanindex.clean import find_gutter
from scanindex.model import PageReading
from scanindex.ocr import Engines, open_engines, read_page
from scanindex.settings import OcrSettings
from tests.ocr import papers

SETTINGS = OcrSettings(second_reader=False)
LEFT = ["Orchard Lane Clinic", "The knee bends to ninety degrees.", "Walks with one stick now."] * 5
RIGHT = ["Seen by Dr Wexford", "No fever since Tuesday.", "Stitches come out next week."] * 5


@pytest.fixture(scope="module")
def engines() -> Engines:
    return open_engines(SETTINGS)


def facing(left_degrees: float = 0.0, right_degrees: float = 0.0, fold: int = 255) -> papers.Grey:
    """Two letter pages side by side at 150 dpi; fold: grey of the gutter's middle."""
    halves = [
        papers.crooked(papers.lines_page(lines, 150, 11, top), degrees)
        for lines, top, degrees in ((LEFT, 1.0, left_degrees), (RIGHT, 1.37, right_degrees))
    ]
    page = np.hstack(halves)
    middle = page.shape[1] // 2
    page[:, middle - 4 : middle + 4] = np.minimum(page[:, middle - 4 : middle + 4], fold)
    return page


def table() -> papers.Grey:
    """A landscape page with two columns whose rows belong together, nothing between."""
    page = np.full((1275, 1650), 255, np.uint8)
    for left, lines in ((100, LEFT), (950, RIGHT)):
        column = papers.lines_page(lines, 150, 11, 1.0)[:, 120:750]
        page[: column.shape[0], left : left + column.shape[1]] = column[:1275]
    return page


def texts(reading: PageReading) -> list[str]:
    return [word.text for word in reading.words]


def test_the_gutter_lies_between_the_pages() -> None:
    """Found to a quarter of an inch, by the shadow of the fold or by crookedness apart."""
    for page in (facing(fold=120), facing(1.0, -1.0)):
        gutter = find_gutter(page, 150)
        assert gutter is not None
        assert abs(gutter - page.shape[1] / 2) < 40


def test_a_table_across_a_landscape_page_is_one_page() -> None:
    """Its rows go on at the right, so its halves must not be read apart."""
    assert find_gutter(table(), 150) is None


def test_a_page_with_print_across_the_middle_is_one_page() -> None:
    """Whatever the paper's shape."""
    page = facing(1.0, -1.0)
    page[600:612, 300:-300] = 0
    assert find_gutter(page, 150) is None


def test_a_portrait_page_is_one_page() -> None:
    """Columns of an upright page are left to layout analysis."""
    assert find_gutter(papers.chart_page(4)[0], 200) is None


def test_left_is_read_before_right(engines: Engines) -> None:
    """No line holds words of both pages, and the scan says that it was two."""
    page = facing(1.2, -0.8)
    reading = read_page(papers.raster(page, 150), SETTINGS, engines)
    assert "note:facing_pages" in reading.problems
    assert texts(reading) == " ".join(LEFT + RIGHT).split()
    middle = page.shape[1] // 2
    sides: dict[int, set[bool]] = {}
    for word in reading.words:
        sides.setdefault(word.line_no, set()).add(word.box.left_px >= middle)
    assert all(len(found) == 1 for found in sides.values())


def test_facing_pages_lying_on_their_side_come_out_upright(engines: Engines) -> None:
    """The turn is settled first; then left is left."""
    page = papers.turned(facing(1.0, -1.0), 90)
    reading = read_page(papers.raster(page, 150), SETTINGS, engines)
    assert reading.rotation_degrees == 270
    assert (reading.width_px, reading.height_px) == (page.shape[0], page.shape[1])
    assert texts(reading)[:3] == ["Orchard", "Lane", "Clinic"]
    assert "note:facing_pages" in reading.problems
