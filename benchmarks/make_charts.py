#!/usr/bin/env python3
"""Draw chart scans with truth: two families of layouts by authors with different habits.

    benchmarks/make_charts.py OUT --family A --documents 60 --seed 1
    benchmarks/make_charts.py OUT --family B --documents 100 --seed 1

OUT gets `files/`, `roster.csv` and `truth.jsonl`, as `score_corpus.py` takes them. Family A
may be looked at while the product is changed; family B is held out: it is for judging, and a
fault found with it is to be mended in general, never for its layout. The same arguments and
fonts give the same bytes. Nothing here is taken from the product.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.charts.families import FAMILIES  # noqa: E402
from benchmarks.charts.fonts import Fonts  # noqa: E402
from benchmarks.charts.scans import make  # noqa: E402


def main() -> int:
    """0 if every page is legible as drawn, 1 if print is cut or lies on other print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--family", choices=FAMILIES, required=True)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=20_400, help="people in the roster")
    parser.add_argument("--fonts", type=Path, action="append", default=[], help="folder with more fonts")
    given = parser.parse_args()
    made = make(
        given.out, given.family, given.documents, given.seed, Fonts(tuple(given.fonts)), given.patients
    )
    print(f"{made.files} files, {made.documents} documents, {made.pages} pages in {given.out}")
    for fault in made.faults:
        print(f"  {fault}", file=sys.stderr)
    return 1 if made.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
