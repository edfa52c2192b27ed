"""Titles that charts print over their documents, per type, and how to weigh one line as a title.

General knowledge of US paper charts; a site's own titles come from its settings. A title phrase
must fill most of its line: "Consultation" over a page is a
title, "consultation" in a sentence is not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from scanindex.extract.tables import read_table


def _index() -> Mapping[str, tuple[str, bool]]:
    """Joined phrase -> (type, is weak): weak ones also head sections or name departments, so a
    stronger title elsewhere on the page wins."""
    table: dict[str, tuple[str, bool]] = {}
    for heading, phrases in read_table("titles"):
        for phrase in phrases:
            table.setdefault(phrase.replace(" ", ""), (heading[0], "weak" in heading))
    return MappingProxyType(table)


TITLES = _index()
_LONG = tuple(p for p in TITLES if len(p) >= 8)
_LONGEST_FIRST = tuple(sorted((p for p in TITLES if len(p) >= 9), key=len, reverse=True))


_CAPTION = re.compile(r"\b(?:DATE|TIME|NUMBER|NAME|PHONE|ADDRESS)\b")
"""Of a field: "Admission date" is no misread "Admission note"."""


def normalise(text: str) -> str:
    """Letters and digits only, "&" and "/" as the words people say."""
    text = re.sub(r"\((?:CONT|CONTINUED|PAGE).*?\)", " ", text.upper())
    text = re.sub(r"\bCONT(?:INUED|['’]?D)?\b\.?", " ", text)
    text = re.sub(r"(?<=\s)&(?=\s)", " AND ", text)
    return "".join(c for c in text if c.isalnum())


@functools.lru_cache(maxsize=20_000)
def match_title(text: str) -> tuple[str, float, bool] | None:
    """(type key, closeness 0..1, is weak) of a line that is a title, or None.

    Whole-line equality first, then one or two OCR slips, then a long phrase that
    makes up most of the line ("ST MARY EMERGENCY DEPARTMENT RECORD").
    """
    joined = normalise(text)
    if not 2 <= len(joined) <= 70:
        return None
    if hit := TITLES.get(joined) or TITLES.get(joined.replace("AND", "")):
        return hit[0], 1.0, hit[1]
    if len(joined) >= 8 and not _CAPTION.search(text.upper()):
        slips = 1 if len(joined) < 12 else 2 if len(joined) < 22 else 3
        if found := process.extractOne(joined, _LONG, scorer=DamerauLevenshtein.distance, score_cutoff=slips):
            key, is_weak = TITLES[found[0]]
            return key, 1 - found[1] / len(joined), is_weak
    for phrase in _LONGEST_FIRST:
        if phrase in joined and len(phrase) >= 0.55 * len(joined):
            key, is_weak = TITLES[phrase]
            return key, 0.75 * len(phrase) / len(joined) + 0.2, is_weak
    return None


def match_own_title(text: str, titles: Mapping[str, str]) -> tuple[str, float, bool] | None:
    """Like `match_title` for a site's own titles: the whole line, one slip in twelve letters forgiven."""
    if not titles:
        return None
    joined = normalise(text)
    for title, key in titles.items():
        own = normalise(title)
        slips = len(own) // 12
        if abs(len(own) - len(joined)) <= slips:
            distance = DamerauLevenshtein.distance(own, joined, score_cutoff=slips)
            if distance <= slips:
                return key, 1 - distance / max(1, len(own)), False
    return None
