"""Listing the inbox and opening its entries safely.

Never follows a link, never opens a pipe or device, and notices when a file is
no longer the one that was listed. Names are data: nothing is decided by them
but what is clutter.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scanindex import sniff
from scanindex.errors import transient
from scanindex.intake.retire import is_private_name

_MAX_DEPTH = 8
_SPARSE_LIMIT_BYTES = 64 * 1024 * 1024


class ChangedWhileReadingError(Exception):
    """Somebody is still at it; the next listing sees the entry anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One inbox entry as a listing saw it."""

    path: Path
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    is_refused: bool

    @property
    def key(self) -> tuple[object, ...]:
        return (self.path, self.inode, self.size_bytes, self.mtime_ns, self.ctime_ns)

    @property
    def fingerprint(self) -> str:
        """Without ctime: a rename changes that."""
        return f"{self.inode}:{self.size_bytes}:{self.mtime_ns}"


def list_entries(folder: Path, depth: int = 0) -> Iterator[Entry]:
    """Every entry below `folder` that is not clutter; links and odd files marked refused.

    A sub-folder that is barred or lies too deep is itself a refused entry: what may be in it
    shows in the count.
    """
    try:
        with os.scandir(folder) as listing:
            items = list(listing)
    except OSError as error:
        if not depth:
            raise transient(error) from None  # the share is gone: wait, and say so
        if not isinstance(error, FileNotFoundError):
            yield _barred(folder)
        return
    for item in items:
        if is_private_name(item.name) or sniff.is_clutter(item.name):
            continue
        try:
            info = item.stat(follow_symlinks=False)
        except OSError:
            continue  # gone between listing and stat
        if not stat.S_ISDIR(info.st_mode):
            yield Entry(
                path=Path(item.path),
                inode=info.st_ino,
                size_bytes=info.st_size,
                mtime_ns=info.st_mtime_ns,
                ctime_ns=info.st_ctime_ns,
                is_refused=_is_refused(info),
            )
        elif depth < _MAX_DEPTH:
            yield from list_entries(Path(item.path), depth + 1)
        else:
            yield _barred(Path(item.path))


def _barred(folder: Path) -> Entry:
    return Entry(path=folder, inode=0, size_bytes=0, mtime_ns=0, ctime_ns=0, is_refused=True)


def _is_refused(info: os.stat_result) -> bool:
    if not stat.S_ISREG(info.st_mode):
        return True
    return info.st_size > _SPARSE_LIMIT_BYTES and info.st_blocks * 512 < info.st_size // 8


@contextlib.contextmanager
def open_entry(entry: Entry) -> Iterator[BinaryIO]:
    """The entry's bytes, never through a link, only if it is still what was listed."""
    try:
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise ChangedWhileReadingError from error
    with os.fdopen(descriptor, "rb") as stream:
        _check_unchanged(stream, entry)
        yield stream


def _check_unchanged(stream: BinaryIO, entry: Entry) -> None:
    info = os.fstat(stream.fileno())
    now = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
    if now != (entry.inode, entry.size_bytes, entry.mtime_ns, entry.ctime_ns) or _is_refused(info):
        raise ChangedWhileReadingError


class UnchangedStream:
    """A stream that ends in an error if the file changed while it was copied.

    The check runs at the end of the bytes, before the archive makes its copy
    durable under its hash, so that no half-written original is ever kept.
    """

    def __init__(self, stream: BinaryIO, entry: Entry) -> None:
        self._stream = stream
        self._entry = entry

    def read(self, size: int = -1) -> bytes:
        try:
            chunk = self._stream.read(size)
            if not chunk or size < 0:
                _check_unchanged(self._stream, self._entry)
        except OSError as error:
            # A bad sector, or a share that went away: this entry waits, the others go on.
            raise ChangedWhileReadingError from error
        return chunk
