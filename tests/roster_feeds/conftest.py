"""A workspace that a feed speaks to, made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanindex import app
from tests.crash import stub
from tests.crash.service_main import drive, open_stubbed, quick_settings
from tests.roster_feeds.messages import Fed


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No patients yet; one scan of a stranger, so that documents have something to come from."""
    home = tmp_path_factory.mktemp("feeds") / "home"
    app.initialise(quick_settings(home))
    opened = open_stubbed(quick_settings(home))
    (opened.settings.inbox / "s.pdf").write_bytes(stub.pdf([stub.page_text(stub.STRANGER, "s")]))
    drive(opened.settings)
    opened.close()
    return home


@pytest.fixture
def fresh(prepared: Path, tmp_path: Path) -> Iterator[Callable[[], Fed]]:
    """As many of them as a test needs."""
    made: list[Fed] = []

    def another() -> Fed:
        home = tmp_path / f"home{len(made)}"
        shutil.copytree(prepared, home)
        made.append(Fed(open_stubbed(quick_settings(home))))
        return made[-1]

    yield another
    for fed in made:
        fed.opened.close()


@pytest.fixture
def fed(fresh: Callable[[], Fed]) -> Fed:
    return fresh()
