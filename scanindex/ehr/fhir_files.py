"""FHIR as files: NDJSON (a file per type of resource), or a transaction Bundle per document.

For whoever loads them by other means than a server of theirs that we may talk to. Promises: one line
is one whole resource; ids and addresses are ours, so that Binary and document fit together; nobody's
patient id is guessed: NDJSON names patients by their number, Bundles let the receiver's server find
exactly one or refuse the whole Bundle (conditional reference, R4 http.html#trules). A withdrawn
document is sent as an entry of the same identifier, entered in error, without its content.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanindex.delivery_model import Action, ExportRecord, Parcel, Problem
from scanindex.ehr import fhir_resources
from scanindex.ehr.fhir_bundles import Entry, transaction, urn
from scanindex.ehr.fhir_checks import problems_of
from scanindex.ehr.fhir_resources import Place, is_report
from scanindex.ehr.fhir_values import Json, json_parts, own_id, token
from scanindex.ehr.forms import NamedParts
from scanindex.ehr.parts import Part
from scanindex.target_profile import Target

TYPES = ("Binary", "DocumentReference", "DiagnosticReport", "Provenance")
"""In this order: what is pointed to comes first."""


class FhirFiles:
    """`forms.FileForm` for format "fhir"."""

    def __init__(self, target: Target) -> None:
        self._target, self._rule = target, target.fhir

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return problems_of(record, self._target)

    def files(self, record: ExportRecord) -> Iterator[NamedParts]:
        if self._rule.files == "bundles":
            yield f"bundles/{_file_name(record)}.json", json_parts(transaction(self._entries(record)))

    def closing(self, parcel: Parcel) -> Iterator[NamedParts]:
        if self._rule.files != "ndjson":
            return
        lines: dict[str, list[Part]] = {kind: [] for kind in TYPES}
        for record in parcel.records:
            for resource in self._resources(record):
                lines[resource["resourceType"]] += (*json_parts(resource), b"\n")
        for kind in TYPES:
            if lines[kind]:
                yield f"{kind}.ndjson", lines[kind]

    # --- ndjson -----------------------------------------------------------------------------
    def _resources(self, record: ExportRecord) -> Iterator[Json]:
        place = self._place(record, {"type": "Patient", "identifier": _number(record)})
        if record.action is Action.CANCEL:
            yield fhir_resources.withdrawn(record, self._rule, place)
            if is_report(record, self._rule):
                yield fhir_resources.withdrawn_report(record, self._rule, place)
            return
        own = own_id(record.external_id, self._rule.id_system)
        if place.url:
            yield fhir_resources.binary(record, self._rule, own)
        content = fhir_resources.attachment(record, place.url)
        document = fhir_resources.document_reference(record, self._rule, place, content)
        yield {"resourceType": "DocumentReference", "id": own, **document}
        if is_report(record, self._rule):
            report = fhir_resources.diagnostic_report(record, self._rule, place, content)
            yield {"resourceType": "DiagnosticReport", "id": own, **report}
        if self._rule.provenance:
            target = ({"reference": f"DocumentReference/{own}"},)
            yield fhir_resources.provenance(record, self._rule, target)

    # --- bundles ----------------------------------------------------------------------------
    def _entries(self, record: ExportRecord) -> list[Entry]:
        number = _number(record)
        subject = {"reference": f"Patient?identifier={token(number['system'], number['value'])}"}
        place = self._place(record, subject)
        if record.action is Action.CANCEL:
            return self._withdrawal(record, place)
        made: list[Entry] = []
        if place.url:
            own = own_id(record.external_id, self._rule.id_system)
            binary = fhir_resources.binary(record, self._rule, own)
            made.append(self._entry(record, binary, method="PUT", url=f"Binary/{own}"))
        content = fhir_resources.attachment(record, place.url)
        document = fhir_resources.document_reference(record, self._rule, place, content)
        query = f"identifier={token(self._rule.id_system, record.external_id)}"
        made.append(self._entry(record, document, if_none_exist=query))
        if is_report(record, self._rule):
            report = fhir_resources.diagnostic_report(record, self._rule, place, content)
            made.append(self._entry(record, report, if_none_exist=query))
        if self._rule.provenance:
            own = urn(self._rule.id_system, record.external_id, "DocumentReference")
            told = fhir_resources.provenance(record, self._rule, ({"reference": own},))
            made.append(self._entry(record, told))
        return made

    def _withdrawal(self, record: ExportRecord, place: Place) -> list[Entry]:
        query = f"identifier={token(self._rule.id_system, record.replaces or '')}"
        made = [fhir_resources.withdrawn(record, self._rule, place)]
        if is_report(record, self._rule):
            made.append(fhir_resources.withdrawn_report(record, self._rule, place))
        return [self._entry(record, one, method="PUT", url=f"{one['resourceType']}?{query}") for one in made]

    def _entry(
        self,
        record: ExportRecord,
        resource: Json,
        method: str = "POST",
        url: str = "",
        if_none_exist: str = "",
    ) -> Entry:
        kind = resource["resourceType"]
        return Entry(
            method=method,
            url=url or kind,
            resource=resource,
            full_url=urn(self._rule.id_system, record.external_id, kind),
            if_none_exist=if_none_exist,
        )

    # --- both -------------------------------------------------------------------------------
    def _place(self, record: ExportRecord, subject: Json) -> Place:
        replaced: tuple[Json, ...] = ()
        if record.action is Action.REPLACE and record.replaces:
            key = fhir_resources.key_of(record.replaces, self._rule)
            replaced = ({"type": "DocumentReference", "identifier": key},)
        return Place(
            subject=subject,
            encounter=self._encounter(record),
            replaced=replaced,
            url=self._url(record),
        )

    def _encounter(self, record: ExportRecord) -> Json | None:
        if self._target.document.encounter == "never" or not record.encounter_id:
            return None
        if not self._rule.encounter_system:
            return None
        number = {"system": self._rule.encounter_system, "value": record.encounter_id}
        return {"type": "Encounter", "identifier": number}

    def _url(self, record: ExportRecord) -> str | None:
        content = record.content
        if content is None or self._rule.binary == "never":
            return None
        if content.size_bytes <= self._rule.inline_bytes and not is_report(record, self._rule):
            return None
        return f"Binary/{own_id(record.external_id, self._rule.id_system)}"


def _number(record: ExportRecord) -> Json:
    return fhir_resources.patient_key(record.patient)


def _file_name(record: ExportRecord) -> str:
    return own_id(record.external_id, "")
