"""The resources made from an export record: US Core DocumentReference, DiagnosticReport, Provenance, Patient.

Facts: FHIR R4 4.0.1; US Core "clinical notes" (a scanned report is to be found as DocumentReference
and as DiagnosticReport, both with the same address of the content); 42 CFR 2.32 (the notice goes along).
Pure but for reading the document's own file once for its SHA-1, which is the hash that R4 has.
What stands where at the receiver comes from outside as `Place`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from scanindex.delivery_model import ConsentNote, ExportRecord, Kind, SentPatient
from scanindex.ehr import parts
from scanindex.ehr.fhir_values import (
    LOINC,
    TERMINOLOGY,
    Json,
    base64_of_hex,
    coding,
    concept,
    identifier,
    instant,
    period,
    text,
)
from scanindex.target_profile import FhirRule

US_CORE = "http://hl7.org/fhir/us/core"
CATEGORY = f"{US_CORE}/CodeSystem/us-core-documentreference-category"
ACT_CODE = f"{TERMINOLOGY}/v3-ActCode"
NULL_FLAVOR = f"{TERMINOLOGY}/v3-NullFlavor"
_CLINICAL_NOTE = coding(f"{CATEGORY}|clinical-note|Clinical Note")
CATEGORIES: Mapping[str, Json] = MappingProxyType(
    {
        "note": _CLINICAL_NOTE,
        "report": _CLINICAL_NOTE,
        # US Core's slice is open; its one code means clinical notes, which these are not.
        "admin": coding(f"{LOINC}|51851-4|Administrative note"),
        "advance_directive": coding(f"{LOINC}|42348-3|Advance healthcare directives"),
    }
)
"""By type, else by kind."""
REPORT_CATEGORIES: Mapping[str, Json] = MappingProxyType(
    {
        "lab_report": coding(f"{TERMINOLOGY}/v2-0074|LAB|Laboratory"),
        "radiology_report": coding(f"{LOINC}|LP29684-5|Radiology"),
        "cardiology_report": coding(f"{LOINC}|LP29708-2|Cardiology"),
        "ecg_report": coding(f"{LOINC}|LP29708-2|Cardiology"),
        "pathology_report": coding(f"{LOINC}|LP7839-6|Pathology"),
        "autopsy_report": coding(f"{LOINC}|LP7839-6|Pathology"),
        "": coding(f"{TERMINOLOGY}/v2-0074|OTH|Other"),
    }
)
_SENSITIVITY: Mapping[str, Json] = MappingProxyType(
    {
        "mental_health": coding(f"{ACT_CODE}|MH|mental health information sensitivity"),
        "substance_use": coding(f"{ACT_CODE}|SUD|substance use disorder information sensitivity"),
        "hiv": coding(f"{ACT_CODE}|HIV|HIV/AIDS information sensitivity"),
        "reproductive": coding(f"{ACT_CODE}|SEX|sexuality and reproductive health information sensitivity"),
        "vip": coding(f"{ACT_CODE}|CEL|celebrity information sensitivity"),
    }
)
_CONFIDENTIALITY = {"N": "normal", "R": "restricted", "V": "very restricted"}
_GENDERS = {"M": "male", "F": "female", "O": "other", "U": "unknown"}
WITHDRAWN = "This document was entered in error and has been withdrawn."
"""Content of a cancellation where there is no server that keeps the old one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What belongs to a record, as it is called where the record goes."""

    subject: Json = field(repr=False)
    """Reference to the patient."""
    encounter: Json | None = field(default=None, repr=False)
    replaced: tuple[Json, ...] = ()
    """References to what it replaces."""
    url: str | None = None
    """Address of the content; None: in line."""


def key_of(external_id: str, rule: FhirRule) -> Json:
    return identifier(rule.id_system, external_id)


def patient_key(patient: SentPatient) -> Json:
    main = patient.main
    return identifier(main.system, main.value)


def attachment(record: ExportRecord, url: str | None) -> Json:
    """Reads the file for its SHA-1. Raises FixityFailed, StorageFailed."""
    content = record.content
    assert content is not None  # CANCEL is told from what is there
    raw = parts.content_part(content, in_base64=False)
    made: Json = {"contentType": content.media_type}
    if record.language:
        made["language"] = record.language
    if url is None:
        made["data"] = parts.content_part(content, in_base64=True)
    else:
        made["url"] = url
    made["size"] = content.size_bytes
    made["hash"] = base64.b64encode(parts.digest((raw,), "sha1")).decode("ascii")
    if title := text(record.title):
        made["title"] = title
    made["creation"] = instant(record.provenance.filed_at)
    return made


def document_reference(record: ExportRecord, rule: FhirRule, place: Place, content: Json) -> Json:
    """content: of `attachment`. Equal input gives equal output."""
    people, authors = _authors(record, rule)
    made: Json = {"resourceType": "DocumentReference"}
    if rule.claim_profiles:
        made["meta"] = {"profile": [f"{US_CORE}/StructureDefinition/us-core-documentreference"]}
    if people:
        made["contained"] = people
    key = key_of(record.external_id, rule)
    made |= {
        "masterIdentifier": key,
        "identifier": [key],
        "status": "current",
        "type": type_of(record, rule),
        "category": [concept(_by_type(record, rule.categories, CATEGORIES))],
        "subject": place.subject,
        "date": instant(record.created_at),
    }
    if authors:
        made["author"] = authors
    if custodian := _custodian(rule):
        made["custodian"] = custodian
    if place.replaced:
        made["relatesTo"] = [{"code": "replaces", "target": target} for target in place.replaced]
    if title := text(record.title):
        made["description"] = title
    if labels := list(_security_labels(record)) if rule.security_labels else []:
        made["securityLabel"] = labels
    item: Json = {"attachment": content}
    if rule.format_code:
        item["format"] = coding(rule.format_code)
    made["content"] = [item]
    if context := _context(record, rule, place):
        made["context"] = context
    return made


def diagnostic_report(record: ExportRecord, rule: FhirRule, place: Place, content: Json) -> Json:
    """The same as a report; content: of `attachment`, by address."""
    people, authors = _authors(record, rule)
    made: Json = {"resourceType": "DiagnosticReport"}
    if rule.claim_profiles:
        made["meta"] = {"profile": [f"{US_CORE}/StructureDefinition/us-core-diagnosticreport-note"]}
    if people:
        made["contained"] = people
    is_dated = bool(record.service_date)
    made |= {
        "identifier": [key_of(record.external_id, rule)],
        # us-core-10: a final report tells when; without a date we do not know that it is one.
        "status": "final" if is_dated else "unknown",
        "category": [concept(_by_type(record, rule.report_categories, REPORT_CATEGORIES))],
        "code": type_of(record, rule),
        "subject": place.subject,
    }
    if place.encounter:
        made["encounter"] = place.encounter
    if is_dated and record.service_end:
        made["effectivePeriod"] = period(record.service_date, record.service_end)
    elif is_dated:
        made["effectiveDateTime"] = record.service_date
    made["issued"] = instant(record.created_at)
    if authors:
        made["performer"] = authors
    return {**made, "presentedForm": [content]}


def provenance(record: ExportRecord, rule: FhirRule, targets: tuple[Json, ...]) -> Json:
    """Where it came from: the scan by its SHA-256 (RFC 6920), and what made a document of it."""
    made, digest = record.provenance, record.provenance.scan_id
    agent: Json = {
        "type": concept(coding(f"{TERMINOLOGY}/provenance-participant-type|assembler|Assembler")),
        "who": {"type": "Device", "display": text(made.software)},
    }
    if custodian := _custodian(rule):
        agent["onBehalfOf"] = custodian
    pages = ", ".join(map(str, made.scan_pages))
    name = base64_of_hex(digest).replace("+", "-").replace("/", "_").rstrip("=")
    source = identifier("urn:ietf:rfc:3986", f"ni:///sha-256;{name}")
    return {
        "resourceType": "Provenance",
        "target": list(targets),
        "occurredDateTime": instant(made.filed_at),
        "recorded": instant(record.created_at),
        "activity": concept(coding(f"{TERMINOLOGY}/v3-DataOperation|CREATE|create")),
        "agent": [agent],
        "entity": [{"role": "source", "what": {"identifier": source, "display": f"scan, pages {pages}"}}],
    }


def patient(sent: SentPatient, *, is_claiming: bool) -> Json:
    """For servers that take new patients."""
    made: Json = {"resourceType": "Patient"}
    if is_claiming:
        made["meta"] = {"profile": [f"{US_CORE}/StructureDefinition/us-core-patient"]}
    made["identifier"] = [
        {
            "use": "usual" if one.is_main else "old",
            "type": concept(coding(f"{TERMINOLOGY}/v2-0203|{one.type}")),
            **identifier(one.system, one.value),
        }
        for one in sent.identifiers
    ]
    made["active"] = True
    names = [_name(n.last, (n.first, n.middle), n.suffix) for n in sent.names]
    if names := [name for name in names if name]:
        made["name"] = names
    if phone := text(sent.phone):
        made["telecom"] = [{"system": "phone", "value": phone}]
    made["gender"] = _GENDERS.get(sent.sex or "U", "unknown")
    if sent.birth_date:
        made["birthDate"] = sent.birth_date
    if address := text(sent.address):
        made["address"] = [{"text": address}]
    return made


def binary(record: ExportRecord, rule: FhirRule, own_id: str | None = None) -> Json:
    """Bears our id as a tag, by which it is found again where Binaries can be searched."""
    content = record.content
    assert content is not None  # asked for what has content only
    made: Json = {"resourceType": "Binary"}
    if own_id:
        made["id"] = own_id
    made["meta"] = {"tag": [{"system": rule.id_system, "code": record.external_id}]}
    made["contentType"] = content.media_type
    return {**made, "data": parts.content_part(content, in_base64=True)}


def withdrawn(record: ExportRecord, rule: FhirRule, place: Place) -> Json:
    """For receivers that read files: the old one by its id, entered in error, its content taken away."""
    told = base64.b64encode(WITHDRAWN.encode()).decode("ascii")
    content = {"contentType": "text/plain", "language": "en", "data": told, "size": len(WITHDRAWN)}
    made = document_reference(record, rule, place, content)
    key = key_of(record.replaces or "", rule)
    return {**made, "masterIdentifier": key, "identifier": [key], "status": "entered-in-error"}


def withdrawn_report(record: ExportRecord, rule: FhirRule, place: Place) -> Json:
    made = diagnostic_report(record, rule, place, {})
    del made["presentedForm"]
    key = key_of(record.replaces or "", rule)
    return {**made, "identifier": [key], "status": "entered-in-error"}


def is_report(record: ExportRecord, rule: FhirRule) -> bool:
    """Whether it is to be a DiagnosticReport too."""
    return rule.diagnostic_report and record.type.kind is Kind.REPORT


def type_of(record: ExportRecord, rule: FhirRule) -> Json:
    """LOINC, else "unknown" (US Core's binding has no third way), beside the receiver's own code.

    Our title is the text; no LOINC display is asserted, as those change between releases.
    """
    kind = record.type
    known = {"system": LOINC, "code": kind.loinc} if kind.loinc else coding(f"{NULL_FLAVOR}|UNK|unknown")
    own = [_own_code(record, rule)] if kind.local and rule.type_system else []
    return concept(known, *own, words=text(kind.local_title or kind.title))


def _own_code(record: ExportRecord, rule: FhirRule) -> Json:
    made: Json = {"system": rule.type_system, "code": record.type.local}
    if title := text(record.type.local_title):
        made["display"] = title
    return made


def _by_type(record: ExportRecord, own: Mapping[str, str], usual: Mapping[str, Json]) -> Json:
    key, kind = record.type.key, record.type.kind.value
    for name in (key, kind):
        if name in own:
            return coding(own[name])
    return usual.get(key) or usual.get(kind) or usual[""]


def _authors(record: ExportRecord, rule: FhirRule) -> tuple[list[Json], list[Json]]:
    """Contained resources, and the references: no identifier of a person or a house is known."""
    if rule.author == "omit":
        return [], []
    person, house = text(record.author), text(record.facility)
    if rule.author == "display":
        found = (("Practitioner", person), ("Organization", house))
        return [], [{"type": kind, "display": name} for kind, name in found if name]
    people: list[Json] = []
    if person:
        people.append({"resourceType": "Practitioner", "id": "author", "name": [{"text": person}]})
    if house:
        people.append({"resourceType": "Organization", "id": "facility", "name": house})
    return people, [{"reference": f"#{one['id']}"} for one in people]


def _custodian(rule: FhirRule) -> Json:
    made: Json = {"reference": rule.custodian} if rule.custodian else {}
    if name := text(rule.custodian_name):
        made |= {"display": name} if rule.custodian else {"type": "Organization", "display": name}
    return made


def _security_labels(record: ExportRecord) -> Iterator[Json]:
    """HL7 security labels: confidentiality first, then why, then what 42 CFR part 2 demands."""
    level = record.confidentiality
    yield concept(coding(f"{TERMINOLOGY}/v3-Confidentiality|{level}|{_CONFIDENTIALITY.get(level, '')}"))
    for label in record.sensitivity:
        if label in _SENSITIVITY:
            yield concept(_SENSITIVITY[label])
    if record.consent is not None:
        yield concept(coding(f"{ACT_CODE}|42CFRPart2|42 CFR Part2"))
        no_further = coding(f"{ACT_CODE}|NORDSCLCD|no redisclosure without consent directive")
        yield concept(no_further, words=text(record.consent.notice))


def _context(record: ExportRecord, rule: FhirRule, place: Place) -> Json:
    made: dict[str, Any] = {}
    if place.encounter:
        made["encounter"] = [place.encounter]
    if dates := period(record.service_date, record.service_end):
        made["period"] = dates
    if rule.facility_type:
        made["facilityType"] = concept(coding(rule.facility_type))
    if rule.practice_setting:
        made["practiceSetting"] = concept(coding(rule.practice_setting))
    if record.consent is not None:
        made["related"] = [_consent(record.consent)]
    return made


def _consent(note: ConsentNote) -> Json:
    return {
        "type": "Consent",
        "identifier": {"value": text(note.reference)},
        "display": f"Consent of {note.given_on} (42 CFR 2.31)",
    }


def _name(last: str, given: tuple[str, ...], suffix: str) -> Json:
    made: Json = {}
    if family := text(last):
        made["family"] = family
    if names := [name for one in given if (name := text(one))]:
        made["given"] = names
    if after := text(suffix):
        made["suffix"] = [after]
    return {"use": "official", **made} if made else {}
