"""What a receiver is to be told about each document: new, replace, cancel, nothing, or why not.

The ledger says what the receiver should have; the catalog says how things are. Promises: `decide` is
pure; a document that stands there and is right is left alone; one that stands there and is in nobody's
chart any more is cancelled; what is not known to have arrived counts as arrived, so that a correction
never leaves the wrong one behind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scanindex.delivery import compose, holds
from scanindex.delivery_model import Action, Delivery, DeliveryState, ExportRecord, Problem
from scanindex.model import Document, DocumentState, PatientId
from scanindex.target_profile import Target

_THERE = (DeliveryState.SENDING, DeliveryState.DELIVERED, DeliveryState.VERIFIED)
_GONE = (
    DocumentState.IN_REVIEW,
    DocumentState.RESCAN_WANTED,
    DocumentState.REPLACED,
    DocumentState.SUPERSEDED,
    DocumentState.ENTERED_IN_ERROR,
    DocumentState.PAPER_KEPT,
)
"""Delivered, and in nobody's chart here now."""
BY_HAND = "withdrawn_by_hand"
RETRY = "retry"
"""`Delivery.error` of a refused line that the next export decides again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the ledger says of one document at one receiver."""

    current: Delivery | None
    """What it should have now, sent or to be sent; None: nothing."""
    waiting: tuple[Delivery, ...]
    """Lines that did not leave yet."""
    refused: Delivery | None
    """The newest line, where that was refused."""
    next_number: int
    """Of the next record; that of the refused one where it is to be tried again: the receiver may have
    it all the same, and must not get it under two ids."""
    following_number: int
    """Of one more."""

    @property
    def is_retried(self) -> bool:
        return self.refused is not None and self.refused.error == RETRY


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to happen for one document; nothing where `records` and `problems` are empty."""

    document: Document
    records: tuple[ExportRecord, ...] = ()
    drop: tuple[Delivery, ...] = ()
    """Lines to be taken out of the queue: overtaken before they left."""
    problems: tuple[Problem, ...] = ()
    is_there: bool = False
    """Whether the receiver has it now, right or not."""
    retries: str = ""
    """External id of a refused line that one of the records takes the place of."""


def standing(lines: Sequence[Delivery]) -> Standing:
    """lines: all of one document at one target, oldest first."""
    current: Delivery | None = None
    for line in lines:
        if line.state in (*_THERE, DeliveryState.PENDING):
            current = None if line.record.action is Action.CANCEL else line
    newest = lines[-1] if lines else None
    is_refused = newest is not None and newest.state is DeliveryState.REFUSED
    # Not their count: a rebuilt ledger lacks what never left, and no id may stand for two things.
    fresh = max((compose.number_of(line.record) for line in lines), default=0) + 1
    is_retried = newest is not None and is_refused and newest.error == RETRY
    again = compose.number_of(newest.record) if newest is not None and is_retried else fresh
    return Standing(
        current=current,
        waiting=tuple(x for x in lines if x.state is DeliveryState.PENDING and x.sent_at is None),
        refused=newest if is_refused else None,
        next_number=again,
        following_number=fresh if is_retried else fresh + 1,
    )


def decide(
    document: Document,
    lines: Sequence[Delivery],
    fresh: ExportRecord | None,
    problems: tuple[Problem, ...],
    target: Target,
    survivor_of: Callable[[PatientId], PatientId],
    now: datetime,
) -> Step:
    """fresh: the record as it would be sent now, numbered `standing(lines).next_number`; None where
    none can be made. problems: why it must not go; then `fresh` does not count.
    """
    known = standing(lines)
    sent = _without_waiting(known, lines)
    base = sent.current
    step = Step(document=document, drop=known.waiting, is_there=base is not None, retries=_retried_id(known))
    if document.state in _GONE:
        if base is None:
            return dataclasses.replace(step, problems=problems)
        return _taken_back(step, base, known, target, "withdrawn", now)
    if problems or fresh is None:
        step = dataclasses.replace(step, problems=_told(problems, document, base))
        # The right chart may have to wait; the wrong one must not keep it meanwhile.
        cancels = target.corrections.refiled == "cancel"
        if base is not None and cancels and _is_misfiled(base, document, survivor_of):
            return _taken_back(step, base, known, target, "refiled", now)
        return step
    return _as_it_should_be(step, base, known, fresh, target, survivor_of, now)


def withdrawal(document: Document, lines: Sequence[Delivery], target: Target, now: datetime) -> Step | None:
    """Cancel it because a person says so; None where the receiver has nothing."""
    known = standing(lines)
    base = _without_waiting(known, lines).current
    if base is None and not known.waiting:
        return None
    gone = (_cancel(base, known, target, BY_HAND, now, document.version),) if base else ()
    return Step(
        document=document,
        records=gone,
        drop=known.waiting,
        is_there=base is not None,
        retries=_retried_id(known),
    )


def unless_withdrawn(step: Step, lines: Sequence[Delivery]) -> Step:
    """What a person took back goes again only when it is named."""
    sent = [x for x in lines if x.state not in (DeliveryState.DROPPED, DeliveryState.REFUSED)]
    if sent and sent[-1].record.action is Action.CANCEL and sent[-1].record.reason == BY_HAND:
        return Step(
            document=step.document, problems=(holds.problem("was_withdrawn"),), is_there=step.is_there
        )
    return step


def _retried_id(known: Standing) -> str:
    return known.refused.record.external_id if known.refused and known.is_retried else ""


def _is_misfiled(base: Delivery, document: Document, survivor_of: Callable[[PatientId], PatientId]) -> bool:
    """Whether the receiver has it in another person's chart; a merged record is the same person."""
    return survivor_of(base.record.patient.patient_id) != document.patient_id


def _taken_back(
    step: Step, base: Delivery, known: Standing, target: Target, reason: str, now: datetime
) -> Step:
    """A cancellation, asked for once: what is queued stays so, what was refused waits for a person."""
    queued = tuple(x for x in known.waiting if _cancels(x, base))
    if queued:
        return dataclasses.replace(step, drop=tuple(x for x in known.waiting if x not in queued))
    if known.refused is not None and _cancels(known.refused, base) and not known.is_retried:
        return dataclasses.replace(step, problems=(*step.problems, holds.problem("was_refused")))
    gone = _cancel(base, known, target, reason, now, step.document.version)
    return dataclasses.replace(step, records=(gone,))


def _cancels(line: Delivery, base: Delivery) -> bool:
    return line.record.action is Action.CANCEL and line.record.replaces == base.record.external_id


def _as_it_should_be(
    step: Step,
    base: Delivery | None,
    known: Standing,
    fresh: ExportRecord,
    target: Target,
    survivor_of: Callable[[PatientId], PatientId],
    now: datetime,
) -> Step:
    mark = compose.fingerprint(fresh)
    if known.waiting and known.waiting[-1].fingerprint == mark:
        return dataclasses.replace(step, drop=())  # it is in the queue already
    if known.refused is not None and known.refused.fingerprint == mark and not known.is_retried:
        return dataclasses.replace(step, problems=(holds.problem("was_refused"),))
    if base is None:
        return dataclasses.replace(step, records=(fresh,))
    if base.fingerprint == mark:
        return step
    rule, reason = _rule(base.record, fresh, target, survivor_of)
    if rule == "list":
        return dataclasses.replace(step, problems=(holds.problem("merge_to_tell"),))
    if rule == "cancel":
        gone = _cancel(base, known, target, reason, now, fresh.version)
        anew = compose.renumbered(fresh, known.following_number, target.name)
        return dataclasses.replace(step, records=(gone, dataclasses.replace(anew, reason=reason)))
    made = compose.as_replacement(fresh, base.record, reason, _receiver_ids(base))
    return dataclasses.replace(step, records=(made,))


def _rule(
    old: ExportRecord, fresh: ExportRecord, target: Target, survivor_of: Callable[[PatientId], PatientId]
) -> tuple[str, str]:
    rule = target.corrections
    before, now = old.patient, fresh.patient
    if before.identifiers and now.identifiers and before.main == now.main:
        return rule.changed, compose.difference(old, fresh)
    is_same_person = survivor_of(before.patient_id) == now.patient_id
    return (rule.merged, "merged") if is_same_person else (rule.refiled, "refiled")


def _cancel(
    base: Delivery, known: Standing, target: Target, reason: str, now: datetime, version: int
) -> ExportRecord:
    ids = _receiver_ids(base)
    return compose.cancellation(base.record, known.next_number, target.name, reason, ids, now, version)


def _receiver_ids(line: Delivery) -> tuple[str, ...]:
    return line.receipt.receiver_ids if line.receipt else ()


def _without_waiting(known: Standing, lines: Sequence[Delivery]) -> Standing:
    """As if what did not leave yet had never been asked for."""
    return standing([x for x in lines if x not in known.waiting]) if known.waiting else known


def _told(problems: tuple[Problem, ...], document: Document, base: Delivery | None) -> tuple[Problem, ...]:
    """With what it means that the receiver has it, wrong patient first."""
    if base is None or not _is_for_a_person(problems):
        return problems
    is_other = document.patient_id != base.record.patient.patient_id
    first = (holds.problem("other_patient_there"),) if is_other else ()
    return (*first, holds.problem("now_held"), *problems)


def _is_for_a_person(problems: Iterable[Problem]) -> bool:
    """Whether a document that stands at the receiver needs somebody to say what is to become of it."""
    return any(p.code not in ("on_its_way", "was_refused") for p in problems)
