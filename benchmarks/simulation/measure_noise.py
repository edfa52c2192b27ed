#!/usr/bin/env python3
"""Measures how the product's two readers misread identifiers, for `benchmarks/simulate_filing.py`.

    benchmarks/simulation/measure_noise.py [--pages 84] [--seed 31] [--cpu-seconds 230] [--raw FILE]

Draws pages of 40 invented identifiers (see `benchmarks/double_key_pages.py`), wears them in seven
ways, reads them with the product's own page reader and both its readers, aligns what was read with
what was printed, and writes `noise.json` beside this file:

- `confusions`: for errors of both readers alike (`same`), of both but differently (`apart`), of what
  stands as the text alone (`text`) and of the other reader alone (`second`): printed character to what
  was read in its place (several characters, or none) and how often. A blank is a character like others.
- `printed`: how often each character was printed.
- `legibility`: share of words read right, per wear and grade (the better and the worse half of its pages).
- `words`: per wear, grade and kind of datum, each different [state, same, apart, text, second, confidence,
  least confidence, how often]: what befell one printed word, errors counted per kind; confidences in
  steps of .02 from .88 on and .08 below. States: both (read twice), single (one reader looked), unseen (the
  other saw nothing), missed (no word stands there).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from rapidfuzz.distance import Levenshtein

from benchmarks.double_key_pages import LEAST_POINTS, WEAR, draw_sheet
from scanindex.agreement import other_reading
from scanindex.model import PageRaster, Word
from scanindex.ocr import open_engines, read_page
from scanindex.settings import OcrSettings

TABLE = Path(__file__).with_name("noise.json")
KINDS = ("same", "apart", "text", "second")


GRADES = ("good", "poor")
"""The better and the worse read half of a wear's pages: errors come in company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDatum:
    """One printed identifier and the words that stand in its place, as plain values."""

    page: int
    wear: str
    kind: str
    printed: str = field(repr=False)
    words: tuple[tuple[str, str | None, float | None, float | None], ...] = field(repr=False)
    """Text, second reader's text, confidence, the less sure reader's."""
    second: str | None = field(repr=False)


def read_pages(pages: int, seed: int, cpu_seconds: float) -> Iterator[ReadDatum]:
    """Every identifier of the pages as it was read; stops early when the CPU time is used up."""
    settings = OcrSettings()
    engines = open_engines(settings)
    started = time.process_time()
    for number in range(pages):
        if time.process_time() - started > cpu_seconds:
            return
        wear = tuple(WEAR)[number % len(WEAR)]
        drawn = draw_sheet(seed * 10_000 + number, LEAST_POINTS.get(wear, 8), columns=2)
        sheet = WEAR[wear](drawn, seed * 10_000 + number)
        raster = PageRaster(
            scan_page_no=1,
            pixels=sheet.pixels,
            dpi=sheet.dpi,
            is_bilevel=sheet.is_bilevel,
            rotation_degrees=0,
        )
        words = read_page(raster, settings, engines).words
        for datum in sheet.data:
            here = sorted((w for w in words if _stands_in(w, datum.box)), key=lambda w: w.box.left_px)
            yield ReadDatum(
                page=number,
                wear=wear,
                kind=datum.kind,
                printed=datum.text,
                words=tuple((w.text, w.second_text, w.confidence, w.least_confidence) for w in here),
                second=other_reading(here),
            )


def _stands_in(word: Word, place: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = place
    box = word.box
    inside_px = min(right, box.right_px) - max(left, box.left_px)
    middle_px = (box.top_px + box.bottom_px) / 2
    return inside_px > 0.6 * (box.right_px - box.left_px) and top < middle_px < bottom


def outputs(printed: str, read: str) -> list[str]:
    """What was read in the place of each printed character; insertions go with the one before."""
    found = [""] * len(printed)
    for step in Levenshtein.opcodes(printed, read):
        if step.tag == "insert":
            found[max(0, step.src_start - 1)] += read[step.dest_start : step.dest_end]
        for at in range(step.src_start, step.src_end):
            if step.tag in ("equal", "replace"):
                found[at] += read[step.dest_start + at - step.src_start]
    return found


def tabulate(data: Sequence[ReadDatum]) -> dict[str, Any]:
    """The table as it is stored."""
    confusions: dict[str, dict[str, Counter[str]]] = {k: defaultdict(Counter) for k in KINDS}
    printed: Counter[str] = Counter()
    words: dict[str, dict[str, Counter[tuple[Any, ...]]]] = defaultdict(lambda: defaultdict(Counter))
    grades, legibility = graded(data)
    for datum in data:
        first = outputs(datum.printed, " ".join(w[0] for w in datum.words))
        other = outputs(datum.printed, datum.second) if datum.second is not None else first
        if datum.words and first == other == [""] * len(datum.printed):
            continue
        for start, end in _tokens(datum.printed):
            state, confidence, least = _state(datum, first, start, end)
            count: Counter[str] = Counter()
            printed.update(datum.printed[start:end])
            for at in range(start, end if state != "missed" else start):
                other_text = other[at] if state == "both" else first[at]
                kind = _kind(datum.printed[at], first[at], other_text)
                if kind and state != "both":
                    kind = "text"
                if kind:
                    count[kind] += 1
                    read = other_text if kind == "second" else first[at]
                    confusions[kind][datum.printed[at]][read] += 1
            words[grades[datum.page]][datum.kind][state, *(count[k] for k in KINDS), confidence, least] += 1
    return {
        "confusions": {
            k: {c: dict(n.most_common()) for c, n in sorted(v.items())} for k, v in confusions.items()
        },
        "printed": dict(sorted(printed.items())),
        "legibility": legibility,
        "words": {
            wear: {k: sorted(([*r, n] for r, n in c.items()), key=lambda r: -r[-1]) for k, c in kinds.items()}
            for wear, kinds in words.items()
        },
    }  # fmt: skip


def graded(data: Sequence[ReadDatum]) -> tuple[dict[int, str], dict[str, float]]:
    """(wear and grade of each page, share of words read right at each)."""
    right: dict[int, list[bool]] = defaultdict(list)
    wears: dict[int, str] = {}
    for datum in data:
        wears[datum.page] = datum.wear
        first = outputs(datum.printed, " ".join(w[0] for w in datum.words))
        for start, end in _tokens(datum.printed):
            right[datum.page].append("".join(first[start:end]).strip() == datum.printed[start:end].strip())
    share = {page: sum(seen) / len(seen) for page, seen in right.items()}
    grades: dict[int, str] = {}
    for wear in dict.fromkeys(wears.values()):
        pages = sorted((p for p in wears if wears[p] == wear), key=lambda p: -share[p])
        for at, page in enumerate(pages):
            grades[page] = f"{wear} {GRADES[2 * at // len(pages)]}"
    legibility = {
        name: round(sum(share[p] for p in grades if grades[p] == name) / list(grades.values()).count(name), 3)
        for name in sorted(set(grades.values()))
    }
    return grades, legibility


def _kind(printed: str, first: str, other: str) -> str:
    if first != printed and other != printed:
        return "same" if first == other else "apart"
    if first != printed:
        return "text"
    return "second" if other != printed else ""


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each word with the blank behind it."""
    start = 0
    for at, character in enumerate(text):
        if character == " ":
            yield start, at + 1
            start = at + 1
    yield start, len(text)


def _state(datum: ReadDatum, first: list[str], start: int, end: int) -> tuple[str, float, float]:
    """State and confidences of the words that stand for printed[start:end]."""
    low = len("".join(first[:start]))
    high = len("".join(first[:end]).rstrip())
    place, here = 0, []
    for word in datum.words:
        if place < high and low < place + len(word[0]):
            here.append(word)
        place += len(word[0]) + 1
    if not here:
        return "missed", 0.0, 0.0
    state = "both"
    if any(w[1] is None for w in here):
        state = "single"
    elif any(w[1] == "" for w in here):
        state = "unseen"
    confidence = min((w[2] for w in here if w[2] is not None), default=0.0)
    least = min((w[3] for w in here if w[3] is not None), default=-1.0)
    return state, _stepped(confidence), _stepped(least)


def _stepped(confidence: float) -> float:
    """Rounded down, finer where certainty is decided."""
    if confidence < 0:
        return -1.0
    step = 0.02 if confidence >= 0.88 else 0.08
    return round(int(confidence / step + 1e-9) * step, 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=84)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--cpu-seconds", type=float, default=230.0)
    parser.add_argument("--raw", type=Path, help="also keep every identifier as read, a JSON line each")
    asked = parser.parse_args()
    data = list(read_pages(asked.pages, asked.seed, asked.cpu_seconds))
    if asked.raw:
        rows = ((d.page, d.wear, d.kind, d.printed, d.words, d.second) for d in data)
        asked.raw.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    write(tabulate(data), len(data), asked.seed)
    return 0


def write(table: dict[str, Any], identifiers: int, seed: int) -> None:
    made = {
        "made_by": "benchmarks/simulation/measure_noise.py",
        "seed": seed,
        "identifiers": identifiers,
        "note": "Product's page reader, effort normal, both readers; people, numbers and pages invented.",
    }
    TABLE.write_text(json.dumps({"about": made, **table}, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
