"""The neutral columns of an index file: what each says of a record, as plain text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from scanindex.delivery_model import ExportRecord

Value = Callable[[ExportRecord], str]
DATES = ("service_date", "service_end", "dob")
"""Civil and maybe partial; written as the profile wants dates."""
MOMENTS = ("received_date", "scan_date", "filed_date", "created_date")
"""UTC days."""


def _name(record: ExportRecord, part: str) -> str:
    names = record.patient.names
    return str(getattr(names[0], part)) if names else ""


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


COLUMNS: Mapping[str, Value] = {
    "external_id": lambda r: r.external_id,
    "action": lambda r: r.action.value,
    "replaces_external_id": lambda r: r.replaces or "",
    "reason": lambda r: r.reason,
    "patient_id": lambda r: r.patient.main.value,
    "assigning_authority": lambda r: r.patient.main.namespace,
    "assigning_authority_oid": lambda r: r.patient.main.oid,
    "id_type": lambda r: r.patient.main.type,
    "other_ids": lambda r: " ".join(i.value for i in r.patient.identifiers if not i.is_main),
    "last": lambda r: _name(r, "last"),
    "first": lambda r: _name(r, "first"),
    "middle": lambda r: _name(r, "middle"),
    "suffix": lambda r: _name(r, "suffix"),
    "dob": lambda r: r.patient.birth_date or "",
    "sex": lambda r: r.patient.sex or "",
    "doc_type_local": lambda r: r.type.local or r.type.key,
    "doc_type_loinc": lambda r: r.type.loinc or "",
    "doc_type_hl7": lambda r: r.type.hl7,
    "service_date": lambda r: r.service_date or "",
    "service_end": lambda r: r.service_end or "",
    "received_date": lambda r: _day(r.provenance.received_at),
    "scan_date": lambda r: _day(r.provenance.received_at),
    "filed_date": lambda r: _day(r.provenance.filed_at),
    "created_date": lambda r: _day(r.created_at),
    "encounter_id": lambda r: r.encounter_id or "",
    "author": lambda r: r.author or "",
    "department": lambda r: r.facility or "",
    "title": lambda r: r.title,
    "mime": lambda r: r.content.media_type if r.content else "",
    "bytes": lambda r: str(r.content.size_bytes) if r.content else "",
    "sha256": lambda r: r.content.sha256 if r.content else "",
    "page_count": lambda r: str(r.content.page_count) if r.content else "",
    "confidentiality": lambda r: r.confidentiality,
    "sensitive_flags": lambda r: " ".join(r.sensitivity),
    "consent_reference": lambda r: r.consent.reference if r.consent else "",
    "redisclosure_notice": lambda r: r.consent.notice if r.consent else "",
    "source_batch": lambda r: r.provenance.batch_label or r.provenance.batch_id or "",
    "box": lambda r: r.provenance.box,
    "original_sha256": lambda r: r.provenance.scan_id,
    "document_version": lambda r: str(r.version),
    "status": lambda r: "cancelled" if r.content is None else "final",
}
"""Name to value; `file_name` and `file_path` come from the form, which names the file."""
FILE_NAME, FILE_PATH = "file_name", "file_path"
ALL = (*COLUMNS, FILE_NAME, FILE_PATH)
