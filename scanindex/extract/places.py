"""Where a label's value may stand: right of it, or below it in the same column or box.

The value ends at the next label. For a label that heads a box (alone in its cell,
no colon) the place below is tried first, for a marked one the place to the right.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanindex.extract.date_habits import USUAL_HABITS, DateHabits
from scanindex.extract.labels import Field, Sighting, find_labels
from scanindex.extract.layout import Layout, Row, Token

MAX_GAP_HEIGHTS = 14
"""A value may stand this many text heights right of its label (dotted or ruled lines)."""
MAX_DROP_HEIGHTS = 3.4
_BOX_NUMBER = re.compile(r"^\(?\d{1,2}[A-Za-z]?[.,)]$")
_CITY_PARTS = frozenset({"STATE", "ST", "ZIP", "ZIPCODE", "POSTALCODE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPage:
    layout: Layout = field(repr=False)
    by_row: dict[int, tuple[Sighting, ...]] = field(repr=False)
    habits: DateHabits = USUAL_HABITS

    @property
    def sightings(self) -> Iterator[Sighting]:
        for row_no in sorted(self.by_row):
            yield from self.by_row[row_no]

    def row(self, sighting: Sighting) -> Row:
        return self.layout.rows[sighting.row_no]

    def label_tokens(self, sighting: Sighting) -> tuple[Token, ...]:
        return self.row(sighting).tokens[sighting.start : sighting.end]

    def places(self, sighting: Sighting) -> Iterator[tuple[Token, ...]]:
        """Candidate value tokens, best place first."""
        right = self.right_of(sighting)
        below = self.below(sighting) if self._heads_column(sighting) else ()
        order = (below, right) if sighting.is_alone and not sighting.is_marked else (right, below)
        yield from (place for place in order if place)

    def _heads_column(self, sighting: Sighting) -> bool:
        """Opens its cell, or stands right behind another label; else it ends a longer heading."""
        starts, tokens = self.row(sighting).cell_starts(), self.row(sighting).tokens
        if sighting.start in starts:
            return True
        if sighting.start - 1 in starts and _BOX_NUMBER.match(tokens[sighting.start - 1].text):
            return True
        return any(s.end == sighting.start for s in self.by_row.get(sighting.row_no, ()))

    def right_span(self, sighting: Sighting) -> tuple[Token, ...]:
        """Everything between the label and the next one in its row, across cells."""
        row = self.row(sighting)
        following = [s.start for s in self.by_row.get(sighting.row_no, ()) if s.start >= sighting.end]
        return row.tokens[sighting.end : min(following, default=len(row.tokens))]

    def right_of(self, sighting: Sighting) -> tuple[Token, ...]:
        row = self.row(sighting)
        tokens = self.right_span(sighting)
        if not tokens:
            return ()
        widest = MAX_GAP_HEIGHTS * (1 if len(row.cells()) > 2 or not sighting.is_marked else 2)
        if tokens[0].left - row.tokens[sighting.end - 1].right > widest * row.height:
            return ()
        if _BOX_NUMBER.match(tokens[0].text) and tokens[1:] and tokens[1].key.isalpha():
            return ()  # "9. AGE   10. SEX": the next box's number
        return _first_cell(tokens, row.height)

    def below(self, sighting: Sighting) -> tuple[Token, ...]:
        """Words in the label's column on the nearest lower rows, unless a label stands there."""
        row = self.row(sighting)
        right = self._column_end(sighting)
        for row_no in range(sighting.row_no + 1, min(sighting.row_no + 4, len(self.layout.rows))):
            lower = self.layout.rows[row_no]
            if lower.middle - row.middle > self.reach_down(row, lower):
                return ()
            left = row.tokens[sighting.start].left - 1.5 * max(row.height, min(lower.height, 2 * row.height))
            inside = [i for i, t in enumerate(lower.tokens) if left <= t.left < right - 2]
            if not inside:
                continue
            labels = [s for s in self.by_row.get(row_no, ()) if s.start <= inside[-1] and s.end > inside[0]]
            if labels and labels[0].start <= inside[0]:
                return ()
            stop = min((s.start for s in labels), default=inside[-1] + 1)
            return _first_cell(lower.tokens[inside[0] : stop], lower.height)
        return ()

    def reach_down(self, row: Row, lower: Row) -> float:
        """How far under `row` a value may stand; forms set small captions over large entries."""
        print_height = max(row.height, self.layout.text_height, min(lower.height, 2 * row.height))
        return MAX_DROP_HEIGHTS * print_height

    def line_below(self, tokens: tuple[Token, ...], sighting: Sighting) -> tuple[Token, ...]:
        """The second line of an address: right under its first, or in boxes for city, state, code."""
        under = self._right_under(tokens, sighting)
        return under if any(t.key[:5].isdigit() for t in under) else self._city(sighting) or under

    def _right_under(self, tokens: tuple[Token, ...], sighting: Sighting) -> tuple[Token, ...]:
        for row_no in range(sighting.row_no + 1, min(sighting.row_no + 4, len(self.layout.rows))):
            lower = self.layout.rows[row_no]
            if lower.middle <= tokens[0].middle + 0.5 * tokens[0].height:
                continue
            labels = [s.start for s in self.by_row.get(row_no, ())]
            if lower.middle - tokens[0].middle > 2.5 * tokens[0].height or 0 in labels:
                return ()
            stop = min(labels, default=len(lower.tokens))
            near = tuple(t for t in lower.tokens[:stop] if t.left >= tokens[0].left - 2 * tokens[0].height)
            return _first_cell(near, lower.height)
        return ()

    def _city(self, sighting: Sighting) -> tuple[Token, ...]:
        """What stands in the boxes for city, state and postcode next after an address label."""
        following = [
            s
            for row_no in range(sighting.row_no, sighting.row_no + 3)
            for s in self.by_row.get(row_no, ())
            if row_no > sighting.row_no or s.start >= sighting.end
        ]
        places: list[Token] = []
        for label in following:
            is_city = label.label.field is Field.CITY
            keys = "".join(t.key for t in self.label_tokens(label))
            if label.label.field is sighting.label.field or (
                places and not is_city and keys not in _CITY_PARTS
            ):
                break
            if is_city or (places and keys in _CITY_PARTS):
                places += next(self.places(label), ())
        return tuple(places)

    def _column_end(self, sighting: Sighting) -> float:
        """Left edge of whatever stands right of the label in its row; page width if nothing."""
        row = self.row(sighting)
        if sighting.end >= len(row.tokens):
            return float("inf")
        return row.tokens[sighting.end].left if sighting.is_alone else float("inf")


def labelled_page(layout: Layout, habits: DateHabits = USUAL_HABITS) -> LabelledPage:
    by_row: dict[int, list[Sighting]] = {}
    for sighting in find_labels(layout):
        by_row.setdefault(sighting.row_no, []).append(sighting)
    return LabelledPage(layout=layout, by_row={n: tuple(s) for n, s in by_row.items()}, habits=habits)


def is_row_of(page: LabelledPage, row_no: int, fields: frozenset[Field]) -> bool:
    return any(s.label.field in fields for s in page.by_row.get(row_no, ()))


def _first_cell(tokens: tuple[Token, ...], height: float) -> tuple[Token, ...]:
    """Up to the first wide gap: other columns hold other things."""
    for i, (a, b) in enumerate(itertools.pairwise(tokens), 1):
        if b.left - a.right > 2.2 * height:
            return tokens[:i]
    return tokens
