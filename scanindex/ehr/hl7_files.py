"""HL7 messages as files, for receivers whose interface engine reads a folder (`folder.FolderSink`).

Source: HL7 v2.5.1 chapter 2 (2.10.3 batch protocol, 2.15 FHS, BHS, BTS, FTS). One batch file a package with
counts in its trailers, or one file a message. Referenced documents lie in `documents/`, whose content
belongs where `hl7.reference_prefix` points. Pure and streaming, as all forms.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from scanindex.delivery_model import ExportRecord, Parcel, Problem
from scanindex.ehr import hl7_fields as fields
from scanindex.ehr import hl7_message, hl7_problems, mdm, oru
from scanindex.ehr.forms import NamedParts
from scanindex.ehr.parts import Part, content_part
from scanindex.hl7 import er7
from scanindex.hl7.answers import timestamp
from scanindex.target_profile import Hl7Rule, Target

_LINE_ENDS = {"cr": b"\r", "crlf": b"\r\n", "lf": b"\n"}
_DOCUMENTS = "documents"


class Hl7Form:
    """`forms.FileForm` of the formats mdm and oru."""

    def __init__(self, target: Target) -> None:
        self._rule = target.hl7
        self._render = oru.parts if target.target.format == "oru" else mdm.parts

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return hl7_problems.problems(record, self._rule, self._render)

    def message(self, record: ExportRecord) -> list[Part]:
        """One message with CR behind each segment, as it goes over a line. Raises MalformedMessage."""
        return self._render(record, self._rule)

    def files(self, record: ExportRecord) -> Iterator[NamedParts]:
        if record.content and hl7_message.is_referenced(record.content, self._rule):
            name = f"{_DOCUMENTS}/{record.content.file_name}"
            yield name, [content_part(record.content, in_base64=False)]
        if self._rule.files == "each":
            yield f"{record.external_id}.hl7", self._ended(self.message(record))

    def closing(self, parcel: Parcel) -> Iterator[NamedParts]:
        if self._rule.files == "batch":
            yield f"{parcel.name}.hl7", self._ended(self._batch(parcel))

    def _batch(self, parcel: Parcel) -> Iterator[Part]:
        made = max((record.created_at for record in parcel.records), default=None)
        yield _encoded([_head(name, parcel, made, self._rule) for name in ("FHS", "BHS")], self._rule)
        for record in parcel.records:
            yield from self.message(record)
        count = str(len(parcel.records))
        yield _encoded([er7.segment("BTS", {1: count}), er7.segment("FTS", {1: "1"})], self._rule)

    def _ended(self, parts: Iterator[Part] | Sequence[Part]) -> list[Part]:
        """With the profile's line ends: no value holds a line end that is not escaped."""
        end = _LINE_ENDS[self._rule.line_ends]
        return [part.replace(b"\r", end) if isinstance(part, bytes) else part for part in parts]


def _head(name: str, parcel: Parcel, made: datetime | None, rule: Hl7Rule) -> str:
    """FHS or BHS: who to whom, when, and the package's name and id (fields 9 and 11)."""
    return hl7_message.segment(
        name,
        {
            3: fields.hierarchic(rule.sending_application),
            4: fields.hierarchic(rule.sending_facility),
            5: fields.hierarchic(rule.receiving_application),
            6: fields.hierarchic(rule.receiving_facility),
            7: timestamp(made) if made else None,
            9: f"{parcel.name}.hl7" if name == "FHS" else parcel.name,
            11: _control_id(name, parcel.name),
        },
        rule,
    )


def _control_id(name: str, parcel: str) -> str:
    """20 characters that stand for the package, the same on every resend."""
    made = hashlib.sha256(f"{name}\0{parcel}".encode()).digest()
    return base64.b32encode(made).decode("ascii")[:20]


def _encoded(lines: Sequence[str], rule: Hl7Rule) -> bytes:
    return er7.encode(lines, rule.charset)
