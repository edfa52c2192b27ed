"""Identifiers are read a second time, and what the second reader saw stays visible."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from scanindex.model import Box, Word
from scanindex.ocr import open_engines, read_page
from scanindex.ocr.doublekey import MOST_CROPS, identifier_words, looks_like_identifier, read_twice
from scanindex.ocr.merge import merge
from scanindex.settings import OcrSettings
from tests.ocr import papers


def line(text: str, top: int = 0, line_no: int = 1, confidence: float = 0.9) -> list[Word]:
    words, left = [], 0
    for part in text.split():
        box = Box(left_px=left, top_px=top, right_px=left + 10 * len(part), bottom_px=top + 20)
        words.append(Word(text=part, box=box, confidence=confidence, engine="tesseract", line_no=line_no))
        left += 10 * len(part) + 10
    return words


class Echo:
    """A second reader that answers the same to every crop, and counts them."""

    name = "echo"

    def __init__(self, text: str) -> None:
        self.text = text
        self.crops = 0

    def read_lines(self, crops: list[Any]) -> list[tuple[str, float]]:
        self.crops += len(crops)
        return [(self.text, 0.9) for _ in crops]


@pytest.mark.parametrize(
    "text", ["4471203", "2-47-83-98", "A0336673", "#61445", "03/14/1951", "14-Mar-51", "MARSH,ROSALIND"]
)
def test_identifiers_are_known_by_their_look(text: str) -> None:
    """Record numbers with and without grouping, dates, joined names."""
    assert looks_like_identifier(text)


@pytest.mark.parametrize("text", ["12.0-17.0", "07:26:05", "140", "Seen", "<0.001", "mg/dL", "1.005-1.030"])
def test_measurements_are_not_identifiers(text: str) -> None:
    """A laboratory page would otherwise be read twice as a whole."""
    assert not looks_like_identifier(text)


def test_what_follows_a_label_comes_first() -> None:
    """Named values before bare numbers; the label itself and plain words never."""
    words = line("Call 4410998 now") + line("Patient: Marsh, Rosalind is well", 40, 2)
    assert [words[place].text for place in identifier_words(words)] == ["Marsh,", "Rosalind", "4410998"]


def test_a_value_below_its_label_counts() -> None:
    """Boxed forms print the value under the label."""
    words = line("NAME") + line("Quill", 30, 2) + line("Further", 300, 3)
    assert [words[place].text for place in identifier_words(words)] == ["Quill"]


def test_disagreement_stays_visible() -> None:
    """The first reading is kept, the second stands beside it; other words are not looked at."""
    page = papers.lines_page(["MRN 4471203 seen"])
    checked = read_twice(line("MRN 4471203 seen"), page, Echo("4471208"), lambda: 60.0)
    assert [(word.text, word.second_text) for word in checked] == [
        ("MRN", None),
        ("4471203", "4471208"),
        ("seen", None),
    ]


def test_saw_nothing_is_not_did_not_look() -> None:
    """An empty second reading is told apart from none."""
    checked = read_twice(line("4471203"), papers.lines_page(["4471203"]), Echo(""), lambda: 60.0)
    assert [word.second_text for word in checked] == [""]


def test_effort_is_bounded() -> None:
    """A page of numbers costs no more than the cap."""
    words = [word for number in range(100) for word in line("4471203", number * 20, number + 1)]
    reader = Echo("1")
    read_twice(words, papers.blank_paper_pixels(), reader, lambda: 60.0)
    assert reader.crops == MOST_CROPS


def test_no_second_look_when_time_is_short() -> None:
    """The page's time is nearly up: what there is stays, unchecked."""
    reader = Echo("1")
    assert read_twice(line("4471203"), papers.blank_paper_pixels(), reader, lambda: 0.5) == tuple(
        line("4471203")
    )
    assert reader.crops == 0


def test_two_engines_agree_on_a_clean_page() -> None:
    """RapidOCR and Tesseract see the same number, offline, and both are named."""
    pytest.importorskip("rapidocr")
    settings = OcrSettings()
    engines = open_engines(settings)
    assert engines.second is not None
    page = papers.lines_page(["Patient: Marsh, Rosalind", "MRN: 4471203", "DOB: 03/14/1951"])
    reading = read_page(papers.raster(page), settings, engines)
    seen = {word.text: word.second_text for word in reading.words}
    assert seen["4471203"] == "4471203"
    assert seen["03/14/1951"] == "03/14/1951"
    assert seen["MRN:"] is None
    assert [name.split()[0] for name in reading.engines] == ["tesseract", "rapidocr"]


def test_without_the_second_reader_nothing_is_claimed() -> None:
    """Switched off or not installed: no word carries a second reading."""
    settings = OcrSettings(second_reader=False)
    engines = open_engines(settings)
    assert engines.second is None
    reading = read_page(papers.raster(papers.lines_page(["MRN: 4471203"])), settings, engines)
    assert all(word.second_text is None for word in reading.words)


def test_merge_adds_what_was_missed_in_its_place() -> None:
    """A word of the second pass joins the line it stands in, or a new one by height."""
    first = line("The wound", 0, 1) + line("no change", 100, 2)
    missed = [dataclasses.replace(word, line_no=9) for word in line("between", 50)]
    merged = merge(first, missed)
    assert [(word.text, word.line_no) for word in merged] == [
        ("The", 1),
        ("wound", 1),
        ("between", 2),
        ("no", 3),
        ("change", 3),
    ]


def test_merge_replaces_only_by_a_surer_word() -> None:
    """Overlapping words compete by confidence."""
    unsure, sure = line("w0und", confidence=0.4), line("wound", confidence=0.9)
    assert [word.text for word in merge(unsure, sure)] == ["wound"]
    assert [word.text for word in merge(sure, unsure)] == ["wound"]


def test_merge_leaves_specks_out() -> None:
    """A single uncertain letter is more often a line or a speck."""
    assert merge(line("wound"), line("| l", 200, 2, confidence=0.6)) == tuple(line("wound"))
