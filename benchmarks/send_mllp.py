"""How fast HL7 messages go over a line, and in how much memory; prints both.

    python benchmarks/send_mllp.py [--documents 500] [--bytes 200000] [--large 100000000] [--peers]

The receiver is a process that does nothing but look for the end of a message and answer it, so that what is
measured is the sender; --peers sends to receivers that are not ours as well (tests/ehr/peers). Memory is the
sender's peak before and after a large document; it is sent first, as a peak never falls.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scanindex.delivery_model import Parcel
from scanindex.ehr.mllp_sink import MllpSink
from scanindex.target_profile import Hl7Rule, MllpRule, SendingRule, Target, TargetHead
from tests.ehr import records
from tests.ehr.peers import mllp
from tests.ehr.peers.base import LOOPBACK

PIECE_BYTES = 1 << 18


def receive(listener: socket.socket) -> None:
    """Answers every message of one connection after the other; keeps nothing."""
    while True:
        connection, _ = listener.accept()
        with connection:
            head, tail = b"", b""
            while piece := connection.recv(PIECE_BYTES):
                head = (head + piece)[:512] if len(head) < 512 else head
                tail = (tail + piece)[-2:]
                if tail == b"\x1c\r":
                    asked = head.split(b"|", 10)[9]
                    connection.sendall(b"\x0bMSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|" + asked + b"\r\x1c\r")
                    head = tail = b""


@contextmanager
def discarding() -> Iterator[int]:
    """The port of a receiver that discards."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        process = get_context("fork").Process(target=receive, args=(listener,), daemon=True)
        process.start()
        try:
            yield listener.getsockname()[1]
        finally:
            process.kill()
            process.join()


def sink(port: int) -> MllpSink:
    """Without encryption, on this machine."""
    target = Target(
        name="bench",
        target=TargetHead(format="mdm", transport="mllp", recipient="nobody"),
        hl7=Hl7Rule(embedded_bytes=0),
        mllp=MllpRule(host=LOOPBACK, port=port, tls=False),
        sending=SendingRule(timeout_seconds=300.0),
    )
    return MllpSink(target, {})


def made(folder: Path, name: str, size: int, count: int) -> Parcel:
    """`count` messages of one file of random bytes."""
    path = folder / name
    with path.open("wb") as stream:
        for start in range(0, size, 1 << 20):
            stream.write(os.urandom(min(1 << 20, size - start)))
    one = records.record(folder, content=records.content(path))
    ids = [f"{name}-{number}" for number in range(count)]
    each = [dataclasses.replace(one, external_id=i, control_id=i[-20:]) for i in ids]
    return Parcel(name=name, number=1, records=tuple(each))


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(port: int, parcel: Parcel) -> float:
    """Seconds until the last answer."""
    line, began = sink(port), time.monotonic()
    assert all(receipt.is_taken for receipt in line.send(parcel))
    line.close()
    return time.monotonic() - began


def large(folder: Path, size: int) -> None:
    """Peak memory around one large document, in a process of its own: the maker has held its bytes."""
    parcel = made(folder, "large", size, 1)
    small = made(folder, "small", 1_000, 1)

    def measure() -> None:
        with discarding() as port:
            timed(port, small)
            before = peak_megabytes()
            seconds = timed(port, parcel)
            print(
                f"{size / 1e6:.0f} MB in one message: {seconds:.2f} s, peak {before:.1f} MB before and "
                f"{peak_megabytes():.1f} MB after"
            )

    # A forked child starts with the maker's pages, but its peak is counted anew.
    child = os.fork()
    if child == 0:
        measure()
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--documents", type=int, default=500)
    options.add_argument("--bytes", type=int, default=200_000)
    options.add_argument("--large", type=int, default=100_000_000)
    options.add_argument("--peers", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.large:
            large(folder, asked.large)
        parcel = made(folder, "doc", asked.bytes, asked.documents)
        with discarding() as port:
            told("a receiver that discards", timed(port, parcel), asked)
        for peer, start in mllp.RECEIVERS.items() if asked.peers else ():
            with start(folder / "far") as receiver:
                told(peer, timed(receiver.port, parcel), asked)


def told(what: str, seconds: float, asked: argparse.Namespace) -> None:
    rate = asked.documents / seconds
    print(f"{what}: {asked.documents} x {asked.bytes} bytes in {seconds:.2f} s, {rate:.0f} messages/s")


if __name__ == "__main__":
    main()
