"""Children that draw pages of originals for people, behind `ports.PageDrawings`.

Apart from those that read: somebody waits for these, so they are few, not nice, and give up
sooner. As everywhere a child sees one scan only; its death is a normal result.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from scanindex import child
from scanindex.children import ChildFailedError, Crew
from scanindex.errors import CorruptFile, WorkerLost
from scanindex.model import Scan, ScanId
from scanindex.ports import ArchiveStore
from scanindex.settings import Settings

_CHILDREN = 2
_CALLS_EACH = 40
_CPU_SECONDS = 20
_SECONDS = 30.0
_QUICK_SECONDS = 5.0
"""A child that was lost sooner is replaced once; nobody waits twice for the time to run out."""


class Drawers:
    def __init__(self, settings: Settings, archive: ArchiveStore, seconds: float = _SECONDS) -> None:
        self._settings = settings
        self._archive = archive
        self._seconds = seconds
        allowed = settings.workers.cpu_seconds or _CPU_SECONDS
        limits = dataclasses.replace(settings.workers, nice=0, cpu_seconds=min(_CPU_SECONDS, allowed))
        self._is_stopping = threading.Event()
        self._crew = Crew(
            _CHILDREN,
            _CALLS_EACH,
            partial(child.start_decoder, limits, _CALLS_EACH),
            preload=child.PRELOAD,
            is_stopping=self._is_stopping,
            renew=partial(child.renew_decoder, limits),
        )

    def draw_original(
        self, scan: Scan, scan_page_no: int, turn: int | None, widths: Sequence[str], folder: Path
    ) -> int:
        """See `ports.PageDrawings`."""
        arguments = (
            self._archive.path(scan.scan_id),
            scan.media_type,
            scan_page_no,
            self._settings.pages,
            turn,
            tuple(widths),
            folder,
        )
        call = partial(self._crew.call, child.draw_original, arguments, self._seconds, int)
        started = time.monotonic()
        try:
            try:
                return int(call(owner=scan.scan_id))
            except (WorkerLost, ChildFailedError, CorruptFile):
                if time.monotonic() - started > _QUICK_SECONDS:
                    raise
            # What the first one had opened before may have been to blame.
            return int(call(owner=f"{scan.scan_id} again", is_last=True))
        except ChildFailedError as error:
            raise CorruptFile(f"the page cannot be drawn ({error})") from None

    def rest(self, scan_id: ScanId) -> None:
        """Let go of the child that is kept ready for this scan."""
        self._crew.release(scan_id)

    def warm_up(self) -> None:
        """Start the fork server, so that the first who waits does not wait for that; never raises."""
        with suppress(Exception):
            self._crew.call(_nothing, (), self._seconds, None, is_last=True)

    def interrupt(self) -> None:
        self._is_stopping.set()

    def close(self) -> None:
        self._crew.close()


def _nothing() -> None:
    """For a child that is only to be started."""
