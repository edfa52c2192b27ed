"""The dates people type into a query, as spans of days.

Takes years, months and days in the orders people write them (1998, 1998-03,
03/1998, mar 1998, 2 March 1998, 03/12/1987, 19980302, 1990s) and ranges of them
(1998..2003, ..2003, 1998 to 2003, >=1998, before 1998). A printed 03/12/1987 keeps
both readings. Never guesses a century: `parse` refuses two-digit years, and
`readings` gives both. Pure and linear; raises DateFault only, which says what
would work and not what was typed.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from scanindex.index import spans
from scanindex.index.expand import fold
from scanindex.index.spans import FIRST_DAY, LAST_DAY, DaySpan

MAX_CHARACTERS = 60

_MONTHS = {
    name[:size]: number
    for number, name in enumerate(
        (
            *("january", "february", "march", "april", "may", "june", "july", "august"),
            *("september", "october", "november", "december"),
        ),
        start=1,
    )
    for size in (3, 4, len(name))
}
_MONTH = rf"({'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(\d{4})"
_GAP = r"[\s,./-]*"

_MONTH_YEAR = re.compile(rf"{_MONTH}{_GAP}{_YEAR}")
_YEAR_MONTH = re.compile(rf"{_YEAR}{_GAP}{_MONTH}(?:{_GAP}{_DAY})?")
_DAY_MONTH_YEAR = re.compile(rf"{_DAY}{_GAP}{_MONTH}{_GAP}{_YEAR}")
_MONTH_DAY_YEAR = re.compile(rf"{_MONTH}{_GAP}{_DAY}[\s,./-]+{_YEAR}")
_MONTH_NUMBER_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})")
_DECADE = re.compile(r"(\d{3})0s")
_SHORT_YEAR = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{2})")
_COMPARED = re.compile(r"(>=|<=|>|<|=|since\b|from\b|until\b|till\b|after\b|before\b|in\b|on\b)\s*(.*)")
_RANGE_WORD = re.compile(r"\s(?:to|until|till|through|thru|and|-)\s")
_SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "–": "-", "—": "-", "−": "-", "‑": "-", "…": ".."})

_FORMS = "1998, 1998-03, 1998-03-02, 03/1998 or, in quotes, a month by name with its year"


class DateFault(ValueError):
    """The message says what would work."""


def parse(value: str) -> tuple[DaySpan, ...]:
    """The spans of days that a value may mean, at least one; several for 03/04/1998. Raises DateFault."""
    text = _plain(value)
    if not text or len(text) > MAX_CHARACTERS or not text.isascii():
        raise DateFault(f"takes {_FORMS}, or a range such as 1998..2003")
    if ".." in text:
        return (_range(*(side.strip(" .") for side in text.split("..", 1))),)
    sides = [side.strip() for side in _RANGE_WORD.split(re.sub(r"^(?:between|from) ", "", text))]
    if len(sides) == 2 and all(sides):
        return (_range(*sides),)
    if compared := _COMPARED.fullmatch(text):
        return _compared(compared.group(1), compared.group(2))
    return _one(text) or _refused(text)


def readings(text: str) -> tuple[DaySpan, ...]:
    """The days a whole date may mean, two-digit years in both centuries; none if it is no whole date."""
    plain = _plain(text)
    if len(plain) > MAX_CHARACTERS or not plain.isascii():
        return ()
    if short := _SHORT_YEAR.fullmatch(plain):
        one, _, two, year = short.groups()
        found = [s for century in ("19", "20") for s in _spans(f"{one}/{two}/{century}{year}")]
    else:
        found = list(_one(plain))
    return tuple(dict.fromkeys(s for s in found if s.first == s.last))


def _plain(value: str) -> str:
    return " ".join(fold(value[: MAX_CHARACTERS * 4].translate(_SIGNS)).split())


def _one(text: str) -> tuple[DaySpan, ...]:
    """A single date, not a range; empty if it is none."""
    if found := _named(text) or _numbered(text):
        return found
    if decade := _DECADE.fullmatch(text):
        year = int(decade.group(1)) * 10
        return (DaySpan(first=max(year, 1) * 10_000 + 101, last=(year + 9) * 10_000 + 1231),)
    return ()


def _named(text: str) -> tuple[DaySpan, ...]:
    if match := _MONTH_YEAR.fullmatch(text):
        return _iso(match.group(2), match.group(1))
    if match := _YEAR_MONTH.fullmatch(text):
        return _iso(match.group(1), match.group(2), match.group(3))
    if match := _DAY_MONTH_YEAR.fullmatch(text):
        return _iso(match.group(3), match.group(2), match.group(1))
    if match := _MONTH_DAY_YEAR.fullmatch(text):
        return _iso(match.group(3), match.group(1), match.group(2))
    return ()


def _numbered(text: str) -> tuple[DaySpan, ...]:
    if match := _MONTH_NUMBER_YEAR.fullmatch(text):
        return _spans(f"{match.group(2)}-{match.group(1)}")
    return _spans(text)


def _iso(year: str, month: str, day: str | None = None) -> tuple[DaySpan, ...]:
    return _spans("-".join([year, str(_MONTHS[month]), *([day] if day else [])]))


def _spans(text: str) -> tuple[DaySpan, ...]:
    try:
        return spans.parse(text)
    except ValueError:
        return ()


def _refused(text: str) -> tuple[DaySpan, ...]:
    """Always raises DateFault, the clearest one."""
    if re.fullmatch(r"\d{4}-\d{4}", text):
        return (_range(text[:4], text[5:]),)
    if re.search(r"(?<!\d)\d{1,2}\D+\d{1,2}\D+\d{2}$", text):
        raise DateFault("needs the year in four digits, such as 03/12/1987")
    if text in _MONTHS:
        raise DateFault("needs a year beside the month, both in quotes, or the form 1998-03")
    raise DateFault(f"takes {_FORMS}, or a range such as 1998..2003")


def _compared(sign: str, text: str) -> tuple[DaySpan, ...]:
    if sign in ("=", "in", "on"):
        if found := _one(text):
            return found
        raise DateFault(f"takes {_FORMS} after such a sign or word")
    side = _end(text)
    if sign in (">=", "since", "from"):
        return (DaySpan(first=side.first, last=LAST_DAY),)
    if sign in ("<=", "until", "till"):
        return (DaySpan(first=FIRST_DAY, last=side.last),)
    if sign in (">", "after"):
        return (DaySpan(first=_next(side.last), last=LAST_DAY),)
    return (DaySpan(first=FIRST_DAY, last=_before(side.first)),)


def _range(low: str, high: str) -> DaySpan:
    if not low and not high:
        raise DateFault("needs a date on one side of the dots, such as 1998..2003 or 1998..")
    first = _end(low).first if low else FIRST_DAY
    last = _end(high).last if high else LAST_DAY
    if first > last:
        raise DateFault("ends before it starts; write the earlier date first, such as 1998..2003")
    return DaySpan(first=first, last=last)


def _end(text: str) -> DaySpan:
    """One end of a range, which must be a date that reads one way only."""
    found = _one(text)
    if len(found) > 1:
        raise DateFault("a date that reads two ways cannot end a range; write it as 1998-03-02")
    if not found:
        raise DateFault(f"takes {_FORMS} at each end of a range")
    return found[0]


def _next(day: int) -> int:
    return _number(_date(day), 1) if day < LAST_DAY else LAST_DAY


def _before(day: int) -> int:
    return _number(_date(day), -1) if day > 1_01_01 else FIRST_DAY


def _date(day: int) -> date:
    return date(day // 10_000, day // 100 % 100, day % 100)


def _number(day: date, days: int) -> int:
    moved = day + timedelta(days=days)
    return moved.year * 10_000 + moved.month * 100 + moved.day
