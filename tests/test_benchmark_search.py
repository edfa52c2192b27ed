"""`benchmarks/search_speed.py`: the same corpus each time, noise as stated, true counts, figures."""

from __future__ import annotations

import ast
import random
import statistics
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rapidfuzz.distance import Levenshtein

import benchmarks.search
from benchmarks import search_speed
from benchmarks.search import clock, examine, filing, peers, questions, rebuild
from benchmarks.search.corpus import LEVELS, Corpus, CorpusSettings, Paper, Writer, prepare
from benchmarks.search.misreading import Misreader, learned, spoil
from benchmarks.search.questions import Question

PAGES = 300


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> CorpusSettings:
    """A corpus of its first chunk."""
    found = CorpusSettings(folder=tmp_path_factory.mktemp("search"), pages=PAGES, patients=60)
    prepare(found, jobs=1)
    return found


@pytest.fixture(scope="module")
def corpus(settings: CorpusSettings) -> Corpus:
    return Corpus(settings)


@pytest.fixture(scope="module")
def asked(corpus: Corpus) -> list[Question]:
    return questions.ask_about(corpus, 3)


@pytest.fixture(scope="module")
def built(settings: CorpusSettings) -> examine.Built:
    """The product's index of the corpus."""
    return examine.build("scanindex-whoosh", settings, settings.folder / "product")


def texts(corpus: Corpus) -> list[str]:
    return [text for paper in corpus.papers() for text in paper.pages]


# --- corpus -----------------------------------------------------------------------
def test_the_corpus_is_the_same_however_large_it_is_asked_for(corpus: Corpus) -> None:
    """A small corpus is the beginning of a large one, page by page."""
    small = Corpus(replace(corpus.settings, pages=150))

    assert texts(small) == texts(corpus)[:150]
    assert len(texts(corpus)) == PAGES


def test_what_is_read_from_disk_is_what_was_written(corpus: Corpus) -> None:
    written = next(Writer(corpus.settings.seed, corpus.settings.patients).chunk(0))

    assert next(corpus.papers()) == written


def test_documents_have_one_to_six_pages_and_unlike_lengths(corpus: Corpus) -> None:
    sizes = Counter(len(paper.pages) for paper in corpus.papers())
    words = [len(text.split()) for text in texts(corpus)]

    assert set(sizes) == {1, 2, 3, 4, 5, 6}
    assert 250 < statistics.mean(words) < 380


def test_words_are_as_unevenly_common_as_in_prose(corpus: Corpus) -> None:
    """A few words stand on most pages, most words on one or two."""
    pages = Counter(word for text in texts(corpus) for word in set(text.lower().split()))

    assert sum(n > 0.8 * PAGES for n in pages.values()) >= 5
    assert sum(n <= 2 for n in pages.values()) > 0.6 * len(pages)


@pytest.mark.parametrize(("low", "high"), [(low, high) for _, low, high in LEVELS])
def test_noise_is_as_strong_as_its_level_says(low: float, high: float) -> None:
    """Counted as edits between what is printed and what is read."""
    rng = random.Random(4)
    misreader = Misreader(4)
    words = [word for sentence in Writer(5, 10).wording.general[:400] for word in sentence]
    clean = " ".join(words)

    for rate in (low, high):
        read = " ".join(spoil(words, rate, misreader, rng))
        assert Levenshtein.distance(clean, read) / len(clean) == pytest.approx(rate, rel=0.35, abs=0.001)


def test_counted_pairs_are_taken_before_the_table(tmp_path: Path) -> None:
    """Both shapes of the file; a word that was never seen misread falls back to the table."""
    path = tmp_path / "pairs.json"
    path.write_text('{"spleen": {"splccn": 3}, "modern": ["rnodern"]}', encoding="utf-8")
    misreader = Misreader(1, learned(path))

    assert misreader.misread("spleen", 1, random.Random(1)) == "splccn"
    assert misreader.misread("modern", 1, random.Random(1)) == "rnodern"
    assert misreader.misread("fracture", 1, random.Random(1)) != "fracture"


def test_corpus_and_questions_take_nothing_from_the_product() -> None:
    """A count that shares the product's ideas of a word would prove nothing."""
    folder = Path(benchmarks.search.__file__).parent
    names: set[str] = set()
    for name in ("wording", "wordparts", "misreading", "corpus", "questions", "peers"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names.add(node.module or "")

    assert not [name for name in names if name.split(".")[0] == "scanindex"]


# --- questions ---------------------------------------------------------------------
def paper(*pages: str, **changes: object) -> Paper:
    person = Writer(5, 10).person(3)
    values = {
        "document_id": "d1", "person": person, "type": "progress_note", "day": "1998-03-02",
        "provider": "A. B MD", "facility": "F", "source": "s", "sensitivity": (), "pages": pages,
        "filed_at": datetime(2024, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return Paper(**(values | changes))  # type: ignore[arg-type]


class Papers:
    """A corpus of the pages of one test."""

    def __init__(self, *papers: Paper) -> None:
        self._papers = papers

    def papers(self) -> tuple[Paper, ...]:
        return self._papers


@pytest.mark.parametrize(
    ("question", "plain", "printed"),
    [
        (Question(kind="common", words=("spleen",)), 2, 2),
        (Question(kind="common", words=("xray",)), 0, 1),
        (Question(kind="common", words=("mg",)), 0, 1),
        (Question(kind="and", words=("spleen", "was")), 1, 1),
        (Question(kind="phrase", words=("ruptured", "spleen")), 1, 2),
        (Question(kind="phrase", words=("spleen", "was")), 1, 0),
        (Question(kind="patient", words=("spleen",), mrn="no such"), 0, 0),
        (Question(kind="filtered", words=("spleen",), type="progress_note", years=(1997, 1999)), 2, 2),
        (Question(kind="filtered", words=("spleen",), type="progress_note", years=(1999, 2001)), 0, 0),
    ],
)
def test_truth_counts_by_both_rules(question: Question, plain: int, printed: int) -> None:
    """Runs of letters and digits; and printed words with their parts, joins and marks between."""
    pages = "An x-ray, 500mg; ruptured spleen.", "Spleen ~ was not seen, rupturedspleen? left"
    (found,) = questions.truth(Papers(paper(*pages)), [question])  # type: ignore[arg-type]

    assert (found.plain_truth, found.printed_truth) == (plain, printed)


def test_every_class_has_questions_and_the_exact_ones_have_counts(asked: list[Question]) -> None:
    kinds = Counter(q.kind for q in asked)

    assert {kind for kind in questions.CLASSES if kind not in ("rare",)} <= set(kinds)
    assert all((q.plain_truth is not None) == (q.kind in questions.EXACT) for q in asked)


# --- engines -------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["whoosh", "fts5", "tantivy"])
def test_plain_engines_give_the_counted_totals(
    key: str, corpus: Corpus, asked: list[Question], tmp_path: Path
) -> None:
    if key == "tantivy":
        pytest.importorskip("tantivy")
    engine = peers.PEERS[key]()
    engine.build(corpus.papers(), tmp_path)
    engine.open(tmp_path)
    compared, wrong = clock.wrong_answers(engine, asked)

    assert compared > 15
    assert wrong == []
    assert clock.measure(engine, asked, 1).keys() >= set(questions.EXACT) - {"rare"}


def test_the_product_gives_the_counted_totals_and_answers_every_class(
    built: examine.Built, asked: list[Question]
) -> None:
    found = examine.examine("scanindex-whoosh", built, asked, repeats=0, core=None)

    assert found.compared > 15
    assert found.wrong == ()
    assert found.timings.keys() == {q.kind for q in asked}


# --- the other commands ----------------------------------------------------------------
def test_every_filed_document_is_found_by_the_reader(
    built: examine.Built, settings: CorpusSettings, asked: list[Question], tmp_path: Path
) -> None:
    figures = filing.file_while_reading(
        "whoosh", built.folder, settings, asked[:8], papers=3, mean_seconds=0.01, scratch=tmp_path
    )

    assert (figures.lost, len(figures.from_due_ms)) == (0, 3)
    assert all(due >= apply for due, apply in zip(figures.from_due_ms, figures.from_apply_ms, strict=True))


def test_a_rebuild_is_measured_and_can_be_killed(settings: CorpusSettings, tmp_path: Path) -> None:
    small = replace(settings, pages=60)
    killed = rebuild.rebuild("whoosh", small, tmp_path / "index", kill_after_documents=1)
    whole = rebuild.rebuild("whoosh", small, tmp_path / "index")

    assert killed.is_killed or killed.pages == 60
    assert (whole.pages, whole.is_killed) == (60, False)
    assert whole.peak_bytes > whole.peak_own_bytes > 1_000_000


def test_the_command_prints_tables_and_targets(
    settings: CorpusSettings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """End to end with one plain engine; what it prints is what the exit code says."""
    code = search_speed.main(
        ["--folder", str(settings.folder), "--pages", "60", "--patients", "60", "--queries", "1",
         "--repeats", "1", "--peers", "fts5", "--core", "-1", "--json", str(tmp_path / "figures.json")]
    )  # fmt: skip
    printed = capsys.readouterr().out

    assert "scanindex whoosh" in printed
    assert "sqlite fts5" in printed
    assert code == ("MISSED" in printed)
    assert (tmp_path / "figures.json").stat().st_size > 1_000
