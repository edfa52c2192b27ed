"""The document viewer and its history; the same as data.

The page pictures come from pictures.py, corrections and files that leave have modules of their
own. Whoever comes from a search left the query in the browser's sessionStorage under
"scanindex.query" (plain text of the query): the viewer asks for its marks by POST, so that no
query stands in an address.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import corrections, fetch, hits, trail
from scanindex.access_model import Right
from scanindex.classify.sensitivity import LABELS
from scanindex.corrections import Correction
from scanindex.errors import NotFound
from scanindex.model import Document
from scanindex.web import document_models as models
from scanindex.web import document_views as views
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.pictures import note_view
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["documents"])
Reader = Annotated[Caller, needs(Right.READ)]
PageNo = Annotated[int, Path(ge=1, le=100_000)]
DONE = {
    "refiled": "It goes to the other patient; it is filed there within moments.",
    "retyped": "The type is corrected.",
    "redated": "The date is corrected.",
    "relabelled": "The labels are corrected.",
    "entered_in_error": "It left the chart and the search. Its bytes are kept.",
    "reopened": "It left the chart and waits in review.",
    "undone": "Your correction is taken back.",
}
"""What was done, as the address says it after a form."""


class MarksIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: str = Field(max_length=1_000)


# --- screens -----------------------------------------------------------------------------
@screens.get("/documents/{document_id}")
def viewer(
    request: Request,
    caller: Reader,
    world: TheWorld,
    document_id: str,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    done: Annotated[str, Query(max_length=40)] = "",
    incident: bool = False,
) -> Response:
    document = fetch.document(caller.access, document_id, world.services)
    return viewer_page(request, caller, world, document, page=page, done=done, incident=incident)


@screens.get("/documents/{document_id}/history")
def history_page(request: Request, caller: Reader, world: TheWorld, document_id: str) -> Response:
    document = fetch.document(caller.access, document_id, world.services)
    shown = views.shown(caller.access, document, world.services)
    return render.page(
        request,
        "document_history.html",
        shown=shown,
        out=shown.out,
        document=document,
        told=views.history_out(caller.access, document, world.services),
        titles=views.FIELD_TITLES,
    )


def viewer_page(
    request: Request,
    caller: Caller,
    world: World,
    document: Document,
    *,
    page: int = 1,
    done: str = "",
    incident: bool = False,
    problem: str = "",
    hint: str = "",
    status: int = 200,
) -> Response:
    """The viewer; with what was just done, or why it was not."""
    shown = views.shown(caller.access, document, world.services)
    note_view(request, caller, document.document_id, world)
    current = min(page, len(document.pages)) if document.pages else 1
    return render.page(
        request,
        "document.html",
        status=status,
        shown=shown,
        out=shown.out,
        document=document,
        current=current,
        is_named_page="page" in request.query_params,
        words=shown.words(current),
        lines=views.lines_of(shown.words(current)),
        done=DONE.get(done, ""),
        incident=incident,
        problem=problem,
        hint=hint,
        pictures=views.PICTURES,
        label_titles=LABELS,
        Correction=Correction,
        most_characters=corrections.MOST_CHARACTERS,
    )


# --- the same as data ----------------------------------------------------------------------
@api.get("/documents/{document_id}", responses=errors.DESCRIBED)
def document_data(request: Request, caller: Reader, world: TheWorld, document_id: str) -> models.DocumentOut:
    """One document: what was read, where it is, and what may be corrected."""
    document = fetch.document(caller.access, document_id, world.services)
    note_view(request, caller, document.document_id, world)
    return views.shown(caller.access, document, world.services).out


@api.get("/documents/{document_id}/text", responses=errors.DESCRIBED)
def text(request: Request, caller: Reader, world: TheWorld, document_id: str) -> list[models.PageTextOut]:
    """A line of paper per line."""
    document = fetch.document(caller.access, document_id, world.services)
    note_view(request, caller, document.document_id, world)
    read = views.readings(document, world.services)
    numbers = range(1, len(document.pages) + 1)
    return [
        models.PageTextOut(number=no, is_read=no in read, text=read[no].text if no in read else "")
        for no in numbers
    ]


@api.get("/documents/{document_id}/pages/{page_no}/words", responses=errors.DESCRIBED)
def words(
    request: Request, caller: Reader, world: TheWorld, document_id: str, page_no: PageNo
) -> models.PageWordsOut:
    """The words of a page and where they stand."""
    document = fetch.document(caller.access, document_id, world.services)
    if page_no > len(document.pages):
        raise NotFound()
    note_view(request, caller, document.document_id, world)
    return views.words_of(page_no, views.readings(document, world.services).get(page_no))


@api.get("/documents/{document_id}/history", responses=errors.DESCRIBED)
def history_data(caller: Reader, world: TheWorld, document_id: str) -> models.HistoryOut:
    """What happened to it, by whom and why; for who may see the trail also who opened it."""
    document = fetch.document(caller.access, document_id, world.services)
    return views.history_out(caller.access, document, world.services)


@api.post("/documents/{document_id}/marks", responses=errors.DESCRIBED)
def marks(
    request: Request, caller: Reader, world: TheWorld, document_id: str, asked: MarksIn
) -> models.MarksOut:
    """Where on the pages the words stand that a query means, whether or not the document fits it."""
    document = fetch.document(caller.access, document_id, world.services)
    note_view(request, caller, document.document_id, world)
    found = hits.of_document(document, asked.query, world.services, world.workspace.language)
    out = views.marks_out(found)
    trail.search_made(caller.access, asked.query, out.total, world.services, in_document=document.document_id)
    return out
