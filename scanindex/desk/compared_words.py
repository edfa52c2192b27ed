"""What a comparison of page and roster says, as a sentence for the reviewer. Pure.

The matcher's notes are codes and half sentences; here they become whole ones. They say how values
differ and never name a value: one of them may just be asked for. A row without a note gets the
sentence of its kind, so that every item reads alike.
"""

from __future__ import annotations

import dataclasses

from scanindex.extract.dates import labelled_date
from scanindex.model import FindingKind, Level

_DOUBT = "read with doubt"
_NOTES: dict[str, str] = {
    "mrn of another": "The number on the paper belongs to another patient.",
    "equal but for an OCR slip": "One character of the record number was read differently.",
    "a second reader saw another number": "Two readings of the record number differ.",
    "another reader saw this number": "Two readings of the record number differ.",
    "several patients hold this number": "Several patients have this record number.",
    "age": "The age, or a date of care, does not fit the birth date.",
    "one character or the order of day and month differs": "The birth date was read nearly so: a digit, or "
    "the order of day and month, differs.",
    "a second reader saw another date": "Two readings of the birth date differ.",
    "suffix": "The paper has another suffix to the name (Jr, Sr, III).",
    "suffix unknown": "The paper has a suffix to the name (Jr, Sr, III), the roster has none.",
    "middle": "The middle name is another one.",
    "stands on the page without a label": "{} stands on the paper without a label.",
    "resembles what was read": "This person only resembles what was read.",
}
_SUBJECTS: dict[FindingKind, str] = {
    FindingKind.MRN: "The record number",
    FindingKind.NAME: "The name",
    FindingKind.BIRTH_DATE: "The birth date",
    FindingKind.SEX: "The sex",
    FindingKind.ADDRESS: "The address",
}
_KINDS: dict[FindingKind, str] = {
    FindingKind.NAME: "Another name stands on the paper.",
    FindingKind.SEX: "The paper says the other sex.",
    FindingKind.SSN4: "The last four digits of the SSN are others.",
    FindingKind.PHONE: "The phone number is another one.",
    FindingKind.ADDRESS: "The address is another one.",
}


def sentence(kind: FindingKind, level: Level, note: str, read: str, expected: str) -> str:
    """ "" where there is nothing to say; `read` as it stands on the page, `expected` as the roster has it."""
    if level not in (Level.CONFLICT, Level.NEAR):
        return ""
    is_doubtful = note.endswith(_DOUBT)
    subject = _SUBJECTS.get(kind, "It")
    told = _NOTES.get(note.removesuffix(_DOUBT).removesuffix(", "), "").format(subject)
    if not told and level is Level.CONFLICT:
        told = _differs(kind, read, expected)
    if is_doubtful:
        return f"{told[:-1]}; it was read with doubt." if told else f"{subject} was read with doubt."
    return told


def _differs(kind: FindingKind, read: str, expected: str) -> str:
    if kind is FindingKind.MRN:
        return _number(_characters(read), _characters(expected))
    if kind is FindingKind.BIRTH_DATE:
        return _birth_date(read, expected)
    return _KINDS.get(kind, "")


def _number(read: str, expected: str) -> str:
    if not read or not expected:
        return "The record number is another one."
    how = _how(read, expected)
    return f"The record number {how}." if how else "The record number is another one."


def _birth_date(read: str, expected: str) -> str:
    days = _days(read)
    if not days or len(expected) != 10:
        return "The birth date is another one."
    year, month, day = expected.split("-")
    if f"{year}-{day}-{month}" in days:
        return "Day and month of the birth date are the other way round."
    if any(one[5:] == expected[5:] for one in days):
        return "The birth date has another year."
    how = next((how for one in days if (how := _how(_characters(one), year + month + day))), "")
    return f"The birth date {how}." if how else "The birth date is another one."


def _days(read: str) -> tuple[str, ...]:
    """ISO texts of the whole dates that it may mean, where it stays open which number is the month all."""
    span = labelled_date(read)
    if span is None or span.day is None:
        return ()
    swapped = dataclasses.replace(span, month=span.day, day=span.month)
    spans = (span, swapped) if span.is_either_order else (span,)
    return tuple(text for one in spans for text in one.readings(1850, 2100))


def _how(one: str, two: str) -> str:
    from rapidfuzz.distance import OSA, Levenshtein

    if OSA.distance(one, two, score_cutoff=1) != 1:
        return ""
    if Levenshtein.distance(one, two, score_cutoff=1) != 1:
        return "has two neighbouring digits swapped"
    return "differs by one digit" if (one + two).isdecimal() else "differs by one character"


def _characters(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())
