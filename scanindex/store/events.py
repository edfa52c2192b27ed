"""Events as rows of the transaction that causes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from scanindex.model import DocumentId, Event, ScanId
from scanindex.ports import Clock
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_E = tables.events


class Events:
    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self.appended = 0

    def append(
        self,
        kind: str,
        actor: str,
        *,
        scan_id: ScanId | None = None,
        document_id: DocumentId | None = None,
        **payload: Any,
    ) -> None:
        self._connection.execute(
            insert(_E).values(
                at=stamp(self._clock.now()),
                actor=actor,
                kind=kind,
                scan_id=scan_id,
                document_id=document_id,
                payload=to_json(payload),
            )
        )
        self.appended += 1

    def restore(self, event: Event) -> None:
        """Put back an event that the archive's log holds (rebuild)."""
        self._connection.execute(
            insert(_E).values(
                seq=event.seq,
                at=stamp(event.at),
                actor=event.actor,
                kind=event.kind,
                scan_id=event.scan_id,
                document_id=event.document_id,
                payload=to_json(event.payload),
            )
        )

    def after(self, seq: int, limit: int) -> list[Event]:
        query = select(_E).where(_E.c.seq > seq).order_by(_E.c.seq).limit(limit)
        return [_event(row) for row in self._connection.execute(query)]

    def of(self, *, document_id: DocumentId | None = None, scan_id: ScanId | None = None) -> list[Event]:
        query = select(_E).order_by(_E.c.seq)
        if document_id:
            query = query.where(_E.c.document_id == document_id)
        if scan_id:
            query = query.where(_E.c.scan_id == scan_id)
        return [_event(row) for row in self._connection.execute(query)]

    def seen(self, document_id: DocumentId) -> list[Event]:
        """When people looked at a document (events "viewed" that list it), oldest first."""
        listed = _E.c.payload.contains(document_id, autoescape=True)
        query = select(_E).where(_E.c.kind == "viewed", listed).order_by(_E.c.seq)
        return [_event(row) for row in self._connection.execute(query)]

    def filed_after(self, seq: int) -> frozenset[DocumentId]:
        """See `ports.EventTable`."""
        query = select(_E.c.document_id).where(_E.c.seq > seq, _E.c.kind == "filed")
        return frozenset(DocumentId(row.document_id) for row in self._connection.execute(query))

    def last_seq(self) -> int:
        return int(self._connection.execute(select(func.coalesce(func.max(_E.c.seq), 0))).scalar_one())


def _event(row: Any) -> Event:
    return Event(
        seq=row.seq,
        at=datetime.fromisoformat(row.at),
        actor=row.actor,
        kind=row.kind,
        scan_id=row.scan_id,
        document_id=row.document_id,
        payload=from_json(dict[str, Any], row.payload),
    )
