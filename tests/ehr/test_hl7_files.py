"""Facts about HL7 messages as files."""

from __future__ import annotations

import dataclasses
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ExportRecord, Parcel
from scanindex.ehr import parts
from scanindex.ehr.folder import FolderSink
from scanindex.ehr.hl7_files import Hl7Form
from scanindex.errors import ConfigError
from scanindex.hl7 import er7
from scanindex.target_file import parse_target
from tests.ehr import records
from tests.ehr.hl7_samples import message, record, target


def three(folder: Path) -> tuple[ExportRecord, ...]:
    return tuple(record(folder, action, external_id=f"doc{n}-1") for n, action in enumerate(Action))


def files(parcel: Parcel, **rule: Any) -> dict[str, bytes]:
    form = Hl7Form(target(**rule))
    named = [pair for r in parcel.records for pair in form.files(r)] + list(form.closing(parcel))
    return {name: b"".join(parts.chunks(made)) for name, made in named}


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    return Parcel(name="general-00000007", number=7, records=three(tmp_path))


def test_a_package_is_one_batch_file_whose_trailers_count(parcel: Parcel) -> None:
    got = files(parcel)
    lines = got["general-00000007.hl7"].split(b"\r")

    assert len(got) == 1
    assert [line[:3] for line in lines[:3]] == [b"FHS", b"BHS", b"MSH"]
    assert lines[-3:] == [b"BTS|3", b"FTS|1", b""]
    assert sum(line.startswith(b"MSH|") for line in lines) == 3


def test_a_batch_names_sender_receiver_and_itself(parcel: Parcel) -> None:
    line = files(parcel)["general-00000007.hl7"].split(b"\r")[0].decode()
    head = er7.Segment(line, er7.STANDARD, "utf-8")

    assert (head.text(3), head.text(4), head.text(5), head.text(6)) == (
        "SCANINDEX",
        "GOODHEALTH",
        "EHR",
        "HOSP",
    )
    assert head.text(9) == "general-00000007.hl7"
    assert len(head.text(11)) == 20


def test_a_batch_holds_the_messages_as_they_go_over_a_line(parcel: Parcel) -> None:
    got = files(parcel)["general-00000007.hl7"]

    assert b"".join(message(r) for r in parcel.records) in got


def test_the_same_package_gives_the_same_bytes(parcel: Parcel) -> None:
    assert files(parcel) == files(parcel)


def test_another_package_has_other_ids(parcel: Parcel) -> None:
    other = dataclasses.replace(parcel, name="general-00000008")
    heads = {p.name: files(p)[f"{p.name}.hl7"].split(b"\r")[:2] for p in (parcel, other)}
    ids = {line.split(b"|")[10] for lines in heads.values() for line in lines}

    assert len(ids) == 4


def test_each_message_may_be_a_file(parcel: Parcel) -> None:
    got = files(parcel, files="each")

    assert got == {f"{r.external_id}.hl7": message(r) for r in parcel.records}


@pytest.mark.parametrize(("name", "end"), [("cr", b"\r"), ("crlf", b"\r\n"), ("lf", b"\n")])
def test_lines_end_as_the_receiver_reads_them(tmp_path: Path, name: str, end: bytes) -> None:
    """Line ends within values are escaped, so those of segments can be told."""
    made = record(tmp_path, author="Dr.\r\nChen")
    one = Parcel(name="p-1", number=1, records=(made,))
    got = files(one, files="each", line_ends=name)[f"{made.external_id}.hl7"]

    assert got == message(made).replace(b"\r", end)
    assert len(got.split(end)) == 7


def test_referenced_documents_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    made = record(tmp_path)
    got = files(
        Parcel(name="p-1", number=1, records=(made,)), carry="referenced", reference_prefix="/mnt/scans/"
    )

    assert got[f"documents/{made.external_id}.pdf"] == records.SMALL_PDF
    assert f"/mnt/scans/{made.external_id}.pdf".encode() in got["p-1.hl7"]


def test_an_empty_package_is_a_batch_of_none() -> None:
    got = files(Parcel(name="p-1", number=1, records=()))["p-1.hl7"]

    assert got.endswith(b"BTS|0\rFTS|1\r")


@pytest.mark.parametrize("name", ["hl7-mdm", "hl7-mdm-reference", "hl7-oru-files"])
def test_the_examples_are_profiles_under_which_documents_go(tmp_path: Path, name: str) -> None:
    shipped = resources.files("scanindex.ehr").joinpath("profiles", f"{name}.toml").read_text("utf-8")
    form = Hl7Form(parse_target(name, shipped))
    made = record(tmp_path)

    assert form.problems(made) == ()
    assert parts.length(form.message(made)) > 400


BAD = {
    "hl7.sending_facility is written": "[hl7]\nsending_facility = 'A^B'",
    "hl7.receiving_application is not an OID": "[hl7]\nreceiving_application = 'A^1.x^ISO'",
    "hl7.document_oid is not an OID": "[hl7]\ndocument_oid = 'urn:oid:1.2'",
    "hl7.version is '3'": "[hl7]\nversion = '3'",
    "hl7.reference_prefix is needed": "[hl7]\ncarry = 'referenced'",
    "by_size needs hl7.embedded_bytes": (
        "[hl7]\ncarry = 'by_size'\nreference_prefix = 'x'\nembedded_bytes = 0"
    ),
    "must not be negative": "[hl7]\nembedded_bytes = -1",
    "mllp.host is needed": "[mllp]\nport = 1",
    "out of range": "[mllp]\nhost = 'a'\nport = 0",
    "mllp.tls must be on": "[mllp]\nhost = 'far.example'\ntls = false",
    "hl7.reference_folder is needed": (
        "[mllp]\nhost = 'a'\n[hl7]\ncarry = 'referenced'\nreference_prefix = 'x'\nreference_folder = 'here'"
    ),
}


@pytest.mark.parametrize("fault", list(BAD))
def test_a_profile_that_cannot_work_is_refused_by_the_key(fault: str) -> None:
    head = "[target]\nformat = 'mdm'\ntransport = 'mllp'\nrecipient = 'R'\n"

    with pytest.raises(ConfigError, match=re.escape(fault)):
        parse_target("x", head + BAD[fault])


@pytest.mark.parametrize("rule", [{"files": "batch"}, {"files": "each"}])
def test_packages_are_written_to_a_folder_once(tmp_path: Path, parcel: Parcel, rule: dict[str, Any]) -> None:
    sink = FolderSink(Hl7Form(target(**rule)), tmp_path / "out", parcel_documents=100)
    first = list(sink.send(parcel))
    written = {p.name: p.read_bytes() for p in (tmp_path / "out" / parcel.name).glob("*.hl7")}

    assert [r.external_id for r in first if r.is_taken] == [r.external_id for r in parcel.records]
    assert list(sink.send(parcel)) == first
    assert written == files(parcel, **rule)
