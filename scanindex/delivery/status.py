"""How far every target is: figures for the command line, the screens and whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from scanindex import trail
from scanindex.access_model import Access, Right
from scanindex.delivery import answers, holds, plan, standstill
from scanindex.delivery.sending import RECONCILED, STOPPED
from scanindex.delivery_model import Action, Delivery, DeliveryState, ExportRun
from scanindex.errors import ConfigError, Forbidden, NotFound
from scanindex.model import DocumentState
from scanindex.ports import Unit
from scanindex.services import Services
from scanindex.target_file import load_target, names
from scanindex.target_profile import Target

DAYS = 14
OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.REFUSED)
WRONG_THERE = ("was_refused", "now_held", "other_patient_there", "merge_to_tell")
"""Reasons to hold back that concern what a receiver has, or would not take: only a person settles them."""
_RUNS = 5
_STEP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    day: str
    """UTC."""
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One target."""

    name: str
    form: str = ""
    transport: str = ""
    recipient: str = ""
    fault: str = ""
    """What is wrong with its profile; "" where it can be read."""
    states: dict[str, int]
    """Lines of the ledger by state; what was dropped is not among them."""
    corrections_due: int
    """Documents that changed here since it was told of them; not all changes need a correction."""
    consents_gone: int
    """Documents there that need a consent, of which none is in force any more: revoked, or ended."""
    is_stopped: bool
    """Nothing goes until `export reconcile`."""
    days: tuple[Day, ...]
    """With answers, oldest first, of the last `DAYS`."""
    runs: tuple[ExportRun, ...]
    """Newest first."""

    @property
    def delivered(self) -> int:
        return self.states.get("delivered", 0) + self.states.get("verified", 0)

    @property
    def open(self) -> int:
        return sum(self.states.get(state, 0) for state in OPEN)


def overview(access: Access, services: Services) -> list[Progress]:
    """Every target that has a profile or a ledger, by name. Raises Forbidden."""
    if not access.may(Right.EXPORT):
        raise Forbidden
    with services.catalog.read() as unit:
        return [_progress(name, unit, services) for name in sorted(_known(unit, services))]


def lines(
    access: Access,
    target: str,
    states: tuple[DeliveryState, ...],
    services: Services,
    *,
    after: int = 0,
    limit: int = 50,
    with_answers: bool = False,
) -> list[Delivery]:
    """Lines of the ledger, in order, of documents that the asker may see. Raises Forbidden, NotFound.

    with_answers: what receivers wrote, too, which may quote the patient; the trail tells.
    """
    if not access.may(Right.EXPORT):
        raise Forbidden
    with services.catalog.read() as unit:
        if target not in _known(unit, services):
            raise NotFound("no such target")
        found = unit.deliveries.select(target, *states, after=after, limit=limit)
        seen = [
            line
            for line in found
            if (d := unit.documents.get(line.record.document_id)) is None or access.sees(d)
        ]
    ids = [line.record.document_id for line in seen]
    trail.seen(access, "export answers" if with_answers else "export list", services, ids)
    return seen if with_answers else [answers.without_theirs(line) for line in seen]


def refused(access: Access, target: str, services: Services) -> int:
    """Documents that the receiver refused and that nothing newer was sent of: a person settles each.

    Raises Forbidden.
    """
    if not access.may(Right.EXPORT):
        raise Forbidden
    count = after = 0
    with services.catalog.read() as unit:
        while found := unit.deliveries.select(target, DeliveryState.REFUSED, after=after, limit=_STEP):
            after = found[-1].delivery_no
            ids = {line.record.document_id for line in found}
            newest = {i: lines[-1] for i, lines in unit.deliveries.latest(target, ids).items()}
            filed = {d.document_id for d in unit.documents.all_of(ids) if d.state is DocumentState.FILED}
            count += sum(
                line.delivery_no == newest[line.record.document_id].delivery_no
                and (line.record.document_id in filed or line.record.action is Action.CANCEL)
                for line in found
            )
    return count


def _known(unit: Unit, services: Services) -> set[str]:
    return {*names(services.settings.home), *(target for target, _, _ in unit.deliveries.counts())}


def _progress(name: str, unit: Unit, services: Services) -> Progress:
    profile, fault = _profile(name, services)
    states: dict[str, int] = {}
    for (_, _, state), count in unit.deliveries.counts(name).items():
        if state != DeliveryState.DROPPED:
            states[state] = states.get(state, 0) + count
    since = services.clock.now() - timedelta(days=DAYS)
    stopped = unit.deliveries.last_event(STOPPED, None)
    return Progress(
        name=name,
        form=profile.target.format if profile else "",
        transport=profile.target.transport if profile else "",
        recipient=profile.target.recipient if profile else "",
        fault=fault,
        states=states,
        corrections_due=unit.deliveries.changed_since(name),
        consents_gone=_consents_gone(profile, unit, services) if profile else 0,
        is_stopped=bool(states) and stopped > unit.deliveries.last_event(RECONCILED, name),
        days=tuple(Day(day=day, answered=n) for day, _, n in unit.deliveries.per_day(name, since)),
        runs=tuple(unit.deliveries.runs(name, limit=_RUNS)),
    )


def _consents_gone(target: Target, unit: Unit, services: Services) -> int:
    """Asked by way of the consents: they are few."""
    day, name = standstill.today(services), target.name
    ended = {
        c.patient_id
        for c in unit.consents.of()
        if c.target in (name, "*") and c.given_on <= day and not holds.in_force(c, name, day)
    }
    count = 0
    for patient_id in ended if target.document.consent_labels else ():
        theirs = {d.document_id: d for d in unit.documents.all(DocumentState.FILED, patient_id=patient_id)}
        covered = standstill.consents(patient_id, target, day, unit)
        for document_id, lines in unit.deliveries.latest(name, theirs).items():
            needed = {*theirs[document_id].sensitivity} & {*target.document.consent_labels}
            is_there = plan.standing([x for x in lines if x.sent_at is not None]).current is not None
            count += bool(needed) and is_there and not any(needed <= {*c.labels} for c in covered)
    return count


def _profile(name: str, services: Services) -> tuple[Target | None, str]:
    try:
        return load_target(services.settings.home, name), ""
    except ConfigError as error:
        return None, str(error)
