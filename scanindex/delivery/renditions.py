"""The file of a document that a target wants, and where a record's file lies when it is sent.

The ledger keeps names, never places: an archive that was moved or restored elsewhere sends on.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from scanindex.delivery import holds
from scanindex.delivery_model import Content, Delivery, ExportRecord, Problem
from scanindex.errors import IntegrityError, ScanindexError, StorageFailed
from scanindex.filing import folder as filed
from scanindex.model import Document
from scanindex.ports import ArchiveStore
from scanindex.target_profile import Target

_NAMES = {"pdf": "document.pdf", "small": "document-small.pdf"}


def content_of(document: Document, target: Target, archive: ArchiveStore) -> Content | Problem:
    """What would be sent, its path a name; or why there is none."""
    if document.filed_version is None:
        return holds.problem("not_filed")
    place = archive.document_folder(document.document_id, document.filed_version)
    name = _NAMES[target.document.content]
    try:
        hashes = filed.manifest_of(place)
        size = (place / name).stat().st_size
    except (IntegrityError, StorageFailed, OSError):
        is_absent = target.document.content == "small" and not (place / name).exists()
        return holds.problem("no_rendition" if is_absent else "damaged")
    if name not in hashes:
        return holds.problem("no_rendition")
    return Content(
        path=Path(name),
        media_type="application/pdf",
        size_bytes=size,
        sha256=hashes[name],
        page_count=len(document.pages),
        file_name=name,
    )


def is_damaged(document: Document, archive: ArchiveStore) -> bool:
    """Every file of it hashed; slow."""
    if document.filed_version is None:
        return False
    place = archive.document_folder(document.document_id, document.filed_version)
    try:
        return bool(filed.damaged_files(place, hash_all=True))
    except (ScanindexError, OSError):
        return True


def is_whole(content: Content) -> bool:
    """Whether the file (its path a place) is what was to be sent."""
    try:
        with content.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == content.sha256
    except OSError:
        return False


def located(delivery: Delivery, archive: ArchiveStore) -> ExportRecord:
    """The record with the place of its file."""
    record = delivery.record
    if record.content is None or delivery.filed_version is None:
        return record
    place = archive.document_folder(record.document_id, delivery.filed_version)
    content = dataclasses.replace(record.content, path=place / record.content.path.name)
    return dataclasses.replace(record, content=content)
