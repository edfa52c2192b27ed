"""How a page writes its dates: day or month first, and the day after which none can lie.

A page with one date that only one order allows ("25/04/1998") tells the order of the
others; without one the site's setting does, or nobody (`DayOrder.ASK`): then both
readings stay. Weak or contradicting evidence against the site's habit leaves it open.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass


class DayOrder(enum.StrEnum):
    """Values of the setting `site.date_order`."""

    MONTH_FIRST = "month_first"
    DAY_FIRST = "day_first"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateHabits:
    order: DayOrder
    received: dt.date
    """When the scan arrived: nothing on it happened later."""
    named_days: frozenset[str] = frozenset()
    """ISO days that the page prints in a form of one reading (named month, ISO, day over 12)."""


USUAL_HABITS = DateHabits(order=DayOrder.MONTH_FIRST, received=dt.date(2029, 12, 31))
"""For text without a known origin. The year is an upper bound of "now", not a window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvidence:
    """A numeric date that only one order allows."""

    day: str
    is_day_first: bool
    is_clear: bool
    """Read surely: one misread digit makes an order."""


def order_of(evidence: Iterable[OrderEvidence], site: DayOrder) -> DayOrder:
    """The order in force beside these dates."""
    seen = tuple(evidence)
    day_first = {e.day for e in seen if e.is_day_first}
    month_first = {e.day for e in seen if not e.is_day_first}
    if not day_first and not month_first:
        return site
    if day_first and month_first:
        usual = {DayOrder.MONTH_FIRST: (month_first, day_first), DayOrder.DAY_FIRST: (day_first, month_first)}
        mine, theirs = usual.get(site, ((), ()))
        return site if len(mine) > len(theirs) else DayOrder.ASK
    order = DayOrder.DAY_FIRST if day_first else DayOrder.MONTH_FIRST
    is_enough = order is site or len(day_first | month_first) > 1 or any(e.is_clear for e in seen)
    return order if is_enough else DayOrder.ASK
