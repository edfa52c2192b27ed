"""The next version of a document that a person changes: looked up, formed, stored.

What every change of review.py, recheck.py and audit.py is made of. Promises: a change is
made to the version that was looked at or refused; the machine's reasons are kept; what was
filed leaves chart and index with the commit. Leaves out: what a person may want (review).
"""

from __future__ import annotations

import dataclasses

from scanindex import extract
from scanindex.errors import ConflictError, NotAllowedNow, NotFound
from scanindex.model import Decision, Document, DocumentId, DocumentState, Outcome, PageFindings
from scanindex.ports import Unit

CHANGEABLE = (
    DocumentState.IN_REVIEW,
    DocumentState.RESCAN_WANTED,
    DocumentState.REPLACED,
    DocumentState.ENTERED_IN_ERROR,
)


def current(unit: Unit, document_id: DocumentId, expected_version: int) -> Document:
    """The document as it is now. Raises NotFound, or ConflictError if it changed since it was looked at."""
    document = unit.documents.get(document_id)
    if document is None:
        raise NotFound(f"no document {document_id}")
    if document.version != expected_version:
        raise ConflictError(
            f"document {document_id} is version {document.version} ({document.state}) by now, "
            f"not {expected_version}"
        )
    return document


def changeable(unit: Unit, document_id: DocumentId, expected_version: int) -> Document:
    """The same, of a document that is not filed or about to be. Raises NotAllowedNow too."""
    document = current(unit, document_id, expected_version)
    if document.state not in CHANGEABLE:
        raise NotAllowedNow(f"document {document_id} is {document.state}; `review undo` it first")
    return document


def renewed(document: Document) -> Document:
    """The next version of the document in the same place; what is filed is filed anew."""
    if document.state not in (*CHANGEABLE, DocumentState.FILED):
        raise NotAllowedNow(f"document {document.document_id} is {document.state}")
    state = DocumentState.PROPOSED if document.state is DocumentState.FILED else document.state
    return dataclasses.replace(document, version=document.version + 1, state=state)


def with_pages(document: Document, pages: tuple[int, ...], reason: str) -> Document:
    """The document with other pages: what they say is drawn again from the kept findings."""
    findings = tuple(f for f in document.findings if f.scan_page_no in pages)
    by_page = [
        PageFindings(scan_page_no=no, findings=tuple(f for f in findings if f.scan_page_no == no))
        for no in pages
    ]
    fields = extract.fields(by_page)
    return dataclasses.replace(
        back_in_review(document, reason),
        pages=pages,
        page_facts=tuple(told for told in document.page_facts if told.scan_page_no in pages),
        findings=findings,
        fields=fields,
        document_type=fields.document_type,
        service_date=fields.service_date,
        grouping_reasons=(reason,),
        ties=tuple(tie for tie in document.ties if {tie.scan_page_no, tie.to_page_no} <= set(pages)),
    )


def back_in_review(document: Document, *reasons: str) -> Document:
    """The next version of a document, in review for these reasons."""
    decision = dataclasses.replace(
        document.decision,
        outcome=Outcome.REVIEW,
        patient_id=None,
        rule="person",
        reasons=(*reasons, *without_person(document.decision)),
    )
    return dataclasses.replace(
        document,
        version=document.version + 1,
        state=DocumentState.IN_REVIEW,
        patient_id=None,
        decision=decision,
        recheck=(),
        replaced_by=None,
    )


def without_person(decision: Decision) -> tuple[str, ...]:
    """The machine's reasons, without what earlier people's actions put before them."""
    return tuple(r for r in decision.reasons if " by user:" not in r)


def store(
    unit: Unit,
    changed: Document,
    before: Document,
    event: str,
    actor: str,
    note: str = "",
    also: Document | None = None,
) -> None:
    """Keep the changed document and the event that says so; what was filed leaves chart and index."""
    unit.documents.change(changed, expected_version=before.version)
    if before.state is DocumentState.FILED:
        # Out of chart and index now, not only once the new version is filed.
        unit.outbox.add(changed)
    unit.events.append(
        event,
        actor,
        document_id=changed.document_id,
        scan_id=changed.scan_id,
        document=changed,
        also=also,
        note=note,
        version_before=before.version,
    )
