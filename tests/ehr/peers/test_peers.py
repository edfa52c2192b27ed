"""Each peer is there, judges what it is asked, and sees what it is relied on to see.

What these prove is that a judge that stays silent about our exports would have spoken. The samples are not
the product's: that is tested where the product is.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ehr.peers import dicom, mllp, samples, servers, validators

pytestmark = [pytest.mark.peers, pytest.mark.xdist_group("peers")]

Spoil = Callable[[dict[str, Any]], object]


def attachment(made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = made["content"][0]["attachment"]
    return found


# --- judges of FHIR ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", validators.FHIR_JUDGES)
def test_a_good_document_pleases_every_judge(name: str) -> None:
    """No errors about a plain US Core document and its patient."""
    judge = validators.FHIR_JUDGES[name]
    assert validators.errors(judge(samples.document())) == []
    assert validators.errors(judge(samples.patient())) == []


@pytest.mark.parametrize("name", ["hl7_java", "pyfhircheck", "medplum"])
def test_the_judges_with_profiles_know_simplified_publish(name: str) -> None:
    """IHE MHD's ITI-105: a master identifier, no docStatus, the document inside."""
    judge = validators.FHIR_JUDGES[name]
    made = samples.document()
    place = "https://profiles.ihe.net/ITI/MHD/StructureDefinition"
    made["meta"]["profile"] = [f"{place}/IHE.MHD.SimplifiedPublish.DocumentReference"]
    made["masterIdentifier"] = {"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.16.840.1.113883.19.5.7.9"}
    assert validators.errors(judge(made)) == []
    faults: list[Spoil] = [
        lambda bad: bad.pop("masterIdentifier"),
        lambda bad: bad.update(docStatus="final"),
        lambda bad: attachment(bad).update(url="urn:uuid:6f6d2f3c-7e1a-4c55-9d3a-2f9d7d6b7a11"),
    ]
    assert all(validators.errors(judge(samples.spoilt(fault, made))) for fault in faults)


FAULTS: dict[str, Spoil] = {
    "no status": lambda made: made.pop("status"),
    "unknown status": lambda made: made.update(status="final"),
    "unknown element": lambda made: made.update(foo="bar"),
    "no category": lambda made: made.pop("category"),
    "a code that is no document type": lambda made: made["type"]["coding"][0].update(code="11369-6"),
    "neither url nor data": lambda made: attachment(made).pop("data"),
    "a moment without zone": lambda made: made.update(date="2024-05-01T10:00:00"),
    "an empty list": lambda made: made.update(author=[]),
    "another size than the data's": lambda made: attachment(made).update(size=5),
    "another hash than the data's": lambda made: attachment(made).update(hash="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "a period that ends before it starts": lambda made: made["context"]["period"].update(end="1997-01-01"),
}
SEEN_BY: dict[str, set[str]] = {
    "hl7_java": set(FAULTS),
    "pyfhircheck": set(FAULTS) - {"another hash than the data's"},
    "medplum": {
        "no status",
        "unknown element",
        "no category",
        "neither url nor data",
        "a moment without zone",
    },
    "fhirkit": {"no status", "unknown element", "a moment without zone", "an empty list"},
    "r4b_models": {"no status", "unknown element", "a moment without zone"},
    "r4_models": {"no status", "unknown element"},
    "json_schema": {"unknown status", "unknown element", "a moment without zone"},
    "npm_fhir": {"no status", "unknown status", "unknown element"},
}


@pytest.mark.parametrize("name", validators.FHIR_JUDGES)
def test_a_judge_sees_what_it_is_relied_on_for(name: str) -> None:
    """The faults that each sees, out of eleven. Another version that sees fewer must not go unnoticed."""
    judge = validators.FHIR_JUDGES[name]
    seen = {fault for fault, spoil in FAULTS.items() if validators.errors(judge(samples.spoilt(spoil)))}
    assert seen >= SEEN_BY[name]


# --- judges of HL7 v2, CDA, DICOM -------------------------------------------------------------------
def test_a_good_message_pleases_every_judge() -> None:
    """No errors about a plain MDM^T02."""
    assert validators.complaints_about_v2(samples.mdm()) == {}


@pytest.mark.parametrize(
    ("spoilt", "seen_by"),
    [
        (samples.without("TXA", samples.mdm()), {"hl7apy", "hapi_v2"}),
        (samples.mdm().replace("|sample-1^CLINIC|", "||"), {"hl7apy", "hapi_v2"}),
        (samples.mdm().replace("|19310506|", "|05/06/1931|"), {"hl7apy", "hapi_v2"}),
        (samples.mdm().replace("\rPV1|1|U\r", "\r") + "PV1|1|U\r", {"hapi_v2"}),
    ],
    ids=["no TXA", "no TXA-12", "a date as people write it", "PV1 in the wrong place"],
)
def test_a_bad_message_is_seen(spoilt: str, seen_by: set[str]) -> None:
    """The faults that each v2 judge is relied on for."""
    assert seen_by <= set(validators.complaints_about_v2(spoilt))


def test_the_cda_judges_tell_good_from_bad() -> None:
    """The schema sees a wrong element, the Schematron a missing race."""
    good = samples.unstructured()
    assert validators.complaints_about_cda(good) == {}
    assert set(validators.complaints_about_cda(good.replace("title>", "tittle>"))) >= {"cda_schema"}
    bad = good.replace('<raceCode nullFlavor="UNK"/>', "")
    assert set(validators.complaints_about_cda(bad)) == {"ccda_schematron"}


def test_the_dicom_judges_tell_good_from_bad(tmp_path: Path) -> None:
    """dciodvfy and pydicom on a file of dcmtk's, and on one cut short."""
    pdf = tmp_path / "sample.pdf"
    pdf.write_bytes(samples.PDF)
    made = dicom.made_by_dcmtk(pdf, tmp_path / "good.dcm")
    assert validators.errors(dicom.dciodvfy(made)) == []
    assert validators.pydicom(made) == []
    assert dicom.encapsulated_pdf(made).rstrip(b"\0") == samples.PDF
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(made.read_bytes()[:700])
    assert validators.errors(dicom.dciodvfy(cut) + validators.pydicom(cut))


# --- receivers --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", mllp.RECEIVERS)
def test_a_receiver_acknowledges_what_it_keeps(name: str, tmp_path: Path) -> None:
    """AA with our id, and one message kept."""
    with mllp.RECEIVERS[name](tmp_path) as receiver:
        answer = mllp.send(receiver.port, samples.mdm(control_id="C77").encode())
        assert b"\rMSA|AA|C77" in answer
        assert len(receiver.messages()) == 1


def test_dicom_archives_give_the_document_back(tmp_path: Path) -> None:
    """Through C-STORE to dcmtk and Orthanc, and out again: the same bytes."""
    pdf = tmp_path / "sample.pdf"
    pdf.write_bytes(samples.PDF)
    made = dicom.made_by_dcmtk(pdf, tmp_path / "sample.dcm")
    with dicom.storescp(tmp_path) as storage:
        dicom.storescu(storage.port, made)
        assert [dicom.encapsulated_pdf(path).rstrip(b"\0") for path in storage.files()] == [samples.PDF]
    with dicom.orthanc(tmp_path) as archive:
        dicom.storescu(archive.port, made, title=archive.title)
        assert [archive.pdf(each).rstrip(b"\0") for each in archive.instances()] == [samples.PDF]


# --- FHIR servers -----------------------------------------------------------------------------------
def call(method: str, address: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
    """A request and its answer's status and JSON."""
    told = {"content-type": "application/fhir+json", "accept": "application/fhir+json"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers=told, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in servers.FAST else pytest.mark.slow) for name in servers.ALL],
)
def test_a_server_keeps_one_of_what_is_sent_twice(name: str, tmp_path: Path) -> None:
    """Conditional create, search by identifier, and a refusal of what is not valid."""
    with servers.ALL[name](tmp_path) as base:
        created, patient = call("POST", f"{base}/Patient", samples.patient())
        assert created == 201
        document = samples.document(f"Patient/{patient['id']}")
        condition = f"identifier={samples.DOCUMENTS}|sample-1"
        first = call("POST", f"{base}/DocumentReference", document, if_none_exist=condition)
        second = call("POST", f"{base}/DocumentReference", document, if_none_exist=condition)
        assert (first[0], second[0]) == (201, 200)
        found = call("GET", f"{base}/DocumentReference?identifier={samples.DOCUMENTS}%7Csample-1")[1]
        assert [entry["resource"]["id"] for entry in found["entry"]] == [first[1]["id"]]
        bad = samples.spoilt(FAULTS["unknown element"], document)
        assert call("POST", f"{base}/DocumentReference", bad)[0] in {400, 422}
