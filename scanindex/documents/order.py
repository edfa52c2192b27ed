"""In which order the sides of a scan lie on paper, where the folder says it was not scanned so.

A scanner that reads one side at a time takes all fronts first; then the pile is turned over
and all backs come, those of the last sheet first. Positions are worked out from the number of
sides alone, so an odd number (a side was left out or pulled twice) has no order to be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

FRONTS_THEN_BACKS = "fronts_then_backs"
UNPAIRED = "fronts and backs do not pair: the number of sides is odd, so one is missing or was scanned twice"
T = TypeVar("T")


def is_unpaired(page_order: str, count: int) -> bool:
    return page_order == FRONTS_THEN_BACKS and count % 2 == 1


def place_of(page_order: str, count: int) -> Callable[[int], int]:
    """From the number of a side in the scan to its place on paper, both from 1."""
    if page_order != FRONTS_THEN_BACKS or count % 2:
        return lambda number: number
    return lambda number: 2 * number - 1 if number <= count // 2 else 2 * (count - number + 1)


def on_paper(items: Sequence[T], page_order: str) -> list[T]:
    """`items`, one per side in scan order, as the sides lie on paper."""
    place = place_of(page_order, len(items))
    return [item for _, item in sorted(enumerate(items, 1), key=lambda pair: place(pair[0]))]
