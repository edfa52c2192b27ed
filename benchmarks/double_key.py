#!/usr/bin/env python3
"""How often two readers agree on an identifier and are wrong, with its 95 % bound.

    benchmarks/double_key.py [--pages 161] [--seed 1] [--effort normal] [--columns 1] [--details FILE]

Draws pages of 20 (in two columns 40) invented identifiers (record numbers, birth dates, names; labelled, in
boxes, underlined, bare), wears them down in seven ways, reads them through the product's
`read_page`, and compares what stands in the place of each with what was printed there.
Prints a table for each kind of wear and of identifier, and CPU seconds a page.
Exit code: 0; 1 where more than one in a thousand that both readers agreed on is wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.double_key_pages import LEAST_POINTS, WEAR, Datum, draw_sheet
from scanindex.agreement import DoubleKey, agree, characters, double_key, other_reading
from scanindex.model import FindingKind, PageRaster, PageReading, Word
from scanindex.ocr import Engines, open_engines, read_page
from scanindex.settings import OcrSettings

LIMIT = 0.001
KINDS = {"mrn": FindingKind.MRN, "birth date": FindingKind.BIRTH_DATE, "name": FindingKind.NAME}
"""What extraction and matching take each for: the same `double_key` judges there."""
COLUMNS = (
    "printed", "agreed", "agreed wrong", "partly", "disputed", "chosen right", "other right", "both wrong",
    "in doubt", "its errors", "missed", "first right", "right",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    wear: str
    kind: str
    style: str
    key: DoubleKey | None
    """None: no word stands there."""
    is_right: bool
    """What stands as the text is what was printed."""
    is_other_right: bool
    is_first_right: bool
    """The first reader, whether or not its text stands."""
    is_part: bool
    """Whole words of what was printed, but not all of them."""
    detail: dict[str, object] = field(repr=False)


def judge(datum: Datum, wear: str, words: Sequence[Word]) -> Outcome:
    """What the words in the datum's place amount to."""
    here = sorted((w for w in words if _stands_in(w, datum.box)), key=lambda w: w.box.left_px)
    seen = [_without_label(word) for word in here]
    chosen = " ".join(word.text for word in seen)
    other = other_reading(seen) or ""
    first = _first_text(seen)
    is_right = _same(datum.text, chosen)
    return Outcome(
        wear=wear,
        kind=datum.kind,
        style=datum.style,
        key=double_key(seen, KINDS[datum.kind]) if characters(chosen) else None,
        is_right=is_right,
        is_other_right=_same(datum.text, other),
        is_first_right=_same(datum.text, first),
        is_part=not is_right and _is_part(datum.text, seen),
        detail={
            "wear": wear, "kind": datum.kind, "style": datum.style, "printed": datum.text,
            "words": [(w.text, w.second_text, w.engine.split()[0], w.confidence) for w in here],
        },
    )  # fmt: skip


def _same(printed: str, read: str) -> bool:
    """Equal characters, and digits grouped alike, by whatever groups them."""
    if characters(printed) != characters(read):
        return False
    groups = [re.findall(r"\d+", text) for text in (printed, read)]
    return groups[0] == groups[1] or agree(printed.replace(" ", ""), read.replace(" ", ""))


def _is_part(printed: str, words: Sequence[Word]) -> bool:
    whole = [characters(part) for part in printed.split()]
    parts = [characters(part) for word in words for part in word.text.split() if characters(part)]
    return bool(parts) and all(part in whole for part in parts)


def _stands_in(word: Word, place: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = place
    box = word.box
    width = min(right, box.right_px) - max(left, box.left_px)
    middle = (box.top_px + box.bottom_px) / 2
    return width > 0.3 * (box.right_px - box.left_px) and top < middle < bottom


def _without_label(word: Word) -> Word:
    """A label that was glued to its value is no part of it."""
    if found := re.match(r"^[A-Za-z.#]{2,20}[:#]+(?=\w)", word.text):
        second = word.second_text and re.sub(r"^[A-Za-z.#]{2,20}[:#]+(?=\w)", "", word.second_text)
        return Word(
            text=word.text[found.end() :], box=word.box, confidence=word.confidence, engine=word.engine,
            line_no=word.line_no, second_text=second, least_confidence=word.least_confidence,
        )  # fmt: skip
    return word


def _first_text(words: Sequence[Word]) -> str:
    """What the first reader saw."""
    by_first = [word.engine.startswith("tesseract") for word in words]
    if words and not any(by_first):
        return other_reading(words) or ""
    return " ".join(
        word.text if own else word.second_text or "" for word, own in zip(words, by_first, strict=True)
    )


def tally(outcomes: Iterable[Outcome]) -> Counter[str]:
    count: Counter[str] = Counter()
    for outcome in outcomes:
        count["printed"] += 1
        count["right"] += outcome.is_right
        count["first right"] += outcome.is_first_right
        match outcome.key:
            case None:
                count["missed"] += 1
            case DoubleKey.AGREED:
                count["agreed"] += 1
                count["partly"] += outcome.is_part
                count["agreed wrong"] += not outcome.is_right and not outcome.is_part
            case DoubleKey.DISPUTED:
                count["disputed"] += 1
                count["chosen right"] += outcome.is_right
                count["other right"] += not outcome.is_right and outcome.is_other_right
                count["both wrong"] += not outcome.is_right and not outcome.is_other_right
            case _:
                count["in doubt"] += 1
                count["its errors"] += not outcome.is_right
    return count


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson bound of a share, by bisection on the binomial sum."""
    if trials == 0 or events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        tail = sum(
            math.exp(
                math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
                + k * math.log(middle) + (trials - k) * math.log1p(-middle)
            )
            for k in range(events + 1)
        )  # fmt: skip
        low, high = (middle, high) if tail > 1 - confidence else (low, middle)
    return high


def run(
    pages: int, seed: int, columns: int, settings: OcrSettings, engines: Engines
) -> tuple[list[Outcome], float, float]:
    """Outcomes, CPU seconds of reading, CPU seconds of it for the second reading."""
    outcomes: list[Outcome] = []
    seconds = second = 0.0
    for number in range(pages):
        wear = tuple(WEAR)[number % len(WEAR)]
        drawn = draw_sheet(seed * 10_000 + number, LEAST_POINTS.get(wear, 8), columns)
        sheet = WEAR[wear](drawn, seed * 10_000 + number)
        raster = PageRaster(
            scan_page_no=1,
            pixels=sheet.pixels,
            dpi=sheet.dpi,
            is_bilevel=sheet.is_bilevel,
            rotation_degrees=0,
        )
        started = time.process_time()
        reading: PageReading = read_page(raster, settings, engines)
        seconds += time.process_time() - started
        second += reading.stage_seconds.get("second", 0.0)
        outcomes += [judge(datum, wear, reading.words) for datum in sheet.data]
    return outcomes, seconds, second


def table(outcomes: Sequence[Outcome]) -> list[str]:
    lines = [" " * 16 + " ".join(f"{name:>8.8}" for name in COLUMNS)]
    groups = [("all", list(outcomes))]
    for key in ("wear", "kind", "style"):
        for name in dict.fromkeys(getattr(o, key) for o in outcomes):
            groups.append((name, [o for o in outcomes if getattr(o, key) == name]))
    for name, group in groups:
        count = tally(group)
        lines.append(f"{name:16.16}" + " ".join(f"{count[column]:8}" for column in COLUMNS))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=161)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--effort", default="normal", choices=("fast", "normal", "thorough"))
    parser.add_argument("--columns", type=int, default=1, choices=(1, 2))
    parser.add_argument("--details", type=Path, help="JSON line for each identifier: for looking at errors.")
    asked = parser.parse_args()
    settings = OcrSettings(effort=asked.effort)
    engines = open_engines(settings)
    outcomes, seconds, second = run(asked.pages, asked.seed, asked.columns, settings, engines)
    count = tally(outcomes)
    bound = upper_bound(count["agreed wrong"], count["agreed"])
    print("\n".join(table(outcomes)))
    print(
        f"agreed but wrong: {count['agreed wrong']} of {count['agreed']} agreed, {count['printed']} printed;"
        f" at most {bound:.3%} with 95 % confidence (Clopper-Pearson)"
    )
    print(f"CPU {seconds / asked.pages:.2f} s a page, {second / asked.pages:.2f} s of it the second reading")
    if asked.details:
        rows = [
            {**o.detail, "key": o.key, "right": o.is_right, "other_right": o.is_other_right} for o in outcomes
        ]
        asked.details.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return 0 if count["agreed wrong"] <= LIMIT * max(1, count["agreed"]) else 1


if __name__ == "__main__":
    sys.exit(main())
