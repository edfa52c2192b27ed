"""A patient outside one's list, opened by breaking the glass: by exact record number and birth date.

Promises: nobody can browse or guess their way to a person this way. Both must be right, a miss
says nothing about which was wrong, every miss is written down, and after a few within an hour no
further try is taken. Leaves out who may be found otherwise (find_patients) and the review of it
(people.review_grant).
"""

from __future__ import annotations

from datetime import timedelta

from scanindex import people, trail
from scanindex.access_model import Access, Grant, Right
from scanindex.errors import Forbidden, NotFound, TooManyTries, UsageError
from scanindex.model import Patient
from scanindex.people.glass import FEWEST_CHARACTERS
from scanindex.services import Services
from scanindex.trail_model import DENIED, TrailFilter

MOST_MISSES = 5
_WITHIN = timedelta(hours=1)
_WHAT = "glass"


def open_exactly(access: Access, mrn: str, birth_date: str, reason: str, services: Services) -> Grant:
    """mrn as printed; birth_date ISO. Raises Forbidden, UsageError, TooManyTries, NotFound."""
    if not access.may(Right.BREAK_GLASS):
        trail.denied(access, _WHAT, services)
        raise Forbidden
    # Before anybody is looked for: a bad reason must not tell that there is such a patient.
    if len(" ".join(reason.split())) < FEWEST_CHARACTERS:
        raise UsageError(f"say why, in at least {FEWEST_CHARACTERS} characters")
    _refuse_guessing(access, services)
    found = _exactly(mrn.strip(), birth_date.strip(), services)
    if found is None:
        trail.denied(access, _WHAT, services, missed=True)
        raise NotFound("no patient has this record number and this birth date")
    return people.break_glass(access, found.patient_id, reason, services)


def _exactly(mrn: str, birth_date: str, services: Services) -> Patient | None:
    if not mrn or len(birth_date) != 10:
        return None
    known = {p.patient_id: p for p in services.roster.by_identifier([mrn])}
    fits = [
        p
        for p in known.values()
        if p.birth_date == birth_date and any(i.type == "mrn" and i.value == mrn for i in p.identifiers)
    ]
    return fits[0] if len(fits) == 1 else None


def _refuse_guessing(access: Access, services: Services) -> None:
    since = services.clock.now() - _WITHIN
    wanted = TrailFilter(actor=access.actor, kinds=(DENIED,), since=since, limit=200)
    with services.catalog.read() as unit:
        misses = sum(entry.what == _WHAT for entry in unit.events.trail(wanted))
    if misses >= MOST_MISSES:
        trail.denied(access, "glass tries", services)
        raise TooManyTries("too many tries that found nobody; try again in an hour")
