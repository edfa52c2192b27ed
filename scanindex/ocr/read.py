"""Reads one page with adaptive effort: one cheap pass, more only where that read poorly.

One rasterisation serves the blank test, barcodes, orientation, cleaning, reading
and thumbnail. A page that cannot be read in its time comes back as what could be
told of it, with a problem code; it never raises for the page's sake. Worker-only.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import cv2

from scanindex.clean import likely_dpi, prepare, upright, whiten_scanner_edges
from scanindex.errors import WorkerLost
from scanindex.model import Barcode, PageKind, PageRaster, PageReading, Word
from scanindex.ocr import blank, result
from scanindex.ocr.barcodes import read_barcodes
from scanindex.ocr.doublekey import read_twice
from scanindex.ocr.engines import Engines
from scanindex.ocr.facing import read_leaves
from scanindex.ocr.first_look import UPRIGHT_SHARE, Text, as_told, first_look
from scanindex.ocr.noise import without_noise
from scanindex.ocr.rest import read_rest
from scanindex.ocr.second_look import improve
from scanindex.ocr.session import Session
from scanindex.settings import OcrSettings
from scanindex.turning import BY_PERSON, turned


def read_page(
    raster: PageRaster, settings: OcrSettings, engines: Engines, turn: int | None = None
) -> PageReading:
    """All that can be read on the page.

    turn: clockwise turn of the archived picture that a person found upright; None: found out
    here. Deterministic but for time limits. Takes at most about `settings.page_seconds`; when
    those are up the best reading so far comes back.
    """
    if turn is None:
        return _read_page(raster, settings, engines, None)
    reading = turned(_read_page(raster, settings, engines, turn), turn)
    return replace(reading, problems=(*reading.problems, BY_PERSON))


def _read_page(raster: PageRaster, settings: OcrSettings, engines: Engines, turn: int | None) -> PageReading:
    session = Session(
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
        found = read_barcodes(page, dpi)
    if raster.text_layer is not None:
        with session.stage("clean"):
            cleaned = prepare(raster, container_turn, settings)
        return result.from_text_layer(session, page.shape, cleaned, found)
    with session.stage("blank"):
        marks = blank.find_marks(whiten_scanner_edges(page, dpi), dpi, raster.is_bilevel)
    if marks.is_empty and not found:
        return result.nothing_seen(session, page, container_turn)
    try:
        text = _read_text(session, container_turn, turn, is_faint=marks.strong == 0)
    except WorkerLost:
        session.problems.append("timeout")
        return result.empty(session, page, PageKind.FAILED, container_turn, found)
    return _finish(session, text, found, marks)


def _read_text(session: Session, container_turn: int, turn: int | None, is_faint: bool) -> Text:
    is_told = turn is not None
    text = as_told(session, turn or 0, is_faint) if is_told else first_look(session, container_turn, is_faint)
    picture = upright(session.raster.pixels, text.turn)

    def look_again(leaf: Text, pixels: Any) -> Text:
        return _look_again(session, leaf, pixels, is_faint)

    return read_leaves(session, text, is_faint, look_again) or look_again(text, picture)


def _look_again(session: Session, text: Text, picture: Any, is_faint: bool) -> Text:
    """With the words that a second look adds or mends.

    picture: the page before cleaning, turned as `text` is. Not for what may be shining
    through, nor for lines that still run downwards.
    """
    if text.extra_turn or (is_faint and text.look.sure_share < UPRIGHT_SHARE):
        return text
    second, effort = session.engines.second, session.settings.effort
    if second is None:
        with session.stage("ocr"):
            words = read_rest(
                text.words, text.page, text.glyphs, session.engines.first, effort, session.seconds_left
            )
    else:
        with session.stage("second"):
            words = improve(text.words, text.page, text.look, second, effort, session.seconds_left, picture)
    return text.with_words(words)


def _finish(session: Session, text: Text, found: tuple[Barcode, ...], marks: blank.Marks) -> PageReading:
    words = _double_keyed(session, text)
    return result.from_text(session, text, without_noise(words), found, marks)


def _double_keyed(session: Session, text: Text) -> tuple[Word, ...]:
    """The words on the upright page, identifiers read by the second reader too."""
    words, second = text.on_upright_page(), session.engines.second
    if second is None or not words:
        return words
    with session.stage("second"):
        picture = upright(session.raster.pixels, text.rotation_degrees)
        return read_twice(words, picture, second, session.seconds_left, session.settings.effort)


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
