"""Puts everything but the PDF into a staged document folder; touches no received bytes.

Promises: after `stage` the folder holds exactly the files of the archive format
and a manifest that fits them. Leaves out: syncing and publishing (store).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from scanindex.errors import VerifyFailed
from scanindex.filing import paths, record
from scanindex.model import Document, PageReading, Patient, Scan

_RENDITION = re.compile(r"(pass|recode|render):[a-z0-9_.]{1,40}")


def stage(
    staged: Path,
    document: Document,
    patient: Patient | None,
    scan: Scan,
    readings: Sequence[PageReading],
    now: datetime,
    renditions: Sequence[str] = (),
    software: str = "",
) -> None:
    """Write text, words, record and manifest beside the assembled document.pdf.

    readings: one per page of `document.pages`, in that order. renditions: what
    `assemble` returned; it comes from a child that read hostile bytes, so it is
    taken only in its fixed vocabulary. May raise OSError, which the caller
    (store) maps; VerifyFailed if there is no document.pdf.
    """
    ordered = in_page_order(document, readings)
    known = tuple(r if _RENDITION.fullmatch(r) else "render:unknown" for r in renditions)
    hashes = {paths.DOCUMENT_PDF: _sha256(staged / paths.DOCUMENT_PDF, document)}
    small = None
    if (path := staged / paths.DOCUMENT_SMALL).exists():
        hashes[path.name] = _sha256(path, document)
        size = path.stat().st_size
        small = record.StoredFile(name=path.name, sha256=hashes[path.name], size_bytes=size)
    contents = {
        paths.TEXT: record.text_of(ordered).encode("utf-8", "replace"),
        paths.WORDS: record.words_gz(ordered),
        paths.RECORD: record.record_json(document, patient, scan, ordered, now, known, software, small),
    }
    hashes |= {name: record.sha256_hex(data) for name, data in contents.items()}
    for name, data in (contents | {paths.MANIFEST: record.manifest_of(hashes)}).items():
        (staged / name).write_bytes(data)
    for stray in staged.iterdir():
        if stray.name not in (*paths.DOCUMENT_FILES, *paths.OPTIONAL_FILES, paths.MANIFEST):
            raise VerifyFailed(f"document {document.document_id}: a stray file was staged")


def _sha256(pdf: Path, document: Document) -> str:
    if not pdf.is_file() or pdf.is_symlink():
        raise VerifyFailed(f"document {document.document_id}: no PDF was assembled")
    with pdf.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def in_page_order(document: Document, readings: Sequence[PageReading]) -> tuple[PageReading, ...]:
    """The reading of each page of the document. Raises VerifyFailed if one is missing."""
    by_page = {reading.scan_page_no: reading for reading in readings}
    missing = [page for page in document.pages if page not in by_page]
    if missing:
        raise VerifyFailed(f"document {document.document_id}: no reading of page {missing[0]} of its scan")
    return tuple(by_page[page] for page in document.pages)
