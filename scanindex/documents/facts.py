"""What grouping needs to know of one page, boiled down from its reading and findings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from scanindex.model import Finding, FindingKind, PageFindings, PageKind, PageReading, Role

HEAD_SHARE = 0.16
FOOT_SHARE = 0.92
LEAST_WORDS, GOOD_WORD, LEAST_GOOD_SHARE = 40, 0.6, 0.75
LEGIBLE = 0.3
"""Words read with less confidence neither join nor split."""
_CONTINUED = re.compile(
    r"\bCONT(?:INUED|['’]D|D)?\b\.?(?:\s*(?:FROM|\)|$))|\(CONT|\bCONTINUATION (?:SHEET|PAGE)", re.IGNORECASE
)
_TO_BE_CONTINUED = re.compile(
    r"\bCONT(?:INUED|INUES|['’]D|D)?\b\.?\s*(?:ON|TO|NEXT|OVER)\b"
    r"|\b(?:OVER|NEXT PAGE|PLEASE TURN)\s*[)>.…-]*\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_FORM = re.compile(
    r"\bFORM\s*[#:.]?\s*(?:NO\.?\s*)?([A-Z]{0,4}[- ]?\d[\dA-Z-]*)"
    r"|\b(?:MR|REV)\s*[#:.]?\s*(?:NO\.?\s*)?([A-Z]{0,4}-?\d[\dA-Z-]{2,})",
    re.IGNORECASE,
)
_SIDE = re.compile(r"\b(?:SIDE\s+([12])(?:\s+OF\s+2)?|(FRONT)|(BACK|REVERSE)(?:\s+SIDE)?)\s*$", re.IGNORECASE)
_GREETING = re.compile(r"^\W*(?:DEAR\s+[A-Z]|TO WHOM IT MAY CONCERN)", re.IGNORECASE)
_CLOSING = re.compile(
    r"^\W*(?:SINCERELY|RESPECTFULLY|VERY TRULY YOURS|YOURS (?:TRULY|SINCERELY)|(?:BEST|KIND) REGARDS)\b"
    r"|\bD:\s*\d{1,2}[-/.]\d.{0,12}\bT:\s*\d"
    r"|\bDICTATED:?\s+\S.*\bTRANSCRIBED\b|\bEND OF REPORT\b|\*{2,}\s*(?:END|FINAL)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\W{0,2}(\d{1,2})[.)]\s+\S")
_DAMAGED_COUNT = re.compile(
    r"\bP[ao0]?[gq9][ec]?\.?\s*([\dlI|]{1,2})\s*(?:[o0c][ftl1i]|/|af)\s*([\dlI|]{1,2})\s*$", re.IGNORECASE
)
_VISIT_NUMBER = re.compile(
    r"\b(?:ACC(?:OUN)?T|ACC(?:ESSION)?|AC|CASE|ORDER|SPECIMEN|VISIT|ENCOUNTER|JOB|FIN)\b"
    r"[\s.:#]*(?:NO\b|NUMBER\b|NUM\b|ID\b)?[\s.:#]*([A-Z]{0,3}-?\d[\d-]{4,12})\b",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}|/")
LEAST_DIGITS = 6
"""Of a number that two pages can only share if they are of one visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The patient as labelled on a page (or gathered over a group)."""

    mrns: frozenset[str] = field(default=frozenset(), repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)
    births: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def is_empty(self) -> bool:
        return not (self.mrns or self.names or self.births)

    def plus(self, other: Identity) -> Identity:
        return Identity(
            mrns=self.mrns | other.mrns, names=self.names | other.names, births=self.births | other.births
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNumber:
    number: int
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    scan_page_no: int
    identity: Identity
    title: str | None
    """Document type that a title at the top names."""
    is_title_weak: bool
    type_by_words: str | None
    number: PageNumber | None
    fax_number: PageNumber | None
    head_names: frozenset[str] = field(default=frozenset(), repr=False)
    """Names in the head or foot that no label gives to anybody."""
    letterhead: str = field(default="", repr=False)
    accounts: frozenset[str] = field(default=frozenset(), repr=False)
    service_dates: frozenset[str] = frozenset()
    head: str = field(default="", repr=False)
    """Text of the page's top lines, digits of page counts and times taken out."""
    first_words: str = field(default="", repr=False)
    """Beginning of the first line of running text."""
    ends_open: bool = False
    """The last line of running text has no full stop: a sentence goes on overleaf."""
    is_continued: bool = False
    """It says that it continues an earlier page."""
    is_to_be_continued: bool = False
    """It says that another page follows."""
    form: str = ""
    side: int | None = None
    """Printed as side 1 or 2 of a form."""
    greets: bool = False
    """A letter begins: its greeting stands in the upper half."""
    closes: bool = False
    """The text ends here: complimentary close, or dates of dictation and typing."""
    first_item: int | None = None
    """Number of the list item with which the page begins; `last_item` of its last one."""
    last_item: int | None = None
    visit_numbers: frozenset[str] = field(default=frozenset(), repr=False)
    """Account, accession, case, job and such numbers that a label announces."""
    numbers: frozenset[str] = field(default=frozenset(), repr=False)
    """All numbers of `LEAST_DIGITS` digits and more."""
    is_count_repaired: bool = False
    """Its page count was misread and mended."""
    is_wordless: bool = False
    """Something is on it, and nothing of it can be read: a drawing, or print shining through."""
    is_well_read: bool = False
    """Enough words, mostly read with confidence: a name or title would have been seen."""
    is_landscape: bool = False
    width_inches: float | None = None


def facts_of(reading: PageReading, findings: PageFindings) -> PageFacts:
    title = next((f for f in findings.of(FindingKind.DOCUMENT_TYPE) if f.rule.startswith("title.")), None)
    by_words = next((f for f in findings.of(FindingKind.DOCUMENT_TYPE) if f.rule.startswith("words.")), None)
    head, foot = _band(reading, 0.0, HEAD_SHARE), _band(reading, FOOT_SHARE, 1.01)
    form = _FORM.search(foot)
    prose = _prose(reading)
    lines = reading.text.splitlines()
    number = _number(findings, "print.")
    repaired = _repaired_count(lines) if number is None or number.total is None else None
    items = [int(m[1]) for line in lines if (m := _ITEM.match(line))]
    accounts = frozenset(_plain(f.value) for f in findings.of(FindingKind.ACCOUNT))
    return PageFacts(
        scan_page_no=reading.scan_page_no,
        identity=_identity(findings),
        title=title.value if title else None,
        is_title_weak=bool(title and ".weak" in title.rule),
        type_by_words=by_words.value if by_words else None,
        number=repaired or number,
        fax_number=_number(findings, "fax."),
        head_names=frozenset(
            f.value
            for f in findings.of(FindingKind.NAME)
            if f.rule.startswith("running.name/") and _is_legible(f)
        ),
        letterhead=_letterhead(findings),
        accounts=accounts,
        service_dates=frozenset(
            f.value for f in findings.of(FindingKind.SERVICE_DATE) if f.rule.startswith("label.")
        ),
        head=_head_key(head),
        first_words=_opening(reading, prose),
        ends_open=bool(prose) and not prose[-1].rstrip().endswith((".", ":", ";", "!", "?", ")")),
        is_continued=bool(_CONTINUED.search(_band(reading, 0.0, 0.25))),
        is_to_be_continued=bool(_TO_BE_CONTINUED.search(_band(reading, 0.3, 1.01))),
        form=_plain(form[1] or form[2]) if form else "",
        side=_side(lines),
        greets=any(_GREETING.match(line) for line in lines[: max(12, len(lines) // 2)]),
        closes=any(_CLOSING.search(line) for line in lines[-12:]),
        first_item=int(m[1]) if lines and (m := _ITEM.match(lines[0])) else None,
        last_item=items[-1] if items else None,
        visit_numbers=frozenset(n for n in (*accounts, *_visit_numbers(lines)) if _is_long(n)),
        numbers=frozenset(
            n for w in reading.words if not _DAY.search(w.text) and _is_long(n := _plain(w.text))
        ),
        is_count_repaired=repaired is not None,
        is_wordless=reading.kind is PageKind.CONTENT and not reading.words and not reading.barcodes,
        is_well_read=_is_well_read(reading),
        is_landscape=reading.width_px > 1.1 * reading.height_px,
        width_inches=reading.width_px / reading.dpi if reading.dpi else None,
    )


def _identity(findings: PageFindings) -> Identity:
    def values(kind: FindingKind) -> frozenset[str]:
        return frozenset(f.value for f in findings.of(kind) if _is_patients(f))

    return Identity(
        mrns=frozenset(_plain(v) for v in values(FindingKind.MRN)),
        names=values(FindingKind.NAME),
        births=frozenset(v for v in values(FindingKind.BIRTH_DATE) if len(v) == 10),
    )


def _is_patients(finding: Finding) -> bool:
    """Said to be the patient's, by a label or header, legibly, not one of two centuries."""
    return finding.role is Role.PATIENT and _is_legible(finding) and ".two_centuries" not in finding.rule


def _is_legible(finding: Finding) -> bool:
    return finding.confidence is None or finding.confidence >= LEGIBLE


def _number(findings: PageFindings, rule: str) -> PageNumber | None:
    """The page's count; one with a total is preferred to a bare number."""
    found = [f for f in findings.of(FindingKind.PAGE_OF) if f.rule.startswith(rule)]
    found.sort(key=lambda f: f.value.endswith("?"))
    if not found:
        return None
    number, _, total = found[0].value.partition("/")
    return PageNumber(number=int(number), total=int(total) if total.isdigit() else None)


def _repaired_count(lines: Sequence[str]) -> PageNumber | None:
    """ "Paqe 2 0f 3" in the first or last lines."""
    for line in (*lines[:3], *lines[-3:]):
        if found := _DAMAGED_COUNT.search(line):
            number, total = (int(re.sub(r"[lLiI|]", "1", text)) for text in found.groups())
            if 1 <= number <= total and total > 1:
                return PageNumber(number=number, total=total)
    return None


def _side(lines: Sequence[str]) -> int | None:
    for line in (*lines[:2], *lines[-2:]):
        if found := _SIDE.search(line):
            return int(found[1]) if found[1] else 1 if found[2] else 2
    return None


def _visit_numbers(lines: Sequence[str]) -> list[str]:
    return [_plain(found[1]) for line in lines for found in _VISIT_NUMBER.finditer(line)]


def _is_long(number: str) -> bool:
    return sum(c.isdigit() for c in number) >= LEAST_DIGITS


def _letterhead(findings: PageFindings) -> str:
    found = next((f for f in findings.of(FindingKind.FACILITY) if f.rule.startswith("letterhead.")), None)
    return _plain(found.value) if found else ""


def _plain(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum()).lstrip("0")


def _band(reading: PageReading, top: float, bottom: float) -> str:
    height = reading.height_px
    words = [
        w for w in reading.words if top * height <= (w.box.top_px + w.box.bottom_px) / 2 < bottom * height
    ]
    return " ".join(w.text for w in words)


def _prose(reading: PageReading) -> tuple[str, ...]:
    """Lines of running text: seven words or more, mostly in lower case."""
    lines = [line for line in reading.text.splitlines() if len(line.split()) >= 7]
    return tuple(line for line in lines if sum(c.islower() for c in line) > 0.6 * len(line.replace(" ", "")))


def _is_well_read(reading: PageReading) -> bool:
    known = [w.confidence for w in reading.words if w.confidence is not None]
    good = sum(c >= GOOD_WORD for c in known)
    return len(reading.words) >= LEAST_WORDS and good >= LEAST_GOOD_SHARE * len(known)


def _opening(reading: PageReading, prose: Sequence[str]) -> str:
    """The first line of running text, if it is among the first lines of the page."""
    first_lines = reading.text.splitlines()[:4]
    return prose[0][:60] if prose and prose[0] in first_lines else ""


def _head_key(text: str) -> str:
    text = re.sub(r"\bPAGE\b.{0,12}|\d{1,2}:\d{2}\S*", " ", text.upper())
    return " ".join(re.findall(r"[A-Z0-9]{2,}", text))
