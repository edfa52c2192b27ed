"""JPEG into PDF without decoding where PDF readers agree on what it shows.

ITU-T T.81 markers; ISO 32000-1, 7.4.8 (DCTDecode, ColorTransform). Worker-only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from scanindex.filing.picture import DEVICE_GREY, DEVICE_RGB, Picture

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PASSABLE_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
"""Baseline, extended and progressive with Huffman coding."""


@dataclass(frozen=True, slots=True)
class Frame:
    marker: int
    precision: int
    width_px: int
    height_px: int
    component_ids: bytes
    adobe_transform: int | None

    @property
    def is_rgb(self) -> bool:
        """Three components that are not YCbCr, as libjpeg tells them."""
        return self.adobe_transform == 0 or (self.adobe_transform is None and self.component_ids == b"RGB")


def frame_of(data: bytes) -> Frame | None:
    """The first frame header; None if there is none before the first scan."""
    at, adobe = 2, None
    if not data.startswith(b"\xff\xd8"):
        return None
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        if marker in _FRAMES:
            return _frame(marker, body, adobe, data, at + 2 + length)
        if marker in (0xD9, 0xDA) or length < 2:
            return None
        at += 2 + length
    return None


def _frame(marker: int, body: bytes, adobe: int | None, data: bytes, after: int) -> Frame | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return None
    precision, height, width, count = struct.unpack_from(">BHHB", body)
    if adobe is None:
        adobe = _later_adobe(data, after)
    ids = bytes(body[6 + 3 * i] for i in range(count))
    return Frame(marker, precision, width, height, ids, adobe)


def _later_adobe(data: bytes, at: int) -> int | None:
    """An Adobe marker between frame header and scan."""
    scan = data.find(b"\xff\xda", at)
    place = data.find(b"\xff\xee", at, scan if scan >= 0 else at)
    if place >= 0 and data[place + 4 : place + 9] == b"Adobe" and place + 15 < len(data):
        return data[place + 15]
    return None


def picture_of(data: bytes) -> Picture | None:
    """The picture of a JPEG, coded bytes untouched; None where they must be coded again."""
    frame = frame_of(data)
    if frame is None or frame.marker not in _PASSABLE_FRAMES or frame.precision != 8:
        return None
    if not frame.width_px or not frame.height_px or len(frame.component_ids) not in (1, 3):
        return None
    if data.rfind(b"\xff\xd9") < 0:
        return None
    is_grey = len(frame.component_ids) == 1
    parms: dict[str, int | bool] = {"ColorTransform": 0} if not is_grey and frame.is_rgb else {}
    return Picture(
        data=data,
        width_px=frame.width_px,
        height_px=frame.height_px,
        bits=8,
        colour=DEVICE_GREY if is_grey else DEVICE_RGB,
        codec="DCTDecode",
        parms=parms,
    )
