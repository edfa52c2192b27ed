"""What of a record an HL7 receiver could not take, found before anything is sent.

Promises: texts name fields and keys of the profile, never values. Leaves out what holds for every
receiver (holds: labels, legibility, doubts), and what only the receiver itself knows.
"""

from __future__ import annotations

import calendar
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence

from scanindex.delivery_model import Action, ExportRecord, Problem
from scanindex.ehr import hl7_fields as fields
from scanindex.ehr.parts import Part
from scanindex.errors import MalformedMessage
from scanindex.hl7 import er7
from scanindex.target_profile import Hl7Rule

PROBLEMS: Mapping[str, str] = types.MappingProxyType(
    {
        "no_number": "The patient has no number of the receiver's authority (PID-3).",
        "no_authority": "PID-3 would not say who gave out the number (patient.namespace, patient.oid).",
        "bad_oid": "The OID of the patient's authority is none (patient.oid).",
        "no_oid": "The patient's authority has no OID, and the profile wants one (hl7.oid_needed).",
        "bad_date": "A birth date or date of care is not a day, month or year that exists (PID-7, TXA-4).",
        "no_date": "The document is undated, and the profile wants a date (hl7.date_needed).",
        "unmapped_type": "There is no code for the type in TXA-2 ([types], hl7.type_from, hl7.other_type).",
        "nothing_to_replace": "It corrects a document and does not say which (TXA-13).",
        "no_content": "There is no file to send.",
        "empty_file": "The file has no bytes.",
        "unknown_media_type": "The file is neither PDF nor TIFF; name what it is (hl7.data_subtype).",
        "too_large": "The file is larger than hl7.embedded_bytes and is not to be referenced (hl7.carry).",
        "too_long": "An id, name, number, author, address or title would be cut: its field is shorter.",
        "not_in_charset": "A text has characters that the character set lacks (hl7.charset).",
        "not_text": "A text has code points that are no characters.",
    }
)
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_CIVIL = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d{2}))?)?")
_NONCHARACTER = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_MEDIA_TYPES = ("application/pdf", "image/tiff")
_ROOM_BEFORE_2_7 = {"control": 20, "document": 30, "text": 250}
_ROOM_SINCE_2_7 = {"control": 199, "document": 199, "text": 65_536}
"""Characters that a field of that kind has room for. 2.7 left lengths to agreement; there it is a bound
of ours. "text" is the length of XPN, XCN, XAD, CX and CE since 2.4, and used for 2.3 too, whose 48
nobody keeps."""


Render = Callable[[ExportRecord, Hl7Rule], Sequence[Part]]


def problems(record: ExportRecord, rule: Hl7Rule, render: Render) -> tuple[Problem, ...]:
    """() where nothing is in the way. render: makes the message, as mdm.parts or oru.parts."""
    codes = [*_of_patient(record, rule), *_of_document(record, rule), *_of_content(record, rule)]
    codes += [*_of_lengths(record, rule), *_of_characters(record, rule, render)]
    return tuple(Problem(code=code, text=PROBLEMS[code]) for code in dict.fromkeys(codes))


def _of_patient(record: ExportRecord, rule: Hl7Rule) -> Iterator[str]:
    numbers = record.patient.identifiers
    if not any(number.is_main and number.value.strip() for number in numbers):
        yield "no_number"
    if any(not number.namespace and not number.oid for number in numbers):
        yield "no_authority"
    if any(number.oid and not _OID.fullmatch(number.oid) for number in numbers):
        yield "bad_oid"
    if rule.oid_needed and any(not number.oid for number in numbers):
        yield "no_oid"
    if not _is_date(record.patient.birth_date):
        yield "bad_date"


def _of_document(record: ExportRecord, rule: Hl7Rule) -> Iterator[str]:
    if not fields.type_code(record, rule)[0]:
        yield "unmapped_type"
    if record.action is not Action.NEW and not record.replaces:
        yield "nothing_to_replace"
    if rule.date_needed and not record.service_date:
        yield "no_date"
    if not (_is_date(record.service_date) and _is_date(record.service_end)):
        yield "bad_date"


def _of_content(record: ExportRecord, rule: Hl7Rule) -> Iterator[str]:
    content = record.content
    if content is None:
        if record.action is not Action.CANCEL:
            yield "no_content"
        return
    if content.size_bytes <= 0:
        yield "empty_file"
    if content.media_type not in _MEDIA_TYPES and not rule.data_subtype:
        yield "unknown_media_type"
    if rule.carry == "embedded" and 0 < rule.embedded_bytes < content.size_bytes:
        yield "too_large"


def _of_lengths(record: ExportRecord, rule: Hl7Rule) -> Iterator[str]:
    room = _ROOM_BEFORE_2_7 if fields.version(rule) < (2, 7) else _ROOM_SINCE_2_7
    who = record.patient
    texts: list[str | None] = [record.title, record.encounter_id]
    texts += [number.value for number in who.identifiers]
    texts += ["^".join((n.last, n.first, n.middle, n.suffix)) for n in who.names]
    texts += [who.address, who.phone] if rule.address else []
    texts += [record.author] if rule.author != "never" else []
    measured: dict[str, list[str | None]] = {
        "control": [record.control_id],
        "document": [record.external_id, record.replaces],
        "text": texts,
    }
    if any(len(er7.escape(text or "")) > room[kind] for kind, found in measured.items() for text in found):
        yield "too_long"


def _of_characters(record: ExportRecord, rule: Hl7Rule, render: Render) -> Iterator[str]:
    try:
        render(record, rule)
    except MalformedMessage:
        yield "not_in_charset"
    texts = [record.author, record.title, record.encounter_id, record.patient.address]
    texts += [part for n in record.patient.names for part in (n.last, n.first, n.middle, n.suffix)]
    texts += [number.value for number in record.patient.identifiers]
    if any(text and _NONCHARACTER.search(text) for text in texts):
        yield "not_text"


def _is_date(civil: str | None) -> bool:
    """Whether it is None, or a date of the calendar, be it partial."""
    if civil is None:
        return True
    found = _CIVIL.fullmatch(civil)
    if found is None or int(found[1]) < 1:
        return False
    return found[3] is None or 1 <= int(found[3]) <= calendar.monthrange(int(found[1]), int(found[2]))[1]
