"""Where things lie in the archive and what they are called: pure, no I/O.

Promises: every path it builds is relative, stays inside its root whatever the
input says, and carries no patient data except in chart labels.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from scanindex.errors import NotFound
from scanindex.model import Document, DocumentId, Patient, ScanId

FORMAT_FILE = "FORMAT"
FORMAT_TEXT = "scanindex-archive 1\n"
FORMAT = 1

ORIGINALS = "originals"
DOCUMENTS = "documents"
EVENTS = "events"
CHARTS = "charts"
DAMAGED = "damaged"
READINGS = "readings"
TMP = "tmp"
DURABLE_FOLDERS = (ORIGINALS, DOCUMENTS, EVENTS, READINGS, DAMAGED)

DOCUMENT_PDF = "document.pdf"
WORDS = "words.json.gz"
TEXT = "text.txt"
RECORD = "record.json"
MANIFEST = "manifest-sha256.txt"
DOCUMENT_FILES = (DOCUMENT_PDF, RECORD, TEXT, WORDS)
"""What the manifest always covers, in its order."""
DOCUMENT_SMALL = "document-small.pdf"
OPTIONAL_FILES = (DOCUMENT_SMALL,)
"""What it covers where it is there."""

MAX_NAME_BYTES = 120

_SCAN_ID = re.compile(r"[0-9a-f]{64}")
_DOCUMENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_SPACES = re.compile(r"\s+")
_YEAR = re.compile(r"[0-9]{4}")


def original_path(scan_id: ScanId) -> PurePosixPath:
    """`originals/<ab>/<scan id>`. Raises NotFound for what is no SHA-256."""
    if not _SCAN_ID.fullmatch(scan_id):
        raise NotFound("not a scan id")
    return PurePosixPath(ORIGINALS, scan_id[:2], scan_id)


def reading_path(scan_id: ScanId, name: str) -> PurePosixPath:
    """`readings/<ab>/<scan id>/<name>.json.gz`. Raises NotFound for what is no SHA-256."""
    if not _SCAN_ID.fullmatch(scan_id) or not _SCAN_ID.fullmatch(name):
        raise NotFound("not the name of a reading")
    return PurePosixPath(READINGS, scan_id[:2], scan_id, f"{name}.json.gz")


def document_path(document_id: DocumentId) -> PurePosixPath:
    """`documents/<ab>/<document id>`, the folder of all versions. Raises NotFound for what is no id."""
    if not _DOCUMENT_ID.fullmatch(document_id):
        raise NotFound("not a document id")
    return PurePosixPath(DOCUMENTS, document_id[:2], document_id)


def version_path(document_id: DocumentId, version: int) -> PurePosixPath:
    """`documents/<ab>/<document id>/v0001`."""
    if version < 1:
        raise NotFound(f"version {version} of a document cannot be")
    return document_path(document_id) / f"v{version:04d}"


def safe_name(text: str, fallback: str = "_", max_bytes: int = MAX_NAME_BYTES) -> str:
    """A file or folder name that Windows, SMB and people can live with.

    NFC; controls, format characters (direction overrides, zero width) and
    surrogates dropped; forbidden signs become "-"; no leading or trailing dot
    or blank; reserved device names get a "_"; cut at a character to `max_bytes`
    of UTF-8. Source of the rules: Microsoft, "Naming Files, Paths, and
    Namespaces".
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(" " if c.isspace() else c for c in text if c.isspace() or not _is_hidden(c))
    text = _FORBIDDEN.sub("-", text)
    text = _SPACES.sub(" ", text).strip(" .")
    text = _cut(text, max_bytes - 1).rstrip(" .")
    if _RESERVED.fullmatch(text.split(".")[0].rstrip()):
        text = "_" + text
    return text or fallback


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _cut(text: str, max_bytes: int) -> str:
    return text.encode("utf-8")[:max_bytes].decode("utf-8", "ignore")


def folded(name: str) -> str:
    """Equal for names that a case-insensitive share would take for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())


def patient_label(patient: Patient) -> str:
    """`LAST, FIRST  MRN`: the folder of one person's chart.

    The identifier always survives the length cut, so that two people never
    share a label because their names are long.
    """
    identifier = patient.mrn or f"id {patient.patient_id}"
    tail = "  " + safe_name(identifier, max_bytes=40)
    name = patient.names[0] if patient.names else None
    label = ", ".join(part for part in (name.last, name.first) if part) if name else ""
    head = safe_name(label, fallback="unnamed", max_bytes=MAX_NAME_BYTES - len(tail.encode("utf-8")))
    return head.rstrip(" .") + tail


def year_label(service_date: str | None) -> str:
    """`1987`, or `undated`."""
    year = (service_date or "")[:4]
    return year if _YEAR.fullmatch(year) else "undated"


def document_label(document: Document) -> str:
    """`<date> <type> <short id>.pdf`: sorts by date, never collides thanks to the id."""
    date = document.service_date or "undated"
    kind = (document.document_type or "untyped").replace("_", " ")
    tail = f" {document.document_id[:8]}.pdf"
    return safe_name(f"{date} {kind}", max_bytes=MAX_NAME_BYTES - len(tail)) + tail
