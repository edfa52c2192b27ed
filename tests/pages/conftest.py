"""The odd files, made when a test first asks for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages.make_odd_files import MAKERS

Odd = Callable[[str], Path]


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Odd:
    """Path of the odd file of that name."""
    folder = tmp_path_factory.mktemp("odd")

    def path_of(name: str) -> Path:
        path = folder / name
        if not path.exists():
            path.write_bytes(MAKERS[name]())
        return path

    return path_of
