"""Whom a change of the roster may touch: those who changed or came, and who may be taken for them.

The same people as `SqlRoster.is_touched` says, found from the few who changed instead of by asking
about everybody who has documents.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from scanindex.model import PatientId
from scanindex.store.roster_tables import roster_history, roster_identifiers, roster_names, roster_patients

_MOST_CHANGED = 2_000
_MOST_TOUCHED = 50_000
_AT_ONCE = 500
_P, _H = roster_patients.c, roster_history.c


def touched_since(connection: Connection, since_version: int, first_new: int) -> frozenset[PatientId] | None:
    """first_new: the first person given out after that version. None where they are too many."""
    changed: set[int] = set()
    for query in (
        select(_H.person_no).where(_H.version > since_version),
        select(_P.person_no).where(_P.person_no >= first_new),
    ):
        changed.update(row[0] for row in connection.execute(query.limit(_MOST_CHANGED + 1)))
    if len(changed) > _MOST_CHANGED:
        return None
    touched = set(changed)
    for part in _parts(sorted(changed)):
        for like in _alike(part):
            touched.update(row[0] for row in connection.execute(like))
        if len(touched) > _MOST_TOUCHED:
            return None
    found: set[PatientId] = set()
    for part in _parts(sorted(touched)):
        rows = connection.execute(select(_P.patient_id).where(_P.person_no.in_(part)))
        found.update(PatientId(row[0]) for row in rows)
    return frozenset(found)


def _alike(changed: list[int]) -> Iterable[Select[Any]]:
    mine, other = roster_names.alias("mine"), roster_names.alias("other")
    same_last = other.c.last_key == mine.c.last_key
    for also in (other.c.first_key == mine.c.first_key, other.c.birth_date == mine.c.birth_date):
        joined = mine.join(other, and_(same_last, also))
        yield select(other.c.person_no).select_from(joined).where(mine.c.person_no.in_(changed)).distinct()
    held, same = roster_identifiers.alias("held"), roster_identifiers.alias("same")
    numbers = held.join(same, same.c.key == held.c.key)
    yield select(same.c.person_no).select_from(numbers).where(held.c.person_no.in_(changed)).distinct()


def _parts(numbers: list[int]) -> Iterable[list[int]]:
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))
