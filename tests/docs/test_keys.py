"""Facts about the tables of keys in the handbook of the screens: they name the keys that the code hears."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "how-to" / "work-in-the-browser.md"
WEB = REPOSITORY / "scanindex" / "web"
_IN_TEMPLATE = re.compile(r'data-key="([^"{]+)" data-key-label|key_button\("[^"]*", "([^"]+)"')
_IN_SCRIPT = (
    re.compile(r'(?:plain|quiet|chip)\((?:"\w+", )?"([^"\w]|\w)", "'),
    re.compile(r'(?:^|[{\s,])"?([^\s"{},:()]+)"?: (?:go|view|key|by)\('),
    re.compile(r'(?:^|[{\s,])"?([^\s"{},:()]+)"?: \{ (?:label|run)(?::|\()'),
)
SCREENS = {
    "Review": ("static/js/review.js", "static/js/review-panel.js"),
    "Split strip": ("templates/strip.html", "static/js/strip.js"),
    "Search": ("templates/search.html", "templates/parts/search_results.html", "static/js/search.js"),
    "Document and chart": ("templates/document.html", "static/js/viewer-hands.js"),
    "A supervisor's day": ("templates/supervise/audit.html",),
}
ELSEWHERE = {
    "Review": {"1", "2", "3", "4", "5"},  # made by a loop over the patients
    "Search": {"j", "k"},  # of every list: lists.js
    # made by a loop over the corrections
    "Document and chart": {f"Shift+{key}" for key in "ptdler"},
}


def documented(heading: str) -> set[str]:
    """Keys in the first column of the tables under a heading, at whatever level it is."""
    text = PAGE.read_text("utf-8")
    part = re.split(r"^##+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    keys = [key for row in rows for key in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    if "| `1` … `5` |" in part:
        keys += list("234")
    if "; with `Shift` and an arrow" in part:
        keys += [f"Shift+{key}" for key in keys if key.startswith("Arrow")]
    assert len(keys) == len(set(keys))
    return set(keys)


def heard(files: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for name in files:
        text = (WEB / name).read_text("utf-8")
        for pattern in (_IN_TEMPLATE,) if name.endswith(".html") else _IN_SCRIPT:
            found |= {next(filter(None, match.groups())) for match in pattern.finditer(text)}
    return found


@pytest.mark.parametrize("screen", SCREENS)
def test_the_table_names_the_keys_of_the_screen(screen: str) -> None:
    """No key is missing, and none is named that does nothing."""
    assert documented(screen) == heard(SCREENS[screen]) | ELSEWHERE.get(screen, set())


def test_review_has_its_keys() -> None:
    """What the code is searched for is there: a rewrite of the screen must not empty the comparison."""
    assert {"Enter", "a", "t", "s", "u", ".", "PageDown"} <= heard(SCREENS["Review"])
