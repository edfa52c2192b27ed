"""What becomes of the paper: what keeps it, and the list by which it goes.

Promises: paper is released only when its batch is closed and old enough, a second person looked
at it, nothing of it waits or is only readable on paper, no hold is on it, and every byte that
stands for it was hashed right then. Nobody can take a release back: the paper is gone. Leaves out
destroying it, and whether a backup is newer: the program does not see those, a person says so.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from scanindex import batch_qa, batches, check
from scanindex.errors import FixityFailed, NotAllowedNow, NotFound, UsageError
from scanindex.model import Batch, BatchId, Document, DocumentId, DocumentState, Scan
from scanindex.paper_model import Hold, ReleaseLine, ReleaseList
from scanindex.ports import Unit
from scanindex.services import Services


# --- holds -------------------------------------------------------------------------------------
def hold(
    reason: str,
    actor: str,
    services: Services,
    *,
    batch_id: BatchId | None = None,
    document_id: DocumentId | None = None,
) -> Hold:
    """Keep the paper of a batch, or of one document (and so of its whole batch), until it is lifted."""
    if not reason.strip():
        raise UsageError("say why the paper must be kept")
    if (batch_id is None) == (document_id is None):
        raise UsageError("hold a batch or a document")
    with services.catalog.write() as unit:
        batch_id = batch_id or _batch_of(document_id, unit)
        batch = unit.batches.get(batch_id) if batch_id else None
        if batch_id and batch is None:
            raise NotFound(f"no batch {batch_id}")
        if batch and batch.released_at:
            raise NotAllowedNow(f"the paper of batch {batch_id} was released; there is nothing to hold")
        made = Hold(
            hold_id=services.ids.new(),
            batch_id=batch_id,
            document_id=document_id,
            reason=reason.strip(),
            placed_at=services.clock.now(),
            placed_by=actor,
        )
        unit.holds.put(made)
        unit.events.append("paper_held", actor, document_id=document_id, hold=made)
    return made


def lift(hold_id: str, note: str, actor: str, services: Services) -> Hold:
    """Take a hold away; needs a note. Raises NotFound, NotAllowedNow where it was lifted before."""
    if not note.strip():
        raise UsageError("say why the hold is lifted")
    with services.catalog.write() as unit:
        found = unit.holds.get(hold_id)
        if found is None:
            raise NotFound(f"no hold {hold_id}")
        if found.lifted_at:
            raise NotAllowedNow(f"hold {hold_id} was lifted already")
        lifted = dataclasses.replace(
            found, lifted_at=services.clock.now(), lifted_by=actor, note=note.strip()
        )
        unit.holds.put(lifted)
        unit.events.append("paper_hold_lifted", actor, document_id=lifted.document_id, hold=lifted)
    return lifted


def holds(services: Services, batch_id: BatchId | None = None, *, open_only: bool = False) -> list[Hold]:
    """Oldest first; what is kept because only the paper can be read is not among them (`kept`)."""
    with services.catalog.read() as unit:
        return unit.holds.all(batch_id=batch_id, open_only=open_only)


def kept(batch_id: BatchId, services: Services) -> list[Document]:
    """Documents of a batch of which only the paper can be read: they hold it by themselves."""
    with services.catalog.read() as unit:
        scans = unit.scans.all(batch_id=batch_id)
        return [d for s in scans for d in unit.documents.all(DocumentState.PAPER_KEPT, scan_id=s.scan_id)]


def _batch_of(document_id: DocumentId | None, unit: Unit) -> BatchId | None:
    document = unit.documents.get(document_id) if document_id else None
    if document is None:
        raise NotFound(f"no document {document_id}")
    scan = unit.scans.get(document.scan_id)
    return scan.batch_id if scan else None


# --- release -----------------------------------------------------------------------------------
def release_points(batch_id: BatchId, services: Services) -> list[str]:
    """Why the paper of a batch may not go yet, in plain words; [] if only the hashing is left."""
    with services.catalog.read() as unit:
        return _points(batch_id, unit, services)


def release(
    batch_id: BatchId, confirmation: str, is_backed_up: bool, actor: str, services: Services
) -> ReleaseList:
    """Let the paper of a batch go, for good; the list is to be printed and signed.

    confirmation: the label of the batch, typed by the person. is_backed_up: they say that a
    backup made after the batch's last filing lies elsewhere. Hashes every original and document of
    the batch, which takes a while. Raises UsageError, NotAllowedNow with all open points,
    FixityFailed.
    """
    with services.catalog.read() as unit:
        points = _points(batch_id, unit, services)
        batch = _batch(batch_id, unit)
        scans = unit.scans.all(batch_id=batch_id)
        documents = {scan.scan_id: unit.documents.all(scan_id=scan.scan_id) for scan in scans}
    if points:
        raise NotAllowedNow("; ".join(points))
    if confirmation.strip() != batch.label.strip():
        raise UsageError("what was typed is not the label of the batch; nothing was released")
    if not is_backed_up:
        raise UsageError("make a backup first, and say that it lies elsewhere; nothing was released")
    bad = [p for scan in scans for p in check.problems_of(scan, documents[scan.scan_id], services)]
    if bad:
        raise FixityFailed(f"{len(bad)} file(s) of the batch are not whole; the paper stays")
    with services.catalog.write() as unit:
        if points := _points(batch_id, unit, services):
            raise NotAllowedNow("; ".join(points))
        if {d.document_id: d.version for one in documents.values() for d in one} != {
            d.document_id: d.version for s in scans for d in unit.documents.all(scan_id=s.scan_id)
        }:
            raise NotAllowedNow("a document of the batch changed meanwhile; look again")
        released = dataclasses.replace(
            unit.batches.get(batch_id) or batch, released_at=services.clock.now(), released_by=actor
        )
        unit.batches.put(released)
        made = _list(released, unit)
        unit.events.append(
            "paper_released",
            actor,
            batch=released,
            is_backed_up=is_backed_up,
            sheets=made.sheets,
            files=[[line.scan_id, line.size_bytes, line.sides] for line in made.lines],
        )
    return made


def release_list(batch_id: BatchId, services: Services) -> ReleaseList:
    """The list of a batch whose paper was released, to be printed again. Raises NotAllowedNow."""
    with services.catalog.read() as unit:
        return _list(_batch(batch_id, unit), unit)


def _batch(batch_id: BatchId, unit: Unit) -> Batch:
    batch = unit.batches.get(batch_id)
    if batch is None:
        raise NotFound(f"no batch {batch_id}")
    return batch


def _points(batch_id: BatchId, unit: Unit, services: Services) -> list[str]:
    found = batches.counted(batch_id, unit)
    batch = found.batch
    if batch.released_at:
        return [f"its paper was released on {batch.released_at:%Y-%m-%d} already"]
    if batch.closed_at is None:
        return ["it is not closed", *found.open_points()]
    points = found.unsettled()
    if found.paper_kept:
        points.append(f"{found.paper_kept} page(s) can only be read on paper, which is kept")
    until = batch.closed_at + timedelta(days=services.settings.batches.keep_days)
    if services.clock.now() < until:
        points.append(f"its paper is kept until {until:%Y-%m-%d}")
    open_holds = unit.holds.all(batch_id=batch_id, open_only=True)
    points += [f"hold {h.hold_id[:8]} of {h.placed_at:%Y-%m-%d} is not lifted" for h in open_holds]
    return points + list(batch_qa.status_in(unit, batch_id, services).points)


def _list(batch: Batch, unit: Unit) -> ReleaseList:
    if batch.released_at is None or batch.closed_at is None:
        raise NotAllowedNow(f"the paper of batch {batch.batch_id} was not released")
    found = batches.counted(batch.batch_id, unit)
    looks = [look for item in unit.qa.of(batch.batch_id) for look in item.looks]
    return ReleaseList(
        batch_id=batch.batch_id,
        label=batch.label,
        location=batch.location,
        released_at=batch.released_at,
        released_by=batch.released_by,
        closed_at=batch.closed_at,
        closed_by=batch.closed_by,
        looked_at_by=tuple(dict.fromkeys(look.by for look in looks)),
        sheets=-(-found.sides_scanned // batch.sides),
        sides=found.sides_scanned,
        duplicates=found.duplicates,
        lines=tuple(_line(scan, unit) for scan in unit.scans.all(batch_id=batch.batch_id)),
    )


def _line(scan: Scan, unit: Unit) -> ReleaseLine:
    return ReleaseLine(
        scan_id=scan.scan_id,
        name=scan.name,
        size_bytes=scan.size_bytes,
        sides=scan.page_count or 0,
        documents=len(unit.documents.all(scan_id=scan.scan_id)),
        received_at=scan.received_at,
    )
