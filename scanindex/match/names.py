"""Finding one person's names on a page, and comparing names as they are written.

EXACT means equal after folding case, accents, hyphens and apostrophes, in either
order of last and first, for the official name or one the roster itself lists
(former, alias). NEAR covers OCR slips, nicknames, initials and parts of a double
name; it finds people and never files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import Indel, JaroWinkler

from scanindex.agreement import DoubleKey, double_key
from scanindex.match import fold
from scanindex.match.context import context_of, has_unknown_label, mention_role
from scanindex.match.evidence import Evidence
from scanindex.match.sightings import SURE_NAME_CONFIDENCE, certainty
from scanindex.match.text import PageText, Span, overlaps, union
from scanindex.model import Box, Finding, FindingKind, Level, Patient, PersonName, Role
from scanindex.nicknames import are_nicknames, forms_of

_READ_AS = str.maketrans("0158", "OISB")
_NEAR_RATIO = 0.74
"""One letter of four misread is still near: it finds people, it never files."""
_STACKED_LABELS = frozenset(("LAST", "FIRST", "SURNAME", "GIVEN", "NAME"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSighting:
    """A person's last and first name standing together on a page."""

    level: Level
    scan_page_no: int
    box: Box
    role: Role
    name: PersonName = field(repr=False)
    raw: str = field(repr=False)
    middle: Level = Level.ABSENT
    suffix: str = ""
    """Generational suffix beside the name, folded; "" where none stands."""
    is_sure: bool = True
    is_whole_first: bool = True
    first_read: str = field(default="", repr=False)
    """The first name as it stands there, folded."""
    is_read_once: bool = False
    """One reader read the whole name so, another something else."""

    @property
    def is_patients(self) -> bool:
        return self.role in (Role.PATIENT, Role.UNKNOWN)


def sightings_of(evidence: Evidence, patient: Patient, *, thorough: bool) -> tuple[NameSighting, ...]:
    """Where the patient's names stand; with `thorough` also where both parts are misread."""
    found: list[NameSighting] = []
    for text, findings in _with_findings(evidence):
        here: list[NameSighting] = []
        for name in _whole_names(patient):
            here += _on_page(text, name, findings, thorough)
        exact = [s for s in here if s.level is Level.EXACT]
        found += exact or here
    for text, findings in _as_others_saw(evidence):
        for name in _whole_names(patient):
            last, first = fold.name_key(name.last), fold.name_key(name.first)
            found += _together(text, name, text.spans(last), text.spans(first), Level.EXACT, findings)
    return tuple(found)


def compare(read: str, names: Sequence[PersonName]) -> tuple[Level, PersonName]:
    """A labelled name ("LAST, FIRST MIDDLE") against a person's names: the best level and name."""
    last, _, given = read.partition(",")
    words = [fold.name_key(w) for w in re.split(r"[\s.]+", given or last)]
    words = [w for w in words if w and not fold.suffix_key(w)]
    if not given:
        last, words = words[-1] if words else "", words[:-1]
    first = words[0] if words else ""
    best = (Level.CONFLICT, names[0])
    for name in names:
        level = _parts_level(fold.name_key(last), first, name)
        if level is Level.EXACT:
            return level, name
        if level is Level.NEAR:
            best = (level, name)
    return best


def first_names_alike(one: str, two: str) -> bool:
    """Could one be taken for the other: equal, similar, nickname, or the same initial alone."""
    a, b = fold.name_key(one), fold.name_key(two)
    if not a or not b:
        return True
    if a == b or are_nicknames(a, b) or (min(len(a), len(b)) == 1 and a[0] == b[0]):
        return True
    return JaroWinkler.similarity(a, b) >= 0.80


def last_names_alike(one: str, two: str) -> bool:
    a, b = fold.name_key(one), fold.name_key(two)
    return a == b or _ratio(a, b) >= _NEAR_RATIO or bool(_double_parts(one) & _double_parts(two))


def _with_findings(evidence: Evidence) -> Iterator[tuple[PageText, tuple[Finding, ...]]]:
    by_page = {f.scan_page_no: f.findings for f in evidence.findings}
    for text in evidence.texts:
        yield text, by_page.get(text.page.scan_page_no, ())


def _as_others_saw(evidence: Evidence) -> Iterator[tuple[PageText, tuple[Finding, ...]]]:
    by_page = {f.scan_page_no: f.findings for f in evidence.findings}
    for text in evidence.other_texts:
        yield text, by_page.get(text.page.scan_page_no, ())


def _whole_names(patient: Patient) -> Iterator[PersonName]:
    for name in patient.names:
        if fold.name_key(name.last) and fold.name_key(name.first):
            yield name


# --- on a page -----------------------------------------------------------------------
def _on_page(
    text: PageText, name: PersonName, findings: Sequence[Finding], thorough: bool
) -> list[NameSighting]:
    last, first = fold.name_key(name.last), fold.name_key(name.first)
    found = list(_together(text, name, text.spans(last), text.spans(first), Level.EXACT, findings))
    if found:
        return found
    lasts = text.spans(last) or _near_spans(text, name.last, last, thorough or text.has(first))
    firsts = text.spans(first) or _near_firsts(text, first, bool(lasts))
    return list(_together(text, name, lasts, firsts, Level.NEAR, findings))


def _near_spans(text: PageText, last_text: str, last: str, wanted: bool) -> list[Span]:
    if not wanted:
        return []
    parts = [p for p in fold.name_parts(last_text) if len(p) >= 4] if last_text.strip() else []
    found = [span for part in parts if part != last for span in text.spans(part)]
    if len(last) >= 4:
        best = process.extract(
            last, text.name_keys, scorer=Indel.normalized_similarity, score_cutoff=_NEAR_RATIO, limit=3
        )
        found += [span for key, _, _ in best for span in text.spans(key)]
    return found


def _near_firsts(text: PageText, first: str, wanted: bool) -> list[Span]:
    if not wanted:
        return []
    best = process.extract(
        first, text.name_keys, scorer=Indel.normalized_similarity, score_cutoff=_NEAR_RATIO, limit=3
    )
    found = [span for key, _, _ in best for span in text.spans(key)]
    found += [s for form in sorted(forms_of(first)) for s in text.spans(form)]
    return found + list(text.spans(first[:1]))


def _together(
    text: PageText,
    name: PersonName,
    lasts: Sequence[Span],
    firsts: Sequence[Span],
    level: Level,
    findings: Sequence[Finding],
) -> Iterator[NameSighting]:
    for last in lasts:
        for first in firsts:
            if _overlap(last, first) or not (_beside(last, first) or _stacked(text, last, first)):
                continue
            yield _sighting(text, name, last, first, level, findings)


def _overlap(one: Span, two: Span) -> bool:
    return one.first.order <= two.last.order and two.first.order <= one.last.order


def _beside(last: Span, first: Span) -> bool:
    """ "Last, First" with a suffix between, or "First Middle Last"."""
    if last.line_no != first.line_no:
        return False
    if last.last.order < first.first.order:
        between = first.first.step - last.last.step - 1
        return between == 0 or (between == 1 and first.first.order - last.last.order <= 3)
    return last.first.step - first.last.step - 1 <= 2


def _stacked(text: PageText, last: Span, first: Span) -> bool:
    """Two labelled cells, one above the other."""
    if abs(last.line_no - first.line_no) > 3 or last.line_no == first.line_no:
        return False
    a, b = last.box, first.box
    if abs(a.top_px - b.top_px) > 4 * text.line_height_px:
        return False
    in_row = min(a.bottom_px, b.bottom_px) - max(a.top_px, b.top_px) > 0.4 * text.line_height_px
    if in_row:  # one printed row that the reader took for two lines
        gap = max(b.left_px - a.right_px, a.left_px - b.right_px)
        return gap < 0.35 * text.page.width_px
    return all(_is_name_cell(text, span) for span in (last, first))


def _is_name_cell(text: PageText, span: Span) -> bool:
    line = text.by_line[span.line_no]
    before = [t for t in line if t.order < span.first.order][-3:]
    return any(t.key in _STACKED_LABELS for t in before)


def _sighting(
    text: PageText, name: PersonName, last: Span, first: Span, level: Level, findings: Sequence[Finding]
) -> NameSighting:
    box = union((last.box, first.box))
    tokens = (last.first, last.last, first.first, first.last)
    words = tuple({id(t.word): t.word for t in tokens}.values())
    sure, disputed, _ = certainty(text.page, words, SURE_NAME_CONFIDENCE, FindingKind.NAME)
    middle, suffix = _around(text, name, last, first)
    if middle is Level.ABSENT:
        middle = _labelled_middle(name, box, findings)
    start = min(last, first, key=lambda s: s.first.order)
    return NameSighting(
        level=Level.NEAR if disputed else level,
        scan_page_no=text.page.scan_page_no,
        box=box,
        role=_role(text, start, max(last, first, key=lambda s: s.first.order), box, findings),
        name=name,
        raw=" ".join(w.text for w in words),
        middle=middle,
        suffix=suffix,
        is_sure=sure,
        is_whole_first=len(first.first.key) > 1,
        first_read="".join(t.key for t in text.tokens[first.first.order : first.last.order + 1]),
        is_read_once=disputed and level is Level.EXACT,
    )


def _role(text: PageText, start: Span, end: Span, box: Box, findings: Sequence[Finding]) -> Role:
    """The extraction's word on this place, and a veto by what stands around it."""
    if mention := mention_role(text, start):
        return mention
    seen = {f.role for f in findings if f.kind is FindingKind.NAME and overlaps(f.box, box)}
    if (
        any(f.kind is FindingKind.PROVIDER and overlaps(f.box, box) for f in findings)
        and Role.PATIENT not in seen
    ):
        return Role.PROVIDER
    if Role.RELATIVE in seen:
        return Role.RELATIVE  # also where the block looks like a patient's sticker
    if Role.PATIENT in seen:
        return Role.PATIENT
    for role in (Role.PROVIDER, Role.OTHER):
        if role in seen:
            return role
    whole = Span(first=start.first, last=end.last) if start.line_no == end.line_no else start
    role = context_of(text, whole).role
    return Role.OTHER if role is Role.UNKNOWN and has_unknown_label(text, start) else role


def _around(text: PageText, name: PersonName, last: Span, first: Span) -> tuple[Level, str]:
    """How the middle name beside the name compares, and the suffix that stands there."""
    line = text.by_line[first.line_no]
    low = min(first.first.order, last.first.order) if first.line_no == last.line_no else first.first.order
    high = max(first.last.order, last.last.order) if first.line_no == last.line_no else first.last.order
    own = range(first.first.order, first.last.order + 1), range(last.first.order, last.last.order + 1)
    near = [t for t in line if low <= t.order <= high + 2 and not any(t.order in r for r in own)]
    suffix = next((s for t in near if (s := fold.suffix_key(t.key))), "")
    middle = fold.name_key(name.middle)
    between = [t for t in near if t.order == first.last.order + 1 and not fold.suffix_key(t.key)]
    if not middle or not between or not _is_given(between[0].key, between[0].order < high):
        return Level.ABSENT, suffix
    level = _middle_level(fold.name_key(between[0].key), middle)
    # A speck beside the name is a letter to one reader and nothing to the other.
    is_doubtful = double_key((between[0].word,)) in (DoubleKey.DISPUTED, DoubleKey.UNSEEN)
    return Level.ABSENT if level is Level.CONFLICT and is_doubtful else level, suffix


def _labelled_middle(name: PersonName, box: Box, findings: Sequence[Finding]) -> Level:
    """The middle name as the extraction read it behind a label, against the person's."""
    middle = fold.name_key(name.middle)
    for finding in findings:
        if finding.kind is not FindingKind.NAME or not overlaps(finding.box, box):
            continue
        given = [fold.name_key(w) for w in finding.value.partition(",")[2].split()]
        given = [w for w in given if w and not fold.suffix_key(w)]
        if middle and len(given) >= 2 and given[0] == fold.name_key(name.first):
            return _middle_level(given[1], middle)
    return Level.ABSENT


def _middle_level(read: str, known: str) -> Level:
    if read == known or known.startswith(read) or read.startswith(known):
        return Level.EXACT
    return Level.NEAR if min(len(read), len(known)) > 2 and _ratio(read, known) >= 0.7 else Level.CONFLICT


def _is_given(key: str, is_between: bool) -> bool:
    """A token behind "Last, First" is a middle name only as an initial: more may be another cell."""
    return key.isalpha() and (is_between or (len(key) == 1 and key not in ("M", "F")))


# --- name against name -----------------------------------------------------------------
def _parts_level(last: str, first: str, name: PersonName) -> Level:
    known_last, known_first = fold.name_key(name.last), fold.name_key(name.first)
    for a, b in ((last, first), (first, last)):
        if (a, b) == (known_last, known_first):
            return Level.EXACT
        lasts = a == known_last or _ratio(a, known_last) >= 0.75 or a in _double_parts(name.last)
        if lasts and (first_names_alike(b, known_first) or _ratio(b, known_first) >= 0.75):
            return Level.NEAR
    return Level.NEAR if not first and last == known_last else Level.CONFLICT


def _double_parts(text: str) -> set[str]:
    parts = fold.name_parts(text)
    return {p for p in parts if len(p) >= 4} if len(parts) > 1 else {"".join(parts)}


def _ratio(one: str, two: str) -> float:
    return (
        Indel.normalized_similarity(one.translate(_READ_AS), two.translate(_READ_AS)) if one and two else 0.0
    )
