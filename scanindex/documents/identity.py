"""Do two pages name the same patient, different ones, or is it open?

Errs towards *different*: only a slip of the reader (one or two characters) beside
another identifier that agrees exactly is forgiven. Twins share last name and birth
date and often all but one letter of the first name, so a name alone forgives nothing.
"""

from __future__ import annotations

import enum
import re

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from scanindex.documents.facts import Identity


class Same(enum.StrEnum):
    YES = "yes"
    NO = "no"
    SLIP = "slip"
    """Agrees in one identifier, differs in another as a misreading would."""
    OPEN = "open"
    """Nothing to compare."""


def compare(one: Identity, other: Identity) -> Same:
    """Over MRN, name and birth date as labelled."""
    number, birth, name = (
        _texts(one.mrns, other.mrns),
        _texts(one.births, other.births),
        _names(one.names, other.names),
    )
    results = [r for r in (number, birth, name) if r is not Same.OPEN]
    if not results:
        return Same.OPEN
    agreeing, slips = results.count(Same.YES), results.count(Same.SLIP)
    if agreeing == len(results):
        return Same.YES
    if Same.NO in results:
        return Same.SLIP if agreeing == 2 else Same.NO
    if name is Same.SLIP and number is not Same.YES:
        return Same.SLIP if slips == 1 and _only_last_name_slips(one.names, other.names) else Same.NO
    return Same.SLIP if agreeing and slips == 1 else Same.NO


def _texts(one: frozenset[str], other: frozenset[str]) -> Same:
    """Numbers and dates: equal, one character off, or different."""
    if not one or not other:
        return Same.OPEN
    if one & other:
        return Same.YES
    return Same.SLIP if min(DamerauLevenshtein.distance(a, b) for a in one for b in other) <= 1 else Same.NO


def _names(one: frozenset[str], other: frozenset[str]) -> Same:
    if not one or not other:
        return Same.OPEN
    return min((_name(a, b) for a in one for b in other), key=("yes", "slip", "no").index)


def _name(one: str, other: str) -> Same:
    """Equal in last and first name; a middle name may be missing or be an initial."""
    a, b = _parts(one), _parts(other)
    shared = [x for x in a if x in b]
    full = [x for x in shared if len(x) > 1]
    suffixes = {"JR", "SR", "II", "III", "IV"}
    if {x for x in a if x in suffixes} ^ {x for x in b if x in suffixes}:
        return Same.SLIP if len(full) >= 2 else Same.NO
    if len(full) >= 2 and _middles_agree(a, b):
        return Same.YES
    return Same.SLIP if fuzz.token_sort_ratio(" ".join(a), " ".join(b)) >= 84 else Same.NO


def is_other_person(known: frozenset[str], seen: frozenset[str]) -> bool:
    """A name in a page's head that is none of the known ones; last names alone count as such."""
    return bool(known) and any(all(_are_different(k, s) for k in known) for s in seen)


def _are_different(one: str, other: str) -> bool:
    if "," in one and "," in other:
        return _name(one, other) is Same.NO
    return fuzz.ratio(one.partition(",")[0].upper(), other.partition(",")[0].upper()) < 84


def _middles_agree(a: list[str], b: list[str]) -> bool:
    rest_a = [x for x in a if x not in b]
    rest_b = [x for x in b if x not in a]
    return not rest_a or not rest_b or any(x[0] == y[0] for x in rest_a for y in rest_b)


def _parts(name: str) -> list[str]:
    return re.findall(r"[A-Z']+", name.upper())


def _only_last_name_slips(one: frozenset[str], other: frozenset[str]) -> bool:
    """Same given names, one letter off in the last name: a misreading, not a twin."""
    return any(
        a.partition(",")[2].split() == b.partition(",")[2].split()
        and a.partition(",")[2].strip()
        and DamerauLevenshtein.distance(a.partition(",")[0], b.partition(",")[0]) <= 1
        for a in one
        for b in other
    )
