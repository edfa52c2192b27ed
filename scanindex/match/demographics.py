"""Age, sex and middle name on the pages against one patient: contradictions only, never support."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanindex.match import forms
from scanindex.match.context import RELATIVES
from scanindex.match.evidence import Evidence
from scanindex.match.names import NameSighting
from scanindex.match.profile import Conflict
from scanindex.match.text import Line, PageText, Token, overlaps
from scanindex.match.wording import is_prose
from scanindex.model import Box, FindingKind, Level, Patient, Role

AGE_SLACK_YEARS = 2
_HEAD_SHARE = 0.35
_NEAR_LINES = 3.5
_LEAST_CONFIDENCE = 0.6
_OLDEST = 112
_MOST_HEADER_WORDS = 7
_AGE = re.compile(
    r"(?<!GESTATIONAL )\bAGE\s?(?:/\s?SEX)?\s?[:.]?\s?(\d{1,3})\b(?!\s?(?:MO|WK|WEEK|DAY|HR|HOUR|/\d|-\d))"
    r"|\b(\d{1,3})[ -]?(?:YEAR|YR)S?[ -]?OLD\b|\b(\d{1,3}) ?Y/?O\b"
)
_TITLES = {"MRS": "F", "MISS": "F", "MS": "F", "MR": "M"}
_SEXES = {"FEMALE": "F", "MALE": "M"}


def contradictions(evidence: Evidence, patient: Patient, own: Sequence[NameSighting]) -> Iterator[Conflict]:
    """What the pages say of age, sex and middle name that cannot be this patient's."""
    exact = [s for s in own if s.level is Level.EXACT or s.is_read_once]
    fits = [s.box for s in exact if s.middle is Level.EXACT]
    for s in exact:
        if s.middle is Level.CONFLICT and not any(overlaps(s.box, box) for box in fits):
            yield _conflict(FindingKind.NAME, "middle", s.scan_page_no, s.box, s.raw)
    for text in evidence.texts:
        here = [s for s in exact if s.scan_page_no == text.page.scan_page_no]
        if patient.sex in ("M", "F"):
            yield from _sexes(text, patient.sex, here)
        if patient.birth_date:
            yield from _before_birth(evidence, text, patient.birth_date)
            yield from _ages(evidence, text, patient.birth_date, here)


def _sexes(text: PageText, sex: str, here: Sequence[NameSighting]) -> Iterator[Conflict]:
    """A title right before the name, or "female" on the name's line."""
    for s in here:
        for tokens in _lines_at(text, s.box):
            inside = [t.order for t in tokens if overlaps(t.word.box, s.box)]
            titles = {_TITLES.get(t.key) for t in tokens if t.order == min(inside) - 1}
            words = {_SEXES[t.key] for t in tokens if t.key in _SEXES}
            said = {v for v in titles if v} | (words if len(words) == 1 else set())
            if said and sex not in said:
                yield _conflict(FindingKind.SEX, "sex", s.scan_page_no, s.box, "".join(sorted(said)))


def _lines_at(text: PageText, box: Box) -> list[list[Token]]:
    return [tokens for tokens in text.by_line.values() if any(overlaps(t.word.box, box) for t in tokens)]


def _ages(evidence: Evidence, text: PageText, born: str, here: Sequence[NameSighting]) -> Iterator[Conflict]:
    """An age printed in the head or near the name, against the birth date on the days of care."""
    days = days_of_care(evidence, born)
    for line in text.lines:
        for match in _AGE.finditer(line.text):
            age = int(match[1] or match[2] or match[3])
            words = line.words_at(*match.span())
            if not days or age > _OLDEST or _is_sentence(line) or not _is_about_patient(text, line, here):
                continue
            if any(w.confidence is not None and w.confidence < _LEAST_CONFIDENCE for w in words):
                continue
            if min(abs(years_between(born, day) - age) for day in days) > AGE_SLACK_YEARS:
                yield _conflict(FindingKind.BIRTH_DATE, "age", text.page.scan_page_no, words[0].box, match[0])
    yield from _boxed_ages(text, born, days, here)


def _boxed_ages(
    text: PageText, born: str, days: Sequence[str], here: Sequence[NameSighting]
) -> Iterator[Conflict]:
    lines = {line.line_no: line for line in text.lines}
    for age, (label, value) in forms.boxed_ages(text):
        is_read = value.word.confidence is None or value.word.confidence >= _LEAST_CONFIDENCE
        line = lines[label.line_no]
        if not days or age > _OLDEST or not is_read or is_prose(line):
            continue
        if not _is_about_patient(text, line, here):
            continue
        if min(abs(years_between(born, day) - age) for day in days) > AGE_SLACK_YEARS:
            page_no, box = text.page.scan_page_no, value.word.box
            yield _conflict(FindingKind.BIRTH_DATE, "age", page_no, box, value.word.text)


def _before_birth(evidence: Evidence, text: PageText, born: str) -> Iterator[Conflict]:
    """Care that was given before the patient was born was given to somebody else."""
    for page in evidence.findings:
        if page.scan_page_no != text.page.scan_page_no:
            continue
        for f in page.of(FindingKind.SERVICE_DATE):
            if f.role is Role.PATIENT and f.value[:4].isdigit() and int(f.value[:4]) < int(born[:4]):
                yield _conflict(FindingKind.BIRTH_DATE, "age", page.scan_page_no, f.box, f.raw)


def _is_sentence(line: Line) -> bool:
    """The age in a story may be anybody's, and at any time; a header's line is short."""
    return len(line.words) > _MOST_HEADER_WORDS and is_prose(line)


def _is_about_patient(text: PageText, line: Line, here: Sequence[NameSighting]) -> bool:
    if any(t.key in RELATIVES for t in text.by_line.get(line.line_no, ())):
        return False
    top_px = line.words[0].box.top_px
    near = any(abs(top_px - s.box.top_px) <= _NEAR_LINES * text.line_height_px for s in here)
    return near or top_px <= _HEAD_SHARE * text.page.height_px


def days_of_care(evidence: Evidence, born: str) -> tuple[str, ...]:
    """Days of care as labelled; without any, all other days that stand there."""
    served = [f.value for p in evidence.findings for f in p.of(FindingKind.SERVICE_DATE) if f.value]
    if not served:
        births = {v for s in evidence.labelled(FindingKind.BIRTH_DATE) for v in s.values}
        loose = (s for s in evidence.of(FindingKind.BIRTH_DATE) if not s.is_labelled)
        served = [v for s in loose for v in s.values if v not in births]
    return tuple(d for d in served if d[:4].isdigit() and d != born)


def years_between(born: str, day: str) -> int:
    years = int(day[:4]) - int(born[:4])
    return years - (len(day) == 10 and day[5:] < born[5:])


def _conflict(kind: FindingKind, code: str, page_no: int, box: Box | None, read: str) -> Conflict:
    return Conflict(kind=kind, code=code, scan_page_no=page_no, is_sure=True, read=read, box=box)
