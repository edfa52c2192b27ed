"""Patients known from paper only: added, changed, and linked to the roster's patient.

Each function is part of its caller's transaction. Promises: only provisional patients
change here, and how they stood stays in the history. Leaves out: the documents filed
under them, which whoever links moves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from scanindex.errors import ConflictError, NotFound
from scanindex.model import Patient, PatientId
from scanindex.store import roster_rows
from scanindex.store import roster_statements as queries
from scanindex.store.documents import Outbox
from scanindex.store.roster_frequencies import version_of
from scanindex.store.roster_tables import roster_patients
from scanindex.store.roster_writes import drop_lookups, insert_lookups, keep_history


def add(connection: Connection, patient: Patient) -> PatientId:
    """Keep a person confirmed from paper; an empty `patient_id` gets a fresh one."""
    patient_id = patient.patient_id or roster_rows.new_patient_id()
    kept = replace(patient, patient_id=patient_id, is_provisional=True)
    row = {
        "patient_id": patient_id,
        "birth_date": kept.birth_date,
        "is_provisional": True,
        "version": version_of(connection),
        "line_no": 0,
        "body": roster_rows.body_of(kept),
    }
    person_no = connection.execute(insert(roster_patients).values(row)).inserted_primary_key[0]  # type: ignore[index]
    insert_lookups(connection, person_no, kept)
    return patient_id


def change(connection: Connection, patient: Patient) -> None:
    """Replace what is known about a provisional patient."""
    row = _provisional(connection, patient.patient_id)
    keep_history(connection, row.person_no, row.body, version_of(connection))
    connection.execute(
        update(roster_patients)
        .where(roster_patients.c.person_no == row.person_no)
        .values(body=roster_rows.body_of(patient), birth_date=patient.birth_date)
    )
    drop_lookups(connection, [row.person_no])
    insert_lookups(connection, row.person_no, patient)
    Outbox(connection).add_filed_of([patient.patient_id])


def link(connection: Connection, provisional_id: PatientId, patient_id: PatientId) -> None:
    """A provisional patient is this roster patient from now on; idempotent."""
    row = _provisional(connection, provisional_id)
    target = connection.execute(
        select(roster_patients.c.person_no).where(
            roster_patients.c.patient_id == patient_id,
            roster_patients.c.linked_to.is_(None),
            roster_patients.c.patient_id != provisional_id,
        )
    ).one_or_none()
    if target is None:
        raise NotFound(f"patient {patient_id}")
    if row.linked_to == patient_id:
        return
    keep_history(connection, row.person_no, row.body, version_of(connection))
    drop_lookups(connection, [row.person_no])
    connection.execute(
        update(roster_patients)
        .where(roster_patients.c.person_no == row.person_no)
        .values(linked_to=patient_id)
    )


def _provisional(connection: Connection, patient_id: PatientId) -> Any:
    row = connection.execute(queries.people().where(roster_patients.c.patient_id == patient_id)).one_or_none()
    if row is None:
        raise NotFound(f"patient {patient_id}")
    if not row.is_provisional:
        raise ConflictError(f"patient {patient_id} comes from the roster; change it there and import")
    return row
