"""Reading a filed document's folder back: its words, its index pages, its fixity."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scanindex.errors import IntegrityError, StorageFailed, transient
from scanindex.filing import paths, record
from scanindex.model import IndexPage, PageReading, Patient


def read_words(folder: Path) -> tuple[PageReading, ...]:
    """The readings of the document's pages, in its order."""
    return record.read_words(_bytes(folder / paths.WORDS))


def read_record(folder: Path) -> record.Record:
    """Raises IntegrityError, SchemaTooNew."""
    return record.read_record(_bytes(folder / paths.RECORD))


def index_pages(folder: Path, patient: Patient | None = None) -> list[IndexPage]:
    """What the search index takes.

    patient: the person as the roster has them now, with names and numbers of records that
    were merged into theirs; None: as they stood when the document was filed.
    """
    kept = read_record(folder)
    document, scan = kept.document, kept.scan
    patient = patient or kept.patient
    names = patient.names if patient else ()
    return [
        IndexPage(
            document_id=document.document_id,
            version=document.version,
            page_no=page_no,
            text=" ".join(_token(word.text) for word in reading.words),
            patient_id=document.patient_id,
            patient_name=" ".join(
                " ".join(part for part in (n.last, n.first, n.middle, n.suffix) if part) for n in names
            ),
            mrns=tuple(i.value for i in patient.identifiers if i.type == "mrn") if patient else (),
            birth_date=patient.birth_date if patient else None,
            document_type=document.document_type,
            service_date=document.service_date,
            provider=document.fields.provider,
            facility=document.fields.facility,
            source=scan.preset.source,
            filed_at=document.filed_at or kept.written_at,
            sensitivity=document.sensitivity,
        )
        for page_no, reading in enumerate(read_words(folder), start=1)
    ]


def manifest_of(folder: Path) -> dict[str, str]:
    """File name to SHA-256, as they were filed. Raises IntegrityError, StorageFailed."""
    return record.read_manifest(_bytes(folder / paths.MANIFEST))


def damaged_files(folder: Path, *, hash_all: bool) -> list[str]:
    """Names of files that are missing, empty or (with `hash_all`) not what the manifest says."""
    try:
        manifest = record.read_manifest(_bytes(folder / paths.MANIFEST))
    except (IntegrityError, StorageFailed):
        return [paths.MANIFEST]
    bad = sorted(set(paths.DOCUMENT_FILES) - set(manifest))
    for name, digest in manifest.items():
        path = folder / name
        if not path.is_file() or (hash_all and _sha256(path) != digest):
            bad.append(name)
    return bad


def _token(text: str) -> str:
    """One token per word, whatever blanks an engine put inside, so that token n is word n."""
    return "".join(text.split()) or "\N{MIDDLE DOT}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise transient(error) from None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
