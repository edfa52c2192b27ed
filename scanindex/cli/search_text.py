"""Results of a search as lines of text: patients, then documents with their pages. Pure but for `style`.

Hits are coloured on a terminal and stand between "[" and "]" elsewhere. Nothing that was
read on paper reaches the terminal with control characters in it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import click

from scanindex.cli.common import patient_line, printable
from scanindex.find import Facet, FoundDocument, FoundPage, FoundPatient
from scanindex.find_patients import MOST
from scanindex.model import DocumentId, SearchRequest

_HIT = re.compile(r"\[([^\[\]\s]+)\]")
_CARET_CHARACTERS = 60
"""Of a long query, so much before the fault and after it is shown."""
_PAGES_SHOWN = 3
_FACETS_SHOWN = 8
_FACET_NAMES = {"type": "type", "year": "year", "patient": "patient", "provider": "provider"}


@dataclass(frozen=True, slots=True)
class Style:
    is_coloured: bool

    def hits(self, snippet: str) -> str:
        text = printable(snippet)
        return _HIT.sub(lambda m: self.hit(m.group(1)), text) if self.is_coloured else text

    def hit(self, word: str) -> str:
        return click.style(word, fg="black", bg="bright_yellow") if self.is_coloured else f"[{word}]"

    def head(self, text: str) -> str:
        return click.style(text, bold=True) if self.is_coloured else text

    def faint(self, text: str) -> str:
        return click.style(text, dim=True) if self.is_coloured else text


def style() -> Style:
    """Colours on a terminal, unless NO_COLOR is set (no-color.org)."""
    return Style(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def lines(
    request: SearchRequest, page: FoundPage, style: Style, fresh: Collection[DocumentId] = frozenset()
) -> Iterator[str]:
    """What was found; `fresh`: documents marked as new."""
    if page.patients:
        yield style.head("Patients")
        for found in page.patients:
            yield from _patient(found)
        if len(page.patients) == MOST:
            yield style.faint("  perhaps more: `scanindex roster find` lists them")
        yield ""
    if page.documents:
        yield style.head(_heading(request, page))
        for number, document in enumerate(page.documents, start=request.offset + 1):
            yield from _document(number, document, style, is_new=document.document.document_id in fresh)
    elif not page.patients:
        yield "No more documents." if request.offset and page.total_documents else "Nothing found."
    if any(page.facets.values()):
        yield ""
        yield style.head("Narrow down by")
        for name, values in page.facets.items():
            yield from _facet(name, values)


def remarks(request: SearchRequest, page: FoundPage) -> Iterator[str]:
    """What to do next, and what to know about the list."""
    if page.did_you_mean:
        yield f"did you mean: {printable(page.did_you_mean)}"
    if page.also_searched:
        yield f"also searched: {printable(', '.join(page.also_searched))}"
    for note in page.notes:
        yield f"note: {note}"
    if page.next_offset is not None:
        yield f"more: --offset {page.next_offset}"
    about = "" if page.is_exact_total else "about "
    yield (
        f"{about}{page.total_documents} document(s), {page.total_pages} page(s), {page.seconds * 1000:.0f} ms"
    )


def caret(query: str, at: int) -> str:
    """The query line with a caret under character `at` (1-based); a long line is cut around it."""
    start = max(0, at - 1 - _CARET_CHARACTERS)
    shown = printable(query[start : at - 1 + _CARET_CHARACTERS])
    lead = "… " if start else ""
    return f"  {lead}{shown}\n  {' ' * (len(lead) + at - 1 - start)}^"


def _heading(request: SearchRequest, page: FoundPage) -> str:
    first, last = request.offset + 1, request.offset + len(page.documents)
    about = "" if page.is_exact_total else "about "
    return f"Documents {first}-{last} of {about}{page.total_documents}"


def _patient(found: FoundPatient) -> Iterator[str]:
    mark = "  (not in the roster)" if found.patient.is_provisional else ""
    count = f"{found.documents} document(s)" if found.documents else "no documents"
    yield f"  {printable(patient_line(found.patient))}{mark}  ·  {count}"


def _document(number: int, found: FoundDocument, style: Style, *, is_new: bool) -> Iterator[str]:
    document = found.document
    kind = (document.document_type or "untyped").replace("_", " ")
    marks = [m for m, is_so in (("new", is_new), ("reads alike", found.is_look_alike)) if is_so]
    marks += list(document.sensitivity)
    tail = f"  ({', '.join(marks)})" if marks else ""
    head = f"{kind}, {document.service_date or 'undated'}"
    yield f"{number:>3}. {style.head(head)}  {printable(patient_line(found.patient))}{tail}"
    for hit in found.hits[:_PAGES_SHOWN]:
        yield f"     p. {hit.page_no}  {style.hits(hit.snippet)}"
    left = found.pages_total - min(len(found.hits), _PAGES_SHOWN)
    more = f" · {left} more page(s)" if left > 0 else ""
    yield style.faint(f"     {document.document_id[:8]}{more}")


def _facet(name: str, values: Collection[Facet]) -> Iterator[str]:
    shown = [f"{printable(v.label)} ({v.documents})" for v in list(values)[:_FACETS_SHOWN]]
    more = f" · {len(values) - _FACETS_SHOWN} more" if len(values) > _FACETS_SHOWN else ""
    if shown:
        yield f"  {_FACET_NAMES.get(name, name) + ':':10} {' · '.join(shown)}{more}"
