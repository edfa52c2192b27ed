"""Stickers and addressograph imprints: lines close together, mostly without labels.

    QUILL, NORA B                04 82 13  06/11/87
    0048213   V30455671          QUILL NORA B
    04/05/51  36Y F              04/05/51 F V30455671
    ADM: 06/11/87  412-B

A name and at least two further kinds of data close to it make such a block; an
address does not. What a line means follows from its shape and neighbours: a date
beside an age or sex is the birth date, the first of two numbers is the record's and the
second the account's. One number alone may be either and is left to the roster.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scanindex.extract.dates import DateSpan, birth_readings, find_dates
from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import Field
from scanindex.extract.layout import Row, Token
from scanindex.extract.names import DOCTOR_WORDS, HONORIFICS, NEVER, unaccented
from scanindex.extract.places import LabelledPage
from scanindex.extract.tables import words_of
from scanindex.extract.values import Value, read_identifier, read_person, text_of
from scanindex.model import Finding, FindingKind, Role

AGE_SEX = re.compile(
    r"(?<![\d/.-])(?P<age>\d{1,3})\s?(?:Y(?:RS?|/?O|EARS?)?\.?|-?YEARS?)(?:[- ]?OLD)?"
    r"[\s,/.-]*(?P<sex>MALE|FEMALE|M|F)?(?![A-Z0-9])"
    r"|(?<![A-Z0-9])(?P<sex2>MALE|FEMALE|M|F)\s?[/, -]\s?(?P<age2>\d{1,3})"
    r"(?:\s?(?:Y|YRS?|YO|YEARS?))?(?![\d/-])"
)
_MOST_LINES, _MOST_TOKENS = 6, 8
_LINE_GAP_HEIGHTS, _INDENT_HEIGHTS, _WORD_GAP_HEIGHTS = 2.4, 5.0, 5.0
_COMMA_NAME = re.compile(
    r"^\W*(?:[A-Z][A-Za-z'’-]+[ -]){0,2}[A-Z][A-Za-z'’-]+(?:\s(?:JR|SR|II|III|IV)\.?)?\s?,\s?[A-Z]"
    r"|^\W*[A-Z'’-]{3,}\.\s?[A-Z'’-]{2,}\b"
)
_PLAIN_NAME = re.compile(
    r"^[A-Z'’-]{2,}(?: [A-Z'’-]+\.?){1,2}$|^[A-Z][a-z'’-]+(?: [A-Z]\.?)? [A-Z][A-Za-z'’-]+$"
)
_NUMBER = re.compile(r"^#?(?:[A-Z]{0,2}\d{5,12}|\d{1,3}(?:-\d{2,3}){2,3})$")
_ACCOUNT = re.compile(r"^(?:[A-Z]{1,2}\d{6,12}|\d{8,12})$")
_OWN = frozenset({Field.MRN, Field.ACCOUNT, Field.BIRTH_DATE, Field.SEX, Field.AGE})
_STAY = frozenset({Field.PROVIDER, Field.SERVICE_DATE})
_NO_NAME = (
    words_of("facilities", "strong")
    | words_of("facilities", "usual")
    | words_of("names", "no_person")
    | words_of("names", "state")
)
_SEXES = frozenset({"M", "F", "MALE", "FEMALE"})
_LEAST_KINDS = 2
_PATIENTS = frozenset({"number", "age", *_OWN})
"""A doctor's name over the day of dictation is a signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticker:
    name: Value = field(repr=False)
    is_sure: bool
    """The name has its comma, or ends in an initial; else the order of the words is a guess."""
    lines: tuple[tuple[Token, ...], ...] = field(repr=False)
    """The other lines: what stands close above the name (imprints put the number there), then below."""


def sticker_findings(page: LabelledPage, evidence: Evidence, known: Sequence[Finding]) -> Iterator[Finding]:
    """What the page's first sticker says and no label has said already."""
    sticker = next(stickers(page), None)
    if sticker is None:
        return
    missing = {kind for kind in _KINDS if not any(f.kind is kind and f.role is Role.PATIENT for f in known)}
    found = (
        *_name(sticker, evidence),
        *_numbers(page, sticker, evidence),
        *_birth(page, sticker, evidence),
        *_sex(sticker, evidence),
    )
    yield from (f for f in found if f.kind in missing)


_KINDS = frozenset(
    {FindingKind.NAME, FindingKind.MRN, FindingKind.ACCOUNT, FindingKind.BIRTH_DATE, FindingKind.SEX}
)


def stickers(page: LabelledPage) -> Iterator[Sticker]:
    """Blocks of the page with a name on top and data of a patient below."""
    for row_no, row in enumerate(page.layout.rows):
        for cell in row.cells():
            head = _head(page, row_no, row, cell)
            if head is None:
                continue
            name, is_sure = head
            lines = (*_lines_above(page, row_no, cell), *_lines_below(page, row_no, cell))
            kinds = _kinds(page, row_no, lines)
            if len(kinds) >= _LEAST_KINDS and kinds & (_PATIENTS if is_sure else _PATIENTS - {"number"}):
                yield Sticker(name=name, is_sure=is_sure, lines=lines)


def _head(page: LabelledPage, row_no: int, row: Row, cell: tuple[Token, ...]) -> tuple[Value, bool] | None:
    start = row.tokens.index(cell[0])
    labels = page.by_row.get(row_no, ())
    if any(s.start <= start < s.end or s.end == start for s in labels):
        return None
    cut = min((s.start - start for s in labels if s.start > start), default=len(cell))
    words = [t for t in cell[:cut] if t.key]
    text = unaccented(text_of(words))
    has_comma = bool(_COMMA_NAME.match(text))
    if len(words) > 5 or not (has_comma or _PLAIN_NAME.match(text)):
        return None
    keys = {t.key for t in words}
    if keys & (NEVER | _NO_NAME | DOCTOR_WORDS | HONORIFICS) or any(c.isdigit() for k in keys for c in k):
        return None
    value = read_person(words)
    if value is None or value.name is None or value.name.credentials or not value.name.first:
        return None
    return value, has_comma or (len(words) == 3 and len(words[-1].key) == 1 and text.isupper())


def _lines_above(page: LabelledPage, row_no: int, cell: Sequence[Token]) -> tuple[tuple[Token, ...], ...]:
    """At most one line: a number over the name, alone or with a date."""
    for row in reversed(page.layout.rows[max(0, row_no - 2) : row_no]):
        line = _run(row, cell[0].left, cell[0].height)
        if line and cell[0].middle - line[0].middle <= _LINE_GAP_HEIGHTS * cell[0].height:
            return (line,) if len(line) <= _MOST_TOKENS and _is_number(line) else ()
    return ()


def _lines_below(page: LabelledPage, row_no: int, cell: Sequence[Token]) -> tuple[tuple[Token, ...], ...]:
    lines: list[tuple[Token, ...]] = []
    height, left, above = cell[0].height, cell[0].left, cell[0].middle
    for row in page.layout.rows[row_no + 1 : row_no + 1 + _MOST_LINES]:
        line = _run(row, left, height)
        if not line:
            if row.middle - above > _LINE_GAP_HEIGHTS * height:
                break
            continue
        middle = line[0].middle
        if middle - above > _LINE_GAP_HEIGHTS * height or len(line) > _MOST_TOKENS:
            break
        lines.append(line)
        above = middle
    return tuple(lines)


def _run(row: Row, left: float, height: float) -> tuple[Token, ...]:
    """The words of the row that begin near the name's left edge and stand together."""
    start = next(
        (i for i, t in enumerate(row.tokens) if abs(t.left - left) <= _INDENT_HEIGHTS * height), None
    )
    if start is None:
        return ()
    end = start + 1
    while (
        end < len(row.tokens)
        and row.tokens[end].left - row.tokens[end - 1].right <= _WORD_GAP_HEIGHTS * height
    ):
        end += 1
    return row.tokens[start:end]


def _kinds(page: LabelledPage, row_no: int, lines: Sequence[Sequence[Token]]) -> set[str]:
    """Kinds of a patient's data in the lines."""
    kinds: set[str] = set()
    inside = {id(t) for line in lines for t in line}
    for row in range(max(0, row_no - 2), min(row_no + 1 + _MOST_LINES, len(page.layout.rows))):
        for sighting in page.by_row.get(row, ()):
            if id(page.layout.rows[row].tokens[sighting.start]) not in inside:
                continue
            if sighting.label.role is Role.RELATIVE or sighting.label.field is Field.PERSON:
                return set()
            kinds |= {sighting.label.field} if sighting.label.field in _OWN else set()
            kinds |= {"stay"} if sighting.label.field in _STAY else set()
    for line in lines:
        text = text_of(line).upper()
        kinds |= {"age"} if AGE_SEX.search(text) or _sex_beside_date(line) else set()
        kinds |= {"date"} if find_dates(text) else set()
        kinds |= {"number"} if _is_number(line) else set()
    return kinds


def _is_number(line: Sequence[Token]) -> bool:
    """A record or account number opens the line, and dates, a sex or another number fill it."""
    first = 1 if len(line) > 1 and len(line[0].key) == 1 else 0  # a speck of the edge
    if read_identifier(line[first:]) is None or not line[first].key[-1:].isdigit():
        return False
    words = [t for t in line[first:] if t.key.isalpha() and t.key not in _SEXES]
    return sum(len(w.key) > 1 for w in words) <= 1


def _sex_beside_date(line: Sequence[Token]) -> Token | None:
    """The M or F that stands right before or behind the line's only date."""
    dates = [i for i, t in enumerate(line) if find_dates(t.text)]
    if len(dates) != 1:
        return None
    near = [line[i] for i in (dates[0] - 1, dates[0] + 1) if 0 <= i < len(line)]
    return next((t for t in near if t.key in _SEXES), None)


def _bare(token: Token) -> str:
    return token.text.upper().strip(" .,;:_|()[]*'\"")


def _name(sticker: Sticker, evidence: Evidence) -> Iterator[Finding]:
    yield evidence.finding(
        FindingKind.NAME,
        raw=sticker.name.raw,
        value=sticker.name.text,
        tokens=sticker.name.tokens,
        rule="sticker.name" if sticker.is_sure else "sticker.name.plain",
        role=Role.PATIENT if sticker.is_sure else Role.UNKNOWN,
        factor=0.9 if sticker.is_sure else 0.7,
    )


def _numbers(page: LabelledPage, sticker: Sticker, evidence: Evidence) -> Iterator[Finding]:
    """Record and account number where the block tells them apart."""
    labelled = {
        id(t) for s in page.sightings for t in (*page.label_tokens(s), *_value_tokens(page.right_span(s)))
    }
    has_account = any(s.label.field is Field.ACCOUNT and _is_in(page, s, sticker) for s in page.sightings)
    free = [
        (value, line)
        for line in sticker.lines
        for value in _free_numbers([t for t in line if id(t) not in labelled])
    ]
    accounts = [value for value, _ in free if value.text[0].isalpha()]
    plain = [(value, line) for value, line in free if not value.text[0].isalpha()]
    if len(plain) == 2 and not accounts and _is_account_behind(plain[0][0], plain[1][0]):
        accounts, plain = [plain[1][0]], plain[:1]
    if len(accounts) == 1 and not has_account:
        yield _number(evidence, FindingKind.ACCOUNT, accounts[0])
    if len(plain) == 1:
        value, line = plain[0]
        if has_account or accounts or "-" in value.text or _sex_beside_date(line):
            yield _number(evidence, FindingKind.MRN, value)


def _free_numbers(tokens: Sequence[Token]) -> Iterator[Value]:
    """Numbers of five digits or more among the words, groups set apart joined."""
    i = 0
    while i < len(tokens):
        value = read_identifier(tokens[i : i + 4]) if tokens[i].key else None
        joined = "" if value is None else value.text.replace("-", "")
        if (
            value is not None
            and _NUMBER.match(f"#{value.text.upper()}")
            and sum(map(str.isdigit, joined)) >= 5
        ):
            yield value
            i += len(value.tokens)
        else:
            i += 1


def _value_tokens(span: Sequence[Token]) -> Sequence[Token]:
    """What a label in the block has taken: the first word behind it."""
    return span[:1]


def _is_in(page: LabelledPage, sighting: object, sticker: Sticker) -> bool:
    inside = {id(t) for line in sticker.lines for t in line}
    return any(id(t) in inside for t in page.label_tokens(sighting))  # type: ignore[arg-type]


def _is_account_behind(first: Value, second: Value) -> bool:
    one, two = first.text.upper(), second.text.upper()
    digits = [sum(c.isdigit() for c in text) for text in (one, two)]
    return bool(_ACCOUNT.match(two)) and not one[0].isalpha() and digits[1] >= digits[0]


def _number(evidence: Evidence, kind: FindingKind, value: Value) -> Finding:
    return evidence.finding(
        kind,
        raw=value.raw,
        value=value.text,
        tokens=value.tokens,
        rule=f"sticker.{kind}",
        role=Role.PATIENT,
        factor=0.9,
    )


def _birth(page: LabelledPage, sticker: Sticker, evidence: Evidence) -> Iterator[Finding]:
    """The date in a line with an age or sex, where no other date contradicts the age."""
    for line in sticker.lines:
        text = text_of(line)
        spans, told = find_dates(text), AGE_SEX.search(_without_dates(text).upper())
        if len(spans) != 1 or not (told or _sex_beside_date(line)):
            continue
        age = int(told["age"] or told["age2"]) if told else None
        days = _other_dates(sticker, line)
        readings = birth_readings(spans[0], days, age, page.habits)
        if days and not any(_fits(r, days[0], age) for r in readings):
            return  # a day of care beside the age, or one of the three misread
        used = _covering(line, spans[0])
        if len(readings) == 1 and used:
            yield evidence.finding(
                FindingKind.BIRTH_DATE,
                raw=spans[0].raw.strip(),
                value=readings[0],
                tokens=used,
                rule="sticker.birth_date",
                role=Role.PATIENT,
                factor=0.9,
                is_repaired=spans[0].is_repaired,
            )
        return


def _fits(birth: str, day: str, age: int | None) -> bool:
    if age is None:
        return birth < day
    return abs(int(day[:4]) - int(birth[:4]) - age) <= 1


def _sex(sticker: Sticker, evidence: Evidence) -> Iterator[Finding]:
    """The letter beside the age."""
    for line in sticker.lines:
        told = AGE_SEX.search(_without_dates(text_of(line)).upper())
        beside = _sex_beside_date(line)
        sex = beside.key if beside else (told["sex"] or told["sex2"]) if told else None
        token = beside or next((t for t in line if sex and sex in t.key and not t.key.isdigit()), None)
        if sex and token:
            yield evidence.finding(
                FindingKind.SEX,
                raw=token.text,
                value=sex[0],
                tokens=(token,),
                rule="sticker.sex",
                role=Role.PATIENT,
                factor=0.9,
            )
            return


def _without_dates(text: str) -> str:
    for span in reversed(find_dates(text)):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text


def _other_dates(sticker: Sticker, own: Sequence[Token]) -> tuple[str, ...]:
    """Full dates of the block's other lines: days of care."""
    spans: Iterable[DateSpan] = itertools.chain.from_iterable(
        find_dates(text_of(line)) for line in sticker.lines if line is not own
    )
    return tuple(day for span in spans for day in span.readings(1930, 2029)[:1] if len(day) == 10)


def _covering(line: Sequence[Token], span: DateSpan) -> tuple[Token, ...]:
    used, at = [], 0
    for token in line:
        if at < span.end and at + len(token.text) > span.start:
            used.append(token)
        at += len(token.text) + 1
    return tuple(used)
