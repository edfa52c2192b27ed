"""The index is a cache: whatever happens to its files, searches say so and then answer as before."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanindex import app, check, find, reindex
from scanindex.errors import CatalogBusy, IndexBroken
from scanindex.index import state
from scanindex.model import DocumentState
from scanindex.watch import Follower
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.crash.tasks import prepare

WORD = "hemoglobin"
"""On every page of these scans."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with twelve filed documents, indexed in several parts."""
    home = tmp_path_factory.mktemp("workspace") / "home"
    home.mkdir()
    prepare(str(home))
    for round_no in range(3):
        for number in range(2):
            name = f"s{round_no}{number}"
            (home / "inbox" / f"{name}.PDF").write_bytes(stub.two_documents(name))
        drive(quick_settings(home), 60)
    return home


@pytest.fixture
def opened(template: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    shutil.copytree(template, tmp_path / "home")
    workspace = open_stubbed(quick_settings(tmp_path / "home"))
    yield workspace
    workspace.close()


def again(opened: app.Workspace) -> app.Workspace:
    """As another process would open it."""
    return open_stubbed(opened.settings)


def found(opened: app.Workspace) -> list[tuple[str, int]]:
    page = find.search(WORD, opened.services)
    return sorted((d.document.document_id, len(d.hits)) for d in page.documents)


def said(opened: app.Workspace) -> list[str]:
    lines: list[str] = []
    Follower(opened.services, lambda kind, text: lines.append(text)).catch_up()
    return lines


def parts(opened: app.Workspace) -> list[Path]:
    return sorted(opened.settings.index_path.glob("*/g*/*.seg"))


# --- damage ---------------------------------------------------------------------
def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    if data:
        data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


HARMS: dict[str, Callable[[Path], None]] = {
    "deleted": _remove,
    "cut": lambda path: None if path.is_dir() else os.truncate(path, path.stat().st_size // 2),
    "one bit turned": lambda path: None if path.is_dir() else _flip(path),
}


@pytest.mark.parametrize("harm", HARMS)
def test_any_file_or_folder_harmed_under_a_service_and_it_answers_as_before(
    opened: app.Workspace, harm: str
) -> None:
    """Each file and folder in turn, the pointer and locks included; after one turn of the follower."""
    whole = found(opened)
    assert len(whole) == 12
    root = opened.settings.index_path
    names = sorted(str(p.relative_to(root.parent)) for p in [*root.parent.glob("index*"), *root.rglob("*")])
    for place in range(len(names)):
        now = sorted([*root.parent.glob("index*"), *root.rglob("*")])
        if place < len(now):
            HARMS[harm](now[place])
        said(opened)
        assert found(opened) == whole, f"{harm}: {names[place]}"
        assert check.run(opened.services, fixity=False).problems == ()


def test_a_damaged_part_alone_is_added_again(opened: app.Workspace) -> None:
    """Searches answer from the good parts and say what is missing; the others stay as they are."""
    whole, before = found(opened), parts(opened)
    _flip(before[0])
    page = find.search(WORD, opened.services)
    assert 0 < len(page.documents) < 12
    assert any("being mended" in note for note in page.notes)
    assert [p.code for p in check.run(opened.services, fixity=False).problems] == ["index_broken"]
    assert any("damaged" in line for line in said(opened))
    assert found(opened) == whole
    assert find.search(WORD, opened.services).notes == ()
    assert set(before[1:]) <= set(parts(opened)), "nothing but the bad part was written anew"
    assert check.run(opened.services, fixity=False).problems == ()


def test_mending_stopped_in_the_middle_goes_on(
    opened: app.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "BATCH_PAGES", 1)
    whole = found(opened)
    for part in parts(opened)[:2]:
        _flip(part)
    first = reindex.mend(opened.services, stop=lambda: True)
    assert first.renewed == 1
    assert opened.services.index.info()["missing"] > 0
    assert reindex.mend(again(opened).services).renewed > 1
    assert (found(opened), opened.services.index.info()["missing"]) == (whole, 0)


def test_check_names_documents_that_differ_and_mend_puts_it_right(opened: app.Workspace) -> None:
    """Of another version, missing, or surplus; compared one by one, not only counted."""
    services = opened.services
    with opened.catalog.read() as unit:
        one, two, three = unit.documents.all(DocumentState.FILED, limit=3)
    index, seq = services.index, int(services.index.info()["seq"])
    old = [p for p in reindex.index_pages(one, services)]
    import dataclasses

    index.apply(seq, [(one.document_id, [dataclasses.replace(p, version=p.version + 7) for p in old])])
    index.apply(seq, [(two.document_id, [])])
    strange = [dataclasses.replace(p, document_id="zzz") for p in reindex.index_pages(three, services)]
    index.apply(seq, [("zzz", strange)])  # type: ignore[list-item]
    problems = check.run(services, fixity=False).problems
    assert {p.code for p in problems} == {"index_mismatch"}
    assert {p.subject for p in problems} == {one.document_id, two.document_id, "zzz"}
    mended = reindex.mend(services)
    assert (mended.renewed, mended.removed) == (2, 1)
    assert check.run(services, fixity=False).problems == ()


# --- building anew ----------------------------------------------------------------
def test_what_is_filed_during_a_build_is_in_it(opened: app.Workspace) -> None:
    """Filing goes on meanwhile; the new index is put into use with it."""
    (opened.settings.inbox / "late.PDF").write_bytes(stub.two_documents("late"))
    filed: list[int] = []

    def file_more(now: reindex.Progress) -> None:
        if not filed:
            filed.append(now.documents)
            drive(opened.settings, 60)

    assert reindex.reindex(opened.services, file_more) == 14
    assert len(found(opened)) == 14
    assert check.run(opened.services, fixity=False).problems == ()


def test_a_build_tells_how_far_it_is(opened: app.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "BATCH_PAGES", 4)
    told: list[reindex.Progress] = []
    reindex.reindex(opened.services, told.append)
    assert [now.documents for now in told] == [0, 4, 8, 12]
    assert {now.total for now in told} == {12}
    assert told[-1].pages == 12
    assert told[1].seconds_left is not None
    assert "12 of 12 documents, 12 pages" in told[-1].text


def test_a_killed_build_goes_on(opened: app.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real kill -9 after some batches: the next run adds only what is left; --fresh begins anew."""
    monkeypatch.setattr(reindex, "BATCH_PAGES", 1)
    whole = found(opened)

    def killed_after(documents: int) -> None:
        child = os.fork()
        if child == 0:
            mine = again(opened)

            def die(now: reindex.Progress) -> None:
                if now.documents >= documents:
                    os.kill(os.getpid(), signal.SIGKILL)

            reindex.reindex(mine.services, die)
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])

    killed_after(5)
    killed_after(9)
    assert found(again(opened)) == whole, "the old one answers"
    told: list[int] = []
    reindex.reindex(opened.services, lambda now: told.append(now.documents))
    assert told == [9, 10, 11, 12]
    assert (found(opened), check.run(opened.services, fixity=False).problems) == (whole, ())
    killed_after(5)
    told.clear()
    reindex.reindex(opened.services, lambda now: told.append(now.documents), fresh=True)
    assert told[0] == 0
    assert found(again(opened)) == whole


@pytest.mark.parametrize("seed", range(3))
def test_a_build_killed_at_random_and_harmed_ends_whole(
    opened: app.Workspace, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Kills with damage in between, of the new index and of the old one."""
    monkeypatch.setattr(reindex, "BATCH_PAGES", 1)
    chance, whole = random.Random(seed), found(opened)
    for _ in range(4):
        child = os.fork()
        if child == 0:
            threading.Timer(chance.uniform(0.05, 0.4), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
            while True:
                reindex.reindex(again(opened).services)
        os.waitpid(child, 0)
        files = [p for p in opened.settings.var.rglob("index*/**/*") if p.is_file()]
        if files:
            HARMS[chance.choice(list(HARMS))](chance.choice(files))
    mine = again(opened)
    said(mine)
    assert found(mine) == whole
    reindex.reindex(mine.services)
    assert (found(mine), check.run(mine.services, fixity=False).problems) == (whole, ())


def test_a_second_process_does_not_build_too(opened: app.Workspace) -> None:
    """It is told; searches answer from what the first one has so far."""
    shutil.rmtree(opened.settings.index_path)
    other = again(opened)
    with pytest.raises(IndexBroken):
        find.search(WORD, other.services)
    notes: list[str] = []

    def look(now: reindex.Progress) -> None:
        with pytest.raises(CatalogBusy):
            reindex.reindex(other.services)
        notes.extend(find.search(WORD, other.services).notes)

    reindex.reindex(opened.services, look)
    assert any("being rebuilt" in note for note in notes)
    assert len(found(other)) == 12


def test_a_build_that_is_harmed_meanwhile_starts_over(
    opened: app.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "BATCH_PAGES", 3)
    whole, harmed = found(opened), []

    def harm(now: reindex.Progress) -> None:
        if now.documents == 6 and not harmed:
            harmed.append(True)
            shutil.rmtree(opened.settings.index_path)

    assert reindex.reindex(opened.services, harm) == 12
    assert harmed
    assert found(opened) == whole


def test_an_index_of_an_older_version_is_made_anew_by_itself(
    opened: app.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its format is told from its state file: no exception, no wrong answer."""
    whole = found(opened)
    monkeypatch.setattr(state, "FORMAT", state.FORMAT + 1)
    later = again(opened)
    assert any("building the index anew" in line for line in said(later))
    assert found(later) == whole


def test_an_index_folder_without_permission_is_said_and_filing_goes_on(opened: app.Workspace) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    opened.settings.index_path.chmod(0)
    assert any("permission" in line for line in said(opened))
    opened.settings.index_path.chmod(0o700)
    assert len(found(opened)) == 12
