"""A review item as the screen and programs get it: values ready to be shown, places as fractions.

One shape for every item: of a test item it tells nothing that it does not tell of any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel

from scanindex import page_readings
from scanindex.access_model import Access, Right
from scanindex.desk import (
    CandidateView,
    Compared,
    Datum,
    FieldRead,
    Item,
    Mark,
    Neighbour,
    compared_words,
    shown,
)
from scanindex.desk.marks import marks
from scanindex.desk.people_named import Named
from scanindex.desk_model import Parked, ParkKind
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.match import names
from scanindex.model import Box, FindingKind, Level, PageReading, Patient
from scanindex.services import Services
from scanindex.settings import Settings

Range = tuple[int, int]
"""Characters start, end (exclusive)."""
Place = tuple[float, float, float, float]
"""Left, top, width, height as fractions of the upright page."""
_UNREAD_PX = (850, 1100)
_KINDS = {
    FindingKind.MRN: "Record number",
    FindingKind.NAME: "Name",
    FindingKind.BIRTH_DATE: "Born",
    FindingKind.SEX: "Sex",
    FindingKind.SSN4: "SSN, last four",
    FindingKind.PHONE: "Phone",
    FindingKind.ADDRESS: "Address",
    FindingKind.ACCOUNT: "Account",
    FindingKind.SERVICE_DATE: "Date",
    FindingKind.DOCUMENT_TYPE: "Type",
    FindingKind.PROVIDER: "Provider",
    FindingKind.FACILITY: "House",
    FindingKind.PAGE_OF: "Page of",
}


class PageOut(BaseModel):
    page_no: int
    scan_page_no: int
    width: int
    """Of the upright page; only the proportion means something."""
    height: int


class SpotOut(BaseModel):
    """Where something stands."""

    page_no: int
    box: Place


class FieldOut(BaseModel):
    kind: str
    label: str
    text: str
    """As read."""
    marks: list[Range]
    other: str | None
    """What the other reader saw, where it differs; "" for nothing."""
    other_marks: list[Range]
    value: str
    role: str
    is_used: bool
    is_contested: bool
    """Another of its kind stands against it: the document goes by none of them."""
    is_sure: bool
    page_no: int
    spot: SpotOut | None


class ComparedOut(BaseModel):
    kind: str
    label: str
    level: str
    read: str
    read_marks: list[Range]
    expected: str
    """As the roster has it."""
    expected_marks: list[Range]
    """What differs from the page."""
    among_marks: list[Range]
    """What tells this person from others shown who look alike."""
    note: str
    spot: SpotOut | None


class DatumOut(BaseModel):
    """What must be typed from the page; never what is expected."""

    kind: str
    words: str
    keys: int
    hides: list[str]
    """Kinds to be covered while it is typed."""
    is_seen: bool
    needs_reason: bool
    """Nothing that was read tells them from somebody alike: `note` says how it is known."""
    spot: SpotOut | None


class PersonOut(BaseModel):
    patient_id: str
    name: str
    birth_date: str
    sex: str
    mrn: str
    is_provisional: bool


class CandidateOut(BaseModel):
    number: int
    person: PersonOut
    score: float
    compared: list[ComparedOut]
    confirmation: DatumOut | None
    looks_like: list[int]


class NamedOut(BaseModel):
    """More than one person on the pages, or one datum that was read differently; no values."""

    words: str
    hint: str
    split_before: int | None
    """Page that probably begins somebody else's papers."""


class NeighbourOut(BaseModel):
    item_id: str
    version: int
    state: str
    pages: list[int]
    type_title: str
    service_date: str
    is_joinable: bool


class LookAlikeOut(BaseModel):
    document_id: str
    state: str
    reason: str


class ParkedOut(BaseModel):
    kind: str
    note: str
    by: str
    at: datetime
    answer: str
    answered_by: str


class SettledOut(BaseModel):
    """How one of two people settled it."""

    by: str
    at: datetime
    person: PersonOut | None
    type_title: str
    service_date: str


class ItemOut(BaseModel):
    item_id: str
    version: int
    scan_id: str
    source: str
    state: str
    pages: list[PageOut]
    scan_page_count: int
    document_type: str | None
    type_title: str
    service_date: str | None
    sensitivity: list[str]
    created_at: datetime
    why: str
    why_words: str
    reasons: list[str]
    page_break_reasons: list[str]
    is_break_sure: bool
    wishes: list[str]
    fields: list[FieldOut]
    named: NamedOut | None
    candidates: list[CandidateOut]
    preselected: str | None
    look_alikes: list[LookAlikeOut]
    previous: NeighbourOut | None
    next: NeighbourOut | None
    parked: ParkedOut | None
    unsent_note: str
    """What the caller typed here and did not send."""
    settlements: list[SettledOut]
    """Only for who decides between two that differ."""
    region: SpotOut | None
    """Where to look first: what names the patient."""
    claimed_by: str
    claimed_until: datetime | None


def item_out(item: Item, access: Access, services: Services) -> ItemOut:
    places = _Places(item, services)
    titles = titles_of(services.settings)
    return ItemOut(
        item_id=item.item_id,
        version=item.version,
        scan_id=item.scan_id,
        source=item.source,
        state=item.state,
        pages=places.pages(),
        scan_page_count=item.scan_page_count,
        document_type=item.document_type,
        type_title=title(item.document_type, titles),
        service_date=item.service_date,
        sensitivity=list(item.sensitivity),
        created_at=item.created_at,
        why=item.why,
        why_words=item.why_words,
        reasons=list(item.reasons),
        page_break_reasons=list(item.page_break_reasons),
        is_break_sure=item.is_break_sure,
        wishes=list(item.wishes),
        fields=[_field(one, places) for one in item.fields],
        named=_named(item.named),
        candidates=[_candidate(one, places) for one in item.candidates],
        preselected=item.preselected,
        look_alikes=[
            LookAlikeOut(document_id=a.document_id, state=a.state, reason=a.reason) for a in item.look_alikes
        ],
        previous=_neighbour(item.previous, titles),
        next=_neighbour(item.next, titles),
        parked=_parked(item.parked),
        unsent_note=item.unsent_note,
        settlements=_settlements(item, access, titles, services),
        region=places.region(item.fields),
        claimed_by=item.claimed_by,
        claimed_until=item.claimed_until,
    )


def datum_out(datum: Datum | None, item: Item, services: Services) -> DatumOut | None:
    return _datum(datum, _Places(item, services))


def person_out(patient: Patient) -> PersonOut:
    return PersonOut(
        patient_id=patient.patient_id,
        name=patient.display_name,
        birth_date=patient.birth_date or "",
        sex=patient.sex or "",
        mrn=patient.mrn or "",
        is_provisional=patient.is_provisional,
    )


def beside(patient: Patient, item: Item) -> list[ComparedOut]:
    """Somebody who was searched, beside what the item's pages say: letter by letter, nothing weighed."""
    read = {f.kind: f.value for f in reversed(item.fields) if f.is_used}
    expected = {
        FindingKind.NAME: patient.display_name,
        FindingKind.BIRTH_DATE: patient.birth_date or "",
        FindingKind.MRN: patient.mrn or "",
    }
    return [_beside(kind, read.get(kind, ""), text, patient) for kind, text in expected.items() if text]


def _beside(kind: FindingKind, read: str, expected: str, patient: Patient) -> ComparedOut:
    odd = _ranges(marks(expected, read))
    level = Level.ABSENT if not read else Level.CONFLICT if odd else Level.EXACT
    if kind is FindingKind.NAME and level is Level.CONFLICT:
        level, _ = names.compare(read, patient.names)
    return ComparedOut(
        kind=kind,
        label=_KINDS[kind],
        level=level,
        read=read,
        read_marks=_ranges(marks(read, expected)),
        expected=expected,
        expected_marks=odd,
        among_marks=[],
        note=compared_words.sentence(kind, level, "", read, expected),
        spot=None,
    )


def titles_of(settings: Settings) -> dict[str, str]:
    return {kind.key: kind.title for kind in DOCUMENT_TYPES} | {t.code: t.name for t in settings.types}


def title(code: str | None, titles: dict[str, str]) -> str:
    return titles.get(code, code) if code else "type unknown"


# --- inside --------------------------------------------------------------------------------
class _Places:
    """Boxes of an item as fractions of its pages."""

    def __init__(self, item: Item, services: Services) -> None:
        names = (f.value for f in item.fields if f.kind is FindingKind.NAME and f.is_used)
        self.name = next(names, "")
        """As read, family name first: what names of the roster are compared with on the screen."""
        self._numbers = {no: page_no for page_no, no in enumerate(item.pages, start=1)}
        self._readings: dict[int, PageReading] = shown.readings(item.scan_id, item.pages, services)

    def pages(self) -> list[PageOut]:
        return [self._page(no, page_no) for no, page_no in self._numbers.items()]

    def _page(self, scan_page_no: int, page_no: int) -> PageOut:
        reading = self._readings.get(scan_page_no)
        width, height = (reading.width_px, reading.height_px) if reading else _UNREAD_PX
        return PageOut(page_no=page_no, scan_page_no=scan_page_no, width=max(1, width), height=max(1, height))

    def spot(self, scan_page_no: int | None, box: Box | None) -> SpotOut | None:
        reading = self._readings.get(scan_page_no or 0)
        if box is None or reading is None or scan_page_no not in self._numbers:
            return None
        left, top, right, bottom = page_readings.fractions(box, reading)
        if right <= left or bottom <= top:
            return None
        return SpotOut(page_no=self._numbers[scan_page_no], box=(left, top, right - left, bottom - top))

    def region(self, fields: Iterable[FieldRead]) -> SpotOut | None:
        """Around what names the patient, on the first page that does so with most."""
        naming = (FindingKind.NAME, FindingKind.BIRTH_DATE, FindingKind.MRN)
        spots = [
            spot
            for f in fields
            if f.is_used and f.kind in naming and (spot := self.spot(f.scan_page_no, f.box))
        ]
        if not spots:
            return None
        on = max({s.page_no for s in spots}, key=lambda no: (sum(s.page_no == no for s in spots), -no))
        return _around([s.box for s in spots if s.page_no == on], on)


_TALL = 0.3


def _around(boxes: Sequence[Place], page_no: int) -> SpotOut:
    """One box around all; where they lie far apart, around the first."""
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    if bottom - top > _TALL:
        return SpotOut(page_no=page_no, box=boxes[0])
    return SpotOut(page_no=page_no, box=(left, top, right - left, bottom - top))


def _ranges(found: Iterable[Mark]) -> list[Range]:
    return [(mark.start, mark.end) for mark in found]


def _field(one: FieldRead, places: _Places) -> FieldOut:
    return FieldOut(
        kind=one.kind,
        label=_KINDS[one.kind],
        text=one.raw or one.value,
        marks=_ranges(one.raw_marks) if one.raw else [],
        other=one.other_raw,
        other_marks=_ranges(one.other_marks),
        value=one.value,
        role=one.role,
        is_used=one.is_used,
        is_contested=one.is_contested,
        page_no=one.page_no,
        is_sure=one.other_raw is None,
        spot=places.spot(one.scan_page_no, one.box),
    )


def _candidate(one: CandidateView, places: _Places) -> CandidateOut:
    return CandidateOut(
        number=one.number,
        person=person_out(one.patient),
        score=one.score,
        compared=[_compared(row, places) for row in one.compared],
        confirmation=_datum(one.confirmation, places),
        looks_like=list(one.looks_like),
    )


def _compared(row: Compared, places: _Places) -> ComparedOut:
    odd = row.expected_marks
    if row.kind is FindingKind.NAME and odd and places.name:
        odd = marks(row.expected, places.name)
    return ComparedOut(
        kind=row.kind,
        label=_KINDS[row.kind],
        level=row.level,
        read=row.read,
        read_marks=_ranges(row.read_marks),
        expected=row.expected,
        expected_marks=_ranges(odd),
        among_marks=_ranges(row.among_marks),
        note=row.note,
        spot=places.spot(row.scan_page_no, row.box),
    )


def _datum(datum: Datum | None, places: _Places) -> DatumOut | None:
    if datum is None:
        return None
    return DatumOut(
        kind=datum.kind,
        words=datum.words,
        keys=datum.keys,
        hides=list(datum.hides),
        is_seen=datum.is_seen,
        needs_reason=datum.needs_reason,
        spot=places.spot(datum.scan_page_no, datum.box),
    )


def _named(one: Named | None) -> NamedOut | None:
    return NamedOut(words=one.words, hint=one.hint, split_before=one.split_before) if one else None


def _neighbour(one: Neighbour | None, titles: dict[str, str]) -> NeighbourOut | None:
    if one is None:
        return None
    return NeighbourOut(
        item_id=one.item_id,
        version=one.version,
        state=one.state,
        pages=list(one.pages),
        type_title=title(one.document_type, titles),
        service_date=one.service_date or "",
        is_joinable=one.is_joinable,
    )


def _parked(one: Parked | None) -> ParkedOut | None:
    if one is None:
        return None
    return ParkedOut(
        kind=one.kind,
        note=one.note,
        by=one.actor,
        at=one.at,
        answer=one.answer,
        answered_by=one.answered_by,
    )


def _settlements(item: Item, access: Access, titles: dict[str, str], services: Services) -> list[SettledOut]:
    differs = item.parked is not None and item.parked.kind is ParkKind.KEYS_DIFFER
    if not differs or not access.may(Right.SUPERVISE):
        return []
    found = []
    for key in shown.settlements(access, item.item_id, services):
        patient = services.roster.get(key.patient_id)
        is_seen = patient is not None and access.sees_patient(patient.patient_id)
        found.append(
            SettledOut(
                by=key.actor,
                at=key.at,
                person=person_out(patient) if patient and is_seen else None,
                type_title=title(key.document_type, titles),
                service_date=key.service_date or "",
            )
        )
    return found
