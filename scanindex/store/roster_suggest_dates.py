"""Birth dates as clerks type them, whole or still being typed. Pure.

Promises: every reading is kept (both orders of day and month, both centuries, a year alone, a month
of a year, a day without a year, a year of which two digits stand there); none lies in the future.
Leaves out: dates on pages, which `match.dates` reads, and whether a number is a date at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER",
    "NOVEMBER", "DECEMBER",
)  # fmt: skip
_EARLIEST_YEAR = 1850
_LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_L, _R = r"(?<!\w)", r"(?!\w)"
_TH, _WORD, _Y = r"(?:ST|ND|RD|TH)?", r"(?P<w>[A-Z]{3,9})\.?", r"'?(?P<y>\d{4}|\d{0,3})"
_NAMED = tuple(
    re.compile(_L + pattern + _R)
    for pattern in (
        r"(?P<y>\d{4})[ .,/-]*" + _WORD + r"(?:[ .,/-]*(?P<d>\d{1,2})" + _TH + ")?",
        r"(?P<d>\d{1,2})" + _TH + r"[ ./-]*" + _WORD + r"(?:[ ,./-]*" + _Y + ")?",
        _WORD + r"[ ./-]*(?P<d>\d{1,2})" + _TH + r"(?:(?:, *|[ ./-]+)" + _Y + ")?",
        _WORD + r"[ ,./-]*'?(?P<y>\d{3,4})",
    )
)
_ISO = re.compile(_L + r"(?P<y>\d{4})[/.-](?P<m>\d{1,2})(?:[/.-](?P<d>\d{0,2}))?" + _R)
_MONTH_YEAR = re.compile(_L + r"(?P<m>\d{1,2})[/.-](?P<y>\d{4})" + _R)
_NUMERIC = re.compile(_L + r"(?P<a>\d{1,2})(?P<s>[/.-])(?P<b>\d{1,2})?(?:(?P=s)(?P<y>\d{0,4}))?(?![\w/.-])")
_SPACED = re.compile(_L + r"(?P<a>\d{1,2}) (?P<b>\d{1,2}) (?P<y>\d{4}|\d{2})" + _R)


@dataclass(frozen=True, slots=True)
class Birth:
    """What is known of a day: digits from the left of its year, and of its month and day."""

    year: str = ""
    """ "", "1931", or its beginning "193"."""
    month_day: str = ""
    """ "", "0709", or its beginning: "07" is July."""

    @property
    def is_whole(self) -> bool:
        return len(self.year) == 4 and len(self.month_day) == 4


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """A date among other things typed: where it stands and what it may mean."""

    start: int
    end: int
    births: tuple[Birth, ...]


def phrases_in(line: str, this_year: int) -> Iterator[DatePhrase]:
    """Dates of more than one word or with separators in an upper-case line; they may overlap."""
    for pattern in _NAMED:
        for match in pattern.finditer(line):
            month = _month(match["w"])
            if month and (births := _unique(_named(month, match.groupdict(), this_year))):
                yield DatePhrase(*match.span(), births)
    for pattern in (_ISO, _MONTH_YEAR, _NUMERIC, _SPACED):
        for match in pattern.finditer(line):
            if births := _unique(_numeric(match, this_year)):
                yield DatePhrase(*match.span(), births)


def births_of(digits: str, this_year: int) -> tuple[Birth, ...]:
    """What a row of digits may mean as a date or its beginning: 070931, 19310709, 0709, 1931, 31."""
    size = len(digits)
    if size > 8:
        return ()
    found: list[Birth] = []
    if size <= 4:
        found += [Birth(year) for year in _years(digits, this_year)]
        found += [Birth("", part) for part in _beginnings(digits)]
    if size >= 4:
        rest = _years(digits[4:], this_year) if size > 4 else [""]
        found += [Birth(year, part) for part in _orders(digits[:2], digits[2:4]) for year in rest]
    if size >= 5:
        found += [
            Birth(year, part) for year in _full(digits[:4], this_year) for part in _beginnings(digits[4:])
        ]
    if size == 6:
        found += [Birth(y, digits[:2]) for y in _full(digits[2:], this_year) if _is_month(digits[:2])]
        found += [
            Birth(y, part)
            for y in _years(digits[:2], this_year)
            if len(y) == 4
            for part in _beginnings(digits[2:])
        ]
    return _unique(found)


def _named(month: str, groups: dict[str, str | None], this_year: int) -> Iterator[Birth]:
    day, year = groups.get("d") or "", groups.get("y") or ""
    years = _years(year, this_year) if year else [""]
    if not day:
        yield from (Birth(y, month) for y in years)
        return
    if _is_day(month, day):
        yield from (Birth(y, month + day.zfill(2)) for y in years)
    if not year and len(day) == 2:  # "JUL 31" is a day, or a year
        yield from (Birth(y, month) for y in _years(day, this_year) if len(y) == 4)


def _numeric(match: re.Match[str], this_year: int) -> Iterator[Birth]:
    groups = match.groupdict()
    year = groups.get("y") or ""
    years = _years(year, this_year) if year else [""]
    if match.re is _ISO:
        month, day = match["m"], match["d"] or ""
        typed = month.zfill(2) + day if match["d"] is not None else month
        if match["d"] is None or not day:
            parts = [month.zfill(2)] if _is_month(month) else _beginnings(typed)
        else:
            parts = _beginnings(typed) + ([month.zfill(2) + day.zfill(2)] if _is_day(month, day) else [])
        yield from (Birth(y, part) for y in years for part in parts if len(y) == 4)
    elif match.re is _MONTH_YEAR:
        yield from (Birth(y, match["m"].zfill(2)) for y in years if _is_month(match["m"]))
    else:
        first, second = match["a"], match["b"] or ""
        parts = _orders(first, second) if second else [first.zfill(2)] * _is_month(first)
        if second and groups.get("y") is None and len(second) == 1 and _is_month(first):
            parts += [first.zfill(2) + second]  # the day is still being typed
        yield from (Birth(y, part) for part in parts for y in years)
        if second and len(second) == 2 and groups.get("y") is None and _is_month(first):
            yield from (Birth(y, first.zfill(2)) for y in _years(second, this_year) if len(y) == 4)


def _orders(first: str, second: str) -> list[str]:
    """Month and day, the US order first."""
    pairs = [(first, second), (second, first)]
    return list(dict.fromkeys(m.zfill(2) + d.zfill(2) for m, d in pairs if _is_day(m, d)))


def _beginnings(digits: str) -> list[str]:
    """The digits as the beginning of MMDD, if one begins so."""
    if not digits or len(digits) > 4:
        return []
    if len(digits) == 1:
        return [digits] if digits in "01" else []
    if not _is_month(digits[:2]):
        return []
    if len(digits) == 4:
        return [digits] if _is_day(digits[:2], digits[2:]) else []
    return [digits] if len(digits) == 2 or digits[2] in "0123" else []


def _years(text: str, this_year: int) -> list[str]:
    """Years, or beginnings of years, that the digits may stand for."""
    if len(text) == 4:
        return _full(text, this_year)
    found = [text] if text in ("1", "2") or text[:2] in ("18", "19", "20") else []
    if len(text) == 2:
        found = [y for c in ("19", "20") for y in _full(c + text, this_year)] + found
    elif len(text) == 1:
        found += [c + text for c in ("19", "20") if int(c + text + "0") <= this_year]
    return found


def _full(text: str, this_year: int) -> list[str]:
    return [text] if len(text) == 4 and _EARLIEST_YEAR <= int(text) <= this_year else []


def _is_month(text: str) -> bool:
    return 1 <= int(text) <= 12


def _is_day(month: str, day: str) -> bool:
    return _is_month(month) and 1 <= int(day) <= _LAST_DAYS[int(month) - 1]


def _month(word: str) -> str | None:
    """ "07" for JUL, JULY; None for JULIA."""
    for number, name in enumerate(_MONTHS, start=1):
        if name.startswith("SEP" if word == "SEPT" else word):
            return f"{number:02d}"
    return None


def _unique(births: Iterator[Birth] | list[Birth]) -> tuple[Birth, ...]:
    return tuple(dict.fromkeys(births))
