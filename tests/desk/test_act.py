"""Facts about settling, and about what keeps a tired clerk from the wrong chart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scanindex import check, desk, review
from scanindex.errors import (
    Claimed,
    ConflictError,
    DatumDiffers,
    Forbidden,
    NotAllowedNow,
    NotFound,
    UsageError,
)
from scanindex.model import (
    DocumentState,
    Identifier,
    Patient,
    PatientId,
    PersonName,
)
from tests.crash import stub
from tests.desk.lab import (
    ANN,
    ANYA,
    AUDITOR,
    BEN,
    NAMESAKE,
    OTHER_NAMESAKE,
    PLAIN,
    READER,
    STRANGER,
    SUE,
    Lab,
    birth_day,
)

MARGIN = "born 9/2/68, by hand in the margin"
NAMED_ONLY = "LABORATORY REPORT\nPatient Name: CORRIGALL, MORWENNA\nDate of Service: 04/02/1998"


def test_a_right_proposal_is_one_act(desk_lab: Lab) -> None:
    """It is filed next, decided by the person, and nothing had to be typed."""
    desk_lab.one_page(PLAIN)
    done = desk_lab.accept(desk_lab.next(), PLAIN)
    desk_lab.work()
    document = desk_lab.document(done.item_id)

    assert (document.state, document.version) == (DocumentState.FILED, done.version)
    assert document.decision.decided_by == ANN.actor
    assert check.run(desk_lab.services, fixity=True).is_clean


def test_a_wrong_datum_files_nothing(desk_lab: Lab) -> None:
    """The trail has it without values; the right one files."""
    desk_lab.scan(NAMED_ONLY)
    item = desk_lab.next()
    with pytest.raises(DatumDiffers) as refused:
        desk_lab.accept(item, NAMESAKE, datum=birth_day(OTHER_NAMESAKE), note=MARGIN)

    assert desk_lab.document(item.item_id).state is DocumentState.IN_REVIEW
    assert desk_lab.kinds(item.item_id).count("datum_differs") == 1
    assert birth_day(NAMESAKE) not in str(refused.value)
    with desk_lab.workspace.catalog.read() as unit:
        event = next(e for e in unit.events.of(document_id=item.item_id) if e.kind == "datum_differs")
    assert event.payload == {}
    desk_lab.accept(item, NAMESAKE, datum=birth_day(NAMESAKE), note=MARGIN)


def test_nothing_typed_files_nothing(desk_lab: Lab) -> None:
    """Nor does a datum that was read nowhere, of one of two namesakes, without a word on where it stands."""
    desk_lab.scan(NAMED_ONLY)
    item = desk_lab.next()
    with pytest.raises(UsageError, match="where on the paper"):
        desk_lab.accept(item, NAMESAKE, datum=birth_day(NAMESAKE))
    for nothing in (None, "", "  "):
        with pytest.raises(UsageError):
            desk_lab.accept(item, NAMESAKE, datum=nothing)
    assert desk_lab.document(item.item_id).state is DocumentState.IN_REVIEW


def test_somebody_who_was_searched_needs_a_datum_always(desk_lab: Lab) -> None:
    """Also where the machine is sure of somebody else."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    asked = desk.confirmation(ANN, item.item_id, desk_lab.patient_id(ANYA), desk_lab.services)

    assert asked is not None
    with pytest.raises(DatumDiffers):
        desk_lab.accept(item, ANYA, datum=birth_day(PLAIN), note=MARGIN)


def test_what_somebody_else_holds_is_refused(desk_lab: Lab) -> None:
    """Every act, by whoever knows its id."""
    desk_lab.two_pages()
    item = desk_lab.next()
    services, version = desk_lab.services, item.version
    acts: list[Callable[[], object]] = [
        lambda: desk_lab.accept(item, PLAIN, BEN),
        lambda: desk.reject(BEN, item.item_id, version, DocumentState.RESCAN_WANTED, "", services),
        lambda: desk.park(BEN, item.item_id, version, "later", services),
        lambda: desk.ask(BEN, item.item_id, version, "who?", services),
        lambda: desk.retype(BEN, item.item_id, version, "consult", "", services),
        lambda: desk.redate(BEN, item.item_id, version, "1998", "", services),
        lambda: desk.split(BEN, item.item_id, version, 2, services),
    ]
    for act in acts:
        with pytest.raises(Claimed):
            act()
    assert desk_lab.document(item.item_id).version == version


def test_without_the_right_nothing_is_done(desk_lab: Lab) -> None:
    desk_lab.one_page(PLAIN)
    (document,) = desk_lab.documents()
    for nobody in (AUDITOR, READER):
        with pytest.raises(Forbidden):
            desk_lab.accept(document, PLAIN, nobody)
    assert desk_lab.document(document.document_id).version == document.version


def test_a_stale_act_says_what_changed(desk_lab: Lab) -> None:
    """Who did what to it since; no patient data."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    review.retype(item.item_id, item.version, "consult", "", "user:zoe", desk_lab.services)

    with pytest.raises(ConflictError) as refused:
        desk_lab.accept(item, PLAIN)
    assert "another type (the type changed)" in str(refused.value) and "user:zoe" in str(refused.value)
    (change,) = desk.changes(ANN, item.item_id, item.version, desk_lab.services)
    assert (change.version, change.actor) == (item.version + 1, "user:zoe")


def test_a_new_patient_is_registered_once(desk_lab: Lab) -> None:
    """Somebody the roster holds already is refused; a stranger's paper is filed under a new person."""
    desk_lab.one_page(STRANGER)
    item = desk_lab.next()
    known = _patient(PLAIN)
    with pytest.raises(NotAllowedNow):
        desk.new_patient(ANN, item.item_id, item.version, known, None, None, "", desk_lab.services)

    stranger = _patient(STRANGER)
    done = desk.new_patient(ANN, item.item_id, item.version, stranger, None, None, "", desk_lab.services)
    (made,) = desk_lab.workspace.roster.by_identifier([STRANGER.mrn])
    assert made.is_provisional and desk_lab.document(done.item_id).patient_id == made.patient_id


def _patient(person: stub.Person) -> Patient:
    return Patient(
        patient_id=PatientId(""),
        names=(PersonName(last=person.last, first=person.first),),
        birth_date=person.born,
        identifiers=(Identifier(authority="local", type="mrn", value=person.mrn),),
    )


def test_parking_and_asking_take_it_out_of_the_queue(desk_lab: Lab) -> None:
    """Parked: anybody takes it up. Asked: a supervisor answers, and it comes back with the answer."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    desk.park(ANN, item.item_id, item.version, "ask the ward", desk_lab.services)
    assert desk_lab.ids() == [] and desk_lab.ids(state=desk.QueueState.PARKED) == [item.item_id]

    desk.unpark(ANN, item.item_id, desk_lab.services)
    desk.ask(ANN, item.item_id, item.version, "whose?", desk_lab.services)
    assert desk_lab.ids() == [] and desk_lab.ids(SUE, state=desk.QueueState.QUESTIONS) == [item.item_id]
    with pytest.raises(Forbidden):
        desk.answer(BEN, item.item_id, "his", desk_lab.services)
    desk.answer(SUE, item.item_id, "see page 1", desk_lab.services)
    again = desk_lab.next()
    assert again.parked is not None
    assert (again.parked.note, again.parked.answer) == ("whose?", "see page 1")


def test_a_filed_document_is_corrected_with_a_reason_and_a_datum(open_desk: Callable[..., Lab]) -> None:
    """Also to the very person the machine would choose."""
    opened = open_desk("strict")
    opened.one_page(PLAIN)
    (filed,) = opened.documents(DocumentState.FILED)
    with pytest.raises(UsageError):
        opened.accept(filed, ANYA, datum="anya")
    with pytest.raises(UsageError):
        opened.accept(filed, ANYA, note="wrong chart")
    asked = desk.confirmation(ANN, filed.document_id, opened.patient_id(NAMESAKE), opened.services)
    assert asked is not None and asked.kind is desk.DatumKind.BIRTH_DATE
    opened.accept(filed, NAMESAKE, datum=birth_day(NAMESAKE) + NAMESAKE.born[:4], note="wrong chart")
    opened.work()
    assert opened.document(filed.document_id).patient_id == opened.patient_id(NAMESAKE)


def test_a_run_goes_to_one_confirmed_patient(desk_lab: Lab) -> None:
    """What names somebody else on its page is left out and listed, whatever was wished."""
    plain = "NURSING NOTE\nProgress of the day without any name on it {}"
    pages = [stub.page_text(PLAIN, "a"), stub.page_text(ANYA, "b", "DISCHARGE SUMMARY")]
    desk_lab.scan(*pages, plain.format(stub.rare_word("q")))
    found = [desk_lab.next()]
    while (item := desk_lab.next(after=found[-1].item_id)).item_id not in {i.item_id for i in found}:
        found.append(item)
    run = [(item.item_id, item.version) for item in found]
    who = desk_lab.patient_id(PLAIN)
    with pytest.raises(DatumDiffers):
        desk.accept_run(ANN, run, who, "1231", desk_lab.services)
    result = desk.accept_run(ANN, run, who, birth_day(PLAIN), desk_lab.services)

    others = {item.item_id for item in found if item.pages == (2,)}
    assert {item_id for item_id, _ in result.refused} == others
    assert len(result.done) == len(found) - 1
    assert all(desk_lab.document(item_id).state is DocumentState.IN_REVIEW for item_id in others)

    undone = desk.undo(ANN, desk_lab.services)
    assert len(undone.item_ids) == len(result.done)
    assert {d.state for d in desk_lab.documents()} == {DocumentState.IN_REVIEW}


def test_a_run_is_of_one_scan_or_one_batch(desk_lab: Lab) -> None:
    desk_lab.one_page(PLAIN, "a")
    desk_lab.one_page(PLAIN, "b")
    run = [(d.document_id, d.version) for d in desk_lab.documents()]
    with pytest.raises(UsageError):
        desk.accept_run(ANN, run, desk_lab.patient_id(PLAIN), birth_day(PLAIN), desk_lab.services)


# --- two keys ------------------------------------------------------------------------------
def test_two_people_who_agree_file(open_desk: Callable[..., Lab]) -> None:
    """The first sees it no more; the second sees nothing of the first; both names stay."""
    opened = open_desk(second_key=("lab_report",))
    opened.one_page(PLAIN)
    item = opened.next()
    assert item.needs_second_key
    first = opened.accept(item, PLAIN)
    assert first.kind == desk.FIRST_KEY and opened.ids() == []
    assert opened.document(item.item_id).state is DocumentState.IN_REVIEW
    with pytest.raises(Claimed):
        opened.accept(item, PLAIN, BEN)
    desk.release(ANN, item.scan_id, opened.services)

    again = opened.next(BEN)
    assert replace(again, claimed_by="", claimed_until=None) == replace(
        item, claimed_by="", claimed_until=None
    )
    assert opened.accept(again, PLAIN, BEN).kind == desk.ACCEPTED
    assert opened.document(item.item_id).decision.decided_by == "user:ann and user:ben"


def test_one_person_is_never_both_keys(open_desk: Callable[..., Lab]) -> None:
    """Keying again replaces one's own."""
    opened = open_desk(second_key=("source:.",))
    opened.one_page(PLAIN)
    item = opened.next()
    opened.accept(item, PLAIN)
    assert opened.accept(item, PLAIN).kind == desk.FIRST_KEY
    assert opened.document(item.item_id).state is DocumentState.IN_REVIEW


def test_two_people_who_differ_ask_a_supervisor(open_desk: Callable[..., Lab]) -> None:
    """Nothing is filed; neither of the two may decide; the supervisor's word is final."""
    opened = open_desk(second_key=("lab_report",))
    opened.scan(NAMED_ONLY)
    item = opened.next()
    opened.accept(item, NAMESAKE, datum=birth_day(NAMESAKE), note=MARGIN)
    desk.release(ANN, item.scan_id, opened.services)
    differ = opened.accept(item, OTHER_NAMESAKE, SUE, datum=birth_day(OTHER_NAMESAKE), note=MARGIN)
    assert differ.kind == desk.KEYS_DIFFER
    assert opened.document(item.item_id).state is DocumentState.IN_REVIEW and opened.ids(BEN) == []
    with pytest.raises(NotAllowedNow):
        opened.accept(item, NAMESAKE, SUE, datum=birth_day(NAMESAKE), note=MARGIN)
    desk.release(SUE, item.scan_id, opened.services)
    with pytest.raises(Forbidden):
        opened.accept(item, NAMESAKE, BEN, datum=birth_day(NAMESAKE), note=MARGIN)

    sam = replace(SUE, actor="user:sam", login="sam")
    assert opened.accept(item, NAMESAKE, sam, datum=birth_day(NAMESAKE), note=MARGIN).kind == desk.ACCEPTED


# --- undo ----------------------------------------------------------------------------------
def test_undo_walks_back(desk_lab: Lab) -> None:
    """Settled, retyped, joined, split: each is taken back in turn, in the caller's hands."""
    desk_lab.two_pages()
    first = desk_lab.next()
    second = desk_lab.next(after=first.item_id)
    services = desk_lab.services
    before = {d.document_id: (d.pages, d.document_type, d.service_date) for d in desk_lab.documents()}
    joined = desk.join_previous(ANN, second.item_id, second.version, first.item_id, first.version, services)
    again = desk.split(ANN, joined.item_id, joined.version, 2, services)
    typed = desk.retype(ANN, again.item_id, again.version, "consult", "", services)
    dated = desk.redate(ANN, typed.item_id, typed.version, "1990-01", "", services)
    rejected = desk.reject(ANN, dated.item_id, dated.version, DocumentState.RESCAN_WANTED, "", services)
    assert desk_lab.document(rejected.item_id).state is DocumentState.RESCAN_WANTED
    kinds = [desk.undo(ANN, services).kind for _ in range(5)]

    assert kinds == ["rescan_wanted", "redated", "retyped", "split", "joined"]
    now = sorted((d.pages, d.document_type, d.service_date) for d in desk_lab.documents())
    assert now == sorted(before.values())
    assert {d.state for d in desk_lab.documents()} == {DocumentState.IN_REVIEW}
    assert [c.actor for c in desk.claims(ANN, services)] == [ANN.actor]
    assert check.run(services, fixity=True).is_clean
    with pytest.raises(NotFound):
        desk.undo(ANN, services)


def test_what_was_filed_comes_back_from_the_chart(desk_lab: Lab) -> None:
    """With nobody preselected: it was once taken back."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    desk_lab.accept(item, PLAIN, document_type="consult")
    desk_lab.work()
    assert desk_lab.document(item.item_id).state is DocumentState.FILED
    desk.undo(ANN, desk_lab.services)
    desk_lab.work()
    again = desk_lab.next()

    assert (again.item_id, again.preselected) == (item.item_id, None)
    assert again.document_type == item.document_type
    assert check.run(desk_lab.services, fixity=True).is_clean


def test_undo_is_ones_own(desk_lab: Lab) -> None:
    """Others' acts are not taken back, nor what somebody changed since."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    done = desk_lab.accept(item, PLAIN)
    with pytest.raises(NotFound):
        desk.undo(BEN, desk_lab.services)
    desk_lab.work()
    review.retype(item.item_id, done.version, "consult", "", "user:zoe", desk_lab.services)
    with pytest.raises(ConflictError) as refused:
        desk.undo(ANN, desk_lab.services)
    assert "user:zoe" in str(refused.value)


def test_parking_and_keys_are_taken_back(open_desk: Callable[..., Lab]) -> None:
    opened = open_desk(second_key=("lab_report",))
    opened.one_page(PLAIN)
    item = opened.next()
    desk.park(ANN, item.item_id, item.version, "later", opened.services)
    desk.undo(ANN, opened.services)
    assert opened.ids() == [item.item_id]
    opened.accept(item, PLAIN)
    assert opened.ids() == []
    desk.undo(ANN, opened.services)
    assert opened.ids() == [item.item_id]


def test_pages_set_aside_come_back(desk_lab: Lab) -> None:
    """A blank side by one key, and back by undo."""
    desk_lab.two_pages()
    item = desk_lab.next()
    joined = desk.join_previous(
        ANN,
        (two := desk_lab.next(after=item.item_id)).item_id,
        two.version,
        item.item_id,
        1,
        desk_lab.services,
    )
    desk.set_blank(ANN, joined.item_id, joined.version, 2, desk_lab.services)
    assert desk_lab.document(item.item_id).pages == (1,)
    desk.undo(ANN, desk_lab.services)
    assert desk_lab.document(item.item_id).pages == (1, 2)
    assert check.run(desk_lab.services, fixity=True).is_clean
