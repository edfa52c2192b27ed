"""Names by spelling, short form and sound, and lines that may mean a person."""

from __future__ import annotations

import pytest

from scanindex.index import query_dates
from scanindex.index.names import query_keys, sound_keys, sounds_of
from scanindex.index.query import parse
from scanindex.index.query_plain import PlainLine, plain


def alike(one: str, two: str) -> bool:
    return bool(set(query_keys(one).sounds) & set(sound_keys([two])))


@pytest.mark.parametrize(
    "group",
    [
        "Smith Smyth Smythe Schmidt Schmitt",
        "Catherine Katherine Kathryn Catharine",
        "Meyer Maier Mayer Meier",
        "Phillips Filips Philips",
        "Stephen Steven",
        "Johnson Jonson",
        "Thompson Thomson Tomson",
        "Schaefer Shaffer Schafer",
        "Hernandez Hernandes",
        "Peterson Pedersen Petersen",
        "McDonald MacDonald",
        "Nicholas Nickolas Nicolas",
        "Michael Mikael",
        "Sara Sarah",
        "Reid Reed Read",
        "Clark Clarke",
        "Geoffrey Jeffrey",
        "Wright Rite",
        "Knight Night",
        "Caitlin Katelyn Kaitlyn",
        "Hughes Hews",
        "Hoffman Hoffmann Hofmann",
        "Vaughn Vaughan",
        "Núñez Nunez",
        "O'Neil Oneill",
    ],
)
def test_names_that_sound_alike_find_each_other(group: str) -> None:
    first, *others = group.split()
    for other in others:
        assert alike(first, other)
        assert alike(other, first)


@pytest.mark.parametrize(
    "pair",
    [
        "Miller Mahler",
        "Moore Meyer",
        "Moore Murray",
        "Smith Sutton",
        "Martin Morton",
        "Johnson Jackson",
        "Hall Hill",
        "Lee Lowe",
        "Mary Marr",
        "Lennon Lane",
        "Ferrer Fair",
        "Anna Ann",
        "Dodd Todd",
    ],
)
def test_names_that_do_not_sound_alike_stay_apart(pair: str) -> None:
    one, two = pair.split()
    assert not alike(one, two)


def test_the_parts_of_a_double_name_are_found_by_sound() -> None:
    for typed in ("Garcya", "Lopes", "Oneel", "Kruz"):
        assert any(alike(typed, name) for name in ("Garcia-Lopez", "O'Neil", ["De", "La", "Cruz"][2]))
    assert not alike("Garcya", "De")


def test_words_without_letters_have_no_sound() -> None:
    assert sounds_of("0047") == sounds_of("J.") == sounds_of("李") == sounds_of("") == ()
    assert sound_keys(["", "7", "MARSH,", "marsh"]) == sound_keys(["Marsh"])


def test_a_short_form_finds_the_given_name_and_its_other_forms() -> None:
    keys = query_keys("Bill")
    assert keys.exact == ("bill",)
    assert {"william", "billy", "will"} <= set(keys.nicknames)
    assert "bill" not in keys.nicknames
    assert "peggy" in query_keys("MARGARET").nicknames
    assert query_keys("Zebulon").nicknames == ()


# --- lines of words -------------------------------------------------------------
def line(text: str) -> PlainLine:
    found = plain(parse(text))
    assert found is not None
    return found


def test_a_line_with_more_than_words_is_not_plain() -> None:
    for text in ('"left knee"', "knee -left", "a OR b", "mrn:12", "sple*", "spleen~", "a near/3 b"):
        assert plain(parse(text)) is None


def test_a_name_with_a_birth_date_may_be_a_patient() -> None:
    for text in ("marsh odile 9 jul 1931", "Marsh, Odile 1931-07-09", "odile marsh 19310709"):
        found = line(text)
        assert found.may_be_patient
        assert len(found.names) == 2
        assert [(s.first, s.last) for d in found.dates for s in d.days] == [(19310709, 19310709)]


def test_a_two_digit_year_means_either_century() -> None:
    (date,) = line("marsh 7/9/31").dates
    assert {s.first for s in date.days} == {19310709, 19310907, 20310709, 20310907}


def test_a_number_as_an_mrn_is_written_may_be_a_patient() -> None:
    for text in ("0047-118", "A123456", "00047118"):
        found = line(text)
        assert (found.numbers, found.may_be_patient) == ((text,), True)


@pytest.mark.parametrize("text", ["ruptured spleen 1998", "500mg", "left knee", "T4 L5", "pain in the chest"])
def test_words_that_belong_to_no_person_make_the_line_one_for_documents(text: str) -> None:
    assert not line(text).may_be_patient


# --- dates ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("1998", 19980101, 19981231),
        ("1998-02", 19980201, 19980228),
        ("03/1998", 19980301, 19980331),
        ("Mar. 1998", 19980301, 19980331),
        ("sept 1998", 19980901, 19980930),
        ("2 March 1998", 19980302, 19980302),
        ("march 2nd, 1998", 19980302, 19980302),
        ("2-mar-1998", 19980302, 19980302),
        ("1998-mar-02", 19980302, 19980302),
        ("19980302", 19980302, 19980302),
        ("1990s", 19900101, 19991231),
        ("1998..2003", 19980101, 20031231),
        ("1998-2003", 19980101, 20031231),
        ("1998 – 2003", 19980101, 20031231),
        ("between mar 1998 and 2003", 19980301, 20031231),
        ("..2003", 0, 20031231),
        ("<=2003", 0, 20031231),
        ("<1998-03", 0, 19980228),
        ("before 1998", 0, 19971231),
        (">=1998", 19980101, 99991231),
        ("≥ 1998", 19980101, 99991231),
        ("since 1998", 19980101, 99991231),
        (">1998-02", 19980301, 99991231),
        (">9999", 99991231, 99991231),
        ("<0001", 0, 0),
    ],
)
def test_a_date_in_any_clear_form_is_a_span_of_days(typed: str, first: int, last: int) -> None:
    assert [(s.first, s.last) for s in query_dates.parse(typed)] == [(first, last)]


def test_a_printed_date_keeps_both_readings() -> None:
    assert {s.first for s in query_dates.parse("03/12/1987")} == {19870312, 19871203}


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("mar", "year beside the month"),
        ("3/2/98", "four digits"),
        ("2003..1998", "earlier date first"),
        ("03/04/1998..2003", "reads two ways"),
        ("..", "one side"),
        ("1998-13", "takes 1998"),
        ("soon", "takes 1998"),
        ("", "takes 1998"),
        (">= soon", "each end"),
    ],
)
def test_a_date_that_is_not_clear_is_refused_with_what_works(typed: str, advice: str) -> None:
    with pytest.raises(query_dates.DateFault, match=advice):
        query_dates.parse(typed)
