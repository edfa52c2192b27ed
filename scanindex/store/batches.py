"""Boxes of paper and the folder each comes through."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from scanindex.model import Batch, BatchId
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_B = tables.batches


class Batches:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, batch_id: BatchId) -> Batch | None:
        row = self._connection.execute(select(_B.c.body).where(_B.c.batch_id == batch_id)).first()
        return from_json(Batch, row.body) if row else None

    def put(self, batch: Batch) -> None:
        values = {
            "batch_id": batch.batch_id,
            "folder": batch.folder,
            "opened_at": stamp(batch.opened_at),
            "closed_at": stamp(batch.closed_at),
            "body": to_json(batch),
        }
        done = self._connection.execute(update(_B).where(_B.c.batch_id == batch.batch_id).values(**values))
        if not done.rowcount:
            self._connection.execute(insert(_B).values(**values))

    def open_for(self, folder: str) -> Batch | None:
        """The open batch whose arrivals come through this inbox folder."""
        query = select(_B.c.body).where(_B.c.folder == folder, _B.c.closed_at.is_(None))
        row = self._connection.execute(query.order_by(_B.c.opened_at.desc())).first()
        return from_json(Batch, row.body) if row else None

    def all(self) -> list[Batch]:
        rows = self._connection.execute(select(_B.c.body).order_by(_B.c.opened_at))
        return [from_json(Batch, row.body) for row in rows]
