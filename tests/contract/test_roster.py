"""What every `ports.Roster` promises; people are invented."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import create_engine

from scanindex.model import Identifier, Patient, PatientId, PersonName
from scanindex.ports import Roster
from scanindex.store import roster_tables
from scanindex.store.roster import SqlRoster
from tests.match.papers import SmallRoster

Made = Callable[[Sequence[Patient]], Roster]


def person(key: str, last: str, first: str, born: str | None, *mrns: str, former: str = "") -> Patient:
    names = [PersonName(last=last, first=first)]
    if former:
        names.append(PersonName(last=former, first=first, use="former"))
    return Patient(
        patient_id=PatientId(key),
        names=tuple(names),
        birth_date=born,
        identifiers=tuple(Identifier(authority="local", type="mrn", value=m) for m in mrns),
    )


def sql_roster(people: Sequence[Patient]) -> Roster:
    engine = create_engine("sqlite://")
    roster_tables.metadata.create_all(engine)
    roster = SqlRoster(engine)
    for one in people:
        roster.add_provisional(one)
    return roster


def small_roster(people: Sequence[Patient]) -> Roster:
    return SmallRoster(people, size=0)


@pytest.fixture(params=[sql_roster, small_roster])
def made(request: pytest.FixtureRequest) -> Made:
    return request.param


PEOPLE = (
    person("ada", "Lindqvist", "Ada", "1931-04-18", "0071184"),
    person("ben", "O'Hara-Moss", "Ben", "1931-04-18", "B-5521"),
    person("cas", "Lyndqvist", "Arne", "1960-09-01", "71185", former="Tanager"),
    person("dot", "Lindqvist", "Ada", None, "0093320"),
)


def ids(found: Sequence[Patient]) -> set[str]:
    return {p.patient_id for p in found}


@pytest.mark.parametrize("asked", ["0071184", "71184", "00-71184", "0 07 11 84"])
def test_an_identifier_is_found_whatever_its_zeros_and_grouping(made: Made, asked: str) -> None:
    """Exactly as held, and equal but for leading zeros and punctuation."""
    assert ids(made(PEOPLE).by_identifier([asked])) == {"ada"}


def test_letters_of_an_identifier_count(made: Made) -> None:
    """B-5521 is not 5521."""
    roster = made(PEOPLE)

    assert (ids(roster.by_identifier(["b5521"])), ids(roster.by_identifier(["5521"]))) == ({"ben"}, set())


def test_several_identifiers_are_asked_at_once(made: Made) -> None:
    """One call for all numbers of a page; each person once."""
    found = made(PEOPLE).by_identifier(["0071184", "71184", "71185", "999999"])

    assert sorted(p.patient_id for p in found) == ["ada", "cas"]


def test_everyone_born_on_a_day_is_found(made: Made) -> None:
    """Any of several days; nobody without a birth date."""
    roster = made(PEOPLE)

    assert ids(roster.by_birth_date(["1931-04-18", "1960-09-01"])) == {"ada", "ben", "cas"}
    assert ids(roster.by_birth_date([])) == set()


def test_exact_names_come_first(made: Made) -> None:
    """Then people of a similar-sounding last name and the same initial."""
    found = [p.patient_id for p in made(PEOPLE).by_name("Lindqvist", "Ada")]

    assert set(found[:2]) == {"ada", "dot"}
    assert found[2:] == ["cas"]


@pytest.mark.parametrize(("last", "first"), [("OHARA MOSS", "BEN"), ("O'Hara-Moss", "ben"), ("Tanager", "A")])
def test_names_are_found_by_their_letters_in_any_use(made: Made, last: str, first: str) -> None:
    """Case, hyphens and apostrophes do not matter; former names count; an initial is enough."""
    assert made(PEOPLE).by_name(last, first)


def test_a_limit_is_kept(made: Made) -> None:
    """Never more than asked for."""
    assert len(made(PEOPLE).by_name("Lindqvist", "Ada", limit=1)) == 1


def test_get_returns_the_person_or_none(made: Made) -> None:
    """As it was put in, but for being provisional."""
    roster = made(PEOPLE)
    found = roster.get(PatientId("cas"))

    assert found is not None
    assert (found.names, found.birth_date, found.mrn) == (PEOPLE[2].names, "1960-09-01", "71185")
    assert roster.get(PatientId("nobody")) is None


def test_frequencies_count_this_roster(made: Made) -> None:
    """Names in any use, and how many of them share a day."""
    counted = made(PEOPLE).frequencies("LINDQVIST", "Ada", "1931-04-18")

    assert (counted.patients, counted.same_last, counted.same_first, counted.same_name) == (4, 2, 2, 2)
    assert (counted.same_name_and_birth_date, counted.same_last_and_birth_date) == (1, 1)
    assert counted.same_birth_date == 2
    assert counted.expected_namesakes > 0
    assert 0 < counted.birth_date_collision < 1


def test_an_empty_roster_answers(made: Made) -> None:
    """Nobody, nothing, version 0."""
    roster = made(())

    assert (roster.version(), list(roster.by_name("A", "B")), list(roster.by_identifier(["1"]))) == (
        0,
        [],
        [],
    )
    assert roster.frequencies("A", "B", "1950-01-01").patients == 0
