"""An index file and one file per document: what document stores and import jobs take in bulk.

Comma, pipe or tab separated (RFC 4180 quoting) or tagged fields (as OnBase DIP reads them); columns,
their names, order, widths and constants, dates, encoding and line ends are the profile's. Promises:
one row per record, in order; no value is cut unless the profile says so; with `formula_guard` no
cell starts a formula when a spreadsheet opens it, and taking one leading apostrophe away gives the
value back. A row of a cancellation names no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanindex.delivery_model import Action, ExportRecord, Parcel, Problem
from scanindex.ehr import fhir_checks as checks
from scanindex.ehr import manifest_columns as neutral
from scanindex.ehr.forms import NamedParts
from scanindex.ehr.parts import content_part
from scanindex.errors import ProfileError
from scanindex.target_profile import ManifestColumn, ManifestRule, Target

PROBLEMS: Mapping[str, str] = {
    "value_needed": "A column that the profile needs is empty for this document.",
    "value_too_long": "A value is longer than its column (manifest.columns.width); nothing is cut.",
    "value_not_representable": "A value has characters that manifest.encoding or manifest.quoting does not "
    "allow, or a NUL, or is the word for nothing (manifest.empty).",
    "path_too_long": "The path of the file, with manifest.path_prefix, is longer than 255 characters.",
    "no_number": "The patient has no number of the receiver's authority.",
    "no_content": "There is no file to send.",
    "empty_file": "The file has no bytes.",
    "other_media_type": "The file is not what its media type says.",
    "formula": "A value starts like a formula and manifest.formula_guard is refuse.",
    "form_cannot_replace": "The profile has no columns action and replaces_external_id.",
    "form_cannot_cancel": "The profile has no columns action and replaces_external_id.",
}
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20'")
"""The apostrophe too, so that taking one away always gives the value back."""
_DELIMITERS = {"comma": ",", "pipe": "|", "tab": "\t", "semicolon": ";"}
_ENDS = {"crlf": "\r\n", "lf": "\n"}
_LONGEST_PATH = 255
_A_PACKAGE = "x" * 60
"""As long as names of packages get: it is not known yet where problems are looked for."""


class ManifestForm:
    """See `forms.FileForm`."""

    def __init__(self, target: Target) -> None:
        """Raises ProfileError for a column with an unknown source."""
        self._target, self._rule = target, target.manifest
        self._columns = target.manifest.columns or tuple(
            ManifestColumn(name=name, source=name) for name in neutral.ALL
        )
        sources = {column.source for column in self._columns}
        if unknown := sorted(sources - {"", *neutral.ALL}):
            raise ProfileError(f"targets/{target.name}.toml: manifest.columns: no source {unknown[0]!r}")
        self._special = re.compile(f'[{_DELIMITERS[self._rule.delimiter]}"\r\n]')
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
        if self._rule.header:
            yield self._row([column.name for column in self._columns])
        for record in parcel.records:
            yield self._row([self._cell(record, column, parcel.name) for column in self._columns])
        if self._rule.trailer_row:
            total = sum(r.content.size_bytes for r in parcel.records if r.content)
            yield self._row(["TRAILER", str(len(parcel.records)), str(total)])

    def _row(self, cells: Sequence[str]) -> str:
        delimiter = _DELIMITERS[self._rule.delimiter]
        return delimiter.join(self._quoted(cell) for cell in cells) + _ENDS[self._rule.line_end]

    def _quoted(self, cell: str) -> str:
        """Blanks around a value are quoted too: some readers drop bare ones."""
        is_bare = self._rule.quoting == "needed" and self._is_plain(cell) and cell == cell.strip()
        if is_bare or self._rule.quoting == "never":
            return cell
        return '"' + cell.replace('"', '""') + '"'

    def _is_plain(self, cell: str) -> bool:
        return self._special.search(cell) is None

    def _tagged(self, parcel: Parcel) -> Iterator[str]:
        end = _ENDS[self._rule.line_end]
        for record in parcel.records:
            yield f"BEGIN:{end}"
            for column in self._columns:
                yield f"{column.name}: {_on_one_line(self._cell(record, column, parcel.name))}{end}"
            yield f"END:{end}"

    def _cell(self, record: ExportRecord, column: ManifestColumn, package: str) -> str:
        text = self._value(record, column, package) or self._rule.empty
        is_formula = self._rule.formula_guard == "apostrophe" and text.startswith(_FORMULA)
        return f"'{text}" if is_formula else text

    def _value(self, record: ExportRecord, column: ManifestColumn, package: str) -> str:
        """As the column wants it, before it is guarded; "" where there is none."""
        given = self._target.types.get(record.type.key)
        if given is not None and column.name in given.columns:
            text = given.columns[column.name]
        elif column.source:
            text = self._neutral(record, column.source, package)
        else:
            text = column.value
        text = text.upper() if column.upper else text
        text = _on_one_line(text) if self._rule.newlines == "blank" else text
        return text[: column.width] if column.cut else text

    def _neutral(self, record: ExportRecord, source: str, package: str) -> str:
        if source == neutral.FILE_PATH:
            return self._told_path(record, package) if record.content else ""
        if source == neutral.FILE_NAME:
            return record.content.file_name if record.content else ""
        text = neutral.COLUMNS[source](record)
        is_date = source in neutral.DATES or source in neutral.MOMENTS
        return written_date(text, self._rule) if is_date and text else text

    def _path(self, record: ExportRecord) -> str:
        assert record.content is not None  # only asked where there is one
        return f"{self._rule.files_folder}/{record.content.file_name}".lstrip("/")

    def _told_path(self, record: ExportRecord, package: str) -> str:
        """As the receiver finds it."""
        path = self._path(record)
        path = path.replace("/", "\\") if self._rule.path_separator == "backslash" else path
        return self._rule.path_prefix.replace("{package}", package) + path

    # --- what is wrong ----------------------------------------------------------------------
    def _codes(self, record: ExportRecord) -> Iterator[str]:
        if record.action is Action.REPLACE and not self._tells_corrections:
            yield "form_cannot_replace"
        if record.action is Action.CANCEL and not self._tells_corrections:
            yield "form_cannot_cancel"
        yield from _of_content(record)
        if not any(one.is_main for one in record.patient.identifiers):
            yield "no_number"  # and no row can be made
            return
        if record.content and len(self._told_path(record, _A_PACKAGE)) > _LONGEST_PATH:
            yield "path_too_long"
        for column in self._columns:
            yield from self._of_cell(record, column)

    def _of_cell(self, record: ExportRecord, column: ManifestColumn) -> Iterator[str]:
        text, cell = self._value(record, column, _A_PACKAGE), self._cell(record, column, _A_PACKAGE)
        if column.needed and not text.strip() and record.action is not Action.CANCEL:
            yield "value_needed"
        if column.width and len(cell) > column.width:
            yield "value_too_long"
        is_word = bool(text) and text == self._rule.empty
        is_split = self._rule.quoting == "never" and self._rule.layout == "table" and not self._is_plain(cell)
        if is_word or is_split or "\x00" in cell or not _fits(cell, self._rule.encoding):
            yield "value_not_representable"
        if self._rule.formula_guard == "refuse" and text.startswith(_FORMULA[:-1]):
            yield "formula"


def _of_content(record: ExportRecord) -> Iterator[str]:
    content = record.content
    if content is None:
        if record.action is not Action.CANCEL:
            yield "no_content"
        return
    if content.size_bytes <= 0:
        yield "empty_file"
    elif not checks.is_of_type(content):
        yield "other_media_type"


def _on_one_line(text: str) -> str:
    """Line breaks as blanks."""
    return " ".join(text.splitlines())


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
