"""Tesseract behind the OcrEngine port, by two ways that promise the same words.

`TesserocrEngine` calls the library in this process; `PytesseractEngine` starts the
program, once per page, on an uncompressed file in a private folder. Both always
state the resolution, without which Tesseract guesses it and loses words, and both
take their text from Tesseract's TSV, so that one parser serves both. Worker-only.
"""

from __future__ import annotations

import enum
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scanindex.errors import MissingTool, WorkerLost
from scanindex.model import Box, Word

Grey = npt.NDArray[np.uint8]
WORD_LEVEL = "5"
LEAST_DPI, LARGEST_DPI = 70, 2400
"""What Tesseract believes; outside it replaces the stated resolution by a guess."""
VARIABLES = {"tessedit_do_invert": "0"}
"""Tesseract reads each weak line a second time inverted; cleaning has turned dark boxes already."""


class Layout(enum.IntEnum):
    """Tesseract's page segmentation modes that earn their time here."""

    AUTO = 3
    COLUMN = 4
    BLOCK = 6
    LINE = 7
    SPARSE = 11


class TesserocrEngine:
    """In-process; loads the language data once."""

    def __init__(self, languages: str, tessdata: Path) -> None:
        import tesserocr

        # Leptonica would write about odd boxes to the worker's standard error.
        tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
        self._api = tesserocr.PyTessBaseAPI(
            path=f"{tessdata}/", lang=languages, psm=Layout.AUTO, variables=dict(VARIABLES)
        )
        found = re.search(r"(\d+\.\d+(?:\.\d+)?)", tesserocr.tesseract_version())
        self._name = f"tesseract {found.group(1) if found else 'unknown'}"

    @property
    def name(self) -> str:
        return self._name

    def read(
        self, image: Any, dpi: float, timeout_seconds: float, layout: Layout = Layout.AUTO
    ) -> tuple[Word, ...]:
        if timeout_seconds <= 0:
            raise WorkerLost("timeout before reading")
        grey = np.ascontiguousarray(image, dtype=np.uint8)
        height, width = grey.shape
        self._api.SetPageSegMode(int(layout))
        self._api.SetImageBytes(grey.tobytes(), width, height, 1, width)
        self._api.SetSourceResolution(_believable(dpi))
        try:
            if not self._api.Recognize(int(timeout_seconds * 1000)):
                raise WorkerLost("tesseract ran out of time")
            return parse_tsv(self._api.GetTSVText(0), self._name)
        finally:
            # Adaptive state must not leak from one patient's page into the next.
            self._api.Clear()
            self._api.ClearAdaptiveClassifier()

    def read_each(self, lines: Sequence[Any], dpi: float, timeout_seconds: float) -> list[tuple[Word, ...]]:
        """Words of pictures that hold one line of text each; `timeout_seconds` for all."""
        deadline = time.monotonic() + timeout_seconds
        return [self.read(line, dpi, deadline - time.monotonic(), Layout.LINE) for line in lines]


class PytesseractEngine:
    """One process per page; the default where tesserocr cannot be imported."""

    def __init__(self, languages: str, scratch: Path | None = None) -> None:
        import pytesseract

        self._languages = languages
        self._folder = tempfile.TemporaryDirectory(prefix="scanindex-ocr-", dir=scratch)
        self._name = f"tesseract {pytesseract.get_tesseract_version().base_version}"

    @property
    def name(self) -> str:
        return self._name

    def read(
        self, image: Any, dpi: float, timeout_seconds: float, layout: Layout = Layout.AUTO
    ) -> tuple[Word, ...]:
        page = self._file("page.pgm")
        page.write_bytes(as_pgm(image))
        try:
            return parse_tsv(self._run(page, dpi, timeout_seconds, layout), self._name)
        finally:
            page.unlink(missing_ok=True)

    def read_each(self, lines: Sequence[Any], dpi: float, timeout_seconds: float) -> list[tuple[Word, ...]]:
        """Words of pictures that hold one line of text each, by one process for all."""
        if not lines:
            return []
        files = [self._file(f"line-{number}.pgm") for number in range(len(lines))]
        # Tesseract takes a text file for a list of pictures.
        listing = self._file("lines.txt")
        try:
            for file, line in zip(files, lines, strict=True):
                file.write_bytes(as_pgm(line))
            listing.write_text("\n".join(map(str, files)), "utf-8")
            rows = self._run(listing, dpi, timeout_seconds, Layout.LINE).splitlines()
        finally:
            for file in (*files, listing):
                file.unlink(missing_ok=True)
        by_page: list[list[str]] = [[] for _ in lines]
        for row in rows[1:]:
            by_page[int(row.split("\t", 2)[1]) - 1].append(row)
        return [parse_tsv("\n".join(own), self._name) for own in by_page]

    def _file(self, name: str) -> Path:
        return Path(self._folder.name) / name

    def _run(self, source: Path, dpi: float, timeout_seconds: float, layout: Layout) -> str:
        """Tesseract's TSV of a picture, or of a list of them."""
        # pytesseract's public calls would put the text, world-readable, into the
        # system's temporary folder; this one takes the place of the output from us.
        from pytesseract.pytesseract import TesseractError, run_tesseract

        if timeout_seconds <= 0:
            raise WorkerLost("timeout before reading")
        result = self._file("page")
        settings = " ".join(f"-c {name}={value}" for name, value in VARIABLES.items())
        try:
            run_tesseract(
                input_filename=str(source),
                output_filename_base=str(result),
                extension="tsv",
                lang=self._languages,
                config=f"--psm {int(layout)} --dpi {_believable(dpi)} -c tessedit_create_tsv=1 {settings}",
                timeout=timeout_seconds,
            )
            return result.with_suffix(".tsv").read_text("utf-8")
        except TesseractError as error:
            raise WorkerLost(f"tesseract ended with status {error.status}") from None
        except RuntimeError:
            raise WorkerLost("tesseract ran out of time") from None
        finally:
            result.with_suffix(".tsv").unlink(missing_ok=True)


def as_pgm(image: Any) -> bytes:
    """Binary PGM (netpbm "P5"): costs nothing to write, unlike PNG."""
    grey = np.ascontiguousarray(image, dtype=np.uint8)
    return b"P5\n%d %d\n255\n" % (grey.shape[1], grey.shape[0]) + grey.tobytes()


def parse_tsv(text: str, engine: str) -> tuple[Word, ...]:
    """Words of Tesseract's TSV (12 columns; level 5 is a word; conf -1 is no word)."""
    words: list[Word] = []
    line_numbers: dict[tuple[str, str, str], int] = {}
    for row in text.splitlines():
        cells = row.split("\t")
        if len(cells) != 12 or cells[0] != WORD_LEVEL or not cells[11].strip():
            continue
        left, top, width, height = (int(cell) for cell in cells[6:10])
        confidence = float(cells[10])
        if confidence < 0 or width <= 0 or height <= 0:
            continue
        line_no = line_numbers.setdefault((cells[2], cells[3], cells[4]), len(line_numbers) + 1)
        words.append(
            Word(
                text=cells[11].strip(),
                box=Box(left_px=left, top_px=top, right_px=left + width, bottom_px=top + height),
                confidence=min(1.0, confidence / 100.0),
                engine=engine,
                line_no=line_no,
            )
        )
    return tuple(words)


def installed_languages() -> tuple[Path, frozenset[str]]:
    """Folder of Tesseract's language data and the codes in it. Raises MissingTool."""
    program = shutil.which("tesseract")
    if program is None:
        raise MissingTool("tesseract is not installed: install the package tesseract-ocr")
    try:
        done = subprocess.run(
            [program, "--list-langs"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingTool("tesseract does not start: reinstall the package tesseract-ocr") from error
    lines = (done.stdout or done.stderr).splitlines()
    folder = re.search(r'"([^"]+)"', lines[0] if lines else "")
    return Path(folder.group(1) if folder else "."), frozenset(line.strip() for line in lines[1:])


def require_languages(languages: str, installed: frozenset[str]) -> None:
    missing = sorted(set(languages.split("+")) - installed)
    if missing:
        packages = " ".join(f"tesseract-ocr-{code.replace('_', '-')}" for code in missing)
        raise MissingTool(f"no Tesseract language data for {', '.join(missing)}: install {packages}")


def _believable(dpi: float) -> int:
    return int(min(max(round(dpi), LEAST_DPI), LARGEST_DPI))
