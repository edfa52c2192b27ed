"""Putting a file into the inbox: whole under a hidden name first, then under its own.

For `scanindex add` and uploads. Promises: the watcher never sees half a file, nothing that
waits in the inbox is written over, and once `put` returns the bytes outlive a power cut. A name
that comes from outside is data: `safe_name` makes one that stays in its folder and is not
overlooked as clutter.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scanindex import sniff
from scanindex.errors import OversizeFile, transient
from scanindex.model import ScanId

_CHUNK_BYTES = 1 << 20
_MAX_NAME_BYTES = 180
_MAX_SUFFIX_BYTES = 16
_NO_LINKS = frozenset((errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A file that lies in the inbox now."""

    path: Path
    scan_id: ScanId
    """What it will be known by: the hash of its bytes."""
    size_bytes: int
    fingerprint: str
    """As arrivals keep it: tells this very entry from another of the same name or content."""


def put(source: BinaryIO, name: str, folder: Path, most_bytes: int | None = None) -> Dropped:
    """Copy `source` to its end into `folder` (made if missing); numbered where the name is taken.

    Raises OversizeFile (nothing is left behind), TransientError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = folder / f".scanindex-add-{secrets.token_hex(8)}.part"
        try:
            with partial.open("xb") as target:
                scan_id, size_bytes = _copy(source, target, most_bytes)
                os.fsync(target.fileno())
                info = os.fstat(target.fileno())
            path = _reveal(partial, name, folder)
        finally:
            partial.unlink(missing_ok=True)
        _sync(folder)
    except OSError as error:
        raise transient(error) from None
    fingerprint = f"{info.st_ino}:{info.st_size}:{info.st_mtime_ns}"
    return Dropped(path=path, scan_id=scan_id, size_bytes=size_bytes, fingerprint=fingerprint)


def _copy(source: BinaryIO, target: BinaryIO, most_bytes: int | None) -> tuple[ScanId, int]:
    digest, size_bytes = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        size_bytes += len(chunk)
        if most_bytes is not None and size_bytes > most_bytes:
            raise OversizeFile
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    return ScanId(digest.hexdigest()), size_bytes


def _reveal(partial: Path, name: str, folder: Path) -> Path:
    """Under its own name or a numbered one; never over an entry that waits there."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - the name is no path
    number = 1
    while True:
        path = folder / (name if number == 1 else f"{stem}-{number}{suffix}")
        try:
            _link(partial, path)
            return path
        except FileExistsError:
            number += 1


def _link(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A share without hard links: reserve the name, then rename over that reservation of ours.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        partial.replace(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def safe_name(name: str) -> str:
    """A file name made of what somebody sent: no path, no control characters, not clutter, not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    text = unicodedata.normalize("NFC", last).encode("utf-8", "replace").decode()
    text = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in text).strip(" .")
    stem, suffix = os.path.splitext(text)  # noqa: PTH122 - the name is no path
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        stem, suffix = text, ""
    room = _MAX_NAME_BYTES - len(suffix.encode())
    text = stem.encode()[:room].decode("utf-8", "ignore") + suffix
    if sniff.is_clutter(text):  # it would lie in the inbox and nobody would ever look at it
        text = f"upload-{text.lstrip('.~$@#')}"
    return f"{text}.scan" if sniff.is_clutter(text) else text
