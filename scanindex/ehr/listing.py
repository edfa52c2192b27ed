"""A receiver's own list, fed in as a file: what it says that it holds.

Separated columns with a header: an export of its document table, or the report of an import with a
status per row. Promises: every row is given, doubled ones too; a row that was rejected is not held; a
word of status that is not known is an error, never a yes: the profile says what it means ([listing]).
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
_TAKEN = frozenset(
    {"accepted", "active", "available", "complete", "completed", "current", "done", "filed", "final"}
    | {"imported", "indexed", "loaded", "ok", "stored", "success", "successful", "succeeded", "taken"}
    | {"valid", "verified", "y", "yes"}
)
_GONE = frozenset(
    {"cancelled", "canceled", "deleted", "superseded", "obsolete", "entered-in-error", "inactive"}
)
_REFUSED = frozenset({"rejected", "error", "failed", "refused"})
_LIKE_A_STATUS = re.compile(r"status|result|outcome|error|reject|fail|valid")


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
            meanings = _meanings(target)
            for row in rows:
                if row and (held := _held(row, places, meanings)) is not None:
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
    used = {names[place] for place in found.values()} | {n.casefold() for n in target.listing.ignored}
    if doubtful := [n for n in names if _LIKE_A_STATUS.search(n) and n not in used]:
        raise UsageError(
            f"column {doubtful[0]!r} may say that documents were refused; name it in the profile "
            "([listing.columns] status), or under listing.ignored"
        )
    return found


def _meanings(target: Target) -> dict[str, str]:
    rule = target.listing
    shipped = ((_TAKEN, "taken"), (_GONE, "gone"), (_REFUSED, "refused"))
    own = ((rule.taken, "taken"), (rule.gone, "gone"), (rule.refused, "refused"))
    return {word.casefold(): meaning for words, meaning in (*shipped, *own) for word in words}


def _held(row: list[str], places: Mapping[str, int], meanings: Mapping[str, str]) -> Held | None:
    told = {what: row[place].strip() for what, place in places.items() if place < len(row)}
    word = told.get("status", "").casefold()
    state = meanings.get(word, "") if word else "taken"
    if not state:
        raise UsageError(
            "the listing has a status that is not known; say in the profile what it means: "
            "listing.taken, listing.gone or listing.refused"
        )
    if not told.get("external_id") or state == "refused":
        return None
    size, digest = told.get("size", ""), told.get("sha256", "").lower()
    return Held(
        external_id=told["external_id"],
        receiver_id=told.get("receiver_id", ""),
        sha256=digest if re.fullmatch(r"[0-9a-f]{64}", digest) else None,
        sha1=digest if re.fullmatch(r"[0-9a-f]{40}", digest) else None,
        size_bytes=int(size) if re.fullmatch(r"[0-9]{1,15}", size) else None,
        patient=told.get("patient") or None,
        is_current=(state == "taken") if word else None,
        local_type=told.get("local_type") or None,
        loinc=told.get("loinc") or None,
    )
