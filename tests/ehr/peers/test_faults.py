"""The faulty receivers do what they say: what arrived, was filed and was answered differ as told."""

from __future__ import annotations

import hashlib
import http.client
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ehr.peers import samples, tls
from tests.ehr.peers.base import LOOPBACK
from tests.ehr.peers.fault_receiver import END, START, Fault, FaultReceiver, at_random, for_documents
from tests.ehr.peers.fault_server import FaultServer, HttpFault
from tests.ehr.peers.mllp import send


def sent(receiver: FaultReceiver, **of: Any) -> bytes:
    """The answer to one message, or what stands for having got none."""
    try:
        return send(receiver.port, samples.mdm(**of).encode(), seconds=2)
    except TimeoutError:
        return b"(silence)"
    except ConnectionError:
        return b"(reset)"


# --- MLLP -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fault", "answer", "filed"),
    [
        (Fault.NONE, b"MSA|AA|C1", 1),
        (Fault.AE, b"MSA|AE|C1", 0),
        (Fault.AR, b"MSA|AR|C1", 0),
        (Fault.ENHANCED, b"MSA|CA|C1", 1),
        (Fault.LATE, b"MSA|AA|C1", 1),
        (Fault.WRONG_ID, b"MSA|AA|NOT-YOURS", 1),
        (Fault.SPLIT, b"MSA|AA|C1", 1),
        (Fault.LOSES, b"MSA|AA|C1", 0),
        (Fault.DOUBLES, b"MSA|AA|C1", 2),
        (Fault.RESETS, b"(reset)", 1),
        (Fault.CLOSES, b"", 1),
        (Fault.CLOSES_MID_ANSWER, b"", 1),
        (Fault.UNFRAMED, b"", 1),
    ],
)
def test_a_fault_is_as_told(tmp_path: Path, fault: Fault, answer: bytes, filed: int) -> None:
    """What comes back and what is filed, fault by fault."""
    # An unframed answer is awaited in vain: the sender of these tests gives up when it is closed.
    with FaultReceiver(tmp_path, script=[fault], late_seconds=0.05) as receiver:
        if fault is Fault.UNFRAMED:
            with socket.create_connection((LOOPBACK, receiver.port)) as connection:
                connection.sendall(START + samples.mdm().encode() + END)
                assert START not in connection.recv(65536)
        else:
            assert answer in (got := sent(receiver)) and bool(got) == bool(answer)
        assert len(receiver.inventory()) == filed
        assert len(receiver.arrived) == 1


def test_silence_lasts(tmp_path: Path) -> None:
    """NOTHING files and leaves the connection open without a byte."""
    with FaultReceiver(tmp_path, script=[Fault.NOTHING]) as receiver:
        with socket.create_connection((LOOPBACK, receiver.port)) as connection:
            connection.sendall(START + samples.mdm().encode() + END)
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        assert len(receiver.inventory()) == 1


def test_the_inventory_tells_the_document(tmp_path: Path) -> None:
    """Id, patient, size and hash of what was inside; the message's bytes lie in the folder."""
    with FaultReceiver(tmp_path) as receiver:
        sent(receiver, document="D9")
        (filed,) = receiver.inventory()
    assert (filed.document, filed.patient, filed.event) == ("D9", "70012", "T02")
    assert filed.sha256 == hashlib.sha256(samples.PDF).hexdigest()
    assert (tmp_path / "000000.hl7").read_bytes() == samples.mdm(document="D9").encode()


def test_what_is_altered_or_misfiled_shows_in_the_inventory(tmp_path: Path) -> None:
    """Another hash, another patient."""
    with FaultReceiver(tmp_path, script=[Fault.ALTERS, Fault.WRONG_PATIENT]) as receiver:
        sent(receiver)
        sent(receiver)
        altered, misfiled = receiver.inventory()
    assert altered.sha256 != hashlib.sha256(samples.PDF).hexdigest()
    assert misfiled.patient == "700129"


def test_a_receiver_that_remembers_files_an_id_once(tmp_path: Path) -> None:
    """The same MSH-10 again is acknowledged and not filed again; another is."""
    with FaultReceiver(tmp_path, remembers=True) as receiver:
        answers = [sent(receiver, control_id=name) for name in ("C1", "C1", "C2")]
        assert all(b"MSA|AA" in answer for answer in answers)
        assert [filed.control_id for filed in receiver.inventory()] == ["C1", "C2"]
        assert len(receiver.arrived) == 3


def test_scripts_can_name_documents_and_can_be_random(tmp_path: Path) -> None:
    """A document's first sending fails and its second does not; a seed gives the same faults again."""
    script = for_documents({"D1": Fault.AE}, first_only=True)
    with FaultReceiver(tmp_path, script=script) as receiver:
        answers = [sent(receiver, document=name) for name in ("D1", "D2", "D1")]
    assert [b"|AE|" in answer for answer in answers] == [True, False, False]
    (arrival, *_) = receiver.arrived
    drawn = [[at_random(7, 0.5)(number, arrival) for number in range(50)] for _ in range(2)]
    assert drawn[0] == drawn[1] and len(set(drawn[0])) > 5


def test_a_large_message_in_many_parts_arrives_whole(tmp_path: Path) -> None:
    """Eight megabytes, sent as the network likes."""
    content = bytes(range(256)) * 32_768
    with FaultReceiver(tmp_path) as receiver:
        sent(receiver, content=content)
        (filed,) = receiver.inventory()
    assert (filed.bytes, filed.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(("host", "is_trusted"), [(LOOPBACK, True), ("other.example", False)])
def test_tls_is_spoken_with_a_certificate_for_this_host(tmp_path: Path, host: str, is_trusted: bool) -> None:
    """A client that checks the name connects only to the right one."""
    authority = tls.Authority(tmp_path / "authority")
    serving = tls.serving(authority.issue("server", host=host))
    client = ssl.create_default_context(cafile=authority.certificate)
    with (
        FaultReceiver(tmp_path / "far", tls=serving) as receiver,
        socket.create_connection((LOOPBACK, receiver.port)) as plain,
    ):
        if not is_trusted:
            with pytest.raises(ssl.SSLCertVerificationError):
                client.wrap_socket(plain, server_hostname=LOOPBACK)
            return
        with client.wrap_socket(plain, server_hostname=LOOPBACK) as connection:
            connection.sendall(START + samples.mdm().encode() + END)
            assert b"MSA|AA|C1" in connection.recv(65536)


# --- HTTP -------------------------------------------------------------------------------------------
class Store(http.server.BaseHTTPRequestHandler):
    """A real server small enough to see through: keeps bodies, answers 201."""

    kept: list[tuple[bytes, str | None]]

    def do_POST(self) -> None:
        """Keeps it, with the condition it came with."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept.append((body, self.headers.get("If-None-Exist")))
        self.send_response(201)
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b'{"id": "one"}')

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def store() -> Iterator[tuple[str, list[tuple[bytes, str | None]]]]:
    """Its address, and what it keeps."""
    kept: list[tuple[bytes, str | None]] = []
    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), type("Kept", (Store,), {"kept": kept}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://{LOOPBACK}:{server.server_address[1]}/fhir", kept
    server.shutdown()
    server.server_close()


def post(base: str, resource: dict[str, Any]) -> tuple[int, bytes]:
    """Status and body, or (0, b"") when it was closed without an answer."""
    address, path = base.removeprefix("http://").split("/", 1)
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        headers = {"Content-Type": "application/fhir+json", "If-None-Exist": "identifier=a|1"}
        connection.request("POST", f"/{path}/DocumentReference", json.dumps(resource), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.IncompleteRead as cut:
        return answer.status, cut.partial
    except (http.client.RemoteDisconnected, ConnectionError):
        return 0, b""
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("fault", "status", "kept"),
    [
        (HttpFault.NONE, 201, 1),
        (HttpFault.BUSY, 429, 0),
        (HttpFault.UNAVAILABLE, 503, 0),
        (HttpFault.LOGIN, 401, 0),
        (HttpFault.REDIRECTS, 307, 0),
        (HttpFault.CLOSES_BEFORE, 0, 0),
        (HttpFault.CLOSES_AFTER, 0, 1),
        (HttpFault.FAILS_AFTER, 500, 1),
        (HttpFault.LATE, 201, 1),
        (HttpFault.CUT, 201, 1),
        (HttpFault.PAGE, 200, 1),
        (HttpFault.SILENT, 200, 1),
        (HttpFault.LOSES, 201, 0),
        (HttpFault.DOUBLES, 201, 2),
        (HttpFault.ALTERS, 201, 1),
    ],
)
def test_an_http_fault_is_as_told(
    store: tuple[str, list[tuple[bytes, str | None]]], fault: HttpFault, status: int, kept: int
) -> None:
    """What comes back and what the server behind has, fault by fault; the next request passes."""
    real, there = store
    made = samples.document()
    with FaultServer(real, script=[fault], late_seconds=0.05) as server:
        got, body = post(server.base, made)
        assert (got, len(there)) == (status, kept)
        assert post(server.base, made) == (201, b'{"id": "one"}')
        assert len(server.requests) == 2
    if fault is HttpFault.CUT:
        assert body == b'{"id":'
    if fault is HttpFault.ALTERS:
        assert json.loads(there[0][0]) != made
    if fault is HttpFault.DOUBLES:
        assert [condition for _, condition in there[:2]] == ["identifier=a|1", None]
