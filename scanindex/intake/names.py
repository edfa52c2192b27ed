"""Inbox paths as text that any file name survives."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path


def encode_path(path: Path) -> str:
    """A path as printable ASCII, raw bytes percent-encoded (invalid UTF-8, newlines)."""
    return urllib.parse.quote_from_bytes(os.fsencode(path), safe="/ ()[]+,;=@&!'~")


def decode_path(text: str) -> Path:
    return Path(os.fsdecode(urllib.parse.unquote_to_bytes(text)))
