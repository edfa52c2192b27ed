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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from scanindex.extract.layout import Layout, Row, Token
from scanindex.extract.second import texts_as_seen
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
_LOOK_ALIKE = str.maketrans("0QD8651L2", "OOOBGSIIZ")
_NUMBER_ENDS = ("NUMBER", "NMBR", "NUM", "NBR", "NO")
_LONG_NUMBER = re.compile(r"^\W{0,2}\d(?:[\d/.-]{4,})$")
_LONG = 8
"""A phrase this long is forgiven a slip also where only a value behind it shows it to be a label."""


def _fold(joined: str) -> str:
    return joined.translate(_LOOK_ALIKE)


def _folded() -> Mapping[str, Label]:
    """Short phrases by their shapes ("D08" is "DOB"), where only one label has that shape."""
    table: dict[str, set[Label]] = {}
    for phrase, label in LABELS.items():
        if len(phrase) >= 3:
            table.setdefault(_fold(phrase), set()).add(label)
    return MappingProxyType({shape: labels.pop() for shape, labels in table.items() if len(labels) == 1})


_FOLDED = _folded()
_ENDS = re.compile(r"[:;=]\W*$")
STRICT = frozenset(
    {Field.MRN, Field.BIRTH_DATE, Field.ACCOUNT, Field.SSN, Field.SEX, Field.AGE, Field.SERVICE_DATE}
)
_NEEDS_MARK = words_of("label_habits", "needs_mark")
_HINTS = words_of("label_habits", "hint")


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
        cell = max(start for start in starts if start <= i)
        is_cell_start = all(_is_box_number(t) for t in row.tokens[cell:i])
        sighting = _at(row_no, row, i, limit, is_cell_start=is_cell_start)
        if sighting is None:
            i += 1
        else:
            # The box's number is part of its label: the value stands under both.
            found.append(dataclasses.replace(sighting, start=cell) if is_cell_start else sighting)
            i = sighting.end
    return found


def _is_box_number(token: Token) -> bool:
    """Forms number their boxes ("1a.", "(2)"); the label stands behind that."""
    return (
        not token.key
        or bool(re.fullmatch(r"\d{1,2}[A-Z]?|[A-Z]", token.key) and re.search(r"[.)]$", token.text))
        or (token.key.isdigit() and len(token.key) <= 2)
    )


def _at(row_no: int, row: Row, start: int, limit: int, *, is_cell_start: bool) -> Sighting | None:
    tokens = row.tokens
    if not tokens[start].key:
        return None
    for end in range(min(limit, start + MAX_LABEL_WORDS), start, -1):
        if not tokens[end - 1].key or any(_ENDS.search(t.text) for t in tokens[start : end - 1]):
            continue
        phrase = _phrase(tokens, start, end, limit, is_cell_start=is_cell_start)
        label, is_exact = _named(phrase)
        if label is None or not (phrase.is_marked or _stands_unmarked(phrase, label)):
            continue
        is_last_first, end = _name_hints(tokens, phrase) if label.field is Field.NAME else (False, phrase.end)
        return Sighting(
            label=label,
            row_no=row_no,
            start=start,
            end=end,
            is_marked=phrase.is_marked or tokens[end - 1].is_marked,
            is_alone=is_cell_start and end == limit,
            is_exact=is_exact,
            last_first=is_last_first,
        )
    return None


def _phrase(tokens: tuple[Token, ...], start: int, end: int, limit: int, *, is_cell_start: bool) -> _Phrase:
    """The words start..end with what belongs to them: marks, and hints in brackets."""
    marked = _absorb_marks(tokens, end, limit)
    stop = _absorb_hints(tokens, marked, limit)
    return _Phrase(
        tokens=tokens[start:marked],
        end=stop,
        following=tokens[stop] if stop < limit else None,
        is_cell_start=is_cell_start,
        is_marked=tokens[end - 1].is_marked or marked > end or (stop > marked and tokens[stop - 1].is_marked),
        is_alone=is_cell_start and stop == limit,
        is_hinted=stop > marked,
    )


def _absorb_hints(tokens: tuple[Token, ...], end: int, limit: int) -> int:
    """Past "(mm/dd/yyyy)", "(Last, First, MI)", "(last four)" behind a label; `end` where none stands."""
    if end >= limit or not tokens[end].text.startswith(("(", "[")):
        return end
    keys: list[str] = []
    specks = 0
    for stop in range(end, min(limit, end + 8)):
        key = tokens[stop].key
        specks += bool(key) and key not in _HINTS
        if specks and ((len(key) > 2 and key not in _HINTS) or specks > 1 or any(c.isdigit() for c in key)):
            return end
        keys.append(key)
        if any(c in tokens[stop].text for c in ")]"):
            return stop + 1 if max(map(len, keys)) > 1 else end
    return end


def _name_hints(tokens: tuple[Token, ...], phrase: _Phrase) -> tuple[bool, int]:
    """Whether the form asks for the last name first, and the end of what says so."""
    start = next(i for i, t in enumerate(tokens) if t is phrase.tokens[0]) + len(phrase.tokens)
    end = start
    while end < len(tokens) and (tokens[end].key in _HINTS or not tokens[end].key):
        end += 1
    keys = [t.key for t in tokens[start:end]]
    if any(k.startswith("LAST") for k in keys) and any("FIRST" in k for k in keys):
        first = min(i for i, k in enumerate(keys) if "FIRST" in k)
        return any(k.startswith("LAST") for k in keys[: first + 1]), max(end, phrase.end)
    return False, phrase.end


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrase:
    tokens: tuple[Token, ...] = field(repr=False)
    end: int
    """Index behind its last token, hints included."""
    following: Token | None = field(repr=False)
    is_cell_start: bool
    is_marked: bool
    is_alone: bool
    is_hinted: bool

    @property
    def joined(self) -> str:
        return _joined([t.text for t in self.tokens])

    @property
    def is_set_apart(self) -> bool:
        """Set like a label, so that a slip in it may be forgiven."""
        if self.is_marked or self.is_alone or self.is_hinted:
            return True
        if not self.is_cell_start or self.following is None:
            return False
        length, value = len(self.joined), self.following.text
        return (length >= _LONG and any(c.isdigit() for c in value)) or (
            length > _LONG and value[:1].isupper() and self.tokens[0].text[:1].isupper()
        )


def _named(phrase: _Phrase) -> tuple[Label | None, bool]:
    """The label these words spell, for the second reader if not for the first; and whether exactly."""
    label, is_exact = _lookup(phrase.joined, is_set_apart=phrase.is_set_apart)
    if label is not None and not is_exact and _holds_label(phrase):
        return None, False
    if label is not None:
        return label, is_exact
    seen = _joined(texts_as_seen(phrase.tokens))
    if len(seen) >= 3 and seen not in _NEEDS_MARK:
        label, _ = _lookup(seen, is_set_apart=phrase.is_set_apart)
    return label, False


def _holds_label(phrase: _Phrase) -> bool:
    """Whether the slip is only a neighbour's word: the "A" of "QUILL, NORA A  Hospital No:"."""
    texts = [t.text for t in phrase.tokens]
    parts = [texts[1:]] if len(phrase.tokens[0].key) <= 2 else []
    parts += [texts[:-1]] if len(phrase.tokens[-1].key) <= 2 else []
    return any(_lookup(_joined(part), is_set_apart=False)[1] for part in parts)


def _stands_unmarked(phrase: _Phrase, label: Label) -> bool:
    """Whether a phrase without colon may be a label: strict kinds anywhere, others as headings of a box."""
    first, last, joined = phrase.tokens[0], phrase.tokens[-1], phrase.joined
    if not (first.text[:1].isupper() or first.text[:1].isdigit()) or last.text.endswith(","):
        return False
    if joined == "DATE" and phrase.following is not None and phrase.following.key == "OF":
        return False
    if joined in _NEEDS_MARK:
        value = phrase.following.text if phrase.following is not None else ""
        is_number = phrase.is_cell_start and label.field in STRICT and bool(_LONG_NUMBER.match(value))
        return is_number or (phrase.is_alone and len(joined) > 3)
    if phrase.is_alone or label.field in STRICT:
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
    for text in dict.fromkeys((joined, *_number_forms(joined))):
        if label := LABELS.get(text):
            return label, True
    if not is_set_apart:
        return None, False
    if folded := _FOLDED.get(_fold(joined)):
        # Digits alone are a value, but for the usual misreading of DOB.
        return (folded, False) if not joined.isdigit() or folded.field is Field.BIRTH_DATE else (None, False)
    if not 6 <= len(joined) <= 32:
        return None, False
    hit = process.extractOne(
        joined, _FUZZY, scorer=DamerauLevenshtein.distance, score_cutoff=1 if len(joined) < 14 else 2
    )
    if hit is None or (hit[0].endswith("NO") and len(joined) < len(hit[0]) - 1):
        return None, False  # a title, "PATIENT REGISTRATION", and not its number
    return LABELS[hit[0]], False


def _number_forms(joined: str) -> Iterator[str]:
    """ "UNIT NBR", "UNIT NUM" and "UNIT NUMBER" are "UNIT NO", which may also be just "UNIT"."""
    stem = next((joined[: -len(end)] for end in _NUMBER_ENDS if joined.endswith(end)), "")
    if len(stem) >= 2:
        yield f"{stem}NO"
        yield stem
