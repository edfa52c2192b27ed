"""A crew of limited child processes that run one function after another.

Each child has a pipe of its own, so that one that is killed in the middle of a
word can neither confuse nor stop the others. Requests go out pickled (the
parent is trusted); answers come back as JSON of a known type and a bounded
size: nothing a child sends is ever unpickled, for it may have been taken over
by the bytes it read. A child leads a process group of its own, and whoever is
in it (a child of the child, too) is killed with it: when its time is up, when
it answers nonsense, and, by the kernel, when the service is gone, however it
ended and whatever the child is doing.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NoReturn, Protocol

import msgspec

from scanindex.errors import (
    InputError,
    MissingTool,
    ScanindexError,
    Stopping,
    TransientError,
    VerifyFailed,
    WorkerLost,
    by_code,
    transient,
)

_LOOK_SECONDS = 0.5
_LARGEST_ANSWER_BYTES = 1 << 20
_LONGEST_DETAIL = 200
_END_SECONDS = 5.0
_TELLABLE = (InputError, TransientError, MissingTool, VerifyFailed)
"""Errors a child may raise in the parent; none of them stops the service for a file's sake
but a missing tool, which every file would miss."""


class ChildFailedError(Exception):
    """The function raised something that is in no error table; the message is its class's name."""


class _Answer(msgspec.Struct, kw_only=True):
    """What a child says of one call."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    code: str = ""
    detail: str = ""
    errno: int = 0
    other: str = ""
    """Name of an exception class that has no code."""


class _Process(Protocol):
    """The part of multiprocessing's processes that is used; typeshed has no common name for it."""

    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...
    def is_alive(self) -> bool: ...
    def kill(self) -> None: ...


@dataclass(slots=True, kw_only=True, eq=False)
class _Child:
    process: _Process
    pipe: Connection
    lifeline: Connection
    """Never written to; the kernel kills the child's group when it closes."""
    calls_left: int
    owner: str
    """Whose calls it serves, and nobody else's."""

    def end(self) -> None:
        """Kill the child and whatever it started."""
        pid = self.process.pid
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if pid:
                os.killpg(pid, signal.SIGKILL)
        if self.process.is_alive():
            self.process.kill()  # it may not lead a group yet
        self.process.join(_END_SECONDS)
        self.pipe.close()
        self.lifeline.close()


class Crew:
    """Up to `count` children at work at a time; each is replaced after `calls_each` calls.

    A child serves one owner: calls of another owner never meet a process that has seen
    the first one's bytes. `enter` runs first in every child, before it sees a request,
    and `renew` before each request. Thread-safe: as many threads as there are children
    find one each, the others wait for their turn.
    """

    def __init__(
        self,
        count: int,
        calls_each: int,
        enter: Callable[[], None],
        *,
        preload: Sequence[str],
        is_stopping: threading.Event,
        renew: Callable[[], None] | None = None,
    ) -> None:
        self._calls_each = calls_each
        self._enter = enter
        self._renew = renew
        self._is_stopping = is_stopping
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._lock = threading.Lock()
        self._children: dict[int, _Child] = {}
        self._idle: list[_Child] = []
        self._most_idle = 2 * count + 1
        self._places = count
        self._has_place = threading.Condition()

    def call(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        seconds: float,
        kind: Any,
        *,
        owner: str = "",
        is_last: bool = False,
    ) -> Any:
        """The function's result as `kind`, from a child that serves `owner` or is new.

        is_last: the child ends with this call.
        Raises WorkerLost if the child dies, babbles or takes longer than `seconds`; Stopping;
        an error of the table if the function raised it or the system refused something;
        ChildFailedError for anything else it raised, so that a retry is not tempted.
        """
        child = self._take(owner)
        spent: _Child | None = None
        try:
            child.pipe.send((function, tuple(arguments)))
            found = _told(self._wait(child, seconds), kind)
            child.calls_left -= 1
            spent = child if child.calls_left and not is_last else None
        except (OSError, WorkerLost) as error:
            if self._is_stopping.is_set():
                raise Stopping() from None
            raise WorkerLost(str(error) if isinstance(error, WorkerLost) else "the child is gone") from None
        finally:
            if spent is None:
                self._drop(child)
            self._put_back(spent)
        if isinstance(found, Exception):
            raise found
        return found

    def release(self, owner: str) -> None:
        """End the idle children of an owner who needs them no more."""
        with self._has_place:
            idle = [child for child in self._idle if child.owner == owner]
            self._idle = [child for child in self._idle if child.owner != owner]
        for child in idle:
            self._drop(child)

    def close(self) -> None:
        """Kill all children, busy or not."""
        self._is_stopping.set()
        with self._lock:
            children = list(self._children.values())
        for child in children:
            self._drop(child)

    # --- inside --------------------------------------------------------------
    def _take(self, owner: str) -> _Child:
        child = self._next_idle(owner)
        # The fork server tells of a death a moment late; the pipe, which says nothing unasked, ends with it.
        if child is not None and child.process.is_alive() and not child.pipe.poll(0):
            return child
        try:
            if child is not None:
                self._drop(child)  # died while it was idle: nobody's fault
            return self._start(owner)
        except BaseException as error:
            self._put_back(None)
            if isinstance(error, OSError | EOFError):
                # Processes, memory or descriptors have run out, or the fork server died:
                # no file's fault, and the next try starts another.
                raise TransientError(f"no child process could be started ({type(error).__name__})") from None
            raise

    def _next_idle(self, owner: str) -> _Child | None:
        """Once there is a place: an idle child of this owner, or None for a new one."""
        with self._has_place:
            while not self._is_stopping.is_set():
                if self._places:
                    self._places -= 1
                    own = next((child for child in self._idle if child.owner == owner), None)
                    if own is not None:
                        self._idle.remove(own)
                    return own
                self._has_place.wait(_LOOK_SECONDS)
        raise Stopping()

    def _put_back(self, child: _Child | None) -> None:
        """Free the place; of idle children only the latest stay."""
        surplus = None
        with self._has_place:
            self._places += 1
            if child is not None:
                self._idle.append(child)
                if len(self._idle) > self._most_idle:
                    surplus = self._idle.pop(0)
            self._has_place.notify()
        if surplus is not None:
            self._drop(surplus)

    def _start(self, owner: str) -> _Child:
        pipe, theirs = self._context.Pipe(duplex=True)
        watched, lifeline = self._context.Pipe(duplex=False)
        try:
            process = self._context.Process(
                target=_serve,
                args=(theirs, watched, self._enter, self._renew),
                daemon=True,
                name="scanindex-child",
            )
            process.start()
        except BaseException:
            pipe.close()
            lifeline.close()
            raise
        finally:
            theirs.close()
            watched.close()
        child = _Child(
            process=process, pipe=pipe, lifeline=lifeline, calls_left=self._calls_each, owner=owner
        )
        with self._lock:
            self._children[id(child)] = child
        return child

    def _drop(self, child: _Child) -> None:
        with self._lock:
            known = self._children.pop(id(child), None)
        if known is not None:
            known.end()

    def _wait(self, child: _Child, seconds: float) -> bytes:
        end = time.monotonic() + seconds
        while not child.pipe.poll(max(0.0, min(_LOOK_SECONDS, end - time.monotonic()))):
            if self._is_stopping.is_set():
                raise Stopping()
            if time.monotonic() >= end:
                raise WorkerLost(f"no answer in {seconds:.0f} s")
        try:
            return child.pipe.recv_bytes(_LARGEST_ANSWER_BYTES)
        except EOFError:
            raise WorkerLost("the child died") from None


def _told(raw: bytes, kind: Any) -> Any:
    """The value, or the error to raise. Raises WorkerLost where it is neither."""
    try:
        answer = msgspec.json.decode(raw, type=_Answer)
        if answer.code or answer.errno or answer.other:
            return _error_of(answer)
        return msgspec.json.decode(answer.value, type=kind)
    except msgspec.MsgspecError:
        raise WorkerLost("the child answered nonsense") from None


def _error_of(answer: _Answer) -> Exception:
    if answer.errno:
        return transient(OSError(answer.errno, ""))
    known = by_code(answer.code)
    if answer.code and issubclass(known, _TELLABLE) and known is not WorkerLost:
        return known("".join(c for c in answer.detail if c.isprintable())[:_LONGEST_DETAIL])
    return ChildFailedError((answer.other or answer.code)[:_LONGEST_DETAIL])


# --- in the child --------------------------------------------------------------
def _serve(
    pipe: Connection, lifeline: Connection, enter: Callable[[], None], renew: Callable[[], None] | None
) -> NoReturn:
    """Answer requests until killed or out of requests."""
    _be_silent()
    os.setsid()  # a terminal's Ctrl-C is for the service alone, and the group is killed as one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with(lifeline)
    enter()
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, arguments = pipe.recv()
            if renew is not None:
                renew()
            pipe.send_bytes(_answer(function, arguments))
    os._exit(0)


def _be_silent() -> None:
    """What a decoder prints may quote the page, and the service's output is a log."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _die_with(lifeline: Connection) -> None:
    """Have the kernel kill this process group when the other end of `lifeline` closes.

    A thread that waits for it would not run while a decoder holds the interpreter; the
    death of the parent process, which prctl can watch, is that of the fork server.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if lifeline.poll(0):
        os._exit(1)  # it closed before we watched


def _answer(function: Callable[..., Any], arguments: Sequence[Any]) -> bytes:
    try:
        value = msgspec.json.encode(function(*arguments))
        answer = _Answer(value=msgspec.Raw(value))
    except ScanindexError as error:
        answer = _Answer(code=error.code, detail=error.detail)
    except ModuleNotFoundError as error:
        # A library that is not installed; one that memory has run out for is another ImportError.
        answer = _Answer(code=MissingTool.code, detail=f"the Python package {error.name} is not installed")
    except OSError as error:
        answer = _Answer(errno=error.errno or 5)
    except BaseException as error:
        answer = _Answer(other=type(error).__name__)
    return msgspec.json.encode(answer)
