"""How far every target is: figures for the command line, the screens and whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from scanindex import trail
from scanindex.access_model import Access, Right
from scanindex.delivery.sending import RECONCILED, STOPPED
from scanindex.delivery_model import Delivery, DeliveryState, ExportRun
from scanindex.errors import ConfigError, Forbidden, NotFound
from scanindex.ports import Unit
from scanindex.services import Services
from scanindex.target_file import load_target, names
from scanindex.target_profile import Target

DAYS = 14
OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.REFUSED)
_RUNS = 5


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
) -> list[Delivery]:
    """Lines of the ledger, in order, of documents that the asker may see. Raises Forbidden, NotFound."""
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
    trail.seen(access, "export list", services, ids)
    return seen


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
        is_stopped=bool(states) and stopped > unit.deliveries.last_event(RECONCILED, name),
        days=tuple(Day(day=day, answered=n) for day, _, n in unit.deliveries.per_day(name, since)),
        runs=tuple(unit.deliveries.runs(name, limit=_RUNS)),
    )


def _profile(name: str, services: Services) -> tuple[Target | None, str]:
    try:
        return load_target(services.settings.home, name), ""
    except ConfigError as error:
        return None, str(error)
