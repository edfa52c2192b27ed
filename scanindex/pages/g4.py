"""CCITT fax codes: one G4 strip to samples, and what is wrong with the codes. Worker-only.

Wrong codes make rows of the wrong length. libtiff repairs these and warns;
Pillow keeps the warning to itself, OpenCV writes it to the error stream.

Decoders fill a cut strip with white and say nothing. Two facts tell it (ITU-T
T.6): a complete block closes with EOFB; where the writer left that out, each
white row at the bottom still costs one 1-bit, so the data must end in at least
as many 1-bits as there are white rows.
"""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scanindex.pages.guard import DAMAGED_IMAGE, TRUNCATED_IMAGE, captured_stderr
from scanindex.pages.pillow import pillow_open

_EOFB_BITS = "000000000001" * 2
_TAIL_BYTES = 1024
"""Some scanner programs leave a whole TIFF directory behind the codes; inside them EOFB cannot occur."""
_COMPLAINT = re.compile(rb"TIFF_(?:Warning|Error) (?:Fax|JPEG|OJPEG|LZW|TIFFFillStrip|TIFFFillTile)")


def decode(data: bytes, width: int, height: int) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Samples height x width, 0 where the codes say black and 1 where white; problems."""
    tiff = _as_tiff(data, width, height)
    with captured_stderr() as said:
        pixels = cv2.imdecode(np.frombuffer(tiff, np.uint8), cv2.IMREAD_GRAYSCALE)
    if pixels is not None and pixels.shape == (height, width):
        white = (np.asarray(pixels, np.uint8) >> 7).astype(np.uint8)
        problems = problems_said(said)
    else:
        white, problems = _by_pillow(tiff)
    if is_short(data, trailing_white_rows(white)):
        problems = (TRUNCATED_IMAGE,)
    return white, problems


def _by_pillow(tiff: bytes) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    with pillow_open(io.BytesIO(tiff), ("TIFF",)) as opened:
        problems = opened.load()
        return np.asarray(opened.image, dtype=np.uint8), problems


def file_problems(path: Path, scan_page_no: int) -> tuple[str, ...]:
    """Damage of the codes of one TIFF page, by decoding it once more where warnings can be heard."""
    with captured_stderr() as said:
        cv2.imreadmulti(str(path), scan_page_no - 1, 1, flags=cv2.IMREAD_GRAYSCALE)
    return problems_said(said)


def problems_said(said: list[bytes]) -> tuple[str, ...]:
    """libtiff's complaints about CCITT and JPEG codes; those about odd tags are none."""
    return (DAMAGED_IMAGE,) if _COMPLAINT.search(said[0]) else ()


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
