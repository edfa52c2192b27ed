"""A patient added by hand: first who is known already and may be the same person, then the new record.

Promises: nobody is added while somebody who may be the same is known, unless it was said that they
are another person; who is added stays provisional until linked to the roster. Namesakes are shown
only among people that may be named to the asker. Leaves out merging and linking (roster_work).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from scanindex import review
from scanindex.access_model import Access
from scanindex.errors import ConflictError, UsageError
from scanindex.match import fold
from scanindex.model import Patient, PatientId
from scanindex.services import Services

MOST_SHOWN = 10
_ASKED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlikePerson:
    patient: Patient
    why: str = field(repr=False)
    """Plain words."""


def look_alikes(access: Access, patient: Patient, services: Services) -> tuple[LookAlikePerson, ...]:
    """Who may be this person, most alike first; at most ten."""
    found: dict[PatientId, LookAlikePerson] = {}
    for person, why in _alike(patient, services):
        if person.patient_id != patient.patient_id and access.sees_patient(person.patient_id):
            found.setdefault(person.patient_id, LookAlikePerson(patient=person, why=why))
    return tuple(found.values())[:MOST_SHOWN]


def _alike(patient: Patient, services: Services) -> Iterator[tuple[Patient, str]]:
    """The strongest sign first; a person may come several times."""
    roster = services.roster
    for person in roster.by_identifier([i.value for i in patient.identifiers]):
        yield person, "has the number"
    name = patient.names[0]
    last, first = fold.name_key(name.last), fold.name_key(name.first)
    named = roster.by_name(name.last, name.first, _ASKED)
    for person in named:
        if patient.birth_date and person.birth_date == patient.birth_date:
            yield person, "same birth date, same or similar name"
    if patient.birth_date:
        for person in roster.by_birth_date((patient.birth_date,), named={last, first}):
            yield person, "same birth date and one of the names"
    for person in named:
        if any((fold.name_key(n.last), fold.name_key(n.first)) == (last, first) for n in person.names):
            yield person, "same name"
    for person in named:
        yield person, "similar name"


def add(access: Access, patient: Patient, services: Services, *, is_another: bool = False) -> PatientId:
    """Keep a person known from paper only. Raises UsageError; ConflictError where somebody may
    be the same, or a number is somebody's already.

    is_another: the asker saw who looks alike and says that it is none of them.
    """
    check(patient, services)
    if not is_another and look_alikes(access, patient, services):
        raise ConflictError(
            "somebody who may be the same person is known already",
            hint="Take that patient, or say that this is another person.",
        )
    kept = dataclasses.replace(patient, patient_id=PatientId(""), is_provisional=True)
    return review.new_patient(kept, access.actor, services)


def check(patient: Patient, services: Services) -> None:
    """Raises UsageError for what no person can be: without a last name, born on no day or not yet."""
    if not patient.names or not fold.name_key(patient.names[0].last):
        raise UsageError("a new patient needs at least a last name")
    if patient.birth_date is None:
        return
    try:
        born = date.fromisoformat(patient.birth_date)
    except ValueError:
        raise UsageError("the birth date is no day that there was; write it as year-month-day") from None
    if born > services.clock.now().date():
        raise UsageError("the birth date lies in the future")
