"""Facts about pictures of pages: how they look, how they are kept, what hostile files can do to them."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from scanindex import app, child, page_readings, pipeline, review
from scanindex.drawing import Drawers
from scanindex.errors import CorruptFile, NotFound, UsageError, WorkerLost
from scanindex.model import (
    DocumentState,
    PageKind,
    Patient,
    PatientId,
    PersonName,
    Preset,
    Scan,
    ScanId,
    ScanState,
)
from scanindex.picture_cache import PageKey, PictureCache, picture_facts
from scanindex.pictures import PictureFile, Pictures
from scanindex.settings import OcrSettings, Settings, WorkersSettings
from scanindex.workers import ProcessWorkers
from tests import picture_tasks as tasks
from tests.crash import stub

pytestmark = pytest.mark.xdist_group("workers")

REPOSITORY = Path(__file__).resolve().parent.parent
TIFF, JPEG, PDF, PNG = "image/tiff", "image/jpeg", "application/pdf", "image/png"
DARK = 80


class Counting(Drawers):
    """The real drawers, counting how often they were asked."""

    asked = 0

    def draw_original(
        self, scan: Scan, scan_page_no: int, turn: int | None, widths: Sequence[str], folder: Path
    ) -> int:
        self.asked += 1
        return super().draw_original(scan, scan_page_no, turn, widths, folder)


class Bench:
    """A workspace with scans that nobody read, and pictures of them."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, workers=WorkersSettings(processes=1, cpu_seconds=20))
        app.initialise(self.settings)
        self.workspace = app.open_workspace(self.settings, make_workers=stub.StubWorkers)
        self.services = self.workspace.services
        self.folder = self.settings.var / "pictures"
        self.cache = PictureCache(self.folder, self.settings.web.picture_bytes)
        self.drawers = Counting(self.settings, self.workspace.archive)
        self.pictures = Pictures(self.cache, self.drawers)

    def scan(self, data: bytes, media_type: str, pages: int | None = 1, **more: Any) -> Scan:
        scan_id, size = self.workspace.archive.put(io.BytesIO(data))
        made = Scan(
            scan_id=scan_id, size_bytes=size, media_type=media_type, name="", preset=Preset(),
            state=ScanState.RECEIVED, page_count=pages, received_at=datetime(2001, 1, 1, tzinfo=UTC), **more,
        )  # fmt: skip
        with self.workspace.catalog.write() as unit:
            unit.scans.add(made)
        return made

    def picture(self, scan: Scan, number: int = 1, width: Any = "screen", turn: int = 0) -> PictureFile:
        return self.pictures.picture(scan, number, width, turn, self.services)

    def close(self) -> None:
        self.pictures.close()
        self.workspace.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def corner(mode: str = "L", size: tuple[int, int] = (300, 400)) -> Image.Image:
    """White paper whose upper left corner is dark."""
    page = Image.new(mode, size, "white")
    ImageDraw.Draw(page).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="black")
    return page


def coded(page: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    page.save(stream, kind, **options)
    return stream.getvalue()


def dark_corner(picture: PictureFile) -> str:
    """Which corner of the picture is dark."""
    with Image.open(picture.path) as shown:
        grey = shown.convert("L")
    right, bottom = grey.width - 3, grey.height - 3
    places = {
        "upper left": (2, 2),
        "upper right": (right, 2),
        "lower right": (right, bottom),
        "lower left": (2, bottom),
    }
    (only,) = [name for name, at in places.items() if int(grey.getpixel(at)) < DARK]  # type: ignore[arg-type]
    return only


# --- how they look -----------------------------------------------------------------------------
@pytest.mark.parametrize(("width", "longer_side"), [("thumb", 256), ("screen", 1400), ("full", 2200)])
def test_a_width_bounds_the_longer_side(bench: Bench, width: str, longer_side: int) -> None:
    """And what is told of the picture is so."""
    scan = bench.scan(coded(corner(size=(2550, 3300)), "TIFF"), TIFF)

    picture = bench.picture(scan, width=width)

    with Image.open(picture.path) as shown:
        assert shown.size == (picture.width_px, picture.height_px)
    assert picture.height_px == longer_side
    assert abs(picture.width_px / picture.height_px - 2550 / 3300) < 0.01


def test_a_picture_is_never_enlarged(bench: Bench) -> None:
    """It would show nothing more."""
    scan = bench.scan(coded(corner(), "PNG"), PNG)

    assert bench.picture(scan, width="full").height_px == 400


def test_a_fax_page_is_a_small_png_of_few_greys(bench: Bench) -> None:
    """Letters without ghosts around them."""
    scan = bench.scan(coded(corner(size=(1728, 2200)).convert("1"), "TIFF", compression="group4"), TIFF)

    picture = bench.picture(scan)

    with Image.open(picture.path) as shown:
        assert (picture.media_type, shown.mode) == ("image/png", "P")
        assert len(shown.convert("L").getcolors() or ()) <= 16


def test_colour_is_kept_and_tinted_paper_is_not(bench: Bench) -> None:
    """A red stamp is red; yellowish paper alone costs no colour channels."""
    red, tinted = corner("RGB"), Image.new("RGB", (300, 400), (250, 246, 232))
    ImageDraw.Draw(red).rectangle((150, 200, 250, 300), fill=(220, 20, 30))

    modes = []
    for page in (red, tinted):
        picture = bench.picture(bench.scan(coded(page, "JPEG", quality=92), JPEG))
        with Image.open(picture.path) as shown:
            modes.append(shown.mode)

    assert modes == ["RGB", "L"]


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG", "PDF", "BMP", "WEBP", "JPEG2000", "GIF"])
def test_every_kind_of_original_is_drawn(bench: Bench, kind: str) -> None:
    """The corner lies where it lies on the page."""
    types = {"PDF": PDF, "JPEG2000": "image/jp2"}
    page = corner("RGB" if kind == "WEBP" else "L", (900, 1200))
    scan = bench.scan(coded(page, kind), types.get(kind, f"image/{kind.lower()}"))

    assert dark_corner(bench.picture(scan)) == "upper left"


@pytest.mark.parametrize(
    ("orientation", "where"), [(1, "upper left"), (6, "upper right"), (3, "lower right"), (2, "upper right")]
)
@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_a_page_that_nobody_read_lies_as_its_file_says(
    bench: Bench, kind: str, orientation: int, where: str
) -> None:
    """Orientation 6 wants a quarter turn, 2 is mirrored (TIFF 6.0, Orientation); mirroring is undone."""
    exif = Image.Exif()
    exif[274] = orientation
    scan = bench.scan(coded(corner(), kind, exif=exif), f"image/{kind.lower()}")

    picture = bench.picture(scan)

    assert (dark_corner(picture), picture.turn) == (where, None)


@pytest.mark.parametrize(
    ("turn", "where"), [(0, "upper left"), (90, "upper right"), (180, "lower right"), (270, "lower left")]
)
def test_a_page_stands_as_a_person_turned_it(bench: Bench, turn: int, where: str) -> None:
    """Clockwise, from the archived picture."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF, turns=((1, turn),))

    assert dark_corner(bench.picture(scan)) == where


def test_turning_a_page_shows_another_picture_at_once(bench: Bench) -> None:
    """What was kept of the old turn is not served, and the tag for browsers differs."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF, turns=((1, 0),))
    before = bench.picture(scan)
    after = bench.picture(dataclasses.replace(scan, turns=((1, 180),)))

    assert (dark_corner(before), dark_corner(after)) == ("upper left", "lower right")
    assert before.tag != after.tag


def test_a_viewer_may_turn_further(bench: Bench) -> None:
    """On top of what is upright."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF, turns=((1, 270),))

    assert dark_corner(bench.picture(scan, turn=180)) == "upper right"


def test_a_page_stands_as_it_was_read(bench: Bench) -> None:
    """The checkpoint of a page in work says how."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    workers = stub.StubWorkers(bench.settings, bench.workspace.archive)
    reading = dataclasses.replace(stub.reading_of("upside down", 1), rotation_degrees=180)
    folder = bench.settings.spool / scan.scan_id
    folder.mkdir()
    child.write_reading(reading, folder / "page-0001.json")

    assert workers.reread_page(scan, 1, fresh=False) == reading
    assert dark_corner(bench.picture(scan)) == "lower right"


@pytest.mark.parametrize(("number", "width", "turn", "error"), [
    (0, "screen", 0, NotFound), (2, "screen", 0, NotFound), (1, "huge", 0, UsageError),
    (1, "thumb", 45, UsageError),
])  # fmt: skip
def test_what_does_not_exist_is_refused(
    bench: Bench, number: int, width: str, turn: int, error: type[Exception]
) -> None:
    """Before anything is drawn."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)

    with pytest.raises(error):
        bench.picture(scan, number, width, turn)
    assert bench.drawers.asked == 0


def test_a_quarantined_scan_that_opens_has_pictures(bench: Bench) -> None:
    """Also where nobody counted its pages; a page beyond its end cannot be drawn."""
    pages = [corner(), corner()]
    data = coded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    scan = dataclasses.replace(bench.scan(data, TIFF, pages=None), state=ScanState.QUARANTINED)

    assert dark_corner(bench.picture(scan, 2)) == "upper left"
    with pytest.raises(CorruptFile):
        bench.picture(scan, 3)


# --- how they are kept -------------------------------------------------------------------------
def test_a_kept_picture_needs_no_child(bench: Bench) -> None:
    """And drawing a screen leaves the thumbnail, too."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    first = bench.picture(scan)

    assert bench.picture(scan) == first
    assert bench.picture(scan, width="thumb").media_type == first.media_type
    assert bench.drawers.asked == 1


def test_a_page_asked_for_twice_at_once_is_drawn_once(bench: Bench) -> None:
    """Both get it."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    together = threading.Barrier(8)

    def ask(_: int) -> PictureFile:
        together.wait()
        return bench.picture(scan)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert bench.drawers.asked == 1


def test_only_the_service_account_reads_them_and_names_tell_nothing(bench: Bench) -> None:
    """Folders 0700, files 0600; names of hashes, numbers and widths."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    path = bench.picture(scan).path

    assert path == bench.folder / scan.scan_id[:2] / scan.scan_id / f"0001-own-screen{path.suffix}"
    assert path.stat().st_mode & 0o777 == 0o600
    assert {p.stat().st_mode & 0o777 for p in (bench.folder, *bench.folder.rglob("*")) if p.is_dir()} == {
        0o700
    }


def test_a_picture_that_goes_while_it_is_fetched_is_drawn_again(bench: Bench) -> None:
    """Another process may make room between the asking and the reading."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    whole = bench.picture(scan).path.read_bytes()
    once = bench.pictures.picture

    def gone(*arguments: Any) -> PictureFile:
        bench.pictures.picture = once  # type: ignore[method-assign]
        found = once(*arguments)
        found.path.unlink()
        return found

    bench.pictures.picture = gone  # type: ignore[method-assign, assignment]

    assert bench.pictures.fetch(scan, 1, "screen", 0, bench.services)[1] == whole


def test_all_of_it_may_be_deleted_at_any_time(bench: Bench) -> None:
    """It is drawn again."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    first = bench.picture(scan)
    for path in sorted(bench.folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    bench.folder.rmdir()

    assert bench.picture(scan) == first
    assert bench.drawers.asked == 2


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-20], lambda data: b"", lambda data: data[:200] + bytes(99)]
)
def test_a_torn_picture_is_drawn_again(bench: Bench, spoil: Callable[[bytes], bytes]) -> None:
    """As a power cut leaves it: without its end."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    path = bench.picture(scan).path
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))

    assert bench.picture(scan).path.read_bytes() == whole


def made_picture(folder: Path) -> Path:
    path = folder / "made.png"
    path.write_bytes(coded(Image.effect_noise((60, 60), 80), "PNG"))
    return path


def key(number: int, digit: str = "a") -> PageKey:
    return PageKey(scan_id=ScanId(digit * 64), scan_page_no=number, turn=0, width="thumb")


def tidied() -> None:
    """Wait for the tidying beside the work that the first picture taken starts."""
    for thread in threading.enumerate():
        if thread.name == "pictures":
            thread.join(10)


def test_what_nobody_looked_at_longest_goes_first(tmp_path: Path) -> None:
    """Down to seven eighths of the room; looking at a picture counts as use."""
    made = made_picture(tmp_path)
    size = made.stat().st_size
    roomy = PictureCache(tmp_path / "kept", 1 << 40)
    for number in range(1, 17):
        os.utime(roomy.take(made, key(number)).path, (number * 1000, number * 1000))
    assert roomy.get(key(1)) is not None  # used now
    tidied()
    tight = PictureCache(tmp_path / "kept", 8 * size)

    left = tight.sweep()

    kept = [number for number in range(1, 17) if tight.get(key(number)) is not None]
    assert left == 7 * size
    assert kept == [1, 11, 12, 13, 14, 15, 16]


def test_leftovers_are_cleared_away(tmp_path: Path) -> None:
    """Foreign names, links, old half-written files and work folders; what is being written stays."""
    made, folder = made_picture(tmp_path), tmp_path / "kept"
    cache = PictureCache(folder, 1 << 40)
    home = cache.take(made, key(1)).path.parent
    tidied()
    wrong = [
        folder / "x.txt",
        home / "name.png",
        home / ".old.part",
        folder / ".work-old",
        home.parent / "odd",
    ]
    for path in wrong[:3]:
        path.write_bytes(b"1")
    for path in wrong[3:]:
        path.mkdir()
    for path in wrong:
        os.utime(path, (1, 1))
    (home / "0002-0-thumb.png").symlink_to(made)
    (home / ".new.part").write_bytes(b"1")

    cache.sweep()

    assert sorted(p.name for p in home.iterdir()) == [".new.part", "0001-0-thumb.png"]
    assert [p.name for p in folder.iterdir()] == [home.parent.name]
    assert made.exists()


def writer(folder: Path, made: Path, limit_bytes: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.picture_tasks", str(folder), str(made), str(limit_bytes)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    return running


def test_a_kill_while_writing_leaves_no_half_picture(tmp_path: Path) -> None:
    """kill -9, five times; and what it leaves is cleared away."""
    made, folder = made_picture(tmp_path), tmp_path / "kept"
    for _ in range(5):
        running = writer(folder, made, 1 << 40)
        running.kill()
        running.wait()
    kept = list(folder.rglob("*.png"))

    assert kept
    assert {path.read_bytes() for path in kept} == {made.read_bytes()}
    later = time.time() - 7200
    for path in folder.rglob("*.part"):
        os.utime(path, (later, later))
    PictureCache(folder, 1 << 40).sweep()
    assert not list(folder.rglob("*.part"))


def test_folders_may_vanish_while_a_picture_is_written(tmp_path: Path) -> None:
    """Another one tidies empty ones away, over and over."""
    made, folder = made_picture(tmp_path), tmp_path / "kept"
    cache, is_over = PictureCache(folder, 1 << 40), threading.Event()

    def tidying() -> None:
        while not is_over.is_set():
            PictureCache(folder, 1 << 40).sweep()

    other = threading.Thread(target=tidying)
    other.start()
    try:
        for _ in range(500):
            cache.take(made, key(1)).path.unlink()
    finally:
        is_over.set()
        other.join()


def test_two_processes_share_one_cache_within_its_room(tmp_path: Path) -> None:
    """Each writes and tidies; nobody stumbles, and what stays is whole and not too much."""
    made, folder = made_picture(tmp_path), tmp_path / "kept"
    limit = 20 * made.stat().st_size
    both = [writer(folder, made, limit) for _ in range(2)]
    mine = PictureCache(folder, limit)
    for number in range(1, 200):
        mine.take(made, key(number))
    assert [process.poll() for process in both] == [None, None]
    for process in both:
        process.kill()
        process.wait()

    while (left := mine.sweep()) < 0:
        """A round that the last pictures set off is still being made."""
    assert 0 < left <= limit
    assert {path.read_bytes() for path in folder.rglob("*.png")} <= {made.read_bytes()}


def test_pictures_are_made_beside_a_running_service(bench: Bench) -> None:
    """The screens run in a process of their own while the service holds the workspace."""
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)
    with app.exclusive(bench.settings):
        picture = bench.workspace.pictures.picture(scan, 1, "screen", 0, bench.services)

    assert dark_corner(picture) == "upper left"


# --- hostile originals ---------------------------------------------------------------------------
def test_what_no_reader_opens_is_said_so(bench: Bench) -> None:
    """An error of the table; no picture, no hang."""
    scan = bench.scan(b"II*\0" + b"\xff" * 400, TIFF)

    with pytest.raises(CorruptFile):
        bench.picture(scan)
    assert not list(bench.folder.rglob("*.*g"))


def test_a_page_that_kills_its_child_is_worker_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice, then it is said, and not tried again at once."""
    monkeypatch.setattr(child, "draw_original", tasks.die)
    scan = bench.scan(coded(corner(), "TIFF"), TIFF)

    for _ in range(3):
        with pytest.raises(WorkerLost):
            bench.picture(scan)
    assert bench.drawers.asked == 1


def test_a_page_that_never_ends_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its child is killed; the next scan is drawn."""
    monkeypatch.setattr(child, "draw_original", tasks.sleep)
    impatient = Counting(bench.settings, bench.workspace.archive, seconds=0.2)
    bench.pictures = Pictures(bench.cache, impatient)
    with pytest.raises(WorkerLost):
        bench.picture(bench.scan(coded(corner(), "TIFF"), TIFF))
    impatient.close()
    monkeypatch.undo()
    bench.pictures = Pictures(bench.cache, bench.drawers)

    assert bench.picture(bench.scan(coded(corner(), "PNG"), PNG)).height_px == 400


@pytest.mark.parametrize("trick", [tasks.leave_link, tasks.leave_page])
def test_a_child_that_was_taken_over_has_nothing_else_served(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, trick: Callable[..., int]
) -> None:
    """Neither another scan's picture through a link, nor anything a browser would run."""
    monkeypatch.setattr(child, "draw_original", trick)
    bench.folder.mkdir()
    (bench.folder / tasks.SECRET).write_bytes(coded(corner(), "PNG"))

    with pytest.raises(CorruptFile):
        bench.picture(bench.scan(coded(corner(), "TIFF"), TIFF))
    assert not list(bench.folder.rglob("*-screen.*"))


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xd9", b"GIF89a", b"\xff\xd8\xff\xe0\0\0\xff\xd9"]
)
def test_what_is_no_picture_of_ours_is_not_taken_for_one(data: bytes) -> None:
    """The parent looks at a few bytes only, and never loops over them."""
    assert picture_facts(data) is None


# --- made while a page is read ---------------------------------------------------------------------
def read(bench: Bench, page: Image.Image) -> tuple[Scan, Any]:
    scan = bench.scan(coded(page, "TIFF"), TIFF)
    quick = dataclasses.replace(bench.settings, ocr=OcrSettings(effort="fast", second_reader=False))
    pool = ProcessWorkers(quick, bench.workspace.archive, None, bench.cache)
    try:
        (reading,) = pool.read_pages(scan, 1)
    finally:
        pool.close()
    return scan, reading


def test_reading_a_page_leaves_its_pictures(bench: Bench) -> None:
    """Screen and thumbnail wait for the first who looks, and the spool holds none."""
    scan, reading = read(bench, corner(size=(850, 1100)))

    assert reading.kind is not PageKind.FAILED
    assert dark_corner(bench.picture(scan)) == dark_corner(bench.picture(scan, width="thumb")) == "upper left"
    assert bench.drawers.asked == 0
    assert not list((bench.settings.spool / scan.scan_id).glob("pictures*"))


def test_a_page_fed_upside_down_is_kept_upright(bench: Bench) -> None:
    """Turned as its reading found it, not as its file says."""
    from PIL import ImageFont

    page = Image.new("L", (1275, 1650), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=34)
    for row in range(22):
        pen.text(
            (110, 320 + 58 * row),
            "The wound is dry and healing well, no fever since Monday.",
            fill=0,
            font=font,
        )
    pen.rectangle((0, 0, 90, 90), fill=0)
    scan, reading = read(bench, page.rotate(180))

    assert reading.rotation_degrees == 180
    assert dark_corner(bench.picture(scan)) == "upper left"
    assert bench.drawers.asked == 0


def test_a_picture_that_cannot_be_drawn_costs_no_page(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room for pictures the page is read all the same."""
    bench.folder.write_bytes(b"a file in the way")

    _, reading = read(bench, corner(size=(850, 1100)))

    assert reading.kind is not PageKind.FAILED


# --- what was read -----------------------------------------------------------------------------------
@pytest.fixture
def stack(bench: Bench) -> Scan:
    """Two documents of one scan that wait for a person."""
    scan = bench.scan(stub.two_documents("7"), PDF, pages=None)
    pipeline.process(scan, bench.services)
    return stored(bench, scan)


def stored(bench: Bench, scan: Scan) -> Scan:
    with bench.workspace.catalog.read() as unit:
        found = unit.scans.get(scan.scan_id)
    assert found is not None
    return found


def settle(bench: Bench, scan: Scan) -> None:
    """File everything of the scan under a patient known from paper."""
    person = Patient(
        patient_id=PatientId(""),
        names=(PersonName(last="OSTERVELD", first="MINKA"),),
        birth_date="1950-02-03",
    )
    patient_id = review.new_patient(person, "user:lou", bench.services)
    for document in review.queue(bench.services):
        settled = review.Settlement(patient_id=patient_id)
        review.accept(document.document_id, document.version, settled, "user:lou", bench.services)
    pipeline.file_proposed(scan, bench.services)


def test_pages_in_review_have_their_words(bench: Bench, stack: Scan) -> None:
    """From the checkpoints; all of them, or those asked for."""
    readings = page_readings.readings_of(stack, bench.services)

    assert [r.scan_page_no for r in readings] == list(range(1, (stack.page_count or 0) + 1))
    assert all(reading.words for reading in readings)
    assert page_readings.readings_of(stack, bench.services, [2]) == readings[1:2]


def test_filed_pages_have_the_same_words(bench: Bench, stack: Scan) -> None:
    """From the archive, once the spool is cleared."""
    before = page_readings.readings_of(stack, bench.services)
    settle(bench, stack)

    assert not (bench.settings.spool / stack.scan_id).exists()
    assert [r.text for r in page_readings.readings_of(stack, bench.services)] == [r.text for r in before]


def test_a_page_that_nobody_kept_a_reading_of_is_left_out(bench: Bench, stack: Scan) -> None:
    """The spool was cleared before anything was filed: no text, and no reading anew by the way."""
    bench.services.workers.forget(stack.scan_id)

    assert page_readings.readings_of(stack, bench.services) == ()
    with bench.workspace.catalog.read() as unit:
        assert unit.documents.all(DocumentState.IN_REVIEW, scan_id=stack.scan_id)


def test_words_follow_a_page_that_a_person_turned(bench: Bench, stack: Scan) -> None:
    """Their boxes lie in the page as it stands now, so marks fit the picture."""
    (before,) = page_readings.readings_of(stack, bench.services, [1])
    turned = dataclasses.replace(stack, turns=((1, 180),))
    (after,) = page_readings.readings_of(turned, bench.services, [1])

    left, top, right, bottom = page_readings.fractions(before.words[0].box, before)
    assert page_readings.fractions(after.words[0].box, after) == pytest.approx(
        (1 - right, 1 - bottom, 1 - left, 1 - top), abs=1e-4
    )
