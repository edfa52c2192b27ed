"""Facts about the examples of profiles: each can be used as it stands, and shows what its guide says."""

from __future__ import annotations

import csv
import dataclasses
import re
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from scanindex.delivery_model import Action, ExportRecord, Held, Parcel
from scanindex.ehr.listing import read_listing
from scanindex.ehr.open import open_sink
from scanindex.target_file import parse_target
from scanindex.target_profile import FORMATS, Target, sections
from tests.ehr import records

FOLDER = resources.files("scanindex.ehr").joinpath("profiles")
NAMES = sorted(one.name.removesuffix(".toml") for one in FOLDER.iterdir() if one.name.endswith(".toml"))
REPOSITORY = Path(__file__).resolve().parents[2]


def text_of(name: str) -> str:
    return FOLDER.joinpath(f"{name}.toml").read_text("utf-8")


def example(name: str) -> Target:
    return parse_target(name, text_of(name))


def as_composed(record: ExportRecord, target: Target) -> ExportRecord:
    """With the receiver's words for the type, as delivery gives them."""
    code = target.types.get(record.type.key)
    return dataclasses.replace(record, type=dataclasses.replace(record.type, local=code.code if code else ""))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_profile(name: str) -> None:
    made = example(name)

    assert made.target.recipient and made.target.purpose


def test_there_is_an_example_of_every_format_and_way() -> None:
    shown = {(made.target.format, made.target.transport) for made in map(example, NAMES)}

    assert {form for form, _ in shown} == set(FORMATS)
    assert {way for _, way in shown} == {"folder", "zip", "mllp", "http", "dimse"}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_it_is_for(name: str) -> None:
    """The first line is shown in the list of examples."""
    first = text_of(name).splitlines()[0]

    assert re.fullmatch(r"# [A-Z].{20,150}\.( Needs: .*)?", first)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_holds_no_secret(name: str) -> None:
    """Keys that take one end in _env and name a variable."""
    found = re.findall(r"^\s*(\w*(?:password|secret|token)\w*)\s*=", text_of(name), re.MULTILINE)

    assert [key for key in found if not key.endswith("_env")] == []


@pytest.mark.parametrize("name", ["generic-csv", "webchart-csv", "onbase-dip", "ccda", "dicom", "fhir-files"])
def test_a_document_goes_by_an_example_that_writes_files(tmp_path: Path, name: str) -> None:
    made = example(name)
    sink = open_sink(made, tmp_path / "out", {})
    record = as_composed(records.record(tmp_path), made)
    (receipt,) = sink.send(Parcel(name=f"{name}-00000001-abc", number=1, records=(record,)))

    assert sink.problems(record) == ()
    assert receipt.is_taken
    assert [h.external_id for h in sink.inventory()] == [record.external_id]


def test_what_webchart_imports(tmp_path: Path) -> None:
    """One zip file with a pipe-separated index; the path in it leads to the document."""
    made = example("webchart-csv")
    record = as_composed(records.record(tmp_path, service_date="1998-03", title="Note, of Sue"), made)
    list(open_sink(made, tmp_path / "out", {}).send(Parcel(name="w-00000001-a", number=1, records=(record,))))
    package = zipfile.ZipFile(tmp_path / "out" / "w-00000001-a.zip")
    (row,) = csv.DictReader(package.read("import.csv").decode().splitlines(), delimiter="|")

    assert row == {
        "Patient ID": "00123456",
        "Patient ID Type": "MR",
        "Document Type": "PROGNOTE",
        "Interface Name": "SCANINDEX",
        "External ID": record.external_id,
        "File Name": f"documents/{record.external_id}.pdf",
        "Storage Type": "17",
        "Encounter ID": "",
        "Service Date": "03/01/1998",
        "Subject": "Note, of Sue",
    }
    assert package.read(row["File Name"]) == records.SMALL_PDF


def test_what_onbase_reads(tmp_path: Path) -> None:
    """Tags in order, the format of the file before its path, the path through the share."""
    made = example("onbase-dip")
    record = as_composed(records.record(tmp_path), made)
    name = "onbase-00000001-abc"
    list(open_sink(made, tmp_path / "out", {}).send(Parcel(name=name, number=1, records=(record,))))

    assert (tmp_path / "out" / name / "index.txt").read_bytes().decode("ascii").splitlines() == [
        "BEGIN:",
        ">>DocTypeName: MR - PROGRESS NOTE",
        ">>DocDate: 10/02/1998",
        "MRN: 00123456",
        "Patient Name: Quimby",
        f"External ID: {record.external_id}",
        ">>FileTypeNum: 16",
        f">>FullPath: \\\\general\\scans\\{name}\\documents\\{record.external_id}.pdf",
        "END:",
    ]


@pytest.mark.parametrize("action", [Action.REPLACE, Action.CANCEL])
@pytest.mark.parametrize("name", ["webchart-csv", "onbase-dip"])
def test_an_import_that_only_adds_holds_corrections(tmp_path: Path, name: str, action: Action) -> None:
    made = example(name)
    record = as_composed(records.record(tmp_path, action=action, replaces="a-1"), made)

    assert [p.code for p in open_sink(made, tmp_path / "out", {}).problems(record)] == [
        f"form_cannot_{action}"
    ]


def test_the_index_is_a_list_that_can_be_fed_in(tmp_path: Path) -> None:
    """A receiver that gives our own index back has told what it holds."""
    made = example("generic-csv")
    record = records.record(tmp_path)
    list(open_sink(made, tmp_path / "out", {}).send(Parcel(name="g-00000001-a", number=1, records=(record,))))
    (held,) = read_listing(tmp_path / "out" / "g-00000001-a" / "manifest.csv", made)

    assert record.content is not None
    assert held == Held(
        external_id=record.external_id,
        sha256=record.content.sha256,
        size_bytes=record.content.size_bytes,
        patient="00123456",
        is_current=True,
        local_type="progress_note",
        loinc="11506-3",
    )


@pytest.mark.parametrize("section", sections())
def test_every_key_of_a_profile_is_explained(section: str) -> None:
    cls = sections()[section]

    assert [f.name for f in dataclasses.fields(cls) if not f.metadata.get("doc")] == []
    page = (REPOSITORY / "docs" / "reference" / "target-profiles.md").read_text("utf-8")
    part = page.split(f"\n## [{section}]\n")[1].split("\n## ")[0]
    assert [f.name for f in dataclasses.fields(cls)] == re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
