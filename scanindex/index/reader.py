"""What one opened state of an index can be asked: the seam between ranking and engines.

Everything that makes search forgiving (spellings, synonyms, stars) is turned
into plain keys before an engine is asked (`widen`), so an engine only needs to
evaluate `plan.Plan`, count, rank and give back text; all engines then answer
alike. Page totals are exact. Engines raise `plan.OutOfTime` when the watch says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from scanindex.index.plan import AllOf, Key, Plan, Watch
from scanindex.model import SearchOrder

FACETS = ("type", "year", "patient", "provider")
"""Document type code, year of service, patient id, provider as written (folded)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRef:
    """One matching page. `day` is the first day of service as yyyymmdd, 0 if undated."""

    document_id: str
    version: int
    page_no: int
    score: float
    day: int
    handle: Any = field(default=None, compare=False, repr=False)
    """The engine's own address of the page, valid in its snapshot only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    pages: int
    documents: int
    is_exact: bool = True
    """False: `documents` is an estimate (engines that would have to visit every page for it)."""


class Matches(Protocol):
    """The pages of a snapshot that fit one plan."""

    def count(self) -> Count: ...

    def top(self, limit: int, order: SearchOrder) -> Sequence[PageRef]:
        """The first `limit` pages; RELEVANCE is Okapi BM25 (k1 1.2, b .75) over the text keys,
        labels (`about`) half as much.

        Ties: newest service day first, then document_id, then page_no, all ascending but the day
        (OLDEST: oldest day first). Undated pages stand last in NEWEST and OLDEST. The same
        snapshot gives the same order, whatever `limit`.
        """

    def pages_of(self, refs: Sequence[PageRef]) -> Sequence[PageRef]:
        """All pages that fit of the documents these pages (of the same snapshot) belong to, ranked
        as `top` does by relevance."""

    def facets(self, limit: int) -> dict[str, list[tuple[str, int]]]:
        """For each of FACETS the most frequent values with their number of documents (not pages),
        most first, equal ones by value; documents without a value do not count."""


class Reader(Protocol):
    """One state of an index; stays whole while newer ones come."""

    @property
    def size(self) -> int:
        """Pages held, about (deleted ones may still count)."""

    def frequency(self, key: Key) -> int:
        """Pages that carry the key, about (deleted ones may still count)."""

    def keys_from(self, field: str, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Keys of the field that begin so, with their frequency, summed over the whole index; when
        there are more than `limit`, the most frequent (equal ones by key)."""

    def find(self, plan: Plan, watch: Watch, among: AllOf | None = None) -> Matches:
        """What is left out for lack of time is said in `watch.ran_out`, or OutOfTime is raised.

        among: how frequent words are, by which pages are ranked, is counted on these pages only
        (`plan.among`), so that the order tells nothing of others.
        """

    def text(self, ref: PageRef) -> str:
        """The stored text of a page: words joined by single spaces."""
