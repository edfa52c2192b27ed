"""What counts as two readers saying the same."""

from __future__ import annotations

import dataclasses

import pytest

from scanindex.agreement import (
    DoubleKey,
    agree,
    double_key,
    is_ambiguous,
    less_sure,
    other_reading,
    readers,
    together,
)
from scanindex.model import Box, FindingKind, Word

BOX = Box(left_px=0, top_px=0, right_px=10, bottom_px=10)


def word(text: str, second: str | None, engine: str = "tesseract 5") -> Word:
    return Word(text=text, box=BOX, confidence=0.9, engine=engine, line_no=1, second_text=second)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("4471203", "#4471203"),
        ("MARSH,", "Marsh"),
        ("2-47-83-98", "2478398"),
        ("03/14/1951", "03-14-1951"),
        ("03/14/1951", "03141951"),
        ("\uff14\uff14\uff17", "447"),
        ("García", "Garcia"),
    ],
)
def test_spelling_is_no_difference(one: str, two: str) -> None:
    """Case, spacing, punctuation, accents and full-width forms."""
    assert agree(one, two)
    assert agree(two, one)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("4471203", "447I203"),
        ("O447120", "0447120"),
        ("4471203", "471203"),
        ("1/12/51", "11/2/51"),
        ("1/12/51", "11251"),
        ("Marsh", "Harsh"),
        ("4471203", ""),
    ],
)
def test_a_character_is(one: str, two: str) -> None:
    """Also one that looks alike, and digits that punctuation groups otherwise."""
    assert not agree(one, two)
    assert not agree(two, one)


def test_the_weakest_word_speaks_for_the_datum() -> None:
    """Disputed before unseen before read once; two agreeing readers only where all words agree."""
    same, once, unseen, other = word("Marsh", "MARSH"), word("R", None), word("J", ""), word("12", "17")
    assert double_key([same, word("Ada", "Ada")]) is DoubleKey.AGREED
    assert double_key([same, once]) is DoubleKey.SINGLE
    assert double_key([same, once, unseen]) is DoubleKey.UNSEEN
    assert double_key([same, unseen, other]) is DoubleKey.DISPUTED
    assert double_key([same, word("-", None)]) is DoubleKey.AGREED


@pytest.mark.parametrize(
    "text",
    [
        "HO64297", "A32B745", "O7/10/1970", "447I203", "3879:90", "331-58-07-", "331-58-07\u2013", "/14/1951",
        "AB4179991", "B795655", "447-12-03-9", "D1234567",
    ],
)  # fmt: skip
def test_a_letter_that_looks_like_a_digit_is_no_double_key(text: str) -> None:
    """Both readers take one shape for the same wrong character."""
    assert is_ambiguous(text)
    assert double_key([word(text, text)]) is DoubleKey.AMBIGUOUS


@pytest.mark.parametrize(
    "text",
    [
        "H064297",
        "MR0871332",
        "14-SEP-1951",
        "14SEP1951",
        "SOLIS",
        "E1234567",
        "03-14-51",
        "447-12-0399",
        "1-22-33-44",
    ],
)
def test_letters_in_their_place_are_no_doubt(text: str) -> None:
    """Prefixes, months and names."""
    assert not is_ambiguous(text)


@pytest.mark.parametrize(
    "text",
    [
        "03/14/1951", "3/14/51", "14.03.1951", "1951-03-14", "14-MAR-1951", "14MAR1951", "March 14, 1951",
        "Sept. 4, 1951", "4th May 1951", "03 14 1951", "(03/14/1951)", "03 / 14 / 1951",
    ],
)  # fmt: skip
def test_a_date_is_one_that_parses(text: str) -> None:
    """With its separators, however they look, or in cells of full width."""
    seen = [word(part, part) for part in text.split()]
    assert double_key(seen, FindingKind.BIRTH_DATE) is DoubleKey.AGREED


@pytest.mark.parametrize(
    "text",
    [
        "6344", "428 12", "3 1848", "34 25", "Fab 25, 1993", "Pebruary 7, 1961", "une 15, 1925", "13/32/1951",
        "2/30/1951", "1/12/1751", "03141951", "3 14 1951", "12/1951", "1951", "13/14/1951 7", "25, 1993",
        "Mayo 4, 1951", "3/14/195", "3/14-1951",
    ],
)  # fmt: skip
def test_what_is_no_date_is_no_double_key_of_one(text: str) -> None:
    """Both readers lose a slash, or take it for a digit, and a worn month becomes no month."""
    seen = [word(part, part) for part in text.split()]
    assert double_key(seen, FindingKind.BIRTH_DATE) is DoubleKey.AMBIGUOUS
    assert readers(seen, FindingKind.BIRTH_DATE) == ("tesseract",)


def test_a_number_need_be_no_date() -> None:
    """What a datum is taken for decides; a name with a digit in it is none."""
    assert double_key([word("6344", "6344")], FindingKind.MRN) is DoubleKey.AGREED
    assert double_key([word("Mar5h", "Mar5h")], FindingKind.NAME) is DoubleKey.AMBIGUOUS
    assert double_key([word("Marsh", "Marsh")], FindingKind.NAME) is DoubleKey.AGREED


def test_the_other_readers_sign_counts_as_well() -> None:
    """It saw a hyphen at the end: more of the number may have stood there."""
    assert double_key([word("331-58-07", "|331-58-07-:")]) is DoubleKey.AMBIGUOUS


def test_two_guesses_are_no_double_key() -> None:
    """Neither reader was sure of a broken shape that both took for the same."""
    guess = dataclasses.replace(word("4471203", "4471203"), confidence=0.6)
    assert double_key([guess]) is DoubleKey.AMBIGUOUS
    assert double_key([dataclasses.replace(guess, confidence=None)]) is DoubleKey.AGREED
    assert together(0.5, 0.9) == pytest.approx(0.95)
    assert together(0.5, 0.1) == pytest.approx(0.55)


def test_a_reader_that_guessed_is_no_second_witness() -> None:
    """However sure the other was; a name asks more of both than a number, whose form is checked."""
    weak = dataclasses.replace(word("Lindovist", "Lindovist"), confidence=0.99, least_confidence=0.6)
    assert double_key([weak], FindingKind.NAME) is DoubleKey.AMBIGUOUS
    assert double_key([dataclasses.replace(weak, least_confidence=0.9)], FindingKind.NAME) is DoubleKey.AGREED
    number = dataclasses.replace(word("7269904", "7269904"), confidence=0.99, least_confidence=0.3)
    assert double_key([number], FindingKind.MRN) is DoubleKey.AMBIGUOUS
    assert (
        double_key([dataclasses.replace(number, least_confidence=0.6)], FindingKind.MRN) is DoubleKey.AGREED
    )
    assert less_sure(0.3, 0.9) == 0.3
    assert less_sure(None, 0.9) is None


def test_two_engines_that_saw_a_half_each_are_no_two_readers() -> None:
    """Each half needs the other engine's word as well."""
    halves = [word("Marsh,", None), word("Ada", None, "rapidocr 3")]
    assert readers(halves) == ()
    both = [word("Marsh,", "Marsh"), word("Ada", "Ada", "rapidocr 3")]
    assert readers(both) == ("tesseract", "rapidocr")
    assert readers([word("Marsh,", "Marsh")]) == ("tesseract", "rapidocr")
    assert readers([word("Marsh,", "Harsh")]) == ("tesseract",)


def test_the_other_reading_is_told_whole() -> None:
    """Words that share one second reading name it once; where nobody looked there is none."""
    assert other_reading([word("44", "44I2"), word("12", "44I2")]) == "44I2"
    assert other_reading([word("Marsh,", "Harsh,"), word("Ada", "Ada")]) == "Harsh, Ada"
    assert other_reading([word("Marsh", "")]) == ""
    assert other_reading([word("Marsh", None)]) is None
