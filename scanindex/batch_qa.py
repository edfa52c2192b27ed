"""The second look at a box of paper: a sample, compared with its paper by somebody else.

Promises: a sample is as large as it takes to see the stated share of faults with 95 percent;
nobody looks at what they settled or at a batch they closed; a document that changed after the
look is looked at again; where a fault was found another sample is drawn. Leaves out whether the
paper may go (paper.py).
"""

from __future__ import annotations

import dataclasses
import math
import random
import secrets
from collections.abc import Mapping, Sequence

from scanindex.errors import ConflictError, NotAllowedNow, NotFound, UsageError
from scanindex.model import Batch, BatchId, Document, DocumentId, DocumentState, ScanId
from scanindex.paper_model import QaItem, QaLook, QaStatus
from scanindex.ports import Unit
from scanindex.services import Services

CONFIDENCE = 0.95
SETTLED = (
    DocumentState.FILED,
    DocumentState.ENTERED_IN_ERROR,
    DocumentState.REPLACED,
    DocumentState.PAPER_KEPT,
)
FAULT = "A second look at its batch found a fault."
_NOT_SETTLING = ("viewed", "printed", "downloaded", "exported", "qa_looked")


def sample_size(documents: int, fault_share: float) -> int:
    """Fewest documents to draw so that one of the faulty shows with CONFIDENCE.

    Of `documents`, drawn without putting back, if `fault_share` of them (rounded up) were faulty:
    the hypergeometric chance of seeing none of them.
    """
    faulty = math.ceil(fault_share * documents)
    unseen, drawn = 1.0, 0
    while drawn < documents and unseen > 1 - CONFIDENCE:
        unseen *= max(0, documents - faulty - drawn) / (documents - drawn)
        drawn += 1
    return drawn


def draw_qa(batch_id: BatchId, actor: str, services: Services, seed: int | None = None) -> QaStatus:
    """Draw a sample (another one, of documents not drawn yet, where there is one) of a closed batch."""
    seed = secrets.randbits(32) if seed is None else seed
    with services.catalog.write() as unit:
        batch = _closed(unit, batch_id)
        documents, items = _documents(unit, batch_id), unit.qa.of(batch_id)
        if any(d.state not in SETTLED for d in documents.values()):
            raise NotAllowedNow("a document of the batch is not settled yet")
        drawn = {item.document_id for item in items if item.draw_no}
        left = sorted(d.document_id for d in documents.values() if d.document_id not in drawn)
        if not left:
            raise NotAllowedNow("every document of the batch was drawn already")
        size = min(len(left), sample_size(len(documents), services.settings.batches.qa_fault_share))
        number = max((item.draw_no for item in items), default=0) + 1
        known = {item.document_id: item for item in items}
        made = [
            _drawn(documents[i], batch, number, actor, known.get(i), services)
            for i in random.Random(seed).sample(left, size)
        ]
        for item in made:
            unit.qa.put(item)
        unit.events.append(
            "qa_drawn", actor, batch_id=batch_id, qa_items=made, draw=number, seed=seed, of=len(documents)
        )
        return _status(unit, batch_id, services)


def qa_verdict(
    batch_id: BatchId,
    document_id: DocumentId,
    expected_version: int,
    is_ok: bool,
    note: str,
    actor: str,
    services: Services,
) -> QaStatus:
    """What a second person found, comparing a document with its paper. A fault needs a note.

    A filed document with a fault comes to the recheck list. Raises NotAllowedNow for whoever
    settled the document or closed its batch, ConflictError if it changed since it was looked at.
    """
    if not is_ok and not note.strip():
        raise UsageError("say what is wrong with a note")
    with services.catalog.write() as unit:
        batch = _closed(unit, batch_id)
        document = _documents(unit, batch_id).get(document_id)
        if document is None:
            raise NotFound(f"no document {document_id} in batch {batch_id}")
        if document.version != expected_version:
            raise ConflictError(f"document {document_id} is version {document.version} by now")
        if document_id not in _needed(unit, batch_id):
            raise NotAllowedNow(f"document {document_id} was not drawn")
        if actor == batch.closed_by:
            raise NotAllowedNow("whoever closed a batch cannot be the second person who looks at it")
        if _settled_by(actor, document, unit):
            raise NotAllowedNow(
                f"document {document_id} was settled by the same person; somebody else must look"
            )
        look = QaLook(
            at=services.clock.now(), by=actor, version=document.version, is_ok=is_ok, note=note.strip()
        )
        item = unit.qa.get(document_id) or _drawn(document, batch, 0, actor, None, services)
        item = dataclasses.replace(item, looks=(*item.looks, look))
        unit.qa.put(item)
        changed = _wanted_again(document, unit) if not is_ok else None
        unit.events.append(
            "qa_looked",
            actor,
            document_id=document_id,
            scan_id=document.scan_id,
            batch_id=batch_id,
            qa_items=[item],
            is_ok=is_ok,
            document=changed,
        )
        return _status(unit, batch_id, services)


def qa_status(batch_id: BatchId, services: Services) -> QaStatus:
    """Raises NotFound."""
    with services.catalog.read() as unit:
        return status_in(unit, batch_id, services)


def status_in(unit: Unit, batch_id: BatchId, services: Services) -> QaStatus:
    """The same within a transaction."""
    if unit.batches.get(batch_id) is None:
        raise NotFound(f"no batch {batch_id}")
    return _status(unit, batch_id, services)


# --- inside ------------------------------------------------------------------------------------
def _closed(unit: Unit, batch_id: BatchId) -> Batch:
    batch = unit.batches.get(batch_id)
    if batch is None:
        raise NotFound(f"no batch {batch_id}")
    if batch.closed_at is None:
        raise NotAllowedNow(f"batch {batch_id} is open; close it first")
    if batch.released_at is not None:
        raise NotAllowedNow(f"the paper of batch {batch_id} was released")
    return batch


def _documents(unit: Unit, batch_id: BatchId) -> dict[DocumentId, Document]:
    """What is made of the batch's paper; superseded ones left out."""
    return {
        document.document_id: document
        for scan in unit.scans.all(batch_id=batch_id)
        for document in unit.documents.all(scan_id=scan.scan_id)
    }


def _drawn(
    document: Document, batch: Batch, number: int, actor: str, known: QaItem | None, services: Services
) -> QaItem:
    return QaItem(
        batch_id=batch.batch_id,
        document_id=document.document_id,
        draw_no=number,
        scan_id=document.scan_id,
        pages=document.pages,
        drawn_at=services.clock.now(),
        drawn_by=actor,
        looks=known.looks if known else (),
    )


def _needed(unit: Unit, batch_id: BatchId) -> list[DocumentId]:
    """Documents that hold a drawn page now: the drawn ones, and what came of those that were divided."""
    places: dict[ScanId, Mapping[int, DocumentId | None]] = {}
    found: dict[DocumentId, None] = {}
    for item in unit.qa.of(batch_id):
        if not item.draw_no:
            continue
        if item.scan_id not in places:
            places[item.scan_id] = {no: holder for no, _, holder in unit.pages.of(item.scan_id)}
        holders = [places[item.scan_id].get(no) for no in item.pages]
        found |= dict.fromkeys(holder for holder in holders if holder is not None)
    return list(found)


def _settled_by(actor: str, document: Document, unit: Unit) -> bool:
    """Whether they decided about it or ever changed it."""
    if document.decision.decided_by == actor:
        return True
    return any(
        event.actor == actor
        and event.kind not in _NOT_SETTLING
        and any(event.payload.get(key) for key in ("document", "also", "documents"))
        for event in unit.events.of(document_id=document.document_id)
    )


def _wanted_again(document: Document, unit: Unit) -> Document | None:
    """On the recheck list, filed in this very version as before."""
    if document.state is not DocumentState.FILED:
        return None
    changed = dataclasses.replace(document, recheck=tuple(dict.fromkeys((*document.recheck, FAULT))))
    unit.documents.change(changed, expected_version=document.version)
    return changed


def _status(unit: Unit, batch_id: BatchId, services: Services) -> QaStatus:
    documents, items = _documents(unit, batch_id), unit.qa.of(batch_id)
    settled = [d for d in documents.values() if d.state in SETTLED]
    known = {item.document_id: item for item in items}
    faults: list[DocumentId] = []
    to_look_at: list[DocumentId] = []
    for document_id in _needed(unit, batch_id):
        version, item = documents[document_id].version, known.get(document_id)
        if item is None or not item.looks or item.looks[-1].version != version:
            to_look_at.append(document_id)
        elif not item.is_right(version):
            faults.append(document_id)
    return QaStatus(
        batch_id=batch_id,
        documents=len(settled),
        sample_size=sample_size(len(settled), services.settings.batches.qa_fault_share),
        items=tuple(items),
        to_look_at=tuple(to_look_at),
        faults_open=tuple(faults),
        points=tuple(_points(settled, items, to_look_at, faults)),
    )


def _points(
    settled: Sequence[Document],
    items: Sequence[QaItem],
    to_look_at: Sequence[DocumentId],
    faults: Sequence[DocumentId],
) -> list[str]:
    points = []
    drawn = {item.document_id: item.drawn_at for item in items if item.draw_no}
    if settled and not drawn:
        points.append("no sample was drawn for the second look")
    if to_look_at:
        points.append(f"{len(to_look_at)} drawn document(s) must be looked at by a second person")
    if faults:
        points.append(f"{len(faults)} fault(s) that the second look found must be put right")
    since = max(drawn.values(), default=None)
    looks = [look for item in items for look in item.looks if since and look.at >= since]
    if any(not look.is_ok for look in looks) and any(d.document_id not in drawn for d in settled):
        points.append("the last sample showed a fault; another one must be drawn")
    return points
