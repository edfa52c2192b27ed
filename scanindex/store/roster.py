"""The patients we know, on SQL: indexed look-ups, and the few changes people make.

Every look-up is a handful of index reads, also at a million patients, and holds
no patient in memory between calls. Patients come from `roster_import` or, without
a roster, from a clerk (`add_provisional`); a provisional patient that was linked
to a roster patient stays readable by its id but is no longer found.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from scanindex.errors import ConflictError, NotFound
from scanindex.match import fold
from scanindex.match.dates import parse_date
from scanindex.model import Patient, PatientId
from scanindex.store import roster_rows
from scanindex.store.roster_tables import (
    roster_history,
    roster_identifiers,
    roster_names,
    roster_patients,
    roster_versions,
)
from scanindex.store.roster_writes import drop_lookups, insert_lookups, keep_history, translated

_AFTER_ALL = "\U0010ffff"
"""Sorts behind every letter: the end of a prefix range."""
_MANY = 500
"""Values per IN list, well under every database's limit."""


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


class SqlRoster:
    """`ports.Roster` on any SQLAlchemy engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- look-ups -------------------------------------------------------------
    def by_identifier(self, values: Iterable[str]) -> Sequence[Patient]:
        """See `ports.Roster`; any type and authority."""
        exact = sorted({v for v in values if v})
        keys = sorted({fold.identifier_key(v) for v in exact} - {""})
        return self._patients(_BY_IDENTIFIER, values=exact, keys=keys) if exact else ()

    def by_birth_date(self, iso_dates: Iterable[str]) -> Sequence[Patient]:
        dates = sorted(set(iso_dates))
        return self._patients(_BY_BIRTH_DATE, dates=dates) if dates else ()

    def by_name(self, last: str, first: str, limit: int = 50) -> Sequence[Patient]:
        """Exact names first, then the same last name and initial, then similar-sounding ones."""
        last_key, first_key = fold.name_key(last), fold.name_key(first)
        if not last_key:
            return ()
        wanted = {
            "last": last_key,
            "first": first_key,
            "low": first_key[:1],
            "high": first_key[:1] + _AFTER_ALL,
            "sound": fold.sound_key(last),
            "most": limit,
        }
        found: dict[str, Patient] = {}
        with self._reading() as connection:
            for step in _BY_NAME:
                if len(found) < limit:
                    for r in connection.execute(step, wanted):
                        if r.patient_id not in found:
                            found[r.patient_id] = roster_rows.patient_of(
                                r.patient_id, r.is_provisional, r.body
                            )
        return tuple(found.values())[:limit]

    def get(self, patient_id: PatientId) -> Patient | None:
        """One person, or None; a linked provisional patient as it was."""
        with self._reading() as connection:
            row = connection.execute(
                _people().where(roster_patients.c.patient_id == patient_id)
            ).one_or_none()
        return roster_rows.patient_of(row.patient_id, row.is_provisional, row.body) if row else None

    def frequencies(self, last: str, first: str, birth_date: str | None) -> SqlFrequencies:
        wanted = {"last": fold.name_key(last), "first": fold.name_key(first), "born": birth_date}
        with self._reading() as connection:
            patients, known = _size(connection)
            counts = connection.execute(_COUNTS, wanted).one()
        return SqlFrequencies(
            patients=patients,
            same_last=counts.same_last,
            same_first=counts.same_first,
            same_name=counts.same_name,
            same_name_and_birth_date=counts.same_name_and_birth_date,
            same_last_and_birth_date=counts.same_last_and_birth_date,
            same_birth_date=counts.same_birth_date,
            expected_namesakes=_expected_namesakes(counts.same_name, known),
            birth_date_collision=known.birth_date_collision,
        )

    def version(self) -> int:
        with self._reading() as connection:
            return _version(connection)

    def patients(self) -> int:
        """People in the roster, provisional ones included."""
        with self._reading() as connection:
            return _size(connection)[0]

    def find(self, text: str, limit: int = 20) -> Sequence[Patient]:
        """What a person types: an MRN or its beginning, a birth date, parts of a name in any order."""
        text = text.strip()
        if not text:
            return ()
        if born := parse_date(text):
            return self.by_birth_date(born)[:limit]
        key = fold.identifier_key(text)
        if any(c.isdigit() for c in key):
            return self._patients(_BY_NUMBER_START, low=key, high=key + _AFTER_ALL, most=limit)
        return self._find_name([fold.name_key(part) for part in re.split(r"[,\s]+", text)], limit)

    def _find_name(self, parts: list[str], limit: int) -> Sequence[Patient]:
        parts = [part for part in parts if part]
        if not parts:
            return ()
        name = roster_names.c
        orders = {("".join(parts[:1]), "".join(parts[1:2])), ("".join(parts[-1:]), "".join(parts[:1]))}
        if len(parts) == 1:
            orders = {(parts[0], "")}
        wanted = [
            and_(_starts_with(name.last_key, last), *([_starts_with(name.first_key, first)] if first else []))
            for last, first in sorted(orders)
        ]
        with self._reading() as connection:
            rows = connection.execute(
                select(name.person_no)
                .where(or_(*wanted))
                .order_by(name.last_key, name.first_key)
                .limit(limit)
            )
            return _hydrate(connection, list(dict.fromkeys(row.person_no for row in rows)))

    # --- changes people make ----------------------------------------------------
    def add_provisional(self, patient: Patient) -> PatientId:
        """Keep a person that a clerk confirmed from paper; an empty `patient_id` gets a fresh one.

        Raises ConflictError if somebody already holds one of the identifiers.
        """
        patient_id = patient.patient_id or roster_rows.new_patient_id()
        kept = replace(patient, patient_id=patient_id, is_provisional=True)
        with self._writing() as connection:
            row = {
                "patient_id": patient_id,
                "birth_date": kept.birth_date,
                "is_provisional": True,
                "version": _version(connection),
                "line_no": 0,
                "body": roster_rows.body_of(kept),
            }
            person_no = connection.execute(insert(roster_patients).values(row)).inserted_primary_key[0]  # type: ignore[index]
            insert_lookups(connection, person_no, kept)
        return patient_id

    def update(self, patient: Patient) -> None:
        """Replace what is known about a provisional patient; what was known stays in the history."""
        with self._writing() as connection:
            row = _provisional(connection, patient.patient_id)
            keep_history(connection, row.person_no, row.body, _version(connection))
            connection.execute(
                update(roster_patients)
                .where(roster_patients.c.person_no == row.person_no)
                .values(body=roster_rows.body_of(patient), birth_date=patient.birth_date)
            )
            drop_lookups(connection, [row.person_no])
            insert_lookups(connection, row.person_no, patient)

    def link(self, provisional_id: PatientId, patient_id: PatientId) -> None:
        """Say that a provisional patient is this roster patient; idempotent, history kept.

        Only the roster forgets the provisional patient; documents filed under it are moved
        by whoever calls this.
        """
        with self._writing() as connection:
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
            keep_history(connection, row.person_no, row.body, _version(connection))
            drop_lookups(connection, [row.person_no])
            connection.execute(
                update(roster_patients)
                .where(roster_patients.c.person_no == row.person_no)
                .values(linked_to=patient_id)
            )

    def linked_to(self, patient_id: PatientId) -> PatientId | None:
        """The roster patient a provisional one was linked to, or None."""
        with self._reading() as connection:
            found = connection.execute(
                select(roster_patients.c.linked_to).where(roster_patients.c.patient_id == patient_id)
            ).scalar_one_or_none()
        return PatientId(found) if found else None

    def history(self, patient_id: PatientId) -> Sequence[tuple[int, str, Patient]]:
        """(roster version, UTC moment, the person before that change), oldest first."""
        past = roster_history.c
        query = (
            select(past.version, past.changed_at, past.body, roster_patients.c.is_provisional)
            .join(roster_patients, roster_patients.c.person_no == past.person_no)
            .where(roster_patients.c.patient_id == patient_id)
            .order_by(past.history_no)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            (r.version, r.changed_at, roster_rows.patient_of(patient_id, r.is_provisional, r.body))
            for r in rows
        )

    # --- plumbing -----------------------------------------------------------------
    def _patients(self, statement: Select[Any], **wanted: object) -> Sequence[Patient]:
        with self._reading() as connection:
            return tuple(
                roster_rows.patient_of(r.patient_id, r.is_provisional, r.body)
                for r in connection.execute(statement, wanted)
            )

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(), self._engine.connect() as raw:
            connection = raw.execution_options(immediate=True)
            with connection.begin():
                yield connection


def _people() -> Select[Any]:
    person = roster_patients.c
    return select(person.person_no, person.patient_id, person.is_provisional, person.body, person.linked_to)


def _hydrate(connection: Connection, person_nos: Sequence[int]) -> Sequence[Patient]:
    """The people with these numbers, in this order."""
    found: dict[int, Patient] = {}
    for start in range(0, len(person_nos), _MANY):
        part = person_nos[start : start + _MANY]
        for r in connection.execute(_people().where(roster_patients.c.person_no.in_(part))):
            found[r.person_no] = roster_rows.patient_of(r.patient_id, r.is_provisional, r.body)
    return tuple(found[number] for number in person_nos if number in found)


def _provisional(connection: Connection, patient_id: PatientId) -> Any:
    row = connection.execute(_people().where(roster_patients.c.patient_id == patient_id)).one_or_none()
    if row is None:
        raise NotFound(f"patient {patient_id}")
    if not row.is_provisional:
        raise ConflictError(f"patient {patient_id} comes from the roster; change it there and import")
    return row


def _version(connection: Connection) -> int:
    return connection.execute(select(func.max(roster_versions.c.version))).scalar_one() or 0


def _size(connection: Connection) -> tuple[int, roster_rows.Statistics]:
    """(people, how alike they are); counted at import, plus the provisional patients."""
    row = connection.execute(_LAST_VERSION).one_or_none()
    provisional = connection.execute(_PROVISIONAL).scalar_one()
    if row is None:
        return provisional, roster_rows.Statistics()
    return row.patients + provisional, roster_rows.statistics_of(row.statistics)


def _expected_namesakes(same_name: int, known: roster_rows.Statistics) -> float:
    """Good-Turing: a name seen once is rarer than one in the roster's size says."""
    if same_name <= 1:
        return known.namesakes_of_single
    return known.namesakes_of_double if same_name == 2 else float(same_name)


def _starts_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """A range instead of LIKE, which SQLite does not serve from a plain index."""
    return and_(column >= prefix, column < prefix + _AFTER_ALL)


# --- statements, built once: making them costs more than running them ------------------
def _found(condition: ColumnElement[bool]) -> Select[Any]:
    return _people().where(condition, roster_patients.c.linked_to.is_(None))


def _named(*conditions: ColumnElement[bool]) -> Select[Any]:
    joined = _people().join(roster_names, roster_names.c.person_no == roster_patients.c.person_no)
    return joined.where(*conditions, roster_patients.c.linked_to.is_(None)).limit(bindparam("most"))


def _holding(condition: ColumnElement[bool]) -> Select[Any]:
    return select(roster_identifiers.c.person_no).where(condition)


def _counted(label: str, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(roster_names).where(*conditions).scalar_subquery().label(label)


_NAME = roster_names.c
_SAME_LAST = _NAME.last_key == bindparam("last")
_SAME_FIRST = _NAME.first_key == bindparam("first")
_SAME_INITIAL = and_(_NAME.first_key >= bindparam("low"), _NAME.first_key < bindparam("high"))
_SAME_DAY = _NAME.birth_date == bindparam("born")

_BY_IDENTIFIER = _found(
    roster_patients.c.person_no.in_(
        _holding(roster_identifiers.c.value.in_(bindparam("values", expanding=True))).union(
            _holding(roster_identifiers.c.key.in_(bindparam("keys", expanding=True)))
        )
    )
)
_BY_BIRTH_DATE = _found(roster_patients.c.birth_date.in_(bindparam("dates", expanding=True)))
_BY_NUMBER_START = _found(
    roster_patients.c.person_no.in_(
        _holding(
            and_(roster_identifiers.c.key >= bindparam("low"), roster_identifiers.c.key < bindparam("high"))
        ).limit(bindparam("most"))
    )
)
_BY_NAME = (
    _named(_SAME_LAST, _SAME_FIRST),
    _named(_SAME_LAST, _SAME_INITIAL),
    _named(_NAME.sound_key == bindparam("sound"), _SAME_INITIAL),
)
_COUNTS = select(
    _counted("same_last", _SAME_LAST),
    _counted("same_first", _SAME_FIRST),
    _counted("same_name", _SAME_LAST, _SAME_FIRST),
    _counted("same_name_and_birth_date", _SAME_LAST, _SAME_FIRST, _SAME_DAY),
    _counted("same_last_and_birth_date", _SAME_LAST, _SAME_DAY),
    select(func.count())
    .select_from(roster_patients)
    .where(roster_patients.c.birth_date == bindparam("born"))
    .scalar_subquery()
    .label("same_birth_date"),
)
_LAST_VERSION = (
    select(roster_versions.c.version, roster_versions.c.patients, roster_versions.c.statistics)
    .order_by(roster_versions.c.version.desc())
    .limit(1)
)
_PROVISIONAL = (
    select(func.count())
    .select_from(roster_patients)
    .where(roster_patients.c.is_provisional.is_(True), roster_patients.c.linked_to.is_(None))
)
