"""Documents, the pages they hold, and the outbox that keeps the index in step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from scanindex.errors import ConflictError
from scanindex.model import (
    Document,
    DocumentId,
    DocumentState,
    OutboxItem,
    PageKind,
    PatientId,
    ScanId,
    SearchScope,
)
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp, to_json

_D = tables.documents
_P = tables.pages
_O = tables.outbox
_MANY = 500
"""Values per IN list, well under every database's limit."""


class Documents:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, document_id: DocumentId) -> Document | None:
        row = self._connection.execute(select(_D.c.body).where(_D.c.document_id == document_id)).first()
        return from_json(Document, row.body) if row else None

    def all_of(self, document_ids: Iterable[DocumentId]) -> list[Document]:
        """See `ports.DocumentTable`."""
        ids, found = list(dict.fromkeys(document_ids)), {}
        for start in range(0, len(ids), _MANY):
            part = ids[start : start + _MANY]
            for row in self._connection.execute(select(_D.c.body).where(_D.c.document_id.in_(part))):
                document = from_json(Document, row.body)
                found[document.document_id] = document
        return [found[i] for i in ids if i in found]

    def add(self, document: Document) -> None:
        self._connection.execute(insert(_D).values(**_columns(document)))

    def change(self, document: Document, expected_version: int) -> None:
        """Store the new version; refuse if it is no longer the expected one that is replaced."""
        done = self._connection.execute(
            update(_D)
            .where(_D.c.document_id == document.document_id, _D.c.version == expected_version)
            .values(**_columns(document))
        )
        if done.rowcount != 1:
            raise ConflictError(f"document {document.document_id} is no longer version {expected_version}")

    def all(
        self,
        *states: DocumentState,
        scan_id: ScanId | None = None,
        patient_id: PatientId | None = None,
        limit: int | None = None,
        below: float | None = None,
        needs_recheck: bool = False,
        sensitivity: str | None = None,
    ) -> list[Document]:
        """Oldest first; SUPERSEDED ones only when asked for."""
        query = select(_D.c.body).order_by(_D.c.created_at, _D.c.document_id).limit(limit)
        query = query.where(_D.c.state.in_(states) if states else _D.c.state != DocumentState.SUPERSEDED)
        if scan_id:
            query = query.where(_D.c.scan_id == scan_id)
        if patient_id:
            query = query.where(_D.c.patient_id == patient_id)
        if below is not None:
            query = query.where(or_(_D.c.legibility < below, _D.c.legibility.is_(None)))
        if needs_recheck:
            query = query.where(_D.c.needs_recheck)
        if sensitivity is not None:
            query = query.where(_D.c.sensitivity.contains(f" {sensitivity} ", autoescape=True))
        return [from_json(Document, row.body) for row in self._connection.execute(query)]

    def ids(self, *states: DocumentState) -> list[DocumentId]:
        rows = self._connection.execute(select(_D.c.document_id).where(_D.c.state.in_(states)))
        return [DocumentId(row.document_id) for row in rows]

    def filed_counts(
        self,
        patient_ids: Iterable[PatientId],
        without_sensitivity: Iterable[str] = (),
        opened: Collection[PatientId] = (),
    ) -> dict[PatientId, int]:
        """See `ports.DocumentTable`."""
        asked = set(patient_ids)
        open_ones = asked & set(opened)
        query = select(_D.c.patient_id, func.count()).where(_D.c.state == DocumentState.FILED)
        closed = [_D.c.sensitivity.contains(f" {s} ", autoescape=True) for s in sorted(without_sensitivity)]
        found: dict[PatientId, int] = {}
        for ids, labelled in ((sorted(open_ones), []), (sorted(asked - open_ones), closed)):
            for start in range(0, len(ids), _MANY):
                part = query.where(_D.c.patient_id.in_(ids[start : start + _MANY]))
                part = part.where(*(~label for label in labelled)).group_by(_D.c.patient_id)
                found |= {PatientId(one): count for one, count in self._connection.execute(part)}
        return found

    def count_in(self, state: DocumentState, scope: SearchScope) -> int:
        """See `ports.DocumentTable`."""
        alike = select(_D.c.patient_id, _D.c.sensitivity, func.count()).where(_D.c.state == state)
        rows = self._connection.execute(alike.group_by(_D.c.patient_id, _D.c.sensitivity))
        return sum(n for patient, labels, n in rows if scope.holds(patient, labels.split()))

    def filed_versions(self, after: DocumentId, limit: int) -> list[tuple[DocumentId, int]]:
        """See `ports.DocumentTable`."""
        query = (
            select(_D.c.document_id, _D.c.filed_version)
            .where(_D.c.state == DocumentState.FILED, _D.c.document_id > after)
            .where(_D.c.filed_version.is_not(None))
            .order_by(_D.c.document_id)
            .limit(limit)
        )
        rows = self._connection.execute(query)
        return [(DocumentId(document_id), version) for document_id, version in rows]

    def counts(self) -> dict[str, int]:
        rows = self._connection.execute(select(_D.c.state, func.count()).group_by(_D.c.state))
        return {state: n for state, n in rows}

    def with_prefix(self, prefix: str) -> list[DocumentId]:
        query = select(_D.c.document_id).where(_D.c.document_id.startswith(prefix, autoescape=True)).limit(5)
        return [DocumentId(row.document_id) for row in self._connection.execute(query)]


def _columns(document: Document) -> dict[str, object]:
    return {
        "document_id": document.document_id,
        "version": document.version,
        "scan_id": document.scan_id,
        "state": document.state,
        "patient_id": document.patient_id,
        "document_type": document.document_type,
        "service_date": document.service_date,
        "decided_by": document.decision.decided_by,
        "filed_version": document.filed_version,
        "filed_at": stamp(document.filed_at),
        "created_at": stamp(document.created_at),
        "legibility": document.legibility,
        "needs_recheck": bool(document.recheck),
        "sensitivity": f" {' '.join(document.sensitivity)} " if document.sensitivity else "",
        "body": to_json(document),
    }


class Pages:
    """Which document holds each page; a page without one is set aside with its original."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def assign(
        self, scan_id: ScanId, kinds: Mapping[int, PageKind], holders: Mapping[int, DocumentId]
    ) -> None:
        """Record every page of a scan at once, replacing what was recorded before."""
        self._connection.execute(delete(_P).where(_P.c.scan_id == scan_id))
        rows = [
            {"scan_id": scan_id, "scan_page_no": no, "kind": kind, "document_id": holders.get(no)}
            for no, kind in kinds.items()
        ]
        if rows:
            self._connection.execute(insert(_P), rows)

    def move(self, scan_id: ScanId, numbers: Iterable[int], document_id: DocumentId | None) -> None:
        """Hand pages to another document (split, join), or set them aside (None)."""
        self._connection.execute(
            update(_P)
            .where(_P.c.scan_id == scan_id, _P.c.scan_page_no.in_(list(numbers)))
            .values(document_id=document_id)
        )

    def mark(self, scan_id: ScanId, kinds: Mapping[int, PageKind]) -> None:
        """What some pages turned out to be; their places stay."""
        for no, kind in kinds.items():
            self._connection.execute(
                update(_P).where(_P.c.scan_id == scan_id, _P.c.scan_page_no == no).values(kind=kind)
            )

    def of(self, scan_id: ScanId) -> Sequence[tuple[int, PageKind, DocumentId | None]]:
        rows = self._connection.execute(select(_P).where(_P.c.scan_id == scan_id).order_by(_P.c.scan_page_no))
        return [(row.scan_page_no, PageKind(row.kind), row.document_id) for row in rows]


class Outbox:
    """Documents in the order in which the index must look at them again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, document: Document) -> None:
        self._connection.execute(
            insert(_O).values(document_id=document.document_id, version=document.version)
        )

    def after(self, seq: int, limit: int) -> list[OutboxItem]:
        rows = self._connection.execute(select(_O).where(_O.c.seq > seq).order_by(_O.c.seq).limit(limit))
        return [
            OutboxItem(seq=row.seq, document_id=DocumentId(row.document_id), version=row.version)
            for row in rows
        ]

    def add_filed_of(self, patient_ids: Iterable[PatientId]) -> int:
        """See `ports.OutboxTable`."""
        ids, count = sorted(set(patient_ids)), 0
        for start in range(0, len(ids), _MANY):
            part = ids[start : start + _MANY]
            filed = select(_D.c.document_id, _D.c.version).where(
                _D.c.patient_id.in_(part), _D.c.state == DocumentState.FILED
            )
            into = insert(_O).from_select(["document_id", "version"], filed.order_by(_D.c.document_id))
            count += max(0, self._connection.execute(into).rowcount)
        return count

    def versions_at(self, seq: int, document_ids: Iterable[DocumentId]) -> dict[DocumentId, int]:
        """See `ports.OutboxTable`."""
        ids, found = sorted(set(document_ids)), {}
        for start in range(0, len(ids), _MANY):
            part = ids[start : start + _MANY]
            query = select(_O.c.document_id, _O.c.version).where(_O.c.seq <= seq, _O.c.document_id.in_(part))
            for row in self._connection.execute(query.order_by(_O.c.seq)):
                found[DocumentId(row.document_id)] = int(row.version)
        return found

    def last_seq(self) -> int:
        return int(self._connection.execute(select(func.coalesce(func.max(_O.c.seq), 0))).scalar_one())
