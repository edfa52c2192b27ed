"""Which documents an export is about: by patient, batch, type, date, query, or all.

Promises: only what the asker may see; every document once, in the order of ids or of the search;
what was named and is not there is an error, never silence. Leaves out whether it may go (holds).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from scanindex import find
from scanindex.access_model import Access
from scanindex.errors import NotFound, UsageError
from scanindex.model import (
    BatchId,
    Document,
    DocumentId,
    DocumentState,
    PatientId,
    SearchRequest,
    Spellings,
)
from scanindex.services import Services

STEP = 500
_MOST_FOUND = 10_000_000
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """All that is given must hold; nothing given: every filed document."""

    document_ids: tuple[DocumentId, ...] = ()
    patients: tuple[str, ...] = field(default=(), repr=False)
    """MRNs or patient ids."""
    batch_ids: tuple[BatchId, ...] = ()
    types: tuple[str, ...] = ()
    since: str | None = None
    """First date of care, ISO, may be partial."""
    until: str | None = None
    """Last date of care, a partial one as a whole: 1998 ends with its December."""
    query: str = field(default="", repr=False)
    only_corrections: bool = False
    """Nothing new: what was delivered before and is different now."""

    @property
    def is_narrow(self) -> bool:
        """Whether anything but "all filed documents" was asked for."""
        return bool(
            self.document_ids
            or self.patients
            or self.batch_ids
            or self.types
            or self.since
            or self.until
            or self.query
        )

    def in_words(self) -> str:
        """For the run's record; may hold a query and numbers."""
        parts = [
            *(f"document {one}" for one in self.document_ids),
            *(f"patient {one}" for one in self.patients),
            *(f"batch {one}" for one in self.batch_ids),
            *(f"type {one}" for one in self.types),
            f"since {self.since}" if self.since else "",
            f"until {self.until}" if self.until else "",
            f"query {self.query}" if self.query else "",
            "corrections only" if self.only_corrections else "",
        ]
        return ", ".join(filter(None, parts)) or "all filed documents"


def chosen(access: Access, wanted: Selection, services: Services) -> Iterator[list[Document]]:
    """The documents in steps of at most `STEP`. Raises NotFound, UsageError (also QueryError)."""
    people = _people(access, wanted, services)
    batches = _batches(wanted, services)
    for step in _steps(access, wanted, people, services):
        with services.catalog.read() as unit:
            known = unit.documents.all_of(step)
            if batches is not None:
                scans = unit.scans.all_of(d.scan_id for d in known)
                known = [d for d in known if d.scan_id in scans and scans[d.scan_id].batch_id in batches]
        kept = [d for d in known if access.sees(d) and _fits(d, wanted, people)]
        if kept:
            yield kept


def _steps(
    access: Access, wanted: Selection, people: frozenset[PatientId] | None, services: Services
) -> Iterator[list[DocumentId]]:
    if wanted.document_ids:
        yield from _grouped(_named(access, wanted, services))
    elif wanted.query:
        asked = SearchRequest(query=wanted.query, spellings=Spellings.EXACT, scope=access.scope)
        found = find.every(asked, services, most=_MOST_FOUND)
        yield from _grouped(one.document.document_id for one in found)
    elif people is not None:
        for person in sorted(people):
            with services.catalog.read() as unit:
                theirs = [d.document_id for d in unit.documents.all(DocumentState.FILED, patient_id=person)]
            yield from _grouped(iter(theirs))
    else:
        yield from _all_filed(services)


def _all_filed(services: Services) -> Iterator[list[DocumentId]]:
    after = DocumentId("")
    while True:
        with services.catalog.read() as unit:
            step = [i for i, _ in unit.documents.filed_versions(after, STEP)]
        if not step:
            return
        yield step
        after = step[-1]


def _named(access: Access, wanted: Selection, services: Services) -> Iterator[DocumentId]:
    with services.catalog.read() as unit:
        for one in dict.fromkeys(wanted.document_ids):
            document = unit.documents.get(one)
            if document is None or not access.sees(document):
                raise NotFound("no such document among those that you may export")
            yield one


def _people(access: Access, wanted: Selection, services: Services) -> frozenset[PatientId] | None:
    """Every line must name exactly one person: a list of MRNs with a wrong one is no list."""
    if not wanted.patients:
        return None
    found: set[PatientId] = set()
    missing: list[int] = []
    for place, text in enumerate(wanted.patients, start=1):
        people = {p.patient_id: p for p in services.roster.by_identifier([text])}
        if (known := services.roster.get(PatientId(text))) is not None:
            people[known.patient_id] = known
        seen = [i for i in people if access.sees_patient(i)]
        if len(seen) > 1:
            raise UsageError(
                f"number {place} of the list stands for several patients; name them by patient id"
            )
        missing += [] if seen else [place]
        found |= set(seen)
    if missing:
        told = ", ".join(map(str, missing[:_MOST_TOLD])) + (" ..." if len(missing) > _MOST_TOLD else "")
        raise NotFound(
            f"{len(missing)} of the {len(wanted.patients)} patients are not in the roster: number {told}"
        )
    return frozenset(found)


def _batches(wanted: Selection, services: Services) -> frozenset[BatchId] | None:
    if not wanted.batch_ids:
        return None
    with services.catalog.read() as unit:
        for one in wanted.batch_ids:
            if unit.batches.get(one) is None:
                raise NotFound(f"no batch {one}")
    return frozenset(wanted.batch_ids)


def _fits(document: Document, wanted: Selection, people: frozenset[PatientId] | None) -> bool:
    if people is not None and document.patient_id not in people:
        return False
    if wanted.types and (document.document_type or "untyped") not in wanted.types:
        return False
    day = document.service_date or ""
    if wanted.since and not (day and day >= wanted.since[: len(day)]):
        return False
    return not (wanted.until and not (day and day[: len(wanted.until)] <= wanted.until))


def _grouped(ids: Iterator[DocumentId]) -> Iterator[list[DocumentId]]:
    step: list[DocumentId] = []
    for one in ids:
        step.append(one)
        if len(step) == STEP:
            yield step
            step = []
    if step:
        yield step
