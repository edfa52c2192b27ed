"""kill -9 at the N-th system call of each kind, for every N, over one two-document scan.

strace kills on entry, so "before call N+1" is also "after call N". The child runs
single-threaded because strace counts calls per thread. After each kill the
service starts again, works until idle, and everything must be there once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import stub
from tests.crash.lab import Lab, all_filed, complaints

pytestmark = pytest.mark.usefixtures("strace")

CHANGING = (
    "fsync",
    "fdatasync",
    "rename",
    "link",
    "unlink",
    "rmdir",
    "mkdir",
    "ftruncate",
    "write",
    "pwrite64",
)
"""Calls that change a disk or promise that it has changed."""
SAMPLED = {"mkdir": 3, "write": 3, "pwrite64": 12}
"""Every how many-th call of the many is enough for a quick run; `-m slow` takes all."""


def _counts(lab: Lab, folder: Path) -> dict[str, int]:
    """How often an undisturbed run calls each."""
    trace = folder / "calls.txt"
    with lab.workspace({"SCAN0001.PDF": stub.two_documents("count")}) as home, lab.child() as child:
        child_answer = child.order(
            "drive", home=str(home), strace=["-o", str(trace), "-e", f"trace={','.join(CHANGING)}"]
        )
        assert child_answer["status"] == 0
    names = [
        line.split(maxsplit=1)[1].split("(")[0] for line in trace.read_text().splitlines() if "(" in line
    ]
    return {name: names.count(name) for name in CHANGING}


@pytest.fixture(scope="module")
def counts(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return _counts(lab, tmp_path_factory.mktemp("counts"))


def _killed_at(lab: Lab, call: str, number: int) -> list[str]:
    scan = stub.two_documents(f"{call}{number}")
    with lab.workspace({"SCAN0001.PDF": scan}) as home, lab.child() as child:
        inject = [
            "-o",
            "/dev/null",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:signal=SIGKILL:when={number}",
        ]
        ended = child.order("drive", home=str(home), strace=inject)["status"]
        seen = child.ask("settle", home=str(home))
    wrong = [] if ended in (0, -9) else [f"the service ended with {ended}"]
    wrong += complaints(seen, [scan]) + all_filed(seen, documents=2)
    return [f"killed at {call} {number}: {what}" for what in wrong]


def _kill_at_all(lab: Lab, call: str, counts: dict[str, int], step: int) -> None:
    numbers = range(1, counts[call] + 1, step)
    assert lab.each(lambda number: _killed_at(lab, call, number), numbers) == []


@pytest.mark.parametrize("call", CHANGING)
def test_killed_at_any_call_the_next_start_ends_the_work(lab: Lab, counts: dict[str, int], call: str) -> None:
    """Whatever was half done: nothing lost, doubled or half filed, and `check` is clean."""
    _kill_at_all(lab, call, counts, SAMPLED.get(call, 1))


@pytest.mark.slow
@pytest.mark.parametrize("call", sorted(SAMPLED))
def test_killed_at_every_single_call(lab: Lab, counts: dict[str, int], call: str) -> None:
    """The same without leaving calls out (some minutes)."""
    _kill_at_all(lab, call, counts, 1)


def test_the_path_is_full_of_calls_to_be_killed_at(counts: dict[str, int]) -> None:
    """Guards the tests above: a trace that saw nothing would prove nothing."""
    assert counts["fsync"] > 30
    assert counts["rename"] > 15
    assert counts["pwrite64"] > 50
    assert counts["unlink"] > 5
