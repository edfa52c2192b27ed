"""The screens beside the service: a process of their own, started again should it end.

Neither can hold the other up: what the service computes does not slow a page down, and
what a browser sends cannot take the service with it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_LONGEST_PAUSE_SECONDS = 60.0
_STOP_SECONDS = 10.0
_REFUSED = 2
"""Exit code where the settings are at fault: trying again would not help."""


class Screens:
    def __init__(self, home: Path, report: Callable[[str, str], None]) -> None:
        self._command = [sys.executable, "-m", "scanindex", "--home", str(home), "serve", "--with-parent"]
        self._report = report
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_up, name="screens", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        if self._child is not None and self._child.poll() is None:
            self._child.kill()

    def _keep_up(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            # A session of its own: Ctrl-C reaches the service, which then stops it in order.
            self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, start_new_session=True)
            code = self._child.wait()
            if self._stopping.is_set():
                return
            if code == _REFUSED:
                self._report("waiting", "no screens: see above; filing goes on without them")
                return
            self._report("waiting", f"the screens ended (exit code {code}); starting them again")
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
