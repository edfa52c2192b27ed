"""The search screen in a real browser, by keyboard alone: ask, walk, open, come back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from scanindex import app
from tests.crash import stub
from tests.web.browser.conftest import OpenContext, served
from tests.web.conftest import PASSWORD, file_scan

pytestmark = pytest.mark.xdist_group("browser_search")
FIRST, SECOND = stub.PEOPLE[:2]


@pytest.fixture
def address(opened: app.Workspace) -> Iterator[str]:
    """Where a server over a workspace with three documents answers."""
    file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a"), stub.page_text(SECOND, "b")])
    file_scan(opened, "c.pdf", [stub.page_text(FIRST, "c", "OPERATIVE REPORT")])
    with served(opened) as where:
        yield where


@pytest.fixture
def page(address: str, context_of: OpenContext) -> Page:
    """A browser in which the clerk logged in, on the search screen."""
    shown = context_of(address, "cleo").new_page()
    shown.goto(f"{address}/search")
    return shown


def test_a_word_is_asked_opened_and_come_back_to(page: Page, address: str) -> None:
    """Results keep their place: the row that was opened has the focus again, the query is as it was."""
    page.keyboard.type("hemoglobin specimen")
    page.keyboard.press("Enter")
    page.wait_for_selector(".result mark")
    assert page.url == f"{address}/search"
    assert page.locator("[data-document]").count() == 3

    page.keyboard.press("j")
    page.keyboard.press("j")
    chosen = page.evaluate("document.activeElement.closest('[data-row]').dataset.document")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/documents/{chosen}?page=1")
    assert page.evaluate("sessionStorage.getItem('scanindex.query')") == "hemoglobin specimen"
    assert "hemoglobin" not in page.url and "hemoglobin" not in page.title().lower()
    for key, asked in (("Shift+T", "#correct-retype"), ("Shift+E", "#correct-entered_in_error")):
        page.keyboard.press(key)
        expect(page.locator(asked)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(asked)).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("Correct the type")
    page.keyboard.press("Escape")

    page.go_back()
    page.wait_for_selector(".result mark")
    expect(page.locator(f"[data-document='{chosen}'] h3 a")).to_be_focused()
    assert page.input_value("#q") == "hemoglobin specimen"


def test_keys_that_come_before_the_answer_are_about_it(page: Page) -> None:
    """j and Enter right behind the question open its second result, and type no letter."""
    page.keyboard.type("operative")
    page.keyboard.press("Enter")
    page.wait_for_selector(".result mark")
    page.route("**/search", lambda route: (page.wait_for_timeout(400), route.continue_()))
    page.keyboard.press("/")
    page.fill("#q", "hemoglobin specimen")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents/*")
    opened = page.url

    page.go_back()
    page.wait_for_selector(".result mark")
    assert page.input_value("#q") == "hemoglobin specimen"
    rows = page.locator("[data-document]").evaluate_all("rows => rows.map((one) => one.dataset.document)")
    assert len(rows) == 3 and f"/documents/{rows[1]}?" in opened


def test_a_count_narrows_and_is_taken_away_again(page: Page) -> None:
    """f goes to the counts, Enter adds and removes the term."""
    page.keyboard.type("hemoglobin")
    page.keyboard.press("Enter")
    page.wait_for_selector("#facets")
    label = page.locator(f"#facets button[value='mrn:{SECOND.mrn}']")
    label.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-document]")).to_have_count(1)
    assert page.input_value("#q") == f"hemoglobin mrn:{SECOND.mrn}"

    page.locator("#facets button[aria-pressed=true]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-document]")).to_have_count(3)
    assert page.input_value("#q") == "hemoglobin"
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.closest('#facets') !== null")


def test_a_patient_is_picked_while_typing(page: Page, opened: app.Workspace) -> None:
    """Down and Enter go to the chart; words that name nobody open no list."""
    page.keyboard.type("hemoglobin")
    with page.expect_response("**/patients/suggest"):
        page.keyboard.type(" x")
    assert page.locator(".combo-list").first.is_hidden()

    page.fill("#q", "")
    page.keyboard.type(FIRST.last[:5].lower())
    page.wait_for_selector(".combo-option")
    assert page.inner_text(".combo-option mark").lower() == FIRST.last[:5].lower()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    (patient,) = opened.roster.by_identifier([FIRST.mrn])
    page.wait_for_url(f"**/charts/{patient.patient_id}")


def test_a_fault_is_selected_in_the_box(page: Page) -> None:
    """Typing on replaces what makes no sense."""
    page.keyboard.type("type:(")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fault")
    place = page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]")
    assert place == ["q", 5]


def test_nothing_of_a_search_outlives_its_session(page: Page, address: str) -> None:
    """Who logs in next in the same tab sees neither query nor results."""
    page.keyboard.type("hemoglobin")
    page.keyboard.press("Enter")
    page.wait_for_selector(".result")
    page.context.clear_cookies()
    page.goto(f"{address}/login")
    page.fill("[name=login]", "clark")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/review")
    page.goto(f"{address}/search")
    page.wait_for_load_state("networkidle")

    assert page.input_value("#q") == "" and page.locator(".result").count() == 0
    assert page.evaluate("sessionStorage.getItem('scanindex.search')") is None
    assert page.evaluate("sessionStorage.getItem('scanindex.query')") is None
