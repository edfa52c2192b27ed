"""Searches that somebody keeps, and lists of results that they take away.

Names and queries may name a patient: they travel in bodies only. A list leaves the program in parts,
each written into the trail before it goes; its file has a name of ours.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from scanindex import exports, find, searches, trail
from scanindex.access_model import Access, Right
from scanindex.errors import Forbidden, IndexBroken, QueryError
from scanindex.model import SavedSearch, SearchOrder, SearchRequest, Spellings
from scanindex.services import Services
from scanindex.web import errors
from scanindex.web.guard import Caller, needs
from scanindex.web.headers import FILE_POLICY
from scanindex.web.search import (
    FAULT,
    MOST_CHARACTERS,
    PAGE_DOCUMENTS,
    Asked,
    Reader,
    answered,
    results_page,
    run_saved,
)
from scanindex.web.search_shown import SearchOut
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["search"])
Taker = Annotated[Caller, needs(Right.DOWNLOAD)]
_NAME = Field(min_length=1, max_length=searches.MAX_NAME_CHARACTERS)
NameForm = Annotated[str, Form(min_length=1, max_length=200)]
Kind = Literal["csv", "json"]
_MEDIA: dict[str, str] = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_PART = 500
"""Documents of a list that are written down together."""
_MOST_PAGES = 1_000
"""Pages of one document that a list names."""


class SaveIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = _NAME
    query: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    order: SearchOrder = SearchOrder.RELEVANCE
    spellings: Spellings = Spellings.AUTO
    synonyms: bool = True


class NameIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = _NAME


class RenameIn(NameIn):
    new_name: str = _NAME


class RunIn(NameIn):
    offset: int = Field(default=0, ge=0, le=100_000)
    limit: int = Field(default=PAGE_DOCUMENTS, ge=1, le=100)


class SavedOut(BaseModel):
    name: str
    query: str
    order: SearchOrder
    spellings: Spellings
    synonyms: bool
    created_at: datetime
    last_run_at: datetime | None


class NewsOut(BaseModel):
    name: str
    new: int | None
    """Documents filed since it was run last; None where its query makes no sense any more."""
    is_complete: bool
    """False: there may be more than were counted."""


class RunOut(BaseModel):
    search: SavedOut
    new: int
    result: SearchOut


class ExportIn(SaveIn):
    name: str = ""
    kind: Kind = "csv"
    per_page: bool = False
    """A row per matching page instead of one per document."""


# --- kept searches --------------------------------------------------------------------------
@api.get("/searches", responses=errors.DESCRIBED)
def saved(caller: Reader, world: TheWorld) -> list[SavedOut]:
    """The caller's own, by name."""
    return [_saved(one) for one in searches.of(caller.access.actor, world.services)]


@api.get("/searches/news", responses=errors.DESCRIBED)
def news(caller: Reader, world: TheWorld) -> list[NewsOut]:
    """How many documents came to each since it was run last."""
    return [_news(one, caller, world) for one in searches.of(caller.access.actor, world.services)]


@api.post("/searches", status_code=201, responses=FAULT)
def save(asked: SaveIn, caller: Reader, world: TheWorld) -> Any:
    """Keep a query under a name. 422 where the name is taken or the query makes no sense."""
    return answered(asked.query, lambda: _saved(_save(asked, caller, world)))


@api.post("/searches/run", responses=FAULT)
def run(asked: RunIn, caller: Reader, world: TheWorld) -> Any:
    """Ask again; documents filed since the last time are marked as new."""
    kept = searches.by_name(asked.name, caller.access.actor, world.services)
    sent = dataclasses.replace(
        searches.request_of(kept, caller.access.scope), offset=asked.offset, limit=asked.limit, facets=True
    )

    def again() -> RunOut:
        result, fresh = run_saved(kept, sent, caller.access, world.services)
        return RunOut(search=_saved(kept), new=fresh, result=result)

    return answered(kept.query, again)


@api.post("/searches/rename", responses=errors.DESCRIBED)
def rename(asked: RenameIn, caller: Reader, world: TheWorld) -> SavedOut:
    """Give a kept search another name."""
    return _saved(searches.rename(asked.name, asked.new_name, caller.access.actor, world.services))


@api.post("/searches/delete", status_code=204, responses=errors.DESCRIBED)
def delete(asked: NameIn, caller: Reader, world: TheWorld) -> None:
    """Forget the search; documents are not touched."""
    searches.delete(asked.name, caller.access.actor, world.services)


@screens.post("/search/saved/keep")
def save_form(
    caller: Reader,
    world: TheWorld,
    name: NameForm,
    query: Annotated[str, Form(min_length=1, max_length=MOST_CHARACTERS)],
    order: Annotated[SearchOrder, Form()] = SearchOrder.RELEVANCE,
    spellings: Annotated[Spellings, Form()] = Spellings.AUTO,
) -> Response:
    asked = SearchRequest(query=query, order=order, spellings=spellings)
    searches.save(name, asked, caller.access.actor, world.services)
    return _back()


@screens.post("/search/saved/run")
def run_form(request: Request, caller: Reader, world: TheWorld, name: NameForm) -> Response:
    kept = searches.by_name(name, caller.access.actor, world.services)
    asked = Asked(query=kept.query, order=kept.order, spellings=kept.spellings)
    return results_page(request, caller, world, asked, kept)


@screens.post("/search/saved/change")
def change_form(
    caller: Reader,
    world: TheWorld,
    name: NameForm,
    do: Annotated[Literal["rename", "delete"], Form()],
    new_name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    if do == "rename":
        searches.rename(name, new_name, caller.access.actor, world.services)
    else:
        searches.delete(name, caller.access.actor, world.services)
    return _back()


def _back() -> Response:
    return RedirectResponse("/search", status_code=303)


def _save(asked: SaveIn, caller: Caller, world: World) -> SavedSearch:
    request = SearchRequest(
        query=asked.query, order=asked.order, spellings=asked.spellings, synonyms=asked.synonyms
    )
    return searches.save(asked.name, request, caller.access.actor, world.services)


def _saved(one: SavedSearch) -> SavedOut:
    return SavedOut(
        name=one.name,
        query=one.query,
        order=one.order,
        spellings=one.spellings,
        synonyms=one.synonyms,
        created_at=one.created_at,
        last_run_at=one.last_run_at,
    )


def _news(one: SavedSearch, caller: Caller, world: World) -> NewsOut:
    try:
        came = searches.news(one, world.services, caller.access.scope)
    except (QueryError, IndexBroken):
        return NewsOut(name=one.name, new=None, is_complete=False)
    return NewsOut(name=one.name, new=len(came.documents), is_complete=came.is_complete)


# --- lists that are taken away ----------------------------------------------------------------
@api.post("/search/export", responses=FAULT, response_class=StreamingResponse)
def export(asked: ExportIn, caller: Taker, world: TheWorld) -> Response:
    """All results as a file for a spreadsheet (CSV) or a program (JSON). It holds patient data."""
    request = SearchRequest(
        query=asked.query, order=asked.order, spellings=asked.spellings, synonyms=asked.synonyms
    )
    return _export(request, asked.kind, asked.per_page, caller, world)


@screens.post("/search/export")
def export_form(
    caller: Taker,
    world: TheWorld,
    query: Annotated[str, Form(min_length=1, max_length=MOST_CHARACTERS)],
    kind: Annotated[Kind, Form()] = "csv",
    order: Annotated[SearchOrder, Form()] = SearchOrder.RELEVANCE,
    spellings: Annotated[Spellings, Form()] = Spellings.AUTO,
    rows: Annotated[Literal["documents", "pages"], Form()] = "documents",
) -> Response:
    request = SearchRequest(query=query, order=order, spellings=spellings)
    return _export(request, kind, rows == "pages", caller, world)


def _export(request: SearchRequest, kind: str, per_page: bool, caller: Caller, world: World) -> Response:
    if not caller.access.may(Right.READ):  # a program's token may have the one right without the other
        raise Forbidden()
    asked = dataclasses.replace(request, scope=caller.access.scope, pages_per_document=_MOST_PAGES)
    # What is wrong with the query, or with the index, shows before anything is sent.
    find.search(dataclasses.replace(asked, limit=1), world.services)
    rows = _rows(asked, per_page, caller.access, world.services)
    lines = exports.csv_lines(rows) if kind == "csv" else exports.json_lines(rows)
    at = world.services.clock.now().astimezone(world.zone)
    headers = {
        "content-disposition": f'attachment; filename="search-results-{at:%Y%m%d-%H%M%S}.{kind}"',
        "content-security-policy": FILE_POLICY,
    }
    return StreamingResponse(lines, media_type=_MEDIA[kind], headers=headers)


def _rows(
    request: SearchRequest, per_page: bool, access: Access, services: Services
) -> Iterator[dict[str, Any]]:
    """In parts: each is written down before any of it goes."""
    every = find.every(request, services)
    is_first = True
    while part := list(islice(every, _PART)):
        _note(part, request, access, services)
        is_first = False
        yield from exports.rows(part, per_page=per_page)
    if is_first:
        _note([], request, access, services)


def _note(part: list[find.FoundDocument], request: SearchRequest, access: Access, services: Services) -> None:
    ids = [one.document.document_id for one in part]
    people = [one.document.patient_id for one in part if one.document.patient_id]
    trail.took(
        access,
        "exported",
        services,
        ids,
        list(dict.fromkeys(people)),
        what="search_export",
        query=request.query,
    )
