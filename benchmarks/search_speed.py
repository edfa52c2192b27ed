#!/usr/bin/env python3
"""How fast search is at 100,000 pages (Whoosh) and 1,000,000 (Tantivy), beside plain engines.

    benchmarks/search_speed.py [--engines whoosh[,tantivy]] [--peers whoosh,fts5,tantivy] [--pages N]
                               [--patients N] [--seed N] [--queries N] [--repeats N] [--rounds N]
                               [--misreadings JSON] [--folder DIR] [--core N] [--filing] [--rebuild]
                               [--no-search] [--json FILE]

Invents an archive of charts (`search.corpus`), builds one index per engine, asks the
same questions of all of them, each in a process of its own on one core, and prints
processor milliseconds (wall in brackets), ratios, sizes and whether the targets are
met. Totals of the exact classes are compared with a count made without any index: a
wrong one is a missed target. Everything built is kept in --folder and used again.

--filing: documents are filed into the full index while another process searches it.
--rebuild: time and memory of a rebuild, and of one that goes on after kill -9.

Exit code: 0; 1 if a target was missed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.search import corpus, examine, filing, questions, rebuild, report  # noqa: E402
from benchmarks.search.peers import PEERS  # noqa: E402

PAGES = {"whoosh": 100_000, "tantivy": 1_000_000}
FILED_PAPERS, SECONDS_BETWEEN = 200, 0.5


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--engines", default="whoosh", help="The product's: whoosh, tantivy or both.")
    parser.add_argument("--peers", help="Of whoosh (by default up to 200,000 pages only), fts5, tantivy.")
    parser.add_argument("--pages", type=int, help="100,000 by default, 1,000,000 with tantivy alone.")
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--queries", type=int, default=40, help="Of each class.")
    parser.add_argument("--repeats", type=int, default=3, help="After the first time a query was asked.")
    parser.add_argument("--rounds", type=int, default=1, help="Engines take turns; the fastest round counts.")
    parser.add_argument("--misreadings", type=Path, help="JSON of pairs counted on real output.")
    parser.add_argument("--folder", type=Path, required=True, help="Corpus and indexes are kept here.")
    parser.add_argument("--core", type=int, default=0, help="The core that questions run on; -1: any.")
    parser.add_argument("--filing", action="store_true")
    parser.add_argument("--papers", type=int, default=FILED_PAPERS, help="Documents to file.")
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--no-search", action="store_true", help="Only --filing or --rebuild.")
    parser.add_argument("--json", type=Path, help="All figures, every single one.")
    options = parser.parse_args(arguments)
    options.engines = options.engines.split(",")
    options.pages = options.pages or PAGES["tantivy" if options.engines == ["tantivy"] else "whoosh"]
    if options.peers is None:
        options.peers = ",".join(p for p in PEERS if p != "whoosh" or options.pages <= 200_000)
    options.peers = [peer for peer in options.peers.split(",") if peer]
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of(arguments)
    settings = corpus.CorpusSettings(
        folder=options.folder, pages=options.pages, seed=options.seed, patients=options.patients,
        misreadings=options.misreadings,
    )  # fmt: skip
    begun = time.perf_counter()
    corpus.prepare(settings)
    asked = questions.ask_about(corpus.Corpus(settings), options.queries)
    _say(f"{options.pages} pages, {len(asked)} questions", f"ready after {time.perf_counter() - begun:.0f} s")
    verdicts: list[report.Verdict] = []
    figures: dict[str, Any] = {"pages": options.pages}
    if not options.no_search:
        verdicts += _search(options, settings, asked, figures)
    for engine in options.engines if options.filing else ():
        verdicts += _filing(engine, options, settings, asked, figures)
    for engine in options.engines if options.rebuild else ():
        verdicts += _rebuild(engine, options, settings, figures)
    _say("Targets", *report.verdict_lines(verdicts))
    if options.json:
        options.json.write_text(json.dumps(figures, default=_plain), encoding="utf-8")
    return 0 if all(verdict.is_met for verdict in verdicts) else 1


def _search(
    options: argparse.Namespace,
    settings: corpus.CorpusSettings,
    asked: Sequence[questions.Question],
    figures: dict[str, Any],
) -> list[report.Verdict]:
    keys = [*(f"scanindex-{engine}" for engine in options.engines), *options.peers]
    built = {key: examine.build(key, settings, _index_folder(settings, key)) for key in keys}
    core = options.core if options.core >= 0 else None
    found = list(
        examine.examine_all(keys, built, asked, repeats=options.repeats, rounds=options.rounds, core=core)
    )
    figures["engines"] = found
    _say("Processor ms, first time asked: p50 / p95 (wall p95)", *report.timing_table(found))
    _say("Asked again: p50 / p95 (+ what 20 snippets cost)", *report.again_table(found))
    _say("Others beside the product (p50)", *report.ratio_table(found))
    _say("Size", *report.size_table(found, options.pages))
    _say("Answers", *report.answers(found))
    return list(report.search_verdicts(found))


def _filing(
    engine: str,
    options: argparse.Namespace,
    settings: corpus.CorpusSettings,
    asked: Sequence[questions.Question],
    figures: dict[str, Any],
) -> list[report.Verdict]:
    key = f"scanindex-{engine}"
    built = examine.build(key, settings, _index_folder(settings, key))
    found = filing.file_while_reading(
        engine, built.folder, settings, asked,
        papers=options.papers, mean_seconds=SECONDS_BETWEEN, scratch=options.folder,
    )  # fmt: skip
    figures[f"filing {engine}"] = found
    title = f"Filing into {options.pages} pages while reads go on: scanindex {engine}"
    _say(title, *report.filing_lines(found))
    return [report.filing_verdict(found)]


def _rebuild(
    engine: str, options: argparse.Namespace, settings: corpus.CorpusSettings, figures: dict[str, Any]
) -> list[report.Verdict]:
    documents = sum(1 for _ in corpus.Corpus(settings).papers())
    runs = rebuild.rebuild_and_resume(engine, settings, options.folder, documents)
    whole, _, resumed = runs
    figures[f"rebuild {engine}"] = runs
    lines = [report.rebuild_line(n, run) for n, run in zip(("whole", "killed", "resumed"), runs, strict=True)]
    _say(f"Rebuild of {options.pages} pages: scanindex {engine}", *lines)
    return list(report.rebuild_verdicts(whole, resumed))


def _index_folder(settings: corpus.CorpusSettings, key: str) -> Path:
    return settings.folder / f"{settings.chunks.name}-{settings.pages}-{key}"


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def _say(title: str, *lines: str) -> None:
    print(f"\n{title}")
    for line in lines:
        print(f"  {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
