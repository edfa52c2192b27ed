"""Setting right what was settled: another patient, type, date or labels, in error, back to review.

Promises: each needs `Right.CORRECT`, a reason and the version that was looked at; another patient
needs the same confirming datum as in review; nobody is disturbed who has the scan in hand, and
nothing is kept in hand afterwards. Where the machine had filed it under somebody else, an incident
opens (incidents.py) and is named in the answer. Leaves out what waits for review (desk), and filing
what was corrected, which the service does next.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from scanindex import desk, fetch, incidents, review
from scanindex.access_model import Access, Right
from scanindex.audit_model import Verdict
from scanindex.desk import asking, changed, hands
from scanindex.desk_model import Action
from scanindex.doctypes import KEYS
from scanindex.errors import ConflictError, Forbidden, NotAllowedNow, UsageError
from scanindex.model import Document, DocumentId, DocumentState, Patient
from scanindex.ports import Unit
from scanindex.services import Services

MOST_CHARACTERS = 500
FEWEST_CHARACTERS = 3
_CIVIL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_UNDOABLE = frozenset({"accepted", "retyped", "redated", "entered_in_error"})
"""What of a correction desk.undo takes back."""


class Correction(enum.StrEnum):
    REFILE = "refile"
    RETYPE = "retype"
    REDATE = "redate"
    RELABEL = "relabel"
    ENTERED_IN_ERROR = "entered_in_error"
    BACK_TO_REVIEW = "back_to_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    document: Document
    """As it is now."""
    did: str
    """Stable code: refiled, retyped, redated, relabelled, entered_in_error, reopened, undone."""
    incident_id: str = ""
    """Of the incident that this opened or was added to."""


def possible(access: Access, document: Document) -> tuple[Correction, ...]:
    """What may be done with it in its state by them."""
    if not access.may(Right.CORRECT):
        return ()
    if document.state is DocumentState.FILED:
        return tuple(Correction)
    if document.state in (DocumentState.IN_REVIEW, DocumentState.SUPERSEDED):
        return ()
    return (Correction.BACK_TO_REVIEW,)


def would_open_incident(document: Document, services: Services) -> bool:
    """Whether the machine alone put pages of it where they are: another patient then means a misfile."""
    with services.catalog.read() as unit:
        return any(
            filing.patient_id == document.patient_id
            and filing.verdict is not Verdict.WRONG
            and set(filing.pages) & set(document.pages)
            for filing in unit.filings.of_scan(document.scan_id)
        )


def asked_datum(access: Access, document_id: str, patient_id: str, services: Services) -> desk.Datum:
    """What must be typed from the page before it goes to this patient. Raises Forbidden, NotFound."""
    _require(access)
    document = fetch.document(access, document_id, services)
    return asking.datum_asked(_patient(access, patient_id, services), document, services)


def refile(
    access: Access,
    document_id: str,
    version: int,
    patient_id: str,
    datum: str,
    reason: str,
    services: Services,
) -> Corrected:
    """To another patient. Raises DatumDiffers (nothing is changed), UsageError, Claimed, ConflictError
    (saying what changed), NotAllowedNow, NotFound."""
    document, why = _begin(access, document_id, version, reason, services, Correction.REFILE)
    patient = _patient(access, patient_id, services)
    if patient.patient_id == document.patient_id:
        raise UsageError("it is filed under this patient already")

    def act() -> None:
        desk.accept(
            access, document.document_id, version, patient.patient_id, datum, None, None, why, services
        )

    return _done(access, document, "refiled", act, services)


def retype(
    access: Access, document_id: str, version: int, document_type: str, reason: str, services: Services
) -> Corrected:
    document, why = _begin(access, document_id, version, reason, services, Correction.RETYPE)
    if document_type not in KEYS and document_type not in {t.code for t in services.settings.types}:
        raise UsageError("there is no such type")

    def act() -> None:
        desk.retype(access, document.document_id, version, document_type, why, services)

    return _done(access, document, "retyped", act, services)


def redate(
    access: Access, document_id: str, version: int, service_date: str | None, reason: str, services: Services
) -> Corrected:
    """ISO text, possibly partial; None or "": undated."""
    document, why = _begin(access, document_id, version, reason, services, Correction.REDATE)
    day = civil(service_date)

    def act() -> None:
        desk.redate(access, document.document_id, version, day, why, services)

    return _done(access, document, "redated", act, services)


def relabel(
    access: Access,
    document_id: str,
    version: int,
    labels: Sequence[str],
    reason: str,
    services: Services,
) -> Corrected:
    """labels: all that it shall have from now on."""
    document, why = _begin(access, document_id, version, reason, services, Correction.RELABEL)
    add = sorted(set(labels) - set(document.sensitivity))
    remove = sorted(set(document.sensitivity) - set(labels))
    if not add and not remove:
        raise UsageError("it has these labels already")

    def act() -> None:
        with services.catalog.write() as unit:
            _current(document.document_id, version, unit)
            inside = hands.within(unit, services)
            review.relabel(document.document_id, version, add, remove, why, access.actor, inside)

    return _done(access, document, "relabelled", act, services)


def entered_in_error(
    access: Access, document_id: str, version: int, reason: str, services: Services
) -> Corrected:
    """It should never have been filed; it leaves chart and search, its bytes stay."""
    document, why = _begin(access, document_id, version, reason, services, Correction.ENTERED_IN_ERROR)

    def act() -> None:
        state = DocumentState.ENTERED_IN_ERROR
        desk.reject(access, document.document_id, version, state, why, services)

    return _done(access, document, "entered_in_error", act, services)


def back_to_review(
    access: Access, document_id: str, version: int, reason: str, services: Services
) -> Corrected:
    document, why = _begin(access, document_id, version, reason, services, Correction.BACK_TO_REVIEW)

    def act() -> None:
        with services.catalog.write() as unit:
            _current(document.document_id, version, unit)
            inside = hands.within(unit, services)
            review.reopen(document.document_id, version, why, access.actor, inside)

    return _done(access, document, "reopened", act, services)


def can_undo(access: Access, document: Document, services: Services) -> bool:
    """Whether the asker's last act was a correction of this document and nothing came after it."""
    if not (access.may(Right.CORRECT) and access.may(Right.REVIEW)):
        return False
    last = _last_act(access, services)
    is_at_rest = document.state is not DocumentState.PROPOSED
    return (
        last is not None
        and (is_at_rest or last.kind == "accepted")
        and last.kind in _UNDOABLE
        and last.item_id == document.document_id
        and last.after == ((document.document_id, document.version),)
    )


def undo(access: Access, document_id: str, services: Services) -> Corrected:
    """Take back one's own last correction. Raises NotAllowedNow where something came after it."""
    _require(access)
    document = fetch.document(access, document_id, services)
    if not can_undo(access, document, services):
        raise NotAllowedNow("something came after your correction; correct it again instead")
    return _done(access, document, "undone", lambda: desk.undo(access, services), services)


def civil(text: str | None) -> str | None:
    """A whole or partial day as ISO text. Raises UsageError."""
    if not (text or "").strip():
        return None
    found = _CIVIL.fullmatch((text or "").strip())
    if found:
        year, month, day = found.groups()
        try:
            date(int(year), int(month or 1), int(day or 1))
        except ValueError:
            found = None
    if not found:
        raise UsageError("a date is written 1998, 1998-03 or 1998-03-21")
    return found.group()


# --- how ----------------------------------------------------------------------------------
def _begin(
    access: Access, document_id: str, version: int, reason: str, services: Services, wanted: Correction
) -> tuple[Document, str]:
    _require(access)
    document = fetch.document(access, document_id, services)
    if document.version != version:
        with services.catalog.read() as unit:
            raise changed.conflict(document.document_id, version, unit)
    why = " ".join(reason.split())
    if not FEWEST_CHARACTERS <= len(why) <= MOST_CHARACTERS or not why.isprintable():
        raise UsageError(f"say why, in {FEWEST_CHARACTERS} to {MOST_CHARACTERS} characters")
    if wanted not in possible(access, document):
        is_on_its_way = document.state is DocumentState.PROPOSED
        more = " and is filed within moments; then it can be corrected again" if is_on_its_way else ""
        raise NotAllowedNow(f"document {document.document_id} is {document.state.value}{more}")
    hands.refuse_others(document.scan_id, access.actor, services)
    return document, why


def _require(access: Access) -> None:
    if not access.may(Right.CORRECT):
        raise Forbidden


def _patient(access: Access, patient_id: str, services: Services) -> Patient:
    patient = fetch.patient(access, patient_id, services)
    if patient.patient_id != patient_id:
        raise ConflictError(f"patient {patient_id} was merged into {patient.patient_id} by now")
    return patient


def _current(document_id: DocumentId, version: int, unit: Unit) -> None:
    now = unit.documents.get(document_id)
    if now is None or now.version != version:
        raise changed.conflict(document_id, version, unit)


def _done(
    access: Access, document: Document, did: str, act: Callable[[], object], services: Services
) -> Corrected:
    """Do it, give back a scan that was not in their hands before, and see what it set off."""
    with services.catalog.read() as unit:
        before = unit.events.last_seq()
        held = unit.desk.holder(document.scan_id, services.clock.now())
    try:
        act()
    finally:
        if held is None and access.may(Right.REVIEW):
            desk.release(access, document.scan_id, services)
    with services.catalog.read() as unit:
        now = unit.documents.get(document.document_id)
        opened = [
            e
            for e in unit.events.of(scan_id=document.scan_id)
            if e.seq > before and e.kind in incidents.OPENING_EVENTS
        ]
    incident = opened[-1].payload.get("incident") if opened else None
    incident_id = str(incident.get("incident_id", "")) if isinstance(incident, dict) else ""
    return Corrected(document=now or document, did=did, incident_id=incident_id)


def _last_act(access: Access, services: Services) -> Action | None:
    with services.catalog.read() as unit:
        acts = unit.desk.recent(access.actor, 10)
    return next((act for act in acts if not act.is_undone and act.kind != "datum_differs"), None)
