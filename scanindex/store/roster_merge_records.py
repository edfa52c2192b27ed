"""Two records of the roster as the database holds them: found, made one, taken apart, counted.

Each function is part of the merge's transaction. Promises: both stay in the history as they
were, and their look-up rows always say who is found now. Leaves out: whether two records
may be one, and the list of merges (roster_merging, roster_merge_rows).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from scanindex.errors import NotFound
from scanindex.model import Patient, PatientId
from scanindex.store import roster_rows
from scanindex.store import roster_statements as queries
from scanindex.store.roster_tables import roster_identifiers, roster_patients, roster_versions
from scanindex.store.roster_writes import drop_lookups, insert_lookups, keep_history, utc_now


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the database holds it."""

    person_no: int
    patient_id: PatientId
    is_provisional: bool
    body: str
    linked_to: str | None
    merged_into: str | None

    @property
    def own(self) -> Patient:
        return roster_rows.own_of(self.patient_id, self.is_provisional, self.body)

    @property
    def whole(self) -> Patient:
        return roster_rows.patient_of(self.patient_id, self.is_provisional, self.body)


def absorb(connection: Connection, loser: Record, survivor: Record, version: int) -> None:
    """The survivor takes over the loser's names and numbers and stands for it."""
    for row in (loser, survivor):
        keep_history(connection, row.person_no, row.body, version)
    drop_lookups(connection, [loser.person_no, survivor.person_no])
    absorbed = (*roster_rows.absorbed_of(survivor.body), roster_rows.absorbing(loser.whole))
    _put(connection, survivor, roster_rows.body_of(survivor.own, absorbed))
    _point(connection, loser, survivor.patient_id)


def take_apart(connection: Connection, loser: Record, survivor: Record, version: int) -> None:
    """The loser is found again, and the survivor no longer by what came with it."""
    for row in (loser, survivor):
        keep_history(connection, row.person_no, row.body, version)
    left = tuple(a for a in roster_rows.absorbed_of(survivor.body) if a.patient_id != loser.patient_id)
    drop_lookups(connection, [loser.person_no, survivor.person_no])
    _put(connection, survivor, roster_rows.body_of(survivor.own, left))
    _point(connection, loser, None)
    insert_lookups(connection, loser.person_no, loser.whole)


def _put(connection: Connection, row: Record, body: str) -> None:
    connection.execute(
        update(roster_patients).where(roster_patients.c.person_no == row.person_no).values(body=body)
    )
    insert_lookups(
        connection, row.person_no, roster_rows.patient_of(row.patient_id, row.is_provisional, body)
    )


def _point(connection: Connection, loser: Record, survivor_id: str | None) -> None:
    connection.execute(
        update(roster_patients)
        .where(roster_patients.c.person_no == loser.person_no)
        .values(merged_into=survivor_id, linked_to=survivor_id)
    )


def record_of(connection: Connection, patient_id: str) -> Record:
    """Raises NotFound."""
    found = connection.execute(
        queries.people().where(roster_patients.c.patient_id == patient_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"patient {patient_id}")
    return _record(found)


def _record(found: Any) -> Record:
    return Record(
        found.person_no,
        PatientId(found.patient_id),
        found.is_provisional,
        found.body,
        found.linked_to,
        found.merged_into,
    )


def standing(connection: Connection, patient_id: str) -> Record:
    """The record, or who stands for it after merges."""
    row = record_of(connection, patient_id)
    return standing(connection, row.merged_into) if row.merged_into else row


def holder_of(connection: Connection, number: tuple[str, str]) -> Record | None:
    """Who has this number (authority, value) now."""
    held = roster_identifiers.c
    found = connection.execute(
        queries.people()
        .join(roster_identifiers, held.person_no == roster_patients.c.person_no)
        .where(held.authority == number[0], held.value == number[1], held.type == "mrn")
    ).one_or_none()
    return _record(found) if found else None


def new_version(connection: Connection, summary: dict[str, int], patients: int) -> int:
    """Begin a roster version with so many people more or less; returns it."""
    last = connection.execute(queries.LAST_VERSION).one_or_none()
    version = (last.version if last else 0) + 1
    row = {
        "version": version,
        "imported_at": utc_now(),
        "authority": "",
        "file_sha256": "",
        "patients": (last.patients if last else 0) + patients,
        "statistics": last.statistics if last else roster_rows.to_text(roster_rows.Statistics()),
        "summary": json.dumps(summary),
    }
    connection.execute(insert(roster_versions), [row])
    return version


def count_merge(connection: Connection, version: int) -> None:
    """One merge more, and one patient fewer, in this version."""
    column = roster_versions.c
    where = column.version == version
    row = connection.execute(select(column.patients, column.summary).where(where)).one()
    merges = json.loads(row.summary)["merges"] + 1
    values = {"patients": row.patients - 1, "summary": json.dumps({"merges": merges})}
    connection.execute(update(roster_versions).where(where).values(**values))
