"""A message of a feed: known already, or read, taken or refused, and kept with its answer, in one commit.

Promises: what is answered "accepted" is on disk with all that it changed; the same message again gets
the same answer and does nothing; a refused one may be sent again once its cause is gone. Answers
and events name codes, never people. Leaves out: the line (hl7.mllp), and what follows for documents.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scanindex.errors import NotAllowedNow, NotFound
from scanindex.hl7.answers import Code, Fault, ack
from scanindex.hl7.er7 import Message, parse
from scanindex.store import feed_messages, roster_feed, roster_pending
from scanindex.store.catalog import Catalog, Unit
from scanindex.store.feed_messages import FeedMessage, MessageState
from scanindex.store.roster_adt import Adt
from scanindex.store.roster_people import MESSAGES
from scanindex.store.roster_source import SourceRow

_KEPT = (MessageState.REFUSED, MessageState.WAITING)
_NOTHING = roster_feed.Taken()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What holds for one stream of messages."""

    name: str
    adt: Adt
    named: frozenset[str]
    """Authorities that the settings name."""
    check_rules: Mapping[str, str]

    @property
    def actor(self) -> str:
        return f"feed:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    answer: bytes
    state: MessageState
    code: str
    is_changed: bool
    """Whether anything is different in the roster now."""


def receive(
    catalog: Catalog, feed: Feed, data: bytes, at: datetime, *, accept_changes: bool = False
) -> Outcome:
    """Raises MalformedMessage where the bytes are no message; then nothing is kept."""
    message = parse(data)
    with catalog.write() as unit:
        known = feed_messages.find(unit.connection, message.control_id, _sender(message), data)
        if known and known.state is not MessageState.REFUSED:
            return Outcome(answer=known.answer, state=known.state, code=known.code, is_changed=False)
        taken, state = _take(unit, feed, message, accept_changes)
        answer = _answer(message, taken, at)
        number = feed_messages.keep(
            unit.connection,
            feed=feed.name,
            sender=_sender(message),
            control_id=message.control_id,
            event=message.event,
            body=data,
            state=state,
            code=taken.code,
            answer=answer,
        )
        if taken.code and not (known and known.code == taken.code):
            unit.events.append(
                "feed_refused", feed.actor, message=number, event=message.event[:8], code=taken.code
            )
    return Outcome(answer=answer, state=state, code=taken.code, is_changed=taken.is_changed)


def accept(catalog: Catalog, feed: Feed, message_no: int, actor: str, at: datetime) -> Outcome:
    """Take a refused message after all, with its changed birth dates. Raises NotFound, NotAllowedNow."""
    with catalog.write() as unit:
        found = feed_messages.get(unit.connection, message_no)
        if found is None:
            raise NotFound(f"no message {message_no}")
        if found.state is not MessageState.REFUSED:
            raise NotAllowedNow(f"message {message_no} is {found.state}")
        unit.events.append("feed_accepted", actor, message=message_no, code=found.code)
    return receive(catalog, feed, found.body, at, accept_changes=True)


def publish(catalog: Catalog, feed: Feed) -> roster_pending.Published | None:
    """Make a roster version of what the feed changed; None where it changed nothing."""
    with catalog.write() as unit:
        done = roster_pending.publish(unit.connection, feed.name)
        if done:
            unit.events.append("roster_fed", feed.actor, version=done.version, counts=dict(done.counts))
    return done


def forget(catalog: Catalog, days: int, now: datetime) -> int:
    """Drop taken messages older than this; returns how many."""
    before = (now - timedelta(days=days)).isoformat(timespec="microseconds")
    states = [state for state in MessageState if state not in _KEPT]
    with catalog.write() as unit:
        return feed_messages.forget(unit.connection, before, states)


def listed(
    catalog: Catalog, *states: MessageState, limit: int = 100
) -> tuple[list[FeedMessage], dict[str, int]]:
    """(the newest in these states, how many there are in each)."""
    with catalog.read() as unit:
        return (
            feed_messages.listed(unit.connection, *states, limit=limit),
            feed_messages.counts(unit.connection),
        )


# --- one message ----------------------------------------------------------------------------
def _take(
    unit: Unit, feed: Feed, message: Message, accept_changes: bool
) -> tuple[roster_feed.Taken, MessageState]:
    row = _row(feed, message)
    if row.fault:
        return roster_feed.Taken(code=row.fault, words=_WORDS[row.fault]), MessageState.REFUSED
    if row.person is None and not row.moves:
        return _NOTHING, MessageState.PASSED_OVER
    taken = roster_feed.take(
        unit,
        row,
        feed.actor,
        named=feed.named,
        check_rules=feed.check_rules,
        accept_changes=accept_changes,
    )
    if taken.code:
        return taken, MessageState.REFUSED
    return taken, MessageState.WAITING if taken.waits else MessageState.TAKEN


def _row(feed: Feed, message: Message) -> SourceRow:
    if not message.control_id:
        return SourceRow(1, fault="control_id_missing")
    if message.header.text(11)[:1] not in ("P", ""):
        return SourceRow(1, fault="not_production")
    return feed.adt.row(message, 1)


def _answer(message: Message, taken: roster_feed.Taken, at: datetime) -> bytes:
    control_id = f"SI{secrets.token_hex(8).upper()}"
    if not taken.code:
        return ack(message, Code.ACCEPTED, control_id=control_id, at=at)
    table, place = _FAULTS.get(taken.code, ("207", ""))
    fault = Fault(code=table, location=place, own_code=taken.code, text=taken.words)
    return ack(message, Code.ERROR, control_id=control_id, at=at, text=taken.code, fault=fault)


_WORDS = {
    **MESSAGES,
    "control_id_missing": "The message has no control id (MSH-10); it could not be told from its repetition.",
    "not_production": "The message is no production message (MSH-11).",
}
_FAULTS = {
    "control_id_missing": ("101", "MSH^1^10"),
    "not_production": ("202", "MSH^1^11"),
    "event_not_taken": ("201", "MSH^1^9"),
    "mrn_missing": ("101", "PID^1^3"),
    "name_missing": ("101", "PID^1^5"),
    "birth_date_unreadable": ("102", "PID^1^7"),
    "birth_date_impossible": ("102", "PID^1^7"),
    "mrn_unreadable": ("102", "PID^1^3"),
    "merge_numbers_missing": ("101", "MRG^1^1"),
    "authority_unknown": ("204", "PID^1^3"),
    "row_of_merged": ("204", "PID^1^3"),
    "identifier_on_two_people": ("205", "PID^1^3"),
    "mrn_zeros_lost": ("205", "PID^1^3"),
    "birth_date_changed": ("207", "PID^1^7"),
    "person_changed": ("207", "PID^1^5"),
}
"""Code to (HL7 table 0357, place)."""


def _sender(message: Message) -> str:
    return "|".join(message.header.raw(number) for number in (3, 4))
