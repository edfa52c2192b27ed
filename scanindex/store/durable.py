"""The only place that syncs, renames, links or unlinks things that must last.

Promises: what a function here returned from survives kill -9 and power loss on
a file system that honours fsync; errors of the system come out as the classes
of `scanindex.errors` (use `translate` around any other file access).
Leaves out: locking, and anything about what the bytes mean.

Order that everything here follows: write -> fsync the file -> rename -> fsync
the folder that received the name. A rename is atomic but not durable until its
folder is synced, and a folder is not durable until its parent is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from scanindex.errors import transient


@contextlib.contextmanager
def translate() -> Iterator[None]:
    """Raises DiskFull, PermissionMissing or StorageFailed instead of OSError."""
    try:
        yield
    except OSError as error:
        raise transient(error) from error


def fsync_file(path: Path) -> None:
    """Bytes and size of a file reach the disk."""
    with translate():
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def fsync_dir(path: Path) -> None:
    """The names in a folder reach the disk."""
    with translate():
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def fsync_descriptor(descriptor: int) -> None:
    with translate():
        os.fsync(descriptor)


def write_durable(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Replace or create a small file: afterwards it holds all of `data`, whatever happens.

    A crash leaves the old content or the new, never a mixture; at worst a
    stray `.<name>.<random>.tmp` beside it.
    """
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.tmp")
    with translate():
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)  # noqa: PTH105 - this module owns the call
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    fsync_dir(path.parent)


def rename_durable(source: Path, target: Path) -> None:
    """Give synced bytes (or a synced folder) their final name and sync the folder that holds it.

    The folder that lost the name is not synced: a name that comes back there
    after a power cut is a leftover, never a loss.
    """
    with translate():
        os.rename(source, target)  # noqa: PTH104
    fsync_dir(target.parent)


def link(source: Path, target: Path) -> None:
    """A second name for the same bytes; a copy where links do not exist (many shares).

    Not synced: only for views that can be made again.
    """
    with translate():
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            partial = target.with_name(f".{secrets.token_hex(6)}.tmp")
            shutil.copyfile(source, partial)
            os.replace(partial, target)  # noqa: PTH105


def move(source: Path, target: Path) -> None:
    """Rename within one file system, not synced: only for views that can be made again."""
    with translate():
        os.rename(source, target)  # noqa: PTH104


def remove(path: Path) -> None:
    """Take a name away; fine if it is gone already."""
    with translate(), contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108


def remove_empty(path: Path) -> bool:
    """Take an empty folder away; False if it is not empty or not there."""
    try:
        path.rmdir()
    except OSError:
        return False
    return True


def remove_tree(path: Path) -> None:
    """Take a temporary folder and all in it away; never follows links."""
    if path.is_dir() and not path.is_symlink():
        with translate():
            shutil.rmtree(path)
    else:
        remove(path)


class Folders:
    """Folders below a root that are known to be durable.

    The first use of a folder in a process always syncs the chain of its
    parents, because a folder that is there may have been made by a process that
    was killed before it could sync.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: set[Path] = set()

    def ensure(self, folder: Path) -> Path:
        """The folder exists and its name is durable; returns it."""
        if folder in self._known and folder.is_dir():
            return folder
        if folder != self._root:
            self.ensure(folder.parent)
        with translate():
            if folder == self._root:
                folder.mkdir(parents=True, exist_ok=True)
            else:
                folder.mkdir(exist_ok=True)
        fsync_dir(folder.parent)
        self._known.add(folder)
        return folder
