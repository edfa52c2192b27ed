"""A receiver that loses, doubles, alters, misfiles, delays and refuses at random: comparing finds every case.

The whole way: real documents, HL7 messages over a line, and the receiver's own list fed in as CSV.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from benchmarks.exporting.archive import build
from scanindex import app
from scanindex.access_model import unlimited
from scanindex.delivery import choose, queue, reconcile, sending
from scanindex.delivery_model import DeliveryState
from scanindex.ehr.listing import read_listing
from scanindex.ehr.mllp_sink import MllpSink
from scanindex.settings import load
from scanindex.target_file import parse_target
from scanindex.target_profile import Target
from tests.ehr.peers.fault_receiver import Fault, FaultReceiver

SUE = unlimited("user:sue")
LIES = {
    Fault.LOSES: "missing",
    Fault.DOUBLES: "doubled",
    Fault.ALTERS: "different_content",
    Fault.WRONG_PATIENT: "different_patient",
}
"""Answered AA all the same: nothing but a comparison can find them."""
TROUBLES = (Fault.CLOSES, Fault.RESETS, Fault.WRONG_ID, Fault.CLOSES_MID_ANSWER)
"""Filed, and the answer is lost: sent again under the same id, filed once."""


def profile(port: int) -> Target:
    return parse_target(
        "springfield",
        f"""
[target]
recipient = "Springfield General"
format = "mdm"
transport = "mllp"
[patient]
oid = "2.16.840.1.113883.3.999.1"
[document]
restricted_labels = []
[sending]
wait_seconds = 0.0
timeout_seconds = 2.0
[hl7]
other_type = "PR"
[mllp]
host = "127.0.0.1"
port = {port}
tls = false
""",
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("random") / "home"
    build(home, 40, patients=9, least_bytes=100, most_bytes=4_000, seed=3)
    return home


@pytest.mark.parametrize("seed", range(3))
def test_every_case_is_found(archive: Path, tmp_path: Path, seed: int) -> None:
    import shutil

    home = tmp_path / "home"
    shutil.copytree(archive, home)
    chance = random.Random(seed)
    fate: dict[str, Fault] = {}
    troubled: set[str] = set()

    def script(number: int, arrival: object) -> Fault:
        """One fate per message id; trouble only the first time that it comes."""
        control_id: str = arrival.control_id  # type: ignore[attr-defined]
        if not control_id:
            return Fault.NONE  # it is still being read
        if control_id not in fate:
            fate[control_id] = chance.choice([Fault.NONE] * 4 + [*LIES, Fault.AR, *TROUBLES])
        if fate[control_id] in TROUBLES:
            if control_id in troubled:
                return Fault.NONE
            troubled.add(control_id)
        return fate[control_id]

    opened = app.open_workspace(load(home, {}))
    with FaultReceiver(tmp_path / "far", script=script, remembers=True) as far:
        target = profile(far.port)
        sink = MllpSink(target, {})
        queue.queue(SUE, choose.Selection(), target, sink, opened.services)
        sent = sending.send(SUE.actor, target, sink, opened.services, sleep=lambda seconds: None)
        sink.close()
        listing = tmp_path / "listing.csv"
        with listing.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("Document ID", "MRN", "Hash", "Bytes"))
            writer.writerows((f.document, f.patient, f.sha256, f.bytes) for f in far.inventory())
    found = reconcile.reconcile(SUE, target.name, read_listing(listing, target), opened.services)
    with opened.catalog.read() as unit:
        lines = unit.deliveries.select(target.name)
    opened.close()

    by_control = {line.record.control_id: line for line in lines}
    wanted = sorted((LIES[f], by_control[c].record.external_id) for c, f in fate.items() if f in LIES)
    assert len(fate) == 40 and (sent.left, sent.stopped_by) == (0, "")
    assert sorted((f.code, f.external_id) for f in found.faults) == wanted
    refused = [c for c, f in fate.items() if f is Fault.AR]
    assert {by_control[c].state for c in refused} <= {DeliveryState.REFUSED}
    assert found.verified == 40 - len(wanted) - len(refused)
