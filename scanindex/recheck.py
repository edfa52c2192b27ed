"""Second thoughts: filed documents to look at again, and paper that must be scanned again.

Nothing here moves a document to another patient, and nothing is deleted: a document
whose paper was scanned again keeps its pages and names the one that took its place.
"""

from __future__ import annotations

import dataclasses

from scanindex.errors import NotAllowedNow, NotFound
from scanindex.model import Document, DocumentId, DocumentState
from scanindex.pipeline import Services
from scanindex.review import CHANGEABLE, current, store

_REPLACING = (DocumentState.IN_REVIEW, DocumentState.PROPOSED, DocumentState.FILED)


def rescans(services: Services) -> list[Document]:
    """Documents whose paper must be scanned again, oldest first."""
    with services.catalog.read() as unit:
        return unit.documents.all(DocumentState.RESCAN_WANTED)


def rechecks(services: Services) -> list[Document]:
    """Filed documents that somebody should look at again, oldest first; they stay filed meanwhile."""
    with services.catalog.read() as unit:
        return unit.documents.all(DocumentState.FILED, needs_recheck=True)


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
