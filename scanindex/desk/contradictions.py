"""What on a document's pages speaks against one patient, whoever proposed them. Pure.

Stricter than matching: for runs of documents that are settled without a look at each.
"""

from __future__ import annotations

from scanindex.desk.asking import numbers_of
from scanindex.match import fold, names
from scanindex.model import Document, Finding, FindingKind, Level, Patient, Role


def against(document: Document, patient: Patient) -> tuple[str, ...]:
    """Plain words, no values; () where nothing does."""
    found = [told for finding in document.findings if (told := _of_finding(finding, document, patient))]
    own = [c for c in document.decision.candidates if c.patient_id == patient.patient_id]
    found += [
        f"{row.kind.value.replace('_', ' ')} differs"
        for candidate in own
        for row in candidate.comparisons
        if row.level is Level.CONFLICT
    ]
    read = document.fields
    if read.mrn and _is_other_number(read.mrn, patient):
        found.append("a page names another record number")
    if read.birth_date and _is_other_day(read.birth_date, patient):
        found.append("a page names another birth date")
    return tuple(dict.fromkeys(found))


def _of_finding(finding: Finding, document: Document, patient: Patient) -> str | None:
    if finding.role is not Role.PATIENT or finding.scan_page_no not in document.pages:
        return None
    if finding.kind is FindingKind.MRN and _is_other_number(finding.value, patient):
        return "a page names another record number"
    if finding.kind is FindingKind.BIRTH_DATE and _is_other_day(finding.value, patient):
        return "a page names another birth date"
    if finding.kind is FindingKind.NAME and patient.names:
        level, _ = names.compare(finding.value, patient.names)
        return "a page names somebody else" if level is Level.CONFLICT else None
    return None


def _is_other_number(value: str, patient: Patient) -> bool:
    return fold.identifier_key(value) not in numbers_of(patient)


def _is_other_day(value: str, patient: Patient) -> bool:
    """A partial date speaks against nobody whose beginning it is."""
    born = patient.birth_date or ""
    return not (born.startswith(value) or (bool(born) and value.startswith(born)))
