"""Pictures of pages for the screens: any page of any scan, upright as it is read, from a cache.

    picture(scan, page, width) → upright turn (catalog, else reading) → cache → drawn by a child

Promises: the picture shows the received original and nothing else, turned as the page's reading
(or a person since) says; a page that is asked for twice at once is drawn once; a page that cannot
be drawn says so, within a bounded time, and is not tried again at once. May run beside the
service and in several processes on one cache. Leaves out who may see it: ask `Access` before.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from scanindex import page_readings
from scanindex.child import LONG_SIDES_PX
from scanindex.errors import (
    InputError,
    NotFound,
    ScanindexError,
    StorageFailed,
    UsageError,
    WorkerLost,
    transient,
)
from scanindex.model import Document, PageKind, Scan, ScanId
from scanindex.picture_cache import Kept, PageKey, PictureCache
from scanindex.ports import PageDrawings
from scanindex.services import Services

Width = Literal["thumb", "screen", "full"]
_TRIES = 3
_REMEMBERED_TURNS = 20_000
_REMEMBERED_FAILURES = 1_000
_UNKNOWN_SECONDS = 10.0
_FAILED_SECONDS = 60.0
"""So long a page that could not be drawn is not tried again: a hostile one would keep all drawers busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    """A picture of a page on disk, readable by the service account only."""

    path: Path
    """May go any moment (the cache is bounded): use `fetch`, or open it at once and ask again."""
    media_type: str
    """image/png or image/jpeg."""
    width_px: int
    height_px: int
    turn: int | None
    """Clockwise turn of the archived picture that it shows; None: as the file itself says, because
    nobody read the page."""
    tag: str
    """Changes when the picture would: for an ETag or a URL. Says nothing about anybody."""


@dataclass(frozen=True, slots=True)
class _Known:
    turn: int | None
    until: float
    """Monotonic; what nobody knows now may be read later without a trace in the catalog."""


class Pictures:
    def __init__(self, cache: PictureCache, drawings: PageDrawings) -> None:
        self._cache = cache
        self._drawings = drawings
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._under_way: dict[PageKey, Future[Kept]] = {}
        self._turns: OrderedDict[tuple[object, ...], _Known] = OrderedDict()
        self._failed: OrderedDict[PageKey, tuple[float, ScanindexError]] = OrderedDict()

    def picture(
        self, scan: Scan, scan_page_no: int, width: Width, turn: int, services: Services
    ) -> PictureFile:
        """Page `scan_page_no` (1-based), turned clockwise by `turn` more than it is upright (0: upright).

        Raises NotFound where the scan has no such page; CorruptFile or WorkerLost where it cannot be
        drawn, and other InputError of a file that does not open; TransientError.
        """
        if width not in LONG_SIDES_PX or turn not in (0, 90, 180, 270):
            raise UsageError("a picture is thumb, screen or full, turned by 0, 90, 180 or 270")
        if not 1 <= scan_page_no <= (scan.page_count or scan_page_no):
            raise NotFound(f"scan {scan.scan_id[:12]} has no page {scan_page_no}")
        upright = self.upright_turn(scan, scan_page_no, services)
        # Nobody knows what is upright: an extra turn is one of the picture as it lies in the file.
        total = (None if turn == 0 else turn) if upright is None else (upright + turn) % 360
        key = PageKey(scan_id=scan.scan_id, scan_page_no=scan_page_no, turn=total, width=width)
        kept = self._cache.get(key) or self._drawn_once(scan, key)
        return PictureFile(
            path=kept.path,
            media_type=kept.media_type,
            width_px=kept.width_px,
            height_px=kept.height_px,
            turn=total,
            tag=f"{scan.scan_id[:16]}-{kept.path.stem}",
        )

    def fetch(
        self, scan: Scan, scan_page_no: int, width: Width, turn: int, services: Services
    ) -> tuple[PictureFile, bytes]:
        """`picture` with its bytes, also where it goes from the cache in between."""
        for _ in range(_TRIES):
            found = self.picture(scan, scan_page_no, width, turn, services)
            try:
                return found, found.path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise transient(error) from None
        raise StorageFailed("pictures of pages go faster than they are made: web.picture_bytes is too small")

    def upright_turn(self, scan: Scan, scan_page_no: int, services: Services) -> int | None:
        """Clockwise turn (0/90/180/270) that makes the archived page upright; None where nobody read it.

        A person's word, else what the catalog noted, else the reading itself.
        """
        if (turn := scan.turn_of(scan_page_no)) is not None:
            return turn
        with services.catalog.read() as unit:
            holders = {no: holder for no, _, holder in unit.pages.of(scan.scan_id)}
            holder = holders.get(scan_page_no)
            document = unit.documents.get(holder) if holder is not None else None
        for facts in document.page_facts if document is not None else ():
            if facts.scan_page_no == scan_page_no and facts.rotation_degrees is not None:
                return facts.rotation_degrees
        return self._turn_as_read(scan, scan_page_no, document, services)

    def forget(self, scan_id: ScanId) -> None:
        """Drop all pictures of a scan and let go of its child; never raises."""
        self._cache.forget(scan_id)
        self._drawings.rest(scan_id)

    def warm_up(self) -> None:
        """Make ready for the first who asks; takes a second or two, never raises."""
        self._drawings.warm_up()

    def interrupt(self) -> None:
        """Give up what is being drawn with `Stopping`; safe from a signal handler."""
        self._drawings.interrupt()

    def close(self) -> None:
        self._drawings.close()

    # --- upright ---------------------------------------------------------------
    def _turn_as_read(
        self, scan: Scan, scan_page_no: int, document: Document | None, services: Services
    ) -> int | None:
        """Kept in memory per version of the document: unpacking its words takes long."""
        version = (document.document_id, document.version, document.filed_version) if document else ()
        key = (scan.scan_id, scan_page_no, version)
        if (known := self._known_turn(key)) is not None:
            return known.turn
        is_filed = document is not None and (document.filed_version is not None or document.readings)
        numbers = document.pages if document is not None and is_filed else (scan_page_no,)
        with self._loading:  # a strip of thumbnails asks for all pages of one document at once
            if (known := self._known_turn(key)) is not None:
                return known.turn
            readings = page_readings.readings_of(scan, services, numbers)
            turns = {
                r.scan_page_no: r.rotation_degrees % 360 for r in readings if r.kind is not PageKind.FAILED
            }
            for number in numbers:
                self._remember((scan.scan_id, number, version), turns.get(number))
        return turns.get(scan_page_no)

    def _known_turn(self, key: tuple[object, ...]) -> _Known | None:
        known = self._turns.get(key)
        return known if known is not None and time.monotonic() < known.until else None

    def _remember(self, key: tuple[object, ...], turn: int | None) -> None:
        until = time.monotonic() + _UNKNOWN_SECONDS if turn is None else math.inf
        self._turns[key] = _Known(turn, until)
        while len(self._turns) > _REMEMBERED_TURNS:
            self._turns.popitem(last=False)

    # --- drawing ---------------------------------------------------------------
    def _drawn_once(self, scan: Scan, key: PageKey) -> Kept:
        with self._lock:
            self._raise_if_it_failed(key)
            mine = self._under_way.get(key) is None
            future = self._under_way.setdefault(key, Future())
        if not mine:
            return future.result()
        try:
            kept = self._draw(scan, key)
        except BaseException as error:
            if isinstance(error, InputError | WorkerLost):
                self._note_failure(key, error)
            future.set_exception(error)
            raise
        finally:
            with self._lock:
                self._under_way.pop(key, None)
        future.set_result(kept)
        return kept

    def _draw(self, scan: Scan, key: PageKey) -> Kept:
        if (kept := self._cache.get(key)) is not None:  # somebody was quicker
            return kept
        small = replace(key, width="thumb")
        widths = [key.width] if key == small or self._cache.get(small) else [key.width, "thumb"]
        with self._cache.work_folder() as folder:
            self._drawings.draw_original(scan, key.scan_page_no, key.turn, widths, folder)
            kept = self._cache.take(folder / key.width, key)
            if "thumb" in widths and key != small:
                self._cache.take(folder / "thumb", small)
        return kept

    def _raise_if_it_failed(self, key: PageKey) -> None:
        until, error = self._failed.get(key, (0.0, None))
        if error is not None and time.monotonic() < until:
            raise type(error)(error.detail)

    def _note_failure(self, key: PageKey, error: ScanindexError) -> None:
        with self._lock:
            self._failed[key] = (time.monotonic() + _FAILED_SECONDS, error)
            while len(self._failed) > _REMEMBERED_FAILURES:
                self._failed.popitem(last=False)
