"""What counts as two readers saying the same."""

from __future__ import annotations

import pytest

from scanindex.agreement import DoubleKey, agree, double_key, is_ambiguous, other_reading, readers
from scanindex.model import Box, Word

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


@pytest.mark.parametrize("text", ["HO64297", "A32B745", "O7/10/1970", "447I203"])
def test_a_letter_that_looks_like_a_digit_is_no_double_key(text: str) -> None:
    """Both readers take one shape for the same wrong character."""
    assert is_ambiguous(text)
    assert double_key([word(text, text)]) is DoubleKey.AMBIGUOUS


@pytest.mark.parametrize("text", ["H064297", "MR0871332", "B1234567", "14-SEP-1951", "SOLIS", "AB123456"])
def test_letters_in_their_place_are_no_doubt(text: str) -> None:
    """Prefixes, months and names."""
    assert not is_ambiguous(text)


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
