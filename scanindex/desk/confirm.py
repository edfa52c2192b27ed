"""Which datum a clerk must type from the paper before a document goes to a patient. Pure.

The datum is one that can be read on a page of this very document, at most four keys long where
that tells the chosen patient from everybody who could be taken for them; the whole birth date
where nothing shorter does, or where the page names another year. Where nothing that was read tells
them apart, one is asked that may stand there unread, and where on the paper it does: a datum that
stands only in the roster would be typed from the screen. It is compared here and nowhere shown.
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
    FIRST_INITIAL = "first_initial"
    BIRTH_DATE = "birth_date"


_SHOWN_BY = {
    DatumKind.BIRTH_DAY: FindingKind.BIRTH_DATE,
    DatumKind.BIRTH_YEAR: FindingKind.BIRTH_DATE,
    DatumKind.MRN_END: FindingKind.MRN,
    DatumKind.MRN_START: FindingKind.MRN,
    DatumKind.SSN_END: FindingKind.SSN4,
    DatumKind.FIRST_NAME: FindingKind.NAME,
    DatumKind.FIRST_NAME_END: FindingKind.NAME,
    DatumKind.LAST_NAME: FindingKind.NAME,
    DatumKind.FIRST_INITIAL: FindingKind.NAME,
    DatumKind.BIRTH_DATE: FindingKind.BIRTH_DATE,
}
_WORDS = {
    DatumKind.MRN_END: "the last four characters of the record number",
    DatumKind.MRN_START: "the first four characters of the record number",
    DatumKind.SSN_END: "the last four digits of the social security number",
    DatumKind.FIRST_NAME: "the first four letters of the first name",
    DatumKind.FIRST_NAME_END: "the last four letters of the first name",
    DatumKind.BIRTH_YEAR: "the year of birth",
    DatumKind.LAST_NAME: "the first four letters of the last name",
    DatumKind.FIRST_INITIAL: "the first letter of the first name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Datum:
    """What is asked for; never what is expected."""

    kind: DatumKind
    words: str
    """To be put after "Type, from the page, "."""
    keys: int
    """At most; a shorter name has fewer. Four, or eight for a whole date."""
    hides: tuple[FindingKind, ...]
    """What a screen must cover while it is typed: it would only be copied."""
    is_seen: bool
    """As much of it was read on a page as is asked; else it may stand there unread."""
    needs_reason: bool = False
    """It does not tell them from somebody alike, or nothing of it was read: a note says how they know."""
    scan_page_no: int | None = None
    box: Box | None = None
    """Where to look, upright pixels."""


def asked(patient: Patient, others: Sequence[Patient], document: Document, day_order: str) -> Datum:
    """What to ask for this patient; the same answer for the same values.

    others: everybody who could be taken for them. day_order: setting `site.date_order`.
    """
    rivals = [other for other in others if other.patient_id != patient.patient_id]
    kinds = [kind for kind in DatumKind if _expected(patient, kind, day_order)]
    has_other_year = _has_other_year(document, patient)

    def rank(one: DatumKind) -> tuple[int, bool, bool, int]:
        return (
            _confused(patient, rivals, one, day_order),
            not _readable(document, one, _keys(patient, one, day_order)),
            not (has_other_year and one is DatumKind.BIRTH_DATE),
            list(DatumKind).index(one),
        )

    kind = min(kinds or [DatumKind.LAST_NAME], key=rank)
    readable = _readable(document, kind, _keys(patient, kind, day_order))
    place = _surest(readable or _read(document, kind))
    is_doubtful = has_other_year and kind is not DatumKind.BIRTH_DATE
    is_doubtful |= bool(rivals) and (not readable or _confused(patient, rivals, kind, day_order) > 0)
    return Datum(
        kind=kind,
        words=_words(kind, day_order),
        keys=_keys(patient, kind, day_order),
        hides=(_SHOWN_BY[kind],),
        is_seen=bool(readable),
        needs_reason=is_doubtful,
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
    if kind is DatumKind.BIRTH_DATE:
        return f"the whole birth date ({'DDMM' if _is_day_first(day_order) else 'MMDD'}YYYY)"
    return _WORDS[kind]


def _keys(patient: Patient, kind: DatumKind, day_order: str) -> int:
    return max((len(text) for text in _expected(patient, kind, day_order)), default=_KEYS)


def _expected(patient: Patient, kind: DatumKind, day_order: str) -> frozenset[str]:
    """Every answer that is right; empty where the roster does not know."""
    born = patient.birth_date or ""
    if kind in (DatumKind.BIRTH_DAY, DatumKind.BIRTH_DATE):
        if len(born) != 10:
            return frozenset()
        day = born[8:10] + born[5:7] if _is_day_first(day_order) else born[5:7] + born[8:10]
        return frozenset({day if kind is DatumKind.BIRTH_DAY else day + born[:4]})
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
    count = 1 if kind is DatumKind.FIRST_INITIAL else _KEYS
    texts = [n[-count:] if kind is DatumKind.FIRST_NAME_END else n[:count] for n in names]
    return frozenset(text for text in texts if text)


def _is_day_first(day_order: str) -> bool:
    return day_order == "day_first"


def _read(document: Document, kind: DatumKind) -> list[Finding]:
    """What of the kind was read on the pages of this document, of the patient or of nobody named."""
    wanted = _SHOWN_BY[kind]
    return [
        f
        for f in document.findings
        if f.kind is wanted and f.role in (Role.PATIENT, Role.UNKNOWN) and f.scan_page_no in document.pages
    ]


def _readable(document: Document, kind: DatumKind, keys: int) -> list[Finding]:
    """Those that hold as much as is asked: "C." on the paper answers no question for a first name."""
    return [f for f in _read(document, kind) if _length(f, kind) >= keys]


def _length(finding: Finding, kind: DatumKind) -> int:
    """How many characters of what the kind asks for were read."""
    shown = _SHOWN_BY[kind]
    if shown is FindingKind.NAME:
        last, _, given = finding.value.partition(", ")
        if kind is DatumKind.LAST_NAME:
            return len(fold.name_key(last))
        first = fold.name_key(given.split(" ")[0])
        return len(first) if len(first) == 1 else len(fold.name_key(given))
    if shown is FindingKind.BIRTH_DATE:
        year, *day = fold.digits(finding.value[:4]), *finding.value.split("-")[1:]
        has_day = len(year) == 4 and len(day) == 2
        return len(year) if kind is DatumKind.BIRTH_YEAR else 8 if has_day else 0
    return len(fold.identifier_text(finding.value))


def _surest(found: Sequence[Finding]) -> Finding | None:
    return max(found, key=lambda f: (f.role is Role.PATIENT, f.confidence or 0.0), default=None)


def _has_other_year(document: Document, patient: Patient) -> bool:
    """Every birth date that was read has another year than the roster: day and month would not show it."""
    born = patient.birth_date or ""
    years = [f.value[:4] for f in _readable(document, DatumKind.BIRTH_YEAR, 4) if f.role is Role.PATIENT]
    if document.fields.birth_date:
        years.append(document.fields.birth_date[:4])
    return bool(born) and bool(years) and born[:4] not in years
