"""Values of the model as plain JSON-able data and as text; shared by several commands."""

from __future__ import annotations

from typing import Any

from scanindex import app, quality
from scanindex.access_model import Access
from scanindex.cli.common import patient_line
from scanindex.intake import decode_path
from scanindex.model import Document, DocumentState, Patient, Scan

_READ = (
    "name",
    "birth_date",
    "mrn",
    "outside_mrn",
    "sex",
    "ssn4",
    "phone",
    "address",
    "account",
    "service_date",
    "provider",
    "facility",
)


def document_data(document: Document, opened: app.Workspace, access: Access) -> dict[str, Any]:
    """One document as scripts get it: what was read, what was decided, by whom."""
    roster = opened.roster
    patient = roster.get(document.patient_id) if document.patient_id else None
    candidates = []
    for candidate in document.decision.candidates:
        if not access.sees_patient(candidate.patient_id):
            continue
        person = roster.get(candidate.patient_id)
        candidates.append(
            {
                "patient_id": candidate.patient_id,
                "mrn": person.mrn if person else None,
                "score": round(candidate.score, 4),
            }
        )
    is_filed = document.state is DocumentState.FILED
    return {
        "document_id": document.document_id,
        "version": document.version,
        "state": document.state,
        "scan_id": document.scan_id,
        "scan_pages": list(document.pages),
        "document_type": document.document_type,
        "sensitivity": list(document.sensitivity),
        "service_date": document.service_date,
        "read": {key: getattr(document.fields, key) for key in _READ},
        "patient": patient_data(patient),
        "filed_by": document.decision.decided_by if is_filed else None,
        "filed_at": document.filed_at,
        "outcome": document.decision.outcome,
        "rule": document.decision.rule,
        "reasons": list(document.decision.reasons),
        "candidates": candidates,
        "folder": folder_of(document, opened),
        "legibility": document.legibility,
        "page_facts": list(document.page_facts),
        "rescan_wishes": list(quality.wishes(document)),
        "recheck": list(document.recheck),
        "replaced_by": document.replaced_by,
    }


def folder_of(document: Document, opened: app.Workspace) -> str | None:
    if document.filed_version is None:
        return None
    folder = opened.archive.document_folder(document.document_id, document.filed_version)
    return str(folder)


def patient_data(patient: Patient | None) -> dict[str, Any] | None:
    if patient is None:
        return None
    return {
        "patient_id": patient.patient_id,
        "mrn": patient.mrn,
        "name": patient.display_name,
        "birth_date": patient.birth_date,
        "sex": patient.sex,
        "is_provisional": patient.is_provisional,
        "identifiers": [
            {"authority": i.authority, "type": i.type, "value": i.value} for i in patient.identifiers
        ],
    }


def scan_data(scan: Scan, names: list[str]) -> dict[str, Any]:
    return {
        "scan_id": scan.scan_id,
        "names": names,
        "source": scan.preset.source,
        "state": scan.state,
        "reason": scan.reason,
        "detail": scan.detail,
        "media_type": scan.media_type,
        "size_bytes": scan.size_bytes,
        "page_count": scan.page_count,
        "received_at": scan.received_at,
        "retry_at": scan.retry_at,
        "batch_id": scan.batch_id,
    }


def names_of(scan: Scan, opened: app.Workspace) -> list[str]:
    """File names it arrived under, first one first (duplicates included)."""
    with opened.catalog.read() as unit:
        arrivals = unit.arrivals.of(scan.scan_id)
    return list(
        dict.fromkeys(decode_path(a.inbox_path).name.encode("utf-8", "replace").decode() for a in arrivals)
    )


def pages_text(pages: tuple[int, ...]) -> str:
    """(1, 2, 3, 5) as "1-3, 5"."""
    runs: list[list[int]] = []
    for no in pages:
        if runs and no == runs[-1][1] + 1:
            runs[-1][1] = no
        else:
            runs.append([no, no])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def document_row(document: Document, opened: app.Workspace) -> tuple[str, ...]:
    patient = opened.roster.get(document.patient_id) if document.patient_id else None
    return (
        f"{document.document_id[:8]}@{document.version}",
        document.state,
        document.document_type or "-",
        document.service_date or "-",
        pages_text(document.pages),
        patient_line(patient),
    )


DOCUMENT_HEAD = ("DOCUMENT", "STATE", "TYPE", "DATE", "PAGES", "PATIENT")
