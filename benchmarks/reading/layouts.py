"""Kinds of generated chart pages: each fills a sheet and says which identifiers it bears.

All choices come from the `random.Random` that is passed in. A layout is a page's
arrangement; font family and size are chosen apart from it, so any meets any.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from benchmarks.reading import people
from benchmarks.reading.case import Identifier
from benchmarks.reading.sheet import FAMILIES, HEIGHT, Sheet


def compose(rng: random.Random, layout: str) -> tuple[Sheet, list[Identifier]]:
    """A full page of that layout in a random family and size."""
    family = rng.choice(FAMILIES)
    size = rng.choice((8.5, 9.5, 10.5, 11.5) if family != "wide" else (7.5, 8.5, 9.5))
    sheet = Sheet(family, size, left=rng.uniform(44, 66), right=rng.uniform(536, 566))
    who = people.person(rng)
    texts = {
        "name": people.written_name(who, rng),
        "birth_date": people.written_day(who.born, rng),
        "mrn": who.mrn,
    }
    LAYOUTS[layout](sheet, who, texts, rng)
    return sheet, [Identifier(kind=kind, text=text) for kind, text in texts.items()]


def _letter(sheet: Sheet, who: people.Person, texts: dict[str, str], rng: random.Random) -> None:
    sheet.centre(people.facility(rng), size=sheet.size + 4, bold=True)
    sheet.centre(f"{who.address}  Telephone {people.person(rng).phone}", size=sheet.size - 1)
    sheet.feed(2)
    sheet.line(people.written_day(people.day(rng, 1988, 2016), rng))
    sheet.feed()
    sheet.line(f"{people.doctor(rng)}, M.D.")
    sheet.line(people.facility(rng))
    sheet.feed()
    sheet.line(f"RE: {texts['name']}", bold=True)
    sheet.line(f"Date of birth: {texts['birth_date']}     Medical record no. {texts['mrn']}")
    sheet.feed()
    sheet.line(f"Dear Dr. {people.doctor(rng).split()[-1]}:")
    sheet.feed(0.5)
    for _ in range(rng.randint(3, 4)):
        sheet.paragraph(people.history(rng, 3) + " " + people.findings(rng, 3))
    sheet.paragraph(f"{people.plan(rng)} {people.plan(rng)} {people.plan(rng)}")
    sheet.line("Sincerely yours,")
    sheet.feed(3)
    sheet.line(f"{people.doctor(rng)}, M.D.")
    sheet.line(f"cc: Medical Records, {people.doctor(rng)}", size=sheet.size - 1)


def _form(sheet: Sheet, who: people.Person, texts: dict[str, str], rng: random.Random) -> None:
    """Boxes with a small label at the top left and the value under it."""
    sheet.centre("PATIENT REGISTRATION AND CONSENT", size=sheet.size + 3, bold=True)
    sheet.line(people.facility(rng))
    rows = [
        [("Patient name", texts["name"], 3), ("Medical record number", texts["mrn"], 2)],
        [("Date of birth", texts["birth_date"], 2), ("Sex", who.sex, 1), ("Telephone", who.phone, 2)],
        [("Street address and city", who.address, 3), ("ZIP", f"{rng.randint(10000, 99999)}", 1)],
        [("Emergency contact", people.doctor(rng), 2), ("Relationship", rng.choice(("Spouse", "Son")), 1)],
        [("Insurance carrier", "Keystone Mutual", 2), ("Policy no.", f"KMB{rng.randint(10**6, 10**7)}", 2)],
        [("Referring physician", f"{people.doctor(rng)}, M.D.", 3), ("Admitted", _some_day(rng), 2)],
        [("Reason for visit", people.history(rng, 1).split(" ", 1)[1][:46].rsplit(" ", 1)[0], 4)],
        [("Current medication", rng.choice(people.DRUGS), 2), ("Allergies", "Penicillin, latex", 1)],
    ]
    high = 3.1 * sheet.size
    for row in rows:
        _form_row(sheet, row, high)
        sheet.y += high
    sheet.feed(1.2)
    sheet.line("AUTHORIZATION", bold=True)
    sheet.paragraph(
        "I authorize release of medical information needed to process this claim and request payment of "
        "benefits. I understand that I am responsible for charges not covered by this authorization."
    )
    for question in rng.sample(("Diabetes", "Hypertension", "Previous surgery", "Tobacco use"), 2):
        sheet.put(sheet.left, question)
        for x, answer in ((230.0, "Yes"), (300.0, "No"), (370.0, "Unknown")):
            sheet.box(x, sheet.y - 0.8 * sheet.size, x + 0.8 * sheet.size, sheet.y)
            sheet.put(x + 1.4 * sheet.size, answer)
        sheet.feed(1.2)
    sheet.paragraph(people.history(rng, 3))
    sheet.feed()
    sheet.line(f"Signature on file   {_some_day(rng)}   Witness {people.doctor(rng)}")


def _form_row(sheet: Sheet, row: list[tuple[str, str, int]], high: float) -> None:
    unit = (sheet.right - sheet.left) / sum(share for _, _, share in row)
    top, left = sheet.y - sheet.size, sheet.left
    for label, value, share in row:
        sheet.box(left, top, left + unit * share, top + high)
        base = sheet.y
        sheet.y = top + 0.95 * sheet.size
        sheet.put(left + 3, label, size=0.75 * sheet.size)
        sheet.y = top + 2.5 * sheet.size
        sheet.put(left + 8, value)
        sheet.y = base
        left += unit * share


def _lab_table(sheet: Sheet, who: people.Person, texts: dict[str, str], rng: random.Random) -> None:
    sheet.line(people.facility(rng).upper(), size=sheet.size + 2, bold=True)
    sheet.line("LABORATORY REPORT  -  FINAL", bold=True)
    sheet.rule(1.2)
    half = (sheet.left + sheet.right) / 2
    pairs = (
        ("Patient:", texts["name"], "MRN:", texts["mrn"]),
        ("DOB:", texts["birth_date"], "Sex:", who.sex),
        ("Ordered by:", people.doctor(rng), "Accession:", f"L{rng.randint(10**7, 10**8)}"),
        ("Collected:", f"{_some_day(rng)} {_clock(rng, ':')}", "Fasting:", "Yes"),
    )
    for label, value, other_label, other in pairs:
        sheet.pair(sheet.left, label, value)
        sheet.pair(half, other_label, other)
        sheet.feed()
    sheet.rule(1.2)
    wide = sheet.right - sheet.left
    places = tuple(sheet.left + share * wide for share in (0.0, 0.36, 0.50, 0.58, 0.76))
    sheet.columns(places, ("TEST", "RESULT", "FLAG", "UNITS", "REFERENCE"), bold=True)
    top = sheet.y - sheet.size
    for name, unit, low, high, digits in rng.sample(people.TESTS, rng.randint(13, 18)):
        result = rng.uniform(0.8 * low, 1.2 * high)
        flag = "L" if result < low else "H" if result > high else ""
        sheet.columns(places, (name, f"{result:.{digits}f}", flag, unit, f"{low}-{high}"))
    if rng.random() < 0.5:
        for x in (*(place - 6 for place in places), sheet.right + 6):
            sheet.box(x, top, x, sheet.y - sheet.size, 0.5)
    sheet.feed()
    sheet.line("COMMENTS", bold=True)
    sheet.paragraph(f"{people.findings(rng, 2)} Specimen slightly hemolyzed. {people.plan(rng)}")
    sheet.line(f"Verified by {people.doctor(rng)}, {_some_day(rng)}. Page 1 of 1", size=sheet.size - 1)


def _progress_note(sheet: Sheet, who: people.Person, texts: dict[str, str], rng: random.Random) -> None:
    sheet.line("PROGRESS NOTES", size=sheet.size + 2, bold=True)
    sheet.box(sheet.right - 190, 46, sheet.right, 46 + 4.6 * sheet.size)
    base, sheet.y = sheet.y, 46 + 1.2 * sheet.size
    for text in (texts["name"], f"DOB {texts['birth_date']}", f"MR# {texts['mrn']}"):
        sheet.line(text, x=sheet.right - 184)
    sheet.y = max(base, sheet.y) + 2 * sheet.size
    heads = rng.choice((("S:", "O:", "A:", "P:"), ("Subjective:", "Objective:", "Assessment:", "Plan:")))
    indent = 24 if len(heads[0]) == 2 else 7.2 * sheet.size
    while sheet.y < HEIGHT - 190:
        stamp = f"{_some_day(rng)}  {_clock(rng)}"
        sheet.line(f"{stamp}  {rng.choice(('MEDICINE', 'NURSING', 'SURGERY', 'SOCIAL WORK'))}", bold=True)
        entries = people.history(rng, 2), people.findings(rng, 2), _problem(rng), people.plan(rng)
        for head, text in zip(heads, entries, strict=True):
            sheet.put(sheet.left, head, bold=True)
            sheet.paragraph(text, indent=indent)
        sheet.line(f"{people.doctor(rng)}, {rng.choice(('R.N.', 'M.D.', 'P.A.'))}", x=sheet.left + indent)
        sheet.rule(0.5)


def _discharge(sheet: Sheet, who: people.Person, texts: dict[str, str], rng: random.Random) -> None:
    sheet.centre(people.facility(rng), size=sheet.size + 2, bold=True)
    sheet.centre("DISCHARGE SUMMARY", size=sheet.size + 2, bold=True)
    sheet.feed()
    for label, value in (
        ("PATIENT NAME:", texts["name"]),
        ("MEDICAL RECORD NUMBER:", texts["mrn"]),
        ("DATE OF BIRTH:", texts["birth_date"]),
        ("ADMISSION DATE:", _some_day(rng)),
        ("DISCHARGE DATE:", _some_day(rng)),
        ("ATTENDING PHYSICIAN:", f"{people.doctor(rng)}, M.D."),
    ):
        sheet.pair(sheet.left, label, value)
        sheet.feed()
    sheet.feed(0.6)
    for title, text in (
        ("HISTORY OF PRESENT ILLNESS", people.history(rng, 4)),
        ("PHYSICAL EXAMINATION", people.findings(rng, 4)),
        ("HOSPITAL COURSE", people.history(rng, 2) + " " + people.findings(rng, 3)),
    ):
        sheet.line(title, bold=True)
        sheet.paragraph(text)
    sheet.line("DISCHARGE MEDICATIONS", bold=True)
    for number, drug in enumerate(rng.sample(people.DRUGS, rng.randint(4, 7)), 1):
        sheet.line(f"{number}. {drug}", x=sheet.left + 14)
    sheet.feed(0.5)
    sheet.line("FOLLOW-UP", bold=True)
    sheet.paragraph(f"{people.plan(rng)} {people.plan(rng)}")
    stamps = f"D: {_some_day(rng)}  T: {_some_day(rng)}  Job {rng.randint(10**5, 10**6)}"
    sheet.line(stamps, size=sheet.size - 1)


def _problem(rng: random.Random) -> str:
    return ", ".join(
        rng.sample(
            (
                "congestive heart failure",
                "type 2 diabetes",
                "essential hypertension",
                "atrial fibrillation",
                "chronic renal insufficiency",
                "osteoarthritis",
                "hypothyroidism",
                "anemia, unspecified",
            ),
            3,
        )
    )


def _clock(rng: random.Random, colon: str = "") -> str:
    return f"{rng.randint(0, 23):02d}{colon}{rng.randint(0, 59):02d}"


def _some_day(rng: random.Random) -> str:
    return people.written_day(people.day(rng, 1988, 2016), rng)


LAYOUTS: dict[str, Callable[[Sheet, people.Person, dict[str, str], random.Random], None]] = {
    "letter": _letter,
    "form": _form,
    "lab table": _lab_table,
    "progress note": _progress_note,
    "discharge summary": _discharge,
}
