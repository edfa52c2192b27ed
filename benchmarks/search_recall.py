#!/usr/bin/env python3
"""How well search finds words that Tesseract misread: recall and precision on real misreadings.

    benchmarks/search_recall.py make OUT [--pages 1600] [--seconds 1500] [--seed 5] [--fonts FOLDER]
                                         [--text FILE]
    benchmarks/search_recall.py report FILE [FILE ...] [--half tuned|unseen|all] [--words 1000]
                                         [--engine dict|whoosh]
    benchmarks/search_recall.py learn FILE [FILE ...]
    benchmarks/search_recall.py archive FILE [FILE ...] [--others 40000] [--odd 0]
    benchmarks/search_recall.py scale [--odd 1000000]

`make` writes pages of invented clinical text (or pages of a text file, one a line), draws them in
several fonts, wears them in six ways and reads them with Tesseract as the product does; one line of
JSON a page with both texts. Wears are steered towards 1, 2, 5 and 10 % character error; what a page
counts for is its measured error (`benchmarks/recall/noise.py`, LEVELS).

`report` searches single words of four letters or more, chosen by chance from the printed ones, in three
modes: exact; fold (also words that differ by letters of one form, l for i); alike (all look-alikes). A
page counts as found when any of the words that stand for the searched one is on it. Rules and table were
set on pages with even numbers (`tuned`); those with odd ones are `unseen`.

At the end of a report stand all pages up to 15 % character error in one index, clean and hopeless alike.

`archive` puts those pages among many invented ones (`benchmarks/recall/archive.py`) and searches words
of the former; with --odd the dictionary also gets so many odd words that no page shown here has.

`learn` prints the table of `scanindex/index/misreading.py` from the even pages; `scale` measures what
a search costs where the index holds many odd words.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.recall import archive, learn, noise
from benchmarks.recall.score import LEAST_LETTERS, MODES, DictIndex, Find, score
from benchmarks.recall.text import Writer
from scanindex.index import expand
from scanindex.index.lexicon import shipped
from scanindex.index.spelling import Spelling

_ALL = 100_000
_HOPELESS = 0.15
_RESAMPLINGS = 400


def make(args: argparse.Namespace) -> None:
    noise.make(
        _writer(args.text, args.seed, args.vocabulary),
        args.out,
        fonts=args.fonts,
        seed=args.seed,
        seconds=args.seconds,
        pages=args.pages,
        like=args.like,
    )


def _writer(text: Path | None, seed: int, vocabulary: int) -> Callable[[], list[str]]:
    if text is None:
        return Writer(shipped().classes, seed, vocabulary).page
    rows: Iterator[str] = iter(text.read_text("utf-8").splitlines())
    return lambda: next(rows).split()


def report(args: argparse.Namespace) -> None:
    spelling = Spelling()
    for level, pages in sorted(_levels(args.files, args.half).items()):
        _report(args, f"{level:.0%} character error", pages, spelling)
    together = [page for page in _half(args.files, args.half) if page.error < _HOPELESS]
    _report(args, "all in one index", together, spelling)


def _report(
    args: argparse.Namespace, title: str, pages: Sequence[noise.NoisyPage], spelling: Spelling
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        find = _finder(args.engine, pages, spelling, Path(folder))
        modes = MODES if args.engine == "dict" else ("exact", "alike")
        result = score(pages, find, words=args.words, modes=modes)
    forms, running = _outside(pages, spelling)
    posted = sum(len(spelling.page_entries(page.read)) for page in pages)
    read = sum(len(page.read) for page in pages)
    print(
        f"{title}: {result.pages} pages, {result.words} words searched, "
        f"{forms:.1%} of forms ({running:.1%} of words) outside the lexicon, "
        f"{posted / read:.2f} entries a word read"
    )
    for mode in modes:
        print(
            f"  {mode:6} recall {result.recall[mode]:.4f}{_least(result.recall_pages[mode])}  "
            f"precision {result.precision[mode]:.4f}{_least(result.precision_pages[mode])} "
            f"(mean of words {result.mean_precision[mode]:.4f})  {result.seconds[mode] * 1e3:.2f} ms",
            flush=True,
        )


def _least(right_of: Sequence[tuple[int, int]]) -> str:
    """95 % of resamplings of the words lie above this share."""
    rng, shares = random.Random(3), []
    for _ in range(_RESAMPLINGS):
        drawn = rng.choices(right_of, k=len(right_of))
        shares.append(sum(right for right, _ in drawn) / sum(of for _, of in drawn))
    return f" (> {sorted(shares)[_RESAMPLINGS // 20]:.3f})"


def _half(files: Sequence[Path], half: str) -> Iterator[noise.NoisyPage]:
    wanted = {"tuned": (0,), "unseen": (1,), "all": (0, 1)}[half]
    return (page for file in files for page in noise.load(file) if page.number % 2 in wanted)


def _levels(files: Sequence[Path], half: str) -> dict[float, list[noise.NoisyPage]]:
    found: dict[float, list[noise.NoisyPage]] = defaultdict(list)
    for page in _half(files, half):
        level = noise.level_of(page.error)
        if level is not None:
            found[level].append(page)
    return found


def _outside(pages: Sequence[noise.NoisyPage], spelling: Spelling) -> tuple[float, float]:
    """Share of different words, and of running words, that are no trusted ones."""
    words = [t for page in pages for word in page.printed for t in expand.parts(word) if t.isalpha()]
    words = [word for word in words if len(word) >= LEAST_LETTERS]
    odd = [word for word in words if not spelling.is_trusted(word)]
    return len(set(odd)) / len(set(words)), len(odd) / len(words)


def _finder(engine: str, pages: Sequence[noise.NoisyPage], spelling: Spelling, folder: Path) -> Find:
    if engine == "dict":
        return DictIndex((page.read for page in pages), spelling).find
    return _whoosh(pages, folder)


def _whoosh(pages: Sequence[noise.NoisyPage], folder: Path) -> Find:
    """The product's own index, asked as its callers do."""
    from scanindex.index.whoosh_index import WhooshIndex
    from scanindex.model import DocumentId, IndexPage, SearchRequest, Spellings

    def page(number: int, words: Sequence[str]) -> IndexPage:
        return IndexPage(
            document_id=DocumentId(f"d{number}"),
            version=1,
            page_no=1,
            text=" ".join(words),
            patient_id=None,
            patient_name="",
            mrns=(),
            birth_date=None,
            document_type=None,
            service_date=None,
            provider=None,
            facility=None,
            source=".",
            filed_at=datetime(2026, 1, 1, tzinfo=UTC),
        )

    index = WhooshIndex(folder / "index")
    made = [page(number, p.read) for number, p in enumerate(pages)]
    index.apply(1, [(p.document_id, [p]) for p in made])

    def find(word: str, mode: str) -> set[int]:
        spellings = Spellings.EXACT if mode == "exact" else Spellings.ALIKE
        asked = SearchRequest(query=f"text:{word}", limit=_ALL, spellings=spellings, synonyms=False)
        return {int(hit.document_id[1:]) for hit in index.search(asked).hits}

    return find


def learnt(args: argparse.Namespace) -> None:
    levels = _levels(args.files, "tuned")
    table = learn.costs(page for pages in levels.values() for page in pages)
    print("\n".join(learn.as_source(table)))


def in_archive(args: argparse.Namespace) -> None:
    spelling = Spelling()
    here = [page for page in _half(args.files, "all") if page.error < _HOPELESS]
    pages: list[archive.Page] = [(page.printed, page.read) for page in here]
    words = archive.chosen(pages, args.words)
    index = archive.Archive(spelling, words, args.most_counted)
    for page in pages:
        index.add(page)
    for page in archive.others(shipped().classes, args.others, args.seed):
        index.add(page)
    if args.odd:
        made = _odd_words(args.odd, random.Random(2))
        index.post([entry for word in made for entry in spelling.entries([word])])
    index.close()
    print(
        f"{len(here)} pages read, {args.others} others, {index.entries} entries, {len(words)} words searched"
    )
    index.find("spleen", "alike")
    for mode in ("exact", "alike"):
        found = archive.tally(index, words, mode, len(here), time.process_time)
        print(f"  {mode:6} " + ", ".join(f"{name} {value:.4f}" for name, value in found.items()), flush=True)


def _odd_words(count: int, rng: random.Random) -> set[str]:
    words = [word for word, grade in shipped().classes.items() if grade > 2 and len(word) >= LEAST_LETTERS]
    weights = [shipped().classes[word] ** 2 for word in words]
    odd: set[str] = set()
    while len(odd) < count:
        odd.update(_worn(word, rng) for word in rng.choices(words, weights, k=50_000))
    return odd


def scale(args: argparse.Namespace) -> None:
    """Odd words made by chance edits: more look-alikes a word than misreadings give."""
    from scanindex.index import spelling as rules

    rng = random.Random(2)
    words = [word for word, grade in shipped().classes.items() if grade > 2 and len(word) >= LEAST_LETTERS]
    odd = _odd_words(args.odd, rng)
    spelling = Spelling()
    index = DictIndex((), spelling)
    index.post(entry for word in odd for entry in spelling.entries([word]))
    index.find("spleen", "alike")
    times, listed = [], []
    for word in rng.sample(words, args.words):
        index.listed, began = 0, time.process_time()
        index.find(word, "alike")
        times.append((time.process_time() - began) * 1e3)
        listed.append(index.listed)
    print(f"{len(odd)} odd words, {index.entries} entries, {args.words} words searched")
    for name, values in (("processor ms", sorted(times)), ("entries listed", sorted(listed))):
        picks = [values[int(len(values) * share)] for share in (0.5, 0.95)]
        print(f"  {name}: p50 {picks[0]:.0f}, p95 {picks[1]:.0f}, most {values[-1]:.0f}")
    print(f"  at most {rules.MAX_SPELLINGS} spellings a word")


def _worn(word: str, rng: random.Random) -> str:
    letters = list(word)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at, chance = rng.randrange(len(letters)), rng.random()
        if chance < 0.7:
            letters[at] = rng.choice("eiantorslc")
        elif chance < 0.85 and len(letters) > LEAST_LETTERS:
            del letters[at]
        else:
            letters.insert(at, rng.choice("eiantorslc"))
    return "".join(letters)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("make")
    one.add_argument("out", type=Path)
    one.add_argument("--pages", type=int, default=1600)
    one.add_argument("--seconds", type=float, default=1500.0)
    one.add_argument("--seed", type=int, default=5)
    one.add_argument("--vocabulary", type=int, default=7, help="seed of made-up names and usual words")
    one.add_argument("--like", type=Path, help="pages made before: wears start where they gave each level")
    one.add_argument("--fonts", type=Path, help="folder with more fonts (see benchmarks/charts/fonts.py)")
    one.add_argument("--text", type=Path, help="pages of text, one a line, instead of invented ones")
    one.set_defaults(run=make)
    two = commands.add_parser("report")
    two.add_argument("files", type=Path, nargs="+")
    two.add_argument("--half", choices=("tuned", "unseen", "all"), default="unseen")
    two.add_argument("--words", type=int, default=1000)
    two.add_argument("--engine", choices=("dict", "whoosh"), default="dict")
    two.set_defaults(run=report)
    three = commands.add_parser("learn")
    three.add_argument("files", type=Path, nargs="+")
    three.set_defaults(run=learnt)
    four = commands.add_parser("scale")
    four.add_argument("--odd", type=int, default=1_000_000)
    four.add_argument("--words", type=int, default=100)
    four.set_defaults(run=scale)
    five = commands.add_parser("archive")
    five.add_argument("files", type=Path, nargs="+")
    five.add_argument("--others", type=int, default=40_000)
    five.add_argument("--odd", type=int, default=0)
    five.add_argument("--words", type=int, default=500)
    five.add_argument("--seed", type=int, default=77)
    five.add_argument(
        "--most-counted", type=int, help="pages of an entry that are counted (one large write: 6)"
    )
    five.set_defaults(run=in_archive)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
