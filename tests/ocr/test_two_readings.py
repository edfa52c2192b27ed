"""How one text is made of two readings of the same line."""

from __future__ import annotations

from scanindex.model import Box, Word
from scanindex.ocr.two_readings import settle


def line(text: str, confidence: float, engine: str, width_px: int | None, line_no: int) -> list[Word]:
    """Words of ten pixels a character, or together as wide as is asked for."""
    step, left_px = (width_px or 10 * len(text)) / len(text), 0
    words = []
    for part in text.split():
        right_px = left_px + round(step * len(part))
        box = Box(left_px=left_px, top_px=100, right_px=right_px, bottom_px=120)
        words.append(Word(text=part, box=box, confidence=confidence, engine=engine, line_no=line_no))
        left_px = right_px + round(step)
    return words


def first(text: str, confidence: float, width_px: int | None = None) -> list[Word]:
    return line(text, confidence, "first", width_px, line_no=3)


def second(text: str, confidence: float, width_px: int | None = None) -> list[Word]:
    return line(text, confidence, "second", width_px, line_no=0)


def test_agreement_is_surer_than_either_reader() -> None:
    """And each word carries what the other saw."""
    words = settle(first("Marsh Rosalind", 0.8), second("Marsh Rosalind", 0.9))
    assert [(word.text, word.second_text, word.engine) for word in words] == [
        ("Marsh", "Marsh", "first"),
        ("Rosalind", "Rosalind", "first"),
    ]
    assert all((word.confidence or 0) > 0.9 for word in words)
    assert [word.least_confidence for word in words] == [0.8, 0.8]


def test_the_surer_reader_wins_and_is_less_sure_than_before() -> None:
    """What the other saw stays beside it; line and place on the page stay too."""
    (word,) = settle(first("Rosolind", 0.5), second("Rosalind", 0.98))
    assert (word.text, word.second_text, word.engine, word.line_no) == ("Rosalind", "Rosolind", "second", 3)
    assert 0.5 < (word.confidence or 0) < 0.98
    (word,) = settle(first("Rosalind", 0.93), second("Rosolind", 0.6))
    assert (word.text, word.second_text, word.engine) == ("Rosalind", "Rosolind", "first")


def test_only_the_word_that_differs_changes_hands() -> None:
    """Agreement beside a dispute stays agreement."""
    words = settle(first("born 03/14/1951 here", 0.7), second("born 03/14/1957 here", 0.99))
    assert [word.engine for word in words] == ["first", "second", "first"]
    assert [word.second_text for word in words] == ["born", "03/14/1951", "here"]


def test_a_space_that_one_reader_lost_is_kept() -> None:
    """Both lose spaces more often than they see one too many."""
    words = settle(first("3.4-5.4", 0.9, 90), second("3.4 - 5.4", 0.9, 90))
    assert [word.text for word in words] == ["3.4", "-", "5.4"]
    assert [word.second_text for word in words] == ["3.4", "-", "5.4"]
    assert {word.line_no for word in words} == {3}


def test_a_number_is_not_torn_by_one_reader() -> None:
    """A space between digits stands only if both saw it."""
    (word,) = settle(first("4471203", 0.9, 80), second("4471 203", 0.95, 80))
    assert word.text == "4471203"


def test_a_date_is_not_torn_by_one_reader() -> None:
    """Whichever of them saw it whole is believed; the year alone would be worthless."""
    (word,) = settle(first("08/14, 1987", 0.9, 90), second("08/14.1987", 0.8, 90))
    assert (word.text, word.line_no) == ("08/14.1987", 3)
    (word,) = settle(first("08/14/1987", 0.8, 90), second("08/14/ 1987", 0.9, 90))
    assert word.text == "08/14/1987"


def test_readers_that_split_different_characters_dispute_all_of_them() -> None:
    """Nobody may take a part of what the other saw for agreement."""
    words = settle(first("4471 203", 0.9, 80), second("44712083", 0.5, 80))
    assert [word.second_text for word in words] == ["44712083", "44712083"]


def test_garbage_that_only_the_first_reader_saw_goes() -> None:
    """A rule read as "Il|" is no text; a sure word stays, marked as seen by one only."""
    assert settle(first("Il|", 0.4), []) == []
    (word,) = settle(first("Harbour", 0.95), [])
    assert (word.text, word.second_text) == ("Harbour", "")


def test_what_only_the_second_reader_saw_needs_confidence() -> None:
    """A lone character, which a tick or a frame looks like, needs more of it."""
    assert [word.text for word in settle([], second("Kidney", 0.6))] == ["Kidney"]
    assert settle([], second("l", 0.6)) == []
    assert settle([], second("--", 0.99)) == []


def test_downward_lines_are_aligned_downwards() -> None:
    """Words above each other share their columns, yet they are not one word."""
    boxes = [Box(left_px=5, top_px=top, right_px=25, bottom_px=top + 60) for top in (0, 80)]

    def column(*texts: str, engine: str) -> list[Word]:
        return [
            Word(text=text, box=box, confidence=0.9, engine=engine, line_no=1)
            for text, box in zip(texts, boxes, strict=True)
        ]

    words = settle(column("Do", "not", engine="first"), column("Do", "not", engine="second"), downwards=True)
    assert [(word.text, word.second_text) for word in words] == [("Do", "Do"), ("not", "not")]
