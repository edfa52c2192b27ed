"""Facts about sending over MLLP: what each answer, and each way of not answering, comes to."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ExportRecord, Parcel, Receipt
from scanindex.ehr.mllp_sink import MllpSink
from scanindex.errors import ConfigError, FixityFailed, NotAllowedNow, ReceiverSilent, StorageFailed
from scanindex.target_profile import MllpRule, SendingRule, Target
from tests.ehr import records
from tests.ehr.hl7_samples import message, record, target
from tests.ehr.peers import tls
from tests.ehr.peers.fault_receiver import Arrival, Fault, FaultReceiver, at_random

SILENT = (
    Fault.NOTHING,
    Fault.DEAF,
    Fault.LATE,
    Fault.WRONG_ID,
    Fault.NO_ID,
    Fault.CLOSES,
    Fault.CLOSES_MID_ANSWER,
    Fault.RESETS,
    Fault.UNFRAMED,
    Fault.GARBAGE,
    Fault.NO_MSA,
    Fault.ENDLESS,
)


def sending(port: int, hl7: dict[str, Any] | None = None, seconds: float = 0.3, **rule: Any) -> Target:
    line = MllpRule(**{"host": "127.0.0.1", "port": port, "tls": False, **rule})
    patience = SendingRule(timeout_seconds=seconds)
    return dataclasses.replace(target(transport="mllp", **(hl7 or {})), mllp=line, sending=patience)


def deliver(sink: MllpSink, *made: ExportRecord) -> list[Receipt]:
    return list(sink.send(Parcel(name="general-1", number=1, records=made)))


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Any]:
    """Starts receivers that fail as told."""
    running: list[FaultReceiver] = []

    def start(*faults: Fault, **how: Any) -> FaultReceiver:
        how = {"script": faults, "late_seconds": 0.6, **how}
        receiver = FaultReceiver(tmp_path / f"far{len(running)}", **how).__enter__()
        running.append(receiver)
        return receiver

    yield start
    for receiver in running:
        receiver.stop()


def test_a_message_that_is_taken_has_a_receipt(tmp_path: Path, far: Any) -> None:
    receiver, made = far(), record(tmp_path)
    [receipt] = deliver(MllpSink(sending(receiver.port), {}), made)

    assert (receipt.external_id, receipt.is_taken, receipt.code) == (made.external_id, True, "AA")
    assert receipt.sent_bytes == len(receiver.arrived[0].raw)
    assert receiver.inventory()[0].sha256 == hashlib.sha256(records.SMALL_PDF).hexdigest()


def test_one_connection_serves_all_messages(tmp_path: Path, far: Any) -> None:
    """In order, each sent when the one before is answered."""
    receiver = far()
    sink = MllpSink(sending(receiver.port), {})
    made = [record(tmp_path, external_id=f"doc{n}-1") for n in range(5)]
    deliver(sink, *made)

    assert [a.control_id for a in receiver.arrived] == [r.control_id for r in made]
    assert len(receiver._connections) == 1


@pytest.mark.parametrize(
    ("fault", "code"), [(Fault.AE, "AE"), (Fault.AR, "AR"), (Fault.ENHANCED_REFUSAL, "CE")]
)
def test_a_refusal_is_for_good_and_the_next_message_goes(
    tmp_path: Path, far: Any, fault: Fault, code: str
) -> None:
    receiver = far(fault)
    first, second = deliver(
        MllpSink(sending(receiver.port), {}), record(tmp_path), record(tmp_path, external_id="doc2-1")
    )

    assert (first.is_taken, first.code) == (False, code)
    assert "refused on command" in first.text
    assert second.is_taken


@pytest.mark.parametrize("errors", ["retry", "by_code"])
def test_a_profile_may_take_an_error_for_one_that_passes(tmp_path: Path, far: Any, errors: str) -> None:
    receiver = far(Fault.AE)
    sink = MllpSink(sending(receiver.port, errors=errors, retry_codes=("103",)), {})

    with pytest.raises(ReceiverSilent):
        deliver(sink, record(tmp_path))
    assert deliver(sink, record(tmp_path))[0].is_taken


def test_only_the_codes_of_the_profile_pass(tmp_path: Path, far: Any) -> None:
    receiver = far(Fault.AE)
    sink = MllpSink(sending(receiver.port, errors="by_code", retry_codes=("206",)), {})

    assert not deliver(sink, record(tmp_path))[0].is_taken


def test_a_rejection_never_passes(tmp_path: Path, far: Any) -> None:
    receiver = far(Fault.AR)

    assert not deliver(MllpSink(sending(receiver.port, errors="retry"), {}), record(tmp_path))[0].is_taken


@pytest.mark.parametrize("fault", SILENT)
def test_what_is_no_answer_leaves_the_message_to_be_sent_again(
    tmp_path: Path, far: Any, fault: Fault
) -> None:
    """Under the same ids and in the same bytes, so that a receiver which knows them files it once."""
    receiver, made = far(fault, remembers=True), record(tmp_path)
    sink = MllpSink(sending(receiver.port), {})

    with pytest.raises(ReceiverSilent):
        deliver(sink, made)
    assert deliver(sink, made)[0].is_taken
    assert [a.raw for a in receiver.arrived] == [message(made)] * 2
    assert len(receiver.inventory()) == 1


@pytest.mark.parametrize("fault", [Fault.SPLIT, Fault.TOGETHER, Fault.ENHANCED])
def test_odd_answers_are_answers(tmp_path: Path, far: Any, fault: Fault) -> None:
    receiver = far(fault)

    assert deliver(MllpSink(sending(receiver.port), {}), record(tmp_path))[0].is_taken


def test_a_late_answer_is_never_taken_for_that_to_the_next_message(tmp_path: Path, far: Any) -> None:
    """The second message is refused; the answer to the first, which comes meanwhile, says AA."""
    receiver = far(Fault.LATE, Fault.AE)
    sink = MllpSink(sending(receiver.port), {})
    with pytest.raises(ReceiverSilent):
        deliver(sink, record(tmp_path))

    [second] = deliver(sink, record(tmp_path, external_id="doc2-1"))
    assert (second.is_taken, second.code) == (False, "AE")


def test_an_answer_too_many_is_never_taken_for_that_to_the_next_message(tmp_path: Path, far: Any) -> None:
    receiver = far(Fault.TOGETHER, Fault.AE, Fault.AE)
    sink = MllpSink(sending(receiver.port), {})
    deliver(sink, record(tmp_path))
    second = record(tmp_path, external_id="doc2-1")
    try:
        [receipt] = deliver(sink, second)
    except ReceiverSilent:
        [receipt] = deliver(sink, second)

    assert (receipt.is_taken, receipt.code) == (False, "AE")


def test_nobody_there_is_for_later(tmp_path: Path, far: Any) -> None:
    receiver = far()
    receiver.stop()

    with pytest.raises(ReceiverSilent) as caught:
        deliver(MllpSink(sending(receiver.port), {}), record(tmp_path))
    assert caught.value.nothing_left


def test_a_message_without_an_answer_may_have_arrived(tmp_path: Path, far: Any) -> None:
    receiver = far(Fault.CLOSES)

    with pytest.raises(ReceiverSilent) as caught:
        deliver(MllpSink(sending(receiver.port), {}), record(tmp_path))
    assert not caught.value.nothing_left


def test_what_was_answered_before_the_line_broke_counts(tmp_path: Path, far: Any) -> None:
    receiver = far(Fault.NONE, Fault.CLOSES)
    made = [record(tmp_path, external_id=f"doc{n}-1") for n in range(2)]
    got = MllpSink(sending(receiver.port), {}).send(Parcel(name="p", number=1, records=tuple(made)))

    assert next(got).is_taken
    with pytest.raises(ReceiverSilent):
        next(got)


# --- the enhanced mode ------------------------------------------------------------------
def test_a_commit_is_not_the_last_word_where_both_are_asked_for(tmp_path: Path, far: Any) -> None:
    receiver = far(Fault.ENHANCED)
    sink = MllpSink(sending(receiver.port, {"acknowledge": "both"}), {})

    with pytest.raises(ReceiverSilent):
        deliver(sink, record(tmp_path))


@pytest.mark.parametrize(
    ("codes", "taken"), [(("CA", "AA"), True), (("CA", "AE"), False), (("AA",), True), (("CE",), False)]
)
def test_the_application_has_the_last_word(tmp_path: Path, codes: tuple[str, ...], taken: bool) -> None:
    """Also of a receiver that leaves the commit out, or refuses at once."""
    with Answering(codes) as port:
        [receipt] = deliver(MllpSink(sending(port, {"acknowledge": "both"}), {}), made := record(tmp_path))

    assert (receipt.external_id, receipt.is_taken, receipt.code) == (made.external_id, taken, codes[-1])


def test_an_unknown_word_is_no_answer(tmp_path: Path) -> None:
    with Answering(("OK",)) as port, pytest.raises(ReceiverSilent):
        deliver(MllpSink(sending(port), {}), record(tmp_path))


def test_a_line_that_answered_another_message_is_not_listened_to_again(tmp_path: Path) -> None:
    """The right answer comes behind the wrong one: to what was sent before, for all we know."""
    with Answering(("AA NOT-YOURS", "AA")) as port:
        sink = MllpSink(sending(port), {})
        for _ in range(2):
            with pytest.raises(ReceiverSilent):
                deliver(sink, record(tmp_path))


# --- the document's file ----------------------------------------------------------------
def test_a_damaged_document_is_never_sent_to_its_end(tmp_path: Path, far: Any) -> None:
    receiver, made = far(), record(tmp_path)
    assert made.content
    made.content.path.write_bytes(b"\1" + records.SMALL_PDF[1:])
    sink = MllpSink(sending(receiver.port), {})

    with pytest.raises(FixityFailed):
        deliver(sink, made)
    assert receiver.arrived == []
    assert deliver(sink, record(tmp_path, external_id="doc2-1"))[0].is_taken


def test_a_referenced_file_is_there_when_its_message_comes(tmp_path: Path, far: Any) -> None:
    share = tmp_path / "share"
    share.mkdir()
    hl7 = {"carry": "referenced", "reference_prefix": "\\\\srv\\in\\", "reference_folder": str(share)}
    seen: set[tuple[str, ...]] = set()

    def look(_number: int, _arrival: Arrival) -> Fault:
        seen.add(tuple(sorted(path.name for path in share.iterdir())))
        return Fault.NONE

    receiver = far(script=look)
    made = record(tmp_path)

    assert deliver(MllpSink(sending(receiver.port, hl7), {}), made)[0].is_taken
    assert seen == {(f"{made.external_id}.pdf",)}
    assert (share / f"{made.external_id}.pdf").read_bytes() == records.SMALL_PDF


def test_a_resend_leaves_a_whole_file_alone_and_mends_a_torn_one(tmp_path: Path, far: Any) -> None:
    share = tmp_path / "share"
    share.mkdir()
    hl7 = {"carry": "referenced", "reference_prefix": "/in/", "reference_folder": str(share)}
    receiver, made = far(), record(tmp_path)
    sink = MllpSink(sending(receiver.port, hl7), {})
    deliver(sink, made)
    there = share / f"{made.external_id}.pdf"
    before = there.stat().st_ino
    deliver(sink, made)
    assert there.stat().st_ino == before

    there.write_bytes(b"torn")
    deliver(sink, made)
    assert there.read_bytes() == records.SMALL_PDF


def test_a_damaged_document_gets_no_name_in_the_share(tmp_path: Path, far: Any) -> None:
    share = tmp_path / "share"
    share.mkdir()
    hl7 = {"carry": "referenced", "reference_prefix": "/in/", "reference_folder": str(share)}
    receiver, made = far(), record(tmp_path)
    assert made.content
    made.content.path.write_bytes(b"other")

    with pytest.raises(FixityFailed):
        deliver(MllpSink(sending(receiver.port, hl7), {}), made)
    assert list(share.iterdir()) == []
    assert receiver.arrived == []


def test_a_share_that_is_gone_is_for_later(tmp_path: Path, far: Any) -> None:
    hl7 = {"carry": "referenced", "reference_prefix": "/in/", "reference_folder": str(tmp_path / "gone")}

    with pytest.raises(StorageFailed):
        deliver(MllpSink(sending(far().port, hl7), {}), record(tmp_path))


# --- what does not go -------------------------------------------------------------------
def test_what_is_not_fit_to_be_sent_stays_here(tmp_path: Path, far: Any) -> None:
    """The profile may have changed since it was queued."""
    receiver = far()
    [receipt] = deliver(MllpSink(sending(receiver.port, {"embedded_bytes": 1}), {}), record(tmp_path))

    assert (receipt.is_taken, receipt.code, receipt.text) == (False, "not_sent", "too_large")
    assert receiver.arrived == []


def test_a_receiver_of_messages_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedNow):
        MllpSink(sending(1), {}).inventory()


@pytest.mark.parametrize("action", list(Action))
def test_corrections_go_the_same_way(tmp_path: Path, far: Any, action: Action) -> None:
    receiver = far()

    assert deliver(MllpSink(sending(receiver.port), {}), record(tmp_path, action))[0].is_taken
    assert receiver.arrived[0].event == {"new": "T02", "replace": "T10", "cancel": "T11"}[action]


# --- encryption -------------------------------------------------------------------------
@pytest.fixture
def authority(tmp_path: Path) -> tls.Authority:
    return tls.Authority(tmp_path / "ca")


def test_the_line_is_encrypted_and_the_receiver_known(
    tmp_path: Path, far: Any, authority: tls.Authority
) -> None:
    receiver = far(tls=tls.serving(authority.issue("server")))
    trusting = sending(receiver.port, tls=True, ca_file=str(authority.certificate))

    assert deliver(MllpSink(trusting, {}), record(tmp_path))[0].is_taken


@pytest.mark.parametrize("wrong", [{"host": "wrong.example"}, {"is_expired": True}])
def test_another_receiver_gets_nothing(
    tmp_path: Path, far: Any, authority: tls.Authority, wrong: dict[str, Any]
) -> None:
    receiver = far(tls=tls.serving(authority.issue("server", **wrong)))
    trusting = sending(receiver.port, tls=True, ca_file=str(authority.certificate))

    with pytest.raises(ReceiverSilent, match="TLS"):
        deliver(MllpSink(trusting, {}), record(tmp_path))
    assert receiver.arrived == []


def test_we_show_our_certificate_where_it_is_wanted(
    tmp_path: Path, far: Any, authority: tls.Authority
) -> None:
    context = tls.serving(authority.issue("server"), clients_from=authority.certificate)
    ours = authority.issue("client")
    both = tmp_path / "client.pem"
    both.write_bytes(ours.certificate.read_bytes() + ours.key.read_bytes())
    receiver = far(tls=context)
    rule = {"tls": True, "ca_file": str(authority.certificate)}
    named = sending(receiver.port, **rule, client_certificate_env="OURS")

    assert deliver(MllpSink(named, {"OURS": str(both)}), record(tmp_path))[0].is_taken
    with pytest.raises(ReceiverSilent):
        deliver(MllpSink(sending(receiver.port, **rule), {}), record(tmp_path))
    assert len(receiver.arrived) == 1


@pytest.mark.parametrize("environ", [{}, {"OURS": ""}, {"OURS": "/nowhere.pem"}, {"OURS": __file__}])
def test_a_certificate_that_is_not_there_is_the_profiles_fault(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="OURS"):
        MllpSink(sending(1, tls=True, client_certificate_env="OURS"), environ)


def test_an_authority_that_is_not_there_is_the_profiles_fault() -> None:
    with pytest.raises(ConfigError, match="ca_file"):
        MllpSink(sending(1, tls=True, ca_file="/nowhere.pem"), {})


def test_nothing_goes_in_clear_beyond_this_machine() -> None:
    with pytest.raises(ConfigError, match="allow_plain"):
        MllpSink(sending(1, host="192.0.2.1"), {})
    MllpSink(sending(1, host="192.0.2.1", allow_plain=True), {}).close()


class Answering:
    """Answers one message with these codes, one acknowledgement each; "AA X" is an answer to X."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self._codes = codes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            head, piece = b"", b""
            while not piece.endswith(b"\x1c\r"):
                piece = connection.recv(1 << 18)
                head = (head + piece)[:1000]
            asked = head.split(b"|")[9].decode()
            for number, code in enumerate(self._codes):
                word, _, other = code.partition(" ")
                lines = f"MSH|^~\\&|||||||ACK|a{number}|P|2.5.1\rMSA|{word}|{other or asked}\r"
                connection.sendall(b"\x0b" + lines.encode() + b"\x1c\r")
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(1 << 18):
                    pass


# --- memory -----------------------------------------------------------------------------
def test_a_large_document_is_never_whole_in_memory(tmp_path: Path) -> None:
    """16 MB, 21 MB on the line, in less than 6 MB."""
    path = tmp_path / "large.pdf"
    with path.open("wb") as stream:
        stream.truncate(16_000_000)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    small = record(tmp_path)
    assert small.content
    content = dataclasses.replace(small.content, path=path, size_bytes=16_000_000, sha256=digest)
    made = dataclasses.replace(small, content=content)

    with Answering(("AA",)) as port:
        sink = MllpSink(sending(port, {"embedded_bytes": 0}, seconds=60), {})
        tracemalloc.start()
        try:
            [receipt] = deliver(sink, made)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            sink.close()
    assert receipt.is_taken
    assert receipt.sent_bytes > 21_000_000
    assert peak < 6_000_000


# --- all of it together -----------------------------------------------------------------
@pytest.mark.parametrize("seed", range(3))
def test_whatever_goes_wrong_each_document_arrives_once_and_in_order(
    tmp_path: Path, far: Any, seed: int
) -> None:
    """At a receiver that knows message ids; half of the exchanges fail in one of twelve ways."""
    faults = (
        Fault.CLOSES,
        Fault.CLOSES_UNREAD,
        Fault.CLOSES_MID_ANSWER,
        Fault.RESETS,
        Fault.WRONG_ID,
        Fault.PREVIOUS_ID,
        Fault.NO_ID,
        Fault.NO_MSA,
        Fault.GARBAGE,
        Fault.ENDLESS,
        Fault.TOGETHER,
        Fault.SPLIT,
    )
    receiver = far(script=at_random(seed, 0.5, faults), remembers=True)
    sink = MllpSink(sending(receiver.port, seconds=5), {})
    made = [record(tmp_path, external_id=f"doc{number}-1") for number in range(60)]
    tries = 0
    for one in made:
        taken: list[Receipt] = []
        while not taken:
            tries += 1
            with contextlib.suppress(ReceiverSilent):
                taken = deliver(sink, one)
        assert taken[0].is_taken

    assert [filed.control_id for filed in receiver.inventory()] == [one.control_id for one in made]
    assert tries > len(made)
