"""Family A, letters, cards and slips: American, 1970s to 2000s. May be tuned on."""

from __future__ import annotations

from benchmarks.charts.case import Case
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.layout import LAYOUTS, Style
from benchmarks.charts.prose import sentences, tell
from benchmarks.charts.sheet import Mark, Sheet


@LAYOUTS.add("A", "correspondence", years=(1975, 2005))
def clinic_letter(case: Case, fonts: Fonts) -> list[Sheet]:
    """Typed letter with RE: line; the second page has a three-line head."""
    s = Sheet(fonts=fonts, font="courier", points=10.5)
    s.put(306, 58, case.place(), font="times-bold", size=17, align="c")
    s.put(
        306,
        74,
        f"{case.number(100, 990)} North Main Street     Telephone 555-{case.number(1000, 9999)}",
        font="times",
        size=10,
        align="c",
    )
    s.line(60, 82, 552, 82)
    s.put(72, 120, case.date("Month d, yyyy"))
    s.put(72, 150, case.second("First M. Last, M.D."))
    s.put(72, 164, f"{case.number(2, 90)} Court Square")
    s.put(72, 178, "Millhaven")
    s.run(120, 216, "RE:  ", case.name("First M. Last"))
    born = case.pick("DOB:  ", "Born:  ")
    s.run(120, 230, born, case.dob(case.pick("Month d, yyyy", "m-d-yy")))
    if "mrn" not in case.omits:
        s.run(120, 244, "Our No.:  ", case.mrn())
    s.run(72, 276, "Dear Dr. ", case.second("Last"), ":")
    long = case.rng.random() < 0.5
    y, rest = 302.0, ""
    body = sentences(case, "A", "letter", 11 if long else 6)
    if long:
        body[7:7] = sentences(case, "A", "radiology", 6)
    for first in range(0, len(body), 3):
        y, rest = s.prose(
            72, y, 470, " ".join(body[first : first + 3]), lead=1.9 if long else 1.4, bottom=660
        )
        y += 14
        if y > 690:
            body = [rest, *body[first + 3 :]]
            break
    else:
        body = []
    pages = [s]
    if body and any(body):
        s = Sheet(fonts=fonts, font="courier", points=10.5)
        s.run(72, 60, "RE: ", case.name("First Last"))
        s.put(72, 74, "Page 2")
        s.put(72, 88, case.date("Month d, yyyy"))
        y, _ = s.prose(72, 124, 470, " ".join(body), lead=1.9)
        pages.append(s)
    s.put(300, y + 12, "Sincerely yours,")
    s.put(300, y + 50, case.doctor("First M. Last, M.D."))
    return pages


@LAYOUTS.add("A", "consent_form", years=(1980, 2010))
def operation_consent(case: Case, fonts: Fonts) -> list[Sheet]:
    """Print with blanks filled by hand; the patient's name above the text."""
    s = Sheet(fonts=fonts, font="times", points=11)
    s.put(306, 60, case.place(), font="times-bold", size=13, align="c")
    s.put(306, 82, "CONSENT TO OPERATION, ANESTHETICS AND OTHER SERVICES", font="times-bold", align="c")
    s.put(60, 118, "Patient")
    s.line(100, 121, 350, 121)
    s.put(106, 117, case.name("First M. Last"), font="typewriter", size=11)
    s.put(362, 118, "Date")
    s.line(390, 121, 552, 121)
    s.put(396, 117, case.date("mm-dd-yyyy"), font="typewriter", size=11)
    s.put(60, 144, "Chart No.")
    s.line(110, 147, 240, 147)
    s.put(116, 143, case.mrn(), font="typewriter", size=11)
    s.put(262, 144, "Date of Birth")
    s.line(336, 147, 440, 147)
    s.put(342, 143, case.dob("mm-dd-yyyy"), font="typewriter", size=11)
    y = 184.0
    for n, sentence in enumerate(sentences(case, "A", "consent", 6)):
        y, _ = s.prose(60, y, 490, f"{n + 1}. {sentence}", lead=1.4)
        y += 10
    for caption, who in (
        ("Signature of patient", None),
        ("Witness", case.relative("First Last", "witness")),
        ("Physician", case.doctor("First Last")),
    ):
        y += 44
        s.line(60, y, 330, y)
        if who:
            s.put(66, y - 4, who, kind="hand", font="hand-a", size=17)
        s.put(60, y + 12, caption, size=9)
    return [s]


@LAYOUTS.add("A", "discharge_summary", years=(1977, 2002))
def summary_typed(case: Case, fonts: Fonts) -> list[Sheet]:
    """The patient is named only on page 1; the next page begins in the middle of a sentence."""
    s = Sheet(fonts=fonts, font="typewriter", points=10.5)
    s.put(306, 54, case.place(upper=True), align="c", size=13)
    s.put(306, 72, "DISCHARGE SUMMARY", align="c")
    s.run(60, 104, "NAME:       ", case.name("LAST, FIRST M"))
    s.run(60, 120, "HOSP. NO.:  ", case.mrn())
    s.run(340, 120, "BIRTHDATE: ", case.dob("m/d/yy"))
    s.run(60, 136, "ADMITTED:   ", case.date("m/d/yy"))
    s.run(340, 136, "DISCHARGED: ", case.date("m/d/yy", 5))
    s.run(60, 152, "PHYSICIAN:  ", case.doctor("FIRST M. LAST, M.D."))
    case.accepted_days = (0, 5)
    y, rest = 190.0, ""
    body = "HISTORY: " + tell(case, "A", "discharge", 14)
    if case.rng.random() < 0.8:
        body += (
            " PHYSICAL EXAMINATION: "
            + tell(case, "A", "letter", 5)
            + " X-RAY: "
            + tell(case, "A", "radiology", 7)
        )
    y, rest = s.prose(60, y, 495, body, lead=2.1, bottom=600)
    pages = [s]
    if rest:
        s = Sheet(fonts=fonts, font="typewriter", points=10.5)
        if case.rng.random() < 0.5:
            s.put(306, 50, "- 2 -", align="c")
        y, _ = s.prose(60, 84, 495, rest, lead=2.1)
        pages.append(s)
    s.put(320, min(y + 30, 755), case.doctor("FIRST M. LAST, M.D."))
    return pages


@LAYOUTS.add("A", "discharge_instructions", years=(1988, 2012), is_by_hand=True)
def going_home(case: Case, fonts: Fonts) -> list[Sheet]:
    """A form filled by hand, the identifiers too."""
    s = Sheet(fonts=fonts, font="arial", points=10)
    s.put(306, 56, "INSTRUCTIONS FOR HOME CARE", font="arial-bold", size=15, align="c")
    s.put(306, 74, case.place(), align="c")
    hand: Style = {"kind": "hand", "font": "hand-a", "size": 16.0}
    for x, line_y, w, caption, what in (
        (50, 116, 300, "Patient name:", case.name("First Last")),
        (370, 116, 190, "Date:", case.date("m/d/yyyy")),
        (50, 146, 200, "Birth date:", case.dob("m/d/yyyy")),
        (270, 146, 290, "Record no.:", case.mrn()),
    ):
        end = s.put(x, line_y, caption)
        s.line(end + 4, line_y + 3, x + w, line_y + 3)
        s.put(end + 10, line_y, what, **hand)
    y = 190.0
    for title in ("ACTIVITY", "DIET", "MEDICINES", "WOUND CARE"):
        s.put(50, y, title, font="arial-bold")
        for sentence in sentences(case, "A", "teaching", 2):
            y += 22
            s.put(66, y, sentence, width=490, **hand)
        y += 34
    s.put(50, 640, "These have been explained to me and I have a copy.")
    s.line(50, 690, 300, 690)
    s.put(50, 702, "Patient or responsible person", size=8)
    s.line(340, 690, 560, 690)
    s.put(346, 686, case.doctor("F. Last RN"), **hand)
    s.put(340, 702, "Nurse", size=8)
    return [s]


@LAYOUTS.add("A", "immunization_record", years=(1978, 2004), ages=(4, 17))
def shot_record(case: Case, fonts: Fonts) -> list[Sheet]:
    """A card: child, parent, a table of dates."""
    s = Sheet(fonts=fonts, font="arial", points=9)
    s.put(306, 60, "CERTIFICATE OF IMMUNIZATION", font="arial-bold", size=14, align="c")
    s.put(306, 76, case.place(), align="c")
    s.cell(
        60,
        92,
        250,
        30,
        "Child's name (last, first, middle)",
        case.name("Last, First M"),
        font="typewriter",
        size=10,
    )
    s.cell(310, 92, 120, 30, "Birth date", case.dob("m/d/yy"), font="typewriter", size=10)
    s.cell(430, 92, 120, 30, "Clinic number", case.mrn(), font="typewriter", size=10)
    s.cell(
        60,
        122,
        250,
        30,
        "Parent or guardian",
        case.relative("First Last", "parent"),
        font="typewriter",
        size=10,
    )
    s.cell(310, 122, 240, 30, "Address", case.street(), font="typewriter", size=10)
    for n, vaccine in enumerate(
        ("VACCINE", "DTP", "Polio (OPV)", "Measles", "Mumps", "Rubella", "Hib", "Td")
    ):
        y = 172 + n * 34
        s.box(60, y, 490, 34)
        s.put(66, y + 21, vaccine, font="arial-bold")
        for k in range(5):
            s.line(150 + k * 80, y, 150 + k * 80, y + 34)
            if n and case.rng.random() < 0.8:
                year = (case.shown.dob.year + 1 + k) % 100
                s.put(
                    158 + k * 80,
                    y + 22,
                    Mark(
                        text=f"{case.number(1, 12)}-{case.number(1, 28)}-{year:02d}",
                        field="dose_date",
                        value="",
                        role="distractor",
                    ),
                    kind="hand",
                    font="hand-a2",
                    size=13,
                )
            elif not n:
                s.put(158 + k * 80, y + 21, f"DOSE {k + 1}")
    s.run(60, 490, "Record copied on ", case.date("m/d/yyyy"))
    s.run(60, 510, "Physician or clinic: ", case.doctor("First Last, M.D."))
    return [s]


@LAYOUTS.add("A", "insurance_card", years=(1985, 2012))
def card_copy(case: Case, fonts: Fonts) -> list[Sheet]:
    """Photocopy of a card, front and back, with a line by the clerk."""
    s = Sheet(fonts=fonts, font="arial", points=10)
    s.box(150, 120, 312, 190, 1.4)
    s.put(
        166,
        150,
        case.pick("BLUE VALLEY MUTUAL", "TRI-COUNTY HEALTH PLAN", "UNION WORKERS TRUST"),
        font="arial-bold",
        size=16,
    )
    s.put(166, 186, "MEMBER", size=7)
    s.put(166, 198, case.name("FIRST M LAST"), font="courier-bold", size=11)
    number = "YKP" + case.number(100000000, 999999999)
    s.put(166, 220, "ID NUMBER", size=7)
    s.put(
        166,
        232,
        Mark(text=number, field="policy_no", value=number, role="distractor"),
        font="courier-bold",
        size=11,
    )
    s.put(320, 220, "GROUP", size=7)
    s.put(320, 232, case.number(10000, 99999), font="courier-bold", size=11)
    s.put(166, 254, "DATE OF BIRTH", size=7)
    s.put(166, 266, case.dob("mm/dd/yyyy"), font="courier-bold", size=11)
    s.put(320, 254, "SUBSCRIBER", size=7)
    s.put(320, 266, case.relative("FIRST LAST", "insured"), font="courier-bold", size=11, width=136)
    s.put(166, 298, "OFFICE $10   ER $50   RX $5/15", size=8)
    s.box(150, 350, 312, 190, 1.4)
    s.put(166, 380, "For claims and benefits call 1-800-555-0188.", size=9)
    s.put(166, 396, "This card does not guarantee coverage.", size=9)
    s.box(150, 420, 312, 26, 0, fill=40)
    s.run(
        150,
        620,
        "Verified ",
        case.date("m/d/yy"),
        "  acct ",
        case.acct(),
        kind="hand",
        font="hand-a",
        size=16,
    )
    return [s]


@LAYOUTS.add("A", "newborn_record", years=(1978, 2003), ages=(0, 0))
def birth_room(case: Case, fonts: Fonts) -> list[Sheet]:
    """Names the mother in full and the baby by surname and number."""
    s = Sheet(fonts=fonts, font="arial", points=9)
    s.put(306, 54, "NEWBORN IDENTIFICATION AND DELIVERY ROOM RECORD", font="arial-bold", size=13, align="c")
    s.put(306, 70, case.place(), align="c")
    typed: Style = {"font": "typewriter", "size": 10.0}
    s.cell(50, 84, 220, 32, "INFANT", case.baby(), **typed)
    s.cell(270, 84, 130, 32, "INFANT'S NUMBER", case.mrn(), **typed)
    s.cell(400, 84, 160, 32, "BORN (DATE)", case.dob("mm/dd/yy"), **typed)
    s.cell(50, 116, 220, 32, "MOTHER", case.relative("LAST, FIRST", "mother"), **typed)
    s.cell(
        270,
        116,
        130,
        32,
        "MOTHER'S NUMBER",
        Mark(text=case.mother.mrn, field="mother_mrn", value=case.mother.mrn, role="distractor"),
        **typed,
    )
    s.cell(400, 116, 160, 32, "MOTHER'S BIRTH DATE", case.relative_dob("mm/dd/yy"), **typed)
    s.cell(50, 148, 110, 32, "SEX", case.sex("MALE"), **typed)
    s.cell(160, 148, 110, 32, "WEIGHT", f"{case.number(5, 9)} LB {case.number(1, 15)} OZ", **typed)
    s.cell(
        270,
        148,
        130,
        32,
        "TIME",
        f"{case.number(1, 12)}:{case.number(10, 59)} {case.pick('AM', 'PM')}",
        **typed,
    )
    s.cell(400, 148, 160, 32, "DELIVERED BY", case.doctor("F. LAST"), **typed)
    for n, sign in enumerate(
        ("APGAR", "HEART RATE", "RESPIRATION", "MUSCLE TONE", "REFLEX", "COLOR", "TOTAL")
    ):
        s.box(50, 200 + n * 26, 300, 26)
        s.put(56, 217 + n * 26, sign)
        for k, minute in enumerate(("1 MIN", "5 MIN")):
            s.put(
                200 + k * 80,
                217 + n * 26,
                minute if not n else case.number(1, 2) if n < 6 else case.number(7, 10),
            )
    s.box(50, 410, 230, 150)
    s.box(330, 410, 230, 150)
    s.put(56, 422, "INFANT'S FOOT PRINT", size=7)
    s.put(336, 422, "MOTHER'S RIGHT INDEX FINGER", size=7)
    s.run(50, 600, "Date of record: ", case.date("mm/dd/yy"))
    return [s]


@LAYOUTS.add("A", "referral", years=(1992, 2009))
def faxed_referral(case: Case, fonts: Fonts) -> list[Sheet]:
    """Fax line on top, cover form below; no number of this hospital."""
    s = Sheet(fonts=fonts, font="arial", points=10)
    s.run(
        20,
        18,
        Mark(text=case.date("mm/dd/yyyy", 3).text, field="fax_date", value="", role="distractor"),
        f"  {case.number(8, 17)}:{case.number(10, 59)}   606-555-{case.number(1000, 9999)}   ",
        "VALLEY FAMILY MEDICINE",
        "          PAGE 01/01",
        font="courier",
        size=8,
    )
    s.put(60, 70, "REQUEST FOR CONSULTATION", font="arial-bold", size=16)
    s.put(60, 88, "Valley Family Medicine, P.S.C.")
    s.put(60, 124, "TO:")
    s.put(110, 124, case.second("First Last, M.D."))
    s.put(60, 142, "FROM:")
    s.put(110, 142, case.doctor("First M. Last, M.D."))
    s.put(60, 160, "DATE:")
    s.put(110, 160, case.date("mm/dd/yyyy"))
    s.box(60, 176, 492, 80, 1.2)
    s.put(68, 192, "PATIENT INFORMATION", font="arial-bold", size=9)
    s.run(68, 210, "Name: ", case.name("First M. Last"))
    s.run(68, 228, "Address: ", case.street(), ", ", case.town())
    s.run(68, 246, "Home phone: ", case.phone("-"))
    s.run(330, 246, "D.O.B.: ", case.dob("mm/dd/yyyy"))
    s.run(330, 210, "Sex: ", case.sex("Male"))
    y, _ = s.prose(60, 290, 490, "Reason for referral: " + tell(case, "A", "referral", 5), lead=1.5)
    s.put(60, y + 50, case.doctor("First M. Last, M.D."))
    return [s]


@LAYOUTS.add("A", "nursing_note", years=(1974, 1999))
def nurses_notes(case: Case, fonts: Fonts) -> list[Sheet]:
    """Ruled lines by hand; a typed strip names the patient at the bottom."""
    s = Sheet(fonts=fonts, font="narrow", points=9)
    s.put(40, 50, "NURSES' NOTES", font="arial-bold", size=14)
    s.put(572, 50, case.place(), align="r")
    y = 90.0
    s.line(40, 62, 572, 62)
    s.put(44, 74, "DATE")
    s.put(100, 74, "TIME")
    s.put(150, 74, "REMARKS AND TREATMENT")
    for n in range(23):
        s.line(40, 80 + n * 25.5, 572, 80 + n * 25.5, 0.4, 90)
    y = 98.0
    for n, note in enumerate(sentences(case, "A", "nursing", 8)):
        if n in {0, 4}:
            s.put(42, y, case.date("m/d/yy"), kind="hand", font="hand-a2", size=12)
        s.put(
            100,
            y,
            f"{case.number(7, 22).zfill(2)}{case.pick('00', '15', '30', '45')}",
            kind="hand",
            font="hand-a2",
            size=12,
        )
        s.put(150, y, note, kind="hand", font="hand-a", size=14, width=330)
        s.put(
            492, y, case.pick("B. Tate LPN", "J. Ross RN", "M. Cole RN"), kind="hand", font="hand-a", size=13
        )
        y += 51
    s.box(40, 690, 532, 44)
    for x, caption, what in (
        (44, "NAME-LAST, FIRST", case.name("LAST, FIRST M")),
        (250, "HOSP. NO.", case.mrn()),
        (360, "BORN", case.dob("mm/dd/yy")),
        (460, "ROOM", case.pick("214-A", "309", "118-B")),
    ):
        s.put(x, 700, caption, size=6.5)
        s.put(x + 6, 724, what, font="typewriter", size=10.5, width=190)
    return [s]


@LAYOUTS.add("A", "telephone_encounter", years=(1985, 2011))
def phone_slip(case: Case, fonts: Fonts) -> list[Sheet]:
    """A small slip copied on a large sheet."""
    s = Sheet(fonts=fonts, font="arial", points=9)
    s.box(120, 110, 372, 400, 1.4)
    s.put(306, 134, "TELEPHONE MESSAGE", font="arial-bold", size=13, align="c")
    hand: Style = {"kind": "hand", "font": "hand-a2", "size": 14.0}
    for x, line_y, w, caption, what in (
        (134, 166, 210, "Patient", case.name("First Last")),
        (352, 166, 130, "Chart", case.mrn()),
        (134, 192, 170, "Birthdate", case.dob("m-d-yy")),
        (312, 192, 170, "Phone", case.phone("-")),
        (134, 218, 170, "Date", case.date("m-d-yy")),
        (312, 218, 170, "Caller", case.relative("First Last", "caller")),
    ):
        end = s.put(x, line_y, caption)
        s.line(end + 3, line_y + 3, x + w, line_y + 3)
        s.put(
            end + 8,
            line_y,
            what,
            width=x + w - end - 8,
            **(hand if line_y > 200 else {"font": "typewriter", "size": 10.0}),
        )
    y = 250.0
    for row in sentences(case, "A", "phone", 4):
        y, _ = s.prose(140, y, 330, row, lead=1.4, **hand)
    s.run(134, 480, "Taken by ", case.doctor("F. Last"))
    return [s]
