"""Whether a picture file goes on after its picture, with another file that no reader shows.

Copy programs and scanner firmware have joined files end to end; a reader shows the
first one only, and the rest would be lost without a word. What cameras append
(notes, previews that the header announces) is no second file. Worker-only.
"""

from __future__ import annotations

import io
import mmap
import re
from collections.abc import Callable
from pathlib import Path

from scanindex.pages import jpeg
from scanindex.sniff import GIF, JPEG, PNG, TIFF
from scanindex.tiff_layout import TiffLayout, tiff_layout

GLUED_FILES = "glued_files"
"""A second file, picture or PDF, follows or hides in the first."""

_START = re.compile(
    rb"[\0\r\n ]{0,64}(?:\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|II\*\0|MM\0\*|II\+\0|MM\0\+|%PDF-)"
)
_TIFF_START = re.compile(rb"(?<!Exif\0\0)(?:II\*\0|MM\0\*)")
_PREVIEWS = b"MPF\0"
"""Multi-picture format (CIPA DC-007): the pictures behind the first are its previews."""
_HEADERS_BYTES = 1 << 16


def hides_more(path: Path, media_type: str) -> bool:
    """Looks at bytes only; decodes nothing."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        look = _LOOKS.get(media_type)
        # An mmap refuses to seek beyond its end, as directories of hostile files ask for.
        if media_type == TIFF and _in_tiff(data, tiff_layout(stream, len(data))):
            return True
        return _holds_pdf(data) or (look is not None and look(data))


def _holds_pdf(data: mmap.mmap) -> bool:
    """A whole PDF, wherever it stands: in a comment it makes the file readable as either."""
    header = re.search(rb"%PDF-\d\.\d", data)
    if header is None:
        return False
    pointer = data.find(b"startxref", header.end())
    return pointer >= 0 and data.find(b"%%EOF", pointer) >= 0


def _behind_jpeg(data: mmap.mmap) -> bool:
    whole = data[:]
    end = jpeg.end_of_picture(whole)
    if end is None or _PREVIEWS in whole[:_HEADERS_BYTES]:
        return False
    return _START.match(whole, end + 2) is not None


def _behind_png(data: mmap.mmap) -> bool:
    at = 8
    while at + 12 <= len(data):
        kind, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if kind == b"IEND":
            return _START.match(data, end) is not None
        at = end
    return False


def _behind_gif(data: mmap.mmap) -> bool:
    """Its end is one byte that pixels may hold as well, so a second header right behind one tells."""
    return re.search(rb"\0;[\0\r\n ]{0,64}(?:GIF8[79]a|\xff\xd8\xff)", data) is not None


def _in_tiff(data: mmap.mmap, outer: TiffLayout) -> bool:
    """A second header from which whole directories are found that the first one does not lead to.

    Some writers of several pages leave a header in front of each, whose directory is in the chain.
    """
    chain = {page.directory_offset for page in outer.pages}
    for found in _TIFF_START.finditer(data, 8):
        start = found.start()
        rest = data[start:]
        layout = tiff_layout(io.BytesIO(rest), len(rest))
        is_new = not any(page.directory_offset + start in chain for page in layout.pages)
        if layout.pages and is_new and not layout.is_cut and all(page.offsets for page in layout.pages):
            return True
    return False


_LOOKS: dict[str, Callable[[mmap.mmap], bool]] = {
    JPEG: _behind_jpeg,
    PNG: _behind_png,
    GIF: _behind_gif,
}
