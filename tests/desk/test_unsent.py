"""Facts about a note that was typed and not sent: its writer finds it again, nobody else."""

from __future__ import annotations

import pytest

from scanindex import desk
from scanindex.errors import Claimed, Forbidden, NotFound
from scanindex.model import DocumentId
from tests.desk.lab import ANN, AUDITOR, BEN, PLAIN, Lab


def test_a_note_is_kept_for_who_typed_it(desk_lab: Lab) -> None:
    """Also where the scan went to somebody else meanwhile; until it is sent."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    desk.keep_note(ANN, item.item_id, "card 12 is miss", desk_lab.services)
    desk.keep_note(ANN, item.item_id, "card 12 is missing ", desk_lab.services)
    desk.release_all(ANN, desk_lab.services)
    desk_lab.next(BEN)
    with pytest.raises(Claimed):
        desk.park(ANN, item.item_id, item.version, "card 12 is missing", desk_lab.services)

    assert desk.item(ANN, item.item_id, desk_lab.services).unsent_note == "card 12 is missing"
    assert desk.item(BEN, item.item_id, desk_lab.services).unsent_note == ""
    desk.release_all(BEN, desk_lab.services)
    desk.park(ANN, item.item_id, item.version, "card 12 is missing", desk_lab.services)
    again = desk.item(ANN, item.item_id, desk_lab.services)
    assert again.unsent_note == "" and again.parked and again.parked.note == "card 12 is missing"


def test_it_is_no_parked_item_and_no_act(desk_lab: Lab) -> None:
    """It changes no list, no count, nothing to undo, and is in no event."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    before, events = desk.counts(ANN, desk_lab.services), len(desk_lab.kinds())
    desk.keep_note(ANN, item.item_id, "card 12", desk_lab.services)

    assert desk.counts(ANN, desk_lab.services) == before and len(desk_lab.kinds()) == events
    with pytest.raises(NotFound):
        desk.undo(ANN, desk_lab.services)


def test_settling_an_item_leaves_nobodys_note_behind(desk_lab: Lab) -> None:
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    for who in (ANN, BEN):
        desk.keep_note(who, item.item_id, "whose?", desk_lab.services)
    desk_lab.accept(item, PLAIN)

    with desk_lab.workspace.catalog.read() as unit:
        assert [unit.desk.unsent(item.item_id, who.actor) for who in (ANN, BEN)] == ["", ""]


def test_an_empty_note_is_forgotten_and_a_strange_item_refused(desk_lab: Lab) -> None:
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    desk.keep_note(ANN, item.item_id, "whose?", desk_lab.services)
    desk.keep_note(ANN, item.item_id, " ", desk_lab.services)

    assert desk.item(ANN, item.item_id, desk_lab.services).unsent_note == ""
    with pytest.raises(NotFound):
        desk.keep_note(ANN, DocumentId("k" * 20), "whose?", desk_lab.services)
    with pytest.raises(Forbidden):
        desk.keep_note(AUDITOR, item.item_id, "whose?", desk_lab.services)
