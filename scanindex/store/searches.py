"""Searches that people keep, each under its owner's name for it."""

from __future__ import annotations

from sqlalchemy import Connection, and_, delete, insert, select

from scanindex.model import SavedSearch
from scanindex.store import tables
from scanindex.store.rows import from_json, to_json

_S = tables.saved_searches


class Searches:
    """`ports.SearchTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, owner: str, name: str) -> SavedSearch | None:
        where = and_(_S.c.owner == owner, _S.c.name == name)
        row = self._connection.execute(select(_S.c.body).where(where)).first()
        return from_json(SavedSearch, row.body) if row else None

    def put(self, saved: SavedSearch) -> None:
        self.drop(saved.owner, saved.name)
        values = {"owner": saved.owner, "name": saved.name, "body": to_json(saved)}
        self._connection.execute(insert(_S).values(**values))

    def drop(self, owner: str, name: str) -> None:
        self._connection.execute(delete(_S).where(_S.c.owner == owner, _S.c.name == name))

    def of(self, owner: str) -> list[SavedSearch]:
        rows = self._connection.execute(select(_S.c.body).where(_S.c.owner == owner).order_by(_S.c.name))
        return [from_json(SavedSearch, row.body) for row in rows]
