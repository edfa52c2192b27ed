"""Search as people see it: the index proposes, the catalog decides what is shown.

A hit counts only if its document is filed now, in that very version. So a
corrected document is never shown under its old patient, not even before the
index has caught up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scanindex.model import Document, DocumentId, DocumentState, IndexPage, Patient, SearchHit
from scanindex.pipeline import index_pages
from scanindex.services import Services

_FETCH_FACTOR = 3
_FETCH_LIMIT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    hit: SearchHit
    document: Document
    patient: Patient | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """One page of results."""

    found: tuple[Found, ...]
    total: int
    """Matching pages as far as they were checked against the catalog."""
    is_exact_total: bool
    seconds: float
    notes: tuple[str, ...]


def search(query: str, services: Services, limit: int = 20, offset: int = 0) -> FoundPage:
    """Pages that match, best first. Raises UsageError pointing at the place, IndexBroken."""
    want = min((offset + limit) * _FETCH_FACTOR, _FETCH_LIMIT)
    result = services.index.search(query, limit=want)
    found: list[Found] = []
    dropped = 0
    with services.catalog.read() as unit:
        behind = unit.outbox.last_seq() - int(services.index.info()["seq"])
        documents = {hit.document_id: unit.documents.get(hit.document_id) for hit in result.hits}
    for hit in result.hits:
        document = documents[hit.document_id]
        if document is None or not _is_current(document, hit):
            dropped += 1
            continue
        patient = services.roster.get(document.patient_id) if document.patient_id else None
        found.append(Found(hit=hit, document=document, patient=patient))
    notes = [*result.notes]
    if behind > 0:
        notes.append(f"the index is {behind} change(s) behind; search again in a moment")
    return FoundPage(
        found=tuple(found[offset : offset + limit]),
        total=result.total - dropped,
        is_exact_total=len(result.hits) >= result.total,
        seconds=result.seconds,
        notes=tuple(notes),
    )


def _is_current(document: Document, hit: SearchHit) -> bool:
    return document.state is DocumentState.FILED and document.version == hit.version


def reindex(services: Services, progress: Callable[[str, int], None] = lambda *_: None) -> int:
    """Build the index anew from the archive; returns the pages in it.

    The outbox position is taken first: what is filed meanwhile is applied again
    afterwards, and applying twice is harmless.
    """
    with services.catalog.read() as unit:
        seq = unit.outbox.last_seq()
        ids = unit.documents.ids(DocumentState.FILED)
    return services.index.rebuild(_filed(ids, services, progress), seq)


def _filed(
    ids: Sequence[DocumentId], services: Services, progress: Callable[[str, int], None]
) -> Iterator[tuple[DocumentId, Sequence[IndexPage]]]:
    for count, document_id in enumerate(ids, start=1):
        with services.catalog.read() as unit:
            document = unit.documents.get(document_id)
        yield document_id, index_pages(document, services)
        progress("documents", count)
