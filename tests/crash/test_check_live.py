"""`check` beside the working service: what is under way is moving, never wrong."""

from __future__ import annotations

import threading
from typing import Any

from tests.crash import stub
from tests.crash.lab import Lab, all_filed, complaints

SCANS = [stub.two_documents(f"live{n}") for n in range(12)]


def test_check_raises_no_false_alarm_while_scans_are_taken_and_filed(lab: Lab) -> None:
    """Checked over and over from the first look to the last filing: no problem is ever named."""
    ended: list[dict[str, Any]] = []
    named: list[str] = []
    files = {f"L{n}.PDF": data for n, data in enumerate(SCANS)}
    with lab.workspace(files) as home, lab.child() as worker, lab.child() as checker:
        work = threading.Thread(
            target=lambda: ended.append(worker.order("serve", home=str(home), page_seconds=0.05))
        )
        work.start()
        checks = 0
        while work.is_alive():
            named += checker.ask("check_only", home=str(home))["problems"]
            checks += 1
        work.join()
        seen = checker.ask("settle", home=str(home))
    assert named == []
    assert checks > 2
    assert ended[0]["status"] == 0
    assert complaints(seen, SCANS) + all_filed(seen, documents=24) == []
