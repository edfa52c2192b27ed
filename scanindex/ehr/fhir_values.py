"""Small values of FHIR R4 (4.0.1): strings, times, periods, codes, search tokens, JSON around a file.

Pure. Promises: nothing is more exact than it was known (a month stays a month, no time is made up);
what FHIR forbids in a string (control characters) is left out, everything else goes as it is.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from scanindex.ehr.parts import FilePart, Part

Json = dict[str, Any]
LOINC = "http://loinc.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
MOST_TEXT_CHARACTERS = 1 << 20
"""R4 datatypes, string: at most 1024 x 1024 characters."""
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
# Ids as servers give them: some are longer than R4's 64 characters, or hold more than it allows.
_REFERENCE = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9._~-]{1,255})(?:/_history/[^/]+)?/?$")


def text(value: str | None) -> str:
    """As a FHIR string: without control characters, other white space as a plain space, trimmed.

    R4 datatypes, string: no character below U+0020 but tab, line feed and carriage return.
    """
    made = "".join(_allowed(c) for c in value or "")
    return made.encode("utf-8", "replace").decode("utf-8").strip()


def _allowed(character: str) -> str:
    if character in "\t\n\r":
        return character
    if unicodedata.category(character) == "Cc":
        return ""
    return " " if character.isspace() else character


def is_exact(value: str) -> bool:
    """Whether it goes as it is: numbers and ids must not be mended on the way."""
    return bool(value) and text(value) == value and not any(c in "\t\n\r" for c in value)


def is_id(value: str) -> bool:
    """R4 datatypes, id."""
    return bool(_ID.fullmatch(value))


def own_id(external_id: str, system: str) -> str:
    """Id of a resource that is put under ours: the external id where FHIR allows it."""
    # HAPI keeps purely numeric ids for itself.
    return external_id if is_id(external_id) and not external_id.isdigit() else derived(system, external_id)


def derived(system: str, external_id: str, role: str = "") -> str:
    """A UUID that stands for an id of ours: the same on every resend."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{system}|{external_id}|{role}"))


def derived_oid(system: str, external_id: str, role: str = "") -> str:
    """The same as an OID under 2.25 (ITU-T X.667)."""
    return f"2.25.{uuid.UUID(derived(system, external_id, role)).int}"


def instant(moment: datetime) -> str:
    """Whole seconds where there are no smaller ones."""
    made = moment.astimezone(UTC)
    spec = "milliseconds" if made.microsecond else "seconds"
    return made.isoformat(timespec=spec).replace("+00:00", "Z")


def period(start: str | None, end: str | None) -> Json | None:
    """Civil days, months or years. An open end would mean "still going on": so both are given.

    Start and end get the precision of the less exact one: FHIR compares them (per-1), and dates of
    unequal precision do not compare.
    """
    if not start:
        return None
    length = min(len(start), len(end or start))
    return {"start": start[:length], "end": (end or start)[:length]}


def coding(written: str) -> Json:
    """From "system|code|display" of a profile."""
    system, code, *rest = written.split("|", 2)
    made: Json = {"system": system, "code": code.strip()}
    if rest and rest[0].strip():
        made["display"] = text(rest[0])
    return made


def concept(*codings: Json, words: str = "") -> Json:
    made: Json = {"coding": list(codings)} if codings else {}
    if words:
        made["text"] = words
    return made


def identifier(system: str, value: str) -> Json:
    return {"system": system, "value": value} if system else {"value": value}


def token(system: str, value: str) -> str:
    """For a search parameter, with its own escapes (R4 search, 3.1.1.3) and those of a URL."""
    return quote(f"{_escaped(system)}|{_escaped(value)}", safe="")


def _escaped(value: str) -> str:
    return re.sub(r"([\\,$|])", r"\\\1", value)


def reference_in(address: str, wanted: str) -> str | None:
    """ "DocumentReference/17" in a Location or a reference, absolute or not; None for another type."""
    found = _REFERENCE.search(address)
    return f"{found[1]}/{found[2]}" if found and found[1] == wanted else None


def base64_of_hex(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode("ascii")


def hex_of_base64(value: object) -> str | None:
    """None for what is no base64."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True).hex() or None
    except ValueError:
        return None


def json_parts(value: object) -> tuple[Part, ...]:
    """JSON of dicts, lists, strings, numbers and FileParts (as strings), the files still on disk."""
    made: list[Part] = []
    held = bytearray()
    for piece in _pieces(value):
        if isinstance(piece, bytes):
            held += piece
        else:
            made += (bytes(held), piece)
            held.clear()
    return (*made, bytes(held))


def _pieces(value: object) -> Iterator[Part]:
    if isinstance(value, FilePart):
        yield from (b'"', value, b'"')
    elif isinstance(value, Mapping):
        yield b"{"
        for place, (key, held) in enumerate(value.items()):
            yield b"," * bool(place) + _dumped(key) + b":"
            yield from _pieces(held)
        yield b"}"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield b"["
        for place, held in enumerate(value):
            yield b"," * bool(place)
            yield from _pieces(held)
        yield b"]"
    else:
        yield _dumped(value)


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
