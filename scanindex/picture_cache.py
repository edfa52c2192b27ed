"""Pictures of pages kept ready on disk: `var/pictures/<aa>/<scan_id>/<page>-<turn>-<width>.<ext>`.

Promises: a file is there whole or not at all (written under another name, then renamed); what is
served carries its own beginning and end; several processes may use one folder at once; no more
than `limit_bytes` stay, the least recently used go first; all of it may be deleted at any time.
A picture comes from a child that read hostile bytes: only a plain file that looks like the kind of
picture we make is taken, and by copy, so that the child has no hand on what is served. Leaves out
what a page looks like and whether somebody may see it. When a picture was used last is its time
of change, so that nothing else has to be kept and a kill costs nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scanindex.errors import CorruptFile, transient
from scanindex.model import ScanId

MOST_BYTES = 16 << 20
"""No picture of ours comes near it."""
_TYPES = {"png": "image/png", "jpg": "image/jpeg"}
_SCAN = re.compile(r"[0-9a-f]{64}")
_SHELF = re.compile(r"[0-9a-f]{2}")
_FILE = re.compile(r"[0-9]{4,6}-(?:own|0|90|180|270)-[a-z]{4,8}\.(?:png|jpg)")
_HEAD_BYTES = 4096
_TAIL_BYTES = 12
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_WORK = ".work-"
_LEFTOVER_SECONDS = 3600.0
_FOLDER_TRIES = 20
_TOUCH_SECONDS = 600.0
"""Use is noted that coarsely: a write for every look would cost more than it tells."""
_STEP = 16
"""A round is made whenever a sixteenth of the room was written by this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKey:
    """Which picture: of which page, turned how, how wide."""

    scan_id: ScanId
    scan_page_no: int
    turn: int | None
    """Clockwise from the archived frame; None: as the file itself says."""
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    path: Path
    media_type: str
    width_px: int
    height_px: int


class PictureCache:
    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._written_bytes: int | None = None
        """Since this process looked last; None: it never did."""
        self._is_sweeping = False

    @property
    def is_on(self) -> bool:
        """Whether anything is to be kept ahead of time."""
        return self._limit_bytes > 0

    def get(self, key: PageKey) -> Kept | None:
        """What is kept, or None; noted as used."""
        for ending in _TYPES:
            path = self._path(key, ending)
            found = _look(path)
            if found is None:
                continue
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _TOUCH_SECONDS:
                    os.utime(path)
            return found
        return None

    def take(self, made: Path, key: PageKey) -> Kept:
        """Keep a copy of what a child made. Raises CorruptFile where it is no picture of ours,
        TransientError where the disk refuses."""
        data = _plain_bytes(made)
        facts = picture_facts(data)
        if facts is None:
            raise CorruptFile("a child made something else than a picture")
        ending, width_px, height_px = facts
        path = self._path(key, ending)
        try:
            _write(path, data)
            for other in _TYPES:
                if other != ending:
                    self._path(key, other).unlink(missing_ok=True)
        except OSError as error:
            raise transient(error) from None
        self._count(len(data))
        return Kept(path=path, media_type=_TYPES[ending], width_px=width_px, height_px=height_px)

    def forget(self, scan_id: ScanId) -> None:
        """Drop all pictures of a scan; never raises."""
        shutil.rmtree(self._home(scan_id), ignore_errors=True)

    @contextmanager
    def work_folder(self) -> Iterator[Path]:
        """An empty folder for a child to draw into; gone afterwards. Raises TransientError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=_WORK, dir=self._folder))
        except OSError as error:
            raise transient(error) from None
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def sweep(self) -> int:
        """Clear away what is not ours and what is too much; the bytes that stay.

        Another process that is at it already is left alone (then -1).
        """
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return -1
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            files = sorted(self._files(), key=lambda file: file[0])
            total = sum(size for _, size, _ in files)
            # Down to seven eighths: what two processes write before they look again still fits.
            room = self._limit_bytes - self._limit_bytes // 8
            for _, size, path in files:
                if total <= room:
                    break
                with contextlib.suppress(OSError):
                    Path(path).unlink()
                total -= size
            return total
        except BlockingIOError:
            return -1
        finally:
            os.close(descriptor)

    # --- inside --------------------------------------------------------------
    def _home(self, scan_id: ScanId) -> Path:
        if not _SCAN.fullmatch(scan_id):
            raise ValueError("not a scan id")
        return self._folder / scan_id[:2] / scan_id

    def _path(self, key: PageKey, ending: str) -> Path:
        turn = "own" if key.turn is None else str(key.turn)
        return self._home(key.scan_id) / f"{key.scan_page_no:04d}-{turn}-{key.width}.{ending}"

    def _count(self, size: int) -> None:
        """Note what was written and, now and then, tidy beside the work."""
        with self._lock:
            is_due = self._written_bytes is None
            self._written_bytes = size + (self._written_bytes or 0)
            is_due = is_due or self._written_bytes >= self._limit_bytes / _STEP
            if not is_due or self._is_sweeping:
                return
            self._is_sweeping, self._written_bytes = True, 0
        threading.Thread(target=self._tidy, name="pictures", daemon=True).start()

    def _tidy(self) -> None:
        try:
            self.sweep()
        finally:
            self._is_sweeping = False

    def _files(self) -> Iterator[tuple[float, int, str]]:
        """Time, size and path of every picture; anything else found on the way is removed."""
        for shelf in _entries(self._folder):
            if not _is_folder(shelf, _SHELF):
                if not shelf.name.startswith(_WORK) or _is_stale(shelf):
                    _remove(shelf)
                continue
            for home in _entries(shelf):
                if not (_is_folder(home, _SCAN) and home.name.startswith(shelf.name)):
                    _remove(home)
                    continue
                yield from _pictures(home)
                with contextlib.suppress(OSError):
                    Path(home).rmdir()  # only an empty one lets itself be removed
            with contextlib.suppress(OSError):
                Path(shelf).rmdir()


def _pictures(home: os.DirEntry[str]) -> Iterator[tuple[float, int, str]]:
    for entry in _entries(home):
        if _FILE.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                yield found.st_mtime, found.st_size, entry.path
        elif not entry.name.endswith(".part") or _is_stale(entry):
            _remove(entry)


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str], name: re.Pattern[str]) -> bool:
    return bool(name.fullmatch(entry.name)) and entry.is_dir(follow_symlinks=False)


def _is_stale(entry: os.DirEntry[str]) -> bool:
    """Old enough that nobody is still writing it."""
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFTOVER_SECONDS
    except OSError:
        return False


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            Path(entry.path).unlink()


def _write(path: Path, data: bytes) -> None:
    """Not synced: it can be drawn again, and a torn one is not served (its end is missing)."""
    partial = path.with_name(f".{secrets.token_hex(8)}.part")
    handle = _opened(partial)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _opened(partial: Path) -> int:
    """A new file for writing, and its folders: other processes tidy empty ones away at any moment."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    for _ in range(_FOLDER_TRIES):
        with contextlib.suppress(FileNotFoundError, FileExistsError):  # mkdir says either
            partial.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.parent.mkdir(mode=0o700, exist_ok=True)
            return os.open(partial, flags, 0o600)
    return os.open(partial, flags, 0o600)


def _plain_bytes(path: Path) -> bytes:
    """Of a plain file; never through a link, which could lead to somebody else's page."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CorruptFile("a child made no picture") from error
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > MOST_BYTES:
            raise CorruptFile("a child made something else than a picture")
        return stream.read(MOST_BYTES)


def _look(path: Path) -> Kept | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        size = os.fstat(handle).st_size
        head = os.pread(handle, _HEAD_BYTES, 0)
        tail = os.pread(handle, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    except OSError:
        return None
    finally:
        os.close(handle)
    facts = _facts(head, tail)
    if facts is None or path.suffix != f".{facts[0]}":
        return None
    return Kept(path=path, media_type=_TYPES[facts[0]], width_px=facts[1], height_px=facts[2])


def picture_facts(data: bytes) -> tuple[str, int, int] | None:
    """Ending, width and height in pixels of a whole PNG or baseline JPEG; None for anything else."""
    return _facts(data[:_HEAD_BYTES], data[-_TAIL_BYTES:])


def _facts(head: bytes, tail: bytes) -> tuple[str, int, int] | None:
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR" and tail.endswith(_PNG_END):
        return "png", int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if head[:2] == b"\xff\xd8" and tail.endswith(_JPEG_END):
        return _jpeg_facts(head)
    return None


def _jpeg_facts(head: bytes) -> tuple[str, int, int] | None:
    """From the frame header (ISO/IEC 10918-1 B.2.2), which our encoder writes within the first bytes."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in (0xC0, 0xC1, 0xC2):
            return (
                "jpg",
                int.from_bytes(head[at + 7 : at + 9], "big"),
                int.from_bytes(head[at + 5 : at + 7], "big"),
            )
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None
