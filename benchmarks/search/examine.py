"""Builds the indexes that are missing and examines each engine in a process of its own.

A process holds one engine only, so that memory is its own and no engine pays for the
garbage of another. With several rounds the engines take turns, which keeps the ratios
honest on a machine that does other things besides; the round counts that was fastest
for a question.
"""

from __future__ import annotations

import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.search import clock
from benchmarks.search.clock import Spent, Timing, Wrong
from benchmarks.search.corpus import Corpus, CorpusSettings
from benchmarks.search.engine import Engine, folder_bytes
from benchmarks.search.peers import PEERS
from benchmarks.search.product import Product
from benchmarks.search.questions import Question

PRODUCTS = ("whoosh", "tantivy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A finished index and what it cost; figures are None where an earlier run built it."""

    folder: Path
    bytes_on_disk: int
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """All that is known about one engine."""

    name: str
    built: Built
    opened: Spent
    memory_bytes: tuple[int, int]
    """Resident after all questions: all of it, and what is no map of a file."""
    timings: dict[str, Timing]
    compared: int
    wrong: tuple[Wrong, ...]


def engine_of(key: str) -> Engine:
    """`scanindex-whoosh`, `scanindex-tantivy` or a key of PEERS."""
    if key.startswith("scanindex-"):
        return Product(key.removeprefix("scanindex-"))
    return PEERS[key]()


def in_child(call: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a module's function, run in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(call, *arguments).result()


# --- building ---------------------------------------------------------------------
def build(key: str, settings: CorpusSettings, folder: Path) -> Built:
    """The engine's index in `folder`; used again if an earlier run finished it."""
    if folder.exists():
        return Built(folder=folder, bytes_on_disk=folder_bytes(folder))
    scratch = folder.with_name(folder.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    wall, cpu, peak = in_child(_build, key, settings, scratch)
    scratch.rename(folder)
    return Built(
        folder=folder, bytes_on_disk=folder_bytes(folder), wall_seconds=wall, cpu_seconds=cpu, peak_bytes=peak
    )


def _build(key: str, settings: CorpusSettings, folder: Path) -> tuple[float, float, int]:
    wall, cpu = time.perf_counter(), time.process_time()
    engine_of(key).build(Corpus(settings).papers(), folder)
    return time.perf_counter() - wall, time.process_time() - cpu, clock.peak_bytes("self")


# --- asking -----------------------------------------------------------------------
def examine(
    key: str, built: Built, questions: Sequence[Question], repeats: int, core: int | None
) -> Examined:
    """One round, in this process."""
    if core is not None:
        clock.pin(core)
    engine = engine_of(key)
    opened = clock.timed(lambda: engine.open(built.folder))
    timings = clock.measure(engine, questions, repeats)
    memory = clock.memory_bytes()
    compared, wrong = clock.wrong_answers(engine, questions)
    return Examined(
        name=engine.name, built=built, opened=opened, memory_bytes=memory, timings=timings,
        compared=compared, wrong=tuple(wrong),
    )  # fmt: skip


def examine_all(
    keys: Sequence[str], built: dict[str, Built], questions: Sequence[Question],
    *, repeats: int, rounds: int, core: int | None,
) -> Iterator[Examined]:  # fmt: skip
    """Every engine, the rounds taking turns."""
    found: dict[str, list[Examined]] = {key: [] for key in keys}
    for _ in range(rounds):
        for key in keys:
            found[key].append(in_child(examine, key, built[key], questions, repeats, core))
    for key in keys:
        yield _fastest(found[key])


def _fastest(rounds: Sequence[Examined]) -> Examined:
    last = rounds[-1]
    timings = {
        kind: Timing(
            first=_best([r.timings[kind].first for r in rounds]),
            again=_best([r.timings[kind].again for r in rounds]),
            bare=_best([r.timings[kind].bare for r in rounds]),
        )
        for kind in last.timings
    }
    return Examined(
        name=last.name, built=last.built, opened=min((r.opened for r in rounds), key=lambda s: s.cpu_ms),
        memory_bytes=last.memory_bytes, timings=timings, compared=last.compared, wrong=last.wrong,
    )  # fmt: skip


def _best(rounds: Sequence[tuple[Spent, ...]]) -> tuple[Spent, ...]:
    return tuple(
        Spent(wall_ms=min(s.wall_ms for s in same), cpu_ms=min(s.cpu_ms for s in same))
        for same in zip(*rounds, strict=True)
    )
