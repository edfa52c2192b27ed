"""Taking back what was done on the strip, act by act."""

from __future__ import annotations

from collections.abc import Sequence

from scanindex import desk, restack
from scanindex.model import PageKind, ScanId
from tests.crash import stub
from tests.desk import lab
from tests.desk.lab import ANN, ANYA, PLAIN


def _stack(desk_lab: lab.Lab) -> ScanId:
    """One scan of two people's pages: two documents."""
    desk_lab.scan(
        stub.page_text(PLAIN, "a1"),
        stub.page_text(PLAIN, "a2", "DISCHARGE SUMMARY"),
        stub.page_text(ANYA, "a3", "OPERATIVE REPORT"),
    )
    return desk_lab.documents()[0].scan_id


def _now(desk_lab: lab.Lab, scan_id: ScanId) -> list[list[int]]:
    return [list(d.pages) for d in restack.strip(scan_id, desk_lab.services).documents]


def _move(desk_lab: lab.Lab, scan_id: ScanId, pages: Sequence[int], to_page: int | None) -> None:
    """To the document that holds `to_page`."""
    strip = restack.strip(scan_id, desk_lab.services)
    to = next((d.document_id for d in strip.documents if to_page in d.pages), None)
    desk.move_pages(ANN, scan_id, pages, to, strip.versions, desk_lab.services)


def _aside(desk_lab: lab.Lab, scan_id: ScanId, pages: Sequence[int], kind: PageKind) -> None:
    strip = restack.strip(scan_id, desk_lab.services)
    desk.set_aside(ANN, scan_id, pages, kind, strip.versions, desk_lab.services)


def test_a_page_that_was_brought_back_goes_aside_again(desk_lab: lab.Lab) -> None:
    """As the kind that it was."""
    scan_id = _stack(desk_lab)
    last = _now(desk_lab, scan_id)[-1][-1]
    first = _now(desk_lab, scan_id)[0][0]
    _aside(desk_lab, scan_id, [last], PageKind.SEPARATOR)
    before = _now(desk_lab, scan_id)
    _move(desk_lab, scan_id, [last], first)

    desk.undo(ANN, desk_lab.services)

    (page,) = [p for p in restack.strip(scan_id, desk_lab.services).pages if p.scan_page_no == last]
    assert (page.is_set_aside, page.kind) == (True, PageKind.SEPARATOR)
    assert _now(desk_lab, scan_id) == before


def test_a_page_set_aside_can_be_given_another_kind(desk_lab: lab.Lab) -> None:
    """No document changes by it, and nothing breaks."""
    scan_id = _stack(desk_lab)
    last = _now(desk_lab, scan_id)[-1][-1]
    _aside(desk_lab, scan_id, [last], PageKind.BLANK)
    _aside(desk_lab, scan_id, [last], PageKind.SEPARATOR)

    (page,) = [p for p in restack.strip(scan_id, desk_lab.services).pages if p.scan_page_no == last]
    assert page.kind is PageKind.SEPARATOR


def test_acts_are_taken_back_past_a_document_that_lost_its_last_page(desk_lab: lab.Lab) -> None:
    """Split, then its second part set aside whole: both come back, one after the other."""
    scan_id = _stack(desk_lab)
    _move(desk_lab, scan_id, [2, 3], 1)  # everything in one document
    start = _now(desk_lab, scan_id)
    (whole,) = restack.strip(scan_id, desk_lab.services).documents
    desk.split(ANN, whole.document_id, whole.version, 3, desk_lab.services)
    _aside(desk_lab, scan_id, [3], PageKind.BLANK)

    desk.undo(ANN, desk_lab.services)
    desk.undo(ANN, desk_lab.services)

    assert _now(desk_lab, scan_id) == start == [[1, 2, 3]]


def test_a_chain_of_acts_is_walked_back_to_the_start(desk_lab: lab.Lab) -> None:
    """Moved, set aside, brought back into another document, made a document of its own: all undone."""
    scan_id = _stack(desk_lab)
    start = _now(desk_lab, scan_id)
    _move(desk_lab, scan_id, [3], 1)
    _aside(desk_lab, scan_id, [2], PageKind.BLANK)
    _move(desk_lab, scan_id, [2], 1)
    _move(desk_lab, scan_id, [2, 3], None)

    for _ in range(4):
        desk.undo(ANN, desk_lab.services)

    assert _now(desk_lab, scan_id) == start


def test_a_turn_that_was_taken_back_leaves_nothing_among_the_reasons(desk_lab: lab.Lab) -> None:
    """The item says why it waits, not what somebody tried."""
    scan_id = _stack(desk_lab)
    first = restack.strip(scan_id, desk_lab.services).documents[0]
    desk.rotate(ANN, first.document_id, first.version, 1, 90, desk_lab.services)
    turned = desk_lab.document(first.document_id)
    desk.undo(ANN, desk_lab.services)

    assert any("turned by" in reason for reason in turned.decision.reasons)
    assert not any("turned" in reason for reason in desk_lab.document(first.document_id).decision.reasons)
