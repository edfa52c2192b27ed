"""The event log: nothing added twice, nothing lost, every change noticed."""

from __future__ import annotations

import json
import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanindex.errors import DiskFull, IntegrityError
from scanindex.model import DocumentId, Event, ScanId
from scanindex.store import event_log
from scanindex.store.event_log import EventLog

NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)


def _events(first: int, last: int) -> list[Event]:
    return [
        Event(
            seq=seq,
            at=NOW,
            actor="machine",
            kind="filed",
            scan_id=ScanId("ab" * 32),
            document_id=DocumentId("qx2k") if seq % 2 else None,
            payload={"note": "Zoë\u2028 \u00a0", "n": seq, "nested": {"b": [1, 2.5, None], "a": True}},
        )
        for seq in range(first, last + 1)
    ]


def _segments(root: Path) -> list[Path]:
    return sorted((root / "events").glob("*.jsonl"))


def test_events_come_back_as_they_were(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.append(_events(1, 5))
    assert list(log.read()) == _events(1, 5)
    assert (log.last_seq(), log.verify()) == (5, [])


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.append([])
    assert (log.last_seq(), list(log.read()), log.verify()) == (0, [], [])


def test_events_already_there_are_skipped(tmp_path: Path) -> None:
    """The catalog appends again after a crash, not knowing what arrived."""
    EventLog(tmp_path).append(_events(1, 5))
    EventLog(tmp_path).append(_events(1, 8))
    assert list(EventLog(tmp_path).read()) == _events(1, 8)


def test_events_out_of_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        EventLog(tmp_path).append([*_events(2, 2), *_events(1, 1)])


def test_segments_rotate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by their first event; the chain runs across them."""
    monkeypatch.setattr(event_log, "SEGMENT_EVENTS", 10)
    log = EventLog(tmp_path)
    log.append(_events(1, 15))
    log.append(_events(16, 31))
    assert [p.name for p in _segments(tmp_path)] == [
        "000000000001.jsonl", "000000000011.jsonl", "000000000021.jsonl", "000000000031.jsonl",
    ]  # fmt: skip
    assert (log.verify(), len(list(log.read()))) == ([], 31)


@pytest.mark.parametrize("kept_bytes", [1, 40, 200])
def test_a_line_cut_short_is_undone_and_written_again(tmp_path: Path, kept_bytes: int) -> None:
    """What a kill in the middle of the write leaves."""
    EventLog(tmp_path).append(_events(1, 3))
    segment = _segments(tmp_path)[0]
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:2]) + lines[2][:kept_bytes])
    log = EventLog(tmp_path)
    assert (log.last_seq(), len(list(log.read())), log.verify()) == (2, 2, [])
    log.append(_events(3, 4))
    assert list(log.read()) == _events(1, 4)


def test_blocks_zeroed_by_a_power_cut_are_set_aside(tmp_path: Path) -> None:
    """The file grew, one block never came: from there on it is written again from the catalog."""
    EventLog(tmp_path).append(_events(1, 6))
    segment = _segments(tmp_path)[0]
    data = segment.read_bytes()
    third = sum(len(line) for line in data.splitlines(keepends=True)[:2])
    segment.write_bytes(data[: third + 20] + bytes(300) + data[third + 320 :])
    log = EventLog(tmp_path)
    log.append(_events(1, 7))
    assert list(log.read()) == _events(1, 7)
    assert len(list((tmp_path / "events" / "torn").iterdir())) == 1


def _tamper(segment: Path, number: int, change: str) -> None:
    lines = segment.read_text("utf-8").split("\n")[:-1]
    if change == "edit":
        value = json.loads(lines[number])
        value["actor"] = "user:somebody"
        lines[number] = json.dumps(value)
    elif change == "remove":
        del lines[number]
    elif change == "repeat":
        lines.insert(number, lines[number])
    elif change == "swap":
        lines[number], lines[number - 1] = lines[number - 1], lines[number]
    else:
        lines[number] = "not json"
    segment.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize("change", ["edit", "remove", "repeat", "swap", "junk"])
@pytest.mark.parametrize("number", [1, 4, 8])
def test_tampering_is_named_by_its_place(tmp_path: Path, change: str, number: int) -> None:
    """A line edited, removed, repeated, moved or replaced, anywhere but behind the end."""
    log = EventLog(tmp_path)
    log.append(_events(1, 10))
    _tamper(_segments(tmp_path)[0], number, change)
    assert any("events/000000000001.jsonl line" in problem for problem in log.verify())
    with pytest.raises(IntegrityError):
        list(log.read())


def test_a_missing_segment_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "SEGMENT_EVENTS", 10)
    log = EventLog(tmp_path)
    log.append(_events(1, 30))
    _segments(tmp_path)[1].unlink()
    assert log.verify() != []


def test_an_edited_last_line_is_not_continued(tmp_path: Path) -> None:
    """Never write on over a broken end."""
    log = EventLog(tmp_path)
    log.append(_events(1, 3))
    segment = _segments(tmp_path)[0]
    segment.write_bytes(segment.read_bytes().replace(b'"n":3', b'"n":4'))
    with pytest.raises(IntegrityError):
        log.append(_events(4, 4))


def test_the_head_proves_what_was_cut_off(tmp_path: Path) -> None:
    """A shortened log is whole in itself; number and hash kept elsewhere tell."""
    log = EventLog(tmp_path)
    log.append(_events(1, 5))
    head = log.head()
    segment = _segments(tmp_path)[0]
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:3]))
    assert log.verify() == [] and log.head() != head


def test_a_full_disk_is_reported_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = EventLog(tmp_path)
    log.append(_events(1, 2))

    def refuse(_: int) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(DiskFull):
            log.append(_events(3, 3))
    log.append(_events(3, 4))
    assert list(log.read()) == _events(1, 4)


def _append_many(root: str) -> None:
    log = EventLog(Path(root))
    for last in range(1, 13):
        log.append(_events(1, last))


def test_two_processes_keep_one_chain(tmp_path: Path) -> None:
    """By the lock file: each sees what the other wrote."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(str(tmp_path),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    log = EventLog(tmp_path)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert (log.verify(), [event.seq for event in log.read()]) == ([], list(range(1, 13)))


def test_a_new_segment_s_name_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes of a file without a durable name are lost at power-off."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    EventLog(tmp_path).append(_events(1, 1))
    place = synced.index(str(_segments(tmp_path)[0]))
    assert str(tmp_path / "events") in synced[place:]
