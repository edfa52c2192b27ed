"""python -m scanindex.demo FOLDER ROSTER.csv [--truth FILE] [--seed N]"""

from __future__ import annotations

import argparse
from pathlib import Path

from scanindex.demo import make


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scanindex.demo", description="Write an invented batch.")
    parser.add_argument("folder", type=Path, help="where the scans go")
    parser.add_argument("roster", type=Path, help="CSV file to write the invented patients to")
    parser.add_argument(
        "--truth", type=Path, help="also write what is on each page, one JSON object per file"
    )
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    batch = make(arguments.folder, arguments.roster, arguments.seed)
    if arguments.truth:
        batch.write_truth(arguments.truth)


if __name__ == "__main__":
    main()
