"""Disk full, i/o errors and missing rights at the N-th system call of each kind.

The world's fault never quarantines a file and never stops the service: the scan
waits or stays in the inbox, and the work ends by itself once the world is well.
Errors are injected by strace; a full disk is also tried for real where a small
file system can be mounted.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash import stub
from tests.crash.lab import Lab, all_filed, complaints, sha256

TRANSIENT = {"DiskFull", "PermissionMissing", "StorageFailed", "CatalogBusy"}
FAILING = {
    "write": ("ENOSPC", "EIO", "EDQUOT"),
    "pwrite64": ("ENOSPC", "EIO"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO",),
    "rename": ("ENOSPC", "EACCES", "EROFS"),
    "mkdir": ("ENOSPC", "EACCES", "EROFS"),
    "openat": ("EACCES", "EROFS", "EIO", "ENOSPC"),
    "unlink": ("EROFS", "EACCES"),
    "link": ("EMLINK", "EPERM"),
    "ftruncate": ("EIO",),
}
STEP = {"write": 2, "pwrite64": 9, "mkdir": 4, "openat": 8, "fsync": 2}


@pytest.fixture(scope="module")
def counts(lab: Lab, strace: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    trace = tmp_path_factory.mktemp("counts") / "calls.txt"
    with lab.workspace({"A.PDF": stub.two_documents("count")}) as home, lab.child() as child:
        options = ["-o", str(trace), "-e", f"trace={','.join(FAILING)}"]
        assert child.order("drive", home=str(home), strace=options)["status"] == 0
    names = [
        line.split(maxsplit=1)[1].split("(")[0] for line in trace.read_text().splitlines() if "(" in line
    ]
    return {name: names.count(name) for name in FAILING}


def _fail_once(lab: Lab, call: str, number: int) -> list[str]:
    """One call fails, the next ones work: the same process goes on by itself."""
    error = FAILING[call][number % len(FAILING[call])]
    scan = stub.two_documents(f"{call}{number}")
    with lab.workspace({"A.PDF": scan}) as home, lab.child() as child:
        ended = child.order("drive", home=str(home), strace=_inject(call, error, str(number)))
        seen = child.ask("settle", home=str(home))
    wrong = _about_end(ended, may_refuse=True)
    wrong += complaints(seen, [scan]) + all_filed(seen, documents=2)
    return [f"{error} at {call} {number}: {what}" for what in wrong]


def _fail_from(lab: Lab, call: str, number: int) -> list[str]:
    """Every call from the N-th on fails: nothing moves, nothing is blamed; then the world heals."""
    error = FAILING[call][number % len(FAILING[call])]
    scan = stub.two_documents(f"{call}{number}+")
    with lab.workspace({"A.PDF": scan}) as home, lab.child() as child:
        ended = child.order("drive", home=str(home), rounds=8, strace=_inject(call, error, f"{number}+"))
        wrong = _about_end(ended, may_refuse=True)
        held = [sha256(p.read_bytes()) for p in home.rglob("*") if p.is_file()]
        if sha256(scan) not in held:
            wrong.append("the bytes are nowhere")
        seen = child.ask("settle", home=str(home))
    wrong += complaints(seen, [scan]) + all_filed(seen, documents=2)
    return [f"{error} from {call} {number} on: {what}" for what in wrong]


def _inject(call: str, error: str, when: str) -> list[str]:
    return ["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"]


def _about_end(ended: dict, *, may_refuse: bool) -> list[str]:  # type: ignore[type-arg]
    """The service goes on, or (while opening its stores) refuses with an error that says: later."""
    if ended["status"] == 0:
        return []
    answer = ended["answer"] or {}
    if may_refuse and answer.get("error") in TRANSIENT:
        return []
    return [f"the service died: {ended['status']} {answer.get('trace', '')}"]


@pytest.mark.parametrize("call", FAILING)
def test_one_failing_call_only_delays(lab: Lab, counts: dict[str, int], call: str) -> None:
    """Whichever call of the path fails once, the same service ends the work."""
    numbers = range(1, counts[call] + 1, STEP.get(call, 1))
    assert lab.each(lambda number: _fail_once(lab, call, number), numbers) == []


@pytest.mark.parametrize("call", FAILING)
def test_a_lasting_fault_is_waited_out(lab: Lab, counts: dict[str, int], call: str) -> None:
    """From some call on all fail; after the fault is mended everything is filed, once."""
    numbers = range(1, counts[call] + 1, max(1, counts[call] // 6))
    assert lab.each(lambda number: _fail_from(lab, call, number), numbers) == []


@pytest.mark.slow
@pytest.mark.parametrize("call", FAILING)
def test_every_single_call_may_fail(lab: Lab, counts: dict[str, int], call: str) -> None:
    """The first test without leaving calls out (some minutes)."""
    numbers = range(1, counts[call] + 1)
    assert lab.each(lambda number: _fail_once(lab, call, number), numbers) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    target = tmp_path / "small"
    target.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(target)]
    if os.getuid() != 0 or subprocess.run(options, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    yield target
    subprocess.run(["umount", "-l", str(target)], check=True)


@pytest.mark.parametrize("room_bytes", [16_384, 131_072])
@pytest.mark.parametrize("part", ["archive", "var"])
def test_a_really_full_disk_is_waited_out(lab: Lab, small_disk: Path, part: str, room_bytes: int) -> None:
    """Full while it works, then freed: `check` is clean and every scan was filed once."""
    scans = [stub.two_documents(f"full{part}{n}") for n in range(6)]
    with lab.workspace({f"F{n}.PDF": data for n, data in enumerate(scans)}) as home, lab.child() as child:
        subprocess.run(["cp", "-a", f"{home / part}/.", str(small_disk)], check=True)
        subprocess.run(["rm", "-r", str(home / part)], check=True)
        (home / part).symlink_to(small_disk)
        ballast = small_disk / "ballast"
        _fill(ballast, leave_bytes=room_bytes)
        ended = child.order("drive", home=str(home), rounds=12)
        assert _about_end(ended, may_refuse=True) == []
        ballast.unlink()
        seen = child.ask("settle", home=str(home))
        assert complaints(seen, scans) + all_filed(seen, documents=12) == []


def _fill(ballast: Path, leave_bytes: int) -> None:
    free = os.statvfs(ballast.parent)
    ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leave_bytes)))


def test_a_world_out_of_order_is_never_the_files_fault(lab: Lab, tmp_path: Path) -> None:
    """Ten rounds of i/o errors in the spool: the scan waits with the reason, unblamed, then is filed."""
    scan = stub.two_documents("spool")
    with lab.workspace({"A.PDF": scan}) as home, lab.child() as child:
        (home / "var" / "spool").rmdir()
        (home / "var" / "spool").write_bytes(b"not a folder")
        child.ask("drive", home=str(home), rounds=10)
        waiting = child.ask("inspect_scans", home=str(home))
        (home / "var" / "spool").unlink()
        (home / "var" / "spool").mkdir()
        seen = child.ask("settle", home=str(home))
    assert waiting == {sha256(scan): ["waiting", "storage"]}
    assert complaints(seen, [scan]) + all_filed(seen, documents=2) == []
