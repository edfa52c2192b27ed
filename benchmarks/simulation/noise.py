"""Reads print as the product's two readers do, by a table measured from them. Imports nothing of the product.

What befalls a printed word (how often both readers, one of them, or neither erred, how sure they were,
whether both looked) is drawn whole from words measured at that wear, so that certainty and error stay
together; which character is misread as what is drawn by how often that happened to it
(see `measure_noise.py`).
"""

from __future__ import annotations

import json
import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("noise.json")
WEAR_SHARES = {
    "clean": 0.28, "light": 0.33, "heavy": 0.12, "coarse": 0.06, "fax": 0.13, "photocopy": 0.04,
    "dot matrix": 0.04,
}  # fmt: skip
GRADES = ("good", "poor")
ERRORS = ("same", "apart", "text", "second")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWord:
    """One word as it was read."""

    text: str = field(repr=False)
    second: str | None = field(repr=False)
    """The other reader's; "" where it saw nothing, None where it did not look."""
    confidence: float
    least_confidence: float | None
    start: int
    end: int
    """Which characters of the printed text it stands for."""


class _Choice:
    """Draws an item by weight."""

    def __init__(self, items: Sequence[Any], weights: Sequence[float]) -> None:
        self._items, self._sums = items, list(accumulate(weights))

    def draw(self, chance: random.Random) -> Any:
        return self._items[min(bisect(self._sums, chance.random() * self._sums[-1]), len(self._items) - 1)]


class Noise:
    """The measured table, ready to draw from."""

    def __init__(self, table: dict[str, Any]) -> None:
        printed = table["printed"]
        self._reads = {
            error: {c: _Choice(list(seen), list(seen.values())) for c, seen in confusions.items()}
            for error, confusions in table["confusions"].items()
        }
        self._weights = {
            error: {c: sum(seen.values()) / max(printed.get(c, 1), 20) for c, seen in confusions.items()}
            for error, confusions in table["confusions"].items()
        }
        self._words = {
            (wear, kind): _Choice([r[:-1] for r in rows], [r[-1] for r in rows])
            for wear, kinds in table["words"].items()
            for kind, rows in kinds.items()
        }
        self._misread_words = {
            wear: [row for row in kinds["mrn"] if row[3] and not row[1]]
            for wear, kinds in table["words"].items()
        }
        self.legibility: dict[str, float] = table["legibility"]

    @classmethod
    def measured(cls) -> Noise:
        return cls(json.loads(TABLE.read_text("utf-8")))

    def wear(self, chance: random.Random) -> str:
        """Wear and grade of one paper."""
        wear = chance.choices(tuple(WEAR_SHARES), tuple(WEAR_SHARES.values()))[0]
        return f"{wear} {chance.choice(GRADES)}"

    def read_wrongly(self, chance: random.Random, wear: str, text: str, read_as: str) -> list[ReadWord]:
        """A number of one word misread as `read_as` by the first reader; how sure it was, and whether the
        other looked, as measured where the first reader alone erred."""
        rows = self._misread_words[wear] or [row for rows in self._misread_words.values() for row in rows]
        state, *_, confidence, least, _ = chance.choices(rows, [row[-1] for row in rows])[0]
        second = {"both": text, "unseen": ""}.get(state)
        return [
            ReadWord(
                text=read_as,
                second=second,
                confidence=confidence + 0.01,
                least_confidence=least if least >= 0 else None,
                start=0,
                end=len(text),
            )
        ]

    def read(self, chance: random.Random, wear: str, kind: str, text: str) -> list[ReadWord]:
        """The words that stand for `text`; words may be lost, glued and broken."""
        is_identifier = kind != "other"
        source = self._words[wear, kind if is_identifier else "name"]
        cells: list[_Cell] = []
        place = 0
        parts = text.split(" ")
        for number, part in enumerate(parts):
            token = part + (" " if number < len(parts) - 1 else "")
            if part:
                cells += self._token(chance, source.draw(chance), token, place, is_identifier)
            place += len(part) + 1
        return list(_words_of(cells))

    def _token(
        self, chance: random.Random, record: list[Any], token: str, place: int, is_identifier: bool
    ) -> list[_Cell]:
        state, same, apart, only, second, confidence, least = record
        if state == "missed":
            return [_Cell(text=" ", second=" ", place=place, state=state, confidence=0.0, least=-1.0)]
        if not is_identifier:
            # Labels and prose are mostly read once, and what the second reader would say hardly matters.
            state, second, apart, only = "single", 0, 0, only + apart
        outputs = [(c, c) for c in token]
        for error, count in zip(ERRORS, (same, apart, only, second), strict=True):
            for _ in range(count):
                self._misread(chance, error, token, outputs)
        return [
            _Cell(text=a, second=b, place=place + at, state=state, confidence=confidence, least=least)
            for at, (a, b) in enumerate(outputs)
        ]

    def _misread(self, chance: random.Random, error: str, token: str, outputs: list[tuple[str, str]]) -> None:
        weights = self._weights[error]
        open_places = [at for at, c in enumerate(token) if outputs[at] == (c, c) and c in weights]
        if not open_places:
            return
        at = chance.choices(open_places, [weights[token[p]] for p in open_places])[0]
        read = self._reads[error][token[at]].draw(chance)
        if error == "same":
            outputs[at] = read, read
        elif error == "second":
            outputs[at] = token[at], read
        elif error == "text":
            outputs[at] = read, token[at]
        else:
            outputs[at] = (
                read,
                self._reads[chance.choice(("second", "apart"))]
                .get(token[at], self._reads[error][token[at]])
                .draw(chance),
            )


@dataclass(slots=True, kw_only=True)
class _Cell:
    """What one printed character came to be."""

    text: str
    second: str
    place: int
    state: str
    confidence: float
    least: float


def _words_of(cells: Sequence[_Cell]) -> list[ReadWord]:
    words: list[ReadWord] = []
    text = second = ""
    mine: list[_Cell] = []

    def close() -> None:
        nonlocal text, second, mine
        if text:
            words.append(_word(text, second, mine))
        text, second, mine = "", "", []

    for cell in cells:
        pieces = cell.text.split(" ")
        for number, piece in enumerate(pieces):
            if number:
                close()
            text += piece
            if piece or not number:
                mine.append(cell)
        second += cell.second
    close()
    return words


def _word(text: str, second: str, cells: Sequence[_Cell]) -> ReadWord:
    states = {c.state for c in cells} - {"missed"}
    seen: str | None = " ".join(second.split())
    if "single" in states:
        seen = None
    elif "unseen" in states:
        seen = ""
    least = min(c.least for c in cells)
    return ReadWord(
        text=text,
        second=seen,
        confidence=min(c.confidence for c in cells) + 0.01,
        least_confidence=least if least >= 0 else None,
        start=cells[0].place,
        end=cells[-1].place + 1,
    )
