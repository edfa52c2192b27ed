"""The commits by which a scan moves on: opened, decided, waiting, quarantined.

Promises: each is one transaction, and all but the count of attempts leave an event; a page
without a place is never committed; what a source may not file alone is kept as a proposal.
Leaves out: what is decided, and which fault leads where (pipeline).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from scanindex import certify, prints
from scanindex.errors import CrashesReader, InputError, TransientError, VerifyFailed
from scanindex.model import Document, Grouping, PageReading, Scan, ScanInfo, ScanState
from scanindex.ports import Unit
from scanindex.services import MACHINE, Services

_MAX_ATTEMPTS = 5
"""Deaths of the whole service while a scan was being opened, before it is blamed."""
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 5, 900


def is_decided(scan: Scan, services: Services) -> bool:
    """Whether its filing intent is committed: then nothing is decided again."""
    with services.catalog.read() as unit:
        return bool(unit.pages.of(scan.scan_id))


def count_attempt(scan: Scan, services: Services) -> None:
    """Committed before the bytes are opened: a file that takes the service down is found out."""
    with services.catalog.write() as unit:
        changed = unit.scans.change(scan.scan_id, attempts=scan.attempts + 1)
    if changed.attempts > _MAX_ATTEMPTS:
        raise CrashesReader(f"scan {scan.scan_id[:12]}: {changed.attempts} attempts without an end")


def intent(
    scan: Scan,
    info: ScanInfo,
    grouping: Grouping,
    readings: Sequence[PageReading],
    drafts: Sequence[Document],
    services: Services,
) -> None:
    """Grouping, document ids and decisions become facts in one commit."""
    kinds = {reading.scan_page_no: reading.kind for reading in readings}
    holders = {no: draft.document_id for draft in drafts for no in draft.pages}
    unexplained = set(kinds) - set(holders) - set(grouping.set_aside)
    if unexplained or set(kinds) != set(range(1, info.page_count + 1)):
        raise VerifyFailed(f"scan {scan.scan_id[:12]}: pages without a place: {sorted(unexplained)}")
    with services.catalog.write() as unit:
        certify.seen(scan.preset.source, unit)
        drafts = [held(draft, scan.preset.source, unit, services) for draft in drafts]
        for draft in drafts:
            unit.documents.add(draft)
        unit.pages.assign(scan.scan_id, kinds, holders)
        made = [made for reading in readings if (made := prints.print_of(reading))]
        unit.prints.put(scan.scan_id, made)
        decided = unit.scans.change(
            scan.scan_id,
            state=ScanState.DECIDED,
            reason=None,
            detail=None,
            retry_at=None,
            attempts=0,
            waits=0,
            page_count=info.page_count,
        )
        unit.events.append(
            "decided",
            MACHINE,
            scan_id=scan.scan_id,
            scan=decided,
            documents=drafts,
            page_kinds={str(no): kind for no, kind in kinds.items()},
            problems=info.problems,
            prints=made,
        )


def held(document: Document, source: str, unit: Unit, services: Services) -> Document:
    """The document as it may be kept: only a proposal where its source files nothing alone.

    Asked inside the transaction that keeps it, so that no mode changes in between.
    """
    return certify.held(document, certify.files_alone(source, unit.sources.get(source), services.settings))


def quarantine(scan: Scan, error: InputError, services: Services) -> None:
    """The bytes stay in the archive; the reason and what to do next are recorded."""
    _set_scan(
        scan, services, "quarantined", state=ScanState.QUARANTINED, reason=error.code, detail=error.detail
    )
    services.workers.forget(scan.scan_id)


def wait(scan: Scan, error: TransientError | VerifyFailed, services: Services) -> None:
    """Not the file's fault: try again later, each time a little later.

    The catalog itself may be what fails (disk full); then the row keeps its state
    and the service's next round finds the scan due again.
    """
    seconds = min(_FIRST_WAIT_SECONDS * 2 ** min(scan.waits, 10), _LONGEST_WAIT_SECONDS)
    _set_scan(
        scan,
        services,
        "waiting",
        state=ScanState.WAITING,
        reason=error.code,
        detail=error.detail,
        retry_at=services.clock.now() + timedelta(seconds=seconds),
        attempts=0,
        waits=scan.waits + 1,
    )


def resume(scan: Scan, services: Services) -> None:
    """What it waited for is there."""
    _set_scan(scan, services, "resumed", state=ScanState.DECIDED, reason=None, retry_at=None, waits=0)


def _set_scan(scan: Scan, services: Services, event: str, **changes: object) -> None:
    with services.catalog.write() as unit:
        changed = unit.scans.change(scan.scan_id, **changes)
        unit.events.append(event, MACHINE, scan_id=scan.scan_id, scan=changed)
