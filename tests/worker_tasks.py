"""What the children of `test_workers.py` are asked to do; they import it by name."""

from __future__ import annotations

import ctypes
import errno
import os
import pickle
import resource
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from scanindex import child, sandbox
from scanindex.children import Crew
from scanindex.errors import CorruptFile, FixityFailed, WorkerLost
from scanindex.settings import PagesSettings

MEMORY_BYTES = 600_000_000
CPU_SECONDS = 1


def no_limits() -> None:
    """For what needs none."""


def limited(calls: int = 1) -> None:
    sandbox.enter(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS, nice=0, offline=True, calls=calls)


def renew_time() -> None:
    sandbox.renew_cpu_time(CPU_SECONDS)


def work(seconds: float) -> int:
    """Use processor time; the process that did."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return os.getpid()


def add(one: int, two: int) -> int:
    return one + two


def who() -> tuple[int, int]:
    """Process and group id."""
    return os.getpid(), os.getpgrp()


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hang(*_: object) -> None:
    """In C, with the interpreter lock held: no Python code of this process runs any more."""
    ctypes.PyDLL(None).pause()


def hang_with_a_child(told: Path) -> None:
    other = subprocess.Popen(["sleep", "600"])
    told.with_suffix(".part").write_text(f"{os.getpid()} {other.pid}")
    told.with_suffix(".part").replace(told)
    hang()


def allocate(size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def spin() -> None:
    while True:
        pass


def limits() -> dict[str, int]:
    kinds = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NOFILE")
    return {kind: resource.getrlimit(getattr(resource, kind))[1] for kind in kinds}


def network_interfaces() -> list[str]:
    lines = Path("/proc/self/net/dev").read_text("ascii").splitlines()[2:]
    return [line.split(":")[0].strip() for line in lines]


def corrupt() -> None:
    raise CorruptFile("xref\x1b[31m")


def claim_broken_integrity() -> None:
    raise FixityFailed("stop everything")


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "full")


def out_of_time() -> None:
    raise WorkerLost("tesseract ran out of time")


def import_what_is_not_there(*_: object) -> None:
    import no_such_library  # type: ignore[import-not-found]  # noqa: F401


def long_text(length: int) -> str:
    return "x" * length


def talk(text: str) -> None:
    os.write(1, text.encode())
    os.write(2, text.encode())


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def answer_with_a_pickle(touched: Path) -> None:
    """As a decoder taken over by its file would: into the pipe, past the code that answers."""
    message = pickle.dumps(Touch(touched))
    for path in Path("/proc/self/fd").iterdir():
        descriptor = int(path.name)
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, struct.pack("!i", len(message)) + message)
        except OSError:
            continue
    hang()


# --- in place of the real rasterise ------------------------------------------------------------
def rasterise_but_the_second(
    path: Path, media_type: str, scan_page_no: int, settings: PagesSettings, target: Path
) -> None:
    if scan_page_no == 2:
        die()
    child.rasterise(path, media_type, scan_page_no, settings, target)


_rasterised: list[int] = []


def rasterise_once(
    path: Path, media_type: str, scan_page_no: int, settings: PagesSettings, target: Path
) -> None:
    """A library that is broken after its first page."""
    if _rasterised:
        raise CorruptFile("the fault of the page before")
    _rasterised.append(scan_page_no)
    child.rasterise(path, media_type, scan_page_no, settings, target)


def note_and_die(
    path: Path, media_type: str, scan_page_no: int, settings: PagesSettings, target: Path
) -> None:
    with (target.parent / "notes").open("a") as stream:
        stream.write(f"{scan_page_no}\n")
    die()


def note_and_hang(
    path: Path, media_type: str, scan_page_no: int, settings: PagesSettings, target: Path
) -> None:
    (target.parent / "notes").touch()
    hang()


# --- a service of its own, to be killed --------------------------------------------------------
def serve(arguments: Sequence[str]) -> None:
    crew = Crew(1, 1, partial(no_limits), preload=(), is_stopping=threading.Event())
    crew.call(hang_with_a_child, (Path(arguments[0]),), 600, None)


if __name__ == "__main__":
    serve(sys.argv[1:])
