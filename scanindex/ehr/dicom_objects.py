"""Datasets of the two objects that are sent: Encapsulated PDF, and the note that rejects one.

Sources: DICOM PS3.3 A.45.1 (Encapsulated PDF), C.24 (its modules), A.35.4 (Key Object Selection),
C.17; PS3.16 TID 2010, CID 7005, 7011; IHE RAD TF, Imaging Object Change Management (a Key
Object Selection titled with the reason for the rejection, in the study of what it rejects).
Equal records give equal datasets: UIDs come of the target's name and the external id. Imports
pydicom where it is called.
"""

from __future__ import annotations

import io
from typing import Any

from scanindex.delivery_model import Content, ExportRecord, SentIdentifier, SentPatient
from scanindex.ehr import dicom_values as values
from scanindex.errors import MissingTool
from scanindex.target_profile import Target

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_IMPLEMENTATION = values.uid("scanindex", "implementation")
_MAKER = "scanindex"
WRONG_PATIENT = ("refiled", "merged", "withdrawn", "withdrawn_by_hand")
"""Reasons for which what was sent must not be seen any more."""
_UNSAFE = ("113037", "Rejected for Patient Safety Reasons")
_POOR = ("113001", "Rejected for Quality Reasons")


def uids(target: Target, external_id: str) -> tuple[str, str, str]:
    """Study, series and instance of a document: one of each, its own."""
    study, series, instance = (
        values.uid(target.name, what, external_id) for what in ("study", "series", "instance")
    )
    return study, series, instance


def document_head(record: ExportRecord, content: Content, target: Target) -> bytes:
    """The file up to the document's own bytes. Raises MissingTool."""
    one = _object(record.patient, ENCAPSULATED_PDF, *uids(target, record.external_id))
    _say_document(one, record, target)
    _say_origin(one, record, target)
    length = content.size_bytes + content.size_bytes % 2
    # (0042,0011) OB, two reserved bytes, length: PS3.5, 7.1.2.
    element = b"\x42\x00\x11\x00OB\x00\x00" + length.to_bytes(4, "little")
    return _file(one, ENCAPSULATED_PDF) + element


def document_tail(content: Content) -> bytes:
    """What follows the document's bytes: padding to an even length, and the elements behind it."""
    rest = _dataset()
    rest.MIMETypeOfEncapsulatedDocument = content.media_type
    rest.EncapsulatedDocumentLength = content.size_bytes
    return b"\0" * (content.size_bytes % 2) + _encoded(rest)


def rejection_note(record: ExportRecord, target: Target) -> bytes:
    """A whole file that rejects what `record.replaces` names. Raises MissingTool."""
    assert record.replaces is not None  # problems says so before
    study, rejected_series, rejected = uids(target, record.replaces)
    series = values.uid(target.name, "note series", record.external_id)
    note = _object(
        record.patient,
        KEY_OBJECT_SELECTION,
        study,
        series,
        values.uid(target.name, "note", record.external_id),
    )
    note.Modality = "KO"
    note.SeriesNumber = 2
    note.InstanceNumber = 1
    note.ReferencedPerformedProcedureStepSequence = []
    note.ContentDate, note.ContentTime = _utc(record)
    note.TimezoneOffsetFromUTC = "+0000"
    note.ValueType = "CONTAINER"
    note.ContinuityOfContent = "SEPARATE"
    code, meaning = _UNSAFE if record.reason in WRONG_PATIENT else _POOR
    note.ConceptNameCodeSequence = [_code(code, "DCM", meaning)]
    note.ContentTemplateSequence = [_item(MappingResource="DCMR", TemplateIdentifier="2010")]
    what = {"ReferencedSOPClassUID": ENCAPSULATED_PDF, "ReferencedSOPInstanceUID": rejected}
    note.ContentSequence = [
        _item(RelationshipType="CONTAINS", ValueType="COMPOSITE", ReferencedSOPSequence=[_item(**what)])
    ]
    where = _item(SeriesInstanceUID=rejected_series, ReferencedSOPSequence=[_item(**what)])
    note.CurrentRequestedProcedureEvidenceSequence = [
        _item(StudyInstanceUID=study, ReferencedSeriesSequence=[where])
    ]
    return _file(note, KEY_OBJECT_SELECTION)


# --- modules ------------------------------------------------------------------------------
def _object(patient: SentPatient, sop_class: str, study: str, series: str, instance: str) -> Any:
    """Patient, General Study, General Equipment and SOP Common."""
    one = _dataset()
    one.SpecificCharacterSet = "ISO_IR 192"
    one.SOPClassUID, one.SOPInstanceUID = sop_class, instance
    one.StudyInstanceUID, one.SeriesInstanceUID = study, series
    for empty in ("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID"):
        setattr(one, empty, "")
    one.Manufacturer = _MAKER
    one.PatientName = values.person(patient.names[0] if patient.names else None)
    one.PatientBirthDate = values.day(patient.birth_date)
    one.PatientSex = patient.sex if patient.sex in ("M", "F", "O") else ""
    ordered = sorted(patient.identifiers, key=lambda number: not number.is_main)
    for key, value in (_number(ordered[0]) if ordered else {"PatientID": ""}).items():
        setattr(one, key, value)
    if ordered[1:]:
        others = [_item(TypeOfPatientID="TEXT", **_number(number)) for number in ordered[1:]]
        one.OtherPatientIDsSequence = others
    return one


def _number(number: SentIdentifier) -> dict[str, Any]:
    """Patient ID Macro, PS3.3 table 10-18."""
    told: dict[str, Any] = {"PatientID": values.long(number.value)}
    if number.namespace:
        told["IssuerOfPatientID"] = values.long(number.namespace)
    if number.oid:
        told["IssuerOfPatientIDQualifiersSequence"] = [
            _item(UniversalEntityID=number.oid, UniversalEntityIDType="ISO")
        ]
    return told


def _say_document(one: Any, record: ExportRecord, target: Target) -> None:
    """Encapsulated Document Series and Encapsulated Document, SC Equipment."""
    one.Modality = "DOC"
    one.ConversionType = "SD"
    one.SeriesNumber = 1
    one.InstanceNumber = 1
    one.StudyDate = values.day(record.service_date)
    one.StudyDescription = values.long(record.type.title)
    one.SeriesDescription = values.long(record.title)
    one.ContentDate = values.day(record.service_date)
    one.ContentTime = ""
    one.AcquisitionDateTime = values.as_known(record.service_date)
    one.BurnedInAnnotation = "YES"
    one.VerificationFlag = "UNVERIFIED"
    one.DocumentTitle = values.title(title_of(record))
    code = code_of(record, target)
    one.ConceptNameCodeSequence = [_code(*code)] if code else []
    if record.encounter_id:
        one.AdmissionID = values.long(record.encounter_id)
    if record.facility and target.dicom.facility:
        one.InstitutionName = values.long(record.facility)


def title_of(record: ExportRecord) -> str:
    """With the notice of 42 CFR 2.32 where there is one: viewers show the title with the document."""
    title = record.title or record.type.title
    return f"{title} ({record.consent.notice})" if record.consent else title


def code_of(record: ExportRecord, target: Target) -> tuple[str, str, str] | None:
    """Code, scheme and meaning of the type: LOINC ("LN"), else the receiver's own."""
    kind, scheme = record.type, target.dicom.type_scheme
    if kind.loinc:
        return kind.loinc, "LN", values.long(kind.title)
    if kind.local and scheme:
        return values.long(kind.local)[: values.SHORT], scheme, values.long(kind.local_title or kind.title)
    return None


def _say_origin(one: Any, record: ExportRecord, target: Target) -> None:
    """Of which scan it was made, when and by what."""
    made = record.provenance
    pages = ", ".join(str(page) for page in made.scan_pages)
    told = f"{record.external_id}: scan with SHA-256 {made.scan_id}, pages {pages}"
    if record.consent:
        told += f"; consent of {record.consent.given_on}: {record.consent.reference}"
    one.SoftwareVersions = values.long(made.software)
    one.ContributingEquipmentSequence = [
        _item(
            PurposeOfReferenceCodeSequence=[_code("DOCD", "DCM", "Document Digitizer Equipment")],
            Manufacturer=_MAKER,
            SoftwareVersions=values.long(made.software),
            ContributionDateTime=values.moment(made.received_at),
            ContributionDescription=values.title(told),
        )
    ]


def _utc(record: ExportRecord) -> tuple[str, str]:
    made = values.moment(record.created_at)
    return made[:8], made[8:14]


# --- encoding -----------------------------------------------------------------------------
def _dataset() -> Any:
    try:
        from pydicom.dataset import Dataset
    except ImportError:
        raise MissingTool("pydicom is not installed: pip install 'scanindex[dicom]'") from None
    return Dataset()


def _item(**elements: Any) -> Any:
    made = _dataset()
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def _code(value: str, scheme: str, meaning: str) -> Any:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning or value)


def _file(one: Any, sop_class: str) -> bytes:
    """Preamble, meta information and dataset (PS3.10, 7.1)."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    meta.ImplementationClassUID = UID(_IMPLEMENTATION)
    meta.ImplementationVersionName = "SCANINDEX"
    one.file_meta = meta
    written = io.BytesIO()
    dcmwrite(written, one, enforce_file_format=True)
    return written.getvalue()


def _encoded(one: Any) -> bytes:
    """The elements alone."""
    from pydicom.filewriter import dcmwrite

    written = io.BytesIO()
    dcmwrite(written, one, implicit_vr=False, little_endian=True)
    return written.getvalue()
