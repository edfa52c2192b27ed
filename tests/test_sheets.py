"""Facts about printed sheets: what is printed can be read again, however bad the paper looks."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanindex.errors import UsageError
from scanindex.model import Batch, BatchId, Identifier, Patient, PatientId, PersonName
from scanindex.sheetcode import SheetCode, decode, encode
from scanindex.sheets import batch_sheet, patient_sheets, separator_sheets

PATIENT_CODE = SheetCode(
    kind="patient", mrn="00731-A", authority="local", birth_date="1931-07-04", document_type="lab_report"
)


def patient(mrn: str | None = "00731-A") -> Patient:
    return Patient(
        patient_id=PatientId("p-1"),
        names=(PersonName(last="Quisenberry-Ångström", first="Wilhelmina", middle="Ļ"),),
        birth_date="1931-07-04",
        identifiers=(Identifier(authority="local", type="mrn", value=mrn),) if mrn else (),
    )


def rasterise(pdf: bytes, dpi: float = 200, page_no: int = 1) -> Any:
    page = pypdfium2.PdfDocument(io.BytesIO(pdf))[page_no - 1]
    return np.array(page.render(scale=dpi / 72).to_pil().convert("L"))


def turned(page: Any, degrees: float) -> Any:
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(page, matrix, (width, height), borderValue=255)


def faxed(page: Any, vertical_share: float) -> Any:
    """1-bit, 204 dots across, fewer down, then stretched back as a fax viewer does."""
    height, width = page.shape
    small = cv2.resize(page, (width, int(height * vertical_share)), interpolation=cv2.INTER_AREA)
    bits = np.where(small < 128, 0, 255).astype(np.uint8)
    return cv2.resize(bits, (width, height), interpolation=cv2.INTER_NEAREST)


def photocopied(page: Any) -> Any:
    """Grown bars, grey paper, dirt, a black edge, and a second generation of blur."""
    noise = np.random.default_rng(7)
    grown = cv2.GaussianBlur(cv2.erode(page, np.ones((3, 3), np.uint8)), (3, 3), 0)
    grey = np.clip(grown * 0.75 + 35 + noise.normal(0, 18, page.shape), 0, 255).astype(np.uint8)
    grey[noise.random(page.shape) < 0.004] = 0
    grey[:, :25] = 10
    return grey


DAMAGE = {
    "clean": lambda page: page,
    "fine fax": lambda page: faxed(page, 196 / 204),
    "standard fax": lambda page: faxed(page, 98 / 204),
    "crooked by 3 degrees": lambda page: turned(page, 3),
    "crooked fax": lambda page: faxed(turned(page, -3), 196 / 204),
    "upside down": lambda page: np.ascontiguousarray(page[::-1, ::-1]),
    "sideways": lambda page: np.ascontiguousarray(page.T[::-1]),
    "photocopied": photocopied,
    "photocopied, faxed upside down": lambda page: faxed(photocopied(page)[::-1, ::-1], 196 / 204),
    "torn off at the top": lambda page: page[len(page) // 3 :],
    "torn off at the bottom": lambda page: page[: len(page) * 2 // 3],
}


def codes_on(page: Any) -> set[SheetCode | None]:
    found = zxingcpp.read_barcodes(np.ascontiguousarray(page))
    return {decode(code.text) for code in found if code.text.startswith("SIX")}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_patient_sheet_survives_damage(damage: str) -> None:
    """The longest usual code survives each kind of damage."""
    page = DAMAGE[damage](rasterise(patient_sheets([patient()], "lab_report"), dpi=204))
    assert codes_on(page) == {PATIENT_CODE}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_separator_sheet_survives_damage(damage: str) -> None:
    """A separator is recognised after each kind of damage."""
    page = DAMAGE[damage](rasterise(separator_sheets(1, "Any Hospital", paper="a4"), dpi=204))
    assert codes_on(page) == {SheetCode(kind="separator")}


def test_a_batch_sheet_names_its_batch() -> None:
    """The batch id comes back from the printed sheet."""
    batch = Batch(
        batch_id=BatchId("k3j9x0aa11bb22cc33dd"),
        label="Box 12",
        folder=".",
        sheets_expected=300,
        opened_at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    found = codes_on(rasterise(batch_sheet(batch)))
    assert found == {SheetCode(kind="batch", batch_id="k3j9x0aa11bb22cc33dd")}


def test_a_person_can_read_the_patient_sheet() -> None:
    """Name, birth date, MRN and type stand there in words, letters without a glyph simplified."""
    pdf = pypdfium2.PdfDocument(io.BytesIO(patient_sheets([patient()], "lab_report", site_name="St. Any")))
    text = pdf[0].get_textpage().get_text_range()
    for words in (
        "PATIENT",
        "Quisenberry-Ångström, Wilhelmina L",
        "1931-07-04",
        "00731-A",
        "lab report",
        "St. Any",
    ):
        assert words in text


def test_one_page_per_sheet_and_equal_bytes_every_time() -> None:
    """Five asked for are five pages; printing again gives the same file."""
    first = separator_sheets(5)
    assert len(pypdfium2.PdfDocument(io.BytesIO(first))) == 5
    assert first == separator_sheets(5)


def test_only_separators_carry_patch_bars() -> None:
    """Scanners that swallow patch sheets must not swallow the one that names the patient."""

    def has_bars(pdf: bytes) -> bool:
        strip = rasterise(pdf)[:, -300:-110]
        return bool((strip < 100).all(axis=1).any())

    assert has_bars(separator_sheets(1))
    assert not has_bars(patient_sheets([patient()]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: separator_sheets(0),
        lambda: separator_sheets(1_000_000),
        lambda: separator_sheets(1, paper="papyrus"),
        lambda: patient_sheets([]),
        lambda: patient_sheets([patient(mrn=None)]),
    ],
)
def test_what_cannot_be_printed_is_refused_as_usage(make: Any) -> None:
    """Silly counts, unknown paper and patients without MRN are usage errors."""
    with pytest.raises(UsageError):
        make()


# --- the code itself ------------------------------------------------------------------------
texts = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=12)
codes = st.builds(
    SheetCode,
    kind=st.just("patient"),
    mrn=texts.filter(bool),
    authority=texts,
    birth_date=st.sampled_from(["", "1931", "1931-07", "1931-07-04", "July"]) | texts,
    document_type=st.sampled_from(["", "lab_report", "Z", "zZ"]),
)


@settings(max_examples=150, deadline=None)
@given(codes)
@example(SheetCode(kind="patient", mrn="ß-É zZ", birth_date="19310704"))
def test_every_code_comes_back(code: SheetCode) -> None:
    """Letters, zeros, accents and odd dates survive, in QR's alphanumeric set."""
    text = encode(code)
    assert text.isascii() and text.isalnum() and text == text.upper()
    assert decode(text) == code


def test_check_characters_are_those_of_the_standard() -> None:
    """ISO 7064 gives "ISO79" the MOD 1271-36 characters 3W."""
    from scanindex.sheetcode import _check

    assert _check("ISO79") == "3W"


def test_one_wrong_character_or_one_swap_is_never_accepted() -> None:
    """All single substitutions and all swaps of neighbours of a real code are refused."""
    text = encode(PATIENT_CODE)
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    wrong = {text[:i] + c + text[i + 1 :] for i in range(len(text)) for c in letters}
    wrong |= {text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1)}
    assert {decode(t) for t in wrong - {text}} == {None}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text("SIX1PBMUNLZ0", max_size=40).map("SIX1".__add__))
def test_foreign_text_is_none_and_never_an_exception(text: str) -> None:
    """Whatever a bar code on a page says, decoding answers; None unless it is exactly ours."""
    code = decode(text)
    assert code is None or encode(code) == text.strip()


@pytest.mark.parametrize(
    "body", ["SIX1PMU01", "SIX1P", "SIX1X", "SIX1", "SIX1PQU011", "SIX1PMU03ZZZ", "SIX1SMU000"]
)
def test_a_right_check_on_a_wrong_body_is_refused(body: str) -> None:
    """Check characters alone do not make a sheet: the body must be one that we write."""
    from scanindex.sheetcode import _check

    assert decode(body + _check(body)) is None


def test_patient_data_stay_out_of_the_representation() -> None:
    """A code may be logged by accident; its repr names nobody."""
    assert "00731" not in repr(PATIENT_CODE) and "1931" not in repr(PATIENT_CODE)
