"""Facts about test items: they measure, and nothing else of the workspace knows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from scanindex import audit, desk, review
from scanindex.audit_model import Verdict
from scanindex.desk_model import Seed
from scanindex.errors import ConflictError, DatumDiffers, Forbidden
from scanindex.model import DocumentState
from scanindex.store import tables
from tests.desk.lab import ANN, ANYA, BEN, NAMESAKE, PLAIN, SUE, TWIN, Lab

OWN = {"seeds", "claims", "desk_actions", "parked"}
"""What the desk keeps for itself; of these a test item may have rows."""


@pytest.fixture
def planted(open_desk: Callable[..., Lab]) -> tuple[Lab, Seed]:
    """One filed and audited paper of a namesake, one test item made of it, one paper that waits."""
    opened = open_desk("strict")
    opened.one_page(NAMESAKE, "filed")
    (filed,) = opened.documents(DocumentState.FILED)
    audit.draw(1, 1, None, SUE.actor, opened.services)
    audit.record(filed.document_id, Verdict.RIGHT, "Zoe", "", SUE.actor, opened.services)
    opened.one_page(PLAIN, "waits")
    (other,) = [d for d in opened.documents(DocumentState.FILED) if d.document_id != filed.document_id]
    review.reopen(other.document_id, other.version, "", "user:zoe", opened.services)
    opened.work()
    assert desk.plant(SUE, 5, opened.services) == 1
    return opened, seed_of(opened)


def seed_of(opened: Lab) -> Seed:
    with opened.workspace.catalog.read() as unit:
        (seed,) = unit.desk.seeds()
    return seed


def shown(opened: Lab) -> desk.Item:
    """Handed out like any other."""
    item = opened.next()
    seed = seed_of(opened)
    return item if item.item_id == seed.item_id else opened.next(after=item.item_id)


def snapshot(opened: Lab) -> dict[str, Any]:
    """Everything there is: rows of all tables, files, index, what lists and counts say."""
    found: dict[str, Any] = {}
    with opened.workspace.engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            if table.name not in OWN and not table.name.startswith(("event_", "trail_")):
                rows = [tuple(row) for row in connection.execute(table.select())]
                found[table.name] = sorted(
                    (row for row in rows if "viewed" not in row and "tests_planted" not in row), key=repr
                )
    home = opened.workspace.settings.home
    for folder in (home / "archive", home / "var" / "index"):
        for path in folder.rglob("*"):
            if path.is_file() and "events" not in path.parts:
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    index = opened.services.index
    found["index"] = list(index.documents())
    found["counts"] = desk.counts(ANN, opened.services)
    found["queue"] = [d.document_id for d in review.queue(opened.services)]
    return found


def every_row(opened: Lab) -> str:
    """All that the catalog holds outside of the desk's own tables, what links events to documents too."""
    with opened.workspace.engine.connect() as connection:
        others = [table for table in tables.metadata.sorted_tables if table.name not in OWN]
        return repr([list(connection.execute(table.select())) for table in others])


def test_a_test_item_looks_like_any_other(planted: tuple[Lab, Seed]) -> None:
    """A wrong person first, all that was read agreeing with them; only the picture does not."""
    opened, seed = planted
    item = shown(opened)

    assert item.item_id == seed.item_id and item.state is DocumentState.IN_REVIEW
    assert item.candidates[0].patient.patient_id == seed.wrong != seed.right
    assert len(item.item_id) == len(opened.documents()[0].document_id)
    assert item.look_alikes == () and item.previous is None and item.next is None


@pytest.mark.parametrize("is_missed", [True, False])
def test_nothing_but_the_desk_knows_it(planted: tuple[Lab, Seed], is_missed: bool) -> None:
    """The whole workspace before and after meeting one: the same, whatever was answered."""
    opened, _seed = planted
    before = snapshot(opened)
    item = shown(opened)
    item_id, services = item.item_id, opened.services
    desk.park(ANN, item_id, item.version, "hm", services)
    desk.unpark(ANN, item_id, services)
    typed = desk.retype(ANN, item_id, item.version, "consult", "", services)
    chosen = item.candidates[0].patient if is_missed else item.candidates[1].patient
    with pytest.raises(DatumDiffers):
        desk.accept(ANN, item_id, typed.version, chosen.patient_id, "0000", None, None, "", services)
    asked = desk.confirmation(ANN, item_id, chosen.patient_id, services)
    born = chosen.birth_date or ""
    month_day = born[5:7] + born[8:] + (born[:4] if asked and asked.keys == 8 else "")
    done = desk.accept(ANN, item_id, typed.version, chosen.patient_id, month_day, None, None, "", services)
    desk.release_all(ANN, services)
    opened.work()

    assert (done.kind, done.version) == (desk.ACCEPTED, typed.version + 1)
    assert snapshot(opened) == before
    assert item_id not in every_row(opened)
    for path in (opened.workspace.settings.home / "archive").rglob("*"):
        assert item_id not in path.name and not (path.is_file() and item_id.encode() in path.read_bytes())


def test_events_name_the_paper_that_was_seen(planted: tuple[Lab, Seed]) -> None:
    """Whose chart was shown must be told to them; the test item is in no event."""
    opened, seed = planted
    shown(opened)
    with opened.workspace.catalog.read() as unit:
        events = unit.events.after(0, 10_000)

    viewed = [e for e in events if e.kind == "viewed"]
    assert any(seed.origin in e.payload["document_ids"] for e in viewed)
    assert not any(seed.item_id in repr(e) for e in events)


def test_who_noticed_is_counted(planted: tuple[Lab, Seed]) -> None:
    """For the supervisor only; the clerk's own figures do not tell."""
    opened, _seed = planted
    item = shown(opened)
    desk.reject(ANN, item.item_id, 1, DocumentState.RESCAN_WANTED, "", opened.services, seconds=9.0)
    (figures,) = [f for f in desk.figures(SUE, opened.services) if f.actor == ANN.actor]

    assert (figures.tests_caught, figures.tests_met, figures.catch_rate) == (1, 1, 1.0)
    own = desk.own_figures(ANN, opened.services)
    assert (own.items, own.tests_met, own.catch_rate) == (1, None, None)
    with pytest.raises(Forbidden):
        desk.figures(ANN, opened.services)


def test_a_question_about_one_is_a_catch(planted: tuple[Lab, Seed]) -> None:
    """It ends for the clerk like a real one, is on no supervisor's list, and undo brings it back."""
    opened, _seed = planted
    before = snapshot(opened)
    item = shown(opened)
    done = desk.ask(ANN, item.item_id, item.version, "Whose?", opened.services)

    assert (done.kind, done.version, seed_of(opened).outcome) == ("asked", item.version, "caught")
    questions = desk.Filters(state=desk.QueueState.QUESTIONS)
    assert desk.waiting(SUE, questions, opened.services) == ()
    assert opened.next(after=item.item_id).item_id != item.item_id
    assert item.item_id not in every_row(opened) and snapshot(opened) == before
    assert desk.undo(ANN, opened.services).item_ids == (item.item_id,)
    assert seed_of(opened).outcome is None


def test_a_parked_one_is_parked_like_any_other(planted: tuple[Lab, Seed]) -> None:
    """In the list where who parked it looks for it, in its number, to be taken up from there."""
    opened, _seed = planted
    item = shown(opened)
    parked = desk.Filters(state=desk.QueueState.PARKED)
    desk.park(ANN, item.item_id, item.version, "look again", opened.services)

    for who in (ANN, BEN):
        assert [w.item_id for w in desk.waiting(who, parked, opened.services)] == [item.item_id]
        assert desk.counts(who, opened.services).parked == 1
    assert opened.ids() and item.item_id not in opened.ids()
    (taken,) = desk.next_item(ANN, parked, opened.services)
    assert taken.item_id == item.item_id and taken.parked and taken.parked.note == "look again"
    desk.unpark(ANN, item.item_id, opened.services)
    assert desk.waiting(ANN, parked, opened.services) == ()


def test_its_strip_gives_it_away_to_nobody(planted: tuple[Lab, Seed]) -> None:
    """From the item the pages stand in a document that waits, with what the item says was read."""
    opened, seed = planted
    item = shown(opened)
    strip = desk.strip(ANN, item.scan_id, opened.services, item.item_id)
    (document,) = strip.documents

    assert document.document_id == item.item_id and document.patient_id is None
    assert [(p.document_id, p.state, p.is_changeable) for p in strip.pages] == [
        (item.item_id, DocumentState.IN_REVIEW, True)
    ]
    assert item.item_id not in every_row(opened)
    plain = desk.strip(ANN, item.scan_id, opened.services)
    assert [d.document_id for d in plain.documents] == [seed.origin]


def test_moving_its_pages_ends_it_as_if_somebody_had_been_quicker(planted: tuple[Lab, Seed]) -> None:
    """Nothing is moved; it counts for nothing; an item that is real is left alone."""
    opened, seed = planted
    item = shown(opened)
    before = snapshot(opened)
    desk.end_tests(ANN, [seed.origin], opened.services)
    with pytest.raises(ConflictError):
        desk.end_tests(ANN, [item.item_id], opened.services)

    assert seed_of(opened).outcome == "spoiled" and snapshot(opened) == before
    strip = desk.strip(ANN, item.scan_id, opened.services, item.item_id)
    assert [d.document_id for d in strip.documents] == [seed.origin]


def test_a_miss_can_be_taken_back_like_any_mistake(planted: tuple[Lab, Seed]) -> None:
    """It waits again and can still be caught."""
    opened, _seed = planted
    item = shown(opened)
    wrong = item.candidates[0].patient
    typed = (wrong.birth_date or "")[5:7] + (wrong.birth_date or "")[8:]
    desk.accept(ANN, item.item_id, 1, wrong.patient_id, typed, None, None, "", opened.services)
    assert seed_of(opened).outcome == "missed"
    assert desk.undo(ANN, opened.services).item_ids == (item.item_id,)
    assert seed_of(opened).outcome is None


def test_a_test_item_is_never_alone_in_the_queue(planted: tuple[Lab, Seed]) -> None:
    """Nor once its paper was corrected: then the test is off."""
    opened, _seed = planted
    (waiting,) = review.queue(opened.services)
    review.reject(
        waiting.document_id, waiting.version, DocumentState.RESCAN_WANTED, "", "user:z", opened.services
    )
    assert desk.next_item(BEN, desk.Filters(), opened.services) == ()


def test_tests_are_mixed_in_by_themselves(open_desk: Callable[..., Lab]) -> None:
    """A thousand of a thousand: behind the first item there is one. None by default."""
    opened = open_desk("strict", seeded_per_thousand=1000)
    opened.one_page(ANYA, "filed")
    (filed,) = opened.documents()
    audit.draw(1, 1, None, SUE.actor, opened.services)
    audit.record(filed.document_id, Verdict.RIGHT, "Zoe", "", SUE.actor, opened.services)
    opened.one_page(PLAIN, "waits")
    other = next(d for d in opened.documents() if d.document_id != filed.document_id)
    review.reopen(other.document_id, other.version, "", "user:zoe", opened.services)
    item = opened.next()

    assert opened.next(after=item.item_id).item_id == seed_of(opened).item_id
    assert opened.patient_id(TWIN) == seed_of(opened).wrong
