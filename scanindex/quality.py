"""Is the picture of a page good enough? Turns what was measured into plain reasons to scan it again.

Pure: judges a reading, touches nothing. Promises: the same reading gives the same
faults; a page without faults is never held back by it. A fault never decides
whose page it is: it only keeps the machine from filing alone, and tells the clerk
why the paper is wanted. Leaves out: measuring (clean, ocr).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from scanindex.model import (
    Decision,
    Document,
    Outcome,
    PageFacts,
    PageKind,
    PageReading,
    Word,
)

WORDS = {
    "unreadable": "could not be opened or read",
    "dark": "is nearly black",
    "no_text": "shows nothing that could be read",
    "faded": "is hardly legible (faded or too dark)",
    "blurred": "is hardly legible (blurred)",
    "coarse": "is hardly legible (resolution too low)",
    "hardly_legible": "is hardly legible",
    "cut_off": "has its text cut off at the edge",
}
"""Stable code of each fault and what a page with it does, after "page 3 "."""

GATE = "gate.quality"
REASON = "a page is not good enough to be filed unseen"

_DARKEST = 0.7
"""Ink share of a side that was not exposed; a dense form or a small slip on a black bed has less."""
_FADED_CONTRAST = 0.3
_BLURRED, _VERY_BLURRED = 0.6, 0.85
_COARSE_DPI, _COARSE_SIDE_PX = 100.0, 1_100
"""A letter page at 100 dpi is 1,100 px long; larger pictures only state a wrong resolution."""
_GOOD, _GOOD_IF_COARSE = 0.75, 0.85
"""From this legibility on, soft edges or a low resolution did no harm that counts."""
_CUT_LINES = 3
"""Lines that end in the same edge of the picture; fewer are stamps and page numbers."""
_EDGE_SHARE = 0.0015
"""Of the page's width: what a box may stay off the edge, and be cut by it (two pixels at 200 dpi)."""
_SURE = 0.5


def faults(reading: PageReading, floor: float) -> tuple[str, ...]:
    """Codes of WORDS, worst first; `floor` is the legibility below which a page counts as hardly legible.

    Blank and separator pages have none.
    """
    if reading.kind is PageKind.FAILED:
        return ("unreadable",)
    if reading.kind is not PageKind.CONTENT:
        return ()
    if reading.quality.ink_share > _DARKEST:
        return ("dark",)
    if not reading.words:
        return ("no_text",)
    found = [code for code in (_illegible(reading, floor),) if code]
    return (*found, "cut_off") if _is_cut_off(reading) else tuple(found)


def facts(reading: PageReading, floor: float) -> PageFacts:
    """What a document remembers of the reading of one of its pages."""
    return PageFacts(
        scan_page_no=reading.scan_page_no,
        legibility=reading.quality.legibility,
        faults=faults(reading, floor),
        engines=reading.engines,
        effort=reading.effort,
        read_at=reading.read_at,
        rotation_degrees=None if reading.kind is PageKind.FAILED else reading.rotation_degrees,
    )


def wishes(document: Document) -> tuple[str, ...]:
    """A sentence for each page that should be scanned again: "page 3 is hardly legible (blurred)".

    Numbers count in the document.
    """
    faults_of = {told.scan_page_no: told.faults for told in document.page_facts}
    return tuple(
        f"page {no} {' and '.join(WORDS.get(code, code) for code in faults_of[scan_page_no])}"
        for no, scan_page_no in enumerate(document.pages, start=1)
        if faults_of.get(scan_page_no)
    )


def withheld(decision: Decision, pages: Sequence[PageFacts]) -> Decision:
    """The decision as it may stand: no document with a faulty page is filed without a person."""
    if not any(told.faults for told in pages):
        return decision
    is_auto = decision.outcome is Outcome.AUTO
    return dataclasses.replace(
        decision,
        outcome=Outcome.REVIEW if is_auto else decision.outcome,
        patient_id=None,
        rule=GATE if is_auto else decision.rule,
        reasons=(REASON, *(reason for reason in decision.reasons if reason != REASON)),
    )


def _illegible(reading: PageReading, floor: float) -> str | None:
    """The plain cause why words could not be read surely, or None."""
    measured = reading.quality
    legibility = measured.legibility if measured.legibility is not None else 1.0
    blur = measured.blur or 0.0
    is_coarse = (
        measured.dpi is not None
        and measured.dpi < _COARSE_DPI
        and max(reading.width_px, reading.height_px) < _COARSE_SIDE_PX
    )
    if legibility < floor:
        if is_coarse:
            return "coarse"
        if blur > _BLURRED:
            return "blurred"  # which takes contrast with it
        return "faded" if measured.contrast < _FADED_CONTRAST else "hardly_legible"
    if is_coarse and legibility < _GOOD_IF_COARSE:
        return "coarse"
    return "blurred" if blur > _VERY_BLURRED and legibility < _GOOD else None


def _is_cut_off(reading: PageReading) -> bool:
    """Several lines run into the left or the right edge; in the fold of a book or off the glass."""
    words = [w for w in reading.words if _is_word(w)]
    edge_px = round(_EDGE_SHARE * reading.width_px)
    left = {w.line_no for w in words if w.box.left_px <= edge_px}
    right = {w.line_no for w in words if w.box.right_px >= reading.width_px - edge_px}
    return max(len(left), len(right)) >= _CUT_LINES


def _is_word(word: Word) -> bool:
    return (word.confidence or 0.0) >= _SURE and sum(c.isalnum() for c in word.text) >= 2
