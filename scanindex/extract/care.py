"""What a page says about the care besides its date: provider, facility, page k of N.

How much a place or label is worth is in the finding's rule ("label.provider.author/1"),
for `fields` to rank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import Field, Sighting
from scanindex.extract.layout import Row, Token, key_of
from scanindex.extract.names import CREDENTIALS
from scanindex.extract.places import LabelledPage
from scanindex.extract.tables import read_table, words_of
from scanindex.extract.values import Value, read_person, text_of
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
_GENERIC = words_of("facilities", "generic")
_OPENS_HEADING = re.compile(
    r"^(?:HOSPITAL|CLINIC|MEDICAL CENTER)\s+(?!OF\b|FOR\b|AT\b|&|CORP)", re.IGNORECASE
)
_COMPANY = re.compile(r"\b(?:P\.?\s?[CA]|INC)\.?$", re.IGNORECASE)
"""A form of company names one only where it ends the line."""
_UNLIKE_NAME = re.compile(r"[:;?]|\d{3}")
_COPY_WORDS = frozenset({"CC", "CCS", "XC", "PC", "COPY", "COPIES", "BCC"})
_AUTHOR_WORDS = frozenset({"DICTATED", "SIGNED", "ELECTRONICALLY", "AUTHENTICATED", "AUTHOR", "BY"})
_TO_WORDS = frozenset({"TO", "ATTN", "ATTENTION"})
_SHORT_PAGE_ROWS = 6
_SIGNED = 0.35
"""Least confidence of a signature's words: scrawl reads as anybody's name."""
_NURSES = frozenset({"RN", "LPN", "LVN", "BSN", "CNA", "RNC"})
_TITLE_WORDS = frozenset(w for _, phrases in read_table("titles") for p in phrases for w in p.split())
_DOCTOR = re.compile(r"^DRS?$")


def providers(page: LabelledPage, evidence: Evidence) -> Iterator[Finding]:
    for sighting in page.sightings:
        if sighting.label.field is Field.PROVIDER:
            yield from _labelled_provider(page, evidence, sighting)
    yield from _signatures(page, evidence)


def _labelled_provider(page: LabelledPage, evidence: Evidence, sighting: Sighting) -> Iterator[Finding]:
    for place in page.places(sighting):
        value = read_person(place)
        if value is None or _is_title(value):
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


def _is_title(value: Value) -> bool:
    """ "Physician's progress notes": the words behind the label are of the form's title."""
    return all(key_of(w) in _TITLE_WORDS for w in re.split(r"[ ,]+", value.text) if w)


def _signatures(page: LabelledPage, evidence: Evidence) -> Iterator[Finding]:
    """ "Ann B. Doe, M.D." or "Dr. Doe" in a short cell of its own: signature or letterhead."""
    copied = frozenset(_copied_rows(page))
    for row_no, row in enumerate(page.layout.rows):
        for whole in row.cells():
            cell = _after_author(whole, is_copied=row_no in copied)
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
            is_low = _is_at_end(page, row_no)
            if (value.tokens and _least(value.tokens) < _SIGNED) and not is_doctor:
                continue
            is_nurse = not is_doctor and all(c in _NURSES for c in value.name.credentials)
            is_told = row_no in copied or _word_before(row, whole) in _TO_WORDS
            place = "copy" if is_told else "nurse" if is_nurse else "low" if is_low else "high"
            yield evidence.finding(
                FindingKind.PROVIDER,
                raw=value.raw,
                value=value.text,
                tokens=value.tokens,
                rule=f"signature.provider.{place}",
                role=Role.PROVIDER,
                factor=0.8,
            )


def _least(tokens: Sequence[Token]) -> float:
    return min((t.word.confidence for t in tokens if t.word.confidence is not None), default=1.0)


def _is_at_end(page: LabelledPage, row_no: int) -> bool:
    """In the lower half of the paper or, on a short page, of what is written on it."""
    rows = page.layout.rows
    is_late = len(rows) >= _SHORT_PAGE_ROWS and row_no >= 0.7 * len(rows)
    return is_late or rows[row_no].middle > 0.5 * page.layout.height_px


def _word_before(row: Row, cell: tuple[Token, ...]) -> str:
    """The word left of a cell ("TO:", "FROM:")."""
    at = next(i for i, t in enumerate(row.tokens) if t is cell[0])
    return row.tokens[at - 1].key if at else ""


def _after_author(cell: tuple[Token, ...], *, is_copied: bool) -> tuple[Token, ...]:
    """ "Dictated: Ann B. Doe, M.D." without the word that announces the author."""
    start = 0
    while start < len(cell) and cell[start].key in _AUTHOR_WORDS:
        start += 1
    if not start and is_copied and cell[0].key in _COPY_WORDS:
        start = 1
    return cell[start:]


def _copied_rows(page: LabelledPage) -> Iterator[int]:
    """Rows that name who gets a copy: "cc: ..." and the lines of names right under it."""
    last: Row | None = None
    for row_no, row in enumerate(page.layout.rows):
        opens = row.tokens[0].key in _COPY_WORDS
        goes_on = (
            last is not None
            and len(row.tokens) <= 8
            and row.middle - last.middle < 2.2 * max(row.height, last.height)
        )
        last = row if opens or goes_on else None
        if last is not None:
            yield row_no


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
    for row_no, row in enumerate(page.layout.rows):
        at = row.middle / max(1, page.layout.height_px)
        if at < 0.045 and len(_FAX_LINE.findall(row.text)) >= 2:
            continue
        if not (at <= share if name == "letterhead" else at >= 0.88 or 0.22 < at < 0.35):
            continue
        for cell in row.cells():
            text = _line_of(cell)
            if not _is_facility(text):
                continue
            first = _first_half(page, row_no, cell) if _is_second_half(text) else ()
            if not first and _is_second_half(text):
                continue  # "Memorial Hospital" is everywhere: half a name is none
            text = f"{_line_of(first)} {text}" if first else text
            is_strong = bool(_STRONG_FACILITY.search(text))
            yield evidence.finding(
                FindingKind.FACILITY,
                raw=text,
                value=text,
                tokens=(*first, *cell),
                rule=f"{name}.facility{'' if is_strong else '.weak'}",
                role=Role.UNKNOWN,
                factor=1.0 if is_strong else 0.7,
            )


def _line_of(cell: Sequence[Token]) -> str:
    return text_of([t for t in cell if t.key or t.text == "&"]).strip(" ,.-_|*")


def _is_second_half(text: str) -> bool:
    """Nothing but words that any facility may carry: the name proper stands on the line above."""
    return all(key_of(w) in _GENERIC for w in text.split() if w != "&")


def _first_half(page: LabelledPage, row_no: int, cell: Sequence[Token]) -> tuple[Token, ...]:
    """The line of a name right above a second half: near, a few capitalised words, nothing else."""
    row = page.layout.rows[row_no]
    for upper in reversed(page.layout.rows[max(0, row_no - 2) : row_no]):
        if row.middle - upper.middle > 2.2 * max(row.height, upper.height):
            return ()
        for other in upper.cells():
            words = _line_of(other).split()
            shared = min(other[-1].right, cell[-1].right) - max(other[0].left, cell[0].left)
            if shared > 0 and 1 <= len(words) <= 4 and all(w[:1].isupper() for w in words):
                is_plain = not any(c.isdigit() for w in words for c in w) and not _NOT_FACILITY.search(
                    " ".join(words)
                )
                return other if is_plain and not any(t.is_marked for t in other) else ()
    return ()


def _is_facility(text: str) -> bool:
    words = text.split()
    if not 2 <= len(words) <= 9 or not (_FACILITY.search(text) or _COMPANY.search(text)):
        return False
    if _NOT_FACILITY.search(text) or _UNLIKE_NAME.search(text) or _OPENS_HEADING.search(text):
        return False
    capitalised = sum(
        w[:1].isupper() or w.lower() in {"of", "the", "and", "at", "for", "&", "de"} for w in words
    )
    return capitalised == len(words) and any(len(key_of(w)) > 3 for w in words)


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
