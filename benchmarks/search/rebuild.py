"""What a rebuild costs, and what is left of it after kill -9.

The rebuild runs in a process of its own that this one watches: peak memory from
/proc, and, for the second figure, the kill when about half the documents were taken.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from benchmarks.search import clock
from benchmarks.search.corpus import Corpus, CorpusSettings, Paper
from benchmarks.search.engine import folder_bytes
from benchmarks.search.product import open_index, renewals
from scanindex.index.switch import SwitchedIndex
from scanindex.model import DocumentId
from scanindex.reindex import BATCH_PAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildFigures:
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    """Resident at most, maps of files included."""
    peak_own_bytes: int
    """Of that the part that is no map of a file, as looked at ten times a second."""
    pages: int
    bytes_on_disk: int
    taken: int
    """Documents that were indexed."""
    is_killed: bool


def rebuild(
    engine: str, settings: CorpusSettings, folder: Path, *, kill_after_documents: int | None = None
) -> RebuildFigures:
    """Rebuild into `folder` (what is there stays there); with a number, kill -9 after so many documents."""
    context = multiprocessing.get_context("spawn")
    taken: Synchronized[int] = context.Value("q", 0)
    done: Any = context.Queue()
    process = context.Process(target=_rebuild, args=(engine, settings, folder, taken, done))
    begun = time.monotonic()
    process.start()
    peak = own = 0
    while process.is_alive():
        process.join(0.1)
        try:
            peak = max(peak, clock.peak_bytes(process.pid or 0))
            own = max(own, clock.own_bytes(process.pid or 0))
        except (OSError, KeyError):
            break
        if kill_after_documents is not None and taken.value >= kill_after_documents:
            os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    wall = time.monotonic() - begun
    cpu, pages = done.get() if process.exitcode == 0 else (0.0, 0)
    return RebuildFigures(
        wall_seconds=wall, cpu_seconds=cpu, peak_bytes=peak, peak_own_bytes=own, pages=pages,
        bytes_on_disk=folder_bytes(folder) if folder.exists() else 0, taken=taken.value,
        is_killed=process.exitcode == -signal.SIGKILL,
    )  # fmt: skip


def _rebuild(
    engine: str, settings: CorpusSettings, folder: Path, taken: Synchronized[int], done: Any
) -> None:
    """What `scanindex reindex` does, from the corpus instead of the archive."""
    cpu = time.process_time()
    folder.mkdir(parents=True, exist_ok=True)
    index = SwitchedIndex(folder / "index", {engine: lambda path: open_index(engine, path)}, engine)
    with index.build(1) as build:
        for batch in _batches(_after(build.progress.last, Corpus(settings).papers())):
            build.add(list(renewals(batch)), last=DocumentId(batch[-1].document_id))
            taken.value += len(batch)
        pages = build.finish()
    done.put((time.process_time() - cpu, pages))


def _after(last: str, papers: Iterator[Paper]) -> Iterator[Paper]:
    """The papers behind the one with the id `last`; all where that is ""."""
    if last:
        for paper in papers:
            if paper.document_id == last:
                break
    return papers


def _batches(papers: Iterable[Paper]) -> Iterator[list[Paper]]:
    batch: list[Paper] = []
    for paper in papers:
        batch.append(paper)
        if sum(len(p.pages) for p in batch) >= BATCH_PAGES:
            yield batch
            batch = []
    if batch:
        yield batch


def rebuild_and_resume(
    engine: str, settings: CorpusSettings, scratch: Path, documents: int
) -> tuple[RebuildFigures, RebuildFigures, RebuildFigures]:
    """One rebuild left alone; one killed half way; the one that goes on from there."""
    folder = scratch / f"rebuild-{engine}"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        whole = rebuild(engine, settings, folder)
        shutil.rmtree(folder, ignore_errors=True)
        killed = rebuild(engine, settings, folder, kill_after_documents=documents // 2)
        resumed = rebuild(engine, settings, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return whole, killed, resumed
