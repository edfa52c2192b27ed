"""JPEG to grey, strictly: every warning of libjpeg is a problem, a cut file gives what it has.

OpenCV decodes (luma straight from the file, and it lets libjpeg's warnings be
heard); Pillow takes four-channel files and cut ones. Worker-only.
"""

from __future__ import annotations

import io
import re
import struct
from typing import Any

import cv2
import numpy as np

from scanindex.pages.grey import Grey, darkest_channel, grey_of, is_nearly_empty
from scanindex.pages.guard import DAMAGED_IMAGE, TRUNCATED_IMAGE, captured_stderr, check_dimensions
from scanindex.pages.pillow import pillow_open

_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker that ends entropy-coded data: neither stuffing, restart nor fill."""
_MAX_SEGMENTS = 100_000
_REDUCED = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
_REDUCED_COLOUR = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def frame_header(data: bytes) -> tuple[int, int, int] | None:
    """Width, height and channels from the first frame header (ISO/IEC 10918-1 B.2.2)."""
    at = 2
    while 0 <= at < len(data) - 9 and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAME_MARKERS:
            height, width, channels = struct.unpack_from(">HHB", data, at + 5)
            return width, height, channels
        if marker == 0xDA:
            return None
        alone = marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD8
        at += (
            (1 if marker == 0xFF else 2)
            if alone
            else 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        )
    return None


def end_of_picture(data: bytes) -> int | None:
    """Offset of the end marker, found by walking markers; None where the data stop before it.

    What a camera appended, and pictures inside headers, do not count.
    """
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if len(data) < at + 2 or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xD9:
            return at
        alone = marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD8
        at += (
            (1 if marker == 0xFF else 2)
            if alone
            else 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        )
        if marker == 0xDA:
            following = _MARKER.search(data, at)
            if following is None:
                return None
            at = following.start()
    return None


def is_cut(data: bytes) -> bool:
    return end_of_picture(data) is None


def decode(data: bytes, max_pixels: int) -> tuple[Grey, tuple[str, ...]]:
    """Stored orientation, reduced in the decoder where larger than `max_pixels`."""
    header = frame_header(data)
    if header is None or header[2] == 4:
        return _by_pillow(data, max_pixels)
    check_dimensions(header[0], header[1], max_pixels, is_grey=True)
    factor = next((f for f in (1, 2, 4) if header[0] * header[1] <= max_pixels * f * f), 8)
    with captured_stderr() as said:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[factor] | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.size == 0:
        return _by_pillow(data, max_pixels)
    if header[2] == 3 and is_nearly_empty(np.asarray(pixels, np.uint8)):
        pixels = _in_colour(data, factor, pixels)
    if is_cut(data):
        return np.asarray(pixels, np.uint8), (TRUNCATED_IMAGE,)
    # "premature end" and "extraneous bytes" both mean that codes were lost or changed.
    is_damaged = b"orrupt" in said[0] or b"remature" in said[0]
    return np.asarray(pixels, np.uint8), (DAMAGED_IMAGE,) if is_damaged else ()


def _in_colour(data: bytes, factor: int, luma: Any) -> Grey:
    with captured_stderr():
        colours = cv2.imdecode(
            np.frombuffer(data, np.uint8), _REDUCED_COLOUR[factor] | cv2.IMREAD_IGNORE_ORIENTATION
        )
    return np.asarray(luma, np.uint8) if colours is None else darkest_channel(np.asarray(colours, np.uint8))


def _by_pillow(data: bytes, max_pixels: int) -> tuple[Grey, tuple[str, ...]]:
    with pillow_open(io.BytesIO(data), ("JPEG", "MPO")) as opened:
        check_dimensions(*opened.image.size, max_pixels, is_grey=False)
        problems = opened.load()
        pixels, _ = grey_of(opened.image)
    if is_cut(data) and TRUNCATED_IMAGE not in problems:
        problems = (*problems, TRUNCATED_IMAGE)
    return pixels, problems
