"""Importing roster files: what is understood, what is refused, what is kept; people are invented."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from scanindex.errors import ConflictError, NotFound, RosterRejected
from scanindex.model import Identifier, Patient, PatientId, PersonName
from scanindex.store import roster_tables
from scanindex.store.roster import SqlRoster
from scanindex.store.roster_import import RosterImport, import_csv

HEAD = "mrn,last,first,middle,suffix,sex,dob,ssn4,phone,address,city,state,zip,prior_names,aliases"
ADA = "0071184,Lindqvist,Ada,M,,F,1931-04-18,0042,(419) 555-0101,3 Mill Row,Tiffin,OH,44883,,"
BEN = "0071185,Moss,Ben,,Jr,M,1960-09-01,,,,,,,,"


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://")
    roster_tables.metadata.create_all(engine)
    return engine


@pytest.fixture
def load(engine: Engine, tmp_path: Path):
    def _load(*lines: str, encoding: str = "utf-8", **options) -> RosterImport:
        path = tmp_path / "roster.csv"
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return import_csv(engine, path, authority="local", **options)

    return _load


@pytest.fixture
def roster(engine: Engine) -> SqlRoster:
    return SqlRoster(engine)


def codes(notes) -> list[tuple[int, str]]:
    return [(line_no, code) for line_no, code, _ in notes]


def only(roster: SqlRoster, mrn: str) -> Patient:
    (found,) = roster.by_identifier([mrn])
    return found


# --- understanding files ----------------------------------------------------------------
def test_a_row_becomes_a_person(load, roster) -> None:
    """Every column has its place; leading zeros stay."""
    report = load(HEAD, ADA, BEN)

    assert (report.version, report.rows, report.added, report.error_count) == (1, 2, 2, 0)
    ada = only(roster, "0071184")
    assert ada.display_name == "Lindqvist, Ada M"
    assert (ada.birth_date, ada.sex, ada.ssn4, ada.phone) == ("1931-04-18", "F", "0042", "4195550101")
    assert ada.address == "3 Mill Row, Tiffin, OH 44883"
    assert ada.identifiers == (Identifier(authority="local", type="mrn", value="0071184"),)
    assert not ada.is_provisional


@pytest.mark.parametrize(
    "head",
    [
        "Medical Record Number;Last Name;First Name;Date of Birth",
        "Patient ID\tSurname\tGiven Name\tD.O.B.",
        "CHART_NO|family_name|forename|birthdate",
        "\ufeffMRN,LASTNAME,FIRSTNAME,BirthDate",
    ],
)
def test_headings_delimiters_and_byte_order_marks(load, roster, head: str) -> None:
    """Columns are known by many names, in files with several delimiters."""
    delimiter = next(d for d in ";\t|," if d in head)

    load(head, delimiter.join(["0071184", "Lindqvist", "Ada", "1931-04-18"]))

    assert only(roster, "0071184").birth_date == "1931-04-18"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings(load, roster, encoding: str) -> None:
    """What is not UTF-8 is read as Western European."""
    load("mrn,last,first,dob", "0071184,Muñoz,Zoë,1931-04-18", encoding=encoding)

    assert only(roster, "0071184").display_name == "Muñoz, Zoë"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"Lindqvist, Ada M"', ("Lindqvist", "Ada", "M", "")),
        ("Ada M Lindqvist", ("Lindqvist", "Ada", "M", "")),
        ('"Moss, Ben Jr"', ("Moss", "Ben", "", "Jr")),
        ('"Moss Jr, Ben"', ("Moss", "Ben", "", "Jr")),
    ],
)
def test_full_names_are_split(load, roster, text: str, names: tuple[str, ...]) -> None:
    """One name column, either order, suffix anywhere."""
    load("mrn,patient name,dob", f"0071184,{text},1931-04-18")

    name = only(roster, "0071184").names[0]
    assert (name.last, name.first, name.middle, name.suffix) == names


def test_former_names_and_aliases(load, roster) -> None:
    """A former name is a last name, an alias a first name, unless they say more."""
    load(HEAD, "0071184,Lindqvist,Ada,,,F,1931-04-18,,,,,,,Tanager; Holm,Addie|Dot Marsh")

    others = {(n.last, n.first, n.use) for n in only(roster, "0071184").names[1:]}
    assert others == {
        ("Tanager", "Ada", "former"),
        ("Holm", "Ada", "former"),
        ("Lindqvist", "Addie", "alias"),
        ("Marsh", "Dot", "alias"),
    }
    assert roster.by_name("Tanager", "Ada")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["04/18/1931", "09/01/1960"], ["1931-04-18", "1960-09-01"]),
        (["18/04/1931", "01/09/1960"], ["1931-04-18", "1960-09-01"]),
        (["18-Apr-1931", "1-Sep-1960"], ["1931-04-18", "1960-09-01"]),
        (["April 18, 1931", "September 1, 1960"], ["1931-04-18", "1960-09-01"]),
        (["19310418", "19600901"], ["1931-04-18", "1960-09-01"]),
        (["1931-04-18 00:00:00", "1960-09-01T00:00"], ["1931-04-18", "1960-09-01"]),
        (["4/18/31", "9/1/60"], ["1931-04-18", "1960-09-01"]),
    ],
)
def test_the_order_of_dates_is_the_files(load, roster, dates: list[str], expected: list[str]) -> None:
    """One date that can only be read one way settles the order of all."""
    load("mrn,last,first,dob", f'0071184,Lindqvist,Ada,"{dates[0]}"', f'0071185,Moss,Ben,"{dates[1]}"')

    assert [only(roster, m).birth_date for m in ("0071184", "0071185")] == expected


def test_an_ssn_is_cut_to_its_last_four(load, roster) -> None:
    """The full number is never stored."""
    load("mrn,last,first,dob,ssn", "0071184,Lindqvist,Ada,1931-04-18,999-12-0042")

    assert only(roster, "0071184").ssn4 == "0042"


def test_rows_may_name_their_authority(load, roster) -> None:
    """One number of two authorities names two people."""
    load(
        "mrn,authority,last,first,dob", "100,north,Lindqvist,Ada,1931-04-18", "100,south,Moss,Ben,1960-09-01"
    )

    assert {i.authority for p in roster.by_identifier(["100"]) for i in p.identifiers} == {"north", "south"}


# --- refusing ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",Lindqvist,Ada,1931-04-18", "mrn_missing"),
        ("1.2E+06,Lindqvist,Ada,1931-04-18", "mrn_scientific"),
        ("71184.0,Lindqvist,Ada,1931-04-18", "mrn_decimal"),
        ("none,Lindqvist,Ada,1931-04-18", "mrn_unreadable"),
        ("0071184,Lindqvist,,1931-04-18", "name_missing"),
        ("0071184,Lindqvist,Ada,1931-13-18", "birth_date_unreadable"),
        ("0071184,Lindqvist,Ada,sometime", "birth_date_unreadable"),
        ("0071184,Lindqvist,Ada,2931-04-18", "birth_date_impossible"),
        ("0071184,Lindqvist,Ada,1885-04-18", "birth_date_impossible"),
        ("0071184,Lindqvist,Ada,1931-04-18,spare", "row_ragged"),
    ],
)
def test_rows_that_cannot_be_right_are_named(load, roster, row: str, code: str) -> None:
    """The line and a code, without the person; the other rows come in."""
    report = load("mrn,last,first,dob", "0071185,Moss,Ben,1960-09-01", row)

    assert (codes(report.errors), report.added) == ([(3, code)], 1)
    assert not any(part in report.errors[0][2] for part in ("Lindqvist", "0071184", "1931"))


def test_a_file_without_the_needed_columns_is_rejected(load) -> None:
    """Then nothing is changed at all."""
    with pytest.raises(RosterRejected):
        load("name,dob", "Ada Lindqvist,1931-04-18")


def test_a_file_of_bad_rows_only_is_rejected(load, roster) -> None:
    """A wrong file does not become a version."""
    with pytest.raises(RosterRejected):
        load("mrn,last,first,dob", ",A,B,1931-04-18", ",C,D,1960-09-01")

    assert (roster.version(), roster.patients()) == (0, 0)


def test_one_number_for_two_people_is_an_error(load, roster) -> None:
    """The first row wins and is kept; an equal row is only a warning."""
    report = load(HEAD, ADA, ADA, "0071184,Moss,Ben,,,M,1960-09-01,,,,,,,,")

    assert codes(report.errors) == [(4, "identifier_on_two_people")]
    assert (3, "duplicate_row") in codes(report.warnings)
    assert only(roster, "0071184").names[0].last == "Lindqvist"


def test_a_number_equal_but_for_zeros_is_an_error(load, roster) -> None:
    """A spreadsheet cut the zeros: the person must not come twice."""
    load(HEAD, ADA)

    report = load("mrn,last,first,dob", "71184,Lindqvist,Ada,1931-04-18", "0071185,Moss,Ben,1960-09-01")

    assert codes(report.errors) == [(2, "mrn_zeros_lost")]
    assert roster.patients() == 2


# --- warning -------------------------------------------------------------------------------------
def test_look_alikes_are_reported(load) -> None:
    """Twins, one name and day, Jr and Sr: the lines to look at."""
    report = load(
        "mrn,last,first,suffix,dob",
        "1001,Lindqvist,Ada,,1931-04-18",
        "1002,Lindqvist,Ida,,1931-04-18",
        "1003,Moss,Ben,Sr,1930-02-02",
        "1004,Moss,Ben,Jr,1960-09-01",
        "1005,Reyes,Eva,,1950-05-05",
        "1006,Reyes,Eva,,1950-05-05",
    )

    assert {
        (2, "twins"),
        (3, "twins"),
        (4, "generations"),
        (5, "generations"),
        (6, "same_name_and_birth_date"),
        (7, "same_name_and_birth_date"),
    } == set(codes(report.warnings))


def test_lost_zeros_of_a_whole_file_are_suspected(load) -> None:
    """Numbers of several lengths, none beginning with zero."""
    cut = [f"{n},Short{chr(65 + n)},Ada,1931-04-{n + 1:02}" for n in range(1, 9)]
    whole = [f"10000{n},Long{chr(55 + n)},Ada,1940-01-{n:02}" for n in range(10, 30)]

    report = load("mrn,last,first,dob", *cut, *whole)

    assert (0, "leading_zeros_lost") in codes(report.warnings)


def test_unknown_columns_are_named_by_number(load) -> None:
    """What is not used is said, without quoting it."""
    report = load("mrn,last,first,dob,shoe size", "1001,Lindqvist,Ada,1931-04-18,38")

    assert codes(report.warnings) == [(0, "unknown_column")]
    assert "5" in report.warnings[0][2]


# --- importing again ---------------------------------------------------------------------------------
def test_the_same_file_again_changes_nothing(load, roster) -> None:
    """A new version in which everybody is unchanged, with the same keys."""
    load(HEAD, ADA, BEN)
    before = only(roster, "0071184").patient_id

    report = load(HEAD, ADA, BEN)

    assert (report.version, report.unchanged, report.added, report.changed) == (2, 2, 0, 0)
    assert only(roster, "0071184").patient_id == before


def test_people_missing_from_the_file_are_counted_and_kept(load, roster) -> None:
    """Nobody is removed by an import."""
    load(HEAD, ADA, BEN)

    report = load(HEAD, ADA)

    assert (report.missing, roster.patients()) == (1, 2)


def test_a_new_last_name_keeps_the_old_one_as_former(load, roster) -> None:
    """Marriage: found by both, and the history knows when."""
    load(HEAD, ADA)

    report = load(HEAD, ADA.replace("Lindqvist", "Holm"))

    ada = only(roster, "0071184")
    assert report.changed == 1
    assert [(n.last, n.use) for n in ada.names] == [("Holm", "official"), ("Lindqvist", "former")]
    assert ada in roster.by_name("Lindqvist", "Ada")
    ((version, _, past),) = roster.history(ada.patient_id)
    assert (version, past.names[0].last) == (2, "Lindqvist")


def test_blanks_overwrite_nothing(load, roster) -> None:
    """A sparser export does not erase what was known."""
    load(HEAD, ADA)

    report = load("mrn,last,first,dob", "0071184,Lindqvist,Ada,")

    assert report.unchanged == 1
    assert only(roster, "0071184").phone == "4195550101"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (ADA.replace("1931-04-18", "1932-04-18"), "birth_date_changed"),
        ("0071184,Moss,Ben,,,M,1960-09-01,,,,,,,,", "person_changed"),
        ("0071184,Lindqvist,Boris,,,M,1960-09-01,,,,,,,,", "person_changed"),
        ("0071184,Moss,Ben,,,M,1931-04-18,,,,,,,,", "person_changed"),
    ],
)
def test_changes_that_look_like_somebody_else_are_refused(load, roster, row: str, code: str) -> None:
    """Reported with the line; the roster keeps what it had, unless changes are accepted."""
    load(HEAD, ADA, BEN)
    before = only(roster, "0071184")

    refused = load(HEAD, row, BEN)
    kept = only(roster, "0071184")
    accepted = load(HEAD, row, BEN, accept_changes=True)

    assert (codes(refused.errors), kept) == ([(2, code)], before)
    assert (accepted.changed, accepted.error_count) == (1, 0)
    assert only(roster, "0071184") != before


def test_a_cell_without_an_end_is_refused_with_its_line(load) -> None:
    """A quotation mark too many makes the rest of the file one cell."""
    with pytest.raises(RosterRejected, match="line 3"):
        load(HEAD, ADA, '"' + "x" * 200_000, BEN)


def test_a_dry_run_writes_nothing(load, roster) -> None:
    """The same report, and the roster as it was."""
    report = load(HEAD, ADA, BEN, dry_run=True)

    assert (report.added, report.version, report.is_dry_run) == (2, 0, True)
    assert (roster.version(), roster.patients()) == (0, 0)


def test_progress_is_told(load) -> None:
    """Rows done so far, up to all of them."""
    seen: list[int] = []

    load(HEAD, ADA, BEN, progress=seen.append)

    assert seen[-1] == 2


# --- provisional patients ---------------------------------------------------------------------------------
def confirmed(mrn: str = "0071184", last: str = "Lindqvist") -> Patient:
    return Patient(
        patient_id=PatientId(""),
        names=(PersonName(last=last, first="Ada"),),
        birth_date="1931-04-18",
        identifiers=(Identifier(authority="local", type="mrn", value=mrn),),
    )


def test_a_provisional_patient_is_found_like_others(roster) -> None:
    """By number, birth date, name and id, and marked."""
    patient_id = roster.add_provisional(confirmed())

    assert only(roster, "71184").patient_id == patient_id
    assert roster.by_birth_date(["1931-04-18"])[0].is_provisional
    assert roster.frequencies("Lindqvist", "Ada", None).patients == 1


def test_a_number_that_somebody_holds_is_refused(roster) -> None:
    """Two provisional patients cannot share one."""
    roster.add_provisional(confirmed())

    with pytest.raises(ConflictError):
        roster.add_provisional(confirmed(last="Holm"))


def test_an_import_adopts_the_same_provisional_person(load, roster) -> None:
    """The key stays, so documents stay; what looks different waits for a person."""
    patient_id = roster.add_provisional(confirmed())
    roster.add_provisional(confirmed("0071185", "Quill"))

    report = load(HEAD, ADA, BEN)

    ada = roster.get(patient_id)
    assert ada is not None
    assert (ada.is_provisional, ada.ssn4) == (False, "0042")
    assert codes(report.errors) == [(3, "provisional_differs")]


def test_linking_hides_the_provisional_patient(load, roster) -> None:
    """It stays readable by its id and points to the roster patient; repeating it is harmless."""
    load(HEAD, ADA)
    target = only(roster, "0071184").patient_id
    provisional = roster.add_provisional(confirmed("X-99"))

    for _ in range(2):
        roster.link(provisional, target)

    assert roster.linked_to(provisional) == target
    assert roster.by_identifier(["X-99"]) == ()
    assert [p.patient_id for p in roster.by_birth_date(["1931-04-18"])] == [target]
    assert roster.get(provisional) is not None
    assert roster.patients() == 1


def test_only_provisional_patients_are_changed_by_hand(load, roster) -> None:
    """The roster's own people change where they come from."""
    load(HEAD, ADA)
    provisional = roster.add_provisional(confirmed("X-99"))
    kept = roster.get(provisional)
    assert kept is not None

    roster.update(
        Patient(patient_id=provisional, names=(PersonName(last="Holm", first="Ada"),), birth_date=None)
    )

    assert roster.get(provisional).display_name == "Holm, Ada"
    assert roster.history(provisional)[0][2].names == kept.names
    with pytest.raises(ConflictError):
        roster.update(only(roster, "0071184"))
    with pytest.raises(NotFound):
        roster.link(PatientId("nobody"), provisional)


# --- what clerks type -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "typed", ["lind", "lindqvist ada", "ada lind", "Lindqvist, A", "71184", "0071184", "04/18/1931"]
)
def test_typeahead(load, roster, typed: str) -> None:
    """Beginnings of names in any order, of numbers, or a birth date."""
    load(HEAD, ADA, BEN)

    assert [p.names[0].last for p in roster.find(typed)] == ["Lindqvist"]


@pytest.mark.parametrize("typed", ["", "  ", ",", "zzz", "%", "999"])
def test_typeahead_of_nothing(load, roster, typed: str) -> None:
    """Nothing found is no error."""
    load(HEAD, ADA, BEN)

    assert list(roster.find(typed)) == []
