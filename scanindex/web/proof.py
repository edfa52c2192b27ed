"""The proof of the trail as a job: it walks everything, so a request starts it and others ask.

One runs at a time; what the last one found is kept until the next, in memory only.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from scanindex import trail
from scanindex.access_model import Access
from scanindex.errors import ScanindexError
from scanindex.services import Services
from scanindex.trail_model import TrailReport
from scanindex.web import errors


class ProblemOut(BaseModel):
    code: str
    place: str
    """Event number, line of the log, or file."""
    meaning: str


class ProofOut(BaseModel):
    state: str
    """none, running, whole, broken or failed."""
    started_at: datetime | None = None
    started_by: str = ""
    seconds: int = 0
    """So far, or how long it took."""
    is_running: bool = False
    message: str = ""
    """The outcome in one sentence."""
    problems: list[ProblemOut] = []
    events: int = 0
    sealed: int = 0
    log_lines: int = 0
    heads: int = 0
    starts: list[int] = []
    """Events at which a chain of seals began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    started_at: datetime
    started_by: str
    ended_at: datetime | None = None
    report: TrailReport | None = None
    failure: str = ""


class Proof:
    """What the last proof found, and the thread of the one that runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._thread: threading.Thread | None = None

    def start(self, access: Access, services: Services) -> None:
        """Begin, unless one runs already."""
        with self._lock:
            if self._run is not None and self._run.ended_at is None:
                return
            run = self._run = _Run(started_at=services.clock.now(), started_by=access.login)
            self._thread = threading.Thread(
                target=self._prove, args=(run, access, services), name="trail-proof", daemon=True
            )
            self._thread.start()

    def wait(self) -> None:
        """Until none runs."""
        if self._thread is not None:
            self._thread.join()

    def _prove(self, run: _Run, access: Access, services: Services) -> None:
        report, failure = None, ""
        try:
            report = trail.verify(services)
            if report.is_whole:
                with contextlib.suppress(ScanindexError):
                    trail.seen(access, "trail proof", services)
        except ScanindexError as error:
            failure = f"{error} {errors.hint_of(error)}"
        except Exception as error:
            failure = f"Something unexpected happened ({type(error).__name__})."
        with self._lock:
            self._run = _Run(
                started_at=run.started_at,
                started_by=run.started_by,
                ended_at=services.clock.now(),
                report=report,
                failure=failure,
            )

    def told(self, services: Services) -> ProofOut:
        with self._lock:
            run = self._run
        if run is None:
            return ProofOut(state="none")
        seconds = int(((run.ended_at or services.clock.now()) - run.started_at).total_seconds())
        told = ProofOut(
            state="running", started_at=run.started_at, started_by=run.started_by, seconds=seconds
        )
        if run.ended_at is None:
            return told.model_copy(update={"is_running": True, "message": "Every seal is being checked."})
        if run.report is None:
            return told.model_copy(update={"state": "failed", "message": run.failure})
        return told.model_copy(update=_found(run.report))


def _found(report: TrailReport) -> dict[str, object]:
    count = len(report.problems)
    problems = [ProblemOut(code=p.code, place=p.place, meaning=p.meaning) for p in report.problems]
    whole = "Nobody changed the trail since it is sealed."
    return {
        "state": "whole" if report.is_whole else "broken",
        "message": whole if report.is_whole else f"{count} thing(s) are not as they were sealed.",
        "problems": problems[:500],
        "events": report.events,
        "sealed": report.sealed,
        "log_lines": report.log_lines,
        "heads": report.heads,
        "starts": list(report.starts),
    }
