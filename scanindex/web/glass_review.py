"""Charts that somebody opened by breaking the glass, looked at afterwards by somebody else.

Supervisors see which patient it was and an auditor only the record's id, as everywhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import people, trail
from scanindex.access_model import Grant, Right
from scanindex.errors import ConfigError, ConflictError, NotFound, ScanindexError
from scanindex.model import Patient, PatientId
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["glass"])
Reviewer = Annotated[Caller, needs(Right.TRAIL, Right.SUPERVISE)]
Verdict = Literal["justified", "not_justified"]
_MOST_SHOWN = 200


class ReviewIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    note: str = Field(default="", max_length=500)


class ReviewedGrantOut(BaseModel):
    grant_id: str
    login: str
    patient_id: str
    reason: str
    opened_at: datetime
    until: datetime
    is_open: bool
    is_own: bool
    """Nobody reviews what they opened themselves."""
    reviewed_at: datetime | None
    reviewed_by: str
    verdict: str


@screens.get("/glass/review")
def review_page(request: Request, caller: Reviewer, world: TheWorld) -> Response:
    return _page(request, caller, world)


@screens.post("/glass/review/{grant_id}")
def review_form(
    request: Request,
    caller: Reviewer,
    world: TheWorld,
    grant_id: str,
    verdict: Annotated[str, Form(max_length=20)] = "",
    note: Annotated[str, Form(max_length=600)] = "",
) -> Response:
    try:
        people.review_grant(caller.access, grant_id, verdict, note, world.services)
    except NotFound:
        raise
    except (ConfigError, ConflictError) as error:
        return _page(request, caller, world, error)
    return RedirectResponse("/glass/review", status_code=303)


@api.get("/glass/reviews")
def grants(caller: Reviewer, world: TheWorld, waiting: bool = False) -> list[ReviewedGrantOut]:
    """Newest first; waiting: only what nobody reviewed."""
    return [_out(one, caller, world) for one in _all(caller, world, waiting)]


@api.post("/glass/{grant_id}/review", responses=errors.DESCRIBED)
def review(caller: Reviewer, world: TheWorld, grant_id: str, asked: ReviewIn) -> ReviewedGrantOut:
    """Say whether it was right to; where it was not, the chart closes at once."""
    done = people.review_grant(caller.access, grant_id, asked.verdict, asked.note, world.services)
    return _out(done, caller, world)


def _all(caller: Caller, world: World, waiting: bool) -> list[Grant]:
    return list(reversed(people.grants(caller.access, world.services, open_only=waiting)))


def _out(one: Grant, caller: Caller, world: World) -> ReviewedGrantOut:
    return ReviewedGrantOut(
        grant_id=one.grant_id,
        login=one.login,
        patient_id=one.patient_id,
        reason=one.reason,
        opened_at=one.opened_at,
        until=one.until,
        is_open=one.until > world.services.clock.now(),
        is_own=one.login == caller.access.login,
        reviewed_at=one.reviewed_at,
        reviewed_by=one.reviewed_by.removeprefix("user:"),
        verdict=one.verdict,
    )


def _page(request: Request, caller: Caller, world: World, error: ScanindexError | None = None) -> Response:
    found = _all(caller, world, waiting=False)
    waiting = [_out(one, caller, world) for one in found if one.reviewed_at is None]
    done = [_out(one, caller, world) for one in found if one.reviewed_at is not None][:_MOST_SHOWN]
    return render.page(
        request,
        "glass_review.html",
        status=errors.status_of(error) if error else 200,
        waiting=waiting,
        done=done,
        patients=_named([*waiting, *done], caller, world),
        problem=str(error) if error else "",
    )


def _named(shown: list[ReviewedGrantOut], caller: Caller, world: World) -> dict[str, Patient]:
    """For who may see patients; that they were named is written down."""
    if not caller.access.may(Right.SUPERVISE):
        return {}
    found: dict[str, Patient] = {}
    for patient_id in {PatientId(one.patient_id) for one in shown}:
        if not caller.access.sees_patient(patient_id):
            continue
        person = world.services.roster.get(patient_id)
        if person is not None:
            found[patient_id] = person
    if found:
        trail.seen(caller.access, "glass", world.services, patient_ids=sorted(found))
    return found
