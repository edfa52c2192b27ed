"""Reads a page: kind, orientation, barcodes, words with boxes and confidence.

Importing this package stays cheap; the readers and their libraries load with the
first use of a name, which only OCR worker processes do. They see pixels that the
product encoded itself, never received bytes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanindex.ocr.engines import Engines, open_engines
    from scanindex.ocr.read import read_page, thumbnail

__all__ = ["Engines", "open_engines", "read_page", "thumbnail"]

_HOMES = {
    "Engines": "scanindex.ocr.engines",
    "open_engines": "scanindex.ocr.engines",
    "read_page": "scanindex.ocr.read",
    "thumbnail": "scanindex.ocr.read",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
