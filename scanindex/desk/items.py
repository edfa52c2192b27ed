"""One review item with all that a screen needs to show it.

Promises: nobody is preselected unless the machine was sure and only may not file alone; an
item of the tests is told from no other; nothing of documents that the person may not see.
Leaves out pictures (pictures.py) and who gets which item (queue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scanindex import lookalikes, quality
from scanindex.access_model import Access, Right
from scanindex.desk import asking, candidates, hands, keys, people_named
from scanindex.desk.candidates import CandidateView
from scanindex.desk.hands import Held
from scanindex.desk.marks import Mark, marks
from scanindex.desk.people_named import Named
from scanindex.desk.reasons import WORDS, Why, why
from scanindex.desk.remembered import remembering
from scanindex.desk_model import Parked
from scanindex.errors import NotFound
from scanindex.lookalikes import LookAlike
from scanindex.model import (
    BatchId,
    Box,
    Document,
    DocumentId,
    DocumentState,
    Finding,
    FindingKind,
    PatientId,
    Role,
    ScanId,
)
from scanindex.ports import Unit
from scanindex.services import Services


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
        candidates=candidates.of_document(access, document, services),
        preselected=asking.preselected(document, services),
        look_alikes=_look_alikes(access, held, services),
        previous=before,
        next=after,
        parked=parked,
        unsent_note=unsent,
        needs_second_key=needs_second,
        claimed_by=claim.actor if claim else "",
        claimed_until=claim.until if claim else None,
    )


# --- inside ------------------------------------------------------------------------------
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
