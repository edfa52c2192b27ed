"""The second reader where the first one is in doubt, and only there."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rapidocr")
pytest.importorskip("onnxruntime")

from scanindex.clean import CleanPage, prepare
from scanindex.model import Word
from scanindex.ocr import open_engines
from scanindex.ocr.ctc import LineText
from scanindex.ocr.legibility import Look, find_glyphs, weigh
from scanindex.ocr.second import RapidReader
from scanindex.ocr.second_look import improve
from scanindex.ocr.textlines import TextLine, cut
from scanindex.settings import OcrSettings
from tests.ocr import papers

SETTINGS = OcrSettings()


class CountingReader(RapidReader):
    """The real one, which also counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.pages = self.crops = 0

    def find_lines(self, page: Any, short_side_px: int) -> list[TextLine]:
        self.pages += 1
        return super().find_lines(page, short_side_px)

    def read_spans(self, crops: Sequence[Any], squeeze: float = 0.85) -> list[LineText]:
        self.crops += len(crops)
        return super().read_spans(crops, squeeze)


@pytest.fixture(scope="module")
def shared_reader() -> CountingReader:
    return CountingReader()


@pytest.fixture
def reader(shared_reader: CountingReader) -> CountingReader:
    shared_reader.pages = shared_reader.crops = 0
    return shared_reader


@pytest.fixture(scope="module")
def first() -> Any:
    return open_engines(dataclasses.replace(SETTINGS, second_reader=False)).first


def first_look(pixels: papers.Grey, first: Any) -> tuple[CleanPage, tuple[Word, ...], Look]:
    page = prepare(papers.raster(pixels), 0, SETTINGS)
    words = first.read(page.pixels, page.dpi, 60.0)
    return page, words, weigh(words, find_glyphs(page.pixels, page.dpi), page.pixels.shape)


def worn_page() -> tuple[papers.Grey, list[str]]:
    """A coarse, faded, grainy picture of a note, enlarged again as a scanner's driver would."""
    page, words = papers.chart_page(4, dpi=80)
    return papers.noisy(papers.faded(page, paper=215, ink=90), 14.0), words


def plenty() -> float:
    return 100.0


def f1(words: Sequence[Word], truth: list[str]) -> float:
    found, wanted = Counter(word.text for word in words), Counter(truth)
    return 2 * sum((found & wanted).values()) / (found.total() + wanted.total())


def test_a_clean_page_asks_nothing_of_the_second_reader(first: Any, reader: CountingReader) -> None:
    """No detector, no crop, and the very same words."""
    page, words, look = first_look(papers.chart_page(3)[0], first)
    assert improve(words, page, look, reader, "normal", plenty) == words
    assert (reader.pages, reader.crops) == (0, 0)


def test_a_worn_page_reads_better(first: Any, reader: CountingReader) -> None:
    """It earns the detector, and words say who read them and what the other saw."""
    pixels, truth = worn_page()
    page, words, look = first_look(pixels, first)
    better = improve(words, page, look, reader, "normal", plenty)
    assert reader.pages == 1
    assert f1(better, truth) > f1(words, truth) + 0.02
    assert {word.engine for word in better} == {words[0].engine, reader.name}
    assert all(word.second_text is not None for word in better if word.engine == reader.name)


def test_few_doubtful_words_cost_no_detector(first: Any, reader: CountingReader) -> None:
    """Only they are read again."""
    page, words, look = first_look(papers.chart_page(3)[0], first)
    words = tuple(
        dataclasses.replace(word, confidence=0.6) if 4 < place < 10 else word
        for place, word in enumerate(words)
    )
    better = improve(words, page, look, reader, "normal", plenty)
    assert (reader.pages, 1 <= reader.crops <= 5) == (0, True)
    again = [word.text for word in better if word.second_text is not None]
    assert "".join(again) == "".join(word.text for word in words[5:10])


def test_effort_decides(first: Any, reader: CountingReader) -> None:
    """Fast never looks again; thorough has every word of a clean page read twice."""
    page, words, look = first_look(worn_page()[0], first)
    assert improve(words, page, look, reader, "fast", plenty) == words
    lines = ["Harbour Hill General", "Patient Marsh Rosalind", "MRN 4471203"]
    page, words, look = first_look(papers.lines_page(lines), first)
    twice = improve(words, page, look, reader, "thorough", plenty)
    assert reader.pages == 1
    assert [(word.text, word.second_text) for word in twice] == [
        (text, text) for line in lines for text in line.split()
    ]


def test_without_a_second_reader_words_stay(first: Any) -> None:
    pixels, _ = worn_page()
    page, words, look = first_look(pixels, first)
    assert improve(words, page, look, None, "thorough", plenty) == words


def test_no_time_left_means_no_second_look(first: Any, reader: CountingReader) -> None:
    pixels, _ = worn_page()
    page, words, look = first_look(pixels, first)
    assert improve(words, page, look, reader, "normal", lambda: 0.5) == words


def test_time_that_runs_out_leaves_the_first_readers_words(first: Any, reader: CountingReader) -> None:
    """Half-way nothing is lost: what was not read again stays as it was."""
    pixels, truth = worn_page()
    page, words, look = first_look(pixels, first)
    left = iter([100.0])
    stopped = improve(words, page, look, reader, "normal", lambda: next(left, 0.0))
    assert (reader.pages, reader.crops) == (1, 0)
    assert f1(stopped, truth) > f1(words, truth) - 0.02


def test_print_that_the_first_reader_missed_takes_its_place_in_the_text(
    first: Any, reader: CountingReader
) -> None:
    """A line that was not read comes back between its neighbours, with a label's value on one line."""
    lines = ["Harbour Hill General", "Patient Marsh Rosalind", "MRN 4471203", "Seen today in clinic"]
    page, words, look = first_look(papers.lines_page(lines * 3), first)
    gone = [word for word in words if word.line_no not in {2, 7} and word.text != "4471203"]
    look = dataclasses.replace(look, coverage=0.7)
    better = improve(gone, page, look, reader, "normal", plenty)
    by_line: dict[int, list[str]] = {}
    for word in better:
        by_line.setdefault(word.line_no, []).append(word.text)
    assert [" ".join(texts) for _, texts in sorted(by_line.items())] == lines * 3


def test_specks_that_read_like_words_go(first: Any, reader: CountingReader) -> None:
    """Where the detector sees no text, an unsure word is none."""
    page, words, look = first_look(papers.chart_page(3)[0], first)
    empty = dataclasses.replace(words[0].box, left_px=900, right_px=960, top_px=2_000, bottom_px=2_030)
    ghost = Word(text="aie", box=empty, confidence=0.3, engine=words[0].engine, line_no=words[-1].line_no + 1)
    look = dataclasses.replace(look, coverage=0.8)
    better = improve([*words, ghost], page, look, reader, "normal", plenty)
    assert [word.text for word in better if word.text == "aie"] == []
    assert f1(better, papers.chart_page(3)[1]) > 0.98


def test_a_crop_reads_the_same_in_any_company(reader: CountingReader) -> None:
    """Batches are of one width, so nothing depends on order or neighbours."""
    page = papers.lines_page(
        ["Harbour Hill", "Marsh, Rosalind", "4471203", "03/14/1951", "Seen today"], points=14
    )
    crops = [cut(page, line) for line in reader.find_lines(page, 736)]
    alone = [reader.read_lines([crop])[0][0] for crop in crops]
    together = [text for text, _ in reader.read_lines(crops[::-1])][::-1]
    assert alone == together
    assert "Marsh, Rosalind" in alone and "4471203" in alone


def test_word_boxes_lie_on_their_words(first: Any, reader: CountingReader) -> None:
    """Each word of the second reader stands where the first reader sees the same word."""
    page, words, _ = first_look(
        papers.lines_page(["Marsh Rosalind", "record number 4471203"], points=16), first
    )
    lines = reader.find_lines(page.pixels, 736)
    seen = {
        span.text: line.part(span.left_share, span.right_share)
        for line, text in zip(
            lines, reader.read_spans([cut(page.pixels, line) for line in lines]), strict=True
        )
        for span in text.spans
    }
    for word in words:
        height = word.box.bottom_px - word.box.top_px
        assert seen[word.text].left_px == pytest.approx(word.box.left_px, abs=0.6 * height)
        assert seen[word.text].right_px == pytest.approx(word.box.right_px, abs=0.6 * height)


def test_an_empty_page_has_no_lines(reader: CountingReader) -> None:
    assert reader.find_lines(np.full((600, 500), 255, np.uint8), 736) == []
    assert reader.read_spans([]) == []
