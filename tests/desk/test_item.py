"""Facts about what a screen is given."""

from __future__ import annotations

from collections.abc import Callable

from scanindex import desk
from scanindex.model import DocumentState, FindingKind, Level
from tests.crash import stub
from tests.desk.lab import ANN, NAMESAKE, OTHER_NAMESAKE, PLAIN, STRANGER, Lab


def test_the_machine_preselects_only_where_it_was_sure(desk_lab: Lab) -> None:
    """A source that files nothing alone; then nothing need be typed."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()

    assert item.why is desk.Why.SUGGESTED
    assert item.preselected == desk_lab.patient_id(PLAIN)
    assert item.candidates[0].confirmation is None


def test_nobody_is_preselected_in_doubt(desk_lab: Lab) -> None:
    """A name alone, of two people: both are shown, each with a datum to type."""
    text = "LABORATORY REPORT\nPatient Name: CORRIGALL, MORWENNA\nDate of Service: 04/02/1998"
    desk_lab.scan(text)
    item = desk_lab.next()

    assert item.preselected is None and len(item.candidates) >= 2
    assert all(candidate.confirmation for candidate in item.candidates)


def test_always_asking_is_a_setting(open_desk: Callable[..., Lab]) -> None:
    opened = open_desk(confirm_always=True)
    opened.one_page(PLAIN)
    item = opened.next()
    assert item.preselected and item.candidates[0].confirmation


def test_what_tells_look_alikes_apart_is_marked(desk_lab: Lab) -> None:
    """The differing parts of birth dates and numbers of two namesakes, not the name they share."""
    desk_lab.scan("LABORATORY REPORT\nPatient Name: CORRIGALL, MORWENNA\nDate of Service: 04/02/1998")
    item = desk_lab.next()
    one = next(c for c in item.candidates if c.patient.mrn == NAMESAKE.mrn)
    rows = {row.kind: row for row in one.compared}

    assert one.looks_like
    assert rows[FindingKind.NAME].among_marks == ()
    assert rows[FindingKind.BIRTH_DATE].among_marks
    assert rows[FindingKind.BIRTH_DATE].expected == NAMESAKE.born != OTHER_NAMESAKE.born


def test_what_was_read_is_compared_character_by_character(desk_lab: Lab) -> None:
    """A birth date that differs in the day: marked on both sides."""
    other_day = stub.page_text(PLAIN, "a").replace("01/30/1933", "01/31/1933")
    desk_lab.scan(other_day)
    (candidate, *_) = desk_lab.next().candidates
    row = next(row for row in candidate.compared if row.kind is FindingKind.BIRTH_DATE)

    assert row.level is not Level.EXACT
    assert row.read_marks and row.expected_marks


def test_fields_say_where_they_stand(desk_lab: Lab) -> None:
    """Page in scan and document, box, confidence."""
    desk_lab.two_pages()
    first = desk_lab.next()
    item = desk_lab.next(after=first.item_id)
    number = next(f for f in item.fields if f.kind is FindingKind.MRN)

    assert (number.scan_page_no, number.page_no) == (2, 1)
    assert number.box is not None and number.is_used
    assert item.previous is not None and item.previous.item_id == first.item_id
    assert item.previous.is_joinable and item.next is None


def test_nobody_in_the_roster_is_an_answer(desk_lab: Lab) -> None:
    """A stranger has a reason of their own and nobody preselected."""
    desk_lab.one_page(STRANGER)
    item = desk_lab.next()
    assert (item.why, item.preselected) == (desk.Why.NOT_IN_ROSTER, None)
    assert item.state is DocumentState.IN_REVIEW and item.claimed_by == ANN.actor
