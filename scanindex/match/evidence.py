"""What a document's pages say about whose it is: plain values, no roster.

A sighting is one datum at one place. `is_sure` says that it may count as read
without a doubt: a barcode, a text layer, two agreeing readers, or one reader with
high confidence on a legible page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from scanindex.houses import Standing
from scanindex.match import fold
from scanindex.match.text import Line, PageText
from scanindex.model import Box, Finding, FindingKind, PageFindings, PageGroup, PageReading, Role

COVER_PAGE = 0
"""Page number of sightings on a cover sheet, which is no page of the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    kind: FindingKind
    scan_page_no: int
    box: Box | None
    raw: str = field(repr=False)
    values: tuple[str, ...] = field(repr=False)
    """Readings that count: ISO days, identifier text, digits, a name."""
    others: tuple[str, ...] = field(default=(), repr=False)
    """Less usual readings (day before month), or what another reader saw; never exact."""
    seen_otherwise: tuple[str, ...] = field(default=(), repr=False)
    """What another reader saw here, where the two differ."""
    role: Role
    is_labelled: bool
    """The page itself says that it is this kind of datum."""
    confidence: float | None
    is_sure: bool
    is_other: bool = False
    """A label says that it is something else (specimen, account, telephone)."""
    is_disputed: bool = False
    """A second reader saw something else here."""
    readers: tuple[str, ...] = ()
    house: Standing = Standing.UNSAID
    """Of a record number: whose house's it is, as far as the page says."""

    @property
    def is_patients(self) -> bool:
        """No role word gives it to somebody else."""
        return self.role in (Role.PATIENT, Role.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    pages: tuple[PageReading, ...]
    texts: tuple[PageText, ...]
    other_texts: tuple[PageText, ...] = ()
    """The same pages as another reader saw them, where the two differ."""
    sightings: tuple[Sighting, ...]
    findings: tuple[PageFindings, ...]
    group: PageGroup
    prose: Mapping[int, frozenset[int]] = field(default_factory=dict, repr=False)
    """Per page the lines that are running text."""
    empty_fields: Mapping[int, tuple[Line, ...]] = field(default_factory=dict, repr=False)
    """Per page the lines that ask for the patient's name and have none."""
    newborn_pages: tuple[int, ...] = ()
    """Pages that speak of a newborn by what it is called before it has a name."""

    @cached_property
    def text_of(self) -> Mapping[int, PageText]:
        """Texts by scan page."""
        return {text.page.scan_page_no: text for text in self.texts}

    @cached_property
    def numbers(self) -> tuple[tuple[Sighting, str], ...]:
        """Numbers that are not somebody else's, each with its `fold.identifier_key`."""
        found = (s for s in self.of(FindingKind.MRN) if s.is_patients)
        return tuple((s, fold.identifier_key(s.values[0])) for s in found)

    def of(self, *kinds: FindingKind) -> Iterator[Sighting]:
        return (s for s in self.sightings if s.kind in kinds)

    def labelled(self, *kinds: FindingKind) -> Iterator[Sighting]:
        """Data that the pages say are the patient's."""
        return (s for s in self.of(*kinds) if s.is_labelled and s.is_patients)

    @property
    def named(self) -> tuple[Finding, ...]:
        """Names that a label gives to the patient."""
        return tuple(f for p in self.findings for f in p.of(FindingKind.NAME) if f.role is Role.PATIENT)
