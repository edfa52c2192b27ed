"""Facts about comparing both sides: every way in which a receiver can be wrong is found."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import pytest

from scanindex import corrections
from scanindex.delivery import reconcile
from scanindex.delivery_model import Action, DeliveryState, Held
from tests.delivery.conftest import SUE, Exports
from tests.desk import lab


@pytest.fixture
def sent(exports: Exports) -> Exports:
    exports.export()
    return exports


def codes(exports: Exports) -> list[str]:
    return [fault.code for fault in exports.reconcile().faults]


def test_a_right_receiver_is_verified(sent: Exports) -> None:
    found = sent.reconcile()

    assert found.is_clean and (found.expected, found.verified, found.held, found.weakly) == (3, 3, 3, 0)
    assert {line.state for line in sent.lines()} == {DeliveryState.VERIFIED}


def lose(sent: Exports) -> None:
    sent.receiver.lose(0)


def double(sent: Exports) -> None:
    sent.receiver.entries.append(dict(sent.receiver.entries[0]))


def garble(sent: Exports) -> None:
    sent.receiver.entries[0]["sha256"] = "0" * 64


def cut(sent: Exports) -> None:
    sent.receiver.entries[0]["size"] = 1


def misfile(sent: Exports) -> None:
    sent.receiver.entries[0]["patient"] = sent.receiver.entries[1]["patient"]


def hide(sent: Exports) -> None:
    sent.receiver.entries[0]["current"] = False


def invent(sent: Exports) -> None:
    sent.receiver.entries.append({**sent.receiver.entries[0], "id": "zzzzzzzzzzzzzzzzzzzz-1"})


FAULTS: dict[str, tuple[Callable[[Exports], None], str]] = {
    "lost": (lose, "missing"),
    "doubled": (double, "doubled"),
    "garbled": (garble, "different_content"),
    "cut": (cut, "different_content"),
    "misfiled": (misfile, "different_patient"),
    "hidden": (hide, "not_valid"),
    "invented": (invent, "unknown"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_the_others_are_verified(sent: Exports, name: str) -> None:
    spoil, code = FAULTS[name]
    spoil(sent)

    found = sent.reconcile()

    assert [f.code for f in found.faults] == [code] and not found.is_clean
    assert found.verified == (3 if name == "invented" else 2)


def test_a_replaced_document_that_is_still_shown_is_found(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    corrections.entered_in_error(SUE, document.document_id, document.version, "error", sent.services)
    sent.export(only_corrections=True)
    for entry in sent.receiver.entries:
        entry["current"] = True

    assert codes(sent) == ["still_valid"]


def test_a_list_that_does_not_say_what_is_valid_leaves_no_wrong_one_unnamed(sent: Exports) -> None:
    document = sent.document_of(lab.PLAIN)
    corrections.entered_in_error(SUE, document.document_id, document.version, "error", sent.services)
    sent.export(only_corrections=True)
    listed = [dataclasses.replace(held, is_current=None) for held in sent.receiver.inventory()]

    found = reconcile.reconcile(SUE, sent.target.name, listed, sent.services)

    assert [f.code for f in found.faults] == ["perhaps_valid"]


def test_what_was_verified_once_is_doubted_when_it_is_gone(sent: Exports) -> None:
    sent.reconcile()
    lose(sent)
    sent.reconcile()

    assert sorted(line.state for line in sent.lines()) == ["delivered", "verified", "verified"]


def test_a_refused_document_that_is_there_all_the_same_is_found(exports: Exports) -> None:
    exports.receiver.refuses = {Action.NEW}
    exports.export()
    listed = [Held(external_id=line.record.external_id) for line in exports.lines()]
    reconcile.retry(SUE, exports.target.name, exports.services)

    found = reconcile.reconcile(SUE, exports.target.name, listed, exports.services)

    assert [f.code for f in found.faults] == ["refused_but_there"] * 3


def test_what_was_never_answered_is_settled_by_the_list(exports: Exports) -> None:
    """The receiver stored it and the line broke: the list says that it is there."""
    exports.receiver.silent_after = 0
    exports.receiver.chokes_on = {lab.PLAIN.mrn}
    exports.export()

    found = exports.reconcile()

    assert (found.expected, found.verified) == (3, 2)
    assert [f.code for f in found.faults] == ["unanswered"]
    states = [line.state for line in exports.lines()]
    assert sorted(states) == [DeliveryState.SENDING, DeliveryState.VERIFIED, DeliveryState.VERIFIED]


def test_a_lost_document_is_sent_again_under_its_id(sent: Exports) -> None:
    lost = str(sent.receiver.entries[0]["id"])
    lose(sent)
    (fault,) = sent.reconcile().faults
    reconcile.resend(SUE, sent.target.name, [fault.external_id], sent.services)
    sent.send()

    assert lost in sent.receiver.valid and sent.reconcile().is_clean


def test_a_partial_list_says_nothing_of_what_is_not_in_it(sent: Exports) -> None:
    part = list(sent.receiver.inventory())[:1]
    found = reconcile.reconcile(SUE, sent.target.name, part, sent.services, is_whole_list=False)

    assert found.is_clean and found.expected == 1


@pytest.mark.parametrize("seed", range(5))
def test_any_mix_of_faults_is_found(sent: Exports, seed: int) -> None:
    """Each of three documents gets one fault or none."""
    chance = random.Random(seed)
    wanted: list[str] = []
    entries = sent.receiver.entries
    for entry in list(entries):
        fault = chance.choice(["", "missing", "doubled", "different_content", "different_patient"])
        if fault == "missing":
            entries.remove(entry)
        elif fault == "doubled":
            entries.append(dict(entry))
        elif fault == "different_content":
            entry["sha256"] = "1" * 64
        elif fault == "different_patient":
            entry["patient"] = "somebody else"
        wanted += [fault] if fault else []

    assert sorted(codes(sent)) == sorted(wanted)
