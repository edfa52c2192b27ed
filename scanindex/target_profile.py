"""What one receiver wants, as values: a dataclass per section, whose texts are the reference of the keys.

Secrets never stand here, only the names of the environment variables that hold them. Leaves out reading
the file (`target_file`), what does not go together (`target_checks`), rendering and sending (ehr/).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMATS: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "manifest": ("folder", "zip"),
        "mdm": ("mllp", "folder"),
        "oru": ("mllp", "folder"),
        "fhir": ("http", "folder"),
        "mhd": ("http", "folder"),
        "ccda": ("folder", "zip"),
        "dicom": ("folder", "zip", "dimse"),
    }
)
"""Format to the ways in which it can be sent; docs/reference/target-profiles.md."""


def _doc(default: Any, text: str) -> Any:
    return field(default=default, metadata={"doc": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHead:
    """`[target]`: who receives, in what form, by what way."""

    format: str = _doc("manifest", "manifest, mdm, oru, fhir, mhd, ccda or dicom.")
    transport: str = _doc("folder", "folder, zip, mllp or http; what goes with which: see above.")
    recipient: str = _doc("", "Who gets it, as the accounting of disclosures names them. Needed.")
    recipient_address: str = _doc("", "Their address, for the same.")
    purpose: str = _doc("treatment", "What for, in a few words, for the same (45 CFR 164.528).")
    folder: str = _doc("export", "Where files and packages go; relative paths start at the workspace.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRule:
    """`[patient]`: by which number the receiver knows people."""

    authority: str = _doc("", "Our assigning authority whose numbers it files by; empty: site.mrn_authority.")
    id_type: str = _doc("MR", "Type of the number, HL7 table 0203.")
    namespace: str = _doc("", "Short name of the authority there; empty: as ours.")
    oid: str = _doc("", "OID of the authority, like 2.16.840.1.113883.3.999.1.")
    system: str = _doc("", "URI of the authority in FHIR; empty: urn:oid: and the OID.")
    send_old_numbers: bool = _doc(False, "Send numbers of merged records along.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCode:
    """`[types.KEY]`: what the receiver calls one of our document types."""

    code: str = _doc("", "Its local code.")
    title: str = _doc("", "What it is called there; empty: as ours.")
    loinc: str = _doc("", "Another LOINC code than ours.")
    hl7: str = _doc("", "Another code for TXA-2 than that of HL7 table 0270.")
    kind: str = _doc("", "note, report or admin, where the receiver sees it otherwise.")
    columns: Mapping[str, str] = field(
        default_factory=dict, metadata={"doc": "Fixed values of manifest columns for this type."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRule:
    """`[document]`: what may go and in what shape."""

    content: str = _doc("pdf", "pdf (the PDF/A), small (the small rendition) or tiff (made from the PDF/A).")
    max_bytes: int = _doc(0, "Larger files are held back (too_large); 0: no limit.")
    undated: str = _doc("hold", "Documents without a date of care: hold or send.")
    partial_dates: str = _doc("send", "Dates such as 1998-03: hold, or send as exactly as the form allows.")
    untyped: str = _doc("hold", "Documents of no type, or one that the crosswalk lacks: hold or send.")
    encounter: str = _doc(
        "never", "Visit number: never, known (send it where one was read) or required (else hold)."
    )
    minimum_legibility: float = _doc(0.0, "Hold documents whose worst page is less legible (0 to 1).")
    restricted_labels: tuple[str, ...] = _doc(
        ("mental_health", "hiv", "reproductive", "vip"),
        "Documents with one of these labels are held back from this receiver.",
    )
    consent_labels: tuple[str, ...] = _doc(
        ("substance_use",), "With one of these labels only under a recorded consent (42 CFR part 2)."
    )
    language: str = _doc("en", "BCP 47 tag of the documents' language.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRule:
    """`[corrections]`: what is sent when a delivered document changed here."""

    refiled: str = _doc("cancel", "Went to another patient: cancel (and new for the right one) or replace.")
    merged: str = _doc(
        "replace", "Its patient was merged: replace (under the surviving number), cancel (and new) or list."
    )
    changed: str = _doc("replace", "Type, date, pages or text changed: replace, or cancel (and new).")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingRule:
    """`[sending]`: pace and patience."""

    per_second: float = _doc(0.0, "At most so many documents a second; 0: as fast as the receiver answers.")
    timeout_seconds: float = _doc(60.0, "Longest wait for an answer.")
    attempts: int = _doc(5, "Tries in one run for what may be over soon (no answer, busy); later runs go on.")
    wait_seconds: float = _doc(1.0, "Wait before the second try; it doubles with each.")
    window_documents: int = _doc(
        10,
        "Where documents go one by one: how many may be under way unrecorded. So many at most are sent "
        "twice, under the same ids, after a crash; 1 is slower and suits receivers that do not know ids.",
    )
    parcel_documents: int = _doc(5_000, "Most documents in one package or file.")
    parcel_bytes: int = _doc(4 << 30, "Most bytes in one package.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestColumn:
    """`[[manifest.columns]]`: one column (or tag) of the index, in order."""

    name: str = _doc("", "Its header, or its tag.")
    source: str = _doc("", "The neutral column that it shows (docs/how-to/export-manifest.md).")
    value: str = _doc("", "A constant, where there is no source.")
    width: int = _doc(0, "Most characters; longer values hold the document back. 0: any.")
    cut: bool = _doc(False, "Cut longer values to the width instead; never for numbers or ids.")
    upper: bool = _doc(False, "In capitals.")
    needed: bool = _doc(False, "Hold documents for which it is empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRule:
    """`[manifest]`: the index file beside the documents."""

    columns: tuple[ManifestColumn, ...] = field(
        default=(), metadata={"doc": "As [[manifest.columns]] tables; none: every neutral column."}
    )
    layout: str = _doc("table", "table (a row per document) or tagged (a block per document).")
    delimiter: str = _doc("comma", "comma, pipe, tab or semicolon.")
    quoting: str = _doc(
        "needed",
        "Quotes (RFC 4180) around values: needed, all, or never (what would need them holds the document).",
    )
    header: bool = _doc(True, "Column names in the first row.")
    trailer_row: bool = _doc(False, "A last row TRAILER, documents, bytes.")
    encoding: str = _doc("utf-8", "utf-8, utf-8-sig, cp1252 or ascii.")
    line_end: str = _doc("crlf", "crlf or lf.")
    newlines: str = _doc("keep", "Line breaks within a value: keep (quoted) or blank.")
    empty: str = _doc("", "What stands for nothing, like NULL.")
    date_format: str = _doc("YYYY-MM-DD", "Made of YYYY, MM and DD, like MM/DD/YYYY.")
    partial_dates: str = _doc(
        "as_known", "1998-03: as_known, empty, or first_day (of the month or year) where a day must stand."
    )
    formula_guard: str = _doc(
        "apostrophe", "Values that start like a formula: apostrophe (put one before), refuse or off."
    )
    index_name: str = _doc("manifest.csv", "Name of the index file.")
    files_folder: str = _doc("documents", "Folder of the documents within the package; empty: beside it.")
    path_prefix: str = _doc(
        "",
        "Put before file_path, where the receiver sees the folder under another path; {package} in it stands "
        "for the name of the package.",
    )
    path_separator: str = _doc("slash", "Between folders of file_path: slash or backslash.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRule:
    """`[listing]`: a list of what the receiver holds, as it gives one (`export reconcile --listing`)."""

    columns: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "doc": "Header of external_id, receiver_id, sha256, size, patient, status, local_type, loinc."
        },
    )
    taken: tuple[str, ...] = _doc((), "Further words of status for what it holds.")
    gone: tuple[str, ...] = _doc((), "Further words for what it holds as no longer valid.")
    refused: tuple[str, ...] = _doc((), "Further words for what it did not take.")
    ignored: tuple[str, ...] = _doc((), "Headers that look like a status and say nothing of the kind.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hl7Rule:
    """`[hl7]`: messages MDM and ORU, by MLLP or as files."""

    version: str = _doc("2.5.1", "2.3, 2.3.1, 2.4, 2.5, 2.5.1, 2.6, 2.7, 2.7.1 or 2.8 (MSH-12).")
    sending_application: str = _doc("SCANINDEX", "MSH-3, as HL7 writes it: NAME, or NAME^OID^ISO.")
    sending_facility: str = _doc("", "MSH-4, likewise.")
    receiving_application: str = _doc("", "MSH-5, likewise.")
    receiving_facility: str = _doc("", "MSH-6, likewise.")
    processing: str = _doc("P", "MSH-11: P (production), T (training) or D (debugging).")
    acknowledge: str = _doc(
        "original",
        "original (one answer, AA), accept (one answer, CA: MSH-15 AL, MSH-16 NE) or both (CA, then AA on "
        "the same connection).",
    )
    charset: str = _doc("UNICODE UTF-8", "UNICODE UTF-8, 8859/1, 8859/2, 8859/9, 8859/15 or ASCII (MSH-18).")
    document_namespace: str = _doc("SCANINDEX", "Who gave out our document ids: a short name (EI.2).")
    document_oid: str = _doc("", "The same as an OID (EI.3).")
    visit_authority: str = _doc("", "Who gave out the visit number: NAME, or NAME^OID^ISO; empty: unsaid.")
    visit_field: str = _doc("PV1-19", "Where the visit number goes: PV1-19, PID-18 or both.")
    patient_class: str = _doc("U", "PV1-2; a scan of paper knows none: U is unknown (table 0004).")
    address: bool = _doc(False, "Send the patient's address and phone along (PID-11, PID-13).")
    author: str = _doc("originator", "The author as printed: originator (TXA-9), provider (TXA-5) or never.")
    type_from: str = _doc(
        "local", "TXA-2: local (the receiver's code from [types], else table 0270), hl7 (0270) or loinc."
    )
    other_type: str = _doc("", "TXA-2 where a document has no such code; empty: it is held (unmapped_type).")
    observation: str = _doc("", "OBX-3 of all documents, as HL7 writes it (IMAGE_REF); empty: by type.")
    completion: str = _doc("AU", "TXA-17: AU, LA, DO, DI, IN, IP or PA (table 0271). Some file AU alone.")
    storage: str = _doc("AC", "TXA-20, table 0275; empty: unsaid.")
    oid_needed: bool = _doc(False, "Hold documents whose patient's authority has no OID.")
    date_needed: bool = _doc(False, "Hold undated documents even where document.undated lets them go.")
    carry: str = _doc(
        "embedded", "The file: embedded (base64), referenced (a path), or by_size (referenced above the cap)."
    )
    embedded_bytes: int = _doc(20 << 20, "The cap: the largest file that is embedded; 0: no limit.")
    data_type: str = _doc("AP", "Type of data in OBX-5 (table 0191): AP, IM, application, ...")
    data_subtype: str = _doc("", "Its subtype (table 0291); empty: PDF or TIFF.")
    encoding: str = _doc("Base64", "What the receiver calls base64 (table 0299).")
    reference_prefix: str = _doc(
        "", r"What stands before the file name in a reference: '\\server\share\scans\'; needs its end."
    )
    reference_folder: str = _doc(
        "", "mllp: where that folder is mounted here (absolute path): the file lies there before its message."
    )
    files: str = _doc("batch", "folder: batch (one file with FHS, BHS, BTS, FTS a package) or each.")
    line_ends: str = _doc("cr", "folder: cr (as the standard has it), crlf or lf.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MllpRule:
    """`[mllp]`: where HL7 messages are sent."""

    host: str = _doc("", "The receiver's name or address.")
    port: int = _doc(2575, "Its port; 2575 is the one registered for HL7.")
    tls: bool = _doc(True, "Encrypt.")
    allow_plain: bool = _doc(False, "Allow tls = false beyond this machine: patient data would go in clear.")
    ca_file: str = _doc("", "Absolute path of the authorities (PEM) to trust; empty: those of the system.")
    client_certificate_env: str = _doc("", "Variable with the path of a PEM file with certificate and key.")
    connect_seconds: float = _doc(10.0, "Longest wait for a connection.")
    most_answer_bytes: int = _doc(1 << 20, "Longer answers are none.")
    errors: str = _doc(
        "refused",
        "An answer AE or CE: refused (a person looks), retry (later), or by_code (see retry_codes).",
    )
    retry_codes: tuple[str, ...] = _doc(
        ("206", "207"), "by_code: ERR-3 or ERR-5 of answers after which to try again (206: record locked)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirRule:
    """`[fhir]`: resources and bundles (format fhir), and what MHD adds (format mhd)."""

    id_system: str = _doc("", "URI under which our documents' ids are known: yours for good. Needed.")
    claim_profiles: bool = _doc(True, "Name the US Core or MHD profile in meta.profile.")
    inline_bytes: int = _doc(5 << 20, "Larger files go as Binary; US Core servers take 5 MiB in line.")
    binary: str = _doc("post", "Binary above that: post (server's id), own_id (PUT under ours) or never.")
    binary_form: str = _doc("json", "How a Binary is posted: json (base64) or raw (the file's own bytes).")
    binary_url: str = _doc("absolute", "How documents point to it: absolute or relative.")
    bundle: str = _doc("single", "single (one POST per resource) or transaction (one Bundle per document).")
    diagnostic_report: bool = _doc(True, "Reports (laboratory, imaging ...) also as DiagnosticReport.")
    provenance: bool = _doc(False, "A Provenance with the scan's SHA-256 for each document.")
    search: str = _doc("get", "How to search: get, or post, which keeps numbers out of the server's log.")
    update: str = _doc("put", "How old ones become superseded or entered-in-error: put, patch or never.")
    create_patients: bool = _doc(False, "Create patients that the server does not know.")
    patient_check: str = _doc(
        "loose",
        "The server's patient against ours: loose (birth date and name must not differ), "
        "birth_date (must be there and equal, too) or off.",
    )
    author: str = _doc("display", "Author and facility as printed: display, contained or omit.")
    custodian: str = _doc("", "Reference of the keeper, like Organization/17.")
    custodian_name: str = _doc("", "What the keeper is called.")
    type_system: str = _doc("", "URI of the receiver's own type codes ([types]).")
    categories: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"doc": 'By type, or note, report, admin: "system|code|display"; else as US Core has it.'},
    )
    report_categories: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"doc": 'Of DiagnosticReports, by type: "system|code|display". Empty: as US Core has them.'},
    )
    facility_type: str = _doc("", 'Kind of facility: "system|code|display".')
    practice_setting: str = _doc("", 'Specialty: "system|code|display".')
    format_code: str = _doc("", 'content.format: "system|code|display".')
    encounter_system: str = _doc("", "URI of visit numbers; empty: no encounter is looked up.")
    security_labels: bool = _doc(True, "Confidentiality, sensitivity and the notice of 42 CFR 2.32.")
    inventory: str = _doc("system", "How to ask what it holds: system (all of id_system), each (id by id).")
    verify: str = _doc("hash", "By what: listed (what the list says), hash (fetched where missing), content.")
    page_size: int = _doc(50, "Documents asked for at once when it lists what it holds.")
    files: str = _doc("ndjson", "In a folder: ndjson (a file per type) or bundles (one per document).")
    mhd: str = _doc("simplified", "MHD: simplified (ITI-105) or minimal (ITI-65 transaction).")
    source_oid: str = _doc("", "MHD ITI-65: OID of this system as source of submissions.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRule:
    """`[http]`: where FHIR is sent. Secrets stand in the environment; here stand the variables' names."""

    base_url: str = _doc("", "The server's FHIR base, like https://ehr.example/fhir/r4.")
    allow_plain: bool = _doc(False, "Allow http:// beyond this machine: patient data would go in clear.")
    auth: str = _doc("none", "none, bearer, basic or smart (SMART backend services).")
    token_env: str = _doc("SCANINDEX_FHIR_TOKEN", "bearer: variable with the token.")
    user_env: str = _doc("SCANINDEX_FHIR_USER", "basic: variable with the user.")
    password_env: str = _doc("SCANINDEX_FHIR_PASSWORD", "basic: variable with the password.")
    client_id_env: str = _doc("SCANINDEX_FHIR_CLIENT_ID", "smart: variable with the client's id.")
    key_env: str = _doc("SCANINDEX_FHIR_KEY", "smart: variable with the private key (PEM) or its path.")
    key_id: str = _doc("", "smart: kid of the key as registered there.")
    token_url: str = _doc("", "smart: token endpoint; empty: as the server's .well-known tells.")
    scope: str = _doc(
        "system/DocumentReference.cruds system/DiagnosticReport.cruds system/Binary.crus "
        "system/Patient.rs system/Encounter.rs",
        "smart: scopes asked for.",
    )
    ca_file: str = _doc("", "Absolute path of the authorities (PEM) to trust; empty: those of the system.")
    client_certificate_env: str = _doc("", "Variable with the path of a PEM file with certificate and key.")
    most_answer_bytes: int = _doc(64 << 20, "Longer answers are not read to their end.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CcdaRule:
    """`[ccda]`: C-CDA unstructured documents."""

    custodian_name: str = _doc("", "Who keeps the documents: the organization's name. Needed.")
    custodian_oid: str = _doc("", "Its OID; empty: unknown.")
    custodian_phone: str = _doc("", "Its telephone number; empty: unknown.")
    document_oid: str = _doc(
        "", "OID under which our documents' ids are known; empty: a UUID made of the target's name."
    )
    type_oid: str = _doc("", "OID of the receiver's own type codes ([types]); empty: they are not sent.")
    other_loinc: str = _doc("", "LOINC code of documents that have none; empty: nullFlavor UNK.")
    visit_oid: str = _doc("", "OID of whoever gave out visit numbers; empty: no visit is sent.")
    address: bool = _doc(False, "Send the patient's address and phone along.")
    author: str = _doc("printed", "Author and facility as printed on the paper: printed or never.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomRule:
    """`[dicom]`: encapsulated PDF."""

    corrections: str = _doc(
        "hold",
        "Replacing and cancelling: hold (a person does it there) or note (an IHE IOCM rejection note, where "
        "the archive acts on them).",
    )
    partial_dates: str = _doc(
        "omit", "A birth date or date of care without a day, where DICOM needs one: omit or hold."
    )
    type_scheme: str = _doc(
        "", "Name of the receiver's own type codes ([types]), like 99GENERAL; empty: they are not sent."
    )
    facility: bool = _doc(True, "Send the facility as printed (InstitutionName).")
    host: str = _doc("", "Where the archive listens, for transport dimse.")
    port: int = _doc(11112, "Its port.")
    called_title: str = _doc("", "The archive's AE title, for dimse; at most 16 characters.")
    calling_title: str = _doc("SCANINDEX", "Ours, as the archive knows it.")
    tls: bool = _doc(True, "Encrypt the line.")
    allow_plain: bool = _doc(False, "Let patient data go in clear beyond this machine.")
    ca_file: str = _doc("", "Absolute path of the authorities (PEM) to trust; empty: those of the system.")
    client_certificate_env: str = _doc("", "Variable with the path of a PEM file with certificate and key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One receiver, whole."""

    name: str
    target: TargetHead = TargetHead()
    patient: PatientRule = PatientRule()
    document: DocumentRule = DocumentRule()
    corrections: CorrectionRule = CorrectionRule()
    sending: SendingRule = SendingRule()
    manifest: ManifestRule = ManifestRule()
    listing: ListingRule = ListingRule()
    hl7: Hl7Rule = Hl7Rule()
    mllp: MllpRule = MllpRule()
    fhir: FhirRule = FhirRule()
    http: HttpRule = HttpRule()
    ccda: CcdaRule = CcdaRule()
    dicom: DicomRule = DicomRule()
    types: Mapping[str, TypeCode] = field(default_factory=dict)


def sections() -> dict[str, type[Any]]:
    """Section name to its dataclass, in the order of `Target`."""
    hints = typing.get_type_hints(Target)
    return {f.name: hints[f.name] for f in dataclasses.fields(Target) if f.name not in ("name", "types")}
