"""Providers, facilities and addresses on pages of many makes."""

from __future__ import annotations

import pytest

from scanindex.extract import fields, find
from scanindex.model import DocumentFields
from tests.extract.paper import page

HEAD = "Patient: OAKES, LENA T      MRN: 0073316      DOB: 09/21/1949\n"
GAP = "\n" * 30


def read(*texts: str) -> DocumentFields:
    return fields([find(page(text, number=n)) for n, text in enumerate(texts, 1)])


PROVIDERS = {
    "signature under the text": HEAD + GAP + "Wanda K. Prosser, M.D.",
    "dictated by a person in one cell": HEAD + "Dictated: Wanda K. Prosser MD",
    "nurse and doctor sign": HEAD + GAP + "J. Tilbury, LPN\n\nWanda K. Prosser, M.D.",
    "copies under the signature": HEAD
    + GAP
    + "Wanda K. Prosser, M.D.\n\ncc: Owen Tarrant, M.D.\n    Ruth Abel, M.D.",
    "copies only": HEAD + "Attending: PROSSER, WANDA K" + GAP + "cc: Owen Tarrant, M.D.",
    "surgeon beside anesthesiologist": HEAD + "ANESTHESIOLOGIST: TARRANT, O     SURGEON: PROSSER, WANDA K",
    "label in a box": HEAD + "ATTENDING PHYSICIAN       WARD\nPROSSER, WANDA K          4 West",
    "title that opens like a label": HEAD + "PHYSICIAN'S PROGRESS NOTES\nDR: PROSSER, WANDA K",
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_provider_is_who_answers_for_the_document(name: str) -> None:
    """Author, then attending; not who gets a copy, not the nurse beside the doctor."""
    assert (read(PROVIDERS[name]).provider or "").startswith("PROSSER, W")


def test_a_letters_provider_signs_it() -> None:
    """Not the doctor it is written to, whose name stands on top, in the greeting and in the copies."""
    text = (
        "Elmgate Chest Clinic\n\nAugust 17, 1991\n\nOwen Tarrant, M.D.\n4 Mill Row\n\nRE: Lena Oakes\n\n"
        "Dear Dr. Tarrant:\nThank you for sending her."
        + "\n"
        * 16
        + "Owen Tarrant, M.D. will see her again.\n"
        "Sincerely,\n\nWanda K. Prosser, M.D.\n\ncc: Owen Tarrant, M.D."
    )
    assert read(text).provider == "PROSSER, WANDA K"


FACILITIES = {
    "two lines": "    ELMGATE COUNTY\n   MEMORIAL HOSPITAL\n\n" + HEAD,
    "one line": "ELMGATE COUNTY MEMORIAL HOSPITAL\n\n" + HEAD,
    "label": HEAD + "Facility: Elmgate County Memorial Hospital",
    "beside the title": "ELMGATE COUNTY MEMORIAL HOSPITAL          CONSULTATION\n\n" + HEAD,
}


@pytest.mark.parametrize("name", FACILITIES)
def test_the_whole_name_of_a_facility(name: str) -> None:
    """Also where its letterhead takes two lines."""
    assert (read(FACILITIES[name]).facility or "").upper() == "ELMGATE COUNTY MEMORIAL HOSPITAL"


@pytest.mark.parametrize(
    "line",
    [
        "HOSPITAL DISCHARGE SU",
        "HOSPITAL COURSE",
        "MEMORIAL HOSPITAL",
        "MEDICAL CENTER",
        "DS P C GROPO",
        "CLINIC VISIT",
    ],
)
def test_headings_halves_and_scraps_are_no_facility(line: str) -> None:
    """Half a name is none; two letters are no company form."""
    assert read(line + "\n\n" + HEAD).facility is None


def test_the_surest_spelling_of_a_letterhead_wins() -> None:
    """The same letterhead on two pages, one misread."""
    pages = [
        find(page("ELMGATE POUNDATION HOSPITAL\n\n" + HEAD, number=1, confidence=0.5)),
        find(page("ELMGATE FOUNDATION HOSPITAL\n\n" + HEAD, number=2)),
    ]
    assert fields(pages).facility == "ELMGATE FOUNDATION HOSPITAL"


WHOLE = "418 N. ALDER CT, SALTFORD, OH 44118"
ADDRESSES = {
    "one line": HEAD + "Address: 418 N. Alder Ct, Saltford, OH 44118",
    "two lines": HEAD + "Address: 418 N. Alder Ct\n         Saltford, OH 44118",
    "boxes side by side": HEAD
    + "STREET ADDRESS            CITY, STATE, ZIP               RELIGION\n"
    + "418 N. Alder Ct           Saltford, OH 44118             None",
    "box under box": HEAD + "ADDRESS\n418 N. Alder Ct\nCITY, STATE, ZIP\nSaltford, OH 44118",
    "a box for each": HEAD
    + "ADDRESS                   CITY            STATE     ZIP\n"
    + "418 N. Alder Ct           Saltford,       OH        44118",
    "telephone behind the second line": HEAD
    + "Address: 418 N. Alder Ct\n         Saltford, OH 44118          Phone: (614) 555-0101",
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_whole_address(name: str) -> None:
    """Street, city, state and postcode, wherever the form puts them."""
    assert read(ADDRESSES[name]).address == WHOLE


@pytest.mark.parametrize(
    "text",
    [
        "Address: 418 N. Alder Ct",
        "Address: Saltford, OH 44118",
        "Guarantor: OAKES, BEN\nGuarantor Address: 418 N. Alder Ct, Saltford, OH 44118",
    ],
)
def test_half_an_address_or_anothers_is_not_given(text: str) -> None:
    """Right or nothing."""
    assert read(HEAD + text).address is None


def test_the_next_boxs_number_is_no_value() -> None:
    """ "9. AGE   10. SEX" over the entries: the 10 is a number of the form."""
    text = (
        HEAD + "8. ADMITTED          9. AGE          10. ATTENDING PHYSICIAN\n"
        "08/17/91             41              PROSSER, WANDA K"
    )
    got = read(text)
    assert (got.service_date, got.provider) == ("1991-08-17", "PROSSER, WANDA K")
