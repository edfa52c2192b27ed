"""Where identifiers stand on a page, as runs of words worth reading twice. Worker-only.

Looks for the values of identifier labels (right of them, below them; labels themselves
may be misread by a character), dates, record numbers, "LAST, FIRST", and what stands in
the page's head. Says nothing about what a value means: extraction does that.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from scanindex.agreement import characters
from scanindex.model import Box, Word

MEASURE = re.compile(r"\d*\.\d+.*|\d{1,2}:\d\d.*|<.*")
"""Laboratory values, ranges and times of day: many on a page, and nobody's identifier."""
DATE = re.compile(
    r"\d{1,2}([/.-])(\d{1,2}|[A-Za-z]{3})\1\d{2,4}|\d{4}([-/.])\d\d?\3\d\d?|\d{1,2}[A-Za-z]{3}\d{2,4}"
)
MONTH = re.compile(r"(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,6}\W*", re.IGNORECASE)
DAY, YEAR = re.compile(r"\d{1,2}[,.;]?"), re.compile(r"[12]\d{3}\W*")
DAY_OR_YEAR = re.compile(r"\d{1,2}\W*|[12]\d{3}\W*")
JOINED_NAME = re.compile(r"[A-Z][A-Za-z'-]+[,.][A-Z][A-Za-z'-]*")
LAST_COMMA = re.compile(r"[A-Z][A-Za-z'’-]+,")
CAPITAL = re.compile(r"[A-Z][A-Za-z'’-]*[.,]?")
LABEL = re.compile(
    r"(MRN?|MR#|MED|DOB|D\.?O\.?B\.?|BIRTH|BORN|BIRTH-?DATE|B'?DAY|NAME|PATIENT|PT|CHART|UNIT|HOSP|HOSPITAL"
    r"|RECORD|REC|ID|SSN|RE|LAST|FIRST|SURNAME)\W*(NO|NUM|NUMBER|NAME)?\W*",
    re.IGNORECASE,
)
GLUED = re.compile(r"(.{2,20}?)[:#=]+(?=\w)(.{3,})")
_FUZZY_LABELS = ("BIRTH", "BIRTHDATE", "PATIENT", "CHART", "RECORD", "HOSPITAL", "NAME", "SURNAME")
_FUZZY_SHORT = ("DOB", "MRN")
"""Forgiven a character only where a colon follows."""
_FUNCTION_WORDS = re.compile(
    "A|AN|AND|AS|AT|BY|FOR|HE|IN|IS|IT|NO|NOT|OF|ON|OR|SHE|THE|THIS|TO|WAS|WITH", re.IGNORECASE
)
WORDS_AFTER_LABEL = 4
HEAD_SHARE = 0.17
JOIN_HEIGHTS = 1.2
TOUCH_HEIGHTS, GLUED_HEIGHTS = 0.6, 0.15
DOUBTFUL = 0.6
"""A word of less confidence may be a misread piece of the number beside it."""
LONGEST_HEIGHTS = 14.0
"""A longer crop would be squeezed by the recogniser or cost too much."""


class Rank(enum.IntEnum):
    """Which regions are read first where time is short."""

    LABELLED_LOOK = 0
    """Follows a label and looks like an identifier."""
    LABELLED = 1
    GAP = 2
    """A label with ink but no word where its value belongs."""
    LOOK = 3
    """Looks like an identifier without a label."""
    NAME = 4
    """LAST, FIRST without a label."""
    DOUBT = 5
    """Read with little confidence: an identifier would not be known from its look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Words of one line, left to right, by their places on the page."""

    places: tuple[int, ...]
    rank: Rank


def find_regions(words: Sequence[Word], height_px: int) -> tuple[Region, ...]:
    """Runs of words to be read twice, the most telling first."""
    ranks = dict(_ranks(words, height_px))
    for near in (_initials, _touching):
        ranks.update(dict(near(words, ranks)))
    regions = [
        Region(places=run, rank=min(ranks[place] for place in run if place in ranks))
        for run in _runs(words, ranks)
    ]
    return tuple(sorted(regions, key=lambda region: (region.rank, region.places)))


def identifier_words(words: Sequence[Word], height_px: int = 0) -> list[int]:
    """Places in `words` that are worth reading twice, the most telling first."""
    return [place for region in find_regions(words, height_px) for place in region.places]


def _ranks(words: Sequence[Word], height_px: int) -> Iterator[tuple[int, Rank]]:
    named = _named_by_label(words)
    for place, word in enumerate(words):
        if is_label(word.text):
            continue
        looks = looks_like_identifier(word.text)
        if place in named:
            yield place, Rank.LABELLED_LOOK if looks else Rank.LABELLED
        elif looks:
            yield place, Rank.LOOK
        elif _is_doubtful(word) and _is_wide(word):
            yield place, Rank.DOUBT
    for place in _written_dates(words):
        yield place, Rank.LABELLED_LOOK if place in named else Rank.LOOK
    for place in (*_unlabelled_names(words), *_head_words(words, height_px)):
        if place not in named:
            yield place, Rank.NAME


def is_label(text: str) -> bool:
    """A word of an identifier's label, or one character off."""
    if LABEL.fullmatch(text):
        return True
    key = re.sub(r"[^A-Za-z0-9]", "", text).upper()
    if len(key) >= 4 and any(OSA.distance(key, known) <= 1 for known in _FUZZY_LABELS):
        return True
    return (
        text[-1:] in ":;#" and len(key) == 3 and any(OSA.distance(key, known) <= 1 for known in _FUZZY_SHORT)
    )


def looks_like_identifier(text: str) -> bool:
    """A date, a run of digits of an identifier's length, or LAST,FIRST; a label may be glued to it."""
    if glued := GLUED.fullmatch(text):
        return looks_like_identifier(glued[2]) or is_label(glued[1] + ":")
    core = text.strip(".,;:()[]|")
    if DATE.search(core) or JOINED_NAME.fullmatch(core):
        return True
    if MEASURE.fullmatch(core):
        return False
    # Whatever else stands between the digits: a misread number is what this is for.
    return len(characters(core)) >= 5 and sum(character.isdigit() for character in core) >= 4


def _named_by_label(words: Sequence[Word]) -> set[int]:
    """Places of the words that stand after or right below a label, and start like a value."""
    named: set[int] = set()
    for place in [index for index, word in enumerate(words) if is_label(word.text)]:
        after = range(place + 1, min(len(words), place + 1 + WORDS_AFTER_LABEL))
        named.update(index for index in after if words[index].line_no == words[place].line_no)
        below = [index for index, word in enumerate(words) if is_below(word.box, words[place].box)]
        named.update(below[:WORDS_AFTER_LABEL])
    return {
        index
        for index in named
        if _starts_like_value(words[index].text)
        or (_is_doubtful(words[index]) and len(characters(words[index].text)) > 1)
    }


def _is_doubtful(word: Word) -> bool:
    return word.confidence is not None and word.confidence < DOUBTFUL


def is_below(box: Box, label: Box) -> bool:
    height = label.bottom_px - label.top_px
    gap = box.top_px - label.bottom_px
    aside = box.left_px - label.left_px
    return -0.3 * height < gap < 2.2 * height and -height < aside < 12 * height


def _starts_like_value(text: str) -> bool:
    letters = characters(text)
    first = next((c for c in text if c.isalnum()), "")
    if len(letters) < 2 or _FUNCTION_WORDS.fullmatch(text):
        return False
    return first.isdigit() or first.isupper()


def _is_wide(word: Word) -> bool:
    """Wide enough for an identifier, and of more than specks."""
    height = word.box.bottom_px - word.box.top_px
    return word.box.right_px - word.box.left_px > 2 * height and len(characters(word.text)) > 2


def _written_dates(words: Sequence[Word]) -> Iterator[int]:
    """A day and a year beside each other, and the word before them: a month, however it was read."""
    for place in range(1, len(words) - 1):
        day, year = words[place], words[place + 1]
        if DAY.fullmatch(day.text) and YEAR.fullmatch(year.text) and day.line_no == year.line_no:
            yield from (place, place + 1)
            if words[place - 1].line_no == day.line_no:
                yield place - 1
    for place, word in enumerate(words):
        if MONTH.fullmatch(word.text):
            beside = [
                index
                for index in range(max(0, place - 1), min(len(words), place + 3))
                if words[index].line_no == word.line_no and DAY_OR_YEAR.fullmatch(words[index].text)
            ]
            yield from (place, *beside) if beside else ()


def _unlabelled_names(words: Sequence[Word]) -> Iterator[int]:
    """LAST, FIRST [M]."""
    for place, word in enumerate(words[:-1]):
        following = words[place + 1]
        if (
            LAST_COMMA.fullmatch(word.text)
            and following.line_no == word.line_no
            and CAPITAL.fullmatch(following.text)
            and _gap(word.box, following.box) < JOIN_HEIGHTS
        ):
            yield place
            yield place + 1


def _initials(words: Sequence[Word], ranked: Mapping[int, Rank]) -> Iterator[tuple[int, Rank]]:
    """A single letter close behind a name belongs to it."""
    for place, rank in ranked.items():
        after = place + 1
        if (
            after < len(words)
            and after not in ranked
            and len(words[after].text.strip(".,")) == 1
            and words[after].text[0].isupper()
            and words[after].line_no == words[place].line_no
            and _gap(words[place].box, words[after].box) < JOIN_HEIGHTS
        ):
            yield after, rank


def _touching(words: Sequence[Word], ranked: Mapping[int, Rank]) -> Iterator[tuple[int, Rank]]:
    """Doubtful words and digits right beside an identifier: may be its lost end."""
    for place, rank in ranked.items():
        for other, left, right in ((place - 1, place - 1, place), (place + 1, place, place + 1)):
            if not 0 <= other < len(words) or other in ranked or words[other].line_no != words[place].line_no:
                continue
            gap = _gap(words[left].box, words[right].box)
            is_piece = _is_doubtful(words[other]) or any(c.isdigit() for c in words[other].text)
            if -0.5 < gap < (TOUCH_HEIGHTS if is_piece else GLUED_HEIGHTS) and not is_label(
                words[other].text
            ):
                yield other, rank


def _head_words(words: Sequence[Word], height_px: int) -> Iterator[int]:
    """Numbers of four digits or more in the page's head, whatever they look like."""
    for place, word in enumerate(words):
        if word.box.bottom_px < HEAD_SHARE * height_px and sum(c.isdigit() for c in word.text) >= 4:
            yield place


def _runs(words: Sequence[Word], ranks: dict[int, Rank]) -> Iterator[tuple[int, ...]]:
    """Neighbours of one line together, as long as the recogniser takes them without squeezing."""
    run: list[int] = []
    waiting: list[int] = []
    for place in sorted(
        range(len(words)), key=lambda index: (words[index].line_no, words[index].box.left_px)
    ):
        if run and not _continues(words[run[0]], words[(waiting or run)[-1]], words[place]):
            yield tuple(run)
            run = []
        if place not in ranks:
            # An initial between two names is read with them.
            waiting = [*waiting, place] if run else []
        else:
            run = [*run, *waiting, place] if run else [place]
            waiting = []
        if len(waiting) > 1:
            yield tuple(run)
            run, waiting = [], []
    if run:
        yield tuple(run)


def _continues(start: Word, before: Word, word: Word) -> bool:
    if word.line_no != before.line_no or not -0.5 < _gap(before.box, word.box) < JOIN_HEIGHTS:
        return False
    height = max(1, start.box.bottom_px - start.box.top_px)
    return word.box.right_px - start.box.left_px <= LONGEST_HEIGHTS * height


def _gap(one: Box, two: Box) -> float:
    """White between two boxes of a line, in heights of the higher one."""
    height = max(one.bottom_px - one.top_px, two.bottom_px - two.top_px, 1)
    return (two.left_px - one.right_px) / height
