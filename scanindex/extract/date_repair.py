"""Dates of care whose print was damaged, read only where a caption says that a date stands here.

A year torn in two ("19 98"), a separator lost or read as something else ("11:26-1977",
"0304/1998", "03104/1998"). Not for birth dates: a repaired identifier proves nothing.
Also ranges: "03/04/98 - 03/09/98", "3/4-3/9/98", "March 4-9, 1998".
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field

from scanindex.extract.dates import MONTHS, DateSpan, find_dates, labelled_date

_TORN = re.compile(r"^(.{0,14}?[-/., ])\s?(19|20)\s(\d{2})(?![\d:/.-])")
_SEP = r"\s?[-/.:;,~*_'|]\s?"
_FORMS = (
    re.compile(rf"^\W*(\d{{1,2}}){_SEP}(\d{{1,2}}){_SEP}((?:19|20)\d\d)(?![\d:])"),
    re.compile(r"^\W*(\d{2})1?(\d{2})[-/.]((?:19|20)\d\d|\d\d)(?![\d/:-])"),
    re.compile(r"^\W*(\d{1,2})[-/.](\d{2})1?((?:19|20)\d\d)(?![\d/:-])"),
    re.compile(r"^\W*(\d{2})(\d{2})(\d{2})(?![\d/:.-])"),
)
_TO = r"\s*(?:-|–|—|/|to|thru|through|until|till)\s*"
_SHARED_YEAR = re.compile(
    rf"^\W*(\d{{1,2}})/(\d{{1,2}}){_TO}(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}|\d{{2}})(?!\d)", re.I
)
_SHARED_MONTH = re.compile(
    rf"^\W*({'|'.join(MONTHS)})\.?\s+(\d{{1,2}}){_TO}(\d{{1,2}}),?\s+(\d{{4}})(?!\d)", re.I
)
_FOLLOWING = re.compile(rf"^(?:\s*(?:at\s)?\d{{1,2}}:?\d{{2}}(?:\s?[AP]M|\s?HRS?)?)?{_TO}\W*", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class CareDate:
    start: DateSpan = field(repr=False)
    end: DateSpan | None = field(default=None, repr=False)
    """The last day, where a range is printed."""


def care_date(text: str) -> CareDate | None:
    """The date, or range of dates, at the head of what follows a caption; or None."""
    if found := _short_range(text):
        return found
    start = _torn(text) or labelled_date(text) or _damaged(text)
    if start is None:
        return None
    return CareDate(start=start, end=_end(text, start))


def _end(text: str, start: DateSpan) -> DateSpan | None:
    gap = _FOLLOWING.match(text[start.end :])
    if gap is None:
        return None
    at = start.end + gap.end()
    end = next((s for s in find_dates(text[at:]) if s.start == 0), None)
    return dataclasses.replace(end, start=start.start, end=at + end.end) if end else None


def _short_range(text: str) -> CareDate | None:
    """First and last day that share a printed year, or month and year."""
    if m := _SHARED_YEAR.match(text):
        year, digits = int(m[5]), len(m[5])
        days = [(int(m[1]), int(m[2])), (int(m[3]), int(m[4]))]
    elif m := _SHARED_MONTH.match(text):
        year, digits, month = int(m[4]), 4, MONTHS[m[1].upper()]
        days = [(month, int(m[2])), (month, int(m[3]))]
    else:
        return None
    spans = [
        DateSpan(start=m.start(), end=m.end(), raw=m[0], year=year, year_digits=digits, month=month, day=day)
        for month, day in days
        if 1 <= month <= 12 and 1 <= day <= 31
    ]
    if len(spans) < 2:
        return None
    start, end = spans
    if (start.month or 0) > (end.month or 0):
        start = dataclasses.replace(start, year=(year - 1) % 100 if digits == 2 else year - 1)
    return CareDate(start=start, end=end)


def _torn(text: str) -> DateSpan | None:
    """ "03/04/19 98": two digits stand alone behind a century."""
    m = _TORN.match(text)
    if m is None:
        return None
    span = labelled_date(f"{m[1]}{m[2]}{m[3]}")
    if span is None or span.year_digits != 4 or span.end < len(m[1]):
        return None
    return dataclasses.replace(span, end=m.end(), raw=text[span.start : m.end()], is_repaired=True)


def _damaged(text: str) -> DateSpan | None:
    for form in _FORMS:
        if m := form.match(text):
            span = labelled_date(f"{m[1]}/{m[2]}/{m[3]}")
            if span is not None:
                return dataclasses.replace(
                    span, start=m.start(1), end=m.end(), raw=text[m.start(1) : m.end()], is_repaired=True
                )
    return None
