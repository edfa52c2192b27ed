"""Facts about HL7 messages: what each action becomes, and where each thing about a document stands."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scanindex.delivery_model import Action, ConsentNote, SentIdentifier
from scanindex.ehr.hl7_files import Hl7Form
from scanindex.ehr.parts import FilePart
from scanindex.model import PersonName
from tests.ehr import records
from tests.ehr.hl7_samples import OLD, document_of, message, read, record, target

VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8")


def test_a_new_document_comes_as_t02_with_its_bytes(tmp_path: Path) -> None:
    got = message(record(tmp_path))

    assert [segment.name for segment in read(got).segments] == ["MSH", "EVN", "PID", "PV1", "TXA", "OBX"]
    assert read(got).header.raw(9) == "MDM^T02^MDM_T02"
    assert document_of(got) == records.SMALL_PDF


def test_a_replacement_has_its_own_number_and_names_the_old_one(tmp_path: Path) -> None:
    made = record(tmp_path, Action.REPLACE)
    got = read(message(made))
    txa = got.first("TXA")

    assert got.header.raw(9) == "MDM^T10^MDM_T02"
    assert txa is not None
    assert (txa.text(12), txa.text(13), txa.text(19), txa.text(21)) == (
        made.external_id,
        OLD,
        "AV",
        "retyped",
    )


def test_a_cancellation_is_about_the_number_that_was_sent(tmp_path: Path) -> None:
    """Receivers find what to take back by TXA-12; it has neither content nor a file name."""
    made = record(tmp_path, Action.CANCEL, reason="refiled")
    got = read(message(made))
    txa = got.first("TXA")

    assert got.header.raw(9) == "MDM^T11^MDM_T01"
    assert got.first("OBX") is None
    assert txa is not None
    assert (txa.text(12), txa.text(13), txa.text(16), txa.text(19), txa.text(21)) == (
        OLD,
        "",
        "",
        "CA",
        "refiled",
    )


def test_the_message_id_is_that_of_the_record(tmp_path: Path) -> None:
    made = record(tmp_path)

    assert read(message(made)).control_id == made.control_id


@pytest.mark.parametrize("form", ["mdm", "oru"])
@pytest.mark.parametrize("action", list(Action))
def test_equal_records_give_equal_bytes(tmp_path: Path, form: str, action: Action) -> None:
    assert message(record(tmp_path, action), form) == message(record(tmp_path, action), form)


def test_the_document_stays_on_disk_until_it_is_sent(tmp_path: Path) -> None:
    made = Hl7Form(target()).message(record(tmp_path))

    assert [type(part) for part in made] == [bytes, FilePart, bytes]


@pytest.mark.parametrize(
    ("civil", "written"), [("1998-10-02", "19981002"), ("1998-10", "199810"), ("1998", "1998"), (None, "")]
)
def test_dates_are_as_exact_as_they_are_known(tmp_path: Path, civil: str | None, written: str) -> None:
    who = records.patient(birth_date=civil)
    got = read(message(record(tmp_path, service_date=civil, patient=who)))
    txa, obx, pid = got.first("TXA"), got.first("OBX"), got.first("PID")

    assert txa and obx and pid
    assert (txa.raw(4), obx.raw(14), pid.raw(7)) == (written, written, written)


def test_moments_carry_their_zone(tmp_path: Path) -> None:
    got = read(message(record(tmp_path)))

    assert got.header.raw(7) == "20260505080000+0000"


@pytest.mark.parametrize(("ours", "theirs"), [("N", "U"), ("R", "R"), ("V", "V"), ("?", "R")])
def test_confidentiality_is_said_in_their_words(tmp_path: Path, ours: str, theirs: str) -> None:
    """A word that is not known counts as restricted."""
    txa = read(message(record(tmp_path, confidentiality=ours))).first("TXA")

    assert txa and txa.text(18) == theirs


def test_a_number_carries_who_gave_it_out(tmp_path: Path) -> None:
    pid = read(message(record(tmp_path))).first("PID")

    assert pid and pid.raw(3) == "00123456^^^GOODHEALTH&2.16.840.1.113883.3.999.1&ISO^MR"


def test_the_number_to_file_by_stands_first(tmp_path: Path) -> None:
    main = records.patient().main
    old = SentIdentifier(value="77", type="MR", namespace="OLD", oid="", system="", is_main=False)
    pid = read(message(record(tmp_path, patient=records.patient(identifiers=(old, main))))).first("PID")

    assert pid and [r.text(1) for r in pid.repetitions(3)] == ["00123456", "77"]


@pytest.mark.parametrize(
    ("field", "visit", "account"), [("PV1-19", "V7", ""), ("PID-18", "", "V7"), ("both", "V7", "V7")]
)
def test_the_visit_number_stands_where_the_receiver_looks(
    tmp_path: Path, field: str, visit: str, account: str
) -> None:
    got = read(message(record(tmp_path, encounter_id="V7"), visit_field=field))
    pv1, pid = got.first("PV1"), got.first("PID")

    assert pv1 and pid
    assert (pv1.text(19), pid.text(18)) == (visit, account)


def test_address_and_phone_stay_here_unless_asked_for(tmp_path: Path) -> None:
    plain, full = (read(message(record(tmp_path), address=wanted)).first("PID") for wanted in (False, True))

    assert plain and full
    assert (plain.text(11), plain.raw(13)) == ("", "")
    assert (full.text(11), full.text(13, component=12)) == ("12 Elm Street, Springfield", "555-0100")


def test_the_receivers_code_goes_before_the_standard_one(tmp_path: Path) -> None:
    local = dataclasses.replace(records.record(tmp_path).type, local="PN-77", local_title="Note")
    made = record(tmp_path, type=local)

    codes = {
        rule: txa.text(2)
        for rule in ("local", "hl7", "loinc")
        if (txa := read(message(made, type_from=rule)).first("TXA"))
    }
    assert codes == {"local": "PN-77", "hl7": "PR", "loinc": "11506-3"}


def test_a_type_without_any_code_is_said_in_our_words(tmp_path: Path) -> None:
    kind = dataclasses.replace(records.record(tmp_path).type, key="face_sheet", title="Face sheet")
    bare = dataclasses.replace(kind, loinc=None, hl7="")
    obx = read(message(record(tmp_path, type=bare), other_type="OTH")).first("OBX")

    assert obx and obx.raw(3) == "face_sheet^Face sheet^L"


def test_a_receiver_may_want_the_same_observation_for_all(tmp_path: Path) -> None:
    obx = read(message(record(tmp_path), observation="IMAGE_REF")).first("OBX")

    assert obx and obx.raw(3) == "IMAGE_REF"


def test_a_referenced_file_is_named_with_escaped_separators(tmp_path: Path) -> None:
    got = message(record(tmp_path), carry="referenced", reference_prefix="\\\\server\\scans\\")
    obx = read(got).first("OBX")

    assert obx and obx.text(2) == "RP"
    assert obx.raw(5).startswith("\\E\\\\E\\server\\E\\scans\\E\\4uobb7qkxw3z5c2m7ray-1.pdf^SCANINDEX^AP^PDF")
    assert obx.text(5) == "\\\\server\\scans\\4uobb7qkxw3z5c2m7ray-1.pdf"


@pytest.mark.parametrize(("cap", "kind"), [(10, "RP"), (10_000, "ED")])
def test_only_large_files_are_referenced_by_size(tmp_path: Path, cap: int, kind: str) -> None:
    got = message(record(tmp_path), carry="by_size", embedded_bytes=cap, reference_prefix="/s/")
    obx = read(got).first("OBX")

    assert obx and obx.text(2) == kind


@pytest.mark.parametrize(("media_type", "subtype"), [("application/pdf", "PDF"), ("image/tiff", "TIFF")])
def test_the_subtype_follows_the_file(tmp_path: Path, media_type: str, subtype: str) -> None:
    content = records.content(records.pdf(tmp_path), media_type=media_type)
    obx = read(message(record(tmp_path, content=content), data_type="IM")).first("OBX")

    assert obx and (obx.text(5, component=2), obx.text(5, component=3)) == ("IM", subtype)


@pytest.mark.parametrize("form", ["mdm", "oru"])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_consent_demands_goes_along(tmp_path: Path, form: str, version: str) -> None:
    note = ConsentNote(reference="C-1", given_on="2026-01-01", notice="no further disclosure")
    got = message(record(tmp_path, consent=note), form, version=version)

    assert b"no further disclosure\\.br\\Consent C-1 of 2026-01-01" in got


def test_a_cancellation_says_nothing_of_a_consent(tmp_path: Path) -> None:
    note = ConsentNote(reference="C-1", given_on="2026-01-01", notice="no further disclosure")

    for form in ("mdm", "oru"):
        assert b"C-1" not in message(record(tmp_path, Action.CANCEL, consent=note), form)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_says_the_event_in_its_own_way(tmp_path: Path, version: str) -> None:
    got = read(message(record(tmp_path), version=version))
    evn, txa = got.first("EVN"), got.first("TXA")
    is_late = version in ("2.7", "2.7.1", "2.8")

    assert evn and txa
    assert got.header.text(12) == version
    assert got.header.raw(9) == ("MDM^T02" if version == "2.3" else "MDM^T02^MDM_T02")
    assert evn.text(1) == ("" if is_late else "T02")
    assert txa.raw(2) == ("PR^Progress note^HL70270^11506-3^Progress note^LN" if is_late else "PR")
    assert txa.text(25) == ("Progress note" if is_late else "")


@pytest.mark.parametrize(
    ("mode", "asked"), [("original", ("", "")), ("accept", ("AL", "NE")), ("both", ("AL", "AL"))]
)
def test_the_header_asks_for_the_answers_that_are_waited_for(
    tmp_path: Path, mode: str, asked: tuple[str, str]
) -> None:
    header = read(message(record(tmp_path), acknowledge=mode)).header

    assert (header.text(15), header.text(16)) == asked


def test_a_message_can_be_in_an_older_character_set(tmp_path: Path) -> None:
    who = records.patient(names=(PersonName(last="Ñandú", first="José"),))
    got = message(record(tmp_path, patient=who), charset="8859/1")
    pid = read(got).first("PID")

    assert "Ñandú^José".encode("latin-1") in got
    assert pid and (pid.text(5), read(got).header.text(18)) == ("Ñandú", "8859/1")


def test_a_patient_without_a_name_has_the_field_all_the_same(tmp_path: Path) -> None:
    pid = read(message(record(tmp_path, patient=records.patient(names=())))).first("PID")

    assert pid and pid.raw(5) == "^^^^^^U"


# --- results ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("action", "reason", "report", "observation"),
    [
        (Action.NEW, "", "F", "F"),
        (Action.REPLACE, "retyped", "C", "C"),
        (Action.CANCEL, "withdrawn", "X", "D"),
        (Action.CANCEL, "refiled", "X", "W"),
        (Action.CANCEL, "merged", "X", "W"),
    ],
)
def test_corrections_of_results_are_told_by_status(
    tmp_path: Path, action: Action, reason: str, report: str, observation: str
) -> None:
    """Table 0085: C corrects, W was for the wrong patient, D takes back."""
    got = read(message(record(tmp_path, action, reason=reason), "oru"))
    obr, obx = got.first("OBR"), got.first("OBX")

    assert got.header.raw(9) == "ORU^R01^ORU_R01"
    assert obr and obx
    assert (obr.text(25), obx.text(11)) == (report, observation)


def test_a_result_keeps_its_number_through_corrections(tmp_path: Path) -> None:
    """A correction of a correction carries the number of the first."""
    new = record(tmp_path)
    second = record(tmp_path, Action.REPLACE)
    third = dataclasses.replace(second, replaces="x-2", series_id="x-1")
    numbers = [obr.text(3) for r in (new, second, third) if (obr := read(message(r, "oru")).first("OBR"))]

    assert numbers == [new.external_id, OLD, "x-1"]


def test_a_result_carries_the_document(tmp_path: Path) -> None:
    assert document_of(message(record(tmp_path), "oru")) == records.SMALL_PDF


def test_a_cancelled_result_carries_nothing(tmp_path: Path) -> None:
    obx = read(message(record(tmp_path, Action.CANCEL), "oru")).first("OBX")

    assert obx and obx.raw(5) == ""


def test_a_result_spans_its_days(tmp_path: Path) -> None:
    made = record(tmp_path, service_date="1998-10-02", service_end="1998-10-09")
    obr = read(message(made, "oru")).first("OBR")

    assert obr and (obr.raw(7), obr.raw(8)) == ("19981002", "19981009")
