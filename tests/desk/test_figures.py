"""Facts about the figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scanindex import desk, review
from scanindex.store.clock import SystemClock
from tests.desk.lab import ANN, BEN, PLAIN, SUE, Lab


def test_figures_are_of_what_stands(desk_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages an hour of the time somebody was there; what was undone does not count."""
    for no in range(3):
        desk_lab.one_page(PLAIN, f"f{no}")
    start = SystemClock().now()
    for no, minutes in enumerate((0, 2, 200)):
        monkeypatch.setattr(SystemClock, "now", lambda self, m=minutes: start + timedelta(minutes=m))
        desk_lab.accept(desk_lab.next(), PLAIN, seconds=60.0, keystrokes=no + 1)
    desk.undo(ANN, desk_lab.services)
    own = desk.own_figures(ANN, desk_lab.services)

    assert (own.items, own.pages, own.median_seconds, own.keystrokes_per_item) == (2, 2, 60.0, 1.5)
    assert own.active_hours == pytest.approx((60 + 120 + 60) / 3600)
    assert own.pages_per_hour == pytest.approx(2 / own.active_hours)
    assert desk.own_figures(BEN, desk_lab.services).items == 0


def test_later_corrections_are_counted(desk_lab: Lab) -> None:
    """Of the person who settled it, whoever corrected it."""
    desk_lab.one_page(PLAIN)
    done = desk_lab.accept(desk_lab.next(), PLAIN)
    desk_lab.work()
    (figures,) = desk.figures(SUE, desk_lab.services)
    assert (figures.actor, figures.corrected_later) == (ANN.actor, 0)

    review.reopen(done.item_id, done.version, "", "user:zoe", desk_lab.services)
    (figures,) = desk.figures(SUE, desk_lab.services)
    assert figures.corrected_later == 1
