"""Facts about the line: frames, limits, TLS, and what breaks off; real sockets on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from scanindex.errors import ConfigError, FixityFailed, MalformedMessage, ReceiverSilent
from scanindex.hl7.mllp import BEGIN, END, FrameReader, Limits, MllpConnection, MllpListener


def echo(data: bytes) -> bytes:
    return b"got " + data


@pytest.fixture
def listener() -> Iterator[MllpListener]:
    with MllpListener(echo, limits=Limits(message_bytes=5_000_000, message_seconds=0.2)) as found:
        yield found


def test_one_connection_carries_many_messages(listener: MllpListener) -> None:
    """Each is answered before the next; pieces become one message."""
    with MllpConnection("127.0.0.1", listener.port) as line:
        assert [line.exchange([b"a", b"b"]), line.exchange([b"c"])] == [b"got ab", b"got c"]


def test_a_message_that_breaks_off_is_never_ended(listener: MllpListener) -> None:
    """The error goes through, and the next message starts on a new connection."""

    def damaged() -> Iterator[bytes]:
        yield b"half"
        raise FixityFailed("a document's file changed")

    with MllpConnection("127.0.0.1", listener.port) as line:
        with pytest.raises(FixityFailed):
            line.exchange(damaged())
        assert line.exchange([b"whole"]) == b"got whole"


def test_the_byte_that_ends_a_message_is_refused_inside(listener: MllpListener) -> None:
    """Else the receiver would take half a message for a whole one."""
    with MllpConnection("127.0.0.1", listener.port) as line, pytest.raises(MalformedMessage):
        line.exchange([b"a\x1cb"])


def test_messages_sent_in_one_go_are_answered_in_turn(listener: MllpListener) -> None:
    """What stands between frames is passed over."""
    with socket.create_connection(("127.0.0.1", listener.port)) as plain:
        plain.sendall(b"noise" + BEGIN + b"1" + END + b"\n" + BEGIN + b"2" + END)
        reader = FrameReader(plain, 100)
        assert [reader.frame(5, 5), reader.frame(5, 5)] == [b"got 1", b"got 2"]


@pytest.mark.parametrize("sent", [BEGIN + b"drips", BEGIN + b"x" * 5_100_000])
def test_what_is_too_slow_or_too_large_gets_no_answer(listener: MllpListener, sent: bytes) -> None:
    """The connection is closed; others are served."""
    with socket.create_connection(("127.0.0.1", listener.port)) as plain:
        try:
            plain.sendall(sent)
            assert plain.recv(10) == b""
        except OSError:
            pass
    with MllpConnection("127.0.0.1", listener.port) as line:
        assert line.exchange([b"on"]) == b"got on"


def test_no_answer_is_told_and_a_late_one_is_not_taken_for_the_next() -> None:
    """The connection is given up with the message."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = MllpConnection("127.0.0.1", server.getsockname()[1], answer_seconds=0.1)
        with pytest.raises(ReceiverSilent):
            line.exchange([b"first"])
        first, _ = server.accept()
        with first, pytest.raises(ReceiverSilent):
            line.exchange([b"second"])
        second, _ = server.accept()
        second.close()


def test_nobody_there_is_told() -> None:
    """As something to try again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ReceiverSilent):
        MllpConnection("127.0.0.1", port).exchange([b"x"])


def test_a_taken_port_is_told(listener: MllpListener) -> None:
    """At once, as a setting to change."""
    with pytest.raises(ConfigError):
        MllpListener(echo, port=listener.port)


def test_only_welcome_senders_are_heard() -> None:
    """By their address."""
    listener = MllpListener(echo, may_connect=lambda address: address == "10.1.2.3")
    with listener as found, pytest.raises(ReceiverSilent):
        MllpConnection("127.0.0.1", found.port).exchange([b"x"])


def test_as_many_connections_as_allowed() -> None:
    """One more is turned away instead of starving the others."""
    listener = MllpListener(echo, limits=Limits(connections=1))
    with listener as found, MllpConnection("127.0.0.1", found.port) as one:
        assert one.exchange([b"1"]) == b"got 1"
        with pytest.raises(ReceiverSilent):
            MllpConnection("127.0.0.1", found.port).exchange([b"2"])
