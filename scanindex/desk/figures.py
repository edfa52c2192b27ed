"""How the work goes: per person, how much, how fast, how much of it was corrected later.

Figures are of acts that were not undone. Everybody sees their own; who supervises sees all,
and with them how many of the test items were noticed.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scanindex.access_model import Access, Right
from scanindex.desk import hands
from scanindex.desk_model import Action, Seed, SeedOutcome
from scanindex.services import Services

_SETTLING = ("accepted", "first_key", "keys_differ", "rescan_wanted", "entered_in_error", "paper_kept")
_CORRECTING = ("refiled", "reopened", "rejected", "retyped", "redated", "split", "joined", "accepted")
_PAUSE_SECONDS = 300.0
"""A longer gap between two acts was not work at the desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    actor: str
    items: int
    pages: int
    active_hours: float
    pages_per_hour: float | None
    median_seconds: float | None
    """From showing an item to settling it, as the screen measured it."""
    keystrokes_per_item: float | None
    datum_differed: int
    """Times the confirming datum did not fit."""
    corrected_later: int
    """Of the items: changed by somebody afterwards."""
    tests_caught: int | None
    """None in one's own figures: nobody is told which item was a test."""
    tests_met: int | None

    @property
    def catch_rate(self) -> float | None:
        return (
            self.tests_caught / self.tests_met if self.tests_met and self.tests_caught is not None else None
        )


@hands.watched
def figures(
    access: Access, services: Services, since: datetime | None = None, until: datetime | None = None
) -> tuple[Figures, ...]:
    """Of everybody who did something then, by login. Needs SUPERVISE."""
    hands.need(access, Right.SUPERVISE)
    with services.catalog.read() as unit:
        done = unit.desk.done(since, until)
        tests = [seed for seed in unit.desk.seeds() if _met(seed, since, until)]
        corrected = _corrected(done, unit.desk.changed_after({a.item_id for a in done}, _CORRECTING))
    actors = sorted({a.actor for a in done} | {seed.actor for seed in tests})
    return tuple(
        _of(actor, done, corrected, [seed for seed in tests if seed.actor == actor]) for actor in actors
    )


@hands.watched
def own_figures(
    access: Access, services: Services, since: datetime | None = None, until: datetime | None = None
) -> Figures:
    """The caller's. Test items count as items in them: else their number would tell."""
    hands.need(access, Right.REVIEW)
    with services.catalog.read() as unit:
        done = unit.desk.done(since, until, access.actor)
        corrected = _corrected(done, unit.desk.changed_after({a.item_id for a in done}, _CORRECTING))
    return _of(access.actor, done, corrected, None)


def _met(seed: Seed, since: datetime | None, until: datetime | None) -> bool:
    if seed.outcome not in (SeedOutcome.CAUGHT, SeedOutcome.MISSED) or seed.settled_at is None:
        return False
    return (since is None or seed.settled_at >= since) and (until is None or seed.settled_at < until)


def _corrected(done: Sequence[Action], events: Sequence[tuple[str, int, str]]) -> set[int]:
    """Numbers of acts whose document somebody changed after them."""
    last: dict[str, int] = {}
    for document_id, seq, _ in events:
        last[document_id] = max(seq, last.get(document_id, 0))
    return {
        act.action_no
        for act in done
        if act.kind in ("accepted", *_SETTLING[3:])
        and not act.is_undone
        and last.get(act.item_id, 0) > act.event_seq
    }


def _of(actor: str, done: Sequence[Action], corrected: set[int], tests: Sequence[Seed] | None) -> Figures:
    mine = [act for act in done if act.actor == actor]
    settled = [act for act in mine if act.kind in _SETTLING and not act.is_undone]
    seconds = [act.seconds for act in settled if act.seconds is not None]
    strokes = [act.keystrokes for act in settled if act.keystrokes is not None]
    hours, pages = _active_hours(mine), sum(act.pages for act in settled)
    return Figures(
        actor=actor,
        items=len(settled),
        pages=pages,
        active_hours=hours,
        pages_per_hour=pages / hours if hours else None,
        median_seconds=statistics.median(seconds) if seconds else None,
        keystrokes_per_item=statistics.fmean(strokes) if strokes else None,
        datum_differed=sum(act.kind == "datum_differs" for act in mine),
        corrected_later=sum(act.action_no in corrected for act in settled),
        tests_caught=None if tests is None else sum(s.outcome is SeedOutcome.CAUGHT for s in tests),
        tests_met=None if tests is None else len(tests),
    )


def _active_hours(acts: Sequence[Action]) -> float:
    """Gaps between acts, as far as somebody was there; what the screen measured before the first."""
    total = 0.0
    before: datetime | None = None
    for act in acts:
        gap = (act.at - before).total_seconds() if before else None
        if gap is not None and 0 <= gap <= _PAUSE_SECONDS:
            total += gap
        else:
            total += min(act.seconds or 0.0, _PAUSE_SECONDS)
        before = act.at
    return total / 3600
