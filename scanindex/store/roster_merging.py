"""Two records of one person become one, and can be taken apart again.

The survivor takes over every name and number of the loser, so that old paper finds it;
the loser keeps its row, is no longer looked up, and `get` of it answers with the
survivor. The loser's documents change hands in the same transaction, as a correction
does: what was filed leaves chart and index at once and is filed again. Each merge makes
a new roster version, so that whatever waits is decided again. The events carry all that
a rebuild needs. Asking twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, func, select

from scanindex.errors import ConflictError, NotFound, UsageError
from scanindex.model import Event, Patient, PatientId
from scanindex.store import roster_merge_rows
from scanindex.store.catalog import Catalog, Unit
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_merge import may_be_one
from scanindex.store.roster_merge_documents import give_back, hand_over, look_again
from scanindex.store.roster_merge_records import (
    Record,
    absorb,
    count_merge,
    holder_of,
    new_version,
    record_of,
    standing,
    take_apart,
)
from scanindex.store.roster_merge_rows import MergeRow
from scanindex.store.roster_rows import Merge, MergeState
from scanindex.store.roster_tables import roster_patients, roster_versions

MERGED, SEPARATED = "patients_merged", "patients_separated"
_WAITING = (MergeState.PARKED, MergeState.DOUBTFUL)
_GROUP = 200
"""Merges of a file done in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of the merges that files asked for."""

    done: int
    parked: int
    """Loser or survivor is not in the roster yet."""
    doubtful: int
    """The two differ in name and birth date: for a person to say."""
    documents: int


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
        done = roster_merge_rows.rows(connection, MergeState.DONE, loser_id=loser)
        asked = done[-1].merge if done else Merge(loser=("", ""), survivor=("", ""), reason="")
        take_apart(connection, one, two, new_version(connection, {"unmerges": 1}, +1))
        for row in done:
            roster_merge_rows.change(connection, row.merge_no, MergeState.UNDONE)
        unit.events.append(SEPARATED, actor, loser=one.whole, survivor=two.own, note=reason)
        moved = give_back(unit, one.patient_id, two.patient_id, asked, actor, reason)
        unit.outbox.add_filed_of([two.patient_id])  # no longer found by what came with the other one
        return moved, look_again(unit, two.patient_id, asked.event_seq, actor)


def settle(catalog: Catalog, actor: str) -> Settled:
    """Carry out the merges that imported files ask for; what cannot be yet stays parked.

    Harmless to repeat; a merge that was undone by a person is not done again.
    """
    counts = {MergeState.DONE: 0, MergeState.PARKED: 0, MergeState.DOUBTFUL: 0}
    documents = 0
    with catalog.read() as unit:
        waiting = roster_merge_rows.rows(unit.connection, *_WAITING)
    for start in range(0, len(waiting), _GROUP):
        with catalog.write() as unit:
            version: int | None = None
            for row in waiting[start : start + _GROUP]:
                state, pair = _judge(unit.connection, row)
                if pair:
                    version = version or new_version(unit.connection, {"merges": 0}, 0)
                    roster_merge_rows.drop(unit.connection, row.merge_no)
                    documents += _merge(unit, *pair, row.merge, actor, version)
                    count_merge(unit.connection, version)
                elif state is None:
                    roster_merge_rows.drop(unit.connection, row.merge_no)
                elif state is not row.state:
                    roster_merge_rows.change(unit.connection, row.merge_no, state)
                if state:
                    counts[state] += 1
    return Settled(
        done=counts[MergeState.DONE],
        parked=counts[MergeState.PARKED],
        doubtful=counts[MergeState.DOUBTFUL],
        documents=documents,
    )


def waiting(catalog: Catalog) -> list[MergeRow]:
    """Merges that files asked for and that are not done."""
    with catalog.read() as unit:
        return roster_merge_rows.rows(unit.connection, *_WAITING)


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
        losers = unit.connection.execute(
            select(roster_patients.c.patient_id).where(roster_patients.c.merged_into.is_not(None))
        )
        count = 0
        for loser in [PatientId(r.patient_id) for r in losers]:
            survivor = standing(unit.connection, loser).patient_id
            count += len(hand_over(unit, loser, survivor, actor, "found late"))
        return count


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
        survivor = standing(connection, survivor.patient_id)
        if loser.merged_into or loser.patient_id == survivor.patient_id:
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
    moved = hand_over(unit, loser.patient_id, survivor.patient_id, actor, asked.reason)
    unit.outbox.add_filed_of([survivor.patient_id])  # found by the loser's name and number from now on
    done = msgspec.structs.replace(
        asked, actor=actor, documents=tuple((d.document_id, d.version) for d in moved)
    )
    unit.events.append(MERGED, actor, loser=loser.whole, survivor=survivor.own, merge=done, note=asked.reason)
    done = msgspec.structs.replace(done, event_seq=unit.events.last_seq())
    roster_merge_rows.add(connection, MergeState.DONE, done, loser.patient_id, survivor.patient_id)
    return len(moved)


def _check(loser: Record, survivor: Record) -> None:
    if loser.patient_id == survivor.patient_id:
        raise ConflictError("a patient cannot be merged into itself")
    if loser.merged_into:
        raise ConflictError(f"patient {loser.patient_id} is already merged into {loser.merged_into}")
    for row in (loser, survivor):
        if row.is_provisional:
            raise ConflictError(f"patient {row.patient_id} is provisional; `roster link` it instead")


def _judge(connection: Connection, row: MergeRow) -> tuple[MergeState | None, tuple[Record, Record] | None]:
    """What is to become of a merge that a file asked for, and whose; (None, None) where it is done
    already or was undone by a person."""
    loser, survivor = holder_of(connection, row.merge.loser), holder_of(connection, row.merge.survivor)
    if loser is None or survivor is None:
        return MergeState.PARKED, None
    if loser.patient_id == survivor.patient_id:
        return None, None
    undone = roster_merge_rows.rows(connection, MergeState.UNDONE, loser_id=loser.patient_id)
    if any(u.survivor_id == survivor.patient_id for u in undone):
        return None, None
    is_plain = not (loser.is_provisional or survivor.is_provisional)
    if is_plain and (row.merge.is_trusted or may_be_one(loser.own, survivor.own)):
        return MergeState.DONE, (loser, survivor)
    return MergeState.DOUBTFUL, None
