"""Sentences and empty fields: lines on which a name or number names no patient.

Pure, per page. Prose is told by small words and lower case, whatever it is about.
"""

from __future__ import annotations

import re

from scanindex.match.text import Line, PageText, overlaps
from scanindex.model import Box, Finding, FindingKind, Role

HEAD_OR_STICKER_SHARE = 0.25
_LEAST_WORDS = 7
_SMALL = frozenset(
    """the is was are were a an and with who had has have in on to for at this that his her he she it
    by from not been be which when our we""".upper().split()
)
_HEAD_SHARE = 0.35
_BLANK_NAME = re.compile(r"\bNAME\s?[:.]?\s?_{4,}")
_OTHER_NAMES = re.compile(
    r"\b(?:PHYSICIAN|DOCTOR|DR|PROVIDER|NURSE|WITNESS|SPOUSE|MOTHER|FATHER|PARENT|GUARDIAN|GUARANTOR|INSURED|"
    r"CONTACT|KIN|PHARMACY|FACILITY|EMPLOYER|PRINT(?:ED)?|SIGNATURE|SCHOOL|DRUG|STREET|MAIDEN)\b"
)
_ERROR = re.compile(
    r"\bWRONG (?:PLATE|LABEL|STICKER|CHART|PATIENT|STAMP|NAME|FILE|RECORD|IMPRINT)\b"
    r"|\b(?:PLACED|FILED|STAMPED|SCANNED|LABELL?ED|CHARTED) (?:\w+ ){0,3}(?:IN ERROR|BY MISTAKE|WRONGLY)\b"
    r"|\bMIS-?FILED\b|\bBELONGS TO (?:ANOTHER|A DIFFERENT|OTHER)\b|\bNOT THIS PATIENT\b"
    r"|\bOUT OF THE CHART OF\b|\bIN ERROR ON THIS\b"
)
_EMPTY_FIELD = re.compile(
    r"(?:(?<!OF )(?<!SIGNATURE )(?<!BY )"
    r"\b(?:PAT[A-Z]{2,3}NT(?:['’`]?S)?(?: NA[A-Z]?E)?|PT(?: NAME)?|SPECIMEN OF|NAME OF PATIENT)"
    r"|^\W*(?:FULL )?(?:NA[A-Z]E|[A-Z]AME|N[A-Z]ME))\s?(?:\s?:[\s_.,|-]*$|\s?[:.]?\s?_{3,})"
)


def speaks_of_error(text: PageText) -> bool:
    """A note that this paper was misfiled or carries the wrong label."""
    return any(_ERROR.search(line.text) for line in text.lines)


def prose_lines(text: PageText) -> frozenset[int]:
    """Numbers of the lines that are running text."""
    return frozenset(line.line_no for line in text.lines if is_prose(line))


def is_prose(line: Line) -> bool:
    """Running text: many words, mostly small or in lower case."""
    words = [w.text.strip(".,;:()") for w in line.words]
    letters = [w for w in words if w.isalpha()]
    if len(words) < _LEAST_WORDS or not letters:
        return False
    small = sum(w.upper() in _SMALL for w in letters)
    lower = sum(w[0].islower() for w in letters)
    return small >= 3 or lower > 0.6 * len(letters)


def is_in_lines(text: PageText, box: Box | None, lines: frozenset[int]) -> bool:
    """Whether the words at this place belong to these lines."""
    if not lines or box is None:
        return False
    here = [
        w.line_no
        for w in text.page.words
        if w.box.top_px < box.bottom_px and box.top_px < w.box.bottom_px and overlaps(w.box, box)
    ]
    return bool(here) and all(n in lines for n in here)


def empty_fields(text: PageText, findings: tuple[Finding, ...]) -> tuple[Line, ...]:
    """Lines that ask for the patient's name and have no value; none where a label gave the name."""
    if any(
        f.kind is FindingKind.NAME and f.role is Role.PATIENT and f.rule.startswith("label.")
        for f in findings
    ):
        return ()
    return tuple(line for line in text.lines if _EMPTY_FIELD.search(line.text) or _is_blank_name(text, line))


def _is_blank_name(text: PageText, line: Line) -> bool:
    """In the head, "name" with nothing but a rule behind it, whatever stands before it."""
    in_head = line.words[0].box.top_px <= _HEAD_SHARE * text.page.height_px
    return in_head and bool(_BLANK_NAME.search(line.text)) and not _OTHER_NAMES.search(line.text)


def is_stray(text: PageText, box: Box | None, fields: tuple[Line, ...]) -> bool:
    """A name neither in the head (or a sticker there) nor right under the field that asks for it."""
    if not fields or box is None or box.bottom_px <= HEAD_OR_STICKER_SHARE * text.page.height_px:
        return False
    reach_px = 2.6 * text.line_height_px
    return not any(0 <= box.top_px - line.words[0].box.top_px <= reach_px for line in fields)
