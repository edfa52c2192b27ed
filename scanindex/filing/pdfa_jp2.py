"""JPEG 2000 into PDF without decoding where ISO 19005-2, 6.2.8.3 allows it.

ISO/IEC 15444-1 Annex A (codestream), Annex I (JP2 boxes). Worker-only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from scanindex.filing.picture import DEVICE_GREY, DEVICE_RGB, Picture

_SOC_SIZ = b"\xff\x4f\xff\x51"
_SRGB, _GREYSCALE = 16, 17
_REFUSED_BOXES = frozenset((b"pclr", b"cmap", b"cdef"))
"""Palettes and channel definitions (alpha): decoded and flattened instead."""


@dataclass(frozen=True, slots=True)
class _Size:
    width_px: int
    height_px: int
    components: int
    is_plain: bool
    """All components 8-bit unsigned and not subsampled."""


def picture_of(data: bytes) -> Picture | None:
    """The picture of a JP2 file or raw codestream; None where it must be coded again."""
    if data.startswith(_SOC_SIZ):
        size = _size(data)
        wrapped = _wrap(data, size) if size else None
    else:
        size = _size_in_boxes(data)
        wrapped = data
    if size is None or wrapped is None or not size.is_plain or size.components not in (1, 3):
        return None
    return Picture(
        data=wrapped,
        width_px=size.width_px,
        height_px=size.height_px,
        bits=8,
        colour=DEVICE_GREY if size.components == 1 else DEVICE_RGB,
        codec="JPXDecode",
    )


def _size_in_boxes(data: bytes) -> _Size | None:
    header, size = None, None
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"jp2h" and header is None:
            header = (start, end)
        elif kind == b"jp2c" and size is None:
            size = _size(data[start:end])
    if header is None or size is None or not _has_plain_colour(data, *header, size.components):
        return None
    return size


def _has_plain_colour(data: bytes, start: int, end: int, components: int) -> bool:
    colours = []
    for kind, at, stop in _boxes(data, start, end):
        if kind in _REFUSED_BOXES:
            return False
        if kind == b"colr" and stop - at >= 3:
            colours.append(data[at:stop])
    if len(colours) != 1:
        return False
    method = colours[0][0]
    if method == 1 and len(colours[0]) >= 7:
        expected = _GREYSCALE if components == 1 else _SRGB
        return int.from_bytes(colours[0][3:7], "big") == expected
    return method == 2


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if length == 1 and at + 16 <= end:
            length, start = struct.unpack_from(">Q", data, at + 8)[0], at + 16
        stop = end if length == 0 else at + length
        if stop < start or stop > end:
            return
        yield kind, start, stop
        at = stop


def _size(codestream: bytes) -> _Size | None:
    """SIZ marker segment, ISO/IEC 15444-1 A.5.1."""
    if not codestream.startswith(_SOC_SIZ) or len(codestream) < 45:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", codestream, 8)
    count = struct.unpack_from(">H", codestream, 40)[0]
    parts = codestream[42 : 42 + 3 * count]
    if len(parts) < 3 * count or right <= left or bottom <= top:
        return None
    is_plain = all(parts[i : i + 3] == b"\x07\x01\x01" for i in range(0, 3 * count, 3))
    return _Size(right - left, bottom - top, count, is_plain)


def _wrap(codestream: bytes, size: _Size) -> bytes:
    """A JP2 file around a raw codestream, because PDF takes no bare ones."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(body), kind) + body

    ihdr = struct.pack(">IIHBBBB", size.height_px, size.width_px, size.components, 7, 7, 0, 0)
    colr = struct.pack(">BBBI", 1, 0, 0, _GREYSCALE if size.components == 1 else _SRGB)
    return (
        box(b"jP  ", b"\r\n\x87\n")
        + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
        + box(b"jp2h", box(b"ihdr", ihdr) + box(b"colr", colr))
        + box(b"jp2c", codestream)
    )
