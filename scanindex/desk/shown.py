"""What a reviewer's screen shows besides the item: its pages, what follows in the scan, two settlements.

Promises: pages of a test item come the way pages of any item do; that a page was shown is written
down for the paper that was really seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scanindex import page_readings
from scanindex.access_model import Access, Right
from scanindex.desk import asking, hands
from scanindex.desk.confirm import Datum
from scanindex.desk.hands import Held
from scanindex.desk_model import Key, ParkKind
from scanindex.errors import NotFound
from scanindex.model import Document, DocumentId, DocumentState, PageReading, PatientId, Scan, ScanId
from scanindex.ports import Unit
from scanindex.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class PageShown:
    scan: Scan
    scan_page_no: int
    seen: DocumentId
    """The document that looking at it is a look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """An item of the same scan that comes behind, to be picked for a run."""

    item_id: DocumentId
    version: int
    pages: tuple[int, ...]
    document_type: str | None
    service_date: str | None
    name: str | None = field(repr=False)
    """As read."""
    mrn: str | None = field(repr=False)


@hands.watched
def page(access: Access, item_id: DocumentId, page_no: int, services: Services) -> PageShown:
    """Page `page_no` (1-based in the document) of an item, to be drawn. Raises NotFound."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
        scan = unit.scans.get(held.document.scan_id)
    if scan is None or not 1 <= page_no <= len(held.document.pages):
        raise NotFound(f"document {item_id} has no page {page_no}")
    seen = held.seed.origin if held.seed else held.document.document_id
    return PageShown(scan=scan, scan_page_no=held.document.pages[page_no - 1], seen=seen)


def readings(scan_id: ScanId, scan_page_nos: tuple[int, ...], services: Services) -> dict[int, PageReading]:
    """Of pages that were shown: their upright size, for marks on the picture; by `scan_page_no`."""
    with services.catalog.read() as unit:
        scan = unit.scans.get(scan_id)
    found = page_readings.readings_of(scan, services, scan_page_nos) if scan else ()
    return {reading.scan_page_no: reading for reading in found}


def scan_of(item_id: DocumentId, services: Services) -> ScanId | None:
    """Of an item that the caller has just acted on: what is to be filed now."""
    with services.catalog.read() as unit:
        document = unit.documents.get(item_id)
    return document.scan_id if document else None


@hands.watched
def following(access: Access, item_id: DocumentId, services: Services) -> tuple[Follower, ...]:
    """What waits behind an item in its scan, in the scan's order. Raises NotFound."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        mine = hands.seen_or_missing(access, item_id, unit).document
        waiting = unit.desk.waiting(services.clock.now(), [mine.scan_id])
        held = [_held(access, w.item_id, unit) for w in waiting if w.park is None and w.item_id != item_id]
    behind = [one for one in held if one and _is_behind(one.document, mine)]
    seen = [one.seed.origin if one.seed else one.document.document_id for one in behind]
    if seen:
        hands.note_seen(access, seen, (), services)
    return tuple(_follower(one.document) for one in sorted(behind, key=lambda h: min(h.document.pages)))


@hands.watched
def run_confirmation(access: Access, item_id: DocumentId, patient_id: PatientId, services: Services) -> Datum:
    """What must be typed before a run that begins with this item goes to a person. Raises NotFound."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
    patient = services.roster.get(patient_id)
    if patient is None or not access.sees_patient(patient_id):
        raise NotFound(f"no patient {patient_id}")
    return asking.datum_asked(patient, held.document, services)


@hands.watched
def settlements(access: Access, item_id: DocumentId, services: Services) -> tuple[Key, ...]:
    """How two people settled an item differently, for who decides it; () where they did not."""
    hands.need(access, Right.SUPERVISE)
    with services.catalog.read() as unit:
        hands.seen_or_missing(access, item_id, unit)
        parked = unit.desk.parked(item_id)
        if parked is None or parked.kind is not ParkKind.KEYS_DIFFER:
            return ()
        return tuple(unit.desk.keys(item_id))


def _held(access: Access, item_id: DocumentId, unit: Unit) -> Held | None:
    try:
        return hands.seen_or_missing(access, item_id, unit)
    except NotFound:
        return None


def _is_behind(one: Document, mine: Document) -> bool:
    return one.state is DocumentState.IN_REVIEW and min(one.pages) > min(mine.pages)


def _follower(one: Document) -> Follower:
    return Follower(
        item_id=one.document_id,
        version=one.version,
        pages=one.pages,
        document_type=one.document_type,
        service_date=one.service_date,
        name=one.fields.name,
        mrn=one.fields.mrn,
    )
