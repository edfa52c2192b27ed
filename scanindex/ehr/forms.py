"""What a form must give so that `folder.FolderSink` can write it as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from scanindex.delivery_model import ExportRecord, Parcel, Problem
from scanindex.ehr.parts import Part

NamedParts = tuple[str, Sequence[Part]]
"""A file: its name relative to the parcel (forward slashes, says nothing about anybody), and its bytes."""


class FileForm(Protocol):
    """Pure: equal records give equal bytes. Nothing is read but the document's own file."""

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        """What of this record the form, or the receiver by its profile, cannot take; () if nothing."""

    def files(self, record: ExportRecord) -> Iterator[NamedParts]:
        """The files of one record, none of them for a record that only stands in the closing files."""

    def closing(self, parcel: Parcel) -> Iterator[NamedParts]:
        """Files about the whole parcel, written last: index, counts, hashes."""
