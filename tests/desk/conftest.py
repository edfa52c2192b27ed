"""A small workspace with a roster full of look-alikes, and people who work at its desk."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanindex import app
from scanindex.store.roster_import import import_csv
from tests.crash.service_main import open_stubbed, quick_settings
from tests.desk import lab


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with its roster, made once."""
    home = tmp_path_factory.mktemp("desk")
    settings = quick_settings(home)
    app.initialise(settings)
    workspace = open_stubbed(settings)
    (home / "roster.csv").write_text(lab.roster_csv())
    import_csv(workspace.engine, home / "roster.csv", authority="local")
    workspace.close()
    return home


@pytest.fixture
def open_desk(empty: Path, tmp_path: Path) -> Iterator[Callable[..., lab.Lab]]:
    """Opens it with some settings: mode="strict", review settings by name."""
    home = tmp_path / "home"
    shutil.copytree(empty, home)
    made: list[app.Workspace] = []

    def opening(mode: str = "suggest", **review: object) -> lab.Lab:
        settings = lab.settings_in(home, mode)
        settings = dataclasses.replace(settings, review=dataclasses.replace(settings.review, **review))
        made.append(open_stubbed(settings))
        return lab.Lab(made[-1])

    yield opening
    for workspace in made:
        workspace.close()


@pytest.fixture
def desk_lab(open_desk: Callable[..., lab.Lab]) -> lab.Lab:
    """Nothing is filed alone."""
    return open_desk()
