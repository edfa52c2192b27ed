"""Whose charts a clinician may see: the list, kept by who supervises.

Whoever keeps logins sees no charts and so no lists, only how long one is. Patients are named by
record number or id, exactly as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scanindex import trail
from scanindex.access_model import Access, Right, StaffRole, User
from scanindex.errors import NotAllowedNow, UsageError
from scanindex.model import Patient, PatientId
from scanindex.people.common import known, require
from scanindex.ports import Unit
from scanindex.services import Services

MOST_AT_ONCE = 2_000
_MOST_PATIENTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What became of the numbers that were given."""

    added: int
    known: int
    """Were on the list already."""
    problems: tuple[str, ...] = field(default=(), repr=False)
    """Line by line, without the number itself."""


def clinicians(access: Access, services: Services) -> Sequence[User]:
    """Everybody whose view is bound to a list. Raises Forbidden."""
    require(access, Right.SUPERVISE)
    with services.catalog.read() as unit:
        return [user for user in unit.users.all() if is_listed(user)]


def is_listed(user: User) -> bool:
    """Whether a list bounds what they see (a clerk's or supervisor's work is with every chart)."""
    return StaffRole.CLINICIAN in user.roles and not {StaffRole.CLERK, StaffRole.SUPERVISOR} & set(user.roles)


def patients_of(access: Access, login: str, services: Services) -> Sequence[tuple[PatientId, Patient | None]]:
    """The list, by name; None where the record is gone. Raises Forbidden, NotFound."""
    require(access, Right.SUPERVISE)
    with services.catalog.read() as unit:
        user = known(login, unit)
    found = [(one, services.roster.get(one)) for one in sorted(user.patient_ids)]
    if found:
        trail.seen(access, "patient list", services, patient_ids=[one for one, _ in found], login=login)
    return sorted(found, key=lambda pair: pair[1].display_name.casefold() if pair[1] else "")


def add_patients(access: Access, login: str, numbers: Iterable[str], services: Services) -> Listed:
    """Put those on the list that one record answers to. Raises Forbidden, UsageError, NotFound."""
    require(access, Right.SUPERVISE)
    lines = [text.strip() for text in numbers]
    if sum(map(bool, lines)) > MOST_AT_ONCE:
        raise UsageError(f"at most {MOST_AT_ONCE} patients at once")
    found, problems = _looked_up(lines, services)
    with services.catalog.write() as unit:
        before = _listed(login, unit)
        after = before.patient_ids | found
        if len(after) > _MOST_PATIENTS:
            raise UsageError(f"a list has at most {_MOST_PATIENTS} patients; that is the work of a clerk")
        new = sorted(after - before.patient_ids)
        if new:
            unit.users.put(dataclasses.replace(before, patient_ids=after))
            unit.events.append("patients_listed", access.actor, login=login, patient_ids=new, count=len(new))
    return Listed(added=len(new), known=len(found) - len(new), problems=problems)


def remove_patients(access: Access, login: str, patient_ids: Iterable[PatientId], services: Services) -> int:
    """Take them off; how many were on it. Raises Forbidden, NotFound."""
    require(access, Right.SUPERVISE)
    with services.catalog.write() as unit:
        before = known(login, unit)
        gone = sorted(before.patient_ids & frozenset(patient_ids))
        if gone:
            left = before.patient_ids - frozenset(gone)
            unit.users.put(dataclasses.replace(before, patient_ids=left))
            unit.events.append(
                "patients_unlisted", access.actor, login=login, patient_ids=gone, count=len(gone)
            )
    return len(gone)


def _listed(login: str, unit: Unit) -> User:
    user = known(login, unit)
    if not is_listed(user):
        raise NotAllowedNow("a list bounds clinicians only; what this person sees does not depend on one")
    return user


def _looked_up(lines: Sequence[str], services: Services) -> tuple[frozenset[PatientId], tuple[str, ...]]:
    found: set[PatientId] = set()
    problems: list[str] = []
    for number, text in enumerate(lines, start=1):
        if not text:
            continue
        by_id = services.roster.get(PatientId(text))
        fitting = [by_id] if by_id else services.roster.by_identifier([text])
        # The roster passes over leading zeros and signs: "40021" would open the chart of "0040021".
        exact = {p.patient_id for p in fitting if by_id or _has_number(p, text)}
        if len(exact) == 1:
            found |= exact
        else:
            problems.append(f"line {number}: {_why_not(bool(exact), bool(fitting))}")
    return frozenset(found), tuple(problems)


def _has_number(patient: Patient, text: str) -> bool:
    return any(one.value.casefold() == text.casefold() for one in patient.identifiers)


def _why_not(are_several: bool, is_near: bool) -> str:
    if are_several:
        return "several patients have this number; pick the one you mean by name"
    if is_near:
        return "no patient has exactly this number; one differs in leading zeros or signs only"
    return "no patient has this number"
