"""What keeps paper from going: holds, and what a second person looked at."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Table, insert, select, update

from scanindex.model import BatchId, DocumentId
from scanindex.paper_model import Hold, QaItem
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_H = tables.paper_holds
_Q = tables.batch_qa


class Holds:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, hold_id: str) -> Hold | None:
        row = self._connection.execute(select(_H.c.body).where(_H.c.hold_id == hold_id)).first()
        return from_json(Hold, row.body) if row else None

    def put(self, hold: Hold) -> None:
        values = {
            "hold_id": hold.hold_id,
            "batch_id": hold.batch_id,
            "document_id": hold.document_id,
            "placed_at": stamp(hold.placed_at),
            "lifted_at": stamp(hold.lifted_at),
            "body": to_json(hold),
        }
        _put(self._connection, _H, values, "hold_id")

    def all(self, *, batch_id: BatchId | None = None, open_only: bool = False) -> list[Hold]:
        """Oldest first."""
        query = select(_H.c.body).order_by(_H.c.placed_at, _H.c.hold_id)
        if batch_id is not None:
            query = query.where(_H.c.batch_id == batch_id)
        if open_only:
            query = query.where(_H.c.lifted_at.is_(None))
        return [from_json(Hold, row.body) for row in self._connection.execute(query)]


class QaItems:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, item: QaItem) -> None:
        values = {"document_id": item.document_id, "batch_id": item.batch_id, "body": to_json(item)}
        _put(self._connection, _Q, values, "document_id")

    def of(self, batch_id: BatchId) -> list[QaItem]:
        """First drawn first."""
        rows = self._connection.execute(select(_Q.c.body).where(_Q.c.batch_id == batch_id))
        found = [from_json(QaItem, row.body) for row in rows]
        return sorted(found, key=lambda item: (item.drawn_at, item.document_id))

    def get(self, document_id: DocumentId) -> QaItem | None:
        row = self._connection.execute(select(_Q.c.body).where(_Q.c.document_id == document_id)).first()
        return from_json(QaItem, row.body) if row else None


def _put(connection: Connection, table: Table, values: Mapping[str, object], key: str) -> None:
    done = connection.execute(update(table).where(table.c[key] == values[key]).values(**values))
    if not done.rowcount:
        connection.execute(insert(table).values(**values))
