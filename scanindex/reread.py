"""Reading documents again later, with more effort or a better engine.

A re-reading adds a reading; it never files anywhere else. Per document: read its pages
again (own spool, so it may run beside the service), keep the better reading of each page
durably in the archive, then one commit names it: a document in review is decided again
with the new text; a filed one keeps patient, type, date and place, gets a new version
whose PDF and words carry the new text (filed by the ordinary path, after the same intent),
and goes on the recheck list where the new text speaks against the filing. The text that
gave way stays in the archive with engine, time and effort.

Killed anywhere: a kept reading that no document names is harmless, and after the commit
recovery files the new version. What was read with the effort asked for is left out the
next time, so an interrupted run goes on by being started again.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from scanindex import extract, filing, pipeline, redecide, sensitivity
from scanindex.commits import held
from scanindex.errors import ConflictError, NotFound, Stopping
from scanindex.model import (
    BatchId,
    Document,
    DocumentId,
    DocumentState,
    OtherText,
    PageFacts,
    PageFindings,
    PageKind,
    PageReading,
    Scan,
    ScanId,
    TextSource,
)
from scanindex.pipeline import facts_of, readings_of
from scanindex.ports import Workers
from scanindex.services import Services
from scanindex.settings import EFFORTS

READABLE = (DocumentState.IN_REVIEW, DocumentState.FILED)
_OTHERS_KEPT = 5
_OTHER_LETTERS = 50_000
_CLEARLY_LESS = 0.1
"""Legibility is an estimate: a later reading gives way only if it expects that much less."""


class Result(enum.StrEnum):
    FILED_ANEW = "filed_anew"
    """The new version of a filed document is committed; it is filed next."""
    RECHECK = "recheck"
    """As before, and on the recheck list."""
    DECIDED = "decided"
    """Was in review; with the new text the machine files it next."""
    IN_REVIEW = "in_review"
    """Still in review, with the new text."""
    SAME = "same"
    """Reads the same, or less: the text in force stays."""
    CHANGED_MEANWHILE = "changed_meanwhile"
    """A person was quicker; theirs stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which documents to read again; empty selectors choose nothing."""

    document_ids: tuple[DocumentId, ...] = ()
    scan_ids: tuple[ScanId, ...] = ()
    batch_id: BatchId | None = None
    below: float | None = None
    """Those whose worst page has a lower legibility, or none that is known."""
    everything: bool = False
    effort: str = EFFORTS[-1]
    again: bool = False
    """Also what was read with that effort already."""


Told = Callable[[Document, Result], None]


# --- which ---------------------------------------------------------------------------
def choose(selection: Selection, services: Services) -> list[Document]:
    """The documents meant, oldest first, that can be read again. Raises NotFound for a batch."""
    with services.catalog.read() as unit:
        if selection.everything or selection.below is not None:
            found = unit.documents.all(*READABLE, below=selection.below)
        else:
            found = [d for i in selection.document_ids if (d := unit.documents.get(i)) is not None]
        scan_ids = list(selection.scan_ids)
        if selection.batch_id is not None:
            if unit.batches.get(selection.batch_id) is None:
                raise NotFound(f"no batch {selection.batch_id}")
            in_batch = {scan.scan_id for scan in unit.scans.all(batch_id=selection.batch_id)}
            if selection.below is not None:
                found = [d for d in found if d.scan_id in in_batch]
            else:
                scan_ids += in_batch
        for scan_id in scan_ids:
            found += unit.documents.all(*READABLE, scan_id=scan_id)
    unique = {d.document_id: d for d in found if d.state in READABLE and d.pages}
    return [d for d in unique.values() if selection.again or not was_read_with(d, selection.effort)]


def was_read_with(document: Document, effort: str) -> bool:
    """Whether every page was read with that effort or more already."""
    known = {told.scan_page_no: _rank(told.effort) for told in document.page_facts}
    return all(known.get(no, -1) >= _rank(effort) for no in document.pages)


def _rank(effort: str) -> int:
    return EFFORTS.index(effort) if effort in EFFORTS else -1


# --- many ----------------------------------------------------------------------------
class Rereading:
    """Reads documents again, a few at a time. `workers` read with the effort that is recorded."""

    def __init__(self, services: Services, workers: Workers, effort: str, actor: str) -> None:
        self._services = services
        self._workers = workers
        self._effort = effort
        self._actor = actor
        self._halt = threading.Event()
        self._count = services.settings.workers.processes or len(os.sched_getaffinity(0))

    def stop(self) -> None:
        """No further document is begun; safe from a signal handler."""
        self._halt.set()

    def run(self, documents: Iterable[Document], told: Told) -> bool:
        """Read them again; `told` is called in this thread after each. False if it was stopped.

        The first error of the world (disk full, share gone) ends it and is raised.
        """
        scans: dict[ScanId, list[Document]] = {}
        for document in documents:
            scans.setdefault(document.scan_id, []).append(document)
        with (
            ThreadPoolExecutor(self._count + 1, thread_name_prefix="reread-page") as pages,
            ThreadPoolExecutor(self._count, thread_name_prefix="reread") as pool,
        ):
            waiting = iter(scans.values())
            running: set[Future[list[tuple[Document, Result]]]] = set()
            try:
                while True:
                    for group in waiting:
                        running.add(pool.submit(self._scan, group, pages))
                        if len(running) > self._count:
                            break
                    if not running:
                        return not self._halt.is_set()
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        for document, result in future.result():
                            told(document, result)
            except BaseException:
                self.stop()
                raise

    def _scan(self, documents: Sequence[Document], pages: Executor) -> list[tuple[Document, Result]]:
        """The documents of one scan, one after the other; what the spool holds of it goes at the end."""
        done: list[tuple[Document, Result]] = []
        for document in documents:
            if self._halt.is_set():
                return done
            try:
                done.append(self._document(document, pages))
            except Stopping:
                return done
        self._workers.forget(documents[0].scan_id)
        return done

    def _document(self, chosen: Document, pages: Executor) -> tuple[Document, Result]:
        with self._services.catalog.read() as unit:
            document = unit.documents.get(chosen.document_id)
            scan = unit.scans.get(chosen.scan_id)
        if document is None or scan is None or document.state not in READABLE:
            return chosen, Result.CHANGED_MEANWHILE
        plain = dataclasses.replace(scan, preset=dataclasses.replace(scan.preset, effort=None))
        new = list(pages.map(lambda no: self._read(plain, no), document.pages))
        return reread(scan, document, new, self._effort, self._actor, self._services)

    def _read(self, scan: Scan, scan_page_no: int) -> PageReading:
        if self._halt.is_set():
            raise Stopping()
        return self._workers.reread_page(scan, scan_page_no, fresh=False)


# --- one -----------------------------------------------------------------------------
def reread(
    scan: Scan,
    document: Document,
    new: Sequence[PageReading],
    effort: str,
    actor: str,
    services: Services,
) -> tuple[Document, Result]:
    """Bring new readings of all pages of a document in force, where they are better.

    Durable on return; changes nothing if the document changed meanwhile.
    """
    old = readings_of(scan, document, services)
    chosen = [better(one, other) for one, other in zip(old, new, strict=True)]
    changed, result = _changed(scan, document, old, chosen, effort, services)
    kinds = {n.scan_page_no: n.kind for o, n in zip(old, chosen, strict=True) if o.kind is not n.kind}
    if result is not Result.SAME and _differ(old, chosen):
        name = services.readings.keep_reading(scan.scan_id, filing.words_gz(chosen))
        changed = dataclasses.replace(changed, readings=(*(n for n in changed.readings if n != name), name))
    try:
        with services.catalog.write() as unit:
            changed = held(changed, scan.preset.source, unit, services)
            if result is Result.DECIDED and changed.state is DocumentState.IN_REVIEW:
                result = Result.IN_REVIEW
            unit.documents.change(changed, expected_version=document.version)
            unit.pages.mark(scan.scan_id, kinds)
            if document.state is DocumentState.FILED and changed.state is not DocumentState.FILED:
                unit.outbox.add(changed)  # as for any correction: out of the index until it is filed anew
            unit.events.append(
                "reread",
                actor,
                document_id=changed.document_id,
                scan_id=changed.scan_id,
                document=changed,
                effort=effort,
                result=result,
                kinds_now={str(no): kind for no, kind in kinds.items()},
            )
    except ConflictError:
        return document, Result.CHANGED_MEANWHILE
    return changed, result


def better(old: PageReading, new: PageReading) -> PageReading:
    """The reading to keep in force, the other one's text with it. Pure.

    A later reading wins unless it clearly read less, or takes for blank, separator or
    unreadable what was read as a page before: grouping is not undone by it.
    """
    if old.text_source is TextSource.TEXT_LAYER and new.text_source is not TextSource.TEXT_LAYER:
        return with_other(old, new, "reread_poorer")  # born digital: its own words are better
    is_lost = new.kind is not PageKind.CONTENT and old.kind is PageKind.CONTENT
    less = _expected(new) < _expected(old) - _CLEARLY_LESS
    if is_lost or less or new.kind is PageKind.FAILED:
        return with_other(old, new, "reread_poorer")
    return with_other(new, old, "reread")


def _expected(reading: PageReading) -> float:
    return reading.quality.legibility or 0.0


def with_other(kept: PageReading, other: PageReading, reason: str) -> PageReading:
    """`kept` with the other's text, and with what either carried of earlier ones."""
    texts = list(dict.fromkeys((*kept.other_texts, *other.other_texts)))
    if other.words and other.text != kept.text:
        texts.append(
            OtherText(
                source=", ".join(other.engines) or other.text_source.value,
                reason=reason,
                text=other.text[:_OTHER_LETTERS],
                effort=other.effort,
                read_at=other.read_at,
            )
        )
    return dataclasses.replace(kept, other_texts=tuple(texts[-_OTHERS_KEPT:]))


def _differ(old: Sequence[PageReading], chosen: Sequence[PageReading]) -> bool:
    return any(
        one.words != other.words or one.kind != other.kind for one, other in zip(old, chosen, strict=True)
    )


def _changed(
    scan: Scan,
    document: Document,
    old: Sequence[PageReading],
    chosen: Sequence[PageReading],
    effort: str,
    services: Services,
) -> tuple[Document, Result]:
    """The document as it is to be with the chosen readings; pure but for the roster's look-ups."""
    findings = [pipeline.find(reading, scan.received_at, services) for reading in chosen]
    told = tuple(_at_least(page, effort) for page in facts_of(chosen, services))
    patient = services.roster.get(document.patient_id) if document.patient_id else None
    text = "\n".join(page.text for page in chosen)
    found = sensitivity.labels(text, document, patient, services.settings.sensitivity)
    changed = dataclasses.replace(document, page_facts=told, sensitivity=found)
    if document.state is DocumentState.FILED:
        return _filed(changed, old, chosen, findings, services)
    if not _differ(old, chosen):
        return changed, Result.SAME
    changed = _with_text(dataclasses.replace(changed, version=document.version + 1), findings)
    if not redecide.is_machines(document) or document.decision.rule in redecide.UNTOUCHABLE_RULES:
        return changed, Result.IN_REVIEW
    changed = dataclasses.replace(
        changed,
        document_type=scan.preset.document_type or changed.fields.document_type or document.document_type,
        service_date=changed.fields.service_date,
    )
    changed = redecide.decided(changed, redecide.decision_on(changed, chosen, findings, services))
    is_proposed = changed.state is DocumentState.PROPOSED
    return changed, Result.DECIDED if is_proposed else Result.IN_REVIEW


def _filed(
    document: Document,
    old: Sequence[PageReading],
    chosen: Sequence[PageReading],
    findings: Sequence[PageFindings],
    services: Services,
) -> tuple[Document, Result]:
    """A filed document keeps patient, type, date and place, whatever the new text says."""
    found_before = [pipeline.find(reading, document.created_at, services) for reading in old]
    before = redecide.evidence_on(document, old, found_before, services)
    after = redecide.evidence_on(document, chosen, findings, services)
    found = redecide.objections(document, before, after)
    document = dataclasses.replace(document, recheck=tuple(dict.fromkeys((*document.recheck, *found))))
    if [page.text for page in old] == [page.text for page in chosen]:
        return document, Result.RECHECK if found else Result.SAME
    document = dataclasses.replace(
        _with_text(document, findings), version=document.version + 1, state=DocumentState.PROPOSED
    )
    return document, Result.RECHECK if found else Result.FILED_ANEW


def _with_text(document: Document, findings: Sequence[PageFindings]) -> Document:
    return dataclasses.replace(
        document,
        fields=extract.fields(findings),
        findings=tuple(finding for page in findings for finding in page.findings),
    )


def _at_least(page: PageFacts, effort: str) -> PageFacts:
    """The most that was tried, so that the page is not read so again for nothing."""
    return page if _rank(page.effort) >= _rank(effort) else dataclasses.replace(page, effort=effort)
