"""What a page's reading amounts to: its kind, its quality, all in the upright frame. Worker-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scanindex.clean import CleanPage
from scanindex.model import (
    Barcode,
    PageKind,
    PageQuality,
    PageRaster,
    PageReading,
    TextSource,
    Word,
)
from scanindex.ocr import barcodes as codes
from scanindex.ocr import blank
from scanindex.ocr.first_look import LEAST_LEAD_LETTERS, UPRIGHT_SHARE, Text, look_at
from scanindex.ocr.picture_print import picture_print
from scanindex.ocr.session import Session
from scanindex.turning import turn_box

FAINT_WRITING_INCHES = 0.12
COARSE_DPI = 100.0
MOST_DARK = 0.7
"""A side with more than that in the dark was not exposed; a small slip on a black bed has less."""


def from_text(
    session: Session, text: Text, words: tuple[Word, ...], found: tuple[Barcode, ...], marks: blank.Marks
) -> PageReading:
    """words: those of `text` on the upright page, as they are to stand."""
    raster = session.raster
    kind = _kind(session, found, text, marks)
    legibility = text.look.legibility if words else None
    if kind is PageKind.CONTENT:
        if not words:
            session.problems.append("no_text")
        elif legibility is not None and legibility < session.settings.legibility_floor:
            session.problems.append("low_legibility")
    turned = (text.rotation_degrees - raster.rotation_degrees) % 360
    width_px, height_px = text.size_px
    return PageReading(
        scan_page_no=raster.scan_page_no,
        kind=kind,
        width_px=width_px,
        height_px=height_px,
        dpi=raster.dpi,
        rotation_degrees=text.rotation_degrees,
        words=() if kind is PageKind.BLANK else words,
        barcodes=_turn_barcodes(found, turned, width_px, height_px),
        quality=_quality(raster, text.page, legibility, text.look.coverage),
        text_source=TextSource.OCR if words else TextSource.NONE,
        engines=_readers(session, text, words),
        other_texts=raster.other_texts,
        problems=tuple(dict.fromkeys(session.problems)),
        stage_seconds=session.seconds,
        picture="" if kind is PageKind.BLANK else picture_print(text.page.pixels, text.extra_turn),
    )


def from_text_layer(
    session: Session, shape: tuple[int, ...], cleaned: CleanPage, found: tuple[Barcode, ...]
) -> PageReading:
    """A born-digital page: its own words are better than any reading of them."""
    raster = session.raster
    words = raster.text_layer or ()
    return PageReading(
        scan_page_no=raster.scan_page_no,
        kind=PageKind.SEPARATOR if codes.is_separator(found, words) else PageKind.CONTENT,
        width_px=shape[1],
        height_px=shape[0],
        dpi=raster.dpi,
        rotation_degrees=raster.rotation_degrees % 360,
        words=words,
        barcodes=found,
        quality=_quality(raster, cleaned, 1.0 if words else None, None),
        text_source=TextSource.TEXT_LAYER if words else TextSource.NONE,
        engines=tuple(dict.fromkeys(word.engine for word in words)),
        other_texts=raster.other_texts,
        problems=tuple(dict.fromkeys(session.problems)),
        stage_seconds=session.seconds,
        picture=picture_print(cleaned.pixels),
    )


def nothing_seen(session: Session, page: Any, turn: int) -> PageReading:
    """Blank if it is a whole picture of bright paper; else its content may be what was lost."""
    if _may_be_blank(session.raster):
        return empty(session, page, PageKind.BLANK, turn)
    session.problems.append("no_text")
    return empty(session, page, PageKind.CONTENT, turn)


def empty(
    session: Session, page: Any, kind: PageKind, turn: int, found: tuple[Barcode, ...] = ()
) -> PageReading:
    """A page without words."""
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
        other_texts=raster.other_texts,
        problems=tuple(dict.fromkeys(session.problems)),
        stage_seconds=session.seconds,
    )


def _may_be_blank(raster: PageRaster) -> bool:
    """Not a damaged picture, which may be white where writing was, nor one that is mostly
    black, nor a huge page so reduced that its writing would be dust."""
    is_damaged = any(not problem.startswith("note:") for problem in raster.problems)
    is_coarse = "note:reduced" in raster.problems and (raster.dpi or 0.0) < COARSE_DPI
    return not is_damaged and not is_coarse and float((raster.pixels < 128).mean()) < MOST_DARK


def _kind(session: Session, found: tuple[Barcode, ...], text: Text, marks: blank.Marks) -> PageKind:
    if codes.is_separator(found, text.words):
        return PageKind.SEPARATOR
    is_faint = marks.strong == 0 and text.look.sure_share < UPRIGHT_SHARE
    if is_faint and not found and _may_be_blank(session.raster):
        # Only faint marks and nothing readable: noise, or the other side shining through.
        is_small = marks.faint_inches < FAINT_WRITING_INCHES
        is_noise = text.look.sure_letters < 3 and is_small and marks.is_faint_scattered
        if is_noise or _reads_mirrored(session, text):
            return PageKind.BLANK
    return PageKind.CONTENT


def _reads_mirrored(session: Session, text: Text) -> bool:
    """The faint print makes more sense from behind."""
    if session.seconds_left() < 1.0:
        return False
    mirrored = replace(text.page, pixels=np.ascontiguousarray(text.page.pixels[:, ::-1]))
    with session.stage("blank"):
        behind = look_at(session, mirrored, text.turn).look
    return behind.sure_letters > 2 * text.look.sure_letters + LEAST_LEAD_LETTERS


def _readers(session: Session, text: Text, words: Sequence[Word]) -> tuple[str, ...]:
    engines, second = session.engines, session.engines.second
    if second is None:
        return (engines.first.name,)
    by_second = any(word.second_text is not None or word.engine == second.name for word in words)
    return (engines.first.name, second.name) if by_second else (engines.first.name,)


def _quality(
    raster: PageRaster, page: CleanPage, legibility: float | None, coverage: float | None
) -> PageQuality:
    return PageQuality(
        dpi=raster.dpi,
        skew_degrees=page.measures.skew_degrees,
        contrast=page.measures.contrast,
        ink_share=page.measures.ink_share,
        legibility=legibility,
        blur=page.measures.blur,
        coverage=None if coverage is None else round(coverage, 3),
    )


def _turn_barcodes(
    found: tuple[Barcode, ...], turn: int, width_px: int, height_px: int
) -> tuple[Barcode, ...]:
    """Barcodes were found before the last turn: `turn` degrees clockwise are missing."""
    return tuple(
        replace(code, box=code.box and turn_box(code.box, turn, width_px, height_px)) for code in found
    )
