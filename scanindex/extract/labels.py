"""The words by which charts announce a value: label phrases, whose value it is, how strong.

A label is data here (phrase, field, rank, role), matching is below. Phrases are
compared as letters and digits only, so "D.O.B.", "DOB:" and "D O B" are one. One
OCR slip is forgiven in phrases of six letters or more, but only where the text is
set like a label (colon, number sign, or alone in its cell).
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from scanindex.extract.layout import Layout, Row, Token
from scanindex.extract.tables import read_table, words_of
from scanindex.model import Role

MAX_LABEL_WORDS = 7


class Field(enum.StrEnum):
    """What a label announces. STOP: something that no rule reads, but that ends a value."""

    MRN = "mrn"
    OUTSIDE_ID = "outside_id"
    ID = "id"
    NAME = "name"
    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    MIDDLE_NAME = "middle_name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    AGE = "age"
    SSN = "ssn"
    PHONE = "phone"
    ADDRESS = "address"
    CITY = "city"
    ACCOUNT = "account"
    SERVICE_DATE = "service_date"
    OTHER_DATE = "other_date"
    PROVIDER = "provider"
    FACILITY = "facility"
    PERSON = "person"
    """A relative, witness or payer; the name after it is not the patient's."""
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    field: Field
    role: Role = Role.UNKNOWN
    detail: str = ""
    """Sub-rule: "visit", "admission", "author" ...; ends up in the rule's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A label on the page: row number, first token, token after its last."""

    label: Label
    row_no: int
    start: int
    end: int
    is_marked: bool
    is_alone: bool
    """Nothing else stands in its cell."""
    is_exact: bool
    last_first: bool = False
    """The form says "(Last, First, MI)" behind it."""


def _index() -> Mapping[str, Label]:
    """Joined phrase -> label; the first entry of a phrase wins."""
    table: dict[str, Label] = {}
    for heading, phrases in read_table("labels"):
        field, role, detail = heading
        label = Label(field=Field(field), role=Role(role), detail="" if detail == "-" else detail)
        for phrase in phrases:
            table.setdefault(phrase.replace(" ", ""), label)
    return MappingProxyType(table)


LABELS = _index()
_FUZZY = tuple(p for p in LABELS if len(p) >= 6)
_ENDS = re.compile(r"[:;=]\W*$")
_STRICT = frozenset(
    {Field.MRN, Field.BIRTH_DATE, Field.ACCOUNT, Field.SSN, Field.SEX, Field.AGE, Field.SERVICE_DATE}
)
_NEEDS_MARK = words_of("label_habits", "needs_mark")
_HINTS = words_of("label_habits", "name_hint")


def find_labels(layout: Layout) -> tuple[Sighting, ...]:
    """Every label of the page, row by row, left to right, not overlapping."""
    return tuple(s for row_no, row in enumerate(layout.rows) for s in _row_labels(row_no, row))


def _row_labels(row_no: int, row: Row) -> list[Sighting]:
    starts = set(row.cell_starts())
    ends = sorted({*starts, len(row.tokens)} - {0})
    found: list[Sighting] = []
    i = 0
    while i < len(row.tokens):
        limit = next(e for e in ends if e > i)
        sighting = _at(row_no, row, i, limit, is_cell_start=i in starts)
        if sighting is None:
            i += 1
        else:
            found.append(_with_hints(row, sighting))
            i = found[-1].end
    return found


def _with_hints(row: Row, sighting: Sighting) -> Sighting:
    """A name label together with "(Last, First, MI)" printed behind it."""
    if sighting.label.field is not Field.NAME:
        return sighting
    end = sighting.end
    while end < len(row.tokens) and (row.tokens[end].key in _HINTS or not row.tokens[end].key):
        end += 1
    keys = [t.key for t in row.tokens[sighting.end : end]]
    if not any(k.startswith("LAST") for k in keys) or not any("FIRST" in k for k in keys):
        return sighting
    is_marked = sighting.is_marked or row.tokens[end - 1].is_marked
    is_alone = end in {*row.cell_starts(), len(row.tokens)}
    return dataclasses.replace(sighting, end=end, is_marked=is_marked, is_alone=is_alone, last_first=True)


def _at(row_no: int, row: Row, start: int, limit: int, *, is_cell_start: bool) -> Sighting | None:
    tokens = row.tokens
    if not tokens[start].key:
        return None
    for end in range(min(limit, start + MAX_LABEL_WORDS), start, -1):
        if not tokens[end - 1].key or any(_ENDS.search(t.text) for t in tokens[start : end - 1]):
            continue
        stop = _absorb_marks(tokens, end, limit)
        is_marked = tokens[end - 1].is_marked or stop > end
        is_alone = is_cell_start and stop == limit
        joined = _joined([t.text for t in tokens[start:stop]])
        label, is_exact = _lookup(joined, is_set_apart=is_marked or is_alone)
        if label is None:
            continue
        phrase = _Phrase(
            joined=joined,
            first=tokens[start],
            last=tokens[stop - 1],
            following=tokens[stop] if stop < limit else None,
            is_cell_start=is_cell_start,
            is_alone=is_alone,
        )
        if not is_marked and not _stands_unmarked(phrase, label):
            continue
        return Sighting(
            label=label,
            row_no=row_no,
            start=start,
            end=stop,
            is_marked=is_marked,
            is_alone=is_alone,
            is_exact=is_exact,
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrase:
    joined: str
    first: Token
    last: Token
    following: Token | None
    is_cell_start: bool
    is_alone: bool


def _stands_unmarked(phrase: _Phrase, label: Label) -> bool:
    """Whether a phrase without colon may be a label: strict kinds anywhere, others as headings of a box."""
    if not phrase.first.text[:1].isupper() or phrase.last.text.endswith(","):
        return False
    if phrase.joined == "DATE" and phrase.following is not None and phrase.following.key == "OF":
        return False
    if phrase.joined in _NEEDS_MARK:
        return phrase.is_alone and len(phrase.joined) > 3
    if phrase.is_alone or label.field in _STRICT:
        return True
    return phrase.is_cell_start and label.field is not Field.STOP


def _absorb_marks(tokens: tuple[Token, ...], end: int, limit: int) -> int:
    """Swallow lone ":" "#" "#:" words and a trailing "#" after the phrase."""
    while end < limit:
        text = tokens[end].text
        if text and not any(c.isalnum() for c in text) and any(c in ":#=" for c in text):
            end += 1
        else:
            break
    return end


def _joined(texts: list[str]) -> str:
    """Letters and digits; "#" counts as NO ("MR#" = "MR NO"), possessives lose their mark."""
    text = "".join(texts).upper()
    text = text.replace("N0.", "NO")
    out = "".join(filter(str.isalnum, text))
    if "#" in text and not out.endswith(("NO", "NUMBER", "NUM")):
        out += "NO"
    return out


@functools.lru_cache(maxsize=20_000)
def _lookup(joined: str, *, is_set_apart: bool) -> tuple[Label | None, bool]:
    if label := LABELS.get(joined):
        return label, True
    if joined.endswith("NO") and (label := LABELS.get(joined[:-2])):
        return label, True
    if not is_set_apart or not 6 <= len(joined) <= 32:
        return None, False
    hit = process.extractOne(
        joined, _FUZZY, scorer=DamerauLevenshtein.distance, score_cutoff=1 if len(joined) < 14 else 2
    )
    return (LABELS[hit[0]], False) if hit else (None, False)
