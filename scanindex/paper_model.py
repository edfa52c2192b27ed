"""The nouns of paper: what keeps it, who looked at a batch a second time, what may go.

Values only, beside `model.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from scanindex.model import BatchId, DocumentId, ScanId


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A reason why the paper of a batch, or of one document, must not go."""

    hold_id: str
    batch_id: BatchId | None
    """Of the whole batch, or of the one that the document's scan belongs to; None: of none."""
    document_id: DocumentId | None = None
    reason: str = field(repr=False)
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None = None
    lifted_by: str = ""
    note: str = field(default="", repr=False)
    """Why it was lifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QaLook:
    """A second person compared a document with its paper."""

    at: datetime
    by: str
    version: int
    """Of the document; a later version must be looked at again."""
    is_ok: bool
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class QaItem:
    """A document of a batch that a second person looks at."""

    batch_id: BatchId
    document_id: DocumentId
    draw_no: int
    """Which sample it is of, from 1; 0: drawn pages came to it since."""
    scan_id: ScanId
    pages: tuple[int, ...]
    """Of the scan, when it was drawn: wherever they go, they are to be looked at."""
    drawn_at: datetime
    drawn_by: str
    looks: tuple[QaLook, ...] = ()
    """Oldest first."""

    def is_right(self, version: int) -> bool:
        """Whether the last look was at this version and found nothing wrong."""
        return bool(self.looks) and self.looks[-1].is_ok and self.looks[-1].version == version


@dataclass(frozen=True, slots=True, kw_only=True)
class QaStatus:
    """How far the second look at a batch is."""

    batch_id: BatchId
    documents: int
    """Settled documents of the batch, from which is drawn."""
    sample_size: int
    """Documents that a sample takes, by `paper.sample_size`."""
    items: tuple[QaItem, ...]
    to_look_at: tuple[DocumentId, ...]
    """Whose look is still missing, or older than the document."""
    faults_open: tuple[DocumentId, ...]
    """Of these the last look found something wrong."""
    points: tuple[str, ...]
    """Why it has not passed, in plain words; () once it has."""

    @property
    def is_passed(self) -> bool:
        return not self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    """One received file whose paper may go."""

    scan_id: ScanId
    """SHA-256 of the bytes."""
    name: str = field(repr=False)
    """As it arrived; may name a patient."""
    size_bytes: int
    sides: int
    documents: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseList:
    """What goes to the shredder, to be printed and signed."""

    batch_id: BatchId
    label: str
    location: str
    released_at: datetime
    released_by: str
    closed_at: datetime
    closed_by: str
    looked_at_by: tuple[str, ...]
    sheets: int
    """Paper leaves by the count of sides."""
    sides: int
    duplicates: int
    """Arrivals of this batch whose bytes were there already."""
    lines: tuple[ReleaseLine, ...]
