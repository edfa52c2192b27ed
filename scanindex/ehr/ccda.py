"""C-CDA R2.1 unstructured documents: one XML file a document, the PDF or TIFF within it in base64.

Promises: see `forms.FileForm`; memory stays flat at any size. A replacement names what it replaces
(RPLC) and keeps its set id with a higher version. Leaves out taking a document back: CDA has no
form for that, so cancellations are held (`form_cannot_cancel`).
"""

from __future__ import annotations

import base64
import re
import types
from collections.abc import Iterator, Mapping, Sequence

from scanindex.delivery_model import Action, Content, ExportRecord, Parcel, Problem, SentPatient
from scanindex.ehr import fhir_checks as checks
from scanindex.ehr.ccda_header import header
from scanindex.ehr.ccda_xml import element, lacks
from scanindex.ehr.forms import NamedParts
from scanindex.ehr.parts import Part, content_part
from scanindex.target_profile import Target

PROBLEMS: Mapping[str, str] = types.MappingProxyType(
    {
        "form_cannot_cancel": "CDA cannot take a document back: a person does it at the receiver.",
        "nothing_to_replace": "It corrects a document and does not say which.",
        "no_number": "The patient has no number of the receiver's authority.",
        "no_oid": "The patient's authority has no OID, which CDA needs (patient.oid).",
        "bad_oid": "The OID of the patient's authority is malformed (patient.oid).",
        "bad_birth_date": "The birth date is not a day, month or year that exists.",
        "bad_date": "The date of care is not a day, month or year that exists.",
        "reversed_period": "The last day of care lies before the first.",
        "bad_loinc": "A LOINC code has a wrong check digit or form.",
        "bad_local_code": "The receiver's type code holds white space, which codes of CDA must not have.",
        "bad_language": "The language is not a tag of BCP 47 (document.language).",
        "no_visit_oid": "The receiver wants a visit; ccda.visit_oid is not set.",
        "not_in_xml": "A text has characters that XML cannot carry.",
        "no_content": "There is no file to send.",
        "empty_file": "The file has no bytes.",
        "bad_hash": "The SHA-256 of the file is malformed.",
        "bad_media_type": "C-CDA takes PDF and TIFF of what is sent from here, not this type of file.",
        "other_media_type": "The file is not what its media type says.",
    }
)
_MEDIA_TYPES = ("application/pdf", "image/tiff")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HERE = "\0"
"""Stands for the file while the text around it is made: no value can bring one along (`ccda_xml.text`)."""


class CcdaForm:
    """See `forms.FileForm`."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        codes = [*self._of_document(record), *_of_patient(record.patient), *_of_dates(record)]
        codes += [*_of_content(record.content), *_of_texts(record)]
        return tuple(Problem(code=code, text=PROBLEMS[code]) for code in dict.fromkeys(codes))

    def files(self, record: ExportRecord) -> Iterator[NamedParts]:
        if record.content is not None:
            yield f"{record.external_id}.xml", self.document(record, record.content)

    def closing(self, parcel: Parcel) -> Iterator[NamedParts]:
        return iter(())

    def document(self, record: ExportRecord, content: Content) -> list[Part]:
        """The whole XML file."""
        held = element(
            "text",
            _HERE,
            mediaType=content.media_type,
            representation="B64",
            integrityCheck=_base64(content.sha256),
            integrityCheckAlgorithm="SHA-256",
        )
        body = element("component", element("nonXMLBody", held))
        whole = element("ClinicalDocument", header(record, self._target), body, xmlns="urn:hl7-org:v3")
        before, after = whole.split(_HERE)
        declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
        file = content_part(content, in_base64=True)
        return [(declared + before).encode(), file, f"{after}\n".encode()]

    def _of_document(self, record: ExportRecord) -> Iterator[str]:
        if record.action is Action.CANCEL:
            yield "form_cannot_cancel"
        if record.action is Action.REPLACE and not record.replaces:
            yield "nothing_to_replace"
        rule = self._target.ccda
        loinc = record.type.loinc or rule.other_loinc
        if loinc and not checks.is_loinc(loinc):
            yield "bad_loinc"
        if rule.type_oid and re.search(r"\s", record.type.local):
            yield "bad_local_code"
        if not checks.is_language(record.language):
            yield "bad_language"
        if self._target.document.encounter == "required" and not rule.visit_oid:
            yield "no_visit_oid"


def _of_patient(patient: SentPatient) -> Iterator[str]:
    numbers = patient.identifiers
    if not any(one.is_main for one in numbers) or not all(one.value.strip() for one in numbers):
        yield "no_number"
    if any(not one.oid for one in numbers):
        yield "no_oid"
    if any(one.oid and not checks.is_oid(one.oid) for one in numbers):
        yield "bad_oid"
    if patient.birth_date and not checks.civil(patient.birth_date):
        yield "bad_birth_date"


def _of_dates(record: ExportRecord) -> Iterator[str]:
    first, last = checks.civil(record.service_date), checks.civil(record.service_end)
    if (record.service_date and not first) or (record.service_end and not last):
        yield "bad_date"
    if first and last and last[1] < first[0]:
        yield "reversed_period"


def _of_content(content: Content | None) -> Iterator[str]:
    if content is None:
        yield "no_content"
        return
    if content.size_bytes <= 0:
        yield "empty_file"
    if not _SHA256.fullmatch(content.sha256):
        yield "bad_hash"
    if content.media_type not in _MEDIA_TYPES:
        yield "bad_media_type"
    elif not checks.is_of_type(content):
        yield "other_media_type"


def _of_texts(record: ExportRecord) -> Iterator[str]:
    who, kind, consent = record.patient, record.type, record.consent
    texts = [record.title, record.author, record.facility, record.encounter_id, who.address]
    texts += [kind.title, kind.local, kind.local_title, record.external_id, record.replaces]
    texts += [part for n in who.names for part in (n.last, n.first, n.middle, n.suffix)]
    texts += [one.value for one in who.identifiers]
    texts += [consent.reference, consent.notice] if consent else []
    if any(lacks(one) for one in texts if one):
        yield "not_in_xml"


def _base64(digest: str) -> str:
    """Of a hash in hex; "" where it is none."""
    return base64.b64encode(bytes.fromhex(digest)).decode("ascii") if _SHA256.fullmatch(digest) else ""
