"""Reads one page with adaptive effort: one cheap pass, more only where that read poorly.

One rasterisation serves the blank test, barcodes, orientation, cleaning, reading
and thumbnail. A page that cannot be read in its time comes back as what could be
told of it, with a problem code; it never raises for the page's sake. Worker-only.
"""

from __future__ import annotations

import functools
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

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
from scanindex.ocr.orient import best_turn, downward_share
from scanindex.ocr.tesseract import Layout
from scanindex.settings import OcrSettings

UPRIGHT_SHARE = 0.3
"""Pages upside down never read a quarter of their letters surely, upright ones a third or more."""
LEAST_LEAD_LETTERS = 6
LEAST_EVIDENCE = 2.0
FEW_LETTERS = 60
FAINT_WRITING_INCHES = 0.12
COARSE_DPI = 100.0
MOST_DARK = 0.7
"""A side with more than that in the dark was not exposed; a small slip on a black bed has less."""


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
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return times + children.ru_utime + children.ru_stime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A reading in the frame of its cleaned pixels."""

    page: CleanPage
    turn: int
    """Clockwise turn of the cleaned pixels against the archived picture."""
    words: tuple[Word, ...]
    look: Look
    extra_turn: int = 0
    """Clockwise turn still missing: Tesseract also reads lines that run downwards."""

    @property
    def rotation_degrees(self) -> int:
        return (self.turn + self.extra_turn) % 360


def read_page(raster: PageRaster, settings: OcrSettings, engines: Engines) -> PageReading:
    """All that can be read on the page.

    Deterministic but for time limits. Takes at most about `settings.page_seconds`.
    """
    session = _Session(
        raster=raster,
        settings=settings,
        engines=engines,
        deadline=time.monotonic() + settings.page_seconds,
        problems=list(raster.problems),
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
        return _nothing_seen(session, page, container_turn)
    try:
        text = _read_text(session, container_turn, is_faint=marks.strong == 0)
    except WorkerLost:
        session.problems.append("timeout")
        return _empty(session, page, PageKind.FAILED, container_turn, found)
    return _finish(session, text, found, marks)


def _nothing_seen(session: _Session, page: Any, container_turn: int) -> PageReading:
    """Blank if it is a whole picture of bright paper; else its content may be what was lost."""
    if _may_be_blank(session):
        return _empty(session, page, PageKind.BLANK, container_turn)
    session.problems.append("no_text")
    return _empty(session, page, PageKind.CONTENT, container_turn)


def _may_be_blank(session: _Session) -> bool:
    """Not a damaged picture, which may be white where writing was, nor one that is mostly
    black, nor a huge page so reduced that its writing would be dust."""
    raster = session.raster
    is_damaged = any(not problem.startswith("note:") for problem in raster.problems)
    is_coarse = "note:reduced" in raster.problems and (raster.dpi or 0.0) < COARSE_DPI
    return not is_damaged and not is_coarse and float((raster.pixels < 128).mean()) < MOST_DARK


def _read_text(session: _Session, container_turn: int, is_faint: bool) -> _Text:
    @functools.cache
    def cleaned(turn: int) -> CleanPage:
        with session.stage("clean"):
            return prepare(session.raster, turn % 360, session.settings, is_faint)

    text = _look(session, cleaned(container_turn), container_turn, Layout.AUTO)
    if _may_be_turned(text.look):
        text = _try_other_turns(session, text, cleaned)
    text = _stand_up(session, text, cleaned)
    if text.look.is_poor and session.seconds_left() > 1.0:
        sparse = _look(session, text.page, text.turn, Layout.SPARSE)
        words = merge(text.words, sparse.words)
        text = replace(text, words=words, look=_weigh(words, text.page))
    return text


def _may_be_turned(look: Look) -> bool:
    """A few words can read surely by chance upside down ("SIS NO"), so they need more."""
    is_sparse = look.letters < FEW_LETTERS and look.sure_share < 0.85
    return is_sparse or look.sure_share < UPRIGHT_SHARE


def _try_other_turns(session: _Session, text: _Text, cleaned: Callable[[int], CleanPage]) -> _Text:
    """The best of all turns, for a page that reads like one that stands on its head.

    The opposite turn is a whole reading, since Tesseract's layout analysis finds lines
    that run downwards by itself: the two cover all four turns of an ordinary page. On
    a sparse one it does not, so a band is tried in the other two.
    """
    other = _look(session, cleaned(text.turn + 180), (text.turn + 180) % 360, Layout.AUTO)
    best = _surer(text, other)
    if _may_be_turned(best.look):
        sides = ((text.turn + 90) % 360, (text.turn + 270) % 360)
        with session.stage("orient"):
            side, evidence = best_turn(sides, cleaned, session.engines.first, session.seconds_left)
        if evidence > LEAST_EVIDENCE:
            best = _surer(best, _look(session, cleaned(side), side, Layout.AUTO))
    return best


def _surer(one: _Text, other: _Text) -> _Text:
    """`other` only with a clear lead: an unreadable page stays as its container says."""
    lead = other.look.sure_letters - one.look.sure_letters
    is_surer = other.look.sure_share > one.look.sure_share + 0.1
    return other if lead >= LEAST_LEAD_LETTERS and is_surer else one


def _stand_up(session: _Session, text: _Text, cleaned: Callable[[int], CleanPage]) -> _Text:
    """Turns a page back whose lines were read running downwards."""
    if downward_share(text.words) <= 0.5:
        return text
    turn = (text.turn + 270) % 360
    if text.look.is_poor:
        level = _look(session, cleaned(turn), turn, Layout.AUTO)
        if level.look.sure_letters >= 0.7 * text.look.sure_letters:
            return level
    return replace(text, extra_turn=270)


def _look(session: _Session, page: CleanPage, turn: int, layout: Layout) -> _Text:
    with session.stage("ocr"):
        words = session.engines.first.read(page.pixels, page.dpi, session.seconds_left(), layout)
        return _Text(page=page, turn=turn, words=words, look=_weigh(words, page))


def _weigh(words: tuple[Word, ...], page: CleanPage) -> Look:
    return weigh(words, find_glyphs(page.pixels, page.dpi), page.pixels.shape)


def _finish(session: _Session, text: _Text, found: tuple[Barcode, ...], marks: blank.Marks) -> PageReading:
    raster, page = session.raster, text.page
    words = _on_upright_page(text)
    engines = [session.engines.first.name]
    if session.engines.second is not None and words:
        with session.stage("second"):
            picture = upright(raster.pixels, text.rotation_degrees)
            words = read_twice(words, picture, session.engines.second, session.seconds_left)
        if any(word.second_text is not None for word in words):
            engines.append(session.engines.second.name)
    kind = _kind(session, found, text, marks)
    legibility = text.look.legibility if words else None
    if kind is PageKind.CONTENT:
        if not words:
            session.problems.append("no_text")
        elif legibility is not None and legibility < session.settings.legibility_floor:
            session.problems.append("low_legibility")
    turned = (text.rotation_degrees - raster.rotation_degrees) % 360
    width_px, height_px = _upright_size(text)
    return PageReading(
        scan_page_no=raster.scan_page_no,
        kind=kind,
        width_px=width_px,
        height_px=height_px,
        dpi=raster.dpi,
        rotation_degrees=text.rotation_degrees,
        words=() if kind is PageKind.BLANK else words,
        barcodes=_turn_barcodes(found, turned, width_px, height_px),
        quality=_quality(raster, page, legibility),
        text_source=TextSource.OCR if words else TextSource.NONE,
        engines=tuple(engines),
        problems=tuple(dict.fromkeys(session.problems)),
        stage_seconds=session.seconds,
    )


def _on_upright_page(text: _Text) -> tuple[Word, ...]:
    page = text.page
    width, height = _upright_size(text)
    return tuple(
        replace(word, box=turn_box(page.box_on_page(word.box), text.extra_turn, width, height))
        for word in text.words
    )


def _upright_size(text: _Text) -> tuple[int, int]:
    """Width and height in pixels of the page image once upright."""
    size = text.page.width_px, text.page.height_px
    return size if text.extra_turn % 180 == 0 else size[::-1]


def _kind(session: _Session, found: tuple[Barcode, ...], text: _Text, marks: blank.Marks) -> PageKind:
    if codes.is_separator(found, text.words):
        return PageKind.SEPARATOR
    is_faint = marks.strong == 0 and text.look.sure_share < UPRIGHT_SHARE
    if is_faint and not found and _may_be_blank(session):
        # Only faint marks and nothing readable: noise, or the other side shining through.
        is_small = marks.faint_inches < FAINT_WRITING_INCHES
        is_noise = text.look.sure_letters < 3 and is_small and marks.is_faint_scattered
        if is_noise or _reads_mirrored(session, text):
            return PageKind.BLANK
    return PageKind.CONTENT


def _reads_mirrored(session: _Session, text: _Text) -> bool:
    """The faint print makes more sense from behind."""
    if session.seconds_left() < 1.0:
        return False
    mirrored = replace(text.page, pixels=np.ascontiguousarray(text.page.pixels[:, ::-1]))
    with session.stage("blank"):
        behind = _look(session, mirrored, text.turn, Layout.AUTO).look
    return behind.sure_letters > 2 * text.look.sure_letters + LEAST_LEAD_LETTERS


def _quality(raster: PageRaster, page: CleanPage, legibility: float | None) -> PageQuality:
    return PageQuality(
        dpi=raster.dpi,
        skew_degrees=page.measures.skew_degrees,
        contrast=page.measures.contrast,
        ink_share=page.measures.ink_share,
        legibility=legibility,
    )


def _turn_barcodes(
    found: tuple[Barcode, ...], turn: int, width_px: int, height_px: int
) -> tuple[Barcode, ...]:
    """Barcodes were found before the last turn: `turn` degrees clockwise are missing."""
    return tuple(
        replace(code, box=code.box and turn_box(code.box, turn, width_px, height_px)) for code in found
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
    page: Any = upright(raster.pixels, rotation_degrees)
    scale = min(1.0, max_px / max(page.shape))
    if scale < 1.0:
        size = (max(1, round(page.shape[1] * scale)), max(1, round(page.shape[0] * scale)))
        page = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise ValueError("thumbnail could not be encoded")
    return bytes(data)
