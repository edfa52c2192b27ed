"""What MDM and ORU messages have in common: head, patient, visit, and the document as an observation.

Sources: HL7 v2.5.1 chapters 2 (MSH), 3 (EVN, PID, PV1), 7 (OBX), 2A (ED, RP). Pure and streaming: the
document's own bytes are a part of their own. Promises: equal records give equal bytes; a resend has
the same MSH-10. Leaves out what is special to one type of message (mdm.py, oru.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from scanindex.delivery_model import Content, ExportRecord
from scanindex.ehr import hl7_fields as fields
from scanindex.ehr.parts import Part, content_part
from scanindex.hl7 import er7
from scanindex.hl7.answers import timestamp
from scanindex.target_profile import Hl7Rule

_PLACE = "\x00"
"""Stands where the document's base64 comes; `er7.escape` lets none through from a value."""
_ACKNOWLEDGE = {"original": (None, None), "accept": ("AL", "NE"), "both": ("AL", "AL")}
_SUBTYPES = {"application/pdf": "PDF", "image/tiff": "TIFF"}


def segment(name: str, values: dict[int, er7.Value], rule: Hl7Rule) -> str:
    """One line; escapes are of the profile's character set."""
    return er7.segment(name, values, charset=er7.charset_of(rule.charset))


def header(record: ExportRecord, rule: Hl7Rule, kind: tuple[str, str, str]) -> str:
    """MSH; kind: message, event, structure."""
    accept, application = _ACKNOWLEDGE[rule.acknowledge]
    return segment(
        "MSH",
        {
            3: fields.hierarchic(rule.sending_application),
            4: fields.hierarchic(rule.sending_facility),
            5: fields.hierarchic(rule.receiving_application),
            6: fields.hierarchic(rule.receiving_facility),
            7: timestamp(record.created_at),
            9: kind if fields.version(rule) >= (2, 3, 1) else kind[:2],
            10: record.control_id,
            11: rule.processing,
            12: rule.version,
            15: accept,
            16: application,
            18: rule.charset,
        },
        rule,
    )


def patient(record: ExportRecord, rule: Hl7Rule) -> str:
    """PID."""
    who = record.patient
    return segment(
        "PID",
        {
            1: "1",
            3: fields.patient_numbers(who.identifiers),
            5: fields.person_names(who.names),
            7: fields.civil(who.birth_date),
            8: who.sex,
            11: (who.address,) if rule.address and who.address else None,
            13: fields.phone_number(who.phone, rule) if rule.address else None,
            18: fields.visit_number(record, rule, "PID-18"),
        },
        rule,
    )


def visit(record: ExportRecord, rule: Hl7Rule) -> str:
    """PV1."""
    number = fields.visit_number(record, rule, "PV1-19")
    return segment("PV1", {1: "1", 2: rule.patient_class, 19: number}, rule)


def observation(record: ExportRecord, rule: Hl7Rule, status: str) -> str:
    """OBX with the document, or with nothing for a record that has none; status: OBX-11, table 0085."""
    content = record.content
    by_reference = content is not None and is_referenced(content, rule)
    value = None
    if content is not None:
        value = _reference(content, rule) if by_reference else _embedded(content, rule)
    return segment(
        "OBX",
        {
            1: "1",
            2: "RP" if by_reference else "ED",
            3: fields.observation(record, rule),
            4: "1",
            5: value,
            11: status,
            14: fields.civil(record.service_date),
        },
        rule,
    )


def is_referenced(content: Content, rule: Hl7Rule) -> bool:
    """Whether the message names the file instead of carrying it."""
    is_large = 0 < rule.embedded_bytes < content.size_bytes
    return rule.carry == "referenced" or (rule.carry == "by_size" and is_large)


def _embedded(content: Content, rule: Hl7Rule) -> er7.Value:
    return (None, rule.data_type, _subtype(content, rule), rule.encoding, er7.Raw(_PLACE))


def _reference(content: Content, rule: Hl7Rule) -> er7.Value:
    pointer = rule.reference_prefix + content.file_name
    application = fields.authority(rule.document_namespace, rule.document_oid)
    return (pointer, application, rule.data_type, _subtype(content, rule))


def _subtype(content: Content, rule: Hl7Rule) -> str:
    return rule.data_subtype or _SUBTYPES.get(content.media_type, "")


def consent_text(record: ExportRecord) -> str | None:
    """What has to go along with a disclosure under a patient's consent (42 CFR 2.32)."""
    note = record.consent
    return f"{note.notice}\nConsent {note.reference} of {note.given_on}" if note else None


def parts(lines: Sequence[str], record: ExportRecord, rule: Hl7Rule) -> list[Part]:
    """The message. Raises MalformedMessage where the character set cannot carry a text."""
    text = er7.encode(lines, rule.charset)
    before, found, after = text.partition(_PLACE.encode())
    if not found:
        return [text]
    if record.content is None:
        raise ValueError("a message has a place for a document and no document")
    return [before, content_part(record.content, in_base64=True), after]
