"""What is to become of a merge that a file or a feed asked for.

A file's merge is done once. What a feed says is dated: of several words about one number the last
counts, whenever it arrives, so that messages in any order end in the same tree. Promises: nothing
is written here; what a person did is never undone; two people who differ wait for a person.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from scanindex.match import fold
from scanindex.model import Patient, PersonName
from scanindex.store import roster_merge_rows
from scanindex.store.roster_merge import may_be_one
from scanindex.store.roster_merge_records import Record, line_of, owner_of
from scanindex.store.roster_merge_rows import MergeRow
from scanindex.store.roster_rows import MergeState

_ALIKE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    state: MergeState | None
    """None: nothing is left to do, the row goes. UNDONE: it stays as what a feed said last."""
    pair: tuple[Record, Record] | None = None
    """Whose records become one."""
    apart: tuple[Record, ...] = ()
    """Parts of other records now; taken apart before anything else."""
    circular: MergeRow | None = None
    """The merge that made the last of `apart`: it closes a circle, so it waits."""
    confirmed: MergeRow | None = None
    """The merge that this one only repeats."""


_WAIT, _ASK, _DROP = (Plan(state=s) for s in (MergeState.PARKED, MergeState.DOUBTFUL, None))


def plan_for(connection: Connection, row: MergeRow) -> Plan:
    asked = row.merge
    if asked.told_at:
        mine = (asked.told_at, roster_merge_rows.key_of(asked.survivor), -row.merge_no)
        newest = roster_merge_rows.newest(connection, asked.loser)
        if newest and newest > mine:
            return _DROP
    loser = owner_of(connection, asked.loser)
    if asked.is_separation:
        return _separation(connection, loser)
    survivor = owner_of(connection, asked.survivor)
    if loser is None:
        return _WAIT
    if survivor and (
        loser.patient_id == survivor.patient_id or _was_undone_by_a_person(connection, loser, survivor)
    ):
        return _DROP
    if asked.told_at:
        return _dated(connection, row, loser, survivor)
    return _undated(connection, row, loser, survivor) if survivor else _WAIT


def _undated(connection: Connection, row: MergeRow, loser: Record, survivor: Record) -> Plan:
    if line_of(connection, loser)[-1].patient_id == line_of(connection, survivor)[-1].patient_id:
        return _DROP
    if loser.merged_into or not _fits(row, loser, survivor):
        return _ASK
    return Plan(state=MergeState.DONE, pair=(loser, survivor))


def _dated(connection: Connection, row: MergeRow, loser: Record, survivor: Record | None) -> Plan:
    """The last word about the loser: whatever an older one did to it is over."""
    if not _is_main_number(row.merge.loser, loser.own):
        return _ASK  # a number beside others of one person: who else is meant by it?
    now = _made_by(connection, loser) if loser.merged_into else None
    if survivor and loser.merged_into == survivor.patient_id:
        return Plan(state=None, confirmed=now)
    if loser.merged_into and not (now and now.merge.told_at):
        return _ASK  # a person, or a file, put it somewhere else
    apart = (loser,) if now else ()
    if survivor is None:
        return Plan(state=MergeState.PARKED, apart=apart)
    if not _fits(row, loser, survivor):
        return Plan(state=MergeState.DOUBTFUL, apart=apart)
    return _in_line(connection, row, (loser, survivor), apart)


def _in_line(
    connection: Connection, row: MergeRow, pair: tuple[Record, Record], apart: tuple[Record, ...]
) -> Plan:
    """Of merges that make a circle the oldest waits."""
    line = line_of(connection, pair[1])
    at = next((n for n, r in enumerate(line) if r.patient_id == pair[0].patient_id), None)
    if at is None:
        return Plan(state=MergeState.DONE, pair=pair, apart=apart)
    links = [(made, r) for r in line[:at] if (made := _made_by(connection, r)) and made.merge.told_at]
    if len(links) < at:
        return Plan(state=MergeState.DOUBTFUL, apart=apart)
    oldest, record = min(links, key=lambda link: (link[0].merge.told_at, link[0].merge.loser))
    if (row.merge.told_at, row.merge.loser) < (oldest.merge.told_at, oldest.merge.loser):
        return Plan(state=MergeState.DOUBTFUL, apart=apart)
    return Plan(state=MergeState.DONE, pair=pair, apart=(*apart, record), circular=oldest)


def _separation(connection: Connection, loser: Record | None) -> Plan:
    if loser is None or not loser.merged_into:
        return Plan(state=MergeState.UNDONE)
    made = _made_by(connection, loser)
    if made is None or not made.merge.told_at:
        return _ASK
    return Plan(state=MergeState.UNDONE, apart=(loser,))


def _is_main_number(number: tuple[str, str], patient: Patient) -> bool:
    of_authority = [i.value for i in patient.identifiers if i.authority == number[0]]
    return of_authority[:1] == [number[1]]


def _made_by(connection: Connection, loser: Record) -> MergeRow | None:
    """The merge because of which this record is part of another."""
    done = roster_merge_rows.rows(connection, MergeState.DONE, loser_id=loser.patient_id)
    return done[-1] if done else None


def _was_undone_by_a_person(connection: Connection, loser: Record, survivor: Record) -> bool:
    undone = roster_merge_rows.rows(connection, MergeState.UNDONE, loser_id=loser.patient_id)
    return any(u.survivor_id == survivor.patient_id and not u.merge.undone_by for u in undone)


def _fits(row: MergeRow, loser: Record, survivor: Record) -> bool:
    """A feed speaks for the hospital; that nothing at all agrees is still a question for people."""
    one, two = loser.own, survivor.own
    if loser.is_provisional or survivor.is_provisional:
        return False
    if row.merge.is_trusted or may_be_one(one, two):
        return True
    if not row.merge.told_at:
        return False
    return bool(one.birth_date and one.birth_date == two.birth_date) or any(
        _is_alike(a, b) for a in one.names for b in two.names
    )


def _is_alike(one: PersonName, two: PersonName) -> bool:
    import jellyfish

    pairs = ((one.last, two.last), (one.first, two.first))
    return all(
        jellyfish.jaro_winkler_similarity(fold.name_key(a), fold.name_key(b)) >= _ALIKE for a, b in pairs
    )
