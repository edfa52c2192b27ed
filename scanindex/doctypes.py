"""The kinds of chart documents: key, title for people, LOINC code, sensitive or not.

LOINC codes are those of the FHIR R4 value set c80-doc-typecodes (and, for advance
directives and immunisation records, of US Core examples); None where no
document-level code is known: exporters then say "unknown" with the title as text.
`is_sensitive` marks types that need restricted access whatever the text says; `kind` says whether
receivers of exports take it for a note, a diagnostic report too, or administration (US Core).
"""

from __future__ import annotations

from dataclasses import dataclass

from scanindex.delivery_model import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    key: str
    title: str
    loinc: str | None
    is_sensitive: bool = False
    kind: Kind = Kind.NOTE
    hl7: str = ""
    """Code of HL7 v2 table 0270 (document type); "" where it has none for it."""


def _type(
    key: str,
    title: str,
    loinc: str | None,
    hl7: str = "",
    *,
    kind: Kind = Kind.NOTE,
    is_sensitive: bool = False,
) -> DocumentType:
    return DocumentType(key=key, title=title, loinc=loinc, is_sensitive=is_sensitive, kind=kind, hl7=hl7)


DOCUMENT_TYPES: tuple[DocumentType, ...] = (
    _type("advance_directive", "Advance directive", "86533-7", kind=Kind.ADMIN, is_sensitive=True),
    _type("anesthesia_record", "Anesthesia record", "11485-0"),
    _type("billing_statement", "Billing statement", None, kind=Kind.ADMIN),
    _type("cardiology_report", "Cardiology report", "18752-6", "CD", kind=Kind.REPORT),
    _type("claim_form", "Claim form", "64291-8", kind=Kind.ADMIN),
    _type("consent_form", "Consent form", "64293-4", kind=Kind.ADMIN),
    _type("consultation", "Consultation", "11488-4", "CN"),
    _type("correspondence", "Correspondence", "52033-8", kind=Kind.ADMIN),
    _type("discharge_summary", "Discharge summary", "18842-5", "DS"),
    _type("ecg_report", "ECG report", "11524-6", "CD", kind=Kind.REPORT),
    _type("emergency_report", "Emergency department report", "34111-5", "ED"),
    _type("face_sheet", "Face sheet", None, kind=Kind.ADMIN),
    _type("flowsheet", "Flowsheet", None, kind=Kind.ADMIN),
    _type("history_physical", "History and physical", "34117-2", "HP"),
    _type("immunization_record", "Immunization record", "82593-5"),
    _type("insurance_card", "Insurance card", "64290-0", kind=Kind.ADMIN),
    _type("lab_report", "Laboratory report", "11502-2", kind=Kind.REPORT),
    _type("medication_record", "Medication record", "56445-0"),
    _type("newborn_record", "Newborn record", None, kind=Kind.ADMIN),
    _type("nursing_note", "Nursing note", "34746-8"),
    _type("operative_report", "Operative report", "11504-8", "OP"),
    _type("pathology_report", "Pathology report", "11526-1", "SP", kind=Kind.REPORT),
    _type("physician_orders", "Physician orders", "46209-3"),
    _type("prescription", "Prescription", "57833-6"),
    _type("problem_list", "Problem list", None, kind=Kind.ADMIN),
    _type("progress_note", "Progress note", "11506-3", "PR"),
    _type("psychiatric_evaluation", "Psychiatric evaluation", "34788-0", "PC", is_sensitive=True),
    _type("radiology_report", "Radiology report", "18748-4", "DI", kind=Kind.REPORT),
    _type("referral", "Referral", "57133-1"),
    _type("release_authorization", "Release of information", "64292-6", kind=Kind.ADMIN),
    _type("telephone_encounter", "Telephone encounter", "34748-4"),
    _type("therapy_note", "Therapy note", "11508-9"),
    _type("transfer_form", "Transfer form", "18761-7", "TS"),
    _type("autopsy_report", "Autopsy report", "18743-5", "AR", kind=Kind.REPORT, is_sensitive=True),
    _type("dialysis_record", "Dialysis record", "29749-9"),
    _type("discharge_instructions", "Discharge instructions", "74213-0"),
    _type("labor_delivery_record", "Labor and delivery record", "15508-5"),
)

KEYS = frozenset(kind.key for kind in DOCUMENT_TYPES)
