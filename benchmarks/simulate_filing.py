#!/usr/bin/env python3
"""Files tens of thousands of simulated papers and counts those that reach a wrong chart.

    benchmarks/simulate_filing.py [--documents 50000] [--patients 100000] [--half both] [--processes 1]
                                  [--seed 1] [--plot FILE.svg] [--details FILE]

Papers are text with places, worn by a noise table measured from the product's own readers
(`benchmarks/simulation/measure_noise.py`); they meet a census-like and a namesake-dense roster, one half
each, in the product's own import, extraction, grouping and matching. Over a quarter of them try to deceive
(see `benchmarks/simulation/traps.py`). Gates are fixed looking at the development half alone, which has half
of the layouts and a seed and rosters of its own; the other half is for reporting.
A misfile is "untold" where the one thing on the paper that tells was not read: no gate can know it.
Prints misfiles of the policy, of the policy without each gate and of simpler rules, with the one-sided 95 %
Clopper-Pearson bound; coverage is of the papers that name a patient of the roster by two identifiers.
Exit code: 0; 1 where the policy misfiled more than one in a thousand.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.simulation import tally
from benchmarks.simulation.bridge import Office, Verdict, make_roster
from benchmarks.simulation.people import roster
from benchmarks.simulation.plot import plot
from benchmarks.simulation.press import Press
from benchmarks.simulation.traps import ORDINARY, TRAPS, layouts_of
from scanindex.match import GATES
from scanindex.settings import MatchSettings

KINDS = ("census", "dense")
HALVES = ("development", "report")
LIMIT = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one process does: some papers of one half against one roster."""

    half: str
    kind: str
    seed: int
    patients: int
    url: str
    first: int
    last: int


def settle(share: Share) -> list[Verdict]:
    people = roster(share.kind, share.patients, share.seed)
    press = Press(share.kind, people, share.seed, layouts_of(share.half))
    office = Office(share.url, MatchSettings())
    papers = (press.paper(number, TRAPS) for number in range(share.first, share.last))
    return [verdict for paper in papers for verdict in office.settle(paper, share.seed)]


def run(
    half: str, documents: int, patients: int, seed: int, processes: int, folder: Path
) -> list[tuple[str, Verdict]]:
    """(kind of roster, verdict) of that many papers."""
    own_seed = 2 * seed + HALVES.index(half)
    jobs = []
    for kind in KINDS:
        url = make_roster(roster(kind, patients, own_seed), folder, f"{half}-{kind}")
        each = documents // len(KINDS)
        cuts = [each * n // processes for n in range(processes + 1)]
        jobs += [
            Share(half=half, kind=kind, seed=own_seed, patients=patients, url=url, first=a, last=b)
            for a, b in pairwise(cuts)
        ]
    if processes == 1:
        return [(job.kind, verdict) for job in jobs for verdict in settle(job)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        done = list(pool.map(settle, jobs))
    return [(job.kind, v) for job, verdicts in zip(jobs, done, strict=True) for v in verdicts]


def report(title: str, verdicts: Sequence[Verdict], *, is_short: bool = False) -> list[str]:
    lines = ["", f"== {title}: {len(verdicts)} documents", _HEAD]
    rows = tally.policies(verdicts, () if is_short else tuple(GATES))
    lines += [_row_text(row) for row in rows]
    found, waiting = tally.in_first_five(verdicts)
    lines.append(f"right patient among the first five in review: {found} of {waiting}")
    return lines


_HEAD = f"{'policy':30}{'filed':>8}{'misfiled':>10}{'untold':>8}{'at most':>10}{'right of sufficient':>24}"


def _row_text(row: tally.Row) -> str:
    coverage = f"{row.right} of {row.sufficient} {row.coverage:6.1%}"
    return f"{row.name:30}{row.filed:8}{row.misfiled:10}{row.untold:8}{row.bound:10.3%}{coverage:>24}"


def by_kind(title: str, verdicts: Sequence[Verdict], key: str) -> list[str]:
    heads = f"{'documents':>10}{'filed':>8}{'misfiled':>10}{'untold':>8}{'right of sufficient':>24}"
    lines = ["", f"== {title}", f"{key:22}{heads}"]
    for name in sorted({getattr(v, key) for v in verdicts}):
        row = tally.row(name, [v for v in verdicts if getattr(v, key) == name], tally.strict)
        count = sum(getattr(v, key) == name for v in verdicts)
        counts = f"{count:10}{row.filed:8}{row.misfiled:10}{row.untold:8}"
        lines.append(f"{name:22}{counts}{f'{row.right} of {row.sufficient}':>24}")
    return lines


def _honest(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [v for v in verdicts if v.trap in ORDINARY]


def whole_report(half: str, pairs: Sequence[tuple[str, Verdict]]) -> list[str]:
    verdicts = [v for _, v in pairs]
    lines = report(f"{half} half, both rosters", verdicts)
    lines += report(f"{half} half, without papers made to deceive", _honest(verdicts), is_short=True)
    for kind in KINDS:
        lines += report(f"{half} half, {kind} roster", [v for k, v in pairs if k == kind], is_short=True)
    lines += by_kind(f"{half} half, by kind of paper", verdicts, "trap")
    lines += by_kind(f"{half} half, by layout", verdicts, "layout")
    lines += by_kind(f"{half} half, by wear", verdicts, "wear")
    lines += ["", f"== {half} half, why sufficient papers wait", f"{'gate':26}{'refused':>9}{'alone':>7}"]
    lines += [f"{gate:26}{count:9}{alone:7}" for gate, count, alone in tally.refusals(verdicts)]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--half", default="both", choices=(*HALVES, "both"))
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="SVG of coverage against the bound (report half, if run)")
    parser.add_argument("--details", type=Path, help="a JSON line per document; texts of those to look at")
    asked = parser.parse_args()
    halves = HALVES if asked.half == "both" else (asked.half,)
    started = time.monotonic()
    kept: list[tuple[str, Verdict]] = []
    last: list[tuple[str, Verdict]] = []
    print(f"{len(TRAPS)} kinds of papers, {asked.patients} patients in each of {len(KINDS)} rosters a half")
    with tempfile.TemporaryDirectory() as folder:
        for half in halves:
            each = asked.documents // len(halves)
            last = run(half, each, asked.patients, asked.seed, asked.processes, Path(folder))
            print("\n".join(whole_report(half, last)), flush=True)
            kept += last
    print(f"\n{time.monotonic() - started:.0f} s in {asked.processes} processes")
    if asked.plot:
        curves = {kind: tally.curve([v for k, v in last if k == kind]) for kind in KINDS}
        asked.plot.write_text(plot(curves, MatchSettings().posterior), "utf-8")
    if asked.details:
        rows = ({"roster": kind, **asdict(v)} for kind, v in kept)
        asked.details.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    strict = tally.row("strict", [v for _, v in kept], tally.strict)
    return 0 if strict.misfiled <= LIMIT * max(1, strict.filed) else 1


if __name__ == "__main__":
    sys.exit(main())
