"""Reads the words that look like identifiers a second time, by the second reader.

Two readers that agree are the machine's blind double key. The first reader's text
stays; what the second saw stands beside it, also where it differs. Worker-only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from scanindex.model import Box, Word
from scanindex.ocr.engines import LineReader

MOST_CROPS = 40
MOST_SECONDS = 4.0
NUMBER = re.compile(r"(?=(?:.*\d){4})[A-Z]{0,4}[\dOIlSB|.\-/#:]{4,16}[A-Z]?", re.IGNORECASE)
DATE = re.compile(r"\d{1,2}[/.-](\d{1,2}|[A-Za-z]{3})[/.-]\d{2,4}|\d{4}-\d\d-\d\d")
LABEL = re.compile(
    r"(MRN?|MR#|MED|DOB|D\.?O\.?B\.?|BIRTH|BORN|BIRTHDATE|NAME|PATIENT|PT|CHART|UNIT|HOSP|RECORD|ID|SSN|REC|RE)"
    r"\W*(NO|NUM|NUMBER|#)?\W*",
    re.IGNORECASE,
)
WORDS_AFTER_LABEL = 3


def read_twice(
    words: Sequence[Word],
    page: Any,
    reader: LineReader,
    seconds_left: Callable[[], float],
) -> tuple[Word, ...]:
    """`words` with `second_text` set where they look like identifiers.

    page: the upright page image that the boxes refer to. At most MOST_CROPS words or
    MOST_SECONDS, identifiers near a label first.
    """
    checked = list(words)
    started = seconds_left()
    for index in identifier_words(words)[:MOST_CROPS]:
        if seconds_left() < 1.0 or started - seconds_left() > MOST_SECONDS:
            break
        text, _ = reader.read_lines([crop_line(page, words[index].box)])[0]
        checked[index] = replace(words[index], second_text=text)
    return tuple(checked)


def identifier_words(words: Sequence[Word]) -> list[int]:
    """Places in `words` that look like identifiers, the most telling first."""
    after_label = set()
    for index, word in enumerate(words):
        if not LABEL.fullmatch(word.text):
            continue
        for offset in range(1, WORDS_AFTER_LABEL + 1):
            place = index + offset
            if place < len(words) and words[place].line_no == word.line_no:
                after_label.add(place)
    ranked = []
    for index, word in enumerate(words):
        looks = looks_like_identifier(word.text)
        is_named = index in after_label and sum(c.isalnum() for c in word.text) >= 2
        if (looks or is_named) and not LABEL.fullmatch(word.text):
            ranked.append((0 if looks and is_named else 1 if is_named else 2, index))
    return [index for _, index in sorted(ranked)]


def looks_like_identifier(text: str) -> bool:
    core = text.strip(".,;:()[]|")
    return bool(DATE.fullmatch(core)) or (5 <= len(core) <= 18 and bool(NUMBER.fullmatch(core)))


def crop_line(page: Any, box: Box) -> Any:
    """The word with a rim of paper, so that edge letters are whole."""
    height = box.bottom_px - box.top_px
    rim = max(2, round(0.22 * height))
    top, bottom = max(0, box.top_px - rim), min(page.shape[0], box.bottom_px + rim)
    left, right = max(0, box.left_px - 2 * rim), min(page.shape[1], box.right_px + 2 * rim)
    crop = page[top:bottom, left:right]
    return cv2.copyMakeBorder(
        np.ascontiguousarray(crop), 2, 2, 6, 6, cv2.BORDER_CONSTANT, value=int(np.percentile(crop, 90))
    )
