"""Facts about pages that a person turned: read that way round, whatever they look like."""

from __future__ import annotations

import dataclasses

import pytest

from scanindex import workers
from scanindex.model import Box, PageKind, Word
from scanindex.ocr import Engines, open_engines, read_page
from scanindex.settings import OcrSettings
from scanindex.turning import BY_PERSON, turn_box, turned
from tests.ocr import papers

SETTINGS = OcrSettings()


@pytest.fixture(scope="module")
def engines() -> Engines:
    return open_engines(SETTINGS)


def test_the_turn_of_a_person_is_not_questioned(engines: Engines) -> None:
    """Also where the page reads better another way, which the machine would have chosen."""
    page, _ = papers.chart_page(2)

    reading = read_page(papers.raster(page), SETTINGS, engines, 180)

    assert (reading.rotation_degrees, BY_PERSON in reading.problems) == (180, True)
    assert (reading.width_px, reading.height_px) == (page.shape[1], page.shape[0])


def test_a_page_at_its_true_turn_reads_whole(engines: Engines) -> None:
    """Sideways in the file, upright by a person's word."""
    page, words = papers.chart_page(2)
    sideways = papers.raster(papers.turned(page, 90))

    reading = read_page(sideways, SETTINGS, engines, 270)

    read = {word.text for word in reading.words}
    assert sum(word in read for word in words) > 0.95 * len(words)
    assert (reading.width_px, reading.height_px) == (page.shape[1], page.shape[0])


def test_born_digital_words_turn_along(engines: Engines) -> None:
    """Their text stays, at the place where the turned page shows it."""
    box = Box(left_px=10, top_px=10, right_px=60, bottom_px=30)
    own = Word(text="Quill", box=box, confidence=None, engine="text_layer", line_no=1)
    page = papers.chart_page()[0]
    raster = dataclasses.replace(papers.raster(page), text_layer=(own,))

    reading = read_page(raster, SETTINGS, engines, 90)

    height = page.shape[0]
    assert reading.words[0].text == "Quill"
    assert reading.words[0].box == Box(left_px=height - 30, top_px=10, right_px=height - 10, bottom_px=60)


def test_four_quarter_turns_are_none(engines: Engines) -> None:
    """No box moves by turning a reading all the way round."""
    reading = read_page(papers.raster(papers.lines_page(["Quill feather"])), SETTINGS, engines)
    start = round_again = dataclasses.replace(reading, barcodes=())
    for turn in (90, 180, 270, 0):
        round_again = turned(round_again, (reading.rotation_degrees + turn) % 360)

    assert round_again == start
    assert turn_box(start.words[0].box, 0, start.width_px, start.height_px) == start.words[0].box


def test_a_checkpoint_counts_only_at_the_turn_that_holds_now(engines: Engines) -> None:
    """One that was made before a page was turned, or for a turn that was never committed, does not."""
    plain = read_page(papers.raster(papers.lines_page(["Quill feather"])), SETTINGS, engines)
    by_person = dataclasses.replace(turned(plain, 90), problems=(BY_PERSON,))

    assert workers._is_at(plain, None) and workers._is_at(by_person, 90)
    assert not workers._is_at(plain, plain.rotation_degrees)
    assert not workers._is_at(by_person, None) and not workers._is_at(by_person, 180)
    assert workers._is_at(dataclasses.replace(plain, kind=PageKind.FAILED), 90)
