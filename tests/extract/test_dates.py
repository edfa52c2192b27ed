"""Civil dates: forms, order, centuries, repairs."""

from __future__ import annotations

import pytest

from scanindex.extract.dates import birth_readings, find_dates, labelled_date, service_reading


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("03/04/1987", "1987-03-04"),
        ("3-4-1987", "1987-03-04"),
        ("03.04.1987", "1987-03-04"),
        ("17/04/1987", "1987-04-17"),
        ("1987-03-04", "1987-03-04"),
        ("March 4, 1987", "1987-03-04"),
        ("Mar. 4th, 1987", "1987-03-04"),
        ("4 March 1987", "1987-03-04"),
        ("04-MAR-1987", "1987-03-04"),
        ("04MAR1987", "1987-03-04"),
        ("4th day of March, 1987", "1987-03-04"),
        ("March 1987", "1987-03"),
        ("dune 4, 1987", "1987-06-04"),
    ],
)
def test_printed_forms(text: str, iso: str) -> None:
    """Month first unless that month cannot be; names of months; one letter misread."""
    assert [s.iso() for s in find_dates(f"seen {text} in clinic")] == [iso]


@pytest.mark.parametrize(
    "text", ["13/32/1987", "02/30/1987", "1/2", "99/99/99", "120/80", "5.5-7.0", "555-0148", "3/4/5678"]
)
def test_what_is_no_date(text: str) -> None:
    """Impossible days, pressures, ranges and phone numbers have no reading."""
    assert not [s for s in find_dates(text) if s.readings(1880, 2029)]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("03 04 1987", "1987-03-04"),
        ("19870304", "1987-03-04"),
        ("03041987", "1987-03-04"),
        ("3/1987", "1987-03"),
        ("1987", "1987"),
    ],
)
def test_loose_forms_count_behind_a_label_only(text: str, iso: str) -> None:
    """Spaced, compact and partial dates are read where a label announces a date."""
    span = labelled_date(text)
    assert span is not None and span.iso() == iso
    assert not find_dates(text)


def test_an_ocr_slip_is_repaired_and_said() -> None:
    """Letters for digits inside a date."""
    (span,) = find_dates("DOB O3/l4/1951")
    assert span.iso() == "1951-03-14" and span.is_repaired


def test_a_two_digit_service_year_has_one_reading() -> None:
    """Paper charts of care lie within a hundred years."""
    old, new = find_dates("3/4/87 and 3/4/03")
    assert (service_reading(old), service_reading(new)) == ("1987-03-04", "2003-03-04")


def test_no_service_before_birth() -> None:
    """A date of care before the birth date is refused."""
    (span,) = find_dates("3/4/50")
    assert service_reading(span, birth="1951-04-05") is None


def test_a_two_digit_birth_year_keeps_both_centuries_until_something_decides() -> None:
    """1905 or 2005: a date of care or an age decides, nothing else."""
    (span,) = find_dates("3/4/05")
    assert set(birth_readings(span)) == {"1905-03-04", "2005-03-04"}
    assert birth_readings(span, ["1987-01-01"]) == ("1905-03-04",)
    assert birth_readings(span, ["2009-01-01"], age_years=4) == ("2005-03-04",)


def test_a_birth_year_that_can_only_be_of_one_century() -> None:
    """'43 is 1943: nobody is born after the present."""
    (span,) = find_dates("11/12/43")
    assert birth_readings(span) == ("1943-11-12",)
