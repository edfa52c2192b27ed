"""Both sides compared: what the ledger says a receiver has, and what the receiver says it has.

Acknowledgements do not prove filing; a receiver's own list does. Promises: every document that is
missing, doubled, different, not taken back, or unknown here is found by one pass; what fits becomes
verified; nothing is sent by comparing. Works on a list that the receiver answers (FHIR), that lies in
a folder, or that somebody feeds in.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from scanindex.access_model import Access, Right
from scanindex.delivery import renditions
from scanindex.delivery.plan import RETRY
from scanindex.delivery.sending import RECONCILED
from scanindex.delivery_model import NO_STRAYS, Action, Delivery, DeliveryState, Held, Receipt, Strays
from scanindex.errors import Forbidden, UsageError
from scanindex.model import DocumentId
from scanindex.ports import Unit
from scanindex.services import Services
from scanindex.target_profile import Target

FAULTS = {
    "missing": "The receiver took it and does not have it: `export resend` sends it again under the same id.",
    "doubled": "The receiver has it more than once: the receiver's side removes all but one.",
    "different_content": "The receiver's file is not the one that was sent (hash or size).",
    "different_patient": "The receiver has it under another patient: an overlay there. Act at once.",
    "different_type": "The receiver has it under another type than was sent.",
    "still_valid": "It was replaced or cancelled, and the receiver still shows it as valid.",
    "not_valid": "It should be valid, and the receiver shows it as superseded or entered in error.",
    "refused_but_there": "The receiver refused it, or it was given up here, and it is there all the same.",
    "perhaps_valid": "It was replaced or cancelled; the list has it and does not say whether it is valid.",
    "unknown": "The receiver has it under an id of ours that was never sent from here.",
    "unanswered": "It was sent, no answer came, and the receiver does not have it: it is sent again.",
}
"""Code to meaning and what to do; docs/reference/export-problems.md shows the same."""
_STEP = 1_000
_THERE = (DeliveryState.DELIVERED, DeliveryState.VERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    code: str
    external_id: str
    document_id: DocumentId | None
    receiver_ids: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        return FAULTS[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What a comparison found."""

    expected: int
    """Documents that the receiver should have now, as far as it answered."""
    held: int
    """Entries of its list that bear an id of ours."""
    verified: int
    """Of those expected: there once, as they were sent."""
    weakly: int
    """Of those verified: without a hash, by id and, where the list says it, size."""
    unnamed: int
    """Of those verified: the list does not say whose they are, so an overlay there would not show."""
    faults: tuple[Fault, ...]
    bytes_expected: int = 0
    strays: Strays = NO_STRAYS

    @property
    def is_clean(self) -> bool:
        return not self.faults and not self.strays.count and self.verified == self.expected


@dataclass(frozen=True, slots=True)
class _Seen:
    """One entry of the receiver's list, small: a million of them are held at once."""

    receiver_id: str
    sha256: str | None
    sha1: str | None
    size_bytes: int | None
    patient: str | None
    is_current: bool | None
    types: tuple[str | None, str | None]


def reconcile(
    access: Access,
    target: str,
    held: Iterable[Held],
    services: Services,
    *,
    is_whole_list: bool = True,
    strays: Strays = NO_STRAYS,
) -> Reconciliation:
    """Compare, and note what is verified. Raises Forbidden, UsageError for a list of nothing at all.

    is_whole_list: what is not in it is missing; else only what is in it is compared. strays: what lies
    beside it in the packages.
    """
    if not access.may(Right.EXPORT):
        raise Forbidden
    found = _by_id(held)
    faults: list[Fault] = []
    counts = {"expected": 0, "verified": 0, "weakly": 0, "unnamed": 0, "bytes": 0}
    known: set[str] = set()
    sha1_of = partial(_sha1, services=services)
    with services.catalog.read() as unit:
        overtaken = {line.record.replaces for line in _told(unit, target) if line.record.replaces}
    for lines in _lines(target, services):
        now = services.clock.now()
        changed: list[Delivery] = []
        for line in lines:
            known.add(line.record.external_id)
            seen = found.get(line.record.external_id, [])
            if not seen and not is_whole_list:
                continue
            is_current = line.record.action is not Action.CANCEL and (
                line.record.external_id not in overtaken
            )
            codes, is_weak = _judged(line, seen, sha1_of, is_current=is_current)
            faults += (_fault(code, line, seen) for code in codes)
            if is_current and line.state in (*_THERE, DeliveryState.SENDING):
                content = line.record.content
                counts["expected"] += 1
                counts["bytes"] += content.size_bytes if content else 0
                if not codes:
                    counts["verified"] += 1
                    counts["weakly"] += is_weak
                    counts["unnamed"] += all(s.patient is None for s in seen)
                    changed.append(_verified(line, seen, now))
                elif line.state in _THERE:
                    changed.append(_doubted(line, codes[0]))
            elif not codes and line.record.action is Action.CANCEL and line.state in _THERE:
                changed.append(dataclasses.replace(line, state=DeliveryState.VERIFIED, verified_at=now))
        _keep(changed, target, access.actor, services)
    faults += (
        Fault(code="unknown", external_id=i, document_id=None, receiver_ids=_ids(seen))
        for i, seen in found.items()
        if i not in known
    )
    report = Reconciliation(
        expected=counts["expected"],
        held=sum(map(len, found.values())),
        verified=counts["verified"],
        weakly=counts["weakly"],
        unnamed=counts["unnamed"],
        faults=tuple(faults),
        bytes_expected=counts["bytes"],
        strays=strays,
    )
    _note(report, target, access.actor, services, is_whole_list=is_whole_list)
    return report


def asked_of(target: Target, services: Services) -> set[str] | None:
    """The ids to ask the receiver for, where it is asked one by one (imaging archives, and FHIR servers with
    fhir.inventory = "each"); None: all."""
    transport = target.target.transport
    if transport != "dimse" and (transport != "http" or target.fhir.inventory != "each"):
        return None
    return {line.record.external_id for lines in _lines(target.name, services) for line in lines}


def resend(access: Access, target: str, external_ids: Sequence[str], services: Services) -> int:
    """Queue again, under the same ids, what the receiver lost; returns how many. Raises Forbidden,
    UsageError where one of them was not delivered, or is verified there."""
    if not access.may(Right.EXPORT):
        raise Forbidden
    with services.catalog.write() as unit:
        lines = [unit.deliveries.get(target, one) for one in dict.fromkeys(external_ids)]
        again = [x for x in lines if x is not None and x.state is DeliveryState.DELIVERED]
        if len(again) != len(lines):
            raise UsageError(
                "only what was delivered and is not verified can be sent again; see `export list`"
            )
        unit.deliveries.put(
            dataclasses.replace(x, state=DeliveryState.PENDING, resends=x.resends + 1) for x in again
        )
        unit.events.append(
            "export_resent",
            access.actor,
            document_ids=[x.record.document_id for x in again],
            target=target,
            external_ids=[x.record.external_id for x in again],
        )
    return len(again)


def retry(access: Access, target: str, services: Services) -> int:
    """Let what the receiver refused be decided again by the next `export`, under the same ids; how many."""
    if not access.may(Right.EXPORT):
        raise Forbidden
    count, after = 0, 0
    while True:
        with services.catalog.write() as unit:
            lines = unit.deliveries.select(target, DeliveryState.REFUSED, after=after, limit=_STEP)
            if not lines:
                return count
            unit.deliveries.put(dataclasses.replace(x, error=RETRY) for x in lines)
            ids = [x.record.external_id for x in lines]
            unit.events.append("export_retried", access.actor, target=target, external_ids=ids)
        count, after = count + len(lines), lines[-1].delivery_no


# --- how ----------------------------------------------------------------------------------
def _by_id(held: Iterable[Held]) -> dict[str, list[_Seen]]:
    found: dict[str, list[_Seen]] = {}
    for one in held:
        found.setdefault(one.external_id, []).append(
            _Seen(
                one.receiver_id,
                one.sha256.lower() if one.sha256 else None,
                one.sha1,
                one.size_bytes,
                one.patient,
                one.is_current,
                (one.local_type, one.loinc),
            )
        )
    return found


def _lines(target: str, services: Services) -> Iterator[list[Delivery]]:
    after = 0
    while True:
        with services.catalog.read() as unit:
            lines = unit.deliveries.select(target, after=after, limit=_STEP)
        if not lines:
            return
        yield lines
        after = lines[-1].delivery_no


def _told(unit: Unit, target: str) -> Iterator[Delivery]:
    after = 0
    states = (*_THERE, DeliveryState.SENDING)
    while lines := unit.deliveries.select(target, *states, after=after, limit=_STEP):
        yield from lines
        after = lines[-1].delivery_no


def _judged(
    line: Delivery,
    seen: Sequence[_Seen],
    sha1_of: Callable[[Delivery], str | None],
    *,
    is_current: bool,
) -> tuple[list[str], bool]:
    """Codes of what is wrong, and whether it was recognised by its id alone."""
    valid = [s for s in seen if s.is_current is not False]
    if line.record.action is Action.CANCEL:
        return [], False  # it bears no content; what it cancelled is judged in its own line
    if line.state is DeliveryState.PENDING:
        return [], False
    if line.state in (DeliveryState.REFUSED, DeliveryState.DROPPED):
        return (["refused_but_there"] if valid else []), False
    if not is_current:
        if any(s.is_current is True for s in seen):
            return ["still_valid"], False
        return (["perhaps_valid"] if any(s.is_current is None for s in seen) else []), False
    if not seen:
        return (["missing"] if line.state in _THERE else ["unanswered"]), False
    if not valid:
        return ["not_valid"], False
    if len(valid) > 1:
        return ["doubled"], False
    return _differences(line, valid[0], sha1_of)


def _differences(
    line: Delivery, seen: _Seen, sha1_of: Callable[[Delivery], str | None]
) -> tuple[list[str], bool]:
    record, content = line.record, line.record.content
    assert content is not None  # only a cancellation has none
    codes: list[str] = []
    is_hashed = seen.sha256 is not None or seen.sha1 is not None
    is_other = seen.sha256 not in (None, content.sha256) or seen.size_bytes not in (None, content.size_bytes)
    if not is_other and seen.sha256 is None and seen.sha1 is not None:
        is_other = seen.sha1 != sha1_of(line)
    if is_other:
        codes.append("different_content")
    if seen.patient is not None and seen.patient not in {i.value for i in record.patient.identifiers}:
        codes.append("different_patient")
    local, loinc = seen.types
    if _differ(local, record.type.local) or _differ(loinc, record.type.loinc):
        codes.append("different_type")
    return codes, not is_hashed


def _differ(theirs: str | None, ours: str | None) -> bool:
    return bool(theirs and ours) and theirs != ours


def _sha1(line: Delivery, services: Services) -> str | None:
    """Hex, of our file as it is now: FHIR R4 tells SHA-1 alone."""
    content = renditions.located(line, services).content
    try:
        with content.path.open("rb") as stream:  # type: ignore[union-attr]  # only asked where there is one
            return hashlib.file_digest(stream, _weak_sha1).hexdigest()
    except OSError:
        return None
    finally:
        renditions.forget([line], services)


def _weak_sha1() -> hashlib._Hash:
    return hashlib.sha1(usedforsecurity=False)


def _verified(line: Delivery, seen: Sequence[_Seen], now: datetime) -> Delivery:
    receipt = line.receipt or Receipt(
        external_id=line.record.external_id, is_taken=True, code="listed", receiver_ids=_ids(seen)
    )
    if not receipt.receiver_ids:
        receipt = dataclasses.replace(receipt, receiver_ids=_ids(seen))
    return dataclasses.replace(
        line,
        state=DeliveryState.VERIFIED,
        verified_at=now,
        answered_at=line.answered_at or now,
        receipt=receipt,
        error="",
    )


def _doubted(line: Delivery, code: str) -> Delivery:
    """Delivered, and not as it should be: what was verified once is not any more."""
    return dataclasses.replace(line, state=DeliveryState.DELIVERED, verified_at=None, error=code)


def _ids(seen: Sequence[_Seen]) -> tuple[str, ...]:
    return tuple(s.receiver_id for s in seen if s.receiver_id)


def _fault(code: str, line: Delivery, seen: Sequence[_Seen]) -> Fault:
    return Fault(
        code=code,
        external_id=line.record.external_id,
        document_id=line.record.document_id,
        receiver_ids=_ids(seen),
    )


def _keep(changed: Sequence[Delivery], target: str, actor: str, services: Services) -> None:
    """Only lines that are still as they were compared: somebody may be sending meanwhile."""
    fresh = [x for x in changed]
    if not fresh:
        return
    with services.catalog.write() as unit:
        now = {x.record.external_id: unit.deliveries.get(target, x.record.external_id) for x in fresh}
        same = [
            x
            for x in fresh
            if (y := now[x.record.external_id]) is not None
            and y.state in (*_THERE, DeliveryState.SENDING)
            and y.attempts == x.attempts
        ]
        unit.deliveries.put(same)
        told = [(x.record.external_id, x.state, x.answered_at, x.receipt) for x in same]
        unit.events.append("export_verified", actor, target=target, receipts=told)


def _note(
    report: Reconciliation, target: str, actor: str, services: Services, *, is_whole_list: bool
) -> None:
    kind = RECONCILED if is_whole_list else "export_compared"
    with services.catalog.write() as unit:
        unit.events.append(
            kind,
            actor,
            target=target,
            expected=report.expected,
            verified=report.verified,
            faults=len(report.faults),
            strays=report.strays.count,
        )
