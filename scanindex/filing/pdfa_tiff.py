"""TIFF pages whose coded bytes may stand in a PDF as they are.

One Group 4 strip (bits reversed where FillOrder says so), JPEG strips (joined),
one JPEG tile. All else is decoded and coded again without loss. TIFF 6.0; TIFF Technical
Note 2 (JPEG). Worker-only.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from scanindex.filing import pdfa_jpeg, pdfa_strips
from scanindex.filing.pdfa_recode import ccitt
from scanindex.filing.picture import Picture

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 258, 259, 262, 266
_SAMPLES, _PLANAR, _T6_OPTIONS, _JPEG_TABLES = 277, 284, 293, 347
_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 324, 325
_GROUP4, _OLD_JPEG, _JPEG = 4, 6, 7
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCBCR = 0, 1, 2, 6
_MAX_CODED_BYTES = 1 << 30
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def passed(image: Image.Image, path: Path) -> tuple[Picture, str] | None:
    """The current frame's coded bytes as a picture; None where they cannot be passed."""
    tags: Any = getattr(image, "tag_v2", None)
    if tags is None:
        return None
    compression = tags.get(_COMPRESSION)
    if compression == _GROUP4:
        picture = _group4(image, tags, path)
        return (picture, "pass:ccitt") if picture else None
    if compression == _JPEG:
        picture = _jpeg(image, tags, path)
        return (picture, "pass:jpeg") if picture else None
    return None


def is_jpeg(image: Image.Image) -> bool:
    tags: Any = getattr(image, "tag_v2", None)
    return tags is not None and tags.get(_COMPRESSION) in (_JPEG, _OLD_JPEG)


def _group4(image: Image.Image, tags: Any, path: Path) -> Picture | None:
    photometric = tags.get(_PHOTOMETRIC)
    is_plain = tags.get(_SAMPLES, 1) == 1 and _first(tags.get(_BITS, 1)) == 1
    if not is_plain or photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) or tags.get(_T6_OPTIONS, 0):
        return None
    strips = _pieces(tags, path, _STRIP_OFFSETS, _STRIP_COUNTS)
    if len(strips) != 1:
        return None
    data = strips[0]
    if tags.get(_FILL_ORDER, 1) == 2:
        data = data.translate(_REVERSED)
    width, height = _stored_size(tags)
    return ccitt(data, width, height, is_black_1=photometric == _BLACK_IS_ZERO)


def _jpeg(image: Image.Image, tags: Any, path: Path) -> Picture | None:
    """The strips hold the scan, a tag may hold the tables: joined they are one JPEG."""
    data = _joined(tags, path) if tags.get(_PLANAR, 1) == 1 else None
    if data is None:
        return None
    picture = pdfa_jpeg.picture_of(data)
    if picture is None or (picture.width_px, picture.height_px) != _stored_size(tags):
        return None
    components = picture.colour.components if picture.colour else 0
    photometric = tags.get(_PHOTOMETRIC)
    if components == 1 and photometric == _BLACK_IS_ZERO:
        return picture
    if components == 3 and photometric == _YCBCR:
        return picture
    if components == 3 and photometric == _RGB:
        return replace(picture, parms={"ColorTransform": 0})
    return None


def _joined(tags: Any, path: Path) -> bytes | None:
    tables = tags.get(_JPEG_TABLES, b"")
    if not isinstance(tables, bytes) or not (tables.startswith(b"\xff\xd8") and tables.endswith(b"\xff\xd9")):
        tables = b""
    strips = _pieces(tags, path, _STRIP_OFFSETS, _STRIP_COUNTS)
    if len(strips) > 1:
        return pdfa_strips.joined(tables, strips, *_stored_size(tags))
    pieces = strips or _pieces(tags, path, _TILE_OFFSETS, _TILE_COUNTS)
    if len(pieces) != 1 or not pieces[0].startswith(b"\xff\xd8"):
        return None
    return tables[:-2] + pieces[0][2:] if tables else pieces[0]


def _stored_size(tags: Any) -> tuple[int, int]:
    return int(tags[256]), int(tags[257])


def _pieces(tags: Any, path: Path, offsets_tag: int, counts_tag: int) -> list[bytes]:
    """The strips or tiles in order; none where one lies outside the file."""
    offsets, counts = tags.get(offsets_tag) or (), tags.get(counts_tag) or ()
    if len(offsets) != len(counts) or sum(counts) > _MAX_CODED_BYTES:
        return []
    size = path.stat().st_size
    pieces = []
    with path.open("rb") as stream:
        for offset, count in zip(offsets, counts, strict=True):
            if offset < 0 or count <= 0 or offset + count > size:
                return []
            stream.seek(offset)
            pieces.append(stream.read(count))
    return pieces


def _first(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple) else value)
