"""Family B, reports and letters of a New England hospital with British habits. Held out."""

from __future__ import annotations

from benchmarks.charts.case import Case
from benchmarks.charts.fonts import Fonts
from benchmarks.charts.layout import LAYOUTS
from benchmarks.charts.prose import sentences, tell
from benchmarks.charts.sheet import A4, Mark, Sheet


@LAYOUTS.add("B", "lab_report", years=(1990, 2014), can_be_born=True)
def interim_results(case: Case, fonts: Fonts) -> list[Sheet]:
    """A ruled table; who it is about stands in the foot of every page."""
    wanted = [
        ("Haemoglobin", "g/L", 115, 165),
        ("White cells", "10*9/L", 4, 11),
        ("Platelets", "10*9/L", 150, 400),
        ("Neutrophils", "10*9/L", 2, 7),
        ("Lymphocytes", "10*9/L", 1, 4),
        ("Sodium", "mmol/L", 135, 145),
        ("Potassium", "mmol/L", 3.5, 5),
        ("Urea", "mmol/L", 2.5, 7.8),
        ("Creatinine", "umol/L", 60, 120),
        ("Bilirubin", "umol/L", 3, 21),
        ("ALT", "U/L", 5, 40),
        ("Albumin", "g/L", 35, 50),
        ("Calcium", "mmol/L", 2.2, 2.6),
        ("Glucose", "mmol/L", 4, 7.8),
        ("TSH", "mU/L", 0.4, 4.5),
        ("CRP", "mg/L", 0, 5),
    ]
    count = case.rng.choice((1, 1, 2))
    pages = []
    for n in range(count):
        s = Sheet(fonts=fonts, size=A4, font="condensed", points=10)
        s.put(40, 48, "LABORATORY MEDICINE", font="condensed-bold", size=15)
        s.put(40, 64, case.place())
        lab_no = f"{case.number(10, 99)}.{case.number(1000, 9999)}.{case.pick('K', 'M', 'P')}"
        s.run(400, 48, "Lab ref  ", Mark(text=lab_no, field="accession", value=lab_no, role="distractor"))
        s.run(400, 64, "Specimen taken  ", case.date("d Mmm yyyy"))
        s.box(40, 80, 515, 22, fill=225)
        for x, head in ((48, "Test"), (220, "Result"), (300, "Flag"), (350, "Units"), (440, "Reference")):
            s.put(x, 95, head, font="condensed-bold")
        for k, (name, unit, low, high) in enumerate(wanted[n * 8 : n * 8 + (8 if count == 2 else 16)]):
            y = 120 + k * 21
            got = max(0.1, low + (high - low) * case.rng.uniform(-0.2, 1.25))
            s.line(40, y + 6, 555, y + 6, 0.3, 120)
            s.put(48, y, name)
            s.put(220, y, f"{got:.1f}")
            s.put(300, y, "HIGH" if got > high else "LOW" if got < low else "")
            s.put(350, y, unit)
            s.put(440, y, f"{low} - {high}")
        s.box(40, 700, 515, 76, 1.1)
        s.run(48, 718, "Patient   ", case.name("LAST, First M"), font="condensed-bold", size=11)
        s.run(48, 738, "Record number   ", case.mrn())
        s.run(48, 758, "Date of birth   ", case.dob("d Mmm yyyy"), "     Sex   ", case.sex())
        s.run(330, 718, "Requested by   ", case.doctor("Dr F. Last"))
        s.run(330, 738, "Ward   ", case.pick("Nightingale", "Lister", "Outpatients", "A & E"))
        s.run(330, 758, f"Page {n + 1}/{count}")
        s.put(40, 800, "Interim report - authorised results follow by post", size=8)
        pages.append(s)
    return pages


@LAYOUTS.add("B", "emergency_report", years=(1988, 2012))
def casualty_note(case: Case, fonts: Fonts) -> list[Sheet]:
    """Shaded strip on top, presenting complaint in a box."""
    s = Sheet(fonts=fonts, font="verdana", points=9)
    s.box(30, 30, 552, 62, 0.8, fill=232)
    s.put(40, 50, "EMERGENCY DEPARTMENT RECORD", font="verdana-bold", size=13)
    s.put(40, 68, case.place(upper=True))
    s.run(
        40,
        84,
        "Arrived ",
        case.date("mm/dd/yyyy"),
        f" at {case.number(0, 23).zfill(2)}:{case.number(10, 59)}  Triage {case.number(2, 5)}",
    )
    s.put(572, 50, case.name("First Last"), font="verdana-bold", size=11, align="r")
    s.run(400, 68, "MRN/", case.mrn(), gap=0.5)
    s.run(400, 84, "D/O/B ", case.dob("mm/dd/yyyy"), "  ", case.age("({}y)"))
    y = 116.0
    for title, count in (
        ("Presenting complaint", 3),
        ("Examination", 4),
        ("Investigation and treatment", 3),
        ("Disposal", 2),
    ):
        s.put(40, y, title, font="verdana-bold")
        s.line(40, y + 4, 572, y + 4)
        y, _ = s.prose(40, y + 20, 525, tell(case, "B", "emergency", count), lead=1.55)
        y += 22
    s.run(40, y + 40, "Seen by: ", case.doctor("F. Last"), "   Grade: SHO")
    s.run(330, y + 40, "Own doctor: ", case.second("Dr. Last"))
    s.run(40, y + 62, "Accompanied by: ", case.relative("First Last", "escort"))
    return [s]


@LAYOUTS.add("B", "history_physical", years=(1982, 2010))
def clerking(case: Case, fonts: Fonts) -> list[Sheet]:
    """Long dictation, the second page has only a foot line."""
    s = Sheet(fonts=fonts, font="prime", points=11)
    s.put(70, 56, case.place(), font="bookman-bold", size=15)
    s.put(70, 76, "ADMISSION HISTORY AND PHYSICAL EXAMINATION", font="prime-bold")
    s.line(70, 82, 550, 82, 1.2)
    rows: tuple[tuple[str, Mark], ...] = (
        ("Name of patient", case.name("Last, First")),
        ("Chart number", case.mrn()),
        ("Born", case.dob("Month d, yyyy")),
        ("Date of admission", case.date("Month d, yyyy")),
        ("Attending", case.doctor("First Last, M.D.")),
    )
    for n, (caption, what) in enumerate(rows):
        s.put(70, 100 + n * 16, caption.ljust(20, "."))
        s.put(214, 100 + n * 16, what)
    y, rest = s.prose(
        70, 198, 480, tell(case, "B", "history", 14), lead=2.0, bottom=case.rng.choice((430, 640))
    )
    if rest:
        t = Sheet(fonts=fonts, font="prime", points=11)
        y, _ = t.prose(70, 66, 480, rest, lead=2.0)
        t.put(70, y + 26, case.doctor("First M. Last, M.D."))
        t.run(70, 762, case.name("LAST, FIRST"), "  ", case.mrn(), "  H&P  page 2", size=9, gap=6)
        return [s, t]
    s.put(70, y + 26, case.doctor("First M. Last, M.D."))
    return [s]


@LAYOUTS.add("B", "consultation", years=(1985, 2012), is_outside=True)
def visiting_consult(case: Case, fonts: Fonts) -> list[Sheet]:
    """From another hospital, under its own number; ours is not on it."""
    s = Sheet(fonts=fonts, font="palatino", points=11)
    s.put(306, 56, case.place(), font="palatino-bold", size=18, align="c")
    s.put(306, 74, "Department of Internal Medicine - Consultation Service", align="c")
    s.line(50, 84, 562, 84, 1.5)
    s.line(50, 87, 562, 87, 0.4)
    s.put(50, 112, "CONSULTATION REPORT", font="palatino-bold", size=13)
    s.run(50, 136, "Patient: ", case.name("First M. Last"))
    s.run(330, 136, "Our unit number: ", case.mrn())
    s.run(50, 154, "Birth date: ", case.dob("mm/dd/yyyy"), "   Age: ", case.age())
    s.run(330, 154, "Date seen: ", case.date("mm/dd/yyyy"))
    s.run(50, 172, "Address: ", case.street(), ", ", case.town())
    s.run(50, 190, "Requested by: ", case.second("First Last, M.D."), ", St. Bride's Infirmary")
    y, pages = 224.0, [s]
    is_long = case.rng.random() < 0.5
    for title, count in (("Reason", 2), ("Findings", 4), ("Opinion and advice", 3)):
        if is_long and title.startswith("Opinion"):
            s = Sheet(fonts=fonts, font="palatino", points=11)
            s.run(50, 46, case.name("First Last"), "Unit number ", case.mrn(), gap=14)
            s.put(562, 46, "Page 2 of 2", align="r")
            s.line(50, 52, 562, 52)
            y, pages = 84.0, [*pages, s]
        s.put(50, y, title, font="palatino-bold")
        y, _ = s.prose(50, y + 18, 505, tell(case, "B", "consult", count), lead=2.2 if is_long else 1.45)
        y += 12
    s.put(50, y + 40, case.doctor("First M. Last, M.D."))
    s.put(50, y + 56, "Consultant Physician")
    return pages


@LAYOUTS.add("B", "therapy_note", years=(1990, 2014), can_be_born=True)
def physio_progress(case: Case, fonts: Fonts) -> list[Sheet]:
    """SOAP headings beside the text."""
    s = Sheet(fonts=fonts, font="helvetica", points=10)
    s.put(40, 50, "Physical Therapy", font="helvetica-bold", size=18)
    s.put(40, 66, case.place())
    s.run(350, 50, "Client: ", case.name("First Last"), font="helvetica-bold")
    s.run(350, 66, "Client ID: ", case.mrn())
    s.run(350, 82, "Birthday: ", case.dob("Mmm d, yyyy"))
    s.run(40, 98, "Visit date: ", case.date("Mmm d, yyyy"), f"   Visit {case.number(2, 9)} of 12")
    s.line(40, 108, 572, 108, 2)
    y = 136.0
    for letter, word, count in (
        ("S", "Subjective", 2),
        ("O", "Objective", 3),
        ("A", "Assessment", 2),
        ("P", "Plan", 2),
    ):
        s.box(40, y - 14, 22, 22, 1)
        s.put(51, y + 2, letter, font="helvetica-bold", size=14, align="c")
        s.put(74, y, word, font="helvetica-bold")
        y, _ = s.prose(74, y + 18, 480, tell(case, "B", "therapy", count), lead=1.5)
        y += 26
    s.run(40, y + 20, "Therapist: ", case.doctor("First Last, PT"))
    s.run(40, y + 40, "Referred by: ", case.second("First Last, M.D."))
    return [s]


@LAYOUTS.add("B", "psychiatric_evaluation", years=(1980, 2009))
def mental_state(case: Case, fonts: Fonts) -> list[Sheet]:
    """Typed, confidential; the second page says RE: and initial."""
    s = Sheet(fonts=fonts, font="nimbus-mono", points=10.5)
    s.put(306, 50, "CONFIDENTIAL", align="c", size=13)
    s.put(306, 70, case.place(), align="c")
    s.put(306, 86, "Department of Psychiatry - Initial Evaluation", align="c")
    s.run(60, 120, "RE: ", case.name("First M. Last"), "   #", case.mrn())
    s.run(60, 136, "Birthdate: ", case.dob("m/d/yy"), "   ", case.age("{} years old"), ", ", case.sex("Male"))
    s.run(60, 152, "Date of evaluation: ", case.date("m/d/yy"))
    y, rest = s.prose(
        60,
        188,
        490,
        tell(case, "B", "psychiatric", 11) + " " + tell(case, "B", "history", 5),
        lead=2.1,
        bottom=case.rng.choice((460, 640)),
    )
    pages = [s]
    if rest:
        s = Sheet(fonts=fonts, font="nimbus-mono", points=10.5)
        s.run(60, 50, "RE: ", case.name("LAST, FIRST"))
        s.put(550, 50, "Page Two", align="r")
        y, _ = s.prose(60, 92, 490, rest, lead=2.1)
        pages.append(s)
    s.put(60, y + 30, case.doctor("First M. Last, M.D."))
    s.put(60, y + 46, "Psychiatrist")
    return pages


@LAYOUTS.add("B", "discharge_summary", years=(1984, 2013), can_be_born=True)
def ward_letter(case: Case, fonts: Fonts) -> list[Sheet]:
    """A letter to the family doctor with a block of references."""
    s = Sheet(fonts=fonts, size=A4, font="schoolbook", points=10.5)
    s.put(555, 54, case.place(), font="schoolbook-bold", size=15, align="r")
    s.put(555, 70, case.pick("Quay Road, Wexcombe", "Infirmary Hill, Port Ellery"), align="r")
    s.run(60, 104, "Our ref: ", f"{case.provider.first[0]}{case.provider.last[0]}/jm/", case.mrn(), gap=0)
    s.run(60, 120, "Typed: ", case.date("d Month yyyy", 6))
    s.put(60, 150, case.second("Dr F. Last"))
    s.put(60, 164, f"The Surgery, {case.number(2, 80)} Chapel Row")
    s.run(60, 200, "Dear Dr ", case.second("Last"))
    title = "Mr" if case.shown.sex == "M" else "Mrs"
    s.run(
        60,
        226,
        "Re: ",
        case.name(f"{title} First LAST"),
        "   d.o.b. ",
        case.dob("d Month yyyy"),
        font="schoolbook-bold",
    )
    s.run(60, 242, case.street(), ", ", case.town(), font="schoolbook-bold")
    s.run(60, 258, "Discharged: ", case.date("d Month yyyy"), font="schoolbook-bold")
    long = case.rng.random() < 0.6
    y, rest = s.prose(
        60,
        290,
        480,
        " ".join(sentences(case, "B", "gp", 10 if long else 5)),
        lead=2.4 if long else 1.6,
        bottom=440,
    )
    pages = [s]
    if rest:
        s = Sheet(fonts=fonts, size=A4, font="schoolbook", points=10.5)
        s.put(297, 50, "- 2 -", align="c")
        y, _ = s.prose(60, 90, 480, rest, lead=2.0)
        pages.append(s)
    s.put(60, y + 26, "Yours sincerely")
    s.put(60, y + 74, case.doctor("Dr First Last"))
    s.put(60, y + 88, "Registrar")
    return pages


@LAYOUTS.add("B", "radiology_report", years=(1994, 2014), can_be_born=True)
def ct_report(case: Case, fonts: Fonts) -> list[Sheet]:
    """Three columns of captions above values, no colons."""
    s = Sheet(fonts=fonts, font="gothic", points=10)
    s.put(40, 50, case.place(), font="gothic-bold", size=16)
    s.put(40, 68, "Imaging Department", size=12)
    columns: tuple[tuple[float, tuple[tuple[str, str | Mark], ...]], ...] = (
        (40, (("Patient name", case.name("LAST, FIRST M")), ("Patient ID", case.mrn()))),
        (250, (("Birth date", case.dob("yyyy-mm-dd")), ("Gender", case.sex("Male")))),
        (420, (("Study date", case.date("yyyy-mm-dd")), ("Referrer", case.second("Last, First")))),
    )
    for x, cells in columns:
        for n, (caption, what) in enumerate(cells):
            s.put(x, 98 + n * 38, caption, size=8, ink=70)
            s.put(x, 112 + n * 38, what, font="gothic-bold", width=165)
    s.line(40, 164, 572, 164)
    s.put(
        40,
        190,
        case.pick(
            "CT ABDOMEN AND PELVIS WITH CONTRAST", "CT ABDOMEN", "MRI LUMBAR SPINE", "ULTRASOUND ABDOMEN"
        ),
        font="gothic-bold",
    )
    y, _ = s.prose(40, 216, 520, tell(case, "B", "imaging", 6), lead=1.6)
    s.put(40, y + 14, "Conclusion", font="gothic-bold")
    y, _ = s.prose(40, y + 32, 520, tell(case, "B", "imaging", 1), lead=1.6)
    s.run(
        40,
        y + 40,
        "Electronically signed by ",
        case.doctor("First Last, M.D."),
        " on ",
        case.date("yyyy-mm-dd", 1),
    )
    return [s]


@LAYOUTS.add("B", "cardiology_report", years=(1992, 2013))
def echo_study(case: Case, fonts: Fonts) -> list[Sheet]:
    """Measurements left, text right."""
    s = Sheet(fonts=fonts, font="slab", points=9.5)
    s.put(306, 48, "Echocardiography Laboratory", font="slab-bold", size=15, align="c")
    s.put(306, 64, case.place(), align="c")
    s.box(40, 76, 532, 58)
    s.run(48, 94, "Subject ", case.name("Last First"), font="slab-bold")
    s.run(48, 110, "Hospital no ", case.mrn())
    s.run(48, 126, "Ht ", case.number(150, 190), " cm   Wt ", case.number(50, 110), " kg")
    s.run(330, 94, "Recorded ", case.date("dd.Mmm.yyyy"))
    s.run(330, 110, "Born ", case.dob("dd.Mmm.yyyy"))
    s.run(330, 126, "Reader ", case.doctor("F. Last"))
    for n, what in enumerate(("LVIDd", "LVIDs", "IVSd", "LVPWd", "LA", "Ao root", "EF", "E/A ratio")):
        s.put(48, 164 + n * 20, what)
        s.put(150, 164 + n * 20, f"{case.rng.uniform(0.8, 5.6):.1f}", align="r")
    y = 164.0
    for sentence in sentences(case, "B", "echo", 7):
        y, _ = s.prose(190, y, 375, sentence, lead=1.4)
        y += 8
    s.put(190, y + 30, case.doctor("First Last, M.D."))
    return [s]


@LAYOUTS.add("B", "pathology_report", years=(1983, 2008))
def cytology(case: Case, fonts: Fonts) -> list[Sheet]:
    """Half a sheet, number and name on one line."""
    s = Sheet(fonts=fonts, font="console", points=9)
    number = f"C-{case.service.year}-{case.number(1000, 30000)}"
    s.put(40, 50, case.place(upper=True), font="console-bold", size=11)
    s.put(40, 64, "CYTOPATHOLOGY")
    s.run(
        400,
        50,
        Mark(text=number, field="accession", value=number, role="distractor"),
        font="console-bold",
        size=11,
    )
    s.line(40, 72, 572, 72)
    s.run(
        40,
        90,
        case.name("LAST, FIRST"),
        "   ",
        case.mrn(),
        "   ",
        case.dob("mm/dd/yyyy"),
        "   ",
        case.sex(),
        gap=8,
    )
    s.run(40, 108, "SOURCE: ", case.pick("CERVIX", "URINE, VOIDED", "THYROID, FNA"))
    s.run(300, 108, "COLLECTED: ", case.date("mm/dd/yyyy"))
    s.run(40, 126, "SUBMITTED BY: ", case.second("LAST, FIRST"))
    y = 160.0
    for title, count in (("ADEQUACY", 1), ("INTERPRETATION", 2), ("COMMENT", 2)):
        s.put(40, y, title, font="console-bold")
        y, _ = s.prose(40, y + 16, 525, tell(case, "B", "cytology", count), lead=1.4)
        y += 12
    s.run(40, y + 16, "REPORTED BY ", case.doctor("FIRST LAST, M.D."))
    return [s]


@LAYOUTS.add("B", "operative_report", years=(1986, 2011))
def theatre_record(case: Case, fonts: Fonts) -> list[Sheet]:
    """British wording, a left rail of captions."""
    s = Sheet(fonts=fonts, size=A4, font="bookman", points=10)
    s.put(40, 50, "THEATRE RECORD", font="bookman-bold", size=16)
    s.put(555, 50, case.place(), align="r")
    rows: tuple[tuple[str, str | Mark], ...] = (
        ("Surname, forename", case.name("LAST, First")),
        ("Unit no.", case.mrn()),
        ("Date of birth", case.dob("d Mmm yyyy")),
        ("Operation date", case.date("d Mmm yyyy")),
        ("Surgeon", case.doctor("Mr F. Last")),
        ("Anaesthetist", case.second("Dr F. Last")),
        (
            "Procedure",
            case.pick("Right hemicolectomy", "Laparoscopic cholecystectomy", "Varicose vein surgery"),
        ),
    )
    for n, (caption, what) in enumerate(rows):
        s.box(40, 66 + n * 24, 130, 24, fill=238)
        s.box(170, 66 + n * 24, 385, 24)
        s.put(46, 82 + n * 24, caption, size=9)
        s.put(178, 82 + n * 24, what)
    y = 264.0
    for n, sentence in enumerate(sentences(case, "A", "operation", 9)):
        s.put(46, y, f"{n + 1}")
        y, _ = s.prose(66, y, 485, sentence, lead=1.5)
        y += 6
    s.put(46, y + 20, "Post-op: sips only tonight, sutures out at ten days.")
    s.put(46, y + 56, case.doctor("Mr F. Last"), kind="hand", font="hand-b", size=15)
    return [s]
