"""Who gets what next: whole scans, most urgent and oldest first, one scan in one pair of hands.

Promises: two people never get the same scan at a time; a scan left alone goes back after
`review.claim_minutes`; what somebody may not see is neither handed out nor counted.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from scanindex.access_model import Access, Right
from scanindex.desk import hands, items, seeds
from scanindex.desk.hands import Held
from scanindex.desk.items import Item
from scanindex.desk.reasons import Why, why
from scanindex.desk.remembered import remembering
from scanindex.desk_model import Claim, ParkKind, Waiting
from scanindex.errors import NotFound
from scanindex.model import BatchId, Document, DocumentId, DocumentState, ScanId
from scanindex.ports import Unit
from scanindex.services import Services

_AGES_DAYS = (1, 7, 30)
_AT_ONCE, _SPARE = 100, 60
"""Scans looked at in one go, and how many items more than wanted: others may take some meanwhile."""
T = TypeVar("T")


class QueueState(enum.StrEnum):
    WAITING = "waiting"
    PARKED = "parked"
    QUESTIONS = "questions"
    """For a supervisor: asked, or settled differently by two people."""
    SECOND_KEY = "second_key"
    """Somebody else settled it; a second person is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What somebody wants to work on; None: anything."""

    state: QueueState = QueueState.WAITING
    source: str | None = None
    reason: Why | None = None
    batch_id: BatchId | None = None
    document_type: str | None = None
    """"" for those without a type."""
    min_age_days: float | None = None
    """Waiting at least so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Documents that wait, as far as this person may see and do them."""

    waiting: int
    parked: int
    questions: int
    second_key: int
    claimed_by_others: int
    """Of the waiting ones: in somebody else's hands now."""
    is_more_for_others: bool
    """Something waits that this person may not see; how much, and what, is not told."""
    by_source: tuple[tuple[str, int], ...]
    by_reason: tuple[tuple[Why, int], ...]
    by_age: tuple[tuple[str, int], ...]
    """Classes "today", "week", "month", "older"."""
    by_batch: tuple[tuple[BatchId, int], ...]
    by_type: tuple[tuple[str, int], ...]


@hands.watched
def counts(access: Access, services: Services) -> Counts:
    """Of test items only parked ones are in them, as they are in that list."""
    hands.need(access, Right.REVIEW)
    now = services.clock.now()
    mine: dict[QueueState, list[Waiting]] = {state: [] for state in QueueState}
    is_more = False
    with services.catalog.read() as unit:
        for w in unit.desk.waiting(now):
            if not _sees(access, w):
                is_more = is_more or _is_any_ones(w)
            elif _is_listed(access, w, unit):
                for state in _lists(w, access):
                    mine[state].append(w)
    waiting = mine[QueueState.WAITING]
    return Counts(
        waiting=len(waiting),
        parked=len(mine[QueueState.PARKED]),
        questions=len(mine[QueueState.QUESTIONS]),
        second_key=len(mine[QueueState.SECOND_KEY]),
        claimed_by_others=sum(w.claimed_by not in ("", access.actor) for w in waiting),
        is_more_for_others=is_more,
        by_source=_most(Counter(w.source for w in waiting)),
        by_reason=_most(Counter(why(w.rule) for w in waiting)),
        by_age=tuple((name, n) for name, n in _ages(waiting, now).items()),
        by_batch=_most(Counter(w.batch_id for w in waiting if w.batch_id)),
        by_type=_most(Counter(w.document_type or "" for w in waiting)),
    )


@hands.watched
def waiting(access: Access, filters: Filters, services: Services, limit: int = 200) -> tuple[Waiting, ...]:
    """What fits, in the order it is handed out, whoever holds it; claims nothing."""
    hands.need(access, Right.REVIEW)
    now = services.clock.now()
    with services.catalog.read() as unit:
        found = [
            w
            for w in unit.desk.waiting(now)
            if _fits(access, w, filters, now) and _is_listed(access, w, unit)
        ]
    return tuple(sorted(found, key=_order(found))[:limit])


@hands.watched
def next_item(
    access: Access,
    filters: Filters,
    services: Services,
    after: DocumentId | None = None,
    prefetch: int = 0,
    skipped: Collection[DocumentId] = (),
) -> tuple[Item, ...]:
    """The next item and `prefetch` more; () where nothing waits for this person.

    The scans of all of them are claimed; other scans this person held are let go. First what
    is left of the scan of `after` behind it, then other scans, what was skipped last (`skipped`:
    items that were passed over before).
    """
    hands.need(access, Right.REVIEW)
    wanted = 1 + max(0, prefetch)
    chosen = _claimed(access, filters, after, wanted, services, skipped)
    with services.catalog.read() as unit:
        held = [_held(access, w, unit) for w in chosen]
    looking = remembering(services)
    shown = [(one, items.view(access, one, looking)) for one in held if one]
    items.note(access, shown, services)
    return tuple(one for _, one in shown)


@hands.watched
def renew(access: Access, scan_id: ScanId, services: Services) -> Claim:
    """Keep a scan longer, or take it if it is free. Raises Claimed, NotFound."""
    hands.need(access, Right.REVIEW)
    with services.catalog.write() as unit:
        _scan_seen(access, scan_id, unit)
        hands.hold(access, scan_id, unit, services)
        found = unit.desk.holder(scan_id, services.clock.now())
    assert found is not None
    return found


@hands.watched
def release(access: Access, scan_id: ScanId, services: Services) -> None:
    """Give a scan back; harmless if it is not theirs."""
    hands.need(access, Right.REVIEW)
    with services.catalog.write() as unit:
        unit.desk.release(scan_id, access.actor)


def release_all(access: Access, services: Services) -> None:
    """Of a person who leaves."""
    with services.catalog.write() as unit:
        for claim in unit.desk.claims(services.clock.now()):
            if claim.actor == access.actor:
                unit.desk.release(claim.scan_id, access.actor)


@hands.watched
def claims(access: Access, services: Services) -> list[Claim]:
    """Their own; with SUPERVISE everybody's."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        found = unit.desk.claims(services.clock.now())
    return [c for c in found if c.actor == access.actor or access.may(Right.SUPERVISE)]


@hands.watched
def take_over(access: Access, scan_id: ScanId, services: Services) -> Claim:
    """A supervisor takes a scan out of somebody's hands; the trail says so. Raises NotFound."""
    hands.need(access, Right.SUPERVISE)
    now = services.clock.now()
    with services.catalog.write() as unit:
        _scan_seen(access, scan_id, unit)
        before = unit.desk.holder(scan_id, now)
        unit.desk.take(scan_id, access.actor, now, hands.until(services, now))
        found = unit.desk.holder(scan_id, now)
        unit.events.append(
            "claim_taken_over", access.actor, scan_id=scan_id, before=before.actor if before else ""
        )
    assert found is not None
    return found


# --- inside ------------------------------------------------------------------------------
def _claimed(
    access: Access,
    filters: Filters,
    after: DocumentId | None,
    wanted: int,
    services: Services,
    skipped: Collection[DocumentId] = (),
) -> list[Waiting]:
    """What is handed out. Ranked on a snapshot, so that only the claims themselves keep others waiting."""
    now = services.clock.now()
    with services.catalog.read() as unit:
        here = _place(after, unit)
        found = _fitting(access, filters, here, wanted + _SPARE, unit, now, skipped)
        ranked = _ranked(access, filters, after, here, unit, found)
    ranked.sort(key=lambda w: w.item_id in skipped)
    with services.catalog.write() as unit:
        chosen = _first_free(access, ranked, wanted, unit, services)
        taken = {w.scan_id for w in chosen}
        stays = here is not None and not _is_done(here.scan_id, unit, now)
        keep = taken | ({here.scan_id} if here is not None and stays else set())
        for claim in unit.desk.claims(now):
            if claim.actor == access.actor and claim.scan_id not in keep:
                unit.desk.release(claim.scan_id, access.actor)
        if chosen and filters.state is QueueState.WAITING:
            seeds.mix_in(access, chosen[-1], unit, services)
    return chosen


def _fitting(
    access: Access,
    filters: Filters,
    here: Document | None,
    enough: int,
    unit: Unit,
    now: datetime,
    skipped: Collection[DocumentId],
) -> list[Waiting]:
    """What fits: all of it, or of many the first `enough` that are free and were not passed over."""
    if filters.state is not QueueState.WAITING:
        return [w for w in unit.desk.waiting(now) if _fits(access, w, filters, now)]
    line = unit.desk.line(access.actor, now)
    if here is not None:
        line = list(dict.fromkeys((here.scan_id, *line)))
    found: list[Waiting] = []
    for start in range(0, len(line), _AT_ONCE):
        some = unit.desk.waiting(now, line[start : start + _AT_ONCE])
        found += [w for w in some if _fits(access, w, filters, now)]
        if sum(not w.is_test and w.item_id not in skipped for w in found) >= enough:
            break
    return found


def _ranked(
    access: Access,
    filters: Filters,
    after: DocumentId | None,
    here: Document | None,
    unit: Unit,
    found: list[Waiting],
) -> list[Waiting]:
    if filters.state is not QueueState.WAITING:
        found = [w for w in found if _is_listed(access, w, unit)]
    elif all(w.is_test for w in found):
        found = []  # a test among nothing else would stand out
    free = [w for w in found if w.claimed_by in ("", access.actor)]
    free = [w for w in free if not w.is_test or _held(access, w, unit)]
    order = _order(free)
    return sorted(free, key=lambda w: (*_turn(w, here, after, access), *order(w)))


def _first_free(
    access: Access, ranked: Sequence[Waiting], wanted: int, unit: Unit, services: Services
) -> list[Waiting]:
    """The first that still wait and whose scans nobody was quicker to take."""
    now = services.clock.now()
    got: dict[ScanId, bool] = {}
    chosen: list[Waiting] = []
    for w in ranked:
        if len(chosen) == wanted:
            break
        held = _held(access, w, unit)
        if held is None or held.document.state is not DocumentState.IN_REVIEW:
            continue
        if w.scan_id not in got:
            got[w.scan_id] = unit.desk.claim(w.scan_id, access.actor, now, hands.until(services, now))
        if got[w.scan_id]:
            chosen.append(w)
    return chosen


def _turn(w: Waiting, here: Document | None, after: DocumentId | None, access: Access) -> tuple[int, int]:
    """Rest of the scan in hand, other scans in hand, what nobody has, what was skipped."""
    if here is not None and w.scan_id == here.scan_id:
        is_ahead = w.item_id != after and w.first_page > min(here.pages, default=0)
        return (0, 0) if is_ahead else (3, 0 if w.item_id != after else 1)
    return (1, 0) if w.claimed_by == access.actor else (2, 0)


def _place(after: DocumentId | None, unit: Unit) -> Document | None:
    if after is None:
        return None
    document = unit.documents.get(after)
    if document is None and (seed := unit.desk.seed(after)):
        document = seed.document
    return document


def _is_done(scan_id: ScanId, unit: Unit, now: datetime) -> bool:
    return not any(w.park is None for w in unit.desk.waiting(now, [scan_id]))


def _held(access: Access, w: Waiting, unit: Unit) -> Held | None:
    try:
        return hands.seen_or_missing(access, w.item_id, unit)
    except NotFound:
        return None


def _order(found: Sequence[Waiting]) -> Callable[[Waiting], tuple[Any, ...]]:
    """Priority, then oldest scan; what is of one scan stays together, in the scan's order."""
    oldest: dict[ScanId, datetime] = {}
    for w in found:
        oldest[w.scan_id] = min(w.created_at, oldest.get(w.scan_id, w.created_at))
    return lambda w: (-w.priority, oldest[w.scan_id], w.scan_id, w.first_page, w.item_id)


def _fits(access: Access, w: Waiting, filters: Filters, now: datetime) -> bool:
    if filters.state not in _lists(w, access) or not _sees(access, w):
        return False
    if filters.source is not None and w.source != filters.source:
        return False
    if filters.reason is not None and why(w.rule) is not filters.reason:
        return False
    if filters.batch_id is not None and w.batch_id != filters.batch_id:
        return False
    if filters.document_type is not None and (w.document_type or "") != filters.document_type:
        return False
    age = timedelta(days=filters.min_age_days or 0)
    return filters.min_age_days is None or w.created_at <= now - age


_PARKED, _OPEN = (QueueState.PARKED,), (QueueState.WAITING,)
_KEYED, _ASKED = (QueueState.WAITING, QueueState.SECOND_KEY), (QueueState.QUESTIONS,)


def _lists(w: Waiting, access: Access) -> tuple[QueueState, ...]:
    """The lists it stands in for this person."""
    if w.park in (ParkKind.QUESTION, ParkKind.KEYS_DIFFER):
        return _ASKED if access.may(Right.SUPERVISE) else ()
    if w.park is ParkKind.PARKED:
        return _PARKED
    if not w.keyed_by:
        return _OPEN
    return () if w.keyed_by == access.actor else _KEYED


def _is_listed(access: Access, w: Waiting, unit: Unit) -> bool:
    """What is counted and listed. A test item is only where it was parked, like any other: who parked it
    looks for it there."""
    return not w.is_test or (w.park is ParkKind.PARKED and _held(access, w, unit) is not None)


def _is_any_ones(w: Waiting) -> bool:
    """Whether it is there for whoever may see it, put aside by nobody."""
    return not w.is_test and w.park in (None, ParkKind.ANSWERED)


def _sees(access: Access, w: Waiting) -> bool:
    """`Access.sees`, of what a queue knows of a document."""
    if w.patient_id is not None and w.patient_id in access.opened:
        return True
    if access.patient_ids is not None and w.patient_id not in access.patient_ids:
        return False
    return access.without_sensitivity.isdisjoint(w.sensitivity)


def _scan_seen(access: Access, scan_id: ScanId, unit: Unit) -> None:
    """Something of the scan waits, or is there, that they may see."""
    shown = any(access.sees(d) for d in unit.documents.all(scan_id=scan_id))
    if not shown:
        raise NotFound(f"no scan {scan_id[:12]}")


def _most(found: Counter[T]) -> tuple[tuple[T, int], ...]:
    return tuple(sorted(found.items(), key=lambda pair: (-pair[1], str(pair[0]))))


def _ages(found: Sequence[Waiting], now: datetime) -> dict[str, int]:
    names = ("today", "week", "month", "older")
    ages = dict.fromkeys(names, 0)
    for w in found:
        days = (now - w.created_at) / timedelta(days=1)
        ages[names[sum(days >= limit for limit in _AGES_DAYS)]] += 1
    return ages
