"""The archive on a file system: originals by content, document folders written once.

Promises: what `put` and `publish` returned from is durable; equal bytes end in
one file; nothing that has a final name is ever changed or removed. A damaged
original is set aside, never overwritten, when the same bytes arrive again.
Leaves out: what the files mean (see docs/reference/archive-format.md), the
event log and the charts view, which have modules of their own.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from scanindex import filing
from scanindex.errors import (
    FixityFailed,
    IntegrityError,
    NotFound,
    SchemaTooNew,
    StorageFailed,
    TransientError,
)
from scanindex.filing import paths
from scanindex.model import Document, DocumentId, ScanId
from scanindex.store import durable

_CHUNK_BYTES = 1 << 20
_OTHER_BOOT_SECONDS = 3_600
"""How long leftovers of another boot (or another host on a share) are let be."""


class FileArchive:
    """ports.ArchiveStore on one file system; safe for several threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders = durable.Folders(root)
        self._owner = _owner_tag()

    def initialise(self) -> None:
        """Make the folders and state the format; harmless if done before. Raises SchemaTooNew."""
        for name in (*paths.DURABLE_FOLDERS, paths.TMP):
            self._folders.ensure(self.root / name)
        marker = self.root / paths.FORMAT_FILE
        with durable.translate():
            text = marker.read_text("ascii", "replace") if marker.exists() else None
        if text is None:
            durable.write_durable(marker, paths.FORMAT_TEXT.encode("ascii"))
            return
        number = text.split()[-1] if text.split() else ""
        if not number.isdigit() or int(number) > paths.FORMAT:
            raise SchemaTooNew(f"the archive states format {number[:20]!r}, known is {paths.FORMAT}")

    # --- originals ---------------------------------------------------------
    def put(self, stream: BinaryIO) -> tuple[ScanId, int]:
        temporary = self._new_temporary()
        try:
            scan_id, size_bytes = self._copy(stream, temporary)
            self._install(temporary, scan_id)
        except BaseException:
            durable.remove(temporary)
            raise
        return scan_id, size_bytes

    def _copy(self, stream: BinaryIO, temporary: Path) -> tuple[ScanId, int]:
        digest, size_bytes = hashlib.sha256(), 0
        with durable.translate():
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            with open(descriptor, "wb", buffering=0) as target:  # noqa: PTH123 - a descriptor
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    size_bytes += len(chunk)
                    _write_all(target.fileno(), chunk)
                os.fchmod(target.fileno(), 0o440)
                durable.fsync_descriptor(target.fileno())
        return ScanId(digest.hexdigest()), size_bytes

    def _install(self, temporary: Path, scan_id: ScanId) -> None:
        target = self.path(scan_id)
        self._folders.ensure(target.parent)
        if _hash_of(target) == scan_id:
            # Whoever renamed it may have been killed before syncing the name.
            durable.fsync_dir(target.parent)
            durable.remove(temporary)
            return
        if os.path.lexists(target):
            aside = self._folders.ensure(self.root / paths.DAMAGED) / f"{scan_id}.{secrets.token_hex(4)}"
            durable.rename_durable(target, aside)
        durable.rename_durable(temporary, target)

    def open(self, scan_id: ScanId) -> BinaryIO:
        path = self.path(scan_id)
        with durable.translate():
            try:
                return path.open("rb")
            except FileNotFoundError as error:
                raise NotFound(f"no original {scan_id}") from error

    def path(self, scan_id: ScanId) -> Path:
        return self.root / paths.original_path(scan_id)

    # --- later readings ----------------------------------------------------
    def keep_reading(self, scan_id: ScanId, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        target = self.root / paths.reading_path(scan_id, name)
        self._folders.ensure(target.parent)
        if _hash_of(target) != name:
            durable.write_durable(target, data, mode=0o440)
        else:
            durable.fsync_dir(target.parent)
        return name

    def kept_reading(self, scan_id: ScanId, name: str) -> bytes:
        with durable.translate():
            data = (self.root / paths.reading_path(scan_id, name)).read_bytes()
        if hashlib.sha256(data).hexdigest() != name:
            raise FixityFailed(f"reading {name[:12]} of scan {scan_id[:12]}")
        return data

    def has_reading(self, scan_id: ScanId, name: str) -> bool:
        return (self.root / paths.reading_path(scan_id, name)).is_file()

    # --- documents ---------------------------------------------------------
    def document_folder(self, document_id: DocumentId, version: int) -> Path:
        """Where a version lies (or will lie) once published."""
        return self.root / paths.version_path(document_id, version)

    def versions(self, document_id: DocumentId) -> tuple[int, ...]:
        """Published versions of a document, lowest first."""
        folder = self.root / paths.document_path(document_id)
        with durable.translate():
            names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        return tuple(sorted(int(n[1:]) for n in names if n[:1] == "v" and n[1:].isdigit()))

    def staging(self) -> Path:
        """A fresh empty folder on the archive's file system, to be filled and published."""
        folder = self._new_temporary()
        with durable.translate():
            folder.mkdir(mode=0o750)
        return folder

    def publish(self, staged: Path, document_id: DocumentId, version: int) -> Path:
        target = self.document_folder(document_id, version)
        self._folders.ensure(target.parent)
        if target.is_dir():
            if _states_the_same(staged, target):
                durable.fsync_dir(target.parent)
                durable.remove_tree(staged)
                return target
            # Filed after the backup that this catalog was restored from, and decided
            # otherwise since: nobody's current version, kept where nothing reads it.
            aside = self._folders.ensure(self.root / paths.DAMAGED)
            durable.rename_durable(target, aside / f"{document_id}.v{version:04d}.{secrets.token_hex(4)}")
        _sync_folder(staged)
        try:
            durable.rename_durable(staged, target)
        except TransientError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError) or cause.errno != errno.EXDEV:
                raise
            copy = self._new_temporary()
            with durable.translate():
                shutil.copytree(staged, copy)
            _sync_folder(copy)
            durable.rename_durable(copy, target)
            durable.remove_tree(staged)
        return target

    # --- the whole ---------------------------------------------------------
    def walk(self) -> Iterator[tuple[str, int]]:
        marker = self.root / paths.FORMAT_FILE
        if marker.exists():
            yield paths.FORMAT_FILE, marker.stat().st_size
        for name in sorted(paths.DURABLE_FOLDERS):
            yield from _walk(self.root / name, name)

    def cleanup_tmp(self) -> int:
        """Remove what dead processes left in `tmp/`; returns how many. Call at start-up.

        Work of living processes stays; leftovers of another boot go once they
        are an hour old, because they might belong to another host on a share.
        """
        folder, removed = self.root / paths.TMP, 0
        with durable.translate():
            entries = list(folder.iterdir()) if folder.is_dir() else []
        for entry in entries:
            if _is_leftover(entry):
                durable.remove_tree(entry)
                removed += 1
        return removed

    def _new_temporary(self) -> Path:
        folder = self._folders.ensure(self.root / paths.TMP)
        return folder / f"{self._owner}.{secrets.token_hex(8)}"


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


def _hash_of(path: Path) -> str | None:
    """SHA-256 of a regular file; None where there is none."""
    if not path.is_file() or path.is_symlink():
        return None
    with durable.translate(), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _states_the_same(staged: Path, published: Path) -> bool:
    """Whether two folders of one version say the same of whose pages they are, who
    decided it and which reading of them is in force."""
    if not (staged / paths.RECORD).exists():
        return True
    try:
        one, other = (filing.read_record(folder).document for folder in (staged, published))
    except (IntegrityError, StorageFailed):
        return False
    return _gist(one) == _gist(other)


def _gist(document: Document) -> tuple[object, ...]:
    what = document.scan_id, document.pages, document.patient_id, document.document_type
    return *what, document.service_date, document.decision, document.readings


def _sync_folder(folder: Path) -> None:
    """Every file read-only and synced, then the folder's own names."""
    with durable.translate():
        files = sorted(p for p in folder.iterdir() if p.is_file())
        for path in files:
            path.chmod(0o440)
    for path in files:
        durable.fsync_file(path)
    durable.fsync_dir(folder)


def _walk(folder: Path, relative: str) -> Iterator[tuple[str, int]]:
    with durable.translate():
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except FileNotFoundError:
            return
    for entry in entries:
        if entry.name.startswith("."):  # locks and half-written replacements
            continue
        name = f"{relative}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), name)
        else:
            yield name, entry.stat(follow_symlinks=False).st_size


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").replace("-", "")[:12]
    except OSError:
        return "unknown"


def _start_ticks(pid: int) -> str | None:
    """When a process started, in clock ticks since boot (proc_pid_stat(5), field 22); None if dead."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def _owner_tag() -> str:
    return f"{_boot_id()}.{os.getpid()}.{_start_ticks(os.getpid()) or 0}"


def _is_leftover(entry: Path) -> bool:
    parts = entry.name.split(".")
    if len(parts) == 4 and parts[0] == _boot_id() and parts[1].isdigit():
        return (_start_ticks(int(parts[1])) or "dead") != parts[2]
    try:
        age_seconds = time.time() - entry.lstat().st_mtime
    except OSError:
        return False
    return age_seconds > _OTHER_BOOT_SECONDS
