"""The fence around third-party decoders: limits, and one family of errors out.

Leaves out what a process limit must do: memory, CPU and wall time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanindex.errors import CorruptFile, EmptyFile, OversizeFile, ScanindexError

TRUNCATED_IMAGE = "truncated_image"
"""Picture data end before the picture does."""
DAMAGED_IMAGE = "damaged_image"
"""The decoder found wrong codes inside the picture data."""
NOTE_NON_SQUARE = "note:non_square"
"""Pixels were not square (fax); rows or columns were stretched for reading."""
NOTE_REDUCED = "note:reduced"
"""Scaled down to `pages.max_pixels` for reading."""

_ABSURD_GREY = 5
_ABSURD_COLOUR = 4.2
"""Times `pages.max_pixels` beyond which a picture is not even decoded: colour
takes four bytes a pixel while decoding and must fit the child's memory. Both let
20,000 x 20,000 pixels pass (measured: at most 2.75 of 3.0 GB, the most for colour)."""
_MAX_SIDE_PX = 200_000
_WORLD_ERRNOS = frozenset(
    (
        *(errno.ENOENT, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS),
        *(errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EBUSY),
    )
)


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn whatever a decoder throws into CorruptFile; our own errors pass.

    The world's faults (missing file, permission, I/O error of the disk) pass as
    OSError, because the file is not to blame. Out of memory is OversizeFile: the
    child's limit is fixed, so the same file would meet it again.
    """
    try:
        yield
    except ScanindexError:
        raise
    except MemoryError as error:
        raise OversizeFile("needs more memory than a decoder may use") from error
    except Exception as error:
        if is_worlds_fault(error):
            raise
        raise CorruptFile(f"decoder: {type(error).__name__}") from error


def is_worlds_fault(error: BaseException) -> bool:
    """Whether disk, share or rights failed, not the bytes (which can provoke EINVAL by odd offsets)."""
    return isinstance(error, OSError) and error.errno in _WORLD_ERRNOS


def refuse_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise EmptyFile


def check_dimensions(width_px: int, height_px: int, max_pixels: int, *, is_grey: bool) -> None:
    """Refuse header dimensions that no page has, before anything is decoded."""
    if width_px <= 0 or height_px <= 0:
        raise CorruptFile("picture without area")
    absurd = max_pixels * (_ABSURD_GREY if is_grey else _ABSURD_COLOUR)
    if width_px * height_px > absurd or max(width_px, height_px) > _MAX_SIDE_PX:
        raise OversizeFile(f"picture of {width_px} x {height_px} pixels")


def has_hole(data: bytes) -> bool:
    """Whether arithmetic-coded data (lossy WebP, JPEG 2000) hold a run of zeros as a lost sector leaves it.

    Their decoders draw on regardless. The codes of real pictures come near random: the longest
    run measured on empty and written pages is 31 bytes; only libwebp pads the end, by up to 6 %.
    """
    body = data.rstrip(b"\0")
    return _HOLE in body or (len(data) - len(body)) * 12 > len(data)


_HOLE = bytes(256)


def check_page_count(count: int, max_pages: int) -> None:
    if count > max_pages:
        raise OversizeFile(f"{count} pages")


@contextmanager
def captured_stderr() -> Iterator[list[bytes]]:
    """Collect what C libraries write to descriptor 2; the list is filled on leaving.

    libjpeg reports damaged data nowhere else. For single-threaded children only:
    the descriptor belongs to the whole process.
    """
    said: list[bytes] = []
    keep, catch = os.dup(2), os.memfd_create("decoder")
    try:
        os.dup2(catch, 2)
        try:
            yield said
        finally:
            os.dup2(keep, 2)
            os.lseek(catch, 0, os.SEEK_SET)
            said.append(os.read(catch, 65_536))
    finally:
        os.close(catch)
        os.close(keep)
