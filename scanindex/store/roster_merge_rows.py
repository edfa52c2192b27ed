"""The list of merges: asked for, done, undone. What carries them out is roster_merging."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, insert, select, update

from scanindex.store.roster_rows import Merge, MergeState
from scanindex.store.roster_tables import roster_merges
from scanindex.store.roster_writes import utc_now

_M = roster_merges.c
_WAITING = (MergeState.PARKED, MergeState.DOUBTFUL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRow:
    merge_no: int
    state: MergeState
    loser_id: str | None
    survivor_id: str | None
    at: str
    merge: Merge


def park(connection: Connection, merges: Iterable[Merge]) -> None:
    """Remember that a file asks for merges; asking again changes nothing, unless it is trusted now."""
    waiting = {(row.merge.loser, row.merge.survivor): row for row in rows(connection, *_WAITING)}
    for merge in merges:
        known = waiting.get((merge.loser, merge.survivor))
        if known is None:
            add(connection, MergeState.PARKED, merge)
        elif merge.is_trusted:
            change(connection, known.merge_no, MergeState.PARKED, merge)


def add(
    connection: Connection,
    state: MergeState,
    merge: Merge,
    loser_id: str | None = None,
    survivor_id: str | None = None,
    at: str | None = None,
) -> None:
    values = {
        "loser_id": loser_id,
        "survivor_id": survivor_id,
        "at": at or utc_now(),
        "body": _text(merge),
    }
    connection.execute(insert(roster_merges).values(state=state, **values))


def change(connection: Connection, merge_no: int, state: MergeState, merge: Merge | None = None) -> None:
    values = {"state": state} | ({"body": _text(merge)} if merge else {})
    connection.execute(update(roster_merges).where(_M.merge_no == merge_no).values(**values))


def drop(connection: Connection, merge_no: int) -> None:
    connection.execute(roster_merges.delete().where(_M.merge_no == merge_no))


def rows(connection: Connection, *states: MergeState, loser_id: str | None = None) -> list[MergeRow]:
    query = select(roster_merges).order_by(_M.merge_no)
    if states:
        query = query.where(_M.state.in_(states))
    if loser_id:
        query = query.where(_M.loser_id == loser_id)
    return [
        MergeRow(
            merge_no=r.merge_no,
            state=MergeState(r.state),
            loser_id=r.loser_id,
            survivor_id=r.survivor_id,
            at=r.at,
            merge=msgspec.json.decode(r.body, type=Merge),
        )
        for r in connection.execute(query)
    ]


def _text(merge: Merge) -> str:
    return msgspec.json.encode(merge).decode("utf-8")
