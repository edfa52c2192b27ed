"""The people whom a document may belong to, each beside what was read, with what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scanindex.access_model import Access
from scanindex.desk import asking, compared_words
from scanindex.desk.confirm import Datum
from scanindex.desk.marks import Mark, marks, union
from scanindex.match.identifiers import FINDING_ONLY
from scanindex.model import (
    Box,
    Candidate,
    Comparison,
    Document,
    FindingKind,
    Level,
    Patient,
)
from scanindex.services import Services

_COMPARED = (
    FindingKind.NAME,
    FindingKind.BIRTH_DATE,
    FindingKind.MRN,
    FindingKind.SEX,
    FindingKind.SSN4,
    FindingKind.PHONE,
    FindingKind.ADDRESS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One field of a candidate: page against roster."""

    kind: FindingKind
    level: Level
    read: str = field(repr=False)
    read_marks: tuple[Mark, ...]
    expected: str = field(repr=False)
    """As the roster has it; "" where it does not know."""
    expected_marks: tuple[Mark, ...]
    """What differs from what was read."""
    among_marks: tuple[Mark, ...]
    """In `expected`: what differs from other candidates who could be taken for this one."""
    scan_page_no: int | None
    box: Box | None
    note: str
    """A sentence on how they differ; "" where there is nothing to say. Names no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    number: int
    """1-based; the key that chooses them."""
    patient: Patient
    score: float
    compared: tuple[Compared, ...]
    confirmation: Datum | None
    """What must be typed before it goes to them; None where nothing is asked."""
    looks_like: tuple[int, ...]
    """Numbers of the other candidates who could be taken for this one."""


def of_document(access: Access, document: Document, services: Services) -> tuple[CandidateView, ...]:
    """Those who are still in the roster under that key; numbered as shown."""
    known: list[tuple[Candidate, Patient]] = []
    for candidate in document.decision.candidates:
        patient = services.roster.get(candidate.patient_id)
        if patient and patient.patient_id == candidate.patient_id and access.sees_patient(patient.patient_id):
            known.append((candidate, patient))
    people = [patient for _, patient in known]
    alike = {
        one.patient_id: [two for two in people if two is not one and asking.could_be_taken_for(one, two)]
        for one in people
    }
    numbers = {patient.patient_id: number for number, patient in enumerate(people, start=1)}
    return tuple(
        CandidateView(
            number=numbers[patient.patient_id],
            patient=patient,
            score=candidate.score,
            compared=_compared(candidate, patient, alike[patient.patient_id], document),
            confirmation=asking.datum_for(patient, document, services),
            looks_like=tuple(numbers[other.patient_id] for other in alike[patient.patient_id]),
        )
        for candidate, patient in known
    )


def _compared(
    candidate: Candidate, patient: Patient, alike: Sequence[Patient], document: Document
) -> tuple[Compared, ...]:
    rows = []
    for kind in _COMPARED:
        own = [c for c in candidate.comparisons if c.kind is kind]
        among = union(marks(_of(patient, kind), _of(other, kind)) for other in alike)
        for comparison in own:
            rows.append(_row(comparison, patient, among))
        if not own and (_of(patient, kind) or _read(document, kind)):
            rows.append(_absent(kind, patient, among, document))
    return tuple(rows)


def _row(comparison: Comparison, patient: Patient, among: tuple[Mark, ...]) -> Compared:
    expected = comparison.expected or _of(patient, comparison.kind)
    # Equal, and only unlabelled: a mark for "almost" would have people look for a difference.
    is_equal = comparison.level is Level.NEAR and comparison.note == FINDING_ONLY
    level = Level.EXACT if is_equal else comparison.level
    differs = level is not Level.EXACT
    return Compared(
        kind=comparison.kind,
        level=level,
        read=comparison.read,
        read_marks=marks(comparison.read, expected) if differs else (),
        expected=expected,
        expected_marks=marks(expected, comparison.read) if differs else (),
        among_marks=among if expected == _of(patient, comparison.kind) else (),
        scan_page_no=comparison.scan_page_no,
        box=comparison.box,
        note=compared_words.sentence(comparison.kind, level, comparison.note, comparison.read, expected),
    )


def _absent(kind: FindingKind, patient: Patient, among: tuple[Mark, ...], document: Document) -> Compared:
    """Nobody compared it: what the document goes by, beside the roster."""
    read, expected = _read(document, kind), _of(patient, kind)
    return Compared(
        kind=kind,
        level=Level.ABSENT,
        read=read,
        read_marks=marks(read, expected),
        expected=expected,
        expected_marks=marks(expected, read),
        among_marks=among,
        scan_page_no=None,
        box=None,
        note="",
    )


def _of(patient: Patient, kind: FindingKind) -> str:
    if kind is FindingKind.NAME:
        return patient.display_name
    return str(getattr(patient, kind.value, None) or "")


def _read(document: Document, kind: FindingKind) -> str:
    return str(getattr(document.fields, kind.value, None) or "")
