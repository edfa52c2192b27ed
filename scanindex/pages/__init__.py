"""Opening received files: what is in them, and the grey pixels of one page.

Decoders see hostile bytes here, so both functions run in short-lived limited
child processes only; importing this package loads no decoder. Whatever a
decoder throws comes out as one of the documented errors; what it does to the
process (abort, memory, time) is the parent's to bound.

Frame: `PageRaster.pixels` lie as the archived picture lies. For a PDF page that
is the unturned crop box (`/Rotate` is reported, not applied), for a TIFF the
stored rows, for HEIC what the decoder delivers. A picture that the file calls
mirrored is un-mirrored left to right first.

Problems are stable codes. Those starting with "note:" inform and force nothing.
"""

from __future__ import annotations

from pathlib import Path

from scanindex.model import PageRaster, ScanInfo
from scanindex.settings import PagesSettings
from scanindex.sniff import PDF

__all__ = ["inspect", "rasterise"]


def inspect(path: Path, media_type: str, settings: PagesSettings) -> ScanInfo:
    """Pages and damage of the file at `path`; decodes no more than it must.

    Raises EmptyFile, UnknownFormat, EncryptedFile, CorruptFile, NoPages,
    OversizeFile. Never another error for anything the bytes can do.
    """
    from scanindex.pages import guard, pdf_inspect, picture_file

    with guard.input_errors():
        guard.refuse_empty(path)
        if media_type == PDF:
            return pdf_inspect.inspect(path, settings)
        return picture_file.inspect(path, media_type, settings)


def rasterise(path: Path, media_type: str, scan_page_no: int, settings: PagesSettings) -> PageRaster:
    """Grey pixels of page `scan_page_no` (1-based), with text where the PDF brings real text.

    Raises the same errors as `inspect`; CorruptFile where this one page cannot be read.
    """
    from scanindex.pages import guard, pdf_page, picture_file

    with guard.input_errors():
        guard.refuse_empty(path)
        if media_type == PDF:
            return pdf_page.rasterise(path, scan_page_no, settings)
        return picture_file.rasterise(path, media_type, scan_page_no, settings)
