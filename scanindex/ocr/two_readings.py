"""Makes one reading of two of the same line, word by word where they stand.

Promises: every word of the result says which engine read it and, in `second_text`, what
the other saw at its place ("" for nothing). Agreement makes a word surer, difference less
sure. Pure; knows nothing of pictures. Worker-only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from scanindex.agreement import agree
from scanindex.model import Word

SHARED = 0.35
"""Of the narrower of two words: more in common, and both mean the same print."""
FIRST_SURER_BY = 0.05
"""Where the readers differ, the second was right about twice as often at equal confidence."""
LEAST_FIRST_ALONE = 0.85
"""Print that the first reader finds inside a line and the second does not is mostly a rule or a blot."""
LEAST_SECOND_ALONE = 0.5
LEAST_SECOND_LETTER = 0.8
"""For a single character, which ticks and frames look like."""
LEAST_SECOND_DIFFERS = 0.15
DISPUTE = 0.4
"""What the loser's confidence takes from the winner's."""
MOST = 0.99

DATE = re.compile(r"\W*(\d{1,2}[/.,-]\d{1,2}[/.,-]\d{2,4}|\d{4}[/.,-]\d{1,2}[/.,-]\d{1,2})\W*")

_Group = tuple[list[Word], list[Word]]


def settle(first: Sequence[Word], second: Sequence[Word], downwards: bool = False) -> list[Word]:
    """One reading of a line from both, from left to right (top to bottom if `downwards`).

    Words of `second` take the line number of the word they replace, else keep their own.
    """
    return [word for group in _groups(first, second, downwards) for word in _settled(*group)]


def _settled(first: list[Word], second: list[Word]) -> list[Word]:
    if not second:
        return [replace(word, second_text="") for word in first if _sure(word) > LEAST_FIRST_ALONE]
    if not first:
        return [replace(word, second_text="") for word in second if _is_likely_alone(word)]
    least_first, least_second = _least(first), _least(second)
    if agree(_joined(first), _joined(second)) and any(c.isalnum() for c in _joined(first)):
        sure = min(MOST, 1.0 - (1.0 - least_first) * (1.0 - least_second))
        least = min(least_first, least_second)
        return [
            replace(word, confidence=max(sure, _sure(word)), least_confidence=least)
            for word in _agreed(first, second)
        ]
    if least_first > least_second + FIRST_SURER_BY:
        return [_disputed(word, least_second) for word in _beside(first, second)]
    if least_second < LEAST_SECOND_DIFFERS:
        return []
    line_no = first[0].line_no
    return [_disputed(replace(word, line_no=line_no), least_first) for word in _beside(second, first)]


def _agreed(first: list[Word], second: list[Word]) -> list[Word]:
    """Which of two readings with the same characters: the one with more words, since both
    readers rather lose a space than see one, but never a date in pieces; else that with
    the surer punctuation."""
    if len(first) == len(second):
        pairs = list(zip(first, second, strict=True))
        return [_punctuated(*pair) for pair in pairs]
    is_torn = _is_date(second) if len(first) > len(second) else _is_date(first) or _splits_number(second)
    if (len(second) > len(first)) != is_torn:
        return _beside([replace(word, line_no=first[0].line_no) for word in second], first)
    return _beside(first, second)


def _punctuated(one: Word, two: Word) -> Word:
    if one.text == two.text or _sure(one) > _sure(two) + FIRST_SURER_BY:
        return replace(one, second_text=two.text)
    return replace(two, box=one.box, line_no=one.line_no, second_text=one.text)


def _is_date(words: Sequence[Word]) -> bool:
    """A date in digits, in one word."""
    return len(words) == 1 and DATE.fullmatch(words[0].text) is not None


def _splits_number(words: Sequence[Word]) -> bool:
    return any(one.text[-1:].isdigit() and two.text[:1].isdigit() for one, two in pairwise(words))


def _disputed(word: Word, rival: float) -> Word:
    return replace(word, confidence=round(_sure(word) * (1.0 - DISPUTE * rival), 4))


def _beside(kept: Sequence[Word], other: Sequence[Word]) -> list[Word]:
    """`kept`, each with what the other reader saw at its place.

    Where the readers split the same print differently, each word is given its own part
    if the characters are the same, else all that the other saw.
    """
    texts = [word.text for word in other]
    if len(kept) != len(other):
        same = _joined(kept) == _joined(other)
        texts = [word.text if same else " ".join(texts) for word in kept]
    return [replace(word, second_text=text) for word, text in zip(kept, texts, strict=True)]


def _is_likely_alone(word: Word) -> bool:
    length = sum(character.isalnum() for character in word.text)
    return length > 0 and _sure(word) > (LEAST_SECOND_ALONE if length > 1 else LEAST_SECOND_LETTER)


def _joined(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words)


def _least(words: Sequence[Word]) -> float:
    return min(_sure(word) for word in words)


def _sure(word: Word) -> float:
    return 0.5 if word.confidence is None else word.confidence


def _groups(first: Sequence[Word], second: Sequence[Word], downwards: bool) -> list[_Group]:
    """Words of both readings that stand on the same print, along the line."""
    entries = [(*_extent(word, downwards), False, word) for word in first]
    entries += [(*_extent(word, downwards), True, word) for word in second]
    entries.sort(key=lambda entry: entry[:3])
    owner = list(range(len(entries)))
    for one in range(len(entries)):
        for two in range(one + 1, len(entries)):
            if entries[two][0] >= entries[one][1]:
                break
            if entries[one][2] != entries[two][2] and _is_same_print(entries[one], entries[two]):
                joined, absorbed = owner[one], owner[two]
                owner = [joined if place == absorbed else place for place in owner]
    groups: dict[int, _Group] = {}
    for place, (_, _, is_second, word) in enumerate(entries):
        groups.setdefault(owner[place], ([], []))[is_second].append(word)
    return list(groups.values())


def _is_same_print(one: tuple[int, int, bool, Word], two: tuple[int, int, bool, Word]) -> bool:
    shared = min(one[1], two[1]) - max(one[0], two[0])
    return shared > SHARED * min(one[1] - one[0], two[1] - two[0])


def _extent(word: Word, downwards: bool) -> tuple[int, int]:
    box = word.box
    return (box.top_px, box.bottom_px) if downwards else (box.left_px, box.right_px)
