"""The nouns of export: what is told to another system about a document, and what became of it.

Values only, beside `model.py`. An `ExportRecord` is neutral: every renderer (manifest, HL7 v2,
FHIR, CDA, DICOM) makes its form from one of these and from nothing else, so that a document sent
again after a crash is sent in the same bytes. Leaves out what one receiver wants
(target_profile.py) and how it is sent (ehr/).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scanindex.model import BatchId, DocumentId, PatientId, PersonName, ScanId


class Action(enum.StrEnum):
    """What the receiver is asked to do."""

    NEW = "new"
    REPLACE = "replace"
    """Keep the old one as obsolete, show this one (HL7 T10, FHIR relatesTo replaces)."""
    CANCEL = "cancel"
    """It should never have been there: wrong patient, entered in error (HL7 T11, FHIR entered-in-error)."""


class DeliveryState(enum.StrEnum):
    PENDING = "pending"
    """To be sent; also after something was in the way."""
    SENDING = "sending"
    """On the way, or broken off there: it is sent again under the same ids."""
    DELIVERED = "delivered"
    """The receiver took it (an acknowledgement, a whole package); not verified."""
    VERIFIED = "verified"
    """Seen in the receiver's own list, once, as it was sent."""
    REFUSED = "refused"
    """The receiver said no for good; a person changes something and retries."""
    DROPPED = "dropped"
    """Taken out of the queue before it was sent."""


class Kind(enum.StrEnum):
    """How receivers treat a type of document (US Core, clinical notes guidance)."""

    NOTE = "note"
    REPORT = "report"
    """Laboratory, imaging, pathology ...: also a DiagnosticReport."""
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentIdentifier:
    """A number of the patient as the receiver knows it."""

    value: str = field(repr=False)
    type: str
    """HL7 table 0203: MR, AN, ..."""
    namespace: str
    """Short name of the assigning authority (HD.1)."""
    oid: str
    """Its OID without "urn:oid:"; "" where it has none."""
    system: str
    """Its URI in FHIR."""
    is_main: bool = True
    """The one by which the receiver files; others are old or additional numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPatient:
    patient_id: PatientId
    """Ours; never sent."""
    identifiers: tuple[SentIdentifier, ...]
    names: tuple[PersonName, ...] = field(repr=False)
    birth_date: str | None = field(repr=False)
    """Civil, may be partial."""
    sex: str | None = field(repr=False)
    """M, F, O, U or None."""
    address: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)

    @property
    def main(self) -> SentIdentifier:
        return next(i for i in self.identifiers if i.is_main)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentType:
    key: str
    """Ours, or "" for an untyped document."""
    title: str
    loinc: str | None
    """None: no document-level code is known."""
    kind: Kind
    local: str = ""
    """The receiver's own code, from the crosswalk of its profile."""
    local_title: str = ""
    hl7: str = ""
    """HL7 table 0270, e.g. "DS"; "" where it has no code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The file that is delivered; it lies in the archive, or in the spool where it was made for it."""

    path: Path = field(repr=False)
    media_type: str
    size_bytes: int
    sha256: str
    """Hex."""
    page_count: int
    file_name: str
    """`<external id>.pdf`: says nothing about anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    scan_id: ScanId
    """SHA-256 of the received original."""
    scan_pages: tuple[int, ...]
    received_at: datetime
    filed_at: datetime
    decided_by: str
    software: str
    batch_id: BatchId | None = None
    batch_label: str = field(default="", repr=False)
    box: str = field(default="", repr=False)
    """Where the paper lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNote:
    """A patient's leave to hand over what needs it (42 CFR 2.31), sent along (2.32)."""

    reference: str = field(repr=False)
    given_on: str
    notice: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """One thing to tell a receiver about one version of a document."""

    external_id: str
    """`<document id>-<number of this export>`, at most 32 characters; the same on every resend."""
    control_id: str
    """20 characters made of target and external id: HL7 MSH-10 and its like."""
    action: Action
    replaces: str | None
    """External id of what REPLACE and CANCEL are about."""
    replaced_receiver_ids: tuple[str, ...] = ()
    """What the receiver calls that one, where it said so."""
    series_id: str = ""
    """External id of the first of an unbroken line of replacements, which results keep (HL7 OBR-3); "" where
    that is `replaces` itself, or there is none."""
    reason: str = ""
    """Of a correction, as a plain word: refiled, retyped, redated, relabelled, merged, reread, withdrawn,
    withdrawn_by_hand."""
    document_id: DocumentId
    version: int
    patient: SentPatient = field(repr=False)
    """CANCEL: whom it was sent for."""
    type: SentType
    title: str
    service_date: str | None
    """Civil and maybe partial: 1998, 1998-03, 1998-03-02. None: undated."""
    service_end: str | None = None
    """Last day where it spans several; else None."""
    encounter_id: str | None = field(default=None, repr=False)
    author: str | None = field(default=None, repr=False)
    """As printed on the paper; no identifier of a practitioner is known."""
    facility: str | None = field(default=None, repr=False)
    language: str = "en"
    """BCP 47."""
    sensitivity: tuple[str, ...] = ()
    confidentiality: str = "N"
    """HL7 Confidentiality: N, R or V."""
    consent: ConsentNote | None = None
    content: Content | None
    """None for CANCEL."""
    provenance: Provenance
    created_at: datetime
    """When this record was made: the `date` of FHIR, the origination time of TXA-6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a record would not be sent, or not be taken."""

    code: str
    """Stable; docs/reference/export-problems.md lists them."""
    text: str
    """Plain words without patient data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receiver said to one record."""

    external_id: str
    is_taken: bool
    code: str
    """AA, AE, AR, 201, 400, written ... as the receiver's protocol has it."""
    receiver_ids: tuple[str, ...] = ()
    """e.g. "DocumentReference/17", "Binary/16"."""
    text: str = field(default="", repr=False)
    """What it said besides, shortened; may quote patient data."""
    sent_bytes: int = 0
    has_left: bool = True
    """False: refused before a byte of the document went, so that nobody else got to see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Records that are sent together; equal on every resend."""

    name: str
    """`<target>-<number>-<part of an id>`: of a package, file or bundle; never used for another."""
    number: int
    records: tuple[ExportRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A document as the receiver's own list has it."""

    external_id: str
    receiver_id: str = ""
    sha256: str | None = None
    """Of the content; None where the list does not say."""
    sha1: str | None = None
    size_bytes: int | None = None
    patient: str | None = field(default=None, repr=False)
    """The number it is filed under there."""
    is_current: bool | None = None
    """False: superseded or entered in error there."""
    local_type: str | None = None
    loinc: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strays:
    """Files in packages that no list of theirs names."""

    count: int = 0
    named: tuple[str, ...] = ()
    """The first few whose names are made like ours; others may say something about somebody."""


NO_STRAYS = Strays()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A line of the ledger: one record for one target, and where it stands."""

    delivery_no: int
    target: str
    run_id: str
    state: DeliveryState
    fingerprint: str
    """Of what the receiver would notice; an equal one means there is nothing to correct."""
    record: ExportRecord
    """Its file by name alone: it lies in the folder of `filed_version`."""
    filed_version: int | None = None
    parcel_no: int | None = None
    attempts: int = 0
    resends: int = 0
    """How often a person had it sent again because the receiver lost it."""
    queued_at: datetime
    retry_at: datetime | None = None
    sent_at: datetime | None = None
    """First time it left."""
    answered_at: datetime | None = None
    verified_at: datetime | None = None
    receipt: Receipt | None = field(default=None, repr=False)
    error: str = ""
    """Code of what was in the way last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRun:
    """One call for export: what was asked, by whom, and what was found to send."""

    run_id: str
    target: str
    asked: str = field(repr=False)
    """The selection in words of the command line; may hold a query."""
    purpose: str
    recipient: str
    started_by: str
    started_at: datetime
    finished_at: datetime | None = None
    planned: dict[str, int] = field(default_factory=dict)
    """new, replace, cancel, unchanged, held."""
    held: dict[str, int] = field(default_factory=dict)
    """Documents held back by problem code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A patient's written leave to hand labelled documents to one recipient (42 CFR 2.31)."""

    consent_id: str
    patient_id: PatientId
    target: str
    """Name of the target; "*" for all."""
    labels: tuple[str, ...]
    reference: str = field(repr=False)
    given_on: str
    until: str | None = None
    recorded_by: str
    recorded_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""
