"""Values that stand beside or below a label as ink but not as words. Worker-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scanindex.model import Box, Word
from scanindex.ocr.crops import ink_box
from scanindex.ocr.regions import is_below, is_label

REACH_HEIGHTS = 13.0
BELOW_HEIGHTS = 2.4


def find_gaps(words: Sequence[Word], page: Any, most: int) -> list[tuple[Box, int]]:
    """(place of the ink, line number of its label) for labels without a word as value; at most `most`."""
    found: list[tuple[Box, int]] = []
    for place, word in enumerate(words):
        if len(found) >= most:
            break
        if not is_label(word.text) or not _ends_label(words, place) or _has_value(words, place):
            continue
        for area in (_right_of(words, place, page.shape), _below(words, place, page.shape)):
            ink = ink_box(page, area)
            if ink is not None and not any(_overlap(ink, other.box) for other in words):
                found.append((ink, word.line_no))
                break
    return found


def _overlap(one: Box, two: Box) -> bool:
    width = min(one.right_px, two.right_px) - max(one.left_px, two.left_px)
    height = min(one.bottom_px, two.bottom_px) - max(one.top_px, two.top_px)
    return width > 1 and height > 0.2 * (two.bottom_px - two.top_px)


def _ends_label(words: Sequence[Word], place: int) -> bool:
    """Ends like a label, or nothing but white follows it on its line."""
    if words[place].text[-1:] in ":;#":
        return True
    after = words[place + 1] if place + 1 < len(words) else None
    return after is None or after.line_no != words[place].line_no


def _has_value(words: Sequence[Word], place: int) -> bool:
    label = words[place].box
    height = max(1, label.bottom_px - label.top_px)
    for other, word in enumerate(words):
        box = word.box
        if other == place or not any(c.isalnum() for c in word.text):
            continue
        shared = min(box.bottom_px, label.bottom_px) - max(box.top_px, label.top_px)
        is_right = shared > 0.4 * height and -2 <= box.left_px - label.right_px < 6 * height
        if is_right or is_below(box, label):
            return True
    return False


def _right_of(words: Sequence[Word], place: int, shape: tuple[int, ...]) -> Box:
    label = words[place].box
    height = max(1, label.bottom_px - label.top_px)
    right = min(shape[1], round(label.right_px + REACH_HEIGHTS * height))
    for word in words:
        shared = min(word.box.bottom_px, label.bottom_px) - max(word.box.top_px, label.top_px)
        if shared > 0.3 * height and word.box.left_px > label.right_px:
            right = min(right, word.box.left_px)
    return Box(
        left_px=min(round(label.right_px + 0.3 * height), right - 1),
        top_px=max(0, round(label.top_px - 0.5 * height)),
        right_px=right,
        bottom_px=min(shape[0], round(label.bottom_px + 0.4 * height)),
    )


def _below(words: Sequence[Word], place: int, shape: tuple[int, ...]) -> Box:
    """Under the label, where boxed forms have the value; up to the next word that stands there."""
    label = words[place].box
    height = max(1, label.bottom_px - label.top_px)
    top, bottom = label.bottom_px + 1, min(shape[0], round(label.bottom_px + BELOW_HEIGHTS * height))
    left, right = max(0, label.left_px - height), round(label.left_px + REACH_HEIGHTS * height)
    for word in words:
        is_beside = min(word.box.bottom_px, bottom) - max(word.box.top_px, top) > 0.3 * height
        if is_beside and word.box.left_px > label.left_px:
            right = min(right, word.box.left_px)
        elif is_beside:
            left = max(left, min(word.box.right_px, label.left_px))
    return Box(
        left_px=left,
        top_px=min(top, bottom - 1),
        right_px=max(left + 1, min(shape[1], right)),
        bottom_px=bottom,
    )
