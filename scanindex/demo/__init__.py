"""An invented batch of scans with its roster and its truth, for newcomers and tests.

`make` draws a dozen documents of several invented patients as scanners deliver
them: stacks with separator and cover sheets, PDF, multi-page TIFF, JPEG, PNG, a
born-digital PDF; one page crooked, one faxed, one upside down, one blank; one
person whom the roster does not know, and one whose name two patients share.

Promises: the same seed gives the same bytes (with the same library versions);
nothing is fetched; no real person, place or text is in it. Left out: being
typical. This shows the product, it does not measure it. Light to import.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBatch:
    files: tuple[Path, ...]
    roster_csv: Path
    truth: tuple[dict[str, Any], ...] = field(repr=False)
    """One entry per file: its pages and documents, as benchmarks/score_corpus.py's scorers read them."""

    def write_truth(self, path: Path) -> None:
        """One JSON object per line."""
        path.write_text("".join(json.dumps(entry) + "\n" for entry in self.truth), "utf-8")


def make(folder: Path, roster_csv: Path, seed: int = 1) -> DemoBatch:
    """Write the scans into `folder` and the roster to `roster_csv`; both are made if missing."""
    from scanindex.demo import batch, people

    cast = people.make(seed)
    folder.mkdir(parents=True, exist_ok=True)
    roster_csv.parent.mkdir(parents=True, exist_ok=True)
    people.write_roster(cast, roster_csv)
    scans = batch.scans(cast)
    files = tuple(folder / scan.name for scan in scans)
    for path, scan in zip(files, scans, strict=True):
        # The scanner's own habit: a private name first, so that a watched folder sees whole files.
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(scan.content())
        part.replace(path)
    return DemoBatch(
        files=files, roster_csv=roster_csv, truth=tuple(batch.truth(scan, cast) for scan in scans)
    )
