"""init, config, retry, check, reindex, rebuild, backup, restore."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanindex import app, people
from scanindex.cli.common import (
    actor,
    emit_json,
    json_option,
    pass_home,
    scan_by,
    settings_of,
    workspace,
)
from scanindex.errors import IntegrityError, NotAllowedNow, UsageError
from scanindex.model import ScanState
from scanindex.settings import ENGINES, FILE_NAME, MODES, Settings, sections

if TYPE_CHECKING:
    from scanindex.reindex import Progress

_TELL_SECONDS = 30.0


@click.command()
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default=MODES[0],
    show_default=True,
    help="suggest: nothing is filed alone; strict: filed alone where the gates hold.",
)
@pass_home
def init(home: Path, mode: str) -> None:
    """Make the workspace: inbox/, archive/, var/ and a commented scanindex.toml. Repeatable.

    A scanindex.toml that is there stays as it is.
    """
    home.mkdir(parents=True, exist_ok=True)
    settings = settings_of(home)
    app.initialise(settings)
    target = home / FILE_NAME
    if not target.exists():
        target.write_text(_toml(settings, commented=True, outright={"filing.mode": mode}), "utf-8")
    settings = settings_of(home)
    click.echo(f"workspace ready in {home}")
    if settings.filing.mode == MODES[0]:
        click.echo("mode: suggest; every document waits in `scanindex review` with its proposal")
        click.echo("      `scanindex audit mode . strict` lets the inbox file alone where the gates hold")
    else:
        click.echo("mode: strict; filed alone where the gates hold (not certified: `scanindex audit`)")
    click.echo("next: scanindex roster import patients.csv, then scanindex run")


@click.command()
@json_option
@pass_home
def config(home: Path, as_json: bool) -> None:
    """Print the settings in force (file and environment) with what each means."""
    settings = settings_of(home)
    if as_json:
        values = {name: dataclasses.asdict(getattr(settings, name)) for name in sections()}
        emit_json(values | {"sources": {source.name: {"mode": source.mode} for source in settings.sources}})
        return
    click.echo(_toml(settings, commented=False), nl=False)


def _toml(settings: Settings, *, commented: bool, outright: Mapping[str, str] | None = None) -> str:
    """The settings file; `outright` names what it says uncommented all the same."""
    import json

    said = outright or {}

    lines = [
        "# Settings of this workspace; all are optional. SCANINDEX_<SECTION>_<KEY> in the environment wins.",
    ]
    for name in sections():
        section = getattr(settings, name)
        lines += ["", f"[{name}]"]
        for f in dataclasses.fields(section):
            key = f"{name}.{f.name}"
            value = json.dumps(said.get(key, getattr(section, f.name)))
            mark = "# " if commented and key not in said else ""
            lines += [f"# {f.metadata['doc']}", f"{mark}{f.name} = {value}"]
    for source in settings.sources:
        lines += ["", f"[sources.{json.dumps(source.name)}]", f"mode = {json.dumps(source.mode)}"]
    return "\n".join(lines) + "\n"


@click.command()
@click.argument("scans", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that waits or is quarantined.")
@pass_home
def retry(home: Path, scans: tuple[str, ...], everything: bool) -> None:
    """Have SCANS (ids from `status`) tried again, after mending what was wrong."""
    from scanindex import review

    if bool(scans) == everything:
        raise UsageError("name scans, or say --all")
    with workspace(home) as opened:
        if everything:
            with opened.catalog.read() as unit:
                chosen = [s.scan_id for s in unit.scans.all(ScanState.WAITING, ScanState.QUARANTINED)]
        else:
            chosen = [scan_by(text, opened) for text in scans]
        for scan_id in chosen:
            review.retry(scan_id, actor(), opened.services)
        running = app.is_running(opened.settings)
    click.echo(f"{len(chosen)} scan(s) will be tried again" + ("" if running else " by `scanindex run`"))


@click.command()
@click.option("--fixity", is_flag=True, help="Also hash every stored byte (slow on a big archive).")
@click.option("--adopt", is_flag=True, help="Record originals that no row knows; they are then processed.")
@json_option
@pass_home
def check(home: Path, fixity: bool, adopt: bool, as_json: bool) -> None:
    """Prove conservation: each file and page accounted for once, stores in agreement.

    Runs beside the service; work under way is counted as moving. Exit 6 on problems.
    """
    from scanindex import check as use

    with workspace(home) as opened:
        if adopt:
            adopted = _adopt(opened)
            click.echo(f"{adopted} original(s) recorded", err=True)
        report = use.run(opened.services, fixity=fixity, progress=lambda what: None)
        if as_json:
            problems = [{**dataclasses.asdict(p), "hint": p.hint} for p in report.problems]
            emit_json({**dataclasses.asdict(report), "problems": problems, "is_clean": report.is_clean})
        else:
            for problem in report.problems:
                click.echo(f"{problem.code}: {problem.subject} {problem.detail}\n  {problem.hint}")
            verdict = "clean" if report.is_clean else f"{len(report.problems)} problem(s)"
            hashed = "every byte hashed" if report.is_fixity_checked else "sizes only; --fixity hashes"
            click.echo(
                f"{verdict}: {report.scans} scans, {report.pages} pages, {report.documents} documents, "
                f"{report.moving} moving ({hashed})"
            )
    if not report.is_clean:
        sys.exit(IntegrityError.exit_code)


def _adopt(opened: app.Workspace) -> int:
    from scanindex import check as use
    from scanindex.intake import adopt

    with opened.catalog.read() as unit:
        known = {scan.scan_id for scan in unit.scans.all()}
    loose = use.unrecorded_originals(opened.services, set(known))
    for scan_id in loose:
        adopt(scan_id, opened.catalog, opened.archive, opened.clock)
    return len(loose)


def _progress(label: str) -> Callable[[str, int], None]:
    """A counter on standard error; quiet where that is no terminal."""
    if not sys.stderr.isatty():
        return lambda what, count: None
    return lambda what, count: click.echo(f"\r{label}: {count} {what}", nl=False, err=True)


@click.command()
@click.option("--engine", type=click.Choice(ENGINES), help="Move to this search engine.")
@click.option("--fresh", is_flag=True, help="Start over instead of going on where a killed run stopped.")
@click.option("--mend", "only_mend", is_flag=True, help="Only add what is missing and remove surplus.")
@pass_home
def reindex(home: Path, engine: str | None, fresh: bool, only_mend: bool) -> None:
    """Build the index beside the old one, then swap; searches and filing go on meanwhile.

    Killed at any moment it goes on where it was when run again.
    """
    from scanindex import reindex as use

    if only_mend and (engine or fresh):
        raise UsageError("--mend keeps the index that is there; say it alone")
    with workspace(home) as opened:
        if only_mend:
            mended = use.mend(opened.services)
            click.echo(f"{mended.renewed} document(s) renewed, {mended.removed} removed")
            return
        pages = use.reindex(opened.services, _build_progress(), engine=engine, fresh=fresh)
        info = opened.services.index.info()
    click.echo(f"{pages} page(s) indexed ({info['engine']})")


def _build_progress() -> Callable[[Progress], None]:
    """On a terminal a line that changes, else one every half minute."""
    if sys.stderr.isatty():
        return lambda now: click.echo(f"\r\033[Kreindex: {now.text}", nl=False, err=True)
    told = [time.monotonic()]

    def tell(now: Progress) -> None:
        if time.monotonic() - told[0] >= _TELL_SECONDS:
            told[0] = time.monotonic()
            click.echo(f"reindex: {now.text}", err=True)

    return tell


@click.command()
@pass_home
def rebuild(home: Path) -> None:
    """Replay the archive's event log into an empty catalog (after losing var/catalog.db).

    Import the roster again afterwards: patients known only from filed documents are put back
    as provisional.
    """
    from scanindex import reindex as use_index
    from scanindex.delivery.sending import stop_until_reconciled
    from scanindex.store.rebuild import replay

    settings = settings_of(home)
    if aside := app.set_damaged_catalog_aside(settings):
        click.echo(f"the damaged catalog is kept as {aside.name}", err=True)
    app.initialise(settings, is_rebuild=True)
    with workspace(home) as opened, app.exclusive(opened.settings):
        with opened.catalog.read() as unit:
            if unit.scans.counts():
                raise NotAllowedNow("the catalog is there and whole; move var/catalog.db away to rebuild it")
        count = replay(opened.catalog, opened.event_log, opened.roster)
        opened.intake.recover()
        patients = app.restore_patients(opened)
        app.rebuild_charts(opened)
        stop_until_reconciled(actor(), opened.services)
        pages = use_index.reindex(opened.services, fresh=True)
    click.echo(f"{count} event(s) replayed, {patients} patient(s) put back, {pages} page(s) indexed")


@click.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@pass_home
def backup(home: Path, target: Path) -> None:
    """Copy catalog and archive into TARGET; incremental, safe while the service runs.

    Everything in it is patient data: keep it encrypted and off this machine.
    """
    from scanindex.store.backup import backup as use

    with workspace(home) as opened:
        report = use(
            opened.settings,
            lambda: list(opened.archive.walk()),
            target,
            opened.clock.now(),
            _progress("backup"),
        )
    click.echo(f"{report.copied} file(s) copied ({report.bytes_copied / 1e6:.1f} MB), {report.kept} kept")


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@pass_home
def restore(home: Path, source: Path) -> None:
    """Put the backup in SOURCE into an empty workspace, rebuild the index and check."""
    from scanindex import check as use_check
    from scanindex import reindex as use_index
    from scanindex.delivery.sending import stop_until_reconciled
    from scanindex.store.backup import restore as use
    from scanindex.store.rebuild import replay

    home.mkdir(parents=True, exist_ok=True)
    settings = settings_of(home)
    count = use(source, settings, _progress("restore"))
    settings = settings_of(home)
    app.initialise(settings)
    with workspace(home) as opened, app.exclusive(settings):
        newer = replay(opened.catalog, opened.event_log, opened.roster)
        stop_until_reconciled(actor(), opened.services)
        people.end_all_sessions(actor(), opened.services)
        pages = use_index.reindex(opened.services, fresh=True)
        app.rebuild_charts(opened)
        report = use_check.run(opened.services, fixity=True)
    click.echo(f"{count} file(s) restored, {newer} newer event(s) replayed, {pages} page(s) indexed")
    if not report.is_clean:
        raise IntegrityError(
            f"{len(report.problems)} problem(s) after the restore; `scanindex check --fixity` lists them"
        )
    click.echo("check: clean, every byte hashed")
