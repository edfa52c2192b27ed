"""The nouns of a day's work at a glance: what came, what is in work, what stands still.

Values only, beside `model.py`. Counts are of files, documents and pages; nothing here names a
patient but `names`, which are left out for whoever may not see them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime

from scanindex.model import PatientId, ScanId


class Stage(enum.StrEnum):
    """How far the machine is with one scan."""

    QUEUED = "queued"
    OPENING = "opening"
    READING = "reading"
    DECIDING = "deciding"
    """Every page is read: what belongs together, and whose is it."""
    FILING = "filing"
    DONE = "done"
    WAITING = "waiting"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What events of a stretch of time tell; documents by their labels of sensitivity."""

    arrived: int = 0
    duplicates: int = 0
    filed: tuple[tuple[str, int, int], ...] = ()
    """(labels, documents, pages) of those filed for the first time."""
    refiled: tuple[tuple[str, int], ...] = ()
    """(labels, times) that documents were filed again."""
    settled: tuple[tuple[str, int], ...] = ()
    """(labels, documents) that people decided or rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Documents alike in everything that decides who may count them."""

    state: str
    """Of the document; "recheck" for filed ones that somebody must look at again; of parked ones, a
    second time, the kind of parking."""
    patient_id: PatientId | None
    labels: tuple[str, ...]
    documents: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the site's zone."""

    day: date
    arrived: int
    """Files, duplicates among them."""
    duplicates: int
    quarantined: int
    """Of the files arrived: those that are quarantined now."""
    filed: int
    """Documents, each on the day it was filed first."""
    refiled: int
    """Times that one was filed again, corrected."""
    settled: int
    """Documents that people decided or rejected."""
    pages: int
    """Of the documents filed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A scan that the machine has in hand, or next."""

    scan_id: ScanId
    names: tuple[str, ...] = field(repr=False)
    """File names it came under; () where they may not be seen."""
    source: str
    stage: Stage
    pages_read: int
    pages: int | None
    """None until it was opened."""
    documents: int
    """To be filed."""
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A scan that stands still, and why."""

    scan_id: ScanId
    names: tuple[str, ...] = field(repr=False)
    source: str
    state: str
    """waiting or quarantined."""
    code: str
    meaning: str
    hint: str
    since: datetime
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits for people, as far as the asker may count it."""

    in_review: int = 0
    """Parked ones and questions included."""
    parked: int = 0
    questions: int = 0
    oldest: datetime | None = None
    """Of those in review."""
    rescans: int = 0
    rechecks: int = 0
    being_filed: int = 0


class Level(enum.StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    places: tuple[str, ...]
    """inbox, archive, var: those that lie on it."""
    free_bytes: int
    total_bytes: int
    level: Level
    """bad: intake waits (archive) or soon fails; warn: less than five times that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    is_enabled: bool
    problem: str = ""
    """Error code where it cannot be read."""
    behind: int = 0
    """Changes not yet found by a search."""
    rebuilding_percent: int | None = None
    is_rebuild_running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    is_running: bool
    seen_at: datetime | None
    """Its last sign of life; None: it never ran here."""
    settling: int = 0
    """Inbox entries that are not taken over yet."""
    refused: int = 0
    """Inbox entries that are no regular files."""
    problem: str = ""
    """Error code of what holds up the intake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that somebody must know, in plain words without patient data."""

    key: str
    level: Level
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    at: datetime
    service: ServiceState
    alerts: tuple[Alert, ...]
    days: tuple[Day, ...]
    """Today first."""
    work: tuple[Work, ...]
    queued: int
    """Scans received and not decided yet, those of `work` included."""
    troubles: tuple[Trouble, ...]
    """Waiting ones, then quarantined ones, newest first; not more than fit on a screen."""
    waiting: int
    quarantined: int
    reasons: tuple[tuple[str, str, int], ...]
    """(state, code, scans) of all that stand still."""
    backlog: Backlog
    index: IndexState
    disks: tuple[Disk, ...]
    held: tuple[tuple[str, str], ...]
    """(source, why) of sources that were stopped from filing alone; () where it may not be seen."""
    incidents: int
    """Open ones."""
    last_backup: datetime | None
    names_shown: bool
