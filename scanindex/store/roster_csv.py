"""A hospital's CSV as a source of people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scanindex.model import Identifier
from scanindex.store.roster_columns import Layout, RawRow, column, layout_of
from scanindex.store.roster_columns import rows as raw_rows
from scanindex.store.roster_people import Habits, RowError, number_list, order_of, person_of, today
from scanindex.store.roster_source import Move, Note, SourceRow


class CsvSource:
    """`roster_source.Source`; the order of day and month is taken from the whole file."""

    unit = "line"
    is_full = True

    def __init__(self, path: Path, authority: str) -> None:
        """Raises RosterRejected."""
        self.path, self.authority = path, authority
        self.authorities = frozenset((authority,))
        self._layout = layout_of(path)
        self._habits, self._is_certain = _habits(path, self._layout, authority)

    def notes(self) -> Iterator[Note]:
        for number in self._layout.unknown:
            yield 0, "unknown_column", f"Column {number} is not used: its heading is not known."
        if not self._is_certain:
            words = "Birth dates use both orders of day and month; some will be wrong."
            yield 0, "date_order_mixed", words

    def rows(self) -> Iterator[SourceRow]:
        habits = self._habits
        for raw in raw_rows(self.path, self._layout):
            try:
                if raw.is_ragged:
                    raise RowError("row_ragged")
                person = person_of(raw.values, habits)
                if "merged_into" in raw.values:
                    yield self._merged(raw, SourceRow(raw.line_no, person), person.identifiers[0])
                else:
                    yield SourceRow(raw.line_no, person)
            except RowError as fault:
                yield SourceRow(raw.line_no, None, fault.code)

    def _merged(self, raw: RawRow, row: SourceRow, loser: Identifier) -> SourceRow:
        survivors = number_list(raw.values["merged_into"], loser.authority)
        if len(survivors) == 1 and survivors[0] != loser:
            return row._replace(moves=(Move(loser, survivors[0]),))
        return row._replace(warnings=("merge_unclear",))


def _habits(path: Path, layout: Layout, authority: str) -> tuple[Habits, bool]:
    texts: Iterator[str] = iter(())
    if "birth_date" in layout.columns:
        texts = column(path, layout, "birth_date")
    is_day_first, certain = order_of(texts)
    return Habits(is_day_first=is_day_first, authority=authority, today=today()), certain
