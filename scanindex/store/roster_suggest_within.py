"""The typeahead among the people of a list: whoever is not on it plays no part at all.

Made from the words of those on the list alone, never from the index of everybody: neither who is
found, nor what is cut off, nor how long it takes tells anything about others. Promises: every step
of a search (roster_suggest_query) finds here what it finds in the index, less strangers, without
caps of the database. Leaves out: who fits how well (roster_suggest_fit) and whose list it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

from sqlalchemy import Connection, bindparam, select

from scanindex.match import fold
from scanindex.model import PatientId
from scanindex.store.roster_suggest_terms import AllOf, Ask, Term
from scanindex.store.roster_tables import roster_patients, roster_terms

_MANY = 500
"""Values per IN list, well under every database's limit."""
_TERMS = (
    select(roster_terms.c.person_no, roster_terms.c.terms)
    .join(roster_patients, roster_patients.c.person_no == roster_terms.c.person_no)
    .where(roster_patients.c.patient_id.in_(bindparam("ids", expanding=True)))
)


class Listed:
    """The people of one list, as words."""

    def __init__(self, connection: Connection, patient_ids: Collection[PatientId]) -> None:
        ids = sorted(patient_ids)
        self._terms: list[tuple[str, int]] = []
        for start in range(0, len(ids), _MANY):
            rows = connection.execute(_TERMS, {"ids": ids[start : start + _MANY]})
            self._terms += [(terms, number) for number, terms in rows]
        # The last name comes first in them: so people stand in the order of the alphabet.
        self._terms.sort()

    def matching(self, ask: Ask, typed_first: str, most: int) -> Sequence[int]:
        """`person_no` of people whom the expression fits; those first whose last name begins as typed."""
        found = [(terms, number) for terms, number in self._terms if _fits(ask, terms)]
        found.sort(key=lambda one: not one[0].startswith(f" {typed_first}"))
        return [number for _, number in found[:most]]

    def sounding(self, key: str) -> Iterator[tuple[str, str]]:
        """Words of theirs whose sound begins so, with their whole sound."""
        return ((word, sound) for word, sound in self._sounds if sound.startswith(key))

    @cached_property
    def _sounds(self) -> list[tuple[str, str]]:
        words = {word for terms, _ in self._terms for word in terms.split() if _is_name(word)}
        return sorted((word, sound) for word in words if (sound := fold.sound_key(word)))


def _is_name(word: str) -> bool:
    """Dates are digits, pieces of numbers no letters (a private plane)."""
    return len(word) > 1 and word.isalpha()


def _fits(ask: Ask, terms: str) -> bool:
    if isinstance(ask, Term):
        return (f" {ask.text}" if ask.is_beginning else f" {ask.text} ") in terms
    parts = (_fits(part, terms) for part in ask.parts)
    return all(parts) if isinstance(ask, AllOf) else any(parts)
