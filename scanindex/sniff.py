"""What bytes are, whether more of them may still be coming, and which names are clutter.

For intake, which runs in the long-lived service: standard library only, every
read bounded, no decoder, no exception on garbage. Types are told from the
bytes, never from the name. `is_whole` asks one question only: could the writer
still be busy? A file that is complete but sick (loops, wrong numbers, broken
pictures) is whole here; `pages.inspect`, in a limited child, judges that.

Sources: ISO 32000-2 7.5 (PDF), TIFF 6.0 section 2 and BigTIFF, ISO/IEC 10918-1
annex B (JPEG), W3C PNG 5, GIF89a, RFC 9649 (WebP), ISO/IEC 15444-1 annexes A and
I (JPEG 2000), ISO/IEC 14496-12 and 23008-12 (HEIF).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

PDF = "application/pdf"
TIFF = "image/tiff"
JPEG = "image/jpeg"
PNG = "image/png"
BMP = "image/bmp"
WEBP = "image/webp"
JP2 = "image/jp2"
HEIC = "image/heic"
GIF = "image/gif"

_HEAD_BYTES = 1024
_TAIL_BYTES = 4096
_CHUNK_BYTES = 1 << 20
_MAX_STEPS = 200_000
"""Most chunks, boxes or blocks one look walks through; more is nobody's scan."""
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_BMP_HEADER_SIZES = frozenset((12, 16, 40, 52, 56, 64, 108, 124))


def media_type(stream: BinaryIO) -> str | None:
    """Media type by the bytes, None for anything the product does not read."""
    try:
        head = _at(stream, 0, _HEAD_BYTES)
    except (OSError, ValueError):
        return None
    for found, is_it in _SIGNATURES:
        if is_it(head):
            return found
    return None


def is_whole(stream: BinaryIO, size_bytes: int) -> bool:
    """Whether the structure of a known format ends inside the file.

    Unknown formats are whole: waiting would not make them known. A read error
    of the disk passes through as OSError, for that is not the file's fault.
    """
    look = _LOOKS.get(media_type(stream) or "")
    if look is None:
        return True
    try:
        return look(stream, size_bytes)
    except (ValueError, struct.error, IndexError, OverflowError):
        return False


def is_clutter(name: str) -> bool:
    """Whether a file or folder name in the inbox is not a scan and never will be."""
    low = name.lower()
    return (
        low.startswith((".", "~$", "@eadir", "#recycle", "$recycle"))
        or low.endswith((".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".download"))
        or low in _CLUTTER_NAMES
    )


_CLUTTER_NAMES = frozenset(
    (
        "",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "preset.toml",
        "icon\r",
        "system volume information",
        "lost+found",
    )
)


# --- what it is ---------------------------------------------------------------
def _is_tiff(head: bytes) -> bool:
    return head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def _is_bmp(head: bytes) -> bool:
    return head[:2] == b"BM" and len(head) >= 18 and head[14] in _BMP_HEADER_SIZES and head[15:18] == b"\0\0\0"


def _is_heic(head: bytes) -> bool:
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
    return bool(brands & _HEIC_BRANDS) and head[8:12] not in (b"avif", b"avis")


def _is_pdf(head: bytes) -> bool:
    return re.search(rb"%PDF-\d", head) is not None


_SIGNATURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    (TIFF, _is_tiff),
    (JPEG, lambda head: head[:3] == b"\xff\xd8\xff"),
    (PNG, lambda head: head[:8] == b"\x89PNG\r\n\x1a\n"),
    (GIF, lambda head: head[:6] in (b"GIF87a", b"GIF89a")),
    (WEBP, lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    (JP2, lambda head: head[:12] == _JP2_SIGNATURE or head[:4] == b"\xff\x4f\xff\x51"),
    (HEIC, _is_heic),
    (BMP, _is_bmp),
    (PDF, _is_pdf),
)


# --- is it all there ----------------------------------------------------------
def _at(stream: BinaryIO, offset: int, count: int) -> bytes:
    stream.seek(offset)
    return stream.read(count)


def _tail(stream: BinaryIO, size: int) -> bytes:
    return _at(stream, max(0, size - _TAIL_BYTES), _TAIL_BYTES)


def _is_zero(data: bytes) -> bool:
    return bool(data) and not any(data)


def _pdf_is_whole(stream: BinaryIO, size: int) -> bool:
    tail = _tail(stream, size)
    end = tail.rfind(b"%%EOF")
    if end < 0:
        return False
    pointers = re.findall(rb"startxref\s+(\d{1,15})", tail[:end])
    if not pointers:
        return False
    head = _at(stream, 0, _HEAD_BYTES)
    header = re.search(rb"%PDF-\d", head)
    target = int(pointers[-1])
    if target == 0:
        # A linearised file's first trailer may say 0; as the last one it is odd but ends the file.
        return True
    if target >= size:
        return False
    # Copies that write the tail first leave zeros where the table belongs.
    shift = header.start() if header else 0
    return not (_is_zero(_at(stream, target, 64)) or _is_zero(_at(stream, target + shift, 64)))


@dataclass(frozen=True, slots=True)
class TiffPage:
    """What one image directory of a TIFF says about where its pixels lie."""

    compression: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]

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
_COMPRESSION, _STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 259, 273, 279, 324, 325
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
        if tag in (_COMPRESSION, _STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS):
            tags[tag] = _tiff_values(stream, order, is_big, entry)
    rest = body[entries * entry_size :]
    following = struct.unpack(order + next_format, rest)[0] if len(rest) == struct.calcsize(next_format) else 0
    offsets = tags.get(_STRIP_OFFSETS) or tags.get(_TILE_OFFSETS) or ()
    counts = tags.get(_STRIP_COUNTS) or tags.get(_TILE_COUNTS) or ()
    compression = (tags.get(_COMPRESSION) or (1,))[0]
    return TiffPage(compression, offsets, counts), following


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


_TIFF_SLACK_BYTES = 16
"""Byte counts of some fax servers overstate the last strip by its padding."""
_NEVER_ENDS_IN_ZEROS = frozenset((2, 3, 4, 5, 6, 7))
"""TIFF compressions (CCITT, LZW, JPEG) whose data cannot close with 512 zero bytes;
raw, Deflate and PackBits pixels can."""


def _tiff_is_whole(stream: BinaryIO, size: int) -> bool:
    layout = tiff_layout(stream, size)
    if layout.is_cut or not all(page.offsets for page in layout.pages):
        return False
    if any(page.overhang_bytes(size) > _TIFF_SLACK_BYTES for page in layout.pages):
        return False
    return not any(_tiff_tail_is_zero(stream, page) for page in layout.pages)


def _tiff_tail_is_zero(stream: BinaryIO, page: TiffPage) -> bool:
    pairs = [pair for pair in zip(page.offsets, page.counts, strict=False) if pair[1] > 512]
    if page.compression not in _NEVER_ENDS_IN_ZEROS or not pairs:
        return False
    offset, count = max(pairs)
    return _is_zero(_at(stream, offset + count - 512, 512))


def _jpeg_is_whole(stream: BinaryIO, size: int) -> bool:
    scan = _jpeg_first_scan(stream, size)
    if scan is None:
        return False
    start = max(scan, size - _TAIL_BYTES)
    if b"\xff\xd9" in _at(stream, start, size - start):
        return True
    # Entropy-coded data never contains the end marker, so the first one ends the
    # picture however much a camera appended behind it.
    return _has_bytes(stream, scan, size, b"\xff\xd9")


def _jpeg_first_scan(stream: BinaryIO, size: int) -> int | None:
    """Offset of the first start-of-scan marker, None if the headers do not get there."""
    at = 2
    for _ in range(_MAX_STEPS):
        marker = _at(stream, at, 4)
        if len(marker) < 4 or marker[0] != 0xFF or at >= size:
            return None
        if marker[1] == 0xDA:
            return at
        if marker[1] == 0xFF:
            at += 1
        elif marker[1] == 0x01 or 0xD0 <= marker[1] <= 0xD8:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(marker[2:4], "big"))
    return None


def _has_bytes(stream: BinaryIO, start: int, size: int, wanted: bytes) -> bool:
    carry = b""
    for at in range(start, size, _CHUNK_BYTES):
        block = carry + _at(stream, at, _CHUNK_BYTES)
        if wanted in block:
            return True
        carry = block[-(len(wanted) - 1) :]
    return False


def _png_is_whole(stream: BinaryIO, size: int) -> bool:
    at = 8
    for _ in range(_MAX_STEPS):
        header = _at(stream, at, 8)
        if len(header) < 8:
            return False
        at += 12 + int.from_bytes(header[:4], "big")
        if at > size:
            return False
        if header[4:8] == b"IEND":
            return True
    return False


def _gif_is_whole(stream: BinaryIO, size: int) -> bool:
    head = _at(stream, 0, 13)
    at = 13 + (3 << ((head[10] & 7) + 1) if head[10] & 0x80 else 0)
    for _ in range(_MAX_STEPS):
        kind = _at(stream, at, 1)
        if kind == b";":
            return True
        if kind == b"!":
            at += 2
        elif kind == b",":
            flags = _at(stream, at + 9, 1)[0]
            at += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
        else:
            return False
        after = _gif_after_blocks(stream, at, size)
        if after is None:
            return False
        at = after
    return False


def _gif_after_blocks(stream: BinaryIO, at: int, size: int) -> int | None:
    """Offset behind a chain of sub-blocks, None where the file ends before."""
    while at < size:
        length = _at(stream, at, 1)[0]
        at += 1 + length
        if length == 0:
            return at
    return None


def _webp_is_whole(stream: BinaryIO, size: int) -> bool:
    return int.from_bytes(_at(stream, 4, 4), "little") + 8 <= size


def _bmp_is_whole(stream: BinaryIO, size: int) -> bool:
    head = _at(stream, 0, 38)
    pixels_at, header_size = struct.unpack_from("<II", head, 10)
    if header_size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 18)
        compression = length = 0
    else:
        width, height, _, bits, compression, length = struct.unpack_from("<iiHHII", head, 18)
    if compression in (0, 3, 6):
        length = (abs(width) * bits + 31) // 32 * 4 * abs(height)
    return bool(pixels_at + length <= size)


def _boxes(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, content start and end of each top-level ISO base media box; end may exceed `size`."""
    at = 0
    for _ in range(_MAX_STEPS):
        header = _at(stream, at, 16)
        if at >= size or len(header) < 8:
            return
        length, start = int.from_bytes(header[:4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(header[8:16], "big"), at + 16
        end = size if length == 0 else at + length
        yield header[4:8], start, end
        if end <= at + 7:
            return
        at = end


def _jp2_is_whole(stream: BinaryIO, size: int) -> bool:
    if _at(stream, 0, 4) == b"\xff\x4f\xff\x51":
        return b"\xff\xd9" in _tail(stream, size)
    for kind, start, end in _boxes(stream, size):
        if end > size:
            return False
        if kind == b"jp2c":
            return b"\xff\xd9" in _at(stream, max(start, end - _TAIL_BYTES), _TAIL_BYTES)
    return False


def _heic_is_whole(stream: BinaryIO, size: int) -> bool:
    kinds = set()
    for kind, _, end in _boxes(stream, size):
        if end > size and any(kind):
            return False
        kinds.add(kind)
    return b"meta" in kinds and not _is_zero(_at(stream, max(0, size - 512), 512))


_LOOKS: dict[str, Callable[[BinaryIO, int], bool]] = {
    PDF: _pdf_is_whole,
    TIFF: _tiff_is_whole,
    JPEG: _jpeg_is_whole,
    PNG: _png_is_whole,
    GIF: _gif_is_whole,
    WEBP: _webp_is_whole,
    BMP: _bmp_is_whole,
    JP2: _jp2_is_whole,
    HEIC: _heic_is_whole,
}
