"""Who may be taken for a patient, computed for display when asked; nothing of it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from scanindex.match import fold
from scanindex.model import Patient, PatientId
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_newborns import newborn

_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    code: str
    """namesake, namesake_same_birth_date, twin, generation, newborn, multiple_birth, check_digit."""
    text: str
    patient_ids: tuple[PatientId, ...] = ()


def flags_of(patient: Patient, roster: SqlRoster) -> tuple[Flag, ...]:
    """What makes paper of this patient easy to misfile."""
    found = [*_alike(patient, roster), *_born(patient, roster), *_child(patient)]
    if not all(roster.passes_check(i) for i in patient.identifiers):
        found.append(Flag(code="check_digit", text="A number breaks the check-digit rule of its authority."))
    return tuple(found)


def _alike(patient: Patient, roster: SqlRoster) -> list[Flag]:
    name = patient.names[0]
    key = fold.name_key(name.last), fold.name_key(name.first)
    others = [
        p
        for p in roster.by_name(name.last, name.first, _MOST)
        if p.patient_id != patient.patient_id
        and any((fold.name_key(n.last), fold.name_key(n.first)) == key for n in p.names)
    ]
    same_day = [p for p in others if p.birth_date and p.birth_date == patient.birth_date]
    elder = [p for p in others if fold.suffix_key(p.names[0].suffix) != fold.suffix_key(name.suffix)]
    found = [Flag(code="namesake", text=f"{_count(others)} of this name.", patient_ids=_ids(others))]
    found += [
        Flag(
            code="namesake_same_birth_date",
            text=f"{_count(same_day)} of this name and birth date.",
            patient_ids=_ids(same_day),
        ),
        Flag(
            code="generation",
            text=f"{_count(elder)} of this name with another suffix (Jr, Sr).",
            patient_ids=_ids(elder),
        ),
    ]
    return [flag for flag in found if flag.patient_ids]


def _born(patient: Patient, roster: SqlRoster) -> list[Flag]:
    if not patient.birth_date:
        return []
    last, first = fold.name_key(patient.names[0].last), fold.name_key(patient.names[0].first)
    twins = [
        p
        for p in roster.by_birth_date((patient.birth_date,), named={last})
        if p.patient_id != patient.patient_id
        and fold.name_key(p.names[0].last) == last
        and fold.name_key(p.names[0].first) != first
    ]
    text = f"{_count(twins)} of this last name and birth date (twins)."
    return [Flag(code="twin", text=text, patient_ids=_ids(twins))] if twins else []


def _child(patient: Patient) -> list[Flag]:
    child = newborn(patient.names[0])
    if child is None:
        return []
    found = [Flag(code="newborn", text="A newborn that has no name yet.")]
    if child.letter:
        found.append(Flag(code="multiple_birth", text=f"Child {child.letter} of a multiple birth."))
    return found


def _count(people: list[Patient]) -> str:
    return f"{len(people)} other patient{'s' if len(people) > 1 else ''}"


def _ids(people: list[Patient]) -> tuple[PatientId, ...]:
    return tuple(p.patient_id for p in people)
