"""Facts about documents whose pages name more than one person."""

from __future__ import annotations

import pytest

from scanindex import desk, drawn_anew, review
from scanindex.desk import people_named
from scanindex.model import Document, FindingKind
from tests.crash import stub
from tests.desk.lab import ANN, ANYA, PLAIN, STRANGER, TWIN, Lab, Person


def together(desk_lab: Lab, *people: Person, serial: str = "a") -> Document:
    """One document of a page of each, joined by hand where the machine parts them."""
    titles = ("LABORATORY REPORT", "DISCHARGE SUMMARY", "OPERATIVE REPORT")
    before = {d.document_id for d in desk_lab.documents()}
    desk_lab.scan(*(stub.page_text(p, f"{serial}{no}", titles[no % 3]) for no, p in enumerate(people)))
    found = sorted((d for d in desk_lab.documents() if d.document_id not in before), key=lambda d: d.pages)
    whole = found[0]
    for other in found[1:]:
        whole = review.join(
            whole.document_id, whole.version, other.document_id, other.version, "user:ann", desk_lab.services
        )
    return whole


def test_both_readings_are_shown_with_their_pages(desk_lab: Lab) -> None:
    """Of every identifier that the document goes by neither of."""
    whole = together(desk_lab, PLAIN, ANYA)
    item = desk.item(ANN, whole.document_id, desk_lab.services)
    shown = {(f.kind, f.value, f.page_no) for f in item.fields if f.is_contested}

    assert not any(f.is_used for f in item.fields if f.kind in people_named.NAMING)
    assert (FindingKind.MRN, PLAIN.mrn, 1) in shown and (FindingKind.MRN, ANYA.mrn, 2) in shown
    assert (FindingKind.BIRTH_DATE, PLAIN.born, 1) in shown and (
        FindingKind.BIRTH_DATE,
        ANYA.born,
        2,
    ) in shown


def test_two_people_are_said_with_where_to_split(desk_lab: Lab) -> None:
    """In words that name no value: one of them may just be asked for."""
    whole = together(desk_lab, PLAIN, ANYA)
    told = desk.item(ANN, whole.document_id, desk_lab.services).named

    assert told is not None and told.split_before == 2
    assert told.words == "Two people are named: one on page 1; another on page 2."
    assert "two documents: split before page 2" in told.hint
    one, two = desk_parts(desk_lab, whole, told.split_before)
    assert one.named is None and two.named is None


def desk_parts(desk_lab: Lab, whole: Document, before: int) -> list[desk.Item]:
    done = desk.split(ANN, whole.document_id, whole.version, before, desk_lab.services)
    assert done.other_id is not None
    return [desk.item(ANN, one, desk_lab.services) for one in (done.item_id, done.other_id)]


def test_a_majority_hides_nobody(desk_lab: Lab) -> None:
    """The better supported reading is used; that a page names somebody else is said all the same."""
    whole = together(desk_lab, PLAIN, PLAIN, ANYA)
    item = desk.item(ANN, whole.document_id, desk_lab.services)

    assert whole.fields.mrn == PLAIN.mrn
    assert item.named is not None and item.named.words.startswith("Two people are named: one on pages 1, 2;")


@pytest.mark.parametrize(
    ("people", "words", "split_before"),
    [
        ((PLAIN, ANYA, PLAIN), "Two people are named", None),
        ((PLAIN, ANYA, STRANGER), "More than two people are named", 2),
        ((ANYA, TWIN), "Two people are named", 2),
    ],
)
def test_what_splitting_can_part_is_told(
    desk_lab: Lab, people: tuple[Person, ...], words: str, split_before: int | None
) -> None:
    """Pages that lie among one another go to the strip; twins are two people."""
    told = people_named.named(together(desk_lab, *people))

    assert told is not None and told.words.startswith(words) and told.split_before == split_before


def test_a_slip_of_reading_is_no_second_person(desk_lab: Lab) -> None:
    """One digit of the number and one of the birth date read differently: still one person, in doubt."""
    slip = Person(last=PLAIN.last, first=PLAIN.first, born="1933-01-31", mrn="80145529")
    told = people_named.named(together(desk_lab, PLAIN, slip))

    assert told is not None and told.words.startswith("Different ") and told.split_before is None


def test_where_one_person_is_named_nothing_is_said(desk_lab: Lab) -> None:
    whole = together(desk_lab, PLAIN, PLAIN)

    assert people_named.named(whole) is None and people_named.contested(whole) == {}
    assert drawn_anew.LOOK not in whole.decision.reasons
