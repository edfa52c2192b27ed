"""Entering what happened into the ledger; the same for the pipeline and for a rebuild."""

from __future__ import annotations

from scanindex.audit_model import SourceRecord
from scanindex.certify.ledger import auto_filing
from scanindex.model import Document
from scanindex.ports import Unit


def seen(source: str, unit: Unit) -> None:
    """A source that something came through is listed from then on."""
    if unit.sources.get(source) is None:
        unit.sources.put(SourceRecord(source=source))


def enter(document: Document, unit: Unit) -> None:
    """A document just filed gets its line, if the machine decided it."""
    scan = unit.scans.get(document.scan_id)
    if scan is None:
        return
    line = auto_filing(document, scan, unit.filings.get(document.document_id))
    if line is not None:
        unit.filings.put(line)
