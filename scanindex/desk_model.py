"""The nouns of a reviewer's day: claims, what is parked, first keys, test items, what was done.

Values only, beside `model.py`. None of them is a truth about paper: they can be lost
without a page, a chart or a decision being lost with them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from scanindex.model import BatchId, Document, DocumentId, PatientId, ScanId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One scan is in one person's hands."""

    scan_id: ScanId
    actor: str
    since: datetime
    until: datetime


class ParkKind(enum.StrEnum):
    PARKED = "parked"
    """Put aside with a note; anybody may take it up again."""
    QUESTION = "question"
    """For a supervisor."""
    ANSWERED = "answered"
    """Back in the queue, with question and answer."""
    KEYS_DIFFER = "keys_differ"
    """Two people settled it differently: a supervisor decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    item_id: DocumentId
    kind: ParkKind
    note: str = field(repr=False)
    actor: str
    at: datetime
    answer: str = field(default="", repr=False)
    answered_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """How one person settled a document that two must settle alike."""

    document_id: DocumentId
    actor: str
    at: datetime
    pages: tuple[int, ...]
    """It holds for these pages only."""
    patient_id: PatientId = field(repr=False)
    document_type: str | None
    service_date: str | None

    def equals(self, other: Key) -> bool:
        mine = (self.pages, self.patient_id, self.document_type, self.service_date)
        return mine == (other.pages, other.patient_id, other.document_type, other.service_date)


class SeedOutcome(enum.StrEnum):
    CAUGHT = "caught"
    """The wrong proposal was not taken."""
    MISSED = "missed"
    SPOILED = "spoiled"
    """It could not be finished (its pages were to be split); counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A test item: a filed document shown as if it waited, with a wrong proposal."""

    item_id: DocumentId
    """Looks like any document's id and is none."""
    document: Document = field(repr=False)
    """As shown."""
    origin: DocumentId
    """The filed document whose pages it shows."""
    right: PatientId = field(repr=False)
    wrong: PatientId = field(repr=False)
    priority: int = 0
    planted_at: datetime
    planted_by: str
    outcome: SeedOutcome | None = None
    actor: str = ""
    """Who met it."""
    settled_at: datetime | None = None
    seconds: float | None = None
    datum_misses: int = 0
    """How often the confirming datum did not fit before it was settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing somebody did at the desk, with what undoing it needs."""

    action_no: int = 0
    """Given when it is kept."""
    group: str
    """Acts of one run share it and are undone together."""
    actor: str
    at: datetime
    kind: str
    item_id: DocumentId
    scan_id: ScanId
    version_after: int
    pages: int
    before: tuple[Document, ...] = field(default=(), repr=False)
    """The documents as they were, the item's first."""
    after: tuple[tuple[DocumentId, int], ...] = ()
    """Documents and versions it left behind; undo is refused where they changed since."""
    parked: Parked | None = None
    """What stood parked before."""
    keys: tuple[Key, ...] = ()
    """Which keys stood before."""
    seconds: float | None = None
    keystrokes: int | None = None
    event_seq: int = 0
    """The last event then: what is corrected later has a higher number."""
    detail: str = ""
    """Of a turned page its number and the degrees, "3:90"."""
    is_undone: bool = False
    is_test: bool = False
    """On a seeded item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A document in review, as far as queues need to know."""

    item_id: DocumentId
    version: int
    scan_id: ScanId
    first_page: int
    created_at: datetime
    priority: int
    source: str
    batch_id: BatchId | None
    patient_id: PatientId | None
    document_type: str | None
    sensitivity: tuple[str, ...]
    rule: str
    park: ParkKind | None
    keyed_by: str
    """Who gave a first key that still holds; ""."""
    claimed_by: str
    """Who holds its scan now; ""."""
    is_test: bool = False
