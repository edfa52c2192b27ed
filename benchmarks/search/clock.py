"""How long questions take, and whether the answers are right.

Everything runs on one core of one process. Processor time is that of the whole process,
threads included, so another load on the machine changes it less than the wall time.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.search.engine import Engine
from benchmarks.search.questions import EXACT, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Milliseconds of one call."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Of one class of questions."""

    first: tuple[Spent, ...]
    """Each question asked for the first time of this process, others before it."""
    again: tuple[Spent, ...]
    """Each question's median of the repetitions."""
    bare: tuple[Spent, ...]
    """Like `again`, without the snippets of twenty documents."""


def pin(core: int) -> None:
    os.sched_setaffinity(0, {core})


def timed(call: Callable[[], object]) -> Spent:
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    call()
    wall_ms = (time.perf_counter_ns() - wall) / 1e6
    return Spent(wall_ms=wall_ms, cpu_ms=(time.process_time_ns() - cpu) / 1e6)


def share(values: Sequence[float], part: float) -> float:
    """The value below which `part` of them lie; the nearest one that is there."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def measure(engine: Engine, questions: Sequence[Question], repeats: int, seed: int = 3) -> dict[str, Timing]:
    """Classes the engine can do. The classes take turns, so that a slow spell hits them all."""
    order = list(questions)
    random.Random(seed).shuffle(order)
    first: defaultdict[str, list[Spent]] = defaultdict(list)
    again: defaultdict[str, list[Spent]] = defaultdict(list)
    bare: defaultdict[str, list[Spent]] = defaultdict(list)
    able = {q.kind: engine.ask(q) is not None for q in _one_of_each(questions)}
    order = [q for q in order if able[q.kind]]
    gc.collect()
    for question in order:
        first[question.kind].append(timed(partial(engine.ask, question)))
    for question in order if repeats else ():
        again[question.kind].append(_middle(partial(engine.ask, question), repeats))
        bare[question.kind].append(_middle(partial(engine.ask, question, snippets=False), repeats))
    return {
        kind: Timing(first=tuple(first[kind]), again=tuple(again[kind]), bare=tuple(bare[kind]))
        for kind in dict.fromkeys(q.kind for q in questions)
        if able[kind]
    }


def _one_of_each(questions: Sequence[Question]) -> list[Question]:
    """The last of each class: a warm-up that is not the first to be timed."""
    return list({q.kind: q for q in questions}.values())


def _middle(call: Callable[[], object], repeats: int) -> Spent:
    spent = [timed(call) for _ in range(repeats)]
    return Spent(
        wall_ms=statistics.median(s.wall_ms for s in spent), cpu_ms=statistics.median(s.cpu_ms for s in spent)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    question: Question
    found: int
    truth: int


def wrong_answers(engine: Engine, questions: Sequence[Question]) -> tuple[int, list[Wrong]]:
    """How many totals were compared with the count made without an index, and which differ."""
    compared, wrong = 0, []
    for question in questions:
        truth = question.printed_truth if engine.counts_printed else question.plain_truth
        if question.kind not in EXACT or truth is None:
            continue
        found = engine.total(question)
        if found is None:
            continue
        compared += 1
        if found != truth:
            wrong.append(Wrong(question=question, found=found, truth=truth))
    return compared, wrong


def memory_bytes() -> tuple[int, int]:
    """Resident memory of this process: all, and the part that is not a map of a file."""
    return _status("self")["VmRSS"], own_bytes("self")


def peak_bytes(process: int | str) -> int:
    """The most memory a process had resident so far; unlike getrusage not that of its parent."""
    return _status(process)["VmHWM"]


def own_bytes(process: int | str) -> int:
    """The memory of a process that is no map of a file."""
    status = _status(process)
    return status["VmRSS"] - status.get("RssFile", 0)


def _status(process: int | str) -> dict[str, int]:
    """The sizes in /proc/PID/status, in bytes."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    parts = (line.partition(":") for line in lines if line.endswith(" kB"))
    return {name: int(value.split()[0]) * 1024 for name, _, value in parts}
