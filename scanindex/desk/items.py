"""One review item with all that a screen needs to show it.

Promises: nobody is preselected unless the machine was sure and only may not file alone; an
item of the tests is told from no other; nothing of documents that the person may not see.
Leaves out pictures (pictures.py) and who gets which item (queue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scanindex import certify, lookalikes, quality
from scanindex.access_model import Access, Right
from scanindex.desk import compared_words, confirm, hands, keys, people_named
from scanindex.desk.confirm import Datum
from scanindex.desk.hands import Held
from scanindex.desk.marks import Mark, marks, union
from scanindex.desk.people_named import Named
from scanindex.desk.reasons import WORDS, Why, why
from scanindex.desk.remembered import remembering
from scanindex.desk_model import Parked
from scanindex.errors import NotFound
from scanindex.lookalikes import LookAlike
from scanindex.match import fold, names
from scanindex.match.identifiers import FINDING_ONLY
from scanindex.model import (
    BatchId,
    Box,
    Candidate,
    Comparison,
    Document,
    DocumentId,
    DocumentState,
    Finding,
    FindingKind,
    Level,
    Patient,
    PatientId,
    Role,
    ScanId,
)
from scanindex.ports import Unit
from scanindex.services import Services

_COMPARED = (
    FindingKind.NAME,
    FindingKind.BIRTH_DATE,
    FindingKind.MRN,
    FindingKind.SEX,
    FindingKind.SSN4,
    FindingKind.PHONE,
    FindingKind.ADDRESS,
)
_NAMESAKES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRead:
    """One datum as read, with its place."""

    kind: FindingKind
    value: str = field(repr=False)
    raw: str = field(repr=False)
    raw_marks: tuple[Mark, ...]
    """In `raw`: what the other reader saw differently."""
    other_raw: str | None = field(repr=False)
    """What the other reader saw where it differs; "" for nothing, None where it agrees."""
    other_marks: tuple[Mark, ...]
    page_no: int
    """In the document, 1-based."""
    scan_page_no: int
    box: Box | None
    confidence: float | None
    role: Role
    is_used: bool
    """The one that the document goes by, of several of its kind."""
    is_contested: bool
    """Another of its kind stands against it, so that the document goes by none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One field of a candidate: page against roster."""

    kind: FindingKind
    level: Level
    read: str = field(repr=False)
    read_marks: tuple[Mark, ...]
    expected: str = field(repr=False)
    """As the roster has it; "" where it does not know."""
    expected_marks: tuple[Mark, ...]
    """What differs from what was read."""
    among_marks: tuple[Mark, ...]
    """In `expected`: what differs from other candidates who could be taken for this one."""
    scan_page_no: int | None
    box: Box | None
    note: str
    """A sentence on how they differ; "" where there is nothing to say. Names no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    number: int
    """1-based; the key that chooses them."""
    patient: Patient
    score: float
    compared: tuple[Compared, ...]
    confirmation: Datum | None
    """What must be typed before it goes to them; None where nothing is asked."""
    looks_like: tuple[int, ...]
    """Numbers of the other candidates who could be taken for this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The document before or after in the scan."""

    item_id: DocumentId
    version: int
    state: DocumentState
    pages: tuple[int, ...]
    document_type: str | None
    service_date: str | None
    patient_id: PatientId | None
    is_joinable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    item_id: DocumentId
    version: int
    """To be given back with every act."""
    scan_id: ScanId
    source: str
    batch_id: BatchId | None
    state: DocumentState
    pages: tuple[int, ...]
    """scan_page_no, in the document's order."""
    scan_page_count: int
    document_type: str | None
    service_date: str | None
    sensitivity: tuple[str, ...]
    created_at: datetime
    why: Why
    why_words: str
    reasons: tuple[str, ...]
    page_break_reasons: tuple[str, ...]
    is_break_sure: bool
    wishes: tuple[str, ...]
    """Pages that should be scanned again, in words."""
    fields: tuple[FieldRead, ...]
    named: Named | None
    """Where the pages name more than one person, or one datum in different ways."""
    candidates: tuple[CandidateView, ...]
    preselected: PatientId | None
    look_alikes: tuple[LookAlike, ...]
    """Documents that are probably the same paper."""
    previous: Neighbour | None
    next: Neighbour | None
    parked: Parked | None
    """Note, question or answer that lies on it."""
    unsent_note: str = field(repr=False)
    """What this very person typed here and did not send; ""."""
    needs_second_key: bool
    """Two people must settle it alike, neither seeing the other."""
    claimed_by: str
    claimed_until: datetime | None


@hands.watched
def item(access: Access, item_id: DocumentId, services: Services) -> Item:
    """One item. Raises NotFound, also where somebody may not see it. The trail says it was shown."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
    shown = view(access, held, services)
    note(access, [(held, shown)], services)
    return shown


def note(access: Access, shown: Sequence[tuple[Held, Item]], services: Services) -> None:
    """Of a test item the paper is named that was really seen; the item itself is nowhere."""
    documents = [held.seed.origin if held.seed else held.document.document_id for held, _ in shown]
    people = [c.patient.patient_id for _, one in shown for c in one.candidates]
    if documents:
        hands.note_seen(access, documents, people, services)


def view(access: Access, held: Held, services: Services) -> Item:
    """The item without a word to the trail: whoever hands it out says so there."""
    document, services = held.document, remembering(services)
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
        if scan is None:
            raise NotFound(f"no document {document.document_id}")
        before, after = _neighbours(access, held, unit)
        claim = unit.desk.holder(document.scan_id, services.clock.now())
        parked = unit.desk.parked(document.document_id)
        unsent = unit.desk.unsent(document.document_id, access.actor)
        needs_second = keys.are_asked(document, document.document_type, scan.preset.source, services)
    return Item(
        item_id=document.document_id,
        version=document.version,
        scan_id=document.scan_id,
        source=scan.preset.source,
        batch_id=scan.batch_id,
        state=document.state,
        pages=document.pages,
        scan_page_count=scan.page_count or max(document.pages),
        document_type=document.document_type,
        service_date=document.service_date,
        sensitivity=document.sensitivity,
        created_at=document.created_at,
        why=why(document.decision.rule),
        why_words=WORDS[why(document.decision.rule)],
        reasons=document.decision.reasons,
        page_break_reasons=document.grouping_reasons,
        is_break_sure=document.is_break_sure,
        wishes=quality.wishes(document),
        fields=_fields(document),
        named=people_named.named(document),
        candidates=_candidates(access, document, services),
        preselected=preselected(document, services),
        look_alikes=_look_alikes(access, held, services),
        previous=before,
        next=after,
        parked=parked,
        unsent_note=unsent,
        needs_second_key=needs_second,
        claimed_by=claim.actor if claim else "",
        claimed_until=claim.until if claim else None,
    )


def preselected(document: Document, services: Services) -> PatientId | None:
    """The one the machine would have filed it to, had its source been let; None wherever it doubts."""
    decision = document.decision
    if decision.rule != certify.SUGGEST_RULE or not decision.candidates:
        return None
    leader = decision.candidates[0]
    if any(told.faults for told in document.page_facts):
        return None
    if any(c.level is Level.CONFLICT for c in leader.comparisons):
        return None
    patient = services.roster.get(leader.patient_id)
    return leader.patient_id if patient and patient.patient_id == leader.patient_id else None


def datum_for(patient: Patient, document: Document, services: Services) -> Datum | None:
    """What must be typed before the document goes to this person; None: nothing.

    One rule for what is shown and for what is checked.
    """
    is_sure = preselected(document, services) == patient.patient_id
    is_waiting = document.state is DocumentState.IN_REVIEW
    if is_sure and is_waiting and not services.settings.review.confirm_always:
        return None
    return datum_asked(patient, document, services)


def datum_asked(patient: Patient, document: Document, services: Services) -> Datum:
    """The same where one is asked in any case."""
    rivals = _rivals(patient, document, services)
    return confirm.asked(patient, rivals, document, services.settings.site.date_order)


@hands.watched
def confirmation(
    access: Access, item_id: DocumentId, patient_id: PatientId, services: Services
) -> Datum | None:
    """The same for somebody who was searched. Raises NotFound."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
    patient = services.roster.get(patient_id)
    if patient is None or not access.sees_patient(patient_id):
        raise NotFound(f"no patient {patient_id}")
    return datum_for(patient, held.document, services)


# --- inside ------------------------------------------------------------------------------
def _rivals(patient: Patient, document: Document, services: Services) -> list[Patient]:
    """Who could be taken for this person: other candidates, and namesakes nobody proposed."""
    others = [services.roster.get(c.patient_id) for c in document.decision.candidates]
    found = {other.patient_id: other for other in others if other}
    for name in patient.names[:1]:
        near = services.roster.by_name(name.last, name.first, _NAMESAKES)
        found.update((p.patient_id, p) for p in near)
        if patient.birth_date and len(patient.birth_date) == 10:
            born = services.roster.by_birth_date([patient.birth_date], named=[fold.name_key(name.last)])
            found.update((p.patient_id, p) for p in born)
    found.pop(patient.patient_id, None)
    return [other for other in found.values() if could_be_taken_for(patient, other)]


def could_be_taken_for(one: Patient, two: Patient) -> bool:
    """Alike in last name with first name or birth date, or in numbers."""
    if set(_numbers(one)) & set(_numbers(two)):
        return True
    if any(_nearly(a, b) for a in _numbers(one) for b in _numbers(two)):
        return True
    is_born_alike = bool(one.birth_date) and one.birth_date == two.birth_date
    return any(
        names.last_names_alike(a.last, b.last)
        and (is_born_alike or names.first_names_alike(a.first, b.first))
        for a in one.names
        for b in two.names
    )


def _numbers(patient: Patient) -> list[str]:
    return [fold.identifier_key(i.value) for i in patient.identifiers if i.type == "mrn"]


def _nearly(one: str, two: str) -> bool:
    from rapidfuzz.distance import OSA

    return min(len(one), len(two)) >= 5 and OSA.distance(one, two, score_cutoff=1) <= 1


def _fields(document: Document) -> tuple[FieldRead, ...]:
    """Everything found on its pages, the ones it goes by first within each kind."""
    place = {no: page_no for page_no, no in enumerate(document.pages, start=1)}
    contested = {id(f) for found in people_named.contested(document).values() for f in found}
    shown = [
        _field(f, place[f.scan_page_no], document, is_contested=id(f) in contested)
        for f in document.findings
        if f.scan_page_no in place
    ]
    order = list(FindingKind)
    return tuple(sorted(shown, key=lambda f: (order.index(f.kind), not f.is_used, f.page_no)))


def _field(finding: Finding, page_no: int, document: Document, *, is_contested: bool) -> FieldRead:
    used = getattr(document.fields, finding.kind.value, None)
    other = finding.other_raw
    return FieldRead(
        kind=finding.kind,
        value=finding.value,
        raw=finding.raw,
        raw_marks=marks(finding.raw, other) if other else (),
        other_raw=other,
        other_marks=marks(other, finding.raw) if other else (),
        page_no=page_no,
        scan_page_no=finding.scan_page_no,
        box=finding.box,
        confidence=finding.confidence,
        role=finding.role,
        is_used=used is not None and finding.value == used,
        is_contested=is_contested,
    )


def _candidates(access: Access, document: Document, services: Services) -> tuple[CandidateView, ...]:
    """Those who are still in the roster under that key; numbered as shown."""
    known: list[tuple[Candidate, Patient]] = []
    for candidate in document.decision.candidates:
        patient = services.roster.get(candidate.patient_id)
        if patient and patient.patient_id == candidate.patient_id and access.sees_patient(patient.patient_id):
            known.append((candidate, patient))
    people = [patient for _, patient in known]
    alike = {
        one.patient_id: [two for two in people if two is not one and could_be_taken_for(one, two)]
        for one in people
    }
    numbers = {patient.patient_id: number for number, patient in enumerate(people, start=1)}
    return tuple(
        CandidateView(
            number=numbers[patient.patient_id],
            patient=patient,
            score=candidate.score,
            compared=_compared(candidate, patient, alike[patient.patient_id], document),
            confirmation=datum_for(patient, document, services),
            looks_like=tuple(numbers[other.patient_id] for other in alike[patient.patient_id]),
        )
        for candidate, patient in known
    )


def _compared(
    candidate: Candidate, patient: Patient, alike: Sequence[Patient], document: Document
) -> tuple[Compared, ...]:
    rows = []
    for kind in _COMPARED:
        own = [c for c in candidate.comparisons if c.kind is kind]
        among = union(marks(_of(patient, kind), _of(other, kind)) for other in alike)
        for comparison in own:
            rows.append(_row(comparison, patient, among))
        if not own and (_of(patient, kind) or _read(document, kind)):
            rows.append(_absent(kind, patient, among, document))
    return tuple(rows)


def _row(comparison: Comparison, patient: Patient, among: tuple[Mark, ...]) -> Compared:
    expected = comparison.expected or _of(patient, comparison.kind)
    # Equal, and only unlabelled: a mark for "almost" would have people look for a difference.
    is_equal = comparison.level is Level.NEAR and comparison.note == FINDING_ONLY
    level = Level.EXACT if is_equal else comparison.level
    differs = level is not Level.EXACT
    return Compared(
        kind=comparison.kind,
        level=level,
        read=comparison.read,
        read_marks=marks(comparison.read, expected) if differs else (),
        expected=expected,
        expected_marks=marks(expected, comparison.read) if differs else (),
        among_marks=among if expected == _of(patient, comparison.kind) else (),
        scan_page_no=comparison.scan_page_no,
        box=comparison.box,
        note=compared_words.sentence(comparison.kind, level, comparison.note, comparison.read, expected),
    )


def _absent(kind: FindingKind, patient: Patient, among: tuple[Mark, ...], document: Document) -> Compared:
    """Nobody compared it: what the document goes by, beside the roster."""
    read, expected = _read(document, kind), _of(patient, kind)
    return Compared(
        kind=kind,
        level=Level.ABSENT,
        read=read,
        read_marks=marks(read, expected),
        expected=expected,
        expected_marks=marks(expected, read),
        among_marks=among,
        scan_page_no=None,
        box=None,
        note="",
    )


def _of(patient: Patient, kind: FindingKind) -> str:
    if kind is FindingKind.NAME:
        return patient.display_name
    return str(getattr(patient, kind.value, None) or "")


def _read(document: Document, kind: FindingKind) -> str:
    return str(getattr(document.fields, kind.value, None) or "")


def _look_alikes(access: Access, held: Held, services: Services) -> tuple[LookAlike, ...]:
    document = held.document
    if held.seed:
        with services.catalog.read() as unit:
            origin = unit.documents.get(held.seed.origin)
        document = origin or document
    found = lookalikes.look_alikes(document, services)
    with services.catalog.read() as unit:
        others = {alike.document_id: unit.documents.get(alike.document_id) for alike in found}
    return tuple(a for a in found if (other := others[a.document_id]) and access.sees(other))


def _neighbours(access: Access, held: Held, unit: Unit) -> tuple[Neighbour | None, Neighbour | None]:
    """Nearest documents of the scan by page, of those that may be seen."""
    mine = held.document
    skip = {mine.document_id, held.seed.origin if held.seed else mine.document_id}
    others = [
        d
        for d in unit.documents.all(scan_id=mine.scan_id)
        if d.document_id not in skip and d.pages and access.sees(d)
    ]
    first = min(mine.pages, default=0)
    before = max((d for d in others if min(d.pages) < first), key=lambda d: min(d.pages), default=None)
    after = min((d for d in others if min(d.pages) > first), key=lambda d: min(d.pages), default=None)
    return _neighbour(before), _neighbour(after)


def _neighbour(document: Document | None) -> Neighbour | None:
    if document is None:
        return None
    return Neighbour(
        item_id=document.document_id,
        version=document.version,
        state=document.state,
        pages=document.pages,
        document_type=document.document_type,
        service_date=document.service_date,
        patient_id=document.patient_id,
        is_joinable=document.state is DocumentState.IN_REVIEW,
    )


def numbers_of(patient: Patient) -> frozenset[str]:
    """Keys of all record numbers this person has."""
    return frozenset(_numbers(patient))


__all__: Sequence[str] = (
    "CandidateView",
    "Compared",
    "FieldRead",
    "Item",
    "Neighbour",
    "confirmation",
    "could_be_taken_for",
    "datum_asked",
    "datum_for",
    "item",
    "note",
    "numbers_of",
    "preselected",
    "view",
)
