"""The nouns of the benchmark: a page with its truth, and what a reader made of it.

Promises: values only, no I/O. Boxes are pixels of the upright picture, origin
top-left, right and bottom exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthWord:
    text: str
    box: tuple[int, int, int, int] | None = None
    """Left, top, right, bottom; None where the set does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    kind: str
    """name, birth_date, mrn"""
    text: str
    """As it stands on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One page of one set, where it lies and what truly stands on it."""

    set_name: str
    name: str
    path: Path
    """The file that the product reads."""
    page_no: int = 1
    picture: Path | None = None
    """The same page as a single picture, for readers that take nothing else."""
    group: str = ""
    """Row of the set's breakdown: layout, degradation, ..."""
    dpi: float | None = None
    """What is known of the paper's size; given to readers whose input must have it."""
    words: tuple[TruthWord, ...] = field(repr=False)
    segments: tuple[str, ...] = field(default=(), repr=False)
    """Runs of text that stand together; their order does not count."""
    identifiers: tuple[Identifier, ...] = field(default=(), repr=False)
    turn_degrees: int | None = None
    """Clockwise turn that makes the picture upright; None where the set does not tell."""
    is_recall_only: bool = False
    """More stands on the page than its truth tells (handwriting), so precision says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader made of one page."""

    text: str = field(default="", repr=False)
    turn_degrees: int | None = None
    """Clockwise turn that the reader thinks the picture needs; None where it does not tell."""
    cpu_seconds: float = 0.0
    """Of the process and its children; the start of an engine that stays open is left out."""
    error: str = ""
    """A class name or exit code; the page then counts as read empty."""
    stages: Mapping[str, float] = field(default_factory=dict)
