"""What happened to a document since somebody looked at it, in words without patient data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scanindex.access_model import Access, Right
from scanindex.desk import hands
from scanindex.errors import ConflictError
from scanindex.model import DocumentId, DocumentState, Event
from scanindex.ports import Unit
from scanindex.services import Services

_WORDS = {
    "accepted": "settled",
    "refiled": "settled again",
    "filed": "filed",
    "retyped": "given another type",
    "redated": "given another date",
    "relabelled": "given other labels",
    "rejected": "rejected",
    "reopened": "put back into review",
    "split": "split",
    "joined": "joined with another one",
    "page_taken_in": "given another page",
    "decided_again": "decided again by the machine",
    "reread": "read again",
    "replaced": "replaced by a better scan",
}
_PARTS = {
    "patient_id": "the patient",
    "document_type": "the type",
    "service_date": "the date",
    "pages": "the pages",
    "sensitivity": "the labels",
}
_MOST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    version: int
    at: datetime
    actor: str
    words: str
    """ "split: the pages changed; in review"."""


@hands.watched
def changes(
    access: Access, document_id: DocumentId, from_version: int, services: Services
) -> tuple[Change, ...]:
    """What came after that version, oldest first. Raises NotFound."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        hands.seen_or_missing(access, document_id, unit)
        return told(document_id, from_version, unit)


def told(document_id: DocumentId, from_version: int, unit: Unit) -> tuple[Change, ...]:
    document = unit.documents.get(document_id)
    events = {event.seq: event for event in unit.events.of(document_id=document_id)}
    if document is not None:
        events |= {event.seq: event for event in unit.events.of(scan_id=document.scan_id)}
    states = [(events[seq], body) for seq in sorted(events) for body in _bodies(events[seq])]
    mine = [(event, body) for event, body in states if body.get("document_id") == document_id]
    found, before = [], _as_it_was(mine, from_version)
    for event, body in mine:
        if body["version"] > from_version or (body["version"] == from_version and event.kind == "filed"):
            found.append(_change(event, body, before))
            before = body
    return tuple(found)


def conflict(document_id: DocumentId, from_version: int, unit: Unit) -> ConflictError:
    """The refusal of a stale change, saying what changed."""
    document = unit.documents.get(document_id)
    lines = [f"{c.words} by {c.actor} at {c.at:%H:%M}Z" for c in told(document_id, from_version, unit)]
    if document is not None and document.state is DocumentState.SUPERSEDED:
        lines.append("its pages stand in another document now")
    state = f"version {document.version} ({document.state.value})" if document else "gone"
    what = "; ".join(lines[-_MOST:]) or "it changed meanwhile"
    return ConflictError(f"document {document_id} is {state} by now, not {from_version}: {what}")


def _bodies(event: Event) -> list[dict[str, Any]]:
    payload = event.payload
    found = [payload.get("document"), payload.get("also"), *payload.get("documents", ())]
    return [body for body in found if isinstance(body, dict)]


def _as_it_was(mine: Sequence[tuple[Event, dict[str, Any]]], version: int) -> dict[str, Any] | None:
    return next((body for _, body in reversed(mine) if body["version"] <= version), None)


def _change(event: Event, body: dict[str, Any], before: dict[str, Any] | None) -> Change:
    parts = [words for key, words in _PARTS.items() if before and before.get(key) != body.get(key)]
    text = _WORDS.get(event.kind, event.kind.replace("_", " "))
    if parts:
        text += f" ({', '.join(parts)} changed)"
    return Change(
        version=body["version"],
        at=event.at,
        actor=event.actor,
        words=f"{text}, now {str(body.get('state', '')).replace('_', ' ')}",
    )
