"""An MLLP receiver that files each message id once and writes its list when it is asked to.

A process of its own, so that killing the sender never touches it; knows nothing of the product.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import signal
import socket
import sys
import threading
from pathlib import Path

_START, _END = b"\x0b", b"\x1c\x0d"
HEAD = ("external_id", "patient_id", "sha256", "bytes", "status")


class Receiver:
    def __init__(self) -> None:
        self.filed: dict[str, tuple[str, str, str, str, int]] = {}
        """Message id to event, document, patient, SHA-256, bytes."""
        self.arrived = 0
        self.lock = threading.Lock()

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection:
            read = b""
            while piece := _received(connection):
                read += piece
                while (end := read.find(_END)) >= 0:
                    self._take(read[read.index(_START) + 1 : end], connection)
                    read = read[end + 2 :]

    def _take(self, raw: bytes, connection: socket.socket) -> None:
        fields = {line[:3]: line.split(b"|") for line in raw.split(b"\r") if line}
        control = fields[b"MSH"][9].decode()
        event = fields[b"MSH"][8].split(b"^")[1].decode()
        document = fields[b"TXA"][12].split(b"^")[0].decode()
        patient = fields[b"PID"][3].split(b"^")[0].decode()
        content = base64.b64decode(fields[b"OBX"][5].split(b"^")[4]) if b"OBX" in fields else b""
        with self.lock:
            self.arrived += 1
            told = (event, document, patient, hashlib.sha256(content).hexdigest(), len(content))
            if self.filed.setdefault(control, told) != told:
                print(f"id {control} came with another content", flush=True)
        answer = b"MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|" + control.encode() + b"\r"
        try:
            connection.sendall(_START + answer + _END)
        except OSError:
            return  # the sender was killed: it asks again

    def write(self, path: Path) -> None:
        with self.lock, path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(HEAD)
            for event, document, patient, sha256, size in self.filed.values():
                writer.writerow((document, patient, sha256, size, "deleted" if event == "T11" else "final"))
        print(f"arrived {self.arrived} filed {len(self.filed)}", flush=True)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 20)
    except OSError:
        return b""  # the sender was killed


def main() -> None:
    """Prints its port; SIGUSR1 writes the list to the file named on the command line."""
    receiver, path = Receiver(), Path(sys.argv[1])
    signal.signal(signal.SIGUSR1, lambda *_: receiver.write(path))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=receiver.serve, args=(listener,), daemon=True).start()
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
