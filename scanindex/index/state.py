"""What the index folder holds, made durable: one small state file is the commit.

`state.json` names the folder in use, the generation in it, the last applied
outbox number and every file with size and SHA-256. It is replaced atomically
after all files it names are on disk, so a kill or a power cut leaves the old
state or the new one; files that no state names are rubbish of a broken-off
write. A file whose size or content differs from the state makes the index
broken: it is never searched. Files are hashed once; later looks compare
inode, size and times. Every other small file that the index keeps about itself
is written and read the same way. Standard library only; knows nothing of any
engine.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from scanindex.errors import CatalogBusy, DiskFull, IndexBroken, PermissionMissing, StorageFailed

STATE_NAME = "state.json"
LOCK_NAME = "write.lock"
FORMAT = 2
"""Raise it when older files can no longer be read, or mean something else: they are rebuilt then."""
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    size: int
    sha256: str
    inode: int
    mtime_ns: int
    ctime_ns: int

    def looks_same(self, stat: os.stat_result) -> bool:
        return (self.size, self.inode, self.mtime_ns, self.ctime_ns) == (
            stat.st_size,
            stat.st_ino,
            stat.st_mtime_ns,
            stat.st_ctime_ns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    folder: str
    generation: int
    seq: int
    documents: int
    pages: int
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    missing: int = 0
    """Pages that lay in damaged parts and were not added again yet."""
    schema: str = ""
    """What the engine keeps of a page and how; another one cannot be read."""


def seal(folder: Path, names: Iterable[str]) -> dict[str, FileEntry]:
    """Sync these files and their folder to disk; return what they hold."""
    entries = {name: _seal_file(folder / name) for name in names}
    sync_folder(folder)
    return entries


def _seal_file(path: Path) -> FileEntry:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return _entry(os.fstat(stream.fileno()), sha256)


def _entry(stat: os.stat_result, sha256: str) -> FileEntry:
    return FileEntry(
        size=stat.st_size,
        sha256=sha256,
        inode=stat.st_ino,
        mtime_ns=stat.st_mtime_ns,
        ctime_ns=stat.st_ctime_ns,
    )


def sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(root: Path, state: State) -> None:
    """Make `state` the current one, durably and atomically."""
    write_sealed(root / STATE_NAME, {"format": FORMAT, **asdict(state)})


def write_sealed(path: Path, values: Mapping[str, object]) -> None:
    """Put a small JSON file with its own checksum in the place of the old one, durably."""
    body = json.dumps(values, sort_keys=True).encode()
    temporary = path.with_name(f"{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def read_sealed(path: Path) -> dict[str, Any] | None:
    """What `write_sealed` wrote; None where there is no such file. Raises IndexBroken."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    except (IsADirectoryError, NotADirectoryError):
        raise IndexBroken(f"the index file {path.name} is damaged") from None
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise IndexBroken(f"the index file {path.name} is damaged")
    values = json.loads(body)
    if not isinstance(values, dict):
        raise IndexBroken(f"the index file {path.name} is damaged")
    return values


def read(root: Path) -> State | None:
    """The current state; None where there never was one. Raises IndexBroken."""
    values = read_sealed(root / STATE_NAME)
    if values is not None:
        return _decode(values)
    if any(any(root.glob(f"g*/*.{kind}")) for kind in ("seg", "store")):
        raise IndexBroken("the index has lost its state file")
    return None


def _decode(values: dict[str, Any]) -> State:
    if values.pop("format", None) != FORMAT:
        raise IndexBroken("the index was written by another version")
    files = values.pop("files")
    return State(files={n: FileEntry(**e) for n, e in files.items()}, **values)


def stamp(root: Path) -> tuple[int, int, int] | None:
    """Changes whenever the state file does; None where there is none."""
    return stamp_of(root / STATE_NAME)


def stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def verify(root: Path, state: State) -> State:
    """Check every file of the state; returns it with fresh file times. Raises IndexBroken."""
    fresh, lost = whole_files(root, state)
    if lost:
        raise IndexBroken(f"the index file {min(lost)} is damaged or gone")
    return fresh


def whole_files(root: Path, state: State, known_lost: Collection[str] = ()) -> tuple[State, frozenset[str]]:
    """The state with fresh file times, and the names of files that are damaged or gone.

    known_lost: not looked at again.
    """
    folder = str(root / state.folder)
    files, lost = dict(state.files), set(known_lost)
    for name, entry in state.files.items():
        if name not in lost:
            # Hundreds of files before every search: paths as plain text take a third of the time.
            now = _verified(f"{folder}/{name}", entry)
            if now is not entry:
                files[name] = now or entry
            if now is None:
                lost.add(name)
    return (replace(state, files=files) if files != state.files else state), frozenset(lost)


def _verified(path: str, entry: FileEntry) -> FileEntry | None:
    """The entry with the file's times of now; None where it is not the file that was sealed."""
    try:
        found = os.stat(path)  # noqa: PTH116
        if entry.looks_same(found):
            return entry
        if found.st_size != entry.size or not stat.S_ISREG(found.st_mode):
            return None
        with open(path, "rb") as stream:  # noqa: PTH123
            same = hashlib.file_digest(stream, "sha256").hexdigest() == entry.sha256
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _entry(found, entry.sha256) if same else None


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file that is held."""

    path: Path
    handle: int

    def check(self) -> None:
        """Raises CatalogBusy where somebody removed the file: another process may hold a new one."""
        held = os.fstat(self.handle)
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise CatalogBusy("the lock of the search index was removed") from None
        if (held.st_dev, held.st_ino) != (there.st_dev, there.st_ino):
            raise CatalogBusy("the lock of the search index was replaced")


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[Lock]:
    """Hold the lock file at `path` alone; waits up to `seconds`. Raises CatalogBusy."""
    until = time.monotonic() + seconds
    while True:
        lock = Lock(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            while not _try_lock(lock.handle):
                if time.monotonic() > until:
                    raise CatalogBusy("another process is writing the search index")
                time.sleep(_PAUSE_SECONDS)
            try:
                lock.check()
            except CatalogBusy:
                continue  # removed while we waited for it
            yield lock
            return
        finally:
            os.close(lock.handle)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock file now."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn the system's refusals into errors of the table."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("no space left for the search index") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise PermissionMissing("the search index folder may not be read or written") from error
        raise StorageFailed(f"the search index folder answered with errno {error.errno}") from error
