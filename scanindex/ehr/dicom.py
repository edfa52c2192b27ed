"""DICOM Encapsulated PDF: one Part 10 file a document, for imaging archives that take documents.

Promises: see `forms.FileForm`; memory stays flat at any size; UIDs (under 2.25) are the same on every
resend. Identity is sent exactly or not at all: a name or number that DICOM cannot hold is a
problem. Replacing and cancelling is by an IHE IOCM rejection note where the profile says that the
archive acts on them; else both are held. Needs pydicom (the extra `dicom`).
"""

from __future__ import annotations

import csv
import io
import re
import types
from collections.abc import Iterator, Mapping, Sequence

from scanindex.delivery_model import Action, Content, ExportRecord, Parcel, Problem
from scanindex.ehr import dicom_objects as objects
from scanindex.ehr import dicom_values as values
from scanindex.ehr import fhir_checks as checks
from scanindex.ehr.forms import NamedParts
from scanindex.ehr.parts import Part, content_part
from scanindex.target_profile import Target

PROBLEMS: Mapping[str, str] = types.MappingProxyType(
    {
        "form_cannot_replace": "A replacement needs a rejection note (dicom.corrections), and one cannot be "
        "made for another patient.",
        "form_cannot_cancel": "A cancellation needs a rejection note (dicom.corrections).",
        "nothing_to_replace": "It corrects a document and does not say which.",
        "no_number": "The patient has no number of the receiver's authority.",
        "bad_oid": "The OID of the patient's authority is malformed (patient.oid).",
        "not_in_dicom": "A name, number, code or title has characters that DICOM cannot carry there.",
        "too_long": "A name, number, code or title is longer than DICOM allows.",
        "bad_birth_date": "The birth date is not a day, month or year that exists.",
        "bad_date": "The date of care is not a day, month or year that exists.",
        "partial_date": "A birth date or date of care has no day, and dicom.partial_dates is hold.",
        "bad_loinc": "The LOINC code has a wrong check digit or form.",
        "no_content": "There is no file to send.",
        "empty_file": "The file has no bytes.",
        "bad_hash": "The SHA-256 of the file is malformed.",
        "not_pdf": "The file is no PDF, and only PDF is wrapped.",
        "too_large": "The file is larger than DICOM can say (4 GiB).",
    }
)
_MOST_BYTES = (1 << 32) - 2
_SHA256 = re.compile(r"[0-9a-f]{64}")
INDEX = "instances.csv"


class DicomForm:
    """See `forms.FileForm`."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        codes = [*self._of_action(record), *_of_patient(record), *self._of_dates(record)]
        codes += [*_of_content(record), *self._of_texts(record)]
        return tuple(Problem(code=code, text=PROBLEMS[code]) for code in dict.fromkeys(codes))

    def files(self, record: ExportRecord) -> Iterator[NamedParts]:
        """Raises MissingTool."""
        if record.content is not None:
            yield f"{record.external_id}.dcm", self.document(record, record.content)
        if record.action is not Action.NEW:
            yield f"{record.external_id}-note.dcm", [objects.rejection_note(record, self._target)]

    def document(self, record: ExportRecord, content: Content) -> list[Part]:
        """The whole file of an Encapsulated PDF."""
        head = objects.document_head(record, content, self._target)
        return [head, content_part(content, in_base64=False), objects.document_tail(content)]

    def closing(self, parcel: Parcel) -> Iterator[NamedParts]:
        """Which instance is which document: an archive's own list knows UIDs only."""
        buffer = io.StringIO(newline="")
        table = csv.writer(buffer)
        table.writerow(["external_id", "action", "study_uid", "series_uid", "instance_uid"])
        for record in parcel.records:
            subject = record.replaces if record.action is Action.CANCEL else record.external_id
            table.writerow([subject, record.action, *objects.uids(self._target, subject or "")])
        yield INDEX, [buffer.getvalue().encode("utf-8")]

    # --- what is wrong ----------------------------------------------------------------------
    def _of_action(self, record: ExportRecord) -> Iterator[str]:
        if record.action is Action.NEW:
            return
        is_held = self._target.dicom.corrections == "hold"
        if record.action is Action.CANCEL and is_held:
            yield "form_cannot_cancel"
        # The note belongs to the patient of what it rejects, whom a replacement no longer names.
        if record.action is Action.REPLACE and (is_held or record.reason in ("refiled", "merged")):
            yield "form_cannot_replace"
        if not record.replaces:
            yield "nothing_to_replace"

    def _of_dates(self, record: ExportRecord) -> Iterator[str]:
        born, first = record.patient.birth_date, record.service_date
        if born and not checks.civil(born):
            yield "bad_birth_date"
        if any(one and not checks.civil(one) for one in (first, record.service_end)):
            yield "bad_date"
        if self._target.dicom.partial_dates == "hold" and any(d and not values.day(d) for d in (born, first)):
            yield "partial_date"

    def _of_texts(self, record: ExportRecord) -> Iterator[str]:
        numbers = record.patient.identifiers
        exact = [record.encounter_id or "", *(n.value for n in numbers), *(n.namespace for n in numbers)]
        code = objects.code_of(record, self._target)
        own = record.type.local if code and code[1] != "LN" else ""
        title = objects.title_of(record)
        names = record.patient.names[:1]
        if any(len(one) > values.LONG for one in exact) or len(own) > values.SHORT:
            yield "too_long"
        if len(title) > values.TITLE or any(len(_joined(name)) > values.LONG for name in names):
            yield "too_long"
        if not all(values.fits_long(one) for one in [*exact, own] if len(one) <= values.LONG):
            yield "not_in_dicom"
        is_named = all(values.fits_person(name) for name in names if len(_joined(name)) <= values.LONG)
        if not is_named or not values.fits_title(title[: values.TITLE]):
            yield "not_in_dicom"


def _joined(name: object) -> str:
    parts = (getattr(name, key) for key in ("last", "first", "middle", "suffix"))
    return "^".join(parts)


def _of_patient(record: ExportRecord) -> Iterator[str]:
    numbers = record.patient.identifiers
    if not any(one.is_main for one in numbers) or not all(one.value.strip() for one in numbers):
        yield "no_number"
    if any(one.oid and not checks.is_oid(one.oid) for one in numbers):
        yield "bad_oid"


def _of_content(record: ExportRecord) -> Iterator[str]:
    content, loinc = record.content, record.type.loinc
    if loinc and not checks.is_loinc(loinc):
        yield "bad_loinc"
    if content is None:
        if record.action is not Action.CANCEL:
            yield "no_content"
        return
    if content.size_bytes <= 0:
        yield "empty_file"
    if content.size_bytes > _MOST_BYTES:
        yield "too_large"
    if not _SHA256.fullmatch(content.sha256):
        yield "bad_hash"
    if content.media_type != "application/pdf" or not checks.is_of_type(content):
        yield "not_pdf"
