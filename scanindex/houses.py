"""Which house a record number belongs to, as far as the page says.

Two hospitals number their patients alike: the number of another house may be that of one of
our patients. The page tells by the words at the number ("St. Brendan MRN", "MRN (Mercy
Hospital)") and by the letterhead above it; which houses are ours only the site can tell
(settings `site.facilities`, `site.name`). Shared by extraction and matching, so that both mean
the same. Pure; places are pixels of the upright page. Leaves out: what follows from it, and
abbreviated names ("SBMC MRN").
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from rapidfuzz.distance import OSA

from scanindex.model import Box, Finding, FindingKind, PageReading, Word


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLAIN = _words(
    """
    HOSPITAL HOSPITALS MEDICAL CENTER CENTRE CENTERS CLINIC CLINICS HEALTH HEALTHCARE SYSTEM SYSTEMS
    SERVICES SERVICE INFIRMARY CAMPUS THE OF AND AT FOR INC PC PA PSC LLC LTD CARE NETWORK GROUP
    FOUNDATION ASSOCIATES
    """
)
"""Words that tell no house from another."""
_DEPARTMENT = _words(
    """
    DEPARTMENT DEPT DIVISION LABORATORY LABORATORIES LABS LAB MEDICINE EMERGENCY INTERNAL FAMILY PRACTICE
    PHYSICIANS RADIOLOGY IMAGING CARDIOLOGY PATHOLOGY PEDIATRICS PEDIATRIC SURGERY SURGICAL NURSING OUTPATIENT
    INPATIENT THERAPY PHYSICAL REHABILITATION ORTHOPEDICS ORTHOPAEDICS NEUROLOGY ONCOLOGY OBSTETRICS
    GYNECOLOGY WOMEN WOMENS CHILDREN CHILDRENS WOUND DIABETES HOME HOSPICE PHARMACY AMBULATORY NO GROUP UNIT
    """
)
"""Words of departments, which any house may have: they make no letterhead another house's."""
_FACILITY = _words("HOSPITAL CLINIC INFIRMARY CENTER CENTRE SANATORIUM SANITARIUM HEALTHCARE FOUNDATION")
_SAINT = _words("ST SAINT STE")
_HOUSE = _words(
    """
    ST SAINT MERCY INFIRMARY MEMORIAL COUNTY REGIONAL UNIVERSITY VETERANS VA OUTSIDE OTHER FORMER OLD
    PREVIOUS REFERRING SENDING FOREIGN
    """
)
"""Words that say at a number that it is some house's own."""
_ELSEWHERE = _HOUSE | _words("THEIR EXTERNAL TRANSFERRING PRIOR")
_LABEL = _words(
    """
    MRN MR MRNO MED MEDICAL REC RECORD RECORDS UNIT CHART HISTORY NO NUMBER NUM NBR ID IDENTIFIER PATIENT
    PATIENTS PT PTS MPI PID HOSP CASE NUMMER N DIGITS USE ONLY IF KNOWN IS WAS FILE FOR THIS NAME DOB
    """
)
_CORE_LABEL = _words("MRN MR MRNO MEDICAL RECORD MED REC UNIT CHART")
_NEAR_WORDS, _MOST_WORDS, _SHORT = 6, 9, 4
_GAP_SHARE = 0.10
"""Share of the page's width that separates cells of one line."""
_ABOVE_LINES = 2.6
_LEAST_FUZZY, _LEAST_LETTERS = 5, 4
_HEAD, _WEAK = "letterhead.", ".weak"
"""In the names of the rules that find facilities."""
_BREAK = re.compile(r"[^\w'’&]+")
_TRIM = re.compile(r"[^A-Z0-9']+")


class Standing(enum.StrEnum):
    """Whose a number is by what the page prints at it and over it."""

    UNSAID = "unsaid"
    OURS = "ours"
    """The words at it, or the letterhead, name a house that is known as ours."""
    DOUBTFUL = "doubtful"
    """It is some house's own, and nobody told whether that house is ours; or the page is under
    another house's letterhead."""
    OTHERS = "others"
    """The words at it name a house that is not ours."""


@dataclass(frozen=True, slots=True)
class Houses:
    """The site's own houses, each as the words that tell it from others."""

    names: tuple[frozenset[str], ...] = ()
    is_complete: bool = False
    """The site listed them all: whatever else is named is another house."""

    def is_ours(self, words: frozenset[str]) -> bool:
        """Whether these words name one of the houses, or a part of its name."""
        core = words - _PLAIN
        return bool(core) and any(_within(own, words) or _within(core, own) for own in self.names)


NOBODY_SAID = Houses()


def known(name: str, facilities: Sequence[str]) -> Houses:
    """The houses of the settings `site.name` and `site.facilities`; only the latter make them complete."""
    cores = (words_of(text) - _PLAIN for text in (name, *facilities))
    names = tuple(dict.fromkeys(core for core in cores if core))
    return Houses(names, any(words_of(text) - _PLAIN for text in facilities))


def words_of(text: str) -> frozenset[str]:
    """The words of a name, as they are compared."""
    return frozenset(key for part in _BREAK.split(text) if (key := _key(part)))


@dataclass(frozen=True)
class PageHouses:
    """One page, asked about its numbers."""

    page: PageReading
    findings: Sequence[Finding] = field(repr=False)
    houses: Houses = NOBODY_SAID

    def standing(self, box: Box, *, is_labelled: bool = True, is_wary: bool = False) -> Standing:
        """Whose the number at this place is. `is_labelled`: something calls it a record number, so
        that all words before it speak of it; otherwise only those of a short label ("Mercy No.") do.
        `is_wary`: a house's word anywhere shortly before it on the line is enough against it."""
        heads = self._heads
        said = self._said(box, heads, _MOST_WORDS if is_labelled else _SHORT)
        if said:
            return self._by_words(said, heads)
        if is_wary and is_labelled and self._is_elsewhere(box, heads):
            return Standing.OTHERS
        return self._by_head()

    def _by_words(self, said: frozenset[str], heads: Sequence[frozenset[str]]) -> Standing:
        core = said - _PLAIN or said
        others = [head for head in heads if not self.houses.is_ours(head)]
        if self.houses.is_ours(said) and not any(_within(core, head) for head in others):
            return Standing.OURS
        if self.houses.is_complete:
            return Standing.OTHERS
        return Standing.DOUBTFUL if any(_within(core, head) for head in heads) else Standing.OTHERS

    def _by_head(self) -> Standing:
        """The uppermost letterhead decides, one that can be nothing else before the others."""
        heads = [f for f in self.findings if f.kind is FindingKind.FACILITY and f.rule.startswith(_HEAD)]
        heads.sort(key=lambda f: (_WEAK in f.rule, f.box.top_px if f.box else 0))
        first = next((f for f in heads if words_of(f.value) - _PLAIN - _DEPARTMENT), None)
        if first is None or not self.houses.names:
            return Standing.UNSAID
        if any(self.houses.is_ours(words_of(f.value)) for f in heads if f is first or _share_row(f, first)):
            return Standing.OURS
        return Standing.DOUBTFUL if self.houses.is_complete else Standing.UNSAID

    @cached_property
    def _heads(self) -> tuple[frozenset[str], ...]:
        """Every house that the page names as one."""
        named = [words_of(f.value) for f in self.findings if f.kind is FindingKind.FACILITY]
        return tuple(words for words in named if words - _PLAIN)

    def _is_elsewhere(self, box: Box, heads: Sequence[frozenset[str]]) -> bool:
        """A word of another house anywhere shortly before it on the line."""
        keys = [_key(word.text) for word in self._before(box)[:_NEAR_WORDS]]
        own = frozenset().union(*heads, *self.houses.names)
        return any(key in _HOUSE and key not in own for key in keys)

    def _said(self, box: Box, heads: Sequence[frozenset[str]], most: int) -> frozenset[str]:
        """The words of the house that is named at the number; none where none is, nor in a cell of
        more than `most` words."""
        places = (self._cell(box) or self._above(box), self._behind(box))
        for place in places:
            if len(place) > most:
                continue
            words = [w for w in place if not self._is_name(w)]
            keys = [key for w in words if (key := _key(w.text))]
            if _names_house(keys, words, (*heads, *self.houses.names)):
                return frozenset(keys) - _LABEL
        return frozenset()

    # --- words around the number -----------------------------------------------------------
    def _line(self, box: Box) -> list[Word]:
        line = next((w.line_no for w in self.page.words if _is_inside(w.box, box)), None)
        return [w for w in self.page.words if w.line_no == line] if line is not None else []

    def _before(self, box: Box) -> list[Word]:
        """Words of the line left of the number, nearest first."""
        left = [w for w in self._line(box) if w.box.left_px < box.left_px and not _is_inside(w.box, box)]
        return sorted(left, key=lambda w: -w.box.left_px)

    def _cell(self, box: Box) -> list[Word]:
        """What stands before it in its cell, back to the value of another label."""
        return list(_until_another(self._before(box), box.left_px, _GAP_SHARE * self.page.width_px))[::-1]

    def _above(self, box: Box) -> list[Word]:
        """The caption over it, where nothing stands before it."""
        height_px = max(1, box.bottom_px - box.top_px)
        middle = (box.top_px + box.bottom_px) / 2
        near = [
            w
            for w in self.page.words
            if 0.6 * height_px < middle - (w.box.top_px + w.box.bottom_px) / 2 < _ABOVE_LINES * height_px
        ]
        over = [w for w in near if w.box.left_px < box.right_px and box.left_px < w.box.right_px]
        if not over:
            return []
        row = sorted((w for w in near if w.line_no == over[-1].line_no), key=lambda w: w.box.left_px)
        limit_px = _GAP_SHARE * self.page.width_px
        cells: list[list[Word]] = [[]]
        for word in row:
            if cells[-1] and word.box.left_px - cells[-1][-1].box.right_px > limit_px:
                cells.append([])
            cells[-1].append(word)
        cell = next(c for c in cells if over[-1] in c)
        return cell if len(cell) <= _MOST_WORDS else []

    def _behind(self, box: Box) -> list[Word]:
        """ "(Mercy Hospital)" or "at Mercy Hospital" right behind it."""
        right = [w for w in self._line(box) if w.box.left_px >= box.right_px]
        right.sort(key=lambda w: w.box.left_px)
        if not right or right[0].box.left_px - box.right_px > _GAP_SHARE * self.page.width_px:
            return []
        if _key(right[0].text) == "AT":
            return right[1:_NEAR_WORDS]
        if not right[0].text.startswith(("(", "[")):
            return []
        end = next((n for n, w in enumerate(right) if w.text.rstrip(".,;:").endswith((")", "]"))), -1)
        return right[: end + 1]

    def _is_name(self, word: Word) -> bool:
        return any(
            f.kind is FindingKind.NAME and f.box is not None and _is_inside(word.box, f.box)
            for f in self.findings
        )


def _names_house(keys: Sequence[str], words: Sequence[Word], houses: Sequence[frozenset[str]]) -> bool:
    """Whether the words at a number name a house: by a word that only houses bear ("Mercy"), by a saint,
    by a kind of house with a name before it, by a word of a house that is known or on the letterhead."""
    if any(key in _ELSEWHERE - _SAINT for key in keys):
        return True
    followed = list(pairwise(keys))
    if any(key in _SAINT and after not in _LABEL | _PLAIN for key, after in followed):
        return True
    in_brackets = {_key(w.text) for w in words if any(c in "()[]" for c in w.text)}
    before_label = {key for key, after in followed if after in _CORE_LABEL}
    for n, key in enumerate(keys):
        if key in _FACILITY & (in_brackets | before_label) and set(keys[:n]) - _LABEL - _PLAIN:
            return True
    close = {key for key in in_brackets | before_label if key.isalpha() and len(key) >= _LEAST_LETTERS}
    return any(_within(frozenset((key,)), house) for key in close - _LABEL - _PLAIN for house in houses)


def _share_row(one: Finding, other: Finding) -> bool:
    if one.box is None or other.box is None:
        return False
    shared_px = min(one.box.bottom_px, other.box.bottom_px) - max(one.box.top_px, other.box.top_px)
    return shared_px > 0


def _until_another(nearest_first: Sequence[Word], left_px: int, limit_px: float) -> Iterator[Word]:
    for n, word in enumerate(nearest_first[:_MOST_WORDS]):
        if n and left_px - word.box.right_px > limit_px:
            return
        is_value = any(c.isdigit() for c in word.text)
        is_other_label = n > 0 and word.text.rstrip().endswith(":") and _key(word.text) not in _CORE_LABEL
        if is_value or is_other_label:
            return
        left_px = word.box.left_px
        yield word


def _within(part: frozenset[str], whole: frozenset[str]) -> bool:
    """Every word stands in the other name, but for one misread letter."""
    return bool(part) and all(any(_is_same(a, b) for b in whole) for a in part)


def _is_same(one: str, other: str) -> bool:
    if one == other or (one in _SAINT and other in _SAINT):
        return True
    return len(one) >= _LEAST_FUZZY and OSA.distance(one, other, score_cutoff=1) <= 1


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'")).encode("ascii", "ignore").decode()
    key = _TRIM.sub("", plain.upper())
    key = key[:-2] if key.endswith("'S") else key
    return key.replace("'", "")


def _is_inside(word: Box, place: Box) -> bool:
    """The middle of the word lies in the place."""
    x, y = (word.left_px + word.right_px) / 2, (word.top_px + word.bottom_px) / 2
    return place.left_px <= x < place.right_px and place.top_px <= y < place.bottom_px
