"""What a page says about the care itself: date of service, provider, facility, page k of N.

A date counts as a date of care by its label, or by standing alone like a letter's
date; birth, print, fax, receipt and due dates never do. How much a label is worth
is in the finding's rule ("label.service_date.visit/1"), for `fields` to rank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanindex.extract.dates import DateSpan, find_dates, service_reading
from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import Field, Sighting
from scanindex.extract.layout import Row, Token
from scanindex.extract.names import CREDENTIALS
from scanindex.extract.places import LabelledPage
from scanindex.extract.tables import words_of
from scanindex.extract.values import read_date, read_person, text_of
from scanindex.model import Finding, FindingKind, Role


def _any_of(phrases: frozenset[str]) -> re.Pattern[str]:
    """Any of these as whole words, whatever the case and the dots in abbreviations."""
    spelt = (
        r"\.?\s?".join(p) if len(p) < 3 else re.escape(p) for p in sorted(phrases, key=len, reverse=True)
    )
    return re.compile(rf"\b(?:{'|'.join(spelt)})(?![A-Za-z])", re.IGNORECASE)


_PAGE_OF = re.compile(r"\b(?:PAGE|PG|P|SHEET)\b[\s.:#]*(\d{1,3})\s*(?:OF|/|0F)\s*(\d{1,3})\b", re.IGNORECASE)
_PAGE_ONLY = re.compile(
    # "continued on page 2" speaks of another page.
    r"(?<!\bON )(?<!\bTO )(?<!\bSEE )(?<!\bNEXT )"
    r"\b(?:PAGE|PG)\b[\s.:#]*(?:NO\.?|NUMBER)?[\s.:#]*(\d{1,3})\b(?!\s*(?:OF|/))",
    re.IGNORECASE,
)
_BARE_OF = re.compile(r"^\W*(\d{1,3})\s+of\s+(\d{1,3})\W*$", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"^\W*-\s*(\d{1,2})\s*-\W*$")
_FAX_LINE = re.compile(r"\bFAX\b|\bFROM[:\s]|\bTO[:\s]|\d{1,2}:\d{2}|\bVIA\b", re.IGNORECASE)
_STRONG_FACILITY = _any_of(words_of("facilities", "strong"))
_FACILITY = _any_of(words_of("facilities", "strong") | words_of("facilities", "usual"))
_NOT_FACILITY = _any_of(words_of("facilities", "never"))
_UNLIKE_NAME = re.compile(r"[:;?]|\d{3}")
_DOCTOR = re.compile(r"^DRS?$")


def service_dates(page: LabelledPage, evidence: Evidence, birth: str | None = None) -> tuple[Finding, ...]:
    """Labelled dates of care; where there is none, a date standing alone like a letter's."""
    labelled = tuple(_labelled(page, evidence, birth))
    if any(not f.rule.endswith((".dictated/1", ".admission/1")) for f in labelled):
        return labelled
    return (*labelled, *_bare(page, evidence, birth))


def _labelled(page: LabelledPage, evidence: Evidence, birth: str | None) -> Iterator[Finding]:
    for sighting in page.sightings:
        if sighting.label.field is not Field.SERVICE_DATE:
            continue
        for place in page.places(sighting):
            value = read_date(place)
            if value is None or value.date is None:
                continue
            reading = service_reading(value.date, birth)
            if reading:
                yield evidence.finding(
                    FindingKind.SERVICE_DATE,
                    raw=value.raw,
                    value=reading,
                    tokens=value.tokens,
                    rule=f"label.service_date.{sighting.label.detail}",
                    role=Role.PATIENT,
                    is_repaired=value.is_repaired,
                )
            break


def _bare(page: LabelledPage, evidence: Evidence, birth: str | None) -> Iterator[Finding]:
    """Dates without label: alone in a cell near the top, or opening a line of notes."""
    for row_no, row in enumerate(page.layout.rows):
        if page.by_row.get(row_no) and any(
            s.label.field in {Field.BIRTH_DATE, Field.OTHER_DATE} for s in page.by_row[row_no]
        ):
            continue
        for cell in row.cells():
            found = _bare_in_cell(cell)
            if found is None:
                continue
            span, is_alone = found
            is_top = row.middle < 0.4 * page.layout.height_px
            if _is_under_excluded(page, row_no, cell) or not (
                is_top if is_alone else cell[0] is row.tokens[0]
            ):
                continue
            if (reading := service_reading(span, birth)) and len(reading) == 10:
                yield evidence.finding(
                    FindingKind.SERVICE_DATE,
                    raw=span.raw,
                    value=reading,
                    tokens=cell[:3],
                    rule="bare.service_date.alone" if is_alone else "bare.service_date.entry",
                    role=Role.UNKNOWN,
                    factor=0.6 if is_alone else 0.5,
                )


def _bare_in_cell(cell: Sequence[Token]) -> tuple[DateSpan, bool] | None:
    """(date, whether nothing else stands in the cell but a time) for a cell that opens with a date."""
    text = text_of(cell)
    spans = find_dates(text)
    if not spans or spans[0].start > 2 or len(spans) > 1 or spans[0].is_repaired:
        return None
    rest = re.sub(
        r"\d{1,2}:?\d{2}(?::\d{2})?\s*(?:[AP]\.?M\.?)?|HRS?|HOURS",
        "",
        text[spans[0].end :],
        flags=re.IGNORECASE,
    )
    return spans[0], not any(c.isalnum() for c in rest)


def _is_under_excluded(page: LabelledPage, row_no: int, cell: Sequence[Token]) -> bool:
    """Whether a label above says that this date is no date of care (birth, due, print)."""
    for above in range(max(0, row_no - 2), row_no):
        for sighting in page.by_row.get(above, ()):
            if sighting.label.field in {Field.BIRTH_DATE, Field.OTHER_DATE}:
                tokens = page.label_tokens(sighting)
                if (
                    tokens[0].left - 3 * tokens[0].height
                    < cell[0].left
                    < tokens[-1].right + 3 * tokens[0].height
                ):
                    return True
    return False


def providers(page: LabelledPage, evidence: Evidence) -> Iterator[Finding]:
    for sighting in page.sightings:
        if sighting.label.field is Field.PROVIDER:
            yield from _labelled_provider(page, evidence, sighting)
    yield from _signatures(page, evidence)


def _labelled_provider(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    for place in page.places(sighting):
        value = read_person(place)
        if value is None:
            continue
        yield evidence.finding(
            FindingKind.PROVIDER,
            raw=value.raw,
            value=value.text,
            tokens=value.tokens,
            rule=f"label.provider.{sighting.label.detail}",
            role=Role.PROVIDER,
        )
        return


def _signatures(page: LabelledPage, evidence: Evidence) -> Iterator[Finding]:
    """ "Ann B. Doe, M.D." or "Dr. Doe" in a short cell of its own: signature or letterhead."""
    for row in page.layout.rows:
        for cell in row.cells():
            if not 2 <= len(cell) <= 8:
                continue
            keys = [t.key for t in cell]
            credential = next((i for i, k in enumerate(keys) if i and k in CREDENTIALS and len(k) > 1), None)
            is_doctor = bool(_DOCTOR.match(keys[0]))
            if credential is None and not is_doctor:
                continue
            value = read_person(cell)
            if value is None or value.name is None or not value.name.credentials:
                continue
            is_low = row.middle > 0.5 * page.layout.height_px
            yield evidence.finding(
                FindingKind.PROVIDER,
                raw=value.raw,
                value=value.text,
                tokens=value.tokens,
                rule="signature.provider.low" if is_low else "signature.provider.high",
                role=Role.PROVIDER,
                factor=0.8,
            )


def facilities(page: LabelledPage, evidence: Evidence) -> Iterator[Finding]:
    for sighting in page.sightings:
        if sighting.label.field is Field.FACILITY and sighting.is_marked:
            place = next(iter(page.places(sighting)), ())
            text = text_of(place).strip(" ,.-_")
            if place and len(text) >= 6 and sum(c.isalpha() for c in text) > 0.7 * len(text.replace(" ", "")):
                yield evidence.finding(
                    FindingKind.FACILITY,
                    raw=text,
                    value=text,
                    tokens=place,
                    rule="label.facility",
                    role=Role.UNKNOWN,
                )
    for share, name in ((0.22, "letterhead"), (1.0, "footer")):
        yield from _letterheads(page, evidence, share, name)


def _letterheads(page: LabelledPage, evidence: Evidence, share: float, name: str) -> Iterator[Finding]:
    for row in page.layout.rows:
        at = row.middle / max(1, page.layout.height_px)
        if not (at <= share if name == "letterhead" else at >= 0.88 or 0.22 < at < 0.35):
            continue
        for cell in row.cells():
            text = text_of([t for t in cell if t.key or t.text == "&"]).strip(" ,.-_|*")
            if not _is_facility(text):
                continue
            is_strong = bool(_STRONG_FACILITY.search(text))
            yield evidence.finding(
                FindingKind.FACILITY,
                raw=text,
                value=text,
                tokens=cell,
                rule=f"{name}.facility{'' if is_strong else '.weak'}",
                role=Role.UNKNOWN,
                factor=1.0 if is_strong else 0.7,
            )


def _is_facility(text: str) -> bool:
    words = text.split()
    if not 2 <= len(words) <= 9 or not _FACILITY.search(text):
        return False
    if _NOT_FACILITY.search(text) or _UNLIKE_NAME.search(text):
        return False
    capitalised = sum(
        w[:1].isupper() or w.lower() in {"of", "the", "and", "at", "for", "&", "de"} for w in words
    )
    return capitalised == len(words)


def page_numbers(page: LabelledPage, evidence: Evidence) -> Iterator[Finding]:
    """ "Page 2 of 5" in the head or foot; the fax machine's own count is told apart by its rule."""
    for row in page.layout.rows:
        at = row.middle / max(1, page.layout.height_px)
        if 0.3 < at < 0.85:
            continue
        text = row.text
        is_fax = at < 0.045 and len(_FAX_LINE.findall(text)) >= 2
        found = _page_number(text, row, at)
        if found is None:
            continue
        number, total = found
        yield evidence.finding(
            FindingKind.PAGE_OF,
            raw=text,
            value=f"{number}/{total or '?'}",
            tokens=row.tokens,
            rule="fax.page_of" if is_fax else "print.page_of" if total else "print.page_number",
            role=Role.OTHER,
        )


def _page_number(text: str, row: Row, at: float) -> tuple[int, int | None] | None:
    if m := _PAGE_OF.search(text) or next(
        (b for c in row.cells() if (b := _BARE_OF.match(text_of(c)))), None
    ):
        number, total = int(m[1]), int(m[2])
        return (number, total) if 1 <= number <= total <= 500 else None
    if m := _PAGE_ONLY.search(text):
        return (int(m[1]), None) if 1 <= int(m[1]) <= 500 else None
    if (at < 0.08 or at > 0.9) and (
        m := next((b for c in row.cells() if (b := _BARE_NUMBER.match(text_of(c)))), None)
    ):
        return int(m[1]), None
    return None
