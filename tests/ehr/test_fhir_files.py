"""Facts about FHIR in a folder: NDJSON and Bundles."""

from __future__ import annotations

import base64
import dataclasses
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ExportRecord, Parcel
from scanindex.ehr import parts
from scanindex.ehr.fhir_checks import problems_of
from scanindex.ehr.fhir_files import FhirFiles
from scanindex.ehr.folder import FolderSink
from scanindex.ehr.parts import FilePart
from scanindex.target_file import parse_target
from tests.ehr.fhir_samples import SYSTEM, corrected, report, target
from tests.ehr.records import HOSTILE, SMALL_PDF, record

NUMBER = {"system": "urn:oid:2.16.840.1.113883.3.999.1", "value": "00123456"}


def written(form: FhirFiles, *records: ExportRecord) -> dict[str, bytes]:
    parcel = Parcel(name="p-1", number=1, records=records)
    files = [file for one in records for file in form.files(one)]
    return {name: b"".join(parts.chunks(made)) for name, made in [*files, *form.closing(parcel)]}


def lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def test_a_file_per_type_and_a_line_per_resource(tmp_path: Path) -> None:
    files = written(
        FhirFiles(target(provenance=True)), record(tmp_path), report(tmp_path, external_id="rep-1")
    )

    assert {name: len(lines(data)) for name, data in files.items()} == {
        "Binary.ndjson": 1,
        "DocumentReference.ndjson": 2,
        "DiagnosticReport.ndjson": 1,
        "Provenance.ndjson": 2,
    }


def test_the_patient_is_named_by_number_alone(tmp_path: Path) -> None:
    (made,) = lines(written(FhirFiles(target()), record(tmp_path))["DocumentReference.ndjson"])

    assert made["subject"] == {"type": "Patient", "identifier": NUMBER}
    assert base64.b64decode(made["content"][0]["attachment"]["data"]) == SMALL_PDF


def test_document_report_and_binary_fit_together(tmp_path: Path) -> None:
    files = written(FhirFiles(target()), report(tmp_path, external_id="rep-1"))

    (binary,), (document,), (made,) = (
        lines(files[f"{kind}.ndjson"]) for kind in ("Binary", "DocumentReference", "DiagnosticReport")
    )
    address = f"Binary/{binary['id']}"
    assert document["content"][0]["attachment"]["url"] == address
    assert made["presentedForm"][0]["url"] == address
    assert base64.b64decode(binary["data"]) == SMALL_PDF


def test_what_is_withdrawn_bears_the_old_id_and_no_content(tmp_path: Path) -> None:
    old = report(tmp_path)

    for files in ("ndjson", "bundles"):
        form = FhirFiles(target(files=files))
        data = b"".join(written(form, corrected(tmp_path, old, Action.CANCEL)).values())
        made = json.loads(data.split(b"\n")[0])
        document = made["entry"][0]["resource"] if files == "bundles" else made
        assert document["status"] == "entered-in-error"
        assert document["identifier"] == [{"system": SYSTEM, "value": old.external_id}]
        assert document["content"][0]["attachment"]["contentType"] == "text/plain"
        assert base64.b64encode(SMALL_PDF) not in data


def test_a_replacement_names_the_old_one(tmp_path: Path) -> None:
    old = record(tmp_path)
    (made,) = lines(
        written(FhirFiles(target()), corrected(tmp_path, old, Action.REPLACE))["DocumentReference.ndjson"]
    )

    (relation,) = made["relatesTo"]
    assert relation["target"]["identifier"] == {"system": SYSTEM, "value": old.external_id}


def test_a_bundle_creates_once_and_finds_its_patient_or_fails(tmp_path: Path) -> None:
    one = report(tmp_path, external_id="rep-1")
    files = written(FhirFiles(target(files="bundles", provenance=True)), one)

    made = json.loads(files["bundles/rep-1.json"])

    assert made["type"] == "transaction"
    assert [entry["request"]["method"] for entry in made["entry"]] == ["PUT", "POST", "POST", "POST"]
    document = made["entry"][1]
    assert (
        document["request"]["ifNoneExist"] == "identifier=https%3A%2F%2Fspringfield.example%2Fscans%7Crep-1"
    )
    assert document["resource"]["subject"]["reference"].startswith("Patient?identifier=urn%3Aoid%3A2.16")
    assert made["entry"][3]["resource"]["target"] == [{"reference": document["fullUrl"]}]


def test_equal_records_give_equal_files(tmp_path: Path) -> None:
    for files in ("ndjson", "bundles"):
        form = FhirFiles(target(files=files, provenance=True))
        assert written(form, report(tmp_path)) == written(form, report(tmp_path))


def test_the_content_stays_on_disk(tmp_path: Path) -> None:
    form = FhirFiles(target(files="bundles"))

    ((_, made),) = form.files(record(tmp_path))

    assert any(isinstance(part, FilePart) for part in made)
    assert sum(len(part) for part in made if isinstance(part, bytes)) < 4_000


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_one_line(tmp_path: Path, value: str) -> None:
    one = record(tmp_path, title=value, author=value)

    made = lines(written(FhirFiles(target()), one, one)["DocumentReference.ndjson"])

    allowed = "".join(c for c in value if c in "\t\n\r" or ord(c) >= 32).strip()
    assert [line["description"] for line in made] == [allowed, allowed]


def test_a_partial_date_is_not_completed(tmp_path: Path) -> None:
    one = dataclasses.replace(report(tmp_path), service_date="1998", service_end=None)
    made = written(FhirFiles(target()), one)["DiagnosticReport.ndjson"]

    assert lines(made)[0]["effectiveDateTime"] == "1998"


@pytest.mark.parametrize("name", ["fhir-server", "fhir-files", "mhd"])
def test_the_examples_are_profiles_under_which_documents_go(tmp_path: Path, name: str) -> None:
    shipped = resources.files("scanindex.ehr").joinpath("profiles", f"{name}.toml").read_text("utf-8")
    profile = parse_target("example", shipped)

    assert problems_of(record(tmp_path), profile) == ()


def test_a_package_in_a_folder_is_taken_once_and_listed(tmp_path: Path) -> None:
    records = (record(tmp_path), report(tmp_path, external_id="rep-1"))
    parcel = Parcel(name="springfield-00000001", number=1, records=records)
    to = FolderSink(FhirFiles(target()), tmp_path / "out", parcel_documents=100)

    first, again = list(to.send(parcel)), list(to.send(parcel))

    assert [one.is_taken for one in (*first, *again)] == [True] * 4
    (found,) = (tmp_path / "out").rglob("DocumentReference.ndjson")
    assert [line["identifier"][0]["value"] for line in lines(found.read_bytes())] == [
        one.external_id for one in records
    ]
