"""Scores the cutting of stacks into documents on invented pages (`stack_pages`), no OCR needed.

    python benchmarks/stacks.py [--documents 2000] [--seed 1] [--wrong 10]

Prints, with and without separator sheets: breaks found and right (recall, precision), right
answers over all places where a break could be, documents exactly right, and how many documents
hold pages of two patients, which must be none. Exit code 1 where two patients were joined or a
rate lies below the targets.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stack_pages import DPI, Sheet, Stack, stacks
from scanindex import documents, extract
from scanindex.model import (
    Barcode,
    Box,
    Grouping,
    PageKind,
    PageQuality,
    PageReading,
    Preset,
    TextSource,
    Word,
)
from scanindex.settings import DocumentsSettings

TARGETS = {True: 0.97, False: 0.90}
"""Least recall and precision of breaks with and without separators."""


@dataclass(slots=True)
class Score:
    documents: int = 0
    exact: int = 0
    found: int = 0
    right: int = 0
    true: int = 0
    gaps: int = 0
    answers: int = 0
    joined: int = 0
    sure: int = 0
    sure_wrong: int = 0
    wrong: list[str] = field(default_factory=list)

    def rates(self) -> tuple[float, float]:
        """Recall and precision of breaks."""
        return self.right / max(1, self.true), self.right / max(1, self.found)


def reading_of(sheet: Sheet, number: int) -> PageReading:
    """The sheet as the reading stage would hand it on."""
    words = tuple(
        Word(
            text=text,
            box=Box(left_px=left, top_px=top, right_px=right, bottom_px=bottom),
            confidence=sheet.confidence,
            engine="invented",
            line_no=line,
        )
        for text, left, top, right, bottom, line in sheet.words
    )
    return PageReading(
        scan_page_no=number,
        kind=PageKind(sheet.kind),
        width_px=sheet.width_px,
        height_px=sheet.height_px,
        dpi=DPI,
        rotation_degrees=0,
        words=words,
        barcodes=(Barcode(symbology="PatchT", value="PATCHT", box=None),)
        if sheet.kind == "separator"
        else (),
        quality=PageQuality(
            dpi=DPI, skew_degrees=0.0, contrast=0.9, ink_share=0.05, legibility=sheet.confidence
        ),
        text_source=TextSource.OCR if words else TextSource.NONE,
        engines=("invented",),
    )


def grouped(stack: Stack) -> Grouping:
    readings = [reading_of(sheet, number) for number, sheet in enumerate(stack.sheets, 1)]
    return documents.group(readings, [extract.find(r) for r in readings], Preset(), DocumentsSettings())


def add(score: Score, stack: Stack, result: Grouping, name: str) -> None:
    """Count one stack."""
    contents = [n for n, sheet in enumerate(stack.sheets, 1) if sheet.kind == "content"]
    got, true = {g.pages[0] for g in result.groups} - {contents[0]}, stack.starts - {contents[0]}
    score.documents += len(stack.documents)
    score.exact += len({g.pages for g in result.groups} & set(stack.documents))
    score.found, score.true, score.right = (
        score.found + len(got),
        score.true + len(true),
        score.right + len(got & true),
    )
    score.gaps += len(contents) - 1
    score.answers += len(contents) - 1 - len(got ^ true)
    for group in result.groups:
        score.joined += len({stack.sheets[n - 1].patient for n in group.pages}) > 1
        score.sure += group.is_sure
        score.sure_wrong += group.is_sure and group.pages not in stack.documents
    reasons = {g.pages[0]: g.reasons for g in result.groups}
    holder = {n: g.reasons for g in result.groups for n in g.pages}
    score.wrong += [f"{name} page {n}: cut, {reasons[n][0]}" for n in sorted(got - true)]
    score.wrong += [f"{name} page {n}: not cut, {'; '.join(holder[n][1:])}" for n in sorted(true - got)]


def run(seed: int, wanted: int) -> dict[bool, Score]:
    scores = {True: Score(), False: Score()}
    for number, stack in enumerate(stacks(seed, wanted)):
        add(scores[stack.has_separators], stack, grouped(stack), f"stack {number}")
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wrong", type=int, default=0, help="list so many wrong answers")
    asked = parser.parse_args()
    started, is_good = time.process_time(), True
    for has_separators, score in run(asked.seed, asked.documents).items():
        recall, precision = score.rates()
        is_good &= not score.joined and min(recall, precision) >= TARGETS[has_separators]
        print(
            f"{'with' if has_separators else 'without'} separators: {score.documents} documents, "
            f"{score.exact / score.documents:.1%} exactly right; breaks: recall {recall:.1%} "
            f"({score.right}/{score.true}), precision {precision:.1%} ({score.right}/{score.found}); "
            f"answers right {score.answers / score.gaps:.1%} of {score.gaps}; "
            f"patients joined {score.joined}; sure {score.sure} of which not exactly right {score.sure_wrong}"
        )
        for why, count in Counter(w.split(": ", 1)[1] for w in score.wrong).most_common(asked.wrong):
            print(f"    {count:4} {why}")
        for line in score.wrong[: asked.wrong]:
            print(f"         {line}")
    print(f"{time.process_time() - started:.0f} s of processor time")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
