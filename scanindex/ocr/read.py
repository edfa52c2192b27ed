"""Reads one page with adaptive effort: one cheap pass, more only where that read poorly.

One rasterisation serves the blank test, barcodes, orientation, cleaning, reading
and thumbnail. A page that cannot be read in its time comes back as what could be
told of it, with a problem code; it never raises for the page's sake. Worker-only.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import cv2

from scanindex.clean import CleanPage, likely_dpi, prepare, upright, whiten_scanner_edges
from scanindex.errors import WorkerLost
from scanindex.model import (
    Barcode,
    Box,
    PageKind,
    PageQuality,
    PageRaster,
    PageReading,
    TextSource,
    Word,
)
from scanindex.ocr import barcodes as codes
from scanindex.ocr import blank
from scanindex.ocr.doublekey import read_twice
from scanindex.ocr.engines import Engines
from scanindex.ocr.legibility import Look, find_glyphs, weigh
from scanindex.ocr.merge import merge
from scanindex.ocr.orient import STRONG_AXIS, axis_ratio, best_turn
from scanindex.ocr.tesseract import Layout
from scanindex.settings import OcrSettings


@dataclass(slots=True)
class _Session:
    """Time and findings of one page while it is being read."""

    raster: PageRaster
    settings: OcrSettings
    engines: Engines
    deadline: float
    seconds: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = _cpu_seconds()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + _cpu_seconds() - started, 4)


def _cpu_seconds() -> float:
    times = time.process_time()
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return times + children.ru_utime + children.ru_stime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A reading in the frame of its cleaned pixels."""

    page: CleanPage
    rotation_degrees: int
    words: tuple[Word, ...]
    look: Look


def read_page(raster: PageRaster, settings: OcrSettings, engines: Engines) -> PageReading:
    """All that can be read on the page.

    Deterministic but for time limits. Takes at most about `settings.page_seconds`.
    """
    session = _Session(
        raster=raster,
        settings=settings,
        engines=engines,
        deadline=time.monotonic() + settings.page_seconds,
        problems=[problem for problem in raster.problems],
    )
    container_turn = raster.rotation_degrees % 360
    page = upright(raster.pixels, container_turn)
    dpi = likely_dpi(raster)
    with session.stage("barcode"):
        found = codes.read_barcodes(page, dpi)
    if raster.text_layer is not None:
        return _from_text_layer(session, page, found)
    with session.stage("blank"):
        marks = blank.find_marks(whiten_scanner_edges(page, dpi), dpi)
    if marks.is_empty and not found:
        return _empty(session, page, PageKind.BLANK, container_turn)
    try:
        text = _read_text(session, container_turn)
    except WorkerLost:
        session.problems.append("timeout")
        return _empty(session, page, PageKind.FAILED, container_turn, found)
    return _finish(session, text, found, marks)


def _read_text(session: _Session, container_turn: int) -> _Text:
    raster = session.raster

    @functools.cache
    def cleaned(turn: int) -> CleanPage:
        with session.stage("clean"):
            return prepare(raster, turn, session.settings)

    with session.stage("orient"):
        ratio = axis_ratio(upright(raster.pixels, container_turn), likely_dpi(raster))
    turn = container_turn
    if ratio < 1 / STRONG_AXIS:
        turn = _test_turns(session, container_turn, (90, 270), cleaned)
    text = _look(session, cleaned(turn), turn, Layout.AUTO)
    if text.look.is_poor and text.look.sure_share < 0.6:
        others = (0, 180, 90, 270) if turn == container_turn else (0, 180)
        better = _test_turns(session, container_turn, others, cleaned)
        if better != turn:
            other = _look(session, cleaned(better), better, Layout.AUTO)
            text = max(text, other, key=lambda item: item.look.sure_letters)
    if text.look.is_poor and session.seconds_left() > 1.0:
        sparse = _look(session, text.page, text.rotation_degrees, Layout.SPARSE)
        words = merge(text.words, sparse.words)
        text = replace(text, words=words, look=_weigh(words, text.page))
    return text


def _test_turns(session: _Session, container_turn: int, turns: tuple[int, ...], cleaned: Any) -> int:
    candidates = tuple((container_turn + turn) % 360 for turn in turns)
    with session.stage("orient"):
        best, _ = best_turn(candidates, cleaned, session.engines.first, session.seconds_left)
    return best


def _look(session: _Session, page: CleanPage, turn: int, layout: Layout) -> _Text:
    with session.stage("ocr"):
        words = session.engines.first.read(page.pixels, page.dpi, session.seconds_left(), layout)
        return _Text(page=page, rotation_degrees=turn, words=words, look=_weigh(words, page))


def _weigh(words: tuple[Word, ...], page: CleanPage) -> Look:
    return weigh(words, find_glyphs(page.pixels, page.dpi), page.pixels.shape)


def _finish(
    session: _Session, text: _Text, found: tuple[Barcode, ...], marks: blank.Marks
) -> PageReading:
    raster, page = session.raster, text.page
    words = tuple(replace(word, box=page.box_on_page(word.box)) for word in text.words)
    engines = [session.engines.first.name]
    if session.engines.second is not None and words:
        with session.stage("second"):
            picture = upright(raster.pixels, text.rotation_degrees)
            words = read_twice(words, picture, session.engines.second, session.seconds_left)
        if any(word.second_text is not None for word in words):
            engines.append(session.engines.second.name)
    kind = _kind(found, words, text.look, marks)
    legibility = text.look.legibility if words else None
    if kind is PageKind.CONTENT:
        if not words:
            session.problems.append("no_text")
        elif legibility is not None and legibility < session.settings.legibility_floor:
            session.problems.append("low_legibility")
    turned = (text.rotation_degrees - raster.rotation_degrees) % 360
    return PageReading(
        scan_page_no=raster.scan_page_no,
        kind=kind,
        width_px=page.width_px,
        height_px=page.height_px,
        dpi=raster.dpi,
        rotation_degrees=text.rotation_degrees,
        words=() if kind is PageKind.BLANK else words,
        barcodes=_turn_barcodes(found, turned, page),
        quality=_quality(raster, page, legibility),
        text_source=TextSource.OCR if words else TextSource.NONE,
        engines=tuple(engines),
        problems=tuple(dict.fromkeys(session.problems)),
        stage_seconds=session.seconds,
    )


def _kind(
    found: tuple[Barcode, ...], words: tuple[Word, ...], look: Look, marks: blank.Marks
) -> PageKind:
    if codes.is_separator(found, words):
        return PageKind.SEPARATOR
    if not found and marks.strong == 0 and look.sure_letters < 4:
        # Only faint marks and nothing readable: the other side shining through.
        return PageKind.BLANK
    return PageKind.CONTENT


def _quality(raster: PageRaster, page: CleanPage, legibility: float | None) -> PageQuality:
    return PageQuality(
        dpi=raster.dpi,
        skew_degrees=page.measures.skew_degrees,
        contrast=page.measures.contrast,
        ink_share=page.measures.ink_share,
        legibility=legibility,
    )


def _turn_barcodes(found: tuple[Barcode, ...], turn: int, page: CleanPage) -> tuple[Barcode, ...]:
    """Barcodes were found before the last turn: `turn` degrees clockwise are missing."""
    return tuple(
        replace(code, box=code.box and turn_box(code.box, turn, page.width_px, page.height_px))
        for code in found
    )


def turn_box(box: Box, turn: int, width_px: int, height_px: int) -> Box:
    """`box` after its picture was turned clockwise; width and height after the turn."""
    left, top, right, bottom = box.left_px, box.top_px, box.right_px, box.bottom_px
    if turn == 90:
        left, top, right, bottom = width_px - bottom, left, width_px - top, right
    elif turn == 180:
        left, top, right, bottom = width_px - right, height_px - bottom, width_px - left, height_px - top
    elif turn == 270:
        left, top, right, bottom = top, height_px - right, bottom, height_px - left
    return Box(left_px=left, top_px=top, right_px=right, bottom_px=bottom)


def _from_text_layer(session: _Session, page: Any, found: tuple[Barcode, ...]) -> PageReading:
    """A born-digital page: its own words are better than any reading of them."""
    raster = session.raster
    words = raster.text_layer or ()
    with session.stage("clean"):
        cleaned = prepare(raster, raster.rotation_degrees % 360, session.settings)
    kind = PageKind.SEPARATOR if codes.is_separator(found, words) else PageKind.CONTENT
    return PageReading(
        scan_page_no=raster.scan_page_no,
        kind=kind,
        width_px=page.shape[1],
        height_px=page.shape[0],
        dpi=raster.dpi,
        rotation_degrees=raster.rotation_degrees % 360,
        words=words,
        barcodes=found,
        quality=_quality(raster, cleaned, 1.0 if words else None),
        text_source=TextSource.TEXT_LAYER if words else TextSource.NONE,
        engines=tuple(dict.fromkeys(word.engine for word in words)),
        problems=tuple(dict.fromkeys(session.problems)),
        stage_seconds=session.seconds,
    )


def _empty(
    session: _Session, page: Any, kind: PageKind, turn: int, found: tuple[Barcode, ...] = ()
) -> PageReading:
    raster = session.raster
    return PageReading(
        scan_page_no=raster.scan_page_no,
        kind=kind,
        width_px=page.shape[1],
        height_px=page.shape[0],
        dpi=raster.dpi,
        rotation_degrees=turn,
        words=(),
        barcodes=found,
        quality=PageQuality(
            dpi=raster.dpi,
            skew_degrees=0.0,
            contrast=0.0,
            ink_share=float((page < 128).mean()),
            legibility=None,
        ),
        text_source=TextSource.NONE,
        engines=(),
        problems=tuple(dict.fromkeys(session.problems)),
        stage_seconds=session.seconds,
    )


def thumbnail(raster: PageRaster, rotation_degrees: int, max_px: int) -> bytes:
    """JPEG of the upright page, its longer side at most `max_px`."""
    page = upright(raster.pixels, rotation_degrees)
    scale = min(1.0, max_px / max(page.shape))
    if scale < 1.0:
        size = (max(1, round(page.shape[1] * scale)), max(1, round(page.shape[0] * scale)))
        page = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise ValueError("thumbnail could not be encoded")
    return bytes(data)
