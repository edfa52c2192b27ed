"""Names of persons in the head or foot of a page that no label announces: "DOE, JANE Q   page 2".

A running head is how a continuation sheet says whose it is. What is found here names
nobody as the patient (role UNKNOWN); it serves to notice that a page speaks of
somebody else. Errs towards finding a name; places, facilities and providers are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanindex.extract.dates import MONTHS
from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import Field
from scanindex.extract.layout import Row, Token
from scanindex.extract.names import CREDENTIALS, DOCTOR_WORDS, NEVER, unaccented
from scanindex.extract.places import LabelledPage
from scanindex.extract.tables import words_of
from scanindex.extract.titles import match_title
from scanindex.extract.values import read_person, text_of
from scanindex.model import Box, Finding, FindingKind, Role

HEAD_SHARE, FOOT_SHARE = 0.2, 0.92
_MOST_REST = 4
_MOST_HEADER_WORDS = 8
_COMMA = re.compile(
    r"^\W*[A-Z][A-Za-z'’-]+(?:[ -][A-Z][A-Za-z'’-]+)?(?:\s(?:JR|SR|II|III|IV)\.?)?\s?,\s?[A-Z]"
)
_INITIAL = re.compile(r"^\W*[A-Z][A-Za-z'’-]+ [A-Z]\.? [A-Z][A-Za-z'’-]+\b")
_TITLED = re.compile(
    r"(?:(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss)\.?|\b(?:MR|MRS|MS)\.|\bMRS|\bMISS) +"
    r"((?:[A-Z][A-Za-z'’-]*\.? +)?(?:[A-Z]\.? +)?[A-Z][A-Za-z'’-]+)"
)
_PAGE_WORDS = words_of("names", "page_word")
_PLACES = words_of("names", "state")
_NO_NAMES = (
    words_of("facilities", "strong")
    | words_of("facilities", "usual")
    | frozenset(MONTHS)
    | words_of("names", "no_person")
)
_OTHERS_ROLES = words_of("names", "addressee")


def running_names(page: LabelledPage, evidence: Evidence, known: Sequence[Finding]) -> Iterator[Finding]:
    """Every name in the head or foot that neither a label nor another rule has claimed."""
    taken = [f.box for f in known if f.kind in (FindingKind.NAME, FindingKind.PROVIDER) and f.box]
    for row_no, row in enumerate(page.layout.rows):
        at = row.middle / max(1, page.layout.height_px)
        if HEAD_SHARE < at < FOOT_SHARE:
            continue
        for cell in row.cells():
            if _is_others(page, row_no, row, cell):
                continue
            found = _name_of(cell, is_head=at <= HEAD_SHARE)
            if found is None:
                continue
            value, tokens = found
            finding = evidence.finding(
                FindingKind.NAME,
                raw=text_of(tokens),
                value=value,
                tokens=tokens,
                rule="running.name" if len(cell) <= _MOST_HEADER_WORDS else "running.name.prose",
                role=Role.UNKNOWN,
                factor=0.9,
            )
            if not any(_touch(finding.box, box) for box in taken):
                yield finding


def _is_others(page: LabelledPage, row_no: int, row: Row, cell: Sequence[Token]) -> bool:
    """A label or role word in front gives it to a provider, relative or addressee."""
    start = row.tokens.index(cell[0])
    for sighting in page.by_row.get(row_no, ()):
        is_before = sighting.start <= start + len(cell) and sighting.end >= start - 1
        if is_before and (
            sighting.label.role in {Role.PROVIDER, Role.RELATIVE, Role.OTHER}
            or sighting.label.field in {Field.PERSON, Field.PROVIDER, Field.FACILITY}
        ):
            return True
    keys = {t.key for t in cell}
    return bool(cell[0].key in _OTHERS_ROLES or keys & (DOCTOR_WORDS | {"MD", "DO", "RN"}))


def _name_of(cell: Sequence[Token], *, is_head: bool) -> tuple[str, tuple[Token, ...]] | None:
    text = text_of(cell)
    if titled := _TITLED.search(text):
        words = [w for w in titled[1].upper().split() if w]
        if not any(w.strip(".") in NEVER | _NO_NAMES for w in words):
            given = " ".join(words[:-1])
            return (f"{words[-1]}, {given}" if given else words[-1]), tuple(cell[:8])
    for start in _starts(cell):
        part = cell[start:]
        text = unaccented(text_of(part))
        if _COMMA.match(text) or (is_head and _INITIAL.match(text)):
            return _plain_name(part)
    return None


def _starts(cell: Sequence[Token]) -> Iterator[int]:
    """Where a name may begin: at the cell's head, or behind "Page 2" and numbers."""
    start = 0
    yield start
    while start < len(cell) and (cell[start].key in _PAGE_WORDS or not cell[start].key.isalpha()):
        start += 1
    if 0 < start < len(cell):
        yield start


def _plain_name(cell: Sequence[Token]) -> tuple[str, tuple[Token, ...]] | None:
    value = read_person(cell)
    if value is None or value.name is None or value.name.credentials or not value.name.first:
        return None
    rest = [t.key for t in cell[len(value.tokens) :] if t.key.isalpha()]
    if len(rest) > _MOST_REST or any(k not in _PAGE_WORDS for k in rest):
        return None
    if value.raw.rstrip().endswith(",") and not any(t.key for t in cell[len(value.tokens) :]):
        return None  # a degree stood behind it that could not be read
    given = f"{value.name.first} {value.name.middle}".strip()
    words = set(re.findall(r"[A-Z]+", value.text))
    if given in _PLACES or words & (_NO_NAMES | CREDENTIALS) or match_title(value.raw) is not None:
        return None
    return value.text, value.tokens


def _touch(one: Box | None, two: Box) -> bool:
    return one is not None and (
        min(one.right_px, two.right_px) > max(one.left_px, two.left_px)
        and min(one.bottom_px, two.bottom_px) > max(one.top_px, two.top_px)
    )
