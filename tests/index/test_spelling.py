"""Which misread words a search finds, which it leaves alone, and what it suggests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scanindex.index import lexicon, misreading
from scanindex.index.spelling import MAX_SPELLINGS, Spelling


class Pages:
    """The entries that pages of these words post, listed by their beginning as an engine does."""

    def __init__(self, *pages: str, spelling: Spelling | None = None) -> None:
        self.spelling = spelling or Spelling()
        posted = Counter(e for page in pages for e in self.spelling.page_entries(page.split()))
        self.entries = sorted(posted.items())
        self.asked: list[str] = []

    def keys_from(self, prefix: str) -> list[tuple[str, int]]:
        self.asked.append(prefix)
        return [(entry, pages) for entry, pages in self.entries if entry.startswith(prefix)]

    def look_alikes(self, word: str, frequency: int | None = None) -> list[str]:
        return self.spelling.look_alikes(word, self.keys_from, frequency=frequency)

    def fuzzy(self, word: str, edits: int) -> list[str]:
        return self.spelling.fuzzy(word, edits, self.keys_from)


# --- the lexicon -----------------------------------------------------------------
@pytest.mark.parametrize(
    "word", ["spleen", "appendectomy", "metoprolol", "haematoma", "hematoma", "peritoneum", "smith"]
)
def test_general_medical_british_words_and_frequent_names_are_trusted(word: str) -> None:
    assert lexicon.shipped().holds(word)


def test_a_prefix_before_a_frequent_word_makes_a_trusted_word() -> None:
    """ "nontender" is in few lists and on many charts."""
    assert lexicon.shipped().holds("nontender")
    assert not lexicon.shipped().holds("nonxqtender")


def test_the_shipped_list_stays_small_and_states_its_sources() -> None:
    folder = Path(lexicon.__file__).parent
    assert (folder / "lexicon.xz").stat().st_size < 1_500_000
    notice = (folder / "LEXICON-NOTICE.txt").read_text("utf-8")
    assert all(source in notice for source in ("SCOWL", "symspellpy", "ICD-10-CM", "UNII", "Medical Subject"))


def test_a_sites_words_are_trusted_and_its_remarks_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "search-words.txt"
    file.write_text("Quorvane  # a ward\n\n# nothing here\nO'Brannigh\n", "utf-8")
    spelling = Spelling(file)
    assert spelling.is_trusted("quorvane") and spelling.is_trusted("obrannigh")
    assert not spelling.is_trusted("nothinghere")
    assert spelling.suggest("quorvan") == "quorvane"


def test_no_file_of_the_site_means_the_shipped_words(tmp_path: Path) -> None:
    assert Spelling(tmp_path / "none.txt").words is lexicon.shipped()


# --- weights ---------------------------------------------------------------------
def test_a_usual_misreading_costs_less_than_a_chance_edit() -> None:
    usual, chance = misreading.cost("family", "famiiy", 3), misreading.cost("family", "famxly", 3)
    assert misreading.cost("family", "family", 3) == 0 < usual < chance == 1


def test_letters_that_became_one_cost_less_than_two_edits() -> None:
    assert misreading.cost("sternum", "stemum", 3) < 1


def test_a_cost_beyond_the_limit_is_only_known_to_be_beyond() -> None:
    assert misreading.cost("appendectomy", "gastroscopies", 2) > 2


# --- what a page posts -------------------------------------------------------------
def test_trusted_words_and_numbers_post_nothing() -> None:
    assert Pages("The spleen was ruptured on 03/12/1987 at 0745").entries == []


def test_an_odd_word_is_listed_from_both_ends_with_its_length() -> None:
    assert len(Spelling().entries(["rnptured"])) == 2
    assert Spelling().entries(["rnptured"]) == Spelling().page_entries(["Rnptured,"])


# --- what a search finds -------------------------------------------------------------
@pytest.mark.parametrize(
    ("word", "misread"),
    [
        ("spleen", "spieen"),
        ("spleen", "epleen"),
        ("ruptured", "runtured"),
        ("ruptured", "ruptu:ed"),
        ("hypertension", "hvperten51on"),
        ("cholecystectomy", "cholecysfecfomv"),
        ("limits", "liinits"),
        ("continue", "continve"),
        ("plan", "pian"),
        ("quorvane", "quorvano"),
    ],
)
def test_a_misread_word_is_found(word: str, misread: str) -> None:
    """Errors at either end, several in long words, digits for letters; also of words nobody listed."""
    found = Pages(f"there was {misread} today").look_alikes(word)
    assert found and all(token in misread.replace(":", "") for token in found)


@pytest.mark.parametrize("printed", ["rup tured", "rupt ured,"])
def test_a_word_broken_in_two_is_found_by_its_odd_piece(printed: str) -> None:
    assert set(Pages(printed).look_alikes("ruptured")) <= {"tured", "rupt", "ured"}
    assert Pages(printed).look_alikes("ruptured")


def test_another_trusted_word_is_no_misreading() -> None:
    """One letter apart, both words."""
    assert Pages("hypotension and splenic").look_alikes("hypertension") == []
    assert Pages("the heart").look_alikes("heard") == []


def test_an_odd_word_belongs_to_the_word_that_explains_it_best() -> None:
    """ "hypotensiom" is one edit from hypotension, three from hypertension."""
    pages = Pages("hypotensiom was seen")
    assert pages.look_alikes("hypotension") == ["hypotensiom"]
    assert pages.look_alikes("hypertension") == []


def test_the_likeliest_misreading_comes_first() -> None:
    assert Pages("abdxmxn abdomem").look_alikes("abdomen")[0] == "abdomem"


def test_a_number_finds_itself_with_letters_never_another_number() -> None:
    pages = Pages("12345 12346 l2345 1234S 12845 I2346")
    assert pages.look_alikes("12345") == ["1234s", "l2345"]


def test_a_dose_or_code_is_as_safe_as_a_number() -> None:
    pages = Pages("500mg 600mg 5oomg A1284 Al234")
    assert pages.look_alikes("500mg") == ["5oomg"] == pages.fuzzy("500mg", 2)
    assert pages.look_alikes("a1234") == ["al234"]


@pytest.mark.parametrize("word", ["of", "mri", "", "x" * 60, "~", "\x1f"])
def test_short_and_endless_words_have_no_look_alikes(word: str) -> None:
    assert Pages("0f mr1 oi").look_alikes(word) == []


def test_a_word_that_became_trusted_later_is_passed_over(tmp_path: Path) -> None:
    """Entries stay in an index that was written before the site listed the word."""
    before = Pages("quorvane ward")
    assert before.look_alikes("quorvano") == ["quorvane"]
    file = tmp_path / "search-words.txt"
    file.write_text("quorvane", "utf-8")
    assert Spelling(file).look_alikes("quorvano", before.keys_from) == []


def test_a_search_asks_for_narrow_beginnings_and_gives_back_no_more_than_its_cap() -> None:
    letters = "abdefghkmnopqrstuvwxyz"
    odd = [f"abdom{a}{b}" for a in letters for b in letters] + [
        f"{a}{b}domen" for a in letters for b in letters
    ]
    pages = Pages(" ".join(odd))
    assert 0 < len(pages.look_alikes("abdomen")) <= MAX_SPELLINGS
    assert all(len(prefix) >= 4 for prefix in pages.asked) and len(pages.asked) <= 60


# --- what counts of pages say -----------------------------------------------------------
def test_an_odd_word_that_recurs_more_than_misreadings_do_is_a_word_of_its_own() -> None:
    """A name on five pages, unlike enough; the same on one page may be a misreading."""
    assert Pages(*["dr tolvenwick"] * 5).look_alikes("toldenvick", frequency=9) == []
    assert Pages("dr tolvenwick").look_alikes("toldenvick", frequency=9) == ["tolvenwick"]


def test_what_resembles_a_recurring_word_of_the_archive_more_is_a_misreading_of_that() -> None:
    pages = Pages("dr tolvenwich", *["dr tolvenwick"] * 5)
    assert pages.look_alikes("toldenwick", frequency=3) == []
    assert Pages("dr tolvenwich").look_alikes("toldenwick", frequency=3) == ["tolvenwich"]


def test_a_word_on_few_pages_has_few_misread_ones_and_keeps_the_nearest() -> None:
    misread = ["ruptnred", "ruptured0", "rnptured", "ruptvred", "rupturcd", "ruptuned", "rupturad"]
    pages = Pages(*misread)
    found = pages.look_alikes("ruptured", frequency=0)
    assert 0 < len(found) < len(pages.look_alikes("ruptured", frequency=20)) <= len(misread)
    assert found == pages.look_alikes("ruptured", frequency=20)[: len(found)]


def test_a_word_of_no_list_on_few_pages_is_found_only_by_what_is_very_near() -> None:
    pages = Pages("quorvanc", "quirvamx")
    assert pages.look_alikes("quorvane", frequency=1) == ["quorvanc"]
    assert set(pages.look_alikes("quorvane", frequency=100)) == {"quorvanc", "quirvamx"}


def test_the_piece_of_a_broken_word_that_is_a_common_word_here_finds_nothing() -> None:
    """ "toldenwick" broken in two would show every page of a Dr. Tolde."""
    once, common = Pages("tolde nwick"), Pages("tolde nwick", *["dr tolde"] * 9)
    assert once.look_alikes("toldenwick", frequency=3) == ["tolde"]
    assert common.look_alikes("toldenwick", frequency=3) == []


def test_an_engine_that_counts_entries_to_a_few_only_is_asked_for_the_pages_of_a_word() -> None:
    pages = Pages("dr tolvenwick")
    found = pages.spelling.look_alikes(
        "toldenvick", pages.keys_from, frequency=9, pages_of={"tolvenwick": 50}.__getitem__
    )
    assert found == [] != pages.look_alikes("toldenvick", frequency=9)


def test_where_nothing_is_listed_no_dictionary_is_read(tmp_path: Path) -> None:
    spelling = Spelling(tmp_path / "none.txt")
    assert spelling.look_alikes("spleen", lambda _: [], frequency=3) == []
    assert "words" not in vars(spelling)


# --- word~ ------------------------------------------------------------------------
def test_fuzzy_finds_trusted_and_odd_words_within_the_edits_nearest_first() -> None:
    found = Pages("splean and splxxn").fuzzy("spleen", 1)
    assert "splean" in found and "spleens" in found and "splxxn" not in found
    assert "splxxn" in Pages("splean and splxxn").fuzzy("spleen", 2)
    assert "spleen" not in found and len(found) <= MAX_SPELLINGS


def test_fuzzy_takes_swapped_letters_for_one_edit() -> None:
    assert "abdmoen" in Pages("abdmoen").fuzzy("abdomen", 1)


def test_fuzzy_never_takes_one_number_for_another() -> None:
    assert Pages("12346 l2345").fuzzy("12345", 2) == ["l2345"]


# --- did you mean --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hypertention", "hypertension"),
        ("apendectomy", "appendectomy"),
        ("diabets", "diabetes"),
        ("pnuemonia", "pneumonia"),
        ("lisinipril", "lisinopril"),
        ("cholecistectomy", "cholecystectomy"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion(typed: str, meant: str) -> None:
    assert Spelling().suggest(typed) == meant


@pytest.mark.parametrize("typed", ["spleen", "1987", "b12x", "xqzzvw", "kowalczykowna", "mi", ""])
def test_known_words_numbers_and_far_names_get_none(typed: str) -> None:
    assert Spelling().suggest(typed) is None
