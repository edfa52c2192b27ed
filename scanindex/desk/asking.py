"""Whether the machine was sure of a person, and what must be typed before a document goes to them.

One rule for what is shown and for what is checked.
"""

from __future__ import annotations

from scanindex import certify
from scanindex.access_model import Access, Right
from scanindex.desk import confirm, hands
from scanindex.desk.confirm import Datum
from scanindex.errors import NotFound
from scanindex.match import fold, names
from scanindex.model import (
    Document,
    DocumentId,
    DocumentState,
    Level,
    Patient,
    PatientId,
)
from scanindex.services import Services

_NAMESAKES = 20


def preselected(document: Document, services: Services) -> PatientId | None:
    """The one the machine would have filed it to, had its source been let; None wherever it doubts."""
    decision = document.decision
    if decision.rule != certify.SUGGEST_RULE or not decision.candidates:
        return None
    leader = decision.candidates[0]
    if any(told.faults for told in document.page_facts):
        return None
    if any(c.level is Level.CONFLICT for c in leader.comparisons):
        return None
    patient = services.roster.get(leader.patient_id)
    return leader.patient_id if patient and patient.patient_id == leader.patient_id else None


def datum_for(patient: Patient, document: Document, services: Services) -> Datum | None:
    """What must be typed before the document goes to this person; None: nothing."""
    is_sure = preselected(document, services) == patient.patient_id
    is_waiting = document.state is DocumentState.IN_REVIEW
    if is_sure and is_waiting and not services.settings.review.confirm_always:
        return None
    return datum_asked(patient, document, services)


def datum_asked(patient: Patient, document: Document, services: Services) -> Datum:
    """The same where one is asked in any case."""
    rivals = _rivals(patient, document, services)
    return confirm.asked(patient, rivals, document, services.settings.site.date_order)


@hands.watched
def confirmation(
    access: Access, item_id: DocumentId, patient_id: PatientId, services: Services
) -> Datum | None:
    """The same for somebody who was searched. Raises NotFound."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
    patient = services.roster.get(patient_id)
    if patient is None or not access.sees_patient(patient_id):
        raise NotFound(f"no patient {patient_id}")
    return datum_for(patient, held.document, services)


# --- who could be taken for whom ---------------------------------------------------------
def _rivals(patient: Patient, document: Document, services: Services) -> list[Patient]:
    """Who could be taken for this person: other candidates, and namesakes nobody proposed."""
    others = [services.roster.get(c.patient_id) for c in document.decision.candidates]
    found = {other.patient_id: other for other in others if other}
    for name in patient.names[:1]:
        near = services.roster.by_name(name.last, name.first, _NAMESAKES)
        found.update((p.patient_id, p) for p in near)
        if patient.birth_date and len(patient.birth_date) == 10:
            born = services.roster.by_birth_date([patient.birth_date], named=[fold.name_key(name.last)])
            found.update((p.patient_id, p) for p in born)
    found.pop(patient.patient_id, None)
    return [other for other in found.values() if could_be_taken_for(patient, other)]


def could_be_taken_for(one: Patient, two: Patient) -> bool:
    """Alike in last name with first name or birth date, or in numbers."""
    if set(_numbers(one)) & set(_numbers(two)):
        return True
    if any(_nearly(a, b) for a in _numbers(one) for b in _numbers(two)):
        return True
    is_born_alike = bool(one.birth_date) and one.birth_date == two.birth_date
    return any(
        names.last_names_alike(a.last, b.last)
        and (is_born_alike or names.first_names_alike(a.first, b.first))
        for a in one.names
        for b in two.names
    )


def _numbers(patient: Patient) -> list[str]:
    return [fold.identifier_key(i.value) for i in patient.identifiers if i.type == "mrn"]


def _nearly(one: str, two: str) -> bool:
    from rapidfuzz.distance import OSA

    return min(len(one), len(two)) >= 5 and OSA.distance(one, two, score_cutoff=1) <= 1


def numbers_of(patient: Patient) -> frozenset[str]:
    """Keys of all record numbers this person has."""
    return frozenset(_numbers(patient))
