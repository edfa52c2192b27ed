"""JPEG strips of one TIFF page joined into one JPEG, without decoding.

A TIFF holds a page as many small JPEGs that share their tables. Because each
strip is a whole number of coding rows and starts afresh, the strips are what
JPEG calls restart intervals: one frame header with the full height, one restart
interval definition, and a restart marker between the strips give the same
pixels. ITU-T T.81, B.2.1 and B.2.4.4; TIFF Technical Note 2. Worker-only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_SOF0, _SOS, _DRI, _SOI, _EOI = 0xC0, 0xDA, 0xDD, b"\xff\xd8", b"\xff\xd9"
_BLOCK_PX = 8
_MAX_INTERVAL = 65_535


@dataclass(frozen=True, slots=True)
class _Strip:
    tables: bytes
    frame: bytes
    """Body of the frame header."""
    scan: bytes
    """Body of the scan header."""
    data: bytes


def joined(tables: bytes, strips: Sequence[bytes], width_px: int, height_px: int) -> bytes | None:
    """One JPEG from baseline strips; None where they do not fit together.

    tables: the shared tables as an abbreviated JPEG, or empty. Every strip but the
    last must have the same height, a multiple of the coding row.
    """
    parts = [_parsed(strip) for strip in strips]
    if not parts or any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    first = known[0]
    shared = first.tables if not tables else tables[2:-2] + first.tables
    if any(part.tables != first.tables or part.scan != first.scan for part in known):
        return None
    interval = _interval(known, width_px, height_px)
    if interval is None:
        return None
    frame = first.frame[:1] + struct.pack(">H", height_px) + first.frame[3:]
    pieces = [
        _SOI,
        shared,
        _segment(_SOF0, frame),
        _segment(_DRI, struct.pack(">H", interval)),
        _segment(_SOS, first.scan),
    ]
    for number, part in enumerate(known):
        if number:
            pieces.append(bytes((0xFF, 0xD0 + (number - 1) % 8)))
        pieces.append(part.data)
    return b"".join([*pieces, _EOI])


def _interval(strips: Sequence[_Strip], width_px: int, height_px: int) -> int | None:
    """Coding units in one strip; None if the strips' frames do not add up to the page."""
    first = strips[0].frame
    components = first[5]
    if len(first) != 6 + 3 * components:
        return None
    factors = [first[7 + 3 * i] for i in range(components)] if components > 1 else [0x11]
    unit_width = _BLOCK_PX * max(factor >> 4 for factor in factors)
    unit_height = _BLOCK_PX * max(factor & 15 for factor in factors)
    heights = [struct.unpack_from(">H", strip.frame, 1)[0] for strip in strips]
    for strip in strips:
        if strip.frame[:1] + strip.frame[3:] != first[:1] + first[3:]:
            return None
    if struct.unpack_from(">H", first, 3)[0] != width_px:
        return None
    regular = heights[0]
    if regular % unit_height or any(height != regular for height in heights[:-1]):
        return None
    left = height_px - regular * (len(strips) - 1)
    # Writers pad the last strip to full height; it may not be shorter than what is left.
    if not 0 < left <= heights[-1] or heights[-1] > regular:
        return None
    if -(-left // unit_height) != -(-heights[-1] // unit_height):
        return None
    interval = -(-width_px // unit_width) * (regular // unit_height)
    return interval if 0 < interval <= _MAX_INTERVAL else None


def _parsed(strip: bytes) -> _Strip | None:
    """Tables, headers and coded data of a baseline JPEG without restart intervals of its own."""
    at, tables, frame = 2, b"", b""
    if not strip.startswith(_SOI) or not strip.rstrip(b"\0").endswith(_EOI):
        return None
    while at + 4 <= len(strip) and strip[at] == 0xFF:
        marker, length = strip[at + 1], int.from_bytes(strip[at + 2 : at + 4], "big")
        body = strip[at + 4 : at + 2 + length]
        if marker in (0xDB, 0xC4):
            tables += strip[at : at + 2 + length]
        elif marker == _SOF0 and len(body) >= 6:
            frame = body
        elif marker == _SOS:
            if not frame:
                return None
            data = strip[at + 2 + length : strip.rindex(_EOI)]
            return None if _has_markers(data) else _Strip(tables, frame, body, data)
        elif not 0xE0 <= marker <= 0xEF and marker != 0xFE:
            return None
        at += 2 + length
    return None


def _has_markers(data: bytes) -> bool:
    """Any marker inside coded data other than stuffed zeros."""
    at = data.find(b"\xff")
    while 0 <= at < len(data) - 1:
        if data[at + 1] != 0:
            return True
        at = data.find(b"\xff", at + 2)
    return at == len(data) - 1


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body
