"""Backups beside the running service, the way back, and the archive as the last resort."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from scanindex import find
from scanindex.cli import cli
from scanindex.filing import paths
from scanindex.store.archive import FileArchive
from scanindex.store.backup import backup
from tests.crash import stub
from tests.crash.lab import Lab, all_filed, complaints
from tests.crash.service_main import open_stubbed, quick_settings

SCANS = [stub.two_documents(f"backup{n}") for n in range(6)]
GOLDEN = ("hemoglobin", "discharge summary", "name:vanderstraeten", "mrn:70418826", "type:lab_report")


def back_up(home: Path, target: Path) -> None:
    archive = FileArchive(home / "archive")
    backup(quick_settings(home), lambda: list(archive.walk()), target, datetime.now(UTC), lambda *_: None)


def restore(home: Path, source: Path) -> None:
    done = CliRunner().invoke(cli, ["--home", str(home), "restore", str(source)], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def golden(home: Path) -> dict[str, list[tuple[str, int]]]:
    """The answers to a set of searches, as pages of documents."""
    opened = open_stubbed(quick_settings(home))
    try:
        found = {query: find.search(query, opened.services).documents for query in GOLDEN}
        return {
            query: sorted((hit.document_id, hit.page_no) for one in documents for hit in one.hits)
            for query, documents in found.items()
        }
    finally:
        opened.close()


def documents(seen: dict[str, Any]) -> dict[str, Any]:
    return {key: (d["scan"], d["pages"], d["state"], d["patient"]) for key, d in seen["documents"].items()}


def test_a_backup_of_a_running_service_is_consistent(lab: Lab, tmp_path: Path) -> None:
    """Backups taken while it works restore to a clean workspace that goes on by itself."""
    target = tmp_path / "backup"
    with lab.workspace({f"B{n}.PDF": data for n, data in enumerate(SCANS)}) as home:
        with lab.child() as child:
            work = threading.Thread(
                target=child.order, args=("serve",), kwargs={"home": str(home), "page_seconds": 0.05}
            )
            work.start()
            rounds = 0
            while work.is_alive() or not rounds:
                back_up(home, target)
                rounds += 1
            work.join()
        fresh = lab.folder / "restored-while-running"
        restore(fresh, target)
        with lab.child() as child:
            seen = child.ask("settle", home=str(fresh))
            now = child.ask("inspect", home=str(home))
        shutil.rmtree(fresh)
    assert rounds > 1
    assert seen["problems"] == []
    assert set(seen["scans"]) <= set(now["scans"])
    assert set(seen["scans"].values()) <= {"decided"}


def test_a_restored_workspace_gives_the_same_answers(lab: Lab, tmp_path: Path) -> None:
    """Same documents, same patients, same hits for a set of golden searches."""
    with lab.workspace({f"B{n}.PDF": data for n, data in enumerate(SCANS)}) as home:
        with lab.child() as child:
            before = child.ask("settle", home=str(home))
            back_up(home, tmp_path / "backup")
            fresh = lab.folder / "restored"
            restore(fresh, tmp_path / "backup")
            after = child.ask("inspect", home=str(fresh))
        answers = golden(home)
        assert golden(fresh) == answers
        shutil.rmtree(fresh)
    assert all(answers.values())
    assert documents(after) == documents(before)
    assert complaints(before, SCANS) + all_filed(before, 12) == []


def test_events_newer_than_the_catalog_of_the_backup_are_replayed(lab: Lab, tmp_path: Path) -> None:
    """The catalog is copied first, so the archive in a backup may know more: nothing of it is lost."""
    target = tmp_path / "backup"
    with lab.workspace({"B0.PDF": SCANS[0]}) as home, lab.child() as child:
        child.ask("settle", home=str(home))
        back_up(home, target)
        old = (target / "catalog.db").read_bytes()
        for n, data in enumerate(SCANS[1:], start=1):
            (home / "inbox" / f"B{n}.PDF").write_bytes(data)
        before = child.ask("settle", home=str(home))
        back_up(home, target)
        (target / "catalog.db").write_bytes(old)
        fresh = lab.folder / "replayed"
        restore(fresh, target)
        after = child.ask("inspect", home=str(fresh))
        assert golden(fresh) == golden(home)
        shutil.rmtree(fresh)
    assert documents(after) == documents(before)
    assert after["problems"] == []


def test_a_second_backup_copies_only_what_is_new(lab: Lab, tmp_path: Path) -> None:
    """Files of the archive never change; only the catalog and the last event segment are copied again."""
    target = tmp_path / "backup"
    with lab.workspace({"B0.PDF": SCANS[0]}) as home, lab.child() as child:
        child.ask("settle", home=str(home))
        back_up(home, target)
        archive = FileArchive(home / "archive")
        report = backup(
            quick_settings(home), lambda: list(archive.walk()), target, datetime.now(UTC), lambda *_: None
        )
    assert report.copied == 1
    assert report.kept > 5


def test_the_archive_alone_gives_the_documents_back(lab: Lab) -> None:
    """Without catalog, index and spool: same documents, states, pages and patients."""
    with lab.workspace({f"B{n}.PDF": data for n, data in enumerate(SCANS)}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        child.ask("decide", home=str(home), seed=3, count=6)
        before = child.ask("settle", home=str(home))
        rebuilt = child.ask("from_archive_alone", home=str(home))
        after = child.ask("settle", home=str(home))
    assert documents(rebuilt) == documents(before)
    assert documents(after) == documents(before)
    assert after["problems"] == []


def test_a_decision_newer_than_the_backup_never_lends_its_folder_to_another(lab: Lab, tmp_path: Path) -> None:
    """Filed after the events were copied, decided otherwise after the restore: the new word counts.

    Else the folder of the lost decision would stand under the new patient's name.
    """
    scan = stub.png(stub.page_text(stub.STRANGER, "twice"))
    target = tmp_path / "backup"
    with lab.workspace({"A.PNG": scan}) as home, lab.child() as child:
        child.ask("drive", home=str(home))
        back_up(home, target)
        child.ask("decide", home=str(home), seed=1, count=1, steps=["accept"])
        lost = child.ask("settle", home=str(home))
        shutil.copytree(home / "archive" / "documents", target / "archive" / "documents", dirs_exist_ok=True)
        fresh = lab.folder / "decided-again"
        restore(fresh, target)
        for seed in range(2, 40):  # until chance picks another patient
            child.ask("decide", home=str(fresh), seed=seed, count=1, steps=["accept"])
            found = child.ask("inspect_patients", home=str(fresh))
            if set(found.values()) != {d["patient"] for d in lost["documents"].values()}:
                break
            child.ask("decide", home=str(fresh), seed=seed, count=1, steps=["reopen"])
        seen = child.ask("settle", home=str(fresh))
        records = child.ask("inspect_records", home=str(fresh))
        shutil.rmtree(fresh)
    assert seen["problems"] == []
    assert records == {key: d["patient"] for key, d in seen["documents"].items()}
    assert paths.DAMAGED in paths.DURABLE_FOLDERS


def test_a_backup_cannot_be_restored_over_something(lab: Lab, tmp_path: Path) -> None:
    """A workspace that holds anything is left alone."""
    with lab.workspace({"B0.PDF": SCANS[0]}) as home, lab.child() as child:
        child.ask("settle", home=str(home))
        back_up(home, tmp_path / "backup")
        done = CliRunner().invoke(cli, ["--home", str(home), "restore", str(tmp_path / "backup")])
        seen = child.ask("inspect", home=str(home))
    assert done.exit_code != 0
    assert complaints(seen, [SCANS[0]]) == []


def test_an_older_catalog_beside_a_newer_archive_is_refused(lab: Lab) -> None:
    """Else new events would take numbers that the archive holds already, and never reach it."""
    with lab.workspace({"B0.PDF": SCANS[0]}) as home, lab.child() as child:
        old = (home / "var" / "catalog.db").read_bytes()
        child.ask("settle", home=str(home))
        for leftover in (home / "var").glob("catalog.db*"):
            leftover.unlink()
        (home / "var" / "catalog.db").write_bytes(old)
        refused = child.order("drive", home=str(home))
        problems = child.ask("inspect", home=str(home))["problems"]
    assert refused["answer"]["error"] == "IntegrityError"
    assert any(problem.startswith("catalog_behind") for problem in problems)
