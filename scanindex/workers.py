"""The process pools behind `ports.Workers`.

Fresh limited decoders, long-lived readers, page checkpoints in the spool. A
child that dies or overruns its time is tried once more; a page that fails twice
becomes a FAILED page of its document (and so goes to review), a file that cannot
even be opened twice is the file's fault.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any

import msgspec
from pebble import ProcessExpired, ProcessPool

from scanindex import child
from scanindex.errors import (
    ConfigError,
    CorruptFile,
    CrashesReader,
    InputError,
    ScanindexError,
    Stopping,
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
from scanindex.ports import ArchiveStore
from scanindex.settings import Settings

_TRIES = 2
_STOP_LOOK_SECONDS = 0.5
_PAGES_PER_READER = 300
_ASSEMBLE_SECONDS_PER_PAGE = 20


class ProcessWorkers:
    def __init__(
        self,
        settings: Settings,
        archive: ArchiveStore,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._progress = progress or (lambda *_: None)
        self._is_stopping = threading.Event()
        count = settings.workers.processes or len(os.sched_getaffinity(0))
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(child.PRELOAD)
        self._decoders = ProcessPool(
            max_workers=count,
            max_tasks=1,
            initializer=child.start_decoder,
            initargs=[settings.workers],
            context=context,
        )
        self._readers = ProcessPool(
            max_workers=count,
            max_tasks=_PAGES_PER_READER,
            initializer=child.start_reader,
            initargs=[settings.workers],
            context=context,
        )
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
        for pool in (self._decoders, self._readers):
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    # --- ports.Workers -------------------------------------------------------
    def inspect(self, scan: Scan) -> ScanInfo:
        arguments = (self._archive.path(scan.scan_id), scan.media_type, self._settings.pages)
        try:
            found: ScanInfo = self._call(self._decoders, child.inspect, arguments, self._decode_seconds)
        except WorkerLost:
            raise CrashesReader(f"scan {scan.scan_id[:12]}") from None
        except ScanindexError:
            raise
        except Exception as error:
            raise CorruptFile(f"reader raised {type(error).__name__}") from None
        return found

    def read_pages(self, scan: Scan, page_count: int) -> list[PageReading]:
        folder = self._folder(scan.scan_id)
        readings = []
        numbers = range(1, page_count + 1)
        for reading in self._pages.map(lambda no: self._read_or_load(scan, no, folder), numbers):
            readings.append(reading)
            self._progress(scan.scan_id, len(readings), page_count)
        return readings

    def reread_page(self, scan: Scan, scan_page_no: int) -> PageReading:
        folder = self._folder(scan.scan_id)
        _checkpoint(folder, scan_page_no).unlink(missing_ok=True)
        return self._read_or_load(scan, scan_page_no, folder)

    def assemble(
        self, scan: Scan, document: Document, readings: Sequence[PageReading], staged: Path
    ) -> tuple[str, ...]:
        original = self._archive.path(scan.scan_id)
        arguments = (original, scan.media_type, document, tuple(readings), self._settings.filing, staged)
        seconds = self._decode_seconds + _ASSEMBLE_SECONDS_PER_PAGE * len(document.pages)
        try:
            return tuple(self._call(self._decoders, child.assemble, arguments, seconds))
        except ScanindexError:
            raise
        except Exception as error:
            raise VerifyFailed(f"writer raised {type(error).__name__}") from None

    def forget(self, scan_id: ScanId) -> None:
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
        if (known := _load(checkpoint)) is not None:
            return known
        try:
            self._read(scan, scan_page_no, folder, checkpoint)
            reading = _load(checkpoint)
        except WorkerLost:
            reading = None
        except (TransientError, ConfigError):
            raise  # the world or the operator must mend something first; the page is not to blame
        except Exception:  # whatever a decoder makes of hostile bytes is this page's failure
            reading = None
        if reading is None:
            reading = failed_page(scan_page_no)
            with contextlib.suppress(OSError):
                child.write_reading(reading, checkpoint)
        return reading

    def _read(self, scan: Scan, scan_page_no: int, folder: Path, checkpoint: Path) -> None:
        pixels = folder / f"pixels-{scan_page_no:04d}.grey"
        original = self._archive.path(scan.scan_id)
        arguments = (original, scan.media_type, scan_page_no, self._settings.pages, pixels)
        self._call(self._decoders, child.rasterise, arguments, self._decode_seconds)
        self._call(
            self._readers,
            child.read,
            (pixels, self._settings.pages.max_pixels, self._settings.ocr, checkpoint),
            self._settings.ocr.page_seconds * 1.5,
        )

    def _call(
        self, pool: ProcessPool, function: Callable[..., Any], arguments: Sequence[Any], seconds: float
    ) -> Any:
        """The function's result from a child, tried again once if the child is lost."""
        for _ in range(_TRIES):
            if self._is_stopping.is_set():
                raise Stopping()
            try:
                return self._result(pool.schedule(function, args=list(arguments), timeout=seconds))
            except (ProcessExpired, FutureTimeout):
                continue
            except CancelledError:
                raise Stopping() from None
            except InputError:
                raise
            except OSError as error:
                raise transient(error) from None
        raise Stopping() if self._is_stopping.is_set() else WorkerLost()

    def _result(self, future: Future[Any]) -> Any:
        """The future's result, given up within moments when the service stops."""
        while not wait([future], timeout=_STOP_LOOK_SECONDS).done:
            if self._is_stopping.is_set():
                future.cancel()
                raise Stopping()
        return future.result()


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


def _load(checkpoint: Path) -> PageReading | None:
    try:
        return msgspec.json.decode(checkpoint.read_bytes(), type=PageReading)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        return None  # torn by a power cut: the page is read again
