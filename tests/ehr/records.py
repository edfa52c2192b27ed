"""Export records of invented people, plain and hostile, for tests of every form."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanindex.delivery_model import (
    Action,
    Content,
    ExportRecord,
    Kind,
    Provenance,
    SentIdentifier,
    SentPatient,
    SentType,
)
from scanindex.model import BatchId, DocumentId, PatientId, PersonName, ScanId

SMALL_PDF = (
    b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n%%EOF\n"
)
"""Enough of a PDF for what only carries it; whoever opens one makes a real one."""

HOSTILE = (
    "O'Brien|^~\\&",
    'Quote", "comma; semicolon\ttab',
    "=cmd|' /C calc'!A0",
    "+1-2@3",
    "line\r\nbreak\nand\rmore",
    "Łukasz Ñandú 山田 🩺 é",
    "<script>alert(1)</script>&amp;",
    "\x0b\x1c\x00control",
    "\u202egnp.exe",
    "MSH|^~\\&|",
    "\\H\\bold\\N\\ \\X0D\\ \\.br\\",
)
"""Values that broke some writer of some form before."""


def pdf(folder: Path, name: str = "document.pdf", data: bytes = SMALL_PDF) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def content(path: Path, external_id: str = "4uobb7qkxw3z5c2m7ray-1", **changes: Any) -> Content:
    data = path.read_bytes()
    made = Content(
        path=path,
        media_type="application/pdf",
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        page_count=2,
        file_name=f"{external_id}.pdf",
    )
    return dataclasses.replace(made, **changes)


def patient(**changes: Any) -> SentPatient:
    made = SentPatient(
        patient_id=PatientId("pt4kd7zq2mwx5c3ray8v"),
        identifiers=(
            SentIdentifier(
                value="00123456",
                type="MR",
                namespace="GOODHEALTH",
                oid="2.16.840.1.113883.3.999.1",
                system="urn:oid:2.16.840.1.113883.3.999.1",
            ),
        ),
        names=(PersonName(last="Quimby", first="Harriet", middle="Sue"),),
        birth_date="1924-11-21",
        sex="F",
        address="12 Elm Street, Springfield",
        phone="555-0100",
    )
    return dataclasses.replace(made, **changes)


def record(folder: Path, **changes: Any) -> ExportRecord:
    """A progress note of 1998-10-02; `folder` gets its file."""
    external_id = changes.get("external_id", "4uobb7qkxw3z5c2m7ray-1")
    made = ExportRecord(
        external_id=external_id,
        control_id=hashlib.sha256(external_id.encode()).hexdigest()[:20],
        action=Action.NEW,
        replaces=None,
        document_id=DocumentId(external_id.split("-")[0]),
        version=2,
        patient=patient(),
        type=SentType(key="progress_note", title="Progress note", loinc="11506-3", kind=Kind.NOTE, hl7="PR"),
        title="Progress note",
        service_date="1998-10-02",
        author="R. Chen, MD",
        facility="Springfield Clinic",
        content=content(pdf(folder, f"{external_id}.pdf"), external_id),
        provenance=Provenance(
            scan_id=ScanId("ab" * 32),
            scan_pages=(3, 4),
            received_at=datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
            filed_at=datetime(2026, 5, 4, 10, 0, tzinfo=UTC),
            decided_by="user:ann",
            software="scanindex 0.7",
            batch_id=BatchId("b4tch"),
            batch_label="Box 17",
            box="Shelf 4",
        ),
        created_at=datetime(2026, 5, 5, 8, 0, 0, tzinfo=UTC),
    )
    return dataclasses.replace(made, **changes)
