"""Facts about index files: columns as the profile wants them, nothing lost, nothing executed."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ExportRecord, Parcel, SentType
from scanindex.ehr import manifest_columns
from scanindex.ehr.manifest import ManifestForm
from scanindex.ehr.parts import chunks
from scanindex.errors import ConfigError
from scanindex.model import PersonName
from scanindex.target_profile import ManifestRule, Target, parse_target
from tests.ehr import records

HEAD = '[target]\nrecipient = "Springfield General"\n'


def target(text: str = "") -> Target:
    return parse_target("springfield", HEAD + text)


def written(made: Target, *given: ExportRecord) -> str:
    ((_, pieces),) = ManifestForm(made).closing(Parcel(name="p", number=1, records=given))
    return b"".join(chunks(pieces)).decode(made.manifest.encoding)


def rows(made: Target, *given: ExportRecord, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(made, *given), newline=""), delimiter=delimiter))


def codes(made: Target, given: ExportRecord) -> list[str]:
    return [p.code for p in ManifestForm(made).problems(given)]


def named(record: ExportRecord, last: str) -> ExportRecord:
    return dataclasses.replace(
        record,
        patient=dataclasses.replace(record.patient, names=(PersonName(last=last, first="Ann"),)),
        author=last,
        title=last,
    )


def test_every_neutral_column_is_there(tmp_path: Path) -> None:
    (row,) = rows(target(), records.record(tmp_path))

    assert set(row) == set(manifest_columns.ALL)
    assert (row["patient_id"], row["service_date"], row["action"]) == ("00123456", "1998-10-02", "new")
    assert row["file_path"] == f"documents/{row['file_name']}"


@pytest.mark.parametrize("value", [v for v in records.HOSTILE if "\x00" not in v])
def test_a_hostile_value_comes_back_as_it_was(tmp_path: Path, value: str) -> None:
    """One leading apostrophe taken away, as the guide says."""
    (row,) = rows(target(), named(records.record(tmp_path), value))

    assert row["last"].removeprefix("'") == value
    assert codes(target(), named(records.record(tmp_path), value)) == []


@pytest.mark.parametrize("value", [*records.HOSTILE, "@SUM(A1)", "\t=1", "'=1", "\uff1d1+1"])
def test_no_cell_starts_a_formula(tmp_path: Path, value: str) -> None:
    (row,) = rows(target(), named(records.record(tmp_path), value))

    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))]


def test_a_value_that_the_encoding_lacks_holds_the_document(tmp_path: Path) -> None:
    made = target('[manifest]\nencoding = "cp1252"\n')

    assert codes(made, named(records.record(tmp_path), "Łuczak")) == ["value_not_representable"]
    assert codes(made, named(records.record(tmp_path), "Müller")) == []


WEBCHART = """
[manifest]
delimiter = "pipe"
date_format = "MM/DD/YYYY"
partial_dates = "first_day"
[[manifest.columns]]
name = "Patient ID"
source = "patient_id"
needed = true
[[manifest.columns]]
name = "Interface"
value = "SCANS"
[[manifest.columns]]
name = "Document Type"
source = "doc_type_local"
width = 10
upper = true
[[manifest.columns]]
name = "Service Date"
source = "service_date"
[[manifest.columns]]
name = "Storage Type"
value = "17"
[types.progress_note]
code = "prognote"
columns = { "Storage Type" = "7" }
"""


def with_code(record: ExportRecord, code: str = "prognote") -> ExportRecord:
    return dataclasses.replace(record, type=dataclasses.replace(record.type, local=code))


def test_a_profile_chooses_names_order_constants_and_dates(tmp_path: Path) -> None:
    text = written(target(WEBCHART), with_code(records.record(tmp_path, service_date="1998-03")))

    assert text == (
        "Patient ID|Interface|Document Type|Service Date|Storage Type\r\n"
        "00123456|SCANS|PROGNOTE|03/01/1998|7\r\n"
    )


def test_a_value_longer_than_its_column_holds_the_document(tmp_path: Path) -> None:
    assert codes(target(WEBCHART), with_code(records.record(tmp_path), "progress note")) == ["value_too_long"]


def test_an_index_without_ids_of_replaced_documents_cannot_correct(tmp_path: Path) -> None:
    made = with_code(records.record(tmp_path, action=Action.REPLACE, replaces="x-1"))

    assert codes(target(WEBCHART), made) == ["form_cannot_replace"]


@pytest.mark.parametrize(
    ("rule", "iso", "wanted"),
    [
        ({}, "1998-03-02", "1998-03-02"),
        ({}, "1998", "1998"),
        ({"partial_dates": "empty"}, "1998-03", ""),
        ({"partial_dates": "first_day"}, "1998", "1998-01-01"),
        ({"date_format": "DD.MM.YYYY"}, "1998-03-02", "02.03.1998"),
        ({"date_format": "YYYYMMDD", "partial_dates": "first_day"}, "1998-03", "19980301"),
    ],
)
def test_dates_are_never_more_exact_than_the_profile_says(rule: Any, iso: str, wanted: str) -> None:
    from scanindex.ehr.manifest import written_date

    assert written_date(iso, dataclasses.replace(ManifestRule(), **rule)) == wanted


def test_tagged_fields_stand_one_a_line(tmp_path: Path) -> None:
    made = target(
        '[manifest]\nlayout = "tagged"\nline_end = "lf"\n[[manifest.columns]]\nname = ">>MRN"\n'
        'source = "patient_id"\n[[manifest.columns]]\nname = ">>FullPath"\nsource = "file_path"\n'
    )

    assert written(made, records.record(tmp_path)).splitlines() == [
        "BEGIN:",
        ">>MRN: 00123456",
        ">>FullPath: documents/4uobb7qkxw3z5c2m7ray-1.pdf",
        "END:",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[manifest]\ndelimiter = "!"\n',
        '[manifest]\nindex_name = "../x"\n',
        '[manifest]\ndate_format = "MM/YY"\n',
        "[manifest]\nnonsense = 1\n",
    ],
)
def test_an_impossible_profile_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        target(text)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError):
        ManifestForm(target('[[manifest.columns]]\nname = "A"\nsource = "shoe_size"\n'))


__all__ = ["SentType"]
