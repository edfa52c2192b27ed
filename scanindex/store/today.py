"""Counts for the dashboard: cheap enough to be asked every two seconds by everybody.

Days are counted by event numbers, which only grow: whoever keeps what they counted asks for
the newer ones alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, select

from scanindex.model import Arrival, DocumentState, Event, PatientId, Scan, ScanId, ScanState
from scanindex.store import tables
from scanindex.store.events import _event as event_of
from scanindex.store.rows import from_json, stamp
from scanindex.store.scans import _arrival as arrival_of
from scanindex.today_model import Flow, Standing

_E, _D, _P, _S, _A = tables.events, tables.documents, tables.pages, tables.scans, tables.arrivals
_PARKED = tables.parked
_ARRIVED, _DUPLICATE = "accession", "duplicate"
_SETTLED = ("accepted", "refiled", "rejected")
_OPEN = (DocumentState.IN_REVIEW, DocumentState.PROPOSED, DocumentState.RESCAN_WANTED)


class Today:
    """See `ports.TodayTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- what flowed ------------------------------------------------------------------
    def last_event(self) -> int:
        return int(self._connection.execute(select(func.coalesce(func.max(_E.c.seq), 0))).scalar_one())

    def first_event(self, since: datetime) -> int:
        query = select(_E.c.seq).where(_E.c.at >= stamp(since)).order_by(_E.c.at, _E.c.seq).limit(1)
        found = self._connection.execute(query).scalar()
        return self.last_event() + 1 if found is None else int(found)

    def flow(self, first: int, last: int) -> Flow:
        is_within = _E.c.seq.between(first, last)
        kinds = (_ARRIVED, _DUPLICATE)
        counted = select(_E.c.kind, func.count()).where(_E.c.kind.in_(kinds), is_within).group_by(_E.c.kind)
        by_kind = {kind: count for kind, count in self._connection.execute(counted)}
        earlier = _E.alias("earlier")
        is_again = (
            exists()
            .where(earlier.c.document_id == _E.c.document_id, earlier.c.kind == "filed")
            .where(earlier.c.seq < _E.c.seq)
        )
        filed = (
            select(_D.c.sensitivity, func.count(_E.c.seq.distinct()), func.count(_P.c.scan_page_no))
            .select_from(_E)
            .join(_D, _D.c.document_id == _E.c.document_id)
            .outerjoin(_P, _P.c.document_id == _D.c.document_id)
            .where(_E.c.kind == "filed", is_within, ~is_again)
            .group_by(_D.c.sensitivity)
        )
        refiled = (
            select(_D.c.sensitivity, func.count())
            .select_from(_E)
            .join(_D, _D.c.document_id == _E.c.document_id)
            .where(_E.c.kind == "filed", is_within, is_again)
            .group_by(_D.c.sensitivity)
        )
        settled = (
            select(_D.c.sensitivity, func.count())
            .select_from(_E)
            .join(_D, _D.c.document_id == _E.c.document_id)
            .where(_E.c.kind.in_(_SETTLED), is_within)
            .group_by(_D.c.sensitivity)
        )
        duplicates = by_kind.get(_DUPLICATE, 0)
        return Flow(
            arrived=by_kind.get(_ARRIVED, 0) + duplicates,
            duplicates=duplicates,
            filed=tuple((labels, n, pages) for labels, n, pages in self._connection.execute(filed)),
            refiled=tuple((labels, n) for labels, n in self._connection.execute(refiled)),
            settled=tuple((labels, n) for labels, n in self._connection.execute(settled)),
        )

    # --- what stands -------------------------------------------------------------------
    def standing(self) -> list[Standing]:
        alike = (_D.c.state, _D.c.patient_id, _D.c.sensitivity)
        counted = (func.count().label("documents"), func.min(_D.c.created_at).label("oldest"))
        query = select(*alike, *counted).group_by(*alike)
        is_again = (_D.c.needs_recheck, _D.c.state == DocumentState.FILED)
        laid = (
            select(_PARKED.c.kind, *alike[1:], *counted)
            .join(_D, _D.c.document_id == _PARKED.c.item_id)
            .where(_D.c.state == DocumentState.IN_REVIEW)
            .group_by(_PARKED.c.kind, *alike[1:])
        )
        run = self._connection.execute
        found = [_standing(row, row.state) for row in run(query.where(_D.c.state.in_(_OPEN)))]
        found += [_standing(row, "recheck") for row in run(query.where(*is_again))]
        return found + [_standing(row, row.kind) for row in run(laid)]

    # --- scans ---------------------------------------------------------------------------
    def underway(self, limit: int) -> list[Scan]:
        """Received and not decided yet: begun ones first, then in the order they are taken."""
        query = select(_S.c.body).where(_S.c.state == ScanState.RECEIVED)
        order = ((_S.c.attempts > 0).desc(), _S.c.priority.desc(), _S.c.arrival_no)
        rows = self._connection.execute(query.order_by(*order).limit(limit))
        return [from_json(Scan, row.body) for row in rows]

    def filing(self, limit: int) -> list[tuple[Scan, int]]:
        """Scans with documents that are decided and not filed yet, and how many of them."""
        query = (
            select(_S.c.body, func.count().label("documents"))
            .join(_D, _D.c.scan_id == _S.c.scan_id)
            .where(_D.c.state == DocumentState.PROPOSED)
            .group_by(_S.c.scan_id)
            .order_by(_S.c.arrival_no)
            .limit(limit)
        )
        return [(from_json(Scan, row.body), row.documents) for row in self._connection.execute(query)]

    def still(self, state: ScanState, limit: int) -> list[Scan]:
        """Scans that stand still, most urgent and last arrived first."""
        order = (_S.c.priority.desc(), _S.c.arrival_no.desc())
        query = select(_S.c.body).where(_S.c.state == state).order_by(*order).limit(limit)
        return [from_json(Scan, row.body) for row in self._connection.execute(query)]

    def queued(self) -> int:
        """Scans received and not decided yet."""
        query = select(func.count()).where(_S.c.state == ScanState.RECEIVED)
        return int(self._connection.execute(query).scalar_one())

    def quarantined_since(self, moment: datetime) -> list[datetime]:
        """When each file arrived that is quarantined now."""
        query = select(_S.c.received_at).where(_S.c.state == ScanState.QUARANTINED)
        rows = self._connection.execute(query.where(_S.c.received_at >= stamp(moment)))
        return [datetime.fromisoformat(row.received_at) for row in rows]

    def reasons(self) -> list[tuple[str, str, int]]:
        """(state, code, scans) of all that stand still, most first."""
        counted = func.count()
        query = (
            select(_S.c.state, _S.c.reason, counted)
            .where(_S.c.state.in_((ScanState.WAITING, ScanState.QUARANTINED)))
            .group_by(_S.c.state, _S.c.reason)
            .order_by(counted.desc(), _S.c.reason)
        )
        return [(state, reason or "", n) for state, reason, n in self._connection.execute(query)]

    def names(self, scan_ids: Iterable[ScanId]) -> dict[ScanId, list[str]]:
        """Inbox paths (encoded) that each of a few scans came under."""
        found: dict[ScanId, list[str]] = {}
        query = select(_A.c.scan_id, _A.c.inbox_path).where(_A.c.scan_id.in_(list(scan_ids)))
        for row in self._connection.execute(query.order_by(_A.c.arrival_id)):
            found.setdefault(ScanId(row.scan_id), []).append(row.inbox_path)
        return found

    # --- uploads -------------------------------------------------------------------------
    def done_by(self, actor: str, kind: str, limit: int) -> list[Event]:
        """Events of one kind by one person, newest first."""
        query = select(_E).where(_E.c.actor == actor, _E.c.kind == kind).order_by(_E.c.seq.desc())
        return [event_of(row) for row in self._connection.execute(query.limit(limit))]

    def arrival(self, scan_id: ScanId, fingerprint: str) -> Arrival | None:
        """The taking over of just this inbox entry."""
        query = select(_A).where(_A.c.scan_id == scan_id, _A.c.fingerprint == fingerprint)
        row = self._connection.execute(query.order_by(_A.c.arrival_id.desc())).first()
        return arrival_of(row) if row else None


def _standing(row: Any, state: str) -> Standing:
    return Standing(
        state=state,
        patient_id=PatientId(row.patient_id) if row.patient_id else None,
        labels=tuple(row.sensitivity.split()),
        documents=row.documents,
        oldest=datetime.fromisoformat(row.oldest) if row.oldest else None,
    )
