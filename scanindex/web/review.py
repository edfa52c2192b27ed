"""The review screens: the queue, the item at work, its pages; and the same by plain forms.

The item screen is a workbench made by static/js/review.js over the routes of review_acts; where
no script runs the same page holds forms that accept, reject and park. Leaves out supervision.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from scanindex import desk
from scanindex.access_model import Right
from scanindex.desk import shown
from scanindex.errors import ConflictError, ScanindexError, UsageError
from scanindex.model import BatchId, DocumentId, DocumentState, PatientId
from scanindex.pictures import Width
from scanindex.web import pictures, render
from scanindex.web.errors import hint_of, status_of
from scanindex.web.guard import Caller
from scanindex.web.review_acts import (
    ItemId,
    Reviewer,
    known_type,
    own_today,
)
from scanindex.web.review_acts import api as acts_api
from scanindex.web.review_items import item_out, titles_of
from scanindex.web.review_shapes import FiltersIn
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter()
api.include_router(acts_api)
ItemPageNo = pictures.PageNo
_SHOWN_IN_LIST = 60
_AGES = {"1": "a day", "7": "a week", "30": "a month"}
_STATES = (
    (desk.QueueState.WAITING, "Waiting"),
    (desk.QueueState.PARKED, "Parked"),
    (desk.QueueState.QUESTIONS, "Questions"),
    (desk.QueueState.SECOND_KEY, "Second key"),
)
Choice = Annotated[str, Query(max_length=120)]
FormText = Annotated[str, Form(max_length=2_000)]
FormVersion = Annotated[int, Form(ge=1, le=1_000_000)]


@screens.get("/review")
def queue(
    request: Request,
    caller: Reviewer,
    world: TheWorld,
    state: desk.QueueState = desk.QueueState.WAITING,
    source: Choice = "",
    reason: Choice = "",
    batch: Choice = "",
    type: Choice = "",
    age: Choice = "",
    none: Choice = "",
) -> Response:
    """What waits, by what it can be chosen by; no patients."""
    filters = _filters(state, source, reason, batch, type, age)
    counts = desk.counts(caller.access, world.services)
    found = desk.waiting(caller.access, filters.filters(), world.services, _SHOWN_IN_LIST)
    return render.page(
        request,
        "review.html",
        state=state,
        states=[(s, words, getattr(counts, s.value)) for s, words in _STATES if _has(s, caller)],
        counts=counts,
        own=own_today(caller, world),
        waiting=found,
        filters=filters,
        query=_query(filters),
        chosen={"source": source, "reason": reason, "batch": batch, "type": type, "age": age},
        reason_words=desk.REASON_WORDS,
        why=_why,
        batches=_batch_names([b for b, _ in counts.by_batch], world),
        ages=_AGES,
        now=world.services.clock.now(),
        most=_SHOWN_IN_LIST,
        was_none=bool(none and found),
    )


@screens.post("/review/start")
def start(
    caller: Reviewer,
    world: TheWorld,
    state: Annotated[desk.QueueState, Form()] = desk.QueueState.WAITING,
    source: FormText = "",
    reason: FormText = "",
    batch: FormText = "",
    type: FormText = "",
    age: FormText = "",
    after: FormText = "",
) -> Response:
    """Take the next item that fits, and go to it."""
    return _to_next(caller, _filters(state, source, reason, batch, type, age), after, world)


@screens.get("/review/items/{item_id}")
def show(
    request: Request,
    caller: Reviewer,
    world: TheWorld,
    item_id: ItemId,
    state: desk.QueueState = desk.QueueState.WAITING,
    source: Choice = "",
    reason: Choice = "",
    batch: Choice = "",
    type: Choice = "",
    age: Choice = "",
) -> Response:
    filters = _filters(state, source, reason, batch, type, age)
    return _item_page(request, caller, item_id, filters, world)


@screens.get("/review/items/{item_id}/pages/{page_no}/{width}")
def page_picture(
    request: Request, caller: Reviewer, world: TheWorld, item_id: ItemId, page_no: ItemPageNo, width: Width
) -> Response:
    """A page of an item, upright; `page_no` counts in it."""
    page = shown.page(caller.access, DocumentId(item_id), page_no, world.services)
    if width != "thumb":
        pictures.note_view(request, caller, page.seen, world)
    return pictures.picture(page.scan, page.scan_page_no, width, world)


# --- without script --------------------------------------------------------------------------
Back = Annotated[str, Form(max_length=600)]


@screens.post("/review/items/{item_id}/accept")
def accept_by_form(
    request: Request,
    caller: Reviewer,
    world: TheWorld,
    item_id: ItemId,
    version: FormVersion,
    patient_id: FormText = "",
    datum: FormText = "",
    document_type: FormText = "",
    service_date: FormText = "",
    note: FormText = "",
    state: Annotated[desk.QueueState, Form()] = desk.QueueState.WAITING,
) -> Response:
    def act() -> None:
        if not patient_id:
            raise UsageError("choose whose it is")
        done = desk.accept(
            caller.access,
            DocumentId(item_id),
            version,
            PatientId(patient_id),
            datum or None,
            known_type(document_type or None, world),
            service_date or None,
            note,
            world.services,
        )
        if done.kind == desk.ACCEPTED and (scan_id := shown.scan_of(done.item_id, world.services)):
            world.file_soon([scan_id])

    return _by_form(request, caller, item_id, FiltersIn(state=state), world, act)


@screens.post("/review/items/{item_id}/reject")
def reject_by_form(
    request: Request,
    caller: Reviewer,
    world: TheWorld,
    item_id: ItemId,
    version: FormVersion,
    to: Annotated[Literal["rescan_wanted", "entered_in_error", "paper_kept"], Form()],
    note: FormText = "",
    state: Annotated[desk.QueueState, Form()] = desk.QueueState.WAITING,
) -> Response:
    def act() -> None:
        desk.reject(caller.access, DocumentId(item_id), version, DocumentState(to), note, world.services)

    return _by_form(request, caller, item_id, FiltersIn(state=state), world, act)


@screens.post("/review/items/{item_id}/park")
def park_by_form(
    request: Request,
    caller: Reviewer,
    world: TheWorld,
    item_id: ItemId,
    version: FormVersion,
    note: FormText = "",
    how: Annotated[Literal["park", "ask"], Form()] = "park",
    state: Annotated[desk.QueueState, Form()] = desk.QueueState.WAITING,
) -> Response:
    def act() -> None:
        # Kept first: where parking is refused, the page that says so still has it.
        desk.keep_note(caller.access, DocumentId(item_id), note, world.services)
        lay = desk.ask if how == "ask" else desk.park
        lay(caller.access, DocumentId(item_id), version, note, world.services)

    return _by_form(request, caller, item_id, FiltersIn(state=state), world, act)


@screens.post("/review/undo")
def undo_by_form(caller: Reviewer, world: TheWorld) -> Response:
    done = desk.undo(caller.access, world.services)
    return RedirectResponse(f"/review/items/{done.item_ids[0]}", status_code=303)


# --- inside ----------------------------------------------------------------------------------
def _by_form(
    request: Request, caller: Caller, item_id: str, filters: FiltersIn, world: World, act: object
) -> Response:
    """On to the next; where it was refused the same page says why, with nothing changed."""
    assert callable(act)
    try:
        act()
    except (ConflictError, UsageError) as error:
        return _item_page(request, caller, item_id, filters, world, error)
    return _to_next(caller, filters, item_id, world)


def _to_next(caller: Caller, filters: FiltersIn, after: str, world: World) -> Response:
    found = desk.next_item(
        caller.access, filters.filters(), world.services, DocumentId(after) if after else None
    )
    query = [_query(filters)] + ([] if found else ["none=yes"])
    path = f"/review/items/{found[0].item_id}" if found else "/review"
    return RedirectResponse("?".join([path, "&".join(filter(None, query))]).rstrip("?"), status_code=303)


def _item_page(
    request: Request,
    caller: Caller,
    item_id: str,
    filters: FiltersIn,
    world: World,
    error: ScanindexError | None = None,
) -> Response:
    item = desk.item(caller.access, DocumentId(item_id), world.services)
    shape = item_out(item, caller.access, world.services)
    return render.page(
        request,
        "review_item.html",
        status=status_of(error) if error else 200,
        item=shape,
        item_json=shape.model_dump_json(),
        filters=filters,
        filters_json=filters.model_dump_json(exclude_none=True),
        query=_query(filters),
        types=sorted(titles_of(world.settings).items(), key=lambda pair: pair[1]),
        date_order=world.settings.site.date_order,
        claim_minutes=world.settings.review.claim_minutes,
        error=error,
        hint=hint_of(error) if error else "",
    )


def _filters(state: desk.QueueState, source: str, reason: str, batch: str, type: str, age: str) -> FiltersIn:
    """What is no choice at all is none; "-" is the type of those without one."""
    return FiltersIn(
        state=state,
        source=source[:120] or None,
        reason=desk.Why(reason) if reason in list(desk.Why) else None,
        batch_id=batch[:80] or None,
        document_type="" if type == "-" else type[:120] or None,
        min_age_days=float(age) if age in _AGES else None,
    )


def _query(filters: FiltersIn) -> str:
    """The choice as an address says it."""
    age = next((key for key in _AGES if filters.min_age_days == float(key)), None)
    pairs = {
        "state": filters.state.value if filters.state is not desk.QueueState.WAITING else None,
        "source": filters.source,
        "reason": filters.reason.value if filters.reason else None,
        "batch": filters.batch_id,
        "type": "-" if filters.document_type == "" else filters.document_type,
        "age": age,
    }
    return urlencode({key: value for key, value in pairs.items() if value is not None})


def _has(state: desk.QueueState, caller: Caller) -> bool:
    return state is not desk.QueueState.QUESTIONS or caller.access.may(Right.SUPERVISE)


def _why(rule: str) -> str:
    return desk.REASON_WORDS[desk.reasons.why(rule)]


def _batch_names(batch_ids: list[BatchId], world: World) -> dict[str, str]:
    with world.services.catalog.read() as unit:
        found = {batch_id: unit.batches.get(batch_id) for batch_id in batch_ids}
    return {key: one.label if one else key[:8] for key, one in found.items()}
