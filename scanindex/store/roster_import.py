"""A roster file into the database: one transaction, one version, nothing silently overwritten.

A row is known by its MRN and authority. What a row leaves empty is kept; a changed
name keeps the old one as former; the person before each change stays in the
history. A changed birth date, or a number that suddenly names somebody different,
is an error row unless the caller accepts changes. People missing from the file are
counted and kept. Messages name lines and codes, never people.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, insert, select, update

from scanindex.errors import RosterRejected
from scanindex.match import fold
from scanindex.model import Patient
from scanindex.store import roster_rows, roster_warnings
from scanindex.store.roster_columns import Layout, RawRow, column, layout_of
from scanindex.store.roster_columns import rows as raw_rows
from scanindex.store.roster_merge import check_change, is_same_person, merged
from scanindex.store.roster_people import MESSAGES, Habits, RowError, order_of, person_of, today
from scanindex.store.roster_tables import (
    roster_history,
    roster_identifiers,
    roster_names,
    roster_patients,
    roster_versions,
)
from scanindex.store.roster_writes import drop_lookups, translated, utc_now

Note = tuple[int, str, str]
"""(line number or 0 for the whole file, code, plain words)."""

_BATCH_ROWS = 2_000
_NOTES_KEPT = 1_000
_SUFFIXES_LOOKED_AT = 20_000
_INDEXES_AFTER_ROWS_BYTES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterImport:
    version: int
    """The version this import made; the one in force where nothing was written."""
    rows: int
    added: int
    changed: int
    unchanged: int
    missing: int
    """Roster patients that this file does not hold; they stay."""
    errors: tuple[Note, ...]
    """Rows that were not imported; at most a thousand of them."""
    warnings: tuple[Note, ...]
    """At most a thousand."""
    error_count: int
    warning_count: int
    is_dry_run: bool = False


class _RollBackError(Exception):
    """Leaves the transaction without a commit."""


def import_csv(
    engine: Engine,
    path: Path,
    *,
    authority: str,
    dry_run: bool = False,
    accept_changes: bool = False,
    progress: Callable[[int], None] | None = None,
) -> RosterImport:
    """Import a roster; `progress` is called with the rows done so far.

    Raises RosterRejected where the file as a whole is no roster; then, as after any
    other error, the roster in use is unchanged.
    """
    layout = layout_of(path)
    habits, certain = _habits(path, layout, authority)
    work: _Import | None = None
    with translated(), engine.connect() as raw:
        connection = raw.execution_options(immediate=True)
        try:
            with connection.begin():
                work = _Import(connection, habits, accept_changes)
                work.note_layout(layout, certain)
                work.run(path, layout, progress)
                report = work.finish(path)
                if dry_run:
                    raise _RollBackError
        except _RollBackError:
            return replace(report, version=report.version - 1, is_dry_run=True)
    return report


@dataclass(slots=True)
class _Notes:
    kept: list[Note] = field(default_factory=list)
    count: int = 0

    def add(self, line_no: int, code: str, words: str) -> None:
        self.count += 1
        if len(self.kept) < _NOTES_KEPT:
            self.kept.append((line_no, code, words))


@dataclass(slots=True)
class _Known:
    """A person as the database holds it now."""

    person_no: int
    patient: Patient
    version: int
    body: str


class _Import:
    """The running state of one import; lives inside one transaction."""

    def __init__(self, connection: Connection, habits: Habits, accept_changes: bool) -> None:
        self._connection = connection
        self._habits = habits
        self._accept_changes = accept_changes
        self._version = (
            connection.execute(select(func.max(roster_versions.c.version))).scalar_one() or 0
        ) + 1
        self._next_no = (
            connection.execute(select(func.max(roster_patients.c.person_no))).scalar_one() or 0
        ) + 1
        self._is_first = self._next_no == 1
        self._errors, self._warnings = _Notes(), _Notes()
        self._counts: Counter[str] = Counter()
        self._shapes: Counter[tuple[int, bool]] = Counter()
        self._suffixed: list[tuple[int, str, str]] = []
        self._seen: list[dict[str, int]] = []

    # --- the run ----------------------------------------------------------------
    def note_layout(self, layout: Layout, certain: bool) -> None:
        for number in layout.unknown:
            self._warnings.add(0, "unknown_column", f"Column {number} is not used: its heading is not known.")
        if not certain:
            self._warnings.add(
                0, "date_order_mixed", "Birth dates use both orders of day and month; some will be wrong."
            )

    def run(self, path: Path, layout: Layout, progress: Callable[[int], None] | None) -> None:
        rebuild = self._is_first and path.stat().st_size > _INDEXES_AFTER_ROWS_BYTES
        indexes = [i for t in (roster_patients, roster_names) for i in t.indexes] if rebuild else []
        for index in indexes:  # filling a big index in file order at the end is several times faster
            index.drop(self._connection)
        stream = raw_rows(path, layout)
        while batch := list(islice(stream, _BATCH_ROWS)):
            self._take(batch)
            self._counts["rows"] += len(batch)
            if progress:
                progress(self._counts["rows"])
        for index in indexes:
            index.create(self._connection)

    def _take(self, batch: Sequence[RawRow]) -> None:
        people = list(self._people(batch))
        known, by_key = self._known([p for _, p in people])
        added: list[dict[str, Any]] = []
        for line_no, person in people:
            identifier = person.identifiers[0]
            try:
                if here := known.get((identifier.authority, identifier.value)):
                    self._meet(line_no, person, here)
                    continue
                if by_key.get((identifier.authority, fold.identifier_key(identifier.value))):
                    raise RowError("mrn_zeros_lost")
            except RowError as fault:
                self._errors.add(line_no, fault.code, MESSAGES[fault.code])
                continue
            known[identifier.authority, identifier.value] = self._add(line_no, person, added)
            by_key[identifier.authority, fold.identifier_key(identifier.value)] = True
        if added:
            self._insert(added)
        if self._seen:
            self._touch(self._seen)
            self._seen = []

    def _people(self, batch: Sequence[RawRow]) -> Iterator[tuple[int, Patient]]:
        for row in batch:
            try:
                if row.is_ragged:
                    raise RowError("row_ragged")
                person = person_of(row.values, self._habits)
            except RowError as fault:
                self._errors.add(row.line_no, fault.code, MESSAGES[fault.code])
                continue
            value = person.identifiers[0].value
            self._shapes[len(value) if value.isdigit() else 0, value.startswith("0")] += 1
            name = person.names[0]
            if fold.suffix_key(name.suffix) and len(self._suffixed) < _SUFFIXES_LOOKED_AT:
                self._suffixed.append((row.line_no, fold.name_key(name.last), fold.name_key(name.first)))
            yield row.line_no, person

    # --- one person ---------------------------------------------------------------
    def _meet(self, line_no: int, person: Patient, here: _Known) -> None:
        """A row whose number we hold already."""
        if here.version == self._version:
            if not is_same_person(person, here.patient):
                raise RowError("identifier_on_two_people")
            self._warnings.add(line_no, "duplicate_row", "An earlier row holds the same person.")
            return
        now = merged(here.patient, person)
        if not self._accept_changes:
            check_change(here.patient, person)
        if now == here.patient:
            self._counts["unchanged"] += 1
            self._seen.append({"number": here.person_no, "line": line_no})
            here.version = self._version
            return
        self._counts["changed"] += 1
        self._change(line_no, here, now)

    def _add(self, line_no: int, person: Patient, added: list[dict[str, Any]]) -> _Known:
        kept = replace(person, patient_id=roster_rows.new_patient_id())
        number, self._next_no = self._next_no, self._next_no + 1
        body = roster_rows.body_of(kept)
        added.append({"number": number, "line_no": line_no, "patient": kept, "body": body})
        self._counts["added"] += 1
        return _Known(person_no=number, patient=kept, version=self._version, body=body)

    def _insert(self, added: Sequence[dict[str, Any]]) -> None:
        execute = self._connection.execute
        people = [
            {
                "person_no": a["number"],
                "patient_id": a["patient"].patient_id,
                "birth_date": a["patient"].birth_date,
                "is_provisional": False,
                "version": self._version,
                "line_no": a["line_no"],
                "body": a["body"],
            }
            for a in added
        ]
        execute(insert(roster_patients), people)
        execute(
            insert(roster_names), [r for a in added for r in roster_rows.name_rows(a["number"], a["patient"])]
        )
        execute(
            insert(roster_identifiers),
            [r for a in added for r in roster_rows.identifier_rows(a["number"], a["patient"])],
        )

    def _touch(self, seen: Sequence[dict[str, int]]) -> None:
        self._connection.execute(
            update(roster_patients)
            .where(roster_patients.c.person_no == bindparam("number"))
            .values(version=self._version, line_no=bindparam("line")),
            seen,
        )

    def _change(self, line_no: int, here: _Known, merged: Patient) -> None:
        execute = self._connection.execute
        past = {
            "person_no": here.person_no,
            "version": self._version,
            "changed_at": utc_now(),
            "body": here.body,
        }
        execute(insert(roster_history), [past])
        execute(
            update(roster_patients)
            .where(roster_patients.c.person_no == here.person_no)
            .values(
                version=self._version,
                line_no=line_no,
                birth_date=merged.birth_date,
                is_provisional=False,
                body=roster_rows.body_of(merged),
            )
        )
        drop_lookups(self._connection, [here.person_no])
        execute(insert(roster_names), roster_rows.name_rows(here.person_no, merged))
        execute(insert(roster_identifiers), roster_rows.identifier_rows(here.person_no, merged))
        here.version, here.patient = self._version, merged

    def _known(
        self, people: Sequence[Patient]
    ) -> tuple[dict[tuple[str, str], _Known], dict[tuple[str, str], bool]]:
        """Holders of these people's numbers, by exact value and by zero-blind key."""
        column = roster_identifiers.c
        keys = sorted({fold.identifier_key(p.identifiers[0].value) for p in people})
        person = roster_patients.c
        query = (
            select(
                column.authority,
                column.value,
                column.key,
                person.person_no,
                person.patient_id,
                person.is_provisional,
                person.version,
                person.body,
            )
            .join(roster_patients, person.person_no == column.person_no)
            .where(column.type == "mrn", column.key.in_(keys))
        )
        exact: dict[tuple[str, str], _Known] = {}
        loose: dict[tuple[str, str], bool] = {}
        for r in self._connection.execute(query) if keys else ():
            loose[r.authority, r.key] = True
            exact[r.authority, r.value] = _Known(
                person_no=r.person_no,
                patient=roster_rows.patient_of(r.patient_id, r.is_provisional, r.body),
                version=r.version,
                body=r.body,
            )
        return exact, loose

    # --- the end --------------------------------------------------------------------
    def finish(self, path: Path) -> RosterImport:
        if self._counts["rows"] and not any(self._counts[k] for k in ("added", "changed", "unchanged")):
            raise RosterRejected(f"none of {self._counts['rows']} rows can be used")
        for line_no, code, words in roster_warnings.found(
            self._connection, self._version, self._shapes, self._suffixed
        ):
            self._warnings.add(line_no, code, words)
        person = roster_patients.c
        of_roster = select(func.count()).select_from(roster_patients).where(person.is_provisional.is_(False))
        patients = self._connection.execute(of_roster).scalar_one()
        report = RosterImport(
            version=self._version,
            rows=self._counts["rows"],
            added=self._counts["added"],
            changed=self._counts["changed"],
            unchanged=self._counts["unchanged"],
            missing=self._connection.execute(of_roster.where(person.version < self._version)).scalar_one(),
            errors=tuple(self._errors.kept),
            warnings=tuple(self._warnings.kept),
            error_count=self._errors.count,
            warning_count=self._warnings.count,
        )
        self._connection.execute(insert(roster_versions), [self._version_row(path, report, patients)])
        return report

    def _version_row(self, path: Path, report: RosterImport, patients: int) -> dict[str, Any]:
        counts = ("rows", "added", "changed", "unchanged", "missing", "error_count", "warning_count")
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return {
            "version": self._version,
            "imported_at": utc_now(),
            "authority": self._habits.authority,
            "file_sha256": sha256,
            "patients": patients,
            "statistics": roster_rows.to_text(roster_warnings.statistics(self._connection)),
            "summary": json.dumps({name: getattr(report, name) for name in counts}),
        }


def _habits(path: Path, layout: Layout, authority: str) -> tuple[Habits, bool]:
    texts: Iterator[str] = iter(())
    if "birth_date" in layout.columns:
        texts = column(path, layout, "birth_date")
    is_day_first, certain = order_of(texts)
    return Habits(is_day_first=is_day_first, authority=authority, today=today()), certain
