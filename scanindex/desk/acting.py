"""What all acts begin and end with: right, sight, hands and version; what undoing needs.

Shared by act.py and settling.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scanindex.access_model import Access, Right
from scanindex.desk import changed, hands
from scanindex.desk.hands import Held
from scanindex.desk_model import Action
from scanindex.errors import ConflictError, NotFound, UsageError
from scanindex.model import Document, DocumentId, DocumentState, Patient, PatientId
from scanindex.ports import Unit
from scanindex.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of an act."""

    item_id: DocumentId
    version: int
    """Of the item now."""
    kind: str
    """accepted (filed next), first_key, keys_differ, rescan_wanted, entered_in_error, parked, asked,
    answered, unparked, split, joined, retyped, redated."""
    other_id: DocumentId | None = None
    """The second document of a split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What the screen measured from showing an item to the act."""

    seconds: float | None = None
    keystrokes: int | None = None


def begin(access: Access, item_id: DocumentId, version: int, unit: Unit, services: Services) -> Held:
    """Right, sight, hands and version, in this order; the scan is theirs from then on."""
    hands.need(access, Right.REVIEW)
    held = hands.seen_or_missing(access, item_id, unit)
    hands.hold(access, held.document.scan_id, unit, services)
    if held.document.version != version:
        raise changed.conflict(item_id, version, unit)
    return held


def may_settle(access: Access, held: Held, note: str) -> None:
    """What is filed is corrected only by who may, and with a reason."""
    if held.document.state is DocumentState.FILED:
        hands.need(access, Right.CORRECT)
        if not note.strip():
            raise UsageError("say why with a note: this document is filed")


def patient_of(access: Access, patient_id: PatientId, services: Services, *, is_new: bool = False) -> Patient:
    hands.need(access, Right.REVIEW)
    patient = services.roster.get(patient_id)
    if patient is None or not (is_new or access.sees_patient(patient_id)):
        raise NotFound(f"no patient {patient_id}")
    if patient.patient_id != patient_id:
        raise ConflictError(f"patient {patient_id} was merged into {patient.patient_id} by now")
    return patient


def effort_of(seconds: float | None, keystrokes: int | None) -> Effort:
    return Effort(seconds=seconds, keystrokes=keystrokes)


def did(
    access: Access,
    kind: str,
    held: Held,
    after: Sequence[Document],
    effort: Effort,
    unit: Unit,
    services: Services,
    *,
    group: str = "",
    also: Document | None = None,
) -> None:
    """Keep what undoing and figures need; called before keys and notes are cleared."""
    document = held.document
    unit.desk.did(
        Action(
            group=group or services.ids.new(),
            actor=access.actor,
            at=services.clock.now(),
            kind=kind,
            item_id=document.document_id,
            scan_id=document.scan_id,
            version_after=after[0].version if after else document.version + 1,
            pages=len(document.pages),
            before=(document, also) if also else (document,),
            after=tuple((d.document_id, d.version) for d in after),
            parked=unit.desk.parked(document.document_id),
            keys=tuple(unit.desk.keys(document.document_id)),
            seconds=effort.seconds,
            keystrokes=effort.keystrokes,
            event_seq=unit.events.last_seq(),
            is_test=held.seed is not None,
        )
    )


def clear(item_id: DocumentId, unit: Unit) -> None:
    unit.desk.unpark(item_id)
    unit.desk.drop_unsent(item_id)
    unit.desk.put_keys(item_id, ())


def tell(kind: str, access: Access, held: Held, unit: Unit, **payload: Any) -> None:
    """Of a test item nothing is said."""
    if held.seed is None:
        unit.events.append(
            kind,
            access.actor,
            document_id=held.document.document_id,
            scan_id=held.document.scan_id,
            **payload,
        )
