"""Facts about `scanindex search`, `searches` and `page`: what a clerk sees, and what a script gets."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scanindex import app, exports
from scanindex.cli import cli
from scanindex.cli.search_text import Style, caret
from scanindex.errors import QueryError, UsageError
from tests.crash.service_main import open_stubbed, quick_settings
from tests.test_find import FIRST, SECOND, drop, give_roster

_READ = ("viewed", "exported", "downloaded")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two documents of one patient and one of another."""
    home = tmp_path_factory.mktemp("home")
    app.initialise(quick_settings(home))
    opened = open_stubbed(quick_settings(home))
    give_roster(opened, FIRST, SECOND)
    drop(opened, FIRST, "a", "spleen", "=cmd|' /C calc'!A1", pages=2)
    drop(opened, FIRST, "b", "spleen")
    drop(opened, SECOND, "c", "spleen kidney")
    opened.close()
    return home


def called(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *arguments])


def said(home: Path, *arguments: str) -> str:
    result = called(home, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def asked(home: Path, *arguments: str) -> Any:
    return json.loads(said(home, *arguments, "--json"))


def reads(home: Path) -> list[dict[str, Any]]:
    lines = [line for p in sorted((home / "archive" / "events").glob("*.jsonl")) for line in p.open()]
    return [event["payload"] for line in lines if (event := json.loads(line))["kind"] in _READ]


def test_patients_stand_before_documents_and_hits_are_marked(home: Path) -> None:
    """Plain text where it is no terminal."""
    lines = said(home, "search", "okonkwobell").splitlines()

    assert lines[0] == "Patients"
    assert re.search(r"OKONKWOBELL, THEODORA, 1947-08-23, MRN 70418826 .* 2 document\(s\)", lines[1])
    assert "Documents 1-2 of 2" in lines
    assert any("p. 1" in line and "[OKONKWOBELL," in line for line in lines)


def test_nothing_found_is_said(home: Path) -> None:
    """And is no error."""
    assert "Nothing found." in said(home, "search", "xylophone")


def test_json_has_documents_with_pages_and_all_hits_in_a_row(home: Path) -> None:
    """Scripts may use either."""
    found = asked(home, "search", "spleen", "--facets", "--sort", "oldest")

    assert (found["total"], found["total_documents"], found["next_offset"]) == (4, 3, None)
    assert sorted(d["pages_total"] for d in found["documents"]) == [1, 1, 2]
    assert [h["document_id"] for h in found["hits"]] == [
        d["document_id"] for d in found["documents"] for _ in d["pages"]
    ]
    assert [(f["value"], f["documents"]) for f in found["facets"]["year"]] == [("1998", 3)]


def test_boxes_say_where_the_words_stand(home: Path) -> None:
    """In pixels of the upright page and as fractions of it."""
    (hit,) = asked(home, "search", "kidney", "--boxes")["hits"]

    (mark,) = hit["marks"]
    assert mark["text"] == "kidney" and mark["word_numbers"] == hit["word_numbers"]
    assert mark["left"] == pytest.approx(mark["box"]["left_px"] / hit["width_px"], abs=1e-4)


def test_a_search_is_recorded_as_a_read(home: Path) -> None:
    """With the documents that were shown."""
    found = asked(home, "search", "kidney")

    assert reads(home)[-1] == {"what": "search", "document_ids": [found["hits"][0]["document_id"]]}


def test_a_query_without_sense_is_shown_with_the_place(home: Path) -> None:
    """The line, a caret below the character, what would work; exit code of a usage error."""
    result = called(home, "search", "spleen colour:red")

    assert isinstance(result.exception, QueryError) and result.exception.exit_code == 2
    assert "  spleen colour:red\n         ^\n" in result.stderr


def test_the_caret_of_a_long_query_stays_below_its_character() -> None:
    """Cut around the place, control characters shown as such."""
    query = "a" * 200 + "\x1b[31m:" + "b" * 200
    line, mark = caret(query, 206).splitlines()

    assert line[mark.index("^")] == ":" and len(line) < 140 and "\x1b" not in line


@pytest.mark.parametrize(
    "arguments",
    [
        ("spleen", "--ofset", "3"),
        ("spleen", "--exact", "--alike"),
        ("spleen", "--boxes"),
        ("spleen", "--all"),
        ("spleen", "--csv", "x.csv", "--json"),
        ("spleen", "--per-page"),
    ],
)
def test_options_that_make_no_sense_are_refused(home: Path, arguments: tuple[str, ...]) -> None:
    """A mistyped option is not searched for."""
    assert isinstance(called(home, "search", *arguments).exception, UsageError)


def test_the_shell_may_take_the_quotes_off_phrases(home: Path) -> None:
    """Several arguments are words and phrases again; one argument is the query as it stands."""
    ids = [
        [h["document_id"] for h in asked(home, "search", *q)["hits"]]
        for q in (("usual range",), ('"usual range"',), ("usual range", "kidney"), ("-kidney", "spleen"))
    ]

    assert len(ids[0]) == len(ids[1]) == 4 and len(ids[2]) == 1 and len(ids[3]) == 3


def test_hits_are_coloured_on_a_terminal_and_nothing_else_is_let_through() -> None:
    """What was read on paper never steers the terminal."""
    shown = Style(is_coloured=True).hits("a [spleen] \x1b[2Jb")

    assert shown == "a \x1b[30m\x1b[103mspleen\x1b[0m \N{REPLACEMENT CHARACTER}[2Jb"
    assert Style(is_coloured=False).hits("a [spleen]") == "a [spleen]"


# --- lists to take along -----------------------------------------------------------------------
def test_a_list_for_a_spreadsheet_is_private_and_starts_no_formula(home: Path, tmp_path: Path) -> None:
    """One row per document, or per page; the export is recorded as a read."""
    target = tmp_path / "list.csv"
    said(home, "search", "spleen", "--csv", str(target))
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8-sig"))))
    target.unlink()
    said(home, "search", "spleen", "--csv", str(target), "--per-page")
    pages = list(csv.DictReader(io.StringIO(target.read_text("utf-8-sig"))))

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["list.csv"]
    assert sorted(row["pages_total"] for row in rows) == ["1", "1", "2"]
    assert sorted(row["page_no"] for row in pages) == ["1", "1", "1", "2"]
    assert {row["mrn"] for row in rows} == {FIRST.mrn, SECOND.mrn}
    assert not [v for row in rows for v in row.values() if v.startswith(("=", "+", "-", "@"))]
    assert reads(home)[-1]["what"] == "search_export" and len(reads(home)[-1]["document_ids"]) == 3


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_a_cell_never_begins_a_formula(value: str) -> None:
    """OWASP's list of characters, full-width ones too."""
    assert exports.safe_cell(value).startswith("'")


def test_the_whole_list_as_json(home: Path) -> None:
    """All documents, whatever the limit."""
    rows = asked(home, "search", "spleen", "--all", "--limit", "1")

    assert len(rows) == 3
    assert sorted(no for row in rows for no in row["pages"]) == [1, 1, 1, 2]


# --- saved searches ----------------------------------------------------------------------------
def test_a_saved_search_is_listed_run_renamed_and_deleted(home: Path) -> None:
    """What is new is counted."""
    said(home, "search", "--save", "spleens", "spleen")
    (listed,) = asked(home, "searches")
    ran = asked(home, "searches", "run", "Spleens")
    said(home, "searches", "rename", "spleens", "all spleens")
    text = said(home, "searches")
    said(home, "searches", "delete", "all spleens")

    assert (listed["name"], listed["query"], listed["new"]) == ("spleens", "spleen", 0)
    assert ran["total_documents"] == 3
    assert re.search(r"all spleens +0 +20\d\d-.* spleen", text)
    assert asked(home, "searches") == []


def test_only_what_is_new_of_a_saved_search(home: Path) -> None:
    """All of it, and nothing the second time."""
    said(home, "search", "--save", "fresh", "oesophagus")
    opened = open_stubbed(quick_settings(home))
    drop(opened, SECOND, "later", "oesophagus")
    opened.close()

    new = asked(home, "searches", "run", "fresh", "--new")
    again = asked(home, "searches", "run", "fresh", "--new")

    assert (len(new["documents"]), new["new"]) == (1, [new["documents"][0]["document_id"]])
    assert again["documents"] == []


# --- one page ----------------------------------------------------------------------------------
def test_a_page_is_shown_with_words_marked(home: Path) -> None:
    """Without a number the first one that holds a word."""
    (hit,) = asked(home, "search", "kidney")["hits"]

    text = said(home, "page", hit["document_id"], "--mark", "kidney OR range")
    data = asked(home, "page", hit["document_id"], "1", "--mark", "kidney")

    assert "[kidney]" in text and "[range]" in text and "[spleen]" not in text
    assert data["word_numbers"] == hit["word_numbers"]
    assert reads(home)[-1] == {"what": "page", "document_ids": [hit["document_id"]]}


def test_a_page_that_is_not_there_is_refused(home: Path) -> None:
    """With the number of pages there are."""
    (hit,) = asked(home, "search", "kidney")["hits"]

    assert "1 page(s)" in str(called(home, "page", hit["document_id"], "2").exception)


@pytest.fixture
def broken(home: Path) -> Iterator[Path]:
    """The same workspace with its index thrown away."""
    import shutil

    shutil.rmtree(home / "var" / "index")
    yield home


def test_a_lost_index_is_built_anew_before_the_answer(broken: Path) -> None:
    """The same answer as ever."""
    assert len(asked(broken, "search", "spleen")["documents"]) == 3


@pytest.mark.parametrize(
    "where", ["var/catalog.db", "archive/list.csv", "inbox/list.csv", "nowhere/list.csv", "-"]
)
def test_a_list_is_never_written_over_data(home: Path, where: str) -> None:
    """A slip of the finger must not cost a chart, or the catalog."""
    before = (home / "var/catalog.db").read_bytes()
    target = where if where == "-" else str(home / where)
    result = called(home, "search", "spleen", "--csv", target)
    assert isinstance(result.exception, UsageError)
    assert (home / "var/catalog.db").read_bytes() == before


def test_a_list_never_replaces_a_file(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("kept")
    assert isinstance(called(home, "search", "spleen", "--csv", str(mine)).exception, UsageError)
    assert mine.read_text() == "kept"
