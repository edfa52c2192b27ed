"""Queries of every class, drawn from the corpus, and how many pages really answer them.

`draw` counts the words of a sample of the pages and picks queries by how frequent their
words are, so that a class means the same at every size. `truth` then reads the whole
corpus and counts, without any index, the pages that each query of an exact class fits:
by the plain rule (runs of letters and digits) and by the rule that the query language
documents (words are also found in their parts and joined). Imports nothing of the product.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from benchmarks.search.corpus import Corpus, Paper
from benchmarks.search.misreading import Misreader

EXACT = ("patient", "rare", "and", "filtered", "by_date", "common", "phrase", "phrase_common", "name")
"""Classes where every engine must find the very same pages."""
CLASSES = (*EXACT, "prefix", "fuzzy", "near", "facets", "misread", "alike")
SAMPLE_PAGES = 20_000
FORMAT = 2
"""Part of the name of kept questions: raise it when drawing or counting changes."""
_RUN = re.compile(r"[a-z0-9]+")
_SPLIT = re.compile(r"(\d+)(\D+)|(\D+)(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One query, in no engine's language."""

    kind: str
    words: tuple[str, ...]
    """Words of the text, lower case; of the name in class `name`, before the star in `prefix`."""
    mrn: str | None = None
    type: str | None = None
    years: tuple[int, int] | None = None
    distance: int = 0
    plain_truth: int | None = None
    """Pages that fit, counted without an index; None where not counted."""
    printed_truth: int | None = None
    """The same by the rules of docs/reference/query-language.md."""


# --- drawing --------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Sample:
    frequency: Counter[str]
    """Pages of the sample with the word."""
    papers: list[Paper]
    pages: int


def draw(corpus: Corpus, count: int, seed: int = 1) -> list[Question]:
    """`count` queries of each class; the same for the same corpus and seed."""
    sample = _sample(corpus)
    picker = _Picker(corpus, sample, random.Random(f"questions/{seed}"))
    return [question for kind in CLASSES for question in picker.take(kind, count)]


def _sample(corpus: Corpus) -> _Sample:
    """Pages from the beginning; chunks are alike, so any part is a sample."""
    frequency: Counter[str] = Counter()
    papers: list[Paper] = []
    pages = 0
    for paper in corpus.papers():
        papers.append(paper)
        for text in paper.pages:
            frequency.update(set(_RUN.findall(text.lower())))
        pages += len(paper.pages)
        if pages >= SAMPLE_PAGES:
            break
    return _Sample(frequency, papers, pages)


class _Picker:
    def __init__(self, corpus: Corpus, sample: _Sample, rng: random.Random) -> None:
        self.rng = rng
        self.sample = sample
        self.labels = corpus.label_words()
        self.printed = corpus.clean_words()
        scale = corpus.settings.pages / sample.pages
        words = {w: n for w, n in sample.frequency.items() if self._is_plain(w)}
        self.common = [w for w, n in words.items() if n >= 0.1 * sample.pages]
        self.middle = [w for w, n in words.items() if 0.002 * sample.pages <= n < 0.1 * sample.pages]
        # About 5 to 60 pages of the whole corpus.
        self.rare = [w for w, n in words.items() if 5 <= n * scale <= 60 or (scale > 60 and n == 1)]
        self.clean = set(self.common) | set(self.middle)
        self.misreader = Misreader(17)

    def _is_plain(self, word: str) -> bool:
        return len(word) >= 3 and word in self.printed and word not in self.labels

    def take(self, kind: str, count: int) -> list[Question]:
        found: dict[Question, None] = {}
        for _ in range(count * 50):
            if len(found) == count:
                break
            question = getattr(self, f"_{kind}")()
            if question is not None:
                found[question] = None
        return list(found)

    def _page(self) -> tuple[Paper, list[str]]:
        paper = self.rng.choice(self.sample.papers)
        return paper, _RUN.findall(self.rng.choice(paper.pages).lower())

    def _word_of(self, tokens: Sequence[str]) -> str | None:
        usable = sorted({t for t in tokens if t in self.clean})
        return self.rng.choice(usable) if usable else None

    def _patient(self) -> Question | None:
        paper, tokens = self._page()
        word = self._word_of(tokens)
        return Question(kind="patient", words=(word,), mrn=paper.person.mrn) if word else None

    def _rare(self) -> Question:
        return Question(kind="rare", words=(self.rng.choice(self.rare),))

    def _and(self) -> Question | None:
        _, tokens = self._page()
        usable = sorted({t for t in tokens if t in self.clean})
        return Question(kind="and", words=tuple(self.rng.sample(usable, 2))) if len(usable) > 1 else None

    def _filtered(self) -> Question | None:
        paper, tokens = self._page()
        word = self._word_of(tokens)
        if not word or not paper.day:
            return None
        year = int(paper.day[:4])
        return Question(kind="filtered", words=(word,), type=paper.type, years=(year - 1, year + 1))

    def _by_date(self) -> Question:
        return Question(kind="by_date", words=(self.rng.choice(self.common + self.middle),))

    def _common(self) -> Question:
        return Question(kind="common", words=(self.rng.choice(self.common),))

    def _phrase(self) -> Question | None:
        """Two to four words as they stand on a page; also such with a rare one."""
        _, tokens = self._page()
        size = self.rng.choice((2, 2, 3, 3, 4))
        start = self.rng.randrange(max(1, len(tokens) - size))
        words = tuple(tokens[start : start + size])
        return Question(kind="phrase", words=words) if self._fits(words, size) else None

    def _phrase_common(self) -> Question | None:
        """Two words that stand on very many pages each."""
        _, tokens = self._page()
        start = self.rng.randrange(max(1, len(tokens) - 2))
        words = tuple(tokens[start : start + 2])
        is_common = all(self.sample.frequency[w] >= 0.4 * self.sample.pages for w in words)
        return Question(kind="phrase_common", words=words) if self._fits(words, 2) and is_common else None

    def _fits(self, words: Sequence[str], size: int) -> bool:
        return (
            len(words) == size
            and self.printed.issuperset(words)
            and self.labels.isdisjoint(words)
            and max(map(len, words)) > 3
        )

    def _name(self) -> Question:
        last = self.rng.choice(self.sample.papers).person.last
        return Question(kind="name", words=(last.lower(),)) if last.isalpha() else self._name()

    def _prefix(self) -> Question:
        word = self.rng.choice(self.common + self.middle)
        return Question(kind="prefix", words=(word[: self.rng.choice((3, 4, 5, 6))],))

    def _fuzzy(self) -> Question:
        word = self.rng.choice([w for w in (self.rng.choice(self.middle) for _ in range(50)) if len(w) > 4])
        return Question(kind="fuzzy", words=(word,))

    def _near(self) -> Question | None:
        _, tokens = self._page()
        start = self.rng.randrange(max(1, len(tokens) - 6))
        near = [t for t in tokens[start : start + 6] if t in self.clean]
        if len(set(near)) < 2:
            return None
        return Question(kind="near", words=(near[0], near[-1]), distance=5) if near[0] != near[-1] else None

    def _facets(self) -> Question:
        return Question(kind="facets", words=(self.rng.choice(self.common + self.middle),))

    def _misread(self) -> Question | None:
        """A word typed as hardly a page prints it: few exact pages, so spellings are tried."""
        word = self.rng.choice(self.middle)
        other = self.misreader.misread(word, 1, self.rng).lower()
        if len(word) < 6 or not other.isalpha() or self.sample.frequency[other]:
            return None
        return Question(kind="misread", words=(other,))

    def _alike(self) -> Question:
        return Question(kind="alike", words=(self.rng.choice(self.middle + self.common),))


# --- truth ------------------------------------------------------------------------
class _Counting:
    """One question while pages go by."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.plain = self.printed = 0
        self.is_phrase = question.kind.startswith("phrase")
        self.phrase = f" {' '.join(question.words)} "
        ways = _written(question.words) if self.is_phrase else (" ".join(question.words),)
        self.ways = [way.split() for way in ways]
        together = {word for way in self.ways for word in way} - set(question.words)
        self.together = frozenset(together)
        self.vocabulary = together.union(question.words)
        self.keys = {way[0] for way in self.ways} if self.is_phrase else {question.words[-1]}
        """On a page that fits, one of these stands."""

    def admits(self, paper: Paper) -> bool:
        question = self.question
        if question.mrn and paper.person.mrn != question.mrn:
            return False
        if question.type and paper.type != question.type:
            return False
        if not question.years:
            return True
        # A document dated by its year only may be of any day of it.
        return paper.day is not None and question.years[0] <= int(paper.day[:4]) <= question.years[1]

    def look(self, page: _Page) -> None:
        if not self.is_phrase:
            self.plain += page.runs.issuperset(self.question.words)
            self.printed += page.printed.issuperset(self.question.words)
        elif page.runs.issuperset(self.question.words) and self.phrase in page.line:
            self.plain += 1
            self.printed += not page.has_marks or any(page.stands(way) for way in self.ways)
        elif not (page.compound.isdisjoint(self.vocabulary) and page.runs.isdisjoint(self.together)):
            self.printed += any(page.stands(way) for way in self.ways)


class _Page:
    """The words of one page as both rules see them."""

    def __init__(self, text: str) -> None:
        found = _RUN.findall(text)
        self._words = text.split(" ")
        self.line = f" {' '.join(found)} "
        self.runs = frozenset(found)
        """Runs of letters and digits: what the plain engines index."""
        keys = [_printed(word) for word in self._words if not word.isalpha()]
        self.compound: frozenset[str] = frozenset().union(*(some for some in keys if len(some) > 1))
        self.printed = self.runs | self.compound
        self.has_marks = not all(keys)
        """A mark on its own is a printed word: words before and after it are not neighbours."""

    def stands(self, words: Sequence[str]) -> bool:
        """Do the words stand on consecutive printed words?"""
        if not self.printed.issuperset(words):
            return False
        slots = [_printed(word) for word in self._words]
        rest = list(enumerate(words[1:], start=1))
        return any(
            words[0] in slot and all(n + k < len(slots) and word in slots[n + k] for k, word in rest)
            for n, slot in enumerate(slots)
        )


def truth(corpus: Corpus, questions: Iterable[Question]) -> list[Question]:
    """The questions with their counts; those of other classes than EXACT as they are."""
    asked = list(questions)
    counting = {n: _Counting(q) for n, q in enumerate(asked) if q.kind in EXACT}
    by_word: defaultdict[str, list[_Counting]] = defaultdict(list)
    by_name: defaultdict[str, list[_Counting]] = defaultdict(list)
    for item in counting.values():
        for key in item.keys:
            (by_name if item.question.kind == "name" else by_word)[key].append(item)
    for paper in corpus.papers():
        for name in {paper.person.last.lower(), paper.person.first.lower()}:
            for item in by_name.get(name, ()):
                item.plain += len(paper.pages)
                item.printed += len(paper.pages)
        for text in paper.pages:
            page = _Page(text.lower())
            here = {id(item): item for word in page.printed & by_word.keys() for item in by_word[word]}
            for item in here.values():
                if item.admits(paper):
                    item.look(page)
    return [
        replace(q, plain_truth=counting[n].plain, printed_truth=counting[n].printed) if n in counting else q
        for n, q in enumerate(asked)
    ]


def _written(words: Sequence[str]) -> Iterator[str]:
    """A phrase in every way of writing words of it together."""
    for mask in range(1 << (len(words) - 1)):
        out = words[0]
        for n, word in enumerate(words[1:]):
            out += word if mask >> n & 1 else " " + word
        yield out


@lru_cache(maxsize=500_000)
def _printed(word: str) -> frozenset[str]:
    """Under what a printed word is found: its parts, up to four of them joined, and all of it."""
    parts: list[str] = []
    for run in _RUN.findall(word):
        split = _SPLIT.fullmatch(run)
        parts += [part for part in split.groups() if part] if split else [run]
    joined = {"".join(parts[n : n + size]) for size in range(1, 5) for n in range(len(parts) - size + 1)}
    return frozenset(joined | {"".join(parts)}) - {""}


# --- kept beside the corpus ----------------------------------------------------------
def ask_about(corpus: Corpus, count: int, seed: int = 1) -> list[Question]:
    """`truth(draw())`, counted once per corpus and kept in its folder."""
    pages = corpus.settings.pages
    path = corpus.settings.chunks / f"questions-f{FORMAT}-n{pages}-c{count}-s{seed}.json"
    if not path.exists():
        found = truth(corpus, draw(corpus, count, seed))
        path.write_text(json.dumps([asdict(question) for question in found]), encoding="utf-8")
    return [_question(row) for row in json.loads(path.read_text(encoding="utf-8"))]


def _question(row: dict[str, Any]) -> Question:
    years = row["years"]
    return Question(
        **(row | {"words": tuple(row["words"]), "years": (years[0], years[1]) if years else None})
    )
