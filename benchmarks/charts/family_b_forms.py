"""Family B, what is filled in: registration, charts, bills, labels. Held out."""

from __future__ import annotations

import math

from benchmarks.charts.case import Case
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.layout import LAYOUTS, Style, label
from benchmarks.charts.prose import sentences
from benchmarks.charts.sheet import Mark, Sheet


@LAYOUTS.add("B", "face_sheet", years=(1988, 2014), can_be_born=True)
def registration(case: Case, fonts: Fonts) -> list[Sheet]:
    """Sections with captions right-aligned to a middle line."""
    s = Sheet(fonts=fonts, font="helvetica", points=10)
    s.box(36, 30, 540, 26, 0, fill=60)
    s.put(46, 48, "PATIENT REGISTRATION SUMMARY", font="helvetica-bold", size=13, ink=255)
    s.put(36, 76, case.place(), font="helvetica-bold")
    s.run(380, 76, "Printed: ", case.date("mm/dd/yyyy", 1))
    sections: tuple[tuple[str, tuple[tuple[str, str | Mark], ...]], ...] = (
        (
            "Demographics",
            (
                ("Legal name", case.name("Last, First M")),
                ("Medical record number", case.mrn()),
                ("Date of birth", case.dob("mm/dd/yyyy")),
                ("Legal sex", case.sex("Male")),
                ("Social security", case.ssn("***-**-{}")),
                ("Home address", case.street()),
                ("", case.town()),
                ("Home phone", case.phone()),
            ),
        ),
        (
            "Visit",
            (
                ("Registered", case.date("mm/dd/yyyy")),
                ("Account", case.acct()),
                ("Attending", case.doctor("Last, First")),
                ("Primary care", case.second("Last, First")),
            ),
        ),
        (
            "Emergency contact",
            (
                ("Contact name", case.relative("Last, First", "emergency_contact")),
                ("Contact birth date", case.relative_dob("mm/dd/yyyy")),
                ("Relationship", case.pick("Mother", "Sister", "Aunt")),
            ),
        ),
        (
            "Coverage",
            (
                ("Plan", case.pick("Harbor Mutual", "State Medicaid", "Self pay")),
                ("Policy", case.number(10**8, 10**9 - 1)),
            ),
        ),
    )
    y = 104.0
    for title, rows in sections:
        s.put(36, y, title, font="helvetica-bold", size=11)
        s.line(36, y + 4, 576, y + 4)
        for caption, what in rows:
            y += 19
            s.put(200, y + 4, caption, align="r", ink=60)
            s.put(212, y + 4, what)
        y += 36
    return [s]


@LAYOUTS.add("B", "anesthesia_record", years=(1986, 2012))
def anaesthetic_chart(case: Case, fonts: Fonts) -> list[Sheet]:
    """Grid of marks, a label top left."""
    s = Sheet(fonts=fonts, font="condensed", points=9)
    s.put(300, 46, "ANAESTHETIC RECORD", font="condensed-bold", size=15)
    s.run(300, 64, "Date ", case.date("dd Mmm yyyy"))
    s.run(300, 80, "Anaesthetist ", case.doctor("Dr F. Last"))
    s.run(300, 96, "Surgeon ", case.second("Mr F. Last"))
    label(
        s,
        case.rng.uniform(36, 50),
        case.rng.uniform(34, 42),
        case.rng.uniform(-4, 4),
        [
            (case.name("LAST First"),),
            ("Hosp No", case.mrn()),
            ("DOB", case.dob("dd Mmm yyyy"), case.sex("Male")),
            (case.street(),),
        ],
        font="condensed-bold",
        size=9.5,
        w=200,
    )
    for n in range(31):
        s.line(60 + n * 16.6, 150, 60 + n * 16.6, 480, 0.3, 140)
    for n in range(23):
        s.line(60, 150 + n * 15, 558, 150 + n * 15, 0.3, 140)
    for n in range(11):
        s.put(54, 153 + n * 30, str(220 - 20 * n), align="r", size=8)
    for n in range(28):
        for base, swing in ((270, 18), (330, 12)):
            y = base + swing * math.sin(n / 3 + base) + case.rng.uniform(-5, 5)
            x = 68 + n * 17
            s.curve([(x - 3, y - 4), (x, y), (x + 3, y - 4)], 0.8)
    for n, drug in enumerate(("Propofol 160 mg", "Fentanyl 100 mcg", "Atracurium 40 mg", "Isoflurane 1-2 %")):
        s.put(60, 506 + n * 20, drug, kind="hand", font="hand-b", size=12)
    s.put(300, 506, "Airway: ETT 8.0, grade 1 view, easy mask", kind="hand", font="hand-b", size=12)
    s.put(300, 530, "ASA II   Fluids 1 L Hartmann", kind="hand", font="hand-b", size=12)
    s.put(36, 744, "AN/4 (1994)", size=7)
    return [s]


@LAYOUTS.add("B", "flowsheet", years=(1980, 2012), ages=(2, 16))
def growth_chart(case: Case, fonts: Fonts) -> list[Sheet]:
    """Percentile curves; the name in a corner, by hand on the plotted points."""
    s = Sheet(fonts=fonts, font="gothic", points=9)
    s.put(
        40,
        46,
        f"{'BOYS' if case.shown.sex == 'M' else 'GIRLS'}: 2 TO 18 YEARS - PHYSICAL GROWTH",
        font="gothic-bold",
        size=13,
    )
    s.put(330, 66, "NAME")
    s.put(366, 66, case.name("First Last"), font="prime", size=11, width=200)
    s.line(364, 69, 572, 69)
    s.put(330, 84, "RECORD #")
    s.put(390, 84, case.mrn(), font="prime", size=11)
    s.line(388, 87, 572, 87)
    s.run(40, 66, "BORN ", case.dob("m/d/yyyy"))
    s.run(40, 84, case.place())
    s.box(60, 110, 490, 520, 1)
    for n in range(1, 17):
        s.line(60 + n * 490 / 17, 110, 60 + n * 490 / 17, 630, 0.3, 160)
        s.put(60 + n * 490 / 17, 642, str(n + 1), align="c", size=8)
    for n in range(1, 20):
        s.line(60, 110 + n * 26, 550, 110 + n * 26, 0.3, 160)
    for k, percent in enumerate((5, 25, 50, 75, 95)):
        s.curve([(60 + n * 10, 600 - k * 26 - n * 6.4 + n * n * 0.035) for n in range(48)], 0.9)
        s.put(554, 600 - k * 26 - 47 * 6.4 + 78, str(percent), size=7)
    s.put(40, 668, "DATE        AGE      HEIGHT      WEIGHT")
    s.put(40, 690, case.date("m/d/yy"), kind="hand", font="hand-b2", size=13)
    s.put(100, 690, case.age(), kind="hand", font="hand-b2", size=13)
    s.put(144, 690, f"{case.number(90, 170)} cm", kind="hand", font="hand-b2", size=13)
    s.put(206, 690, f"{case.number(14, 60)} kg", kind="hand", font="hand-b2", size=13)
    s.run(40, 730, "Physician ", case.doctor("First Last, M.D."))
    return [s]


@LAYOUTS.add("B", "claim_form", years=(1985, 2008))
def claim_boxes(case: Case, fonts: Fonts) -> list[Sheet]:
    """Numbered boxes; insured, employer and payer beside the patient."""
    s = Sheet(fonts=fonts, font="helvetica", points=8)
    typed: Style = {"font": "prime", "size": 10.0, "caption_size": 5.5}
    s.put(36, 42, "HEALTH INSURANCE CLAIM", font="helvetica-bold", size=12)
    s.put(420, 42, case.pick("HARBOR MUTUAL", "MERIDIAN LIFE", "STATE EMPLOYEES FUND"), font="prime", size=10)
    number = case.number(10**8, 10**9 - 1)
    rows: tuple[tuple[tuple[float, str, str | Mark], ...], ...] = (
        (
            (230, "2. PATIENT'S NAME (Last, First, M.I.)", case.name("LAST, FIRST, M")),
            (150, "3. PATIENT'S BIRTH DATE", case.dob("mm dd yyyy")),
            (40, "SEX", case.sex()),
            (
                120,
                "1a. INSURED'S I.D. NUMBER",
                Mark(text=number, field="policy_no", value=number, role="distractor"),
            ),
        ),
        (
            (230, "5. PATIENT'S ADDRESS", case.street(upper=True)),
            (190, "6. PATIENT RELATIONSHIP TO INSURED", "CHILD"),
            (120, "4. INSURED'S NAME", case.relative("LAST, FIRST", "insured")),
        ),
        (
            (230, "CITY, STATE, ZIP", case.town(upper=True)),
            (150, "TELEPHONE", case.phone()),
            (160, "11a. INSURED'S DATE OF BIRTH", case.relative_dob("mm dd yyyy")),
        ),
        (
            (270, "17. NAME OF REFERRING PHYSICIAN", case.second("LAST, FIRST")),
            (270, "26. PATIENT'S ACCOUNT NO.", case.acct()),
        ),
        ((540, "21. DIAGNOSIS OR NATURE OF ILLNESS", f"{case.number(200, 799)}.{case.number(0, 9)}"),),
    )
    y = 52.0
    for row in rows:
        x = 36.0
        for w, caption, what in row:
            s.cell(x, y, w, 30, caption, what, **typed)
            x += w
        y += 30
    s.box(36, y, 540, 18, fill=225)
    for x, head in (
        (42, "24A. DATE(S) OF SERVICE"),
        (200, "PROCEDURE"),
        (330, "DIAG"),
        (400, "CHARGES"),
        (500, "UNITS"),
    ):
        s.put(x, y + 12, head, size=6.5)
    for n in range(case.rng.randint(1, 4)):
        line_y = y + 36 + n * 22
        s.put(42, line_y, case.date("mm dd yy"), font="prime", size=10)
        s.put(200, line_y, case.number(70000, 99499), font="prime", size=10)
        s.put(330, line_y, "1", font="prime", size=10)
        s.put(400, line_y, f"{case.number(20, 900)} 00", font="prime", size=10)
        s.put(500, line_y, "1", font="prime", size=10)
    s.cell(36, 640, 200, 34, "25. FEDERAL TAX I.D.", f"04-{case.number(1000000, 9999999)}", **typed)
    s.cell(236, 640, 170, 34, "31. SIGNATURE OF PHYSICIAN", case.doctor("FIRST LAST MD"), **typed)
    s.cell(406, 640, 170, 34, "33. PROVIDER", case.place(upper=True), **typed)
    return [s]


@LAYOUTS.add("B", "billing_statement", years=(1990, 2014), can_be_born=True)
def account_statement(case: Case, fonts: Fonts) -> list[Sheet]:
    """Addressed to the guarantor; the patient stands in the table's head."""
    s = Sheet(fonts=fonts, font="verdana", points=8.5)
    s.put(40, 52, case.place(), font="verdana-bold", size=13)
    s.put(40, 68, "Patient Financial Services")
    s.put(572, 52, "STATEMENT OF ACCOUNT", font="verdana-bold", size=11, align="r")
    s.run(400, 68, "Statement date ", case.date("mm/dd/yyyy", 21))
    s.put(70, 130, case.relative("FIRST LAST", "guarantor"))
    s.put(70, 144, case.street(upper=True))
    s.put(70, 158, case.town(upper=True))
    s.box(340, 110, 232, 66)
    s.run(348, 128, "Account number  ", case.acct())
    s.put(348, 146, f"Balance due  ${case.number(20, 2400)}.{case.number(10, 99)}")
    s.put(348, 164, "Due on receipt")
    s.line(40, 204, 572, 204, 1.2)
    s.run(
        40,
        220,
        "Services for: ",
        case.name("First M Last"),
        "    Patient no. ",
        case.mrn(),
        font="verdana-bold",
    )
    if "dob" not in case.omits:
        s.run(40, 236, "Patient date of birth ", case.dob("mm/dd/yyyy"))
    s.line(40, 244, 572, 244)
    for n, item in enumerate(
        case.rng.sample(
            (
                "Office visit",
                "Chest film 2 views",
                "Blood count",
                "Room and board",
                "Pharmacy",
                "Operating room",
                "Physical therapy",
            ),
            4,
        )
    ):
        s.put(40, 264 + n * 20, case.date("mm/dd/yyyy"))
        s.put(150, 264 + n * 20, item)
        s.put(572, 264 + n * 20, f"{case.number(20, 900)}.00", align="r")
    s.run(40, 370, "Physician: ", case.doctor("First Last, M.D."))
    s.put(
        40,
        420,
        "- - - - - - - - - - - - - - please detach and return with payment - - - - - - - - - - - - - -",
    )
    s.put(40, 450, "Amount enclosed $ ____________")
    return [s]


@LAYOUTS.add("B", "advance_directive", years=(1990, 2014))
def living_will(case: Case, fonts: Fonts) -> list[Sheet]:
    """Solemn type, the name inside a sentence."""
    s = Sheet(fonts=fonts, font="palatino", points=12)
    s.put(306, 64, "DIRECTIVE TO PHYSICIANS", font="palatino-bold", size=18, align="c")
    s.put(306, 84, "(Living Will and Appointment of Health Care Agent)", align="c", size=11)
    s.run(
        70,
        124,
        "I, ",
        case.name("First M. Last"),
        ", born on ",
        case.dob("Month d, yyyy"),
        ", being of sound mind,",
    )
    s.put(70, 142, "make this statement as my wishes for my care.")
    y = 176.0
    for sentence in sentences(case, "B", "directive", 5):
        y, _ = s.prose(70, y, 475, sentence, lead=1.5)
        y += 10
    s.run(70, y + 16, "My agent shall be ", case.relative("First Last", "agent"), ".")
    s.run(70, y + 40, "My residence is ", case.street(), ", ", case.town(), ".")
    s.run(70, y + 80, "Signed on ", case.date("Month d, yyyy"))
    s.line(70, y + 120, 300, y + 120)
    s.put(70, y + 132, "Declarant", size=9)
    s.line(330, y + 120, 545, y + 120)
    s.put(336, y + 116, case.second("First Last"), font="script", size=16, kind="hand")
    s.put(330, y + 132, "Witness", size=9)
    if "mrn" not in case.omits:
        s.run(70, 740, "For hospital use - chart no. ", case.mrn(), size=9)
    return [s]


@LAYOUTS.add("B", "medication_record", years=(1984, 2010))
def drug_chart(case: Case, fonts: Fonts) -> list[Sheet]:
    """Landscape grid with a label stuck over the box meant for it."""
    s = Sheet(fonts=fonts, size=(792, 612), font="helvetica", points=9)
    s.put(36, 42, "PRESCRIPTION AND ADMINISTRATION RECORD", font="helvetica-bold", size=13)
    s.put(36, 58, case.place())
    s.box(500, 28, 256, 72)
    label(
        s,
        case.rng.uniform(506, 520),
        case.rng.uniform(30, 38),
        case.rng.uniform(-4, 5),
        [
            (case.name("LAST, FIRST M"),),
            (case.mrn(), "DOB", case.dob("mm/dd/yyyy")),
            (case.sex(), case.doctor("LAST")),
        ],
        font="console-bold",
        size=9,
        w=224,
    )
    s.run(
        36,
        84,
        "Start date: ",
        case.date("m/d/yyyy"),
        "    Allergies: ",
        case.pick("NKDA", "Penicillin", "Sulfa"),
    )
    for n in range(12):
        s.line(36, 120 + n * 40, 756, 120 + n * 40)
    for x in (36, 230, 300, *range(360, 757, 44)):
        s.line(x, 120, x, 560)
    for x, head in ((42, "MEDICINE, DOSE, ROUTE"), (236, "TIME"), (306, "SIGNED")):
        s.put(x, 144, head, size=8)
    for n in range(7):
        drug = case.pick(
            "Digoxin", "Frusemide", "Warfarin", "Amoxil", "Zantac", "Tylenol", "Insulin", "Senna"
        )
        s.put(
            42,
            184 + n * 40,
            f"{drug} {case.pick('5', '20', '40', '250')} mg {case.pick('od', 'bd', 'tds', 'nocte')}",
            kind="hand",
            font="hand-b",
            size=13,
            width=184,
        )
        s.put(
            238, 184 + n * 40, case.pick("0800", "1200", "1800", "2200"), kind="hand", font="hand-b", size=12
        )
        for k in range(case.rng.randint(2, 9)):
            s.put(
                372 + k * 44, 184 + n * 40, case.pick("RT", "MB", "jl"), kind="hand", font="hand-b", size=12
            )
    return [s]
