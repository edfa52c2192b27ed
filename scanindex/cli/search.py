"""search: find patients and documents again, keep the question, take the whole list along."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from scanindex import app, exports, find, hits, reindex, searches, trail
from scanindex.access_model import Access, Right
from scanindex.cli import search_text
from scanindex.cli.common import (
    allow,
    asking,
    emit_json,
    json_option,
    new_file,
    pass_home,
    printable,
    record_read,
)
from scanindex.cli.find import catch_up
from scanindex.cli.render import patient_data
from scanindex.errors import CatalogBusy, IndexBroken, QueryError, UsageError
from scanindex.find import FoundDocument, FoundPage
from scanindex.model import (
    DocumentId,
    PageReading,
    SearchHit,
    SearchOrder,
    SearchRequest,
    Spellings,
)

T = TypeVar("T")
LONGEST_WAIT_SECONDS = 600
MOST_PAGES_EXPORTED = 1_000
"""Pages of one document that a list names."""
MOST_AT_ONCE = 1_000


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("query", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--limit", type=click.IntRange(1, MOST_AT_ONCE), default=20, show_default=True, help="Documents to show."
)
@click.option("--offset", type=click.IntRange(0), default=0, help="Skip so many documents.")
@click.option(
    "--sort",
    "order",
    type=click.Choice([o.value for o in SearchOrder]),
    default=SearchOrder.RELEVANCE.value,
    show_default=True,
    help="Best first, or by date of service.",
)
@click.option("--exact", is_flag=True, help="Words as typed only, none that may be misread.")
@click.option("--alike", is_flag=True, help="Words a scanner may have misread as well, always.")
@click.option("--no-synonyms", is_flag=True, help="No abbreviations and synonyms of the words.")
@click.option("--facets", is_flag=True, help="Count the results by type, year, patient and provider.")
@click.option("--boxes", is_flag=True, help="Add where on the page the words stand (with --json).")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all results to this file, for a spreadsheet. It holds patient data.",
)
@click.option("--all", "everything", is_flag=True, help="All results, not a page of them (with --json).")
@click.option("--per-page", is_flag=True, help="A row per page instead of per document (--csv, --all).")
@click.option("--save", "name", metavar="NAME", help="Keep the search under this name as well.")
@json_option
@pass_home
def search(home: Path, /, query: tuple[str, ...], **options: Any) -> None:
    """Find patients and documents: by name, number, date, or any words on the page.

    \b
    smith john                 the patient, then documents with both words
    0482913                    whose number it is, and where it stands
    spleen rupture             both words, on one page
    "ruptured spleen"          next to each other
    fever OR chills -cough     either; and not the third
    splen* rupturd~ near/5     see docs/reference/query-language.md
    patient:smith type:lab_report date:1998..2003
    mrn:0482913 dob:1934-01-02 provider:rook

    Few results? Misread spellings are added by themselves; --alike insists on
    them. Too many? --facets shows by what to narrow down. `scanindex page`
    shows a page with the words marked.
    """
    chosen = _Options(**{k: options[k] for k in (f.name for f in dataclasses.fields(_Options))})
    text = query_of(query)
    _check(chosen, query)
    request = SearchRequest(
        query=text,
        limit=chosen.limit,
        offset=chosen.offset,
        order=SearchOrder(chosen.order),
        spellings=_spellings(chosen),
        synonyms=not chosen.no_synonyms,
        facets=chosen.facets,
    )
    with asking(home, Right.READ) as (opened, access), pointing(text):
        request = dataclasses.replace(request, scope=access.scope)
        if chosen.csv_file or chosen.everything:
            allow(opened, access, Right.DOWNLOAD)
        if chosen.csv_file:
            new_file(chosen.csv_file, opened.settings)
        catch_up(opened)
        if chosen.csv_file or chosen.everything:
            _export(opened, access, request, chosen)
        else:
            page = ask(opened, request)
            record_search(opened, access, text, page)
            show(opened, request, page, as_json=chosen.as_json, boxes=chosen.boxes)
        if chosen.name:
            saved = searches.save(chosen.name, request, access.actor, opened.services)
            click.echo(f'saved; `scanindex searches run "{printable(saved.name)}"` asks again', err=True)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    limit: int
    offset: int
    order: str
    exact: bool
    alike: bool
    no_synonyms: bool
    facets: bool
    boxes: bool
    csv_file: Path | None
    everything: bool
    per_page: bool
    name: str | None
    as_json: bool


def _check(chosen: _Options, query: Sequence[str]) -> None:
    for number, word in enumerate(query, start=1):
        if re.match(r"--[a-z]", word):  # not repeated: it may be a name
            raise UsageError(f"word {number} looks like an option that there is not; quotes make it a word")
    if chosen.exact and chosen.alike:
        raise UsageError("--exact and --alike exclude each other")
    if chosen.boxes and not chosen.as_json:
        raise UsageError("--boxes goes with --json")
    if chosen.everything and not chosen.as_json:
        raise UsageError("--all goes with --json; --csv always writes all")
    if chosen.csv_file and chosen.as_json:
        raise UsageError("--csv and --json exclude each other")
    if chosen.per_page and not (chosen.csv_file or chosen.everything):
        raise UsageError("--per-page goes with --csv or --json --all")


def _spellings(chosen: _Options) -> Spellings:
    if chosen.exact:
        return Spellings.EXACT
    return Spellings.ALIKE if chosen.alike else Spellings.AUTO


@contextlib.contextmanager
def pointing(query: str) -> Iterator[None]:
    """A query that makes no sense is shown with the place where it went wrong, before that is told."""
    try:
        yield
    except QueryError as error:
        click.echo(search_text.caret(query, error.at), err=True)
        raise


def query_of(arguments: Sequence[str]) -> str:
    """The query as it was meant: the shell took the quotes off phrases among several arguments."""
    if len(arguments) == 1:
        return arguments[0]
    return " ".join(_requoted(argument) for argument in arguments)


def _requoted(argument: str) -> str:
    if not any(c.isspace() for c in argument) or '"' in argument:
        return argument
    field, colon, value = argument.partition(":")
    return f'{field}:"{value}"' if colon and field.isalpha() else f'"{argument}"'


def ask(opened: app.Workspace, request: SearchRequest) -> FoundPage:
    """One page of results; an index that is gone or damaged is built anew first, and says so."""
    return with_index(opened, lambda: find.search(request, opened.services))


def with_index(opened: app.Workspace, asked: Callable[[], T]) -> T:
    """The answer; an index that is gone or damaged is built anew first, here or by who does so already."""
    try:
        return asked()
    except IndexBroken:
        click.echo("the index is damaged or missing; building it anew from the archive", err=True)
    try:
        reindex.reindex(opened.services, _told_progress)
    except CatalogBusy:
        click.echo("the service is building it; waiting for that", err=True)
        for _ in range(LONGEST_WAIT_SECONDS):
            time.sleep(1)
            with contextlib.suppress(IndexBroken):
                return asked()
    return asked()


def _told_progress(now: reindex.Progress) -> None:
    """On a terminal a line that changes; elsewhere nothing."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[Kindex: {now.text}", nl=False, err=True)


def show(
    opened: app.Workspace,
    request: SearchRequest,
    page: FoundPage,
    *,
    as_json: bool,
    boxes: bool = False,
    fresh: frozenset[DocumentId] = frozenset(),
) -> None:
    """One page of results; `fresh`: documents to be marked as new."""
    if as_json:
        emit_json(_page_data(page, opened, boxes=boxes) | ({"new": sorted(fresh)} if fresh else {}))
        return
    for line in search_text.lines(request, page, search_text.style(), fresh):
        click.echo(line)
    for line in search_text.remarks(request, page):
        click.echo(line, err=True)


# --- json ---------------------------------------------------------------------------------
def _page_data(page: FoundPage, opened: app.Workspace, *, boxes: bool) -> dict[str, Any]:
    documents = [_document_data(found, opened, boxes=boxes) for found in page.documents]
    return {
        "total": page.total_pages,
        "total_documents": page.total_documents,
        "is_exact_total": page.is_exact_total,
        "next_offset": page.next_offset,
        "seconds": round(page.seconds, 4),
        "notes": page.notes,
        "did_you_mean": page.did_you_mean,
        "also_searched": page.also_searched,
        "on_their_way": page.on_their_way,
        "patients": [{**(patient_data(p.patient) or {}), "documents": p.documents} for p in page.patients],
        "facets": page.facets,
        "documents": documents,
        "hits": [{"document_id": d["document_id"], **hit} for d in documents for hit in d["pages"]],
    }


def _document_data(found: FoundDocument, opened: app.Workspace, *, boxes: bool) -> dict[str, Any]:
    document = found.document
    readings = hits.readings(document, opened.services) if boxes else ()
    return {
        "document_id": document.document_id,
        "version": document.version,
        "document_type": document.document_type,
        "service_date": document.service_date,
        "sensitivity": document.sensitivity,
        "patient": patient_data(found.patient),
        "score": round(found.score, 3),
        "is_look_alike": found.is_look_alike,
        "pages_total": found.pages_total,
        "pages": [_hit_data(hit, readings) for hit in found.hits],
    }


def _hit_data(hit: SearchHit, readings: Sequence[PageReading]) -> dict[str, Any]:
    data = {
        "page_no": hit.page_no,
        "score": round(hit.score, 3),
        "snippet": hit.snippet,
        "word_numbers": hit.word_numbers,
        "is_look_alike": hit.is_look_alike,
    }
    if not 0 < hit.page_no <= len(readings):
        return data
    reading = readings[hit.page_no - 1]
    return data | marks_data(reading, hits.marks(reading, hit.word_numbers))


def marks_data(reading: PageReading, marks: Sequence[hits.Mark]) -> dict[str, Any]:
    """Size of the page and what to mark on it, in its pixels and as fractions."""
    return {"width_px": reading.width_px, "height_px": reading.height_px, "marks": list(marks)}


# --- whole lists ----------------------------------------------------------------------------
def record_search(opened: app.Workspace, access: Access, query: str, page: FoundPage) -> None:
    """What was asked, and who and what was shown of it."""
    documents = [found.document.document_id for found in page.documents]
    people = [found.patient.patient_id for found in page.patients]
    trail.search_made(access, query, page.total_documents, opened.services)
    record_read(opened, access, "search", documents, people)


def _export(opened: app.Workspace, access: Access, request: SearchRequest, chosen: _Options) -> None:
    """Everything the search finds, a row each, as it comes; who took it along is recorded."""
    request = dataclasses.replace(request, pages_per_document=MOST_PAGES_EXPORTED)
    taken: list[str] = []

    def rows() -> Iterator[dict[str, Any]]:
        progress = _progress if sys.stderr.isatty() else (lambda done, total: None)
        for found in find.every(request, opened.services, progress):
            taken.append(found.document.document_id)
            yield from exports.rows([found], per_page=chosen.per_page)

    # Damage shows before anything is written; what comes later ends the export.
    ask(opened, dataclasses.replace(request, limit=1))
    try:
        if chosen.csv_file:
            count = exports.write_csv(chosen.csv_file, rows())
        else:
            count = exports.write_json(sys.stdout, rows())
    finally:
        query = request.query
        trail.took(access, "exported", opened.services, taken, what="search_export", query=query)
    what = "page" if chosen.per_page else "document"
    click.echo(
        f"{count} {what}(s) written" + ("; the file holds patient data" if chosen.csv_file else ""), err=True
    )


def _progress(done: int, total: int) -> None:
    click.echo(f"\rexport: {done} of {total} documents", nl=done >= total, err=True)
