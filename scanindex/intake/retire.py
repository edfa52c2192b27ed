"""Letting go of inbox entries whose bytes are durable and recorded.

Two renames: first to a private name in the same folder, and only if what is
then there is still the file that was copied, on to `processed/<day>/` (or away).
If the name was reused in between, the newcomer gets its name back and is a new
arrival. Every step can be repeated after a crash: the private name carries the
arrival's number.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from datetime import date, datetime, timedelta
from pathlib import Path

from scanindex.errors import ConfigError
from scanindex.intake.names import decode_path
from scanindex.model import Arrival
from scanindex.ports import Catalog
from scanindex.settings import Settings

_PRIVATE = ".scanindex-retiring-"
_MAX_NAME_BYTES = 200
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def is_private_name(name: str) -> bool:
    return name.startswith(_PRIVATE)


def is_in_inbox(settings: Settings, arrival: Arrival, fingerprint: str) -> bool:
    """Whether the file that was taken over is still in the inbox, under its own or our name."""
    path = settings.inbox / decode_path(arrival.inbox_path)
    private = path.with_name(f"{_PRIVATE}{arrival.arrival_id}")
    try:
        return fingerprint in (_fingerprint(path), _fingerprint(private))
    except OSError:
        return True


class Retirer:
    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._settings = settings
        self._catalog = catalog
        self._purged_on: date | None = None

    def retire_all(self) -> frozenset[tuple[str, str]]:
        """Retire every recorded arrival that is still in the inbox.

        Returns (encoded path, fingerprint) of those that could not be: they are taken over
        already and must not be taken again.
        """
        with self._catalog.read() as unit:
            pending = unit.arrivals.unretired()
        if not pending:
            return frozenset()
        # A commit whose events did not reach the archive yet: the archive alone must know
        # an entry before it goes.
        self._catalog.flush_events()
        done, left = [], []
        for arrival, fingerprint in pending:
            if self._retire(arrival, fingerprint):
                done.append(arrival.arrival_id)
            else:
                left.append((arrival.inbox_path, fingerprint))
        if done:
            with self._catalog.write() as unit:
                for arrival_id in done:
                    unit.arrivals.mark_retired(arrival_id)
        return frozenset(left)

    def _retire(self, arrival: Arrival, fingerprint: str) -> bool:
        """True once the inbox no longer holds the copied file under any name of ours."""
        path = self._settings.inbox / decode_path(arrival.inbox_path)
        private = path.with_name(f"{_PRIVATE}{arrival.arrival_id}")
        try:
            if not private.exists():
                if _fingerprint(path) != fingerprint:
                    return True  # gone, or the name was reused: nothing of ours is there
                path.rename(private)
            if _fingerprint(private) != fingerprint:
                _give_back(private, path, arrival.arrival_id)
                return True
            self._let_go(private, path.name, arrival)
        except FileNotFoundError:
            return True
        except PermissionError:
            return False  # a share's writer holds it; the next round tries again
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise ConfigError("intake.processed must be on the inbox's file system") from None
            return False
        return True

    def _let_go(self, private: Path, name: str, arrival: Arrival) -> None:
        if self._settings.intake.retire == "remove":
            private.unlink()
            return
        day = self._settings.processed / arrival.arrived_at.date().isoformat()
        day.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = day / name
        if os.path.lexists(target):
            target = day / numbered(name, arrival.arrival_id)
        private.rename(target)

    def purge_processed(self, now: datetime) -> None:
        """Once a day, drop day folders older than `intake.processed_days`."""
        days = self._settings.intake.processed_days
        if not days or self._purged_on == now.date() or not self._settings.processed.is_dir():
            return
        self._purged_on = now.date()
        oldest = (now - timedelta(days=days)).date().isoformat()
        for folder in _folders(self._settings.processed):
            if _DAY.fullmatch(folder.name) and folder.name < oldest and folder.is_dir():
                _drop(folder)


def numbered(name: str, number: int) -> str:
    """The name with a number before it, cut at its front so that any file system takes it."""
    head = f"{number}-"
    kept = os.fsencode(name)[-(_MAX_NAME_BYTES - len(head)) :]
    return head + os.fsdecode(kept)


def _give_back(private: Path, path: Path, arrival_id: int) -> None:
    """A newcomer that took a reused name between look and rename gets a visible name back.

    Never over another entry: its own name if that is free, else a numbered one.
    """
    try:
        os.link(private, path)
        private.unlink()
    except OSError as error:
        if isinstance(error, FileExistsError) and _is_same_file(private, path):
            private.unlink()  # killed between the two calls above
            return
        # The name was taken once more, or the share has no links.
        private.rename(path.with_name(numbered(f"{secrets.token_hex(4)}-{path.name}", arrival_id)))


def _is_same_file(one: Path, other: Path) -> bool:
    return os.path.samestat(one.lstat(), other.lstat())


def _drop(folder: Path) -> None:
    """What cannot be removed today is tried again tomorrow; it must not stop the intake."""
    with contextlib.suppress(OSError):
        for item in folder.iterdir():
            item.unlink()
        folder.rmdir()


def _folders(parent: Path) -> list[Path]:
    try:
        return list(parent.iterdir())
    except OSError:
        return []


def _fingerprint(path: Path) -> str | None:
    try:
        info = path.lstat()
    except FileNotFoundError:
        return None
    return f"{info.st_ino}:{info.st_size}:{info.st_mtime_ns}"
