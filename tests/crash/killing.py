"""Random kills of the real service, with new scans and people's decisions in between."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash import stub
from tests.crash.lab import Child


@dataclass(slots=True)
class Killed:
    """What a series of kills amounted to."""

    fed: list[bytes] = field(default_factory=list)
    cut_off: int = 0
    decisions: int = 0


def drop(home: Path, number: int, chance: random.Random) -> bytes:
    """A new scan in the inbox, sometimes under a name that was used before."""
    kind = chance.randrange(4)
    serial = f"k{number}"
    if kind == 0:
        data = stub.png(stub.page_text(stub.STRANGER, serial))
    elif kind == 1:
        data = stub.pdf([stub.page_text(stub.STRANGER, f"{serial}p{i}") for i in range(3)])
    else:
        data = stub.two_documents(serial)
    name = chance.choice(("SCAN0001.PDF", f"SCAN{number:04d}.PDF"))
    target = home / "inbox" / name
    while target.exists():
        target = target.with_name(f"x{target.name}")
    partial = target.with_name(f"{target.name}.part")
    partial.write_bytes(data)
    partial.rename(target)
    return data


def kill_repeatedly(home: Path, child: Child, seed: int, kills: int, scans: int) -> Killed:
    """Start the service `kills` times and kill its process group after a random while."""
    chance = random.Random(seed)
    killed = Killed()
    for number in range(kills):
        if len(killed.fed) < scans:
            killed.fed.append(drop(home, number, chance))
        pause = chance.uniform(0.0, 0.35)
        ended = child.order("serve", home=str(home), page_seconds=0.02, until_idle=False, kill_after=pause)
        assert ended["status"] == -9, f"kill {number}: the service ended with {ended}"
        killed.cut_off += 1
        if chance.random() < 0.4:
            done = child.ask("decide", home=str(home), seed=chance.randrange(1 << 30))["done"]
            killed.decisions += len(done)
    return killed
