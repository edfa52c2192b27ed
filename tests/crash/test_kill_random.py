"""kill -9 of the real, threaded service at random moments, reviews in between."""

from __future__ import annotations

from tests.crash import stub
from tests.crash.killing import kill_repeatedly
from tests.crash.lab import Lab, complaints, sha256

KILLS = 40
SCANS = 40


def test_killed_again_and_again_while_people_decide(lab: Lab) -> None:
    """Dozens of kills of the process group; every scan and every page ends in one place."""
    with lab.workspace({}) as home, lab.child() as child:
        killed = kill_repeatedly(home, child, seed=20260307, kills=KILLS, scans=SCANS)
        child.ask("settle", home=str(home))
        child.ask("retry_blamed", home=str(home))  # the kills were not the scans' fault
        seen = child.ask("settle", home=str(home))
    assert complaints(seen, killed.fed) == []
    assert killed.cut_off >= 25


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


def test_a_scan_that_takes_the_service_down_is_found_and_its_neighbours_are_not_blamed(lab: Lab) -> None:
    """After five deaths it is quarantined; everything that was open beside it is filed."""
    good = [stub.two_documents(f"good{n}") for n in range(6)]
    poison = stub.pdf([stub.page_text(stub.PEOPLE[0], "poison")])
    files = {f"G{n}.PDF": data for n, data in enumerate(good)} | {"P.PDF": poison}
    with lab.workspace(files) as home, lab.child() as child:
        deaths = 0
        while child.order("serve_poisoned", home=str(home), poison=sha256(poison))["status"] == -9:
            deaths += 1
            assert deaths < 20
        seen = child.ask("settle", home=str(home))
    assert deaths == 5
    assert {scan: seen["reasons"][scan] for scan in seen["reasons"]} == {sha256(poison): "crashes_reader"}
    assert seen["scans"] == {sha256(data): "decided" for data in good} | {sha256(poison): "quarantined"}
