"""Dates as people write them on charts, and the civil days they may mean.

Every reading is kept: two-digit years in both centuries, a day that may be a
month both ways; readings in the future or before 1880 are not. The first reading
of a numeric date is the US one, month first; `DateText.is_certain` says whether
another order of day and month was possible. Nothing here repairs misread digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH = r"(?P<name>JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEPT?|OCT|NOV|DEC)[A-Z]{0,7}\.?"
_EDGE_LEFT, _EDGE_RIGHT = r"(?<![0-9A-Z/.])", r"(?![0-9/]|[.-][0-9])"
_NUMERIC = re.compile(
    _EDGE_LEFT
    + r"(?P<a>\d{1,2})\s?(?P<sep>[/.\-])\s?(?P<b>\d{1,2})\s?(?P=sep)\s?(?P<y>\d{4}|\d{2})"
    + _EDGE_RIGHT
)
_ISO = re.compile(
    _EDGE_LEFT + r"(?P<y>\d{4})(?P<sep>[/.\-])(?P<a>\d{1,2})(?P=sep)(?P<b>\d{1,2})" + _EDGE_RIGHT
)
_SPACED = re.compile(_EDGE_LEFT + r"(?P<a>\d{1,2}) (?P<b>\d{1,2}) (?P<y>\d{4})" + _EDGE_RIGHT)
_COMPACT = re.compile(r"(?<![0-9A-Z/.\-])(?P<a>\d{2})(?P<b>\d{2})(?P<y>(?:19|20)\d{2})(?![0-9/.\-])")
_MONTH_FIRST = re.compile(
    r"(?<![A-Z])"
    + _MONTH
    + r"[ \-/]?\s?(?P<d>\d{1,2})(?:ST|ND|RD|TH)?[ ,.\-/]{1,3}'?(?P<y>\d{4}|\d{2})(?![0-9])"
)
_DAY_FIRST = re.compile(
    _EDGE_LEFT
    + r"(?P<d>\d{1,2})(?:ST|ND|RD|TH)?[ \-/.]{0,2}"
    + _MONTH
    + r"[ ,.\-/]{0,3}'?(?P<y>\d{4}|\d{2})(?![0-9])"
)
_EARLIEST_YEAR = 1880


@dataclass(frozen=True, slots=True, kw_only=True)
class DateText:
    """A date in a line of text: where it stands and what it may mean."""

    start: int
    end: int
    readings: tuple[str, ...] = field(repr=False)
    """ISO days, the customary reading first."""
    others: tuple[str, ...] = field(default=(), repr=False)
    """ISO days only under the less usual order of day and month."""


def dates_in(text: str, today: date | None = None) -> Iterator[DateText]:
    """Every date in an upper-case line, left to right, without overlaps."""
    last_day = today or datetime.now(UTC).date()
    taken: list[tuple[int, int]] = []
    found: list[DateText] = []
    for pattern in (_ISO, _NUMERIC, _MONTH_FIRST, _DAY_FIRST, _SPACED, _COMPACT):
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            readings, others = _readings(match, last_day)
            if readings:
                taken.append(match.span())
                found.append(DateText(start=match.start(), end=match.end(), readings=readings, others=others))
    yield from sorted(found, key=lambda d: d.start)


def parse_date(text: str, today: date | None = None) -> tuple[str, ...]:
    """ISO days that a whole text may mean; empty if it is no date."""
    text = text.strip().upper()
    for found in dates_in(text, today):
        if found.start == 0 and found.end == len(text):
            return found.readings + found.others
    return ()


def _readings(match: re.Match[str], last_day: date) -> tuple[tuple[str, ...], tuple[str, ...]]:
    groups = match.groupdict()
    years = _years(groups["y"])
    if groups.get("name"):
        month = _MONTHS.index(groups["name"][:3]) + 1
        return _days(years, month, int(groups["d"]), last_day), ()
    first, second = int(groups["a"]), int(groups["b"])
    usual = _days(years, first, second, last_day)
    if match.re is _ISO:
        return usual, ()
    swapped = _days(years, second, first, last_day) if first != second else ()
    return (usual, swapped) if usual else (swapped, ())


def _years(text: str) -> tuple[int, ...]:
    year = int(text)
    return (year,) if len(text) == 4 else (1900 + year, 2000 + year)


def _days(years: tuple[int, ...], month: int, day: int, last_day: date) -> tuple[str, ...]:
    days = []
    for year in years:
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found.year >= _EARLIEST_YEAR and found <= last_day:
            days.append(found.isoformat())
    return tuple(days)
