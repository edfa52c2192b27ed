"""Whether a query is just words, and which of them may mean a person.

So that one box can offer patients before documents: a number as an MRN is written,
a whole date as a birth date, words that may be a name. It proposes only: the roster
decides whether there is such a person. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scanindex.index import expand, query, query_dates
from scanindex.index.spans import DaySpan

MOST_NAME_WORDS = 5
_MRN = re.compile(r"[a-z]{0,4}\d{4,}[a-z]?")
_MOST_MRN_CHARACTERS = 20
_YEARS = range(1850, 2101)
_NAME = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*[.,]?")
_NO_NAMES = frozenset(
    (
        *("the", "and", "of", "to", "in", "for", "with", "without", "on", "at", "from", "no", "not", "is"),
        *("was", "are", "were", "has", "had", "have", "this", "that", "left", "right", "bilateral"),
        *("report", "note", "notes", "pain", "history", "patient", "page", "date"),
    )
)
"""Never names, so that lines with them are not taken for one."""
_MOST_DATE_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainDate:
    """`days`: what it may mean, single days only; two-digit years in both centuries."""

    text: str
    days: tuple[DaySpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainLine:
    """The words of a line without operators or fields, sorted by what they look like."""

    words: tuple[str, ...]
    """All of them, as typed, in order."""
    numbers: tuple[str, ...]
    """Those written as an MRN may be; one of eight digits may be among the dates, too."""
    dates: tuple[PlainDate, ...]
    names: tuple[str, ...]
    """Those that may be (part of) a name."""
    others: tuple[str, ...]
    """Those that can be none of these."""

    @property
    def may_be_patient(self) -> bool:
        """Every word can belong to one person: worth asking the roster before the documents."""
        return not self.others and len(self.names) <= MOST_NAME_WORDS


def plain(node: query.Node) -> PlainLine | None:
    """None where the query has more than words: operators, quotes, stars, fields."""
    nodes = node.wanted if isinstance(node, query.Both) and not node.unwanted else (node,)
    words = [n.text for n in nodes if isinstance(n, query.Word)]
    if len(words) != len(nodes):
        return None
    dates, rest = _dates(words)
    names = tuple(word for word in rest if _is_name(word))
    return PlainLine(
        words=tuple(words),
        numbers=tuple(word for word in words if _is_number(word) and (word in rest or word.isdigit())),
        dates=tuple(dates),
        names=names,
        others=tuple(word for word in rest if word not in names and not _is_number(word)),
    )


def _dates(words: list[str]) -> tuple[list[PlainDate], list[str]]:
    """Whole dates, also of several words ("12 mar 1931"), and the other words."""
    dates: list[PlainDate] = []
    rest: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(_MOST_DATE_WORDS, len(words) - at), 0, -1):
            text = " ".join(words[at : at + size])
            if days := query_dates.readings(text):
                dates.append(PlainDate(text=text, days=days))
                at += size
                break
        else:
            rest.append(words[at])
            at += 1
    return dates, rest


def _is_name(word: str) -> bool:
    return bool(_NAME.fullmatch(word)) and expand.fold(word) not in _NO_NAMES


def _is_number(word: str) -> bool:
    key = expand.joined(word)
    if not key.isascii() or len(key) > _MOST_MRN_CHARACTERS or not _MRN.fullmatch(key):
        return False
    return not (len(key) == 4 and key.isdigit() and int(key) in _YEARS)
