"""The chart of a patient as somebody may see it: a timeline by civil date and type, undated apart.

What is closed to the asker is not there; that something is closed is said only to who may
open it by breaking the glass, and never how much. Leaves out single documents (fetch) and
words on pages (find).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanindex import fetch
from scanindex.access_model import Access, Right
from scanindex.model import Document, DocumentState, Patient
from scanindex.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    patient: Patient
    dated: tuple[Document, ...]
    """Newest day of service first; of one day by type, then in the order they were filed."""
    undated: tuple[Document, ...]
    """By type, then in the order they were filed."""
    some_closed: bool = False
    """There is more, and the asker could open it by breaking the glass."""

    @property
    def documents(self) -> tuple[Document, ...]:
        return self.dated + self.undated


def chart(access: Access, patient_id: str, services: Services) -> Chart:
    """All filed documents of a patient that they may see. Raises Forbidden, NotFound."""
    person = fetch.patient(access, patient_id, services)
    with services.catalog.read() as unit:
        filed = unit.documents.all(DocumentState.FILED, patient_id=person.patient_id)
    seen = [fetch.among_people(d, access.scope.people) for d in filed if fetch.sees(access, d)]
    return Chart(
        patient=person,
        dated=_timeline([d for d in seen if d.service_date]),
        undated=_timeline([d for d in seen if not d.service_date]),
        some_closed=len(seen) < len(filed) and access.may(Right.BREAK_GLASS),
    )


def _timeline(documents: Sequence[Document]) -> tuple[Document, ...]:
    of_a_day = sorted(documents, key=_within_a_day)
    # A part of a date ("1998-03") sorts before its days, so newest first it stands behind them.
    return tuple(sorted(of_a_day, key=lambda d: d.service_date or "", reverse=True))


def _within_a_day(document: Document) -> tuple[str, str, str]:
    filed_at = document.filed_at.isoformat() if document.filed_at else ""
    return document.document_type or "~", filed_at, document.document_id
