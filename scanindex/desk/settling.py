"""How an item is settled: confirmed, keyed by one or two people, filed; and what a test item answers.

Promises: nothing goes to a patient whose datum did not fit; what two must settle alike is
filed only when they did; a test item answers as any other and reaches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scanindex import review
from scanindex.access_model import Access, Right
from scanindex.desk import asking, confirm, contradictions, hands, keys, seeds
from scanindex.desk.acting import Done, Effort, begin, clear, did, may_settle, tell
from scanindex.desk.hands import Held
from scanindex.desk_model import Key, Parked, ParkKind, Seed, SeedOutcome
from scanindex.errors import ConflictError, Forbidden, NotAllowedNow, UsageError
from scanindex.model import Document, DocumentId, DocumentState, Patient, PatientId
from scanindex.ports import Unit
from scanindex.services import Services

FIRST_KEY, KEYS_DIFFER, ACCEPTED = "first_key", "keys_differ", "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDone:
    """What came of a run of items settled to one patient."""

    done: tuple[Done, ...]
    refused: tuple[tuple[DocumentId, str], ...]
    """Items left as they were, and why, in words without patient data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What somebody wants to settle a document as."""

    patient: Patient
    document_type: str | None
    service_date: str | None
    note: str
    effort: Effort
    group: str


def confirmed(held: Held, patient: Patient, typed: str | None, note: str, services: Services) -> bool:
    """Raises UsageError where a datum, or a reason besides, is asked and nothing was given."""
    asked = asking.datum_for(patient, held.document, services)
    return asked is None or _fits(asked, patient, typed, note, services)


def run_confirmed(held: Held, patient: Patient, typed: str | None, note: str, services: Services) -> bool:
    """A run is always confirmed: its later items were perhaps never looked at one by one."""
    asked = asking.datum_asked(patient, held.document, services)
    return _fits(asked, patient, typed, note, services)


def _fits(asked: confirm.Datum, patient: Patient, typed: str | None, note: str, services: Services) -> bool:
    if not (typed or "").strip():
        raise UsageError(f"type {asked.words} from the page")
    if asked.needs_reason and not note.strip():
        raise UsageError("say in a note where on the paper it stands, or what else there says whose it is")
    return confirm.fits(typed or "", patient, asked.kind, services.settings.site.date_order)


def note_differs(access: Access, held: Held, wanted: Settling, unit: Unit, services: Services) -> None:
    """Nothing is filed; that it did not fit is kept, never what was typed."""
    did(access, "datum_differs", held, (held.document,), wanted.effort, unit, services)
    if held.seed:
        unit.desk.put_seed(replace(held.seed, datum_misses=held.seed.datum_misses + 1))
    tell("datum_differs", access, held, unit)


def settle(access: Access, held: Held, wanted: Settling, unit: Unit, services: Services) -> Done:
    if held.seed:
        patient_id = wanted.patient.patient_id
        effort = wanted.effort
        return settle_seed(
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


def _key(access: Access, document: Document, wanted: Settling, services: Services) -> Key:
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
    wanted: Settling,
    kind: str,
    standing: tuple[Key, ...],
    unit: Unit,
    services: Services,
) -> Done:
    """The document waits on: for a second person, or for a supervisor."""
    document = held.document
    did(access, kind, held, (document,), wanted.effort, unit, services, group=wanted.group)
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
    tell(kind, access, held, unit)
    return Done(item_id=document.document_id, version=document.version, kind=kind)


def _file(access: Access, held: Held, wanted: Settling, also_by: str, unit: Unit, services: Services) -> Done:
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
    did(access, ACCEPTED, held, (changed,), wanted.effort, unit, services, group=wanted.group)
    clear(document.document_id, unit)
    return Done(item_id=document.document_id, version=changed.version, kind=ACCEPTED)


def settle_run(
    access: Access, run: Sequence[tuple[DocumentId, int]], wanted: Settling, unit: Unit, services: Services
) -> RunDone:
    done: list[Done] = []
    refused: list[tuple[DocumentId, str]] = []
    for item_id, version in dict(run).items():
        try:
            held = begin(access, item_id, version, unit, services)
            may_settle(access, held, wanted.note)
            against = contradictions.against(held.document, wanted.patient)
            if against:
                refused.append((item_id, "; ".join(against)))
                continue
            done.append(settle(access, held, wanted, unit, services))
        except (Forbidden, ConflictError) as error:
            refused.append((item_id, error.detail))
    return RunDone(done=tuple(done), refused=tuple(refused))


def one_run(run: Sequence[tuple[DocumentId, int]], first: Held, unit: Unit) -> None:
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


def refuse_known(patient: Patient, services: Services) -> None:
    numbers = [i.value for i in patient.identifiers]
    if numbers and services.roster.by_identifier(numbers):
        raise NotAllowedNow("the roster holds somebody of that number; look again, or say that it is new")
    name = patient.names[0]
    near = services.roster.by_name(name.last, name.first)
    if patient.birth_date and any(other.birth_date == patient.birth_date for other in near):
        raise NotAllowedNow("the roster holds somebody of that name and birth date; look again")


# --- inside: test items ----------------------------------------------------------------------
def settle_seed(
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
    did(access, ACCEPTED, held, (), effort, unit, services, group=group)
    seeds.settle(seed, outcome, access.actor, effort.seconds, unit, services)
    version = seed.document.version + (kind == ACCEPTED)
    return Done(item_id=seed.item_id, version=version, kind=kind)


def keep_seed(
    access: Access, held: Held, kind: str, unit: Unit, services: Services, **values: str | None
) -> Done:
    assert held.seed is not None
    changed = replace(held.document, version=held.document.version + 1, **values)  # type: ignore[arg-type]
    did(access, kind, held, (changed,), Effort(), unit, services)
    unit.desk.put_seed(replace(held.seed, document=changed))
    return Done(item_id=changed.document_id, version=changed.version, kind=kind)


def spoil(access: Access, seed: Seed, kind: str, unit: Unit, services: Services) -> Done:
    """Its pages stand in a filed document: it is taken out of the queue and counts for nothing."""
    seeds.settle(seed, SeedOutcome.SPOILED, access.actor, None, unit, services)
    return Done(item_id=seed.item_id, version=seed.document.version + 1, kind=kind)
