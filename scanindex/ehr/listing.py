"""A receiver's own list, fed in as a file: what it says that it holds.

Separated columns with a header: an export of its document table, or the report of an import with a
status per row. Promises: every row is given, doubled ones too; a row that was rejected is not held.
Unknown words of status count as taken: which ones a receiver uses cannot be known here.
"""

from __future__ import annotations

import codecs
import csv
import re
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
    """Entries of the list, in order. Raises UsageError for what is no list with an id in it, or lacks a
    column that the profile names."""
    try:
        # Ids are plain; what is not UTF-8 elsewhere in a row differs from ours, and that is reported.
        with path.open(encoding=_encoding(path), errors="replace", newline="") as stream:
            sample = stream.read(65_536)
            stream.seek(0)
            rows = csv.reader(stream, delimiter=_delimiter(sample))
            places = _places(next(rows, []), target)
            for row in rows:
                if row and (held := _held(row, places)) is not None:
                    yield held
    except csv.Error:
        raise UsageError("the listing is not text with separated columns") from None
    except OSError:
        raise UsageError("the listing cannot be read") from None


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        is_utf16 = stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return "utf-16" if is_utf16 else "utf-8-sig"


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
    if absent := [word for what, word in target.listing.columns.items() if what not in found]:
        raise UsageError(f"the listing has no column {absent[0]!r}, which [listing.columns] names")
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
    size, digest = told.get("size", ""), told.get("sha256", "").lower()
    return Held(
        external_id=told["external_id"],
        receiver_id=told.get("receiver_id", ""),
        sha256=digest if re.fullmatch(r"[0-9a-f]{64}", digest) else None,
        sha1=digest if re.fullmatch(r"[0-9a-f]{40}", digest) else None,
        size_bytes=int(size) if re.fullmatch(r"[0-9]{1,15}", size) else None,
        patient=told.get("patient") or None,
        is_current=(state not in _GONE) if state else None,
        local_type=told.get("local_type") or None,
        loinc=told.get("loinc") or None,
    )
