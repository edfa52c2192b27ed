"""What a reviewer does with an item: settle, reject, park, ask, split, join, correct.

Promises of every act: the right is checked, the scan is in the caller's hands or free (and
theirs from then on), the version is the one they looked at, nothing goes to a patient
without the confirming datum where one is asked, and all of it is one transaction. What is
done to a test item stays in its row. Leaves out how an item is settled (settling), undoing (undo) and
who gets what (queue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scanindex import review
from scanindex.access_model import Access, Right
from scanindex.desk import changed, hands, seeds
from scanindex.desk.acting import Done, Effort, begin, clear, did, effort_of, may_settle, patient_of, tell
from scanindex.desk.settling import (
    RunDone,
    Settling,
    confirmed,
    keep_seed,
    note_differs,
    one_run,
    refuse_known,
    run_confirmed,
    settle,
    settle_run,
    settle_seed,
    spoil,
)
from scanindex.desk_model import Parked, ParkKind, SeedOutcome
from scanindex.errors import (
    DatumDiffers,
    NotAllowedNow,
    UsageError,
)
from scanindex.model import DocumentId, DocumentState, Patient, PatientId
from scanindex.services import Services


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
    patient = patient_of(access, patient_id, services)
    wanted = Settling(
        patient=patient,
        document_type=document_type,
        service_date=service_date,
        note=note,
        effort=Effort(seconds=seconds, keystrokes=keystrokes),
        group=services.ids.new(),
    )
    with services.catalog.write() as unit:
        held = begin(access, item_id, version, unit, services)
        may_settle(access, held, note)
        is_right = confirmed(held, patient, datum, note, services)
        if is_right:
            return settle(access, held, wanted, unit, services)
        note_differs(access, held, wanted, unit, services)
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
    patient = patient_of(access, patient_id, services)
    effort = Effort(
        seconds=None if seconds is None else seconds / len(run),
        keystrokes=None if keystrokes is None else max(1, keystrokes // len(run)),
    )
    wanted = Settling(
        patient=patient,
        document_type=None,
        service_date=None,
        note=note,
        effort=effort,
        group=services.ids.new(),
    )
    with services.catalog.write() as unit:
        first = begin(access, *run[0], unit, services)
        may_settle(access, first, note)
        one_run(run, first, unit)
        if run_confirmed(first, patient, datum, note, services):
            return settle_run(access, run, wanted, unit, services)
        note_differs(access, first, wanted, unit, services)
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
        refuse_known(patient, services)
    with services.catalog.write() as unit:
        held = begin(access, item_id, version, unit, services)
        may_settle(access, held, note)
        if held.seed:
            return settle_seed(
                access, held.seed, None, document_type, effort_of(seconds, keystrokes), unit, services
            )
    patient_id = review.new_patient(replace(patient, is_provisional=True), access.actor, services)
    wanted = Settling(
        patient=patient_of(access, patient_id, services, is_new=True),
        document_type=document_type,
        service_date=service_date,
        note=note,
        effort=effort_of(seconds, keystrokes),
        group=services.ids.new(),
    )
    with services.catalog.write() as unit:
        held = begin(access, item_id, version, unit, services)
        return settle(access, held, wanted, unit, services)


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
    effort = effort_of(seconds, keystrokes)
    with services.catalog.write() as unit:
        held = begin(access, item_id, version, unit, services)
        may_settle(access, held, note)
        if held.seed:
            did(access, state.value, held, (), effort, unit, services)
            seeds.settle(held.seed, SeedOutcome.CAUGHT, access.actor, seconds, unit, services)
            return Done(item_id=item_id, version=version + 1, kind=state.value)
        inside = hands.within(unit, services)
        changed = review.reject(item_id, version, state, note, access.actor, inside)
        did(access, state.value, held, (changed,), effort, unit, services)
        clear(item_id, unit)
    return Done(item_id=item_id, version=changed.version, kind=state.value)


@hands.watched
def park(access: Access, item_id: DocumentId, version: int, note: str, services: Services) -> Done:
    """Put it aside with a note; anybody may take it up again."""
    return _lay(access, item_id, version, ParkKind.PARKED, note, services)


@hands.watched
def ask(access: Access, item_id: DocumentId, version: int, note: str, services: Services) -> Done:
    """Put a question to a supervisor; it leaves the queue until answered. A test item is caught by it."""
    return _lay(access, item_id, version, ParkKind.QUESTION, note, services)


@hands.watched
def keep_note(access: Access, item_id: DocumentId, note: str, services: Services) -> None:
    """Keep what is being typed, for the case that it is never sent: a session ends, a claim runs out.

    For this person alone; it changes nothing about the item and needs no claim. "" throws it away, as
    parking, asking and settling do.
    """
    hands.need(access, Right.REVIEW)
    with services.catalog.write() as unit:
        hands.seen_or_missing(access, item_id, unit)
        unit.desk.keep_unsent(_note_of(access, item_id, ParkKind.PARKED, note.strip(), services))


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
        did(access, "answered", held, (held.document,), Effort(), unit, services)
        unit.desk.park(replace(before, kind=ParkKind.ANSWERED, answer=note, answered_by=access.actor))
        tell("answered", access, held, unit, note=note)
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
        did(access, "unparked", held, (held.document,), Effort(), unit, services)
        unit.desk.unpark(item_id)
        tell("unparked", access, held, unit)
    return Done(item_id=item_id, version=held.document.version, kind="unparked")


@hands.watched
def split(access: Access, item_id: DocumentId, version: int, before_page_no: int, services: Services) -> Done:
    """Page `before_page_no` (1-based in the document) begins another document; both wait."""
    with services.catalog.write() as unit:
        held = begin(access, item_id, version, unit, services)
        if held.seed:
            if not 2 <= before_page_no <= len(held.document.pages):
                raise UsageError(f"split before page 2 to {len(held.document.pages)}, got {before_page_no}")
            return spoil(access, held.seed, "split", unit, services)
        inside = hands.within(unit, services)
        one, two = review.split(item_id, version, before_page_no, access.actor, inside)
        did(access, "split", held, (one, two), Effort(), unit, services)
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
        held = begin(access, item_id, version, unit, services)
        before = hands.seen_or_missing(access, previous_id, unit)
        if held.seed or before.seed:
            return spoil(access, (held.seed or before.seed), "joined", unit, services)  # type: ignore[arg-type]
        if before.document.version != previous_version:
            raise changed.conflict(previous_id, previous_version, unit)
        inside = hands.within(unit, services)
        joined = review.join(previous_id, previous_version, item_id, version, access.actor, inside)
        both = replace(held, document=before.document)
        did(access, "joined", both, (joined,), Effort(), unit, services, also=held.document)
        clear(item_id, unit)
    return Done(item_id=previous_id, version=joined.version, kind="joined")


@hands.watched
def retype(
    access: Access, item_id: DocumentId, version: int, document_type: str, note: str, services: Services
) -> Done:
    """Correct the type alone; it goes on waiting, or is filed anew (CORRECT, with a note)."""
    with services.catalog.write() as unit:
        held = begin(access, item_id, version, unit, services)
        may_settle(access, held, note)
        if held.seed:
            return keep_seed(access, held, "retyped", unit, services, document_type=document_type)
        inside = hands.within(unit, services)
        changed = review.retype(item_id, version, document_type, note, access.actor, inside)
        did(access, "retyped", held, (changed,), Effort(), unit, services)
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
        held = begin(access, item_id, version, unit, services)
        may_settle(access, held, note)
        if held.seed:
            return keep_seed(access, held, "redated", unit, services, service_date=service_date)
        inside = hands.within(unit, services)
        changed = review.redate(item_id, version, service_date, note, access.actor, inside)
        did(access, "redated", held, (changed,), Effort(), unit, services)
    return Done(item_id=item_id, version=changed.version, kind="redated")


def _lay(
    access: Access, item_id: DocumentId, version: int, kind: ParkKind, note: str, services: Services
) -> Done:
    said = {ParkKind.PARKED: "parked", ParkKind.QUESTION: "asked"}[kind]
    if not note.strip():
        raise UsageError("say with a note what it waits for")
    with services.catalog.write() as unit:
        held = begin(access, item_id, version, unit, services)
        if held.document.state is not DocumentState.IN_REVIEW:
            raise NotAllowedNow(f"document {item_id} is {held.document.state}")
        before = unit.desk.parked(item_id)
        if before is not None and before.kind is ParkKind.KEYS_DIFFER:
            raise NotAllowedNow(f"document {item_id} waits for a supervisor's decision")
        did(access, said, held, (held.document,), Effort(), unit, services)
        unit.desk.keep_unsent(_note_of(access, item_id, kind, "", services))
        if held.seed and kind is ParkKind.QUESTION:
            # Who asks has noticed; nobody answers about what is no record.
            seeds.settle(held.seed, SeedOutcome.CAUGHT, access.actor, None, unit, services)
            return Done(item_id=item_id, version=version, kind=said)
        unit.desk.park(_note_of(access, item_id, kind, note, services))
        tell(said, access, held, unit, note=note)
    return Done(item_id=item_id, version=version, kind=said)


def _note_of(access: Access, item_id: DocumentId, kind: ParkKind, note: str, services: Services) -> Parked:
    return Parked(item_id=item_id, kind=kind, note=note, actor=access.actor, at=services.clock.now())
