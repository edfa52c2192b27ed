"""The invisible words: found by readers, at the places where they stand on the paper."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from scanindex.model import PageReading, Word
from tests.filing import paper
from tests.filing.paper import word


def _pdf(tmp_path: Path, reading: PageReading) -> Path:
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    return paper.assembled(original, "image/png", tmp_path / "out", [reading])[0]


def _box_of(pdf: Path, text: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a found word in pixels of the page as shown."""
    page = pypdfium2.PdfDocument(pdf)[0]
    layer = page.get_textpage()
    index, count = layer.search(text, match_case=True).get_next()
    boxes = [layer.get_charbox(i, loose=True) for i in range(index, index + count)]
    corners = [_as_shown(page, x, y) for box in boxes for x, y in ((box[0], box[1]), (box[2], box[3]))]
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _as_shown(page: Any, x: float, y: float) -> tuple[float, float]:
    """Page space to pixels of the page as a person sees it."""
    scale, turn = paper.DPI / 72, page.get_rotation()
    width, height = page.get_mediabox()[2:]
    x, y = {0: (x, y), 90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[turn]
    shown_height = width if turn % 180 else height
    return x * scale, (shown_height - y) * scale


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_each_word_lies_in_its_box(tmp_path: Path, turn: int) -> None:
    """Also on pages that /Rotate turns: the box is where the word is seen."""
    upright = (550, 425) if turn % 180 else (425, 550)
    reading = paper.reading(rotation_degrees=turn, width_px=upright[0], height_px=upright[1])
    pdf = _pdf(tmp_path, reading)
    for expected in paper.WORDS:
        if len(expected.text) < 3:
            continue
        box = expected.box
        left, top, right, bottom = _box_of(pdf, expected.text)
        assert abs(left - box.left_px) < 1 and abs(right - box.right_px) < 1
        # Room for tails and capitals is the line's, whether this word has them or not.
        slack = 0.3 * (box.bottom_px - box.top_px)
        assert abs(top - box.top_px) < slack and abs(bottom - box.bottom_px) < slack


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_poppler_gives_the_same_lines(tmp_path: Path, turn: int) -> None:
    """A second program reads words, one-letter words and line breaks alike."""
    upright = (550, 425) if turn % 180 else (425, 550)
    reading = paper.reading(rotation_degrees=turn, width_px=upright[0], height_px=upright[1])
    pdf = _pdf(tmp_path, reading)
    out = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True, timeout=30)
    assert out.stdout.split("\n")[:2] == ["Oda Quillfeather J", "reports dizziness."]


def test_pdfium_gives_the_same_lines(tmp_path: Path) -> None:
    """What Chrome and Edge copy."""
    text = pypdfium2.PdfDocument(_pdf(tmp_path, paper.reading()))[0].get_textpage().get_text_bounded()
    assert [line.strip() for line in text.splitlines()] == ["Oda Quillfeather J", "reports dizziness."]


def test_the_words_are_not_seen(tmp_path: Path) -> None:
    """The page with words looks exactly like the page without."""
    original = paper.saved(tmp_path / "o.png", paper.sheet("L"), "PNG")
    with_words, _ = paper.assembled(original, "image/png", tmp_path / "a")
    without, _ = paper.assembled(original, "image/png", tmp_path / "b", [paper.reading(words=())])
    assert paper.difference(paper.shown(with_words), paper.shown(without)) == 0


def test_a_skewed_line_stays_one_line(tmp_path: Path) -> None:
    """Two degrees of skew: each word keeps its place, the line its order."""
    names = ["one", "two", "three", "four", "five", "six"]
    words = tuple(
        word(name, 40 + 60 * i, 100 + 2 * i, 90 + 60 * i, 120 + 2 * i) for i, name in enumerate(names)
    )
    pdf = _pdf(tmp_path, paper.reading(words=words))
    out = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True, timeout=30)
    assert out.stdout.split() == names
    assert abs(_box_of(pdf, "six")[1] - 110) < 2.5


def _leaning(rows: int, rise_px: float, gap_px: int = 10) -> tuple[Word, ...]:
    """Lines of eight words that climb or fall across the page."""
    found = []
    for row in range(rows):
        for column in range(8):
            left, shift = 20 + 48 * column, round(rise_px * column / 7)
            top = 120 + 20 * row - shift
            found.append(word(f"w{row}x{column}", left, top, left + 48 - gap_px, top + 12, row + 1))
    return tuple(found)


@pytest.mark.parametrize("rise_px", [-20, -10, 0, 10, 20])
def test_lines_of_a_leaning_page_stay_apart(tmp_path: Path, rise_px: int) -> None:
    """Also where a line ends at the height at which the next one begins."""
    words = _leaning(6, rise_px)
    reading = paper.reading(words=words)
    text = pypdfium2.PdfDocument(_pdf(tmp_path, reading))[0].get_textpage().get_text_bounded()
    assert [" ".join(line.split()) for line in text.splitlines() if line.strip()] == reading.text.split("\n")


def test_widely_spaced_lines_are_lines_for_poppler(tmp_path: Path) -> None:
    """Typewriter pitch: the gap is as wide as a letter, on every line at the same places."""
    words = _leaning(6, 0, gap_px=12)
    reading = paper.reading(words=words)
    pdf = _pdf(tmp_path, reading)
    out = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True, timeout=30)
    assert out.stdout.split("\n")[:6] == reading.text.split("\n")


def test_a_word_on_a_leaning_line_is_one_word_for_poppler(tmp_path: Path) -> None:
    """Letters that climb would be cut into pieces."""
    names = ["electroencephalography", "and", "immunohistochemistry"]
    words = tuple(
        word(name, 20 + 130 * i, 100 + 8 * i, 145 + 130 * i, 118 + 8 * i) for i, name in enumerate(names)
    )
    pdf = _pdf(tmp_path, paper.reading(words=words))
    out = subprocess.run(
        ["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True, timeout=30
    )
    assert all(f">{name}</word>" in out.stdout for name in names)


def test_letters_beyond_ascii_survive(tmp_path: Path) -> None:
    """Accents, other scripts, ligatures; what PDF has no single code for is marked."""
    words = (word("Zoë", 40, 50, 80, 70), word("Łukasz", 90, 50, 160, 70), word("37°", 170, 50, 200, 70),
             word("😀", 210, 50, 230, 70), word("Ωμέγα", 240, 50, 300, 70),
             word("5\u03bcg", 310, 50, 340, 70), word("山田", 350, 50, 390, 70))  # fmt: skip
    text = pypdfium2.PdfDocument(_pdf(tmp_path, paper.reading(words=words)))[0].get_textpage()
    assert text.get_text_bounded().split() == ["Zoë", "Łukasz", "37°", "\ufffd", "Ωμέγα", "5\u03bcg", "山田"]


@pytest.mark.parametrize("text", ["\x00", "\x1b[31m", "\ud800", "\ufeff", "", "(\\)<>"])
def test_no_text_breaks_the_writer(tmp_path: Path, text: str) -> None:
    """Controls, lone surrogates and PDF's own delimiters."""
    words = (word(text, 40, 50, 80, 70), word("after", 90, 50, 140, 70))
    layer = pypdfium2.PdfDocument(_pdf(tmp_path, paper.reading(words=words)))[0].get_textpage()
    assert layer.get_text_bounded().split()[-1] == "after"


def test_words_without_area_are_left_out(tmp_path: Path) -> None:
    """A box of no width would need an infinite stretch."""
    words = (word("flat", 40, 50, 40, 70), word("there", 90, 50, 140, 70))
    layer = pypdfium2.PdfDocument(_pdf(tmp_path, paper.reading(words=words)))[0].get_textpage()
    assert layer.get_text_bounded().split() == ["there"]
