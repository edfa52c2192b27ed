"""What the words beside or over a date say about it, for captions that no label list holds.

Captions are understood by their words, so "Date of infusion visit" and "EXAM DT" need no
entry of their own. One misread letter is forgiven in words of five letters or more, two
in words of eight. A word that makes it no date of care wins over all others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from scanindex.extract.layout import Row, Token
from scanindex.extract.places import MAX_GAP_HEIGHTS, LabelledPage
from scanindex.extract.tables import read_table

NEVER = "never"
FILLER = "filler"
_MOST_WORDS, _MOST_ROWS = 6, 5
_CLASSES = MappingProxyType(
    {word: heading[0] for heading, words in reversed(read_table("date_words")) for word in words}
)
_STRENGTH = tuple(heading[0] for heading, _ in read_table("date_words"))
_DATE_WORDS = frozenset({"DATE", "DATES", "DT", "DTE"})
_LONG, _LONGER = 5, 8
_BOX_NUMBER = re.compile(r"^\(?\d{1,2}[A-Za-z]?[.,)]$")


def caption_of(page: LabelledPage, row_no: int, first: int, last: int) -> str | None:
    """The heading of date_words.txt that the caption of tokens first..last (exclusive) falls
    under; None where there is no caption. A caption to the left wins over one above."""
    return _left(page.layout.rows[row_no], first, last) or _above(page, row_no, first, last)


@functools.lru_cache(maxsize=20_000)
def word_class(key: str) -> str | None:
    """Heading of one word (letters and digits, upper case), OCR slips forgiven; or None."""
    if found := _CLASSES.get(key):
        return found
    if len(key) < _LONG or any(c.isdigit() for c in key):
        return None
    slips = 2 if len(key) >= _LONGER else 1
    hit = process.extractOne(key, _LONG_WORDS, scorer=DamerauLevenshtein.distance, score_cutoff=slips)
    return _CLASSES[hit[0]] if hit else None


_LONG_WORDS = tuple(w for w in _CLASSES if len(w) >= _LONG)


def _left(row: Row, first: int, last: int) -> str | None:
    tokens = row.tokens
    starts = set(row.cell_starts())
    at = first
    while at > 0 and first - at < _MOST_WORDS:
        token = tokens[at - 1]
        if at in starts and not (at == first and _reaches(row, at)):
            break
        if at < first and token.is_marked:
            break
        if token.key and word_class(token.key) is None:
            break
        at -= 1
    caption = [t for t in tokens[at:first] if t.key]
    kind = classify([t.key for t in caption])
    if kind is None or kind == NEVER:
        return kind
    is_marked = tokens[first - 1].is_marked or not tokens[first - 1].key
    is_whole = at in starts and (last == len(tokens) or last in starts or not _runs_on(row, last))
    is_named = not _DATE_WORDS.isdisjoint(t.key for t in caption) and caption[0].text[:1].isupper()
    return kind if is_marked or (is_whole and caption[0].text[:1].isupper()) or is_named else None


def _reaches(row: Row, at: int) -> bool:
    return row.tokens[at].left - row.tokens[at - 1].right <= MAX_GAP_HEIGHTS * row.height


def _runs_on(row: Row, last: int) -> bool:
    """Whether the line goes on in words after the date, like a sentence or an entry."""
    following = row.tokens[last]
    return bool(following.key) and following.key.isalpha() and not following.is_marked


def _above(page: LabelledPage, row_no: int, first: int, last: int) -> str | None:
    row = page.layout.rows[row_no]
    date = row.tokens[first:last]
    lower = row
    for upper in reversed(page.layout.rows[max(0, row_no - _MOST_ROWS) : row_no]):
        if lower.middle - upper.middle > page.reach_down(upper, lower):
            return None
        over = _over(upper, date[0].left - 1.5 * row.height, date[-1].right + 0.5 * row.height)
        if not over:
            continue
        over = [t for t in over if t.key and not _BOX_NUMBER.match(t.text)]
        if any(word_class(t.key) is None for t in over if t.key) or any(
            c.isdigit() for t in over for c in t.key
        ):
            never = any(word_class(t.key) == NEVER for t in over if t.key)
            return NEVER if never else None
        if kind := classify([t.key for t in over if t.key]):
            return kind
        lower = upper  # "MM DD YY" or "From": the heading proper stands higher
    return None


def _over(upper: Row, left: float, right: float) -> Sequence[Token]:
    """The words of a row that stand over a place, and those that belong to them on either side."""
    hit = [i for i, t in enumerate(upper.tokens) if t.left < right and t.right > left]
    if not hit:
        return ()
    start, end = hit[0], hit[-1] + 1
    starts = {*upper.cell_starts(), len(upper.tokens)}
    while start > 0 and start not in starts and word_class(upper.tokens[start - 1].key):
        start -= 1
    while end not in starts and word_class(upper.tokens[end].key):
        end += 1
    return upper.tokens[start:end]


def classify(keys: Sequence[str]) -> str | None:
    """The strongest heading among caption words; "date" for "Date" alone; None for no caption."""
    classes = {word_class(k) for k in keys[-_MOST_WORDS:]}
    for kind in _STRENGTH:
        if kind in classes and kind != FILLER:
            return "stay" if kind == "discharge" and "admission" in classes else kind
    return "date" if not _DATE_WORDS.isdisjoint(keys) else None
