"""Whose pages these are, weighed again after a person put them together or apart.

Promises: what a document proposes comes from the pages it holds now and from no other; a
document put together by a person is never filed by the machine: they are looking at it. Where
what was read on a page was not kept, nobody is proposed and the reason says why: reading takes
its time, and here somebody waits. Leaves out what a person may want (review, restack).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from scanindex import page_readings, pipeline, revisions
from scanindex.model import Document, Outcome, PageGroup, PageReading
from scanindex.ports import Unit
from scanindex.services import Services

LOOK = "Put together or split by hand, and what was read is not at hand: look at every page."
"""Why nobody is proposed, to whoever settles it."""


def from_kept(document: Document, unit: Unit, services: Services) -> Document:
    """The document, its pages as they are, with what those speak for; nothing is read anew.

    Its first grouping reason says what was done with it. Raises StorageFailed, IntegrityError.
    """
    reason, scan = next(iter(document.grouping_reasons), ""), unit.scans.get(document.scan_id)
    found = page_readings.readings_of(scan, services, document.pages) if scan else ()
    read = {reading.scan_page_no: reading for reading in found}
    if scan is None or set(document.pages) - set(read):
        return revisions.without_proposal(document, reason, LOOK)
    preset = scan.preset.document_type or document.document_type
    return proposed(dataclasses.replace(document, document_type=preset), read, reason, services)


def proposed(
    document: Document, read: Mapping[int, PageReading], reason: str, services: Services
) -> Document:
    """With the candidates that its pages speak for now; it stays with people whatever they say."""
    readings = [read[no] for no in document.pages]
    found = [revisions.findings_on(document, no) for no in document.pages]
    decision = pipeline.decide(readings, found, group_of(document), services)
    decision = dataclasses.replace(
        decision,
        outcome=Outcome.REVIEW if decision.outcome is Outcome.AUTO else decision.outcome,
        patient_id=None,
        rule="person",
        reasons=tuple(dict.fromkeys(filter(None, (reason, *revisions.damaged(document), *decision.reasons)))),
    )
    return dataclasses.replace(document, decision=decision)


def group_of(document: Document) -> PageGroup:
    """Its pages as the group they were taken for."""
    return PageGroup(
        pages=document.pages,
        reasons=document.grouping_reasons,
        is_sure=document.is_break_sure,
        ties=document.ties,
    )
