"""A roster file into the database: one transaction, one version, nothing silently overwritten.

A row is known by its MRN and authority. What a row leaves empty is kept; a changed
name keeps the old one as former; the person before each change stays in the
history. A changed birth date, or a number that suddenly names somebody different,
is an error row unless the caller accepts changes. People missing from the file are
counted and kept. Messages name lines and codes, never people.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, func, insert, select

from scanindex.errors import RosterRejected
from scanindex.store import roster_merge_rows, roster_rows, roster_suggest_index, roster_warnings
from scanindex.store.documents import Outbox
from scanindex.store.roster_ahead import batches
from scanindex.store.roster_csv import CsvSource
from scanindex.store.roster_pending import publish
from scanindex.store.roster_shapes import WORDS as SHAPE_WORDS
from scanindex.store.roster_source import Note, Source
from scanindex.store.roster_tables import (
    roster_identifiers,
    roster_names,
    roster_patients,
    roster_versions,
)
from scanindex.store.roster_taking import Rules, Taking
from scanindex.store.roster_writes import translated, utc_now

_BATCH_ROWS = 2_000
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
    """Roster patients that a full list does not hold; they stay."""
    errors: tuple[Note, ...]
    """Rows that were not imported; at most a thousand of them."""
    warnings: tuple[Note, ...]
    """At most a thousand."""
    error_count: int
    warning_count: int
    unit: str = "line"
    """What errors and warnings count: line, message, entry."""
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
    """`import_source` of a CSV."""
    return import_source(
        engine,
        CsvSource(path, authority),
        dry_run=dry_run,
        accept_changes=accept_changes,
        progress=progress,
        check_rules=check_rules,
    )


def import_source(
    engine: Engine,
    source: Source,
    *,
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
    with translated(), engine.connect() as raw, _without_collecting():
        connection = raw.execution_options(immediate=True)
        try:
            with connection.begin():
                work = _Import(connection, source, accept_changes, check_rules or {})
                work.run(progress)
                report = work.finish()
                if dry_run:
                    raise _RollBackError
        except _RollBackError:
            return replace(report, version=report.version - 1, is_dry_run=True)
    return report


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Rows make no cycles: looking for them costs a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Import:
    """One import; lives inside one transaction."""

    def __init__(
        self, connection: Connection, source: Source, accept_changes: bool, check_rules: Mapping[str, str]
    ) -> None:
        self._connection, self._source = connection, source
        self._is_trusted = accept_changes
        publish(connection)  # what feeds changed is a version of its own
        self._version = (
            connection.execute(select(func.max(roster_versions.c.version))).scalar_one() or 0
        ) + 1
        self._first_no = next_person_no(connection)
        shapes = roster_warnings.known_shapes(connection)
        rules = Rules(
            accept_changes=accept_changes,
            check_rules=check_rules,
            authorities=None if source.is_full else authorities_taken(source.authorities, shapes),
            is_full=source.is_full,
        )
        self._taking = Taking(connection, self._version, self._first_no, rules, shapes)
        for note in source.notes():
            self._taking.warnings.add(*note)

    def run(self, progress: Callable[[int], None] | None) -> None:
        rebuild = self._first_no == 1 and self._source.path.stat().st_size > _INDEXES_AFTER_ROWS_BYTES
        indexes = [i for i in _INDEXES if i.name != "ix_roster_identifiers_key"] if rebuild else []
        for index in indexes:  # filling a big index in file order at the end is several times faster
            index.drop(self._connection)
        if rebuild:
            roster_suggest_index.stop_following(self._connection)
        for batch in batches(self._source, _BATCH_ROWS):
            self._taking.take(batch)
            if progress:
                progress(self._taking.counts["rows"])
        for index in indexes:
            index.create(self._connection)
        if rebuild:
            roster_suggest_index.rebuild(self._connection)

    # --- the end --------------------------------------------------------------------
    def finish(self) -> RosterImport:
        taking, counts = self._taking, self._taking.counts
        used = any(counts[k] for k in ("added", "changed", "unchanged", "of_merged"))
        if counts["rows"] and not used and not taking.moves:
            raise RosterRejected(f"none of {counts['rows']} rows can be used")
        for line_no, code in taking.shapes.warnings():
            taking.warnings.add(line_no, code, SHAPE_WORDS[code])
        for note in roster_warnings.found(self._connection, self._version, taking.suffixed):
            taking.warnings.add(*note)
        self._park_moves()
        Outbox(self._connection).add_filed_of(taking.renamed)
        person = roster_patients.c
        of_roster = (
            select(func.count())
            .select_from(roster_patients)
            .where(person.is_provisional.is_(False), person.merged_into.is_(None))
        )
        patients = self._connection.execute(of_roster).scalar_one()
        missing = of_roster.where(person.version < self._version)
        report = RosterImport(
            version=self._version,
            rows=counts["rows"],
            added=counts["added"],
            changed=counts["changed"],
            unchanged=counts["unchanged"],
            missing=self._connection.execute(missing).scalar_one() if self._source.is_full else 0,
            errors=tuple(taking.errors.kept),
            warnings=tuple(taking.warnings.kept),
            error_count=taking.errors.count,
            warning_count=taking.warnings.count,
            unit=self._source.unit,
            merges=len(taking.moves),
        )
        self._connection.execute(insert(roster_versions), [self._version_row(report, patients)])
        return report

    def _park_moves(self) -> None:
        """Kept with the import; carried out right after it, with the documents (roster_merging)."""
        asked = [
            roster_rows.Merge(
                loser=(move.number.authority, move.number.value),
                survivor=(move.into.authority, move.into.value),
                reason=f"merged_into in roster version {self._version}, {self._source.unit} {row.line_no}",
                is_trusted=self._is_trusted,
                told_at=row.told_at or "",
            )
            for row, move in self._taking.moves
        ]
        if asked:
            roster_merge_rows.park(self._connection, asked)

    def _version_row(self, report: RosterImport, patients: int) -> dict[str, Any]:
        counts = (
            "rows", "added", "changed", "unchanged", "missing", "error_count", "warning_count", "merges",
        )  # fmt: skip
        with self._source.path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        known = roster_warnings.statistics(self._connection)
        summary = {name: getattr(report, name) for name in counts} | {"first_new": self._first_no}
        shapes = self._taking.shapes.learned()
        return {
            "version": self._version,
            "imported_at": utc_now(),
            "authority": self._source.authority,
            "file_sha256": sha256,
            "patients": patients,
            "statistics": roster_rows.to_text(msgspec.structs.replace(known, shapes=shapes)),
            "summary": json.dumps(summary),
        }


def next_person_no(connection: Connection) -> int:
    return (connection.execute(select(func.max(roster_patients.c.person_no))).scalar_one() or 0) + 1


def authorities_taken(named: frozenset[str], known: Mapping[str, Any]) -> frozenset[str] | None:
    """Whose numbers a feed may bring: those the settings name and those the roster knows; anybody's
    while it knows none. Another name for the same issuer would register everybody twice."""
    return named | frozenset(known) if known else None


_INDEXES = [i for t in (roster_patients, roster_names, roster_identifiers) for i in t.indexes]
