"""PNG into PDF without decoding: IDAT is Flate data with PNG predictors already.

ISO/IEC 15948 (PNG) chunks; ISO 32000-1, 7.4.4.4 (Predictor 15). Interlaced,
16-bit and transparent files are not passed (None). Worker-only.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from scanindex.filing.picture import DEVICE_GREY, DEVICE_RGB, Colour, Picture

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE = 0, 2, 3


def picture_of(data: bytes) -> Picture | None:
    """The picture of a PNG file, coded bytes untouched; None where they cannot be passed."""
    header, palette, idat = None, b"", []
    for kind, body in _chunks(data):
        if kind == b"IHDR" and len(body) >= 13:
            header = struct.unpack(">IIBBBBB", body[:13])
        elif kind == b"PLTE":
            palette = body
        elif kind == b"tRNS":
            return None
        elif kind == b"IDAT":
            idat.append(body)
        elif kind == b"IEND":
            break
    if header is None:
        return None
    width, height, bits, kind_no, _, _, interlace = header
    colour = _colour(kind_no, palette, bits)
    if colour is None or interlace or bits > 8 or not width or not height:
        return None
    coded = b"".join(idat)
    channels = 3 if kind_no == _RGB else 1
    if not _is_whole(coded, height * (1 + (width * bits * channels + 7) // 8)):
        return None
    return Picture(
        data=coded,
        width_px=width,
        height_px=height,
        bits=bits,
        colour=colour,
        codec="FlateDecode",
        parms={"Predictor": 15, "Colors": channels, "BitsPerComponent": bits, "Columns": width},
    )


def _colour(kind: int, palette: bytes, bits: int) -> Colour | None:
    if kind == _GREY:
        return DEVICE_GREY
    if kind == _RGB:
        return DEVICE_RGB
    if kind == _PALETTE and palette and len(palette) % 3 == 0 and len(palette) <= 3 << bits:
        return Colour(kind="Indexed", components=1, base=DEVICE_RGB, lookup=palette)
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(_SIGNATURE):
        return
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def _is_whole(coded: bytes, expected_bytes: int) -> bool:
    """Unpacks to exactly what the header promises; never unpacks more than that."""
    unpacker, total, rest = zlib.decompressobj(), 0, coded
    try:
        while not unpacker.eof and rest and total <= expected_bytes:
            total += len(unpacker.decompress(rest, 1 << 20))
            rest = unpacker.unconsumed_tail
        if not unpacker.eof and total <= expected_bytes:
            total += len(unpacker.flush())
    except zlib.error:
        return False
    return total == expected_bytes and unpacker.eof
