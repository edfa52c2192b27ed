"""The file of a document that a target wants, and where a record's file lies when it is sent.

The ledger keeps names, never places: an archive that was moved or restored elsewhere sends on.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import cast

from scanindex.delivery import holds
from scanindex.delivery_model import Content, Delivery, ExportRecord, Problem
from scanindex.errors import InputError, IntegrityError, ScanindexError, StorageFailed, transient
from scanindex.filing import folder as filed
from scanindex.model import Document
from scanindex.ports import ArchiveStore, TiffMaker
from scanindex.services import Services
from scanindex.target_profile import Target

_NAMES = {"pdf": "document.pdf", "small": "document-small.pdf", "tiff": "document.pdf"}
_TIFF = "image/tiff"


def content_of(document: Document, target: Target, services: Services) -> Content | Problem:
    """What would be sent, its path a name; or why there is none. A TIFF is made here (slow)."""
    if document.filed_version is None:
        return holds.problem("not_filed")
    place = services.archive.document_folder(document.document_id, document.filed_version)
    name = _NAMES[target.document.content]
    try:
        hashes = filed.manifest_of(place)
        size = (place / name).stat().st_size
    except (IntegrityError, StorageFailed, OSError):
        is_absent = target.document.content == "small" and not (place / name).exists()
        return holds.problem("no_rendition" if is_absent else "damaged")
    if name not in hashes:
        return holds.problem("no_rendition")
    if target.document.content == "tiff":
        return _tiff_of(document, target, place / name, services)
    return Content(
        path=Path(name),
        media_type="application/pdf",
        size_bytes=size,
        sha256=hashes[name],
        page_count=len(document.pages),
        file_name=name,
    )


def _tiff_of(document: Document, target: Target, pdf: Path, services: Services) -> Content | Problem:
    """Made once for each filed version; made again, it has the same bytes."""
    made = _tiff_folder(target.name, services) / f"{document.document_id}-{document.filed_version}.tif"
    try:
        if not made.exists():
            made.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _maker(services).make_tiff(pdf, len(document.pages), made)
        with made.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except InputError:
        return holds.problem("damaged")
    except OSError as error:
        raise transient(error) from None
    return Content(
        path=Path(made.name),
        media_type=_TIFF,
        size_bytes=made.stat().st_size,
        sha256=sha256,
        page_count=len(document.pages),
        file_name=made.name,
    )


def _maker(services: Services) -> TiffMaker:
    """The workers that have pages drawn can do it, too; those that only read need not."""
    return cast(TiffMaker, services.workers)


def _tiff_folder(target: str, services: Services) -> Path:
    return services.settings.var / "export" / target / "tiff"


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


def located(delivery: Delivery, services: Services) -> ExportRecord:
    """The record with the place of its file. Raises IntegrityError where a TIFF that is gone cannot be
    made as it was."""
    record = delivery.record
    if record.content is None or delivery.filed_version is None:
        return record
    folder = services.archive.document_folder(record.document_id, delivery.filed_version)
    path = folder / record.content.path.name
    if record.content.media_type == _TIFF:
        path = _tiff_folder(delivery.target, services) / record.content.path.name
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _maker(services).make_tiff(folder / _NAMES["tiff"], record.content.page_count, path)
    return dataclasses.replace(record, content=dataclasses.replace(record.content, path=path))
