"""Deciding again what waits for review, because the roster changed.

Only the machine's own proposals: what a person touched stays with people.
"""

from __future__ import annotations

import dataclasses

from scanindex import extract, match
from scanindex.errors import ConflictError
from scanindex.model import Decision, Document, DocumentState, Outcome, PageGroup
from scanindex.pipeline import MACHINE, Services, readings_of

UNTOUCHABLE_RULES = ("gate.damage",)
"""Reviews that a new roster cannot settle."""


def decide_again(services: Services, *, only_older: bool = False) -> int:
    """Look again at what waits for review, because the roster changed; returns how many changed.

    `only_older` leaves out what was decided with the version in force. Only the
    machine's own proposals: what a person touched stays with people. The page breaks
    stay as they are; a break that was a guess keeps it in review.
    """
    with services.catalog.read() as unit:
        waiting = unit.documents.all(DocumentState.IN_REVIEW)
    version = services.roster.version()
    chosen = [
        document
        for document in waiting
        if _is_machines(document) and not (only_older and document.decision.roster_version == version)
    ]
    return sum(_decide_again(document, services) for document in chosen)


def _decide_again(document: Document, services: Services) -> bool:
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
    if scan is None or document.decision.rule in UNTOUCHABLE_RULES:
        return False
    readings = readings_of(scan, document, services)
    findings = [extract.find(reading) for reading in readings]
    group = PageGroup(pages=document.pages, reasons=document.grouping_reasons, is_sure=document.is_break_sure)
    decision = match.decide(readings, findings, group, services.roster, services.settings.match)
    if _same_outcome(decision, document.decision):
        return False
    is_auto = decision.outcome is Outcome.AUTO
    changed = dataclasses.replace(
        document,
        version=document.version + 1,
        state=DocumentState.PROPOSED if is_auto else DocumentState.IN_REVIEW,
        patient_id=decision.patient_id if is_auto else None,
        decision=decision,
    )
    try:
        with services.catalog.write() as unit:
            unit.documents.change(changed, expected_version=document.version)
            unit.events.append("decided_again", MACHINE, document_id=changed.document_id, document=changed)
    except ConflictError:
        return False  # a person was quicker
    return True


def _is_machines(document: Document) -> bool:
    return document.decision.decided_by == MACHINE and document.decision.rule != "person"


def _same_outcome(one: Decision, two: Decision) -> bool:
    def gist(decision: Decision) -> tuple[object, ...]:
        return decision.outcome, decision.rule, [c.patient_id for c in decision.candidates]

    return gist(one) == gist(two)
