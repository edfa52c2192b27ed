"""A document's labels: what its words earn, what birth date and lists add, what people changed.

Pure. Words can only add labels when pages are read again; what a person added or took away
stays as that person left it.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanindex.classify import sensitivity as words
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.model import Document, Patient
from scanindex.settings import SensitivitySettings

_BY_PERSON = (words.MINOR, words.VIP)
_SENSITIVE_TYPES = frozenset(kind.key for kind in DOCUMENT_TYPES if kind.is_sensitive)


def labels(
    text: str, document: Document, patient: Patient | None, settings: SensitivitySettings
) -> tuple[str, ...]:
    """The labels of a document whose pages say `text`; `patient` is the person it is of, if known."""
    found = {*document.sensitivity, *words.labels_of(text, document.document_type)}
    return _with_person(found, document, patient, settings)


def of_person(document: Document, patient: Patient | None, settings: SensitivitySettings) -> tuple[str, ...]:
    """Its labels after patient, type or date changed: those that the person earns, told anew."""
    found = {*document.sensitivity} - {*_BY_PERSON} | {*words.labels_of("", document.document_type)}
    return _with_person(found, document, patient, settings)


def is_restricted(document: Document) -> bool:
    """Not to be shown openly: labelled, or of a type that is sensitive whatever its text says."""
    return bool(document.sensitivity) or document.document_type in _SENSITIVE_TYPES


def corrected(document: Document, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
    """`sensitivity_by_hand` with a person's changes; the latest word on a label counts."""
    kept = {mark[1:]: mark[0] for mark in document.sensitivity_by_hand}
    kept |= {label: "+" for label in add} | {label: "-" for label in remove}
    return tuple(f"{sign}{label}" for label, sign in sorted(kept.items()))


def _with_person(
    found: set[str], document: Document, patient: Patient | None, settings: SensitivitySettings
) -> tuple[str, ...]:
    birth_date = patient.birth_date if patient else document.fields.birth_date
    if words.is_minor(birth_date, document.service_date, settings.minor_age):
        found.add(words.MINOR)
    if patient and {patient.patient_id, *(i.value for i in patient.identifiers)} & {*settings.vip.split()}:
        found.add(words.VIP)
    found |= {mark[1:] for mark in document.sensitivity_by_hand if mark[0] == "+"}
    found -= {mark[1:] for mark in document.sensitivity_by_hand if mark[0] == "-"}
    return words.ordered(found)
