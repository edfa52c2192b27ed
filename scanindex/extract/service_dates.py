"""Dates of care on one page: by label, by caption, or standing alone like a letter's date.

Birth, print, fax, receipt, expiry, due, next-visit and form dates never count. How much
a date is worth is in its finding's rule, for `fields` to rank: "label.service_date.visit"
(a known label), "caption..." (words that say so), "bare..." (no words). Where the order
of day and month stays open both readings are given, under "....either_order"; where a
label's date cannot be read at all, "unread..." with an empty value says so.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scanindex.extract.date_captions import NEVER, caption_of
from scanindex.extract.date_habits import DateHabits, DayOrder, OrderEvidence, order_of
from scanindex.extract.date_repair import CareDate, care_date
from scanindex.extract.dates import DateSpan, find_dates, labelled_date, service_readings
from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import Field, Sighting
from scanindex.extract.layout import Layout, Row, Token
from scanindex.extract.places import LabelledPage
from scanindex.extract.values import covering, read_date, text_of
from scanindex.model import Finding, FindingKind, Role

EITHER_ORDER = "either_order"
_EITHER_ORDER_FACTOR = 0.5
_NOT_OF_CARE = frozenset({Field.BIRTH_DATE, Field.OTHER_DATE})
_WEAK = frozenset({"dictated", "admission", "ordered"})
_EVENTS = frozenset({"visit", "discharge"})
_TOP, _STAMP, _EDGE = 0.4, 0.15, 0.045
"""Shares of the page's height: letter dates, machine stamps, and what a fax prints on the edge."""
_CLEAR = 0.85
"""Confidence from which one date alone tells the order of the others."""
_MACHINE_LINE = re.compile(
    r"\b(?:FAX|FROM|TO|VIA|PRINT(?:ED)?|RUN|PAGE|PG|P)\b[:.\s]|\bP\.?\s?\d", re.IGNORECASE
)
_TIME = re.compile(
    r"\b(?:AT\s*)?\d{1,2}:?\d{2}(?::\d{2})?\s*(?:[AP]\.?M\.?)?|\bHRS?\b|\bHOURS\b", re.IGNORECASE
)
_TIME_ONLY = re.compile(r"^\W*\d{1,2}:?\d{2}(?::\d{2})?\s*(?:[AP]\.?\s?M\.?|HRS?|HOURS)?\W*$", re.IGNORECASE)
_DIGITLIKE = re.compile(r"[\dOolI|SZB]")
_SEX = frozenset({"F", "M", "MALE", "FEMALE", "YRS", "YR", "YO"})


@dataclass(frozen=True, slots=True)
class _Place:
    """A date that stands on the page: row, tokens first..last (exclusive), the date itself."""

    row_no: int
    first: int
    last: int
    span: DateSpan


def service_dates(page: LabelledPage, evidence: Evidence, birth: str | None = None) -> tuple[Finding, ...]:
    """Dates of care, best kind of evidence first; bare ones only where nothing better stands."""
    reader = _Reader(page, evidence, birth)
    labelled = tuple(reader.labelled())
    captioned = tuple(reader.captioned())
    rows = [f for f in (*labelled, *captioned) if rank_of(f) not in _WEAK and f.value]
    if rows or reader.has_empty_event():
        return (*labelled, *captioned)
    return (*labelled, *captioned, *reader.bare())


def habits_on(layout: Layout, received: dt.date, site: DayOrder) -> DateHabits:
    """How this page writes its dates, from those that can be read in one way only."""
    evidence: list[OrderEvidence] = []
    named: set[str] = set()
    for row in layout.rows:
        for span in find_dates(row.text):
            if span.is_repaired or span.is_either_order or span.day is None:
                continue
            named |= {r for century in (0, 1900, 2000) if (r := span.iso(century))}
            if span.is_numeric and span.month != span.day:
                words = [t.word for t in covering(row.tokens, span.start, span.end)]
                is_clear = all(w.confidence is None or w.confidence >= _CLEAR for w in words)
                is_agreed = all(w.second_text is None or w.second_text == w.text for w in words)
                evidence.append(
                    OrderEvidence(
                        day=f"{span.year}-{span.month}-{span.day}",
                        is_day_first=span.is_day_first,
                        is_clear=is_clear and is_agreed,
                    )
                )
    return DateHabits(order=order_of(evidence, site), received=received, named_days=frozenset(named))


def rank_of(finding: Finding) -> str:
    """ "visit", "date", "alone" ... of a date's rule, whatever else the rule says."""
    parts = finding.rule.rsplit("/", 1)[0].split(".")
    return parts[2] if len(parts) > 2 else ""


class _Reader:
    """One page's dates; remembers which words a label has spoken for."""

    def __init__(self, page: LabelledPage, evidence: Evidence, birth: str | None) -> None:
        self._page, self._evidence, self._birth = page, evidence, birth
        self._spoken: set[int] = set()
        for sighting in page.sightings:
            if sighting.label.field in _NOT_OF_CARE:
                value = next((v for p in page.places(sighting) if (v := read_date(p))), None)
                self._spoken |= {id(t.word) for t in value.tokens} if value else set()
        self._places = tuple(self._find_places())

    # --- by label ---------------------------------------------------------------------
    def labelled(self) -> Iterator[Finding]:
        for sighting in self._page.sightings:
            if sighting.label.field is Field.SERVICE_DATE:
                yield from self._behind(sighting)

    def _behind(self, sighting: Sighting) -> Iterator[Finding]:
        rank = sighting.label.detail
        for place in self._page.places(sighting):
            tokens = _from_first_word(place)
            found = care_date(text_of(tokens))
            used = covering(tokens, found.start.start, found.start.end) if found else ()
            if found is None or not used or any(id(t.word) in self._spoken for t in used):
                continue
            if found.start.month is None and not (sighting.is_exact and len(tokens) == 1):
                continue  # a year alone is a date only where nothing else stands there
            if rank == "date" and self._heads_list(sighting, used):
                rank = "entry"
            self._spoken |= {id(t.word) for t in used}
            yield from self._findings(found, used, f"label.service_date.{rank}", Role.PATIENT)
            return
        if rank in _EVENTS and sighting.is_exact and (sighting.is_marked or sighting.is_alone):
            yield from self._unread(sighting)

    def _unread(self, sighting: Sighting) -> Iterator[Finding]:
        tokens = next(self._page.places(sighting), ())[:4]
        text = text_of(tokens)
        if len(_DIGITLIKE.findall(text)) < 3 or not any(c.isdigit() for c in text) or _TIME_ONLY.match(text):
            return
        yield self._finding("", text, tokens, f"unread.service_date.{sighting.label.detail}", Role.UNKNOWN)

    def _heads_list(self, sighting: Sighting, used: Sequence[Token]) -> bool:
        """Whether under the date in its column stands another: entries, not the date of the page."""
        label = self._page.label_tokens(sighting)[0]
        if used[0].top < label.bottom:
            return False
        days = {
            p.span.iso()
            for p in self._places
            if (t := self._page.layout.rows[p.row_no].tokens[p.first]).top >= used[0].top
            and abs(t.left - used[0].left) < 3 * t.height
        }
        return len(days) > 1

    # --- by caption -------------------------------------------------------------------
    def captioned(self) -> Iterator[Finding]:
        for place in (*self._places, *self._boxed_places()):
            row = self._page.layout.rows[place.row_no]
            tokens = row.tokens[place.first : place.last]
            if self._is_spoken(tokens):
                continue
            kind = caption_of(self._page, place.row_no, place.first, place.last)
            if kind is None:
                continue
            self._spoken |= {id(t.word) for t in tokens}
            if kind == NEVER or _is_machine_line(row, self._page):
                continue
            rank = "admission" if kind == "stay" else kind
            found = care_date(text_of(row.tokens[place.first :])) or CareDate(start=place.span)
            yield from self._findings(found, tokens, f"caption.service_date.{rank}", Role.UNKNOWN, factor=0.9)

    def has_empty_event(self) -> bool:
        """A form asks for the day of the event and nobody filled it in: other dates are others."""
        return any(
            s.label.field is Field.SERVICE_DATE
            and s.label.detail == "visit"
            and s.is_exact
            and s.is_marked
            and not any(t.key for place in self._page.places(s) for t in place)
            for s in self._page.sightings
        )

    # --- without words ----------------------------------------------------------------
    def bare(self) -> Iterator[Finding]:
        """Alone in a cell near the top, ending a stamp, or opening a line of notes."""
        for place in self._places:
            row = self._page.layout.rows[place.row_no]
            if self._is_spoken(row.tokens[place.first : place.last]) or self._is_unlikely(place, row):
                continue
            how = self._stands(place, row)
            if how is None:
                continue
            yield from (
                f
                for f in self._findings(
                    CareDate(start=place.span),
                    row.tokens[place.first : place.last],
                    f"bare.service_date.{how}",
                    Role.UNKNOWN,
                    factor=0.5 if how == "entry" else 0.6,
                )
                if len(f.value) == 10
            )

    def _stands(self, place: _Place, row: Row) -> str | None:
        """ "alone", "entry", or None for a date in the middle of something."""
        starts = (*row.cell_starts(), len(row.tokens))
        cell_end = next(s for s in starts if s > place.first)
        before = row.tokens[max(s for s in starts if s <= place.first) : place.first]
        rest = _TIME.sub("", text_of(row.tokens[place.last : cell_end]))
        is_alone = not any(c.isalnum() for c in rest)
        has_others = len([p for p in self._places if p.row_no == place.row_no and p.first < cell_end]) > 1
        at = row.middle / max(1, self._page.layout.height_px)
        if has_others or place.span.is_repaired:
            return None
        if not any(t.key for t in before):
            if is_alone:
                return "alone" if at < _TOP else None
            return "entry" if not any(t.key for t in row.tokens[: place.first]) else None
        has_time = bool(_TIME.search(text_of(row.tokens[place.last : cell_end])))
        is_stamp = is_alone and has_time and at < _STAMP and before[-1].key.isdigit()
        return "alone" if is_stamp else None

    def _is_unlikely(self, place: _Place, row: Row) -> bool:
        """In a row or under a label of other dates, in a machine's line, beside a sex, or long ago."""
        if any(s.label.field in _NOT_OF_CARE for s in self._page.by_row.get(place.row_no, ())):
            return True
        beside = row.tokens[place.last].key if place.last < len(row.tokens) else ""
        return (
            beside in _SEX
            or _is_machine_line(row, self._page)
            or _is_under_other(self._page, place.row_no, row.tokens[place.first])
            or self._is_long_before_others(place)
        )

    def _is_long_before_others(self, place: _Place) -> bool:
        """Years before other days on the page: somebody's birth, or history."""
        mine = max(service_readings(place.span, self._birth, self._page.habits), default="")
        others = (
            r for p in self._places for r in service_readings(p.span, self._birth, self._page.habits)[:1]
        )
        return bool(mine) and any(int(o[:4]) - int(mine[:4]) > 2 for o in others)

    # --- common -----------------------------------------------------------------------
    def _find_places(self) -> Iterator[_Place]:
        for row_no, row in enumerate(self._page.layout.rows):
            for span in find_dates(row.text):
                used = covering(row.tokens, span.start, span.end)
                if used:
                    first = next(i for i, t in enumerate(row.tokens) if t is used[0])
                    yield _Place(row_no, first, first + len(used), span)

    def _boxed_places(self) -> Iterator[_Place]:
        """ "10 07 84" opening a cell, as forms with a box per number hold them."""
        for row_no, row in enumerate(self._page.layout.rows):
            for start in row.cell_starts():
                tokens = row.tokens[start : start + 3]
                span = labelled_date(text_of(tokens)) if all(t.text.isdigit() for t in tokens) else None
                if span is not None and span.is_numeric and span.end >= len(text_of(tokens)):
                    yield _Place(row_no, start, start + len(tokens), span)

    def _is_spoken(self, tokens: Sequence[Token]) -> bool:
        return any(id(t.word) in self._spoken for t in tokens)

    def _findings(
        self, found: CareDate, tokens: Sequence[Token], rule: str, role: Role, factor: float = 1.0
    ) -> Iterator[Finding]:
        days = service_readings(found.start, self._birth, self._page.habits)
        is_open = len(days) > 1
        for day in days:
            yield self._finding(
                day,
                found.start.raw.strip(),
                tokens,
                f"{rule}.{EITHER_ORDER}" if is_open else rule,
                role,
                factor * (_EITHER_ORDER_FACTOR if is_open else 1.0),
                found.start.is_repaired,
            )
        ends = service_readings(found.end, self._birth, self._page.habits) if found.end else ()
        if len(days) == 1 and len(ends) == 1 and ends[0] >= days[0]:
            yield self._finding(ends[0], text_of(tokens), tokens, "range.service_date.end", role, factor)

    def _finding(
        self,
        value: str,
        raw: str,
        tokens: Sequence[Token],
        rule: str,
        role: Role,
        factor: float = 1.0,
        is_repaired: bool = False,
    ) -> Finding:
        return self._evidence.finding(
            FindingKind.SERVICE_DATE,
            raw=raw,
            value=value,
            tokens=tokens,
            rule=rule,
            role=role,
            factor=factor,
            is_repaired=is_repaired,
        )


def _from_first_word(tokens: Sequence[Token]) -> Sequence[Token]:
    return tokens[next((i for i, t in enumerate(tokens) if t.key), len(tokens)) :]


def _is_machine_line(row: Row, page: LabelledPage) -> bool:
    """The line a fax or a printer sets on the edge of the paper, with its own date."""
    at = row.middle / max(1, page.layout.height_px)
    if not (at < _EDGE or at > 1 - _EDGE):
        return False
    return bool(_MACHINE_LINE.search(row.text))


def _is_under_other(page: LabelledPage, row_no: int, token: Token) -> bool:
    """Whether a label above says that this date is no date of care (birth, due, print)."""
    for above in range(max(0, row_no - 2), row_no):
        for sighting in page.by_row.get(above, ()):
            if sighting.label.field in _NOT_OF_CARE:
                label = page.label_tokens(sighting)
                slack = 3 * label[0].height
                if label[0].left - slack < token.left < label[-1].right + slack:
                    return True
    return False
