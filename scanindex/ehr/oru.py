"""Documents as HL7 v2 results, ORU^R01, for receivers that take scans no other way.

Source: HL7 v2.5.1 chapter 7 (7.3.1 ORU, 7.4.1 OBR, 7.4.2 OBX), tables 0074, 0085, 0123. Corrections are
those of results: the report keeps its filler number (OBR-3), a replacement comes as corrected (C),
one that went to the wrong patient is taken back as wrong (W), any other as deleted (D). The number of
this very export stands in OBR-20.
"""

from __future__ import annotations

from scanindex.delivery_model import Action, ExportRecord
from scanindex.ehr import hl7_fields as fields
from scanindex.ehr import hl7_message as message
from scanindex.ehr.parts import Part
from scanindex.hl7.answers import timestamp
from scanindex.target_profile import Hl7Rule

_KIND = ("ORU", "R01", "ORU_R01")
_WRONG_PATIENT = frozenset({"refiled", "merged"})
_SECTIONS = {
    "lab_report": "LAB",
    "pathology_report": "SP",
    "autopsy_report": "SP",
    "radiology_report": "RAD",
    "ecg_report": "EC",
    "cardiology_report": "CUS",
    "nursing_note": "NRS",
    "prescription": "PHR",
}
"""Diagnostic service section, table 0074."""


def parts(record: ExportRecord, rule: Hl7Rule) -> list[Part]:
    """One message, segments ended by CR. Raises MalformedMessage (see `hl7_problems`)."""
    lines = [
        message.header(record, rule, _KIND),
        message.patient(record, rule),
        message.visit(record, rule),
        _request(record, rule),
        message.observation(record, rule, _status(record)),
    ]
    if (text := message.consent_text(record)) and record.action is not Action.CANCEL:
        lines.append(message.segment("NTE", {1: "1", 3: text}, rule))
    return message.parts(lines, record, rule)


def filler_id(record: ExportRecord) -> str | None:
    """OBR-3: that of the report, which its corrections keep."""
    return record.external_id if record.action is Action.NEW else record.series_id or record.replaces


def _request(record: ExportRecord, rule: Hl7Rule) -> str:
    """OBR."""
    author = fields.printed_person(record.author) if rule.author != "never" else None
    return message.segment(
        "OBR",
        {
            1: "1",
            3: fields.document_number(filler_id(record), rule),
            4: fields.observation(record, rule),
            7: fields.civil(record.service_date),
            8: fields.civil(record.service_end),
            20: record.external_id,
            22: timestamp(record.created_at),
            24: _SECTIONS.get(record.type.key),
            25: {Action.NEW: "F", Action.REPLACE: "C", Action.CANCEL: "X"}[record.action],
            27: "1" if fields.version(rule) < (2, 3, 1) else None,
            32: (author,) if author else None,
        },
        rule,
    )


def _status(record: ExportRecord) -> str:
    """OBX-11, table 0085."""
    if record.action is Action.CANCEL:
        return "W" if record.reason in _WRONG_PATIENT else "D"
    return "C" if record.action is Action.REPLACE else "F"
