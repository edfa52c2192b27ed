"""The service: look, work, follow up, until told to stop.

One loop owns intake and scheduling; scans are processed in threads (their heavy
work happens in child processes); a follower thread keeps index and chart tree
in step with the catalog. A listing is the truth; file system events only end
the pause early. Nothing here decides about a scan: that is pipeline.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanindex import pipeline, redecide, reindex, trail
from scanindex.errors import (
    ConfigError,
    IndexBroken,
    IntegrityError,
    ScanindexError,
    Stopping,
    TransientError,
    transient,
)
from scanindex.intake import Intake, Look
from scanindex.model import DocumentState, Scan, ScanId, ScanState
from scanindex.services import MACHINE, Services

_SUSPECT_ATTEMPTS = 2
_FOLLOW_SECONDS = 0.5
"""Longer makes fewer, larger index commits, which cost less each; shorter shows a filed page sooner."""
_UPKEEP_SECONDS = 2.0
_HEALTH_SECONDS = 5.0
_REPEAT_SECONDS = 300.0
_REPLAYED = 500
"""An empty index that far behind is built at one go instead."""
_FOLLOW_BACK_OFF_SECONDS = 10.0
_LONGEST_BACK_OFF_SECONDS = 60.0
_WAITS_BEFORE_IDLE = 3
"""A run until idle tries a waiting scan this often before it leaves it for another run."""

Report = Callable[[str, str], None]
"""(kind, text without patient data)."""


@dataclass(slots=True)
class _Round:
    """What one turn of the loop saw; decides whether the service is idle."""

    look: Look
    started: int
    in_flight: int


class Service:
    def __init__(self, services: Services, intake: Intake, report: Report) -> None:
        self._services = services
        self._intake = intake
        self._report = report
        self._in_flight: dict[ScanId, Future[None]] = {}
        self._fatal: ScanindexError | None = None
        self._problem_told: tuple[float, str] = (0.0, "")
        self._health_told: tuple[float, str | None] = (float("-inf"), None)
        self._roster_seen: tuple[object, ...] | None = None
        self._note_at = float("-inf")
        self._uncounted: set[ScanId] = set()
        self._alone: ScanId | None = None
        self._stop = threading.Event()
        self._wake = threading.Event()
        count = services.settings.workers.processes or len(os.sched_getaffinity(0))
        self._capacity = count * 2 + 1
        self._threads = ThreadPoolExecutor(self._capacity, thread_name_prefix="scan")

    def stop(self) -> None:
        """Ask for a clean stop; safe from a signal handler."""
        self._stop.set()
        self._wake.set()

    def run(self, *, until_idle: bool = False) -> None:
        """Work until stopped (or idle). Raises IntegrityError and ConfigError at once."""
        self._intake.recover()
        pipeline.forget_settled(self._services)
        follower = Follower(self._services, self._report)
        follower.start()
        observer = _observe(self._services.settings.inbox, self._wake.set, self._services)
        pause = self._services.settings.intake.poll_seconds
        back_off = pause
        try:
            while not self._stop.is_set():
                try:
                    turn = self._turn()
                    back_off = pause
                except TransientError as error:
                    self._report("waiting", f"{error.code}: {error} {error.hint}")
                    back_off = min(back_off * 2, _LONGEST_BACK_OFF_SECONDS)
                    turn = None
                if self._fatal:
                    raise self._fatal
                if until_idle and turn and self._is_idle(turn) and follower.catch_up():
                    break
                self._wake.wait(back_off)  # a scan that ends, or an event, ends the pause
                self._wake.clear()
        finally:
            if observer is not None:
                observer.stop()
            follower.stop()
            self._threads.shutdown(wait=True, cancel_futures=True)
        self._note_head(is_stopping=True)

    def _turn(self) -> _Round:
        look = self._intake.look()
        if look.taken:
            self._report("taken", f"{look.taken} file(s) taken over from the inbox")
        self._tell_problem(look)
        self._reap()
        self._follow_roster()
        started = self._start_due()
        self._note_head()
        self._tell_health(look)
        return _Round(look=look, started=started, in_flight=len(self._in_flight))

    def _tell_problem(self, look: Look) -> None:
        """Once, and again every few minutes while it lasts."""
        text = f"{look.problem.code}: {look.problem}. {look.problem.hint}" if look.problem else ""
        now = self._services.clock.monotonic()
        if text and (text != self._problem_told[1] or now - self._problem_told[0] >= _REPEAT_SECONDS):
            self._report("waiting", text)
            self._problem_told = (now, text)
        if not text:
            self._problem_told = (now, "")

    def _tell_health(self, look: Look) -> None:
        """Every few seconds, and at once when a problem comes or goes."""
        code = look.problem.code if look.problem else None
        now = self._services.clock.monotonic()
        if now - self._health_told[0] >= _HEALTH_SECONDS or code != self._health_told[1]:
            _write_health(self._services, look, len(self._in_flight))
            self._health_told = (now, code)

    def _follow_roster(self) -> None:
        """After an import, a person confirmed from paper or put right, or a source let go, look again."""
        with self._services.catalog.read() as unit:
            modes = tuple((record.source, record.mode) for record in unit.sources.all() if record.mode)
        registry = self._services.registry
        now = (self._services.roster.version(), registry.patients(), registry.changes(), modes)
        if self._roster_seen != now:
            is_start = self._roster_seen is None
            changed = redecide.decide_again(self._services, only_older=is_start)
            if changed or not is_start:
                self._report("roster", f"roster or modes changed: {changed} document(s) decided again")
        self._roster_seen = now

    def _note_head(self, *, is_stopping: bool = False) -> None:
        """The end of the audit trail goes to its second place daily, and when the service stops."""
        if trail.heads_file(self._services) is None:
            return
        now = self._services.clock.monotonic()
        if not is_stopping and now < self._note_at:
            return
        self._note_at = now + _REPEAT_SECONDS  # what fails is tried again then
        try:
            last = trail.last_noted(self._services)
            if is_stopping or last is None or last.date() != self._services.clock.now().date():
                trail.note_head(self._services)
        except TransientError as error:
            self._report("waiting", f"head of the trail (access.heads_file): {error.code}. {error.hint}")

    def _is_idle(self, turn: _Round) -> bool:
        if not turn.look.is_idle or turn.started or turn.in_flight:
            return False
        with self._services.catalog.read() as unit:
            waiting = unit.scans.all(ScanState.WAITING)
        return all(scan.waits > _WAITS_BEFORE_IDLE for scan in waiting)

    def _clear_attempts(self) -> None:
        """Before a scan is tried again; raises TransientError, and so backs off, while that fails."""
        if self._uncounted:
            with self._services.catalog.write() as unit:
                for scan_id in self._uncounted:
                    unit.scans.change(scan_id, attempts=0)
            self._uncounted.clear()

    def _start_due(self) -> int:
        self._clear_attempts()
        room = self._capacity - len(self._in_flight)
        if room <= 0:
            return 0
        with self._services.catalog.read() as unit:
            due = unit.scans.due(self._services.clock.now(), room, skip=self._in_flight)
            known = {scan.scan_id for scan in due} | set(self._in_flight)
            # Decided by a person, or left between intent and filing by a crash.
            for document in unit.documents.all(DocumentState.PROPOSED, limit=500):
                scan = unit.scans.get(document.scan_id)
                if scan and scan.scan_id not in known and scan.state is ScanState.DECIDED and len(due) < room:
                    due.append(scan)
                    known.add(scan.scan_id)
        due = self._suspects_alone(due)
        for scan in due:
            future = self._threads.submit(self._process, scan)
            future.add_done_callback(lambda _: self._wake.set())
            self._in_flight[scan.scan_id] = future
        return len(due)

    def _suspects_alone(self, due: list[Scan]) -> list[Scan]:
        """What was being opened when the service died, twice already, is opened with nothing beside it.

        So the next death is blamed on the one file that was open, not on its neighbours.
        """
        if self._alone in self._in_flight:
            return []
        self._alone = next((scan.scan_id for scan in due if scan.attempts >= _SUSPECT_ATTEMPTS), None)
        if self._alone is None:
            return due
        return [] if self._in_flight else [scan for scan in due if scan.scan_id == self._alone]

    def _reap(self) -> None:
        for scan_id, future in list(self._in_flight.items()):
            if future.done():
                del self._in_flight[scan_id]
                error = future.exception()
                if isinstance(error, IntegrityError | ConfigError):
                    self._fatal = error
                elif isinstance(error, TransientError):
                    # Not even "waiting" could be recorded. The service lives, so the attempt
                    # that was counted is no evidence against the file.
                    self._uncounted.add(scan_id)
                    self._report("waiting", f"{error.code}: {error}")
                elif error is not None:
                    self._report("error", f"scan {scan_id[:12]}: {type(error).__name__}")
                    self._fatal = IntegrityError(f"unexpected {type(error).__name__}; nothing was lost")

    def _process(self, scan: Scan) -> None:
        pipeline.process(scan, self._services)
        with self._services.catalog.read() as unit:
            now = unit.scans.get(scan.scan_id)
            made = unit.documents.all(scan_id=scan.scan_id)
        if now is None or now.state is ScanState.RECEIVED:
            return  # stopping: it goes on at the next start
        if now.state is not ScanState.DECIDED:
            self._report(now.state.value, f"scan {scan.scan_id[:12]}: {now.reason}")
            return
        for document in made:
            if document.state is DocumentState.FILED and document.decision.decided_by == MACHINE:
                verb, kind = "filed", "filed"
            elif document.state is DocumentState.FILED:
                verb, kind = "filed as decided", "filed"
            else:
                verb, kind = "waits for review", "review"
            pages = f"{len(document.pages)} page(s)"
            self._report(
                kind, f"{document.document_type or 'document'} {document.document_id[:8]}, {pages}: {verb}"
            )


class Follower(threading.Thread):
    """Index and chart tree behind the catalog; filing never waits for them.

    What takes long (merging parts, adding again what a damaged part held) has a thread of
    its own beside it, so that what is filed meanwhile is found as soon as ever.
    """

    def __init__(self, services: Services, report: Report) -> None:
        super().__init__(name="follower", daemon=True)
        self._services = services
        self._report = report
        self._halt = threading.Event()
        self._turn = threading.Lock()
        self._mending = threading.Lock()
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)
        self._is_tidy = False

    def stop(self) -> None:
        self._halt.set()
        self.join()
        self._upkeep.join()

    def run(self) -> None:
        self._upkeep.start()
        pause = 0.0
        while not self._halt.wait(pause):
            pause = _FOLLOW_SECONDS if self._follow() else _FOLLOW_BACK_OFF_SECONDS

    def catch_up(self) -> bool:
        """Apply all that is outstanding and mend the index; False if index or tree could not follow."""
        return self._follow() and (not self._has_index or self._guard("index", self._mend))

    @property
    def _has_index(self) -> bool:
        return self._services.settings.index.enabled

    def _follow(self) -> bool:
        with self._turn:
            charts = self._guard("charts", lambda: follow_charts(self._services))
            if not self._has_index:
                return charts
            return self._guard("index", self._follow_index) and charts

    def _keep_up(self) -> None:
        pause = _UPKEEP_SECONDS
        while self._has_index and not self._halt.wait(pause):
            done = self._guard("index", self._mend) and self._guard("index", self._tidy)
            pause = _UPKEEP_SECONDS if done else _FOLLOW_BACK_OFF_SECONDS

    def _tidy(self) -> int:
        """One bounded merge of small index parts.

        Not asked for where nothing was applied since there was nothing to merge: even
        looking means opening every part.
        """
        if not self._is_tidy:
            self._is_tidy = True  # unless something is applied from now on
            self._is_tidy = not self._services.index.tidy()
        return 0

    def _mend(self) -> int:
        """Add again what a damaged part of the index held; a broken one is the other thread's."""
        with self._mending, contextlib.suppress(IndexBroken):
            if missing := int(self._services.index.info()["missing"]):
                self._report("index", f"a part is damaged: adding {missing} page(s) again from the archive")
                reindex.mend(self._services, self._halt.is_set)
                self._is_tidy = False
        return 0

    def _follow_index(self) -> int:
        """A broken index, or one of another catalog (restored, rebuilt), is made anew at once."""
        services = self._services
        try:
            seq = int(services.index.info()["seq"])
            with services.catalog.read() as unit:
                last = unit.outbox.last_seq()
            if seq == last or (seq < last and (seq or last < _REPLAYED)):
                applied = pipeline.follow_outbox(services) if seq < last else 0
                self._is_tidy = self._is_tidy and not applied
                return applied
            self._report("index", "building the index anew from the archive")
        except IndexBroken as error:
            self._report("index", f"{error.code}: building the index anew from the archive")
        reindex.reindex(services, self._halted)
        self._is_tidy = False
        return 1

    def _halted(self, _: reindex.Progress) -> None:
        """A service that is to stop does not finish a long build: the next start goes on there."""
        if self._halt.is_set():
            raise Stopping("the index is built on at the next start")

    def _guard(self, what: str, step: Callable[[], int]) -> bool:
        try:
            while step():
                if self._halt.is_set():
                    break
        except (ScanindexError, OSError) as raised:
            error = transient(raised) if isinstance(raised, OSError) else raised
            self._report("waiting", f"{what}: {error.code}; filing goes on. {error.hint}")
            return False
        return True


def follow_charts(services: Services, limit: int = 200) -> int:
    """Bring the chart tree up to the outbox; its place is kept in var/charts.seq."""
    if not services.settings.filing.charts:
        return 0
    place = services.settings.var / "charts.seq"
    with services.catalog.read() as unit:
        seq = _seq_in(place)
        if seq > unit.outbox.last_seq():
            seq = 0  # another catalog (restored, rebuilt): show everything again
        items = unit.outbox.after(seq, limit)
    if items:
        pipeline.follow_charts(services, list(dict.fromkeys(item.document_id for item in items)))
        partial = place.with_suffix(".partial")
        partial.write_text(str(items[-1].seq))
        partial.replace(place)
    return len(items)


def _seq_in(place: Path) -> int:
    """0 where the file is missing or was torn by a power cut: showing again is harmless."""
    try:
        return int(place.read_text("ascii", "replace"))
    except (FileNotFoundError, ValueError):
        return 0


def _observe(inbox: Path, wake: Callable[[], None], services: Services) -> Any:
    """A watchdog observer that shortens the pause, or None where events do not work."""
    if not services.settings.intake.watch_events:
        return None
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers import Observer

    class Hint(FileSystemEventHandler):
        def on_any_event(self, event: object) -> None:
            if getattr(event, "event_type", "") in {"created", "closed", "moved"}:
                wake()

    observer = Observer()
    with contextlib.suppress(OSError):  # inotify limits reached: polling alone is enough
        observer.schedule(Hint(), str(inbox), recursive=True)
        observer.start()
        return observer
    return None


def _write_health(services: Services, look: Look, in_flight: int) -> None:
    """var/health.json: for `scanindex status` and monitoring; counts only."""
    with services.catalog.read() as unit:
        counts = {"scans": unit.scans.counts(), "documents": unit.documents.counts()}
    health = {
        "at": services.clock.now().isoformat(timespec="seconds"),
        "pid": os.getpid(),
        "settling": look.settling,
        "refused": look.refused,
        "in_flight": in_flight,
        "problem": look.problem.code if look.problem else None,
        **counts,
    }
    target = services.settings.var / "health.json"
    partial = target.with_suffix(".partial")
    with contextlib.suppress(OSError):
        partial.write_text(json.dumps(health))
        partial.replace(target)
