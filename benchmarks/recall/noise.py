"""Real misreadings: pages drawn, worn, read by Tesseract as the product calls it; kept as lines of JSON."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LEVELS = {0.01: (0.005, 0.015), 0.02: (0.015, 0.03), 0.05: (0.035, 0.07), 0.10: (0.075, 0.135)}
"""Nominal character error -> what counts as it, from and below."""
_STEP = 0.06
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyPage:
    number: int
    wear: str
    degree: float
    error: float
    """Edits between the two texts over the characters printed."""
    printed: tuple[str, ...]
    read: tuple[str, ...]


def make(
    write: Callable[[], list[str]],
    out: Path,
    *,
    fonts: Path | None,
    seed: int,
    seconds: float,
    pages: int,
    like: Path | None = None,
) -> None:
    """Appends pages until `pages` or `seconds` are reached; degrees follow what was read, and start
    where they gave each level in the pages of `like`."""
    from benchmarks.charts.fonts import Fonts
    from benchmarks.recall import paper
    from scanindex.ocr.tesseract import TesserocrEngine, installed_languages

    engine = TesserocrEngine("eng", installed_languages()[0])
    rng = random.Random(seed)
    faces = Fonts((fonts,) if fonts else ())
    goals = {(kind, level): 0.1 + level * 3 for kind in paper.WEARS for level in LEVELS}
    if like is not None:
        goals |= _degrees(load(like))
    until = time.monotonic() + seconds
    with out.open("a", encoding="utf-8") as lines:
        for number in range(pages):
            if time.monotonic() > until:
                return
            level = tuple(LEVELS)[number // 2 % len(LEVELS)]
            kind = paper.WEARS[number // 2 // len(LEVELS) % len(paper.WEARS)]
            words = write()
            picture = paper.wear(paper.draw(words, faces, rng), kind, goals[kind, level], rng)
            read = [w.text for w in engine.read(picture, paper.PAGE_DPI, _TIMEOUT_SECONDS)]
            error = character_error(words, read)
            row = [
                number,
                kind,
                round(goals[kind, level], 3),
                round(error, 4),
                " ".join(words),
                " ".join(read),
            ]
            lines.write(json.dumps(row) + "\n")
            lines.flush()
            # Fonts differ, so the degree is steered by a small step, not solved for.
            step = _STEP * (-1 if error > level else 1) * (0.4 if number > 200 else 1)
            goals[kind, level] = min(1.0, max(0.0, goals[kind, level] + step))


def _degrees(pages: Iterable[NoisyPage]) -> dict[tuple[str, float], float]:
    """By wear and level: the middle degree of the pages that came out at it."""
    seen: dict[tuple[str, float], list[float]] = {}
    for page in pages:
        level = level_of(page.error)
        if level is not None:
            seen.setdefault((page.wear, level), []).append(page.degree)
    return {key: statistics.median(degrees) for key, degrees in seen.items()}


def character_error(printed: list[str], read: list[str]) -> float:
    from rapidfuzz.distance import Levenshtein

    text = " ".join(printed)
    return Levenshtein.distance(text, " ".join(read)) / len(text)


def load(path: Path) -> Iterator[NoisyPage]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            number, kind, degree, error, printed, read = json.loads(line)
            yield NoisyPage(
                number=number,
                wear=kind,
                degree=degree,
                error=error,
                printed=tuple(printed.split()),
                read=tuple(read.split()),
            )


def level_of(error: float) -> float | None:
    """The nominal level a page counts for; None between levels."""
    return next((level for level, (low, high) in LEVELS.items() if low <= error < high), None)
