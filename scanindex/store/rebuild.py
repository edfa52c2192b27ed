"""The catalog out of the archive: replaying the event log.

Every event that changes a scan or a document carries the new value whole, so a
replay is "put what it says". Used for a lost catalog, and after a restore for
the events that are newer than the backup's catalog. Patients, users and secrets
come from backup; a patient that only a record knows is put back as provisional.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from scanindex import certify
from scanindex.audit_model import AutoFiling, Incident, SourceRecord
from scanindex.delivery.attempts import as_before
from scanindex.delivery_model import Consent, Delivery, DeliveryState, ExportRun, Receipt
from scanindex.model import (
    Batch,
    Document,
    Event,
    PageKind,
    PagePrint,
    Patient,
    SavedSearch,
    Scan,
    ScanId,
)
from scanindex.paper_model import Hold, QaItem
from scanindex.ports import EventLog
from scanindex.store import roster_merging
from scanindex.store.catalog import Catalog, Unit
from scanindex.store.roster import SqlRoster
from scanindex.store.rows import from_plain
from scanindex.trail_model import NOT_LEFT

T = TypeVar("T")
_GROUP = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    state: DeliveryState
    answered_at: datetime | None
    receipt: Receipt | None


def replay(catalog: Catalog, log: EventLog, roster: SqlRoster) -> int:
    """Apply every event of the log that the catalog does not hold yet; returns how many."""
    with catalog.read() as unit:
        last = unit.events.last_seq()
    group: list[Event] = []
    count = 0
    for event in log.read():
        if event.seq <= last:
            continue
        if len(group) == _GROUP:
            count += _apply_group(catalog, roster, group)
            group = []
        group.append(event)
    return count + (_apply_group(catalog, roster, group, is_last=True) if group else 0)


def _apply_group(catalog: Catalog, roster: SqlRoster, group: list[Event], *, is_last: bool = False) -> int:
    """Rows put back carry no seals (the log has none): a new chain begins behind the last of them,
    in the same transaction, and names the log's end, whose hashes hold them."""
    for event in group:
        if patient := _value(event, "patient", Patient):
            restore_patient(roster, patient, event.payload.get("patient_id"))
            if event.kind == "patient_corrected":
                _restore_correction(roster, patient)
        roster_merging.replay(roster, event)
    with catalog.write() as unit:
        for event in group:
            unit.events.restore(event)
            _apply(unit, event)
        if is_last:
            unit.events.restart("machine", "put back from the archive's log")
    return len(group)


def _apply(unit: Unit, event: Event) -> None:
    if scan := _value(event, "scan", Scan):
        _put_scan(unit, scan)
    if "arrival_id" in event.payload and event.scan_id:
        _put_arrival(unit, event)
    for document in _documents(event):
        _put_document(unit, document)
    if kinds := event.payload.get("page_kinds"):
        holders = {no: d.document_id for d in _documents(event) for no in d.pages}
        numbered = {int(no): PageKind(kind) for no, kind in kinds.items()}
        assert event.scan_id is not None
        unit.pages.assign(event.scan_id, numbered, holders)
    if (kinds_now := event.payload.get("kinds_now")) and event.scan_id:
        unit.pages.mark(event.scan_id, {int(no): PageKind(kind) for no, kind in kinds_now.items()})
    if event.scan_id and (aside := event.payload.get("set_aside")):
        unit.pages.move(event.scan_id, [int(no) for no in aside], None)
    if event.scan_id and (made := event.payload.get("prints")):
        unit.prints.put(event.scan_id, [msgspec.convert(value, PagePrint) for value in made])
    if gone := event.payload.get("saved_search_gone"):
        unit.searches.drop(*gone)
    if saved := _value(event, "saved_search", SavedSearch):
        unit.searches.put(saved)
    _apply_paper(unit, event)
    _apply_audit(unit, event)
    _apply_exports(unit, event)


def _apply_paper(unit: Unit, event: Event) -> None:
    """Boxes of paper, what keeps them, and who looked at them."""
    if batch := _value(event, "batch", Batch):
        unit.batches.put(batch)
    if hold := _value(event, "hold", Hold):
        unit.holds.put(hold)
    for value in event.payload.get("qa_items", ()):
        unit.qa.put(msgspec.convert(value, QaItem))


def _apply_audit(unit: Unit, event: Event) -> None:
    """Modes, the ledger of what the machine filed, and incidents."""
    if event.kind == "decided" and (scan := _value(event, "scan", Scan)):
        certify.seen(scan.preset.source, unit)
    if event.kind == "filed":
        for document in _documents(event):
            certify.enter(document, unit)
    if record := _value(event, "source_record", SourceRecord):
        unit.sources.put(record)
    for value in event.payload.get("filings", ()):
        unit.filings.put(msgspec.convert(value, AutoFiling))
    if incident := _value(event, "incident", Incident):
        unit.incidents.put(incident)


def _apply_exports(unit: Unit, event: Event) -> None:
    """The ledger as far as anything left: what was only queued is queued again by the next export."""
    if run := _value(event, "export_run", ExportRun):
        unit.deliveries.put_run(run)
    if consent := _value(event, "consent", Consent):
        unit.consents.put(consent)
    for value in event.payload.get("deliveries", ()):
        line = from_plain(Delivery, value)
        if unit.deliveries.get(line.target, line.record.external_id) is None:
            unit.deliveries.add([line])
        else:
            unit.deliveries.put([line])
    target = event.payload.get("target", "")
    for external_id, state, answered_at, receipt in event.payload.get("receipts", ()):
        if line_now := unit.deliveries.get(target, external_id):
            answered = msgspec.convert(
                {"state": state, "answered_at": answered_at, "receipt": receipt}, _Answer
            )
            unit.deliveries.put(
                [
                    dataclasses.replace(
                        line_now,
                        state=answered.state,
                        answered_at=answered.answered_at,
                        receipt=answered.receipt,
                    )
                ]
            )
    for external_id in event.payload.get("waiting", ()) if event.kind == NOT_LEFT else ():
        if line_now := unit.deliveries.get(target, external_id):
            unit.deliveries.put([as_before(line_now)])
    if event.kind in ("export_dropped", "export_resent"):
        state_now = DeliveryState.DROPPED if event.kind == "export_dropped" else DeliveryState.PENDING
        for external_id in event.payload.get("external_ids", ()):
            if line_now := unit.deliveries.get(target, external_id):
                resends = line_now.resends + (event.kind == "export_resent")
                unit.deliveries.put([dataclasses.replace(line_now, state=state_now, resends=resends)])


def _put_scan(unit: Unit, scan: Scan) -> None:
    if unit.scans.get(scan.scan_id):
        unit.scans.put(scan)
    else:
        unit.scans.add(scan)


def _put_arrival(unit: Unit, event: Event) -> None:
    payload = event.payload
    unit.arrivals.add(
        ScanId(event.scan_id or ""),
        payload["inbox_path"],
        payload["fingerprint"],
        event.at,
        is_duplicate=event.kind == "duplicate",
        batch_id=payload.get("batch_id"),
    )


def _put_document(unit: Unit, document: Document) -> None:
    known = unit.documents.get(document.document_id)
    if known is None:
        unit.documents.add(document)
    else:
        unit.documents.change(document, expected_version=known.version)
    if document.pages:
        unit.pages.move(document.scan_id, document.pages, document.document_id)
    unit.outbox.add(document)


def restore_patient(roster: SqlRoster, patient: Patient, patient_id: Any) -> None:
    """Put a patient back who is known from paper or a record only; an existing one stays."""
    wanted = dataclasses.replace(patient, patient_id=patient_id or patient.patient_id)
    if roster.get(wanted.patient_id) is None:
        roster.add_provisional(wanted)


def _restore_correction(roster: SqlRoster, patient: Patient) -> None:
    """Unless it stands so, or the record went to another since."""
    now = roster.get(patient.patient_id)
    if now is not None and now.is_provisional and now != patient and not roster.linked_to(now.patient_id):
        roster.update(patient)


def _documents(event: Event) -> list[Document]:
    values = [event.payload.get("document"), event.payload.get("also"), *event.payload.get("documents", ())]
    return [msgspec.convert(value, Document) for value in values if value]


def _value(event: Event, key: str, cls: type[T]) -> T | None:
    value = event.payload.get(key)
    return msgspec.convert(value, cls) if value else None
