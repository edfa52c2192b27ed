"""What an import takes in, whoever wrote it: people one by one, and where numbers moved to.

A source knows its format and nothing of the roster; the rules of importing (roster_taking) know
the roster and nothing of formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

from scanindex.model import Identifier, Patient

Note = tuple[int, str, str]
"""(place in the file, or 0 for the whole file; code; plain words)."""


class Move(NamedTuple):
    """Where a number stands from now on: within another record, or (both the same) for itself again."""

    number: Identifier
    into: Identifier


class SourceRow(NamedTuple):
    """One row, entry or message."""

    line_no: int
    """Where it stands; see `Source.unit`."""
    person: Patient | None = None
    """With an empty patient id; the first identifier is the number it is known by."""
    fault: str = ""
    """Code of `roster_people.MESSAGES`: why nothing of it can be taken."""
    moves: tuple[Move, ...] = ()
    warnings: tuple[str, ...] = ()
    """Codes of WARNINGS."""
    told_at: str | None = None
    """UTC, when its writer said so; of two words about one person the later counts. None: undated."""
    known_as: Identifier | None = None
    """The number the person was known by until now, if it is another."""
    body: str = ""
    """`roster_rows.body_of` the person, where somebody made it already."""


class Source(Protocol):
    """A file of patients; reading it twice gives the same."""

    path: Path
    authority: str
    """Of numbers that name none."""
    authorities: frozenset[str]
    """That the settings name, beside those the roster knows."""
    unit: str
    """What `line_no` counts: line, message, entry."""
    is_full: bool
    """Whether it lists everybody; others only tell what changed."""

    def notes(self) -> Iterable[Note]:
        """About the file as a whole. Raises RosterRejected where it is no roster at all."""
        ...

    def rows(self) -> Iterator[SourceRow]: ...


WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        "merge_unclear": "The number of the record it was merged into is missing, or there are several.",
        "row_of_merged": "The number was merged into another patient; the row is not taken "
        "(see `roster unmerge`).",
        "birth_date_partial": "The birth date lacks its day or month; it is kept as unknown.",
        "inactive": "The record is not in use and names no other that stands for it; it is taken as it is.",
        "not_a_patient": "Something that is no patient; left out.",
        "event_passed_over": "An event that says nothing about who somebody is; left out.",
    }
)


class AuthorityNames:
    """What the roster calls the issuers that feeds name in their own ways (`feeds.authorities`)."""

    def __init__(self, default: str, names: Iterable[str] = ()) -> None:
        """names: "theirs=ours"; theirs is a namespace, an OID or a FHIR system."""
        self.default = default
        self._names = {_plain(theirs): ours.strip() for theirs, _, ours in (n.rpartition("=") for n in names)}
        self.all = frozenset((default, *self._names.values()))

    def of(self, *theirs: str) -> str:
        """The first of an issuer's names that is known; else the first that is not empty."""
        for name in theirs:
            if name and (found := self._names.get(_plain(name))):
                return found
        return next((name for name in theirs if name), self.default)[:64]


def _plain(name: str) -> str:
    return name.strip().removeprefix("urn:oid:").casefold()
