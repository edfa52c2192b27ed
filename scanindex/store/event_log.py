"""Who did what when, as append-only hash-chained text in the archive.

Promises: what `append` returned from is durable and chained; appending the
same events again changes nothing; an append cut short by a crash is undone at
the next one (safe, because the catalog holds every event before it comes here
and appends again from `last_seq`). A broken line in the middle stops the
program rather than being continued. Format: docs/reference/archive-format.md.
Leaves out: proof against somebody who rewrites the whole file; for that,
`head` gives the pair to keep in a second place.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from scanindex.errors import IntegrityError
from scanindex.filing.paths import EVENTS
from scanindex.model import DocumentId, Event, ScanId
from scanindex.store import durable

SEGMENT_EVENTS = 10_000
FIRST_PREV = "0" * 64
_TAIL_BYTES = 65_536
_Head = tuple[int, str]
"""Number and hash of the last event; (0, FIRST_PREV) for none."""


class LogLine(NamedTuple):
    """One line: where it stands, what it says, its hash as stated, and what is wrong with it."""

    place: str
    event: Event | None
    stated_hash: str
    problem: str | None


class EventLog:
    """The log below an archive's root; one appender at a time, by a lock file."""

    def __init__(self, root: Path) -> None:
        self._folder = root / EVENTS
        self._folders = durable.Folders(root)
        self._is_checked = False
        self._synced: set[Path] = set()

    def append(self, events: Sequence[Event]) -> None:
        """Durably add the events not yet there (by seq), in order. Idempotent.

        Raises IntegrityError if the log is broken or a seq goes backwards.
        """
        if not events:
            return
        self._folders.ensure(self._folder)
        with self._locked():
            self._mend_end()
            head = self._head()
            fresh = [event for event in events if event.seq > head[0]]
            while fresh:
                segment = self._segment_for(head, fresh[0].seq)
                room = max(1, _first_seq(segment) + SEGMENT_EVENTS - fresh[0].seq)
                head = self._write(segment, fresh[:room], head)
                fresh = fresh[room:]

    def last_seq(self) -> int:
        """Number of the last whole event; 0 for an empty log."""
        return self.head()[0]

    def head(self) -> _Head:
        """Last number and its hash: written down elsewhere, they prove that nothing was cut off."""
        return self._head()

    def read(self) -> Iterator[Event]:
        """All whole events, oldest first. Raises IntegrityError at a broken line."""
        for line in self.lines():
            if line.problem:
                raise IntegrityError(line.problem)
            if line.event:
                yield line.event

    def lines(self) -> Iterator[LogLine]:
        """Every whole line, oldest first, sound or not, for whoever proves the trail."""
        prev, seq = FIRST_PREV, 0
        segments = self._segments()
        for segment in segments:
            with durable.translate(), segment.open("rb") as stream:
                for number, line in enumerate(stream, start=1):
                    if not line.endswith(b"\n") and segment == segments[-1]:
                        return  # an append in flight or cut short: never confirmed
                    place = f"events/{segment.name} line {number}"
                    event, problem = _parse(line, prev)
                    if event and event.seq <= seq:
                        problem = f"event {event.seq} after {seq}"
                    if event:
                        prev, seq = str(json.loads(line)["hash"]), event.seq
                    yield LogLine(place, event, prev, f"{place}: {problem}" if problem else None)

    def verify(self) -> list[str]:
        """Where the chain breaks: one sentence a place, empty if it is whole."""
        problems = [line.problem for line in self.lines() if line.problem]
        torn = self._folder / "torn"
        if torn.is_dir():
            problems += [f"events/torn/{p.name}: set aside after a power cut" for p in sorted(torn.iterdir())]
        return problems

    # --- writing -----------------------------------------------------------
    @contextmanager
    def _locked(self) -> Iterator[None]:
        with durable.translate():
            descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            with durable.translate():
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _segment_for(self, head: _Head, next_seq: int) -> Path:
        segments = self._segments()
        if segments and next_seq < _first_seq(segments[-1]) + SEGMENT_EVENTS and head[0]:
            return segments[-1]
        return self._folder / f"{next_seq:012d}.jsonl"

    def _write(self, segment: Path, events: Sequence[Event], head: _Head) -> _Head:
        lines = []
        for event in events:
            if event.seq <= head[0]:
                raise IntegrityError(f"event {event.seq} after {head[0]}")
            line, digest = _line(event, head[1])
            lines.append(line)
            head = (event.seq, digest)
        with durable.translate(), segment.open("ab", buffering=0) as stream:
            size_bytes = stream.tell()
            try:
                rest = memoryview(b"".join(lines))
                while rest:
                    rest = rest[stream.write(rest) :]
                durable.fsync_descriptor(stream.fileno())
            except BaseException:
                # Lines that could not be synced must not look confirmed to the next append.
                stream.truncate(size_bytes)
                raise
        if segment not in self._synced:
            durable.fsync_dir(self._folder)
            self._synced.add(segment)
        return head

    def _mend_end(self) -> None:
        """Undo an append that a crash cut short: the end of the last segment only.

        A line without line feed always goes (kept nowhere: it is a prefix of
        what the catalog appends again). The first time in a process the whole
        segment is looked at: zeroed bytes, the mark of a power cut, are set
        aside with everything after them.
        """
        segments = self._segments()
        if not segments:
            return
        segment = segments[-1]
        if not _ends_whole(segment):
            self._cut(segment, _last_line_feed(segment) + 1)
        if not self._is_checked:
            with durable.translate():
                data = segment.read_bytes()
            if (zero := data.find(b"\0")) >= 0:
                self._set_aside(segment, data[data.rfind(b"\n", 0, zero) + 1 :])
                self._cut(segment, data.rfind(b"\n", 0, zero) + 1)
            # Names of segments written just before a kill may not be synced yet.
            durable.fsync_dir(self._folder)
            self._is_checked = True

    def _set_aside(self, segment: Path, data: bytes) -> None:
        folder = self._folders.ensure(self._folder / "torn")
        durable.write_durable(folder / f"{segment.stem}.{secrets.token_hex(4)}", data)

    def _cut(self, segment: Path, size_bytes: int) -> None:
        with durable.translate(), segment.open("r+b") as stream:
            stream.truncate(size_bytes)
            durable.fsync_descriptor(stream.fileno())

    # --- reading -----------------------------------------------------------
    def _segments(self) -> list[Path]:
        with durable.translate():
            if not self._folder.is_dir():
                return []
            return sorted(p for p in self._folder.iterdir() if p.suffix == ".jsonl" and p.stem.isdigit())

    def _head(self) -> _Head:
        for segment in reversed(self._segments()):
            if line := _last_line(segment):
                event, problem = _parse(line, None)
                if event is None or problem:
                    raise IntegrityError(f"events/{segment.name}, last line: {problem}")
                return event.seq, str(json.loads(line)["hash"])
        return 0, FIRST_PREV


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def _digest(prev: str, body: dict[str, Any]) -> str:
    return hashlib.sha256(prev.encode("ascii", "replace") + b"\n" + _canonical(body)).hexdigest()


def canonical(event: Event) -> bytes:
    """An event's bytes as its line hashes them: equal for nothing but the same event."""
    return _canonical(_body(event))


def _body(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": event.actor,
        "kind": event.kind,
        "scan_id": event.scan_id,
        "document_id": event.document_id,
        "payload": json.loads(json.dumps(event.payload)),
    }


def _line(event: Event, prev: str) -> tuple[bytes, str]:
    body = _body(event)
    digest = _digest(prev, body)
    return _canonical(body | {"prev": prev, "hash": digest}) + b"\n", digest


def _parse(line: bytes, prev: str | None) -> tuple[Event | None, str | None]:
    """The event of a line, and what is wrong with it; `prev` None: don't compare the chain."""
    try:
        body = json.loads(line.decode("utf-8", "surrogatepass"))
        is_canonical = _canonical(body) + b"\n" == line
        stated_prev, stated = body.pop("prev"), body.pop("hash")
        event = Event(
            seq=int(body["seq"]),
            at=datetime.fromisoformat(body["at"]),
            actor=body["actor"],
            kind=body["kind"],
            scan_id=ScanId(body["scan_id"]) if body["scan_id"] else None,
            document_id=DocumentId(body["document_id"]) if body["document_id"] else None,
            payload=body["payload"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, "is not an event"
    if _digest(str(stated_prev), body) != stated:
        return event, "does not match its hash"
    if not is_canonical:
        return event, "is not written as this program writes it"
    if prev is not None and stated_prev != prev:
        return event, "does not follow from the line before"
    return event, None


def _first_seq(segment: Path) -> int:
    return int(segment.stem)


def _ends_whole(segment: Path) -> bool:
    with durable.translate(), segment.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if not size:
            return True
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def _last_line_feed(segment: Path) -> int:
    """Place of the last line feed, -1 for none."""
    with durable.translate():
        return segment.read_bytes().rfind(b"\n")


def _last_line(segment: Path) -> bytes | None:
    """The last whole line, without reading more than needed."""
    with durable.translate(), segment.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        window = _TAIL_BYTES
        while True:
            start = max(0, size - window)
            stream.seek(start)
            data = stream.read(size - start)
            lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
            if len(lines) > 1 or start == 0:
                return lines[-1] if lines else None
            window *= 4
