"""What the benchmark asks of every engine, the product's and the plain ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.search.corpus import Paper
from benchmarks.search.questions import Question

SHOWN = 20
"""Documents (plain engines: pages) of the first page of results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    total: int
    """Matching pages."""
    shown: int
    """Results that came with a snippet, or with their address only."""


class Engine(Protocol):
    name: str
    counts_printed: bool
    """Which truth of a question holds for it: that of the query language, or the plain one."""

    def build(self, papers: Iterable[Paper], folder: Path) -> None:
        """A complete index in an empty folder."""

    def open(self, folder: Path) -> None: ...

    def ask(self, question: Question, *, snippets: bool = True) -> Reply | None:
        """The first page of results with the total; None if the engine has nothing for the class."""

    def total(self, question: Question) -> int | None:
        """Pages that fit the words as they stand: no other spellings, no synonyms."""


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
