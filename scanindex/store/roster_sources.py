"""Which kind of roster a file is, by what stands in it."""

from __future__ import annotations

import json
import re
from datetime import UTC, tzinfo
from pathlib import Path

from scanindex.errors import RosterRejected
from scanindex.store.roster_adt import Adt
from scanindex.store.roster_adt_file import AdtSource
from scanindex.store.roster_csv import CsvSource
from scanindex.store.roster_fhir import FhirSource
from scanindex.store.roster_source import AuthorityNames, Source

FORMATS = ("csv", "fhir", "ndjson", "hl7")
_HEAD_BYTES = 65_536
_HL7 = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x0b]*(?:FHS|BHS|MSH)[^A-Za-z0-9\s]")


def open_source(path: Path, names: AuthorityNames, *, format_name: str = "", zone: tzinfo = UTC) -> Source:
    """format_name: one of FORMATS, or "" to find it. zone: of moments in HL7 that name none.

    Raises RosterRejected where it is a roster in no format that is known.
    """
    found = format_name or format_of(path)
    if found == "hl7":
        return AdtSource(path, names, Adt(names, zone))
    if found in ("fhir", "ndjson"):
        return FhirSource(path, names, is_bundle=found == "fhir")
    return CsvSource(path, names.default)


def format_of(path: Path) -> str:
    """By content, never by name. Raises RosterRejected for JSON that is neither Bundle nor Patients."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if _HL7.match(head):
        return "hl7"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] != b"{":
        if text[:1] == b"[":
            raise RosterRejected("a list of JSON; send a FHIR Bundle or a Patient a line (NDJSON)")
        return "csv"
    first = text.split(b"\n", 1)[0].strip()
    try:
        kind = json.loads(first).get("resourceType")
    except (ValueError, AttributeError):
        return "fhir"  # spread over lines, or one line longer than the head
    return "fhir" if kind == "Bundle" else "ndjson"
