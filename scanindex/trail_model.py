"""The nouns of the audit trail: an entry, what to look for, a head, and what a proof found.

Values only, beside `model.py`. An entry carries ids and a few plain words of what an event
says, never the payload itself: whoever reads the trail reads no chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scanindex.model import DocumentId, PatientId, ScanId

VIEWED, SEARCHED, DENIED = "viewed", "searched", "denied"
EXPORTED, NOT_LEFT = "exported", "export_not_left"
"""Documents go to another system, or out as a list; of attempts to hand them over, nothing went."""
TAKEN = ("printed", "downloaded", EXPORTED)
"""How something leaves the program, as event kinds."""
SHOWN = (VIEWED, *TAKEN)
"""Kinds of events by which somebody came to see documents."""
HANDED_OVER, PERHAPS, REFUSED = "handed over", "perhaps handed over: no answer", "handed over and refused"
"""`TrailEntry.details["outcome"]` of an attempt to hand a document to another system."""
STARTED, NOTED = "trail_started", "trail_noted"
"""A chain of seals begins; its head was written down in the second place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFilter:
    """What to look for; everything given must hold."""

    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""
    actor: str = ""
    """As events name it, or a login alone."""
    kinds: tuple[str, ...] = ()
    patient_id: PatientId | None = None
    document_id: DocumentId | None = None
    before: int | None = None
    """Only entries older than this number: where the last page ended."""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """Who did what when, to whose data."""

    seq: int
    at: datetime
    actor: str
    kind: str
    what: str = ""
    """What was looked at or how it was taken."""
    reason: str = field(default="", repr=False)
    scan_id: ScanId | None = None
    document_ids: tuple[DocumentId, ...] = ()
    patient_ids: tuple[PatientId, ...] = ()
    """Whom it was about then; of a document that changed hands, both."""
    details: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def category(self) -> str:
        """viewed, searched, printed, downloaded, exported, denied, or changed."""
        return self.kind if self.kind in (*SHOWN, SEARCHED, DENIED) else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailPage:
    """Entries, newest first."""

    entries: tuple[TrailEntry, ...]
    next_before: int | None
    """`TrailFilter.before` of the next page; None: this was the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailHead:
    """The end of the trail at a moment; kept elsewhere, it proves that nothing before it changed."""

    seq: int
    mac: str
    """Seal of that row; "" where the chain has not begun."""
    log_seq: int
    log_hash: str
    """Hash of that line of the archive's event log."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailProblem:
    code: str
    place: str
    """Event number, line of the log, or file; never a name."""

    @property
    def meaning(self) -> str:
        return TRAIL_PROBLEMS[self.code]


TRAIL_PROBLEMS = {
    "key_missing": "var/keys/trail.key is gone; put it back from backup, or `scanindex audit restart`.",
    "key_unused": "There is a key and no sealed row: the trail was emptied (or its first write was cut off).",
    "key_other": "The key is not the one that the trail is sealed with; put the right one back from backup.",
    "row_changed": "The row, or the one before it, is not what was sealed: edited, removed, added or moved.",
    "row_unsealed": "Rows without a seal stand where every row has one: added or unsealed by other means.",
    "start_differs": "What stood before the beginning of this chain is not what stands there now.",
    "seal_missing": "The seal over the trail's end is gone, so rows may have been cut off.",
    "seal_differs": "The trail does not end where its seal says: rows were cut off or added.",
    "log_broken": "The archive's event log is not whole at this line.",
    "log_differs": "The log says something else than the catalog about this event.",
    "log_lacks": "The catalog has this event and the log does not.",
    "log_behind": "The log lacks the newest events: cut off, or to be written by the next start.",
    "catalog_lacks": "The log has this event and the catalog does not.",
    "head_differs": "The head noted in the second place is not what stands here now.",
    "head_lacks": "A head that was noted is not in the second place any more.",
    "head_unreadable": "A line of the second place cannot be read.",
    "heads_unreadable": "The second place cannot be read (access.heads_file).",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailReport:
    problems: tuple[TrailProblem, ...]
    events: int
    sealed: int
    """Rows whose seal was checked."""
    first_sealed: int | None
    """Older rows come from before the seals, and are held by the log's hashes."""
    starts: tuple[int, ...]
    """Events at which a chain of seals began: the first, and each restore, rebuild or restart."""
    other_key: int
    """Rows sealed with an earlier key: held by the log's hashes only."""
    log_lines: int
    heads: int
    """Heads of the second place that were compared."""

    @property
    def is_whole(self) -> bool:
        return not self.problems
