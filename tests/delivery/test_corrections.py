"""Facts about what a receiver is told when a delivered document changed here."""

from __future__ import annotations

import dataclasses

import pytest

from scanindex import corrections, desk
from scanindex.delivery import compose, plan, queue, reconcile
from scanindex.delivery_model import Action, DeliveryState
from scanindex.model import Document
from scanindex.store import roster_merging
from tests.delivery.conftest import SUE, Exports
from tests.delivery.test_sending import refile
from tests.desk import lab


@pytest.fixture
def sent(exports: Exports) -> Exports:
    exports.export()
    return exports


def actions(exports: Exports) -> list[Action]:
    """Of the newest run."""
    lines = exports.lines()
    return [line.record.action for line in lines if line.run_id == lines[-1].run_id]


def forget_doubts(exports: Exports) -> None:
    """As if somebody had looked again at what the misfile made doubtful."""
    with exports.workspace.catalog.write() as unit:
        for document in unit.documents.all():
            if document.recheck:
                unit.documents.change(dataclasses.replace(document, recheck=()), document.version)


def test_a_refiled_document_is_taken_back_and_sent_for_the_right_patient(sent: Exports) -> None:
    refile(sent, sent.document_of(lab.ANYA), lab.PLAIN)
    forget_doubts(sent)
    run, _ = sent.export(only_corrections=True)

    assert actions(sent) == [Action.CANCEL, Action.NEW]
    cancel, new = sent.lines()[-2:]
    assert cancel.record.patient.main.value == lab.ANYA.mrn
    assert new.record.patient.main.value == lab.PLAIN.mrn
    assert lab.ANYA.mrn not in sent.receiver.valid.values() and len(sent.receiver.valid) == 3
    assert run.planned["unchanged"] == 2


def refiled_in_doubt(exports: Exports) -> None:
    """From ANYA to PLAIN, and somebody is to look at it again."""
    document = exports.document_of(lab.ANYA)
    refile(exports, document, lab.PLAIN)
    with exports.workspace.catalog.write() as unit:
        now = unit.documents.get(document.document_id)
        assert now is not None
        unit.documents.change(dataclasses.replace(now, recheck=("a doubt",)), now.version)


def test_a_refiled_document_leaves_the_wrong_chart_at_once(sent: Exports) -> None:
    """Also while it may not go to the right one yet."""
    refiled_in_doubt(sent)
    run, _ = sent.export(only_corrections=True)

    assert actions(sent) == [Action.CANCEL] and run.held["recheck"] == 3
    assert lab.ANYA.mrn not in sent.receiver.valid.values()


def test_a_queued_cancellation_goes_whatever_holds_the_document(sent: Exports) -> None:
    refiled_in_doubt(sent)
    for _ in range(3):
        sent.queue(only_corrections=True)
    sent.send()

    assert [line.record.action for line in sent.lines()] == [Action.NEW] * 3 + [Action.CANCEL]
    assert lab.ANYA.mrn not in sent.receiver.valid.values()


def test_a_refused_cancellation_is_asked_for_once(sent: Exports) -> None:
    """And again under its id when a person says so."""
    document = sent.document_of(lab.PLAIN)
    corrections.entered_in_error(SUE, document.document_id, document.version, "not a record", sent.services)
    sent.receiver.refuses = {Action.CANCEL}
    sent.export(only_corrections=True)
    run, again = sent.export(only_corrections=True)
    assert (len(sent.lines()), again.refused, run.held) == (4, 0, {"was_refused": 1})

    asked = sent.lines()[-1].record.external_id
    sent.receiver.refuses = set()
    reconcile.retry(SUE, sent.target.name, sent.services)
    sent.export(only_corrections=True)

    assert sent.lines()[-1].record.external_id == asked and len(sent.receiver.valid) == 2


def test_a_profile_may_want_a_replacement_instead(sent: Exports) -> None:
    sent.rule("corrections", refiled="replace")
    refile(sent, sent.document_of(lab.ANYA), lab.PLAIN)
    forget_doubts(sent)
    sent.export(only_corrections=True)

    line = sent.lines()[-1].record
    assert (line.action, line.reason) == (Action.REPLACE, "refiled")
    assert line.replaced_receiver_ids == (f"Doc/{line.replaces}",)
    assert len(sent.receiver.valid) == 3 and lab.ANYA.mrn not in sent.receiver.valid.values()


def test_a_retyped_document_replaces_what_was_sent(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    corrections.retype(
        SUE, document.document_id, document.version, "progress_note", "wrong type", sent.services
    )
    sent.lab.work()
    sent.export(only_corrections=True)

    line = sent.lines()[-1].record
    assert (line.action, line.reason, line.type.loinc) == (Action.REPLACE, "retyped", "11506-3")
    assert line.external_id != line.replaces and line.replaces in {x.record.external_id for x in sent.lines()}


def test_a_document_entered_in_error_is_cancelled(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    corrections.entered_in_error(SUE, document.document_id, document.version, "not a record", sent.services)
    sent.export(only_corrections=True)

    assert (actions(sent), len(sent.receiver.valid)) == ([Action.CANCEL], 2)


def test_a_document_back_in_review_is_in_no_chart_there_either(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    corrections.back_to_review(SUE, document.document_id, document.version, "doubt", sent.services)
    sent.export(only_corrections=True)

    assert lab.PLAIN.mrn not in sent.receiver.valid.values()


def test_a_cancelled_document_goes_anew_when_it_is_filed_again(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    corrections.back_to_review(SUE, document.document_id, document.version, "doubt", sent.services)
    sent.export(only_corrections=True)
    item = sent.lab.next(SUE, filters=desk.Filters())
    sent.lab.accept(item, lab.PLAIN, SUE, lab.birth_day(lab.PLAIN))
    sent.lab.work()
    sent.export()

    assert sent.lines()[-1].record.action is Action.NEW
    assert list(sent.receiver.valid.values()).count(lab.PLAIN.mrn) == 1


def merge(exports: Exports) -> None:
    one, two = exports.lab.patient_id(lab.NAMESAKE), exports.lab.patient_id(lab.OTHER_NAMESAKE)
    roster_merging.merge(exports.workspace.catalog, one, two, "the same woman", SUE.actor)
    exports.lab.work()


def test_a_merged_patients_document_is_sent_under_the_surviving_number(sent: Exports) -> None:
    merge(sent)
    sent.export(only_corrections=True)

    line = sent.lines()[-1].record
    assert (line.action, line.reason) == (Action.REPLACE, "merged")
    assert lab.NAMESAKE.mrn not in sent.receiver.valid.values()
    assert lab.OTHER_NAMESAKE.mrn in sent.receiver.valid.values()


def test_a_merge_can_be_listed_for_people_instead(sent: Exports) -> None:
    sent.rule("corrections", merged="list")
    merge(sent)
    run, result = sent.export(only_corrections=True)

    assert (run.held, result.taken) == ({"merge_to_tell": 1}, 0)


def test_a_merge_taken_back_is_corrected_back(sent: Exports) -> None:
    one = sent.lab.patient_id(lab.NAMESAKE)
    merge(sent)
    sent.export(only_corrections=True)
    roster_merging.unmerge(sent.workspace.catalog, one, "two women after all", SUE.actor)
    sent.lab.work()
    sent.export(only_corrections=True)

    assert sent.receiver.valid[sent.lines()[-1].record.external_id] == lab.NAMESAKE.mrn
    assert lab.OTHER_NAMESAKE.mrn not in sent.receiver.valid.values()


def test_a_change_that_is_taken_back_before_it_was_sent_sends_nothing(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    retyped(sent, document, "progress_note")
    sent.queue(only_corrections=True)
    retyped(sent, sent.document_of(lab.PLAIN), document.document_type or "lab_report")
    _, result = sent.export(only_corrections=True)

    assert result.taken == 0 and sent.lines()[-1].state is DeliveryState.DROPPED


def retyped(exports: Exports, document: Document, kind: str) -> None:
    corrections.retype(SUE, document.document_id, document.version, kind, "type", exports.services)
    exports.lab.work()


def test_what_is_withdrawn_by_hand_stays_away_until_it_is_named(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    queue.withdraw(SUE, [document.document_id], "asked by the patient", sent.target, sent.services)
    sent.export()
    assert lab.PLAIN.mrn not in sent.receiver.valid.values()

    run, _ = sent.export()
    assert run.held == {"was_withdrawn": 1}

    sent.export(document_ids=(document.document_id,))
    assert lab.PLAIN.mrn in sent.receiver.valid.values()


def test_ids_are_never_used_again(sent: Exports) -> None:
    for kind in ("progress_note", "consultation", "progress_note"):
        retyped(sent, sent.document_of(lab.PLAIN), kind)
        sent.export(only_corrections=True)
    ids = [line.record.external_id for line in sent.lines()]
    controls = [line.record.control_id for line in sent.lines()]

    assert len(ids) == len(set(ids)) == len(set(controls)) == 6
    assert all(len(i) <= 32 for i in ids) and all(len(c) == 20 for c in controls)


def test_a_number_that_a_rebuilt_ledger_does_not_show_is_not_used_again(sent: Exports) -> None:
    """What never left is in no log: the second is missing, the fourth comes."""
    for kind in ("progress_note", "consultation"):
        retyped(sent, sent.document_of(lab.PLAIN), kind)
        sent.queue(only_corrections=True)
    wanted = sent.document_of(lab.PLAIN).document_id
    first, _, third = (line for line in sent.lines() if line.record.document_id == wanted)

    assert plan.standing([first, third]).next_number == 4


def test_a_refused_document_marked_for_retry_can_be_withdrawn(sent: Exports) -> None:
    """The correction was refused, to be tried again, and then it is not wanted there at all."""
    document = sent.document_of(lab.PLAIN)
    retyped(sent, document, "progress_note")
    sent.receiver.refuses = {Action.REPLACE}
    sent.export(only_corrections=True)
    reconcile.retry(SUE, sent.target.name, sent.services)
    queue.withdraw(SUE, [document.document_id], "asked by the patient", sent.target, sent.services)
    sent.send()

    assert lab.PLAIN.mrn not in sent.receiver.valid.values()


def test_a_fingerprint_ignores_what_a_receiver_would_not_notice(sent: Exports) -> None:
    record = sent.lines()[0].record
    later = dataclasses.replace(
        record, version=record.version + 3, external_id="other-9", created_at=record.created_at
    )

    assert compose.fingerprint(record) == compose.fingerprint(later)
