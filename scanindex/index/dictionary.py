"""The spelling entries of one part of an index, as a sorted file beside it.

One line per entry, "entry TAB pages NEWLINE", in the order of its bytes; looked
up by bisection in the mapped file. As keys of an engine they would cost more
than all other words together: most occur once. Pages that are deleted later stay
counted: an entry only proposes a spelling.
"""

from __future__ import annotations

import heapq
import mmap
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path

SAMPLE_BYTES = 2_048
MAX_LINE_BYTES = 200


def packed(counts: Mapping[str, int]) -> bytes:
    """The file for these entries and the pages they stand on."""
    return b"".join(sorted(b"%s\t%d\n" % (entry.encode(), pages) for entry, pages in counts.items()))


class Dictionary:
    def __init__(self, lines: bytes | mmap.mmap) -> None:
        self.lines = lines

    @classmethod
    def read(cls, path: Path) -> Dictionary:
        with path.open("rb") as stream:
            # An empty file cannot be mapped.
            has_lines = bool(path.stat().st_size)
            return cls(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if has_lines else b"")

    def entries_from(self, prefix: str) -> list[tuple[str, int]]:
        """Entries that begin so, ascending, with their pages."""
        wanted = prefix.encode()
        start = self._first(wanted)
        end = self._first(wanted + b"\xff")
        found = (line.rpartition("\t") for line in self.lines[start:end].decode().split("\n")[:-1])
        return [(entry, int(pages)) for entry, _, pages in found]

    @cached_property
    def _samples(self) -> tuple[list[bytes], list[int]]:
        """A line every few kilobytes, and where it begins."""
        starts = [0]
        while (after := self.lines.find(b"\n", starts[-1] + SAMPLE_BYTES) + 1) not in (0, len(self.lines)):
            starts.append(after)
        return [self.lines[at : at + MAX_LINE_BYTES] for at in starts], starts

    def _first(self, wanted: bytes) -> int:
        """Where the first line begins that is not below `wanted`."""
        lines, starts = self._samples
        block = bisect_left(lines, wanted)
        if not block:
            return 0
        at = starts[block - 1]
        end = starts[block] if block < len(starts) else len(self.lines)
        inside = self.lines[at:end].split(b"\n")[:-1]
        return at + sum(len(line) + 1 for line in inside[: bisect_left(inside, wanted)])

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        at = 0
        while at < len(self.lines):
            end = self.lines.find(b"\n", at)
            entry, _, pages = self.lines[at:end].rpartition(b"\t")
            yield entry, int(pages)
            at = end + 1


def merged(parts: Sequence[Dictionary]) -> bytes:
    """The file for all these parts together."""
    together = groupby(heapq.merge(*parts), key=lambda item: item[0])
    return b"".join(b"%s\t%d\n" % (entry, sum(n for _, n in same)) for entry, same in together)
