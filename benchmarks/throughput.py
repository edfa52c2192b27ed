#!/usr/bin/env python3
"""Pages a minute of the whole product: file in, searchable PDF/A filed and indexed.

    benchmarks/throughput.py [--pages 60] [--seed 1] [--batch DIR] [--rounds 1] [--single-reader]
                             [--ocrmypdf PROGRAM] [--json FILE]

Makes a seeded batch (clean, light and faxed pages; single pages and stacks; PDF, TIFF,
JPEG) with the roster of its people, and runs the product in a fresh workspace with one
and with two processes, and OCRmyPDF with `--deskew --clean --rotate-pages --output-type
pdfa` on the same files, two at a time. With --batch the files are kept there, and used
again. Prints pages a minute, processor seconds a page, what is not spent in an OCR
engine, how two processes compare with one, and the peak memory of each kind of process.

Processor seconds include all descendants. Wall figures mean something only on a machine
that does nothing else; "of the cores" tells how much of them the run got.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.score_corpus import Product, adopt_orphans, drop, reap_orphans, say  # noqa: E402

if TYPE_CHECKING:
    from PIL.Image import Image

    from benchmarks.reading.case import Case

ENGINE_STAGES = ("ocr", "second", "orient")
"""Stages of a page's reading that are calls of an OCR engine and what directly serves them."""
SHAPES = (
    ("pdf", "clean", 1),
    ("tif", "fax", 1),
    ("jpg", "light", 1),
    ("pdf", "light", 5),
    ("tif", "fax", 4),
    ("pdf", "clean", 3),
)
"""Kind of file, set and number of its pages, over and over."""
PRESET = 'splitting = "every_page"\n'
"""The generated pages are one-page documents; without it a stack waits for a person's word."""
DATES = ("%Y-%m-%d", "%d %b %Y", "%B %d, %Y", "%m-%d-%Y", "%m/%d/%Y", "%m/%d/%y")
LAST_BIRTH_YEAR = 2003
"""Of the generated people; a later year was printed with two digits of the century before."""
SAMPLE_SECONDS = 0.5
MEGABYTE = 1e6


# --- pure ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one program took for the batch."""

    name: str
    processes: int
    pages: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: Mapping[str, int] = field(default_factory=dict)
    """Largest proportional set size of one process of each kind, and of "all" together."""
    engine_seconds: float | None = None
    """Processor seconds in OCR engines; None where it is not told."""
    filed: int = 0
    """Documents that the machine filed; the rest waits for a person."""

    @property
    def pages_a_minute(self) -> float:
        return 60 * self.pages / self.wall_seconds

    @property
    def cpu_a_page(self) -> float:
        return self.cpu_seconds / self.pages

    @property
    def cores_share(self) -> float:
        """How much of its cores the run kept busy, or got."""
        return self.cpu_seconds / self.wall_seconds / self.processes

    @property
    def outside_engines(self) -> float | None:
        if self.engine_seconds is None:
            return None
        return 1 - self.engine_seconds / self.cpu_seconds


def files_of(pages: int) -> list[tuple[str, str, list[int]]]:
    """Kind of each file, set of its pages and their numbers in that set; `pages` in all."""
    made: list[tuple[str, str, list[int]]] = []
    used: Counter[str] = Counter()
    while used.total() < pages:
        kind, set_name, length = SHAPES[len(made) % len(SHAPES)]
        numbers = list(range(used[set_name], used[set_name] + min(length, pages - used.total())))
        used[set_name] += len(numbers)
        made.append((kind, set_name, numbers))
    return made


def iso_date(text: str) -> str:
    """A printed birth date (US order where it is digits only). Raises ValueError."""
    for shape in DATES:
        try:
            day = datetime.strptime(text, shape).date()
        except ValueError:
            continue
        return day.replace(year=day.year - 100 * (day.year > LAST_BIRTH_YEAR)).isoformat()
    raise ValueError("a birth date of a shape that is not known")


def name_parts(text: str) -> tuple[str, str]:
    """Last and first name of "LAST, FIRST M" or "First Last"."""
    last, comma, given = text.partition(",")
    words = (given if comma else text).replace(".", " ").split()
    return (last.strip(), words[0]) if comma else (words[-1], words[0])


def roster_csv(people: Iterable[Mapping[str, str]]) -> str:
    """The roster of those who stand on the pages: printed name, birth date and MRN."""
    lines = ["mrn,last_name,first_name,birth_date"]
    for person in people:
        last, first = name_parts(person["name"])
        lines.append(f"{person['mrn']},{last},{first},{iso_date(person['birth_date'])}")
    return "\n".join(lines) + "\n"


def engine_seconds_of(listing: Mapping[str, Any]) -> float:
    """Processor seconds that the pages' stages record for engines."""
    stages: Counter[str] = Counter()
    for scan in listing["scans"]:
        for page in scan["pages"]:
            stages.update(page.get("stage_seconds") or {})
    return sum(stages[name] for name in ENGINE_STAGES)


def report(runs: Sequence[Run]) -> list[str]:
    """A line for each run, then the ratios between them."""
    lines = []
    for run in runs:
        text = (
            f"{run.name:10s} {run.processes} process(es): {run.pages_a_minute:6.1f} pages/min, "
            f"processor {run.cpu_a_page:.2f} s a page, {run.cores_share:.0%} of the cores"
        )
        if run.outside_engines is not None:
            text += f", outside engines {run.outside_engines:.0%}, {run.filed} documents filed"
        lines.append(text)
        if run.peak_bytes:
            peaks = ", ".join(
                f"{kind} {size / MEGABYTE:.0f}" for kind, size in sorted(run.peak_bytes.items())
            )
            lines.append(f"           peak memory in MB: {peaks}")
    return lines + _ratios(runs)


def _ratios(runs: Sequence[Run]) -> list[str]:
    best = {(run.name, run.processes): run for run in sorted(runs, key=lambda run: run.pages_a_minute)}
    fewest = {key: min((r for r in runs if (r.name, r.processes) == key), key=_cpu) for key in best}
    lines = []
    one, two, peer = (best.get(key) for key in (("product", 1), ("product", 2), ("ocrmypdf", 2)))
    if one and two:
        lines.append(f"two processes against one: {two.pages_a_minute / one.pages_a_minute:.2f} times")
    if two and peer:
        wall = two.pages_a_minute / peer.pages_a_minute
        work = fewest["ocrmypdf", 2].cpu_a_page / fewest["product", 2].cpu_a_page
        lines.append(f"product against OCRmyPDF: {wall:.1f} times the pages/min, processor 1/{work:.1f}")
    return lines


def _cpu(run: Run) -> float:
    return run.cpu_a_page


# --- the batch -----------------------------------------------------------------------------------
def make_batch(pages: int, seed: int, folder: Path) -> None:
    """`files/` and `roster.csv` in `folder`; equal arguments give equal files."""
    from benchmarks.reading.generate import generate

    plan = files_of(pages)
    files = folder / "files"
    files.mkdir(parents=True)
    people = []
    with tempfile.TemporaryDirectory(prefix="scanindex-pages-") as scratch:
        wanted = Counter({set_name: numbers[-1] + 1 for _, set_name, numbers in plan})
        cases = {name: generate(name, count, seed, Path(scratch)) for name, count in wanted.items()}
        for place, (kind, set_name, numbers) in enumerate(plan):
            own = [cases[set_name][number] for number in numbers]
            _write(own, files / f"scan{place:04d}.{kind}")
            people += [{found.kind: found.text for found in case.identifiers} for case in own]
    (folder / "roster.csv").write_text(roster_csv(people), "utf-8")


def _write(cases: Sequence[Case], target: Path) -> None:
    """Faxes as Group 4, the others as JPEG, as scanners send them."""
    images = [_opened(case) for case in cases]
    dpi = cases[0].dpi or 200.0
    if target.suffix == ".pdf":
        _write_pdf(images, dpi, target)
    elif target.suffix == ".jpg":
        images[0].save(target, quality=85, dpi=(dpi, dpi))
    else:
        rest = images[1:]
        images[0].save(target, save_all=True, append_images=rest, compression="group4", dpi=(dpi, dpi))


def _opened(case: Case) -> Image:
    from PIL import Image

    with Image.open(case.path) as image:
        return image.copy()


def _write_pdf(images: Sequence[Image], dpi: float, target: Path) -> None:
    images[0].save(target, "PDF", save_all=True, append_images=images[1:], resolution=dpi, quality=85)


# --- running -------------------------------------------------------------------------------------
@contextmanager
def measured(found: dict[str, Any]) -> Iterator[None]:
    """Wall and processor seconds of what runs inside, and peak memory by kind of process."""
    adopt_orphans()
    peaks: Counter[str] = Counter()
    stop = threading.Event()
    sampler = threading.Thread(target=_sample, args=(peaks, stop), daemon=True)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    sampler.start()
    yield
    found["wall_seconds"] = time.monotonic() - start
    reap_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found["cpu_seconds"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    stop.set()
    sampler.join()
    found["peak_bytes"] = dict(peaks)


def _sample(peaks: Counter[str], stop: threading.Event) -> None:
    me = psutil.Process()
    while not stop.wait(SAMPLE_SECONDS):
        total = 0
        for process in me.children(recursive=True):
            try:
                name, size = process.name(), int(process.memory_full_info().pss)
            except psutil.Error:
                continue
            total += size
            if name.startswith("scanindex-"):
                peaks[name] = max(peaks[name], size)
        peaks["all"] = max(peaks["all"], total)


def run_product(batch: Path, processes: int, is_single_reader: bool) -> Run:
    with tempfile.TemporaryDirectory(prefix="scanindex-throughput-") as scratch:
        product = Product(Path(scratch), processes)
        # Niceness would tell more of the machine's other work than of the product.
        product.environment |= {"SCANINDEX_WORKERS_NICE": "0"}
        if is_single_reader:
            product.environment |= {"SCANINDEX_OCR_SECOND_READER": "false"}
        product.call("init", "--mode", "strict")
        product.call("roster", "import", str((batch / "roster.csv").resolve()))
        inbox = Path(scratch) / "inbox"
        (inbox / "preset.toml").write_text(PRESET)
        drop(sorted((batch / "files").iterdir()), inbox)
        found: dict[str, Any] = {}
        with measured(found):
            product.call("run", "--until-idle")
        listing = json.loads(product.call("documents", "--json", "--text"))
    documents = [document for scan in listing["scans"] for document in scan["documents"]]
    return Run(
        name="product",
        processes=processes,
        pages=sum(len(scan["pages"]) for scan in listing["scans"]),
        engine_seconds=engine_seconds_of(listing),
        filed=sum(document["state"] == "filed" for document in documents),
        **found,
    )


def run_ocrmypdf(batch: Path, processes: int, program: str, pages: int) -> Run:
    """`processes` files at a time with one job each: that keeps all cores busy with single pages too."""
    flags = ["--deskew", "--clean", "--rotate-pages", "--output-type", "pdfa", "-j", "1", "--quiet"]
    if shutil.which("gs") is None:  # its own parts in the place of Ghostscript: quicker, too
        flags += ["--pdfa-backend", "internal", "--rasterizer", "pypdfium"]
    failed: list[str] = []
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="scanindex-peer-") as scratch:

        def convert(source: Path) -> None:
            command = [program, *flags, str(source), str(Path(scratch) / f"{source.name}.pdf")]
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode:
                failed.append(source.name)

        with measured(found), ThreadPoolExecutor(processes) as pool:
            list(pool.map(convert, sorted((batch / "files").iterdir())))
    for name in sorted(failed):
        say(f"OCRmyPDF failed on {name}")
    return Run(name="ocrmypdf", processes=processes, pages=pages, **found)


# --- command line --------------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=Path, metavar="DIR", help="keep the batch here, or use the one there")
    parser.add_argument("--rounds", type=int, default=1, help="repeat all runs; the best of each is compared")
    parser.add_argument("--single-reader", action="store_true", help="the product without its second reader")
    parser.add_argument("--processes", type=int, nargs="*", default=[2, 1], help="of the product's runs")
    parser.add_argument("--ocrmypdf", metavar="PROGRAM", default=shutil.which("ocrmypdf"))
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="scanindex-batch-") as scratch:
        batch = options.batch or Path(scratch)
        if not (batch / "roster.csv").exists():
            make_batch(options.pages, options.seed, batch)
        runs = []
        for _ in range(options.rounds):
            for processes in options.processes:
                runs.append(run_product(batch, processes, options.single_reader))
                say(report(runs[-1:])[0])
            if options.ocrmypdf:
                runs.append(run_ocrmypdf(batch, 2, options.ocrmypdf, runs[0].pages))
    for line in report(runs):
        say(line)
    if options.json:
        options.json.write_text(json.dumps([asdict(run) for run in runs], indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
