"""A file of ADT messages as a source of people: framed, in a batch, with blank lines between, or bare."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from scanindex.errors import MalformedMessage, RosterRejected
from scanindex.hl7.er7 import MAX_BYTES, parse
from scanindex.store.roster_adt import Adt
from scanindex.store.roster_source import AuthorityNames, Note, SourceRow

_BLOCK_BYTES = 4 << 20
_BEGIN = re.compile(rb"MSH(?=[^A-Za-z0-9\s])")
_BEFORE = b"\r\n\x0b\x1c"
_TRAILERS = (b"BTS", b"FTS", b"BHS", b"FHS")
_TRAILER = re.compile(rb"[\r\n]+(?:BTS|FTS|BHS|FHS)(?=[^A-Za-z0-9\s])")
_AROUND = b"\x0b\x1c\r\n\x00\x1a "


class AdtSource:
    """`roster_source.Source`; each message is one row, numbered from 1."""

    unit = "message"
    is_full = False

    def __init__(self, path: Path, names: AuthorityNames, adt: Adt) -> None:
        self.path, self.authority, self.authorities = path, names.default, names.all
        self._adt = adt

    def notes(self) -> Iterator[Note]:
        if next(messages_of(self.path), None) is None:
            raise RosterRejected("the file holds no HL7 message")
        return iter(())

    def rows(self) -> Iterator[SourceRow]:
        for number, data in enumerate(messages_of(self.path), 1):
            try:
                message = parse(data)
            except MalformedMessage:
                yield SourceRow(number, None, "message_unreadable")
                continue
            yield self._adt.row(message, number)


def messages_of(path: Path) -> Iterator[bytes]:
    """The messages of a file without what stands around them; never the whole file in memory."""
    left = b""
    with path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        while block := stream.read(_BLOCK_BYTES):
            left += block
            starts = [
                m.start() for m in _BEGIN.finditer(left) if not m.start() or left[m.start() - 1] in _BEFORE
            ]
            for start, end in itertools.pairwise(starts):
                yield _bare(left[start:end])
            left = left[starts[-1] :] if starts else left[-4:]
            if len(left) > 2 * MAX_BYTES:  # refused by `parse` as too large; what follows may be sound
                yield left
                left = b""
    if _BEGIN.match(left):
        yield _bare(left)


def _bare(data: bytes) -> bytes:
    if any(name in data for name in _TRAILERS) and (match := _TRAILER.search(data)):
        data = data[: match.start()]
    return data.strip(_AROUND)
