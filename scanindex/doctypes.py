"""The kinds of chart documents: key, title for people, LOINC code, sensitive or not.

LOINC codes are those of the FHIR R4 value set c80-doc-typecodes (and, for advance
directives and immunisation records, of US Core examples); None where no
document-level code is known: exporters then say "unknown" with the title as text.
`is_sensitive` marks types that need restricted access whatever the text says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    key: str
    title: str
    loinc: str | None
    is_sensitive: bool = False


def _type(key: str, title: str, loinc: str | None, *, is_sensitive: bool = False) -> DocumentType:
    return DocumentType(key=key, title=title, loinc=loinc, is_sensitive=is_sensitive)


DOCUMENT_TYPES: tuple[DocumentType, ...] = (
    _type("advance_directive", "Advance directive", "86533-7", is_sensitive=True),
    _type("anesthesia_record", "Anesthesia record", "11485-0"),
    _type("billing_statement", "Billing statement", None),
    _type("cardiology_report", "Cardiology report", "18752-6"),
    _type("claim_form", "Claim form", "64291-8"),
    _type("consent_form", "Consent form", "64293-4"),
    _type("consultation", "Consultation", "11488-4"),
    _type("correspondence", "Correspondence", "52033-8"),
    _type("discharge_summary", "Discharge summary", "18842-5"),
    _type("ecg_report", "ECG report", "11524-6"),
    _type("emergency_report", "Emergency department report", "34111-5"),
    _type("face_sheet", "Face sheet", None),
    _type("flowsheet", "Flowsheet", None),
    _type("history_physical", "History and physical", "34117-2"),
    _type("immunization_record", "Immunization record", "82593-5"),
    _type("insurance_card", "Insurance card", "64290-0"),
    _type("lab_report", "Laboratory report", "11502-2"),
    _type("medication_record", "Medication record", "56445-0"),
    _type("newborn_record", "Newborn record", None),
    _type("nursing_note", "Nursing note", "34746-8"),
    _type("operative_report", "Operative report", "11504-8"),
    _type("pathology_report", "Pathology report", "11526-1"),
    _type("physician_orders", "Physician orders", "46209-3"),
    _type("prescription", "Prescription", "57833-6"),
    _type("problem_list", "Problem list", None),
    _type("progress_note", "Progress note", "11506-3"),
    _type("psychiatric_evaluation", "Psychiatric evaluation", "34788-0", is_sensitive=True),
    _type("radiology_report", "Radiology report", "18748-4"),
    _type("referral", "Referral", "57133-1"),
    _type("release_authorization", "Release of information", "64292-6"),
    _type("telephone_encounter", "Telephone encounter", "34748-4"),
    _type("therapy_note", "Therapy note", "11508-9"),
    _type("transfer_form", "Transfer form", "18761-7"),
    _type("autopsy_report", "Autopsy report", "18743-5", is_sensitive=True),
    _type("dialysis_record", "Dialysis record", "29749-9"),
    _type("discharge_instructions", "Discharge instructions", "74213-0"),
    _type("labor_delivery_record", "Labor and delivery record", "15508-5"),
)

KEYS = frozenset(kind.key for kind in DOCUMENT_TYPES)
