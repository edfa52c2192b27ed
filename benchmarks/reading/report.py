"""Answers to scores, scores to tables and verdicts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.reading.case import Answer, Case
from benchmarks.reading.metrics import CharCount, WordCount, count_edits, count_words, share, stands_in

PLAIN, RAPID = "tesseract", "rapidocr"
OURS, SINGLE = "ours", "ours-single"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One page by one reader."""

    set_name: str
    name: str
    group: str
    reader: str
    words: WordCount
    chars: CharCount
    identifiers: tuple[tuple[str, bool], ...]
    """Kind, and whether it was read exactly."""
    is_turn_right: bool | None
    cpu_seconds: float
    error: str
    is_recall_only: bool
    stages: Mapping[str, float] = field(default_factory=dict)


def score(case: Case, reader: str, answer: Answer) -> Score:
    truth = " ".join(word.text for word in case.words)
    has_turn = case.turn_degrees is not None and answer.turn_degrees is not None
    return Score(
        set_name=case.set_name,
        name=case.name,
        group=case.group,
        reader=reader,
        words=count_words(truth, answer.text),
        chars=count_edits(case.segments, answer.text),
        identifiers=tuple((found.kind, stands_in(found.text, answer.text)) for found in case.identifiers),
        is_turn_right=case.turn_degrees == answer.turn_degrees if has_turn else None,
        cpu_seconds=answer.cpu_seconds,
        error=answer.error,
        is_recall_only=case.is_recall_only,
        stages=answer.stages,
    )


def complete(scores: Sequence[Score], readers: Sequence[str]) -> list[Score]:
    """Only the pages that every reader has read, so that sums compare."""
    seen = Counter((one.set_name, one.name) for one in scores)
    return [one for one in scores if seen[one.set_name, one.name] == len(readers)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Some pages by one reader."""

    pages: int
    words: WordCount
    chars: CharCount
    identifiers: tuple[bool, ...]
    turns: tuple[bool, ...]
    cpu_seconds: float
    """Per page."""
    errors: int
    is_recall_only: bool


def sum_up(scores: Sequence[Score]) -> Sum:
    words, chars = WordCount(), CharCount()
    for one in scores:
        words, chars = words + one.words, chars + one.chars
    return Sum(
        pages=len(scores),
        words=words,
        chars=chars,
        identifiers=tuple(hit for one in scores for _, hit in one.identifiers),
        turns=tuple(one.is_turn_right for one in scores if one.is_turn_right is not None),
        cpu_seconds=sum(one.cpu_seconds for one in scores) / max(1, len(scores)),
        errors=sum(bool(one.error) for one in scores),
        is_recall_only=any(one.is_recall_only for one in scores),
    )


Sums = dict[tuple[str, str], Sum]
"""By set and reader."""


def sums(scores: Iterable[Score]) -> Sums:
    gathered: dict[tuple[str, str], list[Score]] = {}
    for one in scores:
        gathered.setdefault((one.set_name, one.reader), []).append(one)
    return {key: sum_up(some) for key, some in gathered.items()}


HEAD = "reader                     R     P    F1   CER   ids     cpu s  /plain  /rapid   turns  errors"


def tables(scores: Sequence[Score]) -> list[str]:
    """A table per set; a set whose truth tells more groups than one gets one by group too."""
    lines = []
    for set_name in dict.fromkeys(one.set_name for one in scores):
        some = [one for one in scores if one.set_name == set_name]
        lines += [*_table(f"{set_name}, {_pages(some)} pages", some), ""]
        groups = sorted({one.group for one in some})
        if len(groups) > 1:
            lines += [*_by_group(some, groups), ""]
    return lines


def _pages(scores: Sequence[Score]) -> int:
    return len({one.name for one in scores})


def _table(title: str, scores: Sequence[Score]) -> list[str]:
    found = {reader: total for (_, reader), total in sums(scores).items()}
    rows = [_row(reader, total, found) for reader, total in found.items()]
    return [title, HEAD, *rows, *(line for reader in found for line in _details(reader, scores))]


def _row(reader: str, total: Sum, others: Mapping[str, Sum]) -> str:
    turns = f"{sum(total.turns)}/{len(total.turns)}" if total.turns else "-"
    is_whole = not total.is_recall_only
    return (
        f"{reader:<22} {_part(total.words.recall)} "
        f"{_part(total.words.precision if is_whole else None)} {_part(total.words.f1 if is_whole else None)} "
        f"{_part(total.chars.rate)} {_part(share(total.identifiers))} {total.cpu_seconds:9.2f} "
        f"{_times(total, others.get(PLAIN))} {_times(total, others.get(RAPID))} {turns:>7} {total.errors:7}"
    )


def _details(reader: str, scores: Sequence[Score]) -> list[str]:
    """Exact identifiers by kind, and where the time of a reader goes that tells it."""
    mine = [one for one in scores if one.reader == reader]
    lines = []
    if kinds := dict.fromkeys(kind for one in mine for kind, _ in one.identifiers):
        parts = []
        for kind in kinds:
            hits = [hit for one in mine for found, hit in one.identifiers if found == kind]
            parts.append(f"{kind} {sum(hits)}/{len(hits)}")
        lines.append(f"  {reader} exact: {', '.join(parts)}")
    spent: Counter[str] = Counter()
    for one in mine:
        spent.update(one.stages)
    if spent:
        stages = (f"{name} {seconds / len(mine):.2f}" for name, seconds in spent.most_common())
        lines.append(f"  {reader} seconds: {', '.join(stages)}")
    return lines


def _part(value: float | None) -> str:
    return "    -" if value is None else f"{value:5.3f}"


def _times(total: Sum, other: Sum | None) -> str:
    return f"{total.cpu_seconds / other.cpu_seconds:7.2f}" if other and other.cpu_seconds else "      -"


def _by_group(scores: Sequence[Score], groups: Sequence[str]) -> list[str]:
    """Recall, exact identifiers and processor seconds of each group, readers side by side."""
    readers = list(dict.fromkeys(one.reader for one in scores))
    lines = ["by group: R / ids / cpu s", f"{'':<20} pages" + "".join(f"{name[:20]:>22}" for name in readers)]
    for group in groups:
        cells = []
        some = [one for one in scores if one.group == group]
        for reader in readers:
            total = sum_up([one for one in some if one.reader == reader])
            exact = share(total.identifiers)
            ids = "-" if exact is None else f"{exact:.3f}"
            cells.append(f"{total.words.recall:.3f} / {ids} / {total.cpu_seconds:.2f}")
        lines.append(f"{group:<20} {_pages(some):5}" + "".join(f"{cell:>22}" for cell in cells))
    return lines


# --- targets -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a reader must reach on a set; `floor` is the least that was asked."""

    text: str
    set_name: str
    reader: str
    reached: Callable[[Sum, Mapping[str, Sum]], bool]
    floor: Callable[[Sum, Mapping[str, Sum]], bool] | None = None
    needs: tuple[str, ...] = ()
    least_pages: int = 1


def _within(total: Sum, others: Mapping[str, Sum], peer: str, factor: float) -> bool:
    return total.cpu_seconds <= factor * others[peer].cpu_seconds


TARGETS = (
    Target(
        text="forms, two readers: F1 >= .85 at <= 60 % of RapidOCR's time (floor .84 at 90 %)",
        set_name="funsd",
        reader=OURS,
        reached=lambda mine, all_: mine.words.f1 >= 0.85 and _within(mine, all_, RAPID, 0.6),
        floor=lambda mine, all_: mine.words.f1 >= 0.84 and _within(mine, all_, RAPID, 0.9),
        needs=(RAPID,),
    ),
    Target(
        text="forms, Tesseract only: F1 >= .79 at <= 1.3 times plain Tesseract (floor .78 at 2.1)",
        set_name="funsd",
        reader=SINGLE,
        reached=lambda mine, all_: mine.words.f1 >= 0.79 and _within(mine, all_, PLAIN, 1.3),
        floor=lambda mine, all_: mine.words.f1 >= 0.78 and _within(mine, all_, PLAIN, 2.1),
        needs=(PLAIN,),
    ),
    Target(
        text="heavily degraded pages: F1 >= .94",
        set_name="heavy",
        reader=OURS,
        reached=lambda mine, _: mine.words.f1 >= 0.94,
    ),
    Target(
        text="fax, fine: F1 >= .96",
        set_name="fax",
        reader=OURS,
        reached=lambda mine, _: mine.words.f1 >= 0.96,
    ),
    Target(
        text="clean pages: F1 >= .985 at <= 0.8 times plain Tesseract",
        set_name="clean",
        reader=OURS,
        reached=lambda mine, all_: mine.words.f1 >= 0.985 and _within(mine, all_, PLAIN, 0.8),
        needs=(PLAIN,),
    ),
    Target(
        text="charts: recall >= .93, identifiers exact >= .93, <= 1.6 s a page",
        set_name="charts",
        reader=OURS,
        reached=lambda mine, _: (
            mine.words.recall >= 0.93 and (share(mine.identifiers) or 0) >= 0.93 and mine.cpu_seconds <= 1.6
        ),
    ),
    Target(
        text="orientation: right on every turned page (64 of 64)",
        set_name="rotated",
        reader=OURS,
        reached=lambda mine, _: all(mine.turns),
        least_pages=64,
    ),
)


def verdicts(found: Sums) -> list[str]:
    """One line per target: reached, floor, missed, or not judged (and why)."""
    return [f"{_verdict(target, found):<11} {target.text}{_figures(target, found)}" for target in TARGETS]


def _verdict(target: Target, found: Sums) -> str:
    others = {reader: total for (set_name, reader), total in found.items() if set_name == target.set_name}
    mine = others.get(target.reader)
    if mine is None or any(peer not in others for peer in target.needs) or mine.pages < target.least_pages:
        return "not judged"
    if target.reached(mine, others):
        return "reached"
    return "floor" if target.floor and target.floor(mine, others) else "missed"


def _figures(target: Target, found: Sums) -> str:
    mine = found.get((target.set_name, target.reader))
    if mine is None:
        return ""
    words = f"R {mine.words.recall:.3f}" if mine.is_recall_only else f"F1 {mine.words.f1:.3f}"
    parts = [words, f"{mine.cpu_seconds:.2f} s"]
    if mine.identifiers:
        parts.append(f"ids {share(mine.identifiers):.3f}")
    if mine.turns:
        parts.append(f"turns {sum(mine.turns)}/{len(mine.turns)}")
    for peer in (PLAIN, RAPID):
        if other := found.get((target.set_name, peer)):
            parts.append(f"{mine.cpu_seconds / other.cpu_seconds:.2f} x {peer}")
    return f"  [{', '.join(parts)}]"
