"""The real service on a prepared workspace, with stub workers; meant to be killed.

    python -m tests.crash.service_main HOME [--until-idle] [--single-threaded] [--page-seconds S]

Single-threaded means the same code (intake, pipeline, follower) called in turn
from one thread, for tools that count system calls per thread.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scanindex import app, pipeline
from scanindex.errors import TransientError
from scanindex.model import ScanState
from scanindex.settings import IntakeSettings, Settings
from scanindex.store.clock import SystemClock
from scanindex.watch import Follower, Service
from tests.crash.stub import StubWorkers

ROUNDS = 60


def quick_settings(home: Path) -> Settings:
    """No settling, no disk floor, no watcher: as fast as the code itself."""
    intake = IntakeSettings(settle_seconds=0, poll_seconds=0.02, floor_bytes=0, watch_events=False)
    return Settings(home=home, intake=intake)


def open_stubbed(settings: Settings, page_seconds: float = 0.0, **options: Any) -> app.Workspace:
    return app.open_workspace(
        settings, make_workers=lambda s, archive: StubWorkers(s, archive, page_seconds, **options)
    )


class JumpingClock(SystemClock):
    """The system's clock, put forward where a back-off would make a test wait."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Inline:
    """An executor that has done everything when it returns."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, **_: object) -> None:
        pass


def serve(settings: Settings, page_seconds: float = 0.0, until_idle: bool = True) -> list[str]:
    """As `scanindex run` does it, threads and locks included; what it reported."""
    said: list[str] = []
    opened = open_stubbed(settings, page_seconds)
    try:
        with app.exclusive(settings):
            opened.recover()
            service = Service(
                opened.services, opened.intake, lambda kind, text: said.append(f"{kind} {text}")
            )
            service.run(until_idle=until_idle)
    finally:
        opened.close()
    return said


def drive(settings: Settings, rounds: int = ROUNDS, **options: Any) -> list[str]:
    """The same from one thread, waiting times skipped; ends early if there is nothing to do."""
    said: list[str] = []
    opened = open_stubbed(settings, **options)
    try:
        with app.exclusive(settings):
            _drive(opened, rounds, said)
    finally:
        opened.close()
    return said


def _drive(opened: app.Workspace, rounds: int, said: list[str]) -> None:
    clock = JumpingClock()
    services = dataclasses.replace(opened.services, clock=clock)

    def report(kind: str, text: str) -> None:
        said.append(f"{kind} {text}")

    service = Service(services, opened.intake, report)
    service._threads.shutdown()
    service._threads = Inline()  # type: ignore[assignment]
    follower = Follower(services, report)
    has_started = False
    for _ in range(rounds):
        clock.ahead += timedelta(hours=1)
        try:
            if not has_started:
                opened.recover()
                opened.intake.recover()
                pipeline.forget_settled(services)
                has_started = True
            turn = service._turn()
            if service._fatal:
                raise service._fatal
            is_idle = service._is_idle(turn) and follower.catch_up()
            if is_idle and not _are_waiting(opened):
                return
        except TransientError as error:  # as Service.run and a restart by the system do
            report("waiting", error.code)
    report("gave_up", f"after {rounds} rounds")


def _are_waiting(opened: app.Workspace) -> bool:
    with opened.catalog.read() as unit:
        return bool(unit.scans.all(ScanState.WAITING))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--until-idle", action="store_true")
    parser.add_argument("--single-threaded", action="store_true")
    parser.add_argument("--page-seconds", type=float, default=0.0)
    chosen = parser.parse_args()
    settings = quick_settings(chosen.home)
    with contextlib.suppress(KeyboardInterrupt):
        if chosen.single_threaded:
            drive(settings)
        else:
            serve(settings, chosen.page_seconds, chosen.until_idle)


if __name__ == "__main__":
    main()
