"""Limits that a child process puts on itself before it opens received bytes.

Memory, CPU, file size, no core dumps (they would hold pages), no network where
the kernel allows it, no new privileges, dies with its parent. What the system
refuses is left out and reported by `available()`, which `doctor` shows. It is a
seat belt, not a jail: the file system stays readable to the service account.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 256
_WRITE_BYTES = 4_000_000_000


def enter(*, memory_bytes: int, cpu_seconds: int, nice: int, offline: bool, calls: int = 1) -> None:
    """Apply the limits to this process. Zero leaves a limit out.

    calls: how often `renew_cpu_time` may grant `cpu_seconds` in all.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if offline:
        _leave_network(library)
    # After the change of name space, which may take it back.
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_seconds * calls,
        resource.RLIMIT_FSIZE: _WRITE_BYTES,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
    }
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, value in limits.items():
        if value:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (value, value))
    if cpu_seconds:
        renew_cpu_time(cpu_seconds)
    with contextlib.suppress(OSError):
        os.nice(nice)


def name_process(name: str) -> None:
    """What `ps` and `top` show for this process; at most 15 ASCII characters."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode("ascii"), 0, 0, 0)


def renew_cpu_time(cpu_seconds: int) -> None:
    """From now on this process may use `cpu_seconds` more, within what `enter` allowed in all."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (wanted if most < 0 else min(wanted, most), most))


def _leave_network(library: ctypes.CDLL) -> bool:
    """Into an empty network name space: as root at once, else through a user name space."""
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    return bool(library.unshare(flags) == 0)


def available() -> bool:
    """Whether children can be cut off the network here (tried in a child)."""
    child = os.fork()
    if child == 0:
        os._exit(0 if _leave_network(ctypes.CDLL(None, use_errno=True)) else 1)
    return os.waitpid(child, 0)[1] == 0
