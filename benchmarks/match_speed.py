#!/usr/bin/env python3
"""How long a roster takes to import, and how long the matcher takes to find a page's patient in it.

    benchmarks/match_speed.py [--patients N] [--pages N] [--seed N] [--keep DIR] [--profile]

Writes a roster CSV of N invented people (a million by default) whose names are as
unevenly common as in a census (a small table of the commonest, an invented tail by
Zipf's law), with twins, namesakes of one birth date, Jr and Sr, dense numbers, former
names; imports it as `scanindex roster import` does; then decides about text pages of
several habits (headings, stickers, flow sheets full of dates and numbers, strangers,
misread characters). Prints wall and processor seconds and peak memory of the import,
and milliseconds a page (p50, p95, worst) of extraction, of the roster's look-ups
and of the whole `match.decide`. With --keep the roster is made once and used again.

Exit code: 0; 1 if p95 of `match.decide` is above 30 ms.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from scanindex import extract, match  # noqa: E402
from scanindex.model import (  # noqa: E402
    Box,
    PageGroup,
    PageKind,
    PageQuality,
    PageReading,
    TextSource,
    Word,
)
from scanindex.settings import MatchSettings  # noqa: E402
from scanindex.store.catalog import open_engine  # noqa: E402
from scanindex.store.migrate import migrate  # noqa: E402
from scanindex.store.roster import SqlRoster  # noqa: E402
from scanindex.store.roster_import import import_csv  # noqa: E402

TARGET_MS = 30.0
COMMON_LAST = (
    ("Smith", 828), ("Johnson", 655), ("Williams", 551), ("Brown", 487), ("Jones", 483), ("Garcia", 395),
    ("Miller", 393), ("Davis", 378), ("Rodriguez", 371), ("Martinez", 359), ("Hernandez", 353),
    ("Lopez", 296), ("Gonzalez", 285), ("Wilson", 271), ("Anderson", 266), ("Thomas", 256),
    ("Taylor", 254), ("Moore", 245), ("Jackson", 240), ("Martin", 238), ("Lee", 235), ("Perez", 231),
    ("Thompson", 225), ("White", 224), ("Harris", 211), ("Sanchez", 207), ("Clark", 190),
    ("Ramirez", 189), ("Lewis", 180), ("Robinson", 179), ("Walker", 177), ("Young", 164), ("Allen", 163),
    ("King", 158), ("Wright", 156), ("Scott", 149), ("Torres", 148), ("Nguyen", 148), ("Hill", 147),
    ("Flores", 147), ("Green", 146), ("Adams", 145), ("Nelson", 144), ("Baker", 142), ("Hall", 138),
)  # fmt: skip
"""Bearers in 100,000 people, rounded: US census 2010, Frequently Occurring Surnames."""
COMMON_FIRST = {
    "F": (
        ("Mary", 2100), ("Patricia", 900), ("Jennifer", 850), ("Linda", 840), ("Elizabeth", 820),
        ("Barbara", 750), ("Susan", 620), ("Jessica", 560), ("Sarah", 520), ("Karen", 510), ("Lisa", 490),
        ("Nancy", 470), ("Betty", 440), ("Margaret", 430), ("Sandra", 420), ("Ashley", 410),
        ("Dorothy", 400), ("Kimberly", 390), ("Emily", 380), ("Donna", 370), ("Maria", 360),
    ),
    "M": (
        ("James", 2000), ("John", 1950), ("Robert", 1900), ("Michael", 1900), ("William", 1600),
        ("David", 1500), ("Richard", 1100), ("Joseph", 1000), ("Thomas", 900), ("Charles", 880),
        ("Christopher", 850), ("Daniel", 780), ("Matthew", 700), ("Anthony", 600), ("Mark", 590),
        ("Donald", 570), ("Steven", 540), ("Paul", 530), ("Andrew", 520), ("Joshua", 510), ("George", 500),
    ),
}  # fmt: skip
"""Bearers in 100,000 people of all ages together, roughly."""
_TAIL_LAST, _TAIL_FIRST = 60_000, 2_500
_HEAD = (
    "mrn", "last", "first", "middle", "suffix", "sex", "dob", "ssn4", "phone", "address", "city", "state",
    "zip", "prior_names",
)  # fmt: skip
_ONSETS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
)
_CORES = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_CODAS = ("", "n", "r", "l", "s", "ck", "nd", "rt", "m")
_ENDS = ("son", "man", "ez", "ski", "ley", "ton", "er", "ini", "berg", "ova")
_STREETS = ("Mill", "Oak", "Linden", "Church", "Spruce", "Harbor", "Canal", "Station", "Ridge", "Walnut")
_MISREAD = {"0": "O", "1": "l", "5": "S", "8": "B", "6": "G", "e": "c", "n": "ri", "m": "rn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    mrn: str
    last: str
    first: str
    middle: str
    sex: str
    born: date
    phone: str
    address: str


class Names:
    """Draws names as unevenly as a census finds them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        tail = [_invented(rng, with_end=True) for _ in range(_TAIL_LAST)]
        self._last = _drawer(rng, COMMON_LAST, tail)
        self._first = {
            sex: _drawer(rng, table, [_invented(rng) for _ in range(_TAIL_FIRST)])
            for sex, table in COMMON_FIRST.items()
        }

    def last(self) -> str:
        return next(self._last)

    def first(self, sex: str) -> str:
        return next(self._first[sex])


def _invented(rng: random.Random, *, with_end: bool = False) -> str:
    syllables = [rng.choice(_ONSETS) + rng.choice(_CORES) + rng.choice(_CODAS) for _ in range(2)]
    return "".join((*syllables, rng.choice(_ENDS) if with_end else rng.choice(_CORES))).capitalize()


def _drawer(rng: random.Random, common: Sequence[tuple[str, int]], tail: Sequence[str]) -> Iterator[str]:
    """The common names by their counts in 100,000, the rest of the people by Zipf's law."""
    harmonic = [1 / (rank + 10) for rank in range(len(tail))]
    left = (100_000 - sum(n for _, n in common)) / sum(harmonic)
    names = [name for name, _ in common] + list(tail)
    sums = list(itertools.accumulate([float(n) for _, n in common] + [left * share for share in harmonic]))
    while True:
        yield from rng.choices(names, cum_weights=sums, k=10_000)


def people(count: int, seed: int) -> Iterator[Person]:
    """Invented patients; every 60th has a twin, every 1,000th a namesake of one birth date."""
    rng = random.Random(seed)
    names = Names(rng)
    previous: Person | None = None
    for number in range(count):
        sex = "FM"[rng.random() < 0.49]
        last, first, born = (
            names.last(),
            names.first(sex),
            date(1920, 1, 1) + timedelta(days=rng.randrange(38_000)),
        )
        address = f"{rng.randrange(1, 2_000)} {rng.choice(_STREETS)} {rng.choice(('St', 'Ave', 'Rd'))}"
        if previous and number % 60 == 1:
            last, born, address = previous.last, previous.born, previous.address
        if previous and number % 1_000 == 2:
            last, first, born = previous.last, previous.first, previous.born
        previous = Person(
            mrn=f"{2_000_000 + number:08d}",
            last=last,
            first=first,
            middle=rng.choice("ABCDEFGHJKLMNPRSTW"),
            sex=sex,
            born=born,
            phone=f"{rng.randrange(201, 990)}555{rng.randrange(10_000):04d}",
            address=address,
        )
        yield previous


def write_roster(path: Path, count: int, seed: int) -> None:
    rng = random.Random(seed + 1)
    with path.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(_HEAD)
        for number, p in enumerate(people(count, seed)):
            former = "Vandermolen" if number % 97 == 0 else ""
            suffix = ("Jr", "Sr")[number % 2] if number % 101 == 0 else ""
            ssn4 = f"{rng.randrange(10_000):04d}" if number % 5 else ""
            zip_code = f"{rng.randrange(10_000, 99_999)}"
            out.writerow(
                (p.mrn, p.last, p.first, p.middle, suffix, p.sex, p.born.isoformat(), ssn4, p.phone,
                 p.address, "Tiffin", "OH", zip_code, former)
            )  # fmt: skip


# --- pages -------------------------------------------------------------------------
def page_lines(p: Person, kind: str, rng: random.Random) -> list[str]:
    """Lines of text of one page about `p`, two spaces between cells."""
    dob = p.born.strftime("%m/%d/%Y")
    day = (date(2006, 1, 1) + timedelta(days=rng.randrange(4_000))).strftime("%m/%d/%Y")
    body = [
        f"Seen on {day}. Blood pressure 1{rng.randrange(10, 60)}/{rng.randrange(60, 95)}, pulse 72.",
        "Denies chest pain or shortness of breath. Continues lisinopril 10 mg daily.",
        f"Return in {rng.randrange(2, 9)} weeks. Electronically signed by Martin Keller MD {day}",
    ] * 4
    if kind == "heading":
        top = [
            f"Patient: {p.last}, {p.first} {p.middle}    DOB: {dob}    MRN: {p.mrn}",
            f"Date of service: {day}",
        ]
    elif kind == "stacked":
        top = [
            "Name",
            f"{p.first} {p.last}",
            "Date of birth",
            dob,
            f"Phone {p.phone[:3]}-{p.phone[3:6]}-{p.phone[6:]}",
        ]
    elif kind == "sticker":
        top = [f"{p.last.upper()} {p.first.upper()}", f"{p.mrn}   {dob}   {p.sex}", p.address.upper()]
    elif kind == "letter":
        top = [day, f"RE: {p.first} {p.middle}. {p.last}", f"Born {p.born:%B} {p.born.day}, {p.born.year}"]
        top += ["Dear Dr. Robert Johnson,", "Thank you for referring this pleasant patient."]
    else:
        top = [f"FLOW SHEET  {p.last}, {p.first}  DOB {dob}"]
        start = date(2004, 3, 1) + timedelta(days=rng.randrange(2_000))
        body = [
            f"{start + timedelta(days=7 * row):%m/%d/%Y}  {rng.randrange(2_000_000, 3_000_000)}  "
            f"{rng.randrange(100_000, 999_999)}  {rng.randrange(60, 180)}  {rng.randrange(60, 180)}"
            for row in range(30)
        ]
    return ["RIVERBEND GENERAL HOSPITAL   100 Main Street   Phone (419) 555-0100", *top, *body]


def reading_of(lines: Sequence[str], rng: random.Random, error_rate: float) -> PageReading:
    words = []
    for line_no, line in enumerate(lines, 1):
        left = 100
        for cell in line.split(" "):
            if cell:
                text = "".join(_misread(c, rng, error_rate) for c in cell)
                box = Box(
                    left_px=left,
                    top_px=60 * line_no,
                    right_px=left + 16 * len(text),
                    bottom_px=60 * line_no + 30,
                )
                words.append(Word(text=text, box=box, confidence=0.95, engine="bench", line_no=line_no))
            left += 16 * (len(cell) + 1)
    quality = PageQuality(dpi=200.0, skew_degrees=0.0, contrast=0.9, ink_share=0.05, legibility=0.95)
    return PageReading(
        scan_page_no=1,
        kind=PageKind.CONTENT,
        width_px=1700,
        height_px=2200,
        dpi=200.0,
        rotation_degrees=0,
        words=tuple(words),
        quality=quality,
        text_source=TextSource.OCR,
        engines=("bench",),
    )


def _misread(character: str, rng: random.Random, rate: float) -> str:
    return _MISREAD.get(character, character) if rng.random() < rate else character


KINDS = ("heading", "stacked", "sticker", "letter", "flow_sheet")


def pages(chosen: Sequence[Person], seed: int) -> Iterator[tuple[str, Person | None, PageReading]]:
    """(kind, patient or None for a stranger, page); every tenth is about nobody registered."""
    rng = random.Random(seed + 2)
    names = Names(random.Random(seed + 3))
    for number, person in enumerate(chosen):
        kind = KINDS[number % len(KINDS)]
        rate = (0.0, 0.01, 0.03)[number % 3]
        if number % 10 == 9:
            born = date(1925, 5, 1) + timedelta(days=rng.randrange(30_000))
            stranger = Person(
                mrn=f"{rng.randrange(5_000_000, 9_000_000):08d}", last=names.last(), first=names.first("F"),
                middle="Q", sex="F", born=born, phone="4195550199", address="1 Nowhere Rd",
            )  # fmt: skip
            yield f"stranger/{kind}", None, reading_of(page_lines(stranger, kind, rng), rng, rate)
        else:
            yield kind, person, reading_of(page_lines(person, kind, rng), rng, rate)


# --- measuring -----------------------------------------------------------------------
class Timed:
    """`ports.Roster` that counts the time spent in it."""

    def __init__(self, roster: SqlRoster) -> None:
        self._roster = roster
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._roster, name)

        def called(*args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return method(*args, **options)
            finally:
                self.seconds[name] += time.perf_counter() - started

        return called


def make_roster(folder: Path, count: int, seed: int) -> SqlRoster:
    """The imported roster in `folder`; made there unless an earlier run left it."""
    database, source = folder / f"roster-{count}.db", folder / f"roster-{count}.csv"
    is_there = database.exists() and source.exists()
    if not source.exists():
        write_roster(source, count, seed)
    engine = open_engine(f"sqlite:///{database}")
    migrate(engine)
    if not is_there:
        before, started, used = _peak_bytes(), time.perf_counter(), time.process_time()
        report = import_csv(engine, source, authority="local")
        wall, used = time.perf_counter() - started, time.process_time() - used
        print(
            f"import: {report.rows} rows, {report.added} added, {report.error_count} errors; "
            f"{wall:.1f} s wall, {used:.1f} s processor; peak memory {_peak_bytes() / 1e6:.0f} MB "
            f"({before / 1e6:.0f} MB before); database {database.stat().st_size / 1e6:.0f} MB"
        )
    return SqlRoster(engine)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(roster: SqlRoster, chosen: Sequence[Person], seed: int) -> float:
    """Prints the table; returns p95 of the whole decision in milliseconds."""
    settings = MatchSettings()
    spent: dict[str, list[float]] = {"extract": [], "look-ups": [], "decide": []}
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    calls: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for kind, person, page in pages(chosen, seed):
        timed = Timed(roster)
        started = time.perf_counter()
        findings = extract.find(page)
        found = time.perf_counter()
        group = PageGroup(pages=(1,), reasons=(), is_sure=True)
        decision = match.decide((page,), (findings,), group, timed, settings)
        done = time.perf_counter()
        spent["extract"].append(found - started)
        spent["decide"].append(done - found)
        spent["look-ups"].append(sum(timed.seconds.values()))
        by_kind[kind].append(done - found)
        calls.update({name: int(seconds * 1e6) for name, seconds in timed.seconds.items()})
        outcomes[decision.outcome] += 1
        top = [roster.get(c.patient_id) for c in decision.candidates]
        is_found = person is not None and any(p is not None and p.mrn == person.mrn for p in top)
        outcomes["right among five"] += is_found
        outcomes["wrong filed"] += decision.outcome == "auto" and not (is_found and top[0].mrn == person.mrn)  # type: ignore[union-attr]
    for name, values in spent.items():
        print(f"{name:10s} {_summary(values)}")
    for kind, values in sorted(by_kind.items()):
        print(f"  decide, {kind:20s} {_summary(values)}")
    total = sum(spent["decide"])
    for name, microseconds in calls.most_common():
        print(f"  look-up {name:14s} {microseconds / 1e6 / total:5.0%} of decide")
    print("  " + ", ".join(f"{name}: {n}" for name, n in sorted(outcomes.items())))
    return 1000 * statistics.quantiles(spent["decide"], n=20)[-1]


def _summary(seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=20)
    middle, high = statistics.median(seconds), cuts[-1]
    return f"p50 {1000 * middle:6.1f} ms  p95 {1000 * high:6.1f} ms  worst {1000 * max(seconds):7.1f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="Folder for the roster; used again if it is there.")
    parser.add_argument("--profile", action="store_true", help="Where `match.decide` spends its time.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        roster = make_roster(folder, options.patients, options.seed)
        rng = random.Random(options.seed + 4)
        wanted = set(rng.sample(range(options.patients), min(options.pages, options.patients)))
        chosen = [p for n, p in enumerate(people(options.patients, options.seed)) if n in wanted]
        if options.profile:
            import cProfile

            with cProfile.Profile() as profile:
                p95 = measure(roster, chosen, options.seed)
            profile.print_stats("tottime")
        else:
            p95 = measure(roster, chosen, options.seed)
    return 1 if p95 > TARGET_MS else 0


if __name__ == "__main__":
    sys.exit(main())
