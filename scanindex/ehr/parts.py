"""Bytes to be sent whose bulk stays on disk: pieces of text around a file, raw or in base64.

Promises: length and digests are known before the first byte goes; memory stays flat at any size of
document; the same parts give the same bytes; a file that changed is noticed before its end is
given. Pure but for reading the file.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from scanindex.delivery_model import Content
from scanindex.errors import FixityFailed, StorageFailed

_CHUNK_BYTES = 3 * (1 << 18)
"""A multiple of 3, so that base64 of chunks is the base64 of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A file's content at this place."""

    path: Path = field(repr=False)
    size_bytes: int
    sha256: str
    """Hex, of the file as it should be."""
    in_base64: bool

    def __len__(self) -> int:
        return 4 * ((self.size_bytes + 2) // 3) if self.in_base64 else self.size_bytes

    def chunks(self) -> Iterator[bytes]:
        """The last of them is given only once length and hash are right: what sends the chunks on
        breaks off before the end of its message, and no receiver takes a damaged document.

        Raises FixityFailed, StorageFailed where the file is gone.
        """
        made, seen, held = hashlib.sha256(), 0, b""
        try:
            with self.path.open("rb") as stream:
                while (piece := _full_read(stream)) and seen <= self.size_bytes:
                    if held:
                        yield self._coded(held)
                    made.update(piece)
                    seen += len(piece)
                    held = piece
        except OSError:
            raise StorageFailed("a document's file cannot be read") from None
        if seen != self.size_bytes or made.hexdigest() != self.sha256:
            raise FixityFailed("a document's file is not as it was when its export was decided")
        if held:
            yield self._coded(held)

    def _coded(self, piece: bytes) -> bytes:
        return base64.b64encode(piece) if self.in_base64 else piece


def content_part(content: Content, *, in_base64: bool) -> FilePart:
    """The document's own file."""
    return FilePart(
        path=content.path, size_bytes=content.size_bytes, sha256=content.sha256, in_base64=in_base64
    )


Part = bytes | FilePart


def length(parts: Iterable[Part]) -> int:
    """Bytes that `chunks` will give."""
    return sum(len(part) for part in parts)


def chunks(parts: Iterable[Part]) -> Iterator[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            if part:
                yield part
        else:
            yield from part.chunks()


def digest(parts: Sequence[Part], name: str = "sha256") -> bytes:
    made = hashlib.new(name, usedforsecurity=False)
    for piece in chunks(parts):
        made.update(piece)
    return made.digest()


def write(parts: Iterable[Part], stream: BinaryIO) -> int:
    """Returns the bytes written."""
    count = 0
    for piece in chunks(parts):
        count += stream.write(piece)
    return count


def _full_read(stream: BinaryIO) -> bytes:
    """A whole chunk unless the file ends: a short read in between would put padding into the middle."""
    piece = stream.read(_CHUNK_BYTES)
    while piece and len(piece) < _CHUNK_BYTES and (more := stream.read(_CHUNK_BYTES - len(piece))):
        piece += more
    return piece
