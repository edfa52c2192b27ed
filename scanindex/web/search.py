"""The search box: patients, documents with their matching pages, and what to narrow them down by.

A query may name a patient: it travels in the body of a POST, is kept by the browser for one session
only, and stands in the trail. The screen works as plain forms; its script sends the same forms and
takes the results out of the answer, so that there is one way to show them. Leaves out searches that
are kept and lists that are taken away (saved_searches.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import find, searches, trail
from scanindex.access_model import Access, Right
from scanindex.errors import IndexBroken, QueryError
from scanindex.find import FoundPage
from scanindex.model import SavedSearch, SearchOrder, SearchRequest, Spellings
from scanindex.services import Services
from scanindex.web import errors, render, search_shown
from scanindex.web.guard import Caller, needs
from scanindex.web.search_shown import SearchOut
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["search"])
Reader = Annotated[Caller, needs(Right.READ)]
MOST_CHARACTERS = 1_000
PAGE_DOCUMENTS = 20
_MOST_OFFSET = 100_000
_MOST_TYPED = 20_000
"""Of a form: what is too long for a query is answered by the query's own error, which says where."""


class SearchIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    query: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    """docs/reference/query-language.md"""
    offset: int = Field(default=0, ge=0, le=_MOST_OFFSET)
    limit: int = Field(default=PAGE_DOCUMENTS, ge=1, le=100)
    order: SearchOrder = SearchOrder.RELEVANCE
    spellings: Spellings = Spellings.AUTO
    synonyms: bool = True
    facets: bool = True


class QueryFault(BaseModel):
    code: str
    message: str
    hint: str
    at: int
    """1-based character of the query where it goes wrong."""


FAULT: dict[int | str, dict[str, Any]] = {
    **errors.DESCRIBED,
    422: {"model": QueryFault | errors.ErrorOut, "description": "The query or request makes no sense."},
}


@api.post("/search", responses=FAULT)
def search(asked: SearchIn, caller: Reader, world: TheWorld) -> Any:
    """Patients and documents that fit, best first; only what the caller may see, counts included."""
    request = SearchRequest(
        query=asked.query,
        offset=asked.offset,
        limit=asked.limit,
        order=asked.order,
        spellings=asked.spellings,
        synonyms=asked.synonyms,
        facets=asked.facets,
        scope=caller.access.scope,
    )
    return answered(asked.query, lambda: found(caller.access, request, world.services))


def answered(query: str, run: Any) -> SearchOut | Response:
    """The result, or what is wrong with the query and where."""
    try:
        result: SearchOut = run()
    except QueryError as error:
        fault = QueryFault(code=error.code, message=str(error), hint=error.hint, at=error.at)
        return JSONResponse(fault.model_dump(), status_code=422)
    return result


def found(access: Access, request: SearchRequest, services: Services) -> SearchOut:
    """One page of results, written down. Raises QueryError, IndexBroken."""
    page = find.search(request, services)
    record(access, request.query, page, services)
    return search_shown.shown(request.query, request.offset, page)


def record(access: Access, query: str, page: FoundPage, services: Services) -> None:
    """What was asked, and whom and what was shown of it."""
    documents = [one.document.document_id for one in page.documents]
    people = [one.patient.patient_id for one in page.patients]
    people += [one.document.patient_id for one in page.documents if one.document.patient_id]
    trail.results_seen(access, query, page.total_documents, services, documents, people)


# --- the screen -----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A query that makes no sense, in three pieces: before, where, behind."""

    text: str
    hint: str
    at: int
    pieces: tuple[str, str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the form holds."""

    query: str = field(default="", repr=False)
    order: SearchOrder = SearchOrder.RELEVANCE
    spellings: Spellings = Spellings.AUTO
    offset: int = 0


@screens.get("/search")
def search_page(request: Request, caller: Reader, world: TheWorld) -> Response:
    return shown_page(request, caller, world, Asked())


@screens.post("/search")
def search_form(
    request: Request,
    caller: Reader,
    world: TheWorld,
    query: Annotated[str, Form(max_length=_MOST_TYPED)] = "",
    order: Annotated[SearchOrder, Form()] = SearchOrder.RELEVANCE,
    spellings: Annotated[Spellings, Form()] = Spellings.AUTO,
    offset: Annotated[int, Form(ge=0, le=_MOST_OFFSET)] = 0,
    toggle: Annotated[str, Form(max_length=MOST_CHARACTERS)] = "",
    instead: Annotated[str, Form(max_length=MOST_CHARACTERS)] = "",
) -> Response:
    """toggle: a term to add or take away; instead: a query to ask in place of the one typed."""
    line = instead or (search_shown.toggled(query, toggle) if toggle else query.strip())
    asked = Asked(query=line, order=order, spellings=spellings, offset=offset)
    if not line:
        return shown_page(request, caller, world, asked)
    return results_page(request, caller, world, asked)


def results_page(
    request: Request, caller: Caller, world: World, asked: Asked, kept: SavedSearch | None = None
) -> Response:
    """The screen with results, or with what is wrong; kept: the saved search that is run."""
    sent = SearchRequest(
        query=asked.query,
        offset=asked.offset,
        limit=PAGE_DOCUMENTS,
        order=asked.order,
        spellings=asked.spellings,
        synonyms=kept.synonyms if kept else True,
        facets=True,
        scope=caller.access.scope,
    )
    try:
        run = _run_saved(kept, sent, caller, world) if kept else found(caller.access, sent, world.services)
    except QueryError as error:
        return shown_page(request, caller, world, asked, fault=_fault(asked.query, error), status=422)
    except IndexBroken as error:
        return shown_page(request, caller, world, asked, broken=error, status=503)
    return shown_page(request, caller, world, asked, result=run)


def _run_saved(kept: SavedSearch, sent: SearchRequest, caller: Caller, world: World) -> SearchOut:
    result, _ = run_saved(kept, sent, caller.access, world.services)
    return result


def run_saved(
    kept: SavedSearch, sent: SearchRequest, access: Access, services: Services
) -> tuple[SearchOut, int]:
    """Ask a saved search again; its new documents are marked, and how many there are."""
    with services.catalog.read() as unit:
        before = unit.events.last_seq()
    news = searches.news(kept, services, access.scope)
    page = find.search(sent, services)
    record(access, kept.query, page, services)
    searches.note_run(kept, before, page, services)
    fresh = frozenset(str(one) for one in news.documents)
    return search_shown.shown(kept.query, sent.offset, page, fresh), len(fresh)


def shown_page(
    request: Request, caller: Caller, world: World, asked: Asked, *, status: int = 200, **more: Any
) -> Response:
    known = {"result": None, "fault": None, "broken": None}
    return render.page(
        request,
        "search.html",
        status=status,
        asked=asked,
        saved=searches.of(caller.access.actor, world.services),
        page_documents=PAGE_DOCUMENTS,
        most_characters=MOST_CHARACTERS,
        examples=EXAMPLES,
        **known | more,
    )


def _fault(query: str, error: QueryError) -> Fault:
    place = max(0, min(error.at - 1, len(query)))
    before, there, behind = query[:place], query[place : place + 1] or " ", query[place + 1 :]
    return Fault(
        text=str(error),
        hint="A word in quotes is always just a word.",
        at=error.at,
        pieces=(render.printable(before), render.printable(there), render.printable(behind)),
    )


EXAMPLES = (
    ("smith john 1931", "the patient first, then documents with the words"),
    ("ruptured spleen", "both words on one page, in any place"),
    ('"ruptured spleen"', "next to each other, in this order"),
    ("ruptured near/5 spleen", "at most 5 words apart, in either order"),
    ("spleen OR splenic", "one of them (OR in capitals)"),
    ("fracture -wrist", "with the first, without the second"),
    ("fractur*", "words that begin so; * stands for any letters"),
    ("splenectomie~2", "words that differ in up to two letters"),
    ("patient:smith type:operative", "in a patient's chart, of a type"),
    ("mrn:0012-345 date:1998..2003", "a number, and a range of service dates"),
    ("dob:1931-07-09", "by the patient's birth date"),
    ('provider:"rook" filed:2025-05', "by provider and by the month of filing"),
    ("text:smith", "a word of the page itself, whoever's chart it is in"),
)
"""What the help shows; docs/reference/query-language.md is the whole of it."""
