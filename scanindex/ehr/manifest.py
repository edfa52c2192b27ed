"""An index file and one file per document: what document stores and import jobs take in bulk.

Comma, pipe or tab separated (RFC 4180 quoting) or tagged fields (as OnBase DIP reads them); columns,
their names, order, widths and constants, dates, encoding and line ends are the profile's. Promises:
one row per record, in order; no value is cut silently; with `formula_guard` no cell starts a formula
when a spreadsheet opens it, and taking one leading apostrophe away gives the value back. A row of a
cancellation names no file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from scanindex.delivery_model import Action, ExportRecord, Parcel, Problem
from scanindex.ehr import manifest_columns as neutral
from scanindex.ehr.forms import NamedParts
from scanindex.ehr.parts import content_part
from scanindex.errors import ConfigError
from scanindex.target_profile import ManifestColumn, ManifestRule, Target

PROBLEMS: Mapping[str, str] = {
    "value_needed": "A column that the profile needs is empty for this document.",
    "value_too_long": "A value is longer than its column (manifest.columns.width); nothing is cut.",
    "value_not_representable": "A value has characters that manifest.encoding lacks, or a NUL.",
    "formula": "A value starts like a formula and manifest.formula_guard is refuse.",
    "form_cannot_replace": "The profile has no columns action and replaces_external_id.",
    "form_cannot_cancel": "The profile has no columns action and replaces_external_id.",
}
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20'")
"""The apostrophe too, so that taking one away always gives the value back."""
_DELIMITERS = {"comma": ",", "pipe": "|", "tab": "\t", "semicolon": ";"}
_ENDS = {"crlf": "\r\n", "lf": "\n"}


class ManifestForm:
    """See `forms.FileForm`."""

    def __init__(self, target: Target) -> None:
        """Raises ConfigError for a column with an unknown source."""
        self._target, self._rule = target, target.manifest
        self._columns = target.manifest.columns or tuple(
            ManifestColumn(name=name, source=name) for name in neutral.ALL
        )
        sources = {column.source for column in self._columns}
        if unknown := sorted(sources - {"", *neutral.ALL}):
            raise ConfigError(f"targets/{target.name}.toml: manifest.columns: no source {unknown[0]!r}")
        self._tells_corrections = {"action", "replaces_external_id"} <= sources

    def problems(self, record: ExportRecord) -> Sequence[Problem]:
        return tuple(Problem(code=c, text=PROBLEMS[c]) for c in dict.fromkeys(self._codes(record)))

    def files(self, record: ExportRecord) -> Iterator[NamedParts]:
        if record.content is not None:
            yield self._path(record), [content_part(record.content, in_base64=False)]

    def closing(self, parcel: Parcel) -> Iterator[NamedParts]:
        text = "".join(self._tagged(parcel) if self._rule.layout == "tagged" else self._table(parcel))
        yield self._rule.index_name, [text.encode(self._rule.encoding)]

    # --- rows ------------------------------------------------------------------------------
    def _table(self, parcel: Parcel) -> Iterator[str]:
        buffer = io.StringIO(newline="")
        writer = csv.writer(
            buffer, delimiter=_DELIMITERS[self._rule.delimiter], lineterminator=_ENDS[self._rule.line_end]
        )
        if self._rule.header:
            writer.writerow([column.name for column in self._columns])
        for record in parcel.records:
            writer.writerow([self._cell(record, column) for column in self._columns])
        if self._rule.trailer_row:
            total = sum(r.content.size_bytes for r in parcel.records if r.content)
            writer.writerow(["TRAILER", str(len(parcel.records)), str(total)])
        yield buffer.getvalue()

    def _tagged(self, parcel: Parcel) -> Iterator[str]:
        end = _ENDS[self._rule.line_end]
        for record in parcel.records:
            yield f"BEGIN:{end}"
            for column in self._columns:
                yield f"{column.name}: {' '.join(self._cell(record, column).split())}{end}"
            yield f"END:{end}"

    def _cell(self, record: ExportRecord, column: ManifestColumn) -> str:
        text = self._value(record, column)
        is_formula = self._rule.formula_guard == "apostrophe" and text.startswith(_FORMULA)
        return f"'{text}" if is_formula else text

    def _value(self, record: ExportRecord, column: ManifestColumn) -> str:
        given = self._target.types.get(record.type.key)
        if given is not None and column.name in given.columns:
            text = given.columns[column.name]
        elif column.source:
            text = self._neutral(record, column.source)
        else:
            text = column.value
        text = text.upper() if column.upper else text
        text = " ".join(text.splitlines()) if self._rule.newlines == "blank" else text
        return text or self._rule.empty

    def _neutral(self, record: ExportRecord, source: str) -> str:
        if source == neutral.FILE_PATH:
            path = self._path(record) if record.content else ""
            return self._rule.path_prefix + path if path else ""
        if source == neutral.FILE_NAME:
            return record.content.file_name if record.content else ""
        text = neutral.COLUMNS[source](record)
        is_date = source in neutral.DATES or source in neutral.MOMENTS
        return written_date(text, self._rule) if is_date and text else text

    def _path(self, record: ExportRecord) -> str:
        assert record.content is not None  # only asked where there is one
        return f"{self._rule.files_folder}/{record.content.file_name}".lstrip("/")

    # --- what is wrong ----------------------------------------------------------------------
    def _codes(self, record: ExportRecord) -> Iterator[str]:
        if record.action is Action.REPLACE and not self._tells_corrections:
            yield "form_cannot_replace"
        if record.action is Action.CANCEL and not self._tells_corrections:
            yield "form_cannot_cancel"
        for column in self._columns:
            text = self._value(record, column)
            if column.needed and text == self._rule.empty and record.action is not Action.CANCEL:
                yield "value_needed"
            if column.width and len(text) > column.width:
                yield "value_too_long"
            if "\x00" in text or not _fits(text, self._rule.encoding):
                yield "value_not_representable"
            if self._rule.formula_guard == "refuse" and text.startswith(_FORMULA[:-1]):
                yield "formula"


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


_PARTS = re.compile(r"YYYY|MM|DD")


def written_date(iso: str, rule: ManifestRule) -> str:
    """A civil date, maybe partial, as the profile wants it; never more exact than it is known, unless
    the profile says which day stands for a month or year."""
    if len(iso) < len("1998-03-02"):
        if rule.partial_dates == "as_known":
            return iso
        if rule.partial_dates == "empty":
            return ""
        iso = f"{iso}-01-01"[: len("1998-03-02")] if len(iso) == len("1998") else f"{iso}-01"
    year, month, day = iso.split("-")
    known = {"YYYY": year, "MM": month, "DD": day}
    return _PARTS.sub(lambda found: known[found[0]], rule.date_format)
