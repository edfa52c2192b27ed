"""What a clerk types, and which patients are suggested for it and why; people are invented."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner
from sqlalchemy import Engine, inspect, text

from scanindex import app
from scanindex import settings as site
from scanindex.cli import cli
from scanindex.errors import ScanindexError
from scanindex.model import Identifier, Patient, PatientId, PersonName, Suggestion
from scanindex.settings import Settings
from scanindex.store import migrate, roster_merging, roster_suggest_index, roster_tables
from scanindex.store.catalog import open_engine
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_import import RosterImport, import_csv
from scanindex.store.roster_suggest_dates import Birth, births_of
from scanindex.store.roster_suggest_typed import readings_of

HEAD = "mrn,last,first,middle,suffix,sex,dob,prior_names,aliases"
ROWS = (
    "00481920,Smithers,Jolanda,Wren,,F,1931-07-09,Abernarth,",
    "00481921,Smith,Catherine,,,F,1948-02-11,,",
    "00739055,Jorgensen,Robert,Smiley,Jr,M,1931-12-30,,",
    "00739056,O'Brandt-Quill,Mary Ann,,,F,1962-10-05,,Minnow",
    "B-77-3104,De la Torrez,Íñigo,,,M,1931-07-21,,",
    "00550017,Mc Alpern,Una,,,F,2007-09-19,,",
)
TWENTY = 20


def engine_in(folder: Path) -> Engine:
    made = open_engine(f"sqlite:///{folder / 'catalog.db'}")
    roster_tables.metadata.create_all(made)
    return made


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of its own, for tests that change the roster."""
    made = engine_in(tmp_path)
    yield made
    made.dispose()


def load(engine: Engine, *lines: str, head: str = HEAD, **options: bool) -> RosterImport:
    path = Path(str(engine.url.database)).with_name("roster.csv")
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return import_csv(engine, path, authority="local", **options)


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> SqlRoster:
    """Everybody in ROWS; looked at only."""
    engine = engine_in(tmp_path_factory.mktemp("roster"))
    load(engine, *ROWS)
    return SqlRoster(engine)


@pytest.fixture
def changing(engine: Engine) -> SqlRoster:
    """The same people, in a database that a test may change."""
    load(engine, *ROWS)
    return SqlRoster(engine)


def lasts(found: Sequence[Suggestion]) -> list[str]:
    return [one.patient.names[0].last for one in found]


def marks(one: Suggestion) -> list[tuple[str, str, str]]:
    """(datum, what of it fits, how)."""
    return [(r.datum, r.value[r.start : r.end], r.fit.value) for r in one.reasons]


# --- who is found ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "typed", ["smi jo", "jo smi", "Smithers, J", "jolanda smithers", "wren smith", "w sm j"]
)
def test_parts_of_names_in_any_order(roster: SqlRoster, typed: str) -> None:
    """Last, first and middle names, whole or begun."""
    assert lasts(roster.suggest(typed))[0] == "Smithers"


@pytest.mark.parametrize(
    ("typed", "last"),
    [
        ("abernarth", "Smithers"),
        ("minnow", "O'Brandt-Quill"),
        ("maryann", "O'Brandt-Quill"),
        ("quill mary", "O'Brandt-Quill"),
        ("obrandt", "O'Brandt-Quill"),
        ("o'brandt-q", "O'Brandt-Quill"),
        ("inigo", "De la Torrez"),
        ("delatorrez", "De la Torrez"),
        ("torrez de", "De la Torrez"),
        ("mcalpern", "Mc Alpern"),
        ("mc alp", "Mc Alpern"),
        ("jorgensen jr", "Jorgensen"),
    ],
)
def test_names_as_they_are_written_otherwise(roster: SqlRoster, typed: str, last: str) -> None:
    """Former names, aliases, several words, accents, suffixes."""
    assert lasts(roster.suggest(typed)) == [last]


@pytest.mark.parametrize(
    ("typed", "last", "fits"),
    [
        ("kathryn smyth", "Smith", ["sound", "sound"]),
        ("smith kathryn", "Smith", ["exact", "sound"]),
        ("bob jorgensen", "Jorgensen", ["nickname", "exact"]),
        ("smith cathryn", "Smith", ["exact", "sound"]),
        ("yorgensen", None, None),
        ("jorgenson rob", "Jorgensen", ["sound", "beginning"]),
    ],
)
def test_names_that_sound_alike_and_nicknames(
    roster: SqlRoster, typed: str, last: str | None, fits: list[str] | None
) -> None:
    """Found where nobody fits better, and marked as such."""
    found = roster.suggest(typed)

    assert lasts(found) == ([last] if last else [])
    assert [r.fit.value for one in found for r in one.reasons] == (fits or [])


@pytest.mark.parametrize(
    ("typed", "last", "mark", "fit"),
    [
        ("00481920", "Smithers", "481920", "exact"),
        ("481920", "Smithers", "481920", "exact"),
        ("00-48-19-20", "Smithers", "481920", "exact"),
        ("48 19 20", "Smithers", "481920", "exact"),
        ("5500", "Mc Alpern", "5500", "beginning"),
        ("0055", "Mc Alpern", "55", "beginning"),
        ("0017", "Mc Alpern", "0017", "ending"),
        ("81920", "Smithers", "81920", "ending"),
        ("5001", "Mc Alpern", "5001", "inside"),
        ("b77", "De la Torrez", "B-77", "beginning"),
        ("7731", "De la Torrez", "77-31", "inside"),
        ("B 77 3104", "De la Torrez", "B-77-3104", "exact"),
    ],
)
def test_pieces_of_numbers(roster: SqlRoster, typed: str, last: str, mark: str, fit: str) -> None:
    """Beginning, end or middle, whatever the punctuation and zeros in front."""
    (found,) = roster.suggest(typed)

    assert (lasts([found]), marks(found)) == ([last], [("number", mark, fit)])


@pytest.mark.parametrize(
    "typed",
    [
        "1931-07-09", "1931/7/9", "07/09/1931", "7/9/1931", "7-9-31", "07.09.31", "07 09 1931", "07/09/31",
        "9 jul 1931", "jul 9 31", "July 9, 1931", "9th July '31", "09JUL1931", "070931", "07091931",
        "19310709", "310709", "1931 jul 9", "９ jul １９３１",
    ],
)  # fmt: skip
def test_a_birth_date_however_it_is_typed(roster: SqlRoster, typed: str) -> None:
    """One person was born that day; the date as stored is marked."""
    found = roster.suggest(typed)[0]

    assert (lasts([found]), marks(found)) == (["Smithers"], [("birth_date", "1931-07-09", "exact")])


@pytest.mark.parametrize(
    ("typed", "expected", "mark"),
    [
        ("1931", {"Smithers", "Jorgensen", "De la Torrez"}, "1931"),
        ("jul 1931", {"Smithers", "De la Torrez"}, "1931-07"),
        ("07/1931", {"Smithers", "De la Torrez"}, "1931-07"),
        ("1931-07-", {"Smithers", "De la Torrez"}, "1931-07"),
        ("07/09/19", {"Smithers"}, "1931-07-09"),
        ("9 jul", {"Smithers"}, "07-09"),
    ],
)
def test_a_part_of_a_birth_date(roster: SqlRoster, typed: str, expected: set[str], mark: str) -> None:
    """A year, a month of a year, a day without its year."""
    found = roster.suggest(typed)

    assert set(lasts(found)) == expected
    assert {m for one in found for _, m, _ in marks(one)} == {mark}


@pytest.mark.parametrize(
    "typed", ["smi 1931", "jo 07/09/31", "1931 jol", "wren 4819", "jul 1931 smi", "19 jo smi 20"]
)
def test_things_of_several_kinds_together(roster: SqlRoster, typed: str) -> None:
    """Each part must fit the same person."""
    assert lasts(roster.suggest(typed))[0] == "Smithers"


def test_every_part_must_fit(roster: SqlRoster) -> None:
    """Nobody is suggested for half of what was typed, nor twice for one word."""
    assert roster.suggest("smithers 1948") == ()
    assert roster.suggest("smithers smithers") == ()


# --- order and reasons ----------------------------------------------------------------------------
def test_exact_comes_before_begun_before_nickname_before_sound(engine: Engine) -> None:
    """Among people who all fit."""
    load(
        engine, "1,Ann,Zoe,,,F,1950-01-01,,", "2,Annister,Zoe,,,F,1950-01-01,,",
        "3,Pool,Beb,,,M,1951-01-01,,", "4,Pool,Robert,,,M,1952-01-01,,", "5,Pool,Bobbin,,,M,1953-01-01,,",
        "6,Pool,Bob,,,M,1954-01-01,,",
    )  # fmt: skip
    roster = SqlRoster(engine)

    found = roster.suggest("pool bob")

    assert [one.patient.names[0].first for one in found] == ["Bob", "Bobbin", "Robert", "Beb"]
    assert [one.fit.value for one in found] == ["exact", "beginning", "nickname", "sound"]
    assert lasts(roster.suggest("ann"))[:2] == ["Ann", "Annister"]


def test_each_part_says_what_it_fits(roster: SqlRoster) -> None:
    """In typed order, with the datum as the roster writes it and the place in it."""
    (found,) = roster.suggest("abernarth jo 1931")

    assert marks(found) == [
        ("last_name", "Abernarth", "exact"),
        ("first_name", "Jo", "beginning"),
        ("birth_date", "1931", "beginning"),
    ]
    assert [(r.typed, r.use) for r in found.reasons] == [
        ("ABERNARTH", "former"),
        ("JO", "official"),
        ("1931", ""),
    ]


def test_a_part_of_a_name_of_several_words_is_marked_where_it_stands(roster: SqlRoster) -> None:
    """Also where the punctuation was left out."""
    (found,) = roster.suggest("obrandtq")

    assert marks(found) == [("last_name", "O'Brandt-Q", "beginning")]


def test_find_never_guesses(roster: SqlRoster) -> None:
    """Whoever is looked up to act upon is not found by sound, nickname or a piece of a number."""
    assert [p.names[0].last for p in roster.find("smi jo")] == ["Smithers", "Jorgensen"]
    for typed in ("kathryn smyth", "bob jorgensen", "81920", "5001"):
        assert roster.find(typed) == ()


# --- in step with the roster ----------------------------------------------------------------------
def test_a_changed_name_is_found_and_the_old_one_too(engine: Engine, changing: SqlRoster) -> None:
    """As a later import tells it; what came before stays as a former name."""
    load(engine, "00481921,Brockway,Catherine,,,F,1948-02-11,,")

    for typed in ("brockway", "smith cath"):
        assert lasts(changing.suggest(typed)) == ["Brockway"]


def test_a_merged_record_is_found_as_its_survivor_and_apart_again(tmp_path: Path) -> None:
    """By its own name and number, until the two are taken apart."""
    app.initialise(Settings(home=tmp_path))
    opened = app.open_workspace(Settings(home=tmp_path))
    load(opened.engine, *ROWS)
    roster = opened.roster
    loser, survivor = (roster.by_identifier([n])[0].patient_id for n in ("00481921", "00481920"))

    roster_merging.merge(opened.catalog, loser, survivor, "one woman", "user:clerk")
    merged = [lasts(roster.suggest(typed)) for typed in ("smith catherine", "481921", "smithers")]
    roster_merging.unmerge(opened.catalog, loser, "two women", "user:clerk")
    apart = [lasts(roster.suggest(typed)) for typed in ("smith catherine", "481921", "smithers")]
    opened.close()

    assert merged == [["Smithers"], ["Smithers"], ["Smithers"]]
    assert apart == [["Smith"], ["Smith"], ["Smithers"]]


def test_provisional_people_are_found_until_they_are_linked(changing: SqlRoster) -> None:
    """And as they were changed in between."""
    person = Patient(
        patient_id=PatientId(""),
        names=(PersonName(last="Ploverly", first="Ida"),),
        birth_date="1944-05-06",
        identifiers=(Identifier(authority="local", type="mrn", value="P-88231"),),
    )
    patient_id = changing.add_provisional(person)
    added = changing.suggest("plov 88231")
    changing.update(
        Patient(patient_id=patient_id, names=(PersonName(last="Plumley", first="Ida"),), birth_date=None)
    )
    changed = [lasts(changing.suggest(typed)) for typed in ("plov", "plum ida")]
    changing.link(patient_id, changing.by_identifier(["00481921"])[0].patient_id)

    assert [one.patient.is_provisional for one in added] == [True]
    assert changed == [[], ["Plumley"]]
    assert changing.suggest("plum") == ()


def test_a_newborn_is_found_by_the_name_it_had(engine: Engine) -> None:
    """ "Baby Girl" stays an alias once the child is named."""
    roster = SqlRoster(engine)
    load(engine, "901,Wexler,Baby Girl,,,F,2011-03-03,,")
    assert lasts(roster.suggest("baby wex")) == ["Wexler"]

    load(engine, "901,Wexler,Odile,,,F,2011-03-03,,")

    for typed in ("baby girl wexler", "odile"):
        assert [one.patient.names[0].first for one in roster.suggest(typed)] == ["Odile"]


def test_a_dry_run_leaves_nobody_behind(engine: Engine, changing: SqlRoster) -> None:
    """The index goes back with the table."""
    load(engine, "123,Passerby,Ned,,,M,1950-01-01,,", dry_run=True)

    assert changing.suggest("passerby") == ()


def test_an_old_catalog_is_filled_when_it_is_brought_up_to_date(tmp_path: Path, engine: Engine) -> None:
    """People imported before there was a typeahead are found like others."""
    load(engine, *ROWS)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    old = open_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(text(f"ATTACH '{tmp_path / 'catalog.db'}' AS other"))
        for table in ("versions", "patients", "names", "identifiers"):
            there = {column["name"] for column in inspect(connection).get_columns(f"roster_{table}")}
            known = roster_tables.metadata.tables[f"roster_{table}"].columns
            columns = ", ".join(c.name for c in known if c.name in there)  # later ones came later
            copied = f"INSERT INTO roster_{table} ({columns}) SELECT {columns} FROM other.roster_{table}"
            connection.execute(text(copied))
    migrate.migrate(old)

    roster = SqlRoster(old)
    assert lasts(roster.suggest("smi jo 1931")) == lasts(SqlRoster(engine).suggest("smi jo 1931")) != []
    assert lasts(roster.suggest("kathryn smyth")) == ["Smith"]


def test_a_big_import_is_indexed_whole(engine: Engine) -> None:
    """The index is left aside while a big file fills the table, and made after it."""
    head = "mrn,last,first,dob,address"
    address = "1 Long Road " + "x" * 500
    rows = [
        f"{70_000 + n},Last{chr(97 + n % 26)}{chr(97 + n // 26 % 26)},First,{1930 + n % 60}-01-01,{address}"
        for n in range(4_200)
    ]
    load(engine, *rows, "9999991,Zzyzx,Amos,1951-01-01,", head=head)
    load(engine, "9999992,Zzyzx,Bert,1951-01-01,", head=head)

    found = SqlRoster(engine).suggest("zzyzx")
    assert [one.patient.names[0].first for one in found] == ["Amos", "Bert"]
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO roster_terms_fts(roster_terms_fts) VALUES ('integrity-check')"))


def test_the_plain_statement_of_other_databases_finds_the_same(engine: Engine, changing: SqlRoster) -> None:
    """Without the full-text index, from the table alone."""
    typed = ("smi jo", "quill mary", "kathryn smyth", "5001", "81920", "9 jul 31", "smi 1931", "wren 4819")
    by_index = [lasts(changing.suggest(one)) for one in typed]
    with engine.begin() as connection:
        roster_suggest_index.stop_following(connection)
        connection.execute(text("DROP TABLE roster_terms_fts"))

    assert [lasts(SqlRoster(engine).suggest(one)) for one in typed] == by_index
    assert all(by_index)


def test_tables_made_from_the_code_have_the_index_too() -> None:
    """As from the migrations."""
    engine = open_engine("sqlite://")
    roster_tables.metadata.create_all(engine)

    with engine.connect() as connection:
        assert roster_suggest_index.has_index(connection)


# --- whatever is typed ----------------------------------------------------------------------------
HOSTILE = (
    "", " ", "*", "%", "_", "'", '"', "smi* AND jo*", '"smith" NEAR jo', "terms:smith", "smith)", "(((((",
    "-smith", "^smith", "OR", "NOT smith", "\0", "smith\0jo", "😀😀", "x" * 10_000, "*" * 10_000,
    "a " * 5_000, "1 " * 5_000, "' OR 1=1 --", "\u202esmith", "٣١", "0" * 500, "1/" * 500, "jul " * 300,
    "-/-/-", "0/0/0", "99/99/9999", "²³", "ſmith", "\ud800", "Ⅷ", "1e9", "\U000f0001", "'-'-'",
)  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE)
def test_any_text_is_harmless(roster: SqlRoster, typed: str) -> None:
    """Nothing is an operator or a wildcard, nothing fails."""
    found = roster.suggest(typed, limit=TWENTY)

    assert len(found) <= TWENTY
    assert all(one.reasons for one in found)


def test_readings_of_any_text_are_few() -> None:
    """However long it is."""
    for typed in HOSTILE:
        readings = readings_of(typed)
        assert len(readings) <= 5
        assert all(1 <= len(reading.parts) <= 13 for reading in readings)


@pytest.mark.parametrize("limit", [0, -1])
def test_nobody_is_suggested_where_nobody_is_wanted(roster: SqlRoster, limit: int) -> None:
    """A limit below one is no error."""
    assert roster.suggest("smi", limit=limit) == ()


def test_a_date_in_the_making_is_never_in_the_future() -> None:
    """Two digits of a year are of both centuries unless the later one is not yet."""
    assert births_of("0709", 2026) == (Birth("", "0709"), Birth("", "0907"))
    assert {b.year for b in births_of("070931", 2026)} == {"1931"}
    assert {b.year for b in births_of("070911", 2026)} >= {"1911", "2011"}


# --- the command ----------------------------------------------------------------------------------
def test_the_command_tells_why(tmp_path: Path) -> None:
    """Brackets around what fits; the same in JSON beside what was there before."""
    app.initialise(Settings(home=tmp_path))
    opened = app.open_workspace(site.load(tmp_path, {}))
    load(opened.engine, *ROWS)
    opened.close()

    shown = CliRunner().invoke(
        cli, ["--home", str(tmp_path), "roster", "find", "smi", "1931", "--limit", "1"]
    )
    as_json = CliRunner().invoke(cli, ["--home", str(tmp_path), "roster", "find", "kathryn smyth", "--json"])

    assert "last name [Smi]thers, birth date [1931]-07-09" in shown.output
    (one,) = json.loads(as_json.output)
    assert (one["name"], one["mrn"], one["fit"]) == ("Smith, Catherine", "00481921", "sound")
    assert [r["datum"] for r in one["reasons"]] == ["first_name", "last_name"]


def test_a_name_that_sounds_alike_files_nothing(tmp_path: Path) -> None:
    """Commands that act on a patient want the number or id."""
    app.initialise(Settings(home=tmp_path))
    opened = app.open_workspace(site.load(tmp_path, {}))
    load(opened.engine, *ROWS)
    from scanindex.access_model import unlimited
    from scanindex.cli.find import patient_by

    for typed in ("kathryn smyth", "smith catherine", "81920", "1948-02-11"):
        with pytest.raises(ScanindexError):
            patient_by(typed, opened, unlimited("user:x"), is_for_filing=True)
    assert patient_by("481921", opened, unlimited("user:x"), is_for_filing=True).mrn == "00481921"
    opened.close()


# --- only some people ---------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["s", "smi", "smith", "smyth", "j smi", "kate", "0048", "1920", "1931"])
def test_within_a_list_the_answer_is_as_if_nobody_else_were_known(tmp_path: Path, typed: str) -> None:
    """Who is found, why, and what is cut off by the limit: compared with a roster of only those."""
    theirs = ROWS[1:3]
    (tmp_path / "all").mkdir()
    (tmp_path / "few").mkdir()
    everybody, few = engine_in(tmp_path / "all"), engine_in(tmp_path / "few")
    load(everybody, *ROWS)
    load(few, *theirs)
    numbers = [line.split(",")[0] for line in theirs]
    roster, alone = SqlRoster(everybody), SqlRoster(few)
    within = frozenset(p.patient_id for p in roster.by_identifier(numbers))
    all_of_few = frozenset(p.patient_id for p in alone.by_identifier(numbers))

    for limit in (1, 5):
        listed = roster.suggest(typed, limit, within=within)
        other = alone.suggest(typed, limit, within=all_of_few)
        assert [(s.patient.mrn, s.reasons) for s in listed] == [(s.patient.mrn, s.reasons) for s in other]
        if limit > len(theirs):
            assert {s.patient.mrn for s in listed} == {s.patient.mrn for s in alone.suggest(typed, limit)}
        assert {p.patient_id for p in roster.find(typed, limit, within=within)} <= within
    everybody.dispose()
    few.dispose()


def test_within_nobody_nobody_is_suggested(engine: Engine) -> None:
    load(engine, *ROWS)

    assert SqlRoster(engine).suggest("smith", within=frozenset()) == ()
    assert SqlRoster(engine).suggest("smith")
