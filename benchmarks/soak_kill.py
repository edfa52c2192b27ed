"""Hundreds of kill -9 of the real service, and a flood; prints what became of every scan.

    python benchmarks/soak_kill.py [--kills 300] [--seed 1] [--flood 10000]

The service is the real one (threads, locks, catalog, archive, index, charts); only
reading is replaced by stub workers. Kills come in series of fifty on one
workspace, with scans arriving and people deciding in between; after each series
the service is started once more and everything is counted. The last line bounds
the loss per kill (rule of three, 95 %).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scanindex import app
from scanindex.store.event_log import EventLog
from tests.crash import stub
from tests.crash.killing import Killed, kill_repeatedly
from tests.crash.lab import Lab, complaints
from tests.crash.service_main import open_stubbed, quick_settings

SERIES = 50


def soak(lab: Lab, kills: int, seed: int) -> int:
    """Series of kills; returns the number of complaints."""
    total, wrong, blamed = Killed(), [], 0
    restarts: list[float] = []
    began = time.monotonic()
    for number in range(-(-kills // SERIES)):
        with lab.workspace({}) as home, lab.child() as child:
            count = min(SERIES, kills - number * SERIES)
            killed = kill_repeatedly(home, child, seed * 1_000 + number, count, scans=count)
            started = time.monotonic()
            child.ask("settle", home=str(home))
            restarts.append(time.monotonic() - started)
            blamed += child.ask("retry_blamed", home=str(home))["blamed"]
            seen = child.ask("settle", home=str(home))
            wrong += complaints(seen, killed.fed)
        total.fed += killed.fed
        total.cut_off += killed.cut_off
        total.decisions += killed.decisions
    print(f"kills               {total.cut_off} in {time.monotonic() - began:.0f} s, seed {seed}")
    print(f"scans, decisions    {len(total.fed)}, {total.decisions}")
    print(f"lost or doubled     {len(wrong)}")
    print(f"blamed by mistake   {blamed} (five deaths while being opened; `retry` brings them back)")
    print(f"restart to settled  {statistics.median(restarts):.2f} s median, {max(restarts):.2f} s worst")
    print(f"bound (95 %)        {3 / total.cut_off:.2%} per kill" if not wrong else "\n".join(wrong[:20]))
    return len(wrong)


def flood(lab: Lab, count: int) -> int:
    """`count` files at once through intake, each accounted for; returns the number missing."""
    with lab.workspace({}) as home:
        settings = quick_settings(home)
        for number in range(count):
            (home / "inbox" / f"IMG_{number:06d}.PNG").write_bytes(stub.png(f"page {number % (count - 50)}"))
        opened = open_stubbed(settings)
        try:
            with app.exclusive(settings):
                began = time.monotonic()
                taken = opened.intake.look().taken
                seconds = time.monotonic() - began
            with opened.catalog.read() as unit:
                scans, arrivals = len(unit.scans.all()), unit.arrivals.count()
                duplicates = unit.arrivals.count(duplicates_only=True)
        finally:
            opened.close()
        events = EventLog(settings.archive).last_seq()
        left = sum(1 for path in settings.inbox.iterdir() if path.suffix == ".PNG")
    print(f"flood               {taken} of {count} taken in {seconds:.1f} s ({count / seconds:.0f} files/s)")
    print(f"                    {scans} scans + {duplicates} duplicates, {events} events, {left} left")
    return count - arrivals + left + (count - scans - duplicates)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flood", type=int, default=10_000)
    chosen = parser.parse_args()
    lab = Lab(children=1)
    try:
        wrong = soak(lab, chosen.kills, chosen.seed)
        wrong += flood(lab, chosen.flood) if chosen.flood else 0
    finally:
        lab.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
