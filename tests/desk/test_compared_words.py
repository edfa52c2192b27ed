"""Facts about the sentences beside a candidate: whole, plain, and without a value."""

from __future__ import annotations

import pytest

from scanindex.desk.compared_words import sentence
from scanindex.model import FindingKind, Level

BORN = "1968-09-02"
SAID = (
    (FindingKind.MRN, "mrn of another", "6", "8", "The number on the paper belongs to another patient."),
    (FindingKind.MRN, "mrn nearly", "60774413", "60774412", "The record number differs by one digit."),
    (FindingKind.MRN, "", "60774421", "60774412", "The record number has two neighbouring digits swapped."),
    (FindingKind.MRN, "", "A-1234", "B1234", "The record number differs by one character."),
    (FindingKind.MRN, "", "123", "60774412", "The record number is another one."),
    (FindingKind.BIRTH_DATE, "birth date", "09/03/1968", BORN, "The birth date differs by one digit."),
    (FindingKind.BIRTH_DATE, "birth date", "2 SEP 1971", BORN, "The birth date has another year."),
    (
        FindingKind.BIRTH_DATE,
        "birth date",
        "9 FEB 1968",
        BORN,
        "Day and month of the birth date are the other way round.",
    ),
    (FindingKind.BIRTH_DATE, "birth date", "12/25/1971", BORN, "The birth date is another one."),
    (FindingKind.NAME, "name", "PINK", "BLUE", "Another name stands on the paper."),
    (FindingKind.BIRTH_DATE, "age, read with doubt", "", "", "The age, or a date of care, does not fit "
     "the birth date; it was read with doubt."),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "note", "read", "expected", "told"), SAID)
def test_what_differs_is_said_in_a_sentence(
    kind: FindingKind, note: str, read: str, expected: str, told: str
) -> None:
    """A code of the matcher, or none at all, becomes words that hold no value."""
    assert sentence(kind, Level.CONFLICT, note, read, expected) == told
    assert not any(c.isdigit() for c in told)


def test_what_agrees_needs_no_words() -> None:
    """Nor does what nobody compared; what is nearly so has the matcher's reason."""
    assert sentence(FindingKind.MRN, Level.EXACT, "equal without leading zeros", "1", "1") == ""
    assert sentence(FindingKind.MRN, Level.ABSENT, "", "", "1") == ""
    near = sentence(FindingKind.MRN, Level.NEAR, "several patients hold this number", "1", "1")
    assert near == "Several patients have this record number."
    doubt = sentence(FindingKind.BIRTH_DATE, Level.NEAR, "read with doubt", "1", "1")
    assert doubt == "The birth date was read with doubt."
