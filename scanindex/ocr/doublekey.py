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

MOST_CROPS = 30
MOST_SECONDS = 3.0
IDENTIFIER = re.compile(r"[A-Z]{0,4}[\dOIlSB|]{4,14}[A-Z]?", re.IGNORECASE)
"""Applied without the punctuation that groups digits."""
MEASURE = re.compile(r"\d*\.\d+.*|\d{1,2}:\d\d.*|<.*")
"""Laboratory values, ranges and times of day: many on a page, and nobody's identifier."""
DATE = re.compile(r"\d{1,2}[/.-](\d{1,2}|[A-Za-z]{3})[/.-]\d{2,4}|\d{4}-\d\d-\d\d")
JOINED_NAME = re.compile(r"[A-Z][A-Za-z'-]+,[A-Z][A-Za-z'-]+")
LABEL = re.compile(
    r"(MRN?|MR#|MED|DOB|D\.?O\.?B\.?|BIRTH|BORN|BIRTH-?DATE|B'?DAY|NAME|PATIENT|PT|CHART|UNIT|HOSP|HOSPITAL"
    r"|RECORD|REC|ID|SSN|RE)\W*(NO|NUM|NUMBER)?\W*",
    re.IGNORECASE,
)
WORDS_AFTER_LABEL = 4


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
    named = _named_by_label(words)
    ranked = []
    for index, word in enumerate(words):
        if LABEL.fullmatch(word.text):
            continue
        looks = looks_like_identifier(word.text)
        if looks or index in named:
            ranked.append((0 if looks and index in named else 1 if index in named else 2, index))
    return [index for _, index in sorted(ranked)]


def _named_by_label(words: Sequence[Word]) -> set[int]:
    """Places of the words that stand after or right below a label, and start like a value."""
    labels = [index for index, word in enumerate(words) if LABEL.fullmatch(word.text)]
    named: set[int] = set()
    for place in labels:
        after = range(place + 1, min(len(words), place + 1 + WORDS_AFTER_LABEL))
        named.update(index for index in after if words[index].line_no == words[place].line_no)
        below = [index for index, word in enumerate(words) if _is_below(word.box, words[place].box)]
        named.update(below[:WORDS_AFTER_LABEL])
    return {index for index in named if _starts_like_value(words[index].text)}


def _is_below(box: Box, label: Box) -> bool:
    height = label.bottom_px - label.top_px
    gap = box.top_px - label.bottom_px
    aside = box.left_px - label.left_px
    return -0.3 * height < gap < 2.2 * height and -height < aside < 12 * height


def _starts_like_value(text: str) -> bool:
    letters = [character for character in text if character.isalnum()]
    return len(letters) >= 2 and (letters[0].isdigit() or letters[0].isupper())


def looks_like_identifier(text: str) -> bool:
    """A date, a run of digits of an identifier's length, or LAST,FIRST."""
    core = text.strip(".,;:()[]|")
    if DATE.fullmatch(core) or JOINED_NAME.fullmatch(core):
        return True
    if MEASURE.fullmatch(core) or sum(character.isdigit() for character in core) < 4:
        return False
    plain = re.sub(r"[-#/. ]", "", core)
    return len(plain) >= 5 and IDENTIFIER.fullmatch(plain) is not None


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
