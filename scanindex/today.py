"""A day's work at a glance: what came, what is in work, what stands still and why.

For the dashboard, the API and whoever watches from outside; asked every two seconds by
everybody, so it counts in the catalog and keeps what it counted of past events (`Board`).
File names may name patients: they are shown to who reviews or supervises only, and that they
were shown is in the trail. Documents with labels closed to the asker are in no count.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scanindex import certify, progress, trail
from scanindex.access_model import Access, Right
from scanindex.audit_model import Mode
from scanindex.desk_model import ParkKind
from scanindex.errors import Forbidden, ScanindexError, by_code
from scanindex.intake import decode_path
from scanindex.model import DocumentState, Scan, ScanId, ScanState
from scanindex.ports import Unit
from scanindex.services import Services
from scanindex.settings import Settings
from scanindex.today_alerts import alerts
from scanindex.today_model import (
    Backlog,
    Day,
    Disk,
    Flow,
    IndexState,
    Level,
    ServiceState,
    Stage,
    Standing,
    Today,
    Trouble,
    Work,
)

DAYS = 14
_SHOWN = 20
"""Scans of each kind that are listed; the rest is counted."""
_MOST_TOLD = 5_000
_FRESH_SECONDS, _STALE_SECONDS = 15.0, 120.0
_WARN_FACTOR = 5
_LAST_BACKUP = "last-backup.json"
_STILL = (ScanState.WAITING, ScanState.QUARANTINED)


class Board:
    """What is kept between two looks; one per process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flows: dict[date, tuple[int, Flow]] = {}
        """Per day: up to which event it is counted, and what was."""
        self._counts: tuple[tuple[int, date], _Counts] | None = None
        self._told: dict[str, frozenset[ScanId]] = {}

    def today(self, access: Access, services: Services) -> Today:
        """Raises Forbidden."""
        if not access.may(Right.STATUS):
            raise Forbidden()
        settings, now = services.settings, services.clock.now()
        may_name = access.patient_ids is None and (access.may(Right.REVIEW) or access.may(Right.SUPERVISE))
        with services.catalog.read() as unit:
            flows, counts = self._counted(now, unit, services)
            names = _Names(access, unit, may_name=may_name)
            work = _work(names, unit, settings)
            troubles = _troubles(names, unit)
            queued = unit.today.queued()
            held = _held(unit, settings) if may_name else ()
            incidents = len(unit.incidents.all(open_only=True))
            last = unit.outbox.last_seq()
        service, disks, index = _service(settings, now), _disks(settings), _index(last, services)
        by_state = Counter[str]()
        for state, _, count in counts.reasons:
            by_state[state] += count
        self._note_named(access, names.shown, services)
        return Today(
            at=now,
            service=service,
            alerts=tuple(alerts(service, disks, index, by_state, incidents)),
            days=_days(access, flows, counts, services),
            work=work,
            queued=queued,
            troubles=troubles,
            waiting=by_state[ScanState.WAITING],
            quarantined=by_state[ScanState.QUARANTINED],
            reasons=counts.reasons,
            backlog=_backlog(access, counts.standing),
            index=index,
            disks=disks,
            held=held,
            incidents=incidents,
            last_backup=_last_backup(settings),
            names_shown=may_name,
        )

    def _counted(
        self, now: datetime, unit: Unit, services: Services
    ) -> tuple[Sequence[tuple[date, Flow]], _Counts]:
        """The last days, today first, and what stands. Asks only for what happened since somebody asked."""
        zone = _zone(services)
        today = now.astimezone(zone).date()
        days = [today - timedelta(days=back) for back in range(DAYS)]
        last_event = unit.today.last_event()
        with self._lock:
            if self._counts is None or self._counts[0] != (last_event, today):
                self._count_flows(days, zone, last_event, unit)
                counts = _Counts(
                    reasons=tuple(unit.today.reasons()),
                    standing=tuple(unit.today.standing()),
                    quarantined=tuple(unit.today.quarantined_since(_midnight(days[-1], zone))),
                )
                self._counts = ((last_event, today), counts)
            return [(day, self._flows[day][1]) for day in days], self._counts[1]

    def _count_flows(self, days: Sequence[date], zone: ZoneInfo, last_event: int, unit: Unit) -> None:
        """The events of a day never change: what was counted before is only added to."""
        bounds = [last_event + 1, *(unit.today.first_event(_midnight(day, zone)) for day in days)]
        for n, day in enumerate(days):
            first, last = bounds[n + 1], bounds[n] - 1
            upto, flow = self._flows.get(day, (first - 1, Flow()))
            if upto < last:
                upto, flow = last, _added(flow, unit.today.flow(upto + 1, last))
            self._flows[day] = (upto, flow)
        self._flows = {day: self._flows[day] for day in days}

    def _note_named(self, access: Access, shown: frozenset[ScanId], services: Services) -> None:
        """That somebody was shown file names is written down once for each scan, not every two seconds."""
        with self._lock:
            told = self._told.get(access.actor, frozenset())
            fresh = shown - told
            if not fresh:
                return
            self._told[access.actor] = (told if len(told) < _MOST_TOLD else frozenset()) | shown
        trail.seen(access, "today", services, scan_ids=sorted(fresh))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """The same for everybody until something happens."""

    reasons: tuple[tuple[str, str, int], ...]
    standing: tuple[Standing, ...]
    quarantined: tuple[datetime, ...]


def _zone(services: Services) -> ZoneInfo:
    return ZoneInfo(services.settings.site.timezone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _added(one: Flow, other: Flow) -> Flow:
    filed = {labels: (n, pages) for labels, n, pages in one.filed}
    for labels, n, pages in other.filed:
        before = filed.get(labels, (0, 0))
        filed[labels] = (before[0] + n, before[1] + pages)
    settled = Counter(dict(one.settled)) + Counter(dict(other.settled))
    refiled = Counter(dict(one.refiled)) + Counter(dict(other.refiled))
    return Flow(
        arrived=one.arrived + other.arrived,
        duplicates=one.duplicates + other.duplicates,
        filed=tuple((labels, n, pages) for labels, (n, pages) in filed.items()),
        refiled=tuple(refiled.items()),
        settled=tuple(settled.items()),
    )


def _days(
    access: Access, flows: Iterable[tuple[date, Flow]], counts: _Counts, services: Services
) -> tuple[Day, ...]:
    zone = _zone(services)
    bad = Counter(moment.astimezone(zone).date() for moment in counts.quarantined)
    return tuple(_day(day, flow, bad[day], access) for day, flow in flows)


def _day(day: date, flow: Flow, quarantined: int, access: Access) -> Day:
    filed = [(n, pages) for labels, n, pages in flow.filed if _is_open(access, labels.split())]
    return Day(
        day=day,
        arrived=flow.arrived,
        duplicates=flow.duplicates,
        quarantined=quarantined,
        filed=sum(n for n, _ in filed),
        refiled=sum(n for labels, n in flow.refiled if _is_open(access, labels.split())),
        settled=sum(n for labels, n in flow.settled if _is_open(access, labels.split())),
        pages=sum(pages for _, pages in filed),
    )


def _is_open(access: Access, labels: Iterable[str]) -> bool:
    """Whether documents with these labels may be in what they count.

    A patient list bounds who may be read, not how much work there is.
    """
    return access.without_sensitivity.isdisjoint(labels)


def _backlog(access: Access, found: Iterable[Standing]) -> Backlog:
    """Who reviews counts exactly what their queue holds: charts opened by breaking the glass too."""
    seen = [s for s in found if _is_open(access, s.labels) or s.patient_id in access.opened]

    def count(*states: str) -> int:
        return sum(s.documents for s in seen if s.state in states)

    waiting = [s.oldest for s in seen if s.state == DocumentState.IN_REVIEW and s.oldest]
    return Backlog(
        in_review=count(DocumentState.IN_REVIEW),
        parked=count(ParkKind.PARKED),
        questions=count(ParkKind.QUESTION, ParkKind.KEYS_DIFFER),
        oldest=min(waiting, default=None),
        rescans=count(DocumentState.RESCAN_WANTED),
        rechecks=count("recheck"),
        being_filed=count(DocumentState.PROPOSED),
    )


# --- scans -----------------------------------------------------------------------------
class _Names:
    """File names and folders of scans, for whoever may see them."""

    def __init__(self, access: Access, unit: Unit, *, may_name: bool) -> None:
        self._access = access
        self._unit = unit
        self._may_name = may_name
        self._shown: set[ScanId] = set()

    @property
    def shown(self) -> frozenset[ScanId]:
        return frozenset(self._shown)

    def of(self, scans: Iterable[Scan]) -> Mapping[ScanId, tuple[str, ...]]:
        seen = [scan.scan_id for scan in scans if self._sees(scan)]
        paths = self._unit.today.names(seen) if seen else {}
        self._shown.update(paths)
        return {
            scan_id: tuple(dict.fromkeys(shown_name(path) for path in found))
            for scan_id, found in paths.items()
        }

    def source(self, scan: Scan) -> str:
        return scan.preset.source if self._may_name else ""

    def _sees(self, scan: Scan) -> bool:
        if not self._may_name:
            return False
        return all(self._access.sees(d) for d in self._unit.documents.all(scan_id=scan.scan_id))


def shown_name(inbox_path: str) -> str:
    """The file name of an (encoded) inbox path, as text that any screen can show."""
    return decode_path(inbox_path).name.encode("utf-8", "replace").decode()


def _work(names: _Names, unit: Unit, settings: Settings) -> tuple[Work, ...]:
    filing = unit.today.filing(_SHOWN)
    under_way = unit.today.underway(_SHOWN)
    named = names.of([scan for scan, _ in filing] + under_way)

    def work(scan: Scan, documents: int = 0) -> Work:
        stage, read, pages = progress.read_so_far(scan, settings)
        return Work(
            scan_id=scan.scan_id,
            names=named.get(scan.scan_id, ()),
            source=names.source(scan),
            stage=Stage.FILING if documents else stage,
            pages_read=read,
            pages=pages,
            documents=documents,
            since=scan.received_at,
        )

    return (*(work(scan, documents) for scan, documents in filing), *(work(scan) for scan in under_way))


def _troubles(names: _Names, unit: Unit) -> tuple[Trouble, ...]:
    found = [s for state in _STILL for s in unit.today.still(state, _SHOWN)]
    named = names.of(found)
    return tuple(
        Trouble(
            scan_id=scan.scan_id,
            names=named.get(scan.scan_id, ()),
            source=names.source(scan),
            state=scan.state,
            code=scan.reason or "",
            meaning=by_code(scan.reason or "").meaning,
            hint=by_code(scan.reason or "").hint,
            since=scan.received_at,
            retry_at=scan.retry_at,
        )
        for scan in found
    )


# --- what keeps it going -----------------------------------------------------------------
def _service(settings: Settings, now: datetime) -> ServiceState:
    """By what it last said: taking its lock to see whether it is free would be in its way."""
    try:
        told: dict[str, Any] = json.loads((settings.var / "health.json").read_text())
        seen_at = datetime.fromisoformat(told["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return ServiceState(is_running=False, seen_at=None)
    age = (now - seen_at).total_seconds()
    # Where it lives in another container its process is not seen here, but what it says is new.
    is_running = age <= _FRESH_SECONDS or (age <= _STALE_SECONDS and _is_alive(told.get("pid")))
    return ServiceState(
        is_running=is_running,
        seen_at=seen_at,
        settling=int(told.get("settling") or 0),
        refused=int(told.get("refused") or 0),
        problem=str(told.get("problem") or "") if is_running else "",
    )


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there, and another account's
    return True


def _disks(settings: Settings) -> tuple[Disk, ...]:
    floor = settings.intake.floor_bytes
    by_device: dict[int, list[str]] = {}
    space: dict[int, tuple[int, int]] = {}
    for place, path in (("archive", settings.archive), ("inbox", settings.inbox), ("var", settings.var)):
        try:
            device, disk = path.stat().st_dev, os.statvfs(path)
        except OSError:
            continue
        by_device.setdefault(device, []).append(place)
        space[device] = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)
    return tuple(
        Disk(
            places=tuple(places),
            free_bytes=space[device][0],
            total_bytes=space[device][1],
            level=_disk_level(space[device][0], floor),
        )
        for device, places in by_device.items()
    )


def _disk_level(free_bytes: int, floor_bytes: int) -> Level:
    if free_bytes < floor_bytes:
        return Level.BAD
    return Level.WARN if free_bytes < floor_bytes * _WARN_FACTOR else Level.GOOD


def _index(last: int, services: Services) -> IndexState:
    if not services.settings.index.enabled:
        return IndexState(is_enabled=False)
    problem, behind = "", 0
    rebuilding = services.index.rebuilding()
    try:
        behind = max(0, last - services.index.seq())
    except ScanindexError as error:
        problem = error.code
    return IndexState(
        is_enabled=True,
        problem=problem,
        behind=behind,
        rebuilding_percent=None if rebuilding is None else rebuilding.percent,
        is_rebuild_running=rebuilding is not None and rebuilding.is_running,
    )


def _held(unit: Unit, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Sources that somebody, or a misfile, stopped from filing alone."""
    stopped = (record for record in unit.sources.all() if record.mode is Mode.SUGGEST)
    return tuple((r.source, r.reason) for r in stopped if not certify.files_alone(r.source, r, settings))


def _last_backup(settings: Settings) -> datetime | None:
    try:
        told = json.loads((settings.var / _LAST_BACKUP).read_text())
        return datetime.fromisoformat(told["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
