"""The catalog: transactions over SQLAlchemy Core, durable on commit.

`write()` is one fully synchronous commit (WAL with synchronous=FULL: a row that
permits a deletion must survive power loss). Events are rows of the same
transaction; right after the commit they are appended to the archive's event
log, so that the catalog can be rebuilt from the archive. A crash between the
two is mended by the next `flush_events`, which runs at every open and before
anything that relies on it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from scanindex.errors import CatalogBusy, DiskFull, IntegrityError, PermissionMissing, StorageFailed
from scanindex.ports import Clock
from scanindex.store.audits import Filings, Incidents, Sources
from scanindex.store.batches import Batches
from scanindex.store.documents import Documents, Outbox, Pages
from scanindex.store.event_log import EventLog
from scanindex.store.events import Events
from scanindex.store.prints import Prints
from scanindex.store.scans import Arrivals, Scans
from scanindex.store.searches import Searches

_BUSY_SECONDS = 30


class Unit:
    """One transaction and the tables it may touch."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self.scans = Scans(connection)
        self.arrivals = Arrivals(connection)
        self.pages = Pages(connection)
        self.documents = Documents(connection)
        self.outbox = Outbox(connection)
        self.events = Events(connection, clock)
        self.batches = Batches(connection)
        self.prints = Prints(connection)
        self.searches = Searches(connection)
        self.sources = Sources(connection)
        self.filings = Filings(connection)
        self.incidents = Incidents(connection)


class Catalog:
    def __init__(self, engine: Engine, event_log: EventLog, clock: Clock) -> None:
        self.engine = engine
        self._event_log = event_log
        self._clock = clock

    @contextlib.contextmanager
    def read(self) -> Iterator[Unit]:
        """One consistent snapshot."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield Unit(connection, self._clock)

    @contextlib.contextmanager
    def write(self) -> Iterator[Unit]:
        """All or nothing, durable on leaving; its events are in the archive too."""
        with translated(), self.engine.connect() as connection:
            connection = connection.execution_options(immediate=True)
            with connection.begin():
                unit = Unit(connection, self._clock)
                yield unit
        if unit.events.appended:
            self.flush_events()

    def flush_events(self) -> None:
        """Bring the archive's event log up to the catalog; idempotent.

        Raises IntegrityError if the log is ahead of the catalog: numbers would be used
        twice, and what happens from now on would never reach the archive.
        """
        while True:
            written = self._event_log.last_seq()
            with self.read() as unit:
                pending = unit.events.after(written, limit=1_000)
                if not pending and unit.events.last_seq() < written:
                    raise IntegrityError(
                        f"the archive holds events up to {written} that this catalog does not know: "
                        "it is an older copy; restore it by `scanindex restore` or use `scanindex rebuild`"
                    )
            if not pending:
                return
            self._event_log.append(pending)


def open_engine(url: str) -> Engine:
    """An engine whose SQLite connections are WAL, fully synchronous and patient."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that later wants to write fails at once when another
    # writer was quicker; IMMEDIATE waits for its turn instead.
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """SQLite's words for what is wrong, as errors of our table (without values)."""
    try:
        yield
    except OperationalError as error:
        text = str(error.orig).lower()
        if "locked" in text or "busy" in text:
            raise CatalogBusy() from None
        if "full" in text:
            raise DiskFull() from None
        if "readonly" in text or "unable to open" in text:
            raise PermissionMissing() from None
        raise StorageFailed(f"catalog: {type(error.orig).__name__}") from None
    except DatabaseError as error:
        if "malformed" in str(error.orig) or "not a database" in str(error.orig):
            raise IntegrityError("the catalog file is damaged; `scanindex rebuild` makes it anew") from None
        raise


def quick_check(engine: Engine) -> None:
    """Raises IntegrityError if SQLite finds its file damaged."""
    if engine.dialect.name != "sqlite":
        return
    with translated(), engine.connect() as connection:
        if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() != "ok":
            raise IntegrityError("the catalog file is damaged; `scanindex rebuild` makes it anew")


def sqlite_path(url: str) -> Path | None:
    """The catalog's file, or None where it is a server."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
