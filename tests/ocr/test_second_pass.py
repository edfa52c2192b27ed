"""What the first reader reads again by itself, and what of it is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from scanindex.model import Box, Word
from scanindex.ocr import Engines, open_engines, read_page
from scanindex.ocr.engines import LayoutEngine
from scanindex.ocr.noise import without_noise
from scanindex.ocr.tesseract import Layout
from scanindex.settings import OcrSettings
from tests.ocr import papers

SETTINGS = OcrSettings(second_reader=False)


@pytest.fixture(scope="module")
def engines() -> Engines:
    return open_engines(SETTINGS)


@dataclasses.dataclass
class Counting:
    """The real reader, counting what it is asked."""

    inner: LayoutEngine
    pages: list[tuple[Layout, int]] = dataclasses.field(default_factory=list)
    """Layout and pixels of each page read."""
    lines: int = 0

    @property
    def name(self) -> str:
        return self.inner.name

    def read(
        self, image: Any, dpi: float, timeout_seconds: float, layout: Layout = Layout.AUTO
    ) -> tuple[Word, ...]:
        self.pages.append((layout, image.size))
        return self.inner.read(image, dpi, timeout_seconds, layout)

    def read_each(self, lines: Sequence[Any], dpi: float, timeout_seconds: float) -> list[tuple[Word, ...]]:
        self.lines += len(lines)
        return self.inner.read_each(lines, dpi, timeout_seconds)


def word(text: str, confidence: float, second_text: str | None = None, line_no: int = 1) -> Word:
    return Word(
        text=text,
        box=Box(left_px=0, top_px=0, right_px=9, bottom_px=9),
        confidence=confidence,
        engine="tesseract 5",
        line_no=line_no,
        second_text=second_text,
    )


def worn_page() -> papers.Grey:
    soft = cv2.GaussianBlur(papers.chart_page(4)[0], (0, 0), 2.0)
    return papers.faxed(papers.noisy(np.asarray(soft, np.uint8), 60), 3)


@pytest.mark.parametrize("effort", ["fast", "normal", "thorough"])
def test_a_clean_page_costs_one_pass(effort: str, engines: Engines) -> None:
    """Whatever the effort, what was read surely is not read again as a page."""
    counting = Counting(engines.first)
    settings = OcrSettings(second_reader=False, effort=effort)
    read_page(papers.raster(papers.chart_page()[0]), settings, Engines(first=counting))
    assert [layout for layout, _ in counting.pages] == [Layout.AUTO]
    assert counting.lines <= 20


def test_fast_never_looks_twice(engines: Engines) -> None:
    """Even at a page that reads badly."""
    counting = Counting(engines.first)
    settings = OcrSettings(second_reader=False, effort="fast")
    read_page(papers.raster(worn_page(), is_bilevel=True), settings, Engines(first=counting))
    assert [layout for layout, _ in counting.pages] == [Layout.AUTO]
    assert counting.lines == 0


def test_a_hard_page_is_looked_at_again(engines: Engines) -> None:
    """Normal effort reads its rest once; thorough goes through the places as well."""
    seen = {}
    for effort in ("normal", "thorough"):
        counting = Counting(engines.first)
        settings = OcrSettings(second_reader=False, effort=effort)
        read_page(papers.raster(worn_page(), is_bilevel=True), settings, Engines(first=counting))
        seen[effort] = counting
    assert [layout for layout, _ in seen["normal"].pages] == [Layout.AUTO, Layout.SPARSE]
    assert seen["normal"].lines == 0
    assert seen["thorough"].lines > 0


def test_words_of_the_second_pass_lie_where_they_stand(engines: Engines) -> None:
    """What the second pass adds is in pixels of the page, whatever scale it was read at."""
    page = worn_page()
    readings = [
        read_page(
            papers.raster(page, is_bilevel=True), OcrSettings(second_reader=False, effort=effort), engines
        )
        for effort in ("fast", "thorough")
    ]
    before = {(w.text, w.box) for w in readings[0].words}
    added = [w for w in readings[1].words if (w.text, w.box) not in before]
    assert added
    for found in added:
        box = found.box
        assert page[box.top_px : box.bottom_px, box.left_px : box.right_px].min() == 0
        assert 0 <= box.left_px < box.right_px <= page.shape[1]
        assert 0 <= box.top_px < box.bottom_px <= page.shape[0]


def test_words_that_nobody_vouches_for_are_dropped() -> None:
    """Smudges give words of next to no confidence; the lines count on without a gap."""
    kept = without_noise([word("Tandy", 0.9), word("~iT", 0.1, line_no=2), word("Seen", 0.8, line_no=3)])
    assert [(w.text, w.line_no) for w in kept] == [("Tandy", 1), ("Seen", 2)]


def test_a_second_reader_keeps_a_weak_word() -> None:
    """What another reader saw there too is no smudge; what it did not see, is one."""
    kept = without_noise([word("4471203", 0.1, "4471203"), word("Il1", 0.1, "")])
    assert [w.text for w in kept] == ["4471203"]


def test_a_word_of_unknown_confidence_stays() -> None:
    """Unknown is not low."""
    unknown = dataclasses.replace(word("Quill", 0.5), confidence=None)
    assert without_noise([unknown]) == (unknown,)


def test_time_running_out_keeps_what_was_read(engines: Engines) -> None:
    """A second look that finds no time leaves the first one's words, and no failure."""

    class SlowAgain(Counting):
        def read(
            self, image: Any, dpi: float, timeout_seconds: float, layout: Layout = Layout.AUTO
        ) -> tuple[Word, ...]:
            return super().read(image, dpi, timeout_seconds if layout is Layout.AUTO else 0.0, layout)

    page = papers.raster(worn_page(), is_bilevel=True)
    reading = read_page(page, SETTINGS, Engines(first=SlowAgain(engines.first)))
    first = read_page(page, OcrSettings(second_reader=False, effort="fast"), engines)
    assert reading.words == first.words
    assert reading.words
