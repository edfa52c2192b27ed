"""The ledger of exports: what each target was, or is to be, told; runs; and patients' consents.

Lines are never deleted. Looked up by columns beside the JSON of the value.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from scanindex.delivery_model import Consent, Delivery, DeliveryState, ExportRun
from scanindex.model import DocumentId, PatientId
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_L = tables.deliveries
_D = tables.documents
_E = tables.events
_R = tables.export_runs
_C = tables.consents
_MANY = 500
_COLUMNS = (_L.c.delivery_no, _L.c.body)
_PUT = update(_L).where(
    _L.c.target == bindparam("its_target"), _L.c.external_id == bindparam("its_id")
)  # built once: whole packages are put at a time


class Deliveries:
    """See `ports.DeliveryTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, deliveries: Iterable[Delivery]) -> None:
        rows = [_columns(one) for one in deliveries]
        if rows:
            self._connection.execute(insert(_L), rows)

    def put(self, deliveries: Iterable[Delivery]) -> None:
        rows = [_columns(one) for one in deliveries]
        rows = [{**row, "its_target": row["target"], "its_id": row["external_id"]} for row in rows]
        if rows:
            self._connection.execute(_PUT, rows)

    def get(self, target: str, external_id: str) -> Delivery | None:
        query = select(*_COLUMNS).where(_L.c.target == target, _L.c.external_id == external_id)
        row = self._connection.execute(query).first()
        return _delivery(row.delivery_no, row.body) if row else None

    def latest(self, target: str, document_ids: Iterable[DocumentId]) -> dict[DocumentId, list[Delivery]]:
        ids = sorted(set(document_ids))
        found: dict[DocumentId, list[Delivery]] = {}
        for start in range(0, len(ids), _MANY):
            query = (
                select(*_COLUMNS)
                .where(_L.c.target == target, _L.c.document_id.in_(ids[start : start + _MANY]))
                .order_by(_L.c.delivery_no)
            )
            for row in self._connection.execute(query):
                one = _delivery(row.delivery_no, row.body)
                found.setdefault(one.record.document_id, []).append(one)
        return found

    def documents(self, target: str, after: DocumentId, limit: int) -> list[DocumentId]:
        query = (
            select(_L.c.document_id)
            .where(_L.c.target == target, _L.c.document_id > after)
            .distinct()
            .order_by(_L.c.document_id)
            .limit(limit)
        )
        return [DocumentId(row.document_id) for row in self._connection.execute(query)]

    def select(
        self,
        target: str | None = None,
        *states: DeliveryState,
        run_id: str | None = None,
        after: int = 0,
        limit: int = 1_000,
    ) -> list[Delivery]:
        query = select(*_COLUMNS).where(_L.c.delivery_no > after).order_by(_L.c.delivery_no).limit(limit)
        if target is not None:
            query = query.where(_L.c.target == target)
        if states:
            query = query.where(_L.c.state.in_(states))
        if run_id is not None:
            query = query.where(_L.c.run_id == run_id)
        return [_delivery(row.delivery_no, row.body) for row in self._connection.execute(query)]

    def counts(self, target: str | None = None, run_id: str | None = None) -> dict[tuple[str, str, str], int]:
        kinds = (_L.c.target, _L.c.action, _L.c.state)
        query = select(*kinds, func.count()).group_by(*kinds)
        if target is not None:
            query = query.where(_L.c.target == target)
        if run_id is not None:
            query = query.where(_L.c.run_id == run_id)
        return {(t, action, state): n for t, action, state, n in self._connection.execute(query)}

    def per_day(self, target: str | None, since: datetime) -> list[tuple[str, str, int]]:
        kinds = (_L.c.answered_day, _L.c.target)
        query = select(*kinds, func.count()).where(_L.c.answered_day >= since.date().isoformat())
        query = query.group_by(*kinds).order_by(*kinds)
        if target is not None:
            query = query.where(_L.c.target == target)
        return [(day, name, n) for day, name, n in self._connection.execute(query)]

    def changed_since(self, target: str) -> int:
        newest = (
            select(_L.c.document_id, func.max(_L.c.version).label("version"))
            .where(_L.c.target == target, _L.c.state.not_in((DeliveryState.DROPPED, DeliveryState.REFUSED)))
            .group_by(_L.c.document_id)
            .subquery()
        )
        query = (
            select(func.count())
            .select_from(newest.join(_D, _D.c.document_id == newest.c.document_id))
            .where(_D.c.version != newest.c.version)
        )
        return int(self._connection.execute(query).scalar_one())

    def last_event(self, kind: str, target: str | None) -> int:
        query = select(_E.c.seq, _E.c.payload).where(_E.c.kind == kind).order_by(_E.c.seq.desc())
        for row in self._connection.execute(query):
            if target is None or json.loads(row.payload).get("target") == target:
                return int(row.seq)
        return 0

    def run(self, run_id: str) -> ExportRun | None:
        row = self._connection.execute(select(_R.c.body).where(_R.c.run_id == run_id)).first()
        return from_json(ExportRun, row.body) if row else None

    def put_run(self, run: ExportRun) -> None:
        values = {
            "run_id": run.run_id,
            "target": run.target,
            "started_at": stamp(run.started_at),
            "body": to_json(run),
        }
        done = self._connection.execute(update(_R).where(_R.c.run_id == run.run_id).values(**values))
        if not done.rowcount:
            self._connection.execute(insert(_R).values(**values))

    def runs(self, target: str | None = None, limit: int = 50) -> list[ExportRun]:
        query = select(_R.c.body).order_by(_R.c.started_at.desc(), _R.c.run_id).limit(limit)
        if target is not None:
            query = query.where(_R.c.target == target)
        return [from_json(ExportRun, row.body) for row in self._connection.execute(query)]


def _delivery(number: int, body: str) -> Delivery:
    return dataclasses.replace(from_json(Delivery, body), delivery_no=number)


def _columns(one: Delivery) -> dict[str, object]:
    day = one.answered_at.date().isoformat() if one.answered_at else None
    return {
        "target": one.target,
        "external_id": one.record.external_id,
        "document_id": one.record.document_id,
        "version": one.record.version,
        "run_id": one.run_id,
        "action": one.record.action,
        "state": one.state,
        "answered_day": day,
        "body": to_json(one),
    }


class Consents:
    """See `ports.ConsentTable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, consent_id: str) -> Consent | None:
        row = self._connection.execute(select(_C.c.body).where(_C.c.consent_id == consent_id)).first()
        return from_json(Consent, row.body) if row else None

    def put(self, consent: Consent) -> None:
        values = {
            "consent_id": consent.consent_id,
            "patient_id": consent.patient_id,
            "recorded_at": stamp(consent.recorded_at),
            "body": to_json(consent),
        }
        done = self._connection.execute(
            update(_C).where(_C.c.consent_id == consent.consent_id).values(**values)
        )
        if not done.rowcount:
            self._connection.execute(insert(_C).values(**values))

    def of(self, patient_id: PatientId | None = None) -> list[Consent]:
        query = select(_C.c.body).order_by(_C.c.recorded_at, _C.c.consent_id)
        if patient_id is not None:
            query = query.where(_C.c.patient_id == patient_id)
        return [from_json(Consent, row.body) for row in self._connection.execute(query)]
