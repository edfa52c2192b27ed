#!/usr/bin/env python3
"""How quickly patients are suggested while somebody types, and how soon the right one is among them.

    benchmarks/typeahead.py [--patients N] [--people N] [--seed N] [--keep DIR]

Makes the roster of `match_speed.py` (a million invented people by default; used again with
--keep) and imports it as `scanindex roster import` does. Then types, letter by letter, what
finds some of its people, in several styles: last name first, first name first, with a birth
date behind in several formats, with spellings that sound alike, numbers from their beginning,
middle and end, birth dates with a few letters of a name. Every keystroke asks for ten
suggestions. Prints per style milliseconds a keystroke (p50, p95, worst, and p95 of the
processor's time, which other programs on the machine do not lengthen), how often the
right person is among the first five and ten once everything is typed, and after how many
keystrokes the median person is among the first ten; then hostile text; then what the
look-up tables add to the database.

Exit code: 0; 1 if p95 of all keystrokes is above 50 ms.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.match_speed import Person, make_roster, people  # noqa: E402
from scanindex.store.catalog import open_engine  # noqa: E402
from scanindex.store.roster import SqlRoster  # noqa: E402

TARGET_MS = 50.0
_LIMIT = 10
_ALIKE = (
    ("ph", "f"), ("ck", "k"), ("ski", "sky"), ("ea", "ee"), ("ai", "ay"), ("ou", "oo"), ("th", "tth"),
    ("sch", "sh"), ("mm", "m"), ("ll", "l"), ("nn", "n"), ("tt", "t"), ("ss", "s"), ("ie", "y"),
    ("y", "ie"), ("i", "y"), ("e", "a"), ("n", "nn"), ("r", "rr"), ("l", "ll"),
)  # fmt: skip
"""Spellings that an English ear does not tell apart."""
_HOSTILE = (
    "*", "%", "a b c d e f g h i j k l", "1 2 3 4 5 6 7 8 9", "0 0 0", "x" * 10_000, "1" * 10_000,
    "smi* OR \"jo\" NEAR(", "' OR 1=1 --", "\U0001f600 \U0001f9b4", "s m i t h", "1/1/1", "de la de la de la",
)  # fmt: skip
_TABLES = ("roster_terms", "roster_words")


def last_first(p: Person, _: random.Random) -> str:
    return f"{p.last}, {p.first} {p.born:%m/%d/%Y}"


def first_last(p: Person, _: random.Random) -> str:
    return f"{p.first} {p.last} {p.born.day} {p.born:%b} {p.born.year}".lower()


def short_names(p: Person, _: random.Random) -> str:
    return f"{p.last[:4]} {p.first[:3]} {p.born:%m%d%y}".lower()


def middle_too(p: Person, _: random.Random) -> str:
    return f"{p.first} {p.middle} {p.last} {p.born.year}".lower()


def sounds_alike(p: Person, rng: random.Random) -> str:
    return f"{misheard(p.last, rng)} {misheard(p.first, rng)} {p.born:%m/%d/%y}".lower()


def number(p: Person, _: random.Random) -> str:
    return p.mrn


def number_end(p: Person, _: random.Random) -> str:
    return f"{p.mrn[-5:]} {p.last[:4]}".lower()


def number_middle(p: Person, rng: random.Random) -> str:
    start = rng.randrange(1, 4)
    return f"{p.last[:3]} {p.first[:2]} {p.mrn[start : start + 4]}".lower()


def born_first(p: Person, rng: random.Random) -> str:
    born = rng.choice((f"{p.born}", f"{p.born:%m/%d/%Y}", f"{p.born:%m%d%y}", f"{p.born:%d %b %Y}".lower()))
    return f"{born} {p.last[:3].lower()}"


STYLES: dict[str, Callable[[Person, random.Random], str]] = {
    style.__name__: style
    for style in (
        last_first, first_last, short_names, middle_too, sounds_alike, number, number_end, number_middle,
        born_first,
    )
}  # fmt: skip


def misheard(name: str, rng: random.Random) -> str:
    """The name in another spelling of the same sound, or as it is where none is known."""
    folded = name.lower()
    ways = [pair for pair in _ALIKE if pair[0] in folded[1:]]
    if not ways:
        return folded
    old, new = rng.choice(ways)
    return folded[0] + folded[1:].replace(old, new, 1)


@dataclass(slots=True)
class Measured:
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """The same without waiting for other programs."""
    first_five: int = 0
    first_ten: int = 0
    keystrokes: list[int] = field(default_factory=list)
    """Until the person is among the first ten; the whole text and one more where never."""
    typed: list[int] = field(default_factory=list)


def type_out(roster: SqlRoster, line: str, mrn: str, into: Measured) -> None:
    """Every keystroke of a line, as a screen would ask for it."""
    first_seen = len(line) + 1
    place = _LIMIT
    for size in range(1, len(line) + 1):
        started, used = time.perf_counter(), time.process_time()
        found = roster.suggest(line[:size], limit=_LIMIT)
        into.seconds.append(time.perf_counter() - started)
        into.processor.append(time.process_time() - used)
        place = next((n for n, one in enumerate(found) if one.patient.mrn == mrn), _LIMIT)
        if place < _LIMIT:
            first_seen = min(first_seen, size)
    into.first_five += place < 5
    into.first_ten += place < _LIMIT
    into.keystrokes.append(first_seen)
    into.typed.append(len(line))


def table_of(roster: SqlRoster, chosen: Sequence[Person], seed: int) -> list[float]:
    """Prints a line per style; returns the seconds of all keystrokes."""
    rng = random.Random(seed + 5)
    everything: list[float] = []
    processor: list[float] = []
    for line in ("smith john", "2000", "1931"):  # open the database's pages once
        roster.suggest(line)
    print(f"{'style':14s} {'p50':>7s} {'p95':>7s} {'worst':>8s} {'p95 cpu':>8s}  in 5   in 10  keystrokes of")
    for name, style in STYLES.items():
        measured = Measured()
        for person in chosen:
            type_out(roster, style(person, rng), person.mrn, measured)
        five, ten = measured.first_five / len(chosen), measured.first_ten / len(chosen)
        print(
            f"{name:14s} {_times(measured.seconds)} {_p95_ms(measured.processor):5.1f} ms  {five:4.0%}  "
            f"{ten:6.0%}  {statistics.median(measured.keystrokes):10.0f} "
            f"{statistics.median(measured.typed):2.0f}"
        )
        everything += measured.seconds
        processor += measured.processor
    print(f"{'all':14s} {_times(everything)} {_p95_ms(processor):5.1f} ms  ({len(everything)} keystrokes)")
    hostile = []
    for line in _HOSTILE:
        started = time.perf_counter()
        roster.suggest(line, limit=_LIMIT)
        hostile.append(time.perf_counter() - started)
    print(f"{'hostile':14s} {_times(hostile)}")
    return everything


def _times(seconds: Sequence[float]) -> str:
    middle, worst = 1000 * statistics.median(seconds), 1000 * max(seconds)
    return f"{middle:4.1f} ms {_p95_ms(seconds):4.1f} ms {worst:5.1f} ms"


def _p95_ms(seconds: Sequence[float]) -> float:
    return 1000 * statistics.quantiles(seconds, n=20)[-1]


def extra_size(database: Path) -> str:
    """What the look-up tables take, where this SQLite can tell."""
    query = (
        "SELECT name LIKE :fts, sum(pgsize) FROM dbstat WHERE name LIKE :own OR name LIKE :words GROUP BY 1"
    )
    wanted = {"fts": "%fts%", "own": f"%{_TABLES[0]}%", "words": f"%{_TABLES[1]}%"}
    try:
        with open_engine(f"sqlite:///{database}").connect() as connection:
            sizes = {bool(row[0]): row[1] for row in connection.execute(text(query), wanted)}
    except OperationalError:
        return "unknown (this SQLite has no dbstat)"
    return (
        f"{sizes.get(False, 0) / 1e6:.0f} MB of words, {sizes.get(True, 0) / 1e6:.0f} MB of index over them"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=100, help="How many are typed, in each style.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="Folder for the roster; used again if it is there.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        roster = make_roster(folder, options.patients, options.seed)
        rng = random.Random(options.seed + 6)
        wanted = set(rng.sample(range(options.patients), min(options.people, options.patients)))
        chosen = [p for n, p in enumerate(people(options.patients, options.seed)) if n in wanted]
        seconds = table_of(roster, chosen, options.seed)
        database = folder / f"roster-{options.patients}.db"
        print(f"database {database.stat().st_size / 1e6:.0f} MB, of it for this: {extra_size(database)}")
    return 1 if _p95_ms(seconds) > TARGET_MS else 0


if __name__ == "__main__":
    sys.exit(main())
