"""Facts about where hits stand on the paper."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from scanindex import hits
from scanindex.errors import CorruptFile, QueryError
from scanindex.filing import view
from scanindex.model import Box, PageKind, PageQuality, PageReading, TextSource, Word
from tests.crash import stub

HIGH = 30


def page(*lines: str, gap_px: int = 15, width_px: int = 2000, height_px: int = 1000) -> PageReading:
    """Words of equal letters, a line of text 100 px below the last; a double blank is a wide one."""
    words: list[Word] = []
    for line_no, line in enumerate(lines, start=1):
        left = 100
        for token in line.split(" "):
            if not token:
                left += 400
                continue
            box = Box(
                left_px=left,
                top_px=100 * line_no,
                right_px=left + 20 * len(token),
                bottom_px=100 * line_no + HIGH,
            )
            words.append(Word(text=token, box=box, confidence=0.9, engine="e", line_no=line_no))
            left = box.right_px + gap_px
    quality = PageQuality(dpi=200, skew_degrees=0, contrast=1, ink_share=0.1, legibility=0.9)
    return PageReading(
        scan_page_no=1, kind=PageKind.CONTENT, width_px=width_px, height_px=height_px, dpi=200,
        rotation_degrees=0, words=tuple(words), quality=quality, text_source=TextSource.OCR, engines=("e",),
    )  # fmt: skip


def texts(marks: Sequence[hits.Mark]) -> list[str]:
    return [mark.text for mark in marks]


def test_neighbouring_words_of_a_line_are_one_place() -> None:
    """And those of the next line another."""
    reading = page("the ruptured spleen was", "removed at once")

    marks = hits.marks(reading, [1, 2, 4])

    assert texts(marks) == ["ruptured spleen", "removed"]
    assert marks[0].box == Box(left_px=175, top_px=100, right_px=470, bottom_px=130)
    assert marks[0].place == (0.0875, 0.1, 0.235, 0.13)
    assert [mark.line_no for mark in marks] == [1, 2]


def test_words_with_another_between_or_a_column_gap_are_marked_apart() -> None:
    """Nothing is marked that is no hit."""
    reading = page("spleen was ruptured", "spleen  ruptured")

    assert texts(hits.marks(reading, [0, 2, 3, 4])) == ["spleen", "ruptured", "spleen", "ruptured"]


def test_numbers_without_a_word_mark_nothing() -> None:
    """An index of another reading must not break the screen."""
    assert hits.marks(page("spleen"), [-1, 5, 99]) == ()


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("spleen", ["spleen", "spleen"]),
        ('"ruptured spleen"', ["ruptured spleen"]),
        ("rupt* -liver", ["ruptured"]),
        ("removed OR liver", ["liver", "removed"]),
        ("kidney", []),
        ("type:lab_report spleen", ["spleen", "spleen"]),
    ],
)
def test_a_query_says_which_words_of_a_page_it_means(query: str, marked: list[str]) -> None:
    """Whether or not the page fits as a whole; words to leave out are not marked."""
    reading = page("the ruptured spleen and liver", "the spleen was removed")

    assert texts(hits.marks(reading, hits.word_numbers(query, reading))) == marked


def test_a_misread_word_is_marked_where_nothing_is_as_typed() -> None:
    """The scanner's rn for m."""
    reading = page("the turnor was rernoved")

    assert texts(hits.marks(reading, hits.word_numbers("tumor removed", reading))) == ["turnor", "rernoved"]


def test_a_query_without_sense_is_refused() -> None:
    """Also when it only says what to mark."""
    with pytest.raises(QueryError):
        hits.word_numbers("(spleen", page("spleen"))


def test_every_word_of_a_filed_page_can_be_marked() -> None:
    """Numbers count words of the reading, blanks inside one or not."""
    reading = stub.reading_of(stub.page_text(stub.PEOPLE[0], "a"), 1)

    assert [m.text for n in range(len(reading.words)) for m in hits.marks(reading, [n])] == [
        word.text for word in reading.words
    ]


# --- the picture ----------------------------------------------------------------------------
def paper(folder: Path, turned_degrees: int) -> Path:
    """A PDF page of 400 x 200 points, black where the mark belongs; /Rotate makes it upright."""
    from reportlab.pdfgen.canvas import Canvas

    upright = {"left": 40, "top": 20, "width": 80, "height": 30}
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(400, 200))  # turned sideways by setPageRotation itself
    # The page's own frame, so that a viewer who turns it clockwise sees it upright.
    if turned_degrees == 90:
        canvas.translate(200, 0)
        canvas.rotate(90)
    elif turned_degrees == 180:
        canvas.translate(400, 200)
        canvas.rotate(180)
    elif turned_degrees == 270:
        canvas.translate(0, 400)
        canvas.rotate(270)
    bottom = 200 - upright["top"] - upright["height"]
    canvas.rect(upright["left"], bottom, upright["width"], upright["height"], stroke=0, fill=1)
    canvas.setPageRotation(turned_degrees)
    canvas.save()
    path = folder / f"{turned_degrees}.pdf"
    path.write_bytes(stream.getvalue())
    return path


@pytest.mark.parametrize("turned_degrees", [0, 90, 180, 270])
def test_marks_sit_on_the_print_whatever_way_the_scan_lay(tmp_path: Path, turned_degrees: int) -> None:
    """Black stays black under the pen, and no print is left unmarked beside it."""
    from PIL import Image

    target = tmp_path / "page.png"
    size = view.draw(paper(tmp_path, turned_degrees), 1, [(0.1, 0.1, 0.3, 0.25)], target)

    with Image.open(target) as picture:
        assert picture.size == size == (2000, 1000)
        assert picture.getpixel((400, 175)) == (0, 0, 0)
        assert picture.getpixel((400, 260)) == (255, 255, 255)
        assert picture.getpixel((198, 175)) == (255, 232, 64)
        dark = picture.convert("L").point(lambda level: 255 if level < 100 else 0)
        assert dark.getbbox() == (200, 100, 600, 250)


def test_a_page_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Not as a crash of the reader."""
    with pytest.raises(CorruptFile):
        view.draw(paper(tmp_path, 0), 2, [], tmp_path / "page.png")
