"""The invisible words: found by readers, at the places where they stand on the paper."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from scanindex.model import PageReading
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
        found = _box_of(pdf, expected.text)
        wanted = (box.left_px, box.top_px, box.right_px, box.bottom_px)
        assert all(abs(a - b) < 2.5 for a, b in zip(found, wanted, strict=True)), (found, wanted)


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


def test_letters_beyond_ascii_survive(tmp_path: Path) -> None:
    """Accents, other scripts, ligatures; what PDF has no single code for is marked."""
    words = (word("Zoë", 40, 50, 80, 70), word("Łukasz", 90, 50, 160, 70), word("37°", 170, 50, 200, 70),
             word("😀", 210, 50, 230, 70), word("Ωμέγα", 240, 50, 300, 70))  # fmt: skip
    text = pypdfium2.PdfDocument(_pdf(tmp_path, paper.reading(words=words)))[0].get_textpage()
    assert text.get_text_bounded().split() == ["Zoë", "Łukasz", "37°", "\ufffd", "Ωμέγα"]


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
