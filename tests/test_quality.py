"""Facts about when a page asks to be scanned again, and in which words."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from scanindex import quality
from scanindex.model import (
    Box,
    Decision,
    Outcome,
    PageFacts,
    PageKind,
    PageQuality,
    PageReading,
    PatientId,
    TextSource,
    Word,
)

FLOOR = 0.35


def word(text: str, left_px: int, line_no: int, confidence: float | None = 0.9) -> Word:
    box = Box(left_px=left_px, top_px=40 * line_no, right_px=left_px + 60, bottom_px=40 * line_no + 25)
    return Word(text=text, box=box, confidence=confidence, engine="e", line_no=line_no)


GOOD = PageReading(
    scan_page_no=1,
    kind=PageKind.CONTENT,
    width_px=1700,
    height_px=2200,
    dpi=200,
    rotation_degrees=0,
    words=tuple(word("splenic", 200, no) for no in range(1, 6)),
    quality=PageQuality(dpi=200, skew_degrees=0, contrast=0.9, ink_share=0.04, legibility=0.93, blur=0.1),
    text_source=TextSource.OCR,
    engines=("e",),
)


def page(reading: dict[str, Any] | None = None, **quality_changes: Any) -> PageReading:
    changed = dataclasses.replace(GOOD.quality, **quality_changes)
    return dataclasses.replace(GOOD, quality=changed, **(reading or {}))


def test_a_good_page_has_no_fault() -> None:
    """Nothing is asked for where words were read."""
    assert quality.faults(GOOD, FLOOR) == ()


@pytest.mark.parametrize(
    ("reading", "fault"),
    [
        (page(legibility=0.2), "hardly_legible"),
        (page(legibility=0.2, contrast=0.2), "faded"),
        (page(legibility=0.2, blur=0.7, contrast=0.2), "blurred"),
        (page({"width_px": 800, "height_px": 1050}, legibility=0.2, dpi=96.0), "coarse"),
        (page({"width_px": 800, "height_px": 1050}, legibility=0.6, dpi=96.0), "coarse"),
        (page(legibility=0.6, blur=0.95), "blurred"),
        (page({"words": ()}, legibility=None, ink_share=0.9), "dark"),
        (page({"words": ()}, legibility=None), "no_text"),
        (page({"kind": PageKind.FAILED, "words": ()}, legibility=None), "unreadable"),
    ],
)
def test_each_fault_is_told_by_its_plain_cause(reading: PageReading, fault: str) -> None:
    """The clerk learns what is wrong with the picture, not a number."""
    assert quality.faults(reading, FLOOR) == (fault,)


@pytest.mark.parametrize(
    "reading",
    [
        page({"width_px": 800, "height_px": 1050}, dpi=96.0),
        page(legibility=0.5, dpi=72.0),
        page(blur=0.95),
        page({"kind": PageKind.BLANK, "words": ()}, legibility=None),
        page({"kind": PageKind.SEPARATOR}, legibility=0.1),
    ],
    ids=["coarse but read well", "states a wrong resolution", "soft but read well", "blank", "separator"],
)
def test_what_did_no_harm_is_no_fault(reading: PageReading) -> None:
    """A page that reads well is not sent back for its numbers, nor one that has no text to read."""
    assert quality.faults(reading, FLOOR) == ()


@pytest.mark.parametrize("left_px", [0, 1640])
def test_lines_that_run_into_an_edge_are_cut_off(left_px: int) -> None:
    """Three lines at one side; the words are there, their ends are not."""
    cut = page({"words": tuple(word("abdomen", left_px, no) for no in range(1, 4))})

    assert quality.faults(cut, FLOOR) == ("cut_off",)


def test_one_word_at_the_edge_is_not_a_cut_page() -> None:
    """A stamp, a page number, specks read as one letter."""
    words = (*GOOD.words, word("copy", 0, 7), word("l", 0, 8), word("i", 0, 9), word("rm", 0, 10, 0.1))

    assert quality.faults(page({"words": words}), FLOOR) == ()


def facts(*faults: str) -> tuple[PageFacts, ...]:
    return (PageFacts(scan_page_no=4, legibility=0.2, faults=faults),)


AUTO = Decision(
    outcome=Outcome.AUTO,
    patient_id=PatientId("p"),
    candidates=(),
    reasons=("MRN and name agree exactly",),
    rule="gate.mrn_and_name",
    policy_version="match/0",
    roster_version=1,
    decided_by="machine",
)


def test_a_faulty_page_is_never_filed_alone() -> None:
    """However well its identifiers agree: a person accepts the picture or asks for another."""
    held = quality.withheld(AUTO, facts("faded"))

    assert (held.outcome, held.patient_id, held.rule) == (Outcome.REVIEW, None, quality.GATE)
    assert held.reasons == (quality.REASON, *AUTO.reasons)


def test_good_pages_change_no_decision() -> None:
    """The gate is open where there is no fault."""
    assert quality.withheld(AUTO, facts()) is AUTO


def test_a_decision_is_held_back_once() -> None:
    """Deciding again does not pile up the same reason."""
    held = quality.withheld(AUTO, facts("faded"))

    assert quality.withheld(held, facts("faded")) == held


def test_every_fault_has_plain_words() -> None:
    """Codes never reach the clerk."""
    made = {quality.faults(r, FLOOR)[0] for r in (page(legibility=0.1), page({"words": ()}))}

    assert made <= set(quality.WORDS)
    assert all(not text.endswith(".") and "_" not in text for text in quality.WORDS.values())
