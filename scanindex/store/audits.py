"""What audits rest on: modes of sources, the ledger of what the machine filed, incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, func, insert, select, update

from scanindex.audit_model import AutoFiling, Incident, SourceRecord
from scanindex.model import BatchId, DocumentId, DocumentState, ScanId
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_S = tables.audit_sources
_F = tables.auto_filings
_I = tables.incidents
_D = tables.documents


class Sources:
    """What was recorded about sources; one that only came by has a row without a mode."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, source: str) -> SourceRecord | None:
        row = self._connection.execute(select(_S.c.body).where(_S.c.source == source)).first()
        return from_json(SourceRecord, row.body) if row else None

    def put(self, record: SourceRecord) -> None:
        _put(self._connection, _S, "source", {"source": record.source, "body": to_json(record)})

    def all(self) -> list[SourceRecord]:
        rows = self._connection.execute(select(_S.c.body).order_by(_S.c.source))
        return [from_json(SourceRecord, row.body) for row in rows]


class Filings:
    """One line for each document that the machine filed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, document_id: DocumentId) -> AutoFiling | None:
        row = self._connection.execute(select(_F.c.body).where(_F.c.document_id == document_id)).first()
        return from_json(AutoFiling, row.body) if row else None

    def put(self, filing: AutoFiling) -> None:
        values = {
            "document_id": filing.document_id,
            "scan_id": filing.scan_id,
            "source": filing.source,
            "batch_id": filing.batch_id,
            "rule": filing.rule,
            "policy_id": filing.policy_id,
            "margin": filing.margin,
            "stratum": filing.stratum,
            "drawn_at": stamp(filing.drawn_at),
            "verdict": filing.verdict,
            "body": to_json(filing),
        }
        _put(self._connection, _F, "document_id", values)

    def of_scan(self, scan_id: ScanId) -> list[AutoFiling]:
        return self._filings(select(_F.c.body).where(_F.c.scan_id == scan_id))

    def undrawn(self, policy_id: str, source: str | None = None) -> list[tuple[DocumentId, float]]:
        """Document and margin of what stands as the machine filed it and nobody looked at yet."""
        query = (
            select(_F.c.document_id, _F.c.margin)
            .join(_D, _D.c.document_id == _F.c.document_id)
            .where(_F.c.policy_id == policy_id, _F.c.stratum.is_(None), _F.c.verdict.is_(None))
            .where(_D.c.state == DocumentState.FILED, _D.c.decided_by == "machine")
        )
        if source is not None:
            query = query.where(_F.c.source == source)
        return [(DocumentId(row.document_id), row.margin) for row in self._connection.execute(query)]

    def drawn(self, source: str | None = None) -> list[AutoFiling]:
        """Drawn and without a verdict, first drawn first."""
        query = select(_F.c.body).where(_F.c.stratum.is_not(None), _F.c.verdict.is_(None))
        if source is not None:
            query = query.where(_F.c.source == source)
        return self._filings(query.order_by(_F.c.drawn_at, _F.c.document_id))

    def looked_at(self, source: str, policy_id: str) -> list[AutoFiling]:
        """Drawn, or with a verdict, under this policy."""
        is_looked_at = _F.c.stratum.is_not(None) | _F.c.verdict.is_not(None)
        query = select(_F.c.body).where(_F.c.source == source, _F.c.policy_id == policy_id, is_looked_at)
        return self._filings(query)

    def of_run(self, source: str, batch_id: BatchId | None, rule: str) -> list[DocumentId]:
        """Documents filed by this rule from this source and batch (no batch: those without one)."""
        is_batch = _F.c.batch_id.is_(None) if batch_id is None else _F.c.batch_id == batch_id
        query = select(_F.c.document_id).where(_F.c.source == source, is_batch, _F.c.rule == rule)
        rows = self._connection.execute(query.order_by(_F.c.document_id))
        return [DocumentId(row.document_id) for row in rows]

    def counts(self, policy_id: str | None = None) -> dict[str, int]:
        """Filings per source, all or under one policy."""
        query = select(_F.c.source, func.count()).group_by(_F.c.source)
        if policy_id is not None:
            query = query.where(_F.c.policy_id == policy_id)
        return {source: count for source, count in self._connection.execute(query)}

    def _filings(self, query: object) -> list[AutoFiling]:
        return [from_json(AutoFiling, row.body) for row in self._connection.execute(query)]  # type: ignore[call-overload]


class Incidents:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, incident_id: str) -> Incident | None:
        row = self._connection.execute(select(_I.c.body).where(_I.c.incident_id == incident_id)).first()
        return from_json(Incident, row.body) if row else None

    def put(self, incident: Incident) -> None:
        values = {
            "incident_id": incident.incident_id,
            "source": incident.source,
            "opened_at": stamp(incident.opened_at),
            "closed_at": stamp(incident.closed_at),
            "body": to_json(incident),
        }
        _put(self._connection, _I, "incident_id", values)

    def all(self, *, open_only: bool = False, source: str | None = None) -> list[Incident]:
        """Oldest first."""
        query = select(_I.c.body).order_by(_I.c.opened_at, _I.c.incident_id)
        if open_only:
            query = query.where(_I.c.closed_at.is_(None))
        if source is not None:
            query = query.where(_I.c.source == source)
        return [from_json(Incident, row.body) for row in self._connection.execute(query)]

    def with_prefix(self, prefix: str) -> Sequence[str]:
        query = select(_I.c.incident_id).where(_I.c.incident_id.startswith(prefix, autoescape=True)).limit(5)
        return [row.incident_id for row in self._connection.execute(query)]


def _put(connection: Connection, table: Table, key: str, values: Mapping[str, object]) -> None:
    done = connection.execute(update(table).where(table.c[key] == values[key]).values(**values))
    if not done.rowcount:
        connection.execute(insert(table).values(**values))
