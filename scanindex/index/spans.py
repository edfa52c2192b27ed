"""Civil dates of a query as spans of days.

A day is the integer yyyymmdd; a span includes both ends; a partial date
("1998", "1998-03") is the span of its days, so "inside" needs no calendar.
Pure; never raises except ValueError from `parse`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass

FIRST_DAY = 0
LAST_DAY = 99_991_231

_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_PRINTED = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_YEARS = re.compile(r"\d{4}-\d{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpan:
    first: int
    last: int

    def holds(self, first: int, last: int) -> bool:
        """Is the span first..last wholly inside this one?"""
        return self.first <= first and last <= self.last


def of_iso(iso: str | None) -> DaySpan | None:
    """The days that a possibly partial ISO date may mean; None for none or nonsense."""
    match = _ISO.fullmatch(iso.strip()[:10]) if iso else None
    return _span(*(int(g) if g else 0 for g in match.groups())) if match else None


def parse(value: str) -> tuple[DaySpan, ...]:
    """The spans a query value may mean; several for 03/04/1998. Raises ValueError."""
    text = value.strip()
    if ".." in text:
        return (_range(*(side.strip() for side in text.split("..", 1))),)
    if _YEARS.fullmatch(text):
        return (_range(text[:4], text[5:]),)
    spans = _single(text)
    if not spans:
        raise ValueError("not a date")
    return spans


def _range(low: str, high: str) -> DaySpan:
    if not low and not high:
        raise ValueError("not a range")
    lows = _single(low) if low else (DaySpan(first=FIRST_DAY, last=FIRST_DAY),)
    highs = _single(high) if high else (DaySpan(first=LAST_DAY, last=LAST_DAY),)
    # A printed date that reads two ways cannot be the end of a range.
    if len(lows) != 1 or len(highs) != 1:
        raise ValueError("not a range")
    if lows[0].first > highs[0].last:
        raise ValueError("range ends before it starts")
    return DaySpan(first=lows[0].first, last=highs[0].last)


def _single(text: str) -> tuple[DaySpan, ...]:
    if not text.isascii():
        return ()
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        span = _span(*(int(g) if g else 0 for g in match.groups()))
        return (span,) if span else ()
    if match := _PRINTED.fullmatch(text):
        one, two, year = (int(g) for g in match.groups())
        both = (_span(year, one, two), _span(year, two, one))
        return tuple(dict.fromkeys(s for s in both if s))
    return ()


def _span(year: int, month: int, day: int) -> DaySpan | None:
    if not 1 <= year <= 9999 or month > 12 or (day and not month):
        return None
    if not month:
        return DaySpan(first=year * 10_000 + 101, last=year * 10_000 + 1231)
    days = monthrange(year, month)[1]
    if day > days:
        return None
    base = year * 10_000 + month * 100
    return DaySpan(first=base + (day or 1), last=base + (day or days))
