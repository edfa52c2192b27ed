from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest

from tests.crash.lab import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.close()


@cache
def why_no_strace() -> str | None:
    """Why system calls cannot be traced here, or None where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        [
            "strace",
            "-qq",
            "-o",
            os.devnull,
            "-e",
            "inject=fsync:error=EIO:when=1",
            "-e",
            "trace=fsync",
            "true",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[:80]}"


@pytest.fixture(scope="session")
def strace() -> None:
    if reason := why_no_strace():
        pytest.skip(reason)
