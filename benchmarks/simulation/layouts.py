"""How forms place a patient's data: fourteen text layouts. Imports nothing of the product.

Each fills a sheet with what is shown; an item that is None is not printed, or its field stays empty.
Half of the layouts serve while gates are fixed, all of them are reported on (see `DEVELOPMENT`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.simulation.paper import LINE_PX, WIDTH_PX, Sheet

TITLES = (
    "PROGRESS NOTES", "DISCHARGE SUMMARY", "OPERATIVE REPORT", "RADIOLOGY REPORT", "LABORATORY REPORT",
    "HISTORY AND PHYSICAL", "CONSULTATION", "NURSING ASSESSMENT", "PHYSICIAN ORDERS", "CONSENT FORM",
)  # fmt: skip
PLACES = ("Dunmore General Hospital", "Harrow Point Medical Center", "Alder Creek Clinic")
PROSE = (
    "The patient was seen in follow up and reports that symptoms have improved since the last visit.",
    "There is no chest pain and no shortness of breath at this time.",
    "Medications were reviewed and will be continued without change.",
    "Abdomen is soft and not tender, bowel sounds are present.",
    "The wound is clean and dry with no sign of infection.",
    "We discussed the plan and all questions were answered.",
    "Return to clinic in three months or sooner if needed.",
    "Heart is regular without murmur, lungs are clear on both sides.",
    "Laboratory values from this morning are within normal limits.",
    "Diet as tolerated and activity to be increased slowly.",
)
LABELS = {
    "name": ("Patient Name:", "Patient:", "Name:", "PATIENT NAME", "Pt Name:", "Name of Patient:"),
    "birth": ("DOB:", "Date of Birth:", "Birth Date:", "D.O.B.", "DOB", "Birthdate:"),
    "mrn": ("MRN:", "MR#:", "Med Rec No:", "Medical Record #:", "MRN", "Chart No:", "Unit No.:"),
    "sex": ("Sex:", "Gender:", "SEX"),
    "phone": ("Phone:", "Home Phone:", "Tel:"),
    "ssn": ("SSN:", "Soc Sec No:"),
    "street": ("Address:", "Street:"),
    "served": ("Date of Service:", "Visit Date:", "Admitted:", "Collected:", "Exam Date:"),
    "account": ("Account #:", "Acct No:", "Encounter:"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page says of its patient, as it is printed."""

    name: str | None = field(default=None, repr=False)
    last: str = field(default="", repr=False)
    first: str = field(default="", repr=False)
    born: str | None = field(default=None, repr=False)
    mrn: str | None = field(default=None, repr=False)
    sex: str | None = None
    age: int | None = None
    phone: str | None = field(default=None, repr=False)
    ssn: str | None = field(default=None, repr=False)
    street: str | None = field(default=None, repr=False)
    town: str | None = field(default=None, repr=False)
    served: str
    doctor: str = field(repr=False)
    account: str = ""
    title: str = ""
    place: str = ""
    extra: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Further lines of the form (label, value): relatives, guarantors, copies."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """Sentences to stand in the text."""


Layout = Callable[[Sheet, Shown, random.Random], None]


def _pick(chance: random.Random, kind: str) -> str:
    label = chance.choice(LABELS[kind])
    return label.upper() if chance.random() < 0.2 else label


def _cells(shown: Shown, chance: random.Random) -> list[tuple[str, str, str]]:
    """(label, value, how it is read) of everything shown, in a usual order."""
    found = [(_pick(chance, "name"), shown.name or "", "name")]
    if shown.born is not None:
        found.append((_pick(chance, "birth"), shown.born, "birth date"))
    if shown.mrn is not None:
        found.append((_pick(chance, "mrn"), shown.mrn, "mrn"))
    if shown.sex:
        found.append((_pick(chance, "sex"), shown.sex, "other"))
    if shown.age is not None:
        found.append(("Age:", str(shown.age), "mrn"))
    if shown.phone:
        found.append((_pick(chance, "phone"), shown.phone, "mrn"))
    if shown.ssn:
        found.append((_pick(chance, "ssn"), shown.ssn, "mrn"))
    if shown.street:
        found.append((_pick(chance, "street"), f"{shown.street}, {shown.town}", "name"))
    found.append((_pick(chance, "served"), shown.served, "birth date"))
    if shown.account:
        found.append((_pick(chance, "account"), shown.account, "mrn"))
    return found


def _head(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    if chance.random() < 0.7:
        sheet.centred(shown.place)
    sheet.centred(shown.title)
    sheet.feed(0.5)


def _body(sheet: Sheet, shown: Shown, chance: random.Random, lines: int = 5) -> None:
    sheet.feed(0.7)
    for label, value in shown.extra:
        sheet.labelled(label, value, "name", sheet.left_px)
        sheet.feed(chance.choice((1.0, 1.4)))
    sentences = [*chance.sample(PROSE, min(lines, len(PROSE))), *shown.notes]
    for sentence in sentences:
        for part in _wrapped(sentence, 90):
            sheet.line(part)
    sheet.feed()
    if chance.random() < 0.6:
        sheet.line(f"{chance.choice(('Signed:', 'Attending:', 'Dictated by:'))} {shown.doctor}, MD")


def _wrapped(text: str, letters: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


# --- layouts ---------------------------------------------------------------------------------
def label_right(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """Two or three labelled items a line."""
    _head(sheet, shown, chance)
    columns = chance.choice(((120, 900), (120, 640, 1160)))
    for number, (label, value, kind) in enumerate(_cells(shown, chance)):
        if number and number % len(columns) == 0:
            sheet.feed()
        sheet.labelled(label, value, kind, columns[number % len(columns)])
    sheet.feed()
    _body(sheet, shown, chance)


def listed(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """One labelled item a line, values aligned."""
    _head(sheet, shown, chance)
    column = chance.choice((420, 480, 560))
    for label, value, kind in _cells(shown, chance):
        sheet.put(sheet.left_px, sheet.y, label)
        sheet.put(column, sheet.y, value, kind)
        sheet.feed()
    _body(sheet, shown, chance)


def label_below(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """Values above a rule, what they are under it."""
    _head(sheet, shown, chance)
    cells = _cells(shown, chance)
    for start in range(0, len(cells), 3):
        for column, (label, value, kind) in enumerate(cells[start : start + 3]):
            left_px = 120 + column * 520
            sheet.put(left_px, sheet.y, value, kind)
            sheet.put(left_px, sheet.y + round(0.9 * LINE_PX), label.rstrip(":"))
        sheet.feed(2.4)
    _body(sheet, shown, chance)


def boxed(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """Boxes of a form: a label at the top, the value under it."""
    _head(sheet, shown, chance)
    cells = _cells(shown, chance)
    for start in range(0, len(cells), 3):
        for column, (label, value, kind) in enumerate(cells[start : start + 3]):
            left_px = 120 + column * 520
            sheet.put(left_px, sheet.y, label.rstrip(":"))
            sheet.put(left_px + 10, sheet.y + round(0.9 * LINE_PX), value, kind)
        sheet.feed(2.2)
    _body(sheet, shown, chance)


def sticker(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """A label of the hospital's printer in a corner, without any words."""
    top_px, left_px = sheet.y, chance.choice((120, 900, 1000))
    lines = [(shown.name or "", "name")]
    second = [(shown.mrn or "", "mrn"), (shown.sex or "", "other")]
    third = [(shown.born or "", "birth date"), (f"{shown.age}Y" if shown.age is not None else "", "other")]
    if chance.random() < 0.5:
        second, third = third, second
    y = top_px
    for row in ([lines[0]], second, third, [(shown.street or "", "name")], [(shown.phone or "", "mrn")]):
        x = left_px
        for text, kind in row:
            x = sheet.put(x, y, text, kind) + 3 * sheet.letter_px
        y += LINE_PX if any(text for text, _ in row) else 0
    sheet.y = y if left_px < 500 or chance.random() < 0.5 else top_px
    sheet.put(120, sheet.y, shown.title)
    sheet.feed()
    sheet.labelled(_pick(chance, "served"), shown.served, "birth date", 120)
    sheet.y = max(sheet.y, y) + LINE_PX
    _body(sheet, shown, chance)


def imprint(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """A plate pressed into the foot of a form: number first, all capitals, no words."""
    _head(sheet, shown, chance)
    sheet.labelled(_pick(chance, "served"), shown.served, "birth date", 120)
    sheet.feed()
    _body(sheet, shown, chance)
    sheet.y = max(sheet.y, 1_850)
    rows = [
        [(shown.mrn or "", "mrn"), (shown.account, "mrn")],
        [((shown.name or "").upper(), "name")],
        [(shown.born or "", "birth date"), (shown.sex or "", "other")],
        [(shown.street or "", "name")],
    ]
    for row in rows:
        x = 140
        for text, kind in row:
            x = sheet.put(x, sheet.y, text, kind) + 4 * sheet.letter_px
        sheet.feed(1.0 if any(text for text, _ in row) else 0.0)


def running_head(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """All in one line at the top of each page, with or without words."""
    x, is_worded = 120, chance.random() < 0.6
    for label, value, kind in (
        ("", shown.name or "", "name"),
        ("MRN" if is_worded else "", shown.mrn or "", "mrn"),
        ("DOB" if is_worded else "", shown.born or "", "birth date"),
    ):
        if value:
            x = sheet.put(x, sheet.y, label) + (sheet.letter_px if label else 0)
            x = sheet.put(x, sheet.y, value, kind) + 3 * sheet.letter_px
    sheet.feed(2)
    sheet.centred(shown.title)
    sheet.labelled(_pick(chance, "served"), shown.served, "birth date", 120)
    sheet.feed()
    _body(sheet, shown, chance)


def letter(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """A letter between doctors."""
    sheet.centred(shown.place)
    sheet.feed()
    sheet.line(shown.served, "birth date")
    sheet.feed()
    sheet.line(f"{shown.doctor}, M.D.")
    sheet.line("14 Prospect Street")
    sheet.feed()
    x = sheet.labelled(chance.choice(("RE:", "Re:", "Regarding:")), shown.name or "", "name", 120)
    if shown.born is not None and chance.random() < 0.5:
        sheet.labelled(_pick(chance, "birth"), shown.born, "birth date", x + 60)
    elif shown.born is not None:
        sheet.feed()
        sheet.labelled(_pick(chance, "birth"), shown.born, "birth date", 185)
    if shown.mrn is not None:
        sheet.feed()
        sheet.labelled(_pick(chance, "mrn"), shown.mrn, "mrn", 185)
    sheet.feed(2)
    sheet.line(f"Dear Dr. {shown.doctor.split()[-1]}:")
    _body(sheet, shown, chance, 4)


def laboratory(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """Three blocks of small items above a table of values."""
    sheet.line(shown.place)
    sheet.feed(0.5)
    blocks: list[list[tuple[str, str | None, str]]] = [
        [
            ("PATIENT:", shown.name or "", "name"),
            ("DOB:", shown.born, "birth date"),
            ("SEX:", shown.sex, "other"),
        ],
        [
            (_pick(chance, "mrn"), shown.mrn, "mrn"),
            ("Specimen:", shown.account or "S4471", "mrn"),
            ("Age:", str(shown.age) if shown.age is not None else None, "mrn"),
        ],
        [("Collected:", shown.served, "birth date"), ("Ordered by:", shown.doctor, "name")],
    ]  # fmt: skip
    for row in range(3):
        for column, block in enumerate(blocks):
            if row < len(block) and block[row][1] is not None:
                head, item, kind = block[row]
                sheet.labelled(head, item or "", kind, 120 + column * 540)
        sheet.feed()
    sheet.feed()
    for test in chance.sample(("Sodium", "Potassium", "Glucose", "Hemoglobin", "Creatinine", "Calcium"), 5):
        sheet.put(120, sheet.y, test)
        sheet.put(640, sheet.y, f"{chance.uniform(2, 140):.1f}", "mrn")
        sheet.put(900, sheet.y, "normal")
        sheet.feed()
    _body(sheet, shown, chance, 2)


def split_name(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """Last and first name in boxes of their own."""
    _head(sheet, shown, chance)
    rest = _cells(shown, chance)[1:]
    cells = [("Last Name", shown.last, "name"), ("First Name", shown.first, "name"), *rest]
    for start in range(0, len(cells), 3):
        for column, (label, value, kind) in enumerate(cells[start : start + 3]):
            sheet.labelled(f"{label.rstrip(':')}:", value, kind, 120 + column * 520)
        sheet.feed(1.3)
    _body(sheet, shown, chance)


def foot(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """Text first, who it is about in a box at the foot."""
    _head(sheet, shown, chance)
    _body(sheet, shown, chance)
    sheet.y = max(sheet.y, 1_900)
    for start in range(0, 9, 3):
        for column, (label, value, kind) in enumerate(_cells(shown, chance)[start : start + 3]):
            sheet.labelled(label, value, kind, 120 + column * 520)
        sheet.feed()


def headed_table(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """One row of headings, one row of values."""
    _head(sheet, shown, chance)
    cells = _cells(shown, chance)[:5]
    width = (WIDTH_PX - 240) // len(cells)
    for column, (label, value, kind) in enumerate(cells):
        sheet.put(120 + column * width, sheet.y, label.rstrip(":"))
        sheet.put(120 + column * width, sheet.y + LINE_PX + 6, value, kind)
    sheet.feed(3)
    _body(sheet, shown, chance)


def dictated(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """A transcript's head: capitals, values after colons, doctors among them."""
    sheet.line(shown.place)
    sheet.line(shown.title)
    sheet.feed()
    for label, value, kind in (
        ("PATIENT NAME:", (shown.name or "").upper(), "name"),
        ("MEDICAL RECORD NUMBER:", shown.mrn, "mrn"),
        ("DATE OF BIRTH:", shown.born, "birth date"),
        ("ATTENDING PHYSICIAN:", shown.doctor.upper(), "name"),
        ("DATE OF SERVICE:", shown.served, "birth date"),
    ):
        if value is not None:
            sheet.labelled(label, value, kind, 120)
            sheet.feed()
    _body(sheet, shown, chance)


def registration(sheet: Sheet, shown: Shown, chance: random.Random) -> None:
    """A long form: the patient, then whoever else is asked for."""
    sheet.centred("PATIENT REGISTRATION")
    sheet.feed()
    sheet.line("PATIENT INFORMATION")
    for number, (label, value, kind) in enumerate(_cells(shown, chance)):
        sheet.labelled(label, value, kind, 120 if number % 2 == 0 else 900)
        sheet.feed(number % 2 * 1.3)
    sheet.feed(1.5)
    sheet.line("EMERGENCY CONTACT")
    sheet.labelled(
        "Name:", shown.doctor.split()[0] + " " + chance.choice(("Olsen", "Ferris", "Maro")), "name", 120
    )
    sheet.labelled("Relationship:", chance.choice(("Spouse", "Friend", "Sister")), "other", 900)
    sheet.feed(1.5)
    _body(sheet, shown, chance, 3)


LAYOUTS: dict[str, Layout] = {
    f.__name__: f
    for f in (
        label_right, listed, boxed, sticker, running_head, letter, dictated,
        label_below, imprint, laboratory, split_name, foot, headed_table, registration,
    )
}  # fmt: skip
DEVELOPMENT = tuple(LAYOUTS)[:7]
"""The only ones seen while gates are fixed."""
