"""The bench on which the service is killed: workspaces, warm children, the oracle."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


class Child:
    """One zygote; orders go one after the other."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def order(self, task: str, *, strace: list[str] | None = None, **options: Any) -> dict[str, Any]:
        """Run a task of `tests.crash.tasks` in a fresh child.

        options `kill_after` and `limit` are seconds; the others are the task's arguments.
        """
        order: dict[str, Any] = {key: options.pop(key) for key in ("kill_after", "limit") if key in options}
        order |= {"task": task, "arguments": options, "strace": strace}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the zygote died"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, task: str, **options: Any) -> dict[str, Any]:
        """As `order`, for what must go well; the task's own answer."""
        answer = self.order(task, **options)
        assert answer["status"] == 0, f"{task}: {answer['status']}\n{(answer['answer'] or {}).get('trace')}"
        found: dict[str, Any] = answer["answer"]
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Lab:
    """Two warm zygotes and a folder where fsync costs nothing (kill -9 needs no disk)."""

    def __init__(self, children: int = 2) -> None:
        memory = Path("/dev/shm")
        self.folder = Path(
            tempfile.mkdtemp(prefix="scanindex-crash-", dir=memory if os.access(memory, os.W_OK) else None)
        )
        self._free: SimpleQueue[Child] = SimpleQueue()
        self._children = [Child(self.folder) for _ in range(children)]
        for child in self._children:
            self._free.put(child)
        self._template = self.folder / "template"
        with self.child() as child:
            child.ask("prepare", home=str(self._template))

    @contextmanager
    def child(self) -> Iterator[Child]:
        child = self._free.get()
        try:
            yield child
        finally:
            self._free.put(child)

    @contextmanager
    def workspace(self, files: dict[str, bytes]) -> Iterator[Path]:
        """A fresh workspace with these files in its inbox; gone afterwards."""
        home = Path(tempfile.mkdtemp(prefix="w-", dir=self.folder))
        try:
            shutil.copytree(self._template, home, dirs_exist_ok=True)
            for name, data in files.items():
                (home / "inbox" / name).write_bytes(data)
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def each(self, function: Callable[[T], list[str]], items: Iterable[T]) -> list[str]:
        """Complaints of `function` over all items, on all zygotes at once."""
        with ThreadPoolExecutor(len(self._children)) as pool:
            return [complaint for found in pool.map(function, items) for complaint in found]

    def close(self) -> None:
        for child in self._children:
            child.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def complaints(seen: dict[str, Any], fed: Iterable[bytes], *, may_repeat: bool = False) -> list[str]:
    """What is wrong with a workspace after everything settled; empty when all is well.

    may_repeat: an inbox entry may have come again (its retirement was undone by a power cut).
    """
    wanted = {sha256(data) for data in fed}
    wrong = list(seen["problems"])
    if set(seen["scans"]) != wanted:
        wrong.append(
            f"scans: {len(wanted - set(seen['scans']))} lost, {len(set(seen['scans']) - wanted)} new"
        )
    wrong += [f"scan {scan[:8]} is {state}" for scan, state in seen["scans"].items() if state != "decided"]
    if seen["inbox"]:
        wrong.append(f"left in the inbox: {seen['inbox']}")
    if seen["moving"]:
        wrong.append(f"{seen['moving']} still moving")
    wrong += _about_documents(seen)
    if not may_repeat:
        if seen["duplicates"] or seen["arrivals"] != len(wanted):
            wrong.append(f"{seen['arrivals']} arrivals, {seen['duplicates']} duplicates")
        if set(seen["processed"]) != wanted:
            wrong.append("processed/ does not hold what came")
    if seen["events_twice"]:
        wrong.append(f"events twice: {seen['events_twice']}")
    if seen["tmp"]:
        wrong.append(f"left in archive/tmp: {seen['tmp']}")
    return wrong


def _about_documents(seen: dict[str, Any]) -> list[str]:
    wrong = []
    documents = seen["documents"].values()
    pages = [(d["scan"], page) for d in documents for page in d["pages"]]
    if len(pages) != len(set(pages)):
        wrong.append("a page stands in two documents")
    filed = [i for i, d in seen["documents"].items() if d["state"] == "filed"]
    shown = sorted(name.removesuffix(".pdf").split()[-1] for name in seen["charts"])
    if shown != sorted(i[:8] for i in filed):
        wrong.append(f"chart tree shows {len(shown)} documents, {len(filed)} are filed")
    return wrong


def all_filed(seen: dict[str, Any], documents: int) -> list[str]:
    """For scans that the machine files alone: each document filed and found once per page."""
    states = [d["state"] for d in seen["documents"].values()]
    wrong = [] if states == ["filed"] * documents else [f"documents: {states}"]
    for document_id, count in seen["found"].items():
        scan = seen["documents"][document_id]["scan"]
        pages = sum(len(d["pages"]) for d in seen["documents"].values() if d["scan"] == scan)
        if count != pages:
            wrong.append(f"search finds {count} pages of {pages}")
    if seen["spool"]:
        wrong.append(f"left in the spool: {len(seen['spool'])}")
    return wrong
