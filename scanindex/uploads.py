"""Files that people send through the browser, and what became of each.

They go into the inbox as any scan does; from there on everything is the same. What is certainly
no scan is refused at once, in the error table's words, and that it was is recorded. Promises:
who sent a file is in the trail, and what became of it is told to them only, by the entry they
sent and not by its name.
"""

from __future__ import annotations

import dataclasses
import enum
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from scanindex import fetch, progress, sniff
from scanindex.access_model import Access, Right
from scanindex.errors import (
    EmptyFile,
    Forbidden,
    InputError,
    NotFound,
    ScanindexError,
    UnknownFormat,
    by_code,
)
from scanindex.intake import decode_path, preset_of
from scanindex.intake.drop import Dropped, put, safe_name
from scanindex.model import DocumentState, Event, ScanId
from scanindex.ports import Unit
from scanindex.services import Services
from scanindex.today_model import Stage

UPLOADED, REFUSED = "uploaded", "upload_refused"
_MOST_FOLDERS = 200
_DEEPEST = 3
_SHOWN = 60


class UploadState(enum.StrEnum):
    SETTLING = "settling"
    """In the inbox; the service takes it over when it has settled."""
    QUEUED = "queued"
    READING = "reading"
    DECIDED = "decided"
    """Read; all its documents are said in `documents`."""
    WAITING = "waiting"
    QUARANTINED = "quarantined"
    GONE = "gone"
    """Somebody took it out of the inbox before the service did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of the inbox that uploads can go to."""

    path: str
    """Relative, "." for the inbox itself."""
    label: str
    """What is special about it, in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file that the asker sent."""

    upload_id: str
    """Random; names nobody."""
    scan_id: ScanId
    name: str = field(repr=False)
    folder: str
    size_bytes: int
    at: datetime
    state: UploadState
    pages_read: int = 0
    pages: int | None = None
    documents: tuple[tuple[str, int], ...] = ()
    """(document state, how many) of what came of it, as far as the asker may see."""
    is_duplicate: bool = False
    """The same bytes were here before."""
    is_whole: bool = True
    """False: in the inbox with its end missing; nobody takes it over for a while."""
    code: str = ""
    meaning: str = ""
    hint: str = ""

    @property
    def is_settled(self) -> bool:
        """Nothing more happens without a person."""
        moving = any(state == DocumentState.PROPOSED for state, _ in self.documents)
        return self.state in (UploadState.DECIDED, UploadState.QUARANTINED, UploadState.GONE) and not moving


# --- sending -----------------------------------------------------------------------------
def send(access: Access, source: BinaryIO, name: str, folder: str, services: Services) -> Upload:
    """Put a file into the inbox folder `folder` (one of `folders`). `source` can seek.

    Raises Forbidden; NotFound for another folder; EmptyFile, UnknownFormat, OversizeFile where
    it would only be quarantined: then nothing was taken; TransientError.
    """
    _require(access)
    if folder not in {one.path for one in folders(access, services)}:
        raise NotFound("no such inbox folder")
    settings = services.settings
    try:
        _refuse_what_is_no_scan(source)
        goal = settings.inbox / folder
        dropped = put(source, safe_name(name), goal, settings.intake.max_bytes)
    except InputError as error:
        with services.catalog.write() as unit:
            unit.events.append(REFUSED, access.actor, code=error.code, folder=folder)
        raise
    upload_id = services.ids.new()
    _note(access, upload_id, dropped, folder, services)
    with services.catalog.read() as unit:
        is_duplicate = unit.scans.get(dropped.scan_id) is not None
    return Upload(
        upload_id=upload_id,
        scan_id=dropped.scan_id,
        name=dropped.path.name,
        folder=folder,
        size_bytes=dropped.size_bytes,
        at=services.clock.now(),
        state=UploadState.SETTLING,
        is_duplicate=is_duplicate,
        is_whole=_is_whole(dropped.path),
    )


def _refuse_what_is_no_scan(source: BinaryIO) -> None:
    source.seek(0, os.SEEK_END)
    if source.tell() == 0:
        raise EmptyFile
    if sniff.media_type(source) is None:
        raise UnknownFormat
    source.seek(0)


def _note(access: Access, upload_id: str, dropped: Dropped, folder: str, services: Services) -> None:
    with services.catalog.write() as unit:
        unit.events.append(
            UPLOADED,
            access.actor,
            scan_id=dropped.scan_id,
            upload_id=upload_id,
            fingerprint=dropped.fingerprint,
            folder=folder,
            size_bytes=dropped.size_bytes,
        )


# --- where to ------------------------------------------------------------------------------
def folders(access: Access, services: Services) -> tuple[Folder, ...]:
    """The inbox, its folders, and those of open batches (made when first used). Raises Forbidden."""
    _require(access)
    inbox = services.settings.inbox
    with services.catalog.read() as unit:
        batches = {b.folder: b.label for b in unit.batches.all() if b.closed_at is None}
    paths = [".", *sorted({*_below(inbox, inbox, 1), *(p for p in batches if _is_within(p))} - {"."})]
    return tuple(Folder(path=p, label=_label(inbox, p, batches.get(p, ""))) for p in paths[:_MOST_FOLDERS])


def _below(inbox: Path, folder: Path, depth: int) -> Iterator[str]:
    """Folders of the inbox; never through a link."""
    try:
        with os.scandir(folder) as listing:
            found = [e for e in listing if e.is_dir(follow_symlinks=False) and not sniff.is_clutter(e.name)]
    except OSError:
        return
    for entry in found:
        path = Path(entry.path)
        yield path.relative_to(inbox).as_posix()
        if depth < _DEEPEST:
            yield from _below(inbox, path, depth + 1)


def _is_within(path: str) -> bool:
    return not path.startswith("/") and ".." not in Path(path).parts


def _label(inbox: Path, path: str, batch: str) -> str:
    parts = [f"batch {batch}"] if batch else []
    try:
        preset = preset_of(inbox, inbox / path / "any")
    except ScanindexError:
        return "its preset cannot be understood: files wait here"
    if preset.document_type:
        parts.append(f"filed as {preset.document_type.replace('_', ' ')}")
    if preset.splitting != "auto":
        parts.append(preset.splitting.replace("_", " "))
    return ", ".join(parts)


# --- what became of it -----------------------------------------------------------------------
def mine(access: Access, services: Services, limit: int = _SHOWN) -> tuple[Upload, ...]:
    """What the asker sent last, newest first, and how each stands. Raises Forbidden."""
    _require(access)
    with services.catalog.read() as unit:
        sent = unit.today.done_by(access.actor, UPLOADED, min(limit, _SHOWN))
    # Where a file lies is looked up before what the catalog says of it: it leaves the inbox only
    # after its arrival is committed, so what is in neither place is really gone.
    lying = [_name_in_inbox(event, services) for event in sent]
    with services.catalog.read() as unit:
        return tuple(
            _standing(access, event, name, unit, services) for event, name in zip(sent, lying, strict=True)
        )


def _name_in_inbox(event: Event, services: Services) -> str | None:
    fingerprint = str(event.payload["fingerprint"])
    inode = int(fingerprint.split(":")[0])
    try:
        with os.scandir(services.settings.inbox / str(event.payload["folder"])) as listing:
            for entry in listing:
                if entry.inode() == inode and not entry.name.startswith("."):
                    info = entry.stat(follow_symlinks=False)
                    if f"{info.st_ino}:{info.st_size}:{info.st_mtime_ns}" == fingerprint:
                        return entry.name
    except OSError:
        pass
    return None


def _standing(access: Access, event: Event, lying: str | None, unit: Unit, services: Services) -> Upload:
    scan_id = ScanId(event.scan_id or "")
    known = Upload(
        upload_id=str(event.payload["upload_id"]),
        scan_id=scan_id,
        name=lying or "",
        folder=str(event.payload["folder"]),
        size_bytes=int(event.payload["size_bytes"]),
        at=event.at,
        state=UploadState.SETTLING if lying else UploadState.GONE,
        is_whole=lying is None or _is_whole(services.settings.inbox / str(event.payload["folder"]) / lying),
    )
    arrival = unit.today.arrival(scan_id, str(event.payload["fingerprint"]))
    scan = unit.scans.get(scan_id)
    if arrival is None or scan is None:
        return known
    stage, read, pages = progress.read_so_far(scan, services.settings)
    documents = [d for d in unit.documents.all(scan_id=scan_id) if fetch.sees(access, d)]
    fault = by_code(scan.reason) if scan.reason else None
    return dataclasses.replace(
        known,
        name=decode_path(arrival.inbox_path).name,
        state=_STATES[stage],
        pages_read=read,
        pages=pages,
        documents=tuple(sorted(Counter(d.state.value for d in documents).items())),
        is_duplicate=arrival.is_duplicate,
        code=scan.reason or "",
        meaning=fault.meaning if fault else "",
        hint=fault.hint if fault else "",
    )


def _is_whole(path: Path) -> bool:
    """As far as can be told before it is read; True for what is gone by now."""
    try:
        with path.open("rb") as stream:
            return sniff.is_whole(stream, os.fstat(stream.fileno()).st_size)
    except OSError:
        return True


def _require(access: Access) -> None:
    if not access.may(Right.UPLOAD):
        raise Forbidden()


_STATES = {
    Stage.QUEUED: UploadState.QUEUED,
    Stage.OPENING: UploadState.QUEUED,
    Stage.READING: UploadState.READING,
    Stage.DECIDING: UploadState.READING,
    Stage.FILING: UploadState.DECIDED,
    Stage.DONE: UploadState.DECIDED,
    Stage.WAITING: UploadState.WAITING,
    Stage.QUARANTINED: UploadState.QUARANTINED,
}
