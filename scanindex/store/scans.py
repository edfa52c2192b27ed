"""Originals and their arrivals."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from scanindex.model import Arrival, BatchId, Scan, ScanId, ScanState
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_T = tables.scans
_A = tables.arrivals
_MANY = 500
"""Values per IN list, well under every database's limit."""


class Scans:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, scan_id: ScanId) -> Scan | None:
        row = self._connection.execute(select(_T.c.body).where(_T.c.scan_id == scan_id)).first()
        return from_json(Scan, row.body) if row else None

    def all_of(self, scan_ids: Iterable[ScanId]) -> dict[ScanId, Scan]:
        """See `ports.ScanTable`."""
        ids, found = sorted(set(scan_ids)), {}
        for start in range(0, len(ids), _MANY):
            query = select(_T.c.body).where(_T.c.scan_id.in_(ids[start : start + _MANY]))
            for row in self._connection.execute(query):
                scan = from_json(Scan, row.body)
                found[scan.scan_id] = scan
        return found

    def add(self, scan: Scan) -> None:
        next_no = select(func.coalesce(func.max(_T.c.arrival_no), 0) + 1).scalar_subquery()
        self._connection.execute(insert(_T).values(arrival_no=next_no, **_columns(scan)))

    def put(self, scan: Scan) -> None:
        self._connection.execute(update(_T).where(_T.c.scan_id == scan.scan_id).values(**_columns(scan)))

    def change(self, scan_id: ScanId, **changes: object) -> Scan:
        """The scan with some fields replaced, stored."""
        scan = self.get(scan_id)
        assert scan is not None, scan_id
        changed = dataclasses.replace(scan, **changes)  # type: ignore[arg-type]
        self.put(changed)
        return changed

    def due(self, now: datetime, limit: int, skip: Iterable[ScanId] = ()) -> list[Scan]:
        """What the machine can work on now, most urgent and oldest first."""
        is_due = or_(
            _T.c.state == ScanState.RECEIVED,
            and_(_T.c.state == ScanState.WAITING, _T.c.retry_at <= stamp(now)),
        )
        query = (
            select(_T.c.body)
            .where(is_due, _T.c.scan_id.not_in(list(skip)))
            .order_by(_T.c.priority.desc(), _T.c.arrival_no)
            .limit(limit)
        )
        return [from_json(Scan, row.body) for row in self._connection.execute(query)]

    def all(self, *states: ScanState, batch_id: BatchId | None = None) -> list[Scan]:
        query = select(_T.c.body).order_by(_T.c.arrival_no)
        if states:
            query = query.where(_T.c.state.in_(states))
        if batch_id:
            # A duplicate belongs to its batch by its arrival, the original by its row.
            arrived = select(_A.c.scan_id).where(_A.c.batch_id == batch_id)
            query = query.where(_T.c.scan_id.in_(arrived))
        return [from_json(Scan, row.body) for row in self._connection.execute(query)]

    def counts(self) -> dict[str, int]:
        rows = self._connection.execute(select(_T.c.state, func.count()).group_by(_T.c.state))
        return {state: n for state, n in rows}

    def with_prefix(self, prefix: str) -> list[ScanId]:
        """Ids that start so; for people who type the first digits."""
        query = select(_T.c.scan_id).where(_T.c.scan_id.startswith(prefix, autoescape=True)).limit(5)
        return [ScanId(row.scan_id) for row in self._connection.execute(query)]


def _columns(scan: Scan) -> dict[str, object]:
    return {
        "scan_id": scan.scan_id,
        "state": scan.state,
        "reason": scan.reason,
        "priority": scan.preset.priority,
        "attempts": scan.attempts,
        "batch_id": scan.batch_id,
        "retry_at": stamp(scan.retry_at),
        "received_at": stamp(scan.received_at),
        "body": to_json(scan),
    }


class Arrivals:
    """Every inbox entry taken over, duplicates included."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        scan_id: ScanId,
        inbox_path: str,
        fingerprint: str,
        arrived_at: datetime,
        *,
        is_duplicate: bool,
        batch_id: BatchId | None,
    ) -> int:
        result = self._connection.execute(
            insert(_A).values(
                scan_id=scan_id,
                inbox_path=inbox_path,
                fingerprint=fingerprint,
                arrived_at=stamp(arrived_at),
                is_duplicate=is_duplicate,
                batch_id=batch_id,
                is_retired=False,
            )
        )
        return int(result.inserted_primary_key[0])  # type: ignore[index]

    def unretired(self) -> list[tuple[Arrival, str]]:
        """Arrivals whose inbox entry is still to be retired, with its fingerprint."""
        rows = self._connection.execute(
            select(_A).where(_A.c.is_retired.is_(False)).order_by(_A.c.arrival_id)
        )
        return [(_arrival(row), row.fingerprint) for row in rows]

    def mark_retired(self, arrival_id: int) -> None:
        self._connection.execute(update(_A).where(_A.c.arrival_id == arrival_id).values(is_retired=True))

    def of(self, scan_id: ScanId) -> Sequence[Arrival]:
        rows = self._connection.execute(select(_A).where(_A.c.scan_id == scan_id).order_by(_A.c.arrival_id))
        return [_arrival(row) for row in rows]

    def count(self, batch_id: BatchId | None = None, *, duplicates_only: bool = False) -> int:
        query = select(func.count()).select_from(_A)
        if batch_id:
            query = query.where(_A.c.batch_id == batch_id)
        if duplicates_only:
            query = query.where(_A.c.is_duplicate.is_(True))
        return int(self._connection.execute(query).scalar_one())


def _arrival(row: object) -> Arrival:
    return Arrival(
        arrival_id=row.arrival_id,  # type: ignore[attr-defined]
        scan_id=ScanId(row.scan_id),  # type: ignore[attr-defined]
        inbox_path=row.inbox_path,  # type: ignore[attr-defined]
        is_duplicate=row.is_duplicate,  # type: ignore[attr-defined]
        arrived_at=datetime.fromisoformat(row.arrived_at),  # type: ignore[attr-defined]
        is_retired=row.is_retired,  # type: ignore[attr-defined]
    )
