"""What is queued for one target goes out, in order, until nothing is left or something is in the way.

Promises: a disclosure is in the trail before its first byte goes; whatever is broken off, by a lost
line or `kill -9`, is sent again under the same ids in the same parcel, before anything newer; what
changed here since it was queued does not go; answers are kept in the commit that lets the next
documents go, or after a second; a document that a receiver chokes on does not hold up the others.
Only one process sends to a target (`app.exporting`). Leaves out who may, and what is queued.
"""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scanindex.delivery import renditions, standstill
from scanindex.delivery.attempts import Attempts, grouped
from scanindex.delivery_model import Delivery, DeliveryState, ExportRecord, Parcel, Receipt
from scanindex.errors import IntegrityError, NotAllowedNow, ScanindexError, TransientError
from scanindex.ports import EhrSink, Unit
from scanindex.services import Services
from scanindex.target_profile import Target

STOPPED, RECONCILED = "export_stopped", "export_reconciled"
"""Events: the catalog was put back, so that what a receiver has is not known; and it is known again."""
INTERRUPTED = "interrupted"
"""`Sent.stopped_by` after Ctrl-C."""
_NOT_SENT = "not_sent"
"""`Receipt.code` of what was not fit to be sent over its line after all."""
_MOST_PASSED_OVER = 3
"""Parcels one after the other that the receiver chokes on before it is taken to be out of order."""
_ANSWERS_WAIT_SECONDS = 1.0
"""Longest that an answer of a slow receiver is not written down."""
_STEP = 1_000
_LONGEST_WAIT_SECONDS = 60.0
_TEXT_KEPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one call did."""

    taken: int = 0
    refused: int = 0
    overtaken: int = 0
    """Changed here since they were queued: the next `export` queues them as they are."""
    damaged: int = 0
    left: int = 0
    """Still to be sent."""
    stopped_by: str = ""
    """Code of what was in the way; "" where all was sent."""


Told = Callable[[Sent], None]


def send(
    actor: str,
    target: Target,
    sink: EhrSink,
    services: Services,
    *,
    told: Told = lambda sent: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Sent:
    """Send what is queued for this target. Raises NotAllowedNow (see `refuse_unreconciled`), ConfigError;
    what may be over later, and Ctrl-C, end the call with `stopped_by`."""
    refuse_unreconciled(target.name, services)
    renditions.tidy(target.name, services)
    courier = _Courier(actor, target, sink, services, sleep)
    try:
        return _run(courier, target, told, sleep)
    except KeyboardInterrupt:
        return courier.report(INTERRUPTED)
    finally:
        courier.close()


def _run(courier: _Courier, target: Target, told: Told, sleep: Callable[[float], None]) -> Sent:
    tries = passed_over = 0
    stopped_by = ""
    while True:
        try:
            if not courier.next_parcel():
                return courier.report(stopped_by if courier.has_given_up else "")
            tries = passed_over = 0
        except TransientError as error:
            tries, stopped_by = tries + 1, error.code
            courier.note_trouble(error)
            if tries >= max(1, target.sending.attempts):
                passed_over += 1
                if passed_over >= _MOST_PASSED_OVER or not courier.pass_over():
                    return courier.report(stopped_by)
                tries = 0
                continue
            wait = target.sending.wait_seconds * 2 ** (tries - 1)
            sleep(min(getattr(error, "retry_after_seconds", None) or wait, _LONGEST_WAIT_SECONDS))
        told(courier.report(is_counted=False))


def refuse_unreconciled(target: str, services: Services) -> None:
    """After the catalog was put back, nothing is sent until somebody compared both sides."""
    with services.catalog.read() as unit:
        stopped = unit.deliveries.last_event(STOPPED, None)
        reconciled = unit.deliveries.last_event(RECONCILED, target)
        has_lines = bool(unit.deliveries.select(target, limit=1))
    if has_lines and stopped > reconciled:
        raise NotAllowedNow(
            "the catalog was put back since the last reconciliation, so what the receiver has is not known; "
            f"`scanindex export reconcile {target}` first"
        )


def stop_until_reconciled(actor: str, services: Services) -> None:
    """To be called when a catalog was put back: rebuilt from the log, or restored from a backup."""
    with services.catalog.write() as unit:
        if unit.deliveries.select(limit=1):
            unit.events.append(STOPPED, actor)


class _Courier:
    def __init__(
        self,
        actor: str,
        target: Target,
        sink: EhrSink,
        services: Services,
        sleep: Callable[[float], None],
    ) -> None:
        self._actor, self._target, self._sink, self._services = actor, target, sink, services
        self._sleep = sleep
        self._sent = Sent()
        self._answers: list[Delivery] = []
        """Answered and not written down yet: they go with the next commit."""
        self._parcels: deque[list[Delivery]] = deque()
        """Marked as under way in one commit, and not sent by this call yet."""
        self._given_up: set[str] = set()
        """External ids that this call does not try again."""
        self._trying: list[Delivery] = []
        self._attempts = Attempts(actor, target)
        self._not_before = self._written_at = services.clock.monotonic()

    def next_parcel(self) -> bool:
        """False where nothing is left."""
        if not self._parcels:
            self._parcels.extend(self._marked())
            self._attempts.begun(line for lines in self._parcels for line in lines)
        if not self._parcels:
            return False
        lines = self._trying = self._parcels.popleft()
        parcel = self._parcel(lines)
        answered: dict[str, Delivery] = {}
        by_id = {line.record.external_id: line for line in lines}
        stayed = self._attempts.leave(lines)
        try:
            for receipt in self._sink.send(parcel):
                line = by_id.get(receipt.external_id)
                if line is not None:
                    answered[receipt.external_id] = self._answered(line, receipt)
        except IntegrityError:
            self._drop_damaged(line for line in lines if line.record.external_id not in answered)
        except ScanindexError as error:
            if error.nothing_left and not _is_laid_down_before(self._target):
                self._attempts.stay(x for x in stayed if x.record.external_id not in answered)
            raise
        finally:
            self._attempts.stay(x for x in stayed if _was_refused_here(answered, x))
            self._answers += answered.values()
            renditions.forget(answered.values(), self._services)
            self._count(answered.values())
            if self._services.clock.monotonic() - self._written_at > _ANSWERS_WAIT_SECONDS:
                self._write_answers()
        self._pace(len(lines))
        return True

    def note_trouble(self, error: TransientError) -> None:
        """Lines that are under way keep why they did not arrive."""
        self._parcels.clear()
        with self._services.catalog.write() as unit:
            self._put_answers(unit)
            tried = [unit.deliveries.get(x.target, x.record.external_id) for x in self._trying]
            unit.deliveries.put(
                dataclasses.replace(x, attempts=x.attempts + 1, error=error.code)
                for x in tried
                if x is not None and x.state is DeliveryState.SENDING
            )

    def close(self) -> None:
        """Whatever ended the call: nothing that is known stays unwritten."""
        if self._answers or self._attempts.came_to_nothing:
            with self._services.catalog.write() as unit:
                self._put_answers(unit)
                self._attempts.take_back(unit)

    @property
    def has_given_up(self) -> bool:
        return bool(self._given_up)

    def pass_over(self) -> bool:
        """Leave what was tried last for a later call: one document must not hold up all others. False
        where nothing was tried."""
        self._given_up.update(line.record.external_id for line in self._trying)
        return bool(self._trying)

    def report(self, stopped_by: str = "", *, is_counted: bool = True) -> Sent:
        if not is_counted:
            return self._sent
        self._write_answers()
        with self._services.catalog.read() as unit:
            counts = unit.deliveries.counts(self._target.name)
        waiting = (DeliveryState.PENDING, DeliveryState.SENDING)
        left = sum(n for (_, _, state), n in counts.items() if state in waiting)
        return dataclasses.replace(self._sent, left=left, stopped_by=stopped_by)

    # --- one parcel -------------------------------------------------------------------------
    def _marked(self) -> list[list[Delivery]]:
        """The lines of the next parcels, marked as under way (and in the trail) before they go.

        What was broken off comes first, in the parcels that it was in.
        """
        with self._services.catalog.write() as unit:
            self._put_answers(unit)
            if broken_off := self._broken_off(unit):
                lines = _of_parcel(unit, self._target.name, broken_off)
                self._attempts.begin_again(lines, unit)
                return [lines]
            while fresh := unit.deliveries.select(
                self._target.name, DeliveryState.PENDING, limit=self._at_once()
            ):
                fresh = list(_within_bytes(fresh, self._target.sending.parcel_bytes))
                good = standstill.still_good(fresh, self._target, self._services, unit)
                self._drop([line for line in fresh if line not in good], "changed", unit)
                if good:
                    return self._begin(good, unit)
        return []

    def _broken_off(self, unit: Unit) -> Delivery | None:
        most = len(self._given_up) + 1
        found = unit.deliveries.select(self._target.name, DeliveryState.SENDING, limit=most)
        return next((x for x in found if x.record.external_id not in self._given_up), None)

    def _at_once(self) -> int:
        """Documents that one commit lets go."""
        return self._sink.parcel_documents if self._is_by_parcel else self._target.sending.window_documents

    @property
    def _is_by_parcel(self) -> bool:
        return self._sink.parcel_documents > 1

    def _begin(self, lines: Sequence[Delivery], unit: Unit) -> list[list[Delivery]]:
        now, first = self._services.clock.now(), lines[0].delivery_no
        marked = [
            dataclasses.replace(
                line,
                state=DeliveryState.SENDING,
                parcel_no=first if self._is_by_parcel else line.delivery_no,
                sent_at=line.sent_at or now,
                error="",
            )
            for line in lines
        ]
        unit.deliveries.put(marked)
        never_sent = [line.record.external_id for line in lines if line.sent_at is None]
        self._attempts.begin(marked, never_sent, unit)
        return [marked] if self._is_by_parcel else [[line] for line in marked]

    def _parcel(self, lines: Sequence[Delivery]) -> Parcel:
        number = lines[0].parcel_no or lines[0].delivery_no
        return Parcel(
            name=_name(self._target.name, number, lines[0]),
            number=number,
            records=tuple(renditions.located(line, self._services) for line in lines),
        )

    def _answered(self, line: Delivery, receipt: Receipt) -> Delivery:
        return dataclasses.replace(
            line,
            state=DeliveryState.DELIVERED if receipt.is_taken else DeliveryState.REFUSED,
            attempts=line.attempts + 1,
            answered_at=self._services.clock.now(),
            receipt=dataclasses.replace(receipt, text=receipt.text[:_TEXT_KEPT]),
            error="" if receipt.is_taken else "refused",
        )

    def _count(self, answered: Iterable[Delivery]) -> None:
        for line in answered:
            if line.state is DeliveryState.DELIVERED:
                self._sent = dataclasses.replace(self._sent, taken=self._sent.taken + 1)
            else:
                self._sent = dataclasses.replace(self._sent, refused=self._sent.refused + 1)

    def _pace(self, documents: int) -> None:
        if rate := self._target.sending.per_second:
            now = self._services.clock.monotonic()
            self._not_before = max(self._not_before, now) + documents / rate
            self._sleep(max(0.0, self._not_before - now - 1 / rate))

    # --- the ledger -------------------------------------------------------------------------
    def _write_answers(self) -> None:
        if self._answers:
            with self._services.catalog.write() as unit:
                self._put_answers(unit)

    def _put_answers(self, unit: Unit) -> None:
        if not self._answers:
            return
        unit.deliveries.put(self._answers)
        for group in grouped(self._answers):
            told = [(line.record.external_id, line.state, line.answered_at, line.receipt) for line in group]
            unit.events.append("export_answered", self._actor, target=self._target.name, receipts=told)
        self._answers = []
        self._written_at = self._services.clock.monotonic()

    def _drop(self, lines: Sequence[Delivery], why: str, unit: Unit) -> None:
        unit.deliveries.put(
            dataclasses.replace(line, state=DeliveryState.DROPPED, error=why) for line in lines
        )
        self._sent = dataclasses.replace(self._sent, overtaken=self._sent.overtaken + len(lines))

    def _drop_damaged(self, lines: Iterable[Delivery]) -> None:
        """The documents whose own file is not as it was; the others of the parcel go on without them."""
        bad = [line for line in lines if not _is_whole(renditions.located(line, self._services))]
        if not bad:
            raise IntegrityError("a parcel could not be made although its documents are whole")
        with self._services.catalog.write() as unit:
            gone = [dataclasses.replace(x, state=DeliveryState.DROPPED, error="damaged") for x in bad]
            unit.deliveries.put(gone)
            ids = [x.record.external_id for x in bad]
            unit.events.append("export_dropped", self._actor, target=self._target.name, external_ids=ids)
        self._sent = dataclasses.replace(self._sent, damaged=self._sent.damaged + len(bad))


def _name(target: str, number: int, first: Delivery) -> str:
    """The same on every try; the id keeps it apart from a parcel of this number before a catalog was
    rebuilt, the count from one that the receiver lost."""
    again = f"-r{first.resends}" if first.resends else ""
    return f"{target}-{number:08}-{first.record.control_id[:8].lower()}{again}"


def _of_parcel(unit: Unit, target: str, first: Delivery) -> list[Delivery]:
    """All lines of a parcel that was broken off, in their order."""
    found: list[Delivery] = []
    after = first.delivery_no - 1
    while step := unit.deliveries.select(target, DeliveryState.SENDING, after=after, limit=_STEP):
        found += (line for line in step if line.parcel_no == first.parcel_no)
        after = step[-1].delivery_no
    return found


def _within_bytes(lines: Sequence[Delivery], limit: int) -> Iterator[Delivery]:
    """As many as fit; the first always."""
    size = 0
    for place, line in enumerate(lines):
        size += line.record.content.size_bytes if line.record.content else 0
        if place and limit and size > limit:
            return
        yield line


def _is_whole(record: ExportRecord) -> bool:
    return record.content is None or renditions.is_whole(record.content)


def _is_laid_down_before(target: Target) -> bool:
    """Whether documents may lie in a folder of the receiver's though its line was never reached."""
    return target.target.transport == "mllp" and target.hl7.carry != "embedded"


def _was_refused_here(answered: Mapping[str, Delivery], line: Delivery) -> bool:
    found = answered.get(line.record.external_id)
    if found is None or found.receipt is None:
        return False
    return not found.receipt.has_left or found.receipt.code == _NOT_SENT
