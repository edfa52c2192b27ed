"""The product's engines, asked through `ports.SearchIndex` like the rest of the product does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.search.corpus import Paper
from benchmarks.search.engine import SHOWN, Reply
from benchmarks.search.questions import Question
from scanindex.index.language import Language
from scanindex.index.site_synonyms import SiteSynonyms
from scanindex.model import (
    DocumentId,
    IndexPage,
    PatientId,
    SearchOrder,
    SearchRequest,
    Spellings,
)

SEARCH_SECONDS = 60.0
"""So long that a slow answer is measured and not cut off."""


def index_pages(paper: Paper) -> list[IndexPage]:
    """A paper as the product indexes it."""
    return [
        IndexPage(
            document_id=DocumentId(paper.document_id),
            version=1,
            page_no=number,
            text=text,
            patient_id=PatientId(paper.person.patient_id),
            patient_name=paper.person.name,
            mrns=(paper.person.mrn,),
            birth_date=paper.person.born.isoformat(),
            document_type=paper.type,
            service_date=paper.day,
            provider=paper.provider,
            facility=paper.facility,
            source=paper.source,
            filed_at=paper.filed_at,
            sensitivity=paper.sensitivity,
        )
        for number, text in enumerate(paper.pages, start=1)
    ]


def renewals(papers: Iterable[Paper]) -> Iterator[tuple[DocumentId, Sequence[IndexPage]]]:
    return ((DocumentId(paper.document_id), index_pages(paper)) for paper in papers)


def open_index(engine: str, folder: Path) -> Any:
    """`ports.SearchIndex` of the engine in the folder, with the words that the product ships."""
    language = Language(thesaurus=SiteSynonyms(folder / "no such file"))
    if engine == "tantivy":
        from scanindex.index.tantivy_index import TantivyIndex

        return TantivyIndex(folder, search_seconds=SEARCH_SECONDS, language=language)
    from scanindex.index.whoosh_index import WhooshIndex

    return WhooshIndex(folder, search_seconds=SEARCH_SECONDS, language=language)


def query_text(question: Question) -> str:
    """The question as a clerk types it."""
    words = question.words
    match question.kind:
        case "phrase" | "phrase_common":
            return f'"{" ".join(words)}"'
        case "name":
            return f"name:{words[0]}"
        case "prefix":
            return f"{words[0]}*"
        case "fuzzy":
            return f"{words[0]}~"
        case "near":
            return f"{words[0]} near/{question.distance} {words[1]}"
    parts = list(words)
    if question.mrn:
        parts.append(f"mrn:{question.mrn}")
    if question.type:
        parts.append(f"type:{question.type}")
    if question.years:
        parts.append(f"date:{question.years[0]}..{question.years[1]}")
    return " ".join(parts)


class Product:
    """One of the product's engines. Without snippets: only one document is asked for."""

    counts_printed = True

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.name = f"scanindex {engine}"
        self.index: Any = None

    def build(self, papers: Iterable[Paper], folder: Path) -> None:
        """And merged, as a service does when there is nothing to file."""
        index = open_index(self.engine, folder)
        index.rebuild(renewals(papers), 1)
        while index.tidy():
            pass

    def open(self, folder: Path) -> None:
        self.index = open_index(self.engine, folder)
        self.index.info()

    def ask(self, question: Question, *, snippets: bool = True) -> Reply | None:
        result = self.index.search(
            SearchRequest(
                query=query_text(question),
                limit=SHOWN if snippets else 1,
                order=SearchOrder.NEWEST if question.kind == "by_date" else SearchOrder.RELEVANCE,
                spellings=Spellings.ALIKE if question.kind == "alike" else Spellings.AUTO,
                facets=question.kind == "facets",
            )
        )
        return Reply(total=result.total, shown=len(result.documents))

    def total(self, question: Question) -> int | None:
        result = self.index.search(
            SearchRequest(query=query_text(question), limit=1, spellings=Spellings.EXACT, synonyms=False)
        )
        return int(result.total)
