"""Backups that are consistent while the service runs, and the way back.

Order makes it consistent: first a snapshot of the catalog, then the event log,
then originals and documents. Everything the catalog or an event speaks of was
durable before it was spoken of, so the later copies hold it. Files of the
archive never change, so a second backup copies only what is new. A restore puts
the catalog back and replays the events that are newer than it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanindex.errors import (
    ConfigError,
    FixityFailed,
    IntegrityError,
    NotAllowedNow,
    NotInitialised,
    transient,
)
from scanindex.settings import FILE_NAME, Settings
from scanindex.store import durable
from scanindex.store.catalog import sqlite_path

_SUMMARY = "backup.json"
_CATALOG = "catalog.db"
LAST_BACKUP = "last-backup.json"
"""In var/: when a whole backup was made last; `today` shows it."""
_ARCHIVE = "archive"
_EVENTS = "events"
_KEYS = "keys"
_CHUNK_BYTES = 1 << 20

Progress = Callable[[str, int], None]
"""(what, files done)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    copied: int
    """Files copied this time."""
    kept: int
    """Files that an earlier backup already held."""
    bytes_copied: int
    damaged: int = 0
    """Originals left out because they no longer match their name."""


def backup(
    settings: Settings,
    walk: Callable[[], list[tuple[str, int]]],
    target: Path,
    now: datetime,
    progress: Progress,
) -> BackupReport:
    """Copy catalog and archive into `target` (made if missing); safe beside a running service."""
    home, target = settings.home.resolve(), target.resolve()
    if target == home or target.is_relative_to(settings.archive.resolve()):
        raise ConfigError("the backup folder must not be the workspace or lie in the archive")
    try:
        (target / _ARCHIVE).mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy_catalog(settings, target / _CATALOG)
        _copy_keys(settings.var / _KEYS, target / _KEYS)
        if (settings.home / FILE_NAME).exists():
            shutil.copyfile(settings.home / FILE_NAME, target / FILE_NAME)
        report = _copy_archive(settings.archive, target / _ARCHIVE, walk, progress)
    except OSError as error:
        raise transient(error) from None
    summary = {"at": now.isoformat(timespec="seconds"), "format": 1, "files": report.copied + report.kept}
    durable.write_durable(target / _SUMMARY, json.dumps(summary).encode())
    if not report.damaged:
        with contextlib.suppress(OSError):  # for the dashboard only
            (settings.var / LAST_BACKUP).write_text(json.dumps({"at": summary["at"]}))
    if report.damaged:
        raise FixityFailed(
            f"{report.damaged} original(s) do not match their names; everything else was copied"
        )
    return report


def _copy_catalog(settings: Settings, target: Path) -> None:
    source = sqlite_path(settings.catalog_url)
    if source is None:
        raise ConfigError("the catalog is a server: back it up with the server's own tool")
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(partial)) as copy:
        live.backup(copy)
        if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise IntegrityError("the catalog's copy is damaged; the last backup was left as it is")
    durable.fsync_file(partial)
    durable.rename_durable(partial, target)


def _copy_keys(source: Path, target: Path) -> None:
    """What the catalog's seals and secrets are made with: without it a restored catalog is locked."""
    for path in sorted(source.glob("*")) if source.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            durable.write_durable(target / path.name, path.read_bytes(), mode=0o600)


def _copy_archive(
    archive: Path, target: Path, walk: Callable[[], list[tuple[str, int]]], progress: Progress
) -> BackupReport:
    # Event segments first (see the head of this module); only the last one grows.
    events = sorted(p.relative_to(archive).as_posix() for p in (archive / _EVENTS).glob("*.jsonl"))
    copied = kept = size = damaged = 0
    folders = durable.Folders(target)
    for relative in events:
        folders.ensure((target / relative).parent)
        size += _copy_file(archive / relative, target / relative)
        copied += 1
    for relative, size_bytes in walk():
        if relative.startswith(f"{_EVENTS}/"):
            continue
        goal = target / relative
        if goal.is_file() and goal.stat().st_size == size_bytes:
            kept += 1
            continue
        folders.ensure(goal.parent)
        try:
            size += _copy_file(archive / relative, goal)
        except FixityFailed:
            damaged += 1  # one rotten file must not keep the others out of the backup
            continue
        copied += 1
        progress("files", copied + kept)
    return BackupReport(copied=copied, kept=kept, bytes_copied=size, damaged=damaged)


def _copy_file(source: Path, goal: Path) -> int:
    """A durable copy under a temporary name first; an original must hash to its name."""
    goal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = goal.with_name(f".{goal.name}.partial")
    digest = hashlib.sha256()
    count = 0
    with source.open("rb") as reader, partial.open("wb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
            writer.write(chunk)
            count += len(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    if len(source.name) == 64 and digest.hexdigest() != source.name:
        partial.unlink()
        raise FixityFailed(f"original {source.name[:12]} does not match its name; not copied")
    durable.rename_durable(partial, goal)
    return count


def restore(source: Path, settings: Settings, progress: Progress) -> int:
    """Put a backup into an empty workspace; returns the files copied.

    The caller then replays newer events, rebuilds the index and runs the check.
    """
    if not (source / _SUMMARY).is_file():
        raise NotInitialised("the folder holds no finished backup (backup.json is missing)")
    catalog = sqlite_path(settings.catalog_url)
    if catalog is None:
        raise ConfigError("restore the catalog with the server's own tool first")
    if catalog.exists() or any((settings.archive / "originals").glob("*/*")):
        raise NotAllowedNow("the workspace is not empty; restore into a fresh folder (--home)")
    count = 0
    folders = durable.Folders(settings.archive)
    try:
        for path in sorted((source / _ARCHIVE).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                goal = settings.archive / path.relative_to(source / _ARCHIVE)
                folders.ensure(goal.parent)
                _copy_file(path, goal)
                goal.chmod(0o440 if goal.parent.name != _EVENTS else 0o640)
                count += 1
                progress("files", count)
        if (source / FILE_NAME).exists() and not (settings.home / FILE_NAME).exists():
            shutil.copyfile(source / FILE_NAME, settings.home / FILE_NAME)
        # Last: a workspace without a catalog is one whose restore did not finish.
        settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy_keys(source / _KEYS, settings.var / _KEYS)
        _copy_file(source / _CATALOG, catalog)
    except OSError as error:
        raise transient(error) from None
    return count
