#!/usr/bin/env python3
"""The screens with twenty people at work while pages are read: what each of them waits for.

    benchmarks/workbench.py --folder DIR [--pages 100000] [--users 20] [--seconds 60] [--no-ocr] [--json FILE]

Makes a workspace in --folder (kept and copied for each run): --pages filed pages in catalog and
index, a queue of really scanned pages, logins. Serves it as `scanindex serve` does, reads another
batch beside it as `scanindex run` does, and lets half of the people review, the others search and
read, with pauses as people make them. Prints p50, p95 and worst milliseconds by kind and whether
the targets hold: page image 200 ms, search 500 ms (p95), no error. The next item on screen is
measured in the browser, by the tests of the review screen.

Exit code: 0; 1 if a target was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.screens import prepare  # noqa: E402
from benchmarks.screens.users import Person, Reader, Reviewer, Searcher, Waits, share  # noqa: E402
from benchmarks.search.corpus import Corpus, CorpusSettings  # noqa: E402

TARGETS_MS = {"page image": 200.0, "search": 500.0}
"""p95."""
_STARTS_WITHIN_SECONDS = 60.0
_WARM_SECONDS = 10.0


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="Workspace and corpus are kept here.")
    parser.add_argument("--pages", type=int, default=100_000, help="Filed pages.")
    parser.add_argument("--drawn", type=int, default=24, help="Documents that are really read first.")
    parser.add_argument("--copies", type=int, default=20, help="Of each scan that waits.")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--no-ocr", action="store_true", help="Nothing is read beside it.")
    parser.add_argument("--json", type=Path, help="All figures.")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of(arguments)
    corpus = CorpusSettings(folder=options.folder, pages=options.pages)
    built = options.folder / f"workspace-{options.pages}"
    if not (built / "ready").exists():
        shutil.rmtree(built, ignore_errors=True)
        prepare.build(built, corpus, drawn=options.drawn, copies=options.copies, users=options.users)
        (built / "ready").touch()
    home = options.folder / "run"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(built, home, symlinks=True)
    waits = measure(home, corpus, options)
    is_met = report(waits)
    if options.json:
        options.json.write_text(json.dumps({"ms": waits.ms, "faults": waits.faults}))
    return 0 if is_met else 1


def measure(home: Path, corpus: CorpusSettings, options: argparse.Namespace) -> Waits:
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    serving = [_start("serve", "--port", str(port), home=home)]
    try:
        _await(port)
        if not options.no_ocr:
            _drop_more(home)
            serving.append(_start("run", "--no-screens", "--quiet", home=home))
        waits, stop = Waits(), threading.Event()
        people = _people(home, corpus, address, waits, stop, options.users)
        for person in people:
            person.log_in()
            person.start()
        time.sleep(_WARM_SECONDS)
        with waits.lock:
            waits.ms.clear()
            waits.faults.clear()
        time.sleep(options.seconds)
        stop.set()
        for person in people:
            person.join(30)
        return waits
    finally:
        for process in reversed(serving):
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _people(
    home: Path, corpus: CorpusSettings, address: str, waits: Waits, stop: threading.Event, count: int
) -> list[Person]:
    """Half review; of the others two in three search, one in three reads."""
    names, queries = _wording(corpus)
    documents = _read_documents(home)
    made: list[Person] = []
    for number, login in enumerate(prepare.logins(count)):
        kind = Reviewer if number % 2 == 0 else (Reader if number % 6 == 1 and documents else Searcher)
        person = kind(login, prepare.PASSWORD, address, waits, stop, number)
        if isinstance(person, Searcher):
            person.names, person.queries = names, queries
        if isinstance(person, Reader):
            person.documents = documents
        made.append(person)
    return made


def _wording(corpus: CorpusSettings) -> tuple[list[str], list[str]]:
    """Names to type and queries to ask, of what is filed: one word, two, a phrase, a patient."""
    names, queries = [], []
    for number, paper in enumerate(Corpus(corpus).papers()):
        if number >= 400:
            break
        words = [word for word in paper.pages[0].split() if word.isalpha() and len(word) > 4]
        names.append(paper.person.last)
        if len(words) > 12:
            queries += [words[5], f"{words[3]} {words[9]}", f'"{words[6]} {words[7]}"', paper.person.last]
    return names, queries


def _read_documents(home: Path) -> list[str]:
    """What waits, for readers to open: it has real pages."""
    from scanindex import app
    from scanindex.model import DocumentState
    from scanindex.settings import load

    opened = app.open_workspace(load(home, {}))
    try:
        with opened.catalog.read() as unit:
            return [d.document_id for d in unit.documents.all(DocumentState.IN_REVIEW, limit=40)]
    finally:
        opened.close()


def _drop_more(home: Path) -> None:
    """What was drawn, once more, each file another one: enough to read for minutes."""
    for number in range(6):
        for path in sorted((home / "drawn" / "files").iterdir()):
            data = path.read_bytes() + b"\n%% again %d\n" % number
            (home / "inbox" / f"again-{number}-{path.name}").write_bytes(data)


def _start(*arguments: str, home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "scanindex", "--home", str(home), *arguments]
    return subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)})


def _await(port: int) -> None:
    until = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit("the screens did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def report(waits: Waits) -> bool:
    print(f"{'waited for':<20} {'times':>6} {'p50':>8} {'p95':>8} {'worst':>8}  target (p95)")
    is_met = not waits.faults
    for kind, values in sorted(waits.ms.items()):
        p50, p95, worst = share(values, 0.5), share(values, 0.95), max(values)
        target = TARGETS_MS.get(kind)
        met = target is None or p95 <= target
        is_met = is_met and met
        said = "" if target is None else f"{target:.0f} ms {'met' if met else 'MISSED'}"
        print(f"{kind:<20} {len(values):>6} {p50:>8.0f} {p95:>8.0f} {worst:>8.0f}  {said}")
    for fault, count in sorted(waits.faults.items()):
        print(f"  fault: {fault}: {count}")
    return is_met


if __name__ == "__main__":
    raise SystemExit(main())
