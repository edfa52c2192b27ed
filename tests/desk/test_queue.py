"""Facts about who gets what next."""

from __future__ import annotations

import dataclasses
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from scanindex import desk
from scanindex.desk import queue
from scanindex.errors import Claimed, Forbidden, NotFound
from scanindex.model import DocumentState
from scanindex.store import waiting as waiting_table
from scanindex.store.clock import SystemClock
from tests.desk import lab
from tests.desk.lab import ANN, ANYA, AUDITOR, BEN, PLAIN, STRANGER, SUE, Lab


def test_a_scan_is_handed_out_whole(desk_lab: Lab) -> None:
    """Its documents come one after the other, in the order of its pages, to one person."""
    desk_lab.two_pages()
    desk_lab.one_page(PLAIN, "z")

    one = desk_lab.next()
    two = desk_lab.next(after=one.item_id)

    assert (one.scan_id, one.pages, two.pages) == (two.scan_id, (1,), (2,))
    assert desk_lab.next(BEN).scan_id != one.scan_id


def test_somebody_else_never_gets_a_claimed_scan(desk_lab: Lab) -> None:
    """With one scan waiting, the second person gets nothing."""
    desk_lab.two_pages()
    desk_lab.next()

    assert desk.next_item(BEN, desk.Filters(), desk_lab.services) == ()
    assert desk.counts(BEN, desk_lab.services).claimed_by_others == 2


def test_threads_that_ask_at_once_get_different_scans(desk_lab: Lab) -> None:
    """Twelve askers, eight scans: each scan goes to one of them."""
    from scanindex.access_model import StaffRole

    for no in range(8):
        desk_lab.one_page(PLAIN, f"t{no}")
    people = [lab.user(f"p{no}", StaffRole.CLERK) for no in range(12)]

    with ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda who: desk.next_item(who, desk.Filters(), desk_lab.services), people))

    scans = [items[0].scan_id for items in got if items]
    assert len(scans) == len(set(scans)) == 8


def test_processes_that_ask_at_once_get_different_scans(desk_lab: Lab) -> None:
    """Claims hold between services too: prefetched scans are claimed as well."""
    for no in range(6):
        desk_lab.one_page(PLAIN, f"t{no}")
    context = multiprocessing.get_context("spawn")
    gate, found = context.Barrier(2), context.Queue()
    home = str(desk_lab.workspace.settings.home)
    both = [context.Process(target=lab.race, args=(home, name, gate, found)) for name in ("one", "two")]
    for process in both:
        process.start()
    got = dict(found.get(timeout=60) for _ in both)
    for process in both:
        process.join()

    assert len(got["one"]) == len(got["two"]) == 3
    assert set(got["one"]).isdisjoint(got["two"])


def test_a_claim_runs_out(desk_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan left alone goes to the next person, and the first one's act is refused then."""
    desk_lab.one_page(PLAIN)
    left = desk_lab.next()
    later = SystemClock().now() + timedelta(minutes=11)
    monkeypatch.setattr(SystemClock, "now", lambda self: later)

    assert desk_lab.next(BEN).item_id == left.item_id
    with pytest.raises(Claimed):
        desk_lab.accept(left, PLAIN)


def test_renewing_keeps_a_claim(desk_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hand on it counts from the last touch."""
    desk_lab.one_page(PLAIN)
    item, now = desk_lab.next(), SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda self: now + timedelta(minutes=8))
    desk.renew(ANN, item.scan_id, desk_lab.services)
    monkeypatch.setattr(SystemClock, "now", lambda self: now + timedelta(minutes=15))

    assert desk.next_item(BEN, desk.Filters(), desk_lab.services) == ()
    with pytest.raises(Claimed):
        desk.renew(BEN, item.scan_id, desk_lab.services)


def test_a_released_scan_is_free(desk_lab: Lab) -> None:
    """By its holder only."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    desk.release(BEN, item.scan_id, desk_lab.services)
    assert desk.next_item(BEN, desk.Filters(), desk_lab.services) == ()

    desk.release(ANN, item.scan_id, desk_lab.services)
    assert desk_lab.next(BEN).item_id == item.item_id


def test_a_supervisor_takes_a_scan_over(desk_lab: Lab) -> None:
    """Who held it is refused from then on; the trail says so; a clerk may not."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    with pytest.raises(Forbidden):
        desk.take_over(BEN, item.scan_id, desk_lab.services)
    desk.take_over(SUE, item.scan_id, desk_lab.services)

    with pytest.raises(Claimed):
        desk_lab.accept(item, PLAIN)
    assert [claim.actor for claim in desk.claims(SUE, desk_lab.services)] == ["user:sue"]
    assert "claim_taken_over" in desk_lab.kinds()


def test_what_was_skipped_comes_last(desk_lab: Lab) -> None:
    """Going on without settling shows everything else first; then the skipped one again."""
    desk_lab.two_pages()
    desk_lab.one_page(PLAIN, "z")
    one = desk_lab.next()
    two = desk_lab.next(after=one.item_id)
    three = desk_lab.next(after=two.item_id)
    again = desk_lab.next(after=three.item_id)

    assert len({one.item_id, two.item_id, three.item_id}) == 3
    assert again.item_id == one.item_id


def test_of_many_only_the_first_are_looked_at(desk_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same order, and what was passed over comes last all the same."""
    for serial in "abcd":
        desk_lab.one_page(PLAIN, serial)
    order = desk_lab.ids()
    monkeypatch.setattr(queue, "_AT_ONCE", 1)
    monkeypatch.setattr(queue, "_SPARE", 0)
    handed = desk.next_item(ANN, desk.Filters(), desk_lab.services, None, 1)
    later = desk.next_item(BEN, desk.Filters(), desk_lab.services, None, 1, order[:3])

    assert [one.item_id for one in handed] == order[:2]
    assert [one.item_id for one in later] == [order[3], order[2]]


def test_urgent_folders_go_first(desk_lab: Lab) -> None:
    """Priority of the preset before age."""
    desk_lab.one_page(PLAIN, "old")
    urgent = desk_lab.workspace.settings.inbox / "urgent"
    urgent.mkdir()
    (urgent / "preset.toml").write_text("priority = 5\n")
    desk_lab.scan(lab.stub.page_text(ANYA, "new"), folder="urgent")

    assert desk_lab.next().source == "urgent"


def test_filters_narrow_the_queue(desk_lab: Lab) -> None:
    """By source, reason, type and age; counts say how many there are of each."""
    desk_lab.one_page(PLAIN, "a")
    desk_lab.scan(lab.stub.page_text(STRANGER, "b", "DISCHARGE SUMMARY"), folder="ward")
    counts = desk.counts(ANN, desk_lab.services)

    assert dict(counts.by_source) == {".": 1, "ward": 1}
    assert dict(counts.by_reason) == {desk.Why.SUGGESTED: 1, desk.Why.NOT_IN_ROSTER: 1}
    assert dict(counts.by_age)["today"] == counts.waiting == 2
    for narrow in (
        {"source": "ward"},
        {"reason": desk.Why.SUGGESTED},
        {"document_type": "discharge_summary"},
    ):
        assert len(desk_lab.ids(**narrow)) == 1
    assert desk_lab.ids(min_age_days=1) == []


def test_nobody_without_the_right_gets_anything(desk_lab: Lab) -> None:
    """And that it was tried is in the trail."""
    desk_lab.one_page(PLAIN)
    for ask in (desk.counts, desk.claims):
        with pytest.raises(Forbidden):
            ask(AUDITOR, desk_lab.services)
    with pytest.raises(Forbidden):
        desk.next_item(AUDITOR, desk.Filters(), desk_lab.services)
    assert desk_lab.kinds().count("denied") == 3


def test_what_may_not_be_seen_is_neither_handed_out_nor_counted(desk_lab: Lab) -> None:
    """A restricted label: for the clerk the document does not exist, by id neither."""
    desk_lab.one_page(PLAIN)
    (document,) = desk_lab.documents()
    with desk_lab.workspace.catalog.write() as unit:
        unit.documents.change(dataclasses.replace(document, sensitivity=("hiv",)), document.version)

    assert desk.next_item(ANN, desk.Filters(), desk_lab.services) == ()
    assert desk.counts(ANN, desk_lab.services).waiting == 0
    messages = []
    for item_id in (document.document_id, "k" * 20):
        with pytest.raises(NotFound) as refused:
            desk.item(ANN, item_id, desk_lab.services)  # type: ignore[arg-type]
        messages.append(str(refused.value).replace(item_id, "ID"))
    assert messages[0] == messages[1]
    assert desk.counts(SUE, desk_lab.services).waiting == 1


def test_that_something_waits_for_others_is_told_and_nothing_of_it(desk_lab: Lab) -> None:
    """One bit, whatever and however much it is: an empty list is not an empty queue."""
    desk_lab.one_page(PLAIN)
    (document,) = desk_lab.documents()
    before = desk.counts(ANN, desk_lab.services)
    with desk_lab.workspace.catalog.write() as unit:
        unit.documents.change(dataclasses.replace(document, sensitivity=("hiv",)), document.version)
    after = desk.counts(ANN, desk_lab.services)

    assert not before.is_more_for_others and after.is_more_for_others
    nothing = dataclasses.replace(before, waiting=0, by_source=(), by_reason=(), by_type=())
    ages = tuple((name, 0) for name, _ in after.by_age)
    assert after == dataclasses.replace(nothing, by_age=ages, is_more_for_others=True)
    assert not desk.counts(SUE, desk_lab.services).is_more_for_others
    desk.park(SUE, document.document_id, document.version, "later", desk_lab.services)
    assert not desk.counts(ANN, desk_lab.services).is_more_for_others


def test_what_did_not_change_is_not_read_again(desk_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting reads the documents that changed since it was done last; the answer is the same."""
    for serial in "abc":
        desk_lab.one_page(PLAIN, serial)
    first = desk.counts(ANN, desk_lab.services)
    read: list[str] = []
    whole = waiting_table._bodies

    def noted(connection: Any, document_ids: list[str]) -> Any:
        read.extend(document_ids)
        return whole(connection, document_ids)

    monkeypatch.setattr(waiting_table, "_bodies", noted)
    assert desk.counts(ANN, desk_lab.services) == first and read == []
    one = desk_lab.documents()[0]
    desk.retype(ANN, one.document_id, one.version, "consult", "", desk_lab.services)
    read.clear()
    after = desk.counts(ANN, desk_lab.services)
    assert read == [one.document_id] and dict(after.by_type)["consult"] == 1
    desk.park(BEN, desk_lab.documents()[1].document_id, 1, "later", desk_lab.services)
    assert desk.counts(ANN, desk_lab.services).parked == 1


def test_every_item_that_is_shown_is_in_the_trail(desk_lab: Lab) -> None:
    """Prefetched ones as well: they left for the screen."""
    desk_lab.two_pages()
    shown = desk.next_item(ANN, desk.Filters(), desk_lab.services, prefetch=1)
    with desk_lab.workspace.catalog.read() as unit:
        (event,) = [e for e in unit.events.after(0, 1000) if e.kind == "viewed"]

    assert set(event.payload["document_ids"]) == {item.item_id for item in shown}
    assert desk_lab.patient_id(PLAIN) in event.payload["patient_ids"]


def test_the_last_settled_item_frees_its_scan(open_desk: Callable[..., Lab]) -> None:
    """Going on lets go of what is done."""
    opened = open_desk()
    opened.one_page(PLAIN, "a")
    opened.one_page(PLAIN, "b")
    item = opened.next()
    opened.accept(item, PLAIN)
    opened.next(after=item.item_id)

    held = [claim.scan_id for claim in desk.claims(ANN, opened.services)]
    assert item.scan_id not in held and len(held) == 1
    assert opened.document(item.item_id).state is DocumentState.PROPOSED
