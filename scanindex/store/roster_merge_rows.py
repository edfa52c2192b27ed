"""The list of merges: asked for, done, undone. What carries them out is roster_merging."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, insert, or_, select, update

from scanindex.store.roster_rows import Merge, MergeState
from scanindex.store.roster_tables import roster_merges
from scanindex.store.roster_writes import utc_now

_M = roster_merges.c
WAITING = (MergeState.PARKED, MergeState.DOUBTFUL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRow:
    merge_no: int
    state: MergeState
    loser_id: str | None
    survivor_id: str | None
    at: str
    merge: Merge


def park(connection: Connection, merges: Iterable[Merge]) -> None:
    """Remember that a file or a feed asks for merges; asking again changes nothing, unless it is trusted
    now."""
    for merge in merges:
        same = rows(connection, *WAITING, numbers=[merge.loser])
        known = next(
            (r for r in same if (r.merge.survivor, r.merge.told_at) == (merge.survivor, merge.told_at)), None
        )
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
        "loser_key": key_of(merge.loser),
        "survivor_key": key_of(merge.survivor),
    }
    connection.execute(insert(roster_merges).values(state=state, **values, **_body(merge)))


def change(connection: Connection, merge_no: int, state: MergeState, merge: Merge | None = None) -> None:
    values = {"state": state} | (_body(merge) if merge else {})
    connection.execute(update(roster_merges).where(_M.merge_no == merge_no).values(**values))


def drop(connection: Connection, merge_no: int) -> None:
    connection.execute(roster_merges.delete().where(_M.merge_no == merge_no))


def newest(connection: Connection, number: tuple[str, str]) -> tuple[str, str, int] | None:
    """(when, survivor's key, -merge_no) of the last that a feed said about where a number stands."""
    query = select(_M.told_at, _M.survivor_key, _M.merge_no).where(
        _M.loser_key == key_of(number), _M.told_at.is_not(None)
    )
    return max(((r.told_at, r.survivor_key, -r.merge_no) for r in connection.execute(query)), default=None)


def key_of(number: tuple[str, str]) -> str:
    return f"{number[0]}|{number[1]}"


def rows(
    connection: Connection,
    *states: MergeState,
    loser_id: str | None = None,
    numbers: Collection[tuple[str, str]] | None = None,
) -> list[MergeRow]:
    """numbers: only those that name one of them, as loser or survivor."""
    query = select(roster_merges).order_by(_M.merge_no)
    if states:
        query = query.where(_M.state.in_(states))
    if numbers is not None:
        keys = [key_of(number) for number in numbers]
        query = query.where(or_(_M.loser_key.in_(keys), _M.survivor_key.in_(keys)))
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


def _body(merge: Merge) -> dict[str, str | None]:
    return {"body": msgspec.json.encode(merge).decode("utf-8"), "told_at": merge.told_at or None}
