"""Facts about the datum that is typed from the paper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanindex.desk import confirm
from scanindex.desk.confirm import DatumKind
from scanindex.desk.marks import Mark, marks
from scanindex.desk.reasons import WORDS, Why, why
from scanindex.match import GATES
from scanindex.model import Document, FindingKind, Identifier, Patient, PatientId, PersonName
from tests.crash.stub import Person
from tests.desk.lab import ANYA, PLAIN, TWIN, Lab


def patient(person: Person, **more: object) -> Patient:
    made = Patient(
        patient_id=PatientId(person.mrn),
        names=(PersonName(last=person.last, first=person.first),),
        birth_date=person.born,
        identifiers=(Identifier(authority="local", type="mrn", value=person.mrn),),
    )
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture
def paper(desk_lab: Lab) -> Document:
    """A page with name, birth date and number."""
    desk_lab.one_page(PLAIN)
    (document,) = desk_lab.documents()
    return document


def kind(paper: Document, chosen: Patient, *others: Patient) -> DatumKind:
    return confirm.asked(chosen, others, paper, "month_first").kind


def test_the_birth_day_is_asked_first(paper: Document) -> None:
    """With its place on the page, in the site's order, without its value."""
    asked = confirm.asked(patient(PLAIN), [], paper, "day_first")

    assert asked.kind is DatumKind.BIRTH_DAY and asked.keys == 4
    assert asked.box is not None and asked.scan_page_no == 1
    assert asked.hides == (FindingKind.BIRTH_DATE,)
    assert "3001" not in repr(asked) and "DDMM" in asked.words
    assert confirm.fits("30 01", patient(PLAIN), asked.kind, "day_first")
    assert not confirm.fits("0130", patient(PLAIN), asked.kind, "day_first")


def test_twins_are_told_apart_by_something_else_than_their_birth_date(paper: Document) -> None:
    """The datum of one never fits the other."""
    one, two = patient(ANYA), patient(TWIN)
    chosen = kind(paper, one, two)

    assert chosen not in (DatumKind.BIRTH_DAY, DatumKind.BIRTH_YEAR)
    assert confirm.tells_apart(one, two, chosen, "month_first")


def test_twins_of_nearly_one_name_and_number_are_told_apart(paper: Document) -> None:
    """First names that begin alike, numbers that end alike: what is left is asked."""
    one = patient(replace(ANYA, first="MARIANNE", mrn="51112222"))
    two = patient(replace(ANYA, first="MARIANTE", mrn="52112222"))
    chosen = kind(paper, one, two)

    assert chosen in (DatumKind.MRN_START, DatumKind.FIRST_NAME_END)
    assert confirm.tells_apart(one, two, chosen, "month_first")


def test_namesakes_are_told_apart_by_their_birth_day(paper: Document) -> None:
    assert kind(paper, patient(PLAIN), patient(replace(PLAIN, born="1971-12-25"))) is DatumKind.BIRTH_DAY


def test_another_year_on_the_paper_is_asked_for(paper: Document) -> None:
    """Day and month alone would fit: the whole date is typed, and the one on the paper does not fit."""
    chosen = patient(replace(PLAIN, born="1934-01-30"))
    asked = confirm.asked(chosen, [], paper, "month_first")

    assert asked.kind is DatumKind.BIRTH_DATE and asked.keys == 8 and "MMDDYYYY" in asked.words
    assert not asked.needs_reason and asked.is_seen
    assert not confirm.fits("01301933", chosen, asked.kind, "month_first")
    assert confirm.fits("01/30/1934", chosen, asked.kind, "month_first")


def abbreviated(paper: Document, *without: FindingKind) -> Document:
    """The paper says "Thistlethwaite, O." and nothing of these kinds."""
    left = [f for f in paper.findings if f.kind not in without]
    named = [replace(f, value="THISTLETHWAITE, O") if f.kind is FindingKind.NAME else f for f in left]
    return replace(paper, findings=tuple(named))


def test_what_is_asked_can_be_read_on_the_paper(paper: Document) -> None:
    """Of twins whose first name is an initial there, the number is asked; without one, the initial."""
    one, two = patient(PLAIN), patient(replace(PLAIN, first="ELSPETH", mrn="80145599"))
    assert kind(abbreviated(paper), one, two) is DatumKind.MRN_END

    asked = confirm.asked(one, [two], abbreviated(paper, FindingKind.MRN), "month_first")
    assert (asked.kind, asked.keys, asked.needs_reason) == (DatumKind.FIRST_INITIAL, 1, False)
    assert confirm.fits("o", one, asked.kind, "month_first")
    assert not confirm.fits("e", one, asked.kind, "month_first")


def test_where_the_paper_does_not_tell_twins_apart_a_reason_is_asked_too(paper: Document) -> None:
    """What stands in the roster alone could be copied from the screen."""
    one, two = patient(PLAIN), patient(replace(PLAIN, first="OLIVER", mrn="80145599"))
    asked = confirm.asked(one, [two], abbreviated(paper, FindingKind.MRN), "month_first")
    assert (asked.kind, asked.is_seen, asked.needs_reason) == (DatumKind.MRN_END, False, True)

    nothing = replace(paper, findings=())
    assert confirm.asked(one, [two], nothing, "month_first").needs_reason
    assert not confirm.asked(one, [], nothing, "month_first").needs_reason


def test_a_newborn_and_its_mother_are_told_apart(paper: Document) -> None:
    """Registered as BABY with the mother's last name, born today."""
    mother = patient(ANYA)
    child = patient(replace(ANYA, first="BABY GIRL", born="1975-05-05", mrn="50299999"))
    chosen = kind(paper, child, mother)

    assert confirm.tells_apart(child, mother, chosen, "month_first")


def test_a_datum_that_no_page_shows_is_asked_only_where_it_must_be(paper: Document) -> None:
    """Without a birth date on the page the number is typed."""
    without = replace(
        paper, findings=tuple(f for f in paper.findings if f.kind is not FindingKind.BIRTH_DATE)
    )
    assert kind(without, patient(PLAIN)) is DatumKind.MRN_END


def test_somebody_of_whom_little_is_known_has_a_datum_all_the_same(paper: Document) -> None:
    """Never none at all, and nothing typed never fits."""
    bare = patient(PLAIN, birth_date=None, identifiers=())
    asked = confirm.asked(bare, [], paper, "month_first")

    assert asked.kind is DatumKind.FIRST_NAME
    assert confirm.fits("oswi", bare, asked.kind, "month_first")
    assert not confirm.fits("", bare, asked.kind, "month_first")
    assert not confirm.fits(" - ", bare, asked.kind, "month_first")


def test_any_number_a_merged_patient_ever_had_fits(paper: Document) -> None:
    """Old paper shows the old number."""
    numbers = tuple(Identifier(authority="local", type="mrn", value=v) for v in ("80145526", "11112345"))
    both = patient(PLAIN, identifiers=numbers)
    assert confirm.fits("2345", both, DatumKind.MRN_END, "month_first")
    assert confirm.fits("5526", both, DatumKind.MRN_END, "month_first")


def test_marks_are_the_characters_that_differ() -> None:
    """Case aside; what has little in common is marked whole; nothing is marked beside nothing."""
    assert marks("70418826", "70418862") == (Mark(start=6, end=8),)
    assert marks("1951-04-17", "1951-04-11") == (Mark(start=9, end=10),)
    assert marks("Brundley", "BRUNDLEY") == ()
    assert marks("ANYA", "ELSPETH") == (Mark(start=0, end=4),)
    assert marks("SMIT", "SMITH") == (Mark(start=3, end=4),)
    assert marks("", "SMITH") == ()


def test_every_gate_has_a_reason_of_the_closed_set() -> None:
    """A new gate must be sorted somewhere."""
    assert all(why(f"gate.{gate}") is not Why.OTHER for gate in GATES)
    assert set(WORDS) == set(Why)
