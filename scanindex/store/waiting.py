"""What waits for people, as queues need it, without reading every document every time.

What a queue sorts by stands partly in a document's JSON only. A document of one version never
changes while it waits, so what was read of it is remembered by version (`Read`, one per catalog);
who holds it, whether it is parked, how urgent it is and who may see it are asked every time, and what
has a first key is read every time. Promises: of one
snapshot; what was read within a writing transaction is not remembered (it may be taken back).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from scanindex.desk_model import Key, ParkKind, Waiting
from scanindex.model import BatchId, DocumentId, DocumentState, PatientId, ScanId
from scanindex.store import tables
from scanindex.store.rows import stamp

_C, _P, _S, _D = tables.claims, tables.parked, tables.scans, tables.documents
_MANY = 500
_Said = tuple[Any, ...]


class Read:
    """What was read of waiting documents, by id, with what the columns beside it said then."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Said, Waiting]] = {}

    def get(self, document_id: str) -> tuple[_Said, Waiting] | None:
        return self._known.get(document_id)

    def keep(self, found: dict[str, tuple[_Said, Waiting]], *, is_all: bool) -> None:
        """is_all: what is not among them waits no more."""
        self._known = found if is_all else self._known | found


def waiting(
    connection: Connection,
    now: datetime,
    scan_ids: Collection[ScanId] | None,
    keyed: Mapping[str, list[Key]],
    read: Read | None,
) -> list[Waiting]:
    """Documents in review, in no order; of these scans only."""
    query = (
        select(
            _D.c.document_id,
            _D.c.version,
            _D.c.patient_id,
            _D.c.sensitivity,
            _S.c.priority,
            _S.c.batch_id,
            _P.c.kind,
            _C.c.actor,
        )
        .join(_S, _S.c.scan_id == _D.c.scan_id)
        .outerjoin(_P, _P.c.item_id == _D.c.document_id)
        .outerjoin(_C, (_C.c.scan_id == _D.c.scan_id) & (_C.c.until > stamp(now)))
        .where(_D.c.state == DocumentState.IN_REVIEW)
    )
    if scan_ids is not None:
        query = query.where(_D.c.scan_id.in_(list(scan_ids)))
    rows = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
    found: dict[str, tuple[_Said, Waiting]] = {}
    unread = []
    for document_id, said in rows.items():
        known = read.get(document_id) if read is not None and document_id not in keyed else None
        if known is not None and known[0] == said:
            found[document_id] = known
        else:
            unread.append(document_id)
    for document, source in _bodies(connection, unread):
        said = rows[document.document_id]
        found[document.document_id] = (said, _waiting(document, said, source, keyed))
    if read is not None and (scan_ids is None or unread):
        read.keep({i: one for i, one in found.items() if i not in keyed}, is_all=scan_ids is None)
    return [one for _, one in found.values()]


def source_of(scan: str) -> str:
    """Of a scan's JSON."""
    return _SCAN.decode(scan).preset.source


def _bodies(connection: Connection, document_ids: list[str]) -> Iterator[tuple[_Document, str]]:
    sources: dict[str, str] = {}
    for some in _parts(document_ids):
        query = select(_D.c.body, _S.c.scan_id, _S.c.body).join(_S, _S.c.scan_id == _D.c.scan_id)
        for body, scan_id, scan in connection.execute(query.where(_D.c.document_id.in_(some))):
            if scan_id not in sources:
                sources[scan_id] = source_of(scan)
            yield _DOCUMENT.decode(body), sources[scan_id]


def _parts(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + _MANY] for start in range(0, len(ids), _MANY))


class _Preset(msgspec.Struct):
    source: str = "inbox"


class _Scan(msgspec.Struct):
    preset: _Preset


class _Decision(msgspec.Struct):
    rule: str


class _Document(msgspec.Struct):
    """Only what queues sort and filter by: the rest of the JSON is skipped, not decoded."""

    document_id: str
    version: int
    scan_id: str
    pages: tuple[int, ...]
    created_at: datetime
    patient_id: str | None
    document_type: str | None
    decision: _Decision
    sensitivity: tuple[str, ...] = ()


_SCAN = msgspec.json.Decoder(_Scan)
_DOCUMENT = msgspec.json.Decoder(_Document)


def _waiting(document: _Document, said: _Said, source: str, keyed: Mapping[str, list[Key]]) -> Waiting:
    priority, batch_id, park, holder = said[3:]
    mine = [key for key in keyed.get(document.document_id, ()) if key.pages == document.pages]
    return Waiting(
        item_id=DocumentId(document.document_id),
        version=document.version,
        scan_id=ScanId(document.scan_id),
        first_page=min(document.pages, default=0),
        created_at=document.created_at,
        priority=priority,
        source=source,
        batch_id=BatchId(batch_id) if batch_id else None,
        patient_id=PatientId(document.patient_id) if document.patient_id else None,
        document_type=document.document_type,
        sensitivity=document.sensitivity,
        rule=document.decision.rule,
        park=ParkKind(park) if park else None,
        keyed_by=mine[0].actor if mine else "",
        claimed_by=holder or "",
    )
