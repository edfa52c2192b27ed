"""Seals over the rows of events: an HMAC chain whose key lies outside the catalog.

Promises: a row's seal (`mac`) depends on the key, the row and the seal before it, and is
written in the row's own transaction; one seal more stands over the end, so that cutting rows
off shows at once. A key is made only where nothing was ever sealed; one that is missing stops
every write rather than being replaced. Form: docs/reference/archive-format.md.
Leaves out: proof against whoever holds the key, or puts a whole older state back. For that,
heads are kept in a second place (trail.py).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from scanindex.errors import IntegrityError
from scanindex.store import durable

FIRST_MAC = "0" * 64
"""What the first row of a chain follows."""
_KEY_BYTES = 32
_GONE = (
    "the key of the audit trail is missing (var/keys/trail.key); put it back from backup, "
    "or begin a new chain by `scanindex audit restart`"
)


class SealedRow(NamedTuple):
    """A row of events as it is stored; `payload` is the JSON text."""

    seq: int
    at: str
    actor: str
    kind: str
    scan_id: str | None
    document_id: str | None
    payload: str


def mac_of(key: bytes, previous: str, row: SealedRow) -> str:
    """HMAC-SHA-256 (RFC 2104, FIPS 180-4) over the seal before, a line feed, and the row as a JSON array."""
    return hmac.digest(key, previous.encode() + b"\n" + msgspec.json.encode(tuple(row)), "sha256").hex()


def seal_of(key: bytes, seq: int, mac: str) -> str:
    """Over the end of the trail; no row can be mistaken for it, for it is no chain of 64 digits."""
    return hmac.digest(key, f"end {seq} {mac}".encode(), "sha256").hex()


def key_id(key: bytes) -> str:
    """Tells keys apart without giving anything away."""
    return hashlib.sha256(b"scanindex trail key " + key).hexdigest()[:16]


class TrailKey:
    """The key's file; read once in a process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: bytes | None = None

    def peek(self) -> bytes | None:
        """The key as it is on disk now; None where there is none."""
        try:
            with durable.translate():
                data = self._path.read_bytes() if self._path.exists() else None
        except FileNotFoundError:
            return None
        if data is not None and len(data) != _KEY_BYTES:
            raise IntegrityError("var/keys/trail.key is not a key; put it back from backup")
        return data

    def get(self) -> bytes:
        """Raises IntegrityError where it is missing."""
        if self._key is None:
            self._key = self.peek()
        if self._key is None:
            raise IntegrityError(_GONE)
        return self._key

    def get_again(self) -> bytes:
        """From the disk: another process may have begun a chain with a new one."""
        self._key = None
        return self.get()

    def get_or_make(self) -> bytes:
        """Only for whoever holds the catalog's write lock and begins a chain."""
        if (key := self.peek()) is None:
            folder = self._path.parent
            with durable.translate():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            durable.fsync_dir(folder.parent)
            key = secrets.token_bytes(_KEY_BYTES)
            durable.write_durable(self._path, key, mode=0o600)
        self._key = key
        return key


def row_of(row: Any) -> SealedRow:
    """From a row of the table."""
    return SealedRow(row.seq, row.at, row.actor, row.kind, row.scan_id, row.document_id, row.payload)


def started_payload(log_head: Sequence[Any], key: bytes, after: str, reason: str) -> dict[str, Any]:
    """What the first event of a chain says: the log's end, which holds everything before it."""
    return {
        "log_seq": log_head[0],
        "log_hash": log_head[1],
        "key_id": key_id(key),
        "after": after,
        "reason": reason,
    }
