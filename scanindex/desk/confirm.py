"""Which datum a clerk must type from the paper before a document goes to a patient. Pure.

The datum is at most four keys long, one that can be read on a page where possible, and one
that tells the chosen patient from everybody who could be taken for them. It is compared
here and nowhere shown.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from scanindex.match import fold
from scanindex.model import Box, Document, Finding, FindingKind, Patient, Role

_KEYS = 4


class DatumKind(enum.StrEnum):
    BIRTH_DAY = "birth_day"
    MRN_END = "mrn_end"
    SSN_END = "ssn_end"
    FIRST_NAME = "first_name"
    MRN_START = "mrn_start"
    FIRST_NAME_END = "first_name_end"
    BIRTH_YEAR = "birth_year"
    LAST_NAME = "last_name"


_SHOWN_BY = {
    DatumKind.BIRTH_DAY: FindingKind.BIRTH_DATE,
    DatumKind.BIRTH_YEAR: FindingKind.BIRTH_DATE,
    DatumKind.MRN_END: FindingKind.MRN,
    DatumKind.MRN_START: FindingKind.MRN,
    DatumKind.SSN_END: FindingKind.SSN4,
    DatumKind.FIRST_NAME: FindingKind.NAME,
    DatumKind.FIRST_NAME_END: FindingKind.NAME,
    DatumKind.LAST_NAME: FindingKind.NAME,
}
_WORDS = {
    DatumKind.MRN_END: "the last four characters of the record number",
    DatumKind.MRN_START: "the first four characters of the record number",
    DatumKind.SSN_END: "the last four digits of the social security number",
    DatumKind.FIRST_NAME: "the first four letters of the first name",
    DatumKind.FIRST_NAME_END: "the last four letters of the first name",
    DatumKind.BIRTH_YEAR: "the year of birth",
    DatumKind.LAST_NAME: "the first four letters of the last name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Datum:
    """What is asked for; never what is expected."""

    kind: DatumKind
    words: str
    """To be put after "Type, from the page, "."""
    keys: int
    """At most; a shorter name has fewer."""
    hides: tuple[FindingKind, ...]
    """What a screen must cover while it is typed: it would only be copied."""
    is_seen: bool
    """Something of the kind was read on a page; else it may stand there unread."""
    scan_page_no: int | None = None
    box: Box | None = None
    """Where to look, upright pixels."""


def asked(patient: Patient, others: Sequence[Patient], document: Document, day_order: str) -> Datum:
    """What to ask for this patient; the same answer for the same values.

    others: everybody who could be taken for them. day_order: setting `site.date_order`.
    """
    rivals = [other for other in others if other.patient_id != patient.patient_id]
    kinds = [kind for kind in DatumKind if _expected(patient, kind, day_order)]
    kind = min(
        kinds or [DatumKind.LAST_NAME],
        key=lambda one: (
            _confused(patient, rivals, one, day_order),
            _place(document, one) is None,
            list(DatumKind).index(one),
        ),
    )
    place = _place(document, kind)
    return Datum(
        kind=kind,
        words=_words(kind, day_order),
        keys=max((len(text) for text in _expected(patient, kind, day_order)), default=_KEYS),
        hides=(_SHOWN_BY[kind],),
        is_seen=place is not None,
        scan_page_no=place.scan_page_no if place else None,
        box=place.box if place else None,
    )


def fits(typed: str, patient: Patient, kind: DatumKind, day_order: str) -> bool:
    """Whether what was typed is this patient's; spaces, signs and letter case aside."""
    given = fold.identifier_text(typed)
    return bool(given) and given in _expected(patient, kind, day_order)


def tells_apart(patient: Patient, other: Patient, kind: DatumKind, day_order: str) -> bool:
    """Whether the datum of one can never be taken for the other's."""
    return not _expected(patient, kind, day_order) & _expected(other, kind, day_order)


def _confused(patient: Patient, rivals: Sequence[Patient], kind: DatumKind, day_order: str) -> int:
    return sum(not tells_apart(patient, rival, kind, day_order) for rival in rivals)


def _words(kind: DatumKind, day_order: str) -> str:
    if kind is DatumKind.BIRTH_DAY:
        order = (
            "day and month of birth (DDMM)" if _is_day_first(day_order) else "month and day (MMDD) of birth"
        )
        return f"the {order}"
    return _WORDS[kind]


def _expected(patient: Patient, kind: DatumKind, day_order: str) -> frozenset[str]:
    """Every answer that is right; empty where the roster does not know."""
    born = patient.birth_date or ""
    if kind is DatumKind.BIRTH_DAY:
        if len(born) != 10:
            return frozenset()
        return frozenset({born[8:10] + born[5:7] if _is_day_first(day_order) else born[5:7] + born[8:10]})
    if kind is DatumKind.BIRTH_YEAR:
        return frozenset({born[:4]} if len(born) >= 4 else ())
    if kind in (DatumKind.MRN_END, DatumKind.MRN_START):
        numbers = [fold.identifier_text(i.value) for i in patient.identifiers if i.type == "mrn"]
        texts = [n[-_KEYS:] if kind is DatumKind.MRN_END else n[:_KEYS] for n in numbers]
        return frozenset(text for text in texts if text)
    if kind is DatumKind.SSN_END:
        return frozenset({fold.digits(patient.ssn4)} if patient.ssn4 else ())
    if kind is DatumKind.LAST_NAME:
        names = [fold.name_key(name.last) for name in patient.names]
    else:
        names = [fold.name_key(name.first) for name in patient.names]
    texts = [n[-_KEYS:] if kind is DatumKind.FIRST_NAME_END else n[:_KEYS] for n in names]
    return frozenset(text for text in texts if text)


def _is_day_first(day_order: str) -> bool:
    return day_order == "day_first"


def _place(document: Document, kind: DatumKind) -> Finding | None:
    """Where something of the kind stands on a page of this document: the patient's, surest first."""
    wanted = _SHOWN_BY[kind]
    here = [
        f
        for f in document.findings
        if f.kind is wanted and f.role in (Role.PATIENT, Role.UNKNOWN) and f.scan_page_no in document.pages
    ]
    return max(here, key=lambda f: (f.role is Role.PATIENT, f.confidence or 0.0), default=None)
