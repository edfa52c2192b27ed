"""Small pages and a small roster for tests of the matcher; all people are invented.

A page is written as lines of text. `<kind raw=value>` marks what the extraction
would find there: kinds as in `FindingKind`, `name:relative` for another role. Words
get boxes on a grid of 12 x 24 pixels per character, two spaces or more widen the gap.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Indel

from scanindex.agreement import other_reading, readers
from scanindex.houses import NOBODY_SAID, Houses
from scanindex.match import GATES, decide, fold
from scanindex.match.gates import Gate
from scanindex.match.names import first_names_alike
from scanindex.model import (
    Barcode,
    Box,
    Decision,
    Finding,
    FindingKind,
    Identifier,
    PageFindings,
    PageGroup,
    PageKind,
    PageQuality,
    PageReading,
    Patient,
    PatientId,
    PersonName,
    Role,
    TextSource,
    Word,
)
from scanindex.settings import MatchSettings

_MARK = re.compile(r"<([a-z_0-9]+)(?::([a-z]+))? ([^>=]+)(?:=([^>]*))?>")
_RULES = {"page_of": "print.page_of/1", "running": "running.name/1", "facility": "letterhead.facility/1"}
"""Marks whose rule is no label; `running` is a name in a page's head that no label announces."""
_WIDTH, _HEIGHT = 12, 36


def patient(
    key: str,
    last: str,
    first: str,
    born: str | None,
    mrn: str = "",
    *,
    middle: str = "",
    suffix: str = "",
    others: Sequence[PersonName] = (),
    authority: str = "local",
    sex: str | None = None,
    ssn4: str | None = None,
    phone: str | None = None,
    address: str | None = None,
) -> Patient:
    """A person of the roster."""
    return Patient(
        patient_id=PatientId(key),
        names=(PersonName(last=last, first=first, middle=middle, suffix=suffix), *others),
        birth_date=born,
        sex=sex,
        identifiers=(Identifier(authority=authority, type="mrn", value=mrn),) if mrn else (),
        ssn4=ssn4,
        phone=phone,
        address=address,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    patients: int
    same_last: int
    same_first: int
    same_name: int
    same_name_and_birth_date: int
    same_last_and_birth_date: int
    same_birth_date: int
    expected_namesakes: float
    birth_date_collision: float


@dataclass(frozen=True)
class SmallRoster:
    """`ports.Roster` over a list; `size` pretends that many more people, all of other names."""

    people: Sequence[Patient]
    size: int = 20_000
    namesakes: float = 0.1
    collision: float = 1.2e-3
    impossible: Sequence[Identifier] = ()
    """Numbers that fail their authority's check digit."""

    def by_identifier(self, values: Iterable[str]) -> Sequence[Patient]:
        keys = {fold.identifier_key(v) for v in values}
        return [p for p in self.people if any(fold.identifier_key(i.value) in keys for i in p.identifiers)]

    def by_birth_date(
        self, iso_dates: Iterable[str], named: Collection[str] | None = None
    ) -> Sequence[Patient]:
        wanted = set(iso_dates)
        born = [p for p in self.people if p.birth_date in wanted]
        if named is None:
            return born
        keys = {p.patient_id: {fold.name_key(x) for n in p.names for x in (n.last, n.first)} for p in born}
        return [p for p in born if keys[p.patient_id] & {*named}]

    def passes_check(self, identifier: Identifier) -> bool:
        return identifier not in self.impossible

    def resembling(self, last: str, first: str, limit: int = 10) -> Sequence[Patient]:
        def likeness(p: Patient) -> float:
            ratio = Indel.normalized_similarity
            return max(
                (ratio(f"{n.last} {n.first}".upper(), f"{last} {first}".upper()) for n in p.names),
                default=0.0,
            )

        return sorted(self.people, key=likeness, reverse=True)[:limit]

    def by_name(self, last: str, first: str, limit: int = 50) -> Sequence[Patient]:
        def rank(p: Patient) -> int:
            return min((_name_rank(n, last, first) for n in p.names), default=9)

        return sorted((p for p in self.people if rank(p) < 9), key=rank)[:limit]

    def get(self, patient_id: PatientId) -> Patient | None:
        return next((p for p in self.people if p.patient_id == patient_id), None)

    def frequencies(self, last: str, first: str, birth_date: str | None) -> Counts:
        key = fold.name_key(last), fold.name_key(first)
        names = [
            (fold.name_key(n.last), fold.name_key(n.first), p.birth_date)
            for p in self.people
            for n in p.names
        ]
        return Counts(
            patients=max(self.size, len(self.people)),
            same_last=sum(a == key[0] for a, _, _ in names),
            same_first=sum(b == key[1] for _, b, _ in names),
            same_name=sum((a, b) == key for a, b, _ in names),
            same_name_and_birth_date=sum((a, b, d) == (*key, birth_date) for a, b, d in names if birth_date),
            same_last_and_birth_date=sum((a, d) == (key[0], birth_date) for a, _, d in names if birth_date),
            same_birth_date=sum(p.birth_date == birth_date for p in self.people if birth_date),
            expected_namesakes=self.namesakes,
            birth_date_collision=self.collision,
        )

    def version(self) -> int:
        return 1 if self.people else 0


def _name_rank(name: PersonName, last: str, first: str) -> int:
    same_last = fold.name_key(name.last) == fold.name_key(last)
    if same_last and fold.name_key(name.first) == fold.name_key(first):
        return 0
    initial = fold.name_key(name.first)[:1] == fold.name_key(first)[:1]
    if initial and (same_last or fold.sound_key(name.last) == fold.sound_key(last)):
        return 1 if same_last else 2
    return 9 if not (same_last and first_names_alike(name.first, first)) else 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One page and what the extraction says about it."""

    reading: PageReading
    findings: PageFindings


def page(
    *lines: str,
    number: int = 1,
    confidence: Mapping[str, float] | float = 0.95,
    second: Mapping[str, str] | None = None,
    legibility: float = 0.95,
    kind: PageKind = PageKind.CONTENT,
    problems: tuple[str, ...] = (),
    barcodes: Sequence[str] = (),
) -> Paper:
    """A page of marked-up lines; `confidence` and `second` may name single words."""
    words: list[Word] = []
    findings: list[Finding] = []
    for line_no, line in enumerate(lines, start=1):
        for text, left, mark in _pieces(line):
            placed = [_word(t, left + at, line_no, confidence, second or {}) for t, at in _split(text)]
            words += placed
            if mark:
                findings.append(_finding(mark, placed, number))
    reading = PageReading(
        scan_page_no=number,
        kind=kind,
        width_px=1700,
        height_px=2200,
        dpi=200.0,
        rotation_degrees=0,
        words=tuple(words),
        barcodes=tuple(Barcode(symbology="Code128", value=v, box=None) for v in barcodes),
        quality=PageQuality(dpi=200.0, skew_degrees=0.0, contrast=0.8, ink_share=0.05, legibility=legibility),
        text_source=TextSource.OCR,
        engines=("tesseract 5.3.0",),
        problems=problems,
    )
    return Paper(reading=reading, findings=PageFindings(scan_page_no=number, findings=tuple(findings)))


def _pieces(line: str) -> Iterator[tuple[str, int, re.Match[str] | None]]:
    """(text, first column, mark) of the marked and unmarked stretches of a line."""
    column = at = 0
    for mark in [*_MARK.finditer(line), None]:
        end = mark.start() if mark else len(line)
        yield line[at:end], column, None
        column += end - at
        if mark:
            yield mark[3], column, mark
            column, at = column + len(mark[3]), mark.end()


def _split(text: str) -> Iterator[tuple[str, int]]:
    for match in re.finditer(r"\S+", text):
        yield match[0], match.start()


def _word(
    text: str, column: int, line_no: int, confidence: Mapping[str, float] | float, second: Mapping[str, str]
) -> Word:
    own = confidence if isinstance(confidence, float) else confidence.get(text, 0.95)
    left, top = 100 + column * _WIDTH, 100 + line_no * _HEIGHT
    box = Box(left_px=left, top_px=top, right_px=left + len(text) * _WIDTH, bottom_px=top + 24)
    return Word(
        text=text, box=box, confidence=own, engine="tesseract", line_no=line_no, second_text=second.get(text)
    )


def _finding(mark: re.Match[str], words: Sequence[Word], number: int) -> Finding:
    raw, kind = mark[3], FindingKind("name" if mark[1] == "running" else mark[1])
    return Finding(
        kind=kind,
        raw=raw,
        value=mark[4] or raw,
        scan_page_no=number,
        box=Box(
            left_px=words[0].box.left_px,
            top_px=words[0].box.top_px,
            right_px=words[-1].box.right_px,
            bottom_px=words[-1].box.bottom_px,
        ),
        confidence=min((w.confidence for w in words if w.confidence is not None), default=None),
        rule=_RULES.get(mark[1], f"label.{mark[1]}/1"),
        role=Role(mark[2] or ("unknown" if mark[1] == "running" else "patient")),
        readers=readers(words, kind),
        other_raw=other_reading(words),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A document, the roster it meets, and whose it truly is (None: nobody's in the roster,
    or not only this patient's)."""

    roster: SmallRoster
    papers: tuple[Paper, ...]
    truth: str | None = None
    is_sure: bool = True
    cover: PageFindings | None = None
    settings: MatchSettings = field(default_factory=MatchSettings)
    reasons: tuple[str, ...] = ("first page of the scan",)
    houses: Houses = NOBODY_SAID

    def decide(self, active: Mapping[str, Gate] = GATES) -> Decision:
        return decide(
            [p.reading for p in self.papers],
            [p.findings for p in self.papers],
            PageGroup(
                pages=tuple(p.reading.scan_page_no for p in self.papers),
                reasons=self.reasons,
                is_sure=self.is_sure,
                cover=self.cover,
            ),
            self.roster,
            self.settings,
            active,
            self.houses,
        )


def cover_sheet(mrn: str, born: str | None = None) -> PageFindings:
    """What a scanned patient cover sheet says."""
    found = [(FindingKind.MRN, mrn), *([(FindingKind.BIRTH_DATE, born)] if born else [])]
    return PageFindings(
        scan_page_no=0,
        findings=tuple(
            Finding(
                kind=kind,
                raw=value,
                value=value,
                scan_page_no=0,
                box=None,
                confidence=1.0,
                rule="cover/1",
                role=Role.PATIENT,
                readers=("barcode",),
            )
            for kind, value in found
        ),
    )
