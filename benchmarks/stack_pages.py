"""Invented stacks of chart pages, as text with boxes: documents one behind the other as a scanner feeds them.

Makes what `benchmarks/stacks.py` scores. Imports nothing of the product, so that no habit of its
rules slips into the paper. Six sorts of documents, each printed by one of several invented houses
with its own letterhead, way of naming the patient, way of counting pages and way of going on
overleaf; some name nobody on page 2, some damage the count. Pages are read with noise.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

WIDTH_PX, HEIGHT_PX, DPI = 1654, 2339, 200.0
CELL_PX, LINE_PX, TALL_PX = 17, 38, 25
LINES, SPACING = 46, 2.2
"""Rows of a full page; of running text every `SPACING`th is printed."""

FIRST = [
    "Ada",
    "Bruno",
    "Clio",
    "Dirk",
    "Edda",
    "Fritz",
    "Greta",
    "Hugo",
    "Ida",
    "Jonas",
    "Karla",
    "Leif",
    "Mona",
    "Nils",
    "Olga",
    "Pia",
    "Rolf",
    "Selma",
    "Till",
    "Uta",
]
LAST = [
    "Achterberg",
    "Blomquist",
    "Corrigan",
    "Dunkirk",
    "Eastwood",
    "Farnsworth",
    "Gallowglass",
    "Hollister",
    "Inchbald",
    "Jernigan",
    "Kowalchuk",
    "Lindstrand",
    "Mossgrave",
    "Netherby",
    "Ottoway",
    "Pellworth",
    "Quenby",
    "Rustad",
    "Southcott",
    "Tregenza",
    "Underhay",
    "Vossler",
    "Wainscott",
    "Yarrow",
]
HOUSES = (
    ("Larchmont District Hospital", "88 Quarry Road, Larchmont", "(207) 555-0133"),
    ("SAINT ODILE INFIRMARY", "1 Abbey Close, Odile", "(207) 555-0177"),
    ("Tidewater Clinic", "PO Box 12, Tidewater", "555-0190"),
    ("Harrow & Vale Medical Group", "Suite 9, 400 Vale Street", "555-0112"),
)
DOCTORS = ("P. Ilves", "T. Mbeki-Stone", "R. Castellan", "W. Ferris", "G. Halvorsen")
WHO = [
    "the patient",
    "she",
    "the family",
    "the incision",
    "the left knee",
    "the chest film",
    "the repeat film",
    "the cast",
    "urine output",
    "the abdomen",
]
DOES = [
    "was unchanged",
    "has improved",
    "is clear",
    "was reviewed",
    "remains tender",
    "shows no new change",
    "was dry and intact",
    "is stable",
]
WHEN = [
    "since the last visit",
    "today",
    "after breakfast",
    "on rounds",
    "at the bedside",
    "over the weekend",
    "by report",
    "on the second look",
]
TESTS = [
    "Sodium",
    "Potassium",
    "Chloride",
    "Glucose",
    "Urea",
    "Creatinine",
    "Calcium",
    "Albumin",
    "Hemoglobin",
    "Platelets",
    "WBC",
    "Hematocrit",
]
NARRATIVES = (
    ("PROGRESS NOTE", "Date of Visit"),
    ("DISCHARGE SUMMARY", "Date of Discharge"),
    ("OPERATIVE REPORT", "Date of Operation"),
    ("CONSULTATION REPORT", "Date of Consultation"),
    ("HISTORY AND PHYSICAL", "Date of Admission"),
    ("RADIOLOGY REPORT", "Date of Exam"),
    ("EMERGENCY DEPARTMENT RECORD", "Date of Service"),
)
FORMS = (
    ("CONSENT FOR OPERATION", "C-207"),
    ("NURSING ASSESSMENT", "N-4410"),
    ("PHYSICIAN'S ORDERS", "PO-31"),
    ("MEDICATION ADMINISTRATION RECORD", "MAR-9"),
    ("AUTHORIZATION FOR RELEASE OF INFORMATION", "RI-118"),
)


FEEDS = ("simplex", "duplex", "some_blanks")


@dataclass(frozen=True, slots=True)
class Person:
    last: str
    first: str
    mrn: str
    born: str
    account: str


@dataclass(slots=True)
class Sheet:
    """One side of paper: words as (text, left, top, right, bottom, line number)."""

    words: list[tuple[str, int, int, int, int, int]] = field(default_factory=list)
    kind: str = "content"
    width_px: int = WIDTH_PX
    height_px: int = HEIGHT_PX
    patient: str = ""
    """MRN of whose page it is."""
    confidence: float = 0.95
    _lines: int = 0

    def write(self, row: float, text: str, column: int = 0) -> None:
        """A line of print; two blanks and more keep their width."""
        self._lines += 1
        top = round(90 + row * LINE_PX)
        for found in re.finditer(r"\S+", text):
            left = 110 + CELL_PX * (column + found.start())
            right = left + CELL_PX * len(found[0]) - 4
            if left < self.width_px - 20:
                self.words.append((found[0], left, top, right, top + TALL_PX, self._lines))


@dataclass(slots=True)
class Stack:
    sheets: list[Sheet] = field(default_factory=list)
    starts: set[int] = field(default_factory=set)
    """Numbers, from 1, of the sheets with which a document begins."""
    documents: list[tuple[int, ...]] = field(default_factory=list)
    has_separators: bool = False


def stacks(seed: int, documents: int, noise: float = 0.012) -> Iterator[Stack]:
    """Stacks until `documents` documents are made; every other one has separator sheets."""
    chance, made = random.Random(seed), 0
    while made < documents:
        stack = _stack(chance, has_separators=bool(made % 2), noise=noise)
        made += len(stack.documents)
        yield stack


def _stack(chance: random.Random, *, has_separators: bool, noise: float) -> Stack:
    """Fed from one side, from both, or from both with most (not all) blank backs left out by the scanner."""
    stack = Stack(has_separators=has_separators)
    feed, is_one_chart = chance.choice(FEEDS), chance.random() < 0.4
    person = somebody(chance)
    for number in range(chance.randint(4, 9)):
        if number and not (is_one_chart or chance.random() < 0.25):
            person = somebody(chance)
        if has_separators and (number or chance.random() < 0.5):
            stack.sheets += [Sheet(kind="separator"), *([Sheet(kind="blank")] if feed == "duplex" else [])]
        pages = chance.choice(SORTS)(chance, person)
        at, is_two_sided = [], chance.random() < 0.4
        for page in pages:
            page.patient = person.mrn
            damage(chance, page, noise)
            stack.sheets.append(page)
            at.append(len(stack.sheets))
            is_back_blank = not is_two_sided or (page is pages[-1] and len(pages) % 2)
            if (feed == "duplex" and is_back_blank) or (feed == "some_blanks" and chance.random() < 0.15):
                stack.sheets.append(Sheet(kind="blank"))
        stack.starts.add(at[0])
        stack.documents.append(tuple(at))
    return stack


def somebody(chance: random.Random) -> Person:
    return Person(
        last=chance.choice(LAST),
        first=chance.choice(FIRST),
        mrn=f"{chance.randint(0, 9_999_999):07d}",
        born=f"{chance.randint(1, 12):02d}/{chance.randint(1, 28):02d}/19{chance.randint(15, 75)}",
        account=f"{chance.randint(10_000_000, 99_999_999)}",
    )


# --- sorts of documents -------------------------------------------------------------------
def _narrative(chance: random.Random, person: Person) -> list[Sheet]:
    """Dictated text over one to four pages; what page 2 carries is the house's habit."""
    title, day_label = chance.choice(NARRATIVES)
    house = chance.choice(HOUSES)
    day = _day(chance)
    pages = [Sheet() for _ in range(chance.choice((1, 1, 2, 2, 3, 4)))]
    row = _letterhead(chance, pages[0], house)
    pages[0].write(row, title, chance.choice((0, 25)))
    row = _names(chance, pages[0], person, row + 1.5)
    pages[0].write(row, f"{day_label}: {day}")
    habit, count = (
        chance.choice(("count", "head", "both", "continued", "bare", "nothing")),
        chance.randint(0, 3),
    )
    words = _prose(chance)
    for number, page in enumerate(pages, 1):
        top = row + 2 if number == 1 else _running_head(chance, page, person, habit, number)
        is_last = number == len(pages)
        _fill(page, words, top, top + chance.randint(6, 20) if is_last else LINES)
        if is_last:
            page.write(top + 23, f"{chance.choice(DOCTORS)}, M.D.")
            page.write(top + 24, f"D: {day}  T: {day}")
        elif habit == "continued" and chance.random() < 0.5:
            page.write(LINES + 2, chance.choice(("continued on next page", "(over)", "Continued...")), 55)
        if habit in ("count", "both"):
            _count(page, number, len(pages), count)
    return pages


def _running_head(chance: random.Random, page: Sheet, person: Person, habit: str, number: int) -> float:
    if habit in ("head", "both"):
        head = chance.choice(
            (
                f"{person.last.upper()}, {person.first.upper()}    {person.mrn}    Page {number}",
                f"RE: {person.first} {person.last}    page {number}",
                f"Patient: {person.last}, {person.first}   MRN {person.mrn}",
            )
        )
        page.write(0, head)
    elif habit == "continued":
        page.write(
            0, chance.choice(("(continued)", "continued from previous page", f"Page {number}, cont'd"))
        )
    elif habit == "bare":
        page.write(0, chance.choice((f"- {number} -", f"Page {number}", f"{number}")), 40)
    return 2.0


def _form(chance: random.Random, person: Person) -> list[Sheet]:
    """A printed form of one or two sides, its id at the foot of both."""
    title, form = chance.choice(FORMS)
    pages = [Sheet() for _ in range(chance.choice((1, 2)))]
    row = _letterhead(chance, pages[0], chance.choice(HOUSES))
    pages[0].write(row, title)
    row = _names(chance, pages[0], person, row + 1.5)
    pages[0].write(row, f"Date: {_day(chance)}")
    style = chance.choice(("side", "count", "nothing", "sticker"))
    for number, page in enumerate(pages, 1):
        start = row + 2 if number == 1 else 3.0
        for line in range(chance.randint(9, 16)):
            label = f"{line + 1 + 20 * (number - 1)}. {chance.choice(WHO).capitalize()} {chance.choice(WHEN)}"
            page.write(
                start + 2 * line, f"{label}   Yes [ ]  No [x]   {chance.choice(('____', 'initials', 'R.N.'))}"
            )
        page.write(52, f"FORM {form}  (REV {chance.randint(1, 12)}/89)")
        if len(pages) > 1 and style == "side":
            page.write(52, f"SIDE {number} OF 2", 60)
        elif len(pages) > 1 and style == "count":
            _count(page, number, 2, chance.randint(0, 3))
        elif number == 2 and style == "sticker":
            page.write(
                0, f"{person.last.upper()},{person.first.upper()}  MR#: {person.mrn}  DOB: {person.born}", 20
            )
    return pages


def _flowsheet(chance: random.Random, person: Person) -> list[Sheet]:
    """Numbers in columns on turned paper, the head again on every sheet."""
    day, title = _day(chance), chance.choice(("VITAL SIGNS FLOW SHEET", "INTAKE AND OUTPUT RECORD"))
    pages = [Sheet(width_px=HEIGHT_PX, height_px=WIDTH_PX) for _ in range(chance.choice((1, 1, 2, 3)))]
    for number, page in enumerate(pages, 1):
        page.write(0, title)
        row = _names(chance, page, person, 1.5, style=1)
        page.write(row, f"Date: {day}   Account No: {person.account}   Page {number} of {len(pages)}")
        for line in range(14):
            values = "   ".join(f"{chance.randint(40, 180):>3}" for _ in range(10))
            page.write(
                row + 2 + 1.6 * line,
                f"{chance.choice(('TEMP', 'PULSE', 'RESP', 'B/P', 'INTAKE', 'URINE'))}   {values}",
            )
    return pages


def _laboratory(chance: random.Random, person: Person) -> list[Sheet]:
    """A cumulative report: machine print, everything again on each page, a bare page number."""
    house, day = chance.choice(HOUSES), _day(chance)
    pages = [Sheet() for _ in range(chance.choice((1, 2, 3)))]
    for number, page in enumerate(pages, 1):
        page.write(0, f"RUN DATE: {day}     {house[0].upper()}     PAGE {number}")
        page.write(1, "CUMULATIVE LABORATORY REPORT", 20)
        page.write(
            3,
            f"PATIENT: {person.last.upper()}, {person.first.upper()}   "
            f"MRN: {person.mrn}   ACCT: {person.account}",
        )
        page.write(4, f"DOB: {person.born}   COLLECTED: {day}")
        for line in range(chance.randint(10, 24)):
            page.write(
                6 + line * 1.4,
                f"{chance.choice(TESTS):12} {chance.uniform(1, 190):6.1f}   "
                f"{chance.randint(1, 60)}-{chance.randint(61, 200)}",
            )
        if number < len(pages):
            page.write(48, "CONTINUED ON NEXT PAGE", 20)
    return pages


def _letter(chance: random.Random, person: Person) -> list[Sheet]:
    """To a colleague, no title, the patient in the subject line."""
    pages = [Sheet() for _ in range(chance.choice((1, 1, 2)))]
    row = _letterhead(chance, pages[0], chance.choice(HOUSES))
    pages[0].write(row, _day(chance))
    pages[0].write(row + 2, f"Dear Dr. {chance.choice(DOCTORS).split()[-1]},")
    pages[0].write(row + 4, f"RE: {person.first} {person.last}, DOB {person.born}, MRN {person.mrn}")
    words = _prose(chance)
    for number, page in enumerate(pages, 1):
        top = row + 6 if number == 1 else 3.0
        if number == 2:
            page.write(0, f"{person.first} {person.last}, page 2")
        _fill(page, words, top, top + chance.randint(8, 16) if page is pages[-1] else LINES)
    pages[-1].write(40, "Sincerely,")
    pages[-1].write(43, f"{chance.choice(DOCTORS)}, M.D.")
    return pages


def _fax(chance: random.Random, person: Person) -> list[Sheet]:
    """A dictated report that came by fax: the machine's own line on top, its count restarting."""
    pages = _narrative(chance, person) if chance.random() < 0.7 else _letter(chance, person)
    style, hour = chance.randint(0, 1), f"{chance.randint(7, 18)}:{chance.randint(10, 59)}"
    for number, page in enumerate(pages, 1):
        count = f"P. {number}/{len(pages)}" if style else f"Page {number:03d}"
        page.write(
            -1.6, f"APR-{chance.randint(1, 28)}-1997 {hour}  FROM {HOUSES[2][0]}  TO 2075550166  {count}"
        )
    return pages


Sort = Callable[[random.Random, Person], list[Sheet]]
SORTS: tuple[Sort, ...] = (
    _narrative,
    _narrative,
    _narrative,
    _form,
    _form,
    _flowsheet,
    _laboratory,
    _letter,
    _fax,
)


# --- their parts ---------------------------------------------------------------------------
def _letterhead(chance: random.Random, page: Sheet, house: tuple[str, str, str]) -> float:
    if chance.random() < 0.15:
        return 1.0
    page.write(0, house[0], chance.choice((0, 22)))
    page.write(1, f"{house[1]}  Tel {house[2]}", chance.choice((0, 18)))
    return 3.0


def _names(chance: random.Random, page: Sheet, person: Person, row: float, style: int | None = None) -> float:
    """The patient, as forms ask; returns the next free row."""
    chosen = chance.randint(0, 3) if style is None else style
    if chosen == 0:
        page.write(row, f"Patient Name: {person.last}, {person.first}")
        page.write(row + 1, f"Medical Record No: {person.mrn}   DOB: {person.born}")
        return row + 2
    if chosen == 1:
        page.write(
            row,
            f"NAME: {person.last.upper()}, {person.first.upper()}   MRN: {person.mrn}   DOB: {person.born}",
        )
        return row + 1
    if chosen == 2:
        page.write(row, f"{'PATIENT':28}{'MR NUMBER':16}{'BIRTH DATE':14}")
        page.write(row + 1, f"{person.last + ', ' + person.first:28}{person.mrn:16}{person.born:14}")
        return row + 2.5
    page.write(row, f"Pt: {person.first} {person.last}")
    page.write(row + 1, f"Unit No. {person.mrn}")
    return row + 2


def _count(page: Sheet, number: int, total: int, style: int) -> None:
    text = (
        f"Page {number} of {total}",
        f"PAGE {number} OF {total}",
        f"Pg. {number}/{total}",
        f"{number} of {total}",
    )[style]
    page.write(54, text, 62)


def _prose(chance: random.Random) -> Iterator[str]:
    while True:
        words = f"{chance.choice(WHO)} {chance.choice(DOES)} {chance.choice(WHEN)}".split()
        if chance.random() < 0.6:
            words += f"and {chance.choice(WHO)} {chance.choice(DOES)}".split()
        yield words[0].capitalize()
        yield from words[1:-1]
        yield words[-1] + "."


def _fill(page: Sheet, words: Iterator[str], top: float, bottom: float) -> None:
    """Running text, broken where the line is full: the next page goes on in mid-sentence."""
    row = top
    while row < bottom:
        line = ""
        while len(line) < 72:
            line += next(words) + " "
        page.write(row, line)
        row += SPACING


def _day(chance: random.Random) -> str:
    return f"{chance.randint(1, 12):02d}/{chance.randint(1, 28):02d}/19{chance.randint(80, 99)}"


# --- reading --------------------------------------------------------------------------------
CONFUSED = {
    "0": "O",
    "1": "l",
    "5": "S",
    "8": "B",
    "O": "0",
    "l": "1",
    "e": "c",
    "a": "o",
    "n": "ri",
    "o": "0",
    "f": "t",
}


def damage(chance: random.Random, page: Sheet, noise: float) -> None:
    """Characters misread, words lost; one page in fifteen is much worse."""
    rate = noise * (6 if chance.random() < 0.07 else 1)
    page.confidence = 0.95 - 4 * rate
    kept = []
    for text, *box in page.words:
        if chance.random() < rate / 2:
            continue
        read = "".join(CONFUSED.get(c, c) if chance.random() < rate else c for c in text)
        kept.append((read, *box))
    page.words = kept  # type: ignore[assignment]
