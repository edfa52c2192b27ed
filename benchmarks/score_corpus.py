#!/usr/bin/env python3
"""Run the product on a folder of scans and write what it made of them.

    benchmarks/score_corpus.py DIR --out predictions.jsonl [--keep WORKSPACE] [--processes N] [--baseline]

DIR holds `files/` (scans) and `roster.csv`. A fresh workspace is made, the
roster imported, the scans dropped into the inbox, and the product run through
its own command line until nothing is left to do. One line per scan file tells
its documents, patients, types, fields as read, and page texts. The summary on
standard error gives time, processor time, peak memory and, with --baseline, the
same for plain `tesseract` on the same pages with as many processes.

Exit code: 0; 1 if a file went in that did not come out; the product's own code
if it failed.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.5
REAP_SECONDS = 5.0
PR_SET_CHILD_SUBREAPER = 36
"""Of Linux's prctl(2)."""
FIELDS = ("mrn", "sex", "ssn4", "phone", "account", "provider", "facility", "address")


@dataclass(slots=True)
class Cost:
    """What one timed part took."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    """Proportional set size of the whole process tree: shared pages count once."""


# --- pure: the product's listing to prediction lines -------------------------------------------
def prediction_lines(listing: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """File name to prediction; a file that arrived under several names has a line for each."""
    lines: dict[str, dict[str, Any]] = {}
    for scan in listing["scans"]:
        for name in scan["names"]:
            file_name = PurePath(name).name
            lines[file_name] = {
                "file": file_name,
                "documents": [_document(document) for document in scan["documents"]],
                "page_texts": {str(p["scan_page_no"]): p.get("text") or "" for p in scan["pages"]},
            }
    return lines


def _document(document: dict[str, Any]) -> dict[str, Any]:
    read = document["read"]
    candidates = [c["mrn"] for c in document.get("candidates") or () if c["mrn"]]
    is_filed = document["state"] == "filed"
    patient = document.get("patient") or {}
    return {
        "pages": document["scan_pages"],
        "mrn": patient.get("mrn") if is_filed else next(iter(candidates), None),
        "auto_filed": is_filed and document["filed_by"] == "machine",
        "candidates": candidates[:5],
        "doc_type": document["document_type"],
        "name": read.get("name"),
        "dob": read.get("birth_date"),
        "service_date": read.get("service_date"),
        "fields": {key: read[key] for key in FIELDS if read.get(key)},
    }


def summary(listing: dict[str, Any]) -> list[str]:
    """What became of scans, pages and documents, in plain lines."""
    scans = listing["scans"]
    documents = [document for scan in scans for document in scan["documents"]]
    pages = [page for scan in scans for page in scan["pages"]]
    lines = [
        f"scans      {len(scans)}: {_counted(scan['state'] for scan in scans)}",
        f"pages      {len(pages)}: {_counted(page['kind'] for page in pages)}",
        f"documents  {len(documents)}: {_counted(document['state'] for document in documents)}",
    ]
    lines += [f"  {scan['state']}: {scan['reason']}" for scan in scans if scan.get("reason")]
    stages: Counter[str] = Counter()
    for page in pages:
        stages.update(page.get("stage_seconds") or {})
    if total := sum(stages.values()):
        shares = ", ".join(f"{name} {seconds / total:.0%}" for name, seconds in stages.most_common())
        lines.append(f"reading    {total / max(1, len(pages)):.2f} s a page: {shares}")
    return lines


def _counted(values: Iterator[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in Counter(values).most_common()) or "none"


# --- running -----------------------------------------------------------------------------------
class Product:
    """The command line of the product, in one workspace."""

    def __init__(self, workspace: Path, processes: int) -> None:
        self.workspace = workspace
        script = Path(sys.executable).with_name("scanindex")
        inline = [sys.executable, "-c", "from scanindex.cli import main; main()"]
        self.program = [str(script)] if script.exists() else inline
        self.environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        if processes:
            self.environment["SCANINDEX_WORKERS_PROCESSES"] = str(processes)

    def call(self, *arguments: str) -> str:
        """Standard output. Leaves with the product's exit code if it fails."""
        done = subprocess.run(
            [*self.program, *arguments],
            cwd=self.workspace,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            say(f"scanindex {arguments[0]} failed with exit code {done.returncode}")
            raise SystemExit(done.returncode)
        return done.stdout


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


@contextmanager
def measured() -> Iterator[Cost]:
    """Wall time, processor time of all descendants that ended, and peak memory of the process tree."""
    cost, stop = Cost(), threading.Event()
    adopt_orphans()
    sampler = threading.Thread(target=_sample, args=(cost, stop), daemon=True)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    sampler.start()
    try:
        yield cost
    finally:
        cost.wall_seconds = time.monotonic() - start
        reap_orphans()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cost.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        stop.set()
        sampler.join()


def adopt_orphans() -> None:
    """Become the reaper of descendants: helpers that outlive their parent would go uncounted otherwise."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans() -> None:
    """Wait for them, a few seconds at most; their time then counts as ours."""
    deadline = time.monotonic() + REAP_SECONDS
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            time.sleep(0.05)


def _sample(cost: Cost, stop: threading.Event) -> None:
    me = psutil.Process()
    while not stop.wait(SAMPLE_SECONDS):
        total = 0
        for process in me.children(recursive=True):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        cost.peak_bytes = max(cost.peak_bytes, total)


def drop(files: Sequence[Path], inbox: Path) -> None:
    inbox.mkdir(exist_ok=True)
    for path in files:
        part = inbox / f".{path.name}.part"
        shutil.copyfile(path, part)
        part.rename(inbox / path.name)


def run_product(corpus: Path, workspace: Path, processes: int) -> tuple[dict[str, Any], Cost]:
    product = Product(workspace, processes)
    product.call("init", "--mode", "strict")
    product.call("roster", "import", str((corpus / "roster.csv").resolve()))
    drop(files_of(corpus), workspace / "inbox")
    with measured() as cost:
        product.call("run", "--until-idle")
    listing: dict[str, Any] = json.loads(product.call("documents", "--json", "--text"))
    return listing, cost


def files_of(corpus: Path) -> list[Path]:
    return sorted(path for path in (corpus / "files").iterdir() if path.is_file())


# --- the baseline: plain tesseract -------------------------------------------------------------
def run_baseline(corpus: Path, processes: int) -> tuple[int, Cost]:
    """Pages read and their cost; drawing the pages is not counted."""
    with tempfile.TemporaryDirectory(prefix="scanindex-baseline-") as scratch:
        images = [image for path in files_of(corpus) for image in _rasterise(path, Path(scratch))]
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}

        def read(image: Path) -> None:
            command = ["tesseract", str(image), "-", "--psm", "3"]
            subprocess.run(command, env=environment, capture_output=True, check=False)

        with measured() as cost, ThreadPoolExecutor(processes or os.cpu_count() or 1) as pool:
            list(pool.map(read, images))
    return len(images), cost


def _rasterise(path: Path, scratch: Path) -> list[Path]:
    """Each page of a scan as a PNG at its own resolution (PDF: 200 dpi); none if it cannot be opened."""
    from pdf2image import convert_from_path
    from PIL import Image, ImageSequence

    written: list[Path] = []

    def keep(page: Image.Image, dpi: float) -> None:
        target = scratch / f"{path.name}-{len(written) + 1}.png"
        page.convert("L").save(target, dpi=(dpi, dpi), compress_level=1)
        written.append(target)

    try:
        if path.read_bytes()[:1024].find(b"%PDF-") >= 0:
            for page in convert_from_path(path, 200):
                keep(page, 200)
        else:
            with Image.open(path) as image:
                dpi = float(image.info.get("dpi", (200, 200))[0]) or 200.0
                for frame in ImageSequence.Iterator(image):
                    keep(frame, dpi)
    except Exception as error:  # any decoder may raise anything on odd files; the baseline skips those
        say(f"baseline skips a file ({type(error).__name__})")
    return written


# --- command line ------------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, metavar="DIR", help="holds files/ and roster.csv")
    parser.add_argument("--out", type=Path, required=True, help="predictions, one JSON object per file")
    parser.add_argument("--keep", type=Path, metavar="WORKSPACE", help="make the workspace here and keep it")
    parser.add_argument("--processes", type=int, default=0, help="pages at the same time; 0: one per core")
    parser.add_argument("--baseline", action="store_true", help="also time plain tesseract on the same pages")
    options = parser.parse_args(arguments)
    if options.keep and options.keep.exists() and any(options.keep.iterdir()):
        parser.error(f"{options.keep} is not empty; a fresh workspace is needed")
    with _workspace(options.keep) as workspace:
        listing, cost = run_product(options.corpus, workspace, options.processes)
    lines = prediction_lines(listing)
    names = [path.name for path in files_of(options.corpus)]
    options.out.write_text("".join(json.dumps(lines[n]) + "\n" for n in names if n in lines), "utf-8")
    for line in summary(listing):
        say(line)
    page_count = sum(len(scan["pages"]) for scan in listing["scans"])
    _tell("product", page_count, cost)
    if options.baseline:
        _compare(cost, page_count, *run_baseline(options.corpus, options.processes))
    missing = [name for name in names if name not in lines]
    say(f"files      {len(names)} in, {len(names) - len(missing)} accounted for")
    for name in missing:
        say(f"  MISSING  {name}")
    return 1 if missing else 0


@contextmanager
def _workspace(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="scanindex-score-") as scratch:
            yield Path(scratch)


def _tell(name: str, pages: int, cost: Cost) -> None:
    per_page = max(1, pages)
    each = (
        f"{cost.wall_seconds / per_page:.2f} s a page, processor {cost.cpu_seconds / per_page:.2f} s a page"
    )
    peak = cost.peak_bytes / 1e6
    say(f"{name:10s} {cost.wall_seconds:.1f} s for {pages} pages: {each}, peak memory {peak:.0f} MB")


def _compare(cost: Cost, pages: int, baseline_pages: int, baseline: Cost) -> None:
    _tell("tesseract", baseline_pages, baseline)
    if pages and baseline_pages and baseline.wall_seconds:
        wall = (cost.wall_seconds / pages) / (baseline.wall_seconds / baseline_pages)
        cpu = (cost.cpu_seconds / pages) / max(1e-9, baseline.cpu_seconds / baseline_pages)
        say(f"ratio      product / tesseract per page: wall {wall:.2f}, processor {cpu:.2f}")


if __name__ == "__main__":
    sys.exit(main())
