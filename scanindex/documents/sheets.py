"""Sheets that are no document: separators and blanks, and what they say about a break."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from scanindex import sheetcode
from scanindex.model import Finding, FindingKind, PageFindings, PageKind, PageReading, Role

MOST_HEADER_WORDS = 45
_HEADER_TITLE = re.compile(
    r"\b(?:BATCH|SCAN(?:NING)?|DOCUMENT|RECORD|CHART|FILE)\s+(?:HEADER|SEPARATOR|DIVIDER|COVER)\b|\bSEPARATOR\s+(?:SHEET|PAGE)\b|"
    r"\bPATCH\s*(?:CODE\s*)?T\b|\bHEADER\s+SHEET\b|\bSCAN(?:NING)?\s+COVER\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What lies in front of a content page."""

    separator: bool = False
    cover: PageFindings | None = None
    blanks: int = 0


def is_header_sheet(reading: PageReading) -> bool:
    """A home-made separator without a code: few words under a separator's title."""
    return (
        reading.kind is PageKind.CONTENT
        and 0 < len(reading.words) <= MOST_HEADER_WORDS
        and _HEADER_TITLE.search(reading.text) is not None
    )


def cover_of(reading: PageReading) -> PageFindings | None:
    """What a patient sheet's code says, as findings; None for any other sheet."""
    codes = [(code, barcode) for barcode in reading.barcodes if (code := sheetcode.decode(barcode.value))]
    patients = [(code, barcode) for code, barcode in codes if code.kind == "patient"]
    if not patients or len({code for code, _ in patients}) > 1:
        return None
    code, barcode = patients[0]
    values = (
        (FindingKind.MRN, code.mrn),
        (FindingKind.BIRTH_DATE, code.birth_date),
        (FindingKind.DOCUMENT_TYPE, code.document_type),
    )
    return PageFindings(
        scan_page_no=reading.scan_page_no,
        findings=tuple(
            Finding(
                kind=kind,
                raw=value,
                value=value,
                scan_page_no=reading.scan_page_no,
                box=barcode.box,
                confidence=1.0,
                rule="cover/1",
                role=Role.PATIENT,
                readers=("barcode",),
            )
            for kind, value in values
            if value
        ),
    )


def blanks_separate(kinds: Sequence[PageKind]) -> int:
    """Least run of blank pages that is a blank separator sheet in this scan; 0: none is.

    In a duplex scan the blank backs of one-sided sheets stand on even pages, so a
    single blank says nothing and only two in a row are a sheet laid in. A scan whose
    single blanks also stand on odd pages was not scanned duplex: there each blank is
    a sheet.
    """
    blank = [i for i, kind in enumerate(kinds, 1) if kind is PageKind.BLANK]
    inner = [i for i in blank if blank and 1 < i < len(kinds)]
    runs = any(b - a == 1 for a, b in itertools.pairwise(inner))
    if not inner:
        return 0
    if runs:
        return 2
    return 1 if any(i % 2 for i in inner) else 0
