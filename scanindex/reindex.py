"""The index as a cache that is made again: whole, or only what it lost.

`reindex` builds beside the index in use, goes on where a killed one stopped and
catches up with what was filed meanwhile before it is put into use. `mend` adds
again what a damaged part held and removes what is not filed. Both read
everything from catalog and archive, in batches; a document whose record in the
archive is damaged is left out (`scanindex check` names it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from scanindex.errors import IndexBroken, IntegrityError
from scanindex.index.compare import differences, filed
from scanindex.model import DocumentId, DocumentState, IndexPage
from scanindex.pipeline import follow_outbox, index_pages
from scanindex.ports import IndexBuild
from scanindex.services import Services

BATCH_PAGES = 8_000
"""Written at a time: bounds memory, and how much a kill costs."""
_ATTEMPTS = 3
_REPLAYED = 200

Renewal = tuple[DocumentId, Sequence[IndexPage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    documents: int
    total: int
    pages: int
    pages_per_second: float
    """In this run; 0 at its beginning."""
    seconds_left: float | None

    @property
    def text(self) -> str:
        left = "" if self.seconds_left is None else f", {self.seconds_left:.0f} s left"
        speed = f", {self.pages_per_second:.0f} pages/s" if self.pages_per_second else ""
        return f"{self.documents} of {self.total} documents, {self.pages} pages{speed}{left}"


def reindex(
    services: Services,
    progress: Callable[[Progress], None] = lambda _: None,
    *,
    engine: str | None = None,
    fresh: bool = False,
) -> int:
    """Build the index anew from the archive and put it into use; returns the pages in it.

    engine: the one to move to; None keeps the one in use. fresh: forget what a killed run has done.
    Raises CatalogBusy where another process builds, MissingTool, DiskFull, PermissionMissing.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            pages = _build(services, progress, engine, fresh)
            break
        except IndexBroken:  # somebody damaged the new one while it was being built
            if attempt == _ATTEMPTS:
                raise
            fresh = True
    while follow_outbox(services):
        pass
    return pages


def _build(services: Services, progress: Callable[[Progress], None], engine: str | None, fresh: bool) -> int:
    with services.catalog.read() as unit:
        seq = unit.outbox.last_seq()
        total = unit.documents.counts().get(DocumentState.FILED, 0)
    with services.index.build(seq, total=total, engine=engine, fresh=fresh) as build:
        meter = _Meter(services, build)
        progress(meter.now())
        ids = (document_id for document_id, _ in filed(services.catalog, build.progress.last))
        for batch in _batches(ids, services):
            build.add(batch, last=batch[-1][0])
            progress(meter.now())
        _replay(services, build)
        return build.finish()


def _replay(services: Services, build: IndexBuild) -> None:
    """What was filed or changed since the build began."""
    while True:
        with services.catalog.read() as unit:
            items = unit.outbox.after(build.progress.seq, _REPLAYED)
        if not items:
            return
        ids = dict.fromkeys(item.document_id for item in items)
        build.add(list(_renewals(ids, services)), seq=items[-1].seq)


class _Meter:
    def __init__(self, services: Services, build: IndexBuild) -> None:
        self._clock = services.clock
        self._build = build
        self._since = services.clock.monotonic()
        self._first = build.progress

    def now(self) -> Progress:
        done = self._build.progress
        seconds = self._clock.monotonic() - self._since
        documents = done.documents - self._first.documents
        left = (done.total - done.documents) * seconds / documents if documents else None
        return Progress(
            documents=done.documents,
            total=done.total,
            pages=done.pages,
            pages_per_second=(done.pages - self._first.pages) / seconds if seconds > 0 else 0.0,
            seconds_left=left,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    renewed: int
    """Documents that the index lacked, or held in another version."""
    removed: int


def mend(services: Services, stop: Callable[[], bool] = lambda: False) -> Mended:
    """Make the index hold just what is filed, document by document; harmless where it does.

    Filing and following go on beside it. stop: asked between batches. Raises IndexBroken where it
    cannot be mended by parts.
    """
    wrong = list(differences(filed(services.catalog), services.index.documents()))
    renewed = removed = 0
    missing = int(services.index.info()["missing"])
    for batch in _mending((d.document_id for d in wrong), services):
        renewed += sum(bool(pages) for _, pages in batch)
        removed += sum(not pages for _, pages in batch)
        if missing:
            missing = max(1, missing - sum(len(pages) for _, pages in batch))
            services.index.settle(missing)
        if stop():
            return Mended(renewed=renewed, removed=removed)
    services.index.settle(0)
    return Mended(renewed=renewed, removed=removed)


def _mending(ids: Iterable[DocumentId], services: Services) -> Iterator[list[Renewal]]:
    """Applies batch by batch and says what each was."""
    wanted = iter(ids)
    while True:
        # Read before the documents: what changes after that is applied again by whoever follows.
        seq = int(services.index.info()["seq"])
        batch = next(_batches(wanted, services), None)
        if batch is None:
            return
        services.index.apply(seq, batch)
        yield batch


def _batches(ids: Iterable[DocumentId], services: Services) -> Iterator[list[Renewal]]:
    """Whole documents, about BATCH_PAGES pages at a time."""
    batch: list[Renewal] = []
    pages = 0
    for renewal in _renewals(ids, services):
        batch.append(renewal)
        pages += len(renewal[1]) or 1
        if pages >= BATCH_PAGES:
            yield batch
            batch, pages = [], 0
    if batch:
        yield batch


def _renewals(ids: Iterable[DocumentId], services: Services) -> Iterator[Renewal]:
    for document_id in ids:
        with services.catalog.read() as unit:
            document = unit.documents.get(document_id)
        try:
            yield document_id, index_pages(document, services)
        except IntegrityError:
            yield document_id, []
