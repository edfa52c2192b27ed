"""Why a document is not handed to a receiver: one table of codes, and the rules. Pure.

What is doubtful here (looked at again, badly legible, of a patient without a number of the
hospital's) must not become a fact elsewhere; what is protected goes only as its rule allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanindex.delivery_model import Consent, ExportRecord, Problem
from scanindex.model import Document, DocumentState, Patient
from scanindex.target_profile import Target

HOLDS = {
    "not_filed": "The document is not filed (it waits, or is not valid any more).",
    "on_its_way": "The document was just decided or corrected; it is filed again in a moment.",
    "recheck": "Somebody is to look at it again (`scanindex review --recheck`).",
    "on_hold": "Its paper, or that of its batch, is on hold.",
    "no_patient": "It stands in nobody's chart.",
    "provisional_patient": "The patient is known from paper only; link the record to the roster.",
    "no_number": "The patient has no number of the authority that this receiver files by "
    "(patient.authority in the profile, else site.mrn_authority).",
    "undated": "No date of care is known (document.undated).",
    "partial_date": "The date of care is not known to the day (document.partial_dates).",
    "untyped": "It has no type, or none that the receiver knows (document.untyped, [types]).",
    "no_encounter": "The receiver wants a visit number and none was read.",
    "illegible": "A page is less legible than the receiver's rule allows.",
    "restricted": "It has a label that this receiver is not given (document.restricted_labels).",
    "consent_needed": "It has a label that needs the patient's consent, and none is recorded.",
    "too_large": "The file is larger than the receiver takes (document.max_bytes).",
    "damaged": "A file of the document is not as it was filed (`scanindex check --fixity`).",
    "no_rendition": "The rendition that the profile wants was not made for this document.",
    "was_refused": "The receiver refused it as it is now; mend what it says, then `export retry`.",
    "was_withdrawn": "It was taken back by hand (`export withdraw`); name it by its id to send it again.",
    "merge_to_tell": "Its patient was merged since it was delivered; tell the receiver by hand.",
    "other_patient_there": "The receiver has it under another patient than it stands under here now (refiled "
    "or merged): settle what holds it back, or `export withdraw` it.",
    "now_held": "It was delivered and would be held back now: `export withdraw` cancels it there.",
}
"""Code to meaning; docs/reference/export-problems.md shows the same, with what forms add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the rules look at besides the document."""

    patient: Patient | None
    has_number: bool
    is_on_paper_hold: bool
    consents: tuple[Consent, ...] = ()
    """Of the patient, in force for this target."""


def problem(code: str) -> Problem:
    return Problem(code=code, text=HOLDS[code])


def of_document(document: Document, standing: Standing, target: Target) -> tuple[Problem, ...]:
    """Every reason to hold it back that needs no file and no form; () if there is none."""
    return tuple(problem(code) for code in dict.fromkeys(_codes(document, standing, target)))


def of_record(record: ExportRecord, target: Target) -> tuple[Problem, ...]:
    """Reasons that lie in what would be sent."""
    limit = target.document.max_bytes
    is_large = record.content is not None and limit and record.content.size_bytes > limit
    return (problem("too_large"),) if is_large else ()


def consent_for(labels: Iterable[str], standing: Standing, target: Target) -> Consent | None:
    """A consent that covers what of these labels needs one; None where nothing does, or none is there."""
    wanted = {*labels} & {*target.document.consent_labels}
    covering = (c for c in standing.consents if wanted <= {*c.labels})
    return next(covering, None) if wanted else None


def in_force(consent: Consent, target: str, today: str) -> bool:
    """today: ISO date of the site."""
    return (
        consent.revoked_at is None
        and consent.target in (target, "*")
        and consent.given_on <= today
        and (consent.until is None or today <= consent.until)
    )


def _codes(document: Document, standing: Standing, target: Target) -> Iterator[str]:
    rule = target.document
    if document.state is DocumentState.PROPOSED:
        yield "on_its_way"
    elif document.state is not DocumentState.FILED:
        yield "not_filed"
    if document.recheck:
        yield "recheck"
    if standing.is_on_paper_hold:
        yield "on_hold"
    yield from _about_patient(standing)
    yield from _about_content(document, target)
    labels = {*document.sensitivity}
    if labels & {*rule.restricted_labels}:
        yield "restricted"
    if labels & {*rule.consent_labels} and consent_for(labels, standing, target) is None:
        yield "consent_needed"


def _about_patient(standing: Standing) -> Iterator[str]:
    if standing.patient is None:
        yield "no_patient"
    elif standing.patient.is_provisional:
        yield "provisional_patient"
    elif not standing.has_number:
        yield "no_number"


def _about_content(document: Document, target: Target) -> Iterator[str]:
    rule = target.document
    if not document.service_date and rule.undated == "hold":
        yield "undated"
    is_partial = 0 < len(document.service_date or "") < len("1998-03-02")
    if is_partial and rule.partial_dates == "hold":
        yield "partial_date"
    if is_unmapped(document.document_type, target) and rule.untyped == "hold":
        yield "untyped"
    if rule.encounter == "required" and not document.fields.account:
        yield "no_encounter"
    legibility = document.legibility
    if rule.minimum_legibility and (legibility is None or legibility < rule.minimum_legibility):
        yield "illegible"


def is_unmapped(document_type: str | None, target: Target) -> bool:
    """Whether the receiver has no word for it; a profile without crosswalk takes every type as ours."""
    return not document_type or (bool(target.types) and document_type not in target.types)
