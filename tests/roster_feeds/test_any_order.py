"""Facts about messages that come in any order, twice, or in two halves: the end is the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from scanindex import roster_work
from scanindex.store import roster_merging
from tests.roster_feeds.messages import Fed, Told, adt, merge, separate, state_of, write_file

ANNA, BEA, CARA, DORA = (Told(mrn=f"5000{n}") for n in range(4))
PEOPLE = (ANNA, BEA, CARA, DORA)


def adds(people: Sequence[Told]) -> list[bytes]:
    return [adt("A28", who) for who in people]


def told(count: int, seed: int) -> tuple[list[Told], list[bytes]]:
    """People, and what a feed says of them: merges in chains and circles, and some taken back."""
    rng = random.Random(seed)
    people = [Told(mrn=f"6{n:05d}", phone=f"555{n:07d}") for n in range(count)]
    said: list[bytes] = []
    loser, survivor = people[:2]
    for minute in range(1, count + 1):
        loser, survivor = (survivor, loser) if rng.random() < 0.1 else rng.sample(people, 2)
        said.append(separate(loser, minute) if rng.random() < 0.15 else merge(loser.mrn, survivor, minute))
    return people, said


def load(fed: Fed, messages: list[bytes]) -> None:
    """As a file."""
    path = write_file(fed.opened.settings.home / "feed.hl7", messages)
    roster_work.take_in(path, fed.opened, dry_run=False)
    roster_merging.settle(fed.opened.catalog, "user:ada")


@pytest.fixture
def with_documents(fresh: Callable[[], Fed]) -> Callable[[Sequence[Told], int], Fed]:
    """A workspace that knows the first so many people, each with two documents."""

    def make(people: Sequence[Told], known: int) -> Fed:
        fed = fresh()
        load(fed, adds(people[:known]))
        for who in people[:known]:
            fed.give(who.mrn, 2)
        return fed

    return make


@pytest.mark.parametrize(
    ("count", "seed"), [pytest.param(1_000, 1, marks=pytest.mark.slow), (100, 2), (100, 3)]
)
def test_a_thousand_merges_in_any_order_end_in_the_same_state(with_documents, count: int, seed: int) -> None:
    """Merges, circles, separations and late arrivals of a file: shuffled as a whole."""
    people, said = told(count, seed)
    half = count // 2
    said += adds(people[half:-5])  # a few never arrive: what names them waits
    one, two = with_documents(people, half), with_documents(people, half)

    load(one, said)
    random.Random(seed).shuffle(said)
    load(two, said)

    assert state_of(one.opened) == state_of(two.opened)


@pytest.mark.parametrize("seed", range(4))
def test_messages_one_by_one_end_where_a_file_ends(with_documents, seed: int) -> None:
    """A feed that was down for a day is sent in any order, some of it twice."""
    people, said = told(40, 10 + seed)
    said += adds(people[20:38])  # two never arrive: what names them waits
    one, two = with_documents(people, 20), with_documents(people, 20)
    load(one, said)

    random.Random(seed).shuffle(said)
    two.send(*said, *said[::3])
    roster_merging.settle(two.opened.catalog, "feed:adt")

    assert state_of(one.opened) == state_of(two.opened)


def test_a_chain_is_the_same_from_either_end(fresh) -> None:
    """A into B into C: whoever comes first, both stand under C, A by way of B."""
    one, two = fresh(), fresh()
    first, second = merge(ANNA.mrn, BEA, 1), merge(BEA.mrn, CARA, 2)
    for fed, order in ((one, (first, second)), (two, (second, first))):
        fed.send(*adds(PEOPLE), *order)

    assert state_of(one.opened) == state_of(two.opened)
    assert one.one(ANNA.mrn).mrn == CARA.mrn
    one.send(separate(BEA, 3))
    assert one.one(ANNA.mrn).mrn == BEA.mrn


def test_a_merge_before_its_people_waits_for_them(fed: Fed) -> None:
    """Nothing is dropped: it is done with the message that brings the last of the two."""
    (early,) = fed.send(merge(ANNA.mrn, BEA, 5))
    assert (early.code, early.state, fed.waiting()) == (
        "", "waiting", [(f"local|{ANNA.mrn}", f"local|{BEA.mrn}", "parked")],
    )  # fmt: skip

    fed.send(adt("A28", ANNA, 1), adt("A28", BEA, 2))

    assert fed.one(ANNA.mrn).mrn == BEA.mrn and fed.waiting() == []


def test_the_same_message_again_does_nothing(fed: Fed) -> None:
    """The same answer, byte for byte, and no other version of anybody."""
    fed.send(*adds(PEOPLE))
    fed.give(ANNA.mrn, 2)
    message = merge(ANNA.mrn, BEA, 5)
    (first,) = fed.send(message)
    before = state_of(fed.opened)

    (again,) = fed.send(message)

    assert (again.answer, again.is_changed, state_of(fed.opened)) == (first.answer, False, before)


def test_a_merge_that_is_told_again_in_a_new_message_does_nothing(fed: Fed) -> None:
    """A resend with a new control id and time."""
    fed.send(*adds(PEOPLE), merge(ANNA.mrn, BEA, 5))
    (again,) = fed.send(merge(ANNA.mrn, BEA, 9))

    assert (again.code, again.is_changed) == ("", False)


def test_the_last_word_about_a_number_counts(fed: Fed) -> None:
    """An old merge that comes late does not undo what was said since."""
    fed.send(*adds(PEOPLE), separate(ANNA, 20), merge(ANNA.mrn, BEA, 10))
    assert fed.one(ANNA.mrn).mrn == ANNA.mrn

    fed.send(merge(ANNA.mrn, CARA, 30), merge(ANNA.mrn, DORA, 25))
    assert fed.one(ANNA.mrn).mrn == CARA.mrn


def test_of_a_circle_the_oldest_merge_waits(fed: Fed) -> None:
    """Each word is kept; a person sees the one that cannot be done."""
    fed.send(*adds(PEOPLE), merge(ANNA.mrn, BEA, 1), merge(BEA.mrn, ANNA, 2))

    assert fed.one(BEA.mrn).mrn == ANNA.mrn
    assert fed.waiting() == [(f"local|{ANNA.mrn}", f"local|{BEA.mrn}", "doubtful")]


def test_an_older_word_about_a_person_only_adds(fed: Fed) -> None:
    """The name of then is a former name; what was told since stays."""
    now = Told(mrn=ANNA.mrn, last="NEWMARRIEDSSON", phone="5551234567")
    fed.send(adt("A08", now, 20), adt("A28", ANNA, 10))

    found = fed.one(ANNA.mrn)
    assert [(n.last, n.use) for n in found.names] == [("NEWMARRIEDSSON", "official"), (ANNA.last, "former")]
    assert found.phone == "5551234567"


def test_a_changed_number_is_the_same_from_either_side(fresh) -> None:
    """A47 before or after the message that knows the person by the old number."""
    one, two = fresh(), fresh()
    new = Told(mrn="59999")
    messages = [adt("A28", ANNA, 1), adt("A47", new, 2, wrong=ANNA.mrn)]
    one.send(*messages)
    two.send(*messages[::-1])

    for fed in (one, two):
        assert fed.one(ANNA.mrn).mrn == "59999" and fed.waiting() == []
    assert state_of(one.opened) == state_of(two.opened)
