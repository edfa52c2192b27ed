"""What every change of the roster does: look-up rows, history, and the database's
refusals as errors of our table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert
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
