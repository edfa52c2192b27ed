"""Where the parts of a TIFF lie: its chain of image directories, walked without trust.

Shared by intake (is more of the file still coming?) and by the page stage (how
many pages, do their pixels end inside the file?). Standard library only; bounded
reads, loops end, no pixel is touched. TIFF 6.0 section 2; BigTIFF as in libtiff.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class TiffPage:
    """What one image directory of a TIFF says about where its pixels lie."""

    compression: int
    photometric: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    directory_offset: int

    def overhang_bytes(self, size: int) -> int:
        """How far pixel data reaches beyond the end of the file; 0 if it does not."""
        over = 0
        for number, offset in enumerate(self.offsets):
            count = self.counts[number] if number < len(self.counts) else 1
            over = max(over, offset + count - size)
        return over


@dataclass(frozen=True, slots=True)
class TiffLayout:
    pages: tuple[TiffPage, ...]
    is_cut: bool
    """A directory lies outside the file."""
    has_loop: bool


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 18: 8}
_TIFF_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS = (
    259,
    262,
    273,
    279,
    324,
    325,
)
_MAX_TIFF_PAGES = 20_000
_MAX_TIFF_VALUES = 1_000_000


def tiff_layout(stream: BinaryIO, size: int) -> TiffLayout:
    """Directories of a TIFF or BigTIFF in chain order; never loops, never reads pixels."""
    head = _at(stream, 0, 16)
    order = "<" if head[:2] == b"II" else ">"
    is_big = head[2:4] in (b"+\x00", b"\x00+")
    if len(head) < (16 if is_big else 8):
        return TiffLayout((), True, False)
    offset = struct.unpack_from(order + ("Q" if is_big else "I"), head, 8 if is_big else 4)[0]
    pages: list[TiffPage] = []
    seen: set[int] = set()
    while offset and offset not in seen and len(pages) < _MAX_TIFF_PAGES:
        seen.add(offset)
        found = _tiff_directory(stream, size, order, is_big, offset)
        if found is None:
            return TiffLayout(tuple(pages), True, False)
        page, offset = found
        pages.append(page)
    return TiffLayout(tuple(pages), not pages, bool(offset) and offset in seen)


def _tiff_directory(
    stream: BinaryIO, size: int, order: str, is_big: bool, offset: int
) -> tuple[TiffPage, int] | None:
    count_format, entry_size, next_format = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    count_size = struct.calcsize("<" + count_format)
    raw = _at(stream, offset, count_size)
    if offset >= size or len(raw) < count_size:
        return None
    entries = struct.unpack(order + count_format, raw)[0]
    if not 0 < entries <= 65_535:
        return None
    body = _at(stream, offset + count_size, entries * entry_size + struct.calcsize("<" + next_format))
    if len(body) < entries * entry_size:
        return None
    tags = {}
    for at in range(0, entries * entry_size, entry_size):
        entry = body[at : at + entry_size]
        if _value_end(order, is_big, entry) > size:
            return None
        tag = struct.unpack_from(order + "H", entry)[0]
        if tag in (_COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS):
            tags[tag] = _tiff_values(stream, order, is_big, entry)
    rest = body[entries * entry_size :]
    following = (
        struct.unpack(order + next_format, rest)[0] if len(rest) == struct.calcsize(next_format) else 0
    )
    offsets = tags.get(_STRIP_OFFSETS) or tags.get(_TILE_OFFSETS) or ()
    counts = tags.get(_STRIP_COUNTS) or tags.get(_TILE_COUNTS) or ()
    compression = (tags.get(_COMPRESSION) or (1,))[0]
    photometric = (tags.get(_PHOTOMETRIC) or (0,))[0]
    return TiffPage(compression, photometric, offsets, counts, offset), following


def _value_end(order: str, is_big: bool, entry: bytes) -> int:
    """Where the value of a directory entry ends, if it lies outside the entry; else 0."""
    kind, count = struct.unpack_from(order + ("HQ" if is_big else "HI"), entry, 2)
    length = _TIFF_SIZES.get(kind, 0) * count
    if length <= (8 if is_big else 4):
        return 0
    where = struct.unpack_from(order + ("Q" if is_big else "I"), entry, 12 if is_big else 8)[0]
    return int(where + length)


def _tiff_values(stream: BinaryIO, order: str, is_big: bool, entry: bytes) -> tuple[int, ...]:
    kind, count = struct.unpack_from(order + ("HQ" if is_big else "HI"), entry, 2)
    code = _TIFF_INTEGERS.get(kind)
    if code is None or count > _MAX_TIFF_VALUES:
        return ()
    length = _TIFF_SIZES[kind] * count
    value = entry[12:] if is_big else entry[8:]
    if length > len(value):
        where = struct.unpack(order + ("Q" if is_big else "I"), value)[0]
        value = _at(stream, where, length)
    usable = min(count, len(value) // _TIFF_SIZES[kind])
    return struct.unpack_from(f"{order}{usable}{code}", value)


def _at(stream: BinaryIO, offset: int, count: int) -> bytes:
    stream.seek(offset)
    return stream.read(count)
