"""What every change of the roster does: look-up rows, history, and the database's
refusals as errors of our table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert
from sqlalchemy.exc import IntegrityError as DuplicateRow
from sqlalchemy.exc import OperationalError

from scanindex.errors import CatalogBusy, ConflictError, StorageFailed
from scanindex.match import fold
from scanindex.model import Patient
from scanindex.store import roster_rows
from scanindex.store import roster_suggest_terms as terms
from scanindex.store.roster_tables import (
    roster_history,
    roster_identifiers,
    roster_names,
    roster_terms,
    roster_words,
)

_WORDS_KEPT = 300_000


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
    """The rows by which one person is looked up."""
    if names := roster_rows.name_rows(person_no, patient):
        connection.execute(insert(roster_names), names)
    if identifiers := roster_rows.identifier_rows(person_no, patient):
        connection.execute(insert(roster_identifiers), identifiers)
    insert_terms(connection, [(person_no, patient)], set())


def insert_terms(
    connection: Connection, people: Iterable[tuple[int, Patient]], known_words: set[str]
) -> None:
    """What a typeahead finds these people by.

    known_words: words that are in the database, for whoever adds many; grows by those added.
    """
    rows: list[tuple[Any, ...]] = []
    new: dict[str, None] = {}
    for person_no, patient in people:
        words = terms.name_words(patient)
        new.update(dict.fromkeys(word for word in words if word not in known_words))
        rows.append((person_no, terms.terms_of(patient, words)))
    bulk_insert(connection, roster_terms, ("person_no", "terms"), rows)
    sounds = [(word, sound) for word in new if len(word) > 2 and (sound := fold.sound_key(word))]
    bulk_insert(connection, roster_words, ("word", "sound"), sounds, " ON CONFLICT DO NOTHING")
    if len(known_words) > _WORDS_KEPT:
        known_words.clear()
    known_words.update(new)


def bulk_insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    behind: str = "",
) -> None:
    """Rows as plain tuples, past what makes a million of them slow."""
    if rows:
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join([mark] * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks}){behind}", list(rows))


def drop_lookups(connection: Connection, person_nos: Sequence[int]) -> None:
    """Remove these people from what is looked up in."""
    for table in (roster_names, roster_identifiers, roster_terms):
        connection.execute(delete(table).where(table.c.person_no.in_(person_nos)))


def keep_history(connection: Connection, person_no: int, body: str, version: int) -> None:
    """Remember how a person stood before a change."""
    row = {"person_no": person_no, "version": version, "changed_at": utc_now(), "body": body}
    connection.execute(insert(roster_history), [row])


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
