"""Facts about C-CDA unstructured documents, as a plain XML parser reads them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from scanindex.delivery_model import Action, ConsentNote, ExportRecord, Kind, Parcel, SentType
from scanindex.ehr import parts
from scanindex.ehr.ccda import PROBLEMS, CcdaForm
from scanindex.ehr.ccda_xml import lacks
from scanindex.ehr.folder import FolderSink
from scanindex.errors import ConfigError, FixityFailed
from scanindex.model import PersonName
from scanindex.target_file import parse_target
from scanindex.target_profile import CcdaRule, DocumentRule, Target, TargetHead
from tests.ehr.records import HOSTILE, SMALL_PDF, content, patient, pdf, record

V3 = {"v": "urn:hl7-org:v3"}
OIDS = {"document_oid": "2.16.840.1.113883.3.999.2", "custodian_oid": "2.16.840.1.113883.3.999"}


def target(**rule: Any) -> Target:
    head = TargetHead(format="ccda", recipient="Exchange")
    return Target(
        name="exchange", target=head, ccda=CcdaRule(**{"custodian_name": "General", **OIDS, **rule})
    )


def bytes_of(one: ExportRecord, to: Target | None = None) -> bytes:
    ((_, pieces),) = CcdaForm(to or target()).files(one)
    return b"".join(parts.chunks(pieces))


def read(one: ExportRecord, to: Target | None = None) -> ET.Element:
    return ET.fromstring(bytes_of(one, to))


def find(root: ET.Element, path: str) -> ET.Element:
    found = root.find("/".join(f"v:{step}" for step in path.split("/")), V3)
    assert found is not None, path
    return found


def codes(one: ExportRecord, to: Target | None = None) -> set[str]:
    return {problem.code for problem in CcdaForm(to or target()).problems(one)}


def test_the_file_comes_back_as_it_was_with_its_hash(tmp_path: Path) -> None:
    held = find(read(record(tmp_path)), "component/nonXMLBody/text")

    assert base64.b64decode(held.text or "", validate=True) == SMALL_PDF
    assert held.attrib["mediaType"] == "application/pdf"
    assert held.attrib["representation"] == "B64"
    assert base64.b64decode(held.attrib["integrityCheck"]) == hashlib.sha256(SMALL_PDF).digest()


def test_the_header_says_who_what_and_when(tmp_path: Path) -> None:
    root = read(record(tmp_path))

    who = find(root, "recordTarget/patientRole")
    assert find(who, "id").attrib == {"root": "2.16.840.1.113883.3.999.1", "extension": "00123456"}
    assert [e.text for e in find(who, "patient/name")] == ["Harriet", "Sue", "Quimby"]
    assert find(who, "patient/birthTime").attrib["value"] == "19241121"
    assert find(who, "patient/administrativeGenderCode").attrib["code"] == "F"
    assert find(root, "id").attrib["extension"] == "4uobb7qkxw3z5c2m7ray-1"
    assert find(root, "code").attrib["code"] == "11506-3"
    assert find(root, "effectiveTime").attrib["value"] == "20260505080000+0000"
    assert find(root, "documentationOf/serviceEvent/effectiveTime/low").attrib["value"] == "19981002"
    names = [e.text for e in root.iterfind("v:author/v:assignedAuthor/v:assignedPerson/v:name", V3)]
    assert names == ["R. Chen, MD"]


def test_each_template_stands_there_with_and_without_its_extension(tmp_path: Path) -> None:
    """And none of XDS-SD, which wants PDF/A-1."""
    found = [e.attrib for e in read(record(tmp_path)).iterfind("v:templateId", V3)]

    ud, realm = "2.16.840.1.113883.10.20.22.1.10", "2.16.840.1.113883.10.20.22.1.1"
    edition = {"extension": "2015-08-01"}
    assert found == [{"root": r, **e} for r in (realm, ud) for e in (edition, {})]
    assert b"1.3.6.1.4.1.19376.1.2.20" not in bytes_of(record(tmp_path))


@pytest.mark.parametrize(
    ("said", "written"), [("1998", "1998"), ("1998-03", "199803"), ("1998-03-02", "19980302")]
)
def test_dates_are_as_exact_as_known(tmp_path: Path, said: str, written: str) -> None:
    root = read(record(tmp_path, service_date=said, patient=patient(birth_date=said)))

    assert find(root, "documentationOf/serviceEvent/effectiveTime/high").attrib["value"] == written
    assert find(root, "recordTarget/patientRole/patient/birthTime").attrib["value"] == written


def test_what_is_unknown_says_so(tmp_path: Path) -> None:
    untyped = SentType(key="", title="Document", loinc=None, kind=Kind.NOTE)
    nobody = patient(names=(), birth_date=None, sex=None)
    root = read(record(tmp_path, type=untyped, patient=nobody, service_date=None, author=None, facility=None))

    for path in ("code", "recordTarget/patientRole/addr", "recordTarget/patientRole/patient/birthTime"):
        assert find(root, path).attrib == {"nullFlavor": "UNK"}
    assert find(root, "recordTarget/patientRole/patient/name/family").attrib == {"nullFlavor": "UNK"}
    assert root.find("v:documentationOf", V3) is None
    assert len(root.findall("v:author", V3)) == 1


@pytest.mark.parametrize(
    ("date", "role"), [("1998-03-02", "author"), ("1998-03", "informant"), (None, "informant")]
)
def test_who_is_printed_is_author_of_a_known_day_else_informant(
    tmp_path: Path, date: str | None, role: str
) -> None:
    """C-CDA has no author whose time is less exact than a day."""
    one = record(tmp_path, service_date=date)

    found = [e.tag.split("}")[1] for e in read(one) if "R. Chen, MD" in ET.tostring(e, "unicode")]
    assert found == [role]
    assert b"R. Chen" not in bytes_of(one, target(author="never"))


def test_address_and_phone_stay_here_unless_wanted(tmp_path: Path) -> None:
    kept, sent = read(record(tmp_path)), read(record(tmp_path), target(address=True))

    assert "Elm Street" not in ET.tostring(kept, "unicode")
    assert find(sent, "recordTarget/patientRole/addr/streetAddressLine").text == "12 Elm Street, Springfield"
    assert find(sent, "recordTarget/patientRole/telecom").attrib["value"] == "tel:555-0100"


def test_a_replacement_names_the_old_one_and_keeps_its_set(tmp_path: Path) -> None:
    first = read(record(tmp_path, external_id="doc-1"))
    third = read(
        record(tmp_path, external_id="doc-3", action=Action.REPLACE, replaces="doc-2", series_id="doc-1")
    )

    parent = find(third, "relatedDocument/parentDocument")
    assert find(third, "relatedDocument").attrib == {"typeCode": "RPLC"}
    assert find(parent, "id").attrib == {**find(first, "id").attrib, "extension": "doc-2"}
    assert find(first, "setId").attrib == find(third, "setId").attrib == find(parent, "setId").attrib
    versions = [find(one, "versionNumber").attrib["value"] for one in (first, parent, third)]
    assert versions == ["1", "2", "3"]


def test_a_cancellation_is_held_and_makes_no_file(tmp_path: Path) -> None:
    one = record(tmp_path, action=Action.CANCEL, replaces="doc-1", content=None)

    assert "form_cannot_cancel" in codes(one)
    assert list(CcdaForm(target()).files(one)) == []


def test_consent_goes_along_and_its_notice_stands_in_the_title(tmp_path: Path) -> None:
    note = ConsentNote(reference="F-17", given_on="2026-01-02", notice="42 CFR part 2 prohibits it.")
    root = read(record(tmp_path, consent=note, confidentiality="R"))

    assert find(root, "title").text == "Progress note (42 CFR part 2 prohibits it.)"
    assert find(root, "authorization/consent/id").attrib["extension"] == "F-17"
    assert "2026-01-02" in (find(root, "authorization/consent/code/originalText").text or "")
    assert find(root, "confidentialityCode").attrib["code"] == "R"


def test_local_codes_and_visits_go_where_their_oid_is_known(tmp_path: Path) -> None:
    kind = SentType(key="x", title="X", loinc=None, kind=Kind.NOTE, local="FACE", local_title="Face")
    one = record(tmp_path, type=kind, encounter_id="V77")
    without, named = read(one), read(one, target(type_oid="1.2.3", visit_oid="1.2.4", other_loinc="51851-4"))

    assert without.find("v:code/v:translation", V3) is None
    assert without.find("v:componentOf", V3) is None
    assert find(named, "code").attrib["code"] == "51851-4"
    assert find(named, "code/translation").attrib == {
        "code": "FACE",
        "codeSystem": "1.2.3",
        "displayName": "Face",
    }
    assert find(named, "componentOf/encompassingEncounter/id").attrib == {"root": "1.2.4", "extension": "V77"}


@pytest.mark.parametrize("value", [*HOSTILE, " spaced ", "a\r\nb\rc\td", "x" * 1_000_000, "]]>"])
def test_every_value_comes_back_or_is_held(tmp_path: Path, value: str) -> None:
    """Each in text and in an attribute; characters that XML lacks hold the document."""
    number = dataclasses.replace(patient().identifiers[0], value=value)
    who = patient(identifiers=(number,), names=(PersonName(last=value, first=value),))
    one = record(tmp_path, patient=who, title=value, author=value, facility=value)
    root = read(one)

    if lacks(value):
        assert "not_in_xml" in codes(one)
        return
    assert codes(one) == set()
    role = find(root, "recordTarget/patientRole")
    told = [find(role, "id").attrib["extension"], find(root, "title").text]
    told += [e.text for e in find(role, "patient/name")]
    told += [e.text for e in root.iterfind("v:author//v:name", V3)]
    assert told == [value] * 6


WRONG: dict[str, Callable[[ExportRecord], ExportRecord]] = {
    "nothing_to_replace": lambda r: dataclasses.replace(r, action=Action.REPLACE),
    "no_number": lambda r: with_patient(r, identifiers=()),
    "no_oid": lambda r: with_number(r, oid=""),
    "bad_oid": lambda r: with_number(r, oid="1.02.3"),
    "bad_birth_date": lambda r: with_patient(r, birth_date="1998-02-30"),
    "bad_date": lambda r: dataclasses.replace(r, service_date="02.03.1998"),
    "reversed_period": lambda r: dataclasses.replace(r, service_end="1998-10-01"),
    "bad_loinc": lambda r: dataclasses.replace(r, type=dataclasses.replace(r.type, loinc="11506-4")),
    "bad_language": lambda r: dataclasses.replace(r, language="English (US)"),
    "no_content": lambda r: dataclasses.replace(r, content=None),
    "empty_file": lambda r: with_content(r, size_bytes=0),
    "bad_hash": lambda r: with_content(r, sha256="ab"),
    "bad_media_type": lambda r: with_content(r, media_type="text/csv"),
    "other_media_type": lambda r: with_content(r, media_type="image/tiff"),
    "not_in_xml": lambda r: dataclasses.replace(r, facility="\x00"),
}


def with_patient(one: ExportRecord, **changes: Any) -> ExportRecord:
    return dataclasses.replace(one, patient=patient(**changes))


def with_number(one: ExportRecord, **changes: Any) -> ExportRecord:
    return with_patient(one, identifiers=(dataclasses.replace(patient().identifiers[0], **changes),))


def with_content(one: ExportRecord, **changes: Any) -> ExportRecord:
    assert one.content is not None
    return dataclasses.replace(one, content=dataclasses.replace(one.content, **changes))


@pytest.mark.parametrize("code", WRONG)
def test_what_a_receiver_would_refuse_is_a_problem(tmp_path: Path, code: str) -> None:
    good = record(tmp_path)

    assert codes(good) == set()
    assert codes(WRONG[code](good)) == {code}


def test_problems_of_the_profile(tmp_path: Path) -> None:
    """A code with a blank in it, a visit that is wanted without an OID for it."""
    kind = SentType(key="x", title="X", loinc=None, kind=Kind.NOTE, local="FACE SHEET")
    needs_visit = dataclasses.replace(target(), document=DocumentRule(encounter="required"))

    assert codes(record(tmp_path, type=kind), target(type_oid="1.2.3")) == {"bad_local_code"}
    assert codes(record(tmp_path), needs_visit) == {"no_visit_oid"}
    assert PROBLEMS.keys() - WRONG.keys() == {"form_cannot_cancel", "bad_local_code", "no_visit_oid"}


def test_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    assert bytes_of(record(tmp_path)) == bytes_of(record(tmp_path))


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
    tracemalloc.start()
    ((_, pieces),) = CcdaForm(target()).files(one)
    sent = sum(len(piece) for piece in parts.chunks(pieces))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert sent == parts.length(pieces) > (64 << 20) * 4 // 3
    assert peak < 8 << 20


def test_a_damaged_file_never_reaches_the_end_of_the_document(tmp_path: Path) -> None:
    one = record(tmp_path)
    assert one.content is not None
    one.content.path.write_bytes(SMALL_PDF[:-2] + b"X\n")
    ((_, pieces),) = CcdaForm(target()).files(one)
    sent = b""

    with pytest.raises(FixityFailed):
        for piece in parts.chunks(pieces):
            sent += piece
    assert b"</text>" not in sent


def test_a_package_holds_one_file_a_document(tmp_path: Path) -> None:
    many = tuple(record(tmp_path, external_id=f"doc{n}-1") for n in range(3))
    sink = FolderSink(CcdaForm(target()), tmp_path / "out", parcel_documents=10)

    receipts = list(sink.send(Parcel(name="exchange-r1-1", number=1, records=many)))

    assert [r.is_taken for r in receipts] == [True] * 3
    assert sorted(p.name for p in (tmp_path / "out" / "exchange-r1-1").glob("*.xml")) == [
        "doc0-1.xml",
        "doc1-1.xml",
        "doc2-1.xml",
    ]


def test_the_example_is_a_profile_under_which_documents_go(tmp_path: Path) -> None:
    shipped = resources.files("scanindex.ehr").joinpath("profiles", "ccda.toml").read_text("utf-8")

    assert codes(record(tmp_path), parse_target("exchange", shipped)) == set()


@pytest.mark.parametrize("line", ['custodian_name = " "', 'document_oid = "1.x"', 'author = "all"'])
def test_a_wrong_profile_is_refused_by_its_key(line: str) -> None:
    known = "" if line.startswith("custodian_name") else 'custodian_name = "General"\n'
    text = f'[target]\nformat = "ccda"\nrecipient = "X"\n[ccda]\n{known}{line}\n'

    with pytest.raises(ConfigError, match=f"ccda.{line.split(' ')[0]}"):
        parse_target("exchange", text)
