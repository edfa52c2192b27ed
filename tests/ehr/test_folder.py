"""Facts about packages: whole or not there, equal on every resend, checked by anybody."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import zipfile
from multiprocessing import get_context
from pathlib import Path

import pytest

from scanindex.delivery_model import Action, ExportRecord, Parcel
from scanindex.ehr.folder import FolderSink
from scanindex.ehr.manifest import ManifestForm
from scanindex.errors import FixityFailed, NotAllowedNow
from scanindex.target_file import parse_target
from tests.ehr import records

PROFILE = '[target]\nrecipient = "Springfield General"\n'


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

    with pytest.raises(NotAllowedNow):
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


def killed_at(count: int, out: Path, made: tuple[ExportRecord, ...], is_zip: bool) -> bool:
    """A process of its own sends and is killed at its `count`th call that opens, makes, moves or removes
    something under `out`. False: it came to its end before."""

    def run() -> None:
        left = count

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in WRITING and str(arguments[0]).startswith(str(out)):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        list(sink(out, is_zip=is_zip).send(parcel(made)))

    child = get_context("fork").Process(target=run)
    child.start()
    child.join()
    return child.exitcode == -signal.SIGKILL


WRITING = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")


@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_killed_at_any_call_the_next_try_ends_in_the_same_bytes(tmp_path: Path, is_zip: bool) -> None:
    made = some(tmp_path / "archive", 2)
    list(sink(tmp_path / "whole", is_zip=is_zip).send(parcel(made)))
    kills = 0
    while killed_at(kills, out := tmp_path / f"out-{kills}", made, is_zip):
        list(sink(out, is_zip=is_zip).send(parcel(made)))
        assert tree(out) == tree(tmp_path / "whole"), f"killed at call {kills}"
        kills += 1

    assert kills >= (4 if is_zip else 8)


def test_killed_over_and_over_it_comes_to_an_end(tmp_path: Path) -> None:
    """Each try is killed two calls later than the one before, and never anything but the whole is seen."""
    made = some(tmp_path / "archive", 6)
    list(sink(tmp_path / "whole").send(parcel(made)))
    out, tries = tmp_path / "out", 0
    while killed_at(3 + 2 * tries, out, made, False):
        tries += 1
        assert [p for p in out.glob("[!.]*") if tree(p) != tree(tmp_path / "whole" / p.name)] == []

    assert tries > 4 and tree(out) == tree(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_killed_at_any_moment_fifty_times(tmp_path: Path, is_zip: bool) -> None:
    """Not only between calls: a package of 300 documents, killed at random within its writing."""
    rng = random.Random(7)
    made = some(tmp_path / "archive", 300)
    list(sink(tmp_path / "whole", is_zip=is_zip).send(parcel(made)))
    whole = tree(tmp_path / "whole")
    for kill in range(50):
        out = tmp_path / f"out-{kill // 5}"
        child = get_context("fork").Process(
            target=lambda o=out: list(sink(o, is_zip=is_zip).send(parcel(made)))
        )
        child.start()
        child.join(rng.uniform(0.0, 0.15))
        child.kill()
        child.join()
        if kill % 5 == 4:
            list(sink(out, is_zip=is_zip).send(parcel(made)))
            assert tree(out) == whole
            shutil.rmtree(out)


def test_documents_that_an_earlier_try_wrote_are_kept(tmp_path: Path) -> None:
    made = some(tmp_path / "archive")
    out = tmp_path / "out"
    assert killed_at(9, out, made, False)
    (before,) = [p for p in out.rglob("*.pdf") if p.name.startswith(f"{0:020}")]
    number = before.stat().st_ino
    list(sink(out).send(parcel(made)))

    assert (out / "springfield-00000001" / "documents" / before.name).stat().st_ino == number


@pytest.mark.parametrize("damage", [b"", b"%PDF-1.7 of somebody else", None])
def test_what_an_earlier_try_left_is_kept_only_if_it_is_whole(tmp_path: Path, damage: bytes | None) -> None:
    """Cut off, another document, or as long as the right one but different."""
    made = some(tmp_path / "archive")
    content = made[1].content
    assert content is not None
    wrong = content.path.read_bytes()[:-1] + b"?" if damage is None else damage
    left = tmp_path / "out" / ".springfield-00000001.part" / "documents" / content.file_name
    left.parent.mkdir(parents=True)
    left.write_bytes(wrong)
    list(sink(tmp_path / "out").send(parcel(made)))

    written = tmp_path / "out" / "springfield-00000001" / "documents" / content.file_name
    assert written.read_bytes() == content.path.read_bytes()


def test_a_package_that_was_changed_since_is_not_called_delivered(tmp_path: Path) -> None:
    made = some(tmp_path / "archive")
    list(sink(tmp_path / "out").send(parcel(made)))
    first = next((tmp_path / "out").rglob("*.pdf"))
    first.write_bytes(first.read_bytes()[:-1] + b"?")

    with pytest.raises(NotAllowedNow):
        list(sink(tmp_path / "out").send(parcel(made)))


def test_of_a_try_under_another_name_nothing_stays(tmp_path: Path) -> None:
    """The name of a parcel changes where its first document turned out damaged; its number does not."""
    made = some(tmp_path / "archive")
    out = tmp_path / "out"
    stale, other = out / ".general-00000001-abc.part", out / ".general-00000002-abc.part"
    for place in (stale, other):
        place.mkdir(parents=True)
        (place / "somebody.pdf").write_bytes(b"%PDF-1.7")
    list(sink(out).send(Parcel(name="general-00000001-xyz", number=1, records=made)))

    assert not stale.exists() and other.exists()


def test_targets_that_share_a_folder_see_their_own_packages(tmp_path: Path) -> None:
    made = some(tmp_path / "archive", 2)
    out = tmp_path / "out"
    for name, record in zip(("general-00000001-abc", "general-2-00000001-abc"), made, strict=True):
        list(sink(out).send(Parcel(name=name, number=1, records=(record,))))
    form = ManifestForm(parse_target("general", PROFILE))
    ours = FolderSink(form, out, parcel_documents=100, target="general")

    assert [h.external_id for h in ours.inventory()] == [made[0].external_id]


def test_a_torn_package_holds_nothing(tmp_path: Path) -> None:
    made = some(tmp_path / "archive", 2)
    out = sink(tmp_path / "out", is_zip=True)
    for number, record in enumerate(made):
        list(out.send(Parcel(name=f"p-{number}", number=number, records=(record,))))
    first = tmp_path / "out" / "p-0.zip"
    first.write_bytes(first.read_bytes()[:200])

    assert [h.external_id for h in out.inventory()] == [made[1].external_id]


def test_a_list_that_leads_out_of_the_package_opens_nothing(tmp_path: Path) -> None:
    """A package that came back from elsewhere is read with distrust."""
    made = some(tmp_path / "archive", 1)
    out = sink(tmp_path / "out")
    list(out.send(parcel(made)))
    (tmp_path / "secret").write_bytes(records.SMALL_PDF)
    index = tmp_path / "out" / "springfield-00000001" / "parcel.json"
    index.write_text(index.read_text().replace('"documents/', '"../../secret/../'))
    told = index.read_text().replace(f"../../secret/../{made[0].external_id}.pdf", "../../secret")
    index.write_text(told)

    assert [h.sha256 for h in out.inventory()] == ["0" * 64]


@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_what_no_list_names_is_counted_and_named_only_if_it_looks_like_ours(
    tmp_path: Path, is_zip: bool
) -> None:
    """Another name may be somebody's."""
    to = sink(tmp_path / "out", is_zip=is_zip)
    list(to.send(parcel(some(tmp_path / "archive"))))
    assert to.strays().count == 0

    (place,) = (tmp_path / "out").iterdir()
    ours = f"documents/{9:020}-1.pdf"
    for name in (ours, "documents/Quimby Harriet.pdf", "Quimby/letter.pdf"):
        if is_zip:
            with zipfile.ZipFile(place, "a") as package:
                package.writestr(name, b"x")
        else:
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(b"x")

    found = to.strays()
    assert (found.count, found.named) == (3, (f"{place.name}/{ours}",))
