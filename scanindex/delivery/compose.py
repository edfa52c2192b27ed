"""The neutral record of one document for one receiver, from what the catalog holds. Pure.

Promises: equal input gives an equal record; `fingerprint` changes exactly when the receiver would
notice a difference, so that a changed note here is no correction there.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scanindex import __version__
from scanindex.classify.sensitivity import MINOR
from scanindex.delivery_model import (
    Action,
    Consent,
    ConsentNote,
    Content,
    ExportRecord,
    Kind,
    Provenance,
    SentIdentifier,
    SentPatient,
    SentType,
)
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.model import Batch, Document, Patient, Scan
from scanindex.settings import Settings
from scanindex.target_profile import Target

PART_2_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
"""The short form that 42 CFR 2.32(a)(2) permits."""
_KNOWN = {kind.key: kind for kind in DOCUMENT_TYPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that a record is made of."""

    document: Document
    patient: Patient = field(repr=False)
    scan: Scan = field(repr=False)
    batch: Batch | None
    content: Content
    consent: Consent | None = None


def external_id(document_id: str, number: int) -> str:
    """The id of the `number`th export of a document to a target; never used for another."""
    return f"{document_id}-{number}"


def number_of(record: ExportRecord) -> int:
    """Which export of its document it is."""
    return int(record.external_id.rsplit("-", 1)[1])


def control_id(target: str, external: str) -> str:
    """20 letters and digits (HL7 v2 MSH-10 is ST(20) up to 2.6) that stand for target and id."""
    made = hashlib.sha256(f"{target}\0{external}".encode()).digest()
    return base64.b32encode(made).decode("ascii")[:20]


def record_of(
    material: Material, number: int, target: Target, settings: Settings, now: datetime
) -> ExportRecord:
    """As a new document; `as_replacement` and `cancellation` make corrections of it."""
    document, made = material.document, external_id(material.document.document_id, number)
    fields = document.fields
    kind = type_of(document.document_type, target, settings)
    return ExportRecord(
        external_id=made,
        control_id=control_id(target.name, made),
        action=Action.NEW,
        replaces=None,
        document_id=document.document_id,
        version=document.version,
        patient=patient_of(material.patient, target, settings),
        type=kind,
        title=kind.local_title or kind.title,
        service_date=document.service_date,
        service_end=fields.service_end if fields.service_end != document.service_date else None,
        encounter_id=fields.account if target.document.encounter != "never" else None,
        author=fields.provider,
        facility=fields.facility,
        language=target.document.language,
        sensitivity=document.sensitivity,
        confidentiality="R" if {*document.sensitivity} - {MINOR} else "N",
        consent=_note(material.consent),
        content=dataclasses.replace(material.content, file_name=_file_name(made, material.content)),
        provenance=_provenance(material),
        created_at=now,
    )


def renumbered(record: ExportRecord, number: int, target: str) -> ExportRecord:
    """The same under another id."""
    made = external_id(record.document_id, number)
    content = record.content and dataclasses.replace(
        record.content, file_name=_file_name(made, record.content)
    )
    return dataclasses.replace(record, external_id=made, control_id=control_id(target, made), content=content)


def as_replacement(
    record: ExportRecord, old: ExportRecord, reason: str, ids: tuple[str, ...]
) -> ExportRecord:
    """ids: what the receiver calls the old one."""
    return dataclasses.replace(
        record,
        action=Action.REPLACE,
        replaces=old.external_id,
        replaced_receiver_ids=ids,
        reason=reason,
        series_id=old.series_id or old.external_id,
    )


def cancellation(
    old: ExportRecord,
    number: int,
    target: str,
    reason: str,
    ids: tuple[str, ...],
    now: datetime,
    version: int,
) -> ExportRecord:
    """What takes `old` back, for the patient that it was sent for; version: of the document now."""
    made = external_id(old.document_id, number)
    return dataclasses.replace(
        old,
        external_id=made,
        control_id=control_id(target, made),
        action=Action.CANCEL,
        version=version,
        replaces=old.external_id,
        replaced_receiver_ids=ids,
        reason=reason,
        content=None,
        created_at=now,
    )


def fingerprint(record: ExportRecord) -> str:
    """Of what the receiver would notice."""
    content = record.content
    told = {
        "who": [dataclasses.astuple(i) for i in record.patient.identifiers if i.is_main],
        "what": [record.type.local, record.type.loinc, record.type.hl7, record.title],
        "when": [record.service_date, record.service_end],
        "visit": record.encounter_id,
        "confidentiality": record.confidentiality,
        "content": [content.media_type, content.sha256] if content else None,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def difference(old: ExportRecord, new: ExportRecord) -> str:
    """What was corrected, in the word for `ExportRecord.reason`; the patient aside."""
    if (old.type.key, old.type.local, old.type.loinc) != (new.type.key, new.type.local, new.type.loinc):
        return "retyped"
    if (old.service_date, old.service_end, old.encounter_id) != (
        new.service_date,
        new.service_end,
        new.encounter_id,
    ):
        return "redated"
    if old.confidentiality != new.confidentiality:
        return "relabelled"
    return "reread"


def numbers_of(patient: Patient, target: Target, settings: Settings) -> list[str]:
    """The patient's numbers of the authority that the receiver files by; the valid one first."""
    wanted = target.patient.authority or settings.site.mrn_authority
    return [i.value for i in patient.identifiers if i.type == "mrn" and i.authority == wanted]


def patient_of(patient: Patient, target: Target, settings: Settings) -> SentPatient:
    """Raises nothing: whoever has no number there has no identifiers (holds `no_number`)."""
    rule = target.patient
    namespace = rule.namespace or rule.authority or settings.site.mrn_authority
    numbers = numbers_of(patient, target, settings)
    kept = numbers if rule.send_old_numbers else numbers[:1]
    return SentPatient(
        patient_id=patient.patient_id,
        identifiers=tuple(
            SentIdentifier(
                value=value,
                type=rule.id_type,
                namespace=namespace,
                oid=rule.oid,
                system=rule.system or (f"urn:oid:{rule.oid}" if rule.oid else ""),
                is_main=place == 0,
            )
            for place, value in enumerate(kept)
        ),
        names=tuple(n for n in patient.names if n.use == "official")[:1] or patient.names[:1],
        birth_date=patient.birth_date,
        sex=patient.sex,
        address=patient.address,
        phone=patient.phone,
    )


def type_of(key: str | None, target: Target, settings: Settings) -> SentType:
    """Ours, with the receiver's words over it."""
    known = _KNOWN.get(key or "")
    own = next((t for t in settings.types if t.code == key), None)
    rule = target.types.get(key or "")
    title = known.title if known else (own.name if own and own.name else "Document")
    loinc = (rule.loinc if rule else "") or (known.loinc if known else (own.loinc if own else "")) or None
    ours = known.kind if known else Kind.NOTE
    return SentType(
        key=key or "",
        title=title,
        loinc=loinc,
        kind=Kind(rule.kind) if rule and rule.kind else ours,
        local=rule.code if rule else "",
        local_title=rule.title if rule else "",
        hl7=(rule.hl7 if rule else "") or (known.hl7 if known else ""),
    )


def _note(consent: Consent | None) -> ConsentNote | None:
    if consent is None:
        return None
    return ConsentNote(reference=consent.reference, given_on=consent.given_on, notice=PART_2_NOTICE)


def _provenance(material: Material) -> Provenance:
    document, scan, batch = material.document, material.scan, material.batch
    return Provenance(
        scan_id=scan.scan_id,
        scan_pages=document.pages,
        received_at=scan.received_at,
        filed_at=document.filed_at or document.created_at,
        decided_by=document.decision.decided_by,
        software=f"scanindex {__version__}",
        batch_id=scan.batch_id,
        batch_label=batch.label if batch else "",
        box=batch.location if batch else "",
    )


_SUFFIXES: Mapping[str, str] = {"application/pdf": "pdf", "image/tiff": "tif"}


def _file_name(external: str, content: Content) -> str:
    return f"{external}.{_SUFFIXES.get(content.media_type, 'bin')}"
