"""Dates, numbers and labelled findings on pages, as sightings.

Looks at every date and every number itself (the roster decides which of them mean
somebody), and takes over what the extraction labelled. Repairs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from scanindex.agreement import DoubleKey, agree, double_key, other_reading, readers
from scanindex.houses import NOBODY_SAID, Houses, PageHouses, Standing
from scanindex.match import fold, wording
from scanindex.match.context import Context, Label, context_of, mention_role
from scanindex.match.dates import dates_in
from scanindex.match.evidence import COVER_PAGE, Evidence, Sighting
from scanindex.match.text import Line, PageText, Span, overlaps, union
from scanindex.model import (
    Finding,
    FindingKind,
    PageFindings,
    PageGroup,
    PageReading,
    Role,
    TextSource,
    Word,
)

SURE_CONFIDENCE = 0.90
"""Least confidence at which one reader alone counts; certified on audited outcomes. Of worn
identifiers whose words Tesseract read with .7 or more 25 of 1,380 were wrong, with .9 or more
9 of 1,064 (counted from an early `benchmarks/double_key.py --details`)."""
SURE_NAME_CONFIDENCE = 0.40
"""Names need less: hitting a roster name by misreading is rare, hitting a number is not."""
SURE_LEGIBILITY = 0.55
_NUMBER = re.compile(r"(?<![A-Z0-9/.])[A-Z]{0,3}-?\d[\dA-Z]*(?:(?:[-.]| ?- ?| )\d{1,4})*(?![A-Z0-9/])")
_PHONE = re.compile(r"(?<!\d)(?:\+?1[ .-]?)?\(?([2-9]\d\d)\)?[ .\-/]{0,2}([2-9]\d\d)[ .\-]{0,2}(\d{4})(?!\d)")
_SSN = re.compile(r"(?<![\dX*])(?:\d{3}|[X*]{3})[- ]?(?:\d{2}|[X*]{2})[- ]?(\d{4})(?!\d)")
_NEWBORN = re.compile(
    r"\b(?:BABY|INFANT|NEWBORN|NB|BB|BG)[ ,.'-]*(?:BOY|GIRL|OF|MALE|FEMALE|TWIN)\b|\b(?:BOY|GIRL)[ ,]+BABY\b"
    r"|,\s*(?:BB|BG|NB|BABY)\b"
)
_BIRTH_PAGE = re.compile(r"\b(?:NEWBORN|NEONATAL|NEONATE|APGAR|BIRTH WEIGHT|BIRTHWEIGHT)\b")
_MOTHER = re.compile(
    r"\bMOTHER(?:['’`]?S)?\s*(?:NAME|MRN|DOB|AGE|ID|#|:|NO\b)|\bMATERNAL\s+(?:NAME|MRN|AGE|DOB)"
)
_BABY = re.compile(r"\b(?:INFANT|BABY|DELIVERED)\b")
_COPIED = {
    FindingKind.MRN,
    FindingKind.BIRTH_DATE,
    FindingKind.SEX,
    FindingKind.SSN4,
    FindingKind.PHONE,
    FindingKind.ADDRESS,
}


def gather(
    pages: Sequence[PageReading],
    findings: Sequence[PageFindings],
    group: PageGroup,
    houses: Houses = NOBODY_SAID,
) -> Evidence:
    """All sightings on the pages of one document, and on its cover sheet."""
    wanted = set(group.pages)
    pages = tuple(p for p in pages if p.scan_page_no in wanted)
    findings = tuple(f for f in findings if f.scan_page_no in wanted)
    texts = tuple(PageText(p) for p in pages)
    by_page = {f.scan_page_no: f.findings for f in findings}
    sightings = [s for text in texts for s in _on_page(text, by_page.get(text.page.scan_page_no, ()), houses)]
    if group.cover:
        sightings += [_from_cover(f) for f in group.cover.findings if f.kind in _COPIED]
    return Evidence(
        pages=pages,
        texts=texts,
        other_texts=tuple(_as_other_saw(p) for p in pages if any(_is_disputed(w) for w in p.words)),
        sightings=tuple(sightings),
        findings=findings,
        group=group,
        prose={t.page.scan_page_no: wording.prose_lines(t) for t in texts},
        empty_fields={
            t.page.scan_page_no: wording.empty_fields(t, by_page.get(t.page.scan_page_no, ())) for t in texts
        },
        newborn_pages=tuple(t.page.scan_page_no for t in texts if _is_newborn(t)),
    )


def certainty(
    page: PageReading, words: Sequence[Word], least: float, kind: FindingKind
) -> tuple[bool, bool, float | None]:
    """(is sure, is disputed, lowest confidence) of what these words say, taken for a datum of `kind`."""
    if page.text_source is TextSource.TEXT_LAYER or (words and all(w.engine == "text_layer" for w in words)):
        return True, False, None
    known = [w.confidence for w in words if w.confidence is not None]
    confidence = min(known) if known else None
    key = double_key(words, kind)
    if key is not DoubleKey.SINGLE:
        return key is DoubleKey.AGREED, key is DoubleKey.DISPUTED, confidence
    legible = page.quality.legibility is None or page.quality.legibility >= SURE_LEGIBILITY
    return bool(legible and confidence is not None and confidence >= least), False, confidence


def _is_disputed(word: Word) -> bool:
    return bool(word.second_text) and not agree(word.text, word.second_text or "")


def _as_other_saw(page: PageReading) -> PageText:
    """The page with the other reader's text in place of what it disputes; a second reading that
    neighbours share stands once."""
    words: list[Word] = []
    before: Word | None = None
    for word in page.words:
        if _is_disputed(word):
            if before is None or before.second_text != word.second_text:
                words.append(replace(word, text=word.second_text or "", second_text=word.text))
        else:
            words.append(word)
        before = word
    return PageText(replace(page, words=tuple(words)))


def _is_newborn(text: PageText) -> bool:
    whole = "\n".join(line.text for line in text.lines)
    is_birth = bool(_BIRTH_PAGE.search(whole))
    return bool(_NEWBORN.search(whole) or (is_birth and (_MOTHER.search(whole) or _BABY.search(whole))))


def _on_page(text: PageText, findings: Sequence[Finding], houses: Houses) -> Iterator[Sighting]:
    asked = PageHouses(text.page, findings, houses)
    yield from (_of_house(asked, _from_finding(text, f)) for f in findings if f.kind in _COPIED)
    for line in text.lines:
        taken: list[tuple[int, int]] = []
        for sighting, start, end in _dates(text, line, findings):
            taken.append((start, end))
            if sighting:
                yield sighting
        for sighting, start, end in _phones(text, line):
            taken.append((start, end))
            yield sighting
        for sighting, is_announced in _numbers(text, line, findings, taken):
            yield _of_house(asked, sighting, is_announced=is_announced)


def _of_house(asked: PageHouses, s: Sighting, *, is_announced: bool = True) -> Sighting:
    """The number with what the page says about whose house's it is: another house's is no witness."""
    if s.kind is not FindingKind.MRN or s.box is None or not s.is_patients:
        return s
    house = asked.standing(s.box, is_labelled=is_announced, is_wary=True)
    return replace(s, house=house, role=Role.OTHER if house is Standing.OTHERS else s.role)


# --- what the extraction found ---------------------------------------------------
def _from_finding(text: PageText, finding: Finding) -> Sighting:
    words = _words_in(text, finding)
    role = _own_role(text, finding, words)
    sure, disputed, lowest = certainty(text.page, words, SURE_CONFIDENCE, finding.kind)
    confidence = finding.confidence if finding.confidence is not None else lowest
    if "barcode" in finding.readers or len(finding.readers) > 1:
        sure, disputed = True, False
    elif finding.confidence is not None:
        # Also where both readers agreed on words that the extraction had to repair.
        sure = sure and finding.confidence >= SURE_CONFIDENCE
    return Sighting(
        kind=finding.kind,
        scan_page_no=finding.scan_page_no,
        box=finding.box,
        raw=finding.raw,
        values=_readings(finding),
        others=_seen_otherwise(finding),
        seen_otherwise=_seen_otherwise(finding),
        role=role,
        is_labelled=True,
        confidence=confidence,
        is_sure=sure,
        is_disputed=disputed,
        readers=finding.readers,
    )


def _own_role(text: PageText, finding: Finding, words: Sequence[Word]) -> Role:
    """The extraction's role, unless the words around give the datum to somebody else."""
    if finding.role not in (Role.PATIENT, Role.UNKNOWN) or not words:
        return finding.role
    span = _span_of(text, words)
    if span and (mention := mention_role(text, span)):
        return mention
    seen = context_of(text, span).role if span else Role.UNKNOWN
    return seen if seen in (Role.RELATIVE, Role.PROVIDER) and finding.role is Role.UNKNOWN else finding.role


def _readings(finding: Finding) -> tuple[str, ...]:
    if finding.kind is not FindingKind.BIRTH_DATE:
        return (finding.value,)
    seen = list(dates_in(fold.ascii_upper(finding.raw)))
    return tuple(dict.fromkeys((finding.value, *(seen[0].readings if len(seen) == 1 else ()))))


def _seen_otherwise(finding: Finding) -> tuple[str, ...]:
    """What the other reader's text means, where the two differ: finds people, is never exact."""
    if not finding.other_raw:
        return ()
    if finding.kind is FindingKind.BIRTH_DATE:
        return tuple(day for seen in dates_in(fold.ascii_upper(finding.other_raw)) for day in seen.readings)
    if finding.kind is FindingKind.SSN4:
        return (fold.digits(finding.other_raw)[-4:],)
    return (fold.identifier_text(finding.other_raw),) if finding.kind is FindingKind.MRN else ()


def _from_cover(finding: Finding) -> Sighting:
    return Sighting(
        kind=finding.kind,
        scan_page_no=COVER_PAGE,
        box=finding.box,
        raw=finding.raw,
        values=(finding.value,),
        role=Role.PATIENT,
        is_labelled=True,
        confidence=1.0,
        is_sure=True,
        readers=("barcode",),
    )


def _words_in(text: PageText, finding: Finding) -> tuple[Word, ...]:
    """The words of the finding's place that carry its value."""
    wanted = fold.identifier_text(finding.raw)
    inside = [w for w in text.page.words if overlaps(w.box, finding.box)]
    carrying = [
        w for w in inside if (key := fold.identifier_text(w.text)) and (key in wanted or wanted in key)
    ]
    return tuple(carrying or inside)


def _span_of(text: PageText, words: Sequence[Word]) -> Span | None:
    tokens = (
        [t for t in text.by_line.get(words[0].line_no, ()) if any(t.word is w for w in words)]
        if words
        else []
    )
    return Span(first=tokens[0], last=tokens[-1]) if tokens else None


# --- what stands anywhere -----------------------------------------------------------
def _dates(
    text: PageText, line: Line, findings: Sequence[Finding]
) -> Iterator[tuple[Sighting | None, int, int]]:
    """Every date of a line; None for one that a label makes a date of something else."""
    for found in dates_in(line.text):
        words = line.words_at(found.start, found.end)
        span = _span_of(text, words)
        if span is None:
            continue
        box = union([w.box for w in words])
        here = [f for f in findings if overlaps(f.box, box)]
        births = [f for f in here if f.kind is FindingKind.BIRTH_DATE]
        context = context_of(text, span)
        is_service = any(f.kind is FindingKind.SERVICE_DATE and f.role is Role.PATIENT for f in here)
        if not births and (is_service or context.label is Label.OTHER_DATE):
            yield None, found.start, found.end
            continue
        sure, disputed, confidence = certainty(text.page, words, SURE_CONFIDENCE, FindingKind.BIRTH_DATE)
        yield (
            Sighting(
                kind=FindingKind.BIRTH_DATE,
                scan_page_no=text.page.scan_page_no,
                box=box,
                raw=line.text[found.start : found.end],
                values=found.readings,
                others=found.others,
                seen_otherwise=_days_seen_otherwise(words) if disputed else (),
                role=mention_role(text, span) or (births[0].role if births else context.role),
                is_labelled=bool(births) or context.label is Label.BIRTH,
                confidence=confidence,
                is_sure=sure,
                is_disputed=disputed,
                readers=readers(words, FindingKind.BIRTH_DATE),
            ),
            found.start,
            found.end,
        )


def _days_seen_otherwise(words: Sequence[Word]) -> tuple[str, ...]:
    other = other_reading(words)
    return tuple(day for seen in dates_in(fold.ascii_upper(other or "")) for day in seen.readings)


def _phones(text: PageText, line: Line) -> Iterator[tuple[Sighting, int, int]]:
    for pattern, kind in ((_PHONE, FindingKind.PHONE), (_SSN, FindingKind.SSN4)):
        for match in pattern.finditer(line.text):
            words = line.words_at(*match.span())
            span = _span_of(text, words)
            if span is None:
                continue
            sure, disputed, confidence = certainty(text.page, words, SURE_CONFIDENCE, kind)
            yield (
                Sighting(
                    kind=kind,
                    scan_page_no=text.page.scan_page_no,
                    box=union([w.box for w in words]),
                    raw=match[0],
                    values=("".join(match.groups()),),
                    role=context_of(text, span).role,
                    # A masked number says by itself what it is.
                    is_labelled=kind is FindingKind.SSN4 and match[0][0] in "X*",
                    confidence=confidence,
                    is_sure=sure,
                    is_disputed=disputed,
                    readers=readers(words, kind),
                ),
                *match.span(),
            )


def _numbers(
    text: PageText, line: Line, findings: Sequence[Finding], taken: Sequence[tuple[int, int]]
) -> Iterator[tuple[Sighting, bool]]:
    """Numbers of 4 to 12 characters that are no date and no phone, and whether words announce them
    as record numbers."""
    for match in _NUMBER.finditer(line.text):
        start, end = match.span()
        if any(start < stop and begin < end for begin, stop in taken):
            continue
        whole = _span_of(text, line.words_at(start, end))
        # Where a birth date should stand, a bare number is a date that lost its separators.
        is_birth = whole is not None and context_of(text, whole).label is Label.BIRTH
        kind = FindingKind.BIRTH_DATE if is_birth else FindingKind.MRN
        for raw, words in _joins(line, match):
            value = fold.identifier_text(raw)
            if not 4 <= len(value) <= 12 or sum(c.isdigit() for c in value) < 4:
                continue
            span = _span_of(text, words)
            box = union([w.box for w in words])
            if span is None or any(f.kind in _COPIED and overlaps(f.box, box) for f in findings):
                continue  # the extraction's own sighting stands for it
            context = context_of(text, span)
            yield _number(text, words, raw, context, kind), context.label is Label.MRN


def _joins(line: Line, match: re.Match[str]) -> Iterator[tuple[str, tuple[Word, ...]]]:
    """The whole run of groups, and each word of it that is long enough alone."""
    words = line.words_at(*match.span())
    yield match[0], words
    if len(words) > 1:
        for word in words:
            yield word.text, (word,)


def _number(
    text: PageText, words: Sequence[Word], raw: str, context: Context, taken_for: FindingKind
) -> Sighting:
    sure, disputed, confidence = certainty(text.page, words, SURE_CONFIDENCE, taken_for)
    return Sighting(
        kind=FindingKind.MRN,
        scan_page_no=text.page.scan_page_no,
        box=union([w.box for w in words]),
        raw=raw,
        values=(raw.strip(),),
        seen_otherwise=(fold.identifier_text(other_reading(words) or ""),) if disputed else (),
        role=context.role,
        is_labelled=context.label is Label.MRN and _is_tight(words, text),
        is_other=context.label is Label.OTHER_NUMBER,
        confidence=confidence,
        is_sure=sure,
        is_disputed=disputed,
        readers=readers(words, taken_for),
    )


def _is_tight(words: Sequence[Word], text: PageText) -> bool:
    """The groups of one number stand close together."""
    return all(b.box.left_px - a.box.right_px < 1.5 * text.line_height_px for a, b in pairwise(words))
