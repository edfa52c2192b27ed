"""A workspace with much in it: filed documents to search, and a queue of real pages to settle.

What is filed is written for the search benchmark and stands in catalog, roster and index
(not in the archive: nobody opens it here). What waits was really scanned: a few drawn files
are read by the product, and then copied many times, each copy a scan of its own.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.search.corpus import Corpus, CorpusSettings, Paper, prepare
from benchmarks.search.product import index_pages
from scanindex import app, people
from scanindex.access_model import StaffRole
from scanindex.extract import fields
from scanindex.model import (
    Decision,
    Document,
    DocumentId,
    DocumentState,
    IndexPage,
    Outcome,
    PatientId,
    Preset,
    Scan,
    ScanId,
    ScanState,
)
from scanindex.settings import load
from scanindex.store.roster_import import import_csv

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PASSWORD = "nine calm herons wade"
ADMINISTRATOR = "manager"
_BATCH = 500


def logins(count: int) -> list[str]:
    return [f"clerk{n}" for n in range(1, count + 1)]


def build(home: Path, corpus: CorpusSettings, *, drawn: int, copies: int, users: int) -> None:
    """Make the workspace; `home` must be empty or not there."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "scanindex.toml").write_text('[filing]\nmode = "suggest"\n')
    settings = load(home, {})
    app.initialise(settings)
    charts = home / "drawn"
    _run("benchmarks/make_charts.py", str(charts), "--family", "A", "--documents", str(drawn))
    opened = app.open_workspace(settings)
    try:
        import_csv(opened.engine, charts / "roster.csv", authority="local")
        _run("-m", "scanindex", "--home", str(home), "add", *map(str, sorted((charts / "files").iterdir())))
        _run("-m", "scanindex", "--home", str(home), "run", "--until-idle", "--quiet")
        prepare(corpus)
        papers = list(Corpus(corpus).papers())
        patients = _register(opened, home, papers)
        _file(opened, papers, patients)
        _copy_waiting(opened, copies)
        _hire(opened, users)
    finally:
        opened.close()


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, check=True)


def _register(opened: app.Workspace, home: Path, papers: Sequence[Paper]) -> dict[str, PatientId]:
    """The people of the papers in the roster; number to key."""
    roster = home / "filed.csv"
    met = {paper.person.mrn: paper.person for paper in papers}
    with roster.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("mrn", "last_name", "first_name", "birth_date"))
        writer.writerows((p.mrn, p.last, p.first, p.born.isoformat()) for p in met.values())
    import_csv(opened.engine, roster, authority="local", accept_changes=True)
    found: dict[str, PatientId] = {}
    for numbers in _batched(list(met)):
        for patient in opened.roster.by_identifier(numbers):
            found |= {i.value: patient.patient_id for i in patient.identifiers}
    return found


def _batched(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]


def _file(opened: app.Workspace, papers: Sequence[Paper], patients: dict[str, PatientId]) -> None:
    settled = Decision(
        outcome=Outcome.AUTO,
        patient_id=None,
        candidates=(),
        reasons=("Filed by the benchmark.",),
        rule="person",
        policy_version="",
        roster_version=1,
        decided_by="user:benchmark",
    )
    for start in range(0, len(papers), _BATCH):
        with opened.catalog.write() as unit:
            for number, paper in enumerate(papers[start : start + _BATCH], start=start):
                scan_id = ScanId(f"{number:064x}")
                numbers = tuple(range(1, len(paper.pages) + 1))
                unit.scans.add(_scan(scan_id, paper, len(numbers)))
                patient_id = patients.get(paper.person.mrn)
                document = Document(
                    document_id=DocumentId(paper.document_id),
                    version=1,
                    scan_id=scan_id,
                    pages=numbers,
                    state=DocumentState.FILED,
                    document_type=paper.type,
                    service_date=paper.day,
                    patient_id=patient_id,
                    fields=fields([]),
                    decision=dataclasses.replace(settled, patient_id=patient_id),
                    created_at=paper.filed_at,
                    filed_at=paper.filed_at,
                    filed_version=1,
                    sensitivity=paper.sensitivity,
                )
                unit.documents.add(document)
    index = opened.services.index
    seq = index.seq()
    for start in range(0, len(papers), 4_000):
        part = papers[start : start + 4_000]
        index.apply(seq, [(DocumentId(p.document_id), _pages(p, patients)) for p in part])


def _pages(paper: Paper, patients: dict[str, PatientId]) -> list[IndexPage]:
    patient_id = patients.get(paper.person.mrn)
    return [dataclasses.replace(page, version=1, patient_id=patient_id) for page in index_pages(paper)]


def _scan(scan_id: ScanId, paper: Paper, pages: int) -> Scan:
    return Scan(
        scan_id=scan_id,
        size_bytes=1,
        media_type="application/pdf",
        name="filed.pdf",
        preset=Preset(source=paper.source),
        state=ScanState.DECIDED,
        page_count=pages,
        received_at=paper.filed_at,
    )


def _copy_waiting(opened: app.Workspace, copies: int) -> None:
    """Each scan that waits, so many times more; bytes after the end make it another one."""
    with opened.catalog.read() as unit:
        waiting = unit.documents.all(DocumentState.IN_REVIEW)
        scans = {d.scan_id: unit.scans.get(d.scan_id) for d in waiting}
        places = {scan_id: unit.pages.of(scan_id) for scan_id in scans}
    for number in range(copies):
        for scan_id, scan in scans.items():
            assert scan is not None
            data = opened.archive.path(scan_id).read_bytes() + b"\n%% copy %d\n" % number
            copied, size = opened.archive.put(io.BytesIO(data))
            _copy_pictures(opened, scan_id, copied)
            mine = [d for d in waiting if d.scan_id == scan_id]
            ids = {d.document_id: DocumentId(opened.services.ids.new()) for d in mine}
            with opened.catalog.write() as unit:
                unit.scans.add(dataclasses.replace(scan, scan_id=copied, size_bytes=size))
                kinds = {no: kind for no, kind, _ in places[scan_id]}
                held = {no: ids[d] for no, _, d in places[scan_id] if d in ids}
                unit.pages.assign(copied, kinds, held)
                for document in mine:
                    new = ids[document.document_id]
                    unit.documents.add(
                        dataclasses.replace(document, document_id=new, scan_id=copied, version=1)
                    )


def _copy_pictures(opened: app.Workspace, scan_id: ScanId, copied: ScanId) -> None:
    """What the product makes while it reads a page is there for a copy as well."""
    kept = opened.settings.var / "pictures"
    if (kept / scan_id[:2] / scan_id).is_dir():
        (kept / copied[:2]).mkdir(mode=0o700, exist_ok=True)
        shutil.copytree(kept / scan_id[:2] / scan_id, kept / copied[:2] / copied, dirs_exist_ok=True)


def _hire(opened: app.Workspace, users: int) -> None:
    services = opened.services
    first = people.first_invitation(services)
    cookie, _ = people.accept_invitation(
        first, ADMINISTRATOR, "Manager", PASSWORD, "127.0.0.1", "benchmark", services,
        roles=(StaffRole.ADMINISTRATOR, StaffRole.SUPERVISOR),
    )  # fmt: skip
    _, access = people.session_of(cookie, services)
    for login in logins(users):
        secret = people.invite(access, login, login.title(), (StaffRole.CLERK,), services)
        people.accept_invitation(secret, None, None, PASSWORD, "127.0.0.1", "benchmark", services)
