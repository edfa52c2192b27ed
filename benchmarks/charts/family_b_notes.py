"""Family B, notes and smaller forms, some by hand. Held out."""

from __future__ import annotations

from benchmarks.charts.case import Case
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.layout import LAYOUTS, Style, barcode, label
from benchmarks.charts.prose import sentences, tell
from benchmarks.charts.sheet import A4, Mark, Sheet


@LAYOUTS.add("B", "release_authorization", years=(1986, 2013), is_by_hand=True)
def records_release(case: Case, fonts: Fonts) -> list[Sheet]:
    """Entries by hand on dotted lines."""
    s = Sheet(fonts=fonts, font="schoolbook", points=10.5)
    s.put(306, 56, "PERMISSION TO RELEASE MEDICAL RECORDS", font="schoolbook-bold", size=14, align="c")
    s.put(306, 74, case.place(), align="c")
    hand: Style = {"kind": "hand", "font": "hand-b", "size": 14.0}
    rows: tuple[tuple[str, str | Mark], ...] = (
        ("Patient (please print)", case.name("First Last")),
        ("Date of birth", case.dob("m/d/yyyy")),
        ("Record number if known", case.mrn()),
        ("Telephone", case.phone("-")),
        ("Release records to", case.second("Dr. First Last")),
        ("Records wanted", case.pick("Entire chart", "X-ray reports", "Last admission")),
    )
    for n, (caption, what) in enumerate(rows):
        row = 116 + n * 30
        end = s.put(60, row, caption)
        s.line(end + 6, row + 3, 550, row + 3, 0.4, 110)
        s.put(max(end + 14, 210), row - 1, what, **hand)
    y = 316.0
    for sentence in sentences(case, "B", "release", 5):
        y, _ = s.prose(60, y, 490, sentence, lead=1.4)
        y += 8
    s.line(60, y + 60, 330, y + 60)
    s.put(66, y + 56, case.relative("First Last", "signer"), **hand)
    s.put(60, y + 74, "Signature of patient or parent", size=8)
    s.line(370, y + 60, 550, y + 60)
    s.put(376, y + 56, case.date("m/d/yyyy"), **hand)
    s.put(370, y + 74, "Date", size=8)
    return [s]


@LAYOUTS.add("B", "progress_note", years=(1976, 2006))
def ward_round_notes(case: Case, fonts: Fonts) -> list[Sheet]:
    """Continuation sheet by hand; plate imprint bottom right, at an angle."""
    s = Sheet(fonts=fonts, font="gothic", points=9)
    case.accepted_days = tuple(range(6))
    s.put(40, 48, "CONTINUATION NOTES", font="gothic-bold", size=14)
    s.put(572, 48, case.place(), align="r")
    s.line(120, 60, 120, 660)
    for n in range(26):
        s.line(40, 84 + n * 23, 572, 84 + n * 23, 0.3, 130)
    y = 100.0
    for n, note in enumerate(sentences(case, "B", "progress", 6)):
        day = case.date("d Mmm yy") if n == 0 else case.date("d Mmm yy", n)
        s.put(44, y, day, kind="hand", font="hand-b2", size=12, width=72)
        y, _ = s.prose(128, y, 430, note, lead=1.64, kind="hand", font="hand-b", size=14)
        s.put(480, y, case.doctor("F. Last"), kind="hand", font="hand-b", size=13, width=90)
        y += 46
    label(
        s,
        case.rng.uniform(330, 350),
        case.rng.uniform(686, 696),
        case.rng.uniform(-6, 6),
        [
            (case.name("LAST FIRST M"),),
            (case.mrn(), case.dob("mm-dd-yy"), case.sex()),
            (case.second("DR LAST"), "WD 4"),
        ],
        font="nimbus-mono",
        size=10,
        border=False,
    )
    return [s]


@LAYOUTS.add("B", "transfer_form", years=(1988, 2012))
def transfer_sheet(case: Case, fonts: Fonts) -> list[Sheet]:
    """Tick boxes; sending and receiving places."""
    s = Sheet(fonts=fonts, size=A4, font="verdana", points=8.5)
    s.put(40, 46, "INTER-FACILITY TRANSFER", font="verdana-bold", size=14)
    s.cell(40, 60, 260, 34, "RESIDENT / PATIENT", case.name("First Last"), size=10)
    s.cell(300, 60, 130, 34, "BIRTH DATE", case.dob("mm/dd/yyyy"), size=10)
    s.cell(430, 60, 125, 34, "HOSPITAL ID", case.mrn(), size=10)
    s.cell(40, 94, 260, 34, "FROM", case.place(), size=10)
    s.cell(
        300, 94, 255, 34, "TO", case.pick("Saltmarsh Nursing Home", "Dunmore Rehabilitation Centre"), size=10
    )
    s.cell(40, 128, 130, 34, "DATE OF TRANSFER", case.date("mm/dd/yyyy"), size=10)
    s.cell(170, 128, 190, 34, "RESPONSIBLE PERSON", case.relative("First Last", "contact"), size=10)
    s.cell(360, 128, 195, 34, "PHYSICIAN", case.doctor("First Last, M.D."), size=10)
    for n, what in enumerate(
        (
            "Walks alone",
            "Walks with aid",
            "Chair bound",
            "Continent",
            "Catheter",
            "Feeds self",
            "Oriented",
            "Confused",
            "Pressure sore",
            "Isolation",
            "DNR order",
            "Glasses",
        )
    ):
        x, row = 46 + n % 3 * 175, 190 + n // 3 * 24
        s.box(x, row - 9, 10, 10)
        if case.rng.random() < 0.4:
            s.line(x + 1, row - 8, x + 9, row, 1.2)
            s.line(x + 9, row - 8, x + 1, row, 1.2)
        s.put(x + 18, row, what)
    y = 306.0
    for title in ("Nursing summary", "Medicines", "Comments"):
        s.put(40, y, title, font="verdana-bold")
        y, _ = s.prose(40, y + 18, 510, tell(case, "B", "transfer", 3), lead=1.6)
        y += 24
    return [s]


@LAYOUTS.add("B", "prescription", years=(1980, 2008))
def script_pad(case: Case, fonts: Fonts) -> list[Sheet]:
    """A small pad sheet copied on a full page; no number on it."""
    s = Sheet(fonts=fonts, font="bookman", points=9)
    s.box(140, 80, 330, 430, 1)
    s.put(305, 108, case.doctor("First M. Last, M.D."), font="bookman-bold", size=13, align="c")
    s.put(305, 124, case.place(), align="c")
    s.line(150, 132, 460, 132)
    s.run(152, 156, "Name ", case.name("First Last"), font="prime", size=10)
    s.run(152, 176, "Address ", case.street(), font="prime", size=10)
    s.run(152, 196, "DOB ", case.dob("m/d/yy"), "   Date ", case.date("m/d/yy"), font="prime", size=10)
    s.put(160, 244, "Rx", font="script", size=34)
    for n, row in enumerate(
        (
            f"{case.pick('Amoxicillin', 'Lisinopril', 'Cephalexin')} {case.pick('250', '500', '20')} mg",
            f"Disp #{case.number(10, 90)}",
            f"Sig: i po {case.pick('bid', 'tid', 'qd')}",
        )
    ):
        s.put(210, 270 + n * 30, row, kind="hand", font="hand-b", size=17)
    s.put(152, 470, "Refills 0 1 2 3     Label")
    s.put(320, 470, case.doctor("F. Last"), kind="hand", font="script", size=18)
    s.put(152, 500, f"DEA AB{case.number(1000000, 9999999)}", size=8)
    return [s]


@LAYOUTS.add("B", "problem_list", years=(1985, 2010))
def problem_sheet(case: Case, fonts: Fonts) -> list[Sheet]:
    """Numbered table with a form bar code; identifiers in the upper right corner."""
    s = Sheet(fonts=fonts, font="slab", points=9.5)
    s.put(40, 50, "MASTER PROBLEM LIST", font="slab-bold", size=14)
    s.put(40, 66, case.place())
    barcode(s, 40, 76, 120, 22, "MPL-17")
    s.box(340, 34, 232, 62)
    s.put(348, 50, case.name("LAST, FIRST M"), font="slab-bold")
    s.run(348, 66, "Pt # ", case.mrn())
    s.run(348, 82, "Birth ", case.dob("mm/dd/yyyy"))
    for x, head in ((46, "No."), (90, "Problem"), (330, "Onset"), (430, "Resolved")):
        s.put(x, 124, head, font="slab-bold")
    problems = case.rng.sample(
        (
            "Hypertension",
            "Diabetes mellitus",
            "Low back pain",
            "Asthma",
            "Anxiety",
            "Migraine",
            "Gout",
            "Anaemia",
            "Hiatus hernia",
        ),
        6,
    )
    for n, what in enumerate(problems):
        y = 148 + n * 26
        s.line(40, y + 8, 572, y + 8, 0.4)
        s.put(46, y, str(n + 1))
        s.put(90, y, what, font="prime", size=11)
        s.put(
            330,
            y,
            str(max(case.shown.dob.year + 1, case.service.year - case.rng.randrange(1, 14))),
            font="prime",
            size=11,
        )
    s.run(40, 330, "Reviewed ", case.date("mm/dd/yyyy"), " by ", case.doctor("First Last, M.D."))
    return [s]


@LAYOUTS.add("B", "newborn_record", years=(1980, 2003), ages=(0, 0))
def cradle_sheet(case: Case, fonts: Fonts) -> list[Sheet]:
    """Nursery admission: mother first, then the infant."""
    s = Sheet(fonts=fonts, font="condensed", points=10.5)
    s.put(306, 50, "NURSERY ADMISSION RECORD", font="condensed-bold", size=15, align="c")
    s.put(306, 66, case.place(), align="c")
    mother_number = Mark(text=case.mother.mrn, field="mother_mrn", value=case.mother.mrn, role="distractor")
    s.put(50, 96, "MATERNAL", font="condensed-bold")
    s.run(
        50,
        114,
        "Mother's name ",
        case.relative("Last, First", "mother"),
        "     Mother's record no. ",
        mother_number,
    )
    s.run(
        50,
        132,
        "Mother's date of birth ",
        case.relative_dob("mm/dd/yyyy"),
        f"     Gravida {case.number(1, 5)}  Blood group {case.pick('A pos', 'O neg', 'B pos')}",
    )
    s.put(50, 164, "INFANT", font="condensed-bold")
    s.run(50, 182, "Infant ", case.baby(), "     Infant record no. ", case.mrn())
    s.run(
        50,
        200,
        "Date of birth ",
        case.dob("mm/dd/yyyy"),
        f"  at {case.number(0, 23).zfill(2)}{case.number(10, 59)} h    Sex ",
        case.sex("Male"),
    )
    s.run(
        50,
        218,
        f"Birth weight {case.number(2500, 4300)} g    Length {case.number(46, 55)} cm    "
        f"Apgar {case.number(6, 9)}/{case.number(8, 10)}",
    )
    s.run(50, 236, "Admitted to nursery ", case.date("mm/dd/yyyy"))
    for n, what in enumerate(
        ("Skin", "Head", "Eyes", "Palate", "Heart", "Lungs", "Abdomen", "Hips", "Genitalia", "Tone")
    ):
        s.box(50, 262 + n * 26, 510, 26)
        s.line(170, 262 + n * 26, 170, 288 + n * 26)
        s.put(58, 279 + n * 26, what)
        s.put(
            180,
            279 + n * 26,
            case.pick("normal", "nil of note", "pink, warm", "see notes"),
            kind="hand",
            font="hand-b",
            size=13,
        )
    s.run(50, 560, "Paediatrician ", case.doctor("Dr. First Last"))
    return [s]
