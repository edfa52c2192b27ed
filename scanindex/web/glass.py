"""Breaking the glass: opening a chart that is closed to one, with a reason and for a time.

The list that somebody else reviews afterwards stands on the same page for who may (see
`reviewable`). Promises: a miss is answered like any id that is not there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import fetch, outside, people
from scanindex.access_model import Access, Grant, Right
from scanindex.errors import NotFound, ScanindexError, TooManyTries, UsageError
from scanindex.model import PatientId
from scanindex.services import Services
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld

screens = APIRouter()
api = APIRouter(tags=["glass"])
Breaker = Annotated[Caller, needs(Right.BREAK_GLASS)]
Text = Annotated[str, Form(max_length=100)]
Reason = Annotated[str, Form(max_length=500)]


class GlassIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient_id: str = Field(min_length=1, max_length=80)
    reason: str = Field(min_length=10, max_length=500)


class GrantOut(BaseModel):
    grant_id: str
    patient_id: str
    opened_at: datetime
    until: datetime


@screens.get("/glass")
def entry(request: Request, caller: Breaker, world: TheWorld) -> Response:
    return _entry_page(request, caller.access, world.services)


@screens.post("/glass")
def break_by_number(
    request: Request, caller: Breaker, world: TheWorld, mrn: Text, birth_date: Text, reason: Reason
) -> Response:
    """Of somebody who is on no list of theirs: both numbers exactly, or nothing."""
    try:
        grant = outside.open_exactly(caller.access, mrn, birth_date, reason, world.services)
    except (NotFound, UsageError, TooManyTries) as error:
        status = errors.status_of(error)
        return _entry_page(request, caller.access, world.services, problem=str(error), status=status)
    return RedirectResponse(f"/charts/{grant.patient_id}", status_code=303)


@screens.post("/charts/{patient_id}/glass")
def break_on_chart(
    caller: Breaker, world: TheWorld, patient_id: str, reason: Annotated[str, Form(max_length=500)]
) -> Response:
    """Of a chart that they see in part."""
    grant = _broken(caller.access, patient_id, reason, world.services)
    return RedirectResponse(f"/charts/{grant.patient_id}", status_code=303)


@screens.post("/glass/{grant_id}/close")
def close_screen(caller: Breaker, world: TheWorld, grant_id: str) -> Response:
    grant = people.close_glass(caller.access, grant_id, world.services)
    is_seen = caller.access.patient_ids is None or grant.patient_id in caller.access.patient_ids
    return RedirectResponse(f"/charts/{grant.patient_id}" if is_seen else "/glass", status_code=303)


@api.post("/glass", status_code=201, responses=errors.DESCRIBED)
def break_glass(caller: Breaker, world: TheWorld, asked: GlassIn) -> GrantOut:
    """Open the chart of a patient for the minutes of the settings."""
    return _out(_broken(caller.access, asked.patient_id, asked.reason, world.services))


@api.get("/glass/open", responses=errors.DESCRIBED)
def open_now(caller: Breaker, world: TheWorld) -> list[GrantOut]:
    """Charts that one has open this way."""
    return [_out(grant) for grant in standing(caller.access, world.services)]


@api.post("/glass/{grant_id}/close", responses=errors.DESCRIBED)
def close(caller: Breaker, world: TheWorld, grant_id: str) -> GrantOut:
    """Close a chart that one had opened, before its time is over."""
    return _out(people.close_glass(caller.access, grant_id, world.services))


def standing(access: Access, services: Services, patient_id: PatientId | None = None) -> list[Grant]:
    """What the asker has open now; of one patient where given."""
    with services.catalog.read() as unit:
        found = unit.grants.active(access.login, services.clock.now())
    return [grant for grant in found if patient_id in (None, grant.patient_id)]


def _broken(access: Access, patient_id: str, reason: str, services: Services) -> Grant:
    """Only of somebody whose chart they see in part: others are opened by number and birth date."""
    person = fetch.patient(access, patient_id, services)
    return people.break_glass(access, person.patient_id, reason, services)


def _entry_page(
    request: Request, access: Access, services: Services, problem: str = "", status: int = 200
) -> Response:
    shown = []
    for grant in standing(access, services):
        try:
            shown.append((grant, fetch.patient(access, grant.patient_id, services)))
        except ScanindexError:
            continue
    return render.page(
        request,
        "glass.html",
        status=status,
        standing=shown,
        problem=problem,
        minutes=services.settings.access.glass_minutes,
    )


def _out(grant: Grant) -> GrantOut:
    return GrantOut(
        grant_id=grant.grant_id,
        patient_id=grant.patient_id,
        opened_at=grant.opened_at,
        until=grant.until,
    )
