"""Persons that the text of a page tells of: "this 68 year old woman", "Mrs. Roe". Pure.

Such a person may be anybody's wife. Only a document that tells of persons and of none that
could be the patient contradicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from scanindex.match import fold
from scanindex.match.case import Case
from scanindex.match.demographics import AGE_SLACK_YEARS, days_of_care, years_between
from scanindex.match.text import PageText
from scanindex.model import Patient

_PERSON = re.compile(
    r"\b(?P<age>\d{1,3})[ -]?(?:(?:YEAR|YR)S?[ -]?OLD|Y\W?O)\b[ ,]*(?:\w+ ){0,3}?"
    r"(?P<sex>WOMAN|FEMALE|LADY|GIRL|MAN|MALE|GENTLEMAN|BOY)\b"
)
_SEXES = dict.fromkeys(("WOMAN", "FEMALE", "LADY", "GIRL", "MRS", "MISS", "MS"), "F") | dict.fromkeys(
    ("MAN", "MALE", "GENTLEMAN", "BOY", "MR"), "M"
)
_TITLES = frozenset(("MRS", "MISS", "MS", "MR"))


def tells_of_somebody_else(case: Case) -> bool:
    """The pages tell of persons by age or title, and none of them fits the leader."""
    patient = case.leader.patient
    told = [person for text in case.evidence.texts for person in _persons(text, patient)]
    if not told:
        return False
    days = days_of_care(case.evidence, patient.birth_date) if patient.birth_date else ()
    return not any(_fits(age, sex, patient, days) for age, sex in told)


def _persons(text: PageText, patient: Patient) -> Iterator[tuple[int | None, str]]:
    for line in text.lines:
        for match in _PERSON.finditer(line.text):
            yield int(match["age"]), _SEXES[match["sex"]]
    lasts = {fold.name_key(name.last) for name in patient.names}
    for one, two in pairwise(text.tokens):
        if one.key in _TITLES and two.key in lasts:
            yield None, _SEXES[one.key]


def _fits(age: int | None, sex: str, patient: Patient, days: tuple[str, ...]) -> bool:
    if patient.sex in ("M", "F") and sex != patient.sex:
        return False
    if age is None or patient.birth_date is None or not days:
        return True
    return min(abs(years_between(patient.birth_date, day) - age) for day in days) <= AGE_SLACK_YEARS
