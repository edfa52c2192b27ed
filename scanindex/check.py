"""Proof that nothing is lost: conservation, fixity, and agreement of the stores.

Everything is judged on one snapshot of the catalog. What is under way at that
moment is counted as moving, not as wrong. The check only reports; mending is a
person's decision, and each problem says how.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from scanindex import filing
from scanindex.errors import IndexBroken, IntegrityError, StorageFailed
from scanindex.index.compare import differences, filed
from scanindex.intake import is_in_inbox
from scanindex.model import Arrival, Document, DocumentId, DocumentState, Scan, ScanId, ScanState
from scanindex.ports import Unit
from scanindex.services import Services

_CHUNK_BYTES = 1 << 20
_NAMED_DIFFERENCES = 50
_MANY_CHANGES = 10_000
_LOG_SECONDS, _LOOK_SECONDS = 3.0, 0.05
_IN_FLIGHT_SECONDS = 60
"""What is younger is being taken over: bytes come before rows, rows before the entry goes."""

PROBLEMS = {
    "original_missing": "Restore this original from backup.",
    "original_damaged": "Its bytes no longer match its name; restore it from backup.",
    "original_unrecorded": "Bytes without a row (a crash or a foreign copy); `check --adopt` records them.",
    "page_without_place": "A page stands in no document and is not set aside; restore the catalog.",
    "page_in_two_places": "Catalog rows contradict each other; restore the catalog from backup.",
    "document_without_patient": "Its patient is not in the roster; import the roster again.",
    "document_missing": "Its folder is gone; restore it from backup.",
    "document_damaged": "A file in its folder does not match the manifest; restore the folder from backup.",
    "document_mismatch": "Its record says otherwise than the catalog; compare with `scanindex show`.",
    "document_unrecorded": "A folder without a row; `scanindex rebuild` reads it back from the event log.",
    "reading_damaged": "A later reading is gone or changed; restore it from backup, or `scanindex reread`.",
    "events_behind": "The archive's event log lacks the newest events; starting the service writes them.",
    "catalog_behind": "This catalog is an older copy than the archive; `scanindex restore` or `rebuild`.",
    "events_broken": "The event log was changed or torn; restore that segment from backup.",
    "index_broken": "A file of the index is damaged; the service, or the next search, mends it.",
    "index_mismatch": "The index holds something else than what is filed: `scanindex reindex --mend`.",
    "inbox_not_retired": "An inbox entry is durable but still there; the running service retires it.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    code: str
    subject: str
    """Scan or document id, or a place in the event log; never a name."""
    detail: str = ""

    @property
    def hint(self) -> str:
        return PROBLEMS[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    problems: tuple[Problem, ...]
    scans: int
    pages: int
    documents: int
    moving: int
    """Scans and documents under way when the snapshot was taken."""
    is_fixity_checked: bool

    @property
    def is_clean(self) -> bool:
        return not self.problems


def run(services: Services, *, fixity: bool, progress: Callable[[str], None] = lambda _: None) -> CheckReport:
    """Check everything; with `fixity` every stored byte is hashed as well."""
    with services.catalog.read() as unit:
        scans = unit.scans.all()
        documents = {d.document_id: d for d in unit.documents.all(*DocumentState)}
        problems: list[Problem] = []
        pages = 0
        for scan in scans:
            found, count = _check_pages(unit, scan, documents)
            problems += found
            pages += count
        unretired = unit.arrivals.unretired()
        last_event, last_outbox = unit.events.last_seq(), unit.outbox.last_seq()
    progress("originals")
    for scan in scans:
        problems += _check_original(services, scan, fixity)
    progress("documents")
    for document in documents.values():
        problems += _check_document(services, document, fixity)
    progress("archive")
    arriving, found = _check_unrecorded(services, {s.scan_id for s in scans}, set(documents))
    problems += found
    progress("events")
    problems += _check_events(services, last_event)
    progress("index")
    problems += _check_index(services, last_outbox)
    retiring, found = _check_unretired(services, unretired)
    problems += found
    moving = arriving + retiring + sum(s.state in (ScanState.RECEIVED, ScanState.WAITING) for s in scans)
    moving += sum(d.state is DocumentState.PROPOSED for d in documents.values())
    return CheckReport(
        problems=tuple(problems),
        scans=len(scans),
        pages=pages,
        documents=sum(d.state is not DocumentState.SUPERSEDED for d in documents.values()),
        moving=moving,
        is_fixity_checked=fixity,
    )


def _check_unretired(
    services: Services, unretired: Sequence[tuple[Arrival, str]]
) -> tuple[int, list[Problem]]:
    """(entries that are about to go, what should be gone by now)."""
    since = services.clock.now() - timedelta(seconds=_IN_FLIGHT_SECONDS)
    there = [arrival for arrival, mark in unretired if is_in_inbox(services.settings, arrival, mark)]
    late = sum(arrival.arrived_at <= since for arrival in there)
    problems = [Problem(code="inbox_not_retired", subject=f"{late} arrival(s)")] if late else []
    return len(there) - late, problems


def _check_events(services: Services, last_event: int) -> list[Problem]:
    """The chain is whole and says neither less nor more than the catalog."""
    if broken := [Problem(code="events_broken", subject=place) for place in services.event_log.verify()]:
        return broken
    written = _caught_up(services, last_event)
    with services.catalog.read() as unit:
        known = unit.events.last_seq()
    if written < last_event:
        return [Problem(code="events_behind", subject=f"event {last_event}")]
    if written > known:
        return [Problem(code="catalog_behind", subject=f"event {written}", detail=f"catalog: {known}")]
    return []


def _caught_up(services: Services, last_event: int) -> int:
    """How far the log is. Whoever commits writes on right after it: for that moment it is waited for."""
    until = services.clock.monotonic() + _LOG_SECONDS
    while (written := services.event_log.last_seq()) < last_event and services.clock.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return written


def _check_pages(
    unit: Unit, scan: Scan, documents: Mapping[DocumentId, Document]
) -> tuple[list[Problem], int]:
    """Each page of a decided scan stands in exactly one living document, or is set aside."""
    rows = unit.pages.of(scan.scan_id)
    if not rows and scan.state is not ScanState.DECIDED:
        return [], 0
    problems = []
    numbers = [no for no, _, _ in rows]
    if scan.page_count is not None and numbers != list(range(1, scan.page_count + 1)):
        problems.append(Problem(code="page_without_place", subject=scan.scan_id, detail="page rows"))
    holding: dict[str, set[int]] = {}
    for no, _, holder in rows:
        if holder is None:
            continue
        document = documents.get(holder)
        if document is None or document.state is DocumentState.SUPERSEDED:
            problems.append(Problem(code="page_without_place", subject=scan.scan_id, detail=f"page {no}"))
        else:
            holding.setdefault(holder, set()).add(no)
    for document in unit.documents.all(scan_id=scan.scan_id):
        pages = document.pages
        if holding.get(document.document_id, set()) != set(pages) or len(set(pages)) != len(pages):
            problems.append(Problem(code="page_in_two_places", subject=document.document_id))
    return problems, len(rows)


def _check_original(services: Services, scan: Scan, fixity: bool) -> Iterator[Problem]:
    path = services.archive.path(scan.scan_id)
    if not path.is_file():
        yield Problem(code="original_missing", subject=scan.scan_id)
    elif path.stat().st_size != scan.size_bytes or (fixity and _sha256(path) != scan.scan_id):
        yield Problem(code="original_damaged", subject=scan.scan_id)


def _check_document(services: Services, document: Document, fixity: bool) -> Iterator[Problem]:
    for name in document.readings:
        if not _is_reading_whole(services, document.scan_id, name, fixity):
            yield Problem(code="reading_damaged", subject=document.document_id, detail=name[:12])
    if document.filed_version is None:
        return
    if document.state is DocumentState.FILED and (
        document.patient_id is None or services.roster.get(document.patient_id) is None
    ):
        yield Problem(code="document_without_patient", subject=document.document_id)
    folder = services.archive.document_folder(document.document_id, document.filed_version)
    if not folder.is_dir():
        yield Problem(code="document_missing", subject=document.document_id)
        return
    if bad := filing.damaged_files(folder, hash_all=fixity):
        yield Problem(code="document_damaged", subject=document.document_id, detail=", ".join(bad))
        return
    if document.state is DocumentState.FILED:
        try:
            kept = filing.read_record(folder).document
        except IntegrityError:
            yield Problem(code="document_damaged", subject=document.document_id, detail="record.json")
            return
        if (kept.patient_id, kept.pages, kept.scan_id) != (
            document.patient_id,
            document.pages,
            document.scan_id,
        ):
            yield Problem(code="document_mismatch", subject=document.document_id)


def _is_reading_whole(services: Services, scan_id: ScanId, name: str, fixity: bool) -> bool:
    if not fixity:
        return services.readings.has_reading(scan_id, name)
    try:
        services.readings.kept_reading(scan_id, name)
    except (IntegrityError, StorageFailed):
        return False
    return True


def _check_unrecorded(
    services: Services, scan_ids: set[ScanId], document_ids: set[DocumentId]
) -> tuple[int, list[Problem]]:
    """Originals that are just being taken over, and what no row knows."""
    originals = unrecorded_originals(services, scan_ids)
    documents = {
        DocumentId(parts[2])
        for relative, _ in services.archive.walk()
        if (parts := relative.split("/"))[0] == "documents" and len(parts) > 3
    } - document_ids
    with services.catalog.read() as unit:  # a second look: what came while the check ran is no problem
        lost = [scan_id for scan_id in originals if unit.scans.get(scan_id) is None]
        strange = sorted(document_id for document_id in documents if unit.documents.get(document_id) is None)
    fresh_since = services.clock.now().timestamp() - _IN_FLIGHT_SECONDS
    old = [scan_id for scan_id in lost if services.archive.path(scan_id).stat().st_ctime < fresh_since]
    problems = [Problem(code="original_unrecorded", subject=scan_id) for scan_id in old]
    problems += [Problem(code="document_unrecorded", subject=document_id) for document_id in strange]
    return len(lost) - len(old), problems


def problems_of(scan: Scan, documents: Sequence[Document], services: Services) -> list[Problem]:
    """What is wrong with one original and its documents in the archive, every byte hashed now."""
    found = list(_check_original(services, scan, True))
    for document in documents:
        found += _check_document(services, document, True)
    return found


def unrecorded_originals(services: Services, known: set[ScanId]) -> list[ScanId]:
    """Originals in the archive that no row knows: the inbox entry is usually still there."""
    return [
        ScanId(parts[2])
        for relative, _ in services.archive.walk()
        if (parts := relative.split("/"))[0] == "originals" and len(parts) == 3 and parts[2] not in known
    ]


def _check_index(services: Services, last_outbox: int) -> Iterator[Problem]:
    """Document by document and version; what changed since the index's last commit is no problem."""
    if not services.settings.index.enabled:
        return
    try:
        info = services.index.info()
        seq = int(info["seq"])
        if seq > last_outbox:
            with services.catalog.read() as unit:
                now = unit.outbox.last_seq()
            if seq > now:
                detail = f"ahead of the catalog: {seq} of {now}"
                yield Problem(code="index_mismatch", subject="index", detail=detail)
                return
        if info["missing"]:
            detail = f"{info['missing']} page(s) lay in a damaged part"
            yield Problem(code="index_broken", subject="index", detail=detail)
            return
        yield from _index_differences(services, seq)
    except IndexBroken as error:
        yield Problem(code="index_broken", subject="index", detail=error.detail)


def _index_differences(services: Services, seq: int) -> Iterator[Problem]:
    found = list(differences(filed(services.catalog), services.index.documents()))
    with services.catalog.read() as unit:
        later = unit.outbox.after(seq, _MANY_CHANGES)
    if not found or len(later) == _MANY_CHANGES:
        return  # far behind: it is catching up; search says so
    changed = {item.document_id for item in later}
    wrong = [difference for difference in found if difference.document_id not in changed]
    for difference in wrong[:_NAMED_DIFFERENCES]:
        told = [f"version {v}" if v is not None else "not" for v in (difference.filed, difference.held)]
        yield Problem(
            code="index_mismatch",
            subject=difference.document_id,
            detail=f"filed: {told[0]}; in the index: {told[1]}",
        )
    if len(wrong) > _NAMED_DIFFERENCES:
        yield Problem(code="index_mismatch", subject="index", detail=f"{len(wrong)} documents differ in all")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
