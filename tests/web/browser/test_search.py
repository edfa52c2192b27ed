"""The search screen in a real browser, by keyboard alone: ask, walk, open, come back."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from scanindex import app
from scanindex.web.application import make_app
from tests.crash import stub
from tests.web.conftest import PASSWORD, file_scan, opened, quick_hashes

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
FIRST, SECOND = stub.PEOPLE[:2]
__all__ = ["opened", "quick_hashes"]


@pytest.fixture
def address(opened: app.Workspace) -> Iterator[str]:
    """Where a server over a workspace with three documents answers."""
    file_scan(opened, "a.pdf", [stub.page_text(FIRST, "a"), stub.page_text(SECOND, "b")])
    file_scan(opened, "c.pdf", [stub.page_text(FIRST, "c", "OPERATIVE REPORT")])
    web = make_app(opened)
    server = uvicorn.Server(uvicorn.Config(web, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def page(address: str, tmp_path: Path) -> Iterator[sync_api.Page]:
    """A browser in which the clerk logged in, on the search screen."""
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        shown = browser.new_page(viewport={"width": 1366, "height": 768})
        shown.goto(f"{address}/login")
        shown.fill("[name=login]", "cleo")
        shown.fill("[name=password]", PASSWORD)
        shown.press("[name=password]", "Enter")
        shown.wait_for_url("**/review")
        shown.goto(f"{address}/search")
        yield shown
        browser.close()


def test_a_word_is_asked_opened_and_come_back_to(page: sync_api.Page, address: str) -> None:
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

    page.go_back()
    page.wait_for_selector(".result mark")
    sync_api.expect(page.locator(f"[data-document='{chosen}'] h3 a")).to_be_focused()
    assert page.input_value("#q") == "hemoglobin specimen"


def test_a_count_narrows_and_is_taken_away_again(page: sync_api.Page) -> None:
    """f goes to the counts, Enter adds and removes the term."""
    page.keyboard.type("hemoglobin")
    page.keyboard.press("Enter")
    page.wait_for_selector("#facets")
    label = page.locator(f"#facets button[value='mrn:{SECOND.mrn}']")
    label.focus()
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("[data-document]")).to_have_count(1)
    assert page.input_value("#q") == f"hemoglobin mrn:{SECOND.mrn}"

    page.locator("#facets button[aria-pressed=true]").first.focus()
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("[data-document]")).to_have_count(3)
    assert page.input_value("#q") == "hemoglobin"
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.closest('#facets') !== null")


def test_a_patient_is_picked_while_typing(page: sync_api.Page, opened: app.Workspace) -> None:
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


def test_a_fault_is_selected_in_the_box(page: sync_api.Page) -> None:
    """Typing on replaces what makes no sense."""
    page.keyboard.type("type:(")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fault")
    place = page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]")
    assert place == ["q", 5]


def test_nothing_of_a_search_outlives_its_session(page: sync_api.Page, address: str) -> None:
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
