"""Whom an event is about: written beside it, so that "who looked at this patient" is a look-up.

Documents are noted with the patient who had them at that moment. A change that hands a
document over is about both: whose it was and whose it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, insert, select

from scanindex.store import tables

_ED, _ES, _D = tables.event_documents, tables.event_subjects, tables.documents
_GROUP = 500
_PEOPLE = ("patient", "loser", "survivor")
# Built once: this runs with every event.
_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
_LATER = _ED.alias()
_NEWEST = select(func.max(_LATER.c.seq)).where(_LATER.c.document_id == _ED.c.document_id).scalar_subquery()
_HOLDERS = select(_D.c.document_id, _D.c.patient_id).where(_D.c.document_id.in_(_IDS))
_BEFORE = select(_ED.c.patient_id).where(
    _ED.c.document_id.in_(_IDS), _ED.c.seq == _NEWEST, _ED.c.patient_id.is_not(None)
)
"""Whose documents were when an event last spoke of them."""
_ADD_DOCUMENTS, _ADD_SUBJECTS = insert(_ED), insert(_ES)


class Subjects:
    """What an event's payload names: documents with their patient, and patients."""

    def __init__(self) -> None:
        self.documents: dict[str, str | None] = {}
        self.stated: set[str] = set()
        """Documents whose patient the payload says, because it changes them."""
        self.patients: set[str] = set()


def named_in(document_id: str | None, payload: Mapping[str, Any]) -> Subjects:
    """By payload alone, as values (when written) or as plain JSON (when restored)."""
    found = Subjects()
    for document in _values(payload, "document", "also", "documents"):
        if named := _field(document, "document_id"):
            found.documents[named] = _field(document, "patient_id")
            found.stated.add(named)
    lines = [*_values(payload, "filings"), *_misfiles(payload)]
    people = [*lines, *_values(payload, *_PEOPLE)]
    listed = [document_id, *(_field(line, "document_id") for line in lines), *payload.get("document_ids", ())]
    for named in filter(None, listed):
        found.documents.setdefault(named, None)
    patients = [payload.get("patient_id"), *(_field(person, "patient_id") for person in people)]
    found.patients = set(filter(None, [*patients, *payload.get("patient_ids", ())]))
    return found


def note(connection: Connection, seq: int, document_id: str | None, payload: Mapping[str, Any]) -> None:
    """Write down whom event `seq` is about, in its own transaction."""
    found = named_in(document_id, payload)
    unstated = [d for d in found.documents if d not in found.stated]
    for row in _grouped(connection, _HOLDERS, unstated):
        found.documents[row.document_id] = row.patient_id
    put(
        connection,
        seq,
        found,
        {row.patient_id for row in _grouped(connection, _BEFORE, sorted(found.stated))},
    )


def put(connection: Connection, seq: int, found: Subjects, before: Iterable[str]) -> None:
    """The rows themselves; before: whose the changed documents were."""
    if found.documents:
        rows = [
            {"seq": seq, "document_id": document_id, "patient_id": patient_id}
            for document_id, patient_id in found.documents.items()
        ]
        connection.execute(_ADD_DOCUMENTS, rows)
    patients = found.patients | set(before) | {p for p in found.documents.values() if p}
    if patients:
        connection.execute(_ADD_SUBJECTS, [{"seq": seq, "patient_id": p} for p in sorted(patients)])


def _grouped(connection: Connection, query: Any, ids: list[str]) -> Iterator[Any]:
    for start in range(0, len(ids), _GROUP):
        yield from connection.execute(query, {"ids": ids[start : start + _GROUP]})


def _misfiles(payload: Mapping[str, Any]) -> Iterable[Any]:
    return _field(payload.get("incident"), "misfiles") or ()


def _values(payload: Mapping[str, Any], *keys: str) -> Iterator[Any]:
    for key in keys:
        value = payload.get(key)
        if isinstance(value, list | tuple):
            yield from value
        elif value:
            yield value


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
