"""Documents as HL7 v2 medical document messages: MDM^T02 (new), T10 (replaced), T11 (cancelled).

Sources: HL7 v2.5.1 chapter 9 (9.5 events and structures, 9.6 TXA), tables 0191, 0270 to 0275. A cancellation
names in TXA-12 what it takes back, has no content and nothing of the right patient; a replacement has a
number of its own and names in TXA-13 the one that becomes obsolete. Versions 2.3 to 2.8: what differs
in the segments used is EVN-1, MSH-9.3, the type of TXA-2, TXA-25, and where a note may stand.
"""

from __future__ import annotations

from scanindex.delivery_model import Action, ExportRecord
from scanindex.ehr import hl7_fields as fields
from scanindex.ehr import hl7_message as message
from scanindex.ehr.parts import Part
from scanindex.hl7.answers import timestamp
from scanindex.target_profile import Hl7Rule

_EVENTS = {
    Action.NEW: ("MDM", "T02", "MDM_T02"),
    Action.REPLACE: ("MDM", "T10", "MDM_T02"),
    Action.CANCEL: ("MDM", "T11", "MDM_T01"),
}
_PRESENTATION = {"application": "AP", "image": "IM"}
"""MIME's words, which some receivers want in OBX-5, as those of table 0191."""


def parts(record: ExportRecord, rule: Hl7Rule) -> list[Part]:
    """One message, segments ended by CR. Raises MalformedMessage (see `hl7_problems`)."""
    kind = _EVENTS[record.action]
    lines = [
        message.header(record, rule, kind),
        _event(record, rule, kind[1]),
        message.patient(record, rule),
        message.visit(record, rule),
        _notification(record, rule),
    ]
    if record.action is not Action.CANCEL:
        lines.append(message.observation(record, rule, "F"))
        lines += _consent(record, rule)
    return message.parts(lines, record, rule)


def _event(record: ExportRecord, rule: Hl7Rule, event: str) -> str:
    """EVN; its first field is withdrawn in 2.7."""
    code = event if fields.version(rule) < (2, 7) else None
    return message.segment("EVN", {1: code, 2: timestamp(record.created_at)}, rule)


def _notification(record: ExportRecord, rule: Hl7Rule) -> str:
    """TXA."""
    is_cancel = record.action is Action.CANCEL
    author = fields.printed_person(record.author)
    return message.segment(
        "TXA",
        {
            1: "1",
            2: fields.document_type(record, rule),
            3: None if is_cancel else _PRESENTATION.get(rule.data_type.lower(), rule.data_type),
            4: fields.civil(record.service_date),
            5: author if rule.author == "provider" else None,
            6: timestamp(record.created_at),
            9: author if rule.author == "originator" else None,
            12: fields.document_number(fields.subject_id(record), rule),
            13: None if is_cancel else fields.document_number(record.replaces, rule),
            16: record.content.file_name if record.content else None,
            17: rule.completion,
            18: fields.confidentiality(record),
            19: "CA" if is_cancel else "AV",
            20: rule.storage,
            21: record.reason,
            25: record.title if fields.version(rule) >= (2, 7) else None,
        },
        rule,
    )


def _consent(record: ExportRecord, rule: Hl7Rule) -> list[str]:
    """As a note to the document since 2.5, before that as a second observation."""
    text = message.consent_text(record)
    if text is None:
        return []
    if fields.version(rule) >= (2, 5):
        return [message.segment("NTE", {1: "1", 3: text}, rule)]
    code = ("consent", "Consent and notice", "L")
    return [message.segment("OBX", {1: "2", 2: "TX", 3: code, 4: "2", 5: text, 11: "F"}, rule)]
