"""Facts about DICOM Encapsulated PDF files and rejection notes."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pydicom
import pytest

from scanindex.delivery_model import Action, ConsentNote, ExportRecord, Kind, Parcel, SentType
from scanindex.ehr import dicom_values as values
from scanindex.ehr import parts
from scanindex.ehr.dicom import PROBLEMS, DicomForm
from scanindex.ehr.dicom_objects import uids
from scanindex.ehr.folder import FolderSink
from scanindex.errors import ConfigError, FixityFailed
from scanindex.model import PersonName
from scanindex.target_file import parse_target
from scanindex.target_profile import DicomRule, Target, TargetHead
from tests.ehr.records import HOSTILE, SMALL_PDF, content, patient, pdf, record


def target(**rule: Any) -> Target:
    head = TargetHead(format="dicom", recipient="Archive")
    return Target(name="archive", target=head, dicom=DicomRule(**{"corrections": "note", **rule}))


def files(one: ExportRecord, to: Target | None = None) -> dict[str, bytes]:
    made = DicomForm(to or target()).files(one)
    return {name: b"".join(parts.chunks(pieces)) for name, pieces in made}


def bytes_of(one: ExportRecord, to: Target | None = None) -> bytes:
    return files(one, to)[f"{one.external_id}.dcm"]


def read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def codes(one: ExportRecord, to: Target | None = None) -> set[str]:
    return {problem.code for problem in DicomForm(to or target()).problems(one)}


@pytest.mark.parametrize("data", [SMALL_PDF, SMALL_PDF + b"\n"])
def test_the_file_comes_back_with_its_length(tmp_path: Path, data: bytes) -> None:
    """Of even and odd length: what pads it is told from it by the length that is said."""
    path = pdf(tmp_path, "d.pdf", data)
    made = read(bytes_of(record(tmp_path, content=content(path))))

    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == data
    assert made.EncapsulatedDocumentLength == len(data)
    assert len(made.EncapsulatedDocument) % 2 == 0
    assert made.MIMETypeOfEncapsulatedDocument == "application/pdf"


def test_the_header_says_who_what_and_when(tmp_path: Path) -> None:
    made = read(bytes_of(record(tmp_path, encounter_id="V77")))

    assert made.PatientID == "00123456"
    assert made.IssuerOfPatientID == "GOODHEALTH"
    assert made.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID == "2.16.840.1.113883.3.999.1"
    assert str(made.PatientName) == "Quimby^Harriet^Sue"
    assert (made.PatientBirthDate, made.PatientSex) == ("19241121", "F")
    assert (made.StudyDate, made.AcquisitionDateTime) == ("19981002", "19981002")
    code = made.ConceptNameCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("11506-3", "LN")
    assert made.AdmissionID == "V77"
    assert (made.Modality, made.ConversionType, made.SpecificCharacterSet) == ("DOC", "SD", "ISO_IR 192")


def test_of_which_scan_it_is_stands_in_it(tmp_path: Path) -> None:
    origin = read(bytes_of(record(tmp_path))).ContributingEquipmentSequence[0]

    assert origin.PurposeOfReferenceCodeSequence[0].CodeValue == "DOCD"
    assert origin.ContributionDateTime == "20260504093000+0000"
    assert "ab" * 32 in origin.ContributionDescription


@pytest.mark.parametrize(("said", "day", "known"), [("1998", "", "1998"), ("1998-03", "", "199803")])
def test_dates_are_never_more_exact_than_known(tmp_path: Path, said: str, day: str, known: str) -> None:
    """DA needs a day, DT does not."""
    one = record(tmp_path, service_date=said, patient=patient(birth_date=said))
    made = read(bytes_of(one))

    assert (made.StudyDate, made.ContentDate, made.PatientBirthDate) == (day, day, day)
    assert made.AcquisitionDateTime == known
    assert codes(one) == set()
    assert codes(one, target(partial_dates="hold")) == {"partial_date"}


def test_uids_are_the_same_on_every_resend_and_those_of_no_other(tmp_path: Path) -> None:
    one, again, other = record(tmp_path), record(tmp_path), record(tmp_path, external_id="other-1")
    made = uids(target(), one.external_id)

    assert bytes_of(one) == bytes_of(again)
    assert made == uids(target(), one.external_id)
    assert len({*made, *uids(target(), other.external_id), *uids(Target(name="b"), one.external_id)}) == 9
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in made)


def test_a_type_without_loinc_goes_by_the_receivers_code(tmp_path: Path) -> None:
    kind = SentType(
        key="x", title="Face", loinc=None, kind=Kind.ADMIN, local="FACE", local_title="Face sheet"
    )
    one = record(tmp_path, type=kind)
    unnamed, named = read(bytes_of(one)), read(bytes_of(one, target(type_scheme="99GENERAL")))

    assert len(unnamed.ConceptNameCodeSequence) == 0
    code = named.ConceptNameCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == (
        "FACE",
        "99GENERAL",
        "Face sheet",
    )


def test_old_numbers_go_along_beside_the_main_one(tmp_path: Path) -> None:
    main = patient().identifiers[0]
    old = dataclasses.replace(main, value="0099", is_main=False)
    made = read(bytes_of(record(tmp_path, patient=patient(identifiers=(old, main)))))

    assert made.PatientID == "00123456"
    assert [i.PatientID for i in made.OtherPatientIDsSequence] == ["0099"]


def test_consent_goes_along_and_its_notice_stands_in_the_title(tmp_path: Path) -> None:
    note = ConsentNote(reference="F-17", given_on="2026-01-02", notice="42 CFR part 2 prohibits it.")
    made = read(bytes_of(record(tmp_path, consent=note)))

    assert made.DocumentTitle == "Progress note (42 CFR part 2 prohibits it.)"
    assert "F-17" in made.ContributingEquipmentSequence[0].ContributionDescription


def test_a_cancellation_is_a_note_in_the_study_of_what_it_rejects(tmp_path: Path) -> None:
    old = read(bytes_of(record(tmp_path, external_id="doc-1")))
    one = record(
        tmp_path,
        external_id="doc-2",
        action=Action.CANCEL,
        replaces="doc-1",
        reason="refiled",
        content=None,
    )
    ((name, data),) = files(one).items()
    note = read(data)

    assert name == "doc-2-note.dcm"
    assert codes(one) == set()
    assert note.ConceptNameCodeSequence[0].CodeValue == "113037"
    assert (note.StudyInstanceUID, note.PatientID) == (old.StudyInstanceUID, old.PatientID)
    listed = note.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert listed.SeriesInstanceUID == old.SeriesInstanceUID
    for place in (listed, note.ContentSequence[0]):
        assert place.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == old.SOPInstanceUID


def test_a_replacement_is_a_new_one_and_a_note_on_the_old(tmp_path: Path) -> None:
    one = record(tmp_path, external_id="doc-2", action=Action.REPLACE, replaces="doc-1", reason="reread")
    made = files(one)

    assert list(made) == ["doc-2.dcm", "doc-2-note.dcm"]
    note = read(made["doc-2-note.dcm"])
    assert note.ConceptNameCodeSequence[0].CodeValue == "113001"
    assert note.StudyInstanceUID == uids(target(), "doc-1")[0]


def test_corrections_are_held_unless_the_archive_acts_on_notes(tmp_path: Path) -> None:
    """And never is a note made that would put a document's study under another patient."""
    replaced = record(tmp_path, action=Action.REPLACE, replaces="doc-1", reason="reread")
    cancelled = dataclasses.replace(replaced, action=Action.CANCEL, content=None)
    held = target(corrections="hold")

    assert codes(replaced, held) == {"form_cannot_replace"}
    assert codes(cancelled, held) == {"form_cannot_cancel"}
    assert codes(dataclasses.replace(replaced, reason="merged")) == {"form_cannot_replace"}


@pytest.mark.parametrize("value", [*HOSTILE, " spaced ", "a\\b", "a^b", "x" * 65, "x" * 2_000])
def test_every_identity_comes_back_or_is_held(tmp_path: Path, value: str) -> None:
    """DICOM has no escape for backslash, caret or control characters."""
    number = dataclasses.replace(patient().identifiers[0], value=value)
    numbered = record(tmp_path, patient=patient(identifiers=(number,)))
    named = record(tmp_path, patient=patient(names=(PersonName(last=value, first="Ann"),)))
    titled = record(tmp_path, title=value)

    told = read(bytes_of(numbered))
    assert told.PatientID == value or codes(numbered) & {"not_in_dicom", "too_long"}
    told = read(bytes_of(named))
    family = told.PatientName.family_name
    assert family == value.strip() or codes(named) & {"not_in_dicom", "too_long"}
    told = read(bytes_of(titled))
    assert told.DocumentTitle == value.rstrip(" ") or codes(titled) & {"not_in_dicom", "too_long"}


@pytest.mark.parametrize("value", HOSTILE)
def test_a_description_is_legal_whatever_it_holds(tmp_path: Path, value: str) -> None:
    """What only describes is made to fit: it holds nothing back."""
    kind = SentType(key="x", title=value * 9, loinc="11506-3", kind=Kind.NOTE)
    made = read(bytes_of(record(tmp_path, facility=value * 9, type=kind)))

    for text in (made.InstitutionName, made.StudyDescription):
        assert len(text) <= 64
        assert not any(ord(one) < 32 or one == "\\" for one in text)


WRONG: dict[str, Callable[[ExportRecord], ExportRecord]] = {
    "nothing_to_replace": lambda r: dataclasses.replace(r, action=Action.REPLACE),
    "no_number": lambda r: dataclasses.replace(r, patient=patient(identifiers=())),
    "bad_oid": lambda r: with_number(r, oid="1.02.3"),
    "not_in_dicom": lambda r: with_number(r, value="12\\34"),
    "too_long": lambda r: with_number(r, value="1" * 65),
    "bad_birth_date": lambda r: dataclasses.replace(r, patient=patient(birth_date="1998-02-30")),
    "bad_date": lambda r: dataclasses.replace(r, service_date="02.03.1998"),
    "bad_loinc": lambda r: dataclasses.replace(r, type=dataclasses.replace(r.type, loinc="11506-4")),
    "no_content": lambda r: dataclasses.replace(r, content=None),
    "empty_file": lambda r: with_content(r, size_bytes=0),
    "bad_hash": lambda r: with_content(r, sha256="ab"),
    "not_pdf": lambda r: with_content(r, media_type="image/tiff"),
    "too_large": lambda r: with_content(r, size_bytes=(1 << 32) - 1),
}


def with_number(one: ExportRecord, **changes: Any) -> ExportRecord:
    number = dataclasses.replace(patient().identifiers[0], **changes)
    return dataclasses.replace(one, patient=patient(identifiers=(number,)))


def with_content(one: ExportRecord, **changes: Any) -> ExportRecord:
    assert one.content is not None
    return dataclasses.replace(one, content=dataclasses.replace(one.content, **changes))


@pytest.mark.parametrize("code", WRONG)
def test_what_a_receiver_would_refuse_is_a_problem(tmp_path: Path, code: str) -> None:
    good = record(tmp_path)

    assert codes(good) == set()
    assert codes(WRONG[code](good)) == {code}


def test_every_problem_is_shown_by_a_test() -> None:
    assert PROBLEMS.keys() - WRONG.keys() == {"form_cannot_cancel", "form_cannot_replace", "partial_date"}


def test_a_large_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    """64 MiB through the form with a few MiB."""
    path = tmp_path / "large.pdf"
    with path.open("wb") as stream:
        stream.write(b"%PDF-1.7\n")
        stream.truncate(64 << 20)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    small = content(pdf(tmp_path, "small.pdf"))
    one = record(tmp_path, content=dataclasses.replace(small, path=path, size_bytes=64 << 20, sha256=digest))
    bytes_of(record(tmp_path, external_id="first-1"))  # what is loaded once
    tracemalloc.start()
    ((_, pieces),) = DicomForm(target()).files(one)
    sent = sum(len(piece) for piece in parts.chunks(pieces))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert sent == parts.length(pieces) > 64 << 20
    assert peak < 8 << 20


def test_a_damaged_file_never_reaches_its_end(tmp_path: Path) -> None:
    one = record(tmp_path)
    assert one.content is not None
    one.content.path.write_bytes(SMALL_PDF[:-2] + b"X\n")
    ((_, pieces),) = DicomForm(target()).files(one)
    sent = b""

    with pytest.raises(FixityFailed):
        for piece in parts.chunks(pieces):
            sent += piece
    assert b"%%EOX" not in sent


def test_a_package_lists_which_instance_is_which_document(tmp_path: Path) -> None:
    one = record(tmp_path)
    cancelled = record(tmp_path, external_id="doc-2", action=Action.CANCEL, replaces="doc-1", content=None)
    sink = FolderSink(DicomForm(target()), tmp_path / "out", parcel_documents=10)

    list(sink.send(Parcel(name="archive-r1-1", number=1, records=(one, cancelled))))

    rows = (tmp_path / "out" / "archive-r1-1" / "instances.csv").read_text("utf-8").splitlines()
    assert rows[1] == ",".join([one.external_id, "new", *uids(target(), one.external_id)])
    assert rows[2] == ",".join(["doc-1", "cancel", *uids(target(), "doc-1")])


def test_without_pydicom_it_says_what_to_install(tmp_path: Path) -> None:
    """In a process of its own, where the library cannot be found."""
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )

    assert "scanindex[dicom]" in ran.stdout, ran.stderr


_WITHOUT = """
import sys
sys.modules["pydicom"] = sys.modules["pydicom.dataset"] = None
from pathlib import Path
from scanindex.ehr.dicom import DicomForm
from scanindex.errors import MissingTool
from scanindex.target_profile import Target
from tests.ehr.records import record
try:
    list(DicomForm(Target(name="archive")).files(record(Path(sys.argv[1]))))
except MissingTool as error:
    print(error)
"""


def test_the_example_is_a_profile_under_which_documents_go(tmp_path: Path) -> None:
    shipped = resources.files("scanindex.ehr").joinpath("profiles", "dicom.toml").read_text("utf-8")

    assert codes(record(tmp_path), parse_target("archive", shipped)) == set()


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('[dicom]\ntype_scheme = "LN"', "dicom.type_scheme"),
        ('[dicom]\ncorrections = "delete"', "dicom.corrections"),
        ('[document]\ncontent = "tiff"', "document.content"),
    ],
)
def test_a_wrong_profile_is_refused_by_its_key(lines: str, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        parse_target("archive", f'[target]\nformat = "dicom"\nrecipient = "X"\n{lines}\n')


def test_names_lose_no_part() -> None:
    full = PersonName(last="van Berg", first="Jo", middle="Q", suffix="Jr")

    assert values.person(full) == "van Berg^Jo^Q^^Jr"
    assert values.person(None) == ""
