"""Facts about index files: columns as the profile wants them, nothing lost, nothing executed."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanindex.delivery_model import Action, ExportRecord, Parcel
from scanindex.ehr import manifest_columns
from scanindex.ehr.manifest import ManifestForm
from scanindex.ehr.parts import chunks
from scanindex.errors import ConfigError
from scanindex.model import PersonName
from scanindex.target_file import parse_target
from scanindex.target_profile import ManifestRule, Target
from tests.ehr import records
from tests.ehr.peers.base import need_command

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
        '[[manifest.columns]]\nname = "A"\nsource = "title"\nvalue = "B"\n',
        '[manifest]\ncolumns = [{ name = "A", source = "title" }, { name = "A", source = "sex" }]\n',
        '[[manifest.columns]]\nname = "A"\nsource = "title"\ncut = true\n',
        '[[manifest.columns]]\nname = "A"\nsource = "patient_id"\nwidth = 5\ncut = true\n',
        '[[manifest.columns]]\nname = "A\\nB"\nsource = "title"\n',
        '[manifest]\nencoding = "ascii"\n[[manifest.columns]]\nname = "Löffel"\nsource = "title"\n',
        '[[manifest.columns]]\nname = "A"\nsource = "title"\n[types.letter]\ncolumns = { "B" = "1" }\n',
    ],
)
def test_an_impossible_profile_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        target(text)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError):
        ManifestForm(target('[[manifest.columns]]\nname = "A"\nsource = "shoe_size"\n'))


# --- every dialect, read by somebody else ---------------------------------------------------
DELIMITERS = {"comma": ",", "pipe": "|", "tab": "\t", "semicolon": ";"}


@pytest.mark.parametrize("line_end", ["crlf", "lf"])
@pytest.mark.parametrize("quoting", ["needed", "all"])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_every_dialect_gives_every_value_back(
    tmp_path: Path, delimiter: str, quoting: str, line_end: str
) -> None:
    made = target(
        f'[manifest]\ndelimiter = "{delimiter}"\nquoting = "{quoting}"\nline_end = "{line_end}"\n'
        'formula_guard = "off"\n'
    )
    wanted = [value for value in (*records.HOSTILE, " blanks ", '"', "") if "\x00" not in value]
    given = [named(records.record(tmp_path), value) for value in wanted]

    assert [r["last"] for r in rows(made, *given, delimiter=DELIMITERS[delimiter])] == wanted


@pytest.mark.peers
def test_sqlite_reads_every_value_as_it_was(tmp_path: Path) -> None:
    """Another program's reader of RFC 4180."""
    sqlite3 = need_command("sqlite3")
    wanted = [value for value in records.HOSTILE if "\x00" not in value]
    made = target('[manifest]\nformula_guard = "off"\n')
    given = [named(records.record(tmp_path), value) for value in wanted]
    (tmp_path / "index.csv").write_bytes(written(made, *given).encode())
    asked = f".import --csv {tmp_path / 'index.csv'} t\n.mode json\nselect last, title, author from t;\n"
    told = subprocess.run([sqlite3], input=asked, capture_output=True, text=True, check=True, timeout=20)

    assert [(r["last"], r["title"], r["author"]) for r in json.loads(told.stdout)] == [
        (v, v, v) for v in wanted
    ]


def test_without_quotes_what_needs_them_is_held(tmp_path: Path) -> None:
    made = target('[manifest]\ndelimiter = "pipe"\nquoting = "never"\n')
    plain, piped = named(records.record(tmp_path), "O'Hara, Ann"), named(records.record(tmp_path), "a|b")

    assert codes(made, plain) == []
    assert codes(made, piped) == ["value_not_representable"]
    assert '"' not in written(made, plain)


@pytest.mark.parametrize(("encoding", "first"), [("utf-8-sig", b"\xef\xbb\xbf"), ("utf-8", b"external_id")])
def test_a_byte_order_mark_stands_where_the_profile_wants_one(
    tmp_path: Path, encoding: str, first: bytes
) -> None:
    form = ManifestForm(target(f'[manifest]\nencoding = "{encoding}"\n'))
    ((_, pieces),) = form.closing(Parcel(name="p", number=1, records=(records.record(tmp_path),)))

    assert b"".join(chunks(pieces)).startswith(first)


# --- what is said of nothing, of length and of the file ----------------------------------------
def test_somebody_called_like_the_word_for_nothing_is_not_nobody(tmp_path: Path) -> None:
    made = target('[manifest]\nempty = "Null"\n')

    assert codes(made, named(records.record(tmp_path), "Null")) == ["value_not_representable"]
    assert rows(made, records.record(tmp_path))[0]["encounter_id"] == "Null"


def test_a_needed_value_that_is_missing_holds_the_document(tmp_path: Path) -> None:
    made = target('[[manifest.columns]]\nname = "Visit"\nsource = "encounter_id"\nneeded = true\n')

    assert codes(made, records.record(tmp_path)) == ["value_needed"]
    assert codes(made, records.record(tmp_path, encounter_id="V1")) == []


def test_the_apostrophe_of_the_guard_counts_for_the_width(tmp_path: Path) -> None:
    made = target('[[manifest.columns]]\nname = "Title"\nsource = "title"\nwidth = 4\n')

    assert codes(made, records.record(tmp_path, title="=1+2")) == ["value_too_long"]
    assert codes(made, records.record(tmp_path, title="1+2=")) == []


def test_a_value_is_cut_only_where_the_profile_says_so(tmp_path: Path) -> None:
    made = target('[[manifest.columns]]\nname = "Title"\nsource = "title"\nwidth = 4\ncut = true\n')

    assert written(made, records.record(tmp_path, title="Progress note")) == "Title\r\nProg\r\n"
    assert codes(made, records.record(tmp_path, title="Progress note")) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size_bytes": 0}, "empty_file"),
        ({"media_type": "image/tiff"}, "other_media_type"),
        (None, "no_content"),
    ],
)
def test_a_file_that_receivers_reject_is_held(
    tmp_path: Path, changes: dict[str, Any] | None, code: str
) -> None:
    made = records.record(tmp_path)
    content = made.content
    assert content is not None
    other = None if changes is None else dataclasses.replace(content, **changes)

    assert code in codes(target(), dataclasses.replace(made, content=other))


def test_a_patient_without_a_number_is_held_not_crashed_on(tmp_path: Path) -> None:
    nobody = records.record(tmp_path, patient=records.patient(identifiers=()))

    assert codes(target(), nobody) == ["no_number"]


# --- paths ------------------------------------------------------------------------------------------
def test_a_path_is_told_as_the_receiver_sees_it(tmp_path: Path) -> None:
    made = target(
        "[manifest]\npath_prefix = '\\\\server\\in\\{package}\\'\npath_separator = \"backslash\"\n"
        '[[manifest.columns]]\nname = "Path"\nsource = "file_path"\n'
    )
    form, record = ManifestForm(made), records.record(tmp_path, title="{package}")
    ((_, pieces),) = form.closing(Parcel(name="springfield-00000007-abc", number=7, records=(record,)))

    assert b"".join(chunks(pieces)).decode().splitlines()[1] == (
        "\\\\server\\in\\springfield-00000007-abc\\documents\\4uobb7qkxw3z5c2m7ray-1.pdf"
    )


def test_a_path_beyond_255_characters_is_held(tmp_path: Path) -> None:
    made = target(f'[manifest]\npath_prefix = "/{"x" * 220}/"\n')

    assert codes(made, records.record(tmp_path)) == ["path_too_long"]


def test_no_line_of_a_tagged_index_is_made_by_a_value(tmp_path: Path) -> None:
    made = target(
        '[manifest]\nlayout = "tagged"\nline_end = "lf"\n[[manifest.columns]]\nname = "Name"\n'
        'source = "last"\n'
    )
    hostile = named(records.record(tmp_path), "Quimby\nEND:\r\nBEGIN:\u2028>>FullPath: /etc/passwd")

    assert written(made, hostile).splitlines() == [
        "BEGIN:",
        "Name: Quimby END: BEGIN: >>FullPath: /etc/passwd",
        "END:",
    ]


def test_a_trailer_counts_documents_and_bytes(tmp_path: Path) -> None:
    made = records.record(tmp_path)
    text = written(target("[manifest]\ntrailer_row = true\nheader = false\n"), made, made)

    assert text.splitlines()[2] == f"TRAILER,2,{2 * len(records.SMALL_PDF)}"
    assert len(text.splitlines()) == 3


# --- anything at all ----------------------------------------------------------------------------
ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@given(
    st.lists(ANYTHING, min_size=1, max_size=4),
    st.sampled_from(sorted(DELIMITERS)),
    st.sampled_from(["crlf", "lf"]),
    st.sampled_from(["apostrophe", "off"]),
)
@settings(max_examples=200, deadline=None)
def test_whatever_a_value_holds_it_comes_back(
    made_once: ExportRecord, values: list[str], delimiter: str, line_end: str, guard: str
) -> None:
    """And with the guard no cell starts a formula."""
    made = target(
        f'[manifest]\ndelimiter = "{delimiter}"\nline_end = "{line_end}"\nformula_guard = "{guard}"\n'
    )
    read = rows(made, *(named(made_once, value) for value in values), delimiter=DELIMITERS[delimiter])

    assert [row["last"] if guard == "off" else row["last"].removeprefix("'") for row in read] == values
    assert guard == "off" or not [row for row in read if row["last"].startswith(("=", "+", "-", "@", "\t"))]


@given(st.lists(ANYTHING, min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_whatever_a_value_holds_a_tagged_index_keeps_its_lines(
    made_once: ExportRecord, values: list[str]
) -> None:
    made = target(
        '[manifest]\nlayout = "tagged"\nline_end = "lf"\ncolumns = [{ name = "Name", source = "last" }]\n'
    )
    text = written(made, *(named(made_once, value) for value in values))

    assert [line.partition(":")[0] for line in text.splitlines()] == ["BEGIN", "Name", "END"] * len(values)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> ExportRecord:
    return records.record(tmp_path_factory.mktemp("document"))
