#!/usr/bin/env python3
"""Score how pages are read: the product and its peers, same pages, same cores, one run.

    benchmarks/score_reading.py                                     all generated sets, all readers
    benchmarks/score_reading.py --sets funsd=DIR,heavy --limit 12   a mixed dozen of each
    benchmarks/score_reading.py --readers ours,ours-fast,tesseract
    benchmarks/score_reading.py --readers ours:reading_dpi=250,ours --sets light

Sets: clean light heavy photocopy fax fax_low rotated (generated, seeded), and real ones
from folders: funsd=DIR (images/, annotations/), sroie=DIR (img/, box/), charts=DIR
(truth.jsonl), folder=DIR (pictures or one-page PDFs, each with a .txt beside it).
Readers: ours, ours-single (no second reader), ours-fast, ours-thorough, ours-single-fast,
ours-single-thorough, ours-pytesseract, ours:key=value,... (any [ocr] setting), tesseract,
pytesseract, ocrmypdf, rapidocr. Peers that are not installed are left out, and named.

Sets take turns page by page. Interrupted (Ctrl-C), it reports the pages that all readers read.
Every reader has one thread; times are processor seconds a page, children included, start of
engines that stay open left out. R, P, F1: bag of words; CER: order-free character error;
ids: share of names, birth dates and record numbers that stand in the text exactly.

Exit code: 0; 2 for a wrong argument.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from benchmarks.reading import bench, generate, readers, report, sets  # noqa: E402
from benchmarks.reading.case import Answer, Case  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    names = _usable(asked.readers.split(","), asked.ocrmypdf)
    with tempfile.TemporaryDirectory() as scratch:
        cases = _cases(asked, Path(scratch))
        scores: list[report.Score] = []
        with contextlib.suppress(KeyboardInterrupt):
            for case, name, answer in bench.run(cases, names, asked.ocrmypdf, _say):
                scores.append(report.score(case, name, answer))
                if asked.texts:
                    _keep_text(asked.texts, case, name, answer)
    scores = report.complete(scores, names)
    print("\n".join(report.tables(scores)))
    print("\n".join(report.verdicts(report.sums(scores))))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in scores], indent=1), "utf-8")
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", default=",".join(generate.GENERATED))
    parser.add_argument("--readers", default=",".join(readers.DEFAULT))
    parser.add_argument("--pages", type=int, default=generate.PAGES, help="pages of each generated set")
    parser.add_argument("--rotated-pages", type=int, default=generate.ROTATED_PAGES)
    parser.add_argument("--limit", type=int, help="at most that many pages of each set, mixed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep generated pages and pictures here")
    parser.add_argument("--texts", type=Path, help="keep truth and every reader's text here")
    parser.add_argument("--json", type=Path, help="every page's score")
    parser.add_argument("--ocrmypdf", default="ocrmypdf", help="its command")
    return parser.parse_args(arguments)


def _usable(names: Sequence[str], ocrmypdf: str) -> list[str]:
    usable = []
    for name in names:
        try:
            reason = readers.missing(name, ocrmypdf)
        except ValueError as error:
            sys.exit(_refuse(str(error)))
        if reason:
            _say(f"without {name}: {reason}")
        else:
            usable.append(name)
    return usable


def _cases(asked: argparse.Namespace, scratch: Path) -> list[Case]:
    work = asked.work or scratch
    cases: list[Case] = []
    for part in asked.sets.split(","):
        name, _, folder = part.partition("=")
        if name in generate.GENERATED and not folder:
            _say(f"drawing {name}")
            pages = asked.rotated_pages if name == generate.ROTATED else asked.pages
            found = generate.generate(name, pages, asked.seed, work / name)
        elif name in sets.KINDS and folder:
            found = sets.load(name, Path(folder), work / name)
        else:
            sys.exit(_refuse(f"unknown set {part}"))
        cases += sets.some(found, asked.limit)
    return list(sets.in_turns(cases))


def _keep_text(folder: Path, case: Case, reader: str, answer: Answer) -> None:
    for who, text in (("truth", "\n".join(case.segments)), (reader, answer.text)):
        path = folder / case.set_name / f"{case.name}.{who.replace(':', '_')}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _refuse(why: str) -> int:
    _say(why)
    return 2


def _say(text: str) -> None:
    print(f"score_reading: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
