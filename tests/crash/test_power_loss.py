"""The power goes: a recorded run, and every tree that POSIX allows to be left of it.

Nothing may be lost that has left the inbox, `check` must be clean after the
next start, and the archive alone must hold it as well. Then the same with each
kind of fsync taken away: the test must notice, or the fsync is useless.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash import stub
from tests.crash.disk import TRACED, Disk, Keep, Sync, differences, moments, tree
from tests.crash.lab import Lab, all_filed, complaints, sha256

pytestmark = pytest.mark.usefixtures("strace")

SCANS = {
    "SCAN0001.PDF": stub.two_documents("power"),
    "SCAN0002.PNG": stub.png(stub.page_text(stub.PEOPLE[2], "cut")),
}
DOCUMENTS = 3
EVERY = 14
"""Quick runs take every fourteenth moment; `-m slow` all, and more chances at each."""

SITES = {
    "an original's bytes": r"/archive/tmp/[^/]+",
    "an original's name": r"/archive/originals/..",
    "the folders of originals": r"/archive/originals",
    "events": r"/archive/events/\d+\.jsonl",
    "the name of an event segment": r"/archive/events",
    "a document's bytes": r"/archive/tmp/[^/]+/[^/]+",
    "the names in a document": r"/archive/documents/../[^/]+/v\d+",
    "the name of a document's version": r"/archive/documents/../[^/]+",
    "the folder of a document": r"/archive/documents/..",
    "the folders of documents": r"/archive/documents",
    "the catalog's log (synchronous=OFF)": r"/var/catalog\.db-wal",
}
"""Places that syncs go to, by what they protect."""


@dataclass(frozen=True)
class Run:
    disk: Disk
    end: Path
    """The real tree after the run."""


def is_inbox_side(place: str) -> bool:
    """Retiring is never synced: the worst case is that it lasted and nothing else did."""
    return place.startswith(("/inbox", "/processed"))


@pytest.fixture(scope="module")
def run(lab: Lab) -> Iterator[Run]:
    """One undisturbed run of the service over two scans, recorded."""
    folder = Path(tempfile.mkdtemp(prefix="power-", dir=lab.folder))
    log = folder / "strace.log"
    with lab.workspace(SCANS) as home, lab.child() as child:
        (home / "processed").mkdir()
        base = shutil.copytree(home, folder / "base")
        assert child.order("drive", home=str(home), strace=_strace(log))["status"] == 0
        disk = Disk(home, base)
        disk.record(log)
        end = shutil.copytree(home, folder / "end")
    yield Run(disk, end)
    shutil.rmtree(folder)


def _strace(log: Path) -> list[str]:
    return ["-xx", "-s", "100000000", "-o", str(log), "-e", f"trace={TRACED}", "-e", "signal=none"]


Lying = Callable[[Sync], bool]


def after_cut(
    lab: Lab, run: Run, moment: int, keep: Keep, seed: int = 0, lying: Lying = lambda _: False
) -> list[str]:
    """What is wrong after a cut and the next start; and if only the archive was saved."""
    where = f"cut after {moment}, kept {keep.value}/{seed}: "
    with tempfile.TemporaryDirectory(prefix="cut-", dir=lab.folder) as name, lab.child() as child:
        home, alone = Path(name, "home"), Path(name, "alone")
        for target in (home, alone):
            run.disk.state(moment, keep, target, seed=seed, sure=is_inbox_side, lying=lying)
        wrong = _next_start(child.order("settle", home=str(home)))
        gone = retired(alone)
        if gone and not wrong:
            wrong = _from_archive(child.order("from_archive_alone", home=str(alone)), gone)
    return [where + what for what in wrong]


def _next_start(ended: dict) -> list[str]:  # type: ignore[type-arg]
    if ended["status"] != 0:
        return [f"start failed: {(ended['answer'] or {}).get('trace', ended['status'])}"]
    seen = ended["answer"]
    return complaints(seen, SCANS.values(), may_repeat=True) + all_filed(seen, DOCUMENTS)


def _from_archive(ended: dict, gone: set[str]) -> list[str]:  # type: ignore[type-arg]
    if ended["status"] != 0:
        return [f"rebuild failed: {(ended['answer'] or {}).get('trace', ended['status'])}"]
    seen = ended["answer"]
    harmless = ("original_unrecorded", "document_unrecorded", "inbox_not_retired")
    wrong = [f"archive alone: {what}" for what in seen["problems"] if not what.startswith(harmless)]
    return wrong + [f"archive alone: scan {scan[:8]} lost" for scan in gone - set(seen["scans"])]


def retired(home: Path) -> set[str]:
    """Scans that the inbox holds under no name any more."""
    left = {sha256(p.read_bytes()) for p in (home / "inbox").iterdir() if p.is_file()}
    return {sha256(data) for data in SCANS.values()} - left


def test_the_model_is_true_to_the_disk(run: Run, tmp_path: Path) -> None:
    """With everything kept the replayed tree equals the real one, byte for byte."""
    run.disk.state(run.disk.now, Keep.EVERYTHING, tmp_path / "replayed")
    assert differences(tree(tmp_path / "replayed"), tree(run.end)) == []


def test_the_record_holds_what_matters(run: Run) -> None:
    """Guards the tests below: each place that must be synced was, at least once."""
    places = [sync.place for sync in run.disk.syncs]
    unseen = [name for name, pattern in SITES.items() if not any(re.fullmatch(pattern, p) for p in places)]
    assert unseen == []
    assert sum(to.startswith("processed/") for _, _, to in run.disk.renames) == len(SCANS)


@pytest.mark.parametrize("keep", list(Keep))
def test_nothing_is_lost_wherever_the_power_goes(lab: Lab, run: Run, keep: Keep) -> None:
    """Cuts all along the run; the next start ends the work and nothing retired is missing."""
    chosen = moments(run.disk)[list(Keep).index(keep) % EVERY :: EVERY]
    assert lab.each(lambda moment: after_cut(lab, run, moment, keep, seed=moment), chosen) == []


@pytest.mark.slow
@pytest.mark.parametrize("keep", list(Keep))
def test_nothing_is_lost_at_any_moment(lab: Lab, run: Run, keep: Keep) -> None:
    """Every moment, several chances where chance plays (some ten minutes)."""
    seeds = range(3 if keep in (Keep.CHANCE, Keep.ORDER) else 1)
    cuts = [(moment, seed) for moment in moments(run.disk) for seed in seeds]
    assert lab.each(lambda cut: after_cut(lab, run, cut[0], keep, seed=cut[1]), cuts) == []


def test_with_every_fsync_the_telling_cuts_are_harmless(lab: Lab, run: Run) -> None:
    """Guards the test below: what it finds is due to the fsync that it takes away."""
    cuts = [(keep, moment) for keep in (Keep.NOTHING, Keep.NAMES) for moment in telling_moments(run)]
    assert lab.each(lambda cut: after_cut(lab, run, cut[1], cut[0]), cuts) == []


@pytest.mark.parametrize("site", SITES)
def test_no_fsync_can_be_taken_away(lab: Lab, run: Run, site: str) -> None:
    """Without the syncs of one kind some cut loses something; else they would be useless."""

    def lying(sync: Sync) -> bool:
        return re.fullmatch(SITES[site], sync.place) is not None

    assert any(
        after_cut(lab, run, moment, keep, lying=lying)
        for keep in (Keep.NOTHING, Keep.NAMES)
        for moment in telling_moments(run)
    ), f"nothing noticed that {site} went unsynced"


def telling_moments(run: Run) -> list[int]:
    """The end of the run, and right after each entry has left the inbox."""
    left = [at for at, source, _ in run.disk.renames if source.startswith("inbox/")]
    return [run.disk.now, *reversed(left)]


@dataclass(frozen=True)
class Settled:
    """A person decides on a document in review; then the service files it."""

    disk: Disk
    told: int
    """The moment when the person was told that it is done."""
    patient: str


@pytest.fixture(scope="module")
def settled(lab: Lab) -> Iterator[Settled]:
    folder = Path(tempfile.mkdtemp(prefix="person-", dir=lab.folder))
    logs = [folder / "decide.log", folder / "drive.log"]
    page = stub.page_text(stub.STRANGER, "person")
    with lab.workspace({"A.PNG": stub.png(page)}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        disk = Disk(home, shutil.copytree(home, folder / "base"))
        order = {"home": str(home), "seed": 1, "count": 1, "steps": ["accept"]}
        assert child.order("decide", strace=_strace(logs[0]), **order)["status"] == 0
        disk.record(logs[0])
        told = disk.now
        assert child.order("drive", home=str(home), strace=_strace(logs[1]))["status"] == 0
        disk.record(logs[1])
        (document,) = child.ask("inspect", home=str(home))["documents"].values()
    yield Settled(disk, told, document["patient"])
    shutil.rmtree(folder)


@pytest.mark.parametrize("keep", [Keep.NOTHING, Keep.CHANCE])
def test_a_decision_that_was_confirmed_outlives_the_power_cut(lab: Lab, settled: Settled, keep: Keep) -> None:
    """From the moment the person was told: filed under that patient, by that person's word."""

    def check(moment: int) -> list[str]:
        with tempfile.TemporaryDirectory(prefix="cut-", dir=lab.folder) as name, lab.child() as child:
            home = Path(name, "home")
            settled.disk.state(moment, keep, home, seed=moment, sure=is_inbox_side)
            seen = child.ask("settle", home=str(home))
        (document,) = seen["documents"].values()
        found = (document["state"], document["patient"], document["by"])
        wanted = ("filed", settled.patient, "user:test")
        wrong = list(seen["problems"])
        if found != wanted and (moment >= settled.told or document["state"] != "in_review"):
            wrong.append(f"{found} instead of {wanted}")
        return [f"cut after {moment}: {what}" for what in wrong]

    chosen = moments(settled.disk)[::4]
    assert max(chosen) > settled.told
    assert lab.each(check, chosen) == []
