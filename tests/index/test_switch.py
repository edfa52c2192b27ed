"""The index in use and the one being built: one atomic change between them, whatever is killed or lost."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanindex.errors import CatalogBusy, ConfigError, IndexBroken
from scanindex.index import state
from scanindex.index.switch import PROGRESS_NAME, SwitchedIndex
from scanindex.index.whoosh_index import WhooshIndex
from scanindex.model import DocumentId, IndexPage, PatientId, SearchRequest

WRITES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod")
Renewal = tuple[DocumentId, list[IndexPage]]


def doc(number: int, version: int = 1, pages: int = 1) -> Renewal:
    document_id = DocumentId(f"doc{number:03d}")
    return document_id, [
        IndexPage(
            document_id=document_id,
            version=version,
            page_no=page_no,
            text="common words of a page",
            patient_id=PatientId("p1"),
            patient_name="PELL, Ivo",
            mrns=("100",),
            birth_date=None,
            document_type=None,
            service_date=None,
            provider=None,
            facility=None,
            source=".",
            filed_at=datetime(2025, 1, 1, tzinfo=UTC),
        )
        for page_no in range(1, pages + 1)
    ]


def opened(tmp_path: Path) -> SwitchedIndex:
    """As another process would open it; the two engines differ in name only."""
    makers: dict[str, Callable[[Path], Any]] = {"one": WhooshIndex, "other": WhooshIndex}
    return SwitchedIndex(tmp_path / "index", makers, "one")


def found(index: SwitchedIndex) -> list[str]:
    hits = index.search(SearchRequest(query="common", limit=1000)).hits
    return sorted(f"{hit.document_id[3:]}v{hit.version}" for hit in hits)


def rebuilt(index: SwitchedIndex, documents: list[Renewal], seq: int, **options: Any) -> int:
    with index.build(seq, total=len(documents), **options) as build:
        for document in documents:
            if document[0] > build.progress.last:
                build.add([document], last=document[0])
        return build.finish()


# --- in use ---------------------------------------------------------------------
def test_a_new_workspace_begins_with_the_engine_of_the_settings(tmp_path: Path) -> None:
    index = opened(tmp_path)
    assert (found(index), index.info()["seq"]) == ([], 0)
    index.apply(1, [doc(1)])
    assert (found(opened(tmp_path)), index.info()["folder"]) == (["001v1"], "one-1")


def test_every_process_notices_a_move_at_its_next_call(tmp_path: Path) -> None:
    """Also one that was open before; the old engine's folder is gone."""
    index, reader = opened(tmp_path), opened(tmp_path)
    index.apply(1, [doc(1)])
    assert found(reader) == ["001v1"]
    assert rebuilt(index, [doc(1, 2), doc(2)], 5, engine="other") == 2
    assert found(reader) == found(index) == ["001v2", "002v1"]
    assert reader.info()["folder"] == "other-2"
    assert [p.name for p in (tmp_path / "index").iterdir()] == ["other-2"]
    reader.apply(6, [doc(3)])
    assert found(opened(tmp_path)) == ["001v2", "002v1", "003v1"]


def test_searches_and_applies_go_on_during_a_build(tmp_path: Path) -> None:
    """They work on the old one; the new number tells whoever follows what to apply again."""
    index, other = opened(tmp_path), opened(tmp_path)
    index.apply(1, [doc(1)])
    with index.build(1, total=1, engine="other") as build:
        build.add([doc(1)], last="doc001")
        other.apply(2, [doc(2)])
        assert found(other) == found(index) == ["001v1", "002v1"]
        build.finish()
    assert (found(other), other.info()["seq"]) == (["001v1"], 1)
    with pytest.raises(CatalogBusy):
        other.apply(3, [doc(3)], after=2)
    other.apply(2, [doc(2)], after=1)
    assert found(index) == ["001v1", "002v1"]


def test_two_builds_at_once_are_refused_and_the_old_index_answers(tmp_path: Path) -> None:
    index = opened(tmp_path)
    index.apply(1, [doc(1)])
    with state.locked(tmp_path / "index.build.lock", 0.0), pytest.raises(CatalogBusy), index.build(1):
        pass
    assert found(index) == ["001v1"]


def test_an_unknown_engine_is_a_matter_of_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError), opened(tmp_path).build(1, engine="none"):
        pass


# --- broken off -----------------------------------------------------------------
def test_a_build_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    """With the number it began with: what changed since then is still to be applied."""
    index = opened(tmp_path)
    index.apply(1, [doc(1)])
    with index.build(4, total=3, engine="other") as build:
        build.add([doc(1, 4)], last="doc001")
    with opened(tmp_path).build(9, total=3, engine="other") as build:
        assert (build.progress.last, build.progress.seq, build.progress.documents) == ("doc001", 4, 1)
        build.add([doc(2)], last="doc002")
        build.finish()
    assert (found(index), index.info()["seq"]) == (["001v4", "002v1"], 4)


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / PROGRESS_NAME).unlink(),
        lambda folder: (folder / PROGRESS_NAME).write_bytes(b"{}"),
        lambda folder: os.truncate(folder / PROGRESS_NAME, 20),
        lambda folder: (folder / "state.json").unlink(),
        lambda folder: next(folder.glob("g*/*.seg")).unlink(),
        lambda folder: next(folder.glob("g*/*.toc")).unlink(),
        shutil.rmtree,
    ],
)
def test_what_is_damaged_of_a_broken_off_build_is_not_used(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    index = opened(tmp_path)
    index.apply(1, [doc(1)])
    with index.build(4, engine="other") as build:
        build.add([doc(1, 3)], last="doc001")
    harm(tmp_path / "index" / "other-2")
    with opened(tmp_path).build(5, engine="other") as build:
        assert (build.progress.last, build.progress.seq, build.progress.pages) == ("", 5, 0)
        build.add([doc(1, 5)], last="doc001")
        build.finish()
    assert found(index) == ["001v5"]


@pytest.mark.parametrize("options", [{"engine": "one"}, {"engine": "other", "fresh": True}])
def test_a_build_that_does_not_fit_is_begun_anew(tmp_path: Path, options: dict[str, Any]) -> None:
    """Of another engine, or when asked to start over."""
    index = opened(tmp_path)
    with index.build(4, engine="other") as build:
        build.add([doc(1)], last="doc001")
    with index.build(4, **options) as build:
        assert build.progress.last == ""


def test_a_build_that_is_ahead_of_the_catalog_is_begun_anew(tmp_path: Path) -> None:
    """The catalog was restored meanwhile."""
    index = opened(tmp_path)
    with index.build(8) as build:
        build.add([doc(1)], last="doc001")
    with index.build(3) as build:
        assert (build.progress.last, build.progress.seq) == ("", 3)


def in_child(work: Callable[[], None], die_at: int) -> bool:
    """Run `work` in a fork that kills itself before its n-th change of a file; whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            _kill_before(die_at)
            work()
            os._exit(0)
        finally:
            os._exit(9)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return os.WIFSIGNALED(status)


def _kill_before(die_at: int) -> None:
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        is_write = event != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if event in WRITES and is_write:
            count += 1
            if count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_a_move_killed_anywhere_answers_at_once_and_goes_on(tmp_path: Path) -> None:
    """Before every change of a file in turn: the old index or the new one, never less; then the new one."""
    template, home = tmp_path / "template", tmp_path / "home"
    opened(template).apply(1, [doc(1), doc(2)])
    new = [doc(1, 2), doc(2, 2), doc(3, 2)]
    kills, resumed = 0, set()
    while True:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        if not in_child(lambda: rebuilt(opened(home), new, 5, engine="other") and None, kills + 1):
            break
        kills += 1
        index = opened(home)
        seq = index.info()["seq"]
        assert found(index) == {1: ["001v1", "002v1"], 5: ["001v2", "002v2", "003v2"]}[seq]
        if kills % 4 == 0:
            with index.build(5, total=3, engine="other") as build:
                resumed.add(build.progress.last)
                rest = [document for document in new if document[0] > build.progress.last]
                for document in rest:
                    build.add([document], last=document[0])
                build.finish()
            assert (found(index), index.info()["folder"][:5]) == (["001v2", "002v2", "003v2"], "other")
            assert len(list((home / "index").iterdir())) == 1
    assert kills > 40
    assert resumed >= {"", "doc001", "doc002"}, "some went on, none was right only by starting over"


# --- lost -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda p: p.write_bytes(b""), lambda p: p.write_bytes(b"x\n{}")]
)
def test_without_its_pointer_the_index_is_found_again(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """By processes that had it open and by new ones, and the one being built is not taken for it."""
    index = opened(tmp_path)
    index.apply(1, [doc(1)])
    rebuilt(index, [doc(1), doc(2)], 3, engine="other")
    with index.build(9, total=9) as build:
        build.add([doc(1, 9)], last="doc001")
    harm(tmp_path / "index.json")
    for each in (index, opened(tmp_path)):
        assert (found(each), each.info()["seq"]) == (["001v1", "002v1"], 3)
    index.apply(4, [doc(4)])
    assert found(opened(tmp_path)) == ["001v1", "002v1", "004v1"]


@pytest.mark.parametrize("what", ["index", "index/one-1", "index/one-1/state.json", "index/one-1/g1"])
def test_an_index_that_is_gone_is_no_empty_one(tmp_path: Path, what: str) -> None:
    """Open or freshly opened, with its pointer; what is in a build already is searched meanwhile."""
    index = opened(tmp_path)
    index.apply(1, [doc(1), doc(2)])
    gone = tmp_path / what
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    for each in (index, opened(tmp_path)):
        with pytest.raises(IndexBroken):
            each.search("common")
        with pytest.raises(IndexBroken):
            each.apply(2, [doc(3)])
    with index.build(2, total=2) as build:
        build.add([doc(1)], last="doc001")
        result = opened(tmp_path).search("common")
        assert result.total == 1
        assert result.notes == ("the index is being rebuilt: 1 of 2 documents are in it",)
        assert opened(tmp_path).seq() == 2
        build.add([doc(2)], last="doc002")
        build.finish()
    for each in (index, opened(tmp_path)):
        assert found(each) == ["001v1", "002v1"]


def test_an_index_of_an_older_layout_is_built_anew(tmp_path: Path) -> None:
    """Older versions kept its files right in the folder."""
    WhooshIndex(tmp_path / "index").apply(3, [doc(1)])
    index = opened(tmp_path)
    with pytest.raises(IndexBroken):
        index.info()
    rebuilt(index, [doc(1)], 3)
    assert found(opened(tmp_path)) == ["001v1"]
    assert [p.name for p in (tmp_path / "index").iterdir()] == ["one-1"]


def test_a_build_whose_folder_vanishes_says_so(tmp_path: Path) -> None:
    index = opened(tmp_path)
    with index.build(1) as build:
        build.add([doc(1)], last="doc001")
        shutil.rmtree(tmp_path / "index")
        with pytest.raises(IndexBroken):
            build.add([doc(2)], last="doc002")


def test_how_far_a_build_is_can_be_told(tmp_path: Path) -> None:
    index = opened(tmp_path)
    assert index.rebuilding() is None
    with index.build(1, total=4) as build:
        build.add([doc(1), doc(2)], last="doc002")
        seen = opened(tmp_path).rebuilding()
        assert seen is not None
        assert (seen.percent, seen.documents, seen.total, seen.is_running) == (50, 2, 4, True)
    seen = index.rebuilding()
    assert seen is not None
    assert not seen.is_running
