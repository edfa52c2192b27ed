"""What the index folder holds, made durable: one small state file is the commit.

`state.json` names the folder in use, the generation in it, the last applied
outbox number and every file with size and SHA-256. It is replaced atomically
after all files it names are on disk, so a kill or a power cut leaves the old
state or the new one; files that no state names are rubbish of a broken-off
write. A file whose size or content differs from the state makes the index
broken: it is never searched. Files are hashed once; later looks compare
inode, size and times. Standard library only; knows nothing of any engine.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from scanindex.errors import CatalogBusy, DiskFull, IndexBroken, PermissionMissing, StorageFailed

STATE_NAME = "state.json"
LOCK_NAME = "write.lock"
FORMAT = 1
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
    body = json.dumps({"format": FORMAT, **asdict(state)}, sort_keys=True).encode()
    temporary = root / f"{STATE_NAME}.new"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(root / STATE_NAME)
    sync_folder(root)


def read(root: Path) -> State | None:
    """The current state; None where there never was one. Raises IndexBroken."""
    try:
        raw = (root / STATE_NAME).read_bytes()
    except FileNotFoundError:
        if any(any(root.glob(f"g*/*.{kind}")) for kind in ("seg", "store")):
            raise IndexBroken("the index has lost its state file") from None
        return None
    digest, _, body = raw.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise IndexBroken("the state file of the index is damaged")
    return _decode(json.loads(body))


def _decode(values: dict[str, object]) -> State:
    if values.pop("format", None) != FORMAT:
        raise IndexBroken("the index was written in another format")
    files = values.pop("files")
    assert isinstance(files, dict)
    return State(files={n: FileEntry(**e) for n, e in files.items()}, **values)  # type: ignore[arg-type]


def stamp(root: Path) -> tuple[int, int, int] | None:
    """Changes whenever the state file does; None where there is none."""
    try:
        stat = (root / STATE_NAME).stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def verify(root: Path, state: State) -> State:
    """Check every file of the state; returns it with fresh file times. Raises IndexBroken."""
    folder = root / state.folder
    fresh = {name: _verified(folder / name, entry) for name, entry in state.files.items()}
    return replace(state, files=fresh) if fresh != state.files else state


def _verified(path: Path, entry: FileEntry) -> FileEntry:
    try:
        stat = path.stat()
        if entry.looks_same(stat):
            return entry
        with path.open("rb") as stream:
            same = stat.st_size == entry.size and (
                hashlib.file_digest(stream, "sha256").hexdigest() == entry.sha256
            )
    except FileNotFoundError:
        raise IndexBroken(f"the index has lost the file {path.name}") from None
    if not same:
        raise IndexBroken(f"the index file {path.name} is damaged")
    return _entry(stat, entry.sha256)


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file at `path` alone; waits up to `seconds`. Raises CatalogBusy."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + seconds
        while not _try_lock(handle):
            if time.monotonic() > until:
                raise CatalogBusy("another process is writing the search index")
            time.sleep(_PAUSE_SECONDS)
        yield
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
