"""The processes that touch received bytes: limited, replaceable, and gone with the service."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from scanindex import app, child, sandbox, workers
from scanindex.children import ChildFailedError, Crew
from scanindex.demo import charts, paper, people
from scanindex.errors import (
    CorruptFile,
    CrashesReader,
    DiskFull,
    MissingTool,
    Stopping,
    TransientError,
    WorkerLost,
)
from scanindex.model import DocumentState, PageKind, Preset, Scan, ScanState
from scanindex.settings import IntakeSettings, OcrSettings, Settings, WorkersSettings
from scanindex.store.archive import FileArchive
from scanindex.watch import Service
from scanindex.workers import ProcessWorkers
from tests import worker_tasks as tasks

pytestmark = pytest.mark.xdist_group("workers")

REPOSITORY = Path(__file__).resolve().parent.parent
LONG = 60.0
"""Seconds that no call here needs."""


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


MakeCrew = Callable[..., Crew]


@pytest.fixture
def crew_of(stopping: threading.Event) -> Iterator[MakeCrew]:
    made: list[Crew] = []

    def make(calls_each: int = 100, enter: Callable[[], None] = tasks.no_limits) -> Crew:
        made.append(Crew(1, calls_each, enter, preload=("tests.worker_tasks",), is_stopping=stopping))
        return made[-1]

    yield make
    for crew in made:
        crew.close()


def pid_of(crew: Crew) -> int:
    pid: int = crew.call(tasks.who, (), LONG, tuple[int, int])[0]
    return pid


def gone(pids: list[int]) -> bool:
    """Whether the processes end in the next seconds (killing is not instant)."""
    processes = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end while it is looked up
            processes.append(psutil.Process(pid))
    _, alive = psutil.wait_procs(processes, timeout=10)
    return not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


# --- one call ----------------------------------------------------------------------------------
def test_a_result_comes_back_as_its_type(crew_of: MakeCrew) -> None:
    """What the function returned."""
    assert crew_of().call(tasks.add, (2, 3), LONG, int) == 5


def test_a_child_serves_its_number_of_calls(crew_of: MakeCrew) -> None:
    """Two calls each: the third meets another process."""
    crew = crew_of(calls_each=2)
    first, second, third = (pid_of(crew) for _ in range(3))

    assert first == second != third


def test_a_decoder_is_fresh_for_every_call(crew_of: MakeCrew) -> None:
    """One call each: nothing of one file is left when the next is opened."""
    crew = crew_of(calls_each=1)

    assert pid_of(crew) != pid_of(crew)


def test_a_child_serves_one_owner(crew_of: MakeCrew) -> None:
    """Calls of one file share a process; another file never meets it."""
    crew = crew_of()
    pids = [crew.call(tasks.who, (), LONG, tuple[int, int], owner=owner)[0] for owner in ("a", "a", "b", "a")]

    assert pids[0] == pids[1] == pids[3] != pids[2]


def test_the_last_call_of_an_owner_ends_its_child(crew_of: MakeCrew) -> None:
    """Said with the call, or once all is done."""
    crew = crew_of()
    said = crew.call(tasks.who, (), LONG, tuple[int, int], owner="a", is_last=True)[0]
    done = crew.call(tasks.who, (), LONG, tuple[int, int], owner="a")[0]
    crew.release("a")

    assert said != done
    assert gone([said, done])


def test_idle_children_of_many_owners_do_not_pile_up(crew_of: MakeCrew) -> None:
    """The one idle longest goes first."""
    crew = crew_of()
    pids = [crew.call(tasks.who, (), LONG, tuple[int, int], owner=str(n))[0] for n in range(5)]

    assert gone(pids[:2])
    assert psutil.pid_exists(pids[-1])


def test_every_call_has_its_own_processor_time(stopping: threading.Event) -> None:
    """Two calls that each need most of the limit, in one process; the third is beyond all."""
    calls = 2
    crew = Crew(
        1, 100, partial(tasks.limited, calls), preload=(), is_stopping=stopping, renew=tasks.renew_time
    )
    try:
        pids = [crew.call(tasks.work, (0.6,), LONG, int) for _ in range(calls)]
        with pytest.raises(WorkerLost):
            crew.call(tasks.spin, (), LONG, None)
    finally:
        crew.close()

    assert len(set(pids)) == 1


def test_a_child_leads_a_group_of_its_own(crew_of: MakeCrew) -> None:
    """A terminal's Ctrl-C reaches the service only, and all that a child starts can be killed."""
    pid, group = crew_of().call(tasks.who, (), LONG, tuple[int, int])

    assert pid == group != os.getpgrp()


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (tasks.corrupt, CorruptFile),
        (tasks.no_room, DiskFull),
        (tasks.out_of_time, ChildFailedError),
        (tasks.claim_broken_integrity, ChildFailedError),
    ],
)
def test_errors_of_the_table_come_through_unless_they_would_stop_the_service(
    crew_of: MakeCrew, task: Callable[[], None], error: type[Exception]
) -> None:
    """A file's fault and the world's fault pass; a child cannot claim that the archive is broken."""
    with pytest.raises(error):
        crew_of().call(task, (), LONG, None)


def test_control_characters_in_an_error_are_dropped(crew_of: MakeCrew) -> None:
    """What a child tells ends on a terminal."""
    with pytest.raises(CorruptFile, match=r"^xref\[31m$"):
        crew_of().call(tasks.corrupt, (), LONG, None)


def test_what_a_child_prints_goes_nowhere(crew_of: MakeCrew, capfd: pytest.CaptureFixture[str]) -> None:
    """Decoders quote what they cannot read, and the service's output is a log."""
    crew_of().call(tasks.talk, ("a patient's name",), LONG, None)

    assert capfd.readouterr() == ("", "")


# --- children that die, hang, lie or eat -------------------------------------------------------
@pytest.mark.parametrize("task", [tasks.die, tasks.hang])
def test_a_lost_child_is_replaced(crew_of: MakeCrew, task: Callable[[], None]) -> None:
    """The call fails as WorkerLost, the next one is served."""
    crew = crew_of()
    with pytest.raises(WorkerLost):
        crew.call(task, (), 1.0, None)

    assert crew.call(tasks.add, (1, 1), LONG, int) == 2


def test_a_child_that_dies_while_idle_is_nobodys_fault(crew_of: MakeCrew) -> None:
    """The system's memory killer likes large idle processes; the next call must not pay for it."""
    crew = crew_of()
    pid = pid_of(crew)
    os.kill(pid, signal.SIGKILL)
    assert gone([pid])

    assert crew.call(tasks.add, (1, 1), LONG, int) == 2


def test_what_a_hanging_child_started_goes_with_it(crew_of: MakeCrew, tmp_path: Path) -> None:
    """Renderers are programs that a decoder starts; none may run on."""
    with pytest.raises(WorkerLost):
        crew_of().call(tasks.hang_with_a_child, (tmp_path / "told",), 5.0, None)

    assert gone([int(pid) for pid in (tmp_path / "told").read_text().split()])


def test_memory_beyond_the_limit_is_an_ordinary_error(crew_of: MakeCrew) -> None:
    """The child itself says so, and lives."""
    crew = crew_of(enter=tasks.limited)
    pid = pid_of(crew)
    with pytest.raises(ChildFailedError, match="MemoryError"):
        crew.call(tasks.allocate, (tasks.MEMORY_BYTES * 2,), LONG, int)

    assert pid_of(crew) == pid


def test_processor_time_beyond_the_limit_kills(crew_of: MakeCrew) -> None:
    """Long before the wall clock would."""
    with pytest.raises(WorkerLost, match="died"):
        crew_of(enter=tasks.limited).call(tasks.spin, (), LONG, None)


def test_every_limit_is_in_force(crew_of: MakeCrew) -> None:
    """Memory, processor time and size of files are bounded; no core dump would hold a page."""
    found = crew_of(enter=tasks.limited).call(tasks.limits, (), LONG, dict[str, int])

    assert found["RLIMIT_AS"] == tasks.MEMORY_BYTES and found["RLIMIT_CPU"] == tasks.CPU_SECONDS
    assert found["RLIMIT_CORE"] == 0 and 0 < found["RLIMIT_FSIZE"] < 1 << 33 and found["RLIMIT_NOFILE"] == 256


@pytest.mark.skipif(not sandbox.available(), reason="the kernel does not let this account leave the network")
def test_a_limited_child_has_no_network(crew_of: MakeCrew) -> None:
    """Nothing but a loopback interface."""
    assert crew_of(enter=tasks.limited).call(tasks.network_interfaces, (), LONG, list[str]) == ["lo"]


def test_nothing_a_child_sends_is_unpickled(crew_of: MakeCrew, tmp_path: Path) -> None:
    """A decoder that its file has taken over cannot run code in the service."""
    crew = crew_of()
    with pytest.raises(WorkerLost):
        crew.call(tasks.answer_with_a_pickle, (tmp_path / "touched",), LONG, None)

    assert not (tmp_path / "touched").exists()
    assert crew.call(tasks.add, (1, 1), LONG, int) == 2


def test_an_endless_answer_is_cut_off(crew_of: MakeCrew) -> None:
    """More than a megabyte is no answer."""
    with pytest.raises(WorkerLost):
        crew_of().call(tasks.long_text, (3_000_000,), LONG, str)


def test_an_answer_of_another_type_counts_as_lost(crew_of: MakeCrew) -> None:
    """The parent believes only what it asked for."""
    with pytest.raises(WorkerLost):
        crew_of().call(tasks.long_text, (3,), LONG, int)


def test_stopping_ends_a_call_under_way(crew_of: MakeCrew, stopping: threading.Event, tmp_path: Path) -> None:
    """Without waiting for the child."""
    crew, raised = crew_of(), []

    def call() -> None:
        with pytest.raises(Stopping) as caught:
            crew.call(tasks.hang_with_a_child, (tmp_path / "told",), 600.0, None)
        raised.append(caught.value)

    thread = threading.Thread(target=call)
    thread.start()
    assert appears(tmp_path / "told")
    stopping.set()
    thread.join(LONG)

    assert raised


def test_no_child_outlives_a_killed_service(tmp_path: Path) -> None:
    """Not even one that hangs with the interpreter locked, nor the program it started."""
    service = subprocess.Popen(
        [sys.executable, "-m", "tests.worker_tasks", str(tmp_path / "told")], cwd=REPOSITORY
    )
    assert appears(tmp_path / "told")
    pids = [int(pid) for pid in (tmp_path / "told").read_text().split()]
    others = [p.pid for p in psutil.Process(service.pid).children(recursive=True)]
    service.kill()
    service.wait()

    assert set(pids) <= set(others)
    assert gone(others)


def appears(path: Path) -> bool:
    """Whether the file is there within a minute."""
    never = threading.Event()
    return any(path.exists() or never.wait(0.05) for _ in range(1200))


# --- pages -------------------------------------------------------------------------------------
def tiff(*pages: Image.Image) -> bytes:
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], dpi=(150, 150))
    return out.getvalue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(
        home=tmp_path,
        intake=IntakeSettings(settle_seconds=0.0, poll_seconds=0.05, watch_events=False, floor_bytes=0),
        ocr=OcrSettings(second_reader=False),
        workers=WorkersSettings(processes=1, cpu_seconds=20),
    )
    app.initialise(made)
    return made


@pytest.fixture
def pool(settings: Settings) -> Iterator[ProcessWorkers]:
    made = ProcessWorkers(settings, FileArchive(settings.archive))
    yield made
    made.close()


@pytest.fixture
def scan(settings: Settings) -> Scan:
    """Three white pages."""
    data = tiff(*(Image.new("L", (200 + n, 260), 255) for n in range(3)))
    scan_id, size_bytes = FileArchive(settings.archive).put(io.BytesIO(data))
    return Scan(
        scan_id=scan_id,
        size_bytes=size_bytes,
        media_type="image/tiff",
        name="x",
        preset=Preset(),
        state=ScanState.RECEIVED,
        received_at=datetime(2001, 1, 1, tzinfo=UTC),
    )


def kinds(readings: list[Any]) -> list[PageKind]:
    return [reading.kind for reading in readings]


BLANK, FAILED = PageKind.BLANK, PageKind.FAILED


def test_a_page_whose_decoder_dies_twice_fails_alone(
    pool: ProcessWorkers, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other pages are read."""
    monkeypatch.setattr(child, "rasterise", tasks.rasterise_but_the_second)

    assert kinds(pool.read_pages(scan, 3)) == [BLANK, FAILED, BLANK]


def test_a_page_whose_reader_dies_twice_fails(
    pool: ProcessWorkers, scan: Scan, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its pixels do not stay behind."""
    monkeypatch.setattr(child, "read", tasks.die)

    assert kinds(pool.read_pages(scan, 1)) == [FAILED]
    assert not list((settings.spool / scan.scan_id).glob("pixels-*"))


def test_what_a_page_did_to_its_decoder_is_not_the_next_pages_fault(
    pool: ProcessWorkers, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that fails every page after its first: each is read by a fresh one."""
    monkeypatch.setattr(child, "rasterise", tasks.rasterise_once)

    assert kinds(pool.read_pages(scan, 3)) == [BLANK] * 3


def test_a_file_that_kills_its_decoder_twice_is_to_blame(
    pool: ProcessWorkers, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot even be opened: quarantine."""
    monkeypatch.setattr(child, "inspect", tasks.die)

    with pytest.raises(CrashesReader):
        pool.inspect(scan)


def test_pages_read_before_are_not_read_again(
    pool: ProcessWorkers, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints of the pages carry over."""
    before = pool.read_pages(scan, 2)
    monkeypatch.setattr(child, "rasterise", tasks.die)

    assert pool.read_pages(scan, 2) == before


def test_a_torn_checkpoint_is_read_again(pool: ProcessWorkers, scan: Scan, settings: Settings) -> None:
    """A power cut may leave half of one."""
    before = pool.read_pages(scan, 1)
    path = settings.spool / scan.scan_id / "page-0001.json"
    path.write_bytes(path.read_bytes()[:100])

    assert kinds(pool.read_pages(scan, 1)) == kinds(before)


def test_a_full_disk_is_not_the_pages_fault(pool: ProcessWorkers, scan: Scan, settings: Settings) -> None:
    """No room for the pixels: the scan waits, and the page is read once there is."""
    folder = settings.spool / scan.scan_id
    folder.mkdir(parents=True)
    (folder / "pixels-0001.grey").symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        pool.read_pages(scan, 1)

    assert kinds(pool.read_pages(scan, 1)) == [BLANK]


def test_a_service_out_of_processes_waits(
    pool: ProcessWorkers, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No child can be started: no file is blamed for that."""

    def refuse(*_: object, **__: object) -> Any:
        raise BlockingIOError(11, "no more processes")

    monkeypatch.setattr("multiprocessing.context.ForkServerProcess.start", refuse)
    with pytest.raises(TransientError) as caught:
        pool.inspect(scan)

    assert not isinstance(caught.value, WorkerLost)


def test_a_library_that_is_not_installed_stops_the_service(
    pool: ProcessWorkers, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file would fail the same way; none is quarantined for it."""
    monkeypatch.setattr(child, "inspect", tasks.import_what_is_not_there)

    with pytest.raises(MissingTool, match="no_such_library"):
        pool.inspect(scan)


def test_a_scan_of_hanging_pages_is_given_up_after_a_while(
    pool: ProcessWorkers, scan: Scan, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pages were tried, the last one no more; nothing is lost, all go to review."""
    monkeypatch.setattr(child, "rasterise", tasks.note_and_die)
    monkeypatch.setattr(workers, "_LOST_SECONDS", 1e-9)

    assert kinds(pool.read_pages(scan, 3)) == [FAILED] * 3
    tried = (settings.spool / scan.scan_id / "notes").read_text().split()
    assert "1" in tried and "3" not in tried


def test_an_interrupt_ends_reading_and_leaves_no_verdict(
    pool: ProcessWorkers, scan: Scan, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page under way is not failed: the next start reads it."""
    monkeypatch.setattr(child, "rasterise", tasks.note_and_hang)

    def interrupt() -> None:
        appears(settings.spool / scan.scan_id / "notes")
        pool.interrupt()

    waiter = threading.Thread(target=interrupt)
    waiter.start()
    with pytest.raises(Stopping):
        pool.read_pages(scan, 3)
    waiter.join()

    assert not list((settings.spool / scan.scan_id).glob("page-*.json"))


def test_a_failed_page_brings_its_document_to_review(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though page 1 names a patient of the roster twice over: what page 2 says, nobody knows."""
    from scanindex.store.roster_import import import_csv

    person = people.make(3).plain[0]
    page = paper.draw(charts.lab_report(person).pages[0], 150)
    opened = app.open_workspace(settings)
    people.write_roster(people.make(3), settings.var / "roster.csv")
    import_csv(opened.engine, settings.var / "roster.csv", authority="local")
    (settings.inbox / "one.tif").write_bytes(tiff(page))
    (settings.inbox / "two.tif").write_bytes(tiff(page, Image.new("L", page.size, 200)))
    monkeypatch.setattr(child, "rasterise", tasks.rasterise_but_the_second)
    try:
        Service(opened.services, opened.intake, lambda *_: None).run(until_idle=True)
        with opened.catalog.read() as unit:
            states = {len(document.pages): document.state for document in unit.documents.all()}
    finally:
        opened.close()

    assert states == {1: DocumentState.FILED, 2: DocumentState.IN_REVIEW}
