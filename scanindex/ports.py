"""The seams: what the stages need from the world, six methods or fewer each.

Imports the model only. Each back-end passes the contract suite of its port
(`tests/contract/`). Unless a docstring says otherwise a method may block on
disk, raises `TransientError` when the world is in the way (a retry may help)
and `IntegrityError` when it may not be retried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from scanindex.model import (
    DocumentId,
    IndexPage,
    Patient,
    PatientId,
    ScanId,
    SearchResult,
    Word,
)

if TYPE_CHECKING:
    import numpy as np


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump; for settling and back-off."""


class Ids(Protocol):
    def new(self) -> str:
        """A fresh random id, 20 lower-case base-32 characters; says nothing about anybody."""


class ArchiveStore(Protocol):
    """Content-addressed originals and write-once document folders. No delete."""

    def put(self, stream: BinaryIO) -> tuple[ScanId, int]:
        """Store the bytes durably (synced file and folder); returns their SHA-256 and size.

        Idempotent: equal bytes end in one file.
        """

    def open(self, scan_id: ScanId) -> BinaryIO:
        """The original, for reading. Raises NotFound."""

    def path(self, scan_id: ScanId) -> Path:
        """Where a child process may read the original."""

    def publish(self, staged: Path, document_id: DocumentId, version: int) -> Path:
        """Move a finished, synced folder to its final place, durably; returns that.

        Idempotent: an equal version that is already there wins and `staged` is dropped.
        """

    def walk(self) -> Iterator[tuple[str, int]]:
        """Relative path and size of everything durable, for checks and backups."""


class OcrEngine(Protocol):
    """Reads pixels that this product encoded itself, never received bytes."""

    @property
    def name(self) -> str:
        """Engine and version, e.g. "tesseract 5.3.0"; recorded with each word."""

    def read(self, image: np.ndarray, dpi: float, timeout_seconds: float) -> tuple[Word, ...]:
        """Words of an upright page in reading order.

        image: uint8, height x width, 0 = black. Boxes are pixels of that image.
        Raises WorkerLost when the time is up.
        """


class Roster(Protocol):
    """The hospital's patients (and provisional ones); every call is an indexed look-up."""

    def by_identifier(self, values: Iterable[str]) -> Sequence[Patient]:
        """Patients holding one of these identifier values, exactly as given or equal
        once leading zeros and punctuation are ignored."""

    def by_birth_date(self, iso_dates: Iterable[str]) -> Sequence[Patient]:
        """Everyone born on one of these days."""

    def by_name(self, last: str, first: str, limit: int = 50) -> Sequence[Patient]:
        """Same or similar-sounding last name with this first name or initial; any name use."""

    def get(self, patient_id: PatientId) -> Patient | None:
        """One person, or None."""

    def frequencies(self, last: str, first: str, birth_date: str | None) -> NameFrequencies:
        """How common a name (and with the birth date) is in this roster."""

    def version(self) -> int:
        """Number of the import in force; 0 for an empty roster. Recorded with decisions."""


class NameFrequencies(Protocol):
    patients: int
    same_last: int
    same_first: int
    same_name: int
    """Patients with this last and first name."""
    same_name_and_birth_date: int
    same_last_and_birth_date: int
    """Twins and siblings registered with one date show here."""


class SearchIndex(Protocol):
    """A cache of filed documents. Replaying an apply never doubles a hit."""

    def apply(
        self, seq: int, renew: Sequence[tuple[DocumentId, Sequence[IndexPage]]]
    ) -> None:
        """Replace all pages of each document (an empty sequence removes it), then store `seq`.

        Durable on return. Raises IndexBroken if the index must be rebuilt.
        """

    def search(self, query: str, limit: int = 20, offset: int = 0) -> SearchResult:
        """Best pages first. Raises UsageError with the place of a syntax error, IndexBroken."""

    def info(self) -> dict[str, Any]:
        """documents, pages, seq (last applied outbox number), bytes, engine."""

    def rebuild(self, documents: Iterable[tuple[DocumentId, Sequence[IndexPage]]], seq: int) -> int:
        """Build anew beside the old one, then swap; returns pages. Bounded memory."""


__all__ = [
    "ArchiveStore",
    "Clock",
    "Ids",
    "NameFrequencies",
    "OcrEngine",
    "Roster",
    "SearchIndex",
]
