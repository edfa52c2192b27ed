"""Facts about the accounting of disclosures: what a receiver got, or may have got, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from scanindex import trail
from scanindex.cli import cli
from scanindex.delivery import sending
from scanindex.delivery_model import Action, DeliveryState, Parcel, Receipt
from scanindex.errors import ProfileError, ReceiverSilent, ScanindexError
from scanindex.trail_model import TrailEntry
from tests.delivery.conftest import AUDITOR, Exports
from tests.delivery.receiver import Receiver
from tests.delivery.test_sending import refile
from tests.desk import lab


class OutOfReach(Receiver):
    """Nobody comes through to it."""

    def __init__(self, error: ScanindexError | None = None) -> None:
        super().__init__()
        self._error = error or ReceiverSilent()
        self._error.nothing_left = True

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        raise self._error


class AtTheTable(Receiver):
    """Somebody presses Ctrl-C while the second document is on its way."""

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        if self.entries:
            raise KeyboardInterrupt
        yield from super().send(parcel)


def accounted(exports: Exports, person: lab.Person) -> list[TrailEntry]:
    """What other systems got of this person, oldest first."""
    found = trail.disclosures(AUDITOR, exports.lab.patient_id(person), exports.services)
    return [entry for entry in reversed(found) if entry.kind.startswith("export")]


def outcomes(exports: Exports, person: lab.Person) -> list[str]:
    return [entry.details.get("outcome", entry.kind) for entry in accounted(exports, person)]


def test_an_entry_says_what_went_to_whom_and_what_for(exports: Exports) -> None:
    """45 CFR 164.528(b)(2): date, recipient, what, purpose."""
    exports.export()

    (entry,) = accounted(exports, lab.PLAIN)
    (line,) = (x for x in exports.lines() if x.record.patient.main.value == lab.PLAIN.mrn)
    assert entry.document_ids == (line.record.document_id,)
    assert line.sent_at is not None and abs((entry.at - line.sent_at).total_seconds()) < 60
    assert entry.details["external_id"] == line.record.external_id
    assert (entry.details["outcome"], entry.details["action"]) == ("handed over", "new")
    assert (entry.details["recipient"], entry.details["purpose"]) == ("Springfield General", "treatment")


@pytest.mark.parametrize("error", [ReceiverSilent(), ProfileError("no such host")])
def test_an_attempt_that_reached_nobody_is_none(exports: Exports, error: ScanindexError) -> None:
    """Nor is what waited behind it; what is sent the next day counts once, as of that day."""
    there, exports.receiver = exports.receiver, OutOfReach(error)
    exports.queue()
    for _ in range(2):
        try:
            exports.send()
        except ProfileError:
            assert isinstance(error, ProfileError)
    assert [outcomes(exports, p) for p in (lab.ANYA, lab.PLAIN, lab.NAMESAKE)] == [[], [], []]

    exports.receiver = there
    exports.send()

    assert outcomes(exports, lab.PLAIN) == ["handed over"]


def test_a_file_in_the_receivers_folder_counts_though_its_message_reached_nobody(exports: Exports) -> None:
    """HL7 by reference: the file is laid down before the message goes."""
    exports.rule("target", transport="mllp")
    exports.rule("hl7", carry="referenced")
    exports.rule("sending", window_documents=1)
    exports.receiver = OutOfReach()
    exports.queue(patients=(lab.PLAIN.mrn,))
    exports.send()

    assert outcomes(exports, lab.PLAIN) == ["perhaps handed over: no answer"]


def test_what_waited_behind_a_silent_one_did_not_leave(exports: Exports) -> None:
    """All three were let go at once; only what was tried may have arrived."""
    exports.rule("sending", attempts=1)
    exports.receiver.chokes_on = {lab.ANYA.mrn, lab.PLAIN.mrn, lab.NAMESAKE.mrn}
    exports.queue()
    sending_one = exports.receiver.send
    tried: list[str] = []

    def first_alone(parcel: Parcel) -> Iterator[Receipt]:
        if tried:
            raise KeyboardInterrupt
        tried.append(parcel.records[0].patient.main.value)
        yield from sending_one(parcel)

    exports.receiver.send = first_alone  # type: ignore[method-assign]
    exports.send()

    people = {p.mrn: outcomes(exports, p) for p in (lab.ANYA, lab.PLAIN, lab.NAMESAKE)}
    assert people.pop(tried[0]) == ["perhaps handed over: no answer"]
    assert sorted(map(len, people.values())) == [0, 1], "the second was on its way when it was interrupted"


def test_an_attempt_without_an_answer_is_told_apart_from_the_one_that_was_taken(exports: Exports) -> None:
    exports.receiver.chokes_on = {lab.PLAIN.mrn}
    exports.export()
    assert outcomes(exports, lab.PLAIN) == ["perhaps handed over: no answer"]

    exports.receiver.chokes_on = set()
    exports.send()

    assert outcomes(exports, lab.PLAIN) == ["perhaps handed over: no answer", "handed over"]


def test_an_attempt_is_in_the_trail_again_before_it_goes_again(exports: Exports) -> None:
    """After one that reached nobody: `kill -9` in the middle of the next leaves it standing."""
    there, exports.receiver = exports.receiver, OutOfReach()
    exports.export()
    exports.receiver = there
    seen: list[list[str]] = []
    send = there.send

    def looking(parcel: Parcel) -> Iterator[Receipt]:
        seen.append(outcomes(exports, lab.PLAIN))
        yield from send(parcel)

    there.send = looking  # type: ignore[method-assign]
    exports.send()

    (line,) = (x for x in exports.lines() if x.record.patient.main.value == lab.PLAIN.mrn)
    at_its_turn = seen[there.sends.index((line.record.external_id,))]
    assert at_its_turn == ["perhaps handed over: no answer"]


def test_a_refusal_was_read_by_somebody(exports: Exports) -> None:
    exports.receiver.refuses = {Action.NEW}
    exports.export()

    assert outcomes(exports, lab.ANYA) == ["handed over and refused"]


@pytest.mark.parametrize("how", [{"has_left": False}, {"code": "not_sent"}])
def test_what_was_refused_before_it_left_was_read_by_nobody(exports: Exports, how: dict[str, Any]) -> None:
    def refusing(parcel: Parcel) -> Iterator[Receipt]:
        for one in parcel.records:
            yield Receipt(**{"external_id": one.external_id, "is_taken": False, "code": "AE", **how})

    exports.receiver.send = refusing  # type: ignore[method-assign]
    exports.export()

    assert outcomes(exports, lab.ANYA) == []


def test_the_old_patients_account_names_the_document_that_was_taken_back(exports: Exports) -> None:
    """It stands in somebody else's chart now, who is not named; and the right one's account has all of it."""
    exports.export()
    document = exports.document_of(lab.ANYA)
    refile(exports, document, lab.PLAIN)
    exports.export(only_corrections=True)

    first, gone = accounted(exports, lab.ANYA)
    assert (first.details["action"], gone.details["action"]) == ("new", "cancel")
    assert first.document_ids == gone.document_ids == (document.document_id,)
    assert gone.details["replaces"] == first.details["external_id"] != gone.details["external_id"]
    theirs = [e for e in accounted(exports, lab.PLAIN) if e.document_ids == (document.document_id,)]
    assert exports.lab.patient_id(lab.ANYA) not in {p for e in theirs for p in e.patient_ids}
    assert [e.details["action"] for e in theirs] == ["new", "cancel", "new"]


def test_ctrl_c_keeps_every_answer(exports: Exports) -> None:
    exports.receiver = AtTheTable()
    _, sent = exports.export()

    assert (sent.taken, sent.left, sent.stopped_by) == (1, 2, sending.INTERRUPTED)
    assert sorted(line.state.value for line in exports.lines()) == ["delivered", "pending", "sending"]


# --- what a receiver wrote ------------------------------------------------------------------------
class Talkative(Receiver):
    """Refuses, and quotes the patient."""

    def send(self, parcel: Parcel) -> Iterator[Receipt]:
        for one in parcel.records:
            text = f"no patient {one.patient.names[0].last}"
            yield Receipt(external_id=one.external_id, is_taken=False, code="AE", text=text)


def test_what_a_receiver_wrote_is_shown_only_when_asked_for_and_recorded(exports: Exports) -> None:
    exports.receiver = Talkative()
    exports.export()

    plain, with_answers = (shown(exports, *more) for more in ((), ("--answers",)))
    as_json = shown(exports, "--json")

    assert "AE" in plain and "found an error in the message" in plain
    names = [p.last.lower() for p in (lab.ANYA, lab.PLAIN, lab.NAMESAKE)]
    assert not [name for name in names if name in (plain + as_json).lower()]
    assert [name for name in names if name in with_answers.lower()] == names
    found = trail.disclosures(AUDITOR, exports.lab.patient_id(lab.PLAIN), exports.services)
    assert [e.what for e in found if e.what.startswith("export a")] == ["export answers"]


def shown(exports: Exports, *more: str) -> str:
    home = str(exports.workspace.settings.home)
    done = CliRunner().invoke(cli, ["--home", home, "export", "list", exports.target.name, *more])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_never_left_waits_as_if_nobody_had_tried(exports: Exports) -> None:
    """The receiver could not be reached; the document was in the wrong chart, as somebody sees meanwhile."""
    there, exports.receiver = exports.receiver, OutOfReach()
    exports.export()
    assert {(line.state, line.sent_at) for line in exports.lines()} == {(DeliveryState.PENDING, None)}

    refile(exports, exports.document_of(lab.ANYA), lab.PLAIN)
    exports.receiver = there
    sent = exports.send()

    assert lab.ANYA.mrn not in {entry["patient"] for entry in there.entries}
    assert (sent.overtaken, sent.left) == (3, 0)  # the others of that run are doubtful now, too


def test_what_may_have_left_goes_again_as_it_was(exports: Exports) -> None:
    """Else nobody would take it back there."""
    exports.receiver.silent_after = 0
    exports.export(patients=(lab.ANYA.mrn,))
    refile(exports, exports.document_of(lab.ANYA), lab.PLAIN)
    exports.receiver.silent_after = None
    exports.export(only_corrections=True)

    assert [line.record.action for line in exports.lines()][:2] == [Action.NEW, Action.CANCEL]
    assert lab.ANYA.mrn not in exports.receiver.valid.values()
