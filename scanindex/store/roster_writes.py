"""What every change of the roster does: look-up rows, history, and the database's
refusals as errors of our table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert
from sqlalchemy.exc import IntegrityError as DuplicateRow
from sqlalchemy.exc import OperationalError

from scanindex.errors import CatalogBusy, ConflictError, StorageFailed
from scanindex.model import Patient
from scanindex.store import roster_rows
from scanindex.store.roster_tables import roster_history, roster_identifiers, roster_names


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """The database's refusals as errors of our table, without values."""
    try:
        yield
    except DuplicateRow:
        raise ConflictError("somebody in the roster already holds this identifier") from None
    except OperationalError as error:
        text = str(error.orig).lower()
        if "locked" in text or "busy" in text:
            raise CatalogBusy() from None
        raise StorageFailed(f"roster: {type(error.orig).__name__}") from None


def insert_lookups(connection: Connection, person_no: int, patient: Patient) -> None:
    """The name and identifier rows of one person."""
    if names := roster_rows.name_rows(person_no, patient):
        connection.execute(insert(roster_names), names)
    if identifiers := roster_rows.identifier_rows(person_no, patient):
        connection.execute(insert(roster_identifiers), identifiers)


def bulk_insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Rows as plain tuples, past what makes a million of them slow."""
    if rows:
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join([mark] * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))


def drop_lookups(connection: Connection, person_nos: Sequence[int]) -> None:
    """Remove the name and identifier rows of these people."""
    for table in (roster_names, roster_identifiers):
        connection.execute(delete(table).where(table.c.person_no.in_(person_nos)))


def keep_history(connection: Connection, person_no: int, body: str, version: int) -> None:
    """Remember how a person stood before a change."""
    row = {"person_no": person_no, "version": version, "changed_at": utc_now(), "body": body}
    connection.execute(insert(roster_history), [row])


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
