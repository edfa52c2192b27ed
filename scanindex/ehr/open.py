"""Puts a form and a line together as a profile says; the one place in `ehr/` that knows all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scanindex.ports import EhrSink
from scanindex.target_profile import Target


def open_sink(target: Target, folder: Path, environ: Mapping[str, str]) -> EhrSink:
    """folder: where files and packages go. environ: holds the secrets that the profile names.

    Raises ConfigError, MissingTool.
    """
    raise NotImplementedError
