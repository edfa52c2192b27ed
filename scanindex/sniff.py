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
from typing import BinaryIO

from scanindex.tiff_layout import TiffPage, tiff_layout

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
        "readme.md",
        "icon\r",
        "system volume information",
        "lost+found",
    )
)


# --- what it is ---------------------------------------------------------------
def _is_tiff(head: bytes) -> bool:
    return head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def _is_bmp(head: bytes) -> bool:
    return (
        head[:2] == b"BM" and len(head) >= 18 and head[14] in _BMP_HEADER_SIZES and head[15:18] == b"\0\0\0"
    )


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


_TIFF_SLACK_BYTES = 16
"""Byte counts of some fax servers overstate the last strip by its padding."""
_UNCOMPRESSED = 1
_ZERO_IS_BLACK = frozenset((1, 2))
"""TIFF photometric interpretations in which it is; in a palette, zero may be white."""
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
    if not pairs:
        return False
    end = sum(max(pairs))
    if page.compression in _NEVER_ENDS_IN_ZEROS:
        return _is_zero(_at(stream, end - 512, 512))
    if page.compression == _UNCOMPRESSED and page.photometric in _ZERO_IS_BLACK:
        # The last quarter of the picture all black: no page, but space that was reserved.
        step = max(512, sum(page.counts) // 64)
        return all(_is_zero(_at(stream, max(0, end - step * n), 512)) for n in range(1, 17))
    return False


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
