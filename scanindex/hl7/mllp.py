"""The Minimal Lower Layer Protocol: HL7 messages over TCP, with or without TLS.

Source: HL7 "Transport Specification: MLLP, Release 1": VT (0x0B), message, FS CR (0x1C 0x0D).
Promises: a message that is sent is never whole in memory, and one that breaks off in its making is
never ended; what is received is bounded in size and in time, however slowly it drips; each message
is answered before the next is read. Leaves out: what messages say, and sending again.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from scanindex.errors import ConfigError, MalformedMessage, ReceiverSilent

BEGIN, END = b"\x0b", b"\x1c\r"
_FS = END[:1]
_READ_BYTES = 65_536
_TOLD_SECONDS = 10.0
"""How long an answer may take to be taken off our hands."""


class TooLarge(Exception):
    """A frame above the limit."""


class FrameReader:
    """Frames out of a stream, one at a time; what follows a frame waits for the next call."""

    def __init__(self, connection: socket.socket, max_bytes: int) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._left = bytearray()

    def frame(self, idle_seconds: float, whole_seconds: float) -> bytes | None:
        """The next message without its frame; None once the other side has closed.

        idle_seconds: until it begins; whole_seconds: from there to its end.
        Raises TimeoutError, TooLarge, OSError.
        """
        until = time.monotonic() + idle_seconds
        while (at := self._left.find(BEGIN)) < 0:
            self._left.clear()  # what stands before a frame belongs to no message
            if not self._more(until):
                return None
        del self._left[: at + 1]
        return self._rest(time.monotonic() + whole_seconds)

    def _rest(self, until: float) -> bytes | None:
        looked_at = 0
        while (at := self._left.find(_FS, looked_at)) < 0 and len(self._left) <= self._max_bytes:
            looked_at = len(self._left)
            if not self._more(until):
                return None
        if at < 0 or at > self._max_bytes:
            raise TooLarge
        found = bytes(self._left[:at])
        del self._left[: at + 1]  # the CR goes with whatever stands before the next frame
        return found

    def _more(self, until: float) -> bool:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        piece = self._connection.recv(_READ_BYTES)
        self._left += piece
        return bool(piece)


# --- sending ----------------------------------------------------------------------------
class MllpConnection:
    """The sending side; connects when first used, and again after any failure. For one thread."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        connect_seconds: float = 10.0,
        answer_seconds: float = 30.0,
        max_answer_bytes: int = 1 << 20,
    ) -> None:
        """tls: a client context; it checks the certificate against `host`. answer_seconds: for the
        whole answer, and for the receiver to take any piece of a message."""
        self._host, self._port, self._tls = host, port, tls
        self._connect_seconds, self._answer_seconds = connect_seconds, answer_seconds
        self._max_answer_bytes = max_answer_bytes
        self._socket: socket.socket | None = None
        self._reader: FrameReader | None = None

    def exchange(self, chunks: Iterable[bytes]) -> bytes:
        """Send one message, given in pieces without its frame, and wait for the answer.

        What the pieces raise goes through, and the message is broken off without its end. After any
        failure the connection is closed: a late answer is never taken for that to the next message.
        Raises ReceiverSilent (`nothing_left` where no line came about), MalformedMessage where a piece
        holds FS (0x1C).
        """
        with _untouched(), self._closing_on_failure():
            connection = self._connected()
        with self._closing_on_failure():
            connection.settimeout(self._answer_seconds)
            connection.sendall(BEGIN)
            for piece in chunks:
                if _FS in piece:
                    raise MalformedMessage("a message holds the byte that ends it (0x1C)")
                connection.sendall(piece)
            connection.sendall(END)
            return self._answer()

    def another_answer(self) -> bytes:
        """A further answer to the same message (enhanced mode: commit, then application). As `exchange`."""
        with self._closing_on_failure():
            return self._answer()

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket = self._reader = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self) -> bytes:
        found = None
        if self._reader is not None:
            found = self._reader.frame(self._answer_seconds, self._answer_seconds)
        if found is None:
            raise ReceiverSilent("the receiver closed the connection without an answer")
        return found

    @contextlib.contextmanager
    def _closing_on_failure(self) -> Iterator[None]:
        try:
            yield
        except TooLarge:
            self.close()
            raise ReceiverSilent("the receiver's answer is too large to be one") from None
        except TimeoutError:
            self.close()
            raise ReceiverSilent(f"no answer within {self._answer_seconds:g} seconds") from None
        except ssl.SSLError as error:
            self.close()
            raise ReceiverSilent(f"TLS: {error.reason or 'failed'}") from None
        except OSError as error:
            self.close()
            raise ReceiverSilent(f"{self._host}:{self._port}: {error.strerror or 'no connection'}") from None
        except BaseException:
            self.close()
            raise

    def _connected(self) -> socket.socket:
        if self._socket is None:
            plain = socket.create_connection((self._host, self._port), self._connect_seconds)
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket = (
                    self._tls.wrap_socket(plain, server_hostname=self._host) if self._tls else plain
                )
            except BaseException:
                plain.close()
                raise
            self._reader = FrameReader(self._socket, self._max_answer_bytes)
        return self._socket


@contextlib.contextmanager
def _untouched() -> Iterator[None]:
    try:
        yield
    except ReceiverSilent as error:
        error.nothing_left = True
        raise


# --- receiving --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a sender may take of the listener."""

    message_bytes: int = 16 << 20
    message_seconds: float = 30.0
    """From the first byte of a message to its last, and for the TLS handshake."""
    idle_seconds: float = 3_600.0
    """Between messages; a sender that comes back connects again."""
    connections: int = 64


class MllpListener:
    """Answers every message by `handler(message) -> answer`, each connection in a thread of its own.

    The handler is called by several threads at once and must not raise: a connection whose handler
    does is closed without an answer, and its sender sends again.
    """

    def __init__(
        self,
        handler: Callable[[bytes], bytes],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        limits: Limits = Limits(),
        may_connect: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """port 0: any free one. may_connect: asked with the sender's address.

        Raises ConfigError where the address cannot be had.
        """
        self._handler, self._tls, self._limits, self._may_connect = handler, tls, limits, may_connect
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._is_stopping = threading.Event()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(limits.connections)
        except OSError as error:
            self._socket.close()
            raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}") from None
        self.port: int = self._socket.getsockname()[1]

    def serve_forever(self) -> None:
        """Until `stop` is called from another thread or a signal handler."""
        while not self._is_stopping.is_set():
            try:
                connection, address = self._socket.accept()
            except OSError:
                if self._is_stopping.wait(0.05):  # too many open files, or closed by `stop`
                    break
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                is_welcome = len(self._open) < self._limits.connections and not self._is_stopping.is_set()
                if is_welcome and self._may_connect(address[0]):
                    self._open.add(connection)
                    self._threads.add(thread)
                    thread.start()
                    continue
            connection.close()

    def stop(self, seconds: float = 10.0) -> None:
        """Take no more; messages whose handler runs are still answered (waits so long for them)."""
        self._is_stopping.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            threads = list(self._threads)
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RD)  # that of SSLSocket ends TLS
        until = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Self:
        """Serves in a thread of its own."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(self._limits.message_seconds)
            if self._tls:
                connection = self._tls.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._open.discard(plain)
                    self._open.add(connection)
            self._talk(connection)
        except (OSError, TooLarge):  # gone, too slow, too large, no TLS: nothing was taken, nothing to say
            pass
        finally:
            with contextlib.suppress(OSError):
                connection.close()
            with self._lock:
                self._open -= {plain, connection}
                self._threads.discard(threading.current_thread())

    def _talk(self, connection: socket.socket) -> None:
        reader = FrameReader(connection, self._limits.message_bytes)
        while not self._is_stopping.is_set():
            message = reader.frame(self._limits.idle_seconds, self._limits.message_seconds)
            if message is None:
                return
            answer = self._handler(message)
            connection.settimeout(_TOLD_SECONDS)
            connection.sendall(BEGIN + answer + END)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
