"""CCITT G4: one strip to samples, and whether its data end before its rows do. Worker-only.

Decoders fill a cut strip with white and say nothing. Two facts tell it (ITU-T
T.6): a complete block closes with EOFB; where the writer left that out, each
white row at the bottom still costs one 1-bit, so the data must end in at least
as many 1-bits as there are white rows.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from numpy.typing import NDArray

from scanindex.pages.guard import TRUNCATED_IMAGE
from scanindex.pages.pillow import pillow_open

_EOFB_BITS = "000000000001" * 2
_TAIL_BYTES = 64


def decode(data: bytes, width: int, height: int) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Samples height x width, 0 where the codes say black and 1 where white; problems."""
    with pillow_open(io.BytesIO(_as_tiff(data, width, height)), ("TIFF",)) as opened:
        problems = opened.load()
        white = np.asarray(opened.image, dtype=np.uint8)
    if is_short(data, trailing_white_rows(white)):
        problems = (TRUNCATED_IMAGE,)
    return white, problems


def trailing_white_rows(white: NDArray[np.uint8]) -> int:
    """Rows at the bottom without a black (0) sample."""
    inked = np.flatnonzero((white == 0).any(axis=1))
    return int(white.shape[0] - (inked[-1] + 1 if inked.size else 0))


def is_short(data: bytes, white_rows: int) -> bool:
    """Whether a strip without EOFB has fewer closing 1-bits than it shows white rows."""
    if white_rows <= 2:
        return False
    tail = data[-_TAIL_BYTES:]
    if _EOFB_BITS in f"{int.from_bytes(tail, 'big'):0{len(tail) * 8}b}":
        return False
    body = data.rstrip(b"\0")
    if not body:
        return True
    last = f"{body[-1]:08b}".rstrip("0")
    ones = len(last) - len(last.rstrip("1"))
    if ones == len(last):
        full = len(body) - 1 - len(body[:-1].rstrip(b"\xff"))
        before = body[-2 - full] if len(body) > full + 1 else 0
        ones += 8 * full + len(f"{before:08b}") - len(f"{before:08b}".rstrip("1"))
    return ones < white_rows - 1


def _as_tiff(data: bytes, width: int, height: int) -> bytes:
    """A minimal TIFF around one strip, PhotometricInterpretation 0 (TIFF 6.0 section 11)."""
    entries = (
        (256, 4, width),
        (257, 4, height),
        (258, 3, 1),
        (259, 3, 4),
        (262, 3, 0),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, len(data)),
    )
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    offset = 8 + len(data) + len(data) % 2
    return b"II*\0" + struct.pack("<I", offset) + data + bytes(len(data) % 2) + directory + bytes(4)
