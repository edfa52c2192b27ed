"""What happened to a document, for people: every version with who, when, what and why.

Read from its events, which are never changed. Promises: the machine's reasons are those that it
decided by; of other people's charts an asker bound to a list learns nothing (`Step.note` is empty
for them: what somebody wrote may name others). Patients stand as ids: whoever shows them asks
`Access`. Leaves out what changed since a version that somebody holds (desk/changed.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scanindex import trail
from scanindex.access_model import Access, Right
from scanindex.model import Document, Event
from scanindex.services import Services
from scanindex.trail_model import DENIED, SEARCHED, SHOWN

_WORDS = {
    "accession": "the scan arrived",
    "decided": "read and decided by the machine",
    "accepted": "settled in review",
    "refiled": "settled again",
    "filed": "filed",
    "retyped": "type corrected",
    "redated": "date corrected",
    "relabelled": "labels corrected",
    "rejected": "taken out of filing",
    "reopened": "put back into review",
    "split": "split",
    "joined": "joined with another document",
    "page_taken_in": "a page was brought back",
    "decided_again": "decided again by the machine",
    "reread": "read again",
    "replaced": "replaced by a better scan",
    "recheck_asked": "somebody should look again",
    "incident_opened": "an incident was opened: it had been filed under the wrong patient",
    "incident_extended": "added to an open incident: it had been filed under the wrong patient",
    "datum_differs": "what was typed from the page did not fit; nothing was filed",
}
_PARTS = ("patient_id", "document_type", "service_date", "pages", "sensitivity")
_NOT_HERE = frozenset({*SHOWN, SEARCHED, DENIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    part: str
    """patient_id, document_type, service_date, pages or sensitivity."""
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    seq: int
    at: datetime
    actor: str
    kind: str
    """Of the event."""
    words: str
    version: int | None
    """None: it changed nothing of the document itself."""
    state: str
    differences: tuple[Difference, ...]
    note: str = field(repr=False)
    reasons: tuple[str, ...]
    """Of the decision where this step made a new one."""
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody saw it, or took it away."""

    at: datetime
    actor: str
    how: str
    """viewed, printed, downloaded, exported."""
    what: str


def steps(access: Access, document: Document, services: Services) -> tuple[Step, ...]:
    """Of a document (from fetch), oldest first."""
    with services.catalog.read() as unit:
        events = {e.seq: e for e in unit.events.of(document_id=document.document_id)}
        events |= {e.seq: e for e in unit.events.of(scan_id=document.scan_id)}
    is_bound = access.scope.people is not None
    found: list[Step] = []
    before: dict[str, Any] = {}
    for seq in sorted(events):
        event = events[seq]
        body = _body(event, document)
        is_own = event.document_id == document.document_id or event.kind == "accession"
        if event.kind in _NOT_HERE or (not body and not is_own):
            continue
        found.append(_step(event, body, before, is_bound=is_bound))
        before = body or before
    return tuple(found)


def looks(access: Access, document: Document, services: Services) -> tuple[Look, ...] | None:
    """Who opened or took it, newest first; None for who may not know."""
    if not (access.may(Right.SUPERVISE) or access.may(Right.TRAIL)):
        return None
    with services.catalog.read() as unit:
        seen = unit.events.seen(document.document_id)
    # By text and not as its document: who reads about looks has not looked by that.
    trail.seen(access, "opened by", services, about=f"document {document.document_id}")
    return tuple(
        Look(at=e.at, actor=e.actor, how=e.kind, what=str(e.payload.get("what", ""))) for e in reversed(seen)
    )


def _body(event: Event, document: Document) -> dict[str, Any]:
    payload = event.payload
    bodies = [payload.get("document"), payload.get("also"), *payload.get("documents", ())]
    mine = (b for b in bodies if isinstance(b, dict) and b.get("document_id") == document.document_id)
    return next(mine, {})


def _step(event: Event, body: dict[str, Any], before: dict[str, Any], *, is_bound: bool) -> Step:
    decision = body.get("decision") or {}
    is_new = decision != (before.get("decision") or {})
    note = event.payload.get("note", "")
    return Step(
        seq=event.seq,
        at=event.at,
        actor=event.actor,
        kind=event.kind,
        words=_WORDS.get(event.kind, event.kind.replace("_", " ")),
        version=body.get("version"),
        state=str(body.get("state", "")),
        differences=_differences(before, body) if before and body else (),
        note=note if isinstance(note, str) and not is_bound else "",
        reasons=tuple(decision.get("reasons", ())) if is_new else (),
        rule=str(decision.get("rule", "")) if is_new else "",
    )


def _differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    return tuple(
        Difference(part=part, before=_text(before.get(part)), after=_text(after.get(part)))
        for part in _PARTS
        if before.get(part) != after.get(part)
    )


def _text(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)
