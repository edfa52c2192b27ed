"""How the numbers of each authority look, learned from what was imported.

A shape is the number with each digit as 9 and each letter as A; a leading zero stays 0.
What differs from nearly all others of its authority is warned about, never refused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

_SHAPE = str.maketrans("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "9" * 10 + "A" * 52)
_LEAST_KNOWN = 100
"""Numbers of an authority from which on it has a shape."""
_RARE_SHARE = 0.01
_LINES_KEPT = 50
_ZEROS_USUAL = 0.05

WORDS: Mapping[str, str] = {
    "number_shape": "The number has another length or other letters than nearly all of its authority.",
    "leading_zeros_lost": "Numbers differ in length, none begins with zero: a spreadsheet may have cut them.",
}


def shape_of(value: str) -> str:
    shape = value.translate(_SHAPE)
    return "0" + shape[1:] if value[:1] == "0" else shape


class Shapes:
    """What one import holds, over what is known already."""

    def __init__(self, known: Mapping[str, Mapping[str, int]]) -> None:
        self._known = known
        self._seen: Counter[tuple[str, str]] = Counter()
        self._added: Counter[tuple[str, str]] = Counter()
        self._lines: defaultdict[tuple[str, str], list[int]] = defaultdict(list)

    def see(self, line_no: int, authority: str, value: str) -> None:
        shape = authority, shape_of(value)
        self._seen[shape] += 1
        if self._seen[shape] <= _LINES_KEPT:
            self._lines[shape].append(line_no)

    def add(self, authority: str, value: str) -> None:
        self._added[authority, shape_of(value)] += 1

    def learned(self) -> dict[str, dict[str, int]]:
        """Authority to how many of its numbers have each shape, this import included."""
        found = {authority: dict(shapes) for authority, shapes in self._known.items()}
        for (authority, shape), count in self._added.items():
            shapes = found.setdefault(authority, {})
            shapes[shape] = shapes.get(shape, 0) + count
        return found

    def warnings(self) -> Iterator[tuple[int, str]]:
        """(line or 0, code)."""
        for authority, shapes in self.learned().items():
            if self._has_lost_zeros(authority):
                yield 0, "leading_zeros_lost"
            patterns: Counter[str] = Counter()
            for shape, count in shapes.items():
                patterns[shape.replace("0", "9")] += count
            if patterns.total() >= _LEAST_KNOWN:
                rare = {p for p, n in patterns.items() if n < _RARE_SHARE * patterns.total()}
                yield from self._lines_of(authority, rare)

    def _lines_of(self, authority: str, patterns: set[str]) -> Iterator[tuple[int, str]]:
        for (of, shape), lines in self._lines.items():
            if of == authority and shape.replace("0", "9") in patterns:
                yield from ((line_no, "number_shape") for line_no in lines)

    def _has_lost_zeros(self, authority: str) -> bool:
        """All digits, of several lengths, the longest the commonest, none with a zero in front:
        by itself, or because zeros in front are usual for this authority."""
        here = {s: n for (of, s), n in self._seen.items() if of == authority and s.strip("09") == ""}
        if any(shape.startswith("0") for shape in here) or not here:
            return False
        lengths: Counter[int] = Counter()
        for shape, count in here.items():
            lengths[len(shape)] += count
        if len(lengths) > 1 and lengths[max(lengths)] > 0.5 * lengths.total():
            return True
        known = self._known.get(authority, {})
        zeros = sum(n for shape, n in known.items() if shape.startswith("0"))
        longest = max((len(shape) for shape in known), default=0)
        usual = zeros > _ZEROS_USUAL * sum(known.values()) and sum(known.values()) >= _LEAST_KNOWN
        return usual and any(length < longest for length in lengths)
