"""MLLP receivers that are not ours, and the plain sender that tests of them need.

    with python_hl7(tmp_path) as receiver:
        answer = send(receiver.port, message)
    receiver.messages()      what it kept, in order

AA from any of them proves that it could be read, no more: what does wrong on command is in fault_receiver.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.ehr.peers.base import HERE, HOME, LOOPBACK, free_port, listens, need, need_command, python, serving
from tests.ehr.peers.fault_receiver import END, START


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where it listens, and the folder in which it keeps what it took."""

    port: int
    folder: Path

    def messages(self) -> list[bytes]:
        """What it took, as it would write it again (Java's and Node's encode anew)."""
        return [path.read_bytes() for path in sorted(self.folder.glob("*.hl7"))]


@contextlib.contextmanager
def python_hl7(folder: Path) -> Iterator[Receiver]:
    """python-hl7's asyncio server: AR when a segment is missing that the event demands."""
    with _serving("python_hl7", folder, python(), HERE / "python" / "mllp_server.py") as receiver:
        yield receiver


@contextlib.contextmanager
def hl7v2_net(folder: Path) -> Iterator[Receiver]:
    """hl7v2-net (Node): AA to whatever can be parsed, even an MDM without TXA."""
    need(HOME / "node" / "node_modules", what="the Node peers")
    command = (need_command("node"), HERE / "node" / "mllp-server.mjs")
    with _serving("hl7v2_net", folder, *command, PEERS_NODE=str(HOME / "node")) as receiver:
        yield receiver


@contextlib.contextmanager
def hapi_v2(folder: Path) -> Iterator[Receiver]:
    """HAPI HL7v2 (Java): AE when a value or a segment's place is wrong."""
    place = HOME / "java" / "judge"
    need(place / "classes", what="HAPI HL7v2")
    java = (need_command("java"), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m")
    with _serving("hapi_v2", folder, *java, "-cp", f"{place}/classes:{place}/lib/*", "Receiver") as receiver:
        yield receiver


RECEIVERS: dict[str, Callable[[Path], AbstractContextManager[Receiver]]] = {
    "python_hl7": python_hl7,
    "hl7v2_net": hl7v2_net,
    "hapi_v2": hapi_v2,
}


@contextlib.contextmanager
def _serving(name: str, folder: Path, *command: str | Path, **env: str) -> Iterator[Receiver]:
    receiver = Receiver(free_port(), folder / name)
    words = [*command, str(receiver.port), receiver.folder]
    with serving(words, folder / f"{name}.log", ready=lambda: listens(receiver.port), env=env):
        yield receiver


def send(port: int, message: bytes, *, seconds: float = 30) -> bytes:
    """Sends one message in its own connection; its answer without frame, or nothing when closed before."""
    with socket.create_connection((LOOPBACK, port), timeout=seconds) as connection:
        connection.sendall(START + message + END)
        read = b""
        while END not in read:
            more = connection.recv(65536)
            if not more:
                return b""
            read += more
    return read.split(END, 1)[0].lstrip(START)
