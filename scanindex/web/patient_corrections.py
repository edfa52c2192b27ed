"""The screen on which a supervisor puts right what is known about a patient from paper only.

Who looks alike is shown before anything changes; why is asked for and kept. Leaves out patients of the
hospital's roster (changed there) and the doing (scanindex/patient_corrections.py).
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import patient_corrections, roster_work, trail
from scanindex.access_model import Right
from scanindex.errors import ConflictError, UsageError
from scanindex.model import Patient
from scanindex.patient_corrections import Corrected, Said
from scanindex.registering import LookAlikePerson
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.search_shown import PersonOut, person
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["patients"])
Corrector = Annotated[Caller, needs(Right.ROSTER_MERGE)]
SeenText = Annotated[str, Form(max_length=64)]
ReasonText = Annotated[str, Form(max_length=500)]
NameText = Annotated[str, Form(max_length=100)]
_Short = Field(default="", max_length=100)
_Seen = Field(min_length=1, max_length=64)
_Reason = Field(min_length=1, max_length=500)


class CorrectionIn(BaseModel):
    """The whole of it as it should read; what is left out is not known."""

    model_config = ConfigDict(extra="forbid")
    last: str = Field(min_length=1, max_length=100)
    first: str = _Short
    middle: str = _Short
    suffix: str = Field(default="", max_length=20)
    birth_date: str = Field(default="", max_length=10)
    """year-month-day, or "" where it is not known."""
    sex: str = Field(default="", max_length=20)
    seen: str = _Seen
    """Of `correction`: a change in between is noticed by it."""
    reason: str = _Reason
    is_another: bool = False
    """Somebody who looks alike is known, and it is none of them."""


class TakeBackIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seen: str = _Seen
    reason: str = _Reason


class CorrectableOut(BaseModel):
    patient: PersonOut
    seen: str


class CorrectedOut(BaseModel):
    patient: PersonOut
    decided_again: int
    """Of what waits; 0 where the running service does it in its turn."""
    to_recheck: int
    """Filed documents that came to the recheck list."""


# --- API ------------------------------------------------------------------------------------
@api.get("/patients/{patient_id}/correction", responses=errors.DESCRIBED)
def correctable(patient_id: str, caller: Corrector, world: TheWorld) -> CorrectableOut:
    """A record known from paper only, as it is, and its mark."""
    found, seen = _shown(patient_id, caller, world)
    return CorrectableOut(patient=person(found), seen=seen)


@api.post("/patients/{patient_id}/correction", responses=errors.DESCRIBED)
def correct(patient_id: str, asked: CorrectionIn, caller: Corrector, world: TheWorld) -> CorrectedOut:
    """Put name, birth date and sex of a provisional patient right. 409: it changed, or somebody may be
    the same person."""
    return _out(_correct(patient_id, asked, caller, world))


@api.post("/patients/{patient_id}/correction/undo", responses=errors.DESCRIBED)
def take_back(patient_id: str, asked: TakeBackIn, caller: Corrector, world: TheWorld) -> CorrectedOut:
    """The record as it was before its last change."""
    return _out(_take_back(patient_id, asked.seen, asked.reason, caller, world))


# --- screens --------------------------------------------------------------------------------
@screens.get("/patients/{patient_id}/correct")
def correct_page(request: Request, caller: Corrector, world: TheWorld, patient_id: str) -> Response:
    found, seen = _shown(patient_id, caller, world)
    name = found.names[0]
    typed = {
        "last": name.last,
        "first": name.first,
        "middle": name.middle,
        "suffix": name.suffix,
        "birth_date": found.birth_date or "",
        "sex": found.sex or "",
    }
    return _page(request, found, typed, seen)


@screens.post("/patients/{patient_id}/correct")
def correct_form(
    request: Request,
    caller: Corrector,
    world: TheWorld,
    patient_id: str,
    seen: SeenText,
    last: NameText = "",
    first: NameText = "",
    middle: NameText = "",
    suffix: Annotated[str, Form(max_length=20)] = "",
    birth_date: Annotated[str, Form(max_length=10)] = "",
    sex: Annotated[str, Form(max_length=20)] = "",
    note: ReasonText = "",
    is_another: SeenText = "",
) -> Response:
    """is_another: what was typed, as it was when the look-alikes were shown."""
    found, _ = _shown(patient_id, caller, world)
    typed = {
        "last": last,
        "first": first,
        "middle": middle,
        "suffix": suffix,
        "birth_date": birth_date,
        "sex": sex,
    }
    try:
        alike = patient_corrections.look_alikes(caller.access, patient_id, _said(typed), world.workspace)
        if alike and is_another != _typed_mark(typed):
            return _page(request, found, typed, seen, alike=alike, reason=note, status=409)
        asked = CorrectionIn(**typed, seen=seen, reason=note or " ", is_another=True)
        _correct(patient_id, asked, caller, world)
    except (UsageError, ConflictError) as error:
        return _page(request, found, typed, seen, reason=note, problem=str(error), status=409)
    return RedirectResponse(f"/patients/{patient_id}?corrected", status_code=303)


@screens.post("/patients/{patient_id}/correct/undo")
def take_back_form(
    caller: Corrector, world: TheWorld, patient_id: str, seen: SeenText, note: ReasonText = ""
) -> Response:
    _take_back(patient_id, seen, note, caller, world)
    return RedirectResponse(f"/patients/{patient_id}?corrected", status_code=303)


# --- how ------------------------------------------------------------------------------------
def _shown(patient_id: str, caller: Caller, world: World) -> tuple[Patient, str]:
    found, seen = patient_corrections.shown(caller.access, patient_id, world.workspace)
    trail.seen(caller.access, "roster", world.services, patient_ids=[found.patient_id])
    return found, seen


def _correct(patient_id: str, asked: CorrectionIn, caller: Caller, world: World) -> Corrected:
    said = _said(asked.model_dump(include={"last", "first", "middle", "suffix", "birth_date", "sex"}))
    done = patient_corrections.correct(
        caller.access,
        patient_id,
        said,
        asked.seen,
        asked.reason,
        world.workspace,
        is_another=asked.is_another,
    )
    world.file_soon(roster_work.being_filed(world.workspace))
    return done


def _take_back(patient_id: str, seen: str, reason: str, caller: Caller, world: World) -> Corrected:
    done = patient_corrections.take_back(caller.access, patient_id, seen, reason, world.workspace)
    world.file_soon(roster_work.being_filed(world.workspace))
    return done


def _said(typed: dict[str, str]) -> Said:
    """As typed, blanks at the ends aside. Raises UsageError for what cannot be printed."""
    words = {key: " ".join(value.split()) for key, value in typed.items()}
    if not all(value.isprintable() for value in words.values()):
        raise UsageError("what was typed has characters that cannot be printed")
    return Said(
        last=words["last"],
        first=words["first"],
        middle=words["middle"],
        suffix=words["suffix"],
        birth_date=words["birth_date"] or None,
        sex=words["sex"] or None,
    )


def _typed_mark(typed: dict[str, str]) -> str:
    text = "\0".join(f"{key}={' '.join(value.split())}" for key, value in sorted(typed.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _out(done: Corrected) -> CorrectedOut:
    return CorrectedOut(
        patient=person(done.patient), decided_again=done.decided_again, to_recheck=done.to_recheck
    )


def _page(
    request: Request,
    patient: Patient,
    typed: dict[str, str],
    seen: str,
    *,
    alike: tuple[LookAlikePerson, ...] = (),
    reason: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    return render.page(
        request,
        "patient_correct.html",
        status=status,
        patient=person(patient),
        typed=typed,
        seen=seen,
        alike=alike,
        typed_mark=_typed_mark(typed) if alike else "",
        reason=reason,
        problem=problem,
    )
