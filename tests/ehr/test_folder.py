"""Facts about packages: whole or not there, equal on every resend, checked by anybody."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from scanindex.delivery_model import Action, ExportRecord, Parcel
from scanindex.ehr.folder import FolderSink
from scanindex.ehr.manifest import ManifestForm
from scanindex.errors import FixityFailed, IntegrityError, NotAllowedNow
from scanindex.target_profile import parse_target
from tests.ehr import records

PROFILE = '[target]\nrecipient = "Springfield General"\n'
REPOSITORY = Path(__file__).resolve().parents[2]


def sink(folder: Path, *, is_zip: bool = False) -> FolderSink:
    form = ManifestForm(parse_target("springfield", PROFILE))
    return FolderSink(form, folder, parcel_documents=100, is_zip=is_zip)


def some(folder: Path, count: int = 3) -> tuple[ExportRecord, ...]:
    folder.mkdir(exist_ok=True)
    return tuple(records.record(folder, external_id=f"{n:020}-1") for n in range(count))


def parcel(made: tuple[ExportRecord, ...]) -> Parcel:
    return Parcel(name="springfield-00000001", number=1, records=made)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_a_package_holds_index_documents_and_hashes(tmp_path: Path, is_zip: bool) -> None:
    made = some(tmp_path / "archive")
    receipts = list(sink(tmp_path / "out", is_zip=is_zip).send(parcel(made)))

    (place,) = (tmp_path / "out").iterdir()
    if is_zip:
        zipfile.ZipFile(place).extractall(tmp_path / "unpacked")
        place = tmp_path / "unpacked"
    assert [r.external_id for r in receipts] == [r.external_id for r in made]
    names = set(tree(place))
    assert {"manifest.csv", "parcel.json", "sha256sums.txt"} <= names and len(names) == 6
    index = json.loads((place / "parcel.json").read_text())
    assert index["records_total"] == 3
    assert index["bytes_total"] == sum(f["bytes"] for f in index["files"])
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "sha256sums.txt"], cwd=place, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_a_resend_changes_no_byte(tmp_path: Path, is_zip: bool) -> None:
    made = some(tmp_path / "archive")
    out = sink(tmp_path / "out", is_zip=is_zip)
    list(out.send(parcel(made)))
    before = tree(tmp_path / "out")
    again = list(out.send(parcel(made)))
    list(sink(tmp_path / "other", is_zip=is_zip).send(parcel(made)))

    assert tree(tmp_path / "out") == before == tree(tmp_path / "other")
    assert len(again) == 3


def test_a_damaged_document_leaves_no_package(tmp_path: Path) -> None:
    made = some(tmp_path / "archive")
    content = made[1].content
    assert content is not None
    content.path.write_bytes(content.path.read_bytes() + b"x")

    with pytest.raises(FixityFailed):
        list(sink(tmp_path / "out").send(parcel(made)))
    assert [p for p in (tmp_path / "out").iterdir() if not p.name.startswith(".")] == []


def test_what_was_left_of_a_broken_package_is_not_in_the_next(tmp_path: Path) -> None:
    made = some(tmp_path / "archive")
    stale = tmp_path / "out" / ".springfield-00000001.part" / "documents"
    stale.mkdir(parents=True)
    (stale / "stranger.pdf").write_bytes(b"of another patient")
    list(sink(tmp_path / "out").send(parcel(made[:2])))

    assert not any("stranger" in name for name in tree(tmp_path / "out"))


def test_a_name_that_is_taken_by_other_documents_is_refused(tmp_path: Path) -> None:
    made = some(tmp_path / "archive")
    list(sink(tmp_path / "out").send(parcel(made)))

    with pytest.raises(IntegrityError):
        list(sink(tmp_path / "out").send(parcel(made[:2])))


@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_what_lies_there_is_read_back_and_hashed(tmp_path: Path, is_zip: bool) -> None:
    made = some(tmp_path / "archive")
    out = sink(tmp_path / "out", is_zip=is_zip)
    list(out.send(parcel(made)))

    held = list(out.inventory())

    assert [(h.external_id, h.sha256) for h in held] == [
        (r.external_id, r.content.sha256) for r in made if r.content
    ]


def test_a_changed_file_in_a_package_shows(tmp_path: Path) -> None:
    made = some(tmp_path / "archive")
    out = sink(tmp_path / "out")
    list(out.send(parcel(made)))
    first = next((tmp_path / "out").rglob("*.pdf"))
    first.write_bytes(first.read_bytes()[:-1] + b"?")

    wrong = [h for h in out.inventory() if h.sha256 not in {r.content.sha256 for r in made if r.content}]

    assert len(wrong) == 1


def test_an_empty_folder_says_nothing_about_the_receiver(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedNow):
        list(sink(tmp_path / "out").inventory())


def test_a_cancellation_is_a_row_without_a_file(tmp_path: Path) -> None:
    made = some(tmp_path / "archive", 1)
    gone = records.record(
        tmp_path / "archive",
        external_id=f"{0:020}-2",
        action=Action.CANCEL,
        replaces=made[0].external_id,
        content=None,
    )
    list(sink(tmp_path / "out").send(parcel((*made, gone))))

    rows = (tmp_path / "out" / "springfield-00000001" / "manifest.csv").read_text().splitlines()
    assert rows[2].startswith(f"{gone.external_id},cancel,{made[0].external_id}")
    assert len(list((tmp_path / "out").rglob("*.pdf"))) == 1


def test_nobody_else_may_read_a_package(tmp_path: Path) -> None:
    list(sink(tmp_path / "out").send(parcel(some(tmp_path / "archive"))))

    assert not [p for p in (tmp_path / "out").rglob("*") if p.stat().st_mode & 0o077]


@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_the_next_try_ends_in_the_same_bytes(tmp_path: Path, seed: int) -> None:
    """A real process writing a package of 200 documents is killed; then the package is sent again."""
    program = (
        "import sys; from pathlib import Path; from tests.ehr import test_folder as t\n"
        "made = t.some(Path(sys.argv[1]), 200); print('go', flush=True)\n"
        "list(t.sink(Path(sys.argv[2])).send(t.parcel(made)))"
    )
    made = some(tmp_path / "archive", 200)
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "archive"), str(tmp_path / "out")],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert child.stdout is not None and child.stdout.readline() == b"go\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.05))
    child.send_signal(signal.SIGKILL)
    child.wait()
    list(sink(tmp_path / "out").send(parcel(made)))
    list(sink(tmp_path / "whole").send(parcel(made)))

    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
