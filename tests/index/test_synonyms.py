"""Abbreviations and synonyms: what the shipped table says and what a site may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from scanindex.cli import cli
from scanindex.errors import ConfigError
from scanindex.index import expand
from scanindex.index.site_synonyms import SiteSynonyms
from scanindex.index.synonyms import MAX_TERM_WORDS, MAX_WAYS, SHIPPED, Synonyms


def ways(text: str, table: Synonyms | None = None) -> set[str]:
    keys = tuple(expand.joined(word) for word in text.split())
    return {" ".join(way) for way in (table or Synonyms.load()).of(keys)}


def site(folder: Path, text: str) -> Synonyms:
    path = folder / "synonyms.txt"
    path.write_text(text, "utf-8")
    return Synonyms.load(path)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("HTN", "hypertension"),
        ("hypertension", "htn"),
        ("high blood pressure", "htn"),
        ("MI", "myocardial infarction"),
        ("heart attack", "mi"),
        ("s/p", "status post"),
        ("status post", "sp"),
        ("b.i.d.", "twice a day"),
        ("Rx", "prescription"),
        ("SOB", "dyspnea"),
        ("appy", "appendectomy"),
        ("CABG", "coronary artery bypass graft"),
        ("x-ray", "radiograph"),
        ("x ray", "radiograph"),
        ("radiograph", "x ray"),
        ("heart-attack", "mi"),
    ],
)
def test_an_abbreviation_and_its_meaning_find_each_other(typed: str, found: str) -> None:
    assert found in ways(typed)


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("haemorrhage", "hemorrhage"),
        ("oedema", "edema"),
        ("lymphoedema", "lymphedema"),
        ("paediatric", "pediatric"),
        ("tumour", "tumor"),
        ("foetal", "fetal"),
        ("anaemia", "anemia"),
        ("oesophagus", "esophagus"),
        ("anaesthesia", "anesthesia"),
        ("diarrhoea", "diarrhea"),
        ("catheterisation", "catheterization"),
        ("ileocaecal", "ileocecal"),
    ],
)
def test_british_and_american_spelling_find_each_other(british: str, american: str) -> None:
    assert american in ways(british)
    assert british in ways(american)


def test_a_saying_in_british_spelling_is_known_and_answered_in_both() -> None:
    assert "gerd" in ways("gastro-oesophageal reflux disease")
    assert "gastroesophageal" in ways("gastro-oesophageal")
    assert {"dyspnea", "dyspnoea"} <= ways("shortness of breath")


def test_an_abbreviation_of_several_meanings_gives_all_and_none_gives_it() -> None:
    """Who types multiple sclerosis does not want every Ms. in the archive."""
    assert {"multiple sclerosis", "mitral stenosis", "mental status"} <= ways("MS")
    assert "ms" not in ways("multiple sclerosis")
    assert "pt" not in ways("patient")


def test_everyday_words_have_no_other_meaning() -> None:
    text = "the patient was in no pain and as of it all can or so not at on by he she to knee aid lap"
    assert {word: ways(word) for word in text.split() if ways(word)} == {}
    assert ways("spleen") == ways("the") == ways("12345") == set()


def test_nothing_is_its_own_synonym_and_all_is_bounded() -> None:
    table = Synonyms.load()
    assert 600 < len(table) < 5_000
    for line in SHIPPED.read_text("utf-8").splitlines():
        for term in line.replace("=>", ",").split(","):
            keys = tuple(k for w in term.split() if (k := expand.joined(w)))
            found = table.of(keys)
            assert keys not in found
            assert len(found) == len(set(found)) <= MAX_WAYS
            assert all(0 < len(way) <= MAX_TERM_WORDS + 3 and all(way) for way in found)


def test_american_words_are_left_as_they_are() -> None:
    """The rules turn British into American, and American into nothing else."""
    assert ways("angioedema") == ways("urinalyses") == ways("systemic") == ways("laboratory size") == set()
    text = "gastroesophageal lymphedema hemorrhage estrogen fetal cecum color program center sulfate apnea"
    for word in text.split():
        british = ways(word)
        assert len(british) == 1
        assert ways(british.pop()) == {word}


def test_odd_questions_have_no_answer() -> None:
    table = Synonyms.load()
    assert table.of(()) == table.of(("",)) == table.of(("a",) * 40) == table.of(("\x00", "x")) == ()


# --- the site's file -----------------------------------------------------------
def test_a_site_adds_two_way_and_one_way_lines(tmp_path: Path) -> None:
    table = site(tmp_path, "# ours\n\nHarbour Wing, HW, geriatric ward\nKB => knee brace # no remark here\n")
    assert ways("hw", table) == {"harbor wing", "harbour wing", "geriatric ward"} - {"harbor wing"}
    assert "hw" in ways("geriatric ward", table)
    assert ways("knee brace", table) == set()
    assert "hypertension" in ways("htn", table)


def test_a_site_takes_a_term_out_everywhere(tmp_path: Path) -> None:
    """In Michigan every letterhead says MI."""
    table = site(tmp_path, "- MI\n")
    assert ways("MI", table) == set()
    assert "mi" not in ways("heart attack", table)
    assert "ami" in ways("heart attack", table)


def test_a_site_breaks_one_connection_only(tmp_path: Path) -> None:
    table = site(tmp_path, "- SOB, dyspnea\n")
    assert "dyspnea" not in ways("SOB", table)
    assert ways("appy", table) == ways("appy")


def test_a_site_adds_spelling_rules(tmp_path: Path) -> None:
    assert "yoghurt" in ways("yogurt", site(tmp_path, "spelling: yogh*, yog*\n"))


def test_what_a_site_adds_survives_its_own_removal_of_the_shipped(tmp_path: Path) -> None:
    assert ways("MI", site(tmp_path, "MI, mitral insufficiency\n- MI\n")) == {"mitral insufficiency"}


@pytest.mark.parametrize(
    "line",
    [
        "hypertension",
        "a,,b",
        ", a",
        "a => ",
        "=> a",
        "a => b => c",
        "- ",
        "- no such term here",
        "one two three four five six, b",
        "same, SAME",
        "spelling: haem*",
        "spelling: haem*, *hem",
        "spelling: *, x*",
        "spelling: abc, abc",
        ", ".join(f"term{n}" for n in range(40)),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=r"^synonyms\.txt line 3: "):
        site(tmp_path, f"# ours\nKB, knee brace\n{line}\n")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "synonyms.txt"
    path.write_bytes(b"KB, knee brace\n\xff\xfe\x00")
    with pytest.raises(ConfigError, match="line 2: is not UTF-8"):
        Synonyms.load(path)
    path.write_bytes(b"a, b\n" * 300_000)
    with pytest.raises(ConfigError, match="bytes"):
        Synonyms.load(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        Synonyms.load(tmp_path)


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert ways("appy", Synonyms.load(tmp_path / "synonyms.txt")) == ways("appy")


def test_a_running_program_follows_the_file_and_outlives_its_faults(tmp_path: Path) -> None:
    """An edit needs no restart; a slip in it stops no search and is told to who asks."""
    path = tmp_path / "synonyms.txt"
    following = SiteSynonyms(path)
    assert (following.of(("kb",)), following.fault) == ((), None)
    path.write_text("KB, knee brace\n", "utf-8")
    assert following.of(("kb",)) == (("knee", "brace"),)
    path.write_text("KB, knee brace\nonly one term\n", "utf-8")
    assert following.of(("kb",)) == (("knee", "brace"),)
    assert "line 2" in str(following.fault)
    path.unlink()
    assert (following.of(("kb",)), following.fault) == ((), None)


def test_doctor_names_the_line_at_fault(tmp_path: Path) -> None:
    """Who edited the table hears of a slip there, not at every search."""
    home = ("--home", str(tmp_path / "site"))
    assert CliRunner().invoke(cli, [*home, "init"]).exit_code == 0
    path = tmp_path / "site" / "synonyms.txt"
    path.write_text("KB, knee brace\nonly one term\n", "utf-8")
    shown = CliRunner().invoke(cli, [*home, "doctor"])
    assert "synonyms.txt line 2: " in shown.output
    assert shown.exit_code == 2
    path.write_text("KB, knee brace\n", "utf-8")
    assert "synonyms of the site" in CliRunner().invoke(cli, [*home, "doctor"]).output
