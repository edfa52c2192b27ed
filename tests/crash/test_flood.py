"""Thousands of tiny files at once, without any watcher event: all are accounted for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scanindex import app
from tests.crash import stub
from tests.crash.lab import Lab, sha256
from tests.crash.service_main import open_stubbed, quick_settings


def flood(home: Path, count: int) -> list[bytes]:
    """`count` files, every twentieth a copy of an earlier one."""
    chance = random.Random(7)
    dropped: list[bytes] = []
    for number in range(count):
        again = dropped and chance.random() < 0.05
        data = chance.choice(dropped) if again else stub.png(f"page {number}")
        (home / "inbox" / f"IMG_{number:05d}.PNG").write_bytes(data)
        dropped.append(data)
    return dropped


def take_all(home: Path, count: int) -> None:
    """Looks of intake alone, until a listing is empty; then the books must balance."""
    settings = quick_settings(home)
    opened = open_stubbed(settings)
    try:
        with app.exclusive(settings):
            dropped = flood(home, count)
            taken = [opened.intake.look().taken for _ in range(3)]
        with opened.catalog.read() as unit:
            scans = unit.scans.all()
            arrivals, duplicates = unit.arrivals.count(), unit.arrivals.count(duplicates_only=True)
    finally:
        opened.close()
    assert taken == [count, 0, 0]
    assert arrivals == count
    assert {scan.scan_id for scan in scans} == {sha256(data) for data in dropped}
    assert duplicates == count - len(scans)
    assert [p for p in settings.inbox.iterdir() if p.name != ".gitignore"] == []
    assert sum(1 for _ in settings.processed.rglob("*.PNG")) == count


def test_two_thousand_files_at_once(lab: Lab) -> None:
    """Arrivals are as many as files, scans as many as different bytes, and the inbox is empty."""
    with lab.workspace({}) as home:
        take_all(home, 2_000)


@pytest.mark.slow
def test_ten_thousand_files_at_once(lab: Lab) -> None:
    """The same with as many as overflow the kernel's event queue."""
    with lab.workspace({}) as home:
        take_all(home, 10_000)
