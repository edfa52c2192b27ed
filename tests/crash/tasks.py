"""What a forked child can be told to do. Arguments and answers are JSON."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scanindex import app, check, filing, find, reindex, review
from scanindex import recheck as _recheck
from scanindex import reread as _reread
from scanindex.errors import ConflictError
from scanindex.model import DocumentState, PatientId, Scan, ScanState
from scanindex.store.rebuild import replay
from scanindex.store.roster_import import import_csv
from scanindex.watch import Service
from tests.crash import stub
from tests.crash.service_main import drive as _drive
from tests.crash.service_main import open_stubbed, quick_settings
from tests.crash.service_main import serve as _serve

Answer = dict[str, Any]
MORE = "cholecystectomy"
"""A word that only a later reading sees."""
STEPS = ("accept", "accept", "accept", "split", "join", "reopen", "reject")


def prepare(home: str) -> Answer:
    """An empty workspace with a small roster, its catalog closed and checkpointed."""
    settings = quick_settings(Path(home))
    app.initialise(settings)
    opened = open_stubbed(settings)
    roster = Path(home) / "roster.csv"
    roster.write_text(stub.roster_csv())
    import_csv(opened.engine, roster, authority="local")
    roster.unlink()
    opened.close()
    return {}


def warm_up(home: str) -> None:
    prepare(home)
    (Path(home) / "inbox" / "A.pdf").write_bytes(stub.two_documents("warm"))
    drive(home)
    inspect(home)
    decide(home, 1)
    drive(home)
    inspect_records(home)
    reread(home)
    inspect_texts(home)
    from_archive_alone(home)


def drive(home: str, rounds: int = 60) -> Answer:
    return {"said": _drive(quick_settings(Path(home)), rounds)}


def serve(home: str, page_seconds: float = 0.0, until_idle: bool = True) -> Answer:
    return {"said": _serve(quick_settings(Path(home)), page_seconds, until_idle)}


def settle(home: str) -> Answer:
    """Start again after whatever happened, work until idle, then look."""
    said = drive(home)["said"]
    return {"said": said, **inspect(home)}


def inspect(home: str) -> Answer:
    """Everything an oracle may want to know, by the product's own means."""
    settings = quick_settings(Path(home))
    opened = open_stubbed(settings)
    try:
        services = opened.services
        report = check.run(services, fixity=True)
        with opened.catalog.read() as unit:
            scans = unit.scans.all()
            documents = [d for d in unit.documents.all() if d.state is not DocumentState.SUPERSEDED]
            duplicates = unit.arrivals.count(duplicates_only=True)
            arrivals = unit.arrivals.count()
        kinds = Counter(f"{e.kind} {e.document_id or e.scan_id}" for e in opened.event_log.read())
        return {
            "problems": [f"{p.code} {p.subject} {p.detail}" for p in report.problems],
            "moving": report.moving,
            "scans": {s.scan_id: s.state.value for s in scans},
            "reasons": {s.scan_id: s.reason for s in scans if s.reason},
            "documents": {
                d.document_id: {
                    "scan": d.scan_id,
                    "pages": list(d.pages),
                    "state": d.state.value,
                    "patient": d.patient_id,
                    "by": d.decision.decided_by,
                }
                for d in documents
            },
            "arrivals": arrivals,
            "duplicates": duplicates,
            "events_twice": sorted(
                what for what, n in kinds.items() if n > 1 and what.split()[0] in ("accession", "decided")
            ),
            "inbox": sorted(p.name for p in settings.inbox.rglob("*") if p.name != ".gitignore"),
            "processed": _hashes(settings.processed),
            "charts": [p.name for p in (settings.archive / "charts").glob("[!.]*/*/*.pdf")],
            "tmp": sorted(p.name for p in (settings.archive / "tmp").iterdir()),
            "spool": sorted(p.name for p in settings.spool.iterdir()),
            "found": {d.document_id: _found(opened, d.scan_id) for d in documents[:4]},
        }
    finally:
        opened.close()


def _found(opened: app.Workspace, scan_id: str) -> int:
    """How many indexed pages hold a word that only this scan has."""
    data = opened.archive.path(scan_id).read_bytes()  # type: ignore[arg-type]
    serials = [page.split()[-1] for page in stub.pages_in(data)]
    return sum(find.search(serial, opened.services).total_pages for serial in serials)


def _hashes(folder: Path) -> list[str]:
    files = [p for p in folder.rglob("*") if p.is_file()] if folder.is_dir() else []
    return sorted(hashlib.sha256(p.read_bytes()).hexdigest() for p in files)


def from_archive_alone(home: str) -> Answer:
    """Throw catalog, index and spool away, rebuild from the archive; what is there then."""
    settings = quick_settings(Path(home))
    shutil.rmtree(settings.var)
    app.initialise(settings, is_rebuild=True)
    opened = open_stubbed(settings)
    try:
        replay(opened.catalog, opened.event_log, opened.roster)
        app.restore_patients(opened)
        reindex.reindex(opened.services)
    finally:
        opened.close()
    return inspect(home)


def decide(home: str, seed: int, count: int = 3, steps: Sequence[str] = STEPS) -> Answer:
    """A reviewer at work: accept, split, join, reopen, reject, as chance will have it."""
    chance = random.Random(seed)
    opened = open_stubbed(quick_settings(Path(home)))
    done = []
    try:
        services = opened.services
        people = [p.patient_id for p in services.roster.by_birth_date([p.born for p in stub.PEOPLE])]
        for _ in range(count):
            with opened.catalog.read() as unit:
                documents = unit.documents.all()
            if not documents:
                break
            document = chance.choice(documents)
            step = chance.choice(list(steps))
            try:
                done.append(_decide(step, document, documents, PatientId(chance.choice(people)), services))
            except ConflictError as error:
                done.append(error.code)
    finally:
        opened.close()
    return {"done": done}


def _decide(step: str, document: Any, documents: list[Any], patient_id: PatientId, services: Any) -> str:
    who = "user:test"
    if step == "accept":
        settled = review.Settlement(patient_id=patient_id)
        review.accept(document.document_id, document.version, settled, who, services)
    elif step == "split" and len(document.pages) > 1:
        review.split(document.document_id, document.version, 2, who, services)
    elif step == "join":
        others = [d for d in documents if d.scan_id == document.scan_id and d is not document]
        if others:
            other = others[0]
            review.join(
                document.document_id, document.version, other.document_id, other.version, who, services
            )
    elif step == "reopen":
        review.reopen(document.document_id, document.version, "", who, services)
    elif step == "reject":
        review.reject(document.document_id, document.version, DocumentState.RESCAN_WANTED, "", who, services)
    return step


def reread(home: str) -> Answer:
    """Read everything again that was not yet, with one word more on each page; one thread."""
    opened = open_stubbed(quick_settings(Path(home)))
    results = []
    try:
        services = opened.services
        for document in _reread.choose(_reread.Selection(everything=True), services):
            with opened.catalog.read() as unit:
                scan = unit.scans.get(document.scan_id)
            assert scan is not None
            texts = stub.pages_in(opened.archive.path(scan.scan_id).read_bytes())
            new = [stub.reading_of(f"{texts[no - 1]}\n{MORE}", no) for no in document.pages]
            _, result = _reread.reread(scan, document, new, "thorough", "user:test", services)
            app.file_now(opened, [scan.scan_id])
            results.append(result.value)
        recheck = [d.document_id for d in _recheck.rechecks(services)]
    finally:
        opened.close()
    return {"results": results, "recheck": recheck}


def inspect_texts(home: str) -> Answer:
    """The text of each filed document as its folder and the search have it."""
    opened = open_stubbed(quick_settings(Path(home)))
    try:
        with opened.catalog.read() as unit:
            filed = unit.documents.all(DocumentState.FILED)
        folders = {
            d.document_id: opened.archive.document_folder(d.document_id, d.filed_version or 0) for d in filed
        }
        texts = {key: [r.text for r in filing.read_words(folder)] for key, folder in folders.items()}
        return {"texts": texts, "found": find.search(MORE, opened.services).total_pages}
    finally:
        opened.close()


def retry_blamed(home: str) -> Answer:
    """Give scans another chance that were blamed because the service died around them."""
    opened = open_stubbed(quick_settings(Path(home)))
    try:
        with opened.catalog.read() as unit:
            blamed = [s.scan_id for s in unit.scans.all(ScanState.QUARANTINED)]
        for scan_id in blamed:
            review.retry(scan_id, "user:test", opened.services)
    finally:
        opened.close()
    return {"blamed": len(blamed)}


def hold(home: str, seconds: float) -> Answer:
    """Serve for a while even if there is nothing to do."""
    settings = quick_settings(Path(home))
    opened = open_stubbed(settings)
    try:
        with app.exclusive(settings):
            opened.recover()
            service = Service(opened.services, opened.intake, lambda kind, text: None)
            threading.Timer(seconds, service.stop).start()
            service.run()
    finally:
        opened.close()
    return {"pid": os.getpid()}


def inspect_scans(home: str) -> Answer:
    """State and reason of each scan."""
    opened = open_stubbed(quick_settings(Path(home)))
    try:
        with opened.catalog.read() as unit:
            return {scan.scan_id: [scan.state.value, scan.reason] for scan in unit.scans.all()}
    finally:
        opened.close()


def inspect_patients(home: str) -> Answer:
    """Whose each document is, as the catalog has it."""
    opened = open_stubbed(quick_settings(Path(home)))
    try:
        with opened.catalog.read() as unit:
            return {d.document_id: d.patient_id for d in unit.documents.all()}
    finally:
        opened.close()


def inspect_records(home: str) -> Answer:
    """Whose each filed document is, as its folder in the archive says."""
    opened = open_stubbed(quick_settings(Path(home)))
    try:
        with opened.catalog.read() as unit:
            filed = unit.documents.all(DocumentState.FILED)
        folders = {
            d.document_id: opened.archive.document_folder(d.document_id, d.filed_version or 0) for d in filed
        }
        return {key: filing.read_record(folder).document.patient_id for key, folder in folders.items()}
    finally:
        opened.close()


def check_only(home: str) -> Answer:
    opened = open_stubbed(quick_settings(Path(home)))
    try:
        report = check.run(opened.services, fixity=True)
    finally:
        opened.close()
    return {"problems": [f"{p.code} {p.subject} {p.detail}" for p in report.problems]}


def serve_poisoned(home: str, poison: str) -> Answer:
    """As `serve`; opening one scan kills the whole process, as no child's death ever should."""

    def die(step: str, scan: Scan) -> None:
        time.sleep(0.01)
        if step == "inspect" and scan.scan_id == poison:
            time.sleep(0.05)  # long enough for its neighbours to be open
            os.kill(os.getpid(), signal.SIGKILL)

    settings = quick_settings(Path(home))
    opened = open_stubbed(settings, page_seconds=0.05, fail=die)
    try:
        with app.exclusive(settings):
            opened.recover()
            Service(opened.services, opened.intake, lambda kind, text: None).run(until_idle=True)
    finally:
        opened.close()
    return {}
