"""kill -9 of the real, threaded service at random moments, reviews in between."""

from __future__ import annotations

import random
from pathlib import Path

from tests.crash import stub
from tests.crash.lab import Child, Lab, complaints

KILLS = 30
SCANS = 8


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


def kill_repeatedly(home: Path, child: Child, seed: int, kills: int, scans: int) -> tuple[list[bytes], int]:
    """Scans dropped and the number of runs that were really cut off."""
    chance = random.Random(seed)
    fed: list[bytes] = []
    cut_off = 0
    for number in range(kills):
        if len(fed) < scans:
            fed.append(drop(home, number, chance))
        ended = child.order("serve", home=str(home), page_seconds=0.02, kill_after=chance.uniform(0.02, 0.6))[
            "status"
        ]
        assert ended in (0, -9), f"kill {number}: the service ended with {ended}"
        cut_off += ended == -9
        if chance.random() < 0.4:
            child.ask("decide", home=str(home), seed=chance.randrange(1 << 30))
    return fed, cut_off


def test_killed_again_and_again_while_people_decide(lab: Lab) -> None:
    """Thirty kills of the process group; every scan and every page ends in one place."""
    with lab.workspace({}) as home, lab.child() as child:
        fed, cut_off = kill_repeatedly(home, child, seed=20260307, kills=KILLS, scans=SCANS)
        child.ask("retry_blamed", home=str(home))
        seen = child.ask("settle", home=str(home))
    assert complaints(seen, fed) == []
    assert cut_off >= 5


def test_decisions_of_people_outlive_kills(lab: Lab) -> None:
    """What a person accepted is filed under that patient by the person's word, never decided again."""
    scan = stub.png(stub.page_text(stub.STRANGER, "person"))
    with lab.workspace({"A.PNG": scan}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        child.ask("decide", home=str(home), seed=5, count=1, steps=["accept"])
        for pause in (0.02, 0.05, 0.1, 0.2, 0.3):
            child.order("serve", home=str(home), kill_after=pause)
        seen = child.ask("settle", home=str(home))
    assert complaints(seen, [scan]) == []
    (document,) = seen["documents"].values()
    assert (document["state"], document["by"]) == ("filed", "user:test")
