"""Facts about how `scanindex export` ends: exit codes, and Ctrl-C; against a receiver of HL7 messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import Result

from scanindex.delivery import queue, reconcile
from scanindex.errors import ExportStopped
from tests.ehr.peers.fault_receiver import Arrival, Fault, FaultReceiver

PROFILE = """
[target]
format = "mdm"
transport = "mllp"
recipient = "Springfield General"
[document]
undated = "send"
untyped = "send"
[hl7]
sending_facility = "CLINIC"
type_from = "loinc"
other_type = "OTH"
[mllp]
host = "127.0.0.1"
port = {port}
tls = false
[sending]
wait_seconds = 0.0
attempts = 1
"""
Run = Callable[..., Result]


_HEEDING_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from scanindex.cli import main; main()"
)
"""Tests may run in the background, where a program is started deaf to it."""


def towards(home: Path, receiver: FaultReceiver) -> None:
    (home / "targets" / "general.toml").write_text(PROFILE.format(port=receiver.port))


def test_what_was_refused_before_still_wants_a_person(home: Path, tmp_path: Path, run: Run) -> None:
    """The call that was told so, and each one after it, whatever way it is made; until it is settled."""
    with FaultReceiver(tmp_path / "far", script=[Fault.NONE, Fault.AR, Fault.NONE]) as receiver:
        towards(home, receiver)
        assert "1 refused" in run("general", code=1).stdout
        for again in (("general",), ("general", "--send-only"), ("general", "--queue-only")):
            assert "1 refused: `scanindex export list general" in run(*again, code=1).stdout
        assert json.loads(run("general", "--json", code=1).stdout)["refused"] == 1

        listing = tmp_path / "listing.csv"
        listing.write_text(listed(home, run))
        assert "1 refused" in run("reconcile", "general", "--listing", str(listing), code=1).stdout

        run("retry", "general")
        assert "1 delivered" in run("general").stdout


def listed(home: Path, run: Run) -> str:
    """A receiver's own list of what it took."""
    lines = json.loads(run("list", "general", "--state", "delivered", "--json").stdout)
    return "external_id\n" + "".join(f"{line['external_id']}\n" for line in lines)


def test_a_receiver_in_the_way_is_another_ending(home: Path, tmp_path: Path, run: Run) -> None:
    with FaultReceiver(tmp_path / "far", script=[Fault.AR, Fault.CLOSES, Fault.CLOSES]) as receiver:
        towards(home, receiver)
        assert isinstance(run("general", code=1).exception, ExportStopped)


def test_ctrl_c_says_what_was_delivered_and_keeps_it(home: Path, tmp_path: Path, run: Run) -> None:
    """While the second message waits for its answer."""
    processes: list[subprocess.Popen[str]] = []

    def script(number: int, arrival: Arrival) -> Fault:
        if len(processes) == 1 and number == 1:
            os.kill(processes.pop().pid, signal.SIGINT)
            return Fault.DEAF
        return Fault.NONE

    with FaultReceiver(tmp_path / "far", script=script) as receiver:
        towards(home, receiver)
        command = [sys.executable, "-c", _HEEDING_CTRL_C, "--home", str(home), "export", "general"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        out, said = process.communicate(timeout=60)

        assert (process.returncode, "1 delivered" in out) == (130, True), said
        assert "interrupted: 1 delivered and kept, 2 left; the same command goes on" in said
        states = sorted(x["state"] for x in lines(run, "delivered", "sending", "pending"))
        assert states == ["delivered", "pending", "sending"]
        assert "2 delivered" in run("general").stdout


@pytest.mark.parametrize(
    ("words", "place", "name", "said"),
    [
        (("general",), queue, "queue", "nothing was sent; what was queued stays so"),
        (("reconcile", "general", "--listing"), reconcile, "reconcile", "what was found to fit is verified"),
    ],
)
def test_ctrl_c_elsewhere_says_what_stands(
    home: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    place: ModuleType,
    name: str,
    said: str,
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, name, interrupted)
    listing = tmp_path / "listing.csv"
    listing.write_text("external_id\n")
    with FaultReceiver(tmp_path / "far") as receiver:
        towards(home, receiver)
        done = run(*words, *([str(listing)] if "--listing" in words else []), code=130)

    assert said in done.stderr and receiver.arrived == []


def lines(run: Run, *states: str) -> list[dict[str, str]]:
    asked = [word for state in states for word in ("--state", state)]
    found: list[dict[str, str]] = json.loads(run("list", "general", *asked, "--json").stdout)
    return found
