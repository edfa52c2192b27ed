"""Names without a label in a patient's header line or sticker: "DOE, JANE Q" beside MRN and DOB.

Only the unmistakable form counts (last name, comma, first name, in its own cell)
and only within two rows of a labelled number or birth date of the patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanindex.extract.evidence import Evidence
from scanindex.extract.labels import Field
from scanindex.extract.layout import Row, Token
from scanindex.extract.places import LabelledPage, is_row_of
from scanindex.extract.values import Value, read_person, text_of
from scanindex.model import Finding, FindingKind, Role

_OWN = frozenset({Field.MRN, Field.ID, Field.BIRTH_DATE, Field.AGE, Field.SEX})
_COMMA = re.compile(r"^\W*[A-Z][A-Za-z'’-]+(?:[ -][A-Z][A-Za-z'’-]+)?(?:\s(?:JR|SR|II|III|IV)\.?)?\s?,\s?[A-Z]")
_ROWS = 2


def header_names(page: LabelledPage, evidence: Evidence, known: Sequence[Finding]) -> Iterator[Finding]:
    """At most one name; none where a label already gave the patient's."""
    if any(f.kind is FindingKind.NAME and f.role is Role.PATIENT for f in known):
        return
    for row_no, row in enumerate(page.layout.rows):
        if not any(is_row_of(page, n, _OWN) for n in range(row_no - _ROWS, row_no + _ROWS + 1)):
            continue
        value = _name_in(page, row_no, row)
        if value is not None:
            yield evidence.finding(
                FindingKind.NAME, raw=value.raw, value=value.text, tokens=value.tokens, rule="header.name",
                role=Role.PATIENT, factor=0.9,
            )  # fmt: skip
            return


def _name_in(page: LabelledPage, row_no: int, row: Row) -> Value | None:
    labels = page.by_row.get(row_no, ())
    for cell in row.cells():
        start = row.tokens.index(cell[0])
        if any(s.start <= start < s.end or s.label.role in {Role.PROVIDER, Role.RELATIVE} for s in labels):
            continue
        before = _before_label(cell, start, [s.start for s in labels])
        if not _COMMA.match(text_of(before)):
            continue
        value = read_person(before)
        if value is not None and value.name is not None and not value.name.credentials and value.name.first:
            return value
    return None


def _before_label(cell: tuple[Token, ...], start: int, label_starts: Sequence[int]) -> tuple[Token, ...]:
    end = min((s - start for s in label_starts if s > start), default=len(cell))
    return cell[:end]
