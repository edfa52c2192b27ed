"""Two services at one workspace or one inbox: the second refuses, nothing is doubled."""

from __future__ import annotations

import dataclasses
import fcntl
import os
from pathlib import Path

import pytest

from scanindex import app
from scanindex.errors import AlreadyRunning
from tests.crash import stub
from tests.crash.lab import Lab, all_filed, complaints
from tests.crash.service_main import quick_settings


def test_a_second_service_on_the_workspace_is_refused(lab: Lab) -> None:
    """`already_running`, and the first one's work is not disturbed."""
    scan = stub.two_documents("both")
    with lab.workspace({"A.PDF": scan}) as home, lab.child() as child:
        with app.exclusive(quick_settings(home)):
            refused = child.order("serve", home=str(home))
        seen = child.ask("settle", home=str(home))
    assert refused["answer"]["error"] == "AlreadyRunning"
    assert complaints(seen, [scan]) + all_filed(seen, documents=2) == []


def test_two_workspaces_cannot_share_an_inbox(lab: Lab) -> None:
    """The lock lies on the inbox folder itself, so another workspace meets it too."""
    with lab.workspace({}) as home, lab.workspace({}) as other:
        mine = quick_settings(home)
        theirs = quick_settings(other)
        shared = dataclasses.replace(theirs, intake=dataclasses.replace(theirs.intake, inbox=str(mine.inbox)))
        with app.exclusive(mine), pytest.raises(AlreadyRunning), app.exclusive(shared):
            pass
        with app.exclusive(shared):
            assert not app.is_running(quick_settings(lab.folder / "template"))


def test_the_lock_dies_with_its_process(lab: Lab) -> None:
    """After kill -9 nobody has to remove a lock file."""
    with lab.workspace({}) as home, lab.child() as child:
        ended = child.order("hold", home=str(home), seconds=30, kill_after=0.4)["status"]
        assert ended == -9
        assert not app.is_running(quick_settings(home))


def test_two_services_without_locks_still_lose_nothing(lab: Lab, tmp_path: Path) -> None:
    """Where a share ignores locks: claiming by rename and content addresses protect the bytes."""
    scans = [stub.two_documents(f"share{n}") for n in range(5)]
    files = {f"S{n}.PDF": data for n, data in enumerate(scans)}
    with lab.workspace(files) as home, lab.workspace({}) as other:
        (other / "inbox").rmdir()
        (other / "inbox").symlink_to(home / "inbox")
        (other / "processed").symlink_to(home / "processed")
        (home / "processed").mkdir()
        with lab.child() as one, lab.child() as two:
            # The kernel gives the lock to one; the other is what a lock-less share would let in.
            first = one.ask("settle", home=str(home))
            second = two.ask("settle", home=str(other))
    taken = set(first["scans"]) | set(second["scans"])
    assert len(taken) == len(scans)
    assert not set(first["scans"]) & set(second["scans"])
    assert first["problems"] == second["problems"] == []


def test_flock_works_here() -> None:
    """Guards the tests above: locks on the folder of the tests are real ones."""
    descriptor = os.open("/", os.O_RDONLY)
    other = os.open("/", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)
        os.close(other)
