"""A whole list of results as rows for a spreadsheet or another program.

Cells never start a formula when a spreadsheet opens them; the file is readable by its
owner only and appears under its name when it is whole. Everything in it is patient data.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from scanindex.errors import transient
from scanindex.find import FoundDocument

_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # full-width ones count too
_SNIPPET = "snippet"


def document_row(found: FoundDocument) -> dict[str, Any]:
    """One document: who, what, when, and its matching pages."""
    document, patient = found.document, found.patient
    return {
        "patient": patient.display_name if patient else None,
        "mrn": patient.mrn if patient else None,
        "birth_date": patient.birth_date if patient else None,
        "document_type": document.document_type,
        "service_date": document.service_date,
        "provider": document.fields.provider,
        "facility": document.fields.facility,
        "sensitivity": list(document.sensitivity),
        "filed_at": document.filed_at.isoformat(timespec="seconds") if document.filed_at else None,
        "is_look_alike": found.is_look_alike,
        "document_id": document.document_id,
        "version": document.version,
        "patient_id": document.patient_id,
        "pages_total": found.pages_total,
        "pages": sorted(hit.page_no for hit in found.hits),
        _SNIPPET: found.hits[0].snippet if found.hits else None,
    }


def page_rows(found: FoundDocument) -> Iterator[dict[str, Any]]:
    """One row per matching page that was brought."""
    about = {k: v for k, v in document_row(found).items() if k not in ("pages", _SNIPPET)}
    for hit in sorted(found.hits, key=lambda h: h.page_no):
        yield {**about, "page_no": hit.page_no, "is_look_alike": hit.is_look_alike, _SNIPPET: hit.snippet}


def rows(found: Iterable[FoundDocument], *, per_page: bool) -> Iterator[dict[str, Any]]:
    for one in found:
        if per_page:
            yield from page_rows(one)
        else:
            yield document_row(one)


def write_csv(target: Path, lines: Iterable[Mapping[str, Any]]) -> int:
    """Rows into `target` (UTF-8 with a mark that spreadsheets know it by); returns how many."""
    with _private(target) as stream:
        stream.write("\ufeff")
        return _csv(stream, lines)


def csv_lines(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The same file in pieces, for whoever sends it as it comes; a list of nothing is an empty file."""
    for number, line in enumerate(lines):
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        if not number:
            buffer.write("\ufeff")
            writer.writerow(line)
        writer.writerow([safe_cell(value) for value in line.values()])
        yield buffer.getvalue()


def json_lines(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Rows as one JSON array in pieces, a line each."""
    lead = "[\n "
    for line in lines:
        yield lead + json.dumps(line, ensure_ascii=False)
        lead = ",\n "
    yield "\n]\n" if lead[0] == "," else "[\n]\n"


def write_json(stream: TextIO, lines: Iterable[Mapping[str, Any]]) -> int:
    """Rows as one JSON array, a line each, without holding them all; returns how many."""
    count = 0
    stream.write("[")
    for line in lines:
        stream.write((",\n " if count else "\n ") + json.dumps(line, ensure_ascii=False))
        count += 1
    stream.write("\n]\n")
    return count


def safe_cell(value: Any) -> str:
    """The value as text that no spreadsheet takes for a formula (OWASP, "CSV Injection")."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        value = " ".join(str(part) for part in value)
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return f"'{text}" if str(value).startswith(_FORMULA_STARTS) or text.startswith(_FORMULA_STARTS) else text


def _csv(stream: TextIO, lines: Iterable[Mapping[str, Any]]) -> int:
    writer, count = csv.writer(stream), 0
    for count, line in enumerate(lines, start=1):
        if count == 1:
            writer.writerow(line)
        writer.writerow([safe_cell(value) for value in line.values()])
    return count  # a list of nothing is an empty file


@contextlib.contextmanager
def _private(target: Path) -> Iterator[TextIO]:
    """A new file beside `target`, mode 0600, that takes its place once it is whole."""
    try:
        handle, name = tempfile.mkstemp(prefix=".scanindex-", dir=target.absolute().parent)
        partial = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise transient(error) from None
