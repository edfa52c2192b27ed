"""The split strip in a real browser: by keys, and by dragging."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex import app
from tests.crash import stub
from tests.desk import lab
from tests.web.browser.conftest import OpenContext, Seen, note, served, watch
from tests.web.reviewing import drop, open_copy

pytestmark = pytest.mark.xdist_group("browser_review")
SCREEN = "#screen"


@pytest.fixture
def opened(prepared: Path, tmp_path: Path) -> Iterator[app.Workspace]:
    workspace = open_copy(prepared, tmp_path / "home")
    yield workspace
    workspace.close()


def _stack(opened: app.Workspace) -> str:
    """Two documents, of three pages and of one; the scan."""
    pages = [stub.page_text(lab.PLAIN, f"p{no}").replace("LABORATORY", "") for no in range(3)]
    pages[0] = stub.page_text(lab.PLAIN, "first")
    found = drop(opened, "stack", *pages, stub.page_text(lab.ANYA, "last", "DISCHARGE SUMMARY"))
    return found[0].scan_id


def _layout(page: Any) -> list[list[str]]:
    """Pages of each band, as they stand on the screen."""
    found: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll('#strip [data-number]')].map(
             (band) => [...band.querySelectorAll('[data-page]')].map((one) => one.dataset.page))"""
    )
    return found


def _drawn(page: Any, count: int) -> None:
    """The count-th strip stands on the screen, and nothing is under way."""
    page.wait_for_selector(f"{SCREEN}[data-ready=yes][data-seq='{count}']:not([data-busy])")


def test_pages_are_put_right_by_keys_and_by_dragging(opened: app.Workspace, context_of: OpenContext) -> None:
    """s splits and u takes it back; a page set aside comes back where it stood, not into the document before
    it; a page dropped on another band goes there; axe finds no serious fault."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    scan_id = _stack(opened)
    seen = Seen()
    with served(opened) as address:
        page = context_of(address, "cleo").new_page()
        watch(page, seen)
        page.goto(f"{address}/scans/{scan_id}/strip")
        _drawn(page, 1)
        before = _layout(page)
        assert sorted(no for band in before for no in band) == ["1", "2", "3", "4"]
        long = next(band for band in before if len(band) > 1)

        page.keyboard.press("Home")
        for _ in range(int(long[1]) - 1):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("s")
        _drawn(page, 2)
        assert _layout(page) == [part for band in before for part in _parts(band, long)]
        assert page.evaluate("document.activeElement.dataset.page") == long[1]
        page.keyboard.press("u")
        _drawn(page, 3)
        assert _layout(page) == before

        alone = next(band for band in before[1:] if len(band) == 1)
        page.click(f"[data-page='{alone[0]}']")
        page.keyboard.press("b")
        _drawn(page, 4)
        assert alone not in _layout(page)
        page.keyboard.press("i")
        _drawn(page, 5)
        assert _layout(page) == before

        last = before.index(long) + 1 if long is not before[-1] else before.index(long) - 1
        page.locator(f"[data-page='{long[-1]}']").drag_to(page.locator("#strip [data-number]").nth(last))
        _drawn(page, 6)
        assert long[-1] in _layout(page)[last]
        found = axe.Axe().run(page).response["violations"]
        note(page, seen)
    serious = [v["id"] for v in found if v["impact"] in ("serious", "critical")]
    assert (serious, seen.said, seen.violations, seen.failed) == ([], [], [], [])


def _parts(band: list[str], split: list[str]) -> list[list[str]]:
    return [band[:1], band[1:]] if band == split else [band]
