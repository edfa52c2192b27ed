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
from scanindex.extract.names import FIRST_NAMES, unaccented
from scanindex.extract.places import LabelledPage, is_row_of
from scanindex.extract.stickers import AGE_SEX
from scanindex.extract.tables import words_of
from scanindex.extract.values import Value, read_person, text_of
from scanindex.model import Finding, FindingKind, Role

_OWN = frozenset({Field.MRN, Field.ID, Field.BIRTH_DATE, Field.AGE, Field.SEX})
_COMMA = re.compile(
    r"^\W*[A-Z][A-Za-z'’-]+(?:[ -][A-Z][A-Za-z'’-]+)?(?:\s(?:JR|SR|II|III|IV)\.?)?\s?,\s?[A-Z]"
)
_AGE_UNIT = re.compile(r"\d\s?(?:Y|YR|YRS|YO|Y/O|YEARS?)(?=\b|[MF])", re.IGNORECASE)
_STATES = words_of("names", "state")
_ROWS = 2
_NUMBERED = frozenset({Field.MRN, Field.ID, Field.BIRTH_DATE})
_PLAIN = re.compile(
    r"^[A-Z][A-Za-z'’-]+(?: [A-Z]\.?)? [A-Z][A-Za-z'’-]+(?:,? (?:JR|SR|Jr|Sr|II|III|IV)\.?)?$"
)
_NO_PERSON = (
    words_of("facilities", "strong") | words_of("facilities", "usual") | words_of("names", "no_person")
)


def header_names(page: LabelledPage, evidence: Evidence, known: Sequence[Finding]) -> Iterator[Finding]:
    """At most one name; none where a label already gave the patient's."""
    if any(f.kind is FindingKind.NAME and f.role is Role.PATIENT for f in known):
        return
    rows = [
        (row_no, row)
        for row_no, row in enumerate(page.layout.rows)
        if any(_is_own(page, n) for n in range(row_no - _ROWS, row_no + _ROWS + 1))
    ]
    value = next((v for row_no, row in rows if (v := _name_in(page, row_no, row))), None)
    plain = (
        None if value else next((v for row_no, row in rows if (v := _plain_name_in(page, row_no, row))), None)
    )
    if found := value or plain:
        yield evidence.finding(
            FindingKind.NAME,
            raw=found.raw,
            value=found.text,
            tokens=found.tokens,
            rule="header.name" if value else "header.name.plain",
            role=Role.PATIENT if value else Role.UNKNOWN,
            factor=0.9 if value else 0.7,
        )


def header_sex(page: LabelledPage, evidence: Evidence, known: Sequence[Finding]) -> Iterator[Finding]:
    """Sex from "45Y F" in a short cell; none where a label already gave it."""
    if any(f.kind is FindingKind.SEX and f.role is Role.PATIENT for f in known):
        return
    for row_no, row in enumerate(page.layout.rows):
        for cell in row.cells():
            text = text_of(cell)
            if len(cell) == 1 and cell[0].key in {"MALE", "FEMALE"} and _is_own(page, row_no):
                yield _sex_finding(evidence, cell[0], cell[0].key, text)
                return
            m = AGE_SEX.search(text.upper())
            sex = (m["sex"] or m["sex2"]) if m else None
            if m and sex and len(cell) <= 8 and _AGE_UNIT.search(text):
                token = next((t for t in cell if t.key.endswith(sex)), cell[0])
                yield _sex_finding(evidence, token, sex, m[0])
                return


def _sex_finding(evidence: Evidence, token: Token, sex: str, raw: str) -> Finding:
    return evidence.finding(
        FindingKind.SEX,
        raw=raw,
        value=sex[0],
        tokens=(token,),
        rule="header.age_sex",
        role=Role.PATIENT,
        factor=0.9,
    )


def _is_own(page: LabelledPage, row_no: int) -> bool:
    """A row that speaks of the patient: labelled number, birth date, age, or "45Y F"."""
    if not 0 <= row_no < len(page.layout.rows):
        return False
    text = page.layout.rows[row_no].text
    return is_row_of(page, row_no, _OWN) or bool(
        len(text) < 60 and _AGE_UNIT.search(text) and AGE_SEX.search(text.upper())
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
        if not _COMMA.match(unaccented(text_of(before))):
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


def _plain_name_in(page: LabelledPage, row_no: int, row: Row) -> Value | None:
    """ "Harlan Weeks" in a cell of its own beside a number or birth date; one word must be a usual
    first name, so that no title or department passes for a person."""
    if not any(is_row_of(page, n, _NUMBERED) for n in range(row_no - 1, row_no + 2)):
        return None
    labels = page.by_row.get(row_no, ())
    for cell in row.cells():
        start = row.tokens.index(cell[0])
        if any(s.start <= start < s.end or s.end == start for s in labels):
            continue
        words = [t for t in _before_label(cell, start, [s.start for s in labels]) if t.key]
        if not _PLAIN.match(unaccented(text_of(words))):
            continue
        value = read_person(words)
        if value is None or value.name is None or value.name.credentials or len(value.tokens) < len(words):
            continue
        if {value.name.first, value.name.last} & FIRST_NAMES and not {t.key for t in words} & _NO_PERSON:
            return value
    return None


def _before_label(cell: tuple[Token, ...], start: int, label_starts: Sequence[int]) -> tuple[Token, ...]:
    end = min((s - start for s in label_starts if s > start), default=len(cell))
    return cell[:end]
