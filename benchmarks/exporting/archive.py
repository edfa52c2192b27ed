"""An archive with many filed documents, made without reading any paper.

Real in what an export touches: folders with a PDF of random bytes under a valid head, its manifest,
catalog rows, a roster. Leaves out words, records and originals, which no export opens.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanindex import app
from scanindex.doctypes import KEYS
from scanindex.filing import paths, record
from scanindex.model import (
    Decision,
    Document,
    DocumentFields,
    DocumentId,
    DocumentState,
    Outcome,
    Preset,
    Scan,
    ScanId,
    ScanState,
)
from scanindex.settings import load
from scanindex.store.roster_import import import_csv

_BATCH = 500
_NAMES = ("QUIMBY", "BRAITHWAITE", "O'DONOGHUE", "NÚÑEZ", "VAN DER MEER", "SZCZEPAŃSKI", "LI")
_GIVEN = ("HARRIET", "OSWALD", "MAEVE", "JOSÉ", "PIETER", "ŁUCJA", "WEI")


def build(home: Path, documents: int, *, patients: int, least_bytes: int, most_bytes: int, seed: int) -> None:
    """Make the workspace; `home` must not be there."""
    chance = random.Random(seed)
    home.mkdir(parents=True)
    (home / "scanindex.toml").write_text('[filing]\nmode = "strict"\ncharts = false\n')
    settings = load(home, {})
    app.initialise(settings)
    opened = app.open_workspace(settings)
    try:
        _register(opened, home, patients, chance)
        people = [opened.roster.by_identifier([_mrn(n)])[0].patient_id for n in range(patients)]
        kinds = sorted(KEYS)
        for start in range(0, documents, _BATCH):
            with opened.catalog.write() as unit:
                for number in range(start, min(start + _BATCH, documents)):
                    size = chance.randint(least_bytes, most_bytes)
                    document = _document(number, people[number % patients], kinds, chance)
                    _write(opened, document, size, chance)
                    unit.scans.add(_scan(document))
                    unit.documents.add(document)
    finally:
        opened.close()


def _mrn(number: int) -> str:
    return f"{7_000_000 + number}"


def _register(opened: app.Workspace, home: Path, patients: int, chance: random.Random) -> None:
    lines = ["mrn,last_name,first_name,birth_date,sex"]
    for number in range(patients):
        born = datetime(1920, 1, 1) + timedelta(days=chance.randrange(30_000))
        name = f"{chance.choice(_NAMES)},{chance.choice(_GIVEN)}"
        lines.append(f"{_mrn(number)},{name},{born:%Y-%m-%d},{chance.choice('FM')}")
    roster = home / "roster.csv"
    roster.write_text("\n".join(lines) + "\n", "utf-8")
    import_csv(opened.engine, roster, authority="local")


def _document(number: int, patient_id: object, kinds: list[str], chance: random.Random) -> Document:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    document_id = hashlib.sha256(b"d%d" % number).hexdigest()[:20]
    day = chance.choice(("1998-03-02", "2003-11", "1987", "2011-07-30"))
    return Document(
        document_id=DocumentId(document_id),
        version=2,
        scan_id=ScanId(hashlib.sha256(b"s%d" % number).hexdigest()),
        pages=(1, 2),
        state=DocumentState.FILED,
        document_type=kinds[number % len(kinds)],
        service_date=day,
        patient_id=patient_id,  # type: ignore[arg-type]  # a PatientId
        fields=DocumentFields(provider="R. Chen, MD", facility="Springfield Clinic"),
        decision=Decision(
            outcome=Outcome.AUTO,
            patient_id=patient_id,  # type: ignore[arg-type]
            candidates=(),
            reasons=(),
            rule="benchmark",
            policy_version="benchmark",
            roster_version=1,
            decided_by="machine",
        ),
        created_at=moment,
        filed_at=moment,
        filed_version=2,
    )


def _scan(document: Document) -> Scan:
    return Scan(
        scan_id=document.scan_id,
        size_bytes=1,
        media_type="application/pdf",
        name="scan.pdf",
        preset=Preset(),
        state=ScanState.DECIDED,
        page_count=2,
        received_at=document.created_at,
    )


def _write(opened: app.Workspace, document: Document, size: int, chance: random.Random) -> None:
    folder = opened.archive.document_folder(document.document_id, document.filed_version or 1)
    folder.mkdir(parents=True)
    data = b"%PDF-1.7\n%" + chance.randbytes(size) + b"\n%%EOF\n"
    files = {paths.DOCUMENT_PDF: data, paths.RECORD: b"{}", paths.TEXT: b"", paths.WORDS: b""}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: record.sha256_hex(content) for name, content in files.items()}
    (folder / paths.MANIFEST).write_bytes(record.manifest_of(hashes))
