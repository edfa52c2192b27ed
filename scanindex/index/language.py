"""What search knows about words, whatever the index: which are misread ones, and what means the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from scanindex.index.spelling import Spelling
from scanindex.index.type_names import Titles


class Thesaurus(Protocol):
    """Other ways of saying things; see synonyms.Synonyms."""

    def of(self, words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`spelling` also shapes what an index holds; without `thesaurus` only what is typed counts."""

    spelling: Spelling = field(default_factory=Spelling)
    thesaurus: Thesaurus | None = None
    titles: Titles | None = None
    """What document types are called here; None: as shipped."""
