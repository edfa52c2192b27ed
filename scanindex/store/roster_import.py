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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, func, insert, select

from scanindex.errors import RosterRejected
from scanindex.match import fold
from scanindex.model import Identifier, Patient, PatientId
from scanindex.store import roster_merge_rows, roster_rows, roster_suggest_index, roster_warnings
from scanindex.store.documents import Outbox
from scanindex.store.roster_check_digits import passes
from scanindex.store.roster_columns import Layout, RawRow, column, layout_of
from scanindex.store.roster_columns import rows as raw_rows
from scanindex.store.roster_import_rows import (
    Added,
    Held,
    change_person,
    held_by,
    insert_people,
    touch_people,
)
from scanindex.store.roster_merge import check_change, is_same_person, merged
from scanindex.store.roster_people import MESSAGES, Habits, RowError, number_list, order_of, person_of, today
from scanindex.store.roster_shapes import WORDS as SHAPE_WORDS
from scanindex.store.roster_shapes import Shapes
from scanindex.store.roster_tables import (
    roster_identifiers,
    roster_names,
    roster_patients,
    roster_versions,
)
from scanindex.store.roster_writes import translated, utc_now

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
    merges: int = 0
    """Rows that say into which other patient theirs was merged; `roster_merging.settle` does them."""


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
    check_rules: Mapping[str, str] | None = None,
) -> RosterImport:
    """Import a roster; `progress` is called with the rows done so far.

    check_rules: authority to check-digit rule; numbers that break it are warned about.

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
                work = _Import(connection, habits, accept_changes, check_rules or {})
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


class _Import:
    """The running state of one import; lives inside one transaction."""

    def __init__(
        self,
        connection: Connection,
        habits: Habits,
        accept_changes: bool,
        check_rules: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._habits = habits
        self._accept_changes = accept_changes
        self._check_rules = check_rules
        self._version = (
            connection.execute(select(func.max(roster_versions.c.version))).scalar_one() or 0
        ) + 1
        self._first_no = self._next_no = (
            connection.execute(select(func.max(roster_patients.c.person_no))).scalar_one() or 0
        ) + 1
        self._errors, self._warnings = _Notes(), _Notes()
        self._counts: Counter[str] = Counter()
        self._shapes = Shapes(roster_warnings.known_shapes(connection))
        self._suffixed: list[tuple[int, str, str]] = []
        self._seen: list[dict[str, int]] = []
        self._ids: list[PatientId] = []
        self._merges: list[tuple[int, Identifier, Identifier]] = []
        self._known_words: set[str] = set()
        self._renamed: list[PatientId] = []

    # --- the run ----------------------------------------------------------------
    def note_layout(self, layout: Layout, certain: bool) -> None:
        for number in layout.unknown:
            self._warnings.add(0, "unknown_column", f"Column {number} is not used: its heading is not known.")
        if not certain:
            self._warnings.add(
                0, "date_order_mixed", "Birth dates use both orders of day and month; some will be wrong."
            )

    def run(self, path: Path, layout: Layout, progress: Callable[[int], None] | None) -> None:
        rebuild = self._first_no == 1 and path.stat().st_size > _INDEXES_AFTER_ROWS_BYTES
        indexes = [i for i in _INDEXES if i.name != "ix_roster_identifiers_key"] if rebuild else []
        for index in indexes:  # filling a big index in file order at the end is several times faster
            index.drop(self._connection)
        if rebuild:
            roster_suggest_index.stop_following(self._connection)
        stream = raw_rows(path, layout)
        while batch := list(islice(stream, _BATCH_ROWS)):
            self._take(batch)
            self._counts["rows"] += len(batch)
            if progress:
                progress(self._counts["rows"])
        for index in indexes:
            index.create(self._connection)
        if rebuild:
            roster_suggest_index.rebuild(self._connection)

    def _take(self, batch: Sequence[RawRow]) -> None:
        people = list(self._people(batch))
        known, by_key = held_by(self._connection, [p for _, p in people])
        added: list[Added] = []
        for line_no, person in people:
            try:
                self._place(line_no, person, known, by_key, added)
            except RowError as fault:
                self._errors.add(line_no, fault.code, MESSAGES[fault.code])
        if added:
            insert_people(self._connection, self._version, added, self._known_words)
        if self._seen:
            touch_people(self._connection, self._version, self._seen)
            self._seen = []

    def _place(
        self,
        line_no: int,
        person: Patient,
        known: dict[tuple[str, str], Held],
        by_key: set[tuple[str, str]],
        added: list[Added],
    ) -> None:
        """Raises RowError where the row cannot be taken."""
        number = person.identifiers[0]
        here = known.get((number.authority, number.value))
        for other in person.identifiers[1:]:
            holder = known.get((other.authority, other.value))
            if holder and holder is not here and (here is None or holder.person_no != here.person_no):
                raise RowError("identifier_on_two_people")
        if here:
            self._meet(line_no, person, here)
        elif (number.authority, roster_rows.number_key(number.value)) in by_key:
            raise RowError("mrn_zeros_lost")
        else:
            here = self._add(line_no, person, added)
        for i in person.identifiers:
            known[i.authority, i.value] = here
            by_key.add((i.authority, roster_rows.number_key(i.value)))

    def _people(self, batch: Sequence[RawRow]) -> Iterator[tuple[int, Patient]]:
        for row in batch:
            try:
                if row.is_ragged:
                    raise RowError("row_ragged")
                person = person_of(row.values, self._habits)
                if "merged_into" in row.values:
                    self._note_merge(row, person.identifiers[0])
            except RowError as fault:
                self._errors.add(row.line_no, fault.code, MESSAGES[fault.code])
                continue
            for i in person.identifiers:
                self._shapes.see(row.line_no, i.authority, i.value)
                if self._check_rules and not passes(self._check_rules.get(i.authority, ""), i.value):
                    self._warnings.add(row.line_no, "check_digit", _CHECK_DIGIT)
            name = person.names[0]
            if name.suffix and fold.suffix_key(name.suffix) and len(self._suffixed) < _SUFFIXES_LOOKED_AT:
                self._suffixed.append((row.line_no, fold.name_key(name.last), fold.name_key(name.first)))
            yield row.line_no, person

    def _note_merge(self, row: RawRow, loser: Identifier) -> None:
        survivors = number_list(row.values["merged_into"], loser.authority)
        if len(survivors) == 1 and survivors[0] != loser:
            self._merges.append((row.line_no, loser, survivors[0]))
        else:
            self._warnings.add(row.line_no, "merge_unclear", _MERGE_UNCLEAR)

    # --- one person ---------------------------------------------------------------
    def _meet(self, line_no: int, person: Patient, here: Held) -> None:
        """A row whose number we hold already."""
        if person.identifiers[0] not in here.patient.identifiers:
            self._counts["of_merged"] += 1
            if not self._merges or self._merges[-1][0] != line_no:
                self._warnings.add(line_no, "row_of_merged", _ROW_OF_MERGED)
            return
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
        if roster_rows.labels_of(now) != roster_rows.labels_of(here.patient):
            self._renamed.append(now.patient_id)
        change_person(self._connection, self._version, line_no, here, now)

    def _add(self, line_no: int, person: Patient, added: list[Added]) -> Held:
        if not self._ids:
            self._ids = roster_rows.new_patient_ids(_BATCH_ROWS)
        number, self._next_no = self._next_no, self._next_no + 1
        body = roster_rows.body_of(person)
        added.append(Added(number, line_no, self._ids.pop(), person, body))
        self._counts["added"] += 1
        for i in person.identifiers:
            self._shapes.add(i.authority, i.value)
        return Held(person_no=number, patient=person, version=self._version, body=body)

    # --- the end --------------------------------------------------------------------
    def finish(self, path: Path) -> RosterImport:
        used = ("added", "changed", "unchanged", "of_merged")
        if self._counts["rows"] and not any(self._counts[k] for k in used):
            raise RosterRejected(f"none of {self._counts['rows']} rows can be used")
        for line_no, code in self._shapes.warnings():
            self._warnings.add(line_no, code, SHAPE_WORDS[code])
        for line_no, code, words in roster_warnings.found(self._connection, self._version, self._suffixed):
            self._warnings.add(line_no, code, words)
        self._park_merges()
        Outbox(self._connection).add_filed_of(self._renamed)
        person = roster_patients.c
        of_roster = (
            select(func.count())
            .select_from(roster_patients)
            .where(person.is_provisional.is_(False), person.merged_into.is_(None))
        )
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
            merges=len(self._merges),
        )
        self._connection.execute(insert(roster_versions), [self._version_row(path, report, patients)])
        return report

    def _park_merges(self) -> None:
        """Kept with the import; carried out right after it, with the documents (roster_merging)."""
        asked = [
            roster_rows.Merge(
                loser=(loser.authority, loser.value),
                survivor=(survivor.authority, survivor.value),
                reason=f"merged_into in roster version {self._version}, line {line_no}",
                is_trusted=self._accept_changes,
            )
            for line_no, loser, survivor in self._merges
        ]
        if asked:
            roster_merge_rows.park(self._connection, asked)

    def _version_row(self, path: Path, report: RosterImport, patients: int) -> dict[str, Any]:
        counts = (
            "rows", "added", "changed", "unchanged", "missing", "error_count", "warning_count", "merges",
        )  # fmt: skip
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        known = roster_warnings.statistics(self._connection)
        summary = {name: getattr(report, name) for name in counts} | {"first_new": self._first_no}
        return {
            "version": self._version,
            "imported_at": utc_now(),
            "authority": self._habits.authority,
            "file_sha256": sha256,
            "patients": patients,
            "statistics": roster_rows.to_text(msgspec.structs.replace(known, shapes=self._shapes.learned())),
            "summary": json.dumps(summary),
        }


_INDEXES = [i for t in (roster_patients, roster_names, roster_identifiers) for i in t.indexes]
_CHECK_DIGIT = "The number breaks the check-digit rule of its authority; it never counts as read for sure."
_MERGE_UNCLEAR = "The column of the surviving number names none or several; nothing is merged."
_ROW_OF_MERGED = "The number was merged into another patient; the row is not taken (see `roster unmerge`)."


def _habits(path: Path, layout: Layout, authority: str) -> tuple[Habits, bool]:
    texts: Iterator[str] = iter(())
    if "birth_date" in layout.columns:
        texts = column(path, layout, "birth_date")
    is_day_first, certain = order_of(texts)
    return Habits(is_day_first=is_day_first, authority=authority, today=today()), certain
