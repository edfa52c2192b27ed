"""What the split strip is over HTTP: every page of a scan in the order of the paper, and who holds it.

Shapes and how they are made; the operations are in strip.py. Of a document that is not filed it
says what was read on it, never a candidate: nobody is preselected by looking at pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from scanindex import quality
from scanindex.access_model import Access
from scanindex.desk_model import Claim
from scanindex.model import Document, DocumentId, DocumentState, PageKind, Patient, Scan
from scanindex.ports import Unit
from scanindex.restack import Strip, StripPage
from scanindex.services import Services

_MOST_PAGES = 2_000
PageNo = Annotated[int, Field(ge=1, le=100_000)]
Pages = Annotated[list[PageNo], Field(min_length=1, max_length=_MOST_PAGES)]
Id = Annotated[str, Field(min_length=1, max_length=80)]
Version = Annotated[int, Field(ge=0, le=1_000_000_000)]
Versions = Annotated[dict[Id, Version], Field(max_length=_MOST_PAGES)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MoveIn(Strict):
    pages: Pages
    """Numbers in the scan."""
    to_document_id: Id | None = None
    """null: a new document of them."""
    versions: Versions
    """Of every document that gives or takes, as they were looked at."""


class AsideIn(Strict):
    pages: Pages
    kind: Literal["blank", "separator"]
    versions: Versions


class RotateIn(Strict):
    page: PageNo
    document_id: Id
    version: Version
    degrees: Literal[90, 180, 270]
    """Clockwise, from how the page stands now."""


class SplitIn(Strict):
    page: PageNo
    """Becomes the first one of the new document."""
    document_id: Id
    version: Version


class JoinIn(Strict):
    document_id: Id
    version: Version
    previous_id: Id
    """Takes the pages."""
    previous_version: Version


class StripPageOut(BaseModel):
    page: int
    """In the scan."""
    page_no: int | None
    """In its document."""
    document_id: str | None
    """null: set aside."""
    kind: PageKind
    is_changeable: bool
    turn: int | None
    """Degrees that its picture is turned clockwise; null where nobody knows."""
    faults: list[str]
    """Why its picture is poor."""
    came_from: str | None
    """Of a page set aside: the document it stood in last, which may be gone; null where there was none."""


class StripDocumentOut(BaseModel):
    document_id: str
    number: int
    """As the strip calls it."""
    version: int
    state: DocumentState
    document_type: str | None
    type_title: str
    service_date: str
    person: str
    """Whose it is; what was read on it where nobody decided that yet."""
    mrn: str
    is_decided: bool
    is_changeable: bool
    pages: list[int]
    """Numbers in the scan."""


class HolderOut(BaseModel):
    login: str
    until: datetime
    is_own: bool


class StripOut(BaseModel):
    scan_id: str
    name: str
    """Of the file, as it arrived."""
    pages: list[StripPageOut]
    documents: list[StripDocumentOut]
    holder: HolderOut | None
    """Whose hands the scan is in."""
    undo: str
    """The caller's last act, if it was in this scan and can be taken back."""
    said: str = ""
    """What was just done."""


def strip_out(
    found: Strip,
    scan: Scan,
    people: dict[DocumentId, Patient],
    titles: dict[str, str],
    claim: Claim | None,
    access: Access,
    undo: str,
    said: str = "",
    came_from: Mapping[int, DocumentId] | None = None,
) -> StripOut:
    changeable = {p.document_id for p in found.pages if p.is_changeable}
    documents = [
        _document_out(no, d, people.get(d.document_id), titles, d.document_id in changeable)
        for no, d in enumerate(found.documents, start=1)
    ]
    return StripOut(
        scan_id=found.scan_id,
        name=scan.name,
        pages=[_page_out(p, (came_from or {}).get(p.scan_page_no)) for p in found.pages],
        documents=documents,
        holder=_holder_out(claim, access),
        undo=undo,
        said=said,
    )


def people_of(documents: Iterable[Document], access: Access, services: Services) -> dict[DocumentId, Patient]:
    """Whose the decided ones are, as far as they may be named to the caller."""
    found: dict[DocumentId, Patient] = {}
    for document in documents:
        if document.patient_id and access.sees_patient(document.patient_id):
            patient = services.roster.get(document.patient_id)
            if patient is not None:
                found[document.document_id] = patient
    return found


def _holder_out(claim: Claim | None, access: Access) -> HolderOut | None:
    if claim is None:
        return None
    login = claim.actor.removeprefix("user:")
    return HolderOut(login=login, until=claim.until, is_own=claim.actor == access.actor)


def came_from(found: Strip, unit: Unit) -> dict[int, DocumentId]:
    """Of pages set aside: which document gave each last, as the events tell; by number in the scan."""
    aside = {p.scan_page_no for p in found.pages if p.is_set_aside}
    if not aside:
        return {}
    givers: dict[int, DocumentId] = {}
    for event in unit.events.of(scan_id=found.scan_id):
        if event.kind == "pages_left" and event.document_id is not None:
            left = aside.intersection(event.payload.get("pages_left", ()))
            givers.update(dict.fromkeys(left, event.document_id))
    return givers


def _page_out(page: StripPage, came_from: DocumentId | None) -> StripPageOut:
    return StripPageOut(
        page=page.scan_page_no,
        page_no=page.page_no,
        document_id=page.document_id,
        kind=page.kind,
        is_changeable=page.is_changeable,
        turn=page.rotation_degrees,
        faults=[quality.WORDS.get(fault, fault) for fault in page.faults],
        came_from=came_from,
    )


def _document_out(
    number: int, document: Document, patient: Patient | None, titles: dict[str, str], is_changeable: bool
) -> StripDocumentOut:
    fields, is_decided = document.fields, document.patient_id is not None
    code = document.document_type
    return StripDocumentOut(
        document_id=document.document_id,
        number=number,
        version=document.version,
        state=document.state,
        document_type=code,
        type_title=titles.get(code, code) if code else "type unknown",
        service_date=document.service_date or "",
        person=(patient.display_name if patient else "") if is_decided else fields.name or "",
        mrn=(patient.mrn or "" if patient else "") if is_decided else fields.mrn or "",
        is_decided=is_decided,
        is_changeable=is_changeable,
        pages=list(document.pages),
    )
