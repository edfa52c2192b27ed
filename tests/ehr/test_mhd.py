"""Facts about IHE MHD: Simplified Publish (ITI-105) and Provide Document Bundle (ITI-65)."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ExportRecord
from scanindex.ehr import parts
from scanindex.ehr.fhir_checks import is_oid
from scanindex.ehr.fhir_resources import Place
from scanindex.ehr.fhir_values import json_parts
from scanindex.ehr.mhd import Mhd, MhdFiles, as_mhd, provided
from scanindex.errors import ReceiverSilent
from scanindex.target_profile import Target
from tests.ehr.fhir_faults import Fault, FaultyFhir
from tests.ehr.fhir_samples import SYSTEM, corrected, patient_resource, report, send_one, sink, target
from tests.ehr.records import SMALL_PDF, patient, record


def mhd(shape: str, base: str = "", **more: Any) -> Target:
    transport = "http" if base else "folder"
    how = {"format": "mhd", "transport": transport}
    return target(base, target=how, mhd=shape, source_oid="1.2.840.99999.7", **more)


def body(shape: str, one: ExportRecord) -> Any:
    ((_, made),) = MhdFiles(mhd(shape)).files(one)
    return json.loads(b"".join(parts.chunks(made)))


def test_simplified_publish_keeps_to_its_profile(tmp_path: Path) -> None:
    """IHE.MHD.SimplifiedPublish.DocumentReference: what is 1..1 is there, what is 0..0 is not."""
    made = body("simplified", report(tmp_path, service_date="1998-03"))

    attachment = made["content"][0]["attachment"]
    assert made["status"] == "current"
    assert len(made["content"]) == 1
    assert {"contentType", "data", "size", "hash"} <= attachment.keys()
    assert not {"docStatus", "modifierExtension"} & made.keys()
    assert "url" not in attachment
    assert made["subject"]["identifier"]["value"] == "00123456"
    assert len(made["category"]) == 1
    assert made["context"]["period"] == {"start": "1998-03", "end": "1998-03"}
    assert made["meta"]["profile"][0].endswith("/IHE.MHD.SimplifiedPublish.DocumentReference")


def test_the_unique_id_is_an_oid_made_of_ours(tmp_path: Path) -> None:
    """XDS knows documents by OID: at most 64 characters."""
    first, again = body("simplified", record(tmp_path)), body("simplified", record(tmp_path))
    other = body("simplified", record(tmp_path, external_id="other-1"))

    oid = first["masterIdentifier"]["value"].removeprefix("urn:oid:")
    assert is_oid(oid)
    assert len(oid) <= 64
    assert first["masterIdentifier"] == again["masterIdentifier"] != other["masterIdentifier"]
    assert first["identifier"][0] == first["masterIdentifier"]
    assert first["identifier"][1] == {"system": SYSTEM, "value": record(tmp_path).external_id}


def test_provide_document_bundle_keeps_to_its_profile(tmp_path: Path) -> None:
    """IHE.MHD.Minimal.ProvideBundle, .SubmissionSet and .DocumentReference."""
    made = body("minimal", record(tmp_path))

    listed, document, binary = (entry["resource"] for entry in made["entry"])
    assert made["type"] == "transaction"
    assert made["meta"]["profile"][0].endswith("/IHE.MHD.Minimal.ProvideBundle")
    assert [entry["request"]["method"] for entry in made["entry"]] == ["POST"] * 3
    assert (listed["status"], listed["mode"]) == ("current", "working")
    assert listed["code"]["coding"][0]["code"] == "submissionset"
    assert listed["extension"][0]["valueIdentifier"]["value"] == "urn:oid:1.2.840.99999.7"
    assert listed["date"] == "2026-05-05T08:00:00Z"
    assert listed["entry"][0]["item"]["reference"] == made["entry"][1]["fullUrl"]
    assert document["content"][0]["attachment"]["url"] == made["entry"][2]["fullUrl"]
    assert "data" not in document["content"][0]["attachment"]
    assert binary["contentType"] == "application/pdf"


def test_a_replacement_patches_the_old_one_in_the_same_bundle(tmp_path: Path) -> None:
    one = corrected(tmp_path, record(tmp_path), Action.REPLACE)
    old = {"reference": "DocumentReference/17"}
    place = Place(subject={"reference": "Patient/1"}, replaced=(old,))

    made = json.loads(b"".join(parts.chunks(json_parts(provided(one, mhd("minimal").fhir, place)))))

    patch = made["entry"][3]
    assert patch["request"] == {"method": "PATCH", "url": "DocumentReference/17"}
    values = {part["name"]: part for part in patch["resource"]["parameter"][0]["part"]}
    assert values["path"]["valueString"] == "DocumentReference.status"
    assert values["value"]["valueCode"] == "superseded"
    assert made["entry"][1]["resource"]["relatesTo"] == [{"code": "replaces", "target": old}]


def test_reports_are_documents_only(tmp_path: Path) -> None:
    """MHD has no DiagnosticReport."""
    assert not as_mhd(mhd("simplified")).fhir.diagnostic_report
    assert Mhd().is_in_line(report(tmp_path), mhd("simplified").fhir)


def test_without_a_server_nothing_can_be_taken_back(tmp_path: Path) -> None:
    one = corrected(tmp_path, record(tmp_path), Action.CANCEL)
    form = MhdFiles(mhd("simplified"))

    assert [problem.code for problem in form.problems(one)] == ["mhd_cannot_withdraw"]
    assert list(form.files(one)) == []


def test_a_file_too_large_to_stand_in_line_is_named(tmp_path: Path) -> None:
    to = sink("http://127.0.0.1:9/fhir", target={"format": "mhd", "transport": "http"}, inline_bytes=50)

    assert [problem.code for problem in to.problems(record(tmp_path))] == ["too_large_in_line"]


@pytest.mark.parametrize("shape", ["simplified", "minimal"])
def test_published_again_it_stays_one(tmp_path: Path, shape: str) -> None:
    with FaultyFhir() as far:
        far.keep(patient_resource(patient()))
        how = {"format": "mhd", "transport": "http"}
        to = sink(far.base, target=how, mhd=shape, source_oid="1.2.3")

        first, second = send_one(to, record(tmp_path)), send_one(to, record(tmp_path))

        assert (first.is_taken, second.code) == (True, "found")
        (made,) = far.kept("DocumentReference")
        assert made["subject"] == {"reference": "Patient/1"}
        assert len(far.kept("List")) == (shape == "minimal")
        assert [one.external_id for one in to.inventory()] == [record(tmp_path).external_id]


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_document_that_does_not_lead_to_its_content_is_mended(tmp_path: Path, is_cut: bool) -> None:
    """This server, like many, leaves urn:uuid in the address; also where we were cut off meanwhile."""
    with FaultyFhir(script=[Fault.DROP_AFTER] if is_cut else []) as far:
        far.keep(patient_resource(patient()))
        how = {"format": "mhd", "transport": "http"}
        to = sink(far.base, target=how, mhd="minimal", source_oid="1.2.3", verify="content")
        if is_cut:
            with pytest.raises(ReceiverSilent):
                send_one(to, record(tmp_path))

        assert send_one(to, record(tmp_path)).is_taken

        (binary,), (made,) = far.kept("Binary"), far.kept("DocumentReference")
        assert made["content"][0]["attachment"]["url"] == f"{far.base}/Binary/{binary['id']}"
        assert [one.size_bytes for one in to.inventory()] == [len(SMALL_PDF)]


def test_withdrawn_by_the_server_it_is_entered_in_error(tmp_path: Path) -> None:
    with FaultyFhir() as far:
        far.keep(patient_resource(patient()))
        to = sink(far.base, target={"format": "mhd", "transport": "http"})
        old = record(tmp_path)
        send_one(to, old)

        send_one(to, corrected(tmp_path, old, Action.CANCEL))

        assert [one["status"] for one in far.kept("DocumentReference")] == ["entered-in-error"]


def test_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    for shape in ("simplified", "minimal"):
        assert body(shape, record(tmp_path)) == body(shape, dataclasses.replace(record(tmp_path)))
    assert len(SMALL_PDF) == body("simplified", record(tmp_path))["content"][0]["attachment"]["size"]
