"""A receiver's own list, fed in as CSV: what it says that it holds."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from scanindex.delivery_model import Held
from scanindex.errors import UsageError
from scanindex.target_profile import Target

_WORDS: Mapping[str, tuple[str, ...]] = {
    "external_id": ("external_id", "external id", "document id", "unique document number"),
    "receiver_id": ("receiver_id", "receiver id", "internal id", "document handle"),
    "sha256": ("sha256", "hash"),
    "size": ("bytes", "size", "file size"),
    "patient": ("patient_id", "patient id", "mrn", "patient"),
    "status": ("status", "result", "state"),
    "local_type": ("doc_type_local", "document type", "type"),
    "loinc": ("doc_type_loinc", "loinc"),
}
"""Header words that are understood where the profile names no columns ([listing])."""
_GONE = frozenset(
    {"cancelled", "canceled", "deleted", "superseded", "obsolete", "entered-in-error", "inactive"}
)
_REFUSED = frozenset({"rejected", "error", "failed", "refused"})


def read_listing(path: Path, target: Target) -> Iterator[Held]:
    """Entries of the list; rows that say "rejected" are not held. Raises UsageError for what is no list
    with an id in it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            sample = stream.read(65_536)
            stream.seek(0)
            rows = csv.reader(stream, delimiter=_delimiter(sample))
            places = _places(next(rows, []), target)
            for row in rows:
                if row and (held := _held(row, places)) is not None:
                    yield held
    except (UnicodeDecodeError, csv.Error):
        raise UsageError("the listing is not UTF-8 text with separated columns") from None


def _delimiter(sample: str) -> str:
    head = sample.splitlines()[0] if sample else ""
    return max(",|;\t", key=head.count)


def _places(head: list[str], target: Target) -> dict[str, int]:
    names = [" ".join(name.casefold().split()) for name in head]
    wanted = {k: (v.casefold(),) for k, v in target.listing.columns.items()}
    found = {
        what: names.index(word)
        for what, words in {**_WORDS, **wanted}.items()
        for word in reversed(words)
        if word in names
    }
    if "external_id" not in found:
        raise UsageError(
            "the listing has no column with our id; name it in the profile: [listing.columns] external_id"
        )
    return found


def _held(row: list[str], places: Mapping[str, int]) -> Held | None:
    told = {what: row[place].strip() for what, place in places.items() if place < len(row)}
    state = told.get("status", "").casefold()
    if not told.get("external_id") or state in _REFUSED:
        return None
    size = told.get("size", "")
    return Held(
        external_id=told["external_id"],
        receiver_id=told.get("receiver_id", ""),
        sha256=told.get("sha256") or None,
        size_bytes=int(size) if size.isdigit() else None,
        patient=told.get("patient") or None,
        is_current=(state not in _GONE) if state else None,
        local_type=told.get("local_type") or None,
        loinc=told.get("loinc") or None,
    )
