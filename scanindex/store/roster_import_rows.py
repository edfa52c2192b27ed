"""The database's side of an import: who holds a number now, and what a batch of rows leaves there.

Each function is part of the import's one transaction. Promises: looking up, adding and
confirming take a few statements for a whole batch; the person before a change stays in the
history. Leaves out: what a row may change, and what is told about it (roster_import).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from scanindex.model import Identifier, Patient, PatientId
from scanindex.store import roster_rows
from scanindex.store.roster_tables import roster_history, roster_identifiers, roster_names, roster_patients
from scanindex.store.roster_writes import (
    bulk_insert,
    drop_lookups,
    insert_lookups,
    insert_terms,
    utc_now,
)

_KNOWN = (
    select(
        roster_identifiers.c.authority,
        roster_identifiers.c.value,
        roster_identifiers.c.key,
        roster_patients.c.person_no,
        roster_patients.c.patient_id,
        roster_patients.c.is_provisional,
        roster_patients.c.version,
        roster_patients.c.told_at,
        roster_patients.c.body,
    )
    .join(roster_patients, roster_patients.c.person_no == roster_identifiers.c.person_no)
    .where(roster_identifiers.c.type == "mrn")
)


_KNOWN_BY_JSON = _KNOWN.where(
    roster_identifiers.c.key.in_(select(func.json_each(bindparam("keys")).table_valued("value").c.value))
)


@dataclass(slots=True)
class Held:
    """A person as the database holds it now, or will at the end of the batch."""

    person_no: int
    patient: Patient
    """Without what was merged into it."""
    version: int
    body: str
    told_at: str | None
    patient_id: PatientId


@dataclass(frozen=True, slots=True)
class Added:
    """A person that the file brings."""

    number: int
    line_no: int
    patient_id: PatientId
    patient: Patient
    body: str
    told_at: str | None = None


def held_by(
    connection: Connection, numbers: Iterable[Iterable[Identifier]]
) -> tuple[dict[tuple[str, str], Held], set[tuple[str, str]]]:
    """Holders of these numbers, by exact value; and which zero-blind keys are held."""
    keys = sorted({roster_rows.number_key(i.value) for some in numbers for i in some})
    exact: dict[tuple[str, str], Held] = {}
    loose: set[tuple[str, str]] = set()
    by_number: dict[int, Held] = {}
    for r in _rows_of(connection, keys):
        loose.add((r.authority, r.key))
        held = by_number.get(r.person_no)
        if held is None:
            patient = roster_rows.own_of(r.patient_id, r.is_provisional, r.body)
            held = Held(r.person_no, patient, r.version, r.body, r.told_at, patient.patient_id)
            by_number[r.person_no] = held
        exact[r.authority, r.value] = held
    return exact, loose


def _rows_of(connection: Connection, keys: Sequence[str]) -> Iterable[Any]:
    if not keys:
        return ()
    if connection.dialect.name == "sqlite":  # one value instead of thousands of marks to compile
        return connection.execute(_KNOWN_BY_JSON, {"keys": json.dumps(keys)})
    return connection.execute(_KNOWN.where(roster_identifiers.c.key.in_(keys)))


def insert_people(
    connection: Connection, version: int, added: Sequence[Added], known_words: set[str]
) -> None:
    """People who are in no earlier roster; known_words as in `roster_writes.insert_terms`."""
    bulk_insert(
        connection,
        roster_patients,
        ("person_no", "patient_id", "birth_date", "is_provisional", "version", "line_no", "told_at", "body"),
        [
            (
                a.number,
                a.patient_id,
                a.patient.birth_date,
                False,
                version,
                a.line_no,
                a.told_at,
                a.body,
            )
            for a in added
        ],
    )
    names = [row for a in added for row in roster_rows.name_tuples(a.number, a.patient)]
    bulk_insert(connection, roster_names, roster_rows.NAME_COLUMNS, names)
    numbers = [row for a in added for row in roster_rows.identifier_tuples(a.number, a.patient)]
    bulk_insert(connection, roster_identifiers, roster_rows.IDENTIFIER_COLUMNS, numbers)
    insert_terms(connection, ((a.number, a.patient) for a in added), known_words)


def touch_people(connection: Connection, version: int, seen: Sequence[dict[str, object]]) -> None:
    """People whom the file holds as they are known: `number` (person_no), `line` and `told` of each."""
    connection.execute(
        update(roster_patients)
        .where(roster_patients.c.person_no == bindparam("number"))
        .values(version=version, line_no=bindparam("line"), told_at=bindparam("told")),
        seen,
    )


def change_person(
    connection: Connection, version: int, line_no: int, here: Held, now: Patient, told_at: str | None
) -> None:
    """A person as the file tells it now; `here` is brought up to date too."""
    execute = connection.execute
    past = {
        "person_no": here.person_no,
        "version": version,
        "changed_at": utc_now(),
        "body": here.body,
    }
    execute(insert(roster_history), [past])
    body = roster_rows.body_of(now, roster_rows.absorbed_of(here.body))
    execute(
        update(roster_patients)
        .where(roster_patients.c.person_no == here.person_no)
        .values(
            version=version,
            line_no=line_no,
            told_at=told_at,
            birth_date=now.birth_date,
            is_provisional=False,
            body=body,
        )
    )
    drop_lookups(connection, [here.person_no])
    whole = roster_rows.patient_of(now.patient_id, False, body)
    insert_lookups(connection, here.person_no, whole)
    here.version, here.patient, here.body, here.told_at = version, now, body, told_at
