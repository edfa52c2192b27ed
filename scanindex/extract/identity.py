"""Labelled data of persons on one page: MRN, name, birth date, sex, SSN4, phone, address, account.

Reads what stands beside or under a label and says whose it is. Values in the
running text, and everything without a label, are left to the roster search.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Sequence

from scanindex.extract.dates import birth_readings
from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import STRICT, Field, Sighting
from scanindex.extract.layout import Token
from scanindex.extract.names import DOCTOR_WORDS, join_cells
from scanindex.extract.places import LabelledPage
from scanindex.extract.roles import role_of
from scanindex.extract.second import as_seen, is_alike
from scanindex.extract.tables import words_of
from scanindex.extract.values import (
    Value,
    read_address,
    read_age,
    read_date,
    read_identifier,
    read_person,
    read_phone,
    read_sex,
    read_ssn4,
    text_of,
)
from scanindex.model import Finding, FindingKind, Role

_NEAR_ROWS = 5
_CAPTION_HEIGHTS = 2.4
"""A caption stands this close under its line, in text heights."""
_HEAD_SHARE, _FOOT_SHARE, _LETTERHEAD_ROWS = 0.2, 0.9, 3
_BARE_PHONE = frozenset({"TEL", "TELNO", "TELEPHONE", "PHONE", "PH"})
_PAYER, _PAYER_ROWS = "payer", 8
"""Detail of the labels of an insurance card (group, policy), and how far they reach."""
_PROSE_AGE = re.compile(r"\b(\d{1,3})[- ]?(?:year|yr)s?[- ]?old\b|\b(\d{1,3}) ?y/?o\b", re.IGNORECASE)
_HEADER_AGE = re.compile(r"^\W*(\d{1,3})\s?(?:Y|YR|YRS|YO|Y/O|YEARS?)\b", re.IGNORECASE)
_NUMBER_KINDS = {Field.MRN: FindingKind.MRN, Field.ACCOUNT: FindingKind.ACCOUNT}
_OWN = frozenset({Field.MRN, Field.BIRTH_DATE})


def persons(page: LabelledPage, evidence: Evidence, services: Sequence[str]) -> Iterator[Finding]:
    """Findings of the page's labels about persons; `services` are its dates of care (ISO)."""
    age = page_age(page)
    for sighting in page.sightings:
        match sighting.label.field:
            case Field.MRN | Field.ACCOUNT:
                yield from _number(page, evidence, sighting)
            case Field.ID:
                yield from _plain_id(page, evidence, sighting)
            case Field.NAME | Field.PERSON:
                yield from _name(page, evidence, sighting)
            case Field.LAST_NAME:
                yield from _name_cells(page, evidence, sighting)
            case Field.BIRTH_DATE:
                yield from _birth_date(page, evidence, sighting, services, age)
            case Field.SEX | Field.AGE:
                yield from _sex(page, evidence, sighting)
            case Field.SSN | Field.PHONE | Field.ADDRESS:
                yield from _contact(page, evidence, sighting)
            case _:
                continue


def page_age(page: LabelledPage) -> int | None:
    """The age by label or header, else the first that the text tells ("a 45-year-old")."""
    printed = printed_age(page)
    if printed is not None:
        return printed
    prose = _PROSE_AGE.search(" ".join(row.text for row in page.layout.rows))
    return int(prose[1] or prose[2]) if prose else None


def printed_age(page: LabelledPage) -> int | None:
    """The age behind a label or in a header cell ("45 yr F"); None where none or several."""
    ages = {
        age
        for s in page.sightings
        if s.label.field is Field.AGE
        for place in page.places(s)
        if (age := read_age(place)) is not None
    }
    for row in page.layout.rows:
        ages |= {
            int(m[1]) for cell in row.cells() if len(cell) <= 6 and (m := _HEADER_AGE.match(text_of(cell)))
        }
    return ages.pop() if len(ages) == 1 else None


def _first(
    page: LabelledPage, sighting: Sighting, read: Callable[[Sequence[Token]], Value | None]
) -> Value | None:
    """What the first place of the label that holds a value of this kind says, for the second
    reader where the first saw none."""
    places = tuple(page.places(sighting))
    for place in places:
        if value := read(place):
            return value
    if above := _above_caption(page, sighting):
        return read(above)
    is_strong = sighting.is_marked or sighting.end - sighting.start > 1 or sighting.label.field in STRICT
    if not sighting.is_exact or not is_strong:
        return None  # too weak a label for too weak a value
    for place in places:
        seen = as_seen(place)
        if seen and is_alike(place, seen) and (value := read(seen)):
            return dataclasses.replace(value, is_repaired=True)
    return None


def _above_caption(page: LabelledPage, sighting: Sighting) -> tuple[Token, ...]:
    """What stands on the line that this label is the caption of ("Patient's name (print)" under a
    ruled line); nothing where other labels may have announced it."""
    row = page.row(sighting)
    if not sighting.is_alone or sighting.is_marked or sighting.row_no == 0 or any(page.places(sighting)):
        return ()
    upper = page.layout.rows[sighting.row_no - 1]
    if row.middle - upper.middle > _CAPTION_HEIGHTS * max(row.height, page.layout.text_height):
        return ()
    if page.by_row.get(sighting.row_no - 1) or _heads_columns(page, sighting.row_no):
        return ()
    left, right = row.tokens[sighting.start].left, row.tokens[sighting.end - 1].right
    for cell in upper.cells():
        if cell[0].left < right and cell[-1].right > left:
            return cell
    return ()


def _heads_columns(page: LabelledPage, row_no: int) -> bool:
    """Whether a row of labels stands over the row above this one: then that row holds their values."""
    top = page.layout.rows[row_no]
    return any(
        page.by_row.get(n)
        for n in range(max(0, row_no - 3), row_no - 1)
        if top.middle - page.layout.rows[n].middle < 2 * _CAPTION_HEIGHTS * page.layout.text_height
    )


def _number(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    value = _first(page, sighting, read_identifier)
    if value is None:
        return
    kind = _NUMBER_KINDS[sighting.label.field]
    yield evidence.finding(
        kind,
        raw=value.raw,
        value=value.text,
        tokens=value.tokens,
        rule=f"label.{kind}",
        role=role_of(page, sighting),
        factor=1.0 if sighting.is_exact else 0.9,
        is_repaired=value.is_repaired,
    )


def _plain_id(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    """A bare "ID:" names the patient's number only where a person's data stand beside it.

    On an insurance card it is the member's, whose name stands there as well."""
    if role_of(page, sighting) is not Role.PATIENT or not near(
        page, sighting, frozenset({Field.BIRTH_DATE, Field.NAME, Field.SEX, Field.AGE})
    ):
        return
    if any(
        s.label.detail == _PAYER and abs(s.row_no - sighting.row_no) <= _PAYER_ROWS for s in page.sightings
    ):
        return
    value = _first(page, sighting, read_identifier)
    if value is not None:
        yield evidence.finding(
            FindingKind.MRN,
            raw=value.raw,
            value=value.text,
            tokens=value.tokens,
            rule="label.id",
            role=Role.PATIENT,
            factor=0.9,
            is_repaired=value.is_repaired,
        )


def near(page: LabelledPage, sighting: Sighting, fields: frozenset[Field], rows: int = _NEAR_ROWS) -> bool:
    """Whether a label of one of these kinds stands within some rows."""
    for row_no in range(sighting.row_no - rows, sighting.row_no + rows + 1):
        if any(s.label.field in fields and s is not sighting for s in page.by_row.get(row_no, ())):
            return True
    return False


def _name(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    value = _first(page, sighting, functools.partial(read_person, last_first=sighting.last_first))
    if value is not None and value.name is not None and not _is_of_facility(page, value):
        role = role_of(page, sighting)
        if role is Role.UNKNOWN and near(page, sighting, _OWN):
            role = Role.PATIENT
        if value.name.credentials and role is not Role.RELATIVE:
            role = Role.PROVIDER
        yield evidence.finding(
            FindingKind.NAME,
            raw=value.raw,
            value=value.text,
            tokens=value.tokens,
            rule=f"label.name{'.' + sighting.label.detail if sighting.label.detail else ''}",
            role=role,
            factor=1.0 if sighting.is_exact else 0.9,
            is_repaired=value.is_repaired,
        )


def _is_of_facility(page: LabelledPage, value: Value) -> bool:
    """ "Sparrow Creek" of "Sparrow Creek County Hospital": the line goes on to say what it is."""
    last = value.tokens[-1]
    for row_no, row in enumerate(page.layout.rows):
        at = next((i for i, t in enumerate(row.tokens) if t.word is last.word), None)
        if at is not None:
            label = min(
                (s.start for s in page.by_row.get(row_no, ()) if s.start > at), default=len(row.tokens)
            )
            return bool({t.key for t in row.tokens[at + 1 : min(label, at + 3)]} & _FACILITY)
    return False


def _name_cells(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    """Last / First / Middle in cells of their own, in this row or the next two."""
    last = next((p for p in page.places(sighting) if _is_wordy(p)), None)
    given = [_cell_after(page, sighting, field) for field in (Field.FIRST_NAME, Field.MIDDLE_NAME)]
    if last is None or given[0] is None:
        return
    name = join_cells(text_of(last[:3]), text_of(given[0][:2]), text_of(given[1][:1]) if given[1] else "")
    if name is None:
        return
    role = role_of(page, sighting)
    if role is Role.UNKNOWN and near(page, sighting, _OWN):
        role = Role.PATIENT
    tokens = (*last[:3], *given[0][:2])
    yield evidence.finding(
        FindingKind.NAME,
        raw=text_of(tokens),
        value=name.value,
        tokens=tokens,
        rule="label.name_cells",
        role=role,
    )


def _cell_after(page: LabelledPage, sighting: Sighting, field: Field) -> tuple[Token, ...] | None:
    for row_no in range(sighting.row_no, sighting.row_no + 3):
        for other in page.by_row.get(row_no, ()):
            if other.label.field is field:
                return next((p for p in page.places(other) if _is_wordy(p)), None)
    return None


def _is_wordy(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0].key.isalpha() and tokens[0].key not in DOCTOR_WORDS


def _birth_date(
    page: LabelledPage, evidence: Evidence, sighting: Sighting, services: Sequence[str], age: int | None
) -> Iterator[Finding]:
    value = _first(page, sighting, read_date)
    if value is None or value.date is None:
        return
    readings = birth_readings(value.date, services, age, page.habits)
    is_sure = len(readings) == 1
    for reading in readings:
        yield evidence.finding(
            FindingKind.BIRTH_DATE,
            raw=value.raw,
            value=reading,
            tokens=value.tokens,
            rule="label.birth_date" if is_sure else "label.birth_date.two_centuries",
            role=role_of(page, sighting),
            factor=1.0 if is_sure else 0.5,
            is_repaired=value.is_repaired,
        )


def _sex(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    value = _first(page, sighting, read_sex)
    if page.right_span(sighting) and read_sex(page.right_span(sighting)) is None:
        return
    if value is not None:
        yield evidence.finding(
            FindingKind.SEX,
            raw=value.raw,
            value=value.text,
            tokens=value.tokens,
            rule="label.sex",
            role=role_of(page, sighting),
            is_repaired=value.is_repaired,
        )


def _contact(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    role = role_of(page, sighting)
    place_kinds = frozenset({Field.NAME, Field.LAST_NAME, Field.BIRTH_DATE, Field.MRN})
    if role is Role.UNKNOWN and near(page, sighting, place_kinds, rows=8):
        role = Role.PATIENT
    kind, value = _contact_value(page, sighting)
    if value is None:
        return
    if kind is FindingKind.PHONE and _is_letterhead(page, sighting):
        role = Role.OTHER
    yield evidence.finding(
        kind,
        raw=value.raw,
        value=value.text,
        tokens=value.tokens,
        rule=f"label.{kind}",
        role=role,
        is_repaired=value.is_repaired,
    )


def _contact_value(page: LabelledPage, sighting: Sighting) -> tuple[FindingKind, Value | None]:
    if sighting.label.field is Field.SSN:
        return FindingKind.SSN4, _first(page, sighting, read_ssn4)
    if sighting.label.field is Field.PHONE:
        return FindingKind.PHONE, _first(page, sighting, read_phone)
    for place in page.places(sighting):
        if value := read_address(place, page.line_below(place, sighting)):
            return FindingKind.ADDRESS, value
    return FindingKind.ADDRESS, None


def _is_letterhead(page: LabelledPage, sighting: Sighting) -> bool:
    """The hospital's own telephone: in a row with "Fax", under the name of a facility, or above
    everything that is labelled."""
    row = page.row(sighting)
    if any(t.key in {"FAX", "SUITE"} for t in row.tokens):
        return True
    at = row.middle / max(1, page.layout.height_px)
    is_bare = "".join(t.key for t in page.label_tokens(sighting)) in _BARE_PHONE
    if is_bare and not _HEAD_SHARE < at < _FOOT_SHARE and _is_under_facility(page, sighting.row_no):
        return True
    first_own = min((s.row_no for s in page.sightings if s.label.field in _PERSONAL), default=None)
    return at < _HEAD_SHARE and is_bare and (first_own is None or sighting.row_no < first_own)


def _is_under_facility(page: LabelledPage, row_no: int) -> bool:
    """A line with the name of a facility shortly above, and nothing of a patient since."""
    for n in range(row_no, max(-1, row_no - _LETTERHEAD_ROWS - 1), -1):
        if any(s.label.field in _PERSONAL for s in page.by_row.get(n, ())):
            return False
        if {t.key for t in page.layout.rows[n].tokens} & _FACILITY:
            return True
    return False


_PERSONAL = frozenset({Field.NAME, Field.MRN, Field.BIRTH_DATE, Field.LAST_NAME})
_FACILITY = words_of("facilities", "strong")
