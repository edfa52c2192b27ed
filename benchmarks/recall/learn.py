"""What readers make of letters: the table of `scanindex.index.misreading`, from pairs of words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from benchmarks.recall.noise import NoisyPage

_LEAST_SEEN = 3
_LARGEST_BLOCK = 3
_STEP = 0.1
CHEAPEST, WHOLE = 0.5, 1.0


def word_pairs(page: NoisyPage) -> Iterator[tuple[str, str]]:
    """Printed words and what stands in their place (may hold blanks, or nothing)."""
    from rapidfuzz.distance import Levenshtein

    printed, read = " ".join(page.printed).lower(), " ".join(page.read).lower()
    place = [0] * (len(printed) + 1)
    for block in Levenshtein.opcodes(printed, read):
        for offset in range(block.src_end - block.src_start):
            place[block.src_start + offset] = min(block.dest_start + offset, block.dest_end)
    place[-1] = len(read)
    start = 0
    for word in printed.split(" "):
        yield word, read[place[start] : place[min(start + len(word), len(printed))]]
        start += len(word) + 1


def edits(printed: str, read: str) -> Iterator[tuple[str, str]]:
    """The differing blocks of two words."""
    from rapidfuzz.distance import Levenshtein

    blocks: list[list[int]] = []
    for block in Levenshtein.opcodes(printed, read):
        if block.tag == "equal":
            continue
        if blocks and blocks[-1][1] == block.src_start and blocks[-1][3] == block.dest_start:
            blocks[-1][1], blocks[-1][3] = block.src_end, block.dest_end
        else:
            blocks.append([block.src_start, block.src_end, block.dest_start, block.dest_end])
    for a, b, c, d in blocks:
        yield printed[a:b], read[c:d]


def costs(pages: Iterable[NoisyPage]) -> dict[tuple[str, str], float]:
    """(printed, read) to its cost: the more often than a chance edit, the less."""
    seen: Counter[tuple[str, str]] = Counter()
    printed_of: Counter[str] = Counter()
    for page in pages:
        for printed, read in word_pairs(page):
            printed, read = printed.strip(".,:;()"), read.strip(".,:;()'\" ")
            if printed.isalpha() and read.isalnum() and _is_one_misreading(printed, read):
                _count(printed, read, seen, printed_of)
    chance = sum(seen.values()) / sum(printed_of[c] for c in printed_of if len(c) == 1) / 40
    table = {}
    for (was, became), count in seen.items():
        usual = count / max(1, printed_of[was]) / chance
        cost = max(CHEAPEST, WHOLE - _STEP * math.log2(max(1.0, usual)))
        if count >= _LEAST_SEEN and was and cost < 0.95:
            table[was, became] = round(cost, 1)
    return table


def _is_one_misreading(printed: str, read: str) -> bool:
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(printed, read) <= max(1, len(printed) // 3)


def _count(printed: str, read: str, seen: Counter[tuple[str, str]], printed_of: Counter[str]) -> None:
    for size in range(1, _LARGEST_BLOCK + 1):
        printed_of.update(printed[i : i + size] for i in range(len(printed) - size + 1))
    if printed != read:
        found = [
            e for e in edits(printed, read) if len(e[0]) <= _LARGEST_BLOCK and len(e[1]) <= _LARGEST_BLOCK
        ]
        seen.update(found)


def as_source(table: dict[tuple[str, str], float]) -> Sequence[str]:
    """The table as lines of the module's text: cost, then pairs, most usual first."""
    grades: dict[float, list[str]] = {}
    for (was, became), cost in sorted(table.items(), key=lambda item: (item[1], item[0])):
        grades.setdefault(cost, []).append(f"{was}>{became}")
    return [f"{grade}: {' '.join(pairs)}" for grade, pairs in grades.items()]
