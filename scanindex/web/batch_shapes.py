"""Batches as the interface takes and gives them; what a caller may not see of a box is left out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from scanindex import fetch
from scanindex.access_model import Access
from scanindex.batches import BatchSummary
from scanindex.model import Batch, Document, DocumentId
from scanindex.paper_model import Hold, QaStatus, ReleaseLine, ReleaseList
from scanindex.services import Services

MOST_TEXT = 2_000
MOST_LABEL = 200
MOST_SHEETS = 1_000_000
COUNTS = (
    ("filed", "Filed"),
    ("in_review", "Waiting for review, or about to be filed"),
    ("rescan_wanted", "To be scanned again"),
    ("paper_kept", "Only readable on paper, which is kept"),
    ("replaced", "Replaced by a better scan"),
    ("entered_in_error", "Entered in error"),
    ("blanks", "Blank sides, set aside"),
    ("unsorted", "In files under way or quarantined"),
)
"""Where the scanned sides are, by name and in words; they sum to what was scanned."""
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_LABEL)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_TEXT)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BatchIn(Strict):
    label: Label
    folder: str = Field(default=".", max_length=500)
    """Of the inbox; made where it is not there."""
    location: str = Field(default="", max_length=500)
    sheets: int | None = Field(default=None, ge=1, le=MOST_SHEETS)
    sides: int = Field(default=2, ge=1, le=2)


class NoteIn(Strict):
    note: Said = ""


class LookIn(Strict):
    version: int = Field(ge=1)
    """Of the document as it was shown."""
    is_ok: bool
    note: Said = ""
    """What is wrong; wanted for a fault."""


class HoldIn(Strict):
    reason: Annotated[Said, Field(min_length=1)]
    document_id: str | None = Field(default=None, max_length=80)


class ReleaseIn(Strict):
    confirmation: str = Field(max_length=MOST_LABEL)
    """The label of the batch, typed."""
    is_backed_up: bool
    """Somebody has made sure of a backup that is newer than the last filing."""


class BatchOut(BaseModel):
    batch_id: str
    label: str
    folder: str
    location: str
    sheets_expected: int | None
    sides: int
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    released_at: datetime | None
    released_by: str
    state: str
    """open, closed or released."""


class HoldOut(BaseModel):
    hold_id: str
    document_id: str | None
    reason: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str
    note: str
    is_restricted: bool
    """It is about a document that the caller may not see; which, and why, is left out."""


class QaOut(BaseModel):
    """Lists hold what the caller may see; the counts are of all."""

    documents: int
    sample_size: int
    drawn: list[str]
    drawn_total: int
    to_look_at: list[str]
    to_look_at_total: int
    faults_open: list[str]
    faults_open_total: int
    points: list[str]
    is_passed: bool


class BatchDetailOut(BaseModel):
    batch: BatchOut
    files: int
    duplicates: int
    sides_expected: int | None
    sides_scanned: int
    separators: int
    counts: dict[str, int]
    underway_files: int
    quarantined_files: int
    open_points: list[str]
    qa: QaOut
    holds: list[HoldOut]
    release_points: list[str]


class ReleaseLineOut(BaseModel):
    scan_id: str
    name: str
    """"" where something in the file is not for the caller to see."""
    size_bytes: int
    sides: int
    documents: int
    received_at: datetime


class ReleaseOut(BaseModel):
    batch_id: str
    label: str
    location: str
    released_at: datetime
    released_by: str
    closed_at: datetime
    closed_by: str
    looked_at_by: list[str]
    sheets: int
    sides: int
    duplicates: int
    lines: list[ReleaseLineOut]


def state_of(one: Batch) -> str:
    return "released" if one.released_at else "closed" if one.closed_at else "open"


def batch_out(one: Batch) -> BatchOut:
    return BatchOut(
        batch_id=one.batch_id,
        label=one.label,
        folder=one.folder,
        location=one.location,
        sheets_expected=one.sheets_expected,
        sides=one.sides,
        opened_at=one.opened_at,
        closed_at=one.closed_at,
        closed_by=one.closed_by or "",
        released_at=one.released_at,
        released_by=one.released_by or "",
        state=state_of(one),
    )


def counts_of(found: BatchSummary) -> dict[str, int]:
    counts = {name: int(getattr(found, name, 0)) for name, _ in COUNTS}
    return counts | {"unsorted": found.sides_scanned - sum(counts.values())}


def visible(access: Access, ids: Iterable[DocumentId], services: Services) -> dict[DocumentId, Document]:
    """Those of the documents that they may see, in the order given."""
    with services.catalog.read() as unit:
        found = {one: unit.documents.get(one) for one in dict.fromkeys(ids)}
    return {one: known for one, known in found.items() if known is not None and fetch.sees(access, known)}


def qa_out(status: QaStatus, access: Access, services: Services) -> QaOut:
    drawn = [item.document_id for item in status.items]
    seen = visible(access, (*drawn, *status.to_look_at, *status.faults_open), services)
    return QaOut(
        documents=status.documents,
        sample_size=status.sample_size,
        drawn=[one for one in drawn if one in seen],
        drawn_total=len(drawn),
        to_look_at=[one for one in status.to_look_at if one in seen],
        to_look_at_total=len(status.to_look_at),
        faults_open=[one for one in status.faults_open if one in seen],
        faults_open_total=len(status.faults_open),
        points=list(status.points),
        is_passed=status.is_passed,
    )


def hold_out(one: Hold, access: Access, services: Services) -> HoldOut:
    is_hidden = one.document_id is not None and not visible(access, [one.document_id], services)
    return HoldOut(
        hold_id=one.hold_id,
        document_id=None if is_hidden else one.document_id,
        reason="" if is_hidden else one.reason,
        placed_at=one.placed_at,
        placed_by=one.placed_by,
        lifted_at=one.lifted_at,
        lifted_by=one.lifted_by,
        note="" if is_hidden else one.note,
        is_restricted=is_hidden,
    )


def release_out(found: ReleaseList, access: Access, services: Services) -> ReleaseOut:
    return ReleaseOut(
        batch_id=found.batch_id,
        label=found.label,
        location=found.location,
        released_at=found.released_at,
        released_by=found.released_by,
        closed_at=found.closed_at,
        closed_by=found.closed_by,
        looked_at_by=list(found.looked_at_by),
        sheets=found.sheets,
        sides=found.sides,
        duplicates=found.duplicates,
        lines=[_line(one, access, services) for one in found.lines],
    )


def _line(one: ReleaseLine, access: Access, services: Services) -> ReleaseLineOut:
    is_seen = fetch.may_see_whole_scan(access, one.scan_id, services)
    return ReleaseLineOut(
        scan_id=one.scan_id,
        name=one.name if is_seen else "",
        size_bytes=one.size_bytes,
        sides=one.sides,
        documents=one.documents,
        received_at=one.received_at,
    )
