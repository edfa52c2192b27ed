"""Puts a document's file into the folder that it shares with a receiver.

Promises: on return the file is there whole, under its name, and durable; a damaged one never gets
its name; what is there already as it should be is left alone. Leaves out taking files away again:
a cancelled document's file is the receiver's to remove.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from scanindex.delivery_model import Content
from scanindex.ehr.parts import content_part
from scanindex.errors import ProfileError, transient


def put(content: Content, folder: Path) -> None:
    """Raises TransientError (disk full, share gone), FixityFailed, ProfileError for a name with a path."""
    if Path(content.file_name).name != content.file_name:
        raise ProfileError("a document's file name is none")
    place = folder / content.file_name
    try:
        if _is_there(place, content):
            return
        staged = folder / f".{content.file_name}.part"
        try:
            _write(content, staged)
            staged.replace(place)
        finally:
            staged.unlink(missing_ok=True)
        _sync(folder)
    except OSError as error:
        raise transient(error) from None


def _is_there(place: Path, content: Content) -> bool:
    if not place.is_file() or place.stat().st_size != content.size_bytes:
        return False
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == content.sha256


def _write(content: Content, staged: Path) -> None:
    with staged.open("wb") as stream:
        for piece in content_part(content, in_base64=False).chunks():
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
