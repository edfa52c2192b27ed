"""kill -9 at every change of the disk while filed documents are read again.

After each kill the service starts, works until idle, and nothing may be lost, moved
or half filed; then reading again is asked for once more, and everything carries the
new text exactly once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import stub, tasks
from tests.crash.lab import Lab, all_filed, complaints

pytestmark = pytest.mark.usefixtures("strace")

CHANGING = ("fsync", "rename", "mkdir", "link", "unlink", "pwrite64")
STEPS = {"fsync": 3, "mkdir": 4, "pwrite64": 12}
"""Every how many-th call of the many is enough for a quick run; `-m slow` takes all."""


@pytest.fixture(scope="module")
def counts(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How often an undisturbed run calls each."""
    trace = tmp_path_factory.mktemp("counts") / "calls.txt"
    with lab.workspace({"SCAN0001.PDF": stub.two_documents("count")}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        options = ["-o", str(trace), "-e", f"trace={','.join(CHANGING)}"]
        assert child.order("reread", home=str(home), strace=options)["status"] == 0
    lines = trace.read_text().splitlines()
    names = [line.split(maxsplit=1)[1].split("(")[0] for line in lines if "(" in line]
    return {name: names.count(name) for name in CHANGING}


def _killed_at(lab: Lab, call: str, number: int) -> list[str]:
    scan = stub.two_documents(f"reread{call}{number}")
    with lab.workspace({"SCAN0001.PDF": scan}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        before = child.ask("inspect_patients", home=str(home))
        inject = [
            "-o",
            "/dev/null",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:signal=SIGKILL:when={number}",
        ]
        ended = child.order("reread", home=str(home), strace=inject)["status"]
        seen = child.ask("settle", home=str(home))
        wrong = [] if ended in (0, -9) else [f"reading again ended with {ended}"]
        wrong += complaints(seen, [scan]) + all_filed(seen, documents=2)
        again = child.ask("reread", home=str(home))
        seen = child.ask("settle", home=str(home))
        wrong += complaints(seen, [scan]) + all_filed(seen, documents=2)
        wrong += _about_text(home, child.ask("inspect_texts", home=str(home)))
        if again["recheck"] or child.ask("inspect_patients", home=str(home)) != before:
            wrong.append("the filing moved")
    return [f"killed at {call} {number}: {what}" for what in wrong]


def _about_text(home: Path, seen: dict[str, object]) -> list[str]:
    texts = [text for pages in dict(seen["texts"]).values() for text in pages]  # type: ignore[call-overload]
    wrong = [f"{text.count(tasks.MORE)} times" for text in texts if text.count(tasks.MORE) != 1]
    return wrong if seen["found"] == len(texts) == 2 else [*wrong, f"search finds {seen['found']} pages"]


@pytest.mark.parametrize("call", CHANGING)
def test_killed_at_any_call_the_next_run_ends_the_work(lab: Lab, counts: dict[str, int], call: str) -> None:
    """Every document filed where it was, with the new text, found once."""
    numbers = range(1, counts[call] + 1, STEPS.get(call, 1))
    assert lab.each(lambda number: _killed_at(lab, call, number), numbers) == []


@pytest.mark.slow
@pytest.mark.parametrize("call", sorted(STEPS))
def test_killed_at_every_single_call(lab: Lab, counts: dict[str, int], call: str) -> None:
    """The same without leaving calls out."""
    assert lab.each(lambda number: _killed_at(lab, call, number), range(1, counts[call] + 1)) == []


def test_there_are_calls_to_be_killed_at(counts: dict[str, int]) -> None:
    """Guards the tests above: a trace that saw nothing would prove nothing."""
    assert counts["fsync"] > 10
    assert counts["rename"] >= 4
