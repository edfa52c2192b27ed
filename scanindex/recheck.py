"""Second thoughts: filed documents to look at again, and paper that must be scanned again.

Nothing here moves a document to another patient, and nothing is deleted: a document
whose paper was scanned again keeps its pages and names the one that took its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection

from scanindex import redecide
from scanindex.errors import ConflictError, NotAllowedNow, NotFound
from scanindex.model import Document, DocumentId, DocumentState, Outcome, PageFindings, Patient, PatientId
from scanindex.pipeline import readings_of
from scanindex.revisions import CHANGEABLE, current, store
from scanindex.services import MACHINE, Services

_REPLACING = (DocumentState.IN_REVIEW, DocumentState.PROPOSED, DocumentState.FILED)


def rescans(services: Services) -> list[Document]:
    """Documents whose paper must be scanned again, oldest first."""
    with services.catalog.read() as unit:
        return unit.documents.all(DocumentState.RESCAN_WANTED)


def rechecks(services: Services) -> list[Document]:
    """Filed documents that somebody should look at again, oldest first; they stay filed meanwhile."""
    with services.catalog.read() as unit:
        return unit.documents.all(DocumentState.FILED, needs_recheck=True)


_EXCHANGED = "The roster now has somebody else under this patient's number."


def after_import(
    services: Services,
    is_touched: Callable[[Patient], bool],
    is_exchanged: Callable[[Patient], bool] = lambda _: False,
    among: Collection[PatientId] | None = None,
) -> int:
    """Look again at what the machine filed for patients whom a new roster touches; returns how many
    documents came to the recheck list because their evidence no longer passes.

    among: the only patients it can touch; None: look through all. is_touched: whether the patient, or
    somebody like them, came or changed with it. is_exchanged:
    whether the record now holds somebody else; then whatever a person filed is listed as well. Nothing is
    moved. What rests on a cover sheet cannot be told from the pages and is listed too.
    """
    with services.catalog.read() as unit:
        filed = (
            unit.documents.all(DocumentState.FILED)
            if among is None
            else [d for p in sorted(among) for d in unit.documents.all(DocumentState.FILED, patient_id=p)]
        )
    touched: dict[str, bool] = {}
    exchanged: dict[str, bool] = {}
    count = 0
    for document in filed:
        patient_id = document.patient_id
        if patient_id is None or document.recheck:
            continue
        if patient_id not in touched:
            patient = services.roster.get(patient_id)
            touched[patient_id] = patient is None or is_touched(patient)
            exchanged[patient_id] = patient is not None and touched[patient_id] and is_exchanged(patient)
        if exchanged[patient_id]:
            count += _want_recheck(document, (_EXCHANGED,), services)
        elif not redecide.is_machines(document):
            continue
        elif touched[patient_id] and (reasons := _no_longer(document, services)):
            count += _want_recheck(document, reasons, services)
    return count


def _no_longer(document: Document, services: Services) -> tuple[str, ...]:
    """Why today's roster would not let the machine file it so; () where it would."""
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    if scan is None:
        return ()
    readings = readings_of(scan, document, services)
    found = tuple(
        PageFindings(scan_page_no=no, findings=tuple(f for f in document.findings if f.scan_page_no == no))
        for no in document.pages
    )
    decision = redecide.evidence_on(document, readings, found, services)
    if decision.outcome is Outcome.AUTO and decision.patient_id == document.patient_id:
        return ()
    return ("With the new roster the machine would no longer file it here.", *decision.reasons)


def _want_recheck(document: Document, reasons: tuple[str, ...], services: Services) -> bool:
    changed = dataclasses.replace(document, recheck=reasons)  # filed in this very version, as before
    try:
        with services.catalog.write() as unit:
            unit.documents.change(changed, expected_version=document.version)
            unit.events.append(
                "recheck_wanted",
                MACHINE,
                document_id=document.document_id,
                scan_id=document.scan_id,
                document=changed,
                reasons=reasons,
            )
    except ConflictError:
        return False  # a person was quicker
    return True


def replace(
    document_id: DocumentId,
    expected_version: int,
    by_id: DocumentId,
    note: str,
    actor: str,
    services: Services,
) -> Document:
    """Say that another document is the new scan of the same paper; this one leaves chart and lists.

    It keeps its pages, which stay with their original; `review.reopen` takes it back.
    """
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        if document.state not in (*CHANGEABLE, DocumentState.FILED):
            raise NotAllowedNow(f"document {document_id} is {document.state}")
        by = unit.documents.get(by_id)
        if by is None:
            raise NotFound(f"no document {by_id}")
        if by_id == document_id or by.state not in _REPLACING:
            raise NotAllowedNow(f"document {by_id} is {by.state} and cannot take its place")
        changed = dataclasses.replace(
            document,
            version=document.version + 1,
            state=DocumentState.REPLACED,
            recheck=(),
            replaced_by=by_id,
        )
        store(unit, changed, document, "replaced", actor, note)
    return changed


def confirm(
    document_id: DocumentId, expected_version: int, note: str, actor: str, services: Services
) -> Document:
    """A person looked again at a filed document: it is filed right and leaves the recheck list."""
    with services.catalog.write() as unit:
        document = current(unit, document_id, expected_version)
        if document.state is not DocumentState.FILED or not document.recheck:
            raise NotAllowedNow(f"document {document_id} is not on the recheck list")
        changed = dataclasses.replace(document, recheck=())  # filed in this very version, as before
        unit.documents.change(changed, expected_version=document.version)
        unit.events.append(
            "confirmed",
            actor,
            document_id=document_id,
            scan_id=document.scan_id,
            document=changed,
            note=note,
            reasons=document.recheck,
        )
    return changed
