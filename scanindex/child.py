"""What runs in child processes: opening received bytes, reading pixels, making PDFs.

Two kinds of child. *Decoders* are limited and serve one file each, because
received bytes may be hostile. *Readers* live for many pages, because models
take long to load; they see only pixels that a decoder wrote out again. Pixels
travel through files in the spool (raw bytes and a JSON description whose size is
checked), so that a reader trusts nothing a decoder says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from scanindex import sandbox
from scanindex.errors import WorkerLost
from scanindex.model import Document, PageRaster, PageReading, ScanInfo
from scanindex.settings import FilingSettings, OcrSettings, PagesSettings, WorkersSettings

SCRATCH = "scratch"
"""Folder of the spool for what an engine writes and reads itself; emptied at every start."""
LONG_SIDES_PX = {"thumb": 256, "screen": 1_400, "full": 2_200}
"""Widths of the pictures that people look at, by the longer side: in a strip, on a screen, magnified."""
WIDTHS_AT_READING = ("screen", "thumb")
PRELOAD = [
    "scanindex.child",
    "scanindex.cli",
    "numpy",
    "cv2",
    "PIL.Image",
    "pikepdf",
    "pypdfium2",
    # Their inner modules too: a decoder lives for one call and must not pay for imports.
    "scanindex.pages.pdf_inspect",
    "scanindex.pages.pdf_page",
    "scanindex.pages.picture_file",
    "scanindex.pages.draw",
    "scanindex.filing.pdfa_write",
    "scanindex.filing.pdfa_pdf",
    "scanindex.filing.pdfa_file",
    "scanindex.filing.pdfa_check",
    "scanindex.warm",
]


def start_decoder(limits: WorkersSettings, calls: int) -> None:
    os.umask(0o077)
    sandbox.name_process("scanindex-open")
    sandbox.enter(
        memory_bytes=limits.memory_bytes,
        cpu_seconds=limits.cpu_seconds,
        nice=limits.nice,
        offline=limits.sandbox,
        calls=calls,
    )


def renew_decoder(limits: WorkersSettings) -> None:
    """Each page has its own processor time, however many the child has decoded before."""
    if limits.cpu_seconds:
        sandbox.renew_cpu_time(limits.cpu_seconds)


def start_reader(limits: WorkersSettings) -> None:
    os.umask(0o077)
    sandbox.name_process("scanindex-read")
    os.environ["OMP_THREAD_LIMIT"] = "1"  # 4x slower otherwise: one thread per core fights the others
    sandbox.enter(memory_bytes=0, cpu_seconds=0, nice=limits.nice, offline=limits.sandbox)


# --- in a decoder ------------------------------------------------------------
def inspect(path: Path, media_type: str, settings: PagesSettings) -> ScanInfo:
    from scanindex import pages

    return pages.inspect(path, media_type, settings)


def rasterise(
    path: Path,
    media_type: str,
    scan_page_no: int,
    settings: PagesSettings,
    target: Path,
    pictures: Path | None = None,
) -> int | None:
    """Write the page's pixels to `target` and their description beside it.

    pictures: where to leave pictures of the page for people, made of the same pixels where it has no
    colour; the turn that they were given, None where there are none.
    """
    from scanindex import pages

    started = time.process_time()
    raster = pages.rasterise(path, media_type, scan_page_no, settings)
    height, width = raster.pixels.shape
    with target.open("wb") as stream:
        stream.write(memoryview(raster.pixels).cast("B"))  # numpy's own tofile hides why a disk refuses
    described = dataclasses.replace(raster, pixels=None)
    seconds = time.process_time() - started
    _description(target).write_bytes(
        msgspec.json.encode({"raster": described, "shape": [height, width], "seconds": seconds})
    )
    if pictures is None:
        return None
    with contextlib.suppress(Exception):  # the page can be read all the same
        return _pictures_at_reading(path, media_type, raster, settings, pictures)
    return None


def draw_original(
    path: Path,
    media_type: str,
    scan_page_no: int,
    settings: PagesSettings,
    turn: int | None,
    widths: Sequence[str],
    pictures: Path,
) -> int:
    """Leave pictures of these widths in the folder `pictures`; the clockwise turn that they were given."""
    from scanindex.pages import draw

    drawn = draw.draw(path, media_type, scan_page_no, settings, max(LONG_SIDES_PX[w] for w in widths))
    return _leave(drawn, turn, widths, pictures)


def _pictures_at_reading(
    path: Path, media_type: str, raster: PageRaster, settings: PagesSettings, pictures: Path
) -> int:
    from scanindex.pages import draw

    if not raster.may_have_colour:
        drawn = draw.of_raster(raster)
    else:
        widest = max(LONG_SIDES_PX[width] for width in WIDTHS_AT_READING)
        drawn = draw.draw(path, media_type, raster.scan_page_no, settings, widest)
    pictures.mkdir(mode=0o700, exist_ok=True)
    return _leave(drawn, None, WIDTHS_AT_READING, pictures)


def _leave(drawn: Any, turn: int | None, widths: Sequence[str], pictures: Path) -> int:
    """Largest first, each smaller one made of it."""
    from scanindex.pages import draw

    for width in sorted(widths, key=lambda name: -LONG_SIDES_PX[name]):
        drawn = dataclasses.replace(drawn, pixels=draw.shrunk(drawn.pixels, LONG_SIDES_PX[width]))
        (pictures / width).write_bytes(draw.encoded(drawn, turn))
    return int(drawn.rotation_degrees if turn is None else turn)


def assemble(
    original: Path,
    media_type: str,
    document: Document,
    readings: Sequence[PageReading],
    settings: FilingSettings,
    staged: Path,
) -> tuple[str, ...]:
    """document.pdf into `staged`, then the verification of what came out; how each page was made."""
    from scanindex import filing

    renditions = filing.assemble(original, media_type, document, readings, settings, staged)
    filing.verify(staged, len(document.pages), any(reading.words for reading in readings))
    return tuple(renditions)


def draw_page(
    pdf: Path, page_no: int, places: Sequence[tuple[float, float, float, float]], target: Path
) -> tuple[int, int]:
    """A filed page as a PNG with places marked; its width and height."""
    from scanindex.filing import view

    return view.draw(pdf, page_no, places, target)


def make_tiff(pdf: Path, target: Path, first: int, last: int) -> int:
    """These pages of a filed document as TIFF, behind those before them; how many."""
    from scanindex.filing import tiff

    return tiff.write(pdf, target, first, last)


# --- in a reader -------------------------------------------------------------
def read(
    source: Path, max_pixels: int, settings: OcrSettings, checkpoint: Path, turn: int | None = None
) -> None:
    """Read the pixels in `source` into the checkpoint file; `turn`: as a person found it upright."""
    from scanindex import ocr

    raster, seconds = _load(source, max_pixels)
    scratch = source.parent.parent / SCRATCH
    # One set of engines serves pages of every effort.
    engines = _engines(dataclasses.replace(settings, effort=OcrSettings().effort), scratch)
    reading = ocr.read_page(raster, settings, engines, turn)
    stages = {"decode": round(seconds, 4), **reading.stage_seconds}
    told = dataclasses.replace(
        reading, stage_seconds=stages, effort=settings.effort, read_at=datetime.now(UTC)
    )
    write_reading(told, checkpoint)


def forget_pixels(source: Path) -> None:
    """Pixels are large and can be made again: they go as soon as the page is read, or is given up."""
    for path in (source, _description(source)):
        with contextlib.suppress(OSError):
            path.unlink()


def write_reading(reading: PageReading, checkpoint: Path) -> None:
    """Whole or not at all; not synced, because it can be read again."""
    partial = checkpoint.with_suffix(".partial")
    partial.write_bytes(msgspec.json.encode(reading))
    partial.replace(checkpoint)


@cache
def _engines(settings: OcrSettings, scratch: Path) -> Any:
    from scanindex import ocr

    scratch.mkdir(mode=0o700, exist_ok=True)
    return ocr.open_engines(settings, scratch)


def _load(source: Path, max_pixels: int) -> tuple[PageRaster, float]:
    import numpy as np

    told = msgspec.json.decode(_description(source).read_bytes(), type=_Told)
    height, width = told.shape
    if not 0 < height * width <= max_pixels * 1.01 + 1 or source.stat().st_size != height * width:
        raise WorkerLost("a decoder described pixels that are not there")
    pixels = np.fromfile(source, dtype=np.uint8).reshape(height, width)
    return dataclasses.replace(told.raster, pixels=pixels), told.seconds


class _Told(msgspec.Struct):
    raster: PageRaster
    shape: tuple[int, int]
    seconds: float


def _description(target: Path) -> Path:
    return target.with_suffix(".json")
