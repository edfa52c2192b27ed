"""What feeds said, kept before it is answered, with the answer it got.

A message is known by its control id, its sender and its bytes: senders begin their numbers anew, and
one that is sent again must not count twice. The messages hold patient data, like the roster beside them.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select, update

from scanindex.store.roster_tables import feed_messages
from scanindex.store.roster_writes import utc_now

_F = feed_messages.c


class MessageState(enum.StrEnum):
    TAKEN = "taken"
    WAITING = "waiting"
    """Taken; a merge of it waits for a patient, or for a person's word (`roster merges`)."""
    PASSED_OVER = "passed_over"
    """Nothing in it for the roster."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMessage:
    message_no: int
    feed: str
    sender: str
    control_id: str
    received_at: str
    event: str
    state: MessageState
    code: str
    body: bytes = field(repr=False)
    answer: bytes = field(repr=False)


def find(connection: Connection, control_id: str, sender: str, body: bytes) -> FeedMessage | None:
    query = select(feed_messages).where(
        _F.control_id == control_id[:199], _F.sender == sender[:128], _F.sha256 == _digest(body)
    )
    row = connection.execute(query).one_or_none()
    return _message(row) if row else None


def keep(
    connection: Connection,
    *,
    feed: str,
    sender: str,
    control_id: str,
    event: str,
    body: bytes,
    state: MessageState,
    code: str,
    answer: bytes,
) -> int:
    """Keep a message with what became of it; one that is known is brought up to date. Returns its number."""
    outcome = {"state": state, "code": code, "answer": answer}
    known = find(connection, control_id, sender, body)
    if known:
        connection.execute(update(feed_messages).where(_F.message_no == known.message_no).values(**outcome))
        return known.message_no
    values = {
        "feed": feed,
        "sender": sender[:128],
        "control_id": control_id[:199],
        "sha256": _digest(body),
        "received_at": utc_now(),
        "event": event[:8],
        "body": body,
    }
    made = connection.execute(insert(feed_messages).values(**values, **outcome))
    number: int = made.inserted_primary_key[0]  # type: ignore[index]
    return number


def get(connection: Connection, message_no: int) -> FeedMessage | None:
    row = connection.execute(select(feed_messages).where(_F.message_no == message_no)).one_or_none()
    return _message(row) if row else None


def listed(connection: Connection, *states: MessageState, limit: int) -> list[FeedMessage]:
    """The newest first."""
    query = select(feed_messages).where(_F.state.in_(states)).order_by(_F.message_no.desc()).limit(limit)
    return [_message(row) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[str, int]:
    """State to messages kept in it."""
    query = select(_F.state, func.count()).group_by(_F.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def forget(connection: Connection, before: str, states: Sequence[MessageState]) -> int:
    """Remove what was received before this moment (UTC, ISO); returns how many."""
    done = connection.execute(delete(feed_messages).where(_F.received_at < before, _F.state.in_(states)))
    return done.rowcount


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _message(row: object) -> FeedMessage:
    values = row._asdict()  # type: ignore[attr-defined]
    values.pop("sha256")
    return FeedMessage(**values | {"state": MessageState(values["state"])})
