"""What is written down beside a document: record, words, text, manifest.

Promises: equal input gives equal bytes; `read_record` and `read_words` accept
every format up to their own and ignore members they do not know; together the
files rebuild the catalog's row and the search index. Pure: bytes in and out.
Leaves out: where the files lie (paths.py) and that they last (store).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from scanindex.errors import IntegrityError, SchemaTooNew
from scanindex.filing import paths
from scanindex.model import (
    Barcode,
    Document,
    PageKind,
    PageQuality,
    PageReading,
    Patient,
    Scan,
    TextSource,
)

RECORD_FORMAT = 1
WORDS_FORMAT = 1
MAX_WORDS_BYTES = 1 << 30
"""Unpacked words of one document; a bound against a damaged or planted file."""

_MANIFEST_NAMES = frozenset((*paths.DOCUMENT_FILES, *paths.OPTIONAL_FILES))

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTextSource:
    """Where a text came from that was not chosen; the text itself stands in the words file."""

    source: str
    reason: str
    effort: str = ""
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """A page as the record keeps it: everything about its reading but the words."""

    scan_page_no: int
    kind: PageKind
    width_px: int
    height_px: int
    dpi: float | None
    rotation_degrees: int
    quality: PageQuality
    text_source: TextSource
    engines: tuple[str, ...]
    problems: tuple[str, ...] = ()
    barcodes: tuple[Barcode, ...] = ()
    word_count: int = 0
    effort: str = ""
    read_at: datetime | None = None
    other_texts: tuple[OtherTextSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """record.json: one version of a document, whole."""

    format: int = RECORD_FORMAT
    document: Document
    patient: Patient | None = field(repr=False)
    scan: Scan = field(repr=False)
    pages: tuple[RecordPage, ...]
    renditions: tuple[str, ...] = ()
    small: StoredFile | None = None
    """document-small.pdf, where the setting asked for it."""
    written_at: datetime
    software: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _WordsFile:
    format: int
    pages: tuple[PageReading, ...]


def record_json(
    document: Document,
    patient: Patient | None,
    scan: Scan,
    readings: Sequence[PageReading],
    now: datetime,
    renditions: Sequence[str] = (),
    software: str = "",
    small: StoredFile | None = None,
) -> bytes:
    """The record of a document as UTF-8 JSON; `readings` one per page of the document, in its order."""
    record = Record(
        document=document,
        patient=patient,
        scan=scan,
        pages=tuple(_record_page(reading) for reading in readings),
        renditions=tuple(renditions),
        small=small,
        written_at=now,
        software=software,
    )
    value = json.loads(msgspec.json.encode(record))
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def read_record(data: bytes) -> Record:
    """Raises SchemaTooNew for a later format, IntegrityError for what is no record."""
    return _decode(data, Record, RECORD_FORMAT)


def words_gz(readings: Sequence[PageReading]) -> bytes:
    """words.json.gz: no time, no file name inside, so equal readings give equal bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=6, mtime=0) as stream:
        stream.write(msgspec.json.encode(_WordsFile(format=WORDS_FORMAT, pages=tuple(readings))))
    return packed.getvalue()


def read_words(data: bytes) -> tuple[PageReading, ...]:
    """The readings back. Raises SchemaTooNew, IntegrityError."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            plain = stream.read(MAX_WORDS_BYTES + 1)
    except (OSError, EOFError) as error:
        raise IntegrityError("the words file cannot be unpacked") from error
    if len(plain) > MAX_WORDS_BYTES:
        raise IntegrityError("the words file is larger than any document")
    return _decode(plain, _WordsFile, WORDS_FORMAT).pages


def text_of(readings: Sequence[PageReading]) -> str:
    """Page texts with a form feed between pages; a form feed inside a word becomes a blank."""
    return "\f".join(reading.text.replace("\f", " ") for reading in readings)


def manifest_of(files: Mapping[str, str]) -> bytes:
    """File name to SHA-256 as `sha256sum --check` reads it."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items())).encode("ascii")


def read_manifest(data: bytes) -> dict[str, str]:
    """Inverse of `manifest_of`. Raises IntegrityError; names with a folder in them are refused."""
    result: dict[str, str] = {}
    for line in data.decode("ascii", "replace").splitlines():
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or "/" in name or name not in _MANIFEST_NAMES:
            raise IntegrityError("the manifest is not in its format")
        result[name] = digest
    return result


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _record_page(reading: PageReading) -> RecordPage:
    return RecordPage(
        scan_page_no=reading.scan_page_no,
        kind=reading.kind,
        width_px=reading.width_px,
        height_px=reading.height_px,
        dpi=reading.dpi,
        rotation_degrees=reading.rotation_degrees,
        quality=reading.quality,
        text_source=reading.text_source,
        engines=reading.engines,
        problems=reading.problems,
        barcodes=reading.barcodes,
        word_count=len(reading.words),
        effort=reading.effort,
        read_at=reading.read_at,
        other_texts=tuple(
            OtherTextSource(source=o.source, reason=o.reason, effort=o.effort, read_at=o.read_at)
            for o in reading.other_texts
        ),
    )


def _decode(data: bytes, cls: type[T], newest: int) -> T:
    try:
        head: Any = msgspec.json.decode(data)
        number = head.get("format") if isinstance(head, dict) else None
        if isinstance(number, int) and number > newest:
            raise SchemaTooNew(f"format {number}, this program knows {newest}")
        return msgspec.json.decode(data, type=cls)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError("a record of the archive is not in its format") from error
