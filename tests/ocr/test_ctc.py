"""From a recogniser's best class per step to words with places."""

from __future__ import annotations

import pytest

from scanindex.ocr.ctc import decode, usable_classes

CHARACTERS = ["", *"abcdefghijklmnopqrstuvwxyz", " "]
SHAPE = (10, 400)
"""A crop of 40 steps of ten pixels."""


def steps(**places: int) -> list[int]:
    """Classes of 40 steps; places: character to step ("_" for a space)."""
    classes = [0] * 40
    for character, step in places.items():
        classes[step] = CHARACTERS.index(" " if character == "_" else character)
    return classes


def words_of(classes: list[int], shape: tuple[int, int]) -> list[str]:
    return [span.text for span in decode(classes, [0.9] * len(classes), CHARACTERS, shape).spans]


def test_a_repeated_class_is_one_character_until_nothing_parts_it() -> None:
    """The rule of connectionist temporal classification."""
    classes = [1, 1, 1, 0, 1, 2, 2] + [0] * 33
    assert decode(classes, [0.9] * 40, CHARACTERS, (100, 400)).text == "aab"


def test_a_space_parts_words() -> None:
    assert decode(steps(a=1, b=2, _=3, c=4), [0.9] * 40, CHARACTERS, (100, 400)).text == "ab c"


def test_a_wide_gap_parts_words_without_a_space() -> None:
    """Tables, where the recogniser leaves the space out."""
    assert words_of(steps(a=1, b=2, c=20, d=21), (30, 400)) == ["ab", "cd"]


def test_letter_spaced_print_is_one_word() -> None:
    """All its gaps are wide, so none of them means anything."""
    assert words_of(steps(a=1, b=8, c=15, d=22), (10, 400)) == ["abcd"]


def test_words_say_where_they_stand() -> None:
    """As shares of the crop's width, half a character beyond their outer characters."""
    (one, two) = decode(steps(a=4, b=6, c=24, d=26), [0.9] * 40, CHARACTERS, (100, 400)).spans
    assert (one.left_share, one.right_share) == (pytest.approx(3.5 / 40), pytest.approx(7.5 / 40))
    assert (two.left_share, two.right_share) == (pytest.approx(23.5 / 40), pytest.approx(27.5 / 40))


def test_a_word_is_as_sure_as_its_least_sure_character() -> None:
    classes, odds = steps(a=1, b=2, c=3), [0.9] * 40
    odds[2] = 0.4
    found = decode(classes, odds, CHARACTERS, (100, 400))
    assert found.spans[0].confidence == 0.4
    assert found.confidence == pytest.approx(2.2 / 3)


def test_nothing_is_an_empty_text() -> None:
    found = decode([0] * 40, [0.9] * 40, CHARACTERS, SHAPE)
    assert (found.text, found.confidence, found.spans) == ("", 0.0, ())


def test_latin_languages_need_no_ideographs() -> None:
    """Accented letters, digits and signs stay; the wide comma and the ideograph go."""
    characters = ["", "a", "é", "7", "°", "，", "中", "α", " "]
    assert [characters[number] for number in usable_classes(characters, "eng+fra")] == [
        "", "a", "é", "7", "°", " ",
    ]  # fmt: skip


def test_other_scripts_keep_everything() -> None:
    """One language that is not written in Latin letters is enough."""
    assert usable_classes(["", "a", "中"], "eng+chi_sim") == [0, 1, 2]
