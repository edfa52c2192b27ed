"""Learning document types from what people corrected on this site.

The truth are the catalog's documents and events: a filed document whose type a person changed
is a correction, one that a person filed with the type as read is a confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanindex.classify import base_model
from scanindex.classify.learn import Lesson, Verdict, cross_validated, taught
from scanindex.model import Document, DocumentState
from scanindex.pipeline import readings_of
from scanindex.ports import Unit
from scanindex.services import Services

LEAST_CORRECTIONS = 5
_BY_PEOPLE = frozenset({"accepted", "refiled", "retyped"})
_MOST_CONFIRMATIONS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What came of it."""

    verdict: Verdict | None
    corrections: int
    is_kept: bool
    reason: str


def learn(services: Services) -> Learned:
    """Teach the model what people corrected; kept only if it is better on what it was not taught."""
    lessons = lessons_of(services)
    corrections = sum(lesson.is_correction for lesson in lessons)
    if corrections < LEAST_CORRECTIONS:
        reason = f"{LEAST_CORRECTIONS} corrections are needed"
        return Learned(verdict=None, corrections=corrections, is_kept=False, reason=reason)
    verdict = cross_validated(base_model(), lessons)
    if not verdict.is_better:
        reason = "it would not be better on documents that it was not taught"
        return Learned(verdict=verdict, corrections=corrections, is_kept=False, reason=reason)
    model = taught(base_model(), lessons)
    about = {
        "corrections": verdict.corrections,
        "confirmations": verdict.confirmations,
        "right_before": verdict.right_before,
        "right_after": verdict.right_after,
        "learned_at": services.clock.now().isoformat(),
        "types": sorted({lesson.key for lesson in lessons if lesson.is_correction}),
    }
    services.types.keep(about, model.shift, model.bias_shift)
    return Learned(verdict=verdict, corrections=corrections, is_kept=True, reason="")


def lessons_of(services: Services) -> list[Lesson]:
    """Corrections and confirmations, oldest first."""
    found, confirmations = [], 0
    with services.catalog.read() as unit:
        chosen = [
            (document, _is_correction(document))
            for document in unit.documents.all(DocumentState.FILED)
            if document.document_type and _is_by_person(document, unit)
        ]
    for document, is_correction in chosen:
        confirmations += not is_correction
        if not is_correction and confirmations > _MOST_CONFIRMATIONS:
            continue
        text = text_of(document, services)
        key = document.document_type or ""
        found.append(Lesson(text=text, key=key, is_correction=is_correction))
    return found


def text_of(document: Document, services: Services) -> str:
    """The text of a document's first page: what its type is told from."""
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    if scan is None or not document.pages:
        return ""
    return readings_of(scan, document, services)[0].text


def _is_correction(document: Document) -> bool:
    return document.document_type != document.fields.document_type


def _is_by_person(document: Document, unit: Unit) -> bool:
    """Whether a person gave its type, or filed it and let it stand."""
    if document.decision.decided_by.startswith("user:"):
        return True
    if not _is_correction(document):
        return False
    return any(event.kind in _BY_PEOPLE for event in unit.events.of(document_id=document.document_id))
