"""Fields that HL7 messages share: names, numbers, authorities, dates, codes, as `er7.segment` takes them.

Sources: HL7 v2.5.1 chapter 2A (HD, CX, EI, XPN, XCN, XTN, CE, TS), tables 0203, 0270, 0272; what differs by
version is said where it does. Pure. Promises: dates are as exact as they are known, never more.
"""

from __future__ import annotations

from scanindex.delivery_model import Action, ExportRecord, SentIdentifier
from scanindex.hl7 import er7
from scanindex.model import PersonName
from scanindex.target_profile import Hl7Rule

_NAME_TYPES = {"official": "L", "former": "M", "alias": "A"}
_CONFIDENTIALITY = {"N": "U", "R": "R", "V": "V"}
"""HL7 Confidentiality to table 0272."""


def version(rule: Hl7Rule) -> tuple[int, ...]:
    """2.5.1 as (2, 5, 1), to be compared."""
    return tuple(int(part) for part in rule.version.split("."))


def hierarchic(written: str) -> er7.Value:
    """HD from a profile: NAME, or NAME^OID^ISO."""
    return tuple(written.split("^")) if written else None


def authority(namespace: str, oid: str) -> tuple[str, ...]:
    """HD from its two names; either may be empty."""
    return (namespace, oid, "ISO") if oid else (namespace,)


def document_number(external_id: str | None, rule: Hl7Rule) -> er7.Value:
    """EI: TXA-12, OBR-3."""
    if external_id is None:
        return None
    return (external_id, *authority(rule.document_namespace, rule.document_oid))


def patient_numbers(identifiers: tuple[SentIdentifier, ...]) -> list[er7.Value]:
    """PID-3; the one by which the receiver files stands first."""
    ordered = sorted(identifiers, key=lambda identifier: not identifier.is_main)
    return [(i.value, None, None, authority(i.namespace, i.oid), i.type) for i in ordered]


def visit_number(record: ExportRecord, rule: Hl7Rule, field: str) -> er7.Value:
    """CX for PV1-19 or PID-18; nothing where the profile wants it in the other field only."""
    if not record.encounter_id or rule.visit_field not in (field, "both"):
        return None
    kind = "VN" if field == "PV1-19" else "AN"
    return (record.encounter_id, None, None, hierarchic(rule.visit_authority), kind)


def person_names(names: tuple[PersonName, ...]) -> list[er7.Value]:
    """PID-5. Of somebody without a name: the type "unspecified" alone, since the field is required."""
    if not names:
        return [(None, None, None, None, None, None, "U")]
    return [(n.last, n.first, n.middle, n.suffix, None, None, _NAME_TYPES.get(n.use, "L")) for n in names]


def printed_person(name: str | None) -> er7.Value:
    """XCN of somebody of whom only the printed name is known: no id, all of it as family name."""
    return (None, name) if name else None


def phone_number(text: str | None, rule: Hl7Rule) -> er7.Value:
    """PID-13: as it is written down, which is XTN-12 since 2.5 and XTN-1 before."""
    if not text:
        return None
    before = (None, "PRN", "PH", *[None] * 8)
    return (*before, text) if version(rule) >= (2, 5) else (text, "PRN", "PH")


def civil(date: str | None) -> str | None:
    """TS or DT as exact as known: 1998, 199803, 19980302."""
    return date.replace("-", "") if date else None


def confidentiality(record: ExportRecord) -> str:
    """TXA-18: U, R or V."""
    return _CONFIDENTIALITY.get(record.confidentiality, "R")


def type_code(record: ExportRecord, rule: Hl7Rule) -> tuple[str, str]:
    """The code of the document's type for TXA-2 and its coding system; ("", "") where there is none."""
    kind = record.type
    found = {
        "local": [(kind.local, "L"), (kind.hl7, "HL70270")],
        "hl7": [(kind.hl7, "HL70270")],
        "loinc": [(kind.loinc or "", "LN")],
    }[rule.type_from]
    return next((pair for pair in [*found, (rule.other_type, "L")] if pair[0]), ("", ""))


def document_type(record: ExportRecord, rule: Hl7Rule) -> er7.Value:
    """TXA-2: a code (IS) up to 2.6, with its meaning and LOINC beside it (CWE) from 2.7."""
    code, system = type_code(record, rule)
    if version(rule) < (2, 7) or not code:
        return code
    loinc = record.type.loinc if system != "LN" else None
    return (code, record.title, system, *((loinc, record.type.title, "LN") if loinc else ()))


def observation(record: ExportRecord, rule: Hl7Rule) -> er7.Value:
    """OBX-3, OBR-4: LOINC and the receiver's own code; of a type without either our word for it."""
    if rule.observation:
        return tuple(rule.observation.split("^"))
    kind = record.type
    pairs = [(kind.loinc or "", kind.title, "LN"), (kind.local, kind.local_title or kind.title, "L")]
    found = [pair for pair in pairs if pair[0]]
    if not found:
        found = [(kind.hl7, kind.title, "HL70270") if kind.hl7 else (kind.key or "document", kind.title, "L")]
    return tuple(part for pair in found for part in pair)


def subject_id(record: ExportRecord) -> str | None:
    """Whose number a message is about: a cancellation has none of its own, it names what it takes back."""
    return record.replaces if record.action is Action.CANCEL else record.external_id
