"""Search as people see it: the index proposes, the catalog decides what is shown.

A document is shown only if it is filed now, in the very version that was found, and the
asker may see it. What changed since the index was last written is hidden inside the query,
so that counts and facets leave it out too: a corrected document is never shown under its
old patient, not even before the index has caught up. Leaves out how pages are found and
ranked (index), where hits stand on the paper (hits) and who keeps a search (searches).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scanindex import fetch, find_patients
from scanindex.model import (
    Document,
    DocumentHit,
    DocumentId,
    DocumentState,
    Patient,
    PatientId,
    SearchHit,
    SearchRequest,
    SearchResult,
    SearchScope,
    Spellings,
)
from scanindex.ports import Unit
from scanindex.services import Services

MOST_HIDDEN = 1_000
"""More changes than this are not hidden inside the query (it would grow too large): what is shown is
checked all the same, but totals are no longer exact."""
EVERY_STEP = 100
MOST_EXPORTED = 100_000
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPatient:
    patient: Patient
    documents: int
    """Filed documents of theirs that the asker may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDocument:
    document: Document
    patient: Patient | None
    score: float
    """0 for who may not see everything: it depends a little on pages of others."""
    is_look_alike: bool
    """Found only by spellings that a scanner takes for what was searched."""
    hits: tuple[SearchHit, ...]
    """Matching pages, best first."""
    pages_total: int
    """Matching pages, also those not in `hits`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    value: str
    """As a query takes it: type code, year, patient id, provider."""
    label: str = field(repr=False)
    """As people read it."""
    documents: int
    patient: Patient | None = field(default=None, repr=False)
    """Whom it counts, in the facet of patients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """One page of results: people first, then documents."""

    patients: tuple[FoundPatient, ...] = ()
    documents: tuple[FoundDocument, ...]
    total_documents: int
    total_pages: int
    is_exact_total: bool
    next_offset: int | None
    """Where the next page begins; None on the last one."""
    facets: Mapping[str, tuple[Facet, ...]] = field(default_factory=dict, repr=False)
    did_you_mean: str | None = field(default=None, repr=False)
    also_searched: tuple[str, ...] = field(default=(), repr=False)
    on_their_way: int = 0
    """Documents filed so recently that the index does not know them yet."""
    is_up_to_date: bool = True
    """The index knew every change when it was asked."""
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backlog:
    """What changed in the catalog since the index was last written."""

    hidden: frozenset[DocumentId]
    on_their_way: int
    to_be_filed: int
    """Decided or corrected, and in nobody's chart until the service has filed them."""
    is_huge: bool
    is_empty: bool
    """Of what the asker may see; others' changes are nobody's news."""


def search(asked: SearchRequest | str, services: Services) -> FoundPage:
    """Patients and documents that fit, best first.

    Raises QueryError pointing at the place, IndexBroken (build it anew and ask again).
    """
    request = SearchRequest(query=asked) if isinstance(asked, str) else asked
    for _ in range(_TRIES):
        backlog = _backlog(request.scope, services)
        scope = dataclasses.replace(request.scope, hidden=request.scope.hidden | backlog.hidden)
        sent = dataclasses.replace(request, scope=scope)
        result = services.index.search(sent)
        shown, dropped = _checked(result, scope, services)
        # Filed or corrected while we looked: it is in the outbox now, and hidden the next time.
        if not dropped or backlog.is_huge:
            break
    return _page(sent, result, shown, dropped, backlog, services)


def every(
    request: SearchRequest,
    services: Services,
    progress: Callable[[int, int], None] = lambda done, total: None,
    most: int = MOST_EXPORTED,
) -> Iterator[FoundDocument]:
    """All documents that fit, in order, each once; `progress` is told (documents so far, in all)."""
    seen: set[DocumentId] = set()
    offset: int | None = request.offset
    while offset is not None and len(seen) < most:
        step = dataclasses.replace(request, limit=EVERY_STEP, offset=offset, facets=False)
        page = search(step, services)
        for found in page.documents:
            if found.document.document_id not in seen and len(seen) < most:
                seen.add(found.document.document_id)
                yield found
        progress(len(seen), page.total_documents)
        offset = page.next_offset


# --- what the index does not know yet -------------------------------------------------
def _backlog(scope: SearchScope, services: Services) -> _Backlog:
    """The index is asked first: what it learns after that is hidden once too often, never too seldom."""
    seq = services.index.seq()
    with services.catalog.read() as unit:
        to_be_filed = unit.documents.count_in(DocumentState.PROPOSED, scope)
        items = unit.outbox.after(seq, MOST_HIDDEN + 1)
        if len(items) > MOST_HIDDEN:
            return _Backlog(
                hidden=frozenset(),
                on_their_way=0 if scope.is_narrow else unit.outbox.last_seq() - seq,
                to_be_filed=to_be_filed,
                is_huge=True,
                is_empty=False,
            )
        ids = frozenset(item.document_id for item in items)
        known = unit.outbox.versions_at(seq, ids)
        documents = [document for i in sorted(ids) if (document := unit.documents.get(i))]
    # Only relabelled (a patient's name changed): what the index holds of it still stands.
    same = {d.document_id for d in documents if _is_filed(d) and known.get(d.document_id) == d.version}
    coming = [d for d in documents if _is_filed(d) and d.document_id not in same and _may_see(d, scope)]
    is_told = any(_may_see(d, scope) for d in documents) if scope.is_narrow else bool(items)
    return _Backlog(
        hidden=ids - same,
        on_their_way=len(coming),
        to_be_filed=to_be_filed,
        is_huge=False,
        is_empty=not is_told,
    )


def _checked(
    result: SearchResult, scope: SearchScope, services: Services
) -> tuple[list[tuple[DocumentHit, Document]], list[DocumentHit]]:
    """What may be shown, with its document as the catalog has it; and what may not."""
    shown: list[tuple[DocumentHit, Document]] = []
    dropped: list[DocumentHit] = []
    with services.catalog.read() as unit:
        for hit in result.documents:
            document = unit.documents.get(hit.document_id)
            if document and _is_current(document, hit) and _may_see(document, scope):
                shown.append((hit, fetch.among_people(document, scope.people)))
            else:
                dropped.append(hit)
    return shown, dropped


def _is_filed(document: Document) -> bool:
    return document.state is DocumentState.FILED


def _is_current(document: Document, hit: DocumentHit) -> bool:
    return _is_filed(document) and document.version == hit.version


def _may_see(document: Document, scope: SearchScope) -> bool:
    return scope.holds(document.patient_id, document.sensitivity)


# --- one page ------------------------------------------------------------------------------
def _page(
    request: SearchRequest,
    result: SearchResult,
    shown: Sequence[tuple[DocumentHit, Document]],
    dropped: Sequence[DocumentHit],
    backlog: _Backlog,
    services: Services,
) -> FoundPage:
    after = request.offset + max(1, request.limit)
    is_settled = not dropped and not backlog.is_huge
    people = {d.patient_id for _, d in shown if d.patient_id}
    counted = {PatientId(value) for value, _ in result.facets.get("patient", ())} if is_settled else set()
    known = services.roster.all_of(people | counted)
    found = (_found(hit, d, known.get(d.patient_id) if d.patient_id else None) for hit, d in shown)
    documents = tuple(map(_unscored, found) if request.scope.is_narrow else found)
    return FoundPage(
        patients=() if request.offset else _patients(request, services, is_eager=not result.total_documents),
        documents=documents,
        total_documents=result.total_documents - len(dropped),
        total_pages=result.total - sum(hit.pages_total for hit in dropped),
        is_exact_total=result.is_exact_total and is_settled,
        next_offset=after if after < result.total_documents else None,
        # Counts of what is no longer so might name a patient who has nothing to do with it.
        facets=_facets(result, known) if is_settled else {},
        did_you_mean=_did_you_mean(request, result, services),
        # Words are collected over the whole index: they could tell of pages that may not be seen.
        also_searched=() if request.scope.is_narrow else result.also_searched,
        on_their_way=backlog.on_their_way,
        is_up_to_date=backlog.is_empty,
        seconds=result.seconds,
        notes=(*result.notes, *_beyond(request, result), *_notes(request, backlog, is_settled)),
    )


def _found(hit: DocumentHit, document: Document, patient: Patient | None) -> FoundDocument:
    return FoundDocument(
        document=document,
        patient=patient,
        score=hit.score,
        is_look_alike=hit.is_look_alike,
        hits=hit.pages,
        pages_total=hit.pages_total,
    )


def _unscored(found: FoundDocument) -> FoundDocument:
    hits = tuple(dataclasses.replace(hit, score=0.0) for hit in found.hits)
    return dataclasses.replace(found, score=0.0, hits=hits)


def _patients(request: SearchRequest, services: Services, *, is_eager: bool) -> tuple[FoundPatient, ...]:
    scope = request.scope
    people = find_patients.suggest(request.query, services, within=scope.people, is_eager=is_eager)
    if not people:
        return ()
    with services.catalog.read() as unit:
        counts = _counts(unit, [p.patient_id for p in people], scope)
    return tuple(FoundPatient(patient=p, documents=counts.get(p.patient_id, 0)) for p in people)


def _counts(unit: Unit, patient_ids: Sequence[PatientId], scope: SearchScope) -> dict[PatientId, int]:
    return unit.documents.filed_counts(patient_ids, scope.without_sensitivity, scope.opened)


def _facets(result: SearchResult, known: Mapping[PatientId, Patient]) -> dict[str, tuple[Facet, ...]]:
    return {
        name: tuple(_facet(name, value, count, known) for value, count in values)
        for name, values in result.facets.items()
    }


def _facet(name: str, value: str, count: int, known: Mapping[PatientId, Patient]) -> Facet:
    patient = known.get(PatientId(value)) if name == "patient" else None
    label = value.replace("_", " ") if name == "type" else value
    if name == "patient":
        parts = (patient.display_name, patient.birth_date, patient.mrn) if patient else ()
        label = ", ".join(part for part in parts if part) or "unknown patient"
    return Facet(value=value, label=label, documents=count, patient=patient)


def _did_you_mean(request: SearchRequest, result: SearchResult, services: Services) -> str | None:
    """Only what finds something that the asker may see."""
    if not result.did_you_mean:
        return None
    other = dataclasses.replace(
        request,
        query=result.did_you_mean,
        limit=1,
        offset=0,
        facets=False,
        spellings=Spellings.EXACT,
    )
    return result.did_you_mean if services.index.search(other).total_documents else None


def _beyond(request: SearchRequest, result: SearchResult) -> Iterator[str]:
    if request.offset and not result.documents and 0 < result.total_documents <= request.offset:
        yield f"the list ends with document {result.total_documents}: there is nothing behind it"


def _notes(request: SearchRequest, backlog: _Backlog, is_settled: bool) -> Iterator[str]:
    if backlog.is_huge:
        many = "many" if request.scope.is_narrow else backlog.on_their_way
        yield f"the index is {many} changes behind: totals are not exact, recent documents are missing"
    elif backlog.on_their_way:
        yield f"{backlog.on_their_way} document(s) are on their way into the index; search again in a moment"
    elif not backlog.is_empty:
        yield "the index has not caught up with the latest changes; search again in a moment"
    if backlog.to_be_filed:
        yield f"{backlog.to_be_filed} document(s) are decided and about to be filed (`scanindex run` does it)"
    if not is_settled and request.facets:
        yield "no counts by type, year, patient and provider until the index has caught up"
