"""The next version of a document that a person changes: looked up, formed, stored.

What every change of review.py, recheck.py and audit.py is made of. Promises: a change is
made to the version that was looked at or refused; the machine's reasons are kept; what was
filed leaves chart and index with the commit. Leaves out: what a person may want (review).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from scanindex import documents, extract, pipeline, sensitivity
from scanindex.errors import ConflictError, NotAllowedNow, NotFound
from scanindex.model import (
    Decision,
    Document,
    DocumentFields,
    DocumentId,
    DocumentState,
    Outcome,
    PageFindings,
    PageKind,
    PageReading,
    Scan,
    ScanId,
)
from scanindex.ports import Unit
from scanindex.services import Services

CHANGEABLE = (
    DocumentState.IN_REVIEW,
    DocumentState.RESCAN_WANTED,
    DocumentState.REPLACED,
    DocumentState.ENTERED_IN_ERROR,
    DocumentState.PAPER_KEPT,
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
        raise NotAllowedNow(f"document {document_id} is {document.state}; undo that in review first")
    return document


def renewed(document: Document) -> Document:
    """The next version of the document in the same place; what is filed is filed anew."""
    if document.state not in (*CHANGEABLE, DocumentState.FILED):
        raise NotAllowedNow(f"document {document.document_id} is {document.state}")
    state = DocumentState.PROPOSED if document.state is DocumentState.FILED else document.state
    return dataclasses.replace(document, version=document.version + 1, state=state)


def with_pages(document: Document, pages: tuple[int, ...], reason: str) -> Document:
    """The document with other pages: what they say is drawn again from the kept findings.

    Nobody is proposed for it: what was weighed stood on other pages as well (drawn_anew.py weighs it).
    """
    findings = tuple(f for f in document.findings if f.scan_page_no in pages)
    fields = fields_of(dataclasses.replace(document, pages=pages, findings=findings))
    return dataclasses.replace(
        without_proposal(back_in_review(document, reason), reason),
        pages=pages,
        page_facts=tuple(told for told in document.page_facts if told.scan_page_no in pages),
        findings=findings,
        fields=fields,
        document_type=fields.document_type,
        service_date=fields.service_date,
        grouping_reasons=(reason,),
        ties=tuple(tie for tie in document.ties if {tie.scan_page_no, tie.to_page_no} <= set(pages)),
    )


def with_found(
    document: Document,
    scan: Scan,
    read: Mapping[int, PageReading],
    names: tuple[str, ...],
    services: Services,
) -> Document:
    """The document with what pages say that come to it from aside; `names`: their kept readings.

    Its fields and labels follow; its pages stay as they are.
    """
    if not read:
        return document
    others = tuple(f for f in document.findings if f.scan_page_no not in read)
    told = tuple(facts for facts in document.page_facts if facts.scan_page_no not in read)
    found = [pipeline.find(reading, scan.received_at, services) for reading in read.values()]
    changed = dataclasses.replace(
        document,
        findings=others + tuple(f for page in found for f in page.findings),
        page_facts=told + pipeline.facts_of(list(read.values()), services),
        readings=tuple(dict.fromkeys(document.readings + names)),
    )
    changed = dataclasses.replace(changed, fields=fields_of(changed))
    text = "\n".join(reading.text for reading in read.values())
    labels = sensitivity.labels(text, changed, None, services.settings.sensitivity)
    return dataclasses.replace(changed, sensitivity=labels)


def fields_of(document: Document) -> DocumentFields:
    """Drawn from the kept findings of its pages."""
    return extract.fields([findings_on(document, no) for no in document.pages])


def findings_on(document: Document, scan_page_no: int) -> PageFindings:
    """What was kept of one of its pages."""
    found = tuple(f for f in document.findings if f.scan_page_no == scan_page_no)
    return PageFindings(scan_page_no=scan_page_no, findings=found)


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


def without_proposal(document: Document, *reasons: str) -> Document:
    """The document naming nobody; of its reasons these alone, and what is wrong with its file."""
    decision = dataclasses.replace(
        document.decision,
        patient_id=None,
        candidates=(),
        reasons=tuple(dict.fromkeys(filter(None, (*reasons, *damaged(document))))),
    )
    return dataclasses.replace(document, decision=decision)


def damaged(document: Document) -> tuple[str, ...]:
    """The reasons of a damaged file: they outlive every other decision."""
    return tuple(r for r in document.decision.reasons if r.startswith(pipeline.DAMAGED))


def without_person(decision: Decision) -> tuple[str, ...]:
    """The machine's reasons, without what earlier people's actions put before them."""
    return tuple(r for r in decision.reasons if " by user:" not in r)


def labelled(document: Document, services: Services) -> Document:
    """The document with the labels that its type, its patient and people give it now."""
    patient = services.roster.get(document.patient_id) if document.patient_id else None
    labels = sensitivity.of_person(document, patient, services.settings.sensitivity)
    return dataclasses.replace(document, sensitivity=labels)


def kept_for_scan(unit: Unit, scan_id: ScanId) -> tuple[str, ...]:
    """Names of all later readings of the scan's pages, so that a page set aside finds its own.

    Those of one page stand in the order they were made: a document that gave a page away holds
    the earlier ones of it, and never a later one without them.
    """
    holders = unit.documents.all(*DocumentState, scan_id=scan_id)
    return tuple(dict.fromkeys(name for document in holders for name in document.readings))


def read_aside(
    scan: Scan, pages: Iterable[int], names: tuple[str, ...], services: Services
) -> dict[int, PageReading]:
    """Pages in no document as they were read, from what was kept or from the spool; else read now."""
    wanted = list(pages)
    kept = pipeline.read_later(scan.scan_id, names, services) if wanted else {}
    return {no: kept.get(no) or services.workers.reread_page(scan, no, fresh=False) for no in wanted}


def as_on_paper(pages: set[int], scan_id: ScanId, unit: Unit) -> tuple[int, ...]:
    """In the order of the paper, which a folder may say is not that of the scan."""
    scan = unit.scans.get(scan_id)
    page_order = scan.preset.page_order if scan else ""
    return tuple(sorted(pages, key=documents.place_of(page_order, (scan and scan.page_count) or 0)))


def told(kinds: Mapping[int, PageKind]) -> dict[str, PageKind]:
    """As events carry them."""
    return {str(no): kind for no, kind in kinds.items()}


def store(
    unit: Unit,
    changed: Document,
    before: Document,
    event: str,
    actor: str,
    note: str = "",
    also: Document | None = None,
    **more: Any,
) -> None:
    """Keep the changed document and the event that says so; what was filed leaves chart and index.

    more: goes into the event too (`kinds_now`, `set_aside`: what becomes of pages).
    """
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
        **more,
    )
