"""What a reviewer does with an item: settle, reject, park, ask, split, join, correct.

Promises of every act: the right is checked, the scan is in the caller's hands or free (and
theirs from then on), the version is the one they looked at, nothing goes to a patient
without the confirming datum where one is asked, and all of it is one transaction. What is
done to a test item stays in its row. Leaves out undoing (undo) and who gets what (queue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scanindex import review
from scanindex.access_model import Access, Right
from scanindex.desk import changed, confirm, contradictions, hands, items, keys, seeds
from scanindex.desk.hands import Held
from scanindex.desk_model import Action, Key, Parked, ParkKind, Seed, SeedOutcome
from scanindex.errors import (
    ConflictError,
    DatumDiffers,
    Forbidden,
    NotAllowedNow,
    NotFound,
    UsageError,
)
from scanindex.model import Document, DocumentId, DocumentState, Patient, PatientId
from scanindex.ports import Unit
from scanindex.services import Services

FIRST_KEY, KEYS_DIFFER, ACCEPTED = "first_key", "keys_differ", "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of an act."""

    item_id: DocumentId
    version: int
    """Of the item now."""
    kind: str
    """accepted (filed next), first_key, keys_differ, rescan_wanted, entered_in_error, parked, asked,
    answered, unparked, split, joined, retyped, redated."""
    other_id: DocumentId | None = None
    """The second document of a split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDone:
    """What came of a run of items settled to one patient."""

    done: tuple[Done, ...]
    refused: tuple[tuple[DocumentId, str], ...]
    """Items left as they were, and why, in words without patient data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What the screen measured from showing an item to the act."""

    seconds: float | None = None
    keystrokes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settling:
    """What somebody wants to settle a document as."""

    patient: Patient
    document_type: str | None
    service_date: str | None
    note: str
    effort: Effort
    group: str


@hands.watched
def accept(
    access: Access,
    item_id: DocumentId,
    version: int,
    patient_id: PatientId,
    datum: str | None,
    document_type: str | None,
    service_date: str | None,
    note: str,
    services: Services,
    seconds: float | None = None,
    keystrokes: int | None = None,
) -> Done:
    """Say whose it is; it is filed next. None keeps type or date as read.

    Works on a filed document too (CORRECT, with a note). Raises DatumDiffers: nothing was
    filed and the trail says so; UsageError where a datum is asked and none was given; Claimed,
    ConflictError (with what changed), NotAllowedNow, NotFound.
    """
    patient = _patient(access, patient_id, services)
    wanted = _Settling(
        patient=patient,
        document_type=document_type,
        service_date=service_date,
        note=note,
        effort=Effort(seconds=seconds, keystrokes=keystrokes),
        group=services.ids.new(),
    )
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        _may_settle(access, held, note)
        is_right = _confirmed(held, patient, datum, services)
        if is_right:
            return _settle(access, held, wanted, unit, services)
        _note_differs(access, held, wanted, unit, services)
    raise DatumDiffers(f"document {item_id}: what was typed is not this patient's")


@hands.watched
def accept_run(
    access: Access,
    run: Sequence[tuple[DocumentId, int]],
    patient_id: PatientId,
    datum: str | None,
    services: Services,
    note: str = "",
    seconds: float | None = None,
    keystrokes: int | None = None,
) -> RunDone:
    """Settle items of one scan or batch to one patient, confirmed once, on the first of them.

    Each keeps its own type and date. Left out and listed: those of which a page names another
    number, birth date or person, whose version is stale or scan taken. Undone as one.
    """
    if not run:
        raise UsageError("name at least one item")
    patient = _patient(access, patient_id, services)
    effort = Effort(
        seconds=None if seconds is None else seconds / len(run),
        keystrokes=None if keystrokes is None else max(1, keystrokes // len(run)),
    )
    wanted = _Settling(
        patient=patient,
        document_type=None,
        service_date=None,
        note=note,
        effort=effort,
        group=services.ids.new(),
    )
    with services.catalog.write() as unit:
        first = _begin(access, *run[0], unit, services)
        _may_settle(access, first, note)
        _one_run(run, first, unit)
        if _run_confirmed(first, patient, datum, services):
            return _settle_run(access, run, wanted, unit, services)
        _note_differs(access, first, wanted, unit, services)
    raise DatumDiffers(f"document {run[0][0]}: what was typed is not this patient's")


@hands.watched
def new_patient(
    access: Access,
    item_id: DocumentId,
    version: int,
    patient: Patient,
    document_type: str | None,
    service_date: str | None,
    note: str,
    services: Services,
    seconds: float | None = None,
    keystrokes: int | None = None,
    is_surely_new: bool = False,
) -> Done:
    """Register a person who is in no roster (provisional) and settle the item to them.

    Raises NotAllowedNow where the roster holds somebody of that number, or of that name and
    birth date, unless `is_surely_new`. Undo takes the document back, not the person.
    """
    hands.need(access, Right.REVIEW)
    hands.need(access, Right.ROSTER)
    if not patient.names or not patient.names[0].last:
        raise UsageError("a new patient needs at least a last name")
    if not is_surely_new:
        _refuse_known(patient, services)
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        _may_settle(access, held, note)
        if held.seed:
            return _settle_seed(
                access, held.seed, None, document_type, _effort(seconds, keystrokes), unit, services
            )
    patient_id = review.new_patient(replace(patient, is_provisional=True), access.actor, services)
    wanted = _Settling(
        patient=_patient(access, patient_id, services, is_new=True),
        document_type=document_type,
        service_date=service_date,
        note=note,
        effort=_effort(seconds, keystrokes),
        group=services.ids.new(),
    )
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        return _settle(access, held, wanted, unit, services)


@hands.watched
def reject(
    access: Access,
    item_id: DocumentId,
    version: int,
    state: DocumentState,
    note: str,
    services: Services,
    seconds: float | None = None,
    keystrokes: int | None = None,
) -> Done:
    """Take it out of filing: RESCAN_WANTED, ENTERED_IN_ERROR. The bytes stay.

    A filed document needs CORRECT and a note.
    """
    hands.need(access, Right.REVIEW)
    effort = _effort(seconds, keystrokes)
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        _may_settle(access, held, note)
        if held.seed:
            _did(access, state.value, held, (), effort, unit, services)
            seeds.settle(held.seed, SeedOutcome.CAUGHT, access.actor, seconds, unit, services)
            return Done(item_id=item_id, version=version + 1, kind=state.value)
        inside = hands.within(unit, services)
        changed = review.reject(item_id, version, state, note, access.actor, inside)
        _did(access, state.value, held, (changed,), effort, unit, services)
        _clear(item_id, unit)
    return Done(item_id=item_id, version=changed.version, kind=state.value)


@hands.watched
def park(access: Access, item_id: DocumentId, version: int, note: str, services: Services) -> Done:
    """Put it aside with a note; anybody may take it up again."""
    return _lay(access, item_id, version, ParkKind.PARKED, note, services)


@hands.watched
def ask(access: Access, item_id: DocumentId, version: int, note: str, services: Services) -> Done:
    """Put a question to a supervisor; it leaves the queue until answered."""
    return _lay(access, item_id, version, ParkKind.QUESTION, note, services)


@hands.watched
def answer(access: Access, item_id: DocumentId, note: str, services: Services) -> Done:
    """A supervisor answers; it is in the queue again with question and answer on it."""
    hands.need(access, Right.SUPERVISE)
    with services.catalog.write() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
        before = unit.desk.parked(item_id)
        if before is None or before.kind is not ParkKind.QUESTION:
            raise NotAllowedNow(f"no question waits on document {item_id}")
        if not note.strip():
            raise UsageError("an answer needs words")
        _did(access, "answered", held, (held.document,), Effort(), unit, services)
        unit.desk.park(replace(before, kind=ParkKind.ANSWERED, answer=note, answered_by=access.actor))
        _event("answered", access, held, unit, note=note)
    return Done(item_id=item_id, version=held.document.version, kind="answered")


@hands.watched
def unpark(access: Access, item_id: DocumentId, services: Services) -> Done:
    """Take it up again: their own, or as anybody what is merely parked."""
    hands.need(access, Right.REVIEW)
    with services.catalog.write() as unit:
        held = hands.seen_or_missing(access, item_id, unit)
        before = unit.desk.parked(item_id)
        if before is None or before.kind is ParkKind.KEYS_DIFFER:
            raise NotAllowedNow(f"document {item_id} is not parked")
        if before.kind is ParkKind.QUESTION and before.actor != access.actor:
            hands.need(access, Right.SUPERVISE)
        hands.hold(access, held.document.scan_id, unit, services)
        _did(access, "unparked", held, (held.document,), Effort(), unit, services)
        unit.desk.unpark(item_id)
        _event("unparked", access, held, unit)
    return Done(item_id=item_id, version=held.document.version, kind="unparked")


@hands.watched
def split(access: Access, item_id: DocumentId, version: int, before_page_no: int, services: Services) -> Done:
    """Page `before_page_no` (1-based in the document) begins another document; both wait."""
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        if held.seed:
            if not 2 <= before_page_no <= len(held.document.pages):
                raise UsageError(f"split before page 2 to {len(held.document.pages)}, got {before_page_no}")
            return _spoil(access, held.seed, "split", unit, services)
        inside = hands.within(unit, services)
        one, two = review.split(item_id, version, before_page_no, access.actor, inside)
        _did(access, "split", held, (one, two), Effort(), unit, services)
    return Done(item_id=item_id, version=one.version, kind="split", other_id=two.document_id)


@hands.watched
def join_previous(
    access: Access,
    item_id: DocumentId,
    version: int,
    previous_id: DocumentId,
    previous_version: int,
    services: Services,
) -> Done:
    """Its pages go to the document before it in the scan; that one waits with all of them."""
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        before = hands.seen_or_missing(access, previous_id, unit)
        if held.seed or before.seed:
            return _spoil(access, (held.seed or before.seed), "joined", unit, services)  # type: ignore[arg-type]
        if before.document.version != previous_version:
            raise changed.conflict(previous_id, previous_version, unit)
        inside = hands.within(unit, services)
        joined = review.join(previous_id, previous_version, item_id, version, access.actor, inside)
        both = replace(held, document=before.document)
        _did(access, "joined", both, (joined,), Effort(), unit, services, also=held.document)
        _clear(item_id, unit)
    return Done(item_id=previous_id, version=joined.version, kind="joined")


@hands.watched
def retype(
    access: Access, item_id: DocumentId, version: int, document_type: str, note: str, services: Services
) -> Done:
    """Correct the type alone; it goes on waiting, or is filed anew (CORRECT, with a note)."""
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        _may_settle(access, held, note)
        if held.seed:
            return _keep_seed(access, held, "retyped", unit, services, document_type=document_type)
        inside = hands.within(unit, services)
        changed = review.retype(item_id, version, document_type, note, access.actor, inside)
        _did(access, "retyped", held, (changed,), Effort(), unit, services)
    return Done(item_id=item_id, version=changed.version, kind="retyped")


@hands.watched
def redate(
    access: Access,
    item_id: DocumentId,
    version: int,
    service_date: str | None,
    note: str,
    services: Services,
) -> Done:
    """Correct the clinical date alone; ISO text, possibly partial; None: undated."""
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        _may_settle(access, held, note)
        if held.seed:
            return _keep_seed(access, held, "redated", unit, services, service_date=service_date)
        inside = hands.within(unit, services)
        changed = review.redate(item_id, version, service_date, note, access.actor, inside)
        _did(access, "redated", held, (changed,), Effort(), unit, services)
    return Done(item_id=item_id, version=changed.version, kind="redated")


# --- inside: what all begin and end with ---------------------------------------------------
def _begin(access: Access, item_id: DocumentId, version: int, unit: Unit, services: Services) -> Held:
    """Right, sight, hands and version, in this order; the scan is theirs from then on."""
    hands.need(access, Right.REVIEW)
    held = hands.seen_or_missing(access, item_id, unit)
    hands.hold(access, held.document.scan_id, unit, services)
    if held.document.version != version:
        raise changed.conflict(item_id, version, unit)
    return held


def _may_settle(access: Access, held: Held, note: str) -> None:
    """What is filed is corrected only by who may, and with a reason."""
    if held.document.state is DocumentState.FILED:
        hands.need(access, Right.CORRECT)
        if not note.strip():
            raise UsageError("say why with a note: this document is filed")


def _patient(access: Access, patient_id: PatientId, services: Services, *, is_new: bool = False) -> Patient:
    hands.need(access, Right.REVIEW)
    patient = services.roster.get(patient_id)
    if patient is None or not (is_new or access.sees_patient(patient_id)):
        raise NotFound(f"no patient {patient_id}")
    if patient.patient_id != patient_id:
        raise ConflictError(f"patient {patient_id} was merged into {patient.patient_id} by now")
    return patient


def _effort(seconds: float | None, keystrokes: int | None) -> Effort:
    return Effort(seconds=seconds, keystrokes=keystrokes)


def _did(
    access: Access,
    kind: str,
    held: Held,
    after: Sequence[Document],
    effort: Effort,
    unit: Unit,
    services: Services,
    *,
    group: str = "",
    also: Document | None = None,
) -> None:
    """Keep what undoing and figures need; called before keys and notes are cleared."""
    document = held.document
    unit.desk.did(
        Action(
            group=group or services.ids.new(),
            actor=access.actor,
            at=services.clock.now(),
            kind=kind,
            item_id=document.document_id,
            scan_id=document.scan_id,
            version_after=after[0].version if after else document.version + 1,
            pages=len(document.pages),
            before=(document, also) if also else (document,),
            after=tuple((d.document_id, d.version) for d in after),
            parked=unit.desk.parked(document.document_id),
            keys=tuple(unit.desk.keys(document.document_id)),
            seconds=effort.seconds,
            keystrokes=effort.keystrokes,
            event_seq=unit.events.last_seq(),
            is_test=held.seed is not None,
        )
    )


def _clear(item_id: DocumentId, unit: Unit) -> None:
    unit.desk.unpark(item_id)
    unit.desk.put_keys(item_id, ())


def _event(kind: str, access: Access, held: Held, unit: Unit, **payload: Any) -> None:
    """Of a test item nothing is said."""
    if held.seed is None:
        unit.events.append(
            kind,
            access.actor,
            document_id=held.document.document_id,
            scan_id=held.document.scan_id,
            **payload,
        )


# --- inside: settling ----------------------------------------------------------------------
def _confirmed(held: Held, patient: Patient, typed: str | None, services: Services) -> bool:
    """Raises UsageError where a datum is asked and nothing was typed."""
    asked = items.datum_for(patient, held.document, services)
    if asked is None:
        return True
    if not (typed or "").strip():
        raise UsageError(f"type {asked.words} from the page")
    return confirm.fits(typed or "", patient, asked.kind, services.settings.site.date_order)


def _run_confirmed(held: Held, patient: Patient, typed: str | None, services: Services) -> bool:
    """A run is always confirmed: its later items were perhaps never looked at one by one."""
    asked = items.datum_asked(patient, held.document, services)
    if not (typed or "").strip():
        raise UsageError(f"type {asked.words} from the page")
    return confirm.fits(typed or "", patient, asked.kind, services.settings.site.date_order)


def _note_differs(access: Access, held: Held, wanted: _Settling, unit: Unit, services: Services) -> None:
    """Nothing is filed; that it did not fit is kept, never what was typed."""
    _did(access, "datum_differs", held, (held.document,), wanted.effort, unit, services)
    if held.seed:
        unit.desk.put_seed(replace(held.seed, datum_misses=held.seed.datum_misses + 1))
    _event("datum_differs", access, held, unit)


def _settle(access: Access, held: Held, wanted: _Settling, unit: Unit, services: Services) -> Done:
    if held.seed:
        patient_id = wanted.patient.patient_id
        effort = wanted.effort
        return _settle_seed(
            access, held.seed, patient_id, wanted.document_type, effort, unit, services, wanted.group
        )
    document = held.document
    parked = unit.desk.parked(document.document_id)
    standing = keys.standing(document, unit)
    if parked is not None and parked.kind is ParkKind.KEYS_DIFFER:
        hands.need(access, Right.SUPERVISE)
        if access.actor in {key.actor for key in standing}:
            raise NotAllowedNow("who keyed it before may not decide it; ask another supervisor")
        return _file(access, held, wanted, "", unit, services)
    if not standing and not _asks_second(document, wanted.document_type, unit, services):
        return _file(access, held, wanted, "", unit, services)
    mine = _key(access, document, wanted, services)
    first = next((key for key in standing if key.actor != access.actor), None)
    if first is None:
        return _keyed(access, held, wanted, FIRST_KEY, (mine,), unit, services)
    if first.equals(mine):
        return _file(access, held, wanted, first.actor, unit, services)
    return _keyed(access, held, wanted, KEYS_DIFFER, (first, mine), unit, services)


def _asks_second(document: Document, chosen_type: str | None, unit: Unit, services: Services) -> bool:
    if document.state is not DocumentState.IN_REVIEW:
        return False
    scan = unit.scans.get(document.scan_id)
    return scan is not None and keys.are_asked(document, chosen_type, scan.preset.source, services)


def _key(access: Access, document: Document, wanted: _Settling, services: Services) -> Key:
    return Key(
        document_id=document.document_id,
        actor=access.actor,
        at=services.clock.now(),
        pages=document.pages,
        patient_id=wanted.patient.patient_id,
        document_type=wanted.document_type or document.document_type,
        service_date=wanted.service_date or document.service_date,
    )


def _keyed(
    access: Access,
    held: Held,
    wanted: _Settling,
    kind: str,
    standing: tuple[Key, ...],
    unit: Unit,
    services: Services,
) -> Done:
    """The document waits on: for a second person, or for a supervisor."""
    document = held.document
    _did(access, kind, held, (document,), wanted.effort, unit, services, group=wanted.group)
    unit.desk.put_keys(document.document_id, standing)
    unit.desk.unpark(document.document_id)
    if kind == KEYS_DIFFER:
        unit.desk.park(
            Parked(
                item_id=document.document_id,
                kind=ParkKind.KEYS_DIFFER,
                note="Two people settled it differently.",
                actor=access.actor,
                at=services.clock.now(),
            )
        )
    _event(kind, access, held, unit)
    return Done(item_id=document.document_id, version=document.version, kind=kind)


def _file(
    access: Access, held: Held, wanted: _Settling, also_by: str, unit: Unit, services: Services
) -> Done:
    document = held.document
    settled = review.Settlement(
        patient_id=wanted.patient.patient_id,
        document_type=wanted.document_type,
        service_date=wanted.service_date,
        note=wanted.note,
    )
    changed = review.accept(
        document.document_id,
        document.version,
        settled,
        access.actor,
        hands.within(unit, services),
        also_by=also_by,
    )
    _did(access, ACCEPTED, held, (changed,), wanted.effort, unit, services, group=wanted.group)
    _clear(document.document_id, unit)
    return Done(item_id=document.document_id, version=changed.version, kind=ACCEPTED)


def _settle_run(
    access: Access, run: Sequence[tuple[DocumentId, int]], wanted: _Settling, unit: Unit, services: Services
) -> RunDone:
    done: list[Done] = []
    refused: list[tuple[DocumentId, str]] = []
    for item_id, version in dict(run).items():
        try:
            held = _begin(access, item_id, version, unit, services)
            _may_settle(access, held, wanted.note)
            against = contradictions.against(held.document, wanted.patient)
            if against:
                refused.append((item_id, "; ".join(against)))
                continue
            done.append(_settle(access, held, wanted, unit, services))
        except (Forbidden, ConflictError) as error:
            refused.append((item_id, error.detail))
    return RunDone(done=tuple(done), refused=tuple(refused))


def _one_run(run: Sequence[tuple[DocumentId, int]], first: Held, unit: Unit) -> None:
    """Raises UsageError unless all are of one scan or one batch."""
    found = [unit.documents.get(item_id) for item_id, _ in run]
    planted = [seed for item_id, _ in run if (seed := unit.desk.seed(item_id))]
    scan_ids = {d.scan_id for d in found if d} | {seed.document.scan_id for seed in planted}
    if scan_ids == {first.document.scan_id}:
        return
    scans = [unit.scans.get(scan_id) for scan_id in scan_ids]
    batches = {scan.batch_id for scan in scans if scan}
    if len(batches) != 1 or None in batches:
        raise UsageError("a run is of one scan or of one batch")


def _refuse_known(patient: Patient, services: Services) -> None:
    numbers = [i.value for i in patient.identifiers]
    if numbers and services.roster.by_identifier(numbers):
        raise NotAllowedNow("the roster holds somebody of that number; look again, or say that it is new")
    name = patient.names[0]
    near = services.roster.by_name(name.last, name.first)
    if patient.birth_date and any(other.birth_date == patient.birth_date for other in near):
        raise NotAllowedNow("the roster holds somebody of that name and birth date; look again")


# --- inside: test items ----------------------------------------------------------------------
def _settle_seed(
    access: Access,
    seed: Seed,
    patient_id: PatientId | None,
    document_type: str | None,
    effort: Effort,
    unit: Unit,
    services: Services,
    group: str = "",
) -> Done:
    """As any item answers; only its row knows better. patient_id None: somebody new."""
    outcome = SeedOutcome.CAUGHT if patient_id in (None, seed.right) else SeedOutcome.MISSED
    held = Held(document=seed.document, seed=seed)
    kind = FIRST_KEY if _asks_second(seed.document, document_type, unit, services) else ACCEPTED
    _did(access, ACCEPTED, held, (), effort, unit, services, group=group)
    seeds.settle(seed, outcome, access.actor, effort.seconds, unit, services)
    version = seed.document.version + (kind == ACCEPTED)
    return Done(item_id=seed.item_id, version=version, kind=kind)


def _keep_seed(
    access: Access, held: Held, kind: str, unit: Unit, services: Services, **values: str | None
) -> Done:
    assert held.seed is not None
    changed = replace(held.document, version=held.document.version + 1, **values)  # type: ignore[arg-type]
    _did(access, kind, held, (changed,), Effort(), unit, services)
    unit.desk.put_seed(replace(held.seed, document=changed))
    return Done(item_id=changed.document_id, version=changed.version, kind=kind)


def _spoil(access: Access, seed: Seed, kind: str, unit: Unit, services: Services) -> Done:
    """Its pages stand in a filed document: it is taken out of the queue and counts for nothing."""
    seeds.settle(seed, SeedOutcome.SPOILED, access.actor, None, unit, services)
    return Done(item_id=seed.item_id, version=seed.document.version + 1, kind=kind)


def _lay(
    access: Access, item_id: DocumentId, version: int, kind: ParkKind, note: str, services: Services
) -> Done:
    said = {ParkKind.PARKED: "parked", ParkKind.QUESTION: "asked"}[kind]
    if not note.strip():
        raise UsageError("say with a note what it waits for")
    with services.catalog.write() as unit:
        held = _begin(access, item_id, version, unit, services)
        if held.document.state is not DocumentState.IN_REVIEW:
            raise NotAllowedNow(f"document {item_id} is {held.document.state}")
        before = unit.desk.parked(item_id)
        if before is not None and before.kind is ParkKind.KEYS_DIFFER:
            raise NotAllowedNow(f"document {item_id} waits for a supervisor's decision")
        _did(access, said, held, (held.document,), Effort(), unit, services)
        now = services.clock.now()
        unit.desk.park(Parked(item_id=item_id, kind=kind, note=note, actor=access.actor, at=now))
        _event(said, access, held, unit, note=note)
    return Done(item_id=item_id, version=version, kind=said)
