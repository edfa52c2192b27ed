"""What leaves the program of one document: its PDF/A, the untouched original, a print.

Promises: written into the trail before a byte goes; a whole original only to who may see every
document in it; the name it gets tells type, date and document, never the patient and never what
the sender called it. Leaves out lists (exports) and pictures on a screen (pictures).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from scanindex import fetch, trail
from scanindex.access_model import Access, Right
from scanindex.errors import FixityFailed, Forbidden, NotAllowedNow, UsageError
from scanindex.model import Document, DocumentState, Scan, ScanId
from scanindex.services import Services

ACTIVE = "note:active_content"
PDF, BYTES = "application/pdf", "application/octet-stream"
_SUFFIXES = {
    PDF: "pdf",
    "image/tiff": "tif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/jp2": "jp2",
    "image/heic": "heic",
    "image/heif": "heic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    path: Path
    name: str
    """ASCII letters, digits, "-", "_" and "."."""
    media_type: str


def rendition(access: Access, document_id: str, services: Services) -> Handed:
    """The PDF/A of a filed document. Raises Forbidden, NotFound, NotAllowedNow, FixityFailed."""
    document = _of(access, document_id, services)
    if document.state is not DocumentState.FILED or document.filed_version is None:
        raise NotAllowedNow(
            f"document {document.document_id} is {document.state.value}; its PDF is made when it is filed"
        )
    folder = services.archive.document_folder(document.document_id, document.filed_version)
    handed = Handed(path=folder / "document.pdf", name=f"{_stem(document)}.pdf", media_type=PDF)
    _there(handed.path, document)
    trail.took(access, "downloaded", services, [document.document_id], what="document pdf")
    return handed


def original(access: Access, document_id: str, services: Services, *, accepts_active: bool = False) -> Handed:
    """The scan as it was received, which may hold more than this document.

    Raises Forbidden, NotFound (also where they may not see all of it), UsageError where it holds
    active content and nobody said that they know, FixityFailed.
    """
    document = _of(access, document_id, services)
    scan = fetch.whole_scan(access, document.scan_id, services)
    if is_active(scan, services) and not accepts_active:
        raise UsageError(
            "this file holds active content (scripts, attachments or actions): say that you know"
        )
    with services.catalog.read() as unit:
        inside = unit.documents.all(scan_id=scan.scan_id)
    suffix = _SUFFIXES.get(scan.media_type, "bin")
    handed = Handed(
        path=services.archive.path(scan.scan_id),
        name=f"original-{scan.scan_id[:16]}.{suffix}",
        media_type=BYTES,
    )
    _there(handed.path, document)
    trail.took(
        access,
        "downloaded",
        services,
        [one.document_id for one in inside],
        what="original",
        scan_id=scan.scan_id,
    )
    return handed


def printed(access: Access, document_id: str, services: Services) -> Document:
    """All pages of a document are about to be shown for printing. Raises Forbidden, NotFound."""
    document = _of(access, document_id, services)
    trail.took(access, "printed", services, [document.document_id], what="document")
    return document


def is_active(scan: Scan, services: Services) -> bool:
    """Whether the original may do something when it is opened elsewhere, as found when it was read."""
    return ACTIVE in problems_of(scan.scan_id, services)


def problems_of(scan_id: ScanId, services: Services) -> tuple[str, ...]:
    """What was found when the original was last taken apart; stable codes."""
    with services.catalog.read() as unit:
        told = [e.payload.get("problems") for e in unit.events.of(scan_id=scan_id) if e.kind == "decided"]
    return tuple(str(code) for code in (told[-1] or ())) if told else ()


def _of(access: Access, document_id: str, services: Services) -> Document:
    if not access.may(Right.DOWNLOAD):
        raise Forbidden
    return fetch.document(access, document_id, services)


def _stem(document: Document) -> str:
    kind = re.sub(r"[^a-z0-9]+", "-", (document.document_type or "document").lower()).strip("-") or "document"
    date = re.sub(r"[^0-9-]", "", document.service_date or "") or "undated"
    return f"{kind[:40]}-{date}-{document.document_id}"


def _there(path: Path, document: Document) -> None:
    if not path.is_file():
        raise FixityFailed(f"document {document.document_id}: its file is not where it must be")
