"""Two records of the roster as the database holds them: found, made one, taken apart, counted.

Each function is part of the merge's transaction. Promises: both stay in the history as they
were, and their look-up rows always say who is found now. Leaves out: whether two records
may be one, and the list of merges (roster_merging, roster_merge_rows).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from scanindex.errors import NotFound
from scanindex.model import Patient, PatientId
from scanindex.store import roster_rows
from scanindex.store import roster_statements as queries
from scanindex.store.roster_rows import Absorbed
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
    """The survivor takes over the loser's names and numbers and stands for it.

    A survivor that was merged itself passes them on to whoever stands for it, so that merges make
    the same tree in whatever order they come.
    """
    for row in (loser, survivor):
        keep_history(connection, row.person_no, row.body, version)
    drop_lookups(connection, [loser.person_no])
    taken = roster_rows.absorbing(loser.whole)
    _hold(connection, survivor, (*roster_rows.absorbed_of(survivor.body), taken), version)
    _point(connection, loser, survivor.patient_id)


def take_apart(connection: Connection, loser: Record, survivor: Record, version: int) -> None:
    """The loser is found again, and the survivor no longer by what came with it."""
    for row in (loser, survivor):
        keep_history(connection, row.person_no, row.body, version)
    left = [a for a in roster_rows.absorbed_of(survivor.body) if a.patient_id != loser.patient_id]
    _hold(connection, survivor, left, version)
    _point(connection, loser, None)
    insert_lookups(connection, loser.person_no, loser.whole)


def _hold(connection: Connection, row: Record, absorbed: Iterable[Absorbed], version: int) -> None:
    """This record with these merged into it; what stands above it is brought up to date."""
    body = roster_rows.body_of(row.own, tuple(sorted(absorbed, key=_first_number)))
    connection.execute(
        update(roster_patients).where(roster_patients.c.person_no == row.person_no).values(body=body)
    )
    whole = roster_rows.patient_of(row.patient_id, row.is_provisional, body)
    if row.merged_into is None:
        drop_lookups(connection, [row.person_no])
        insert_lookups(connection, row.person_no, whole)
        return
    above = record_of(connection, row.merged_into)
    keep_history(connection, above.person_no, above.body, version)
    others = [a for a in roster_rows.absorbed_of(above.body) if a.patient_id != row.patient_id]
    _hold(connection, above, (*others, roster_rows.absorbing(whole)), version)


def _first_number(entry: Absorbed) -> tuple[str, ...]:
    """An order that does not tell which merge came first."""
    number = entry.identifiers[0] if entry.identifiers else None
    return (number.authority, number.value, entry.patient_id) if number else ("", "", entry.patient_id)


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


def owner_of(connection: Connection, number: tuple[str, str]) -> Record | None:
    """Whose own number it is, also of a record that was merged since."""
    row = holder_of(connection, number)
    while row is not None and not _has(row.own, number):
        part = next((r for r in parts_of(connection, row.patient_id) if _has(r.whole, number)), None)
        if part is None:
            break
        row = part
    return row


def parts_of(connection: Connection, patient_id: str) -> list[Record]:
    """The records that were merged into this very one."""
    query = queries.people().where(roster_patients.c.merged_into == patient_id)
    return [_record(found) for found in connection.execute(query)]


def line_of(connection: Connection, row: Record) -> list[Record]:
    """The record, what it was merged into, and so on up to the one that stands for them all."""
    found = [row]
    while above := found[-1].merged_into:
        found.append(record_of(connection, above))
    return found


def _has(patient: Patient, number: tuple[str, str]) -> bool:
    return any((i.authority, i.value) == number for i in patient.identifiers)


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


def count_merge(connection: Connection, version: int, merges: int = 1) -> None:
    """One merge more, and one patient fewer, in this version; -1: one was taken apart."""
    column = roster_versions.c
    where = column.version == version
    row = connection.execute(select(column.patients, column.summary).where(where)).one()
    summary = json.loads(row.summary)
    name = "merges" if merges > 0 else "unmerges"
    summary[name] = summary.get(name, 0) + 1
    values = {"patients": row.patients - merges, "summary": json.dumps(summary)}
    connection.execute(update(roster_versions).where(where).values(**values))
