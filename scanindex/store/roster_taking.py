"""The rules of importing: what a row may change of the roster, for files and feeds alike.

A person is known by number and authority. What a row leaves empty is kept; a changed name keeps the
old one as former; the person before each change stays in the history. A changed birth date, or a
number that suddenly names somebody different, is refused unless the caller accepts changes. A dated
row that is older than what is known adds to it and changes nothing. Lives inside one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from scanindex.match import fold
from scanindex.model import Identifier, Patient, PatientId
from scanindex.store import roster_rows
from scanindex.store.roster_check_digits import passes
from scanindex.store.roster_import_rows import (
    Added,
    Held,
    change_person,
    held_by,
    insert_people,
    touch_people,
)
from scanindex.store.roster_merge import check_change, is_same_person, merged
from scanindex.store.roster_people import MESSAGES, RowError
from scanindex.store.roster_shapes import Shapes
from scanindex.store.roster_source import WARNINGS, Move, Note, SourceRow

_NOTES_KEPT = 1_000
_SUFFIXES_LOOKED_AT = 20_000
_IDS_AT_ONCE = 2_000
CHECK_DIGIT = "The number breaks the check-digit rule of its authority; it never counts as read for sure."


@dataclass(slots=True)
class Notes:
    """Messages about rows, as many as anybody reads."""

    kept: list[Note] = field(default_factory=list)
    count: int = 0

    def add(self, line_no: int, code: str, words: str) -> None:
        self.count += 1
        if len(self.kept) < _NOTES_KEPT:
            self.kept.append((line_no, code, words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for all rows of an import."""

    accept_changes: bool = False
    check_rules: Mapping[str, str] = field(default_factory=dict)
    authorities: frozenset[str] | None = None
    """Whose numbers are taken; None: anybody's."""
    is_full: bool = True
    """One row per person: a second one is a mistake. Otherwise what is told later counts."""


class Taking:
    """The running state of one import."""

    def __init__(
        self,
        connection: Connection,
        version: int,
        first_no: int,
        rules: Rules,
        known_shapes: Mapping[str, Mapping[str, int]],
    ) -> None:
        """first_no: for the first new person."""
        self._connection = connection
        self._rules = rules
        self._version = version
        self._next_no = first_no
        self._pending_from = first_no
        self._pending: list[Added] = []
        self._seen: list[dict[str, object]] = []
        self._ids: list[PatientId] = []
        self._known_words: set[str] = set()
        self.errors, self.warnings = Notes(), Notes()
        self.counts: Counter[str] = Counter()
        self.shapes = Shapes(known_shapes)
        self.suffixed: list[tuple[int, str, str]] = []
        self.moves: list[tuple[SourceRow, Move]] = []
        self.renamed: list[PatientId] = []
        """Whose documents are to be found by something else now."""

    def take(self, batch: Sequence[SourceRow]) -> None:
        rows = list(self._readable(batch))
        known, by_key = held_by(self._connection, [numbers_of(row) for row in rows])
        for row in rows:
            try:
                if row.person is not None:
                    self._place(row, row.person, known, by_key)
                self.moves += [(row, move) for move in row.moves]
            except RowError as fault:
                self.errors.add(row.line_no, fault.code, MESSAGES[fault.code])
        self._flush()
        if self._seen:
            touch_people(self._connection, self._version, self._seen)
            self._seen = []
        self.counts["rows"] += len(batch)

    def _readable(self, batch: Sequence[SourceRow]) -> Iterator[SourceRow]:
        for row in batch:
            for code in row.warnings:
                self.warnings.add(row.line_no, code, WARNINGS[code])
            if row.fault:
                self.errors.add(row.line_no, row.fault, MESSAGES[row.fault])
                continue
            if row.person is not None:
                self._look_at(row.line_no, row.person)
            yield row

    def _look_at(self, line_no: int, person: Patient) -> None:
        for i in person.identifiers:
            self.shapes.see(line_no, i.authority, i.value)
            if self._rules.check_rules and not passes(self._rules.check_rules.get(i.authority, ""), i.value):
                self.warnings.add(line_no, "check_digit", CHECK_DIGIT)
        name = person.names[0]
        if name.suffix and fold.suffix_key(name.suffix) and len(self.suffixed) < _SUFFIXES_LOOKED_AT:
            self.suffixed.append((line_no, fold.name_key(name.last), fold.name_key(name.first)))

    def _place(
        self,
        row: SourceRow,
        person: Patient,
        known: dict[tuple[str, str], Held],
        by_key: set[tuple[str, str]],
    ) -> None:
        """Raises RowError where the row cannot be taken."""
        number = person.identifiers[0]
        allowed = self._rules.authorities
        if allowed is not None and number.authority not in allowed:
            raise RowError("authority_unknown")
        here = known.get((number.authority, number.value))
        if row.known_as:
            before = known.get((row.known_as.authority, row.known_as.value))
            here = here or before
            if before is None or before is here:
                person = replace(person, identifiers=(*person.identifiers, row.known_as))
                row = row._replace(body="")
        for other in person.identifiers[1:]:
            holder = known.get((other.authority, other.value))
            if holder and holder is not here and (here is None or holder.person_no != here.person_no):
                raise RowError("identifier_on_two_people")
        if here:
            self._meet(row, person, here)
        elif (number.authority, roster_rows.number_key(number.value)) in by_key:
            raise RowError("mrn_zeros_lost")
        else:
            here = self._add(row, person)
        for i in person.identifiers:
            known[i.authority, i.value] = here
            by_key.add((i.authority, roster_rows.number_key(i.value)))

    # --- one person ---------------------------------------------------------------
    def _meet(self, row: SourceRow, person: Patient, here: Held) -> None:
        """A row whose number we hold already."""
        known_by = row.known_as or person.identifiers[0]
        if known_by not in here.patient.identifiers and person.identifiers[0] not in here.patient.identifiers:
            self.counts["of_merged"] += 1
            if not row.moves:
                self.warnings.add(row.line_no, "row_of_merged", WARNINGS["row_of_merged"])
            return
        if self._rules.is_full and here.version == self._version:
            if not is_same_person(person, here.patient):
                raise RowError("identifier_on_two_people")
            self.warnings.add(row.line_no, "duplicate_row", "An earlier row holds the same person.")
            return
        if not self._rules.accept_changes:
            check_change(here.patient, person)
        if row.told_at and here.told_at and row.told_at < here.told_at:
            now = replace(merged(person, here.patient), patient_id=here.patient.patient_id)
        else:
            now = merged(here.patient, person)
        told_at = max(filter(None, (row.told_at, here.told_at)), default=None)
        if now == here.patient:
            self.counts["unchanged"] += 1
            self._seen.append({"number": here.person_no, "line": row.line_no, "told": told_at})
            here.version, here.told_at = self._version, told_at
            return
        if here.person_no >= self._pending_from:
            self._flush()
        self.counts["changed"] += 1
        if roster_rows.labels_of(now) != roster_rows.labels_of(here.patient):
            self.renamed.append(now.patient_id)
        change_person(self._connection, self._version, row.line_no, here, now, told_at)

    def _add(self, row: SourceRow, person: Patient) -> Held:
        if not self._ids:
            self._ids = roster_rows.new_patient_ids(_IDS_AT_ONCE if self._rules.is_full else 20)
        number, self._next_no = self._next_no, self._next_no + 1
        body = row.body or roster_rows.body_of(person)
        patient_id = self._ids.pop()
        self._pending.append(Added(number, row.line_no, patient_id, person, body, row.told_at))
        self.counts["added"] += 1
        for i in person.identifiers:
            self.shapes.add(i.authority, i.value)
        return Held(number, person, self._version, body, row.told_at, patient_id)

    def _flush(self) -> None:
        """New people reach the database before anything about them is changed there."""
        if self._pending:
            insert_people(self._connection, self._version, self._pending, self._known_words)
            self._pending = []
        self._pending_from = self._next_no


def numbers_of(row: SourceRow) -> tuple[Identifier, ...]:
    numbers = row.person.identifiers if row.person else ()
    return (*numbers, row.known_as) if row.known_as else numbers
