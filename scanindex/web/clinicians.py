"""Clinicians' lists of patients, kept by who supervises: whoever keeps logins sees no patients."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import people
from scanindex.access_model import Right
from scanindex.errors import ConfigError, NotAllowedNow, NotFound
from scanindex.model import PatientId
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["clinicians"])
Supervisor = Annotated[Caller, needs(Right.SUPERVISE)]
Number = Annotated[str, Field(max_length=80)]


class ClinicianOut(BaseModel):
    login: str
    name: str
    is_disabled: bool
    patients: int


class ListedPatientOut(BaseModel):
    patient_id: str
    name: str
    birth_date: str
    mrn: str
    is_gone: bool
    """The roster has no such record any more."""


class NumbersIn(BaseModel):
    """Record numbers or ids, exactly as they are."""

    model_config = ConfigDict(extra="forbid")

    numbers: list[Number] = Field(min_length=1, max_length=2_000)


class PatientIdsIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient_ids: list[Number] = Field(min_length=1, max_length=20_000)


class ListedOut(BaseModel):
    added: int
    known: int
    """Were on the list already."""
    problems: list[str]
    """By line; never the number itself."""


class RemovedOut(BaseModel):
    removed: int


@screens.get("/clinicians")
def clinicians_page(request: Request, caller: Supervisor, world: TheWorld) -> Response:
    return render.page(request, "clinicians.html", clinicians=_all(caller, world))


@screens.get("/clinicians/{login}")
def list_page(request: Request, caller: Supervisor, world: TheWorld, login: str) -> Response:
    return _list_page(request, caller, world, login)


@screens.post("/clinicians/{login}/add")
def add_form(
    request: Request,
    caller: Supervisor,
    world: TheWorld,
    login: str,
    numbers: Annotated[str, Form(max_length=200_000)] = "",
    patient_id: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    try:
        lines = [*([patient_id] if patient_id else []), *numbers.splitlines()]
        done = people.add_patients(caller.access, login, lines, world.services)
    except (ConfigError, NotAllowedNow) as error:
        return _list_page(request, caller, world, login, problem=str(error), status=errors.status_of(error))
    return _list_page(request, caller, world, login, done=done)


@screens.post("/clinicians/{login}/remove")
def remove_form(
    caller: Supervisor,
    world: TheWorld,
    login: str,
    patient_ids: Annotated[list[str], Form(max_length=20_000)] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    people.remove_patients(caller.access, login, map(PatientId, patient_ids), world.services)
    return RedirectResponse(f"/clinicians/{login}", status_code=303)


@api.get("/clinicians")
def clinicians(caller: Supervisor, world: TheWorld) -> list[ClinicianOut]:
    """Everybody who sees only the patients of a list."""
    return _all(caller, world)


@api.get("/clinicians/{login}/patients", responses=errors.DESCRIBED)
def patients(caller: Supervisor, world: TheWorld, login: str) -> list[ListedPatientOut]:
    """Whom their list names."""
    return _patients(caller, login, world)


@api.post("/clinicians/{login}/patients", responses=errors.DESCRIBED)
def add(caller: Supervisor, world: TheWorld, login: str, asked: NumbersIn) -> ListedOut:
    """Put those on the list that exactly one record answers to; the others are told by line."""
    done = people.add_patients(caller.access, login, asked.numbers, world.services)
    return ListedOut(added=done.added, known=done.known, problems=list(done.problems))


@api.post("/clinicians/{login}/patients/remove", responses=errors.DESCRIBED)
def remove(caller: Supervisor, world: TheWorld, login: str, asked: PatientIdsIn) -> RemovedOut:
    """Take these off the list; what was read before stays in the trail."""
    ids = map(PatientId, asked.patient_ids)
    return RemovedOut(removed=people.remove_patients(caller.access, login, ids, world.services))


def _all(caller: Caller, world: World) -> list[ClinicianOut]:
    found = people.clinicians(caller.access, world.services)
    return [
        ClinicianOut(
            login=user.login, name=user.name, is_disabled=user.is_disabled, patients=len(user.patient_ids)
        )
        for user in found
    ]


def _patients(caller: Caller, login: str, world: World) -> list[ListedPatientOut]:
    found = people.patients_of(caller.access, login, world.services)
    return [
        ListedPatientOut(
            patient_id=patient_id,
            name=one.display_name if one else "",
            birth_date=(one.birth_date or "") if one else "",
            mrn=(one.mrn or "") if one else "",
            is_gone=one is None,
        )
        for patient_id, one in found
    ]


def _list_page(
    request: Request,
    caller: Caller,
    world: World,
    login: str,
    *,
    done: people.Listed | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    known = next((one for one in _all(caller, world) if one.login == login), None)
    if known is None:
        raise NotFound()
    return render.page(
        request,
        "clinician.html",
        status=status,
        clinician=known,
        patients=_patients(caller, login, world),
        done=done,
        problem=problem,
    )
