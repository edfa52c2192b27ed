"""The file of a document that a target wants, and where a record's file lies when it is sent.

The ledger keeps names, never places: an archive that was moved or restored elsewhere sends on. A TIFF is
made in a spool of the target, which is bounded: what is gone from it is made again, with the same bytes,
when it is sent; what a receiver answered to, and what no line waits for any more, is removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from scanindex.delivery import holds
from scanindex.delivery_model import Content, Delivery, DeliveryState, ExportRecord, Problem
from scanindex.errors import InputError, IntegrityError, ScanindexError, StorageFailed, transient
from scanindex.filing import folder as filed
from scanindex.model import Document, DocumentId
from scanindex.ports import ArchiveStore, TiffMaker
from scanindex.services import Services
from scanindex.target_profile import Target

_NAMES = {"pdf": "document.pdf", "small": "document-small.pdf", "tiff": "document.pdf"}
_TIFF = "image/tiff"
_WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)
_KNOWN_BY_HASH = (*_WAITING, DeliveryState.DELIVERED, DeliveryState.VERIFIED)
MOST_SPOOLED_BYTES = 1 << 30
"""Of TIFFs that wait to be sent to one target; beyond, one is drawn twice instead of kept."""
_PARTIAL_SECONDS = 3_600
"""Younger unfinished files may be another process's."""
_STEP = 500


def content_of(
    document: Document, target: Target, services: Services, lines: Sequence[Delivery] = ()
) -> Content | Problem:
    """What would be sent, its path a name; or why there is none. A TIFF is made here (slow), unless the
    newest of the document's `lines` knows it."""
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
        known = _known(document, lines)
        return known or _tiff_of(document, target, place / name, services)
    return Content(
        path=Path(name),
        media_type="application/pdf",
        size_bytes=size,
        sha256=hashes[name],
        page_count=len(document.pages),
        file_name=name,
    )


def _known(document: Document, lines: Sequence[Delivery]) -> Content | None:
    """What the newest line says of the same TIFF: nobody draws it to learn that it is unchanged."""
    newest = next((x for x in reversed(lines) if x.record.content is not None), None)
    content = newest.record.content if newest else None
    if newest is None or content is None or newest.state not in _KNOWN_BY_HASH:
        return None
    return dataclasses.replace(content, file_name=_name(document)) if _is_of(content, document) else None


def _is_of(content: Content, document: Document) -> bool:
    return content.media_type == _TIFF and content.path.name == _name(document)


def _name(document: Document) -> str:
    return f"{document.document_id}-{document.filed_version}.tif"


def _tiff_of(document: Document, target: Target, pdf: Path, services: Services) -> Content | Problem:
    """Made once for each filed version; made again, it has the same bytes."""
    made = _tiff_folder(target.name, services) / _name(document)
    try:
        if not made.exists():
            made.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _maker(services).make_tiff(pdf, len(document.pages), made)
        with made.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            size = os.fstat(stream.fileno()).st_size
        if _spooled_bytes(made.parent) > MOST_SPOOLED_BYTES:
            made.unlink(missing_ok=True)
    except InputError:
        return holds.problem("damaged")
    except OSError as error:
        raise transient(error) from None
    return Content(
        path=Path(made.name),
        media_type=_TIFF,
        size_bytes=size,
        sha256=sha256,
        page_count=len(document.pages),
        file_name=made.name,
    )


def _spooled_bytes(folder: Path) -> int:
    total = 0
    for one in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):  # sent meanwhile
            total += one.stat().st_size
    return total


def _maker(services: Services) -> TiffMaker:
    """The workers that have pages drawn can do it, too; those that only read need not."""
    return cast(TiffMaker, services.workers)


def _tiff_folder(target: str, services: Services) -> Path:
    return services.settings.var / "export" / target / "tiff"


def forget(lines: Iterable[Delivery], services: Services) -> None:
    """What was made for these, which were answered; made again if another line wants it."""
    for line in lines:
        content = line.record.content
        if content is not None and content.media_type == _TIFF:
            _remove(_tiff_folder(line.target, services) / content.path.name)


def tidy(target: str, services: Services) -> None:
    """Remove what no line waits for: left by a dry run, a kill, or a document that was not sent after all."""
    folder = _tiff_folder(target, services)
    made = sorted(folder.glob("*.tif"))
    for start in range(0, len(made), _STEP):
        step = {path.name: path for path in made[start : start + _STEP]}
        ids = {DocumentId(name.rpartition("-")[0]) for name in step}
        with services.catalog.read() as unit:
            known = unit.deliveries.latest(target, ids)
        for line in (line for lines in known.values() for line in lines if line.state in _WAITING):
            if line.record.content is not None:
                step.pop(line.record.content.path.name, None)
        for path in step.values():
            _remove(path)
    for path in folder.glob("*.partial"):
        with contextlib.suppress(OSError):
            if services.clock.now().timestamp() - path.stat().st_mtime > _PARTIAL_SECONDS:
                path.unlink()


def _remove(path: Path) -> None:
    """It takes room and nothing else: where it cannot be removed, the next call tries again."""
    with contextlib.suppress(OSError):
        path.unlink()


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
