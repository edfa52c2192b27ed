"""Killed, torn or damaged: a Tantivy index is the old one, the new one, or says so."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tantivy")

from scanindex.errors import IndexBroken, TransientError, Unexpected
from scanindex.index import tantivy_parts
from scanindex.index.tantivy_index import TantivyIndex
from scanindex.index.tantivy_parts import Part
from scanindex.model import DocumentId, IndexPage, PatientId, SearchRequest

WRITES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "shutil.rmtree")
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


def contents(index: TantivyIndex) -> dict[tuple[str, int], list[int]]:
    """Every page found, with the versions it was found in."""
    found: dict[tuple[str, int], list[int]] = {}
    for hit in index.search(SearchRequest(query="common", limit=100)).hits:
        found.setdefault((hit.document_id, hit.page_no), []).append(hit.version)
    return found


def expected(documents: list[Renewal]) -> dict[tuple[str, int], list[int]]:
    return {(d, p.page_no): [p.version] for d, pages in documents for p in pages}


# --- killed ---------------------------------------------------------------------
def in_child(work: Callable[[], None], die_at: int) -> bool:
    """Run `work` in a fork that kills itself before its `die_at`-th change of a file; was it killed?"""
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


def killed_here_and_there(
    path: Path, template: Path, work: Callable[[], None], check: Callable[[], None], stride: int
) -> int:
    """Kill `work` before every `stride`-th of its changes, always from the same start."""
    kills = 0
    for die_at in range(1, 10_000, stride):
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(template, path)
        if not in_child(work, die_at):
            break
        check()
        kills += 1
    return kills


def test_an_apply_killed_anywhere_is_whole_or_absent(tmp_path: Path) -> None:
    """Old state or new, and a replay gives the new one, with nothing of the broken-off write left."""
    path, template = tmp_path / "index", tmp_path / "template"
    TantivyIndex(template).apply(1, [doc(1, 1), doc(2, 1)])
    old, change, new = [doc(1, 1), doc(2, 1)], [doc(1, 2, 1), doc(3, 2)], [doc(1, 2, 1), doc(2, 1), doc(3, 2)]

    def check() -> None:
        index = TantivyIndex(path)
        assert contents(index) == expected({1: old, 2: new}[index.info()["seq"]])
        index.apply(2, change)
        assert (contents(index), index.info()["seq"]) == (expected(new), 2)
        assert len(list(path.glob("g1/*.store"))) == 2
        assert not list(path.rglob("merge-*"))

    assert killed_here_and_there(path, template, lambda: TantivyIndex(path).apply(2, change), check, 4) > 6


def test_a_merge_killed_anywhere_changes_no_answer(tmp_path: Path) -> None:
    path, template = tmp_path / "index", tmp_path / "template"
    documents = [doc(n, 1, pages=1) for n in range(tantivy_parts.MERGE_FAN)]
    for seq, document in enumerate(documents, start=1):
        TantivyIndex(template).apply(seq, [document])

    def check() -> None:
        index = TantivyIndex(path)
        assert contents(index) == expected(documents)
        index.apply(99, [doc(0, 2)])
        assert contents(index) == expected([doc(0, 2), *documents[1:]])

    def work() -> None:
        assert TantivyIndex(path).tidy()

    assert killed_here_and_there(path, template, work, check, 30) > 3


@pytest.mark.parametrize("seed", range(2))
def test_a_writer_killed_at_random_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    """A run of applies and merges: what is found belongs to exactly the stored sequence number."""
    path = tmp_path / "index"
    chance = random.Random(seed)

    def work() -> None:
        index = TantivyIndex(path)
        while True:
            seq = index.info()["seq"] + 1
            index.apply(seq, [doc(seq % 5, seq, 1 + seq % 3)])
            index.tidy()

    for _ in range(2):
        assert in_child(work, chance.randrange(60, 700))
        index = TantivyIndex(path)
        seq = index.info()["seq"]
        latest = {n % 5: doc(n % 5, n, 1 + n % 3) for n in range(1, seq + 1)}
        assert contents(index) == expected(list(latest.values()))
        assert index.info()["documents"] == len(latest)


# --- damage ----------------------------------------------------------------------
def _turn_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "emptied": lambda path: os.truncate(path, 0),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "one bit turned": _turn_bit,
    "grown": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_of_any_file_is_never_searched(tmp_path: Path, damage: str) -> None:
    """IndexBroken without list or state; else the other part alone is searched, and it is said."""
    template, path = tmp_path / "template", tmp_path / "index"
    TantivyIndex(template).apply(1, [doc(1, 1), doc(2, 1)])
    TantivyIndex(template).apply(2, [doc(1, 2)])
    files = [p.relative_to(template) for p in template.rglob("*") if p.is_file() and p.stat().st_size]
    kinds = sorted(name.suffix for name in files)
    assert kinds == sorted(
        [".json", ".json", ".del"] + 2 * [".fast", ".fieldnorm", ".idx", ".pos", ".store", ".term"]
    )
    for name in files:
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(template, path)
        open_before = TantivyIndex(path)
        assert len(contents(open_before)) == 4
        DAMAGES[damage](path / name)
        for index in (open_before, TantivyIndex(path)):
            if name.suffix != ".json":
                left = contents(index)
                assert left in (expected([doc(1, 2)]), expected([doc(2, 1)]))
                assert index.search("common").notes == ("the index is being mended: 2 page(s) are missing",)
                ((document, _), versions), *_ = left.items()
                assert list(index.documents()) == [(document, versions[0])]
                continue
            for use in (lambda i: i.search("common"), lambda i: i.info(), lambda i: i.apply(3, [doc(3, 1)])):
                with pytest.raises(IndexBroken):
                    use(index)
        if name.suffix != ".json":
            open_before.apply(3, [doc(1, 3), doc(2, 3)])
            assert contents(TantivyIndex(path)) == expected([doc(1, 3), doc(2, 3)])
            assert open_before.info()["missing"] == 2
    open_before.rebuild([doc(1, 4)], seq=4)
    assert contents(open_before) == contents(TantivyIndex(path)) == expected([doc(1, 4)])


def test_an_index_without_its_state_file_is_broken_and_not_empty(tmp_path: Path) -> None:
    TantivyIndex(tmp_path).apply(1, [doc(1, 1)])
    (tmp_path / "state.json").unlink()
    with pytest.raises(IndexBroken):
        TantivyIndex(tmp_path).search("common")


def test_a_list_of_parts_from_another_format_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that an older version wrote is whole, but not for this one."""
    TantivyIndex(tmp_path).apply(1, [doc(1, 1)])
    monkeypatch.setattr("scanindex.index.tantivy_pages.FORMAT", -1)
    with pytest.raises(IndexBroken):
        TantivyIndex(tmp_path).search("common")


def test_a_panic_of_the_engine_is_an_error_of_ours(tmp_path: Path) -> None:
    """Panics are no `Exception` for Python: without care they would end a service."""
    import tantivy

    with pytest.raises(Unexpected) as caught, tantivy_parts.guarded():
        tantivy.Query.phrase_query(tantivy_parts.tantivy_pages.schema(), "text", ["quiller"])
    assert "quiller" not in str(caught.value)


def test_a_file_that_cannot_grow_leaves_the_old_index(tmp_path: Path) -> None:
    """No room in the middle of a write: an error that is tried again, and the old state."""
    path = tmp_path / "index"
    TantivyIndex(path).apply(1, [doc(1, 1)])
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
            TantivyIndex(path).apply(2, [doc(n, 2, 30) for n in range(9)])
        except TransientError:
            os._exit(0)
        finally:
            os._exit(9)
    assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 0
    index = TantivyIndex(path)
    assert contents(index) == expected([doc(1, 1)])
    index.apply(2, [doc(1, 2)])
    assert contents(index) == expected([doc(1, 2)])


# --- others at the same time ------------------------------------------------------
def test_readers_in_another_process_see_each_apply_whole(tmp_path: Path) -> None:
    """A reader that searches while another process writes and merges sees only committed states."""
    path = tmp_path / "index"
    index = TantivyIndex(path)
    index.apply(1, [doc(0, 1, 3)])
    child = os.fork()
    if child == 0:
        try:
            writer = TantivyIndex(path)
            for seq in range(2, 14):
                writer.apply(seq, [doc(0, seq, 3), doc(seq, seq, 1)])
                writer.tidy()
            os._exit(0)
        finally:
            os._exit(9)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        found = contents(index)
        assert len({version for (name, _), vs in found.items() for version in vs if name == "doc0"}) == 1
        assert all(len(versions) == 1 for versions in found.values())
    assert contents(index) == expected([doc(0, 13, 3), *(doc(n, n, 1) for n in range(2, 14))])


# --- upkeep ----------------------------------------------------------------------
def test_tidy_merges_small_parts_and_keeps_every_answer(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    for seq in range(1, 12):
        index.apply(seq, [doc(seq, seq, 1)])
    index.apply(12, [(DocumentId("doc3"), [])])
    before = contents(index)
    assert index.tidy()
    assert not index.tidy()
    info = index.info()
    assert info["segments"] < tantivy_parts.MERGE_FAN
    assert (contents(index), info["pages"], info["seq"]) == (before, 10, 12)
    assert not list(tmp_path.rglob("merge-*"))


def test_what_changes_during_a_merge_stays_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents renewed or removed between the reading and the swap are not brought back."""
    index = TantivyIndex(tmp_path / "index")
    for seq in range(1, 9):
        index.apply(seq, [doc(seq, 1, 2), doc(seq + 10, 1, 1)])
    other = TantivyIndex(tmp_path / "index")
    merge = index._engine.merge

    def merge_slowly(leaves: Any, scratch: Path) -> Any:
        merged = merge(leaves, scratch)
        other.apply(9, [doc(2, 2, 2), (DocumentId("doc5"), [])])
        return merged

    monkeypatch.setattr(index._engine, "merge", merge_slowly)
    assert index.tidy()
    kept = [doc(n, 1, 2) for n in (1, 3, 4, 6, 7, 8)]
    assert contents(index) == expected([*kept, doc(2, 2, 2), *(doc(n + 10, 1, 1) for n in range(1, 9))])
    assert index.info()["seq"] == 9


def test_a_merge_that_was_overtaken_too_often_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was dropped meanwhile is not all remembered any more: better no merge than pages back."""
    monkeypatch.setattr(tantivy_parts, "REMEMBERED_DROPS", 2)
    index = TantivyIndex(tmp_path / "index")
    for seq in range(1, 9):
        index.apply(seq, [doc(seq, 1, 1), doc(seq + 10, 1, 1)])
    merge = index._engine.merge

    def merge_slowly(leaves: Any, scratch: Path) -> Any:
        merged = merge(leaves, scratch)
        for seq in (9, 10, 11):
            TantivyIndex(tmp_path / "index").apply(seq, [(DocumentId(f"doc{seq - 8}"), [])])
        return merged

    monkeypatch.setattr(index._engine, "merge", merge_slowly)
    assert not index.tidy()
    assert contents(index) == expected([doc(n, 1, 1) for n in (*range(4, 9), *range(11, 19))])


def test_damage_is_not_merged_into_a_file_that_looks_whole(tmp_path: Path) -> None:
    """A turned bit that left size and times alone is found before the merge, which reads everything."""
    index = TantivyIndex(tmp_path / "index")
    for seq in range(1, 9):
        index.apply(seq, [doc(seq, 1, 1)])
    leaves = index._snapshot().leaves
    victim = next((tmp_path / "index").glob("g1/*.pos"))
    _turn_bit(victim)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(IndexBroken):
        index._engine.merge(leaves, scratch)


@pytest.mark.parametrize(
    ("sizes", "merges"),
    [
        ([1] * 7, 0),
        ([1] * 8, 8),
        ([1] * 4 + [9_000] * 4, 0),
        ([2_000] * 7 + [9_000], 8),
        ([20_000] * 8, 8),
        ([10_000] * 4 + [19_000] * 4, 0),
        ([150_000] * 8, 0),
    ],
)
def test_only_parts_that_tantivy_takes_for_equal_are_chosen(sizes: list[int], merges: int) -> None:
    """Its own policy decides what it merges; another choice would be work for nothing."""
    parts = [Part(segment_id=str(n), max_doc=size) for n, size in enumerate(sizes)]
    assert len(tantivy_parts.worth_merging(parts)) == merges
