"""The process pools behind `ports.Workers`.

Limited decoders that serve one scan each, long-lived readers, page checkpoints in the spool. A
child that dies or overruns its time is tried once more; a page that fails twice
becomes a FAILED page of its document (and so goes to review), a file that cannot
even be opened twice is the file's fault.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from scanindex import child
from scanindex.children import ChildFailedError, Crew
from scanindex.errors import (
    ConfigError,
    CorruptFile,
    CrashesReader,
    InputError,
    ScanindexError,
    TransientError,
    VerifyFailed,
    WorkerLost,
    transient,
)
from scanindex.model import (
    Document,
    PageKind,
    PageQuality,
    PageReading,
    Scan,
    ScanId,
    ScanInfo,
    TextSource,
)
from scanindex.picture_cache import PageKey, PictureCache
from scanindex.ports import ArchiveStore
from scanindex.progress import COUNT_FILE
from scanindex.settings import Settings
from scanindex.turning import BY_PERSON

_TRIES = 2
_LOST_SECONDS = 1800.0
"""Time that failing pages of one scan may cost; after that its other unread pages are given up
at once, or one hostile file of 2,000 pages would hold the service for days."""
_PAGES_PER_READER = 300
_CALLS_PER_DECODER = 40
"""Pages of one scan that one decoder opens; what a library leaks stays bounded."""
_ASSEMBLE_SECONDS_PER_PAGE = 20
_TIFF_PAGES_PER_CALL = 25


class ProcessWorkers:
    def __init__(
        self,
        settings: Settings,
        archive: ArchiveStore,
        progress: Callable[[str, int, int], None] | None = None,
        pictures: PictureCache | None = None,
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._progress = progress or (lambda *_: None)
        self._pictures = pictures
        self._is_stopping = threading.Event()
        count = settings.workers.processes or len(os.sched_getaffinity(0))
        crew = partial(Crew, preload=child.PRELOAD, is_stopping=self._is_stopping)
        limits = settings.workers
        self._decoders = crew(
            count,
            _CALLS_PER_DECODER,
            partial(child.start_decoder, limits, _CALLS_PER_DECODER),
            renew=partial(child.renew_decoder, limits),
        )
        self._readers = crew(count, _PAGES_PER_READER, partial(child.start_reader, settings.workers))
        self._lost_seconds: dict[ScanId, float] = {}
        # One page more than readers is decoded ahead: enough to keep them busy,
        # few enough that a 300-page chart does not fill the spool with pixels.
        self._pages = ThreadPoolExecutor(count + 1, thread_name_prefix="page")

    def interrupt(self) -> None:
        """Give up what is under way with `Stopping`; checkpoints stay. Safe from a signal handler."""
        self._is_stopping.set()

    def close(self) -> None:
        """Stop at once; what was under way goes on from its checkpoints another time."""
        self.interrupt()
        self._pages.shutdown(wait=False, cancel_futures=True)
        self._decoders.close()
        self._readers.close()

    # --- ports.Workers -------------------------------------------------------
    def inspect(self, scan: Scan) -> ScanInfo:
        arguments = (self._archive.path(scan.scan_id), scan.media_type, self._settings.pages)
        try:
            found: ScanInfo = _twice(
                lambda: self._decoders.call(
                    child.inspect, arguments, self._decode_seconds, ScanInfo, owner=scan.scan_id
                )
            )
        except WorkerLost:
            raise CrashesReader(f"scan {scan.scan_id[:12]}") from None
        except ChildFailedError as error:
            raise CorruptFile(f"reader raised {error}") from None
        return found

    def read_pages(self, scan: Scan, page_count: int) -> list[PageReading]:
        folder = self._folder(scan.scan_id)
        readings = []
        with contextlib.suppress(OSError):  # for screens only
            (folder / COUNT_FILE).write_text(str(page_count), "ascii")
        numbers = range(1, page_count + 1)
        for reading in self._pages.map(lambda no: self._read_or_load(scan, no, folder), numbers):
            readings.append(reading)
            self._progress(scan.scan_id, len(readings), page_count)
        return readings

    def reread_page(self, scan: Scan, scan_page_no: int, *, fresh: bool = True) -> PageReading:
        folder = self._folder(scan.scan_id)
        if fresh:
            _checkpoint(folder, scan_page_no).unlink(missing_ok=True)
        return self._read_or_load(scan, scan_page_no, folder)

    def assemble(
        self, scan: Scan, document: Document, readings: Sequence[PageReading], staged: Path
    ) -> tuple[str, ...]:
        original = self._archive.path(scan.scan_id)
        arguments = (original, scan.media_type, document, tuple(readings), self._settings.filing, staged)
        seconds = self._decode_seconds + _ASSEMBLE_SECONDS_PER_PAGE * len(document.pages)
        try:
            made: tuple[str, ...] = _twice(
                lambda: self._decoders.call(
                    child.assemble, arguments, seconds, tuple[str, ...], owner=scan.scan_id
                )
            )
        except (ChildFailedError, InputError, VerifyFailed):
            made = self._assemble_again(scan, arguments, seconds)
        return made

    def draw_page(
        self, pdf: Path, page_no: int, places: Sequence[tuple[float, float, float, float]], target: Path
    ) -> None:
        """See `ports.PageViews`."""
        arguments = (pdf, page_no, tuple(places), target)
        try:
            _twice(
                lambda: self._decoders.call(
                    child.draw_page,
                    arguments,
                    self._decode_seconds,
                    tuple[int, int],
                    owner=str(pdf),
                    is_last=True,
                )
            )
        except ChildFailedError as error:
            raise CorruptFile(f"the page cannot be drawn ({error})") from None

    def make_tiff(self, pdf: Path, page_count: int, target: Path) -> None:
        """See `ports.TiffMaker`."""
        partial = target.with_suffix(".partial")
        try:
            made = _twice(lambda: self._tiff(pdf, page_count, partial))
            if made != page_count:
                raise CorruptFile("the filed document has other pages than the catalog says")
            partial.replace(target)
        except ChildFailedError as error:
            raise CorruptFile(f"the document cannot be drawn ({error})") from None
        except OSError as error:
            raise transient(error) from None
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()

    def rest(self, scan_id: ScanId) -> None:
        self._decoders.release(scan_id)

    def forget(self, scan_id: ScanId) -> None:
        self._lost_seconds.pop(scan_id, None)
        shutil.rmtree(self._settings.spool / scan_id, ignore_errors=True)

    # --- inside --------------------------------------------------------------
    @property
    def _decode_seconds(self) -> float:
        return float(self._settings.workers.cpu_seconds) * 1.5

    def _folder(self, scan_id: ScanId) -> Path:
        folder = self._settings.spool / scan_id
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise transient(error) from None
        return folder

    def _read_or_load(self, scan: Scan, scan_page_no: int, folder: Path) -> PageReading:
        checkpoint = _checkpoint(folder, scan_page_no)
        if (known := _load(checkpoint)) is not None and _is_at(known, scan.turn_of(scan_page_no)):
            return known
        reading = None
        started = time.monotonic()
        try:
            if self._lost_seconds.get(scan.scan_id, 0.0) < _LOST_SECONDS:
                self._read(scan, scan_page_no, folder, checkpoint)
                reading = _load(checkpoint)
        except (ScanindexError, ChildFailedError) as error:
            if isinstance(error, TransientError | ConfigError) and not isinstance(error, WorkerLost):
                raise  # the world or the operator must mend something first; the page is not to blame
        if reading is None:
            lost = self._lost_seconds.get(scan.scan_id, 0.0)
            self._lost_seconds[scan.scan_id] = lost + time.monotonic() - started
            reading = failed_page(scan_page_no)
            with contextlib.suppress(OSError):
                child.write_reading(reading, checkpoint)
        return reading

    def _read(self, scan: Scan, scan_page_no: int, folder: Path, checkpoint: Path) -> None:
        pixels = folder / f"pixels-{scan_page_no:04d}.grey"
        original = self._archive.path(scan.scan_id)
        pictures = folder / f"pictures-{scan_page_no:04d}" if self._pictures is not None else None
        decode = (original, scan.media_type, scan_page_no, self._settings.pages, pixels)
        ocr = self._settings.ocr
        if scan.preset.effort is not None:
            ocr = dataclasses.replace(ocr, effort=scan.preset.effort)
        read = (pixels, self._settings.pages.max_pixels, ocr, checkpoint, scan.turn_of(scan_page_no))
        seconds = self._settings.ocr.page_seconds * 1.5
        try:
            turn = self._decode(scan, decode, pictures)
            _twice(lambda: self._readers.call(child.read, read, seconds, None))
            if pictures is not None and turn is not None:
                self._keep_pictures(scan, scan_page_no, turn, checkpoint, pictures)
        finally:
            child.forget_pixels(pixels)
            if pictures is not None:
                shutil.rmtree(pictures, ignore_errors=True)

    def _keep_pictures(self, scan: Scan, scan_page_no: int, turn: int, checkpoint: Path, made: Path) -> None:
        """Pictures for people that the decoder left, into their cache; drawn anew where reading found
        another side up. A picture is never worth a page: it is drawn later where this fails."""
        assert self._pictures is not None
        with contextlib.suppress(OSError, ScanindexError, ChildFailedError):
            reading = _load(checkpoint)
            upright = reading.rotation_degrees % 360 if reading is not None else turn
            widths = child.WIDTHS_AT_READING
            if upright != turn:
                original, pages = self._archive.path(scan.scan_id), self._settings.pages
                arguments = (original, scan.media_type, scan_page_no, pages, upright, widths, made)
                call = partial(self._decoders.call, child.draw_original, arguments, self._decode_seconds, int)
                call(owner=scan.scan_id)
            for width in widths:
                key = PageKey(scan_id=scan.scan_id, scan_page_no=scan_page_no, turn=upright, width=width)
                self._pictures.take(made / width, key)

    def _tiff(self, pdf: Path, page_count: int, partial: Path) -> int:
        """Some pages a call, so that none overruns a child's processor time; one is asked for behind the
        last, to notice more pages than there should be."""
        made = 0
        for first in range(1, page_count + 2, _TIFF_PAGES_PER_CALL):
            last = min(first + _TIFF_PAGES_PER_CALL - 1, page_count + 1)
            made += self._decoders.call(
                child.make_tiff,
                (pdf, partial, first, last),
                self._decode_seconds,
                int,
                owner=str(pdf),
                is_last=last > page_count,
            )
        return made

    def _assemble_again(self, scan: Scan, arguments: Sequence[Any], seconds: float) -> tuple[str, ...]:
        """In a fresh child: what the first one had opened before may have been to blame."""
        try:
            made: tuple[str, ...] = self._decoders.call(
                child.assemble,
                arguments,
                seconds,
                tuple[str, ...],
                owner=f"{scan.scan_id} again",
                is_last=True,
            )
        except ChildFailedError as error:
            raise VerifyFailed(f"writer raised {error}") from None
        return made

    def _decode(self, scan: Scan, arguments: Sequence[Any], pictures: Path | None) -> int | None:
        """The turn of the pictures that were left in `pictures`, if there are any.

        A page that failed may be paying for those its decoder opened before: only what a
        fresh child says of it counts; and that one draws no pictures, which may be to blame too.
        """
        seconds = self._decode_seconds
        first = arguments if pictures is None else (*arguments, pictures)
        try:
            turn: int | None = self._decoders.call(
                child.rasterise, first, seconds, int | None, owner=scan.scan_id
            )
        except (WorkerLost, ChildFailedError, InputError):
            again = f"{scan.scan_id} again"
            self._decoders.call(child.rasterise, arguments, seconds, int | None, owner=again, is_last=True)
            turn = None
        return turn


def _twice(call: Callable[[], Any]) -> Any:
    """The call's result; a lost child may have been another's fault (memory), so it is tried again once."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(WorkerLost):
            return call()
    return call()


def failed_page(scan_page_no: int) -> PageReading:
    """What stands for a page that no child could read."""
    return PageReading(
        scan_page_no=scan_page_no,
        kind=PageKind.FAILED,
        width_px=0,
        height_px=0,
        dpi=None,
        rotation_degrees=0,
        words=(),
        quality=PageQuality(dpi=None, skew_degrees=0, contrast=0, ink_share=0, legibility=None),
        text_source=TextSource.NONE,
        engines=(),
        problems=("unreadable",),
    )


def _checkpoint(folder: Path, scan_page_no: int) -> Path:
    return folder / f"page-{scan_page_no:04d}.json"


def _is_at(reading: PageReading, turn: int | None) -> bool:
    """Whether it was made at the turn that holds now, a person's or the machine's own."""
    if reading.kind is PageKind.FAILED:
        return True
    if turn is None:
        return BY_PERSON not in reading.problems
    return BY_PERSON in reading.problems and reading.rotation_degrees == turn


def _load(checkpoint: Path) -> PageReading | None:
    try:
        return msgspec.json.decode(checkpoint.read_bytes(), type=PageReading)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise transient(error) from None
    except msgspec.MsgspecError:
        return None  # torn by a power cut: the page is read again
