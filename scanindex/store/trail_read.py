"""Reading the trail: indexed by person, kind, time, document and patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from scanindex.model import DocumentId, PatientId
from scanindex.store import tables
from scanindex.store.rows import from_json, stamp
from scanindex.trail_model import TrailEntry, TrailFilter

_E, _ED, _ES = tables.events, tables.event_documents, tables.event_subjects
_GROUP = 500
_REASONS = ("reason", "note")
_TOLD = (
    "what", "how", "query", "total", "object_id", "login", "by", "address", "session_id", "token_id",
    "grant_id", "role", "roles", "rights", "label", "until", "version", "version_before", "part", "format",
    "verdict", "result", "effort", "key_id", "log_seq", "noted_seq", "noted_mac", "place",
    "about", "until_seq", "pages", "problems", "seed", "count",
    "target", "recipient", "recipient_address", "purpose", "expected", "verified", "faults",
)  # fmt: skip
"""What of a payload stands in the trail: words, ids and counts, nothing of a chart."""
_MOST_CHARACTERS = 500


def entries(connection: Connection, wanted: TrailFilter) -> list[TrailEntry]:
    """Newest first, by number, at most `wanted.limit`."""
    query = select(_E).order_by(_E.c.seq.desc()).limit(wanted.limit)
    if wanted.patient_id:
        query = query.join(_ES, _ES.c.seq == _E.c.seq).where(_ES.c.patient_id == wanted.patient_id)
    if wanted.document_id:
        query = query.join(_ED, _ED.c.seq == _E.c.seq).where(_ED.c.document_id == wanted.document_id)
    return _entries(connection, _narrowed(query, wanted))


def _narrowed(query: Select[Any], wanted: TrailFilter) -> Select[Any]:
    if wanted.since:
        query = query.where(_E.c.at >= stamp(wanted.since))
    if wanted.until:
        query = query.where(_E.c.at < stamp(wanted.until))
    if wanted.actor:
        query = query.where(_E.c.actor.in_((wanted.actor, f"user:{wanted.actor}")))
    if wanted.kinds:
        query = query.where(_E.c.kind.in_(wanted.kinds))
    if wanted.before is not None:
        query = query.where(_E.c.seq < wanted.before)
    return query


def about(
    connection: Connection, patient_ids: Sequence[PatientId], document_ids: Sequence[DocumentId]
) -> list[TrailEntry]:
    """Everything about these patients or documents, newest first, naming no others."""
    patients, documents = frozenset(patient_ids), frozenset(document_ids)
    numbers: set[int] = set()
    for group in _grouped(sorted(patients)):
        numbers |= set(connection.execute(select(_ES.c.seq).where(_ES.c.patient_id.in_(group))).scalars())
    for group in _grouped(sorted(documents)):
        numbers |= set(connection.execute(select(_ED.c.seq).where(_ED.c.document_id.in_(group))).scalars())
    found: list[TrailEntry] = []
    for group in _grouped(sorted(numbers, reverse=True)):
        query = select(_E).where(_E.c.seq.in_(group)).order_by(_E.c.seq.desc())
        found += _entries(connection, query, patients, documents)
    return found


def _entries(
    connection: Connection,
    query: Select[Any],
    patients: frozenset[PatientId] | None = None,
    documents: frozenset[DocumentId] = frozenset(),
) -> list[TrailEntry]:
    """patients: name only these, and only what was theirs then, or is among `documents`."""
    rows = connection.execute(query).all()
    named: dict[int, list[DocumentId]] = {row.seq: [] for row in rows}
    people: dict[int, set[PatientId]] = {row.seq: set() for row in rows}
    for group in _grouped([row.seq for row in rows]):
        for one in connection.execute(select(_ED).where(_ED.c.seq.in_(group)).order_by(_ED.c.document_id)):
            if patients is None or one.patient_id in patients or one.document_id in documents:
                named[one.seq].append(one.document_id)
        for one in connection.execute(select(_ES).where(_ES.c.seq.in_(group))):
            if patients is None or one.patient_id in patients:
                people[one.seq].add(one.patient_id)
    return [_entry(row, named[row.seq], people[row.seq]) for row in rows]


def _entry(row: Any, documents: Iterable[DocumentId], patients: Iterable[PatientId]) -> TrailEntry:
    payload = from_json(dict[str, Any], row.payload)
    reasons = [str(payload[key]) for key in _REASONS if isinstance(payload.get(key), str) and payload[key]]
    return TrailEntry(
        seq=row.seq,
        at=datetime.fromisoformat(row.at),
        actor=row.actor,
        kind=row.kind,
        what=str(payload.get("what", "")),
        reason="; ".join(reasons),
        scan_id=row.scan_id,
        document_ids=tuple(documents),
        patient_ids=tuple(sorted(patients)),
        details={key: _text(payload[key]) for key in _TOLD if key != "what" and _is_told(payload.get(key))},
    )


def _is_told(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(part, str | int) for part in value)
    return isinstance(value, str | int | float) and value != ""


def _text(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text[:_MOST_CHARACTERS]


def _grouped(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _GROUP] for start in range(0, len(values), _GROUP))


__all__ = ["about", "entries"]
