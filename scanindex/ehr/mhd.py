"""IHE MHD 4.2: publishing a document as Simplified Publish (ITI-105) or as a transaction (ITI-65).

Facts: IHE ITI MHD 4.2.x, profiles SimplifiedPublish.DocumentReference, Minimal.DocumentReference,
Minimal.SubmissionSet, Minimal.ProvideBundle. ITI-105 is one POST with the content in line (`url`
forbidden); ITI-65 is a Bundle of SubmissionSet, DocumentReference and Binary (`data` forbidden), with
a patch that marks a replaced document. masterIdentifier is an OID made from our id (XDS has nothing
else), which stands beside it as an identifier. MHD has no word for withdrawing: that is done as in
plain FHIR. Leaves out folders, FHIR documents and the comprehensive profiles.

ITI-65 relies on the receiver pointing the document to the Binary it stored, as MHD demands of it;
several general servers do not: use it with Document Recipients only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from scanindex.delivery_model import Action, ExportRecord, Parcel, Problem
from scanindex.ehr import fhir_resources
from scanindex.ehr.fhir_bundles import Entry, transaction, urn
from scanindex.ehr.fhir_checks import problems_of
from scanindex.ehr.fhir_resources import Place
from scanindex.ehr.fhir_values import (
    Json,
    concept,
    derived_oid,
    identifier,
    instant,
    json_parts,
    own_id,
    text,
    token,
)
from scanindex.ehr.forms import NamedParts
from scanindex.target_profile import FhirRule, Target

MHD = "https://profiles.ihe.net/ITI/MHD"
_PROFILE = f"{MHD}/StructureDefinition"
_URN = "urn:ietf:rfc:3986"
_DOCUMENT = "DocumentReference"


class Mhd:
    """`fhir_sink.Rendering` for format "mhd"."""

    def document(self, record: ExportRecord, rule: FhirRule, place: Place, content: Json) -> Json:
        made = fhir_resources.document_reference(record, rule, place, content)
        # US Core's claim is not MHD's; an open claim of neither is allowed.
        made.pop("meta", None)
        shape = "SimplifiedPublish" if rule.mhd == "simplified" else "Minimal"
        meta = {"meta": {"profile": [f"{_PROFILE}/IHE.MHD.{shape}.DocumentReference"]}}
        unique = unique_id(rule, record.external_id)
        return {
            "resourceType": _DOCUMENT,
            **(meta if rule.claim_profiles else {}),
            **{key: value for key, value in made.items() if key != "resourceType"},
            "masterIdentifier": unique,
            "identifier": [unique, fhir_resources.key_of(record.external_id, rule)],
        }

    def is_in_line(self, record: ExportRecord, rule: FhirRule) -> bool:
        return rule.mhd == "simplified"

    def bundle(self, record: ExportRecord, rule: FhirRule, place: Place) -> Json | None:
        return None if rule.mhd == "simplified" else provided(record, rule, place)


class MhdFiles:
    """`forms.FileForm` for format "mhd": the body of one request per document."""

    def __init__(self, target: Target) -> None:
        self._target = as_mhd(target)
        self._rule = self._target.fhir

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        found = problems_of(record, self._target)
        if record.action is not Action.CANCEL:
            return found
        return (*found, *(Problem(code=code, text=text_of) for code, text_of in PROBLEMS.items()))

    def files(self, record: ExportRecord) -> Iterator[NamedParts]:
        if record.action is Action.CANCEL:
            return
        number = fhir_resources.patient_key(record.patient)
        replaced: tuple[Json, ...] = ()
        if record.replaces:
            replaced = ({"type": _DOCUMENT, "identifier": unique_id(self._rule, record.replaces)},)
        name = f"{own_id(record.external_id, '')}.json"
        if self._rule.mhd == "simplified":
            place = Place(subject={"type": "Patient", "identifier": number}, replaced=replaced)
            content = fhir_resources.attachment(record, None)
            yield f"iti-105/{name}", json_parts(Mhd().document(record, self._rule, place, content))
        else:
            subject = {"reference": f"Patient?identifier={token(number['system'], number['value'])}"}
            place = Place(subject=subject, replaced=replaced)
            yield f"iti-65/{name}", json_parts(provided(record, self._rule, place))

    def closing(self, parcel: Parcel) -> Iterator[NamedParts]:
        return iter(())


PROBLEMS: Mapping[str, str] = MappingProxyType(
    {"mhd_cannot_withdraw": "MHD as files has no form for taking a document back; tell them by hand."}
)


def as_mhd(target: Target) -> Target:
    """What MHD's profiles leave no room for is off."""
    rule = dataclasses.replace(target.fhir, diagnostic_report=False, provenance=False, bundle="single")
    return dataclasses.replace(target, fhir=rule)


def unique_id(rule: FhirRule, external_id: str) -> Json:
    kind = concept({"system": f"{MHD}/CodeSystem/IHE.MHD.MHDIdentifierType", "code": "uniqueId"})
    oid = derived_oid(rule.id_system, external_id, _DOCUMENT)
    return {"type": kind, **identifier(_URN, f"urn:oid:{oid}")}


def provided(record: ExportRecord, rule: FhirRule, place: Place) -> Json:
    """ITI-65: SubmissionSet, DocumentReference, Binary, and a patch for what is replaced."""
    address = {kind: urn(rule.id_system, record.external_id, kind) for kind in ("List", _DOCUMENT, "Binary")}
    content = fhir_resources.attachment(record, address["Binary"])
    document = Mhd().document(record, rule, place, content)
    query = f"identifier={token(rule.id_system, record.external_id)}"
    made = [
        Entry(
            method="POST",
            url="List",
            resource=_submission(record, rule, place, address[_DOCUMENT]),
            full_url=address["List"],
            if_none_exist=query,
        ),
        Entry(
            method="POST",
            url=_DOCUMENT,
            resource=document,
            full_url=address[_DOCUMENT],
            if_none_exist=query,
        ),
        Entry(
            method="POST",
            url="Binary",
            resource=fhir_resources.binary(record, rule),
            full_url=address["Binary"],
        ),
    ]
    for place_of_old, old in enumerate(place.replaced):
        if reference := old.get("reference"):
            name = urn(rule.id_system, record.external_id, f"Parameters{place_of_old}")
            made.append(Entry(method="PATCH", url=reference, resource=_superseded(), full_url=name))
    return transaction(made, f"{_PROFILE}/IHE.MHD.Minimal.ProvideBundle" if rule.claim_profiles else "")


def _submission(record: ExportRecord, rule: FhirRule, place: Place, document: str) -> Json:
    made: Json = {"resourceType": "List"}
    if rule.claim_profiles:
        made["meta"] = {"profile": [f"{_PROFILE}/IHE.MHD.Minimal.SubmissionSet"]}
    source = identifier(_URN, f"urn:oid:{rule.source_oid}")
    kind = concept({"system": f"{MHD}/CodeSystem/IHE.MHD.MHDIdentifierType", "code": "uniqueId"})
    oid = derived_oid(rule.id_system, record.external_id, "List")
    unique = {"use": "usual", "type": kind, **identifier(_URN, f"urn:oid:{oid}")}
    made |= {
        "extension": [{"url": f"{_PROFILE}/ihe-sourceId", "valueIdentifier": source}],
        "identifier": [unique, fhir_resources.key_of(record.external_id, rule)],
        "status": "current",
        "mode": "working",
    }
    if title := text(record.title):
        made["title"] = title
    return {
        **made,
        "code": concept({"system": f"{MHD}/CodeSystem/MHDlistTypes", "code": "submissionset"}),
        "subject": place.subject,
        "date": instant(record.created_at),
        "entry": [{"item": {"reference": document}}],
    }


def _superseded() -> Json:
    """FHIRPath Patch (R4, fhirpatch.html)."""
    part = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "DocumentReference.status"},
        {"name": "value", "valueCode": "superseded"},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}
