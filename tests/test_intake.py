"""What happens to anything that may lie in an inbox, one round of `Intake.look` at a time."""

from __future__ import annotations

import dataclasses
import errno
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from scanindex import app
from scanindex.errors import ConfigError, PermissionMissing, TransientError
from scanindex.intake import Entry, Intake, decode_path, encode_path, take
from scanindex.intake.listing import UnchangedStream
from scanindex.intake.retire import numbered
from scanindex.model import Scan, ScanState
from scanindex.settings import IntakeSettings, Settings
from tests.crash import stub

SETTLE, INCOMPLETE = 2.0, 600.0


class SteppedClock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 7, 12, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Bench:
    """A workspace and its intake, looked at in steps."""

    def __init__(self, settings: Settings) -> None:
        app.initialise(settings)
        self.settings = settings
        self.inbox = settings.inbox
        self.workspace = app.open_workspace(settings, make_workers=stub.StubWorkers)
        self.clock = SteppedClock()
        self.restart()

    def restart(self) -> None:
        """As after a kill: nothing remembered but what is on disk."""
        self.intake = Intake(self.settings, self.workspace.catalog, self.workspace.archive, self.clock)

    def look(self, after_seconds: float = 0.0) -> int:
        self.clock.seconds += after_seconds
        return self.intake.look().taken

    def take(self) -> int:
        """Two looks, settled in between."""
        return self.look() + self.look(SETTLE)

    @property
    def scans(self) -> list[Scan]:
        with self.workspace.catalog.read() as unit:
            return unit.scans.all()

    @property
    def arrivals(self) -> tuple[int, int]:
        """All, and duplicates among them."""
        with self.workspace.catalog.read() as unit:
            return unit.arrivals.count(), unit.arrivals.count(duplicates_only=True)

    @property
    def left(self) -> list[bytes]:
        """Names in the inbox."""
        return sorted(os.fsencode(path.name) for path in self.inbox.iterdir())

    @property
    def processed(self) -> list[Path]:
        return sorted(p for p in self.settings.processed.rglob("*") if p.is_file())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    limits = IntakeSettings(settle_seconds=SETTLE, incomplete_seconds=INCOMPLETE, floor_bytes=0)
    made = Bench(Settings(home=tmp_path, intake=limits))
    yield made
    made.workspace.close()


def scan_bytes(serial: str) -> bytes:
    return stub.png(stub.page_text(stub.PEOPLE[0], serial))


# --- waiting until it is there -------------------------------------------------
def test_a_file_is_taken_only_after_it_stood_still(bench: Bench) -> None:
    """Not at the first look, and not before the settling time is over."""
    (bench.inbox / "A.png").write_bytes(scan_bytes("1"))
    assert [bench.look(), bench.look(SETTLE / 2), bench.look(SETTLE / 2)] == [0, 0, 1]
    assert bench.left == []


def test_a_growing_file_starts_its_time_anew(bench: Bench) -> None:
    """Each change of size or times puts the taking off."""
    data = stub.two_documents("grow")
    path = bench.inbox / "A.pdf"
    taken = []
    for end in (10, 100, len(data)):
        path.write_bytes(data[:end])
        taken.append(bench.look(SETTLE * 0.9))
    assert taken == [0, 0, 0]
    assert bench.look(SETTLE) == 1
    assert bench.scans[0].size_bytes == len(data)


def test_a_half_written_file_waits_however_long_it_stands_still(bench: Bench) -> None:
    """A scanner that pauses between pages: still and yet not whole. Then the rest comes."""
    data = stub.two_documents("half")
    path = bench.inbox / "A.pdf"
    path.write_bytes(data[: len(data) // 2])
    assert [bench.look(), bench.look(60), bench.look(60)] == [0, 0, 0]
    path.write_bytes(data)
    assert bench.take() == 1
    assert [scan.state for scan in bench.scans] == [ScanState.RECEIVED]


def test_what_stays_incomplete_is_quarantined_with_its_bytes(bench: Bench) -> None:
    """After the limit it is taken over as it is: kept, and not processed."""
    data = stub.two_documents("cut")[:-20]
    (bench.inbox / "A.pdf").write_bytes(data)
    bench.look()
    assert bench.look(INCOMPLETE) == 1
    (scan,) = bench.scans
    assert (scan.state, scan.reason) == (ScanState.QUARANTINED, "incomplete")
    assert bench.workspace.archive.path(scan.scan_id).read_bytes() == data


def test_an_empty_file_that_grows_in_time_is_a_normal_scan(bench: Bench) -> None:
    """Scanners make the name half a minute before the first byte."""
    path = bench.inbox / "A.png"
    path.touch()
    assert [bench.look(), bench.look(30)] == [0, 0]
    path.write_bytes(scan_bytes("2"))
    assert bench.take() == 1
    assert bench.scans[0].state is ScanState.RECEIVED


def test_an_empty_file_that_stays_empty_is_quarantined(bench: Bench) -> None:
    """With the reason, after the limit."""
    (bench.inbox / "A.png").touch()
    bench.look()
    assert bench.look(INCOMPLETE) == 1
    assert bench.scans[0].reason == "empty"


def test_a_part_file_is_left_alone_until_it_gets_its_name(bench: Bench) -> None:
    """`.part` is clutter; renamed it is a new entry and settles from then on."""
    path = bench.inbox / "A.png.part"
    path.write_bytes(scan_bytes("3"))
    assert [bench.look(), bench.look(INCOMPLETE * 2)] == [0, 0]
    path.rename(bench.inbox / "A.png")
    assert bench.take() == 1


def test_unknown_bytes_are_quarantined_whatever_the_name_says(bench: Bench) -> None:
    """A text file named .pdf is kept, with the reason."""
    (bench.inbox / "A.pdf").write_bytes(b"Dear Sirs,\n")
    assert bench.take() == 1
    assert bench.scans[0].reason == "unknown_format"


# --- names ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        b"\xff\xfe\x80.png",
        b"n" * 251 + b".png",
        b"two\nlines.png",
        b"-rf.png",
        b"%s%00.png",
        "ünïcode 病.png".encode(),
    ],
    ids=["not UTF-8", "255 bytes", "newline", "dash", "percent", "unicode"],
)
def test_any_name_is_taken_and_kept_as_data(bench: Bench, name: bytes) -> None:
    """Twice, so that the processed folder must find a second name as well."""
    for serial in ("n1", "n2"):
        (bench.inbox / os.fsdecode(name)).write_bytes(scan_bytes(serial))
        assert bench.take() == 1
    assert bench.left == []
    assert len(bench.processed) == 2
    assert {os.fsencode(decode_path(scan.name)) for scan in bench.scans} == {name}
    assert all(scan.name.isascii() for scan in bench.scans)


def test_encoded_paths_come_back_byte_by_byte() -> None:
    """Every byte that a Linux name may hold."""
    raw = bytes(set(range(1, 256)) - {ord("/")})
    text = encode_path(Path(os.fsdecode(raw)))
    assert text.isprintable()
    assert os.fsencode(decode_path(text)) == raw


def test_a_numbered_name_fits_any_file_system() -> None:
    """The number survives the cut, or two files of one name would meet again."""
    name = numbered("ü" * 255, 12_345)
    assert name.startswith("12345-")
    assert len(os.fsencode(name)) <= 255


def test_a_name_that_is_reused_daily_is_new_each_time(bench: Bench) -> None:
    """SCAN0001.PDF today is not yesterday's; equal bytes would be a duplicate."""
    for serial in ("monday", "tuesday", "monday"):
        (bench.inbox / "SCAN0001.PDF").write_bytes(stub.two_documents(serial))
        assert bench.take() == 1
    assert len(bench.scans) == 2
    assert bench.arrivals == (3, 1)
    assert len(bench.processed) == 3


# --- the moment of letting go ------------------------------------------------------
class Meddling:
    """An archive that lets somebody in right after the bytes are durable."""

    def __init__(self, archive: object, meddle: object) -> None:
        self._archive, self._meddle = archive, meddle

    def put(self, stream: object) -> object:
        done = self._archive.put(stream)  # type: ignore[attr-defined]
        self._meddle()  # type: ignore[operator]
        return done


def meddle(bench: Bench, action: object) -> None:
    """Run `action` once between copying and retiring."""
    actions = [action]
    bench.intake._archive = Meddling(  # type: ignore[assignment]
        bench.workspace.archive,
        lambda: actions.pop()() if actions else None,  # type: ignore[operator]
    )


def test_a_name_reused_before_retirement_is_a_new_arrival(bench: Bench) -> None:
    """The newcomer under the old name is not retired in its predecessor's place."""
    path = bench.inbox / "SCAN0001.PDF"
    path.write_bytes(stub.two_documents("first"))

    def reuse() -> None:
        path.unlink()
        path.write_bytes(stub.two_documents("second"))

    meddle(bench, reuse)
    assert bench.take() == 1
    assert bench.left == [b"SCAN0001.PDF"]
    assert bench.take() == 1
    assert len(bench.scans) == 2


def test_a_name_reused_between_the_two_looks_of_retirement_gets_its_name_back(bench: Bench) -> None:
    """What a kill leaves under our private name, but is not the file that was copied."""
    path = bench.inbox / "SCAN0001.PDF"
    path.write_bytes(stub.two_documents("first"))
    keep_private(bench, path, stub.two_documents("second"))
    assert bench.take() == 1
    assert bench.left == []
    assert len(bench.scans) == 2


def test_a_newcomer_is_given_back_even_if_its_name_was_taken_once_more(bench: Bench) -> None:
    """Three files under one name: none overwrites another, all are taken."""
    path = bench.inbox / "SCAN0001.PDF"
    path.write_bytes(stub.two_documents("first"))
    keep_private(bench, path, stub.two_documents("second"))
    path.write_bytes(stub.two_documents("third"))
    assert bench.take() == 2
    assert len(bench.scans) == 3
    assert bench.left == []


def test_a_kill_while_a_name_is_given_back_is_finished(bench: Bench) -> None:
    """Linked back but not yet unlinked: both names are one file, one of them goes."""
    path = bench.inbox / "SCAN0001.PDF"
    path.write_bytes(stub.two_documents("first"))
    private = keep_private(bench, path, stub.two_documents("second"))
    os.link(private, path)
    assert bench.take() == 1
    assert bench.left == []
    assert bench.arrivals == (2, 0)


def keep_private(bench: Bench, path: Path, data: bytes) -> Path:
    """As if killed after the first rename, with other bytes behind the private name."""
    real = bench.intake._retirer
    bench.intake._retirer = Unwilling()  # type: ignore[assignment]
    assert bench.take() == 1
    bench.intake._retirer = real
    path.unlink()
    private = path.with_name(".scanindex-retiring-1")
    private.write_bytes(data)
    bench.restart()
    return private


class Unwilling:
    """Retires nothing, as if the service had been killed just before."""

    def retire_all(self) -> frozenset[tuple[str, str]]:
        return frozenset()

    def purge_processed(self, now: datetime) -> None:
        pass


def test_a_file_that_changes_while_it_is_copied_is_not_kept(bench: Bench) -> None:
    """No half-written original ever gets a name in the archive."""
    path = bench.inbox / "A.pdf"
    path.write_bytes(stub.two_documents("before"))
    bench.look()
    bench.clock.seconds += SETTLE
    (entry,) = bench.intake._settings.inbox.iterdir()
    os.utime(entry, ns=(1, 1))  # between listing and opening: other times, so another file
    assert bench.intake.look().taken == 0
    assert bench.scans == []
    assert bench.take() == 1


def test_a_file_that_vanishes_is_nobodys_problem(bench: Bench) -> None:
    """Gone between two looks: nothing recorded, the others go on."""
    (bench.inbox / "A.png").write_bytes(scan_bytes("gone"))
    (bench.inbox / "B.png").write_bytes(scan_bytes("stays"))
    bench.look()
    (bench.inbox / "A.png").unlink()
    assert bench.look(SETTLE) == 1
    assert len(bench.scans) == 1


def test_an_entry_that_cannot_be_moved_is_taken_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only inbox: said aloud, but not a new arrival at every look."""
    (bench.inbox / "A.png").write_bytes(scan_bytes("stuck"))
    bench.look()
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.parent == bench.inbox:
            raise PermissionError
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        assert bench.look(SETTLE) == 1
        assert [bench.look(SETTLE), bench.look(SETTLE)] == [0, 0]
        assert isinstance(bench.intake.look().problem, PermissionMissing)
    bench.look()
    assert bench.left == []
    assert bench.arrivals == (1, 0)


# --- what is no scan ---------------------------------------------------------------
def test_links_pipes_sockets_and_folders_are_never_read(bench: Bench, tmp_path: Path) -> None:
    """Counted as refused; the file behind the link stays where it is."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(scan_bytes("secret"))
    (bench.inbox / "link.png").symlink_to(secret)
    os.mkfifo(bench.inbox / "pipe.png")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(bench.inbox / "s.png"))
    (bench.inbox / "folder.png").mkdir()
    (bench.inbox / "good.png").write_bytes(scan_bytes("good"))
    assert bench.take() == 1
    assert bench.intake.look().refused == 3
    assert len(bench.scans) == 1
    assert secret.exists()
    listener.close()


def test_devices_are_refused(bench: Bench) -> None:
    """Where a test may make one."""
    try:
        os.mknod(bench.inbox / "null.png", 0o20666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("needs the right to make a device")
    assert bench.take() == 0
    assert bench.intake.look().refused == 1


def test_a_sparse_giant_is_refused(bench: Bench) -> None:
    """A hole of a gigabyte is not copied."""
    with (bench.inbox / "big.pdf").open("wb") as stream:
        stream.truncate(1 << 30)
    assert bench.take() == 0
    assert bench.intake.look().refused == 1


def test_clutter_is_ignored(bench: Bench) -> None:
    """Neither taken nor refused nor touched."""
    names = [".DS_Store", "Thumbs.db", "~$letter.doc", "a.tmp", "b.part", ".hidden"]
    for name in names:
        (bench.inbox / name).write_bytes(b"x")
    assert bench.take() == 0
    assert bench.intake.look().refused == 0
    assert len(bench.left) == len(names)


def test_a_scan_in_a_sub_folder_is_taken_with_its_place(bench: Bench) -> None:
    """The relative folder is its source."""
    folder = bench.inbox / "ward 3" / "monday"
    folder.mkdir(parents=True)
    (folder / "A.png").write_bytes(scan_bytes("deep"))
    assert bench.take() == 1
    assert bench.scans[0].preset.source == "ward 3/monday"


def test_too_deep_a_folder_shows_as_refused(bench: Bench) -> None:
    """Nothing in it is taken, and that is visible."""
    folder = bench.inbox.joinpath(*"abcdefghijkl")
    folder.mkdir(parents=True)
    (folder / "A.png").write_bytes(scan_bytes("pit"))
    assert bench.take() == 0
    assert bench.intake.look().refused == 1


# --- one bad entry never stops the others --------------------------------------------
def test_a_broken_preset_holds_only_its_folder_back(bench: Bench) -> None:
    """Its scans wait; after mending they go the same way."""
    bad = bench.inbox / "bad"
    bad.mkdir()
    (bad / "preset.toml").write_text("document_type = 7")
    (bad / "A.png").write_bytes(scan_bytes("held"))
    (bench.inbox / "B.png").write_bytes(scan_bytes("free"))
    assert bench.take() == 1
    assert isinstance(bench.intake.look().problem, ConfigError)
    (bad / "preset.toml").unlink()
    assert bench.take() == 1


def test_a_pipe_for_a_preset_does_not_stop_the_intake(bench: Bench) -> None:
    """Opening it for reading would wait for a writer for ever."""
    bad = bench.inbox / "bad"
    bad.mkdir()
    os.mkfifo(bad / "preset.toml")
    (bad / "A.png").write_bytes(scan_bytes("piped"))
    (bench.inbox / "B.png").write_bytes(scan_bytes("open"))
    assert bench.take() == 1


class BadSector(UnchangedStream):
    """The disk's answer for one of the files."""

    def __init__(self, stream: BinaryIO, entry: Entry) -> None:
        super().__init__(Failing() if entry.path.name == "A.png" else stream, entry)  # type: ignore[arg-type]


class Failing:
    def read(self, size: int) -> bytes:
        raise OSError(errno.EIO, "bad sector")


def test_an_unreadable_file_does_not_stop_the_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad sector under one entry: it stays, the next one is taken."""
    (bench.inbox / "A.png").write_bytes(scan_bytes("sector"))
    (bench.inbox / "B.png").write_bytes(scan_bytes("fine"))
    bench.look()
    with monkeypatch.context() as patch:
        patch.setattr(take, "UnchangedStream", BadSector)
        assert bench.look(SETTLE) == 1
    assert bench.left == [b"A.png"]
    assert bench.take() == 1


def test_a_missing_inbox_is_waited_for(bench: Bench) -> None:
    """The share is gone: an error that says "later", and all goes on when it is back."""
    aside = bench.inbox.with_name("away")
    bench.inbox.rename(aside)
    with pytest.raises(TransientError):
        bench.intake.look()
    aside.rename(bench.inbox)
    (bench.inbox / "A.png").write_bytes(scan_bytes("back"))
    assert bench.take() == 1


def test_intake_waits_while_the_disk_is_below_its_floor(bench: Bench) -> None:
    """Nothing is copied; the reason is told; afterwards the same file is taken."""
    high = dataclasses.replace(bench.settings.intake, floor_bytes=1 << 60)
    (bench.inbox / "A.png").write_bytes(scan_bytes("floor"))
    mended = bench.settings
    bench.settings = dataclasses.replace(mended, intake=high)
    bench.restart()
    assert bench.take() == 0
    assert bench.intake.look().problem is not None
    bench.settings = mended
    bench.restart()
    assert bench.take() == 1


def test_an_oversize_file_is_kept_but_not_opened(bench: Bench) -> None:
    """Quarantined by its size alone."""
    small = dataclasses.replace(bench.settings.intake, max_bytes=100)
    bench.settings = dataclasses.replace(bench.settings, intake=small)
    bench.restart()
    (bench.inbox / "A.png").write_bytes(scan_bytes("large"))
    assert bench.take() == 1
    assert bench.scans[0].reason == "oversize"


# --- afterwards -------------------------------------------------------------------
def test_retired_entries_are_purged_after_their_days(bench: Bench) -> None:
    """Not before; and an odd folder in between stops nothing."""
    (bench.inbox / "A.png").write_bytes(scan_bytes("old"))
    bench.take()
    (day,) = bench.settings.processed.iterdir()
    (bench.settings.processed / "2001-01-01" / "sub").mkdir(parents=True)
    bench.look(86_400 * 29)
    assert day.exists()
    bench.look(86_400 * 3)
    assert not day.exists()


def test_retired_entries_can_be_removed_instead(bench: Bench) -> None:
    """`intake.retire = "remove"`: the archive holds the only copy then."""
    remove = dataclasses.replace(bench.settings.intake, retire="remove")
    bench.settings = dataclasses.replace(bench.settings, intake=remove)
    bench.restart()
    (bench.inbox / "A.png").write_bytes(scan_bytes("away"))
    assert bench.take() == 1
    assert bench.left == []
    assert bench.processed == []
