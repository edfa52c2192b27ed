"""Events as rows of the transaction that causes them, each sealed over the one before."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from scanindex.errors import IntegrityError
from scanindex.model import DocumentId, Event, PatientId, ScanId
from scanindex.ports import Clock
from scanindex.store import tables, trail_exports, trail_read, trail_subjects
from scanindex.store.rows import from_json, stamp, to_json
from scanindex.store.trail_chain import (
    FIRST_MAC,
    SealedRow,
    TrailKey,
    mac_of,
    seal_of,
    started_payload,
)
from scanindex.trail_model import SHOWN, STARTED, TrailEntry, TrailFilter

_E, _S = tables.events, tables.trail_seal
_MACHINE = "machine"
_CUT = "the audit trail does not end where its seal says (`scanindex audit verify` tells more)"


class Chain(NamedTuple):
    """What seals need from outside the table."""

    key: TrailKey
    log_head: Callable[[Connection], tuple[int, str]]
    """End of the archive's log, after everything committed so far was written to it."""


class Events:
    """Without a chain (a unit that only reads, or tests of other tables) rows get no seal."""

    def __init__(self, connection: Connection, clock: Clock, chain: Chain | None = None) -> None:
        self._connection = connection
        self._clock = clock
        self._chain = chain
        self._end: tuple[int, str] | None = None
        """Number and seal of the last row; None: not looked at yet."""
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
        """Raises IntegrityError where the trail was cut, or its key is gone.

        One chain in spite of several processes: a write transaction holds SQLite's only write
        lock from its beginning (BEGIN IMMEDIATE), so nobody else reads the end meanwhile.
        PostgreSQL would need `SELECT pg_advisory_xact_lock(...)` before the end is read.
        """
        if self._chain is not None and self._end is None:
            self._find_end(self._chain)
        self._add(kind, actor, scan_id, document_id, payload)

    def restart(self, actor: str, reason: str) -> None:
        """Begin a new chain of seals over whatever stands there now, with a new key if it is missing.

        The first thing to happen in its transaction, but for `restore`. Its first event names the
        end of the archive's log, whose hashes hold everything older.
        """
        if self._chain is None:
            return
        seal = self._seal_row()
        self._start(self._chain, actor, reason, seal.mac if seal else "")

    def seal(self) -> None:
        """Last thing in a transaction: one seal over where the trail ends now."""
        if self._chain is None or self._end is None or not self.appended:
            return
        seq, mac = self._end
        self._connection.execute(delete(_S))
        value = seal_of(self._chain.key.get(), seq, mac)
        self._connection.execute(insert(_S).values(place=1, seq=seq, mac=mac, seal=value))

    def restore(self, event: Event) -> None:
        """Put back an event that the archive's log holds (rebuild); `restart` follows the last."""
        row = SealedRow(
            event.seq,
            stamp(event.at) or "",
            event.actor,
            event.kind,
            event.scan_id,
            event.document_id,
            to_json(event.payload),
        )
        self._connection.execute(insert(_E).values(row._asdict()))
        trail_subjects.note(self._connection, event.seq, event.document_id, event.payload)

    # --- the chain ------------------------------------------------------------------------
    def _find_end(self, chain: Chain) -> None:
        last = self._connection.execute(select(_E.c.seq, _E.c.mac).order_by(_E.c.seq.desc()).limit(1)).first()
        seal = self._seal_row()
        if seal is None:
            was_started = select(_E.c.seq).where(_E.c.kind == STARTED).limit(1)
            if (last and last.mac) or self._connection.execute(was_started).first():
                raise IntegrityError(_CUT)
            self._start(chain, _MACHINE, "first", "")
            return
        if last is None or (last.seq, last.mac) != (seal.seq, seal.mac):
            raise IntegrityError(_CUT)
        if not any(
            hmac.compare_digest(seal_of(key(), seal.seq, seal.mac), seal.seal)
            for key in (chain.key.get, chain.key.get_again)
        ):
            raise IntegrityError("the key of the audit trail is not the one that it is sealed with")
        self._end = (last.seq, last.mac)

    def _start(self, chain: Chain, actor: str, reason: str, after: str) -> None:
        key = chain.key.get_or_make()
        head = chain.log_head(self._connection)
        self._end = (self.last_seq(), FIRST_MAC)
        self._add(STARTED, actor, None, None, started_payload(head, key, after, reason))

    def _seal_row(self) -> Any:
        return self._connection.execute(select(_S)).first()

    def _add(
        self,
        kind: str,
        actor: str,
        scan_id: ScanId | None,
        document_id: DocumentId | None,
        payload: Mapping[str, Any],
    ) -> None:
        end = self._end or (self.last_seq(), FIRST_MAC)
        at = stamp(self._clock.now()) or ""
        row = SealedRow(end[0] + 1, at, actor, kind, scan_id, document_id, to_json(payload))
        mac = mac_of(self._chain.key.get(), end[1], row) if self._chain else None
        self._connection.execute(insert(_E).values(**row._asdict(), mac=mac))
        trail_subjects.note(self._connection, row.seq, document_id, payload)
        if mac is not None:
            self._end = (row.seq, mac)
        self.appended += 1

    # --- reading --------------------------------------------------------------------------
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
        """When people looked at a document or took it away, oldest first."""
        listed = select(tables.event_documents.c.seq).where(
            tables.event_documents.c.document_id == document_id
        )
        query = select(_E).where(_E.c.kind.in_(SHOWN), _E.c.seq.in_(listed)).order_by(_E.c.seq)
        return [_event(row) for row in self._connection.execute(query)]

    def trail(self, wanted: TrailFilter) -> list[TrailEntry]:
        """See `ports.EventTable`."""
        return trail_read.entries(self._connection, wanted)

    def about(self, patient_ids: Sequence[PatientId], document_ids: Sequence[DocumentId]) -> list[TrailEntry]:
        """See `ports.EventTable`."""
        return trail_read.about(self._connection, patient_ids, document_ids)

    def handed_over(
        self, patient_ids: Sequence[PatientId], document_ids: Sequence[DocumentId]
    ) -> list[TrailEntry]:
        """See `ports.EventTable`."""
        return trail_exports.handed_over(self._connection, patient_ids, document_ids)

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
