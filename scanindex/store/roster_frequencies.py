"""How common a name or a birth date is among the people of the roster.

Promises: counts as of the roster version in force; those of names that thousands bear
are counted once per version, so that a common name costs no more than a rare one.
Leaves out: what a count means for whose paper it is (match), and the statistics
themselves, which are made at import (roster_warnings).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from scanindex.match import fold
from scanindex.store import roster_rows
from scanindex.store import roster_statements as queries
from scanindex.store.roster_tables import roster_versions

_COMMON = 300
"""Bearers of a name from which its count is kept: a few more or less say nothing."""
_COMMON_KEPT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlFrequencies:
    """`ports.NameFrequencies`, counted in this roster."""

    patients: int
    same_last: int
    same_first: int
    same_name: int
    same_name_and_birth_date: int
    same_last_and_birth_date: int
    same_birth_date: int
    expected_namesakes: float
    birth_date_collision: float


class NameCounts:
    """Counts names in the roster; remembers the counts of common ones."""

    def __init__(self) -> None:
        self._common: dict[tuple[int, str, str], int] = {}

    def frequencies(
        self, connection: Connection, last: str, first: str, birth_date: str | None
    ) -> SqlFrequencies:
        wanted = {"last": fold.name_key(last), "first": fold.name_key(first), "born": birth_date}
        patients, known = size_of(connection)
        counts = connection.execute(queries.COUNTS, wanted).one()
        same_last = self._count(connection, queries.SAME_LAST, "last", wanted["last"])
        same_first = self._count(connection, queries.SAME_FIRST, "first", wanted["first"])
        return SqlFrequencies(
            patients=patients,
            same_last=same_last,
            same_first=same_first,
            same_name=counts.same_name,
            same_name_and_birth_date=counts.same_name_and_birth_date,
            same_last_and_birth_date=counts.same_last_and_birth_date,
            same_birth_date=counts.same_birth_date,
            expected_namesakes=_expected_namesakes(counts.same_name, known),
            birth_date_collision=known.birth_date_collision,
        )

    def _count(self, connection: Connection, query: Select[Any], part: str, key: str | None) -> int:
        """How many bear a last or first name; those of thousands are counted once per import."""
        version = version_of(connection)
        if (known := self._common.get((version, part, key or ""))) is not None:
            return known
        found: int = connection.execute(query, {part: key}).scalar_one()
        if found >= _COMMON:
            if len(self._common) >= _COMMON_KEPT:
                self._common.clear()
            self._common[version, part, key or ""] = found
        return found


def version_of(connection: Connection) -> int:
    """The roster version in force; 0 before the first import."""
    return connection.execute(select(func.max(roster_versions.c.version))).scalar_one() or 0


def size_of(connection: Connection) -> tuple[int, roster_rows.Statistics]:
    """(people, how alike they are); counted at import, plus the provisional patients."""
    row = connection.execute(queries.LAST_VERSION).one_or_none()
    provisional = connection.execute(queries.PROVISIONAL).scalar_one()
    if row is None:
        return provisional, roster_rows.Statistics()
    return row.patients + provisional, roster_rows.statistics_of(row.statistics)


def _expected_namesakes(same_name: int, known: roster_rows.Statistics) -> float:
    """Good-Turing: a name seen once is rarer than one in the roster's size says."""
    if same_name <= 1:
        return known.namesakes_of_single
    return known.namesakes_of_double if same_name == 2 else float(same_name)
