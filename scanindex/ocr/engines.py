"""Opens the readers that one worker process uses for all its pages. Worker-only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cv2

from scanindex.errors import MissingTool
from scanindex.model import Word
from scanindex.ocr.ctc import LineText
from scanindex.ocr.tesseract import (
    Layout,
    PytesseractEngine,
    TesserocrEngine,
    installed_languages,
    require_languages,
)
from scanindex.ocr.textlines import TextLine
from scanindex.settings import OcrSettings


class LayoutEngine(Protocol):
    """The OcrEngine port, with a choice of page layout that has a default."""

    @property
    def name(self) -> str: ...

    def read(
        self, image: Any, dpi: float, timeout_seconds: float, layout: Layout = Layout.AUTO
    ) -> tuple[Word, ...]: ...

    def read_each(
        self, lines: Sequence[Any], dpi: float, timeout_seconds: float
    ) -> list[tuple[Word, ...]]: ...


class LineReader(Protocol):
    """A second, independent reader of single lines (see `scanindex.ocr.second`)."""

    @property
    def name(self) -> str: ...

    def read_lines(self, crops: list[Any]) -> list[tuple[str, float]]: ...

    def read_spans(self, crops: Sequence[Any], squeeze: float = ...) -> list[LineText]: ...


@runtime_checkable
class PageReader(LineReader, Protocol):
    """One that also finds the lines of a page."""

    def find_lines(self, page: Any, short_side_px: int) -> list[TextLine]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    first: LayoutEngine
    second: LineReader | None = None


def open_engines(settings: OcrSettings, scratch: Path | None = None) -> Engines:
    """The readers that `settings` ask for; call once per worker process.

    scratch: private folder for page files (default: the system's temporary one).
    Confines OpenMP and OpenCV to one thread in this process and its children, since
    pages are what runs in parallel (unconfined Tesseract is four times slower).
    Raises MissingTool naming what to install. A second reader that is not installed
    is no error: pages are then read once, and matching is stricter.
    """
    os.environ["OMP_THREAD_LIMIT"] = "1"
    cv2.setNumThreads(1)
    tessdata, installed = installed_languages()
    require_languages(settings.languages, installed)
    return Engines(
        first=_open_first(settings, tessdata, scratch),
        second=_open_second(settings.languages) if settings.second_reader else None,
    )


def _open_first(settings: OcrSettings, tessdata: Path, scratch: Path | None) -> LayoutEngine:
    if settings.engine != "pytesseract":
        try:
            return TesserocrEngine(settings.languages, tessdata)
        except (ImportError, RuntimeError) as error:
            # RuntimeError: the wheel's Tesseract cannot use the installed language data.
            if settings.engine == "tesserocr":
                raise MissingTool("tesserocr is not usable: pip install tesserocr") from error
    try:
        return PytesseractEngine(settings.languages, scratch)
    except ImportError as error:
        raise MissingTool("pytesseract is not installed: pip install pytesseract") from error


def _open_second(languages: str) -> LineReader | None:
    try:
        from scanindex.ocr.second import RapidReader

        return RapidReader(languages)
    except ImportError:
        return None
