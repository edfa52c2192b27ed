"""Civil dates as charts print them -> ISO text, every reading that stays possible.

Numbers are month first, unless that month cannot be or the paper's habits say
otherwise (date_habits.py). Two-digit years keep every century until birth <=
service <= received settles it (see `birth_readings` and `service_reading`). OCR
slips inside a date ("O1/l2/98") are repaired and said so. Dates may be partial
("1987-03", "1987"). Times of day are left out.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import DamerauLevenshtein

from scanindex.extract.date_habits import USUAL_HABITS, DateHabits, DayOrder

EARLIEST_BIRTH_YEAR = 1880
EARLIEST_SERVICE_YEAR = 1930
"""Paper that names only two digits of its year is not older than this; a full year may be."""
EARLIEST_FULL_SERVICE_YEAR = 1900
LATEST_PRINTED_YEAR = 2099
"""A four-digit number beyond this is no year at all (expiry dates lie in the future)."""
OLDEST_YEARS = 112

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "JANUARY JAN",
            "FEBRUARY FEB",
            "MARCH MAR",
            "APRIL APR",
            "MAY",
            "JUNE JUN",
            "JULY JUL",
            "AUGUST AUG",
            "SEPTEMBER SEPT SEP",
            "OCTOBER OCT",
            "NOVEMBER NOV",
            "DECEMBER DEC",
        ),
        1,
    )
    for name in names.split()
}

_MONTH = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
_SEP = r"\s?[-/.\\]\s?"
_END = r"(?![\d/])(?!-\d)"
_START = r"(?<![\dA-Z/.-])"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ymd", re.compile(rf"{_START}(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_END}")),
    ("mdy", re.compile(rf"{_START}(\d{{1,2}}){_SEP}(\d{{1,2}}){_SEP}(\d{{4}}|\d{{2}}){_END}")),
    (
        "Mdy",
        re.compile(
            rf"(?<![A-Z]){_MONTH}\s?[-/ ]?\s?(\d{{1,2}})(?:ST|ND|RD|TH)?"
            rf"\s?[,.\s/-]\s?'?(\d{{4}}|\d{{2}}){_END}"
        ),
    ),
    (
        "dMy",
        re.compile(
            rf"{_START}(\d{{1,2}})(?:ST|ND|RD|TH)?(?:\s+DAY)?(?:\s+OF)?\s?[-/ .]?\s?"
            rf"{_MONTH}\s?[-/ ,.]?\s?'?(\d{{4}}|\d{{2}}){_END}"
        ),
    ),
    ("My", re.compile(rf"(?<![A-Z\d]){_MONTH}\s?[-/ ,]?\s?(\d{{4}}){_END}")),
)
_MISSPELT = re.compile(r"\b([A-Za-z]{4,10})\.?\s(\d{1,2}),?\s(\d{4})(?!\d)")
_MISSPELT_LATER = re.compile(r"(?<!\d)(\d{1,2})\s([A-Za-z]{4,10}),?\s(\d{4})(?!\d)")
_SPACED = re.compile(r"^\s*(\d{1,2})[ |]+(\d{1,2})[ |]+(\d{4}|\d{2})(?!\d)")
_COMPACT = re.compile(r"^\s*(?:(19\d\d|20\d\d)(\d\d)(\d\d)|(\d\d)(\d\d)(19\d\d|20\d\d))(?!\d)")
_MONTH_YEAR = re.compile(r"^\s*(\d{1,2})[/-](\d{4})(?![\d/-])")
_YEAR = re.compile(r"^\s*(19\d\d|20\d\d)(?![\d/-])")
_SLIPS = str.maketrans(
    {
        "O": "0",
        "o": "0",
        "Q": "0",
        "D": "0",
        "l": "1",
        "I": "1",
        "|": "1",
        "i": "1",
        "!": "1",
        "Z": "2",
        "z": "2",
        "S": "5",
        "s": "5",
        "B": "8",
        "g": "9",
    }
)
_DAMAGED = re.compile(
    r"(?<![A-Za-z])[\dOoQDlI|i!ZzSsBg]{1,2}[-/][\dOoQDlI|i!ZzSsBg]{1,2}[-/][\dOoQDlI|i!ZzSsBg]{2,4}(?![A-Za-z])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateSpan:
    """A date in a text: where, and year (with its printed digit count), month, day."""

    start: int
    end: int
    raw: str = field(repr=False)
    year: int
    year_digits: int
    month: int | None
    day: int | None
    is_repaired: bool = False
    is_numeric: bool = False
    """Printed as two numbers before the year, whose order is a habit of the paper."""
    is_day_first: bool = False
    """Numbers that can only be read day first: the second one is no month."""

    @property
    def is_either_order(self) -> bool:
        return self.is_numeric and self.month != self.day and max(self.month or 0, self.day or 0) <= 12

    def under(self, habits: DateHabits) -> tuple[DateSpan, ...]:
        """As it may be meant where dates are written like this; two where that stays open."""
        if not self.is_either_order or habits.order is DayOrder.MONTH_FIRST:
            return (self,)
        swapped = dataclasses.replace(self, month=self.day, day=self.month)
        if habits.order is DayOrder.DAY_FIRST:
            return (swapped,)
        named = [s for s in (self, swapped) if any(s.iso(c) in habits.named_days for c in (0, 1900, 2000))]
        return (named[0],) if len(named) == 1 else (self, swapped)

    def iso(self, century: int = 0) -> str | None:
        """ISO text with `century` added to a two-digit year; None where no such day exists."""
        year = self.year + century if self.year_digits == 2 else self.year
        if self.month is None:
            return f"{year:04d}"
        if self.day is None:
            return f"{year:04d}-{self.month:02d}"
        try:
            return dt.date(year, self.month, self.day).isoformat()
        except ValueError:
            return None

    def iso_in_century_of(self, other: str) -> str:
        """ISO text of this day in the year of another reading of the same print."""
        return f"{other[:4]}-{self.month:02d}-{self.day:02d}"

    def readings(self, earliest: int, latest: int) -> tuple[str, ...]:
        """Every reading whose year lies between the two, most recent first."""
        centuries = (2000, 1900, 1800) if self.year_digits == 2 else (0,)
        texts = [self.iso(century) for century in centuries]
        return tuple(t for t in texts if t and earliest <= int(t[:4]) <= latest)


def find_dates(text: str) -> tuple[DateSpan, ...]:
    """Full dates (and "March 1987") anywhere in the text, left to right, not overlapping."""
    found = _scan(text.upper(), text, is_repaired=False)
    for damaged in _DAMAGED.finditer(text):
        if any(s.start < damaged.end() and damaged.start() < s.end for s in found):
            continue
        fixed = damaged[0].translate(_SLIPS)
        if sum(c.isdigit() for c in damaged[0]) >= 3:
            line = text[: damaged.start()] + fixed + text[damaged.end() :]
            spans = _scan(line.upper(), text, is_repaired=True)
            found += [s for s in spans if s.start == damaged.start()]
    found += _misspelt_months(text, found)
    return tuple(sorted(found, key=lambda s: s.start))


def labelled_date(text: str) -> DateSpan | None:
    """The date at the head of a value, also in the loose forms that only a label makes safe."""
    spans = [s for s in find_dates(text) if s.start <= 12]
    if spans:
        return spans[0]
    if m := _SPACED.match(text):
        span = _span(m, text, int(m[3]), len(m[3]), int(m[1]), int(m[2]))
        is_day_first = span is not None and span.month != int(m[1])
        return dataclasses.replace(span, is_numeric=True, is_day_first=is_day_first) if span else None
    if m := _COMPACT.match(text):
        year, month, day = (m[1], m[2], m[3]) if m[1] else (m[6], m[4], m[5])
        return _span(m, text, int(year), 4, int(month), int(day))
    if (m := _MONTH_YEAR.match(text)) and 1 <= int(m[1]) <= 12:
        return _span(m, text, int(m[2]), 4, int(m[1]), None)
    if m := _YEAR.match(text):
        return _span(m, text, int(m[1]), 4, None, None)
    return None


def service_readings(
    span: DateSpan, birth: str | None = None, habits: DateHabits = USUAL_HABITS
) -> tuple[str, ...]:
    """Every reading as a date of care: not before birth, not after the scan was received."""
    earliest = EARLIEST_SERVICE_YEAR if span.year_digits == 2 else EARLIEST_FULL_SERVICE_YEAR
    latest = habits.received.isoformat()
    texts = [t for s in span.under(habits) for t in s.readings(earliest, habits.received.year)]
    return tuple(
        t
        for t in dict.fromkeys(texts)
        if _not_before(latest, t)
        and (birth is None or (_not_before(t, birth) and int(t[:4]) - int(birth[:4]) <= OLDEST_YEARS))
    )


def service_reading(
    span: DateSpan, birth: str | None = None, habits: DateHabits = USUAL_HABITS
) -> str | None:
    """The one reading as a date of care, or None: impossible, or more than one is left."""
    texts = service_readings(span, birth, habits)
    return texts[0] if len(texts) == 1 else None


def birth_readings(
    span: DateSpan,
    services: Sequence[str] = (),
    age_years: int | None = None,
    habits: DateHabits = USUAL_HABITS,
) -> tuple[str, ...]:
    """Birth dates that this can mean, given dates of care (ISO) and a printed age.

    They choose between centuries only: a year printed in full stands, because the date
    of care may be the one misread.
    """
    latest = habits.received.isoformat()
    spans = span.under(habits)
    texts = [t for s in spans for t in s.readings(EARLIEST_BIRTH_YEAR, habits.received.year)]
    texts = [t for t in texts if _not_before(latest, t)]
    if len(texts) < 2 or not services:
        return tuple(t for t in texts if t >= "1900") or tuple(texts)
    first, last = min(services), max(services)
    fitting = [t for t in texts if _not_before(first, t) and int(last[:4]) - int(t[:4]) <= OLDEST_YEARS]
    if age_years is not None:
        aged = [t for t in fitting if abs(int(last[:4]) - int(t[:4]) - age_years) <= 2]
        fitting = aged or fitting
    return tuple(t for t in fitting if t >= "1900") or tuple(fitting)


def _not_before(later: str, earlier: str) -> bool:
    """Whether `later` may be on or after `earlier`, partial dates given the benefit."""
    n = min(len(later), len(earlier))
    return later[:n] >= earlier[:n]


def _misspelt_months(text: str, found: Sequence[DateSpan]) -> list[DateSpan]:
    """ "dune 4, 1987", "Decernber 4, 1987": a month of four letters or more, slightly misread."""
    spans: list[DateSpan] = []
    for pattern, month, day in ((_MISSPELT, 1, 2), (_MISSPELT_LATER, 2, 1)):
        for m in pattern.finditer(text):
            number = _misread_month(m[month].upper())
            if number and not any(s.start < m.end() and m.start() < s.end for s in found):
                span = _span(m, text, int(m[3]), 4, number, int(m[day]), is_repaired=True)
                spans += [span] if span else []
    return spans


def _misread_month(read: str) -> int | None:
    """The only month that is one letter off (two in long names), or None."""
    plain = read.replace("RN", "M") if read not in MONTHS else read
    close = {
        number
        for name, number in MONTHS.items()
        if len(name) >= 4
        and (
            (len(name) == len(read) and DamerauLevenshtein.distance(name, read) == 1)
            or (len(name) >= 7 and min(DamerauLevenshtein.distance(name, r) for r in (read, plain)) <= 2)
        )
    }
    return close.pop() if len(close) == 1 else None


def _scan(upper: str, original: str, *, is_repaired: bool) -> list[DateSpan]:
    found: list[DateSpan] = []
    for form, pattern in _PATTERNS:
        for m in pattern.finditer(upper):
            if any(s.start < m.end() and m.start() < s.end for s in found):
                continue
            span = _from_match(form, m, original, is_repaired)
            if span is not None:
                found.append(span)
    return found


def _from_match(form: str, m: re.Match[str], original: str, is_repaired: bool) -> DateSpan | None:
    month: str | int
    day: str | None
    if form == "My":
        month, day, year = MONTHS[m[1]], None, m[2]
    elif form == "Mdy":
        month, day, year = MONTHS[m[1]], m[2], m[3]
    elif form == "dMy":
        month, day, year = MONTHS[m[2]], m[1], m[3]
    elif form == "ymd":
        month, day, year = m[2], m[3], m[1]
    else:
        month, day, year = m[1], m[2], m[3]
    span = _span(m, original, int(year), len(year), int(month), int(day) if day else None, is_repaired)
    if span is None or form != "mdy":
        return span
    return dataclasses.replace(span, is_numeric=True, is_day_first=span.month != int(month))


def _span(
    m: re.Match[str],
    text: str,
    year: int,
    digits: int,
    month: int | None,
    day: int | None,
    is_repaired: bool = False,
) -> DateSpan | None:
    if month is not None and day is not None and month > 12 >= day:
        month, day = day, month
    if month is not None and not 1 <= month <= 12:
        return None
    if day is not None and not 1 <= day <= 31:
        return None
    if digits == 4 and not EARLIEST_BIRTH_YEAR <= year <= LATEST_PRINTED_YEAR:
        return None
    return DateSpan(
        start=m.start(),
        end=m.end(),
        raw=text[m.start() : m.end()],
        year=year,
        year_digits=digits,
        month=month,
        day=day,
        is_repaired=is_repaired,
    )
