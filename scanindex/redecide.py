"""Deciding again: what waits for review when the roster or the text changed, and whether
what is filed still stands.

Only the machine's own proposals change: what a person touched stays with people, and
what is filed stays filed. A filed document that a new reading speaks against is put on
the recheck list, where a person looks at it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from scanindex import certify, drawn_anew, match, pipeline, revisions
from scanindex.commits import held
from scanindex.errors import ConflictError
from scanindex.model import (
    Candidate,
    Decision,
    Document,
    DocumentState,
    Level,
    Outcome,
    PageFindings,
    PageReading,
)
from scanindex.pipeline import readings_of
from scanindex.ports import Unit
from scanindex.services import MACHINE, Services

UNTOUCHABLE_RULES = ("gate.damage",)
"""Reviews that neither a new roster nor a new reading can settle."""
_ENOUGH_EXACT = 2
"""Fields in which another patient must agree before a person's choice is questioned."""


def decide_again(services: Services, *, only_older: bool = False) -> int:
    """Look again at what waits for review, because the roster changed; returns how many changed.

    `only_older` leaves out what was decided with the version in force. Only the
    machine's own proposals: what a person touched stays with people. The page breaks
    stay as they are; a break that was a guess keeps it in review.
    """
    version = services.roster.version()
    with services.catalog.read() as unit:
        waiting = [d for d in unit.documents.all(DocumentState.IN_REVIEW) if is_machines(d)]
        chosen = [
            document
            for document in waiting
            if not (only_older and document.decision.roster_version == version)
            or _is_let_go(document, unit, services)
        ]
    return sum(_decide_again(document, services) for document in chosen)


def let_go(source: str, services: Services) -> int:
    """Decide again what waits only because its source filed nothing alone; returns how many changed."""
    with services.catalog.read() as unit:
        waiting = [
            document
            for document in unit.documents.all(DocumentState.IN_REVIEW)
            if is_machines(document) and _is_let_go(document, unit, services, source)
        ]
    return sum(_decide_again(document, services) for document in waiting)


def _is_let_go(document: Document, unit: Unit, services: Services, only: str | None = None) -> bool:
    """Whether its source held it and would no longer."""
    if document.decision.rule != certify.SUGGEST_RULE:
        return False
    scan = unit.scans.get(document.scan_id)
    if scan is None or only not in (None, scan.preset.source):
        return False
    source = scan.preset.source
    return certify.files_alone(source, unit.sources.get(source), services.settings)


def _decide_again(document: Document, services: Services) -> bool:
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    if scan is None or document.decision.rule in UNTOUCHABLE_RULES:
        return False
    readings = readings_of(scan, document, services)
    findings = [pipeline.find(reading, document.created_at, services) for reading in readings]
    decision = decision_on(document, readings, findings, services)
    changed = decided(dataclasses.replace(document, version=document.version + 1), decision)
    changed = revisions.labelled(changed, services)
    source = scan.preset.source
    with services.catalog.read() as unit:
        if _same_outcome(held(changed, source, unit, services).decision, document.decision):
            return False
    try:
        with services.catalog.write() as unit:
            changed = held(changed, source, unit, services)
            unit.documents.change(changed, expected_version=document.version)
            unit.events.append("decided_again", MACHINE, document_id=changed.document_id, document=changed)
    except ConflictError:
        return False  # a person was quicker
    return True


def decision_on(
    document: Document,
    readings: Sequence[PageReading],
    findings: Sequence[PageFindings],
    services: Services,
) -> Decision:
    """What the machine would decide today about a document with these readings of its pages."""
    return pipeline.decide(readings, findings, drawn_anew.group_of(document), services)


def evidence_on(
    document: Document,
    readings: Sequence[PageReading],
    findings: Sequence[PageFindings],
    services: Services,
) -> Decision:
    """The same by what the words say alone, however poor the picture is."""
    settings, own = services.settings.match, services.settings.site.houses
    return match.decide(
        readings, findings, drawn_anew.group_of(document), services.roster, settings, houses=own
    )


def decided(document: Document, decision: Decision) -> Document:
    """A document in review under a new decision of the machine: to be filed, or still in review."""
    is_auto = decision.outcome is Outcome.AUTO
    return dataclasses.replace(
        document,
        state=DocumentState.PROPOSED if is_auto else DocumentState.IN_REVIEW,
        patient_id=decision.patient_id if is_auto else None,
        decision=decision,
    )


def is_machines(document: Document) -> bool:
    return document.decision.decided_by == MACHINE and document.decision.rule != "person"


def objections(document: Document, before: Decision, after: Decision) -> tuple[str, ...]:
    """Why a filed document should be looked at again; () if the new text supports it as well.

    before, after: what the machine makes of its pages with the old and with the new
    text, by today's roster and rules. Only what the new text changes counts: a filing
    that rests on a cover sheet or on a person's word cannot be repeated from the pages.
    """
    if after.outcome is Outcome.AUTO and after.patient_id == document.patient_id:
        return ()
    found = []
    if _speaks_for_another(document, after) and not _speaks_for_another(document, before):
        found.append("the new text speaks for another patient")
    if _conflicts(document, after) - _conflicts(document, before):
        found.append("the new text contradicts the patient it is filed under")
    if after.outcome is Outcome.NEW and before.outcome is not Outcome.NEW:
        found.append("the new text names a person who is not in the roster")
    supported_before = before.outcome is Outcome.AUTO and before.patient_id == document.patient_id
    if is_machines(document) and supported_before and not found:
        found.append("the new text no longer supports filing it without a person")
    if not found:
        return ()
    new_reasons = [reason for reason in after.reasons if reason not in before.reasons]
    return tuple(dict.fromkeys((*found, *new_reasons)))


def _speaks_for_another(document: Document, decision: Decision) -> bool:
    if decision.outcome is Outcome.AUTO:
        return decision.patient_id != document.patient_id
    leader = next(iter(decision.candidates), None)
    if leader is None or leader.patient_id == document.patient_id:
        return False
    exact = {c.kind for c in leader.comparisons if c.level is Level.EXACT}
    return len(exact) >= _ENOUGH_EXACT


def _conflicts(document: Document, decision: Decision) -> set[tuple[object, str]]:
    """What stands against the patient it is filed under."""
    mine: Candidate | None = next(
        (c for c in decision.candidates if c.patient_id == document.patient_id), None
    )
    if mine is None:
        return set()
    return {(c.kind, c.note) for c in mine.comparisons if c.level is Level.CONFLICT}


def _same_outcome(one: Decision, two: Decision) -> bool:
    def gist(decision: Decision) -> tuple[object, ...]:
        return decision.outcome, decision.rule, [c.patient_id for c in decision.candidates]

    return gist(one) == gist(two)
