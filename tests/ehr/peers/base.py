"""What all peers share: where they are installed, how one is started, waited for and stopped.

A peer that is not installed skips the test that wants it. Where SCANINDEX_PEERS is what `scripts/setup-peers`
was told to install ("python", "fast", "all"; "required" is "all"), the absence of any of those fails instead,
so that a run meant to use the peers cannot pass without them; `scripts/test` sets "python". Peers listen on
127.0.0.1 only, each on a port that was free when asked for, and leave files only beside their log.
SCANINDEX_PEERS_HOME names another install folder than `.peers/`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("SCANINDEX_PEERS_HOME") or HERE.parents[2] / ".peers").resolve()
LOOPBACK = "127.0.0.1"


class PeerFailed(Exception):
    """A peer did not start, died, or answered outside of its protocol."""


_PARTS = ("python", "fast", "all")
"""What `scripts/setup-peers` installs, each with those before it."""
_PART_OF_COMMAND = {"java": "fast", "node": "fast", "sqlite3": ""}


def need(*paths: Path, what: str, part: str = "fast") -> None:
    """Skips the running test (or fails it, see the module's words) unless every path exists.

    part: "python", "fast" or "all", with which `scripts/setup-peers` installs it; "": it does not.
    """
    if all(path.exists() for path in paths):
        return
    words = f"{what} is not installed: " + (f"run scripts/setup-peers {part}" if part else "see your system")
    wanted = os.environ.get("SCANINDEX_PEERS", "").replace("required", "all")
    if wanted and _PARTS.index(part or "all") <= _PARTS.index(wanted):
        pytest.fail(words, pytrace=False)
    pytest.skip(words)


def need_command(name: str) -> Path:
    """The path of an installed command (found in sbin too), or skips like `need`."""
    found = shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")
    path = Path(found or f"/usr/bin/{name}")
    need(path, what=name, part=_PART_OF_COMMAND.get(name, "all"))
    return path


def python() -> Path:
    """The interpreter of the peers' own virtual environment."""
    path = HOME / "venv" / "bin" / "python"
    need(path, what="the Python peers", part="python")
    return path


def free_port() -> int:
    """A port of 127.0.0.1 that is free now. Another program may take it first; then starting fails."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


# --- processes --------------------------------------------------------------------------------------
class Peer:
    """A process of its own group, whose output goes to a file; stopped by its group, never by name."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        talks: bool = False,
    ) -> None:
        """With `talks`, its standard input and output are pipes and only its errors go to the log. cwd: the
        log's folder unless told otherwise, for some leave files where they are started (HAPI's `id_file`)."""
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else sink,
                stderr=sink,
                cwd=cwd or log.parent,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text("utf-8", errors="replace")[-3000:]

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Raises PeerFailed when it dies or is not ready in time."""
        end = time.monotonic() + seconds
        while not is_ready():
            if self.process.poll() is not None:
                raise PeerFailed(f"ended with {self.process.returncode}: {self.words()}")
            if time.monotonic() > end:
                raise PeerFailed(f"not ready after {seconds} s: {self.words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the group: politely first, then not."""
        for sent, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
                break
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def listens(port: int) -> bool:
    """Whether something accepts connections on that port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def answers(address: str) -> bool:
    """Whether a GET of that address is answered with a status below 500."""
    try:
        # An opener without proxies: the address is of this machine.
        with _OPENER.open(address, timeout=10) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def serving(
    command: Sequence[str | Path], log: Path, *, ready: Callable[[], bool], seconds: float = 60, **how: Any
) -> Iterator[Peer]:
    """Starts a peer, waits for it, and stops it in the end whatever happens."""
    peer = Peer(command, log, **how)
    try:
        peer.wait_until(ready, seconds=seconds)
        yield peer
    finally:
        peer.stop()


# --- judges that answer line by line ----------------------------------------------------------------
class Judge:
    """A process that reads one JSON object a line and answers each with one: loaded once, asked often.

    An answer is `{"complaints": [...]}`, or `{"failed": "why"}`, which is raised as PeerFailed.
    """

    def __init__(self, peer: Peer, *, seconds: float) -> None:
        self._peer = peer
        self._seconds = seconds
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._one_at_a_time = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, **question: Any) -> list[str]:
        """The complaints about what is asked; an empty list means none."""
        with self._one_at_a_time:
            pipe: IO[bytes] = self._pipe(self._peer.process.stdin)
            try:
                pipe.write(json.dumps(question).encode() + b"\n")
                pipe.flush()
                answer = json.loads(self._next())
            except (OSError, queue.Empty, ValueError) as error:
                raise PeerFailed(f"{type(error).__name__}: {self._peer.words()}") from error
        if "failed" in answer:
            raise PeerFailed(f"{answer['failed']}\n{self._peer.words()}")
        return [str(complaint) for complaint in answer["complaints"]]

    def _next(self) -> bytes:
        answer = self._answers.get(timeout=self._seconds)
        if not answer:
            # Whoever asks next is to learn of it at once, too.
            self._answers.put(b"")
            return b'{"failed": "the judge ended"}'
        return answer

    def _read(self) -> None:
        # A thread, because a pipe cannot be read with a time limit.
        with contextlib.suppress(OSError, ValueError):
            for line in self._pipe(self._peer.process.stdout):
                self._answers.put(line)
        self._answers.put(b"")

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise PeerFailed("started without pipes")
        return pipe


@contextlib.contextmanager
def judging(command: Sequence[str | Path], log: Path, *, seconds: float = 120, **how: Any) -> Iterator[Judge]:
    """A judge, running until left. `seconds` bounds each answer, the first one with its loading."""
    peer = Peer(command, log, talks=True, **how)
    try:
        yield Judge(peer, seconds=seconds)
    finally:
        peer.stop()
