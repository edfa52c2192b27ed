"""Names without a label in a patient's header line or sticker: "DOE, JANE Q" beside MRN and DOB.

Only the unmistakable form counts (last name, comma, first name, in its own cell)
and only within two rows of a labelled number or birth date of the patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import Field
from scanindex.extract.layout import Row, Token
from scanindex.extract.places import LabelledPage, is_row_of
from scanindex.extract.tables import words_of
from scanindex.extract.values import Value, read_person, text_of
from scanindex.model import Finding, FindingKind, Role

_OWN = frozenset({Field.MRN, Field.ID, Field.BIRTH_DATE, Field.AGE, Field.SEX})
_COMMA = re.compile(
    r"^\W*[A-Z][A-Za-z'’-]+(?:[ -][A-Z][A-Za-z'’-]+)?(?:\s(?:JR|SR|II|III|IV)\.?)?\s?,\s?[A-Z]"
)
_AGE_SEX = re.compile(
    r"(?<![\dA-Za-z])(\d{1,3})\s?(?:Y|YR|YRS|YO|Y/O|YEARS?)?\.?(?:\s?OLD)?\s?[/, ]?\s?"
    r"(MALE|FEMALE|M|F)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_AGE_UNIT = re.compile(r"\d\s?(?:Y|YR|YRS|YO|Y/O|YEARS?)\b", re.IGNORECASE)
_STATES = words_of("names", "state")
_ROWS = 2


def header_names(page: LabelledPage, evidence: Evidence, known: Sequence[Finding]) -> Iterator[Finding]:
    """At most one name; none where a label already gave the patient's."""
    if any(f.kind is FindingKind.NAME and f.role is Role.PATIENT for f in known):
        return
    for row_no, row in enumerate(page.layout.rows):
        if not any(_is_own(page, n) for n in range(row_no - _ROWS, row_no + _ROWS + 1)):
            continue
        value = _name_in(page, row_no, row)
        if value is not None:
            yield evidence.finding(
                FindingKind.NAME,
                raw=value.raw,
                value=value.text,
                tokens=value.tokens,
                rule="header.name",
                role=Role.PATIENT,
                factor=0.9,
            )
            return


def header_sex(page: LabelledPage, evidence: Evidence, known: Sequence[Finding]) -> Iterator[Finding]:
    """Sex from "45Y F" in a short cell; none where a label already gave it."""
    if any(f.kind is FindingKind.SEX and f.role is Role.PATIENT for f in known):
        return
    for row in page.layout.rows:
        for cell in row.cells():
            text = text_of(cell)
            m = _AGE_SEX.search(text)
            if m and len(cell) <= 8 and _AGE_UNIT.search(text):
                token = next((t for t in cell if t.key.endswith(m[2].upper())), cell[0])
                yield evidence.finding(
                    FindingKind.SEX,
                    raw=m[0],
                    value=m[2][0].upper(),
                    tokens=(token,),
                    rule="header.age_sex",
                    role=Role.PATIENT,
                    factor=0.9,
                )
                return


def _is_own(page: LabelledPage, row_no: int) -> bool:
    """A row that speaks of the patient: labelled number, birth date, age, or "45Y F"."""
    if not 0 <= row_no < len(page.layout.rows):
        return False
    text = page.layout.rows[row_no].text
    return is_row_of(page, row_no, _OWN) or bool(
        len(text) < 60 and _AGE_UNIT.search(text) and _AGE_SEX.search(text)
    )


def _is_place(value: Value) -> bool:
    """ "CANFIELD, OH" is a town."""
    if value.name is None:
        return False
    given = f"{value.name.first} {value.name.middle}".strip()
    return given in _STATES


def _name_in(page: LabelledPage, row_no: int, row: Row) -> Value | None:
    labels = page.by_row.get(row_no, ())
    for cell in row.cells():
        start = row.tokens.index(cell[0])
        if any(s.start <= start < s.end or s.label.role in {Role.PROVIDER, Role.RELATIVE} for s in labels):
            continue
        before = _before_label(cell, start, [s.start for s in labels])
        if not _COMMA.match(text_of(before)):
            continue
        value = read_person(before)
        if (
            value is not None
            and value.name is not None
            and not value.name.credentials
            and value.name.first
            and not _is_place(value)
        ):
            return value
    return None


def _before_label(cell: tuple[Token, ...], start: int, label_starts: Sequence[int]) -> tuple[Token, ...]:
    end = min((s - start for s in label_starts if s > start), default=len(cell))
    return cell[:end]
