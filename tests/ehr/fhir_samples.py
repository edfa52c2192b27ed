"""Profiles, parcels and patients for tests of FHIR."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scanindex.delivery_model import Action, ExportRecord, Kind, Parcel, Receipt, SentPatient, SentType
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.ehr.fhir_resources import patient as rendered
from scanindex.ehr.fhir_sink import FhirSink
from scanindex.ehr.http_sink import open_http
from scanindex.target_file import parse_target
from scanindex.target_profile import Target
from tests.ehr.records import record

SYSTEM = "https://springfield.example/scans"


def target(base: str = "", **fhir: Any) -> Target:
    """A profile of a server at `base`, or of files; keywords go to [fhir], "http" and such to their own."""
    made = parse_target(
        "springfield",
        f"""
        [target]
        format = "fhir"
        transport = "folder"
        recipient = "Springfield General"
        [fhir]
        id_system = "{SYSTEM}"
        """,
    )
    sections: Mapping[str, Mapping[str, Any]] = {
        "target": {"transport": "http"} if base else {},
        "http": {"base_url": base},
        "sending": {"timeout_seconds": 20.0},
        "patient": {"oid": "2.16.840.1.113883.3.999.1"},
    }
    for name in ("target", "http", "sending", "document", "patient"):
        values = {**sections.get(name, {}), **fhir.pop(name, {})}
        made = dataclasses.replace(made, **{name: dataclasses.replace(getattr(made, name), **values)})
    return dataclasses.replace(made, fhir=dataclasses.replace(made.fhir, **fhir))


def sink(base: str, environ: Mapping[str, str] | None = None, **fhir: Any) -> FhirSink:
    return open_http(target(base, **fhir), environ or {})


def send(to: FhirSink, *records: ExportRecord) -> list[Receipt]:
    return list(to.send(Parcel(name="springfield-00000001", number=1, records=records)))


def send_one(to: FhirSink, one: ExportRecord) -> Receipt:
    (receipt,) = send(to, one)
    return receipt


def patient_resource(sent: SentPatient, **changes: Any) -> dict[str, Any]:
    return {**rendered(sent, is_claiming=False), **changes}


def report(folder: Path, **changes: Any) -> ExportRecord:
    kind = SentType(key="lab_report", title="Laboratory report", loinc="11502-2", kind=Kind.REPORT)
    return record(folder, **{"type": kind, **changes})


def corrected(
    folder: Path, old: ExportRecord, action: Action, number: int = 2, **changes: Any
) -> ExportRecord:
    external_id = f"{old.document_id}-{number}"
    made = dataclasses.replace(old, external_id=external_id, action=action, replaces=old.external_id)
    if action is Action.CANCEL:
        return dataclasses.replace(made, content=None, **changes)
    fresh = record(folder, external_id=external_id)
    return dataclasses.replace(made, content=fresh.content, **changes)


def every_type(folder: Path) -> list[ExportRecord]:
    """A record for each document type we know, and one of none."""
    made = [
        record(
            folder,
            external_id=f"d0cument{place:04}-1",
            type=SentType(key=t.key, title=t.title, loinc=t.loinc, kind=t.kind, hl7=t.hl7),
            title=t.title,
        )
        for place, t in enumerate(DOCUMENT_TYPES)
    ]
    untyped = SentType(key="", title="Document", loinc=None, kind=Kind.NOTE)
    return [*made, record(folder, external_id="d0cument9999-1", type=untyped, title="Document")]
