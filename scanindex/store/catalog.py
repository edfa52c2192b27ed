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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from scanindex.errors import CatalogBusy, DiskFull, IntegrityError, PermissionMissing, StorageFailed
from scanindex.ports import Clock
from scanindex.store.audits import Filings, Incidents, Sources
from scanindex.store.batches import Batches
from scanindex.store.deliveries import Consents, Deliveries
from scanindex.store.desk import Desk
from scanindex.store.documents import Documents, Outbox, Pages
from scanindex.store.event_log import EventLog
from scanindex.store.events import Chain, Events
from scanindex.store.paper import Holds, QaItems
from scanindex.store.prints import Prints
from scanindex.store.scans import Arrivals, Scans
from scanindex.store.searches import Searches
from scanindex.store.today import Today
from scanindex.store.trail_chain import TrailKey
from scanindex.store.trail_proof import head_of, prove
from scanindex.store.users import Grants, Invitations, LoginTries, Sessions, Tokens, Users
from scanindex.store.waiting import Read
from scanindex.trail_model import TrailHead, TrailReport

_BUSY_SECONDS = 30


class Unit:
    """One transaction and the tables it may touch."""

    def __init__(
        self, connection: Connection, clock: Clock, chain: Chain | None = None, read: Read | None = None
    ) -> None:
        self.connection = connection
        self.scans = Scans(connection)
        self.arrivals = Arrivals(connection)
        self.pages = Pages(connection)
        self.documents = Documents(connection)
        self.outbox = Outbox(connection)
        self.events = Events(connection, clock, chain)
        self.batches = Batches(connection)
        self.holds = Holds(connection)
        self.qa = QaItems(connection)
        self.prints = Prints(connection)
        self.searches = Searches(connection)
        self.desk = Desk(connection, read)
        self.sources = Sources(connection)
        self.filings = Filings(connection)
        self.incidents = Incidents(connection)
        self.users = Users(connection)
        self.sessions = Sessions(connection)
        self.tokens = Tokens(connection)
        self.grants = Grants(connection)
        self.invitations = Invitations(connection)
        self.login_tries = LoginTries(connection)
        self.today = Today(connection)
        self.deliveries = Deliveries(connection)
        self.consents = Consents(connection)


class Catalog:
    def __init__(
        self, engine: Engine, event_log: EventLog, clock: Clock, trail_key: TrailKey | None = None
    ) -> None:
        self.engine = engine
        self._event_log = event_log
        self._clock = clock
        self._trail_key = trail_key
        self._read = Read()
        self._chain = Chain(trail_key, self._log_head) if trail_key else None

    @contextlib.contextmanager
    def read(self) -> Iterator[Unit]:
        """One consistent snapshot."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield Unit(connection, self._clock, read=self._read)

    @contextlib.contextmanager
    def write(self) -> Iterator[Unit]:
        """All or nothing, durable on leaving; its events are in the archive too."""
        with translated(), self.engine.connect() as connection:
            connection = connection.execution_options(immediate=True)
            with connection.begin():
                unit = Unit(connection, self._clock, self._chain)
                yield unit
                unit.events.seal()
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
                    raise _older_copy(written)
            if not pending:
                return
            self._event_log.append(pending)

    def _log_head(self, connection: Connection) -> tuple[int, str]:
        """End of the log once all that is committed is in it; asked before anything is appended."""
        events = Events(connection, self._clock)
        while pending := events.after(self._event_log.last_seq(), limit=1_000):
            self._event_log.append(pending)
        head = self._event_log.head()
        if head[0] > events.last_seq():
            raise _older_copy(head[0])
        return head

    def trail_head(self) -> TrailHead:
        """See `ports.Catalog`."""
        with self.read() as unit:
            return head_of(unit.connection, self._event_log, self._clock.now())

    def prove_trail(self, heads: Sequence[TrailHead] = ()) -> TrailReport:
        """See `ports.Catalog`."""
        return prove(self.read, self._event_log, self._trail_key, heads)


def _older_copy(written: int) -> IntegrityError:
    return IntegrityError(
        f"the archive holds events up to {written} that this catalog does not know: "
        "it is an older copy; restore it by `scanindex restore` or use `scanindex rebuild`"
    )


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
