"""A warm process that forks children which are then killed, traced or starved.

Starting Python for each of a thousand kills would take longer than the kills.
The zygote imports everything once (and runs the whole path once, so that
nothing is imported late), then forks a fresh child per order: own session, own
engine, own random numbers. Orders and answers are JSON lines on stdin and
stdout. It never has threads, so a fork copies no held lock.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

_PR_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
_LIMIT_SECONDS = 60.0


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Fork a child for one order; how it ended, what it answered, what strace saw."""
    go_read, go_write = os.pipe()
    answer_read, answer_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        os.close(answer_read)
        _be_child(order, go_read, answer_write)
    os.close(go_read)
    os.close(answer_write)
    tracer = _attach(child, order["strace"]) if order.get("strace") else None
    os.write(go_write, b"g")
    os.close(go_write)
    answer, is_late = _wait(child, answer_read, order)
    _, status = os.waitpid(child, 0)
    if tracer is not None:
        tracer.wait()
    code = os.waitstatus_to_exitcode(status)
    return {"status": "late" if is_late else code, "answer": json.loads(answer) if answer else None}


def _be_child(order: dict[str, Any], go_read: int, answer_write: int) -> None:
    from tests.crash import tasks

    code = 70
    try:
        os.setsid()
        random.seed()
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
        os.read(go_read, 1)
        try:
            answer = getattr(tasks, order["task"])(**order.get("arguments", {}))
            code = 0
        except Exception as error:
            answer = {"error": type(error).__name__, "trace": traceback.format_exc()}
        with os.fdopen(answer_write, "w") as stream:
            json.dump(answer, stream)
    finally:
        os._exit(code)


def _attach(child: int, options: list[str]) -> subprocess.Popen[str]:
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(child), *options],
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert tracer.stderr is not None
    line = tracer.stderr.readline()
    if "attached" not in line:
        os.kill(child, signal.SIGKILL)
        raise RuntimeError(f"strace: {line}")
    return tracer


def _wait(child: int, answer_read: int, order: dict[str, Any]) -> tuple[bytes, bool]:
    started = time.monotonic()
    kill_at = started + order.get("kill_after", 1e9)
    late_at = started + order.get("limit", _LIMIT_SECONDS)
    answer, is_late = b"", False
    with os.fdopen(answer_read, "rb", buffering=0) as stream:
        while True:
            pause = max(0.0, min(kill_at, late_at) - time.monotonic())
            if select.select([stream], [], [], pause)[0]:
                chunk = stream.read(1 << 20)
                if not chunk:
                    return answer, is_late
                answer += chunk
                continue
            is_late = is_late or time.monotonic() >= late_at
            _kill_group(child)
            kill_at = late_at = time.monotonic() + 1e9


def _kill_group(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:  # not even its session was made yet
        os.kill(child, signal.SIGKILL)


def _warm_up() -> None:
    from tests.crash import tasks

    home = Path(tempfile.mkdtemp(prefix="warm-", dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        tasks.warm_up(str(home))
    finally:
        shutil.rmtree(home)


def main() -> None:
    _warm_up()
    for line in sys.stdin:
        try:
            answer = run(json.loads(line))
        except Exception as error:
            answer = {"status": "broken", "answer": {"error": repr(error), "trace": traceback.format_exc()}}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
