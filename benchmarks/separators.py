#!/usr/bin/env python3
"""What is on the glass: are empty sides found, separator sheets seen, and sides with content kept?

    benchmarks/separators.py [--seed N] [--scale X] [--only blank|sparse|full|sheet]
                             [--traces holes,bleed] [--save-misses DIR]

Draws empty sides with what paper and scanner leave on them, sides with very
little on them, full sides and separator sheets, sends each through every
channel (scans at 150 to 300 dpi, copies of copies, 1-bit scans, faxes) and asks
the product's own stages. A sparse side whose content the channel wiped out is
not counted. Prints the share that went wrong in each row with its upper bound
(95 %, Clopper-Pearson) and processor milliseconds a page of each stage.

Exit code: 0; 1 if any content was taken for blank or separator.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.glass import paper, wear  # noqa: E402
from benchmarks.glass.paper import Grey  # noqa: E402
from scanindex.clean import whiten_scanner_edges  # noqa: E402
from scanindex.model import PageKind, PageRaster  # noqa: E402
from scanindex.ocr import barcodes, blank, open_engines, read_page  # noqa: E402
from scanindex.ocr.patch import find_patch_t  # noqa: E402
from scanindex.settings import OcrSettings  # noqa: E402

CLASSES = ("blank", "sparse", "full", "sheet")
PER_CHANNEL = {"blank": 60, "sparse": 5, "full": 4, "sheet": 10}
"""Sides of each kind in each channel at scale 1."""
WANTED = {
    "blank": PageKind.BLANK,
    "sparse": PageKind.CONTENT,
    "full": PageKind.CONTENT,
    "sheet": PageKind.SEPARATOR,
}
_LEAST_VISIBLE = 25
"""Grey levels, after a small blur, and pixels at 200 dpi, that content must still differ from its paper."""
_PAPER_TRACES = tuple(name for name in wear.TRACES if name not in ("bleed", "shadow"))
_SHEET_TRACES = ("holes", "dust", "border", "staple", "streak", "fold", "shadow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One picture with what it is."""

    kind: str
    maker: str
    channel: str
    traces: tuple[str, ...]
    number: int
    raster: PageRaster = field(repr=False)

    @property
    def name(self) -> str:
        return "-".join((self.kind, self.maker, self.channel, str(self.number))).replace(" ", "_")


def sides(kind: str, seed: int, scale: float, traces: tuple[str, ...] = ()) -> Iterator[Side]:
    """All sides of a class, the same ones for the same seed; with these traces where any are named."""
    empty: dict[str, paper.Maker] = {"empty": _empty}
    makers = {"blank": empty, "sparse": paper.SPARSE, "full": paper.FULL, "sheet": paper.SHEETS}
    for maker_no, (maker_name, maker) in enumerate(makers[kind].items()):
        for channel_no, (channel_name, channel) in enumerate(wear.CHANNELS.items()):
            for number in range(max(1, round(PER_CHANNEL[kind] * scale))):
                key = (seed, CLASSES.index(kind), maker_no, channel_no, number)
                chance = np.random.default_rng(key)
                page = maker(chance, channel.dpi)
                names, picture = _picture(kind, page, channel, chance, traces)
                if picture is None:
                    continue
                yield Side(
                    kind=kind,
                    maker=maker_name,
                    channel=channel_name,
                    traces=names,
                    number=number,
                    raster=PageRaster(
                        scan_page_no=1,
                        pixels=picture,
                        dpi=float(channel.dpi),
                        is_bilevel=channel.is_bilevel,
                        rotation_degrees=0,
                    ),
                )


def _empty(_: np.random.Generator, dpi: int) -> Grey:
    return paper.blank(dpi)


def _picture(
    kind: str, page: Grey, channel: wear.Channel, chance: np.random.Generator, traces: tuple[str, ...]
) -> tuple[tuple[str, ...], Grey | None]:
    """Traces and channel on top of the side; None where nothing of a sparse side is left to see."""
    choice = traces or {"blank": tuple(wear.TRACES), "sheet": _SHEET_TRACES}.get(kind, _PAPER_TRACES)
    count = int(chance.integers(1, 4) if kind == "blank" else chance.integers(0, 3))
    names = tuple(sorted(str(name) for name in chance.permutation(choice)[:count]))
    if kind == "sheet":
        page = wear.crooked(np.rot90(page, int(chance.integers(4))), chance.uniform(-3, 3))
    state = chance.bit_generator.state
    picture = _through(page, names, channel, chance)
    if kind == "sparse":
        chance.bit_generator.state = state
        without = _through(np.full_like(page, 255), names, channel, chance)
        if not _is_visible(picture, without, channel.dpi):
            return names, None
    return names, picture


def _through(page: Grey, names: tuple[str, ...], channel: wear.Channel, chance: np.random.Generator) -> Grey:
    for name in names:
        page = wear.TRACES[name](page, chance, channel.dpi)
    return np.ascontiguousarray(channel.apply(page, chance, channel.dpi))


def _is_visible(picture: Grey, without: Grey, dpi: int) -> bool:
    gap = cv2.absdiff(cv2.GaussianBlur(picture, (5, 5), 0), cv2.GaussianBlur(without, (5, 5), 0))
    return float((gap >= _LEAST_VISIBLE).sum()) * (200 / dpi) ** 2 >= 150


# --- asking the product -------------------------------------------------------------------
class Judge:
    """The product's verdict on a side, with the time each stage took."""

    def __init__(self) -> None:
        self._settings = OcrSettings(second_reader=False)
        self._engines = open_engines(self._settings)
        self.seconds: dict[str, Counter[str]] = defaultdict(Counter)

    def kind_of(self, side: Side) -> PageKind:
        page, dpi = side.raster.pixels, float(side.raster.dpi or 200)
        spent = self.seconds[side.kind]
        edged = self._timed(spent, "edges", lambda: whiten_scanner_edges(page, dpi))
        marks: blank.Marks = self._timed(
            spent, "blank", lambda: blank.find_marks(edged, dpi, side.raster.is_bilevel)
        )
        found = self._timed(spent, "barcode", lambda: barcodes.read_barcodes(page, dpi))
        # Part of the barcode stage, shown apart.
        self._timed(spent, "patch", lambda: find_patch_t(page, dpi))
        spent["sides"] += 1
        if not found and marks.strong:
            return PageKind.CONTENT
        if any(barcodes.is_sheet_code(code) for code in found):
            return PageKind.SEPARATOR
        # Only here do the words have a say; elsewhere reading them would be hours for nothing.
        return read_page(side.raster, self._settings, self._engines).kind

    @staticmethod
    def _timed(spent: Counter[str], name: str, ask: Any) -> Any:
        started = time.process_time()
        result = ask()
        spent[name] += round((time.process_time() - started) * 1e6)
        return result


# --- telling ------------------------------------------------------------------------------
def upper_bound(wrong: int, count: int, confidence: float = 0.95) -> float:
    """Clopper-Pearson: the largest rate that would still show so few with 5 % probability."""
    if wrong >= count:
        return 1.0
    low, high = wrong / count, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        few = sum(math.comb(count, k) * rate**k * (1 - rate) ** (count - k) for k in range(wrong + 1))
        low, high = (rate, high) if few > 1 - confidence else (low, rate)
    return high


def _rows(title: str, wrong: Counter[str], seen: Counter[str]) -> None:
    print(f"  by {title}")
    for name in seen:
        print(f"    {name:28s} {seen[name] - wrong[name]:5d} of {seen[name]:5d}")


def _tell(kind: str, misses: list[tuple[Side, PageKind]], seen: dict[str, Counter[str]]) -> None:
    count = seen["channel"].total()
    bound = upper_bound(len(misses), count)
    print(f"{kind}: right {count - len(misses)} of {count}; wrong at most {100 * bound:.2f} %")
    wrong: dict[str, Counter[str]] = {title: Counter() for title in seen}
    for side, _ in misses:
        for title, names in _labels(side).items():
            wrong[title].update(names)
    for title in ("maker", "channel", "trace"):
        if len(seen[title]) > 1:
            _rows(title, wrong[title], seen[title])
    for side, got in misses:
        print(f"    wrong: {side.name} taken for {got.value}; traces: {', '.join(side.traces)}")


def _labels(side: Side) -> dict[str, tuple[str, ...]]:
    return {"maker": (side.maker,), "channel": (side.channel,), "trace": side.traces}


def run(
    kind: str, seed: int, scale: float, traces: tuple[str, ...], judge: Judge, folder: Path | None
) -> int:
    """Judge one class, print its table; how many went wrong."""
    misses: list[tuple[Side, PageKind]] = []
    seen: dict[str, Counter[str]] = {"maker": Counter(), "channel": Counter(), "trace": Counter()}
    for side in sides(kind, seed, scale, traces):
        for title, names in _labels(side).items():
            seen[title].update(names)
        got = judge.kind_of(side)
        if got is not WANTED[kind]:
            misses.append((side, got))
            if folder is not None:
                cv2.imwrite(str(folder / f"{side.name}.png"), side.raster.pixels)
    _tell(kind, misses, seen)
    spent = judge.seconds[kind]
    stages = ("edges", "blank", "barcode", "patch")
    parts = (f"{name} {spent[name] / 1000 / spent['sides']:.1f}" for name in stages)
    print(f"  CPU ms a side: {', '.join(parts)}\n", flush=True)
    return len(misses)


def main() -> int:
    parser = argparse.ArgumentParser(description="Blank sides, separator sheets, sparse content.")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full number of sides")
    parser.add_argument("--only", choices=CLASSES)
    parser.add_argument("--traces", default="", help="only these, joined by commas")
    parser.add_argument("--save-misses", type=Path, metavar="DIR")
    given = parser.parse_args()
    if given.save_misses:
        given.save_misses.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    judge = Judge()
    kinds = (given.only,) if given.only else CLASSES
    traces = tuple(name for name in given.traces.split(",") if name)
    if unknown := set(traces) - set(wear.TRACES):
        parser.error(f"no such trace: {min(unknown)}")
    wrong = {kind: run(kind, given.seed, given.scale, traces, judge, given.save_misses) for kind in kinds}
    return 1 if wrong.get("sparse") or wrong.get("full") else 0


if __name__ == "__main__":
    raise SystemExit(main())
