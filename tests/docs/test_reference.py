"""Facts about the documentation: it says what the code does, and its links lead somewhere."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click
import pytest

from scanindex.errors import error_classes
from scanindex.settings import sections
from scripts import make_docs

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = REPOSITORY / "docs" / "reference"
PAGES = sorted(
    p
    for p in REPOSITORY.rglob("*.md")
    if not {".venv", "var", "demo", "node_modules"} & set(p.relative_to(REPOSITORY).parts)
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", make_docs.PAGES)
def test_pages_made_from_the_code_are_up_to_date(page: str) -> None:
    """scripts/make-docs would write exactly what is there."""
    assert (REFERENCE / page).read_text("utf-8") == make_docs.PAGES[page](), "run scripts/make-docs"


def test_every_command_is_documented_with_its_options() -> None:
    """Each command has a heading, and each visible option stands under it."""
    text = (REFERENCE / "commands.md").read_text("utf-8")
    sections_by_name = dict(re.findall(r"^#{2,3} (scanindex.*)\n((?:(?!#{2,3} ).*\n?)*)", text, re.MULTILINE))
    names = [name for name, _, _ in make_docs.walk_commands()]
    assert sorted(sections_by_name) == sorted(names) and len(names) > 20
    for name, command, _ in make_docs.walk_commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.opts[-1] in sections_by_name[name], f"{name} {parameter.opts}"


def test_every_command_and_option_explains_itself() -> None:
    """No command without a sentence, no option without help."""
    silent = []
    for name, command, _ in make_docs.walk_commands():
        silent += [] if command.help else [name]
        options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
        silent += [f"{name} {option.opts[0]}" for option in options if not option.help]
    assert silent == []


def test_every_setting_is_documented() -> None:
    """Each key of each section stands in the settings page."""
    text = (REFERENCE / "settings.md").read_text("utf-8")
    for name, cls in sections().items():
        part = text.split(f"\n## [{name}]\n")[1].split("\n## ")[0]
        assert [f.name for f in dataclasses.fields(cls)] == re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)


def test_every_error_code_is_documented() -> None:
    """Each class but the root has its code in the errors page, with what to do."""
    text = (REFERENCE / "errors.md").read_text("utf-8")
    for cls in error_classes()[1:]:
        assert f"`{cls.code}`" in text and cls.hint.replace("|", "\\|") in text


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(REPOSITORY).as_posix())
def test_relative_links_lead_to_something(page: Path) -> None:
    """Every link that is no web address names an existing file, and its anchor a heading there."""
    broken = []
    for target in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in _anchors(goal)):
            broken.append(target)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_listed_in_the_index() -> None:
    """docs/README.md links each page under docs/."""
    docs = REPOSITORY / "docs"
    linked = {
        (docs / t.partition("#")[0]).resolve() for t in LINK.findall((docs / "README.md").read_text("utf-8"))
    }
    missing = [p.relative_to(docs).as_posix() for p in docs.rglob("*.md") if p.resolve() not in linked]
    assert [name for name in missing if name != "README.md"] == []


def test_paths_named_in_code_hints_exist() -> None:
    """Pages that the program's own texts point to are there."""
    named = set()
    for module in (REPOSITORY / "scanindex").rglob("*.py"):
        named |= set(re.findall(r"docs/[\w./-]+\.md", module.read_text("utf-8")))
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []
