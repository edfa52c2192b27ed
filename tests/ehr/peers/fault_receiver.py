"""An MLLP receiver that does wrong on command: what no receiver one can install does when asked.

It is the *far side* of a test of delivery: it keeps what arrived, what it filed, and what it answered apart,
so that a test can compare them with what the sender believes. A script says per message what goes wrong;
a message that is not in the script is filed and answered AA. Runs in threads of the test, on 127.0.0.1.

    with FaultReceiver(tmp_path, script=[Fault.AE, Fault.NOTHING]) as receiver:
        ...deliver to receiver.port...
    receiver.arrived       every message in order of arrival, resends included
    receiver.inventory()   what it filed, as it would list it for a reconcile

Framing and acknowledgements: HL7 v2.5.1 ch. 2.9 and the MLLP transport specification, release 1.
"""

from __future__ import annotations

import base64
import contextlib
import enum
import hashlib
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ehr.peers.base import LOOPBACK

START, END = b"\x0b", b"\x1c\x0d"


class Fault(enum.StrEnum):
    """What goes wrong with one message. All but the refusals and the losses file it."""

    NONE = "none"
    AE = "refused as application error, not filed"
    AR = "rejected, not filed"
    ENHANCED = "answered CA instead of AA"
    ENHANCED_REFUSAL = "answered CE, not filed"
    NOTHING = "filed, never answered; the connection stays open"
    DEAF = "neither filed nor answered"
    LATE = "filed, answered after `late_seconds`"
    WRONG_ID = "filed, answered with another message's MSA-2"
    NO_ID = "filed, answered with an empty MSA-2"
    PREVIOUS_ID = "filed, answered with the id of the message before"
    CLOSES = "filed, connection closed instead of an answer"
    CLOSES_UNREAD = "connection closed before the message was read to its end"
    CLOSES_MID_ANSWER = "filed, half of the answer sent, then closed"
    RESETS = "filed, connection reset instead of an answer"
    SPLIT = "filed, answered byte by byte"
    TOGETHER = "filed, answered twice in one packet"
    UNFRAMED = "filed, answered without the MLLP frame"
    GARBAGE = "filed, answered with bytes that are no HL7"
    NO_MSA = "filed, answered with a message that has no MSA"
    ENDLESS = "filed, answered with megabytes and no end of frame"
    LOSES = "answered AA but not filed"
    DOUBLES = "filed twice, answered AA"
    ALTERS = "filed with one byte of the document changed, answered AA"
    WRONG_PATIENT = "filed under another patient id, answered AA"


_NOT_FILED = frozenset(
    {Fault.AE, Fault.AR, Fault.ENHANCED_REFUSAL, Fault.DEAF, Fault.CLOSES_UNREAD, Fault.LOSES}
)
_CODE = {Fault.AE: "AE", Fault.AR: "AR", Fault.ENHANCED: "CA", Fault.ENHANCED_REFUSAL: "CE"}

Script = Callable[[int, "Arrival"], Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it came: `raw` is what stood between the frame's bytes."""

    number: int
    raw: bytes

    def value(self, segment: str, number: int) -> str:
        """Field `number` (as HL7 counts, MSH-2 is the encoding characters) of the first such segment."""
        for line in self.raw.split(b"\r"):
            if line.startswith(segment.encode() + b"|"):
                fields = line.decode("utf-8", errors="replace").split("|")
                at = number - 1 if segment == "MSH" else number
                return fields[at] if at < len(fields) else ""
        return ""

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.value("MSH", 10)

    @property
    def event(self) -> str:
        """The trigger event of MSH-9, e.g. "T02"."""
        return self.value("MSH", 9).partition("^")[2].split("^")[0]

    def content(self) -> bytes:
        """The document of the first OBX-5 of type ED with Base64, or nothing."""
        parts = self.value("OBX", 5).split("^")
        if self.value("OBX", 2) != "ED" or len(parts) < 5 or parts[3] != "Base64":
            return b""
        with contextlib.suppress(ValueError):
            return base64.b64decode(parts[4], validate=True)
        return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One document as the receiver would list it: the far side's words in a reconcile."""

    document: str
    parent: str
    event: str
    patient: str
    control_id: str
    bytes: int
    sha256: str


@dataclass(slots=True)
class _State:
    arrived: list[Arrival] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    filed: list[Filed] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class FaultReceiver:
    """See the module's words. `script` is a sequence of faults, or a function of (number from 0, arrival)."""

    def __init__(
        self,
        folder: Path,
        *,
        script: Sequence[Fault] | Script = (),
        late_seconds: float = 0.5,
        remembers: bool = False,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        """With `remembers`, a message id (MSH-10) already filed is answered as before and filed no more."""
        self._folder = folder
        self._script = script if callable(script) else in_order(script)
        self._late_seconds = late_seconds
        self._remembers = remembers
        self._tls = tls
        self._state = _State()
        self._connections: set[socket.socket] = set()
        self._is_open = threading.Event()
        self._stopped = threading.Event()
        self._listener = socket.create_server((LOOPBACK, port))
        self._listener.settimeout(0.1)
        self.port: int = self._listener.getsockname()[1]

    # --- what happened -----------------------------------------------------------------------------
    @property
    def arrived(self) -> list[Arrival]:
        """Every message read to its end, in order; resends are further entries."""
        with self._state.lock:
            return list(self._state.arrived)

    @property
    def answered(self) -> list[tuple[str, str]]:
        """(acknowledgement code, control id) of each answer that was sent, or begun."""
        with self._state.lock:
            return list(self._state.answered)

    def inventory(self) -> list[Filed]:
        """What it filed; a doubled document is there twice."""
        with self._state.lock:
            return list(self._state.filed)

    # --- life --------------------------------------------------------------------------------------
    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Closes the port and every connection, as a receiver does that is switched off."""
        self._stopped.set()
        self._listener.close()
        for connection in list(self._connections):
            _close(connection)
        self._thread.join(5)

    # --- serving -----------------------------------------------------------------------------------
    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                plain, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        self._connections.add(plain)
        try:
            plain.settimeout(None)
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
                self._connections.add(connection)
            for raw in self._messages(connection):
                if not self._take(connection, raw):
                    return
        except (OSError, ValueError):
            return
        finally:
            self._connections -= {plain, connection}
            _close(connection)

    def _messages(self, connection: socket.socket) -> Iterator[bytes]:
        read = bytearray()
        searched = 0
        while True:
            while (end := read.find(END, searched)) >= 0:
                start = read.find(START, 0, end)
                yield bytes(read[start + 1 : end])
                del read[: end + len(END)]
                searched = 0
            # What was searched is not searched again: a message may have many megabytes.
            searched = max(0, len(read) - 1)
            if read and self._closes_unread():
                return
            more = connection.recv(1 << 18)
            if not more:
                return
            read += more

    def _closes_unread(self) -> bool:
        """Whether the message now arriving is to be cut off; it counts as the script's next."""
        with self._state.lock:
            number = len(self._state.arrived)
        if self._script(number, Arrival(number=number, raw=b"")) is not Fault.CLOSES_UNREAD:
            return False
        self._note(b"")
        return True

    def _take(self, connection: socket.socket, raw: bytes) -> bool:
        """Files and answers one message; False when the connection is to be closed."""
        arrival, before = self._note(raw)
        fault = self._script(arrival.number, arrival)
        if fault is Fault.CLOSES_UNREAD:
            return False
        if fault not in _NOT_FILED:
            self._file(arrival, fault)
        return self._answer(connection, arrival, before, fault)

    def _note(self, raw: bytes) -> tuple[Arrival, str]:
        with self._state.lock:
            number = len(self._state.arrived)
            before = self._state.arrived[-1].control_id if self._state.arrived else ""
            arrival = Arrival(number=number, raw=raw)
            self._state.arrived.append(arrival)
        (self._folder / f"{number:06d}.hl7").write_bytes(raw)
        return arrival, before

    def _file(self, arrival: Arrival, fault: Fault) -> None:
        content = arrival.content()
        if fault is Fault.ALTERS:
            content = bytes([content[0] ^ 1]) + content[1:] if content else b"?"
        patient = arrival.value("PID", 3).split("^")[0]
        filed = Filed(
            document=arrival.value("TXA", 12).split("^")[0],
            parent=arrival.value("TXA", 13).split("^")[0],
            event=arrival.event,
            patient=f"{patient}9" if fault is Fault.WRONG_PATIENT else patient,
            control_id=arrival.control_id,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        with self._state.lock:
            is_known = any(each.control_id == filed.control_id for each in self._state.filed)
            if not (self._remembers and is_known):
                self._state.filed += [filed] * (2 if fault is Fault.DOUBLES else 1)

    # --- answering ---------------------------------------------------------------------------------
    def _answer(self, connection: socket.socket, arrival: Arrival, before: str, fault: Fault) -> bool:
        if fault in {Fault.NOTHING, Fault.DEAF}:
            return True
        if fault is Fault.LATE:
            self._stopped.wait(self._late_seconds)
        if fault is Fault.CLOSES:
            return False
        if fault is Fault.RESETS:
            _reset(connection)
            return False
        code = _CODE.get(fault, "AA")
        told = {Fault.WRONG_ID: "NOT-YOURS", Fault.NO_ID: "", Fault.PREVIOUS_ID: before}
        answer = START + acknowledgement(arrival, code, told.get(fault, arrival.control_id)) + END
        with self._state.lock:
            self._state.answered.append((code, arrival.control_id))
        for piece in _pieces(answer, fault):
            connection.sendall(piece)
        return fault not in {Fault.CLOSES_MID_ANSWER, Fault.ENDLESS}


def acknowledgement(arrival: Arrival, code: str, control_id: str) -> bytes:
    """An ACK without frame: MSH with sender and receiver exchanged, MSA, and ERR for a refusal."""
    lines = [
        f"MSH|^~\\&|{arrival.value('MSH', 5)}|{arrival.value('MSH', 6)}|{arrival.value('MSH', 3)}"
        f"|{arrival.value('MSH', 4)}|20240501101500||ACK^{arrival.event}^ACK|A{arrival.number:06d}"
        f"|P|{arrival.value('MSH', 12) or '2.5.1'}",
        f"MSA|{code}|{control_id}",
    ]
    if code in {"AE", "AR", "CE"}:
        lines.append("ERR||TXA^1^2|103^Table value not found^HL70357|E||||refused on command")
    return "".join(f"{line}\r" for line in lines).encode()


def _pieces(answer: bytes, fault: Fault) -> Iterable[bytes]:
    body = answer[len(START) : -len(END)]
    match fault:
        case Fault.SPLIT:
            return [answer[at : at + 1] for at in range(len(answer))]
        case Fault.TOGETHER:
            return [answer + answer]
        case Fault.CLOSES_MID_ANSWER:
            return [answer[: len(answer) // 2]]
        case Fault.UNFRAMED:
            return [body]
        case Fault.GARBAGE:
            return [START + b"\x00\xff OK \xfe" + END]
        case Fault.NO_MSA:
            return [START + body.split(b"\r")[0] + b"\r" + END]
        case Fault.ENDLESS:
            return (START + b"MSH|^~\\&|" if at == 0 else b"X" * 65536 for at in range(512))
        case _:
            return [answer]


def _reset(connection: socket.socket) -> None:
    # With a linger time of zero, closing sends a reset instead of an end.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.close()


# --- scripts ----------------------------------------------------------------------------------------
def in_order(faults: Sequence[Fault]) -> Script:
    """The first message meets the first fault, and so on; those after the last meet none."""
    return lambda number, _arrival: faults[number] if number < len(faults) else Fault.NONE


def at_random(seed: int, share: float, faults: Sequence[Fault] = tuple(Fault)) -> Script:
    """Each message meets, with probability `share`, one of the faults; the same seed does the same again."""
    return lambda number, _arrival: _draw(random.Random(f"{seed}/{number}"), share, faults)


def _draw(chance: random.Random, share: float, faults: Sequence[Fault]) -> Fault:
    return chance.choice(faults) if chance.random() < share else Fault.NONE


def for_documents(faults: dict[str, Fault], *, first_only: bool = False) -> Script:
    """What goes wrong with the documents named (TXA-12.1); with `first_only`, not when sent again."""
    seen: set[str] = set()

    def decide(_number: int, arrival: Arrival) -> Fault:
        document = arrival.value("TXA", 12).split("^")[0]
        if document not in faults or (first_only and document in seen):
            return Fault.NONE
        seen.add(document)
        return faults[document]

    return decide
