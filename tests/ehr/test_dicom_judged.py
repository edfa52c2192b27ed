"""Facts about DICOM files as dcmtk, dicom3tools, Orthanc and pydicom's strict reading see them."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ConsentNote, ExportRecord, Kind, SentType
from scanindex.doctypes import DOCUMENT_TYPES
from scanindex.model import PersonName
from tests.ehr.peers import dicom, validators
from tests.ehr.peers.base import need_command
from tests.ehr.peers.samples import PDF
from tests.ehr.records import HOSTILE, SMALL_PDF, content, patient, pdf, record
from tests.ehr.test_dicom import codes, files, target

pytestmark = pytest.mark.xdist_group("peers")
NOTE = ConsentNote(reference="F-17", given_on="2026-01-02", notice="42 CFR part 2 prohibits it.")


def written(folder: Path, one: ExportRecord) -> list[Path]:
    made = []
    for name, data in files(one, target(type_scheme="99GENERAL")).items():
        made.append(folder / name)
        made[-1].write_bytes(data)
    return made


def corrected(one: ExportRecord, action: Action) -> ExportRecord:
    if action is Action.NEW:
        return one
    changes: dict[str, Any] = {"external_id": "4uobb7qkxw3z5c2m7ray-2", "replaces": one.external_id}
    if action is Action.CANCEL:
        changes["content"] = None
    return dataclasses.replace(one, action=action, reason="retyped", **changes)


def complaints(path: Path) -> list[str]:
    return validators.errors(dicom.dciodvfy(path) + validators.pydicom(path))


def as_dcmtk_reads(path: Path) -> dict[str, Any]:
    """The DICOM JSON model (PS3.18, annex F) by dcmtk."""
    ran = subprocess.run([need_command("dcm2json"), path], capture_output=True, check=True, timeout=60)
    read: dict[str, Any] = json.loads(ran.stdout)
    return read


@pytest.mark.parametrize("action", list(Action))
def test_full_and_bare_documents_conform(tmp_path: Path, action: Action) -> None:
    """No error of dciodvfy or of pydicom; dcmtk gives the PDF back, byte for byte."""
    untyped = SentType(key="", title="Document", loinc=None, kind=Kind.NOTE)
    nobody = patient(names=(), birth_date=None, sex=None)
    odd = content(pdf(tmp_path, "odd.pdf", SMALL_PDF + b"\n"))
    for one in (
        record(tmp_path, encounter_id="V77", consent=NOTE, content=odd),
        record(tmp_path, type=untyped, patient=nobody, service_date=None, facility=None),
        record(tmp_path, service_date="1998-03", patient=patient(birth_date="1924", sex="O")),
    ):
        assert one.content is not None
        wanted = one.content.path.read_bytes()
        for path in written(tmp_path, corrected(one, action)):
            assert complaints(path) == []
            if "note" not in path.name:
                assert dicom.encapsulated_pdf(path)[: len(wanted)] == wanted


@pytest.mark.parametrize("value", HOSTILE)
def test_values_that_are_not_held_reach_dcmtk_as_they_were(tmp_path: Path, value: str) -> None:
    number = dataclasses.replace(patient().identifiers[0], value=value)
    who = patient(identifiers=(number,), names=(PersonName(last=value, first="Ann"),))
    one = record(tmp_path, patient=who, title=value, facility=value)
    (path,) = written(tmp_path, one)
    told = as_dcmtk_reads(path)

    assert complaints(path) == []
    if not codes(one):
        assert told["00100020"]["Value"] == [value]
        assert told["00100010"]["Value"][0]["Alphabetic"] == f"{value}^Ann"
        assert told["00420010"]["Value"] == [value]


def test_orthanc_takes_them_and_gives_the_document_back(tmp_path: Path) -> None:
    """Sent again under the same UIDs it is there once; a note stands in the study of what it rejects."""
    one = record(tmp_path, content=content(pdf(tmp_path, "real.pdf", PDF)))
    new, note = written(tmp_path, one) + written(tmp_path, corrected(one, Action.CANCEL))
    with dicom.orthanc(tmp_path) as archive:
        for path in (new, new, note):
            dicom.storescu(archive.port, path, title=archive.title)
        tags = {str(archive.tags(i)["Modality"]): (i, archive.tags(i)) for i in archive.instances()}
        stored = archive.pdf(tags["DOC"][0])

    assert sorted(tags) == ["DOC", "KO"]
    assert stored[: len(PDF)] == PDF
    assert tags["DOC"][1]["PatientName"] == "Quimby^Harriet^Sue"
    assert tags["KO"][1]["StudyInstanceUID"] == tags["DOC"][1]["StudyInstanceUID"]


@pytest.mark.slow
@pytest.mark.parametrize("action", list(Action))
def test_every_type_conforms(tmp_path: Path, action: Action) -> None:
    for kind in DOCUMENT_TYPES:
        made = SentType(key=kind.key, title=kind.title, loinc=kind.loinc, kind=kind.kind, local=kind.key[:16])
        for path in written(tmp_path, corrected(record(tmp_path, type=made, title=kind.title), action)):
            assert complaints(path) == [], kind.key
