"""run and add."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanindex import app
from scanindex.cli.common import pass_home, settings_of
from scanindex.cli.screens import Screens
from scanindex.errors import ConfigError, TransientError, UsageError, transient
from scanindex.intake import preset_of
from scanindex.intake.drop import put
from scanindex.settings import Settings

if TYPE_CHECKING:
    from scanindex.watch import Report, Service

_MARKS = {"filed": "✓", "review": "?", "quarantined": "✗", "waiting": "…", "taken": "+", "error": "!"}
_PAGES_BETWEEN_LINES = 10


@click.command()
@click.option(
    "--until-idle", is_flag=True, help="Stop once all is done; files still being copied in are waited for."
)
@click.option(
    "--demo", is_flag=True, help="First drop a synthetic batch with its roster (empty workspace only)."
)
@click.option("--no-screens", is_flag=True, help="File only; no screens in the browser.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems only.")
@pass_home
def run(home: Path, until_idle: bool, demo: bool, no_screens: bool, quiet: bool) -> None:
    """Watch the inbox and file what arrives, until Ctrl-C; serve the screens beside it.

    Safe to stop or kill at any moment: the next start goes on where this one was.
    Progress goes to standard error; ids and types only, never patients.
    """
    from scanindex.watch import Service

    settings = settings_of(home)
    if demo:
        app.initialise(settings)
    report = _quiet if quiet else _say
    opened = app.open_workspace(settings, progress=None if quiet else _pages_line)
    screens = Screens(home, report)
    try:
        with app.exclusive(settings):
            opened.recover()
            if demo:
                _drop_demo(opened, settings)
            service = Service(opened.services, opened.intake, report)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: _stop(service, opened))
            report("start", f"watching {settings.inbox}, {settings.ocr.effort} effort (stop with Ctrl-C)")
            _warn_of_synonyms(settings, report)
            if not (until_idle or no_screens):
                screens.start()
            service.run(until_idle=until_idle)
            left = _sum_up(opened, report)
    finally:
        screens.stop()
        opened.close()
    if left and until_idle:
        sys.exit(TransientError.exit_code)


def _warn_of_synonyms(settings: Settings, report: Report) -> None:
    """A fault in the site's file stops no filing, but nobody should wonder why a word is not found."""
    from scanindex.index.site_synonyms import SiteSynonyms

    if fault := SiteSynonyms(settings.synonyms_path).fault:
        report("waiting", f"synonyms: {fault}; searches go without the edit until it is mended")


def _stop(service: Service, opened: app.Workspace) -> None:
    click.echo("stopping: what is under way goes on at the next start", err=True)
    service.stop()
    opened.workers.interrupt()


def _say(kind: str, text: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {_MARKS.get(kind, '·')} {text}", err=True)


def _quiet(kind: str, text: str) -> None:
    if kind in {"waiting", "quarantined", "error"}:
        _say(kind, text)


def _pages_line(scan_id: str, done: int, count: int) -> None:
    if count > _PAGES_BETWEEN_LINES and done % _PAGES_BETWEEN_LINES == 0:
        _say("page", f"scan {scan_id[:12]}: {done} of {count} pages read")


def _sum_up(opened: app.Workspace, report: Report) -> int:
    """Say what was done; returns the scans still waiting for disk, share or permission."""
    with opened.catalog.read() as unit:
        scans, documents = unit.scans.counts(), unit.documents.counts()
    filed, waiting = documents.get("filed", 0), documents.get("in_review", 0)
    text = (
        f"{filed} document(s) filed, {waiting} in review, {scans.get('quarantined', 0)} file(s) quarantined"
    )
    report("end", text + (" (`scanindex review` lists them)" if waiting else ""))
    left = scans.get("waiting", 0)
    if left:
        report("waiting", f"{left} file(s) still wait; `scanindex status` says for what")
    return left


def _drop_demo(opened: app.Workspace, settings: Settings) -> None:
    from scanindex import demo
    from scanindex.store.roster_import import import_csv

    if opened.roster.version():
        raise UsageError("--demo needs an empty workspace: `scanindex --home demo run --demo`")
    roster = settings.var / "demo-roster.csv"
    demo.make(settings.inbox, roster)
    import_csv(opened.engine, roster, authority=settings.site.mrn_authority)


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--folder", default=".", help="Inbox sub-folder (its preset and batch apply).")
@pass_home
def add(home: Path, files: tuple[Path, ...], folder: str) -> None:
    """Put FILES into the inbox: a whole copy under a hidden name first, then a rename."""
    settings = settings_of(home)
    goal = (settings.inbox / folder).resolve()
    if not goal.is_relative_to(settings.inbox.resolve()):
        raise UsageError("--folder must lie in the inbox")
    try:
        goal.mkdir(parents=True, exist_ok=True)
        for path in files:
            with path.open("rb") as source:
                put(source, path.name, goal)
    except OSError as error:
        raise transient(error) from None
    running = app.is_running(settings) if settings.var.is_dir() else False
    effort = _effort(settings, goal)
    click.echo(
        f"{len(files)} file(s) put into the inbox, {effort} effort"
        + ("" if running else "; `scanindex run` files them")
    )


def _effort(settings: Settings, goal: Path) -> str:
    """How hard files in this inbox folder are read."""
    inbox = settings.inbox.resolve()
    with contextlib.suppress(ConfigError):  # `status` tells of a preset that holds its folder back
        return preset_of(inbox, goal / "any").effort or settings.ocr.effort
    return settings.ocr.effort
