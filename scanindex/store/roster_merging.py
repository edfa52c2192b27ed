"""Two records of one person become one, and can be taken apart again.

The survivor takes over every name and number of the loser, so that old paper finds it;
the loser keeps its row, is no longer looked up, and `get` of it answers with the
survivor. The loser's documents change hands in the same transaction, as a correction
does: what was filed leaves chart and index at once and is filed again. Each merge makes
a new roster version, so that whatever waits is decided again. The events carry all that
a rebuild needs. Asking twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Protocol

import msgspec
from sqlalchemy import Connection, func, select

from scanindex.errors import ConflictError, NotFound, UsageError
from scanindex.model import Event, Patient, PatientId
from scanindex.store import roster_merge_rows
from scanindex.store.catalog import Catalog, Unit
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_merge_documents import give_back, hand_over, look_again
from scanindex.store.roster_merge_plan import Plan, plan_for
from scanindex.store.roster_merge_records import (
    Record,
    absorb,
    count_merge,
    line_of,
    new_version,
    parts_of,
    record_of,
    standing,
    take_apart,
)
from scanindex.store.roster_merge_rows import WAITING, MergeRow
from scanindex.store.roster_rows import Merge, MergeState
from scanindex.store.roster_tables import roster_patients, roster_versions
from scanindex.store.tables import documents

MERGED, SEPARATED = "patients_merged", "patients_separated"
_GROUP = 200
"""Merges of a file done in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of the merges that files and feeds asked for."""

    done: int = 0
    parked: int = 0
    """Loser or survivor is not in the roster yet."""
    doubtful: int = 0
    """The two differ in name and birth date, or a person said otherwise: for a person to say."""
    separated: int = 0
    """Taken apart again, because a feed said so."""
    documents: int = 0
    """That changed hands."""

    def __add__(self, other: Settled) -> Settled:
        return Settled(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


def merge(catalog: Catalog, loser: PatientId, survivor: PatientId, reason: str, actor: str) -> int:
    """Merge two records; returns how many documents changed hands, 0 where it was done before.

    Raises NotFound, and ConflictError where one of them is provisional, or was merged elsewhere.
    """
    with catalog.write() as unit:
        one, two = record_of(unit.connection, loser), standing(unit.connection, survivor)
        if one.merged_into and standing(unit.connection, loser).patient_id == two.patient_id:
            return 0
        _check(one, two)
        numbers = [(i.authority, i.value) for row in (one, two) for i in row.own.identifiers[:1]]
        asked = Merge(loser=numbers[0], survivor=numbers[-1], reason=reason, actor=actor)
        version = new_version(unit.connection, {"merges": 1}, -1)
        return _merge(unit, one, two, asked, actor, version)


def unmerge(catalog: Catalog, loser: PatientId, reason: str, actor: str) -> tuple[int, int]:
    """Take a merge back; returns (documents that went back, documents to look at again).

    Documents that changed hands with the merge and were not touched since go back; whatever
    else was filed under the survivor meanwhile goes to the recheck list.
    """
    with catalog.write() as unit:
        connection = unit.connection
        one = record_of(connection, loser)
        if not one.merged_into:
            raise ConflictError(f"patient {loser} is not merged into another")
        two = record_of(connection, one.merged_into)
        if two.merged_into:
            raise ConflictError(f"patient {two.patient_id} was merged too; `roster unmerge` that one first")
        return _separate(unit, one, actor, reason, new_version(connection, {"unmerges": 1}, +1))


def settle(catalog: Catalog, actor: str) -> Settled:
    """Carry out the merges that imported files and feeds ask for; what cannot be yet stays parked.

    Harmless to repeat; a merge that was undone by a person is not done again.
    """
    found = Settled()
    while True:
        with catalog.read() as unit:
            waiting = roster_merge_rows.rows(unit.connection, *WAITING)
        now = Settled()
        for start in range(0, len(waiting), _GROUP):
            with catalog.write() as unit:
                now += settle_in(unit, waiting[start : start + _GROUP], actor)
        left = {"parked": now.parked, "doubtful": now.doubtful}
        found = replace(found + replace(now, parked=0, doubtful=0), **left)
        if not (now.done or now.separated) or not waiting:
            return found  # else one that was done may have opened the way for another


class Book(Protocol):
    """Where merges are counted."""

    @property
    def version(self) -> int: ...

    def count(self, merges: int) -> None:
        """One merge (1), or one taken apart (-1)."""
        ...


class _NewVersion:
    """A version of the roster, begun with the first merge."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def version(self) -> int:
        return new_version(self._connection, {"merges": 0}, 0)

    def count(self, merges: int) -> None:
        count_merge(self._connection, self.version, merges)


def settle_in(unit: Unit, waiting: Iterable[MergeRow], actor: str, book: Book | None = None) -> Settled:
    """The same for these, in a transaction that is open; book: None counts them in a new version."""
    book = book or _NewVersion(unit.connection)
    found = Settled()
    for row in waiting:
        plan = plan_for(unit.connection, row)
        if plan.apart or plan.pair:
            found += _carry_out(unit, row, plan, actor, book)
        if plan.confirmed:
            later = max(plan.confirmed.merge.told_at, row.merge.told_at)
            kept = msgspec.structs.replace(plan.confirmed.merge, told_at=later)
            roster_merge_rows.change(unit.connection, plan.confirmed.merge_no, MergeState.DONE, kept)
        if plan.state is None or plan.pair:
            roster_merge_rows.drop(unit.connection, row.merge_no)
        elif plan.state is not row.state:
            roster_merge_rows.change(unit.connection, row.merge_no, plan.state)
        if plan.state in WAITING:
            found += Settled(**{plan.state: 1})
    return found


def _carry_out(unit: Unit, row: MergeRow, plan: Plan, actor: str, book: Book) -> Settled:
    """Take apart what stands in the way, then make one of two."""
    documents = 0
    for record in plan.apart:
        part, reason = record_of(unit.connection, record.patient_id), row.merge.reason
        documents += _separate(unit, part, actor, reason, book.version, undone_by=actor)[0]
        book.count(-1)
    if plan.circular:
        roster_merge_rows.change(unit.connection, plan.circular.merge_no, MergeState.DOUBTFUL)
    if plan.pair is None:
        return Settled(separated=1, documents=documents)
    one, two = (record_of(unit.connection, record.patient_id) for record in plan.pair)
    documents += _merge(unit, one, two, row.merge, actor, book.version)
    book.count(1)
    return Settled(done=1, documents=documents)


def waiting(catalog: Catalog) -> list[MergeRow]:
    """Merges that files asked for and that are not done."""
    with catalog.read() as unit:
        return roster_merge_rows.rows(unit.connection, *WAITING)


def merged_id(catalog: Catalog, text: str) -> PatientId:
    """The merged record with this id or number. Raises NotFound, UsageError where several have it."""
    with catalog.read() as unit:
        done = roster_merge_rows.rows(unit.connection, MergeState.DONE)
    found = sorted({r.loser_id for r in done if r.loser_id and text in (r.loser_id, r.merge.loser[1])})
    if not found:
        raise NotFound("no merged patient has this number or id; `roster show` lists a patient's merges")
    if len(found) > 1:
        raise UsageError(f"several merged patients have this number; name one by id: {', '.join(found)}")
    return PatientId(found[0])


def repoint_stragglers(catalog: Catalog, actor: str) -> int:
    """Documents that were decided for a record while it was being merged; returns how many."""
    with catalog.write() as unit:
        count = 0
        for loser in _losers_with_documents(unit.connection):
            survivor = standing(unit.connection, loser).patient_id
            count += len(hand_over(unit, loser, survivor, actor, "found late"))
        return count


def _losers_with_documents(connection: Connection) -> list[PatientId]:
    person = roster_patients.c
    query = select(person.patient_id).where(
        person.merged_into.is_not(None), person.patient_id.in_(select(documents.c.patient_id))
    )
    return [PatientId(r.patient_id) for r in connection.execute(query)]


def replay(roster: SqlRoster, event: Event) -> None:
    """Put back a merge, or its undoing, that the archive's log tells (rebuild); idempotent."""
    if event.kind not in (MERGED, SEPARATED):
        return
    one, two = (msgspec.convert(event.payload[key], Patient) for key in ("loser", "survivor"))
    for patient in (one, two):
        if roster.get(patient.patient_id) is None:
            roster.add_provisional(patient)
    with roster.writing() as connection:
        loser, survivor = record_of(connection, one.patient_id), record_of(connection, two.patient_id)
        version = connection.execute(select(func.max(roster_versions.c.version))).scalar_one() or 0
        if event.kind == SEPARATED:
            if loser.merged_into == survivor.patient_id:
                take_apart(connection, loser, survivor, version)
                for row in roster_merge_rows.rows(connection, MergeState.DONE, loser_id=loser.patient_id):
                    roster_merge_rows.change(connection, row.merge_no, MergeState.UNDONE)
            return
        if loser.merged_into or loser.patient_id in [r.patient_id for r in line_of(connection, survivor)]:
            return
        asked = msgspec.structs.replace(msgspec.convert(event.payload["merge"], Merge), event_seq=event.seq)
        absorb(connection, loser, survivor, version)
        roster_merge_rows.add(
            connection, MergeState.DONE, asked, loser.patient_id, survivor.patient_id, event.at.isoformat()
        )


# --- the records ------------------------------------------------------------------
def _merge(unit: Unit, loser: Record, survivor: Record, asked: Merge, actor: str, version: int) -> int:
    connection = unit.connection
    absorb(connection, loser, survivor, version)
    holder = line_of(connection, survivor)[-1]
    moved = hand_over(unit, loser.patient_id, holder.patient_id, actor, asked.reason)
    unit.outbox.add_filed_of([holder.patient_id])  # found by the loser's name and number from now on
    done = msgspec.structs.replace(
        asked, actor=actor, undone_by="", documents=tuple((d.document_id, d.version) for d in moved)
    )
    unit.events.append(MERGED, actor, loser=loser.whole, survivor=survivor.own, merge=done, note=asked.reason)
    done = msgspec.structs.replace(done, event_seq=unit.events.last_seq())
    roster_merge_rows.add(connection, MergeState.DONE, done, loser.patient_id, survivor.patient_id)
    return len(moved)


def _separate(
    unit: Unit, one: Record, actor: str, reason: str, version: int, undone_by: str = ""
) -> tuple[int, int]:
    """(documents that went back, documents to look at again); undone_by: a feed, or empty."""
    connection = unit.connection
    two = record_of(connection, one.merged_into or "")
    holder = line_of(connection, two)[-1]
    parts = {PatientId(part) for part in _within(connection, one)}
    done = roster_merge_rows.rows(connection, MergeState.DONE, loser_id=one.patient_id)
    since = done[-1].merge.event_seq if done else 0
    take_apart(connection, one, two, version)
    for row in done:
        undone = msgspec.structs.replace(row.merge, undone_by=undone_by)
        roster_merge_rows.change(connection, row.merge_no, MergeState.UNDONE, undone)
    unit.events.append(SEPARATED, actor, loser=one.whole, survivor=two.own, note=reason)
    went = give_back(unit, one.patient_id, parts, holder.patient_id, actor, reason)
    unit.outbox.add_filed_of([holder.patient_id])  # no longer found by what came with the other one
    return went, look_again(unit, holder.patient_id, since, actor)


def _within(connection: Connection, row: Record) -> list[str]:
    """The record, and those merged into it."""
    below = [i for part in parts_of(connection, row.patient_id) for i in _within(connection, part)]
    return [row.patient_id, *below]


def _check(loser: Record, survivor: Record) -> None:
    if loser.patient_id == survivor.patient_id:
        raise ConflictError("a patient cannot be merged into itself")
    if loser.merged_into:
        raise ConflictError(f"patient {loser.patient_id} is already merged into {loser.merged_into}")
    for row in (loser, survivor):
        if row.is_provisional:
            raise ConflictError(f"patient {row.patient_id} is provisional; `roster link` it instead")
