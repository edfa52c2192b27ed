"""Proof that the trail is whole: seals, log and second place against each other.

Table and log are walked side by side, once, in bounded memory. Promises: without the key no
row can be edited, removed, added, moved or cut off unseen, nor any line of the log, nor both
alike. Rows from before the first seal, and those put back from the log, are held by the log's
hash chain up to the hash that the next sealed `trail_started` names. Each problem tells its
place. Nothing is mended here.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from msgspec import MsgspecError
from sqlalchemy import Connection, select

from scanindex.errors import IntegrityError
from scanindex.model import DocumentId, Event, ScanId
from scanindex.store import tables
from scanindex.store.event_log import FIRST_PREV, EventLog, LogLine, canonical
from scanindex.store.rows import from_json
from scanindex.store.trail_chain import FIRST_MAC, SealedRow, TrailKey, key_id, mac_of, row_of, seal_of
from scanindex.trail_model import STARTED, TrailHead, TrailProblem, TrailReport

_E, _S = tables.events, tables.trail_seal
_GROUP = 2_000
_CATCH_UP_TRIES, _CATCH_UP_PAUSE_SECONDS = 20, 0.1
"""Between a commit and its lines in the log lie moments; a lag that lasts is a problem."""


class _Unit(Protocol):
    @property
    def connection(self) -> Connection: ...


Read = Callable[[], AbstractContextManager[_Unit]]


def head_of(connection: Connection, log: EventLog, now: datetime) -> TrailHead:
    """Where table and log end now."""
    last = connection.execute(select(_E.c.seq, _E.c.mac).order_by(_E.c.seq.desc()).limit(1)).first()
    log_seq, log_hash = log.head()
    seq, mac = (last.seq, last.mac or "") if last else (0, "")
    return TrailHead(seq=seq, mac=mac, log_seq=log_seq, log_hash=log_hash, at=now)


def prove(read: Read, log: EventLog, trail_key: TrailKey | None, heads: Sequence[TrailHead]) -> TrailReport:
    """Walk everything; see the head of this module."""
    try:
        key = trail_key.peek() if trail_key else None
    except IntegrityError:
        key = b""  # no key at all fits, and the report says so
    with read() as unit:
        last = unit.connection.execute(select(_E.c.seq).order_by(_E.c.seq.desc()).limit(1)).scalar() or 0
        _let_catch_up(log, last)
        proof = _Proof(key, heads)
        proof.walk(_rows(unit.connection), log.lines())
        proof.close(unit.connection.execute(select(_S)).first())
    with read() as unit:  # lines newer than the snapshot must be rows by now
        known = unit.connection.execute(select(_E.c.seq).order_by(_E.c.seq.desc()).limit(1)).scalar() or 0
    return proof.report(known)


def _let_catch_up(log: EventLog, last: int) -> None:
    for _ in range(_CATCH_UP_TRIES):
        try:
            if log.last_seq() >= last:
                return
        except IntegrityError:
            return  # the walk names the place
        time.sleep(_CATCH_UP_PAUSE_SECONDS)


def _rows(connection: Connection) -> Iterator[tuple[SealedRow, str | None]]:
    last = -(1 << 62)
    while True:
        query = select(_E).where(_E.c.seq > last).order_by(_E.c.seq).limit(_GROUP)
        found = connection.execute(query).all()
        if not found:
            return
        for row in found:
            yield row_of(row), None if row.mac is None else str(row.mac)
        last = found[-1].seq


class _Proof:
    def __init__(self, key: bytes | None, heads: Sequence[TrailHead]) -> None:
        self._key = key
        self._key_id = key_id(key) if key else ""
        self._problems: list[TrailProblem] = []
        self._heads = list(heads)
        self._macs: dict[int, str] = {head.seq: "" for head in heads}
        self._hashes: dict[int, str] = {head.log_seq: "" for head in heads}
        self._end: tuple[int, str] | None = None
        """Last row with a seal."""
        self._last_mac = ""
        self._is_foreign = False
        """The chain is sealed with an earlier key."""
        self._unsealed_from: int | None = None
        self._log_end: tuple[int, str] = (0, FIRST_PREV)
        self._events = self._sealed = self._other_key = self._lines = self._behind = 0
        self._first_sealed: int | None = None
        self._starts: list[int] = []
        self._newer: list[int] = []

    def _found(self, code: str, place: str) -> None:
        self._problems.append(TrailProblem(code=code, place=place))

    # --- side by side ---------------------------------------------------------------------
    def walk(self, rows: Iterator[tuple[SealedRow, str | None]], lines: Iterator[LogLine]) -> None:
        row, line = next(rows, None), self._next_line(lines)
        while row or line:
            if row is None or (line and _seq(line) < row[0].seq):
                assert line is not None
                self._line_alone(line, is_newer=row is None)
                line = self._next_line(lines)
            elif line is None or row[0].seq < _seq(line):
                self._row(*row)
                self._row_alone(row[0].seq, is_newer=line is None)
                row = next(rows, None)
            else:
                self._row(*row)
                if not _is_same(row[0], line.event):
                    self._found("log_differs", f"event {row[0].seq}")
                self._take(line)
                row, line = next(rows, None), self._next_line(lines)

    def _next_line(self, lines: Iterator[LogLine]) -> LogLine | None:
        """The next line that is an event in its order; what is wrong with any is noted."""
        for line in lines:
            self._lines += 1
            if line.problem:
                self._found("log_broken", line.place)
            if line.event is not None and line.event.seq > self._log_end[0]:
                return line
        return None

    def _take(self, line: LogLine) -> None:
        self._log_end = (_seq(line), line.stated_hash)
        if _seq(line) in self._hashes:
            self._hashes[_seq(line)] = line.stated_hash

    def _line_alone(self, line: LogLine, *, is_newer: bool) -> None:
        if is_newer:
            self._newer.append(_seq(line))
        else:
            self._found("catalog_lacks", f"event {_seq(line)}")
        self._take(line)

    def _row_alone(self, seq: int, *, is_newer: bool) -> None:
        if is_newer:
            self._behind += 1
        else:
            self._found("log_lacks", f"event {seq}")

    # --- seals ----------------------------------------------------------------------------
    def _row(self, row: SealedRow, mac: str | None) -> None:
        self._events += 1
        if row.seq in self._macs:
            self._macs[row.seq] = mac or ""
        if mac is None:
            if self._unsealed_from is None:
                self._unsealed_from = row.seq
            return
        if row.kind == STARTED and self._begins(row, mac):
            self._begin(row)
        elif self._unsealed_from is not None:
            self._found("row_unsealed", f"events {self._unsealed_from} to {row.seq - 1}")
        self._unsealed_from = None
        if self._first_sealed is None:
            self._first_sealed = row.seq
        self._check(row, mac)
        self._end = (row.seq, mac)
        self._last_mac = mac

    def _begins(self, row: SealedRow, mac: str) -> bool:
        """Whether the row begins a chain rather than being one of this kind in its middle.

        One of another key can't be told from a forgery here: what follows, or the seal, tells.
        """
        if self._key and _is_equal(mac_of(self._key, FIRST_MAC, row), mac):
            return True
        return _payload(row).get("key_id") != self._key_id

    def _begin(self, row: SealedRow) -> None:
        said = _payload(row)
        self._starts.append(row.seq)
        self._is_foreign = said.get("key_id") != self._key_id
        self._end = None
        if (said.get("log_seq"), said.get("log_hash"), said.get("after")) != (*self._log_end, self._last_mac):
            self._found("start_differs", f"event {row.seq}")

    def _check(self, row: SealedRow, mac: str) -> None:
        if not self._key:
            return
        if self._is_foreign:
            self._other_key += 1
            return
        previous = self._end[1] if self._end else FIRST_MAC
        if self._end and row.seq != self._end[0] + 1:
            self._found("row_changed", f"event {row.seq} follows {self._end[0]}")
        elif _is_equal(mac_of(self._key, previous, row), mac):
            self._sealed += 1
        else:
            self._found("row_changed", f"event {row.seq}")

    # --- the end --------------------------------------------------------------------------
    def close(self, seal: Any) -> None:
        if self._unsealed_from is not None and (self._starts or self._first_sealed or seal):
            self._found("row_unsealed", f"events {self._unsealed_from} and on")
        self._close_key(seal)
        if self._behind:
            self._found("log_behind", f"{self._behind} event(s) behind {self._log_end[0]}")
        for head in self._heads:
            self._compare(head)

    def _close_key(self, seal: Any) -> None:
        is_begun = self._first_sealed is not None or seal is not None
        if self._key is None:
            if is_begun:
                self._found("key_missing", "var/keys/trail.key")
            return
        if not is_begun:
            self._found("key_unused", "var/keys/trail.key")
        elif seal is None:
            self._found("seal_missing", f"event {self._end[0] if self._end else 0}")
        elif not self._key or self._is_foreign:
            # Rows of a chain with another key count only where a later chain of this key holds them.
            self._found("key_other", f"event {self._starts[-1] if self._starts else 0}")
        elif not _is_equal(seal_of(self._key, seal.seq, seal.mac), str(seal.seal)):
            self._found("seal_differs", "the seal")
        elif self._end != (seal.seq, seal.mac):
            self._found("seal_differs", f"event {seal.seq}")

    def _compare(self, head: TrailHead) -> None:
        there = self._macs[head.seq]
        # A row put back from the log has no seal; its line's hash is compared all the same.
        is_gone = head.seq > (self._end[0] if self._end else 0)
        if head.mac and (is_gone or there not in ("", head.mac)):
            self._found("head_differs", f"event {head.seq}")
        if head.log_seq and self._hashes[head.log_seq] != head.log_hash:
            self._found("head_differs", f"line of event {head.log_seq}")

    def report(self, known: int) -> TrailReport:
        """known: the newest event of the catalog now."""
        problems = list(self._problems)
        problems += [
            TrailProblem(code="catalog_lacks", place=f"event {seq}") for seq in self._newer if seq > known
        ]
        return TrailReport(
            problems=tuple(problems),
            events=self._events,
            sealed=self._sealed,
            first_sealed=self._first_sealed,
            starts=tuple(self._starts),
            other_key=self._other_key,
            log_lines=self._lines,
            heads=len(self._heads),
        )


def _is_equal(wanted: str, there: str) -> bool:
    return hmac.compare_digest(wanted.encode(), there.encode("utf-8", "surrogatepass"))


def _seq(line: LogLine) -> int:
    assert line.event is not None
    return line.event.seq


def _payload(row: SealedRow) -> dict[str, Any]:
    try:
        found = from_json(dict[str, Any], row.payload)
    except (ValueError, MsgspecError):
        return {}
    return found


def _is_same(row: SealedRow, event: Event | None) -> bool:
    """By bytes: 1 is not true, and a moment has one way to be written."""
    try:
        told = Event(
            seq=row.seq,
            at=datetime.fromisoformat(row.at),
            actor=row.actor,
            kind=row.kind,
            scan_id=ScanId(row.scan_id) if row.scan_id is not None else None,
            document_id=DocumentId(row.document_id) if row.document_id is not None else None,
            payload=from_json(dict[str, Any], row.payload),
        )
        return event is not None and canonical(told) == canonical(event)
    except (ValueError, TypeError, MsgspecError):
        return False
