"""From a selection to lines of the ledger: each document looked at, its record made, its line written.

Promises: a dry run writes nothing and finds the same; a document is judged and queued in one
transaction, as it stands then; queuing again what is queued, sent and unchanged adds nothing; broken
off, the next call goes on. Leaves out sending.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scanindex.access_model import Access, Right
from scanindex.delivery import choose, compose, holds, plan, renditions, standstill
from scanindex.delivery_model import (
    Action,
    Consent,
    Delivery,
    DeliveryState,
    ExportRecord,
    ExportRun,
    Problem,
)
from scanindex.doctypes import KEYS
from scanindex.errors import Forbidden, ProfileError, UsageError
from scanindex.model import Document, DocumentId, DocumentState, Patient, PatientId, Scan, ScanId
from scanindex.ports import EhrJudge, Unit
from scanindex.services import Services
from scanindex.target_profile import Target

Told = Callable[[int], None]
"""Called with the documents looked at so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is to happen to one document, for a list."""

    document_id: DocumentId
    version: int
    actions: tuple[Action, ...]
    reason: str
    problems: tuple[Problem, ...]
    is_there: bool


def dry_run(
    access: Access,
    wanted: choose.Selection,
    target: Target,
    judge: EhrJudge,
    services: Services,
    *,
    check_fixity: bool = False,
) -> Iterator[Finding]:
    """What `queue` would do, document by document, and every reason against. Raises Forbidden,
    NotFound, UsageError."""
    worker = _Worker(target, judge, services, check_fixity=check_fixity, is_named=bool(wanted.document_ids))
    for documents in _steps(access, wanted, target, services):
        with services.catalog.read() as unit:
            steps = worker.steps(documents, unit)
        yield from (_finding(step) for step in steps)


def queue(
    access: Access,
    wanted: choose.Selection,
    target: Target,
    judge: EhrJudge,
    services: Services,
    *,
    check_fixity: bool = False,
    told: Told = lambda count: None,
) -> ExportRun:
    """Write down what is to be sent; returns the run with its counts. Raises as `dry_run` does."""
    worker = _Worker(target, judge, services, check_fixity=check_fixity, is_named=bool(wanted.document_ids))
    run = ExportRun(
        run_id=services.ids.new(),
        target=target.name,
        asked=wanted.in_words(),
        purpose=target.target.purpose,
        recipient=target.target.recipient,
        started_by=access.actor,
        started_at=services.clock.now(),
    )
    counts: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for documents in _steps(access, wanted, target, services):
        with services.catalog.write() as unit:
            steps = worker.steps(_again(documents, unit), unit)
            _enter(steps, run, unit, services.clock.now())
            for step in steps:
                _count(step, counts, held)
            run = dataclasses.replace(run, planned=dict(counts), held=dict(held))
            unit.deliveries.put_run(run)
        told(counts["looked_at"])
    with services.catalog.write() as unit:
        unit.deliveries.put_run(run)
        unit.events.append(
            "export_queued",
            access.actor,
            target=target.name,
            run_id=run.run_id,
            export_run=run,
        )
    return run


def withdraw(
    access: Access, document_ids: Sequence[DocumentId], reason: str, target: Target, services: Services
) -> ExportRun:
    """Cancel what stands at the receiver though it is filed here, because somebody says so.

    It stays away until `queue` is asked for it by name. Raises Forbidden, NotFound.
    """
    _require(access)
    now = services.clock.now()
    selection = choose.Selection(document_ids=tuple(document_ids))
    run = ExportRun(
        run_id=services.ids.new(),
        target=target.name,
        asked=f"withdraw {', '.join(document_ids)}",
        purpose=target.target.purpose,
        recipient=target.target.recipient,
        started_by=access.actor,
        started_at=now,
    )
    count = 0
    for documents in choose.chosen(access, selection, services):
        with services.catalog.write() as unit:
            lines = unit.deliveries.latest(target.name, [d.document_id for d in documents])
            steps = [
                step
                for d in documents
                if (step := plan.withdrawal(d, lines.get(d.document_id, []), target, now))
            ]
            _enter(steps, run, unit, now)
            count += len(steps)
            run = dataclasses.replace(run, planned={"cancel": count})
            unit.deliveries.put_run(run)
            unit.events.append(
                "export_withdrawn",
                access.actor,
                document_ids=[s.document.document_id for s in steps],
                target=target.name,
                note=reason,
                export_run=run,
            )
    return run


def _require(access: Access) -> None:
    if not access.may(Right.EXPORT):
        raise Forbidden


def _steps(
    access: Access, wanted: choose.Selection, target: Target, services: Services
) -> Iterator[list[Document]]:
    """What was delivered before first: corrections must not wait behind new ones."""
    _require(access)
    _check_types(wanted, target, services)
    seen: set[DocumentId] = set()
    for documents in _delivered(wanted, target, services):
        seen.update(d.document_id for d in documents)
        yield documents
    if wanted.only_corrections:
        yield from _heirs(seen, services)
        return
    for documents in choose.chosen(access, wanted, services):
        fresh = [d for d in documents if d.document_id not in seen]
        if fresh:
            yield fresh


def _check_types(wanted: choose.Selection, target: Target, services: Services) -> None:
    """A misspelt type would hold back, or leave out, documents without a word."""
    known = {*KEYS, *(kind.code for kind in services.settings.types)}
    if unknown := sorted({*target.types} - known):
        raise ProfileError(f"targets/{target.name}.toml: [types.{unknown[0]}] is no document type here")
    if unknown := sorted({*wanted.types} - known - {"untyped"}):
        raise UsageError(f"no document type {unknown[0]!r}; `scanindex types list` names them")


def _delivered(wanted: choose.Selection, target: Target, services: Services) -> Iterator[list[Document]]:
    """Every document that this target was ever told about, wherever it is now; for a selection that
    narrows, nothing: then `export --corrections` puts right what became wrong."""
    if wanted.is_narrow and not wanted.only_corrections:
        return
    after = DocumentId("")
    while True:
        with services.catalog.read() as unit:
            step = unit.deliveries.documents(target.name, after, choose.STEP)
            documents = unit.documents.all_of(step)
        if not step:
            return
        yield documents
        after = step[-1]


def _heirs(seen: set[DocumentId], services: Services) -> Iterator[list[Document]]:
    """Filed documents that got the pages of a delivered one that was split, joined or scanned again."""
    with services.catalog.read() as unit:
        gone = [d for i in sorted(seen) if (d := unit.documents.get(i)) and d.state in _PASSED_ON]
        scans: set[ScanId] = {d.scan_id for d in gone if d.state is DocumentState.SUPERSEDED}
        heirs = [d for s in sorted(scans) for d in unit.documents.all(DocumentState.FILED, scan_id=s)]
        heirs += [d for g in gone if g.replaced_by and (d := unit.documents.get(g.replaced_by))]
    fresh = [d for d in heirs if d.document_id not in seen]
    if fresh:
        yield fresh


_PASSED_ON = (DocumentState.SUPERSEDED, DocumentState.REPLACED)


def _again(documents: Sequence[Document], unit: Unit) -> list[Document]:
    """As they stand in this transaction."""
    return unit.documents.all_of(d.document_id for d in documents)


class _Worker:
    """Judges documents for one target; what it looks up often is kept for one call."""

    def __init__(
        self, target: Target, judge: EhrJudge, services: Services, *, check_fixity: bool, is_named: bool
    ) -> None:
        """is_named: the documents were named one by one, so that what was withdrawn goes again."""
        self._target = target
        self._judge = judge
        self._services = services
        self._check_fixity = check_fixity
        self._is_named = is_named
        self._today = standstill.today(services)

    def steps(self, documents: Sequence[Document], unit: Unit) -> list[plan.Step]:
        lines = unit.deliveries.latest(self._target.name, [d.document_id for d in documents])
        people = self._services.roster.all_of({d.patient_id for d in documents if d.patient_id})
        around = _Around(
            people=people, scans=unit.scans.all_of(d.scan_id for d in documents), kept=standstill.kept(unit)
        )
        return [self._step(d, lines.get(d.document_id, []), around, unit) for d in documents]

    def _step(
        self,
        document: Document,
        lines: Sequence[Delivery],
        around: _Around,
        unit: Unit,
    ) -> plan.Step:
        patient = around.people.get(document.patient_id) if document.patient_id else None
        scan = around.scans.get(document.scan_id)
        standing = holds.Standing(
            patient=patient,
            has_number=bool(patient and compose.numbers_of(patient, self._target, self._services.settings)),
            is_on_paper_hold=around.kept.holds(document.document_id, scan.batch_id if scan else None),
            consents=self._consents(patient, document, unit),
        )
        problems = holds.of_document(document, standing, self._target)
        number = plan.standing(lines).next_number
        fresh: ExportRecord | None = None
        if not problems and patient is not None:
            fresh, problems = self._fresh(document, patient, scan, standing, number, lines, unit)
        now = self._services.clock.now()
        step = plan.decide(document, lines, fresh, problems, self._target, self._survivor, now)
        step = step if self._is_named else plan.unless_withdrawn(step, lines)
        return self._that_the_form_has(step)

    def _that_the_form_has(self, step: plan.Step) -> plan.Step:
        """Not every form can replace or cancel: then a person tells the receiver."""
        corrections = [r for r in step.records if r.action is not Action.NEW]
        found = tuple(p for r in corrections for p in self._judge.problems(r))
        if not found:
            return step
        return dataclasses.replace(step, records=(), drop=(), problems=(*step.problems, *found))

    def _fresh(
        self,
        document: Document,
        patient: Patient,
        scan: Scan | None,
        standing: holds.Standing,
        number: int,
        lines: Sequence[Delivery],
        unit: Unit,
    ) -> tuple[ExportRecord | None, tuple[Problem, ...]]:
        content = renditions.content_of(document, self._target, self._services, lines)
        if isinstance(content, Problem):
            return None, (content,)
        if scan is None or (self._check_fixity and renditions.is_damaged(document, self._services.archive)):
            return None, (holds.problem("damaged"),)
        material = compose.Material(
            document=document,
            patient=patient,
            scan=scan,
            batch=unit.batches.get(scan.batch_id) if scan.batch_id else None,
            content=content,
            consent=holds.consent_for(document.sensitivity, standing, self._target),
        )
        settings, now = self._services.settings, self._services.clock.now()
        record = compose.record_of(material, number, self._target, settings, now)
        found = (*holds.of_record(record, self._target), *self._judge.problems(record))
        return record, found

    def _consents(self, patient: Patient | None, document: Document, unit: Unit) -> tuple[Consent, ...]:
        if patient is None or not {*document.sensitivity} & {*self._target.document.consent_labels}:
            return ()
        return standstill.consents(patient.patient_id, self._target, self._today, unit)

    def _survivor(self, patient_id: PatientId) -> PatientId:
        known = self._services.roster.get(patient_id)
        return known.patient_id if known else patient_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What is looked up once for many documents."""

    people: Mapping[PatientId, Patient]
    scans: Mapping[ScanId, Scan]
    kept: standstill.Kept


def _enter(steps: Sequence[plan.Step], run: ExportRun, unit: Unit, now: datetime) -> None:
    dropped = [dataclasses.replace(x, state=DeliveryState.DROPPED) for s in steps for x in s.drop]
    unit.deliveries.put(dropped)
    made = [
        Delivery(
            delivery_no=0,
            target=run.target,
            run_id=run.run_id,
            state=DeliveryState.PENDING,
            fingerprint=compose.fingerprint(record),
            record=record,
            filed_version=step.document.filed_version if record.content else None,
            queued_at=now,
        )
        for step in steps
        for record in step.records
    ]
    retried = {step.retries for step in steps if step.retries}
    unit.deliveries.put(one for one in made if one.record.external_id in retried)
    unit.deliveries.add(one for one in made if one.record.external_id not in retried)


def _count(step: plan.Step, counts: Counter[str], held: Counter[str]) -> None:
    counts["looked_at"] += 1
    counts.update(record.action.value for record in step.records)
    if step.problems:
        counts["held"] += 1
        held.update(p.code for p in step.problems)
    elif not step.records:
        counts["unchanged"] += 1


def _finding(step: plan.Step) -> Finding:
    return Finding(
        document_id=step.document.document_id,
        version=step.document.version,
        actions=tuple(record.action for record in step.records),
        reason=next((r.reason for r in step.records if r.reason), ""),
        problems=step.problems,
        is_there=step.is_there,
    )
