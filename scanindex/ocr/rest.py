"""Reads again, by the first reader alone, what its first pass was not sure of.

A few places are read one by one. Where there are many, the sure words are painted over
and the rest is read as sparse text at another scale: lines that failed among others
often read alone, print that layout analysis took for a picture is found, and since the
sure words cost nothing a second time this wins what a second pass over the whole page
wins for a third of its time. A page that was read well pays next to nothing. Worker-only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from scanindex.clean import CleanPage
from scanindex.errors import WorkerLost
from scanindex.model import Box, Word
from scanindex.ocr.engines import LayoutEngine
from scanindex.ocr.legibility import Glyphs
from scanindex.ocr.merge import merge
from scanindex.ocr.noise import without_noise
from scanindex.ocr.places import moved, places_in_doubt, read_places
from scanindex.ocr.tesseract import Layout

SURE = 0.8
SURE_LETTER = 0.9
LEAST_CONFIDENCE = 0.6
"""Of a word that a second pass may add."""
FEW_PLACES = 24
MOST_PLACES = 80
"""Read one by one at most, even where effort is no matter."""
COARSE_DPI, FINE_DPI = 150.0, 200.0
"""For the rest, whichever is farther from the first pass: what fails at one is often read at the other."""
MARGIN_INCHES = 0.15
LEAST_SECONDS = 1.0


def read_rest(
    words: Sequence[Word],
    page: CleanPage,
    glyphs: Glyphs,
    engine: LayoutEngine,
    effort: str,
    seconds_left: Callable[[], float],
) -> tuple[Word, ...]:
    """`words` with those that a second look at what they leave unsure adds or mends.

    Boxes are pixels of the cleaned page. effort: `ocr.effort`; "fast" looks only once and
    "thorough" reads also many places one by one. What was read so far comes back when
    the time is up.
    """
    found = tuple(words)
    if effort == "fast":
        return found
    # A smudge of a word would stand in the way of what is really there.
    found = without_noise(found)
    places = places_in_doubt(page, glyphs, _sure_boxes(found))
    if len(places) > FEW_PLACES and seconds_left() > LEAST_SECONDS:
        found = merge(found, _likely(_read_as_sparse(found, places, page, engine, seconds_left())))
        places = places_in_doubt(page, glyphs, _sure_boxes(found)) if effort == "thorough" else []
    if places and seconds_left() > LEAST_SECONDS:
        found = merge(found, _likely(read_places(places[:MOST_PLACES], page, engine, seconds_left)))
    return found


def is_sure(word: Word) -> bool:
    length = sum(character.isalnum() for character in word.text)
    return length > 0 and (word.confidence or 0.0) >= (SURE if length > 1 else SURE_LETTER)


def _sure_boxes(words: Sequence[Word]) -> list[Box]:
    return [word.box for word in words if is_sure(word)]


def _likely(words: Iterable[Word]) -> list[Word]:
    return [word for word in words if (word.confidence or 0.0) > LEAST_CONFIDENCE]


def _read_as_sparse(
    words: Sequence[Word], places: Sequence[Box], page: CleanPage, engine: LayoutEngine, seconds: float
) -> tuple[Word, ...]:
    """The rows of the page that hold `places`, without the sure words."""
    margin = round(MARGIN_INCHES * page.dpi)
    top = max(0, min(place.top_px for place in places) - margin)
    rest = page.pixels[top : max(place.bottom_px for place in places) + margin].copy()
    paper = int(np.percentile(page.pixels[::5, ::5], 80))
    for box in _sure_boxes(words):
        rest[max(0, box.top_px - top) : max(0, box.bottom_px - top), box.left_px : box.right_px] = paper
    goal_dpi = COARSE_DPI if page.dpi > (COARSE_DPI + FINE_DPI) / 2 else FINE_DPI
    scale = min(1.3, max(0.75, goal_dpi / page.dpi))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    rest = np.asarray(cv2.resize(rest, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    try:
        found = engine.read(rest, page.dpi * scale, seconds, Layout.SPARSE)
    except WorkerLost:
        return ()
    size = page.pixels.shape[1], page.pixels.shape[0]
    return tuple(replace(word, box=moved(word.box, scale, (0, top), size)) for word in found)
