"""audit verify, trail, disclosures, restart: the audit trail on the command line."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from scanindex import exports
from scanindex import trail as use
from scanindex.access_model import Right
from scanindex.cli.common import (
    asking,
    emit_json,
    json_option,
    new_file,
    pass_home,
    printable,
    table,
)
from scanindex.errors import IntegrityError, UsageError
from scanindex.model import DocumentId
from scanindex.trail_model import TrailEntry, TrailFilter

_CSV = click.Path(dir_okay=False, path_type=Path)


@click.command()
@json_option
@pass_home
def verify(home: Path, as_json: bool) -> None:
    """Prove that nobody changed the audit trail: seals, log and noted heads. Exit 6 if somebody did.

    Runs beside the service. Without access.heads_file it cannot see that a whole older state was
    put back.
    """
    with asking(home, Right.TRAIL) as (opened, access):
        report = use.verify(opened.services)
        has_place = use.heads_file(opened.services) is not None
        if report.is_whole:
            use.seen(access, "trail proof", opened.services)
    if as_json:
        problems = [{**dataclasses.asdict(p), "meaning": p.meaning} for p in report.problems]
        emit_json({**dataclasses.asdict(report), "problems": problems, "is_whole": report.is_whole})
    else:
        for problem in report.problems:
            click.echo(f"{problem.code}: {problem.place}\n  {problem.meaning}")
        verdict = "whole" if report.is_whole else f"{len(report.problems)} problem(s)"
        since = f" since event {report.first_sealed}" if report.first_sealed else ""
        click.echo(
            f"{verdict}: {report.events} events, {report.sealed} sealed{since}, {report.log_lines} lines of "
            f"the log, {report.heads} noted head(s)"
        )
        if len(report.starts) > 1:
            told = ", ".join(map(str, report.starts[1:]))
            click.echo(f"seals begin anew at event(s) {told}: restored, rebuilt or restarted (`audit trail`)")
        if not has_place:
            click.echo("no second place is set (access.heads_file): docs/how-to/audit-trail.md")
    if not report.is_whole:
        sys.exit(IntegrityError.exit_code)


@click.command()
@click.option("--who", default="", help="Only this person (login, or machine).")
@click.option("--what", "kinds", multiple=True, help="Only this kind: viewed, printed, denied ... (several).")
@click.option("--patient", help="Only what is about this patient (id or MRN).")
@click.option("--document", "document_id", help="Only what is about this document (its whole id).")
@click.option("--since", help="From this day or moment on (site's time): 2026-03-31, 2026-03-31T14:00.")
@click.option("--until", help="To the end of this day, or before this moment.")
@click.option("-n", "--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many.")
@click.option("--before", type=int, help="Older than this event: the next page.")
@click.option("--csv", "target", type=_CSV, help="Write all that fit into this file instead.")
@json_option
@pass_home
def trail(
    home: Path,
    who: str,
    kinds: tuple[str, ...],
    patient: str | None,
    document_id: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    before: int | None,
    target: Path | None,
    as_json: bool,
) -> None:
    """Who did what when, newest first. That you looked is an entry, too."""
    with asking(home, Right.TRAIL) as (opened, access):
        zone = ZoneInfo(opened.settings.site.timezone)
        wanted = TrailFilter(
            since=_moment(since, zone, is_end=False),
            until=_moment(until, zone, is_end=True),
            actor=who,
            kinds=kinds,
            patient_id=use.named_patient(access, patient, opened.services) if patient else None,
            document_id=DocumentId(document_id) if document_id else None,
            before=before,
            limit=limit,
        )
        if target is not None:
            place = new_file(target, opened.settings)
            count = exports.write_csv(place, _rows(use.every(access, wanted, opened.services), zone))
            click.echo(f"{count} entries written", err=True)
            return
        page = use.entries(access, wanted, opened.services)
    if as_json:
        emit_json(page)
        return
    _show(page.entries, zone)
    if page.next_before is not None:
        click.echo(f"more: --before {page.next_before}", err=True)


@click.command()
@click.argument("patient")
@click.option("--csv", "target", type=_CSV, help="Write the report into this file instead.")
@json_option
@pass_home
def disclosures(home: Path, patient: str, target: Path | None, as_json: bool) -> None:
    """Who saw, printed, took or changed what of PATIENT (id or MRN), merged records included.

    Nobody else is named in it.
    """
    with asking(home, Right.TRAIL) as (opened, access):
        zone = ZoneInfo(opened.settings.site.timezone)
        place = new_file(target, opened.settings) if target is not None else None
        found = use.disclosures(access, use.named_patient(access, patient, opened.services), opened.services)
        if place is not None:
            count = exports.write_csv(place, _rows(found, zone))
            click.echo(f"{count} entries written", err=True)
            return
    if as_json:
        emit_json([{**dataclasses.asdict(entry), "category": entry.category} for entry in found])
        return
    _show(found, zone)
    click.echo("Not known: what was read or copied from the files of archive/ without the program.", err=True)


@click.command()
@click.option("--reason", required=True, help="What happened to the key or the trail; kept in it.")
@pass_home
def restart(home: Path, reason: str) -> None:
    """Begin the seals of the trail anew, after its key was lost or `verify` found it cut.

    What went before stays as it is, and so does what `verify` says of it. The new chain begins
    with the end of the archive's log; note the head elsewhere beforehand.
    """
    with asking(home, Right.TRAIL) as (opened, access), opened.catalog.write() as unit:
        unit.events.restart(access.actor, reason)
    click.echo("a new chain of seals has begun; `scanindex audit verify` proves it from here on")


def _moment(text: str | None, zone: ZoneInfo, *, is_end: bool) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("a day or moment is written 2026-03-31 or 2026-03-31T14:00") from None
    if is_end and len(text) <= len("2026-03-31"):
        moment += timedelta(days=1)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _show(entries: Iterable[TrailEntry], zone: ZoneInfo) -> None:
    rows = [
        (
            entry.seq,
            f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            entry.actor,
            entry.kind,
            entry.what,
            _few(entry.document_ids),
            _few(entry.patient_ids),
            _more(entry),
        )
        for entry in entries
    ]
    table(("EVENT", "WHEN", "WHO", "KIND", "WHAT", "DOCUMENTS", "PATIENTS", "MORE"), rows)


def _more(entry: TrailEntry) -> str:
    said = entry.reason or "; ".join(f"{key} {value}" for key, value in entry.details.items())
    return said if "outcome" in entry.details else said[:60]


def _few(ids: tuple[str, ...]) -> str:
    shown = " ".join(one[:8] for one in ids[:3])
    return shown + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")


def _rows(entries: Iterable[TrailEntry], zone: ZoneInfo) -> Iterable[dict[str, Any]]:
    for entry in entries:
        yield {
            "event": entry.seq,
            "when": f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}",
            "who": entry.actor,
            "category": entry.category,
            "kind": entry.kind,
            "what": entry.what,
            "why": entry.reason,
            "documents": list(entry.document_ids),
            "patients": list(entry.patient_ids),
            "scan": entry.scan_id or "",
            "more": printable("; ".join(f"{key}={value}" for key, value in entry.details.items())),
        }
