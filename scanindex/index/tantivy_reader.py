"""One opened state of the Tantivy index, asked in plans (`reader.Reader`).

Pages are ranked by Tantivy; what ties there (and much does: labels, filters,
equal pages) is put in the promised order here, by fetching beyond the last
place until the order of the places that are shown is certain. Numbers of
documents are exact up to EXACT_PAGES matching pages and estimated beyond.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import tantivy
from tantivy import DocAddress, Occur, Order, Query

from scanindex.index import tantivy_pages as pages
from scanindex.index.plan import AllOf, Key, Keys, Plan, Watch
from scanindex.index.reader import FACETS, Count, PageRef
from scanindex.index.tantivy_parts import guarded
from scanindex.index.tantivy_query import Compiler
from scanindex.model import SearchOrder

SAMPLE_PAGES = 6_000
"""Pages looked at where more than EXACT_PAGES fit."""
COUNTED_PAGES = 2_000
"""The same where documents are only counted."""
LEAST_SAMPLED = 10
EXACT_PAGES = 10_000
"""Up to so many matching pages their documents and facets are counted one by one."""
FIRST_PAGES = 500
"""Taken along while counting, so that few pages need no second search."""
SLACK = 44
"""Pages fetched beyond the wanted ones, to see whether the last place is shared."""
MAX_FETCHED = 4_096
"""Sharing a place, more than this: the newest are sought by day instead."""
KNOWN_DOCUMENTS = 50_000
KNOWN_PAGES = 1_000
MAX_NAMED = 2_000
"""Facet values looked up; more that share the last place are left to chance (the same one each time)."""

Hit = tuple[Any, DocAddress]


class TantivyReader:
    """`reader.Reader` on one searcher; for one thread at a time."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, size: int) -> None:
        self.searcher = searcher
        self.schema = schema
        self.size = size
        self._ids: dict[int, str] = {}
        self._stored: dict[tuple[int, int], bytes] = {}

    def frequency(self, key: Key) -> int:
        with guarded():
            return self.searcher.doc_freq(*key)

    def keys_from(self, field: str, prefix: str, limit: int) -> list[tuple[str, int]]:
        with guarded():
            found = self.searcher.terms_with_prefix(field, prefix, None, limit + 1)
        return found[:limit] if len(found) > limit else sorted(found)

    def find(self, plan: Plan, watch: Watch, among: AllOf | None = None) -> TantivyMatches:
        with guarded():
            compiler = Compiler(self.schema, self.searcher, self.size, watch, among)
            return TantivyMatches(self, compiler, plan, watch)

    def text(self, ref: PageRef) -> str:
        with guarded():
            return pages.text_of(self.stored(ref.handle))

    def stored(self, address: DocAddress) -> bytes:
        """Reading the store is most of what a search costs: what is ranked is soon shown, too."""
        place = (address.segment_ord, address.doc)
        if place not in self._stored:
            if len(self._stored) >= KNOWN_PAGES:
                self._stored.clear()
            self._stored[place] = pages.stored(self.searcher, address)
        return self._stored[place]

    # --- columns ----------------------------------------------------------------------
    def column(self, name: str, addresses: list[DocAddress]) -> list[int]:
        return [int(value or 0) for value in self.searcher.fast_field_values(name, addresses)]

    def document_ids(self, addresses: list[DocAddress]) -> list[str]:
        """A document's pages share its number, so that one look into the store serves them all."""
        if len(self._ids) > KNOWN_DOCUMENTS:
            self._ids.clear()
        found = []
        for number, address in zip(self.column(pages.DOCUMENT, addresses), addresses, strict=True):
            known = self._ids.get(number)
            if known is None:
                known = self._ids[number] = pages.head_of(self.stored(address))[0]
            found.append(known)
        return found

    def refs(self, hits: Sequence[Hit], *, scored: bool) -> list[PageRef]:
        addresses = [address for _, address in hits]
        columns = zip(
            self.document_ids(addresses),
            *(self.column(name, addresses) for name in (pages.VERSION, pages.PAGE_NO, pages.DAY)),
            hits,
            strict=True,
        )
        return [
            PageRef(
                document_id=document_id,
                version=version,
                page_no=page_no,
                score=float(score) if scored else 0.0,
                day=day,
                handle=address,
            )
            for document_id, version, page_no, day, (score, address) in columns
        ]


class TantivyMatches:
    """`reader.Matches`: nothing is searched before it is asked for."""

    def __init__(self, reader: TantivyReader, compiler: Compiler, plan: Plan, watch: Watch) -> None:
        self._reader = reader
        self._compiler = compiler
        self._plan = plan
        self._watch = watch
        self._fits = compiler.fits(plan)
        self._count: Count | None = None
        self._first: list[Hit] | None = None
        """By score where there is one: ranking goes on from what counting has found."""
        self._all: list[DocAddress] | None = None

    # --- counting -----------------------------------------------------------------------
    def count(self) -> Count:
        if self._count is None:
            with guarded():
                self._count = self._counted()
        return self._count

    def _counted(self) -> Count:
        self._watch.check()
        first = self._search(self._ranked, FIRST_PAGES, count=True)
        total, self._first = first.count or 0, first.hits
        if total <= len(first.hits):
            self._all = [address for _, address in first.hits]
        if total <= EXACT_PAGES:
            numbers = set(self._reader.column(pages.DOCUMENT, self._addresses(total)))
            return Count(pages=total, documents=len(numbers))
        return Count(pages=total, documents=self._estimated(total), is_exact=False)

    def _addresses(self, total: int) -> list[DocAddress]:
        if self._all is None:
            hits = self._search(self._unscored(self._fits), total).hits if total else []
            self._all = [address for _, address in hits]
        return self._all

    def _estimated(self, total: int) -> int:
        addresses, times = self._sample(total, COUNTED_PAGES)
        documents = set(self._reader.column(pages.DOCUMENT, addresses))
        return min(total, max(1, round(len(documents) * times)))

    def _sample(self, total: int, size: int = SAMPLE_PAGES) -> tuple[list[DocAddress], float]:
        """The pages of some documents, chosen by their number, and how many times more there are."""
        buckets = min(pages.BUCKETS, max(1, round(size * pages.BUCKETS / total)))
        chosen = Query.term_set_query(self._reader.schema, "bucket", [str(n) for n in range(buckets)])
        inside = _both(self._fits, Query.const_score_query(chosen, 0.0))
        return [address for _, address in self._search(inside, 3 * size).hits], pages.BUCKETS / buckets

    # --- ranking --------------------------------------------------------------------------
    def top(self, limit: int, order: SearchOrder) -> Sequence[PageRef]:
        if limit <= 0:
            return []
        with guarded():
            if order is not SearchOrder.RELEVANCE:
                return self._by_day(limit, order)
            return self._by_score(limit)

    def pages_of(self, refs: Sequence[PageRef]) -> Sequence[PageRef]:
        ids = dict.fromkeys(ref.document_id for ref in refs)
        if not ids:
            return []
        theirs = AllOf((self._plan, Keys(tuple(("document_id", one) for one in ids))))
        found = TantivyMatches(self._reader, self._compiler, theirs, self._watch)
        return found.top(found.count().pages, SearchOrder.RELEVANCE)

    def _by_day(self, limit: int, order: SearchOrder) -> list[PageRef]:
        field = pages.NEWEST if order is SearchOrder.NEWEST else pages.OLDEST
        direction = Order.Desc if order is SearchOrder.NEWEST else Order.Asc
        hits, _ = self._beyond(
            limit, None, lambda size: self._search(self._fits, size, field=field, direction=direction).hits
        )
        return sorted(self._reader.refs(hits, scored=False), key=_day_first(order))[:limit]

    @cached_property
    def _is_scored(self) -> bool:
        return self._compiler.counts(self._plan)

    @cached_property
    def _ranked(self) -> Query:
        return self._compiler.ranked(self._plan) if self._is_scored else self._unscored(self._fits)

    def _best(self, size: int) -> list[Hit]:
        if self._first is not None and size <= FIRST_PAGES:
            return self._first[:size]
        hits: list[Hit] = self._search(self._ranked, size).hits
        return hits

    def _by_score(self, limit: int) -> list[PageRef]:
        if not self._is_scored:
            return self._by_day(limit, SearchOrder.NEWEST)
        hits, are_all = self._beyond(limit, MAX_FETCHED, self._best)
        if not are_all:
            hits = self._newest_of_tied(self._ranked, hits, limit)
        refs = self._reader.refs(hits, scored=True)
        day_first = _day_first(SearchOrder.NEWEST)
        return sorted(refs, key=lambda ref: (-ref.score, *day_first(ref)))[:limit]

    def _beyond(
        self, limit: int, most: int | None, fetch: Callable[[int], list[Hit]]
    ) -> tuple[list[Hit], bool]:
        """The first `limit` hits and all that share the last one's place (False: about `most`, not all)."""
        size = limit + SLACK
        while True:
            hits = fetch(size)
            if len(hits) < size:
                return hits, True
            last = hits[limit - 1][0]
            if hits[-1][0] != last:
                return [hit for n, hit in enumerate(hits) if n < limit or hit[0] == last], True
            if most is not None and size >= max(most, limit + SLACK):
                return hits, False
            self._watch.check()
            size *= 4

    def _newest_of_tied(self, query: Query, hits: Sequence[Hit], limit: int) -> list[Hit]:
        """Very many pages share the last place: those of them that come first, day by day."""
        tied = hits[limit - 1][0]
        found = [hit for hit in hits if hit[0] > tied]
        wanted = limit - len(found)
        more: list[Hit] = []
        # The key of the last page seen; nothing is newer than all of it.
        above: int | None = None
        for growth in itertools.count():
            self._watch.check()
            window = self._search(
                self._within(self._fits, None, above), wanted * 4**growth + SLACK, field=pages.NEWEST
            ).hits
            if not window:
                break
            low = int(window[-1][0])
            inside = self._search(self._within(query, low, above), len(window) + MAX_FETCHED).hits
            more += [hit for hit in inside if hit[0] == tied]
            above = low
            if len(more) >= wanted or low == 0:
                break
        return [*found, *more]

    def _within(self, query: Query, low: int | None, above: int | None) -> Query:
        """Among the pages whose key is from `low` on and below `above`."""
        if low is None and above is None:
            return query
        keys = Query.range_query(
            self._reader.schema,
            pages.NEWEST,
            tantivy.FieldType.Unsigned,
            low,
            above,
            include_upper=above is None,
        )
        return _both(query, Query.const_score_query(keys, 0.0))

    # --- facets ---------------------------------------------------------------------------
    def facets(self, limit: int) -> dict[str, list[tuple[str, int]]]:
        total = self.count().pages
        with guarded():
            if total <= EXACT_PAGES:
                return self._counted_facets(self._addresses(total), limit, 1)
            addresses, times = self._sample(total)
            return self._counted_facets(addresses, limit, times)

    def _counted_facets(
        self, addresses: list[DocAddress], limit: int, times: float
    ) -> dict[str, list[tuple[str, int]]]:
        documents = self._reader.column(pages.DOCUMENT, addresses)
        first = {number: n for n, number in reversed(list(enumerate(documents)))}
        of_documents = [addresses[n] for n in first.values()]
        return {name: self._facet(name, of_documents, limit, times) for name in FACETS}

    def _facet(
        self, name: str, of_documents: list[DocAddress], limit: int, times: float
    ) -> list[tuple[str, int]]:
        counts: dict[int, int] = {}
        example: dict[int, DocAddress] = {}
        numbers = self._reader.column(f"facet_{name}", of_documents)
        for number, address in zip(numbers, of_documents, strict=True):
            if number:
                counts[number] = counts.get(number, 0) + 1
                example[number] = address
        if times > 1:  # of a value that a sample holds a few times nobody knows how frequent it is
            counts = {n: round(count * times) for n, count in counts.items() if count >= LEAST_SAMPLED}
        # Values are looked up for all that may be shown: equal counts are ordered by value.
        bar = sorted(counts.values(), reverse=True)[:limit]
        shown = sorted(number for number, count in counts.items() if bar and count >= bar[-1])
        shown = sorted(shown, key=lambda number: -counts[number])[:MAX_NAMED]
        named = [(self._facet_value(name, example[number]), counts[number]) for number in shown]
        return sorted(named, key=lambda item: (-item[1], item[0]))[:limit]

    def _facet_value(self, name: str, address: DocAddress) -> str:
        return pages.head_of(self._reader.stored(address))[1][name]

    # --- searching --------------------------------------------------------------------------
    def _search(
        self,
        query: Query,
        limit: int,
        *,
        count: bool = False,
        field: str | None = None,
        direction: Order = Order.Desc,
    ) -> Any:
        # More places than pages would only cost memory.
        size = max(1, min(limit, self._reader.searcher.num_docs))
        return self._reader.searcher.search(query, size, count, field, 0, direction)

    @staticmethod
    def _unscored(query: Query) -> Query:
        return Query.const_score_query(query, 0.0)


def _both(query: Query, also: Query) -> Query:
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, also)])


def _day_first(order: SearchOrder) -> Callable[[PageRef], tuple[int, str, int]]:
    """Undated pages last."""
    if order is SearchOrder.OLDEST:
        return lambda ref: (ref.day or 1 << 30, ref.document_id, ref.page_no)
    return lambda ref: (-ref.day, ref.document_id, ref.page_no)
