"""Readers under test, each behind one call: a page in, its text out.

`ours` is the product's own reading of one page, in process, from file to words. Settings
of its `[ocr]` section may be changed in the name: `ours:effort=fast,second_reader=false`.
The others are tools as people call them (see `peers`). A reader is opened once per worker
process; every one is held to one thread, so that processor times compare.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields

from benchmarks.reading import peers
from benchmarks.reading.case import Answer, Case

Reader = Callable[[Case], Answer]

OURS = "ours"
SINGLE = "ours:second_reader=false"
SHORT = {
    "ours-single": SINGLE,
    "ours-fast": "ours:effort=fast",
    "ours-thorough": "ours:effort=thorough",
    "ours-single-fast": "ours:second_reader=false,effort=fast",
    "ours-single-thorough": "ours:second_reader=false,effort=thorough",
    "ours-pytesseract": "ours:engine=pytesseract",
}
DEFAULT = (OURS, "ours-single", *peers.PEERS)


def missing(name: str, ocrmypdf: str) -> str:
    """Why the reader cannot run here; empty if it can. Raises ValueError for an unknown one."""
    spec = SHORT.get(name, name)
    if spec.partition(":")[0] == OURS:
        _changes(spec)
        return ""
    return peers.missing(spec, ocrmypdf)


def open_reader(name: str, ocrmypdf: str) -> Reader:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    spec = SHORT.get(name, name)
    if spec.partition(":")[0] == OURS:
        return _ours(_changes(spec))
    return peers.open_peer(spec, ocrmypdf)


def _changes(spec: str) -> dict[str, str]:
    from scanindex.settings import OcrSettings

    known = {field.name for field in fields(OcrSettings)}
    pairs = [part.partition("=") for part in spec.partition(":")[2].split(",") if part]
    if unknown := [key for key, _, _ in pairs if key not in known]:
        raise ValueError(f"{spec}: no setting ocr.{unknown[0]}")
    return {key: value for key, _, value in pairs}


def _ours(changes: dict[str, str]) -> Reader:
    import msgspec

    from scanindex.ocr import open_engines, read_page
    from scanindex.pages import rasterise
    from scanindex.settings import OcrSettings, PagesSettings
    from scanindex.sniff import media_type

    settings = msgspec.convert(changes, OcrSettings, strict=False)
    engines = open_engines(settings)
    pages = PagesSettings()

    def read(case: Case) -> Answer:
        with case.path.open("rb") as stream:
            kind = media_type(stream) or ""
        reading = read_page(rasterise(case.path, kind, case.page_no, pages), settings, engines)
        return Answer(text=reading.text, turn_degrees=reading.rotation_degrees, stages=reading.stage_seconds)

    return read
