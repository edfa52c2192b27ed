"""Family A, the hospital: American forms, typewriter and needle printer, 1970s to 1990s. May be tuned on."""

from __future__ import annotations

from benchmarks.charts.case import Case
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.layout import LAYOUTS, Style, label, wave
from benchmarks.charts.prose import tell
from benchmarks.charts.sheet import Mark, Sheet


@LAYOUTS.add("A", "face_sheet", years=(1976, 1996))
def admission_sheet(case: Case, fonts: Fonts) -> list[Sheet]:
    """Boxes with captions in the corner, entries by typewriter."""
    s = Sheet(fonts=fonts, font="arial", points=9)
    typed: Style = {"font": "typewriter", "size": 10.0, "caption_font": "narrow"}
    s.put(306, 40, case.place(upper=True), font="arial-bold", size=14, align="c")
    s.put(306, 56, "ADMISSION RECORD", font="arial-bold", size=11, align="c")
    s.cell(36, 66, 190, 32, "1. PATIENT'S NAME (LAST, FIRST, MIDDLE)", case.name("LAST, FIRST M"), **typed)
    s.cell(226, 66, 110, 32, "2. UNIT NUMBER", case.mrn(), **typed)
    s.cell(336, 66, 120, 32, "3. VISIT NO.", case.acct(), **typed)
    s.cell(456, 66, 120, 32, "4. ADMITTED", case.date("mm-dd-yy"), **typed)
    s.cell(36, 98, 190, 32, "5. STREET ADDRESS", case.street(upper=True), **typed)
    s.cell(226, 98, 170, 32, "6. CITY, STATE, ZIP", case.town(upper=True), **typed)
    s.cell(396, 98, 180, 32, "7. TELEPHONE", case.phone(), **typed)
    s.cell(36, 130, 90, 32, "8. BIRTHDATE", case.dob("mm-dd-yy"), **typed)
    s.cell(126, 130, 50, 32, "9. AGE", case.age(), **typed)
    s.cell(176, 130, 50, 32, "10. SEX", case.sex(), **typed)
    s.cell(226, 130, 80, 32, "11. MARITAL", case.pick("M", "S", "W", "D"), **typed)
    s.cell(306, 130, 90, 32, "12. RELIGION", case.pick("BAPT", "METH", "CATH", "NONE"), **typed)
    s.cell(
        396,
        130,
        180,
        32,
        "13. PATIENT EMPLOYED BY",
        case.pick("RETIRED", "TARPLEY FEED MILL", "SELF", "SCHOOL BOARD"),
        **typed,
    )
    s.cell(
        36,
        162,
        270,
        32,
        "14. PERSON RESPONSIBLE FOR ACCOUNT",
        case.relative("LAST, FIRST", "guarantor"),
        **typed,
    )
    s.cell(306, 162, 90, 32, "15. RELATION", case.pick("MOTHER", "WIFE", "SISTER", "AUNT"), **typed)
    s.cell(396, 162, 180, 32, "16. HIS OR HER BIRTHDATE", case.relative_dob("mm-dd-yy"), **typed)
    s.cell(36, 194, 270, 32, "17. ATTENDING PHYSICIAN", case.doctor("LAST, FIRST M."), **typed)
    s.cell(306, 194, 270, 32, "18. REFERRED BY", case.second("LAST, FIRST"), **typed)
    s.cell(
        36,
        226,
        540,
        60,
        "19. ADMITTING DIAGNOSIS",
        case.pick("CHEST PAIN, R/O MI", "ACUTE ABDOMEN", "CHF", "FRACTURE, CLOSED"),
        **typed,
    )
    s.cell(36, 286, 540, 150, "20. FINAL DIAGNOSIS", case.pick("SEE DISCHARGE SUMMARY", ""), **typed)
    s.cell(36, 436, 540, 110, "21. OPERATIONS AND PROCEDURES", **typed)
    s.cell(36, 546, 270, 60, "22. CONDITION ON DISCHARGE", **typed)
    s.cell(306, 546, 270, 60, "23. CONSULTANTS", **typed)
    s.put(
        36,
        640,
        "I CERTIFY THAT THE NARRATIVE DESCRIPTIONS OF THE PRINCIPAL AND SECONDARY DIAGNOSES ARE ACCURATE.",
        size=7,
    )
    s.line(330, 690, 576, 690)
    s.put(330, 700, "SIGNATURE OF ATTENDING PHYSICIAN", size=7)
    s.put(36, 752, "FORM 1002 REV. 4/77", size=7)
    return [s]


_TESTS = [
    "GLUCOSE 70-110 MG/DL",
    "BUN 7-22 MG/DL",
    "CREATININE 0.6-1.4 MG/DL",
    "SODIUM 136-145 MEQ/L",
    "POTASSIUM 3.5-5.1 MEQ/L",
    "CHLORIDE 98-107 MEQ/L",
    "CO2 22-30 MEQ/L",
    "CALCIUM 8.5-10.5 MG/DL",
    "ALBUMIN 3.4-5.0 G/DL",
    "BILIRUBIN 0.2-1.2 MG/DL",
    "ALK PHOS 40-125 IU/L",
    "SGOT 8-40 IU/L",
    "LDH 100-225 IU/L",
    "URIC ACID 2.5-7.5 MG/DL",
    "CHOLESTEROL 140-240 MG/DL",
]
_COUNTS = [
    "WBC 4.5-11.0 K/UL",
    "RBC 4.2-5.9 M/UL",
    "HGB 12.0-17.5 G/DL",
    "HCT 36-52 %",
    "MCV 80-98 FL",
    "PLATELETS 150-400 K/UL",
    "SEGS 45-70 %",
    "LYMPHS 20-45 %",
    "MONOS 2-10 %",
    "EOS 0-5 %",
]


@LAYOUTS.add("A", "lab_report", years=(1979, 1995))
def cumulative_lab(case: Case, fonts: Fonts) -> list[Sheet]:
    """Needle printer summary; each page repeats the patient, page k of n."""
    groups = [("CHEMISTRY", _TESTS), ("HEMATOLOGY", _COUNTS)][: case.rng.choice((1, 2))]
    pages = []
    for n, (title, tests) in enumerate(groups):
        s = Sheet(fonts=fonts, font="matrix", points=9.4)
        m: Style = {"matrix": True}
        s.put(40, 50, case.place(upper=True), **m)
        s.put(572, 50, f"PAGE {n + 1} OF {len(groups)}", align="r", **m)
        s.put(40, 64, "CLINICAL LABORATORY   CUMULATIVE SUMMARY", **m)
        s.run(40, 88, "NAME: ", case.name("LAST,FIRST M"), **m)
        s.run(330, 88, "UNIT#: ", case.mrn(), **m)
        s.run(40, 102, "DOB: ", case.dob("mm/dd/yy"), "   SEX: ", case.sex(), **m)
        s.run(330, 102, "DR: ", case.doctor("LAST"), **m)
        s.run(40, 116, "COLLECTED: ", case.date("mm/dd/yy"), **m)
        s.run(330, 116, "LOC: ", case.pick("3W", "ICU", "OPD", "2NORTH"), "  ACCT: ", case.acct(), **m)
        s.put(40, 132, "-" * 88, width=532, **m)
        s.put(40, 148, title, **m)
        for k, test in enumerate(tests):
            words = test.split(" ")
            name, limits, unit = " ".join(words[:-2]), words[-2], words[-1]
            low, high = map(float, limits.split("-"))
            y = 168 + k * 17
            s.put(52, y, name, **m)
            for column in range(3):
                got = low + (high - low) * case.rng.uniform(-0.15, 1.2)
                flag = "H" if got > high else "L" if got < low else " "
                s.put(220 + column * 70, y, f"{got:.1f} {flag}", align="r", **m)
            s.put(420, y, limits, **m)
            s.put(500, y, unit, **m)
        s.put(306, 745, "** END OF REPORT **" if n + 1 == len(groups) else "CONTINUED", align="c", **m)
        pages.append(s)
    return pages


@LAYOUTS.add("A", "operative_report", years=(1980, 1999), can_be_born=True)
def operation_dictated(case: Case, fonts: Fonts) -> list[Sheet]:
    """Transcription with one header line; the second page repeats it."""

    def head(n: int) -> Sheet:
        s = Sheet(fonts=fonts, font="courier", points=10)
        s.run(50, 46, "PT: ", case.name("LAST, FIRST"), "     MR: ", case.mrn(), "     ", f"PG {n}")
        return s

    s = head(1)
    s.put(306, 84, case.place(upper=True), align="c")
    s.put(306, 98, "REPORT OF OPERATION", font="courier-bold", align="c")
    y = 130.0
    procedure = case.pick(
        "APPENDECTOMY", "EXPLORATORY LAPAROTOMY", "CHOLECYSTECTOMY", "INGUINAL HERNIA REPAIR"
    )
    rows: list[tuple[str, str | Mark]] = [
        ("DATE OF OPERATION:", case.date("mm/dd/yy")),
        ("SURGEON:", case.doctor("FIRST LAST, M.D.")),
        ("ASSISTANT:", case.second("FIRST LAST, M.D.")),
        ("PREOPERATIVE DIAGNOSIS:", "SAME"),
        ("OPERATION:", procedure),
        ("ANESTHESIA:", "GENERAL"),
    ]
    if "dob" not in case.omits:
        rows.insert(1, ("BIRTH DATE:", case.dob("mm/dd/yy")))
    for caption, what in rows:
        s.put(50, y, caption)
        s.put(230, y, what)
        y += 16
    y, rest = s.prose(50, y + 16, 510, _operation_text(case), lead=2.2, bottom=560)
    pages = [s]
    if rest:
        s = head(2)
        pages.append(s)
        y, _ = s.prose(50, 84, 510, rest, lead=2.0)
    s.put(300, y + 22, case.doctor("FIRST LAST, M.D."))
    s.run(
        50,
        y + 44,
        "D: ",
        case.date("mm/dd/yy", 1),
        "  T: ",
        case.date("mm/dd/yy", 2),
        f"  {case.pick('kb', 'jw', 'lm')}",
    )
    return pages


def _operation_text(case: Case) -> str:
    text = "PROCEDURE: " + tell(case, "A", "operation", 14)
    if case.rng.random() < 0.8:
        text = (
            "INDICATIONS: "
            + tell(case, "A", "discharge", 5)
            + " "
            + text
            + " "
            + tell(case, "A", "pathology", 4)
        )
    return text


@LAYOUTS.add("A", "pathology_report", years=(1978, 2001), can_be_born=True)
def surgical_pathology(case: Case, fonts: Fonts) -> list[Sheet]:
    """Two columns of captions above the specimen; accession number in large print."""
    s = Sheet(fonts=fonts, font="times", points=11)
    s.put(306, 56, case.place(), font="times-bold", size=16, align="c")
    s.put(306, 74, "Department of Pathology", align="c")
    number = f"S{case.service.year % 100:02d}-{case.number(100, 9999)}"
    s.put(
        560,
        104,
        Mark(text=number, field="accession", value=number, role="distractor"),
        font="times-bold",
        size=15,
        align="r",
    )
    s.put(50, 104, "SURGICAL PATHOLOGY REPORT", font="times-bold", size=13)
    s.line(50, 112, 562, 112, 1.4)
    left: list[tuple[str, str | Mark]] = [
        ("Patient", case.name("Last, First M.")),
        ("Hospital #", case.mrn("dashed")),
        ("Physician", case.doctor("F. Last, M.D.")),
    ]
    right: list[tuple[str, str | Mark]] = [
        ("Date of Birth", case.dob("Mmm d, yyyy")),
        ("Sex", case.sex("Male")),
        ("Date Taken", case.date("Mmm d, yyyy")),
        ("Date Received", case.date("Mmm d, yyyy", 1)),
    ]
    for x, rows in ((50, left), (330, right)):
        for n, (caption, what) in enumerate(rows):
            s.put(x, 130 + n * 17, caption, font="times-bold")
            s.put(x + 92, 130 + n * 17, what)
    y = 222.0
    for title, kind, count in (
        ("GROSS DESCRIPTION", "pathology", 3),
        ("MICROSCOPIC", "pathology", 5),
        ("DIAGNOSIS", "pathology", 1),
    ):
        s.put(50, y, title, font="times-bold")
        y, _ = s.prose(50, y + 18, 510, tell(case, "A", kind, count))
        y += 20
    s.line(340, y + 40, 560, y + 40)
    s.put(340, y + 54, case.second("First M. Last, M.D., Pathologist"), width=222)
    return [s]


@LAYOUTS.add("A", "radiology_report", years=(1975, 2003), can_be_born=True)
def x_ray(case: Case, fonts: Fonts) -> list[Sheet]:
    """Half a page of text under a ruled head."""
    s = Sheet(fonts=fonts, font="arial", points=10)
    s.put(50, 60, case.place(), font="arial-bold", size=13)
    s.put(50, 76, "DIAGNOSTIC RADIOLOGY CONSULTATION", font="arial-bold")
    s.box(50, 88, 512, 66, 1.2)
    s.line(300, 88, 300, 154)
    s.run(58, 104, "NAME  ", case.name("FIRST M LAST"))
    s.run(58, 124, "AGE/SEX  ", case.age(), " ", case.sex())
    s.run(58, 144, "BORN  ", case.dob("mm/dd/yyyy"))
    s.run(
        308,
        104,
        "X-RAY NO.  ",
        Mark(text=(film := case.number(20000, 99999)), field="film_no", value=film, role="distractor"),
    )
    s.run(308, 124, "MED REC NO.  ", case.mrn())
    s.run(308, 144, "EXAM DATE  ", case.date("mm/dd/yyyy"))
    s.run(
        50,
        180,
        "EXAMINATION:  ",
        case.pick("CHEST, PA AND LATERAL", "LUMBAR SPINE", "LEFT HAND, THREE VIEWS"),
    )
    s.run(50, 198, "REQUESTED BY:  ", case.second("F. Last, M.D."))
    y, _ = s.prose(50, 232, 510, "FINDINGS: " + tell(case, "A", "radiology", 7), lead=1.5)
    y, _ = s.prose(50, y + 18, 510, "IMPRESSION: " + tell(case, "A", "radiology", 1), lead=1.5)
    s.put(50, y + 60, case.doctor("First M. Last, M.D."))
    s.put(50, y + 74, "Radiologist")
    return [s]


@LAYOUTS.add("A", "ecg_report", years=(1984, 2006), can_be_born=True)
def heart_tracing(case: Case, fonts: Fonts) -> list[Sheet]:
    """Landscape print of a recorder: sparse head, grid and tracings."""
    s = Sheet(fonts=fonts, size=(792, 612), font="courier", points=10)
    s.put(40, 40, case.name("Last, First"), font="courier-bold", size=12)
    s.run(40, 56, "ID: ", case.mrn())
    s.put(280, 40, case.date("dd-MMM-yyyy"))
    s.put(380, 40, f"{case.number(6, 22).zfill(2)}:{case.number(10, 59)}:{case.number(10, 59)}")
    s.put(480, 40, case.place(upper=True), width=280)
    s.run(280, 56, case.age("{} yr"), "  ", case.sex("Male"))
    s.run(430, 56, "DOB ", case.dob("dd-MMM-yyyy"))
    for n, (what, unit) in enumerate(
        (("Vent. rate", "BPM"), ("PR interval", "ms"), ("QRS duration", "ms"), ("QT/QTc", "ms"))
    ):
        s.put(40, 80 + n * 14, what)
        s.put(190, 80 + n * 14, f"{case.number(60, 180)} {unit}", align="r")
    s.put(280, 84, case.pick("Normal sinus rhythm", "Sinus bradycardia", "Atrial fibrillation"))
    s.put(280, 98, case.pick("Normal ECG", "Nonspecific T wave abnormality", "Abnormal ECG"))
    s.run(280, 130, "Confirmed by: ", case.doctor("LAST, FIRST"))
    for x in range(40, 752, 18):
        s.line(x, 150, x, 560, 0.3, 190)
    for y in range(150, 561, 18):
        s.line(40, y, 752, y, 0.3, 190)
    for row, leads in enumerate(
        (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
    ):
        for column, lead in enumerate(leads):
            wave(s, 44 + column * 177, 240 + row * 115, 170, 46, 3)
            s.put(48 + column * 177, 185 + row * 115, lead)
    s.put(40, 580, "25mm/s 10mm/mV 100Hz", size=8)
    return [s]


@LAYOUTS.add("A", "flowsheet", years=(1982, 2008))
def vital_signs(case: Case, fonts: Fonts) -> list[Sheet]:
    """A grid with a sticker that nobody put on straight."""
    s = Sheet(fonts=fonts, font="arial", points=8)
    s.put(40, 52, "GRAPHIC FLOW SHEET - VITAL SIGNS", font="arial-bold", size=12)
    s.put(40, 66, case.place(), size=9)
    label(
        s,
        370,
        case.rng.uniform(26, 34),
        case.rng.uniform(-3, 4),
        [
            (case.name("LAST, FIRST M"),),
            (case.mrn(), case.sex(), case.dob("mm/dd/yyyy")),
            (case.doctor("DR. LAST"), "ADM", case.date("mm/dd/yy")),
        ],
        font="courier-bold",
        size=9,
        w=216,
    )
    s.run(40, 104, "WEEK OF: ", case.date("m/d/yy"), size=10, kind="hand", font="hand-a")
    for x in [40, 100, *range(160, 577, 52)]:
        s.line(x, 116, x, 700)
    for n in range(27):
        s.line(40, 116 + n * 22.46, 576, 116 + n * 22.46)
    for n, caption in enumerate(
        ("HOUR", "TEMP", "PULSE", "RESP", "B.P.", "WEIGHT", "INTAKE", "OUTPUT", "STOOLS")
    ):
        s.put(44, 132 + n * 67.4, caption)
        for column in range(8):
            if case.rng.random() < 0.8:
                s.put(
                    108 + (52 * column if column else 0),
                    131 + n * 67.4,
                    case.number(16, 180),
                    kind="hand",
                    font="hand-a2",
                    size=12,
                )
    s.put(40, 722, "7004-221 (8/81)", size=7)
    return [s]


@LAYOUTS.add("A", "physician_orders", years=(1974, 1998))
def order_sheet(case: Case, fonts: Fonts) -> list[Sheet]:
    """Plate imprint at an angle in the corner, orders by hand."""
    s = Sheet(fonts=fonts, font="times", points=10)
    s.put(40, 54, "DOCTOR'S ORDER SHEET", font="times-bold", size=15)
    s.put(40, 70, case.place(), size=10)
    label(
        s,
        340,
        case.rng.uniform(40, 52),
        case.rng.uniform(-5, 5),
        [
            (case.mrn("spaced"), case.date("mm/dd/yy")),
            (case.name("LAST FIRST M"),),
            (case.dob("mm/dd/yy"), case.sex(), case.acct()),
            (case.doctor("LAST F."),),
        ],
        font="typewriter",
        size=10,
        border=False,
    )
    s.box(36, 120, 540, 600, 1)
    s.line(126, 120, 126, 720)
    s.line(500, 120, 500, 720)
    s.put(40, 134, "DATE & HOUR", size=8)
    s.put(
        132, 134, "ORDERS - another brand of drug identical in form may be dispensed unless checked", size=8
    )
    s.put(504, 134, "NURSE", size=8)
    y = 168.0
    for _ in range(2):
        s.put(42, y, case.date("m/d/yy"), kind="hand", font="hand-a2", size=14)
        for order in case.rng.sample(
            (
                "Bed rest with BRP",
                "Clear liquids, advance",
                "CBC, SMA 6 in am",
                "Demerol 75 mg IM q4h prn",
                "IV D5W 100 cc/hr",
                "Ambulate tid",
                "Colace 100 mg po bid",
                "O2 2 L per cannula",
            ),
            4,
        ):
            s.put(134, y, order, kind="hand", font="hand-a", size=15)
            y += 27
        s.put(330, y, case.doctor("F. Last MD"), kind="hand", font="hand-a", size=15)
        y += 40
    s.put(40, 740, "PLEASE USE BALL POINT PEN - PRESS FIRMLY", size=8)
    return [s]
