"""Documents that are probably the same paper as another one: a rescan, a copy filed twice.

Only shown beside a document, never acted upon: nothing is dropped, joined or held back for it.
Looked up when asked, so splits, joins and corrections since then are taken into account.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanindex import prints
from scanindex.model import Document, DocumentId, DocumentState, PagePrint, ScanId
from scanindex.ports import Unit
from scanindex.services import Services

LEAST_SHARE = 0.5
"""Of the pages of the shorter document that must look alike."""
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlike:
    document_id: DocumentId
    state: DocumentState
    pages: tuple[tuple[int, int], ...]
    """Page of this document and its look-alike in the other, both as `scan_page_no`."""
    reason: str
    """Plain words, no values."""


def look_alikes(document: Document, services: Services) -> tuple[LookAlike, ...]:
    """Other documents of which at least half the pages look like this one's, best first."""
    with services.catalog.read() as unit:
        found = _pairs(document, unit)
        others = {key: unit.documents.get(key) for key in found}
    told = [
        _told(document, other, found[key])
        for key, other in others.items()
        if other and _is_one(document, other)
    ]
    close = [alike for alike, share in sorted(told, key=lambda t: -t[1]) if share >= LEAST_SHARE]
    return tuple(close[:MOST_SHOWN])


_Pairs = dict[DocumentId, list[tuple[int, int, prints.Likeness]]]


def _pairs(document: Document, unit: Unit) -> _Pairs:
    """Pages alike, by the document that holds the other one."""
    holders: dict[ScanId, dict[int, DocumentId | None]] = {}
    found: _Pairs = {}
    for mine in unit.prints.of(document.scan_id, document.pages):
        for scan_id, other in unit.prints.near(mine):
            if scan_id not in holders:
                holders[scan_id] = {no: holder for no, _, holder in unit.pages.of(scan_id)}
            holder = holders[scan_id].get(other.scan_page_no)
            if holder and holder != document.document_id and (alike := _alike(mine, other)):
                found.setdefault(holder, []).append((mine.scan_page_no, other.scan_page_no, alike))
    return found


def _alike(one: PagePrint, two: PagePrint) -> prints.Likeness | None:
    likeness = prints.likeness(one, two)
    return likeness if likeness.is_rescan else None


def _is_one(document: Document, other: Document) -> bool:
    """Not a form filled for two people."""
    return not prints.name_two_people(document.fields, other.fields)


def _told(
    document: Document, other: Document, pairs: list[tuple[int, int, prints.Likeness]]
) -> tuple[LookAlike, float]:
    share = len({mine for mine, _, _ in pairs}) / max(1, min(len(document.pages), len(other.pages)))
    return LookAlike(
        document_id=other.document_id,
        state=other.state,
        pages=tuple((mine, theirs) for mine, theirs, _ in pairs),
        reason=pairs[0][2].reason,
    ), share
