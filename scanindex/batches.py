"""Boxes of paper: what went in, what came of it, and whether it may be closed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from scanindex.errors import ConflictError, NotAllowedNow, NotFound
from scanindex.model import Batch, BatchId, DocumentState, PageKind, ScanState
from scanindex.ports import Unit
from scanindex.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """Every side that was scanned, and where it went."""

    batch: Batch
    files: int
    duplicates: int
    sides_scanned: int
    blanks: int
    separators: int
    filed: int
    in_review: int
    rescan_wanted: int
    entered_in_error: int
    replaced: int
    """Pages whose paper was scanned again."""
    paper_kept: int
    """Pages that only the paper itself shows; it is kept."""
    underway_files: int
    quarantined_files: int

    @property
    def sides_expected(self) -> int | None:
        sheets = self.batch.sheets_expected
        return None if sheets is None else sheets * self.batch.sides

    def open_points(self) -> list[str]:
        """Why it cannot be closed yet, in plain words."""
        points = self.unsettled()
        if self.sides_expected is not None and self.sides_expected != self.sides_scanned:
            points.append(f"{self.sides_expected} sides expected, {self.sides_scanned} scanned")
        return points

    def unsettled(self) -> list[str]:
        """What of it still waits for somebody, in plain words; also after it was closed."""
        points = []
        if self.underway_files:
            points.append(f"{self.underway_files} file(s) are still being worked on")
        if self.quarantined_files:
            points.append(f"{self.quarantined_files} file(s) are quarantined")
        if self.in_review:
            points.append(f"{self.in_review} page(s) wait for review")
        if self.rescan_wanted:
            points.append(f"{self.rescan_wanted} page(s) must be scanned again")
        return points


def open_batch(batch: Batch, actor: str, services: Services) -> None:
    """From now on what arrives in `batch.folder` belongs to it. One open batch per folder."""
    with services.catalog.write() as unit:
        if other := unit.batches.open_for(batch.folder):
            raise ConflictError(f"batch {other.batch_id} is still open for that folder; close it first")
        unit.batches.put(batch)
        unit.events.append("batch_opened", actor, batch=batch)


def close_batch(batch_id: BatchId, note: str, actor: str, services: Services) -> BatchSummary:
    """Refuses while a page is unexplained; a difference in counts needs a note."""
    found = summary(batch_id, services)
    if found.batch.closed_at:
        raise NotAllowedNow(f"batch {batch_id} is closed already")
    points = found.open_points()
    differs = found.sides_expected not in (None, found.sides_scanned)
    if len(points) > (1 if differs and note else 0):
        raise NotAllowedNow("; ".join(points))
    closed = dataclasses.replace(found.batch, closed_at=services.clock.now(), closed_by=actor)
    with services.catalog.write() as unit:
        unit.batches.put(closed)
        unit.events.append("batch_closed", actor, batch=closed, note=note)
    return dataclasses.replace(found, batch=closed)


def summary(batch_id: BatchId, services: Services) -> BatchSummary:
    """Counted from the catalog now. Raises NotFound."""
    with services.catalog.read() as unit:
        return counted(batch_id, unit)


def counted(batch_id: BatchId, unit: Unit) -> BatchSummary:
    """The same within a transaction."""
    batch = unit.batches.get(batch_id)
    if batch is None:
        raise NotFound(f"no batch {batch_id}")
    scans = unit.scans.all(batch_id=batch_id)
    kinds: list[PageKind] = []
    by_state = dict.fromkeys(DocumentState, 0)
    for scan in scans:
        kinds += [kind for _, kind, holder in unit.pages.of(scan.scan_id) if holder is None]
        for document in unit.documents.all(scan_id=scan.scan_id):
            by_state[document.state] += len(document.pages)
    return BatchSummary(
        batch=batch,
        files=unit.arrivals.count(batch_id),
        duplicates=unit.arrivals.count(batch_id, duplicates_only=True),
        # Sheets that the product printed are not the batch's own paper.
        sides_scanned=sum(scan.page_count or 0 for scan in scans) - kinds.count(PageKind.SEPARATOR),
        blanks=kinds.count(PageKind.BLANK),
        separators=kinds.count(PageKind.SEPARATOR),
        filed=by_state[DocumentState.FILED],
        in_review=by_state[DocumentState.IN_REVIEW] + by_state[DocumentState.PROPOSED],
        rescan_wanted=by_state[DocumentState.RESCAN_WANTED],
        entered_in_error=by_state[DocumentState.ENTERED_IN_ERROR],
        replaced=by_state[DocumentState.REPLACED],
        paper_kept=by_state[DocumentState.PAPER_KEPT],
        underway_files=sum(s.state in (ScanState.RECEIVED, ScanState.WAITING) for s in scans),
        quarantined_files=sum(s.state is ScanState.QUARANTINED for s in scans),
    )
