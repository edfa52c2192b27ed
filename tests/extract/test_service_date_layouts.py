"""The date of care on pages of many makes: forms, letters, boxes, stamps, slips of the reader."""

from __future__ import annotations

import datetime as dt

import pytest

from scanindex.extract import fields, find
from scanindex.model import DocumentFields, FindingKind
from tests.extract.paper import page

HEAD = "Patient: OAKES, LENA T      MRN: 0073316      DOB: 09/21/1949\n"
RECEIVED = dt.date(2024, 5, 6)


def read(*texts: str, order: str = "month_first", received: dt.date = RECEIVED) -> DocumentFields:
    return fields([find(page(t, number=n), received, order) for n, t in enumerate(texts, 1)])


LAYOUTS = {
    "captions that no list holds": HEAD + "Date of Infusion Visit: 08/17/1991",
    "abbreviated": HEAD + "EXAM DT 08/17/91      EXAM TM 0930",
    "date and time of study": HEAD + "Date/Time of Study: 08/17/1991 14:20",
    "slash between two captions": HEAD + "Svc Date/Time: 08/17/91 0812",
    "label over value in a row of boxes": HEAD
    + "PHYSICIAN              COLLECTED          WARD\nB. Hurst, M.D.         08-17-1991         4 West",
    "misread box heading": HEAD
    + "PHYSICIAN              COLCTED          WARD\nB. Hurst, M.D.         08-17-1991         4 West",
    "value over three columns": "PATIENT                       DATE OF EXAM          MRN\n"
    "OAKES, LENA T                 AUG 17 1991           0073316",
    "seen on": HEAD + "Seen on: August 17, 1991 by the undersigned",
    "day of week": HEAD + "Visit Date: Saturday, August 17, 1991",
    "military": HEAD + "DATE OF OPERATION: 17AUG1991",
    "ordinal": HEAD + "Date of Procedure - August 17th, 1991",
    "iso with time": HEAD + "Encounter Date: 1991-08-17T09:40",
    "dotted": HEAD + "Date of Service ........ 8.17.91",
    "boxes per number": HEAD + "DATE OF SERVICE\n08 17 91",
    "claim lines under two heading rows": HEAD
    + "DATE(S) OF SERVICE              PROCEDURE\nFROM                            CODE\nMM DD YY\n"
    "08 17 91                        99213\n08 17 91                        85025",
    "letter": "Elmgate Chest Clinic\n\nAugust 17, 1991\n\nBruno Hurst, M.D.\n4 Mill Row\n\nRE: Lena Oakes\n\n"
    "Dear Dr. Hurst:\nShe had a fall on 05/02/1990 and has recovered.",
    "letter with labelled date": "Elmgate Clinic\n\nDate: August 17, 1991\nRE: Lena Oakes   DOB: 9/21/49\n\n"
    "Dear Dr. Hurst:\nThank you.\n\nD: 08/19/91   T: 08/20/91",
    "stamp of a recorder": "OAKES, LENA   ID: 0073316 8/17/91 07:42:10\n41 yr F\nVent. rate 88 BPM",
    "visit beside dictation": HEAD + "DICTATED: 08/19/91    TRANSCRIBED: 08/20/91    SURGERY DATE: 08/17/91",
    "collected beside ordered and received": HEAD
    + "Ordered: 08/16/91   Collected: 08/17/91   Received: 08/18/91   Reported: 08/18/91",
    "ordered before collected in columns": HEAD
    + "ORDERED          COLLECTED        RECEIVED\n08/15/91         08/17/91         08/18/91",
    "printed line above": "PRINTED 01/05/2003 08:00     PAGE 1\n" + HEAD + "Clinic visit: 08/17/1991",
    "form revision below": HEAD + "Date of Visit: 08/17/1991\n" + "\n" * 20 + "Form 88-14 (Rev. 3/98)",
    "next appointment": HEAD + "Next appointment: 11/02/91\nDate seen: 08/17/91",
    "expiry": HEAD + "Policy expires 12/31/92\nDATE OF TREATMENT 08/17/91",
    "signature alone": HEAD + "Examination Date 8/17/91\n\nSigned: 8/25/91",
    "torn year": HEAD + "Date of Exam: 08/17/19 91",
    "letters for digits": HEAD + "Date of Exam: O8/l7/1991",
    "slash lost": HEAD + "Date of Exam: 0817/1991",
    "slash read as one": HEAD + "Date of Exam: 08117/1991",
    "colon for slash": HEAD + "Date of Exam: 08:17-1991",
    "misspelt month": HEAD + "Date of Exam: Augusl 17, 1991",
    "misspelt caption": HEAD + "Dale of Examinaton: 08/17/91",
    "faint but vouched for": HEAD + "Collected: 08/17/1991\nReported: 08/17/1991",
    "footer of the hospital": HEAD
    + "Date of Consultation: 08/17/91\n"
    + "\n" * 44
    + "Printed on 02/11/1999 10:12",
    "notes by day": HEAD
    + "DATE        NOTES\n8/17/91     Pt resting, wound dry.\n8/18/91     Walks in the hall.",
    "notes without heading": HEAD + "8/17/91 Pt resting, wound dry, no fever overnight.",
    "history of operations": HEAD + "Past surgery: hernia 1978\nDATE OF EVALUATION:   08/17/91",
    "triage": "EMERGENCY DEPARTMENT\n" + HEAD + "Triage Date/Time: 08/17/91 2215     Arrival Mode: car",
    "session": HEAD + "Session No. 4      Session Date: 08/17/1991",
    "date in a box of its own": HEAD + "TODAY'S DATE\n8/17/91",
    "report date only": HEAD + "Report Date: 08/17/1991",
    "dictation only": HEAD + "D: 08/17/91  T: 08/19/91  Job 8841",
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_date_of_care_is_found(name: str) -> None:
    """17 August 1991, whatever the layout."""
    assert read(LAYOUTS[name]).service_date == "1991-08-17"


NOTHING = {
    "birth only": HEAD,
    "birth without label beside the sex": "OAKES, LENA T   0073316   09/21/1949 F",
    "fax edge": HEAD + "the wound is clean",
    "vaccinations": HEAD + "VACCINE   DATE GIVEN LOT\nTetanus   03/04/88   A113\nMeasles   05/09/90   B774",
    "next visit": HEAD + "Next visit 03/04/99",
    "refill": HEAD + "Refill until: 03/04/99",
    "coverage": HEAD + "Coverage effective 03/04/99",
    "last menses": HEAD + "Last menstrual period 03/04/89",
    "accident": HEAD + "Date of accident: 03/04/89",
    "prior study": HEAD + "Comparison: chest film of 03/04/89",
    "future": HEAD + "Date of visit: 03/04/2031",
    "before birth": HEAD + "Date of visit: 03/04/1931",
    "time only": HEAD + "Collected: 14:35",
    "form number": HEAD + "Form 214-88 Rev 03/89",
    "microfilm": "MICROFILMED 03/04/99\n" + HEAD,
}


@pytest.mark.parametrize("name", NOTHING)
def test_no_date_of_care_is_made_up(name: str) -> None:
    """Births, due and next days, validity, history, machines' lines."""
    top = "03/04/99 14:02 FROM: ELMGATE CLINIC   FAX 614 555 0102   P. 02/03\n" if "fax" in name else ""
    got = fields([find(page(top + NOTHING[name], top=-20 if top else 80), RECEIVED)])
    assert got.service_date is None


def test_an_unreadable_event_is_not_replaced_by_the_dictation() -> None:
    """The surgery's date is there but illegible: the day of dictation would be wrong."""
    text = HEAD + "DATE OF SURGERY: 11 167%\n\nD: 08/19/91   T: 08/20/91"
    assert read(text).service_date is None


def test_an_unreadable_event_says_where_it_stands() -> None:
    """So that a person is shown the place."""
    (found,) = find(page(HEAD + "DATE OF SURGERY: 11 167%"), RECEIVED).of(FindingKind.SERVICE_DATE)
    assert (found.value, found.rule.split(".")[0], found.box is not None) == ("", "unread", True)


# --- day and month ------------------------------------------------------------------------
def test_month_first_is_the_habit() -> None:
    """Nothing on the page tells the order."""
    assert read(HEAD + "Date of visit: 03/04/98").service_date == "1998-03-04"


def test_another_date_of_the_page_tells_the_order() -> None:
    """21/09/1949 can only be day first, so 03/04/98 is the third of April."""
    text = "Patient: OAKES, LENA T   DOB: 21/09/1949\nDate of visit: 03/04/98"
    assert read(text).service_date == "1998-04-03"


def test_the_order_holds_for_the_birth_date_too() -> None:
    """A birth date of either order on a page that writes the day first."""
    text = "Patient: OAKES, LENA T   DOB: 03/04/1949\nDate of visit: 23/07/1998"
    assert read(text).birth_date == "1949-04-03"


def test_another_page_tells_the_order() -> None:
    """Page 2 of the document has a day over 12."""
    assert read("Date of visit: 03/04/98", "Date of visit: 03/04/98\nLast seen 25/12/1997").service_date in {
        "1998-04-03",
        None,
    }


def test_a_site_that_writes_the_day_first() -> None:
    """By the site's setting."""
    assert read("Date of visit: 03/04/98", order="day_first").service_date == "1998-04-03"


def test_a_site_that_wants_to_be_asked() -> None:
    """Both readings are kept and none is chosen."""
    text = "Patient: OAKES, LENA T\nDate of visit: 03/04/98"
    assert read(text, order="ask").service_date is None
    found = find(page(text), RECEIVED, "ask").of(FindingKind.SERVICE_DATE)
    assert {f.value for f in found} == {"1998-03-04", "1998-04-03"}


def test_a_named_month_settles_the_same_day() -> None:
    """The day printed in words elsewhere on the page chooses the reading."""
    text = "Date of visit: 03/04/98\n\n3 April 1998"
    assert read(text, order="ask").service_date == "1998-04-03"


def test_orders_that_contradict_each_other_are_left_open() -> None:
    """One date each way: nobody knows."""
    text = "DOB: 21/09/1949\nDate of visit: 03/04/98\nReported: 03/25/98"
    assert read(text).service_date is None


# --- two digits ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("printed", "received", "iso"),
    [
        ("03/04/26", dt.date(2026, 6, 1), "2026-03-04"),
        ("03/04/26", dt.date(2024, 6, 1), None),
        ("03/04/31", dt.date(2024, 6, 1), "1931-03-04"),
        ("03/04/31", dt.date(2035, 6, 1), None),
    ],
)
def test_the_century_is_settled_by_the_day_of_receipt(
    printed: str, received: dt.date, iso: str | None
) -> None:
    """Nothing happened after the scan arrived; two centuries that both fit are left open."""
    assert read(f"Date of visit: {printed}", received=received).service_date == iso


# --- stays --------------------------------------------------------------------------------
STAYS = {
    "two labels": "Admitted: 08/11/1991     Discharged: 08/17/1991",
    "one caption": "Admission/Discharge Date: 08/11/1991 - 08/17/1991",
    "dates of service": "Dates of Service: 08/11/91 to 08/17/91",
    "shared year": "Dates of Service: 8/11-8/17/91",
    "shared month": "Dates of Service: August 11-17, 1991",
}


@pytest.mark.parametrize("name", STAYS)
def test_first_and_last_day_of_a_stay(name: str) -> None:
    """Admission and discharge, or a printed range."""
    got = read(HEAD + STAYS[name])
    assert (got.service_start, got.service_end) == ("1991-08-11", "1991-08-17")
    assert got.service_date in {"1991-08-11", "1991-08-17"}


def test_a_single_day_is_no_range() -> None:
    """Neither start nor end without both."""
    got = read(HEAD + "Date of visit: 08/17/1991")
    assert (got.service_start, got.service_end) == (None, None)


# --- partial ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("printed", "iso"), [("March 1987", "1987-03"), ("3/1987", "1987-03"), ("1987", "1987")]
)
def test_a_partial_date_stays_partial(printed: str, iso: str) -> None:
    """No day is made up."""
    assert read(f"{HEAD}Date of visit: {printed}").service_date == iso


def test_what_most_pages_say_wins_over_one_misread() -> None:
    """One page of three read another year."""
    assert read(*(f"Date of visit: 08/17/19{y}" for y in ("97", "91", "91"))).service_date == "1991-08-17"
