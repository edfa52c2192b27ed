"""What a person can do with documents: settle, correct, split, join, reject, undo.

Every change names the document version it was made for; a stale one is refused.
A person's decision is never overwritten by the machine. Nothing is deleted:
earlier versions stay in the archive and in the events.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from scanindex import drawn_anew, extract, incidents, sensitivity
from scanindex.classify.sensitivity import LABELS, ordered
from scanindex.errors import ConflictError, NotAllowedNow, NotFound, UsageError
from scanindex.model import (
    Decision,
    Document,
    DocumentId,
    DocumentState,
    Outcome,
    PageKind,
    Patient,
    PatientId,
    ScanId,
    ScanState,
)
from scanindex.ports import Unit
from scanindex.revisions import (
    CHANGEABLE,
    as_on_paper,
    back_in_review,
    changeable,
    current,
    kept_for_scan,
    labelled,
    read_aside,
    renewed,
    store,
    told,
    with_found,
    with_pages,
    without_person,
)
from scanindex.services import Services

_REJECTED = (DocumentState.RESCAN_WANTED, DocumentState.ENTERED_IN_ERROR, DocumentState.PAPER_KEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a person decided about a document; None keeps what was read."""

    patient_id: PatientId
    document_type: str | None = None
    service_date: str | None = None
    note: str = ""
    is_same_person: bool = False
    """The patient only goes by another key now (linked, merged): moving it says nothing was misfiled."""


def queue(services: Services) -> list[Document]:
    """Documents that wait for a person, oldest first."""
    with services.catalog.read() as unit:
        return unit.documents.all(DocumentState.IN_REVIEW)


def accept(
    document_id: DocumentId,
    expected_version: int,
    settled: Settlement,
    actor: str,
    services: Services,
    *,
    also_by: str = "",
) -> Document:
    """Decide whose document it is; it is filed next. Also corrects a filed one (refile).

    Pages that the machine had filed under somebody else open an incident (incidents.py).
    also_by: somebody else who settled it in the same way without seeing this person's answer.
    """
    people = f"{also_by} and {actor}" if also_by else actor
    patient = services.roster.get(settled.patient_id)
    if patient is None:
        raise NotFound(f"no patient {settled.patient_id}")
    if patient.patient_id != settled.patient_id:
        raise ConflictError(f"patient {settled.patient_id} was merged into {patient.patient_id} by now")
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        if document.state not in (*CHANGEABLE, DocumentState.FILED):
            raise NotAllowedNow(f"document {document_id} is {document.state}")
        decision = dataclasses.replace(
            document.decision,
            outcome=Outcome.AUTO,
            patient_id=settled.patient_id,
            rule="person",
            reasons=(f"Decided by {people}.", *without_person(document.decision)),
            decided_by=people,
        )
        changed = dataclasses.replace(
            document,
            version=document.version + 1,
            state=DocumentState.PROPOSED,
            patient_id=settled.patient_id,
            document_type=settled.document_type or document.document_type,
            service_date=settled.service_date or document.service_date,
            decision=decision,
            recheck=(),
            replaced_by=None,
        )
        labels = sensitivity.of_person(changed, patient, services.settings.sensitivity)
        changed = dataclasses.replace(changed, sensitivity=labels)
        store(
            unit, changed, document, "refiled" if document.filed_version else "accepted", actor, settled.note
        )
        incidents.told_by_review(changed, settled.patient_id, settled.is_same_person, actor, unit, services)
    return changed


def retype(
    document_id: DocumentId,
    expected_version: int,
    document_type: str,
    note: str,
    actor: str,
    services: Services,
) -> Document:
    """Correct the type alone; patient and date stay, and a filed document is filed anew with it."""
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        changed = dataclasses.replace(renewed(document), document_type=document_type)
        changed = labelled(changed, services)
        store(unit, changed, document, "retyped", actor, note)
    return changed


def redate(
    document_id: DocumentId,
    expected_version: int,
    service_date: str | None,
    note: str,
    actor: str,
    services: Services,
) -> Document:
    """Correct the clinical date alone (None: undated); a filed document is filed anew with it."""
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        changed = dataclasses.replace(renewed(document), service_date=service_date)
        changed = labelled(changed, services)
        store(unit, changed, document, "redated", actor, note)
    return changed


def relabel(
    document_id: DocumentId,
    expected_version: int,
    add: Sequence[str],
    remove: Sequence[str],
    note: str,
    actor: str,
    services: Services,
) -> Document:
    """Add labels of sensitivity, or take some away; the machine never overrules it. Needs a reason."""
    if not (add or remove) or not note.strip() or set(add) & set(remove):
        raise UsageError("name a label to add or remove, and say why with --note")
    if unknown := {*add, *remove} - set(LABELS):
        raise UsageError(f"no label {min(unknown)}; there are {', '.join(LABELS)}")
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        by_hand = sensitivity.corrected(document, add, remove)
        changed = dataclasses.replace(renewed(document), sensitivity_by_hand=by_hand)
        changed = labelled(changed, services)
        store(unit, changed, document, "relabelled", actor, note)
    return changed


def new_patient(patient: Patient, actor: str, services: Services) -> PatientId:
    """Register a person known from paper only; provisional until linked to the roster."""
    if not patient.names or not patient.names[0].last:
        raise UsageError("a new patient needs at least a last name")
    patient_id = services.registry.add_provisional(patient)
    with services.catalog.write() as unit:
        unit.events.append("patient_added", actor, patient_id=patient_id, patient=patient)
    return patient_id


def reject(
    document_id: DocumentId,
    expected_version: int,
    state: DocumentState,
    note: str,
    actor: str,
    services: Services,
) -> Document:
    """Take a document out of filing: rescan wanted, not a record at all, or only the paper itself
    can be read (it is held from then on). The bytes stay."""
    if state not in _REJECTED:
        raise UsageError("reject as rescan_wanted, entered_in_error or paper_kept")
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        again = document.state is DocumentState.RESCAN_WANTED and state is DocumentState.PAPER_KEPT
        if document.state not in (DocumentState.IN_REVIEW, DocumentState.FILED) and not again:
            raise NotAllowedNow(f"document {document_id} is {document.state}")
        changed = dataclasses.replace(document, version=document.version + 1, state=state, recheck=())
        store(unit, changed, document, "rejected", actor, note)
    return changed


def reopen(
    document_id: DocumentId, expected_version: int, note: str, actor: str, services: Services
) -> Document:
    """Undo: put a settled document back into review; it leaves chart and index at once.

    What had put it on the recheck list becomes the first thing its reviewer reads.
    """
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        if document.state in (DocumentState.IN_REVIEW, DocumentState.SUPERSEDED):
            raise NotAllowedNow(f"document {document_id} is {document.state}")
        changed = back_in_review(document, f"Put back into review by {actor}.", *document.recheck)
        store(unit, changed, document, "reopened", actor, note)
    return changed


def split(
    document_id: DocumentId, expected_version: int, before_page_no: int, actor: str, services: Services
) -> tuple[Document, Document]:
    """Two documents instead of one, both in review; `before_page_no` is 1-based in the document.

    Each proposes what its own pages speak for, or nobody where what was read is not at hand.
    """
    with services.catalog.write() as unit:
        document = changeable(unit, document_id, expected_version)
        if not 2 <= before_page_no <= len(document.pages):
            raise UsageError(f"split before page 2 to {len(document.pages)}, got {before_page_no}")
        cut = before_page_no - 1
        first, second = (
            drawn_anew.from_kept(with_pages(document, pages, f"Split by {actor}."), unit, services)
            for pages in (document.pages[:cut], document.pages[cut:])
        )
        second = dataclasses.replace(
            second,
            document_id=DocumentId(services.ids.new()),
            version=1,
            created_at=services.clock.now(),
            filed_version=None,
            filed_at=None,
        )
        unit.documents.add(second)
        unit.pages.move(document.scan_id, second.pages, second.document_id)
        store(unit, first, document, "split", actor, also=second)
    return first, second


def join(
    first_id: DocumentId,
    first_version: int,
    second_id: DocumentId,
    second_version: int,
    actor: str,
    services: Services,
) -> Document:
    """Two documents of one scan become one, in review; the second is superseded.

    It proposes what all of its pages speak for, or nobody where what was read is not at hand.
    """
    with services.catalog.write() as unit:
        first = changeable(unit, first_id, first_version)
        second = changeable(unit, second_id, second_version)
        if first.scan_id != second.scan_id or first_id == second_id:
            raise UsageError("only two documents of one scan can be joined")
        pages = as_on_paper({*first.pages, *second.pages}, first.scan_id, unit)
        both = dataclasses.replace(
            first,
            findings=first.findings + second.findings,
            page_facts=first.page_facts + second.page_facts,
            ties=first.ties + second.ties,
            sensitivity=ordered({*first.sensitivity, *second.sensitivity}),
            readings=tuple(dict.fromkeys(first.readings + second.readings)),
        )
        joined = drawn_anew.from_kept(with_pages(both, pages, f"Joined by {actor}."), unit, services)
        gone = dataclasses.replace(
            second, version=second.version + 1, state=DocumentState.SUPERSEDED, pages=()
        )
        unit.pages.move(first.scan_id, second.pages, first_id)
        unit.documents.change(gone, expected_version=second.version)
        unit.outbox.add(gone)
        store(unit, joined, first, "joined", actor, also=gone)
    return joined


def take_in(
    scan_id: ScanId,
    scan_page_no: int,
    document_id: DocumentId,
    expected_version: int,
    actor: str,
    services: Services,
) -> Document:
    """Bring a page that was set aside as blank or separator back into a document."""
    with services.catalog.read() as unit:
        scan, names = unit.scans.get(scan_id), kept_for_scan(unit, scan_id)
        is_aside = any(no == scan_page_no and holder is None for no, _, holder in unit.pages.of(scan_id))
    read = read_aside(scan, [scan_page_no] if is_aside else [], names, services) if scan else {}
    with services.catalog.write() as unit:
        document = changeable(unit, document_id, expected_version)
        places = {no: holder for no, _, holder in unit.pages.of(scan_id)}
        if document.scan_id != scan_id or scan_page_no not in places:
            raise NotFound(f"scan {scan_id[:12]} has no page {scan_page_no} for this document")
        if places[scan_page_no] is not None:
            raise NotAllowedNow(f"page {scan_page_no} already stands in document {places[scan_page_no]}")
        pages = as_on_paper({*document.pages, scan_page_no}, scan_id, unit)
        whole = with_found(document, scan, read, names, services) if scan else document
        changed = with_pages(whole, pages, f"Page taken in by {actor}.")
        changed = drawn_anew.from_kept(changed, unit, services)
        unit.pages.move(scan_id, [scan_page_no], document_id)
        kinds = {scan_page_no: PageKind.CONTENT}
        unit.pages.mark(scan_id, kinds)
        store(unit, changed, document, "page_taken_in", actor, kinds_now=told(kinds))
    return changed


def rescue(scan_id: ScanId, actor: str, services: Services, scan_page_no: int | None = None) -> Document:
    """A document in review out of set-aside pages of a scan: all blanks, or one page of any kind.

    The single page may be a separator: a page with content that was taken for one.
    """
    with services.catalog.read() as unit:
        scan, names = unit.scans.get(scan_id), kept_for_scan(unit, scan_id)
        loose = _loose(unit, scan_id, scan_page_no)
    read = read_aside(scan, loose, names, services) if scan else {}
    with services.catalog.write() as unit:
        loose = [no for no in _loose(unit, scan_id, scan_page_no) if no in read]
        if not loose or scan is None:
            raise NotFound(f"scan {scan_id[:12]} has no such page set aside")
        document = Document(
            document_id=DocumentId(services.ids.new()),
            version=1,
            scan_id=scan_id,
            pages=tuple(loose),
            state=DocumentState.IN_REVIEW,
            document_type=None,
            service_date=None,
            patient_id=None,
            fields=extract.fields([]),
            decision=Decision(
                outcome=Outcome.REVIEW,
                patient_id=None,
                candidates=(),
                reasons=(f"Pages set aside were brought back by {actor}.",),
                rule="person",
                policy_version="",
                roster_version=services.roster.version(),
                decided_by=actor,
            ),
            created_at=services.clock.now(),
        )
        document = with_found(document, scan, read, names, services)
        document = dataclasses.replace(
            document,
            document_type=document.fields.document_type,
            service_date=document.fields.service_date,
        )
        kinds = dict.fromkeys(loose, PageKind.CONTENT)
        unit.documents.add(document)
        unit.pages.move(scan_id, loose, document.document_id)
        unit.pages.mark(scan_id, kinds)
        unit.events.append(
            "rescued",
            actor,
            document_id=document.document_id,
            scan_id=scan_id,
            document=document,
            kinds_now=told(kinds),
        )
    return document


def _loose(unit: Unit, scan_id: ScanId, scan_page_no: int | None) -> list[int]:
    return [
        no
        for no, kind, holder in unit.pages.of(scan_id)
        if holder is None and (kind is PageKind.BLANK if scan_page_no is None else no == scan_page_no)
    ]


def retry(scan_id: ScanId, actor: str, services: Services) -> None:
    """Have the machine try a quarantined or waiting scan again, from its original."""
    with services.catalog.write() as unit:
        scan = unit.scans.get(scan_id)
        if scan is None:
            raise NotFound(f"no scan {scan_id[:12]}")
        if scan.state not in (ScanState.QUARANTINED, ScanState.WAITING):
            raise NotAllowedNow(f"scan {scan_id[:12]} is {scan.state}")
        changed = unit.scans.change(
            scan_id, state=ScanState.RECEIVED, reason=None, detail=None, retry_at=None, attempts=0, waits=0
        )
        unit.events.append("retried", actor, scan_id=scan_id, scan=changed)
