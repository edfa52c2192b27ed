"""status and health."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scanindex import app, audit, sniff
from scanindex.cli.common import emit_json, json_option, pass_home, printable, settings_of, table, workspace
from scanindex.cli.render import names_of
from scanindex.errors import ConfigError, by_code, transient
from scanindex.intake import Entry, list_entries, preset_of
from scanindex.model import DocumentState, ScanState
from scanindex.settings import Settings

_STALE_SECONDS = 120
_ENTRIES_SHOWN = 20


@click.command()
@json_option
@pass_home
def status(home: Path, as_json: bool) -> None:
    """Counts, and every file that waits or is quarantined, with what to do next."""
    with workspace(home) as opened:
        found = _collect(opened)
        if as_json:
            emit_json(found)
            return
        running = f"running (process {found['process']})"
        service = running if found["is_running"] else "not running (`scanindex run` starts it)"
        click.echo(f"service:   {service}")
        inbox = found["inbox"]
        click.echo(
            f"inbox:     {inbox['entries']} file(s) waiting, {inbox['refused']} refused (links, devices)"
        )
        for waiting in found["inbox_entries"]:
            click.echo(f"           {waiting['name']}: {waiting['why']}")
        for title, key in (("scans", "scans"), ("documents", "documents")):
            counts = ", ".join(f"{n} {state}" for state, n in sorted(found[key].items())) or "none"
            click.echo(f"{title + ':':10} {counts}")
        click.echo(
            f"pages:     {found['pages']} recorded; {found['duplicates']} duplicate file(s) dropped again"
        )
        if found["rescans"]:
            click.echo(f"rescans:   {found['rescans']} document(s) to be scanned again (`review --rescans`)")
        if found["rechecks"]:
            click.echo(
                f"recheck:   {found['rechecks']} filed document(s) to look at again (`review --recheck`)"
            )
        for source in found["sources"]:
            click.echo(f"source:    {printable(source['source'])}: {source['mode']}{_why_not(source)}")
        if found["incidents"]:
            click.echo(f"incidents: {found['incidents']} misfile(s) to follow up (`audit incidents`)")
        click.echo(f"index:     {_index_line(found['index'])}")
        click.echo(f"free disk: {found['free_bytes'] / 1e9:.1f} GB")
        if found["troubled"]:
            click.echo()
            table(
                ("SCAN", "STATE", "REASON", "FILE", "NEXT"),
                [
                    (t["scan_id"][:12], t["state"], t["reason"], ", ".join(t["names"]), t["hint"])
                    for t in found["troubled"]
                ],
            )


def _why_not(source: dict[str, Any]) -> str:
    return f" ({'; '.join(printable(reason) for reason in source['reasons'])})" if source["reasons"] else ""


def _collect(opened: app.Workspace) -> dict[str, Any]:
    settings = opened.settings
    entries = list(list_entries(settings.inbox))
    with opened.catalog.read() as unit:
        scans = unit.scans.counts()
        documents = unit.documents.counts()
        rechecks = len(unit.documents.all(DocumentState.FILED, needs_recheck=True))
        troubled = unit.scans.all(ScanState.WAITING, ScanState.QUARANTINED)
        pages = sum(s.page_count or 0 for s in unit.scans.all(ScanState.DECIDED))
        last = unit.outbox.last_seq()
        duplicates = unit.arrivals.count(duplicates_only=True)
    disk = os.statvfs(settings.archive)
    return {
        "is_running": app.is_running(settings),
        "process": _told(settings).get("pid"),
        "inbox_entries": [_entry_data(settings, e) for e in entries[:_ENTRIES_SHOWN]],
        "inbox": {
            "entries": sum(not e.is_refused for e in entries),
            "refused": sum(e.is_refused for e in entries),
        },
        "scans": scans,
        "documents": documents,
        "pages": pages,
        "duplicates": duplicates,
        "rescans": documents.get(DocumentState.RESCAN_WANTED, 0),
        "paper_kept": documents.get(DocumentState.PAPER_KEPT, 0),
        "rechecks": rechecks,
        "sources": [
            {"source": s.source, "mode": s.standing.mode, "reasons": list(s.standing.reasons)}
            for s in audit.status(opened.services)
        ],
        "incidents": len(audit.all_incidents(opened.services, open_only=True)),
        "index": (index := _index(opened, last)),
        "index_behind": index["behind"],
        "free_bytes": disk.f_bavail * disk.f_frsize,
        "troubled": [
            {
                "scan_id": s.scan_id,
                "names": [printable(n) for n in names_of(s, opened)],
                "state": s.state,
                "reason": s.reason,
                "retry_at": s.retry_at,
                "hint": by_code(s.reason or "").hint,
            }
            for s in troubled
        ],
    }


def _entry_data(settings: Settings, entry: Entry) -> dict[str, str]:
    """Why an inbox entry has not been taken over yet; names are shown to people, never logged."""
    name = printable(str(entry.path.relative_to(settings.inbox)))
    return {"name": name.encode("utf-8", "replace").decode(), "why": _why(settings, entry)}


def _why(settings: Settings, entry: Entry) -> str:
    if entry.is_refused:
        return "refused: no regular file (a link, pipe or sparse giant); copy the real file here"
    try:
        preset_of(settings.inbox, entry.path)
        with entry.path.open("rb") as stream:
            is_whole = sniff.is_whole(stream, entry.size_bytes)
    except ConfigError as error:
        return f"held back by its folder's preset: {error}"
    except OSError as error:
        return f"cannot be read: {transient(error).code}"
    minutes = settings.intake.incomplete_seconds / 60
    if entry.size_bytes == 0 or not is_whole:
        return f"incomplete so far; quarantined if it does not grow for {minutes:.0f} min"
    return "settling, or waiting for the service"


def _told(settings: Settings) -> dict[str, Any]:
    """What the service last said of itself."""
    try:
        told: dict[str, Any] = json.loads((settings.var / "health.json").read_text())
    except (OSError, ValueError):
        return {}
    return told


def _index(opened: app.Workspace, last: int) -> dict[str, Any]:
    """How the index stands: engine, pages, how far behind, what is being mended or built."""
    from scanindex.errors import ScanindexError

    index = opened.services.index
    rebuilding = index.rebuilding()
    found: dict[str, Any] = {
        "problem": None,
        "behind": last,
        "missing_pages": 0,
        "rebuilding": None
        if rebuilding is None
        else {
            "percent": rebuilding.percent,
            "documents": rebuilding.documents,
            "of": rebuilding.total,
            "engine": rebuilding.engine,
            "is_running": rebuilding.is_running,
        },
    }
    try:
        info = index.info()
    except ScanindexError as error:
        return found | {"problem": error.code}
    behind = last - int(info["seq"])
    kept = {name: info[name] for name in ("engine", "documents", "pages", "bytes", "segments")}
    return found | kept | {"behind": behind, "missing_pages": int(info["missing"])}


def _index_line(index: dict[str, Any]) -> str:
    parts = []
    if building := index["rebuilding"]:
        where = "" if building["is_running"] else ", broken off (`scanindex reindex` goes on there)"
        parts.append(f"rebuilding {building['percent']} %{where}")
    if index["problem"]:
        parts.append(f"cannot be read ({index['problem']})")
    else:
        parts.append(f"{index['behind']} change(s) behind")
    if index["missing_pages"]:
        parts.append(f"being mended: {index['missing_pages']} page(s) are missing")
    return "; ".join(parts)


@click.command()
@json_option
@pass_home
def health(home: Path, as_json: bool) -> None:
    """Exit 0 if the service is alive and nothing is wrong, else 1 with the reasons."""
    settings = settings_of(home)
    reasons = _complaints(settings)
    if as_json:
        emit_json({"is_healthy": not reasons, "reasons": reasons})
    else:
        click.echo("healthy" if not reasons else "\n".join(reasons))
    sys.exit(1 if reasons else 0)


def _complaints(settings: Settings) -> list[str]:
    path = settings.var / "health.json"
    if not path.exists():
        return ["the service never ran here"]
    told = json.loads(path.read_text())
    age = (datetime.now(UTC) - datetime.fromisoformat(told["at"])).total_seconds()
    disk = os.statvfs(settings.archive)
    free = disk.f_bavail * disk.f_frsize
    complaints = []
    if not app.is_running(settings):
        complaints.append("the service is not running")
    elif age > _STALE_SECONDS:
        complaints.append(f"no sign of life for {age:.0f} s")
    if told["problem"]:
        complaints.append(f"intake is held up: {told['problem']}")
    if free < settings.intake.floor_bytes:
        complaints.append("less free disk than intake.floor_bytes")
    if waiting := told["scans"].get("waiting"):
        complaints.append(f"{waiting} scan(s) waiting for disk, share or permission")
    return complaints
