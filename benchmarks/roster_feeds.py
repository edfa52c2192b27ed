#!/usr/bin/env python3
"""How long a million patients take to come in as CSV, as FHIR NDJSON and as HL7 ADT, and one message by MLLP.

    benchmarks/roster_feeds.py [--patients N] [--messages N] [--keep DIR] [--only csv,ndjson,hl7,mllp,again]

The same invented people (see match_speed.py) in three files; each is imported into an empty roster, as
`scanindex roster import` does. `again` imports the CSV over itself. `mllp` sends single messages (updates,
new people, merges) to a listener on the last full roster and waits for each answer. Prints wall and
processor seconds, rows a second, peak memory, and the ratio to the CSV.

Exit code: 0; 1 if a file of a million takes more than 120 seconds, or a message more than 100 ms (p50).
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.match_speed import write_roster  # noqa: E402
from scanindex import app, feeding  # noqa: E402
from scanindex.hl7.answers import read_ack  # noqa: E402
from scanindex.hl7.er7 import encode, segment  # noqa: E402
from scanindex.hl7.mllp import MllpConnection  # noqa: E402
from scanindex.settings import FeedsSettings, Settings  # noqa: E402
from scanindex.store.roster_import import import_source  # noqa: E402
from scanindex.store.roster_source import AuthorityNames  # noqa: E402
from scanindex.store.roster_sources import open_source  # noqa: E402

MOST_SECONDS_A_MILLION, MOST_MS = 120.0, 100.0
NAMES = ("HOSP=local", "http://hospital.example/mrn=local")
Row = dict[str, str]


def as_fhir(row: Row, number: int) -> str:
    names: list[dict[str, object]] = [
        {"use": "official", "family": row["last"], "given": [row["first"], row["middle"]]}
    ]
    if row["suffix"]:
        names[0]["suffix"] = [row["suffix"]]
    if row["prior_names"]:
        names.append({"use": "maiden", "family": row["prior_names"], "given": [row["first"]]})
    numbers: list[dict[str, object]] = [
        {
            "use": "usual",
            "type": {"coding": [{"code": "MR"}]},
            "system": "http://hospital.example/mrn",
            "value": row["mrn"],
        }
    ]
    if row["ssn4"]:
        numbers.append({"system": "http://hl7.org/fhir/sid/us-ssn", "value": f"00000{row['ssn4']}"})
    patient = {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"lastUpdated": f"2024-05-01T10:{number // 60 % 60:02d}:{number % 60:02d}Z"},
        "active": True,
        "identifier": numbers,
        "name": names,
        "telecom": [{"system": "phone", "value": row["phone"], "use": "home"}],
        "gender": {"F": "female", "M": "male"}[row["sex"]],
        "birthDate": row["dob"],
        "address": [
            {"line": [row["address"]], "city": row["city"], "state": row["state"], "postalCode": row["zip"]}
        ],
    }
    return json.dumps(patient) + "\n"


def as_adt(row: Row, number: int, event: str = "A28", wrong: str = "", second: int = 0) -> bytes:
    at = f"202405{1 + second // 86_400:02d}10{number // 60 % 60:02d}{number % 60:02d}"
    kinds: list[tuple[str | None, ...]] = [
        (row["last"], row["first"], row["middle"], row["suffix"], None, None, "L")
    ]
    if row["prior_names"]:
        kinds.append((row["prior_names"], row["first"], None, None, None, None, "M"))
    phone = row["phone"]
    lines = [
        segment(
            "MSH",
            {3: "ADT", 4: "HOSP", 5: "SCANINDEX", 7: at, 9: ("ADT", event), 10: f"{event}{number}-{second}",
             11: "P", 12: "2.5.1"},
        ),
        segment("EVN", {1: event, 2: at}),
        segment(
            "PID",
            {1: "1", 3: (row["mrn"], None, None, ("HOSP", "2.16.840.1.113883.3.999.1", "ISO"), "MR"),
             5: kinds, 7: row["dob"].replace("-", ""), 8: row["sex"],
             11: (row["address"], None, row["city"], row["state"], row["zip"], None, "H"),
             13: (None, "PRN", "PH", None, None, phone[:3], phone[3:]),
             19: f"00000{row['ssn4']}" if row["ssn4"] else None},
        ),
    ]  # fmt: skip
    if wrong:
        lines.append(segment("MRG", {1: (wrong, None, None, "HOSP", "MR")}))
    return encode(lines)


def write_feeds(folder: Path, count: int) -> dict[str, Path]:
    paths = {name: folder / f"feed-{count}.{name}" for name in ("csv", "ndjson", "hl7")}
    if not all(path.exists() for path in paths.values()):
        write_roster(paths["csv"], count, 7)
        with (
            paths["csv"].open(encoding="utf-8") as rows,
            paths["ndjson"].open("w", encoding="utf-8") as fhir,
            paths["hl7"].open("wb") as adt,
        ):
            for number, row in enumerate(csv.DictReader(rows)):
                fhir.write(as_fhir(row, number))
                adt.write(as_adt(row, number))
    return paths


def workspace(home: Path) -> app.Workspace:
    settings = Settings(home=home, feeds=FeedsSettings(authorities=NAMES))
    if not home.exists():
        app.initialise(settings)
    return app.open_workspace(settings)


def timed(work: Callable[[], int]) -> tuple[int, float, float]:
    started, used = time.perf_counter(), _processor()
    count = work()
    return count, time.perf_counter() - started, _processor() - used


def _processor() -> float:
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in found)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def import_into(home: Path, path: Path) -> int:
    opened = workspace(home)
    report = import_source(opened.engine, open_source(path, AuthorityNames("local", NAMES)))
    opened.close()
    if report.error_count:
        raise SystemExit(f"{path.name}: {report.error_count} rows with errors")
    return report.rows


def messages(path: Path, count: int) -> Iterator[bytes]:
    """Updates, new people and merges in turn, about people of all the roster."""
    rng = random.Random(3)
    with path.open(encoding="utf-8") as stream:
        rows = [row for number, row in enumerate(csv.DictReader(stream)) if number % 997 == 0]
    for number in range(count):
        row = rng.choice(rows)
        second = 86_400 * 3 + number
        if number % 10 == 7:
            new = row | {"mrn": f"9{number:07d}", "prior_names": ""}
            yield as_adt(new, number, "A28", second=second)
        elif number % 10 == 8:
            yield as_adt(row, number, "A40", wrong=f"9{number - 1:07d}", second=second)
        else:
            yield as_adt(row | {"phone": f"{rng.randrange(10**9, 10**10)}"}, number, "A08", second=second)


def by_mllp(home: Path, path: Path, count: int) -> tuple[list[float], float]:
    """(seconds of each message, seconds that what follows took)."""
    opened = workspace(home)
    feed = feeding.feed_of("bench", opened.settings)
    receiving = feeding.Receiving(opened, feed)
    spent = []
    where = feeding.Line(host="127.0.0.1", port=0)
    with (
        feeding.open_listener(where, receiving.answer_or_hang_up) as listener,
        MllpConnection("127.0.0.1", listener.port) as line,
    ):
        for message in messages(path, count):
            started = time.perf_counter()
            answer = read_ack(line.exchange([message]))
            spent.append(time.perf_counter() - started)
            if answer.code != "AA":
                raise SystemExit(f"answer {answer.code} ({answer.text})")
    started = time.perf_counter()
    feeding.follow(feed, opened)
    followed = time.perf_counter() - started
    opened.close()
    return spent, followed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, help="Folder for the files; used again if they are there.")
    parser.add_argument("--only", default="csv,ndjson,hl7,again,mllp")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := sorted({*wanted} - {*parser.get_default("only").split(",")}):
        parser.error(f"no {unknown[0]!r}; there are {parser.get_default('only')}")
    is_slow = False
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        paths = write_feeds(folder, options.patients)
        first = 0.0
        home = Path(scratch) / "csv"
        for name in [n for n in ("csv", "ndjson", "hl7", "again") if n in wanted]:
            home = home if name == "again" else Path(scratch) / name
            path = paths["csv"] if name == "again" else paths[name]
            rows, wall, used = timed(lambda home=home, path=path: import_into(home, path))  # type: ignore[misc]
            first = first or wall
            is_slow |= wall > MOST_SECONDS_A_MILLION * rows / 1_000_000
            print(
                f"{name:7s} {rows} rows, {path.stat().st_size / 1e6:5.0f} MB: {wall:6.1f} s wall, "
                f"{used:6.1f} s processor, {rows / wall:7.0f} rows/s, x{wall / first:.2f}; "
                f"peak {_peak_megabytes():.0f} MB",
                flush=True,
            )
        if "mllp" in wanted:
            spent, followed = by_mllp(home, paths["csv"], options.messages)
            cuts = [1000 * cut for cut in statistics.quantiles(spent, n=20)]
            is_slow |= 1000 * statistics.median(spent) > MOST_MS
            print(
                f"mllp    {len(spent)} messages: p50 {1000 * statistics.median(spent):.1f} ms, "
                f"p95 {cuts[-1]:.1f} ms, worst {1000 * max(spent):.1f} ms; "
                f"what follows, once: {followed:.1f} s"
            )
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
