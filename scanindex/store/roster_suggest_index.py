"""The index over `roster_terms`: SQLite's own full-text search, else plain SQL.

Everything that is special to a database about the typeahead is here. On SQLite an FTS5 index of
word beginnings follows the table by triggers, whoever writes it; where there is none (another
database, an SQLite without FTS5) `matching` reads the table, with the same answers, more slowly: a
trigram index on `roster_terms.terms` makes PostgreSQL quick (CREATE INDEX ... USING gin (terms
gin_trgm_ops)).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Table, and_, event, or_, select, text
from sqlalchemy.exc import OperationalError

from scanindex.store import roster_rows
from scanindex.store.roster_suggest_terms import AllOf, Ask, Term
from scanindex.store.roster_tables import roster_patients, roster_terms
from scanindex.store.roster_writes import insert_terms

LONGEST_LISTED = 4
"""Letters of a beginning of which the index has a list of its own (`prefix` below)."""
_FILL_ROWS = 5_000
_REBUILD_BYTES, _USUAL_BYTES = 33_554_432, 1_048_576
_MAKE = """CREATE VIRTUAL TABLE IF NOT EXISTS roster_terms_fts USING fts5(terms, content='roster_terms',
 content_rowid='person_no', detail=none, columnsize=0, prefix='1 2 3 4', tokenize='ascii')"""
_GONE = (
    "INSERT INTO roster_terms_fts(roster_terms_fts, rowid, terms) VALUES ('delete', old.person_no, old.terms)"
)
_CAME = "INSERT INTO roster_terms_fts(rowid, terms) VALUES (new.person_no, new.terms)"
_TRIGGERS = {
    "roster_terms_added": f"AFTER INSERT ON roster_terms BEGIN {_CAME}; END",
    "roster_terms_removed": f"AFTER DELETE ON roster_terms BEGIN {_GONE}; END",
    "roster_terms_changed": f"AFTER UPDATE ON roster_terms BEGIN {_GONE}; {_CAME}; END",
}
_MATCHING = text("SELECT rowid FROM roster_terms_fts WHERE roster_terms_fts MATCH :ask LIMIT :most")
_HAS_INDEX = text("SELECT 1 FROM sqlite_master WHERE name = 'roster_terms_fts'")


def matching(connection: Connection, ask: Ask, most: int, *, by_index: bool) -> Sequence[int]:
    """`person_no` of some people whom the expression fits, at most so many.

    by_index: `has_index` of this database.
    """
    if by_index:
        return connection.execute(_MATCHING, {"ask": _as_fts(ask), "most": most}).scalars().all()
    return (
        connection.execute(select(roster_terms.c.person_no).where(_as_sql(ask)).limit(most)).scalars().all()
    )


def has_index(connection: Connection) -> bool:
    is_sqlite = connection.dialect.name == "sqlite"
    return is_sqlite and connection.execute(_HAS_INDEX).first() is not None


def make_index(connection: Connection) -> None:
    """The index and its triggers, where the database has them; idempotent."""
    if connection.dialect.name != "sqlite":
        return
    try:
        connection.exec_driver_sql(_MAKE)
    except OperationalError as error:
        if "no such module" in str(error.orig):
            return
        raise
    _follow(connection)


def stop_following(connection: Connection) -> None:
    """Let `roster_terms` be filled without its index, until `rebuild`."""
    if has_index(connection):
        for name in _TRIGGERS:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")


def rebuild(connection: Connection) -> None:
    """Make the index anew from the table, in bounded memory, and let it follow again."""
    if not has_index(connection):
        return
    for option, value in (("hashsize", _REBUILD_BYTES), ("rebuild", None), ("hashsize", _USUAL_BYTES)):
        columns, values = ("", "") if value is None else (", rank", f", {value}")
        connection.exec_driver_sql(
            f"INSERT INTO roster_terms_fts(roster_terms_fts{columns}) VALUES ('{option}'{values})"
        )
    _follow(connection)


def refill(connection: Connection) -> None:
    """Write `roster_terms` anew from the people, and the index from it; bounded memory."""
    stop_following(connection)
    connection.execute(roster_terms.delete())
    person = roster_patients.c
    columns = (person.person_no, person.patient_id, person.is_provisional, person.body)
    query = select(*columns).where(person.linked_to.is_(None)).order_by(person.person_no).limit(_FILL_ROWS)
    known_words: set[str] = set()
    last = 0
    while rows := connection.execute(query.where(person.person_no > last)).all():
        people = [(r.person_no, roster_rows.patient_of(r.patient_id, r.is_provisional, r.body)) for r in rows]
        insert_terms(connection, people, known_words)
        last = rows[-1].person_no
    rebuild(connection)


def _follow(connection: Connection) -> None:
    for name, body in _TRIGGERS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")


def _after_create(_table: Table, connection: Connection, **_: object) -> None:
    make_index(connection)


event.listen(roster_terms, "after_create", _after_create)


def _as_fts(ask: Ask) -> str:
    """Terms are letters and digits, so nothing in them can be taken for syntax."""
    if isinstance(ask, Term):
        return f'"{ask.text}"*' if ask.is_beginning else f'"{ask.text}"'
    joined = (" AND " if isinstance(ask, AllOf) else " OR ").join(_as_fts(part) for part in ask.parts)
    return f"({joined})"


def _as_sql(ask: Ask) -> ColumnElement[bool]:
    if isinstance(ask, Term):
        return roster_terms.c.terms.like(f"% {ask.text}%" if ask.is_beginning else f"% {ask.text} %")
    parts = [_as_sql(part) for part in ask.parts]
    return and_(*parts) if isinstance(ask, AllOf) else or_(*parts)
