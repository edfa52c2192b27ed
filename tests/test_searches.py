"""Facts about searches that people keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanindex import app, find, searches
from scanindex.errors import NotFound, QueryError, UsageError
from scanindex.model import SearchOrder, SearchRequest, Spellings
from scanindex.store.rebuild import replay
from tests.crash.service_main import open_stubbed, quick_settings
from tests.test_find import FIRST, SECOND, THIRD, drop, give_roster

WHO, OTHER = "user:clerk", "user:night"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    """A workspace in which one document holds the word that is searched."""
    app.initialise(quick_settings(tmp_path))
    workspace = open_stubbed(quick_settings(tmp_path))
    give_roster(workspace, FIRST, SECOND, THIRD)
    drop(workspace, FIRST, "a", "spleen")
    yield workspace
    workspace.close()


def save(opened: app.Workspace, name: str, query: str = "spleen", owner: str = WHO) -> None:
    searches.save(name, SearchRequest(query=query), owner, opened.services)


def names(opened: app.Workspace, owner: str = WHO) -> list[str]:
    return [saved.name for saved in searches.of(owner, opened.services)]


def run(opened: app.Workspace, name: str) -> int:
    """Look at a saved search; how many documents were new."""
    saved = searches.by_name(name, WHO, opened.services)
    with opened.catalog.read() as unit:
        before = unit.events.last_seq()
    news = searches.news(saved, opened.services)
    page = find.search(searches.request_of(saved), opened.services)
    searches.note_run(saved, before, page, opened.services)
    return len(news.documents)


def test_what_came_since_the_last_run_is_new(opened: app.Workspace) -> None:
    """Not what was there when it was saved, and each document once."""
    save(opened, "spleens")
    first = run(opened, "spleens")
    drop(opened, SECOND, "b", "spleen")
    drop(opened, THIRD, "c", "kidney")

    assert [first, run(opened, "spleens"), run(opened, "spleens")] == [0, 1, 0]


def test_how_it_was_asked_is_kept_as_well(opened: app.Workspace) -> None:
    """Order, spellings and synonyms; the page looked at is not part of it."""
    asked = SearchRequest(
        query="spleen", order=SearchOrder.NEWEST, spellings=Spellings.EXACT, synonyms=False, offset=40
    )
    searches.save("kept", asked, WHO, opened.services)

    again = searches.request_of(searches.by_name("KEPT ", WHO, opened.services))

    assert (again.query, again.order, again.spellings, again.synonyms, again.offset) == (
        "spleen", SearchOrder.NEWEST, Spellings.EXACT, False, 0,
    )  # fmt: skip


def test_everybody_has_their_own(opened: app.Workspace) -> None:
    """The same name may be used by two people; nobody sees or deletes the other's."""
    save(opened, "mine")
    save(opened, "mine", "kidney", owner=OTHER)
    searches.delete("mine", OTHER, opened.services)

    assert (names(opened), names(opened, OTHER)) == (["mine"], [])


def test_a_name_is_not_taken_over(opened: app.Workspace) -> None:
    """Saving or renaming never replaces another search."""
    save(opened, "one")
    save(opened, "two")

    with pytest.raises(UsageError):
        save(opened, "One", "kidney")
    with pytest.raises(UsageError):
        searches.rename("two", "one", WHO, opened.services)
    searches.rename("two", "Two", WHO, opened.services)

    assert names(opened) == ["Two", "one"]


@pytest.mark.parametrize("name", ["", "  ", "a\x1b[31m", "x" * 61])
def test_a_name_can_be_shown(opened: app.Workspace, name: str) -> None:
    """No control characters, no novel."""
    with pytest.raises(UsageError):
        save(opened, name)


def test_a_query_without_sense_is_not_kept(opened: app.Workspace) -> None:
    """It would never find anything."""
    with pytest.raises(QueryError):
        save(opened, "broken", "(spleen")
    assert names(opened) == []


def test_what_is_not_there_cannot_be_run(opened: app.Workspace) -> None:
    """The message does not repeat the name, which may be a patient's."""
    with pytest.raises(NotFound) as told:
        searches.by_name("okonkwobell", WHO, opened.services)
    assert "okonkwobell" not in str(told.value)


def test_a_rebuilt_catalog_knows_them_again(opened: app.Workspace, tmp_path: Path) -> None:
    """From the archive's events: saved, run, renamed, deleted."""
    save(opened, "kept")
    save(opened, "renamed before")
    save(opened, "gone")
    drop(opened, SECOND, "b", "spleen")
    assert run(opened, "kept") == 1
    searches.rename("renamed before", "renamed", WHO, opened.services)
    searches.delete("gone", WHO, opened.services)
    before = searches.of(WHO, opened.services)
    opened.close()
    for file in (tmp_path / "var").glob("catalog.db*"):
        file.unlink()

    app.initialise(quick_settings(tmp_path), is_rebuild=True)
    again = open_stubbed(quick_settings(tmp_path))
    replay(again.catalog, again.event_log, again.roster)

    assert searches.of(WHO, again.services) == before
    assert len(searches.news(before[0], again.services).documents) == 0
    again.close()


def test_the_service_tells_nothing_of_a_saved_search(opened: app.Workspace) -> None:
    """Names and queries stand in the catalog and the archive's events, in no other file."""
    save(opened, "Zwetschgenberg case", "zwetschgenberg")
    run(opened, "zwetschgenberg CASE")

    var = opened.settings.var
    told = [
        path
        for path in var.rglob("*")
        if path.is_file() and not path.name.startswith("catalog.db")
        if b"wetschgenberg" in path.read_bytes().lower()
    ]
    assert told == []
    assert "wetschgenberg" not in repr(searches.of(WHO, opened.services))
    events = "".join(p.read_text() for p in (opened.settings.archive / "events").glob("*.jsonl"))
    assert any("zwetschgenberg" in json.loads(line)["payload"].get("saved_search", {}).get("query", "")
               for line in events.splitlines())  # fmt: skip
