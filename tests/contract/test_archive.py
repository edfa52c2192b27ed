"""The contract of ports.ArchiveStore, run on the file system back-end."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from scanindex.errors import DiskFull, NotFound, PermissionMissing, SchemaTooNew, StorageFailed
from scanindex.model import DocumentId, ScanId
from scanindex.store.archive import FileArchive

DOCUMENT = DocumentId("qx2k7abcdefghijklmno")


@pytest.fixture
def archive(tmp_path: Path) -> FileArchive:
    made = FileArchive(tmp_path / "archive")
    made.initialise()
    return made


def _staged(archive: FileArchive, text: str = "one") -> Path:
    folder = archive.staging()
    (folder / "document.pdf").write_text(text)
    return folder


# --- originals -----------------------------------------------------------------
def test_put_names_bytes_by_their_hash(archive: FileArchive) -> None:
    data = os.urandom(3_000_000)
    scan_id, size = archive.put(io.BytesIO(data))
    assert (scan_id, size) == (hashlib.sha256(data).hexdigest(), len(data))
    with archive.open(scan_id) as stream:
        assert stream.read() == data
    assert archive.path(scan_id).read_bytes() == data


def test_equal_bytes_are_one_file(archive: FileArchive) -> None:
    """The second time nothing is added and nothing is left in tmp."""
    first, second = (archive.put(io.BytesIO(b"same")) for _ in range(2))
    assert first == second
    assert [name for name, _ in archive.walk() if name.startswith("originals/")] == [
        f"originals/{first[0][:2]}/{first[0]}"
    ]
    assert list((archive.root / "tmp").iterdir()) == []


def test_empty_bytes_are_an_original_too(archive: FileArchive) -> None:
    scan_id, size = archive.put(io.BytesIO(b""))
    assert size == 0 and archive.path(scan_id).stat().st_size == 0


def test_originals_cannot_be_written_by_accident(archive: FileArchive) -> None:
    scan_id, _ = archive.put(io.BytesIO(b"x"))
    assert archive.path(scan_id).stat().st_mode & 0o222 == 0


def test_a_damaged_original_is_set_aside_when_it_arrives_again(archive: FileArchive) -> None:
    """Bit rot never wins over good bytes, and is never thrown away."""
    scan_id, _ = archive.put(io.BytesIO(b"good bytes"))
    path = archive.path(scan_id)
    path.chmod(0o640)
    path.write_bytes(b"goof bytes")
    assert archive.put(io.BytesIO(b"good bytes"))[0] == scan_id
    assert path.read_bytes() == b"good bytes"
    assert [p.read_bytes() for p in (archive.root / "damaged").iterdir()] == [b"goof bytes"]


def test_unknown_originals_are_not_found(archive: FileArchive) -> None:
    for scan_id in (ScanId("0" * 64), ScanId("../../etc/passwd"), ScanId("")):
        with pytest.raises(NotFound):
            archive.open(scan_id)


def test_a_source_that_breaks_off_leaves_nothing(archive: FileArchive) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(errno.ESTALE, "gone")

    with pytest.raises(StorageFailed):
        archive.put(Broken())  # type: ignore[arg-type]
    assert list((archive.root / "tmp").iterdir()) == []
    assert [name for name, _ in archive.walk()] == ["FORMAT"]


def test_many_threads_may_put_the_same_bytes(archive: FileArchive) -> None:
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(archive.put(io.BytesIO(b"z" * 100_000))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and len(set(results)) == 1
    assert list((archive.root / "tmp").iterdir()) == []


# --- documents -------------------------------------------------------------------
def test_a_published_folder_is_whole_and_read_only(archive: FileArchive) -> None:
    place = archive.publish(_staged(archive), DOCUMENT, 1)
    assert place == archive.document_folder(DOCUMENT, 1)
    assert (place / "document.pdf").read_text() == "one"
    assert (place / "document.pdf").stat().st_mode & 0o222 == 0


def test_a_version_is_written_once(archive: FileArchive) -> None:
    """A repeated publish (after a crash) keeps the first and drops the second."""
    archive.publish(_staged(archive, "first"), DOCUMENT, 1)
    again = _staged(archive, "second")
    place = archive.publish(again, DOCUMENT, 1)
    assert (place / "document.pdf").read_text() == "first"
    assert not again.exists()


def test_versions_stay_side_by_side(archive: FileArchive) -> None:
    for version in (1, 2, 11):
        archive.publish(_staged(archive, str(version)), DOCUMENT, version)
    assert archive.versions(DOCUMENT) == (1, 2, 11)
    assert (archive.document_folder(DOCUMENT, 1) / "document.pdf").read_text() == "1"


def test_a_folder_staged_elsewhere_is_published(archive: FileArchive, tmp_path: Path) -> None:
    """Also from outside the archive, as long as rename or copy can bring it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "document.pdf").write_text("far")
    assert (archive.publish(folder, DOCUMENT, 1) / "document.pdf").read_text() == "far"


def test_publish_over_file_systems_copies(
    archive: FileArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename between file systems fails with EXDEV; then it is a synced copy and a rename."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "document.pdf").write_text("far")
    rename = os.rename

    def refuse(source: Any, target: Any) -> None:
        if Path(source) == folder:
            raise OSError(errno.EXDEV, "cross-device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    assert (archive.publish(folder, DOCUMENT, 1) / "document.pdf").read_text() == "far"
    assert not folder.exists()


# --- the whole ---------------------------------------------------------------------
def test_walk_lists_everything_durable_and_nothing_else(archive: FileArchive) -> None:
    """Originals, documents, events, the format; neither work in flight nor the charts view."""
    scan_id, _ = archive.put(io.BytesIO(b"12345"))
    archive.publish(_staged(archive), DOCUMENT, 1)
    _staged(archive)
    (archive.root / "charts").mkdir()
    (archive.root / "charts" / "view").write_text("x")
    assert dict(archive.walk()) == {
        "FORMAT": 20,
        f"originals/{scan_id[:2]}/{scan_id}": 5,
        f"documents/qx/{DOCUMENT}/v0001/document.pdf": 3,
    }


def test_an_archive_of_a_later_format_is_refused(archive: FileArchive) -> None:
    (archive.root / "FORMAT").chmod(0o640)
    (archive.root / "FORMAT").write_text("scanindex-archive 2\n")
    with pytest.raises(SchemaTooNew):
        archive.initialise()


def test_initialising_again_changes_nothing(archive: FileArchive) -> None:
    archive.put(io.BytesIO(b"kept"))
    before = list(archive.walk())
    FileArchive(archive.root).initialise()
    assert list(archive.walk()) == before


def test_leftovers_of_dead_processes_go_and_work_in_flight_stays(archive: FileArchive) -> None:
    mine = archive.staging()
    code = (
        "import sys; from pathlib import Path; from scanindex.store.archive import FileArchive;"
        "print(FileArchive(Path(sys.argv[1])).staging())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(archive.root)],
        capture_output=True, text=True, check=True, timeout=60, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert Path(done.stdout.strip()).is_dir()
    assert archive.cleanup_tmp() == 1
    assert list((archive.root / "tmp").iterdir()) == [mine]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EACCES, PermissionMissing),
        (errno.EROFS, PermissionMissing),
        (errno.EIO, StorageFailed),
        (errno.ESTALE, StorageFailed),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "rename", "open", "write", "fchmod"])
def test_every_refusal_of_the_system_is_an_error_of_the_table(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch, call: str, number: int, expected: type[Exception]
) -> None:
    """At each step of put; nothing half-written under a final name, and it works afterwards."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, "refused")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(expected):
            archive.put(io.BytesIO(b"payload"))
    assert [name for name, _ in archive.walk()] == ["FORMAT"]
    scan_id, _ = archive.put(io.BytesIO(b"payload"))
    assert archive.path(scan_id).read_bytes() == b"payload"


# --- durability ---------------------------------------------------------------------
class _Trace:
    """Records the calls that decide what survives a power cut, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, str]] = []
        real_fsync, real_rename = os.fsync, os.rename

        def fsync(descriptor: int) -> None:
            self.calls.append(("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
            real_fsync(descriptor)

        def rename(source: Any, target: Any) -> None:
            self.calls.append(("rename", str(target)))
            real_rename(source, target)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "rename", rename)


def test_put_syncs_the_bytes_before_the_name_and_the_name_after(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, (new folder's parent,) rename, folder: in this order and no other."""
    trace = _Trace(monkeypatch)
    scan_id, _ = archive.put(io.BytesIO(b"payload"))
    path = archive.path(scan_id)
    renamed = trace.calls.index(("rename", str(path)))
    before, after = trace.calls[:renamed], trace.calls[renamed + 1 :]
    assert any("/tmp/" in where for kind, where in before if kind == "fsync")
    assert ("fsync", str(path.parent.parent)) in before
    assert after == [("fsync", str(path.parent))]


def test_publish_syncs_every_file_and_both_folders(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = _staged(archive)
    (staged / "record.json").write_text("{}")
    trace = _Trace(monkeypatch)
    place = archive.publish(staged, DOCUMENT, 1)
    renamed = trace.calls.index(("rename", str(place)))
    before = {where for kind, where in trace.calls[:renamed] if kind == "fsync"}
    assert before >= {str(staged / "document.pdf"), str(staged / "record.json"), str(staged)}
    assert before >= {str(place.parent.parent), str(archive.root / "documents")}
    assert trace.calls[renamed + 1 :] == [("fsync", str(place.parent))]


def test_what_a_killed_process_may_not_have_synced_is_synced_again(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are there already, but whoever put them may have died before the last fsync."""
    scan_id, _ = archive.put(io.BytesIO(b"payload"))
    archive.publish(_staged(archive), DOCUMENT, 1)
    fresh = FileArchive(archive.root)
    trace = _Trace(monkeypatch)
    fresh.put(io.BytesIO(b"payload"))
    fresh.publish(_staged(fresh), DOCUMENT, 1)
    synced = {where for kind, where in trace.calls if kind == "fsync"}
    assert synced >= {
        str(fresh.path(scan_id).parent),
        str(fresh.path(scan_id).parent.parent),
        str(fresh.document_folder(DOCUMENT, 1).parent),
    }
