"""Taking scans over from the inbox.

Promises: nothing is read that is not a regular, settled file; an inbox entry is
retired only after its bytes are durable in the archive and its row is committed;
a reused name is a new arrival; one bad entry never stops the others. A listing
is the truth, events only make the next one sooner. The order of the steps is in
docs/explanation/durability.md; each is a point at which a crash is harmless.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from scanindex import sniff
from scanindex.errors import (
    ConfigError,
    DiskFull,
    EmptyFile,
    IncompleteFile,
    OversizeFile,
    PermissionMissing,
    TransientError,
    UnknownFormat,
    transient,
)
from scanindex.intake.listing import (
    ChangedWhileReadingError,
    Entry,
    UnchangedStream,
    list_entries,
    open_entry,
)
from scanindex.intake.names import encode_path
from scanindex.intake.presets import preset_of
from scanindex.intake.retire import Retirer
from scanindex.model import Preset, Scan, ScanId, ScanState
from scanindex.ports import ArchiveStore, Catalog, Clock, Unit
from scanindex.settings import Settings

GROUP_SIZE = 50
"""Entries that share one commit: 10,000 small files must not cost 10,000 commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one listing led to."""

    taken: int = 0
    settling: int = 0
    refused: int = 0
    problem: TransientError | ConfigError | None = None

    @property
    def is_idle(self) -> bool:
        return not (self.taken or self.settling or self.problem)


class Intake:
    """One inbox. Not thread-safe: the service calls it from its own loop only."""

    def __init__(self, settings: Settings, catalog: Catalog, archive: ArchiveStore, clock: Clock) -> None:
        self._settings = settings
        self._catalog = catalog
        self._archive = archive
        self._clock = clock
        self._retirer = Retirer(settings, catalog)
        self._first_seen: dict[tuple[object, ...], float] = {}

    def recover(self) -> None:
        """Finish the retirements that a crash left undone."""
        self._retirer.retire_all()

    def look(self) -> Look:
        """List the inbox once and take over what has settled."""
        held = self._retirer.retire_all()
        entries = [e for e in list_entries(self._settings.inbox) if self._mark(e) not in held]
        now = self._clock.monotonic()
        seen = self._first_seen
        self._first_seen = {e.key: seen.get(e.key, now) for e in entries}
        regular = [e for e in entries if not e.is_refused]
        ready, settling = [], 0
        for entry in regular:
            if self._is_ready(entry, now - self._first_seen[entry.key]):
                ready.append(entry)
            else:
                settling += 1
        taken, problem = self._take_groups(ready, now)
        self._retirer.purge_processed(self._clock.now())
        if held and not problem:
            problem = PermissionMissing("inbox entries that are safe in the archive cannot be moved away")
        return Look(
            taken=taken,
            settling=settling + len(ready) - taken,
            refused=len(entries) - len(regular),
            problem=problem,
        )

    def _mark(self, entry: Entry) -> tuple[str, str]:
        return encode_path(entry.path.relative_to(self._settings.inbox)), entry.fingerprint

    def _is_ready(self, entry: Entry, age_seconds: float) -> bool:
        limits = self._settings.intake
        if age_seconds < limits.settle_seconds:
            return False
        if age_seconds >= limits.incomplete_seconds:
            return True  # taken over as it is; its state will say incomplete or empty
        if entry.size_bytes == 0:
            return False
        try:
            with open_entry(entry) as stream:
                return sniff.is_whole(stream, entry.size_bytes)
        except (OSError, ChangedWhileReadingError):
            return False

    def _take_groups(
        self, ready: Sequence[Entry], now: float
    ) -> tuple[int, TransientError | ConfigError | None]:
        taken = 0
        problem: TransientError | ConfigError | None = None
        for start in range(0, len(ready), GROUP_SIZE):
            try:
                self._check_floor()
                done, held = self._take(ready[start : start + GROUP_SIZE], now)
                taken += done
                problem = problem or held
                if isinstance(held, TransientError):
                    break
            except (TransientError, ConfigError) as error:
                return taken, error
        return taken, problem

    def _take(self, group: Sequence[Entry], now: float) -> tuple[int, TransientError | ConfigError | None]:
        """Bytes durable → rows and events committed → entries retired."""
        stored: list[tuple[Entry, Scan]] = []
        problem: TransientError | ConfigError | None = None
        for entry in group:
            try:
                stored.append((entry, self._store(entry, now - self._first_seen[entry.key])))
            except (ChangedWhileReadingError, FileNotFoundError):
                continue  # somebody is still at it: the next listing sees it anew
            except PermissionError:
                continue  # a writer on a share holds it, or rights are missing: doctor tells
            except ConfigError as error:
                problem = error  # a broken preset holds its folder back, not the others
            except TransientError as error:
                problem = error  # what is durable already is recorded all the same
                break
            except OSError:
                continue  # this one cannot be read now; the next listing tries again
        if stored:
            with self._catalog.write() as unit:
                for entry, scan in stored:
                    self._record(unit, entry, scan)
            self._retirer.retire_all()
        return len(stored), problem

    def _store(self, entry: Entry, age_seconds: float) -> Scan:
        preset = preset_of(self._settings.inbox, entry.path)
        with open_entry(entry) as stream:
            media_type = sniff.media_type(stream)
            is_whole = sniff.is_whole(stream, entry.size_bytes)
            stream.seek(0)
            scan_id, size_bytes = self._archive.put(cast(BinaryIO, UnchangedStream(stream, entry)))
        reason = self._reason(size_bytes, media_type, is_whole)
        return Scan(
            scan_id=scan_id,
            size_bytes=size_bytes,
            media_type=media_type or "application/octet-stream",
            name=encode_path(Path(entry.path.name)),
            preset=preset,
            state=ScanState.QUARANTINED if reason else ScanState.RECEIVED,
            reason=reason,
            received_at=self._clock.now(),
        )

    def _reason(self, size_bytes: int, media_type: str | None, is_whole: bool) -> str | None:
        if size_bytes == 0:
            return EmptyFile.code
        if size_bytes > self._settings.intake.max_bytes:
            return OversizeFile.code
        if media_type is None:
            return UnknownFormat.code
        return None if is_whole else IncompleteFile.code

    def _record(self, unit: Unit, entry: Entry, scan: Scan) -> None:
        batch = unit.batches.open_for(scan.preset.source)
        batch_id = batch.batch_id if batch else None
        path = encode_path(entry.path.relative_to(self._settings.inbox))
        known = unit.scans.get(scan.scan_id)
        if known is None:
            scan = dataclasses.replace(scan, batch_id=batch_id)
            unit.scans.add(scan)
        arrival_id = unit.arrivals.add(
            scan.scan_id,
            path,
            entry.fingerprint,
            scan.received_at,
            is_duplicate=known is not None,
            batch_id=batch_id,
        )
        unit.events.append(
            "duplicate" if known else "accession",
            "machine",
            scan_id=scan.scan_id,
            arrival_id=arrival_id,
            inbox_path=path,
            fingerprint=entry.fingerprint,
            batch_id=batch_id,
            scan=None if known else scan,
        )

    def _check_floor(self) -> None:
        try:
            free = os.statvfs(self._settings.archive)
        except OSError as error:
            raise transient(error) from None
        if free.f_bavail * free.f_frsize < self._settings.intake.floor_bytes:
            raise DiskFull("less than intake.floor_bytes free on the archive's disk")


def adopt(scan_id: ScanId, catalog: Catalog, archive: ArchiveStore, clock: Clock) -> None:
    """Record an original that lies in the archive without a row; it is then processed."""
    path = archive.path(scan_id)
    with path.open("rb") as stream:
        media_type = sniff.media_type(stream)
    scan = Scan(
        scan_id=scan_id,
        size_bytes=path.stat().st_size,
        media_type=media_type or "application/octet-stream",
        name="adopted",
        preset=Preset(),
        state=ScanState.RECEIVED if media_type else ScanState.QUARANTINED,
        reason=None if media_type else UnknownFormat.code,
        received_at=clock.now(),
    )
    with catalog.write() as unit:
        unit.scans.add(scan)
        unit.events.append("adopted", "machine", scan_id=scan_id, scan=scan)
