"""Boxes of paper: which there are, where every side of one went, and closing it.

Screens post forms and work without script; the API has the same operations. Counts of pages
name nobody; a document of a box is only told of to who may see it. The second person's look,
holds and the paper's release are in `batch_paper`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from scanindex import batch_qa, batches, fetch, paper, trail
from scanindex.access_model import Right
from scanindex.batches import BatchSummary
from scanindex.errors import ConflictError, IntegrityError, NotFound, ScanindexError, UsageError
from scanindex.model import Batch, BatchId, Document, DocumentId, Scan, ScanState
from scanindex.paper_model import QaItem, QaStatus
from scanindex.web import render
from scanindex.web.batch_shapes import (
    COUNTS,
    MOST_TEXT,
    BatchDetailOut,
    BatchIn,
    BatchOut,
    NoteIn,
    batch_out,
    counts_of,
    hold_out,
    qa_out,
    state_of,
    visible,
)
from scanindex.web.errors import status_of
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["batches"])
Boxer = Annotated[Caller, needs(Right.BATCH)]
Text = Annotated[str, Form(max_length=MOST_TEXT)]
Id = Annotated[str, Path(max_length=80)]
State = Literal["", "open", "closed", "released"]
_STATES = ("open", "closed", "released")
_PER_PAGE = 25
_MOST_SCANS = 200
_EMPTY = {"label": "", "folder": ".", "location": "", "sheets": "", "sides": "2"}


# --- all of them ----------------------------------------------------------------------------
@screens.get("/batches")
def list_page(
    request: Request,
    caller: Boxer,
    world: TheWorld,
    state: Annotated[State, Query()] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    return _list_page(request, world, state, page)


def _list_page(
    request: Request,
    world: World,
    state: str = "",
    page: int = 1,
    problem: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    now, first = world.services.clock.now(), (page - 1) * _PER_PAGE
    with world.services.catalog.read() as unit:
        every = unit.batches.all()[::-1]
        found = [one for one in every if state in ("", state_of(one))]
        rows = [batches.counted(one.batch_id, unit) for one in found[first : first + _PER_PAGE]]
    return render.page(
        request,
        "batches.html",
        status=422 if problem else 200,
        rows=[(batch_out(one.batch), one, _age_days(one, now)) for one in rows],
        state=state,
        totals={name: sum(name in ("", state_of(b)) for b in every) for name in ("", *_STATES)},
        first=first + 1,
        page=page,
        has_more=len(found) > first + _PER_PAGE,
        total=len(found),
        problem=problem,
        typed=typed or _EMPTY,
    )


def _age_days(found: BatchSummary, now: datetime) -> int:
    """Since it was opened; of released paper, as old as it got."""
    until = found.batch.released_at or now
    return max(0, (until - found.batch.opened_at).days)


@api.get("/batches")
def list_batches(caller: Boxer, world: TheWorld) -> list[BatchOut]:
    """All batches, oldest first."""
    with world.services.catalog.read() as unit:
        return [batch_out(one) for one in unit.batches.all()]


@screens.post("/batches")
def open_form(
    request: Request,
    caller: Boxer,
    world: TheWorld,
    label: Text,
    folder: Text = ".",
    location: Text = "",
    sheets: Text = "",
    sides: Annotated[int, Form(ge=1, le=2)] = 2,
) -> Response:
    typed = {"label": label, "folder": folder, "location": location, "sheets": sheets, "sides": str(sides)}
    try:
        asked = BatchIn.model_validate(
            {**typed, "folder": folder.strip() or ".", "sheets": sheets.strip() or None, "sides": sides}
        )
        made = open_batch(asked, caller, world)
    except ValidationError:
        words = "A batch has a label of at most 200 characters, and the sheets are a number."
        return _list_page(request, world, problem=words, typed=typed)
    except (ConflictError, UsageError) as error:
        return _list_page(request, world, problem=str(error), typed=typed)
    return RedirectResponse(f"/batches/{made.batch_id}", status_code=303)


@api.post("/batches", status_code=201)
def open_batch(asked: BatchIn, caller: Boxer, world: TheWorld) -> BatchOut:
    """Open a batch: from now on what arrives in its folder belongs to it."""
    made = Batch(
        batch_id=BatchId(world.services.ids.new()),
        label=asked.label,
        folder=_folder(asked.folder, world),
        location=asked.location.strip(),
        sheets_expected=asked.sheets,
        sides=asked.sides,
        opened_at=world.services.clock.now(),
    )
    batches.open_batch(made, caller.access.actor, world.services)
    return batch_out(made)


def _folder(asked: str, world: World) -> str:
    """The folder within the inbox, made where it is not there. Raises UsageError."""
    inbox = world.settings.inbox.resolve()
    try:
        goal = (inbox / asked).resolve()
        if not goal.is_relative_to(inbox):
            raise UsageError("the folder must lie in the inbox")
        goal.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise UsageError("a folder of that name cannot be made in the inbox") from error
    return goal.relative_to(inbox).as_posix()


# --- one of them ----------------------------------------------------------------------------
@screens.get("/batches/{batch_id}")
def show_page(request: Request, caller: Boxer, world: TheWorld, batch_id: Id) -> Response:
    return batch_page(request, caller, world, batch_id)


def batch_page(
    request: Request, caller: Caller, world: World, batch_id: str, problem: str = "", status: int = 200
) -> Response:
    """A batch with everything about it; `problem` says why what was asked for was not done."""
    detail = show(batch_id, caller, world)
    known = batch_qa.qa_status(BatchId(batch_id), world.services)
    with world.services.catalog.read() as unit:
        scans = unit.scans.all(batch_id=BatchId(batch_id))
    return render.page(
        request,
        "batch.html",
        status=status,
        it=detail,
        counts=COUNTS,
        problem=problem,
        sample=_sample(known, caller, world),
        scans=[s for s in scans if s.state is ScanState.DECIDED],
        most_scans=_MOST_SCANS,
        quarantined=[_shown(s, caller, world) for s in scans if s.state is ScanState.QUARANTINED],
        keep_days=world.settings.batches.keep_days,
    )


@api.get("/batches/{batch_id}")
def show(batch_id: Id, caller: Boxer, world: TheWorld) -> BatchDetailOut:
    """One batch: where every side went, the second look, holds, and what its paper waits for."""
    services, access = world.services, caller.access
    found = batches.summary(BatchId(batch_id), services)
    qa = qa_out(batch_qa.qa_status(found.batch.batch_id, services), access, services)
    if qa.drawn or qa.to_look_at:
        ids = list(dict.fromkeys((*qa.drawn, *qa.to_look_at)))
        trail.seen(access, "batch", services, document_ids=ids)
    return BatchDetailOut(
        batch=batch_out(found.batch),
        files=found.files,
        duplicates=found.duplicates,
        sides_expected=found.sides_expected,
        sides_scanned=found.sides_scanned,
        separators=found.separators,
        counts=counts_of(found),
        underway_files=found.underway_files,
        quarantined_files=found.quarantined_files,
        open_points=found.open_points(),
        qa=qa,
        holds=[hold_out(one, access, services) for one in paper.holds(services, found.batch.batch_id)],
        release_points=paper.release_points(found.batch.batch_id, services),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A document of the sample, as its list shows it."""

    document: Document
    item: QaItem | None
    verdict: str
    """waiting, fault, right, or "" where none of its drawn pages is left in it."""


def _sample(status: QaStatus, caller: Caller, world: World) -> list[Drawn]:
    """What is to be looked at first; of what they may see."""
    items = {item.document_id: item for item in status.items}
    waiting, faults = set(status.to_look_at), set(status.faults_open)
    ids = dict.fromkeys((*status.to_look_at, *status.faults_open, *items))

    def verdict(document_id: DocumentId, document: Document) -> str:
        if document_id in waiting or document_id in faults:
            return "waiting" if document_id in waiting else "fault"
        item = items.get(document_id)
        return "right" if item and item.is_right(document.version) else ""

    return [
        Drawn(document=found, item=items.get(one), verdict=verdict(one, found))
        for one, found in visible(caller.access, ids, world.services).items()
    ]


def _shown(scan: Scan, caller: Caller, world: World) -> tuple[Scan, str]:
    """A quarantined file and its name, if that is for them to see."""
    is_seen = fetch.may_see_whole_scan(caller.access, scan.scan_id, world.services)
    return scan, scan.name if is_seen else ""


def done(
    request: Request, caller: Caller, world: World, batch_id: str, act: Callable[[], object]
) -> Response:
    """Do what was asked for, then show the batch again; a refusal is said on its page, in its words."""
    try:
        act()
    except NotFound:
        raise
    except (ConflictError, UsageError, IntegrityError) as error:
        return batch_page(request, caller, world, batch_id, refusal(error), status_of(error))
    return RedirectResponse(f"/batches/{batch_id}", status_code=303)


def refusal(error: ScanindexError) -> str:
    """As a sentence; the usual hints are about the command line."""
    words = str(error).strip()
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"


@screens.post("/batches/{batch_id}/close")
def close_form(request: Request, caller: Boxer, world: TheWorld, batch_id: Id, note: Text = "") -> Response:
    return done(request, caller, world, batch_id, lambda: close(batch_id, NoteIn(note=note), caller, world))


@api.post("/batches/{batch_id}/close")
def close(batch_id: Id, asked: NoteIn, caller: Boxer, world: TheWorld) -> BatchOut:
    """Close it; refused while a page is unexplained. A difference in counts needs a note."""
    closed = batches.close_batch(BatchId(batch_id), asked.note, caller.access.actor, world.services)
    return batch_out(closed.batch)
