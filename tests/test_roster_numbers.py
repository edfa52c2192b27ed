"""Facts about numbers in the roster: check digits, shapes, spreadsheets; newborns; people are invented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine

from scanindex.cli import cli
from scanindex.errors import ConfigError
from scanindex.model import Identifier, Patient
from scanindex.settings import CHECK_DIGIT_RULES, load
from scanindex.store import roster_tables
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_check_digits import RULES, passes, rules_of
from scanindex.store.roster_flags import flags_of
from scanindex.store.roster_import import RosterImport, import_csv

Load = Callable[..., RosterImport]


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://")
    roster_tables.metadata.create_all(engine)
    return engine


@pytest.fixture
def give(engine: Engine, tmp_path: Path) -> Load:
    def _give(*lines: str, **options: object) -> RosterImport:
        path = tmp_path / "roster.csv"
        path.write_text("\n".join(lines) + "\n")
        return import_csv(engine, path, authority="local", **options)  # type: ignore[arg-type]

    return _give


@pytest.fixture
def roster(engine: Engine) -> SqlRoster:
    return SqlRoster(engine)


def only(roster: SqlRoster, mrn: str) -> Patient:
    (found,) = roster.by_identifier([mrn])
    return found


def codes(report: RosterImport) -> set[tuple[int, str]]:
    return {(line, code) for line, code, _ in (*report.errors, *report.warnings)}


# --- check digits -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "number"),
    [
        ("luhn", "79927398713"),  # the example of ISO/IEC 7812-1's usual explanations
        ("mod10", "4006381333931"),  # GS1's example of an EAN-13
        ("mod10", "036000291452"),  # and of a UPC-A
        ("mod11", "943 476 5919"),  # NHS Data Dictionary
        ("verhoeff", "2363"),
        ("verhoeff", "123451"),
        ("damm", "5724"),
    ],
)
def test_published_examples_pass_and_no_other_digit_does(rule: str, number: str) -> None:
    """Only one of the ten last digits can have been issued."""
    others = [number[:-1] + str(digit) for digit in range(10)]

    assert passes(rule, number)
    assert sum(passes(rule, other) for other in others) == 1


@pytest.mark.parametrize("rule", ["verhoeff", "damm"])
def test_neighbours_exchanged_are_found(rule: str) -> None:
    """Every transposition of two different neighbours, which luhn misses for 09 and 90."""
    stem = "470936182"
    number = next(stem + str(d) for d in range(10) if passes(rule, stem + str(d)))
    swapped = [number[:n] + number[n + 1] + number[n] + number[n + 2 :] for n in range(len(number) - 1)]

    assert not any(passes(rule, other) for other in swapped if other != number)


def test_settings_and_store_know_the_same_rules() -> None:
    """A rule that the settings allow exists."""
    assert tuple(RULES) == CHECK_DIGIT_RULES
    assert rules_of("a=luhn, b = mod11") == {"a": "luhn", "b": "mod11"}


def test_a_rule_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """At start, by name of the key."""
    with pytest.raises(ConfigError, match="mrn_check_digits"):
        load(tmp_path, {"SCANINDEX_SITE_MRN_CHECK_DIGITS": "local=lun"})


def test_a_number_that_breaks_its_rule_is_kept_and_told(give: Load, engine: Engine) -> None:
    """By line at import, in what is shown, and to the matcher; other authorities have other rules."""
    report = give(
        "mrn,last,first,dob,authority",
        "79927398713,Lindqvist,Ada,1931-04-18,",
        "79927398714,Moss,Ben,1960-09-01,",
        "79927398714,Tanager,Cas,1961-09-01,county",
        check_rules={"local": "luhn"},
    )

    assert codes(report) == {(3, "check_digit")} and report.added == 3
    roster = SqlRoster(engine, {"local": "luhn"})
    sound, broken = (Identifier(authority="local", type="mrn", value=f"7992739871{d}") for d in "34")
    assert roster.passes_check(sound) and not roster.passes_check(broken)
    ben = next(p for p in roster.by_identifier(["79927398714"]) if p.names[0].last == "Moss")
    assert [f.code for f in flags_of(ben, roster)] == ["check_digit"]


# --- shapes and spreadsheets --------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.23E+05", "mrn_scientific"),
        ("71184.0", "mrn_decimal"),
        ("3-Dec", "mrn_date"),
        ("Apr-07", "mrn_date"),
        ("2012-03-04 00:00:00", "mrn_date"),
        ("4/7/2012", "mrn_date"),
    ],
)
def test_what_a_spreadsheet_made_of_a_number_is_refused(give: Load, text: str, code: str) -> None:
    """The number itself is lost; guessing it back could name somebody else."""
    report = give("mrn,last,first,dob", "0071184,Moss,Ben,1960-09-01", f"{text},Lindqvist,Ada,1931-04-18")

    assert codes(report) == {(3, code)}


def test_a_number_unlike_all_others_of_its_authority_is_told(give: Load) -> None:
    """Learned from the file itself; each authority has its own shape."""
    rows = [f"{400_000 + n},Moss{'abcdefghij'[n % 10]}e,Ben,19{n % 80 + 10}-09-01," for n in range(150)]
    rows += ["X-77,Tanager,Cas,1961-09-02,", "X-78,Tanager,Dot,1962-09-02,county"]

    report = give("mrn,last,first,dob,authority", *rows)

    assert {c for c in codes(report) if c[1] == "number_shape"} == {(152, "number_shape")}


def test_lost_zeros_are_told_from_what_earlier_files_held(give: Load) -> None:
    """A later export whose zeros are gone, though all its numbers are equally short."""
    give("mrn,last,first,dob", *(f"00{4000 + n},Mosse,B{n},1960-09-01" for n in range(150)))

    report = give("mrn,last,first,dob", "9001,Tanager,Cas,1961-09-01")

    assert (0, "leading_zeros_lost") in codes(report)


# --- several numbers ---------------------------------------------------------------------
def test_a_person_may_hold_numbers_of_several_authorities(give: Load, roster: SqlRoster) -> None:
    """Each finds them; the row's own number stays the first."""
    give("mrn,last,first,dob,other mrns", "0071184,Lindqvist,Ada,1931-04-18,county:C-55;0099")

    assert only(roster, "C-55").mrn == "0071184"
    assert [(i.authority, i.value) for i in only(roster, "0099").identifiers] == [
        ("local", "0071184"),
        ("county", "C-55"),
        ("local", "0099"),
    ]


@pytest.mark.parametrize("is_later", [False, True])
def test_a_number_is_never_given_to_two_people(give: Load, roster: SqlRoster, is_later: bool) -> None:
    """In one file or in two, as first number or as another one."""
    head, ada = "mrn,last,first,dob,other mrns", "0071184,Lindqvist,Ada,1931-04-18,C-55"
    ben = "0071190,Moss,Ben,1960-09-01,C-55"
    if is_later:
        give(head, ada)
        report = give(head, ada, ben)
    else:
        report = give(head, ada, ben)

    assert codes(report) == {(3, "identifier_on_two_people")}
    assert only(roster, "C-55").names[0].last == "Lindqvist"


# --- newborns ---------------------------------------------------------------------------
@pytest.mark.parametrize("first", ["Baby Boy", "BG", "Infant Girl A", "Newborn", "Boy B", "baby girl 2"])
def test_a_newborn_without_a_name_is_flagged(give: Load, roster: SqlRoster, first: str) -> None:
    """However the ward writes it; which of a multiple birth is said too."""
    give("mrn,last,first,dob", f"0081184,Lindqvist,{first},2009-04-18", "0081185,Moss,Girlie,2009-04-18")

    flags = {f.code for f in flags_of(only(roster, "0081184"), roster)}
    assert flags == ({"newborn", "multiple_birth"} if first[-1] in "AB2" else {"newborn"})
    assert not flags_of(only(roster, "0081185"), roster)


def test_a_name_given_later_keeps_the_old_one_as_alias(give: Load, roster: SqlRoster) -> None:
    """Also where the child takes another last name; no change to accept, and the mother stays known."""
    give("mrn,last,first,dob,mother mrn", "0081184,Lindqvist,Baby Boy A,2009-04-18,0071184")
    report = give("mrn,last,first,dob", "0081184,Tanager,Jonas,2009-04-18")

    child = only(roster, "0081184")
    assert (report.error_count, report.changed, child.mother_mrn) == (0, 1, "0071184")
    assert [(n.last, n.first, n.use) for n in child.names] == [
        ("Tanager", "Jonas", "official"),
        ("Lindqvist", "Baby Boy A", "alias"),
    ]
    assert roster.by_name("Lindqvist", "Baby Boy A") and roster.by_identifier(["0071184"]) == ()


def test_children_of_one_birth_are_told_apart(give: Load, roster: SqlRoster) -> None:
    """A and B are two people, each a twin of the other."""
    rows = ("0081184,Lindqvist,Baby Boy A,2009-04-18", "0081185,Lindqvist,Baby Boy B,2009-04-18")
    give("mrn,last,first,dob", *rows)

    other = only(roster, "0081185").patient_id
    (twin,) = [f for f in flags_of(only(roster, "0081184"), roster) if f.code == "twin"]
    assert twin.patient_ids == (other,)


# --- look-alikes --------------------------------------------------------------------------
def test_namesakes_and_generations_are_flagged(give: Load, roster: SqlRoster) -> None:
    """With whom, so that a person can compare."""
    give(
        "mrn,last,first,suffix,dob",
        "0071184,Voss,Henry,Sr,1922-05-30",
        "0071185,Voss,Henry,Jr,1951-02-11",
        "0071186,Voss,Henry,,1922-05-30",
    )

    flags = {f.code: len(f.patient_ids) for f in flags_of(only(roster, "0071184"), roster)}
    assert flags == {"namesake": 2, "namesake_same_birth_date": 1, "generation": 2}


# --- what a version touches ------------------------------------------------------------------
def test_an_import_touches_who_changed_and_who_is_like_somebody_new(give: Load, roster: SqlRoster) -> None:
    """So that only their documents are looked at again."""
    head = "mrn,last,first,dob,phone"
    rows = [
        "0071184,Lindqvist,Ada,1931-04-18,",
        "0071185,Moss,Ben,1960-09-01,",
        "0071186,Tanager,Cas,1955-03-02,",
        "0071187,Holm,Dot,1944-07-07,",
    ]
    give(head, *rows)
    give(
        head,
        "0071184,Lindqvist,Ada,1931-04-18,4195550101",  # changed
        "0071199,Moss,Ben,1988-01-01,",  # a namesake
        "0071198,Tanager,Eve,1955-03-02,",  # a twin
    )

    touched = [roster.is_touched(only(roster, row[:7]), 1) for row in rows]
    assert touched == [True, True, True, False]


# --- look-ups ---------------------------------------------------------------------------------
def test_births_of_a_day_among_names_on_the_page(give: Load, roster: SqlRoster) -> None:
    """Only who is named there comes back, by any of their names; that is all the matcher needs."""
    give(
        "mrn,last,first,dob,prior names",
        "0071184,Lindqvist,Ada,1931-04-18,Holm",
        "0071185,Moss,Ben,1931-04-18,",
        "0071186,Moss,Ada,1950-01-01,",
    )

    assert [p.mrn for p in roster.by_birth_date(["1931-04-18"], named={"HOLM", "PULSE"})] == ["0071184"]
    assert [p.mrn for p in roster.by_birth_date(["1931-04-18"], named={"BEN"})] == ["0071185"]
    assert len(roster.by_birth_date(["1931-04-18"])) == 2


def test_doctor_tells_of_a_rule_for_an_unknown_authority(tmp_path: Path) -> None:
    """A slip of the pen would check nothing, silently."""
    run = CliRunner().invoke
    home = ["--home", str(tmp_path)]
    path = tmp_path / "roster.csv"
    path.write_text("mrn,last,first,dob\n79927398713,Lindqvist,Ada,1931-04-18\n")
    run(cli, [*home, "init"])
    run(cli, [*home, "roster", "import", str(path)])

    told = run(cli, [*home, "doctor"], env={"SCANINDEX_SITE_MRN_CHECK_DIGITS": "local=luhn, lokal=luhn"})

    assert "authority lokal" in told.output and "authority local" not in told.output
