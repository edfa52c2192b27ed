"""The hospital's feed of patients (HL7 v2 ADT over MLLP), as long as it is listened to.

Promises: every message is answered by what became of it; a message that could not be kept gets no
answer, so that its sender sends it again; what changed patients mean for documents follows soon,
once for a burst. Leaves out: how messages are read and taken (store.feed_intake), the line (hl7.mllp).
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from scanindex import app, roster_work
from scanindex.errors import ConfigError, MalformedMessage, TransientError
from scanindex.hl7.answers import rejection
from scanindex.hl7.mllp import Limits, MllpListener, is_loopback
from scanindex.settings import Settings
from scanindex.store import feed_intake
from scanindex.store.feed_intake import Feed, Outcome
from scanindex.store.feed_messages import MessageState
from scanindex.store.roster_adt import Adt
from scanindex.store.roster_check_digits import rules_of

_QUIET_SECONDS = 2.0
"""Without a message: the burst is over."""
_MOST_SECONDS = 30.0
"""A burst that does not end."""
_REST_FACTOR = 5.0
"""Following up may take so much of the time: one part in this and one."""
_FORGET_SECONDS = 3_600.0


def feed_of(name: str, settings: Settings) -> Feed:
    """Raises ConfigError for a name that cannot stand in the trail."""
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > 24:
        raise ConfigError("a feed's name is made of letters, digits, - and _, at most 24")
    names = roster_work.authority_names(settings)
    return Feed(
        name=name,
        adt=Adt(names, roster_work.zone_of(settings.site)),
        named=names.all,
        check_rules=rules_of(settings.site.mrn_check_digits),
    )


@dataclass(slots=True)
class Receiving:
    """The handler of a listener: bytes in, answer out; one message at a time."""

    opened: app.Workspace
    feed: Feed
    is_changed: Callable[[], None] = lambda: None
    """Called after each message that changed the roster."""
    say: Callable[[str], None] = lambda _: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, data: bytes) -> bytes:
        """Raises TransientError where the message cannot be kept now: it gets no answer then."""
        now = self.opened.services.clock.now()
        try:
            with self._lock:
                outcome = feed_intake.receive(self.opened.catalog, self.feed, data, now)
        except MalformedMessage as error:
            self.say(f"rejected: {error.code}")
            return rejection(control_id=f"SI{now:%Y%m%d%H%M%S%f}", at=now, text=error.code)
        self._tell(outcome)
        return outcome.answer

    def answer_or_hang_up(self, data: bytes) -> bytes:
        """`answer` for a listener; OSError ends the connection without an answer."""
        try:
            return self.answer(data)
        except TransientError as error:
            self.say(f"not answered: {error.code}. {error.hint}")
            raise OSError(error.code) from None

    def _tell(self, outcome: Outcome) -> None:
        if outcome.state is MessageState.REFUSED:
            self.say(f"refused: {outcome.code}")
        if outcome.is_changed:
            self.is_changed()


def follow(feed: Feed, opened: app.Workspace) -> Mapping[str, int]:
    """What the messages since the last time mean for documents; {} where they changed nothing."""
    done = feed_intake.publish(opened.catalog, feed)
    return roster_work.follow(done.before, feed.actor, opened) if done else {}


class Follower:
    """Follows up in a thread of its own: soon after the last message of a burst, and now and then in a long
    one."""

    def __init__(self, feed: Feed, opened: app.Workspace, say: Callable[[str], None]) -> None:
        self._feed, self._opened, self._say = feed, opened, say
        self._wake = threading.Condition()
        self._first = self._last = 0.0
        self._is_waiting = True  # whatever an earlier process left
        self._is_stopping = False
        self._forget_at = 0.0
        self._thread = threading.Thread(target=self._run, name="feed-follower", daemon=True)

    def touch(self) -> None:
        """Something changed."""
        with self._wake:
            now = time.monotonic()
            if not self._is_waiting:
                self._first, self._is_waiting = now, True
            self._last = now
            self._wake.notify()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._is_due():
            started = time.monotonic()
            try:
                self._follow()
            except TransientError as error:
                self._say(f"waiting: {error.code}. {error.hint}")
                if not self._is_stopping:
                    self.touch()
            rest = min(600.0, _REST_FACTOR * (time.monotonic() - started))
            with self._wake:
                self._wake.wait_for(lambda: self._is_stopping, rest)

    def _is_due(self) -> bool:
        """Waits; False once it is to stop and nothing is left to do."""
        with self._wake:
            while not self._is_stopping:
                now = time.monotonic()
                due = min(self._last + _QUIET_SECONDS, self._first + _MOST_SECONDS)
                if self._is_waiting and now >= due:
                    break
                self._wake.wait(due - now if self._is_waiting else None)
            is_due, self._is_waiting = self._is_waiting, False
            return is_due

    def _follow(self) -> None:
        counts = {name: count for name, count in follow(self._feed, self._opened).items() if count}
        if counts:
            self._say(", ".join(f"{name} {count}" for name, count in counts.items()))
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + _FORGET_SECONDS
            days = self._opened.settings.feeds.message_days
            feed_intake.forget(self._opened.catalog, days, self._opened.services.clock.now())


# --- the line -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where it listens, and to whom."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    clients_from: Path | None = None
    """PEM of the authorities whose certificates senders must show."""
    allowed: tuple[str, ...] = ()
    """Addresses that may connect; none: all."""
    is_insecure: bool = False
    limits: Limits = field(default_factory=Limits)


def open_listener(line: Line, handler: Callable[[bytes], bytes]) -> MllpListener:
    """Raises ConfigError where the line would carry patients' data in the clear, or cannot be had."""
    if not (is_loopback(line.host) or line.certificate or line.is_insecure):
        raise ConfigError(
            "a listener that other machines reach carries patients' data: give it a certificate "
            "(--tls-cert, --tls-key), or say --insecure if the network itself is protected"
        )
    return MllpListener(
        handler,
        host=line.host,
        port=line.port,
        tls=_tls(line),
        limits=line.limits,
        may_connect=lambda address: not line.allowed or address in line.allowed,
    )


def _tls(line: Line) -> ssl.SSLContext | None:
    if line.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(line.certificate, line.key)
        if line.clients_from:
            context.load_verify_locations(line.clients_from)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError):
        raise ConfigError("the certificate or its key cannot be read (--tls-cert, --tls-key)") from None
    return context
