"""Other people's engines, used as their manuals teach: plain Whoosh, SQLite FTS5, plain Tantivy.

All split words alike (runs of letters and digits, no stop words, no stems), so that
their totals must agree. Imports nothing of the product.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.search.corpus import Paper
from benchmarks.search.engine import SHOWN, Engine, Reply
from benchmarks.search.questions import Question

_UNDATED = "0001-01-01"


def _first_day(paper: Paper) -> str:
    day = paper.day or _UNDATED
    return day if len(day) == 10 else f"{day}-01-01"


def _pages(papers: Iterable[Paper]) -> Iterator[tuple[Paper, int, str]]:
    return ((paper, number, text) for paper in papers for number, text in enumerate(paper.pages, start=1))


class PlainWhoosh:
    """QueryParser, BM25F, `highlights`, `sortedby`, `groupedby`."""

    name = "plain whoosh"
    counts_printed = False

    def build(self, papers: Iterable[Paper], folder: Path) -> None:
        from whoosh import fields, index
        from whoosh.analysis import LowercaseFilter, RegexTokenizer

        words = RegexTokenizer(r"[A-Za-z0-9]+") | LowercaseFilter()
        schema = fields.Schema(
            text=fields.TEXT(analyzer=words, stored=True),
            name=fields.TEXT(analyzer=words, stored=True),
            mrn=fields.ID(stored=True),
            document=fields.ID(stored=True),
            page=fields.STORED,
            type=fields.ID(stored=True, sortable=True),
            year=fields.ID(sortable=True),
            provider=fields.ID(sortable=True),
            date=fields.DATETIME(stored=True, sortable=True),
        )
        writer = index.create_in(str(folder), schema).writer(limitmb=256)
        for paper, number, text in _pages(papers):
            day = _first_day(paper)
            writer.add_document(
                text=text, name=paper.person.name, mrn=paper.person.mrn, document=paper.document_id,
                page=number, type=paper.type, year=day[:4], provider=paper.provider,
                date=datetime.fromisoformat(day),
            )  # fmt: skip
        writer.commit()

    def open(self, folder: Path) -> None:
        from whoosh import index, qparser

        opened = index.open_dir(str(folder))
        self._searcher = opened.searcher()
        self._parser = qparser.QueryParser("text", opened.schema)
        self._parser.add_plugins([qparser.FuzzyTermPlugin(), qparser.GtLtPlugin()])

    def ask(self, question: Question, *, snippets: bool = True) -> Reply | None:
        text = _whoosh_text(question)
        if text is None:
            return None
        options: dict[str, Any] = {"limit": SHOWN}
        if question.kind == "by_date":
            options |= {"sortedby": "date", "reverse": True}
        if question.kind == "facets":
            options["groupedby"] = ["type", "year", "mrn", "provider"]
        results = self._searcher.search(self._parser.parse(text), **options)
        if question.kind == "facets":
            for facet in options["groupedby"]:
                results.groups(facet)
        shown = [hit.highlights("text") if snippets else hit["document"] for hit in results]
        return Reply(total=len(results), shown=len(shown))

    def total(self, question: Question) -> int | None:
        reply = self.ask(question, snippets=False)
        return reply.total if reply else None


def _whoosh_text(question: Question) -> str | None:
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
            return f'"{" ".join(words)}"~{question.distance}'
        case "misread" | "alike":
            return None
    parts = list(words)
    if question.mrn:
        parts.append(f"mrn:{question.mrn}")
    if question.type:
        parts.append(f"type:{question.type}")
    if question.years:
        parts.append(f"date:[{question.years[0]}0101 TO {question.years[1]}1231]")
    return " ".join(parts)


class Fts5:
    """An FTS5 table over an ordinary table with indexed columns; `bm25`, `snippet`, `GROUP BY`."""

    name = "sqlite fts5"
    counts_printed = False

    def build(self, papers: Iterable[Paper], folder: Path) -> None:
        database = sqlite3.connect(folder / "pages.db")
        database.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE page (id INTEGER PRIMARY KEY, document TEXT, page INTEGER, text TEXT, name TEXT,
                               mrn TEXT, type TEXT, date TEXT, provider TEXT);
            CREATE VIRTUAL TABLE words USING fts5 (text, name, content = 'page', content_rowid = 'id');
            """
        )
        rows = (
            (n, p.document_id, number, text, p.person.name, p.person.mrn, p.type, _first_day(p), p.provider)
            for n, (p, number, text) in enumerate(_pages(papers), start=1)
        )
        with database:
            for row in rows:
                database.execute("INSERT INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                words = (row[0], row[3], row[4])
                database.execute("INSERT INTO words (rowid, text, name) VALUES (?, ?, ?)", words)
        database.executescript(
            """
            CREATE INDEX page_mrn ON page (mrn);
            CREATE INDEX page_type ON page (type, date);
            CREATE INDEX page_date ON page (date);
            ANALYZE;
            PRAGMA wal_checkpoint (TRUNCATE);
            """
        )
        database.close()

    def open(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "pages.db")

    def ask(self, question: Question, *, snippets: bool = True) -> Reply | None:
        match = _fts_text(question)
        if match is None:
            return None
        where, values = _fts_where(question)
        source = f"FROM words JOIN page ON page.id = words.rowid WHERE words MATCH ? {where}"
        what = "snippet(words, 0, '[', ']', '…', 28)" if snippets else "page.document"
        order = "page.date DESC" if question.kind == "by_date" else "bm25(words)"
        run = self._database.execute
        shown = run(
            f"SELECT {what}, page.page {source} ORDER BY {order} LIMIT {SHOWN}", (match, *values)
        ).fetchall()
        if question.kind == "facets":
            for facet in ("page.type", "substr(page.date, 1, 4)", "page.mrn", "page.provider"):
                many = f"SELECT {facet}, count(DISTINCT page.document) {source} GROUP BY 1"
                run(f"{many} ORDER BY 2 DESC LIMIT 20", (match, *values)).fetchall()
        return Reply(total=self._count(match, source, where, values), shown=len(shown))

    def _count(self, match: str, source: str, where: str, values: tuple[Any, ...]) -> int:
        source = source if where else "FROM words WHERE words MATCH ?"
        return int(self._database.execute(f"SELECT count(*) {source}", (match, *values)).fetchone()[0])

    def total(self, question: Question) -> int | None:
        reply = self.ask(question, snippets=False)
        return reply.total if reply else None


def _fts_text(question: Question) -> str | None:
    words = question.words
    match question.kind:
        case "phrase" | "phrase_common":
            return f'text : "{" ".join(words)}"'
        case "name":
            return f'name : "{words[0]}"'
        case "prefix":
            return f'text : "{words[0]}" *'
        case "near":
            return f"text : NEAR({' '.join(words)}, {question.distance - 1})"
        case "fuzzy" | "misread" | "alike":
            return None
    return "text : (" + " AND ".join(f'"{word}"' for word in words) + ")"


def _fts_where(question: Question) -> tuple[str, tuple[Any, ...]]:
    parts: list[str] = []
    values: list[Any] = []
    if question.mrn:
        parts.append("AND page.mrn = ?")
        values.append(question.mrn)
    if question.type:
        parts.append("AND page.type = ?")
        values.append(question.type)
    if question.years:
        parts.append("AND page.date BETWEEN ? AND ?")
        values += [f"{question.years[0]}-01-01", f"{question.years[1]}-12-31"]
    return " ".join(parts), tuple(values)


class PlainTantivy:
    """Query objects, `order_by_field` on a fast field, `SnippetGenerator`, `aggregate`."""

    name = "plain tantivy"
    counts_printed = False

    def build(self, papers: Iterable[Paper], folder: Path) -> None:
        import tantivy

        index = tantivy.Index(_tantivy_schema(), path=str(folder))
        writer = index.writer(heap_size=128_000_000, num_threads=1)
        for paper, number, text in _pages(papers):
            day = _first_day(paper)
            document = tantivy.Document(
                text=text, name=paper.person.name, mrn=paper.person.mrn, document=paper.document_id,
                page=number, type=paper.type, year=int(day[:4]), provider=paper.provider,
                date=int(day.replace("-", "")),
            )  # fmt: skip
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    def open(self, folder: Path) -> None:
        import tantivy

        self._index: Any = tantivy.Index.open(str(folder))
        self._searcher: Any = self._index.searcher()
        self._schema: Any = self._index.schema

    def ask(self, question: Question, *, snippets: bool = True) -> Reply | None:
        import tantivy

        query = self._query(question)
        if query is None:
            return None
        options = {"order_by_field": "date"} if question.kind == "by_date" else {}
        result = self._searcher.search(query, SHOWN, count=True, **options)
        found = [self._searcher.doc(address) for _, address in result.hits]
        if snippets and found:
            generator = tantivy.SnippetGenerator.create(self._searcher, query, self._schema, "text")
            for document in found:
                generator.snippet_from_doc(document).to_html()
        if question.kind == "facets":
            facets = ("type", "year", "mrn", "provider")
            self._searcher.aggregate(query, {f: {"terms": {"field": f, "size": 20}} for f in facets})
        return Reply(total=result.count, shown=len(found))

    def total(self, question: Question) -> int | None:
        reply = self.ask(question, snippets=False)
        return reply.total if reply else None

    def _query(self, question: Question) -> Any:
        import tantivy

        schema, words, make = self._schema, question.words, tantivy.Query
        match question.kind:
            case "phrase" | "phrase_common":
                return make.phrase_query(schema, "text", list(words))
            case "near":
                return make.phrase_query(schema, "text", list(words), slop=question.distance - 1)
            case "name":
                return make.term_query(schema, "name", words[0])
            case "prefix":
                return make.regex_query(schema, "text", re.escape(words[0]) + ".*")
            case "fuzzy":
                return make.fuzzy_term_query(schema, "text", words[0], distance=1)
            case "misread" | "alike":
                return None
        parts = [make.term_query(schema, "text", word) for word in words]
        if question.mrn:
            parts.append(make.term_query(schema, "mrn", question.mrn))
        if question.type:
            parts.append(make.term_query(schema, "type", question.type))
        if question.years:
            days = question.years[0] * 10_000, question.years[1] * 10_000 + 9_999
            parts.append(make.range_query(schema, "date", tantivy.FieldType.Integer, *days))
        return parts[0] if len(parts) == 1 else make.boolean_query([(tantivy.Occur.Must, p) for p in parts])


def _tantivy_schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=True, tokenizer_name="default")
    builder.add_text_field("name", stored=True, tokenizer_name="default")
    for field in ("mrn", "type", "provider"):
        builder.add_text_field(field, stored=True, fast=True, tokenizer_name="raw")
    builder.add_text_field("document", stored=True, tokenizer_name="raw")
    for field in ("page", "year", "date"):
        builder.add_integer_field(field, stored=True, indexed=True, fast=True)
    return builder.build()


PEERS: Mapping[str, Callable[[], Engine]] = {"whoosh": PlainWhoosh, "fts5": Fts5, "tantivy": PlainTantivy}
