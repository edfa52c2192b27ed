"""Correcting a document from the viewer: forms of the screen, and the same as data.

Every change carries the version that was looked at and a reason. Giving it to another patient takes
two steps on the screen: choose the person, then type from the page what tells them from others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import corrections, fetch, page_readings, trail
from scanindex.access_model import Right
from scanindex.corrections import Corrected, Correction
from scanindex.desk import Datum
from scanindex.errors import DatumDiffers, Forbidden, NotFound, ScanindexError, UsageError
from scanindex.model import Document
from scanindex.web import document_views as views
from scanindex.web import errors, render
from scanindex.web.documents import viewer_page
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["corrections"])
Corrector = Annotated[Caller, needs(Right.CORRECT)]
Version = Annotated[int, Form(ge=1, le=1_000_000)]
Id = Annotated[str, Form(min_length=1, max_length=80)]
Why = Annotated[str, Form(max_length=1_000)]
Short = Annotated[str, Form(max_length=80)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=1_000_000)
    """As it was looked at; a stale one is refused and says what changed."""
    reason: str = Field(min_length=3, max_length=500)


class RefileIn(_Asked):
    patient_id: str = Field(min_length=1, max_length=80)
    datum: str = Field(max_length=20)
    """Typed from the page, as `confirmation` asks for it."""


class RetypeIn(_Asked):
    document_type: str = Field(min_length=1, max_length=80)


class RedateIn(_Asked):
    service_date: str | None = Field(max_length=10)
    """1998, 1998-03 or 1998-03-21; null: undated."""


class RelabelIn(_Asked):
    labels: list[str] = Field(max_length=20)
    """All that it shall have."""


class ConfirmationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient_id: str = Field(min_length=1, max_length=80)


class ConfirmationOut(BaseModel):
    kind: str
    words: str
    """To be put after "Type, from the page, "."""
    keys: int
    hides: list[str]
    """Kinds of data that must not be shown while it is typed."""
    is_seen: bool
    page: int | None
    box: tuple[float, float, float, float] | None
    """Where to look, as fractions of the upright page."""


class CorrectedOut(BaseModel):
    document_id: str
    version: int
    state: str
    did: str
    incident_id: str


# --- screens -----------------------------------------------------------------------------
@screens.post("/documents/{document_id}/refile")
def choose_patient(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    document_id: str,
    patient_id: Short = "",
    patient: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """The second step of giving it to another patient: nothing is changed yet.

    patient: what was typed; without script, where nobody is suggested, a whole record number.
    """
    document = fetch.document(caller.access, document_id, world.services)
    patient_id = patient_id or _numbered(patient, caller, world)
    if not patient_id:
        told = UsageError("choose a patient from the suggestions, or type a whole record number")
        return _problem_page(request, caller, world, document, told)
    return _refile_page(request, caller, world, document, patient_id)


@screens.post("/documents/{document_id}/refile/confirm")
def refile_screen(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    document_id: str,
    version: Version,
    patient_id: Id,
    datum: Short = "",
    reason: Why = "",
) -> Response:
    try:
        done = corrections.refile(
            caller.access, document_id, version, patient_id, datum, reason, world.services
        )
    except (NotFound, Forbidden):
        raise
    except ScanindexError as error:
        document = fetch.document(caller.access, document_id, world.services)
        if document.version != version:
            return _problem_page(request, caller, world, document, error)
        return _refile_page(request, caller, world, document, patient_id, error=error, reason=reason)
    return _after(done, world)


@screens.post("/documents/{document_id}/retype")
def retype_screen(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    document_id: str,
    version: Version,
    document_type: Short = "",
    reason: Why = "",
) -> Response:
    def act() -> Corrected:
        return corrections.retype(caller.access, document_id, version, document_type, reason, world.services)

    return _tried(request, caller, world, document_id, act)


@screens.post("/documents/{document_id}/redate")
def redate_screen(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    document_id: str,
    version: Version,
    service_date: Short = "",
    reason: Why = "",
) -> Response:
    def act() -> Corrected:
        return corrections.redate(caller.access, document_id, version, service_date, reason, world.services)

    return _tried(request, caller, world, document_id, act)


@screens.post("/documents/{document_id}/relabel")
def relabel_screen(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    document_id: str,
    version: Version,
    labels: Annotated[list[str] | None, Form(max_length=20)] = None,
    reason: Why = "",
) -> Response:
    def act() -> Corrected:
        return corrections.relabel(caller.access, document_id, version, labels or [], reason, world.services)

    return _tried(request, caller, world, document_id, act)


@screens.post("/documents/{document_id}/entered-in-error")
def error_screen(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    document_id: str,
    version: Version,
    reason: Why = "",
) -> Response:
    def act() -> Corrected:
        return corrections.entered_in_error(caller.access, document_id, version, reason, world.services)

    return _tried(request, caller, world, document_id, act)


@screens.post("/documents/{document_id}/back-to-review")
def back_screen(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    document_id: str,
    version: Version,
    reason: Why = "",
) -> Response:
    def act() -> Corrected:
        return corrections.back_to_review(caller.access, document_id, version, reason, world.services)

    return _tried(request, caller, world, document_id, act)


@screens.post("/documents/{document_id}/undo")
def undo_screen(request: Request, caller: Corrector, world: TheWorld, document_id: str) -> Response:
    def act() -> Corrected:
        return corrections.undo(caller.access, document_id, world.services)

    return _tried(request, caller, world, document_id, act)


# --- the same as data ----------------------------------------------------------------------
@api.post("/documents/{document_id}/confirmation", responses=errors.DESCRIBED)
def confirmation(
    caller: Corrector, world: TheWorld, document_id: str, asked: ConfirmationIn
) -> ConfirmationOut:
    """What must be typed from the page before the document goes to this patient."""
    datum = corrections.asked_datum(caller.access, document_id, asked.patient_id, world.services)
    document = fetch.document(caller.access, document_id, world.services)
    return _confirmation(datum, document, world)


@api.post("/documents/{document_id}/corrections/refile", responses=errors.DESCRIBED)
def refile(caller: Corrector, world: TheWorld, document_id: str, asked: RefileIn) -> CorrectedOut:
    """To another patient. 409 where the datum does not fit: nothing is changed."""
    done = corrections.refile(
        caller.access,
        document_id,
        asked.version,
        asked.patient_id,
        asked.datum,
        asked.reason,
        world.services,
    )
    return _out(done, world)


@api.post("/documents/{document_id}/corrections/retype", responses=errors.DESCRIBED)
def retype(caller: Corrector, world: TheWorld, document_id: str, asked: RetypeIn) -> CorrectedOut:
    """Correct the type of a filed document."""
    done = corrections.retype(
        caller.access, document_id, asked.version, asked.document_type, asked.reason, world.services
    )
    return _out(done, world)


@api.post("/documents/{document_id}/corrections/redate", responses=errors.DESCRIBED)
def redate(caller: Corrector, world: TheWorld, document_id: str, asked: RedateIn) -> CorrectedOut:
    """Correct its date of service; null: undated."""
    done = corrections.redate(
        caller.access, document_id, asked.version, asked.service_date, asked.reason, world.services
    )
    return _out(done, world)


@api.post("/documents/{document_id}/corrections/relabel", responses=errors.DESCRIBED)
def relabel(caller: Corrector, world: TheWorld, document_id: str, asked: RelabelIn) -> CorrectedOut:
    """Set its labels of sensitivity; what a person set, the machine never changes."""
    done = corrections.relabel(
        caller.access, document_id, asked.version, asked.labels, asked.reason, world.services
    )
    return _out(done, world)


@api.post("/documents/{document_id}/corrections/entered-in-error", responses=errors.DESCRIBED)
def entered_in_error(caller: Corrector, world: TheWorld, document_id: str, asked: _Asked) -> CorrectedOut:
    """Out of the chart and the search at once; its bytes and history are kept."""
    done = corrections.entered_in_error(
        caller.access, document_id, asked.version, asked.reason, world.services
    )
    return _out(done, world)


@api.post("/documents/{document_id}/corrections/back-to-review", responses=errors.DESCRIBED)
def back_to_review(caller: Corrector, world: TheWorld, document_id: str, asked: _Asked) -> CorrectedOut:
    """Out of the chart and back into review, for somebody to settle it anew."""
    done = corrections.back_to_review(caller.access, document_id, asked.version, asked.reason, world.services)
    return _out(done, world)


@api.post("/documents/{document_id}/corrections/undo", responses=errors.DESCRIBED)
def undo(caller: Corrector, world: TheWorld, document_id: str) -> CorrectedOut:
    """One's own last correction, while nothing came after it."""
    return _out(corrections.undo(caller.access, document_id, world.services), world)


# --- how ----------------------------------------------------------------------------------
def _tried(
    request: Request, caller: Caller, world: World, document_id: str, act: Callable[[], Corrected]
) -> Response:
    """Done and back in the viewer; else the viewer, saying why not."""
    try:
        return _after(act(), world)
    except (NotFound, Forbidden):
        raise
    except ScanindexError as error:
        document = fetch.document(caller.access, document_id, world.services)
        return _problem_page(request, caller, world, document, error)


def _after(done: Corrected, world: World) -> Response:
    world.file_soon([done.document.scan_id])
    more = "&incident=true" if done.incident_id else ""
    return RedirectResponse(f"/documents/{done.document.document_id}?done={done.did}{more}", status_code=303)


def _problem_page(
    request: Request, caller: Caller, world: World, document: Document, error: ScanindexError
) -> Response:
    return viewer_page(
        request,
        caller,
        world,
        document,
        problem=str(error),
        hint=errors.hint_of(error) if not isinstance(error, UsageError) else "",
        status=errors.status_of(error),
    )


def _numbered(typed: str, caller: Caller, world: World) -> str:
    """Who alone holds this record number, of those whom the caller may see; else ""."""
    found = world.services.roster.by_identifier([typed.strip()]) if typed.strip() else []
    seen = [one.patient_id for one in found if caller.access.sees_patient(one.patient_id)]
    return seen[0] if len(found) == len(seen) == 1 else ""


def _refile_page(
    request: Request,
    caller: Caller,
    world: World,
    document: Document,
    patient_id: str,
    error: ScanindexError | None = None,
    reason: str = "",
) -> Response:
    try:
        datum = corrections.asked_datum(caller.access, document.document_id, patient_id, world.services)
    except (NotFound, Forbidden):
        raise
    except ScanindexError as refused:
        return _problem_page(request, caller, world, document, refused)
    shown = views.shown(caller.access, document, world.services)
    chosen = fetch.patient(caller.access, patient_id, world.services)
    trail.seen(caller.access, "document", world.services, [document.document_id], [chosen.patient_id])
    return render.page(
        request,
        "document_refile.html",
        status=errors.status_of(error) if error else 200,
        shown=shown,
        out=shown.out,
        document=document,
        chosen=chosen,
        datum=_confirmation(datum, document, world),
        problem=_said(error),
        hint=errors.hint_of(error) if error and not isinstance(error, UsageError) else "",
        reason=reason,
        pictures=views.PICTURES,
        can_refile=Correction.REFILE in shown.out.corrections,
        most_characters=corrections.MOST_CHARACTERS,
    )


def _said(error: ScanindexError | None) -> str:
    if error is None:
        return ""
    return error.meaning if isinstance(error, DatumDiffers) else str(error)


def _confirmation(datum: Datum, document: Document, world: World) -> ConfirmationOut:
    page_no, box = None, None
    if datum.scan_page_no in document.pages:
        page_no = document.pages.index(datum.scan_page_no) + 1
        reading = views.readings(document, world.services).get(page_no)
        if datum.box and reading:
            left, top, right, bottom = page_readings.fractions(datum.box, reading)
            box = (left, top, round(right - left, 5), round(bottom - top, 5))
    return ConfirmationOut(
        kind=datum.kind.value,
        words=datum.words,
        keys=datum.keys,
        hides=[kind.value for kind in datum.hides],
        is_seen=datum.is_seen,
        page=page_no,
        box=box,
    )


def _out(done: Corrected, world: World) -> CorrectedOut:
    world.file_soon([done.document.scan_id])
    return CorrectedOut(
        document_id=done.document.document_id,
        version=done.document.version,
        state=done.document.state.value,
        did=done.did,
        incident_id=done.incident_id,
    )
