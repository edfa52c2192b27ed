"""How soon a filed document is found while others search all the time.

A writer files papers at random moments and tidies the index in a thread beside it, as the
service does; a reader asks ordinary questions without a pause and, between them, for a
word that only the newest paper has. Both are processes of their own on cores of their
own where there are two. Counts from the moment the paper was due, so a paper that has
to wait for the one before it is late, and from the moment `apply` began.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from benchmarks.search import clock
from benchmarks.search.clock import Spent
from benchmarks.search.corpus import Corpus, CorpusSettings, Paper
from benchmarks.search.product import Product, open_index, renewals
from benchmarks.search.questions import Question
from scanindex.model import SearchRequest, Spellings

UPKEEP_SECONDS = 2.0
"""How often the service looks for something to merge."""
PATIENCE_SECONDS = 20.0
"""A paper that is not found this long after the last one was filed counts as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One paper's times; CLOCK_MONOTONIC is the same in all processes."""

    marker: str
    due: float
    begun: float
    done: float
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingFigures:
    apply_ms: tuple[float, ...]
    apply_cpu_ms: tuple[float, ...]
    from_apply_ms: tuple[float, ...]
    from_due_ms: tuple[float, ...]
    asked: tuple[Spent, ...]
    """The reader's ordinary questions meanwhile."""
    lost: int
    tidied: int
    longest_tidy_ms: float
    parts: int | None


def file_while_reading(
    engine: str, built: Path, settings: CorpusSettings, questions: Sequence[Question],
    *, papers: int, mean_seconds: float, scratch: Path,
) -> FilingFigures:  # fmt: skip
    """Files into a copy of the built index."""
    folder = scratch / f"filing-{engine}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(built, folder)
    context = multiprocessing.get_context("spawn")
    news: Queue[Any] = context.Queue()
    written: Queue[Any] = context.Queue()
    seen: Queue[Any] = context.Queue()
    reader = context.Process(target=_read, args=(engine, folder, list(questions), news, seen))
    writer = context.Process(
        target=_write, args=(engine, folder, settings, papers, mean_seconds, news, written, seen)
    )
    try:
        reader.start()
        writer.start()
        filed, tidied, longest, parts = written.get()
        times, asked = seen.get()
    finally:
        for process in (writer, reader):
            process.join(PATIENCE_SECONDS)
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)
    found = [f for f in filed if f.marker in times]
    return FilingFigures(
        apply_ms=tuple(1000 * (f.done - f.begun) for f in filed),
        apply_cpu_ms=tuple(f.cpu_ms for f in filed),
        from_apply_ms=tuple(1000 * (times[f.marker] - f.begun) for f in found),
        from_due_ms=tuple(1000 * (times[f.marker] - f.due) for f in found),
        asked=tuple(asked),
        lost=len(filed) - len(found),
        tidied=tidied,
        longest_tidy_ms=longest,
        parts=parts,
    )


# --- writer -----------------------------------------------------------------------
def _write(
    engine: str, folder: Path, settings: CorpusSettings, papers: int, mean_seconds: float,
    news: Queue[Any], written: Queue[Any], ready: Queue[Any],
) -> None:  # fmt: skip
    index = open_index(engine, folder)
    seq = int(index.info()["seq"])
    rng = random.Random(11)
    filed: list[Filed] = []
    upkeep = _Upkeep(index)
    ready.get()  # the reader is searching
    upkeep.start()
    due = time.monotonic()
    for number, paper in enumerate(Corpus(settings).fresh(papers)):
        due += rng.expovariate(1 / mean_seconds)
        time.sleep(max(0.0, due - time.monotonic()))
        marked = _marked(paper, _marker(number))
        news.put(_marker(number))
        cpu, begun = time.thread_time(), time.monotonic()
        index.apply(seq + number + 1, list(renewals([marked])))
        done = time.monotonic()
        spent = 1000 * (time.thread_time() - cpu)
        filed.append(Filed(marker=_marker(number), due=due, begun=begun, done=done, cpu_ms=spent))
    news.put(None)
    upkeep.stop()
    written.put(
        (filed, len(upkeep.seconds), 1000 * max(upkeep.seconds, default=0.0), index.info()["segments"])
    )


class _Upkeep(threading.Thread):
    """Merges what there is to merge, and looks again."""

    def __init__(self, index: Any) -> None:
        super().__init__(daemon=True)
        self._index = index
        self._halt = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        while not self._halt.wait(UPKEEP_SECONDS):
            begun = time.monotonic()
            if self._index.tidy():
                self.seconds.append(time.monotonic() - begun)

    def stop(self) -> None:
        self._halt.set()
        self.join()


def _marker(number: int) -> str:
    """A word that no page has."""
    return "zqj" + "".join(chr(97 + number // 26**place % 26) for place in range(4)) + "xw"


def _marked(paper: Paper, marker: str) -> Paper:
    return replace(paper, pages=(f"{paper.pages[0]} {marker}", *paper.pages[1:]))


# --- reader -----------------------------------------------------------------------
def _read(engine: str, folder: Path, questions: list[Question], news: Queue[Any], seen: Queue[Any]) -> None:
    product = Product(engine)
    product.open(folder)
    random.Random(12).shuffle(questions)
    for question in questions:
        product.ask(question)
    seen.put("ready")
    waiting: dict[str, None] = {}
    times: dict[str, float] = {}
    asked: list[Spent] = []
    last = None
    turn = 0
    while waiting or last is None:
        while not news.empty():
            marker = news.get()
            if marker is None:
                last = time.monotonic()
            else:
                waiting[marker] = None
        asked.append(clock.timed(partial(product.ask, questions[turn % len(questions)])))
        turn += 1
        for marker in list(waiting):
            if _is_found(product, marker):
                times[marker] = time.monotonic()
                del waiting[marker]
        if last is not None and time.monotonic() > last + PATIENCE_SECONDS:
            break
    seen.put((times, asked))


def _is_found(product: Product, marker: str) -> bool:
    request = SearchRequest(query=marker, limit=1, spellings=Spellings.EXACT)
    return bool(product.index.search(request).total)
