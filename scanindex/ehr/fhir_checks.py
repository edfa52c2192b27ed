"""What a FHIR receiver would refuse of a record, or take and misread. Pure but for a file's first bytes.

Among it what no validator finds (measured over eight of them): a hash that is none, a media type
that is missing or not that of the bytes, an OID or a language tag that is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from scanindex.delivery_model import Action, Content, ExportRecord, Problem
from scanindex.ehr.fhir_values import MOST_TEXT_CHARACTERS, is_exact
from scanindex.target_profile import Target

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "no_system": "The patient's number has no URI of its authority (patient.system or patient.oid).",
        "bad_system": "The URI of the patient's number is malformed (patient.system).",
        "bad_oid": "An OID is malformed (patient.oid, patient.system).",
        "bad_number": "The patient's number holds characters that cannot be sent exactly.",
        "bad_external_id": "The document's id holds characters that cannot be sent exactly.",
        "bad_language": "The language is not a tag of BCP 47 (document.language).",
        "bad_media_type": "The media type is malformed.",
        "other_media_type": "The file is not what its media type says.",
        "bad_hash": "The SHA-256 of the file is malformed.",
        "empty_file": "The file has no bytes.",
        "too_large_in_line": "The file is larger than fhir.inline_bytes and must not go as Binary.",
        "too_large_for_fhir": "The file is larger than FHIR can say (2 GiB).",
        "bad_date": "The date of care is not a day, month or year that exists.",
        "future_date": "The date of care lies in the future.",
        "reversed_period": "The last day of care lies before the first.",
        "bad_birth_date": "The birth date is not a day, month or year that exists.",
        "before_birth": "The date of care lies before the birth date.",
        "bad_loinc": "A LOINC code has a wrong check digit or form.",
        "bad_local_code": "The receiver's type code holds characters that FHIR codes must not have.",
        "no_type_system": "The type has a local code, but fhir.type_system is not set, so it is not sent.",
        "no_replaced": "It corrects a document and does not say which.",
        "cannot_cancel": "fhir.update is never, so nothing can be taken back at this receiver.",
        "no_encounter_system": "The receiver wants a visit; fhir.encounter_system is not set.",
        "too_long": "A text is longer than FHIR allows (1 MiB).",
    }
)
"""Code to meaning; docs/how-to/export-fhir.md shows the same."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"\S+( \S+)*")
_LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}"
    r"(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
    r"(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*(-x(-[A-Za-z0-9]{1,8})+)?"
)
"""RFC 5646, 2.1, without the tags kept from before it."""
_MAGIC: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "application/pdf": (b"%PDF-",),
        "image/tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        "image/jpeg": (b"\xff\xd8\xff",),
        "image/png": (b"\x89PNG\r\n\x1a\n",),
    }
)


def problems_of(record: ExportRecord, target: Target) -> tuple[Problem, ...]:
    """() if there are none."""
    codes = [*_patient(record), *_document(record, target), *_dates(record)]
    if record.content is not None:
        codes += _content(record.content, target)
    return tuple(Problem(code=code, text=PROBLEMS[code]) for code in dict.fromkeys(codes))


def _patient(record: ExportRecord) -> Iterator[str]:
    for one in record.patient.identifiers:
        if not one.system:
            yield "no_system"
        elif not _URI.fullmatch(one.system):
            yield "bad_system"
        named = one.system.removeprefix("urn:oid:") if one.system.startswith("urn:oid:") else ""
        if any(oid and not is_oid(oid) for oid in (one.oid, named)) or one.system == "urn:oid:":
            yield "bad_oid"
        if not is_exact(one.value):
            yield "bad_number"
    if record.patient.birth_date and not civil(record.patient.birth_date):
        yield "bad_birth_date"


def _document(record: ExportRecord, target: Target) -> Iterator[str]:
    rule, kind = target.fhir, record.type
    if not is_exact(record.external_id) or len(record.external_id) > 64:
        yield "bad_external_id"
    if not is_language(record.language):
        yield "bad_language"
    if kind.loinc is not None and not is_loinc(kind.loinc):
        yield "bad_loinc"
    if kind.local and not _CODE.fullmatch(kind.local):
        yield "bad_local_code"
    if kind.local and not rule.type_system:
        yield "no_type_system"
    if record.action is not Action.NEW and not record.replaces:
        yield "no_replaced"
    is_by_server = target.target.transport == "http"
    if record.action is Action.CANCEL and is_by_server and rule.update == "never":
        yield "cannot_cancel"
    if is_by_server and target.document.encounter == "required" and not rule.encounter_system:
        yield "no_encounter_system"
    texts = (record.title, record.author, record.facility, kind.title, kind.local_title)
    if any(len(text or "") > MOST_TEXT_CHARACTERS for text in texts):
        yield "too_long"


def _dates(record: ExportRecord) -> Iterator[str]:
    first, last = civil(record.service_date), civil(record.service_end)
    if (record.service_date and not first) or (record.service_end and not last):
        yield "bad_date"
        return
    # A day ahead of UTC is today somewhere.
    latest = record.created_at.date() + timedelta(days=1)
    if any(one and one[0] > latest for one in (first, last)):
        yield "future_date"
    if first and last and last[1] < first[0]:
        yield "reversed_period"
    born = civil(record.patient.birth_date)
    if first and born and first[1] < born[0]:
        yield "before_birth"


def _content(content: Content, target: Target) -> Iterator[str]:
    rule = target.fhir
    if not _SHA256.fullmatch(content.sha256):
        yield "bad_hash"
    if not _MEDIA_TYPE.fullmatch(content.media_type):
        yield "bad_media_type"
    elif not is_of_type(content):
        yield "other_media_type"
    if content.size_bytes <= 0:
        yield "empty_file"
    # unsignedInt of R4 is a signed 32-bit number without its negative half.
    if content.size_bytes >= 1 << 31:
        yield "too_large_for_fhir"
    is_in_line_only = rule.binary == "never" or (target.target.format == "mhd" and rule.mhd == "simplified")
    is_by_server = target.target.transport == "http"
    if is_by_server and is_in_line_only and content.size_bytes > rule.inline_bytes:
        yield "too_large_in_line"


def is_of_type(content: Content) -> bool:
    """By its first bytes, where the file can be looked at (a plan knows its name only)."""
    wanted = _MAGIC.get(content.media_type.lower())
    if wanted is None or not content.path.is_absolute():
        return True
    try:
        with content.path.open("rb") as stream:
            return stream.read(8).startswith(wanted)
    except OSError:
        return True  # said by whoever sends it: the file is gone


def civil(value: str | None) -> tuple[date, date] | None:
    """First and last day of "1998", "1998-03" or "1998-03-02"; None for anything else."""
    if not value or not re.fullmatch(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", value):
        return None
    try:
        first = date.fromisoformat(f"{value}-01-01"[:10] if len(value) < 10 else value)
    except ValueError:
        return None
    if len(value) == 10:
        return first, first
    months = 12 if len(value) == 4 else 1
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    last = date(year, month + 1, 1) - timedelta(days=1) if year <= date.max.year else date.max
    return first, last


def is_oid(value: str) -> bool:
    """ITU-T X.660: arcs without leading zeros, the second below 40 under 0 and 1."""
    if not _OID.fullmatch(value) or len(value) > 250:
        return False
    first, second, *_ = value.split(".")
    return first == "2" or int(second) < 40


def is_language(value: str) -> bool:
    return bool(_LANGUAGE.fullmatch(value))


def is_loinc(value: str) -> bool:
    """Digits, a hyphen and the check digit (mod 10, every second digit from the right doubled)."""
    if not re.fullmatch(r"[0-9]{1,7}-[0-9]", value):
        return False
    digits, _, check = value.partition("-")
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return (10 - total % 10) % 10 == int(check)
