"""Codes are read at any angle and wear, and only separator sheets count as such."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanindex.model import Barcode, Box, Word
from scanindex.ocr.barcodes import is_separator, read_barcodes
from scanindex.ocr.patch import find_patch_t
from tests.ocr import papers

SYMBOLOGIES = ["Code128", "Code39", "QRCode", "DataMatrix"]


def values(page: papers.Grey, dpi: float = 200) -> set[tuple[str, str]]:
    return {(code.symbology, code.value) for code in read_barcodes(page, dpi)}


@pytest.mark.parametrize("symbology", SYMBOLOGIES)
@pytest.mark.parametrize("angle", [0, 5, 45, 180])
def test_reads_a_faxed_code_at_any_angle(symbology: str, angle: float) -> None:
    """Every format in use, turned as paper gets turned."""
    page = papers.faxed(papers.crooked(papers.code_page("SIX1AB4711", symbology), angle))
    assert values(page) == {(symbology, "SIX1AB4711")}


def test_the_box_is_where_the_code_is() -> None:
    """Pixels of the page given."""
    (code,) = read_barcodes(papers.code_page("SIX1AB4711", "QRCode"), 200)
    assert code.box is not None
    assert (code.box.left_px, code.box.top_px) == pytest.approx((400, 900), abs=8)


def test_a_small_code_beside_a_large_one_is_read() -> None:
    """A label's DataMatrix counts though a bar code was found first."""
    page = papers.code_page("AB4711", "Code128")
    small = papers.code_page("SIX1AB4711", "DataMatrix")
    page[1200:1700] = small[850:1350]
    assert values(page) == {("Code128", "AB4711"), ("DataMatrix", "SIX1AB4711")}


def test_a_page_of_text_has_no_codes() -> None:
    """No false readings on prose and traces."""
    assert values(papers.chart_page()[0]) == set()
    assert values(papers.heart_trace()) == set()


def copied(page: papers.Grey) -> papers.Grey:
    soft = np.asarray(cv2.GaussianBlur(page, (0, 0), 1.3), np.uint8)
    return papers.noisy(papers.faded(soft, 215, 70), 15)


WEAR = {"as printed": lambda page: page, "faxed": papers.faxed, "copied": copied}


@pytest.mark.parametrize("wear", WEAR.values(), ids=WEAR.keys())
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize(("dpi", "angle"), [(100, 0), (200, 5), (150, -5)])
def test_finds_patch_t(wear: object, turn: int, dpi: int, angle: float) -> None:
    """Photocopied, faxed, coarse, five degrees askew, whichever way the sheet went in."""
    page = papers.crooked(papers.turned(papers.patch_page(dpi), turn), angle)
    codes = find_patch_t(wear(page), dpi)  # type: ignore[operator]
    assert [code.symbology for code in codes] == ["PatchT"]


def test_a_reduced_copy_of_patch_t_still_counts() -> None:
    """Copiers shrink to fit."""
    page = cv2.resize(papers.patch_page(200), None, fx=0.77, fy=0.77, interpolation=cv2.INTER_AREA)
    assert len(find_patch_t(np.asarray(page, np.uint8), 200)) == 1


def stripes(period: int) -> papers.Grey:
    page = np.full((2200, 1700), 255, np.uint8)
    for top in range(100, 2100, period):
        page[top : top + period // 2] = 0
    return page


@pytest.mark.parametrize(
    "page",
    [papers.heart_trace(), papers.chart_page(3)[0], stripes(32), stripes(100)]
    + [papers.code_page("AB123456", symbology) for symbology in SYMBOLOGIES],
)
@pytest.mark.parametrize("turn", [0, 90])
def test_no_patch_t_where_there_is_none(page: papers.Grey, turn: int) -> None:
    """Grids, bars and barcodes are not four bars with quiet around them."""
    assert find_patch_t(papers.turned(page, turn), 200) == ()


def words(text: str) -> list[Word]:
    box = Box(left_px=0, top_px=0, right_px=9, bottom_px=9)
    return [Word(text=t, box=box, confidence=0.9, engine="tesseract", line_no=1) for t in text.split()]


def code(value: str, symbology: str = "Code128") -> Barcode:
    return Barcode(symbology=symbology, value=value, box=None)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (code("SIX1ABC"), "many words " * 60),
        (code("SEPARATOR"), ""),
        (code("PATCHT"), "Document separator"),
        (code("DOC-SEP"), ""),
        (code("NEW DOCUMENT"), ""),
        (code("T", "PatchT"), "PATCH T separator sheet do not remove"),
        (code("0048812"), "MEDICAL RECORD BATCH HEADER MRN 0048812"),
    ],
)
def test_separator_sheets(found: Barcode, text: str) -> None:
    """Our own codes, those of other systems, and Patch T on a sheet with little else."""
    assert is_separator([found], words(text))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ([code("0048812")], "MRN 0048812 Marsh, Rosalind DOB 03/14/1951"),
        ([code("SEPSIS")], "Sepsis screening"),
        ([code("PATCH-FENTANYL")], "Medication record"),
        ([code("FX0048812")], "FAX COVER SHEET To: Medical Records Re: Rosalind Marsh"),
        ([code("T", "PatchT")], "The wound is dry and closed. " * 30),
        ([], "Document separator"),
        ([], "MEDICAL RECORD BATCH HEADER"),
    ],
)
def test_chart_pages_are_no_separators(found: list[Barcode], text: str) -> None:
    """A label's barcode, a drug's, a full page with bars, or words alone."""
    assert not is_separator(found, words(text))
