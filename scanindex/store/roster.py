"""The patients we know, on SQL: indexed look-ups, and the few changes people make.

Every look-up is a handful of index reads, also at a million patients, and holds
no patient in memory between calls. Patients come from `roster_import` or, without
a roster, from a clerk (`add_provisional`); a provisional patient that was linked
to a roster patient stays readable by its id but is no longer found.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rapidfuzz.distance import Indel
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    event,
    func,
    or_,
    select,
)

from scanindex.match import fold
from scanindex.model import Identifier, Patient, PatientId, Suggestion
from scanindex.store import (
    roster_provisional,
    roster_rows,
    roster_suggest,
    roster_suggest_index,
    roster_touched,
)
from scanindex.store import roster_statements as queries
from scanindex.store.roster_check_digits import passes
from scanindex.store.roster_frequencies import NameCounts, SqlFrequencies, size_of, version_of
from scanindex.store.roster_merge import may_be_one
from scanindex.store.roster_tables import (
    roster_history,
    roster_identifiers,
    roster_names,
    roster_patients,
    roster_versions,
)
from scanindex.store.roster_writes import translated

_CACHE_KIB = 32_768
_MOST_ALIKE, _LEAST_LETTERS, _LEAST_LIKENESS = 20_000, 3, 0.5
_MANY = 500
"""Values per IN list, well under every database's limit."""


class SqlRoster:
    """`ports.Roster` on any SQLAlchemy engine."""

    def __init__(self, engine: Engine, check_rules: Mapping[str, str] | None = None) -> None:
        """check_rules: authority to its check-digit rule (`roster_check_digits.rules_of`)."""
        self._engine = engine
        self._check_rules = dict(check_rules or {})
        self._counts = NameCounts()
        self._has_terms_index: bool | None = None
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_cache)

    # --- look-ups -------------------------------------------------------------
    def by_identifier(self, values: Iterable[str]) -> Sequence[Patient]:
        """See `ports.Roster`; any type and authority."""
        keys = sorted({fold.identifier_key(v) for v in values} - {""})
        return self._patients(queries.BY_IDENTIFIER, keys=keys) if keys else ()

    def by_birth_date(
        self, iso_dates: Iterable[str], named: Collection[str] | None = None
    ) -> Sequence[Patient]:
        """See `ports.Roster`."""
        dates = sorted(set(iso_dates))
        if not dates:
            return ()
        if named is None:
            return self._patients(queries.BY_BIRTH_DATE, dates=dates)
        with self._reading() as connection:
            rows = connection.execute(queries.NAMES_BY_BIRTH_DATE, {"dates": dates})
            found = {number for number, last, first in rows if last in named or first in named}
            return _hydrate(connection, sorted(found))

    def resembling(self, last: str, first: str, limit: int = 10) -> Sequence[Patient]:
        """See `ports.Roster`."""
        parts = fold.name_key(last), fold.name_key(first)
        keys = {"last": parts[0], "first": parts[1], "most": _MOST_ALIKE}
        scored: dict[int, float] = {}
        with self._reading() as connection:
            for statement, wanted in zip(queries.OTHER_PARTS, parts, strict=True):
                if len(wanted) < _LEAST_LETTERS:
                    continue
                for number, part in connection.execute(statement, keys):
                    likeness = Indel.normalized_similarity(wanted, part, score_cutoff=_LEAST_LIKENESS)
                    if likeness > scored.get(number, 0.0):
                        scored[number] = likeness
            best = sorted(scored, key=lambda number: (-scored[number], number))[:limit]
            people = {patient.patient_id: patient for patient in _hydrate(connection, best)}
        return tuple(people.values())

    def by_name(self, last: str, first: str, limit: int = 50) -> Sequence[Patient]:
        """Exact names first, then the same last name and initial, then similar-sounding ones."""
        last_key, first_key = fold.name_key(last), fold.name_key(first)
        if not last_key:
            return ()
        wanted = {
            "last": last_key,
            "first": first_key,
            "low": first_key[:1],
            "high": first_key[:1] + queries.AFTER_ALL,
            "sound": fold.sound_key(last),
        }
        found: dict[str, Patient] = {}
        with self._reading() as connection:
            for step in queries.BY_NAME:
                if len(found) < limit:
                    for r in connection.execute(step, wanted | {"most": limit - len(found)}):
                        if r.patient_id not in found:
                            found[r.patient_id] = roster_rows.patient_of(
                                r.patient_id, r.is_provisional, r.body
                            )
        return tuple(found.values())[:limit]

    def get(self, patient_id: PatientId) -> Patient | None:
        """One person, or None; of a merged one the survivor, a linked provisional one as it was."""
        with self._reading() as connection:
            return _person(connection, patient_id)

    def all_of(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, Patient]:
        """See `ports.Roster`."""
        ids = sorted(set(patient_ids))
        with self._reading() as connection:
            found = {patient_id: _person(connection, patient_id) for patient_id in ids}
        return {patient_id: patient for patient_id, patient in found.items() if patient is not None}

    def passes_check(self, identifier: Identifier) -> bool:
        """See `ports.Roster`."""
        return passes(self._check_rules.get(identifier.authority, ""), identifier.value)

    def frequencies(self, last: str, first: str, birth_date: str | None) -> SqlFrequencies:
        with self._reading() as connection:
            return self._counts.frequencies(connection, last, first, birth_date)

    def version(self) -> int:
        with self._reading() as connection:
            return version_of(connection)

    def patients(self) -> int:
        """People in the roster, provisional ones included."""
        with self._reading() as connection:
            return size_of(connection)[0]

    def changes(self) -> int:
        """See `ports.Registry`."""
        with self._reading() as connection:
            return int(connection.execute(select(func.max(roster_history.c.history_no))).scalar() or 0)

    def find(
        self, text: str, limit: int = 20, within: Collection[PatientId] | None = None
    ) -> Sequence[Patient]:
        """See `ports.Registry`."""
        return tuple(one.patient for one in self._suggest(text, limit, within, is_strict=True))

    def suggest(
        self, text: str, limit: int = 20, within: Collection[PatientId] | None = None
    ) -> Sequence[Suggestion]:
        """See `ports.Registry`."""
        return self._suggest(text, limit, within, is_strict=False)

    def _suggest(
        self, text: str, limit: int, within: Collection[PatientId] | None, *, is_strict: bool
    ) -> Sequence[Suggestion]:
        with self._reading() as connection:
            if self._has_terms_index is None:
                self._has_terms_index = roster_suggest_index.has_index(connection)
            by_index = self._has_terms_index
            return roster_suggest.suggest(
                connection, text, limit, by_index=by_index, is_strict=is_strict, within=within
            )

    # --- changes people make ----------------------------------------------------
    def add_provisional(self, patient: Patient) -> PatientId:
        """Keep a person that a clerk confirmed from paper; an empty `patient_id` gets a fresh one.

        Raises ConflictError if somebody already holds one of the identifiers.
        """
        with self.writing() as connection:
            return roster_provisional.add(connection, patient)

    def update(self, patient: Patient) -> None:
        """Replace what is known about a provisional patient; what was known stays in the history."""
        with self.writing() as connection:
            roster_provisional.change(connection, patient)

    def link(self, provisional_id: PatientId, patient_id: PatientId) -> None:
        """Say that a provisional patient is this roster patient; idempotent, history kept.

        Only the roster forgets the provisional patient; documents filed under it are moved
        by whoever calls this.
        """
        with self.writing() as connection:
            roster_provisional.link(connection, provisional_id, patient_id)

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

    def has_authority(self, authority: str) -> bool:
        """Whether anybody holds a number of this authority."""
        query = select(roster_identifiers.c.person_no).where(roster_identifiers.c.authority == authority)
        with self._reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def versions(self) -> list[dict[str, Any]]:
        """Every version, oldest first: version, imported_at, authority, patients, summary (counts)."""
        column = roster_versions.c
        query = (
            select(column.version, column.imported_at, column.authority, column.patients, column.summary)
            .where(column.version > 0)
            .order_by(column.version)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [r._asdict() | {"summary": json.loads(r.summary)} for r in rows]

    def merged_into(self, patient_id: PatientId) -> Sequence[Patient]:
        """The records that were merged into this one, as they were."""
        query = queries.people().where(roster_patients.c.merged_into == patient_id)
        return self._patients(query)

    def is_touched(self, patient: Patient, since_version: int) -> bool:
        """Whether the patient, or somebody who may be taken for them (one last name and a common
        first name or birth date), was changed or came after this version."""
        with self._reading() as connection:
            changed = select(roster_history.c.person_no).where(roster_history.c.version > since_version)
            first_new = _first_new(connection, since_version)
            is_new = or_(roster_names.c.person_no.in_(changed), roster_names.c.person_no >= first_new)
            keys = {(fold.name_key(n.last), fold.name_key(n.first)) for n in patient.names}
            alike = [
                and_(
                    roster_names.c.last_key == last,
                    or_(roster_names.c.first_key == first, roster_names.c.birth_date == patient.birth_date),
                )
                for last, first in sorted(keys)
            ]
            number = roster_identifiers.c
            held = select(number.person_no).where(
                number.key.in_([fold.identifier_key(i.value) for i in patient.identifiers])
            )
            mine = or_(*alike, roster_names.c.person_no.in_(held))
            query = select(roster_names.c.person_no).where(mine, is_new).limit(1)
            return connection.execute(query).first() is not None

    def touched_since(self, since_version: int) -> frozenset[PatientId] | None:
        """Everybody for whom `is_touched` may hold; None where that is too many to list."""
        with self._reading() as connection:
            return roster_touched.touched_since(
                connection, since_version, _first_new(connection, since_version)
            )

    def is_exchanged(self, patient: Patient, since_version: int) -> bool:
        """Whether a change after this version put somebody who looks different in the patient's place."""
        return any(
            version > since_version and not may_be_one(before, patient)
            for version, _, before in self.history(patient.patient_id)
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
    def writing(self) -> Iterator[Connection]:
        """One transaction of its own, for what the store does to the roster."""
        with translated(), self._engine.connect() as raw:
            connection = raw.execution_options(immediate=True)
            with connection.begin():
                yield connection


def _set_cache(connection: Any, _record: Any) -> None:
    """SQLite's own two megabytes are read through by one page's look-ups among a million."""
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _person(connection: Connection, patient_id: str) -> Patient | None:
    """The person, or who stands for it after merges."""
    row = connection.execute(queries.people().where(roster_patients.c.patient_id == patient_id)).one_or_none()
    if row is None:
        return None
    if row.merged_into:
        return _person(connection, row.merged_into)
    return roster_rows.patient_of(row.patient_id, row.is_provisional, row.body)


def _first_new(connection: Connection, since_version: int) -> int:
    """The first `person_no` given out by an import after this version."""
    column = roster_versions.c
    rows = connection.execute(select(column.summary).where(column.version > since_version))
    found = [n for r in rows if (n := json.loads(r.summary).get("first_new"))]
    return min(found, default=2**62)


def _hydrate(connection: Connection, person_nos: Sequence[int]) -> Sequence[Patient]:
    """The people with these numbers, in this order."""
    found: dict[int, Patient] = {}
    for start in range(0, len(person_nos), _MANY):
        part = person_nos[start : start + _MANY]
        for r in connection.execute(queries.people().where(roster_patients.c.person_no.in_(part))):
            found[r.person_no] = roster_rows.patient_of(r.patient_id, r.is_provisional, r.body)
    return tuple(found[number] for number in person_nos if number in found)
