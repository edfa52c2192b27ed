"""What becomes of a box's paper: a second person's look at a sample, holds, and its release.

Which document of a sample somebody may open, `fetch` says; who settled it cannot be the second
person, `batch_qa` says. A release cannot be taken back, so its form wants the label typed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from scanindex import batch_qa, fetch, paper, trail
from scanindex.access_model import Right
from scanindex.errors import ConflictError, NotFound, UsageError
from scanindex.model import BatchId, Document, Patient
from scanindex.paper_model import ReleaseList
from scanindex.web import render
from scanindex.web.batch_shapes import (
    HoldIn,
    HoldOut,
    LookIn,
    NoteIn,
    QaOut,
    ReleaseIn,
    ReleaseOut,
    hold_out,
    qa_out,
    release_out,
    visible,
)
from scanindex.web.batches import Boxer, Id, Text, batch_page, done, refusal
from scanindex.web.errors import status_of
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["batches"])
Supervisor = Annotated[Caller, needs(Right.SUPERVISE)]
_WIDTHS = ("thumb:256", "screen:1400", "full:2200")
_PLAIN_SIZE = (850, 1100)
"""Of a page whose size nobody recorded; for the shape of its place only."""


# --- a second person's look -----------------------------------------------------------------
@screens.post("/batches/{batch_id}/qa/draw")
def draw_form(request: Request, caller: Boxer, world: TheWorld, batch_id: Id) -> Response:
    return done(request, caller, world, batch_id, lambda: draw(batch_id, caller, world))


@api.post("/batches/{batch_id}/qa/draw")
def draw(batch_id: Id, caller: Boxer, world: TheWorld) -> QaOut:
    """Draw a sample of a closed batch's documents for a second person; another one after a fault."""
    status = batch_qa.draw_qa(BatchId(batch_id), caller.access.actor, world.services)
    return qa_out(status, caller.access, world.services)


@screens.get("/batches/{batch_id}/look/{document_id}")
def look_page(request: Request, caller: Boxer, world: TheWorld, batch_id: Id, document_id: Id) -> Response:
    return _look_page(request, caller, world, batch_id, document_id)


def _look_page(
    request: Request,
    caller: Caller,
    world: World,
    batch_id: str,
    document_id: str,
    problem: str = "",
    status: int = 200,
) -> Response:
    document = fetch.document(caller.access, document_id, world.services)
    known = batch_qa.qa_status(BatchId(batch_id), world.services)
    item = next((one for one in known.items if one.document_id == document_id), None)
    if item is None and document.document_id not in known.to_look_at:
        raise NotFound()
    patient = _patient(document, caller, world)
    people = [patient.patient_id] if patient else []
    trail.seen(caller.access, "batch look", world.services, [document.document_id], people)
    with world.services.catalog.read() as unit:
        batch = unit.batches.get(BatchId(batch_id))
    actor = caller.access.actor
    return render.page(
        request,
        "batch_look.html",
        status=status,
        batch_id=batch_id,
        document=document,
        patient=patient,
        looks=item.looks if item else (),
        pages=_pages(document, world),
        widths=_WIDTHS,
        left=len(known.to_look_at),
        following=_following(document_id, batch_id, caller, world),
        is_own=batch is None or actor in (batch.closed_by, document.decision.decided_by),
        is_over=batch is None or batch.released_at is not None,
        problem=problem,
    )


def _patient(document: Document, caller: Caller, world: World) -> Patient | None:
    found = world.services.roster.get(document.patient_id) if document.patient_id else None
    return found if found is not None and caller.access.sees_patient(found.patient_id) else None


def _pages(document: Document, world: World) -> list[dict[str, object]]:
    sizes = {r.scan_page_no: (r.width_px, r.height_px) for r in fetch.readings(document, world.services)}
    pages: list[dict[str, object]] = []
    for number, scan_page_no in enumerate(document.pages, start=1):
        width, height = sizes.get(scan_page_no, _PLAIN_SIZE)
        address = f"/pictures/{document.document_id}/{number}"
        shape = {"width": width or _PLAIN_SIZE[0], "height": height or _PLAIN_SIZE[1]}
        pages.append({"number": number, "src": f"{address}/{{width}}", "thumb": f"{address}/thumb", **shape})
    return pages


def _following(document_id: str, batch_id: str, caller: Caller, world: World) -> str | None:
    """The next one to look at that they may see: what stands after this one, then from the start."""
    waiting = batch_qa.qa_status(BatchId(batch_id), world.services).to_look_at
    seen = sorted(visible(caller.access, waiting, world.services))
    later = [one for one in seen if one > document_id]
    return next((one for one in (*later, *seen) if one != document_id), None)


@screens.post("/batches/{batch_id}/look/{document_id}")
def look_form(
    request: Request,
    caller: Boxer,
    world: TheWorld,
    batch_id: Id,
    document_id: Id,
    version: Annotated[int, Form(ge=1)],
    verdict: Annotated[Literal["ok", "fault"], Form()],
    note: Text = "",
) -> Response:
    try:
        asked = LookIn(version=version, is_ok=verdict == "ok", note=note)
        look(batch_id, document_id, asked, caller, world)
    except NotFound:
        raise
    except (ConflictError, UsageError) as error:
        words = refusal(error)
        return _look_page(request, caller, world, batch_id, document_id, words, status_of(error))
    following = _following(document_id, batch_id, caller, world)
    goal = f"/batches/{batch_id}/look/{following}" if following else f"/batches/{batch_id}"
    return RedirectResponse(goal, status_code=303)


@api.post("/batches/{batch_id}/qa/{document_id}")
def look(batch_id: Id, document_id: Id, asked: LookIn, caller: Boxer, world: TheWorld) -> QaOut:
    """What a second person found when comparing a drawn document with its paper.

    Refused to whoever settled the document or closed the batch.
    """
    document = fetch.document(caller.access, document_id, world.services)
    status = batch_qa.qa_verdict(
        BatchId(batch_id),
        document.document_id,
        asked.version,
        asked.is_ok,
        asked.note,
        caller.access.actor,
        world.services,
    )
    return qa_out(status, caller.access, world.services)


# --- holds ----------------------------------------------------------------------------------
@screens.post("/batches/{batch_id}/holds")
def hold_form(request: Request, caller: Boxer, world: TheWorld, batch_id: Id, reason: Text) -> Response:
    def act() -> None:
        if not reason.strip():
            raise UsageError("say why the paper must be kept")
        hold(batch_id, HoldIn(reason=reason), caller, world)

    return done(request, caller, world, batch_id, act)


@api.post("/batches/{batch_id}/holds", status_code=201)
def hold(batch_id: Id, asked: HoldIn, caller: Boxer, world: TheWorld) -> HoldOut:
    """Keep the paper of the batch, or of one of its documents, until the hold is lifted."""
    services, access = world.services, caller.access
    if asked.document_id is None:
        made = paper.hold(asked.reason, access.actor, services, batch_id=BatchId(batch_id))
        return hold_out(made, access, services)
    document = fetch.document(access, asked.document_id, services)
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    if scan is None or scan.batch_id != batch_id:
        raise NotFound()
    made = paper.hold(asked.reason, access.actor, services, document_id=document.document_id)
    return hold_out(made, access, services)


@screens.post("/batches/{batch_id}/holds/{hold_id}/lift")
def lift_form(
    request: Request, caller: Supervisor, world: TheWorld, batch_id: Id, hold_id: Id, note: Text = ""
) -> Response:
    if not any(one.hold_id == hold_id for one in paper.holds(world.services, BatchId(batch_id))):
        raise NotFound()
    return done(request, caller, world, batch_id, lambda: lift(hold_id, NoteIn(note=note), caller, world))


@api.post("/holds/{hold_id}/lift")
def lift(hold_id: Id, asked: NoteIn, caller: Supervisor, world: TheWorld) -> HoldOut:
    """Lift a hold; the note says why."""
    lifted = paper.lift(hold_id, asked.note, caller.access.actor, world.services)
    return hold_out(lifted, caller.access, world.services)


# --- release --------------------------------------------------------------------------------
@screens.post("/batches/{batch_id}/release")
def release_form(
    request: Request,
    caller: Supervisor,
    world: TheWorld,
    batch_id: Id,
    confirmation: Text = "",
    is_backed_up: Text = "",
) -> Response:
    def act() -> None:
        _release(batch_id, confirmation, bool(is_backed_up), caller, world)

    answer = done(request, caller, world, batch_id, act)
    is_done = answer.status_code == 303
    return RedirectResponse(f"/batches/{batch_id}/release", status_code=303) if is_done else answer


@api.post("/batches/{batch_id}/release")
def release(batch_id: Id, asked: ReleaseIn, caller: Supervisor, world: TheWorld) -> ReleaseOut:
    """Let the paper go. It cannot be taken back; refused under a hold and while anything is open."""
    made = _release(batch_id, asked.confirmation, asked.is_backed_up, caller, world)
    return _taken(made, caller, world)


def _release(
    batch_id: str, confirmation: str, is_backed_up: bool, caller: Caller, world: World
) -> ReleaseList:
    return paper.release(BatchId(batch_id), confirmation, is_backed_up, caller.access.actor, world.services)


@screens.get("/batches/{batch_id}/release")
def release_page(request: Request, caller: Supervisor, world: TheWorld, batch_id: Id) -> Response:
    try:
        found = release_list(batch_id, caller, world)
    except NotFound:
        raise
    except ConflictError as error:
        return batch_page(request, caller, world, batch_id, refusal(error), status_of(error))
    return render.page(request, "batch_release.html", it=found)


@api.get("/batches/{batch_id}/release")
def release_list(batch_id: Id, caller: Supervisor, world: TheWorld) -> ReleaseOut:
    """The list of what went, to be printed and signed. Taking it is recorded."""
    return _taken(paper.release_list(BatchId(batch_id), world.services), caller, world)


def _taken(made: ReleaseList, caller: Caller, world: World) -> ReleaseOut:
    trail.took(caller.access, "printed", world.services, what="release list", batch_id=made.batch_id)
    return release_out(made, caller.access, world.services)
