"""From a request and an opened index to documents with marked pages; any engine.

Exact first; when that finds few pages, or on request, spellings that a scanner
confuses are added, and the result says so. Exact pages always stand before
look-alikes. Bounded in time: what was found when time runs out is returned and
marked as incomplete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scanindex.index import expand, plan, query, type_names
from scanindex.index.language import Language
from scanindex.index.plan import AllOf, Keys, Plan
from scanindex.index.reader import Count, Matches, PageRef, Reader
from scanindex.index.snippet import Wanted, hit_words, snippet
from scanindex.index.widen import MAX_WILD_WORDS, IndexWords
from scanindex.model import (
    DocumentHit,
    DocumentId,
    SearchHit,
    SearchOrder,
    SearchRequest,
    SearchResult,
    Spellings,
)

FEW_HITS = 3
FACET_VALUES = 20
MAX_RANKED_PAGES = 20_000
"""Pages looked at for one screen of documents; a request beyond them finds nothing more."""


def answer(
    request: SearchRequest,
    node: query.Node,
    reader: Reader,
    *,
    seconds: float,
    language: Language,
) -> SearchResult:
    """Documents `offset` to `offset + limit` of the ranking, and how many fit; `node` is the parsed query."""
    if not request.synonyms:
        language = replace(language, thesaurus=None)
    search = _Search(request, node, reader, plan.Watch(seconds), language)
    search.run()
    return search.result(seconds)


@dataclass(frozen=True, slots=True)
class _Place:
    ref: PageRef
    is_look_alike: bool


class _Search:
    """One request on one snapshot."""

    def __init__(
        self,
        request: SearchRequest,
        node: query.Node,
        reader: Reader,
        watch: plan.Watch,
        language: Language,
    ) -> None:
        self.request = request
        self.reader = reader
        self.watch = watch
        self.looked_at: dict[str, bool] = {}
        self.node = node
        self.titles = language.titles or type_names.SHIPPED
        self.spelling = language.spelling
        self.words = IndexWords(reader, watch, language, with_misread=False)
        self.misread = IndexWords(
            reader,
            watch,
            language,
            with_misread=True,
            is_asked=request.spellings is Spellings.ALIKE,
            pages_of=self._pages_of,
        )
        # Others' pages have no say in how frequent a word is.
        self.among = plan.among(request.scope) if request.scope.is_narrow else None
        self.exact: Plan = Keys(())
        self.wider: Plan = Keys(())
        self.found: Matches | None = None
        self.sure: Matches | None = None

    def run(self) -> None:
        try:
            self._find()
        except plan.OutOfTime:
            self.watch.ran_out = True

    def _find(self) -> None:
        self.exact = self.wider = self._planned(self.words)
        self.sure = self.found = self.reader.find(self.exact, self.watch, self.among)
        if not self._is_wanted_wider(self.sure.count()):
            return
        wider = self._planned(self.misread)
        if wider != self.exact:
            found = self.reader.find(wider, self.watch, self.among)
            if found.count().pages > self.sure.count().pages:
                self.wider, self.found = wider, found

    def _is_wanted_wider(self, count: Count) -> bool:
        wish = self.request.spellings
        return wish is Spellings.ALIKE or (wish is Spellings.AUTO and count.pages < FEW_HITS)

    def _planned(self, words: plan.Words) -> Plan:
        return plan.restricted(plan.build(self.node, words), self.request.scope)

    # --- ranking ------------------------------------------------------------------
    def documents(self) -> list[PageRef]:
        """The best page of each document to show, best first."""
        want = self.request.offset + self.request.limit
        if not self.found or not self.request.limit:
            return []
        size = want + 40
        while True:
            size = min(size, MAX_RANKED_PAGES)
            refs = self._ranked(size)
            firsts: dict[str, PageRef] = {}
            for ref in refs:
                firsts.setdefault(ref.document_id, ref)
            if len(firsts) >= want or len(refs) < size or size == MAX_RANKED_PAGES:
                return list(firsts.values())[self.request.offset : want]
            size *= 4

    def _ranked(self, size: int) -> Sequence[PageRef]:
        assert self.found and self.sure
        order = self.request.order
        if order is not SearchOrder.RELEVANCE or self.wider == self.exact:
            return self.found.top(size, order)
        sure = list(self.sure.top(size, order))
        if len(sure) < size:
            more = self.reader.find(AllOf((self.wider,), (self.exact,)), self.watch, self.among)
            sure += more.top(size - len(sure), order)
        return sure

    def places(self, firsts: Sequence[PageRef]) -> dict[str, list[_Place]]:
        """All matching pages of these documents, exact ones first."""
        found: dict[str, list[_Place]] = {ref.document_id: [] for ref in firsts}
        if not firsts or not self.sure or not self.found:
            return found
        sure = self.sure.pages_of(firsts)
        for ref in sure:
            found[ref.document_id].append(_Place(ref, is_look_alike=False))
        if self.wider != self.exact:
            known = {(ref.document_id, ref.page_no) for ref in sure}
            for ref in self.found.pages_of(firsts):
                if (ref.document_id, ref.page_no) not in known:
                    found[ref.document_id].append(_Place(ref, is_look_alike=True))
        return found

    # --- result ---------------------------------------------------------------------
    def result(self, seconds: float) -> SearchResult:
        """What is shown; time that runs out here costs the documents, not the counts."""
        count = self.found.count() if self.found else Count(pages=0, documents=0, is_exact=False)
        shown: tuple[DocumentHit, ...] = ()
        try:
            wanted = plan.wanted(self.wider)
            shown = tuple(self._document(p, wanted) for p in self.places(self.documents()).values())
            facets = self._facets()
        except plan.OutOfTime:
            self.watch.ran_out, facets = True, {}
        return SearchResult(
            documents=shown,
            total=count.pages,
            total_documents=count.documents,
            is_exact_total=count.is_exact and not self.watch.ran_out,
            seconds=0.0,
            facets=facets,
            did_you_mean=self._did_you_mean(),
            also_searched=tuple(self.words.said),
            notes=tuple(self._notes(seconds)),
        )

    def _facets(self) -> dict[str, tuple[tuple[str, int], ...]]:
        if not self.request.facets or not self.found:
            return {}
        return {name: tuple(values) for name, values in self.found.facets(FACET_VALUES).items()}

    def _document(self, places: Sequence[_Place], wanted: Wanted) -> DocumentHit:
        first = places[0]
        pages = tuple(self._hit(p, wanted) for p in places[: self.request.pages_per_document])
        return DocumentHit(
            document_id=DocumentId(first.ref.document_id),
            version=first.ref.version,
            score=first.ref.score,
            is_look_alike=first.is_look_alike,
            pages=pages,
            pages_total=len(places),
        )

    def _hit(self, place: _Place, wanted: Wanted) -> SearchHit:
        ref = place.ref
        words = self.reader.text(ref).split()
        numbers = hit_words(words, wanted, self.looked_at)
        return SearchHit(
            document_id=DocumentId(ref.document_id),
            version=ref.version,
            page_no=ref.page_no,
            score=ref.score,
            snippet=snippet(words, numbers),
            word_numbers=numbers,
            is_look_alike=place.is_look_alike,
        )

    def _did_you_mean(self) -> str | None:
        """Words that stand on no page the asker may see, replaced by ones that a lexicon knows."""
        if self.watch.ran_out or not self.sure or self.sure.count().pages >= FEW_HITS:
            return None
        text, changed = self.request.query, False
        for word in sorted(_plain_words(self.node), key=lambda w: -w.at):
            at = word.at - 1
            if text[at : at + len(word.text)] == word.text and (better := self._better(word.text)):
                text, changed = text[:at] + better + text[at + len(word.text) :], True
        return text if changed else None

    def _pages_of(self, token: str) -> int:
        """Pages with a word that was typed, of those the asker may see."""
        key = (plan.TEXT, token)
        if not self.request.scope.is_narrow:
            return self.reader.frequency(key)
        return self.reader.find(plan.restricted(Keys((key,)), self.request.scope), self.watch).count().pages

    def _better(self, text: str) -> str | None:
        token = expand.joined(text)
        better = self.spelling.suggest(token)
        if better is None or better == token:
            return None
        seen = plan.restricted(Keys(((plan.TEXT, token), (plan.ABOUT, token))), self.request.scope)
        return None if self.reader.find(seen, self.watch).count().pages else better

    def _notes(self, seconds: float) -> Iterator[str]:
        if any(_is_unknown_type(value, self.titles) for value in _fields(self.node)):
            yield "there is no document type of that name; `scanindex types` lists them"
        if self.wider != self.exact:
            yield "includes look-alikes"
        if self.words.wild_was_capped:
            yield f"* stands for too many words: only the {MAX_WILD_WORDS} most frequent count"
        if self.watch.ran_out:
            yield f"stopped after {seconds:g} seconds: results are incomplete"


def _fields(node: query.Node) -> Iterator[query.FieldValue]:
    match node:
        case query.FieldValue():
            yield node
        case query.Both(wanted, unwanted):
            for member in (*wanted, *unwanted):
                yield from _fields(member)
        case query.Either(choices):
            for member in choices:
                yield from _fields(member)


def _is_unknown_type(value: query.FieldValue, titles: type_names.Titles) -> bool:
    """By the names alone: what the index holds of it would tell of others' documents."""
    if value.name != "type" or value.codes or not isinstance(value.item, query.Word | query.Phrase):
        return False
    words = {key for word in value.item.text.split() for key in expand.label_tokens(word)}
    return not any(words <= set(expand.label_tokens(code)) for code in titles)


def _plain_words(node: query.Node) -> Iterator[query.Word]:
    """The words that a page must or may hold, outside fields and quotes."""
    match node:
        case query.Word():
            yield node
        case query.Both(wanted, _):
            for member in wanted:
                yield from _plain_words(member)
        case query.Either(choices):
            for member in choices:
                yield from _plain_words(member)
