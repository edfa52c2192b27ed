"""What kind of document: titles, words, abstention."""

from __future__ import annotations

import pytest

from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.extract import fields, find
from scanindex.model import Finding, FindingKind, PageFindings
from tests.extract.paper import page

WHO = "\nPatient: QUILL, NORA B   MRN: 0048213   DOB: 04/05/1951\n"


def kind(text: str, **kwargs: object) -> str | None:
    return fields([find(page(text, **kwargs))]).document_type  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("INITIAL CONSULTATION", "consultation"),
        ("Clinical Resume", "discharge_summary"),
        ("DOCTOR'S PROGRESS NOTES", "progress_note"),
        ("HISTORY & PHYSICAL EXAMINATION", "history_physical"),
        ("REPORT OF OPERATION", "operative_report"),
        ("TISSUE REPORT", "pathology_report"),
        ("ROENTGENOLOGICAL REPORT", "radiology_report"),
        ("24 Hour Intake and Output", "flowsheet"),
        ("LIVING WILL", "advance_directive"),
        ("Medication Kardex", "medication_record"),
        ("EMERGENCY WARD RECORD", "emergency_report"),
        ("CARDIAC CATHETERIZATION REPORT", "cardiology_report"),
        ("ELECTR0CARDIOGRAM REPORT", "ecg_report"),
        ("FAIR OAK HOSPITAL   NURSES' BEDSIDE NOTES", "nursing_note"),
        ("Progress Notes (continued)", "progress_note"),
    ],
)
def test_titles(title: str, key: str) -> None:
    """Synonyms, possessives, ampersands, one misread letter, a letterhead in the same row."""
    assert kind(title + WHO) == key


def test_a_sentence_is_no_title() -> None:
    """The words of a title inside running text name no type."""
    assert (
        kind(WHO + "She was sent for consultation and the discharge summary was mailed to her doctor.")
        is None
    )


def test_a_section_heading_does_not_outrank_the_title() -> None:
    """LABORATORY as a section of a discharge summary."""
    assert (
        kind("DISCHARGE SUMMARY" + WHO + "LABORATORY\nHemoglobin 12.1\nMEDICATIONS\nnone")
        == "discharge_summary"
    )


def test_words_decide_where_there_is_no_title() -> None:
    """A page of laboratory words without title."""
    text = (
        WHO
        + "WBC  6.1\nHemoglobin  12.1\nHematocrit  36\nPlatelet  200\n"
        + "Glucose  99\nSodium  140\nReference Range"
    )
    assert kind(text) == "lab_report"


def test_a_caption_that_looks_like_a_title_gives_way_to_the_words() -> None:
    """ "Admission date" is nearly "Admission note"; everything on the sheet says what it is."""
    text = "\n".join(
        (
            "Fernhollow Regional Hospital",
            "REGISTRATION FACE SHEET",
            "PATIENT NAME",
            "MEDICAL RECORD NUMBER",
            "Dovecote, Reginald A 0879751",
            "DATE OF BIRTH SEX",
            "06/17/1933 Male",
            "ADDRESS TELEPHONE",
            "399 Hawthorn Lane, Fernhollow OH",
            "(555) 555-0183",
            "ADMISSION DATE",
            "09/05/1997",
            "ADMITTING PHYSICIAN",
            "Whitcombe, Solange MD",
            "EMERGENCY CONTACT",
            "Winifred Dovecote (sister)",
            "CONTACT PHONE",
            "(555) 555-0142",
            "INSURANCE COMPANY",
            "Quarry Mutual Health",
            "POLICY NUMBER",
            "QM 88 1204 77",
            "RELIGION",
            "MARITAL STATUS",
            *[""] * 14,
        )
    )

    assert kind(text) == "face_sheet"


def test_few_or_mixed_words_give_no_answer() -> None:
    """Nothing clear: abstain, a clerk chooses."""
    assert kind(WHO + "seen today, doing well, see my note") is None


def test_a_cover_sheet_outranks_the_look_of_a_page_but_no_title() -> None:
    """The operator's sheet says the type where the paper does not print one that reads surely."""
    cover = Finding(
        kind=FindingKind.DOCUMENT_TYPE,
        raw="x",
        value="referral",
        scan_page_no=1,
        box=None,
        confidence=1.0,
        rule="cover/1",
    )
    sheet = PageFindings(scan_page_no=1, findings=(cover,))
    titled = find(page("PROGRESS NOTE" + WHO, number=2))
    faint = find(page("PROGRESS NOTE" + WHO, number=2, confidence=0.4))

    assert fields([sheet, titled]).document_type == "progress_note"
    assert fields([sheet, faint]).document_type == "referral"


def test_the_types_are_distinct_and_coded() -> None:
    """Keys are unique; LOINC codes look like LOINC codes; sensitive types are marked."""
    keys = [t.key for t in DOCUMENT_TYPES]
    assert len(keys) == len(set(keys)) >= 33
    codes = [t.loinc for t in DOCUMENT_TYPES if t.loinc]
    assert all(c[-2] == "-" and c[:-2].isdigit() for c in codes)
    assert {t.key for t in DOCUMENT_TYPES if t.is_sensitive} >= {"psychiatric_evaluation"}


def test_every_word_list_speaks_of_a_known_type() -> None:
    """A misspelt key in a table would silently invent a type."""
    from scanindex.extract.tables import read_table

    keys = {t.key for t in DOCUMENT_TYPES}
    assert {heading[0] for heading, _ in read_table("titles")} == keys
    assert {heading[0] for heading, _ in read_table("keywords")} <= keys
