"""The smallest HEIC writer: one intra picture whose blocks are all raw samples.

ITU-T H.265 allows a coding unit to carry its samples uncoded (pcm_flag, 7.3.8.7);
with nothing else in the picture only three kinds of arithmetic-coded bins are left.
Boxes after ISO/IEC 14496-12 and 23008-12. For tests only: files are large.
"""

from __future__ import annotations

import struct

import numpy as np

BLOCK = 16
_RANGE_OF_LEAST = (
    240, 227, 216, 205, 195, 185, 175, 166, 158, 150, 142, 135, 128, 122, 116, 110, 104, 99, 94, 89, 85,
    80, 76, 72, 69, 65, 62, 59, 56, 53, 50, 48, 45, 43, 41, 39, 37, 35, 33, 31, 30, 28, 27, 25, 24, 23,
    22, 21, 20, 19, 18, 17, 16, 15, 14, 14, 13, 12, 12, 11, 11, 10, 9,
)  # fmt: skip
"""rangeTabLps of H.265 table 9-52, the column of a range of 448 and more."""


class _Bits:
    def __init__(self) -> None:
        self.bits: list[int] = []

    def put(self, value: int, count: int) -> _Bits:
        self.bits += [value >> shift & 1 for shift in range(count - 1, -1, -1)]
        return self

    def golomb(self, *values: int) -> _Bits:
        for value in values:
            length = (value + 1).bit_length()
            self.put(value + 1, 2 * length - 1)
        return self

    def closed(self) -> bytes:
        self.put(1, 1)
        return self.aligned()

    def aligned(self) -> bytes:
        self.bits += [0] * (-len(self.bits) % 8)
        return np.packbits(np.array(self.bits, np.uint8)).tobytes()


def _terminated(range_now: int) -> bytes:
    """A terminating 1-bin from a fresh engine, flushed (H.265 9.3.4.5, figures 9-12 ff.)."""
    low, out = range_now - 2, _Bits()
    # Seven renormalising shifts, then two more bits and the stop bit: the ten bits of
    # `low` from the top, without the very first, which carries no information.
    out.put(low & 0x1FF, 9)
    out.bits[-1] = 1
    return out.aligned()


def _slice_data(grey: np.ndarray) -> bytes:
    rows, columns = grey.shape[0] // BLOCK, grey.shape[1] // BLOCK
    chroma = bytes([128]) * (2 * (BLOCK // 2) ** 2)
    out, state, span = bytearray(), 0, 510
    for row in range(rows):
        for column in range(columns):
            block = grey[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK]
            out += _terminated(span - _RANGE_OF_LEAST[state]) + block.tobytes() + chroma
            state = min(state + 1, 62)
            span = 508  # a fresh engine that has coded "not the last block"
    return bytes(out) + _terminated(510)


def _profile(bits: _Bits) -> None:
    bits.put(1, 8).put(0x60000000, 32).put(0b1001, 4).put(0, 44).put(120, 8)


def _video() -> bytes:
    bits = _Bits().put(0, 4).put(3, 2).put(0, 6).put(0, 3).put(1, 1).put(0xFFFF, 16)
    _profile(bits)
    bits.put(1, 1).golomb(0, 0, 0).put(0, 6).golomb(0).put(0, 2)
    return b"\x40\x01" + bits.closed()


def _sequence(width: int, height: int) -> bytes:
    bits = _Bits().put(0, 4).put(0, 3).put(1, 1)
    _profile(bits)
    bits.golomb(0, 1, width, height).put(0, 1).golomb(0, 0, 0).put(1, 1).golomb(0, 0, 0)
    bits.golomb(1, 0, 0, 2, 0, 0).put(0, 3).put(1, 1).put(7, 4).put(7, 4).golomb(1, 0).put(1, 1)
    bits.golomb(0).put(0, 5)
    return b"\x42\x01" + bits.closed()


def _picture() -> bytes:
    bits = _Bits().golomb(0, 0).put(0, 7).golomb(0, 0, 0).put(0, 3).golomb(0, 0).put(0, 7)
    bits.put(1, 1).put(0, 1).put(1, 1).put(0, 2).golomb(0).put(0, 2)
    return b"\x44\x01" + bits.closed()


def _guarded(unit: bytes) -> bytes:
    """Emulation prevention (7.4.2): no start code inside a unit."""
    out, zeros = bytearray(), 0
    for byte in unit:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def heic(grey: np.ndarray) -> bytes:
    """A HEIC file of a uint8 grey picture whose sides are multiples of 16."""
    height, width = grey.shape
    header = _Bits().put(1, 1).put(0, 1).golomb(0, 2, 0).closed()
    unit = _guarded(b"\x26\x01" + header + _slice_data(grey))
    sets = [_guarded(unit) for unit in (_video(), _sequence(width, height), _picture())]
    arrays = b"".join(
        struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit
        for kind, unit in zip((32, 33, 34), sets, strict=True)
    )
    config = (
        bytes([1, 1]) + struct.pack(">I", 0x60000000) + b"\x90" + bytes(5) + b"\x78\xf0\0\xfc\xfd\xf8\xf8"
    )
    config += bytes(2) + b"\x0f\x03" + arrays
    brand = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    data = struct.pack(">I", len(unit)) + unit
    start = len(brand) + len(_meta(config, width, height, 0, 0)) + 8
    return brand + _meta(config, width, height, start, len(data)) + _box(b"mdat", data)


def _meta(config: bytes, width: int, height: int, offset: int, length: int) -> bytes:
    full = bytes(4)
    return _box(
        b"meta",
        full,
        _box(b"hdlr", full, bytes(4), b"pict", bytes(13)),
        _box(b"pitm", full, struct.pack(">H", 1)),
        _box(
            b"iinf",
            full,
            struct.pack(">H", 1),
            _box(b"infe", b"\x02\0\0\0", struct.pack(">HH", 1, 0), b"hvc1\0"),
        ),
        _box(
            b"iprp",
            _box(b"ipco", _box(b"hvcC", config), _box(b"ispe", full, struct.pack(">II", width, height))),
            _box(b"ipma", full, struct.pack(">IHBBB", 1, 1, 2, 0x81, 0x02)),
        ),
        _box(b"iloc", full, b"\x44\0", struct.pack(">HHHHII", 1, 1, 0, 1, offset, length)),
    )
