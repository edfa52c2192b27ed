"""`fields`: the best finding per kind over the pages of one document.

Only data of the patient (or of nobody in particular), only what was read, never
from a roster. Where two strong values of an identifier stand against each other the
better supported one wins, and nobody where support is even.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from rapidfuzz import fuzz

from scanindex.extract.date_habits import USUAL_HABITS, DateHabits, DayOrder
from scanindex.extract.dates import DateSpan, birth_readings, labelled_date, service_readings
from scanindex.extract.evidence import OTHER_HOUSE
from scanindex.extract.layout import key_of
from scanindex.extract.service_dates import EITHER_ORDER, rank_of
from scanindex.extract.values import is_whole_address
from scanindex.model import DocumentFields, Finding, FindingKind, PageFindings, Role

_SURE_TITLE = "sure title"
_RULE_WEIGHT: Mapping[str, float] = MappingProxyType(
    {
        "cover": 4.0,
        "label.mrn": 1.0,
        "label.id": 0.35,
        "label.name": 1.0,
        "label.name_cells": 1.0,
        "label.name.plain": 0.7,
        "label.name.re": 0.7,
        "header.name": 0.6,
        "label.birth_date.two_centuries": 0.4,
    }
)
_SERVICE_RANK = ("visit", "ordered", "discharge", "admission", "date", "alone", "dictated", "entry")
_STAY_RANK = ("discharge", "admission", *(r for r in _SERVICE_RANK if r not in {"discharge", "admission"}))
_STAY_TYPES = frozenset({"discharge_summary", "face_sheet"})
"""Documents of a whole stay; on others the header's admission date is not the date of care."""
_EVENT_RANK = tuple(r for r in _SERVICE_RANK if r != "admission")
_ADMITTING_TYPES = frozenset(
    {
        None,
        "history_physical",
        "emergency_report",
        "transfer_form",
        "newborn_record",
        "billing_statement",
        "claim_form",
    }
)
_LETTER_RANK = ("alone", *(r for r in _SERVICE_RANK if r != "alone"))
"""A letter is dated by the line that stands alone over the address."""
_PROVIDER_RANK = ("author", "low", "attending", "anesthesia", "ordering", "high", "nurse", "referring")
_LETTER_PROVIDER_RANK = ("author", "low", "attending")
"""The doctor on top of a letter is mostly the one it is written to."""
_FACILITY_RANK = (
    "letterhead.facility",
    "label.facility",
    "footer.facility",
    "letterhead.facility.weak",
    "footer.facility.weak",
)
_FACILITY_FLOOR = (0.15, 0.35)
"""Least confidence of a facility's name: with a word that only they hold, and without."""
_SAME_NAME = 85
"""Percent of letters alike in two readings of one letterhead."""
_TYPE_RANK = (
    _SURE_TITLE,
    "cover",
    "title.document_type",
    "letter.document_type",
    "title.document_type.weak",
    "words.document_type",
)
_SURE_TITLE_CONFIDENCE = 0.7
_DATED = frozenset({FindingKind.SERVICE_DATE, FindingKind.BIRTH_DATE})
_LABEL_FLOOR, _BARE_FLOOR = 0.47, 0.28
"""Least confidence of a date worth showing; a second reader's disagreement falls below."""
_SLIP_FLOOR = 0.15
"""The same where the second reader saw the same but for letters in place of digits."""
_SLIPS = str.maketrans("OoQDlI|!ZSB", "00001111258")
_SCRAP_FLOOR = 0.4
"""The same where the second reader saw no other date in its place."""
_EVEN = 1.25
"""One value must have this many times the support of another to win over it."""


def fields(findings: Sequence[PageFindings]) -> DocumentFields:
    """What was read on these pages (one document, in order)."""
    everything = [f for page in findings for f in page.findings]
    everything = _in_its_order(everything)
    usable = [f for f in everything if f.role in {Role.PATIENT, Role.UNKNOWN} and not _is_running(f)]
    own, outside = _by_house(f for f in usable if f.kind is FindingKind.MRN)
    kind = _document_type(findings)
    service = _service_date(everything, usable, kind)
    service_start, service_end = _stay(everything, service)
    return DocumentFields(
        name=_voted(usable, FindingKind.NAME),
        birth_date=_birth_date(usable, service),
        mrn=_voted(own, FindingKind.MRN),
        outside_mrn=_voted(outside, FindingKind.MRN),
        sex=_voted(usable, FindingKind.SEX),
        ssn4=_voted(usable, FindingKind.SSN4),
        phone=_voted(usable, FindingKind.PHONE),
        address=_voted([f for f in usable if is_whole_address(f.value)], FindingKind.ADDRESS),
        account=_voted(usable, FindingKind.ACCOUNT),
        service_date=service,
        service_start=service_start,
        service_end=service_end,
        document_type=kind,
        provider=_provider(everything, kind),
        facility=_facility(everything),
    )


def _by_house(numbers: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Ours and another house's: what one page gives to another house is so on every page."""
    numbers = list(numbers)
    others = {key_of(f.value).lstrip("0") for f in numbers if f.rule.startswith(OTHER_HOUSE)}
    outside = [f for f in numbers if key_of(f.value).lstrip("0") in others]
    return [f for f in numbers if f not in outside], outside


def rule_name(finding: Finding) -> str:
    """The rule without its version."""
    return finding.rule.removeprefix(OTHER_HOUSE).rsplit("/", 1)[0]


def _is_running(finding: Finding) -> bool:
    """A name in a page's head that nothing calls the patient's."""
    return finding.rule.startswith("running.name")


def _weight(finding: Finding) -> float:
    confidence = 0.7 if finding.confidence is None else max(0.05, finding.confidence)
    role = 1.0 if finding.role is Role.PATIENT else 0.6
    return (
        _RULE_WEIGHT.get(rule_name(finding), 1.0) * confidence * role * (1 + 0.5 * (len(finding.readers) > 1))
    )


def _voted(findings: Iterable[Finding], kind: FindingKind) -> str | None:
    """The value with most support, spelled as in its best finding; None where support is even."""
    support: dict[str, float] = {}
    best: dict[str, Finding] = {}
    for finding in findings:
        if finding.kind is not kind:
            continue
        key = _key(kind, finding.value, support)
        support[key] = support.get(key, 0.0) + _weight(finding)
        if key not in best or _weight(finding) > _weight(best[key]):
            best[key] = finding
    ranked = sorted(support, key=lambda key: -support[key])
    if not ranked:
        return None
    if len(ranked) > 1 and support[ranked[0]] < _EVEN * support[ranked[1]]:
        return None
    return best[ranked[0]].value


def _key(kind: FindingKind, value: str, known: Iterable[str]) -> str:
    """What counts as the same value: zeros and punctuation apart, names as far as they are printed."""
    if kind in {FindingKind.MRN, FindingKind.ACCOUNT}:
        return key_of(value).lstrip("0")
    if kind is not FindingKind.NAME:
        return key_of(value)
    last, _, given = value.partition(",")
    key = f"{key_of(last)} {' '.join(given.split())}"
    return next((k for k in known if _is_same_name(k, key)), key)


def _is_same_name(one: str, other: str) -> bool:
    """One has all parts of the other, initials standing for names: they do not contradict."""
    a, b = sorted((one.split(), other.split()), key=len)
    return a[:1] == b[:1] and all(
        any(x == y or (1 in (len(x), len(y)) and x[0] == y[0]) for y in b) for x in a[1:]
    )


def _birth_date(findings: Sequence[Finding], service: str | None) -> str | None:
    """Birth dates read again with the document's date of care, which settles two-digit years."""
    settled: list[Finding] = []
    for finding in findings:
        if finding.kind is not FindingKind.BIRTH_DATE:
            continue
        span = labelled_date(finding.raw)
        possible = birth_readings(span, [service] if service else []) if span else (finding.value,)
        is_open = rule_name(finding).endswith("two_centuries")
        if not is_open or (finding.value in possible and len(possible) == 1):
            settled.append(finding)
    return _voted(settled, FindingKind.BIRTH_DATE)


def _service_date(everything: Sequence[Finding], usable: Sequence[Finding], kind: str | None) -> str | None:
    """The best date of the best rank of label that the document has.

    Where that one is illegible, impossible or of either order the answer is none, not the
    next rank: the day of dictation is not the day of the visit.
    """
    births = {f.value for f in usable if f.kind is FindingKind.BIRTH_DATE}
    dates = [f for f in everything if f.kind is FindingKind.SERVICE_DATE and not _is_bare_birth(f, births)]
    sure = frozenset(f.value for f in dates if len(f.value) == 10 and _is_legible(f))
    for rank in _ranks(kind):
        of_rank = [f for f in dates if rank_of(f) == rank]
        if of_rank:
            return _one_date(of_rank, min(births, default=""), rank, sure)
    return None


def _stay(everything: Sequence[Finding], service: str | None) -> tuple[str | None, str | None]:
    """First and last day of care where the paper tells both: a stay, or a printed range."""
    dates = [f for f in everything if f.kind is FindingKind.SERVICE_DATE and f.value and _is_settled(f)]
    admitted, discharged = ({f.value for f in dates if rank_of(f) == r} for r in ("admission", "discharge"))
    if len(admitted) == len(discharged) == 1 and min(admitted) <= min(discharged):
        return min(admitted), min(discharged)
    ends = {f.value for f in dates if rank_of(f) == "end" and service is not None and f.value >= service}
    return (service, ends.pop()) if len(ends) == 1 else (None, None)


def _is_settled(finding: Finding) -> bool:
    return _is_legible(finding) and not finding.rule.split("/")[0].endswith(EITHER_ORDER)


def _in_its_order(findings: Sequence[Finding]) -> list[Finding]:
    """Dates of either order read in the one that the document's other dates show.

    Only what other pages tell: a page's own dates were heeded when it was read.
    """
    spans = {id(f): labelled_date(f.raw) for f in findings if f.kind in _DATED}
    orders = {s.is_day_first for s in spans.values() if s and s.is_numeric and not s.is_either_order}
    orders |= {True for f in findings if (s := spans.get(id(f))) and s.is_either_order and _is_turned(f, s)}
    if len(orders) != 1:
        return list(findings)
    order = DayOrder.DAY_FIRST if orders == {True} else DayOrder.MONTH_FIRST
    return [f for f in (_reordered(f, spans.get(id(f)), order) for f in findings) if f is not None]


def _is_turned(finding: Finding, span: DateSpan) -> bool:
    """Whether its page made the finding be read day first."""
    is_open = finding.rule.split("/")[0].endswith((EITHER_ORDER, "two_centuries"))
    return not is_open and finding.value[5:] == f"{span.day:02d}-{span.month:02d}"


def _reordered(finding: Finding, span: DateSpan | None, order: DayOrder) -> Finding | None:
    """The finding where it is the reading in this order; None where it is the other one."""
    rule = finding.rule.split("/")[0]
    if finding.kind is not FindingKind.SERVICE_DATE or span is None or not span.is_either_order:
        return finding
    (meant,) = span.under(DateHabits(order=order, received=USUAL_HABITS.received))
    day = finding.value[5:] == f"{meant.month:02d}-{meant.day:02d}"
    if rule.endswith(EITHER_ORDER):
        return (
            dataclasses.replace(finding, rule=rule.removesuffix(f".{EITHER_ORDER}") + "/1") if day else None
        )
    if day or order is DayOrder.MONTH_FIRST:
        return finding
    return dataclasses.replace(finding, value=meant.iso_in_century_of(finding.value))


def _ranks(kind: str | None) -> Sequence[str]:
    """Which labelled dates count for this kind of document, best first."""
    if kind == "correspondence":
        return _LETTER_RANK
    if kind in _STAY_TYPES:
        return _STAY_RANK
    return _SERVICE_RANK if kind in _ADMITTING_TYPES else _EVENT_RANK


def _is_bare_birth(finding: Finding, births: Iterable[str]) -> bool:
    return rule_name(finding).startswith("bare.") and finding.value in births


def _one_date(findings: Sequence[Finding], birth: str, rank: str, sure: frozenset[str]) -> str | None:
    """What most pages say, the first in reading order where they are even; None where the
    first is of either order or unread, and for loose dates all over the page.

    sure: days that were read well somewhere in the document; they vouch for a faint one.
    """
    if rank == "alone" and len({f.value for f in findings if f.scan_page_no == findings[0].scan_page_no}) > 3:
        return None
    good = [
        f
        for f in findings
        if f.value and (_is_legible(f) or f.value in sure) and f.value >= birth[: len(f.value)]
    ]
    if not good or good[0].rule.split("/")[0].endswith(EITHER_ORDER):
        return None
    pages: dict[str, set[int]] = {}
    for finding in good:
        pages.setdefault(finding.value, set()).add(finding.scan_page_no)
    return max(pages, key=lambda value: len(pages[value]))


def _is_legible(finding: Finding) -> bool:
    """Words read badly say nothing that is worth showing as the date."""
    is_bare = rule_name(finding).startswith("bare.")
    floor = _BARE_FLOOR if is_bare else _LABEL_FLOOR
    if finding.confidence is None or finding.confidence >= floor:
        return True
    if finding.other_raw and _unslipped(finding.other_raw) == _unslipped(finding.raw):
        return finding.confidence >= _SLIP_FLOOR
    if not finding.other_raw or is_bare or finding.confidence < _SCRAP_FLOOR:
        return False
    other = labelled_date(finding.other_raw)  # a scrap that is no date speaks against nothing
    return other is None or finding.value in service_readings(other)


def _unslipped(text: str) -> str:
    return "".join(c for c in text.upper().translate(_SLIPS) if c.isalnum())


def _provider(findings: Sequence[Finding], kind: str | None) -> str | None:
    is_letter = kind == "correspondence"
    found = [f for f in findings if f.kind is FindingKind.PROVIDER]
    if is_letter:
        found = _without_addressee(found)
    for rank in _LETTER_PROVIDER_RANK if is_letter else _PROVIDER_RANK:
        for finding in found:
            if rank_of(finding) == rank:
                return finding.value
    return None


def _without_addressee(found: Sequence[Finding]) -> list[Finding]:
    """A letter's signer is not who it is written to, unless nobody else signs."""
    addressed = {f.value.partition(",")[0] for f in found if rank_of(f) in {"high", "copy"}}
    others = [f for f in found if f.value.partition(",")[0] not in addressed]
    return others if any(rank_of(f) == "low" for f in others) else list(found)


def _facility(findings: Sequence[Finding]) -> str | None:
    """Of the best place that names one; of spellings that differ by the reader's slips, the surest."""
    for rank in _FACILITY_RANK:
        of_rank = [
            f
            for f in findings
            if f.kind is FindingKind.FACILITY
            and rule_name(f) == rank
            and (f.confidence is None or f.confidence >= _FACILITY_FLOOR[rank.endswith(".weak")])
        ]
        if of_rank:
            same = [f for f in of_rank if fuzz.ratio(key_of(f.value), key_of(of_rank[0].value)) >= _SAME_NAME]
            return max(same, key=lambda f: f.confidence if f.confidence is not None else 0.7).value
    return None


def _document_type(pages: Sequence[PageFindings]) -> str | None:
    """From a title that was read surely, a cover sheet, a title of any page, else from the first
    page's letter form or words. Paper that says what it is outranks the sheet laid before it."""
    contents = [p for p in pages if any(rule_name(f) != "cover" for f in p.findings)]
    for rank in _TYPE_RANK:
        looked_at = pages if rank == "cover" else contents if rank in _OF_ANY_PAGE else contents[:1]
        for page in looked_at:
            for finding in page.of(FindingKind.DOCUMENT_TYPE):
                if _has_rank(finding, rank):
                    return finding.value
    return None


_OF_ANY_PAGE = (_SURE_TITLE, "title.document_type")


def _has_rank(finding: Finding, rank: str) -> bool:
    if rank != _SURE_TITLE:
        return rule_name(finding) == rank
    sure = finding.confidence is None or finding.confidence >= _SURE_TITLE_CONFIDENCE
    return sure and rule_name(finding) == "title.document_type"
