"""Whose page it is, on many layouts of paper: each case is one habit of forms, stickers and heads.

People and forms are invented. `WHO` gives what a reader must get, and everything that is
None there must stay unread: a wrong value is worse than none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from scanindex.extract import fields, find
from scanindex.model import Box, FindingKind, PageKind, PageQuality, PageReading, Role, TextSource, Word
from tests.extract.paper import page

LINE_HEIGHT, LETTER = 26, 14


@dataclass(frozen=True)
class Print:
    """A line of print: its left edge, its top and its text."""

    left: int
    top: int
    text: str
    height: int = LINE_HEIGHT


def placed(lines: Sequence[Print], *, degrees: float = 0.0) -> PageReading:
    """Lines at free places, turned about the first one's corner as a sticker put on askew is."""
    origin, turn = lines[0], math.radians(degrees)
    words = []
    for line_no, line in enumerate(lines, 1):
        letter, left = LETTER * line.height // LINE_HEIGHT, line.left
        for text in line.text.split(" "):
            dx, dy = left - origin.left, line.top - origin.top
            x = round(origin.left + dx * math.cos(turn) - dy * math.sin(turn))
            y = round(origin.top + dx * math.sin(turn) + dy * math.cos(turn))
            box = Box(left_px=x, top_px=y, right_px=x + letter * len(text) - 2, bottom_px=y + line.height)
            if text:
                words.append(
                    Word(text=text, box=box, confidence=0.95, engine="tesseract 5.3", line_no=line_no)
                )
            left += letter * (len(text) + 1)
    return PageReading(
        scan_page_no=1,
        kind=PageKind.CONTENT,
        width_px=1700,
        height_px=2200,
        dpi=200.0,
        rotation_degrees=0,
        words=tuple(words),
        quality=PageQuality(dpi=200.0, skew_degrees=0.0, contrast=0.9, ink_share=0.05, legibility=0.9),
        text_source=TextSource.OCR,
        engines=("tesseract 5.3",),
    )


def read(text: str, **kwargs: object) -> dict[str, str | None]:
    got = fields([find(page(text, **kwargs))])  # type: ignore[arg-type]
    return {
        k: getattr(got, k)
        for k in ("name", "mrn", "birth_date", "sex", "ssn4", "phone", "account", "address")
    }


NAME, MRN, BORN = "TULLIVER, MAREN K", "0731946", "1938-11-02"
FORMS = {
    "colons in one row": (
        "Pt. Name: Tulliver, Maren K    MR #: 0731946    D.O.B.: 11/02/1938",
        {"name": NAME, "mrn": MRN, "birth_date": BORN},
    ),
    "dotted leaders": (
        "Patient's name ..... Tulliver, Maren K\nHosp. No. .......... 0731946\n"
        "Birthdate .......... 11-02-1938",
        {"name": NAME, "mrn": MRN, "birth_date": BORN},
    ),
    "hint behind the name label": (
        "Patient's Name (Last, First, MI)   Tulliver Maren K\nUnit No. 0731946",
        {"name": NAME, "mrn": MRN},
    ),
    "hint asks first name first": (
        "Patient's Name (First, Middle, Last):   Maren K Tulliver\nMed Rec No: 0731946",
        {"name": NAME, "mrn": MRN},
    ),
    "hint behind the birth date": (
        "Date of Birth (mm/dd/yyyy)   11/02/1938        Chart #   0731946",
        {"birth_date": BORN, "mrn": MRN},
    ),
    "boxes with hints": (
        "PATIENT NAME (LAST, FIRST, MI)      HISTORY NO.      DATE OF BIRTH (MO/DAY/YR)   SEX (M/F)\n"
        "Tulliver, Maren K                   0731946          11/02/1938                  F",
        {"name": NAME, "mrn": MRN, "birth_date": BORN, "sex": "F"},
    ),
    "numbered boxes": (
        "1. MEMBER ID NO.                    2. PATIENT'S NAME            3. PATIENT'S BIRTH DATE\n"
        "   XKT440918273                        TULLIVER, MAREN K            11 02 1938\n\n"
        "4. INSURED'S NAME                   5. PATIENT'S ADDRESS\n"
        "   TULLIVER, OSCAR                     44 Quarry Rd",
        {"name": NAME, "birth_date": BORN, "mrn": None},
    ),
    "three cells for the name": (
        "Last Name           First Name          MI        Birthdate\n"
        "Tulliver            Maren               K         11/02/1938\n\n"
        "Unit No.            Account No.\n"
        "0731946             V220817734",
        {"name": NAME, "mrn": MRN, "birth_date": BORN, "account": "V220817734"},
    ),
    "three marked cells in one row": (
        "Last: Tulliver      First: Maren      MI: K      DOB: 11/02/1938",
        {"name": NAME, "birth_date": BORN},
    ),
    "born in prose form": (
        "RE: Maren K. Tulliver\nBORN: November 2, 1938\nHospital Number: 0731946",
        {"name": NAME, "mrn": MRN, "birth_date": BORN},
    ),
    "short words before a number": ("BORN 11/02/1938     Chart 0731946", {"mrn": MRN, "birth_date": BORN}),
    "values at a far tab": (
        "PATIENT:                         TULLIVER, MAREN K\nBIRTH DATE:                      11/02/38\n"
        "DATE OF OPERATION:               03/14/86",
        {"name": NAME, "birth_date": BORN},
    ),
    "date with month letters": (
        "Patient: Maren K Tulliver\nDOB: 02-NOV-1938",
        {"name": NAME, "birth_date": BORN},
    ),
    "glued label and date": (
        "TULLIVER,MAREN K   MRN0731946   DOB11/02/1938",
        {"name": NAME, "mrn": MRN, "birth_date": BORN},
    ),
    "hint glued to its label": ("Name(Last, First, MI): Tulliver Maren K   DOB: 11/02/1938", {"name": NAME}),
    "abbreviated number": ("Medical Rec. Nbr. 0731946\nMED. NO. 0731946", {"mrn": MRN}),
    "number in groups": ("Unit #  07-31-946\nUnit #  07-31-946", {"mrn": "07-31-946"}),
    "last four of the social security number": (
        "Patient: Tulliver, Maren K\nSSN (last four): 4418     Home Phone: (508) 555-0137",
        {"ssn4": "4418", "phone": "5085550137"},
    ),
    "social security number spelled out": (
        "Name: Tulliver, Maren K   DOB: 11/02/1938\nLast 4 digits of SSN: 4418",
        {"ssn4": "4418", "name": NAME},
    ),
    "sex and age in one": (
        "Patient: Tulliver, Maren K    Age/Sex: 47 F    MR#: 0731946",
        {"sex": "F", "mrn": MRN},
    ),
    "empty number box": (
        "MEDICAL RECORD NO.          DATE OF BIRTH\n                            11/02/1938",
        {"mrn": None, "birth_date": BORN},
    ),
    "number box filled by its neighbour": (
        "MRN                DOB              ROOM\n                   11/02/1938       0412",
        {"mrn": None, "birth_date": BORN},
    ),
    "particles and suffix": ("Patient Name: De La Roche, Emil T Jr", {"name": "DE LA ROCHE, EMIL T JR"}),
    "accents": ("Patient: GARCÍA,ÁLVARO J   DOB: 11/02/1938", {"name": "GARCÍA, ÁLVARO J"}),
    "hyphen taken apart": ("Patient: Maren K. Tulliver- Voss", {"name": "TULLIVER-VOSS, MAREN K"}),
    "lost comma, initial last": (
        "PATIENT  TULLIVER MAREN K     MED REC  0731946",
        {"name": NAME, "mrn": MRN},
    ),
    "comma read as full stop": ("Patient: TULLIVER.MAREN K", {"name": NAME}),
    "comma read as full stop and space": ("Patient: TULLIVER. MAREN K", {"name": NAME}),
    "specks inside the name": ("Patient: Tulliver, - Maren i K", {"name": NAME}),
    "record of a veteran": ("VETERAN'S NAME: Tulliver, Maren K    DOB: 11/02/1938", {"name": NAME}),
    "street and town in boxes": (
        "PATIENT NAME           STREET ADDRESS        CITY, STATE, ZIP\n"
        "Tulliver, Maren K      44 Quarry Rd          Athol, MA 01331",
        {"name": NAME, "address": "44 QUARRY RD, ATHOL, MA 01331"},
    ),
    "captions under ruled lines": (
        "I have read this form and agree to the treatment described in it.\n\n"
        "Maren K. Tulliver                       11/02/1938\n"
        "Patient's Name (print)                  Date of Birth",
        {"name": NAME, "birth_date": BORN},
    ),
    "an empty box under a full one": (
        "PHONE                   ACCOUNT NO.\n(508) 555-0137          V220817734\n"
        "MRN                     PATIENT NAME\n\n\n\n\nThe wound is clean and dry.",
        {"mrn": None, "name": None},
    ),
    "street alone is no address": (
        "Patient: Tulliver, Maren K\nAddress: 44 Quarry Rd\n\nNo known allergies.",
        {"address": None},
    ),
}
DAMAGED = {
    "eight for B": ("Patient: Tulliver, Maren K\nD08: 11/02/1938", {"birth_date": BORN}),
    "digits for DOB": (
        "PATIENT              008             SEX\nTulliver, Maren K    11/02/1938      F",
        {"birth_date": BORN},
    ),
    "digits for DOB, glued": (
        "TULLIVER, MAREN K\n00B:11/02/1938 47Y F",
        {"birth_date": BORN, "name": NAME, "sex": "F"},
    ),
    "one letter lost": (
        "Patien Name: Tulliver, Maren K\nMedical Recrd No: 0731946",
        {"name": NAME, "mrn": MRN},
    ),
    "one letter changed in a box": (
        "PATIENT NAMF           DATE OF BIBTH\nTulliver, Maren K      11/02/1938",
        {"name": NAME, "birth_date": BORN},
    ),
    "label without mark before a value": (
        "Brthdate 11/02/1938    Medica1 Record No 0731946",
        {"birth_date": BORN, "mrn": MRN},
    ),
}
STICKERS = {
    "name, two numbers, age": (
        "TULLIVER, MAREN K\n0731946  V220817734\n11/02/38 47Y F\nADM: 03/14/86  412-B\nDR: HOBBS, T",
        {"name": NAME, "mrn": MRN, "birth_date": BORN, "sex": "F", "account": "V220817734"},
    ),
    "age and sex glued": (
        "TULLIVER,MAREN K\nFIN: 220817734\n11/02/38 47YF\nADM: 03/14/86",
        {"name": NAME, "birth_date": BORN, "sex": "F", "account": "220817734", "mrn": None},
    ),
    "sex before age": (
        "TULLIVER, MAREN K\n07-31-946  220817734\nF/47  11/02/1938",
        {"name": NAME, "mrn": "07-31-946", "birth_date": BORN, "sex": "F"},
    ),
    "one bare number may be either": (
        "TULLIVER, MAREN K\n22081773\n11/02/1938 47Y F\nADM: 03/14/86",
        {"name": NAME, "mrn": None, "account": None, "birth_date": BORN},
    ),
    "full stop for comma": (
        "TULLIVER.MAREN K\nACCT: 220817734\n47Y Female\nADM: 03/14/86",
        {"name": NAME, "account": "220817734"},
    ),
    "below a signature form": (
        "Tom Hobbs                              3/14/86\n"
        "Witness                                Relationship to patient\n"
        "\n\n\n\n\n\nTULLIVER, MAREN K\nFIN: 220817734\nDOB 11/02/1938 47Y F\nADM: 03/14/86",
        {"name": NAME, "account": "220817734", "birth_date": BORN},
    ),
    "number over the name": (
        "07 31 946 03/14/86\nTULLIVER MAREN K\n11/02/38 F V22081773\nHOBBS T.",
        {"name": NAME, "mrn": "07-31-946", "birth_date": BORN, "sex": "F", "account": "V22081773"},
    ),
    "number, sex and birth date in one line": (
        "TULLIVER, MAREN K\n0731946 F 11/02/1938\nDR. HOBBS ADM 03/14/86",
        {"name": NAME, "mrn": MRN, "birth_date": BORN, "sex": "F"},
    ),
    "a date that is not the age's": (
        "TULLIVER, MAREN K\n0731946  V220817734\n03/14/1986 47Y F",
        {"name": NAME, "mrn": MRN},
    ),
}
HEADS = {
    "a label that begins with the name of a facility": (
        "Name: TULLIVER,MAREN A Hospital No.: 0731946 DATE OF BIRTH: 11/02/1938",
        {"name": "TULLIVER, MAREN A", "mrn": MRN, "birth_date": BORN},
    ),
    "the line of the hospital under a title": (
        "NEWBORN IDENTIFICATION RECORD\nQuarry Hill County Hospital",
        {"name": None},
    ),
    "comma name beside number": (
        "Tulliver, Maren K      MRN 0731946      Page 2",
        {"name": NAME, "mrn": MRN},
    ),
    "plain name beside birth date": (
        "Harlan Weeks           DOB: 11/02/1938     MR# 0731946",
        {"name": "WEEKS, HARLAN", "mrn": MRN, "birth_date": BORN},
    ),
    "plain name in capitals": (
        "WEEKS HARLAN JANET     DOB: 11/02/1938     MR# 0731946\n",
        {"mrn": MRN},
    ),
    "department beside birth date": (
        "Marlin Pediatrics      DOB: 11/02/1938     MR# 0731946",
        {"name": None, "mrn": MRN},
    ),
    "town beside birth date": ("Bryan, TX 77801        DOB: 11/02/1938", {"name": None}),
}
OTHERS = {
    "mother and infant in rows of boxes": (
        "INFANT                  INFANT'S NUMBER         BORN (DATE)\n"
        "TULLIVER, BABY GIRL     0902211                 03/14/86\n"
        "MOTHER                  MOTHER'S NUMBER         MOTHER'S BIRTH DATE\n"
        "TULLIVER, MAREN K       0731946                 11/02/38\n"
        "SEX                     WEIGHT\nFEMALE                  6 LB 9 OZ",
        {"name": "TULLIVER, BABY GIRL", "mrn": "0902211", "birth_date": "1986-03-14", "sex": "F"},
    ),
    "the guarantor's box": (
        "PERSON RESPONSIBLE FOR ACCOUNT    RELATION          HIS OR HER BIRTHDATE\n"
        "TULLIVER, OSCAR                   HUSBAND           07/24/30",
        {"name": None, "birth_date": None, "account": None},
    ),
    "parents of a child": (
        "Parent's Name: Tulliver, Oscar     Guardian Name: Tulliver, Edda\nPatient: Tulliver, Maren K",
        {"name": NAME},
    ),
    "relative in a row of boxes": (
        "NEXT OF KIN NAME        RELATIONSHIP       PHONE\n"
        "Tulliver, Oscar         Husband            (508) 555-0190",
        {"name": None, "phone": None},
    ),
    "a doctor's block": (
        "HOBBS, TERESA M.D.\n14 Mill Street\nAthol, MA 01331\n(508) 555-0111",
        {"name": None, "phone": None},
    ),
    "a signature over the dictation": ("Teresa Hobbs\nD: 03/14/86\nT: 03/15/86", {"name": None}),
    "the mother's number": (
        "Patient: BABY GIRL TULLIVER   MRN: 0902211\n"
        "Mother's Medical Record: 0731946   Mother's DOB: 11/02/1938",
        {"mrn": "0902211", "birth_date": None},
    ),
    "an insurance card": (
        "MEMBER NAME\nMAREN K TULLIVER\nIDENTIFICATION NUMBER\nXKT440918273\nGROUP NO.\n55120",
        {"mrn": None},
    ),
    "another hospital's number": (
        "Patient: Tulliver, Maren K\nYour chart no: 884412\nOutside MRN: 119930",
        {"mrn": None},
    ),
    "a former number": ("Old Chart No: 55120    MRN: 0731946", {"mrn": MRN}),
    "the office telephone": ("Patient: Tulliver, Maren K\nPhone (work): (508) 555-0175", {}),
    "the employer": ("Patient: Tulliver, Maren K\nEmployee Name: Oscar Tulliver", {"name": NAME}),
}
ALL = {**FORMS, **DAMAGED, **STICKERS, **HEADS, **OTHERS}


@pytest.mark.parametrize("case", ALL)
def test_what_a_page_says_about_its_patient(case: str) -> None:
    """Every value that is printed for the patient, and nothing that is printed for anybody else."""
    text, wanted = ALL[case]
    got = read(text)
    assert {kind: got[kind] for kind in wanted} == wanted


def test_the_other_readers_label_counts_where_the_first_is_garbage() -> None:
    """A label that only one of two readers could make out still announces its value."""
    got = read(
        "PATIENT NANE         0A7E 0F 8IRIH\nTulliver, Maren K    11/02/1938",
        second={"NANE": "NAME", "0A7E": "DATE", "0F": "OF", "8IRIH": "BIRTH"},
    )
    assert (got["name"], got["birth_date"]) == (NAME, BORN)


def test_the_other_readers_value_is_confirmed_by_nobody() -> None:
    """It finds the patient where the first reader saw no number, with one reader only."""
    found = find(page("Med Rec No: O73l9~46", second={"O73l9~46": "0731946"})).of(FindingKind.MRN)
    assert [(f.value, len(f.readers)) for f in found] in ([], [(MRN, 1)])


def test_two_readers_far_apart_give_no_value() -> None:
    """Where both saw digits, and other ones, neither is believed."""
    assert read("Date of Birth: 5/1318B8", second={"5/1318B8": "9/15/98"})["birth_date"] is None


STICKER = (
    Print(1050, 300, "TULLIVER, MAREN K"),
    Print(1050, 334, "0731946 V220817734"),
    Print(1050, 368, "11/02/38 47Y F"),
    Print(1050, 402, "ADM: 03/14/86 412-B"),
)


@pytest.mark.parametrize("degrees", [-6.0, -3.0, 0.0, 3.0, 6.0])
def test_a_sticker_put_on_askew_is_read(degrees: float) -> None:
    """Its lines run across those of the form, which stay level."""
    got = fields([find(placed(STICKER, degrees=degrees))])
    assert (got.name, got.mrn, got.birth_date) == (NAME, MRN, BORN)


def test_a_sticker_beside_a_letterhead_keeps_its_lines_together() -> None:
    """What stands left of it in the same rows is the hospital's."""
    letterhead = (
        Print(100, 300, "QUARRY HILL HOSPITAL", 30),
        Print(100, 340, "14 Mill Street, Athol, MA 01331"),
        Print(100, 372, "Tel (508) 555-0100"),
    )
    got = fields([find(placed((*letterhead, *STICKER)))])
    assert (got.name, got.mrn, got.birth_date, got.phone) == (NAME, MRN, BORN, None)


def test_boxes_of_uneven_height_find_the_value_in_their_own_column() -> None:
    """Small labels over large entries, columns close together."""
    form = (
        *(Print(x, 300, t, 16) for x, t in ((100, "PATIENT NAME"), (620, "UNIT NO."), (900, "BIRTHDATE"))),
        *(Print(x, 326, t, 30) for x, t in ((110, "Tulliver, Maren K"), (630, MRN), (910, "11/02/1938"))),
        *(Print(x, 380, t, 16) for x, t in ((100, "ATTENDING"), (620, "ACCT #"), (900, "ADMITTED"))),
        *(
            Print(x, 406, t, 30)
            for x, t in ((110, "Hobbs, Teresa"), (630, "V220817734"), (910, "03/14/1986"))
        ),
    )
    got = fields([find(placed(form))])
    assert (got.name, got.mrn, got.birth_date, got.account) == (NAME, MRN, BORN, "V220817734")


def test_a_name_without_its_comma_on_a_sticker_is_nobodys_for_sure() -> None:
    """The order of its words is a guess: it is shown, and contradicts no other page."""
    found = find(page("TULLIVER NORA\n0731946  V220817734\n11/02/38 47Y F")).of(FindingKind.NAME)
    assert [(f.value, f.role) for f in found if f.rule.startswith("sticker.")] == [
        ("TULLIVER, NORA", Role.UNKNOWN)
    ]
