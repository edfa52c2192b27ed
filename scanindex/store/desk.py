"""The desk's tables: who holds which scan, what is parked, keyed once, planted, and what was done.

Nothing here is replayed from the archive: after a rebuild everybody starts with empty hands.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError as RowExists

from scanindex.audit_model import Verdict
from scanindex.desk_model import Action, Claim, Key, Parked, Seed, Waiting
from scanindex.model import DocumentId, DocumentState, ScanId
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json
from scanindex.store.waiting import Read, source_of, waiting

_C, _K, _A = tables.claims, tables.first_keys, tables.desk_actions
_P, _S, _D = tables.parked, tables.seeds, tables.documents
_MANY = 500


class Desk:
    def __init__(self, connection: Connection, read: Read | None = None) -> None:
        self._connection = connection
        self._read = read

    # --- claims ---------------------------------------------------------------------
    def claim(self, scan_id: ScanId, actor: str, now: datetime, until: datetime) -> bool:
        """Take or renew; False while somebody else holds it."""
        free = or_(_C.c.actor == actor, _C.c.until <= stamp(now))
        mine = (_C.c.scan_id == scan_id) & (_C.c.actor == actor) & (_C.c.until > stamp(now))
        renewed = self._connection.execute(update(_C).where(mine).values(until=stamp(until)))
        if renewed.rowcount == 1:
            return True
        values = {"actor": actor, "since": stamp(now), "until": stamp(until)}
        taken = self._connection.execute(update(_C).where(_C.c.scan_id == scan_id, free).values(**values))
        if taken.rowcount == 1:
            return True
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(_C).values(scan_id=scan_id, **values))
        except RowExists:
            return False
        return True

    def take(self, scan_id: ScanId, actor: str, now: datetime, until: datetime) -> None:
        """Out of whosever hands."""
        self._connection.execute(delete(_C).where(_C.c.scan_id == scan_id))
        self.claim(scan_id, actor, now, until)

    def release(self, scan_id: ScanId, actor: str) -> None:
        self._connection.execute(delete(_C).where(_C.c.scan_id == scan_id, _C.c.actor == actor))

    def holder(self, scan_id: ScanId, now: datetime) -> Claim | None:
        query = select(_C).where(_C.c.scan_id == scan_id, _C.c.until > stamp(now))
        row = self._connection.execute(query).first()
        return _claim(row) if row else None

    def claims(self, now: datetime) -> list[Claim]:
        query = select(_C).where(_C.c.until > stamp(now)).order_by(_C.c.since, _C.c.scan_id)
        return [_claim(row) for row in self._connection.execute(query)]

    # --- parked ---------------------------------------------------------------------
    def parked(self, item_id: DocumentId) -> Parked | None:
        row = self._connection.execute(select(_P.c.body).where(_P.c.item_id == item_id)).first()
        return from_json(Parked, row.body) if row else None

    def park(self, parked: Parked) -> None:
        self.unpark(parked.item_id)
        values = {"item_id": parked.item_id, "kind": parked.kind, "body": to_json(parked)}
        self._connection.execute(insert(_P).values(**values))

    def unpark(self, item_id: DocumentId) -> None:
        self._connection.execute(delete(_P).where(_P.c.item_id == item_id))

    # --- notes that were typed and not sent ----------------------------------------------
    def unsent(self, item_id: DocumentId, actor: str) -> str:
        """See `ports.Desk`."""
        row = self._connection.execute(
            select(_P.c.body).where(_P.c.item_id == _unsent_key(item_id, actor))
        ).first()
        return from_json(Parked, row.body).note if row else ""

    def keep_unsent(self, note: Parked) -> None:
        """See `ports.Desk`. Beside what is parked, under a key that is no document's."""
        key = DocumentId(_unsent_key(note.item_id, note.actor))
        self.unpark(key)
        if note.note:
            values = {"item_id": key, "kind": "unsent", "body": to_json(note)}
            self._connection.execute(insert(_P).values(**values))

    def drop_unsent(self, item_id: DocumentId) -> None:
        """See `ports.Desk`."""
        mine = _P.c.item_id.startswith(_unsent_key(item_id, ""), autoescape=True)
        self._connection.execute(delete(_P).where(mine))

    # --- keys -----------------------------------------------------------------------
    def keys(self, document_id: DocumentId) -> list[Key]:
        query = select(_K.c.body).where(_K.c.document_id == document_id)
        found = [from_json(Key, row.body) for row in self._connection.execute(query)]
        return sorted(found, key=lambda key: key.at)

    def put_keys(self, document_id: DocumentId, keys: Iterable[Key]) -> None:
        """These instead of what stood there."""
        self._connection.execute(delete(_K).where(_K.c.document_id == document_id))
        for key in keys:
            values = {"document_id": document_id, "actor": key.actor, "body": to_json(key)}
            self._connection.execute(insert(_K).values(**values))

    # --- seeds ----------------------------------------------------------------------
    def seed(self, item_id: DocumentId) -> Seed | None:
        row = self._connection.execute(select(_S.c.body).where(_S.c.item_id == item_id)).first()
        return from_json(Seed, row.body) if row else None

    def put_seed(self, seed: Seed) -> None:
        values = {
            "origin": seed.origin,
            "scan_id": seed.document.scan_id,
            "outcome": seed.outcome,
            "body": to_json(seed),
        }
        mine = _S.c.item_id == seed.item_id
        if not self._connection.execute(update(_S).where(mine).values(**values)).rowcount:
            self._connection.execute(insert(_S).values(item_id=seed.item_id, **values))

    def seeds(self, *, waiting_only: bool = False) -> list[Seed]:
        query = select(_S.c.body).order_by(_S.c.item_id)
        if waiting_only:
            query = query.where(_S.c.outcome.is_(None))
        return [from_json(Seed, row.body) for row in self._connection.execute(query)]

    def seedable(self, limit: int) -> list[DocumentId]:
        """Filed alone, audited as right, still so, its scan at rest, never used for a test item."""
        f = tables.auto_filings
        open_states = (DocumentState.IN_REVIEW, DocumentState.PROPOSED)
        other = tables.documents.alias()
        rest = select(other.c.scan_id).where(other.c.state.in_(open_states))
        query = (
            select(_D.c.document_id)
            .join(f, f.c.document_id == _D.c.document_id)
            .where(_D.c.state == DocumentState.FILED, f.c.verdict == Verdict.RIGHT)
            .where(_D.c.decided_by == "machine", _D.c.needs_recheck.is_(False))
            .where(_D.c.document_id.not_in(select(_S.c.origin)), _D.c.scan_id.not_in(rest))
            .order_by(_D.c.document_id)
            .limit(limit)
        )
        return [DocumentId(row.document_id) for row in self._connection.execute(query)]

    # --- what waits -----------------------------------------------------------------
    def line(self, actor: str, now: datetime) -> list[ScanId]:
        """See `ports.Desk`. Reads no bodies: where thousands wait, only the first of them are looked at."""
        s, live = tables.scans, (_C.c.scan_id == _D.c.scan_id) & (_C.c.until > stamp(now))
        query = (
            select(_D.c.scan_id, _C.c.actor)
            .join(s, s.c.scan_id == _D.c.scan_id)
            .outerjoin(_C, live)
            .where(_D.c.state == DocumentState.IN_REVIEW, or_(_C.c.actor.is_(None), _C.c.actor == actor))
            .group_by(_D.c.scan_id, _C.c.actor, s.c.priority)
            .order_by(_C.c.actor.is_(None), s.c.priority.desc(), func.min(_D.c.created_at), _D.c.scan_id)
        )
        tests = (seed.document.scan_id for seed in self.seeds(waiting_only=True))
        found = (ScanId(row.scan_id) for row in self._connection.execute(query))
        return list(dict.fromkeys((*tests, *found)))

    def waiting(self, now: datetime, scan_ids: Collection[ScanId] | None = None) -> list[Waiting]:
        """See `ports.Desk`."""
        keyed = self._keyed()
        found = waiting(self._connection, now, scan_ids, keyed, self._read)
        return found + list(self._waiting_seeds(now, scan_ids, keyed))

    def _waiting_seeds(
        self, now: datetime, scan_ids: Collection[ScanId] | None, keyed: dict[str, list[Key]]
    ) -> Iterator[Waiting]:
        s = tables.scans
        for seed in self.seeds(waiting_only=True):
            if scan_ids is not None and seed.document.scan_id not in scan_ids:
                continue
            holder = self.holder(seed.document.scan_id, now)
            scan = self._connection.execute(
                select(s.c.body, s.c.batch_id).where(s.c.scan_id == seed.document.scan_id)
            ).one()
            document, parked = seed.document, self.parked(seed.item_id)
            mine = [key for key in keyed.get(seed.item_id, ()) if key.pages == document.pages]
            yield Waiting(
                item_id=seed.item_id,
                version=document.version,
                scan_id=document.scan_id,
                first_page=document.pages[0],
                created_at=document.created_at,
                priority=seed.priority,
                source=source_of(scan.body),
                batch_id=scan.batch_id,
                patient_id=None,
                document_type=document.document_type,
                sensitivity=document.sensitivity,
                rule=document.decision.rule,
                park=parked.kind if parked else None,
                keyed_by=mine[0].actor if mine else "",
                claimed_by=holder.actor if holder else "",
                is_test=True,
            )

    def _keyed(self) -> dict[str, list[Key]]:
        found: dict[str, list[Key]] = {}
        for row in self._connection.execute(select(_K.c.document_id, _K.c.body)):
            found.setdefault(row.document_id, []).append(from_json(Key, row.body))
        return found

    # --- what was done --------------------------------------------------------------
    def did(self, action: Action) -> None:
        values = {
            "actor": action.actor,
            "at": stamp(action.at),
            "kind": action.kind,
            "item_id": action.item_id,
            "is_undone": False,
            "body": to_json(action),
        }
        self._connection.execute(insert(_A).values(**values))

    def last_done(self, actor: str, kinds: Iterable[str]) -> list[Action]:
        """The newest act of this person that is not undone, with all of its run, newest first."""
        query = select(_A.c.action_no, _A.c.is_undone, _A.c.body).where(
            _A.c.actor == actor, _A.c.is_undone.is_(False), _A.c.kind.in_(list(kinds))
        )
        found: list[Action] = []
        for row in self._connection.execute(query.order_by(_A.c.action_no.desc())):
            action = _action(row)
            if found and action.group != found[0].group:
                break
            found.append(action)
        return found

    def recent(self, actor: str, limit: int) -> list[Action]:
        """The newest acts of this person, newest first."""
        query = select(_A.c.action_no, _A.c.is_undone, _A.c.body).where(_A.c.actor == actor)
        rows = self._connection.execute(query.order_by(_A.c.action_no.desc()).limit(limit))
        return [_action(row) for row in rows]

    def amend(self, action: Action) -> None:
        """Keep it as it reads now."""
        mine = _A.c.action_no == action.action_no
        self._connection.execute(update(_A).where(mine).values(item_id=action.item_id, body=to_json(action)))

    def undone(self, action_nos: Iterable[int]) -> None:
        self._connection.execute(
            update(_A).where(_A.c.action_no.in_(list(action_nos))).values(is_undone=True)
        )

    def done(self, since: datetime | None, until: datetime | None, actor: str = "") -> list[Action]:
        query = select(_A.c.action_no, _A.c.is_undone, _A.c.body).order_by(_A.c.action_no)
        if since:
            query = query.where(_A.c.at >= stamp(since))
        if until:
            query = query.where(_A.c.at < stamp(until))
        if actor:
            query = query.where(_A.c.actor == actor)
        return [_action(row) for row in self._connection.execute(query)]

    def changed_after(self, document_ids: Iterable[DocumentId], kinds: Iterable[str]) -> list[Any]:
        """(document_id, seq, actor) of events of these kinds about these documents."""
        e, ids, found = tables.events, sorted(set(document_ids)), []
        for start in range(0, len(ids), _MANY):
            query = select(e.c.document_id, e.c.seq, e.c.actor).where(
                e.c.document_id.in_(ids[start : start + _MANY]), e.c.kind.in_(list(kinds))
            )
            found += [(row.document_id, row.seq, row.actor) for row in self._connection.execute(query)]
        return found


def _unsent_key(item_id: DocumentId, actor: str) -> str:
    """Of one person's note on one item; without a person the beginning of all on it."""
    return f"{item_id}~{hashlib.sha256(actor.encode()).hexdigest()[:11] if actor else ''}"


def _claim(row: Any) -> Claim:
    return Claim(
        scan_id=ScanId(row.scan_id),
        actor=row.actor,
        since=datetime.fromisoformat(row.since),
        until=datetime.fromisoformat(row.until),
    )


def _action(row: Any) -> Action:
    action = from_json(Action, row.body)
    return dataclasses.replace(action, action_no=row.action_no, is_undone=bool(row.is_undone))
