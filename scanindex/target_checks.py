"""What a target's keys may say, and what does not go together: refused by name of the key before
anything is sent. Pure."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from pathlib import PurePath

from scanindex.classify.sensitivity import LABELS
from scanindex.errors import ProfileError
from scanindex.target_profile import (
    FORMATS,
    CcdaRule,
    DicomRule,
    HttpRule,
    ManifestColumn,
    ManifestRule,
    Target,
)

CHOICES: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "target.format": tuple(FORMATS),
        "document.content": ("pdf", "small", "tiff"),
        "document.undated": ("hold", "send"),
        "document.partial_dates": ("hold", "send"),
        "document.untyped": ("hold", "send"),
        "document.encounter": ("never", "known", "required"),
        "corrections.refiled": ("cancel", "replace"),
        "corrections.merged": ("replace", "cancel", "list"),
        "corrections.changed": ("replace", "cancel"),
        "manifest.layout": ("table", "tagged"),
        "manifest.delimiter": ("comma", "pipe", "tab", "semicolon"),
        "manifest.quoting": ("needed", "all", "never"),
        "manifest.encoding": ("utf-8", "utf-8-sig", "cp1252", "ascii"),
        "manifest.line_end": ("crlf", "lf"),
        "manifest.newlines": ("keep", "blank"),
        "manifest.path_separator": ("slash", "backslash"),
        "manifest.partial_dates": ("as_known", "empty", "first_day"),
        "manifest.formula_guard": ("apostrophe", "refuse", "off"),
        "fhir.binary": ("post", "own_id", "never"),
        "fhir.binary_form": ("json", "raw"),
        "fhir.binary_url": ("absolute", "relative"),
        "fhir.bundle": ("single", "transaction"),
        "fhir.search": ("get", "post"),
        "fhir.update": ("put", "patch", "never"),
        "fhir.patient_check": ("loose", "birth_date", "off"),
        "fhir.author": ("display", "contained", "omit"),
        "fhir.inventory": ("system", "each"),
        "fhir.verify": ("listed", "hash", "content"),
        "fhir.files": ("ndjson", "bundles"),
        "fhir.mhd": ("simplified", "minimal"),
        "http.auth": ("none", "bearer", "basic", "smart"),
        "hl7.version": ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8"),
        "hl7.processing": ("P", "T", "D"),
        "hl7.acknowledge": ("original", "accept", "both"),
        "hl7.charset": ("UNICODE UTF-8", "8859/1", "8859/2", "8859/9", "8859/15", "ASCII"),
        "hl7.visit_field": ("PV1-19", "PID-18", "both"),
        "hl7.author": ("originator", "provider", "never"),
        "hl7.type_from": ("local", "hl7", "loinc"),
        "hl7.completion": ("AU", "DI", "DO", "IN", "IP", "LA", "PA"),
        "hl7.carry": ("embedded", "referenced", "by_size"),
        "hl7.files": ("batch", "each"),
        "hl7.line_ends": ("cr", "crlf", "lf"),
        "mllp.errors": ("refused", "retry", "by_code"),
        "ccda.author": ("printed", "never"),
        "dicom.corrections": ("hold", "note"),
        "dicom.partial_dates": ("omit", "hold"),
    }
)


def check(where: str, target: Target) -> None:
    """where: the file, for what is said of it. Raises ProfileError naming the key at fault."""
    for key, allowed in CHOICES.items():
        section, name = key.split(".")
        got = getattr(getattr(target, section), name)
        if got not in allowed:
            raise ProfileError(f"{where}: {key} is {got!r}; allowed: {', '.join(allowed)}")
    head = target.target
    if head.transport not in FORMATS[head.format]:
        ways = ", ".join(FORMATS[head.format])
        raise ProfileError(f"{where}: {head.format} goes by {ways}; target.transport is {head.transport!r}")
    if not head.recipient.strip():
        raise ProfileError(f"{where}: target.recipient is needed: the accounting of disclosures names it")
    if head.format == "oru" and "replace" in (target.corrections.refiled, target.corrections.merged):
        raise ProfileError(
            f"{where}: a result cannot be moved to another patient (ORU): corrections.refiled is cancel, "
            "corrections.merged is cancel or list"
        )
    if target.patient.oid and not _OID.fullmatch(target.patient.oid):
        raise ProfileError(
            f"{where}: patient.oid is digits with dots between, like 2.16.840.1.113883.3.999.1"
        )
    labels = {*target.document.restricted_labels, *target.document.consent_labels}
    if unknown := sorted(labels - {*LABELS}):
        raise ProfileError(f"{where}: no label {unknown[0]!r}; there are {', '.join(LABELS)}")
    if target.sending.window_documents < 1 or target.sending.parcel_documents < 1:
        raise ProfileError(f"{where}: sending.window_documents and parcel_documents are at least 1")
    for rule in target.types.values():
        if rule.kind not in ("", "note", "report", "admin"):
            raise ProfileError(f"{where}: kind of a type is note, report or admin")
    _check_manifest(where, target.manifest)
    _check_type_columns(where, target)
    _check_form(where, target)
    if head.transport == "mllp":
        _check_mllp(where, target)


def _check_form(where: str, target: Target) -> None:
    form = target.target.format
    if form in ("fhir", "mhd"):
        _check_fhir(where, target)
    if form in ("mdm", "oru"):
        _check_hl7(where, target)
    if form == "ccda":
        _check_ccda(where, target.ccda)
    if form == "dicom":
        _check_dicom(where, target)


_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
UNCUT = (
    "external_id",
    "replaces_external_id",
    "patient_id",
    "other_ids",
    "encounter_id",
    "file_name",
    "file_path",
    "sha256",
)
"""Neutral columns that mean something else when a part is missing."""
_DATE_FORMAT = re.compile(r"(?=.*YYYY)(?=.*MM)(?=.*DD)[-/. YMD]{8,12}")


def _check_manifest(where: str, rule: ManifestRule) -> None:
    if not _FILE_NAME.fullmatch(rule.index_name):
        raise ProfileError(f"{where}: manifest.index_name is a plain file name, like manifest.csv")
    if rule.files_folder and not _FILE_NAME.fullmatch(rule.files_folder):
        raise ProfileError(f"{where}: manifest.files_folder is the name of one folder, or empty")
    if not _DATE_FORMAT.fullmatch(rule.date_format):
        raise ProfileError(f"{where}: manifest.date_format is made of YYYY, MM, DD and - / . between")
    for column in rule.columns:
        _check_column(where, rule, column)
    names = [column.name for column in rule.columns]
    if rule.layout == "table" and len(names) != len(set(names)):
        raise ProfileError(f"{where}: two [[manifest.columns]] have the same name")


def _check_column(where: str, rule: ManifestRule, column: ManifestColumn) -> None:
    if not column.name.strip() or len(column.name.splitlines()) > 1:
        raise ProfileError(f"{where}: every [[manifest.columns]] needs a name, of one line")
    if column.source and column.value:
        raise ProfileError(f"{where}: a column of [[manifest.columns]] has a source or a value, not both")
    if column.width < 0 or (column.cut and (not column.width or column.source in UNCUT)):
        raise ProfileError(f"{where}: cut needs a width, and is not for numbers, ids and paths")
    try:
        f"{column.name}{column.value}".encode(rule.encoding)
    except UnicodeEncodeError:
        raise ProfileError(
            f"{where}: manifest.encoding lacks characters of a column's name or value"
        ) from None


def _check_type_columns(where: str, target: Target) -> None:
    """A misspelt column would leave the general value in place."""
    known = {column.name for column in target.manifest.columns}
    for key, rule in target.types.items():
        if target.target.format == "manifest" and known and (unknown := sorted(set(rule.columns) - known)):
            raise ProfileError(f"{where}: types.{key}.columns: there is no column {unknown[0]!r}")


_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s|,$\\]+")
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*)){1,}")
_HERE = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")
_LOOPBACK = re.compile(r"http://(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?(/|$)")


def _check_fhir(where: str, target: Target) -> None:
    rule, http = target.fhir, target.http
    if not _URI.fullmatch(rule.id_system):
        raise ProfileError(
            f"{where}: fhir.id_system is needed: a URI of yours, like https://hospital.example/scans"
        )
    for name in ("type_system", "encounter_system"):
        if (system := getattr(rule, name)) and not _URI.fullmatch(system):
            raise ProfileError(f"{where}: fhir.{name} is not a URI")
    single = (rule.facility_type, rule.practice_setting, rule.format_code)
    for code in (*filter(None, single), *rule.categories.values(), *rule.report_categories.values()):
        system, _, rest = code.partition("|")
        if not _URI.fullmatch(system) or not rest.partition("|")[0].strip():
            raise ProfileError(f'{where}: codes of [fhir] are written "system|code|display"; one is not')
    if rule.inline_bytes < 0 or rule.page_size < 1:
        raise ProfileError(f"{where}: fhir.inline_bytes and fhir.page_size must not be negative")
    if target.target.format == "mhd" and rule.mhd == "minimal" and not _OID.fullmatch(rule.source_oid):
        raise ProfileError(f"{where}: fhir.source_oid is needed for ITI-65: an OID of yours")
    if target.target.transport == "http":
        _check_http(where, http)


def _check_http(where: str, rule: HttpRule) -> None:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", rule.base_url):
        raise ProfileError(
            f"{where}: http.base_url is needed, like https://ehr.example/fhir, without secrets"
        )
    is_plain = rule.base_url.startswith("http://") and not _LOOPBACK.match(rule.base_url)
    if is_plain and not rule.allow_plain:
        raise ProfileError(f"{where}: http.base_url must be https:// (or set http.allow_plain)")


def _check_hl7(where: str, target: Target) -> None:
    rule = target.hl7
    for name in (
        "sending_application",
        "sending_facility",
        "receiving_application",
        "receiving_facility",
        "visit_authority",
    ):
        parts = str(getattr(rule, name)).split("^")
        if len(parts) not in (1, 3) or (len(parts) == 3 and not (parts[1] and parts[2])):
            raise ProfileError(f"{where}: hl7.{name} is written NAME or NAME^OID^ISO")
        if len(parts) == 3 and parts[2] == "ISO" and not _OID.fullmatch(parts[1]):
            raise ProfileError(f"{where}: the second part of hl7.{name} is not an OID")
    if rule.document_oid and not _OID.fullmatch(rule.document_oid):
        raise ProfileError(f"{where}: hl7.document_oid is not an OID")
    if rule.embedded_bytes < 0:
        raise ProfileError(f"{where}: hl7.embedded_bytes must not be negative")
    if rule.carry != "embedded" and not rule.reference_prefix:
        raise ProfileError(f"{where}: hl7.reference_prefix is needed where files are referenced")
    if rule.carry == "by_size" and not rule.embedded_bytes:
        raise ProfileError(f"{where}: hl7.carry by_size needs hl7.embedded_bytes")


def _check_ccda(where: str, rule: CcdaRule) -> None:
    if not rule.custodian_name.strip():
        raise ProfileError(f"{where}: ccda.custodian_name is needed: CDA names who keeps the documents")
    for name in ("custodian_oid", "document_oid", "type_oid", "visit_oid"):
        if (oid := getattr(rule, name)) and not _OID.fullmatch(oid):
            raise ProfileError(f"{where}: ccda.{name} is not an OID")


def _check_dicom(where: str, target: Target) -> None:
    if target.document.content == "tiff":
        raise ProfileError(f"{where}: DICOM wraps PDF: document.content is pdf or small")
    if target.dicom.type_scheme and not re.fullmatch(r"99[A-Z0-9_]{1,14}", target.dicom.type_scheme):
        raise ProfileError(f"{where}: dicom.type_scheme is 99 and at most 14 capitals, like 99GENERAL")
    if target.target.transport == "dimse":
        _check_dimse(where, target.dicom)


def _check_dimse(where: str, rule: DicomRule) -> None:
    if not rule.host.strip() or not 1 <= rule.port <= 65535:
        raise ProfileError(f"{where}: dicom.host is needed, and dicom.port is 1 to 65535")
    for name in ("called_title", "calling_title"):
        if not re.fullmatch(r"[ -\[\]-~]{1,16}", title := getattr(rule, name)) or not title.strip():
            raise ProfileError(f"{where}: dicom.{name} is 1 to 16 plain characters without backslash")
    if not rule.tls and not _HERE.fullmatch(rule.host) and not rule.allow_plain:
        raise ProfileError(f"{where}: dicom.tls must be on beyond this machine (or set dicom.allow_plain)")


def _check_mllp(where: str, target: Target) -> None:
    rule = target.mllp
    if not rule.host.strip():
        raise ProfileError(f"{where}: mllp.host is needed")
    if not 1 <= rule.port <= 65535 or rule.connect_seconds <= 0 or rule.most_answer_bytes < 1024:
        raise ProfileError(f"{where}: mllp.port, connect_seconds or most_answer_bytes is out of range")
    is_here = re.fullmatch(r"localhost|127(\.[0-9]{1,3}){3}|::1", rule.host)
    if not rule.tls and not is_here and not rule.allow_plain:
        raise ProfileError(f"{where}: mllp.tls must be on beyond this machine (or set mllp.allow_plain)")
    folder = target.hl7.reference_folder
    if target.hl7.carry != "embedded" and not PurePath(folder or ".").is_absolute():
        raise ProfileError(f"{where}: hl7.reference_folder is needed where files are referenced: a full path")
