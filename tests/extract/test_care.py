"""Dates of care, providers, facilities, page counts, and the summary of a document."""

from __future__ import annotations

import pytest

from scanindex.extract import fields, find
from scanindex.model import DocumentFields, FindingKind
from tests.extract.paper import page

WHO = "Patient: QUILL, NORA B   MRN: 0048213   DOB: 04/05/1951\n"


def read(*texts: str) -> DocumentFields:
    return fields([find(page(text, number=n)) for n, text in enumerate(texts, 1)])


@pytest.mark.parametrize(
    "label",
    [
        "Date of Service",
        "DOS",
        "Visit Date",
        "Collected",
        "Exam Date",
        "Date of Procedure",
        "Admit Date",
        "Discharge Date",
        "Date",
    ],
)
def test_labelled_dates_of_care(label: str) -> None:
    """Usual labels of a date of service."""
    assert read(f"{WHO}{label}: 06/11/1987").service_date == "1987-06-11"


@pytest.mark.parametrize(
    "label",
    [
        "Printed",
        "Run Date",
        "Received",
        "Fax Date",
        "Due Date",
        "Expires",
        "Transcribed",
        "LMP",
        "Rev",
        "Statement Date",
    ],
)
def test_other_dates_are_never_the_date_of_care(label: str) -> None:
    """Print, fax, receipt, due and form dates give no date of service."""
    assert read(f"{WHO}{label}: 06/11/1987").service_date is None


def test_a_birth_date_is_never_the_date_of_care() -> None:
    """The first date of a chart header is the birth date."""
    assert read(WHO + "the wound is clean").service_date is None


def test_the_visit_outranks_admission_and_dictation() -> None:
    """Several labelled dates: the one of this event wins."""
    text = WHO + "Admitted: 06/01/1987\nDictated: 06/20/1987\nDate of Consultation: 06/11/1987"
    assert read(text).service_date == "1987-06-11"


def test_a_date_before_birth_is_dropped() -> None:
    """A misread year before the patient was born is not shown."""
    assert read(WHO + "Date of Service: 06/11/1937").service_date is None


def test_age_and_birth_date_cast_doubt_on_a_misread_year() -> None:
    """A 36-year-old born in 1951 was not seen in 1997."""
    assert read(WHO + "Age: 36\nDate of Service: 06/11/1997").service_date is None
    assert read(WHO + "Age: 36\nDate of Service: 06/11/1987").service_date == "1987-06-11"


def test_a_letter_is_dated_by_its_date_line() -> None:
    """The line over the address, not the accident it writes about."""
    text = (
        "Fair Oak Clinic\n\nJune 11, 1987\n\nEvan Marsh, M.D.\n12 Elm Street\nMillbrook, OH 44702\n\n"
        "RE: Nora Quill\n\nDear Dr. Marsh:\nI saw your patient on 05/02/1987 and she does well.\n\n"
        "Sincerely,\n\nIda Lund, M.D."
    )
    got = read(text)
    assert got.service_date == "1987-06-11"
    assert got.document_type == "correspondence"
    assert got.name == "QUILL, NORA"


def test_a_two_digit_birth_year_is_settled_by_the_other_page() -> None:
    """Birth date on page 1, date of care on page 2."""
    got = read("Patient: QUILL, NORA   MRN: 0048213   DOB: 04/05/05", "Date of Service: 06/11/1987")
    assert got.birth_date == "1905-04-05"


def test_an_open_century_is_left_open() -> None:
    """1905 or 2005 with nothing to decide gives no birth date."""
    assert read("Patient: QUILL, NORA   MRN: 0048213   DOB: 04/05/05").birth_date is None


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Attending: MARSH, EVAN", "MARSH, EVAN"),
        ("Dictated by: Evan T. Marsh, M.D.", "MARSH, EVAN T"),
        ("Surgeon: E. Marsh, MD", "MARSH, E"),
        ("Evan T. Marsh, M.D.", "MARSH, EVAN T"),
    ],
)
def test_providers(line: str, name: str) -> None:
    """Labelled doctors and signatures."""
    assert read(WHO + "\n" * 5 + line).provider == name


def test_the_author_outranks_the_referring_doctor() -> None:
    """Who wrote it, not who sent the patient."""
    assert read(WHO + "Referred by: LUND, IDA\nDictated by: MARSH, EVAN").provider == "MARSH, EVAN"


@pytest.mark.parametrize(
    "line",
    [
        "FAIR OAK MEMORIAL HOSPITAL",
        "St. Osyth Medical Center",
        "Lakeside Family Practice",
        "Union Cardiology Associates, P.C.",
    ],
)
def test_letterheads(line: str) -> None:
    """A capitalised line at the top with a word for a facility."""
    assert read(line + "\n\n" + WHO).facility == line.rstrip(".")


@pytest.mark.parametrize(
    "line", ["HOSPITAL COURSE:", "Patient admitted to the hospital", "LABORATORY REPORT"]
)
def test_headings_are_no_facility(line: str) -> None:
    """The word hospital alone makes no letterhead."""
    assert read(line + "\n" + WHO).facility is None


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("Page 2 of 5", "2/5"),
        ("PAGE: 2/5", "2/5"),
        ("Pg. 2 of 5", "2/5"),
        ("Page 3", "3/?"),
        ("- 3 -", "3/?"),
    ],
)
def test_page_counts(line: str, value: str) -> None:
    """Page k of N, and a page number alone, in the head of a page."""
    assert [f.value for f in find(page(line, top=20)).of(FindingKind.PAGE_OF)] == [value]


def test_the_fax_machines_count_is_told_apart() -> None:
    """A fax header numbers the transmission, not the document."""
    found = find(page("06/11/87 14:02 FROM: FAIR OAK   FAX 740 555 0119   P. 02/07", top=-20)).of(
        FindingKind.PAGE_OF
    )
    assert [(f.value, f.rule) for f in found] == [("2/7", "fax.page_of/1")]


def test_even_support_for_two_numbers_gives_none() -> None:
    """Two MRNs on two pages, equally well read: nobody is preferred."""
    assert read("MRN: 0048213", "MRN: 0077777").mrn is None


def test_the_better_supported_number_wins() -> None:
    """Three pages against one."""
    assert read("MRN: 0048213", "MRN: 0048213", "MRN: 0048218", "MRN: 0048213").mrn == "0048213"


def test_a_name_printed_shorter_is_no_conflict() -> None:
    """Initial against full middle name, missing middle name."""
    assert (
        read("Patient: QUILL, NORA BELLE", "Patient: QUILL, NORA B", "Patient: QUILL, NORA").name is not None
    )
