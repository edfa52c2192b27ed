"""The review workbench in a real browser, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex import app, review
from scanindex.model import DocumentState
from tests.crash import stub
from tests.desk import lab
from tests.web.browser.conftest import OpenContext, served
from tests.web.reviewing import drop, open_copy, state_of

pytestmark = pytest.mark.xdist_group("browser_review")
BENCH = "#bench"
At = Callable[[str], Any]


@pytest.fixture
def opened(prepared: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    workspace = open_copy(prepared, tmp_path / "home")
    yield workspace
    workspace.close()


@pytest.fixture
def address(opened: app.Workspace) -> Iterator[str]:
    """The application, served on a port of its own."""
    with served(opened) as where:
        yield where


@pytest.fixture
def at(context_of: OpenContext, address: str) -> At:
    """A browser of its own in which this person logged in, at the queue."""

    def opening(login: str) -> Any:
        page = context_of(address, login).new_page()
        page.goto(f"{address}/review")
        return page

    return opening


def _start(page: Any) -> None:
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/items/*")
    _shown(page, 1)


def _shown(page: Any, count: int) -> None:
    """The count-th item stands on the screen and takes keys."""
    page.wait_for_selector(f"{BENCH}[data-seq='{count}'][data-ready=yes]", timeout=20_000)


def _data(page: Any, name: str) -> str:
    return str(page.get_attribute(BENCH, f"data-{name}"))


def _doubtful(opened: app.Workspace, name: str) -> str:
    text = stub.page_text(lab.NAMESAKE, name).replace(f"MRN: {lab.NAMESAKE.mrn}\n", "")
    (document,) = drop(opened, name, text)
    return document.document_id


def _kinds(opened: app.Workspace) -> list[str]:
    """Acts at the desk, oldest first."""
    with opened.catalog.read() as unit:
        return [act.kind for act in unit.desk.done(None, None)]


def _choose_right(page: Any) -> None:
    """Press the key of the namesake who was born on the day that the paper says."""
    cards = page.locator(".review-candidate").all_inner_texts()
    number = next(n for n, text in enumerate(cards, start=1) if lab.NAMESAKE.born in text)
    page.keyboard.press(str(number))


def test_a_sure_item_takes_one_key(opened: app.Workspace, at: At) -> None:
    """Enter files it and the next one, fetched before, is there; it was counted as one keystroke."""
    for serial in ("a", "b"):
        drop(opened, serial, stub.page_text(lab.PLAIN, serial))
    page = at("cleo")
    _start(page)
    first = _data(page, "item-id")
    page.keyboard.press("Enter")
    _shown(page, 2)

    assert _data(page, "last-kind") == "accepted" and _data(page, "last-strokes") == "1"
    assert state_of(opened, first) in (DocumentState.PROPOSED, DocumentState.FILED)
    with opened.catalog.read() as unit:
        (done,) = [a for a in unit.desk.done(None, None) if a.kind == "accepted"]
    assert done.keystrokes == 1 and done.seconds is not None
    page.goto(page.url.replace(_data(page, "item-id"), first))
    page.wait_for_selector("#panel .notice-warn")
    assert "It needs nothing more here" in page.inner_text("#panel .notice-warn")


def test_a_doubtful_item_takes_its_number_and_the_datum(opened: app.Workspace, at: At) -> None:
    """Nobody is chosen at first; one key beyond the four of the datum, which no part of the page shows.

    What is typed on without a pause is meant for it too: nothing comes of it for the item that shows next.
    """
    item_id = _doubtful(opened, "doubt")
    drop(opened, "after", stub.page_text(lab.PLAIN, "after"))
    page = at("cleo")
    _start(page)
    while _data(page, "item-id") != item_id:
        page.keyboard.press(".")
        _shown(page, int(_data(page, "seq")) + 1)

    assert page.locator(".review-candidate input:checked").count() == 0
    _choose_right(page)
    assert page.locator("#datum").evaluate("e => e === document.activeElement")
    assert lab.NAMESAKE.born not in page.inner_text("#panel")
    seen = int(_data(page, "seq"))
    page.keyboard.type(f"{lab.birth_day(lab.NAMESAKE)}u", delay=40)
    page.wait_for_selector(f"{BENCH}[data-last-kind=accepted]")
    for key in ("Enter", "u", "1", "x", "Enter"):
        page.keyboard.press(key, delay=120)
    _shown(page, seen + 1)
    assert not page.locator("dialog[open]").count() and _kinds(opened) == ["accepted"]

    strokes = int(_data(page, "last-strokes"))
    assert strokes - 4 <= 3, strokes
    assert seen >= 1 and state_of(opened, item_id) is not DocumentState.IN_REVIEW


def test_a_wrong_datum_files_nothing_and_nobody_stays_chosen(opened: app.Workspace, at: At) -> None:
    """The page says so in red; the item still waits as it was."""
    item_id = _doubtful(opened, "doubt")
    page = at("cleo")
    _start(page)
    _choose_right(page)
    page.keyboard.type("0000")
    page.wait_for_selector(".notice-bad")

    assert "Nothing was filed" in page.inner_text(".notice-bad")
    assert page.locator(".review-candidate input:checked").count() == 0
    assert page.locator("#datum").count() == 0
    assert state_of(opened, item_id) is DocumentState.IN_REVIEW


def test_enter_alone_files_nothing_in_doubt(opened: app.Workspace, at: At) -> None:
    """It asks whose it is."""
    item_id = _doubtful(opened, "doubt")
    page = at("cleo")
    _start(page)
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice-warn")
    assert "whose it is" in page.inner_text("#panel .notice-warn")
    assert state_of(opened, item_id) is DocumentState.IN_REVIEW


def test_somebody_searched_shows_what_differs_also_where_it_is_covered(opened: app.Workspace, at: At) -> None:
    """Enter takes the only suggestion, never one of several; a date wants four digits of its year."""
    item_id = _doubtful(opened, "doubt")
    page = at("cleo")
    _start(page)
    page.keyboard.press("d")
    page.keyboard.type("3/4/98")
    page.keyboard.press("Enter")
    assert "four digits" in page.inner_text("#date-said")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.keyboard.type("corrigall")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search .combo-note")
    assert "Several fit" in page.inner_text("#search .combo-note")
    page.fill("#person", "")
    page.keyboard.type("thistlethwaite")
    page.keyboard.press("Enter")
    page.wait_for_selector(".review-candidate.is-chosen #datum")

    chosen = page.inner_text(".review-candidate.is-chosen")
    assert "born ••••••" in chosen and lab.PLAIN.born not in chosen
    assert page.locator(".review-candidate.is-chosen .differs").count() >= 2
    assert "whole birth date" in chosen
    assert state_of(opened, item_id) is DocumentState.IN_REVIEW


def test_a_number_that_is_known_names_who_holds_it(opened: app.Workspace, at: At) -> None:
    """Before somebody is registered twice: the holder can be taken from there; nobody is told a command."""
    item_id = _doubtful(opened, "doubt")
    page = at("cleo")
    _start(page)
    page.keyboard.press("n")
    page.fill("#new-mrn", lab.PLAIN.mrn)
    page.fill("#new-birth_date", lab.NAMESAKE.born)
    page.check("#new-patient input[required][type=checkbox]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#new-patient .notice-warn")
    told = page.inner_text("#new-patient .notice-warn")
    assert lab.PLAIN.mrn in told and lab.PLAIN.born in told
    assert "scanindex show" not in page.inner_text("body")

    page.click("#new-patient .notice-warn button")
    page.wait_for_selector(".review-candidate.is-chosen #datum")
    assert state_of(opened, item_id) is DocumentState.IN_REVIEW


def test_undo_brings_the_item_back(opened: app.Workspace, at: At) -> None:
    """By the key u, with nobody preselected."""
    for serial in ("a", "b"):
        drop(opened, serial, stub.page_text(lab.PLAIN, serial))
    page = at("cleo")
    _start(page)
    first = _data(page, "item-id")
    page.keyboard.press("Enter")
    _shown(page, 2)
    page.keyboard.press("u")
    _shown(page, 3)

    assert _data(page, "item-id") == first
    assert page.locator(".review-candidate input:checked").count() == 0
    assert state_of(opened, first) is DocumentState.IN_REVIEW


def test_two_clerks_are_at_different_scans(opened: app.Workspace, at: At) -> None:
    """However they go on."""
    for serial in "abcdefgh":
        drop(opened, serial, stub.page_text(lab.PLAIN, serial))
    one, two = at("cleo"), at("clark")
    met: dict[Any, set[str]] = {one: set(), two: set()}
    for page in (one, two):
        _start(page)
    for count in (2, 3):
        for page in (one, two):
            met[page].add(_data(page, "item-id"))
            page.keyboard.press("Enter")
            _shown(page, count)

    assert len(met[one]) == len(met[two]) == 2 and not met[one] & met[two]


def test_a_stale_item_shows_what_changed_and_keeps_what_was_typed(opened: app.Workspace, at: At) -> None:
    """Somebody changed the type meanwhile: nothing is filed, the date that was put right stays."""
    item_id = _doubtful(opened, "doubt")
    page = at("cleo")
    _start(page)
    page.keyboard.press("d")
    page.keyboard.type("1998-04-03")
    page.keyboard.press("Enter")
    page.evaluate(
        """async ([id]) => {
          const csrf = document.querySelector('meta[name=csrf]').content;
          const item = await (await fetch(`/api/v1/review/items/${id}`)).json();
          await fetch(`/api/v1/review/items/${id}/type`, {method: 'POST',
            headers: {'content-type': 'application/json', 'x-csrf-token': csrf},
            body: JSON.stringify({version: item.version, document_type: 'discharge_summary'})});
        }""",
        [item_id],
    )
    _choose_right(page)
    page.keyboard.type(lab.birth_day(lab.NAMESAKE))
    page.wait_for_selector(".notice-warn")

    told = page.inner_text("#panel")
    assert "changed since you looked" in told and "given another type" in told
    assert "1998-04-03" in page.inner_text("#chip-date")
    assert state_of(opened, item_id) is DocumentState.IN_REVIEW
    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload", "what is typed is lost without a word"


def test_two_people_in_one_document_are_shown_and_parted(opened: app.Workspace, at: At) -> None:
    """Both readings with their pages instead of "not read", what to do, and one button that does it."""
    one, two = drop(
        opened, "both", stub.page_text(lab.PLAIN, "b1"), stub.page_text(lab.ANYA, "b2", "DISCHARGE SUMMARY")
    )
    review.join(one.document_id, 1, two.document_id, 1, "user:sue", opened.services)
    page = at("cleo")
    _start(page)

    read = page.inner_text(".review-read")
    assert lab.PLAIN.mrn in read and lab.ANYA.mrn in read and "not read" not in read
    assert "on page 1" in read and "on page 2" in read
    assert "Two people are named: one on page 1; another on page 2." in page.inner_text("#named")
    page.click("#split-here")
    page.wait_for_selector("#named", state="detached")
    assert lab.ANYA.mrn not in page.inner_text("#panel") and lab.PLAIN.mrn in page.inner_text("#panel")


def test_parking_takes_a_note_by_keys(opened: app.Workspace, at: At) -> None:
    """h, then a digit for one of the usual notes; what is parked is in its own list."""
    (document,) = drop(opened, "a", stub.page_text(lab.PLAIN, "a"))
    page = at("cleo")
    _start(page)
    page.keyboard.press("h")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("1")
    page.wait_for_selector(f"{BENCH}[data-ready=over]")

    with opened.catalog.read() as unit:
        parked = unit.desk.parked(document.document_id)
    assert parked is not None and parked.note == "Other pages are needed"


def test_a_note_that_was_typed_outlives_the_session(opened: app.Workspace, at: At) -> None:
    """The session is ended while somebody types; after the next login the note is there, to be sent."""
    (document,) = drop(opened, "a", stub.page_text(lab.PLAIN, "a"))
    page = at("cleo")
    _start(page)
    page.keyboard.press("h")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("o")
    with page.expect_response("**/note"):
        page.keyboard.type("Ward clerk is asked, see card 12")
    with opened.catalog.write() as unit:
        unit.sessions.drop_of("cleo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login*")
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0

    page = at("cleo")
    _start(page)
    page.wait_for_selector("#unsent-park")
    assert "Ward clerk is asked, see card 12" in page.inner_text("#panel")
    page.click("#unsent-park")
    page.wait_for_selector("dialog[open]")
    assert page.input_value("#why-note") == "Ward clerk is asked, see card 12"
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{BENCH}[data-ready=over]")
    with opened.catalog.read() as unit:
        parked = unit.desk.parked(document.document_id)
        assert unit.desk.unsent(document.document_id, "user:cleo") == ""
    assert parked is not None and parked.note == "Ward clerk is asked, see card 12"


def test_the_workbench_has_no_serious_fault_for_axe(opened: app.Workspace, at: At) -> None:
    """Queue, an item, and an item where something is asked."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    _doubtful(opened, "doubt")
    page = at("cleo")
    steps: list[Callable[[Any], None]] = [lambda page: None, _start, _choose_right]
    for step in steps:
        step(page)
        found = axe.Axe().run(page).response["violations"]
        serious = [v["id"] for v in found if v["impact"] in ("serious", "critical")]
        assert not serious, serious
