"""What the fields of a form say where the value stands apart from its label.

Pure, per page: a field for the patient's name that is filled with something, and an age
in a box of its own. Used to contradict, never to support.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rapidfuzz.distance import Indel

from scanindex.match import fold
from scanindex.match.text import PageText, Token, overlaps
from scanindex.model import Box, Word

_NAME_FIELD = re.compile(
    r"(?:\b(?:(?:PATIENT(?:['’`]?S)?|PT)(?: NAME)?|RE|REGARDING)|^\W*(?:FULL )?NAME)\s?:\s*"
    r"(?P<value>[A-Z][A-Z'’`-]+(?:[ ,.]+[A-Z][A-Z'’`-]*){0,3})"
)
_NO_VALUE = re.compile(
    r"\b(?:NAME|DATE|BIRTH|DOB|MRN|MR|SEX|AGE|ROOM|ACCOUNT|ACCT|PHONE|ADDRESS|SIGNATURE|NUMBER|PAGE|HOSPITAL|"
    r"CENTER|CLINIC|MEDICAL|UNIT|REPORT|ADMISSION|INFORMATION|LABEL|ID|NO|LAST|FIRST|MI|TYPE|STATUS|CLASS|THE)\b"
)
_LONE_WORDS = re.compile(r"[A-Z][A-Z'’-]{2,}(?: [A-Z]\.?)? [A-Z][A-Z'’-]{2,}")
_SIGNATURE = re.compile(
    r"\bPATIENT(?:['’`]?S)? (?:SIGNATURE|NAME)\b|\b(?:SIGNATURE|NAME) OF PATIENT\b|\bPRINTED NAME\b"
)
_HEADING_WORDS = """
ADDENDUM ALLERGIES ASSESSMENT BED CARDIOLOGY CARE CHEMISTRY CHIEF COMMENT COMMENTS COMMUNITY COMPLAINT
CONCLUSION CONDITIONS CONFIDENTIAL CONSENT CONSULTATION CONTINUATION CONTINUED COURSE DATA DEAR DELIVERY
DEPARTMENT DESCRIPTION DIAGNOSES DIAGNOSIS DISCHARGE EDUCATION EMERGENCY EVALUATION EXAM EXAMINATION
FAMILY FINAL FINDINGS FLOW FOLLOW GENERAL GOALS GROSS HEALTH HEMATOLOGY HISTORY HOME ILLNESS IMPRESSION
INSTRUCTIONS INTAKE LABOR LABORATORY LIST MEDICATION MEDICATIONS MEDICINE MEMORIAL MENTAL MICROBIOLOGY
MICROSCOPIC NOTE NOTES NURSING OPERATION OPERATIVE ORDER ORDERS OUTPUT PAST PATHOLOGY PATIENT PHYSICAL
PLAN POSTOPERATIVE PRELIMINARY PREOPERATIVE PRESENT PROBLEM PROCEDURE PROGRESS RADIOLOGY REASON
RECOMMENDATIONS RECORD RECORDS REGIONAL REST RESULTS REVIEW RIGHTS SERVICE SERVICES SHEET SIGNS
SINCERELY SOCIAL SPECIMEN STATUS SUMMARY SURGERY SYSTEMS TERMS THERAPY TREATMENT TRULY UNIVERSITY
URINALYSIS VITAL YOURS
"""
_HEADINGS = frozenset(_HEADING_WORDS.split())
_AGE_VALUE = re.compile(r"(\d{1,3})(?:Y|YR|YRS|YEARS|YO)?")
_ASIDE_SHARE = 0.22
"""Share of the page's width within which a value stands beside its label."""
_BELOW_LINES = 2.6
_LEAST_NUMBER = 6


def filled_names(text: PageText) -> Iterator[str]:
    """What stands in the page's fields for the patient's name, folded; one word is enough."""
    for line in text.lines:
        for match in _NAME_FIELD.finditer(line.text):
            words = line.words_at(*match.span("value"))
            if words and not _NO_VALUE.search(match["value"]) and _is_tight(text, words):
                yield match["value"]
    for above, caption in pairwise(text.lines):
        if _SIGNATURE.search(caption.text) and _LONE_WORDS.fullmatch(above.text):
            yield above.text


def head_line(text: PageText) -> str | None:
    """The page's first line where it is two or three words and nothing that heads a paper."""
    first = min(text.lines, key=lambda line: line.words[0].box.top_px, default=None)
    if first is None or not _LONE_WORDS.fullmatch(first.text):
        return None
    words = set(re.findall(r"[A-Z]+", first.text))
    return None if words & _HEADINGS or _NO_VALUE.search(first.text) else first.text


def fits(value: str, names: Iterable[str]) -> bool:
    """Some word of the value could be a part of the person's name."""
    words = [w for part in re.split(r"[ ,.]+", value) if len(w := fold.name_key(part)) >= 2]
    known = [k for name in names if len(k := fold.name_key(name)) >= 2]
    return not words or any(Indel.normalized_similarity(a, b) >= 0.7 for a in words for b in known)


def boxed_ages(text: PageText) -> Iterator[tuple[int, tuple[Token, ...]]]:
    """Ages whose label is the word Age alone: beside it on the row, under or over it in the column."""
    for label in text.tokens:
        if label.key != "AGE":
            continue
        value = _beside(text, label) or _below(text, label) or _above(text, label)
        found = _AGE_VALUE.fullmatch(value.key) if value else None
        if value and found:
            yield int(found[1]), (label, value)


def _is_tight(text: PageText, words: Sequence[Word]) -> bool:
    return all(b.box.left_px - a.box.right_px < 2 * text.line_height_px for a, b in pairwise(words))


def _beside(text: PageText, label: Token) -> Token | None:
    box = label.word.box
    row = [
        t
        for t in text.tokens
        if t is not label and _is_in_row(t.word.box, box, text) and t.word.box.left_px >= box.right_px
    ]
    nearest = min(row, key=lambda t: t.word.box.left_px, default=None)
    if nearest is None or nearest.word.box.left_px - box.right_px > _ASIDE_SHARE * text.page.width_px:
        return None
    return nearest if nearest.key[:1].isdigit() else None


def _is_in_row(one: Box, two: Box, text: PageText) -> bool:
    middle = (one.top_px + one.bottom_px) / 2
    return abs(middle - (two.top_px + two.bottom_px) / 2) < 0.6 * text.line_height_px


def rows_like(text: PageText, name: Box, number: Box) -> int:
    """Further rows with words where `name` stands and a number of the same length where `number`
    stands: the page lists several people."""
    digits = max((_digits(t) for t in text.tokens if overlaps(t.word.box, number)), default=0)
    found = 0
    for tokens in text.by_line.values():
        row = [t for t in tokens if not _is_in_row(t.word.box, number, text)]
        has_name = any(t.key.isalpha() and len(t.key) > 1 and _shares_column(t.word.box, name) for t in row)
        has_number = any(_digits(t) == digits and _shares_column(t.word.box, number) for t in row)
        found += digits >= _LEAST_NUMBER and has_name and has_number
    return found


def _digits(token: Token) -> int:
    return sum(c.isdigit() for c in token.key)


def _shares_column(one: Box, two: Box) -> bool:
    return one.left_px < two.right_px and two.left_px < one.right_px


def _above(text: PageText, label: Token) -> Token | None:
    """Forms whose captions stand under the line one writes on."""
    box, line_px = label.word.box, text.line_height_px
    column = [
        t
        for t in text.tokens
        if 0 < box.top_px - t.word.box.bottom_px + line_px / 2 < _BELOW_LINES * line_px
        and t.word.box.left_px < box.right_px + line_px
        and box.left_px - line_px < t.word.box.right_px
    ]
    return max(column, key=lambda t: t.word.box.top_px, default=None)


def _below(text: PageText, label: Token) -> Token | None:
    box = label.word.box
    column = [
        t
        for t in text.tokens
        if 0
        < t.word.box.top_px - box.bottom_px + text.line_height_px / 2
        < _BELOW_LINES * text.line_height_px
        and t.word.box.left_px < box.right_px + text.line_height_px
        and box.left_px - text.line_height_px < t.word.box.right_px
        and t is not label
    ]
    return min(column, key=lambda t: t.word.box.top_px, default=None)
