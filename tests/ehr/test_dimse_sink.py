"""Facts about documents sent to imaging archives by C-STORE, and asked for by C-FIND."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynetdicom
import pytest
from pynetdicom import evt

from scanindex.delivery_model import Action, ExportRecord, Parcel, Receipt
from scanindex.ehr.dicom_objects import ENCAPSULATED_PDF, KEY_OBJECT_SELECTION, uids
from scanindex.ehr.dimse_sink import DimseSink
from scanindex.errors import ConfigError, FixityFailed, NotAllowedNow, ReceiverSilent
from scanindex.target_file import parse_target
from scanindex.target_profile import DicomRule, SendingRule, Target, TargetHead
from tests.ehr import records
from tests.ehr.peers import dicom, tls
from tests.ehr.peers.base import LOOPBACK, free_port, listens, need_command

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
HEAD = '[target]\nformat = "dicom"\ntransport = "dimse"\nrecipient = "Archive"\n'
PLAIN_PDF = records.SMALL_PDF + b"%" * (len(records.SMALL_PDF) % 2)
"""Of even length: what archives give back has no byte for padding."""


def target(port: int, **rule: Any) -> Target:
    rule = {"called_title": "ARCHIVE", "calling_title": "STORESCU", "tls": False, **rule}
    return Target(
        name="archive",
        target=TargetHead(format="dicom", transport="dimse", recipient="Archive"),
        sending=SendingRule(timeout_seconds=5.0),
        dicom=DicomRule(host=LOOPBACK, port=port, **rule),
    )


@contextlib.contextmanager
def sending(
    folder: Path, port: int, environ: dict[str, str] | None = None, **rule: Any
) -> Iterator[DimseSink]:
    sink = DimseSink(target(port, **rule), environ or {}, folder / "spool" / ".archive.sending")
    try:
        yield sink
    finally:
        sink.close()
        assert not list((folder / "spool").rglob("*.dcm")) if (folder / "spool").exists() else True


@contextlib.contextmanager
def archive(
    answers: Callable[[Any], int] = lambda event: 0,
    *,
    classes: tuple[str, ...] = (ENCAPSULATED_PDF, KEY_OBJECT_SELECTION),
    title: str = "ARCHIVE",
    context: ssl.SSLContext | None = None,
    find: Callable[[Any], Iterator[tuple[int, Any]]] | None = None,
) -> Iterator[int]:
    """A scriptable archive; gives its port."""
    entity = pynetdicom.AE(ae_title=title)
    entity.require_called_aet = True
    for one in classes:
        entity.add_supported_context(one)
    handlers: list[Any] = [(evt.EVT_C_STORE, answers)]
    if find:
        entity.add_supported_context(FIND)
        handlers.append((evt.EVT_C_FIND, find))
    server = entity.start_server((LOOPBACK, 0), block=False, evt_handlers=handlers, ssl_context=context)
    try:
        yield server.server_address[1]
    finally:
        # It looks up twice a second only; nobody need wait for that.
        threading.Thread(target=server.shutdown, daemon=True).start()


def parcel(*made: ExportRecord) -> Parcel:
    return Parcel(name="archive-00000001-abc", number=1, records=made)


def sent(sink: DimseSink, *made: ExportRecord) -> list[Receipt]:
    return list(sink.send(parcel(*made)))


def document(folder: Path, **changes: Any) -> ExportRecord:
    made = records.record(folder, **changes)
    path = records.pdf(folder, f"{made.external_id}.pdf", PLAIN_PDF)
    return dataclasses.replace(made, content=records.content(path, made.external_id))


# --- other people's archives -----------------------------------------------------------------
@pytest.mark.peers
@pytest.mark.xdist_group("peers")
def test_dcmtk_stores_what_is_sent(tmp_path: Path) -> None:
    with dicom.storescp(tmp_path) as far, sending(tmp_path, far.port) as sink:
        (receipt,) = sent(sink, document(tmp_path))
        (stored,) = far.files()

        assert (receipt.is_taken, receipt.code) == (True, "0000")
        assert receipt.receiver_ids[0] in stored.name
        assert dicom.encapsulated_pdf(stored) == PLAIN_PDF


@pytest.mark.peers
@pytest.mark.xdist_group("peers")
def test_orthanc_keeps_one_however_often_it_is_sent_and_says_so(tmp_path: Path) -> None:
    made = document(tmp_path)
    with dicom.orthanc(tmp_path) as far, sending(tmp_path, far.port, called_title=far.title) as sink:
        for _ in range(3):
            assert sent(sink, made)[0].is_taken
        (instance,) = far.instances()
        held = list(sink.inventory([made.external_id, "never-sent-1"]))

        assert far.pdf(instance) == PLAIN_PDF
        assert [(h.external_id, h.receiver_id, h.patient) for h in held] == [
            (made.external_id, uids(target(1), made.external_id)[2], "00123456")
        ]


@pytest.mark.peers
@pytest.mark.xdist_group("peers")
def test_a_note_goes_along_with_a_cancellation(tmp_path: Path) -> None:
    made = document(tmp_path)
    gone = records.record(
        tmp_path,
        external_id="4uobb7qkxw3z5c2m7ray-2",
        action=Action.CANCEL,
        replaces=made.external_id,
        content=None,
    )
    with (
        dicom.orthanc(tmp_path) as far,
        sending(tmp_path, far.port, called_title=far.title, corrections="note") as sink,
    ):
        receipts = [*sent(sink, made), *sent(sink, gone)]

        assert [r.is_taken for r in receipts] == [True, True]
        assert sorted(str(far.tags(i)["Modality"]) for i in far.instances()) == ["DOC", "KO"]


# --- answers ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "is_taken"),
    [(0x0000, True), (0xB000, True), (0xB007, True), (0x0111, True), (0xA900, False), (0xC123, False)],
)
def test_a_status_is_taken_as_the_standard_means_it(tmp_path: Path, status: int, is_taken: bool) -> None:
    """Warnings are stored; a duplicate is a resend of the same UID."""
    with archive(lambda event: status) as port, sending(tmp_path, port) as sink:
        (receipt,) = sent(sink, document(tmp_path))

    assert (receipt.is_taken, receipt.code) == (is_taken, f"{status:04X}")


def test_an_archive_without_room_is_tried_again_later(tmp_path: Path) -> None:
    with (
        archive(lambda event: 0xA700) as port,
        sending(tmp_path, port) as sink,
        pytest.raises(ReceiverSilent),
    ):
        sent(sink, document(tmp_path))


def test_an_archive_that_ends_the_line_is_asked_again_over_a_new_one(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(event: Any) -> int:
        seen.append(str(event.request.AffectedSOPInstanceUID))
        if len(seen) == 1:
            event.assoc.abort()
        return 0

    with archive(answer) as port, sending(tmp_path, port) as sink:
        made = document(tmp_path)
        with pytest.raises(ReceiverSilent):
            sent(sink, made)

        assert sent(sink, made)[0].is_taken
        assert seen[0] == seen[1]


def test_an_archive_that_does_not_answer_in_time_is_silent(tmp_path: Path) -> None:
    def late(event: Any) -> int:
        time.sleep(0.6)  # longer than the sender waits
        return 0

    with archive(late) as port:
        made = dataclasses.replace(target(port), sending=SendingRule(timeout_seconds=0.2))
        sink = DimseSink(made, {}, tmp_path / "spool")
        with pytest.raises(ReceiverSilent) as silence:
            sent(sink, document(tmp_path))
    assert not silence.value.nothing_left


@pytest.mark.peers
@pytest.mark.xdist_group("peers")
def test_an_archive_that_stops_reading_does_not_hold_us(tmp_path: Path) -> None:
    """Stopped in the middle of a document that no buffer holds; then it goes on, and gets it again."""
    (tmp_path / "stored").mkdir()
    port = free_port()
    command = [need_command("storescp"), "--output-directory", str(tmp_path / "stored"), str(port)]
    data = PLAIN_PDF + bytes(30_000_000)
    large = dataclasses.replace(
        document(tmp_path, external_id="4uobb7qkxw3z5c2m7ray-2"),
        content=records.content(records.pdf(tmp_path, "large.pdf", data)),
    )
    far = subprocess.Popen(command)
    try:
        while not listens(port):
            time.sleep(0.02)
        made = dataclasses.replace(target(port), sending=SendingRule(timeout_seconds=1.0))
        sink = DimseSink(made, {}, tmp_path / "spool")
        assert sent(sink, document(tmp_path))[0].is_taken
        far.send_signal(signal.SIGSTOP)
        with pytest.raises(ReceiverSilent):
            sent(sink, large)
        far.send_signal(signal.SIGCONT)

        assert sent(sink, large)[0].is_taken
    finally:
        far.kill()
        far.wait()
    assert max(path.stat().st_size for path in (tmp_path / "stored").iterdir()) > len(data)


def test_nobody_listening_is_silence(tmp_path: Path) -> None:
    """And nothing of the document was handed over."""
    with sending(tmp_path, free_port()) as sink, pytest.raises(ReceiverSilent) as silence:
        sent(sink, document(tmp_path))
    assert silence.value.nothing_left


def test_an_archive_that_does_not_know_its_title_is_the_profiles_fault(tmp_path: Path) -> None:
    with archive(title="OTHER") as port, sending(tmp_path, port) as sink, pytest.raises(ConfigError):
        sent(sink, document(tmp_path))


@pytest.mark.parametrize("corrections", ["hold", "note"])
def test_an_archive_that_takes_no_documents_is_the_profiles_fault(tmp_path: Path, corrections: str) -> None:
    """Whether it takes something else or nothing at all."""
    with (
        archive(classes=(KEY_OBJECT_SELECTION,)) as port,
        sending(tmp_path, port, corrections=corrections) as sink,
        pytest.raises(ConfigError),
    ):
        sent(sink, document(tmp_path))


def test_one_line_serves_many_documents(tmp_path: Path) -> None:
    lines: set[int] = set()

    def answer(event: Any) -> int:
        lines.add(id(event.assoc))
        return 0

    with archive(answer) as port, sending(tmp_path, port) as sink:
        made = [document(tmp_path, external_id=f"{n:020}-1") for n in range(5)]

        assert all(sent(sink, one)[0].is_taken for one in made)
    assert len(lines) == 1


# --- bytes ------------------------------------------------------------------------------------
def test_of_a_damaged_document_nothing_goes(tmp_path: Path) -> None:
    seen: list[Any] = []
    made = document(tmp_path)
    assert made.content is not None
    made.content.path.write_bytes(PLAIN_PDF[:-1] + b"?")
    with (
        archive(lambda event: seen.append(event) or 0) as port,
        sending(tmp_path, port) as sink,
        pytest.raises(FixityFailed),
    ):
        sent(sink, made)
    assert seen == []


def test_the_document_arrives_byte_for_byte(tmp_path: Path) -> None:
    """One that is many times larger than what goes in one piece."""
    arrived: list[bytes] = []
    data = PLAIN_PDF + bytes(range(256)) * 4_000
    made = dataclasses.replace(
        document(tmp_path), content=records.content(records.pdf(tmp_path, "large.pdf", data))
    )
    with (
        archive(lambda event: arrived.append(event.dataset.EncapsulatedDocument) or 0) as port,
        sending(tmp_path, port) as sink,
    ):
        (receipt,) = sent(sink, made)

    assert arrived == [data]
    assert receipt.sent_bytes > len(data)


# --- asking -----------------------------------------------------------------------------------
def test_an_archive_is_asked_document_by_document(tmp_path: Path) -> None:
    with archive() as port, sending(tmp_path, port) as sink, pytest.raises(NotAllowedNow):
        list(sink.inventory())


def test_an_archive_that_answers_no_queries_says_nothing(tmp_path: Path) -> None:
    with archive() as port, sending(tmp_path, port) as sink, pytest.raises(NotAllowedNow):
        list(sink.inventory(["a-1"]))


def test_a_query_that_fails_is_not_an_empty_answer(tmp_path: Path) -> None:
    def fails(event: Any) -> Iterator[tuple[int, Any]]:
        yield 0xC001, None

    with archive(find=fails) as port, sending(tmp_path, port) as sink, pytest.raises(NotAllowedNow):
        list(sink.inventory(["a-1"]))


# --- the line ---------------------------------------------------------------------------------
def test_an_encrypted_line_checks_the_archive(tmp_path: Path) -> None:
    ours, theirs = tls.Authority(tmp_path / "ours"), tls.Authority(tmp_path / "theirs")
    context = tls.serving(ours.issue("archive"), clients_from=None)
    with archive(context=context) as port:
        with sending(tmp_path, port, tls=True, ca_file=str(ours.certificate)) as sink:
            assert sent(sink, document(tmp_path))[0].is_taken
        with (
            sending(tmp_path, port, tls=True, ca_file=str(theirs.certificate)) as sink,
            pytest.raises(ReceiverSilent),
        ):
            sent(sink, document(tmp_path))


@pytest.mark.parametrize(
    "rule",
    [{"ca_file": "/nowhere.pem"}, {"client_certificate_env": "NOT_SET"}, {"client_certificate_env": "BAD"}],
)
def test_certificates_that_are_not_there_are_the_profiles_fault(tmp_path: Path, rule: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        DimseSink(target(11112, tls=True, **rule), {"BAD": "/nowhere.pem"}, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[dicom]\nhost = "pacs.example"\n',
        '[dicom]\nhost = "pacs.example"\ncalled_title = "LONGER THAN SIXTEEN"\n',
        '[dicom]\nhost = "pacs.example"\ncalled_title = "A\\\\B"\n',
        '[dicom]\nhost = "pacs.example"\ncalled_title = "PACS"\ntls = false\n',
        '[dicom]\nhost = "pacs.example"\ncalled_title = "PACS"\nport = 0\n',
    ],
)
def test_an_impossible_line_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_target("archive", HEAD + text)


def test_a_line_may_be_plain_where_the_profile_says_so() -> None:
    made = parse_target(
        "archive",
        HEAD + '[dicom]\nhost = "pacs.example"\ncalled_title = "PACS"\ntls = false\nallow_plain = true\n',
    )

    assert made.dicom.called_title == "PACS"
