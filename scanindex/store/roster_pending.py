"""What feeds changed since the last version of the roster, until it becomes a version.

A version has everything that waits decided again, so a burst of messages makes one, not a thousand.
Meanwhile look-ups see each change at once; only the counts wait, in the row of version 0. Each
function is part of a transaction; a version is published before a file is imported over it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from scanindex.store import roster_rows
from scanindex.store import roster_statements as queries
from scanindex.store.roster_tables import roster_versions
from scanindex.store.roster_writes import utc_now

PENDING = 0
"""The number under which changes wait; look-ups of versions never see it."""
_V = roster_versions.c


@dataclass(frozen=True, slots=True)
class Published:
    before: int
    """The last version without these changes."""
    version: int
    counts: Mapping[str, int]


class Pending:
    """`roster_merging.Book` of changes that wait."""

    def __init__(self, connection: Connection, feed: str, first_no: int) -> None:
        """first_no: of the first person that comes now."""
        self._connection = connection
        self._feed = feed
        self._first_no = first_no
        last = connection.execute(queries.LAST_VERSION).one_or_none()
        self._row = connection.execute(select(roster_versions).where(_V.version == PENDING)).one_or_none()
        known = self._row if self._row is not None else last
        self.version = (last.version if last else 0) + 1
        self._statistics = roster_rows.statistics_of(known.statistics) if known else roster_rows.Statistics()
        self.shapes: Mapping[str, Mapping[str, int]] = self._statistics.shapes
        self._patients = 0
        self._counts: Counter[str] = Counter()

    def count(self, merges: int) -> None:
        """A merge (1), or one taken apart (-1)."""
        self._counts["merges" if merges > 0 else "unmerges"] += 1
        self._patients -= merges

    def add(self, counts: Mapping[str, int], learned: Mapping[str, Mapping[str, int]] | None) -> None:
        """learned: shapes of numbers, if they changed."""
        self._counts.update(counts)
        self._patients += counts.get("added", 0)
        if learned is not None:
            shapes = {authority: dict(found) for authority, found in learned.items()}
            self._statistics = msgspec.structs.replace(self._statistics, shapes=shapes)

    def write(self) -> None:
        before = json.loads(self._row.summary) if self._row is not None else {}
        counted = Counter(before.get("counts", {}))
        counted.update(self._counts)
        summary = {
            "since": before.get("since", self.version - 1),
            "first_new": before.get("first_new", self._first_no),
            "counts": dict(counted),
        }
        values = {
            "imported_at": utc_now(),
            "authority": "",
            "file_sha256": "",
            "patients": (self._row.patients if self._row is not None else 0) + self._patients,
            "statistics": roster_rows.to_text(self._statistics),
            "summary": json.dumps(summary),
        }
        if self._row is None:
            self._connection.execute(insert(roster_versions).values(version=PENDING, **values))
        else:
            self._connection.execute(update(roster_versions).where(_V.version == PENDING).values(**values))


def publish(connection: Connection, feed: str = "") -> Published | None:
    """Make a version of what waits; None where nothing does."""
    row = connection.execute(select(roster_versions).where(_V.version == PENDING)).one_or_none()
    if row is None:
        return None
    connection.execute(delete(roster_versions).where(_V.version == PENDING))
    last = connection.execute(queries.LAST_VERSION).one_or_none()
    waiting = json.loads(row.summary)
    counts: dict[str, int] = waiting["counts"]
    version = (last.version if last else 0) + 1
    known = roster_rows.statistics_of(last.statistics) if last else roster_rows.Statistics()
    learned = roster_rows.statistics_of(row.statistics).shapes
    values: dict[str, Any] = {
        "version": version,
        "imported_at": utc_now(),
        "authority": "",
        "file_sha256": "",
        "patients": (last.patients if last else 0) + row.patients,
        "statistics": roster_rows.to_text(msgspec.structs.replace(known, shapes=learned)),
        "summary": json.dumps({**counts, "first_new": waiting["first_new"], "feed": feed}),
    }
    connection.execute(insert(roster_versions).values(**values))
    _forget_statistics(connection, last.version if last else 0)
    return Published(waiting["since"], version, counts)


def is_waiting(connection: Connection) -> bool:
    query = select(func.count()).select_from(roster_versions).where(_V.version == PENDING)
    return bool(connection.execute(query).scalar_one())


def _forget_statistics(connection: Connection, version: int) -> None:
    """Only those of the last version are read; versions of feeds would pile them up by the thousand."""
    connection.execute(
        update(roster_versions)
        .where(_V.version == version, _V.file_sha256 == "")
        .values(statistics=roster_rows.to_text(roster_rows.Statistics()))
    )
