"""The OcrEngine port: both ways to Tesseract keep the same promises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from scanindex.errors import MissingTool, WorkerLost
from scanindex.model import Word
from scanindex.ocr import open_engines
from scanindex.ocr.engines import LayoutEngine
from scanindex.settings import OcrSettings
from tests.ocr import papers


@pytest.fixture(scope="module", params=["tesserocr", "pytesseract"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LayoutEngine:
    pytest.importorskip(request.param)
    settings = OcrSettings(engine=request.param, second_reader=False)
    return open_engines(settings, tmp_path_factory.mktemp("engine")).first


def texts(words: Sequence[Word]) -> list[str]:
    return [word.text for word in words]


def test_reads_every_word_of_a_clean_page_in_order(engine: LayoutEngine) -> None:
    """Both engines give exactly the printed words, so either may stand in for the other."""
    lines = ["The wound is dry and closed.", "Bending reaches one hundred degrees."]
    words = engine.read(papers.lines_page(lines), 200, 60)
    assert texts(words) == " ".join(lines).split()


def test_lines_count_from_one_and_rise(engine: LayoutEngine) -> None:
    """line_no starts at 1 and never falls in reading order."""
    words = engine.read(papers.lines_page(["first line here", "second line here"]), 200, 60)
    assert [word.line_no for word in words] == [1, 1, 1, 2, 2, 2]


def test_boxes_lie_on_the_ink(engine: LayoutEngine) -> None:
    """Each box holds ink, and there is none outside of all boxes."""
    page = papers.lines_page(["Kneecap without warmth"])
    outside = page.copy()
    for word in engine.read(page, 200, 60):
        box = word.box
        assert page[box.top_px : box.bottom_px, box.left_px : box.right_px].min() < 60
        outside[box.top_px - 2 : box.bottom_px + 2, box.left_px - 2 : box.right_px + 2] = 255
    assert outside.min() == 255


def test_confidence_is_a_share(engine: LayoutEngine) -> None:
    """Confidence is 0..1, and high for clean print."""
    confidences = [
        word.confidence for word in engine.read(papers.lines_page(["Stretching is complete"]), 200, 60)
    ]
    assert all(value is not None and 0.7 < value <= 1.0 for value in confidences)


def test_name_tells_the_version_and_stands_on_each_word(engine: LayoutEngine) -> None:
    """The record of a page must say which version read it."""
    assert re.fullmatch(r"tesseract \d+\.\d+(\.\d+)?", engine.name)
    assert {word.engine for word in engine.read(papers.lines_page(["Record"]), 200, 60)} == {engine.name}


def test_white_paper_has_no_words(engine: LayoutEngine) -> None:
    """Nothing is made up from nothing."""
    assert engine.read(np.full((600, 400), 255, np.uint8), 200, 60) == ()


def test_raises_when_the_time_is_up(engine: LayoutEngine) -> None:
    """A page that takes too long raises WorkerLost instead of giving half of itself."""
    page, _ = papers.chart_page(paragraphs=5)
    with pytest.raises(WorkerLost):
        engine.read(page, 200, 0.01)


def test_a_page_after_a_timeout_reads_as_ever(engine: LayoutEngine) -> None:
    """An interrupted page leaves nothing behind for the next one."""
    with pytest.raises(WorkerLost):
        engine.read(papers.chart_page()[0], 200, 0.01)
    assert texts(engine.read(papers.lines_page(["Work in the garden"]), 200, 60)) == [
        "Work",
        "in",
        "the",
        "garden",
    ]


def test_reading_twice_gives_the_same(engine: LayoutEngine) -> None:
    """What one page taught Tesseract must not change the next (nor another patient's) page."""
    page = papers.faxed(papers.lines_page(["Tandy, Rosalind 4471203", "Seen in the clinic today."]))
    first = engine.read(page, 200, 60)
    engine.read(papers.chart_page(3)[0], 200, 60)
    assert engine.read(page, 200, 60) == first


def test_pytesseract_leaves_no_page_on_disk(tmp_path: Path) -> None:
    """Page pictures and texts are patient data: gone after each reading, private before."""
    engine = open_engines(OcrSettings(engine="pytesseract", second_reader=False), tmp_path).first
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    engine.read(papers.lines_page(["Her daughter will drive her home."]), 200, 60)
    assert list(folder.iterdir()) == []


def test_unknown_language_names_the_package_to_install() -> None:
    """A missing language is the operator's to mend, so the message says how."""
    with pytest.raises(MissingTool, match="tesseract-ocr-xyz"):
        open_engines(OcrSettings(languages="eng+xyz", second_reader=False))


def test_reads_single_lines_each_for_itself(engine: LayoutEngine) -> None:
    """Many crops in one call come back in their order; none at all are no words."""
    lines = [papers.lines_page([text])[190:260] for text in ("Ward seven", "Kneecap", "Discharged home")]
    assert [texts(words) for words in engine.read_each(lines, 200, 60)] == [
        ["Ward", "seven"],
        ["Kneecap"],
        ["Discharged", "home"],
    ]
    assert engine.read_each([], 200, 60) == []
