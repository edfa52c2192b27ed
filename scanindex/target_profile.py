"""What one receiver wants: a TOML file per target, read into values.

`targets/NAME.toml` in the workspace. Promises: unknown keys and impossible combinations are refused
by name of the key before anything is sent; secrets never stand in the file, only the names of the
environment variables that hold them. Leaves out rendering and sending (ehr/).
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from scanindex.errors import ConfigError

FOLDER = "targets"
FORMATS: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "manifest": ("folder", "zip"),
        "mdm": ("mllp", "folder"),
        "oru": ("mllp", "folder"),
        "fhir": ("http", "folder"),
        "mhd": ("http", "folder"),
        "ccda": ("folder",),
        "dicom": ("folder", "dimse"),
    }
)
"""Format to the ways in which it can be sent; docs/reference/target-profiles.md."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


def _doc(default: Any, text: str) -> Any:
    return field(default=default, metadata={"doc": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHead:
    """`[target]`: who receives, in what form, by what way."""

    format: str = _doc("manifest", "manifest, mdm, oru, fhir, mhd, ccda or dicom.")
    transport: str = _doc("folder", "folder, zip, mllp, http or dimse; what goes with which: see above.")
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
    parcel_documents: int = _doc(5_000, "Most documents in one package or file.")
    parcel_bytes: int = _doc(4 << 30, "Most bytes in one package.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRule:
    """`[manifest]`: the index file beside the documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hl7Rule:
    """`[hl7]`: messages MDM and ORU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MllpRule:
    """`[mllp]`: where HL7 messages are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirRule:
    """`[fhir]`: resources and bundles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRule:
    """`[http]`: where FHIR is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CcdaRule:
    """`[ccda]`: C-CDA unstructured documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomRule:
    """`[dicom]`: encapsulated PDF."""


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
    hl7: Hl7Rule = Hl7Rule()
    mllp: MllpRule = MllpRule()
    fhir: FhirRule = FhirRule()
    http: HttpRule = HttpRule()
    ccda: CcdaRule = CcdaRule()
    dicom: DicomRule = DicomRule()
    types: Mapping[str, TypeCode] = field(default_factory=dict)


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
    }
)


def sections() -> dict[str, type[Any]]:
    """Section name to its dataclass, in the order of `Target`."""
    hints = typing.get_type_hints(Target)
    return {f.name: hints[f.name] for f in dataclasses.fields(Target) if f.name not in ("name", "types")}


def names(home: Path) -> list[str]:
    """Targets of this workspace."""
    return sorted(p.stem for p in (home / FOLDER).glob("*.toml") if _NAME.fullmatch(p.stem))


def load_target(home: Path, name: str) -> Target:
    """Raises ConfigError naming the file and the key at fault."""
    if not _NAME.fullmatch(name):
        raise ConfigError("a target's name is made of a-z, 0-9 and -, like general-hospital")
    path = home / FOLDER / f"{name}.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        known = ", ".join(names(home)) or "none yet"
        raise ConfigError(f"there is no {FOLDER}/{name}.toml; there are: {known}") from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{FOLDER}/{name}.toml cannot be read") from None
    return parse_target(name, text)


def parse_target(name: str, text: str) -> Target:
    """The profile in `text`. Raises ConfigError."""
    where = f"{FOLDER}/{name}.toml"
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from None
    values = {key: _section(where, key, cls, raw.pop(key, {})) for key, cls in sections().items()}
    codes = {key: _section(where, f"types.{key}", TypeCode, v) for key, v in raw.pop("types", {}).items()}
    if raw:
        raise ConfigError(f"{where}: unknown section [{min(raw)}]")
    target = Target(name=name, types=codes, **values)
    _check(where, target)
    return target


def _section(where: str, name: str, cls: type[Any], table: Any) -> Any:
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: {name} must be a table, [{name}]")
    if unknown := sorted(set(table) - {f.name for f in dataclasses.fields(cls)}):
        raise ConfigError(f"{where}: unknown key {name}.{unknown[0]}")
    try:
        return msgspec.convert(table, cls)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: [{name}] {error}") from None


def _check(where: str, target: Target) -> None:
    for key, allowed in CHOICES.items():
        section, name = key.split(".")
        got = getattr(getattr(target, section), name)
        if got not in allowed:
            raise ConfigError(f"{where}: {key} is {got!r}; allowed: {', '.join(allowed)}")
    head = target.target
    if head.transport not in FORMATS[head.format]:
        ways = ", ".join(FORMATS[head.format])
        raise ConfigError(f"{where}: {head.format} goes by {ways}; target.transport is {head.transport!r}")
    if not head.recipient.strip():
        raise ConfigError(f"{where}: target.recipient is needed: the accounting of disclosures names it")
    for rule in target.types.values():
        if rule.kind not in ("", "note", "report", "admin"):
            raise ConfigError(f"{where}: kind of a type is note, report or admin")
