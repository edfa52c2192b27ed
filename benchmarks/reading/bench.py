"""Runs every reader on every page, page by page, so that all meet the same machine.

Each reader lives in its own process and reads one page at a time while the others
wait: engines share nothing, and no reader is measured on a quieter hour than another.
Measured is the processor time of that process and its finished children, which other
work on the machine hardly changes; wall time is not used.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import Connection

from benchmarks.reading.case import Answer, Case
from benchmarks.reading.charts import draw_picture
from benchmarks.reading.readers import Reader, open_reader

STOP_SECONDS = 30


class Desk:
    """A reader in a process of its own. Use as a context manager."""

    def __init__(self, name: str, ocrmypdf: str) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, name, ocrmypdf), daemon=True)

    def __enter__(self) -> Desk:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.terminate()

    def read(self, case: Case) -> Answer:
        try:
            self._ours.send(case)
            answer = self._ours.recv()
        except (EOFError, OSError) as error:
            raise RuntimeError(f"reader {self.name} died") from error
        assert isinstance(answer, Answer)
        return answer


def _serve(pipe: Connection, name: str, ocrmypdf: str) -> None:
    # Ctrl-C reaches the whole group; the parent decides, and ends this one by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    read = open_reader(name, ocrmypdf)
    is_warm = False
    # The other end of the pipe going away, at any moment, is the word to stop.
    with contextlib.suppress(EOFError, OSError):
        while True:
            case = pipe.recv()
            if not is_warm:
                # The first page of a process pays for imports and first allocations.
                timed(read, case)
                is_warm = True
            pipe.send(timed(read, case))


def timed(read: Reader, case: Case) -> Answer:
    """The reader's answer with its processor time; a failure is an answer too."""
    started = cpu_seconds()
    try:
        answer = read(case)
    except subprocess.CalledProcessError as error:
        answer = Answer(error=f"exit {error.returncode}")
    except Exception as error:
        answer = Answer(error=type(error).__name__)
    return replace(answer, cpu_seconds=cpu_seconds() - started)


def cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def run(
    cases: Sequence[Case], names: Sequence[str], ocrmypdf: str, say: Callable[[str], None]
) -> Iterator[tuple[Case, str, Answer]]:
    """Every page by every reader, as they come."""
    with ExitStack() as stack:
        desks = [stack.enter_context(Desk(name, ocrmypdf)) for name in names]
        for number, case in enumerate(cases, 1):
            say(f"page {number} of {len(cases)}: {case.set_name} {case.name}")
            draw_picture(case)
            for desk in desks:
                yield case, desk.name, desk.read(case)
