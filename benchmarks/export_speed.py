#!/usr/bin/env python3
"""How fast packages are exported, beside the same files copied and hashed and nothing else.

    benchmarks/export_speed.py --folder DIR [--documents 10000]

Makes an archive in --folder (kept), then measures on it, one after the other: every document's PDF
copied, hashed and synced; `export` to a folder (queue and send: judged, recorded, indexed, sent); the
same again with nothing to do; `reconcile` with every file hashed. Prints documents a second, the time
beyond copying and hashing, and the peak of memory. Target: 500 documents a second beyond copying.

Exit code: 0; 1 if the target was missed.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.exporting.archive import build  # noqa: E402
from scanindex import app  # noqa: E402
from scanindex.access_model import unlimited  # noqa: E402
from scanindex.delivery import choose, queue, reconcile, sending  # noqa: E402
from scanindex.settings import load  # noqa: E402
from scanindex.target_file import parse_target  # noqa: E402

TARGET_PER_SECOND = 500.0
_PROFILE = """[target]
recipient = "Springfield General"
[patient]
oid = "2.16.840.1.113883.3.999.1"
[document]
restricted_labels = []
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=10_000)
    options = parser.parse_args(arguments)
    built, home = options.folder / f"archive-{options.documents}", options.folder / "speed"
    if not built.exists():
        sizes = {"least_bytes": 20_000, "most_bytes": 180_000}
        build(built, options.documents, patients=max(1, options.documents // 7), seed=1, **sizes)
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(built, home)
    opened = app.open_workspace(load(home, {}))
    target, access = parse_target("speed", _PROFILE), unlimited("user:benchmark")
    sink = app.open_sink(opened.settings, target, {})
    seconds: dict[str, float] = {}
    with _timed("copied and hashed, nothing else", seconds):
        _copied(home / "archive" / "documents", options.folder / "copied")
    with _timed("queued", seconds):
        queue.queue(access, choose.Selection(), target, sink, opened.services)
    with _timed("sent", seconds):
        sent = sending.send(access.actor, target, sink, opened.services)
    with _timed("again, nothing to do", seconds):
        queue.queue(access, choose.Selection(), target, sink, opened.services)
        sending.send(access.actor, target, sink, opened.services)
    with _timed("reconciled, every file hashed", seconds):
        found = reconcile.reconcile(access, target.name, sink.inventory(None), opened.services)
    opened.close()
    for name, took in seconds.items():
        print(f"{name:34} {took:6.1f} s  {options.documents / took:7.0f} documents/s")
    whole = seconds["queued"] + seconds["sent"]
    beyond = whole - seconds["copied and hashed, nothing else"]
    per_second = options.documents / max(beyond, 0.001)
    print(f"export in all {whole:.1f} s, {whole / seconds['copied and hashed, nothing else']:.1f} x copying")
    print(f"beyond copying and hashing: {per_second:.0f} documents/s (target {TARGET_PER_SECOND:.0f})")
    print(f"peak of memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    is_right = sent.taken == options.documents and found.is_clean
    print("all delivered, reconcile clean" if is_right else f"NOT RIGHT: {sent} {found.faults[:3]}")
    return 0 if is_right and per_second >= TARGET_PER_SECOND else 1


@contextlib.contextmanager
def _timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[name] = time.monotonic() - began


def _copied(source: Path, goal: Path) -> None:
    """What no export can do without: read, hash, write, sync."""
    shutil.rmtree(goal, ignore_errors=True)
    goal.mkdir()
    for number, path in enumerate(sorted(source.rglob("document.pdf"))):
        data = path.read_bytes()
        hashlib.sha256(data).hexdigest()
        (goal / f"{number}.pdf").write_bytes(data)
    os.sync()


if __name__ == "__main__":
    sys.exit(main())
