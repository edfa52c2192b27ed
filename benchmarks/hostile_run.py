#!/usr/bin/env python3
"""Run the product on hostile and odd files and tell what became of each.

    benchmarks/hostile_run.py [--keep FOLDER] [--only TEXT] [--table TABLE.md]

Makes the files (`hostile_files.py`) and a fresh workspace with a small roster,
starts `scanindex run`, drops the files a few at a time, and samples the service's
children meanwhile. At the end the service is stopped and these are asserted:
every file accounted for; the service alive to the end and gone, with all its
children, seconds after being told to stop; `check --fixity` clean; neither
patient data nor a file name in what it printed; nothing filed by the machine
from a damaged file or under somebody else; no decoder over its memory or
processor limit; no file over its time. Exit code 0 if all hold.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import psutil  # noqa: E402

from benchmarks import hostile_files  # noqa: E402

MEMORY_BYTES = 3_000_000_000
CPU_SECONDS = 40
PAGE_SECONDS = 60
FILE_SECONDS = 400
"""Two tries of opening and of one page; pages of one file are read two at a time."""
STOP_SECONDS = 20.0
GROUP = 16
SAMPLE_SECONDS = 0.25
ENVIRONMENT = {
    "SCANINDEX_INTAKE_SETTLE_SECONDS": "0.3",
    "SCANINDEX_INTAKE_POLL_SECONDS": "0.5",
    "SCANINDEX_INTAKE_INCOMPLETE_SECONDS": "2",
    "SCANINDEX_WORKERS_CPU_SECONDS": str(CPU_SECONDS),
    "SCANINDEX_WORKERS_MEMORY_BYTES": str(MEMORY_BYTES),
    "SCANINDEX_OCR_PAGE_SECONDS": str(PAGE_SECONDS),
}


@dataclass(slots=True)
class Cost:
    """The worst that any child of the service was seen to use."""

    rss_bytes: int = 0
    decoder_bytes: int = 0
    """Address space of a child that has a limit on it."""
    cpu_seconds: float = 0.0
    """Processor time of such a child."""
    processes: int = 0


@dataclass(slots=True)
class Watch:
    """Samples the service's children in a thread of its own; `reset` starts a new count."""

    pid: int
    cost: Cost = field(default_factory=Cost)
    seen: dict[int, float] = field(default_factory=dict)
    """Every descendant ever seen, with its start time."""
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        me = psutil.Process(self.pid)
        while not self.stop.wait(SAMPLE_SECONDS):
            try:
                children = me.children(recursive=True)
            except psutil.Error:
                return
            self.cost.processes = max(self.cost.processes, len(children))
            for child in children:
                try:
                    self._look(child)
                except psutil.Error:
                    continue

    def _look(self, child: psutil.Process) -> None:
        self.seen[child.pid] = child.create_time()
        memory = child.memory_info()
        self.cost.rss_bytes = max(self.cost.rss_bytes, memory.rss)
        if child.rlimit(psutil.RLIMIT_AS)[1] == MEMORY_BYTES:
            self.cost.decoder_bytes = max(self.cost.decoder_bytes, memory.vms)
            self.cost.cpu_seconds = max(self.cost.cpu_seconds, sum(child.cpu_times()[:2]))

    def reset(self) -> Cost:
        found, self.cost = self.cost, Cost()
        return found

    def left(self) -> list[int]:
        """Descendants that outlived the service."""
        alive = []
        for pid, started in self.seen.items():
            try:
                process = psutil.Process(pid)
                if process.create_time() == started and process.status() != psutil.STATUS_ZOMBIE:
                    alive.append(pid)
            except psutil.Error:
                continue
        return alive


class Run:
    """One workspace and the service on it."""

    def __init__(self, home: Path, roster: Path) -> None:
        self.home = home
        self.log = home / "service.log"
        self.seconds: dict[str, float] = {}
        self.rss: dict[str, int] = {}
        self.worst: list[Cost] = []
        self.call("init", "--mode", "strict")
        self.call("roster", "import", str(roster))
        with self.log.open("wb") as stream:
            self.service = subprocess.Popen(self._command("run"), stderr=stream, env=self._environment())
        self.watch = Watch(self.service.pid)
        threading.Thread(target=self.watch.run, daemon=True).start()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "scanindex", "--home", str(self.home), *arguments]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(REPOSITORY)}

    def call(self, *arguments: str) -> str:
        done = subprocess.run(
            self._command(*arguments), env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.stderr.write(done.stderr)
        return done.stdout

    def drop(self, paths: Sequence[Path]) -> None:
        """Put files into the inbox and wait until each has its end."""
        start = time.monotonic()
        for path in paths:
            shutil.copyfile(path, self.home / "inbox" / f".{path.name}")
            (self.home / "inbox" / f".{path.name}").rename(self.home / "inbox" / path.name)
        waiting = {path.name for path in paths}
        while waiting and self.service.poll() is None:
            time.sleep(0.3)
            for name in waiting & self._settled():
                waiting.discard(name)
                self.seconds[name] = time.monotonic() - start
            if time.monotonic() - start > FILE_SECONDS * 2:
                break
        cost = self.watch.reset()
        for path in paths:
            self.rss[path.name] = cost.rss_bytes
        self.worst.append(cost)

    def _settled(self) -> set[str]:
        """Names of the files whose scan is decided or quarantined, from the archive's event log."""
        names: dict[str, set[str]] = {}
        ended: set[str] = set()
        for path in sorted((self.home / "archive" / "events").glob("*.jsonl")):
            for line in path.read_bytes().splitlines():
                event = json.loads(line)
                scan_id = event["scan_id"]
                if event["kind"] in ("accession", "duplicate"):
                    names.setdefault(scan_id, set()).add(PurePath(event["payload"]["inbox_path"]).name)
                    state = (event["payload"].get("scan") or {}).get("state")
                    if state == "quarantined":
                        ended.add(scan_id)
                elif event["kind"] in ("decided", "quarantined", "waiting"):
                    ended.add(scan_id)
        return {name for scan_id in ended for name in names.get(scan_id, ())}

    def end(self) -> float:
        """Tell the service to stop; the seconds that took."""
        start = time.monotonic()
        self.service.terminate()
        try:
            self.service.wait(STOP_SECONDS * 3)
        except subprocess.TimeoutExpired:
            self.service.kill()
            self.service.wait()
        self.watch.stop.set()
        return time.monotonic() - start


# --- pure: what became of them, and what is wrong with that ------------------------------------
def outcome(scan: dict[str, Any]) -> str:
    """One line for the table: state and reason of the scan, or its documents'."""
    if scan["state"] != "decided":
        return f"{scan['state']}: {scan['reason']}"
    kinds = Counter(page["kind"] for page in scan["pages"])
    pages = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    states = Counter(
        f"{document['state']}" + (f" ({document['rule']})" if document["rule"] == "gate.damage" else "")
        for document in scan["documents"]
    )
    documents = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no document"
    return f"{documents} [{pages}]"


def faults(name: str, scan: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Where a file was filed that must not be, or under somebody else."""
    found = []
    for document in scan["documents"]:
        if document["state"] not in ("filed", "proposed"):
            continue
        if expected["damaged"]:
            found.append(f"{name}: filed although damaged")
        if (document["patient"] or {}).get("mrn") not in expected["owners"]:
            found.append(f"{name}: OVERLAY, filed under somebody else")
    return found


def leaks(log: str, roster: Path) -> list[str]:
    """Kinds of data in the service's output that must not be there."""
    found = ["a file name"] if hostile_files.MARK in log else []
    words = {w for row in roster.read_text().splitlines()[1:] for w in row.split(",")[:3] if len(w) > 3}
    if any(word.lower() in log.lower() for word in words):
        found.append("a patient's name or number")
    return found


def by_name(listing: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {PurePath(name).name: scan for scan in listing["scans"] for name in scan["names"]}


# --- the program -------------------------------------------------------------------------------
def judge(run: Run, expected: dict[str, Any], special: dict[str, int], roster: Path) -> list[str]:
    """Everything that is not as it must be."""
    wrong = []
    if run.service.poll() is not None:
        wrong.append(f"the service ended by itself with {run.service.returncode}")
    status = json.loads(run.call("status", "--json"))
    seconds = run.end()
    if seconds > STOP_SECONDS or run.service.returncode not in (0, -15):
        wrong.append(f"stopping took {seconds:.0f} s, exit code {run.service.returncode}")
    time.sleep(1)
    if left := run.watch.left():
        wrong.append(f"{len(left)} processes outlived the service")
    if not json.loads(run.call("check", "--fixity", "--json") or "{}").get("is_clean"):
        wrong.append("check is not clean")
    scans = by_name(json.loads(run.call("documents", "--json")))
    wrong += [f"{name}: not accounted for" for name in expected if name not in scans]
    wrong += [f"{n}: {scans[n]['state']}" for n in expected if n in scans and scans[n]["state"] in _UNSETTLED]
    for name in expected:
        if name in scans:
            wrong += faults(name, scans[name], expected[name])
    wrong += [f"the log holds {what}" for what in leaks(run.log.read_text("utf-8", "replace"), roster)]
    wrong += [f"{name}: {s:.0f} s" for name, s in run.seconds.items() if s > FILE_SECONDS]
    if special and status["inbox"]["refused"] != special["refused"]:
        wrong.append(f"{status['inbox']['refused']} entries refused instead of {special['refused']}")
    if special and len(scans) != len(expected) + special["files"]:
        wrong.append(f"{len(scans)} files recorded instead of {len(expected) + special['files']}")
    worst = Cost(
        rss_bytes=max(c.rss_bytes for c in run.worst),
        decoder_bytes=max(c.decoder_bytes for c in run.worst),
        cpu_seconds=max(c.cpu_seconds for c in run.worst),
        processes=max(c.processes for c in run.worst),
    )
    if worst.decoder_bytes > MEMORY_BYTES or worst.cpu_seconds > CPU_SECONDS + 2:
        wrong.append(f"a decoder went over its limits: {worst}")
    sys.stderr.write(f"worst child: {worst}; stopped in {seconds:.1f} s\n")
    return wrong


_UNSETTLED = ("received", "waiting")


def table(run: Run, names: Sequence[str]) -> list[str]:
    scans = by_name(json.loads(run.call("documents", "--json")))
    lines = ["| file | became | seconds | largest child, MB |", "|---|---|---|---|"]
    for name in names:
        told = outcome(scans[name]) if name in scans else "MISSING"
        seconds, rss = run.seconds.get(name, 0.0), run.rss.get(name, 0) / 1e6
        shown = name.removeprefix(hostile_files.MARK)
        lines.append(f"| {shown} | {told} | {seconds:.1f} | {rss:.0f} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="make files and workspace here and keep them"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="files whose name holds this; no odd entries"
    )
    parser.add_argument("--table", type=Path, help="write the table here instead of to standard output")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="scanindex-hostile-") as scratch:
        return _run(options, (options.keep or Path(scratch)).resolve())


def _run(options: argparse.Namespace, place: Path) -> int:
    if (place / "expected.json").exists():
        expected = json.loads((place / "expected.json").read_text("utf-8"))
    else:
        expected = hostile_files.write(place)
    expected = {name: told for name, told in expected.items() if options.only in name}
    home = Path(tempfile.mkdtemp(prefix="workspace-", dir=place))
    run = Run(home, place / "roster.csv")
    special = {} if options.only else hostile_files.special(home / "inbox")
    names = list(expected)
    for start in range(0, len(names), GROUP):
        run.drop([place / "files" / name for name in names[start : start + GROUP]])
        sys.stderr.write(f"{start + GROUP} of {len(names)}\n")
    while (
        special and len(by_name(json.loads(run.call("documents", "--json")))) < len(names) + special["files"]
    ):
        time.sleep(1)
    wrong = judge(run, expected, special, place / "roster.csv")
    text = "\n".join(table(run, names)) + "\n"
    if options.table:
        options.table.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    for line in wrong:
        sys.stderr.write(f"WRONG  {line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
