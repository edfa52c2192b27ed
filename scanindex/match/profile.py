"""The outcome of comparing one patient with one document, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanindex.model import Box, FindingKind, Level, Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The best comparison of one kind."""

    level: Level
    is_sure: bool
    read: str = field(repr=False)
    scan_page_no: int | None
    box: Box | None
    note: str = ""
    readings: int = 1
    """In how many ways what stands there can be read."""
    is_prose: bool = False
    """It stands in a sentence, where any person may be mentioned."""
    is_read_once: bool = False
    """One reader read exactly this, another something else: NEAR, unless other data bear it out."""
    is_whole: bool = True
    """A name with more than an initial for its first name."""
    first_read: str = field(default="", repr=False)
    """Of a name the first name as it stands there, folded."""
    is_stray: bool = False
    """A name outside head and sticker of a page whose own field for it is empty or unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    kind: FindingKind
    code: str
    """mrn_of_another, birth_date, name, suffix, sex, ssn4, age, middle."""
    scan_page_no: int
    is_sure: bool
    read: str = field(repr=False)
    box: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a patient compares with a document."""

    patient: Patient
    agreements: Mapping[str, Agreement] = field(repr=False)
    """Best one per kind: the identifier kinds, and sex, middle, suffix, number, number_by_name."""
    cover: frozenset[str]
    """Kinds that the cover sheet gives exactly."""
    conflicts: tuple[Conflict, ...]
    pages: frozenset[int]
    """Pages that name this patient by anything."""
    supported: frozenset[int] = frozenset()
    """Pages that name this patient by name, MRN or birth date, not only in a sentence."""
    numbered: frozenset[int] = frozenset()
    """Pages that give this patient's MRN exactly."""
    misnamed: frozenset[int] = frozenset()
    """Pages on which the patient's name stands in another role only."""
    name_boxes: tuple[tuple[int, Box], ...] = ()
    """Everywhere the patient's name stands, exactly or nearly: page and place."""
    unknown_mrn: bool = False
    """A labelled MRN that nobody in the roster holds stands on a page."""

    @property
    def exact(self) -> frozenset[str]:
        return frozenset(k for k, a in self.agreements.items() if a.level is Level.EXACT and a.is_sure)

    @property
    def unsure(self) -> frozenset[str]:
        return frozenset(k for k, a in self.agreements.items() if a.level is Level.EXACT and not a.is_sure)

    def level(self, kind: str) -> Level:
        found = self.agreements.get(kind)
        return found.level if found else Level.ABSENT

    def conflicting(self, code: str) -> bool:
        return any(c.code == code for c in self.conflicts)
