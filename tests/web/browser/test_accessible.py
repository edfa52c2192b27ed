"""Facts about whom the screens shut out: nobody who reads them by ear, by keyboard, enlarged or in the dark.

Rules of WCAG 2.2 AA as axe finds them (docs/reference: none of its serious or critical violations),
1.4.10 reflow, 2.1.1 keyboard.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.browser.conftest import DESK, PHONE, ZOOMED, OpenContext, served
from tests.web.browser.screens import screens
from tests.web.gate import explain
from tests.web.samples import Samples, copied

pytestmark = pytest.mark.xdist_group("browser_accessible")
LOOKS = (
    pytest.param(DESK, "light", id="desk"),
    pytest.param(PHONE, "dark", id="phone dark"),
    # Colours do not depend on the width, nor the layout on the colours: the other two are for a long run.
    pytest.param(DESK, "dark", id="desk dark", marks=pytest.mark.slow),
    pytest.param(PHONE, "light", id="phone", marks=pytest.mark.slow),
)
_GRAVE = ("serious", "critical")
_SETTLED_MS = 80


@pytest.fixture(scope="module")
def show(built: Samples, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Samples]]:
    made = copied(built, tmp_path_factory.mktemp("accessible") / "home")
    with served(made.opened) as where:
        yield where, made
    made.opened.close()


@pytest.fixture(scope="module")
def address(show: tuple[str, Samples]) -> str:
    return show[0]


@pytest.fixture(scope="module")
def pages(show: tuple[str, Samples]) -> list[tuple[str, str]]:
    return screens(show[1])


def opened_pages(
    pages: list[tuple[str, str]], address: str, context_of: OpenContext, **look: Any
) -> Iterator[tuple[str, Any]]:
    """Each screen in a page that stands still."""
    contexts: dict[str, Any] = {}
    for login, path in pages:
        if login not in contexts:
            contexts[login] = context_of(address, login, **look).new_page()
        page = contexts[login]
        page.goto(f"{address}{path}")
        page.wait_for_load_state("load")
        page.wait_for_timeout(_SETTLED_MS)
        yield f"{login or 'nobody'} {path}", page


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS)
def test_no_screen_shuts_anybody_out(
    pages: list[tuple[str, str]], address: str, context_of: OpenContext, viewport: Any, scheme: str
) -> None:
    """axe finds nothing serious on any screen, at a desk or a phone, light or dark; none scrolls sideways."""
    import axe_playwright_python

    script = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
    # In the dark only the colours are others.
    rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    problems = []
    for what, page in opened_pages(pages, address, context_of, viewport=viewport, color_scheme=scheme):
        problems += too_wide(what, page)
        if not page.evaluate(_WHERE):
            problems.append(f"{what}: the navigation does not show where one is")
        page.evaluate(script)
        found = page.evaluate("(rules) => axe.run(document, {resultTypes: ['violations'], ...rules})", rules)
        for one in found["violations"]:
            if one["impact"] in _GRAVE:
                places = [node["target"] for node in one["nodes"]][:3]
                problems.append(f"{what}: {one['id']} {places} {one['nodes'][0]['failureSummary'][:200]}")
    assert not problems, explain(problems)


def test_no_screen_scrolls_sideways_at_twice_the_size(
    pages: list[tuple[str, str]], address: str, context_of: OpenContext
) -> None:
    """Enlarged to 200 %, everything is reached by scrolling down (phones: above)."""
    opened = opened_pages(pages, address, context_of, viewport=ZOOMED)
    problems = [problem for what, page in opened for problem in too_wide(what, page)]
    assert not problems, explain(problems)


def too_wide(what: str, page: Any) -> list[str]:
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{what}: {over} px too wide: {page.evaluate(_WIDE)}"] if over > 0 else []


_FRAME = """() => [document.title, document.documentElement.lang,
  document.querySelectorAll('h1').length, document.querySelectorAll('main').length]"""
_WIDE = """() => [...document.querySelectorAll('main *')]
  .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 4).map((e) => `${e.localName}.${e.className}`)"""
_WHERE = """() => {
  const here = document.querySelector('.nav [aria-current]')?.getBoundingClientRect();
  const list = document.querySelector('.nav ul')?.getBoundingClientRect();
  return !here || (here.left >= list.left - 1 && here.right <= list.right + 1);
}"""
_STOPS = """() => {
  const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
  // One of a group that is walked by arrows: its neighbour has the stop.
  const isRoving = (e) => [e.parentElement, e.parentElement?.parentElement, e.closest('[data-rows]')]
    .some((group) => [...(group?.querySelectorAll(e.localName) ?? [])].some((other) => other.tabIndex >= 0));
  const isSeen = (e) => e.checkVisibility({visibilityProperty: true, opacityProperty: false})
    && !e.disabled && !e.closest('[inert], dialog:not([open])') && e.getBoundingClientRect().width > 0;
  return [...document.querySelectorAll(wanted)].filter(isSeen)
    .filter((e) => e.tabIndex < 0 && !isRoving(e))
    .map((e) => e.outerHTML.slice(0, 120));
}"""


def test_every_control_is_reached_by_the_keyboard(
    pages: list[tuple[str, str]], address: str, context_of: OpenContext
) -> None:
    """Nothing to press is outside the order of the Tab key, and Tab gets into every screen and on in it;

    which has a title, a language, one main part and one main heading to begin with.
    """
    problems = []
    for what, page in opened_pages(pages, address, context_of):
        found = page.evaluate(_FRAME)
        if not (found[0] and found[1:] == ["en", 1, 1]):
            problems.append(f"{what}: {found}")
        problems += [f"{what}: out of reach {one}" for one in page.evaluate(_STOPS)]
        reached = []
        for _ in range(6):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement?.outerHTML.slice(0, 80) || ''"))
        if len(set(reached)) < 2:
            problems.append(f"{what}: Tab leads nowhere: {reached[0]}")
    assert not problems, explain(problems)
