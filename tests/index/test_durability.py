"""Killed, torn, damaged or contended: the index is the old one, the new one, or says so."""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanindex.errors import CatalogBusy, DiskFull, IndexBroken, PermissionMissing
from scanindex.index import folder_index, state, whoosh_index
from scanindex.index.whoosh_index import WhooshIndex
from scanindex.index.widen import IndexWords
from scanindex.model import DocumentId, IndexPage, PatientId, SearchRequest

WRITES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod")
Renewal = tuple[DocumentId, list[IndexPage]]


def doc(number: int, version: int, pages: int = 2) -> Renewal:
    """Document `number`, whose every page says which version it is."""
    document_id = DocumentId(f"doc{number}")
    return document_id, [
        IndexPage(
            document_id=document_id,
            version=version,
            page_no=page_no,
            text=f"common words of version{version}v page",
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


def contents(index: WhooshIndex) -> dict[tuple[str, int], list[int]]:
    """Every page found, with the versions it was found in."""
    found: dict[tuple[str, int], list[int]] = {}
    for hit in index.search(SearchRequest(query="common", limit=1000, pages_per_document=100)).hits:
        found.setdefault((hit.document_id, hit.page_no), []).append(hit.version)
    return found


def expected(documents: list[Renewal]) -> dict[tuple[str, int], list[int]]:
    return {(d, p.page_no): [p.version] for d, pages in documents for p in pages}


def in_child(work: Callable[[], None], die_at: int) -> bool:
    """Run `work` in a fork that kills itself before its `die_at`-th change of a file.

    True if it was killed, False if it came to its end first.
    """
    child = os.fork()
    if child == 0:
        try:
            _kill_before(die_at)
            work()
            os._exit(0)
        finally:
            os._exit(9)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


def _kill_before(die_at: int) -> None:
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in WRITES or (event == "open" and not _writes(arguments)):
            return
        count += 1
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _writes(arguments: tuple[Any, ...]) -> bool:
    return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


# --- killed ---------------------------------------------------------------------
def killed_everywhere(
    path: Path, template: Path, work: Callable[[], None], check: Callable[[bool], None]
) -> int:
    """Kill `work` before each of its changes in turn, always from the same start.

    `check` looks at every outcome and, when told (every third), also goes on working with it.
    """
    kills = 0
    while True:
        shutil.rmtree(path, ignore_errors=True)
        if template.exists():
            shutil.copytree(template, path)
        if not in_child(work, kills + 1):
            return kills
        check(kills % 3 == 0)
        kills += 1


def test_an_apply_killed_anywhere_is_whole_or_absent(tmp_path: Path) -> None:
    """Replacing one document and adding another: old state or new, and a replay gives the new one."""
    path, template = tmp_path / "index", tmp_path / "template"
    WhooshIndex(template).apply(1, [doc(1, 1), doc(2, 1)])
    old, change, new = [doc(1, 1), doc(2, 1)], [doc(1, 2, 1), doc(3, 2)], [doc(1, 2, 1), doc(2, 1), doc(3, 2)]

    def check(goes_on: bool) -> None:
        index = WhooshIndex(path)
        seq = index.info()["seq"]
        assert contents(index) == expected({1: old, 2: new}[seq])
        if not goes_on:
            return
        index.apply(2, change)
        assert (contents(index), index.info()["seq"]) == (expected(new), 2)

    kills = killed_everywhere(path, template, lambda: WhooshIndex(path).apply(2, change), check)
    assert kills > 15


def test_the_first_apply_killed_anywhere_can_be_repeated(tmp_path: Path) -> None:
    """Also the making of the index itself is never half done."""
    path = tmp_path / "index"

    def check(goes_on: bool) -> None:
        index = WhooshIndex(path)
        assert contents(index) == (expected([doc(1, 1)]) if index.info()["seq"] else {})
        if not goes_on:
            return
        index.apply(1, [doc(1, 1)])
        assert contents(index) == expected([doc(1, 1)])

    kills = killed_everywhere(path, tmp_path / "none", lambda: WhooshIndex(path).apply(1, [doc(1, 1)]), check)
    assert kills > 15


def test_a_rebuild_killed_anywhere_leaves_the_old_or_the_new_index(tmp_path: Path) -> None:
    path, template = tmp_path / "index", tmp_path / "template"
    WhooshIndex(template).apply(1, [doc(1, 1)])

    def check(goes_on: bool) -> None:
        index = WhooshIndex(path)
        by_seq = {1: [doc(1, 1)], 5: [doc(1, 5), doc(2, 5)]}
        assert contents(index) == expected(by_seq[index.info()["seq"]])
        if not goes_on:
            return
        assert index.rebuild([doc(1, 6)], seq=6) == 2
        assert contents(index) == expected([doc(1, 6)])
        assert len(list(path.glob("g*"))) == 1

    def work() -> None:
        WhooshIndex(path).rebuild([doc(1, 5), doc(2, 5)], seq=5)

    assert killed_everywhere(path, template, work, check) > 15


def test_a_merge_killed_anywhere_changes_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_index, "MERGE_FAN", 2)
    path, template = tmp_path / "index", tmp_path / "template"
    documents = [doc(n, 1, pages=1) for n in range(folder_index.MERGE_FAN)]
    for seq, document in enumerate(documents, start=1):
        WhooshIndex(template).apply(seq, [document])

    def check(goes_on: bool) -> None:
        index = WhooshIndex(path)
        assert contents(index) == expected(documents)
        if not goes_on:
            return
        index.apply(99, [doc(0, 2)])
        assert contents(index) == expected([doc(0, 2), *documents[1:]])

    def work() -> None:
        assert WhooshIndex(path).tidy()

    assert killed_everywhere(path, template, work, check) > 15


@pytest.mark.parametrize("seed", range(10))
def test_a_writer_killed_at_random_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    """A long run of applies and merges: what is found belongs to exactly the stored sequence number."""
    path = tmp_path / "index"
    chance = random.Random(seed)

    def work() -> None:
        index = WhooshIndex(path)
        while True:
            seq = index.info()["seq"] + 1
            index.apply(seq, [doc(seq % 5, seq, 1 + seq % 3)])
            if seq % 7 == 0:
                index.tidy()

    for _ in range(2):
        assert in_child(work, chance.randrange(30, 400))
        index = WhooshIndex(path)
        seq = index.info()["seq"]
        latest = {n % 5: doc(n % 5, n, 1 + n % 3) for n in range(1, seq + 1)}
        assert contents(index) == expected(list(latest.values()))
        assert index.info()["documents"] == len(latest)


# --- power loss -----------------------------------------------------------------
def test_everything_a_state_names_is_synced_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, their folder and the new state are on disk before the state takes its name."""
    synced: list[int] = []
    at_replace: list[set[int]] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(handle: int) -> None:
        real_sync(handle)
        synced.append(os.fstat(handle).st_ino)

    def replace(self: Path, target: Path) -> Path:
        if Path(target).name == state.STATE_NAME:
            at_replace.append({*synced, -self.stat().st_ino} if self.stat().st_ino in synced else set())
        return real_replace(self, target)

    index = WhooshIndex(tmp_path / "index")
    index.apply(1, [doc(1, 1)])
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    for write in (lambda: index.apply(2, [doc(1, 2)]), lambda: index.rebuild([doc(2, 3)], 3)):
        synced.clear()
        at_replace.clear()
        before = state.read(tmp_path / "index")
        write()
        held = state.read(tmp_path / "index")
        assert held is not None
        assert before is not None
        folder = tmp_path / "index" / held.folder
        new = [n for n in held.files if held.folder != before.folder or n not in before.files]
        assert new
        needed = {(folder / name).stat().st_ino for name in new} | {folder.stat().st_ino}
        assert needed <= at_replace[-1]
        assert synced[-1] == (tmp_path / "index").stat().st_ino


# --- damage ----------------------------------------------------------------------
DAMAGES: dict[str, Callable[[Path], None]] = {
    "emptied": lambda path: os.truncate(path, 0),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)) and None,
    "one bit turned": lambda path: _turn_bit(path),
    "grown": lambda path: path.write_bytes(path.read_bytes() + b"\0") and None,
    "deleted": lambda path: path.unlink(),
}


def _turn_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", DAMAGES)
def test_without_table_or_state_nothing_is_searched(tmp_path: Path, damage: str) -> None:
    """Open or freshly opened, reading or writing: IndexBroken; a rebuild mends it."""
    template, path = tmp_path / "template", tmp_path / "index"
    for seq in (1, 2):
        WhooshIndex(template).apply(seq, [doc(seq, 1)])
    files = [p.relative_to(template) for p in template.rglob("*.*") if p.suffix in (".json", ".toc")]
    assert len(files) == 2
    for name in files:
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(template, path)
        open_before = WhooshIndex(path)
        assert len(contents(open_before)) == 4
        DAMAGES[damage](path / name)
        for index in (open_before, WhooshIndex(path)):
            for use in (lambda i: i.search("common"), lambda i: i.info(), lambda i: i.apply(3, [doc(3, 1)])):
                with pytest.raises(IndexBroken):
                    use(index)
        open_before.rebuild([doc(1, 4)], seq=4)
        assert contents(open_before) == contents(WhooshIndex(path)) == expected([doc(1, 4)])


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_part_is_left_out_and_the_others_are_searched(tmp_path: Path, damage: str) -> None:
    """Open or freshly opened; the result says how many pages are missing."""
    path = tmp_path / "index"
    open_before = WhooshIndex(path)
    for number in (1, 2, 3):
        open_before.apply(number, [doc(number, 1)])
    assert len(contents(open_before)) == 6
    DAMAGES[damage](_part_of(path, 2))
    for index in (open_before, WhooshIndex(path)):
        assert contents(index) == expected([doc(1, 1), doc(3, 1)])
        assert index.search("common").notes == ("the index is being mended: 2 page(s) are missing",)
        assert index.info()["missing"] == 2
        assert list(index.documents()) == [("doc1", 1), ("doc3", 1)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_write_gives_a_damaged_part_up_and_goes_on(tmp_path: Path, damage: str) -> None:
    """What is missing stays known until it was added again; nothing is doubled by then."""
    path = tmp_path / "index"
    for number in (1, 2, 3):
        WhooshIndex(path).apply(number, [doc(number, 1)])
    DAMAGES[damage](_part_of(path, 2))
    WhooshIndex(path).apply(4, [doc(3, 4), doc(4, 4)])
    index = WhooshIndex(path)
    assert contents(index) == expected([doc(1, 1), doc(3, 4), doc(4, 4)])
    info = index.info()
    assert (info["documents"], info["pages"], info["missing"]) == (3, 6, 2)
    index.apply(4, [doc(2, 1)])
    index.settle(0)
    assert contents(WhooshIndex(path)) == expected([doc(1, 1), doc(2, 1), doc(3, 4), doc(4, 4)])
    assert index.search("common").notes == ()


def test_giving_a_part_up_killed_anywhere_can_be_repeated(tmp_path: Path) -> None:
    path, template = tmp_path / "index", tmp_path / "template"
    for number in (1, 2):
        WhooshIndex(template).apply(number, [doc(number, 1)])
    DAMAGES["cut in half"](_part_of(template, 1))

    def check(goes_on: bool) -> None:
        index = WhooshIndex(path)
        assert (contents(index), index.info()["missing"]) == (expected([doc(2, 1)]), 2)
        if goes_on:
            index.apply(2, [doc(1, 1)])
            index.settle(0)
            assert contents(index) == expected([doc(1, 1), doc(2, 1)])

    assert killed_everywhere(path, template, lambda: WhooshIndex(path).settle(2), check) > 5


def test_a_part_damaged_while_it_is_merged_is_not_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of it may be wrong: the merged part is thrown away."""
    index = WhooshIndex(tmp_path / "index")
    for number in range(1, 9):
        index.apply(number, [doc(number, 1)])
    merge = index._engine.merge

    def merge_while_damaged(leaves: Any, scratch: Path) -> Any:
        merged = merge(leaves, scratch)
        DAMAGES["one bit turned"](_part_of(tmp_path / "index", 3))
        return merged

    monkeypatch.setattr(index._engine, "merge", merge_while_damaged)
    assert not index.tidy()
    assert contents(index) == expected([doc(n, 1) for n in range(1, 9) if n != 3])


def _part_of(path: Path, number: int) -> Path:
    """The file of the part that the n-th write made."""
    return sorted(path.glob("g*/*.seg"), key=lambda p: p.stat().st_mtime_ns)[number - 1]


def test_an_index_of_another_version_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other fields, or another format of the state: to be built anew, never to be searched."""
    path = tmp_path / "index"
    with monkeypatch.context() as patch:
        patch.setattr(whoosh_index, "SCHEMA", "0")
        WhooshIndex(path).apply(1, [doc(1, 1)])
    with pytest.raises(IndexBroken):
        WhooshIndex(path).search("common")


def test_a_writer_whose_lock_was_removed_does_not_commit(tmp_path: Path) -> None:
    """Another process may hold a new lock by then."""
    path = tmp_path / "index"
    index = WhooshIndex(path)
    index.apply(1, [doc(1, 1)])
    write = index._engine.write

    def write_while_unlocked(*arguments: Any) -> Any:
        (path / "write.lock").unlink()
        return write(*arguments)

    index._engine.write = write_while_unlocked  # type: ignore[method-assign]
    with pytest.raises(CatalogBusy):
        index.apply(2, [doc(1, 2)])
    assert contents(WhooshIndex(path)) == expected([doc(1, 1)])


def test_an_apply_that_goes_on_from_a_later_number_is_refused(tmp_path: Path) -> None:
    """The index was replaced by an older one between looking and writing: nothing may be skipped."""
    index = WhooshIndex(tmp_path / "index")
    index.apply(5, [doc(1, 1)])
    with pytest.raises(CatalogBusy):
        index.apply(9, [doc(2, 1)], after=7)
    index.apply(9, [doc(2, 1)], after=5)
    assert index.info()["seq"] == 9


def test_an_index_folder_that_vanishes_under_a_service_is_not_an_empty_index(tmp_path: Path) -> None:
    index = WhooshIndex(tmp_path / "index")
    index.apply(1, [doc(1, 1)])
    shutil.rmtree(tmp_path / "index")
    with pytest.raises(IndexBroken):
        index.search("common")
    with pytest.raises(IndexBroken):
        index.apply(2, [doc(2, 1)])
    index.rebuild([doc(1, 1)], seq=2)
    assert contents(index) == expected([doc(1, 1)])


def test_files_only_touched_or_copied_are_not_damage(tmp_path: Path) -> None:
    """New times alone (a restored backup) are settled by the hash."""
    index = WhooshIndex(tmp_path / "index")
    index.apply(1, [doc(1, 1)])
    for path in (tmp_path / "index").rglob("*"):
        os.utime(path, (1, 1))
    assert contents(index) == contents(WhooshIndex(tmp_path / "index")) == expected([doc(1, 1)])


# --- others at the same time ------------------------------------------------------
def test_a_second_writer_waits_and_then_says_busy(tmp_path: Path) -> None:
    index = WhooshIndex(tmp_path / "index", lock_seconds=0.0)
    index.apply(1, [doc(1, 1)])
    with state.locked(tmp_path / "index" / "write.lock", 0.0):
        with pytest.raises(CatalogBusy):
            index.apply(2, [doc(1, 2)])
        assert contents(index) == expected([doc(1, 1)]), "reading goes on"
    index.apply(2, [doc(1, 2)])
    assert contents(index) == expected([doc(1, 2)])


def test_two_rebuilds_at_once_are_refused(tmp_path: Path) -> None:
    index = WhooshIndex(tmp_path / "index")
    with state.locked(_made(tmp_path / "index") / "rebuild.lock", 0.0), pytest.raises(CatalogBusy):
        index.rebuild([doc(1, 1)], seq=1)


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_readers_in_another_process_see_each_apply_whole(tmp_path: Path) -> None:
    """A reader that searches while another process writes sees only committed states."""
    path = tmp_path / "index"
    index = WhooshIndex(path)
    index.apply(1, [doc(0, 1, 3)])
    child = os.fork()
    if child == 0:
        try:
            writer = WhooshIndex(path)
            for seq in range(2, 12):
                writer.apply(seq, [doc(0, seq, 3)])
                writer.tidy()
            os._exit(0)
        finally:
            os._exit(9)
    states = set()
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        versions = [v for found in contents(index).values() for v in found]
        assert len(versions) == 3
        assert len(set(versions)) == 1
        states.add(versions[0])
    assert states
    assert contents(index) == expected([doc(0, 11, 3)])


# --- the folder ------------------------------------------------------------------
def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    """Its files are pickles: whoever may write here runs code in the searcher."""
    path = tmp_path / "index"
    path.mkdir(mode=0o755)
    WhooshIndex(path).apply(1, [doc(1, 1)])
    for folder in (path, *path.glob("g*")):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_no_broken_index(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionMissing):
        WhooshIndex(tmp_path / "index").apply(1, [doc(1, 1)])


def test_a_full_disk_leaves_the_old_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's refusal becomes DiskFull; when there is room again the apply goes through."""
    index = WhooshIndex(tmp_path / "index")
    index.apply(1, [doc(1, 1)])

    def no_room(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_room)
        with pytest.raises(DiskFull):
            index.apply(2, [doc(1, 2)])
    assert contents(index) == expected([doc(1, 1)])
    index.apply(2, [doc(1, 2)])
    assert contents(index) == expected([doc(1, 2)])


# --- upkeep ----------------------------------------------------------------------
def test_tidy_merges_small_segments_and_keeps_every_answer(tmp_path: Path) -> None:
    index = WhooshIndex(tmp_path / "index")
    for seq in range(1, 20):
        index.apply(seq, [doc(seq, seq, 1)])
    index.apply(20, [(DocumentId("doc3"), [])])
    before = contents(index)
    merges = 0
    while index.tidy():
        merges += 1
    info = index.info()
    assert merges >= 2
    assert info["segments"] < folder_index.MERGE_FAN
    assert (contents(index), info["pages"], info["seq"]) == (before, 18, 20)
    assert not list((tmp_path / "index").glob("merge-*"))


def test_what_changes_during_a_merge_stays_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents renewed or removed between the reading and the swap are not brought back."""
    index = WhooshIndex(tmp_path / "index")
    for seq in range(1, 9):
        index.apply(seq, [doc(seq, 1, 2)])
    other = WhooshIndex(tmp_path / "index")
    merge = index._engine.merge

    def merge_slowly(leaves: Any, scratch: Path) -> Any:
        merged = merge(leaves, scratch)
        other.apply(9, [doc(2, 2, 2), (DocumentId("doc5"), [])])
        return merged

    monkeypatch.setattr(index._engine, "merge", merge_slowly)
    assert index.tidy()
    kept = [doc(n, 1, 2) for n in (1, 3, 4, 6, 7, 8)]
    assert contents(index) == expected([*kept, doc(2, 2, 2)])
    assert index.info()["seq"] == 9


def test_many_applies_without_tidy_stay_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_index, "MAX_LOOSE_LEAVES", 10)
    index = WhooshIndex(tmp_path / "index")
    for seq in range(1, 31):
        index.apply(seq, [doc(seq, 1, 1)])
    assert index.info()["segments"] <= 12
    assert index.search("common").total == 30


def test_running_out_of_time_among_look_alikes_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No exact page and no time to look for others is not the same as nothing there."""
    index = WhooshIndex(tmp_path / "index", search_seconds=60.0)
    index.apply(1, [doc(1, 1)])

    def too_late(words: IndexWords, token: str) -> list[str]:
        words._watch._until = 0.0
        return [token + "x"]

    monkeypatch.setattr(IndexWords, "spellings", too_late)
    assert index.search("cornmon").notes == ("stopped after 60 seconds: results are incomplete",)


def test_a_search_stops_at_its_time_limit_and_says_so(tmp_path: Path) -> None:
    index = WhooshIndex(tmp_path / "index", search_seconds=-1.0)
    index.apply(1, [doc(1, 1)])
    result = index.search("common")
    assert any("incomplete" in note for note in result.notes)
