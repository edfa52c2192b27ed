"""Identifiers are read a second time, and what the second reader saw stays visible."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from scanindex.model import Box, Word
from scanindex.ocr import open_engines, read_page
from scanindex.ocr.crops import grown
from scanindex.ocr.ctc import LineText, Span
from scanindex.ocr.doublekey import MOST_WIDTH_PX, read_twice
from scanindex.ocr.merge import merge
from scanindex.ocr.regions import identifier_words, is_label, looks_like_identifier
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

    def __init__(self, text: str, confidence: float = 0.9) -> None:
        self.spans = tuple(
            Span(text=part, confidence=confidence, left_share=0.0, right_share=1.0) for part in text.split()
        )
        self.crops = 0

    def read_lines(self, crops: list[Any]) -> list[tuple[str, float]]:
        return [(found.text, found.confidence) for found in self.read_spans(crops)]

    def read_spans(self, crops: Sequence[Any], squeeze: float = 1.0) -> list[LineText]:
        self.crops += len(crops)
        text = " ".join(span.text for span in self.spans)
        return [LineText(text=text, confidence=0.9, spans=self.spans) for _ in crops]


def checked(
    text: str, second: str, confidence: float = 0.9, sure: float = 0.9
) -> list[tuple[str, str | None]]:
    """Text and second text of each word, the second reader having seen `second` in the crop."""
    words = line(text, confidence=confidence)
    found = read_twice(words, papers.blank_paper_pixels(), Echo(second, sure), lambda: 60.0)
    return [(word.text, word.second_text) for word in found]


@pytest.mark.parametrize(
    ("text", "second", "least"),
    [("4471203", "4471203", 0.6), ("447 1203", "4471203", 0.6), ("4471203", "4477203", None)],
)
def test_an_agreement_keeps_how_sure_the_less_sure_reader_was(
    text: str, second: str, least: float | None
) -> None:
    """A sure reader must not hide that the other one guessed; a dispute has no such figure."""
    words = line(text, confidence=0.95)
    found = read_twice(words, papers.blank_paper_pixels(), Echo(second, 0.6), lambda: 60.0)

    assert {word.least_confidence for word in found} == {least}


# --- where it looks ----------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "4471203",
        "2-47-83-98",
        "A0336673",
        "#61445",
        "03/14/1951",
        "14-Mar-51",
        "MARSH,ROSALIND",
        "O3/l4/1951",
    ],
)
def test_identifiers_are_known_by_their_look(text: str) -> None:
    """Record numbers with and without grouping, dates, joined names, also a little misread."""
    assert looks_like_identifier(text)


@pytest.mark.parametrize("text", ["12.0-17.0", "07:26:05", "140", "Seen", "<0.001", "mg/dL", "1.005-1.030"])
def test_measurements_are_not_identifiers(text: str) -> None:
    """A laboratory page would otherwise be read twice as a whole."""
    assert not looks_like_identifier(text)


@pytest.mark.parametrize("label", ["MRN:", "Patient", "D.O.B.", "B1rth", "Pat1ent", "D0B:"])
def test_a_label_is_known_also_misread(label: str) -> None:
    """One character off, short ones only with a colon."""
    assert is_label(label)


def test_what_follows_a_label_comes_first() -> None:
    """Named values before bare numbers; the label itself and plain words never."""
    words = line("Call 4410998 now") + line("Patient: Marsh, Rosalind is well", 40, 2)
    assert [words[place].text for place in identifier_words(words)] == ["Marsh,", "Rosalind", "4410998"]


def test_a_value_below_its_label_counts() -> None:
    """Boxed forms print the value under the label."""
    words = line("NAME") + line("Quill", 30, 2) + line("Further", 300, 3)
    assert [words[place].text for place in identifier_words(words)] == ["Quill"]


def test_a_month_is_read_twice_however_it_was_read() -> None:
    """The word before a day and a year."""
    words = line("seen Hlay 5, 1951 again")
    assert [words[place].text for place in identifier_words(words)] == ["Hlay", "5,", "1951"]


def test_the_lost_end_of_a_number_belongs_to_it() -> None:
    """A doubtful piece right beside a number is read with it."""
    words = line("x 4471203 y")
    piece = dataclasses.replace(words[2], text="oF", confidence=0.2, box=Box(
        left_px=93, top_px=0, right_px=113, bottom_px=20))  # fmt: skip
    assert [place for place in identifier_words([*words[:2], piece])] == [1, 2]


# --- what becomes of the words --------------------------------------------------------------
def test_agreement_stands() -> None:
    """Punctuation and case are no difference."""
    assert checked("MRN: #4471203", "4471203") == [("MRN:", None), ("#4471203", "4471203")]


def test_disagreement_keeps_both() -> None:
    """The likelier text stands, the other beside it."""
    assert checked("MRN 4471203 seen", "4471208", confidence=0.97, sure=0.6)[1] == ("4471203", "4471208")
    assert checked("MRN 4471203 seen", "4471208", confidence=0.5, sure=0.97)[1] == ("4471208", "4471203")


def test_a_letter_for_a_digit_is_disagreement() -> None:
    """Nothing is repaired before it is compared."""
    [_, word] = checked("MRN 447I203", "4471203", confidence=0.9)
    assert set(word) == {"447I203", "4471203"}


def test_digits_grouped_otherwise_are_another_date() -> None:
    """1/12/51 and 11/2/51 have the same digits."""
    [_, word] = checked("DOB 1/12/51", "11/2/51")
    assert set(word) == {"1/12/51", "11/2/51"}


def test_a_name_is_split_over_its_words() -> None:
    """One crop, each word with its own part of the second reading."""
    assert checked("Name: Marsh, Rosalind", "MARSH, R0SALIND", confidence=0.97, sure=0.3)[1:] == [
        ("Marsh,", "MARSH,"),
        ("Rosalind", "R0SALIND"),
    ]


def test_pieces_of_one_number_become_one_word() -> None:
    """The first reader saw a space that is not there."""
    words = line("MRN 4471 203")
    near = dataclasses.replace(words[2], box=dataclasses.replace(words[2].box, left_px=85, right_px=115))
    found = read_twice([*words[:2], near], papers.blank_paper_pixels(), Echo("4471203"), lambda: 60.0)
    assert [(word.text, word.second_text) for word in found[1:]] == [("4471203", "4471203")]
    assert found[1].box.right_px == 115


def test_names_run_together_come_apart() -> None:
    """The second reader saw the space that the first one lost."""
    assert checked("Name: JACKIEG", "JACKIE G")[1:] == [("JACKIE", "JACKIE"), ("G", "G")]


def test_saw_nothing_is_not_did_not_look() -> None:
    """An empty second reading is told apart from none."""
    assert checked("4471203", "") == [("4471203", "")]


def test_no_character_of_the_second_reading_is_lost() -> None:
    """A digit that only the second reader saw disputes the number beside it."""
    [(one, other)] = checked("4471203", "5 4471203")
    assert {one, other} == {"4471203", "5 4471203"} or {one, other} == {"4471203", "5"}


def test_words_read_twice_before_are_left_alone() -> None:
    """Another step has had this place read by both readers."""
    word = dataclasses.replace(line("4471203")[0], second_text="4471208")
    reader = Echo("1")
    assert read_twice([word], papers.blank_paper_pixels(), reader, lambda: 60.0) == (word,)
    assert reader.crops == 0


def test_effort_is_bounded_by_width_and_setting() -> None:
    """A page of numbers costs no more than its effort allows."""
    words = [word for number in range(100) for word in line("4471203", number * 21, number + 1)]
    counted = []
    for effort in ("fast", "normal", "thorough"):
        reader = Echo("1")
        read_twice(words, papers.blank_paper_pixels(), reader, lambda: 60.0, effort)
        counted.append(reader.crops)
    assert 0 < counted[0] < counted[1] < counted[2]
    assert counted[1] * 100 < MOST_WIDTH_PX["normal"] * 2


def test_no_second_look_when_time_is_short() -> None:
    """The page's time is nearly up: what there is stays, unchecked."""
    reader = Echo("1")
    assert read_twice(line("4471203"), papers.blank_paper_pixels(), reader, lambda: 0.5) == tuple(
        line("4471203")
    )
    assert reader.crops == 0


# --- crops ---------------------------------------------------------------------------------
def test_a_cut_off_letter_is_seen_again() -> None:
    """The first reader's box began at the second digit: the crop is widened to the white."""
    page = papers.lines_page(["4471203"], points=12)
    ink = np.argwhere(page < 128)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0) + 1
    digit = (right - left) // 7
    cut = Box(left_px=int(left + digit), top_px=int(top), right_px=int(right), bottom_px=int(bottom))
    wide = grown(page, cut, 0, page.shape[1])
    assert wide.left_px <= left + 1
    assert wide.right_px <= right + 1


def test_growing_stops_at_rules_and_neighbours() -> None:
    """The upright line of a box is no digit, the word beside is not this one's."""
    page = papers.blank_paper_pixels()
    page[80:160, 190:193] = 0
    page[100:120, 200:300] = 0
    inner = Box(left_px=200, top_px=100, right_px=300, bottom_px=120)
    assert grown(page, inner, 0, page.shape[1]) == inner
    page[100:120, 300:340] = 0
    assert grown(page, inner, 0, 310).right_px <= 310


def test_a_value_that_was_not_read_is_found_by_its_label() -> None:
    """Ink right of a label without a word becomes words of the second reader alone."""
    pytest.importorskip("rapidocr")
    settings = OcrSettings()
    engines = open_engines(settings)
    page = papers.lines_page(["MRN: 4471203"])
    first = engines.first.read(page, 200, 30)
    label = [word for word in first if word.text == "MRN:"]
    assert engines.second is not None
    found = read_twice(label, page, engines.second, lambda: 60.0)
    assert [(word.text, word.second_text) for word in found] == [("MRN:", None), ("4471203", "")]
    assert found[1].engine.startswith("rapidocr")


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
