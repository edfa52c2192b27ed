"""Patients: found while one types, listed, seen as the roster has them, added from paper.

Somebody bound to a list of patients meets nobody else here, not even as a namesake. Leaves out
what is done to records that are there (roster.py) and documents (charts).
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from scanindex import fetch, patient_corrections, registering, trail
from scanindex.access_model import Right
from scanindex.errors import ConflictError, NotAllowedNow, UsageError
from scanindex.model import Identifier, Patient, PatientId, PersonName
from scanindex.registering import LookAlikePerson
from scanindex.store.roster_flags import flags_of
from scanindex.web import errors, render
from scanindex.web.guard import Caller, needs
from scanindex.web.search_shown import PersonOut, person
from scanindex.web.suggestions import SuggestionOut, suggestion_out
from scanindex.web.world import TheWorld, World

screens = APIRouter()
api = APIRouter(tags=["patients"])
Reader = Annotated[Caller, needs(Right.READ)]
Registrar = Annotated[Caller, needs(Right.ROSTER)]
_MOST_SUGGESTED = 20
_MOST_LISTED = 50
_MOST_OWN = 200
_PAST_SHOWN = 20
_Short = Field(default="", max_length=100)


class SuggestIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=200)
    limit: int = Field(default=8, ge=1, le=_MOST_SUGGESTED)


class FindIn(SuggestIn):
    limit: int = Field(default=20, ge=1, le=_MOST_LISTED)


class SuggestOut(BaseModel):
    suggestions: list[SuggestionOut]


class NameOut(BaseModel):
    last: str
    first: str
    middle: str
    suffix: str
    use: str
    """official, former or alias."""


class NumberOut(BaseModel):
    authority: str
    type: str
    value: str


class FlagOut(BaseModel):
    code: str
    text: str
    patient_ids: list[str]


class RecordOut(PersonOut):
    names: list[NameOut]
    identifiers: list[NumberOut]
    ssn4: str | None
    phone: str | None
    address: str | None
    mother_mrn: str | None
    documents: int
    """Filed documents that the caller may see."""
    merged: list[PersonOut]
    """Records that became part of this one, as they were."""
    flags: list[FlagOut]
    """What makes paper of this patient easy to misfile; only for who may see everybody."""


class PatientIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    last: str = Field(min_length=1, max_length=100)
    first: str = _Short
    middle: str = _Short
    suffix: str = Field(default="", max_length=20)
    birth_date: str = Field(default="", max_length=10)
    """year-month-day, or "" where it is not known."""
    sex: str = Field(default="", max_length=20)
    mrn: str = Field(default="", max_length=40)
    authority: str = _Short
    """Whose number it is; "" for the site's own."""
    phone: str = Field(default="", max_length=40)
    address: str = Field(default="", max_length=200)
    is_another: bool = False
    """Somebody who looks alike is known, and it is none of them."""


class LookAlikeOut(PersonOut):
    why: str


class MayBeKnownOut(BaseModel):
    code: str
    message: str
    hint: str
    look_alikes: list[LookAlikeOut]


class AddedOut(BaseModel):
    patient_id: str


# --- API ------------------------------------------------------------------------------------
@api.post("/patients/suggest", responses=errors.DESCRIBED)
def suggest(asked: SuggestIn, caller: Reader, world: TheWorld) -> SuggestOut:
    """People for what is typed: parts of names, numbers, birth dates, in any order; best first.

    Not written into the trail key by key; opening or choosing somebody is.
    """
    return SuggestOut(suggestions=_suggested(asked.text, asked.limit, caller, world))


@api.post("/patients/find", responses=errors.DESCRIBED)
def find(asked: FindIn, caller: Reader, world: TheWorld) -> SuggestOut:
    """The same as a list, written into the trail."""
    return SuggestOut(suggestions=_listed(asked.text, asked.limit, caller, world))


@api.get("/patients/{patient_id}", responses=errors.DESCRIBED)
def record(patient_id: str, caller: Reader, world: TheWorld) -> RecordOut:
    """All that the roster holds about a patient, and who may be taken for them."""
    return _record(patient_id, caller, world)


@api.post(
    "/patients",
    status_code=201,
    response_model=AddedOut,
    responses={
        **errors.DESCRIBED,
        409: {"model": MayBeKnownOut | errors.ErrorOut, "description": "Somebody may be the same person."},
    },
)
def add(asked: PatientIn, caller: Registrar, world: TheWorld) -> Any:
    """Keep a person known from paper only; provisional until linked to the roster."""
    patient = _patient_of(asked, world)
    alike = () if asked.is_another else registering.look_alikes(caller.access, patient, world.services)
    if alike:
        _note_alike(alike, caller, world)
        body = MayBeKnownOut(
            code=ConflictError.code,
            message="Somebody who may be the same person is known already.",
            hint="Take that patient, or say that this is another person (is_another).",
            look_alikes=[_alike_out(one) for one in alike],
        )
        return JSONResponse(body.model_dump(), status_code=409)
    added = registering.add(caller.access, patient, world.services, is_another=asked.is_another)
    return AddedOut(patient_id=added)


# --- screens --------------------------------------------------------------------------------
@screens.get("/patients")
def patients_page(request: Request, caller: Reader, world: TheWorld) -> Response:
    own: list[Patient] = []
    if caller.access.scope.people is not None:
        known = (world.services.roster.get(one) for one in sorted(caller.access.scope.people)[:_MOST_OWN])
        own = sorted((one for one in known if one), key=lambda one: one.display_name.casefold())
        trail.seen(caller.access, "roster", world.services, patient_ids=[one.patient_id for one in own])
    return _list_page(request, world, text="", found=None, own=own)


@screens.post("/patients")
def find_form(
    request: Request,
    caller: Reader,
    world: TheWorld,
    text: Annotated[str, Form(max_length=200)] = "",
    patient_id: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """A list of who fits; or the one that was picked while typing."""
    if patient_id:
        return RedirectResponse(
            f"/patients/{fetch.patient(caller.access, patient_id, world.services).patient_id}", 303
        )
    found = _listed(text, _MOST_LISTED, caller, world) if text.strip() else None
    return _list_page(request, world, text=text, found=found, own=[])


@screens.get("/patients/new")
def new_page(request: Request, caller: Registrar, world: TheWorld) -> Response:
    return _new_page(request, world, {}, ())


@screens.post("/patients/new")
def new_form(
    request: Request,
    caller: Registrar,
    world: TheWorld,
    last: Annotated[str, Form(max_length=100)] = "",
    first: Annotated[str, Form(max_length=100)] = "",
    middle: Annotated[str, Form(max_length=100)] = "",
    suffix: Annotated[str, Form(max_length=20)] = "",
    birth_date: Annotated[str, Form(max_length=10)] = "",
    sex: Annotated[str, Form(max_length=20)] = "",
    mrn: Annotated[str, Form(max_length=40)] = "",
    phone: Annotated[str, Form(max_length=40)] = "",
    address: Annotated[str, Form(max_length=200)] = "",
    is_another: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """is_another: what was typed, as it was when the look-alikes were shown."""
    typed = {
        "last": last,
        "first": first,
        "middle": middle,
        "suffix": suffix,
        "birth_date": birth_date,
        "sex": sex,
        "mrn": mrn,
        "phone": phone,
        "address": address,
    }
    try:
        patient = _patient_of(PatientIn.model_validate(typed | {"last": last or "-"}), world)
        if not last.strip():
            raise UsageError("a new patient needs at least a last name")
        alike = registering.look_alikes(caller.access, patient, world.services)
        if alike and is_another != _typed_mark(typed):
            _note_alike(alike, caller, world)
            return _new_page(request, world, typed, alike, status=409)
        added = registering.add(caller.access, patient, world.services, is_another=True)
    except (UsageError, ConflictError) as error:
        return _new_page(request, world, typed, (), status=422, problem=str(error))
    return RedirectResponse(f"/patients/{added}?added", status_code=303)


@screens.get("/patients/{patient_id}")
def record_page(request: Request, caller: Reader, world: TheWorld, patient_id: str) -> Response:
    found = _record(patient_id, caller, world)
    is_registrar = caller.access.may(Right.ROSTER)
    past = world.workspace.roster.history(PatientId(found.patient_id)) if is_registrar else ()
    alike_ids = dict.fromkeys(one for flag in found.flags for one in flag.patient_ids)
    looked_up = (world.services.roster.get(PatientId(one)) for one in list(alike_ids)[:_MOST_SUGGESTED])
    alike = [one for one in looked_up if one]
    if alike:
        trail.seen(caller.access, "roster", world.services, patient_ids=[p.patient_id for p in alike])
    return render.page(
        request,
        "patient.html",
        patient=found,
        alike=alike,
        linked_to=world.workspace.roster.linked_to(PatientId(found.patient_id)),
        was_merged=found.patient_id != patient_id,
        correctable=_mark_of(found.patient_id, caller, world) if found.is_provisional else "",
        past=[(version, at[:16].replace("T", " "), one) for version, at, one in past[-_PAST_SHOWN:]],
        done=next((key for key in _DONE if key in request.query_params), ""),
        done_texts=_DONE,
    )


_DONE = {
    "added": "Added. The patient stays provisional until linked to the roster.",
    "merged": "Merged. Documents of the retired record are being filed here.",
    "separated": "Taken apart. Documents that came with the merge go back; what was filed since is to be "
    "looked at again.",
    "corrected": "Corrected. What waits is decided again; filed documents that no longer fit are to be "
    "looked at again.",
    "linked": "Linked. The documents are being filed here.",
}


def _list_page(
    request: Request, world: World, *, text: str, found: list[SuggestionOut] | None, own: list[Patient]
) -> Response:
    roster = world.workspace.roster
    return render.page(
        request,
        "patients.html",
        text=text,
        found=found,
        own=own,
        most=_MOST_LISTED,
        version=roster.version(),
        patients=roster.patients(),
    )


def _new_page(
    request: Request,
    world: World,
    typed: dict[str, str],
    alike: tuple[LookAlikePerson, ...],
    status: int = 200,
    problem: str = "",
) -> Response:
    return render.page(
        request,
        "patient_new.html",
        status=status,
        typed=typed,
        alike=alike,
        problem=problem,
        typed_mark=_typed_mark(typed) if alike else "",
    )


def _mark_of(patient_id: str, caller: Caller, world: World) -> str:
    """Of a record that they may correct; "" where they may not, or it went to another."""
    if not caller.access.may(Right.ROSTER_MERGE):
        return ""
    try:
        return patient_corrections.shown(caller.access, patient_id, world.workspace)[1]
    except (ConflictError, NotAllowedNow):
        return ""


# --- how ------------------------------------------------------------------------------------
def _suggested(text: str, limit: int, caller: Caller, world: World) -> list[SuggestionOut]:
    found = world.services.registry.suggest(text, limit, within=caller.access.scope.people)
    return [suggestion_out(one) for one in found]


def _listed(text: str, limit: int, caller: Caller, world: World) -> list[SuggestionOut]:
    found = _suggested(text, limit, caller, world)
    trail.search_made(caller.access, text, len(found), world.services, what="roster")
    if found:
        trail.seen(caller.access, "roster", world.services, patient_ids=[one.id for one in found])
    return found


def _record(patient_id: str, caller: Caller, world: World) -> RecordOut:
    patient = fetch.patient(caller.access, patient_id, world.services)
    trail.seen(caller.access, "roster", world.services, patient_ids=[patient.patient_id])
    roster, scope = world.workspace.roster, caller.access.scope
    with world.services.catalog.read() as unit:
        counts = unit.documents.filed_counts([patient.patient_id], scope.without_sensitivity, scope.opened)
    flags = flags_of(patient, roster) if scope.people is None and patient.names else ()
    return RecordOut(
        **person(patient).model_dump(),
        names=[
            NameOut(last=n.last, first=n.first, middle=n.middle, suffix=n.suffix, use=n.use)
            for n in patient.names
        ],
        identifiers=[
            NumberOut(authority=i.authority, type=i.type, value=i.value) for i in patient.identifiers
        ],
        ssn4=patient.ssn4,
        phone=patient.phone,
        address=patient.address,
        mother_mrn=patient.mother_mrn,
        documents=counts.get(patient.patient_id, 0),
        merged=[person(one) for one in roster.merged_into(patient.patient_id)],
        flags=[FlagOut(code=f.code, text=f.text, patient_ids=list(f.patient_ids)) for f in flags],
    )


def _patient_of(asked: PatientIn, world: World) -> Patient:
    """As typed, blanks at the ends aside. Raises UsageError for what cannot be printed."""
    said = {key: " ".join(value.split()) for key, value in asked if isinstance(value, str)}
    if not all(value.isprintable() for value in said.values()):
        raise UsageError("what was typed has characters that cannot be printed")
    authority = said["authority"] or world.settings.site.mrn_authority
    number = Identifier(authority=authority, type="mrn", value=said["mrn"])
    return Patient(
        patient_id=PatientId(""),
        names=(
            PersonName(last=said["last"], first=said["first"], middle=said["middle"], suffix=said["suffix"]),
        ),
        birth_date=said["birth_date"] or None,
        sex=said["sex"] or None,
        identifiers=(number,) if said["mrn"] else (),
        phone=said["phone"] or None,
        address=said["address"] or None,
        is_provisional=True,
    )


def _typed_mark(typed: dict[str, str]) -> str:
    """Of what was typed when look-alikes were shown: other words are looked at again."""
    text = "\0".join(f"{key}={' '.join(value.split())}" for key, value in sorted(typed.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _note_alike(alike: tuple[LookAlikePerson, ...], caller: Caller, world: World) -> None:
    trail.seen(caller.access, "roster", world.services, patient_ids=[one.patient.patient_id for one in alike])


def _alike_out(one: LookAlikePerson) -> LookAlikeOut:
    return LookAlikeOut(**person(one.patient).model_dump(), why=one.why)
